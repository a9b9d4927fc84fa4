"""A hybrid rack as published: Modelica Buildings library, ``Racks.Hybrid.LiquidCooledSinglePhase.Examples`` (BSD-3).

506.88 kW to a liquid whose rise at 633.6 kW is 7 K, from 42.03 degC; 65.894 kW to air, its fans' 2.534 kW among them,
from 20 to 30.4 degC.  Read from the reference result of the library's branch of issue 4443.
"""

import pytest

from twin.coupling import evaluate
from twin.layout import load_text
from twin.scenario import Scenario

TEXT = """
twin: 1
name: One hybrid rack
site: {climate: miami}
catalogue:
  hybrid:
    kind: rack
    size: [750 mm, 1200 mm, 2.2 m]
    mass: 1500 kg
    power: {idle: 100 kW, typical: 572.774 kW, maximum: 572.774 kW, peak: 572.774 kW}
    voltage: 415 V
    liquid_share: 88.4957 %
    coolant:
      {specific_flow: 2.692 L/min/kW, rated_heat: 633.6 kW, rated_flow: 28.4 L/s, rated_drop: 50 kPa, supply_max: 50 degC}
    air_rise: 10.4 K
    source: "as published: 4 % of the air-cooled power in fans, 10 K of rise for the rest"
hall: {size: [14 m, 8 m, 4 m]}
pods: [{id: p, at: [2 m, 2 m], rows: [{id: s, face: south, lineup: [cdu_2300kw, hybrid]}]}]
air: {crahs: [{id: c, type: crah_150kw, along: west, count: 2, supply: 20 degC}], dew_point: 8 degC}
liquid:
  plant: [{id: dc, type: dry_cooler_2mw, count: 1}, {id: ch, type: chiller_ac_1200kw, count: 1}]
  pumps: [{id: p1, type: pump_60ls, count: 1}, {id: p2, type: pump_25ls, count: 1}]
  loops:
    - {id: fws, source: dc, sinks: "kind:cdu", pumps: p1, supply: 36 degC}
    - {id: tcs, fluid: pg25, source: "kind:cdu", sinks: "type:hybrid", supply: 42.03 degC}
    - {id: chw, source: ch, sinks: "kind:crah", pumps: p2, supply: 10 degC}
power:
  utility: {id: grid, voltage: 415 V, capacity: 3 MVA}
  switchboards: [{id: swb, type: swb_4000a_415v, from: grid}]
  whips: [{to: ["type:hybrid", "kind:crah", "kind:cdu", ch, dc, p1, p2], from: swb, per_rack: 1}]
"""


def test_a_hybrid_rack_splits_and_warms_as_published():
    results = evaluate(load_text(TEXT), (Scenario(name="normal"),))
    assert all(results.settled)
    rack = results["rack"]

    def at(name):
        return float(rack.at("p.s.02", name))

    assert at("liquid_heat") == pytest.approx(506.88e3, rel=1e-5)
    assert at("air_heat") == pytest.approx(65894.4, rel=1e-4)
    assert at("liquid_return") - at("liquid_supply") == pytest.approx(320.778 - 315.178, abs=0.1)
    assert at("liquid_return") == pytest.approx(320.778 - 273.15, abs=0.1)
    # the hall gives the inlet, so the rise is compared
    assert at("outlet_temperature") - at("inlet_temperature") == pytest.approx(30.4 - 20.0, abs=0.1)
