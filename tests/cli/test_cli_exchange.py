"""Networks of other tools on the command line, and the power side of layouts for them."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from twin.cli import app
from twin.exchange import BareNetwork

LAYOUTS = Path(__file__).parents[2] / "layouts"
LINE = """function mpc = line
mpc.version = '2';
mpc.baseMVA = 10;
mpc.bus = [
  1 3 0 0 0 0 1 1 0 20 1 1.1 0.9;
  2 1 {load} 0 0 0 1 1 0 20 1 1.1 0.9;
];
mpc.gen = [1 0 0 99 -99 1 10 1 99 0 0 0 0 0 0 0 0 0 0 0 0];
mpc.branch = [1 2 0 {x} 0 0 0 0 0 0 1 -360 360];
"""


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(app, [str(word) for word in arguments])


def case(tmp_path: Path, load: float = 10.0, x: float = 0.1) -> Path:
    path = tmp_path / "line.m"
    path.write_text(LINE.format(load=load, x=x))
    return path


def test_a_matpower_file_is_imported_and_solved(run, tmp_path):
    """P = V1 V2 sin(d) / X and Q2 = 0: V2 = cos(d), sin(2 d) = 2 X P."""
    done = run("import", case(tmp_path))
    assert done.exit_code == 0, done.output
    assert "2 buses, 1 branch, 1 source, 1 load" in done.output
    answer = json.loads(run("solve", "line.network.json", "--only", "power", "--json").output)
    assert answer["solved"] and answer["served"] == pytest.approx(10e6)
    assert answer["voltage"]["2"] == pytest.approx(np.cos(0.5 * np.arcsin(0.2)), abs=1e-9)
    assert answer["loadability"]["margin"] == pytest.approx(5.0, rel=1e-6)  # sin(2 d) = 1
    assert answer["loadability"]["bus"] == "2"


def test_loads_beyond_any_solution_say_how_far_they_can_be_served(run, tmp_path):
    done = run("solve", case(tmp_path, load=100.0), "--only", "power")
    assert done.exit_code == 3
    assert "no solution" in done.output and "up to 0.5 times" in done.output and "2 collapses" in done.output


def test_mistakes_of_a_wrong_file_are_told_with_their_lines(run, tmp_path):
    path = case(tmp_path)
    path.write_text(path.read_text().replace("1 2 0 0.1", "1 7 0 nan"))
    done = run("import", path)
    assert done.exit_code == 2
    assert re.search(r"line\.m:9:\d+: ", done.stderr) and "7" in done.stderr
    assert not (tmp_path / "line.network.json").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("solve", LAYOUTS / "first_hall.yaml", "--only", "power"), "a layout is solved whole"),
        (("solve", "line.m", "--only", "air"), "power and hydraulics are the only domains"),
        (("solve", "line.m", "--only", "hydraulics"), "write --only power"),
        (("import", LAYOUTS / "first_hall.yaml"), "no network that can be read"),
        (("import", "absent.m"), "absent.m"),
        (("import", "line.m", "--watts", "x=3"), "--watts x=3"),
        (("export", "line.m", "line.xls"), "no format with this ending; write one of .network.json"),
        (("export", ".", "hours.xlsx"), "the hours of a year are exported, .csv or .parquet"),
        (("export", ".", "loops.inp"), "the hours of a year are exported, .csv or .parquet"),
        (("export", "line.m", "line.dss", "--frequency", "0"), "write 50 or 60"),
    ],
)
def test_wrong_usage_is_told(run, tmp_path, arguments, words):
    case(tmp_path)
    done = run(*arguments)
    assert done.exit_code == 2
    assert words in " ".join(done.stderr.split())


def test_the_power_side_of_a_layout_has_the_same_voltages_in_pandapower(run, tmp_path):
    pandapower = pytest.importorskip("pandapower")
    done = run("export", LAYOUTS / "redundancy_catcher.yaml", "catcher.json")
    assert done.exit_code == 0, done.output
    run("export", LAYOUTS / "redundancy_catcher.yaml", "catcher.network.json")
    ours = json.loads(run("solve", "catcher.network.json", "--json").output)
    net = pandapower.from_json(str(tmp_path / "catcher.json"))
    pandapower.runpp(net, calculate_voltage_angles=True, tolerance_mva=1e-10, init="flat", numba=False)
    theirs = np.nan_to_num(net.res_bus.vm_pu.sort_index().to_numpy())[: len(ours["voltage"])]
    mine = np.array([*ours["voltage"].values()])
    assert np.count_nonzero(mine) > 200
    # pandapower's own tolerance, 1e-10 MVA on sections of a megawatt
    np.testing.assert_allclose(theirs[mine > 0], mine[mine > 0], atol=1e-8)


def test_opendss_finds_the_same_voltages_too(run, tmp_path):
    dss = pytest.importorskip("dss")
    assert run("export", LAYOUTS / "redundancy_2n.yaml", "hall.dss").exit_code == 0
    run("export", LAYOUTS / "redundancy_2n.yaml", "hall.network.json")
    ours = json.loads(run("solve", "hall.network.json", "--json").output)
    engine = dss.DSS
    engine.AllowForms = engine.AllowChangeDir = False
    engine.Text.Command = f"redirect {tmp_path / 'hall.dss'}"
    engine.ActiveCircuit.Solution.Solve()
    assert engine.ActiveCircuit.Solution.Converged
    network = BareNetwork.read(tmp_path / "hall.network.json")
    level = dict(zip(network.bus, network.problem().bus_voltage / np.sqrt(3.0), strict=True))
    compared = 0
    for name, volts in ours["voltage"].items():
        bus = re.sub(r"[^a-z0-9]+", "_", name.lower())
        if volts > 0 and engine.ActiveCircuit.SetActiveBus(bus) >= 0:
            theirs = abs(complex(*engine.ActiveCircuit.ActiveBus.Voltages[:2])) / level[name]
            assert theirs == pytest.approx(volts, abs=1e-6), name  # stiff sources keep an impedance there
            compared += 1
    assert compared > 100


INP = """[TITLE]
a pumped line
[JUNCTIONS]
 A 0 0
 B 0 {demand}
