"""Controls outside the convex core: a few scalar unknowns per network, found on top of its solution.

A control moves one actuator (a pump speed, the stroke of a three-way valve, the throttling of a self-acting
valve) so that something it senses meets a set point.  Actuators have bounds, and bound and set point are
complementary: at a bound the set point may be missed, which is said, never hidden.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..status import SolveError, Status
from . import network
from .control_actuators import Actuator, PumpSpeed, Stroke, Throttle
from .control_search import Search
from .control_valves import Characteristic
from .friction import FrictionLaw

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


class State(IntEnum):
    """Where an actuator ended."""

    HELD = 0
    """The set point is met."""
    LOW = 1
    """Least speed or stroke; the set point is exceeded."""
    HIGH = 2
    """Greatest speed or stroke; the set point is not reached."""
    OPEN = 3
    """A self-acting valve is wide open; what it limits is on the right side by itself."""
    SHUT = 4
    """A self-acting valve is shut, or held shut by reverse pressure."""
    OFF = 5
    """All pumps of the control stand still, or nothing flows."""


@dataclass(frozen=True)
class HoldDifference:
    """Pumps hold the pressure difference between two nodes (remote sensor).  All set points: scalar or (S,)."""

    pumps: tuple[int, ...]
    """Links of the pumps; they run at one speed.  A pump whose speed is 0 in the problem stays off."""
    high: int
    low: int
    set_point: ArrayLike
    """Pressure at ``high`` less that at ``low`` [Pa]."""
    least_speed: float = 0.2
    most_speed: float = 1.0


@dataclass(frozen=True)
class HoldPressure:
    """Pumps hold the pressure of a node downstream of them (``rising``) or on their suction side."""

    pumps: tuple[int, ...]
    node: int
    set_point: ArrayLike
    """Gauge pressure [Pa]."""
    rising: bool = True
    """The pressure rises with speed."""
    least_speed: float = 0.2
    most_speed: float = 1.0


@dataclass(frozen=True)
class HoldFlow:
    """Pumps hold the flow of a link, which rises with their speed."""

    pumps: tuple[int, ...]
    link: int
    set_point: ArrayLike
    """[kg/s]"""
    least_speed: float = 0.2
    most_speed: float = 1.0


@dataclass(frozen=True)
class MostOpenValve:
    """Pumps run at the lowest speed at which every limiter still holds its flow.

    The limiter in greatest need keeps ``reserve`` of pressure drop beyond its own law at the limited flow.
    Limiters with infinite limit, zero limit or in closed links take no part.
    """

    pumps: tuple[int, ...]
    limiters: tuple[int, ...]
    reserve: ArrayLike = 0.0
    """[Pa]"""
    least_speed: float = 0.2
    most_speed: float = 1.0


@dataclass(frozen=True)
class PressureReducing:
    """Valve that throttles so that the pressure at its ``link_to`` node does not exceed the set point (PRV)."""

    link: int
    set_point: ArrayLike
    """Gauge pressure [Pa]."""


@dataclass(frozen=True)
class PressureSustaining:
    """Valve that throttles so that the pressure at its ``link_from`` node does not fall below the set point (PSV)."""

    link: int
    set_point: ArrayLike
    """Gauge pressure [Pa]."""


@dataclass(frozen=True)
class PressureBreaker:
    """Valve of constant drop (PBV), one-way here; open where its own law already drops more."""

    link: int
    set_point: ArrayLike
    """Pressure at ``link_from`` less that at ``link_to`` [Pa]."""


@dataclass(frozen=True)
class ThreeWay:
    """One stroke opens branch ``a`` and closes branch ``b``; exactly one of ``stroke``, ``share``, ``mixed`` is given.

    Works as a mixing valve (both branches enter the common port) and as a diverting valve.
    """

    link_a: int
    link_b: int
    coefficient_a: float
    """Drop coefficient of the open port, ``drop = c q^2`` [Pa/(kg/s)^2], added to that of the link."""
    coefficient_b: float
    stroke: ArrayLike | None = None
    """Given position, 1 = ``a`` open [-]."""
    share: ArrayLike | None = None
    """Wanted flow in ``a`` over the flow in both [-]."""
    mixed: tuple[ArrayLike, ArrayLike, ArrayLike] | None = None
    """Temperatures of ``a``, of ``b``, and wanted after mixing (equal heat capacities) [degC]."""
    characteristic_a: Characteristic = "equal percentage"
    characteristic_b: Characteristic = "linear"
    rangeability: float = 50.0
    """Largest over smallest flow coefficient; leaks 1 / rangeability when closed.  50: assumed, typical sheet value."""


Control = (
    HoldDifference | HoldPressure | HoldFlow | MostOpenValve | PressureReducing | PressureSustaining
    | PressureBreaker | ThreeWay
)  # fmt: skip


@dataclass(frozen=True)
class Controlled:
    """Network state with its actuators; S scenarios, K controls in the order given."""

    status: Status
    scenario_ok: Mask
    """(S,) the network is solved and every control is settled, at its set point or at a bound."""
    solution: network.Solution
    problem: network.Problem
    """The problem with the actuators put in: solving it gives ``solution``."""
    actuator: Array
    """(S, K) pump speed [-], stroke [-], or drop added by a self-acting valve [Pa]."""
    residual: Array
    """(S, K) sensed value less set point, over the scale of the set point [-]; 0 where nothing is sensed."""
    state: NDArray[np.int8]
    """(S, K) :class:`State`."""
    saturated: Mask
    """(S, K) the set point is missed because the actuator is at a bound."""
    cuts_off: Mask
    """(S, K) the valve would have to shut, but a demand behind it can be served no other way: no settled state."""
    iterations: int
    """Most steps of a scenario."""
    solves: int
    """Network states solved on the way, all scenarios together."""
    _search: Search = field(repr=False, compare=False)

    def slopes(self, scenarios: ArrayLike) -> Array:
        """(n, K, K) change of the residuals (rows) with the levels of the actuators (columns), by differences [-].

        Levels are squared speeds, strokes and dropped pressures over their natural size; residuals rise with them.
        """
        return self._search.slopes(np.asarray(scenarios, np.intp))


def solve(
    problem: network.Problem,
    controls: tuple[Control, ...],
    *,
    tolerance: float = 1e-6,
    max_iterations: int = 60,
    raise_on_failure: bool = False,
    friction: FrictionLaw = "colebrook",
    compiled: bool | None = None,
) -> Controlled:
    """Find the actuators of all scenarios side by side.

    Parameters
    ----------
    tolerance : float
        Largest accepted residual: relative to the set point, but at least 1 kPa or 1 g/s. [-]

    Raises
    ------
    ValueError
        A control names a link or node outside the network, an actuator twice, or a set point that is not finite.

    Notes
    -----
    Projected quasi-Newton (Broyden 1965) from a Jacobian by differences; bracketed where a scenario has one
    control.  Each response is monotone in its own actuator.  What that leaves unsettled is searched by Newton's method
    from several starts and by a walk through simplices that finds a settled state wherever there is one; on a box
    there always is, unless a shut valve cuts off a given demand, which ``cuts_off`` says.  Controls that work
    against each other may have several; :mod:`.control_diagnosis` names them.
    """
    if not controls:
        raise ValueError("controls is empty; use network.solve")
    actuators = [_actuator(control, number, problem) for number, control in enumerate(controls)]
    _check_distinct(actuators)
    one_way = np.array(
        np.broadcast_to(np.asarray(problem.link_check, bool), (len(np.asarray(problem.link_from)),))
    )
    one_way[[link for a in actuators if a.throttles for link in a.moved]] = True
    problem = replace(problem, link_check=one_way)
    search = Search(problem, actuators, tolerance, max_iterations, friction, compiled)
    search.run()
    return _assemble(search, actuators, raise_on_failure)


def _actuator(control: Control, number: int, problem: network.Problem) -> Actuator:
    """The control as an actuator with a signed residual."""
    where = f"controls[{number}]"
    match control:
        case HoldDifference():
            sense: Any = ("difference", control.high, control.low)
        case HoldPressure():
            sense = ("pressure" if control.rising else "suction", control.node)
        case HoldFlow():
            sense = ("flow", control.link)
        case MostOpenValve():
            sense = ("reserve", *control.limiters)
        case PressureReducing() | PressureSustaining() | PressureBreaker():
            kind = {PressureReducing: "reduce", PressureSustaining: "sustain", PressureBreaker: "break"}
            return Throttle(where, problem, kind[type(control)], control.link, control.set_point)
        case ThreeWay():
            return Stroke(where, problem, control)
    target = control.reserve if isinstance(control, MostOpenValve) else control.set_point
    return PumpSpeed(where, problem, control.pumps, sense, target, control.least_speed, control.most_speed)


def _check_distinct(actuators: list[Actuator]) -> None:
    seen: dict[int, str] = {}
    for actuator in actuators:
        for link in actuator.moved:
            if link in seen:
                raise ValueError(f"{actuator.where} moves link {link}, which {seen[link]} moves too")
            seen[link] = actuator.where


def _assemble(search: Search, actuators: list[Actuator], raise_on_failure: bool) -> Controlled:
    state = np.stack([a.state(search, k) for k, a in enumerate(actuators)], axis=1).astype(np.int8)
    settled = search.settled()
    ok = settled & search.solution.scenario_ok
    off = state == State.OFF
    saturated = ~off & (np.abs(search.residual) > search.tolerance)
    status = Status.CONVERGED
    if not ok.all():
        status = Status.MAX_ITERATIONS if search.solution.status.ok else search.solution.status
    if raise_on_failure and not status.ok:
        worst = float(np.abs(search.residual[~ok]).max(initial=0.0))
        raise SolveError(status, f"{int((~ok).sum())} scenarios, residual {worst:.1e}")
    sign = np.array([-1.0 if a.falling else 1.0 for a in actuators])
    return Controlled(
        status=status,
        scenario_ok=ok,
        solution=search.solution,
        problem=search.final_problem(),
        actuator=np.stack([a.position(search.level[:, k]) for k, a in enumerate(actuators)], axis=1),
        residual=np.where(off, 0.0, search.residual) * sign,
        state=state,
        saturated=saturated & ok[:, None],
        cuts_off=(search.cut & ~ok)[:, None]
        & search.throttle
        & (search.residual < -search.tolerance)
        & (search.level > 0.0),
        iterations=search.iterations,
        solves=search.solves,
        _search=search,
    )
