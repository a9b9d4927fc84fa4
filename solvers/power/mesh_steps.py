"""Vector steps of the tours on a factor: see ``mesh_kernel.py`` for the tables.

numba's cache of the kernel does not notice changes here: after editing one, delete ``__pycache__``.
"""

from __future__ import annotations

from typing import Any

from solvers.power.lanes import step

POINT, DEMAND, BENT, MOST, WORK = 4, 2, 4, 1, 2
"""Slots per row of tables X, S (and the constant part of bent loads), T, M and W."""


def _minus(v: Any, pair: tuple[Any, Any], l: tuple[Any, Any], x: tuple[Any, Any]) -> tuple[Any, Any]:
    """pair - l * x."""
    (re, im), (r, i), (xr, xi) = pair, l, x
    return v.fused(i, xi, v.fused(v.neg(r), xr, re)), v.fused(v.neg(r), xi, v.fused(v.neg(i), xr, im))


def _pair(v: Any, r: Any, i: Any) -> tuple[Any, Any]:
    return v.spread(r), v.spread(i)


def _slots(table: Any, row: Any, first: int) -> tuple[Any, Any]:
    return table.load(row, first), table.load(row, first + 1)


def _put(table: Any, row: Any, first: int, pair: tuple[Any, Any]) -> None:
    table.store(pair[0], row, first)
    table.store(pair[1], row, first + 1)


def _raised(v: Any, x: tuple[Any, Any], ar: Any, ai: Any) -> tuple[Any, Any]:
    """Voltage of a point from its change against no load."""
    return v.add(v.spread(ar), x[0]), v.add(v.spread(ai), x[1])


def _injected(v: Any, p: Any, q: Any, voltage: tuple[Any, Any]) -> tuple[Any, Any]:
    """-conj(S / V)."""
    vr, vi = voltage
    factor = v.div(v.constant(-1.0), v.fused(vr, vr, v.mul(vi, vi)))
    return v.mul(v.fused(p, vr, v.mul(q, vi)), factor), v.mul(v.fused(p, vi, v.neg(v.mul(q, vr))), factor)


def _note(v: Any, X: Any, M: Any, j: Any, p: Any, q: Any, x: tuple[Any, Any]) -> None:
    """M = max of (|P| + |Q|) (|dx| + |dy|): a bound of the mismatch for voltages near 1."""
    change = v.add(v.absolute(v.sub(x[0], X.load(j, 0))), v.absolute(v.sub(x[1], X.load(j, 1))))
    size = v.mul(v.add(v.absolute(p), v.absolute(q)), change)
    M.store(v.peak(v.absolute(size), M.load(0, 0)), 0, 0)


def _entered(v: Any, X: Any, j: Any, p: Any, dr: Any, di: Any, lr: Any, li: Any) -> tuple[Any, Any]:
    """x = work / D - L x of the only later point."""
    scaled = v.cmul(*_slots(X, j, 2), *_pair(v, dr, di))
    return _minus(v, scaled, _pair(v, lr, li), _slots(X, p, 0))


def _loaded(v: Any, X: Any, S: Any, M: Any, j: Any, s: Any, x: tuple[Any, Any], ar: Any, ai: Any) -> Any:
    """Store x and begin the next sum with the injection at it, which is returned."""
    p, q = _slots(S, s, 0)
    _note(v, X, M, j, p, q, x)
    current = _injected(v, p, q, _raised(v, x, ar, ai))
    _put(X, j, 0, x)
    _put(X, j, 2, current)
    return current


def _bent(v: Any, S: Any, C: Any, T: Any, s: Any, i: Any, voltage: tuple[Any, Any]) -> tuple[Any, Any]:
    """Demand of loads that depend on voltage, at this one; kept in S."""
    vr, vi = voltage
    size = v.root(v.fused(vr, vr, v.mul(vi, vi)))
    p, q = (v.fused(size, v.fused(size, T.load(i, 2 + k), T.load(i, k)), C.load(s, k)) for k in range(2))
    _put(S, s, 0, (p, q))
    return p, q


@step((POINT, DEMAND, MOST), indices=3, scalars=6)
def visit(
    v: Any, X: Any, S: Any, M: Any, j: Any, p: Any, s: Any, dr: Any, di: Any, lr: Any, li: Any, ar: Any, ai: Any
) -> None:  # fmt: skip
    """Enter a loaded point without earlier ones, and leave it."""
    x = _entered(v, X, j, p, dr, di, lr, li)
    current = _loaded(v, X, S, M, j, s, x, ar, ai)
    _put(X, p, 2, _minus(v, _slots(X, p, 2), _pair(v, lr, li), current))


@step((POINT,), indices=2, scalars=4)
def enter(v: Any, X: Any, j: Any, p: Any, dr: Any, di: Any, lr: Any, li: Any) -> None:
    """A point with one later point and no load."""
    _put(X, j, 0, _entered(v, X, j, p, dr, di, lr, li))
    _put(X, j, 2, (v.constant(0.0), v.constant(0.0)))


@step((POINT, DEMAND, MOST), indices=3, scalars=6)
def enter_loaded(
    v: Any, X: Any, S: Any, M: Any, j: Any, p: Any, s: Any, dr: Any, di: Any, lr: Any, li: Any, ar: Any, ai: Any
) -> None:  # fmt: skip
    """The same with loads of constant power."""
    _loaded(v, X, S, M, j, s, _entered(v, X, j, p, dr, di, lr, li), ar, ai)


