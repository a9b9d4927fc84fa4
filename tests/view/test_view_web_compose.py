"""A run as a scene: every number is that of the results, and everything else finds its place."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from tests import air_fields
from tests.geometry.small_facilities import shell, tray
from tests.view.view_samples import HOSTILE, LOST, finding, hall, solved, verdict, with_rack_values
from tests.year_samples import made_year
from twin.model.base import Mark
from twin.model.language import Limit
from twin.results.histories import History
from twin.results.quantities import QUANTITIES
from twin.results.results import Table
from twin.results.year import Series
from twin.scenario import Scenario
from twin.view import scene as scenes
from twin.view.web import findings, paths, values
from twin.view.web.compose import compose
from twin.view.web.document import Scene, rounded, unpack
from twin.view.web.parts import Block, Part


def composed(facility, results, judged=None, **options):
    """The scene as a reader gets it."""
    return unpack(compose(facility, results, judged or verdict(), **options).packed())


def quantity(scene: Scene, name):
    """A quantity, its values by state and thing."""
    found = next(q for q in scene.document.quantities if q.name == name)
    ids = [scene.document.things.id[number] for number in scene.array(found.thing)]
    return found, [dict(zip(ids, row.tolist(), strict=True)) for row in scene.array(found.values)]


def changed(results, table, **columns):
    """A copy with other values in a table."""
    old = results.tables[table]
    return replace(results, tables={**results.tables, table: Table(old.ids, {**old.values, **columns})})


@pytest.fixture(scope="module")
def facility():
    return hall(4)


@pytest.fixture(scope="module")
def results(facility):
    return solved(facility)


@pytest.fixture(scope="module")
def scene(facility, results):
    judged = verdict(
        finding(), tightest={"p.n.04": (-1.0, "PWR-001"), "p.s.01.in": (0.2, "PWR-002"), "?": (0.1, "X")}
    )
    return composed(facility, results, judged)


def test_every_number_of_the_tables_is_in_the_scene(scene, results):
    settled = np.array(results.settled)
    told = {q.name for q in scene.document.quantities}
    for table_name, table in results.tables.items():
        for name, numbers in table.values.items():
            key = f"{table_name}.{name}"
            assert key in told
            _, found = quantity(scene, key)
            for column, thing in enumerate(table.ids):
                got = np.array(
                    [row[thing] for row in found] * (len(numbers) if len(found) == 1 else 1), np.float32
                )
                wanted = rounded(numbers[:, column], QUANTITIES[key].dimension)
                known = ~np.isnan(got)
                np.testing.assert_array_equal(got[known], wanted[known], err_msg=key)
                if key not in scenes.FIELDS:
                    np.testing.assert_array_equal(known, settled, err_msg=key)


@pytest.mark.parametrize("state", [0, 1, 2])
def test_what_is_painted_is_what_the_pictures_paint(scene, results, state):
    for name in {q.name for q in scene.document.quantities if q.paint} & set(scenes.FIELDS):
        rows = quantity(scene, name)[1]
        row = rows[min(state, len(rows) - 1)]
        painted = scenes.paint(results, name, state)
        assert {thing for thing, value in row.items() if not np.isnan(value)} == set(painted)


def test_a_quantity_that_no_state_changes_has_one_row(facility, results):
    steady = replace(results, settled=(True, True, True))
    assert len(quantity(composed(facility, steady), "hall.inlet_max")[1]) == 1
    assert len(quantity(composed(facility, results), "hall.inlet_max")[1]) == 3  # the last has no values


def test_breaker_loads_are_told_of_what_is_fed(facility, results):
    feeds = Table(("ups.A1.in", "p.s.01.in", "p.s.02.in", "unknown.in"), {"loading": np.full((3, 4), 0.5)})
    feeds.values["loading"][1, 1] = 0.9
    found, rows = quantity(
        composed(facility, replace(results, tables={**results.tables, "feed": feeds})), "feed.loading"
    )
    assert rows[1] == pytest.approx({"ups.A1": 0.5, "p.s.01": 0.9, "p.s.02": 0.5})
    assert found.paint and {"racks", "power"} <= set(found.layers)


def test_boxes_are_those_of_the_scene(facility, scene):
    seen = scenes.build(facility)
    layers = {layer.name: layer for layer in scene.document.layers}
    assert set(layers) == {layer.name for layer in seen.layers}
    for layer in seen.layers:
        made = layers[layer.name]
        owners = [scene.document.things.id[number] for number in scene.array(made.thing)]
        assert owners == list(layer.ids)
        np.testing.assert_allclose(scene.array(made.low), layer.low, atol=6e-4)
        np.testing.assert_allclose(scene.array(made.high), layer.high, atol=6e-4)
    fronts = dict(
        zip(scene.array(layers["racks"].thing).tolist(), scene.array(layers["racks"].front), strict=True)
    )
    south, north = (scene.document.things.id.index(name) for name in ("p.s.01", "p.n.01"))
    assert (fronts[south], fronts[north]) == (1, 3)
    assert not scene.array(layers["walls"].front).any()
    assert layers["busways"].hidden and not layers["racks"].hidden


def blocks(part):
    """Every array that a part of the document points to."""
    if isinstance(part, Block):
        yield part
    elif isinstance(part, Part):
        for name in type(part).model_fields:
            yield from blocks(getattr(part, name))
    elif isinstance(part, tuple):
        for item in part:
            yield from blocks(item)


def test_every_array_lies_in_the_scene_and_points_to_what_is_there(facility, results):
    year = made_year(facility, ("tcs",))
    fields = {"": air_fields.hall_field(facility, spacing=0.8)}
    scene = composed(facility, replace(results, year=year), fields=fields)
    found = list(blocks(scene.document))
    assert len(found) > 50 and all(scene.array(block).shape == block.shape for block in found)
    told, count = scene.document, len(scene.document.things.id)
    assert all(scene.array(part.thing).max() < count for part in (*told.quantities, *told.layers))
    assert all(
        quantity.lut < len(told.luts) and quantity.safe < len(told.luts) for quantity in told.quantities
    )
    for volume in told.volumes:
        assert max(volume.lut, volume.safe) < len(told.luts) and volume.quantity < len(told.quantities)
    starts, (lines,) = scene.array(told.streams[0].start), told.streams
    assert starts[0] == 0 and starts[-1] == lines.points.shape[0] and (np.diff(starts.astype(int)) > 1).all()


def test_things_know_their_place_and_line(scene):
    things = scene.document.things
    rack = things.id.index("p.s.02")
    assert things.kinds[things.kind[rack]] == "rack" and things.types[things.type[rack]] == "t"
    assert things.places[things.place[rack]] == "hall / p / s"
    assert (things.rows[things.row[rack]], things.pods[things.pod[rack]]) == ("p.s", "p")
    assert (things.files[things.file[rack]], things.line[rack]) == ("hall.yaml", 1)
    position = scene.array(things.position)
    np.testing.assert_allclose(position[rack], [3.9, 3.6, 1.1], atol=1e-3)
    assert np.isnan(position[things.id.index("grid")]).all()
    assert {"hall", "tcs", "fws", "site"} <= set(things.id) and len(set(things.id)) == len(things.id)


def test_containment_and_trays_belong_to_a_pod():
    facility = hall(2, trays=(tray("fibre", "p.s"),))
    things = composed(facility, solved(facility)).document.things
    for name in [n for n in things.id if n.startswith("p aisle")] + ["fibre"]:
        assert things.pods[things.pod[things.id.index(name)]] == "p"


def test_who_serves_whom_is_what_the_layout_says(facility, scene):
    ids, edges = scene.document.things.id, scene.document.edges
    power = {(ids[a], ids[b]) for a, b in scene.array(edges.power)}
    assert power == {(source, feed.to) for feed in facility.feeds for source in feed.sources}
    cooling = {(ids[a], ids[b]) for a, b in scene.array(edges.cooling)}
    assert ("dry1", "cdu1") in cooling and ("cdu1", "p.s.01") in cooling and ("cdu1", "p.n.04") not in cooling
    assert {ids[n] for n in scene.array(edges.loop)} == {"tcs", "fws"}


def test_a_large_loop_is_told_by_way_of_itself(monkeypatch):
    monkeypatch.setattr(paths, "MOST", 2)
    facility = hall(3)
    scene = composed(facility, solved(facility))
    ids = scene.document.things.id
    cooling = {(ids[a], ids[b]) for a, b in scene.array(scene.document.edges.cooling)}
    assert ("cdu1", "tcs") not in cooling and ("cdu1", "p.s.01") in cooling  # one source, two sinks
    monkeypatch.setattr(paths, "MOST", 1)
    scene = composed(facility, solved(facility))
    cooling = {(ids[a], ids[b]) for a, b in scene.array(scene.document.edges.cooling)}
    assert {("cdu1", "tcs"), ("tcs", "p.s.01"), ("dry1", "cdu1")} <= cooling and (
        "cdu1",
        "p.s.01",
    ) not in cooling


def test_states_tell_what_is_lost_and_what_follows(scene):
    normal, lost, runaway = scene.document.states
    ids = scene.document.things.id
    assert normal.normal and normal.cascade == () and normal.hottest == "34.0 °C"
    assert [ids[n] for n in lost.failed] == ["ups.A1"] and (lost.dark, lost.overloaded, lost.findings) == (
        1,
        0,
        1,
    )
    assert [step.text for step in lost.cascade] == [
        "ups.A1 lost",
        "Load rises on 3 power machines, up to 85.0 %: ups.A2, bw.A.p.s, grid",
        "1 rack without power: p.n.04",
    ]
    assert [ids[n] for n in lost.cascade[-1].things] == ["p.n.04"]
    assert (
        not runaway.settled
        and runaway.hottest == ""
        and runaway.cascade[-1].text == "No steady state follows"
    )


def test_a_cascade_goes_from_cause_to_effect(facility, results):
    power, rack = results.tables["power"], results.tables["rack"]
    loading = power["loading"].copy()
    loading[1] = [0.0, 1.2, 0.5, 0.5]
    live, flow = power["live"].copy(), rack["liquid_flow"].copy()
    live[1, 2], flow[1, 0] = 0.0, 0.0
    throttle, inlet = np.ones_like(flow), rack["inlet_temperature"].copy()
    throttle[1, 1], inlet[1, 2] = 0.7, 60.0
    found = changed(results, "power", loading=loading, live=live)
    found = changed(found, "rack", liquid_flow=flow, throttle=throttle, inlet_temperature=inlet)
    trips = {
        "losses": [
            {"out": ["ups.A1"], "trips": [{"step": 2, "what": "bw.A.p.s"}, {"step": 1, "what": "ups.A2"}]}
        ]
    }
    lost = composed(facility, replace(found, answers={"redundancy": trips})).document.states[1]
    words = [step.text.partition(":")[0] for step in lost.cascade]
    assert words == [
        "ups.A1 lost", "1 power machine without power", "Load rises on 2 power machines, up to 120.0 %",
        "1 power machine above rating", "Trips on overload, step 1", "Trips on overload, step 2",
        "1 rack without power", "1 rack without coolant", "1 rack below the power asked for",
        "1 rack with inlet air above what the class allows",
    ]  # fmt: skip
    assert (lost.overloaded, lost.throttled) == (1, 1)


def test_findings_stand_in_their_order_with_thing_and_state(facility, results):
    feed_finding = finding(subject="p.s.01.in", code="PWR-002", scenario="normal", margin=-0.1, dimension="fraction",
                           value=0.9, limit=0.8, message="breaker load is 90 %", position=(1.0, 2.0, 3.0))  # fmt: skip
    warm = finding(subject="p", code="AIR-001", dimension="temperature", value=34.0, limit=35.0,
                   message="inlet air is 34.0 degC", scenario="")  # fmt: skip
    holds = (finding(code="AIR-002", severity="info"), finding(code="AIR-001", severity="info"))
    told = composed(facility, results, verdict(finding(), feed_finding, warm, margins=holds)).document
    flag, load, air, *rest = told.findings
    assert (flag.value, flag.limit, flag.margin) == ("no", "yes", None)
    assert (told.things.id[flag.thing], flag.state) == ("p.n.04", 1)
    assert (told.things.id[load.thing], load.state, load.value, load.margin) == ("p.s.01", 0, "90.0 %", -0.1)
    assert load.position == (1.0, 2.0, 3.0)
    assert (air.thing, air.state, air.message, air.limit) == (-1, -1, "inlet air is 34.0 °C", "35.0 °C")
    assert [f.code for f in rest] == ["AIR-002"]  # one with a finding does not hold
    assert told.summary == "3 of 4 rules broken (3 findings); 3 states evaluated"


def test_more_findings_of_a_rule_than_anybody_reads_are_counted(facility, results, monkeypatch):
    monkeypatch.setattr(findings, "MOST", 2)
    many = [finding(subject=f"p.s.0{n}") for n in (1, 2, 3, 4)] + [finding(code="PWR-002")]
    told = composed(facility, results, verdict(*many)).document
    assert [f.code for f in told.findings] == ["PWR-001", "PWR-001", "PWR-002", "AIR-001"]
    assert told.notes == ("2 further findings of rule PWR-001 are in the report alone.",)


def test_the_tightest_margin_can_be_painted(scene):
    found, (row,) = quantity(scene, "margin")
    assert row == pytest.approx({"p.n.04": -1.0, "p.s.01": 0.2})
    assert (
        found.paint
        and found.bands[0].text == "rule broken"
        and found.bands[0].high == found.limits[0].value == 0
    )


def test_limits_of_the_layout_stand_beside_the_bar():
    limits = (
        (Limit(what="rack.inlet", max="27 degC", min="10 degC"), Mark(file="hall.yaml", line=9)),
        (Limit(what="ups.loading", max="90 %"), Mark(file="hall.yaml", line=10)),
    )
    facility = hall(2, limits=limits)
    scene = composed(facility, solved(facility))
    ticks = {q.name: [(t.value, t.text) for t in q.limits] for q in scene.document.quantities}
    assert ticks["rack.inlet_temperature"] == [
        (10.0, "at least 10.0 °C (layout)"),
        (27.0, "at most 27.0 °C (layout)"),
    ]
    assert ticks["power.loading"] == [(0.9, "ups: at most 90.0 % (layout)"), (1.0, "rating")]
    bands = quantity(scene, "rack.inlet_temperature")[0].bands
    assert [(b.low, b.high) for b in bands if b.text == "recommended"] == [(18.0, 27.0)]
    assert all(a.high == b.low for a, b in pairwise(bands))


def test_a_year_is_a_timeline(facility, results):
    solved_hours = np.ones(8760)
    solved_hours[5] = 0
    year = made_year(facility, ("fws", "tcs"), solved=solved_hours)
    scene = composed(facility, replace(results, year=year))
    (line,) = scene.document.timelines
    series = {s.name: scene.array(s.values)[0] for s in line.series}
    assert line.kind == "year" and scene.array(line.times)[0, -1] == 8759 * 3600
    np.testing.assert_allclose(np.delete(series["pue"], 5), np.delete(year["pue"], 5), rtol=6e-5)
    assert np.isnan(series["pue"][5]) and np.isfinite(series["dry_bulb"][5])
    (paint,) = line.paints
    assert scene.document.quantities[paint.quantity].name == "loop.supply"
    np.testing.assert_allclose(
        np.delete(scene.array(paint.values), 5, 0), np.delete(year.supply, 5, 0), atol=0.006
    )


def test_what_follows_a_loss_is_a_timeline(facility, results):
    history = History(
        name="loss:utility", label="Loss of the utility", times=np.array([0.0, 1.5, 60.0]),
        ids={"rack.liquid_return": ("p.s.01", "gone"), "rack.nothing": ("p.s.01",)},
        values={"rack.liquid_return": np.array([[50, 1], [51, 2], [np.nan, 3]]), "rack.nothing": np.zeros((3, 1))},
        series={"supply": Series("Warmest supply", "temperature"), "lost": Series("?", "ratio")},
        lines={"supply": np.array([40.0, 41.0, np.inf])}, limits={"supply": ((45.0, "warmest allowed 45 degC"),)},
        moments=((60.0, "late"), (1.5, "first lid at its limit"), (np.nan, "never")),
    )  # fmt: skip
    scene = composed(facility, replace(results, histories=(history,)))
    (line,) = scene.document.timelines
    (series,), (paint,) = line.series, line.paints
    np.testing.assert_array_equal(scene.array(series.values)[0], np.float32([40, 41, np.nan]))
    assert series.limits[0].text == "warmest allowed 45 °C"
    np.testing.assert_array_equal(scene.array(paint.values)[:, 0], np.float32([50, 51, np.nan]))
    assert [(m.time, m.text) for m in line.moments] == [(1.5, "first lid at its limit"), (60.0, "late")]


def test_what_studies_found_has_one_row(facility, results):
    studies = {"part": Table(("ups.A1", "p.s.01.in"), {"racks_lost": np.array([2.0, 8.0])})}
    found, (row,) = quantity(composed(facility, replace(results, studies=studies)), "part.racks_lost")
    assert row == {"ups.A1": 2.0} and not found.paint


def test_states_can_be_chosen_by_name(facility, results):
    told = composed(facility, results, states=["lose:ups.A1", "normal"]).document
    assert [state.name for state in told.states] == ["normal", "lose:ups.A1"]
    assert told.notes == ("2 of 3 states are shown; the report lists all.",)
    with pytest.raises(KeyError):
        compose(facility, results, verdict(), states=["lose:nothing"])


def test_of_too_many_states_the_worst_are_kept(facility, results, monkeypatch):
    idle = [Scenario(name=f"lose:{n}", failed=("grid",)) for n in range(6)]
    tables = {
        name: Table(table.ids, {q: np.repeat(v, [1, 1, 7], axis=0) for q, v in table.values.items()})
        for name, table in results.tables.items()
    }
    tables["rack"].values["served"][5, 0] = 0
    tables["rack"].values["power"][:] += np.arange(9)[:, None]
    many = replace(
        results,
        tables=tables,
        scenarios=(*results.scenarios[:2], *idle, results.scenarios[2]),
        settled=(True,) * 9,
    )
    varying = sum(v.shape[1] for t in tables.values() for v in t.values.values() if (v != v[:1]).any())
    monkeypatch.setattr(values, "BYTES", 4 * 3 * varying)
    told = composed(facility, many, verdict(finding())).document
    assert [s.name for s in told.states] == ["normal", LOST.name, "lose:3"]
    assert "3 of 9 states" in told.notes[0]


@pytest.mark.parametrize("count", [0, 1])
def test_a_hall_without_racks_and_one_with_a_single_rack_are_shown(count):
    facility = hall(1) if count else hall(1).replace(
        machines=(), runs=(), zones=(), feeds=(), circuits=(), halls=(shell(),)
    )  # fmt: skip
    results = solved(facility)
    if not count:
        results = replace(
            results, tables={n: t for n, t in results.tables.items() if n in ("rack", "site", "hall")}
        )
    told = composed(facility, results).document
    assert len(told.states) == 3 and told.layers
    assert all(b > a for a, b in zip(told.low, told.high, strict=True))


def test_nothing_at_all_is_a_scene_as_well():
    facility = hall(1).replace(machines=(), runs=(), zones=(), feeds=(), circuits=(), halls=())
    empty = replace(solved(facility), tables={}, scenarios=(), settled=(), conservation={})
    told = composed(facility, empty, verdict(kpis=(), margins=())).document
    assert (told.layers, told.quantities, told.states, told.painted) == ((), (), (), 0)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e300, 5e-324])
def test_no_number_is_too_odd(facility, results, value):
    odd = replace(
        results,
        tables={
            n: Table(t.ids, {q: np.full_like(v, value) for q, v in t.values.items()})
            for n, t in results.tables.items()
        },
        settled=(True, True, True),
    )
    judged = verdict(finding(value=1e18, limit=-1e18, margin=-1e18))
    scene = composed(facility, odd, judged)
    for found in scene.document.quantities:
        assert not np.isinf(scene.array(found.values)).any() and found.low < found.high


def test_a_failed_normal_state_has_no_values(facility, results):
    failed = replace(results, settled=(False, False, False))
    scene = composed(facility, failed, verdict(status="failed", kpis=()))
    assert all(
        np.isnan(scene.array(q.values)).all() for q in scene.document.quantities if q.name in scenes.FIELDS
    )
    assert scene.document.states[0].hottest == "" and scene.document.status == "failed"


def test_a_table_of_another_shape_or_of_strangers_is_left_out(facility, results):
    tables = {**results.tables, "rack": Table(("nobody",), {"power": np.ones((3, 1))}),
              "cdu": Table(("cdu1",), {"supply": np.ones((2, 1)), "mystery": np.ones((3, 1))})}  # fmt: skip
    told = {q.name for q in composed(facility, replace(results, tables=tables)).document.quantities}
    assert not told & {"rack.power", "cdu.supply", "cdu.mystery"} and "power.loading" in told


def test_names_in_any_script_come_back_as_they_were():
    facility = hall(1, name=HOSTILE, description="مركز 機房 \u202e")
    told = composed(facility, solved(facility), verdict(finding(message=HOSTILE))).document
    assert (told.title, told.findings[0].message) == (HOSTILE, HOSTILE)


def test_a_dead_rack_and_one_without_coolant_have_no_value(facility, results):
    _, rows = quantity(composed(facility, results), "rack.inlet_temperature")
    assert np.isnan(rows[1]["p.n.04"]) and rows[0]["p.n.04"] == 34.0
    _, rows = quantity(composed(facility, results), "rack.liquid_supply")
    assert np.isnan(rows[0]["p.n.04"]) and rows[0]["p.s.01"] == 40.0
    broken = with_rack_values(results, "inlet_temperature", np.nan)
    assert all(
        np.isnan(v) for v in quantity(composed(facility, broken), "rack.inlet_temperature")[1][0].values()
    )


def test_dimensions_of_all_quantities_are_told(scene):
    told = scene.document.dimensions
    assert {q.dimension for q in scene.document.quantities} <= set(told)
    assert [u.text for u in told["power"].units] == ["W", "kW", "MW"] and told["flag"].flag
    assert told["temperature"].decimals == 1 and told["temperature"].units[0].text == "°C"
