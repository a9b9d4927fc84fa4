"""The modes of exchangers and extractions, and the result that follows from them."""

from __future__ import annotations

from typing import Any

import numpy as np

from .heat_case import Array, HeatCase, Index, Mask, at, sum_to_nodes
from .mixing import (
    AT_FLOOR,
    CONTROLLED,
    IDLE,
    LIMITED,
    TAKING,
    full_fall,
    temperatures,
    temperatures_after,
    transfer,
)

QUICK = 12
"""Passes over the modes before the slow way is taken; ordinary networks need 1 to 4."""
LONG = 1e-13
"""Inertia at which a warm-up counts as endless [-]."""
RUNAWAY = 1e6
"""Temperature no steady state reaches [K]; what runs away is far beyond at the end of a warm-up."""


def solve_chunk(case: HeatCase, max_iterations: int) -> dict[str, Any]:
    """Iterate the modes; returns the arrays of :class:`Solution` by name, and `settled`."""
    coupled = (case.rate[:, case.hot] > 0.0) & (case.rate[:, case.cold] > 0.0)
    controlled = coupled & np.isfinite(case.setpoint)
    mode = np.where(controlled, CONTROLLED, np.where(coupled, LIMITED, IDLE))
    taking = full_fall(case) > 0.0
    mode = np.hstack([mode, np.where(taking, AT_FLOOR, IDLE)])
    controlled = np.hstack([controlled, taking])
    runaway = np.zeros((case.scenarios, case.node_count), bool)
    mode, settled, done = _iterate(case, mode, controlled, min(max_iterations, QUICK))
    if not settled.all():
        hard = np.flatnonzero(~settled)
        part = case.take(hard)
        mode[hard], runaway[hard], more = _warm_up(part, mode[hard], controlled[hard], max_iterations)
        mode[hard], settled[hard], last = _iterate(part, mode[hard], controlled[hard], QUICK, runaway[hard])
        done += more + last
    return _report(case, mode, runaway, settled) | {"iterations": done}


def _iterate(
    case: HeatCase, mode: Index, controlled: Mask, limit: int, runaway: Mask | None = None
) -> tuple[Index, Mask, int]:
    """Change modes until each is what its machine would do; those on a runaway loop keep theirs.

    Not settled is also a scenario with a loop that nothing ties, unless it is known to run away.
    """
    settled, done = np.zeros(case.scenarios, bool), 0
    for done in range(1, limit + 1):  # noqa: B007
        temperature, adrift = temperatures(case, mode)
        free = controlled
        if runaway is not None:
            lost = at(adrift, case.up)
            free = controlled & ~np.hstack([lost[:, case.hot] | lost[:, case.cold], lost[:, case.taken]])
        wanted = np.where(free, _modes(case, temperature, mode), mode)
        settled = np.asarray(~(wanted != mode).any(axis=1))
        if settled.all():
            break
        mode = wanted
    if runaway is None:
        settled = settled & ~adrift.any(axis=1)
    return mode, settled, done


def _warm_up(case: HeatCase, mode: Index, controlled: Mask, limit: int) -> tuple[Index, Mask, int]:
    """Modes of the state that the network warms up to from `initial`, and the nodes that never settle.

    Implicit Euler steps of growing length on a network whose nodes store heat.  Mixing and exchange never
    increase the distance of two states (in heat), so every step has one solution and the steps lead to the
    steady state, where plain iteration of the modes may cycle between two wrong ones.
    """
    temperature, done = case.initial, 0
    inertia = np.ones((case.scenarios, 1))
    for _ in range(limit):
        settled = np.zeros(case.scenarios, bool)
        trial = mode
        for _ in range(QUICK):
            done += 1
            warmer = temperatures_after(case, trial, temperature, inertia)
            wanted = np.where(controlled, _modes(case, warmer, trial), trial)
            settled = np.asarray(~(wanted != trial).any(axis=1))
            if settled.all():
                break
            trial = wanted
        # who has arrived waits: with still less inertia a loop without sink would be a singular matrix
        moving = inertia >= LONG
        good = settled[:, None] & moving
        temperature, mode = np.where(good, warmer, temperature), np.where(good, trial, mode)
        inertia = np.where(moving, np.where(good, inertia / 16.0, inertia * 4.0), inertia)
        if inertia.max() < LONG:
            break
    return mode, np.abs(temperature) > RUNAWAY, done


def _modes(case: HeatCase, temperature: Array, mode: Index) -> Index:
    """What each machine would do at these temperatures."""
    modes, taking = np.split(mode, [case.hot.size], axis=1)
    return np.hstack([_exchanging(case, temperature, modes), _taking(case, temperature, taking)])


