"""Tap changers and switched capacitors: bands, ends of range, hunting, grading, scenarios."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from solvers.power import Problem, solve
from solvers.power.taps import Regulation, Regulators, regulate
from solvers.status import Status


def feeder(load: Any, **more: Any) -> Problem:
    """Source, transformer 0.1j (branch 0, bus 0 to 1), line 0.05 + 0.05j to the loaded bus 2; 1 p.u. = 10 MVA."""
    fields: dict[str, Any] = dict(
        branch_from=[0, 1], branch_to=[1, 2], branch_impedance=[0.1j, 0.05 + 0.05j], source_bus=[0],
        load_power=load, cord_load=[0], cord_bus=[2],
    )  # fmt: skip
    return Problem(10e6, np.array([33e3, 11e3, 11e3]), **(fields | more))


def changer(**more: Any) -> Regulators:
    fields: dict[str, Any] = dict(
        tap_branch=[0], tap_bus=[1], tap_target=[1.0], tap_band=[0.02], tap_step=[0.0125], tap_low=[-8],
        tap_high=[8],
    )  # fmt: skip
    return Regulators(**(fields | more))


def test_an_ideal_transformer_ends_at_the_position_that_can_be_worked_out():
    p = feeder([0.0], branch_impedance=[0, 0.05 + 0.05j])
    r = regulate(p, changer(tap_target=[1.05], tap_band=[0.01], tap_step=[0.01]))
    assert r.status.ok and r.settled.all()
    assert r.tap_position[0, 0] == -5 and abs(r.solution.bus_voltage[0, 1]) == pytest.approx(1 / 0.95)
    assert r.tap_ending[0, 0] == Regulation.HELD


def test_every_scenario_has_its_own_position_and_its_voltage_in_the_band():
    load = np.linspace(0, 9e6, 7)[:, None] * (1 + 0.4j)
    r = regulate(feeder(load), changer())
    assert r.status.ok and np.all(r.tap_ending == Regulation.HELD)
    assert np.all(np.abs(np.abs(r.solution.bus_voltage[:, 1]) - 1.0) <= 0.01)
    assert np.all(np.diff(r.tap_position[:, 0]) <= 0) and r.tap_position[-1, 0] < -2
    assert r.tap_position[0, 0] == 0


def test_the_result_is_the_power_flow_of_the_final_positions():
    load = np.array([[2e6 + 1e6j], [8e6 + 3e6j]])
    p = feeder(load)
    r = regulate(p, changer())
    for i in range(2):
        tap = np.array([1 + 0.0125 * r.tap_position[i, 0], 1.0])
        one = solve(replace(p, branch_tap=tap, load_power=load[i]))
        np.testing.assert_allclose(r.solution.bus_voltage[i], one.bus_voltage[0], rtol=0, atol=1e-7)
        assert r.solution.loss[i] == pytest.approx(one.loss[0], rel=1e-5)


def test_a_voltage_inside_the_band_moves_nothing():
    r = regulate(feeder([1e5]), changer())
    assert r.rounds == 1 and r.tap_position[0, 0] == 0


def test_a_changer_that_is_still_moving_when_the_rounds_end_says_so():
    r = regulate(feeder([9e6 + 4e6j]), changer(), max_rounds=1)
    assert not r.settled[0] and r.tap_ending[0, 0] == Regulation.MOVING
    assert r.status is Status.MAX_ITERATIONS


def test_a_changer_at_the_end_of_its_range_says_so():
    r = regulate(feeder([9e6 + 4e6j]), changer(tap_low=[-1], tap_high=[1]))
    assert r.tap_position[0, 0] == -1 and r.tap_ending[0, 0] == Regulation.AT_END and r.status.ok


def test_a_band_narrower_than_a_step_ends_at_the_nearest_position_and_says_that_it_hunts():
    p = feeder([0.0], branch_impedance=[0, 0.05 + 0.05j])
    r = regulate(p, changer(tap_target=[1.006], tap_band=[0.002], tap_step=[0.01]))
    assert r.settled.all() and r.tap_ending[0, 0] == Regulation.HUNTING
    assert r.tap_position[0, 0] in (0, -1)
    assert abs(abs(r.solution.bus_voltage[0, 1]) - 1.006) == pytest.approx(1 / 0.99 - 1.006)


def test_a_changer_may_hold_a_remote_bus_and_a_bus_on_its_from_side():
    r = regulate(feeder([7e6 + 2e6j]), changer(tap_bus=[2]))
    assert r.tap_ending[0, 0] == Regulation.HELD
    assert abs(abs(r.solution.bus_voltage[0, 2]) - 1) <= 0.01
    turned = feeder([7e6 + 2e6j], branch_from=[1, 1], branch_to=[0, 2])
    back = regulate(turned, changer())
    assert back.tap_ending[0, 0] == Regulation.HELD and back.tap_position[0, 0] > 0


def test_of_two_changers_in_series_the_slower_one_moves_last():
    p = feeder([7e6 + 2e6j], branch_impedance=[0.08j, 0.02 + 0.06j])
    two: dict[str, Any] = dict(
        tap_branch=[0, 1], tap_bus=[1, 2], tap_target=[1.0, 1.0], tap_band=[0.02, 0.02],
        tap_step=[0.0125, 0.0125], tap_low=[-8, -8], tap_high=[8, 8],
    )  # fmt: skip
    graded = regulate(p, Regulators(**two, tap_delay=[30, 60]))
    assert np.all(graded.tap_ending == Regulation.HELD)
    only = regulate(p, changer())
    assert graded.tap_position[0, 0] == only.tap_position[0, 0]  # the upstream one ends as if it were alone
    assert regulate(p, Regulators(**two)).settled.all()


def test_a_capacitor_bank_switches_in_until_the_voltage_is_in_its_band():
    bank = Regulators(bank_bus=[2], bank_target=[0.99], bank_band=[0.03], bank_step=[0.1], bank_high=[10])
    load = np.array([[1e6 + 0.2e6j], [5e6 + 4e6j]])
    r = regulate(feeder(load), bank)
    assert r.bank_position[:, 0].tolist()[0] == 0 and 2 <= r.bank_position[1, 0] <= 10
    assert np.all(r.bank_ending == Regulation.HELD)
    short = regulate(feeder(load), replace(bank, bank_high=np.array([1])))
    assert short.bank_ending[1, 0] == Regulation.AT_END


def test_open_and_failed_scenarios_are_left_alone():
    p = feeder([[5e6 + 2e6j]] * 2 + [[60e6]], branch_closed=[[True, True], [False, True], [True, True]])
    r = regulate(p, changer())
    assert r.solution.scenario_ok.tolist() == [True, True, False]
    assert r.tap_ending[:, 0].tolist() == [Regulation.HELD, Regulation.OFF, Regulation.OFF]
    assert r.tap_position[1:, 0].tolist() == [0, 0]
    assert not r.status.ok and r.solution.detail


@pytest.mark.parametrize("seed", range(4))
def test_random_feeders_with_many_devices_come_to_rest(seed):
    rng = np.random.default_rng(seed)
    n = 15
    up = [int(rng.integers(max(0, b - 4), b)) for b in range(1, n)]
    p = Problem(
        10e6, np.full(n, 11e3), branch_from=up, branch_to=np.arange(1, n),
        branch_impedance=rng.uniform(0.005, 0.03, n - 1) * (0.3 + 1j), source_bus=[0],
        load_power=rng.uniform(0, 6e5, (6, n)) * (1 + 0.4j), cord_load=np.arange(n), cord_bus=np.arange(n),
    )  # fmt: skip
    at = rng.choice(n - 1, 4, replace=False)
    r = regulate(
        p,
        Regulators(
            tap_branch=at,
            tap_bus=at + 1,
            tap_target=np.full(4, 1.0),
            tap_band=np.full(4, 0.016),
            tap_step=np.full(4, 0.01),
            tap_low=np.full(4, -10),
            tap_high=np.full(4, 10),
            bank_bus=[n - 1],
            bank_target=[1.0],
            bank_band=[0.05],
            bank_step=[0.02],
            bank_high=[5],
        ),
    )
    assert r.settled.all() and r.status.ok
    held = r.tap_ending == Regulation.HELD
    assert held.mean() > 0.8
    v = np.abs(r.solution.bus_voltage[:, at + 1])
    assert np.all(np.abs(v - 1)[held] <= 0.008 + 1e-12)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"tap_branch": [5]}, r"tap_branch\[0\]"),
        ({"tap_step": [0.0]}, r"tap_step\[0\]"),
        ({"tap_low": [3], "tap_high": [1]}, "tap_low"),
        ({"tap_band": [0.01, 0.02]}, "expected 1"),
    ],
)
def test_a_wrong_field_is_named(change, words):
    with pytest.raises(ValueError, match=words):
        regulate(feeder([1e6]), changer(**change))
