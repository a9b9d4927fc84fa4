"""The arrays of a network problem, checked, with the scenario last and equal scenarios merged."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .elimination import Scatter
from .scenarios import distinct, rows

if TYPE_CHECKING:
    from .network import Problem

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Index = NDArray[np.intp]

GRAVITY = 9.80665
"""Standard acceleration of gravity [m/s2], ISO 80000-3."""


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
    head: Array  # (F, S) piezometric pressure of the fixed nodes
    demand: Array  # (N, S)
    hydrostatic: Array  # (N, 1) reference density x g x elevation
    buoyancy: Array  # (E, 1) driving pressure of densities that differ from the reference
    area: Array  # (E, 1) 0 where no diameter
    diameter: Array  # (E, 1)
    roughness: Array  # (E, 1) relative
    density: Array  # (E, 1)
    pipe: Array  # (E, 1) L / (2 D rho A^2)
    minor: Array  # (E, 1) K / (2 rho A^2)
    device: Array  # (E, S)
    exponent: Array  # (E, 1)
    shutoff: Array  # (E, S) pump head at zero flow and actual speed
    slope: Array  # (E, S) at actual speed
    curvature: Array  # (E, 1)
    limit: Array  # (E, S)
    one_way: Mask  # (E, 1) check valves and pumps
    pump: Mask  # (E, 1)
    open: Mask  # (E, S)
    viscosity: Array  # (E, S)

    @classmethod
    def from_problem(cls, p: Problem) -> tuple[Case, Index]:
        """Validate, find the distinct scenarios, and the one each row of the problem belongs to."""
        nodes, start, end = p.node_count, np.asarray(p.link_from, np.intp), np.asarray(p.link_to, np.intp)
        links, fixed = start.size, np.asarray(p.fixed_node, np.intp).ravel()
        _check_topology(nodes, start, end, fixed)
        varied = {
            "head": rows(p.fixed_pressure, fixed.size),
            "demand": rows(p.node_demand, nodes),
            "device": rows(p.link_device_coefficient, links),
            "shutoff": rows(p.link_pump_head, links),
            "speed": rows(p.link_pump_speed, links),
            "limit": rows(p.link_limit, links),
            "open": rows(p.link_open, links).astype(bool),
            "viscosity": rows(p.link_viscosity, links),
        }
        keep, row_of = distinct(varied.values())
        varied = {k: np.ascontiguousarray((a[keep] if a.shape[0] > 1 else a).T) for k, a in varied.items()}
        speed, rated = varied.pop("speed"), varied["shutoff"]
        diameter = _column(p.link_diameter, links)
        density, length = _column(p.link_density, links), _column(p.link_length, links)
        minor_loss, exponent = _column(p.link_minor_loss, links), _column(p.link_device_exponent, links)
        slope, curvature = _column(p.link_pump_slope, links), _column(p.link_pump_curvature, links)
        pump = np.asarray((rated > 0.0).any(axis=1, keepdims=True))
        _check_values(varied, speed, diameter, length, minor_loss, exponent, density, curvature)
        if np.any(pump & (slope < 0.0) & (curvature == 0.0)):
            raise ValueError("a pump curve that only rises (slope < 0, curvature 0) has no steady state")
        area = np.pi / 4.0 * diameter**2
        with np.errstate(divide="ignore", invalid="ignore"):
            kinetic = np.where(area > 0.0, 1.0 / (2.0 * density * area**2), 0.0)
            pipe = np.where(length > 0.0, length / diameter * kinetic, 0.0)
            relative = np.where(diameter > 0.0, _column(p.link_roughness, links) / diameter, 0.0)
        height = _column(p.node_elevation, nodes)
        reference = float(density.mean()) if links else 0.0
        hydrostatic = reference * GRAVITY * height
        varied["head"] = varied["head"] + hydrostatic[fixed]
        varied["shutoff"] = rated * speed**2
        varied["open"] = varied["open"] & ~(pump & (varied["shutoff"] <= 0.0))
        case = cls(
            node_count=nodes,
            link_count=links,
            scenarios=keep.size,
            fixed=fixed,
            start=start,
            end=end,
            outflow=Scatter.onto(start),
            inflow=Scatter.onto(end),
            hydrostatic=hydrostatic,
            buoyancy=(density - reference) * GRAVITY * (height[end] - height[start]),
            area=area,
            diameter=diameter,
            roughness=relative,
            density=density,
            pipe=pipe,
            minor=minor_loss * kinetic,
            exponent=exponent,
            slope=slope * speed,
            curvature=curvature,
            one_way=_column(p.link_check, links).astype(bool) | pump,
            pump=pump,
            **varied,
        )
        return case, row_of

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


def _column(value: ArrayLike, height: int) -> Array:
    array = np.asarray(value, float)
    if array.ndim == 2 and array.shape[0] == 1:
        array = array[0]
    return np.broadcast_to(array, (height,)).reshape(height, 1)


def _check_topology(nodes: int, start: Index, end: Index, fixed: Index) -> None:
    if start.ndim != 1 or start.shape != end.shape:
        raise ValueError("link_from and link_to must be one-dimensional and of equal length")
    for name, index in (("link_from", start), ("link_to", end), ("fixed_node", fixed)):
        if index.size and (index.min() < 0 or index.max() >= nodes):
            raise ValueError(f"{name} names a node outside 0..{nodes - 1}")
    if np.any(start == end):
        raise ValueError(f"link {int(np.argmax(start == end))} starts and ends at the same node")
    if np.unique(fixed).size != fixed.size:
        raise ValueError("fixed_node names a node twice")


def _check_values(
    varied: dict[str, NDArray[Any]],
    speed: Array,
    diameter: Array,
    length: Array,
    minor: Array,
    exponent: Array,
    density: Array,
    curvature: Array,
) -> None:
    rules = {
        "a pressure or demand is not finite": ~(
            np.isfinite(varied["head"]).all() & np.isfinite(varied["demand"]).all()
        ),
        "link_device_coefficient must be finite and >= 0": _outside(varied["device"], 0.0),
        "link_pump_head must be finite and >= 0": _outside(varied["shutoff"], 0.0),
        "link_pump_speed must be finite and >= 0": _outside(speed, 0.0),
        "link_limit must be >= 0": not (varied["limit"] >= 0.0).all(),
        "link_viscosity must be finite and > 0": _outside(varied["viscosity"], 1e-12),
        "link_density must be finite and > 0": _outside(density, 1e-12),
        "link_length must be finite and >= 0": _outside(length, 0.0),
        "link_minor_loss must be finite and >= 0": _outside(minor, 0.0),
        "link_device_exponent must be finite and >= 1": _outside(exponent, 1.0),
        "link_pump_curvature must be finite and >= 0": _outside(curvature, 0.0),
        "a link with length or minor loss needs a diameter": np.any(
            ((length > 0.0) | (minor > 0.0)) & ~(diameter > 0.0)
        ),
    }
    for message, broken in rules.items():
        if broken:
            raise ValueError(message)


def _outside(value: Array, low: float) -> bool:
    return not bool((np.isfinite(value) & (value >= low)).all())
