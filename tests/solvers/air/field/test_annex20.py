"""The isothermal room of IEA Annex 20: a wall jet under the ceiling that turns in front of the far wall.

Sources in ``annex20.csv``: 9 m x 3 m, inlet slot of 0.168 m under the ceiling at 0.455 m/s (Re 5,000, turbulence 4 %,
dissipation k^1.5 / (slot / 10)), outlet of 0.48 m at the floor of the far wall.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from scipy.interpolate import RegularGridInterpolator

from solvers.air import field
from solvers.air.field.kernels import C_MU
from solvers.air.field.problem import Air, Opening, Patch, Problem, Room
from tests.solvers.air.field.chambers import plane, plate, settle

SLOT, OUTLET, SPEED = 0.168, 0.48, 0.455
"""[m], [m], [m/s]"""
LINES = {"x=H": ("z_3m", "u_3m"), "x=2H": ("z_6m", "u_6m"), "floor": ("x_floor_m", "u_floor"),
         "ceiling": ("x_ceiling_m", "u_ceiling")}  # fmt: skip
LIMITS = {"x=H": 0.08, "x=2H": 0.05, "floor": 0.08, "ceiling": 0.15}
"""Root of the mean square of (u - measured) / inlet speed, as k-epsilon allows: it misses the weak separation in the upper
far corner (x > 8 m), which counts along the ceiling."""


def annex20(spacing: float, turbulence: str) -> Problem:
    x, z = np.linspace(0, 9, round(9 / spacing) + 1), np.linspace(0, 3, round(3 / spacing) + 1)
    grid = plate(x, z).grid
    room = Room(
        grid,
        ("inlet",),
        (Patch("slot", 0, True, (0, 0, 3 - SLOT), (0, 1, 3), 1),),
        openings=(Opening("outlet", (9, 0, 0), (9, 1, OUTLET), 20.0),),
        slip=plate(x, z).slip,
    )
    # length from dissipation = C_mu^0.75 k^1.5 / length
    air = Air(
        viscosity=15.3e-6, gravity=0.0, intensity=0.04, length=C_MU**0.75 * SLOT / 10, turbulence=turbulence
    )
    height = round(SLOT / z[1]) * z[1]
    return Problem(room=room, air=air, flow=SPEED * height, setpoint=20.0)


def measured(line: str) -> tuple[np.ndarray, np.ndarray]:
    with (Path(__file__).parent / "annex20.csv").open() as file:
        rows = list(csv.DictReader(row for row in file if not row.startswith("#")))
    place, speed = LINES[line]
    pairs = [(float(row[place]), float(row[speed])) for row in rows if row[place]]
    assert len(pairs) > 20
    return tuple(np.array(pairs).T)


def distances(u: np.ndarray, x: np.ndarray, z: np.ndarray) -> dict[str, float]:
    """Of u [x, z] from what was measured."""
    between = RegularGridInterpolator((x, z), u, bounds_error=False, fill_value=None)
    found = {}
    for line in LINES:
        at, speed = measured(line)
        fixed = {"x=H": 3.0, "x=2H": 6.0, "floor": SLOT / 2, "ceiling": 3 - SLOT / 2}[line]
        other = np.full_like(at, fixed)
        points = np.stack([other, at] if line.startswith("x") else [at, other], axis=1)
        found[line] = float(np.sqrt((((between(points) - speed) / SPEED) ** 2).mean()))
    return found


def settled(spacing: float, turbulence: str, change: float, convection: str = "upwind") -> dict[str, float]:
    flow = settle([annex20(spacing, turbulence)], convection=convection, change=change, most=1200)
    u, (x, _, z) = plane(flow, "u"), flow.voxels.grid.centers
    return distances(((u[:, 1:] + u[:, :-1]) / 2).T, x, z)


def test_a_wall_jet_flows_through_a_room_as_measured():
    # 0.068, 0.037, 0.061, 0.118; with upwind convection 0.068, 0.034, 0.064, 0.150
    found = settled(0.042, "k-epsilon", 1e-4, "limited")
    assert {line: found[line] for line in LINES if found[line] > LIMITS[line]} == {}


def test_a_zero_equation_model_fails_the_wall_jet():
    """Negative control: the limits tell a model for rooms with jets from one for quiet rooms."""
    found = settled(0.084, "zero-equation", 1e-3)
    assert all(found[line] > LIMITS[line] for line in LINES)


@pytest.mark.parametrize("spacing", [0.084])
def test_the_solver_rests_only_when_an_isothermal_room_does(spacing):
    """Nothing warms this room, so that its temperatures rest from the start; its velocities do not."""
    problem = annex20(spacing, "k-epsilon")
    solution = field.solve(problem)
    assert solution.status.ok
    x, _, z = problem.room.grid.centers
    found = distances(solution.field.velocity[:, 0, :, 0].astype(float), x, z)
    expected = settled(spacing, "k-epsilon", 1e-4)
    for line in LINES:
        assert found[line] == pytest.approx(expected[line], abs=0.02), line
