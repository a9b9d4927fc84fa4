"""The hot loops of the field solver.

Fields run over ``[k, j, i]`` with one ghost layer.  Most kernels take them as ``[k, n]``, a plane in one row with
``n = j nx + i``, and work through a plane in chunks that stay in the first cache: every inner loop is contiguous and has no
branch, so that the compiler turns it into vector instructions.  Ghosts inside a plane are computed along and masked by the
flags.  Sizes factor into a number for the plane and a row for all planes (``s[k] m[n]``).  Kernels take a range of planes
and write nothing outside it, so planes can be shared out to threads or blocks of a GPU with the same result.

Stencil coefficients ``C[0..5]`` belong to the neighbours +x, -x, +y, -y, +z, -z and are divided by the diagonal;
``C[6]`` is the rest: ``f = C[6] + sum C[n] f[n]``.
"""

from __future__ import annotations

from typing import Any, cast

import numpy as np
from numba import njit

C_MU, C_1, C_2, SIGMA_K, SIGMA_E = 0.09, 1.44, 1.92, 1.0, 1.3
"""Constants of the standard k-epsilon model: B. Launder and D. Spalding, Comput. Methods Appl. Mech. Eng. 3, 1974."""
KAPPA, ROUGHNESS = 0.41, 9.8
"""Constants of the law of the wall (smooth): H. Versteeg and W. Malalasekera, An Introduction to Computational Fluid
Dynamics, 2nd ed., 2007."""
LAMINAR_PLUS = 11.53
"""y+ at which the log law meets the viscous layer: the root of y = ln(9.8 y) / 0.41."""
K_LEAST, E_LEAST = 1e-8, 1e-9
"""Floors that keep k and epsilon positive. [m2/s2], [m2/s3]"""
STIFFEST = 1e5
"""Largest eddy viscosity over the molecular one; bounds start-up states, far above any room's."""
CHUNK = 1024
"""Cells worked on at once: a few rows of this length fit the first cache."""
ZERO_EQUATION = 0.03874
"""Q. Chen and W. Xu, "A zero-equation turbulence model for indoor airflow simulation", Energy Build. 28, 1998."""


def _compiled(function: Any) -> Any:
    return cast(Any, njit(cache=True, fastmath=True, error_model="numpy", nogil=True)(function))


@_compiled
def smooth(f: Any, C: Any, k0: int, k1: int, even: Any, odd: Any, backward: bool) -> None:
    """Gauss-Seidel over every second plane: rows in order, red then black in a row."""
    _, ny, nx = f.shape
    n = nx - 2
    row = np.empty(n, f.dtype)
    for k in range(k0, k1, 2):
        for jj in range(1, ny - 1):
            j = ny - 1 - jj if backward else jj
            here, west, east = f[k, j, 1 : n + 1], f[k, j, 0:n], f[k, j, 2 : n + 2]
            north, south = f[k, j + 1, 1 : n + 1], f[k, j - 1, 1 : n + 1]
            top, bottom = f[k + 1, j, 1 : n + 1], f[k - 1, j, 1 : n + 1]
            c0, c1, c2 = C[0, k, j, 1 : n + 1], C[1, k, j, 1 : n + 1], C[2, k, j, 1 : n + 1]
            c3, c4, c5 = C[3, k, j, 1 : n + 1], C[4, k, j, 1 : n + 1], C[5, k, j, 1 : n + 1]
            c6 = C[6, k, j, 1 : n + 1]
            for i in range(n):
                row[i] = (
                    c6[i] + c0[i] * east[i] + c1[i] * west[i] + c2[i] * north[i] + c3[i] * south[i]
                    + c4[i] * top[i] + c5[i] * bottom[i]
                )  # fmt: skip
            for i in range(n):
                here[i] += even[i] * (row[i] - here[i])
            for i in range(n):
                row[i] = (
                    c6[i] + c0[i] * east[i] + c1[i] * west[i] + c2[i] * north[i] + c3[i] * south[i]
                    + c4[i] * top[i] + c5[i] * bottom[i]
                )  # fmt: skip
            for i in range(n):
                here[i] += odd[i] * (row[i] - here[i])


