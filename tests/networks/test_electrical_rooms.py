"""Electrical rooms: what takes their losses away, by closed forms, and that nothing else moves."""

from __future__ import annotations

import numpy as np
import pytest

from twin.coupling import evaluate
from twin.layout import LayoutError
from twin.layout.load import load_text
from twin.model.electrical_rooms import in_electrical_room
from twin.model.language import ElectricalRooms, Outdoor
from twin.networks.electrical_rooms import power
from twin.scenario import NORMAL, Scenario

HALL = """
twin: 1
name: Rooms
site: {{outdoor: {{dry_bulb: 35 degC, wet_bulb: 20 degC}}}}
hall: {{size: [14 m, 8 m, 4 m]{hall}}}
catalogue:
  dry_tx: {{like: tx_1000kva, insulation: dry}}
pods: [{{id: p, at: [2 m, 2 m], rows: [{{id: s, face: south, lineup: [6 x enterprise_rack]}}]}}]
air: {{crahs: [{{id: c, type: crah_150kw, count: 2, supply: 22 degC}}]}}
liquid:
  plant: [{{id: ch, type: chiller_ac_1200kw, count: 2}}]
  pumps: [{{id: chp, type: pump_25ls, count: 2}}]
  loops: [{{id: chw, source: ch, sinks: "kind:crah", pumps: chp, supply: 14 degC}}]
power:
  utility: {{id: grid, voltage: 33 kV, capacity: 2 MVA}}
  transformers: [{{id: tx, type: {tx}, from: grid}}]
  ups: [{{id: ups, type: ups_500kw, from: tx}}]
  whips: [{{to: "kind:rack", from: ups, per_rack: 1, breaker: 63 A}}]
{rooms}
"""
ONE_OF_TWO = """
  - id: {name}
    at: [{east} m, 0 m]
    hall: {{size: [14 m, 8 m, 4 m]}}
    pods: [{{id: p, at: [2 m, 2 m], rows: [{{id: s, face: south, lineup: [6 x enterprise_rack]}}]}}]
    air: {{crahs: [{{id: c, type: crah_150kw, count: 2, supply: 22 degC}}]}}
    liquid:
      plant: [{{id: ch, type: chiller_ac_1200kw, count: 1}}]
      pumps: [{{id: chp, type: pump_25ls, count: 1}}]
      loops: [{{id: chw, source: ch, sinks: "kind:crah", pumps: chp, supply: 14 degC}}]
    power:
      ups: [{{id: ups, type: ups_500kw, from: tx}}]
      whips: [{{to: "kind:rack", from: ups, per_rack: 1, breaker: 63 A}}]
{rooms}"""
TWO = (
    """
twin: 1
name: Two halls
site: {outdoor: {dry_bulb: 30 degC, wet_bulb: 20 degC}}
catalogue: {dry_tx: {like: tx_1000kva, insulation: dry}}
power:
  electrical_rooms: {cooling: ventilation}
  utility: {id: grid, voltage: 33 kV, capacity: 2 MVA}
  transformers: [{id: tx, type: dry_tx, from: grid}]
halls:"""
    + ONE_OF_TWO.format(name="a", east=0, rooms="      electrical_rooms: {cop: 4}")
    + ONE_OF_TWO.format(name="b", east=60, rooms="")
)
ONE = np.ones(1)


def layout(rooms: str = "", hall: str = "", tx: str = "tx_1000kva"):
    words = f"  electrical_rooms: {rooms}" if rooms else ""
    return load_text(HALL.format(rooms=words, hall=hall, tx=tx))


@pytest.fixture(scope="module")
def plain():
    """By the default, on the rating day and on a mild one."""
    mild = Scenario(name="mild", outdoor=Outdoor(dry_bulb=20.0, wet_bulb=15.0))
    return evaluate(layout(), (NORMAL, mild))


def test_at_the_rating_point_an_air_conditioner_draws_losses_over_cop():
    rooms = ElectricalRooms(cop=3.0)
    assert power(rooms, 6e3 * ONE, 35.0 * ONE, 1e5 * ONE)[0] == pytest.approx(2e3, rel=1e-12)


