"""Rear doors: their physics alone, and racks whose cold plates and doors hang on two loops."""

import numpy as np
import pytest

from solvers import psychrometrics
from solvers.hydraulics import exchanger
from twin.catalogue import Catalogue
from twin.checks import judge
from twin.coupling import evaluate
from twin.layout import LayoutError, load_text
from twin.networks import air
from twin.scenario import NORMAL, Scenario

LAYOUT = """
twin: 1
name: four liquid-cooled racks with rear doors
site: {climate: frankfurt, grid: de}
catalogue:
  chiller:
    like: chiller_ac_1200kw
    capacity: 200 kW
    flow: 8 L/s
    supply: 14 degC
    source: scaled
  small_pump: {like: pump_25ls, flow: 12 L/s, head: 300 kPa, source: assumed}
hall:
  size: [12 m, 9 m, 4 m]
  floor: {type: slab, load_limit: 25 kPa}
pods:
  - id: p
    at: [3 m, 2.4 m]
    containment: {aisle: none, width: 1.8 m}
    rows:
      - {id: s, face: south, lineup: [cdu_1300kw, 4 x gb300_nvl72, cdu_1300kw], rear_door: rdhx_75kw}
air:
  crahs: [{id: crah, type: crah_150kw, along: west, count: 2, spare: 1, supply: 24 degC}]
  dew_point: 12 degC
liquid:
  plant:
    - {id: dry, type: dry_cooler_2mw, count: 2, spare: 1}
    - {id: ch, type: chiller, count: 2, spare: 1}
  pumps:
    - {id: fwp, type: pump_25ls, count: 2, spare: 1}
    - {id: chp, type: small_pump, count: 2, spare: 1}
  loops:
    - {id: fws, source: dry, sinks: "kind:cdu", pumps: fwp, supply: 38 degC}
    - {id: tcs, fluid: pg25, source: "kind:cdu", sinks: "kind:rack", supply: 43 degC}
    - {id: chw, source: ch, sinks: crah, doors: "kind:rack", pumps: chp, supply: 18 degC}
power:
  utility: {id: grid, voltage: 33 kV, capacity: 4 MVA}
  transformers: [{id: tx, type: tx_2500kva, from: grid}]
  switchboards: [{id: msb, type: swb_4000a_415v, from: tx}]
  whips:
    - {to: "kind:rack", from: msb, per_rack: 4, breaker: 100 A}
    - {to: [crah, ch, chp, dry, fwp, "kind:cdu"], from: msb, per_rack: 1, breaker: 400 A}
    - {to: "kind:rear_door", from: msb, per_rack: 1, breaker: 16 A}
"""
DRY_DOORS = Scenario(name="no chilled water", failed=("chp1", "chp2"))
ONE_DOOR = Scenario(name="one door", failed=("p.s.02.door",))


@pytest.fixture(scope="module")
def facility():
    return load_text(LAYOUT)


@pytest.fixture(scope="module")
def results(facility):
    return evaluate(facility, (NORMAL, DRY_DOORS, ONE_DOOR))


@pytest.fixture(scope="module")
def door():
    return Catalogue.builtin().product("rdhx_75kw")


def test_a_door_at_its_rating_point_has_the_effectiveness_of_its_sheet(door):
    density = float(psychrometrics.density(24.0, 0.008, psychrometrics.STANDARD_PRESSURE))
    flow = np.array([door.air_flow * density])
    heat = air.door_cooling(door, flow, np.array([38.0]), np.array([20.0]), np.ones(1))
    assert heat / (flow * air.AIR_CAPACITY * 18.0) == pytest.approx(door.effectiveness, rel=1e-9)
    assert heat == pytest.approx(door.capacity, rel=0.02)  # the sheet's own two numbers differ by that


def test_the_effectiveness_follows_conductance_and_flows_of_air_and_water(door):
    conductance, air_rate, water_rate = air.door_coil(door)
    for share, wet in ((0.3, 1.0), (1.0, 0.4), (0.5, 0.5)):
        scaled = exchanger.scaled_conductance(conductance, share, wet, hot_share=air.AIR_SIDE)
        least, most = sorted((share * air_rate, wet * water_rate))
        ntu, ratio = scaled / least, least / most
        # counterflow, as in any textbook
        decay = np.exp(-ntu * (1.0 - ratio))
        expected = (1.0 - decay) / (1.0 - ratio * decay) * least * 18.0
        flow = np.array([share * air_rate / air.AIR_CAPACITY])
        heat = air.door_cooling(door, flow, np.array([38.0]), np.array([20.0]), np.array([wet]))
        assert heat == pytest.approx(expected, rel=1e-9)


def test_less_air_is_cooled_deeper_and_no_water_cools_nothing(door):
    flow = np.array([0.5, 2.0, 5.0])
    heat = air.door_cooling(door, flow, np.full(3, 38.0), np.full(3, 20.0), np.ones(3))
    depth = heat / (flow * air.AIR_CAPACITY * 18.0)
    assert np.all(np.diff(depth) < 0.0)
    assert np.all(np.diff(heat) > 0.0)
    assert depth[0] > 0.95
    assert np.all(air.door_cooling(door, flow, np.full(3, 38.0), np.full(3, 20.0), np.zeros(3)) == 0.0)


