"""Odd but legal layouts: every study answers or says why not, in finite numbers that documents and run folders can hold."""

from functools import cache
from math import isfinite

import numpy as np
import pytest

from twin.checks import judge
from twin.coupling import evaluate
from twin.documents import answer_document, to_json
from twin.layout.load import load_text
from twin.layout.mistakes import LayoutError
from twin.run import Inputs, Run
from twin.scenario import NORMAL, Scenario
from twin.studies import STUDIES
from twin.studies.continuity import ENDLESS

HALL = """
twin: 1
name: Odd
hall: {size: [14 m, 8 m, 4 m]}
catalogue:
  shelf: {kind: power_shelf, rating: 20 kW, efficiency: [[1 %, 100 %], [100 %, 100 %]], storage: 10 kJ, storage_power: 20 kW, source: assumed}
  training:
    like: enterprise_rack
    power: {idle: 2 kW, typical: 10 kW, maximum: 10 kW, peak: 11 kW}
    shelf: shelf
    accelerators: {name: A, count: 8, power: 1 kW}
    source: assumed
  battery: {kind: bess, rating: 500 kW, energy: 100 kWh, source: assumed}
  eco: {like: ups_250kw, mode: eco}
  bypass: {like: ups_250kw, mode: bypass}
  empty: {like: ups_250kw, battery: 0 J}
  ynd: {like: tx_1000kva, vector_group: YNd11}
  dd: {like: tx_1000kva, vector_group: Dd0}
  bare: {like: busway_1600a_415v, neutral: 0 %}
  converter: {kind: rectifier, rating: 500 kW, efficiency: [[10 %, 95 %], [100 %, 97 %]], source: assumed}
  dcbus: {like: busway_1600a_415v, dc: true, voltage: 800 V}
  dcrack: {like: training, dc: true, voltage: 800 V}
  frail: {like: tx_1000kva, reliability: {failures: 1000, repair: 1 year, maintenance: 365, maintenance_time: 1 year, demand_failure: 100 %}}
  eternal: {like: tx_1000kva, reliability: {failures: 0, repair: 1 s}}
  slow: {like: gen_1500kw, start_time: 1 year, fuel: 1 s, inertia: 1 us, load_step: 0.001 %, power_factor: 0.01}
  feeble: {like: gen_1500kw, rating: 1 W}
  latch: {like: ats_1600a, transfer_time: 1 day, withstand: 1 mA, interrupting: 1 mA}
pods: [{id: p, at: [2 m, 2 m], rows: [{id: s, face: south, lineup: [RACKS]}]}]
air: {crahs: [{id: c, type: crah_150kw, count: 2, supply: 22 degC}]}
liquid:
  plant: [{id: ch, type: chiller_ac_1200kw, count: 2}]
  pumps: [{id: chp, type: pump_25ls, count: 2}]
  loops: [{id: chw, source: ch, sinks: "kind:crah", pumps: chp, supply: 14 degC}]
"""  # noqa: E501
GRID = "  utility: {id: grid, voltage: 33 kV, capacity: 2 MVA}\n"
TX = "  transformers: [{id: tx, type: tx_1000kva, from: grid}]\n"
TWO = "  transformers: [{id: tx, type: tx_1000kva, from: grid, count: 2}]\n"
GEN = "  generators: [{id: gen, type: gen_1500kw}]\n"


def racks(source, more=""):
    return f'  whips: [{{to: "kind:rack", from: {source}, per_rack: 1, breaker: 63 A{more}}}]\n'


def parallel(ups, feeds="tx", boards="b"):
    """UPS side by side between two boards."""
    return (
        f"  switchboards: [{{id: b, type: swb_2000a, from: {feeds}, deal: common}},"
        f" {{id: o, type: swb_2000a, from: u, deal: common}}]\n  ups: [{{id: u, type: {ups}, from: {boards}, count: 3}}]\n"
    )


