"""Power flow of facilities: closed forms, balances on random networks, switching, converters, collapse."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from solvers.power import Problem, Solution, input_for_output, solve
from solvers.status import SolveError, Status

MODERN_UPS = (0.0055, 0.012, 0.013)


def dc_line(resistance: float, load: Any, **more: Any) -> Problem:
    """One DC source, one resistance, one constant-power load; 1 p.u. = 100 kW at 800 V."""
    fields: dict[str, Any] = dict(
        bus_dc=[True, True], branch_from=[0], branch_to=[1], branch_impedance=[resistance], source_bus=[0],
        load_power=load, cord_load=[0], cord_bus=[1],
    )  # fmt: skip
    return Problem(1e5, np.array([800.0, 800.0]), **(fields | more))


def random_facility(seed: int, scenarios: int = 40, buses: int = 40) -> Problem:
    """Tree of branches and converters with transfer switches, dual cords and random outages."""
    rng = np.random.default_rng(seed)
    dc = [False, False]
    ends: list[tuple[int, int, int, int]] = []  # from, to, group, rank
    stages: list[tuple[int, int]] = []
    for bus in range(2, buses):
        up = int(rng.integers(max(0, bus - 12), bus))
        kind = rng.random()
        if kind < 0.2:
            stages.append((up, bus))
            dc.append(bool(rng.random() < 0.4))
        else:
            dc.append(dc[up])
            peers = [b for b in range(bus) if dc[b] == dc[up] and b != up]
            if kind < 0.4 and peers:
                ends += [(up, bus, bus, 0), (int(rng.choice(peers)), bus, bus, 1)]
            else:
                ends.append((up, bus, -1, 0) if rng.random() < 0.5 else (bus, up, -1, 0))
    a = np.array(ends)
    e, c, k = len(ends), len(stages), 60
    z = rng.uniform(0.001, 0.004, e) * (1 + 2j) * (rng.random(e) < 0.7)
    is_dc = np.array(dc)
    tap = np.where(is_dc[a[:, 1]], 1.0, np.where(rng.random(e) < 0.2, rng.uniform(0.97, 1.03, e), 1.0))
    loads = 40
    return Problem(
        1e6, np.where(is_dc, 800.0, 415.0), bus_dc=is_dc,
        bus_shunt=rng.uniform(0, 2e-4, buses) + 1e-3j * rng.uniform(0, 1, buses),
        branch_from=a[:, 0], branch_to=a[:, 1], branch_group=a[:, 2], branch_rank=a[:, 3],
        branch_impedance=z, branch_tap=tap, branch_charging=rng.uniform(0, 1e-3, e), branch_rating=np.full(e,
        1e3),
        branch_closed=rng.random((scenarios, e)) < 0.97,
        source_bus=[0, 1], source_voltage=[1.02, 1.0], source_live=rng.random((scenarios, 2)) < 0.9,
        converter_from=[s[0] for s in stages], converter_to=[s[1] for s in stages],
        converter_rating=rng.uniform(2e5, 1e6, c), converter_loss=np.tile(MODERN_UPS, (c, 1)),
        converter_input_pf=rng.uniform(0.95, 1, c), converter_voltage=rng.uniform(0.98, 1.02, c),
        converter_live=rng.random((scenarios, c)) < 0.97,
        load_power=rng.uniform(5e3, 3e4, (scenarios, loads)) * (1 + 0.2j),
        cord_load=np.r_[np.arange(loads), rng.integers(0, loads, k - loads)], cord_bus=rng.integers(0, buses,
        k),
        cord_weight=rng.uniform(0.5, 1, k), cord_on=rng.random((scenarios, k)) < 0.98,
    )  # fmt: skip


def bus_mismatch(problem: Problem, s: Solution) -> np.ndarray:
    """Complex power that does not add up at each bus, p.u., from the powers reported."""
    total = np.zeros(s.bus_voltage.shape, dtype=complex).T
    np.add.at(total, problem.branch_from, s.branch_power_from.T)
    np.subtract.at(total, problem.branch_to, s.branch_power_to.T)
    np.add.at(total, problem.converter_from, s.converter_input.T)
    np.subtract.at(total, problem.converter_to, s.converter_output.T)
    np.subtract.at(total, problem.source_bus, s.source_power.T)
    np.subtract.at(total, problem.generator_bus, s.generator_output.T)
    np.add.at(total, problem.cord_bus, s.cord_power.T)
    return total.T / problem.base_power + np.conj(problem.bus_shunt) * np.abs(s.bus_voltage) ** 2


def law_error(problem: Problem, s: Solution) -> np.ndarray:
    """V_from / tap - V_to - Z I of every closed live branch, p.u."""
    v_from, v_to = s.bus_voltage[:, problem.branch_from], s.bus_voltage[:, problem.branch_to]
    to_end = s.branch_power_to / problem.base_power
    series = np.conj(to_end / np.where(v_to == 0, 1, v_to)) + 0.5j * problem.branch_charging * v_to
    conducts = s.branch_closed & s.bus_live[:, problem.branch_from]
    return np.where(conducts, v_from / problem.branch_tap - v_to - problem.branch_impedance * series, 0.0)


@pytest.mark.parametrize("method", ["sweep", "newton"])
def test_direct_current_line_follows_the_quadratic(method):
    resistance, load = 0.1, np.array([0.1, 0.5, 1.0, 1.5, 2.0])
    s = solve(dc_line(resistance, load[:, None] * 1e5), method=method, tolerance=1e-14)
    assert s.status.ok
    exact = (1 + np.sqrt(1 - 4 * resistance * load)) / 2
    np.testing.assert_allclose(s.bus_voltage[:, 1], exact, rtol=0, atol=1e-12)
    np.testing.assert_allclose(s.branch_current[:, 0], load * 1e5 / (exact * 800), rtol=1e-12)
    np.testing.assert_allclose(s.loss, resistance * (load / exact) ** 2 * 1e5, rtol=1e-10)


def test_alternating_current_is_counted_per_phase():
    z, load = 0.02 + 0.06j, 0.8 + 0.3j
    p = Problem(
        1e6, np.array([415.0, 415.0]), branch_from=[0], branch_to=[1], branch_impedance=[z],
        branch_rating=[2000.0],
        source_bus=[0], load_power=[load * 1e6], cord_load=[0], cord_bus=[1],
    )  # fmt: skip
    s = solve(p, tolerance=1e-13)
    # |V|^2 of a two-bus line solves u^2 + (2 Re(z S*) - 1) u + |z S|^2 = 0
    half = 0.5 - (z * np.conj(load)).real
    v = np.sqrt(half + np.sqrt(half**2 - abs(z * load) ** 2))
    assert abs(s.bus_voltage[0, 1]) == pytest.approx(v, abs=1e-12)
    assert s.branch_current[0, 0] == pytest.approx(abs(load) * 1e6 / (np.sqrt(3) * 415 * v), rel=1e-11)
    assert s.branch_loading[0, 0] == pytest.approx(s.branch_current[0, 0] / 2000)


@pytest.mark.parametrize("method", ["sweep", "newton", "auto"])
def test_collapse_is_reported_not_raised(method):
    p = dc_line(0.1, [[1e5], [2.6e5], [40e5]])  # the most a line can carry is E^2 / 4R = 2.5 p.u.
    s = solve(p, method=method)
    assert list(s.scenario_ok) == [True, False, False]
    assert not s.status.ok and s.detail
    assert list(s.load_served[:, 0]) == [True, False, False]
    for value in vars(s).values():
        if isinstance(value, np.ndarray):
            assert np.all(np.isfinite(value))
    assert np.all(s.bus_voltage[1:] == 0) and np.all(s.power_error[1:] == 1)
    with pytest.raises(SolveError):
        solve(p, method=method, raise_on_failure=True)


def test_close_to_the_nose_newton_takes_over_from_the_sweep():
    load = 2.5 * (1 - 1e-5)
    p = dc_line(0.1, [load * 1e5])
    assert solve(p, method="sweep").status is Status.MAX_ITERATIONS
    s = solve(p)
    assert s.status.ok
    assert s.bus_voltage[0, 1].real == pytest.approx((1 + np.sqrt(1 - 0.4 * load)) / 2, abs=1e-5)


@pytest.mark.parametrize("seed", range(20))
def test_power_balances_on_random_facilities_with_outages(seed):
    p = random_facility(seed)
    s = solve(p, tolerance=1e-12)
    assert s.status.ok, s.detail
    assert 0 < s.load_served.mean() < 1
    assert np.abs(bus_mismatch(p, s)).max() < 1e-9
    assert np.abs(law_error(p, s)).max() < 1e-9
    assert s.power_error[s.load_served.any(axis=1)].max() < 1e-9
    assert np.all(s.branch_loss > -1e-6)
    assert np.all(s.bus_voltage[~s.bus_live] == 0)


@pytest.mark.parametrize("seed", range(8))
def test_sweep_and_newton_agree_on_random_facilities(seed):
    p = random_facility(seed, scenarios=12)
    sweep, newton = (solve(p, method=m, tolerance=1e-12) for m in ("sweep", "newton"))
    assert sweep.status.ok and newton.status.ok, (sweep.detail, newton.detail)
    np.testing.assert_allclose(sweep.bus_voltage, newton.bus_voltage, rtol=0, atol=1e-9)
    for name in ("branch_power_from", "branch_power_to", "converter_input", "source_power"):
        np.testing.assert_allclose(
            getattr(sweep, name), getattr(newton, name), rtol=0, atol=1e-9 * p.base_power
        )


@pytest.mark.parametrize("method", ["sweep", "newton"])
def test_a_batch_equals_its_scenarios_one_by_one(method):
    p = random_facility(3, scenarios=70)  # more than one block of 64
    batch = solve(p, method=method)
    for i in range(0, 70, 9):
        names = ("branch_closed", "source_live", "converter_live", "load_power", "cord_on")
        one = solve(replace(p, **{n: getattr(p, n)[i] for n in names}), method=method)
        np.testing.assert_allclose(one.bus_voltage[0], batch.bus_voltage[i], rtol=0, atol=1e-10)
        np.testing.assert_array_equal(one.branch_closed[0], batch.branch_closed[i])
        np.testing.assert_array_equal(one.load_served[0], batch.load_served[i])


def two_sided(**more: Any) -> Problem:
    """Two sources A and B, a transfer switch to bus 2 that prefers A, and a rack on cords at A (0) and B
    (1)."""
    fields: dict[str, Any] = dict(
        branch_from=[0, 1], branch_to=[2, 2], branch_impedance=[0.01j, 0.01j], branch_group=[7, 7],
        branch_rank=[0, 1], source_bus=[0, 1],
        source_live=[[True, True], [False, True], [True, False], [False, False]],
        load_power=[100e3 + 20e3j, 60e3], cord_load=[0, 0, 1], cord_bus=[0, 1, 2],
    )  # fmt: skip
    return Problem(1e6, np.full(3, 415.0), **(fields | more))


def test_a_transfer_switch_takes_the_best_energised_input():
    s = solve(two_sided())
    assert s.branch_closed.tolist() == [[True, False], [False, True], [True, False], [False, False]]
    assert s.bus_live[:, 2].tolist() == [True, True, True, False]
    assert s.load_served[:, 1].tolist() == [True, True, True, False]


def test_a_transfer_switch_passes_over_an_input_that_is_open():
    s = solve(two_sided(branch_closed=[[False, True]] * 4))
    assert s.branch_closed[:, 1].tolist() == [True, True, False, False]


def test_losing_one_side_doubles_the_other_and_losing_both_serves_nothing():
    s = solve(two_sided())
    assert s.cord_power[:, 0].tolist() == [50e3 + 10e3j, 0, 100e3 + 20e3j, 0]
    assert s.cord_power[:, 1].tolist() == [50e3 + 10e3j, 100e3 + 20e3j, 0, 0]
    assert s.load_served[:, 0].tolist() == [True, True, True, False]
    assert s.status.ok and s.power_error.max() < 1e-9


def test_cord_weights_set_the_division():
    s = solve(
        two_sided(cord_weight=[3.0, 1.0, 1.0], cord_on=[[True, True, True]] * 3 + [[False, False, True]])
    )
    assert s.cord_power[0, 0].real == pytest.approx(75e3)
    assert not s.load_served[3, 0]


def main_tie_main(live: Any, rank_of_tie: int = 1) -> Solution:
    """Mains 0 and 1 feed boards 2 and 3; each board's switch may also take the other board."""
    main = 1 - rank_of_tie
    p = Problem(
        1e6, np.full(4, 415.0), branch_from=[0, 3, 1, 2], branch_to=[2, 2, 3, 3], branch_group=[0, 0, 1, 1],
        branch_rank=[main, rank_of_tie] * 2, source_bus=[0, 1], source_live=live,
        load_power=[1e5, 2e5], cord_load=[0, 1], cord_bus=[2, 3],
    )  # fmt: skip
    return solve(p)