@_compiled
def conductances(
    nt: Any, flags: Any, gx: Any, gy: Any, gz: Any, sx: Any, mx: Any, sy: Any, my: Any, sz: Any, mz: Any, nx: int,
    nu: float, k0: int, k1: int,
) -> None:  # fmt: skip
    """Viscosity times area over distance of every open face. [m3/s]  ``s[k] m[n]`` is area over distance."""
    last = nt.shape[1]
    half, mol = nt.dtype.type(0.5), nt.dtype.type(nu)
    kind = nt.dtype.type
    for k in range(k0, k1):
        for a in range(nx, last, CHUNK):
            b = min(a + CHUNK, last)
            here, flag = nt[k, a:b], flags[k, a:b]
            west, out, m, s = nt[k, a - 1 : b - 1], gx[k, a:b], mx[a:b], sx[k]
            for i in range(b - a):
                out[i] = kind(flag[i] & 1) * s * m[i] * (mol + half * (here[i] + west[i]))
            south, out_y, m_y, s = nt[k, a - nx : b - nx], gy[k, a:b], my[a:b], sy[k]
            for i in range(b - a):
                out_y[i] = kind((flag[i] >> 1) & 1) * s * m_y[i] * (mol + half * (here[i] + south[i]))
            below, out_z, m_z, s = nt[k - 1, a:b], gz[k, a:b], mz[a:b], sz[k]
            for i in range(b - a):
                out_z[i] = kind((flag[i] >> 2) & 1) * s * m_z[i] * (mol + half * (here[i] + below[i]))


@_compiled
def _normal(
    out: Any, va: Any, aa: Any, vb: Any, ab: Any, nt: Any, m: Any, s: Any, nu: Any, sign: Any
) -> None:
    """Convection and diffusion along the component's own direction."""
    quarter = out.dtype.type(0.25)
    for i in range(out.size):
        flux = va[i] * aa[i] + vb[i] * ab[i]
        out[i] = (nu + nt[i]) * s * m[i] + quarter * (abs(flux) + sign * flux)


@_compiled
def _tangent(out: Any, va: Any, aa: Any, ga: Any, vb: Any, ab: Any, gb: Any, sign: Any) -> None:
    """Convection and diffusion across."""
    half, quarter = out.dtype.type(0.5), out.dtype.type(0.25)
    for i in range(out.size):
        flux = va[i] * aa[i] + vb[i] * ab[i]
        out[i] = half * (ga[i] + gb[i]) + quarter * (abs(flux) + sign * flux)


@_compiled
def _scale(row: Any, factor: Any) -> None:
    for i in range(row.size):
        row[i] *= factor[i]


