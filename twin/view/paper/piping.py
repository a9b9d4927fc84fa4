"""The piping diagram: loads on the left, loops and exchangers between, what rejects heat on the right.

Supply is blue and above, return is red and below.  Every loop tells fluid, flow, heat, temperatures, pressure and pumps;
every group of like machines how many there are and how full they are, in the normal state and in the worst one.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise

from twin.checks.wording import quantity
from twin.model.facility import Facility
from twin.results.results import Results
from twin.view import facts
from twin.view.paper import ink, layers, symbols, words
from twin.view.paper.in_line import SMALL, Pair, in_line
from twin.view.paper.layers import Net, Spot
from twin.view.paper.loops import Group, Loops, Piping, degrees, loop_node, piping, title

WIDE = 1120.0
MACHINE, LOOP, PASS = 132.0, 214.0, 20.0
"""Widths of a column of machines and of loops. [px]"""
HALF_MACHINE, HALF_LOOP, HALF_PASS = 44.0, 84.0, 14.0
"""Half of their heights. [px]"""
PIPE = {"machine": 9.0, "loop": 26.0, "passing": 9.0}
"""Distance of supply and return from the middle. [px]"""
TRACK, EDGE = 9.0, 9.0
OUT = 96.0
"""Room for what leaves on the right. [px]"""
SIZE = 10.5
MARGIN = 14.0


@dataclass(frozen=True)
class _Pipe:
    """One pair of pipes between two layers."""

    loop: str
    near: str
    far: str
    to_loads: bool
    """On the side of the loop's sinks."""


@dataclass
class _Art:
    made: Piping
    spots: dict[str, Spot]
    pipes: list[_Pipe]
    left: dict[int, float]
    """Left edge of every layer. [px]"""
    sheet: ink.Sheet


def svg(facility: Facility, results: Results) -> str:
    """The diagram as SVG text; empty without loops or without a steady normal state."""
    made = drawing(facility, results)
    return made.svg() if made else ""


def drawing(facility: Facility, results: Results) -> ink.Sheet | None:
    """The diagram; None without loops or without a steady normal state."""
    made = piping(facility, results, facts.normal_row(results))
    if made is None:
        return None
    spots = {name: _spot(name, layer) for name, layer in made.layer.items()}
    edges = _edges(made)
    chains = layers.arrange(spots, [(near, far) for near, far, _, _ in edges])
    pipes = []
    for (_, _, loop, to_loads), chain in zip(edges, chains, strict=True):
        pipes += [_Pipe(loop, a, b, to_loads) for a, b in pairwise(chain)]
    for spot in spots.values():
        spot.at += MARGIN
    sheet = ink.Sheet(WIDE, 0.0, "Piping diagram of the liquid loops", "piping")
    art = _Art(made, spots, list(dict.fromkeys(pipes)), {}, sheet)
    _draw(art)
    return sheet


def _spot(name: str, layer: int) -> Spot:
    half = HALF_LOOP if name.startswith("loop:") else HALF_MACHINE
    return Spot(name, layer, half, half)


def _edges(made: Piping) -> list[tuple[str, str, str, bool]]:
    """Near end, far end, loop, and whether the near one is a load of it."""
    found = []
    for group in made.groups.values():
        found += [(group.id, loop_node(name), name, True) for name in group.sink_of]
        found += [(loop_node(name), group.id, name, False) for name in group.source_of]
    return found


def _draw(art: _Art) -> None:
    last = max(spot.layer for spot in art.spots.values())
    nets = {layer: _nets(art, layer) for layer in range(last)}
    track = {layer: layers.tracks(listed) for layer, listed in nets.items()}
    gaps = {layer: 2 * EDGE + TRACK * max([0, *track[layer].values()]) for layer in nets}
    natural = sum(_width(art, layer) for layer in range(last + 1)) + sum(gaps.values()) + OUT + 2 * MARGIN
    spare = max(WIDE - natural, 0.0) / max(len(gaps), 1)
    x = MARGIN
    for layer in range(last + 1):
        art.left[layer] = x
        x += _width(art, layer)
        if layer < last:
            for net in nets[layer]:
                _net(
                    art,
                    net,
                    (x, x + EDGE + spare / 2 + TRACK * max(track[layer][net.id], 0), x + gaps[layer] + spare),
                )
            x += gaps[layer] + spare
    art.sheet.wide = max(x + OUT + MARGIN, WIDE)
    for spot in art.spots.values():
        if spot.passing:
            _passing(art, spot)
        elif spot.id.startswith("loop:"):
            _loop(art, spot, art.made.loops[spot.id.removeprefix("loop:")])
        else:
            _machines(art, spot, art.made.groups[spot.id])
    high = max(spot.at + spot.after for spot in art.spots.values())
    art.sheet.high = _legend(art, high + 8.0)


