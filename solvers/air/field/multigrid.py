"""Pressure: a Poisson problem on the open faces, by conjugate gradients with a geometric multigrid cycle before them.

Coarse cells join two by two along every axis, but not across thin panels as long as there is anything else to join: the two
sides of a raised floor have little to do with each other.  Transfer is piecewise constant, and a coarse face carries the sum
of the fine ones over the ratio of distances.  Cells without open faces stand apart with a value of zero.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.air.field.kernels import CHUNK, _compiled
from solvers.air.field.threads import halves

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
    p: Any, q: Any, cx: Any, cy: Any, cz: Any, force: Any, weight: float, sign: float, mask: Any, nx: int, k0: int,
    k1: int,
) -> float:  # fmt: skip
    """``q = sign (A p - weight force)``; returns p . q.  Ghosts get nothing."""
    first, last = nx, p.shape[1] - nx
    kind = p.dtype.type
    turn, part = kind(sign), kind(weight)
    total = 0.0
    for k in range(k0, k1):
        for lo in range(first, last, CHUNK):
            hi = min(lo + CHUNK, last)
            n = hi - lo
            here, west, east = p[k, lo:hi], p[k, lo - 1 : hi - 1], p[k, lo + 1 : hi + 1]
            x0, x1, out, f = cx[k, lo:hi], cx[k, lo + 1 : hi + 1], q[k, lo:hi], force[k, lo:hi]
            for i in range(n):
                out[i] = x0[i] * (here[i] - west[i]) + x1[i] * (here[i] - east[i]) - part * f[i]
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
def gather(fine: Any, coarse: Any, z: Any, y: Any, x: Any) -> None:
    """Sum over the cells that a coarse cell joins; ``z``, ``y``, ``x`` are the first cells of each."""
    mz, my, mx = coarse.shape
    nx = fine.shape[2]
    row = np.zeros(nx, fine.dtype)
    for K in range(1, mz - 1):
        for J in range(1, my - 1):
            row[:] = 0
            for k in range(z[K], z[K + 1]):
                for j in range(y[J], y[J + 1]):
                    here = fine[k, j]
                    for i in range(nx):
                        row[i] += here[i]
            out = coarse[K, J]
            for II in range(1, mx - 1):
                total = row[x[II]]
                for i in range(x[II] + 1, x[II + 1]):
                    total += row[i]
                out[II] = total


@_compiled
def prolong(p: Any, coarse: Any, z: Any, y: Any, x: Any) -> None:
    """Add the coarse correction to every cell that it stands for; ``z``, ``y``, ``x`` say for which it does."""
    nz, ny, nx = p.shape
    for k in range(1, nz - 1):
        for j in range(1, ny - 1):
            here, up = p[k, j], coarse[z[k], y[j]]
            for i in range(1, nx - 1):
                here[i] += up[x[i]]


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
def coarsen(fine: Any, coarse: Any, axis: int, z: Any, y: Any, x: Any, ease: Any) -> None:
    """Faces across one axis (0 is x) of the coarse grid: the sum of the fine ones over the ratio of distances."""
    mz, my, mx = coarse.shape
    for K in range(1, mz):
        k1 = z[K] + 1 if axis == 2 else z[min(K + 1, mz - 1)]
        for J in range(1, my):
            j1 = y[J] + 1 if axis == 1 else y[min(J + 1, my - 1)]
            for II in range(1, mx):
                i1 = x[II] + 1 if axis == 0 else x[min(II + 1, mx - 1)]
                total = fine.dtype.type(0.0)
                for k in range(z[K], k1):
                    for j in range(y[J], j1):
                        for i in range(x[II], i1):
                            total += fine[k, j, i]
                place = II if axis == 0 else J if axis == 1 else K
                coarse[K, J, II] = total * ease[place]


@_compiled
def invert(cx: Any, cy: Any, cz: Any, inverse: Any, mask: Any, nx: int) -> None:
    """One over the diagonal; 0 for a cell that stands apart and for ghosts (``mask`` 0)."""
    first, last = nx, cx.shape[1] - nx
    kind = cx.dtype.type
    zero, tiny = kind(0.0), kind(1e-30)
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
        before = (p, b, *self.faces, inverse, color, self.even, self.odd, self.row)
        halves(lambda k0, k1: relax(*before, k0, k1), *self.planes, p.size)

    def misfit(self, out: Any) -> None:
        """b - A p."""
        p, b, q = self.flat(self.p, self.b, out)
        before = (p, q, *self.faces, b, 1.0, -1.0, self.mask, self.row)
        halves(lambda k0, k1: apply(*before, k0, k1), *self.planes, p.size)


class Joining:
    """Which cells along an axis a coarser grid joins.

    Parameters
    ----------
    count : int
        Cells.
    barriers : set of int
        Faces (of the cell above them) across which none are joined.
    """

    def __init__(self, count: int, barriers: set[int]) -> None:
        starts, cell = [], 1
        while cell <= count:
            starts.append(cell)
            cell += 1 if cell == count or cell + 1 in barriers else 2
        self.count = len(starts)
        self.first = np.array([0, *starts, count + 1], np.int64)
        """First cell of each coarse cell; of the ghosts at both ends as well."""
        width = np.diff(self.first[1:]).astype(float)
        self.into = np.concatenate(
            [[0], np.repeat(np.arange(1, self.count + 1), width.astype(int)), [self.count + 1]]
        )
        """Coarse cell of each cell."""
        ends = np.concatenate([width[:1], width, width[-1:]])
        self.ease = np.concatenate([[1.0], 2.0 / (ends[:-1] + ends[1:])])
        """Of each coarse face: fine over coarse distance."""
        place = {int(first): number for number, first in enumerate(self.first[:-1])}
        self.barriers = {place[face] for face in barriers if face in place}
        if self.count == count:  # nothing was joined: barriers have done their work
            self.barriers = set()


class Multigrid:
    """Solver for the pressure on open faces.

    Parameters
    ----------
    faces : three arrays
        Flux per pressure step of every face, shared with the caller, who calls :meth:`setup` after changing them.
    barriers : three sets of int
        Faces along x, y and z in whose plane a thin panel lies: coarse cells do not reach across.
    """

    SMALLEST = 4
    BOTTOM = 8

    def __init__(
        self,
        faces: tuple[Any, Any, Any],
        barriers: tuple[set[int], set[int], set[int]] = (set(), set(), set()),
    ) -> None:
        shape, dtype = faces[0].shape, faces[0].dtype
        self.levels = [Level(shape, dtype, faces)]
        self.joins: list[tuple[Joining, Joining, Joining]] = []
        counts, walls = [n - 2 for n in shape[::-1]], barriers
        while max(counts) > self.SMALLEST:
            x, y, z = (Joining(n, wall) for n, wall in zip(counts, walls, strict=True))
            self.joins.append((z, y, x))
            counts, walls = [x.count, y.count, z.count], (x.barriers, y.barriers, z.barriers)
            self.levels.append(Level(tuple(n + 2 for n in counts[::-1]), dtype))
        self._r, self._q, self._d = (np.zeros(shape, dtype) for _ in range(3))
        self._scratch = [self._q, *(np.zeros(level.shape, dtype) for level in self.levels[1:])]

    def setup(self) -> None:
        """Coarse faces and diagonals."""
        for number, level in enumerate(self.levels):
            if number:
                fine, join = self.levels[number - 1], self.joins[number - 1]
                first = [j.first for j in join]
                for axis, (below, above) in enumerate(
                    ((fine.cx, level.cx), (fine.cy, level.cy), (fine.cz, level.cz))
                ):
                    coarsen(below, above, axis, *first, join[2 - axis].ease.astype(above.dtype))
            invert(*level.faces, *level.flat(level.inverse), level.mask, level.row)

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
        join = self.joins[number]
        gather(self._scratch[number], below.b, *(j.first for j in join))
        self.cycle(number + 1)
        prolong(level.p, below.p, *(j.into for j in join))
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
            top.b[:] = self._r
            self.cycle()
            product = dot(r, z)
            direct(d, z, product / before if count > 1 else 0.0)
            before = product
            self._q[:] = 0
            fields = top.flat(self._d, self._q)
            before_planes = (*fields, *top.faces, fields[0], 0.0, 1.0, top.mask, top.row)
            curve = sum(halves(partial(apply, *before_planes), *top.planes, fields[0].size))
            if not curve > 0.0:
                break
            size = advance(x.reshape(-1), r, d, q, product / curve)
            if size < tolerance * tolerance * first:
                break
        return count, float(np.sqrt(size / first))
