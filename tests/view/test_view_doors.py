"""Rear doors in pictures and pages: they are drawn, told and picked with their racks."""

import pytest

from tests.networks.test_rear_doors import LAYOUT
from twin.coupling import evaluate
from twin.layout import load_text
from twin.scenario import NORMAL
from twin.view import board
from twin.view.kin import Family
from twin.view.paper import energy, heat, piping
from twin.view.scene import build
from twin.view.web.document import Buffer
from twin.view.web.paths import edges
from twin.view.web.things import register


@pytest.fixture(scope="module")
def solved():
    facility = load_text(LAYOUT)
    return facility, evaluate(facility, (NORMAL,))


def test_a_door_is_its_rack_in_the_viewer(solved):
    facility, _ = solved
    things = register(facility, build(facility))
    assert things.number["p.s.02.door"] == things.number["p.s.02"]
    edges(facility, things, Buffer())
    assert "chw" in Family(facility).of("p.s.02").cooling_up
    assert "chw" in Family(facility).of("p.s.02.door").cooling_up
    assert board.depths(facility)["p.s.02.door"] == board.depths(facility)["p.s.02"]


def test_the_heat_of_doors_goes_from_the_air_to_their_loop(solved):
    facility, results = solved
    made = heat.flow(facility, results, 0)
    doors = results["rear_door"]["duty"][0].sum()
    into = sum(link.value for link in made.links if (link.source, link.target) == (heat.AIR, "loop:chw"))
    units = results["crah"]["duty"][0].sum()
    assert into == pytest.approx(doors + units, rel=1e-6)
    assert energy.cooling_power(facility, results, 0)["rear_door"] == pytest.approx(
        results["rear_door"]["power"][0].sum()
    )
    assert "rdhx_75kw" in piping.svg(facility, results)
