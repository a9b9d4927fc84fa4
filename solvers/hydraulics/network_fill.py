"""What goes into a group of scenarios: laws and states of the lanes from the arrays of the duty.

The memory is that of :mod:`solvers.hydraulics.network_newton`; ``picked`` has the scenario of each lane.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from .laws import FLAT, LOSSLESS, SOFT_FLOW, STEEP
from .network_laws import FLOW
from .network_laws import LEAST as LEAST_ROW
from .network_laws import STEEP as STEEP_ROW
from .network_laws import TINY as TINY_ROW
from .network_vectors import INNER

ROUGH_FACTOR = 0.02
"""Darcy factor for the typical pressure of networks that only demands drive; an order of magnitude will do."""


@njit(inline="always", **INNER)
def entry(array, row, column):  # type: ignore[no-untyped-def]
    """An entry of an array that may have one row or one column for all."""
    return array[row if array.shape[0] > 1 else 0, column if array.shape[1] > 1 else 0]


@njit(**INNER)
def fill(picked, duty, flat, at, i, k, of, begin):  # type: ignore[no-untyped-def]
    """Tables of the lanes; what no scenario varies is filled where ``begin``."""
    if begin or duty.viscosity.shape[0] > 1:
        _viscosities(picked, duty.viscosity, flat, at.reynolds, i, of.pipe_link, k, of.pipe_size, of.pipes)
        _viscosities(
            picked, duty.viscosity, flat, at.more_reynolds, i, of.more_link, k, of.more_size, of.mores
        )
    if begin or duty.device.shape[0] > 1:
        _devices(picked, duty.device, flat, at, i, k, of)
    if begin or duty.demand.shape[0] > 1:
        for x in range(of.demands):
            v = i[of.demand_node + x]
            for c in range(picked.size):
                flat[at.demand + i[of.row + v], c] = entry(duty.demand, picked[c], v)
    pumps = duty.pump_head.shape[0] > 1 or duty.speed.shape[0] > 1
    if begin or pumps:
        _pumps(picked, duty.pump_head, duty.speed, flat, at, i, k, of)
    if begin or duty.limit.shape[0] > 1:
        for x in range(of.gates):
            for c in range(picked.size):
                flat[at.limit + x, c] = entry(duty.limit, picked[c], i[of.gate_link + x])
    if begin or pumps or duty.open.shape[0] > 1:
        _opens(picked, duty.open, flat, at, i, of)


@njit(**INNER)
def _viscosities(picked, viscosity, flat, reynolds, i, links, k, sizes, count):  # type: ignore[no-untyped-def]
    for x in range(count):
        for c in range(picked.size):
            flat[reynolds + x, c] = k[sizes + x, 0] / entry(viscosity, picked[c], i[links + x])


@njit(**INNER)
def _devices(picked, device, flat, at, i, k, of):  # type: ignore[no-untyped-def]
    lanes = picked.size
    for r in range(of.runs):
        for c in range(lanes):
            flat[at.square + r, c] = k[of.minor + r, 0]
    for x in range(of.losslesses):
        for c in range(lanes):
            flat[at.lossless + x, c] = 1.0
    for x in range(of.devices):
        row, link, lossless = i[of.device_run + x], i[of.device_link + x], i[of.device_lossless + x]
        quadratic = i[of.device_square + x] == 1
        for c in range(lanes):
            value = entry(device, picked[c], link)
            flat[at.device + x, c] = value
            if quadratic:
                flat[at.square + row, c] += value
            if lossless >= 0 and value > 0.0:
                flat[at.lossless + lossless, c] = 0.0
    for x in range(of.powers):
        row = i[of.power_device + x]
        for c in range(lanes):
            flat[at.power + x, c] = flat[at.device + row, c] if row >= 0 else k[of.power_constant + x, 0]


@njit(**INNER)
def _pumps(picked, head, speed, flat, at, i, k, of):  # type: ignore[no-untyped-def]
    """Curves at the speed of each lane, where they peak, and half the flow at which they meet zero."""
    for x in range(of.pumps):
        link, gate, n = i[of.pump_link + x], i[of.pump_gate + x], k[of.pump_exponent + x, 0]
        points = i[of.pump_curve + x]
        for c in range(picked.size):
            s = entry(speed, picked[c], link)
            rated = entry(head, picked[c], link) if points < 0 else k[of.curve_shutoff + points, 0]
            shutoff = rated * s * s
            fall = k[of.pump_slope + x, 0] * s
            curve = k[of.pump_curvature + x, 0] * (s ** (2.0 - n) if s > 0.0 else 1.0)
            peak = 0.0
            if fall < 0.0 and curve > 0.0:
                peak = (-fall / (n * curve)) ** (1.0 / (n - 1.0))
            runout = 0.0
            if points >= 0:
                flat[at.curve_speed + points, c] = s
                runout = k[of.curve_flow + i[of.curve_first + points + 1] - 1, 0] * s
            elif curve > 0.0 and n == 2.0:
                runout = (np.sqrt(fall * fall + 4.0 * curve * shutoff) - fall) / (2.0 * curve)
            elif curve > 0.0:
                runout = (shutoff / curve) ** (1.0 / n)
                runout = min(runout, shutoff / fall) if fall > 0.0 else runout
            elif fall > 0.0:
                runout = shutoff / fall
            flat[at.pump_shutoff + x, c], flat[at.shutoff + gate, c] = shutoff, shutoff
            flat[at.fall + x, c], flat[at.curvature + x, c] = fall, curve
            flat[at.peak + x, c], flat[at.guess + x, c] = peak, 0.5 * runout


@njit(**INNER)
def _opens(picked, opened, flat, at, i, of):  # type: ignore[no-untyped-def]
    """Whether all links of a run are open and its pump runs."""
    lanes = picked.size
    for r in range(of.runs):
        for c in range(lanes):
            flat[at.open + r, c] = 1.0
    for c in range(lanes):
        row = picked[c] if opened.shape[0] > 1 else 0
        if opened.shape[1] > 1 or not opened[row, 0]:
            for r in range(of.runs):
                for x in range(i[of.run_first + r], i[of.run_first + r + 1]):
                    if not entry(opened, row, i[of.links + x]):
                        flat[at.open + r, c] = 0.0
                        break
    for x in range(of.pumps):
        for c in range(lanes):
            if flat[at.pump_shutoff + x, c] <= 0.0:
                flat[at.open + i[of.pump_run + x], c] = 0.0


@njit(**INNER)
def begin_flow(picked, duty, flat, at, i, k, of):  # type: ignore[no-untyped-def]
    """First guess of the flows, and the scales of each lane (see :class:`solvers.hydraulics.laws.Laws`).

    Until the scales are known their rows hold the largest flow, the sum of demands, and the largest pressure that
    drives or, without any, is lost.
    """
    lanes = picked.size
    largest, demand, drive, passive = at.scale + FLOW, at.scale, at.scale + 1, at.scale + 2
    for c in range(lanes):
        flat[largest, c], flat[demand, c], flat[drive, c], flat[passive, c] = (
            1e-3,
            0.0,
            k[of.largest_buoyancy, 0],
            1.0,
        )
    for r in range(of.runs):
        for c in range(lanes):
            flat[at.flow + r, c] = k[of.guess + r, 0]
    for x in range(of.pumps):
        for c in range(lanes):
            flat[drive, c] = max(flat[drive, c], flat[at.pump_shutoff + x, c])
            if flat[at.guess + x, c] > 0.0:
                flat[at.flow + i[of.pump_run + x], c] = flat[at.guess + x, c]
    for x in range(of.gates):
        row = at.flow + i[of.gate_run + x]
        for c in range(lanes):
            flat[row, c] = min(flat[row, c], max(flat[at.limit + x, c], SOFT_FLOW))
    for r in range(of.runs):
        for c in range(lanes):
            q = flat[at.flow + r, c]
            flat[largest, c] = max(flat[largest, c], q)
            flat[passive, c] = max(flat[passive, c], (k[of.rough + r, 0] + flat[at.square + r, c]) * q * q)
    for x in range(of.demands):
        row = at.demand + i[of.row + i[of.demand_node + x]]
        for c in range(lanes):
            flat[demand, c] += abs(flat[row, c])
    for c in range(lanes):
        low, high = np.inf, -np.inf
        for x in range(of.fixeds):
            value = entry(duty.fixed_pressure, picked[c], x) + k[of.fixed_hydrostatic + x, 0]
            low, high = min(low, value), max(high, value)
        driving = max(flat[drive, c], high - low)
        driving = max(driving if driving > 0.0 else flat[passive, c], 1.0)
        typical = max(flat[largest, c], flat[demand, c])
        flat[at.scale + STEEP_ROW, c] = STEEP * driving / typical
        flat[at.scale + LEAST_ROW, c] = FLAT * driving / typical
        flat[at.scale + TINY_ROW, c], flat[at.scale + FLOW, c] = LOSSLESS * driving / typical, typical


@njit(**INNER)
def _root(parent, v):  # type: ignore[no-untyped-def]
    while parent[v] != v:
        parent[v] = parent[parent[v]]
        v = parent[v]
    return v


@njit(**INNER)
def _join(flat, at, i, of, c, parent):  # type: ignore[no-untyped-def]
    """Part of every node, named by its first node, where runs are open."""
    for n in range(of.nodes):
        parent[n] = n
    for r in range(of.runs):
        if flat[at.open + r, c] > 0.0:
            a, b = _root(parent, i[of.start + r]), _root(parent, i[of.end + r])
            parent[max(a, b)] = min(a, b)
    for n in range(of.nodes):  # roots come before their nodes
        parent[n] = parent[parent[n]]


@njit(**INNER)
def _drive(picked, duty, flat, at, i, k, of, c, parent, low, high, driven):  # type: ignore[no-untyped-def]
    """Lowest and highest head of the fixed nodes of each part, and whether something else drives it."""
    for n in range(of.nodes):
        low[n], high[n], driven[n] = np.inf, -np.inf, 0.0
    for x in range(of.fixeds):
        part = parent[i[of.fixed + x]]
        value = entry(duty.fixed_pressure, picked[c], x) + k[of.fixed_hydrostatic + x, 0]
        low[part], high[part] = min(low[part], value), max(high[part], value)
    for x in range(of.demands):
        n = i[of.row + i[of.demand_node + x]]
        if flat[at.demand + n, c] != 0.0:
            driven[parent[n]] = 1.0
    for x in range(of.pumps):
        r = i[of.pump_run + x]
        if flat[at.open + r, c] > 0.0:
            driven[parent[i[of.start + r]]] = 1.0
    if of.buoyant:
        for r in range(of.runs):
            if i[of.stirred + r] == 1 and flat[at.open + r, c] > 0.0:
                driven[parent[i[of.start + r]]] = 1.0


@njit(**INNER)
def _alike(flat, at, of):  # type: ignore[no-untyped-def]
    """Whether the same runs are open in all lanes: 0 no, 1 yes, 2 all of them."""
    everything = True
    for r in range(of.runs):
        for c in range(flat.shape[1]):
            if flat[at.open + r, c] != flat[at.open + r, 0]:
                return 0
        everything &= flat[at.open + r, 0] > 0.0
    return 2 if everything else 1


@njit(**INNER)
def connect(picked, duty, flat, at, i, k, of, parent, low, high, driven, still, joined):  # type: ignore[no-untyped-def]
    """Which nodes hang on a fixed one, which runs may flow, and the heads to begin with.

    ``still`` tells in which lanes nothing may flow; True if something may in some lane.  The rules are those of
    ``_parts`` in :mod:`solvers.hydraulics.newton`.  ``parent``, ``low``, ``high``, ``driven`` are working memory;
    ``joined`` holds 2 if ``parent`` has the parts where all is open.
    """
    moving, alike = False, _alike(flat, at, of)
    for c in range(picked.size):
        if (c == 0 and not (alike == 2 and joined[0] == 2)) or (c > 0 and alike == 0):
            _join(flat, at, i, of, c, parent)
            joined[0] = alike
        _drive(picked, duty, flat, at, i, k, of, c, parent, low, high, driven)
        still[c] = True
        for n in range(of.nodes):
            part = parent[n]
            anchored = high[part] > -np.inf
            flat[at.connected + n, c] = 1.0 if anchored else 0.0
            flat[at.head + n, c] = low[part] if anchored else 0.0
        for x in range(of.fixeds):
            value = entry(duty.fixed_pressure, picked[c], x) + k[of.fixed_hydrostatic + x, 0]
            flat[at.head + i[of.fixed + x], c] = value
        for r in range(of.runs):
            part = parent[i[of.start + r]]
            pushed = driven[part] > 0.0 or high[part] > low[part]
            if flat[at.open + r, c] > 0.0 and high[part] > -np.inf and pushed:
                flat[at.live + r, c] = 1.0
                still[c] = False
            else:
                flat[at.live + r, c], flat[at.flow + r, c] = 0.0, 0.0
        moving |= not still[c]
    return moving


@njit(**INNER)
def connect_whole(picked, duty, flat, at, i, k, of, parent, low, high, driven, still, joined):  # type: ignore[no-untyped-def]
    """:func:`connect` where all runs are open in all lanes and make one part, which the last call may have found out;
    False if this is not so."""
    if _alike(flat, at, of) != 2 or of.fixeds == 0:
        return False
    if joined[0] != 2:
        _join(flat, at, i, of, 0, parent)
        joined[0] = 2
        joined[1] = 1
        for n in range(of.nodes):
            if parent[n] != 0:
                joined[1] = 0
                break
    if joined[1] == 0:
        return False
    for c in range(picked.size):
        lowest, highest, pushed = np.inf, -np.inf, of.pumps > 0
        for x in range(of.fixeds):
            value = entry(duty.fixed_pressure, picked[c], x) + k[of.fixed_hydrostatic + x, 0]
            lowest, highest = min(lowest, value), max(highest, value)
        for x in range(of.demands):
            pushed |= flat[at.demand + i[of.row + i[of.demand_node + x]], c] != 0.0
        if of.buoyant:
            for r in range(of.runs):
                pushed |= i[of.stirred + r] == 1
        low[c], driven[c] = lowest, 1.0 if pushed or highest > lowest else 0.0
        still[c] = driven[c] == 0.0
    for n in range(of.nodes):
        for c in range(picked.size):
            flat[at.connected + n, c], flat[at.head + n, c] = 1.0, low[c]
    for x in range(of.fixeds):
        for c in range(picked.size):
            value = entry(duty.fixed_pressure, picked[c], x) + k[of.fixed_hydrostatic + x, 0]
            flat[at.head + i[of.fixed + x], c] = value
    for r in range(of.runs):
        for c in range(picked.size):
            flat[at.live + r, c] = driven[c]
            flat[at.flow + r, c] *= driven[c]
    return True
