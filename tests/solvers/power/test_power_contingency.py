"""Failures solved piece by piece against the whole network solved with dense masks; cascades; closed forms."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import time
import tracemalloc
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from solvers.power import Problem, solve
from solvers.power.contingency import Contingencies, Kind, Outages, Screening, Trip, Watch, contingencies
from solvers.status import SolveError, Status

TIGHT = 1e-12
"""Tolerance of both solvers, so that what remains of their difference is rounding: 1e-9 is asserted."""


def _beside(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, Path(__file__).parent / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


FLOW = _beside("test_power_flow")
SCALE = _beside("test_power_scale")


def intact(problem: Problem) -> Problem:
    """First scenario with everything in service."""
    names = ("branch_closed", "source_live", "converter_live", "cord_on")
    whole = {name: np.ones_like(getattr(problem, name)[:1]) for name in names}
    return replace(problem, load_power=problem.load_power[:1], **whole)


def broken(problem: Problem, outages: Outages) -> Problem:
    """The scenarios written out as masks, one by one."""
    count = len(outages)
    closed, live, runs, cord = (
        np.repeat(mask, count, axis=0)
        for mask in (problem.branch_closed, problem.source_live, problem.converter_live, problem.cord_on)
    )
    for k in range(count):
        for at in range(outages.offsets[k], outages.offsets[k + 1]):
            kind, i = outages.kind[at], outages.index[at]
            if kind == Kind.BRANCH:
                closed[k, i] = False
            elif kind == Kind.CONVERTER:
                runs[k, i] = False
            elif kind == Kind.SOURCE:
                live[k, i] = False
            elif kind == Kind.CORD:
                cord[k, i] = False
            elif kind == Kind.LOAD:
                cord[k, problem.cord_load == i] = False
            else:
                closed[k, (problem.branch_from == i) | (problem.branch_to == i)] = False
                runs[k, (problem.converter_from == i) | (problem.converter_to == i)] = False
                live[k, problem.source_bus == i] = False
                cord[k, problem.cord_bus == i] = False
    return replace(problem, branch_closed=closed, source_live=live, converter_live=runs, cord_on=cord)


def assert_equals_solve(problem: Problem, outages: Outages, **options: Any) -> Contingencies:
    """Every figure of every scenario, and the worst of every element, against the whole network."""
    found = contingencies(
        problem, outages, tolerance=TIGHT, max_iterations=200, **({"method": "pieces"} | options)
    )
    whole = solve(broken(problem, outages), tolerance=TIGHT, max_iterations=200)
    base = solve(problem, tolerance=TIGHT, max_iterations=200)
    np.testing.assert_array_equal(found.ok, whole.scenario_ok)
    live = whole.bus_live & whole.scenario_ok[:, None]
    size = np.abs(whole.bus_voltage)
    low = np.where(live, size, np.inf).min(axis=1)

    def same(mine: Any, theirs: Any) -> None:
        np.testing.assert_allclose(mine, theirs, rtol=1e-9, atol=1e-9)

    def top(table: Any) -> Any:
        return np.asarray(table).max(axis=1, initial=0.0)

    same(found.lowest_voltage, np.where(np.isfinite(low), low, 0.0))
    same(found.highest_voltage, np.where(live, size, 0.0).max(axis=1))
    same(found.branch_loading, top(whole.branch_loading))
    same(found.converter_loading, top(whole.converter_loading))
    same(found.source_power, top(np.abs(whole.source_power)))
    same(found.loss, whole.loss)
    same(found.served_power, whole.cord_power.real.sum(axis=1))
    for k in range(len(outages)):
        np.testing.assert_array_equal(found.unserved_loads(k), np.flatnonzero(~whole.load_served[k]))
        for at, table in (
            (found.branch_loading_at, whole.branch_loading),
            (found.converter_loading_at, whole.converter_loading),
        ):
            if at[k] >= 0:
                same(table[k, at[k]], table[k].max())
    same(found.worst_branch_loading, np.vstack([base.branch_loading, whole.branch_loading]).max(axis=0))
    same(
        found.worst_converter_loading,
        np.vstack([base.converter_loading, whole.converter_loading]).max(axis=0, initial=0.0),
    )
    same(found.worst_source_power, np.abs(np.vstack([base.source_power, whole.source_power])).max(axis=0))
    everything = np.vstack([np.where(base.bus_live, np.abs(base.bus_voltage), np.inf),
                            np.where(live, size, np.inf)]).min(axis=0)  # fmt: skip
    same(found.worst_bus_voltage, np.where(np.isfinite(everything), everything, 0.0))
    for element in np.flatnonzero(found.worst_branch_scenario >= 0):
        scenario = found.worst_branch_scenario[element]
        same(whole.branch_loading[scenario, element], found.worst_branch_loading[element])
    return found


@pytest.mark.parametrize("seed", range(8))
def test_single_failures_of_random_facilities_equal_the_whole_network(seed):
    problem = intact(FLOW.random_facility(seed))
    outages = Outages.concatenate(
        [
            Outages.single(problem, buses=True),
            Outages.each(Kind.CORD, np.arange(problem.cord_load.size)),
            Outages.each(Kind.LOAD, np.arange(problem.load_power.shape[1])),
        ]
    )
    found = assert_equals_solve(problem, outages)
    assert found.swept.all() and found.unserved.any()


@pytest.mark.parametrize("seed", range(6))
def test_double_and_triple_failures_of_random_facilities_equal_the_whole_network(seed):
    problem = intact(FLOW.random_facility(seed, buses=60))
    rng = np.random.default_rng(seed)
    single = Outages.single(problem, buses=True)
    pairs = Outages.pairs(single, single)
    at = rng.integers(0, len(pairs) - 100)
    twice = pairs.part(int(at), int(at) + 100)
    assert_equals_solve(problem, twice.joined(single.take(rng.integers(0, len(single), 100))))


def test_a_2n_campus_of_converters_equals_the_whole_network():
    problem = intact(SCALE.campus(70))
    found = assert_equals_solve(problem, Outages.single(problem))
    assert found.swept.all() and not found.unserved.any()


def modules(breaker: complex = 0.0) -> Problem:
    """Three 400 kW modules of a UPS, each behind a breaker of its own, feed one board with 600 kW."""
    return Problem(
        1e6, np.full(6, 415.0), branch_from=[0, 2, 3, 4, 5], branch_to=[1, 5, 5, 5, 1],
        branch_impedance=[0.01j, breaker, breaker, breaker, 0.0], branch_closed=[[True] * 4 + [False]],
        branch_rating=np.full(5, 600.0), source_bus=[0],
        converter_from=[1, 1, 1], converter_to=[2, 3, 4], converter_rating=[400e3, 400e3, 200e3],
        converter_loss=np.tile((0.01, 0.01, 0.01), (3, 1)), load_power=[600e3 + 100e3j], cord_load=[0], cord_bus=[5],
    )  # fmt: skip


def test_modules_on_one_board_share_what_is_left_and_an_isolated_one_idles():
    problem = modules()
    outages = Outages.single(problem, buses=True)
    found = assert_equals_solve(problem, outages)
    assert found.swept.all()
    # without the second module 600 kW divide as 400 : 200
    second = found.converter_loading[problem.branch_closed.sum() + 1]
    assert second == pytest.approx(600 / 600)


def test_an_isolated_module_still_takes_its_no_load_loss():
    problem = modules()
    opened = Outages.each(Kind.BRANCH, [1])
    stopped = Outages.each(Kind.CONVERTER, [0])
    loss = contingencies(
        problem, Outages.concatenate([opened, stopped]), tolerance=TIGHT, method="pieces"
    ).loss
    # 0.01 of 400 kW, and what it costs to bring that through the feeder (0.01j has no resistance)
    assert loss[0] - loss[1] == pytest.approx(4e3, rel=1e-9)


def main_tie_main() -> Problem:
    """Two mains, two boards; each board's switch takes its main first, then the tie from the other board."""
    return Problem(
        1e6, np.full(6, 415.0), bus_shunt=np.full(6, 1e-3j),
        branch_from=[0, 1, 2, 5, 3, 4], branch_to=[2, 3, 4, 4, 5, 5],
        branch_impedance=[0.01j, 0.01j, 0.002 + 0.01j, 0.001 + 0.002j, 0.002 + 0.01j, 0.001 + 0.002j],
        branch_charging=[0, 0, 1e-3, 2e-3, 1e-3, 2e-3], branch_rating=np.full(6, 1e3),
        branch_group=[-1, -1, 7, 7, 8, 8], branch_rank=[0, 0, 0, 1, 0, 1], source_bus=[0, 1],
        load_power=[200e3 + 30e3j, 300e3], cord_load=[0, 1], cord_bus=[4, 5],
    )  # fmt: skip


