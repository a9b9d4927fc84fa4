"""Pointing at things: what is clicked is what the panel tells of, with the numbers of the run."""

from __future__ import annotations

import numpy as np
import pytest

from tests.browser.viewer import ESCAPE, changed
from twin.checks.wording import quantity
from twin.results.quantities import QUANTITIES

pytestmark = pytest.mark.slow

LOST = "lose:ups.A1"


def told(value, name):
    """A value as the panel writes it, worked out from the results alone."""
    if not np.isfinite(value):
        return "\u2013"
    if name == "flag":
        return "yes" if value else "no"
    return quantity(value, name).replace("degC", "\u00b0C")


def shown(viewer):
    """Quantity to value, as they stand in the panel."""
    rows = viewer.run(
        "return [...document.querySelectorAll('.selection tr[data-quantity]')]"
        ".map(row => [row.dataset.quantity, row.querySelector('.value').textContent])"
    )
    assert len({name for name, _ in rows}) == len(rows)
    return dict(rows)


def held(run, thing, scenario):
    """Quantity to value, as the results hold them for a thing."""
    tables = {name: table for name, table in run.results.tables.items() if thing in table.ids}
    assert tables
    values = {
        f"{name}.{key}": float(values[scenario, table.index(thing)])
        for name, table in tables.items()
        for key, values in table.values.items()
        if f"{name}.{key}" in QUANTITIES
    }
    return values


def compared(viewer, run, thing, scenario):
    """Every value of the results stands in the panel, and none beside them; how many do."""
    panel, values = shown(viewer), held(run, thing, scenario)
    margins = {name for name in panel if name.startswith("margin")}
    assert set(panel) - margins == set(values)
    dark = [
        name for name, text in panel.items() if text == "\u2013" and np.isfinite(values.get(name, np.nan))
    ]
    for name in set(values) - set(dark):
        assert panel[name] == told(values[name], QUANTITIES[name].dimension), name
    return len(values) - len(dark), dark


@pytest.mark.parametrize(
    ("thing", "view"), [("p.s.01", ""), ("p.n.03", ""), ("cdu1", ""), ("dry1", "view=plan")]
)
def test_a_click_on_a_thing_tells_all_its_values_as_the_run_has_them(
    viewer, sample, sample_page, thing, view
):
    viewer.open(sample_page, view)
    viewer.click(*viewer.seen(thing))
    assert viewer.text(".selection h2") == thing
    assert viewer.state["sel"] == thing
    count, dark = compared(viewer, sample, thing, 0)
    assert count >= 3 and not dark


def test_values_follow_the_state_and_what_is_dark_has_none(viewer, sample, sample_page):
    viewer.open(sample_page, f"sel=p.n.04&state={LOST}")
    _, dark = compared(viewer, sample, "p.n.04", 1)
    assert "rack.inlet_temperature" in dark and shown(viewer)["rack.served"] == "no"
    viewer.run("twinViewer.select('ups.A2')")
    count, dark = compared(viewer, sample, "ups.A2", 1)
    assert count == 4 and not dark
    assert "normally 40.0 %" in viewer.text(".selection")


def test_a_state_without_a_solution_shows_no_values(viewer, sample_page):
    viewer.open(sample_page, "sel=p.s.02&state=lose:dry1")
    assert "no steady solution" in viewer.text(".selection")
    values = {name: text for name, text in shown(viewer).items() if not name.startswith("margin")}
    assert set(values.values()) == {"\u2013"}


def test_the_panel_tells_where_a_thing_is_written_and_who_serves_it(viewer, sample_page):
    viewer.open(sample_page, "sel=p.s.02")
    text = viewer.text(".selection")
    assert "hall.yaml:1" in text and "p.s" in text
    chips = {chip.text for chip in viewer.all(".selection .thing-chip")}
    assert {"bw.A.p.s", "ups.A1", "ups.A2", "cdu1", "dry1"} <= chips
    next(chip for chip in viewer.all(".selection .thing-chip") if chip.text == "cdu1").click()
    assert viewer.text(".selection h2") == "cdu1"
    assert {"p.s.01", "p.s.03"} <= {chip.text for chip in viewer.all(".selection .thing-chip")}


def test_the_path_of_a_selected_thing_is_drawn(viewer, sample_page):
    viewer.open(sample_page)
    before = viewer.picture()
    viewer.click(*viewer.seen("p.s.02"))
    viewer.point(400, 700)
    assert changed(before[:, :400], viewer.picture()[:, :400]) > 0.01


def test_the_tip_follows_the_pointer(viewer, sample, sample_page):
    viewer.open(sample_page)
    viewer.point(*viewer.seen("p.s.03"))
    value = told(sample.results["rack"].at("p.s.03", "inlet_temperature"), "temperature")
    viewer.wait(lambda: viewer.run("return !document.querySelector('.tip').hidden"))
    text = viewer.tip
    assert "p.s.03" in text and text.endswith(value)
    x, y = viewer.seen("p.s.03")
    box = viewer.one(".tip").rect
    assert abs(box["x"] - x) < 60 and abs(box["y"] - y) < 60
    viewer.point(600, 25)
    viewer.wait(lambda: viewer.run("return document.querySelector('.tip').hidden"))


def test_escape_and_a_click_beside_everything_forget_the_selection(viewer, sample_page):
    viewer.open(sample_page, "sel=p.s.01")
    viewer.key(ESCAPE)
    assert viewer.state["sel"] == "" and not viewer.one_or_none(".selection")
    viewer.click(*viewer.seen("p.s.01"))
    assert viewer.state["sel"] == "p.s.01"
    viewer.click(*viewer.nothing())
    assert viewer.state["sel"] == ""


def test_a_double_click_comes_near(viewer, sample_page):
    viewer.open(sample_page)
    x, y = viewer.seen("p.n.02")
    viewer.click(x, y)
    viewer.rest()
    far = viewer.place("p.n.03")[0] - viewer.place("p.n.02")[0]
    viewer.click(x, y, times=2)
    viewer.rest()
    assert abs(viewer.place("p.n.03")[0] - viewer.place("p.n.02")[0]) > 1.2 * abs(far)


def test_dragging_turns_and_the_wheel_nears_without_selecting(viewer, sample_page):
    viewer.open(sample_page)
    start = viewer.place("p.s.01")
    viewer.drag(viewer.nothing(), (120, 30))
    viewer.rest()
    turned = viewer.place("p.s.01")
    assert np.hypot(turned[0] - start[0], turned[1] - start[1]) > 10
    before = np.subtract(viewer.place("p.s.01"), viewer.place("p.n.04"))
    viewer.command("Input.dispatchMouseEvent", type="mouseWheel", x=600, y=400, deltaX=0, deltaY=-240)
    viewer.rest()
    after = np.subtract(viewer.place("p.s.01"), viewer.place("p.n.04"))
    assert np.hypot(*after) > 1.2 * np.hypot(*before)
    assert viewer.state["sel"] == ""
