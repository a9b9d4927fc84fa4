"""What findings are about: the quantity whose value they tell, the one that can be painted first."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.view.view_samples import finding, hall, solved, verdict, with_rack_values
from twin.results.quantities import QUANTITIES
from twin.results.results import Table
from twin.run import assess
from twin.view.colors import MARGIN
from twin.view.scene import FIELDS, build
from twin.view.spotlight import pictured
from twin.view.subject import Subjects
from twin.view.web.compose import compose

LAYOUTS = ("first_hall", "warm_water_towers", "enterprise_hall")
EXPECTED = {
    "AIR-001": "rack.inlet_temperature",
    "LIQ-001": "rack.liquid_supply",
    "LIQ-002": "rack.liquid_flow",
    "LIQ-004": "rack.liquid_return",
    "LIQ-007": "cdu.loading",
    "LIQ-010": "loop.supply",
    "LIQ-013": "plant.loading",
    "LIQ-018": "rack.case_temperature",
    "PWR-002": "feed.loading",
    "PWR-003": "power.loading",
    "PWR-004": "power.loading",
    "PWR-005": "power.loading",
    "PWR-021": "rack.shelf_loading",
    "SOL-003": "rack.throttle",
}
"""Rules whose quantity is plain from their text."""


@pytest.fixture(scope="module")
def made():
    return hall()


def air(code, value, **fields):
    return finding(code=code, value=value, dimension="temperature", scenario="normal", **fields)


def test_the_number_tells_the_quantity(made):
    rows = solved(made).tables["rack"]
    results = replace(
        solved(made),
        tables={"rack": Table(rows.ids, {**rows.values, "inlet_highest": rows["inlet_temperature"] + 2.0})},
    )
    subjects = Subjects(results)
    assert subjects.quantity(air("AIR-001", 34.0)) == "rack.inlet_temperature"
    assert subjects.quantity(air("AIR-011", 36.0)) == "rack.inlet_highest"
    assert subjects.quantity(air("AIR-011", 36.0 + 1e-6)) == "rack.inlet_highest"  # to rounding
    assert subjects.quantity(air("AIR-011", 36.1)) == ""
    assert subjects.quantity(air("AIR-011", 36.0, subject="nobody")) == ""
    assert subjects.quantity(air("AIR-011", 36.0).model_copy(update={"scenario": "the year"})) == ""
    picture = pictured(air("AIR-011", 36.0), subjects, True, build(made))
    assert picture.paints[0][:2] == ("rack.inlet_highest", ("rack.inlet_highest",))


def test_what_can_be_painted_goes_before_what_stands_first(made):
    results = with_rack_values(solved(made), "liquid_required", [0.3] * 8)
    flow = finding(code="LIQ-002", value=0.2, dimension="mass_flow", subject="p.s.01", scenario="normal")
    needed = flow.model_copy(update={"value": 0.3})
    assert Subjects(results).quantity(flow) == "rack.liquid_flow"
    assert Subjects(results).quantity(needed) == "rack.liquid_required"
    assert Subjects(results).paint(needed, True) == "rack.liquid_return"  # of the rule's family


def test_yes_no_and_nothing_are_the_value_of_too_many(made):
    subjects = Subjects(solved(made))
    assert subjects.quantity(finding(scenario="normal", value=1.0)) == ""
    assert (
        subjects.quantity(finding(code="PWR-009", value=0.0, dimension="fraction", scenario="normal")) == ""
    )
    assert subjects.paint(finding(), True) == "power.loading"
    odd = finding(code="GEO-001", subject="site", scenario="")
    assert subjects.paint(odd, True) == MARGIN
    assert subjects.paint(odd, False) == "power.loading"
    assert subjects.paint(odd, True, known=()) == MARGIN
    assert subjects.paint(odd, False, known=()) == ""


def test_the_page_is_told_what_to_paint_for_a_finding(made):
    judged = verdict(
        air("AIR-001", 34.0, subject="p.n.04"), finding(), finding(code="GEO-001", subject="site", scenario=""),
        tightest={"p.n.04": (-1.0, "PWR-001")},
    )  # fmt: skip
    document = compose(made, solved(made), judged).document
    painted = [document.quantities[told.quantity] for told in document.findings[:3]]
    assert [quantity.name for quantity in painted] == ["rack.inlet_temperature", "power.loading", "margin"]
    assert all(quantity.paint for quantity in painted)
    bare = compose(made, replace(solved(made), tables={}), verdict(finding())).document
    assert [told.quantity for told in bare.findings] == [-1, -1]


@pytest.mark.slow
@pytest.mark.parametrize("name", LAYOUTS)
def test_every_rule_of_a_shipped_layout_is_about_what_its_text_says(name):
    run = assess(f"layouts/{name}.yaml", air="zonal")
    subjects, seen = Subjects(run.results), set()
    for told in (*run.verdict.findings, *run.verdict.margins):
        quantity = subjects.quantity(told)
        if quantity:
            dimensions = {QUANTITIES[quantity].dimension, told.dimension}
            assert len(dimensions) == 1 or dimensions == {"fraction", "ratio"}
        if told.code in EXPECTED:
            seen.add(told.code)
            assert quantity == EXPECTED[told.code], told
        assert subjects.paint(told, True) in {*FIELDS, MARGIN}
    assert len(seen) >= 6
