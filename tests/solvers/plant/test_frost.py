"""Heaters of machines that stand still in the cold."""

from __future__ import annotations

import numpy as np
import pytest

from solvers.plant import dry_cooler, frost
from solvers.plant.frost import Heater
from tests.solvers.plant.plant_cases import weather


def test_heaters_draw_in_proportion_to_how_cold_it_is():
    heater = Heater(power=9e3, below=4.0, full=-18.0)
    found = frost.input_power(heater, dry_bulb=[10.0, 4.0, -7.0, -18.0, -30.0], running=False)
    np.testing.assert_allclose(found, [0.0, 0.0, 4.5e3, 9e3, 9e3])


def test_a_machine_at_work_needs_no_heater():
    heater = Heater(power=9e3)
    np.testing.assert_array_equal(
        frost.input_power(heater, dry_bulb=-18.0, running=[True, False]), [0.0, 9e3]
    )


def test_energy_of_a_year_is_that_of_its_degree_hours():
    air = weather("chicago").dry_bulb
    heater = Heater(power=9e3)
    energy = frost.input_power(heater, dry_bulb=air, running=np.zeros(8760, bool)).sum()
    between = np.clip(air, -18.0, 4.0)
    assert energy == pytest.approx(9e3 / 22.0 * (4.0 - between).sum(), rel=1e-12)


@pytest.mark.parametrize("wrong", [{"power": -1.0}, {"power": 1.0, "below": -20.0}])
def test_heaters_without_sense_are_refused(wrong):
    with pytest.raises(ValueError, match=r"power|colder"):
        Heater(**wrong)


def test_pumps_of_a_pad_draw_while_it_is_wet_and_the_fans_turn():
    rating = {
        "duty": 1e6, "air_entering": 35.0, "coolant_entering": 50.0, "coolant_leaving": 40.0, "fan_power": 28e3,
        "air_flow": 100.0, "pad_effectiveness": 0.8, "pad_above": 25.0,
    }  # fmt: skip
    asked = {
        "duty": 8e5, "coolant_flow": 24.0, "coolant_capacity": 4180.0, "dry_bulb": [20.0, 30.0], "wet_bulb": [15.0, 20.0],
        "pressure": 101325.0, "setpoint": 30.0,
    }  # fmt: skip
    plain, pumped = (
        dry_cooler.reject(dry_cooler.DryCoolerRating(**rating, pad_power=power), **asked)
        for power in (0.0, 1.5e3)
    )
    np.testing.assert_allclose(pumped.power - plain.power, [0.0, 1.5e3], atol=1e-9)
    with pytest.raises(ValueError, match="pad_power"):
        dry_cooler.DryCoolerRating(**rating, pad_power=-1.0)
