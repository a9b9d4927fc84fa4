"""A plant's year without network: 8,760 hours as arrays, set points and condenser heat to a fixed point, one thread.

The water plant has 10 tower cells (tower set point reset to the wet bulb), a plate economizer, 5 + 1 chillers by
published curves, staged, and pumps with motor and drive; tower water warms the chillers whose heat warms the tower.
Single machines show where the time goes.  "peer" is the bar of half a second for the whole year.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from tests.benchmarks.timing import Row, medians, report, single_threaded

HOURS = 8760
BAR = 0.5
"""Seconds a plant's year may take."""
LOAD = 9e6
SUPPLY, RETURN = 18.0, 28.0
CELLS, CHILLERS, SPARE = 10, 6, 1
WATER = 4186.0
RATE = LOAD / (RETURN - SUPPLY)
SETTLED, PASSES = 1e-6, 30


def main() -> None:
    """Print the table."""
    single_threaded()
    report(__doc__ or "", rows)


def climate() -> dict[str, Any]:
    """A made-up continental year: seasons, days and weather of a few days; fixed seed."""
    import numpy as np

    from solvers import psychrometrics

    rng = np.random.default_rng(11)
    hour = np.arange(HOURS)
    slow = np.convolve(rng.normal(0.0, 14.0, HOURS + 71), np.ones(72) / 72.0, "valid")
    dry = 11.0 - 12.0 * np.cos(hour * 2.0 * np.pi / HOURS) - 4.0 * np.cos(hour * np.pi / 12.0) + 2.0 * slow
    pressure = np.full(HOURS, 99e3)
    ratio = psychrometrics.humidity_ratio_from_relative_humidity(
        dry, np.clip(0.65 + 0.02 * slow, 0.2, 1.0), pressure
    )
    return {
        "dry_bulb": dry,
        "wet_bulb": psychrometrics.wet_bulb(dry, ratio, pressure),
        "humidity_ratio": ratio,
        "pressure": pressure,
    }


def machines() -> tuple[Any, Any, Any]:
    """Plate exchanger, one chiller and one tower cell."""
    from solvers.plant import chiller
    from solvers.plant.economizer import PlateRating
    from solvers.plant.tower import TowerRating

    plate = PlateRating(
        hot_entering=RETURN, hot_leaving=SUPPLY, cold_entering=16.0, hot_rate=RATE, cold_rate=1.2 * RATE
    )
    cell = TowerRating(
        water_flow=1.2 * RATE / WATER / CELLS,
        water_entering=33.0,
        water_leaving=27.0,
        wet_bulb=23.0,
        air_flow=1.0 * RATE / WATER / CELLS,
        fan_power=0.012 * LOAD / CELLS,
    )
    return plate, chiller.CURVES["york_yk_2771"], cell


def operate(outdoors: dict[str, Any], leaving: Any, least: Any) -> tuple[Any, ...]:
    """One pass: exchanger and chillers on tower water of ``leaving`` [degC], then the tower on their heat.

    Machines that ran in the pass before, ``least``, go on running: otherwise a load at a threshold never settles.
    """
    import numpy as np

    from solvers.plant import chiller, economizer, reset, staging, tower

    plate, rating, cell = machines()
    free = economizer.exchange(
        plate, entering=RETURN, setpoint=SUPPLY, hot_rate=RATE, source=leaving, cold_rate=1.2 * RATE
    )
    seen = {"evaporator_leaving": SUPPLY, "condenser_entering": free.cold_leaving}
    able = chiller.chill(rating, duty=0.0, **seen).capacity
    units = staging.stage(free.chiller_duty, capacity=able, count=CHILLERS, spare=SPARE)
    running = np.maximum(units.running, least)
    cold = chiller.chill(rating, duty=free.chiller_duty / np.maximum(running, 1), **seen)
    state = tower.reject(
        cell,
        duty=(free.heat + cold.condenser_heat * running) / CELLS,
        coolant_flow=cell.water_flow,
        dry_bulb=outdoors["dry_bulb"],
        wet_bulb=outdoors["wet_bulb"],
        pressure=outdoors["pressure"],
        setpoint=reset.condenser_water(outdoors["wet_bulb"], floor=14.0),
    )
    carried = free.heat + cold.heat * running
    return state.leaving, running, cold.power * running, state.power * CELLS, state.water * CELLS, carried


