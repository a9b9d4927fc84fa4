"""The structure of what needs what never contradicts the solved states: rear doors, users of heat, coolers in a return."""

from functools import cache

import numpy as np
import pytest

from tests.coupling.test_return_train import TEXT as TRAIN
from tests.networks.test_rear_doors import LAYOUT as DOORS
from tests.studied import studied
from twin.layout import load_text
from twin.scenario import NORMAL, Scenario, single_failures

COLD = "outdoor: {dry_bulb: 5 degC, wet_bulb: 3 degC}"
FACILITIES = {
    "doors": DOORS,
    # doors that the room's air handlers cannot replace, and only one of these
    "doors, one air handler": DOORS.replace(
        "count: 2, spare: 1, supply: 24 degC", "count: 1, supply: 24 degC"
    ),
    "users and coolers": TRAIN.replace("{climate: golden}", f"{{climate: golden, {COLD}}}"),
    "users": TRAIN.replace("{climate: golden}", f"{{climate: golden, {COLD}}}").replace("precool: ts, ", ""),
    "coolant too warm": TRAIN.replace("supply: 35 degC", "supply: 50 degC"),
}


@cache
def solved(name):
    facility = load_text(FACILITIES[name])
    doors = tuple(Scenario(name=f"lose:{door.id}", failed=(door.id,)) for door in facility.doors)
    states = (NORMAL, *single_failures(facility), *doors)
    return facility, studied(facility, "redundancy", "reliability", scenarios=states)


@pytest.mark.parametrize("name", FACILITIES)
def test_single_losses_of_the_structure_are_those_of_the_solved_states(name):
    _, results = solved(name)
    parts, racks = results.studies["part"], results["rack"]
    whole = (racks["served"] > 0.5) & (racks["throttle"] > 0.999 * racks["throttle"][0])
    compared = 0
    for row, scenario in enumerate(results.scenarios):
        if len(scenario.failed) == 1 and results.settled[row]:
            lost = parts["racks_lost"][parts.index(scenario.failed[0])]
            assert lost == np.count_nonzero(~whole[row]), scenario.name
            compared += 1
    assert compared > 8
    assert results.answers["redundancy"]["stands"] is True


def test_the_room_takes_the_heat_of_a_door_that_is_out_and_nobody_that_of_lost_chilled_water():
    facility, results = solved("doors")
    parts = results.studies["part"]
    assert all(parts["racks_lost"][parts.index(door.id)] == 0 for door in facility.doors)
    assert parts["pair_racks_lost"][parts.index("chp1")] == 4


def test_racks_that_are_throttled_with_nothing_lost_are_told():
    _, results = solved("coolant too warm")
    told = results.answers["redundancy"]
    assert results["rack"]["throttle"][0].min() < 0.99
    assert told["throttled_in_normal_state"] == 6
    assert "proven" not in told["sentences"][0]