@_compiled
def momentum(
    C: Any, R: Any, px: Any, U: Any, Ua: Any, P: Any, Pa: Any, Pg: Any, Q: Any, Qa: Any, Qg: Any, nt: Any, drag: Any,
    p: Any, T: Any, flags: Any, old: Any, bit: int, c: Any, d: Any, e: Any, slot: Any, s0: Any, m0: Any, s1: Any,
    m1: Any, far: Any, length: Any, nx: int, nu: float, relax: float, buoyant: float, reference: float, inertia: float,
    k0: int, k1: int,
) -> None:  # fmt: skip
    """Coefficients of one velocity component, ``R`` = relaxation / diagonal, ``px`` = flux per pressure step of each face.

    ``U`` is the component, ``P`` and ``Q`` the two others; ``Ua`` areas, ``Pg`` conductances.  ``c``, ``d``, ``e`` are the
    steps (k, n) along the component's and the other two directions, ``slot`` their places in ``C``.  ``s0 m0``
    and ``s1 m1`` are area over size of the cells behind and before the face, ``far length`` the distance of their middles.
    """
    kind = U.dtype.type
    one, zero, al, mol = kind(1.0), kind(0.0), kind(relax), kind(nu)
    ck, cn = c
    dk, dn = d
    ek, en = e
    push, ref, dt = kind(0.5 * buoyant), kind(reference), kind(inertia)
    slack, tiny = kind(1.0 / relax - 1.0), kind(1e-30)
    work = np.empty((3, CHUNK), U.dtype)
    first, last = nx, U.shape[1] - nx
    for k in range(k0, k1):
        s_behind, s_before, s_far = s0[k], s1[k], far[k]
        for a in range(first, last, CHUNK):
            b = min(a + CHUNK, last)
            n = b - a
            u, face = U[k, a:b], Ua[k, a:b]
            _normal(
                C[slot[0], k, a:b], u, face, U[k + ck, a + cn : b + cn], Ua[k + ck, a + cn : b + cn], nt[k, a:b], m0[a:b],
                s_behind, mol, -one,
            )  # fmt: skip
            _normal(
                C[slot[0] + 1, k, a:b], u, face, U[k - ck, a - cn : b - cn], Ua[k - ck, a - cn : b - cn],
                nt[k - ck, a - cn : b - cn], m1[a:b], s_before, mol, one,
            )  # fmt: skip
            lo, hi, to = a + dn - cn, b + dn - cn, k + dk - ck
            _tangent(
                C[slot[1], k, a:b], P[to, lo:hi], Pa[to, lo:hi], Pg[to, lo:hi], P[k + dk, a + dn : b + dn],
                Pa[k + dk, a + dn : b + dn], Pg[k + dk, a + dn : b + dn], -one,
            )  # fmt: skip
            _tangent(
                C[slot[1] + 1, k, a:b], P[k - ck, a - cn : b - cn], Pa[k - ck, a - cn : b - cn], Pg[k - ck, a - cn : b - cn],
                P[k, a:b], Pa[k, a:b], Pg[k, a:b], one,
            )  # fmt: skip
            lo, hi, to = a + en - cn, b + en - cn, k + ek - ck
            _tangent(
                C[slot[2], k, a:b], Q[to, lo:hi], Qa[to, lo:hi], Qg[to, lo:hi], Q[k + ek, a + en : b + en],
                Qa[k + ek, a + en : b + en], Qg[k + ek, a + en : b + en], -one,
            )  # fmt: skip
            _tangent(
                C[slot[2] + 1, k, a:b], Q[k - ck, a - cn : b - cn], Qa[k - ck, a - cn : b - cn], Qg[k - ck, a - cn : b - cn],
                Q[k, a:b], Qa[k, a:b], Qg[k, a:b], one,
            )  # fmt: skip
            c0, c1, c2 = C[0, k, a:b], C[1, k, a:b], C[2, k, a:b]
            c3, c4, c5 = C[3, k, a:b], C[4, k, a:b], C[5, k, a:b]
            diagonal, mass, lets = work[0, :n], work[1, :n], work[2, :n]
            loss, flag, distance = drag[k, a:b], flags[k, a:b], length[a:b]
            for i in range(n):
                diagonal[i] = c0[i] + c1[i] + c2[i] + c3[i] + c4[i] + c5[i]
            for i in range(n):
                mass[i] = dt * face[i] * s_far * distance[i]
            for i in range(n):
                diagonal[i] += loss[i] + mass[i] + tiny
            for i in range(n):
                lets[i] = kind((flag[i] >> bit) & 1)
            r, q, rest = R[k, a:b], px[k, a:b], C[6, k, a:b]
            for i in range(n):
                r[i] = lets[i] * al / diagonal[i]
            for i in range(n):  # SIMPLEC: neighbours are corrected along with the face
                q[i] = lets[i] * face[i] * face[i] / (diagonal[i] * slack + loss[i] + mass[i] + tiny)
            p0, p1, was = p[k - ck, a - cn : b - cn], p[k, a:b], old[k, a:b]
            for i in range(n):
                rest[i] = (p0[i] - p1[i]) * face[i] + mass[i] * was[i]
            if push != zero:
                t0, t1 = T[k - ck, a - cn : b - cn], T[k, a:b]
                for i in range(n):
                    rest[i] += push * face[i] * s_far * distance[i] * (t0[i] + t1[i] - ref - ref)
            for i in range(n):
                rest[i] = r[i] * rest[i] + (one - al * lets[i]) * u[i]
            _scale(c0, r)
            _scale(c1, r)
            _scale(c2, r)
            _scale(c3, r)
            _scale(c4, r)
            _scale(c5, r)


@_compiled
def _upwind(out: Any, v: Any, a: Any, g: Any, share: Any, sign: Any) -> None:
    half = out.dtype.type(0.5)
    for i in range(out.size):
        flux = v[i] * a[i]
        out[i] = share * g[i] + half * (abs(flux) + sign * flux)