def test_fans_of_a_door_follow_the_cube_of_its_air_up_to_full_speed(door):
    pressure = psychrometrics.STANDARD_PRESSURE
    rated = door.air_flow * float(psychrometrics.density(24.0, 0.008, pressure))
    drawn = air.door_fans(door, rated * np.array([0.25, 0.5, 1.0, 2.0]), pressure)
    assert drawn == pytest.approx(door.fan_power * np.array([1 / 64, 1 / 8, 1.0, 1.0]), rel=1e-12)


def test_a_rack_gives_its_heat_to_coolant_door_and_room(facility, results):
    rack, door = results["rack"], results["rear_door"]
    for row in range(3):
        left = rack["air_heat"][row] - door["duty"][row]
        assert rack["liquid_heat"][row] + door["duty"][row] + left == pytest.approx(
            rack["power"][row], rel=1e-9
        )
    share = facility.racks[0].product.liquid_share
    assert rack["liquid_heat"][0] == pytest.approx(share * rack["power"][0], rel=1e-9)
    assert np.all(door["duty"][0] > 0.8 * rack["air_heat"][0])
    # air handlers take what doors leave, with the fans of both
    fans = results["crah"]["power"][0].sum() + door["power"][0].sum()
    left = (rack["air_heat"] - door["duty"])[0].sum()
    assert results["crah"]["duty"][0].sum() == pytest.approx(left + fans, rel=1e-6)
    assert results.conservation["energy"][[0, 2]].max() < 1e-7  # without any water there is no steady state


def test_the_heat_of_cold_plates_and_doors_goes_to_two_loops(results):
    loop, rack, door = results["loop"], results["rack"], results["rear_door"]
    tcs, chw = loop.index("tcs"), loop.index("chw")
    pumps = results["cdu"]["power"][0].sum()
    # of the pumps' work what becomes heat is in the loop too
    assert loop["heat"][0, tcs] == pytest.approx(rack["liquid_heat"][0].sum(), abs=pumps, rel=1e-6)
    air_side = door["duty"][0].sum() + results["crah"]["duty"][0].sum()
    assert loop["heat"][0, chw] == pytest.approx(air_side, rel=1e-6)
    assert door["water_supply"][0] == pytest.approx(18.0, abs=0.01)
    assert np.all(rack["liquid_supply"][0] > 40.0)


def test_without_water_all_that_doors_took_is_in_the_room(results):
    assert np.all(results["rear_door"]["duty"][1] == 0.0)
    assert np.all(results["rear_door"]["water_flow"][1] == 0.0)
    assert results["hall"]["heat"][1] >= results["rack"]["air_heat"][1].sum()


def test_one_door_out_leaves_the_heat_of_its_rack_to_the_room(results):
    duty, heat = results["rear_door"]["duty"][2], results["rack"]["air_heat"][2]
    assert duty[0] == 0.0
    assert np.all(duty[1:] > 0.8 * heat[1:])
    assert results["rear_door"]["live"][2].tolist() == [0.0, 1.0, 1.0, 1.0]
    assert results["crah"]["duty"][2].sum() > heat[0]


def test_fans_of_doors_are_fed_and_counted(results):
    power = results["rear_door"]["power"]
    assert np.all(power[0] > 0.0)
    assert results["site"]["other_power"][0] == 0.0
    assert power[2, 0] == 0.0
    machines = sum(results[name]["power"][0].sum() for name in ("cdu", "crah", "rear_door", "plant", "pump"))
    assert results["site"]["cooling_power"][0] == pytest.approx(machines, rel=1e-9)


def test_an_air_cooled_rack_under_sinks_stands_for_its_door():
    plain = LAYOUT.replace("4 x gb300_nvl72", "4 x b200_air_2x").replace(", sinks: crah, doors", ", sinks")
    plain = "\n".join(line for line in plain.splitlines() if "id: tcs" not in line)
    facility = load_text(plain.replace('sinks: "kind:cdu"', 'sinks: ["kind:cdu"]'))
    chw = next(circuit for circuit in facility.circuits if circuit.id == "chw")
    assert chw.sinks == tuple(f"p.s.0{number}.door" for number in range(2, 6))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('sinks: crah, doors: "kind:rack"', 'sinks: [crah, "kind:rear_door"]', "rear doors go under doors:"),
        (", rear_door: rdhx_75kw", "", "has no rear door"),
        ('sinks: "kind:rack", supply: 43', 'sinks: "kind:rack", doors: p.s.02, supply: 43', "already"),
        ('sinks: crah, doors: "kind:rack", ', "", "a loop cools something"),
    ],
)
def test_mistakes_about_doors_are_told_with_the_fix(old, new, message):
    assert old in LAYOUT
    text = LAYOUT.replace(old, new)
    if not new:
        text = "\n".join(line for line in text.splitlines() if "kind:rear_door" not in line)
    with pytest.raises(LayoutError, match=message):
        load_text(text)


def test_a_door_that_takes_more_than_it_is_rated_for_is_told():
    small = LAYOUT.replace(
        "  small_pump:", "  small_door: {like: rdhx_75kw, capacity: 10 kW, source: assumed}\n  small_pump:"
    )
    facility = load_text(small.replace("rear_door: rdhx_75kw", "rear_door: small_door"))
    found = [f for f in judge(facility, evaluate(facility, (NORMAL,))).findings if f.code == "LIQ-036"]
    assert found
    assert {f.severity for f in found} == {"warning"}


def test_return_temperature_is_no_sign_of_mixing_where_doors_take_the_heat(facility, results):
    assert not [f for f in judge(facility, results).findings if f.code in ("AIR-008", "AIR-009")]
