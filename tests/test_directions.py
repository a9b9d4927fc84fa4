"""Which way numbers must move when one thing of a design changes, whatever their size.

Everything here starts from one small hall: three GB300 racks and a network rack in each of two rows, liquid
through CDUs to dry coolers, the air's heat to chillers, power on two sides.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache

import numpy as np
import pytest

from twin.coupling import evaluate
from twin.layout import load_text
from twin.results.results import Results

HALL = """
twin: 1
name: Directions
params:
  dry_bulb: 20 degC
  wet_bulb: -15 degC
  elevation: 0 m
  leakage: 3 %
  facility_water: 36 degC
  coolant: 41 degC
  racks: 3
  work: maximum
  peak: 1
  coolers: 3
  chillers: 2
  busway: 30.8 uohm/m
  whip: 5 m
workload: {power: $work, peak_factor: $peak}
site: {elevation: $elevation, outdoor: {dry_bulb: $dry_bulb, wet_bulb: $wet_bulb}}
catalogue:
  busway_1600a: {like: busway_1600a_415v, resistance: $busway, source: assumed}
  chiller_250kw: {like: chiller_ac_warm_1500kw, capacity: 250 kW, flow: 6 L/s, source: assumed}
hall: {size: [14 m, 9 m, 5 m]}
pods:
  - id: pod
    at: [4.5 m, 2.4 m]
    containment: {aisle: hot, width: 1.8 m, leakage: $leakage}
    rows:
      - {id: s, face: south, lineup: [cdu_1300kw, $racks x gb300_nvl72, network_rack]}
      - {id: n, face: north, lineup: [cdu_1300kw, $racks x gb300_nvl72, network_rack]}
air:
  crahs: [{id: crah, type: crah_400kw, along: west, count: 2, spare: 1}]
liquid:
  plant:
    - {id: dry, type: dry_cooler_1mw, count: $coolers, spare: 1}
    - {id: ch, type: chiller_250kw, count: $chillers, spare: 1}
  pumps:
    - {id: fwp, type: pump_25ls, count: 3, spare: 1}
    - {id: chp, type: pump_25ls, count: 2, spare: 1}
  loops:
    - {id: fws, source: dry, sinks: "kind:cdu", pumps: fwp, supply: $facility_water}
    - {id: tcs, fluid: pg25, source: "kind:cdu", sinks: "type:gb300_*", supply: $coolant, per: pod}
    - {id: chw, source: ch, sinks: crah, pumps: chp, supply: 16 degC}
power:
  utility: {id: grid, voltage: 33 kV, capacity: 5 MVA}
  transformers: [{id: tx, type: tx_2500kva, feeds: [A, B], from: grid}]
  ups: [{id: ups, type: ups_1250kw, feeds: [A, B], from: tx}]
  switchboards: [{id: mech, type: swb_2000a, feeds: [A, B], from: tx}]
  busways: [{id: bw, type: busway_1600a, along: "row:*", feeds: [A, B], from: ups}]
  whips:
    - {to: "kind:rack", from: bw, feeds: [A, B], per_rack: 4, breaker: 125 A, cable: whip_100a, length: $whip}
    - {to: ["kind:cdu", crah, dry, ch, fwp, chp], from: mech, feeds: [A, B], per_rack: 2}
"""

ROUNDING = 1e-7
"""Relative change that is only the tolerance of the coupling."""


@cache
def normal(*sets: str) -> Results:
    """The normal state with some settings."""
    results = evaluate(load_text(HALL, sets), failures=False)
    assert all(results.settled), sets
    return results


def param(name: str, values: Iterable[str]) -> list[Results]:
    return [normal(f"params.{name}={value}") for value in values]


def never_falls(values: Sequence[float], somewhere: bool = True) -> None:
    """No value is below the one before, and with ``somewhere`` the last is above the first."""
    series = np.array(values, dtype=float)
    assert np.isfinite(series).all()
    slack = ROUNDING * np.abs(series).max()
    assert (np.diff(series) >= -slack).all(), series
    if somewhere:
        assert series[-1] > series[0] + slack, series


def never_rises(values: Sequence[float], somewhere: bool = True) -> None:
    never_falls([-value for value in values], somewhere)


def degrees(*values: float) -> list[str]:
    return [f"{value} degC" for value in values]


def test_warmer_outdoors_never_lowers_the_pue_of_a_dry_cooler_plant():
    results = param("dry_bulb", degrees(-10, 5, 15, 20, 25, 30, 33, 34))
    never_falls([r.site("pue") for r in results])
    never_falls([r["plant"].at("dry1", "power") for r in results])


def test_thinner_air_never_lowers_the_loading_of_dry_coolers():
    results = param("elevation", ["0 m", "500 m", "1000 m", "2000 m", "3000 m"])
    never_falls([r["plant"].at("dry1", "loading") for r in results])
    never_falls([r["plant"].at("dry1", "power") for r in results])


def test_more_leakage_of_the_containment_never_lowers_the_hottest_inlet():
    results = param("leakage", [f"{share} %" for share in (0, 3, 5, 10, 20, 40)])
    never_falls([r["hall"].at("hall", "inlet_max") for r in results])
    never_falls([r["rack"]["inlet_temperature"].mean() for r in results])


def test_warmer_facility_water_never_costs_more_fan_power():
    results = param("facility_water", degrees(28, 30, 32, 34, 36, 37))
    never_rises([r["plant"].at("dry1", "power") for r in results])


def test_warmer_coolant_asks_for_more_flow_of_a_rack_whose_return_is_held():
    """The sheet holds 55 degC, so flow times (55 - supply) is one number, within the fluid's properties."""
    supplies = (37, 39, 41, 43, 44)
    results = param("coolant", degrees(*supplies))
    flow = [r["rack"].at("pod.s.02", "liquid_required") for r in results]
    never_falls(flow)
    product = np.array(flow) * (55.0 - np.array(supplies))
    np.testing.assert_allclose(product, product[0], rtol=5e-3)
    never_falls([r["rack"].at("pod.s.02", "liquid_drop") for r in results])
    never_falls([r["cdu"].at("pod.s.01", "power") for r in results])


