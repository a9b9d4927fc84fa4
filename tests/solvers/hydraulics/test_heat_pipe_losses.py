"""Conductance of insulated pipes against closed forms."""

import numpy as np
import pytest

from solvers.hydraulics.heat_losses import film_in_wind, pipe_conductance, surface_temperature


def test_resistances_of_insulation_and_surface_add():
    """Worked by hand: D 0.1 m, 0.05 m of 0.04 W/(m K), film 8: ln 2 / (0.08 pi) + 1 / (1.6 pi) m K/W."""
    expected = 12.0 / (np.log(2.0) / (0.08 * np.pi) + 1.0 / (1.6 * np.pi))
    assert pipe_conductance(12.0, 0.1, 0.05, 0.04, film=8.0) == pytest.approx(expected, rel=1e-14)


def test_thin_insulation_of_a_wide_pipe_is_a_plane_wall():
    """t / D = 1e-4: 1 / (t / k + 1 / h) over the mean area, off by t / D squared and the film's area by t / D."""
    wide = pipe_conductance(1.0, 10.0, 1e-3, 0.04, film=10.0)
    assert wide == pytest.approx(np.pi * 10.0 / (1e-3 / 0.04 + 0.1), rel=2e-4)


def test_insulation_helps_least_at_the_critical_diameter():
    """UA over the thickness peaks where the surface has the diameter 2 k / h."""
    thickness = np.linspace(0.0, 0.02, 2001)
    best = thickness[np.argmax(pipe_conductance(1.0, 0.005, thickness, 0.05, film=5.0))]
    assert 0.005 + 2.0 * best == pytest.approx(2 * 0.05 / 5.0, abs=2e-5)  # the grid's step


def test_the_surface_passes_on_what_the_insulation_lets_through():
    surface = surface_temperature(10.0, 26.0, 0.06, 0.019, 0.036, film=9.0)
    through = (surface - 10.0) * 2.0 * np.pi * 0.036 / np.log(0.098 / 0.06)
    assert np.pi * 0.098 * 9.0 * (26.0 - surface) == pytest.approx(through, rel=1e-12)
    assert surface_temperature(10.0, 26.0, 0.06) == pytest.approx(10.0)


def test_wind_cools():
    film = film_in_wind([0.0, 0.01, 1.0, 5.0, 10.0], 0.2)
    assert (np.diff(film) > 0.0).all()
    assert film[2] == pytest.approx(8.9 / 0.2**0.1)


def test_impossible_pipes_are_refused_by_name():
    with pytest.raises(ValueError, match=r"diameter\[1\] is 0.0, not a finite number > 0"):
        pipe_conductance(1.0, [0.1, 0.0])
    with pytest.raises(ValueError, match=r"thickness is -0.01, not a finite number >= 0"):
        pipe_conductance(1.0, 0.1, -0.01)
