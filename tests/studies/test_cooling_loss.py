"""Loss of cooling in time: against closed forms, the steady states after a loss, and common sense."""

import json
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from solvers.hydraulics import cold_plate
from solvers.hydraulics.transient_forms import COPPER_HEAT, ride_through
from twin.coupling import evaluate, normal_state
from twin.layout.load import load, load_text
from twin.results.quantities import QUANTITIES
from twin.scenario import NORMAL, Scenario
from twin.studies.continuity import ENDLESS
from twin.studies.cooling_loss import _of_singles, cooling_loss
from twin.studies.cooling_loss_draft import Draft
from twin.studies.cooling_loss_events import PIPE, POWER, SINGLE, UTILITY, Event, events
from twin.studies.cooling_loss_mains import Mains
from twin.studies.cooling_loss_run import follow
from twin.studies.cooling_loss_signals import Curve, table
from twin.tabulate.racks import plate_law

LAYOUTS = Path(__file__).parents[2] / "layouts"

HALL = """
twin: 1
name: Loss of cooling
hall: {{size: [14 m, 9 m, 4 m]}}
catalogue:
  my_cdu: {{like: cdu_1300kw, coolant_volume: {volume}, restart: 5 s}}
  my_tank: {{like: tank_50m3, volume: 5 m3}}
  my_dry: {{like: dry_cooler_2mw, restart: {restart}, run_up: 5 s}}
pods: [{{id: p, at: [2 m, 2 m], containment: {{aisle: hot, width: 1.8 m}}, rows: [
  {{id: s, face: south, lineup: [my_cdu, 3 x gb300_nvl72]}}, {{id: n, face: north, lineup: [my_cdu, 3 x gb300_nvl72]}}]}}]
air: {{crahs: [{{id: c, type: crah_150kw, along: west, count: 2, spare: 1, supply: 24 degC}}]}}
liquid:
  plant: [{{id: dry, type: my_dry, count: 2, spare: 1}}, {{id: ch, type: chiller_ac_1200kw, count: 1}}{tank}]
  pumps: [{{id: fwp, type: pump_60ls, count: 2, spare: 1}}, {{id: chp, type: pump_25ls, count: 1}}]
  loops:
    - {{id: fws, source: dry{tanks}, sinks: "kind:cdu", pumps: fwp, supply: 36 degC}}
    - {{id: tcs, fluid: pg25, source: "kind:cdu", sinks: "type:gb300_*", supply: 40 degC}}
    - {{id: chw, source: ch, sinks: c, pumps: chp, supply: 18 degC}}
power:
  utility: {{id: grid, voltage: 33 kV, capacity: 5 MVA}}
  transformers: [{{id: tx, type: tx_2500kva, from: grid}}]
  generators: [{{id: gen, type: gen_2500kw}}]
  transfer_switches: [{{id: ats, type: ats_4000a, from: [tx, gen]}}]
  switchboards: [{{id: msb, type: swb_4000a_415v, from: ats}}]
  ups: [{{id: ups, type: ups_1250kw, from: msb}}]
  whips:
    - {{to: ["type:gb300_*", c, chp], from: ups, breaker: 250 A}}
    - {{to: "kind:cdu", from: {cdu}, breaker: 63 A}}
    - {{to: fwp, from: {pumps}, breaker: 125 A}}
    - {{to: [dry, ch], from: msb, breaker: 250 A}}
"""


@cache
def world(volume="100 L", restart="10 s", cdu="ups", pumps="ups", tank="", tanks=""):
    """A hall of six racks with its normal state."""
    text = HALL.format(volume=volume, restart=restart, cdu=cdu, pumps=pumps, tank=tank, tanks=tanks)
    basis = normal_state(load_text(text))
    assert basis is not None and basis.results.settled[basis.row]
    return basis


@cache
def followed(*names, **how):
    """Some losses of that hall."""
    basis = world(**how)
    told = {event.name: event for event in events(basis)}
    return follow(basis, [told[name] for name in names])


def first(found, name, row=0):
    return float(found.time[name][row].min())


