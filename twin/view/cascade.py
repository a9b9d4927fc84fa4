"""What follows from a state, step by step in the order of cause and effect: the one account for page and window."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.model.air_classes import CLASSES
from twin.model.facility import Facility
from twin.model.products import Rack
from twin.results.results import Array, Results
from twin.scenario import Scenario
from twin.view.evaluated import Evaluated
from twin.view.web.words import text

Mask = NDArray[np.bool_]
Names = list[tuple[str, ...]]

FULL = 1.0 + 1e-9
"""Load over rating above which a machine counts as overloaded."""
SLOW = 1.0 - 1e-6
"""Power over demand below which a rack counts as throttled."""
RISE = 0.02
"""Rise of a load over rating, from the normal state, that is told."""
_NAMED = 3  # names in a step
_SORTS = {
    "power": ("power machine", "power machines"),
    "cdu": ("CDU", "CDUs"),
    "crah": ("air handler", "air handlers"),
    "plant": ("plant machine", "plant machines"),
    "pump": ("pump", "pumps"),
}
_RACKS = ("rack", "racks")


@dataclass(frozen=True)
class Step:
    """What happens next, and to what."""

    text: str
    names: tuple[str, ...] = ()


def cascade(facility: Facility, results: Results, scenario: int) -> tuple[Step, ...]:
    """What follows from a state; nothing from the normal one."""
    if results.scenarios[scenario].normal:
        return ()
    normal = [row for row, state in enumerate(results.scenarios) if state.normal][:1]
    effects = Effects(Evaluated(facility, results, (*normal, scenario)))
    return tuple(effects.cascade(len(normal), results.scenarios[scenario]))


class Effects:
    """What the tables tell of the states: names by state, worst first."""

    def __init__(self, source: Evaluated) -> None:
        self.source = source
        normal = (i for i, row in enumerate(source.rows) if source.results.scenarios[row].normal)
        self.normal = next((i for i in normal if source.settled[i]), None)
        self.inlets = source.shown("rack.inlet_temperature")
        self.loads = {table: source.shown(f"{table}.loading") for table in _SORTS}
        throttle = source.shown("rack.throttle")
        self.dark = self._where("rack", self._off("rack", "served"))
        self.dry = self._where("rack", self._dry())
        self.slow = self._where("rack", None if throttle is None else throttle < SLOW, throttle)
        self.hot = self._where("rack", self._hot(), self.inlets, falling=True)
        power = self.loads["power"]
        self.over = self._where("power", None if power is None else power > FULL, power, falling=True)
        self.still = {table: self._where(table, self._off(table, "live")) for table in _SORTS}
        self.risen = {
            table: self._where(table, self._risen(table), self.loads[table], falling=True) for table in _SORTS
        }
        self.trips = _trips(source)

    def hottest(self, index: int) -> str:
        """Warmest rack inlet with its unit."""
        if self.inlets is None or not np.isfinite(self.inlets[index]).any():
            return ""
        return text(float(np.nanmax(self.inlets[index])), "temperature")

    def cascade(self, index: int, scenario: Scenario) -> Iterator[Step]:
        """What happens, in the order of cause and effect."""
        out = set(scenario.out)
        if scenario.day and scenario.outdoor:
            dry, wet = (
                text(value, "temperature") for value in (scenario.outdoor.dry_bulb, scenario.outdoor.wet_bulb)
            )
            yield Step(f"Evaporation design day: dry bulb {dry}, wet bulb {wet}")
        if scenario.failed:
            yield Step(f"{_few(scenario.failed)} lost", scenario.failed)
        if scenario.maintained:
            yield Step(f"{_few(scenario.maintained)} in maintenance", scenario.maintained)
        if not self.source.settled[index]:
            yield Step("No steady state follows")
            return
        dead = [name for name in self._new(self.still["power"], index) if name not in out]
        if dead:
            yield Step(f"{_count(dead, _SORTS['power'])} without power: {_few(dead)}", tuple(dead))
        yield from self._moved(index)
        for number, names in self.trips.get(frozenset(out), {}).items():
            yield Step(f"Trips on overload, step {number}: {_few(names)}", tuple(names))
        yield from self._effects(index, out)

    def _moved(self, index: int) -> Iterator[Step]:
        """Whose load rises, and who is overloaded by it."""
        for table, sort in _SORTS.items():
            risen = self.risen[table][index]
            if risen:
                most = text(self._load(table, index, risen[0]), "fraction")
                yield Step(f"Load rises on {_count(risen, sort)}, up to {most}: {_few(risen)}", tuple(risen))
        over = self._new(self.over, index)
        if over:
            yield Step(f"{_count(over, _SORTS['power'])} above rating: {_few(over)}", tuple(over))

    def _effects(self, index: int, out: set[str]) -> Iterator[Step]:
        """What stops, and what becomes of racks."""
        for table, sort in list(_SORTS.items())[1:]:
            still = [name for name in self._new(self.still[table], index) if name not in out]
            if still:
                yield Step(f"{_count(still, sort)} out of service: {_few(still)}", tuple(still))
        for found, words in (
            (self.dark, "without power"),
            (self.dry, "without coolant"),
            (self.slow, "below the power asked for"),
            (self.hot, "with inlet air above what the class allows"),
        ):
            names = self._new(found, index)
            if names:
                yield Step(f"{_count(names, _RACKS)} {words}: {_few(names)}", tuple(names))

    def _new(self, found: Names, index: int) -> list[str]:
        """What the normal state does not have as well."""
        before = set() if self.normal is None else set(found[self.normal])
        return [name for name in found[index] if name not in before]

    def _load(self, table: str, index: int, name: str) -> float:
        loads = self.loads[table]
        return (
            float(loads[index, self.source.results.tables[table].index(name)]) if loads is not None else 0.0
        )

    def _where(
        self, table: str, mask: Mask | None, order: Array | None = None, *, falling: bool = False
    ) -> Names:
        """Names where a mask holds in every state, in the order of some values."""
        if mask is None:
            return [()] * len(self.source.rows)
        ids = self.source.results.tables[table].ids
        found: dict[int, list[int]] = defaultdict(list)
        for row, column in zip(*(part.tolist() for part in np.nonzero(mask)), strict=True):
            found[row].append(column)
        if order is not None:
            for row, columns in found.items():
                columns.sort(key=order[row].tolist().__getitem__, reverse=falling)
        return [tuple(ids[column] for column in found.get(row, ())) for row in range(len(mask))]

    def _off(self, table: str, flag: str) -> Mask | None:
        values = self.source.values(table, flag)
        return None if values is None else (values <= 0) & self.source.settled[:, None]

    def _risen(self, table: str) -> Mask | None:
        loads = self.loads[table]
        if loads is None or self.normal is None:
            return None
        return np.asarray(loads > np.nan_to_num(loads[self.normal]) + RISE)

    def _dry(self) -> Mask | None:
        """Racks with power whose coolant stands still."""
        flow, needed = (
            self.source.values("rack", "liquid_flow"),
            self.source.values("rack", "liquid_required"),
        )
        served = self.source.values("rack", "served")
        if flow is None or needed is None or served is None:
            return None
        return np.asarray((flow <= 0) & (needed > 0) & (served > 0) & self.source.settled[:, None])

    def _hot(self) -> Mask | None:
        """Racks whose inlet is above the allowable range of their class (rule AIR-001)."""
        if self.inlets is None:
            return None
        known, elevation = self.source.facility.by_id, self.source.facility.place.elevation
        highest = np.full(self.inlets.shape[1], np.inf)
        for column, name in enumerate(self.source.results.tables["rack"].ids):
            product = known[name].product if name in known else None
            if isinstance(product, Rack):
                highest[column] = CLASSES[product.air_class].highest(elevation)
        return np.asarray(self.inlets > highest)


def _trips(source: Evaluated) -> dict[frozenset[str], dict[int, list[str]]]:
    """What trips step by step, by what is out of service: as far as the study of redundancy tells."""
    answer = source.results.answers.get("redundancy", {})
    found: dict[frozenset[str], dict[int, list[str]]] = {}
    for name in ("losses", "pair_losses"):
        for loss in answer.get(name, ()):
            steps: dict[int, list[str]] = defaultdict(list)
            for trip in loss.get("trips", ()):
                steps[int(trip["step"])].append(str(trip["what"]))
            if steps:
                found.setdefault(frozenset(loss.get("out", ())), dict(sorted(steps.items())))
    return found


def _few(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def _count(names: Sequence[str], sort: tuple[str, str]) -> str:
    return f"{len(names)} {sort[len(names) != 1]}"
