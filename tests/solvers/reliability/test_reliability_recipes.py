"""How the usual arrangements are written down (THEORY.md, "How to express"), each with what it must do."""

from __future__ import annotations

import numpy as np
import pytest

from solvers.reliability import Draft, Rates, Structure, availability, evaluate, minimal_cut_sets


def lost(structure: Structure, node: int, *components: int) -> bool:
    """Whether the node is down without these components."""
    failed = np.zeros((1, structure.components), dtype=bool)
    failed[0, list(components)] = True
    return not evaluate(structure, failed).up[0, node]


@pytest.mark.parametrize("by_count", [True, False])
def test_n_plus_1_machines_on_a_bus_stand_the_loss_of_one(by_count: bool) -> None:
    draft = Draft()
    modules = [
        draft.node(draft.component(f"module {i}"), capacity=np.inf if by_count else 250e3) for i in range(4)
    ]
    bus = draft.node(draft.component("bus"), inputs=modules, needs=3 if by_count else 1)
    load = draft.node(inputs=[bus], demand=750e3)
    structure = draft.freeze()
    assert not any(lost(structure, load, i) for i in range(4))
    assert lost(structure, load, 0, 1) and lost(structure, load, 4)


def test_a_battery_matters_only_where_the_load_waits_for_the_generator() -> None:
    draft = Draft()
    utility, generator, start, battery, ups = (
        draft.component(name) for name in ("utility", "generator", "start", "battery", "ups")
    )
    normal = draft.node(utility)
    engine = draft.node(generator)
    standby = draft.node(battery, inputs=[draft.node(start, inputs=[engine])])
    source = draft.node(inputs=[normal, standby], needs=1, ranks=[0, 1])
    load = draft.node(inputs=[draft.node(ups, inputs=[source])])
    found = minimal_cut_sets(draft.freeze(), [load])
    pairs = [(utility, generator), (utility, start), (utility, battery)]
    assert found.of(0) == [(ups,), *pairs]


def test_the_cords_of_a_rack_share_as_they_are_weighted() -> None:
    draft = Draft()
    feeds = [
        draft.node(draft.component(f"busway {s}"), capacity=c)
        for s, c in zip("abc", (60.0, 60.0, 40.0), strict=True)
    ]
    draft.node(inputs=feeds, needs=1, weights=[0.4, 0.4, 0.2], demand=100.0)
    structure = draft.freeze()
    one_lost = evaluate(structure, np.eye(3, dtype=bool))
    # Without a: 66.7 on b trips, then 100 on c.  Without c: 50 on each of a and b.
    np.testing.assert_array_equal(one_lost.up[:, 3], [False, False, True])
    np.testing.assert_array_equal(one_lost.trip_step[:2], [[0, 1, 1], [0, 2, 2]])


def test_a_cdu_needs_its_feed_and_its_water_and_draws_power_for_its_heat() -> None:
    draft = Draft()
    panel = draft.node(draft.component("panel"), capacity=10e3)
    water = draft.node(draft.component("water"), capacity=600e3)
    # All inputs needed: 1 W of heat takes 0.01 W of pump power and hands 1.01 W to the water.
    cdu = draft.node(draft.component("cdu"), inputs=[panel, water], weights=[0.01, 1.01])
    small = draft.node(inputs=[cdu], demand=500e3)
    structure = draft.freeze()
    assert not lost(structure, small)
    assert lost(structure, small, 0) and lost(structure, small, 1) and lost(structure, small, 2)
    draft.node(inputs=[cdu], demand=100e3)  # 606 kW of heat into water for 600 kW
    found = evaluate(draft.freeze(), np.zeros((1, 3), dtype=bool))
    np.testing.assert_array_equal(found.trip_step, [[0, water, 1]])


def test_the_tie_between_two_boards_is_an_input_of_last_rank_of_each() -> None:
    draft = Draft()
    lines = [draft.node(draft.component(f"line {s}"), capacity=1.5) for s in "ab"]
    tie = draft.component("tie")
    boards = [draft.node(inputs=[line], needs=1) for line in lines]
    for here, there in ((0, 1), (1, 0)):
        draft.feed(boards[here], draft.node(tie, inputs=[boards[there]]), rank=1)
    loads = [
        draft.node(inputs=[board], demand=demand) for board, demand in zip(boards, (0.5, 1.0), strict=True)
    ]
    structure = draft.freeze()
    assert not lost(structure, loads[0], 0) and not lost(structure, loads[1], 1)
    assert lost(structure, loads[0], 0, 2) and not lost(structure, loads[1], 0, 2)
    assert lost(structure, loads[0], 0, 1)


def test_all_racks_at_once_are_one_more_node() -> None:
    draft = Draft()
    racks = [draft.node(draft.component(f"rack {i}")) for i in range(3)]
    hall = draft.node(inputs=racks)
    found = availability(draft.freeze(), Rates(3, demand_probability=0.01), [hall, racks[0]])
    np.testing.assert_allclose(found.availability, [0.99**3, 0.99], atol=1e-12)
