"""``report``: what goes into it, and where it may be put; the places of pages, too."""

from __future__ import annotations

import base64
import json
import os
import shutil
from dataclasses import replace

import pytest

from twin.cli import reporting
from twin.view.sources import shown

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


@pytest.fixture
def run(solved, tmp_path):
    """A copy of a run folder with one picture of twin's."""
    folder = shutil.copytree(solved, tmp_path / "run")
    (folder / "maps").mkdir()
    (folder / "maps" / "heat_plan_2d.png").write_bytes(PIXEL)
    return folder


def test_only_pictures_of_twin_go_into_a_report(twin, run, tmp_path):
    secret = tmp_path / "secret.png"
    secret.write_bytes(PIXEL + b"a password")
    maps = run / "maps"
    (maps / "heat.png").symlink_to(secret)
    (maps / "load.png").write_text("no picture", encoding="utf-8")
    (maps / "photo.png").write_bytes(PIXEL)
    os.mkfifo(maps / "coolant.png")
    (maps / "findings").mkdir()
    answer = twin("report", run)
    assert answer.exit_code == 0, answer.output
    assert "left out" in answer.stderr
    assert all(name in answer.stderr for name in ("heat.png", "load.png", "photo.png", "coolant.png"))
    text = (run / "report.html").read_text(encoding="utf-8")
    assert base64.b64encode(PIXEL).decode() in text
    for bad in (PIXEL + b"a password", b"no picture"):
        assert base64.b64encode(bad).decode() not in text


def test_a_folder_of_pictures_that_is_a_link_is_not_followed(run, tmp_path):
    (run / "maps").rename(tmp_path / "elsewhere")
    (run / "maps").symlink_to(tmp_path / "elsewhere")
    assert reporting.pictures_in(run) == []


def test_pictures_that_twin_writes_are_known(run):
    assert [path.name for path in reporting.pictures_in(run)] == ["heat_plan_2d.png"]
    assert {
        "heat.png",
        "coolant_plan_2d.png",
        "air_plan_2d.png",
        "margin.png",
        "year_pue.png",
    } <= reporting._names()


@pytest.mark.parametrize("verb", [["report"], ["view", "--web", "--no-open"]])
@pytest.mark.parametrize("kind", ["link", "fifo", "folder", "device"])
def test_nothing_but_a_file_is_replaced(twin, solved, tmp_path, monkeypatch, verb, kind):
    place = tmp_path / "page.html"
    kept = tmp_path / "kept.html"
    kept.write_text("kept", encoding="utf-8")
    if kind == "device":
        place = "/dev/null"
    else:
        {"link": lambda: place.symlink_to(kept), "fifo": lambda: os.mkfifo(place), "folder": place.mkdir}[
            kind
        ]()
    for module in ("reporting", "viewing"):
        monkeypatch.setattr(f"twin.cli.{module}.opened", lambda *a, **k: pytest.fail("solved first"))
    answer = twin(verb[0], solved, *verb[1:], "--out", place)
    assert answer.exit_code == 2, answer.output
    assert f"{place}: is " in answer.stderr and "left as it is" in answer.stderr
    assert len(answer.stderr.splitlines()) == 1
    assert kept.read_text(encoding="utf-8") == "kept"
    assert not os.path.isfile(place) or kind == "link"


def test_what_lies_in_the_place_of_a_half_written_page_is_not_followed(solved, tmp_path):
    from twin.view.web.page import write_page

    kept = tmp_path / "kept"
    kept.write_text("kept", encoding="utf-8")
    (tmp_path / "page.html.part").symlink_to(kept)
    assert write_page(tmp_path / "page.html", b"scene").is_file()
    assert kept.read_text(encoding="utf-8") == "kept"


@pytest.mark.parametrize("verb", [["report"], ["view", "--web", "--no-open"]])
def test_a_place_where_nothing_can_be_written_is_told_by_its_own_name(twin, solved, verb):
    answer = twin(verb[0], solved, *verb[1:], "--out", "hall.yaml/page.html")
    assert answer.exit_code == 2, answer.output
    assert "hall.yaml/page.html: cannot be written (" in answer.stderr
    assert ".part" not in answer.stderr
    assert len(answer.stderr.splitlines()) == 1


def test_the_report_of_a_layout_has_maps(twin, solved, no_graphics, monkeypatch, tmp_path):
    from twin.run import reopen

    monkeypatch.setattr(reporting, "opened", lambda *a, **k: replace(reopen(solved), folder=None))
    answer = twin("report", "hall.yaml")
    assert answer.exit_code == 0, answer.output
    assert no_graphics.remedy in answer.stderr
    assert (tmp_path / "report.html").read_text(encoding="utf-8").count("data:image/png;base64,") >= 3


@pytest.mark.parametrize("full", [True, False])
def test_files_are_named_alike_everywhere_and_without_the_folders_of_the_author(twin, run, full):
    from twin.run import reopen
    from twin.view.web.compose import compose

    asked = json.loads((run / "input.json").read_text(encoding="utf-8"))
    assert os.path.isabs(asked["source"])
    root = os.path.dirname(asked["source"])
    if not full:
        for file in ("input.json", "run.json"):
            text = (run / file).read_text(encoding="utf-8").replace(f"{root}/", "halls/")
            (run / file).write_text(text, encoding="utf-8")
    name = "hall.yaml" if full else "halls/hall.yaml"
    made = reopen(run)
    document = compose(made.facility, made.results, made.verdict).document
    assert document.things.files == (name,)
    assert {finding.file for finding in document.findings} <= {name, ""}
    assert twin("report", run).exit_code == 0
    text = (run / "report.html").read_text(encoding="utf-8")
    assert f"Layout <code>{name}</code>" in text
    for folder in (root, str(run)):
        assert folder not in text and folder not in document.model_dump_json()


@pytest.mark.parametrize(
    ("file", "layout", "name"),
    [
        ("layouts/parts/a.yaml", "layouts/hall.yaml", "layouts/parts/a.yaml"),
        ("/home/me/parts/a.yaml", "/home/me/hall.yaml", "parts/a.yaml"),
        ("/home/me/hall.yaml", "/run/layout/hall.yaml", "hall.yaml"),
        ("C:\\Users\\me\\hall.yaml", "hall.yaml", "hall.yaml"),
        ("", "hall.yaml", ""),
    ],
)
def test_a_file_is_named_as_it_was_or_from_the_folder_of_the_layout(file, layout, name):
    assert shown(file, layout) == name
