"""Effectiveness of every arrangement against an independent evaluation to 1e-10, inverses, rows and walls."""

import numpy as np
import pytest
from scipy.integrate import quad, solve_ivp
from scipy.linalg import expm
from scipy.special import gammainc, iv

from solvers.hydraulics.exchanger import effectiveness, scaled_conductance, transfer_units

ARRANGEMENTS = [
    "counterflow",
    "parallel",
    "crossflow_unmixed",
    "crossflow_max_mixed",
    "crossflow_min_mixed",
    "shell_tube",
]
POINTS = [(0.05, 0.3), (0.7, 0.05), (1.0, 1.0), (2.3, 0.6), (4.0, 0.95), (8.0, 1.0)]
GREATEST = {  # effectiveness of an infinite exchanger
    "counterflow": lambda c: 1.0,
    "parallel": lambda c: 1 / (1 + c),
    "crossflow_unmixed": lambda c: 1.0,
    "crossflow_max_mixed": lambda c: -np.expm1(-c) / c,
    "crossflow_min_mixed": lambda c: -np.expm1(-1 / c),
    "shell_tube": lambda c: 2 / (1 + c + np.sqrt(1 + c * c)),
}


def transfer(matrix):
    """Values at the far end over those at the near end of ``y' = matrix y``."""
    return expm(np.array(matrix, float))


@pytest.mark.parametrize(("n", "c"), POINTS)
def test_counterflow_and_parallel_flow_are_their_differential_equations(n, c):
    """Linear equations along the plates: the matrix exponential carries one end to the other."""
    along = transfer([[-n, n], [n * c, -n * c]])
    cold = along[1, 0]
    assert effectiveness(n, c, arrangement="parallel") == pytest.approx(cold / c, rel=1e-10)
    back = transfer([[-n, n], [-n * c, n * c]])  # cold stream runs the other way and is 0 at the far end
    start = -back[1, 0] / back[1, 1]
    hot = back[0, 0] + back[0, 1] * start
    assert effectiveness(n, c) == pytest.approx(1 - hot, rel=1e-10)


@pytest.mark.parametrize(("n", "c"), POINTS)
def test_one_shell_two_tube_passes_are_their_differential_equations(n, c):
    """Shell stream of the smaller rate; the tube stream is 0 at its entry and turns at the far end."""
    half, other = n / 2, n * c / 2
    along = transfer([[-n, half, half], [other, -other, 0], [-other, 0, other]])
    # far end: first pass = second pass; unknown is the second pass at the near end
    turn = along[1] - along[2]
    second = -turn[0] / turn[2]
    hot = along[0, 0] + along[0, 2] * second
    assert effectiveness(n, c, arrangement="shell_tube") == pytest.approx(1 - hot, rel=1e-10)


@pytest.mark.parametrize(("n", "c"), POINTS)
def test_crossflow_with_one_stream_mixed_is_its_differential_equation(n, c):
    """The mixed stream passes rows of the other, each of which reaches 1 - exp(-NTU of its own) of it."""

    def rest(rate):  # mixed stream, 1 at its entry, against a stream at 0
        ode = solve_ivp(lambda _, t: -rate * t, (0, 1), [1.0], rtol=1e-13, atol=1e-15, method="DOP853")
        return ode.y[0, -1]

    most = (1 - rest(c * -np.expm1(-n))) / c
    assert effectiveness(n, c, arrangement="crossflow_max_mixed") == pytest.approx(most, rel=1e-10)
    least = 1 - rest(-np.expm1(-c * n) / c)
    assert effectiveness(n, c, arrangement="crossflow_min_mixed") == pytest.approx(least, rel=1e-10)


@pytest.mark.parametrize(("n", "c"), POINTS)
def test_crossflow_unmixed_is_the_integral_of_nusselts_solution(n, c):
    """Mean of the exact outlet profile: ``T(n, y) = e^-n [e^-y I0(2 sqrt(n y)) + integral of e^-s I0(2 sqrt(n s))]``.

    One stream enters at 1 and the other at 0; y is the distance along the other, up to c n.
    """
    b = c * n

    def profile(y):
        tail = quad(lambda s: np.exp(-n - s) * iv(0, 2 * np.sqrt(n * s)), 0, y, epsabs=1e-14, epsrel=1e-13)[0]
        return np.exp(-n - y) * iv(0, 2 * np.sqrt(n * y)) + tail

    mean = quad(profile, 0, b, epsabs=1e-14, epsrel=1e-12)[0] / b
    assert effectiveness(n, c, arrangement="crossflow_unmixed") == pytest.approx(1 - mean, rel=1e-10)


