"""The engine: margins, worst states, sentences, places, waivers."""

from __future__ import annotations

import time

import numpy as np
import pytest

from twin.checks import RULES, Assessment, check, check_placement, grouped, judge, rules_table
from twin.checks.cases import collect
from twin.checks.rules import Rule
from twin.checks.states import restricted
from twin.checks.wording import sentence
from twin.cli.printing import margin_text
from twin.model.base import Mark
from twin.model.language import Outdoor, Waiver
from twin.scenario import NORMAL, Scenario

STATES = (NORMAL, Scenario(name="lose:a", failed=("a",)), Scenario(name="lose:b", failed=("b",)))


def cases(values, limit, sense="max", dimension="power", where=None, **rule):
    fields = {
        "severity": "error",
        "after_failure": "error",
        "stage": "solved",
        "during": "any",
        "unsettled": False,
    } | rule
    made = Rule("TST-001", "title", "standard", "", function=lambda *_: iter(()), **fields)
    subjects = tuple(f"x{i}" for i in range(np.shape(values)[-1]))
    broken, passed, nearest = [], [], {}
    item = Assessment(subjects, np.array(values, dtype=float), limit, sense, dimension, "thing", where)
    collect(made, [item], STATES, broken, passed, nearest)
    assert (
        set(nearest) >= {case.assessment.subjects[case.column] for case in (*broken, *passed)}
        or dimension == "flag"
    )
    for case in (*broken, *passed):
        if dimension != "flag":
            assert nearest[case.assessment.subjects[case.column]] <= (case.margin, "TST-001")
    return {case.assessment.subjects[case.column]: case for case in broken}, passed


def test_a_healthy_design_passes_every_rule(facility, results):
    verdict = judge(facility, results)
    assert [f.message for f in verdict.findings] == []
    assert (verdict.status, verdict.verdict) == ("solved", "pass")
    solved = {code for code, rule in RULES.items() if rule.stage != "study"}
    assert {f.code for f in verdict.margins} >= solved - {
        "LIM-001", "PWR-006", "PWR-011", "PWR-020", "PWR-023", "PWR-035", "PWR-036", "PWR-037",
        "GEO-007", "LIQ-036", "AIR-012",
    }  # fmt: skip
    assert all(f.severity == "info" and f.margin >= -1e-9 for f in verdict.margins)
    margins = [f.margin for f in verdict.margins]
    assert margins == sorted(margins)


@pytest.mark.parametrize(
    ("value", "dimension", "margin", "words"),
    [
        (-437.8e3, "pressure", -4.378, "-438 kPa"),
        (20e3, "pressure", 0.2, "+20 kPa"),
        (-0.094, "fraction", -0.094, "-9.4 %"),
        (-0.25, "length", -0.25, "-250 mm"),
    ],
)
def test_the_distance_from_a_limit_of_zero_is_told_in_its_own_unit(value, dimension, margin, words):
    """A share of nothing is no number anybody can read."""
    broken, passed = cases([[value]] * 3, 0.0, sense="min", dimension=dimension)
    case = (*broken.values(), *passed)[0]
    assert case.margin == pytest.approx(margin, rel=1e-12)
    assert margin_text(case.margin, dimension, 0.0) == words


def test_states_with_nothing_lost_are_judged_as_the_normal_one_on_every_design_day():
    """A rule that is milder after a failure is not milder because the air is humid."""
    day = Scenario(name="evaporation day", outdoor=Outdoor(dry_bulb=30, wet_bulb=25), day="evaporation")
    lost = Scenario(name="lose:x", failed=("y",))
    assessment = Assessment(("x0",), np.array([[0.5], [2.0], [3.0]]), 1.0, "max", "power", "thing")
    rule = Rule(
        "TST-001", "title", "", "", "error", "warning", "solved", "any", False, lambda *_: iter(())
    )  # fmt: skip
    broken: list = []
    collect(rule, [assessment], (NORMAL, day, lost), broken, [], {})
    assert [(case.scenario.name, case.severity) for case in broken] == [("evaporation day", "error")]


def test_codes_are_unique_and_every_rule_has_a_standard():
    assert len(RULES) >= 50
    assert all(rule.standard and rule.title for rule in RULES.values())
    assert all(RULES[code].code == code for code in RULES)
    assert rules_table().count("\n") == len(RULES) + 2
    with pytest.raises(ValueError, match="AIR-001 is taken"):
        check("AIR-001", "another", standard="x")(lambda facility, results: iter(()))


