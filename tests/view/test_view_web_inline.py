"""What a notebook gets: the page in a frame that holds it in, and pictures."""

from __future__ import annotations

import base64
from types import SimpleNamespace

import pytest

from tests.view.test_view_web_page import Page as Parsed
from tests.view.view_samples import HOSTILE, hall, solved, verdict
from twin.view import picture, show
from twin.view.web.document import unpack


@pytest.fixture(scope="module")
def run():
    facility = hall(2, name=HOSTILE)
    return SimpleNamespace(facility=facility, results=solved(facility), verdict=verdict())


def test_a_frame_holds_the_whole_page_and_lets_nothing_out(run):
    shown = show(run, height=500)
    frame = shown._repr_html_()
    parsed = Parsed(frame)
    assert parsed.elements == ["iframe"] and "height:500px" in frame
    assert parsed.frames == [("allow-scripts allow-downloads", shown.text)]


def test_a_run_and_its_three_parts_show_the_same(run):
    assert show((run.facility, run.results, run.verdict)).text == show(run).text


def test_two_runs_lie_in_one_page(run):
    held = Parsed(show(run, run).text).scripts
    assert unpack(base64.b64decode(held["compare"])).document.title == HOSTILE


@pytest.fixture(scope="module")
def still(run):
    return picture(run, "load", plan=True)


def test_a_page_and_a_picture_can_be_kept(run, still, tmp_path):
    shown = show(run)
    assert shown.save(tmp_path / "page.html").read_text(encoding="utf-8") == shown.text
    assert still.save(tmp_path / "heat.png").read_bytes() == still._repr_png_()
    assert still.png.startswith(b"\x89PNG") and "png" not in repr(still) and len(repr(shown)) < 40


def test_a_state_is_chosen_by_name_and_strangers_are_refused(run, still):
    assert picture(run, "load", state="lose:ups.A1", plan=True).png != still.png
    for name, state in (("heat", "lose:nothing"), ("nothing", ""), ("air_plan", "")):
        with pytest.raises(KeyError):
            picture(run, name, state=state, plan=True)
    with pytest.raises(KeyError, match='no view "isometric"'):
        picture(run, camera="isometric")
    with pytest.raises(ValueError, match="each at least 100"):
        picture(run, size=(0, 0))