def test_a_loop_that_lost_its_plant_warms_as_all_heat_capacity_over_all_heat_says():
    """All its heat over all its capacity, once the waves that go round with the fluid are averaged out.

    A wave is one turn of the facility water long: the rise over one turn, averaged over the moments at which it may begin.
    """
    found = followed("plant:fws")
    before, line = found.before, found.series[0]
    group = before.rack_groups[0]
    masses = [before.masses[0], before.masses[1]]
    rack = before.world.racks[group.racks[0]].product
    fluid = before.world.loops[1].density * before.world.loops[1].capacity
    racks = 6 * (0.15e-6 * rack.coolant.rated_heat * fluid + 72 * 0.8 * COPPER_HEAT)
    capacity = sum(mass.supply + mass.back for mass in masses) + racks
    heat = before.liquid_heat.sum() + before.pump_heat[0] + before.pump_heat[1]
    from twin.studies.cooling_loss_run import TIMES

    rate = before.flows.before[0].total * before.world.loops[0].capacity
    turn = (masses[0].supply + masses[0].back) / rate
    begin = np.linspace(100.0, first(found, "throttle") - 5.0 - turn, 50)
    supply = np.interp(np.array([begin, begin + turn]), TIMES, line["supply"])
    rise = float((supply[1] - supply[0]).mean())
    took = float(ride_through([0.0], capacity, rise, heat, volumetric_heat=1.0))
    assert took == pytest.approx(turn, rel=0.01)  # 1 % is asked for; flows and heat are constant
    assert found.energy_error.max() < 1e-10


def test_lids_over_standing_coolant_follow_the_law_of_their_plates_down_to_no_flow():
    """``C T' = P - G(W) (T - T_in)`` with the flow of the moment and the law of the steady states, by small steps."""
    found = followed("pumps:tcs")
    before, group = found.before, found.before.rack_groups[0]
    rack = before.world.racks[0].product
    law, plates = plate_law(rack)
    flow = before.flows.before[1].sink[0]
    curve = before.signals.old_flow(1, found.events[0])
    time = np.linspace(0.0, 40.0, 40_001)
    now = flow * curve.at(time)
    small = 1.0  # [W], at which no lid is at the ceiling of the steady states before the stream is full
    lift = cold_plate.chips(law, plates, power=small, rack_flow=now, supply=40.0, fluid="pg25").case - 40.0
    reach = plates.share * now * before.world.loops[1].capacity  # no stream takes more
    gain = np.minimum(72.0 * small / lift, reach)
    lid = np.empty_like(time)
    lid[0] = group.lid
    for k in range(time.size - 1):
        lid[k + 1] = lid[k] + 1e-3 * (group.chips[0] - gain[k] * (lid[k] - 40.0)) / (72 * 0.8 * COPPER_HEAT)
    for name, limit in (("case", rack.cold_plate.case_max), ("throttle", rack.cold_plate.throttle)):
        due = float(np.interp(limit, lid, time))
        assert first(found, name) == pytest.approx(due, abs=0.2), (
            name
        )  # the tables of the run-down, and steps
    alone = 72 * 0.8 * COPPER_HEAT * (rack.cold_plate.case_max - group.lid) / group.chips[0]
    assert alone < first(found, "case") < alone + 10.0
    assert first(found, "case") < first(found, "throttle") < first(found, "trip")
    assert np.isfinite(found.time["trip"][0]).sum() == 6


def test_warm_coolant_reaches_near_racks_before_far_ones_after_what_the_headers_hold():
    """All flow-weighted delays of a loop add up to what its supply holds over its flow."""
    found = followed("plant:fws")
    before = found.before
    loop, mass = before.world.loops[1], before.masses[1]
    at = [loop.segment_sink.index(rack.id) for rack in before.world.racks]
    times = found.time["supply"][0][np.argsort(at)]
    assert (np.diff(times) >= 0.0).all() and times[-1] > times[0] + 2.0
    draft = Draft(1)
    mains = Mains(draft, before, 1, found.events, draft.signal([Curve.level()]))
    sinks = before.rack_groups[0].sinks
    for sink in sinks:
        mains.tap(
            int(mains.places(np.array([sink]))[0]),
            mains.back,
            (1.0, 1.0),
            mains.branches(np.array([sink]))[0],
        )
    held = sum(float(volume[0]) for volume in draft.volumes) + sum(float(c[0]) for c, _ in draft.nodes)
    assert held == pytest.approx(mass.supply + mass.back, abs=20.0)  # nodes of 1 J/K