ODD = {
    "no power tree": "",
    "a grid that feeds nothing": GRID + TX,
    "a grid at 415 V": "  utility: {id: grid, voltage: 415 V, capacity: 1 MVA}\n" + racks("grid"),
    "generator only": GEN + racks("gen"),
    "generator beside an idle grid": GRID + GEN + racks("gen"),
    "generator and UPS without a grid": GEN
    + "  ups: [{id: u, type: ups_250kw, from: gen}]\n"
    + racks("u"),
    "BESS only": "  bess: [{id: b, type: battery}]\n" + racks("b"),
    "BESS behind a switch": GRID + TX + "  bess: [{id: b, type: battery}]\n"
    "  transfer_switches: [{id: t, type: ats_1600a, from: [tx, b]}]\n" + racks("t"),
    "two grids in parallel":
    "  utility: [{id: g1, voltage: 33 kV, capacity: 2 MVA}, {id: g2, voltage: 33 kV, capacity: 2 MVA}]\n"
    "  transformers: [{id: t1, type: tx_1000kva, from: g1}, {id: t2, type: dd, from: g2}]\n"
    "  switchboards: [{id: b, type: swb_2000a, from: [t1, t2], deal: common}]\n" + racks("b"),
    "UPS in eco mode in parallel": GRID + TWO + parallel("eco") + racks("o"),
    "UPS on bypass in parallel": GRID + TWO + parallel("bypass") + racks("o"),
    "UPS without a battery": GRID + TX + "  ups: [{id: u, type: empty, from: tx}]\n" + racks("u"),
    "a UPS without a load": GRID + TX + GEN + "  ups: [{id: u, type: ups_250kw, from: t, count: 2}]\n"
    "  transfer_switches: [{id: t, type: ats_1600a, from: [tx, gen]}]\n" + racks("u1"),
    "switches in series and crossed": GRID + TWO + GEN
    + "  transfer_switches: [{id: a, type: ats_1600a, from: [tx1, tx2]}, {id: b, type: ats_1600a, from: [tx2, a, gen]},"
    " {id: c9, type: ats_1600a, from: [b, a, tx1]}]\n" + racks("c9"),
    "a switch without inputs": GRID + TX + "  transfer_switches: [{id: t, type: ats_1600a}]\n" + racks("t"),
    "star and delta with racks on single phases": GRID + "  transformers: [{id: tx, type: ynd, from: grid}]\n"
    + racks("tx", ", poles: 1"),
    "a busway without a neutral under single phases": GRID + TX
    + '  busways: [{id: bw, type: bare, along: "row:*", from: tx}]\n' + racks("bw", ", poles: 1"),
    "one, two and three poles": GRID + TX + "  whips: [{to: p.s.01, from: tx, poles: 1, per_rack: 3, breaker: 16 A},"
    " {to: [p.s.02, p.s.03], from: tx, poles: 2, per_rack: 2}, {to: [p.s.04, p.s.05], from: tx, poles: 3}]\n",
    "racks on one cord of two": GRID + "  transformers: [{id: tx, type: tx_1000kva, from: grid, feeds: [A, B]}]\n"
    "  whips: [{to: [p.s.01, p.s.02], from: tx, feeds: [A], per_rack: 1},"
    " {to: p.s.03, from: tx, feeds: [A, B], per_rack: 2}]\n",
    "a fault level below the load": "  utility: {id: grid, voltage: 33 kV, capacity: 2 MVA, fault_level: 1 VA}\n" + TX
    + racks("tx"),
    "a smallest fault level above the usual largest":
    "  utility: {id: grid, voltage: 33 kV, capacity: 2 MVA, fault_level_min: 400 MVA}\n" + TX + racks("tx"),
    "machines that always fail": GRID + "  transformers: [{id: tx, type: frail, from: grid, count: 2}]\n"
    "  transfer_switches: [{id: t, type: ats_1600a, from: [tx1, tx2]}]\n" + racks("t"),
    "machines that never fail": GRID + "  transformers: [{id: tx, type: eternal, from: grid}]\n" + racks("tx"),
    "a generator that takes a year": GRID + TX + "  generators: [{id: gen, type: slow}]\n"
    "  transfer_switches: [{id: t, type: latch, from: [tx, gen]}]\n  ups: [{id: u, type: ups_250kw, from: t}]\n"
    + racks("u"),
    "a generator of a watt": GRID + TX + "  generators: [{id: gen, type: feeble}]\n"
    "  transfer_switches: [{id: t, type: ats_1600a, from: [tx, gen]}]\n" + racks("t"),
    "generators in parallel behind two switches": "  generators: [{id: gen, type: gen_1500kw, count: 2}]\n"
    "  transfer_switches: [{id: a, type: ats_1600a, from: [gen1]}, {id: b, type: ats_1600a, from: [gen2]}]\n"
    "  switchboards: [{id: o, type: swb_2000a, from: [a, b], deal: common}, {id: n, type: swb_2000a, from: gen2}]\n"
    "  whips: [{to: p.s.01, from: o, per_rack: 1}, {to: p.s.02, from: n, per_rack: 1}]\n",
    "UPS that carry nothing but rounding": GRID + TX + GEN + "  ups: [{id: u, type: bypass, from: tx}]\n" + racks("gen"),
    "no steady state": GRID + TX + racks("tx", ", length: 5 km, cable: whip_63a"),
}  # fmt: skip
"""Power trees by what is odd about them."""


