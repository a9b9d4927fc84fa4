"""Capacity sums of the small hall against sums by hand from the data sheets."""

from __future__ import annotations

from pathlib import Path

import pytest

from twin.capacity import totals
from twin.layout import load, load_text

HALL = Path(__file__).parents[1] / "layouts" / "first_hall.yaml"
RACKS, NETWORK, SHARE = 8 * 135e3, 2 * 15e3, 0.881  # GB300 at maximum, its share of heat into liquid


@pytest.fixture(scope="module")
def sums():
    return totals(load(HALL))


@pytest.fixture(scope="module")
def lines(sums):
    return {line.name: line for line in sums.sums}


def test_racks_and_heat_by_hand(sums):
    assert (sums.racks, sums.it_power) == (10, RACKS + NETWORK)
    assert sums.liquid_heat == pytest.approx(RACKS * SHARE)


def test_both_sides_are_one_line_and_one_side_may_be_out(lines):
    ups = lines["ups"]
    assert (ups.installed, ups.remaining) == (2 * 1.25e6, 1.25e6)
    assert ups.sure == RACKS + NETWORK
    cdus = 2 * load(HALL).by_id["pod.s.01"].product.pump_power
    assert ups.load == pytest.approx(RACKS + NETWORK + cdus)


def test_a_load_on_two_sides_counts_once_at_the_utility(lines):
    assert lines["grid"].sure == RACKS + NETWORK
    assert lines["grid"].load == lines["gen"].load == lines["tx"].load


def test_heat_goes_through_the_loops_to_the_plant(lines):
    pumps = 2 * load(HALL).by_id["pod.s.01"].product.pump_power
    assert lines["tcs.pod"].load == lines["fws"].load == pytest.approx(RACKS * SHARE + pumps)
    assert lines["tcs.pod"].sure == pytest.approx(RACKS * SHARE)  # a pump hardly ever draws its rating
    assert lines["chw"].load == lines["hall"].load == pytest.approx(RACKS * (1 - SHARE) + NETWORK)
    assert (lines["fws"].installed, lines["fws"].remaining) == (4e6, 2e6)


def test_condenser_water_carries_the_heat_of_the_compressors_too():
    """Of the enterprise hall: the chilled water's heat and that over the rated COP."""
    hall = load(HALL.with_name("enterprise_hall.yaml"))
    lines = {line.name: line for line in totals(hall).sums}
    cop = hall.by_id["ch1"].product.cop
    assert lines["cw"].load == pytest.approx(lines["chw"].load * (1 + 1 / cop))
    assert lines["cw"].load > 1.1 * lines["chw"].load


def test_only_racks_make_a_sum_fail():
    lines = {line.name: line for line in totals(load(HALL, ["power.ups.ups.type=ups_500kw"])).sums}
    assert lines["ups"].short
    assert lines["ups"].tight
    big = {
        line.name: line
        for line in totals(load(HALL, ["liquid.plant.dry.count=1", "liquid.plant.dry.spare=0"])).sums
    }
    assert not big["fws"].short
    assert big["fws"].remaining == big["fws"].installed  # a single unit: nothing is known of it being out


def test_peak_factor_acts_on_the_accelerators(sums):
    peak = totals(load_text(HALL.read_text(encoding="utf-8") + "\nworkload: {peak_factor: 1.1}\n"))
    assert peak.it_power - sums.it_power == pytest.approx(0.1 * 8 * 72 * 1400)