@step((POINT,), indices=2, scalars=2)
def push(v: Any, X: Any, j: Any, p: Any, lr: Any, li: Any) -> None:
    """Work of a later point -= L * work of this one."""
    _put(X, p, 2, _minus(v, _slots(X, p, 2), _pair(v, lr, li), _slots(X, j, 2)))


@step((POINT,), indices=1, scalars=2)
def scale(v: Any, X: Any, j: Any, dr: Any, di: Any) -> None:
    """Work /= D."""
    _put(X, j, 2, v.cmul(*_slots(X, j, 2), *_pair(v, dr, di)))


@step((POINT,), indices=2, scalars=2)
def back(v: Any, X: Any, j: Any, p: Any, lr: Any, li: Any) -> None:
    """Work -= L * x of a later point."""
    _put(X, j, 2, _minus(v, _slots(X, j, 2), _pair(v, lr, li), _slots(X, p, 0)))


@step((POINT,), indices=1)
def settle(v: Any, X: Any, j: Any) -> None:
    """x = work, of a point without load."""
    _put(X, j, 0, _slots(X, j, 2))
    _put(X, j, 2, (v.constant(0.0), v.constant(0.0)))


@step((POINT, DEMAND, MOST), indices=2, scalars=2)
def settle_loaded(v: Any, X: Any, S: Any, M: Any, j: Any, s: Any, ar: Any, ai: Any) -> None:
    """The same with loads of constant power."""
    _loaded(v, X, S, M, j, s, _slots(X, j, 2), ar, ai)


@step((POINT, DEMAND, DEMAND, BENT, MOST), indices=3, scalars=2)
def settle_bent(
    v: Any, X: Any, S: Any, C: Any, T: Any, M: Any, j: Any, i: Any, s: Any, ar: Any, ai: Any
) -> None:  # fmt: skip
    """The same with loads that depend on voltage."""
    x = _slots(X, j, 2)
    _bent(v, S, C, T, s, i, _raised(v, x, ar, ai))
    _loaded(v, X, S, M, j, s, x, ar, ai)


@step((POINT,), indices=1)
def rest(v: Any, X: Any, j: Any) -> None:
    """x = 0: the voltage without load."""
    _put(X, j, 0, (v.constant(0.0), v.constant(0.0)))


@step((POINT,), indices=1)
def clear(v: Any, X: Any, j: Any) -> None:
    """Work = 0."""
    _put(X, j, 2, (v.constant(0.0), v.constant(0.0)))


@step((POINT, DEMAND), indices=2, scalars=2)
def inject(v: Any, X: Any, S: Any, j: Any, s: Any, ar: Any, ai: Any) -> None:
    """Work = -conj(S / V)."""
    _put(X, j, 2, _injected(v, *_slots(S, s, 0), _raised(v, _slots(X, j, 0), ar, ai)))


@step((POINT, DEMAND, DEMAND, BENT), indices=3, scalars=2)
def bend(v: Any, X: Any, S: Any, C: Any, T: Any, j: Any, i: Any, s: Any, ar: Any, ai: Any) -> None:
    """S of loads that depend on voltage."""
    _bent(v, S, C, T, s, i, _raised(v, _slots(X, j, 0), ar, ai))


@step((POINT, WORK), indices=1, scalars=2)
def own(v: Any, X: Any, W: Any, j: Any, yr: Any, yi: Any) -> None:
    """W = Y_jj x_j."""
    _put(W, 0, 0, v.cmul(*_slots(X, j, 0), *_pair(v, yr, yi)))


@step((POINT, WORK), indices=1, scalars=2)
def beside(v: Any, X: Any, W: Any, k: Any, yr: Any, yi: Any) -> None:
    """W += Y_jk x_k."""
    _put(W, 0, 0, _minus(v, _slots(W, 0, 0), _pair(v, yr, yi), tuple(map(v.neg, _slots(X, k, 0)))))


def _miss(v: Any, W: Any, M: Any, voltage: tuple[Any, Any], p: Any, q: Any) -> None:
    """M = max |V conj(I) + S|^2."""
    ir, ii = _slots(W, 0, 0)
    re, im = v.cmul(*voltage, ir, v.neg(ii))
    re, im = v.add(re, p), v.add(im, q)
    M.store(v.peak(v.absolute(v.fused(re, re, v.mul(im, im))), M.load(0, 0)), 0, 0)


@step((POINT, DEMAND, MOST, WORK), indices=2, scalars=2)
def miss_loaded(v: Any, X: Any, S: Any, M: Any, W: Any, j: Any, s: Any, ar: Any, ai: Any) -> None:
    _miss(v, W, M, _raised(v, _slots(X, j, 0), ar, ai), *_slots(S, s, 0))


@step((POINT, MOST, WORK), indices=1, scalars=2)
def miss_idle(v: Any, X: Any, M: Any, W: Any, j: Any, ar: Any, ai: Any) -> None:
    _miss(v, W, M, _raised(v, _slots(X, j, 0), ar, ai), v.constant(0.0), v.constant(0.0))


@step((POINT, WORK), indices=1, scalars=3)
def show(v: Any, X: Any, W: Any, j: Any, ratio: Any, ar: Any, ai: Any) -> None:
    """W = voltage of a bus."""
    vr, vi = _raised(v, _slots(X, j, 0), ar, ai)
    _put(W, 0, 0, (v.mul(v.spread(ratio), vr), v.mul(v.spread(ratio), vi)))


@step((DEMAND,), indices=1)
def clear_demand(v: Any, S: Any, s: Any) -> None:
    _put(S, s, 0, (v.constant(0.0), v.constant(0.0)))
