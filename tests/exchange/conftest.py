"""EPANET's own engine, to compare with."""

import warnings
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Engine:
    """Results of EPANET at time 0, in the units of the file."""

    head: dict
    flow: dict
    """Name of a link -> flow, and the node at which it begins."""
    unit: str


UNITS = ("CFS", "GPM", "MGD", "IMGD", "AFD", "LPS", "LPM", "MLD", "CMH", "CMD", "CMS")


@pytest.fixture
def epanet_engine(tmp_path):
    """Function of the path of an input file."""
    toolkit = pytest.importorskip("epanet.toolkit", reason="owa-epanet is not installed")

    def solved(path: Path) -> Engine:
        project = toolkit.createproject()
        toolkit.open(project, str(path), str(tmp_path / "engine.rpt"), str(tmp_path / "engine.bin"))
        try:
            toolkit.setoption(project, toolkit.ACCURACY, 1e-5)  # the least the engine takes
            toolkit.setoption(project, toolkit.TRIALS, 500)
            toolkit.openH(project)
            toolkit.initH(project, 0)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # negative pressures, pumps beyond their curve
                toolkit.runH(project)
            nodes = range(1, toolkit.getcount(project, toolkit.NODECOUNT) + 1)
            links = range(1, toolkit.getcount(project, toolkit.LINKCOUNT) + 1)
            head = {
                toolkit.getnodeid(project, n): toolkit.getnodevalue(project, n, toolkit.HEAD) for n in nodes
            }
            flow = {
                toolkit.getlinkid(project, n): (
                    toolkit.getlinkvalue(project, n, toolkit.FLOW),
                    toolkit.getnodeid(project, toolkit.getlinknodes(project, n)[0]),
                )
                for n in links
            }
            return Engine(head, flow, UNITS[toolkit.getflowunits(project)])
        finally:
            toolkit.close(project)
            toolkit.deleteproject(project)

    return solved


@pytest.fixture
def epanet_difference(epanet_engine):
    """Function of a file: largest difference of any flow over the largest flow, and of any head [m]."""
    import numpy as np

    from twin.exchange.epanet import read_epanet
    from twin.exchange.epanet_options import FLOWS, GRAVITY, US

    def difference(path: Path, network=None):
        network = network or read_epanet(path)
        flow, engine = network.flow(), epanet_engine(path)
        assert flow.ok, flow.detail
        begins = np.asarray(network.fields["link_from"])
        ours = flow.solution.link_flow[0] / network.density / FLOWS[engine.unit]
        signed = {
            name: (value if network.node[first] == engine.flow[name][1] else -value)
            for name, first, value in zip(network.link, begins, ours, strict=True)
            if name in engine.flow
        }
        assert len(signed) == len(engine.flow)
        largest = max(max(abs(value) for value, _ in engine.flow.values()), 1e-12)
        flows = max(abs(signed[name] - value) for name, (value, _) in engine.flow.items()) / largest
        height = np.asarray(network.fields["node_elevation"])
        head = height + flow.solution.node_pressure[0] / (network.density * GRAVITY)
        metre = 0.3048 if engine.unit in US else 1.0
        heads = max(
            abs(head[at] - engine.head[name] * metre)
            for at, name in enumerate(network.node)
            if name in engine.head and flow.solution.node_connected[0, at]
        )
        return flows, heads

    return difference
