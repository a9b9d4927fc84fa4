"""Single phases of a facility: halls of a few racks whose conductors can be worked out by hand, and the enterprise hall."""

from dataclasses import replace
from functools import cache
from pathlib import Path
from time import perf_counter
from unittest.mock import patch

import numpy as np
import pytest

from solvers.power.unbalanced import Feeder, solve
from twin.checks import judge
from twin.coupling import evaluate
from twin.layout import LayoutError
from twin.layout.load import load, load_text
from twin.studies import STUDIES
from twin.studies.phases import _Study, _triplen_share, phases
from twin.studies.phases_network import lower
from twin.studies.phases_transformer import current_turns

LAYOUTS = Path(__file__).parents[2] / "layouts"

HALL = """
twin: 1
name: Phases
hall: {{size: [14 m, 8 m, 4 m]}}
catalogue:
  my_rack:
    like: enterprise_rack
    power: {{idle: 2 kW, typical: 8 kW, maximum: 8 kW, peak: 9 kW}}
    voltage: {volts}
    power_factor: 1.0
    source: assumed
  my_busway: {{like: busway_800a_415v, rating: {rating}, resistance: {ohm}, reactance: 0 ohm/m, neutral: {neutral}}}
  my_panel: {{like: rpp_500kw, rating: 150 kW}}
  my_pdu: {{like: pdu_300kw_415, no_load_loss: 0 W}}
pods: [{{id: p, at: [2 m, 2 m], rows: [{{id: s, face: south, lineup: [{racks} x my_rack]}}]}}]
air: {{crahs: [{{id: c, type: crah_150kw, count: 2, supply: 22 degC}}]}}
liquid:
  plant: [{{id: ch, type: chiller_ac_1200kw, count: 2}}]
  pumps: [{{id: chp, type: pump_25ls, count: 2}}]
  loops: [{{id: chw, source: ch, sinks: "kind:crah", pumps: chp, supply: 14 degC}}]
power:
  utility: {{id: grid, voltage: 33 kV, capacity: 2 MVA}}
  transformers: [{{id: tx, type: tx_1000kva, from: grid}}]
  ups: [{{id: ups, type: ups_250kw, {sides}from: tx}}]
"""
BUSWAY = """
  busways: [{{id: bw, type: my_busway, along: "row:*", {sides}from: ups}}]
  whips: [{{to: "kind:rack", from: bw, {sides}per_rack: {circuits}, breaker: 63 A, {whip}}}]
"""
PANEL = """
  pdus: [{{id: pnl, type: {panel}, from: ups}}]
  whips: [{{to: "kind:rack", from: pnl, breaker: 63 A, {whip}}}]
"""
PHASE = 415.0 / np.sqrt(3.0)


def hall(whip: str, tail: str = BUSWAY, **changes: str) -> str:
    usual = {
        "racks": "3", "volts": "415 V", "rating": "800 A", "ohm": "0 ohm/m", "neutral": "100 %", "sides": "",
        "circuits": "1", "panel": "my_panel",
    }  # fmt: skip
    return (HALL + tail).format(**(usual | changes), whip=whip)


@cache
def solved(text: str, failures: bool = False):
    """Facility, results with this study alone, and what it started from."""
    kept = []

    def remember(basis):
        kept.append(basis)
        return phases(basis)

    facility = load_text(text, folder=str(LAYOUTS))
    with patch.dict(STUDIES, {"phases": remember}, clear=True):
        return facility, evaluate(facility, failures=failures, studies="quick"), kept[0]


def of(text: str, name: str, quantity: str, failures: bool = False, table: str = "phase") -> float:
    found = solved(text, failures)[1].studies[table]
    return float(found[quantity][found.index(name)])


def codes(text: str, failures: bool = False) -> dict[str, set[str]]:
    """Rule to the things that break it, of the rules of phases."""
    facility, results, _ = solved(text, failures)
    found: dict[str, set[str]] = {}
    for finding in judge(facility, results).findings:
        if finding.code.startswith("PHS"):
            found.setdefault(finding.code, set()).add(finding.subject)
    return found


