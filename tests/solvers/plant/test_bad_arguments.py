"""What a stranger may give the machines by mistake is refused by field and index, and never a NaN in an answer."""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import pytest

from solvers import checks
from solvers.plant import (
    air_economizer,
    chiller,
    dry_cooler,
    economizer,
    fans,
    fluid_cooler,
    free_cooling,
    frost,
    hybrid,
    motors,
    pumps,
    reset,
    staging,
    tank,
    thermosyphon,
    tower,
    yorkcalc,
)
from tests.solvers.plant import liquid_cooled_plant, warm_water_towers

NAN, INF = float("nan"), float("inf")
TOWER = warm_water_towers.TOWER
SYPHON = warm_water_towers.THERMOSYPHON
PLATE = warm_water_towers.PLATE
DRY = liquid_cooled_plant.DRY_COOLER
AIR_COOLED = dataclasses.replace(
    chiller.ChillerRating(capacity=1e6, cop=3.2, evaporator_leaving=7.0, condenser_entering=35.0),
    air_cooled=True,
)
HALL = air_economizer.AirEconomizerRating(air_flow=60.0, fan_power=40e3)
HEATER = frost.Heater(power=1e4)
STORE = tank.Tank(volume=50.0, height=5.0)
LAYERS = np.linspace(8.0, 16.0, STORE.layers)
AIR = {"dry_bulb": 20.0, "wet_bulb": 12.0, "pressure": 101325.0}
COOLANT = {"coolant_flow": 20.0, "coolant_capacity": 4000.0}
PLATES = {"entering": 30.0, "setpoint": 24.0, "hot_rate": 1e5, "cold_rate": 1e5}
FLUID_COOLER = fluid_cooler.FluidCoolerRating(wet=TOWER, dry=DRY, spray_power=2e3)
STORAGE = {"charged_at": 7.0, "returned_at": 15.0, "limit": 12.0, "ambient": 20.0, "seconds": 3600.0}

