"""Friction factor: exactness, smoothness, monotone drop."""

import numpy as np
import pytest
from scipy.optimize import brentq

from solvers.hydraulics.friction import friction_and_slope, friction_factor

ROUGH = np.array([0.0, 1e-6, 1e-4, 1e-3, 1e-2, 0.05])


def test_colebrook_is_exact():
    """x + 2 log10(rough / 3.7 + 2.51 x / Re) = 0 with f = x^-2, solved by bracketing."""
    for re in np.geomspace(4000.0, 1e8, 12):
        for rough in ROUGH:
            x = brentq(lambda x: x + 2 * np.log10(rough / 3.7 + 2.51 * x / re), 1.0, 20.0, xtol=1e-14)  # noqa: B023
            assert friction_factor(re, rough) == pytest.approx(x**-2, rel=1e-10)


def test_laminar_is_poiseuille():
    re = np.array([1e-6, 1.0, 500.0, 1999.0])
    np.testing.assert_allclose(friction_factor(re, 1e-3), 64 / re, rtol=1e-14)


@pytest.mark.parametrize("law", ["colebrook", "swamee_jain"])
def test_drop_rises_strictly_and_factor_is_continuous(law):
    re = np.geomspace(100.0, 1e6, 20001)
    f = friction_factor(re, ROUGH[:, None], law=law)
    assert (np.diff(f * re**2, axis=1) > 0).all()
    assert np.abs(np.diff(np.log(f), axis=1)).max() < 3e-3  # a jump at a joint would be a few percent


@pytest.mark.parametrize("law", ["colebrook", "swamee_jain"])
def test_slope_is_the_derivative_of_the_factor(law):
    re = np.array([300.0, 1990.0, 2010.0, 3000.0, 3990.0, 4010.0, 1e5, 1e7])
    step = 1e-6
    up, down = (friction_factor(re * (1 + s), ROUGH[:, None], law=law) for s in (step, -step))
    slope = np.log(up / down) / np.log((1 + step) / (1 - step))
    np.testing.assert_allclose(friction_and_slope(re, ROUGH[:, None], law=law)[1], slope, atol=2e-8)


def test_swamee_jain_is_within_its_published_accuracy():
    """Swamee and Jain state 1 % for 5e3 <= Re <= 1e8 and 1e-6 <= roughness <= 1e-2; 3 % bounds it in fact."""
    re, rough = np.geomspace(5e3, 1e8, 60), np.array([1e-6, 1e-4, 1e-2])[:, None]
    ratio = friction_factor(re, rough, law="swamee_jain") / friction_factor(re, rough)
    assert np.abs(ratio - 1).max() < 0.03
