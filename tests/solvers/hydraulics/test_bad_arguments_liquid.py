"""What a stranger may give the parts of liquid loops by mistake is refused by field and index, never a NaN in an answer."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from solvers.fluids import FLUIDS
from solvers.hydraulics import cold_plate, exchanger, friction, heat_losses, network, pipes, suction, surge
from solvers.hydraulics.plate_exchanger import PlateExchanger

NAN, INF = float("nan"), float("inf")
STEEL = pipes.pipe_table("steel_40")
PLATE = PlateExchanger(duty=1e6, hot_inlet=40.0, cold_inlet=28.0, hot_flow=30.0, cold_flow=30.0)
PLATES = cold_plate.Plates(count=8)
COLD_PLATE = cold_plate.OCP_MODULE
VESSEL = suction.size_tank(
    10.0, static_pressure=1e5, relief_pressure=4e5, fill_density=998.0, hot_density=983.0
)
FOAM = {"diameter": 0.06, "thickness": 0.02, "conductivity": 0.035, "film": 10.0}
COLD, NEGATIVE, ZERO = (-300.0,), (-1.0,), (0.0, -1.0)

CASES = {
    "effectiveness": (
        exchanger.effectiveness,
        {"ntu": (1.0, NEGATIVE), "ratio": (0.5, (-0.5, 2.0))},
    ),
    "transfer units": (exchanger.transfer_units, {"effect": (0.5, ()), "ratio": (0.5, (-0.5, 2.0))}),
    "rating": (
        lambda **given: exchanger.conductance_from_rating(
            given["duty"], given["hot_inlet"], given["cold_inlet"], (given["hot_stream"], 2e4)
        ),
        {
            "duty": (1e5, NEGATIVE), "hot_inlet": (40.0, (20.0, 10.0)), "cold_inlet": (20.0, ()),
            "hot_stream": (1e4, ZERO),
        },
    ),
    "scaled": (
        exchanger.scaled_conductance,
        {
            "rated": (1e4, NEGATIVE), "hot_fraction": (0.5, NEGATIVE), "cold_fraction": (0.5, NEGATIVE),
            "hot_share": (0.5, (-0.1, 1.1)), "wall_share": (0.1, (-0.1, 1.1)), "exponent": (0.8, ZERO),
        },
    ),
    "friction": (
        friction.friction_factor,
        {"reynolds": (1e5, NEGATIVE), "relative_roughness": (1e-3, (-1.0, 1.1, 10.0))},
    ),
    "vapour": (suction.vapour_pressure, {"temperature": (30.0, (-300.0, 1000.0)), "glycol": (0.25, (-0.1, 1.0))}),
    "npsh": (
        suction.npsh_available,
        {
            "suction_pressure": (1e5, ()), "temperature": (30.0, COLD), "density": (1e3, ZERO), "velocity": (1.0, ()),
            "glycol": (0.2, NEGATIVE), "barometric": (1e5, ZERO),
        },
    ),
    "suction": (
        suction.suction_pressure,
        {"tank_pressure": (1e5, ()), "rise": (5.0, ()), "losses": (1e4, ()), "density": (1e3, ZERO)},
    ),
    "expansion": (
        suction.expansion,
        {
            "system_volume": (1.0, NEGATIVE), "cold_density": (998.0, ZERO), "hot_density": (980.0, ZERO),
            "rise": (30.0, ()), "wall_expansion": (1e-5, NEGATIVE),
        },
    ),
    "highest": (suction.highest_pressure, {"relief_pressure": (4e5, ZERO)}),
    "size": (
        suction.size_tank,
        {
            "system_volume": (10.0, ZERO), "static_pressure": (1e5, NEGATIVE), "relief_pressure": (4e5, ZERO),
            "fill_density": (998.0, ZERO), "hot_density": (983.0, ZERO), "fill_temperature": (10.0, COLD),
            "hot_temperature": (60.0, COLD), "wall_expansion": (1e-5, NEGATIVE), "barometric": (1e5, ZERO),
        },
    ),
    "vessel": (
        lambda **given: suction.tank_state(VESSEL, **given),
        {"density": (990.0, ZERO), "temperature": (30.0, COLD)},
    ),
    "wave": (
        surge.wave_speed,
        {
            "density": (1e3, ZERO), "bulk_modulus": (2e9, ZERO), "diameter": (0.1, ZERO), "wall": (3e-3, ZERO),
            "elasticity": (2e11, ZERO), "poisson": (0.3, (-0.1, 0.6)),
        },
    ),
    "closure": (
        surge.closure,
        {
            "velocity": (1.5, NEGATIVE), "length": (100.0, NEGATIVE), "closing_time": (0.1, NEGATIVE),
            "density": (1e3, ZERO), "speed": (1.2e3, ZERO),
        },
    ),
    "pipe size": (
        lambda **given: pipes.size(table=STEEL, **given),
        {
            "flow": (3.0, ()), "velocity_limit": (2.0, ZERO), "friction_limit": (200.0, ZERO),
            "density": (998.0, ZERO), "viscosity": (1e-3, ZERO),
        },
    ),
    "carried": (
        lambda **given: pipes.carried(table=STEEL, **given),
        {"flow": (3.0, ()), "density": (998.0, ZERO), "viscosity": (1e-3, ZERO)},
    ),
    "nearest": (STEEL.nearest, {"bore": (0.1, NEGATIVE)}),
    "losses": (
        heat_losses.pipe_conductance,
        {"length": (10.0, NEGATIVE), "diameter": (0.06, ZERO), "thickness": (0.02, NEGATIVE),
         "conductivity": (0.035, ZERO), "film": (10.0, ZERO)},
    ),
    "wind": (heat_losses.film_in_wind, {"speed": (3.0, NEGATIVE), "surface_diameter": (0.1, ZERO)}),
    "surface": (
        lambda **given: heat_losses.surface_temperature(**FOAM, **given),
        {"liquid": (12.0, COLD), "surroundings": (24.0, COLD)},
    ),
    "chips": (
        lambda **given: cold_plate.chips(COLD_PLATE, PLATES, fluid="pg25", **given),
        {
            "power": (1e3, ()), "rack_flow": (0.2, NEGATIVE), "supply": (30.0, COLD), "leakage": (0.001, NEGATIVE),
            "leakage_reference": (65.0, COLD),
        },
    ),
    "flow for": (
        lambda **given: cold_plate.flow_for(COLD_PLATE, PLATES, fluid="pg25", **given),
        {"power": (1e3, ()), "supply": (30.0, COLD), "limit": (60.0, COLD)},
    ),
    "resistance": (COLD_PLATE.resistance, {"flow": (2e-5, NEGATIVE), "temperature": (30.0, COLD)}),
    "plate": (
        PLATE.exchange,
        {"hot_flow": (20.0, NEGATIVE), "cold_flow": (20.0, NEGATIVE), "hot_inlet": (40.0, COLD), "cold_inlet": (25.0, COLD)},
    ),
}  # fmt: skip
ARGUMENTS = [(name, argument) for name, (_, given) in CASES.items() for argument in given]


def call(name, **changed):
    run, given = CASES[name]
    return run(**{argument: usual for argument, (usual, _) in given.items()} | changed)


def numbers(answer):
    if dataclasses.is_dataclass(answer):
        return [x for field in dataclasses.fields(answer) for x in numbers(getattr(answer, field.name))]
    if isinstance(answer, tuple):
        return [x for part in answer for x in numbers(part)]
    return [np.asarray(answer, float)]


@pytest.mark.parametrize(("name", "argument"), ARGUMENTS, ids=lambda case: case.replace(" ", "-"))
def test_an_impossible_argument_is_refused_by_name(name, argument):
    assert not any(np.isnan(x).any() for x in numbers(call(name)))
    infinite = () if argument == "ntu" else (INF,)
    told = argument.replace("hot_stream", "hot stream")
    for wrong in (NAN, "cold", -INF, *infinite, *CASES[name][1][argument][1]):
        with pytest.raises(ValueError, match=rf"\b{told}\b"):
            call(name, **{argument: wrong})


@pytest.mark.parametrize("fluid", FLUIDS)
def test_properties_of_what_is_no_temperature_are_refused(fluid):
    for name in ("density", "heat_capacity", "viscosity", "conductivity", "bulk_modulus"):
        for wrong in (NAN, INF, -300.0, "cold"):
            with pytest.raises(ValueError, match=r"^temperature is"):
                getattr(FLUIDS[fluid], name)(wrong)
        with pytest.raises(ValueError, match=r"temperature\[1\] is nan"):
            getattr(FLUIDS[fluid], name)([20.0, NAN])


@pytest.mark.parametrize(
    ("ask", "known"),
    [
        (lambda: exchanger.effectiveness(1.0, 0.5, arrangement="plate"), "arrangement.*counterflow, parallel"),
        (lambda: exchanger.transfer_units(0.5, 0.5, arrangement="plate"), "arrangement.*counterflow, parallel"),
        (lambda: friction.friction_factor(1e5, 0.0, law="moody"), "law.*colebrook, swamee_jain"),
        (lambda: friction.transition_coefficients(0.0, law="moody"), "law.*colebrook, swamee_jain"),
        (lambda: suction.vapour_pressure(20.0, method="ideal"), "method.*raoult, water"),
        (lambda: surge.wave_speed(1e3, 2e9, 0.1, 3e-3, 2e11, support="none"), "support.*anchored, upstream, free"),
        (lambda: pipes.working_pressure(STEEL, joint="glued"), "joint.*welded, plain"),
        (lambda: COLD_PLATE.resistance(2e-5, fluid="pg30"), "fluid.*pg25, pg25_inhibited"),
        (lambda: dataclasses.replace(PLATE, hot_fluid="pg30"), "hot_fluid.*pg25, pg25_inhibited"),
    ],
)  # fmt: skip
def test_unknown_words_list_what_is_known(ask, known):
    with pytest.raises(ValueError, match=known):
        ask()


def test_ratings_that_are_no_numbers_are_refused_by_field():
    for rating in (PLATE, COLD_PLATE, PLATES, VESSEL):
        for field in dataclasses.fields(rating):
            usual = getattr(rating, field.name)
            if np.ndim(usual) == 0 and not isinstance(usual, str):
                with pytest.raises(ValueError, match=field.name):
                    dataclasses.replace(rating, **{field.name: NAN})


def test_an_infinite_exchanger_reaches_what_its_arrangement_can():
    assert exchanger.effectiveness(INF, 0.5) == 1.0
    assert exchanger.effectiveness(INF, 1.0) == 1.0
    assert exchanger.effectiveness(INF, 0.5, arrangement="parallel") == pytest.approx(2.0 / 3.0, rel=1e-15)


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("link_to", [1, 2.5, 0], r"link_to\[1\] is 2.5"),
        ("link_from", [0, NAN, 2], r"link_from\[1\] is nan"),
        ("fixed_node", ["a"], "fixed_node"),
        ("node_count", 2.5, "node_count is 2.5"),
    ],
)
def test_an_index_with_a_fraction_is_not_cut(field, value, told):
    ring = {
        "node_count": 3,
        "fixed_node": [0],
        "fixed_pressure": [1e5],
        "link_from": [0, 1, 2],
        "link_to": [1, 2, 0],
    }
    with pytest.raises(ValueError, match=told):
        network.solve(network.Problem(**ring | {field: value}, link_device_coefficient=1e4))  # fmt: skip
