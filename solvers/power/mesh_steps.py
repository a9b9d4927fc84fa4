"""Vector steps of the iteration on a factor: see ``mesh_kernel.py`` for the tables.

numba's cache of the kernel does not notice changes here: after editing one, delete ``__pycache__``.
"""

from __future__ import annotations

from typing import Any

from solvers.power.lanes import step


def _minus(v: Any, X: Any, k: Any, lr: Any, li: Any, re: Any, im: Any, slot: int) -> tuple[Any, Any]:
    """(re, im) - (lr + j li) * X[k, slot : slot + 2]."""
    xr, xi, r, i = X.load(k, slot), X.load(k, slot + 1), v.spread(lr), v.spread(li)
    return v.add(v.sub(re, v.mul(r, xr)), v.mul(i, xi)), v.sub(v.sub(im, v.mul(r, xi)), v.mul(i, xr))


def _voltage(v: Any, X: Any, j: Any, ar: Any, ai: Any) -> tuple[Any, Any]:
    return v.add(v.spread(ar), X.load(j, 0)), v.add(v.spread(ai), X.load(j, 1))


@step((4, 2), indices=2, scalars=2)
def inject(v: Any, X: Any, S: Any, j: Any, s: Any, ar: Any, ai: Any) -> None:
    """Work = -conj(S / V)."""
    vr, vi = _voltage(v, X, j, ar, ai)
    q = v.div(v.constant(-1.0), v.add(v.mul(vr, vr), v.mul(vi, vi)))
    p, r = S.load(s, 0), S.load(s, 1)
    X.store(v.mul(v.add(v.mul(p, vr), v.mul(r, vi)), q), j, 2)
    X.store(v.mul(v.sub(v.mul(p, vi), v.mul(r, vr)), q), j, 3)


@step((4,), indices=2, scalars=2)
def pull(v: Any, X: Any, j: Any, k: Any, lr: Any, li: Any) -> None:
    """Work -= L * work of an earlier point."""
    re, im = _minus(v, X, k, lr, li, X.load(j, 2), X.load(j, 3), 2)
    X.store(re, j, 2)
    X.store(im, j, 3)


@step((4,), indices=2, scalars=2)
def pull_one(v: Any, X: Any, j: Any, k: Any, lr: Any, li: Any) -> None:
    """Work = -L * work of an earlier point."""
    zero = v.constant(0.0)
    re, im = _minus(v, X, k, lr, li, zero, zero, 2)
    X.store(re, j, 2)
    X.store(im, j, 3)


@step((4,), indices=3, scalars=4)
def pull_two(v: Any, X: Any, j: Any, k: Any, m: Any, lr: Any, li: Any, mr: Any, mi: Any) -> None:
    """Work = -L1 * work of one earlier point - L2 * work of another."""
    zero = v.constant(0.0)
    re, im = _minus(v, X, k, lr, li, zero, zero, 2)
    re, im = _minus(v, X, m, mr, mi, re, im, 2)
    X.store(re, j, 2)
    X.store(im, j, 3)


@step((4,), indices=1)
def clear(v: Any, X: Any, j: Any) -> None:
    X.store(v.constant(0.0), j, 2)
    X.store(v.constant(0.0), j, 3)


@step((4,), indices=1, scalars=2)
def scale(v: Any, X: Any, j: Any, dr: Any, di: Any) -> None:
    """Work *= 1 / D."""
    re, im = v.cmul(X.load(j, 2), X.load(j, 3), v.spread(dr), v.spread(di))
    X.store(re, j, 2)
    X.store(im, j, 3)


@step((4,), indices=2, scalars=2)
def back(v: Any, X: Any, j: Any, p: Any, lr: Any, li: Any) -> None:
    """Work -= L * x of a later point."""
    re, im = _minus(v, X, p, lr, li, X.load(j, 2), X.load(j, 3), 0)
    X.store(re, j, 2)
    X.store(im, j, 3)


def _note(v: Any, X: Any, S: Any, M: Any, j: Any, s: Any, re: Any, im: Any) -> None:
    """M = max of (|P| + |Q|) (|dx| + |dy|): a bound of the mismatch for voltages near 1."""
    change = v.add(v.absolute(v.sub(re, X.load(j, 0))), v.absolute(v.sub(im, X.load(j, 1))))
    size = v.add(v.absolute(S.load(s, 0)), v.absolute(S.load(s, 1)))
    M.store(v.larger(v.mul(size, change), M.load(0, 0)), 0, 0)


@step((4,), indices=1)
def settle(v: Any, X: Any, j: Any) -> None:
    X.store(X.load(j, 2), j, 0)
    X.store(X.load(j, 3), j, 1)


@step((4, 2, 1), indices=2)
def settle_loaded(v: Any, X: Any, S: Any, M: Any, j: Any, s: Any) -> None:
    re, im = X.load(j, 2), X.load(j, 3)
    _note(v, X, S, M, j, s, re, im)
    X.store(re, j, 0)
    X.store(im, j, 1)


@step((4,), indices=2, scalars=4)
def back_one(v: Any, X: Any, j: Any, p: Any, dr: Any, di: Any, lr: Any, li: Any) -> None:
    """x = work / D - L * x of the only later point."""
    re, im = v.cmul(X.load(j, 2), X.load(j, 3), v.spread(dr), v.spread(di))
    re, im = _minus(v, X, p, lr, li, re, im, 0)
    X.store(re, j, 0)
    X.store(im, j, 1)


@step((4, 2, 1), indices=3, scalars=4)
def back_one_loaded(
    v: Any, X: Any, S: Any, M: Any, j: Any, s: Any, p: Any, dr: Any, di: Any, lr: Any, li: Any
) -> None:
    re, im = v.cmul(X.load(j, 2), X.load(j, 3), v.spread(dr), v.spread(di))
    re, im = _minus(v, X, p, lr, li, re, im, 0)
    _note(v, X, S, M, j, s, re, im)
    X.store(re, j, 0)
    X.store(im, j, 1)


@step((4,), indices=1, scalars=2)
def own(v: Any, X: Any, j: Any, yr: Any, yi: Any) -> None:
    """Work = Y_jj x_j."""
    re, im = v.cmul(X.load(j, 0), X.load(j, 1), v.spread(yr), v.spread(yi))
    X.store(re, j, 2)
    X.store(im, j, 3)


def _miss(v: Any, X: Any, M: Any, j: Any, vr: Any, vi: Any, p: Any, q: Any) -> None:
    """M = max |V conj(I) + S|^2."""
    re, im = v.cmul(vr, vi, X.load(j, 2), v.neg(X.load(j, 3)))
    re, im = v.add(re, p), v.add(im, q)
    M.store(v.larger(v.add(v.mul(re, re), v.mul(im, im)), M.load(0, 0)), 0, 0)


@step((4, 2, 1), indices=2, scalars=2)
def miss_loaded(v: Any, X: Any, S: Any, M: Any, j: Any, s: Any, ar: Any, ai: Any) -> None:
    vr, vi = _voltage(v, X, j, ar, ai)
    _miss(v, X, M, j, vr, vi, S.load(s, 0), S.load(s, 1))


@step((4, 1), indices=1, scalars=2)
def miss_idle(v: Any, X: Any, M: Any, j: Any, ar: Any, ai: Any) -> None:
    vr, vi = _voltage(v, X, j, ar, ai)
    _miss(v, X, M, j, vr, vi, v.constant(0.0), v.constant(0.0))
