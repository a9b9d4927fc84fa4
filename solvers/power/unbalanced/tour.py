"""Compiled sweep over a radial three-phase network: 8 scenarios x 3 phases side by side, one walk per pass.

Entering a bus, its voltage follows from that of the bus before and the current of the last pass; leaving it, the
current of all that hangs on it is known and added to the bus before.  Voltages and sums live in a table by depth (a
few kilobytes); only the currents of branches and the powers of loads are kept per bus.  A scenario is written out in
the pass in which it settles, so that its bits do not depend on those beside it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from solvers.power.lanes import LANES, step
from solvers.power.unbalanced.radial import LEAF, LINE, LINE_BACK, LOAD, ROOT, SHUNT, UNIT, UNIT_BACK, Radial

Array = NDArray[Any]

# slots of a depth: voltage real a b c, imaginary a b c, then the sum of currents likewise; of a branch: its current
_V, _A, _J = (0, 3), (6, 9), (0, 3)
_PHASES = range(3)
FIRST_CHECK = 4
"""Pass from which changes are looked at; no network with loads settles before (assumed)."""


def _triple(table: Any, row: Any, slots: tuple[int, int]) -> list[tuple[Any, Any]]:
    return [(table.load(row, slots[0] + k), table.load(row, slots[1] + k)) for k in _PHASES]


def _fall(v: Any, before: list[Any], current: list[Any], z: tuple[Any, ...]) -> list[tuple[Any, Any]]:
    """V - Z_self I - Z_mutual (I_a + I_b + I_c) of each phase."""
    r, x, rm, xm = (v.spread(part) for part in z)
    total = [v.add(v.add(current[0][i], current[1][i]), current[2][i]) for i in (0, 1)]
    common = v.cmul(rm, xm, *total)
    fallen = []
    for (vr, vi), (ir, ii) in zip(before, current, strict=True):
        real = v.add(v.sub(vr, v.mul(r, ir)), v.mul(x, ii))
        imag = v.sub(v.sub(vi, v.mul(r, ii)), v.mul(x, ir))
        fallen.append((v.sub(real, common[0]), v.sub(imag, common[1])))
    return fallen


@step(widths=(6, 12), indices=3, scalars=4)
def _enter(v: Any, branch: Any, level: Any, bus: Any, before: Any, here: Any, *z: Any) -> None:
    fallen = _fall(v, _triple(level, before, _V), _triple(branch, bus, _J), z)
    nothing = v.constant(0.0)
    for k, (real, imag) in enumerate(fallen):
        level.store(real, here, _V[0] + k)
        level.store(imag, here, _V[1] + k)
        level.store(nothing, here, _A[0] + k)
        level.store(nothing, here, _A[1] + k)


@step(widths=(6, 12), indices=3)
def _leave(v: Any, branch: Any, level: Any, bus: Any, before: Any, here: Any) -> None:
    for k in range(6):
        current = level.load(here, 6 + k)
        branch.store(current, bus, k)
        level.store(v.add(level.load(before, 6 + k), current), before, 6 + k)


def _power_current(v: Any, p: Any, q: Any, vr: Any, vi: Any) -> tuple[Any, Any]:
    """conj((P + jQ) / V)."""
    inverse = v.div(v.constant(1.0), v.add(v.mul(vr, vr), v.mul(vi, vi)))
    real = v.mul(v.add(v.mul(p, vr), v.mul(q, vi)), inverse)
    return real, v.mul(v.sub(v.mul(p, vi), v.mul(q, vr)), inverse)


def _draw(v: Any, branch: Any, level: Any, power: Any, bus: Any, before: Any, load: Any, z: Any) -> list[Any]:
    """Visit a leaf: new currents of its load, added to the bus before; (phase, change, power) of each."""
    old = _triple(branch, bus, _J)
    changes = []
    for k, (vr, vi) in enumerate(_fall(v, _triple(level, before, _V), old, z)):
        p, q = power.load(load, k), power.load(load, 3 + k)
        real, imag = _power_current(v, p, q, vr, vi)
        branch.store(real, bus, k)
        branch.store(imag, bus, 3 + k)
        level.store(v.add(level.load(before, _A[0] + k), real), before, _A[0] + k)
        level.store(v.add(level.load(before, _A[1] + k), imag), before, _A[1] + k)
        changes.append((v.sub(real, old[k][0]), v.sub(imag, old[k][1]), p, q))
    return changes


@step(widths=(6, 12, 6), indices=3, scalars=4)
def _leaf(v: Any, branch: Any, level: Any, power: Any, bus: Any, before: Any, load: Any, *z: Any) -> None:
    _draw(v, branch, level, power, bus, before, load, z)


@step(widths=(6, 12, 6, 1), indices=3, scalars=5)
def _checked_leaf(
    v: Any, branch: Any, level: Any, power: Any, excess: Any, bus: Any, before: Any, load: Any, *given: Any
) -> None:
    """A leaf, and by how much the change of its currents is beyond what is allowed."""
    *z, tolerance = given
    limit = v.spread(tolerance)
    worst = excess.load(0, 0)
    for dr, di, p, q in _draw(v, branch, level, power, bus, before, load, tuple(z)):
        change = v.add(v.absolute(dr), v.absolute(di))
        allowed = v.mul(limit, v.add(v.absolute(p), v.absolute(q)))
        worst = v.larger(v.sub(change, allowed), worst)
    excess.store(worst, 0, 0)


@step(widths=(6, 12, 6, 1), indices=3)
def _wrong(v: Any, branch: Any, level: Any, power: Any, wrong: Any, bus: Any, here: Any, load: Any) -> None:
    """Largest |V| |I(V) - I| of a leaf, squared."""
    worst = wrong.load(0, 0)
    for k, ((vr, vi), (ir, ii)) in enumerate(
        zip(_triple(level, here, _V), _triple(branch, bus, _J), strict=True)
    ):
        real, imag = _power_current(v, power.load(load, k), power.load(load, 3 + k), vr, vi)
        dr, di = v.sub(real, ir), v.sub(imag, ii)
        size = v.add(v.mul(vr, vr), v.mul(vi, vi))
        worst = v.larger(v.mul(size, v.add(v.mul(dr, dr), v.mul(di, di))), worst)
    wrong.store(worst, 0, 0)


@step(widths=(12, 1), indices=1)
def _add_up(v: Any, level: Any, total: Any, here: Any) -> None:
    """Sum of all voltages: it is not finite if one of them is not."""
    value = total.load(0, 0)
    for slot in range(6):
        value = v.add(value, level.load(here, slot))
    total.store(value, 0, 0)


@njit(cache=True, error_model="numpy")
def _enter_unit(branch, level, bus, depth, ratio, impedance):  # type: ignore[no-untyped-def]
    for k in range(3):
        r, x = impedance[k].real, impedance[k].imag
        for w in range(LANES):
            ir, ii = branch[bus, k, w], branch[bus, 3 + k, w]
            real = x * ii - r * ir
            imag = -x * ir - r * ii
            for j in range(3):
                real += ratio[k, j] * level[depth - 1, j, w]
                imag += ratio[k, j] * level[depth - 1, 3 + j, w]
            level[depth, k, w] = real
            level[depth, 3 + k, w] = imag
            level[depth, 6 + k, w] = 0.0
            level[depth, 9 + k, w] = 0.0


@njit(cache=True, error_model="numpy")
def _leave_unit(branch, level, bus, depth, ratio):  # type: ignore[no-untyped-def]
    for k in range(3):
        for w in range(LANES):
            real, imag = level[depth, 6 + k, w], level[depth, 9 + k, w]
            branch[bus, k, w] = real
            branch[bus, 3 + k, w] = imag
            for j in range(3):
                level[depth - 1, 6 + j, w] += ratio[k, j] * real
                level[depth - 1, 9 + j, w] += ratio[k, j] * imag


@njit(cache=True, error_model="numpy")
def _shunt(level, depth, admittance, drawn, row, excess, tolerance):  # type: ignore[no-untyped-def]
    """Add the current of a shunt; how much it changed against what is allowed."""
    for k in range(3):
        for w in range(LANES):
            real, imag, allowed = 0.0, 0.0, 0.0
            for j in range(3):
                g, b = admittance[k, j].real, admittance[k, j].imag
                real += g * level[depth, j, w] - b * level[depth, 3 + j, w]
                imag += g * level[depth, 3 + j, w] + b * level[depth, j, w]
                allowed += tolerance * (abs(g) + abs(b))
            change = abs(real - drawn[row, k, w]) + abs(imag - drawn[row, 3 + k, w])
            excess[0, 0, w] = max(excess[0, 0, w], change - allowed)
            drawn[row, k, w] = real
            drawn[row, 3 + k, w] = imag
            level[depth, 6 + k, w] += real
            level[depth, 9 + k, w] += imag


@njit(cache=True, error_model="numpy")
def _mixed(power, row, k, w, vr, vi):  # type: ignore[no-untyped-def]
    """Current of constant power, current and impedance together."""
    size = vr * vr + vi * vi
    p, q = power[row, k, w] / size, power[row, 3 + k, w] / size
    if power.shape[1] > 6:
        root = np.sqrt(size)
        p += power[row, 6 + k, w] / root + power[row, 12 + k, w]
        q += power[row, 9 + k, w] / root + power[row, 15 + k, w]
    return p * vr + q * vi, p * vi - q * vr


@njit(cache=True, error_model="numpy")
def _load(level, depth, power, row, drawn, excess, tolerance):  # type: ignore[no-untyped-def]
    """Add the current of the loads at a bus."""
    for k in range(3):
        for w in range(LANES):
            real, imag = _mixed(power, row, k, w, level[depth, k, w], level[depth, 3 + k, w])
            allowed = 0.0
            for part in range(0, power.shape[1], 6):
                allowed += tolerance * (abs(power[row, part + k, w]) + abs(power[row, part + 3 + k, w]))
            change = abs(real - drawn[row, k, w]) + abs(imag - drawn[row, 3 + k, w])
            excess[0, 0, w] = max(excess[0, 0, w], change - allowed)
            drawn[row, k, w] = real
            drawn[row, 3 + k, w] = imag
            level[depth, 6 + k, w] += real
            level[depth, 9 + k, w] += imag


@njit(cache=True, error_model="numpy")
def _shunt_wrong(level, depth, admittance, drawn, row, wrong):  # type: ignore[no-untyped-def]
    """Squared mismatch of power of a shunt whose current is not yet that of the voltages."""
    for k in range(3):
        for w in range(LANES):
            real, imag = -drawn[row, k, w], -drawn[row, 3 + k, w]
            for j in range(3):
                g, b = admittance[k, j].real, admittance[k, j].imag
                real += g * level[depth, j, w] - b * level[depth, 3 + j, w]
                imag += g * level[depth, 3 + j, w] + b * level[depth, j, w]
            size = level[depth, k, w] ** 2 + level[depth, 3 + k, w] ** 2
            wrong[0, 0, w] = max(wrong[0, 0, w], size * (real * real + imag * imag))


@njit(cache=True, error_model="numpy")
def _load_wrong(level, depth, power, row, drawn, wrong):  # type: ignore[no-untyped-def]
    """The same of the loads at a bus."""
    for k in range(3):
        for w in range(LANES):
            vr, vi = level[depth, k, w], level[depth, 3 + k, w]
            real, imag = _mixed(power, row, k, w, vr, vi)
            real -= drawn[row, k, w]
            imag -= drawn[row, 3 + k, w]
            wrong[0, 0, w] = max(wrong[0, 0, w], (vr * vr + vi * vi) * (real * real + imag * imag))


@njit(cache=True, error_model="numpy")
def _write(order, table, first, lanes, out, residual, passes):  # type: ignore[no-untyped-def]
    """Voltages of some lanes from the currents as they are, and the mismatch of power at these voltages."""
    branch, level, power, drawn, drawn_shunt, wrong, total = table
    wrong[:] = 0.0
    total[:] = 0.0
    start, nodes, line, visit = order.place_start, order.place_node, order.line, order.visit
    for number in range(visit.shape[0]):
        kind, bus, depth, carrier = visit[number, 0], visit[number, 1], visit[number, 2], visit[number, 3]
        if kind == SHUNT:
            row = order.shunt[bus]
            _shunt_wrong(level, depth, order.admittance[row], drawn_shunt, row, wrong)
            continue
        if kind == LOAD:
            _load_wrong(level, depth, power, order.load_row[bus], drawn, wrong)
            continue
        if kind == UNIT:
            row = order.unit[bus]
            _enter_unit(branch, level, bus, depth, order.ratio[row], order.impedance[row])
        elif kind == ROOT:
            _root(branch, level, bus)
        else:
            _enter(
                branch,
                level,
                carrier,
                depth - 1,
                depth,
                line[bus, 0],
                line[bus, 1],
                line[bus, 2],
                line[bus, 3],
            )
            if kind == LEAF:
                _wrong(branch, level, power, wrong, bus, depth, order.load_row[bus])
        _add_up(level, total, depth)
        volts, node = order.base[bus], order.place_first[bus]
        if node >= 0:
            for w in range(LANES):
                if lanes[w]:
                    row = out[first + w]
                    for k in range(3):
                        row[node + k] = complex(level[depth, k, w] * volts, level[depth, 3 + k, w] * volts)
            continue
        for slot in range(3 * bus, 3 * bus + 3):
            k = slot - 3 * bus
            for place in range(start[slot], start[slot + 1]):
                for w in range(LANES):
                    if lanes[w]:
                        value = complex(level[depth, k, w] * volts, level[depth, 3 + k, w] * volts)
                        out[first + w, nodes[place]] = value
    for w in range(LANES):
        if lanes[w]:
            residual[first + w] = np.sqrt(wrong[0, 0, w])
            if not np.isfinite(total[0, 0, w]):
                passes[first + w] = 0


@njit(cache=True, error_model="numpy")
def _root(branch, level, bus):  # type: ignore[no-untyped-def]
    """The voltages of a source stand where the current of its bus would."""
    for k in range(6):
        for w in range(LANES):
            level[0, k, w] = branch[bus, k, w]


@njit(cache=True, error_model="numpy")
def _gather(order, first, count, load_power, power, source_voltage, branch):  # type: ignore[no-untyped-def]
    """Powers and source voltages of a block; lanes beyond the last scenario repeat it."""
    power[:] = 0.0
    branch[:] = 0.0
    for number in range(order.load.shape[0]):
        which, row, k = order.load[number, 0], order.load[number, 1], order.load[number, 2]
        for part in range(order.parts):
            share = order.share[number, part]
            for w in range(LANES):
                value = load_power[first + min(w, count - 1), which]
                power[row, 6 * part + k, w] += share * value.real
                power[row, 6 * part + 3 + k, w] += share * value.imag
    for bus in range(order.source.shape[0]):
        if order.source[bus, 0] >= 0:
            for k in range(3):
                source = order.source[bus, k]
                for w in range(LANES):
                    value = source_voltage[first + min(w, count - 1), source] * order.source_scale[source]
                    branch[bus, k, w] = value.real
                    branch[bus, 3 + k, w] = value.imag


@njit(cache=True, error_model="numpy")
def _pass(order, table, simple, checked, excess, tolerance):  # type: ignore[no-untyped-def]
    """One walk; ``simple`` are the powers of leaves."""
    branch, level, power, drawn, drawn_shunt, _, _ = table
    steps, path, rows = order.step, order.path, order.load_row
    for number in range(steps.shape[0]):
        kind, bus, depth = steps[number, 0], steps[number, 1], steps[number, 2]
        r, x, rm, xm = path[bus, 0], path[bus, 1], path[bus, 2], path[bus, 3]
        if kind == LEAF:
            if checked:
                _checked_leaf(
                    branch, level, simple, excess, bus, depth - 1, rows[bus], r, x, rm, xm, tolerance
                )
            else:
                _leaf(branch, level, simple, bus, depth - 1, rows[bus], r, x, rm, xm)
        elif kind == LINE:
            _enter(branch, level, bus, depth - 1, depth, r, x, rm, xm)
        elif kind == LINE_BACK:
            _leave(branch, level, bus, depth - 1, depth)
        elif kind == UNIT:
            row = order.unit[bus]
            _enter_unit(branch, level, bus, depth, order.ratio[row], order.impedance[row])
        elif kind == UNIT_BACK:
            _leave_unit(branch, level, bus, depth, order.ratio[order.unit[bus]])
        elif kind == SHUNT:
            row = order.shunt[bus]
            _shunt(level, depth, order.admittance[row], drawn_shunt, row, excess, tolerance)
        elif kind == LOAD:
            _load(level, depth, power, rows[bus], drawn, excess, tolerance)
        else:
            _root(branch, level, bus)


@njit(cache=True, error_model="numpy")
def _run(order, load_power, source_voltage, tolerance, limit, out, residual, passes):  # type: ignore[no-untyped-def]
    scenarios, buses = load_power.shape[0], order.line.shape[0]
    rows = max(1, order.load_row.max() + 1)
    branch = np.empty((buses, 6, LANES))
    level = np.zeros((order.depth + 1, 12, LANES))
    power = np.empty((rows, 6 * order.parts, LANES))
    simple = np.empty((rows, 6, LANES)) if order.parts > 1 else power
    drawn = np.empty((rows, 6, LANES))
    drawn_shunt = np.empty((max(1, order.admittance.shape[0]), 6, LANES))
    excess, wrong = np.empty((1, 1, LANES)), np.empty((1, 1, LANES))
    table = (branch, level, power, drawn, drawn_shunt, wrong, np.empty((1, 1, LANES)))
    active, settled = np.empty(LANES, np.bool_), np.empty(LANES, np.bool_)
    for first in range(0, scenarios, LANES):
        count = min(LANES, scenarios - first)
        _gather(order, first, count, load_power, power, source_voltage, branch)
        drawn[:] = 0.0
        drawn_shunt[:] = 0.0
        for w in range(LANES):
            active[w] = w < count
        for number in range(1, limit + 1):
            excess[:] = -1.0
            _pass(order, table, simple, number >= FIRST_CHECK, excess, tolerance)
            if number < FIRST_CHECK:
                continue
            any_settled, any_active = False, False
            for w in range(LANES):
                settled[w] = active[w] and excess[0, 0, w] <= 0.0
                active[w] = active[w] and not settled[w]
                any_settled |= settled[w]
                any_active |= active[w]
                if settled[w]:
                    passes[first + w] = number
            if any_settled:
                _write(order, table, first, settled, out, residual, passes)
            if not any_active:
                break


def sweep(
    order: Radial, power: Array, source_voltage: Array, tolerance: float, limit: int
) -> tuple[Array, Array, Array]:
    """Sweep all scenarios.

    Parameters
    ----------
    power : (A, L) load powers. [VA]
    source_voltage : (A, G). [V]

    Returns
    -------
    (A, N) node voltages, zeros where it did not settle [V]; (A,) passes, 0 = did not settle; (A,) largest power
    mismatch [p.u.].
    """
    scenarios = power.shape[0]
    out = np.empty((scenarios, order.nodes), dtype=complex)
    dead = np.ones(order.nodes, dtype=bool)
    dead[order.place_node] = False
    out[:, dead] = 0
    residual, passes = np.full(scenarios, np.inf), np.zeros(scenarios, dtype=np.int64)
    # |dI| <= tolerance |S| holds |dV| <= tolerance |V|^2; real and imaginary parts are added, as those of S are
    _run(
        order, np.ascontiguousarray(power, dtype=complex), np.ascontiguousarray(source_voltage, dtype=complex),
        np.sqrt(0.5) * tolerance, limit, out, residual, passes,
    )  # fmt: skip
    failed = passes == 0
    out[failed], residual[failed] = 0, np.inf
    return out, passes, residual
