"""What is wrong is named; and whatever is wrong, results are finite or masked."""

from __future__ import annotations

import warnings
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from solvers.power import Problem, Solution, solve
from solvers.power.diagnosis import Diagnosis, Kind, diagnose
from solvers.power.margin import loadability
from solvers.status import Status


def network(**more: Any) -> Problem:
    """Source 0 - 1 - 2 with a load at 2; 1 p.u. = 1 MVA at 415 V."""
    given: dict[str, Any] = dict(
        branch_from=[0, 1], branch_to=[1, 2], branch_impedance=[0.01 + 0.02j, 0.01 + 0.02j], source_bus=[0],
        load_power=[2e5], cord_load=[0], cord_bus=[2],
    )  # fmt: skip
    given |= more
    return Problem(1e6, np.full(given.pop("buses", 3), 415.0), **given)


def kinds(found: tuple[Diagnosis, ...]) -> set[Kind]:
    return {item.kind for item in found}


def only(found: tuple[Diagnosis, ...], kind: Kind) -> Diagnosis:
    (item,) = (item for item in found if item.kind is kind)
    return item


def test_a_sound_network_has_nothing_to_say():
    assert diagnose(network()) == ()


def test_impedances_that_no_equipment_has_are_named():
    found = diagnose(network(branch_impedance=[-0.01 + 0.02j, 0.01 - 0.02j]))
    assert only(found, Kind.NEGATIVE_RESISTANCE).index == 0
    assert only(found, Kind.NEGATIVE_REACTANCE).index == 1
    assert only(diagnose(network(branch_impedance=[1e-9j, 0.02j])), Kind.TINY_IMPEDANCE).index == 0


def test_a_load_that_no_switching_can_feed_is_named_and_one_that_is_off_is_not():
    cut = network(buses=4, load_power=[2e5, 1e5], cord_load=[0, 1], cord_bus=[2, 3])
    item = only(diagnose(cut), Kind.DISCONNECTED_LOAD)
    assert item.index == 1 and item.others == (("bus", 3),)
    opened = network(branch_closed=[[True, False], [True, True]])
    assert Kind.DISCONNECTED_LOAD not in kinds(diagnose(opened))


def test_a_generator_without_a_source_is_named():
    p = network(buses=4, generator_bus=[3], generator_power=[1e5])
    assert only(diagnose(p), Kind.DISCONNECTED_GENERATOR).index == 0


def test_two_sources_out_of_phase_on_one_busbar_are_named_with_their_angle():
    p = network(
        buses=4, branch_from=[0, 1, 3], branch_to=[1, 2, 0], branch_impedance=[0.02j, 0.02j, 0],
        source_bus=[0, 3], source_voltage=[1.0, np.exp(1j * np.deg2rad(30))],
    )  # fmt: skip
    item = only(diagnose(p), Kind.HELD_TWICE)
    assert item.element == "source" and item.index == 1 and item.others == (("source", 0),)
    assert "30 degrees" in item.message


def test_sources_out_of_phase_over_a_low_impedance_push_more_than_the_rating():
    p = network(
        branch_rating=[2000.0, 2000.0], source_bus=[0, 2], source_voltage=[1.0, np.exp(0.2j)], cord_bus=[1]
    )
    found = [item for item in diagnose(p) if item.kind is Kind.CIRCULATING_CURRENT]
    amperes = 2 * np.sin(0.1) / abs(0.02 + 0.04j) * 1e6 / (np.sqrt(3) * 415)
    assert [item.index for item in found] == [0, 1]
    assert found[0].value == pytest.approx(amperes / 2000, rel=1e-9)
    assert Kind.CIRCULATING_CURRENT not in kinds(diagnose(replace(p, branch_rating=np.full(2, 1e5))))


def test_a_busbar_held_by_a_source_and_a_converter_is_named():
    p = network(buses=4, source_bus=[0, 2], converter_from=[1], converter_to=[2], converter_rating=[1e6])
    item = only(diagnose(p), Kind.SOURCE_AND_CONVERTER)
    assert (item.element, item.index, item.others) == ("converter", 0, (("source", 1),))


