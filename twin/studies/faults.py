"""Short circuits of a facility: how large they get, whether its switchgear is rated for them, how fast they are cleared.

Prospective currents after IEC 60909 at every machine of the power tree and every load, in the states of
:data:`~twin.studies.faults_network.STATES`: greatest with UPS on their static bypass, smallest also with their inverters
alone.  Then duties of breakers and assemblies, selectivity, disconnection at the smallest earth fault, arc flash.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.power.faults import (
    DeviceRatings,
    Duties,
    FaultCurrents,
    device_duties,
    making_capacity,
    short_circuit,
    ul489_test_ratio,
    x_over_r,
)
from solvers.power.faults.ratings import C37_13_TEST_POWER_FACTOR
from twin.results.results import Table
from twin.studies.arcs import Arcs, arcs
from twin.studies.basis import Basis
from twin.studies.faults_network import STATES, FaultNetwork, american, lower
from twin.studies.faults_words import facts
from twin.studies.protection import LOW_VOLTAGE, MOULDED, Device, Protection, interrupting, protection

Array = NDArray[np.float64]
Index = NDArray[np.intp]

UNKNOWN_CLEARING = 1.0
"""How long an assembly must carry a fault that no device clears.  Assumed. [s]"""
NEVER = 3600.0
"""Clearing time that is told where a device does not trip. [s]"""
ALIKE = 1e-9
"""Relative difference below which currents of two states count as equal: the first is told."""
NO_EARTH = 1e-6
"""Share of the three-phase current below which an earth fault drives none: what is left of it is rounding."""
GREAT, SMALL = 0, 1
"""Places of the greatest and the smallest currents in the solver's answer."""


def faults(basis: Basis) -> tuple[dict[str, Table], dict[str, Any]]:
    """Short circuits at all places and what they mean for breakers and assemblies.

    Returns
    -------
    Tables ``fault`` (machines of the power tree and loads) and ``protection`` (feeds with a breaker in the layout), and the
    answer in words and numbers; nothing where there is no power tree.
    """
    network = lower(basis)
    if network is None:
        return {}, {"sentences": []}
    study = _Study(basis, network)
    tables = {"fault": study.fault(), "protection": study.protection()}
    return tables, facts(network, study.guarded, tables, study.upstream, study.unearthed)