@_compiled
def scalar(
    C: Any, R: Any, f: Any, u: Any, v: Any, w: Any, ax: Any, ay: Any, az: Any, gx: Any, gy: Any, gz: Any, flags: Any,
    G: Any, eok: Any, old: Any, share: float, source: float, sink: float, paired: bool, fixed: int, relax: float,
    inertia: float, size: Any, plane: Any, nx: int, k0: int, k1: int,
) -> None:  # fmt: skip
    """Coefficients of a scalar: conductances times ``share``; ``source G`` and ``sink eok`` per volume ``size[k] plane[n]``.

    ``paired`` makes the source ``source G eok``.  Cells whose bit number ``fixed`` is set, and those without air, keep their
    value (bit 3 is that of air itself: no further cell is fixed).
    """
    kind = f.dtype.type
    one, al, s = kind(1.0), kind(relax), kind(share)
    make, take, dt, pair, tiny = kind(source), kind(sink), kind(inertia), kind(paired), kind(1e-30)
    work = np.empty((3, CHUNK), f.dtype)
    first, last = nx, f.shape[1] - nx
    held = kind(fixed != 3)
    bit = np.uint8(fixed)
    for k in range(k0, k1):
        height = size[k]
        for a in range(first, last, CHUNK):
            b = min(a + CHUNK, last)
            n = b - a
            c0, c1, c2 = C[0, k, a:b], C[1, k, a:b], C[2, k, a:b]
            c3, c4, c5 = C[3, k, a:b], C[4, k, a:b], C[5, k, a:b]
            _upwind(c0, u[k, a + 1 : b + 1], ax[k, a + 1 : b + 1], gx[k, a + 1 : b + 1], s, -one)
            _upwind(c1, u[k, a:b], ax[k, a:b], gx[k, a:b], s, one)
            _upwind(c2, v[k, a + nx : b + nx], ay[k, a + nx : b + nx], gy[k, a + nx : b + nx], s, -one)
            _upwind(c3, v[k, a:b], ay[k, a:b], gy[k, a:b], s, one)
            _upwind(c4, w[k + 1, a:b], az[k + 1, a:b], gz[k + 1, a:b], s, -one)
            _upwind(c5, w[k, a:b], az[k, a:b], gz[k, a:b], s, one)
            volume, solved, total = work[0, :n], work[1, :n], work[2, :n]
            area, flag, gain, loss = plane[a:b], flags[k, a:b], G[k, a:b], eok[k, a:b]
            here, was, r, rest = f[k, a:b], old[k, a:b], R[k, a:b], C[6, k, a:b]
            for i in range(n):
                volume[i] = height * area[i]
            for i in range(n):
                solved[i] = kind((flag[i] >> 3) & 1) * (one - held * kind((flag[i] >> bit) & 1))
            for i in range(n):
                total[i] = c0[i] + c1[i] + c2[i] + c3[i] + c4[i] + c5[i]
            for i in range(n):
                total[i] += (take * loss[i] + dt) * volume[i] + tiny
            for i in range(n):
                r[i] = solved[i] * al / total[i]
            for i in range(n):
                rest[i] = (one - al * solved[i]) * here[i]
            for i in range(n):
                rest[i] += r[i] * volume[i] * (make * gain[i] * (one - pair + pair * loss[i]) + dt * was[i])
            _scale(c0, r)
            _scale(c1, r)
            _scale(c2, r)
            _scale(c3, r)
            _scale(c4, r)
            _scale(c5, r)


@_compiled
def _defer(
    rest: Any, r: Any, flux: Any, before: Any, low: Any, high: Any, after: Any, sign: Any, limited: bool
) -> None:
    """What a face between nodes ``low`` and ``high`` carries beyond its upwind value.

    Central interpolation, or with ``limited`` the van Leer limiter: B. van Leer, J. Comput. Phys. 14, 1974.
    """
    half = rest.dtype.type(0.5)
    if not limited:
        for i in range(rest.size):
            rest[i] += sign * r[i] * half * abs(flux[i]) * (high[i] - low[i])
        return
    zero, two, tiny = rest.dtype.type(0.0), rest.dtype.type(2.0), rest.dtype.type(1e-20)
    for i in range(rest.size):
        step = high[i] - low[i]
        behind = low[i] - before[i] if flux[i] > zero else after[i] - high[i]
        product = max(step * behind, zero)
        # psi(step) = 2 behind step / (behind + step) where both have one sign
        total = step + behind
        value = two * product * total / (total * total + tiny)
        rest[i] += sign * r[i] * half * abs(flux[i]) * value


@_compiled
def _mean_flux(out: Any, va: Any, aa: Any, vb: Any, ab: Any) -> None:
    half = out.dtype.type(0.5)
    for i in range(out.size):
        out[i] = half * (va[i] * aa[i] + vb[i] * ab[i])


