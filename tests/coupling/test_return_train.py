"""Plate exchangers between loops, users and coolers of heat in a return, rings, resets and staging, in one facility."""

import numpy as np
import pytest

from twin.coupling import evaluate
from twin.layout import load_text
from twin.model.language import Outdoor
from twin.scenario import Scenario

TEXT = """
twin: 1
name: New machines
site: {climate: golden}
hall: {size: [14 m, 8 m, 4 m]}
pods: [{id: p, at: [2 m, 2 m], rows: [{id: s, face: south, lineup: [cdu_1300kw, 6 x gb300_nvl72]}]}]
air: {crahs: [{id: c, type: crah_150kw, along: west, count: 2, supply: 22 degC, outdoor_air: true}], dew_point: 10 degC}
liquid:
  plant:
    - {id: ct, type: cooling_tower_2mw, count: 2}
    - {id: hx, type: plate_hx_1mw, count: 2}
    - {id: ts, type: thermosyphon_500kw, count: 1}
    - {id: tes, type: tank_50m3, count: 1}
    - {id: ch, type: chiller_ac_1200kw, count: 2}
  pumps: [{id: p1, type: pump_60ls, count: 2}, {id: p2, type: pump_60ls, count: 2}, {id: chp, type: pump_25ls, count: 2}]
  loops:
    - {id: cw, source: ct, sinks: hx, pumps: p1, supply: 22 degC, strainer: 20 kPa,
       reset: {by: wet_bulb, points: [[10 degC, 20 degC], [18 degC, 24 degC]]}}
    - {id: fws, source: hx, sinks: "kind:cdu", pumps: p2, supply: 30 degC, insulation: 25 mm, precool: ts, tanks: tes,
       mains: ring, reuse: [{id: pool, power: 100 kW, temperature: 30 degC}]}
    - {id: tcs, fluid: pg25, source: "kind:cdu", sinks: "type:gb300_*", supply: 35 degC, dew_point_margin: 2 K}
    - {id: chw, source: ch, sinks: "kind:crah", pumps: chp, supply: 14 degC, control: {hold: pressure, pressure: 80 kPa}}
power:
  utility: {id: grid, voltage: 415 V, capacity: 3 MVA}
  switchboards: [{id: swb, type: swb_4000a_415v, from: grid}]
  whips: [{to: ["type:gb300_*", "kind:crah", "kind:cdu", ch, chp, p1, p2, ct, ts], from: swb, per_rack: 2}]
"""


def states(text, *outdoors):
    named = tuple(
        Scenario(name=f"state {k}", outdoor=Outdoor(dry_bulb=d, wet_bulb=w))
        for k, (d, w) in enumerate(outdoors)
    )
    return evaluate(load_text(text), named)


@pytest.fixture(scope="module")
def hall():
    return states(TEXT, (33.0, 16.0), (5.0, 3.0))


def test_heat_is_conserved_through_exchanger_users_and_coolers(hall):
    assert all(hall.settled)
    assert hall.conservation["energy"].max() < 1e-8


def test_a_reset_gives_every_state_its_own_set_point(hall):
    assert hall["loop"].at("cw", "setpoint", 0) == pytest.approx(23.0)
    assert hall["loop"].at("cw", "setpoint", 1) == 20.0
    np.testing.assert_allclose(hall["loop"]["supply"], hall["loop"]["setpoint"], atol=1e-6)


def test_the_user_of_heat_leaves_less_for_the_plant():
    text = TEXT.replace(", precool: ts", "")
    none = states(
        text.replace("reuse: [{id: pool, power: 100 kW, temperature: 30 degC}]", "reuse: []"), (33.0, 16.0)
    )
    some = states(text, (33.0, 16.0))
    assert some["loop"].at("fws", "reuse") == pytest.approx(100e3)
    taken = none["plant"]["duty"][0, :2].sum() - some["plant"]["duty"][0, :2].sum()
    assert taken == pytest.approx(100e3, rel=0.01)  # pumps run a little slower


def test_the_thermosyphon_works_where_the_air_is_cold_enough(hall):
    towers = hall["plant"]["duty"][:, :2].sum(axis=1)
    assert towers[1] < 0.6 * towers[0]


def test_outdoor_air_relieves_the_coils_in_the_cold(hall):
    chillers = hall["plant"]["duty"][:, 2:4].sum(axis=1)
    assert chillers[0] > 50e3
    assert chillers[1] < 0.02 * chillers[0]  # the heat of the pumps, at a tenth of their load


