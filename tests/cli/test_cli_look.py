"""``compare``, ``render``, ``view``, ``catalogue`` and ``doctor``."""

from __future__ import annotations

import base64
import json
import re
import shutil
from dataclasses import replace

import pytest

from twin.catalogue import Catalogue
from twin.cli import doctor as doctoring
from twin.cli import viewing


def test_a_run_does_not_differ_from_itself(twin, solved):
    answer = twin("compare", solved, solved, "--fail-on-worse")
    assert answer.exit_code == 0
    assert "No difference." in answer.stdout


def test_compare_tells_moved_margins_figures_and_broken_rules(twin, solved):
    arguments = (
        "compare",
        solved,
        "hall.yaml",
        "--set",
        "limits.1.max=1.01",
        "--set",
        'params.coolant="38 degC"',
    )
    answer = twin(*arguments)
    assert answer.exit_code == 0
    assert re.search(r"Newly broken\n.*LIM-001.*site\.pue", answer.stdout)
    assert "-2.0 K" not in answer.stdout.split("Newly broken")[0]
    assert re.search(r"LIQ-001 .*\+5\.0 K +\+7\.0 K +\+2\.0 K", answer.stdout)  # coolant 2 K colder
    assert twin(*arguments, "--fail-on-worse").exit_code == 1


def test_compare_the_other_way_round_mends(twin, solved):
    broken = twin("solve", "hall.yaml", "--no-pictures", "--out", "broken", "--set", "limits.1.max=1.01")
    assert broken.exit_code == 1
    document = json.loads(twin("compare", "broken", solved, "--json", "--fail-on-worse").stdout)
    assert [finding["code"] for finding in document["mended"]] == ["LIM-001"]
    assert (document["broken"], document["worse"], document["kpis"]) == ([], False, {})


@pytest.mark.parametrize("harm", ["truncate", "other layout", "no input", "escape", "no names"])
def test_a_bad_run_folder_is_told_in_a_line(twin, solved, tmp_path, harm):
    run = tmp_path / "run"
    shutil.copytree(solved, run)
    if harm == "truncate":
        (run / "run.npz").write_bytes((run / "run.npz").read_bytes()[:100])
    elif harm == "other layout":
        text = (run / "layout" / "hall.yaml").read_text(encoding="utf-8")
        (run / "layout" / "hall.yaml").write_text(text.replace("racks: 4", "racks: 3"), encoding="utf-8")
    elif harm == "no input":
        (run / "input.json").unlink()
    elif harm == "no names":
        document = json.loads((run / "run.json").read_text(encoding="utf-8"))
        document["tables"]["cdu"][0] = None
        (run / "run.json").write_text(json.dumps(document), encoding="utf-8")
    else:
        asked = json.loads((run / "input.json").read_text(encoding="utf-8"))
        (run / "input.json").write_text(json.dumps({**asked, "layout": "../../hall.yaml"}), encoding="utf-8")
    for verb in ("render",), ("view", "--web", "--no-open"):
        answer = twin(*verb, run)
        assert answer.exit_code == 2
        assert "Traceback" not in answer.output
        assert "run `twin solve` again" in answer.stderr


