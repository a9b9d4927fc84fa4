"""The electrical studies in the report: the numbers of the results, the tightest first, nothing where there are none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.view.test_view_report import Page
from tests.view.view_samples import HOSTILE, hall, solved, verdict
from twin.checks import RULES
from twin.results.quantities import QUANTITIES
from twin.results.results import Table
from twin.view import report, sheets, studies

STORES = {
    "load": [4e5, 4e5, 4e5],
    "load_worst": [8e5, 9e5, 8e5],
    "time": [600.0, 20.0, 600.0],
    "time_worst": [300.0, 10.0, 300.0],
    "gap": [18.0, 18.0, 18.0],
    "relieved": [1.0, 1.0, 1.0],
}
LOSS = {
    "out": ["ups.A1", "ups.A2"],
    "racks": 8,
    "first": ["p.s.01"],
    "trips": [{"step": 1, "what": "grid"}, {"step": 2, "what": "cdu1"}, {"step": 1, "what": "dry1"}],
}


def table(ids, values):
    return Table(tuple(ids), {name: np.array(column, float) for name, column in values.items()})


def studied(facility):
    racks = [machine.id for machine in facility.racks]
    down = [9.76238e-6] * len(racks)
    down[2] = 5e-3
    return replace(
        solved(facility),
        studies={
            "store": table(["ups.A1", "ups.B9", "ups.A2"], STORES),
            "reliability": table(
                racks,
                {
                    "availability": [1 - q for q in down],
                    "outage": [q * 31_536_000 for q in down],
                    "interruptions": [0.01] * len(racks),
                },
            ),
        },
        answers={
            "continuity": {"sentences": ["utility lost: ups.B9 is empty after 20 s"]},
            "redundancy": {
                "sentences": ["concurrently maintainable: proven"],
                "pair_losses": [LOSS],
                "pairs_losing": 12,
            },
            "reliability": {"sentences": ["the weakest rack is p.s.03"]},
            "phases": {},
        },
    )


@pytest.fixture(scope="module")
def made():
    return hall()


@pytest.fixture(scope="module")
def page(made):
    return Page(report.html(made, studied(made), verdict()))


def block(facility, results, name):
    return next(found for found in studies.blocks(facility, results) if found.name == name)


@pytest.mark.parametrize(
    "words",
    [
        "Electrical studies",
        "Utility lost: ups.B9 is empty after 20 s.",
        "Concurrently maintainable: proven.",
        "ups.A1 and ups.A2 8 p.s.01 ... step 1: grid, dry1; step 2: cdu1",
        "11 more drop racks",
        "Time to an empty battery in the normal state",
        "18 s",
        "0.9999902",  # two digits of what is missing to one
        "-44.4\N{NO-BREAK SPACE}% (CON-002)",  # 10 s of 18 s
    ],
)
def test_sentences_and_numbers_are_those_of_the_results(page, words):
    assert " ".join(words.split()) in page.text


def test_every_cell_is_the_number_of_its_row_and_column(made):
    results = studied(made)
    for found in studies.blocks(made, results):
        for sheet in studies.SHEETS[found.name]:
            told = next((t for t in found.tables if t.title == sheet.title), None)
            for row in told.rows if told else ():
                values = results.studies[sheet.table].values
                column = results.studies[sheet.table].ids.index(row.name)
                expected = [sheets.told(f"{sheet.table}.{name}", values[name][column]) for name in values]
                assert [cell.text for cell in row.cells][: len(expected)] == expected


def test_the_tightest_margin_comes_first_and_is_that_of_the_rule(made):
    store = block(made, studied(made), "continuity").tables[0]
    assert [row.name for row in store.rows] == ["ups.B9", "ups.A1"]
    assert store.rows[0].cells[-1].tone == "bad"
    assert store.rows[1].cells[-1].text.startswith("+1,567")  # 300 s over 18 s


def test_things_of_one_product_with_the_same_numbers_share_a_row(made):
    results = studied(made)
    racks = block(made, results, "reliability").tables[0]
    assert racks.rows[0].name == results.studies["reliability"].ids[2]
    assert sum(1 + len(row.alike) for row in racks.rows) == len(made.racks)
    assert len(racks.rows) < len(made.racks)
    assert block(made, results, "continuity").tables[0].rows[1].alike == ("ups.A2",)


def test_long_tables_say_how_many_things_are_left_out(made, monkeypatch):
    monkeypatch.setattr(sheets, "ROWS", 1)
    racks = block(made, studied(made), "reliability").tables[0]
    assert len(racks.rows) == 1
    assert racks.rest == f"{len(made.racks) - 1} more in the run folder."


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("fault.withstand", 0.0, "-"),  # not rated
        ("store.time", np.inf, "-"),
        ("store.relieved", 1.0, "yes"),
        ("part.racks_lost", 1354.0, "1,354"),
        ("phase.neutral_current", 7e-17, "0 A"),
        ("reliability.availability", 1.0, "1"),
        ("reliability.availability", 0.9999999, "0.9999999"),
        ("fault.three_phase_max", 37295.5, "37.3 kA"),
    ],
)
def test_numbers_are_told_with_the_units_of_the_nomenclature(name, value, text):
    assert sheets.told(name, value) == text


def test_every_sheet_names_quantities_and_rules_that_exist():
    assert set(studies.SHEETS) == set(studies.TITLES)
    for sheet in (sheet for of_study in studies.SHEETS.values() for sheet in of_study):
        known = {name.partition(".")[2] for name in QUANTITIES if name.startswith(f"{sheet.table}.")}
        assert known >= {*sheet.columns, *(name.removeprefix("-") for name in sheet.by)}
        assert RULES.keys() >= set(sheet.rules)


def test_without_studies_there_is_no_section(made):
    text = report.html(made, solved(made), verdict())
    assert "Electrical studies" not in text
    assert 'id="studies"' not in text
    assert studies.blocks(made, replace(solved(made), answers={"phases": {}})) == []
    assert studies.assumptions(made, solved(made)) == []


def test_a_study_without_a_title_is_told_under_its_name(made):
    found = studies.blocks(made, replace(solved(made), answers={"quiet": {"sentences": ["all is well"]}}))
    assert (found[0].title, found[0].sentences) == ("Quiet", ("All is well.",))


def test_hostile_names_stay_text():
    made = hall(2, HOSTILE)
    made = made.replace(
        machines=(made.machines[0].replace(id=HOSTILE, type=HOSTILE), *made.machines[1:]),
        feeds=(), circuits=(),
    )  # fmt: skip
    share = table([HOSTILE, "ups.A1"], {"share": [0.5, 0.2]})
    answers = {
        "reliability": {"sentences": [f"{HOSTILE} fails"]},
        "redundancy": {
            "pair_losses": [
                LOSS | {"out": [HOSTILE], "first": [HOSTILE], "trips": [{"step": 1, "what": HOSTILE}]}
            ]
        },
        "faults": {
            "sentences": ["no fault level"],
            "assumed_fault_levels": [HOSTILE],
            "not_selective": [
                {"feed": HOSTILE, "upstream": HOSTILE, "limit": 1e3, "prospective": 2e3},
            ],
            "partial": 1,
        },
        HOSTILE: {"sentences": [HOSTILE]},
    }
    results = replace(solved(made), studies={"share": share}, answers=answers)
    page = Page(report.html(made, results, verdict()))
    assert not {"img", "script"} & set(page.tags)
    assert page.text.count("onerror") >= 10


def test_what_the_studies_assume_is_listed_with_the_other_assumptions(made):
    answers = {
        "faults": {"sentences": ["x"], "assumed_fault_levels": ["grid"], "assumed_devices": 7},
        "reliability": {"sentences": ["x"]},
        "continuity": {"sentences": ["x"], "swing": {"range": 1e6}},
        "harmonics": {"sentences": ["x"]},
    }
    results = replace(solved(made), answers=answers)
    told = [what for _, what, _ in studies.assumptions(made, results)]
    assert any("short-circuit power of grid: 20 times" in what for what in told)
    assert any(what.startswith("7 protections") for what in told)
    assert any("ups module" in what for what in told)
    assert any("the training job" in what for what in told)
    assert told[0] in Page(report.html(made, results, verdict())).text
