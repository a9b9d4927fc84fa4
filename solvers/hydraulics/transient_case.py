"""The arrays of a transient, checked and laid out with the scenario as last axis."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .transient_checks import check
from .transient_problem import Problem

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Index = NDArray[np.intp]


@dataclass(frozen=True)
class Case:
    """Shapes as in :class:`Problem`, but (x, S) where that is (S, x); signals (K, G, S) and (K, S)."""

    scenarios: int
    capacity: Array
    initial: Array
    fixed: Mask
    start: Index
    end: Index
    rate: Array  # (P, E, S)
    rate_signal: Index  # (P, E)
    volume: Array
    holding: Index  # links with a volume in any scenario
    tie_a: Index
    tie_b: Index
    tie: Array
    tie_link: Index
    tie_film: Array
    tie_rated: Array
    tie_exponent: Array
    hot: Index
    cold: Index
    sink: Index
    exchange: Array
    film_hot: Array
    film_cold: Array
    rated_hot: Array
    rated_cold: Array
    setpoint: Array
    limit: Array
    duty_signal: Index
    plate_link: Index
    plate_node: Index
    plate: Array
    plate_rated: Array
    plate_film: Array
    plate_rise: Array
    plate_exponent: Array
    plate_reach: Array
    source: Index
    heat: Array
    heat_signal: Index
    watch: Index
    throttle: Array
    throttle_end: Array
    fraction: Array
    trip: Array
    watched: Index
    levels: Array
    time: Array
    value: Array

    @classmethod
    def from_problem(cls, p: Problem) -> Case:
        """Check a problem; a mistake is a ValueError that names field and index."""
        nodes = _width(p.node_capacity, p.node_initial, p.node_fixed)
        sizes = {
            "node": nodes,
            "link": np.size(p.link_from),
            "conductance": np.size(p.conductance_from),
            "exchanger": np.size(p.exchanger_hot),
            "plate": np.size(p.plate_link),
            "source": np.size(p.source_node),
        }
        varied = {name: _rows(p, name, sizes[group]) for name, group in _VARIED.items()}
        patterns = _patterns(p, sizes["link"])
        time, value = _signals(p)
        total = _scenarios({**varied, "link_rate": patterns, "signal_time": time, "signal_value": value})
        wide = {k: np.ascontiguousarray(np.broadcast_to(a, (total, a.shape[1])).T) for k, a in varied.items()}
        plain = {name: _column(p, name, sizes[group]) for name, group in _PLAIN.items()}
        links, signals = sizes["link"], value.shape[2]
        index = {
            name: _index(p, name, sizes[name.split("_")[0]], *bounds)
            for name, bounds in {
                "link_from": (0, nodes),
                "link_to": (0, nodes),
                "conductance_from": (0, nodes),
                "conductance_to": (0, nodes),
                "conductance_link": (-1, links),
                "exchanger_hot": (0, links),
                "exchanger_cold": (-1, links),
                "exchanger_sink": (-1, nodes),
                "exchanger_signal": (-1, signals),
                "plate_link": (0, links),
                "plate_node": (0, nodes),
                "source_node": (0, nodes),
                "source_signal": (-1, signals),
                "source_watch": (-1, nodes),
            }.items()
        }
        watched = _index(p, "watch_node", np.size(p.watch_node), 0, nodes)
        obeyed = np.where(index["source_watch"] < 0, index["source_node"], index["source_watch"])
        rate = np.ascontiguousarray(
            np.moveaxis(np.broadcast_to(patterns, (total, *patterns.shape[1:])), 0, 2)
        )
        case = cls(
            scenarios=total,
            capacity=wide["node_capacity"],
            initial=wide["node_initial"],
            fixed=np.broadcast_to(np.asarray(p.node_fixed, bool), (nodes,)),
            start=index["link_from"],
            end=index["link_to"],
            rate=rate,
            rate_signal=_pattern_signals(p, rate.shape[:2], signals),
            volume=wide["link_volume"],
            holding=np.flatnonzero(wide["link_volume"].max(axis=1, initial=0.0) > 0.0),
            tie_a=index["conductance_from"],
            tie_b=index["conductance_to"],
            tie=wide["conductance"],
            tie_link=index["conductance_link"],
            tie_film=np.where(index["conductance_link"][:, None] >= 0, plain["conductance_film"], 0.0),
            tie_rated=plain["conductance_rated"],
            tie_exponent=plain["conductance_exponent"],
            hot=index["exchanger_hot"],
            cold=index["exchanger_cold"],
            sink=index["exchanger_sink"],
            exchange=wide["exchanger_conductance"],
            film_hot=plain["exchanger_film_hot"],
            film_cold=plain["exchanger_film_cold"],
            rated_hot=plain["exchanger_rated_hot"],
            rated_cold=plain["exchanger_rated_cold"],
            setpoint=wide["exchanger_setpoint"],
            limit=wide["exchanger_capacity"],
            duty_signal=index["exchanger_signal"],
            plate_link=index["plate_link"],
            plate_node=index["plate_node"],
            plate=wide["plate_conductance"],
            plate_rated=wide["plate_rated"],
            plate_film=plain["plate_film"],
            plate_rise=plain["plate_rise"],
            plate_exponent=plain["plate_exponent"],
            plate_reach=plain["plate_reach"],
            source=index["source_node"],
            heat=wide["source_heat"],
            heat_signal=index["source_signal"],
            watch=obeyed,
            throttle=plain["source_throttle"],
            throttle_end=plain["source_throttle_end"],
            fraction=plain["source_fraction"],
            trip=plain["source_trip"],
            watched=watched,
            levels=_levels(p, watched.size),
            time=np.ascontiguousarray(np.broadcast_to(time, (total, time.shape[1])).T),
            value=np.ascontiguousarray(np.moveaxis(np.broadcast_to(value, (total, *value.shape[1:])), 0, 2)),
        )
        check(case)
        return case

    def take(self, part: slice | Index) -> Case:
        """The same case with some of its scenarios."""
        picked: dict[str, Any] = {name: getattr(self, name)[..., part] for name in _WIDE}
        return replace(self, scenarios=picked["capacity"].shape[1], **picked)

    @property
    def nodes(self) -> int:
        return len(self.capacity)


_WIDE = (
    "capacity", "initial", "rate", "volume", "tie", "exchange", "setpoint", "limit", "plate", "plate_rated", "heat",
    "time", "value",
)  # fmt: skip
_VARIED = {
    "node_capacity": "node",
    "node_initial": "node",
    "link_volume": "link",
    "conductance": "conductance",
    "exchanger_conductance": "exchanger",
    "exchanger_setpoint": "exchanger",
    "exchanger_capacity": "exchanger",
    "plate_conductance": "plate",
    "plate_rated": "plate",
    "source_heat": "source",
}
_PLAIN = {
    f.name: f.name.split("_")[0]
    for f in fields(Problem)
    if f.name.startswith(("conductance_film", "conductance_rated", "conductance_exponent", "exchanger_film",
                          "exchanger_rated", "plate_film", "plate_rise", "plate_exponent", "plate_reach", "source_throttle",
                          "source_fraction", "source_trip"))
}  # fmt: skip


def _width(capacity: ArrayLike, initial: ArrayLike, fixed: ArrayLike) -> int:
    width = np.asarray(capacity).shape[-1] if np.ndim(capacity) else 0
    width = width or (np.asarray(initial).shape[-1] if np.ndim(initial) else np.size(fixed))
    if width < 1:
        raise ValueError("node_capacity: a transient needs at least one node")
    return width


def _rows(p: Problem, name: str, width: int) -> Array:
    """(S, width) or (1, width)."""
    array = np.asarray(getattr(p, name), float)
    array = array if array.ndim == 2 else array.reshape(1, -1)
    if array.ndim != 2 or array.shape[1] not in (1, width):
        raise ValueError(f"{name}: {array.shape[1]} columns, expected {width}")
    return np.broadcast_to(array, (array.shape[0], width))


def _column(p: Problem, name: str, width: int) -> Array:
    """(width, 1), ready to meet (width, S)."""
    array = np.asarray(getattr(p, name), float)
    if array.ndim > 1 or array.size not in (1, width):
        raise ValueError(f"{name}: shape {array.shape}, expected ({width},)")
    return np.broadcast_to(array.reshape(-1), (width,)).reshape(-1, 1).copy()


def _index(p: Problem, name: str, width: int, low: int, high: int) -> Index:
    array = np.asarray(getattr(p, name))
    if array.size not in (1, width) or array.ndim > 1:
        raise ValueError(f"{name}: shape {array.shape}, expected ({width},)")
    array = np.broadcast_to(array.reshape(-1), (width,)).astype(np.intp)
    wrong = np.flatnonzero((array < low) | (array >= high))
    if wrong.size:
        raise ValueError(f"{name}[{wrong[0]}] is {array[wrong[0]]}, outside {low}..{high - 1}")
    return array


def _patterns(p: Problem, links: int) -> Array:
    """(S, P, E)."""
    array = np.asarray(p.link_rate, float)
    array = array if array.ndim == 3 else array.reshape(-1, 1, array.shape[-1] if array.ndim else 1)
    if array.shape[2] not in (1, links):
        raise ValueError(f"link_rate: {array.shape[2]} columns, expected {links}")
    return np.broadcast_to(array, (*array.shape[:2], links))


def _pattern_signals(p: Problem, shape: tuple[int, ...], signals: int) -> Index:
    array = np.asarray(p.link_signal)
    try:
        array = np.broadcast_to(array, shape).astype(np.intp)
    except ValueError:
        raise ValueError(f"link_signal: shape {array.shape}, expected {shape}") from None
    wrong = np.argwhere((array < -1) | (array >= signals))
    if wrong.size:
        at = tuple(int(i) for i in wrong[0])
        raise ValueError(f"link_signal[{at[0]}, {at[1]}] is {array[at]}, outside -1..{signals - 1}")
    return array


def _signals(p: Problem) -> tuple[Array, Array]:
    """Times (S, K) and values (S, K, G)."""
    time, value = np.asarray(p.signal_time, float), np.asarray(p.signal_value, float)
    time = time if time.ndim == 2 else time.reshape(1, -1)
    value = value if value.ndim == 3 else value.reshape(1, *value.shape[-2:])
    if value.shape[1] != time.shape[1]:
        raise ValueError(f"signal_value: {value.shape[1]} times, signal_time has {time.shape[1]}")
    wrong = np.argwhere(np.diff(time, axis=1) < 0.0)
    if wrong.size:
        raise ValueError(f"signal_time[{wrong[0][0]}, {wrong[0][1] + 1}] is before the time that precedes it")
    return time, value


def _scenarios(given: dict[str, Array]) -> int:
    sizes = {name: len(a) for name, a in given.items() if len(a) != 1}
    if len(set(sizes.values())) > 1:
        told = ", ".join(f"{name} {size}" for name, size in sizes.items())
        raise ValueError(f"numbers of scenarios disagree: {told}")
    return max(sizes.values(), default=1)


def _levels(p: Problem, watched: int) -> Array:
    array = np.asarray(p.watch_limit, float)
    array = array if array.ndim == 2 else array.reshape(1, -1)
    if len(array) not in (1, watched):
        raise ValueError(f"watch_limit: {len(array)} rows, expected {watched}")
    return np.broadcast_to(array, (watched, array.shape[1]))
