"""Radial distribution feeders with switching times: failure modes and their effects at every load point.

The utility side of a site: how often and how long a supply is interrupted, given what protects, isolates and
restores it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def _absent() -> Array:
    return np.empty(0)


@dataclass(frozen=True, eq=False)
class Feeder:
    """Radial sections from one source, their switches, and the loads on them; M sections, N nodes, L loads.

    Each section has its devices at its ``section_from`` end.  Node 0 is the source.
    """

    section_from: Array
    section_to: Array
    """(M,) nodes; the sections form a tree away from node 0, so section_to names every other node once."""
    failure_rate: Array
    """(M,) failures of the section per year.  [1/yr]"""
    repair_time: Array
    """(M,) mean time until a failed section is mended.  [h]"""
    breaker: Array
    """(M,) bool: breaker or fuse that clears faults of the section and beyond, and isolates it."""
    disconnect: Array
    """(M,) bool: isolates once the breaker has opened."""
    switching_time: float
    """Time to isolate a fault and restore what can be.  [h]"""
    load_node: Array
    """(L,) node of each load point."""
    load_customers: Array
    """(L,) number of customers.  [-]"""
    load_power: Array
    """(L,) average demand.  [W]"""
    transformer_rate: Array = field(default_factory=_absent)
    """(L,) failures of the load's own transformer, cleared by its own fuse.  [1/yr]"""
    transformer_time: Array = field(default_factory=_absent)
    """(L,) mean time until it is repaired or replaced.  [h]"""
    ties: Array = field(default_factory=_absent)
    """(K,) nodes that another supply can feed after ``switching_time``, without limit of power."""

    def __post_init__(self) -> None:
        sections, loads = np.size(self.section_from), np.size(self.load_node)
        for name, (dtype, count) in {
            "section_from": (int, sections), "section_to": (int, sections),
            "failure_rate": (float, sections), "repair_time": (float, sections),
            "breaker": (bool, sections), "disconnect": (bool, sections),
            "load_node": (int, loads), "load_customers": (float, loads), "load_power": (float, loads),
            "transformer_rate": (float, loads), "transformer_time": (float, loads), "ties": (int, -1),
        }.items():  # fmt: skip
            given = np.asarray(getattr(self, name))
            if given.size == 0 and (name.startswith("transformer") or name == "ties"):
                given = np.zeros(max(count, 0))
            array: Array = np.ascontiguousarray(given, dtype=dtype)
            if array.ndim != 1 or (count >= 0 and array.size != count):
                raise ValueError(f"{name} has shape {given.shape}, expected ({count},)")
            bad = ~np.isfinite(array) | (array < 0)
            if bad.any():
                raise ValueError(f"{name}[{int(np.flatnonzero(bad)[0])}] must be finite and >= 0")
            object.__setattr__(self, name, array)
        if not (np.isfinite(self.switching_time) and self.switching_time >= 0):
            raise ValueError(f"switching_time must be >= 0, got {self.switching_time}")
        if not np.array_equal(np.sort(self.section_to), np.arange(1, sections + 1)):
            raise ValueError("section_to must name each node but the source once")
        for name in ("section_from", "load_node", "ties"):
            if np.any(getattr(self, name) > sections):
                raise ValueError(f"{name} names a node above {sections}")
        _check_tree(self)


def _check_tree(feeder: Feeder) -> None:
    above = np.zeros(feeder.section_to.size + 1, dtype=int)
    above[feeder.section_to] = feeder.section_from
    node = np.arange(above.size)
    for _ in range(above.size):
        node = above[node]
    if node.any():
        lost = int(np.flatnonzero(node)[0])
        raise ValueError(f"section_from forms a loop: node {lost} does not hang on the source")


@dataclass(frozen=True)
class Indices:
    """Reliability of the load points and of the system (IEEE Std 1366-2012, clause 4)."""

    frequency: Array
    """(L,) interruptions per year.  [1/yr]"""
    hours: Array
    """(L,) time interrupted per year.  [h/yr]"""
    saifi: float
    """Interruptions per customer and year.  [1/yr]"""
    saidi: float
    """Time interrupted per customer and year.  [h/yr]"""
    ens: float
    """Energy not supplied per year.  [J]"""

    @property
    def caidi(self) -> float:
        """Mean duration of a customer's interruption, 0 if there is none.  [h]"""
        return self.saidi / self.saifi if self.saifi > 0 else 0.0


