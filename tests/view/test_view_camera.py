"""Cameras: what shall be seen is in the picture, and fills it."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from twin.view.camera import PRESETS, Camera, Viewpoint, corners, fitted, viewpoint

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


def test_azimuth_goes_clockwise_from_north_and_elevation_up():
    points = corners(np.zeros(3), np.array([10.0, 20.0, 4.0]))
    for azimuth, elevation, expected in (
        (0, 0, (0, 1, 0)),
        (90, 0, (1, 0, 0)),
        (180, 90, (0, 0, 1)),
        (270, 45, (-1, 0, 1)),
    ):
        camera = Viewpoint(azimuth=azimuth, elevation=elevation).of(points, 1.5, "iso")
        away = np.subtract(camera.eye, camera.target)
        np.testing.assert_allclose(
            away / np.linalg.norm(away), np.array(expected) / np.linalg.norm(expected), atol=1e-9
        )
        right, up, _ = camera.axes()
        assert np.isfinite([right, up]).all()
    assert Viewpoint("plan", elevation=90.0).of(points, 1.5, "iso").parallel is None


def test_zoom_brings_the_eye_nearer_by_its_factor():
    points = corners(np.zeros(3), np.array([10.0, 20.0, 4.0]))
    for preset in ("iso", "plan"):
        near, far = (viewpoint(preset, zoom=zoom).of(points, 1.5, "iso") for zoom in (2.0, 1.0))
        if far.parallel is None:
            assert np.linalg.norm(np.subtract(far.eye, far.target)) == pytest.approx(
                2 * np.linalg.norm(np.subtract(near.eye, near.target))
            )
        else:
            assert far.parallel == pytest.approx(2 * near.parallel)


def test_an_eye_of_ones_own_and_one_straight_down():
    assert viewpoint(eye=(1, 2, 3), target=(4, 5, 6)) == Camera((1, 2, 3), (4, 5, 6))
    assert viewpoint(eye=(1, 2, 9), target=(1, 2, 0)).up == (0.0, 1.0, 0.0)


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ({"preset": "moon"}, "there are iso"),
        ({"zoom": 0.0}, "above 0"),
        ({"zoom": float("nan")}, "finite"),
        ({"elevation": 91.0}, "between -90 and 90"),
        ({"eye": (0, 0, 1)}, "needs a target"),
        ({"up": (0, 0, 1)}, "needs an eye"),
        ({"eye": (0, 0, 1), "target": (0, 0, 1)}, "one point"),
        ({"eye": (0, 0, 1), "target": (0, 9, 1), "up": (0, 1, 0)}, "where the eye looks"),
        ({"eye": (0, 0, 1), "target": (0, 9, 1), "azimuth": 3.0}, "not both"),
        ({"eye": (0, 0, float("inf")), "target": (0, 9, 1)}, "finite"),
    ],
    ids=str,
)
def test_views_that_are_none_are_refused_with_a_reason(asked, answer):
    with pytest.raises(ValueError, match=answer):
        viewpoint(**asked)