def test_a_run_of_another_format_is_told(twin, solved, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(solved, run)
    document = json.loads((run / "run.json").read_text(encoding="utf-8"))
    (run / "run.json").write_text(json.dumps({**document, "format": 0}), encoding="utf-8")
    answer = twin("view", run, "--web", "--no-open")
    assert answer.exit_code == 2
    assert "run format 0; this version of twin reads format" in answer.stderr


def test_render_makes_plan_maps_where_nothing_else_can_be_made(twin, solved, no_graphics, tmp_path):
    answer = twin("render", solved, "--out", "p", "--field", "rack.power", "--state", "lose:crah1")
    assert answer.exit_code == 0
    written = [tmp_path / line for line in answer.stdout.splitlines()]
    assert len(written) == 1
    assert written[0].read_bytes().startswith(b"\x89PNG")
    assert no_graphics.remedy in answer.stderr


def test_an_unknown_state_names_the_nearest(twin, solved):
    answer = twin("render", solved, "--state", "lose:crah9")
    assert answer.exit_code == 2
    assert 'did you mean "lose:crah' in answer.stderr


@pytest.fixture
def desktop(monkeypatch):
    """A machine with a display and graphics; gives what windows were opened with."""
    from twin.view import gl
    from twin.view.desktop import window

    opened = []
    monkeypatch.setattr(gl, "available", lambda *, refresh=False: gl.Probe(True, "fine"))
    monkeypatch.setattr(viewing, "gl_display", lambda: True)
    monkeypatch.setattr(window, "open_window", lambda *things, **options: opened.append((things, options)))
    return opened


@pytest.fixture
def no_display(monkeypatch):
    """A machine without a display or a browser."""
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(viewing, "gl_display", lambda: False)


@pytest.fixture
def browser(monkeypatch):
    """A browser that opens nothing; gives the addresses it was asked for."""
    import webbrowser

    opened = []

    class Browser(webbrowser.BaseBrowser):
        def open(self, url, new=0, autoraise=True):
            opened.append(url)
            return True

    monkeypatch.setattr(webbrowser, "get", lambda using=None: Browser("a-browser"))
    monkeypatch.setenv("BROWSER", "a-browser")
    return opened


def test_the_window_without_graphics_or_display_is_four_with_a_remedy(twin, solved, no_graphics, monkeypatch):
    answer = twin("view", solved, "--desktop")
    assert answer.exit_code == 4
    assert no_graphics.remedy in answer.stderr
    from twin.view import gl

    monkeypatch.setattr(gl, "available", lambda *, refresh=False: gl.Probe(True, "fine"))
    monkeypatch.setattr(viewing, "gl_display", lambda: False)
    answer = twin("view", solved, "--desktop")
    assert answer.exit_code == 4
    assert "no display" in answer.stderr


def test_view_opens_the_window_on_the_field_and_state(twin, solved, desktop):
    answer = twin("view", solved, "--field", "margin", "--state", "lose:crah1", "--theme", "dark")
    assert answer.exit_code == 0, answer.output
    (facility, results), options = desktop[0]
    assert facility.digest == results.digest
    assert (options["field"], options["theme"]) == ("margin", "dark")
    assert results.scenarios[options["scenario"]].name == "lose:crah1"


def test_view_writes_the_page_where_no_window_can_open(twin, solved, no_display):
    answer = twin("view", solved)
    assert answer.exit_code == 0, answer.output
    page = solved / "viewer.html"
    assert answer.stdout == f"{page}\n"
    assert "no display here" in answer.stderr
    assert f"no browser here: open {page.resolve().as_uri()}" in answer.stderr
    assert scene_in(page).title == "First hall, eight GB300 racks"


def test_the_page_opens_in_the_browser_on_field_and_state(twin, solved, browser):
    answer = twin("view", solved, "--web", "--field", "rack.power", "--state", "lose:crah1")
    assert answer.exit_code == 0, answer.output
    page = solved / "viewer.html"
    assert answer.stdout == f"{page}\n"
    assert browser == [f"{page.resolve().as_uri()}#paint=rack.power&state=lose:crah1"]
    assert "lose:crah1" in [state.name for state in scene_in(page).states]
    assert twin("view", solved, "--web", "--no-open").exit_code == 0
    assert len(browser) == 1


def test_a_layout_is_solved_for_its_page_which_stands_here(twin, solved, monkeypatch, tmp_path):
    from twin.run import reopen

    asked = []
    run = replace(reopen(solved), folder=None)
    monkeypatch.setattr(viewing, "opened", lambda *target, **how: asked.append((target, how)) or run)
    options = ("--set", "params.racks=2", "--air", "zonal", "--outdoor", "20 degC", "--failures", "--year")
    answer = twin("view", "hall.yaml", "--web", "--no-open", *options)
    assert answer.exit_code == 0, answer.output
    assert answer.stdout == "hall-viewer.html\n"
    assert scene_in(tmp_path / "hall-viewer.html").states[0].name == "normal"
    how = {"failures": True, "air": "zonal", "outdoor": "20 degC", "climate": "", "year": True}
    assert asked == [(("hall.yaml", ("params.racks=2",)), how)]


def test_two_runs_stand_in_one_page(twin, solved, browser, tmp_path):
    answer = twin("view", solved, "--against", solved, "--out", "both.html")
    assert answer.exit_code == 0, answer.output
    first, second = (scene_in(tmp_path / "both.html", name) for name in ("scene", "compare"))
    assert first == second
    assert browser[0].endswith("both.html#compare=both")


def scene_in(page, name="scene"):
    """The document in a page."""
    from twin.view.web.document import unpack

    found = re.search(
        rf'<script type="application/octet-stream" id="{name}">([^<]*)</script>', page.read_text("utf-8")
    )
    return unpack(base64.b64decode(found[1])).document


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--web", "--field", "rack.powr"], 'did you mean "rack.power"'),
        (["--web", "--state", "lose:crah9"], 'did you mean "lose:crah'),
        (["--web", "--set", "params.racks=2"], "--set is for layouts"),
        (["--web", "--outdoor", "35 degC"], "--outdoor is for layouts"),
        (["--web", "--out", "."], "is a folder"),
        (["--web", "--out", "hall.yaml/page.html"], "hall.yaml"),
        (["--watch"], "a run does not change"),
        (["--desktop", "--out", "page.html"], "does not go with --desktop"),
        (["--desktop", "--against", "hall.yaml"], "does not go with --desktop"),
        (["--web", "--port", "8000"], "for --watch"),
        (["--web", "--theme", "dark"], "the page has a switch of its own"),
        (["--desktop", "--theme", "drak"], 'did you mean "dark"'),
    ],
)
def test_what_view_cannot_do_is_told_in_a_line(twin, solved, arguments, message):
    answer = twin("view", solved, "--no-open", *arguments)
    assert answer.exit_code == 2, answer.output
    assert message in answer.stderr
    assert len(answer.stderr.splitlines()) == 1