def test_main_tie_main_feeds_both_boards_from_the_main_that_is_left():
    s = main_tie_main([[True, True], [True, False], [False, True], [False, False]])
    assert s.status.ok
    assert s.branch_closed.tolist() == [
        [True, False, True, False], [True, False, False, True], [False, True, True, False], [False] * 4,
    ]  # fmt: skip
    np.testing.assert_allclose(s.source_power.real, [[1e5, 2e5], [3e5, 0], [0, 3e5], [0, 0]], atol=1e-3)


def test_switches_that_prefer_each_other_do_not_feed_themselves():
    s = main_tie_main([[True, True]], rank_of_tie=0)
    assert s.load_served.all() and s.status.ok
    assert s.branch_closed[0].tolist() == [True, False, True, False]


@pytest.mark.parametrize("method", ["sweep", "newton"])
def test_a_ups_draws_output_plus_loss_at_its_input_power_factor(method):
    load = np.array([0.0, 0.25, 0.5, 1.0, 1.2]) * 1e6
    p = Problem(
        1e6, np.full(2, 415.0), source_bus=[0], source_voltage=[0.97], converter_from=[0], converter_to=[1],
        converter_rating=[1e6], converter_loss=[MODERN_UPS], converter_input_pf=[0.99],
        load_power=load[:, None] * (1 + 0.3j), cord_load=[0], cord_bus=[1],
    )  # fmt: skip
    s = solve(p, method=method)
    np.testing.assert_allclose(s.bus_voltage[:, 1], 1.0)
    np.testing.assert_allclose(s.converter_output[:, 0], load * (1 + 0.3j), atol=1e-6)
    np.testing.assert_allclose(s.converter_input[:, 0].real, input_for_output(load, 1e6, MODERN_UPS))
    np.testing.assert_allclose(s.converter_input[:, 0].real, 0.99 * np.abs(s.converter_input[:, 0]))
    assert s.converter_loss[0, 0] == pytest.approx(5500.0)
    np.testing.assert_allclose(s.converter_loading[:, 0], load / 1e6, atol=1e-12)
    np.testing.assert_allclose(s.loss, s.converter_loss[:, 0])