def test_boards_that_back_each_other_up_are_ranked_as_each_failure_asks():
    problem = main_tie_main()
    single = Outages.single(problem, buses=True)
    found = assert_equals_solve(problem, single)
    assert not found.unserved[: problem.branch_from.size].any()
    assert_equals_solve(problem, Outages.pairs(single, single).part(0, len(single) ** 2))


def test_a_ring_falls_back_to_the_general_solver_and_the_rest_does_not():
    ring = FLOW.ring()
    whole = assert_equals_solve(ring, Outages.single(ring, buses=True))
    assert not whole.swept.any()


def ring_and_island() -> Problem:
    """A closed ring feeds two converters; behind each a radial DC board, and a load with a cord to both."""
    dc = [False] * 4 + [True] * 4
    return Problem(
        1e6, np.where(dc, 800.0, 415.0), bus_dc=dc, branch_from=[0, 1, 2, 3, 4, 5], branch_to=[1, 2, 3, 1, 6, 7],
        branch_impedance=[0.01 + 0.02j] * 4 + [0.01] * 2, branch_rating=np.full(6, 1e3), source_bus=[0],
        converter_from=[2, 3], converter_to=[4, 5], converter_rating=[500e3, 500e3],
        converter_loss=np.tile((0.01, 0.01, 0.01), (2, 1)), load_power=[200e3, 50e3, 20e3],
        cord_load=[0, 0, 1, 2], cord_bus=[6, 7, 3, 7],
    )  # fmt: skip


