"""Cameras: what shall be seen is in the picture, and fills it."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from twin.view.camera import PRESETS, Camera, fitted

BOXES = [
    ((0, 0, 0), (22, 36, 6)),
    ((-130, 0, 0), (22, 36, 6)),
    ((5, 5, 0), (5.6, 6.2, 2.2)),
    ((0, 0, 0), (1, 400, 3)),
    ((2, 2, 2), (2, 2, 2)),
]


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("box", BOXES, ids=str)
@pytest.mark.parametrize("aspect", [16 / 9, 0.7])
def test_the_box_is_in_the_picture_and_fills_it(preset, box, aspect):
    low, high = (np.array(corner, dtype=float) for corner in box)
    corners = np.array([*product(*zip(low, high, strict=True))])
    spots = fitted(preset, low, high, aspect).project(corners, aspect)
    assert spots.min() >= -1e-9
    assert spots.max() <= 1 + 1e-9
    if np.prod(high[:2] - low[:2]) > 1.0:
        assert np.ptp(spots, axis=0).max() > 0.8


def test_projection_in_closed_form():
    """Straight ahead at distance d the half height of a view of angle a is d tan(a / 2)."""
    camera = Camera((0, -10, 0), (0, 0, 0))
    half = 10 * np.tan(np.radians(28.0 / 2))
    spots = camera.project(np.array([[0, 0, half], [2 * half, 0, 0], [0, 0, 0]]), 2.0)
    np.testing.assert_allclose(spots, [[0.5, 1.0], [1.0, 0.5], [0.5, 0.5]], atol=1e-12)


def test_a_plan_has_north_up_unless_the_box_is_much_larger_turned():
    wide = fitted("plan", np.zeros(3), np.array([40.0, 20.0, 5.0]), 1.6)
    tall = fitted("plan", np.zeros(3), np.array([20.0, 60.0, 5.0]), 1.6)
    assert wide.up == (0.0, 1.0, 0.0)
    right, _, _ = tall.axes()
    assert right[1] == pytest.approx(-1.0)  # north to the left
