"""Water hammer: Joukowsky, Michaud and where they meet; a published rack row."""

import numpy as np
import pytest

from solvers.fluids import FLUIDS
from solvers.hydraulics.pipes import pipe_table
from solvers.hydraulics.surge import closure, wave_speed


def test_fast_closure_is_joukowsky_whatever_the_length():
    result = closure([1.0, 2.0], [10.0, 1000.0], 0.0, density=1000.0, speed=1200.0)
    np.testing.assert_allclose(result.rise, [1.2e6, 2.4e6], rtol=1e-12)
    assert result.fast.all()


def test_slow_closure_is_the_mean_deceleration_and_meets_joukowsky_at_the_period():
    """Michaud: 2 rho L v / t."""
    period = 2 * 300.0 / 1200.0
    result = closure(1.5, 300.0, [period, period * 1.000001, 5.0], density=1000.0, speed=1200.0)
    np.testing.assert_allclose(result.rise, [1.8e6, 1.8e6, 2 * 1000 * 300 * 1.5 / 5.0], rtol=2e-6)
    assert result.fast.tolist() == [True, False, False]
    np.testing.assert_allclose(result.period, period)


def test_rigid_pipe_carries_sound_and_soft_pipe_slows_it():
    """sqrt(K / rho) of water is 1478 m/s; Korteweg's formula for steel with D/e = 50."""
    assert wave_speed(998.2, 2.18e9, 0.1, 1.0, 1e15) == pytest.approx(np.sqrt(2.18e9 / 998.2), rel=1e-6)
    speed = wave_speed(1000.0, 2.18e9, 0.5, 0.01, 200e9, support="free")
    assert speed == pytest.approx(np.sqrt(2.18e6 / (1 + 2.18e9 * 50 / 200e9)), rel=1e-12)
    order = [wave_speed(1000.0, 2.18e9, 0.5, 0.01, 200e9, support=s) for s in ("free", "anchored")]
    assert order[0] < order[1]


def test_a_rack_row_that_shuts_at_once_is_near_the_published_rise():
    """Project Deschutes row, as quoted: 6 in header at 5 ft/s, DN 50 branches at 6 ft/s, 326 psi for instant closure.

    Which pipe it belongs to is not said: ours bracket it.
    """
    table = pipe_table("stainless_10s")
    rises = []
    for nominal, feet in ((150, 5.0), (50, 6.0)):
        row = table.row(nominal)
        m = table.material
        speed = wave_speed(
            1015.0,
            float(FLUIDS["pg25"].bulk_modulus(20.0)),
            table.inner_diameter[row],
            table.wall[row],
            m.elasticity,
            poisson=m.poisson,
        )
        rises.append(float(closure(feet * 0.3048, 14.0, 0.0, density=1015.0, speed=speed).rise) / 6894.757)
    assert rises[0] < 326.0 < rises[1]
    np.testing.assert_allclose(rises, 326.0, rtol=0.2)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: closure(-1.0, 1.0, 0.0, density=1000.0, speed=1e3), "velocity"),
        (lambda: closure(1.0, 1.0, np.nan, density=1000.0, speed=1e3), "closing_time"),
        (lambda: wave_speed(1000.0, 2e9, 0.1, 0.0, 200e9), "wall is 0.0, not a finite number > 0"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
