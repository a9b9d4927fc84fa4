"""Every hour of a year as a state of the facility.

What racks do follows from the air and the coolant they get, not from the outdoors: as long as every loop that reaches into
the halls holds its set point, the halls are in the same state in all hours of one load level.  So the facility is brought
to rest once for every level, and from there only the plant is followed through the hours, all of them side by side.  Hours
in which a set point is missed, or differs from that state's, are solved whole, like any other state.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from solvers import power as power_flow
from twin.coupling import CELLS, TOLERANCE, settle
from twin.networks.facility import Lowered, lower
from twin.networks.plant import Weather
from twin.networks.setpoints import setpoints
from twin.networks.state import State, change
from twin.networks.steps import circulate, complex_load, electrical_load, reject, ventilate, warm
from twin.scenario import NORMAL, Scenario
from twin.year.whole import solve_whole

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Index = NDArray[np.intp]
Tell = Callable[[int], None]

HELD = 1e-4
"""A loop that is no further from the temperature of the state at rest leaves the halls as they are. [K]"""
PLANT_PASSES = 60
"""Passes of plant and loops after which an hour is solved whole."""
ASTRAY, SURE = 0.05, 3
"""Distance at which an hour is given up as one that is solved whole [K], and the pass after which that is known."""
BLOCK = 4096
"""Most hours followed side by side."""
MILD = 0.1
"""Quantile of the year's dry bulb at which the facility is first brought to rest: cold enough for every plant."""


@dataclass(frozen=True, eq=False)
class Block:
    """Some hours at rest."""

    hours: Index
    state: State
    source_power: Array
    """Power drawn from grid and generators. [W]"""
    solved: Mask
    alike: Index
    """(n,) hours with one number have their halls in one state."""


def follow(world: Lowered, weather: Weather, level: Array, tell: Tell) -> list[Block]:
    """Bring every hour to rest; ``tell`` is told how many are done.

    Parameters
    ----------
    weather : (H,) arrays.
    level : (H,) power asked of all racks over that of the workload.
    """
    levels, which = np.unique(level, return_inverse=True)
    mild = int(np.argsort(weather.dry_bulb, kind="stable")[int(MILD * (weather.dry_bulb.size - 1))])
    base = settle(
        world,
        tuple(_hour(f"level {x:.3f}", x) for x in levels),
        weather=_at(weather, np.full(levels.size, mild)),
    )
    indoors = _indoor_loops(world)
    tree = power_flow.prepare(world.power.in_service((NORMAL,)), compiled=False)
    blocks, left, done = [], [], 0
    step = max(8, min(BLOCK, 4 * CELLS // max(len(world.racks), 1)))
    for first in range(0, level.size, step):
        hours = np.arange(first, min(first + step, level.size))
        at_rest = base.state.take(which[hours])
        rest, quiet = _plant_alone(world, at_rest, _at(weather, hours), indoors)
        held = quiet & base.settled[which[hours]]
        same = np.abs(rest.supply - base.state.supply[which[hours]])[:, indoors] <= HELD
        held &= same.all(axis=1)
        if held.any():
            blocks.append(
                _finish(world, rest.take(np.flatnonzero(held)), hours[held], tree, alike=which[hours[held]])
            )
        left.append(hours[~held])
        done += int(held.sum())
        tell(done)
    rest_hours = np.concatenate(left)
    if rest_hours.size:
        # many passes each: compiling may repay itself, which following the plant alone never does
        world = lower(world.facility, states=rest_hours.size)

        def told(some: int) -> None:
            nonlocal done
            done += some
            tell(done)

        blocks.extend(
            _finish(world, part.state, rest_hours[part.rows], tree, part.settled)
            for part in solve_whole(world, _at(weather, rest_hours), level[rest_hours], told)
        )
    return blocks


def _hour(name: str, level: float) -> Scenario:
    return Scenario(name=name, load=float(level))


def _at(weather: Weather, rows: Index) -> Weather:
    return Weather(weather.dry_bulb[rows], weather.wet_bulb[rows], weather.pressure[rows])


def _indoor_loops(world: Lowered) -> Index:
    """Loops that reach racks, rear doors or room air handlers."""
    inside = [
        number
        for number, loop in enumerate(world.loops)
        if any(
            world.facility.by_id[name].kind in ("rack", "rear_door", "crah") for name in loop.circuit.sinks
        )
    ]
    return np.array(inside, np.intp)


def _plant_alone(world: Lowered, state: State, weather: Weather, indoors: Index) -> tuple[State, Mask]:
    """Loops and plant iterated to rest under other outdoor states while the halls stay as they are.

    An hour whose set point or supply indoors leaves that of the state at rest is given up.
    """
    wanted = setpoints(world.facility, world.loops, weather)
    columns = world.source_loop
    whole = replace(
        state,
        dry_bulb=weather.dry_bulb,
        wet_bulb=weather.wet_bulb,
        barometer=weather.pressure,
        setpoint=wanted,
        plant_leaving=wanted[:, columns] if columns.size else state.plant_leaving,
    )
    quiet = np.zeros(len(wanted), bool)
    moving = np.flatnonzero((np.abs(wanted - state.setpoint)[:, indoors] <= HELD).all(axis=1))
    scale = np.full(len(wanted), max(float(world.rack_demand.sum()), 1.0))
    for done in range(PLANT_PASSES):
        if not moving.size:
            break
        together = moving.size == len(wanted)  # no copies of large tables where all hours still move
        before = whole if together else whole.take(moving)
        after = ventilate(world, before)
        after = circulate(world, after)
        after = warm(world, after)
        after = reject(world, after)
        whole = after if together else whole.put(moving, after)
        still = (change(before, after, scale[moving]) <= TOLERANCE) & (done > 0)
        quiet[moving[still]] = True
        astray = np.abs(after.supply - state.supply[moving])[:, indoors] > ASTRAY
        moving = moving[~(still | (astray.any(axis=1) & (done >= SURE)))]
    return whole, quiet & whole.flow_ok & whole.heat_ok


def _finish(
    world: Lowered,
    state: State,
    hours: Index,
    tree: power_flow.Prepared,
    settled: Mask | None = None,
    *,
    alike: Index | None = None,
) -> Block:
    load = complex_load(world, electrical_load(world, state))
    flow = tree.solve(load, outputs=("source_power",))
    solved = np.asarray(flow.scenario_ok) & (state.hall_ok.all(axis=1) & state.flow_ok & state.heat_ok)
    if settled is not None:
        solved = solved & settled
    same = np.arange(hours.size) if alike is None else alike
    return Block(hours, state, flow.source_power.real.sum(axis=1), solved, same)
