"""A whole plant over a year without network, and the quick inverse that makes it quick."""

from __future__ import annotations

import time

import numpy as np
import pytest

from solvers import psychrometrics
from solvers.plant import merkel
from tests.benchmarks import plant


@pytest.mark.parametrize("pressure", [70e3, 101325.0])
def test_outlet_of_the_fill_is_the_general_inverse(pressure):
    rng = np.random.default_rng(3)
    wet, rise = rng.uniform(-25.0, 32.0, 3000), 10.0 ** rng.uniform(1.0, 5.2, 3000)
    entry, barometer = psychrometrics.saturation_enthalpy(wet, pressure), np.full(3000, pressure)
    ours = merkel.outlet(entry, rise, wet, barometer)
    np.testing.assert_allclose(
        ours, psychrometrics.saturated_temperature_at(entry + rise, barometer), atol=1e-8
    )
    assert np.all(ours > wet)
    hot = merkel.outlet(entry, np.full(3000, 5e5), wet, barometer)
    np.testing.assert_array_equal(hot, psychrometrics.saturated_temperature_at(entry + 5e5, barometer))


@pytest.fixture(scope="module")
def year():
    return plant.water_plant(plant.climate())


def test_every_hour_of_the_plants_year_settles_and_carries_its_load(year):
    assert year["unsettled"] == 0
    np.testing.assert_allclose(year["heat"], plant.LOAD, rtol=1e-9)
    assert all(np.all(np.isfinite(year[name])) for name in ("pumps", "chillers", "fans", "water"))


def test_the_plants_year_has_free_mixed_and_mechanical_hours(year):
    none = year["chillers"] == 0.0
    full = year["chillers"] > 0.1 * plant.LOAD / 6.84
    assert none.sum() > 2000 and full.sum() > 1000
    # all heat latent would be some 0.4 g/s of evaporation per kW and a quarter more as blow-down
    assert year["water"].max() < 1.25 * 1.3 * plant.LOAD / 2.4e6


@pytest.mark.slow
def test_the_plants_year_takes_less_than_half_a_second_of_one_thread():
    climate = plant.climate()
    plant.water_plant(climate)
    begun = time.process_time()
    plant.water_plant(climate)
    assert time.process_time() - begun < plant.BAR  # measured 0.08 s
