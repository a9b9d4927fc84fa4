"""Dry coolers beside chillers, free cooling, condenser water for economizers and pumps at part load, in one facility."""

from functools import cache

import numpy as np
import pytest

from solvers.plant import motors, pumps
from twin.checks import judge
from twin.coupling import evaluate, normal_state
from twin.layout import load_text
from twin.model.language import Outdoor
from twin.networks.facility import lower
from twin.networks.setpoints import setpoints
from twin.scenario import Scenario
from twin.studies.mains_vessel import vessel

TEXT = """
twin: 1
name: Two plants on one loop
site: {climate: dallas}
catalogue:
  ch_500: {like: chiller_ac_warm_1500kw, capacity: 500 kW, flow: 12 L/s, source: scaled}
hall: {size: [14 m, 8 m, 4 m]}
pods: [{id: p, at: [2 m, 2 m], rows: [{id: s, face: south, lineup: [cdu_1300kw, 6 x gb300_nvl72]}]}]
air: {crahs: [{id: c, type: crah_150kw, along: west, count: 2, supply: 24 degC}], dew_point: 10 degC}
liquid:
  plant:
    - {id: dry, type: dry_cooler_1mw, count: 3, spare: 1}
    - {id: ch, type: ch_500, count: 3, spare: 1}
  pumps: [{id: fwp, type: pump_25ls, count: 3}]
  loops:
    - {id: fws, source: [dry, ch], sinks: ["kind:cdu", c], pumps: fwp, supply: 20 degC, frost: drained}
    - {id: tcs, fluid: pg25, source: "kind:cdu", sinks: "kind:rack", supply: 30 degC}
power:
  utility: {id: grid, voltage: 415 V, capacity: 3 MVA}
  switchboards: [{id: swb, type: swb_4000a_415v, from: grid}]
  whips: [{to: ["kind:rack", "kind:crah", "kind:cdu", ch, dry, fwp], from: swb, per_rack: 2}]
"""
SERIES = TEXT.replace("source: [dry, ch]", "source: ch, precool: dry")
ALONE = TEXT.replace("source: [dry, ch]", "source: dry")
OUTDOORS = ((38.0, 24.0), (27.0, 18.0), (2.0, 0.0))


@cache
def hall(text, *outdoors):
    named = tuple(
        Scenario(name=f"state {k}", outdoor=Outdoor(dry_bulb=d, wet_bulb=w))
        for k, (d, w) in enumerate(outdoors or OUTDOORS)
    )
    return evaluate(load_text(text), named)


def of(results, group, quantity):
    table = results["plant"]
    return table[quantity][:, [k for k, name in enumerate(table.ids) if name.startswith(group)]]


def test_what_the_outdoors_warm_is_shut_and_chillers_hold_the_set_point():
    results = hall(TEXT)
    assert all(results.settled)
    np.testing.assert_allclose(results["loop"]["supply"][:, 0], 20.0, atol=1e-6)
    assert (of(results, "dry", "flow")[:2] == 0.0).all()
    assert (of(results, "dry", "power")[:2] == 0.0).all()
    assert (of(results, "dry", "loading")[:2] == 0.0).all()
    # as few chillers as carry it, not one
    assert ((of(results, "ch", "flow")[:2] > 0.0).sum(axis=1) == 2).all()


def test_chillers_rest_where_dry_coolers_carry_all():
    results = hall(TEXT)
    assert (of(results, "dry", "flow")[2] > 0.0).all()
    assert (of(results, "ch", "flow")[2] == 0.0).all()
    assert of(results, "ch", "power")[2].sum() == 0.0


def test_dry_coolers_too_few_for_all_hold_their_share_beside_chillers():
    sheet = "like: dry_cooler_1mw, capacity: 300 kW, flow: 7.3 L/s, air_flow: 28 m3/s, source: scaled"
    one = TEXT.replace("catalogue:\n", f"catalogue:\n  dry_300: {{{sheet}}}\n").replace(
        "type: dry_cooler_1mw, count: 3, spare: 1", "type: dry_300, count: 1"
    )
    air = ((9.0, 5.0),)
    results = hall(one, *air)
    assert all(results.settled)
    assert results["loop"]["supply"][0, 0] == pytest.approx(20.0, abs=1e-6)
    assert (of(results, "dry", "duty")[0] > 0.0).all() and (of(results, "ch", "duty")[0] > 0.0).all()


def test_in_the_return_they_help_at_outdoor_states_at_which_they_are_shut_beside_chillers():
    beside, behind = hall(TEXT), hall(SERIES)
    assert of(beside, "dry", "duty")[1].sum() == 0.0 < of(behind, "dry", "duty")[1].sum()
    assert of(behind, "ch", "power")[1].sum() < of(beside, "ch", "power")[1].sum()


def told(text):
    """What rules of plant say of each subject, a little above the set point outdoors."""
    verdict = judge(load_text(text), hall(text, (21.0, 15.0)))
    return {f.subject: f.message for f in verdict.findings if f.code in ("LIQ-013", "LIQ-014")}


def test_coolers_in_a_return_are_no_machines_at_their_limit():
    assert of(hall(SERIES), "dry", "loading")[0].max() <= 1.0 + 1e-9
    assert not any(name.startswith("dry") for name in told(SERIES))


def test_a_machine_without_room_is_told_in_words():
    found = told(ALONE)
    assert "cannot hold its set point at this outdoor state" in found["dry1"]
    assert "precool" not in found["dry1"]  # no chiller stands beside it
    assert not any("000" in message or "needed is 30" in message for message in found.values())


# -- condenser water for economizers -----------------------------------------------------------------------

