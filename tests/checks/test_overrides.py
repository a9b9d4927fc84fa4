"""Other limits for built-in rules: they count, their reason is told, and mistakes in them are found."""

import ast
import inspect
import textwrap

import pytest

from twin.checks import RULES, judge
from twin.checks.bounds import BOUNDS, UNBOUNDED
from twin.checks.wording import DIMENSION_NAMES
from twin.coupling import evaluate
from twin.layout import LayoutError
from twin.layout.load import load_text

HALL = """
twin: 1
name: Overrides
hall: {size: [14 m, 8 m, 4 m]}
pods: [{id: p, at: [2 m, 2 m], rows: [{id: s, face: south, lineup: [6 x enterprise_rack]}]}]
air: {crahs: [{id: c, type: crah_150kw, count: 2, supply: 22 degC}]}
liquid:
  plant: [{id: ch, type: chiller_ac_1200kw, count: 2}]
  pumps: [{id: chp, type: pump_25ls, count: 2}]
  loops: [{id: chw, source: ch, sinks: "kind:crah", pumps: chp, supply: 14 degC}]
power:
  utility: {id: grid, voltage: 415 V, capacity: 1 MVA}
  switchboards: [{id: swb, type: swb_2000a, feeds: [A, B], from: grid}]
  whips: [{to: "kind:rack", from: swb, feeds: [A, B], per_rack: 2, breaker: 25 A}]
"""


def verdict(more: str = ""):
    facility = load_text(HALL + more)
    return judge(facility, evaluate(facility, failures=False))


def breaker_cases(answer):
    return [f for f in (*answer.findings, *answer.margins) if f.code == "PWR-002"]


def test_a_limit_of_the_designer_replaces_that_of_the_rule_and_tells_why():
    usual = breaker_cases(verdict())[0]
    assert usual.limit == 0.8
    tight = (
        f"override: [{{rule: PWR-002, max: {usual.value * 90:.3f} %, reason: utility asks for more reserve}}]"
    )
    case = breaker_cases(verdict(tight))[0]
    assert case.limit == pytest.approx(usual.value * 0.9, rel=1e-3)
    assert case.severity == "error" and "utility asks for more reserve" in case.message


def test_an_override_for_some_subjects_leaves_the_others_alone():
    some = 'override: [{rule: PWR-002, max: 1 %, select: "p.s.0[12]", reason: only these two racks}]'
    broken = [f.subject for f in verdict(some).findings if f.code == "PWR-002"]
    assert sorted(broken) == [f"p.s.0{n}.in{side}" for n in (1, 2) for side in "AB"]


def test_an_override_that_changes_nothing_is_told():
    assert any("PWR-002" in words for words in verdict(
        "override: [{rule: PWR-002, max: 5 %, select: ch1, reason: a chiller has no rack breaker}]"
    ).unused_waivers)  # fmt: skip


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("{rule: PWR-999, max: 5 %, reason: there is no such rule}", "no rule is called"),
        ("{rule: PWR-002, max: 5 %, select: nobody, reason: there is no such rack}", "nobody"),
        ("{rule: PWR-002, reason: gives no bound at all}", "give max or min"),
        ("{rule: PWR-002, max: 5 %}", "reason"),
        ("{rule: PWR-002, max: 5 furlongs, reason: there is no such unit}", "5 furlongs"),
        ("{rule: PWR-002, max: lots, reason: this is no number at all}", "lots"),
        (
            "{rule: PWR-002, max: 5 degC, reason: a temperature is no load}",
            "limits: that is fraction, for example",
        ),
        (
            "{rule: LIQ-009, max: 50 bar, reason: a pressure is no speed}",
            "limits: that is speed, for example",
        ),
        (
            "{rule: PWR-002, min: 5 %, reason: the rule has no smallest value}",
            "limits the largest value.*write max:",
        ),
        (
            "{rule: LIQ-008, max: 5 %, reason: the rule has no largest value}",
            "limits the smallest value.*write min:",
        ),
        ("{rule: LIQ-012, max: 5 %, reason: the rule answers yes or no}", "yes or no.*waive:"),
    ],
)
def test_mistakes_in_overrides_are_found_when_the_file_is_read(entry, words):
    with pytest.raises(LayoutError, match=words):
        load_text(HALL + f"override: [{entry}]\n")


def test_two_overrides_that_contradict_each_other_are_a_mistake_at_the_second():
    entries = (
        "override:\n"
        "  - {rule: PWR-002, max: 90 %, reason: the first of the two}\n"
        "  - {rule: PWR-002, max: 70 %, reason: the second of the two}\n"
        "  - {rule: PWR-002, max: 60 %, select: p.s.01, reason: another for one rack}\n"
    )
    with pytest.raises(LayoutError) as caught:
        load_text(HALL + entries)
    (mistake,) = caught.value.mistakes
    assert mistake.line == len(HALL.splitlines()) + 3
    assert "contradicts" in mistake.message


def _written_limits():
    """Senses and dimensions that stand as words in the functions of rules, by code."""
    found = {}
    for rule in RULES.values():
        for call in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(rule.function)))):
            if (
                isinstance(call, ast.Call)
                and getattr(call.func, "id", "") == "Assessment"
                and len(call.args) > 4
            ):
                pair = [word.value for word in call.args[3:5] if isinstance(word, ast.Constant)]
                if len(pair) == 2:
                    found.setdefault(rule.code, set()).add(tuple(pair))
    return found


def test_the_table_of_bounds_is_that_of_the_rules():
    written = _written_limits()
    assert len(written) > 70
    for code, pairs in written.items():
        assert {pair for pair in pairs if pair[1] != "flag"} <= set(BOUNDS.get(code, ())), code
    assert BOUNDS.keys() <= RULES.keys()
    for pairs in BOUNDS.values():
        assert {sense for sense, _ in pairs} <= {"max", "min"}
        assert {name for _, name in pairs} <= set(DIMENSION_NAMES)


def test_solved_rules_judge_what_the_table_of_bounds_says():
    facility = load_text(HALL)
    results = evaluate(facility, failures=False)
    for rule in RULES.values():
        given = rule.function(facility) if rule.stage == "placement" else rule.function(facility, results)
        pairs = {(one.sense, one.dimension) for one in given if one.dimension != "flag"}
        assert pairs <= set(BOUNDS.get(rule.code, ())) or rule.code in UNBOUNDED, rule.code
