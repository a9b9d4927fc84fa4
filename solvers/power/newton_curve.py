"""The curve of solutions of one scenario over the load factor, followed through its nose: tangent predictor, and
a Newton corrector that holds the unknown which moves most, so that the nose is an ordinary point of the curve.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csc_array, hstack, vstack
from scipy.sparse.linalg import splu

from solvers.power.newton import Model
from solvers.power.newton_iterate import iterate, largest
from solvers.power.newton_limits import Reactive
from solvers.power.newton_system import State, System
from solvers.power.sweep import CONVERGED
from solvers.status import Status

Array = NDArray[Any]

FIRST, LARGEST, SMALLEST = 0.1, 0.25, 1e-7
"""First, largest and smallest step of the unknown that moves most, in p.u., rad, or of the load factor / (1 + load
factor) (assumed)."""
CORRECTIONS = 8
"""Most Newton steps of a corrector before the step along the curve is halved (assumed)."""
ON_CURVE = 1e-10
"""Largest mismatch of a point of the curve, or what rounding allows if that is more. [p.u.]"""
FLAT = 1e-9
"""Slope of the load factor by the collapsing unknown at which the nose is found; the factor itself is then exact
to the square of that."""
ASTRAY = 0.5
"""Largest correction, relative to the step: with more the corrector may have found another curve (assumed)."""
MET = 1e-8
"""How far beyond its limit (or its voltage) a machine may be where it is said to meet it. [p.u.]"""


class Point(NamedTuple):
    """A point of the curve with the direction in which it goes on."""

    state: State
    factor: float
    tangent: Array
    """Derivatives of the unknowns, and of the factor in the last place."""


class Trace(NamedTuple):
    """A curve that was followed."""

    status: Status
    points: list[Point]
    nose: bool
    """The last point is where the factor is largest."""
    limited: bool
    """It is largest because a machine meets its reactive limit there."""
    system: System
    """Equations that hold at the last point."""


def _weight(point: Point) -> Array:
    """How much each unknown moves along the curve, the load factor relative to its size."""
    weight = np.abs(point.tangent)
    weight[-1] /= 1.0 + abs(point.factor)
    return np.asarray(weight)


class Curve:
    """The curve of solutions of one scenario."""

    def __init__(self, model: Model, scale_generation: bool) -> None:
        self.model, self.system = model, model.system
        self.rate = 1.0 if scale_generation else 0.0
        self.reactive = Reactive(model.nodes, model.busbars, model.system)
        self.wanted = model.system.magnitude
        self.at_limit = np.zeros(self.wanted.size, dtype=int)
        bounded = np.isfinite(self.reactive.least) | np.isfinite(self.reactive.most)
        self.limits = bool(np.any((self.wanted > 0) & bounded))
        self.held: Array | float = 0.0
        """(points,) reactive power of machines at a limit, times j; it does not grow with the loads."""
        self.points: list[Point] = []

    def follow(self, most: float, max_steps: int) -> Trace:
        """From the given loads, or from none if these have no state, to the nose; no points if neither has."""
        if not (self._begin(1.0) or self._begin(0.0)):
            return self._trace(Status.DIVERGED)
        if not self.system.unknown_lane.size:
            return self._trace(Status.CONVERGED)
        step = FIRST
        for _ in range(max_steps):
            here = self.points[-1]
            if here.tangent[-1] <= 0:
                return self._trace(Status.CONVERGED, nose=True, limited=True)
            if here.factor >= most:
                return self._trace(Status.CONVERGED)
            ahead, taken = self._advance(here, step)
            if ahead is None:
                step *= 0.5
                if step < SMALLEST:
                    break
                continue
            met = self.limits and bool(self._beyond(ahead).max(initial=0.0) > MET)
            if met:
                ahead = self._meet(here, ahead, step)
            if ahead.tangent[-1] <= 0:
                summit = self._summit(here, ahead)
                if summit is None:
                    break
                self.points.append(summit)
                return self._trace(Status.CONVERGED, nose=True)
            self.points.append(self._switched(ahead) if met else ahead)
            step = min(step * (1.6 if taken <= 3 else 1.0 if taken <= 5 else 0.7), LARGEST)
        return self._trace(Status.MAX_ITERATIONS)

    def _trace(self, status: Status, nose: bool = False, limited: bool = False) -> Trace:
        return Trace(status, self.points, nose, limited, self.system)

    def _begin(self, factor: float) -> bool:
        """Solve at one factor and make it the first point."""
        self.system, self.held, self.points = self.model.system, 0.0, []
        system, tolerance = self._at(factor), np.array([ON_CURVE])
        outcome = iterate(system, self.model.start(), tolerance, 50)
        if self.limits and outcome.ending[0] == CONVERGED:
            every = np.arange(self.wanted.size)
            outcome = self.reactive.enforce(outcome, system, every, tolerance, 50)
            self._limit(self.reactive.at_limit)
        if outcome.ending[0] != CONVERGED:
            return False
        unknowns = self.system.unknown_lane.size
        up = np.eye(1, unknowns + 1, unknowns)[0]
        first = Point(outcome.state, factor, up)
        self.points = [self._oriented(first, unknowns) if unknowns else first]
        return True

    def _at(self, factor: float) -> System:
        return self.system.scaled(factor, factor if self.rate else 1.0, self.held)

    def _solve(self, state: State, factor: float, row: int, right: Array, held: float) -> Array:
        """Change of the unknowns and of the factor for a residual of ``right``, that of ``row`` being ``held``."""
        system, voltage = self._at(factor), state.voltage()
        growth = self.system.growth(state, 1.0, self.rate)
        if row == right.size:  # the factor itself
            return np.append(system.pattern.solve(system, state, voltage, right - growth * held), held)
        inner = system.pattern.jacobian(system, state, voltage)
        pick = coo_array(([1.0], ([0], [row])), shape=(1, right.size + 1))
        bordered = csc_array(vstack([hstack([inner, csc_array(growth[:, None])]), pick]))
        return np.asarray(splu(bordered).solve(np.append(right, held)))

    def _correct(self, state: State, factor: float, row: int) -> tuple[State, float, int] | None:
        """Newton with the unknown ``row`` held; None if it does not settle."""
        for taken in range(CORRECTIONS + 1):
            system = self._at(factor)
            with np.errstate(all="ignore"):
                lacking = system.lacking(state, state.voltage())
                left = system.residual(state, lacking)
                worst = largest(system, left, lacking)[0]
            # what rounding leaves of a sum of currents through large admittances
            noise = 1e-14 * max(1.0, float(np.abs(system.matrix.data).max(initial=0.0)))
            if worst <= max(ON_CURVE, noise):
                return state, factor, taken
            if not np.isfinite(worst) or worst > 1e6:
                return None
            try:
                step = self._solve(state, factor, row, -left, 0.0)
            except RuntimeError:
                return None
            state, factor = self.system.moved(state, step[:-1]), factor + step[-1]
            if state.size.min() <= 0:
                return None
        return None

    def _advance(self, here: Point, step: float) -> tuple[Point | None, int]:
        """The next point of the curve, by a ``step`` of the unknown that moves most."""
        weight = _weight(here)
        # the factor is held as long as it moves at all: its equations need no border
        row = weight.size - 1 if weight[-1] > 0.1 * weight.max() else int(np.argmax(weight))
        move = here.tangent * (step / weight.max())
        predicted = self.system.moved(here.state, move[:-1])
        corrected = self._correct(predicted, here.factor + move[-1], row)
        if corrected is None:
            return None, CORRECTIONS
        state, factor, taken = corrected
        astray = np.abs(self._value(state) - self._value(predicted)).max(initial=0.0)
        if max(astray, abs(factor - here.factor - move[-1]) / (1.0 + abs(factor))) > ASTRAY * step:
            return None, CORRECTIONS
        return self._oriented(Point(state, factor, here.tangent), row), taken

    def _oriented(self, point: Point, row: int) -> Point:
        """The point with its own tangent, along which the unknown ``row`` moves on as it did."""
        none = np.zeros(point.tangent.size - 1)
        try:
            tangent = self._solve(point.state, point.factor, row, none, np.sign(point.tangent[row]))
        except RuntimeError:  # exactly where that unknown turns: the old direction serves
            return point
        return point._replace(tangent=tangent / np.abs(tangent).max())

    def _summit(self, below: Point, beyond: Point) -> Point | None:
        """The point between two where the factor is largest: its slope along one unknown vanishes (Illinois)."""
        row = int(np.argmax(beyond.tangent[:-1] * below.tangent[:-1]))  # goes on where the factor turns
        ends = [below, beyond]
        slopes = [p.tangent[-1] / abs(p.tangent[row]) for p in ends]
        limit, side = 0.95, -1
        for _ in range(60):
            part = min(max(slopes[0] / (slopes[0] - slopes[1]), 0.05), limit)
            near, far = (self._value(p.state) for p in ends)
            start = self.system.moved(ends[0].state, part * (far - near))
            corrected = self._correct(start, ends[0].factor + part * (ends[1].factor - ends[0].factor), row)
            if corrected is None:  # too far from both: closer to the lower one
                limit *= 0.5
                continue
            middle = self._oriented(Point(corrected[0], corrected[1], below.tangent), row)
            slope = middle.tangent[-1] / abs(middle.tangent[row])
            if abs(slope) < FLAT or np.abs(far - near).max() < 1e-12:
                return middle
            now = 0 if slope > 0 else 1
            slopes[1 - now] *= 0.5 if now == side else 1.0
            ends[now], slopes[now], side, limit = middle, slope, now, 0.95
        return None

    def _value(self, state: State) -> Array:
        return np.r_[state.angle[self.system.turning], state.size[self.system.sizing], state.output]

    def _beyond(self, point: Point) -> Array:
        """(points,) how far a machine is beyond its limit, or beyond the voltage it could take back."""
        state, reactive = point.state, self.reactive
        made = self._at(point.factor).lacking(state, state.voltage()).imag
        over = np.maximum(made - reactive.most, reactive.least - made)
        back = (state.size - self.wanted) * self.at_limit
        return np.where(self.wanted > 0, np.where(self.at_limit == 0, over, back), -np.inf)

    def _meet(self, here: Point, ahead: Point, step: float) -> Point:
        """The point between two at which the first machine meets its limit.

        Each machine that is beyond has its own secant; the earliest crossing is tried (Illinois).
        """
        low, high, side = 0.0, step, 0
        below, above = np.minimum(self._beyond(here), 0.0), self._beyond(ahead)
        for _ in range(60):
            over = np.flatnonzero(above > min(MET, 0.5 * above.max()))
            part = float((below[over] / (below[over] - above[over])).min())
            middle = low + (high - low) * min(max(part, 0.01), 0.99)
            point = self._advance(here, middle)[0]
            if point is None:
                break
            value = self._beyond(point)
            if 0 < value.max() <= MET or high - low < 1e-14:
                return point
            if value.max() > 0:
                below = below * 0.5 if side > 0 else below
                high, above, ahead, side = middle, value, point, 1
            else:
                above = above * 0.5 if side < 0 else above
                low, below, side = middle, value, -1
        return ahead

    def _switched(self, point: Point) -> Point:
        """The same state with the machines that are beyond at their limit, or holding their voltage again."""
        beyond = self._beyond(point)
        chosen = np.flatnonzero(beyond >= min(0.5 * beyond.max(), MET))
        made = self._at(point.factor).lacking(point.state, point.state.voltage()).imag
        entered = chosen[self.at_limit[chosen] == 0]
        at_limit = self.at_limit.copy()
        at_limit[chosen] = 0
        at_limit[entered] = np.where(made[entered] > self.reactive.most[entered], 1, -1)
        self._limit(at_limit)
        size = np.where(self.system.magnitude > 0, self.system.magnitude, point.state.size)
        unknowns = self.system.unknown_lane.size
        up = np.eye(1, unknowns + 1, unknowns)[0]
        after = self._oriented(Point(point.state._replace(size=size), point.factor, up), unknowns)
        if entered.size:  # its voltage leaves the given one on the side that the limit allows
            place = self.system.turning.size + int(np.flatnonzero(self.system.sizing == entered[0])[0])
            if after.tangent[place] * at_limit[entered[0]] > 0:
                return after._replace(tangent=-after.tangent)
        return after

    def _limit(self, at_limit: Array) -> None:
        """Take the machines at a limit out of the points with a given voltage."""
        self.at_limit = at_limit
        bound = np.where(at_limit > 0, self.reactive.most, self.reactive.least)
        held = np.where(at_limit == 0, 0.0, np.where(np.isfinite(bound), bound, 0.0))
        base = self.model.system
        self.system = replace(base, magnitude=np.where(at_limit == 0, self.wanted, 0.0))
        self.held = 1j * held
