"""Batches: one row for each layout, the same whatever the processes do, and nothing solved twice."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner

from twin import batch
from twin.batch import Options, evaluate_one, keys, validate
from twin.cli import app
from twin.run import reopen

HALL = """
twin: 1
name: Racks that a chiller cools
site: {climate: frankfurt, grid: de}
params: {racks: 2}
hall: {size: [14 m, 8 m, 4 m]}
catalogue:
  training: {like: enterprise_rack, power: {idle: 2 kW, typical: 10 kW, maximum: 10 kW, peak: 11 kW}, source: assumed}
pods: [{id: p, at: [2 m, 2 m], rows: [{id: s, face: south, lineup: [$racks x training]}]}]
air: {crahs: [{id: c, type: crah_150kw, count: 2, supply: 22 degC}]}
liquid:
  plant: [{id: ch, type: chiller_ac_1200kw, count: 2}]
  pumps: [{id: chp, type: pump_25ls, count: 2}]
  loops: [{id: chw, source: ch, sinks: "kind:crah", pumps: chp, supply: 14 degC}]
power:
  utility: {id: grid, voltage: 33 kV, capacity: 2 MVA}
  transformers: [{id: tx, type: tx_1000kva, from: grid}]
  whips: [{to: "kind:rack", from: tx, per_rack: 1, breaker: 63 A}]
limits: [{what: site.pue, max: 1.7}]
"""
QUICK = Options(failures=False)

# Stands in for a fault of the machine: a worker that opens such a file dies, or never comes back.
FAULTS = """
import os, sys, time
def _hook(event, arguments):
    name = str(arguments[0]) if event == "open" else ""
    if name.endswith("crash.yaml"):
        os.write(2, b"the heap is corrupt\\n")
        os.abort()
    if name.endswith("hang.yaml"):
        time.sleep(60)
