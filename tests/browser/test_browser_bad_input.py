"""Whatever stands in the page or is missing in the browser: a page that works, or a sentence that says why not."""

from __future__ import annotations

import base64
import json
import struct
from dataclasses import replace

import numpy as np
import pytest

from tests.browser import chromium, runs
from tests.browser.viewer import Viewer
from tests.view.view_samples import with_rack_values
from twin.view.web.document import pack
from twin.view.web.page import page, write_page

pytestmark = pytest.mark.slow


def damaged(sample):
    """Scenes that are none, by what is wrong with them."""
    good = sample.packed()
    composed = sample.composed()
    flipped = bytearray(good)
    flipped[len(good) // 2] ^= 0xFF
    document = composed.document
    reach = replace_block(document, at=10**9)
    return {
        "cut off": (good[: len(good) // 2], "cut off or damaged"),
        "flipped": (bytes(flipped), "damaged"),
        "not packed": (b"hello", "damaged"),
        "of another version": (
            pack(document.model_copy(update={"version": "9.0"}), composed.buffer),
            "version 9.0",
        ),
        "without a field": (broken(good, lambda plain: plain.pop("layers")), "layers"),
        "with a number as name": (
            broken(good, lambda plain: plain["things"]["id"].__setitem__(0, 7)),
            "/things/id/0",
        ),
        "with an array outside": (pack(reach, composed.buffer), "an array lies outside"),
        "of nothing": (b"", "no scene"),
    }


def replace_block(document, **update):
    """The document with an array that is somewhere else."""
    first = document.layers[0]
    layers = (first.model_copy(update={"low": first.low.model_copy(update=update)}), *document.layers[1:])
    return document.model_copy(update={"layers": layers})


def broken(packed, change):
    """A scene whose document was changed by hand."""
    import gzip

    raw = gzip.decompress(packed)
    length = struct.unpack("<I", raw[8:12])[0]
    plain = json.loads(raw[12 : 12 + length])
    change(plain)
    text = json.dumps(plain).encode()
    head = raw[:8] + struct.pack("<I", len(text))
    gap = bytes(-(len(head) + len(text)) % 8)
    return gzip.compress(head + text + gap + raw[(12 + length + 7) // 8 * 8 :], mtime=0)


def test_damaged_scenes_are_refused_in_words(viewer, sample, folder):
    for name, (scene, words) in damaged(sample).items():
        path = write_page(folder / f"damaged {name}.html", scene)
        viewer.open(path)
        text = viewer.text(".failure")
        assert words in text and len(text) > 60, f"{name}: {text}"
        assert viewer.run("return document.querySelector('.failure').getAttribute('role')") == "alert"
        viewer.picture("body")


def test_text_that_is_no_base64_and_a_page_without_a_scene(viewer, sample, folder):
    good = base64.b64encode(sample.packed()).decode()
    path = folder / "letters.html"
    path.write_text(page(sample.packed()).replace(good, "%" + good[1:]), encoding="utf-8")
    viewer.open(path)
    assert "not base64" in viewer.text(".failure")
    path.write_text(page(None), encoding="utf-8")
    viewer.open(path)
    assert "holds no scene" in viewer.text(".failure")


def test_where_there_is_nothing_to_show_another_page_can_be_chosen(viewer, sample_page, folder):
    path = folder / "none.html"
    path.write_text(page(None), encoding="utf-8")
    viewer.open(path)
    viewer.all("input[type=file]")[0].send_keys(str(sample_page))
    viewer.wait(lambda: viewer.run("return window.twinViewer?.state().things") == 21, "the chosen scene")


def test_a_hall_with_nothing_in_it_is_a_page_that_works(viewer, folder):
    viewer.open(write_page(folder / "empty.html", runs.empty().packed()))
    assert "Nothing" in viewer.text(".top") and "No rule has anything to say" in viewer.text(".dock")
    for tab in ("layers", "states", "figures"):
        viewer.run("twinViewer.set({tab: arguments[0]})", tab)
    for key in ("n", "]", "c", "\ue00c", "v", "\ue00c", "2", "s"):
        viewer.key(key)
    viewer.rest()


def test_one_rack_is_framed_and_tells_its_values(viewer, folder):
    viewer.open(write_page(folder / "one.html", runs.large(1, 2).packed()))
    viewer.key("/")
    viewer.key("r0000.01", "\ue007")
    viewer.click(*viewer.seen("r0000.01"))
    assert "Air temperature at the inlet" in viewer.text(".selection")


def test_values_that_are_no_numbers_are_grey_and_told_as_none(viewer, sample, folder):
    nothing = with_rack_values(sample.results, "inlet_temperature", np.full(8, np.nan))
    air = sample.fields[""]
    air = replace(air, temperature=np.full_like(air.temperature, np.nan))
    made = replace(sample, results=nothing, fields={"": air})
    viewer.open(write_page(folder / "nan.html", made.packed()), "sel=p.s.01&air=slice")
    assert viewer.text("[data-quantity='rack.inlet_temperature'] .value") == "\u2013"
    for mode in ("surface", "volume"):
        viewer.run("twinViewer.set({air: arguments[0]})", mode)
        viewer.rest()


def test_a_run_without_any_steady_state_says_so(viewer, folder):
    viewer.open(write_page(folder / "unsettled.html", runs.unsettled().packed()))
    assert "No steady solution" in viewer.text(".banner")
    assert viewer.seen("p.s.01")


@pytest.fixture(scope="module")
def blind(tmp_path_factory):
    """A browser without WebGL."""
    started = chromium.start(tmp_path_factory.mktemp("profile"), *chromium.NO_GL)
    yield Viewer(started)
    started.quit()


def test_without_webgl_the_reason_is_told_and_a_plan_and_the_tables_work(blind, sample_page):
    blind.open(sample_page)
    assert blind.run("return document.createElement('canvas').getContext('webgl2')") is None
    assert "WebGL 2" in blind.run("return document.querySelector('.notices').textContent")
    blind.click(*blind.seen("p.s.02"))
    assert blind.text(".selection h2") == "p.s.02"
    assert blind.picture().std() > 5  # something is drawn
    blind.key("n")
    assert blind.state["sel"] == "p.n.04"
    blind.key("v")
    assert len(blind.all("dialog tbody tr")) == 4
    blind.listen()
    loud = [entry["message"] for entry in blind.messages if entry["level"] == "SEVERE"]
    assert not loud