@dataclass(frozen=True, eq=False)
class _Study:
    """What the tables are made of, each worked out once."""

    basis: Basis
    network: FaultNetwork

    @cached_property
    def currents(self) -> FaultCurrents:
        return short_circuit(self.network.problem, faults=("three_phase", "line_ground"), partial=False)

    @cached_property
    def guarded(self) -> Protection:
        return protection(self.basis.facility, self.network)

    @cached_property
    def machines(self) -> tuple[str, ...]:
        return tuple(self.network.places)

    @cached_property
    def feeds(self) -> tuple[int, ...]:
        """Feeds of alternating current with a breaker in the layout."""
        devices = zip(self.basis.facility.feeds, self.guarded.devices, strict=True)
        return tuple(i for i, (feed, device) in enumerate(devices) if device is not None and feed.breaker)

    @cached_property
    def selective(self) -> tuple[Array, list[int]]:
        """(F,) current up to which every feed's device is selective, and the feed that limits it."""
        start = self.network.start
        great = self.currents.initial[:, GREAT].max(axis=0)
        return self.guarded.selective(np.where(start >= 0, great[start], 0.0))

    @property
    def upstream(self) -> dict[str, str]:
        """Feed with a breaker to the feed upstream that limits its selectivity."""
        feeds, worst = self.basis.facility.feeds, self.selective[1]
        names = [f"{feed.to}.{feed.terminal}" for feed in feeds]
        return {names[i]: names[worst[i]] for i in self.feeds if worst[i] >= 0}

    @property
    def unearthed(self) -> dict[str, list[str]]:
        """State to the machines that are fed there without any way for an earth fault's current to return.

        Each is told in the first such state only.
        """
        found: dict[str, list[str]] = {}
        told: set[str] = set()
        groups = [list(buses) for buses in self.network.places.values()]
        for row in np.flatnonzero(self.network.bypass):
            fed, earth = self.currents.initial[row, GREAT], self.currents.line_ground[row, GREAT]
            floating = (fed > 0) & (earth <= NO_EARTH * fed)
            names = [name for name, buses in zip(self.machines, groups, strict=True) if floating[buses].any()]
            if fresh := [name for name in names if name not in told]:
                found.setdefault(STATES[self.network.state[row]], []).extend(fresh)
                told.update(fresh)
        return found

    def fault(self) -> Table:
        """Currents, duties and arcs of all places; of several buses (taps, cords) the worst counts."""
        groups = list(self.network.places.values())
        bus = np.array([one for places in groups for one in places], np.intp)
        first = np.cumsum([0, *(len(places) for places in groups[:-1])])
        currents = self.currents
        initial = np.maximum.reduceat(currents.initial[:, GREAT][:, bus], first, axis=1)
        worst = (initial >= (1 - ALIKE) * initial.max(axis=0)).argmax(axis=0)
        arc: Arcs = arcs(self.network, currents, self.guarded, self.machines)
        breaking, assembly = self._duties()
        return Table(
            self.machines,
            {
                "three_phase_max": initial.max(axis=0),
                "three_phase_min": np.minimum.reduceat(_smallest(currents.initial[:, SMALL])[bus], first),
                "earth_max": np.maximum.reduceat(currents.line_ground[:, GREAT].max(axis=0)[bus], first),
                "earth_min": np.minimum.reduceat(_smallest(currents.line_ground[:, SMALL])[bus], first),
                "peak_max": np.maximum.reduceat(currents.peak[:, GREAT].max(axis=0)[bus], first),
                "state": self.network.state[worst].astype(float),
                "interrupting": np.maximum(breaking.interrupting, breaking.making).max(axis=0),
                "withstand": np.maximum(assembly.withstand, assembly.making).max(axis=0),
                "incident_energy": arc.energy,
                "arc_boundary": arc.boundary,
            },
        )

    def _duties(self) -> tuple[Duties, Duties]:
        """(S, n) what breakers and busbars of the machines meet at their first bus, over what they are rated for.

        UPS on their bypass: an inverter alone gives up long before its limited current harms a busbar.
        """
        sheets = [self.basis.facility.by_id[name].product for name in self.machines]
        bus = np.array([places[0] for places in self.network.places.values()], np.intp)
        guard, ratio = self.guarded.guards(self.machines)
        time = self.guarded.clearing(guard, self.currents.initial[:, GREAT][:, bus] * ratio)
        time = np.where(np.isfinite(time), time, UNKNOWN_CLEARING)[self.network.bypass]
        rating, withstand = (_rated(sheets, name) for name in ("interrupting", "withstand"))
        current = _rated(sheets, "rating")
        problem, none = self.network.problem, np.full(len(sheets), np.inf)
        # the factor n from withstand to peak is that of the making capacities (IEC 61439-1 table 7, as quoted)
        peak = making_capacity(withstand, problem.bus_voltage[bus], problem.frequency)
        seconds = np.array([getattr(sheet, "withstand_time", 1.0) for sheet in sheets])
        assembly = DeviceRatings(none, peak, withstand, seconds, none)
        breakers = self._breakers(rating, current, bus)
        return self._meet(breakers, bus, UNKNOWN_CLEARING), self._meet(assembly, bus, time)

    def _breakers(self, rating: Array, frame: Array, bus: Index) -> DeviceRatings:
        """Breakers by the power factor of their test after UL and ANSI, by their making capacity after IEC."""
        voltage, none = self.network.problem.bus_voltage[bus], np.full(rating.shape, np.inf)
        test, making = none, making_capacity(rating, voltage, self.network.problem.frequency)
        if american(self.basis.facility):
            low = voltage <= LOW_VOLTAGE
            power_breaker = x_over_r(C37_13_TEST_POWER_FACTOR["unfused"])
            test = np.where(low, np.where(frame > MOULDED, power_breaker, ul489_test_ratio(rating)), np.inf)
            making = np.where(low, np.inf, making)
        return DeviceRatings(rating, making, none, np.ones(rating.shape), test)

    def _meet(self, ratings: DeviceRatings, bus: Index, time: Array | float) -> Duties:
        great = (self.currents.initial, self.currents.peak, self.currents.kappa)
        initial, peak, kappa = (table[self.network.bypass, GREAT][:, bus] for table in great)
        return device_duties(ratings, initial, peak, kappa, time, frequency=self.network.problem.frequency)

    def protection(self) -> Table:
        """What every breaker of the layout meets and does."""
        every = self.basis.facility.feeds
        chosen = [every[i] for i in self.feeds]
        devices = [device for i in self.feeds if (device := self.guarded.devices[i]) is not None]
        index = np.array(self.feeds, np.intp)
        bus = self.network.start[index]
        rating = np.array([interrupting(self.basis.facility, feed) for feed in chosen], float)
        duties = self._meet(self._breakers(rating, _frames(devices), bus), bus, UNKNOWN_CLEARING)
        duty = np.maximum(duties.interrupting, duties.making).max(axis=0, initial=0.0)
        initial = self.currents.initial[:, GREAT][:, bus]
        unrated = (duties.multiplier * initial[self.network.bypass]).max(axis=0, initial=0.0)
        prospective = initial.max(axis=0, initial=0.0)
        known = np.isfinite(rating)
        smallest = self.currents.line_ground[:, SMALL]
        # an inverter alone lets its voltage collapse, which protects in place of disconnection
        # (IEC 60364-4-41 clause 411.3.2.5, as quoted)
        earth, fast = self._far(smallest), self._far(smallest[self.network.bypass])
        pickup = np.array([device.instantaneous for device in devices], float)
        times = self.guarded.clearing(index, fast)
        limit = self.selective[0][index]
        return Table(
            tuple(f"{feed.to}.{feed.terminal}" for feed in chosen),
            {
                "prospective": prospective,
                "interrupting_needed": np.where(known, duty * np.where(known, rating, 0.0), unrated),
                "interrupting": duty,
                "earth_min": earth,
                "earth_over_pickup": earth / pickup,
                "disconnection": np.where(fast > 0, np.minimum(times, NEVER), 0.0),
                "selective": np.divide(limit, prospective, out=np.ones_like(limit), where=prospective > 0),
            },
        )

    def _far(self, currents: Array) -> Array:
        """(n,) smallest of some (S, B) currents at the far end of every circuit with a breaker. [A]"""
        facility, low = self.basis.facility, _smallest(currents)
        found = np.zeros(len(self.feeds))
        for row, index in enumerate(self.feeds):
            name = facility.feeds[index].to
            busway = facility.by_id[name].kind == "busway"
            ends = self.network.places[name] if busway else (int(self.network.end[index]),)
            found[row] = low[list(ends)].min()
        return found


def _smallest(currents: Array) -> Array:
    """(B,) smallest current of the states in which a bus is fed; 0 where there is none."""
    low = np.where(currents > 0, currents, np.inf).min(axis=0)
    return np.where(np.isfinite(low), low, 0.0)


def _rated(sheets: list[Any], name: str) -> Array:
    """A rating of every sheet, inf where it has none."""
    return np.array([getattr(sheet, name, None) or np.inf for sheet in sheets])


def _frames(devices: list[Device]) -> Array:
    return np.array([device.rating for device in devices], float)
