"""Diagnosis of liquid networks: each fault is built into a small hall and has to be named, and nothing else."""

from dataclasses import replace

import numpy as np
import pytest

from solvers.hydraulics.diagnosis import Expectations, Kind, diagnose
from solvers.hydraulics.diagnosis_parts import isolating_valves
from solvers.hydraulics.network import Problem, solve

PUMP_A, PUMP_B, MAIN, VALVE_1, RACK_1, VALVE_2, RACK_2, BACK, BYPASS = range(9)
RACKS = (RACK_1, RACK_2)


def hall(**change):
    """Vessel 0; two pumps to 1; main to 2; valve, rack twice to 5; back to 0; closed by-pass 1-5."""
    given = dict(
        node_count=6, fixed_node=[0], fixed_pressure=[150e3], link_from=[0, 0, 1, 2, 3, 2, 4, 5, 1],
        link_to=[1, 1, 2, 3, 5, 4, 5, 0, 5], link_pump_head=[60e3, 60e3] + [0] * 7, link_pump_curvature=500.0,
        link_device_coefficient=[0, 0, 500, 1e3, 30e3, 1e3, 30e3, 500, 5e3], link_diameter=0.05, link_minor_loss=0.1,
        link_open=[True] * 8 + [False],
    )  # fmt: skip
    given |= change
    given["link_pump_curvature"] = np.where(np.arange(9) < 2, given["link_pump_curvature"], 0.0)
    return Problem(**given)


def found(problem, **expected):
    return diagnose(problem, solve(problem), Expectations(consumers=RACKS, **expected))


def opened(*closed, rows=1):
    state = np.ones((rows, 9), bool)
    state[:, [BYPASS, *closed]] = False
    return state


def test_a_sound_hall_has_nothing_to_say():
    assert found(hall(), rating=1e6, velocity=5.0, vapour=4e3, exchangers=RACKS, bypasses=(BYPASS,)) == ()


def test_stopped_pumps_leave_a_part_without_drive():
    items = found(hall(link_pump_speed=0.0))
    assert {item.kind for item in items} == {Kind.NO_DRIVE, Kind.NO_FLOW} | {Kind.ISOLATED} & {
        i.kind for i in items
    }
    assert next(item for item in items if item.kind is Kind.NO_DRIVE).element == "node"


def test_a_loop_without_expansion_vessel_is_named():
    """A second loop 6-7 with a pump of its own and no node of known pressure."""
    base = hall()
    problem = replace(
        base, node_count=8, link_from=[*base.link_from, 6, 7], link_to=[*base.link_to, 7, 6],
        link_pump_head=[*base.link_pump_head, 30e3, 0], link_pump_curvature=np.append(base.link_pump_curvature, [1e3, 0]),
        link_device_coefficient=[*base.link_device_coefficient, 0, 1e3], link_open=[*base.link_open, True, True],
    )  # fmt: skip
    items = found(problem)
    loose = [item for item in items if item.kind is Kind.NO_PRESSURE]
    assert [(item.element, item.index, item.value) for item in loose] == [("node", 6, 2.0)]
    dead = [item for item in items if item.kind is Kind.DEAD_HEADED]
    assert [item.index for item in dead] == [9] and "no known pressure" in dead[0].message
    items = diagnose(problem, solve(problem), Expectations(consumers=(10,)))
    assert [i.message.split(": ")[-1] for i in items if i.kind is Kind.NO_FLOW] == [
        "its part has no known pressure"
    ]


def test_a_weak_pump_beside_a_strong_one_is_dead_headed():
    items = found(hall(link_pump_head=[60e3, 20e3] + [0] * 7))
    (item,) = items
    assert (item.kind, item.index) == (Kind.DEAD_HEADED, PUMP_B)
    assert "20 kPa" in item.message and "against it" in item.message


def test_a_pump_driven_past_its_curve_is_named():
    """A weak pump in series behind the strong ones."""
    curvature = np.zeros(9)
    curvature[[PUMP_A, PUMP_B, MAIN]] = [500.0, 500.0, 20e3]
    problem = replace(hall(link_pump_head=[60e3, 60e3, 1e3] + [0] * 6), link_pump_curvature=curvature)
    (item,) = found(problem)
    assert (item.kind, item.index) == (Kind.BEYOND_CURVE, MAIN)


def test_limiters_that_go_short_say_by_how_much():
    problem = hall(link_limit=[np.inf] * 4 + [0.5, np.inf, 5.0, np.inf, np.inf])
    flow = solve(problem).link_flow[0]
    (item,) = found(problem)
    assert (item.kind, item.index) == (Kind.LIMIT_SHORT, RACK_2)
    assert item.value == pytest.approx(1 - flow[RACK_2] / 5.0)
    assert flow[RACK_1] == pytest.approx(0.5)


def test_limiters_with_reverse_flow_are_not_told_as_a_share():
    problem = Problem(
        2, [0, 1], [100e3, 150e3], [0], [1], link_device_coefficient=[1e3], link_limit=[5.0],
    )  # fmt: skip
    (item,) = diagnose(problem, solve(problem))
    assert item.message == "has 7.071 kg/s the wrong way instead of the 5 kg/s it is set to"


