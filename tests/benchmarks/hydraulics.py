"""Looped networks against EPANET 2.3: the same grid of pipes, one state and a batch of demands.

EPANET has its network loaded already and gets new demands through its toolkit before every solve; the time is
that of setting demands, solving and reading all heads. Both use Swamee-Jain friction and the same water.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.benchmarks.timing import Row, against, report, single_threaded

FOOT = 0.3048
DENSITY = 1000.0
VISCOSITY = 1.1e-5 * FOOT**2 * DENSITY  # Pa s
WEIGHT = 32.2 * FOOT * DENSITY  # Pa/m
RESERVOIR, ROUGHNESS = 60.0, 1e-4  # m


def main() -> None:
    """Print the table."""
    single_threaded()
    report(__doc__ or "", rows)


def rows() -> Iterator[Row]:
    """One state, then many, on a small and a larger grid."""
    for side in (6, 15):
        for states in (1, 200):
            yield _case(side, states)


def grid(side: int, states: int) -> dict[str, Any]:
    """Square grid of pipes fed at one corner, with a demand at every other node."""
    import numpy as np

    rng = np.random.default_rng(side)
    node = np.arange(side * side).reshape(side, side)
    start = np.r_[node[:, :-1].ravel(), node[:-1].ravel()]
    end = np.r_[node[:, 1:].ravel(), node[1:].ravel()]
    demand = rng.uniform(0.2, 2.0, (states, side * side)) * 1e-3  # m3/s
    demand[:, 0] = 0.0
    return {
        "start": start, "end": end, "demand": demand, "nodes": side * side,
        "length": rng.uniform(20, 60, start.size), "diameter": rng.uniform(0.1, 0.25, start.size),
    }  # fmt: skip


class Epanet:
    """The grid loaded in EPANET's toolkit."""

    def __init__(self, net: dict[str, Any], folder: str) -> None:
        from epanet import toolkit

        self.toolkit, self.demand = toolkit, net["demand"]
        path = Path(folder) / "net.inp"
        path.write_text(_inp(net), encoding="ascii")
        self.project = toolkit.createproject()
        toolkit.open(self.project, str(path), str(path.with_suffix(".rpt")), "")
        toolkit.openH(self.project)
        self.nodes = [toolkit.getnodeindex(self.project, f"n{n}") for n in range(net["nodes"])]

    def solve(self) -> list[list[float]]:
        """Heads of all states. [m]"""
        toolkit, project = self.toolkit, self.project
        heads = []
        for demand in self.demand:
            for index, flow in zip(self.nodes[1:], demand[1:], strict=True):
                toolkit.setnodevalue(project, index, toolkit.BASEDEMAND, flow * 1e3)
            toolkit.initH(project, 10)
            toolkit.runH(project)
            heads.append([toolkit.getnodevalue(project, index, toolkit.HEAD) for index in self.nodes])
        return heads

    def close(self) -> None:
        """Give everything back."""
        self.toolkit.closeH(self.project)
        self.toolkit.close(self.project)
        self.toolkit.deleteproject(self.project)


def _inp(net: dict[str, Any]) -> str:
    pipes = zip(net["start"], net["end"], net["length"], net["diameter"], strict=True)
    lines = ["[JUNCTIONS]", *(f"n{n} 0 1" for n in range(1, net["nodes"]))]
    lines += ["[RESERVOIRS]", f"n0 {RESERVOIR}", "[PIPES]"]
    lines += [
        f"p{k} n{a} n{b} {x:.10g} {d * 1e3:.10g} {ROUGHNESS * 1e3} 0 Open"
        for k, (a, b, x, d) in enumerate(pipes)
    ]
    lines += ["[OPTIONS]", "Units LPS", "Headloss D-W", "Viscosity 1.0", "Trials 200", "Accuracy 1e-8"]
    lines += ["[TIMES]", "Duration 0", "[REPORT]", "Status No", "[END]", ""]
    return "\n".join(lines)


def _case(side: int, states: int) -> Row:
    import numpy as np

    from solvers.hydraulics.network import Problem, solve

    net = grid(side, states)
    problem = Problem(
        net["nodes"], [0], [RESERVOIR * WEIGHT], net["start"], net["end"],
        node_demand=net["demand"] * DENSITY, link_length=net["length"], link_diameter=net["diameter"],
        link_roughness=ROUGHNESS, link_density=DENSITY, link_viscosity=VISCOSITY,
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        epanet = Epanet(net, folder)
        try:
            mine = solve(problem, friction="swamee_jain")
            np.testing.assert_allclose(mine.node_pressure / WEIGHT, epanet.solve(), atol=5e-3)
            case = f"{net['start'].size} pipes, {net['nodes']} nodes, {states} state{'s' * (states > 1)}"
            return against(case, "EPANET 2.3", lambda: solve(problem, friction="swamee_jain"), epanet.solve)
        finally:
            epanet.close()


if __name__ == "__main__":
    main()
