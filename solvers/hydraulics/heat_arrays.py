"""The arrays of a heat problem with their shapes and values checked, not yet interpreted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .scenarios import count

if TYPE_CHECKING:
    from .heat import Problem

Array = NDArray[np.float64]
Index = NDArray[np.intp]

VARIED: dict[str, str] = {
    "link_flow": "links",
    "link_heat": "links",
    "link_conductance": "links",
    "ambient": "one",
    "link_outlet": "links",
    "link_outlet_fixed": "links",
    "inflow_temperature": "nodes",
    "initial": "nodes",
    "exchanger_conductance": "exchangers",
    "exchanger_setpoint": "exchangers",
    "extraction_wanted": "extractions",
    "extraction_floor": "extractions",
}
"""Fields of a problem that may differ between scenarios, and what they have a column for."""

NOT_NEGATIVE = ("link_conductance", "exchanger_conductance", "extraction_wanted")


@dataclass(frozen=True)
class Topology:
    """What all scenarios share."""

    nodes: int
    start: Index  # (E,)
    end: Index  # (E,)
    hot: Index  # (X,)
    cold: Index  # (X,)
    taken: Index  # (K,) links with an extraction
    specific: Array  # (E,)

    @classmethod
    def of(cls, p: Problem) -> Topology:
        """Checked indices and heat capacities of a problem."""
        names = ("link_from", "link_to", "exchanger_hot", "exchanger_cold", "extraction_link")
        start, end, hot, cold, taken = (_index(name, getattr(p, name)) for name in names)
        if start.shape != end.shape:
            raise ValueError("link_from and link_to must be of equal length")
        if hot.shape != cold.shape:
            raise ValueError("exchanger_hot and exchanger_cold must be of equal length")
        counts = (p.node_count, p.node_count, start.size, start.size, start.size)
        for name, index, limit in zip(names, (start, end, hot, cold, taken), counts, strict=True):
            wrong = np.flatnonzero((index < 0) | (index >= limit))
            if wrong.size:
                at = wrong[0]
                raise ValueError(f"{name}[{at}] is {index[at]}, outside 0..{limit - 1}")
        used = np.concatenate([hot, cold, taken])
        links, times = np.unique(used, return_counts=True)
        if (times > 1).any():
            raise ValueError(
                f"link {links[times > 1][0]} is named twice; a link can be only one side of one exchanger "
                "or have one extraction"
            )
        specific = np.ascontiguousarray(np.broadcast_to(np.asarray(p.link_capacity, float), start.shape))
        wrong = np.flatnonzero(~((specific > 0.0) & (specific < np.inf)))
        if wrong.size:
            raise ValueError(f"link_capacity[{wrong[0]}] is {specific[wrong[0]]}, must be > 0 and finite")
        return cls(p.node_count, start, end, hot, cold, taken, specific)

    @property
    def widths(self) -> dict[str, int]:
        """Columns by the names used in :data:`VARIED`."""
        return {
            "nodes": self.nodes,
            "links": self.start.size,
            "exchangers": self.hot.size,
            "extractions": self.taken.size,
            "one": 1,
        }


def varied_arrays(topology: Topology, given: dict[str, Any]) -> tuple[dict[str, NDArray[Any]], int]:
    """Every varied field as (1, width) or (S, width), checked; and S.

    Arrays of the right type and shape are not copied: a year of a thousand links is 70 MB each.
    """
    widths = topology.widths
    arrays = {}
    for name, kind in VARIED.items():
        array = _rows(name, given[name], widths[kind], bool if name == "link_outlet_fixed" else float)
        _check_values(name, array)
        arrays[name] = array
    scenarios = count(arrays.values())
    if not scenarios:
        raise ValueError("there is no scenario: an array has no rows")
    return arrays, scenarios


def _index(name: str, value: ArrayLike) -> Index:
    array = np.asarray(value)
    array = array.astype(np.intp) if array.size == 0 else array
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise ValueError(f"{name} must be one-dimensional and of whole numbers")
    return array.astype(np.intp, copy=False)


def _rows(name: str, value: ArrayLike, width: int, kind: type) -> NDArray[Any]:
    array = np.asarray(value)
    if name == "ambient":
        array = array.reshape(-1, 1)
    array = array.astype(kind, copy=False)
    array = array if array.ndim == 2 else array.reshape(1, -1)
    if array.shape[1] not in (1, width):
        raise ValueError(f"{name} has {array.shape[1]} columns, expected {width}")
    if array.shape[1] != width:
        array = np.broadcast_to(array, (array.shape[0], width))
    return array


def _check_values(name: str, array: NDArray[Any]) -> None:
    """Refuse what is no number, naming the first.  The sum or the extremes tell in one pass without a copy."""
    if array.dtype == bool or not array.size:
        return
    if name == "exchanger_setpoint":
        if not array.max() < np.inf:
            _refuse(name, array, ~(array < np.inf), "a number, or -inf for no control")
        return
    with np.errstate(invalid="ignore", over="ignore"):
        total = array.sum()
    if not np.isfinite(total):
        _refuse(name, array, ~np.isfinite(array), "finite")
    if name in NOT_NEGATIVE and array.min() < 0.0:
        _refuse(name, array, array < 0.0, ">= 0")


def _refuse(name: str, array: Array, wrong: NDArray[np.bool_], wanted: str) -> None:
    places = np.argwhere(wrong)
    if places.size:
        row, column = places[0]
        raise ValueError(f"{name}[{row}, {column}] is {array[row, column]}, must be {wanted}")