@pytest.mark.parametrize(
    ("value", "limit", "sense", "dimension", "margin"),
    [
        (90.0, 100.0, "max", "power", 0.1),
        (110.0, 100.0, "max", "power", -0.1),
        (90.0, 100.0, "min", "power", -0.1),
        (36.0, 35.0, "max", "temperature", -0.1),
        (20.0, 18.0, "min", "temperature", 0.2),
        (-0.05, 0.0, "min", "fraction", -0.05),
        (0.0, 1.0, "min", "flag", -1.0),
        (1.0, 1.0, "min", "flag", 1.0),
    ],
)
def test_margin_is_the_distance_to_the_limit_as_a_share_of_it(value, limit, sense, dimension, margin):
    broken, passed = cases([[value]] * 3, limit, sense, dimension)
    case = broken["x0"] if margin < 0 else passed[0]
    assert case.margin == pytest.approx(margin, rel=1e-12)


def test_the_worst_state_is_reported_once_with_the_number_of_states():
    broken, passed = cases([[90, 90], [120, 95], [130, 97]], 100.0)
    assert list(broken) == ["x0"]
    assert broken["x0"].scenario.name == "lose:b"
    assert broken["x0"].states.sum() == 2
    assert passed[0].margin == pytest.approx(0.03)


def test_limits_may_vary_by_thing_and_by_state():
    per_thing, _ = cases([[90, 90]] * 3, np.array([100.0, 80.0]))
    assert list(per_thing) == ["x1"]
    per_state, _ = cases([[90], [90], [90]], np.array([[100.0], [80.0], [85.0]]))
    assert per_state["x0"].scenario.name == "lose:a"
    assert per_state["x0"].states.sum() == 2


def test_rounding_is_no_breach_and_one_part_in_a_million_is():
    assert not cases([[100 * (1 + 1e-12)]] * 3, 100.0)[0]
    assert cases([[100 * (1 + 1e-6)]] * 3, 100.0)[0]


def test_masked_infinite_and_undefined_values_are_not_judged():
    nan, inf = float("nan"), float("inf")
    assert cases([[200]] * 3, 100.0, where=np.zeros((3, 1), dtype=bool)) == ({}, [])
    assert cases([[200]] * 3, inf) == ({}, [])
    broken, passed = cases([[nan, 90]] * 3, 100.0)
    assert not broken
    assert passed[0].column == 1


@pytest.mark.parametrize("seed", range(20))
def test_cases_agree_with_a_plain_loop(seed):
    random = np.random.default_rng(seed)
    values, limit = random.uniform(0, 2, (3, 7)), random.uniform(0.5, 1.5, (3, 7))
    where = random.random((3, 7)) < 0.8
    broken, passed = cases(values, limit, "min", "ratio", where)
    tightest = np.inf
    for j in range(7):
        margins = [(values[i, j] - limit[i, j]) / limit[i, j] for i in range(3) if where[i, j]]
        bad = [m for m in margins if m < -1e-9]
        tightest = min([tightest, *(m for m in margins if m >= -1e-9)])
        assert (f"x{j}" in broken) == bool(bad)
        if bad:
            assert broken[f"x{j}"].margin == pytest.approx(min(bad))
            assert broken[f"x{j}"].states.sum() == len(bad)
    assert passed[0].margin == pytest.approx(tightest)


def test_a_breach_in_the_normal_state_outranks_a_deeper_one_after_a_failure():
    broken, _ = cases([[110], [150], [90]], 100.0, after_failure="warning")
    assert (broken["x0"].severity, broken["x0"].scenario.name) == ("error", "normal")
    assert broken["x0"].states.sum() == 2
    broken, _ = cases([[90], [150], [90]], 100.0, after_failure="warning")
    assert broken["x0"].severity == "warning"