def test_more_rack_power_never_lowers_facility_power():
    states = ("idle", "typical", "maximum", "peak")
    results = param("work", states)
    never_falls([r.site("facility_power") for r in results])
    never_falls([r["power"].at("ups.A", "loading") for r in results])
    factors = param("peak", ["1", "1.05", "1.1", "1.15", "1.2"])
    never_falls([r.site("facility_power") for r in factors])
    never_falls([r.site("cooling_power") for r in factors])


def test_more_racks_never_lower_facility_power():
    results = param("racks", ["1", "2", "3", "4"])
    never_falls([r.site("facility_power") for r in results])
    never_falls([r.site("tokens") for r in results])


def test_more_coolers_never_raise_the_loading_of_the_plant():
    for name, machine in (("coolers", "dry1"), ("chillers", "ch1")):
        results = param(name, ["2", "3", "4", "6"])
        never_rises([r["plant"].at(machine, "loading") for r in results])


def test_more_resistance_of_a_busway_never_raises_a_rack_voltage():
    results = param("busway", [f"{ohm} uohm/m" for ohm in (15.4, 30.8, 61.6, 123.2, 246.4, 492.8)])
    for column in range(len(results[0]["rack"].ids)):
        never_rises([r["rack"]["voltage"][0, column] for r in results])
    never_falls([r.site("loss_power") for r in results])


def test_longer_whips_never_raise_a_rack_voltage():
    results = param("whip", [f"{metres} m" for metres in (1, 5, 20, 80, 160)])
    for column in range(len(results[0]["rack"].ids)):
        never_rises([r["rack"]["voltage"][0, column] for r in results])
    never_falls([r["feed"]["drop"].max() for r in results])


@cache
def failures() -> Results:
    results = evaluate(load_text(HALL))
    assert len(results.scenarios) > 20
    return results


@pytest.mark.parametrize(
    ("table", "quantity", "better"),
    [
        ("site", "racks_served", "more"),
        ("site", "tokens", "more"),
        ("rack", "throttle", "more"),
        ("rack", "voltage", "more"),
        ("cdu", "head_margin", "more"),
        ("rack", "liquid_supply", "less"),
        ("rack", "inlet_temperature", "less"),
        ("plant", "loading", "less"),
        ("crah", "loading", "less"),
        ("cdu", "loading", "less"),
        ("power", "loading", "less"),
    ],
)
def test_losing_a_machine_never_improves_the_worst_of_what_is_left(table, quantity, better):
    """The worst value over the machines that still run, in every single failure against the normal state."""
    results = failures()
    values = results[table][quantity]
    live = results[table].values.get("live")
    worst = values if live is None else np.where(live > 0.5, values, np.inf if better == "more" else -np.inf)
    worst = worst.min(axis=1) if better == "more" else -worst.max(axis=1)
    lit = [index for index, scenario in enumerate(results.scenarios) if scenario.failed != ("grid",)]
    ahead = worst[lit] - worst[0]
    slack = 0.012 * abs(worst[0])  # a fan less at its lowest speed, and its water, is a little less heat
    assert all(results.settled)
    assert (ahead <= slack).all(), [results.scenarios[lit[i]].name for i in np.flatnonzero(ahead > slack)]


def test_losing_one_machine_darkens_racks_only_where_it_is_the_only_source():
    """Losing the grid, the only source, darkens all; any other loss darkens none."""
    results = failures()
    served = results["site"]["racks_served"][:, 0]
    for scenario, racks in zip(results.scenarios, served, strict=True):
        assert racks == (0 if scenario.failed == ("grid",) else 8), scenario.name
