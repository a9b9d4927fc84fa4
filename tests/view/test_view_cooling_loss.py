"""The report's section on the loss of cooling."""

import base64
from functools import cache
from pathlib import Path

import pytest

from twin.checks import judge
from twin.checks.wording import quantity
from twin.coupling import evaluate
from twin.layout.load import load
from twin.model.products import YEAR
from twin.scenario import NORMAL
from twin.view import cooling_loss
from twin.view.facts import Cell
from twin.view.report import html
from twin.view.sheets import NONE, Row, Shown

LAYOUTS = Path(__file__).parents[2] / "layouts"


@cache
def solved():
    facility = load(LAYOUTS / "first_hall.yaml")
    return facility, evaluate(facility, (NORMAL,), studies="quick")


def test_the_report_tells_of_losses_once_with_picture_tables_and_assumptions():
    facility, results = solved()
    page = html(facility, results, judge(facility, results))
    assert page.count('id="cooling"') == 1 and page.count("Loss of the utility: pumps of tcs.pod run on") == 1
    assert "Losses from which cooling comes back" in page and "L/kW in CDUs" in page
    assert "1 year" not in page[page.index('id="cooling"') : page.index('id="loops"')]


def test_the_picture_has_a_panel_for_every_loss_with_limits_as_lines():
    pytest.importorskip("matplotlib")
    _, results = solved()
    answer = results.answers["cooling"]
    sheet = cooling_loss.figure(answer)
    panels = [axes for axes in sheet.axes if axes.axison]
    assert len(panels) == len(answer["drawn"]) == 4
    levels = {float(line.get_ydata()[0]) for line in panels[0].lines if len(line.get_ydata()) == 2}
    assert set(answer["limits"].values()) <= levels
    assert base64.b64decode(cooling_loss.picture(answer).partition(",")[2]).startswith(b"\x89PNG")


def test_a_tank_that_bridges_the_restart_is_told_by_what_it_holds():
    """Racks ride on for as long as losses are followed, so what ends their ride is the tank."""
    cells = [Cell("3.4 min"), Cell(quantity(YEAR, "duration")), Cell("70 degC")]
    bridged, plain = (
        cooling_loss._bridged(Shown("Losses", ("Loss", "a", "b", "c", f"{cooling_loss.STORAGE} ..."), (row,)))
        for row in (Row("utility", "", (*cells, Cell("28 min"))), Row("utility", "", (*cells, Cell(NONE))))
    )
    assert bridged.heads == plain.heads == ("Loss", "a", "b", "c")
    assert [cell.text for cell in bridged.rows[0].cells] == ["3.4 min", "28 min of storage", "70 degC"]
    assert [cell.text for cell in plain.rows[0].cells] == [cell.text for cell in cells]


def test_a_run_without_the_study_has_no_section():
    facility, _ = solved()
    assert cooling_loss.told(facility, evaluate(facility, (NORMAL,))) is None
