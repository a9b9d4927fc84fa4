"""What a design withstands: the four arrangements of one hall tell them apart."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from tests.studied import studied
from twin.checks import judge
from twin.coupling import evaluate
from twin.layout.load import load, load_text
from twin.scenario import plan

ROOT = Path(__file__).parents[2]


@cache
def solved(name: str, *sets: str):
    facility = load(ROOT / "layouts" / f"{name}.yaml", sets)
    return facility, studied(facility, "redundancy")


def answer(name: str, *sets: str):
    return solved(name, *sets)[1].answers["redundancy"]


@pytest.mark.parametrize("name", ["redundancy_2n", "redundancy_4n3", "redundancy_catcher"])
def test_two_paths_are_concurrently_maintainable(name):
    assert answer(name)["concurrently_maintainable"] is True
    assert answer(name)["fewest_failures"] == 2
    assert "proven" in answer(name)["sentences"][0]
    assert answer(name)["states"] > 200


def test_a_single_path_is_not_and_the_counter_example_names_it():
    told = answer("redundancy_n_plus_1")
    assert told["concurrently_maintainable"] is False
    assert told["fewest_failures"] == 1
    assert {"ats", "msb", "cib"} <= {loss["out"][0] for loss in told["losses"]}
    assert all(loss["racks"] == 30 for loss in told["losses"][:3])
    parts = solved("redundancy_n_plus_1")[1].studies["part"]
    for spared in ("ups1", "tx1", "gen1"):
        assert parts["racks_lost"][parts.index(spared)] == 0


def test_two_lost_systems_of_four_overload_the_others_which_trip():
    """4N/3: each rack looks doubly fed, but any two systems down take all racks with them."""
    told = answer("redundancy_4n3")
    pairs = {tuple(sorted(loss["out"])): loss for loss in told["pair_losses"]}
    loss = pairs["ups1", "ups2"]
    assert loss["racks"] == 30
    assert {trip["what"] for trip in loss["trips"]} == {"ups3", "ups4"}


def test_a_catcher_that_has_two_blocks_to_carry_trips_and_the_third_stays():
    facility, results = solved("redundancy_catcher")
    basis_racks = {rack.id: rack.pod for rack in facility.racks}
    pairs = results.answers["redundancy"]["pair_losses"]
    parts = results.studies["part"]
    assert parts["pair_racks_lost"][parts.index("ups1")] == 20
    assert len(set(basis_racks.values())) == 3 and pairs


def test_the_structure_agrees_with_the_solved_losses_of_single_machines():
    """Every single loss of a machine, judged by logic and by the coupled physics."""
    for name in ("redundancy_2n", "redundancy_4n3", "redundancy_catcher", "redundancy_n_plus_1", "dsx_pod"):
        facility, results = solved(name)
        parts = results.studies["part"]
        racks = results["rack"]
        fine = (racks["served"] > 0.5) & (racks["throttle"] > 0.999)
        compared = 0
        for row, scenario in enumerate(plan(facility)):
            if len(scenario.failed) == 1 and results.settled[row]:
                lost = parts["racks_lost"][parts.index(scenario.failed[0])]
                assert lost == np.count_nonzero(~fine[row]), (name, scenario.name)
                compared += 1
        assert compared > 40


def test_the_goal_makes_it_a_rule():
    """N+1 with the goal of being concurrently maintainable fails, and every machine that drops racks is named."""
    text = (ROOT / "layouts/redundancy_n_plus_1.yaml").read_text().replace("goal: none", "goal: concurrent")
    facility = load_text(text, folder=str(ROOT / "layouts"))
    verdict = judge(facility, studied(facility, "redundancy"))
    told = {finding.subject: finding.message for finding in verdict.findings if finding.code == "RED-001"}
    assert verdict.verdict == "fail"
    assert told["ats"].startswith("out of service, drops 30 racks")
    assert "ups1" not in told


def test_fault_tolerance_during_maintenance_is_worked_through_when_asked_for():
    text = (
        (ROOT / "layouts/redundancy_2n.yaml").read_text().replace("goal: concurrent", "goal: fault_tolerant")
    )
    facility = load_text(text, folder=str(ROOT / "layouts"))
    results = studied(facility, "redundancy")
    told = results.answers["redundancy"]
    machines = sum(machine.product.role in ("power", "cooling") for machine in facility.machines)
    assert told["pairs"] == machines * (machines - 1) // 2
    assert told["fault_tolerant_in_maintenance"] is False
    assert "RED-002" in {finding.code for finding in judge(facility, results).findings}


def test_order_three_searches_further():
    facility = load_text(
        (ROOT / "layouts/redundancy_2n.yaml")
        .read_text()
        .replace("goal: concurrent", "goal: concurrent, order: 3"),
        folder=str(ROOT / "layouts"),
    )
    results = studied(facility, "redundancy")
    assert results.answers["redundancy"]["fewest_failures"] == 2
    assert results.answers["redundancy"]["searched"] == 3
    assert set(results.studies["rack"]["fewest_failures"]) <= {2.0, 3.0, 4.0}


def test_without_studies_there_is_nothing():
    facility, _ = solved("redundancy_2n")
    assert not evaluate(facility, failures=False).studies


def test_what_was_not_worked_through_is_said_and_not_taken_for_good(monkeypatch):
    import importlib

    study = importlib.import_module("twin.studies.redundancy")
    monkeypatch.setattr(study, "FEW_PAIRS", 10)
    results = studied(load(ROOT / "layouts/redundancy_2n.yaml"), "redundancy")
    told = results.answers["redundancy"]
    assert told["searched"] == 1 and told["unsearched"] == 2080
    assert any("not worked through" in sentence for sentence in told["sentences"])
    assert set(results.studies["rack"]["fewest_failures"]) == {2.0}, "at least two"


def test_limits_on_studies_that_were_not_made_are_told():
    text = (ROOT / "layouts/first_hall.yaml").read_text()
    limit = "limits:\n  - {what: reliability.outage, max: 1 h}\n"
    facility = load_text(text.replace("limits:   ", f"{limit}  #", 1), folder=str(ROOT / "layouts"))
    without = judge(facility, evaluate(facility, failures=False))
    assert any("reliability.outage needs a study" in words for words in without.unused_waivers)
    with_it = judge(facility, studied(facility, "reliability", failures=False))
    assert not any("needs a study" in words for words in with_it.unused_waivers)
    assert "LIM-001" in {finding.code for finding in (*with_it.findings, *with_it.margins)}
