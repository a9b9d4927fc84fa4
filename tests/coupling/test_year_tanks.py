"""Dispatched tanks: heat is conserved, limits of plant, load and reserve hold, and what plant draws moves with the duty."""

import csv

import numpy as np
import pytest

from twin.climate import climate_year
from twin.layout import load_text
from twin.layout.mistakes import LayoutError
from twin.model.dispatch import Dispatch, clock_hours
from twin.results.hours import write_csv
from twin.results.year import HOUR, HOURS, annual
from twin.year import evaluate_year, storage

CHILLED = "- {id: chw, fluid: water, source: ch, sinks: crah, pumps: chp, supply: 18 degC"
PLANT = "    - {id: ch, type: chiller_250kw, count: 2, spare: 1}\n"


def text(words):
    with open("layouts/first_hall.yaml", encoding="utf-8") as file:
        plain = file.read()
    made = plain.replace(PLANT, PLANT + "    - {id: tes, type: tank_50m3, count: 1}\n").replace(
        CHILLED, CHILLED + words
    )
    assert made != plain
    return made


@pytest.fixture(scope="module")
def plain():
    return evaluate_year(load_text(text(", tanks: tes")), climate_year("frankfurt"))


@pytest.fixture(scope="module")
def tanks():
    words = ", tanks: tes, dispatch: {by: dry_bulb, charge_hours: 9, discharge_hours: 5, reserve: 40 %}"
    return evaluate_year(load_text(text(words)), climate_year("frankfurt"))


def test_heat_in_is_heat_out_and_losses_and_change_of_content(tanks):
    told = tanks.facts["storage"]["chw"]
    charged, discharged = (tanks[name].sum() * HOUR for name in ("charged", "discharged"))
    assert charged == pytest.approx(told["charged"], rel=1e-12)
    left = discharged + told["gained"] - charged - told["warmed"]
    assert abs(left) < 1e-8 * (charged + discharged)
    assert told["error"] < 1e-8
    assert discharged > 0.5 * 365 * 50.0 * 998.0 * 4184.0 * 1.0  # something moves on most days


def test_hours_to_charge_are_the_coldest_of_their_day_and_those_to_discharge_the_warmest(tanks):
    days = tanks["dry_bulb"].reshape(-1, 24)
    charged, discharged = (tanks[name].reshape(-1, 24) > 0.0 for name in ("charged", "discharged"))
    assert (charged.sum(axis=1) <= 9).all()
    assert (discharged.sum(axis=1) <= 5).all()
    ninth, twentieth = np.sort(days, axis=1)[:, [8]], np.sort(days, axis=1)[:, [19]]
    assert (days <= ninth)[charged].all()
    assert (days >= twentieth)[discharged].all()


def test_the_reserve_is_left_all_year(tanks):
    assert tanks["stored"].min() >= 0.4
    assert tanks["stored"].max() <= 1.0
    assert tanks.facts["storage"]["chw"]["least"] == tanks["stored"].min()


def test_power_and_cost_move_by_what_the_shifted_duty_draws(plain, tanks):
    for name in ("compressor_power", "rejection_power", "water", "facility_power"):
        assert tanks[name].min() >= -1e-6  # rounding of a duty that is taken over whole
    power = tanks["facility_power"] - plain["facility_power"]
    np.testing.assert_allclose(power, tanks["shifted_power"], atol=1e-3)
    assert (power[tanks["charged"] > 0.0] > 0.0).all()
    assert (power[tanks["discharged"] > 0.0] < 0.0).all()
    told = tanks.facts["storage"]["chw"]
    cost = plain.facts["cost_parts"]["energy"] - tanks.facts["cost_parts"]["energy"]
    assert told["cost_saved"] == pytest.approx(cost, rel=1e-6)
    assert told["carbon_saved"] == pytest.approx(plain.facts["carbon"] - tanks.facts["carbon"], rel=1e-6)
    assert told["energy_saved"] > 0.0  # chillers draw less at night


def test_the_sums_of_the_file_of_hours_are_the_annual_figures_and_the_savings_of_the_tanks(tanks, tmp_path):
    write_csv(tanks, tmp_path / "hours.csv")
    with (tmp_path / "hours.csv").open(encoding="utf-8", newline="") as file:
        heads, *rows = csv.reader(file)
    hours = dict(zip((head.partition(" [")[0] for head in heads), np.array(rows, float).T, strict=True))
    figures, told = annual(tanks.facts), tanks.facts["storage"]["chw"]
    energy = hours["facility_power"] * HOUR
    for name, value in {
        "energy": energy.sum(),
        "it_energy": hours["it_power"].sum() * HOUR,
        "water": hours["water"].sum() * HOUR / 1000.0,
        "carbon": (energy * hours["carbon_intensity"]).sum(),
        "cost": (energy * hours["price"]).sum() + tanks.facts["cost_parts"]["water"],
    }.items():
        assert value == pytest.approx(figures[name], rel=5e-7), name  # the file has seven digits
    shifted = -hours["shifted_power"] * HOUR
    assert shifted.sum() == pytest.approx(told["energy_saved"], rel=1e-5)
    assert (shifted * hours["price"]).sum() == pytest.approx(told["cost_saved"], rel=1e-5)
    assert hours["charged"].sum() * HOUR == pytest.approx(told["charged"], rel=5e-7)


