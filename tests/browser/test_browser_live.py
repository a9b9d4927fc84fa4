"""The live page: what is saved is shown, a mistake stands at its line while the last good state stays."""

from __future__ import annotations

import re
from pathlib import Path
from threading import Event, Thread

import pytest

from twin.live import Asked, Session
from twin.view.web.page import page

pytestmark = pytest.mark.slow

HALL = Path(__file__).resolve().parents[2] / "layouts" / "first_hall.yaml"


@pytest.fixture
def live(tmp_path):
    """A watched copy of the first hall: its file and its address."""
    path = tmp_path / "hall.yaml"
    path.write_text(HALL.read_text(encoding="utf-8"), encoding="utf-8")
    stop = Event()
    asked = Asked(str(path), air="zonal", studies="none", failures=False)
    with Session(asked, page(None, live=True)) as session:
        thread = Thread(target=session.run, args=(stop,))
        thread.start()
        yield path, session.address
        stop.set()
        thread.join()


def test_a_save_becomes_a_picture_and_a_mistake_a_sentence_at_its_line(browser, live):
    path, address = live
    good = path.read_text(encoding="utf-8")
    name = re.search(r"^name: (.+)$", good, re.MULTILINE)[1]
    browser.size(1200, 760)
    browser.browser.get(address)
    browser.wait(lambda: browser.run("return window.twinViewer?.state().title") == name, "the first scene")
    browser.rest()
    racks = browser.state["things"]
    browser.key("n")
    browser.run("twinViewer.set({view: {eye: [2, -9, 7], target: [5, 4, 1], parallel: 0}})")
    browser.rest()
    before = browser.state

    lines = good.split("\n")
    number = next(k for k, line in enumerate(lines) if line.startswith("name:"))
    lines.insert(number, "nmae: wrong")
    path.write_text("\n".join(lines), encoding="utf-8")
    browser.wait(lambda: browser.one_or_none(".live .mistakes"), "the mistake")
    told = browser.text(".live")
    assert f"hall.yaml:{number + 1}" in told and "nmae" in told and "name" in told
    assert browser.state["things"] == racks and browser.state["sel"] == before["sel"]

    path.write_text(good.replace(f"name: {name}", "name: Another name"), encoding="utf-8")
    browser.wait(lambda: browser.state["title"] == "Another name", "the new state")
    browser.wait(lambda: not browser.one_or_none(".live .mistakes"), "the mistake to go")
    after = browser.state
    assert after["sel"] == before["sel"] and after["view"]["eye"] == pytest.approx(
        before["view"]["eye"], abs=0.1
    )
    origin = address.split("/")[2]
    strange = [url[:80] for url in browser.asked() if url.startswith("http") and url.split("/")[2] != origin]
    assert not strange
    browser.browser.get("about:blank")
    browser.forget()
