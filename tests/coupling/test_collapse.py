"""A layout whose loads cannot be carried: the cable is named at its line, with the share of the loads that can be served."""

from __future__ import annotations

from dataclasses import replace
from math import floor

import numpy as np
import pytest

from solvers.power import Problem
from twin.checks import judge
from twin.coupling import evaluate, normal_state
from twin.layout.load import load_text
from twin.networks.power import PowerNetwork
from twin.results.store import load_run, save_run
from twin.scenario import NORMAL
from twin.studies import collapse as studied
from twin.studies.collapse import collapse

TEXT = """
twin: 1
name: Far away
hall: {{size: [14 m, 8 m, 4 m]}}
catalogue:
  my_rack:
    like: enterprise_rack
    power: {{idle: 20 kW, typical: 40 kW, maximum: 40 kW, peak: 40 kW}}
    voltage: 415 V
    power_factor: 0.9
    source: assumed
pods: [{{id: p, at: [2 m, 2 m], rows: [{{id: s, face: south, lineup: [2 x my_rack]}}]}}]
air: {{crahs: [{{id: c, type: crah_150kw, count: 2, supply: 22 degC}}]}}
liquid:
  plant: [{{id: ch, type: chiller_ac_1200kw, count: 2}}]
  pumps: [{{id: chp, type: pump_25ls, count: 2}}]
  loops: [{{id: chw, source: ch, sinks: "kind:crah", pumps: chp, supply: 14 degC}}]
power:
  utility: {{id: grid, voltage: 415 V, capacity: 2 MVA}}
  switchboards: [{{id: swb, type: swb_2000a, from: grid}}]
  whips:
    - {{to: p.s.01, from: swb, breaker: 63 A, cable: whip_63a, length: 20 m}}
    - {{to: p.s.02, from: swb, breaker: 63 A, cable: whip_63a, length: {length}}}
"""
LINE = 1 + next(i for i, line in enumerate(TEXT.splitlines()) if "to: p.s.02" in line)


def far(length: str):
    return load_text(TEXT.format(length=length))


def test_the_finding_names_the_feed_that_collapses_and_its_line():
    """One line from a stiff source: E^2 / (2 |Z| (1 + cos(arg Z - arg S))) is all that it carries."""
    facility = far("3 km")
    basis = normal_state(facility)
    feed = next(f for f in facility.feeds if f.to == "p.s.02")
    z = complex(feed.cable.resistance, feed.cable.reactance) * 3000.0
    s = basis.load[basis.world.power.loads.index("p.s.02")]
    margin = 415.0**2 / (2 * abs(z) * (1 + np.cos(np.angle(z) - np.angle(s)))) / abs(s)
    assert 0.1 < margin < 0.9
    answer = basis.results.answers["power"]
    assert answer["subject"] == "p.s.02.in"
    assert answer["margin"] == pytest.approx(margin, rel=1e-6)  # the nose is flat, it is met to that much

    verdict = judge(facility, evaluate(facility))
    first, *others = verdict.findings
    assert verdict.status == "failed"
    assert (first.code, first.subject, first.scenario, first.line) == ("SOL-001", "p.s.02.in", "normal", LINE)
    share = floor(1000 * margin) / 1000
    assert first.message == (
        f"no steady state: the loads can be served only up to {share:g} times: "
        "the voltage at p.s.02.in collapses"
    )
    assert "SOL-001" not in {f.code for f in others}  # states that fail beside it are counted with it
    assert first.count > 1


def test_a_cable_that_carries_it_says_nothing():
    results = evaluate(far("100 m"), (NORMAL,))
    assert all(results.settled) and "power" not in results.answers
    assert "SOL-001" not in {f.code for f in judge(far("100 m"), results).findings}


def test_the_answer_is_kept_with_the_results(tmp_path):
    facility = far("3 km")
    results = evaluate(facility, (NORMAL,))
    save_run(tmp_path, results, judge(facility, results))
    assert load_run(tmp_path)[0].answers == results.answers


def test_a_very_large_network_is_not_followed(monkeypatch):
    monkeypatch.setattr(studied, "LARGE", 1)
    facility = far("3 km")
    results = evaluate(facility, (NORMAL,))
    assert results.answers["power"] == {}
    first = judge(facility, results).findings[0]
    assert (first.subject, first.message) == ("site", "no steady state: power did not converge")


def network(base: PowerNetwork, problem: Problem, *names: str) -> PowerNetwork:
    """Two buses of these names, 1 p.u. of reactance between them."""
    nothing = np.zeros(0, np.intp)
    return replace(
        base, problem=problem, bus_names=names, loads=("r",), branch_names=("x 0",), feed_branch=nothing,
        output={"bw.A": 1, "tx.A": 1, "tx.B": 1}, source_owner=("tx.A", "tx.B"), converter_owner=(),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("bus", "subject"),
    [
        ("bw.A.tap p1.s.01", "bw.A"),
        ("tx.A + tx.B.common", "tx.A"),
        ("tx.B.out", "tx.B"),
        ("r.in", "r"),
        ("joint", ""),
    ],
)
def test_the_owner_of_a_bus_is_told(bus, subject):
    """P = E^2 / 2X at unity power factor: of 1 p.u. half is carried."""
    problem = Problem(
        1e6, np.array([400.0, 400.0]), branch_from=[0], branch_to=[1], branch_impedance=[1j],
        source_bus=[0], source_voltage=[1.0 + 0j], load_power=[1e6 + 0j], cord_load=[0], cord_bus=[1],
    )  # fmt: skip
    base = normal_state(far("20 m")).world.power
    answer = collapse(network(base, problem, "a.out", bus), np.array([1e6 + 0j]))
    assert answer["subject"] == subject
    assert answer["margin"] == pytest.approx(0.5, rel=1e-6)
    assert answer["sentences"][0].endswith(f" times: the voltage at {bus} collapses")


def test_two_sources_of_different_voltage_on_one_busbar_are_the_cause_and_not_the_loads():
    problem = Problem(
        1e6, np.array([400.0, 400.0]), branch_from=[0], branch_to=[1], branch_impedance=[0j],
        source_bus=[0, 1], source_voltage=[1.0 + 0j, 0.9 + 0j], load_power=[1e3 + 0j], cord_load=[0],
        cord_bus=[1],
    )  # fmt: skip
    base = normal_state(far("20 m")).world.power
    answer = collapse(network(base, problem, "a.out", "tx.B.out"), np.array([1e3 + 0j]))
    assert answer["margin"] is None and answer["subject"] == "tx.B"
    assert answer["sentences"][0].startswith("tx.B holds a busbar at 0.9")
