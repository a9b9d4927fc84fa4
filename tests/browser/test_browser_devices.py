"""Elsewhere: a phone, a notebook's frame, and a thousand racks on a processor alone."""

from __future__ import annotations

import numpy as np
import pytest

from tests.browser import runs
from twin.view import show
from twin.view.web.page import write_page

pytestmark = pytest.mark.slow

PHONE = (390, 844)


@pytest.fixture
def phone(viewer):
    """The browser as a phone."""
    viewer.command("Emulation.setTouchEmulationEnabled", enabled=True, maxTouchPoints=5)
    viewer.command("Emulation.setEmitTouchEventsForMouse", enabled=False)
    yield viewer
    viewer.command("Emulation.setTouchEmulationEnabled", enabled=False)


def wide(viewer):
    """How much wider than its window the page is. [px]"""
    return viewer.run("return document.documentElement.scrollWidth - innerWidth")


def test_a_tap_selects_and_the_sheet_can_be_read_and_closed(phone, sample_page):
    phone.open(sample_page, size=PHONE)
    assert wide(phone) <= 0
    phone.tap(*phone.seen("p.s.01"))
    phone.wait(lambda: phone.state["sel"] == "p.s.01", "the tap")
    box = phone.one(".selection").rect
    assert box["width"] <= PHONE[0] and box["y"] + box["height"] <= PHONE[1] + 1
    assert "20.0 \u00b0C" in phone.run("return document.querySelector('.selection').textContent")
    close = phone.named("button", "Close (Esc)").rect
    assert close["width"] >= 32 and close["height"] >= 32
    phone.tap(close["x"] + close["width"] / 2, close["y"] + close["height"] / 2)
    phone.wait(lambda: phone.state["sel"] == "", "the panel to close")
    assert wide(phone) <= 0


def test_two_fingers_come_nearer_and_one_turns(phone, sample_page):
    phone.open(sample_page, size=PHONE)
    before = np.subtract(phone.place("p.s.01"), phone.place("p.n.04"))
    x, y = PHONE[0] / 2, 360.0
    phone.touch([(x - 40, y), (x + 40, y)], [(x - 110, y), (x + 110, y)])
    phone.rest()
    near = np.subtract(phone.place("p.s.01"), phone.place("p.n.04"))
    assert np.hypot(*near) > 1.5 * np.hypot(*before)
    phone.touch([(x, y)], [(x + 120, y)])
    phone.rest()
    turned = np.subtract(phone.place("p.s.01"), phone.place("p.n.04"))
    assert abs(np.arctan2(*turned) - np.arctan2(*near)) > 0.1
    assert phone.state["sel"] == ""


def test_every_tab_of_the_dock_fits(phone, sample_page):
    phone.open(sample_page, size=PHONE)
    for tab in phone.all(".tabs [role=tab]"):
        box = tab.rect
        assert box["x"] >= 0 and box["x"] + box["width"] <= PHONE[0] + 1 and box["height"] >= 40
        phone.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        phone.wait(lambda tab=tab: tab.get_attribute("aria-selected") == "true", "the tab")
        panel = phone.one(".dock .panel").rect
        assert panel["height"] > 200 and panel["x"] >= 0 and panel["x"] + panel["width"] <= PHONE[0] + 1
        assert wide(phone) <= 0


def test_the_page_works_in_the_frame_of_a_notebook(viewer, sample, folder):
    notebook = folder / "notebook.html"
    frame = show((sample.facility, sample.results, sample.verdict))._repr_html_()
    notebook.write_text(f"<!doctype html><meta charset=utf-8><title>n</title>{frame}", encoding="utf-8")
    viewer.size(1000, 720)
    viewer.browser.get("about:blank")
    viewer.browser.get(notebook.as_uri())
    viewer.browser.switch_to.frame(0)
    try:
        viewer.wait(lambda: viewer.run("return !!window.twinViewer && !!document.querySelector('.finding')"))
        viewer.rest()
        viewer.run("twinViewer.finding(0)")
        assert viewer.state["sel"] == "p.n.04" and viewer.text(".selection h2") == "p.n.04"
        assert viewer.stats["calls"] > 0
        viewer.run("document.querySelector('.stage').focus()")
        viewer.key("]")
        assert viewer.state["state"] == "lose:dry1"
    finally:
        viewer.browser.switch_to.default_content()


def test_a_thousand_racks_take_few_calls_and_answer_to_a_click(viewer, folder):
    run = runs.large(1000, 3, cells=100_000)
    viewer.open(write_page(folder / "thousand.html", run.packed()))
    viewer.run("twinViewer.set({air: 'slice', streams: true, labels: true})")
    viewer.rest()
    stats = viewer.stats
    assert 0 < stats["calls"] <= 20
    assert 12_000 <= stats["triangles"] <= 200_000
    viewer.run("twinViewer.set({air: 'off', streams: false})")
    viewer.key("/")
    viewer.key("r0003.17", "\ue007")
    viewer.rest()
    x, y = viewer.seen("r0003.17")
    viewer.click(x, y)
    value = run.results["rack"].at("r0003.17", "inlet_temperature")
    assert f"{np.float32(round(value, 2)):.1f} \u00b0C" in viewer.text(
        "[data-quantity='rack.inlet_temperature']"
    )
    assert len(viewer.all("#panel-findings .finding")) <= 20


def test_the_picture_follows_the_window(viewer, sample_page):
    viewer.open(sample_page)
    before = viewer.place("p.s.02")
    for size in ((800, 500), (1500, 900), (1200, 760)):
        viewer.size(*size)
        viewer.rest()
        canvas, box = viewer.all(".stage canvas")[0], viewer.one(".stage").rect
        drawn = [
            viewer.run("return [arguments[0].width, arguments[0].height]", canvas),
            [box["width"], box["height"]],
        ]
        assert drawn[0] == drawn[1] and box["x"] + box["width"] == size[0]
        assert viewer.under(*viewer.seen("p.s.02")) == "p.s.02"
    assert viewer.place("p.s.02") == pytest.approx(before, abs=1)
    viewer.run("document.documentElement.classList.add('dock-closed')")
    viewer.rest()
    assert viewer.run("return arguments[0].width", viewer.all(".stage canvas")[0]) == size[0]
