"""Effectiveness-NTU relations: limits, second methods, inverses."""

import numpy as np
import pytest
from scipy.integrate import solve_bvp, solve_ivp

from solvers.hydraulics.exchanger import (
    conductance_from_rating,
    effectiveness,
    scaled_conductance,
    transfer_units,
)

ARRANGEMENTS = ["counterflow", "parallel", "crossflow_unmixed", "shell_tube"]
NTU = np.geomspace(1e-3, 15.0, 30)[:, None]
RATIO = np.array([0.0, 1e-9, 0.01, 0.5, 1 - 1e-9, 1.0])


@pytest.mark.parametrize("arrangement", ARRANGEMENTS)
def test_condensing_limit_is_one_minus_exp(arrangement):
    for ratio in (0.0, 1e-13):
        np.testing.assert_allclose(
            effectiveness(NTU, ratio, arrangement=arrangement), -np.expm1(-NTU), rtol=1e-11
        )


@pytest.mark.parametrize("arrangement", ARRANGEMENTS)
def test_inverse_returns_the_transfer_units(arrangement):
    e = effectiveness(NTU, RATIO, arrangement=arrangement)
    back = transfer_units(e, RATIO, arrangement=arrangement)
    steep = e < 0.99 * effectiveness(
        100.0, RATIO, arrangement=arrangement
    )  # flat beyond: NTU is lost in rounding
    np.testing.assert_allclose(back[steep], np.broadcast_to(NTU, e.shape)[steep], rtol=1e-10)


def test_counterflow_textbook_values():
    """(1 - exp(-N (1 - C))) / (1 - C exp(-N (1 - C))), and N / (1 + N) when balanced."""
    n, c = 2.3, 0.6
    x = np.exp(-n * (1 - c))
    assert effectiveness(n, c) == pytest.approx((1 - x) / (1 - c * x), rel=1e-14)
    assert effectiveness(n, 1.0) == pytest.approx(n / (1 + n), rel=1e-14)
    assert effectiveness(n, 1 - 1e-13) == pytest.approx(n / (1 + n), rel=1e-11)


def test_parallel_flow_is_the_integral_along_the_exchanger():
    n, c = 1.7, 0.4
    ode = solve_ivp(
        lambda _, t: [-n * (t[0] - t[1]), n * c * (t[0] - t[1])], (0, 1), [1.0, 0.0], rtol=1e-12, atol=1e-13
    )
    assert effectiveness(n, c, arrangement="parallel") == pytest.approx(1 - ode.y[0, -1], rel=1e-10)


def test_one_shell_two_tube_passes_solve_their_differential_equations():
    """Shell (C_min) mixed with two tube passes of half the area each, all along x."""
    n, c = 1.5, 0.8

    def slope(_, t):
        shell, first, second = t
        return np.array(
            [
                -n / 2 * (2 * shell - first - second),
                n * c / 2 * (shell - first),
                -n * c / 2 * (shell - second),
            ]
        )

    def ends(a, b):
        return np.array([a[0] - 1.0, a[1], b[1] - b[2]])

    x = np.linspace(0, 1, 50)
    bvp = solve_bvp(
        slope, ends, x, np.array([1 - 0.5 * x, 0.3 * x, 0.6 - 0.3 * x]), tol=1e-10, max_nodes=10**5
    )
    assert effectiveness(n, c, arrangement="shell_tube") == pytest.approx(1 - bvp.y[0, -1], rel=1e-8)


def test_crossflow_unmixed_solves_its_differential_equations():
    """Box scheme on a 400 x 400 grid, second order: error below 1e-6."""
    n, c, m = 2.0, 0.7, 400
    a, b = n / m / 2, n * c / m / 2
    det = (1 + a) * (1 + b) - a * b
    hot, cold = np.ones((m, m + 1)), np.zeros((m + 1, m))
    for diagonal in range(2 * m - 1):
        i = np.arange(max(0, diagonal - m + 1), min(diagonal, m - 1) + 1)
        j = diagonal - i
        t, s = hot[i, j], cold[i, j]
        r0, r1 = t - a * (t - s), s + b * (t - s)
        hot[i, j + 1] = (r0 * (1 + b) + a * r1) / det
        cold[i + 1, j] = (r1 * (1 + a) + b * r0) / det
    exact = 1 - hot[:, -1].mean()
    assert effectiveness(n, c, arrangement="crossflow_unmixed") == pytest.approx(exact, abs=1e-6)


@pytest.mark.parametrize("arrangement", ARRANGEMENTS)
def test_counterflow_is_never_beaten(arrangement):
    best = effectiveness(NTU, RATIO)
    assert (effectiveness(NTU, RATIO, arrangement=arrangement) <= best * (1 + 1e-12)).all()


def test_rating_point_gives_back_its_duty():
    hot, cold, duty = 31.5 * 3957.0, 32.3 * 4179.0, 2.0e6
    conductance = conductance_from_rating(duty, 49.0, 26.8, (hot, cold))
    least, most = min(hot, cold), max(hot, cold)
    assert effectiveness(conductance / least, least / most) * least * (49.0 - 26.8) == pytest.approx(
        duty, rel=1e-12
    )


def test_impossible_rating_needs_infinite_conductance():
    assert np.isinf(conductance_from_rating(1.01e5, 40.0, 30.0, (1e4, 2e4)))
    assert np.isinf(transfer_units(0.6, 1.0, arrangement="parallel"))
    assert transfer_units(0.0, 0.5) == 0.0


def test_conductance_follows_flow_to_the_power_of_dittus_and_boelter():
    assert scaled_conductance(80e3, 0.5, 0.5) == pytest.approx(80e3 * 0.5**0.8, rel=1e-14)
    assert scaled_conductance(80e3, 1.0, 1.0) == 80e3
    assert scaled_conductance(80e3, 0.0, 1.0) == 0.0
