"""Vector steps of the contingency sweeps; see :mod:`solvers.power.lanes`.

Slots of a row of the state: voltage (2) and current towards the row (2), real and imaginary; once a block is
judged, its current has given place to |current / rating|^2 and |V|^2.  All per unit.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from solvers.power.lanes import step

_BARE: Any = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
inner = njit(cache=True, **_BARE)
"""Decorator of functions that only compiled code calls: to unpack their tables from Python takes longer to compile
than they do."""
small = njit(cache=True, forceinline=True, **_BARE)
"""The same for functions so small that to hand them the tables would take longer than their work."""

STATE, PAIR, ERROR = 4, 2, 3
LOWEST, LOWEST_AT, HIGHEST, HIGHEST_AT, HEAVIEST, HEAVIEST_AT, LOST, STRAIN, NAME = range(9)
"""Slots of the extremes of a block: |V|^2 and row, |V|^2 and row, |current / rating|^2 and row, branch losses,
the largest square of loading over the trip limit, and the number of the scenario."""
EXTREMES = 9
WORST = 4
"""Slots of the worst state of a row: |current / rating|^2 and scenario, |V|^2 and scenario."""
NO_VOLTAGE = np.inf


def _drop(v: Any, x: Any, here: Any, r: Any, z: Any) -> Any:
    """z J."""
    return v.cmul(v.spread(r), v.spread(z), x.load(here, 2), x.load(here, 3))


def _draw(v: Any, s: Any, load: Any, vr: Any, vi: Any) -> Any:
    """conj(S / V), and |S| and 1 / |V|^2 for the mismatch."""
    p, q = s.load(load, 0), s.load(load, 1)
    inverse = v.div(v.constant(1.0), v.add(v.mul(vr, vr), v.mul(vi, vi)))
    jr = v.mul(v.add(v.mul(p, vr), v.mul(q, vi)), inverse)
    ji = v.mul(v.sub(v.mul(p, vi), v.mul(q, vr)), inverse)
    return jr, ji, v.add(v.absolute(p), v.absolute(q)), inverse


def _changed(v: Any, x: Any, m: Any, here: Any, vr: Any, vi: Any, size: Any, inverse: Any) -> None:
    """Note the change of voltage, the mismatch it stands for, and the lowest voltage; keep the voltage."""
    weight = v.mul(size, v.larger(inverse, v.constant(1.0)))
    change = v.add(v.absolute(v.sub(vr, x.load(here, 0))), v.absolute(v.sub(vi, x.load(here, 1))))
    m.store(v.larger(change, m.load(0, 0)), 0, 0)
    m.store(v.larger(v.mul(change, weight), m.load(0, 1)), 0, 1)
    m.store(v.larger(inverse, m.load(0, 2)), 0, 2)
    x.store(vr, here, 0)
    x.store(vi, here, 1)


@step((STATE,), indices=2)
def rise(v: Any, x: Any, here: Any, above: Any) -> None:
    """Hand the current on to the parent."""
    for slot in (2, 3):
        x.store(v.add(x.load(above, slot), x.load(here, slot)), above, slot)


@step((STATE,), indices=2, scalars=2)
def rise_turned(v: Any, x: Any, here: Any, above: Any, gr: Any, gi: Any) -> None:
    """The same through a ratio: conj(g) J."""
    jr, ji = v.cmul(v.spread(gr), v.neg(v.spread(gi)), x.load(here, 2), x.load(here, 3))
    x.store(v.add(x.load(above, 2), jr), above, 2)
    x.store(v.add(x.load(above, 3), ji), above, 3)


@step((STATE,), indices=2, scalars=2)
def fall(v: Any, x: Any, here: Any, above: Any, r: Any, z: Any) -> None:
    """V = V_parent - z J, no load."""
    dr, di = _drop(v, x, here, r, z)
    x.store(v.sub(x.load(above, 0), dr), here, 0)
    x.store(v.sub(x.load(above, 1), di), here, 1)
    x.store(v.constant(0.0), here, 2)
    x.store(v.constant(0.0), here, 3)


@step((STATE, PAIR, ERROR), indices=3, scalars=2)
def fall_loaded(v: Any, x: Any, s: Any, m: Any, here: Any, above: Any, load: Any, r: Any, z: Any) -> None:
    """V = V_parent - z J, then the load's own current."""
    dr, di = _drop(v, x, here, r, z)
    vr, vi = v.sub(x.load(above, 0), dr), v.sub(x.load(above, 1), di)
    jr, ji, size, inverse = _draw(v, s, load, vr, vi)
    _changed(v, x, m, here, vr, vi, size, inverse)
    x.store(jr, here, 2)
    x.store(ji, here, 3)


