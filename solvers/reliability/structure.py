"""What depends on what (:class:`Structure`), and a draft to write one down node by node."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[Any]


def _absent() -> Array:
    return np.empty(0)


@dataclass(frozen=True, eq=False)
class Structure:
    """Machines, sections and loads of a facility, and what each needs to run: power, coolant, another machine.

    N nodes, E edges, C components, X common causes.  A node is live when its component works, it has not tripped,
    and enough of its inputs are live.  Only the first four fields are required.

    A *basic event* fails components: event ``i < C`` is the own failure of component ``i``, event ``C + x`` the
    common cause ``x``.
    """

    components: int
    """C."""
    node_component: Array
    """(N,) component without which the node is dead, -1 = none.  Several nodes may share one component."""
    edge_from: Array
    edge_to: Array
    """(E,) node ``edge_from`` is an input of node ``edge_to``.  Loops are allowed; they do not feed themselves."""
    node_needs: Array = field(default_factory=_absent)
    """(N,) number of live inputs the node needs; they *divide* its demand.  0 (default) = all inputs, *each* of
    which carries the demand times its weight; without inputs the node is a source."""
    node_demand: Array = field(default_factory=_absent)
    """(N,) what the node itself draws from its inputs while live.  [any one unit, e.g. W]"""
    node_capacity: Array = field(default_factory=_absent)
    """(N,) the node trips when its own and passed-on demand exceeds this; inf = none.  [unit of the demand]"""
    edge_weight: Array = field(default_factory=_absent)
    """(E,) share of the input among those in use; where all inputs are needed, multiple of the demand.  [-]"""
    edge_rank: Array = field(default_factory=_absent)
    """(E,) order of preference: inputs of lowest rank that suffice are in use, the others stand by."""
    cause_event: Array = field(default_factory=_absent)
    cause_component: Array = field(default_factory=_absent)
    """(P,) pairs: common cause ``cause_event`` (0..X-1) fails component ``cause_component``."""

    def __post_init__(self) -> None:
        whole = isinstance(self.components, int | np.integer) and not isinstance(self.components, bool)
        if not whole or self.components < 0:
            raise ValueError(f"components must be a whole number >= 0, got {self.components}")
        nodes, edges = np.size(self.node_component), np.size(self.edge_from)
        causes = np.size(self.cause_event)
        for name, (dtype, default) in _FIELDS.items():
            count = {"node": nodes, "edge": edges, "caus": causes}[name[:4]]
            object.__setattr__(self, name, _shaped(name, getattr(self, name), dtype, default, count))
        self._check_indices()
        self._check_values()

    def _check_indices(self) -> None:
        nodes = self.node_component.size
        _refuse("node_component", self.node_component, -1, self.components)
        _refuse("edge_from", self.edge_from, 0, nodes)
        _refuse("edge_to", self.edge_to, 0, nodes)
        _refuse("cause_component", self.cause_component, 0, self.components)
        _refuse("cause_event", self.cause_event, 0, max(self.cause_event.size, 1))
        gaps = np.flatnonzero(np.bincount(self.cause_event, minlength=self.causes) == 0)
        if gaps.size:
            raise ValueError(f"cause_event never names common cause {int(gaps[0])}, but a higher one")

    def _check_values(self) -> None:
        inputs = np.bincount(self.edge_to, minlength=self.nodes)
        for name, bad, why in (
            ("node_needs", self.node_needs < 0, "must be >= 0"),
            ("node_needs", self.node_needs > inputs, "asks for more inputs than the node has"),
            ("node_demand", self.node_demand < 0, "must be >= 0"),
            ("node_capacity", self.node_capacity < 0, "must be >= 0"),
            ("edge_weight", self.edge_weight < 0, "must be >= 0"),
            ("edge_to", self.edge_from == self.edge_to, "is also the input: a node cannot feed itself"),
        ):
            if np.any(bad):
                raise ValueError(f"{name}[{int(np.flatnonzero(bad)[0])}] {why}")

    @property
    def nodes(self) -> int:
        """N."""
        return int(self.node_component.size)

    @property
    def causes(self) -> int:
        """X, the number of common causes."""
        return int(self.cause_event.max()) + 1 if self.cause_event.size else 0

    @property
    def events(self) -> int:
        """C + X, the number of basic events."""
        return self.components + self.causes

    def event_pairs(self) -> tuple[Array, Array]:
        """All (event, component it fails), sorted by event."""
        own = np.arange(self.components)
        event = np.concatenate([own, self.components + self.cause_event])
        component = np.concatenate([own, self.cause_component])
        order = np.lexsort((component, event))
        return event[order], component[order]


_FIELDS: dict[str, tuple[type, float | None]] = {
    "node_component": (int, None),
    "edge_from": (int, None),
    "edge_to": (int, None),
    "node_needs": (int, 0),
    "node_demand": (float, 0.0),
    "node_capacity": (float, np.inf),
    "edge_weight": (float, 1.0),
    "edge_rank": (int, 0),
    "cause_event": (int, None),
    "cause_component": (int, None),
}


def _shaped(name: str, value: Any, dtype: type, default: float | None, count: int) -> Array:
    given = np.asarray(value)
    if given.size == 0 and given.ndim <= 1:
        if default is None and count:
            raise ValueError(f"{name} is missing: {count} expected")
        return np.full(count, 0 if default is None else default, dtype=dtype)
    if given.shape != (count,):
        raise ValueError(f"{name} has shape {given.shape}, expected ({count},)")
    if given.dtype.kind not in "biuf":
        raise ValueError(f"{name} must hold real numbers")
    if dtype is int:
        with np.errstate(invalid="ignore"):  # what no integer can hold is no whole number
            whole = np.array_equal(given, given.astype(int))
        if not whole:
            raise ValueError(f"{name} must hold whole numbers")
    array: Array = np.ascontiguousarray(given, dtype=dtype)
    bad = np.isnan(array) if name == "node_capacity" else ~np.isfinite(array)
    if np.any(bad):
        raise ValueError(f"{name}[{int(np.flatnonzero(bad)[0])}] is not finite")
    return array


def _refuse(name: str, index: Array, low: int, high: int) -> None:
    bad = (index < low) | (index >= high)
    if np.any(bad):
        where = int(np.flatnonzero(bad)[0])
        raise ValueError(f"{name}[{where}] = {int(index[where])} is not in {low}..{high - 1}")


def as_nodes(structure: Structure, nodes: ArrayLike, name: str = "tops") -> Array:
    """Node indices as an array, or a ValueError that names the wrong one."""
    return _as_indices(nodes, structure.nodes, name)


def as_events(structure: Structure, events: ArrayLike | None, name: str = "events") -> Array:
    """Sorted indices of distinct basic events, or a ValueError that names the wrong one; None = all."""
    if events is None:
        return np.arange(structure.events)
    return np.unique(_as_indices(events, structure.events, name))


def _as_indices(given: ArrayLike, count: int, name: str) -> Array:
    index = np.atleast_1d(np.asarray(given))
    if index.size == 0:
        return np.empty(0, dtype=int)
    if index.ndim != 1 or not np.issubdtype(index.dtype, np.integer):
        raise ValueError(
            f"{name} must be whole numbers on one axis, got {index.dtype} of shape {index.shape}"
        )
    _refuse(name, index, 0, count)
    return index.astype(int)
