"""Vector groups of three-phase transformers: which coil lies between which terminals (IEC 60076-1, clause 7)."""

from __future__ import annotations

import re
from dataclasses import dataclass

_BETWEEN = {11: (0, 1), 1: (0, 2), 3: (1, 2), 5: (1, 0), 7: (2, 0), 9: (2, 1)}
"""Clock number: the delta voltage of the high side that phase a of a wye low side is in phase with.  V_A - V_B
leads V_A by 30 degrees, the hand at 11 o'clock."""
_ALONE = {0: (0, False), 2: (2, True), 4: (1, False), 6: (0, True), 8: (2, False), 10: (1, True)}
"""Clock number: the phase of the high side that phase a of the low side is in phase with, and if it is reversed."""
_SYMBOL = re.compile(r"(D|YN|Y)(d|yn|y)(\d+)")


@dataclass(frozen=True)
class Coil:
    """Letters of the dotted and the other terminal, "n" being the star point."""

    terminals: tuple[str, str]
    wye: bool
    floating: bool
    """The star point is not brought out."""


def coils(group: str) -> list[tuple[Coil, Coil]]:
    """High- and low-side coil of each of the three units of a vector group such as "Dyn11".

    Raises
    ------
    ValueError
        For a symbol that is not read, or a clock number that the connections cannot have.
    """
    match = _SYMBOL.fullmatch(group)
    if match is None:
        raise ValueError(f"group must be like Dyn11, YNyn0 or YNd1, got {group!r}")
    high, low, clock = match[1], match[2], int(match[3])
    mixed = (high == "D") != (low == "d")
    if clock not in (_BETWEEN if mixed else _ALONE):
        kind = "odd" if mixed else "even"
        raise ValueError(f"group {group!r} must have an {kind} clock number below 12")
    pairs = []
    for k in range(3):
        one, two = _unit(high == "D", low == "d", clock, k)
        pairs.append((_coil(one, high), _coil(two, low)))
    return pairs


def _unit(high_delta: bool, low_delta: bool, clock: int, k: int) -> tuple[tuple[str, str], tuple[str, str]]:
    """Terminals of unit k on both sides."""

    def phase(number: int) -> str:
        return "abc"[(number + k) % 3]

    if high_delta and not low_delta:
        plus, minus = _BETWEEN[clock]
        return (phase(plus), phase(minus)), (phase(0), "n")
    if low_delta and not high_delta:  # seen from the low side the high side has the clock number 12 - clock
        plus, minus = _BETWEEN[12 - clock]
        return (phase(0), "n"), (phase(plus), phase(minus))
    at, reverse = _ALONE[clock]
    if high_delta:
        one, two = (phase(at), phase(at + 1)), (phase(0), phase(1))
    else:
        one, two = (phase(at), "n"), (phase(0), "n")
    return (one[::-1] if reverse else one), two


def _coil(terminals: tuple[str, str], symbol: str) -> Coil:
    wye = symbol[0] in "Yy"
    return Coil(terminals, wye, wye and len(symbol) == 1)
