"""Colours: limits hold in every state, no value is grey, bands change where the standard says."""

from __future__ import annotations

import numpy as np
import pytest

from tests.view.view_samples import hall
from twin.results.quantities import QUANTITIES
from twin.view import colors
from twin.view.scene import FIELDS


def color_at(quantity, value):
    return tuple(colors.scale(quantity, np.array([])).rgb(np.array([value]))[0].tolist())


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_has_no_value_is_grey(bad):
    assert color_at("rack.inlet_temperature", bad) == colors.NO_VALUE
    assert color_at("power.loading", bad) == colors.NO_VALUE


def test_grey_is_in_no_map():
    for name in colors.MAPS:
        assert colors.NO_VALUE not in {tuple(c) for c in colors.table(name, 10.0, 45.0).tolist()}


@pytest.mark.parametrize("edge", [15.0, 18.0, 27.0, 32.0, 35.0, 40.0])
def test_inlet_colours_change_at_the_limits_of_the_ashrae_classes(edge):
    step = 35.0 / colors.STEPS  # one of the 256 colours of 10 .. 45 degC
    assert color_at("rack.inlet_temperature", edge - step) != color_at("rack.inlet_temperature", edge + step)
    assert color_at("rack.inlet_temperature", edge + step) == color_at("rack.inlet_temperature", edge + 1.5)


def test_values_beyond_the_limits_take_the_end_colours():
    scale = colors.scale("rack.throttle", np.array([]))
    assert np.array_equal(scale.rgb(np.array([-1.0, 9.0])), scale.rgb(np.array([0.0, 1.0])))


@pytest.mark.parametrize("palette", [None, "turbo", "cividis"])
@pytest.mark.parametrize("quantity", ["power.loading", "plant.loading", "feed.loading", "rack.shelf_loading"])
def test_more_than_a_full_load_has_a_colour_that_no_load_below_has(quantity, palette):
    scale = colors.scale(quantity, np.array([]), colors=palette)
    over = scale.rgb(np.array([1.001, 1.1, 9.0]))
    assert (over == over[0]).all()
    below = scale.rgb(np.linspace(0.0, 1.0, 300))
    assert (np.abs(below.astype(int) - over[0]).max(axis=1) > 30).all()
    (band,) = scale.bands()
    assert (band.low, band.high, band.text) == (1.0, scale.high, "overload")
    assert band.color == colors.css(over[0])
    assert scale.ticks() == pytest.approx([0.0, 0.2, 0.4, 0.6, 0.8, 1.0, 1.2])


def test_bands_follow_each_other_and_neighbours_that_mean_the_same_are_one():
    bands = colors.scale("rack.inlet_temperature", np.array([])).bands()
    assert [band.low for band in bands[1:]] == [band.high for band in bands[:-1]]
    assert [(band.low, band.high) for band in bands if band.text == "recommended"] == [(18.0, 27.0)]


@pytest.mark.parametrize("quantity", sorted(FIELDS))
@pytest.mark.parametrize(
    "values", [[], [0.0], [np.nan], [np.inf, 1.0], [5e6, 3.0], [-4.0, -2.0], [1e-9]], ids=str
)
def test_limits_are_finite_and_ascend_whatever_the_values(quantity, values):
    low, high = colors.field_range(quantity, np.array(values), hall(0))
    assert np.isfinite([low, high]).all()
    assert low < high


def test_limits_are_round_and_hold_the_values():
    low, high = colors.field_range("rack.tokens", np.array([3.0, 581e3, np.nan]))
    assert (low, high) == (0.0, 600e3)


def test_rack_power_takes_its_limit_from_the_sheets():
    facility = hall()
    assert colors.field_range("rack.power", np.array([1.0]), facility) == (0.0, 1e4)


def test_every_scale_says_label_and_unit():
    for name in FIELDS:
        scale = colors.scale(name, np.array([1.0]))
        assert QUANTITIES[name].label in scale.title
        assert scale.unit or QUANTITIES[name].dimension in ("ratio", "flag")
        assert all(scale.low - 1e-9 <= tick <= scale.high + 1e-9 for tick in scale.ticks())


def test_temperatures_are_shown_in_degrees_celsius_and_power_in_the_unit_that_fits():
    assert colors.scale("rack.inlet_temperature", np.array([])).unit == "°C"
    assert colors.scale("rack.power", np.array([132e3])).unit == "kW"
    assert colors.scale("plant.duty", np.array([2.1e6])).unit == "MW"


def test_the_colour_blind_safe_map_is_the_published_cividis():
    # end colours of J. R. Nunez, C. R. Anderton and R. S. Renslow, PLoS ONE 13 (2018) e0199239
    table = colors.scale("power.loading", np.array([]), colors="cividis").lut()
    assert table[0].tolist() == [0, 34, 78]
    assert table[-1].tolist() == [254, 232, 56]
