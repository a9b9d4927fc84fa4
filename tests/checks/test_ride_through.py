"""Rules for the loss of cooling in time, on numbers that can be seen through."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from twin.checks import judge
from twin.checks.ride_through import CHANGEOVER, FOLLOWED
from twin.coupling import evaluate
from twin.layout.load import load_text
from twin.results.quantities import QUANTITIES
from twin.results.results import Table
from twin.scenario import NORMAL
from twin.studies.continuity import ENDLESS
from twin.studies.cooling_loss_run import HORIZON

LAYOUTS = Path(__file__).parents[2] / "layouts"
QUIET = {"followed": 1.0, "rests": 1.0} | {
    f"{first}_{second}": ENDLESS
    for first, seconds in {
        "time": ("supply", "case", "inlet", "throttle", "trip"),
        "ride": ("throttle", "trip"),
    }.items()
    for second in seconds
}


@cache
def solved(extra=""):
    facility = load_text((LAYOUTS / "first_hall.yaml").read_text() + extra)
    return facility, evaluate(facility, (NORMAL,))


def findings(losses, extra=""):
    """Findings of the rules, by code; every loss as its name and what differs from one that harms nobody."""
    facility, results = solved(extra)
    names = [key.partition(".")[2] for key in QUANTITIES if key.startswith("cooling_loss.")]
    rows = [QUIET | changed for changed in losses.values()]
    values = {name: np.array([row.get(name, 0.0) for row in rows]) for name in names}
    verdict = judge(facility, replace(results, studies={"cooling_loss": Table(tuple(losses), values)}))
    return {f.code: f for f in verdict.findings if f.code.startswith("RTC")}, {
        f.code: f for f in verdict.margins if f.code.startswith("RTC")
    }


def utility(**changed):
    return {"utility": {"utility": 1.0, "returns": 1.0, "restart": 200.0} | changed}


def test_cooling_that_is_back_in_time_breaks_no_rule_and_its_margin_is_told():
    broken, margins = findings(utility(ride_throttle=220.0, ride_trip=300.0))
    assert not broken
    assert margins["RTC-001"].margin == pytest.approx(0.5) and margins["RTC-002"].margin == pytest.approx(0.1)
    assert margins["RTC-001"].subject == "grid" and "utility" in margins["RTC-001"].message


def test_racks_that_shut_down_before_cooling_is_back_are_an_error():
    broken, _ = findings(utility(ride_throttle=30.0, ride_trip=90.0, racks_trip=8.0, time_trip=90.0))
    assert broken["RTC-001"].severity == "error" and broken["RTC-001"].value == 90.0
    assert broken["RTC-002"].severity == "warning"


def test_racks_that_only_throttle_are_a_warning():
    broken, _ = findings(utility(ride_throttle=30.0, ride_trip=250.0))
    assert set(broken) == {"RTC-002"}


def test_racks_that_run_on_without_any_cooling_to_come_are_an_error():
    lasting = utility(returns=0.0, restart=0.0, racks_trip=8.0, time_trip=400.0)
    broken, _ = findings(lasting)
    assert broken["RTC-001"].severity == "error" and "stays without power" in broken["RTC-001"].message
    assert not findings(utility(returns=0.0, restart=0.0))[0]  # they lose power themselves


def test_one_lost_machine_leaves_time_to_act():
    broken, margins = findings(
        {"lose:dry1": {"single": 1.0, "time_trip": 600.0}, "lose:dry2": {"single": 1.0}}
    )
    assert broken["RTC-003"].subject == "dry1" and broken["RTC-003"].limit == 900.0
    assert broken["RTC-003"].place is not None and "dry2" not in broken["RTC-003"].message
    _, margins = findings({"lose:dry2": {"single": 1.0}})
    assert margins["RTC-003"].value == FOLLOWED == HORIZON and "none does" in margins["RTC-003"].message


def test_lids_have_to_last_until_another_pump_runs():
    broken, margins = findings({"pumps:tcs.pod": {"flowless": 1.0, "time_case": 14.0}})
    assert not broken and margins["RTC-004"].margin == pytest.approx(14.0 / CHANGEOVER - 1.0)
    broken, _ = findings({"pumps:tcs.pod": {"flowless": 1.0, "time_case": 3.0}})
    assert broken["RTC-004"].severity == "warning" and broken["RTC-004"].subject == "tcs.pod"


def test_what_could_not_be_followed_is_said():
    broken, _ = findings({"pumps:fws": {"followed": 0.0}})
    assert "RTC-005" in broken


def test_limits_are_overridden_with_a_reason_and_a_unit():
    extra = "\noverride:\n  - {rule: RTC-003, min: 5 min, reason: staffed around the clock}\n"
    lost = {"lose:dry1": {"single": 1.0, "time_trip": 600.0}}
    assert "RTC-003" in findings(lost)[0] and "RTC-003" not in findings(lost, extra)[0]


def test_the_designers_own_limits_hold_for_the_times_of_racks():
    place = "  - {what: site.pue, max: 1.3}"
    own = '\n  - {what: rack_loss.flowless_case, min: 20 s, select: "type:gb300_*"}'
    source = (LAYOUTS / "first_hall.yaml").read_text()
    assert place in source
    facility = load_text(source.replace(place, place + own))
    racks = tuple(rack.id for rack in facility.racks)
    times = np.where([rack == "pod.s.02" for rack in racks], 14.0, 25.0)
    times[[facility.by_id[rack].type == "network_rack" for rack in racks]] = 1.0
    _, results = solved()
    studies = {"rack_loss": Table(racks, {"flowless_case": times})}
    broken = [f for f in judge(facility, replace(results, studies=studies)).findings if f.code == "LIM-001"]
    assert [(f.subject, f.value, f.limit) for f in broken] == [("pod.s.02", 14.0, 20.0)]


def test_a_run_without_the_study_has_nothing_to_judge():
    facility, results = solved()
    assert not [f for f in judge(facility, results).margins if f.code.startswith("RTC")]


@pytest.mark.parametrize(("lid", "broken"), [(79.0, False), (82.0, True)])
def test_a_lid_above_its_limit_while_the_utility_is_away_is_a_warning(lid, broken):
    facility, results = solved()
    names = [key.partition(".")[2] for key in QUANTITIES if key.startswith("rack_loss.")]
    rack = next(machine.id for machine in facility.racks if machine.type.startswith("gb300"))
    values = {name: np.array([{"utility_lid": lid, "case_max": 80.0}.get(name, ENDLESS)]) for name in names}
    verdict = judge(facility, replace(results, studies={"rack_loss": Table((rack,), values)}))
    assert ("RTC-006" in {finding.code for finding in verdict.findings}) == broken
