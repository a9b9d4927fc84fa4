"""The page: one file that holds its scene, asks nobody, and lets no name out of its place."""

from __future__ import annotations

import base64
import re
from html.parser import HTMLParser

import pytest

from tests.view.view_samples import HOSTILE, finding, hall, solved, verdict
from twin.view.web.compose import packed
from twin.view.web.document import unpack
from twin.view.web.page import page, write_page


class Page(HTMLParser):
    """Elements, addresses and the contents of scripts of a page."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.addresses, self.policy, self.scripts, self._inside = [], [], "", {}, None
        self.frames = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        told = dict(attrs)
        self.elements.append(tag)
        self.addresses += [told[name] for name in ("src", "href", "data", "action") if name in told]
        if tag == "iframe":
            self.frames.append((told["sandbox"], told["srcdoc"]))
        if told.get("http-equiv") == "Content-Security-Policy":
            self.policy = told["content"]
        self._inside = told.get("id", "") if tag == "script" else None

    def handle_endtag(self, tag):
        self._inside = None

    def handle_data(self, data):
        if self._inside:
            self.scripts[self._inside] = data


@pytest.fixture(scope="module")
def scene():
    facility = hall(2, name=HOSTILE, description=HOSTILE)
    return packed(facility, solved(facility), verdict(finding(message=HOSTILE, title=HOSTILE, place=HOSTILE)))


def test_the_scene_comes_out_of_the_page_as_it_went_in(scene):
    held = Page(page(scene)).scripts
    assert base64.b64decode(held["scene"]) == scene and "compare" not in held
    assert unpack(base64.b64decode(held["scene"])).document.title == HOSTILE


def test_a_second_run_lies_beside_the_first(scene):
    assert base64.b64decode(Page(page(scene, scene)).scripts["compare"]) == scene


def test_a_name_opens_no_element_and_closes_none(scene):
    bare, full = Page(page(None)), Page(page(scene, scene))
    assert sorted(full.elements) == sorted([*bare.elements, "script", "script"])
    assert page(scene).count("onerror") == page(None).count("onerror")
    assert re.fullmatch(r"[A-Za-z0-9+/=]+", full.scripts["scene"])


def test_the_only_addresses_are_data(scene):
    assert all(address.startswith("data:") for address in Page(page(scene)).addresses)


def test_the_policy_lets_nothing_in_and_nothing_out(scene):
    policy = Page(page(scene)).policy
    assert policy.startswith("default-src 'none'") and "connect-src 'none'" in policy
    assert not re.search(r"https?:|\*|unsafe-eval", policy)


def test_a_live_page_may_ask_its_own_server_alone():
    live = Page(page(None, live=True))
    assert "connect-src 'self'" in live.policy and "connect-src 'none'" not in live.policy
    assert live.policy.replace("'self'", "'none'") == Page(page(None)).policy
    assert "scene" not in live.scripts


def test_the_page_is_written_whole(tmp_path, scene):
    path = write_page(tmp_path / "deep" / "hall.html", scene)
    assert path.read_text(encoding="utf-8") == page(scene)
    assert [p.name for p in path.parent.iterdir()] == ["hall.html"]