CALLS = {
    "tower.reject": (tower.reject, (TOWER,), {**AIR, "duty": 1e5, "coolant_flow": 10.0, "setpoint": 22.0}),
    "tower.leaving": (
        tower.leaving_temperature,
        (TOWER,),
        {"water_entering": 30.0, "water_flow": 9.0, "wet_bulb": 12.0, "pressure": 1e5, "speed": 0.5},
    ),
    "yorkcalc": (yorkcalc.approach, (), {"span": 5.0, "wet_bulb": 20.0, "water_share": 1.0, "air_share": 1.0}),
    "dry.reject": (dry_cooler.reject, (DRY,), {**AIR, **COOLANT, "duty": 5e5, "setpoint": 25.0}),
    "dry.solve": (
        dry_cooler.solve,
        (DRY,),
        {**AIR, **COOLANT, "coolant_entering": 40.0, "setpoint": 25.0, "units": 2},
    ),
    "dry.leaving": (
        dry_cooler.leaving_temperature,
        (DRY,),
        {**AIR, **COOLANT, "coolant_entering": 40.0, "speed": 0.5},
    ),
    "fluid cooler": (
        fluid_cooler.reject,
        (FLUID_COOLER,),
        {**AIR, **COOLANT, "duty": 5e5, "setpoint": 25.0},
    ),
    "hybrid": (
        hybrid.reject,
        (SYPHON, TOWER),
        {**AIR, "duty": 1e5, "coolant_flow": 10.0, "setpoint": 22.0, "coolers": 1, "cells": 1},
    ),
    "thermosyphon": (
        thermosyphon.cool,
        (SYPHON,),
        {**COOLANT, "dry_bulb": 9.0, "pressure": 1e5, "setpoint": 25.0, "coolant_entering": 31.0, "units": 1},
    ),
    "worth": (
        thermosyphon.worth,
        (),
        {"water_price": 3.0, "energy_price": 0.1, "water_per_heat": 2.0, "tower_power": 0.0},
    ),
    "chiller": (
        chiller.chill,
        (chiller.YORK_YK,),
        {"duty": 1e6, "evaporator_leaving": 8.0, "condenser_entering": 22.0},
    ),
    "air-cooled chiller": (
        chiller.chill,
        (AIR_COOLED,),
        {"duty": 5e5, "evaporator_leaving": 8.0, "dry_bulb": 22.0, "pressure": 9e4},
    ),
    "thin air": (chiller.thin_air, (), {"pressure": 9e4, "rated": 101325.0}),
    "relief": (chiller.relief, (), {"load": 0.6}),
    "free cooling": (
        free_cooling.run,
        (AIR_COOLED, DRY),
        {**AIR, **COOLANT, "duty": 5e5, "evaporator_leaving": 20.0},
    ),
    "economizer.mode": (
        economizer.mode,
        (),
        {"entering": 30.0, "setpoint": 24.0, "source": 20.0, "approach": 3.0},
    ),
    "economizer.exchange": (economizer.exchange, (PLATE,), {**PLATES, "source": 20.0}),
    "economizer.source": (economizer.required_source, (PLATE,), PLATES),
    "plate": (PLATE.passing, (), {"hot_rate": 1e5, "cold_rate": 1e5}),
    "outdoor air": (
        air_economizer.run,
        (HALL,),
        {
            "duty": 5e5, "return_temperature": 36.0, "setpoint": 24.0, "dry_bulb": 10.0, "humidity_ratio": 0.006,
            "pressure": 101325.0, "return_humidity": 0.008,
        },
    ),
    "frost": (frost.input_power, (HEATER,), {"dry_bulb": -5.0, "running": 0.0}),
    "staging": (staging.stage, (), {"load": 1e6, "capacity": 5e5, "flow": 30.0}),
    "reset": (reset.WARM_WATER_BY_LOAD, (), {"followed": 0.7}),
    "condenser water": (
        reset.condenser_water,
        (),
        {"wet_bulb": 20.0, "approach": 4.0, "floor": 18.0, "ceiling": 30.0},
    ),
    "warm water": (
        reset.warm_water,
        (),
        {"dry_bulb": 20.0, "approach": 8.0, "floor": 18.0, "ceiling": 40.0},
    ),
    "fans.power": (
        fans.power,
        (),
        {"flow": 0.5, "rated_flow": 1.0, "rated_power": 1e3, "min_speed": 0.2, "density_ratio": 1.0, "standby": 0.0},
    ),
    "fans.pressure": (
        fans.pressure_power,
        (),
        {"volume_flow": 1.0, "rise": 500.0, "efficiency": 0.6, "motor_efficiency": 0.9},
    ),
    "fans.affinity": (fans.affinity, (), {"speed": 0.5, "flow": 1.0, "rise": 500.0, "power": 1e3}),
    "pumps.power": (
        pumps.power,
        (),
        {
            "flow": 10.0, "rise": 1e5, "density": 998.0, "efficiency": 0.7, "motor_efficiency": 0.9,
            "drive_efficiency": 0.97,
        },
    ),
    "pumps.shaft": (
        pumps.shaft_power,
        (),
        {
            "flow": 10.0, "rise": 1e5, "density": 998.0, "duty_flow": 12.0, "duty_rise": 9e4, "efficiency": 0.7,
        },
    ),
    "pumps.relative": (pumps.relative_efficiency, (), {"flow": 0.7, "rise": 0.9}),
    "pumps.affinity": (pumps.affinity, (), {"speed": 0.5, "flow": 1.0, "rise": 500.0, "power": 1e3}),
    "motor": (motors.motor_efficiency, (), {"load": 0.5, "rated_power": 2e4, "best": 0.95}),
    "drive": (motors.drive_efficiency, (), {"load": 0.5, "rated_power": 2e4}),
    "electrical": (motors.electrical_power, (), {"shaft_power": 1e4, "rated_power": 2e4, "best": 0.95}),
    "drive loss": (motors.pump_drive_loss, (), {"load": 0.5, "rated_power": 2e4}),
    "tank.move": (
        tank.move,
        (STORE,),
        {"temperature": LAYERS, "flow": 5.0, "inlet": 15.0, "seconds": 3600.0, "ambient": 20.0},
    ),
    "tank.usable": (tank.usable, (STORE,), {"temperature": LAYERS, "limit": 12.0, "returned": 16.0}),
    "tank.discharge": (
        tank.discharge,
        (STORE,),
        {"temperature": LAYERS, "duty": 1e5, "rise": 8.0, "limit": 12.0, "ambient": 20.0},
    ),
    "tank.operate": (
        tank.operate,
        (STORE,),
        {"temperature": LAYERS, "demand": [1e5, 0.0], "spare": [0.0, 1e5], **STORAGE},
    ),
}  # fmt: skip
CASES = [(name, argument) for name, (_, _, given) in CALLS.items() for argument in given]