[RESERVOIRS]
 R 10
[PIPES]
 p A B 1000 300 0.1 0 {status}
[PUMPS]
 u R A HEAD c
[CURVES]
 c 0 40
 c 50 30
 c 100 10
[OPTIONS]
 UNITS LPS
 HEADLOSS D-W
"""


def inp(tmp_path: Path, demand: object = 50, status: str = "OPEN") -> Path:
    path = tmp_path / "line.inp"
    path.write_text(INP.format(demand=demand, status=status))
    return path


def test_an_epanet_file_is_imported_and_solved(run, tmp_path):
    """The pump adds 30 m at 50 L/s to the 10 m of the reservoir."""
    done = run("import", inp(tmp_path))
    assert done.exit_code == 0, done.output
    assert "3 nodes, 2 links, 1 of fixed pressure, 1 pump" in done.output
    answer = json.loads(run("solve", "line.hydraulics.json", "--only", "hydraulics", "--json").output)
    assert answer["solved"] and answer["conservation"]["mass"] < 1e-9
    assert answer["head"]["A"] == pytest.approx(40.0, abs=1e-6)
    assert answer["flow"]["p"] == pytest.approx(50e-3 * answer["density"])
    told = run("solve", "line.inp").output
    assert "pump u: 50 L/s" in told and "lowest pressure" in told


def test_a_demand_that_no_source_reaches_is_a_failed_solve(run, tmp_path):
    done = run("solve", inp(tmp_path, status="CLOSED"), "--only", "hydraulics")
    assert done.exit_code == 3
    assert "no solution" in done.output and "node B: asks for" in done.output


def test_mistakes_of_an_epanet_file_are_told_with_their_lines(run, tmp_path):
    done = run("solve", inp(tmp_path, demand="much"), "--only", "hydraulics")
    assert done.exit_code == 2
    assert "line.inp:5:6: the demand must be a number" in done.stderr


def test_every_loop_of_a_layout_is_exported_to_a_file_of_its_own(run, tmp_path):
    done = run("export", LAYOUTS / "first_hall.yaml", "hall.inp")
    assert done.exit_code == 0, done.output
    files = sorted(path.name for path in tmp_path.glob("*.inp"))
    assert files == ["hall.chw.inp", "hall.fws.inp", "hall.tcs.pod.inp"]
    for name in files:
        answer = json.loads(run("solve", name, "--json").output)
        assert answer["solved"] and answer["limited"]
    assert run("export", "hall.chw.inp", "chw.hydraulics.json").exit_code == 0
    assert run("export", LAYOUTS / "first_hall.yaml", "hall.hydraulics.json").exit_code == 0
    assert (tmp_path / "hall.fws.hydraulics.json").exists()