def test_three_equal_circuits_on_a_b_and_c_leave_the_neutral_empty():
    text = hall("poles: 1")
    for quantity in ("current_a", "current_b", "current_c"):
        assert of(text, "bw.p.s", quantity) == pytest.approx(8000.0 / PHASE, rel=1e-9)
    assert of(text, "bw.p.s", "neutral_current") == 0.0
    assert of(text, "bw.p.s", "imbalance") == pytest.approx(0.0, abs=1e-9)
    assert of(text, "bw.p.s", "unbalance") == pytest.approx(0.0, abs=1e-9)
    assert codes(text) == {}


def test_their_third_harmonics_add_up_in_the_neutral_all_the_same():
    text = hall("poles: 1")
    harmonic = of(text, "bw.p.s", "neutral_harmonics")
    assert harmonic == pytest.approx(3.0 * _triplen_share() * 8000.0 / PHASE, rel=1e-9)
    assert 0.02 < _triplen_share() < 0.05
    assert of(text, "bw.p.s", "worst_neutral") == pytest.approx(harmonic)


def test_all_on_one_phase_load_the_neutral_with_the_phase_current():
    text = hall("poles: 1, phases: same", neutral="10 %")
    assert of(text, "bw.p.s", "current_a") == pytest.approx(3 * 8000.0 / PHASE, rel=1e-9)
    assert of(text, "bw.p.s", "neutral_current") == pytest.approx(of(text, "bw.p.s", "current_a"), rel=1e-12)
    assert of(text, "bw.p.s", "current_b") == of(text, "bw.p.s", "current_c") == pytest.approx(0.0, abs=1e-9)
    assert of(text, "bw.p.s", "imbalance") == pytest.approx(2.0)  # (3 - 1) / 1
    assert codes(text)["PHS-002"] == {"bw.p.s"}
    assert "PHS-002" not in codes(hall("poles: 1, phases: same"))


def test_a_busway_without_a_neutral_feeds_no_single_pole_but_line_to_line():
    assert codes(hall("poles: 1", neutral="0 %"))["PHS-002"] == {"bw.p.s"}
    assert codes(hall("poles: 2", neutral="0 %")) == {}


def test_line_to_line_circuits_add_as_phasors():
    """AB alone: I in A and B, none in C.  AB, BC and CA: sqrt(3) I in each."""
    current = 8000.0 / 415.0
    one = hall("poles: 2", racks="1")
    assert of(one, "bw.p.s", "current_a") == pytest.approx(current, rel=1e-9)
    assert of(one, "bw.p.s", "current_b") == pytest.approx(current, rel=1e-9)
    assert of(one, "bw.p.s", "current_c") == pytest.approx(0.0, abs=1e-9)
    two = hall("poles: 2", racks="2")  # AB and BC at unity: I_B = I_BC - I_AB, 120 degrees apart
    assert of(two, "bw.p.s", "current_b") == pytest.approx(np.sqrt(3.0) * current, rel=1e-9)
    three = hall("poles: 2")
    for quantity in ("current_a", "current_b", "current_c"):
        assert of(three, "bw.p.s", quantity) == pytest.approx(np.sqrt(3.0) * current, rel=1e-9)
    for text in (one, two, three):
        assert of(text, "bw.p.s", "neutral_current") == 0.0
        assert of(text, "bw.p.s", "neutral_harmonics") == 0.0


def test_voltage_across_a_circuit_is_the_root_of_a_quadratic():
    """Whip and neutral of the same size: V (E - V) = 2 r P.  A rack may also be rated for the voltage to neutral."""
    for volts in ("415 V", "240 V"):
        text = hall("poles: 1, cable: whip_63a, length: 30 m", racks="1", volts=volts)
        resistance, reactance = 2 * 30 * 1.017e-3, 2 * 30 * 0.1575e-3
        square = PHASE**2 - 2 * resistance * 8000.0
        expected = np.sqrt((square + np.sqrt(square**2 - 4 * (resistance**2 + reactance**2) * 8000.0**2)) / 2)
        nominal = 240.0 if volts == "240 V" else PHASE
        told = of(text, "p.s.01", "voltage_low", table="phase_load")
        # the coupling holds the power to 1e-8
        assert told == pytest.approx(expected / nominal, rel=1e-7)
        assert of(text, "p.s.01", "circuit_current", table="phase_load") == pytest.approx(
            8000.0 / expected, rel=1e-7
        )


