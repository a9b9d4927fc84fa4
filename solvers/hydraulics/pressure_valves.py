"""Networks with valves that hold a pressure by themselves, found by their states: reducing and sustaining valves.

A valve that holds a pressure parts the network: behind a reducing valve the pressure is known, and what flows there is
drawn before it.  So each set of states is one solve with fixed nodes and demands in place of valves, repeated until the
flows drawn are those that arrive (at once where the parts meet nowhere else), and then the states are looked at.

For few scenarios and many valves, as in water distribution; :mod:`.control` moves actuators, for many scenarios.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .friction import FrictionLaw
from .network import Problem, Solution
from .network import prepare as _prepare

Array = NDArray[np.float64]
State = Literal["active", "open", "closed"]

MOST_PASSES = 100
"""Sets of states that are tried."""
MOST_REPEATS = 40
"""Solves for the flows of one set of states."""
MEMORY = 6
"""Earlier solves that the next guess is made of."""
MOST_FLOW = 1e12
"""Flow beyond which no guess goes. [kg/s]"""
FLOW_TOLERANCE = 1e-10
"""Change of a valve's flow over the largest flow, with which the flows of a set of states are found. [-]"""
STATE_TOLERANCE = 1e-7
"""Flow over the largest flow, and pressure over the largest pressure, by which a state must be wrong to be changed. [-]"""


@dataclass(frozen=True)
class PressureValve:
    """A self-acting valve in a link, which lets nothing flow back.  Its own law when wide open is fittings alone."""

    link: int
    kind: Literal["reduce", "sustain"]
    """Not more than ``pressure`` at ``link_to``, or not less at ``link_from``."""
    pressure: float
    """Gauge. [Pa]"""


@dataclass(frozen=True)
class Regulated:
    """One state of a network and of its valves."""

    solution: Solution
    ok: bool
    """Solved, and no valve wants another state."""
    state: tuple[State, ...]
    """``active`` holds its pressure, ``open`` is wide open, ``closed`` lets nothing through."""
    passes: int


def solve(
    problem: Problem, valves: Sequence[PressureValve], *, friction: FrictionLaw = "colebrook",
    start: Sequence[State] = (), compiled: bool | None = None,
) -> Regulated:  # fmt: skip
    """Find the flow and the states of the valves.

    Parameters
    ----------
    problem : one scenario.
    start : states to begin with; all active by default, as in EPANET.

    Raises
    ------
    ValueError
        A valve names a link that is not there or that another valve has, or two hold the same node.

    Notes
    -----
    Valves that work against each other may have no common state, or several; then ``ok`` is False, or the state is
    the one found first.
    """
    search = _Search(problem, tuple(valves), friction, compiled)
    state: list[State] = list(start) or ["active"] * len(valves)
    seen: set[tuple[State, ...]] = set()
    for done in range(1, MOST_PASSES + 1):
        solved = search.solved(tuple(state))
        wanted = search.wanted(solved, state)
        wrong = [number for number, word in enumerate(wanted) if word != state[number]]
        if not wrong:
            return Regulated(search.whole(solved), solved.ok, tuple(state), done)
        alone = tuple(wanted) in seen
        seen.add(tuple(state))
        for number in (
            wrong[done % len(wrong) :][:1] if alone else wrong
        ):  # one after the other where they go in circles
            state[number] = wanted[number]
    return Regulated(search.whole(solved), False, tuple(state), MOST_PASSES)


@dataclass(frozen=True)
class _Solved:
    solution: Solution
    flow: Array
    """(V,) through each valve. [kg/s]"""
    ok: bool


