"""Loss curves of converters."""

from __future__ import annotations

import numpy as np
import pytest

from solvers.power import curve_from_points, input_for_output, output_for_input


def test_a_curve_is_recovered_from_its_own_points():
    a, b, c = 0.0055, 0.012, 0.013
    x = np.array([0.1, 0.25, 0.5, 0.75, 1.0])
    efficiency = x / (x + a + b * x + c * x**2)
    np.testing.assert_allclose(curve_from_points(x, efficiency), (a, b, c), rtol=1e-9)


def test_terms_are_never_negative():
    terms = curve_from_points(
        [0.1, 0.2, 0.5, 1.0], [0.90, 0.94, 0.96, 0.91]
    )  # 80 PLUS Titanium, 230 V internal
    assert min(terms) >= 0


def test_output_for_input_inverts_input_for_output():
    loss = np.array([[0.0055, 0.012, 0.013], [0.01, 0.03, 0.0]])
    output = np.array([[0.0, 1e5], [5e5, 1e6]])
    power = input_for_output(output, 1e6, loss)
    np.testing.assert_allclose(output_for_input(power, 1e6, loss), output, rtol=1e-12, atol=1e-6)
    assert np.all(output_for_input(np.zeros(2), 1e6, loss) == 0)


@pytest.mark.parametrize(("x", "eta"), [([0.0], [0.9]), ([0.5], [1.1]), ([0.5, 1.0], [0.9]), ([], [])])
def test_points_that_say_nothing_are_refused(x, eta):
    with pytest.raises(ValueError):
        curve_from_points(x, eta)