@pytest.mark.parametrize("method", ["sweep", "newton"])
@pytest.mark.parametrize("ideal", [True, False])
def test_parallel_units_share_in_proportion_to_rating(method, ideal):
    """Three units on one bus, or on own output buses joined by ideal breakers; the second is lost in scenario
    1."""
    out = [2, 3, 4] if ideal else [1, 1, 1]
    branches: dict[str, Any] = dict(branch_from=[2, 1, 4], branch_to=[1, 3, 1]) if ideal else {}
    p = Problem(
        1e6, np.full(5, 415.0), source_bus=[0], converter_from=[0, 0, 0], converter_to=out,
        converter_rating=[1e6, 2e6, 1e6], converter_loss=[MODERN_UPS] * 3,
        converter_live=[[True, True, True], [True, False, True], [False, False, False]],
        load_power=[1.2e6 + 0.4e6j], cord_load=[0], cord_bus=[1], **branches,
    )  # fmt: skip
    s = solve(p, method=method)
    assert s.status.ok, s.detail
    np.testing.assert_allclose(
        s.converter_output.real, [[3e5, 6e5, 3e5], [6e5, 0, 6e5], [0, 0, 0]], atol=1e-4
    )
    assert s.load_served[:, 0].tolist() == [True, True, False]
    assert np.abs(bus_mismatch(p, s)).max() < 1e-12
    if ideal:
        np.testing.assert_allclose(s.branch_power_to[0].real, [3e5, -6e5, 3e5], atol=1e-4)


