"""Quantities: text with a unit to SI and back, and the messages for everything else."""

import math
import re

import numpy as np
import pytest
from pydantic import BaseModel, Field, ValidationError

from twin import units
from twin.units import DIMENSIONS, UnitError, dimension_of, format_quantity, parse

TEXT = {"text": True}
EVERY_UNIT = [(d, u) for d in DIMENSIONS.values() for u in d.units]


class Toy(BaseModel):
    length: units.Length = Field(default=1.0, gt=0, le=100)
    share: units.Fraction = Field(default=0.5, ge=0, le=1)
    room: units.Temperature | None = Field(default=None, ge=-50)


@pytest.mark.parametrize(
    ("text", "dimension", "value"),
    [
        ("132 kW", units.Power, 132e3),
        ("600 mm", "length", 0.6),
        ("48 U", "length", 48 * 0.04445),
        ("212 degF", units.Temperature, 100.0),
        ("273.15 K", units.Temperature, 0.0),
        ("1.5 L/min/kW", units.SpecificFlow, 1.5e-3 / 60 / 1e3),
        ("160 cfm/kW", units.SpecificFlow, 160 * 0.3048**3 / 60 / 1e3),
        ("60 gpm", units.VolumeFlow, 231 * 0.0254**3),
        ("1 bar", units.Pressure, 1e5),
        ("14.503773773 psi", units.Pressure, 1e5),
        ("10 mH2O", units.Pressure, 98066.5),
        ("100 psf", units.FloorLoad, 100 * 0.45359237 * 9.80665 / 0.3048**2),
        ("2 kN/m2", units.FloorLoad, 2e3),
        ("80 %", units.Fraction, 0.8),
        ("1 year", units.Duration, 8760 * 3600.0),
        ("0.32 ohm/km", units.LinearImpedance, 0.32e-3),
        ("36 USD/MWh", units.EnergyPrice, 1e-8),
        ("360 g/kWh", units.CarbonIntensity, 1e-7),
        ("800 Gbit/s", units.DataRate, 1e11),
        ("1.1 EFLOPS", units.ComputeRate, 1.1e18),
        ("3.141592653589793 rad", units.Angle, 180.0),
        ("11 USD/W", units.PowerPrice, 11.0),
        (".5m", units.Length, 0.5),
        ("  -2e1  m ", units.Length, -20.0),
    ],
)
def test_text_becomes_si(text, dimension, value):
    assert parse(text, dimension) == pytest.approx(value, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(
    ("text", "dimension", "message"),
    [
        ("3 metre", units.Length, 'unknown length unit "metre"; did you mean "m"?'),
        ("3 kg", units.Power, "'kg' is not a power unit; use one of W, kW, MW, GW, Btu/h, tonR, hp"),
        (
            "2 kW",
            units.Pressure,
            "'kW' is not a pressure unit; use one of Pa, kPa, MPa, hPa, mbar, bar, psi, mH2O, ftH2O, inH2O, atm",
        ),
        ("3", units.Length, 'bare number 3; write a unit, for example "3 m"'),
        ("132 KW", units.Power, 'unknown power unit "KW"; did you mean "kW"?'),
        ("20 °C", units.Temperature, 'unknown temperature unit "°C"; did you mean "degC"?'),
        ("6 m²", units.Area, 'unknown area unit "m²"; did you mean "m2"?'),
        ("5 degC", units.TemperatureDifference, "'degC' is not a temperature difference unit; use K"),
        ("much", units.Length, '"much" is not a length; write a number and a unit, for example "3 m"'),
        (
            "1,000 kW",
            units.Power,
            "',' is not part of a number; write digits and a point, for example \"132 kW\"",
        ),
        ("1e400 W", units.Power, '"1e400 W" is not a power that can exist; largest is 1e+18 W'),
        ("nan W", units.Power, '"nan W" is not a power; write a number and a unit, for example "132 kW"'),
        ("3 \n evil\x1b[31m", units.Length, None),
        ("9" * 5000 + " m", units.Length, None),
    ],
)
def test_a_wrong_text_is_answered_in_one_line_with_the_fix(text, dimension, message):
    with pytest.raises(UnitError) as caught:
        parse(text, dimension)
    assert message is None or str(caught.value) == message
    assert len(str(caught.value).splitlines()) == 1
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(("dimension", "unit"), EVERY_UNIT, ids=lambda x: x if isinstance(x, str) else x.name)
def test_every_unit_parses_and_is_known_to_editors(dimension, unit):
    text = f"1.5 {unit}"
    assert math.isfinite(dimension.parse(text))
    assert re.fullmatch(dimension.pattern(), text)


@pytest.mark.parametrize("dimension", DIMENSIONS.values(), ids=lambda d: d.name)
def test_editors_and_reader_agree_on_what_is_a_quantity(dimension):
    rng = np.random.default_rng(0)
    numbers = ["3", ".5", "1e3", "-2.", "+4", "", "x", "1,5", "3 4", "--1", "e5"]
    words = [*dimension.units, "", "m", "kW", "%", "degC", "/", "x", "m m"]
    agreed = 0
    for _ in range(300):
        text = f"{rng.choice(numbers)}{' ' * rng.integers(3)}{rng.choice(words)}{' ' * rng.integers(2)}"
        try:
            dimension.parse(text)
            read = True
        except UnitError:
            read = False
        assert bool(re.match(dimension.pattern(), text)) == read, text
        agreed += read
    assert 10 < agreed < 290


def test_a_parameter_reference_passes_the_pattern_of_editors():
    assert all(re.match(d.pattern(), "$pods_2") for d in DIMENSIONS.values())
    assert not re.match(dimension_of(units.Length).pattern(), "$2pods")


@pytest.mark.parametrize("dimension", DIMENSIONS.values(), ids=lambda d: d.name)
def test_formatting_and_parsing_agree_to_the_digits_shown(dimension):
    rng = np.random.default_rng(1)
    for magnitude in rng.uniform(-3, 8, size=50):
        value = float(10**magnitude) * dimension.parse(dimension.example)
        if abs(value) >= dimension.limit:
            continue
        back = dimension.parse(format_quantity(value, dimension))
        # Three significant digits, or one decimal of the shown unit.
        step = 0.0 if dimension.decimals is None else abs(dimension.parse(f"0.05 {dimension.shown[0]}"))
        step = step if dimension.name != "temperature" else 0.05
        assert abs(back - value) <= max(5.1e-3 * abs(value), 1.001 * step), (value, back)


@pytest.mark.parametrize(
    ("value", "dimension", "text"),
    [
        (2.3e6, units.Power, "2.3 MW"),
        (132e3, units.Power, "132 kW"),
        (999_999, units.Power, "1 MW"),
        (24, units.Temperature, "24.0 degC"),
        (-0.01, units.Temperature, "0.0 degC"),
        (15_200, units.Pressure, "15.2 kPa"),
        (0.6, units.Length, "600 mm"),
        (0, units.Length, "0 m"),
        (0.805, units.Fraction, "80.5 %"),
        (2.5e-8, units.Length, "2.50e-05 mm"),
        (math.inf, units.Power, "inf W"),
    ],
)
def test_reports_read_like_an_engineer_writes(value, dimension, text):
    assert format_quantity(value, dimension) == text


def test_numbers_are_si_from_python_but_refused_in_text():
    assert Toy(length=3).length == 3.0
    assert Toy(length="300 mm").length == pytest.approx(0.3)
    with pytest.raises(ValidationError, match=r'bare number 3; write a unit, for example "3 m"'):
        Toy.model_validate({"length": 3}, context=TEXT)
    assert Toy.model_validate({"share": 0.8}, context=TEXT).share == 0.8


@pytest.mark.parametrize(
    "value", [math.nan, math.inf, -math.inf, 1e19, 10**400, True, None, [1], {"a": 1}, b"3 m"]
)
def test_what_is_no_quantity_is_refused_from_python_too(value):
    with pytest.raises(ValidationError):
        Toy(length=value)
    with pytest.raises(ValidationError):
        Toy.model_validate({"length": value}, context=TEXT)


@pytest.mark.parametrize(
    ("field", "value"), [("length", "0 m"), ("length", "101 m"), ("share", 1.1), ("room", "-60 degC")]
)
def test_limits_of_a_field_hold_for_quantities(field, value):
    """pydantic applies Field(gt=0) to the schema inside; a plain validator would silently drop it."""
    with pytest.raises(ValidationError):
        Toy.model_validate({field: value}, context=TEXT)