def test_a_set_point_follows_the_dew_point_of_the_hall():
    wet = TEXT.replace("dew_point: 10 degC", "dew_point: 15 degC").replace(
        "supply: 35 degC, dew", "supply: 16 degC, dew"
    )
    wet = wet.replace("supply: 30 degC, precool", "supply: 12 degC, precool")
    results = states(wet, (5.0, 3.0))
    assert results["loop"].at("tcs", "setpoint") == 17.0


def test_pumps_hold_the_pressure_at_the_far_end_that_is_asked_for(hall):
    pump = hall["pump"]
    # the rise is that pressure and what the headers and coolers take on the way
    assert pump.at("chp1", "rise") > 80e3


def test_a_pressure_that_the_pumps_cannot_hold_shows_as_lacking_head(hall):
    assert hall["loop"].at("chw", "head_margin") > 0.0
    over = states(TEXT.replace("pressure: 80 kPa", "pressure: 900 kPa"), (33.0, 16.0))
    assert over["loop"].at("chw", "speed") == 1.0
    assert over["loop"].at("chw", "head_margin") < 0.0


def test_a_ring_needs_less_pressure_than_a_tree(hall):
    tree = states(TEXT.replace("mains: ring", "mains: tree"), (33.0, 16.0))
    assert hall["pump"].at("p21", "rise") <= tree["pump"].at("p21", "rise") + 1.0


def test_as_many_chillers_run_as_are_needed(hall):
    assert (hall["plant"]["power"][0, 2:4] > 0).sum() == 1


def test_pipes_lose_heat_to_the_hall_unless_they_are_not_told_of():
    bare = states(TEXT.replace("insulation: 25 mm, ", ""), (33.0, 16.0))
    wrapped = states(TEXT, (33.0, 16.0))
    for results in (bare, wrapped):
        assert results.conservation["energy"].max() < 1e-8
    lost = bare["plant"]["duty"][0].sum() - wrapped["plant"]["duty"][0].sum()
    assert 100.0 < lost < 5e3


def test_a_tower_that_stands_still_in_the_cold_draws_its_heaters():
    text = TEXT.replace(
        "type: cooling_tower_2mw, count: 2}", "type: cooling_tower_2mw, count: 2, stage: needed}"
    )
    plant = states(text.replace(", precool: ts", ""), (-7.0, -8.0), (10.0, 8.0))["plant"]
    # 9 kW at -18 degC, from 4 degC down: half of it at -7; the tower at work is warm
    assert plant.at("ct2", "power", 0) == pytest.approx(4.5e3)
    assert plant.at("ct2", "power", 1) == 0.0
    assert 0.0 < plant.at("ct1", "power", 0) < 1e3


SEVERAL = TEXT.replace("- {id: tes,", "- {id: dc, type: dry_cooler_2mw, count: 2}\n    - {id: tes,").replace(
    "ct, ts]", "ct, ts, dc]"
)


@pytest.fixture(scope="module")
def several():
    return states(
        SEVERAL.replace("precool: ts", "precool: [ts, dc]"), (33.0, 16.0), (20.0, 12.0), (-5.0, -6.0)
    )


def test_machines_of_several_types_take_heat_one_after_the_other(several):
    assert all(several.settled)
    assert several.conservation["energy"].max() < 1e-8
    plant = several["plant"]

    def at(name, column, row):
        return float(plant.at(name, column, row))

    for row in (1, 2):
        capacity = at("ts1", "flow", row) * 4180.0
        assert at("ts1", "flow", row) == pytest.approx(at("dc1", "flow", row) + at("dc2", "flow", row))
        passed = at("ts1", "leaving", row) - at("dc1", "leaving", row)
        both = at("dc1", "duty", row) + at("dc2", "duty", row)
        assert passed == pytest.approx(both / capacity, rel=2e-3, abs=1e-6)
        assert at("dc1", "duty", row) == pytest.approx(at("dc2", "duty", row))
    # in mild air the first is at its limit and the second takes the rest; in the cold the first needs no help
    assert at("ts1", "loading", 1) == pytest.approx(1.0)
    assert at("dc1", "duty", 1) > 50e3
    assert at("dc1", "duty", 2) < 0.2 * at("ts1", "duty", 2)


def test_the_first_named_is_met_first():
    one, other = (
        states(SEVERAL.replace("precool: ts", f"precool: [{order}]"), (-5.0, -6.0))
        for order in ("ts, dc", "dc, ts")
    )
    assert one["plant"].at("ts1", "duty") > 2.0 * other["plant"].at("ts1", "duty")
    assert one["plant"].at("dc1", "duty") < 0.5 * other["plant"].at("dc1", "duty")
