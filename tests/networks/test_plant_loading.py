"""Loading of a plant machine: what it is asked for over what it can carry at its set point."""

from dataclasses import replace

import numpy as np
import pytest

from twin.catalogue import Catalogue
from twin.networks import plant
from twin.networks.plant import Asked, Weather

COUNT = 60
WATER = 4186.0


def asked(share, setpoint=30.0):
    duty = np.full(COUNT, share * 2e6)
    return Asked(duty, duty / (WATER * 8.0), WATER, np.full(COUNT, setpoint), np.full(COUNT, setpoint))


@pytest.fixture
def weather():
    draw = np.random.default_rng(5)
    dry = draw.uniform(-10.0, 29.0, COUNT)
    return Weather(dry, dry - draw.uniform(0.0, 10.0, COUNT), np.full(COUNT, 95e3))


@pytest.fixture(
    params=["cooling_tower_2mw", "fluid_cooler_2mw", "dry_cooler_2mw", "dry_cooler_2mw_adiabatic"]
)
def product(request):
    return Catalogue.builtin().product(request.param)


@pytest.mark.parametrize("share", [0.2, 0.5, 1.0])
def test_loading_is_the_duty_over_that_which_just_holds_the_set_point(product, weather, share):
    """Against bisection; three secants leave less than 0.004."""
    one = asked(share)
    low, high = np.full(COUNT, 0.1), np.full(COUNT, 50.0)
    for _ in range(30):
        size = np.sqrt(low * high)
        more = replace(one, duty=one.duty * size, flow=one.flow * size)
        holds = plant._reject(product, more, weather, plant.FULL_SPEED).leaving < 30.0
        low, high = np.where(holds, size, low), np.where(holds, high, size)
    np.testing.assert_allclose(plant.loading(product, one, weather), 1.0 / np.sqrt(low * high), atol=4e-3)


def test_one_machine_instead_of_two_has_twice_the_loading(product, weather):
    half, whole = (plant.loading(product, asked(share), weather) for share in (0.3, 0.6))
    some = (30.0 - weather.dry_bulb > 2.0) & (whole < 1.5)
    np.testing.assert_allclose(whole[some], 2.0 * half[some], rtol=0.03)


def test_a_machine_without_duty_has_none_and_one_without_room_the_most(product, weather):
    idle, far = replace(asked(0.5), duty=np.zeros(COUNT)), asked(0.5, setpoint=-80.0)
    assert not plant.loading(product, idle, weather).any()
    np.testing.assert_array_equal(plant.loading(product, far, weather), plant.NO_ROOM)


def test_room_is_missing_exactly_where_full_speed_does_not_hold_the_set_point(product, weather):
    one = asked(1.0, setpoint=22.0)
    loading = plant.loading(product, one, weather)
    short = plant._reject(product, one, weather, plant.FULL_SPEED).leaving - 22.0
    assert (short > 0.0).any() and (short < 0.0).any()
    clear = np.abs(short) > 0.01
    np.testing.assert_array_equal((loading > 1.0)[clear], (short > 0.0)[clear])
