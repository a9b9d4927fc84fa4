"""Selectors: how one part of a layout names others.

===================  =========================================================================
``ups.A1``           the thing with this id
``tx*``, ``p?.s``    every thing whose id fits the pattern (``*`` also spans dots)
``ups``, ``p1.s``    a group: everything written as ``ups``, and every id that begins ``ups.``
``type:gb300_*``     by product name
``kind:cdu``         by kind of product
``pod:p*``           by pod, ``row:p1.*`` by row, ``hall:h1`` by hall
===================  =========================================================================

A selector written inside a hall block is first read with the hall's name left out, among the things of that
hall; only if nothing there fits, among the hall and what all halls share, by full names.  At the top level of
a file it sees everything by full names.  A selector that matches nothing is a mistake.
"""

from __future__ import annotations

import re
import weakref
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from fnmatch import translate
from itertools import chain

from twin.layout.mistakes import did_you_mean, one_of, quote
from twin.model.facility import Facility, Machine, Run
from twin.model.names import Selectors

ATTRIBUTES = ("type", "kind", "pod", "row", "hall")
"""Words that may stand before the colon of a selector."""


_INSIDE = {
    "rear_door": 'rear doors come with their racks (rear_door: of a row); name the racks: write "kind:rack"',
    "pod": 'pods are no machines: write "pod:*"',
    "row": 'rows are no machines: write "row:*"',
    "hall": 'halls are no machines: write "hall:*"',
}
"""Words that are no kind of machine, and what to write for what somebody means by them."""


class NoMatch(ValueError):
    """A selector that names nothing; the message is one line and shows what is near."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A thing under the names by which it can be selected."""

    id: str
    """Full id."""
    name: str
    """Id in the scope of the selector."""
    group: str | None = None
    type: str | None = None
    kind: str | None = None
    pod: str | None = None
    row: str | None = None
    hall: str | None = None

    def inside(self) -> Entry:
        """The same thing under the names it has inside its hall."""
        cut = self._cut
        return replace(
            self, name=cut(self.id) or "", group=cut(self.group), pod=cut(self.pod), row=cut(self.row)
        )

    def _cut(self, name: str | None) -> str | None:
        return name.removeprefix(f"{self.hall}.") if name is not None and self.hall else name


def machine_entry(machine: Machine) -> Entry:
    """A machine under its names."""
    return Entry(
        machine.id,
        machine.id,
        machine.group,
        machine.type,
        machine.kind,
        machine.pod,
        machine.row,
        machine.hall,
    )


def row_entry(run: Run) -> Entry:
    """A row under its names."""
    return Entry(run.id, run.id, pod=run.pod, row=run.id, hall=run.hall)


