"""Throughput at a service level and under a power cap."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from solvers.tokens import throughput
from solvers.tokens.throughput import Point

SLOW = Point(
    platform="any",
    model="any",
    precision="fp4",
    interactivity=20.0,
    tokens_per_second=8000.0,
    accelerator_power=1000.0,
    source="assumed",
)
FAST = replace(SLOW, interactivity=100.0, tokens_per_second=500.0, accelerator_power=600.0)


def test_points_are_met_and_the_middle_is_their_geometric_mean():
    rate, power = throughput.per_accelerator([FAST, SLOW], [20.0, 60.0, 100.0])
    np.testing.assert_allclose(rate, [8000.0, 2000.0, 500.0], rtol=1e-12)
    np.testing.assert_allclose(power, [1000.0, 800.0, 600.0], rtol=1e-12)


def test_nothing_is_invented_beyond_the_points():
    rate, _ = throughput.per_accelerator([SLOW, FAST], [1.0, 100.1])
    np.testing.assert_allclose(rate, [8000.0, 0.0])


def test_power_cap_curve_is_concave_and_ends_at_idle_and_full():
    power = np.linspace(0.0, 1.3, 400)
    relative = throughput.relative_throughput(power)
    assert relative[0] == 0.0 and relative[-1] == 1.0
    np.testing.assert_allclose(throughput.relative_throughput([0.1, 1.0]), [0.0, 1.0])
    inside = relative[(power > 0.1) & (power < 1.0)]
    assert np.all(np.diff(inside) > 0.0) and np.all(np.diff(inside, 2) < 1e-12)


def test_default_curve_is_more_careful_than_the_measurement_it_cites():
    # arXiv:2205.09646: time +6.8 %, energy -13.7 %
    power, measured = (1.0 - 0.137) / 1.068, 1.0 / 1.068
    assert measured - 0.1 < throughput.relative_throughput(power) < measured


def test_fleet_is_the_product_of_its_parts():
    fleet = throughput.tokens_per_second([SLOW, FAST], 20.0, [[72.0], [144.0]], [1.0, 0.325])
    np.testing.assert_allclose(fleet, 8000.0 * np.array([[72.0, 36.0], [144.0, 72.0]]), rtol=1e-12)


def test_a_mixed_frontier_is_refused():
    with pytest.raises(ValueError, match="mixes"):
        throughput.per_accelerator([SLOW, replace(FAST, precision="fp8")], 20.0)
    with pytest.raises(ValueError, match="distinct"):
        throughput.per_accelerator([SLOW, SLOW], 20.0)