FLOWS = re.compile(
    r"flow|rate$|rise|units|cells|coolers|count|demand|spare|seconds|standby|price|per_heat|tower_power"
)
FREE = {
    ("pumps.shaft", "flow"), ("pumps.shaft", "rise"), ("pumps.relative", "flow"), ("pumps.relative", "rise"),
    ("tank.move", "flow"), ("fans.affinity", "flow"), ("fans.affinity", "rise"), ("pumps.affinity", "flow"),
    ("pumps.affinity", "rise"),
}  # fmt: skip
"""Of either sign on purpose: water up a tank, pumps at rest, scaled curves."""
POSITIVE = re.compile(
    r"pressure$|^capacity|_capacity|efficiency$|^rated|density|_share$|duty_flow|duty_rise|energy_price|best"
)
COLD = re.compile(
    r"bulb|setpoint|_entering|^entering|_leaving|source|return_temp|temperature|inlet|limit|returned|_at$|ambient|floor|"
    r"ceiling"
)


def call(name, **changed):
    run, ratings, given = CALLS[name]
    options = {"count": 4} if run is staging.stage else {}
    if "followed" in given:
        return run(*({**given, **changed}.values()))
    return run(*ratings, **{**given, **changed}, **options)


OPTIONAL = ("wet_bulb", "pressure"), (
    "dry.reject", "dry.solve", "dry.leaving", "air-cooled chiller", "free cooling",
)  # fmt: skip
"""What may be left out, and where."""


def wrong_values(name, argument):
    """Values that can mean nothing, whatever the machine."""
    wrong = [NAN, "cold"]
    wrong += [] if argument in OPTIONAL[0] and name in OPTIONAL[1] else [None]
    wrong += [] if (name, argument) in {("staging", "flow")} else [INF]
    wrong += [-INF]
    if COLD.search(argument):
        wrong.append(-300.0)
    if FLOWS.search(argument) and (name, argument) not in FREE:
        wrong.append(-1.0)
    if POSITIVE.search(argument) and (name, argument) != ("fans.power", "rated_power"):
        wrong += [0.0, -1.0]
    return wrong


def numbers(answer):
    """Every array in an answer."""
    if dataclasses.is_dataclass(answer):
        return [x for field in dataclasses.fields(answer) for x in numbers(getattr(answer, field.name))]
    if isinstance(answer, tuple):
        return [x for part in answer for x in numbers(part)]
    return [np.asarray(answer, float)]


@pytest.mark.parametrize(("name", "argument"), CASES, ids=lambda case: case.replace(" ", "-"))
def test_an_impossible_argument_is_refused_by_name(name, argument):
    for wrong in wrong_values(name, argument):
        value = (
            np.append(LAYERS[1:], wrong) if argument == "temperature" and isinstance(wrong, float) else wrong
        )
        pattern = {"wet_bulb": "wet_bulb|outdoor", "dry_bulb": "dry_bulb|outdoor"}.get(argument, argument)
        with pytest.raises(ValueError, match=rf"\b({pattern})\b"):
            call(name, **{argument: value})


