"""Newton's method on flows and pressures together, all scenarios side by side."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from . import elimination
from .case import Array, Case, Index, Mask
from .friction import FrictionLaw
from .laws import Laws

PATIENCE = 12
"""Full Newton steps before the line search is switched on; ordinary networks need 5 to 9."""
POLISH = 4
"""Most passes that turn steep laws into exact ones."""
RELEASES = 8
"""Most times that links held wrongly are let go; in brutal networks two are common."""
ROUNDING = 1e-13
"""Pressure that is rounding, over the largest one."""
LEAST_SHARE = 1e-15
"""Flow beyond a stop that holds no link, over the largest: of two valves in series that open, one would shut the other."""
STATE = ("flow", "head", "shut", "limited", "change", "converged")
"""What an iteration changes."""

SNAP = 1e-11
"""Flows below this share of the largest are rounding and set to zero."""
NOISE = 1e-14
"""Where the largest flow is below this share of the first guess, nothing flows."""


@dataclass(frozen=True)
class Flow:
    """State of a chunk of scenarios; rows first, scenarios last."""

    flow: Array
    head: Array
    limited: Mask
    connected: Mask
    residual: Array
    converged: Mask
    iterations: int


def solve_flow(case: Case, tolerance: float, max_iterations: int, friction: FrictionLaw) -> Flow:
    """Flows [kg/s] and piezometric pressures [Pa] of every scenario of ``case``."""
    connected, moving, level = _parts(case)
    live = case.full("open") & moving[case.start] & moving[case.end]
    plan = elimination.plan(case.node_count, case.start, case.end, case.fixed)
    flow = np.zeros((case.link_count, case.scenarios))
    head = np.array(level)
    residual, converged = np.zeros(case.scenarios), np.asarray(~live.any(axis=0))
    limited = np.zeros_like(flow, bool)
    iterations = 0
    todo = np.flatnonzero(~converged)
    if todo.size:
        state = _Newton(case.take(todo), live[:, todo], head[:, todo], plan, friction)
        iterations = state.run(tolerance, max_iterations)
        flow[:, todo], limited[:, todo] = state.flow, state.limited
        head[:, todo] = np.where(moving[:, todo], state.head, level[:, todo])
        residual[todo], converged[todo] = state.change, state.converged
    return Flow(flow, head, limited, connected, residual, converged, iterations)


def _parts(case: Case) -> tuple[Mask, Mask, Array]:
    """Nodes joined to a fixed node, nodes whose part something drives, and the head where nothing does.

    A part that nothing drives (no running pump, demand, difference of fixed heads or of densities) has zero
    flow exactly, and so has a part without fixed node: its pump can raise no pressure difference to the
    expansion vessel that a steady state would define.
    """
    nodes, count = case.node_count, case.scenarios
    patterns, which = _distinct_columns(case.open, count)
    base = nodes * np.arange(patterns.shape[1])
    link, pattern = np.nonzero(patterns)
    graph = coo_array(
        (np.ones(link.size, bool), (case.start[link] + base[pattern], case.end[link] + base[pattern])),
        shape=(nodes * patterns.shape[1],) * 2,
    )
    size, label = connected_components(graph, directed=False)
    label = label.reshape(patterns.shape[1], nodes)[which].T  # (N, S), distinct within a pattern
    label = label + size * np.arange(count) if count * size < 2**62 else label
    _, flat = np.unique(label, return_inverse=True)
    flat = flat.reshape(nodes, count)
    parts = int(flat.max(initial=-1)) + 1

    anchored, driven = np.zeros(parts, bool), np.zeros(parts, bool)
    low, high = np.full(parts, np.inf), np.full(parts, -np.inf)
    head = case.full("head")
    anchored[flat[case.fixed]] = True
    np.minimum.at(low, flat[case.fixed], head)
    np.maximum.at(high, flat[case.fixed], head)
    driven |= high > low
    driven[flat[case.full("demand") != 0.0]] = True
    pushed = case.full("open") & ((case.full("shutoff") > 0.0) | (case.buoyancy != 0.0))
    driven[flat[case.start][pushed]] = True
    level = np.where(anchored[flat], np.where(np.isfinite(low[flat]), low[flat], 0.0), 0.0)
    level[case.fixed] = head
    return anchored[flat], (anchored & driven)[flat], level


def _distinct_columns(mask: Mask, count: int) -> tuple[Mask, Index]:
    """Distinct columns of a mask, and which of them each scenario has."""
    if mask.shape[1] == 1:
        return mask, np.zeros(count, np.intp)
    seen: dict[bytes, int] = {}
    packed = np.packbits(mask, axis=0).T.copy()
    which = np.array([seen.setdefault(row.tobytes(), len(seen)) for row in packed], np.intp)
    _, first = np.unique(which, return_index=True)
    return mask[:, first], which


class _Newton:
    """The iteration: working arrays of the scenarios that have not converged yet."""

    def __init__(
        self, case: Case, live: Mask, head: Array, plan: elimination.Plan, friction: FrictionLaw
    ) -> None:
        self.case, self.live, self.plan, self.friction = case, live, plan, friction
        self.laws = Laws(case, friction)
        self.head = head
        self.flow = np.where(live, self.laws.start(), 0.0)
        self.change = np.full(case.scenarios, np.inf)
        self.converged = np.zeros(case.scenarios, bool)
        self.limited, self.shut = np.zeros_like(live), np.zeros_like(live)

    def run(self, tolerance: float, max_iterations: int) -> int:
        """Iterate, hold what is blocked, let go what is held wrongly, and again; returns the iterations.

        Without iterations left the passes that hold go on alone: where all that runs is dead-headed, rounding of the
        leaks keeps the iteration from coming to rest, and only without leaks the state is found.
        """
        done, again = 0, np.ones(self.case.scenarios, bool)
        for last in range(RELEASES, -1, -1):
            before = [getattr(self, name) for name in STATE]
            done = self._iterate(tolerance, done, max_iterations)
            polished = self._polish(again & (self.shut | self.limited).any(axis=0))
            late = ~self.converged & (polished <= tolerance)
            self.change, self.converged = np.where(late, polished, self.change), self.converged | late
            if not again.all():  # scenarios in good order stay as they were, to the last digit
                for name, kept in zip(STATE, before, strict=True):
                    setattr(self, name, np.where(again, getattr(self, name), kept))
            loose = self._wrongly_blocked()
            again = loose.any(axis=0) | self._astray()
            if not again.any():
                break
            if last:
                self.shut, self.limited = self.shut & ~loose, self.limited & ~loose
                self.converged = self.converged & ~again
        if again.any():
            self.converged = self.converged & ~(self._wrongly_blocked(tolerance).any(axis=0) | self._astray())
        self._snap()
        return done

    def _iterate(self, tolerance: float, done: int, max_iterations: int) -> int:
        """Newton steps until all scenarios have met the tolerance; those in hand before are counted."""
        drop, slope = self.laws(self.flow)
        while done < max_iterations and not self.converged.all():
            done += 1
            step, head = self._step(drop, slope)
            moved = self.flow + step
            new_drop, new_slope = self.laws(moved)
            if done > PATIENCE:
                moved, new_drop, new_slope = self._search(step, head, drop, moved, new_drop, new_slope)
            rest = self.converged & (self.change <= SNAP)  # what another step would move is rounding
            change = self._relative(moved - self.flow)
            self.flow, self.head = np.where(rest, self.flow, moved), np.where(rest, self.head, head)
            self.change = np.where(rest, self.change, change)
            drop, slope = np.where(rest, drop, new_drop), np.where(rest, slope, new_slope)
            self.converged = self.change <= tolerance
        return done

    def _relative(self, change: Array) -> Array:
        largest = np.maximum(np.abs(self.flow).max(axis=0), np.abs(self.flow + change).max(axis=0))
        return np.abs(change).max(axis=0) / np.maximum(largest, 1e-9 * self.laws.flow_scale[0])

    def _step(self, drop: Array, slope: Array) -> tuple[Array, Array]:
        """Newton step of the flows, and the heads that go with it."""
        weight = np.where(self.live & ~(self.shut | self.limited), 1.0 / slope, 0.0)
        excess = weight * (self._difference(self.head) - drop)
        load = self.case.balance(self.flow + excess)
        rise = elimination.solve(self.plan, weight, load, np.zeros_like(self.head))
        return excess + weight * self._difference(rise), self.head + rise

    def _difference(self, head: Array) -> Array:
        return head[self.case.start] - head[self.case.end]

    def _search(
        self, step: Array, head: Array, drop: Array, moved: Array, new_drop: Array, new_slope: Array
    ) -> tuple[Array, Array, Array]:
        """Shorten steps that overshoot the minimum of the content function along their direction.

        The slope of the content along ``step`` is ``sum((drop - head difference) step)``: negative at the
        start, increasing, and zero at the minimum.
        """
        level = self._difference(head)
        along = np.where(self.live, step, 0.0)
        at_start = ((drop - level) * along).sum(axis=0)
        at_end = ((new_drop - level) * along).sum(axis=0)
        bad = (at_end > 0.5 * np.abs(at_start)) & (self._relative(step) > 1e-7)
        low, high = np.zeros(bad.size), np.ones(bad.size)
        for _ in range(30):
            if not bad.any():
                break
            middle = np.where(bad, 0.5 * (low + high), high)
            moved = self.flow + middle * step
            new_drop, new_slope = self.laws(moved)
            value = ((new_drop - level) * along).sum(axis=0)
            low = np.where(bad & (value < 0.0), middle, low)
            high = np.where(bad & (value >= 0.0), middle, high)
            bad &= np.abs(value) > 0.5 * np.abs(at_start)
            high = np.where(bad, high, middle)
        return moved, new_drop, new_slope

    def _polish(self, moving: Mask) -> Array:
        """Hold blocked links exactly at zero or at their limit, and let the rest follow; (S,) last change.

        A held link is taken out of the network: what it carries is given, so mass is kept to rounding.
        """
        change = np.array(self.change)
        for _ in range(POLISH):
            moving = moving | self._hold()
            if not moving.any():
                break
            drop, slope = self.laws(self.flow)
            step, head = self._step(drop, slope)
            self.flow, self.head = self.flow + np.where(moving, step, 0.0), np.where(moving, head, self.head)
            change = np.where(moving, self._relative(step), change)
            moving = moving & (change > SNAP)
        return change

    def _hold(self) -> Mask:
        """Links beyond their stop join those that are held at it; (S,) where there are such."""
        least = LEAST_SHARE * np.abs(self.flow).max(axis=0)
        shut, limited = self.laws.blocked(np.sign(self.flow) * np.maximum(np.abs(self.flow) - least, 0.0))
        self.shut, self.limited = self.shut | (shut & self.live), self.limited | (limited & self.live)
        self.flow = np.where(self.limited, self.case.limit, np.where(self.shut, 0.0, self.flow))
        return np.asarray(((shut | limited) & self.live).any(axis=0))

    def _snap(self) -> None:
        """Flows that are rounding become zero: beside the largest, or all where the largest is rounding itself."""
        largest = np.abs(self.flow).max(axis=0)
        still = largest <= NOISE * self.laws.flow_scale[0]
        noise = np.where(still, largest, SNAP * largest)
        flow = np.where(np.abs(self.flow) <= noise, 0.0, self.flow)
        self.flow = np.minimum(flow, np.where(self.live, self.case.limit, np.inf))

    def _wrongly_blocked(self, tolerance: float = 0.0) -> Mask:
        """(E, S) shut links that pressure pushes open and held ones whose law takes all there is."""
        level = self._difference(self.head)
        gap = level - self.laws(self.flow)[0]
        slack = ROUNDING * np.abs(self.head).max(axis=0) + tolerance * np.abs(level).max(axis=0)
        return (self.shut & (gap > slack)) | (self.limited & (gap < -slack))

    def _astray(self) -> Mask:
        """(S,) some link that is not held is beyond its stop by more than rounding."""
        stop = np.maximum(SNAP * np.abs(self.flow).max(axis=0), NOISE * self.laws.flow_scale[0])
        back = self.case.one_way & (self.flow < -stop)
        return np.asarray(((back | (self.flow > self.case.limit + stop)) & self.live).any(axis=0))
