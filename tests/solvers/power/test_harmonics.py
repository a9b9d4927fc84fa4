"""Harmonics: closed forms, resonance, cancellation, reciprocity, limits, and OpenDSS on a small network."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from solvers.power.harmonics import (
    ACTIVE_FRONT_END,
    HarmonicProblem,
    ZeroPath,
    current_limits,
    frequency_scan,
    from_table,
    fundamental_current,
    judge_current,
    judge_voltage,
    k_factor,
    loss_factor,
    neutral_current,
    permissible_current,
    rectifier,
    resonance_order,
    solve_harmonics,
    stray_loss_factor,
    summation_exponent,
    total_distortion,
    voltage_limits,
)
from solvers.status import SolveError, Status

BASE, VOLT = 10e6, 13.8e3
ORDERS = np.array([3, 5, 7, 9, 11, 13, 17, 19, 23, 25])
AMPERE = BASE / (np.sqrt(3) * VOLT)


def feeder(**more: Any) -> HarmonicProblem:
    """Source - bus 0 - branch - bus 1 with one rectifier."""
    given: dict[str, Any] = dict(
        base_power=BASE, bus_voltage=[VOLT, VOLT], orders=ORDERS, branch_from=[0], branch_to=[1],
        branch_impedance=[0.01 + 0.05j], source_bus=[0], source_impedance=[0.002 + 0.03j], injector_bus=[1],
        injector_current=[[0.8 * AMPERE]], injector_spectrum=rectifier(ORDERS)[:, None],
    )  # fmt: skip
    return HarmonicProblem(**(given | more))


def test_one_feeder_is_ohms_law_at_every_order():
    s = solve_harmonics(feeder())
    drawn = 0.8 * np.abs(rectifier(ORDERS))
    z0, z1 = np.abs(0.002 + 0.03j * ORDERS), np.abs(0.012 + 0.08j * ORDERS)
    np.testing.assert_allclose(s.bus_voltage[0], np.stack([z0 * drawn, z1 * drawn], axis=1), rtol=1e-12)
    np.testing.assert_allclose(s.branch_current_from[0, :, 0], drawn * AMPERE, rtol=1e-12)
    np.testing.assert_allclose(
        s.voltage_distortion[0], np.sqrt((s.bus_voltage[0] ** 2).sum(axis=0)), rtol=1e-12
    )
    assert s.status.ok and s.residual.max() < 1e-12


def test_skin_effect_raises_resistance_as_its_power():
    s = solve_harmonics(feeder(branch_skin=[0.5]))
    across = s.bus_phasor[0, :, 1] - s.bus_phasor[0, :, 0]
    current = -s.branch_phasor_to[0, :, 0] / AMPERE
    live = np.abs(current) > 0
    np.testing.assert_allclose(-(across / np.where(live, current, 1))[live],
                               (0.01 * np.sqrt(ORDERS) + 0.05j * ORDERS)[live], rtol=1e-10)  # fmt: skip


def test_a_capacitor_bank_resonates_at_the_root_of_short_circuit_over_bank_power():
    """Source X = 0.04: S_sc = 250 MVA; bank 5.102 MVA: order 7."""
    bank = 250e6 / 49
    p = feeder(source_impedance=[0.0002 + 0.04j], capacitor_bus=[0], capacitor_power=[bank])
    at = np.linspace(6.5, 7.5, 501)
    z = np.abs(frequency_scan(p, 0, at)[:, 0])
    assert resonance_order(250e6, bank) == pytest.approx(7.0)
    # the resistance (R/X = 0.005 at the fundamental) moves the peak by less than one step of the scan
    assert at[np.argmax(z)] == pytest.approx(7.0, abs=2.1e-3)
    exact = 1 / (1 / (0.0002 + 0.04j * at) + 1j * at * bank / BASE)
    np.testing.assert_allclose(z, np.abs(exact), rtol=1e-10)


def test_a_tuned_bank_is_a_short_circuit_at_its_tuning_and_a_detuned_one_has_no_resonance_above():
    p = feeder(capacitor_bus=[1], capacitor_power=[2e6], capacitor_tuning=[4.2], capacitor_quality=[50.0])
    z = np.abs(frequency_scan(p, 1, [4.2, 4.9, 6.9, 10.9])[:, 1])
    bare = np.abs(frequency_scan(feeder(), 1, [4.2, 4.9, 6.9, 10.9])[:, 1])
    coil = BASE / 2e6 / 4.2
    assert z[0] == pytest.approx(coil / 50, rel=0.1)
    assert np.all(z[1:] < bare[1:])


def twelve_pulse(**more: Any) -> HarmonicProblem:
    """Two six-pulse rectifiers behind a Dd0 and a Dyn1 transformer on one bus."""
    z = 0.005 + 0.06j
    turn = np.exp(-1j * np.pi / 6)
    amps = 0.5 * BASE / (np.sqrt(3) * 480)
    given: dict[str, Any] = dict(
        base_power=BASE, bus_voltage=[VOLT, 480.0, 480.0], orders=np.arange(2, 26), branch_from=[0, 0],
        branch_to=[1, 2], branch_impedance=[z, z], branch_shift=[0.0, -np.pi / 6],
        branch_zero_path=[ZeroPath.OPEN, ZeroPath.TO_EARTH], source_bus=[0], source_impedance=[0.02j],
        injector_bus=[1, 2], injector_current=[[amps, amps * turn]],
        injector_spectrum=np.repeat(rectifier(np.arange(2, 26))[:, None], 2, axis=1),
    )  # fmt: skip
    return HarmonicProblem(**(given | more))


def test_twelve_pulses_cancel_fifth_and_seventh_exactly_and_leave_eleventh_and_thirteenth():
    s = solve_harmonics(twelve_pulse())
    at = {int(h): k for k, h in enumerate(np.arange(2, 26))}
    v = s.bus_voltage[0, :, 0]
    for h in (5, 7, 17, 19):
        assert v[at[h]] < 1e-15
    for h in (11, 13, 23, 25):
        assert v[at[h]] == pytest.approx(h * 0.02 * 2 * 0.5 / h, rel=1e-12)
    # behind the transformers nothing is cancelled
    assert s.bus_voltage[0, at[5], 1] == pytest.approx(abs(0.005 + 0.3j) * 0.5 / 5, rel=1e-12)


def test_unequal_halves_leave_the_difference():
    p = twelve_pulse()
    uneven = p.injector_current * np.array([1.0, 0.8])
    v = solve_harmonics(twelve_pulse(injector_current=uneven)).bus_voltage[0, 3, 0]
    assert v == pytest.approx(5 * 0.02 * 0.5 * 0.2 / 5, rel=1e-12)


def test_triplens_stay_behind_a_delta_and_pass_an_earthed_star():
    spectrum = from_table(ORDERS, {3: 0.3, 9: 0.1})[:, None]
    more: dict[str, Any] = dict(injector_spectrum=spectrum, branch_zero_impedance=[0.03j])
    behind = solve_harmonics(feeder(branch_zero_path=[ZeroPath.TO_EARTH], **more))
    np.testing.assert_array_equal(behind.bus_voltage[0, :, 0], 0.0)
    assert behind.bus_voltage[0, 0, 1] == pytest.approx(0.8 * 0.3 * 3 * 0.03, rel=1e-12)
    passing = solve_harmonics(feeder(**more))
    assert passing.bus_voltage[0, 0, 0] == pytest.approx(0.8 * 0.3 * abs(0.002 + 0.09j), rel=1e-12)
    stuck = solve_harmonics(feeder(branch_zero_path=[ZeroPath.OPEN], **more))
    assert stuck.status is Status.SINGULAR and "order" in stuck.detail and "bus 1" in stuck.detail
    assert np.all(stuck.bus_voltage == 0)
    with pytest.raises(SolveError):
        solve_harmonics(feeder(branch_zero_path=[ZeroPath.OPEN], **more), raise_on_failure=True)


def random_network(seed: int, scenarios: int = 3) -> HarmonicProblem:
    rng = np.random.default_rng(seed)
    n = 12
    tree_from = [int(rng.integers(0, k)) for k in range(1, n)]
    tree_to = list(range(1, n))
    extra = [(2, 9), (4, 11)]
    e = len(tree_from) + len(extra)
    k = 6
    return HarmonicProblem(
        BASE, np.where(np.arange(n) < 5, VOLT, 480.0), ORDERS, branch_from=tree_from + [a for a, _ in extra],
        branch_to=tree_to + [b for _, b in extra],
        branch_impedance=rng.uniform(0.002, 0.02, e) + 1j * rng.uniform(0.01, 0.1, e),
        branch_charging=rng.uniform(0, 0.02, e), branch_skin=rng.uniform(0, 0.5, e), source_bus=[0],
        source_impedance=[0.001 + 0.02j], capacitor_bus=[3, 7], capacitor_power=[2e6, 1e6],
        capacitor_tuning=[0.0, 3.78], load_bus=[5, 8], load_power=[1e6 + 0.3e6j, 2e6 + 0.5e6j],
        capacitor_on=rng.random((scenarios, 2)) < 0.6, branch_closed=np.array([[True] * (e - 2) + [True, False]]),
        injector_bus=rng.integers(1, n, k), injector_current=rng.uniform(10, 300, (scenarios, k)) * np.exp(
            1j * rng.uniform(-3, 3, (scenarios, k))),
        injector_spectrum=rng.uniform(0, 0.2, (ORDERS.size, k)) * np.exp(1j * rng.uniform(-3, 3, (ORDERS.size, k))),
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(5))
def test_currents_balance_at_every_bus_and_answers_are_linear(seed):
    p = random_network(seed)
    s = solve_harmonics(p)
    assert s.status.ok and s.residual.max() < 1e-11
    base_from, base_to = p.base_current[p.branch_from], p.base_current[p.branch_to]
    total = np.zeros(s.bus_phasor.shape, dtype=complex)
    np.add.at(total, (..., p.branch_from), s.branch_phasor_from / base_from)
    np.add.at(total, (..., p.branch_to), s.branch_phasor_to / base_to)
    quiet = np.setdiff1d(np.arange(12), np.r_[p.injector_bus, p.capacitor_bus, p.load_bus, 0])
    np.testing.assert_allclose(total[..., quiet], 0, atol=1e-12)
    one = HarmonicProblem(**{**vars(p), "injector_current": 2.0 * p.injector_current})
    np.testing.assert_allclose(solve_harmonics(one).bus_voltage, 2 * s.bus_voltage, rtol=1e-10)


@pytest.mark.parametrize("seed", range(5))
def test_transfer_impedances_are_reciprocal(seed):
    """True without phase shifters."""
    p = random_network(seed)
    at = [2.5, 5.0, 7.3, 11.0]
    z = np.stack([frequency_scan(p, b, at) for b in range(12)], axis=1)
    np.testing.assert_allclose(z, np.swapaxes(z, 1, 2), rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize("seed", range(3))
def test_a_batch_is_its_scenarios_one_by_one(seed):
    p = random_network(seed)
    for summation in ("vector", "iec"):
        whole = solve_harmonics(p, summation=summation)
        for k in range(3):
            alone = {**vars(p), "injector_current": p.injector_current[k], "capacitor_on": p.capacitor_on[k]}
            one = solve_harmonics(HarmonicProblem(**alone), summation=summation)
            np.testing.assert_allclose(one.bus_voltage[0], whole.bus_voltage[k], rtol=1e-9, atol=1e-14)


def test_the_summation_law_is_the_exponent_of_each_order():
    p = feeder(injector_bus=[1, 1, 1], injector_current=[[100.0, 100.0, 100.0]],
               injector_spectrum=np.full((ORDERS.size, 3), 0.1))  # fmt: skip
    law, sum_ = solve_harmonics(p, summation="iec"), solve_harmonics(p)
    alpha = summation_exponent(ORDERS)
    np.testing.assert_array_equal(alpha[:5], [1, 1.4, 1.4, 1.4, 2])
    np.testing.assert_allclose(law.bus_voltage[0] / sum_.bus_voltage[0],
                               np.broadcast_to((3 ** (1 / alpha) / 3)[:, None], (ORDERS.size, 2)), rtol=1e-12)  # fmt: skip
    single = solve_harmonics(feeder(), summation="iec")
    np.testing.assert_allclose(single.bus_voltage, solve_harmonics(feeder()).bus_voltage, rtol=1e-12)
    assert law.bus_phasor.size == 0


def test_background_distortion_comes_through_without_load():
    emf = np.zeros((ORDERS.size, 1))
    emf[1] = 0.03
    s = solve_harmonics(feeder(source_background=emf, injector_current=[[0.0]]))
    np.testing.assert_allclose(s.bus_voltage[0, 1], 0.03, rtol=1e-12)


def test_a_dead_part_has_no_voltage_and_no_nan():
    s = solve_harmonics(feeder(branch_closed=[[True], [False]], injector_current=[[100.0], [0.0]]))
    assert s.status.ok and np.all(s.bus_voltage[1] == 0) and np.isfinite(s.bus_voltage).all()


def test_rectifier_spectra_are_those_of_their_waveforms():
    """Six-pulse current with commutation overlap, sampled and transformed."""
    firing, overlap, n = np.radians(15.0), np.radians(20.0), 3 * 2**14
    theta = np.arange(n) * 2 * np.pi / n

    def rise(x: np.ndarray) -> np.ndarray:
        inside = (np.cos(firing) - np.cos(firing + np.clip(x, 0, overlap))) / (
            np.cos(firing) - np.cos(firing + overlap)
        )
        return np.where(x <= 0, 0.0, inside)

    start = np.mod(theta, 2 * np.pi)
    wave = rise(start) - rise(start - 2 * np.pi / 3) - rise(start - np.pi) + rise(start - 5 * np.pi / 3)
    lines = np.abs(np.fft.rfft(wave))
    orders = np.array([5, 7, 11, 13, 17, 19])
    ours = np.abs(rectifier(orders, firing=firing, overlap=overlap))
    np.testing.assert_allclose(ours, lines[orders] / lines[1], rtol=1e-5)
    np.testing.assert_allclose(
        rectifier(orders), [-1 / 5, 1 / 7, -1 / 11, 1 / 13, -1 / 17, 1 / 19], rtol=1e-12
    )
    np.testing.assert_allclose(np.abs(rectifier(orders, overlap=1e-6)), 1 / orders, rtol=1e-6)
    np.testing.assert_allclose(
        np.abs(rectifier(orders, pulses=12, residual=0.1)) * orders, [0.1, 0.1, 1, 1, 0.1, 0.1]
    )
    assert np.all(rectifier([2, 3, 4, 6, 9]) == 0)


def test_stated_spectra_have_the_total_they_are_said_to_have():
    orders = np.arange(2, 51)
    assert total_distortion(from_table(orders, ACTIVE_FRONT_END)) == pytest.approx(0.028, abs=0.0005)
    # ideal six-pulse: sqrt(pi^2 / 9 - 1) = 31.1 %; the orders above 49 hold 5 % of that in the square
    assert total_distortion(rectifier(orders)) == pytest.approx(np.sqrt(np.pi**2 / 9 - 1), rel=0.05)


def test_ieee_519_tables_at_their_corners():
    np.testing.assert_allclose(voltage_limits([480, 1000, 13.8e3, 69e3, 138e3, 345e3]),
                               ([0.05, 0.05, 0.03, 0.03, 0.015, 0.01], [0.08, 0.08, 0.05, 0.05, 0.025, 0.015]))  # fmt: skip
    limit, total = current_limits([3, 5, 11, 17, 23, 35, 49, 51], [19.9, 20, 49, 50, 100, 1000], 13.8e3)
    np.testing.assert_allclose(total, [0.05, 0.08, 0.08, 0.12, 0.15, 0.20])
    np.testing.assert_allclose(limit[0], [0.04, 0.04, 0.02, 0.015, 0.006, 0.003, 0.003, np.inf])
    np.testing.assert_allclose(current_limits([5], 30, 138e3)[0], [[0.035]])
    np.testing.assert_allclose(current_limits([5, 11], 30, 345e3)[0], [[0.02, 0.01]])
    np.testing.assert_allclose(current_limits([2, 6, 8, 12], 10, 480)[0], [[0.02, 0.02, 0.04, 0.02]])
    np.testing.assert_allclose(current_limits([2, 8], 10, 480, edition="2014")[0], [[0.01, 0.01]])


def test_a_six_pulse_ups_fails_where_an_active_one_passes():
    demand, isc = 100.0, 3000.0
    orders = np.arange(2, 51)
    current = demand * np.stack([np.abs(rectifier(orders)), np.abs(from_table(orders, ACTIVE_FRONT_END))])
    verdict = judge_current(orders, current, demand, isc, 480.0)
    np.testing.assert_array_equal(verdict.passed, [False, True])
    assert verdict.distortion[0] == pytest.approx(total_distortion(rectifier(orders)), rel=1e-12)
    assert verdict.worst_order[0] == 35  # 1/35 where 0.5 % are allowed
    voltage = np.zeros((2, 49))
    voltage[0, 3], voltage[1, 9] = 0.031, 0.029
    result = judge_voltage(orders, voltage, VOLT)
    np.testing.assert_array_equal(result.passed, [False, True])
    assert result.worst_order[0] == 5


def test_transformer_factors_of_the_worked_example():
    """IEEE C57.110 example as quoted: F_HL = 2.726 / 1.00; with P_EC-R = 0.15 about 0.90 of rated current."""
    orders = [1, 5, 7, 11, 13, 17, 19]
    current = [0.978, 0.171, 0.108, 0.044, 0.028, 0.015, 0.0098]
    factor = loss_factor(orders, current)
    assert factor == pytest.approx(2.72, abs=0.01)
    assert permissible_current(factor, 0.15) == pytest.approx(0.904, abs=0.002)
    rms = np.sqrt(np.sum(np.square(current)))
    assert k_factor(orders, current, rms) == pytest.approx(factor, rel=1e-12)
    assert 1.0 < stray_loss_factor(orders, current) < factor
    assert loss_factor([1, 5], [1.0, 0.0]) == 1.0
    assert permissible_current(1.0, 0.1, stray_loss=0.3) == 1.0


def test_the_neutral_carries_three_times_the_triplens():
    assert neutral_current([1, 3, 5, 9], [100, 30, 20, 40]) == pytest.approx(150.0)


def test_the_fundamental_current_of_a_power_flow():
    assert fundamental_current(3e6, 1.0, 1e3) == pytest.approx(3e6 / (np.sqrt(3) * 1e3))
    lag = fundamental_current(1e6 * (0.8 + 0.6j), 0.95 * np.exp(0.3j), 1e3)
    assert np.angle(lag) == pytest.approx(0.3 - np.arccos(0.8))


def test_an_undamped_resonance_is_said():
    p = feeder(source_impedance=[0.04j], branch_closed=[[False]], injector_bus=[0], capacitor_bus=[0],
               capacitor_power=[250e6 / 25])  # fmt: skip
    s = solve_harmonics(p)
    assert s.status is Status.SINGULAR and "resonance" in s.detail
    assert np.isfinite(s.bus_voltage).all()


def test_bad_problems_are_refused_with_field_and_index():
    for change, text in [
        ({"branch_impedance": [0.0]}, r"branch_impedance\[0\] must not be 0"),
        ({"injector_bus": [2]}, r"injector_bus\[0\] is not an index below 2"),
        ({"orders": [1, 5]}, "orders must be whole"),
        ({"injector_spectrum": np.ones((3, 1))}, "injector_spectrum has shape"),
        ({"capacitor_bus": [0], "capacitor_power": [1e6], "capacitor_tuning": [0.5]}, "capacitor_tuning"),
        ({"injector_current": [[np.nan]]}, "not finite"),
        ({"branch_closed": np.ones((2, 1)), "injector_current": np.ones((3, 1))}, "disagree"),
    ]:
        with pytest.raises(ValueError, match=text):
            feeder(**change)
    with pytest.raises(ValueError, match="multiple of 6"):
        rectifier([5], pulses=8)


def test_opendss_gives_the_same_voltages(tmp_path):
    """Source, line, transformer, two capacitor banks, two current sources: harmonic mode of OpenDSS."""
    dss = pytest.importorskip("dss").DSS
    run = dss.Text
    dss.AllowChangeDir = False
    dss.DataPath = str(tmp_path)  # harmonic mode leaves a file behind
    run.Command = "clearall"
    run.Command = "set defaultbasefrequency=60"  # another test in this process may have left 50
    script = """clear
    new circuit.c basekv=13.8 pu=1 phases=3 r1=0.05 x1=0.6 r0=0.05 x0=0.6 basefreq=60
    new line.l bus1=sourcebus bus2=b phases=3 r1=0.2 x1=0.4 r0=0.2 x0=0.4 c1=0 c0=0 rg=0 xg=0 length=1 units=none
    new line.m bus1=b bus2=d phases=3 r1=0.1 x1=0.3 r0=0.1 x0=0.3 c1=400 c0=400 rg=0 xg=0 length=1 units=none
    new capacitor.q bus1=b phases=3 kv=13.8 kvar=1500
    new capacitor.r bus1=d phases=3 kv=13.8 kvar=600
    new spectrum.s numharm=5 harmonic=(1 5 7 11 13) %mag=(100 20 14 9 7) angle=(0 180 0 180 0)
    new spectrum.none numharm=1 harmonic=(1) %mag=(100) angle=(0)
    new isource.one bus1=b phases=3 amps=80 angle=0 spectrum=s
    new isource.two bus1=d phases=3 amps=50 angle=-20 spectrum=s
    vsource.source.spectrum=none
    set controlmode=off
    calcvoltagebases
    solve
    """
    for line in script.splitlines():
        run.Command = line.strip()
    orders = np.array([5, 7, 11, 13])
    theirs = []
    for h in orders:
        run.Command = "solve mode=snap"
        run.Command = f"set harmonics=({h})"
        run.Command = "solve mode=harmonics"
        rows = []
        for name in ("sourcebus", "b", "d"):
            dss.ActiveCircuit.SetActiveBus(name)
            rows.append(dss.ActiveCircuit.ActiveBus.VMagAngle[0] / (13.8e3 / np.sqrt(3)))
        theirs.append(rows)
    ohm = 13.8e3**2 / BASE
    charge = 2 * np.pi * 60 * 400e-9 * ohm
    spectrum = np.array([-0.20, 0.14, -0.09, 0.07])
    p = HarmonicProblem(
        BASE, [VOLT] * 3, orders, branch_from=[0, 1], branch_to=[1, 2],
        branch_impedance=np.array([0.2 + 0.4j, 0.1 + 0.3j]) / ohm, branch_charging=[0.0, charge], source_bus=[0],
        source_impedance=[(0.05 + 0.6j) / ohm], capacitor_bus=[1, 2], capacitor_power=[1.5e6, 0.6e6],
        injector_bus=[1, 2], injector_current=[[-80.0, -50.0 * np.exp(-1j * np.radians(20))]],
        injector_spectrum=np.stack([spectrum, spectrum], axis=1),
    )  # fmt: skip
    ours = solve_harmonics(p).bus_voltage[0]
    np.testing.assert_allclose(ours, theirs, rtol=1e-5)
