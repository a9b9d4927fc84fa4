"""Loss of the utility through the whole chain, on small layouts whose numbers can be checked by hand."""

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from tests.studied import studied
from twin.checks import judge
from twin.coupling import evaluate
from twin.layout.load import load, load_text
from twin.networks.facility import lower
from twin.networks.fidelity import effort
from twin.studies.basis import Basis
from twin.studies.outage import BASE, HARD, IDLE, NOW, PEAK, RUN, Outage

LAYOUTS = Path(__file__).parents[2] / "layouts"

HALL = """
twin: 1
name: Continuity
hall: {{size: [14 m, 8 m, 4 m]}}
catalogue:
  my_shelf:
    kind: power_shelf
    rating: 20 kW
    efficiency: [[1 %, 100 %], [100 %, 100 %]]
    storage: {storage}
    storage_power: 20 kW
    source: assumed
  my_rack:
    like: enterprise_rack
    power: {{idle: 2 kW, typical: 10 kW, maximum: 10 kW, peak: 11 kW}}
    shelf: my_shelf
    accelerators: {{name: A, count: 8, power: 1 kW}}
    source: assumed
  my_ups:
    like: ups_250kw
    battery: {battery}
    discharge_efficiency: 85.5 %
    mode: {mode}
  my_gen: {{like: gen_1500kw, rating: {rating}, fuel: {fuel}, start_time: {start}}}
  my_bess: {{kind: bess, rating: 500 kW, energy: 100 kWh, source: assumed}}
  my_sts: {{like: sts_800a, transfer_time: 6 ms}}
  my_ats: {{like: ats_1600a, transfer_time: 100 ms}}
pods: [{{id: p, at: [2 m, 2 m], rows: [{{id: s, face: south, lineup: [10 x my_rack]}}]}}]
air: {{crahs: [{{id: c, type: crah_150kw, count: 2, supply: 22 degC}}]}}
liquid:
  plant: [{{id: ch, type: chiller_ac_1200kw, count: 2}}]
  pumps: [{{id: chp, type: pump_25ls, count: 2}}]
  loops: [{{id: chw, source: ch, sinks: "kind:crah", pumps: chp, supply: 14 degC}}]
power:
  utility: {{id: grid, voltage: 33 kV, capacity: 2 MVA}}
"""
WITH_UPS = """
  transformers: [{id: tx, type: tx_1000kva, from: grid}]
  generators: [{id: gen, type: my_gen}]
  transfer_switches: [{id: ats, type: my_ats, from: [tx, gen]}]
  ups: [{id: ups, type: my_ups, from: ats}]
  whips: [{to: "kind:rack", from: ups, per_rack: 1, breaker: 63 A}]
"""
WITHOUT_UPS = """
  transformers: [{id: tx, type: tx_1000kva, from: grid}]
  generators: [{id: gen, type: my_gen}]
  transfer_switches: [{id: ats, type: my_ats, from: [tx, gen]}]
  whips: [{to: "kind:rack", from: ats, per_rack: 1, breaker: 63 A}]
"""
TWO_TRANSFORMERS = """
  transformers: [{{id: txa, type: tx_1000kva, from: grid}}, {{id: txb, type: tx_1000kva, from: grid}}]
  transfer_switches: [{{id: switch, type: {switch}, from: [txa, txb]}}]
  whips: [{{to: "kind:rack", from: switch, per_rack: 1, breaker: 63 A}}]
"""
DEFAULTS = {
    "storage": "0 J",
    "battery": "10 kWh",
    "rating": "500 kW",
    "fuel": "24 h",
    "start": "10 s",
    "mode": "double_conversion",
}


@cache
def solved(power=WITH_UPS, more="", **values):
    facility = load_text(HALL.format(**{**DEFAULTS, **values}) + power + more)
    return facility, studied(facility, "continuity")


def findings(power=WITH_UPS, more="", **values):
    facility, results = solved(power, more, **values)
    return {(f.code, f.subject): f for f in judge(facility, results).findings if f.code.startswith("CON")}


