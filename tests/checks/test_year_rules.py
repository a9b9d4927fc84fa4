"""Rules of the climate year: hours are counted, the first and the worst are told, and overrides in hours count."""

from dataclasses import replace

import numpy as np
import pytest

from tests.year_samples import counted, made_year
from twin.checks import RULES, check_limits, judge
from twin.model.base import Mark
from twin.model.language import Limit, Override
from twin.results.year import HOURS

YEARLY = tuple(f"YEA-{number:03d}" for number in range(1, 11))
MARK = Mark(file="hall.yaml", line=5)
HOT = [4000, 4001, 5000]
"""Hours in which a test lets something happen."""


def judged(facility, results, year):
    return judge(facility, replace(results, year=year))


def yearly(verdict):
    return {f.code: f for f in (*verdict.margins, *verdict.findings) if f.code.startswith("YEA")}


def at(hours, value, otherwise=0.0):
    values = np.full(HOURS, otherwise)
    values[hours] = value
    return values


def test_a_run_without_a_year_is_judged_by_none_of_its_rules(facility, results):
    assert not yearly(judge(facility, results))


def test_every_rule_of_the_year_holds_for_a_good_one(facility, results):
    found = yearly(judged(facility, results, made_year(facility)))
    assert set(found) == set(YEARLY) - {
        "YEA-009",
        "YEA-010",
    }  # no limit of 90.4 for a zone without letter, no tanks
    assert all(f.severity == "info" for f in found.values())
    assert {code for code in RULES if code.startswith("YEA")} == set(YEARLY)


@pytest.mark.parametrize(
    ("code", "series", "severity", "words"),
    [
        ("YEA-002", {"throttled": at(HOT, 3.0)}, "error", "first 06-16 16h"),
        ("YEA-003", {"unserved": at(HOT, 1.0)}, "error", "first 06-16 16h"),
        ("YEA-007", {"inlet": at(HOT, 28.0, 24.0)}, "warning", "warmest 28.0 degC"),
        ("YEA-008", {"inlet": at(HOT, 36.0, 24.0)}, "error", "warmest 36.0 degC"),
    ],
)
def test_hours_in_which_something_happens_are_counted(facility, results, code, series, severity, words):
    found = yearly(judged(facility, results, made_year(facility, **series)))[code]
    assert (found.severity, found.value, found.limit) == (severity, 3 * 3600.0, 0.0)
    assert "is 3 h, above the 0 h allowed" in found.message and words in found.message
    assert found.margin == pytest.approx(-3 / HOURS)


def test_hours_without_a_solution_are_an_error_and_judged_by_no_other_rule(facility, results):
    year = made_year(facility, solved=at(HOT, 0.0, 1.0), inlet=at(HOT, 99.0, 24.0))
    found = yearly(judged(facility, results, counted(facility, year)))
    assert found["YEA-001"].severity == "error" and found["YEA-001"].value == 3 * 3600.0
    assert {code for code, f in found.items() if f.severity != "info"} == {"YEA-001"}


def test_a_loop_that_misses_its_set_point_is_told_with_the_worst_hour(facility, results):
    supply = np.tile([32.0, 40.0], (HOURS, 1))
    supply[HOT, 0] = [32.6, 33.4, 32.2]  # the last is within the band of 0.5 K
    found = yearly(judged(facility, results, made_year(facility, supply=supply)))
    missed, water = found["YEA-004"], found["YEA-006"]
    assert (missed.subject, missed.value, missed.severity) == ("fws", 2 * 3600.0, "warning")
    assert "warmest by 1.4 K, 06-16 17h" in missed.message
    assert (water.subject, water.value) == ("fws", 3 * 3600.0)  # class W32 has no band
    assert "class W32" in water.message


def test_the_tightest_hour_of_the_plant_is_told_with_its_outdoors(facility, results):
    loading = np.full(HOURS, 0.5)
    loading[HOT] = [1.01, 1.3, 0.99]
    found = yearly(judged(facility, results, made_year(facility, plant_loading=loading)))["YEA-005"]
    assert (found.severity, found.value) == ("warning", 1.3)
    assert "06-16 17h at 39" in found.message and "more than it can carry in 2 h" in found.message


