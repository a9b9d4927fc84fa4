"""Harmonics of front ends through the whole chain: closed forms on one feeder, limits kept and broken."""

from functools import cache

import numpy as np
import pytest

from solvers.power.harmonics import ACTIVE_FRONT_END, SIX_PULSE_WITH_CHOKE, total_distortion
from tests.studied import studied
from twin.checks import judge
from twin.layout.load import load_text
from twin.studies.front_ends import ORDERS, spectrum

HALL = """
twin: 1
name: Harmonics
hall: {{size: [14 m, 8 m, 4 m]}}
catalogue:
  my_rack:
    like: enterprise_rack
    power: {{idle: 2 kW, typical: 10 kW, maximum: 10 kW, peak: 11 kW}}
    source: assumed
  my_ups: {{like: ups_250kw, front_end: {front_end}}}
  other_ups: {{like: my_ups}}
  my_tx: {{like: tx_1000kva}}
  other_tx: {{like: tx_1000kva, vector_group: {group}}}
pods: [{{id: p, at: [2 m, 2 m], rows: [{{id: s, face: south, lineup: [10 x my_rack]}}]}}]
air: {{crahs: [{{id: c, type: crah_150kw, count: 2, supply: 22 degC}}]}}
liquid:
  plant: [{{id: ch, type: chiller_ac_1200kw, count: 2}}]
  pumps: [{{id: chp, type: pump_25ls, count: 2}}]
  loops: [{{id: chw, source: ch, sinks: "kind:crah", pumps: chp, supply: 14 degC}}]
power:
  utility: {{id: grid, voltage: 33 kV, capacity: 2 MVA, fault_level: {level}, fault_level_min: {level}, x_to_r: 10}}
"""
ONE = """
  transformers: [{id: tx, type: my_tx, from: grid}]
  generators: [{id: gen, type: gen_1500kw}]
  transfer_switches: [{id: ats, type: ats_1600a, from: [tx, gen]}]
  ups: [{id: ups, type: my_ups, from: ats}]
  whips: [{to: "kind:rack", from: ups, per_rack: 1, breaker: 63 A}]
"""
TWO = """
  transformers: [{id: txa, type: my_tx, from: grid}, {id: txb, type: other_tx, from: grid}]
  ups: [{id: upsa, type: my_ups, feeds: [A], from: txa}, {id: upsb, type: other_ups, feeds: [B], from: txb}]
  whips: [{to: "kind:rack", from: [upsa, upsb], feeds: [A, B], per_rack: 2, breaker: 63 A}]
"""
DIRECT = """
  transformers: [{id: tx, type: my_tx, from: grid}]
  switchboards: [{id: board, type: swb_2000a, from: tx}]
  whips: [{to: "kind:rack", from: board, per_rack: 1, breaker: 63 A}]
"""
DEFAULTS = {"front_end": "active", "level": "500 MVA", "group": "Dyn11"}


@cache
def solved(power=ONE, **values):
    facility = load_text(HALL.format(**{**DEFAULTS, **values}) + power)
    return facility, studied(facility, "harmonics")


def findings(power=ONE, **values):
    facility, results = solved(power, **values)
    return {(f.code, f.subject): f for f in judge(facility, results).findings if f.code.startswith("HAR")}


def at(results, table, name, quantity):
    found = results.studies[table]
    return float(found[quantity][found.index(name)])


@pytest.mark.parametrize("front_end", ["active", "6-pulse", "12-pulse", "18-pulse"])
def test_the_voltage_behind_the_transformer_is_impedance_times_current(front_end):
    """One feeder: V_h = |R + j h X| I_h, per unit of 1 MVA; no triplens pass a delta, here none find a way but to earth."""
    facility, results = solved(front_end=front_end)
    grid = 1 / 500 * (1 + 10j) / abs(1 + 10j)
    sheet = facility.by_id["tx"].product
    resistance = sheet.load_loss / sheet.rating
    winding = resistance + 1j * np.sqrt(sheet.impedance**2 - resistance**2)
    drawn = results["power"].at("ups", "power") + results["power"].at("ups", "loss")
    current = drawn / 1e6 / 0.99 / results["power"].at("tx", "voltage")
    z = np.array([winding if h % 3 == 0 else grid + winding for h in ORDERS])
    each = np.abs(z.real + 1j * ORDERS * z.imag) * current * np.abs(spectrum(front_end))
    assert at(results, "distortion", "tx", "thd") == pytest.approx(np.sqrt((each**2).sum()), rel=1e-6)
    assert at(results, "distortion", "tx", "largest") == pytest.approx(each.max(), rel=1e-6)


