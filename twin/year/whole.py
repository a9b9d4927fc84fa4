"""Hours that are solved whole: halls, loops, plant and power tree, side by side, started from hours already at rest.

A few hours, as far apart in outdoors and load as can be, are brought to rest from the first guess; more of them from what
those tell, and all others from what both tell (:mod:`twin.year.spread`).  Every hour is then iterated to the tolerance of
the coupling, so what it is started from decides how many passes that takes, not where it ends.  Hours that do not rest soon
are brought to rest from the first guess like any other state.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from solvers import power as power_flow
from twin.coupling import CADENCE, CELLS, TOLERANCE, settle
from twin.networks.facility import Lowered
from twin.networks.plant import Weather
from twin.networks.setpoints import setpoints
from twin.networks.state import State, change
from twin.networks.steps import breathe, circulate, curtail, feed, reject, ventilate, warm
from twin.scenario import NORMAL, Scenario
from twin.year.spread import far_apart, weights

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Index = NDArray[np.intp]

FIRST, SECOND = 48, 400
"""Hours brought to rest from the first guess, and in all before every other hour."""
FEW = 2 * FIRST
"""Hours up to which all start from the first guess."""
SIDE_BY_SIDE = 512
"""Most hours iterated at once."""
SOON, MOST_PASSES = 9, 60
"""Passes after which an hour waits for others as slow, and after which it is started again from the first guess."""
LEAST_PASSES = 3
"""Passes in which a change of supply comes back from the halls: an hour rests no sooner."""
NEAR = 1e-6
"""Change of a pass, as in the coupling, below which the power flow is solved again: what it gives back is small."""
TURN = 4
"""So it is every so many passes, however large the change."""
PRESSURE = 0.2
"""Weight of the barometer among what tells hours apart; temperatures and load have 1. [-]"""
KEPT = ("served", "live", "rack_level", "dry_bulb", "wet_bulb", "barometer", "setpoint")
"""Fields that are those of the hour itself."""


@dataclass(frozen=True, eq=False)
class Found:
    """Hours at rest."""

    rows: Index
    """Of the weather and levels given."""
    state: State
    settled: Mask


def solve_whole(
    world: Lowered, weather: Weather, level: Array, tell: Callable[[int], None]
) -> Iterator[Found]:
    """All given hours, in parts; ``tell`` is told how many have been found since the last time.

    Parameters
    ----------
    level : (H,) power asked of all racks over that of the workload.
    """
    count = level.size
    together = max(8, min(SIDE_BY_SIDE, CELLS // max(len(world.racks), 1)))
    if count <= FEW:
        yield from _from_first_guess(world, weather, level, np.arange(count), together, tell)
        return
    normal = world.power.in_service((NORMAL,) * together)
    tree = power_flow.prepare(normal, compiled=False)
    points = _points(weather, level)
    order = far_apart(points, SECOND)
    parts = [*_from_first_guess(world, weather, level, order[:FIRST], together, tell)]
    yield from parts
    for rows in (order[FIRST:], np.setdiff1d(np.arange(count), order)):
        known = _known(parts)
        for part in _from_known(world, tree, weather, level, rows, points, known, together, tell):
            parts += [part] if rows.size < SECOND else []
            yield part


def _from_first_guess(
    world: Lowered, weather: Weather, level: Array, rows: Index, together: int, tell: Callable[[int], None]
) -> Iterator[Found]:
    for first in range(0, rows.size, together):
        some = rows[first : first + together]
        scenarios = tuple(Scenario(name=f"hour {row}", load=float(level[row])) for row in some)
        rest = settle(world, scenarios, weather=_at(weather, some))
        tell(some.size)
        yield Found(some, rest.state, rest.settled)


def _from_known(
    world: Lowered,
    tree: power_flow.Prepared,
    weather: Weather,
    level: Array,
    rows: Index,
    points: Array,
    known: Found | None,
    together: int,
    tell: Callable[[int], None],
) -> Iterator[Found]:
    """Some hours from those known; the slow ones of all side by side, and from the first guess what does not rest."""
    if known is None:
        yield from _from_first_guess(world, weather, level, rows, together, tell)
        return
    slow: list[Found] = []
    for first in range(0, rows.size, together):
        some = rows[first : first + together]
        begun = _guess(world, _at(weather, some), level[some], points[some], points[known.rows], known.state)
        yield from _sorted_out(_iterate(world, some, begun, tree, SOON), slow, tell)
    never: list[Found] = []
    if slow:
        waiting = _joined(slow)
        for first in range(0, waiting.rows.size, together):
            at = np.arange(first, min(first + together, waiting.rows.size))
            found = _iterate(world, waiting.rows[at], waiting.state.take(at), tree, MOST_PASSES)
            yield from _sorted_out(found, never, tell)
    for part in never:
        yield from _from_first_guess(world, weather, level, part.rows, together, tell)


def _sorted_out(found: Found, left: list[Found], tell: Callable[[int], None]) -> Iterator[Found]:
    """The hours at rest; the others are added to ``left``."""
    at, others = np.flatnonzero(found.settled), np.flatnonzero(~found.settled)
    if others.size:
        left.append(Found(found.rows[others], found.state.take(others), found.settled[others]))
    if at.size:
        tell(at.size)
        yield Found(found.rows[at], found.state.take(at), found.settled[at])


def _known(parts: list[Found]) -> Found | None:
    """The settled ones among the hours of some parts; None if they are too few to tell others."""
    some = [at for part in parts for at in _sorted_out(part, [], _untold)]
    return _joined(some) if sum(part.rows.size for part in some) >= FIRST // 2 else None


def _untold(some: int) -> None:
    """Nobody asks."""


def _joined(parts: list[Found]) -> Found:
    fields_of = {f.name: np.concatenate([getattr(p.state, f.name) for p in parts]) for f in fields(State)}
    return Found(
        np.concatenate([part.rows for part in parts]),
        State(**fields_of),
        np.concatenate([part.settled for part in parts]),
    )


def _points(weather: Weather, level: Array) -> Array:
    """(H, 4) what tells hours apart, each over its spread."""
    columns = (weather.dry_bulb, weather.wet_bulb, weather.pressure, level)
    spans = [max(float(np.std(column)), 1e-9) for column in columns]
    parts = [(column - column.mean()) / span for column, span in zip(columns, spans, strict=True)]
    parts[2] = parts[2] * PRESSURE
    return np.stack([part for part, span in zip(parts, spans, strict=True) if span > 1e-9], axis=1)


def _guess(
    world: Lowered, weather: Weather, level: Array, points: Array, known: Array, at_rest: State
) -> State:
    """States of some hours as those known tell them."""
    near, share = weights(known, points)
    told = {}
    for f in fields(State):
        if f.name in KEPT:
            continue
        values = getattr(at_rest, f.name)
        if values.dtype == bool:
            told[f.name] = values[near[:, 0]].copy()
            continue
        made = np.zeros((len(near), *values.shape[1:]))
        for column in range(near.shape[1]):
            made += share[:, column].reshape(-1, *[1] * (values.ndim - 1)) * values[near[:, column]]
        told[f.name] = made
    same = (at_rest.staged[near] == at_rest.staged[near[:, :1]]).all(axis=(1, 2))
    plain = {
        "throttle": np.clip(told["throttle"], 0.0, 1.0),
        "throttle_memory": np.full_like(told["throttle_memory"], np.nan),
        "gap_memory": np.full_like(told["gap_memory"], np.nan),
        "sink_limit": np.full_like(told["sink_limit"], -1.0),  # flows and losses told so are solved again
        "solved_load": np.full_like(told["solved_load"], -1.0),
        # a sequence keeps what runs: where it is at a step, it begins as in the first guess
        "staged": told["staged"] | ~same[:, None],
        "mass_error": np.zeros(len(near)),
        **{name: np.ones_like(told[name]) for name in ("flow_ok", "heat_ok", "power_ok")},
    }
    wanted = setpoints(world.facility, world.loops, weather)
    own = {
        "served": np.repeat(at_rest.served[:1], len(near), axis=0),
        "live": np.repeat(at_rest.live[:1], len(near), axis=0),
        "rack_level": np.repeat(level[:, None], len(world.racks), axis=1),
        "dry_bulb": weather.dry_bulb,
        "wet_bulb": weather.wet_bulb,
        "barometer": weather.pressure,
        "setpoint": wanted,
    }
    return State(**(told | plain | own))


def _iterate(world: Lowered, rows: Index, whole: State, tree: power_flow.Prepared, most_passes: int) -> Found:
    """The passes of the coupling, the power flow only of hours that otherwise rest or at every :data:`TURN`."""
    count = rows.size
    scale = np.full(count, max(float(world.rack_demand.sum()), 1.0))
    settled, moving, passes = np.zeros(count, bool), np.arange(count), 0
    while moving.size and passes < most_passes:
        passes += 1
        before = whole.take(moving)
        state = breathe(world, before)
        state = ventilate(world, state)
        state = circulate(world, state)
        state = warm(world, state)
        state = reject(world, state)
        state = curtail(world, state, act=passes > LEAST_PASSES and passes % CADENCE == LEAST_PASSES + 1)
        near = change(before, state, scale[moving]) <= NEAR
        fed = np.flatnonzero(near | (passes % TURN == 0))
        if fed.size:
            state = state.put(fed, feed(world, state.take(fed), tree, moving[fed]))
        still = near & state.power_ok & (change(before, state, scale[moving]) <= TOLERANCE)
        still &= passes >= LEAST_PASSES
        whole = whole.put(moving, state)
        settled[moving[still]] = True
        moving = moving[~still]
    return Found(rows, whole, settled)


def _at(weather: Weather, rows: Index) -> Weather:
    return Weather(weather.dry_bulb[rows], weather.wet_bulb[rows], weather.pressure[rows])
