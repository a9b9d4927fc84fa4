"""A year: hours are states, whether the plant is followed alone or the facility is solved whole."""

from dataclasses import replace

import numpy as np
import pytest

from twin.climate import climate_year
from twin.coupling import evaluate
from twin.layout import load
from twin.model.language import Outdoor
from twin.networks.facility import lower
from twin.networks.plant import Weather
from twin.results.year import HOURS, SERIES
from twin.scenario import Scenario
from twin.year import evaluate_year
from twin.year import hours as following

HALL = "layouts/first_hall.yaml"


@pytest.fixture(scope="module")
def year():
    return evaluate_year(load(HALL), climate_year("chicago"))


def test_every_hour_has_a_solution_and_no_quantity_is_nan(year):
    assert year.solved.all()
    for name in SERIES:
        assert year[name].shape == (HOURS,)
        assert np.isfinite(year[name]).all()


def test_energy_by_end_use_adds_up(year):
    uses = (
        "it_power",
        "room_fans",
        "cdu_power",
        "pump_power",
        "rejection_power",
        "compressor_power",
        "electrical_rooms_power",
        "loss_power",
    )
    np.testing.assert_allclose(sum(year[name] for name in uses), year["facility_power"], rtol=1e-12)
    assert year.facts["pue"] == pytest.approx(year["facility_power"].sum() / year["it_power"].sum())
    assert sum(year.facts["hours"].values()) == HOURS


def test_an_hour_of_the_year_is_the_state_under_its_outdoor_air(year):
    """The tolerance is that of the coupling; the pressure of the hour is not that of the design state (5e-4 of the fans)."""
    facility = load(HALL)
    chosen = [100, 3000, int(np.argmax(year["dry_bulb"])), int(np.argmax(year["wet_bulb"]))]
    states = tuple(
        Scenario(name=f"h{k}", outdoor=Outdoor(dry_bulb=year["dry_bulb"][k], wet_bulb=year["wet_bulb"][k]))
        for k in chosen
    )
    whole = evaluate(facility, states)
    for name in ("it_power", "facility_power"):
        np.testing.assert_allclose(year[name][chosen], whole["site"][name][:, 0], rtol=1e-4)


def test_following_the_plant_alone_gives_what_solving_hours_whole_gives(monkeypatch):
    world = lower(load(HALL))
    rows = np.arange(0, HOURS, 730)
    air = climate_year("tucson")
    weather = Weather(air.dry_bulb[rows], air.wet_bulb[rows], air.pressure[rows])
    level = np.where(np.arange(rows.size) % 2, 1.0, 0.7)

    def power(blocks):
        found = np.zeros(rows.size)
        for block in blocks:
            found[block.hours] = block.source_power
            assert block.solved.all()
        return found

    alone = power(following.follow(world, weather, level, print))
    monkeypatch.setattr(following, "HELD", -1.0)
    whole = power(following.follow(world, weather, level, print))
    np.testing.assert_allclose(alone, whole, rtol=1e-7)  # the coupling rests at 1e-8 of the IT power


def test_hours_without_a_solution_are_counted_and_in_no_figure(year):
    from twin.year.figures import facts

    hours = {name: values.copy() for name, values in year.hours.items()}
    for name in hours:
        if name not in ("dry_bulb", "wet_bulb", "pressure"):
            hours[name][:100] = 0.0
    found = facts(load(HALL), replace(year, hours=hours))
    assert found["hours_solved"] == HOURS - 100
    assert found["pue"] == pytest.approx(year["facility_power"][100:].sum() / year["it_power"][100:].sum())
    assert any("100 hours" in sentence for sentence in found["sentences"])