def test_the_demand_current_is_distorted_as_the_front_end_without_its_triplens():
    for front_end, table in (("active", ACTIVE_FRONT_END), ("6-pulse", SIX_PULSE_WITH_CHOKE)):
        _, results = solved(front_end=front_end)
        passing = [share for order, share in table.items() if order % 3]
        # the no-load loss of the transformer is part of the demand, 1.3 %
        assert at(results, "connection", "grid", "tdd") == pytest.approx(total_distortion(passing), rel=0.02)


def test_a_six_pulse_ups_on_a_weak_grid_breaks_the_limits_and_an_active_front_end_keeps_them():
    told = findings(front_end="6-pulse", level="2.5 MVA")
    assert told["HAR-001", "grid"].severity == "error"
    assert told["HAR-002", "grid"].severity == "error"
    assert told["HAR-002", "grid"].value > 0.3
    assert "IEEE Std 519" in told["HAR-002", "grid"].standard
    kept = findings(front_end="active", level="2.5 MVA")
    assert not [key for key in kept if key[0] in ("HAR-001", "HAR-002")]


def test_a_stronger_grid_is_distorted_less():
    """Behind a grid of a hundredth of the impedance, a hundredth of the voltage."""
    weak, strong = (solved(level=level)[1] for level in ("5 MVA", "500 MVA"))
    ratio = at(weak, "distortion", "grid", "thd") / at(strong, "distortion", "grid", "thd")
    assert ratio == pytest.approx(100.0, rel=0.01)  # the fundamental voltage behind it is the same to 1e-2


def test_two_transformers_of_groups_thirty_degrees_apart_cancel_the_fifth_and_seventh():
    alike, apart = (solved(TWO, front_end="6-pulse", group=group)[1] for group in ("Dyn11", "Dd0"))
    assert at(alike, "connection", "grid", "tdd") == pytest.approx(0.34, rel=0.03)
    rest = [share for order, share in SIX_PULSE_WITH_CHOKE.items() if order in (11, 13, 23, 25)]
    assert at(apart, "connection", "grid", "tdd") == pytest.approx(total_distortion(rest), rel=0.03)


def test_triplens_of_supplies_circulate_in_the_delta_and_do_not_reach_the_grid():
    _, results = solved(DIRECT)
    assert at(results, "connection", "grid", "tdd") < 0.03 < total_distortion(spectrum("supply"))
    # the loss factor counts them: they run in the windings
    orders = np.array([1, *ORDERS])
    current = np.array([1.0, *np.abs(spectrum("supply"))])
    factor = (orders**2 * current**2).sum() / (current**2).sum()
    # the no-load loss of the transformer is part of its fundamental current, 1.3 %
    assert at(results, "winding", "tx", "loss_factor") - 1 == pytest.approx(factor - 1, rel=0.03)
    assert results.answers["harmonics"]["neutral_share"] is None, "three poles have no current in the neutral"
    _, single = solved(DIRECT.replace("breaker: 63 A", "breaker: 63 A, poles: 1"))
    share = single.answers["harmonics"]["neutral_share"]
    triplens = np.sqrt(0.030**2 + 0.010**2 + 0.005**2)
    assert share == pytest.approx(
        3 * triplens / np.sqrt(1 + total_distortion(spectrum("supply")) ** 2), rel=1e-9
    )


def test_a_transformer_without_a_way_for_triplens_is_solved_without_them():
    text = DIRECT.replace("type: my_tx", "type: other_tx")
    _, results = solved(text, group="YNd11")
    assert at(results, "distortion", "tx", "thd") > 0.0


def test_on_generators_the_subtransient_reactance_makes_the_voltage():
    """X''d = 12 % on 1,875 kVA; the UPS draws the same currents."""
    facility, results = solved(front_end="6-pulse")
    sheet = facility.by_id["gen"].product
    size = sheet.subtransient_reactance * sheet.power_factor * 1e6 / sheet.rating
    z = size * (1 + 20j) / abs(1 + 20j)
    current = (results["power"].at("ups", "power") + results["power"].at("ups", "loss")) / 1e6 / 0.99
    each = np.abs(z.real + 1j * ORDERS * z.imag) * current * np.abs(spectrum("6-pulse"))
    told = at(results, "distortion", "ats", "thd_islanded")
    assert told == pytest.approx(np.sqrt((each**2).sum()), rel=1e-3)


def test_an_active_front_end_hardly_derates_a_transformer_and_six_pulses_do():
    active, bridge = (solved(front_end=kind)[1] for kind in ("active", "6-pulse"))
    assert 0.99 < at(active, "winding", "tx", "permissible") < 1.0
    assert at(bridge, "winding", "tx", "permissible") < 0.96