def at(table, name, quantity):
    return float(table[quantity][table.index(name)])


# -- batteries -------------------------------------------------------------------------------------------


def test_a_battery_of_10_kwh_at_100_kw_lasts_what_the_formula_says():
    """36 MJ x 0.855 / 100 kW = 307.8 s; nothing is lost between UPS and racks."""
    _, results = solved()
    store = results.studies["store"]
    assert at(store, "ups", "load") == pytest.approx(100e3, rel=1e-9)
    assert at(store, "ups", "time") == pytest.approx(307.8, rel=1e-9)


def test_the_gap_is_the_start_the_transfer_and_half_of_the_walk_in():
    """3 s to confirm, 10 s to start, 0.1 s to transfer, half of 10 s."""
    _, results = solved()
    assert at(results.studies["store"], "ups", "gap") == pytest.approx(18.1, rel=1e-12)
    _, slow = solved(start="45 s")
    assert at(slow.studies["store"], "ups", "gap") == pytest.approx(53.1, rel=1e-12)


def test_a_battery_that_is_too_small_is_named():
    """0.4 kWh last 12.3 s."""
    told = findings(battery="0.4 kWh")
    assert told["CON-001", "ups"].severity == "error"
    assert told["CON-001", "ups"].value == pytest.approx(12.312, rel=1e-9)
    assert "12.3 s" in told["CON-001", "ups"].message
    assert ("CON-001", "ups") not in findings()


def test_the_limit_gives_way_to_the_designer():
    why = "override: [{rule: CON-001, min: 10 s, reason: the set starts within seven seconds}]\n"
    assert ("CON-001", "ups") not in findings(battery="0.4 kWh", more=why)


def test_without_a_generator_the_battery_time_is_all_there_is():
    alone = WITH_UPS.replace("  generators: [{id: gen, type: my_gen}]\n", "").replace("[tx, gen]", "[tx]")
    _, results = solved(alone)
    store = results.studies["store"]
    assert at(store, "ups", "relieved") == 0.0
    assert at(store, "ups", "time") == pytest.approx(307.8, rel=1e-9)
    assert any("308 s" in s and "no generator" in s for s in results.answers["continuity"]["sentences"])
    assert not [code for code, _ in findings(alone) if code in ("CON-001", "CON-002")]


def test_a_limit_of_the_designer_may_be_on_the_battery_time():
    facility, results = solved(more="limits: [{what: store.time, min: 10 min}]\n")
    told = [f for f in judge(facility, results).findings if f.code == "LIM-001"]
    assert [(f.subject, f.severity) for f in told] == [("ups", "error")]


@pytest.mark.parametrize("factor", [0.5, 2.0, 3.0])
def test_time_is_proportional_to_the_battery_and_the_gap_does_not_care(factor):
    _, one = solved()
    _, other = solved(battery=f"{10 * factor} kWh")
    assert at(other.studies["store"], "ups", "time") == pytest.approx(
        factor * at(one.studies["store"], "ups", "time"), rel=1e-12
    )
    assert at(other.studies["store"], "ups", "gap") == at(one.studies["store"], "ups", "gap")


# -- transfers -------------------------------------------------------------------------------------------


def test_racks_on_an_ats_without_ups_see_the_start_of_the_generator():
    told = findings(WITHOUT_UPS)
    assert told["CON-003", "p.s.01"].severity == "error"
    assert told["CON-003", "p.s.01"].value == pytest.approx(13.1, rel=1e-12)
    assert len([code for code, _ in told if code == "CON-003"]) == 10


def test_a_static_switch_between_two_live_sources_is_ridden_through_and_an_automatic_one_is_not():
    fast, slow = (solved(TWO_TRANSFORMERS.format(switch=s)) for s in ("my_sts", "my_ats"))
    assert at(fast[1].studies["input"], "p.s.01", "transfer") == pytest.approx(6e-3, rel=1e-12)
    assert at(slow[1].studies["input"], "p.s.01", "transfer") == pytest.approx(0.1, rel=1e-12)
    # 20 ms at 20 kW are 40 ms at 10 kW
    assert at(fast[1].studies["input"], "p.s.01", "hold_up") == pytest.approx(0.04, rel=1e-9)
    assert ("CON-003", "p.s.01") not in findings(TWO_TRANSFORMERS.format(switch="my_sts"))
    assert ("CON-003", "p.s.01") in findings(TWO_TRANSFORMERS.format(switch="my_ats"))


