"""What is shown can be kept: in the address, in the history of the browser, and as a picture."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from tests.browser.viewer import changed

pytestmark = pytest.mark.slow

PART = (
    "sel=p.s.02&paint=rack.power&state=lose:ups.A1&layers=-containment&isolate=row:p.s&box=0,0,0,9,9,3"
    "&cut=x:4,z:1.5&field=speed&streams=on&labels=off&safe=on&theme=dark&view=6,-8,9,5,5,1&tab=layers"
)


def test_a_link_restores_everything(viewer, sample_page):
    viewer.open(sample_page, PART)
    state = viewer.state
    assert (state["sel"], state["quantity"], state["state"]) == ("p.s.02", "rack.power", "lose:ups.A1")
    assert state["layers"] == {"containment": False} and state["isolate"] == "row:p.s"
    assert state["box"] == {"low": [0, 0, 0], "high": [9, 9, 3]}
    assert state["cuts"] == [{"axis": "x", "at": 4}, {"axis": "z", "at": 1.5}] and state["air"] == "slice"
    assert (state["field"], state["streams"], state["labels"], state["safe"]) == ("speed", True, False, True)
    assert (state["theme"], state["tab"]) == ("dark", "layers")
    np.testing.assert_allclose(state["view"]["eye"], (6, -8, 9), atol=0.02)
    np.testing.assert_allclose(state["view"]["target"], (5, 5, 1), atol=0.02)
    assert viewer.text(".selection h2") == "p.s.02"


def test_the_address_follows_and_opens_as_the_same_picture(viewer, sample_page):
    viewer.open(sample_page)
    viewer.drag(viewer.nothing(), (90, -20))
    viewer.rest()
    viewer.click(*viewer.seen("p.n.02"))
    viewer.key("]")
    viewer.point(600, 30)
    viewer.rest()
    part = viewer.wait(
        lambda: "view=" in viewer.address_part and viewer.address_part, "the eye in the address"
    )
    assert "sel=p.n.02" in part and "state=lose:ups.A1" in part
    picture, place = viewer.picture(), viewer.place("p.n.02")
    viewer.open(sample_page, part)
    viewer.point(600, 30)
    np.testing.assert_allclose(viewer.place("p.n.02"), place, atol=1.5)
    margin = slice(20, -20)  # the frame tells where the focus is
    assert changed(picture[margin, margin], viewer.picture()[margin, margin]) < 0.1


def test_back_and_forward_go_through_what_was_looked_at(viewer, sample_page):
    viewer.open(sample_page)
    viewer.click(*viewer.seen("p.s.01"))
    viewer.key("]")
    assert viewer.state["state"] == "lose:ups.A1"
    viewer.browser.back()
    viewer.wait(
        lambda: viewer.state["state"] == "" and viewer.state["sel"] == "p.s.01", "back to the state before"
    )
    viewer.browser.back()
    viewer.wait(lambda: viewer.state["sel"] == "", "back to no selection")
    viewer.browser.forward()
    viewer.wait(lambda: viewer.state["sel"] == "p.s.01", "forward to the selection")
    assert viewer.text(".selection h2") == "p.s.01"


def test_the_picture_is_saved_with_title_and_colour_bar(viewer, sample_page, tmp_path):
    viewer.open(sample_page)
    viewer.command("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
    viewer.key("s")
    path = viewer.wait(lambda: next(iter(tmp_path.glob("*.png")), None), "the picture")
    viewer.wait(lambda: not list(tmp_path.glob("*.crdownload")) and path.stat().st_size)
    assert path.name == "Test-hall.png"
    saved = np.asarray(Image.open(path).convert("RGB"), dtype=int)
    box = viewer.one(".stage").rect
    assert saved.shape[1] == 2 * box["width"] and saved.shape[0] > 2 * box["height"]
    strip = saved[-2 * 84 :]
    saturation = strip.max(axis=-1) - strip.min(axis=-1)
    assert (saturation > 80).mean() > 0.02  # the colour bar below
    assert saved[: 2 * 64].min() < 60  # the title above
    viewer.forget()