def test_away_from_it_the_work_of_compressors_follows_carnot_and_fans_stay():
    """Coil at 14.4 degC: 35.6 K of lift at the rating point, 25.6 K at 25 degC, and 20.6 K below 20 degC."""
    at = np.array([25.0, 20.0, -20.0, 45.0])
    shares = power(ElectricalRooms(cop=1.0), np.ones(4), at, np.full(4, 1e5))
    lift = np.array([25.6, 20.6, 20.6, 45.6]) / 35.6
    np.testing.assert_allclose(shares, 0.35 + 0.65 * lift, rtol=1e-12)
    cool = power(ElectricalRooms(cop=1.0, temperature=24.4), ONE, 35.0 * ONE, 1e5 * ONE)
    assert cool[0] == pytest.approx(0.35 + 0.65 * (40.6 / 282.55) / (35.6 / 287.55), rel=1e-12)


def test_air_conditioners_agree_with_the_curve_of_energyplus_within_its_range():
    """Power over cooling, of the rated one, by EnergyPlus's curve of packaged units (HPACEIRFT) at its wet bulb of 19.44
    degC.  The curve holds from 18 to 46 degC; the law has one rating point and three round numbers, hence 7 %."""
    at = np.linspace(18.0, 46.0, 15)
    a, b, c, d, e, f = 0.342414409, 0.034885008, -0.0006237, 0.004977216, 0.000437951, -0.000728028
    wet = 19.44
    curve = a + b * wet + c * wet**2 + d * at + e * at**2 + f * wet * at
    ours = power(ElectricalRooms(cop=1.0), np.ones(15), at, np.full(15, 1e5))
    np.testing.assert_allclose(ours, curve, rtol=0.07)
    assert abs(np.mean(ours / curve) - 1.0) < 0.03


def test_fans_move_the_air_that_keeps_the_room_at_its_temperature():
    """Losses over density, heat capacity and rise; cold air is mixed up to 20 K, warm air is taken at 5 K."""
    rooms = ElectricalRooms(cooling="ventilation", fan_pressure=300.0, fan_efficiency=0.6)
    at, pressure = np.array([28.0, 0.0, 38.0, 28.0]), np.array([101325.0, 101325.0, 101325.0, 80000.0])
    density = pressure / (287.042 * (at + 273.15))
    flow = 10e3 / (density * 1006.0 * np.array([12.0, 20.0, 5.0, 12.0]))
    found = power(rooms, np.full(4, 10e3), at, pressure)
    np.testing.assert_allclose(
        found, 500.0 * flow, rtol=1e-4
    )  # constants of dry air differ in the last digits


def test_rooms_take_the_loss_of_the_ups_but_not_of_a_transformer_filled_with_liquid(plain):
    ups = plain["power"].at("ups", "loss")
    assert plain.site("electrical_rooms_heat", 0) == pytest.approx(ups, rel=1e-9)
    assert plain.site("electrical_rooms_power", 0) == pytest.approx(ups / 2.58, rel=1e-9)
    dry = evaluate(layout(tx="dry_tx"), (NORMAL,))
    both = dry["power"].at("ups", "loss") + dry["power"].at("tx", "loss")
    assert dry.site("electrical_rooms_heat", 0) == pytest.approx(both, rel=1e-6)


def test_a_mild_day_costs_less(plain):
    assert plain.site("electrical_rooms_heat", 1) == pytest.approx(plain.site("electrical_rooms_heat", 0))
    assert plain.site("electrical_rooms_power", 1) < 0.75 * plain.site("electrical_rooms_power", 0)


def test_without_cooling_of_the_rooms_nothing_but_its_power_is_missing(plain):
    free = evaluate(layout("{cooling: none}"), (NORMAL,))
    assert free.site("electrical_rooms_power", 0) == 0.0
    drawn = plain.site("electrical_rooms_power", 0)
    for name in ("facility_power", "cooling_power", "other_power"):
        assert plain.site(name, 0) - free.site(name, 0) == pytest.approx(drawn, rel=1e-9)
    assert plain.site("loss_power", 0) == pytest.approx(free.site("loss_power", 0), rel=1e-9)
    for name, table in free.tables.items():
        if name != "site":
            for quantity, values in table.values.items():
                np.testing.assert_allclose(plain[name][quantity][:1], values, rtol=1e-12, atol=0)
    assert any("at no cost" in note for note in free.notes)
    assert any("COP 2.58" in note for note in plain.notes)