def test_a_machine_that_cannot_hold_its_set_point_is_told_in_words_not_as_a_load(facility, results):
    loading = np.full(HOURS, 0.5)
    loading[HOT] = [10.0, 10.0, 0.9]
    verdict = judged(facility, results, made_year(facility, plant_loading=loading))
    (found,) = (f for f in verdict.findings if f.code == "YEA-005")
    assert "cannot hold its set point in 2 h, nor could more of its kind" in found.message
    assert "first 06-16 16h at" in found.message and "1000" not in found.message
    (room,) = (f for f in verdict.margins if f.code == "YEA-005" and f.dimension == "fraction")
    assert room.value == 0.9


@pytest.mark.parametrize(
    ("zone", "power", "limit"), [("5A", 1.0, 0.16), ("5A", 0.2, 0.25), ("4A", 1.0, None)]
)
def test_the_mechanical_load_is_held_against_its_zone_where_a_limit_is_at_hand(
    facility, results, zone, power, limit
):
    year = made_year(facility, it_power=np.full(HOURS, power * 1e6))
    year = replace(year, facts={**year.facts, "zone": zone})
    found = yearly(judged(facility, results, year)).get("YEA-009")
    assert (found.limit if found else None) == limit
    if found:
        # 73 kW of fans, pumps and electrical rooms, and 100 kW of compressors for a third of the hours (cos x < -1/2)
        assert found.value == pytest.approx((73e3 + 100e3 / 3) / (power * 1e6), rel=1e-3)
        assert found.severity == ("warning" if found.value > limit else "info")


def test_an_override_in_hours_allows_some(facility, results):
    year = made_year(facility, inlet=at(HOT, 28.0, 24.0))
    own = Override(rule="YEA-007", max="20 h", reason="the client accepts a warm day a year")
    verdict = judged(facility.replace(overrides=((own, MARK),)), results, year)
    found = yearly(verdict)["YEA-007"]
    assert (found.severity, found.limit, verdict.unused_waivers) == ("info", 20 * 3600.0, ())


def test_racks_of_two_classes_are_in_error_above_the_laxest_only(facility, results, design):
    laxer = design.products["gb300"].replace(air_class="A3")
    first, *others = facility.machines
    facility = facility.replace(machines=(first.replace(product=laxer), *others))
    for inlet, severity in ((36.0, "warning"), (41.0, "error")):
        year = made_year(facility, inlet=at(HOT, inlet, 24.0))
        assert yearly(judged(facility, results, year))["YEA-008"].severity == severity


@pytest.mark.parametrize(
    ("what", "bound", "broken"),
    [
        ("year.pue", {"max": "1.15"}, False),
        ("year.pue", {"max": 1.1}, True),
        ("year.wue", {"max": "0.3 L/kWh"}, True),
        ("year.free_hours", {"min": "5000 h"}, False),
        ("year.energy", {"max": "9 GWh"}, True),
    ],
)
def test_limits_of_the_designer_reach_the_figures_of_the_year(facility, results, what, bound, broken):
    limited = facility.replace(limits=((Limit(what=what, **bound), MARK),))
    assert check_limits(limited) == []
    verdict = judged(limited, results, made_year(limited))
    assert [f.line for f in verdict.findings if f.code == "LIM-001"] == ([5] if broken else [])
    told = judge(limited, results).unused_waivers
    assert len(told) == 1 and f"limit on {what} needs the hours of a year" in told[0]


def test_an_unknown_figure_of_the_year_is_a_mistake_with_a_proposal(facility):
    limited = facility.replace(limits=((Limit(what="year.puee", max=1.2), MARK),))
    ((_, message),) = check_limits(limited)
    assert 'no quantity is called "year.puee"' in message and "year.pue" in message


def test_a_tank_that_falls_below_its_reserve_is_told(facility, results):
    made = made_year(facility)
    told = {"chw": {"least": 0.35, "reserve": 0.4}, "fws": {"least": 0.6, "reserve": 0.5}}
    found = judged(facility, results, replace(made, facts={**made.facts, "storage": told}))
    (finding,) = [f for f in found.findings if f.code == "YEA-010"]
    assert finding.severity == "warning"
    assert "chw" in finding.subject