WATER = """
twin: 1
name: Economizers
site: {climate: dallas}
catalogue: {wse: {like: chiller_wc_1500kw_wse, capacity: 400 kW, flow: 8.6 L/s, condenser_flow: 11.8 L/s, source: scaled}}
hall: {size: [14 m, 8 m, 4 m]}
pods: [{id: p, at: [2 m, 2 m], rows: [{id: s, face: south, lineup: [6 x h100_air]}]}]
air: {crahs: [{id: c, type: crah_150kw, along: west, count: 2, supply: 24 degC}], dew_point: 10 degC}
liquid:
  plant: [{id: ct, type: cooling_tower_2mw, count: 1}, {id: ch, type: wse, count: 2}]
  pumps: [{id: chp, type: pump_25ls, count: 2}, {id: cwp, type: pump_25ls, count: 2}]
  loops:
    - {id: chw, source: ch, sinks: "kind:crah", pumps: chp, supply: 16 degC}
    - {id: cw, source: ct, sinks: ch, pumps: cwp, supply: 32 degC}
power:
  utility: {id: grid, voltage: 415 V, capacity: 3 MVA}
  switchboards: [{id: swb, type: swb_4000a_415v, from: grid}]
  whips: [{to: ["kind:rack", "kind:crah", ch, ct, chp, cwp], from: swb, per_rack: 1}]
"""


def wanted(text, dry_bulb, wet_bulb):
    facility = load_text(text)
    world = lower(facility)
    weather = world.weather((Scenario(name="one", outdoor=Outdoor(dry_bulb=dry_bulb, wet_bulb=wet_bulb)),))
    return setpoints(facility, world.loops, weather)[0].tolist()


def test_condenser_water_has_the_layouts_set_point_where_economizers_can_use_none():
    # water of 16 degC comes back at 27 by the sheet: 5 K of the tower and 2 K of the plate leave room up to 20 degC wet bulb
    assert wanted(WATER, 35.0, 24.0) == [16.0, 32.0]
    assert wanted(WATER, 20.0, 15.0) == [16.0, 20.0]
    assert wanted(WATER, 5.0, 0.0) == [16.0, 14.0]


def test_the_results_tell_whose_set_point_is_lowered():
    assert any("condenser water of cw is run colder" in note for note in hall(WATER, (5.0, 0.0)).notes)
    assert not any("run colder" in note for note in hall(TEXT).notes)


def test_the_results_tell_of_machines_that_take_turns():
    assert any("fws" in note and "precool:" in note for note in hall(TEXT).notes)
    assert not any("precool:" in note for note in hall(SERIES).notes)


def test_an_economizer_that_is_open_costs_the_pumps_its_pressure():
    """Closed form: the evaporator's law and as much again at equal flow."""
    none_of_it = WATER.replace("capacity: 400 kW", "economizer_drop: 0 Pa, capacity: 400 kW")
    cold, none = (hall(text, (5.0, 0.0)) for text in (WATER, none_of_it))
    assert (of(cold, "ch", "free")[0] == 1.0).all()
    flow = of(cold, "ch", "flow")[0].max()
    np.testing.assert_allclose(of(none, "ch", "flow")[0].max(), flow, rtol=1e-6)
    more = cold["pump"].at("chp1", "rise") - none["pump"].at("chp1", "rise")
    density = cold["loop"].at("chw", "density")
    assert more == pytest.approx(60e3 * (flow / (8.6e-3 * density)) ** 2, rel=1e-3)


# -- pumps at part load ------------------------------------------------------------------------------------


def test_a_pump_draws_its_shaft_power_and_the_losses_of_its_drive():
    """Closed form from flow and rise; at a fiftieth of its load twice what constant efficiencies say."""
    results, sheet = hall(TEXT)["pump"], load_text(TEXT).by_id["fwp1"].product
    flow, rise, power = (results.at("fwp1", name) for name in ("flow", "rise", "power"))
    density = hall(TEXT)["loop"].at("fws", "density")
    rated = sheet.flow * sheet.head / sheet.efficiency
    duty = {"duty_flow": sheet.flow * density, "duty_rise": sheet.head, "efficiency": sheet.efficiency}
    shaft = pumps.shaft_power(flow, rise, density, **duty)
    loss = rated * motors.pump_drive_loss(shaft / rated, rated) * (1.0 / sheet.motor_efficiency - 1.0)
    assert power == pytest.approx(float(shaft + loss), rel=1e-6)
    constant = flow * rise / density / sheet.efficiency / sheet.motor_efficiency
    assert 1.5 * constant < power < 2.5 * constant


def test_constant_efficiencies_can_be_asked_for():
    even = "catalogue:\n  even: {like: pump_25ls, part_load: constant, source: same}\n"
    text = TEXT.replace("catalogue:\n", even).replace("type: pump_25ls", "type: even")
    results, sheet = hall(text, (38.0, 24.0)), load_text(text).by_id["fwp1"].product
    flow, rise, power = (results["pump"].at("fwp1", name) for name in ("flow", "rise", "power"))
    chain = sheet.efficiency * sheet.motor_efficiency * results["loop"].at("fws", "density")
    assert power == pytest.approx(flow * rise / chain, rel=1e-6)


def test_a_vessel_is_told_for_the_warmest_point_of_a_reset():
    text = WATER.replace(
        "supply: 16 degC", "supply: 90 degC, reset: {points: [[10 degC, 18 degC], [20 degC, 15 degC]]}"
    )
    basis = normal_state(load_text(text))
    assert basis is not None
    told = vessel(basis, 0)
    back = basis.results["loop"].at("chw", "return")
    assert told.warmest == pytest.approx(max(18.0, back), abs=1e-6)