@pytest.mark.parametrize("tail", [BUSWAY, PANEL])
@pytest.mark.parametrize("whip", ["poles: 1", "poles: 2, phases: [AB, AB, CA]", "poles: 1, phases: [C, A]"])
def test_powers_of_the_phases_sum_to_the_balanced_flow_but_for_losses(tail, whip):
    text = hall(f"{whip}, cable: whip_63a, length: 20 m", tail, racks="7", ohm="75 uohm/m", panel="my_pdu")
    _, results, basis = solved(text)
    solution = solve(lower(basis).problem)
    drawn = solution.source_power[0].sum()
    balanced = results["power"].at("ups", "power")
    assert float(solution.power_error[0]) < 1e-9
    racks = float(results["rack"]["power"][0].sum())
    assert solution.load_power[0].sum().real == pytest.approx(racks, rel=1e-7)
    assert drawn.real > racks and balanced > racks
    # losses are 1 % of the power; unevenness changes them by less than as much again
    assert drawn.real == pytest.approx(balanced, rel=0.01)


@pytest.mark.parametrize("whip", ["poles: 1, phases: [A, A, B]", "poles: 2, phases: [AB, BC]"])
def test_currents_at_the_head_are_those_of_the_solved_network(whip):
    """Added up from the loads over the transformer of the PDU, they are what the source of the network gives."""
    text = hall(f"{whip}, cable: whip_63a, length: 20 m", PANEL, panel="my_pdu", racks="5")
    _, _, basis = solved(text)
    network = lower(basis)
    given = np.abs(solve(network.problem).source_current[0])
    told = [of(text, "ups", f"current_{phase}") for phase in "abc"]
    np.testing.assert_allclose(told, given, rtol=1e-6)  # the tolerance of the solve is 1e-9 of 1 MVA
    assert of(text, "ups", "neutral_current") == 0.0
    assert (of(text, "pnl", "neutral_current") > 1.0) == (whip.startswith("poles: 1"))


@pytest.mark.parametrize("group", ["Dyn11", "Dyn1", "YNyn0", "YNd11", "YNd1", "Dd0"])
def test_currents_pass_a_transformer_as_in_the_solver(group):
    net = Feeder()
    net.bus("high", 11e3)
    net.bus("low", 415.0)
    net.source("high", 11e3)
    net.transformer("high", "low", group, (11e3, 415.0), 1e6, 0.005 + 0.05j)
    net.load("low", 90e3, 415.0, phases="ab", delta=True)
    net.load("low", 150e3, 415.0, phases="abc", delta=True)
    if group.endswith(("yn11", "yn1", "yn0")):
        net.load("low", 60e3, 240.0, phases="c")
    answer = solve(net.problem(), tolerance=1e-12)
    load = np.zeros(3, complex)
    for (one, two), amperes in zip(
        [(0, 1), (0, 1), (1, 2), (2, 0), (2, 3)], answer.load_current[0], strict=False
    ):
        load[one] += amperes
        if two < 3:
            load[two] -= amperes
    np.testing.assert_allclose(
        current_turns(group, 415.0 / 11e3) @ load, answer.source_current[0], atol=1e-6
    )  # [A]


def test_the_worst_loss_doubles_what_is_left():
    text = hall("poles: 1", sides="feeds: [A, B], ", circuits="2", racks="6")
    normal, worst = (
        of(text, "bw.A.p.s", quantity, failures=True) for quantity in ("current_a", "worst_current")
    )
    assert normal == pytest.approx(2 * 4000.0 / PHASE, rel=1e-6)
    assert worst == pytest.approx(2 * normal, rel=1e-6)
    assert of(text, "ups.B", "worst_current", failures=True) == pytest.approx(worst, rel=1e-6)