def layout(power, lineup="6 x training", more=""):
    return HALL.replace("RACKS", lineup) + (f"power:\n{power}" if power else "") + more


@cache
def answered(text):
    facility = load_text(text)
    results = evaluate(facility, studies="quick")
    return facility, results, judge(facility, results)


def endless(value, path=()):
    """Places of numbers that no document can hold."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from endless(item, (*path, key))
    elif isinstance(value, list | tuple):
        for key, item in enumerate(value):
            yield from endless(item, (*path, key))
    elif isinstance(value, float) and not isfinite(value):
        yield path


def holds(text):
    """The answers of all studies, after the promises about them were checked."""
    facility, results, verdict = answered(text)
    for name, table in results.studies.items():
        for quantity, values in table.values.items():
            assert np.isfinite(values).all(), f"{name}.{quantity}"
    assert not list(endless({name: dict(answer) for name, answer in results.answers.items()}))
    to_json(answer_document(Run(facility, results, verdict, inputs=Inputs("odd.yaml"))))
    return results


@pytest.mark.parametrize("what", ODD)
def test_every_study_answers_in_finite_numbers(what):
    results = holds(layout(ODD[what]))
    assert results.settled[0] == (what != "no steady state")
    assert set(STUDIES) & set(results.answers) == (set(STUDIES) if results.settled[0] else set())


def test_no_studies_are_made_of_a_state_that_does_not_exist_and_that_is_said():
    _, results, verdict = answered(layout(ODD["no steady state"]))
    assert not results.studies and not set(STUDIES) & set(results.answers)
    assert verdict.status == "failed"
    assert any(found.code == "SOL-001" and "no steady state" in found.message for found in verdict.findings)


@pytest.mark.parametrize(
    ("lineup", "power"), [("1 x training", GRID + TX + racks("tx")), ("1 x training", "")]
)
def test_one_rack_is_a_hall(lineup, power):
    holds(layout(power, lineup))


def test_a_hall_without_racks_has_answers():
    power = GRID + TX + "  whips: [{to: [c, ch, chp], from: tx, per_rack: 1, breaker: 250 A}]\n"
    text = HALL.replace(
        "pods: [{id: p, at: [2 m, 2 m], rows: [{id: s, face: south, lineup: [RACKS]}]}]\n", ""
    )
    holds(text + "power:\n" + power)


def test_direct_current_everywhere():
    power = GRID + TX + "  rectifiers: [{id: r, type: converter, from: tx}]\n"
    power += '  busways: [{id: bw, type: dcbus, along: "row:*", from: r}]\n' + racks("bw", ", poles: 2")
    results = holds(layout(power, "6 x dcrack"))
    assert results.answers["faults"]["direct_current"] == 2


@pytest.mark.parametrize("order", [1, 4])
def test_searches_for_four_failures_on_a_small_hall(order):
    more = f"redundancy: {{order: {order}, goal: fault_tolerant}}\n"
    results = holds(layout(GRID + TWO + parallel("eco") + racks("o"), more=more))
    assert results.answers["redundancy"]["stands"]


@pytest.mark.parametrize(
    ("scenarios", "studied"),
    [
        ((NORMAL, NORMAL), True),
        ((Scenario(name="lost", failed=("tx",)), NORMAL), True),
        ((Scenario(name="lost", failed=("tx",)),), False),
    ],
)
def test_studies_start_from_the_normal_state_wherever_it_stands(scenarios, studied):
    facility = load_text(layout(GRID + TX + racks("tx")))
    results = evaluate(facility, scenarios, studies="quick")
    assert bool(results.answers) == studied
    judge(facility, results)


def test_a_store_without_a_load_lasts_as_long_as_is_told():
    _, results, _ = answered(layout(ODD["a UPS without a load"]))
    store = results.studies["store"]
    idle, loaded = store.index("u2"), store.index("u1")
    assert store["time"][idle] == store["time_worst"][idle] == ENDLESS
    assert store["time"][loaded] < ENDLESS
    assert results.answers["continuity"]["stores"]["what"] == "u1"


@pytest.mark.parametrize("what", ["generator only", "BESS only", "generator and UPS without a grid"])
def test_an_island_has_no_state_on_the_mains(what):
    _, results, _ = answered(layout(ODD[what]))
    assert results.answers["faults"]["states"] == ["on generators"]
    assert "on generators" in results.answers["faults"]["sentences"][0]


def test_the_largest_fault_level_is_never_below_the_smallest():
    """A grid of at least 400 MVA and a transformer of 1,000 kVA: 1.1 x 400 MVA at 33 kV bring 7.7 kA."""
    _, results, _ = answered(layout(ODD["a smallest fault level above the usual largest"]))
    fault = results.studies["fault"]
    assert fault["three_phase_max"][fault.index("grid")] == pytest.approx(
        400e6 / (np.sqrt(3) * 33e3), rel=0.02
    )
    assert results.studies["connection"]["ratio"][0] > 0


@pytest.mark.parametrize("what", ["a grid that feeds nothing", "machines that always fail"])
def test_a_network_that_carries_its_own_losses_alone_is_in_balance(what):
    """A transformer of 1.4 kW no-load loss: an error of some 1e-5 W is no finding."""
    _, results, verdict = answered(layout(ODD[what]))
    assert results.conservation["power"].max() < 1e-6
    assert "SOL-002" not in {found.code for found in verdict.findings}


def test_idle_racks_take_no_step_and_swing_nothing():
    results = holds(layout(GRID + TX + racks("tx"), more="workload: {power: idle}\n"))
    assert "swing" not in results.answers["continuity"]


def test_what_is_always_down_is_down_all_the_time():
    _, results, _ = answered(layout(ODD["machines that always fail"]))
    table = results.studies["reliability"]
    assert (table["availability"] >= 0.0).all() and (table["availability"] < 0.01).all()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("  utility: {id: grid, voltage: 33 kV, capacity: 2 MVA, fault_level: 1 MVA, fault_level_min: 2 MVA}\n",
         "fault_level_min exceeds fault_level"),
        (GRID + "redundancy: {order: 5}\n", "must be at most 4"),
        (GRID + "  transfer_switches: [{id: a, type: ats_1600a, from: [grid, b]}, {id: b, type: ats_1600a, from: a}]\n",
         "power runs in a ring"),
    ],
)  # fmt: skip
def test_mistakes_have_a_place(text, message):
    with pytest.raises(LayoutError) as caught:
        load_text(layout(text), name="odd.yaml")
    assert message in str(caught.value)
    assert all(mistake.line > 1 and mistake.column >= 1 for mistake in caught.value.mistakes)


@pytest.mark.parametrize(
    "entry",
    ["like: ups_250kw, efficiency: [[0 %, 50 %], [100 %, 96 %]]",
     "like: ups_250kw, efficiency: [[10 %, 0 %], [100 %, 96 %]]",
     "like: ups_250kw, walk_in: 5 kW", "like: gen_1500kw, inertia: 0 s", "like: gen_1500kw, inertia: 1 kg",
     "like: ats_1600a, withstand: 3 kW", "like: ats_1600a, withstand_time: 6 s", "like: tx_1000kva, tap: 3 V",
     "like: tx_1000kva, vector_group: Zz", "like: ups_250kw, front_end: 7-pulse",
     "like: tx_1000kva, reliability: {failures: 1001, repair: 1 h}",
     "like: tx_1000kva, reliability: {failures: 1, repair: 1 kW}"],
)  # fmt: skip
def test_wrong_values_of_products_have_a_place(entry):
    text = layout(GRID).replace("catalogue:\n", f"catalogue:\n  wrong: {{{entry}}}\n")
    with pytest.raises(LayoutError) as caught:
        load_text(text, name="odd.yaml")
    assert {mistake.line for mistake in caught.value.mistakes} == {6}
