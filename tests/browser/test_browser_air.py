"""The air: cuts that move, a surface, the volume and streamlines, without a complaint of the graphics."""

from __future__ import annotations

import pytest

from tests.browser.viewer import changed

pytestmark = pytest.mark.slow


def test_a_cut_moves_with_its_slider(viewer, sample_page):
    viewer.open(sample_page, "tab=layers")
    bare = viewer.picture()
    viewer.named("button", "Air slices").click()
    cut = viewer.picture()
    assert viewer.state["air"] == "slice" and changed(bare, cut) > 0.05
    slider = viewer.named("slider", "Cut 1")
    viewer.slide(slider, 0.9)
    state = viewer.state["cuts"]
    assert state[0]["axis"] == "z" and state[0]["at"] == pytest.approx(3.6, abs=0.2)
    assert changed(cut, viewer.picture()) > 0.05


def test_cuts_lie_across_every_axis_three_at_most(viewer, sample_page):
    viewer.open(sample_page, "tab=layers&cut=z:1.5")
    one = viewer.picture()
    for _ in range(2):
        viewer.named("button", "Add a cut").click()
    assert [cut["axis"] for cut in viewer.state["cuts"]] == ["z", "x", "y"]
    assert changed(one, viewer.picture()) > 0.02
    assert not [button for button in viewer.all("button") if button.text == "Add a cut"]
    viewer.named("button", "Remove cut 3").click()
    assert len(viewer.state["cuts"]) == 2


@pytest.mark.parametrize("mode", ["surface", "volume"])
@pytest.mark.parametrize("field", ["temperature", "speed"])
def test_surface_and_volume_are_drawn_and_follow_their_level(viewer, sample_page, mode, field):
    viewer.open(sample_page, "tab=layers")
    bare = viewer.picture()
    viewer.run("twinViewer.set({air: arguments[0], field: arguments[1]})", mode, field)
    drawn = viewer.picture()
    assert changed(bare, drawn) > 0.005
    slider = viewer.named("slider", "Surface at" if mode == "surface" else "Opaque from")
    viewer.slide(slider, 0.25)
    assert changed(drawn, viewer.picture()) > 0.003


def test_streamlines_are_drawn(viewer, sample_page):
    viewer.open(sample_page)
    bare = viewer.picture()
    viewer.named("button", "Streamlines").click()
    assert viewer.state["streams"] is True
    assert changed(bare, viewer.picture()) > 0.003


def test_the_bar_of_a_field_of_its_own_stands_beside_the_other(viewer, sample_page):
    viewer.open(sample_page, "air=slice&field=speed")
    assert "Air speed" in viewer.text(".legend") and "m/s" in viewer.text(".legend")