@_compiled
def defer_momentum(
    C: Any, R: Any, U: Any, Ua: Any, P: Any, Pa: Any, Q: Any, Qa: Any, c: Any, d: Any, e: Any, nx: int, limited: bool,
    k0: int, k1: int,
) -> None:  # fmt: skip
    """Second-order convection of a velocity component, explicit on top of the upwind stencil."""
    one = U.dtype.type(1.0)
    ck, cn = c
    work = np.empty(CHUNK, U.dtype)
    nz = U.shape[0]
    first, last = nx, U.shape[1] - nx
    for k in range(k0, k1):
        b = first
        while b < last:
            a = b
            # the first and the last row stand alone: only there do neighbours two rows away lie outside the plane, and the
            # slices below then start too early
            edge = first + nx if a < first + nx else last - nx if a < last - nx else last
            b = min(a + CHUNK, edge)
            rest, r, u, flux = C[6, k, a:b], R[k, a:b], U[k, a:b], work[: b - a]
            for way in range(3):
                if way == 0:
                    sk, sn, V, Va = ck, cn, U, Ua
                elif way == 1:
                    sk, sn, V, Va = d[0], d[1], P, Pa
                else:
                    sk, sn, V, Va = e[0], e[1], Q, Qa
                ahead, back = U[k + sk, a + sn : b + sn], U[k - sk, a - sn : b - sn]
                # two nodes away: inside the array, else the nearest
                kf, kb = min(k + 2 * sk, nz - 1), max(k - 2 * sk, 0)
                lo = min(a + 2 * sn, U.shape[1] - (b - a))
                far = U[kf, lo : lo + b - a]
                lo = max(a - 2 * sn, 0)
                rear = U[kb, lo : lo + b - a]
                if way == 0:
                    _mean_flux(flux, u, Ua[k, a:b], ahead, Ua[k + ck, a + cn : b + cn])
                else:
                    _mean_flux(
                        flux, V[k + sk - ck, a + sn - cn : b + sn - cn], Va[k + sk - ck, a + sn - cn : b + sn - cn],
                        V[k + sk, a + sn : b + sn], Va[k + sk, a + sn : b + sn],
                    )  # fmt: skip
                _defer(rest, r, flux, back, u, ahead, far, -one, limited)
                if way == 0:
                    _mean_flux(flux, back, Ua[k - ck, a - cn : b - cn], u, Ua[k, a:b])
                else:
                    _mean_flux(
                        flux, V[k - ck, a - cn : b - cn], Va[k - ck, a - cn : b - cn], V[k, a:b], Va[k, a:b]
                    )
                _defer(rest, r, flux, rear, back, u, ahead, one, limited)


@_compiled
def defer_scalar(
    C: Any, R: Any, f: Any, u: Any, v: Any, w: Any, gx: Any, gy: Any, gz: Any, ax: Any, ay: Any, az: Any, nx: int,
    limited: bool, k0: int, k1: int,
) -> None:  # fmt: skip
    """Second-order convection of a scalar; faces of patches (no conductance) stay upwind."""
    kind = f.dtype.type
    one, zero = kind(1.0), kind(0.0)
    work = np.empty(CHUNK, f.dtype)
    nz = f.shape[0]
    first, last = nx, f.shape[1] - nx
    for k in range(k0, k1):
        b = first
        while b < last:
            a = b
            # the first and the last row stand alone: only there do neighbours two rows away lie outside the plane, and the
            # slices below then start too early
            edge = first + nx if a < first + nx else last - nx if a < last - nx else last
            b = min(a + CHUNK, edge)
            n = b - a
            rest, r, here, flux = C[6, k, a:b], R[k, a:b], f[k, a:b], work[:n]
            for way in range(3):
                if way == 0:
                    sk, sn, V, A, g = 0, 1, u, ax, gx
                elif way == 1:
                    sk, sn, V, A, g = 0, nx, v, ay, gy
                else:
                    sk, sn, V, A, g = 1, 0, w, az, gz
                ahead, back = f[k + sk, a + sn : b + sn], f[k - sk, a - sn : b - sn]
                kf, kb = min(k + 2 * sk, nz - 1), max(k - 2 * sk, 0)
                lo = min(a + 2 * sn, f.shape[1] - n)
                far = f[kf, lo : lo + n]
                lo = max(a - 2 * sn, 0)
                rear = f[kb, lo : lo + n]
                v1, a1, g1 = (
                    V[k + sk, a + sn : b + sn],
                    A[k + sk, a + sn : b + sn],
                    g[k + sk, a + sn : b + sn],
                )
                for i in range(n):
                    flux[i] = v1[i] * a1[i] * (one if g1[i] > zero else zero)
                _defer(rest, r, flux, back, here, ahead, far, -one, limited)
                v0, a0, g0 = V[k, a:b], A[k, a:b], g[k, a:b]
                for i in range(n):
                    flux[i] = v0[i] * a0[i] * (one if g0[i] > zero else zero)
                _defer(rest, r, flux, rear, back, here, ahead, one, limited)