class _Search:
    """The problem with valves replaced according to their states."""

    def __init__(
        self,
        problem: Problem,
        valves: tuple[PressureValve, ...],
        friction: FrictionLaw,
        compiled: bool | None,
    ) -> None:
        self.problem, self.valves, self.friction, self.compiled = problem, valves, friction, compiled
        self.start = np.asarray(problem.link_from, np.intp)
        self.end = np.asarray(problem.link_to, np.intp)
        links, nodes = self.start.size, problem.node_count
        self.link = np.array([valve.link for valve in valves], np.intp)
        if self.link.size and not (self.link.min() >= 0 and self.link.max() < links):
            raise ValueError(f"valves names a link outside 0..{links - 1}")
        if np.unique(self.link).size != self.link.size:
            raise ValueError("valves names a link twice")
        self.reduces = np.array([valve.kind == "reduce" for valve in valves], bool)
        self.set_point = np.array([valve.pressure for valve in valves], float)
        self.held = np.where(self.reduces, self.end[self.link], self.start[self.link])
        self.other = np.where(self.reduces, self.start[self.link], self.end[self.link])
        self.fixed = np.asarray(problem.fixed_node, np.intp).ravel()
        self.fixed_pressure = np.broadcast_to(
            np.asarray(problem.fixed_pressure, float).ravel(), self.fixed.shape
        )
        if np.isin(self.held, self.fixed).any() or np.unique(self.held).size != self.held.size:
            raise ValueError(
                "a valve holds the pressure of a node that is fixed, or that another valve holds"
            )
        self.demand = np.array(np.broadcast_to(np.asarray(problem.node_demand, float).reshape(-1), (nodes,)))
        self.opened = np.array(np.broadcast_to(np.asarray(problem.link_open, bool).reshape(-1), (links,)))
        check = np.array(np.broadcast_to(np.asarray(problem.link_check, bool).reshape(-1), (links,)))
        check[self.link] = True
        self.problem = replace(problem, link_check=check)
        self.loss = _fittings(problem, links)[self.link]
        self.flow = np.zeros(self.link.size)

    def solved(self, state: tuple[State, ...]) -> _Solved:
        """The flow with these states, by Anderson's method on the flows of the active valves."""
        active = np.array([word == "active" for word in state], bool)
        opened = self.opened.copy()
        opened[self.link] &= np.array([word == "open" for word in state], bool)
        ready = _prepare(
            replace(
                self.problem, link_open=opened, fixed_node=np.concatenate([self.fixed, self.held[active]]),
                fixed_pressure=np.concatenate([self.fixed_pressure, self.set_point[active]]),
            ),
            friction=self.friction, compiled=self.compiled,
        )  # fmt: skip
        drawn = np.where(active, self.flow, 0.0)[active]
        guesses: list[Array] = []
        errors: list[Array] = []
        for _ in range(MOST_REPEATS):
            demand = self.demand.copy()
            np.add.at(demand, self.other[active], np.where(self.reduces[active], drawn, -drawn))
            solution = ready.solve(node_demand=demand)
            found = self._arriving(solution.link_flow[0], drawn, active)
            largest = max(float(np.abs(solution.link_flow).max(initial=0.0)), 1e-12)
            error = found - drawn
            settled = bool((np.abs(error) <= FLOW_TOLERANCE * largest).all())
            if settled or not np.isfinite(error).all():
                break
            guesses, errors = [*guesses[-MEMORY:], drawn], [*errors[-MEMORY:], error]
            drawn = np.clip(_next_guess(guesses, errors), -MOST_FLOW, MOST_FLOW)
        flow = np.array(solution.link_flow[0, self.link])
        flow[active] = found
        self.flow = np.where(np.isfinite(flow), flow, 0.0)
        return _Solved(solution, flow, settled and bool(solution.scenario_ok[0]))

    def _arriving(self, link_flow: Array, drawn: Array, active: NDArray[np.bool_]) -> Array:
        """What each active valve must let through, for mass to be balanced at the node it holds."""
        net = -self.demand
        np.add.at(net, self.end, link_flow)
        np.subtract.at(net, self.start, link_flow)
        # what other valves draw at this node is not in the flows of links
        np.add.at(net, self.other[active], np.where(self.reduces[active], -drawn, drawn))
        return np.where(self.reduces[active], -net[self.held[active]], net[self.held[active]])

    def wanted(self, solved: _Solved, state: Sequence[State]) -> list[State]:
        """The state each valve should have at these flows and pressures."""
        pressure = solved.solution.node_pressure[0]
        connected = solved.solution.node_connected[0]
        flow = solved.flow
        height = self._height()
        least_flow = STATE_TOLERANCE * max(float(np.abs(solved.solution.link_flow).max(initial=0.0)), 1e-12)
        least = STATE_TOLERANCE * max(float(np.abs(pressure).max(initial=0.0)), 1.0)
        wanted: list[State] = []
        for number, word in enumerate(state):
            first, last = self.start[self.link[number]], self.end[self.link[number]]
            target = self.set_point[number]
            loss = self.loss[number] * flow[number] ** 2
            fall = height[first] - height[last]  # what height adds to the pressure on the way down
            if word == "active" and flow[number] < -least_flow:
                word = "closed"
            elif word == "active" and not connected[first if self.reduces[number] else last]:
                word = "open"
            elif word == "active" and self.reduces[number]:
                word = "open" if pressure[first] + fall - loss < target - least else word
            elif word == "active":
                word = "open" if pressure[last] - fall + loss > target + least else word
            elif word == "open" and flow[number] > least_flow:
                over = (
                    pressure[last] > target + least
                    if self.reduces[number]
                    else pressure[first] < target - least
                )
                word = "active" if over else word
            elif word == "closed" and connected[first]:
                word = self._from_closed(
                    number, float(pressure[first]), float(pressure[last] + 0.0), float(fall), least
                )
            wanted.append(word)
        return wanted

    def _from_closed(self, number: int, before: float, behind: float, fall: float, least: float) -> State:
        """Whether a closed valve would let something through."""
        if before + fall <= behind + least:
            return "closed"
        target = self.set_point[number]
        if self.reduces[number]:
            if behind >= target - least:
                return "closed"
            return "active" if before + fall > target + least else "open"
        if before <= target + least:
            return "closed"
        return "open" if behind - fall > target + least else "active"

    def _height(self) -> Array:
        """Pressure of the height of each node. [Pa]"""
        density = float(np.mean(np.asarray(self.problem.link_density, float)))
        height = np.asarray(self.problem.node_elevation, float).reshape(-1)
        return np.array(np.broadcast_to(height, (self.problem.node_count,))) * density * 9.80665

    def whole(self, solved: _Solved) -> Solution:
        """The solution with the flows of the valves in their links, and its balance of mass over all of them."""
        flow = np.array(solved.solution.link_flow)
        flow[0, self.link] = solved.flow
        net = -self.demand
        np.add.at(net, self.end, flow[0])
        np.subtract.at(net, self.start, flow[0])
        net[self.fixed] = 0.0
        largest = max(
            float(np.abs(flow).max(initial=0.0)), float(np.abs(self.demand).max(initial=0.0)), 1e-300
        )
        return replace(
            solved.solution,
            link_flow=flow,
            mass_error=np.array([float(np.abs(net).max(initial=0.0)) / largest]),
        )


def _fittings(problem: Problem, links: int) -> Array:
    """Drop over the square of the flow of every link's fittings. [Pa/(kg/s)2]"""
    diameter, density, factor = (
        np.broadcast_to(np.asarray(value, float).reshape(-1), (links,))
        for value in (problem.link_diameter, problem.link_density, problem.link_minor_loss)
    )
    area = np.pi / 4.0 * diameter**2
    return np.divide(factor, 2.0 * density * area**2, out=np.zeros(links), where=area > 0.0)


def _next_guess(guesses: list[Array], errors: list[Array]) -> Array:
    """Anderson's mixing: the combination of what was found that has the least error (D. G. Anderson, J. ACM 12, 1965)."""
    if len(guesses) < 2:
        return guesses[-1] + errors[-1]
    steps = np.stack([errors[-1] - error for error in errors[:-1]], axis=1)
    share, *_ = np.linalg.lstsq(steps, errors[-1], rcond=1e-12)
    moves = np.stack([guesses[-1] - guess for guess in guesses[:-1]], axis=1)
    guess: Array = guesses[-1] + errors[-1] - (moves + steps) @ share
    return guess