def test_crossflow_series_equals_its_gamma_functions_and_its_bessel_functions():
    n, c = np.geomspace(1e-3, 200, 120)[:, None], np.array([1e-6, 0.01, 0.3, 0.7, 0.999, 1.0])
    k = np.arange(1, 900)[:, None, None]
    expected = (gammainc(k, n) * gammainc(k, c * n)).sum(axis=0) / (c * n)
    found = effectiveness(n, c, arrangement="crossflow_unmixed")
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    assert (np.diff(found, axis=0) > -1e-13).all()  # rounding of the sum


def test_a_huge_crossflow_exchanger_leaves_the_inverse_root():
    """Balanced and both unmixed, ``1 - 1 / sqrt(pi NTU)`` for large NTU."""
    n = np.array([2e3, 9e3])
    missing = 1 - effectiveness(n, 1.0, arrangement="crossflow_unmixed")
    np.testing.assert_allclose(missing, 1 / np.sqrt(np.pi * n), rtol=1e-4)
    assert effectiveness(1e9, 1.0, arrangement="crossflow_unmixed") > 0.994


@pytest.mark.parametrize("passes", [1, 4])
@pytest.mark.parametrize("arrangement", ARRANGEMENTS)
def test_inverse_is_exact_over_a_year_of_random_states(arrangement, passes):
    rng = np.random.default_rng(7)
    n, c = rng.uniform(0.01, 4.0, 8760), rng.uniform(0.05, 1.0, 8760)
    e = effectiveness(n, c, arrangement=arrangement, passes=passes)
    assert ((e > 0) & (e < 1)).all()
    steep = e < 0.995 * effectiveness(60.0, c, arrangement=arrangement, passes=passes)
    back = transfer_units(e, c, arrangement=arrangement, passes=passes)
    np.testing.assert_allclose(back[steep], n[steep], rtol=1e-10)


@pytest.mark.parametrize("c", [0.2, 1.0])
@pytest.mark.parametrize("arrangement", ARRANGEMENTS)
def test_beyond_the_most_an_arrangement_can_reach_ntu_is_infinite(arrangement, c):
    most = GREATEST[arrangement](c)
    assert effectiveness(5e3, c, arrangement=arrangement) == pytest.approx(most, rel=0.01)
    assert np.isinf(transfer_units(min(most * (1 + 1e-9), 1.0), c, arrangement=arrangement))
    assert np.isinf(transfer_units([1.0, 1.4], c, arrangement=arrangement)).all()
    assert transfer_units([0.0, -0.3], c, arrangement=arrangement) == pytest.approx([0.0, 0.0])


@pytest.mark.parametrize("arrangement", ARRANGEMENTS)
def test_many_passes_in_counterflow_become_counterflow(arrangement):
    n, c = 2.5, np.array([0.4, 1.0])
    best = effectiveness(n, c)
    before = effectiveness(n, c, arrangement=arrangement)
    for passes in (2, 8, 64):
        now = effectiveness(n, c, arrangement=arrangement, passes=passes)
        assert (now >= before - 1e-14).all()
        before = now
    np.testing.assert_allclose(before, best, rtol=0.02)
    with pytest.raises(ValueError, match="passes is 0"):
        effectiveness(n, c, passes=0)


def test_counterflow_does_not_care_how_it_is_cut():
    n, c = np.linspace(0.1, 9, 40), np.linspace(0.01, 1, 40)
    np.testing.assert_allclose(effectiveness(n, c, passes=5), effectiveness(n, c), rtol=1e-12)


def test_two_crossflow_passes_are_two_exchangers_joined_by_hand():
    """Second pass meets the cold stream first; the temperature between them follows from both balances."""
    n, c = 1.6, 0.7
    single = float(effectiveness(n / 2, c, arrangement="crossflow_unmixed"))
    # unknown: hot between, cold between (hot 1 in, cold 0 in)
    matrix = np.array([[1.0, -single], [-single * c, 1.0]])
    hot, cold = np.linalg.solve(matrix, [1 - single, 0.0])
    leaving = hot - single * hot
    assert effectiveness(n, c, arrangement="crossflow_unmixed", passes=2) == pytest.approx(
        1 - leaving, rel=1e-12
    )
    assert cold == pytest.approx(single * c * hot)


def test_the_wall_stays_when_the_flow_falls():
    full = scaled_conductance(50e3, 1.0, 1.0, wall_share=0.2, hot_share=0.6)
    assert full == pytest.approx(50e3, rel=1e-14)
    part = scaled_conductance(50e3, 0.5, 1.0, wall_share=0.2, hot_share=0.6, exponent=0.7, cold_exponent=0.5)
    assert part == pytest.approx(50e3 / (0.2 + 0.8 * (0.6 * 0.5**-0.7 + 0.4)), rel=1e-14)
    assert scaled_conductance(50e3, 0.5, 0.5, wall_share=0.3) > scaled_conductance(50e3, 0.5, 0.5)
