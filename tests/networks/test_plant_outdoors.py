"""What height and frost do to plant machines of the catalogue."""

from types import SimpleNamespace

import numpy as np
import pytest

from solvers.psychrometrics import STANDARD_PRESSURE
from twin.catalogue import Catalogue
from twin.networks import plant
from twin.networks.plant import Asked, Weather

WATER = 4186.0
SEA, HIGH = STANDARD_PRESSURE, 0.82 * STANDARD_PRESSURE


def machine(name, **more):
    product = Catalogue.builtin().product(name)
    return SimpleNamespace(id="one", product=product.model_copy(update=more))


def asked(duty, setpoint, rise=8.0):
    heat = np.atleast_1d(np.asarray(duty, float))
    level = np.full(heat.shape, setpoint)
    return Asked(heat, np.full(heat.shape, heat.max() / (WATER * rise)), WATER, level, level)


def outdoors(dry_bulb, pressure):
    dry, barometer = np.broadcast_arrays(np.atleast_1d(np.asarray(dry_bulb, float)), pressure)
    return Weather(dry, dry - 5.0, np.asarray(barometer, float))


@pytest.mark.parametrize("name", ["chiller_ac_1200kw", "chiller_ac_warm_1500kw"])
def test_an_air_cooled_chiller_draws_more_where_the_air_is_thin(name):
    one = machine(name)
    low, high = (plant.run(one, asked(8e5, 15.0), outdoors(30.0, p)).power for p in (SEA, HIGH))
    # 15 K of approach at sea level, two thirds or half of it at this load: some 1 K more of lift in 45
    assert 1.01 < high[0] / low[0] < 1.06


def test_a_water_cooled_chiller_does_not():
    one = machine("chiller_wc_1500kw")
    low, high = (plant.run(one, asked(1e6, 15.0), outdoors(20.0, p)).power for p in (SEA, HIGH))
    assert high[0] == low[0]


def coils(**more):
    """A chiller with free-cooling coils, and what its whole capacity at its flow asks of it."""
    one = machine("chiller_ac_1200kw", economizer_approach=4.0, **more)
    flow = np.full(1, one.product.flow * 999.7)
    whole = Asked(np.full(1, one.product.capacity), flow, WATER, np.full(1, one.product.supply), np.zeros(1))
    return one, whole


def test_free_cooling_coils_just_carry_the_capacity_at_their_approach():
    """Closed form: the coils' rating point is capacity, flow and approach of the sheet."""
    one, whole = coils(economizer_fan_power=20e3)
    supply = one.product.supply
    just, warmer = (plant.run(one, whole, outdoors(supply - a, SEA)) for a in (4.02, 3.5))
    assert just.free[0] == 1.0 > warmer.free[0] > 0.9
    assert just.power[0] == pytest.approx(20e3, rel=0.02)


def test_free_cooling_coils_need_colder_air_where_it_is_thin():
    one, whole = coils(economizer_fan_power=20e3)
    low, high = (plant.run(one, whole, outdoors(one.product.supply - 3.0, p)) for p in (SEA, HIGH))
    assert low.free[0] > high.free[0] > 0.0


def test_free_cooling_is_never_free():
    one, whole = coils()
    air = np.linspace(-20.0, 40.0, 61)
    many = Asked(*(np.full(61, getattr(whole, n)) for n in ("duty", "flow")), WATER,
                 np.full(61, one.product.supply), air)  # fmt: skip
    found = plant.run(one, many, outdoors(air, SEA))
    assert (found.power > 0.0).all()
    assert np.all(np.diff(found.power) >= -1e-6)
    # 300 W per m3/s of air that has the heat capacity of the water: 3 % of the heat here, as dry coolers
    full = plant.run(one, whole, outdoors(one.product.supply - 4.02, SEA))
    assert full.power[0] / one.product.capacity == pytest.approx(0.03, abs=0.005)


def test_coils_that_cost_more_than_they_save_stay_shut():
    one, whole = coils(economizer_fan_power=90e3)
    found = plant.run(one, whole, outdoors(one.product.supply + 7.0, SEA))
    bare = plant.run(machine("chiller_ac_1200kw"), whole, outdoors(one.product.supply + 7.0, SEA))
    assert found.free[0] == 0.0
    assert found.power[0] == bare.power[0]


@pytest.mark.parametrize("name", ["chiller_ac_1200kw", "chiller_wc_1500kw_wse"])
def test_free_heat_counts_against_the_rating_of_a_unit(name):
    one = machine(name, economizer_approach=2.0)
    duty = np.full(1, 1.5 * one.product.capacity)
    whole = Asked(duty, duty / (WATER * 10.0), WATER, np.full(1, 20.0), np.full(1, 0.0))
    found = plant.run(one, whole, outdoors(0.0, SEA))
    assert found.free[0] == 1.0
    # the published set carries a fifth more in this cold, and its unit so much more as well
    assert 1.2 < found.loading[0] <= 1.5
    assert not found.lost[0]


@pytest.mark.parametrize(
    "name", ["chiller_ac_1200kw", "chiller_ac_warm_1500kw", "chiller_wc_1500kw", "chiller_wc_3500kw"]
)
def test_capacity_never_rises_with_what_the_condenser_sees_above_the_rating(name):
    one = machine(name)
    hot = np.linspace(one.product.condenser_entering, one.product.condenser_entering + 20.0, 41)
    level = np.full(41, one.product.supply)
    duty = np.full(41, 0.5 * one.product.capacity)
    found = plant.run(one, Asked(duty, duty / (WATER * 8.0), WATER, level, hot), outdoors(hot, SEA))
    assert np.all(np.diff(found.loading) > 0.0)
    assert np.all(np.diff(found.power) > 0.0)
    # 5 K more: 5 % less of an air-cooled screw, 7 and 12 % of the two centrifugals
    assert 1.05 < found.loading[10] / found.loading[0] < 1.14


def test_the_sheets_hot_point_is_met():
    one = machine("chiller_ac_1200kw", hot_capacity=1.0e6, hot_entering=46.0)
    duty = np.full(2, 1.0e6)
    whole = Asked(duty, duty / (WATER * 8.0), WATER, np.full(2, 10.0), np.zeros(2))
    found = plant.run(one, whole, outdoors([35.0, 46.0], SEA))
    np.testing.assert_allclose(found.loading, [1.0 / 1.2, 1.0], rtol=1e-12)


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"hot_capacity": 1e6}, "give both or neither"),
        ({"hot_capacity": 1e6, "hot_entering": 30.0}, "warmer than condenser_entering"),
        ({"hot_capacity": 1.3e6, "hot_entering": 45.0}, "no more than capacity"),
    ],
)
def test_a_hot_point_that_is_none_is_refused(more, told):
    product = Catalogue.builtin().product("chiller_ac_1200kw")
    with pytest.raises(ValueError, match=told):
        type(product).model_validate({**product.model_dump(), **more})


def test_heaters_of_a_tower_that_stands_still_are_those_of_its_sheet():
    one = machine("cooling_tower_2mw")
    running = np.array([[True, False], [True, False], [False, False]])
    found = plant.frost_power(one, running, outdoors([-18.0, 4.0, -7.0], SEA))
    np.testing.assert_allclose(found, [[0.0, 9e3], [0.0, 0.0], [4.5e3, 4.5e3]])


def test_heaters_need_a_range():
    product = Catalogue.builtin().product("cooling_tower_2mw")
    with pytest.raises(ValueError, match="frost_full"):
        type(product).model_validate({**product.model_dump(), "frost_full": 10.0})
