"""The shipped years: real hours are those of NREL, synthetic ones keep what they promise."""

import hashlib

import numpy as np
import pytest

from solvers import psychrometrics
from tests.climate.weather_files import original
from twin.catalogue.places import climates
from twin.climate import climate_names, climate_year, design_days, exceeded, read_weather, thermal_zone
from twin.climate.design import mean_coincident
from twin.climate.pack import from_nrel, main
from twin.climate.packed import packed_text
from twin.climate.synthetic import all_normals, build, departures
from twin.layout.mistakes import LayoutError

NREL = {
    "chicago": "USA_IL_Chicago-OHare.Intl.AP.725300_TMY3.epw",
    "tucson": "USA_AZ_Davis-Monthan.AFB.722745_TMY3.epw",
    "san_francisco": "USA_CA_San.Francisco.Intl.AP.724940_TMY3.epw",
    "port_angeles": "USA_WA_Port.Angeles-William.R.Fairchild.Intl.AP.727885_TMY3.epw",
    "atlanta": "USA_GA_Atlanta-Hartsfield.AP.722190_TMY3_BESTEST.epw",
    "miami": "12839.tm2",
}
SYNTHETIC = sorted(all_normals())
REAL = sorted(set(climate_names()) - set(SYNTHETIC))


def monthly(year, hourly):
    return np.array([hourly[year.month == month].mean() for month in range(1, 13)])


def monthly_days(year, pick):
    days, month = pick(year.dry_bulb.reshape(365, 24), axis=1), year.month[::24]
    return np.array([days[month == one].mean() for one in range(1, 13)])


def test_every_climate_of_the_catalogue_has_a_year_and_the_other_way_round():
    assert set(climate_names()) == set(climates())
    assert len(REAL) == 10 and len(SYNTHETIC) == 13


@pytest.mark.parametrize("name", climate_names())
def test_every_year_is_air_at_the_height_of_its_place(name):
    year, climate = climate_year(name), climates()[name]
    assert (year.dew_point <= year.wet_bulb + 1e-9).all() and (year.wet_bulb <= year.dry_bulb + 1e-9).all()
    assert year.pressure.mean() == pytest.approx(psychrometrics.pressure_at(climate.elevation), rel=0.015)
    assert year.elevation == pytest.approx(climate.elevation, abs=15)
    assert year.synthetic == ("synthetic" in year.source) == (name in SYNTHETIC)


@pytest.mark.parametrize("name", NREL)
def test_real_hours_are_those_of_the_file_to_the_last_digit(name):
    year, file = climate_year(name), read_weather(original(NREL[name]))
    for quantity in ("dry_bulb", "dew_point", "pressure", "wet_bulb"):
        np.testing.assert_allclose(getattr(year, quantity), getattr(file, quantity), atol=1e-9)
    assert packed_text(from_nrel(original(NREL[name]))) == packed_text(year)


def test_atlanta_is_the_nrel_year_although_its_file_was_edited():
    """The file at hand says BESTEST; its dry bulbs have the means, highs and lows (Fahrenheit) that NREL's ResStock
    computed from TMY3 722190 (weather/USA_GA_Atlanta-Hartsfield-Jackson.Intl.AP.722190_TMY3-cache.csv)."""
    year = climate_year("atlanta")
    fahrenheit = monthly(year, year.dry_bulb) * 1.8 + 32
    known = [
        39.1422,
        46.2931,
        56.7713,
        62.9885,
        69.5106,
        76.6353,
        78.9169,
        79.7810,
        72.5410,
        60.8390,
        53.4833,
        45.8554,
    ]
    np.testing.assert_allclose(fahrenheit, known, atol=1e-4)
    np.testing.assert_allclose(
        monthly_days(year, np.max)[:3] * 1.8 + 32, [47.2303, 57.8364, 66.8503], atol=1e-4
    )
    assert year.dry_bulb.mean() * 1.8 + 32 == pytest.approx(61.97521917808223, abs=1e-9)


def test_ashburn_has_the_statistics_that_were_published_with_its_file():
    """EnergyPlus statistics file of NREL TMY3 724030, Dulles: monthly means to the 0.1 K printed, and the extremes."""
    year = climate_year("ashburn")
    dry = [0.6, 1.6, 7.7, 12.5, 18.2, 22.5, 24.5, 23.0, 20.1, 11.9, 7.8, 1.0]
    dew = [-6.3, -4.4, -0.9, 4.4, 12.0, 16.2, 19.2, 17.7, 15.4, 5.1, 2.6, -4.8]
    np.testing.assert_allclose(monthly(year, year.dry_bulb), dry, atol=0.051)
    np.testing.assert_allclose(monthly(year, year.dew_point), dew, atol=0.051)
    assert (year.dry_bulb.max(), year.dry_bulb.min(), year.dew_point.max()) == (37.2, -16.1, 25.6)
    assert year.when(int(year.dry_bulb.argmax())) == "5 July 12:00"  # hour 13 of the file ends at 13:00


