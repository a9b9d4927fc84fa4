"""The page keeps to itself, and what stands in a run stays text: nobody is asked, nothing of a name is run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from twin.view.web.document import Document, pack
from twin.view.web.page import write_page

pytestmark = pytest.mark.slow

NAMES = (
    "</script><script>window.hacked=1</script>",
    '<img src=x onerror="window.hacked=1">',
    "\"><svg onload='window.hacked=1'>",
    "javascript:window.hacked=1",
    "{{7*7}}${window.hacked=1}",
    "\u202egnp.exe \u05d0\u05d5\u05dc\u05dd \u0645\u0631\u0643\u0632",
    "\u6a5f\u623f\u4e00\u865f\u6a5f\u6ac3\u5217\u7b2c\u4e09",
    "\U0001f525\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466 rack",
    "W" * 300,
    "\u0000\u0007\u2028\u2029\ufeff",
    "__proto__",
    "constructor",
)
"""Names that somebody may give to a thing."""
FREE = {
    "id", "kinds", "types", "places", "rows", "pods", "halls", "files", "label", "text", "title", "description",
    "summary", "status", "message", "subject", "place", "file", "standard", "code", "waived", "value", "limit", "hottest",
    "definition", "note", "hall", "generator", "digest", "notes",
}  # fmt: skip
"""Keys of the document whose texts come from layouts."""


@pytest.fixture
def outside() -> Iterator[tuple[str, list[str]]]:
    """Somebody on the network: an address, and what was asked there."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        timeout = 0.5  # of connections that a browser opens in case it needs them

        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.send_header("Access-Control-Allow-Origin", "*")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    thread.join()
    server.server_close()


def hostile(value, names, key=""):
    """The document with every free text replaced by one that means harm."""
    if isinstance(value, dict):
        return {name: hostile(part, names, name) for name, part in value.items()}
    if isinstance(value, list):
        return [hostile(part, names, key) for part in value]
    if isinstance(value, str) and key in FREE:
        return f"{next(names)}"
    return value


def forever(names):
    """Every name again and again, unlike the others by its number."""
    number = 0
    while True:
        for name in names:
            number += 1
            yield f"{name} {number}"


def test_the_only_request_is_the_page_itself(viewer, sample_page):
    viewer.open(sample_page)
    viewer.click(*viewer.seen("p.s.01"))
    viewer.run("twinViewer.set({air: 'volume', streams: true, state: 'lose:ups.A1', tab: 'states'})")
    viewer.rest()
    assert viewer.asked() == [sample_page.as_uri()]


def test_the_policy_refuses_whatever_asks_for_more(viewer, sample_page, outside):
    address, asked = outside
    viewer.open(sample_page)
    refused = viewer.browser.execute_async_script(
        """
        const [address, done] = arguments, seen = new Set();
        addEventListener("securitypolicyviolation", (event) => seen.add(event.effectiveDirective));
        const put = (tag, more) => document.body.appendChild(Object.assign(document.createElement(tag), more));
        put("img", {src: address + "/img"});
        put("script", {src: address + "/script"});
        put("script", {textContent: "window.hacked = 1"});
        put("iframe", {src: address + "/frame"});
        put("link", {rel: "stylesheet", href: address + "/style"});
        put("video", {src: address + "/video"});
        const form = put("form", {action: address + "/form"});
        document.body.insertAdjacentHTML("beforeend", "<p onclick='window.hacked = 1' id='trap'>trap</p>");
        document.getElementById("trap").click();
        try { new WebSocket(address.replace("http", "ws")); } catch {}
        try { new Worker(address + "/worker"); } catch {}
        navigator.sendBeacon(address + "/beacon");
        form.submit();
        fetch(address + "/fetch").then(() => seen.add("FETCHED"), () => {}).then(
            () => setTimeout(() => done([...seen]), 300));
        """,
        address,
    )
    expected = {"connect-src", "img-src", "script-src-elem", "script-src-attr", "frame-src", "style-src-elem"}
    assert expected | {"media-src", "form-action"} <= set(refused) and "FETCHED" not in refused
    assert viewer.run("return window.hacked") is None
    assert asked == []
    viewer.forget()


def test_names_that_mean_harm_stay_text_everywhere(viewer, sample, folder):
    composed = sample.composed()
    plain = json.loads(composed.document.model_dump_json())
    made = Document.model_validate(hostile(plain, forever(NAMES)))
    page = write_page(folder / "hostile.html", pack(made, composed.buffer))
    for tab in ("findings", "layers", "states", "figures"):
        viewer.open(page, f"tab={tab}&labels=on")
        for name in (made.things.id[0], made.things.id[1]):
            assert viewer.run("return twinViewer.select(arguments[0])", name)
            assert viewer.run("return document.querySelector('.selection h2').textContent") == name
        calm(viewer)
    viewer.key("v")
    cells = viewer.run(
        "return [...document.querySelectorAll('dialog tbody bdi')].map(cell => cell.textContent)"
    )
    assert cells == [finding.subject for finding in made.findings]
    viewer.key("\ue00c")
    for timeline in made.timelines:
        viewer.choose("Follow in time", timeline.name)
    viewer.one("#search").send_keys("script")
    assert len(viewer.all("#hits .hit")) >= 1
    viewer.key("\ue00c")
    viewer.run("twinViewer.set({sel: '', timeline: ''})")
    assert viewer.hover(made.things.id[2])
    calm(viewer)
    assert viewer.asked() == [page.as_uri()] * 4


def calm(viewer):
    """Nothing was run, nothing was made of the names, and the page is no wider than its window."""
    found = viewer.run(
        "return [window.hacked, document.querySelectorAll('img, svg[onload], [onerror], [onclick]').length,"
        "document.scripts.length, (scrollTo(9999, 9999), scrollX + scrollY),"
        "document.documentElement.scrollWidth - innerWidth]"
    )
    hacked, elements, scripts, moved, wider = found
    assert hacked is None and elements == 0
    assert scripts == 2  # the viewer and the scene
    assert moved == 0 and wider <= 0


def test_an_address_cannot_run_anything_and_what_it_does_not_know_is_told(viewer, sample_page):
    part = "sel=%3Cimg%20src=x%20onerror=window.hacked=1%3E&paint=__proto__&layers=-constructor&nonsense=1&cut=z:1e999"
    viewer.open(sample_page, part)
    notices = viewer.run("return document.querySelector('.notices').textContent")
    assert "nonsense=1" in notices
    calm(viewer)
    assert viewer.seen("p.s.01")