def test_the_message_has_number_limit_units_and_state(facility, results):
    results["rack"]["liquid_flow"][results.scenario_index("lose:ups.A"), 0] = 1.62
    results["rack"]["liquid_required"][:] = 1.95 / 0.95
    (finding,) = judge(facility, results).findings
    assert (
        finding.message == "coolant flow is 1.62 kg/s, 17 % below the 1.95 kg/s required, when ups.A is lost"
    )
    assert (finding.code, finding.subject, finding.scenario) == ("LIQ-002", "p1.s.01", "lose:ups.A")
    assert (finding.place, finding.file, finding.line) == ("hall / p1 / s", "hall.yaml", 10)
    assert finding.position == facility.by_id["p1.s.01"].center
    assert finding.count == 1
    assert finding.broken


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (
            ("inlet air", 36.2, 35.0, "max", "temperature"),
            "inlet air is 36.2 degC, 1.2 K above the 35.0 degC allowed",
        ),
        (
            ("breaker load", 0.91, 0.8, "max", "fraction"),
            "breaker load is 91.0 %, 14 % above the 80.0 % allowed",
        ),
        (("flow", 1.95, 1.95, "min", "mass_flow"), "flow is 1.95 kg/s, at the limit"),
        (("head", -0.05, 0.0, "min", "fraction"), "head is -5.0 %, below the 0.0 % required"),
        (("PUE", 1.1503, 1.15, "max", "ratio"), "PUE is 1.1503, 0.03 % above the 1.15 allowed"),
        (
            ("cost", 3e-7, 2e-7, "max", "money_per_token"),
            "cost is 0.3 USD/Mtoken, 50 % above the 0.2 USD/Mtoken allowed",
        ),
        (("has no power", 0.0, 1.0, "min", "flag"), "has no power"),
    ],
)
def test_sentences(arguments, text):
    assert sentence(*arguments) == text


def test_places_of_feeds_loops_halls_and_the_site(facility, results):
    results["feed"]["loading"][0, 6] = 2.0
    results["loop"]["velocity"][:] = 9.0
    results["hall"]["rci_hi"][:] = 0.5
    results.conservation["mass"][0] = 1.0
    found = {f.subject: f for f in judge(facility, results).findings}
    assert (found["p1.s.01.inA"].line, found["p1.s.01.inA"].place) == (40, "hall / p1 / s")
    assert found["fws"].line == 30
    assert (found["hall"].line, found["hall"].position) == (3, (7.0, 6.0, 2.5))
    assert (found["site.mass"].file, found["site.mass"].position) == ("hall.yaml", None)


def test_names_of_hall_pod_and_row_shed_their_prefix(design):
    from twin.checks.places import Places

    rack = design.machine("h1.p2.s.03", "gb300", hall="h1", pod="h1.p2", row="h1.p2.s")
    base = design.facility()
    shell = base.halls[0].replace(id="h1")
    facility = base.replace(machines=(rack,), feeds=(), circuits=(), runs=(), zones=(), halls=(shell,))
    assert Places(facility).of("h1.p2.s.03").name == "h1 / p2 / s"


def test_a_failed_machine_breaks_no_rule_itself(facility, results):
    state = results.scenario_index("lose:cdu.1")
    results["cdu"]["loading"][state, 0] = 5.0
    assert judge(facility, results).verdict == "pass"


def test_unsettled_states_are_skipped_except_by_their_own_rule(design, facility):
    states = design.states(facility)
    lost = next(i for i, state in enumerate(states) if state.name == "lose:dry.1")
    results = design.results(facility, settled=[i != lost for i in range(len(states))])
    results["rack"]["inlet_temperature"][lost] = 90.0
    verdict = judge(facility, results)
    assert [(f.code, f.subject) for f in verdict.findings] == [("SOL-001", "dry.1")]
    assert verdict.findings[0].message == "no steady state: hydraulics did not converge, when dry.1 is lost"
    assert (verdict.status, verdict.verdict) == ("unsettled", "fail")


def test_a_normal_state_without_solution_fails_the_design_even_if_waived(design, facility):
    waiver = Waiver(rule="SOL-001", reason="accepted for a test of the engine")
    facility = facility.replace(waivers=((waiver, Mark(file="hall.yaml", line=90)),))
    results = design.results(facility, (NORMAL,), (False,))
    verdict = judge(facility, results)
    assert (verdict.status, verdict.verdict, verdict.kpis) == ("failed", "fail", ())
    assert verdict.findings[0].waived