def test_a_year_without_dispatch_has_none_of_it(plain):
    assert "storage" not in plain.facts
    for name in ("charged", "discharged", "stored", "shifted_power"):
        assert not plain[name].any()


def test_no_more_is_charged_than_plant_can_spare_nor_discharged_than_the_loop_gives_off(tanks):
    full = 250e3  # one chiller runs, its rating at the sheet's outdoors
    assert tanks["charged"].max() < 2.0 * full
    assert (tanks["plant_loading"] <= 1.0 + 1e-9)[tanks["charged"] > 0.0].all()


def test_windows_follow_clock_and_price_and_a_flat_price_moves_nothing():
    flat, price = np.ones(HOURS), np.tile(np.arange(24.0), 365)
    charge, discharge = storage.windows(Dispatch(by="price"), price, flat, flat)
    assert set(np.flatnonzero(charge[:24])) == set(range(8))
    assert set(np.flatnonzero(discharge[:24])) == set(range(18, 24))
    charge, discharge = storage.windows(Dispatch(by="carbon"), price, flat, flat)
    assert not charge.any() and not discharge.any()
    charge, discharge = storage.windows(Dispatch(), price, flat, flat)
    assert set(np.flatnonzero(charge[:24])) == {22, 23, 0, 1, 2, 3, 4, 5}
    assert set(np.flatnonzero(discharge[:24])) == {12, 13, 14, 15, 16, 17}
    assert clock_hours((0, 24)) == frozenset(range(24))


def test_tanks_that_nothing_moves_are_told():
    one = dict.fromkeys(
        ("charged", "discharged", "energy_saved", "carbon_saved", "cost_saved", "least", "reserve"), 0.0
    )
    (told,) = storage.sentences({"chw": one})
    assert "tanks of chw: dispatched, and nothing is moved" in told


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (", dispatch: {}", "this loop has none, add tanks:"),
        (", tanks: tes, dispatch: {charge: [22, 6], discharge: [4, 9]}", "both hold hour 4"),
        (", tanks: tes, dispatch: {by: price, charge_hours: 20, discharge_hours: 8}", "28 together"),
        (", tanks: tes, dispatch: {by: clock, charge_hours: 3}", "charge_hours says nothing to by: clock"),
        (", tanks: tes, dispatch: {by: moon}", "moon"),
        (", tanks: tes, dispatch: {reserve: 100 %}", "reserve"),
    ],
)
def test_what_cannot_be_is_told_at_its_line(words, told):
    made = text(words)
    line = next(number for number, row in enumerate(made.splitlines(), 1) if CHILLED in row)
    with pytest.raises(LayoutError) as caught:
        load_text(made)
    assert any(told in str(mistake) and mistake.line == line for mistake in caught.value.mistakes)


def test_a_loop_whose_sources_are_no_plant_has_nothing_to_charge_its_tanks_with():
    made = text("").replace(
        'sinks: "type:gb300_*", supply: $coolant',
        'sinks: "type:gb300_*", tanks: tes, dispatch: {}, supply: $coolant',
    )
    with pytest.raises(LayoutError, match="no plant"):
        load_text(made)


def test_racks_and_halls_are_told(tanks):
    assert tanks.rack["throttled_hours"].shape == (len(tanks.racks),)
    assert set(tanks.hall) == {"throttled", "inlet", "coolant", "lid"}
    assert tanks.hall["inlet"][:, 0] == pytest.approx(tanks["inlet"], abs=1e-9)
    assert tanks.rack["warmest_inlet"].max() == pytest.approx(tanks["inlet"].max(), abs=1e-9)
    tcs = next(k for k, name in enumerate(tanks.loops) if name.startswith("tcs"))
    assert tanks.hall["coolant"][:, 0] == pytest.approx(tanks.supply[:, tcs], abs=1e-3)
    throttled = tanks["throttled"] / len(tanks.racks)
    np.testing.assert_allclose(tanks.hall["throttled"][:, 0], throttled, atol=1e-12)
    assert tanks.rack["throttled_hours"].sum() == tanks["throttled"].sum()
