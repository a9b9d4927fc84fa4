"""Drawings of the report: labels that never meet, sizes that are true, XML that is well formed whatever the names."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from xml.etree import ElementTree

import pytest

from tests.geometry.small_facilities import facility, feed, machine, ups_product, utility_product
from tests.view.view_paper_samples import CASES, QUICK, SVG, inside, row, run, texts
from tests.view.view_samples import HOSTILE, finding, hall, solved, table
from twin.view.paper import bars, energy, folding, heat, ink, layers, oneline, piping, sankey, water
from twin.view.paper.flows import Flow
from twin.view.paper.layers import Net, Spot
from twin.view.paper.loads import Loads

FLOWS = {"energy": energy, "heat": heat, "water": water}
ARABIC, CHINESE = "مركز البيانات", "機房數據中心的一個很長的名字" * 4


def renamed(made, name):
    """Every machine, group and loop with a hostile name of its own."""
    of = {m.id: f"{name} {k}" for k, m in enumerate(made.machines)}
    return made.replace(
        machines=tuple(m.replace(id=of[m.id], type=name, group=name) for m in made.machines),
        feeds=tuple(f.replace(to=of[f.to], sources=tuple(of[s] for s in f.sources)) for f in made.feeds),
        circuits=tuple(
            c.replace(
                id=f"{name} {c.id}",
                **{part: tuple(of[n] for n in getattr(c, part)) for part in ("sources", "sinks", "pumps")},
            )
            for c in made.circuits
        ),
        runs=(),
    )


def renamed_results(made, other, results):
    of = dict(zip((m.id for m in made.machines), (m.id for m in other.machines), strict=True))
    of |= dict(zip((c.id for c in made.circuits), (c.id for c in other.circuits), strict=True))
    tables = {
        name: replace(found, ids=tuple(of.get(thing, thing) for thing in found.ids))
        for name, found in results.tables.items()
    }
    return replace(results, tables=tables)


@pytest.mark.parametrize("name", QUICK)
@pytest.mark.parametrize("kind", FLOWS)
def test_bars_and_bands_are_as_wide_as_their_values_and_labels_keep_apart(name, kind):
    made = run(name)
    flow = FLOWS[kind].flow(made.facility, made.results, row(made))
    sheet, whole = sankey.drawing(flow), flow.whole
    if sheet is None:
        assert kind == "water" and name == "first_hall"
        return
    assert ink.overlaps(sheet.boxes) == []
    assert inside(sheet)
    root = ElementTree.fromstring(sheet.svg())
    bars_ = [(float(r.get("height")), float(r.get("data-value"))) for r in root.iter(f"{SVG}rect")]
    for high, value in bars_:
        assert high == pytest.approx(max(sankey.BAND * value / whole, sankey.THINNEST), abs=0.01)
    bands = [p for p in root.iter(f"{SVG}path") if p.get("data-value")]
    assert bands
    for band in bands:
        numbers = [float(x) for x in band.get("d").replace("M", "").replace("C", " ").replace("V", " ").replace(
            "Z", "").replace(",", " ").split()]  # fmt: skip
        start, end = numbers[1], numbers[-1]
        wide = sankey.BAND * float(band.get("data-value")) / whole
        assert end - start == pytest.approx(max(wide, sankey.THINNEST), abs=0.02)


def test_bands_leave_a_bar_side_by_side():
    flow = Flow("t", "power")
    for name in "abc":
        flow.node(name, name)
    flow.link("a", "b", 3.0)
    flow.link("a", "c", 1.0)
    spots, bands = sankey._spots(flow, sankey.columns(flow), 100.0)
    sankey._order(spots, bands, 1)
    sankey._place(spots, bands, 10.0, 1)
    leave, _ = sankey._ports(spots, bands, 10.0)
    first, second = sorted(range(2), key=leave.get)
    assert leave[second] == pytest.approx(leave[first] + 10.0 * bands[first].value)


@pytest.mark.parametrize(
    "links", [[("a", "b"), ("b", "a"), ("b", "c")], [("a", "b")], [("a", "c"), ("a", "b"), ("b", "c")]]
)
def test_rings_and_skipped_columns_are_drawn(links):
    flow = Flow("t", "power")
    for name in "abc":
        flow.node(name, name * 30)
    flow.node("d", "source")
    for a, b in [("d", "a"), *links]:
        flow.link(a, b, 1.0)
    sheet = sankey.drawing(flow.tidy())
    assert sheet is not None
    assert ink.overlaps(sheet.boxes) == []
    ElementTree.fromstring(sheet.svg())


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("draw", [oneline.drawing, piping.drawing], ids=["oneline", "piping"])
def test_diagrams_of_shipped_layouts_have_labels_that_keep_apart(name, draw):
    made = run(name)
    sheet = draw(made.facility, made.results)
    assert ink.overlaps(sheet.boxes) == []
    assert inside(sheet)
    assert texts(sheet.svg())
    assert sheet.wide < 1600.0  # else it is too small on a page


def test_the_one_line_diagram_tells_ratings_and_loadings():
    made = hall()
    sheet = oneline.drawing(made, solved(made))
    told = texts(sheet.svg())
    assert "2 x ups" in " ".join(told) or "2 x" in " ".join(told)
    assert any("40 % → 85 %" in text for text in told)
    assert any(text.startswith("8 x") for text in told)


def test_the_piping_diagram_tells_flows_temperatures_and_heat():
    made = run("first_hall")
    told = texts(piping.svg(made.facility, made.results))
    loop = made.results["loop"]
    at, column = row(made), loop.index("fws")
    assert f"supply {loop['supply'][at, column]:.1f} °C" in told
    assert f"return {loop['return'][at, column]:.1f} °C" in told
    assert "21.5 L/s" in told
    assert "8 x gb300_nvl72" in told
    assert any("to air of" in text for text in told)


def test_towers_give_heat_to_the_wet_bulb():
    made = run("warm_water_towers")
    told = texts(piping.svg(made.facility, made.results))
    assert f"wet bulb {made.facility.place.outdoor.wet_bulb:.1f} °C" in told


@pytest.mark.parametrize("name", [HOSTILE, ARABIC, CHINESE, "a" * 300, "\x00\x08 \ud800", ""])
def test_no_name_breaks_a_drawing(name):
    made = run("first_hall").facility
    other = renamed(made, name)
    results = renamed_results(made, other, run("first_hall").results)
    drawings = [oneline.drawing(other, results), piping.drawing(other, results)]
    drawings += [sankey.drawing(kind.flow(other, results, 0)) for kind in (energy, heat)]
    drawings.append(bars.drawing([finding(subject=name, title=name, dimension="power", margin=0.1)]))
    for sheet in drawings:
        assert sheet is not None
        text = sheet.svg()
        root = ElementTree.fromstring(text)
        assert {element.tag.removeprefix(SVG) for element in root.iter()} <= {
            "svg", "title", "path", "rect", "circle", "text"
        }  # fmt: skip
        assert ink.overlaps(sheet.boxes) == []
        assert inside(sheet)


def test_names_that_run_leftwards_keep_to_themselves():
    assert ink.clean(ARABIC) == f"\u2068{ARABIC}\u2069"
    assert ink.clean("a\u202eb").startswith("\u2068")
    assert ink.clean("plain  name\n") == "plain name"
    assert ink.clean("\x07bell\ufffe") == "bell"


def test_texts_are_cut_to_their_room():
    assert ink.clipped("short", 100.0, 10.0) == "short"
    cut = ink.clipped("w" * 200, 100.0, 10.0)
    assert cut.endswith("…") and ink.width(cut, 10.0) <= 100.0
    assert ink.folded("one two three", 45.0, 10.0) == ["one two", "three"]


@pytest.mark.parametrize(
    "empty", [facility([], halls=()), facility([]), hall(0)], ids=["nothing", "bare", "no racks"]
)
def test_little_makes_a_small_drawing_or_none(empty):
    results = solved(empty)
    for sheet in (oneline.drawing(empty, results), piping.drawing(empty, results)):
        if sheet is not None:
            ElementTree.fromstring(sheet.svg())
    unsettled = replace(results, settled=(False,) * 3)
    assert piping.drawing(empty, unsettled) is None


def test_machines_in_the_same_place_fold_and_others_do_not():
    made = hall(6)
    fold = folding.tree(made)
    names = {name: {m.id for m in group} for name, group in fold.classes.items()}
    assert {"ups.A1", "ups.A2"} in names.values()
    assert sum(len(group) for group in names.values()) == len({f.to for f in made.feeds} | {"grid"})
    assert fold.layer["grid"] == 0
    racks = next(name for name, group in fold.classes.items() if group[0].kind == "rack")
    assert fold.layer[racks] == max(fold.layer.values())
    # one UPS that feeds nothing more is no longer like the other
    feeds = (f.replace(sources=("ups.A1",)) if "ups.A2" in f.sources else f for f in made.feeds)
    alone = made.replace(feeds=tuple(feeds))
    fold = folding.tree(alone)
    assert len(fold.classes["ups.A2"]) == 1
    assert not fold.coarse


def test_a_tree_of_many_unlike_machines_is_told_coarsely():
    machines = [machine("grid", utility_product(), (0, 0, 0), indoors=False, group="g")]
    machines += [
        machine(f"u{k}", ups_product(), (0, 0, 0), indoors=False, group="u").replace(type=f"ups_{k}")
        for k in range(80)
    ]
    made = facility(machines, feeds=tuple(feed(f"u{k}", "grid") for k in range(80)))
    power = [group for group in folding.tree(made).classes.values() if group[0].product.role == "power"]
    assert sum(map(len, power)) == 81
    assert oneline.COARSE in texts(oneline.svg(made, solved(made)))
    assert len(power) <= folding.WIDEST


def test_rings_of_feeds_are_drawn():
    made = hall()
    ring = made.replace(feeds=(*made.feeds, feed("ups.A1", "bw.A.p.s", terminal="in2")))
    ElementTree.fromstring(oneline.svg(ring, solved(made)))


def test_places_in_a_layer_keep_their_room_and_come_near_their_neighbours():
    spots = {"top": Spot("top", 0, 10, 10)} | {f"s{k}": Spot(f"s{k}", 2, 20, 30) for k in range(4)}
    spots["low"] = Spot("low", 3, 5, 5)
    chains = layers.arrange(spots, [("top", f"s{k}") for k in range(4)] + [("top", "low"), ("low", "top")])
    assert chains[-1] == []
    assert len(chains[4]) == 4
    for layer in range(4):
        here = sorted((s for s in spots.values() if s.layer == layer), key=lambda s: s.at)
        assert all(b.at - a.at >= a.after + b.before - 1e-9 for a, b in pairwise(here))
    assert min(s.at - s.before for s in spots.values()) == pytest.approx(0.0)


def test_nets_on_one_track_share_no_length_and_leave_each_other_room():
    nets = [
        Net("a", (0.0,), (50.0,)),
        Net("b", (60.0,), (90.0,)),
        Net("c", (50.0,), (20.0,)),
        Net("straight", (30.0,), (30.2,)),
    ]
    track = layers.tracks(nets)
    assert track["straight"] == -1
    assert track["a"] == track["b"] or track["b"] == track["c"]
    assert track["c"] < track["a"]  # its near pin lies over the far pin of a
    crossing = [Net("x", (0.0,), (10.0,)), Net("y", (10.0,), (0.0,))]
    assert set(layers.tracks(crossing).values()) == {0, 1}


def test_loads_are_the_range_in_the_normal_state_and_the_worst_of_settled_ones():
    made = hall()
    load = Loads(solved(made), "power").of(["ups.A1", "ups.A2"])
    assert (load.normal, load.most, load.tone) == ("40 %", "85 %", "good")
    values = table(["a", "b"], loading=[[0.5, 0.7]] * 3)
    values["loading"][2] = 9.0  # a state without a steady solution
    values["loading"][1, 0] = 1.2
    results = replace(solved(made), tables={"power": values})
    load = Loads(results, "power").of(["a", "b", "gone"])
    assert (load.normal, load.most, load.tone) == ("50–70 %", "120 %", "bad")
    assert Loads(results, "feed").of(["a"]) is None


def test_bars_show_the_worst_of_every_rule_against_one_limit():
    worst = bars.worst(
        [finding(code="A", margin=-0.5, dimension="power", value=15.0, limit=10.0), finding(code="F")],
        [
            finding(code="A", margin=0.1, dimension="power"),
            finding(code="B", margin=0.25, dimension="temperature", value=24.0, limit=26.5),
            finding(code="C", margin=0.5, dimension="power", waived="accepted"),
        ],
    )
    assert [f.code for f in worst] == ["A", "B"]
    sheet = bars.drawing(worst)
    root = ElementTree.fromstring(sheet.svg())
    widths = [float(r.get("width")) for r in root.iter(f"{SVG}rect") if r.get("class") in ("f-bad", "f-good")]
    assert widths == pytest.approx([bars.MOST * bars.LENGTH, 0.75 * bars.LENGTH], abs=0.05)
    assert "24.0 °C, limit 26.5 °C, p.n.04" in texts(sheet.svg())
    assert bars.svg([]) == ""