def test_an_installation_without_the_page_is_four(twin, solved, monkeypatch, tmp_path):
    from twin.view.web import page

    monkeypatch.setattr(page, "_VIEWER", tmp_path / "nothing.html")
    page._viewer.cache_clear()
    answer = twin("view", solved, "--web", "--no-open")
    assert answer.exit_code == 4
    assert "npm run build" in answer.stderr
    checks = {item["what"]: item for item in json.loads(twin("doctor", "--json").stdout)["checks"]}
    assert checks["viewer page"]["state"] == "missing"
    page._viewer.cache_clear()


def test_a_run_folder_holds_the_page_or_says_why_not(solved, monkeypatch, tmp_path):
    from twin.run import reopen, write
    from twin.view.web import page

    assert scene_in(solved / "viewer.html").title == "First hall, eight GB300 racks"
    (tmp_path / "viewer.html").write_text("of another run", encoding="utf-8")
    monkeypatch.setattr(page, "_viewer", lambda: (_ for _ in ()).throw(RuntimeError("not built")))
    run = write(reopen(solved), tmp_path, pictures=False)
    assert not (tmp_path / "viewer.html").exists()
    assert run.remarks[0].startswith("no viewer page: RuntimeError: not built; ")
    assert (tmp_path / "verdict.json").exists()


def test_doctor_tells_of_page_and_browser(twin, browser):
    checks = {item["what"]: item for item in json.loads(twin("doctor", "--json").stdout)["checks"]}
    assert checks["viewer page"]["state"] == "ok"
    assert "a-browser" in checks["browser"]["detail"]


def test_doctor_does_without_a_browser(twin, no_display, monkeypatch):
    from twin.cli import web

    monkeypatch.setattr(web, "BROWSERS", ("no-such-browser",))
    checks = {item["what"]: item for item in json.loads(twin("doctor", "--json").stdout)["checks"]}
    assert checks["browser"]["state"] == "optional"
    assert "none was found" in checks["browser"]["detail"]


def test_the_catalogue_lists_every_product(twin):
    answer = twin("catalogue")
    assert answer.exit_code == 0
    words = answer.stdout.split()
    assert set(Catalogue.builtin().names()) <= set(words)
    assert {"phoenix", "us-az"} <= set(words)


def test_the_catalogue_is_filtered_by_kind_and_glob(twin):
    names = [line.split()[0] for line in twin("catalogue", "list", "cdu*").stdout.splitlines()[2:]]
    assert names
    assert all(name.startswith("cdu") for name in names)
    builtin = Catalogue.builtin()
    listed = {line.split()[0] for line in twin("catalogue", "--kind", "ups").stdout.splitlines()[2:]}
    assert listed == {name for name in builtin.names() if builtin.product(name).kind == "ups"}


@pytest.mark.parametrize("name", ["gb300_nvl72", "cdu_2300kw", "chiller_ac_warm_1500kw", "phoenix", "us-az"])
def test_every_shown_value_has_a_source_or_is_assumed(twin, name):
    answer = twin("catalogue", "show", name)
    assert answer.exit_code == 0
    lines = answer.stdout.splitlines()
    rule = next(index for index, line in enumerate(lines) if line.startswith("──"))
    rows = [line for line in lines[rule + 1 :] if not line.startswith((" ", "["))]
    rows = [line for line in rows if re.match(r"[a-z0-9_.]+  +\S", line)]
    assert rows
    assert all(re.search(r"(\[\d+\]|assumed|assumed \(default\))\s*$", line) for line in rows)
    told = {int(n) for line in rows for n in re.findall(r"\[(\d+)\]\s*$", line)}
    assert told == set(range(1, len(told) + 1))


def test_doctor_tells_versions_and_what_to_install(twin, monkeypatch):
    import numpy

    answer = twin("doctor")
    assert numpy.__version__ in answer.stdout
    monkeypatch.setattr(doctoring, "NEEDED", ("numpy", "no-such-package"))
    answer = twin("doctor")
    assert answer.exit_code == 4
    assert "pip install no-such-package" in answer.stdout
    checks = {item["what"]: item for item in json.loads(twin("doctor", "--json").stdout)["checks"]}
    assert checks["no-such-package"]["state"] == "missing"


def test_doctor_is_four_without_graphics(twin, no_graphics):
    answer = twin("doctor")
    assert answer.exit_code == 4
    assert no_graphics.remedy in answer.stdout
