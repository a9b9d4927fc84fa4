"""What height and frost do to plant machines of the catalogue."""

from types import SimpleNamespace

import numpy as np
import pytest

from solvers.plant.chiller import thin_air
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


def test_free_cooling_coils_need_colder_air_where_it_is_thin():
    one = machine("chiller_ac_1200kw", economizer_approach=4.0, economizer_fan_power=20e3)
    low, high = (plant.run(one, asked(8e5, 15.0), outdoors(14.0, p)) for p in (SEA, HIGH))
    approach = 4.0 * thin_air(HIGH)
    assert low.free[0] == pytest.approx((23.0 - 14.0 - 4.0) / 8.0)
    assert high.free[0] == pytest.approx((23.0 - 14.0 - approach) / 8.0)


def test_fans_of_free_cooling_coils_slow_down_where_they_carry_all():
    bare = machine("chiller_ac_1200kw", economizer_approach=4.0)
    blown = machine("chiller_ac_1200kw", economizer_approach=4.0, economizer_fan_power=20e3)
    air = outdoors([25.0, 14.0, 11.0, 3.0], SEA)
    duty = asked(np.full(4, 8e5), 15.0)
    fans = plant.run(blown, duty, air).power - plant.run(bare, duty, air).power
    # closed; partly free at full speed; just all; twice what is needed, so half the speed
    np.testing.assert_allclose(fans, [0.0, 20e3, 20e3, 2.5e3], atol=1e-6)


def test_heaters_of_a_tower_that_stands_still_are_those_of_its_sheet():
    one = machine("cooling_tower_2mw")
    running = np.array([[True, False], [True, False], [False, False]])
    found = plant.frost_power(one, running, outdoors([-18.0, 4.0, -7.0], SEA))
    np.testing.assert_allclose(found, [[0.0, 9e3], [0.0, 0.0], [4.5e3, 4.5e3]])


def test_heaters_need_a_range():
    product = Catalogue.builtin().product("cooling_tower_2mw")
    with pytest.raises(ValueError, match="frost_full"):
        type(product).model_validate({**product.model_dump(), "frost_full": 10.0})
