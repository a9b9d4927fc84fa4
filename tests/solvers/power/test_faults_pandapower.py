"""Random meshed networks against pandapower's IEC 60909, three-phase, line-to-line, line-to-earth, max and min."""

import warnings

import numpy as np
import pytest

from solvers.power.faults import (
    Branches,
    Converters,
    FaultProblem,
    Feeders,
    Motors,
    Transformers,
    short_circuit,
    transformer_impedance,
    vector_group,
)

VOLTAGE = np.repeat([110e3, 20e3, 400.0], [3, 8, 12])
END = 80.0


def lines(rng):
    """Rows (from, to, Z1, Z0): three meshed levels."""
    rows = []
    for start, count in ((0, 3), (3, 8), (11, 12)):
        pairs = [(start + rng.integers(0, k), start + k) for k in range(1, count)] + [
            (start, start + count - 1)
        ]
        for first, second in pairs:
            length = rng.uniform(0.1, 2) if VOLTAGE[start] > 1e3 else rng.uniform(0.02, 0.2)
            z = complex(rng.uniform(0.05, 0.4), rng.uniform(0.07, 0.4)) * length
            rows.append((int(first), int(second), z, z * rng.uniform(2, 4)))
    return rows


def transformers(rng):
    """Rows (high, low, VA, V high, V low, u_k, u_R, group)."""
    high_groups, low_groups = ("YNyn", "Dyn", "YNd"), ("YNyn", "Dyn")
    places = [(0, 3, 40e6, "YNyn"), (1, 7, 25e6, high_groups[rng.integers(3)]), (4, 11, 1.6e6, "Dyn")]
    places += [(8, 17, 1e6, "Dyn"), (9, 20, 1e6, low_groups[rng.integers(2)])]
    rows = []
    for high, low, rating, group in places:
        uk = rng.uniform(0.04, 0.12)
        ratio = rng.uniform(0.98, 1.05, 2)
        rows.append(
            (
                high,
                low,
                rating,
                VOLTAGE[high] * ratio[0],
                VOLTAGE[low] * ratio[1],
                uk,
                uk * rng.uniform(0.05, 0.3),
                group,
            )
        )
    return rows


def ours(cables, units, power, converter):
    first, second, z, z0 = map(np.array, zip(*cables, strict=True))
    high, low, rating, v_high, v_low, uk, ur, group = map(np.array, zip(*units, strict=True))
    windings = np.array([vector_group(one) for one in group])
    nothing = np.zeros(high.size)
    branches = Branches(
        np.concatenate([first, high]), np.concatenate([second, low]), impedance=np.concatenate([z, nothing]),
        zero_impedance=np.concatenate([z0, nothing]),
        end_temperature=np.full(first.size + high.size, END),
    )  # fmt: skip
    table = Transformers(
        first.size + np.arange(high.size), rating, v_high, v_low, transformer_impedance(uk, ur),
        winding_from=windings[:, 0], winding_to=windings[:, 1],
    )  # fmt: skip
    return FaultProblem(
        VOLTAGE, Feeders([0], [power], [0.6 * power], x0_over_x1=[2.0], r0_over_x0=[0.3]), branches, table,
        motors=Motors([14], [0.1e6 / 0.85 / 0.94], [400.0], start_ratio=[6.0]),
        converters=Converters([18], [converter]), low_voltage_tolerance=0.10, frequency=50.0,
    )  # fmt: skip


def theirs(cables, units, power, converter):
    pandapower = pytest.importorskip("pandapower")
    net = pandapower.create_empty_network(sn_mva=10, f_hz=50)
    for voltage in VOLTAGE:
        pandapower.create_bus(net, voltage / 1e3)
    for first, second, z, z0 in cables:
        pandapower.create_line_from_parameters(
            net, first, second, 1.0, z.real, z.imag, c_nf_per_km=0, max_i_ka=1, r0_ohm_per_km=z0.real,
            x0_ohm_per_km=z0.imag, c0_nf_per_km=0, endtemp_degree=END,
        )  # fmt: skip
    for high, low, rating, v_high, v_low, uk, ur, group in units:
        pandapower.create_transformer_from_parameters(
            net, high, low, sn_mva=rating / 1e6, vn_hv_kv=v_high / 1e3, vn_lv_kv=v_low / 1e3, vk_percent=uk * 100,
            vkr_percent=ur * 100, pfe_kw=0, i0_percent=0, vector_group=group, vk0_percent=uk * 100,
            vkr0_percent=ur * 100, mag0_percent=1e12, mag0_rx=0.0, si0_hv_partial=0.5,
        )  # fmt: skip
    pandapower.create_ext_grid(
        net, 0, s_sc_max_mva=power / 1e6, s_sc_min_mva=0.6 * power / 1e6, rx_max=0.1, rx_min=0.1, x0x_max=2.0,
        r0x0_max=0.3, x0x_min=2.0, r0x0_min=0.3,
    )  # fmt: skip
    pandapower.create_motor(
        net,
        14,
        pn_mech_mw=0.1,
        cos_phi=0.85,
        cos_phi_n=0.85,
        efficiency_n_percent=94.0,
        vn_kv=0.4,
        rx=0.42,
        lrc_pu=6.0,
    )
    if converter:
        rating = np.sqrt(3) * 0.4 * converter / 1e3
        pandapower.create_sgen(net, 18, 0.0, sn_mva=rating, k=1.0, current_source=True)
    return net


def calculate(net, fault, case):
    from pandapower.shortcircuit import calc_sc

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its own deprecations
        calc_sc(net, fault=fault, case=case, ip=True, kappa_method="C", topology="meshed", lv_tol_percent=10)
    return net.res_bus_sc.ikss_ka.to_numpy() * 1e3, net.res_bus_sc.ip_ka.to_numpy() * 1e3


@pytest.fixture(params=range(6))
def network(request):
    rng = np.random.default_rng(request.param)
    return lines(rng), transformers(rng), rng.uniform(1e9, 5e9)


def test_random_networks_have_the_currents_of_pandapower(network):
    problem, net = ours(*network, 0.0), theirs(*network, 0.0)
    answer = short_circuit(problem)
    assert answer.ok
    for case, name in enumerate(answer.cases):
        current, peak = calculate(net, "3ph", name)
        # algebra in another order; 1e-10 for its magnetising impedance, 1e10 times the leakage, that stands for none
        np.testing.assert_allclose(answer.initial[0, case], current, rtol=1e-11)
        np.testing.assert_allclose(answer.peak[0, case], peak, rtol=1e-11)
        np.testing.assert_allclose(answer.line_line[0, case], calculate(net, "2ph", name)[0], rtol=1e-11)
        np.testing.assert_allclose(answer.line_ground[0, case], calculate(net, "1ph", name)[0], rtol=1e-9)


def test_a_converter_adds_the_current_it_adds_in_pandapower(network):
    problem, net = ours(*network, 900.0), theirs(*network, 900.0)
    answer = short_circuit(problem, cases=("max",), faults=("three_phase",))
    current, peak = calculate(net, "3ph", "max")
    np.testing.assert_allclose(answer.initial[0, 0], current, rtol=1e-11)
    np.testing.assert_allclose(answer.peak[0, 0], peak, rtol=1e-11)
    assert answer.converter_part[0, 0, 18] == pytest.approx(900.0)