@pytest.mark.parametrize("name", CALLS)
def test_extreme_but_possible_arguments_give_no_nan(name):
    for argument, usual in CALLS[name][2].items():
        if argument == "temperature" or not isinstance(usual, float):
            continue
        for value in (0.0, 1e-12, -1e-12, 100.0, 1e9, 1e12):
            try:
                answer = call(name, **{argument: value})
            except ValueError:
                continue  # said to be impossible
            assert not any(np.isnan(x).any() for x in numbers(answer)), (argument, value)


@pytest.mark.parametrize(
    "rating",
    [TOWER, SYPHON, DRY, PLATE, AIR_COOLED, HALL, HEATER, FLUID_COOLER, STORE, chiller.YORK_YK],
    ids=lambda rating: type(rating).__name__,
)
def test_a_rating_that_is_not_a_number_is_refused_by_field(rating):
    for field in dataclasses.fields(rating):
        usual = getattr(rating, field.name)
        if isinstance(usual, bool) or not isinstance(usual, int | float):
            continue
        for wrong in (NAN, INF):
            if field.name == "condenser_floor" and wrong == INF:
                continue
            with pytest.raises(ValueError, match=field.name):
                dataclasses.replace(rating, **{field.name: wrong})


def test_empty_arguments_give_empty_answers():
    for name in ("tower.reject", "dry.reject", "chiller", "staging", "economizer.exchange"):
        first = next(iter(CALLS[name][2]))
        assert all(x.size == 0 for x in numbers(call(name, **{first: []})))


def test_shapes_that_do_not_go_together_are_named():
    with pytest.raises(ValueError, match=r"duty \(2,\).*dry_bulb \(3,\)|dry_bulb \(3,\).*duty \(2,\)"):
        call("tower.reject", duty=[1e5, 2e5], dry_bulb=[10.0, 11.0, 12.0])
    with pytest.raises(ValueError, match="temperature has shape"):
        call("tank.move", temperature=[10.0, 12.0])


def test_unknown_words_list_what_is_known():
    with pytest.raises(ValueError, match="capacity, all_on, efficiency"):
        staging.stage(1e6, capacity=5e5, count=3, strategy="cheapest")
    with pytest.raises(ValueError, match="below, above"):
        tank.usable(STORE, LAYERS, 12.0, 16.0, side="left")


def test_the_place_of_a_bad_element_is_told():
    with pytest.raises(ValueError, match=r"^flow\[1, 2\] is -1.0, not a finite number >= 0$"):
        checks.number("flow", [[1.0, 2.0, 3.0], [4.0, 5.0, -1.0]], least=0.0)


def test_a_tank_flushed_many_times_over_ends_and_keeps_its_energy():
    flow = np.array([1e9, -1e9, 5.0])
    moved = tank.move(STORE, np.tile(LAYERS, (3, 1)), flow, 15.0, 3600.0)
    alone = tank.move(STORE, LAYERS, 5.0, 15.0, 3600.0)
    np.testing.assert_allclose(moved.temperature[:2], 15.0, rtol=0, atol=1e-9)
    np.testing.assert_array_equal(moved.temperature[2], alone.temperature[0])
    crossed = np.abs(flow) * 3600.0 * STORE.heat_capacity * (15.0 - moved.outlet)
    held = (moved.temperature - LAYERS).sum(axis=1) * STORE.layer_capacity
    # of the heat that passes in and out 1e-16 is rounding
    np.testing.assert_allclose(crossed, held, rtol=1e-9, atol=1e-14 * 1e9 * 3600.0 * 4184.0 * 15.0)


def test_a_chiller_below_absolute_zero_is_refused_and_water_beyond_its_ceiling_is_out_of_range():
    with pytest.raises(ValueError, match=r"evaporator_leaving is -272.0"):
        call("chiller", evaporator_leaving=-272.0)
    assert not call("tower.reject", duty=1e12).in_range