def test_waivers_cover_by_id_glob_group_and_pod_and_unused_ones_are_listed(facility, results):
    results["rack"]["inlet_temperature"][:] = 60.0
    text = "accepted for a test"
    marks = [Mark(file="hall.yaml", line=line) for line in range(80, 86)]

    def verdict(*selects, rule="AIR-001"):
        waivers = [
            (Waiver(rule=rule, select=s, reason=text), m) for s, m in zip(selects, marks, strict=False)
        ]
        return judge(facility.replace(waivers=tuple(waivers)), results)

    def covered(*selects):
        return {f.subject for f in verdict(*selects).findings if f.code == "AIR-001" and f.waived}

    assert covered("p1.s.01") == {"p1.s.01"}
    assert covered("p1.*.02") == {"p1.s.02", "p1.n.02"}
    assert covered("row:p1.s") == {"p1.s.01", "p1.s.02"}
    assert covered("p1") == covered(None) == set(facility.by_id) & {f.id for f in facility.racks}
    assert covered(("p1.s.01", "p1.n.01")) == {"p1.s.01", "p1.n.01"}
    assert verdict("p1").verdict == "pass"
    assert verdict("p1.s").verdict == "fail"
    assert verdict("cdu.1", "p1").unused_waivers == ("hall.yaml:80: AIR-001 for cdu.1",)
    assert verdict("p1", rule="AIR-999").unused_waivers == (
        "hall.yaml:80: AIR-999 for p1 (there is no such rule)",
    )


def test_a_waiver_of_a_machine_covers_its_feeds(facility, results):
    results["feed"]["loading"][0, 6:8] = 0.9
    waiver = Waiver(rule="PWR-002", select="p1.s.01", reason="accepted for a test")
    found = judge(facility.replace(waivers=((waiver, Mark(file="hall.yaml", line=80)),)), results).findings
    assert {f.subject: bool(f.waived) for f in found} == {"p1.s.01.inA": True, "p1.s.01.inB": True}


def test_findings_are_sorted_and_group_by_rule_and_state(facility, results):
    state = results.scenario_index("lose:bw.A")
    results["rack"]["served"][state] = 0.0
    results["rack"]["inlet_temperature"][0] = [27.5, 28, 24, 24]
    findings = judge(facility, results).findings
    keys = [({"error": 0, "warning": 1}[f.severity], f.margin) for f in findings]
    assert keys == sorted(keys)
    groups = grouped(findings)
    assert [len(group.subjects) for group in groups] == [4, 2]
    assert groups[0].message == "p1.n.01: has no power on any feed, when bw.A is lost (and 3 more)"


def test_placement_rules_run_without_results(facility):
    assert check_placement(facility) == ()


def test_a_view_of_some_states_copies_nothing_when_they_are_a_run(facility, results):
    every = [True] * len(results.scenarios)
    assert restricted(results, every) is results
    view = restricted(results, [True] + [False] * (len(every) - 1))
    assert view.scenarios == (NORMAL,)
    assert np.shares_memory(view["rack"]["power"], results["rack"]["power"])
    odd = restricted(results, [i % 2 == 0 for i in range(len(every))])
    assert odd["feed"]["loading"].shape[0] == len(odd.scenarios) == len(odd.settled) == len(odd.reports[0].ok)


def large(design, racks: int):
    base = design.facility()
    names = [f"p1.s.{i:04d}" for i in range(racks)]
    extra = tuple(
        design.machine(name, "gb300", hall="", pod="p1", row="p1.s", indoors=False) for name in names
    )
    feeds = tuple(design.feed(name, f"in{s}", f"bw.{s}", breaker=160) for name in names for s in "AB")
    tcs = base.circuits[1].replace(sinks=(*base.circuits[1].sinks, *names))
    facility = base.replace(
        machines=base.machines + extra, feeds=base.feeds + feeds, circuits=(base.circuits[0], tcs)
    )
    states = (NORMAL, *(Scenario(name=f"lose:{i}", failed=("bw.A",)) for i in range(599)))
    return facility, design.results(facility, states)


@pytest.mark.slow
@pytest.mark.parametrize("bad", [False, True])
def test_a_thousand_racks_in_six_hundred_states_take_about_a_second(design, bad):
    facility, results = large(design, 1000)
    if bad:
        results["rack"]["served"][300, :160] = 0.0
        results["rack"]["liquid_flow"][10:20] = 1.0
        results["feed"]["loading"][5:50] = 0.95
    start = time.process_time()
    from twin.checks import engine

    solved = [rule for rule in RULES.values() if rule.stage == "solved"]
    broken, passed, _ = engine._run(solved, facility, results, engine.Overrides(facility))
    findings = list(engine._Writer(facility, engine.Waivers((), facility)).findings(broken))
    assert time.process_time() - start < 1.0  # 0.12 s and 0.3 s measured
    assert bool(findings) == bad
    assert passed