@pytest.mark.parametrize("closed", [(VALVE_1,), (RACK_1,), (VALVE_1, RACK_1)])
def test_the_valve_that_isolates_a_rack_is_named(closed):
    items = [item for item in found(hall(link_open=opened(*closed))) if item.kind is Kind.ISOLATED]
    assert [item.index for item in items] == [RACK_1]
    named = {index for _, index in items[0].others}
    assert named <= set(closed) and named


def test_valves_on_both_sides_are_both_named():
    """Rack between two closed valves: only they are named, not the closed by-pass elsewhere."""
    base = hall()
    problem = Problem(
        5, [0], [0.0], [0, 1, 2, 3, 4, 1, 1], [1, 2, 3, 4, 0, 4, 0], link_pump_head=[50e3] + [0] * 6,
        link_device_coefficient=[0, 1, 1, 1, 1, 1, 1], link_open=[True, False, True, False, True, True, False],
    )  # fmt: skip
    assert isolating_valves(problem, np.asarray(problem.link_open), 2) == [1, 3]
    assert isolating_valves(base, opened()[0], RACK_1) == []


@pytest.mark.parametrize("closed", [MAIN, BACK])
def test_a_valve_in_the_headers_is_named_for_every_rack_behind_it(closed):
    """The racks join supply and return, so that no rack is cut off by itself; an open by-pass keeps the pumps going."""
    state = opened(closed)
    state[:, BYPASS] = True
    problem = hall(link_open=state, link_to=[1, 1, 2, 3, 5, 4, 5, 0, 0])
    items = [item for item in found(problem) if item.index in RACKS]
    assert [(item.kind, item.index, item.others) for item in items] == [
        (Kind.ISOLATED, rack, (("link", closed),)) for rack in RACKS
    ]


def test_a_rack_whose_own_valve_holds_it_at_nothing_is_not_laid_on_others():
    problem = hall(link_open=opened(), link_limit=[np.inf] * 4 + [0.0] + [np.inf] * 4)
    (item,) = found(problem)
    assert (item.kind, item.index) == (Kind.NO_FLOW, RACK_1)


def test_a_rack_may_stand_still_for_one_reason_and_be_cut_off_for_another():
    state, speed = opened(rows=2), np.ones((2, 9))
    state[1, VALVE_1] = False
    speed[0] = 0.0
    items = [item for item in found(hall(link_open=state, link_pump_speed=speed)) if item.index == RACK_1]
    assert [(item.kind, item.scenario) for item in items if item.element == "link"] == [
        (Kind.NO_FLOW, 0),
        (Kind.ISOLATED, 1),
    ]


def test_each_scenario_has_its_own_closed_valve():
    state = opened(rows=3)
    state[1, VALVE_1] = False
    state[2, VALVE_2] = False
    items = [item for item in found(hall(link_open=state)) if item.kind is Kind.ISOLATED]
    assert [(item.index, item.scenario, item.others) for item in items] == [
        (RACK_1, 1, (("link", VALVE_1),)),
        (RACK_2, 2, (("link", VALVE_2),)),
    ]


def test_a_rack_connected_the_wrong_way_round_has_reverse_flow():
    base = hall()
    start, end = list(base.link_from), list(base.link_to)
    start[RACK_1], end[RACK_1] = end[RACK_1], start[RACK_1]
    (item,) = found(replace(base, link_from=start, link_to=end))
    assert (item.kind, item.index) == (Kind.REVERSE, RACK_1) and item.value < 0


def test_a_check_valve_against_the_flow_is_named_with_what_holds_it():
    check = np.zeros(9, bool)
    check[BYPASS] = True
    base = hall(link_open=True)
    start, end = list(base.link_from), list(base.link_to)
    start[BYPASS], end[BYPASS] = 5, 1
    problem = replace(base, link_from=start, link_to=end, link_check=check)
    (item,) = found(problem)
    across = solve(problem).node_pressure[0]
    assert (item.kind, item.index) == (Kind.CHECK_SHUT, BYPASS)
    assert item.value == pytest.approx(across[1] - across[5], rel=1e-9)


def test_pressures_are_held_against_air_vapour_and_rating():
    low = found(hall(fixed_pressure=[-5e3]))
    assert {item.kind for item in low} == {Kind.SUBATMOSPHERIC}
    boiling = found(hall(fixed_pressure=[-95e3]), vapour=8e3)
    assert {item.kind for item in boiling} == {Kind.SUBATMOSPHERIC, Kind.BOILING}
    high = [item for item in found(hall(), rating=200e3) if item.kind is Kind.OVER_RATING]
    top = solve(hall()).node_pressure[0]
    assert [item.index for item in high] == np.flatnonzero(top > 200e3).tolist()


