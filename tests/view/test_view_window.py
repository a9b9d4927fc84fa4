"""The window, driven by its methods and keys without a screen: what it paints, tells, finds, follows and hides."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.air_fields import hall_field
from tests.view.view_samples import HOSTILE, finding, hall, histories, solved, verdict, with_rack_values
from twin.results.year import SERIES, Year
from twin.view import colors
from twin.view.camera import fitted
from twin.view.cascade import cascade
from twin.view.desktop import keys
from twin.view.desktop.airing import AIR
from twin.view.desktop.canvas import HIDDEN
from twin.view.desktop.finder import Finder
from twin.view.desktop.timeline import timelines
from twin.view.desktop.window import make_window
from twin.view.drawing import aim

SIZE = (760, 520)


@pytest.fixture(scope="module")
def made():
    return hall()


@pytest.fixture(scope="module")
def opened(graphics, made):
    """A window on three states, a finding and something that is followed in time."""
    results = replace(solved(made), histories=histories(made))
    shown = make_window(made, results, judged(), off_screen=True, size=SIZE)
    yield shown
    shown.plotter.close()


@pytest.fixture
def window(opened):
    """The same, as it was when it was opened."""
    yield opened
    opened.plotter.clear_box_widgets()
    opened.section()
    while opened.followed is not None:
        opened.step_timeline(1)
    opened.field, opened.scenario = "rack.inlet_temperature", 0
    opened.name_rows(True)
    if opened.helped:
        keys.press(opened, "h")
    for layer in opened.actors:
        opened.show(layer, layer not in HIDDEN)
    opened.forget()
    opened.look("iso")
    opened.paint()


def judged(*more):
    """A verdict with a broken rule and the margins of some things."""
    return verdict(
        finding(position=(5.0, 6.0, 1.0)),
        *more,
        tightest={"p.n.04": (-1.0, "PWR-001"), "p.s.01.inA": (0.2, "X")},
    )


def pixel_of(window, point):
    """Where a point is seen, in pixels from the lower left."""
    renderer = window.plotter.renderer
    renderer.SetWorldPoint(*point, 1.0)
    renderer.WorldToDisplay()
    return renderer.GetDisplayPoint()[:2]


def colour(window, layer, name):
    """Colour that the boxes of a thing are painted with."""
    index = window.scene.layer(layer).ids.index(name)
    data = window.meshes[layer].cell_data
    return tuple(data["color"][list(data["box"]).index(index)].tolist())


def reddish(image):
    image = image.astype(int)
    return int(((image[..., 0] > 2 * image[..., 2]) & (image[..., 0] > 1.3 * image[..., 1])).sum())


def test_one_mesh_for_each_layer_whatever_the_number_of_racks(graphics):
    many = hall(30)
    window = make_window(many, solved(many), off_screen=True, size=SIZE)
    assert all(len(actors) <= 3 for actors in window.actors.values())  # boxes, their edges, their trim
    assert window.meshes["racks"].n_cells == 6 * 60
    window.plotter.close()


def test_it_paints_and_steps_through_quantities_and_states(window):
    assert colour(window, "racks", "p.s.01") == (27, 158, 119)  # 20 degC
    window.step_state(1)
    assert colour(window, "racks", "p.n.04") == colors.NO_VALUE  # the rack that lost its power
    window.step_state(-1)
    before = window.field
    window.step_field(1)
    assert window.field != before
    window.step_field(-1)
    assert window.field == before
    assert window.offered[-1] == "margin"


def test_margins_are_painted_and_inputs_count_for_their_machine(window):
    window.field = "margin"
    window.refresh()
    scale = colors.margin_scale()
    assert colour(window, "racks", "p.n.04") == tuple(scale.rgb(np.array([-1.0]))[0].tolist())
    assert colour(window, "racks", "p.s.01") == tuple(scale.rgb(np.array([0.2]))[0].tolist())
    assert colour(window, "racks", "p.s.02") == colors.NO_VALUE


def test_what_is_seen_at_the_pixel_of_a_rack_is_that_rack(window):
    window.section([-100, -100, 2.15], [100, 100, 2.3])  # nothing that stands in front
    window.section()
    window.look("plan")
    racks = window.scene.layer("racks")
    for layer in ("busways", "containment", "pipes_supply", "pipes_return"):
        window.show(layer, False)
    for name in ("p.s.02", "p.n.04"):
        box = racks.ids.index(name)
        top = [*((racks.low + racks.high) / 2)[box, :2], racks.high[box, 2]]
        assert window.pick_at(*pixel_of(window, top)) == name
        assert "hud panel" in window.plotter.actors
    assert window.pick_at(1, 1) == ""
    assert window.pick(object(), 0) == ""
    assert window.pick(window.actors["racks"][0], 10**6) == ""
    window.forget()
    assert "hud panel" not in window.plotter.actors


def test_painting_again_changes_what_is_seen(graphics, made):
    cold = with_rack_values(solved(made), "inlet_temperature", [20.0] * 8)
    hot = with_rack_values(solved(made), "inlet_temperature", [38.0] * 8)
    window = make_window(made, cold, off_screen=True, size=(800, 600))
    racks = window.scene.layer("racks")
    aim(window.plotter, fitted("plan", racks.low.min(axis=0), racks.high.max(axis=0), 4 / 3))
    seen = []
    for results in (cold, hot):
        window.results = results
        window.refresh()
        seen.append(reddish(window.plotter.screenshot(return_img=True)))
    window.plotter.close()
    assert seen[1] - seen[0] > 3000


def test_a_layer_that_hangs_over_the_racks_is_shown_when_it_is_painted(window):
    busways = window.actors["busways"][0]
    assert not busways.GetVisibility()
    window.field = "power.loading"
    window.paint()
    assert busways.GetVisibility()
    window._switched("busways", False)
    assert not busways.GetVisibility()


def test_a_finding_brings_its_state_its_thing_and_its_neighbours(window):
    keys.press(window, "f")
    assert window.results.scenarios[window.scenario].name == "lose:ups.A1"
    assert window.picked == "p.n.04"
    assert window.field == "power.loading"
    assert {"kin 1", "kin 2"} <= set(window.plotter.actors)  # what serves it, and the thing
    x, y = pixel_of(window, (4.8 + 0.3, 6.6, 1.0))
    width, height = SIZE
    assert 0.2 * width < x < 0.6 * width and 0.3 * height < y < 0.8 * height
    said = window.plotter.actors["hud panel"].input
    assert "Finding 1 of 1" in said and "Power from: bw.A.p.s" in said
    keys.press(window, "Escape")
    assert not {"kin 1", "kin 2"} & set(window.plotter.actors)


def test_a_finding_is_painted_with_what_it_is_about(graphics, made):
    hot = finding(code="AIR-001", value=34.0, dimension="temperature", scenario="lose:ups.A1")
    full = finding(code="LIQ-007", value=0.6, dimension="fraction", subject="cdu1", scenario="normal")
    window = make_window(made, solved(made), judged(hot, full), off_screen=True, size=SIZE)
    painted = []
    for _ in range(3):
        window.step_finding(1)
        painted.append(window.field)
    assert painted == ["power.loading", "rack.inlet_temperature", "cdu.loading"]
    window.plotter.close()


def test_what_follows_from_a_state_is_stepped_through(window):
    window.tell("p.s.01")
    keys.press(window, "c")
    assert "Nothing follows" in window.plotter.actors["hud panel"].input  # from the normal state
    assert window.picked == ""
    keys.press(window, "Right")
    steps = cascade(window.facility, window.results, window.scenario)
    assert [step.text for step in steps][::2] == ["ups.A1 lost", "1 rack without power: p.n.04"]
    said = window.plotter.actors["hud panel"].input
    assert "Step 1 of 3" in said and "▶ 1.  ups.A1 lost" in said and steps[-1].text in said
    assert {"kin 2"} == {name for name in window.plotter.actors if name.startswith("kin")}
    for key, step in (("z", 3), ("c", 1), ("c", 2)):
        keys.press(window, key)
        assert f"Step {step} of 3" in window.plotter.actors["hud panel"].input
    assert {"kin 1", "kin 2"} <= set(window.plotter.actors)  # what came before, and this step
    window.pick_at(*pixel_of(window, (4.8 + 0.3, 6.6, 1.0)))
    window.forget()
    assert (window.stage, "hud panel" in window.plotter.actors) == (-1, False)


def test_a_finding_about_nothing_that_stands_there_moves_nothing(graphics, made):
    nowhere = judged(finding(subject="site", code="SOL-001", scenario="", position=None))
    window = make_window(made, solved(made), nowhere, off_screen=True, size=SIZE)
    window.step_finding(-1)
    assert (window.finding, window.picked, window.scenario) == (1, "site", 0)
    window.plotter.close()


def test_a_name_is_typed_and_found(window):
    for key in ("slash", "p", "period", "n", "q"):
        keys.press(window, key, {"slash": "/", "period": "."}.get(key, key))
    assert window.finder.matches() == []  # and the window is still open, though q was typed
    keys.press(window, "BackSpace")
    keys.press(window, "Down")
    assert window.finder.matches()[:2] == ["p.n.01", "p.n.02"]
    keys.press(window, "Return")
    assert window.picked == "p.n.02"
    assert not window.find("nobody")


def test_finding_prefers_the_whole_name_then_its_beginning():
    finder = Finder.over(["bw.A", "rack.bw", "BW", "x"])
    finder.begin()
    for letter in "bw":
        assert finder.type(letter, letter) is None
    assert finder.matches() == ["BW", "bw.A", "rack.bw"]
    assert finder.type("Return") == "BW"
    finder.begin()
    assert finder.type("Escape") == ""


def test_time_repaints_and_its_slider_moves_with_it(window):
    keys.press(window, "t")
    assert window.field == "rack.case_temperature"
    assert colour(window, "racks", "p.s.01") == painted(window, 50.0)
    slider = window.hud.sliders["time"]
    slider.GetRepresentation().SetValue(2.0)
    slider.InvokeEvent("InteractionEvent")
    assert window.step == 2
    assert colour(window, "racks", "p.s.01") == painted(window, 80.0)
    assert "120 s" in window.plotter.actors["hud note"].input
    assert "pumps stop" in window.plotter.actors["hud note"].input
    window.tell("p.s.02")
    assert "80.0 °C" in window.plotter.actors["hud panel"].input.replace("\n", " ")
    keys.press(window, "comma")
    assert (window.step, slider.GetRepresentation().GetValue()) == (1, 1.0)
    window.to_step(1e9)
    assert window.step == 2
    keys.press(window, "t")  # nothing else is followed
    assert window.followed is None
    assert "time" not in window.hud.sliders


def painted(window, value):
    part = window._paints()[0]
    return tuple(part.scale.rgb(np.array([value]))[0].tolist())


def test_the_year_is_followed_by_its_hours(made):
    hours = {name: np.full(8760, 1.0) for name in SERIES}
    hours["solved"][5] = 0.0
    year = Year("Somewhere", "made up", True, hours, ("fws",), np.full((8760, 1), 30.0))
    (line,) = timelines(replace(solved(made), year=year))
    assert line.clock(24 * 31) == "02-01 00h"
    assert line.values("loop.supply", 4) == {"fws": 30.0}
    assert line.values("loop.supply", 5) == {}
    assert line.values("rack.power", 4) is None
    assert "PUE 1" in line.told(4) and "no value" in line.told(5)


def test_the_air_is_stepped_through_and_its_cut_moved_by_key_and_slider(graphics, made):
    fields = {"": hall_field(made, spacing=0.5)}
    window = make_window(made, solved(made), fields=fields, off_screen=True, size=SIZE)
    for name in (*AIR[1:], ""):
        keys.press(window, "g")
        assert window.air == name
        assert ("air" in window.plotter.actors) == bool(name)
        assert ("cut" in window.hud.sliders) == (name in ("x", "y", "z"))
    keys.press(window, "g")
    window.move_cut(3)
    first = window.plotter.actors["air"].GetBounds()[4]
    slider = window.hud.sliders["cut"]
    assert slider.GetRepresentation().GetValue() == pytest.approx(first)
    slider.GetRepresentation().SetValue(first + 1.0)
    slider.InvokeEvent("InteractionEvent")
    assert window.plotter.actors["air"].GetBounds()[4] == pytest.approx(first + 1.0)
    window.move_cut(1000)  # at most to the ceiling
    assert window.plotter.actors["air"].GetBounds()[4] <= made.halls[0].size[2]
    window.plotter.close()


def test_a_window_without_fields_has_no_air(window):
    keys.press(window, "g")
    keys.press(window, "u")
    assert window.air == ""
    assert "air" not in window.plotter.actors


def test_a_section_box_hides_what_lies_outside(window):
    window.field = "power.loading"
    window.look("plan")
    racks = window.actors["racks"][0]
    whole = window.plotter.screenshot(return_img=True).astype(int)
    keys.press(window, "x")
    assert racks.GetMapper().GetClippingPlanes().GetNumberOfItems() == 6
    window.section([0, 0, 0], [0.1, 0.1, 0.1])
    empty = window.plotter.screenshot(return_img=True).astype(int)
    assert (np.abs(whole - empty).max(axis=-1) > 20).sum() > 500
    keys.press(window, "x")
    assert not racks.GetMapper().GetClippingPlanes()
    window.tell("p.s.02")
    assert window.isolate()
    assert window.clipping.high[1] < 6.0 < window.scene.layer("racks").high[:, 1].max()
    window.forget()
    assert not window.isolate()


@pytest.mark.slow
def test_every_key_is_told_and_does_something_without_harm(window, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    told = keys.help_text()
    for key, (words, _) in keys.table().items():
        assert words in told
        if key not in ("q", "slash"):
            assert keys.press(window, key)
    assert not keys.press(window, "F7")
    assert [path.name for path in tmp_path.iterdir()] == ["twin-01.png"]
    assert keys.picture(window, tmp_path).name == "twin-02.png"


def test_names_are_shown_and_hidden(window):
    assert window.names.GetVisibility()
    keys.press(window, "l")
    assert not window.names.GetVisibility()


@pytest.mark.parametrize(("count", "theme"), [(0, "dark"), (1, "light")])
def test_empty_halls_and_hostile_names_open(graphics, count, theme):
    odd = hall(count, HOSTILE)
    window = make_window(
        odd, solved(odd), verdict(finding(subject=HOSTILE)), off_screen=True, size=SIZE, theme=theme
    )
    window.step_finding(1)
    window.tell(HOSTILE)
    assert window.plotter.screenshot(return_img=True).std() > 1
    window.plotter.close()


def test_unknown_quantities_and_themes_are_refused(graphics, made):
    with pytest.raises(KeyError):
        make_window(made, solved(made), off_screen=True, field="rack.soup")
    with pytest.raises(ValueError, match="light, dark"):
        make_window(made, solved(made), off_screen=True, theme="pink")


@pytest.mark.parametrize("size", [(1280, 720), pytest.param((1500, 900), marks=pytest.mark.slow)], ids=str)
def test_words_of_the_window_do_not_overlap(graphics, made, size):
    """Title, list, panel, note and colour bar keep apart."""
    window = make_window(
        made, replace(solved(made), histories=histories(made)), judged(), off_screen=True, size=size
    )
    for key in ("f", "t"):
        keys.press(window, key)
    window.plotter.render()
    rects = {name: bounds(window, actor) for name, actor in window.plotter.actors.items() if words(name)}
    for a, first in rects.items():
        for b, second in rects.items():
            apart = (first[1] <= second[0]) | (second[1] <= first[0])
            assert a >= b or apart.any(), (a, b, first, second)
    window.plotter.close()


def words(name):
    return name.startswith("hud ") and not name.startswith(
        ("hud plate", "hud frame", "hud help", "hud search")
    )


def bounds(window, actor):
    """Lower left and upper right corner of a text. [pixel]"""
    box = [0.0] * 4
    actor.GetBoundingBox(window.plotter.renderer, box)
    x, y = actor.GetPosition()
    return np.array([[x + box[0], y + box[2]], [x + box[1], y + box[3]]])