class Directory:
    """Things by name, in the order of the layout, seen from any hall."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._all = _Pool(tuple(entries))
        self._inside: dict[str, _Pool] = {}
        self._reach: dict[str, _Pool] = {}

    def find(self, selector: str, hall: str | None = None) -> tuple[str, ...]:
        """Ids of what one selector matches as seen from ``hall`` (from the top level without one).

        Raises
        ------
        NoMatch
            If that is nothing.
        """
        if not hall:
            return self._all.find(selector) or self._fail(selector, self._all)
        inside = self._pool(self._inside, hall, lambda entry: entry.hall == hall, Entry.inside)
        reach = self._pool(
            self._reach, hall, lambda entry: entry.hall in (hall, None, ""), lambda entry: entry
        )
        return inside.find(selector) or reach.find(selector) or self._fail(selector, inside)

    def _pool(
        self,
        pools: dict[str, _Pool],
        hall: str,
        keep: Callable[[Entry], bool],
        view: Callable[[Entry], Entry],
    ) -> _Pool:
        if hall not in pools:
            pools[hall] = _Pool(tuple(view(entry) for entry in self._all.entries if keep(entry)))
        return pools[hall]

    def _fail(self, selector: str, pool: _Pool) -> tuple[str, ...]:
        near = pool.suggest(selector)
        raise NoMatch(f"{quote(selector)} matches nothing" + (f"; {near}" if near else ""))


class _Pool:
    """Entries with indices over their names."""

    def __init__(self, entries: tuple[Entry, ...]) -> None:
        self.entries = entries
        self._places: dict[str, int] = {entry.name: place for place, entry in enumerate(entries)}
        self._groups = self._index_groups()
        self._attributes: dict[str, dict[str, list[int]]] = {}
        self._found: dict[str, tuple[str, ...]] = {}

    def find(self, selector: str) -> tuple[str, ...]:
        if selector not in self._found:
            self._found[selector] = tuple(self.entries[place].id for place in self._search(selector))
        return self._found[selector]

    def suggest(self, selector: str) -> str:
        word, colon, pattern = selector.partition(":")
        if not colon:
            return did_you_mean(selector, chain(self._groups, self._places))
        if word not in ATTRIBUTES:
            return did_you_mean(word, ATTRIBUTES) or one_of(ATTRIBUTES)
        if word == "kind" and pattern in _INSIDE:
            return _INSIDE[pattern]
        values = sorted(self._by(word))
        near = did_you_mean(pattern.replace("*", ""), values)
        return near.replace('"', f'"{word}:', 1) if near else one_of(values, 10) if values else ""

    def _search(self, selector: str) -> Sequence[int]:
        word, colon, pattern = selector.partition(":")
        if colon:
            index = self._by(word) if word in ATTRIBUTES else {}
            fits = _fitting(pattern)
            return sorted(chain.from_iterable(places for value, places in index.items() if fits(value)))
        if _is_pattern(selector):
            fits = _fitting(selector)
            return [place for name, place in self._places.items() if fits(name)]
        if selector in self._places:
            return (self._places[selector],)
        return self._groups.get(selector, ())

    def _by(self, attribute: str) -> dict[str, list[int]]:
        if attribute not in self._attributes:
            index: dict[str, list[int]] = {}
            for place, entry in enumerate(self.entries):
                if (value := getattr(entry, attribute)) is not None:
                    index.setdefault(value, []).append(place)
            self._attributes[attribute] = index
        return self._attributes[attribute]

    def _index_groups(self) -> dict[str, list[int]]:
        groups: dict[str, list[int]] = {}
        for place, entry in enumerate(self.entries):
            names = {entry.group} if entry.group else set()
            stem = entry.name
            while "." in stem:
                stem = stem.rpartition(".")[0]
                names.add(stem)
            for name in sorted(names):
                groups.setdefault(name, []).append(place)
        return groups


def as_tuple(selectors: Selectors | None) -> tuple[str, ...]:
    """One selector or several as a tuple."""
    if selectors is None:
        return ()
    return (selectors,) if isinstance(selectors, str) else tuple(selectors)


def matching(facility: Facility, selectors: Selectors) -> tuple[str, ...]:
    """Ids of the machines that selectors written at the top level match, in the order written, each once.

    Raises
    ------
    NoMatch
        (a ValueError) If one of them matches nothing; never for the selectors of a loaded layout.
    """
    return _union(_directory(facility, "machines"), selectors)


def subjects(facility: Facility, selectors: Selectors) -> tuple[str, ...]:
    """Ids of what selectors match among all a finding can be about: machines, loops, pods, rows, halls ...

    Raises
    ------
    NoMatch
        (a ValueError) If one of them matches nothing; never for the selectors of a loaded layout.
    """
    return _union(_directory(facility, "subjects"), selectors)


def subject_entries(facility: Facility) -> Iterable[Entry]:
    """Everything a finding can be about, under its names."""
    yield from map(machine_entry, (*facility.machines, *facility.doors))
    yield from map(row_entry, facility.runs)
    for zone in facility.zones:
        yield Entry(zone.id, zone.id, pod=zone.id, hall=zone.hall)
    for hall in facility.halls:
        yield Entry(hall.id, hall.id, hall=hall.id)
    names = [circuit.id for circuit in facility.circuits] + [tray.id for tray in facility.trays]
    yield from (Entry(name, name) for name in names)


def _union(directory: Directory, selectors: Selectors) -> tuple[str, ...]:
    return tuple(
        dict.fromkeys(chain.from_iterable(directory.find(selector) for selector in as_tuple(selectors)))
    )


_known: list[tuple[weakref.ref[Facility], str, Directory]] = []  # of the last facility asked about


def _directory(facility: Facility, what: str) -> Directory:
    for reference, known, directory in _known:
        if reference() is facility and known == what:
            return directory
    machines = map(machine_entry, (*facility.machines, *facility.doors))
    directory = Directory(machines if what == "machines" else subject_entries(facility))
    _known[:] = [known for known in _known if known[0]() is facility] + [
        (weakref.ref(facility), what, directory)
    ]
    return directory


def _is_pattern(text: str) -> bool:
    return any(character in text for character in "*?[")


def _fitting(pattern: str) -> Callable[[str], object]:
    return re.compile(translate(pattern)).match
