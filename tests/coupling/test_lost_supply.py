"""Supply that the outdoors alone make too warm, and heat that two ways share."""

import numpy as np
import pytest

from twin.climate import climate_year
from twin.coupling import evaluate
from twin.layout import load_text
from twin.model.language import Outdoor
from twin.networks.facility import lower
from twin.networks.plant import Weather
from twin.scenario import Scenario
from twin.year.hours import follow
from twin.year.series import _duties

HALL = """
twin: 1
name: One hall
site: {climate: chicago}
hall: {size: [14 m, 8 m, 4 m]}
pods: [{id: p, at: [2 m, 2 m], rows: [{id: s, face: south, lineup: [cdu_1300kw, 6 x gb300_nvl72]}]}]
air: {crahs: [{id: c, type: crah_150kw, along: west, count: 2, supply: 22 degC}]}
power:
  utility: {id: grid, voltage: 415 V, capacity: 3 MVA}
  switchboards: [{id: swb, type: swb_4000a_415v, from: grid}]
  whips: [{to: ["kind:rack", "kind:crah", "kind:cdu", "kind:pump", "kind:chiller"], from: swb, per_rack: 2}]
"""
DRY = """
liquid:
  plant: [{id: dc, type: dry_cooler_2mw, count: 2}, {id: ch, type: chiller_ac_1200kw, count: 2}]
  pumps: [{id: p1, type: pump_60ls, count: 2}, {id: chp, type: pump_25ls, count: 2}]
  loops:
    - {id: fws, source: dc, sinks: "kind:cdu", pumps: p1, supply: 10 degC}
    - {id: tcs, fluid: pg25, source: "kind:cdu", sinks: "type:gb300_*", supply: 40 degC}
    - {id: chw, source: ch, sinks: "kind:crah", pumps: chp, supply: 14 degC}
"""
MIXED = """
liquid:
  plant:
    - {id: ct, type: cooling_tower_2mw, count: 2}
    - {id: hx, type: plate_hx_1mw, count: 2}
    - {id: ch, type: chiller_wc_1500kw, count: 1}
  pumps:
    - {id: cwp, type: pump_120ls, count: 2}
    - {id: p2, type: pump_60ls, count: 2}
    - {id: chp, type: pump_60ls, count: 2}
  loops:
    - {id: cw, source: ct, sinks: [ch, hx], pumps: cwp, supply: 26 degC}
    - {id: fws, source: hx, sinks: "kind:cdu", pumps: p2, supply: 30 degC}
    - {id: tcs, fluid: pg25, source: "kind:cdu", sinks: "type:gb300_*", supply: 40 degC}
    - {id: chw, source: ch, sinks: "kind:crah", pumps: chp, supply: 14 degC}
"""
THREE = """
liquid:
  plant:
    - {id: dc, type: dry_cooler_2mw, count: 2}
    - {id: ct, type: cooling_tower_2mw, count: 2}
    - {id: ch, type: chiller_wc_1500kw, count: 3}
  pumps:
    - {id: cwp, type: pump_120ls, count: 2}
    - {id: p1, type: pump_60ls, count: 2}
    - {id: chp, type: pump_60ls, count: 2}
  loops:
    - {id: cw, source: ct, sinks: ch, pumps: cwp, supply: 26 degC}
    - {id: fws, source: dc, sinks: "kind:cdu", pumps: p1, supply: 35 degC}
    - {id: tcs, fluid: pg25, source: "kind:cdu", sinks: "type:gb300_*", supply: 40 degC}
    - {id: chw, source: ch, sinks: "kind:crah", pumps: chp, supply: 14 degC}
"""


def test_valves_open_for_water_that_the_outdoors_make_warm():
    """The facility water misses its 10 degC by 20 K and more, and still cools the racks' loop to its set point."""
    outdoors = tuple(
        Scenario(name=f"{t} degC", outdoor=Outdoor(dry_bulb=t, wet_bulb=t - 5)) for t in (28.5, 30.0, 34.0)
    )
    results = evaluate(load_text(HALL + DRY), outdoors)
    assert all(results.settled)
    for state, warm in enumerate((28.5, 30.0, 34.0)):
        assert results["loop"].at("fws", "supply", state) == pytest.approx(warm, abs=0.3)
        assert results["loop"].at("tcs", "supply", state) == pytest.approx(40.0, abs=0.1)
    assert results["rack"]["throttle"].min() == pytest.approx(1.0)


def test_heat_of_condensers_is_counted_once_where_towers_also_cool_other_things():
    """All heat that leaves the hall is that of the racks and of what moves air and water, not the compressors' too."""
    world = lower(load_text(HALL + MIXED))
    air = climate_year("chicago")
    rows = np.arange(0, 8760, 1095)
    weather = Weather(air.dry_bulb[rows], air.wet_bulb[rows], air.pressure[rows])
    for block in follow(world, weather, np.ones(rows.size), lambda done: None):
        assert block.solved.all()
        duty, mechanical = _duties(world, block.state)
        it = block.state.rack_power.sum(axis=1)
        assert (mechanical > 0.05 * duty).all()
        np.testing.assert_array_less(it, duty)
        np.testing.assert_array_less(duty, 1.05 * it)


def test_a_chiller_that_stands_takes_no_condenser_water():
    """Of three chillers one carries the load: the tower loop moves what one condenser asks for, whichever it is."""
    facility = load_text(HALL + THREE)
    states = (Scenario(name="normal"), Scenario(name="lose:ch1", failed=("ch1",)))
    results = evaluate(facility, states)
    assert all(results.settled)
    one = facility.by_id["ch1"].product.condenser_flow * 996.0  # [kg/s]
    for state, running in enumerate(("ch1", "ch2")):
        drawn = zip(results["plant"].ids, results["plant"]["power"][state], strict=True)
        assert {name for name, watts in drawn if watts > 0 and name.startswith("ch")} == {running}
        # the density of water between 20 and 30 degC is within 0.2 % of the one above
        assert results["loop"].at("cw", "flow", state) == pytest.approx(one, rel=0.01)
