"""Numbers of loops and groups that cannot be are mistakes at their place, before anything is solved."""

import pytest

from solvers.fluids import FLUIDS
from twin.layout import LayoutError, load_text
from twin.model.fluid_limits import BOILING, FLUID_LIMITS

LAYOUT = """
twin: 1
name: small
hall: {size: [12 m, 9 m, 4 m]}
air:
  crahs: [{id: crah, type: crah_150kw, count: 2, spare: 1, supply: 24 degC}]
liquid:
  plant: [{id: ch, type: chiller_ac_1200kw, count: 2, spare: 1}]
  pumps: [{id: chp, type: pump_25ls, count: 2, spare: 1}]
  loops:
    - {id: chw, source: ch, sinks: crah, pumps: chp, supply: 18 degC}
power:
  utility: {id: grid, voltage: 415 V, capacity: 8 MVA}
  switchboards: [{id: swb, type: swb_4000a_415v, from: grid}]
  whips: [{to: [crah, ch, chp], from: swb}]
"""


def mistakes(old, new):
    assert old in LAYOUT
    with pytest.raises(LayoutError) as caught:
        load_text(LAYOUT.replace(old, new))
    return [
        (m.line, LAYOUT.replace(old, new).splitlines()[m.line - 1][m.column - 1 :], m.message)
        for m in caught.value.mistakes
    ]


def test_the_layout_is_right_without_a_slip():
    assert load_text(LAYOUT).circuits


def test_the_bounds_of_fluids_are_those_of_their_property_data():
    assert FLUID_LIMITS.keys() == FLUIDS.keys()
    for name, fluid in FLUIDS.items():
        assert FLUID_LIMITS[name].freezes == fluid.freezing_point
        assert FLUID_LIMITS[name].warmest == BOILING >= fluid.range[1]


@pytest.mark.parametrize(
    ("new", "place", "hint"),
    [
        ("supply: 18 K", "18 K", 'did you mean "18 degC"?'),
        ("supply: -238 degC", "-238 degC", ""),
        ("supply: 374 degC", "374 degC", ""),
        ("supply: 18 degC, reset: {points: [[10 degC, 20 degC], [20 degC, 18 K]]}", "18 K", '"18 degC"'),
        ("supply: 18 degC, reuse: [{id: u, power: 1 kW, temperature: -30 degC}]", "-30 degC", ""),
        ("supply: 300 degC, fluid: pg25_inhibited", "300 degC", ""),
    ],
)
def test_a_temperature_at_which_the_fluid_is_none_is_a_mistake_that_names_its_range(new, place, hint):
    ((_, text, message),) = mistakes("supply: 18 degC", new)
    assert text.startswith(place)
    assert "is liquid from" in message
    assert "to 100 degC" in message
    assert hint in message
    assert hint or "did you mean" not in message


def test_supply_air_in_kelvin_is_a_mistake_that_asks_for_degrees():
    ((_, text, message),) = mistakes("supply: 24 degC", "supply: 24 K")
    assert text.startswith("24 K")
    assert message == '"24 K": must be at least 5 degC; did you mean "24 degC"?'


@pytest.mark.parametrize("size", ["header: 2 mm", "header: 100 mm, branch: 2 mm"])
def test_roughness_beyond_that_of_pipes_is_a_mistake(size):
    ((_, text, message),) = mistakes("supply: 18 degC", f"supply: 18 degC, {size}, roughness: 1 mm")
    assert text.startswith("1 mm")
    assert "of the 2 mm of" in message


@pytest.mark.parametrize("of", ["chiller_ac_1200kw, count: 2", "pump_25ls, count: 2", "crah_150kw, count: 2"])
def test_spares_that_leave_nobody_to_carry_the_load_are_a_mistake(of):
    ((_, text, message),) = mistakes(f"{of}, spare: 1", f"{of}, spare: 2")
    assert text.startswith("2")
    assert "must be less than count: 2 are installed" in message


def test_spares_of_a_single_machine_of_the_power_tree_are_a_mistake():
    ((_, _, message),) = mistakes("swb_4000a_415v, ", "swb_4000a_415v, spare: 1, ")
    assert "only one is installed" in message


@pytest.mark.parametrize("of", ["chiller_ac_1200kw, ", "pump_25ls, ", "crah_150kw, "])
def test_thousands_of_machines_in_a_group_are_a_mistake(of):
    ((_, text, message),) = mistakes(f"{of}count: 2", f"{of}count: 9999")
    assert text.startswith("9999")
    assert message == "9999: must be at most 1000"


@pytest.mark.parametrize("key", ["control", "primary"])
def test_pumps_slower_than_the_model_lets_them_run_are_a_mistake(key):
    ((_, text, message),) = mistakes(
        "supply: 18 degC", f"supply: 18 degC, {key}: {{hold: speed, speed: 1 %}}"
    )
    assert text.startswith("1 %")
    assert "at least 20 %" in message


def test_a_relief_valve_below_the_pressure_of_the_cold_vessel_is_a_mistake():
    vessel = "expansion: {volume: 100 L, precharge: 50 kPa, relief: 150 kPa}, static_pressure: 150 kPa"
    ((_, text, message),) = mistakes("supply: 18 degC", f"supply: 18 degC, {vessel}")
    assert text.startswith("150 kPa}")
    assert "never shut" in message


def test_two_users_of_one_name_are_a_mistake():
    users = "reuse: [{id: u, power: 1 kW, temperature: 20 degC}, {id: u, power: 2 kW, temperature: 20 degC}]"
    ((_, text, message),) = mistakes("supply: 18 degC", f"supply: 18 degC, {users}")
    assert text.startswith("u, power: 2 kW")
    assert "already" in message
