"""What is live after which failures: feeding, ranks, loops, overloads; and the verdicts on redundancy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from solvers.reliability import (
    Draft,
    Structure,
    concurrently_maintainable,
    evaluate,
    failures_during_maintenance,
    fault_tolerant,
    single_failures,
)
from solvers.reliability.diagram import Diagram
from solvers.reliability.evaluate import Evaluator
from solvers.reliability.symbolic import Functions
from tests.solvers.reliability.reliability_cases import all_states, catcher, parallel, random_structure

Array = NDArray[Any]


def after(structure: Structure, *components: int) -> Array:
    """Live nodes after these components are lost."""
    failed = np.zeros((1, structure.components), dtype=bool)
    failed[0, list(components)] = True
    return evaluate(structure, failed).up[0]


def _values(diagram: Diagram, function: int, happened: Array) -> Array:
    variable, low, high = (np.array(x) for x in (diagram.variable, diagram.low, diagram.high))
    at = np.full(len(happened), function)
    while (at > 1).any():
        rows = np.flatnonzero(at > 1)
        node = at[rows]
        at[rows] = np.where(happened[rows, variable[node]], high[node], low[node])
    return at.astype(bool)


@pytest.mark.parametrize("seed", range(60))
def test_words_and_decision_diagrams_agree_on_every_state(seed: int) -> None:
    structure = random_structure(seed)
    happened, failed = all_states(structure)
    up = evaluate(structure, failed).up
    functions = Functions(
        structure, np.arange(structure.nodes), np.arange(structure.events), node_limit=10**6
    )
    ordered = happened[:, functions.event_of]
    for node in range(structure.nodes):
        np.testing.assert_array_equal(_values(functions.diagram, functions.up[node], ordered), up[:, node])


def test_the_random_structures_hold_loops_and_cascades() -> None:
    loops = cascades = 0
    for seed in range(60):
        structure = random_structure(seed)
        loops += bool((structure.edge_from > structure.edge_to).any())
        cascades += evaluate(structure, all_states(structure)[1]).steps.max() > 1
    assert loops > 30 and cascades > 5


@pytest.mark.parametrize("seed", range(20))
def test_a_node_asked_alone_has_the_state_it_has_among_all(seed: int) -> None:
    structure = random_structure(seed)
    _, failed = all_states(structure)
    everything = evaluate(structure, failed).up
    for node in (structure.nodes - 1, structure.nodes // 2):
        np.testing.assert_array_equal(evaluate(structure, failed, nodes=[node]).up[:, 0], everything[:, node])


def test_without_capacities_more_failures_never_help() -> None:
    rng = np.random.default_rng(5)
    for seed in range(20):
        drawn = random_structure(seed)
        structure = Structure(
            drawn.components, drawn.node_component, drawn.edge_from, drawn.edge_to, drawn.node_needs
        )
        some = rng.random((100, structure.components)) < 0.3
        more = some | (rng.random(some.shape) < 0.3)
        assert np.all(evaluate(structure, more).up <= evaluate(structure, some).up)


def test_a_closed_ring_is_fed_from_both_ends_and_never_feeds_itself() -> None:
    draft = Draft()
    sources = [draft.node(draft.component(f"utility {i}")) for i in range(2)]
    cables = [draft.component(f"cable {i}") for i in range(5)]
    stations = [draft.node(needs=1) for _ in range(4)]
    along = [sources[0], *stations, sources[1]]
    for cable, left, right in zip(cables, along[:-1], along[1:], strict=True):
        for one, other in ((left, right), (right, left)):
            if other in stations:
                draft.feed(other, draft.node(cable, inputs=[one]))
    ring = draft.freeze()
    assert after(ring)[stations].all()
    assert after(ring, 0)[stations].all()
    assert not after(ring, 0, 1)[stations].any()  # both utilities gone: a dead ring stays dead
    np.testing.assert_array_equal(after(ring, cables[1], cables[3])[stations], [1, 0, 0, 1])


def test_a_transfer_switch_moves_the_load_and_overloads_the_alternative() -> None:
    draft = Draft()
    small = draft.node(draft.component("small"), capacity=50.0)
    large = draft.node(draft.component("large"), capacity=100.0)
    ats = draft.node(inputs=[large, small], needs=1, ranks=[0, 1])
    draft.node(inputs=[ats], demand=80.0)
    structure = draft.freeze()
    both = evaluate(structure, np.array([[False, False], [True, False], [False, True]]))
    np.testing.assert_array_equal(both.up[:, 3], [True, True, False])
    np.testing.assert_array_equal(both.trip_step, [[2, small, 1]])


def test_exactly_full_is_not_overloaded() -> None:
    structure = catcher()  # one of four down leaves three at 0.75 + 3 * 0.25 / 3 = 1.0
    found = evaluate(structure, np.eye(4, dtype=bool))
    assert not found.steps.any() and found.up[:, 4:].all()


def test_a_cascade_is_recorded_step_by_step() -> None:
    draft = Draft()
    machines = [draft.node(draft.component(f"m{i}"), capacity=cap) for i, cap in enumerate((9.0, 1.4, 2.5))]
    draft.node(inputs=machines, needs=1, demand=3.0)
    found = evaluate(draft.freeze(), np.array([[True, False, False]]))
    np.testing.assert_array_equal(
        found.trip_step, [[0, 1, 1], [0, 2, 2]]
    )  # 1.5 on each; then 3.0 on the last
    assert found.steps[0] == 2 and not found.up[0].any()


def test_needed_standby_machines_join_in_order_of_rank() -> None:
    draft = Draft()
    pumps = [draft.node(draft.component(f"pump {i}"), capacity=50.0) for i in range(3)]
    header = draft.node(inputs=pumps, needs=2, ranks=[0, 0, 1])
    draft.node(inputs=[header], demand=100.0)
    structure = draft.freeze()
    assert after(structure, 0).tolist() == [False, True, True, True, True]
    assert not after(structure, 0, 2)[header]


def test_a_pump_without_feed_takes_its_share_of_the_racks_with_it() -> None:
    draft = Draft()
    feeds = [draft.node(draft.component(f"panel {s}")) for s in "ab"]
    tower = draft.node(draft.component("loop"))
    pumps = [draft.node(draft.component(f"pump {i}"), inputs=[feeds[i % 2], tower]) for i in range(3)]
    water = draft.node(inputs=pumps, needs=2)
    rack = draft.node(inputs=[draft.node(inputs=feeds, needs=1), water])
    structure = draft.freeze()
    found = single_failures(structure, [rack])
    assert found.events[:, 0].tolist() == [0, 2]  # panel a feeds two of three pumps; the loop
    assert found.checked == 6


def test_a_catcher_is_concurrently_maintainable_but_not_fault_tolerant_meanwhile() -> None:
    structure, loads, systems = catcher(), np.arange(4, 10), np.arange(4)
    proof = concurrently_maintainable(structure, loads, systems)
    assert proof.holds and proof.checked == 4
    assert fault_tolerant(structure, loads).holds
    verdict = fault_tolerant(structure, loads, maintainable=systems)
    assert not verdict.holds and verdict.checked == 4 + 12
    states = verdict.counter_examples
    assert len(states.events) == 12 and states.lost.all()
    assert states.events[0].tolist() == [0, 1] and states.trips(0) == [(2, 1), (3, 1)]


def test_a_section_without_alternative_is_the_counter_example() -> None:
    draft = Draft()
    ups = [draft.node(draft.component(f"ups {s}")) for s in "ab"]
    board = draft.node(draft.component("board"), inputs=ups, needs=1)
    racks = [draft.node(inputs=[board]), draft.node(inputs=ups, needs=1)]
    structure = draft.freeze()
    verdict = concurrently_maintainable(structure, racks, [0, 1, 2])
    assert not verdict.holds and verdict.checked == 3
    np.testing.assert_array_equal(verdict.counter_examples.events, [[2]])
    np.testing.assert_array_equal(verdict.counter_examples.lost, [[True, False]])


def test_a_shared_room_fails_both_sides_at_once() -> None:
    draft = Draft()
    ups = [draft.node(draft.component(f"ups {s}")) for s in "ab"]
    rack = draft.node(inputs=ups, needs=1)
    room = draft.common_cause("room", [0, 1])
    found = single_failures(draft.freeze(), [rack])
    np.testing.assert_array_equal(found.events, [[2 + room]])


def test_pairs_are_all_maintained_components_times_all_events() -> None:
    structure = parallel(3, 2)
    seen: list[tuple[int, int]] = []
    found = failures_during_maintenance(
        structure, [3], [0, 2], progress=lambda done, total: seen.append((done, total))
    )
    assert found.checked == 4 and seen == [(4, 4)]
    np.testing.assert_array_equal(found.events, [[0, 1], [0, 2], [2, 0], [2, 1]])


def test_blocks_do_not_change_the_answer() -> None:
    structure = catcher()
    rng = np.random.default_rng(1)
    failed = rng.random((5000, 4)) < 0.3
    whole = evaluate(structure, failed)
    picked = rng.permutation(5000)[:100]
    part = evaluate(structure, failed[picked])
    np.testing.assert_array_equal(part.up, whole.up[picked])
    np.testing.assert_array_equal(part.steps, whole.steps[picked])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"node_component": [0, 5]}, r"node_component\[1\] = 5 is not in -1..1"),
        ({"edge_from": [3]}, r"edge_from\[0\] = 3"),
        ({"edge_to": [0]}, r"edge_to\[0\] is also the input"),
        ({"node_needs": [0, 2]}, r"node_needs\[1\] asks for more inputs"),
        ({"node_demand": [0.0, -1.0]}, r"node_demand\[1\]"),
        ({"node_capacity": [np.nan, 1.0]}, r"node_capacity\[0\]"),
        ({"edge_weight": [1.0, 2.0]}, r"edge_weight has shape \(2,\), expected \(1,\)"),
        ({"edge_rank": [0.5]}, "edge_rank must hold whole numbers"),
        ({"cause_event": [1, 1], "cause_component": [0, 1]}, "common cause 0"),
        ({"cause_event": [0], "cause_component": [9]}, r"cause_component\[0\]"),
        ({"components": -1}, "components"),
    ],
)
def test_a_wrong_structure_is_refused_by_field_and_index(change: dict[str, Any], message: str) -> None:
    fields: dict[str, Any] = {"components": 2, "node_component": [0, 1], "edge_from": [0], "edge_to": [1]}
    with pytest.raises(ValueError, match=message):
        Structure(**(fields | change))


def test_a_wrong_question_is_refused() -> None:
    structure = parallel(2, 1)
    with pytest.raises(ValueError, match=r"expected \(S, 2\)"):
        evaluate(structure, np.zeros((1, 3), dtype=bool))
    with pytest.raises(ValueError, match="bool"):
        evaluate(structure, np.zeros((1, 2)))
    with pytest.raises(ValueError, match=r"nodes\[0\] = 9"):
        evaluate(structure, np.zeros((1, 2), dtype=bool), nodes=[9])
    with pytest.raises(ValueError, match="maintainable"):
        concurrently_maintainable(structure, [2], [2])


def test_what_is_carried_before_anything_trips():
    """Two machines of 100 share 150; one fails, the other has 150 to carry."""
    draft = Draft()
    machines = [draft.node(draft.component(name), capacity=100.0) for name in "ab"]
    load = draft.node(inputs=machines, needs=1, demand=150.0)
    failed = np.array([[False, False], [True, False], [True, True]])
    nodes, carried = Evaluator(draft.freeze(), np.array([load])).carried(failed)
    assert nodes.tolist() == machines
    np.testing.assert_allclose(carried, [[75.0, 75.0], [0.0, 150.0], [0.0, 0.0]])
