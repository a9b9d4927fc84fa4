"""The states of a run: what is out of service in each, what follows from it, and step by step how."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from twin.model.air_classes import CLASSES
from twin.model.products import Rack
from twin.scenario import Scenario
from twin.view.web.document import State, Step
from twin.view.web.values import Source
from twin.view.web.words import text

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

FULL = 1.0 + 1e-9
"""Load over rating above which a machine counts as overloaded."""
SLOW = 1.0 - 1e-6
"""Power over demand below which a rack counts as throttled."""
_NAMED = 3  # names in a step
_COOLING = {"cdu": "CDUs", "crah": "air handlers", "plant": "plant machines", "pump": "pumps"}


def states(source: Source) -> tuple[State, ...]:
    """The states that are shown, in their order."""
    told = _Told(source)
    findings = Counter(f.scenario for f in source.verdict.findings if f.severity != "info" and not f.waived)
    made = []
    for index, row in enumerate(source.rows):
        scenario = source.results.scenarios[row]
        made.append(
            State(
                name=scenario.name,
                settled=bool(source.results.settled[row]),
                normal=scenario.normal,
                failed=source.register.known(scenario.failed),
                maintained=source.register.known(scenario.maintained),
                dark=len(told.dark[index]),
                throttled=len(told.slow[index]),
                overloaded=len(told.over[index]),
                hottest=told.hottest(index),
                findings=findings[scenario.name],
                cascade=() if scenario.normal else tuple(told.cascade(index, scenario)),
            )
        )
    return tuple(made)


class _Told:
    """What the tables tell of the states; lists of names, worst first, by state."""

    def __init__(self, source: Source) -> None:
        self.source, count = source, len(source.rows)
        normal = [i for i, row in enumerate(source.rows) if source.results.scenarios[row].normal]
        self.normal = next((i for i in normal if source.settled[i]), None)
        self.inlets = source.shown("rack.inlet_temperature")
        self.loads = source.shown("power.loading")
        throttle = source.shown("rack.throttle")
        self.dark = self._where("rack", self._off("rack", "served"))
        self.slow = self._where("rack", None if throttle is None else throttle < SLOW, throttle)
        self.over = self._where(
            "power",
            None if self.loads is None else self.loads > FULL,
            None if self.loads is None else -self.loads,
        )
        self.hot = self._where("rack", self._hot(), None if self.inlets is None else -self.inlets)
        self.dry = self._where("rack", self._dry())
        self.unpowered = self._where("power", self._off("power", "live"))
        self.idle = {table: self._where(table, self._off(table, "live")) for table in _COOLING}
        self.trips = _trips(source)
        assert len(self.dark) == count

    def hottest(self, index: int) -> str:
        """Warmest rack inlet with its unit."""
        if self.inlets is None or not np.isfinite(self.inlets[index]).any():
            return ""
        return text(float(np.nanmax(self.inlets[index])), "temperature")

    def cascade(self, index: int, scenario: Scenario) -> Iterator[Step]:
        """What happens, in the order of cause and effect."""
        out = set(scenario.out)
        if scenario.failed:
            yield self._step(f"{_few(scenario.failed)} lost", scenario.failed)
        if scenario.maintained:
            yield self._step(f"{_few(scenario.maintained)} in maintenance", scenario.maintained)
        if not self.source.settled[index]:
            yield Step(text="No steady state follows", things=())
            return
        over = self.over[index]
        if over:
            assert self.loads is not None
            worst = text(float(np.nanmax(self.loads[index])), "fraction")
            yield self._step(
                f"{_count(over, 'power machine')} above rating, up to {worst}: {_few(over)}", over
            )
        for number, names in self.trips.get(frozenset(out), {}).items():
            yield self._step(f"Trips on overload, step {number}: {_few(names)}", names)
        yield from self._effects(index, out)

    def _effects(self, index: int, out: set[str]) -> Iterator[Step]:
        unpowered = [name for name in self._new(self.unpowered, index) if name not in out]
        if unpowered:
            words = f"{_count(unpowered, 'power machine')} without power: {_few(unpowered)}"
            yield self._step(words, unpowered)
        for table, words in _COOLING.items():
            idle = [name for name in self._new(self.idle[table], index) if name not in out]
            if idle:
                yield self._step(f"{len(idle)} {words} stand still: {_few(idle)}", idle)
        for found, words in (
            (self.dark, "without power"),
            (self.dry, "without coolant"),
            (self.slow, "throttle"),
            (self.hot, "take in air above what their class allows"),
        ):
            names = self._new(found, index)
            if names:
                yield self._step(f"{_count(names, 'rack')} {words}: {_few(names)}", names)

    def _new(self, found: list[tuple[str, ...]], index: int) -> list[str]:
        """What the normal state does not have as well."""
        before = set() if self.normal is None else set(found[self.normal])
        return [name for name in found[index] if name not in before]

    def _step(self, words: str, names: Sequence[str]) -> Step:
        return Step(text=words, things=self.source.register.known(names))

    def _where(self, table: str, mask: Mask | None, order: Floats | None = None) -> list[tuple[str, ...]]:
        """Names where a mask holds in every state; those with the smallest ``order`` first."""
        if mask is None:
            return [()] * len(self.source.rows)
        ids = self.source.results.tables[table].ids
        found: dict[int, list[int]] = defaultdict(list)
        for row, column in zip(*(part.tolist() for part in np.nonzero(mask)), strict=True):
            found[row].append(column)
        if order is not None:
            for row, columns in found.items():
                columns.sort(key=order[row].__getitem__)
        return [tuple(ids[column] for column in found.get(row, ())) for row in range(len(mask))]

    def _off(self, table: str, flag: str) -> Mask | None:
        values = self.source.values(table, flag)
        return None if values is None else (values <= 0) & self.source.settled[:, None]

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
        with np.errstate(invalid="ignore"):
            return np.asarray(self.inlets > highest)


def _trips(source: Source) -> dict[frozenset[str], dict[int, list[str]]]:
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


def _count(names: Sequence[str], what: str) -> str:
    return f"{len(names)} {what}{'s' if len(names) > 1 else ''}"