def test_converters_at_different_voltages_on_one_busbar_are_named():
    p = network(
        buses=3, branch_from=[0], branch_to=[1], branch_impedance=[0.01j], converter_from=[1, 1],
        converter_to=[2, 2], converter_rating=[1e6, 1e6], converter_voltage=[1.0, 1.01],
    )  # fmt: skip
    assert only(diagnose(p), Kind.HELD_TWICE).element == "converter"


def test_a_shorted_converter_and_a_loop_of_unequal_ratios_are_named():
    shorted = network(
        branch_impedance=[0.01j, 0], converter_from=[1], converter_to=[2], converter_rating=[1e6]
    )
    assert only(diagnose(shorted), Kind.SHORTED_CONVERTER).index == 0
    loop = network(
        branch_from=[0, 0, 1], branch_to=[1, 1, 2], branch_impedance=[0, 0, 0.01j], branch_tap=[1.05, 1.0, 1]
    )
    assert only(diagnose(loop), Kind.RATIO_LOOP).index == 1


def test_transfer_switches_that_only_feed_each_other_are_named():
    p = Problem(
        1e6, np.full(4, 415.0), branch_from=[2, 1, 0], branch_to=[1, 2, 3], branch_group=[0, 1, -1],
        source_bus=[0], load_power=[1e5, 1e5], cord_load=[0, 1], cord_bus=[2, 3],
    )  # fmt: skip
    found = diagnose(p)
    assert {item.index for item in found if item.kind is Kind.SWITCH_LOOP} == {0, 1}
    assert only(found, Kind.DISCONNECTED_LOAD).index == 0


def test_an_input_fed_by_its_own_switch_is_named_and_main_tie_main_is_not():
    p = Problem(
        1e6, np.full(3, 415.0), branch_from=[2, 0, 1], branch_to=[1, 1, 2], branch_group=[0, 0, -1],
        branch_rank=[0, 1, 0], source_bus=[0], load_power=[1e5], cord_load=[0], cord_bus=[2],
    )  # fmt: skip
    assert only(diagnose(p), Kind.SELF_FED).index == 0
    tie = Problem(
        1e6, np.full(4, 415.0), branch_from=[0, 3, 1, 2], branch_to=[2, 2, 3, 3], branch_group=[0, 0, 1, 1],
        branch_rank=[0, 1] * 2, source_bus=[0, 1], load_power=[1e5, 2e5], cord_load=[0, 1], cord_bus=[2, 3],
    )  # fmt: skip
    assert diagnose(tie) == ()


def test_loads_beyond_any_solution_name_the_bus_and_the_share_that_is_possible():
    p = network(bus_dc=[True] * 3, branch_impedance=[0.1, 0.1], load_power=[[2e5], [5e6]])
    s = solve(p)
    item = only(diagnose(p, s), Kind.BEYOND_SOLUTION)
    assert (item.element, item.index, item.scenario) == ("bus", 2, 1)
    assert item.value == pytest.approx(1 / (4 * 0.2) / 5, rel=1e-9)
    assert "25.0%" in item.message


def test_a_network_without_any_live_source_is_still_diagnosed():
    p = network(source_live=[False])
    assert kinds(diagnose(p)) == {Kind.DISCONNECTED_LOAD}
    assert loadability(p).status.ok


