"""The evaporation design day: towers and wet pads are judged on the most humid hours as well as on the hottest."""

import json
from pathlib import Path

import pytest

from twin.catalogue.places import climates
from twin.checks import judge
from twin.coupling import evaluate
from twin.layout.load import load, load_text
from twin.run import assess, climate_days, read_input, reopen, solve
from twin.scenario import (
    EVAPORATION_DAY,
    NORMAL,
    Scenario,
    evaporating,
    evaporation_states,
    plan,
    single_failures,
)

TOWERS, HALL = "layouts/warm_water_towers.yaml", "layouts/enterprise_hall.yaml"
SMALL = ["liquid.plant.ct.count=3", "catalogue.tower_300kw.capacity=420 kW"]
"""One of three towers to spare: two carry it where the wet bulb is 15.1 degC, but not where it is 17.5 degC."""


@pytest.fixture(scope="module")
def facility():
    return load(TOWERS)


@pytest.fixture(scope="module")
def small():
    facility = load(TOWERS, SMALL)
    states = (NORMAL, *(state for state in single_failures(facility) if state.failed[0].startswith("ct")))
    states = (*states, *evaporation_states(facility, states[1:]))
    results = evaluate(facility, states)
    return facility, results, judge(facility, results)


def test_the_day_is_the_climates_highest_wet_bulb_with_the_dry_bulb_that_comes_with_it(facility):
    golden, day = climates()["golden"], facility.place.evaporation
    assert (day.dry_bulb, day.wet_bulb) == (golden.coincident_dry_bulb, golden.wet_bulb)
    assert day.wet_bulb > facility.place.outdoor.wet_bulb
    assert facility.place.sources["evaporation"] == golden.source


def test_losses_that_such_plant_feels_are_evaluated_on_that_day_too(facility):
    names = [state.name for state in plan(facility) if state.day]
    machines = ("ct1", "ct2", "ct3", "ct4", "hx1", "hx2", "hx3", "tp1", "tp2", "tp3")
    assert names[0] == EVAPORATION_DAY and len(names) == 1 + len(machines)
    assert set(names[1:]) == {f"evaporation day: {name} lost" for name in machines}
    assert set(machines) == evaporating(facility)
    assert [state.name for state in plan(facility, failures=False)] == ["normal", EVAPORATION_DAY]


def test_a_plant_of_chillers_on_towers_counts_and_its_chilled_water_does_not():
    groups = {name.rstrip("0123456789") for name in evaporating(load(HALL))}
    assert groups == {"ch", "ct", "cwp"}


@pytest.mark.parametrize("layout", ["layouts/gb300_hall.yaml", "layouts/first_hall.yaml"])
def test_plant_that_does_not_evaporate_has_no_such_day(layout):
    facility = load(layout)
    assert facility.place.evaporation is not None
    assert not evaporating(facility)
    assert not any(state.day for state in plan(facility))


def test_wet_pads_count_as_long_as_they_are_wetted():
    hall = "layouts/first_hall.yaml"
    assert "dry1" in evaporating(load(hall, ["liquid.plant.dry.type=dry_cooler_2mw_adiabatic"]))


def test_who_states_the_outdoors_gets_no_other_day():
    site = "{climate: golden, outdoor: {dry_bulb: 30 degC, wet_bulb: 18 degC}}"
    stated = load_text(Path(TOWERS).read_text(encoding="utf-8").replace("{climate: golden}", site))
    assert stated.place.evaporation is None
    assert not any(state.day for state in plan(stated))
    asked, _ = read_input(TOWERS, outdoor="30 degC, 18 degC")
    assert asked.place.evaporation is None


def test_another_climate_brings_both_of_its_days():
    facility, inputs = read_input(TOWERS, climate="chicago")
    hot, humid = climate_days("chicago")
    assert (inputs.outdoor, inputs.evaporation) == (hot, humid)
    assert facility.place.evaporation.wet_bulb == pytest.approx(climates()["chicago"].wet_bulb, abs=0.06)
    assert facility.place.evaporation.dry_bulb < facility.place.outdoor.dry_bulb


