"""Numba kernels of the frozen-flow transport; what they are for stands in :mod:`solvers.air.field.transport`.

Arrays run over ``[k, j, i]`` with one layer of ghosts, unknowns over ``[k, j, i, m]`` with m the tracers that are solved
together, so that the coefficients of a cell are made once and the arithmetic over m is SIMD.  The number of tracers is
a constant of the compiled code: :func:`compiled` gives the kernels of one width.

The balance of a cell is ``diagonal x = sum(a x_neighbour) + table[slot]`` with ``a = conductance + max(inward flux, zero)``.
Cells with a zero diagonal hold no air and stay zero, which makes every kernel free of branches over faces.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numba

compile_kernel: Callable[..., Any] = numba.njit(cache=True, fastmath=True, error_model="numpy", nogil=True)
CENTER, UNSEEN = 7, 255
"""On the spanning tree a cell hangs by its lower x, y, z face (0, 1, 2) or its upper one (3, 4, 5), or is the root."""


@cache
def compiled(width: int) -> tuple[Any, Any, Any]:
    """Kernels ``sweep``, ``restrict`` and ``prolong`` for so many tracers at once."""

    @compile_kernel
    def sweep(
        x: Any, table: Any, slot: Any, flux: Any, conductance: Any, diagonal: Any, k0: Any, k1: Any, step: Any
    ) -> None:
        """Gauss-Seidel over the planes k0 .. k1 - 1, along each axis in the direction of ``step`` (+1 or -1)."""
        _, ny, nx = diagonal.shape
        fx, fy, fz = flux
        gx, gy, gz = conductance
        sk, sj, si = step
        zero, one = diagonal.dtype.type(0), diagonal.dtype.type(1)
        first, last = (k0, k1) if sk > 0 else (k1 - 1, k0 - 1)
        south, north = (1, ny - 1) if sj > 0 else (ny - 2, 0)
        west, east = (1, nx - 1) if si > 0 else (nx - 2, 0)
        for k in range(first, last, sk):
            for j in range(south, north, sj):
                xp, xs, xn, xb, xt = x[k, j], x[k, j - 1], x[k, j + 1], x[k - 1, j], x[k + 1, j]
                fw, fs, fn, fb, ft = fx[k, j], fy[k, j], fy[k, j + 1], fz[k, j], fz[k + 1, j]
                gw, gs, gn, gb, gt = gx[k, j], gy[k, j], gy[k, j + 1], gz[k, j], gz[k + 1, j]
                line, d = slot[k, j], diagonal[k, j]
                for i in range(west, east, si):
                    if d[i] == 0:
                        continue
                    c = one / d[i]
                    aw, ae = c * (gw[i] + max(fw[i], zero)), c * (gw[i + 1] + max(-fw[i + 1], zero))
                    a_s, an = c * (gs[i] + max(fs[i], zero)), c * (gn[i] + max(-fn[i], zero))
                    ab, at = c * (gb[i] + max(fb[i], zero)), c * (gt[i] + max(-ft[i], zero))
                    b = table[line[i]]
                    for m in range(width):
                        xp[i, m] = (
                            c * b[m] + a_s * xs[i, m] + an * xn[i, m] + ab * xb[i, m] + at * xt[i, m]
                            + (ae * xp[i + 1, m] + aw * xp[i - 1, m])
                        )  # fmt: skip

    @compile_kernel
    def restrict(
        coarse: Any,
        total: Any,
        x: Any,
        table: Any,
        slot: Any,
        flux: Any,
        conductance: Any,
        diagonal: Any,
        k0: Any,
        k1: Any,
    ) -> None:
        """Add the residual of the planes to the coarse cells they lie in, its size to ``total`` (tracers,)."""
        _, ny, nx = diagonal.shape
        fx, fy, fz = flux
        gx, gy, gz = conductance
        zero = diagonal.dtype.type(0)
        for k in range(k0, k1):
            for j in range(1, ny - 1):
                xp, xs, xn, xb, xt = x[k, j], x[k, j - 1], x[k, j + 1], x[k - 1, j], x[k + 1, j]
                fw, fs, fn, fb, ft = fx[k, j], fy[k, j], fy[k, j + 1], fz[k, j], fz[k + 1, j]
                gw, gs, gn, gb, gt = gx[k, j], gy[k, j], gy[k, j + 1], gz[k, j], gz[k + 1, j]
                line, d = slot[k, j], diagonal[k, j]
                target = coarse[(k + 1) // 2, (j + 1) // 2]
                for i in range(1, nx - 1):
                    if d[i] == 0:
                        continue
                    aw, ae = gw[i] + max(fw[i], zero), gw[i + 1] + max(-fw[i + 1], zero)
                    a_s, an = gs[i] + max(fs[i], zero), gn[i] + max(-fn[i], zero)
                    ab, at = gb[i] + max(fb[i], zero), gt[i] + max(-ft[i], zero)
                    b, parent = table[line[i]], (i + 1) // 2
                    for m in range(width):
                        r = (
                            b[m] - d[i] * xp[i, m] + aw * xp[i - 1, m] + ae * xp[i + 1, m]
                            + a_s * xs[i, m] + an * xn[i, m] + ab * xb[i, m] + at * xt[i, m]
                        )  # fmt: skip
                        total[m] += abs(r)
                        target[parent, m] += r

    @compile_kernel
    def prolong(x: Any, coarse: Any, diagonal: Any, k0: Any, k1: Any) -> None:
        """Add to every cell with air the correction of the coarse cell it lies in."""
        _, ny, nx = diagonal.shape
        for k in range(k0, k1):
            for j in range(1, ny - 1):
                xp, d, source = x[k, j], diagonal[k, j], coarse[(k + 1) // 2, (j + 1) // 2]
                for i in range(1, nx - 1):
                    if d[i] != 0:
                        parent = (i + 1) // 2
                        for m in range(width):
                            xp[i, m] += source[parent, m]

    return sweep, restrict, prolong


@compile_kernel
def add_faces(diagonal: Any, flux: Any, conductance: Any, k0: Any, k1: Any) -> None:
    """Add to the diagonal what the faces of the cells of some planes let out."""
    _, ny, nx = diagonal.shape
    fx, fy, fz = flux
    gx, gy, gz = conductance
    kind = (
        diagonal.dtype.type
    )  # widened before they are added, as in the sweeps, or rows no longer sum to one
    for k in range(k0, k1):
        for j in range(1, ny - 1):
            for i in range(1, nx - 1):
                diagonal[k, j, i] += (
                    kind(gx[k, j, i]) + kind(gx[k, j, i + 1]) + max(-fx[k, j, i], 0) + max(fx[k, j, i + 1], 0)
                    + kind(gy[k, j, i]) + kind(gy[k, j + 1, i]) + max(-fy[k, j, i], 0) + max(fy[k, j + 1, i], 0)
                    + kind(gz[k, j, i]) + kind(gz[k + 1, j, i]) + max(-fz[k, j, i], 0) + max(fz[k + 1, j, i], 0)
                )  # fmt: skip


@compile_kernel
def merge_faces(
    flux: Any, positive: Any, conductance: Any, fine_flux: Any, fine_conductance: Any, axis: Any
) -> None:
    """Sum flux, its positive part and conductance over the fine faces in each coarse face across an axis."""
    nz, ny, nx = fine_flux.shape
    for k in range(1, nz - 1):
        for j in range(1, ny - 1):
            for i in range(1, nx - 1):
                along = (i, j, k)[axis]
                if along % 2 == 0:  # between two cells of one coarse cell
                    continue
                to = (k + 1) // 2, (j + 1) // 2, (i + 1) // 2
                flux[to] += fine_flux[k, j, i]
                positive[to] += max(fine_flux[k, j, i], 0)
                conductance[to] += fine_conductance[k, j, i]


@compile_kernel
def merge_cells(coarse: Any, fine: Any) -> None:
    """Sum over the fine cells in each coarse cell."""
    nz, ny, nx = fine.shape
    for k in range(1, nz - 1):
        for j in range(1, ny - 1):
            for i in range(1, nx - 1):
                coarse[(k + 1) // 2, (j + 1) // 2, (i + 1) // 2] += fine[k, j, i]


@compile_kernel
def grow_tree(queue: Any, parent: Any, opened: Any, roots: Any) -> int:
    """Breadth-first tree over the open faces from the roots (flat); fills ``queue`` in order, returns its length.

    ``parent`` (flat cells) holds the code of the face that leads towards the root, ``UNSEEN`` where not reached.
    """
    ox, oy, oz = opened
    _, ny, nx = ox.shape
    wx, wy, wz = ox.reshape(-1), oy.reshape(-1), oz.reshape(-1)
    count = 0
    for root in roots:
        if parent[root] == UNSEEN:
            parent[root] = CENTER
            queue[count] = root
            count += 1
    head = 0
    while head < count:
        cell = queue[head]
        head += 1
        for code in range(6):
            if code < 3:
                step = (1, nx, nx * ny)[code]
                other, way, back = cell - step, (wx, wy, wz)[code][cell], code + 3
            else:
                step = (1, nx, nx * ny)[code - 3]
                other, way, back = cell + step, (wx, wy, wz)[code - 3][cell + step], code - 3
            if way and parent[other] == UNSEEN:
                parent[other] = back
                queue[count] = other
                count += 1
    return count


@compile_kernel
def balance_tree(flux: Any, inflow: Any, queue: Any, parent: Any, count: Any) -> float:
    """Push the imbalance of every cell towards the root of its tree; returns the largest change of a face.

    ``inflow`` (flat cells) is what patches and openings bring in.
    """
    fx, fy, fz = flux
    _, ny, nx = fx.shape
    steps = (1, nx, nx * ny)
    x, y, z = fx.reshape(-1), fy.reshape(-1), fz.reshape(-1)
    largest = 0.0
    for place in range(count - 1, -1, -1):
        cell = queue[place]
        code = parent[cell]
        if code == CENTER:
            continue
        out = x[cell + 1] - x[cell] + y[cell + nx] - y[cell] + z[cell + nx * ny] - z[cell] - inflow[cell]
        largest = max(largest, abs(out))
        axis = code % 3
        face = cell if code < 3 else cell + steps[axis]
        change = out if code < 3 else -out
        if axis == 0:
            x[face] += change
        elif axis == 1:
            y[face] += change
        else:
            z[face] += change
    return largest