def hostile(seed: int) -> Problem:
    """Random nonsense that is formally valid: rings, ideal loops, negative and tiny impedances, clashes, overloads."""
    rng = np.random.default_rng(seed)
    n, e, c, k = 12, 18, 3, 10
    dc = np.zeros(n, dtype=bool)
    dc[n - 3 :] = rng.random() < 0.5
    a, b = rng.integers(0, n, (2, 400))
    fits = np.flatnonzero((a != b) & (dc[a] == dc[b]))[:e]
    a, b = a[fits], b[fits]
    scale = 10.0 ** rng.uniform(-9, 1, e)
    z = scale * (rng.normal(0.3, 0.5, e) + 1j * rng.normal(0.8, 0.6, e)) * (rng.random(e) < 0.6)
    tap = np.where(
        dc[b] | (rng.random(e) < 0.7), 1.0, rng.uniform(0.5, 1.5, e) * np.exp(1j * rng.normal(0, 1, e))
    )
    group = np.full(e, -1)
    for g, bus in enumerate(rng.choice(n, 2, replace=False)):
        group[b == bus] = g
    alternating = np.flatnonzero(~dc)
    units = rng.integers(0, n, (2, c))
    units[1] = np.where(units[0] == units[1], (units[1] + 1) % n, units[1])
    s = 6
    return Problem(
        1e6, np.full(n, 415.0), bus_dc=dc, bus_shunt=10.0 ** rng.uniform(-6, 1, n) * rng.normal(0, 1, n) * 1j,
        branch_from=a, branch_to=b, branch_impedance=z, branch_tap=tap, branch_charging=rng.normal(0, 0.5, e),
        branch_rating=10.0 ** rng.uniform(0, 4, e), branch_closed=rng.random((s, e)) < 0.8,
        branch_group=group, branch_rank=rng.integers(0, 3, e),
        source_bus=alternating[:2], source_voltage=[1.0, rng.uniform(0.5, 1.2) * np.exp(1j * rng.normal())],
        source_live=rng.random((s, 2)) < 0.8, generator_bus=alternating[2:4], generator_power=rng.normal(0, 3e6, 2),
        generator_voltage=rng.uniform(0.5, 1.5, 2), generator_q_min=[-1e5, -np.inf], generator_q_max=[1e5, np.inf],
        converter_from=units[0], converter_to=units[1], converter_rating=10.0 ** rng.uniform(3, 7, c),
        converter_loss=rng.uniform(0, 0.5, (c, 3)), converter_input_pf=rng.uniform(0.1, 1, c),
        converter_live=rng.random((s, c)) < 0.8,
        load_power=10.0 ** rng.uniform(3, 8, (s, k)) * np.exp(1j * rng.normal(0, 1, (s, k))),
        load_current_share=rng.uniform(0, 0.5, k), load_impedance_share=rng.uniform(0, 0.5, k),
        cord_load=np.arange(k), cord_bus=rng.integers(0, n, k), cord_on=rng.random((s, k)) < 0.9,
    )  # fmt: skip


def assert_finite_or_masked(p: Problem, s: Solution) -> None:
    for item in fields(s):
        value = getattr(s, item.name)
        if isinstance(value, np.ndarray):
            assert np.isfinite(value).all(), item.name
    failed = ~s.scenario_ok
    assert np.all(s.bus_voltage[failed] == 0) and not s.load_served[failed].any()
    assert s.status.ok == bool(s.scenario_ok.all())
    assert bool(s.detail) == (not s.status.ok)


@pytest.mark.parametrize("seed", range(60))
def test_hostile_networks_give_finite_numbers_or_a_mask(seed):
    p = hostile(seed)
    for method in ("auto", "newton"):
        s = solve(p, method=method)
        assert_finite_or_masked(p, s)
        if p.voltage_dependent:
            q = replace(p, load_current_share=np.zeros(10), load_impedance_share=np.zeros(10))
            assert_finite_or_masked(q, solve(q, method=method))
        # tiny impedances carry what rounding leaves of their voltages: 1e-16 / 1e-9 p.u.
        flow = np.abs(s.cord_power).sum(axis=1) + np.abs(s.source_power).sum(axis=1) + p.base_power
        lost = s.power_error * np.maximum(s.cord_power.real.sum(axis=1), 1.0)
        assert np.all((lost / flow)[s.scenario_ok] < 1e-5)


@pytest.mark.parametrize("seed", range(12))
def test_hostile_networks_are_diagnosed_with_finite_numbers(seed):
    p = hostile(seed)
    s = solve(p)
    found = diagnose(p, s)
    sizes = {
        "bus": p.bus_voltage, "branch": p.branch_from, "source": p.source_bus, "generator": p.generator_bus,
        "converter": p.converter_from, "load": p.load_power[0], "scenario": p.load_power[:, 0],
    }  # fmt: skip
    for item in found:
        assert 0 <= item.index < sizes[item.element].size and item.message
        assert np.isfinite(item.value)
    if not s.status.ok:
        assert any(item.scenario >= 0 for item in found)
    m = loadability(p, 0)
    assert np.isfinite(m.margin) and np.isfinite(m.voltage).all() and np.isfinite(m.curve).all()
    assert isinstance(m.status, Status)


def test_nothing_warns_on_hostile_input():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for seed in range(100, 110):
            solve(hostile(seed), method="newton")