def test_a_loss_of_power_counts_where_it_takes_some_of_the_plant_and_leaves_some():
    text = Path(TOWERS).read_text(encoding="utf-8")
    whips = 'to: ["kind:crah", ct, ts, ep, tp], from: swb, feeds: [A, B], per_rack: 2'
    assert whips in text
    one_sided = text.replace(
        whips, 'to: ["kind:crah", "ct1", "ct2", ts, ep, tp], from: swb, feeds: [A], per_rack: 1'
    )
    one_sided += (
        '    - {to: ["ct3", "ct4"], from: swb, feeds: [B], per_rack: 1, breaker: 63 A, cable: whip_63a}\n'
    )
    names = {state.name for state in plan(load_text(one_sided)) if state.day}
    assert {f"evaporation day: {name} lost" for name in ("gridB", "tx.B", "swb.B")} <= names


def test_towers_sized_for_the_cooling_day_break_rules_on_the_evaporation_day(small):
    """With nothing changed but the outdoors: the same solve as under --outdoor, and the finding says which day it is."""
    facility, results, verdict = small
    plant = results["plant"]
    ct2 = plant.index("ct2")
    loading = dict(zip([s.name for s in results.scenarios], plant["loading"][:, ct2], strict=True))
    assert loading["lose:ct1"] <= 1.0 < loading["evaporation day: ct1 lost"]
    found = {f.code: f for f in verdict.findings if f.scenario.startswith(EVAPORATION_DAY)}
    assert found["LIQ-013"].severity == "error"
    assert "lost on the evaporation design day" in found["LIQ-013"].message
    assert verdict.verdict == "fail"
    asked = facility.replace(place=facility.place.replace(outdoor=facility.place.evaporation))
    alone = evaluate(asked, (NORMAL,))
    day = results.scenario_index(EVAPORATION_DAY)
    assert plant["loading"][day] == pytest.approx(alone["plant"]["loading"][0], rel=1e-6)  # settled to 1e-7


def test_the_key_figures_stay_those_of_the_cooling_day(small):
    facility, _, verdict = small
    alone = judge(facility, evaluate(facility, (NORMAL,)))
    (ours,), (theirs,) = ([k for k in v.kpis if k.name == "wue"] for v in (verdict, alone))
    assert (ours.definition, ours.parts) == (theirs.definition, theirs.parts)
    assert ours.value == pytest.approx(theirs.value, rel=1e-14)  # states beside it may move the last digit


def test_the_day_with_nothing_lost_is_held_to_the_rules_of_the_normal_state(small):
    day = next(state for state in small[1].scenarios if state.name == EVAPORATION_DAY)
    assert day.intact and not day.normal
    own = Scenario(name="half", load=0.5, outdoor=day.outdoor)
    assert not own.intact and own.usual == "half"


def test_names_lead_back_to_the_loss_on_the_cooling_day(facility):
    states = {state.usual: state for state in plan(facility) if state.day}
    assert states["normal"].name == EVAPORATION_DAY
    assert states["lose:ct1"].failed == ("ct1",)


def test_limits_of_the_designer_hold_on_that_day_as_in_the_state_they_name():
    limit = '{what: plant.loading, select: "kind:cooling_tower", max: 1 %, during: ["lose:ct1"], severity: warning}'
    facility = load_text(Path(TOWERS).read_text(encoding="utf-8") + f"limits:\n  - {limit}\n")
    lost = Scenario(name="lose:ct1", failed=("ct1",))
    humid = tuple(evaporation_states(facility, (lost,)))
    verdict = judge(facility, evaluate(facility, (NORMAL, lost, *humid)))
    told = [finding for finding in verdict.findings if finding.code == "LIM-001"]
    assert told and {finding.count for finding in told} == {2}
    assert all("on the evaporation design day" in finding.message for finding in told)


def test_a_run_that_is_opened_again_knows_its_days(tmp_path):
    run = solve(TOWERS, climate="golden", failures=False, studies="none", pictures=False, out=tmp_path)
    again = reopen(tmp_path)
    assert again.facility.place == run.facility.place
    assert [state.name for state in again.results.scenarios] == ["normal", EVAPORATION_DAY]
    assert json.loads((tmp_path / "input.json").read_text())["evaporation"] == climate_days("golden")[1]


def test_the_report_and_the_terminal_name_the_day(tmp_path):
    from twin.cli.solving import summary
    from twin.view.paper.basis import block

    run = assess(TOWERS, failures=False, studies="none")
    assert summary(run).endswith("in 2 states (normal and the evaporation day)")
    assert ("Evaporation design day", "dry bulb 25.8 degC, wet bulb 17.5 degC") in block(run.facility)
    assert "Evaporation design day" not in dict(block(load("layouts/first_hall.yaml")))