def test_balances_close_and_the_parts_make_the_whole(plain):
    site = plain["site"].values
    parts = site["it_power"] + site["cooling_power"] + site["loss_power"]
    np.testing.assert_allclose(site["facility_power"], parts, rtol=1e-12)
    assert plain.conservation["energy"].max() < 1e-8
    machines = plain["plant"]["power"].sum(axis=1) + plain["crah"]["power"].sum(axis=1)
    pumps = plain["pump"]["power"].sum(axis=1)
    cooling = machines + pumps + site["electrical_rooms_power"][:, 0]
    np.testing.assert_allclose(site["cooling_power"][:, 0], cooling, rtol=1e-12)


def test_what_the_hall_takes_up_costs_the_rooms_nothing(plain):
    shared = evaluate(layout(hall=", indoor_losses: 30 %"), (NORMAL,))
    loss = shared["power"].at("ups", "loss")
    assert shared.site("electrical_rooms_heat", 0) == pytest.approx(0.7 * loss, rel=1e-9)
    more = shared["hall"]["heat"][0, 0] - plain["hall"]["heat"][0, 0]
    transformer = shared["power"].at("tx", "loss")
    assert more == pytest.approx(0.3 * (loss + transformer), rel=1e-3)  # less the small change of fans
    assert shared.conservation["energy"].max() < 1e-8


def test_every_hall_has_its_rooms_and_shared_machines_those_of_the_top_level():
    facility = load_text(TWO)
    ways = {shell.id: shell.electrical_rooms.cooling for shell in facility.halls}
    assert ways == {"a": "air_conditioning", "b": "ventilation"}
    found = evaluate(facility, (NORMAL,))
    losses = {name: found["power"].at(name, "loss") * ONE for name in ("a.ups", "b.ups", "tx")}
    outdoor, air = 30.0 * ONE, 101325.0 * ONE
    fans = ElectricalRooms(cooling="ventilation")
    wanted = power(ElectricalRooms(cop=4.0), losses["a.ups"], outdoor, air)
    wanted = wanted + power(fans, losses["b.ups"] + losses["tx"], outdoor, air)
    assert found.site("electrical_rooms_power", 0) == pytest.approx(wanted[0], rel=1e-6)


def test_machines_in_the_hall_and_in_the_yard_stand_in_no_electrical_room():
    words = "\nequipment:\n" + "".join(
        f"  - {{id: {name}, type: rpp_500kw, at: {at}, where: {where}}}\n"
        for name, at, where in (("inside", "[10 m, 5 m]", "hall"), ("outside", "[30 m, 5 m]", "yard"))
    )
    facility = load_text(HALL.format(rooms=words, hall="", tx="tx_1000kva"))
    assert not in_electrical_room(facility.by_id["inside"])
    assert not in_electrical_room(facility.by_id["outside"])
    assert in_electrical_room(facility.by_id["ups"])
    assert not in_electrical_room(facility.by_id["tx"])


@pytest.mark.parametrize(
    ("rooms", "message"),
    [
        ("{cooling: chilled}", "air_conditioning"),
        (
            "{cooling: ventilation, cop: 3}",
            "cop belongs to cooling: air_conditioning; here it is ventilation",
        ),
        (
            "{fan_pressure: 300 Pa}",
            "fan_pressure belongs to cooling: ventilation; here it is air_conditioning",
        ),
        ("{cooling: none, temperature: 30 degC}", "temperature belongs to air_conditioning or ventilation"),
        ("{cop: 0}", "more than 0.5"),
        ("{cooling: ventilation, temperature: 30 K}", "30 K"),
        ("{fans: 2}", "fans"),
    ],
)
def test_mistakes_are_told_with_their_line(rooms, message):
    with pytest.raises(LayoutError) as error:
        layout(rooms)
    (told,) = error.value.mistakes
    assert told.line == 19
    assert message in str(error.value)