def test_converters_in_series_chain_their_losses():
    rating = np.array([1e6, 5e5, 2e5])
    p = Problem(
        1e6, np.array([13.8e3, 415.0, 800.0, 54.0]), bus_dc=[False, False, True, True], source_bus=[0],
        converter_from=[0, 1, 2], converter_to=[1, 2, 3], converter_rating=rating,
        converter_loss=[MODERN_UPS] * 3, load_power=[1e5], cord_load=[0], cord_bus=[3],
    )  # fmt: skip
    s = solve(p)
    power = 1e5
    for stage in (2, 1, 0):
        power = float(input_for_output(power, rating[stage], MODERN_UPS))
    assert s.source_power[0, 0].real == pytest.approx(power, rel=1e-12)
    assert s.iterations <= 3


def ring(**more: Any) -> Problem:
    fields: dict[str, Any] = dict(
        branch_from=[0, 1, 2], branch_to=[1, 2, 0], branch_impedance=[0.01 + 0.02j, 0.03j, 0.02 + 0.01j],
        source_bus=[0], load_power=[[4e5 + 1e5j, 3e5]], cord_load=[0, 1], cord_bus=[1, 2],
    )  # fmt: skip
    return Problem(1e6, np.full(3, 415.0), **(fields | more))


def test_a_closed_ring_is_solved_by_newton_and_an_open_one_by_the_sweep():
    p = ring(branch_closed=[[True, True, True], [True, False, True]])
    s = solve(p, tolerance=1e-12)
    assert s.status.ok
    assert np.abs(bus_mismatch(p, s)).max() < 1e-11 and np.abs(law_error(p, s)).max() < 1e-11
    assert solve(p, method="sweep").scenario_ok.tolist() == [False, True]