@pytest.mark.parametrize("layout", ["first_hall", "vera_rubin_800vdc"])
def test_it_comes_to_rest_where_the_steady_states_after_a_loss_are(layout):
    """Same exchangers, flows and set points: 0.02 K is what is left of the march at its end."""
    facility = load(LAYOUTS / f"{layout}.yaml")
    basis = normal_state(facility)
    assert basis is not None
    told = [event for event in events(basis) if event.kind == SINGLE]
    found = follow(basis, told)
    steady = evaluate(
        facility, (NORMAL, *(Scenario(name=e.name, failed=tuple(e.lost)) for e in found.events))
    )
    assert found.rests.all() and found.ok.all()
    lids = found.before.rack_groups
    for row in range(len(found.events)):
        np.testing.assert_allclose(found.end_supply[row], steady["loop"]["supply"][row + 1], atol=0.02)
        for group in lids:
            case = steady["rack"]["case_temperature"][row + 1, group.racks]
            np.testing.assert_allclose(
                found.end_lid[row, group.racks], case, atol=0.05
            )  # one slot, its mean lid


def test_lids_at_less_flow_are_those_of_the_steady_states():
    """One of two small CDUs: racks get 94 to 95 % of their flow; lids above the coolant as the coupled state has them."""
    text = HALL.format(volume="100 L", restart="10 s", cdu="ups", pumps="ups", tank="", tanks="")
    assert "{like: cdu_1300kw," in text
    basis = normal_state(
        load_text(text.replace("{like: cdu_1300kw,", "{like: cdu_1300kw, secondary_flow: 6 L/s,"))
    )
    assert basis is not None
    event = Event("lose:p.s.01", SINGLE, "", frozenset(["p.s.01"]))
    found = follow(basis, [event])
    before = found.before
    share = before.flows.after(1, event).sink / before.flows.before[1].sink
    assert 0.9 < share.min() < share.max() < 0.96
    steady = evaluate(before.world.facility, (NORMAL, Scenario(name="less", failed=("p.s.01",))))
    assert steady["rack"]["throttle"][1].min() == 1.0
    # the valve of the one that is left opens as far as it can, and the set point is all but held
    assert before.flows.after(0, event).sink.max() == pytest.approx(
        steady["cdu"]["primary_flow"][1].max(), rel=2e-3
    )
    assert found.end_supply[0, 1] == pytest.approx(steady["loop"]["supply"][1, 1], abs=0.02)
    above = steady["rack"]["case_temperature"][1] - steady["loop"]["supply"][1, 1]
    np.testing.assert_allclose(found.end_lid[0] - found.end_supply[0, 1], above, atol=0.05)  # as at full flow


def test_coolant_above_the_sheet_is_told_beside_racks_that_do_not_throttle():
    """One of two CDUs of 300 kW: the coupled state curtails by the sheet's supply, lids are far from throttling."""
    text = HALL.format(volume="100 L", restart="10 s", cdu="ups", pumps="ups", tank="", tanks="")
    basis = normal_state(
        load_text(text.replace("{like: cdu_1300kw,", "{like: cdu_1300kw, capacity: 300 kW,"))
    )
    assert basis is not None
    found = follow(basis, [Event("lose:p.s.01", SINGLE, "one CDU", frozenset(["p.s.01"]))])
    steady = evaluate(found.before.world.facility, (NORMAL, Scenario(name="less", failed=("p.s.01",))))
    assert 0.97 < steady["rack"]["throttle"][1].max() < 1.0
    words = _of_singles(found, [0])
    assert "none of 1 cooling machines, lost alone, makes lids or inlet air throttle a rack" in words
    assert "after 1 of them coolant stays warmer than the sheets of racks allow" in words
    assert "6 racks get coolant warmer than their sheet allows, the first after" in words


def test_plant_that_is_too_small_after_a_loss_ends_where_the_steady_state_is():
    """One of two dry coolers of a hot day: its outlet floats, and so do the CDUs' set points."""
    text = (LAYOUTS / "first_hall.yaml").read_text()
    for old, new in (
        ("pumps: fwp, supply: 36 degC", "pumps: fwp, supply: 39 degC"),
        ("grid: de}", "grid: de, outdoor: {dry_bulb: 37.5 degC, wet_bulb: 20 degC}}"),
    ):
        assert old in text
        text = text.replace(old, new)
    facility = load_text(text)
    basis = normal_state(facility)
    assert basis is not None and basis.results.settled[0]
    found = follow(basis, [Event("lose:dry1", SINGLE, "", frozenset(["dry1"]))])
    steady = evaluate(facility, (NORMAL, Scenario(name="lose:dry1", failed=("dry1",))))
    fws = steady["loop"]["supply"][1, 0]
    assert fws > 39.3, fws  # its set point is lost
    assert steady["rack"]["throttle"][1].min() > 0.99  # and racks still run at full power
    # conductances are taken at two flows and otherwise scaled, in between a power law
    assert found.end_supply[0, 0] == pytest.approx(fws, abs=0.05)