def test_a_ring_beside_radial_islands_only_costs_the_failures_that_touch_it():
    problem = ring_and_island()
    outages = Outages.concatenate([Outages.single(problem, buses=True), Outages.of([[], [(Kind.CORD, 2)]])])
    assert_equals_solve(problem, outages)


def catcher(load: float) -> Problem:
    """Four systems of 1 MW share 4 x 0.75 x load MW; a rack of each pair of systems draws the same from both."""
    pairs = [(a, b) for a in range(4) for b in range(a + 1, 4)]
    return Problem(
        1e6, np.full(8, 415.0), source_bus=np.arange(4), converter_from=np.arange(4), converter_to=4 + np.arange(4),
        converter_rating=np.full(4, 1e6), load_power=np.full(6, load * 4e6 / 6),
        cord_load=np.repeat(np.arange(6), 2), cord_bus=4 + np.array(pairs).ravel(),
    )  # fmt: skip


@pytest.mark.parametrize("method", ["pieces", "general"])
def test_two_of_four_systems_lost_at_three_quarters_load_trip_the_rest(method):
    problem = catcher(0.75)
    single = Outages.each(Kind.CONVERTER, np.arange(4))
    pairs = Outages.of(
        [[(Kind.CONVERTER, a), (Kind.CONVERTER, b)] for a in range(4) for b in range(a + 1, 4)]
    )
    outages = Outages.concatenate([Outages.of([[]]), single, pairs])
    found = contingencies(problem, outages, trip=Trip(converter=1.0 + 1e-9), method=method)
    assert found.status.ok
    np.testing.assert_array_equal(found.steps, [1] * 5 + [2] * 6)
    # one lost: each of its racks (1/2 MW) moves 1/4 MW to one of the other three systems
    np.testing.assert_allclose(found.converter_loading[:5], [0.75] + [1.0] * 4, rtol=1e-9)
    np.testing.assert_array_equal(found.unserved, [0] * 5 + [6] * 6)
    np.testing.assert_allclose(found.served_power[5:], 0.0, atol=1e-6)
    # two lost: a rack on those two is dark, 2.5 MW are left to two systems
    assert (found.cascade.kind == Kind.CONVERTER).all() and found.cascade.element.size == 12
    np.testing.assert_allclose(found.cascade.loading, 1.25, rtol=1e-9)
    np.testing.assert_array_equal(found.cascade.step, 1)
    np.testing.assert_array_equal(np.unique(found.cascade.scenario), np.arange(5, 11))


