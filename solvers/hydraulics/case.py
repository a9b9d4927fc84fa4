"""The arrays of a network problem as the numpy solver reads them: scenario last, equal scenarios merged."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .curves import Curves
from .duty import Duty
from .elimination import Scatter
from .pipework import GRAVITY, Array, Index, Mask, Pipework

__all__ = ["GRAVITY", "Array", "Case", "Index", "Mask"]


@dataclass(frozen=True)
class Case:
    """The problem as (rows, scenarios) arrays, scenarios last and distinct; constant ones have one column."""

    node_count: int
    link_count: int
    scenarios: int
    fixed: Index
    start: Index
    end: Index
    outflow: Scatter  # of flow onto the start nodes
    inflow: Scatter  # of flow onto the end nodes
    curves: Curves
    head: Array  # (F, S) piezometric pressure of the fixed nodes
    demand: Array  # (N, S)
    buoyancy: Array  # (E, 1) driving pressure of densities that differ from the reference
    area: Array  # (E, 1) 0 where no diameter
    diameter: Array  # (E, 1)
    roughness: Array  # (E, 1) relative
    density: Array  # (E, 1)
    pipe: Array  # (E, 1) L / (2 D rho A^2)
    minor: Array  # (E, 1) K / (2 rho A^2)
    hazen: Array  # (E, 1) coefficient of q^1.852
    device: Array  # (E, S)
    exponent: Array  # (E, 1)
    shutoff: Array  # (E, S) pump head at zero flow and actual speed
    slope: Array  # (E, S) at actual speed
    curvature: Array  # (E, S) at actual speed
    pump_exponent: Array  # (E, 1)
    speed: Array  # (E, S)
    limit: Array  # (E, S)
    one_way: Mask  # (E, 1) check valves and pumps
    pump: Mask  # (E, 1)
    open: Mask  # (E, S)
    viscosity: Array  # (E, S)

    @classmethod
    def of(cls, pipework: Pipework, duty: Duty, keep: Index) -> Case:
        """The scenarios ``keep`` of a duty."""
        varied = {
            name: np.ascontiguousarray((a[keep] if a.shape[0] > 1 else a).T)
            for name, a in duty.arrays.items()
        }
        fixed_pressure, rated = varied.pop("fixed_pressure"), varied.pop("pump_head")
        speed = varied["speed"]
        pump = duty.pumps(pipework)[:, None]
        shutoff = rated * speed**2
        curves = pipework.curves
        if curves.pump.any():
            at, rise = curves.link[curves.pump], curves.ends()[0][curves.pump]
            shutoff = np.array(shutoff)
            shutoff[at] = rise[:, None] * np.broadcast_to(speed, (speed.shape[0], shutoff.shape[1]))[at] ** 2
        varied["open"] = varied["open"] & ~(pump & (shutoff <= 0.0))
        scaled = np.where(speed > 0.0, speed, 1.0) ** (2.0 - pipework.pump_exponent[:, None])
        columns = ("buoyancy", "area", "diameter", "roughness", "density", "pipe", "minor", "hazen", "exponent",
                   "pump_exponent")  # fmt: skip
        return cls(
            node_count=pipework.node_count,
            link_count=pipework.link_count,
            scenarios=keep.size,
            fixed=pipework.fixed,
            start=pipework.start,
            end=pipework.end,
            outflow=Scatter.onto(pipework.start),
            inflow=Scatter.onto(pipework.end),
            curves=curves,
            head=fixed_pressure + pipework.hydrostatic[pipework.fixed, None],
            slope=pipework.pump_slope[:, None] * speed,
            curvature=pipework.pump_curvature[:, None] * scaled,
            shutoff=shutoff,
            one_way=pipework.check[:, None] | pump,
            pump=pump,
            **{name: getattr(pipework, name)[:, None] for name in columns},
            **varied,
        )

    def take(self, columns: Index) -> Case:
        """The same case with some of its scenarios."""
        picked: dict[str, Any] = {
            f.name: value[:, columns]
            for f in fields(self)
            if isinstance(value := getattr(self, f.name), np.ndarray)
            and value.ndim == 2
            and value.shape[1] > 1
        }
        return replace(self, scenarios=len(columns), **picked)

    def full(self, name: str) -> NDArray[Any]:
        """An array with one column per scenario (a view)."""
        value = getattr(self, name)
        return np.broadcast_to(value, (value.shape[0], self.scenarios))

    def balance(self, flow: Array) -> Array:
        """(N, S) flow into every node less what leaves it, demand included."""
        net = -self.full("demand")
        if self.link_count:
            self.inflow.add(flow, net)
            self.outflow.add(-flow, net)
        return net
