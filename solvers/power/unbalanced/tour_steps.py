"""Steps of the compiled tour (``tour.py``): vector steps of lines and leaves, plain loops for the rarer elements.

Slots of a depth are the voltage of phases a, b, c (real, then imaginary parts) and the sum of currents likewise;
slots of a branch are its current.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from solvers.power.lanes import INNER, LANES, step

_V, _A, _J = (0, 3), (6, 9), (0, 3)
_PHASES = range(3)


def _triple(table: Any, row: Any, slots: tuple[int, int]) -> list[tuple[Any, Any]]:
    return [(table.load(row, slots[0] + k), table.load(row, slots[1] + k)) for k in _PHASES]


def _fall(v: Any, before: list[Any], current: list[Any], z: tuple[Any, ...]) -> list[tuple[Any, Any]]:
    """V - Z_self I - Z_mutual (I_a + I_b + I_c) of each phase."""
    r, x, rm, xm = (v.spread(part) for part in z)
    total = [v.add(v.add(current[0][i], current[1][i]), current[2][i]) for i in (0, 1)]
    common = v.cmul(rm, xm, *total)
    fallen = []
    for (vr, vi), (ir, ii) in zip(before, current, strict=True):
        real = v.fused(x, ii, v.fused(v.neg(r), ir, v.sub(vr, common[0])))
        imag = v.fused(v.neg(x), ir, v.fused(v.neg(r), ii, v.sub(vi, common[1])))
        fallen.append((real, imag))
    return fallen


@step(widths=(6, 12), indices=3, scalars=4)
def enter(v: Any, branch: Any, level: Any, bus: Any, before: Any, here: Any, *z: Any) -> None:
    fallen = _fall(v, _triple(level, before, _V), _triple(branch, bus, _J), z)
    nothing = v.constant(0.0)
    for k, (real, imag) in enumerate(fallen):
        level.store(real, here, _V[0] + k)
        level.store(imag, here, _V[1] + k)
        level.store(nothing, here, _A[0] + k)
        level.store(nothing, here, _A[1] + k)


@step(widths=(6, 12), indices=3)
def leave(v: Any, branch: Any, level: Any, bus: Any, before: Any, here: Any) -> None:
    for k in range(6):
        current = level.load(here, 6 + k)
        branch.store(current, bus, k)
        level.store(v.add(level.load(before, 6 + k), current), before, 6 + k)


def _power_current(v: Any, p: Any, q: Any, vr: Any, vi: Any) -> tuple[Any, Any]:
    """conj((P + jQ) / V)."""
    inverse = v.div(v.constant(1.0), v.fused(vr, vr, v.mul(vi, vi)))
    real = v.mul(v.fused(p, vr, v.mul(q, vi)), inverse)
    return real, v.mul(v.fused(p, vi, v.neg(v.mul(q, vr))), inverse)


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
def leaf(v: Any, branch: Any, level: Any, power: Any, bus: Any, before: Any, load: Any, *z: Any) -> None:
    _draw(v, branch, level, power, bus, before, load, z)


@step(widths=(6, 12, 6, 1), indices=3, scalars=5)
def checked_leaf(
    v: Any, branch: Any, level: Any, power: Any, excess: Any, bus: Any, before: Any, load: Any, *given: Any
) -> None:
    """A leaf, and by how much the change of its currents is beyond what is allowed."""
    *z, tolerance = given
    limit = v.spread(tolerance)
    worst = v.constant(0.0)
    for dr, di, p, q in _draw(v, branch, level, power, bus, before, load, tuple(z)):
        change = v.add(v.absolute(dr), v.absolute(di))
        allowed = v.mul(limit, v.add(v.absolute(p), v.absolute(q)))
        worst = v.larger(v.sub(change, allowed), worst)
    excess.store(v.peak(worst, excess.load(0, 0)), 0, 0)


@step(widths=(6, 12, 6, 1), indices=3)
def leaf_wrong(
    v: Any, branch: Any, level: Any, power: Any, wrong: Any, bus: Any, here: Any, load: Any
) -> None:
    """Largest |V| |I(V) - I| of a leaf, squared."""
    worst = v.constant(0.0)
    for k, ((vr, vi), (ir, ii)) in enumerate(
        zip(_triple(level, here, _V), _triple(branch, bus, _J), strict=True)
    ):
        real, imag = _power_current(v, power.load(load, k), power.load(load, 3 + k), vr, vi)
        dr, di = v.sub(real, ir), v.sub(imag, ii)
        size = v.add(v.mul(vr, vr), v.mul(vi, vi))
        worst = v.larger(v.mul(size, v.add(v.mul(dr, dr), v.mul(di, di))), worst)
    wrong.store(v.peak(worst, wrong.load(0, 0)), 0, 0)


@step(widths=(12, 2), indices=1, scalars=1)
def show(v: Any, level: Any, volt: Any, here: Any, base: Any) -> None:
    """Voltages of three phases in volts."""
    scale = v.spread(base)
    for k, (real, imag) in enumerate(_triple(level, here, _V)):
        volt.store(v.mul(real, scale), k, 0)
        volt.store(v.mul(imag, scale), k, 1)


@step(widths=(2, 1), indices=2, scalars=1)
def add_load(v: Any, raw: Any, power: Any, real: Any, imag: Any, share: Any) -> None:
    """Add the share of a load to two rows."""
    for slot, row in enumerate((real, imag)):
        power.store(v.fused(v.spread(share), raw.load(0, slot), power.load(row, 0)), row, 0)


@step(widths=(12, 1), indices=1)
def add_up(v: Any, level: Any, total: Any, here: Any) -> None:
    """Sum of all voltages: it is not finite if one of them is not."""
    value = total.load(0, 0)
    for slot in range(6):
        value = v.add(value, level.load(here, slot))
    total.store(value, 0, 0)


@njit(**INNER)
def enter_unit(branch, level, bus, depth, ratio, impedance):  # type: ignore[no-untyped-def]
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


@njit(**INNER)
def leave_unit(branch, level, bus, depth, ratio):  # type: ignore[no-untyped-def]
    for k in range(3):
        for w in range(LANES):
            real, imag = level[depth, 6 + k, w], level[depth, 9 + k, w]
            branch[bus, k, w] = real
            branch[bus, 3 + k, w] = imag
            for j in range(3):
                level[depth - 1, 6 + j, w] += ratio[k, j] * real
                level[depth - 1, 9 + j, w] += ratio[k, j] * imag


@njit(**INNER)
def add_shunt(level, depth, admittance, drawn, row, excess, tolerance):  # type: ignore[no-untyped-def]
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


@njit(**INNER)
def mixed(power, row, k, w, vr, vi):  # type: ignore[no-untyped-def]
    """Current of constant power, current and impedance together."""
    size = vr * vr + vi * vi
    p, q = power[row, k, w] / size, power[row, 3 + k, w] / size
    if power.shape[1] > 6:
        root = np.sqrt(size)
        p += power[row, 6 + k, w] / root + power[row, 12 + k, w]
        q += power[row, 9 + k, w] / root + power[row, 15 + k, w]
    return p * vr + q * vi, p * vi - q * vr


@njit(**INNER)
def add_loads(level, depth, power, row, drawn, excess, tolerance, between):  # type: ignore[no-untyped-def]
    """Add the current of the loads at a bus, from phase to earth or ``between`` a phase and the next."""
    for k in range(3):
        j = (k + 1) % 3
        for w in range(LANES):
            vr, vi = level[depth, k, w], level[depth, 3 + k, w]
            if between:
                vr -= level[depth, j, w]
                vi -= level[depth, 3 + j, w]
            real, imag = mixed(power, row, k, w, vr, vi)
            allowed = 0.0
            for part in range(0, power.shape[1], 6):
                allowed += tolerance * (abs(power[row, part + k, w]) + abs(power[row, part + 3 + k, w]))
            change = abs(real - drawn[row, k, w]) + abs(imag - drawn[row, 3 + k, w])
            excess[0, 0, w] = max(excess[0, 0, w], change - allowed)
            drawn[row, k, w] = real
            drawn[row, 3 + k, w] = imag
            level[depth, 6 + k, w] += real
            level[depth, 9 + k, w] += imag
            if between:
                level[depth, 6 + j, w] -= real
                level[depth, 9 + j, w] -= imag


@njit(**INNER)
def shunt_wrong(level, depth, admittance, drawn, row, wrong):  # type: ignore[no-untyped-def]
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


@njit(**INNER)
def loads_wrong(level, depth, power, row, drawn, wrong, between):  # type: ignore[no-untyped-def]
    """The same of the loads at a bus."""
    for k in range(3):
        j = (k + 1) % 3
        for w in range(LANES):
            vr, vi = level[depth, k, w], level[depth, 3 + k, w]
            if between:
                vr -= level[depth, j, w]
                vi -= level[depth, 3 + j, w]
            real, imag = mixed(power, row, k, w, vr, vi)
            real -= drawn[row, k, w]
            imag -= drawn[row, 3 + k, w]
            wrong[0, 0, w] = max(wrong[0, 0, w], (vr * vr + vi * vi) * (real * real + imag * imag))