def effects(feeder: Feeder) -> tuple[Array, Array]:
    """What the failure of each section does to each load point.

    Returns
    -------
    interrupted (M, L) bool: the load goes out; restored (M, L) bool: it is back after the switching time, else after
    the repair.

    Notes
    -----
    The nearest breaker or fuse on the source side clears the fault; everything beyond it goes out.  Breakers, fuses and
    disconnects around the fault isolate its zone.  What remains connected to the source or to a tie without passing
    the zone is restored.  Devices themselves do not fail.
    """
    sections = feeder.section_to.size
    into = np.zeros(sections + 1, dtype=int)  # section that ends in each node
    into[feeder.section_to] = np.arange(sections)
    interrupted = np.zeros((sections, feeder.load_node.size), dtype=bool)
    restored = np.zeros_like(interrupted)
    parts = feeder.breaker | feeder.disconnect
    for failed in range(sections):
        clearing = failed
        while not feeder.breaker[clearing] and feeder.section_from[clearing] != 0:
            clearing = into[feeder.section_from[clearing]]
        out = _beyond(feeder, int(feeder.section_to[clearing]), np.ones(sections, dtype=bool))
        if not feeder.breaker[clearing]:
            out[:] = True  # nothing clears the fault before the source
        zone = _zone(feeder, failed, parts)
        healthy = ~zone[feeder.section_from] & ~zone[feeder.section_to]
        healthy[failed] = False
        fed = np.zeros(sections + 1, dtype=bool)
        for source in (0, *feeder.ties.tolist()):
            if not zone[source]:
                fed |= _beyond(feeder, source, healthy, both_ways=True)
        interrupted[failed] = out[feeder.load_node]
        restored[failed] = interrupted[failed] & fed[feeder.load_node]
    return interrupted, restored


def _beyond(feeder: Feeder, start: int, usable: Array, *, both_ways: bool = False) -> Array:
    """Nodes reached from ``start`` over usable sections, away from the source or both ways."""
    found = np.zeros(feeder.section_to.size + 1, dtype=bool)
    found[start] = True
    while True:
        grown = found.copy()
        grown[feeder.section_to[usable & found[feeder.section_from]]] = True
        if both_ways:
            grown[feeder.section_from[usable & found[feeder.section_to]]] = True
        if np.array_equal(grown, found):
            return found
        found = grown


def _zone(feeder: Feeder, failed: int, parts: Array) -> Array:
    """Nodes that cannot be parted from the failed section: its end, and its beginning if it has no device there."""
    joined = ~parts
    joined[failed] = False
    zone = _beyond(feeder, int(feeder.section_to[failed]), joined, both_ways=True)
    if not parts[failed]:
        zone |= _beyond(feeder, int(feeder.section_from[failed]), joined, both_ways=True)
    return zone


def indices(feeder: Feeder) -> Indices:
    """Expected reliability of every load point and of all customers.

    Examples
    --------
    One section of 0.1 failures per year and 5 h, breaker at the source: SAIFI 0.1, SAIDI 0.5 h, CAIDI 5 h.
    """
    interrupted, restored = effects(feeder)
    duration = np.where(restored, np.minimum(feeder.switching_time, feeder.repair_time[:, None]),
                        feeder.repair_time[:, None])  # fmt: skip
    frequency = feeder.failure_rate @ interrupted + feeder.transformer_rate
    hours = feeder.failure_rate @ (interrupted * duration) + feeder.transformer_rate * feeder.transformer_time
    return _summed(feeder, frequency, hours)


def _summed(feeder: Feeder, frequency: Array, hours: Array) -> Indices:
    customers = feeder.load_customers
    total = float(customers.sum()) or 1.0  # without customers both indices are 0
    return Indices(
        frequency,
        hours,
        float(customers @ frequency) / total,
        float(customers @ hours) / total,
        float(feeder.load_power @ hours) * 3600.0,
    )


def simulated_years(feeder: Feeder, years: int, *, seed: int) -> Array:
    """Random years: Poisson failures with exponential repair times.

    Returns
    -------
    (years, 3) SAIFI [1/yr], SAIDI [h/yr] and ENS [J] of each year.

    Notes
    -----
    Failures do not overlap: each strikes the whole feeder, as in the analytical method.  Switching takes its time
    even when that repair would by chance have been quicker.
    """
    rng = np.random.default_rng(seed)
    interrupted, restored = effects(feeder)
    loads = feeder.load_node.size
    rate = np.concatenate([feeder.failure_rate, feeder.transformer_rate])
    repair = np.concatenate([feeder.repair_time, feeder.transformer_time])
    hit = np.concatenate([interrupted, np.eye(loads, dtype=bool)])
    back = np.concatenate([restored, np.zeros((loads, loads), dtype=bool)])
    count = rng.poisson(rate, size=(years, rate.size))
    year, mode = np.nonzero(count)
    repeats = count[year, mode]
    year, mode = np.repeat(year, repeats), np.repeat(mode, repeats)
    lasted = rng.exponential(repair[mode])
    customers = feeder.load_customers / (feeder.load_customers.sum() or 1.0)
    slow, quick = hit & ~back, hit & back
    short = np.where(repair[mode] > feeder.switching_time, feeder.switching_time, lasted)
    found = np.zeros((years, 3))
    np.add.at(found[:, 0], year, (hit @ customers)[mode])
    for column, weight in ((1, customers), (2, feeder.load_power * 3600.0)):
        np.add.at(found[:, column], year, (slow @ weight)[mode] * lasted + (quick @ weight)[mode] * short)
    return found