@pytest.mark.parametrize("seed", range(4))
def test_cascades_are_the_same_piece_by_piece_and_as_a_whole(seed):
    problem = intact(FLOW.random_facility(seed))
    outages = Outages.single(problem, buses=True)
    calm = contingencies(problem, outages)
    trip = Trip(
        branch=1.003 * np.quantile(calm.worst_branch_loading, 0.9),  # not equal to any loading
        converter=1.003 * np.quantile(calm.worst_converter_loading, 0.8),
        source=0.97 * calm.source_power.max(),
    )
    watch = Watch(buses=np.arange(0, 40, 3), branches=np.arange(0, 20), converters=np.arange(4))
    one, other = (
        contingencies(problem, outages, trip=trip, watch=watch, tolerance=TIGHT, method=method)
        for method in ("pieces", "general")
    )
    assert one.swept.all() and one.steps.max() > 1
    for item in fields(Contingencies):
        if item.name in ("iterations", "residual", "swept", "status", "detail") or item.name.endswith(
            ("_at", "_scenario")
        ):
            continue
        mine, theirs = getattr(one, item.name), getattr(other, item.name)
        for a, b in zip(mine, theirs, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-9, err_msg=item.name)


def test_a_source_over_its_capacity_trips_and_darkens_what_it_feeds():
    problem = main_tie_main()
    found = contingencies(
        problem,
        Outages.of([[], [(Kind.SOURCE, 0)]]),
        trip=Trip(source=[np.inf, 400e3]),
        tolerance=TIGHT,
        method="pieces",
    )
    np.testing.assert_array_equal(found.unserved, [0, 2])
    assert found.cascade.kind.tolist() == [Kind.SOURCE] and found.cascade.element.tolist() == [1]
    assert found.cascade.loading[0] == pytest.approx(500 / 400, rel=0.1)
    assert (found.lowest_voltage[1], found.lowest_voltage_at[1]) == (0.0, -1)


def test_a_cascade_without_end_in_the_steps_allowed_is_said():
    found = contingencies(
        catcher(0.75), Outages.of([[], [(Kind.CONVERTER, 0), (Kind.CONVERTER, 1)]]), trip=Trip(converter=1.0 + 1e-9),
        max_steps=1, method="pieces",
    )  # fmt: skip
    assert found.status is Status.MAX_ITERATIONS and "scenario 1: the cascade" in found.detail
    np.testing.assert_array_equal(found.ok, [True, False])
    np.testing.assert_array_equal(found.unserved, [0, 6])
    assert found.served_power[1] == 0


def test_what_trips_in_the_base_state_trips_in_every_scenario():
    problem = catcher(0.75)
    limit = Trip(converter=[np.inf, 0.7, np.inf, np.inf])
    found = contingencies(
        problem, Outages.of([[], [(Kind.LOAD, 5)], [(Kind.CONVERTER, 1)]]), trip=limit, method="pieces"
    )
    np.testing.assert_array_equal(found.steps, [2, 2, 1])
    np.testing.assert_array_equal(found.cascade.element, [1, 1])