sys.addaudithook(_hook)
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with a sound hall, one that breaks a rule and one that cannot be read."""
    (tmp_path / "good.yaml").write_text(HALL, encoding="utf-8")
    broken = HALL.replace("site.pue, max: 1.7", "site.pue, max: 1.01")
    assert broken != HALL
    (tmp_path / "fail.yaml").write_text(broken, encoding="utf-8")
    (tmp_path / "bad.yaml").write_text(
        "twin: 1\nname: x\nhall: {size: [3 metre, 4 m, 5 m]}\n", encoding="utf-8"
    )
    (tmp_path / "faults").mkdir()
    (tmp_path / "faults" / "sitecustomize.py").write_text(FAULTS, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _same(rows):
    """Rows without what may differ: the time it took."""
    return [(row.layout, row.status, {**row.document, "seconds": None}) for row in rows]


def test_rows_come_in_order_and_do_not_depend_on_the_number_of_processes(folder):
    layouts = ["good.yaml", "bad.yaml", "fail.yaml", "missing.yaml"]
    one, two = (validate(layouts, QUICK, jobs=jobs) for jobs in (1, 2))
    assert _same(one) == _same(two)
    assert [row.layout for row in one] == layouts
    assert [row.exit_code for row in one] == [0, 2, 1, 2]
    assert one[1].mistakes[0]["line"] == 3


def test_a_crash_is_a_row_and_the_batch_goes_on(folder, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(folder / "faults"))
    shutil.copy("good.yaml", "crash.yaml")
    rows = validate(["crash.yaml", "good.yaml"], QUICK, jobs=1)
    assert [row.status for row in rows] == ["crashed", "solved"]
    assert "the heap is corrupt" in rows[0].message
    assert rows[0].exit_code == 3


def test_a_layout_that_hangs_is_a_row(folder, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(folder / "faults"))
    shutil.copy("good.yaml", "hang.yaml")
    rows = validate(["hang.yaml"], QUICK, timeout=2.0)
    assert [(row.status, row.exit_code) for row in rows] == [("timeout", 3)]
    assert 2.0 <= rows[0].seconds < 20.0


def test_a_damaged_folder_is_solved_again_and_whole_afterwards(folder, few_studies):
    options = Options(failures=False, out="out")
    run = Path(evaluate_one("good.yaml", "good", options).document["folder"])
    made = json.loads((run / "batch.json").read_text(encoding="utf-8"))["made"]
    for name in ("run.npz", "verdict.json", "run.json", "input.json", "layout/good.yaml"):
        file = run / name
        whole = file.read_bytes()
        file.write_bytes(whole[:-1])
        assert batch._finished(run, made, "good.yaml") is None
        file.unlink()
        assert batch._finished(run, made, "good.yaml") is None
        file.write_bytes(whole)
    (run / "run.npz").write_bytes((run / "run.npz").read_bytes()[:300])
    (run / "verdict.json").write_text('{"truncat', encoding="utf-8")
    mended = evaluate_one("good.yaml", "good", options)
    assert not mended.reused
    assert (
        reopen(run).verdict.verdict
        == mended.verdict
        == json.loads((run / "verdict.json").read_text())["verdict"]
    )
    (run / "maps").mkdir(exist_ok=True)
    (run / "maps" / "drawn_later.png").write_bytes(b"x")
    assert evaluate_one("good.yaml", "good", options).reused


def test_what_is_finished_is_not_solved_again(folder, few_studies):
    options = Options(failures=False, out="out")

    def reused(layout, options=options):
        return evaluate_one(layout, layout.removesuffix(".yaml"), options).reused

    first = evaluate_one("good.yaml", "good", options)
    again = evaluate_one("good.yaml", "good", options)
    assert (first.reused, again.reused) == (False, True)
    assert again.document == first.document
    assert not reused("good.yaml", Options(failures=False, out="out", fresh=True))
    assert not reused("good.yaml", Options(failures=False, out="out", sets=("params.racks=3",)))
    plain = Options(failures=False, out="out", studies="none")
    assert not reused("good.yaml", plain)
    assert reused("good.yaml", plain)
    assert not reused("good.yaml")
    memory = Path(first.document["folder"]) / "batch.json"
    assert reused("good.yaml")
    memory.write_text(
        memory.read_text(encoding="utf-8").replace('"by": "twin ', '"by": "twin 9'), encoding="utf-8"
    )
    assert not reused("good.yaml")  # made by another version
    memory.write_text(memory.read_text(encoding="utf-8")[:-200], encoding="utf-8")
    assert not reused("good.yaml")  # damaged
    memory.unlink()
    assert not reused("good.yaml")  # killed before it was finished
    text = Path("good.yaml").read_text(encoding="utf-8")
    Path("good.yaml").write_text(text.replace("supply: 14 degC", "supply: 15 degC"), encoding="utf-8")
    assert not reused("good.yaml")


def test_a_finished_run_folder_can_be_opened(folder):
    row = evaluate_one("good.yaml", "good", Options(failures=False, out="out"))
    run = reopen(row.document["folder"])
    assert run.results.digest == row.document["digest"]
    assert run.facility.digest == run.results.digest


def test_two_files_of_one_name_have_two_folders():
    assert keys(["a/hall.yaml", "b/hall.yaml", "c/other.yaml"]) == ["a-hall", "b-hall", "other"]
    assert len(set(keys(["/x/hall.yaml", "../x/hall.yaml", "x/hall.yaml"]))) == 3


@pytest.fixture
def here(monkeypatch):
    """The verb without its processes: the rows are made in this one."""

    def rows(layouts, options, *, told, **_):
        found = [
            evaluate_one(layout, key, options) for layout, key in zip(layouts, keys(layouts), strict=True)
        ]
        for row in found:
            told(row)
        return found

    monkeypatch.setattr(batch, "validate", rows)


def test_the_verb_gives_rows_junit_and_the_worst_code(folder, here):
    arguments = [
        "validate",
        "good.yaml",
        "fail.yaml",
        "bad.yaml",
        "--no-failures",
        "--junit",
        "j.xml",
        "--jobs",
        "2",
    ]
    answer = CliRunner().invoke(app, arguments, env={"COLUMNS": "100"})
    assert answer.exit_code == 2
    lines = answer.stdout.splitlines()
    assert [line.split()[:2] for line in lines[2:5]] == [
        ["PASS", "good.yaml"],
        ["FAIL", "fail.yaml"],
        ["INVALID", "bad.yaml"],
    ]
    assert "1 of 3 layouts pass" in lines[-1]
    suites = ElementTree.parse("j.xml").getroot()
    assert (suites.get("failures"), suites.get("errors")) == ("1", "1")
    assert [suite.get("name") for suite in suites] == ["good.yaml", "fail.yaml", "bad.yaml"]
    failure = suites.find(".//failure")
    assert failure is not None
    assert failure.get("type") == "LIM-001"


def test_the_verb_gives_one_json_document(folder, here):
    answer = CliRunner().invoke(app, ["validate", "good.yaml", "bad.yaml", "--no-failures", "--json"])
    document = json.loads(answer.stdout)
    assert (document["version"], document["verdict"], document["exit_code"]) == (1, "fail", 2)
    assert [row["status"] for row in document["layouts"]] == ["solved", "invalid"]
    assert document["layouts"][0]["kpis"]["it_power"] == pytest.approx(2 * 10e3)
    assert document["layouts"][1]["mistakes"][0]["message"].startswith("unknown length unit")


def test_a_year_is_part_of_the_row_and_a_row_without_it_is_not_reused(folder):
    options = Options(failures=False, out="runs", year=True, climate="chicago")
    row = evaluate_one("good.yaml", "good", options)
    assert 1.0 < row.document["kpis"]["annual_pue"] < row.document["kpis"]["pue"]
    assert evaluate_one("good.yaml", "good", options).reused
    again = evaluate_one("good.yaml", "good", replace(options, year=False))
    assert not again.reused and "annual_pue" not in again.document["kpis"]


def test_weather_that_cannot_be_read_is_an_invalid_row(folder):
    row = evaluate_one("good.yaml", "good", Options(failures=False, year=True, climate="nowhere.epw"))
    assert row.status == "invalid" and "nowhere.epw" in str(row.mistakes)
    text = (folder / "good.yaml").read_text(encoding="utf-8")
    (folder / "own.yaml").write_text(text + "year: {weather: gone.epw}\n", encoding="utf-8")
    row = evaluate_one("own.yaml", "own", Options(failures=False, year=True))
    assert row.status == "invalid" and "gone.epw" in str(row.mistakes)


def test_another_weather_file_of_the_same_name_is_solved_again(folder):
    from twin.batch import _made
    from twin.layout import load

    options = Options(year=True, climate="site.epw")
    keys_of = []
    for text in ("one", "other"):
        (folder / "site.epw").write_text(text, encoding="utf-8")
        keys_of.append(_made(load("good.yaml"), options))
    assert keys_of[0] != keys_of[1]
