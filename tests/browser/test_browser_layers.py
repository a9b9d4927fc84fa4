"""What is seen: layers, one row alone, a box cut out of the scene, colours, themes and labels."""

from __future__ import annotations

import pytest

from tests.browser.viewer import changed

pytestmark = pytest.mark.slow


def test_a_layer_that_is_switched_off_is_neither_seen_nor_hit(viewer, sample_page):
    viewer.open(sample_page, "tab=layers")
    before, place = viewer.picture(), viewer.seen("p.s.01")
    switch = viewer.named("switch", "Racks")
    switch.click()
    assert viewer.state["layers"] == {"racks": False}
    assert viewer.under(*place) != "p.s.01"
    assert changed(before, viewer.picture()) > 0.01
    viewer.named("switch", "Racks").click()
    assert viewer.state["layers"] == {} and viewer.under(*place) == "p.s.01"


def test_every_layer_can_be_switched_and_says_how_many_things_it_has(viewer, sample_page, sample):
    viewer.open(sample_page, "tab=layers")
    layers = sample.composed().document.layers
    switches = viewer.all(".layer-button")
    assert [switch.get_attribute("data-layer") for switch in switches] == [layer.name for layer in layers]
    racks = next(switch for switch in switches if switch.get_attribute("data-layer") == "racks")
    assert racks.text.split() == ["Racks", "8"]
    for layer in layers:
        button = viewer.one(f"[data-layer='{layer.name}']")
        was = button.get_attribute("aria-checked")
        button.click()
        assert viewer.one(f"[data-layer='{layer.name}']").get_attribute("aria-checked") != was
    viewer.rest()


def test_one_row_alone_by_list_and_by_key(viewer, sample_page):
    viewer.open(sample_page)
    north = viewer.seen("p.n.01")
    viewer.run("twinViewer.select('p.s.01')")
    viewer.key("i")
    assert viewer.state["isolate"] == "row:p.s"
    assert viewer.under(*north) != "p.n.01" and viewer.seen("p.s.02")
    viewer.key("i")
    assert viewer.state["isolate"] == "" and viewer.under(*north) == "p.n.01"
    viewer.run("twinViewer.set({tab: 'layers', sel: ''})")
    viewer.choose("Isolate", "row:p.n")
    assert viewer.state["isolate"] == "row:p.n"
    assert viewer.under(*north) == "p.n.01"
    with pytest.raises(AssertionError, match="hidden"):
        viewer.seen("p.s.01")


def test_a_section_box_cuts_and_its_faces_move(viewer, sample_page):
    viewer.open(sample_page, "tab=layers")
    place, before = viewer.seen("p.s.01"), viewer.picture()
    viewer.named("button", "Section box").click()
    assert viewer.state["box"] is not None and viewer.under(*place) == "p.s.01"
    west = viewer.named("slider", "West face")
    viewer.slide(west, 0.8)
    assert viewer.state["box"]["low"][0] > 4.0
    assert viewer.under(*place) != "p.s.01"
    assert changed(before, viewer.picture()) > 0.02
    viewer.named("button", "Section box").click()
    assert viewer.state["box"] is None and viewer.under(*place) == "p.s.01"


def test_colours_follow_the_chosen_quantity_and_the_bar_tells_its_unit(viewer, sample, sample_page):
    viewer.open(sample_page)
    before = viewer.picture()
    assert "Air temperature at the inlet" in viewer.text(".legend") and "\u00b0C" in viewer.text(".legend")
    viewer.key("c")
    viewer.named("radio", "Electrical power at the rack input").find_element("xpath", "..").click()
    viewer.key("\ue00c")
    assert viewer.state["quantity"] == "rack.power"
    assert "kW" in viewer.text(".legend")
    assert changed(before, viewer.picture()) > 0.005


def test_colours_for_all_eyes_repaint_picture_and_bar(viewer, sample_page):
    viewer.open(sample_page, "tab=layers")
    before, bar = viewer.picture(), viewer.picture(".legend canvas")
    viewer.named("switch", "Colours for all eyes").find_element("xpath", "..").click()
    assert viewer.state["safe"] is True
    assert changed(bar, viewer.picture(".legend canvas")) > 0.5
    assert changed(before, viewer.picture()) > 0.005


def test_light_and_dark(viewer, sample_page):
    viewer.open(sample_page, "theme=light")
    light = viewer.picture("body").mean()
    viewer.key("t")
    assert viewer.state["theme"] == "dark"
    dark = viewer.picture("body").mean()
    assert light > 180 and dark < 90
    viewer.named("button", "Light or dark").click()
    assert viewer.picture("body").mean() == pytest.approx(light, abs=3)


def test_the_page_follows_the_theme_of_the_system(viewer, sample_page):
    try:
        viewer.command(
            "Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}]
        )
        viewer.open(sample_page)
        assert viewer.picture("body").mean() < 90
    finally:
        viewer.command("Emulation.setEmulatedMedia", features=[])


def test_named_views_and_labels_by_keys(viewer, sample_page):
    viewer.open(sample_page)
    iso = viewer.picture()
    viewer.key("2")
    assert viewer.state["view"] == "plan" or viewer.state["view"]["parallel"] > 0
    plan = viewer.picture()
    assert changed(iso, plan) > 0.1
    west, east = viewer.place("p.s.01"), viewer.place("p.s.04")
    north = viewer.place("p.n.01")
    assert west[0] < east[0] and west[1] == pytest.approx(east[1], abs=3) and north[1] < west[1]
    viewer.key("l")
    assert viewer.state["labels"] is False
    assert changed(plan, viewer.picture()) > 0.001
