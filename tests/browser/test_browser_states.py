"""States, cascades and time."""

from __future__ import annotations

import numpy as np
import pytest

from tests.browser.runs import STEPS
from tests.browser.viewer import changed

pytestmark = pytest.mark.slow


def test_the_list_of_states_tells_what_each_makes_dark(viewer, sample, sample_page):
    viewer.open(sample_page, "tab=states")
    rows = viewer.all("#panel-states .rows .state-row")
    assert [row.text.split("\n")[0] for row in rows] == ["Normal operation", "ups.A1", "dry1"]
    before = viewer.picture()
    rows[1].click()
    assert viewer.state["state"] == "lose:ups.A1"
    dark = int((sample.results["rack"]["served"][1] == 0).sum())
    assert f"{dark} dark" in viewer.text(".banner") and "34.0 \u00b0C" in viewer.text("#panel-states")
    assert changed(before, viewer.picture()) > 0.001


def test_states_are_stepped_through_by_keys_and_one_without_a_solution_says_so(viewer, sample_page):
    viewer.open(sample_page)
    viewer.key("]")
    assert viewer.state["state"] == "lose:ups.A1"
    viewer.key("]")
    assert viewer.state["state"] == "lose:dry1"
    assert "No steady solution" in viewer.text(".banner")
    viewer.key("]")
    assert viewer.state["state"] == "" and not viewer.one_or_none(".banner")


def test_a_cascade_is_stepped_through(viewer, sample, sample_page):
    viewer.open(sample_page, "state=lose:ups.A1")
    cascade = sample.composed().document.states[1].cascade
    steps = viewer.all(".banner .step")
    assert len(steps) == len(cascade) >= 2
    pictures = []
    for number, step in enumerate(cascade):
        viewer.all(".banner .step")[number].click()
        assert viewer.state["step"] == number
        assert step.text in viewer.text(".banner")
        pictures.append(viewer.picture())
    assert changed(pictures[0], pictures[-1]) > 0.001


def test_the_slider_of_time_repaints_and_tells_when(viewer, sample, sample_page):
    viewer.open(sample_page)
    viewer.choose("Follow in time", "loss:cooling")
    assert viewer.state["timeline"] == "loss:cooling"
    early = viewer.picture(".stage")
    slider = viewer.named("slider", "Time of Loss of cooling")
    viewer.slide(slider, 1.0)
    history = sample.results.histories[0]
    assert viewer.state["time"] == history.times[-1] == 5 * (STEPS - 1)
    assert "1 min 55 s" in viewer.text(".clock") or "115 s" in viewer.text(".clock")
    assert f"{np.max(history.lines['inlet']):.1f} \u00b0C" in viewer.text(".time")
    assert changed(early, viewer.picture(".stage")) > 0.005
    viewer.key(",")
    assert viewer.state["time"] == history.times[-2]
    viewer.all(".moments button")[0].click()
    assert viewer.state["time"] == 10.0


def test_the_painted_value_is_that_of_the_time(viewer, sample, sample_page):
    viewer.open(sample_page, "time=loss:cooling,50")
    viewer.hover("p.s.02")
    history = sample.results.histories[0]
    value = history.values["rack.inlet_temperature"][
        10, history.ids["rack.inlet_temperature"].index("p.s.02")
    ]
    assert viewer.tip.endswith(f"{value:.1f} \u00b0C")


def test_time_plays_and_stops(viewer, sample_page):
    viewer.open(sample_page, "time=loss:cooling,0")
    viewer.key(" ")
    viewer.wait(lambda: viewer.state["time"] >= 10.0, "time to pass")
    viewer.key(" ")
    stopped = viewer.state["time"]
    viewer.rest()
    assert viewer.state["time"] == stopped < 5 * (STEPS - 1)


def test_the_hours_of_the_year_are_told_as_dates(viewer, sample, sample_page):
    viewer.open(sample_page, f"time=year,{(31 + 24) * 24 * 3600 + 13 * 3600}")
    clock = viewer.text(".clock")
    assert "25 Feb" in clock and "13:00" in clock
    assert "made by hand" in viewer.text(".time")
    viewer.choose("Chart of", "dry_bulb")
    value = sample.results.year.hours["dry_bulb"][(31 + 24) * 24 + 13]
    assert f"{value:.1f} \u00b0C" in viewer.text(".readings")
    viewer.named("button", "Close the timeline").click()
    assert viewer.state["timeline"] == ""
