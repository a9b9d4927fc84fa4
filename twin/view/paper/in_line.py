"""What stands in the pipes of a loop of the piping diagram: pumps, decoupler, by-pass, tanks, coolers, users of heat."""

from __future__ import annotations

import re
from typing import NamedTuple

from twin.checks.wording import quantity
from twin.model.facility import Circuit
from twin.view.paper import ink, symbols, words
from twin.view.paper.loops import Loops, Piping

SMALL = 9.5
"""Size of small text. [px]"""


class Pair(NamedTuple):
    """Supply and return of one loop as drawn. [px]"""

    left: float
    right: float
    up: float
    """Supply."""
    down: float
    """Return."""


def in_line(sheet: ink.Sheet, made: Piping, pair: Pair, loops: Loops) -> None:
    """What stands in the pipes of a loop: pumps and coolers in the return, tanks in the supply, users of heat."""
    up, down = pair.up, pair.down
    said = _pumps(sheet, made, pair, loops)
    said += _past_the_sinks(sheet, made, pair, loops)
    tanks = [name for circuit in loops.circuits for name in circuit.tanks]
    if tanks:
        sheet.rect(pair.right - 34.0, up - 9.0, 12.0, 18.0, inside="page", ink="supply", radius=4.0)
        said.append(f"{len(tanks):,} {words.kind('tank', len(tanks))}")
    coolers = [made.facility.by_id[name] for circuit in loops.circuits for name in circuit.precool]
    if coolers:
        sheet.rect(pair.right - 66.0, down - 7.0, 14.0, 14.0, inside="page", ink="return")
        sheet.line((pair.right - 66.0, down + 7.0), (pair.right - 52.0, down - 7.0), ink="return")
        duty = sum(made.values("plant", "duty", [cooler.id for cooler in coolers]))
        said.append(f"{words.counted(coolers)} takes {quantity(duty, 'power', digits=4)}")
    reused = sum(made.values("loop", "reuse", [circuit.id for circuit in loops.circuits]))
    if reused > 0.0:
        said.append(f"{quantity(reused, 'power', digits=4)} handed on")
    speed = made.span("loop", "speed", [circuit.id for circuit in loops.circuits], "fraction")
    if speed and any(circuit.pumps for circuit in loops.circuits):
        said.append(f"{speed} speed")
    whole = re.sub(
        r"(?<=\d) (?=\S+(?:,|$| ))", "\N{NO-BREAK SPACE}", ", ".join(said)
    )  # numbers keep their units
    for number, line in enumerate(ink.folded(whole, pair.right - pair.left - 28.0, SMALL, 3)):
        sheet.text(pair.left + 14.0, down + 26.0 + 11.0 * number, line, size=SMALL, ink="soft", full=whole)


def _pumps(sheet: ink.Sheet, made: Piping, pair: Pair, loops: Loops) -> list[str]:
    """Pumps in the return, those of a second station in the supply, and the decoupler between them."""
    names = [[name for circuit in loops.circuits for name in part(circuit)] for part in (_first, _second)]
    said = [words.counted([made.facility.by_id[name] for name in station]) for station in names if station]
    for station, left, level in zip(names, (30.0, 74.0), (pair.down, pair.up), strict=True):
        if station:
            symbols.pump(sheet, pair.right - left, level, "draw")
    if len(said) == 1:
        rise = made.span("pump", "rise", [*names[0], *names[1]], "pressure")
        said[0] += f", {rise}" if rise else ""
    said = [" and ".join(said)] if said else []
    if loops.circuits[0].decoupler:
        at = pair.right - 52.0
        sheet.line((at, pair.up), (at, pair.down), ink="draw", wide=1.6)
        through = sum(made.values("loop", "decoupler", [circuit.id for circuit in loops.circuits]))
        said.append(f"decoupler {quantity(through, 'mass_flow')}")
    return said


def _first(circuit: Circuit) -> tuple[str, ...]:
    return tuple(name for name in circuit.pumps if name not in set(circuit.secondary))


def _second(circuit: Circuit) -> tuple[str, ...]:
    return circuit.secondary


def _past_the_sinks(sheet: ink.Sheet, made: Piping, pair: Pair, loops: Loops) -> list[str]:
    """By-pass and three-way valves: what goes from the supply to the return on the side of the loads."""
    circuit = loops.circuits[0]
    if circuit.bypass is None and circuit.valves == "two_way":
        return []
    sheet.line((pair.left + 12.0, pair.up), (pair.left + 12.0, pair.down), ink="draw", wide=1.6, dash="3 2")
    flow = sum(made.values("loop", "bypass", [one.id for one in loops.circuits]))
    way = "by-pass" if circuit.valves == "two_way" else "past three-way valves"
    return [f"{way} {quantity(flow, 'mass_flow')}"]