def test_a_full_phase_is_found_although_the_sum_is_within_the_rating():
    """24 kW on 415 V are 33 A in balance, 100 A in one phase: of a busway of 80 A."""
    even, bad = (hall(f"poles: 1, phases: {how}", rating="80 A") for how in ("balanced", "same"))
    assert solved(bad)[1]["power"].at("bw.p.s", "loading") < 0.5
    assert codes(even) == {}
    assert codes(bad)["PHS-004"] == {"bw.p.s"}
    assert codes(bad)["PHS-001"] == {"bw.p.s"}


def test_a_breaker_before_a_panel_is_judged_by_its_fullest_pole():
    text = hall("poles: 1, phases: same", PANEL, racks="6").replace(
        "from: ups}]", "from: ups, breaker: 250 A}]"
    )
    # 6 x 8 kW on 240 V are 200 A; a continuous load may take 80 % of 250 A
    assert of(text, "pnl", "breaker_loading") == pytest.approx(6 * 8000.0 / PHASE / 250.0, rel=1e-6)
    assert codes(text)["PHS-004"] == {"pnl"}
    assert "PHS-004" not in codes(text.replace("breaker: 250 A", "breaker: 250 A, rated_100: true"))


def test_unbalance_behind_a_transformer_is_its_impedance_times_the_negative_sequence():
    """One phase to neutral: I_2 = I / 3, so V_2 = |Z| I / 3."""
    text = hall("poles: 1", PANEL, panel="my_pdu", racks="1")
    facility, _, _ = solved(text)
    sheet = facility.by_id["pnl"].product
    ohm = sheet.impedance * sheet.voltage**2 / sheet.rating
    expected = ohm * of(text, "pnl", "current_a") / 3.0 / PHASE
    assert of(text, "pnl", "unbalance") == pytest.approx(expected, rel=0.02)  # V_1 is 1 % below nominal
    assert of(text, "ups", "unbalance") == pytest.approx(0.0, abs=1e-9)


def test_uneven_voltages_are_told():
    text = hall("poles: 1, phases: same, cable: whip_63a, length: 5 m", PANEL, panel="my_pdu", racks="10")
    worse = text.replace("like: pdu_300kw_415,", "like: pdu_300kw_415, impedance: 12 %,")
    assert "PHS-003" not in codes(text)
    assert codes(worse)["PHS-003"] == {"pnl"}


def test_a_layout_without_such_circuits_gives_nothing_and_costs_nothing():
    text = hall("poles: 3")
    _, results, basis = solved(text)
    assert not results.studies and results.answers["phases"] == {}
    basis.__dict__.pop("flow", None)
    begun = perf_counter()
    assert phases(basis) == ({}, {})
    assert perf_counter() - begun < 5e-3
    assert "flow" not in basis.__dict__
    assert codes(text) == {}


def test_phases_that_poles_cannot_have_are_a_mistake_at_their_place():
    for whip, message in (
        ("poles: 1, phases: AB", "a circuit of 1 pole cannot be on AB; allowed: A, B, C"),
        ("poles: 2, phases: [AB, C]", "a circuit of 2 poles cannot be on C; allowed: AB, BC, CA"),
        ("phases: A", "circuits of three poles have no phases to choose"),
        ("poles: 1, phases: D", "unknown value"),
        ("poles: 1, phases: []", "no phase is named"),
    ):
        with pytest.raises(LayoutError, match="power > whips > 0 > phases") as told:
            load_text(hall(whip))
        assert message in str(told.value)


def test_the_turn_in_which_phases_are_dealt_may_be_written():
    def dealt(whip: str) -> list[tuple[str, ...]]:
        facility = load_text(hall(whip, racks="4"))
        return [feed.phases for feed in facility.feeds if feed.to.startswith("p.s")]

    assert dealt("poles: 1") == dealt("poles: 1, phases: balanced") == [("A",), ("B",), ("C",), ("A",)]
    assert dealt("poles: 1, phases: [C, B]") == [("C",), ("B",), ("C",), ("B",)]
    assert dealt("poles: 2, phases: same") == [("AB",)] * 4
    assert dealt("poles: 2, phases: CA") == [("CA",)] * 4


