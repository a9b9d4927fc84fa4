"""Key figures: their parts add up, and what the results lack is left out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.year_samples import counted, made_year
from twin.checks.wording import VOLUME_PER_ENERGY
from twin.kpi import annual_figures, figures
from twin.model.base import Mark
from twin.model.facility import Facility, Place, Shell
from twin.model.language import Air, Floor, Outdoor
from twin.results.quantities import QUANTITIES
from twin.results.results import Results, Table
from twin.scenario import NORMAL, Scenario
from twin.units import parse

STATES = (NORMAL, Scenario(name="lose:a", failed=("a",)))
SITE = {
    "it_power": (10e6, 9e6),
    "facility_power": (11.5e6, 10e6),
    "cooling_power": (1e6, 0.5e6),
    "electrical_rooms_power": (0.1e6, 0.05e6),
    "electrical_rooms_heat": (0.3e6, 0.2e6),
    "loss_power": (0.4e6, 0.3e6),
    "other_power": (0.1e6, 0.2e6),
    "electrical_loss": (0.4 / 10.4, 0.3 / 9.3),
    "pue": (1.15, 10 / 9),
    "water": (1.0, 1.0),
    "wue": (1e-10, 1e-10),
    "cue": (1.15e-7, 1e-7),
    "chip_power": (8e6, 7e6),
    "tokens": (5e7, 4e7),
    "tokens_per_joule_chip": (6.25, 5.7),
    "tokens_per_joule_rack": (5.1, 4.5),
    "tokens_per_joule_it": (5.0, 4.4),
    "tokens_per_joule_utility": (5e7 / 11.5e6, 4.0),
    "racks_served": (80, 70),
    "racks_throttled": (0, 5),
    "cost": (1e-7, 1.2e-7),
    "cost_capital_it": (5e-8, 6e-8),
    "cost_capital_facility": (2e-8, 2e-8),
    "cost_energy": (2e-8, 2e-8),
    "cost_water": (1e-9, 1e-9),
    "cost_operations": (9e-9, 1.9e-8),
}


@pytest.fixture(scope="module")
def facility() -> Facility:
    place = Place(
        climate="test",
        elevation=0,
        outdoor=Outdoor(dry_bulb=35, wet_bulb=20),
        grid="test",
        electricity_price=2e-8,
        carbon_intensity=parse("360 g/kWh", "carbon intensity"),
        water_price=2,
    )
    hall = Shell(id="", origin=(0, 0), size=(9, 9, 4), floor=Floor(), air=Air(), mark=Mark(file="a", line=1))
    return Facility(name="a", file="a.yaml", place=place, halls=(hall,))


def results(**changes: tuple[float, float]) -> Results:
    values = {name: np.array(pair, dtype=float)[:, None] for name, pair in {**SITE, **changes}.items()}
    return Results("a", "", STATES, {"site": Table(("site",), values)}, (), {}, (True, True))


def test_the_table_of_this_test_holds_every_quantity_of_the_site():
    assert {f"site.{name}" for name in SITE} == {name for name in QUANTITIES if name.startswith("site.")}


@pytest.mark.parametrize("scenario", [0, 1])
def test_parts_of_power_and_pue_add_up_to_the_whole(facility, scenario):
    kpis = {kpi.name: kpi for kpi in figures(facility, results(), scenario)}
    for name in ("facility_power", "pue"):
        assert set(kpis[name].parts) == {"it", "cooling", "electrical_rooms", "losses", "other"}
        assert sum(kpis[name].parts.values()) == pytest.approx(kpis[name].value, rel=1e-12)
    assert kpis["pue"].parts["it"] == 1.0
    assert kpis["it_power"].value == SITE["it_power"][scenario]


def test_cost_of_a_million_tokens_is_in_dollars_and_so_are_its_parts(facility):
    (cost,) = [kpi for kpi in figures(facility, results()) if kpi.name == "cost_per_million_tokens"]
    assert (cost.value, cost.dimension) == (pytest.approx(0.1), "money")
    assert sum(cost.parts.values()) == pytest.approx(cost.value)
    assert set(cost.parts) == {"capital_it", "capital_facility", "energy", "water", "operations"}


def test_tokens_per_second_for_a_megawatt_follow_from_the_meter(facility):
    kpis = {kpi.name: kpi.value for kpi in figures(facility, results())}
    assert kpis["tokens_per_second_per_megawatt"] == pytest.approx(5e7 / 11.5)
    assert kpis["tokens_per_second_per_megawatt"] == pytest.approx(1e6 * kpis["tokens_per_joule_utility"])


def test_definitions_name_the_boundary_and_the_grid(facility):
    kpis = {kpi.name: kpi.definition for kpi in figures(facility, results())}
    assert "ISO/IEC 30134-2" in kpis["pue"]
    assert "category 3" in kpis["pue"]
    assert "30134-9" in kpis["wue"]
    assert "30134-8" in kpis["cue"]
    assert "360 g/kWh" in kpis["cue"]
    assert "deepseek-r1" in kpis["tokens"]
    assert all(kpis.values())


def test_a_site_without_power_or_quantities_has_no_figures_that_are_not_numbers(facility):
    nothing = {name: (0.0, 0.0) for name in SITE}
    assert all(
        np.isfinite([kpi.value, *kpi.parts.values()]).all() for kpi in figures(facility, results(**nothing))
    )
    assert "cost_per_million_tokens" not in {
        kpi.name for kpi in figures(facility, results(cost=(float("inf"), float("inf"))))
    }
    empty = Results("a", "", STATES, {}, (), {}, (True, True))
    assert figures(facility, empty) == ()


def test_figures_of_a_year_follow_those_of_the_state_and_are_sums_over_sums(facility):
    year = made_year(facility)
    table = Table(("site",), {name: np.array(values)[:, None] for name, values in SITE.items()})
    results = Results("a", "", STATES, {"site": table}, (), {}, (True, True), year=year)
    found = {kpi.name: kpi for kpi in figures(facility, results)}
    annual = {name: kpi for name, kpi in found.items() if name.startswith("annual_")}
    assert list(found)[-len(annual) :] == list(annual)
    pue = annual["annual_pue"]
    assert pue.value == pytest.approx(year["facility_power"].sum() / year["it_power"].sum())
    assert sum(pue.parts.values()) == pytest.approx(pue.value)
    assert sum(annual["annual_energy"].parts.values()) == pytest.approx(annual["annual_energy"].value)
    assert sum(annual["annual_mlc"].parts.values()) == pytest.approx(annual["annual_mlc"].value)
    # 0.1 kg/s of water at 1 MW is 0.36 L/kWh; a year of it costs 2 USD/m3
    assert annual["annual_wue"].value == pytest.approx(parse("0.36 L/kWh", VOLUME_PER_ENERGY))
    assert annual["annual_cost"].parts["water"] == pytest.approx(0.1e-3 * 8760 * 3600 * 2)
    hours = sum(annual[f"annual_{mode}_hours"].value for mode in ("free", "partial", "mechanical"))
    assert hours == 8760 * 3600
    assert "annual_erf" not in annual and "annual_ere" not in annual  # no heat is handed on


def test_heat_handed_on_brings_its_two_figures(facility):
    year = made_year(facility, reuse=np.full(8760, 50e3))
    found = {kpi.name: kpi.value for kpi in annual_figures(facility, year)}
    assert found["annual_ere"] == pytest.approx(found["annual_pue"] * (1.0 - found["annual_erf"]))


def test_without_a_year_or_a_solution_there_are_no_annual_figures(facility):
    assert annual_figures(facility, None) == ()
    none = {name: np.zeros(8760) for name in made_year(facility).hours}
    empty = counted(facility, replace(made_year(facility), hours=none))
    assert annual_figures(facility, empty) == ()