def water_plant(outdoors: dict[str, Any]) -> dict[str, Any]:
    """The year: power by use [W], water [kg/s], heat carried [W], passes and hours that did not settle."""
    import numpy as np

    from solvers.plant import motors, pumps, reset

    year = np.zeros((6, HOURS))
    year[0] = reset.condenser_water(outdoors["wet_bulb"], floor=14.0)
    active, passes = np.arange(HOURS), 0
    while active.size and passes < PASSES:
        here = {name: values[active] for name, values in outdoors.items()}
        before = year[0, active]
        year[:, active] = operate(here, before, year[1, active])
        active = active[np.abs(year[0, active] - before) > SETTLED]
        passes += 1
    flow = RATE / WATER
    shaft = pumps.power(np.array([flow, 1.2 * flow]) / 4.0, [250e3, 200e3], 998.0, 0.82)
    pump = 4.0 * sum(float(motors.electrical_power(one, 1.1 * one)) for one in shaft)
    return {
        "pumps": np.full(HOURS, pump),
        "chillers": year[2],
        "fans": year[3],
        "water": year[4],
        "heat": year[5],
        "passes": passes,
        "unsettled": active.size,
    }


def rows() -> Iterator[Row]:
    """One row for the whole plant, one for each machine."""
    outdoors = climate()
    answer = water_plant(outdoors)
    if answer["unsettled"]:
        raise RuntimeError(f"{answer['unsettled']} hours did not settle in {PASSES} passes")
    (taken,) = medians(lambda: water_plant(outdoors), clock=time.process_time)
    yield Row(
        f"plant year, {CELLS} cells, {CHILLERS} chillers, {answer['passes']} passes",
        taken,
        "bar",
        BAR,
        BAR / taken,
    )
    for name, machine in _machines(outdoors).items():
        (taken,) = medians(machine, clock=time.process_time)
        yield Row(f"{name}, {HOURS:,} h", taken, "bar", BAR, BAR / taken)


def _machines(outdoors: dict[str, Any]) -> dict[str, Any]:
    from solvers.plant import air_economizer, chiller, dry_cooler, hybrid, tower
    from solvers.plant.air_economizer import AirEconomizerRating
    from solvers.plant.dry_cooler import DryCoolerRating
    from solvers.plant.thermosyphon import ThermosyphonRating
    from solvers.plant.tower import TowerRating

    wet = {name: outdoors[name] for name in ("dry_bulb", "wet_bulb", "pressure")}
    cell = TowerRating(
        water_flow=40.0, water_entering=32.0, water_leaving=25.0, wet_bulb=20.0, air_flow=45.0, fan_power=15e3
    )
    dry = DryCoolerRating(
        duty=1e6,
        air_entering=35.0,
        coolant_entering=47.0,
        coolant_leaving=40.0,
        fan_power=30e3,
        air_flow=150.0,
        pad_effectiveness=0.8,
    )
    syphon = ThermosyphonRating(
        duty=8e5, air_entering=10.0, coolant_entering=32.0, coolant_leaving=25.0, air_flow=70.0, fan_power=3e4
    )
    hall = AirEconomizerRating(air_flow=60.0, fan_power=40e3)
    return {
        "tower": lambda: tower.reject(cell, duty=1e6, coolant_flow=36.0, setpoint=22.0, **wet),
        "dry cooler with pad": lambda: dry_cooler.reject(
            dry, duty=9e5, coolant_flow=36.0, coolant_capacity=3900.0, setpoint=38.0, **wet
        ),
        "thermosyphon before tower": lambda: hybrid.reject(
            syphon, cell, duty=1e6, coolant_flow=36.0, setpoint=22.0, power_limit=0.05, **wet
        ),
        "chiller": lambda: chiller.chill(
            chiller.YORK_YK, duty=1e6, evaporator_leaving=18.0, condenser_entering=outdoors["wet_bulb"] + 4.0
        ),
        "outdoor air": lambda: air_economizer.run(
            hall,
            duty=6e5,
            return_temperature=36.0,
            setpoint=24.0,
            dry_bulb=outdoors["dry_bulb"],
            humidity_ratio=outdoors["humidity_ratio"],
            pressure=outdoors["pressure"],
        ),
    }


if __name__ == "__main__":
    main()
