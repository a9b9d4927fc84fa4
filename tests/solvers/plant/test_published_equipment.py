"""Published examples of single machines: a CDU at part load, cold plates at part flow, a water-side economizer.

Modelica Buildings library (BSD-3), branch of issue 4443: reference results of
``DataCenterEquipment.CDUs.LiquidToLiquid.Examples.CDU_epsNTU`` and ``Racks.LiquidCooledSinglePhase.Examples.ColdPlateR_P``.
Numbers below are read from those files and from the parameters of the examples; none of their code is used.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.interpolate import PchipInterpolator
from scipy.optimize import brentq

from solvers.fluids import FLUIDS
from solvers.hydraulics import cold_plate, exchanger
from solvers.plant import pumps
from solvers.plant.economizer import Mode, PlateRating, exchange

LOAD = 48 * 132e3
RISE, APPROACH, PLANT, RACK = 5.0, 6.0, 36.0, 42.0
OUTSIDE, PLATES, FILTER = 60e3, 80e3, 65e3
HELD = 50e3
"""Pressure the pump holds outside the CDU. [Pa]"""
EFFICIENCY = 0.7
PROPERTIES_AT = 30.0
"""Their coolant has the properties of 30 degC throughout. [degC]"""
GLYCOL, WATER = FLUIDS["pg25"], FLUIDS["water"]
CAPACITY = float(GLYCOL.heat_capacity(PROPERTIES_AT))
DENSITY = float(GLYCOL.density(PROPERTIES_AT))
FLOW = LOAD / RISE / CAPACITY
RATE = LOAD / RISE
"""Of both streams at the rating. [W/K]"""
HEAD = PchipInterpolator([0.0, 0.25, 0.5, 0.75, 1.0], OUTSIDE * np.array([11.90, 11.61, 9.810, 6.202, 1.0]))
"""Head outside over flow, of 1,010 kg/m3. [Pa]"""
RATED_UA = RATE * 1.0 / (APPROACH / RISE)
"""Counterflow of equal rates: 6 K between the streams everywhere, so UA = Q / 6 K. [W/K]"""


def hot_share():
    """Share of the resistance on the glycol's side, films by Re^0.8 Pr^(1/3) at 42 degC as in the record."""
    flow = {"pg25": LOAD / RISE / float(GLYCOL.heat_capacity(RACK)), "water": LOAD / RISE / 4184.0}
    at = {
        name: float(fluid.conductivity(RACK))
        * (flow[name] / float(fluid.viscosity(RACK))) ** 0.8
        * float(fluid.prandtl(RACK)) ** (1.0 / 3.0)
        for name, fluid in (("pg25", GLYCOL), ("water", WATER))
    }
    ratio = at["water"] / at["pg25"]
    return ratio / (1.0 + ratio)


def passing(hot, cold):
    """Heat per kelvin between entering temperatures at shares of the rated flows. [W/K]"""
    transfer = float(exchanger.scaled_conductance(RATED_UA, hot, cold, hot_share=hot_share(), exponent=0.8))
    least, most = sorted((hot * RATE, cold * RATE))
    return least * float(exchanger.effectiveness(transfer / least, least / most))


def held_flow():
    """Share of the rated flow at which the racks take 50 kPa (n = 1.85)."""
    return (HELD / OUTSIDE) ** (1.0 / 1.85)


def inside(share):
    """Pressure that plates and filter take. [Pa]"""
    return PLATES * share**2 + FILTER * share**1.76


def pump_power(share, rise):
    return float(pumps.power(share * FLOW, rise, DENSITY, EFFICIENCY))


def test_pump_of_the_cdu_at_the_pressure_it_holds():
    # published: 69,945 W at 170,338 Pa
    share = held_flow()
    assert HELD + inside(share) == pytest.approx(170338.0, rel=1e-5)
    assert pump_power(share, HELD + inside(share)) == pytest.approx(69945.0, rel=0.01)  # measured 0.2 %


def test_pump_of_the_cdu_at_full_speed():
    # published peak: 93,960 W at 206,529 Pa, where its curve meets racks, plates and filter
    share = brentq(
        lambda x: float(HEAD(min(x * FLOW / DENSITY / (FLOW / 1010.0), 1.02))) - OUTSIDE * x**1.85, 0.9, 1.02
    )
    rise = OUTSIDE * share**1.85 + inside(share)
    assert rise == pytest.approx(206529.0, rel=0.005)
    assert pump_power(share, rise) == pytest.approx(93960.0, rel=0.01)


