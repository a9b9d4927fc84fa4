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


@pytest.fixture(scope="module")
def year():
    return made_year(hall())


def judged(year):
    return verdict(kpis=(*verdict().kpis, *annual_figures(hall(), year)))


@pytest.mark.parametrize("name", climate_year.CHARTS)
def test_every_picture_has_axes_with_units_and_no_warning(year, name):
    sheet = climate_year.figure(year, name)
    sheet.canvas.draw()
    labels = " ".join(axes.get_ylabel() for axes in sheet.axes)
    assert any(
        unit in labels for unit in ("kW", "MW", "MWh", "degC", "hours", "m\N{SUPERSCRIPT THREE}", "PUE")
    )


def test_bars_of_energy_add_up_to_what_is_not_it(year):
    (axes,) = climate_year.figure(year, "year_energy").axes
    bars = sum(patch.get_height() for patch in axes.patches)  # MWh
    beyond = (year["facility_power"] - year["it_power"]).sum() / 1e6
    assert bars == pytest.approx(beyond, rel=1e-9)
    pues = [float(text.get_text()) for text in axes.texts]
    assert min(pues) == pytest.approx(1.105) and max(pues) == pytest.approx(1.205, abs=1e-3)


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


def test_the_report_tells_of_the_year_and_embeds_its_pictures(year, tmp_path):
    synthetic = counted(hall(), replace(year, synthetic=True, station="<b>Nowhere</b>"))
    results = replace(solved(hall()), year=synthetic, answers={"year": synthetic.facts})
    page = report.html(hall(), results, judged(synthetic), climate_year.write(synthetic, tmp_path))
    assert '<section id="year">' in page and 'href="#year"' in page
    assert "&lt;b&gt;Nowhere&lt;/b&gt;" in page and "<b>Nowhere" not in page
    assert "synthetic hours of" in page and "made by hand" in page
    assert page.count("data:image/png") == len(climate_year.CHARTS)
    assert "Annual PUE" in page.split('id="year"')[1].split("</section>")[0]
    assert "Annual PUE" not in page.split('id="figures"')[1].split("</section>")[0]
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
