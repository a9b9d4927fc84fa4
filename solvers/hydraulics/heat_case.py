"""The arrays of a heat problem, checked, in flow direction, with equal scenarios merged."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .exchanger import effectiveness
from .scenarios import distinct, rows

if TYPE_CHECKING:
    from .heat import Problem

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Index = NDArray[np.intp]

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

    @classmethod
    def from_problem(cls, p: Problem) -> tuple[HeatCase, Index]:
        start, end = np.asarray(p.link_from, np.intp), np.asarray(p.link_to, np.intp)
        hot, cold = (np.asarray(x, np.intp).ravel() for x in (p.exchanger_hot, p.exchanger_cold))
        nodes, links = p.node_count, start.size
        _check(nodes, start, end, hot, cold)
        ambient = np.asarray(p.ambient, float)
        widths = {
            "flow": (p.link_flow, links),
            "heat": (p.link_heat, links),
            "conductance": (p.link_conductance, links),
            "outlet": (p.link_outlet, links),
            "pinned": (p.link_outlet_fixed, links),
            "inflow_temperature": (p.inflow_temperature, nodes),
            "initial": (p.initial, nodes),
            "exchange": (p.exchanger_conductance, hot.size),
            "setpoint": (p.exchanger_setpoint, hot.size),
            "ambient": (ambient.reshape(-1, 1), 1),
        }
        given = {name: rows(value, width) for name, (value, width) in widths.items()}
        keep, row_of = distinct(given.values())
        total = keep.size
        given = {
            name: np.broadcast_to(a[keep] if a.shape[0] > 1 else a, (total, a.shape[1]))
            for name, a in given.items()
        }
        flow, specific = given["flow"], np.broadcast_to(np.asarray(p.link_capacity, float), (links,))
        heat, leak, ambient = given["heat"], given["conductance"], given["ambient"]
        if not all(np.isfinite(a).all() for n, a in given.items() if n != "setpoint"):
            raise ValueError("flows, heats, conductances and temperatures must be finite")
        if not (given["setpoint"] < np.inf).all() or (leak < 0.0).any() or (given["exchange"] < 0.0).any():
            raise ValueError("conductances must be >= 0 and set points a number or -inf")
        if not (specific > 0.0).all():
            raise ValueError("link_capacity must be > 0")

        largest = np.abs(flow).max(axis=1, keepdims=True, initial=0.0)
        rate = np.where(np.abs(flow) > STILL * largest, np.abs(flow) * specific, 0.0)
        up, down = np.where(flow >= 0.0, start, end), np.where(flow >= 0.0, end, start)
        runs = rate > 0.0
        safe = np.where(runs, rate, 1.0)
        kept = np.exp(-leak / safe)
        lost = -np.expm1(-leak / safe)
        per_watt = np.where(leak > 0.0, lost / np.where(leak > 0.0, leak, 1.0), 1.0 / safe)
        natural = lost * ambient + heat * per_watt
        pinned = given["pinned"].astype(bool) & runs
        hot_share, cold_share = _shares(rate[:, hot], rate[:, cold], given["exchange"])
        case = cls(
            node_count=nodes,
            scenarios=total,
            rate=rate,
            up=up,
            down=down,
            kept=kept,
            added=np.where(pinned, given["outlet"], natural),
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
            setpoint=given["setpoint"],
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


def _check(nodes: int, start: Index, end: Index, hot: Index, cold: Index) -> None:
    if start.ndim != 1 or start.shape != end.shape:
        raise ValueError("link_from and link_to must be one-dimensional and of equal length")
    for name, index, count in (
        ("link_from", start, nodes),
        ("link_to", end, nodes),
        ("exchanger_hot", hot, start.size),
        ("exchanger_cold", cold, start.size),
    ):
        if index.size and (index.min() < 0 or index.max() >= count):
            raise ValueError(f"{name} has an index outside 0..{count - 1}")
    if hot.shape != cold.shape:
        raise ValueError("exchanger_hot and exchanger_cold must be of equal length")
    if np.unique(np.concatenate([hot, cold])).size != 2 * hot.size:
        raise ValueError("a link can be only one side of one exchanger")


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