def test_circuits_of_direct_current_have_no_phases():
    facility = load(LAYOUTS / "vera_rubin_800vdc.yaml")
    assert any(feed.poles == 2 for feed in facility.feeds)
    assert all(feed.phases == () for feed in facility.feeds)


@cache
def enterprise():
    return solved((LAYOUTS / "enterprise_hall.yaml").read_text(), True)


def test_the_enterprise_hall_deals_its_racks_in_turn_and_passes():
    facility, results, _ = enterprise()
    answer = results.answers["phases"]
    assert answer["loads"] == 54 and answer["unsolved"] == 0 and answer["states"] > 10
    assert answer["imbalance"] < 0.05
    assert len(answer["sentences"]) == 2
    assert [f.code for f in judge(facility, results).findings if f.code.startswith("PHS")] == []


def _catcher() -> str:
    text = (LAYOUTS / "redundancy_catcher.yaml").read_text()
    return text.replace('"type:gb300_*", from: bw,', '"type:gb300_*", from: bw, poles: 1,')


@pytest.mark.parametrize("name", ["enterprise_hall", "redundancy_catcher"])
def test_in_every_state_the_mean_of_the_phases_is_the_current_of_the_balanced_flow(name):
    """Modules in parallel, transfer switches that move to the catcher: 28 and 15 states, each solved by the coupling."""
    _, results, basis = enterprise() if name == "enterprise_hall" else solved(_catcher(), True)
    network = lower(basis)
    study = _Study(basis, network, solve(network.problem, method="injection"))
    machines = results.studies["phase"].ids
    bus = [basis.world.power.output[machine] for machine in machines]
    mean = np.abs(study.current[:, bus]).mean(axis=2)
    column = [results["power"].index(machine) for machine in machines]
    balanced = results["power"]["current"][np.ix_(network.rows, column)]
    if name == "redundancy_catcher":
        assert results.studies["phase"]["worst_current"][machines.index("catcher")] > 1000.0
    # the mean of voltages that differ by 0.1 %, and of magnitudes instead of phasors
    np.testing.assert_allclose(mean, balanced, rtol=2e-3, atol=0.1)


def test_the_compiled_sweep_tells_the_same():
    pytest.importorskip("numba")
    basis = enterprise()[2]
    with patch("twin.studies.phases.LARGE", 0):
        swept = phases(basis)[0]
    for name, table in phases(basis)[0].items():
        for quantity, values in table.values.items():
            # voltages agree to the tolerance of 1e-9, currents to that over the drop in a whip of 1e-2
            np.testing.assert_allclose(swept[name][quantity], values, rtol=1e-6, atol=1e-5, err_msg=quantity)


def test_a_hall_of_sixty_racks_is_answered_in_a_fraction_of_a_second():
    basis = enterprise()[2]
    begun = perf_counter()
    phases(basis)
    assert perf_counter() - begun < 2.0  # 0.05 s on an idle machine


def test_without_a_solution_it_says_so():
    """A thousand times the load over the whips: 8 MW through 0.06 ohm at 240 V, which no voltage delivers."""
    _, _, basis = solved(hall("poles: 1, cable: whip_63a, length: 30 m"))
    network = lower(basis)
    problem = replace(network.problem, load_power=network.problem.load_power * 1e3)
    with patch("twin.studies.phases.lower", return_value=replace(network, problem=problem)):
        tables, facts = phases(basis)
    assert tables == {} and facts["solved"] is False
    assert facts["sentences"][0].startswith("no solution of the single phases: ")


def test_sections_of_both_sides_are_apart():
    text = hall("poles: 1", sides="feeds: [A, B], ", circuits="2", racks="6")
    _, _, basis = solved(text, True)
    network = lower(basis)
    study = _Study(basis, network, solve(network.problem, method="injection"))
    gone = [row for row in network.rows if "ups.A" in basis.results.scenarios[row].failed]
    assert gone
    lane = network.rows.tolist().index(gone[0])
    bus = basis.world.power.output
    assert np.abs(study.current[lane, bus["bw.A.p.s"]]).max() == 0.0
    assert np.abs(study.current[lane, bus["bw.B.p.s"]]).min() > 0.0
