"""Where a subject is: hall, pod and row, a point to look at, and the line that made it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from twin.model.base import Mark
from twin.model.facility import Facility, Feed, Machine, Run, Shell, Zone


@dataclass(frozen=True)
class Place:
    """Where to look, on the site and in the text."""

    name: str = ""
    position: tuple[float, float, float] | None = None
    mark: Mark | None = None


def feed_name(feed: Feed) -> str:
    """A feed's subject: the machine it feeds and the input."""
    return f"{feed.to}.{feed.terminal}"


def hall_name(hall: str | None) -> str:
    """A hall's subject; the single hall of a file bears no name of its own."""
    return hall or "hall"


class Places:
    """Subjects of a facility by name: machines, feeds, loops, halls, pods, rows, groups and the site."""

    def __init__(self, facility: Facility) -> None:
        self._facility = facility
        self._machines: dict[str, Machine] = dict(facility.by_id)
        for feed in facility.feeds:
            self._machines.setdefault(feed_name(feed), facility.by_id[feed.to])
        for machine in reversed(facility.machines):
            self._machines.setdefault(machine.group, machine)
        self._feeds = {feed_name(feed): feed.mark for feed in facility.feeds}
        self._others = dict(self._surroundings())

    def machine(self, subject: str) -> str:
        """Id of the machine behind a subject (a feed's load, a group's first), empty if there is none."""
        found = self._machines.get(subject)
        return found.id if found else ""

    def of(self, subject: str) -> Place:
        """Place of a subject; the layout file alone for what has none."""
        machine = self._machines.get(subject)
        if machine is not None and (machine.id == subject or subject not in self._others):
            return Place(_path(machine), machine.center, self._feeds.get(subject, machine.mark))
        return self._others.get(subject) or Place("", None, Mark(file=self._facility.file, line=0))

    def _surroundings(self) -> Iterator[tuple[str, Place]]:
        for shell in self._facility.halls:
            yield hall_name(shell.id), _hall(shell)
        for zone in self._facility.zones:
            yield zone.id, _zone(zone, self._facility)
        for run in self._facility.runs:
            yield run.id, _run(run)
        for circuit in self._facility.circuits:
            members = circuit.sinks or circuit.sources or circuit.pumps
            machine = self._facility.by_id[members[0]] if members else None
            position = machine.center if machine else None
            yield circuit.id, Place(_path(machine) if machine else "", position, circuit.mark)
        for tray in self._facility.trays:
            yield tray.id, Place("", None, tray.mark)


def _path(machine: Machine) -> str:
    """``h1 / p2 / s`` of a machine in row h1.p2.s."""
    if machine.hall is None:
        return ""
    return _joined(machine.hall, machine.pod, machine.row)


def _joined(hall: str, *inner: str | None) -> str:
    parts, outer = [hall_name(hall)], hall
    for name in inner:
        if name:
            parts.append(name.removeprefix(f"{outer}.") if outer else name)
            outer = name
    return " / ".join(parts)


def _hall(shell: Shell) -> Place:
    x, y = shell.origin
    east, north, up = shell.size
    return Place(hall_name(shell.id), (x + east / 2, y + north / 2, up / 2), shell.mark)


def _run(run: Run) -> Place:
    x, y = run.origin
    east, north = (run.length, run.depth) if run.axis == "x" else (run.depth, run.length)
    return Place(_joined(run.hall, run.pod, run.id), (x + east / 2, y + north / 2, 1.0), run.mark)


def _zone(zone: Zone, facility: Facility) -> Place:
    rows = [run for run in facility.runs if run.id in zone.rows]
    position = _run(rows[0]).position if rows else None
    return Place(_joined(zone.hall, zone.id), position, zone.mark)