def _width(art: _Art, layer: int) -> float:
    here = [spot for spot in art.spots.values() if spot.layer == layer]
    if any(spot.id.startswith("loop:") for spot in here):
        return LOOP
    return MACHINE if any(not spot.passing for spot in here) else PASS


def _offset(spot: Spot) -> float:
    return PIPE["passing" if spot.passing else "loop" if spot.id.startswith("loop:") else "machine"]


def _nets(art: _Art, layer: int) -> list[Net]:
    """Supply and return of every loop between two layers; ``s`` and ``r`` begin their names."""
    pins: dict[tuple[str, str], tuple[set[str], set[str]]] = defaultdict(lambda: (set(), set()))
    for pipe in art.pipes:
        if art.spots[pipe.near].layer == layer:
            near, far = pins[pipe.loop, pipe.far if pipe.to_loads else pipe.near]
            near.add(pipe.near)
            far.add(pipe.far)
    found = []
    for (loop, hub), (near, far) in pins.items():
        for letter, sign in (("s", -1.0), ("r", 1.0)):
            ends = [
                tuple(sorted(art.spots[n].at + sign * _offset(art.spots[n]) for n in names))
                for names in (near, far)
            ]
            found.append(Net(f"{letter}{loop}\0{hub}", ends[0], ends[1]))
    return found


def _net(art: _Art, net: Net, levels: tuple[float, float, float]) -> None:
    """Draw one pipe with its branches between two layers."""
    start, across, end = levels
    tint = "supply" if net.id.startswith("s") else "return"
    for y in net.near:
        art.sheet.line((start, y), (across, y), ink=tint, wide=2.0)
    for y in net.far:
        art.sheet.line((across, y), (end, y), ink=tint, wide=2.0)
    art.sheet.line((across, net.low - 1.0), (across, net.high + 1.0), ink=tint, wide=2.0)


def _passing(art: _Art, spot: Spot) -> None:
    x = art.left[spot.layer]
    for sign, tint in ((-1.0, "supply"), (1.0, "return")):
        y = spot.at + sign * PIPE["passing"]
        art.sheet.line((x, y), (x + _width(art, spot.layer), y), ink=tint, wide=2.0)


def _machines(art: _Art, spot: Spot, group: Group) -> None:
    sheet, x, y = art.sheet, art.left[spot.layer], spot.at
    middle, machine = x + MACHINE / 2, group.machines[0]
    for sign, tint in ((-1.0, "supply"), (1.0, "return")):
        at = y + sign * PIPE["machine"]
        if group.source_of:
            sheet.line((x, at), (middle - 18.0, at), ink=tint, wide=2.0)
        if group.sink_of:
            sheet.line((middle + 18.0, at), (x + MACHINE, at), ink=tint, wide=2.0)
    if group.sink_of and machine.kind != "heat_exchanger":
        symbols.valve(sheet, middle + 40.0, y + PIPE["machine"], "return")
    symbols.thermal(sheet, machine.kind, middle, y)
    kinds = {m.type for m in group.machines}
    name = (
        words.counted(group.machines)
        if len(kinds) == 1
        else f"{len(group.machines):,} {words.kind(machine.kind)}"
    )
    sheet.text(middle, y + 29.0, name, size=SIZE, bold=True, anchor="middle", room=MACHINE)
    _fullness(art, middle, y, group)
    if machine.kind == "crah":
        _air(art, x, y, group)
    if group.source_of and not group.sink_of:
        _outdoors(art, x + MACHINE, y, group)


def _fullness(art: _Art, middle: float, y: float, group: Group) -> None:
    load, sheet = art.made.load(group), art.sheet
    if load is not None and load.normal:
        plain = load.tone == "good"
        sheet.text(
            middle, y + 41.0, f"load {load.normal} → {load.most}", size=SMALL, anchor="middle", room=MACHINE,
            ink="soft" if plain else load.tone, bold=load.tone == "bad",
        )  # fmt: skip
        return
    if group.machines[0].kind == "rack":
        heat = sum(art.made.values("rack", "liquid_heat", [m.id for m in group.machines]))
        sheet.text(
            middle,
            y + 41.0,
            f"{quantity(heat, 'power', digits=4)} into liquid",
            size=SMALL,
            anchor="middle",
            ink="soft",
            room=MACHINE,
        )


def _air(art: _Art, x: float, y: float, group: Group) -> None:
    """Air of the halls through the air handlers."""
    halls = list(dict.fromkeys(m.hall or "hall" for m in group.machines))
    warm, cold = (
        art.made.span("hall", what, halls or ["hall"], "temperature") for what in ("return", "supply")
    )
    if warm and cold:
        art.sheet.text(
            x + MACHINE / 2 - 22.0,
            y - 8.0,
            warm,
            size=SMALL,
            anchor="end",
            ink="return",
            room=MACHINE / 2 - 20.0,
        )
        art.sheet.text(
            x + MACHINE / 2 - 22.0,
            y + 14.0,
            cold,
            size=SMALL,
            anchor="end",
            ink="supply",
            room=MACHINE / 2 - 20.0,
        )


