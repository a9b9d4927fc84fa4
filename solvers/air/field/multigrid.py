"""Pressure: a Poisson problem on the open faces, by conjugate gradients with a geometric multigrid cycle before them.

Coarse cells join two by two along every axis; transfer is piecewise constant, and a coarse face carries half the sum of
the fine ones (twice the distance).  Cells without open faces stand apart with a value of zero.

Compartments that hang together by leaks alone (a plenum, a contained aisle) have a pressure level each, which coarse cells
across a thin panel cannot tell apart: a small dense problem for the levels is solved beside every cycle (additive
deflation: R. Nicolaides, SIAM J. Numer. Anal. 24, 1987).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.air.field.kernels import CHUNK, _compiled

Floats = NDArray[np.floating[Any]]


@_compiled
def relax(
    p: Any,
    b: Any,
    cx: Any,
    cy: Any,
    cz: Any,
    inverse: Any,
    color: int,
    even: Any,
    odd: Any,
    nx: int,
    k0: int,
    k1: int,
) -> None:
    """Red-black Gauss-Seidel, one colour; ``even`` and ``odd`` mark the cells of a plane by ``i + j``."""
    first, last = nx, p.shape[1] - nx
    work = np.empty(CHUNK, p.dtype)
    for k in range(k0, k1):
        marks = odd if (k + color) & 1 else even
        for lo in range(first, last, CHUNK):
            hi = min(lo + CHUNK, last)
            n = hi - lo
            row = work[:n]
            here, west, east = p[k, lo:hi], p[k, lo - 1 : hi - 1], p[k, lo + 1 : hi + 1]
            x0, x1, force = cx[k, lo:hi], cx[k, lo + 1 : hi + 1], b[k, lo:hi]
            for i in range(n):
                row[i] = force[i] + x0[i] * west[i] + x1[i] * east[i]
            south, north = p[k, lo - nx : hi - nx], p[k, lo + nx : hi + nx]
            y0, y1 = cy[k, lo:hi], cy[k, lo + nx : hi + nx]
            for i in range(n):
                row[i] += y0[i] * south[i] + y1[i] * north[i]
            bottom, top, z0, z1 = p[k - 1, lo:hi], p[k + 1, lo:hi], cz[k, lo:hi], cz[k + 1, lo:hi]
            d, chosen = inverse[k, lo:hi], marks[lo:hi]
            for i in range(n):
                row[i] = d[i] * (row[i] + z0[i] * bottom[i] + z1[i] * top[i]) - here[i]
            for i in range(n):
                here[i] += chosen[i] * row[i]


@_compiled
def apply(
    p: Any, q: Any, cx: Any, cy: Any, cz: Any, force: Any, sign: float, mask: Any, nx: int, k0: int,
    k1: int,
) -> float:  # fmt: skip
    """``q = sign (A p - force)``; returns p . q.  Ghosts get nothing."""
    first, last = nx, p.shape[1] - nx
    kind = p.dtype.type
    turn = kind(sign)
    total = 0.0
    for k in range(k0, k1):
        for lo in range(first, last, CHUNK):
            hi = min(lo + CHUNK, last)
            n = hi - lo
            here, west, east = p[k, lo:hi], p[k, lo - 1 : hi - 1], p[k, lo + 1 : hi + 1]
            x0, x1, out, f = cx[k, lo:hi], cx[k, lo + 1 : hi + 1], q[k, lo:hi], force[k, lo:hi]
            for i in range(n):
                out[i] = x0[i] * (here[i] - west[i]) + x1[i] * (here[i] - east[i]) - f[i]
            south, north = p[k, lo - nx : hi - nx], p[k, lo + nx : hi + nx]
            y0, y1 = cy[k, lo:hi], cy[k, lo + nx : hi + nx]
            for i in range(n):
                out[i] += y0[i] * (here[i] - south[i]) + y1[i] * (here[i] - north[i])
            bottom, top, z0, z1 = p[k - 1, lo:hi], p[k + 1, lo:hi], cz[k, lo:hi], cz[k + 1, lo:hi]
            inner = mask[lo:hi]
            for i in range(n):
                out[i] = (
                    turn * inner[i] * (out[i] + z0[i] * (here[i] - bottom[i]) + z1[i] * (here[i] - top[i]))
                )
            size = kind(0.0)
            for i in range(n):
                size += out[i] * here[i]
            total += size
    return total


@_compiled
def gather(fine: Any, coarse: Any) -> None:
    """Sum over the cells that a coarse cell joins."""
    nz, ny, nx = fine.shape
    mz, my, mx = coarse.shape
    n, m = nx - 2, mx - 2
    row = np.zeros(2 * m, fine.dtype)
    for K in range(1, mz - 1):
        for J in range(1, my - 1):
            row[:] = 0
            for k in range(2 * K - 1, min(2 * K + 1, nz - 1)):
                for j in range(2 * J - 1, min(2 * J + 1, ny - 1)):
                    here = fine[k, j, 1 : n + 1]
                    for i in range(n):
                        row[i] += here[i]
            out = coarse[K, J, 1 : m + 1]
            for i in range(m):
                out[i] = row[2 * i] + row[2 * i + 1]


@_compiled
def prolong(p: Any, coarse: Any) -> None:
    """Add the coarse correction to every cell that it stands for."""
    nz, ny, nx = p.shape
    n = nx - 2
    for k in range(1, nz - 1):
        for j in range(1, ny - 1):
            here, up = p[k, j, 1 : n + 1], coarse[(k + 1) // 2, (j + 1) // 2]
            for i in range(n // 2):
                here[2 * i] += up[i + 1]
                here[2 * i + 1] += up[i + 1]
            if n % 2:
                here[n - 1] += up[n // 2 + 1]


@_compiled
def advance(x: Any, r: Any, p: Any, q: Any, step: float) -> float:
    """x += step p, r -= step q; returns r . r.  Flat arrays."""
    a = x.dtype.type(step)
    total = 0.0
    for lo in range(0, x.size, CHUNK):
        hi = min(lo + CHUNK, x.size)
        xr, rr, pr, qr = x[lo:hi], r[lo:hi], p[lo:hi], q[lo:hi]
        for i in range(hi - lo):
            xr[i] += a * pr[i]
        size = x.dtype.type(0.0)
        for i in range(hi - lo):
            rr[i] -= a * qr[i]
            size += rr[i] * rr[i]
        total += size
    return total


@_compiled
def direct(p: Any, z: Any, back: float) -> None:
    """p = z + back p.  Flat arrays."""
    a = p.dtype.type(back)
    for i in range(p.size):
        p[i] = z[i] + a * p[i]


@_compiled
def dot(a: Any, b: Any) -> float:
    """Scalar product of flat arrays, chunk by chunk so that single precision does."""
    total = 0.0
    for lo in range(0, a.size, CHUNK):
        hi = min(lo + CHUNK, a.size)
        ar, br = a[lo:hi], b[lo:hi]
        size = a.dtype.type(0.0)
        for i in range(hi - lo):
            size += ar[i] * br[i]
        total += size
    return total


@_compiled
def coarsen(cx: Any, cy: Any, cz: Any, X: Any, Y: Any, Z: Any) -> None:
    """Faces of the coarse grid."""
    nz, ny, nx = cx.shape[0] - 2, cx.shape[1] - 2, cx.shape[2] - 2
    mz, my, mx = X.shape[0] - 2, X.shape[1] - 2, X.shape[2] - 2
    half = cx.dtype.type(0.5)
    for K in range(1, mz + 2):
        for J in range(1, my + 2):
            for II in range(1, mx + 2):
                i0, j0, k0 = min(2 * II - 1, nx + 1), min(2 * J - 1, ny + 1), min(2 * K - 1, nz + 1)
                a = b = c = cx.dtype.type(0.0)
                for j in range(2 * J - 1, min(2 * J + 1, ny + 1)):
                    for k in range(2 * K - 1, min(2 * K + 1, nz + 1)):
                        a += cx[k, j, i0]
                for i in range(2 * II - 1, min(2 * II + 1, nx + 1)):
                    for k in range(2 * K - 1, min(2 * K + 1, nz + 1)):
                        b += cy[k, j0, i]
                for i in range(2 * II - 1, min(2 * II + 1, nx + 1)):
                    for j in range(2 * J - 1, min(2 * J + 1, ny + 1)):
                        c += cz[k0, j, i]
                X[K, J, II] = half * a
                Y[K, J, II] = half * b
                Z[K, J, II] = half * c


@_compiled
def invert(cx: Any, cy: Any, cz: Any, inverse: Any, mask: Any, nx: int) -> None:
    """One over the diagonal; 0 for a cell that stands apart and for ghosts (``mask`` 0)."""
    first, last = nx, cx.shape[1] - nx
    kind = cx.dtype.type
    zero, one, tiny = kind(0.0), kind(1.0), kind(1e-30)
    for k in range(1, cx.shape[0] - 1):
        for lo in range(first, last, CHUNK):
            hi = min(lo + CHUNK, last)
            n = hi - lo
            x0, x1, y0, y1 = cx[k, lo:hi], cx[k, lo + 1 : hi + 1], cy[k, lo:hi], cy[k, lo + nx : hi + nx]
            z0, z1, out, inner = cz[k, lo:hi], cz[k + 1, lo:hi], inverse[k, lo:hi], mask[lo:hi]
            for i in range(n):
                out[i] = x0[i] + x1[i] + y0[i] + y1[i]
            for i in range(n):
                d = out[i] + z0[i] + z1[i]
                out[i] = inner[i] / d if d > tiny else zero


class Level:
    """Arrays of one grid."""

    def __init__(self, shape: tuple[int, ...], dtype: Any, faces: tuple[Any, Any, Any] | None = None) -> None:
        self.shape = shape
        made: Any = faces or tuple(np.zeros(shape, dtype) for _ in range(3))
        self.cx, self.cy, self.cz = made
        self.p, self.b, self.inverse = (np.zeros(shape, dtype) for _ in range(3))
        nz, ny, nx = shape
        inner = np.zeros((ny, nx), bool)
        inner[1:-1, 1:-1] = True
        parity = np.add.outer(np.arange(ny), np.arange(nx)) % 2
        self.mask = inner.astype(dtype).reshape(-1)
        self.even, self.odd = ((inner & (parity == n)).astype(dtype).reshape(-1) for n in (0, 1))
        self.row, self.planes = nx, (1, nz - 1)

    def flat(self, *fields: Any) -> list[Any]:
        """Planes in one row."""
        return [f.reshape(f.shape[0], -1) for f in fields]

    @property
    def faces(self) -> list[Any]:
        return self.flat(self.cx, self.cy, self.cz)

    def sweep(self, color: int) -> None:
        """Relax one colour."""
        p, b, inverse = self.flat(self.p, self.b, self.inverse)
        relax(p, b, *self.faces, inverse, color, self.even, self.odd, self.row, *self.planes)

    def misfit(self, out: Any) -> None:
        """b - A p."""
        p, b, q = self.flat(self.p, self.b, out)
        apply(p, q, *self.faces, b, -1.0, self.mask, self.row, *self.planes)


@_compiled
def sums(values: Any, label: Any, count: int) -> Any:
    """Sum over the cells of every label.  Flat arrays."""
    total = np.zeros(count)
    for i in range(values.size):
        total[label[i]] += values[i]
    return total


@_compiled
def lift(values: Any, label: Any, level: Any) -> None:
    """Add to every cell what its label has.  Flat arrays."""
    for i in range(values.size):
        values[i] += level[label[i]]


class Multigrid:
    """Solver for the pressure on open faces.

    Parameters
    ----------
    faces : three arrays
        Flux per pressure step of every face, shared with the caller, who calls :meth:`setup` after changing them.
    compartment : [k, j, i] int, optional
        Numbers of the compartments from 1, 0 where no air is.
    """

    SMALLEST = 4
    BOTTOM = 8

    def __init__(self, faces: tuple[Any, Any, Any], compartment: NDArray[np.int32] | None = None) -> None:
        shape, dtype = faces[0].shape, faces[0].dtype
        self.levels = [Level(shape, dtype, faces)]
        counts = [n - 2 for n in shape]
        while max(counts) > self.SMALLEST:
            counts = [(n + 1) // 2 for n in counts]
            self.levels.append(Level(tuple(n + 2 for n in counts), dtype))
        self._r, self._q, self._d = (np.zeros(shape, dtype) for _ in range(3))
        self._nothing = np.zeros((shape[0], 1), dtype) * np.zeros((1, shape[1] * shape[2]), dtype)
        self._label = None
        if compartment is not None and compartment.max() > 1:
            self._label = compartment.reshape(-1)
            self._borders = [self._border(compartment, axis) for axis in range(3)]
        self._scratch = [self._q, *(np.zeros(level.shape, dtype) for level in self.levels[1:])]

    def setup(self) -> None:
        """Coarse faces and diagonals."""
        for number, level in enumerate(self.levels):
            if number:
                fine = self.levels[number - 1]
                coarsen(fine.cx, fine.cy, fine.cz, level.cx, level.cy, level.cz)
            invert(*level.faces, *level.flat(level.inverse), level.mask, level.row)
        if self._label is not None:
            self._level_problem()

    @staticmethod
    def _border(compartment: NDArray[np.int32], axis: int) -> tuple[Any, Any, Any]:
        """Faces between two compartments, or between one and the outside, with both labels."""
        before = np.roll(compartment, 1, 2 - axis)
        faces = np.flatnonzero(before != compartment)
        return faces, before.reshape(-1)[faces], compartment.reshape(-1)[faces]

    def _level_problem(self) -> None:
        """Conductance between compartments; label 0 is the outside."""
        assert self._label is not None
        count = int(self._label.max()) + 1
        between = np.zeros((count, count))
        top = self.levels[0]
        for face, (cells, a, b) in zip((top.cx, top.cy, top.cz), self._borders, strict=True):
            value = face.reshape(-1)[cells].astype(float)
            np.add.at(between, (a, b), value)
            np.add.at(between, (b, a), value)
        matrix = np.diag(between.sum(axis=1)) - between
        self._levels_inverse = np.zeros_like(matrix)
        scale = max(float(np.abs(matrix).max()), 1e-30)
        self._levels_inverse[1:, 1:] = (
            np.linalg.pinv(matrix[1:, 1:] / scale, rcond=1e-9, hermitian=True) / scale
        )

    def _precondition(self) -> None:
        """Cycle on the residual; the result is the finest ``p``."""
        top = self.levels[0]
        top.b[:] = self._r
        self.cycle()
        if self._label is not None:
            count = self._levels_inverse.shape[0]
            level = self._levels_inverse @ sums(self._r.reshape(-1), self._label, count)
            lift(top.p.reshape(-1), self._label, level.astype(top.p.dtype))

    def cycle(self, number: int = 0) -> None:
        """One V-cycle for ``levels[number]``, from zero; symmetric."""
        level = self.levels[number]
        level.p[:] = 0
        if number == len(self.levels) - 1:
            for color in (0, 1) * self.BOTTOM + (1, 0) * self.BOTTOM:
                level.sweep(color)
            return
        level.sweep(0)
        level.sweep(1)
        below = self.levels[number + 1]
        level.misfit(self._scratch[number])
        gather(self._scratch[number], below.b)
        self.cycle(number + 1)
        prolong(level.p, below.p)
        level.sweep(1)
        level.sweep(0)

    def solve(self, x: Floats, b: Floats, tolerance: float, most: int = 60) -> tuple[int, float]:
        """Solve A x = b from x = 0; iterations and relative residual."""
        top = self.levels[0]
        x[:] = 0
        self._r[:] = b
        r, d, q = (f.reshape(-1) for f in (self._r, self._d, self._q))
        z = top.p.reshape(-1)
        first = size = dot(r, r)
        if not first > 0.0:
            return 0, 0.0
        before = 0.0
        for count in range(1, most + 1):
            self._precondition()
            product = dot(r, z)
            direct(d, z, product / before if count > 1 else 0.0)
            before = product
            self._q[:] = 0
            fields = top.flat(self._d, self._q)
            curve = apply(*fields, *top.faces, self._nothing, 1.0, top.mask, top.row, *top.planes)
            if not curve > 0.0:
                break
            size = advance(x.reshape(-1), r, d, q, product / curve)
            if size < tolerance * tolerance * first:
                break
        return count, float(np.sqrt(size / first))