def test_more_coolant_lasts_longer():
    few, some, many = (
        first(followed("pumps:fws", volume=v), "case") for v in ("50 L", "100 L", "800 L")
    )  # 100 L: solved for other tests as well
    assert few < some < many and few < many - 5.0


def test_a_tank_in_the_supply_carries_the_loop_while_the_plant_is_away():
    bare = followed("plant:fws")
    tank = ", {id: tank, type: my_tank, count: 1}"
    stored = followed("plant:fws", tank=tank, tanks=", tanks: tank")
    assert stored.before.masses[0].tank == pytest.approx(5.0 * 4.15e6, rel=0.01)
    gain = first(stored, "supply") - first(bare, "supply")
    # the tank gives the loop's cold water until warm has come through, and what is warm then has not yet come round
    passed = 5.0 * 990.0 / stored.before.flows.before[0].total
    assert 0.5 * passed < gain < 3.0 * passed


def test_pumps_on_ups_run_on_and_those_that_are_not_stop_until_the_generator_runs():
    on, off = followed("utility"), followed("utility", pumps="msb", cdu="msb")
    away = off.events[0].away
    assert not {"fwp1", "p.s.01"} & set(on.events[0].away)
    assert {"fwp1", "fwp2", "p.s.01", "p.n.01", "dry1"} <= set(away)
    assert all(10.0 < time < 60.0 for time in away.values())  # start and transfer of the generator
    assert on.lid.max() < off.lid.max() - 3.0
    assert not np.isfinite(on.time["throttle"]).any()


def test_a_restart_in_time_harms_no_rack_and_one_too_late_trips_all():
    soon, late = followed("utility"), followed("utility", restart="1 h")
    assert first(soon, "trip") == np.inf and soon.borne["trip"][0] >= 60.0
    assert np.isfinite(late.time["trip"][0]).sum() == 6  # the network has no other racks
    assert late.borne["trip"][0] == -np.inf
    # what would happen without an end is the same until the restart
    np.testing.assert_allclose(late.time["case"][0], late.held["case"][0], rtol=1e-3)


def test_what_may_come_back_later_does_harm_just_beyond():
    found = followed("utility")
    event, borne = found.events[0], float(found.borne["throttle"][0])
    assert np.isfinite(borne) and borne > 0.0
    both = follow(world(), [replace(event.later(late), name=f"{late}") for late in (borne, 2.1 * borne)])
    assert np.isfinite(both.time["throttle"]).any(axis=1).tolist() == [False, True]


def test_racks_that_only_batteries_feed_are_not_held_against_the_cooling():
    text = HALL.format(volume="100 L", restart="10 s", cdu="ups", pumps="ups", tank="", tanks="")
    for part in ("  generators: [{id: gen, type: gen_2500kw}]\n", ", gen]"):
        assert part in text
        text = text.replace(part, "]" if part.endswith("]") else "")
    basis = normal_state(load_text(text))
    assert basis is not None
    utility = next(event for event in events(basis) if event.kind == UTILITY)
    assert len(utility.dark) == 6 and not utility.returns


def test_power_machines_that_stop_cooling_are_followed_with_the_racks_that_they_drop():
    """The main board feeds all; the UPS racks, CDUs and pumps; nothing feeds the pumps alone."""
    told = {event.name: event for event in events(world(pumps="msb")) if event.kind == POWER}
    assert set(told) == {"lose:msb", "lose:ups", "lose:ats"}
    assert {"fwp1", "fwp2", "dry1", "ch1"} <= set(told["lose:msb"].away) and np.inf in told[
        "lose:msb"
    ].away.values()
    assert len(told["lose:ups"].dark) == 6 and "p.s.01" in told["lose:ups"].away
    found = followed("lose:ups", pumps="msb")
    assert not np.isfinite(found.time["trip"]).any()  # the racks are dark as well


def test_the_operation_of_a_transfer_switch_stops_pumps_until_the_generator_runs():
    found = followed("supply:ats", pumps="msb")
    away = found.events[0].away
    assert {"fwp1", "dry1"} <= set(away) and "p.s.01" not in away
    assert all(10.0 < time < 60.0 for time in away.values()) and found.events[0].returns
    utility = followed("utility", pumps="msb")
    assert first(found, "supply") == pytest.approx(first(utility, "supply"), rel=0.05)


