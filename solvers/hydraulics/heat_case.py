"""The arrays of a heat problem, checked, in flow direction, with equal scenarios merged."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .exchanger import effectiveness
from .heat_arrays import Array, Index, Topology
from .scenarios import distinct

Mask = NDArray[np.bool_]

STILL = 1e-9
"""Flow below this share of a scenario's largest carries no heat [-]; the mass balance is no better."""
INFLOW = 1e-7
"""Imbalance of a node, as a share of the largest flow, above which it is an inflow from outside [-]."""


@dataclass(frozen=True)
class HeatCase:
    """The problem in flow direction, (scenarios, columns) throughout."""

    node_count: int
    scenarios: int
    rate: Array  # (S, E) capacity rate, 0 where the flow stands still [W/K]
    up: NDArray[np.intp]  # (S, E) node the flow comes from
    down: NDArray[np.intp]  # (S, E)
    kept: Array  # (S, E) share of the inlet temperature left at the outlet
    added: Array  # (S, E) the rest of the outlet temperature: heat and ambient
    natural: Array  # (S, E) the same before a fixed outlet takes over
    pinned: Mask  # (S, E)
    sink: Mask  # (S, E) the outlet temperature is tied to something outside
    heat: Array  # (S, E)
    inflow: Array  # (S, N) capacity rate entering from outside
    inflow_temperature: Array  # (S, N)
    initial: Array  # (S, N)
    hot: Index  # (X,)
    cold: Index  # (X,)
    hot_share: Array  # (S, X) effectiveness C_min / C_hot
    cold_share: Array  # (S, X)
    setpoint: Array  # (S, X)
    taken: Index  # (K,) link with an extraction
    wanted: Array  # (S, K)
    floor: Array  # (S, K)

    @classmethod
    def from_arrays(cls, topology: Topology, arrays: dict[str, NDArray[Any]]) -> tuple[HeatCase, Index]:
        """The case of a checked problem, and the row of the case that every scenario is."""
        keep, row_of = distinct(arrays.values())
        total = keep.size
        given = {
            name: np.broadcast_to(a[keep] if a.shape[0] > 1 else a, (total, a.shape[1]))
            for name, a in arrays.items()
        }
        start, end, hot, cold = topology.start, topology.end, topology.hot, topology.cold
        nodes, specific, taken = topology.nodes, topology.specific, topology.taken
        flow, heat, leak = given["link_flow"], given["link_heat"], given["link_conductance"]
        ambient = given["ambient"]

        largest = np.abs(flow).max(axis=1, keepdims=True, initial=0.0)
        rate = np.where(np.abs(flow) > STILL * largest, np.abs(flow) * specific, 0.0)
        up, down = np.where(flow >= 0.0, start, end), np.where(flow >= 0.0, end, start)
        runs = rate > 0.0
        safe = np.where(runs, rate, 1.0)
        kept = np.exp(-leak / safe)
        lost = -np.expm1(-leak / safe)
        per_watt = np.where(leak > 0.0, lost / np.where(leak > 0.0, leak, 1.0), 1.0 / safe)
        natural = lost * ambient + heat * per_watt
        pinned = given["link_outlet_fixed"] & runs
        hot_share, cold_share = _shares(rate[:, hot], rate[:, cold], given["exchanger_conductance"])
        case = cls(
            node_count=nodes,
            scenarios=total,
            rate=rate,
            up=up,
            down=down,
            kept=kept,
            added=np.where(pinned, given["link_outlet"], natural),
            natural=natural,
            pinned=pinned,
            sink=runs & (pinned | (kept < 1.0)),
            heat=heat,
            inflow=_inflow(nodes, rate, up, down),
            inflow_temperature=given["inflow_temperature"],
            initial=given["initial"],
            hot=hot,
            cold=cold,
            hot_share=hot_share,
            cold_share=cold_share,
            setpoint=given["exchanger_setpoint"],
            taken=taken,
            wanted=given["extraction_wanted"],
            floor=given["extraction_floor"],
        )
        return case, row_of

    def take(self, part: slice | Index) -> HeatCase:
        """The same case with some of its scenarios."""
        picked: dict[str, Any] = {
            f.name: value[part]
            for f in fields(self)
            if isinstance(value := getattr(self, f.name), np.ndarray) and value.ndim == 2
        }
        return replace(self, scenarios=len(picked["rate"]), **picked)


def _shares(hot_rate: Array, cold_rate: Array, conductance: Array) -> tuple[Array, Array]:
    """Exchanged share of the inlet difference, as seen by the hot and by the cold stream."""
    least, most = np.minimum(hot_rate, cold_rate), np.maximum(hot_rate, cold_rate)
    runs = least > 0.0
    safe = np.where(runs, least, 1.0)
    duty = np.where(runs, least, 0.0) * effectiveness(conductance / safe, safe / np.where(runs, most, 1.0))
    return (
        duty / np.where(hot_rate > 0.0, hot_rate, 1.0),
        duty / np.where(cold_rate > 0.0, cold_rate, 1.0),
    )


def sum_to_nodes(nodes: int, values: Array, node: Index) -> Array:
    """(S, N) sums of per-link values over the nodes given per link and scenario."""
    scenarios = len(values)
    flat = (node + nodes * np.arange(scenarios)[:, None]).ravel()
    return np.bincount(flat, values.ravel(), scenarios * nodes).astype(float).reshape(scenarios, nodes)


def _inflow(nodes: int, rate: Array, up: Index, down: Index) -> Array:
    leaving, entering = sum_to_nodes(nodes, rate, up), sum_to_nodes(nodes, rate, down)
    excess = leaving - entering
    return np.where(excess > INFLOW * rate.max(axis=1, keepdims=True, initial=0.0), excess, 0.0)


def at(values: NDArray[Any], index: Index) -> NDArray[Any]:
    return np.take_along_axis(values, index, axis=1)