def test_an_ideal_branch_in_a_ring_is_merged_exactly():
    merged, tiny = (
        solve(ring(branch_impedance=[0.01 + 0.02j, z, 0.02 + 0.01j]), tolerance=1e-13) for z in (0, 1e-7j)
    )
    assert merged.bus_voltage[0, 1] == merged.bus_voltage[0, 2]
    np.testing.assert_allclose(merged.bus_voltage, tiny.bus_voltage, atol=1e-7)
    np.testing.assert_allclose(merged.branch_power_to, tiny.branch_power_to, atol=1.0)


def test_sources_that_contradict_each_other_are_infeasible():
    s = solve(ring(branch_impedance=[0, 0.01, 0.01], source_bus=[0, 1], source_voltage=[1.0, 1.02]))
    assert s.status is Status.INFEASIBLE and "busbar" in s.detail


def test_meshed_islands_behind_converters_are_solved_from_the_load_side():
    p = Problem(
        1e6, np.full(5, 415.0), branch_from=[0, 1, 2, 4], branch_to=[1, 2, 0, 3],
        branch_impedance=[0.01 + 0.02j, 0.03j, 0.02 + 0.01j, 0.01j],
        branch_closed=[[True, True, True, True], [True, True, False, True]],
        source_bus=[4], converter_from=[3], converter_to=[0], converter_rating=[1e6],
        converter_loss=[MODERN_UPS],
        load_power=[4e5 + 1e5j, 3e5], cord_load=[0, 1], cord_bus=[1, 2],
    )  # fmt: skip
    s = solve(p, tolerance=1e-12)
    assert s.status.ok, s.detail
    assert np.abs(bus_mismatch(p, s)).max() < 1e-11 and s.power_error.max() < 1e-11


