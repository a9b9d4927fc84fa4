"""Gaps in weather or loads are named with argument and index, by every machine."""

from __future__ import annotations

import numpy as np
import pytest

from solvers.plant import (
    air_economizer,
    chiller,
    dry_cooler,
    economizer,
    hybrid,
    staging,
    thermosyphon,
    tower,
)
from solvers.plant.air_economizer import AirEconomizerRating
from tests.solvers.plant import liquid_cooled_plant, warm_water_towers

TOWER, SYPHON = warm_water_towers.TOWER, warm_water_towers.THERMOSYPHON
AIR = {"dry_bulb": 20.0, "wet_bulb": 12.0, "pressure": 101325.0}
COOLANT = {"coolant_flow": 20.0, "coolant_capacity": 4000.0, "setpoint": 25.0}
HALL = AirEconomizerRating(air_flow=60.0, fan_power=40e3)

MACHINES = {
    "tower": (tower.reject, (TOWER,), {**AIR, "duty": 1e5, "coolant_flow": 10.0, "setpoint": 22.0}),
    "dry cooler": (dry_cooler.reject, (liquid_cooled_plant.DRY_COOLER,), {**AIR, **COOLANT, "duty": 5e5}),
    "thermosyphon": (
        thermosyphon.cool,
        (SYPHON,),
        {**COOLANT, "dry_bulb": 10.0, "pressure": 101325.0, "coolant_entering": 31.0, "power_limit": 0.01},
    ),
    "hybrid": (
        hybrid.reject,
        (SYPHON, TOWER),
        {**AIR, "duty": 1e5, "coolant_flow": 10.0, "setpoint": 22.0, "power_limit": 0.01},
    ),
    "chiller": (
        chiller.chill,
        (chiller.YORK_YK,),
        {"duty": 1e6, "evaporator_leaving": 8.0, "condenser_entering": 22.0},
    ),
    "plate": (
        economizer.exchange,
        (warm_water_towers.PLATE,),
        {"entering": 30.0, "setpoint": 24.0, "hot_rate": 1e5, "source": 20.0, "cold_rate": 1e5},
    ),
    "outdoor air": (
        air_economizer.run,
        (HALL,),
        {
            "duty": 5e5,
            "return_temperature": 36.0,
            "setpoint": 24.0,
            "dry_bulb": 10.0,
            "humidity_ratio": 0.006,
            "pressure": 101325.0,
        },
    ),
    "staging": (staging.stage, (), {"load": 1e6, "capacity": 5e5, "flow": 30.0}),
}
CASES = [(name, argument) for name, (_, _, given) in MACHINES.items() for argument in given]


@pytest.mark.parametrize(("name", "argument"), CASES, ids=lambda case: case.replace(" ", "-"))
def test_a_gap_is_named_with_its_place(name, argument):
    run, ratings, given = MACHINES[name]
    options = {"count": 4} if run is staging.stage else {}
    hours = np.full(5, given[argument])
    run(*ratings, **{**given, argument: hours}, **options)
    hours[3] = np.nan
    with pytest.raises(ValueError, match=rf"{argument}\[3\] is nan"):
        run(*ratings, **{**given, argument: hours}, **options)


def test_infinite_heat_is_refused_and_an_infinite_limit_is_not():
    run, ratings, given = MACHINES["thermosyphon"]
    assert run(*ratings, **{**given, "power_limit": np.inf}).heat > 0.0
    with pytest.raises(ValueError, match="coolant_entering is inf"):
        run(*ratings, **{**given, "coolant_entering": np.inf})