@step((STATE, PAIR, ERROR), indices=3, scalars=2)
def fall_leaf(v: Any, x: Any, s: Any, m: Any, here: Any, above: Any, load: Any, r: Any, z: Any) -> None:
    """The same, and the current is handed on to the parent at once."""
    dr, di = _drop(v, x, here, r, z)
    vr, vi = v.sub(x.load(above, 0), dr), v.sub(x.load(above, 1), di)
    jr, ji, size, inverse = _draw(v, s, load, vr, vi)
    _changed(v, x, m, here, vr, vi, size, inverse)
    for slot, value in ((2, jr), (3, ji)):
        x.store(value, here, slot)
        x.store(v.add(x.load(above, slot), value), above, slot)


@step((STATE, PAIR, PAIR, ERROR), indices=4, scalars=4)
def fall_general(
    v: Any, x: Any, s: Any, y: Any, m: Any, here: Any, above: Any, load: Any, shunt: Any, r: Any, z: Any, gr: Any,
    gi: Any,
) -> None:  # fmt: skip
    """V = g V_parent - z J, then the currents of load and shunt."""
    dr, di = _drop(v, x, here, r, z)
    ur, ui = v.cmul(v.spread(gr), v.spread(gi), x.load(above, 0), x.load(above, 1))
    vr, vi = v.sub(ur, dr), v.sub(ui, di)
    jr, ji, size, inverse = _draw(v, s, load, vr, vi)
    _changed(v, x, m, here, vr, vi, size, inverse)
    er, ei = v.cmul(y.load(shunt, 0), y.load(shunt, 1), vr, vi)
    x.store(v.add(jr, er), here, 2)
    x.store(v.add(ji, ei), here, 3)


@step((STATE, PAIR, PAIR), indices=3, scalars=2)
def hold(v: Any, x: Any, s: Any, y: Any, here: Any, load: Any, shunt: Any, vr: Any, vi: Any) -> None:
    """A given voltage, and the currents of load and shunt at it."""
    vr, vi = v.spread(vr), v.spread(vi)
    jr, ji, _, _ = _draw(v, s, load, vr, vi)
    er, ei = v.cmul(y.load(shunt, 0), y.load(shunt, 1), vr, vi)
    for slot, value in enumerate((vr, vi, v.add(jr, er), v.add(ji, ei))):
        x.store(value, here, slot)


@step((STATE,), indices=1, scalars=2)
def push(v: Any, x: Any, here: Any, jr: Any, ji: Any) -> None:
    """Add a current that is the same in all lanes."""
    x.store(v.add(x.load(here, 2), v.spread(jr)), here, 2)
    x.store(v.add(x.load(here, 3), v.spread(ji)), here, 3)


@step((PAIR,), indices=1, scalars=2)
def fill(v: Any, s: Any, slot: Any, p: Any, q: Any) -> None:
    """The same pair in all lanes."""
    s.store(v.spread(p), slot, 0)
    s.store(v.spread(q), slot, 1)


def _extreme(v: Any, e: Any, at: int, value: Any, number: Any, than: Any, of: Any) -> None:
    """Keep value and number where ``than`` > ``of``."""
    e.store(v.where_larger(than, of, value, e.load(0, at)), 0, at)
    e.store(v.where_larger(than, of, number, e.load(0, at + 1)), 0, at + 1)