def test_stores_in_the_racks_bridge_a_slow_transfer():
    """Half of 20 kJ carries 10 kW for a second."""
    power = TWO_TRANSFORMERS.format(switch="my_ats")
    _, results = solved(power, storage="20 kJ")
    assert at(results.studies["input"], "p.s.01", "hold_up") == pytest.approx(1.04, rel=1e-9)
    assert ("CON-003", "p.s.01") not in findings(power, storage="20 kJ")


def test_behind_a_ups_nothing_is_seen():
    _, results = solved()
    table = results.studies["input"]
    for quantity in ("transfer", "gap"):
        assert np.all(table[quantity] == 0.0)


def test_a_ups_on_bypass_holds_nothing():
    told = findings(mode="bypass")
    assert told["CON-003", "p.s.01"].value == pytest.approx(13.1, rel=1e-12)
    assert "store" not in solved(mode="bypass")[1].studies


def test_a_static_switch_moves_over_when_the_switch_above_it_waits_for_its_generator():
    """Racks see its 6 ms, not the 13.1 s of the generator; when the utility is lost they see those."""
    _, results = solved(
        """
  transformers: [{id: txa, type: tx_1000kva, from: grid}, {id: txb, type: tx_1000kva, from: grid}]
  generators: [{id: gen, type: my_gen}]
  transfer_switches:
    - {id: ats, type: my_ats, from: [txa, gen]}
    - {id: sts, type: my_sts, from: [ats, txb]}
  whips: [{to: "kind:rack", from: sts, per_rack: 1, breaker: 63 A}]
"""
    )
    assert at(results.studies["input"], "p.s.01", "transfer") == pytest.approx(6e-3, rel=1e-12)
    assert at(results.studies["input"], "p.s.01", "gap") == pytest.approx(13.1 + 6e-3, rel=1e-12)


def test_two_cords_on_separate_switches_see_neither_transfer():
    sides = WITHOUT_UPS.replace("id: ats, type: my_ats", "id: ats, type: my_ats, feeds: [A, B]")
    sides = sides.replace("from: ats, per_rack: 1", "from: ats, feeds: [A, B], per_rack: 2")
    _, results = solved(sides)
    assert at(results.studies["input"], "p.s.01", "transfer") == 0.0
    assert at(results.studies["input"], "p.s.01", "gap") == pytest.approx(13.1, rel=1e-12)


def test_a_bess_bridges_until_the_generator_runs():
    """It is there after 0.1 s, its switch 0.1 s later; the generator relieves it after 13.1 s."""
    both = WITH_UPS.replace("[tx, gen]", "[tx, bess, gen]").replace(
        "  generators:", "  bess: [{id: bess, type: my_bess}]\n  generators:"
    )
    _, results = solved(both)
    store = results.studies["store"]
    assert at(store, "bess", "gap") == pytest.approx(13.1, rel=1e-12)
    assert at(store, "ups", "gap") == pytest.approx(0.2 + 5.0, rel=1e-12)
    load = results["power"].at("bess", "power", results.scenario_index("lose:grid"))
    assert at(store, "bess", "time") == pytest.approx(3.6e8 / load, rel=1e-3)


# -- generators ------------------------------------------------------------------------------------------


def test_fuel_lasts_in_inverse_proportion_to_the_load():
    _, results = solved(fuel="2 h")
    sets = results.studies["genset"]
    load = results["power"].at("gen", "power", results.scenario_index("lose:grid"))
    assert at(sets, "gen", "load") == pytest.approx(load, rel=1e-9)
    assert at(sets, "gen", "fuel_time") == pytest.approx(2 * 3600 * 500e3 / load, rel=1e-9)
    assert findings(fuel="2 h")["CON-005", "gen"].severity == "error"
    assert ("CON-005", "gen") not in findings()