def test_cdu_at_part_load_leaves_as_published():
    """60 %: plant leaves 41.60 degC, racks 41.99 / 45.30 degC, lid 48.13 degC; tolerance 0.1 K."""
    share = held_flow()
    rate, pump = share * RATE, pump_power(share, HELD + inside(share))
    back = RACK + 0.6 * LOAD / rate
    duty = 0.6 * LOAD + pump
    cold = brentq(lambda x: passing(share, x) * (back - PLANT) - duty, 0.2, 1.0)
    found = [PLANT + duty / (cold * RATE), back, lid(0.6, RACK, share, RISE)]
    np.testing.assert_allclose(found, [41.60, 45.30, 48.13], atol=0.1)


def test_cdu_at_full_load_with_its_valve_open_leaves_as_published():
    """100 %: plant leaves 41.055 degC, racks 42.188 / 47.706 degC, lid 52.422 degC."""
    share = held_flow()
    rate, pump = share * RATE, pump_power(share, HELD + inside(share))
    duty = LOAD + pump
    back = PLANT + duty / passing(share, 1.0)
    supply = back - LOAD / rate
    found = [PLANT + duty / RATE, supply, back, lid(1.0, supply, share, RISE)]
    np.testing.assert_allclose(found, [41.055, 42.188, 47.706, 52.422], atol=0.1)


SMOOTHED = 2.5e-5
"""Below this flow of one plate the published block divides R V by less than the flow. [m3/s]"""


def divisor(flow):
    """By what the published block divides R V: the flow, smoothly held above zero (cubic step of the Modelica library).

    A plate's 10 .. 21 mL/s lie inside the step, so R comes out 2 % too high at the rated flow and a quarter at half of it.
    """
    x = min(flow / SMOOTHED, 1.0)
    return flow * (0.5 + x * (3.0 - x**2) / 4.0)


def lid(load, supply, share, rise, *, smoothed=True):
    """Temperature of a lid under plates whose data's mean flow is the rated one, as their example counts them. [degC]

    Their law is a line through R V over V of the data, so R = a + b / V: ours with an exponent of 1.
    """
    flow, resistance = (np.asarray(row) for row in cold_plate.OCP_PG25)
    slope, start = np.polyfit(flow, flow * resistance, 1)
    mean = float(flow.mean())
    rated = mean * cold_plate.LITRE_PER_MINUTE
    plate = cold_plate.ColdPlate(
        fixed=float(slope), variable=float(start) / mean, rated_flow=rated, exponent=1.0
    )
    power = load * rated * DENSITY * CAPACITY * rise
    over = share * rated / divisor(share * rated) if smoothed else 1.0
    return supply + power * over * float(plate.resistance(share * rated, temperature=PROPERTIES_AT))


def test_cold_plates_follow_the_measured_points_where_the_published_block_leaves_them():
    flow, resistance = (np.asarray(row) for row in cold_plate.OCP_PG25)
    mean = float(flow.mean())
    power = mean * cold_plate.LITRE_PER_MINUTE * DENSITY * CAPACITY * 7.0
    for share in (1.0, 0.5):
        point = power * float(np.interp(share * mean, flow, resistance))
        assert lid(1.0, 0.0, share, 7.0, smoothed=False) == pytest.approx(point, rel=0.02)
    assert lid(1.0, 0.0, 0.5, 7.0) / lid(1.0, 0.0, 0.5, 7.0, smoothed=False) > 1.2


@pytest.mark.parametrize(
    ("load", "share", "published"),
    [(0.62, 1.0, 38.448), (1.02, 1.0, 43.899), (0.62, 0.5, 43.485), (1.02, 0.5, 52.184)],
)
def test_lid_temperatures_at_part_flow_are_those_published(load, share, published):
    # inlet 30 degC, 7 K of rise at full load and flow
    assert lid(load, 30.0, share, 7.0) == pytest.approx(published, abs=0.1)


@pytest.mark.parametrize(("tower", "published"), [(12.78, 288.430), (18.33, 292.870)])
def test_a_water_side_economizer_leaves_the_chiller_what_is_published(tower, published):
    """Example ``ChillerCooled.Equipment.Validation.WatersideEconomizer``: effectiveness 0.8 at rated flows."""
    hot, cold = 2567.1e3 / 10.0, 2567.1e3 / 8.5
    plate = PlateRating(
        hot_entering=25.28, hot_leaving=25.28 - 0.8 * 12.5, cold_entering=12.78, hot_rate=hot, cold_rate=cold
    )
    found = exchange(plate, entering=25.28, setpoint=13.56, hot_rate=hot, source=tower, cold_rate=cold)
    assert found.mode == Mode.MIXED
    assert found.chiller_entering == pytest.approx(published - 273.15, abs=0.002)
    assert found.heat + found.chiller_duty == pytest.approx(hot * (25.28 - 13.56), rel=1e-12)