def _judge(
    v: Any, x: Any, w: Any | None, e: Any, here: Any, load: Any, number: Any, r: Any, trip: Any
) -> None:
    vr, vi, jr, ji = (x.load(here, slot) for slot in range(4))
    number = v.spread(number)
    size = v.add(v.mul(vr, vr), v.mul(vi, vi))
    live = v.where_larger(size, v.constant(0.0), size, v.constant(NO_VOLTAGE))
    lowest, highest, heaviest = e.load(0, LOWEST), e.load(0, HIGHEST), e.load(0, HEAVIEST)
    _extreme(v, e, LOWEST, live, number, lowest, live)
    _extreme(v, e, HIGHEST, size, number, size, highest)
    _extreme(v, e, HEAVIEST, load, number, load, heaviest)
    current = v.add(v.mul(jr, jr), v.mul(ji, ji))
    e.store(v.add(e.load(0, LOST), v.mul(v.spread(r), current)), 0, LOST)
    if w is not None:
        _mark(v, w, e, here, load, live)
        return
    e.store(v.larger(v.mul(load, v.spread(trip)), e.load(0, STRAIN)), 0, STRAIN)
    x.store(load, here, 2)
    x.store(size, here, 3)


def _mark(v: Any, w: Any, e: Any, here: Any, load: Any, live: Any) -> None:
    name, heaviest, lowest = e.load(0, NAME), w.load(here, 0), w.load(here, 2)
    w.store(v.larger(load, heaviest), here, 0)
    w.store(v.where_larger(load, heaviest, name, w.load(here, 1)), here, 1)
    w.store(v.where_larger(lowest, live, live, lowest), here, 2)
    w.store(v.where_larger(lowest, live, name, w.load(here, 3)), here, 3)


def _square(v: Any, jr: Any, ji: Any, scale: Any) -> Any:
    return v.mul(v.spread(scale), v.add(v.mul(jr, jr), v.mul(ji, ji)))


def _charged(v: Any, x: Any, end: Any, here: Any, scale: Any, ar: Any, ai: Any) -> Any:
    """|current / rating|^2 where the current at the rated end is a J + ``end``."""
    jr, ji = v.cmul(v.spread(ar), v.spread(ai), x.load(here, 2), x.load(here, 3))
    return _square(v, v.add(jr, end.load(0, 0)), v.add(ji, end.load(0, 1)), scale)


@step((STATE, EXTREMES), indices=1, scalars=4)
def judge(v: Any, x: Any, e: Any, here: Any, number: Any, r: Any, trip: Any, scale: Any) -> None:
    """Extremes, losses, and what :func:`mark` needs, of one row."""
    load = _square(v, x.load(here, 2), x.load(here, 3), scale)
    _judge(v, x, None, e, here, load, number, r, trip)


@step((STATE, WORST, EXTREMES), indices=1, scalars=3)
def judge_and_mark(v: Any, x: Any, w: Any, e: Any, here: Any, number: Any, r: Any, scale: Any) -> None:
    """Extremes and losses of one row, and its worst state so far."""
    load = _square(v, x.load(here, 2), x.load(here, 3), scale)
    _judge(v, x, w, e, here, load, number, r, None)


@step((STATE, PAIR, EXTREMES), indices=1, scalars=6)
def judge_charged(
    v: Any, x: Any, end: Any, e: Any, here: Any, number: Any, r: Any, trip: Any, scale: Any, ar: Any, ai: Any
) -> None:
    """:func:`judge` where the current at the rated end is a J + ``end``."""
    _judge(v, x, None, e, here, _charged(v, x, end, here, scale, ar, ai), number, r, trip)


@step((STATE, PAIR, WORST, EXTREMES), indices=1, scalars=5)
def judge_charged_and_mark(
    v: Any, x: Any, end: Any, w: Any, e: Any, here: Any, number: Any, r: Any, scale: Any, ar: Any, ai: Any
) -> None:
    """:func:`judge_and_mark` where the current at the rated end is a J + ``end``."""
    _judge(v, x, w, e, here, _charged(v, x, end, here, scale, ar, ai), number, r, None)


@step((STATE, PAIR), indices=1, scalars=1)
def charge(v: Any, x: Any, end: Any, beside: Any, across: Any) -> None:
    """end = j across V."""
    b = v.spread(across)
    end.store(v.neg(v.mul(b, x.load(beside, 1))), 0, 0)
    end.store(v.mul(b, x.load(beside, 0)), 0, 1)


@step((STATE, WORST, EXTREMES), indices=1)
def mark(v: Any, x: Any, w: Any, e: Any, here: Any) -> None:
    """Worst state of a judged row so far."""
    size = x.load(here, 3)
    live = v.where_larger(size, v.constant(0.0), size, v.constant(NO_VOLTAGE))
    _mark(v, w, e, here, x.load(here, 2), live)
