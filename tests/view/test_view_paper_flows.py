"""Flows of power, heat and water: nothing is lost, and the whole is what the results say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.view.view_paper_samples import CASES, row, run
from tests.view.view_samples import hall, solved, table
from twin.results.results import Table
from twin.view import report
from twin.view.paper import energy, heat, water
from twin.view.paper.flows import Flow

WORST = 1e-9


def of_run(name, kind):
    made = run(name)
    return made, kind.flow(made.facility, made.results, row(made))


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("kind", [energy, heat], ids=["energy", "heat"])
def test_what_enters_every_node_leaves_it_and_the_whole_is_that_of_the_meter(name, kind):
    made, flow = of_run(name, kind)
    total = made.results.site("facility_power", row(made))
    assert flow.errors()
    assert max(map(abs, flow.errors().values())) < WORST
    assert flow.whole == pytest.approx(total, rel=WORST)
    assert flow.ends == pytest.approx(total, rel=WORST)
    assert all(link.value > 0.0 for link in flow.links)


@pytest.mark.parametrize("name", CASES)
def test_losses_of_stages_are_those_of_machines_and_lines(name):
    made, flow = of_run(name, energy)
    at, results = row(made), made.results
    lost = sum(link.value for link in flow.links if link.target.startswith("loss:"))
    whole = results.site("facility_power", at)
    assert lost == pytest.approx(results.site("loss_power", at), abs=1e-8 * whole)
    machines = results["power"]["loss"][at].sum()
    assert lost >= machines - 1e-8 * whole


@pytest.mark.parametrize("name", CASES)
def test_power_ends_in_what_the_tables_say(name):
    made, flow = of_run(name, energy)
    at, into = row(made), flow.into
    site = made.results.site
    assert into["racks"] == pytest.approx(site("it_power", at), rel=1e-8)
    assert into.get("chips", 0.0) == pytest.approx(site("chip_power", at), rel=1e-8)
    assert into["cooling"] == pytest.approx(site("cooling_power", at), rel=1e-6)
    pumps = made.results["pump"]["power"][at].sum()
    assert into.get("use:pump", 0.0) == pytest.approx(pumps, rel=1e-6)


@pytest.mark.parametrize("name", CASES)
def test_heat_of_loops_is_what_plant_takes_and_no_pump_gives_more_than_it_draws(name):
    made, flow = of_run(name, heat)
    at, results = row(made), made.results
    plant = results["plant"]
    taken = sum(
        link.value
        for link in flow.links
        if link.source.startswith("loop:") and link.target.startswith("plant:")
    )
    assert taken == pytest.approx(plant["duty"][at].sum(), rel=1e-9)
    assert flow.out_of.get("use:pump", 0.0) <= results["pump"]["power"][at].sum() * (1 + 1e-9)
    assert "pipes" not in flow.into or flow.into["pipes"] < 0.02 * flow.whole


@pytest.mark.parametrize("name", CASES)
def test_water_is_the_make_up_of_the_site(name):
    made, flow = of_run(name, water)
    drawn = made.results.site("water", row(made))
    assert flow.whole == pytest.approx(drawn, rel=WORST, abs=1e-12)
    assert all(abs(error) < WORST for error in flow.errors().values())
    if not drawn:
        assert "No water" in water.sentence(made.facility, made.results, row(made))


def test_parts_of_a_towers_water_follow_the_balance_of_its_basin():
    made, _flow = of_run("warm_water_towers", water)
    tower = next(m for m in made.facility.machines if m.kind == "cooling_tower")
    sheet, column = tower.product, made.results["plant"].index(tower.id)
    circulating = made.results["plant"]["flow"][row(made), column]
    parts = water.parts(made.facility, tower.id, 0.1, float(circulating))
    assert sum(parts.values()) == pytest.approx(0.1, rel=1e-12)
    assert parts["drift"] == pytest.approx(sheet.drift * circulating)
    assert parts["blow_down"] == pytest.approx(parts["evaporation"] / (sheet.cycles - 1) - parts["drift"])
    drifting = water.parts(made.facility, tower.id, 1e-4, 100.0)  # more drift than blow-down is needed
    assert "blow_down" not in drifting
    assert sum(drifting.values()) == pytest.approx(1e-4)


def test_pads_of_dry_coolers_are_told_as_such():
    made = hall()
    results = solved(made)
    plant = table(["dry1"], water=0.02, flow=10.0, duty=1e5, power=1e3)
    flow = water.flow(made, replace(results, tables={**results.tables, "plant": plant}), 0)
    assert flow.into["pads"] == pytest.approx(0.02)
    assert "1.73 m3 a day" in water.daily(flow)


def test_power_from_outside_the_tree_has_a_beginning_of_its_own():
    made = run("first_hall")
    results = made.results
    values = {name: array.copy() for name, array in results["site"].values.items()}
    values["cooling_power"] += 1e4
    values["facility_power"] += 1e4
    flow = energy.flow(
        made.facility,
        replace(results, tables={**results.tables, "site": Table(("site",), values)}),
        row(made),
    )
    rooms = results.site("electrical_rooms_power", row(made))
    assert flow.out_of["outside"] == pytest.approx(1e4 + rooms)
    assert flow.into["use:electrical_rooms"] == pytest.approx(rooms, rel=1e-6)
    assert max(map(abs, flow.errors().values())) < WORST


def test_electrical_rooms_hand_their_losses_and_their_own_power_to_the_outdoors():
    made, flow = of_run("first_hall", heat)
    site, at = made.results.site, row(made)
    whole = site("electrical_rooms_heat", at) + site("electrical_rooms_power", at)
    assert flow.into["electrical_rooms"] == pytest.approx(whole, rel=1e-9)
    assert flow.out_of["electrical_rooms"] == pytest.approx(whole, rel=1e-9)
    assert site("electrical_rooms_power", at) > 0.0


def test_without_a_tree_or_a_steady_state_there_is_little_or_nothing():
    made = hall()
    results = solved(made)
    assert energy.flow(made, results, None).links == []
    assert heat.flow(made, results, None).links == []
    assert water.flow(made, results, None).links == []
    bare = energy.flow(made.replace(feeds=()), results, 0)
    assert bare.whole == pytest.approx(1.2e5)
    assert {link.target for link in bare.links} >= {"racks", "cooling", "loss"}


def test_numbers_that_are_none_do_not_stop_a_report():
    made = run("first_hall")
    results = made.results
    values = {name: np.full_like(array, np.nan) for name, array in results["power"].values.items()}
    broken = replace(results, tables={**results.tables, "power": Table(results["power"].ids, values)})
    flow = energy.flow(made.facility, broken, row(made))
    assert all(np.isfinite(link.value) for link in flow.links)


def test_a_run_of_zeros_has_a_report():
    made = run("first_hall")
    results = made.results
    tables = {
        name: replace(table, values={what: np.zeros_like(array) for what, array in table.values.items()})
        for name, table in results.tables.items()
    }
    text = report.html(made.facility, replace(results, tables=tables), made.verdict)
    assert "0 kg/s" in text


def test_a_leak_is_seen():
    flow = Flow("t", "power")
    a, b, c = (flow.node(name, name) for name in "abc")
    flow.link(a, b, 10.0)
    flow.link(b, c, 9.0)
    flow.link(b, c, 0.5)
    assert flow.errors() == {"b": pytest.approx(0.05)}
    assert (flow.whole, flow.ends) == (10.0, 9.5)