@_compiled
def _shear(
    out: Any, a0: Any, a1: Any, b0: Any, b1: Any, s: Any, e0: Any, e1: Any, f0: Any, f1: Any, t: Any
) -> None:
    """Square of the sum of two cross derivatives of velocities between cell middles."""
    half = out.dtype.type(0.5)
    for i in range(out.size):
        d = half * ((a0[i] + a1[i] - b0[i] - b1[i]) * s[i] + (e0[i] + e1[i] - f0[i] - f1[i]) * t[i])
        out[i] += d * d


@_compiled
def turbulence(
    u: Any, v: Any, w: Any, kk: Any, ee: Any, nt: Any, G: Any, eok: Any, rx: Any, ry: Any, rz: Any, cx: Any, cy: Any,
    cz: Any, flags: Any, nx: int, nu: float, k0: int, k1: int,
) -> None:  # fmt: skip
    """Eddy viscosity, production ``G`` and ``eok = epsilon / k`` of every cell (those at walls are overwritten after).

    ``r`` are reciprocal sizes, ``c`` reciprocal distances between the middles of both neighbours; those along x and y as
    planes, those along z by plane.
    """
    kind = u.dtype.type
    two, cmu, most = kind(2.0), kind(C_MU), kind(STIFFEST * nu)
    work = np.empty((2, CHUNK), u.dtype)
    first, last = nx, u.shape[1] - nx
    for k in range(k0, k1):
        for a in range(first, last, CHUNK):
            b = min(a + CHUNK, last)
            n = b - a
            row, reach = work[0, :n], work[1, :n]
            u0, u1, v0, v1 = u[k, a:b], u[k, a + 1 : b + 1], v[k, a:b], v[k, a + nx : b + nx]
            w0, w1 = w[k, a:b], w[k + 1, a:b]
            x, y, z, xc, yc = rx[a:b], ry[a:b], rz[k], cx[a:b], cy[a:b]
            for i in range(n):
                dx, dy, dz = (u1[i] - u0[i]) * x[i], (v1[i] - v0[i]) * y[i], (w1[i] - w0[i]) * z
                row[i] = two * (dx * dx + dy * dy + dz * dz)
            for i in range(n):
                reach[i] = cz[k]
            lo, hi = a - nx, b - nx
            _shear(
                row, u[k, a + nx : b + nx], u[k, a + nx + 1 : b + nx + 1], u[k, lo:hi], u[k, lo + 1 : hi + 1], yc,
                v[k, a + 1 : b + 1], v[k, a + nx + 1 : b + nx + 1], v[k, a - 1 : b - 1], v[k, a + nx - 1 : b + nx - 1], xc,
            )  # fmt: skip
            _shear(
                row, u[k + 1, a:b], u[k + 1, a + 1 : b + 1], u[k - 1, a:b], u[k - 1, a + 1 : b + 1], reach,
                w[k, a + 1 : b + 1], w[k + 1, a + 1 : b + 1], w[k, a - 1 : b - 1], w[k + 1, a - 1 : b - 1], xc,
            )  # fmt: skip
            _shear(
                row, v[k + 1, a:b], v[k + 1, a + nx : b + nx], v[k - 1, a:b], v[k - 1, a + nx : b + nx], reach,
                w[k, a + nx : b + nx], w[k + 1, a + nx : b + nx], w[k, lo:hi], w[k + 1, lo:hi], yc,
            )  # fmt: skip
            kr, er, nr, gr, qr, flag = (
                kk[k, a:b],
                ee[k, a:b],
                nt[k, a:b],
                G[k, a:b],
                eok[k, a:b],
                flags[k, a:b],
            )
            for i in range(n):
                nr[i] = min(cmu * kr[i] * kr[i] / er[i], most) * kind((flag[i] >> 3) & 1)
            for i in range(n):
                gr[i] = nr[i] * row[i]
            for i in range(n):
                qr[i] = er[i] / kr[i]


