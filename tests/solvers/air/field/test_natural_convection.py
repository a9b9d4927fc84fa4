"""Air between a hot and a cold wall, the floor and ceiling adiabatic: heat carried and fastest velocities.

Source: G. de Vahl Davis, "Natural convection of air in a square cavity: a bench mark numerical solution", Int. J. Numer.
Methods Fluids 3, 1983; for Ra = 1e6 P. Le Quere, "Accurate solutions to the square thermally driven cavity at high
Rayleigh number", Comput. Fluids 20, 1991, is closer to converged answers (8.825, 64.83, 220.6).
"""

from __future__ import annotations

import numpy as np
import pytest

from solvers.air.field.problem import Air, Problem, Wall
from tests.solvers.air.field.chambers import plane, plate, settle

PRANDTL = 0.71
# Rayleigh number: Nusselt number, largest u on x = 1/2 and largest v on y = 1/2 (both times length over diffusivity)
TABLE = {
    1e3: (1.118, 3.649, 3.697),
    1e4: (2.243, 16.178, 19.617),
    1e5: (4.519, 34.73, 68.59),
    1e6: (8.800, 64.63, 219.36),
}


def cavity(cells: int, rayleigh: float) -> Problem:
    """Of 1 m and 1 K, with units in which buoyancy is 1: viscosity^2 = Pr / Ra."""
    lines = np.linspace(0.0, 1.0, cells + 1)
    if rayleigh > 1e4:  # cells at the walls a third as wide as in the middle
        lines = (1 + np.tanh(1.5 * (2 * lines - 1)) / np.tanh(1.5)) / 2
    viscosity = np.sqrt(PRANDTL / rayleigh)
    # half a cell of still air between its middle and the wall
    film = viscosity / PRANDTL / (lines[1] / 2)
    walls = (
        Wall("hot", (0, 0, 0), (0, 1, 1), film, 0.5),
        Wall("cold", (1, 0, 0), (1, 1, 1), film, -0.5),
    )
    air = Air(
        density=1.0, heat_capacity=1.0, viscosity=viscosity, expansion=1.0, reference=0.0, gravity=1.0,
        prandtl=PRANDTL, turbulence="laminar",
    )  # fmt: skip
    return Problem(room=plate(lines, lines, walls=walls), air=air)


def measures(cells: int, rayleigh: float) -> tuple[float, float, float]:
    """Nusselt number at the hot wall and the two fastest velocities."""
    flow = settle([cavity(n, rayleigh) for n in (cells // 2, cells)], change=3e-6)
    lines, x = flow.voxels.grid.x, flow.voxels.grid.centers[0]
    diffusivity = flow.problem.air.viscosity / PRANDTL
    nusselt = float(((0.5 - plane(flow, "T")[:, 0]) / x[0]) @ np.diff(lines))
    u, w = plane(flow, "u")[:, cells // 2], plane(flow, "w")[cells // 2]
    return nusselt, _peak(x, u) / diffusivity, _peak(x, w) / diffusivity


def _peak(x: np.ndarray, values: np.ndarray) -> float:
    """Largest value of the parabola through the largest three."""
    n = int(np.clip(values.argmax(), 1, values.size - 2))
    a, b, c = np.polyfit(x[n - 1 : n + 2] - x[n], values[n - 1 : n + 2], 2)
    return float(c - b * b / (4 * a))


@pytest.mark.parametrize(
    ("rayleigh", "cells"), [(1e3, 40), (1e4, 80), (1e5, 80), pytest.param(1e6, 80, marks=pytest.mark.slow)]
)
def test_heat_between_a_hot_and_a_cold_wall_is_that_of_the_benchmark(rayleigh, cells):
    nusselt, u, v = measures(cells, rayleigh)
    np.testing.assert_allclose(nusselt, TABLE[rayleigh][0], rtol=0.01)
    # 2 % at 1e6: the benchmark itself lies 0.5 % below Le Quere
    np.testing.assert_allclose((u, v), TABLE[rayleigh][1:], rtol=0.02 if rayleigh == 1e6 else 0.01)


def test_heat_carried_converges_with_second_order():
    coarse, middle, fine = (measures(n, 1e4)[0] for n in (16, 32, 64))
    order = np.log2(abs(middle - coarse) / abs(fine - middle))
    assert 1.7 <= order <= 2.4
