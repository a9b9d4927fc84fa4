"""Hours whose halls move with the outdoors: started from hours at rest, they end where the first guess ends."""

import numpy as np
import pytest

from twin.climate import climate_year
from twin.coupling import settle
from twin.layout import load_text
from twin.networks.facility import lower
from twin.networks.plant import Weather
from twin.results.year import HOURS
from twin.scenario import Scenario
from twin.year import hours as following
from twin.year import whole as solving
from twin.year.spread import far_apart, weights

RESET = "reset: {by: dry_bulb, points: [[0 degC, 30 degC], [30 degC, 42 degC]]}, per: pod}"
SMALL = "catalogue:\n  dry_small: {like: dry_cooler_2mw, capacity: 1150 kW, source: assumed}"


@pytest.fixture(scope="module")
def text():
    with open("layouts/first_hall.yaml", encoding="utf-8") as file:
        return file.read()


def followed(facility, climate, every):
    rows = np.arange(0, HOURS, every)
    air = climate_year(climate)
    weather = Weather(air.dry_bulb[rows], air.wet_bulb[rows], air.pressure[rows])
    world, level = lower(facility), np.ones(rows.size)
    power, told = np.zeros(rows.size), []
    for block in following.follow(world, weather, level, told.append):
        assert block.solved.all()
        assert not power[block.hours].any()
        power[block.hours] = block.source_power
    assert told[-1] == rows.size
    assert told == sorted(told)
    some = np.arange(3, rows.size, 11)
    states = tuple(Scenario(name=f"h{k}") for k in some)
    rest = settle(world, states, weather=following._at(weather, some))
    assert rest.settled.all()
    tree = following.power_flow.prepare(world.power.in_service((following.NORMAL,)), compiled=False)
    alone = following._finish(world, rest.state, some, tree, rest.settled).source_power
    return power[some], alone


def test_a_set_point_that_follows_the_outdoors_ends_in_the_states_of_the_first_guess(text, monkeypatch):
    made = load_text(text.replace("per: pod}", RESET))
    monkeypatch.setattr(solving, "SECOND", 70)
    near, alone = followed(made, "frankfurt", 70)
    np.testing.assert_allclose(near, alone, rtol=1e-7)  # the coupling rests at 1e-8 of the IT power


@pytest.mark.slow
def test_racks_that_a_small_dry_cooler_throttles_end_in_the_states_of_the_first_guess(text):
    small = text.replace("catalogue:", SMALL, 1)
    small = small.replace("type: dry_cooler_2mw, count: 2, spare: 1", "type: dry_small, count: 1")
    near, alone = followed(load_text(small), "phoenix", 16)
    np.testing.assert_allclose(near, alone, rtol=1e-7)


def test_neighbours_tell_planes_exactly_and_smooth_surfaces_closely():
    rng = np.random.default_rng(4)
    known, asked = rng.uniform(-1.0, 1.0, (400, 3)), rng.uniform(-0.8, 0.8, (50, 3))
    near, share = weights(known, asked)
    plane = lambda p: 3.0 + p @ np.array([1.0, -2.0, 0.5])  # noqa: E731
    np.testing.assert_allclose((share * plane(known)[near]).sum(axis=1), plane(asked), atol=1e-6)
    bent = lambda p: np.sin(p[:, 0]) * p[:, 1] ** 2  # noqa: E731
    np.testing.assert_allclose((share * bent(known)[near]).sum(axis=1), bent(asked), atol=0.03)


def test_points_far_apart_cover_the_rest_and_none_is_taken_twice():
    points = np.repeat(np.random.default_rng(5).normal(size=(60, 2)), 3, axis=0)
    chosen = far_apart(points, 100)
    assert len(chosen) == 60 == len(np.unique(points[chosen], axis=0))
    few = far_apart(points, 8)
    np.testing.assert_array_equal(few, chosen[:8])


def test_neighbours_in_one_line_tell_by_the_nearest_alone():
    known = np.column_stack([np.linspace(0.0, 1.0, 30), np.zeros(30)])
    _, share = weights(known, np.array([[0.51, 0.4]]))
    assert np.isfinite(share).all()
    assert share.sum() == pytest.approx(1.0)