@_compiled
def walls(
    u: Any, v: Any, w: Any, kk: Any, ee: Any, nt: Any, G: Any, eok: Any, cell: Any, axis: Any, share: Any, lower: Any,
    upper: Any, weight: Any, size: Any, drag_x: Any, drag_y: Any, drag_z: Any, step: Any, nu: float, model: int,
) -> None:  # fmt: skip
    """Law of the wall at every rubbing side: epsilon, production, and friction on the two tangential components.

    Arrays are flat.  ``share`` is one over the number of walls of the cell, ``lower`` and ``upper`` (sides, 3) say
    whether the cell's lower and upper face across each axis is free, ``weight`` (sides, 3) is wall area over distance.
    ``model`` 0 k-epsilon, 1 eddy viscosity as it is, 2 laminar.
    """
    c25, c75 = C_MU**0.25, C_MU**0.75
    last = -1
    for n in range(cell.size):
        c = cell[n]
        y = 0.5 * size[n]
        rub = nu
        if model == 0:
            k = kk[c]
            root = c25 * np.sqrt(k)
            plus = root * y / nu
            if plus > LAMINAR_PLUS:
                rub = nu * plus * KAPPA / np.log(ROUGHNESS * plus)
            uc = 0.5 * (u[c] + u[c + step[0]])
            vc = 0.5 * (v[c] + v[c + step[1]])
            wc = 0.5 * (w[c] + w[c + step[2]])
            speed = np.sqrt(uc * uc + vc * vc + wc * wc)
            e = c75 * k**1.5 / (KAPPA * y)
            make = rub * (speed / y) * root / (KAPPA * y)
            if c != last:
                ee[c] = 0.0
                G[c] = 0.0
                last = c
            ee[c] += share[n] * e
            G[c] += share[n] * make
            if n + 1 == cell.size or cell[n + 1] != c:
                ee[c] = max(ee[c], E_LEAST)
                nt[c] = min(C_MU * k * k / ee[c], STIFFEST * nu)
                eok[c] = ee[c] / k
        elif model == 1:
            rub = nu + nt[c]
        if axis[n] != 0:
            f = rub * weight[n, 0]
            if lower[n, 0]:
                drag_x[c] += f
            if upper[n, 0]:
                drag_x[c + step[0]] += f
        if axis[n] != 1:
            f = rub * weight[n, 1]
            if lower[n, 1]:
                drag_y[c] += f
            if upper[n, 1]:
                drag_y[c + step[1]] += f
        if axis[n] != 2:
            f = rub * weight[n, 2]
            if lower[n, 2]:
                drag_z[c] += f
            if upper[n, 2]:
                drag_z[c + step[2]] += f


@_compiled
def holes(u: Any, v: Any, w: Any, nt: Any, G: Any, cell: Any, kind: Any, size: Any, step: Any) -> None:
    """Production in cells at patches, where the stencil would reach into the solid behind.

    ``kind`` (cells, 3, 2): 0 air, 1 wall or supply (at the face no tangential velocity), 2 extract or opening (slips).
    ``size`` (cells, 3, 3) of the cells before, here, after along each axis.
    """
    vel = np.empty((3, 3, 2))
    own = np.empty(3)
    grad = np.empty((3, 3))
    for n in range(cell.size):
        c = cell[n]
        own[0] = 0.5 * (u[c] + u[c + step[0]])
        own[1] = 0.5 * (v[c] + v[c + step[1]])
        own[2] = 0.5 * (w[c] + w[c + step[2]])
        for a in range(3):
            for side in range(2):
                m = c + step[a] if side else c - step[a]
                if kind[n, a, side] == 0:
                    vel[0, a, side] = 0.5 * (u[m] + u[m + step[0]])
                    vel[1, a, side] = 0.5 * (v[m] + v[m + step[1]])
                    vel[2, a, side] = 0.5 * (w[m] + w[m + step[2]])
                else:
                    sign = -1.0 if kind[n, a, side] == 1 else 1.0
                    for b in range(3):
                        vel[b, a, side] = sign * own[b]
        for a in range(3):
            reach = 0.5 * (size[n, a, 0] + size[n, a, 2]) + size[n, a, 1]
            for b in range(3):
                grad[b, a] = (vel[b, a, 1] - vel[b, a, 0]) / reach
        grad[0, 0] = (u[c + step[0]] - u[c]) / size[n, 0, 1]
        grad[1, 1] = (v[c + step[1]] - v[c]) / size[n, 1, 1]
        grad[2, 2] = (w[c + step[2]] - w[c]) / size[n, 2, 1]
        total = 2.0 * (grad[0, 0] ** 2 + grad[1, 1] ** 2 + grad[2, 2] ** 2)
        total += (
            (grad[0, 1] + grad[1, 0]) ** 2 + (grad[0, 2] + grad[2, 0]) ** 2 + (grad[1, 2] + grad[2, 1]) ** 2
        )
        G[c] = nt[c] * total


