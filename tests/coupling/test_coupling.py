"""The coupling against closed forms, against itself, and where no steady state exists."""

from __future__ import annotations

import numpy as np
import pytest

import twin.coupling
from solvers.fluids import FLUIDS
from twin.checks import judge
from twin.coupling import evaluate
from twin.layout.load import load, load_text
from twin.model.language import Outdoor
from twin.scenario import NORMAL, Scenario, plan

POD = """
twin: 1
name: One pod
site: {{outdoor: {{dry_bulb: 20 degC, wet_bulb: 15 degC}}}}
params: {{coolant: {coolant} degC, water: {water} degC}}
hall: {{size: [16 m, 12 m, 5 m], floor: {{load_limit: 30 kPa}}}}
pods:
  - id: p
    at: [3 m, 3 m]
    containment: {{aisle: hot, width: 1.8 m}}
    rows:
      - {{id: s, face: south, lineup: [cdu_2300kw, 4 x gb300_nvl72]}}
      - {{id: n, face: north, lineup: [cdu_2300kw, 4 x gb300_nvl72]}}
air: {{crahs: [{{id: crah, type: crah_150kw, count: 4, supply: 22 degC}}]}}
liquid:
  plant:
    - {{id: dry, type: dry_cooler_2mw, count: 2}}
    - {{id: ch, type: chiller_ac_1200kw, count: 1}}
  pumps:
    - {{id: fwp, type: pump_60ls, count: 2}}
    - {{id: chp, type: pump_25ls, count: 2}}
  loops:
    - {{id: fws, source: dry, sinks: "kind:cdu", pumps: fwp, supply: $water}}
    - {{id: tcs, fluid: pg25, source: "kind:cdu", sinks: "kind:rack", supply: $coolant}}
    - {{id: chw, source: ch, sinks: "kind:crah", pumps: chp, supply: 14 degC}}
power:
  utility: {{id: grid, voltage: 415 V, capacity: 4 MVA}}
  switchboards: [{{id: swb, type: swb_4000a_415v, feeds: [A, B], from: grid}}]
  busways: [{{id: bw, type: busway_2500a_415v, along: "row:*", feeds: [A, B], from: swb}}]
  whips:
    - {{to: "kind:rack", from: bw, feeds: [A, B], per_rack: 8, breaker: 63 A, cable: whip_63a}}
    - {{to: ["kind:cdu", "kind:crah", dry, ch, fwp, chp], from: swb, feeds: [A, B], per_rack: 2}}
"""


def pod(coolant: float = 40.0, water: float = 32.0, sets: tuple[str, ...] = ()):
    return load_text(POD.format(coolant=coolant, water=water), sets)


# Lenovo LP2357: flow [L/min] and pressure drop [psi] of a GB300 NVL72 at its coolant supply temperature [degC]
LP2357 = [(25, 59, 2.3), (30, 71, 3.2), (35, 89, 4.9), (40, 119, 8.5), (45, 177, 18.4)]


@pytest.mark.parametrize(("supply", "flow", "drop"), LP2357)
def test_racks_get_the_flow_and_drop_of_the_data_sheet(supply, flow, drop):
    results = evaluate(pod(supply, supply - 8.0), failures=False)
    # the sheet does not say where the volume is metered; the mean of supply and return is within 0.5 % of either
    density = float(FLUIDS["pg25"].density((supply + 55.0) / 2))
    np.testing.assert_allclose(results["rack"]["liquid_flow"][0] / density * 6e4, flow, rtol=0.01)
    np.testing.assert_allclose(results["rack"]["liquid_drop"][0] / 6894.757, drop, rtol=0.03)


def test_coolant_returns_warmer_by_heat_over_capacity_flow():
    results = evaluate(pod(), failures=False)
    rack = results["rack"]
    capacity = float(FLUIDS["pg25"].heat_capacity(40.0))
    rise = rack["liquid_heat"] / (rack["liquid_flow"] * capacity)
    np.testing.assert_allclose(rack["liquid_return"] - rack["liquid_supply"], rise, rtol=1e-9)


def test_meter_reads_it_plus_cooling_plus_losses_plus_what_has_no_feed():
    results = evaluate(pod())
    site = results["site"]
    tree = site["loss_power"] + site["it_power"] + site["cooling_power"]
    np.testing.assert_allclose(site["facility_power"], tree, rtol=1e-12)
    losses = results["power"]["loss"].sum(axis=1, keepdims=True)
    assert np.all(site["loss_power"] >= losses - 1e-6)  # machines' losses; the rest is in whips and shelves
    fed = site["it_power"] > 0
    np.testing.assert_allclose(
        site["pue"][fed], (site["facility_power"] / np.maximum(site["it_power"], 1.0))[fed]
    )


