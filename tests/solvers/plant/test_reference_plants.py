"""Published plants rebuilt from the solvers' parts: a liquid-cooled megawatt, and towers in a dry climate."""

from __future__ import annotations

import numpy as np
import pytest

from solvers.fluids import FLUIDS
from solvers.plant import dry_cooler
from solvers.plant.economizer import PlateRating
from tests.solvers.plant import liquid_cooled_plant as liquid
from tests.solvers.plant import warm_water_towers as towers
from tests.solvers.plant.plant_cases import weather

SECONDS = 8760 * 3600.0
LOAD = 0.6
VAPORISATION = 2.45e6
"""Of water at 20 degC. [J/kg]"""


def test_design_point_of_the_liquid_cooled_reference_plant():
    # Modelica Buildings, ChillerWSEDesignConditions: 36 degC air, 1 MW, chiller off; published residuals <= 7 mK
    economizer = PlateRating(
        hot_entering=47.0, hot_leaving=42.0, cold_entering=39.0, hot_rate=liquid.RATE, cold_rate=liquid.RATE
    )
    cooler = dry_cooler.reject(
        liquid.DRY_COOLER,
        duty=liquid.RATED,
        coolant_flow=liquid.RATE / float(FLUIDS["pg40"].heat_capacity(44.0)),
        coolant_capacity=FLUIDS["pg40"].heat_capacity(44.0),
        dry_bulb=36.0,
        pressure=101325.0,
        setpoint=-50.0,
    )
    plant_return = cooler.leaving + liquid.RATED / economizer.passing(liquid.RATE, liquid.RATE)
    plant_supply = plant_return - liquid.RISE
    rack_return = plant_supply + liquid.RATED / liquid.CDU.passing(liquid.RATE, liquid.RATE)
    found = [rack_return - liquid.RISE, rack_return, plant_supply, plant_return]
    found += [float(cooler.leaving), float(cooler.entering)]
    np.testing.assert_allclose(found, [45.0, 50.0, 42.0, 47.0, 39.0, 44.0], atol=0.05)


@pytest.fixture(scope="module")
def chicago():
    hours = weather("chicago")
    duty = LOAD * liquid.RATED + liquid.cdu_pump_power(LOAD)
    return liquid.run(hours.dry_bulb, hours.pressure, duty, LOAD)


def pump_power(plant):
    capacity = float(FLUIDS["pg40"].heat_capacity(44.0))
    tower_side = liquid.economizer_pump("pg40", 44.0, capacity, 1.0)
    shares = np.linspace(0.5, 1.0, 26)
    by_share = [liquid.economizer_pump("water", 45.0, liquid.WATER, share) for share in shares]
    plant_side = np.interp(plant.plant_share, shares, by_share)
    return liquid.cdu_pump_power(LOAD) + liquid.tower_pump()[1] + tower_side + plant_side


def test_chicago_year_of_the_liquid_cooled_reference_plant(chicago):
    # published: pumps 1.2421e12 J, fans 3.934e9 J, chiller 0, PUE 1.0659; the PUE leaves out electrical losses
    pumps, fans = pump_power(chicago), chicago.fan_power
    pue = 1.0 + float(np.mean(pumps + fans)) / (LOAD * liquid.RATED)
    assert pue == pytest.approx(1.0659, abs=0.005)  # measured 1.0644
    # what differs: glycol 25 and 40 % by mass here, by volume there; power interpolated on their pump curve
    assert float(np.mean(pumps)) * SECONDS == pytest.approx(1.2421e12, rel=0.03)  # measured -2.4 %
    # 0.3 % of the overhead, and theirs falls to nothing by a spline just below the least speed, ours cycles
    assert float(np.mean(fans)) * SECONDS < 2.0 * 3.934e9  # measured 6.6e9


def test_chicago_year_needs_no_chiller(chicago):
    # the chiller starts when plant water after the economizer is 1 K above 41 degC; published peak 41.55 degC
    assert np.count_nonzero(chicago.plant_supply > liquid.TARGET + 1.0) == 0
    assert chicago.plant_supply.max() == pytest.approx(41.55, abs=0.1)  # measured 41.60
    assert chicago.plant_share.max() < 1.0


def test_towers_in_a_dry_climate_draw_and_drink_as_published():
    # NREL's published 1.034 is a year with heat reuse and thermosyphon; 1.42 L/kWh is its own estimate without
    year = towers.towers_only(weather("denver"))
    assert year.pue == pytest.approx(1.034, abs=0.01)  # measured 1.032; heads and losses are assumed
    # measured 1.26: saturated air that left cold takes a fifth of the heat as sensible; see the test of Golden below
    assert year.wue == pytest.approx(1.42, abs=0.2)
    assert year.highest_supply < 27.0


def test_the_published_water_of_towers_alone_is_that_of_their_summer():
    """1.42 L/kWh is an estimate for a whole year; that it was scaled from what was metered while towers carried 47 % of the
    heat, in the warm hours, is an inference of ours, which this supports.

    In Golden evaporation is 1.14 and blow-down at 12.8 cycles 0.10 of our 1.24: 76 % of the heat is latent, 69 % in
    January and 88 % in August.  With the share of June to August all year the towers would drink 1.40.
    """
    hours = weather("golden")
    year = towers.towers_only(hours)
    month = np.arange(8760) // 730
    latent = year.evaporated * VAPORISATION / year.heat
    assert year.wue == pytest.approx(1.238, abs=0.01)
    assert float(latent.mean()) == pytest.approx(0.76, abs=0.01)
    assert float(latent[month == 0].mean()) == pytest.approx(0.69, abs=0.01)
    assert float(latent[month == 7].mean()) == pytest.approx(0.88, abs=0.01)
    summer = float(latent[(month >= 5) & (month <= 7)].mean())
    assert year.wue * summer / float(latent.mean()) == pytest.approx(1.42, rel=0.03)


def test_thermosyphon_halves_the_water_of_the_towers():
    # published: 42.5 % of the heat through the thermosyphon, 1.27 -> 0.70 L/kWh; its size here is assumed
    hours = weather("denver")
    wet, hybrid = towers.towers_only(hours), towers.with_thermosyphon(hours, power_limit=0.01)
    assert hybrid.dry_share == pytest.approx(0.425, abs=0.05)  # measured 0.41
    assert hybrid.wue / wet.wue == pytest.approx(0.70 / 1.27, abs=0.1)  # measured 0.62
    assert hybrid.pue - wet.pue < 0.005


def test_thin_air_lets_the_hottest_hour_of_the_towers_get_warmer():
    hours = weather("denver")
    high = towers.towers_only(hours)
    low = towers.towers_only(
        towers.Weather(
            hours.dry_bulb, hours.wet_bulb, hours.humidity_ratio, np.full(8760, hours.pressure.mean() * 0.9)
        )
    )
    assert low.highest_supply > high.highest_supply
