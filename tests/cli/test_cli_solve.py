"""``twin solve``: verdict, exit code, run folder, documents for scripts, and every way it can end."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from twin import run as runs
from twin.layout import LayoutError, load

BREAKS_PUE = ("--set", "limits.1.max=1.01")  # the hall's own limit on site.pue
QUICK = ("--no-pictures", "--no-failures")


def test_a_sound_hall_passes_and_leaves_a_run_folder(solved):
    names = {path.name for path in solved.iterdir()}
    assert {"run.json", "run.npz", "verdict.json", "report.html", "input.json", "layout"} <= names
    assert (solved / "layout" / "hall.yaml").read_bytes() == (solved.parent / "hall.yaml").read_bytes()


def test_the_answer_is_printed_with_verdict_margins_and_figures(twin):
    answer = twin("solve", "hall.yaml", *QUICK)
    assert answer.exit_code == 0
    for words in (
        "PASS",
        "Tightest margins",
        "hall.yaml:",
        "PUE",
        "IT power",
        "1.11 MW",
        "balances off by mass",
    ):
        assert words in answer.stdout
    assert "runs/hall-" in answer.stdout


def test_a_broken_rule_fails_with_one(twin):
    answer = twin("solve", "hall.yaml", *QUICK, *BREAKS_PUE)
    assert answer.exit_code == 1
    assert "FAIL" in answer.stdout
    assert "site.pue" in answer.stdout
    assert "1.01" in answer.stdout


def test_findings_of_many_racks_are_one_block(twin):
    answer = twin(
        "solve", "hall.yaml", *QUICK, "--set", 'limits.0.max="20 degC"', "--set", "limits.0.during=[normal]"
    )
    assert answer.exit_code == 1
    assert "10 racks: " in answer.stdout
    assert "and 6 more" in answer.stdout
    assert answer.stdout.count("error   ") == 1


def test_json_is_one_document_on_standard_output(twin):
    answer = twin("solve", "hall.yaml", *QUICK, "--json", *BREAKS_PUE)
    document = json.loads(answer.stdout)
    assert (document["version"], document["layout"], document["status"]) == (1, "hall.yaml", "solved")
    assert document["verdict"] == "fail"
    assert document["kpis"]["it_power"] == pytest.approx(8 * 135e3 + 2 * 15e3)
    assert set(document["conservation"]) == {"mass", "energy", "power"}
    assert all(error < 1e-6 for error in document["conservation"].values())
    broken = [finding for finding in document["findings"] if finding["severity"] == "error"]
    keys = {"code", "severity", "subject", "value", "limit", "margin", "message", "file", "line", "place"}
    assert keys | {"scenario", "waived"} <= set(broken[0])
    assert broken[0]["value"] == pytest.approx(document["kpis"]["pue"])
    assert broken[0]["limit"] == 1.01
    text = (twin_folder(document) / "verdict.json").read_text()
    assert json.loads(text) == document


def twin_folder(document):
    from pathlib import Path

    return Path(document["folder"])


def test_quiet_prints_the_verdict_only(twin):
    answer = twin("solve", "hall.yaml", *QUICK, "-q")
    assert "PASS" in answer.stdout
    assert "Tightest" not in answer.stdout
    assert len(answer.stdout.splitlines()) == 3


def test_a_warmer_day_is_another_run_and_costs_cooling_power(twin):
    pue, digests = [], set()
    for outdoor in ("5 degC, 3 degC", "33 degC"):
        document = json.loads(twin("solve", "hall.yaml", *QUICK, "--json", "--outdoor", outdoor).stdout)
        pue.append(document["kpis"]["pue"])
        digests.add(document["digest"])
    assert pue[0] < pue[1]
    assert len(digests) == 2


def _unsettled(monkeypatch, names, *, failed=()):
    """Have the coupling find no balance in some states, because solvers of some domains failed in all of them."""
    real = runs.answer

    def answer(facility, inputs, **options):
        from twin.checks import judge

        run = real(facility, inputs, **options)
        settled = tuple(state.name not in names for state in run.results.scenarios)
        reports = tuple(
            replace(report, ok=settled if report.domain in failed else report.ok)
            for report in run.results.reports
        )
        results = replace(run.results, settled=settled, reports=reports)
        return replace(run, results=results, verdict=judge(facility, results))

    monkeypatch.setattr(runs, "answer", answer)


@pytest.mark.parametrize(
    ("failed", "status", "code", "words"),
    [(("hydraulics",), "failed", 3, "a solver failed"), ((), "runaway", 1, "thermal runaway")],
)
def test_a_normal_state_without_solution_is_said_loudly(twin, monkeypatch, failed, status, code, words):
    _unsettled(monkeypatch, ["normal"], failed=failed)
    answer = twin("solve", "hall.yaml", *QUICK)
    assert answer.exit_code == code
    assert "states have NO steady solution: normal" in answer.stdout
    assert words in answer.stdout
    assert "Key figures" not in answer.stdout
    document = json.loads(twin("solve", "hall.yaml", *QUICK, "--json").stdout)
    assert (document["status"], document["kpis"], document["unsettled"]) == (status, {}, ["normal"])


def test_a_failure_state_without_solution_breaks_a_rule(twin, monkeypatch):
    _unsettled(monkeypatch, ["lose:crah1"])
    answer = twin("solve", "hall.yaml", "--no-pictures")
    assert answer.exit_code == 1
    assert re.search("1 of [0-9]+ states have NO steady solution: lose:crah1", answer.stdout)
    assert "SOL-001" in answer.stdout


def test_mistakes_are_printed_as_the_layout_module_renders_them(twin, tmp_path):
    (tmp_path / "bad.yaml").write_text(
        'twin: 1\nname: x\nhall: {size: [3 metre, "4", 5 m]}\n', encoding="utf-8"
    )
    answer = twin("solve", "bad.yaml")
    with pytest.raises(LayoutError) as caught:
        load("bad.yaml")
    assert answer.exit_code == 2
    assert answer.stderr == f"{caught.value}\n"
    assert answer.stdout == ""
    document = json.loads(twin("solve", "bad.yaml", "--json").stdout)
    assert document["status"] == "invalid"
    assert document["mistakes"][0]["line"] == 3
    assert len(document["mistakes"]) == len(caught.value.mistakes)


@pytest.mark.parametrize(
    "arguments",
    [
        ("solve", "missing.yaml"),
        ("solve", "."),
        ("solve", "hall.yaml", "--set", "nonsense"),
        ("solve", "hall.yaml", "--set", "params.rackss=3"),
        ("solve", "hall.yaml", "--outdoor", "35"),
        ("solve", "hall.yaml", "--outdoor", "20 degC, 30 degC"),
        ("solve", "hall.yaml", "--out", "hall.yaml"),
        ("compare", ".", "."),
        ("compare", "missing.yaml", "hall.yaml"),
        ("render", "missing"),
        ("render", "hall.yaml", "--field", "rack.colour"),
        ("render", "hall.yaml", "--view", "inside"),
        ("view", "hall.yaml", "--field", "rack.colour"),
        ("catalogue", "show", "nothing"),
        ("catalogue", "show"),
        ("catalogue", "nothing*"),
        ("check", "missing.yaml"),
        ("schema", "--out", "missing/schema.json"),
        ("solve",),
        ("frobnicate",),
    ],
    ids=" ".join,
)
def test_wrong_input_is_a_message_and_two(twin, arguments):
    answer = twin(*arguments)
    assert answer.exit_code == 2
    assert "Traceback" not in answer.output
    assert answer.stderr or answer.stdout


def test_an_internal_error_is_one_line_and_three(twin, monkeypatch):
    def fails(*_, **__):
        raise ZeroDivisionError("by nothing")

    monkeypatch.setattr(runs, "answer", fails)
    answer = twin("solve", "hall.yaml")
    assert answer.exit_code == 3
    assert len(answer.stderr.splitlines()) == 1
    for words in ("internal error", "ZeroDivisionError", "by nothing", "please report"):
        assert words in answer.stderr
    assert "Traceback" in twin("--debug", "solve", "hall.yaml").stderr
    assert "Traceback" not in twin("solve", "hall.yaml").stderr
    document = json.loads(twin("solve", "hall.yaml", "--json").stdout)
    assert document["status"] == "failed"


def test_an_interrupt_ends_cleanly(twin, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(runs, "answer", interrupted)
    answer = twin("solve", "hall.yaml")
    assert answer.exit_code == 130
    assert answer.stderr.strip() == "twin: interrupted"


def test_without_graphics_there_are_plan_maps_and_a_remedy(twin, no_graphics, tmp_path):
    answer = twin("solve", "hall.yaml", "--no-failures", "--out", "run")
    assert answer.exit_code == 0
    maps = sorted(path.name for path in (tmp_path / "run" / "maps").iterdir())
    assert maps
    assert all(name.endswith("_2d.png") for name in maps)
    assert no_graphics.remedy in answer.stderr
    assert len(answer.stderr.splitlines()) == 1


def test_names_cannot_command_the_terminal(twin, tmp_path):
    text = (tmp_path / "hall.yaml").read_text(encoding="utf-8")
    text = text.replace("name: First hall, eight GB300 racks", r'name: "\e[31mred\e[0m [bold]b[/bold] [/x]"')
    (tmp_path / "hall.yaml").write_text(text, encoding="utf-8")
    for verb in ("check", "solve"):
        answer = twin(verb, "hall.yaml", *(QUICK if verb == "solve" else ()))
        assert answer.exit_code == 0
        assert "\x1b" not in answer.stdout
        assert r"\x1b[31mred" in answer.stdout
        assert "[bold]b[/bold] [/x]" in answer.stdout


@pytest.mark.parametrize("columns", ["40", "80", "200"])
def test_every_width_shows_rule_value_limit_and_place(twin, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", columns)
    answer = twin("solve", "hall.yaml", *QUICK)
    assert answer.exit_code == 0
    *lines, _ = answer.stdout.splitlines()  # the last is a path, never cut
    assert max(map(len, lines)) <= int(columns)
    if columns != "40":
        number = next(number for number, line in enumerate(lines) if line.startswith("LIM-001"))
        row = " ".join(lines[number : number + 2])
        for words in ("site.pue", "1.3", "+", "normal", "hall.yaml:"):
            assert words in row


@pytest.mark.parametrize(
    ("year", "options", "words"),
    [
        ("{series: nothere.csv}", (), "nothere.csv"),
        ("{weather: nope.epw}", (), "nope.epw"),
        ("{}", ("--climate", "nope.epw"), "nope.epw"),
    ],
)
def test_a_solve_that_is_refused_leaves_the_run_of_its_folder_whole(twin, solved, year, options, words):
    shutil.copytree(solved, "run")
    before = {path: path.read_bytes() for path in Path("run").rglob("*") if path.is_file()}
    text = Path("hall.yaml").read_text(encoding="utf-8")
    Path("other.yaml").write_text(f"{text}\nyear: {year}\n", encoding="utf-8")
    answer = twin("solve", "other.yaml", *QUICK, "--year", *options, "--out", "run")
    assert (answer.exit_code, words in answer.output) == (2, True)
    assert {path: path.read_bytes() for path in Path("run").rglob("*") if path.is_file()} == before
    answer = twin("solve", "other.yaml", *QUICK, "--year", *options, "--out", "new")
    assert answer.exit_code == 2 and not Path("new").exists()


def test_a_folder_that_cannot_be_written_is_told_before_anything_is_solved(twin, monkeypatch):
    def refuse(path, *_):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "write_bytes", refuse)
    monkeypatch.setattr(runs, "answer", lambda *_, **__: pytest.fail("solved"))
    answer = twin("solve", "hall.yaml", *QUICK, "--out", "shut")
    assert answer.exit_code == 2
    assert "shut" in answer.output and "Permission denied" in answer.output