def _exchanging(case: HeatCase, temperature: Array, mode: Index) -> Index:
    """Controlled exchangers: the hot stream leaves at min(inlet, max(set point, limit))."""
    hot_in, cold_in = at(temperature, case.up[:, case.hot]), at(temperature, case.up[:, case.cold])
    reach = hot_in - case.hot_share * (hot_in - cold_in)
    held = np.where(np.isfinite(case.setpoint), case.setpoint, 0.0)
    slack = 1e-9 * (1.0 + np.abs(held) + np.abs(hot_in))
    wanted = np.where(reach > held + slack, LIMITED, CONTROLLED)
    wanted = np.where(hot_in < held - slack, IDLE, wanted)
    wanted = np.where((hot_in < cold_in - slack) & (wanted == LIMITED), IDLE, wanted)
    # the marginal case keeps its mode, so that rounding cannot make it alternate
    wanted = np.where((np.abs(reach - held) <= slack) & (wanted != IDLE) & (mode != IDLE), mode, wanted)
    wanted = np.where((np.abs(hot_in - held) <= slack) & (mode == IDLE), IDLE, wanted)
    return np.where(
        (np.abs(hot_in - cold_in) <= slack) & (hot_in > held) & (mode != CONTROLLED), mode, wanted
    )


def _taking(case: HeatCase, temperature: Array, mode: Index) -> Index:
    """Extractions: the stream leaves at min(inlet, max(floor, inlet less what is wanted))."""
    above = at(temperature, case.up[:, case.taken]) - case.floor
    full = full_fall(case)
    slack = 1e-9 * (1.0 + np.abs(case.floor) + np.abs(above))
    wanted = np.where(above > full, TAKING, np.where(above < 0.0, IDLE, AT_FLOOR))
    marginal = ((np.abs(above) <= slack) & (mode != TAKING)) | (
        (np.abs(above - full) <= slack) & (mode != IDLE)
    )
    return np.where(marginal, mode, wanted)


def _report(case: HeatCase, mode: Index, runaway: Mask, settled: Mask) -> dict[str, Any]:
    """Outlets, gains and balances that follow from the node temperatures."""
    temperature, adrift = temperatures(case, mode)
    runs = case.rate > 0.0
    counted = runs & ~at(adrift, case.up)
    own, other, constant, partner = transfer(case, mode)
    inlet = at(temperature, case.up)
    exchanged = own * inlet + other * at(temperature, partner) + constant
    free = case.kept * exchanged + case.natural
    outlet = np.where(counted, np.where(case.pinned, case.added, free), inlet)
    gain = case.rate * (outlet - inlet)
    hot = case.hot
    duty = np.where(counted[:, hot], case.rate[:, hot] * (inlet - exchanged)[:, hot], 0.0)
    taken = case.taken
    extraction = np.where(counted[:, taken], case.rate[:, taken] * (inlet - exchanged)[:, taken], 0.0)
    rejected = np.where(counted & case.pinned, case.rate * (free - outlet), 0.0)
    lost = np.where(~counted, case.heat, 0.0).sum(axis=1)

    nodes = case.node_count
    mixed = sum_to_nodes(nodes, case.rate * outlet, case.down) + case.inflow * case.inflow_temperature
    fed = sum_to_nodes(nodes, case.rate, case.down) + case.inflow
    imbalance = np.where((fed > 0.0) & ~adrift, mixed - fed * temperature, 0.0)
    leaving = sum_to_nodes(nodes, case.rate, case.up)
    outward = np.where((fed > 0.0) & ~adrift, fed - leaving, 0.0)
    boundary = (outward * temperature - case.inflow * case.inflow_temperature).sum(axis=1)
    moved = np.maximum(np.abs(gain).sum(axis=1), np.abs(np.where(counted, case.heat, 0.0)).sum(axis=1))
    scale = np.maximum(moved, 1e-3 * case.rate.sum(axis=1) + 1e-9)
    runaway = runaway & adrift
    return {
        "settled": settled,
        "residual": np.abs(imbalance).max(axis=1, initial=0.0) / scale,
        "node_temperature": temperature,
        "link_inlet": inlet,
        "link_outlet": outlet,
        "link_gain": gain,
        "exchanger_duty": duty,
        "exchanger_limited": _limited(case, mode, inlet, runaway),
        "rejected": rejected,
        "stagnant_heat": lost,
        "energy_error": np.abs(gain.sum(axis=1) - boundary) / scale,
        "node_runaway": runaway,
        "extraction": extraction,
    }


def _limited(case: HeatCase, mode: Index, inlet: Array, runaway: Mask) -> Mask:
    """Set points that are missed: exchanger at its limit, no cold flow, or water not cold enough."""
    mode = mode[:, : case.hot.size]
    held = np.isfinite(case.setpoint) & (case.rate[:, case.hot] > 0.0)
    target = np.where(held, case.setpoint, 0.0)
    too_warm = inlet[:, case.hot] > target + 1e-9 * (1.0 + np.abs(target))
    return held & ((mode == LIMITED) | ((mode == IDLE) & too_warm) | at(runaway, case.up[:, case.hot]))