def test_racks_without_a_ups_are_a_step_for_the_generator_and_a_ups_is_none():
    _, hard = solved(WITHOUT_UPS)
    _, soft = solved()
    load = at(hard.studies["genset"], "gen", "load")
    assert at(hard.studies["genset"], "gen", "block_step") == pytest.approx(load / 500e3, rel=1e-9)
    assert at(soft.studies["genset"], "gen", "block_step") == 0.0
    assert ("CON-004", "gen") in findings(WITHOUT_UPS, rating="150 kW")


def test_a_weak_generator_leaves_its_class_and_storage_in_the_racks_keeps_it():
    """From 20 to 110 kW on 130 kW: 70 % at once; 100 kJ a rack stretch it to eleven seconds."""
    _, weak = solved(rating="130 kW")
    _, stored = solved(rating="130 kW", storage="100 kJ")
    told = findings(rating="130 kW")
    assert told["CON-006", "gen"].severity == "warning"
    assert at(weak.studies["genset"], "gen", "job_step") == pytest.approx(
        90 / 130, rel=0.05
    )  # losses, rounding
    assert at(weak.studies["genset"], "gen", "frequency_drop") > 0.07
    assert ("CON-006", "gen") not in findings(rating="130 kW", storage="100 kJ")
    sets = stored.studies["genset"]
    assert at(sets, "gen", "frequency_drop") < 0.01
    assert at(sets, "gen", "frequency_drop_bare") == at(weak.studies["genset"], "gen", "frequency_drop")
    assert ("CON-006", "gen") not in findings()


def test_a_generator_that_is_far_too_small_trips():
    assert findings(rating="80 kW")["CON-008", "gen"].severity == "error"
    assert ("CON-008", "gen") not in findings(rating="130 kW")


def test_sets_in_parallel_wait_for_each_other_before_they_take_a_load_that_one_cannot():
    """The second one closes 5 s after the first."""
    two = WITH_UPS.replace(
        "[{id: gen, type: my_gen}]", "[{id: gen, type: my_gen, count: 2}]\n  switchboards: [{id: gsb, type: swb_2000a, "
        "from: gen, deal: common}]",
    ).replace("[tx, gen]", "[tx, gsb]")  # fmt: skip
    _, enough = solved(two, rating="130 kW")
    _, small = solved(two, rating="80 kW")
    assert at(enough.studies["store"], "ups", "gap") == pytest.approx(18.1, rel=1e-12)
    assert at(small.studies["store"], "ups", "gap") == pytest.approx(23.1, rel=1e-12)


# -- invariants ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["first_hall", "redundancy_2n", "redundancy_4n3", "redundancy_catcher"])
def test_what_the_generators_carry_adds_up_to_racks_and_motors(name):
    """Whatever the switches do: nothing is counted twice, nothing is left out."""
    outage = Outage(basis(name))
    carried = np.sum([outage.drawn(s) for group in outage.groups for s in group.switches], axis=0)
    fed = {feed.to for feed in outage.basis.facility.feeds}
    motors = sum(watts for machine, watts in outage.motors.items() if machine in fed)
    assert carried[NOW] == pytest.approx(sum(outage.racks.values()) + motors, rel=1e-9)
    assert carried[NOW] == pytest.approx(carried[BASE] + carried[RUN], rel=1e-9)
    assert 0.0 < carried[IDLE] < carried[RUN] < carried[PEAK]
    assert carried[HARD] == 0.0


@cache
def basis(name):
    facility = load(LAYOUTS / f"{name}.yaml")
    return Basis(lower(facility, effort(facility, "zonal", 1)), evaluate(facility), 0, np.zeros(0, complex))


def test_what_is_told_is_plain_and_finite():
    for answer in (solved()[1].answers["continuity"], solved(WITHOUT_UPS)[1].answers["continuity"]):
        assert json.loads(json.dumps(answer, allow_nan=False)) == answer
        assert answer["sentences"]