def test_all_heat_leaves_through_the_plant():
    results = evaluate(pod())
    settled = np.array(results.settled)  # without its one chiller the hall has no steady state
    assert settled.sum() == len(settled) - 1
    assert max(results.conservation["energy"][settled]) < 1e-6
    released = results["rack"]["power"].sum(axis=1) + results["site"]["cooling_power"][:, 0]
    busways = [k for k, name in enumerate(results["power"].ids) if name.startswith("bw.")]
    released = released + results["power"]["loss"][:, busways].sum(axis=1)  # they hang in the hall's air
    outdoors = results["plant"]["duty"].sum(axis=1)
    fans = results["plant"]["power"].sum(axis=1)  # their heat never enters a loop
    motors = released - fans - outdoors
    lit = settled & (outdoors > 1e5)
    assert np.all(
        ((motors > 0) & (motors < 0.01 * outdoors))[lit]
    )  # motor heat of loop pumps stays in the plant room


def test_a_batch_of_states_equals_the_states_one_by_one():
    facility = pod()
    states = plan(facility)
    batch = evaluate(facility, states)
    for row in (0, 3, len(states) // 2, len(states) - 1):
        single = evaluate(facility, (states[row],))
        for table in ("rack", "site", "loop", "power"):
            for quantity, values in single[table].values.items():
                np.testing.assert_allclose(
                    batch[table][quantity][row],
                    values[0],
                    rtol=1e-6,
                    atol=1e-6,
                    err_msg=f"{table}.{quantity}",
                )


def test_results_do_not_depend_on_how_many_states_are_solved_side_by_side(monkeypatch):
    facility = pod()
    whole = evaluate(facility)
    monkeypatch.setattr(twin.coupling, "CHUNK", 5)
    parts = evaluate(facility)
    assert parts.scenarios == whole.scenarios
    np.testing.assert_allclose(parts["site"]["facility_power"], whole["site"]["facility_power"], rtol=1e-9)
    np.testing.assert_allclose(
        parts["rack"]["inlet_temperature"], whole["rack"]["inlet_temperature"], rtol=1e-9
    )


def test_losing_one_side_moves_the_whole_load_to_the_other():
    results = evaluate(pod(), (NORMAL, Scenario(name="lose:swb.A", failed=("swb.A",))))
    feed = results["feed"]
    a, b = feed.index("p.s.02.inA"), feed.index("p.s.02.inB")
    np.testing.assert_allclose(feed["power"][0, a], feed["power"][0, b], rtol=1e-3)
    assert feed["power"][1, a] == 0.0
    np.testing.assert_allclose(
        feed["power"][1, b], feed["power"][0, [a, b]].sum(), rtol=0.02
    )  # shelves lose more
    assert results["rack"]["served"].all()


def test_a_lost_plant_throttles_the_racks_to_nothing_and_says_so():
    facility = pod()
    dry = ("dry1", "dry2")
    results = evaluate(facility, (NORMAL, Scenario(name="lose:dry", failed=dry)))
    assert all(results.settled)
    assert results["rack"]["throttle"][0].min() == 1.0
    assert results["rack"]["throttle"][1].max() == 0.0
    codes = {finding.code for finding in judge(facility, results).findings}
    assert "SOL-004" in codes


def test_warmer_coolant_than_the_sheet_allows_throttles():
    results = evaluate(pod(47.0, 38.0), failures=False)
    throttle = results["rack"]["throttle"][0]
    rack = pod().racks[0].product.coolant
    expected = (rack.return_max - 47.0) / (rack.return_max - rack.supply_max)
    np.testing.assert_allclose(throttle, expected, rtol=1e-6)


def test_a_hall_without_air_handlers_is_thermal_runaway_not_a_crash():
    text = POD.format(coolant=40, water=32)
    start, end = text.index("air:"), text.index("liquid:")
    text = text[:start] + text[end:]
    text = text.replace('    - {id: chw, source: ch, sinks: "kind:crah", pumps: chp, supply: 14 degC}\n', "")
    text = text.replace('"kind:crah", ', "")
    facility = load_text(text)
    results = evaluate(facility, (NORMAL,))
    verdict = judge(facility, results)
    assert not results.settled[0]
    assert (verdict.status, verdict.verdict) == ("runaway", "fail")
    assert {"SOL-001", "AIR-010"} <= {finding.code for finding in verdict.findings}


def test_results_that_do_not_fit_are_refused_before_any_work(monkeypatch):
    monkeypatch.setattr(twin.coupling, "LARGEST", 1e4)
    with pytest.raises(twin.coupling.TooLarge, match="--no-failures"):
        evaluate(pod())


def test_no_result_is_ever_nan():
    results = evaluate(pod())
    for name, table in results.tables.items():
        for quantity, values in table.values.items():
            assert np.isfinite(values).all(), f"{name}.{quantity}"


def test_the_first_hall_settles_in_every_state():
    results = evaluate(load("layouts/first_hall.yaml"))
    assert all(results.settled)
    assert max(error.max() for error in results.conservation.values()) < 1e-6


@pytest.mark.parametrize(("wet_bulb", "free"), [(4.0, 1.0), (22.0, 0.0)])
def test_an_economizer_relieves_the_chillers_in_the_cold(wet_bulb, free):
    facility = load("layouts/enterprise_hall.yaml")
    outdoor = Outdoor(dry_bulb=wet_bulb + 3.0, wet_bulb=wet_bulb)
    results = evaluate(facility.replace(place=facility.place.replace(outdoor=outdoor)), failures=False)
    plant = results["plant"]
    chillers = [k for k, name in enumerate(plant.ids) if name.startswith("ch")]
    np.testing.assert_allclose(plant["free"][0, chillers], free)
    running = plant["power"][0, chillers] > 1.0  # W, more than rounding
    assert running.any() == (free == 0.0)  # of those that could, as many as are needed
    assert results.conservation["energy"].max() < 1e-6


ONE_SIDED = """
twin: 1
name: One sided
hall: {size: [14 m, 8 m, 4 m]}
pods: [{id: p, at: [2 m, 2 m], rows: [{id: s, face: south, lineup: [6 x enterprise_rack]}]}]
air: {crahs: [{id: c, type: crah_150kw, count: 2, supply: 22 degC}]}
liquid:
  plant: [{id: ch, type: chiller_ac_1200kw, count: 2}]
  pumps: [{id: chp, type: pump_25ls, count: 2}]
  loops: [{id: chw, source: ch, sinks: "kind:crah", pumps: chp, supply: 14 degC}]
power:
  utility: {id: grid, voltage: 415 V, capacity: 1 MVA}
  switchboards: [{id: swb, type: swb_2000a, feeds: [A, B], from: grid}]
  busways: [{id: bw, type: busway_800a_415v, along: "row:*", feeds: [A, B], from: swb}]
  whips:
    - {to: "type:enterprise_rack", from: bw, feeds: [%s], per_rack: 2, breaker: 63 A}
    - {to: ["kind:crah", ch, chp], from: swb, feeds: [A, B], per_rack: 2}
"""


@pytest.mark.parametrize(("feeds", "told"), [("A, B", False), ("A", True)])
def test_a_design_that_loads_one_side_alone_is_told_so(feeds, told):
    facility = load_text(ONE_SIDED % feeds)
    verdict = judge(facility, evaluate(facility, failures=False))
    assert ("PWR-020" in {finding.code for finding in verdict.findings}) == told


def test_a_layout_without_a_power_tree_is_judged_not_crashed():
    text = ONE_SIDED % "A, B"
    facility = load_text(text[: text.index("power:")])
    verdict = judge(facility, evaluate(facility))
    assert verdict.verdict == "fail"
    assert "PWR-001" in {finding.code for finding in verdict.findings}


@pytest.mark.parametrize(("poles", "ratio", "drop"), [(2, np.sqrt(3.0), 2.0), (1, 3.0, 6.0)])
def test_circuits_of_fewer_poles_carry_more_current_and_drop_more(poles, ratio, drop):
    """P = sqrt(3) V I on three poles, V I between two lines, V / sqrt(3) I between line and neutral; there and back."""

    def feeds(circuit: str) -> tuple[float, float]:
        written = (ONE_SIDED % "A, B").replace("breaker: 63 A", f"breaker: 63 A{circuit}")
        table = evaluate(load_text(written), failures=False)["feed"]
        k = table.index("p.s.01.inA")
        return table["current"][0, k], table["drop"][0, k]

    bare = feeds("")[1]
    current, far = feeds(", cable: whip_32a, length: 5 m")
    more, farther = feeds(f", cable: whip_32a, length: 5 m, poles: {poles}")
    # constant power: what drops more also draws more, by less than 1 %
    assert more / current == pytest.approx(ratio, rel=1e-2)
    assert (farther - bare) / (far - bare) == pytest.approx(drop, rel=2e-2)


def test_chillers_without_condenser_water_do_nothing():
    facility = load("layouts/enterprise_hall.yaml")
    pumps = tuple(m.id for m in facility.of_kind("pump") if m.group == "cwp")
    results = evaluate(facility, (NORMAL, Scenario(name="lose:cwp", failed=pumps)))
    chillers = [k for k, name in enumerate(results["plant"].ids) if name.startswith("ch")]
    assert results["plant"]["power"][0, chillers].sum() > 0.0
    assert results["plant"]["power"][1, chillers].max() == 0.0
    codes = {finding.code for finding in judge(facility, results).findings}
    assert codes & {"AIR-001", "SOL-001", "SOL-004"}