def test_a_converter_beside_a_closed_bypass_settles():
    """Input and output are one island: the unit's input depends on itself."""
    p = Problem(
        1e6, np.full(3, 415.0), branch_from=[0, 1], branch_to=[1, 2], branch_impedance=[0.01j, 0.05j],
        source_bus=[0],
        converter_from=[1], converter_to=[2], converter_rating=[1e6], converter_loss=[MODERN_UPS],
        load_power=[5e5], cord_load=[0], cord_bus=[2],
    )  # fmt: skip
    s = solve(p, tolerance=1e-11)
    assert s.status.ok, s.detail
    assert s.power_error[0] < 1e-9 and np.abs(bus_mismatch(p, s)).max() < 1e-9


def test_nothing_live_is_an_answer():
    s = solve(dc_line(0.1, [1e5], source_live=[False]))
    assert s.status.ok and not s.load_served.any() and not s.bus_live.any() and s.loss[0] == 0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"branch_to": [5]}, "branch_to"),
        ({"branch_impedance": [np.nan]}, "branch_impedance"),
        ({"load_power": [[1e5]] * 2, "source_live": [[True]] * 3}, "number of scenarios"),
        ({"bus_dc": [True, False]}, "converter"),
        ({"cord_bus": None}, "cord_bus"),
        ({"branch_tap": [0]}, "branch_tap"),
        ({"branch_from": [0.5]}, "whole numbers"),
    ],
)
def test_a_wrong_field_is_named(change, words):
    change = {k: np.empty(0) if v is None else v for k, v in change.items()}
    with pytest.raises(ValueError, match=words):
        dc_line(0.1, change.pop("load_power", [1e5]), **change)


@pytest.mark.parametrize("method", ["sweep", "newton"])
def test_ideal_sources_on_one_busbar_share_equally(method):
    p = Problem(
        1e6, np.full(3, 415.0), branch_from=[0, 1], branch_to=[2, 2], source_bus=[0, 1],
        source_live=[[True, True], [True, False]], load_power=[1e5], cord_load=[0], cord_bus=[2],
    )  # fmt: skip
    s = solve(p, method=method)
    np.testing.assert_allclose(s.source_power.real, [[5e4, 5e4], [1e5, 0]], atol=1e-6)
    np.testing.assert_allclose(s.branch_power_to.real, [[5e4, 5e4], [1e5, 0]], atol=1e-6)


def test_a_switch_below_a_self_fed_one_keeps_its_preferred_input():
    """Switch X prefers bus 2,
    which only X itself feeds; switch Y below it prefers X's output over the source."""
    p = Problem(
        1e6, np.full(4, 415.0), branch_from=[2, 0, 1, 1, 0], branch_to=[1, 1, 2, 3, 3],
        branch_group=[0, 0, -1, 1, 1], branch_rank=[0, 1, 0, 0, 1], source_bus=[0],
        load_power=[1e5], cord_load=[0], cord_bus=[3],
    )  # fmt: skip
    s = solve(p)
    assert s.status.ok and s.load_served.all()
    assert s.branch_closed[0].tolist() == [False, True, True, True, False]


def test_a_source_feeds_its_own_board_though_it_meets_another_behind_a_transfer_switch():
    """Sources 0 and 1 feed bus 4 in parallel, each through a switch (buses 2, 3); bus 5 hangs on source 1 alone.

    No way from the common busbar leads back through a switch, so the tree of one root does not reach bus 5.
    """
    problem = Problem(
        1e6, np.full(6, 415.0), branch_from=[0, 1, 2, 3, 1], branch_to=[2, 3, 4, 4, 5],
        branch_group=[0, 1, -1, -1, -1], branch_impedance=[0, 0, 0, 0, 0.01], source_bus=[0, 1],
        load_power=[1e5, 2e5], cord_load=[0, 1], cord_bus=[4, 5],
    )  # fmt: skip
    found = solve(problem)
    assert found.status.ok and found.load_served.all()
    assert found.source_power.real.sum() == pytest.approx(3e5 + found.loss[0], rel=1e-8)
    # V (1 - V) = r P at the end of a resistance of 0.01 under 0.2
    assert found.bus_voltage[0, 5].real == pytest.approx((1 + np.sqrt(1 - 4 * 0.01 * 0.2)) / 2, rel=1e-9)
