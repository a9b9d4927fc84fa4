"""Two runs: beside one another, in turn, and as the difference of their values."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser import runs
from tests.browser.viewer import changed
from twin.view.web.page import write_page

pytestmark = pytest.mark.slow

WARMER = 3.0


@pytest.fixture(scope="module")
def other() -> runs.Made:
    """The same hall with warmer air."""
    return runs.sample(WARMER, name="Warmer hall")


@pytest.fixture(scope="module")
def pair_page(sample, other, folder) -> Path:
    """The page of both."""
    return write_page(folder / "pair.html", sample.packed(), other.packed())


def test_differences_are_those_of_the_results(viewer, sample, other, pair_page):
    viewer.open(pair_page, "compare=difference")
    assert "second minus first" in viewer.text(".legend")
    for name in ("p.s.01", "p.s.04", "p.n.02"):
        viewer.point(*viewer.seen(name))
        viewer.wait(lambda name=name: name in viewer.tip, f"the tip of {name}")
        gap = other.results["rack"].at(name, "inlet_temperature") - sample.results["rack"].at(
            name, "inlet_temperature"
        )
        assert viewer.tip.endswith(f"+{gap:.3g} K")
    viewer.click(*viewer.seen("p.s.01"))
    row = viewer.text("[data-quantity='rack.inlet_temperature']")
    assert "other run 23.0 \u00b0C (+3 K)" in row


def test_side_by_side_each_picture_has_its_own_things(viewer, sample, other, pair_page):
    viewer.open(pair_page, "compare=both")
    first, second = viewer.place("p.s.02", 0), viewer.place("p.s.02", 1)
    box = viewer.one(".stage").rect
    assert first[0] < box["x"] + box["width"] / 2 < second[0]
    assert second[1] == pytest.approx(first[1], abs=2)
    for side, run in enumerate((sample, other)):
        viewer.point(*viewer.seen("p.s.03", side))
        value = run.results["rack"].at("p.s.03", "inlet_temperature")
        viewer.wait(lambda value=value: f"{value:.1f} \u00b0C" in viewer.tip, f"{value:.1f}")
        assert "p.s.03" in viewer.tip


def test_the_key_flicks_between_them(viewer, sample, other, pair_page):
    viewer.open(pair_page, "sel=p.s.01")
    one = viewer.picture()
    assert "20.0 \u00b0C" in viewer.text("[data-quantity='rack.inlet_temperature'] .value")
    viewer.key("x")
    assert viewer.state["compare"] == "second"
    assert "23.0 \u00b0C" in viewer.text("[data-quantity='rack.inlet_temperature'] .value")
    assert changed(one, viewer.picture()) > 0.001
    assert "Warmer hall" in viewer.text(".top") or "Warmer" in viewer.browser.title
    viewer.key("x")
    assert viewer.state["compare"] == "first"


def test_figures_stand_beside_one_another(viewer, pair_page):
    viewer.open(pair_page, "tab=figures")
    heads = [head.text for head in viewer.all("#panel-figures thead th")]
    assert heads[-3:] == ["Test hall", "Warmer hall", "Difference"]
    cells = viewer.all("#panel-figures table.figures td")[:3]
    assert [cell.text for cell in cells] == ["1.2", "1.2", "same"]


def test_another_page_can_be_chosen_to_compare_with(viewer, sample_page, other, folder):
    page = write_page(folder / "other.html", other.packed())
    viewer.open(sample_page)
    viewer.all("input[type=file]")[0].send_keys(str(page))
    viewer.wait(lambda: viewer.state["runs"] == 2, "the second run")
    assert viewer.state["compare"] == "both"
    viewer.named("button", "Stop comparing").click()
    assert viewer.state["runs"] == 1


def test_a_file_that_is_no_page_is_refused_in_words(viewer, sample_page, tmp_path):
    wrong = tmp_path / "wrong.html"
    wrong.write_text("<p>nothing</p>", encoding="utf-8")
    viewer.open(sample_page)
    viewer.all("input[type=file]")[0].send_keys(str(wrong))
    viewer.wait(
        lambda: "holds no scene" in viewer.run("return document.querySelector('.notices').textContent")
    )
    assert viewer.state["runs"] == 1


def test_each_half_tells_whose_it_is_and_how_it_is_judged(viewer, sample, folder):
    page = write_page(folder / "unlike.html", sample.packed(), runs.empty().packed())
    viewer.open(page, "compare=both&tab=figures")
    first, second = (half.text.split("\n") for half in viewer.all(".half-name"))
    assert first == ["Test hall", "Fail"] and second == ["Nothing", "Pass"]
    top = viewer.text(".about-run")
    assert "First: Fail" in top and "Second: Pass" in top
    alone = viewer.text(".alone")
    both = set(runs.empty().composed().document.things.id)
    things = len(set(sample.composed().document.things.id) - both)
    assert "Only in Test hall" in alone and f"{things} things" in alone
    assert "Racks have power: p.n.04" in alone
    viewer.run("twinViewer.set({compare: 'difference'})")
    assert not viewer.one_or_none(".half-name")
    assert f"{things} things only in the first run" in viewer.text(".legend")
