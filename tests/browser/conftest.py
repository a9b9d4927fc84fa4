"""One browser for each test process, pages that are made once, and what holds in every test: silence."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser import runs
from tests.browser.viewer import Viewer


@pytest.fixture(scope="session")
def browser(tmp_path_factory) -> Iterator[Viewer]:
    """The browser, with WebGL drawn by the processor."""
    chromium = pytest.importorskip("tests.browser.chromium", exc_type=ImportError)
    started = chromium.start(tmp_path_factory.mktemp("profile"), *chromium.SOFTWARE_GL)
    yield Viewer(started)
    started.quit()


@pytest.fixture
def viewer(browser: Viewer) -> Iterator[Viewer]:
    """The browser; after the test it must have asked for nothing but the page, and complained of nothing."""
    browser.forget()
    yield browser
    strange = [url[:80] for url in browser.asked() if not re.match("(file:[^#]*[.]html|data:|blob:)", url)]
    assert not strange
    loud = [entry["message"] for entry in browser.messages if entry["level"] in ("SEVERE", "WARNING")]
    assert not loud, "\n".join(loud)


@pytest.fixture(scope="session")
def folder(tmp_path_factory) -> Path:
    """Where pages lie."""
    return tmp_path_factory.mktemp("pages")


@pytest.fixture(scope="session")
def sample() -> runs.Made:
    """Two rows of four racks in three states."""
    return runs.sample()


@pytest.fixture(scope="session")
def sample_page(sample: runs.Made, folder: Path) -> Path:
    """Its page."""
    from twin.view.web.page import write_page

    return write_page(folder / "sample.html", sample.packed())
