"""A year in the report: pictures that show its numbers, tables, and where the weather is from."""

from dataclasses import replace

import numpy as np
import pytest

from tests.view.view_samples import hall, solved, verdict
from tests.year_samples import counted, made_year
from twin.kpi import annual_figures
from twin.results.year import HOURS
from twin.view import report
from twin.view import year as climate_year

LINE = np.linspace(22.0, 29.0, HOURS)[:, None] + np.array([0.0, 1.0])
HALLS = {"throttled": 0.1 * (LINE > 29.5), "inlet": LINE, "coolant": LINE + 15.0, "lid": 0.0 * LINE}
RACKS = {
    "throttled_hours": np.array([0.0, 12.0]), "recommended_hours": np.array([0.0, 40.0]), "allowable_hours": np.zeros(2),
    "coolant_hours": np.zeros(2), "lowest_throttle": np.array([1.0, 0.8]), "warmest_inlet": np.array([26.0, 30.0]),
    "warmest_lid": np.zeros(2), "worst_hour": np.array([0.0, 4000.0]),
}  # fmt: skip
TANKS = {
    "chw": {
        "charged": 3.6e12, "discharged": 3.5e12, "gained": 1e10, "warmed": 0.0, "error": 1e-15, "least": 0.52,
        "reserve": 0.5, "energy_saved": 7.2e10, "water_saved": 10.0, "carbon_saved": 9000.0, "cost_saved": 1234.0,
    }
}  # fmt: skip


@pytest.fixture(scope="module")
def year():
    stored = np.tile(np.linspace(0.5, 1.0, 24), 365)
    made = made_year(hall(), stored=stored, charged=100e3 * (stored < 0.7), discharged=80e3 * (stored > 0.9))
    return replace(
        made,
        halls=("h1", "h2"),
        hall=HALLS,
        racks=("r1", "r2"),
        rack=RACKS,
        facts={**made.facts, "storage": TANKS},
    )


def judged(year):
    return verdict(kpis=(*verdict().kpis, *annual_figures(hall(), year)))


@pytest.mark.parametrize("name", climate_year.CHARTS)
def test_every_picture_has_axes_with_units_and_no_warning(year, name):
    sheet = climate_year.figure(year, name)
    sheet.canvas.draw()
    labels = " ".join(axes.get_ylabel() for axes in sheet.axes)
    assert any(
        unit in labels for unit in ("kW", "MW", "MWh", "degC", "hours", "%", "m\N{SUPERSCRIPT THREE}", "PUE")
    )


def test_bars_of_energy_add_up_to_what_is_not_it(year):
    (axes,) = climate_year.figure(year, "year_energy").axes
    bars = sum(patch.get_height() for patch in axes.patches)  # MWh
    beyond = (year["facility_power"] - year["it_power"]).sum() / 1e6
    assert bars == pytest.approx(beyond, rel=1e-9)
    pues = [float(text.get_text()) for text in axes.texts]
    assert min(pues) == pytest.approx(1.113) and max(pues) == pytest.approx(1.213, abs=1e-3)


def test_hours_with_and_without_compressors_fill_the_months(year):
    lower = climate_year.figure(year, "year_compressors").axes[1]
    assert sum(patch.get_height() for patch in lower.patches) == HOURS


def test_loops_with_one_supply_share_a_curve():
    made = made_year(hall(), loops=("a", "b", "c"), supply=np.tile([32.0, 32.0, 40.0], (HOURS, 1)))
    (axes,) = climate_year.figure(made, "year_supply").axes
    assert axes.get_legend_handles_labels()[1] == ["c, at most 40.0", "a and 1 alike, at most 32.0"]


def test_pictures_are_written_in_order_and_without_water_there_is_none_of_it(year, tmp_path):
    names = [path.stem for path in climate_year.write(year, tmp_path)]
    assert names == list(climate_year.CHARTS)
    dry = counted(hall(), replace(year, hours={**year.hours, "water": np.zeros(HOURS)}))
    assert "year_water" not in [path.stem for path in climate_year.write(dry, tmp_path)]
    plain = [path.stem for path in climate_year.write(made_year(hall()), tmp_path)]
    assert not {"year_halls", "year_tanks"} & set(plain)


def test_the_report_tells_of_the_year_and_embeds_its_pictures(year, tmp_path):
    synthetic = counted(hall(), replace(year, synthetic=True, station="<b>Nowhere</b>"))
    synthetic = replace(synthetic, facts={**synthetic.facts, "storage": TANKS})
    results = replace(solved(hall()), year=synthetic, answers={"year": synthetic.facts})
    page = report.html(hall(), results, judged(synthetic), climate_year.write(synthetic, tmp_path))
    assert '<section id="year">' in page and 'href="#year"' in page
    assert "&lt;b&gt;Nowhere&lt;/b&gt;" in page and "<b>Nowhere" not in page
    assert "synthetic hours of" in page and "made by hand" in page
    assert page.count("data:image/png") == len(climate_year.CHARTS)
    assert "Annual PUE" in page.split('id="year"')[1].split("</section>")[0]
    assert "Annual PUE" not in page.split('id="figures"')[1].split("</section>")[0]
    told = page.split('id="year"')[1].split("</section>")[0]
    assert "Dispatched tanks" in told and "52" in told.split("Dispatched tanks")[1]
    assert "<bdi>r2</bdi>" in told and "06-16 16h" in told and "<bdi>r1</bdi>" not in told
    assert 'id="studies"' not in page  # a year is no electrical study


def test_a_report_without_a_year_does_not_speak_of_it():
    page = report.html(hall(), solved(hall()), verdict())
    assert 'id="year"' not in page and "#year" not in page


def test_a_year_without_a_single_solution_has_no_pictures_but_a_sentence(year, tmp_path):
    nothing = {name: np.zeros(HOURS) for name in year.hours}
    empty = counted(hall(), replace(year, hours={**nothing, "dry_bulb": year["dry_bulb"]}))
    assert climate_year.write(empty, tmp_path) == []
    page = report.html(hall(), replace(solved(hall()), year=empty), verdict())
    assert "No hour of the year has a steady solution" in page
