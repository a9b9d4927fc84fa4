"""Availability through the whole chain: from the layout's machines to racks."""

import importlib
from pathlib import Path

import numpy as np
import pytest

from tests.studied import studied
from twin.layout.load import load, load_text
from twin.model.products import YEAR

study = importlib.import_module("twin.studies.reliability")
LAYOUTS = Path(__file__).parents[2] / "layouts"

HALL = """
twin: 1
name: Availability
hall: {{size: [14 m, 8 m, 4 m]}}
catalogue:
  board:
    like: swb_2000a
    reliability: {{failures: 0.1, repair: 87.6 h}}
pods: [{{id: p, at: [2 m, 2 m], rows: [{{id: s, face: south, lineup: [4 x enterprise_rack]}}]}}]
air: {{crahs: [{{id: c, type: crah_150kw, count: 1, supply: 22 degC}}]}}
liquid:
  plant: [{{id: ch, type: chiller_ac_1200kw, count: 1}}]
  pumps: [{{id: chp, type: pump_25ls, count: 1}}]
  loops: [{{id: chw, source: ch, sinks: "kind:crah", pumps: chp, supply: 14 degC}}]
power:
  utility: {{id: grid, voltage: 415 V, capacity: 1 MVA}}
  switchboards: [{{id: swb, type: board, {feeds}, from: grid}}]
  whips: [{{to: "kind:rack", from: swb, {feeds}, per_rack: {count}}}]
"""
Q = 0.1 * 87.6 / 8760.0 / (1 + 0.1 * 87.6 / 8760.0)
"""Unavailability of a board: 0.1 failures a year of 87.6 h each."""


@pytest.fixture
def only_boards(monkeypatch):
    """Everything else never fails."""
    monkeypatch.setattr(study, "EQUIPMENT", {})
    monkeypatch.setattr(study, "_of_path", lambda name, lengths: study.Reliability(failures=0, repair=3600.0))


def solved(feeds: str, count: int):
    return studied(load_text(HALL.format(feeds=feeds, count=count)), "reliability")


def test_one_board_is_the_racks_availability(only_boards):
    results = solved("feeds: [A]", 1)
    table = results.studies["reliability"]
    np.testing.assert_allclose(table["availability"], 1 - Q, rtol=1e-12)
    np.testing.assert_allclose(table["outage"], Q * YEAR, rtol=1e-9)
    np.testing.assert_allclose(table["interruptions"], 0.1 * (1 - Q), rtol=1e-12)


def test_two_boards_fail_together_with_the_square(only_boards):
    results = solved("feeds: [A, B]", 2)
    table = results.studies["reliability"]
    np.testing.assert_allclose(1 - table["availability"], Q**2, rtol=1e-9)
    shares = results.answers["reliability"]["largest_shares"]
    assert shares["swb.A"] == pytest.approx(1.0) == shares["swb.B"]


def test_the_simulation_agrees_with_the_exact_value(only_boards):
    """All four racks hang on one board: they are up at once when it is."""
    whole = solved("feeds: [A]", 1).answers["reliability"]["all_racks"]
    assert whole["low"] <= Q <= whole["high"]
    assert whole["years"] > 1000


def test_numbers_of_the_survey_are_taken_where_a_machine_has_none():
    text = HALL.format(feeds="feeds: [A]", count=1).replace("type: board", "type: swb_2000a")
    results = studied(load_text(text), "reliability")
    facts = results.answers["reliability"]
    shares = facts["largest_shares"]
    assert next(iter(shares)) in ("grid", "ch1")  # a single grid connection, a single chiller
    assert 0 < facts["unavailability"] < 0.01
    assert len(facts["sentences"]) == 3


def test_a_pair_that_drops_racks_by_overload_counts():
    """4N/3: any two of four systems; the exact part without overloads knows nothing of it."""
    facility = load(LAYOUTS / "redundancy_4n3.yaml")
    facts = studied(facility, "reliability", failures=False).answers["reliability"]
    assert 0 < facts["by_overload"] < facts["unavailability"]


@pytest.mark.parametrize(
    ("unavailability", "words"),
    [(0.0, "100 %"), (3.2e-6, "99.99968 %"), (0.0005, "99.950 %"), (0.03, "97.0 %")],
)
def test_availabilities_are_told_with_their_nines(unavailability, words):
    assert study._nines(unavailability) == words


def test_nothing_is_told_of_a_hall_without_power_tree():
    text = HALL.format(feeds="feeds: [A]", count=1)
    assert studied(load_text(text[: text.index("power:")]), "reliability").answers.get("reliability", {}) in (
        {}, {"sentences": []},
    )  # fmt: skip
