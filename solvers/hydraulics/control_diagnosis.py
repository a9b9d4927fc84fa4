"""What is wrong with controls, by name: at a limit, two for one quantity, against each other, valves that cut off a demand.

A diagnosis names controls by their number in the order given; its sentence goes on from the control's name.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike

from .control import (
    Control,
    Controlled,
    HoldDifference,
    HoldFlow,
    HoldPressure,
    MostOpenValve,
    PressureBreaker,
    PressureReducing,
    PressureSustaining,
    State,
    ThreeWay,
)
from .network import Problem

SINGULAR = 1e-6
"""Share of the product of their own effects below which what two controls can do together counts as nothing."""
CASES = 8
"""Most scenarios in which controls are tried against each other."""


class ControlKind(StrEnum):
    """What was found; the text never changes its meaning."""

    AT_LIMIT = "control at its limit"
    SAME_QUANTITY = "controls of one quantity"
    AGAINST = "controls against each other"
    CUTS_OFF = "valve that would cut off a demand"
    NOT_SETTLED = "control that has not settled"


@dataclass(frozen=True)
class ControlDiagnosis:
    """One thing that is wrong with a control, or looks wrong."""

    kind: ControlKind
    control: int
    """Number of the control, in the order given."""
    message: str
    """Sentence that goes on from the name of the control."""
    scenario: int = 0
    """Scenario in which it is worst, or the first in which it was found."""
    others: tuple[int, ...] = ()
    """Numbers of further controls that take part."""


def diagnose_controls(
    problem: Problem, controls: tuple[Control, ...], found: Controlled
) -> tuple[ControlDiagnosis, ...]:
    """Name the controls that miss their set points or have no state of their own, each once per kind.

    ``found`` is what :func:`solvers.hydraulics.control.solve` answered for ``problem`` and ``controls``.
    """
    return (
        *same_quantity(problem, controls), *_limits(found), *_cuts(found), *_against(found), *_unsettled(found),
    )  # fmt: skip


def same_quantity(problem: Problem, controls: tuple[Control, ...]) -> tuple[ControlDiagnosis, ...]:
    """Controls that hold the quantity an earlier one holds; needs no solution.

    Where set points differ one of them ends at a limit; where they are equal it is left open which does how much.
    """
    first: dict[tuple[object, ...], int] = {}
    said = []
    for number, control in enumerate(controls):
        held = _quantity(problem, control)
        if held is None:
            continue
        before = first.setdefault(held, number)
        if before == number:
            continue
        equal = _equal(_set_point(controls[before]), _set_point(control))
        what = f"holds the {held[0]} that control {before} holds"
        why = (
            "at the same set point: how they share the work is left open" if equal
            else "at another set point: one of them ends at a limit"
        )  # fmt: skip
        said.append(ControlDiagnosis(ControlKind.SAME_QUANTITY, number, f"{what}, {why}", others=(before,)))
    return tuple(said)


def _quantity(problem: Problem, control: Control) -> tuple[object, ...] | None:
    start, end = np.asarray(problem.link_from), np.asarray(problem.link_to)
    match control:
        case HoldDifference():
            return ("difference of pressures", control.high, control.low)
        case HoldPressure():
            return ("pressure", control.node)
        case HoldFlow():
            return ("flow", control.link)
        case MostOpenValve():
            return ("reserve", *sorted(control.limiters))
        case PressureReducing():
            return ("pressure", int(end[control.link]))
        case PressureSustaining():
            return ("pressure", int(start[control.link]))
        case PressureBreaker():
            return ("difference of pressures", int(start[control.link]), int(end[control.link]))
        case ThreeWay():
            return None


def _set_point(control: Control) -> ArrayLike:
    if isinstance(control, ThreeWay):
        raise TypeError("a three-way valve holds no quantity of the network")
    return control.reserve if isinstance(control, MostOpenValve) else control.set_point


def _equal(first: ArrayLike, second: ArrayLike) -> bool:
    return bool(np.all(np.isclose(np.asarray(first, float), np.asarray(second, float), rtol=1e-9, atol=0.0)))


def _limits(found: Controlled) -> Iterator[ControlDiagnosis]:
    words = {
        State.LOW: "is at its lower limit, and what it holds is still above the set point",
        State.HIGH: "is at its upper limit, and what it holds is still below the set point",
        State.OPEN: "is a valve wide open that would have to add pressure",
        State.SHUT: "is a valve that is shut, and cannot bring what it holds to the set point",
    }
    for number in range(found.state.shape[1]):
        missed = found.saturated[:, number]
        wide_open = found.state[:, number] == State.OPEN  # what it limits is on the right side by itself
        shut = found.state[:, number] == State.SHUT
        for state, word in words.items():
            rows = np.flatnonzero(missed & (found.state[:, number] == state) & ~wide_open & ~shut)
            if rows.size:
                worst = int(rows[np.argmax(np.abs(found.residual[rows, number]))])
                share = abs(float(found.residual[worst, number]))
                yield ControlDiagnosis(ControlKind.AT_LIMIT, number, f"{word}, by {share:.2%}", worst)


def _cuts(found: Controlled) -> Iterator[ControlDiagnosis]:
    for number in np.flatnonzero(found.cuts_off.any(axis=0)):
        scenario = int(np.flatnonzero(found.cuts_off[:, number])[0])
        yield ControlDiagnosis(
            ControlKind.CUTS_OFF, int(number),
            "would have to shut to come to its set point, but a given demand behind it can be served no other way",
            scenario, tuple(int(k) for k in np.flatnonzero(found.cuts_off[scenario]) if k != number),
        )  # fmt: skip


def _against(found: Controlled) -> Iterator[ControlDiagnosis]:
    """Pairs of held controls of which each takes away from the other at least what it gains itself."""
    told: set[tuple[int, int]] = set()
    free = found.scenario_ok[:, None] & (found.state == State.HELD)
    rows = np.flatnonzero(free.sum(axis=1) >= 2)[:CASES]
    if not rows.size:
        return
    for row, slope in zip(rows, found.slopes(rows), strict=True):
        at_work = np.flatnonzero(free[row])
        for place, one in enumerate(at_work):
            for two in at_work[place + 1 :]:
                own, cross = slope[one, one] * slope[two, two], slope[one, two] * slope[two, one]
                if own - cross > SINGULAR * abs(own) or (one, two) in told:
                    continue
                told.add((int(one), int(two)))
                yield ControlDiagnosis(
                    ControlKind.AGAINST, int(two),
                    f"works against control {one}: each undoes as much as the other does, so this state need not be "
                    "the only one",
                    int(row), (int(one),),
                )  # fmt: skip


def _unsettled(found: Controlled) -> Iterator[ControlDiagnosis]:
    for scenario in np.flatnonzero(~found.scenario_ok & ~found.cuts_off.any(axis=1))[:CASES]:
        worst = int(np.argmax(np.abs(found.residual[scenario])))
        share = abs(float(found.residual[scenario, worst]))
        yield ControlDiagnosis(
            ControlKind.NOT_SETTLED, worst,
            f"has not settled after {found.iterations} steps: what it holds is off by {share:.2%}", int(scenario),
        )  # fmt: skip