def test_racks_beyond_a_closed_piece_of_header_have_no_flow_and_the_others_keep_it():
    basis = world()
    pieces = [e for e in events(basis) if e.kind == PIPE and e.closed[0][0] == 1]
    found = followed(*(event.name for event in pieces))
    flows = [found.before.flows.after(1, event).sink for event in found.events]
    dry = np.array([(flow == 0.0).sum() for flow in flows])
    assert sorted(dry.tolist()) == [1, 2, 3, 4, 5, 6]
    for row, flow in enumerate(flows):
        assert (np.isfinite(found.time["trip"][row]) == (flow == 0.0)).all()


def test_racks_that_lose_power_give_no_heat():
    dark = Event(
        "dark",
        UTILITY,
        "",
        away={"dry1": np.inf, "dry2": np.inf},
        dark=frozenset(r.id for r in world().world.racks),
    )
    found = follow(world(), [dark])
    assert found.dark.all() and not np.isfinite(found.time["supply"]).any()
    racks = found.before.rack_groups[0].racks
    assert (
        found.end_lid[0, racks] < found.lid[0, racks] - 15.0
    ).all()  # only what fluid and metal held goes round


def test_what_is_told_is_plain_and_named():
    facility = load(LAYOUTS / "first_hall.yaml")
    tables, facts, histories = cooling_loss(normal_state(facility))
    json.dumps(facts, allow_nan=False)
    _told_thing_by_thing(facts, histories)
    for name, table_ in tables.items():
        assert set(table_.values) == {
            key.partition(".")[2] for key in QUANTITIES if key.startswith(f"{name}.")
        }
        for values in table_.values.values():
            assert (
                values.shape == (len(table_.ids),) and np.isfinite(values).all() and values.max() <= ENDLESS
            )
    assert any("utility" in words and "lid" in words for words in facts["sentences"])
    loss = next(loss for loss in facts["losses"] if loss["name"] == "pumps:tcs.pod")
    assert sum(len(group["names"]) for group in loss["racks"]) == 8
    assert {"lose:dry2"} <= {name for loss in facts["losses"] for name in loss["like"]}


def _told_thing_by_thing(facts, histories):
    """The warmest rack of every history is the line that is drawn."""
    assert [history.name for history in histories] == [f"loss:{drawn['name']}" for drawn in facts["drawn"]]
    for history, drawn in zip(histories, facts["drawn"], strict=True):
        assert history.times.tolist() == facts["times"]
        for name, line in (
            ("rack.case_temperature", "lid"),
            ("loop.supply", "supply"),
            ("crah.supply", "air"),
        ):
            if line not in drawn:
                continue
            things = history.values[name]
            assert things.shape == (history.times.size, len(history.ids[name]))
            if line == "supply":  # of the loops with racks alone
                things = things[:, [k for k, loop in enumerate(history.ids[name]) if loop.startswith("tcs")]]
            np.testing.assert_allclose(
                np.nanmax(things, axis=1), drawn[line], atol=0.006
            )  # two digits are written
        assert all(0.0 <= time <= facts["horizon"] for time, _ in history.moments)


def test_halls_without_a_loop_are_left_out_with_a_sentence():
    text = """
twin: 1
name: Dry
hall: {size: [8 m, 6 m, 4 m]}
pods: [{id: p, at: [2 m, 2 m], rows: [{id: s, face: south, lineup: [2 x enterprise_rack]}]}]
air: {crahs: [{id: c, type: crah_150kw, count: 1, supply: 22 degC}]}
"""
    basis = normal_state(load_text(text))
    assert basis is not None
    tables, facts, _ = cooling_loss(basis)
    assert not tables and "no liquid loop" in facts["sentences"][0]


def test_signals_are_exact_at_their_own_points_and_level_beyond():
    curves = [[Curve.step(0.25, returns=20.0, ramp=10.0), Curve.level()], [Curve.step(0.0), Curve.level(0.5)]]
    time, value = table(curves)
    assert time.shape == (2, 4) and value.shape == (2, 4, 2)
    assert np.interp(25.0, time[0], value[0, :, 0]) == pytest.approx(0.625)
    assert value[1, -1].tolist() == [0.0, 0.5]
    assert (np.diff(time, axis=1) >= 0.0).all()
