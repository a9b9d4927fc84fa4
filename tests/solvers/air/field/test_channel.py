"""Air between two plates: closed forms of laminar flow, and the friction of turbulent flow."""

from __future__ import annotations

import numpy as np
import pytest

from solvers.air.field.problem import Air, Problem, Slide
from tests.solvers.air.field.chambers import duct, plane, plate, settle

SPEED = 1.0
VISCOSITY = 0.05
"""Reynolds number 20 of the gap of 1 m: fully developed after about one gap (0.05 Re gaps)."""


def laminar(cells: int) -> tuple[np.ndarray, float]:
    """Error of the profile over its peak, and of the pressure gradient over itself, three gaps downstream."""
    room = duct(np.linspace(0, 5, 41), np.linspace(0, 1, cells + 1))
    air = Air(viscosity=VISCOSITY, turbulence="laminar", density=1.0, gravity=0.0)
    flow = settle([Problem(room=room, air=air, flow=SPEED, setpoint=20.0)], change=1e-9, heat=False)
    z, at, step = room.grid.centers[2], 30, 5 / 40
    u, p = plane(flow, "u")[:, at], plane(flow, "p")
    gradient = float((p[:, at + 2] - p[:, at - 2]).mean()) / (4 * step)
    # u = 6 U z (1 - z), dp/dx = -12 nu U (White, Viscous Fluid Flow, section 3-3)
    return np.abs(u / SPEED - 6 * z * (1 - z)).max() / 1.5, abs(gradient / (12 * VISCOSITY * SPEED) + 1)


def test_laminar_flow_between_plates_is_parabolic():
    profile, gradient = laminar(32)
    assert profile <= 0.005
    assert gradient <= 0.005


def test_friction_at_plates_is_of_second_order():
    coarse, fine = laminar(8), laminar(16)
    assert np.log2(coarse[0] / fine[0]) == pytest.approx(2.0, abs=0.2)
    assert np.log2(coarse[1] / fine[1]) == pytest.approx(2.0, abs=0.2)


def test_air_under_a_moving_belt_returns_as_a_parabola():
    """Couette flow and what returns it; the ends of a cavity 8 times longer than high hardly matter in its middle."""
    lid = Slide("belt", (0, 0, 1), (8, 1, 1), (1.0, 0.0, 0.0))
    room = plate(np.linspace(0, 8, 65), np.linspace(0, 1, 17), slides=(lid,))
    air = Air(viscosity=1.0, turbulence="laminar", gravity=0.0)
    u = plane(settle([Problem(room=room, air=air)], heat=False, change=1e-10), "u")[:, 32]
    z = room.grid.centers[2]
    # no net flow: shear plus the parabola that returns it, u = 3 z^2 - 2 z (creeping); 2 (1/16)^2 of discretisation
    np.testing.assert_allclose(u, 3 * z**2 - 2 * z, atol=0.01)


@pytest.mark.parametrize("cells", [10, 20])
def test_friction_of_a_turbulent_channel_is_that_of_dean(cells):
    """k-epsilon with the law of the wall, y+ 140 to 290 at the wall.

    R. Dean, "Reynolds number dependence of skin friction and other bulk flow variables in two-dimensional rectangular duct
    flow", J. Fluids Eng. 100, 1978: cf = 0.073 Re^-1/4 with Re of the full gap; scatter of the measurements about 5 %.
    """
    speed, columns, length = 2.0, 60, 80.0
    room = duct(np.linspace(0, length, columns + 1), np.linspace(0, 1, cells + 1))
    air = Air(density=1.0, gravity=0.0, intensity=0.05, length=0.1)
    flow = settle([Problem(room=room, air=air, flow=speed, setpoint=20.0)], convection="upwind", change=1e-5)
    p, at, step = plane(flow, "p"), 45, length / columns
    gradient = float((p[:, at + 2] - p[:, at - 2]).mean()) / (4 * step)
    friction = -gradient / 2 / (speed**2 / 2)
    np.testing.assert_allclose(friction, 0.073 * (speed / air.viscosity) ** -0.25, rtol=0.10)