@pytest.mark.parametrize(
    "name", ["chicago", "tucson", "san_francisco", "port_angeles", "denver", "golden", "miami"]
)
def test_design_values_of_the_catalogue_are_those_of_the_hours(name):
    """The catalogue says "computed from the hours"; its wet bulbs partly come from relative humidity in per cent."""
    year, climate = climate_year(name), climates()[name]
    assert exceeded(year.dry_bulb, 0.004) == pytest.approx(climate.dry_bulb, abs=0.051)
    assert exceeded(year.wet_bulb, 0.004) == pytest.approx(climate.wet_bulb, abs=0.11)
    assert year.dry_bulb.mean() == pytest.approx(climate.average_dry_bulb, abs=0.051)
    assert year.wet_bulb.mean() == pytest.approx(climate.average_wet_bulb, abs=0.11)
    assert design_days(year).cooling[0].wet_bulb == pytest.approx(climate.coincident_wet_bulb, abs=0.3)


@pytest.mark.parametrize("name", climate_names())
def test_the_dry_bulb_of_the_evaporation_day_is_that_of_the_hours_near_its_wet_bulb(name):
    """The catalogue's values are rounded to 0.1 K."""
    year, climate = climate_year(name), climates()[name]
    hours = mean_coincident(year.dry_bulb, year.wet_bulb, climate.wet_bulb)
    assert climate.coincident_dry_bulb == pytest.approx(hours, abs=0.051)


@pytest.mark.parametrize("name", SYNTHETIC)
def test_synthetic_years_keep_their_normals(name):
    """0.05 K: every round of the builder brings the means closer, and the hours are rounded to 0.1 K."""
    year, normals = climate_year(name), all_normals()[name]
    np.testing.assert_allclose(monthly(year, year.dry_bulb), normals.mean, atol=0.05)
    np.testing.assert_allclose(monthly_days(year, np.max), normals.high, atol=0.05)
    np.testing.assert_allclose(monthly_days(year, np.min), normals.low, atol=0.05)
    np.testing.assert_allclose(monthly(year, year.dew_point), normals.dew, atol=0.05)


@pytest.mark.parametrize("name", SYNTHETIC)
def test_synthetic_years_have_the_design_values_of_the_catalogue(name):
    """0.4 % values to 0.1 K; the coincident wet bulb, which has no parameter of its own, to 2 K."""
    year, climate = climate_year(name), climates()[name]
    assert exceeded(year.dry_bulb, 0.004) == pytest.approx(climate.dry_bulb, abs=0.1)
    assert exceeded(year.wet_bulb, 0.004) == pytest.approx(climate.wet_bulb, abs=0.1)
    assert design_days(year).cooling[0].wet_bulb == pytest.approx(climate.coincident_wet_bulb, abs=2.0)
    assert year.dry_bulb.mean() == pytest.approx(climate.average_dry_bulb, abs=1.0)
    assert year.wet_bulb.mean() == pytest.approx(climate.average_wet_bulb, abs=1.0)


def test_the_departures_are_the_same_in_every_version():
    """Digest of the first departures, rounded far above the error of any arithmetic."""
    warm, damp = departures(all_normals()["london"], 0.4)
    text = " ".join(f"{value:.6f}" for value in (*warm[:200], *damp[:200]))
    assert hashlib.sha256(text.encode()).hexdigest()[:16] == "bbc7ebcae71aa2fa"


@pytest.mark.slow
@pytest.mark.parametrize("name", SYNTHETIC)
def test_the_shipped_years_are_those_that_the_program_builds(name):
    assert packed_text(build(name), 10) == packed_text(climate_year(name), 10)


@pytest.mark.parametrize("name", climate_names())
def test_the_climate_zone_agrees_with_the_degree_days_within_one(name):
    """Zones are set by long records; a typical or synthetic year may lie on the other side of a border."""
    assert abs(thermal_zone(climate_year(name).dry_bulb) - int(climates()[name].zone[0])) <= 1


def test_packing_gives_what_was_packed_and_wrong_files_give_exit_code_2(tmp_path, capsys):
    assert main(["x=" + str(original(NREL["chicago"])), "--to", str(tmp_path)]) == 0
    assert packed_text(read_weather(tmp_path / "x.climate.gz")) == packed_text(climate_year("chicago"))
    assert (tmp_path / "x.climate.gz").stat().st_size < 20_000
    assert main([f"x={tmp_path / 'none'}"]) == 2
    assert "cannot be read" in capsys.readouterr().err


@pytest.mark.parametrize(
    "spoil",
    [
        lambda t: t.replace("dew_point: ", "dew: "),
        lambda t: t[:-20],
        lambda t: t.replace("place: ", "place: x"),
        lambda t: t + " 99999999999999999999",
    ],
)
def test_a_damaged_packed_year_is_a_mistake(tmp_path, spoil):
    (tmp_path / "a").write_text(spoil(packed_text(climate_year("miami")).rstrip()))
    with pytest.raises(LayoutError, match="packed climate year"):
        read_weather(tmp_path / "a")


def test_an_unknown_climate_suggests_the_nearest():
    with pytest.raises(LayoutError, match='climate "chicgo" is unknown; did you mean "chicago"'):
        climate_year("chicgo")


def test_a_file_is_taken_from_the_folder_of_the_layout(tmp_path):
    (tmp_path / "site.txt").write_text(packed_text(climate_year("denver")))
    assert climate_year("site.txt", tmp_path).station == climate_year("denver").station
    with pytest.raises(LayoutError, match="cannot be read"):
        climate_year("other.epw", tmp_path)