def test_no_failure_is_the_base_state_and_blocks_do_not_matter():
    problem = intact(FLOW.random_facility(3))
    outages = Outages.concatenate([Outages.of([[]]), Outages.single(problem)])
    base = solve(problem, tolerance=TIGHT)
    one = contingencies(problem, outages, tolerance=TIGHT, method="pieces")
    assert one.loss[0] == pytest.approx(base.loss[0], rel=1e-9)
    assert one.branch_loading[0] == pytest.approx(base.branch_loading.max(), rel=1e-9)
    seen: list[tuple[int, int]] = []
    other = contingencies(
        problem,
        outages,
        tolerance=TIGHT,
        method="pieces",
        block=7,
        progress=lambda done, count: seen.append((done, count)),
    )
    assert seen[-1] == (len(outages), len(outages)) and len(seen) == -(-len(outages) // 7)
    for name in ("loss", "lowest_voltage", "branch_loading", "served_power", "worst_branch_loading"):
        np.testing.assert_allclose(getattr(one, name), getattr(other, name), rtol=1e-9)


def test_a_screening_answers_again_and_with_other_loads():
    problem = intact(FLOW.random_facility(1))
    outages = Outages.single(problem)
    screening = Screening(problem, load_power=0.5 * problem.load_power[0], tolerance=TIGHT, method="pieces")
    first, second = screening.run(outages), screening.run(outages)
    np.testing.assert_array_equal(first.loss, second.loss)
    np.testing.assert_array_equal(first.worst_branch_loading, second.worst_branch_loading)
    halved = contingencies(replace(problem, load_power=0.5 * problem.load_power), outages, tolerance=TIGHT)
    np.testing.assert_allclose(first.loss, halved.loss, rtol=1e-12)


def test_pairs_are_made_on_demand():
    first = Outages.each(Kind.BRANCH, np.arange(1000))
    second = Outages.of([[(Kind.CONVERTER, k), (Kind.BUS, k)] for k in range(1000)])
    pairs = Outages.pairs(first, second)
    assert len(pairs) == 10**6
    part = pairs.part(1999, 2001)
    np.testing.assert_array_equal(part.kind, [Kind.BRANCH, Kind.CONVERTER, Kind.BUS] * 2)
    np.testing.assert_array_equal(part.index, [1, 999, 999, 2, 0, 0])


def collapsing() -> Problem:
    """Two lines to two loads; the loss of the first moves both loads to the second, beyond its nose."""
    return Problem(
        1e6, np.full(3, 415.0), branch_from=[0, 0], branch_to=[1, 2], branch_impedance=[0.2j, 0.2j], source_bus=[0],
        load_power=[1.5e6, 0.5e6], cord_load=[0, 0, 1], cord_bus=[1, 2, 2],
    )  # fmt: skip


def test_a_collapse_is_reported_and_reports_nothing_else():
    problem = collapsing()
    found = contingencies(problem, Outages.each(Kind.BRANCH, [0, 1]), method="pieces")
    np.testing.assert_array_equal(found.ok, [True, True])
    heavier = replace(problem, load_power=np.array([2.2e6, 0.6e6]))
    found = contingencies(heavier, Outages.each(Kind.BRANCH, [0, 1]), method="pieces")
    np.testing.assert_array_equal(found.ok, [False, True])
    assert found.status is Status.DIVERGED and found.status_of(1) is Status.CONVERGED
    assert "scenario 0" in found.detail
    assert found.lowest_voltage[0] == found.loss[0] == 0 and found.unserved_loads(0).tolist() == [0, 1]
    with pytest.raises(SolveError, match="scenario 0"):
        contingencies(heavier, Outages.each(Kind.BRANCH, [0]), raise_on_failure=True)


def test_nothing_to_do_is_an_answer():
    found = contingencies(main_tie_main(), Outages.of([]), method="pieces")
    assert found.status.ok and found.loss.size == 0
    assert (found.worst_branch_scenario == -1).all()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            lambda p: contingencies(p, Outages.each(Kind.BRANCH, [6])),
            r"outages.index\[0\] is 6.*6 elements.*BRANCH",
        ),
        (lambda p: contingencies(p, Outages.of([[(9, 0)]])), r"outages.kind\[0\] is not a Kind"),
        (lambda p: Outages([0, 2], [0], [0]), "kind has shape"),
        (lambda p: Outages([1, 2], [0], [0]), "offsets must rise from 0"),
        (
            lambda p: contingencies(p, Outages.of([]), trip=Trip(branch=[1.0])),
            r"trip.branch has shape \(1,\)",
        ),
        (lambda p: contingencies(p, Outages.of([]), trip=Trip(source=0.0)), r"trip.source\[0\] must be > 0"),
        (
            lambda p: contingencies(p, Outages.of([]), watch=Watch(buses=[6])),
            r"watch.buses\[0\] is not an index",
        ),
        (lambda p: contingencies(p, Outages.of([]), load_power=[1.0]), "load_power has shape"),
        (lambda p: contingencies(p, Outages.of([]), tolerance=0), "tolerance must be > 0"),
        (lambda p: contingencies(p, Outages.of([]), method="fast"), "method must be"),
        (
            lambda p: contingencies(replace(p, source_live=np.ones((2, 2), dtype=bool)), Outages.of([])),
            "must have one scenario",
        ),
    ],
)
def test_a_wrong_question_is_named(change, words):
    with pytest.raises(ValueError, match=words):
        change(main_tie_main())


