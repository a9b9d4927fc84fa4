"""Answers chosen first: what drives them is put into the room, and the error must fall with the order of the scheme.

A vortex between four walls at rest has the stream function ``a(x) b(z)``, ``a = b = sin^2(pi s)``: velocities and their
gradients along the walls vanish there.
"""

from __future__ import annotations

import numpy as np
import pytest

from solvers.air.field.flow import Flow
from solvers.air.field.problem import Air, Problem, Source, Wall
from solvers.air.field.voxels import rasterise
from tests.solvers.air.field.chambers import plane, plate

STRENGTH = 1 / np.pi
"""Of the stream function: the fastest air moves at 1 m/s."""


def bell(s: np.ndarray) -> list[np.ndarray]:
    """sin^2(pi s) and its first four derivatives."""
    angle, p = 2 * np.pi * s, np.pi
    return [
        np.sin(p * s) ** 2,
        p * np.sin(angle),
        2 * p**2 * np.cos(angle),
        -4 * p**3 * np.sin(angle),
        -8 * p**4 * np.cos(angle),
    ]


def stream(x: np.ndarray, z: np.ndarray) -> np.ndarray:
    return STRENGTH * np.outer(bell(z)[0], bell(x)[0])


def force(x: np.ndarray, z: np.ndarray, viscosity: float) -> np.ndarray:
    """[z, x] upward force per mass whose curl balances convection and diffusion of the vortex' vorticity.

    With q = a'' b + a b'' (minus the vorticity): force = integral over x of  -(u . grad q) + viscosity lap q.
    """
    a, da, da2, da3, _ = bell(x)
    b, db, db2, db3, db4 = bell(z)
    whole = x / 2 - np.sin(2 * np.pi * x) / (4 * np.pi)  # integral of a
    carried = -np.outer(b * db, a * da2 - da**2) - np.outer(db * db2 - b * db3, a**2 / 2)
    spread = np.outer(b, da3) + 2 * np.outer(db2, da) + np.outer(db4, whole)
    return STRENGTH**2 * carried + STRENGTH * viscosity * spread


def vortex_error(cells: int, convection: str, viscosity: float = 0.02) -> float:
    """Mean distance of the velocities from the vortex that buoyancy is made to drive."""
    lines = np.linspace(0.0, 1.0, cells + 1)
    room = plate(lines, lines, sources=(Source("any", (0, 0, 0), (1, 1, 1), 1.0),))
    air = Air(viscosity=viscosity, turbulence="laminar", gravity=1.0, expansion=1.0, reference=0.0)
    flow = Flow(rasterise(room), Problem(room=room, air=air), np.float64, convection)
    x, _, z = room.grid.centers
    flow.T[1:-1, 1, 1:-1] = force(x, z, viscosity)
    for _ in range(3000):
        before = flow.u.copy(), flow.w.copy()
        flow.mix()
        flow.move(0.9, 3)
        flow.project(0.1)
        moved = max(np.abs(flow.u - before[0]).max(), np.abs(flow.w - before[1]).max())
        if moved < 1e-8:
            break
    assert moved < 1e-8
    u = STRENGTH * np.outer(bell(z)[1], bell(lines)[0])
    w = -STRENGTH * np.outer(bell(lines)[0], bell(x)[1])
    return float(np.abs(plane(flow, "u") - u).mean() + np.abs(plane(flow, "w") - w).mean())


@pytest.mark.parametrize(("convection", "order"), [("upwind", 1.0), ("central", 2.0), ("limited", 2.0)])
def test_momentum_converges_with_the_order_of_its_convection(convection, order):
    """A full problem of momentum: pressure, convection, diffusion, wall friction and buoyancy."""
    errors = [vortex_error(n, convection) for n in (16, 32, 64)]
    observed = np.log2(errors[-2] / errors[-1])
    # upwind nears its order from below while diffusion counts; limiters fall to first order at extrema
    low = {"upwind": 0.7, "central": 1.9, "limited": 1.6}[convection]
    assert observed >= low, errors
    assert observed <= 1.3 or order > 1.0, "upwind is of first order"


def hot(x: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Temperature, zero at the west and east walls and without slope at floor and ceiling. [degC]"""
    return np.outer(np.cos(np.pi * z), np.sin(np.pi * x))


def heat_error(cells: int, convection: str, diffusivity: float = 0.01) -> float:
    """Mean distance from ``hot`` of the temperature in a vortex, with the heat of every cell that ``hot`` asks for."""
    lines = np.linspace(0.0, 1.0, cells + 1)
    half = (lines[1] - lines[0]) / 2
    x = (lines[1:] + lines[:-1]) / 2
    air = Air(
        density=1.0,
        heat_capacity=1.0,
        viscosity=diffusivity,
        prandtl=1.0,
        turbulence="laminar",
        reference=0.0,
    )
    a, da, *_ = bell(x)
    u, w = STRENGTH * np.outer(da, a), -STRENGTH * np.outer(a, da)
    slope_x = np.pi * np.outer(np.cos(np.pi * x), np.cos(np.pi * x))
    slope_z = -np.pi * np.outer(np.sin(np.pi * x), np.sin(np.pi * x))
    wanted = u * slope_x + w * slope_z + 2 * diffusivity * np.pi**2 * hot(x, x)
    sources = tuple(
        Source(
            "", (lines[i], 0, lines[k]), (lines[i + 1], 1, lines[k + 1]), float(wanted[k, i]) * 4 * half**2
        )
        for k in range(cells)
        for i in range(cells)
    )
    walls = tuple(Wall("", (at, 0, 0), (at, 1, 1), diffusivity / half, 0.0) for at in (0, 1))
    room = plate(lines, lines, sources=sources, walls=walls)
    flow = Flow(rasterise(room), Problem(room=room, air=air), np.float64, convection)
    psi = stream(lines, lines)
    flow.u[1:-1, 1, 1:] = np.diff(psi, axis=0) / (2 * half)
    flow.w[1:, 1, 1:-1] = -np.diff(psi, axis=1) / (2 * half)
    flow.mix()
    for _ in range(2000):
        before = flow.T.copy()
        flow.heat(0.95, 6, 1)
        if np.abs(flow.T - before).max() < 1e-9:
            break
    assert np.abs(flow.T - before).max() < 1e-9
    return float(np.abs(plane(flow, "T") - hot(x, x)).mean())


@pytest.mark.parametrize(("convection", "order"), [("upwind", 1.0), ("central", 2.0), ("limited", 2.0)])
def test_heat_converges_with_the_order_of_its_convection(convection, order):
    errors = [heat_error(n, convection) for n in (8, 16, 32)]
    observed = np.log2(errors[-2] / errors[-1])
    low = {"upwind": 0.7, "central": 1.9, "limited": 1.6}[convection]  # as for momentum
    assert observed >= low, errors
    assert observed <= 1.3 or order > 1.0, "upwind is of first order"