def test_velocity_laminar_flow_and_short_circuits_are_named():
    solved = solve(hall())
    limit = np.sort(np.abs(solved.link_velocity[0]))[-1] - 1e-6
    fast = [item.index for item in found(hall(), velocity=limit) if item.kind is Kind.FAST]
    assert fast and set(fast) <= {MAIN, BACK}
    (slow,) = found(hall(link_viscosity=0.1), exchangers=(RACK_1,))
    assert (slow.kind, slow.index) == (Kind.LAMINAR_FLOW, RACK_1)
    (leak,) = found(hall(link_open=True), bypasses=(BYPASS,), bypass_share=0.3)
    assert (leak.kind, leak.index) == (Kind.SHORT_CIRCUIT, BYPASS) and leak.value > 0.3


def test_the_worst_scenario_is_told():
    speed = np.ones((3, 9))
    speed[:, :2] = [[0.9], [0.4], [0.7]]
    problem = hall(link_limit=[np.inf] * 4 + [1.0, np.inf, 0.1, np.inf, np.inf], link_pump_speed=speed)
    (item,) = found(problem)
    assert (item.index, item.scenario) == (RACK_1, 1)


def test_unsolved_scenarios_are_named():
    solved = solve(hall(), max_iterations=1)
    items = diagnose(hall(), solved)
    assert [item.kind for item in items] == [Kind.NOT_SOLVED]
    assert np.isfinite(items[0].value)


@pytest.mark.parametrize(
    ("change", "message"),
    [({"consumers": (99,)}, "consumers names link 99"), ({"bypasses": (-1,)}, "bypasses")],
)
def test_expectations_about_links_that_are_not_there_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        diagnose(hall(), solve(hall()), Expectations(**change))


def random_hall(rng):
    """Two pumps, a by-pass, one to three rows with a valve on either side, one to three racks in each likewise.

    Returns
    -------
    links : columns of start, end, coefficient
    racks : link, its two valves and its row's two
    """
    links, racks, fresh = [(0, 1, 0.0), (0, 1, 0.0), (1, 0, 3e3)], [], iter(range(2, 999))

    def link(a, b, coefficient):
        links.append((a, b, coefficient))
        return len(links) - 1

    for _ in range(rng.integers(1, 4)):
        supply, back = next(fresh), next(fresh)
        row = [link(1, supply, 200.0), link(back, 0, 200.0)]
        for _ in range(rng.integers(1, 4)):
            a, b = next(fresh), next(fresh)
            before, rack = link(supply, a, 500.0), link(a, b, 10 ** rng.uniform(4, 5))
            racks.append((rack, [before, link(b, back, 500.0)], row))
    return links, racks


FAULTS = (
    "none",
    "rack valve",
    "both rack valves",
    "row valve",
    "pumps",
    "reverse",
    "nothing let through",
    "weak",
)


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_in_random_halls_are_named_and_nothing_else(fault):
    for seed in range(12):
        rng = np.random.default_rng([seed, FAULTS.index(fault)])
        links, racks = random_hall(rng)
        start, end, coefficient = (np.array(column) for column in zip(*links, strict=True))
        pump, consumers = np.arange(start.size) < 2, tuple(rack for rack, _, _ in racks)
        opened, speed, limit = np.ones(start.size, bool), np.ones(start.size), np.full(start.size, np.inf)
        rack, own, row = racks[rng.integers(len(racks))]
        expected = set()
        if fault in ("rack valve", "both rack valves"):
            closed = own if fault.startswith("both") else [own[rng.integers(2)]]
            opened[closed] = False
            expected = {(Kind.ISOLATED, rack, tuple(closed))}
        elif fault == "row valve":
            valve = row[rng.integers(2)]
            opened[valve] = False
            expected = {(Kind.ISOLATED, other, (valve,)) for other, _, its in racks if its is row}
        elif fault == "pumps":
            speed[pump] = 0.0
            expected = {(Kind.NO_FLOW, other, ()) for other in consumers}
        elif fault == "reverse":
            start[rack], end[rack] = end[rack], start[rack]
            expected = {(Kind.REVERSE, rack, ())}
        elif fault == "nothing let through":
            limit[rack] = 0.0
            expected = {(Kind.NO_FLOW, rack, ())}
        elif fault == "weak":
            speed[0] = 0.2
            expected = {(Kind.DEAD_HEADED, 0, ())}
        problem = Problem(
            int(max(start.max(), end.max())) + 1, [0], [2e5], start, end, link_device_coefficient=coefficient,
            link_pump_head=np.where(pump, 60e3, 0.0), link_pump_curvature=np.where(pump, 400.0, 0.0),
            link_pump_speed=speed, link_open=opened, link_limit=limit,
        )  # fmt: skip
        items = diagnose(problem, solve(problem, compiled=False), Expectations(consumers=consumers))
        named = {
            (item.kind, item.index, () if item.kind in (Kind.DEAD_HEADED, Kind.REVERSE) else
             tuple(sorted(link for _, link in item.others)))
            for item in items if item.element == "link"
        }  # fmt: skip
        assert named == expected, seed
        parts = {item.kind for item in items if item.element == "node"}
        assert parts == {"pumps": {Kind.NO_DRIVE}, "both rack valves": {Kind.NO_PRESSURE}}.get(fault, set())
