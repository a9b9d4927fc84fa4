"""Whips: the final circuits from busways, panels, switchboards and sidecars to the loads.

For every load and feed the sources are looked for near the load first:

1. along or in its own row: busways are dealt to the loads of the row, machines standing in the row (a power
   sidecar) serve the loads nearest to them;
2. in its pod: the nearest;
3. in its hall (or shared): dealt to the loads of the hall.

``deal`` other than ``block`` replaces "nearest" by dealing.  A circuit has one source, so where there are
more sources than loads some stay unused; only ``common`` puts sources in parallel.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from math import dist, inf

from twin.layout.document import Path
from twin.layout.draft import Block, Draft
from twin.layout.mistakes import one_of, quote
from twin.layout.wires import SUPPLIERS, Wires, dealt_ids, in_reach
from twin.model.facility import Machine
from twin.model.language import Phases, Whip

Spot = tuple[float, float]
LOADS = (
    "rack", "cdu", "crah", "dry_cooler", "cooling_tower", "chiller", "thermosyphon", "pump", "rectifier", "pdu",
    "rear_door",
)  # fmt: skip
"""Kinds that whips feed."""
SINGLE_INPUT = ("pdu",)
"""Of these, the kinds with one input whatever the feed."""


def wire_whip(wires: Wires, block: Block, whip: Whip, path: Path) -> None:
    """Draw the feeds of all loads of a whip."""
    draft = wires.draft
    loads = draft.select(whip.to, (*path, "to"), block, LOADS, "load")
    # a passive door draws nothing, whatever selector it shares with others
    loads = [load for load in loads if load.kind != "rear_door" or any(load.product.electrical())]
    candidates = draft.select(whip.from_, (*path, "from"), block, SUPPLIERS, "source of power")
    cable = draft.product(whip.cable, (*path, "cable"), ("cable",)) if whip.cable is not None else None
    feeds: tuple[str, ...] = whip.feeds or ("",)
    if whip.per_rack % len(feeds):
        message = f"{whip.per_rack} circuits do not divide over {len(feeds)} feeds"
        draft.complain((*path, "per_rack"), f"{message}; write a multiple of {len(feeds)}")
        return
    if len(set(feeds)) < len(feeds):
        draft.complain((*path, "feeds"), "a feed is named twice")
        return
    sources: list[list[tuple[str, ...]]] = []
    for side, feed in enumerate(feeds):
        fed = _of_feed(draft, candidates, feed, (*path, "feeds"))
        sources.append(_Chooser(draft, whip, path, side).choose(loads, fed))
    circuits = whip.per_rack // len(feeds)
    if (turn := _phase_turn(draft, whip, loads, path)) is None:
        return
    deal_phases = _Phases(turn)
    for load, *chosen in zip(loads, *sources, strict=True):
        for feed, ids in zip(feeds, chosen, strict=True):
            if ids:
                terminal = _terminal(draft, load, feed, feeds, path)
                wires.connect(
                    load,
                    terminal,
                    ids,
                    path,
                    circuits=circuits,
                    phases=deal_phases.next(ids, circuits),
                    breaker=whip.breaker,
                    poles=whip.poles,
                    rated_100=whip.rated_100,
                    interrupting=whip.interrupting,
                    trip=whip.trip,
                    cable=cable,
                    length=whip.length,
                )


TURNS: dict[int, tuple[Phases, ...]] = {1: ("A", "B", "C"), 2: ("AB", "BC", "CA")}
"""Phases of circuits by their poles, in the order in which they are dealt."""


def _phase_turn(draft: Draft, whip: Whip, loads: Sequence[Machine], path: Path) -> tuple[Phases, ...] | None:
    """Phases to deal in turn, none for three poles and direct current; None, with a mistake, where they cannot be."""
    direct = any(getattr(load.product, "dc", False) for load in loads)
    usual: tuple[Phases, ...] = () if direct else TURNS.get(whip.poles, ())
    written = whip.phases
    if written is None or written == "balanced":
        return usual
    place = (*path, "phases")
    if not usual:
        what = "direct current has" if direct else "circuits of three poles have"
        draft.complain(
            place, f"{what} no phases to choose; leave phases away{'' if direct else ', or write poles: 1'}"
        )
        return None
    if written == "same":
        return usual[:1]
    chosen = (written,) if isinstance(written, str) else written
    if not chosen:
        draft.complain(place, f"no phase is named; write some of {', '.join(usual)}")
        return None
    for phase in chosen:
        if phase not in usual:
            poles = f"{whip.poles} pole{'s' if whip.poles > 1 else ''}"
            draft.complain(place, f"a circuit of {poles} cannot be on {phase}; {one_of(usual)}")
            return None
    return chosen


class _Phases:
    """Deals circuits of one and two poles to the phases of what they hang on, in turn."""

    def __init__(self, turn: tuple[Phases, ...]) -> None:
        self._turn = turn
        self._dealt: dict[tuple[str, ...], int] = {}

    def next(self, sources: tuple[str, ...], circuits: int) -> tuple[Phases, ...]:
        """Phases of the next circuits of a source; nothing for three poles."""
        if not self._turn:
            return ()
        first = self._dealt.get(sources, 0)
        self._dealt[sources] = first + circuits
        return tuple(self._turn[(first + number) % len(self._turn)] for number in range(circuits))


def _of_feed(draft: Draft, candidates: list[Machine], feed: str, path: Path) -> list[Machine]:
    """Candidates on one side; those without sides serve all."""
    if not feed or not any(machine.feed for machine in candidates):
        return candidates
    chosen = [machine for machine in candidates if machine.feed == feed]
    if not chosen:
        known = sorted({machine.feed for machine in candidates if machine.feed})
        draft.complain(path, f"nothing under from is on feed {quote(feed)}, only on {', '.join(known)}")
    return chosen


def _terminal(draft: Draft, load: Machine, feed: str, feeds: Sequence[str], path: Path) -> str:
    if load.kind not in SINGLE_INPUT:
        return f"in{feed}"
    if len(feeds) > 1:
        draft.complain((*path, "feeds"), f"{load.kind} {quote(load.id)} has one input; give it one feed")
    return "in"


class _Chooser:
    """Finds the sources of loads on one side of a whip."""

    def __init__(self, draft: Draft, whip: Whip, path: Path, side: int) -> None:
        self.draft, self.whip, self.path, self.side = draft, whip, path, side
        self._rows = {run.id: run for run in draft.runs}

    def choose(self, loads: Sequence[Machine], candidates: list[Machine]) -> list[tuple[str, ...]]:
        """Ids of the sources of each load; none if there are no candidates."""
        if not candidates:
            return [()] * len(loads)
        rows = _grouped(candidates, lambda machine: machine.row)
        pods = _grouped(candidates, lambda machine: machine.pod)
        chosen: list[tuple[str, ...]] = [()] * len(loads)
        parties: dict[tuple[str, str | None], list[int]] = {}
        for index, load in enumerate(loads):
            parties.setdefault(_party(load, rows, pods), []).append(index)
        for (place, name), members in parties.items():
            near = {"row": rows, "pod": pods}.get(place, {}).get(name)
            served = self._serve([loads[index] for index in members], near, candidates, name)
            for index, ids in zip(members, served, strict=False):
                chosen[index] = ids
        return chosen

    def _serve(
        self, loads: list[Machine], near: list[Machine] | None, candidates: list[Machine], hall: str | None
    ) -> list[tuple[str, ...]]:
        sources = in_reach(candidates, hall) if near is None else near
        along = near is not None and all(m.kind == "busway" and m.row == loads[0].row for m in near)
        if near is None or along or self.whip.deal != "block":
            dealt = dealt_ids(self.draft, self.whip.deal, sources, len(loads), self.side, self.path)
            return [ids[:1] for ids in dealt] if self.whip.deal == "block" else dealt
        nearest = _Nearest([(self._spot(machine), machine.id) for machine in sources])
        return [(nearest.to(load.center[:2]),) for load in loads]

    def _spot(self, machine: Machine) -> Spot:
        """Middle of a machine, or of the row along which a busway runs."""
        if machine.kind != "busway" or machine.row is None:
            return machine.center[:2]
        run = self._rows[machine.row]
        length, depth = (run.length, run.depth) if run.axis == "x" else (run.depth, run.length)
        return run.origin[0] + length / 2, run.origin[1] + depth / 2


class _Nearest:
    """The nearest of some named spots; of several as near, the first.

    Spots are sorted along the direction in which they spread most; the search from the place outward ends as
    soon as the distance in that direction alone exceeds the best.
    """

    def __init__(self, spots: Sequence[tuple[Spot, str]]) -> None:
        spread = [max(axis) - min(axis) for axis in zip(*(spot for spot, _ in spots), strict=True)]
        self._axis = spread.index(max(spread))
        ordered = enumerate(spots)
        self._spots = sorted((spot[self._axis], order, spot, name) for order, (spot, name) in ordered)
        self._keys = [key for key, *_ in self._spots]

    def to(self, place: Spot) -> str:
        """Name of the spot nearest to a place."""
        key = place[self._axis]
        start = bisect_left(self._keys, key)
        best: tuple[float, int, str] = (inf, 0, "")
        for way in (range(start, len(self._keys)), range(start - 1, -1, -1)):
            for index in way:
                near, order, spot, name = self._spots[index]
                if abs(near - key) > best[0] + 1e-6:
                    break
                best = min(best, (round(dist(spot, place), 6), order, name))
        return best[2]


def _party(
    load: Machine, rows: dict[str | None, list[Machine]], pods: dict[str | None, list[Machine]]
) -> tuple[str, str | None]:
    """Which loads share sources with this one: those of its row, pod or hall."""
    if load.row in rows:
        return "row", load.row
    return ("pod", load.pod) if load.pod in pods else ("hall", load.hall)


def _grouped(
    machines: Sequence[Machine], name: Callable[[Machine], str | None]
) -> dict[str | None, list[Machine]]:
    groups: dict[str | None, list[Machine]] = {}
    for machine in machines:
        if (key := name(machine)) is not None:
            groups.setdefault(key, []).append(machine)
    return groups