@_compiled
def zero_equation(u: Any, v: Any, w: Any, nt: Any, length: Any, flags: Any, k0: int, k1: int) -> None:
    """Eddy viscosity from speed and distance to the nearest wall."""
    _, ny, nx = u.shape
    factor = u.dtype.type(ZERO_EQUATION)
    half = u.dtype.type(0.5)
    for k in range(k0, k1):
        for j in range(1, ny - 1):
            for i in range(1, nx - 1):
                a = half * (u[k, j, i] + u[k, j, i + 1])
                b = half * (v[k, j, i] + v[k, j + 1, i])
                c = half * (w[k, j, i] + w[k + 1, j, i])
                nt[k, j, i] = (
                    factor * np.sqrt(a * a + b * b + c * c) * length[k, j, i] * ((flags[k, j, i] >> 3) & 1)
                )


@_compiled
def divergence(
    out: Any, u: Any, v: Any, w: Any, ax: Any, ay: Any, az: Any, flags: Any, nx: int, k0: int, k1: int
) -> float:
    """Air that is missing in every cell [m3/s]; returns the sum of its size."""
    kind = u.dtype.type
    total = 0.0
    first, last = nx, u.shape[1] - nx
    for k in range(k0, k1):
        for a in range(first, last, CHUNK):
            b = min(a + CHUNK, last)
            n = b - a
            f, flag = out[k, a:b], flags[k, a:b]
            u0, u1, a0, a1 = u[k, a:b], u[k, a + 1 : b + 1], ax[k, a:b], ax[k, a + 1 : b + 1]
            for i in range(n):
                f[i] = u0[i] * a0[i] - u1[i] * a1[i]
            v0, v1, b0, b1 = v[k, a:b], v[k, a + nx : b + nx], ay[k, a:b], ay[k, a + nx : b + nx]
            for i in range(n):
                f[i] += v0[i] * b0[i] - v1[i] * b1[i]
            w0, w1, d0, d1 = w[k, a:b], w[k + 1, a:b], az[k, a:b], az[k + 1, a:b]
            for i in range(n):
                f[i] = (f[i] + w0[i] * d0[i] - w1[i] * d1[i]) * kind((flag[i] >> 3) & 1)
            size = kind(0.0)
            for i in range(n):
                size += abs(f[i])
            total += size
    return total


@_compiled
def _push(v: Any, q: Any, before: Any, here: Any, s: Any, m: Any) -> None:
    for i in range(v.size):
        v[i] += q[i] * (before[i] - here[i]) * s * m[i]


@_compiled
def correct(
    u: Any, v: Any, w: Any, p: Any, dp: Any, px: Any, py: Any, pz: Any, ix: Any, mx: Any, iy: Any, my: Any, iz: Any,
    mz: Any, nx: int, gain: float, k0: int, k1: int,
) -> None:  # fmt: skip
    """Velocities that conserve mass; ``i[k] m[n]`` is one over the area of a face."""
    more = u.dtype.type(gain)
    last = u.shape[1]
    for k in range(k0, k1):
        for a in range(nx, last, CHUNK):
            b = min(a + CHUNK, last)
            here = dp[k, a:b]
            _push(u[k, a:b], px[k, a:b], dp[k, a - 1 : b - 1], here, ix[k], mx[a:b])
            _push(v[k, a:b], py[k, a:b], dp[k, a - nx : b - nx], here, iy[k], my[a:b])
            _push(w[k, a:b], pz[k, a:b], dp[k - 1, a:b], here, iz[k], mz[a:b])
            f = p[k, a:b]
            for i in range(b - a):
                f[i] += more * here[i]