def test_without_a_compiler_the_general_solver_answers(monkeypatch):
    problem = intact(SCALE.campus(128))
    outages = Outages.single(problem).take(np.arange(0, 400, 10))
    assert problem.bus_voltage.size * len(outages) > 20_000 > problem.bus_voltage.size * 10
    found = contingencies(problem, outages)
    monkeypatch.setattr("solvers.power.contingency.find_spec", lambda name: None)
    plain = contingencies(problem, outages)
    assert found.swept.all() and not plain.swept.any()
    np.testing.assert_allclose(found.lowest_voltage, plain.lowest_voltage, atol=1e-8)
    np.testing.assert_allclose(found.worst_branch_loading, plain.worst_branch_loading, atol=1e-8)
    few = contingencies(problem, outages.take(np.arange(10)))
    assert not few.swept.any()


def test_the_package_of_failures_imports_without_numba():
    code = "import sys, solvers.power.contingency; assert 'numba' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[3])


@pytest.mark.slow
def test_every_state_during_maintenance_of_a_thousand_racks_takes_seconds_and_bounded_memory():
    problem = intact(SCALE.campus(1000, failures=0))
    single = Outages.single(problem)
    machines = single.take(np.linspace(0, len(single) - 1, 25).astype(int))
    pairs = Outages.pairs(machines, single)
    assert problem.bus_voltage.size > 4000 and len(pairs) > 100_000
    contingencies(problem, single)
    tracemalloc.start()
    begun = time.process_time()
    found = contingencies(problem, pairs)
    assert time.process_time() - begun < 60
    assert tracemalloc.get_traced_memory()[1] < 500e6
    tracemalloc.stop()
    assert found.status.ok and found.swept.all()
    # a pair is no better than either of its failures
    assert found.unserved.max() > 0
    some = np.random.default_rng(0).choice(len(pairs), 40, replace=False)
    part = Outages.concatenate([pairs.part(int(k), int(k) + 1) for k in some])
    whole = contingencies(problem, part, method="general")
    np.testing.assert_allclose(found.lowest_voltage[some], whole.lowest_voltage, atol=1e-8)
    np.testing.assert_allclose(found.loss[some], whole.loss, rtol=1e-8)
    np.testing.assert_array_equal(found.unserved[some], whole.unserved)


def test_outages_of_a_facility_with_load_transfer_equal_power_grid_model():
    pytest.importorskip("power_grid_model")
    from tests.benchmarks import facilities
    from tests.benchmarks.power_contingency import updates

    net = facilities.facility("300")
    branches = np.flatnonzero(net.branch_closed)
    change, dead = updates(net, branches)
    theirs = np.nan_to_num(facilities.voltages(facilities.grid_solve(facilities.grid_model(net), change)))
    found = contingencies(
        facilities.problem(net), Outages.each(Kind.BRANCH, branches), watch=Watch(buses=np.arange(dead.shape[1])),
        method="pieces",
    )  # fmt: skip
    # both stop at 1e-8 p.u.
    np.testing.assert_allclose(found.watched.bus_voltage, np.where(dead, 0.0, theirs), atol=1e-8)


@pytest.mark.parametrize("method", ["pieces", "general"])
def test_sources_that_meet_behind_transfer_switches_are_told_by_either_method(method):
    """Bus 5 hangs on source 1 alone, which no way from the common busbar reaches; the loss of branch 4 darkens it."""
    problem = Problem(
        1e6, np.full(6, 415.0), branch_from=[0, 1, 2, 3, 1], branch_to=[2, 3, 4, 4, 5],
        branch_group=[0, 1, -1, -1, -1], branch_impedance=[0, 0, 0, 0, 0.01], source_bus=[0, 1],
        load_power=[1e5, 2e5], cord_load=[0, 1], cord_bus=[4, 5],
    )  # fmt: skip
    found = contingencies(problem, Outages.single(problem), method=method)
    whole = solve(replace(problem, branch_closed=~np.eye(5, dtype=bool)))
    np.testing.assert_allclose(found.served_power[:5], whole.load_served @ [1e5, 2e5], rtol=1e-9)
    assert found.ok.all()