def _outdoors(art: _Art, x: float, y: float, group: Group) -> None:
    """The arrow to outdoors with the heat that leaves."""
    names = [machine.id for machine in group.machines]
    heat = sum(art.made.values("plant", "duty", names)) + sum(art.made.values("plant", "power", names))
    art.sheet.line((x - MACHINE / 2 + 18.0, y), (x + 8.0, y), ink="return", wide=1.4, dash="4 3")
    symbols.arrow(art.sheet, x + 10.0, y, "return", left=False)
    if heat > 0.0:
        art.sheet.text(
            x + 20.0, y - 1.0, quantity(heat, "power", digits=4), size=SIZE, bold=True, room=OUT - 20.0
        )
    art.sheet.text(x + 20.0, y + 11.0, _sink(art, group), size=SMALL, ink="soft", room=OUT - 14.0)


def _sink(art: _Art, group: Group) -> str:
    """What takes the heat: the wet bulb where water evaporates, which cools below the temperature of the air."""
    outdoor = art.made.facility.place.outdoor
    drawn = sum(art.made.values("plant", "water", [machine.id for machine in group.machines]))
    wet = group.machines[0].kind == "cooling_tower" or drawn > 0.0
    bulb = degrees(quantity(outdoor.wet_bulb if wet else outdoor.dry_bulb, "temperature"))
    return f"wet bulb {bulb}" if wet else f"to air of {bulb}"


def _loop(art: _Art, spot: Spot, loops: Loops) -> None:
    sheet, made, x, y = art.sheet, art.made, art.left[spot.layer], spot.at
    names = [circuit.id for circuit in loops.circuits]
    up, down = y - PIPE["loop"], y + PIPE["loop"]
    sheet.rect(x + 6.0, y - HALF_LOOP + 4.0, LOOP - 12.0, 2 * HALF_LOOP - 8.0, inside="panel", radius=5.0)
    for at, tint, left in ((up, "supply", True), (down, "return", False)):
        sheet.line((x, at), (x + LOOP, at), ink=tint, wide=2.6)
        symbols.arrow(sheet, x + 22.0, at, tint, left=left)
    sheet.text(x + 14.0, y - HALF_LOOP + 18.0, title(loops), size=11.5, bold=True, room=LOOP - 28.0)
    sheet.text(x + 14.0, up - 16.0, loops.circuits[0].fluid, size=SMALL, ink="soft", room=LOOP - 28.0)
    supply = made.span("loop", "supply", names, "temperature")
    back = made.span("loop", "return", names, "temperature")
    sheet.text(
        x + 14.0,
        up - 5.0,
        f"supply {supply}" if supply else "",
        size=SMALL,
        ink="supply",
        bold=True,
        room=LOOP / 2 - 8.0,
    )
    sheet.text(
        x + 14.0,
        down + 13.0,
        f"return {back}" if back else "",
        size=SMALL,
        ink="return",
        bold=True,
        room=LOOP / 2 - 8.0,
    )
    pressure = made.span("loop", "pressure", names, "pressure")
    sheet.text(
        x + LOOP - 14.0, up - 5.0, pressure, size=SMALL, ink="soft", anchor="end", room=LOOP / 2 - 24.0
    )
    heat = sum(made.values("loop", "heat", names))
    sheet.text(
        x + LOOP / 2, y - 3.0, made.flow(loops), size=SIZE, bold=True, anchor="middle", room=LOOP - 28.0
    )
    sheet.text(
        x + LOOP / 2,
        y + 10.0,
        f"{quantity(heat, 'power', digits=4)} of heat",
        size=SMALL,
        anchor="middle",
        room=LOOP - 28.0,
    )
    in_line(sheet, made, Pair(x, x + LOOP, up, down), loops)


def _legend(art: _Art, y: float) -> float:
    """What signs mean; the height of the drawing."""
    sheet = art.sheet
    sheet.line((MARGIN, y), (sheet.wide - MARGIN, y), ink="faint", wide=0.8)
    x, base = MARGIN, y + 18.0
    for tint, text in (("supply", "supply"), ("return", "return")):
        sheet.line((x, base - 3.5), (x + 24.0, base - 3.5), ink=tint, wide=2.4)
        x = _sign(sheet, x + 30.0, base, text)
    symbols.pump(sheet, x + 9.0, base - 3.5)
    x = _sign(sheet, x + 24.0, base, "pumps")
    symbols.valve(sheet, x + 8.0, base - 2.0)
    x = _sign(sheet, x + 21.0, base, "control valves")
    x = _sign(
        sheet,
        x,
        base,
        "pressures are gauge, the highest of the loop; load in the normal state → worst of all states",
    )
    return y + 30.0


def _sign(sheet: ink.Sheet, x: float, base: float, text: str) -> float:
    sheet.text(x, base, text, size=SMALL, ink="soft")
    return x + ink.width(text, SMALL) + 20.0
