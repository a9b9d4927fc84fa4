"""Agreement with EPANET 2.3 (Darcy-Weisbach), on a ring main with demands and on a pumped closed loop.

EPANET computes friction by Swamee-Jain with Dunlop's cubic, so that law is selected here.  It works in feet:
its water has 1.1e-5 ft2/s at relative viscosity 1, its gravity is 32.2 ft/s2, and its minor losses use the
rounded constant 0.02517 for 8 / (g pi^2), which bounds the agreement on fittings.
"""

import numpy as np
import pytest

from solvers.hydraulics.network import Problem, solve

toolkit = pytest.importorskip("epanet.toolkit", reason="owa-epanet is not installed")

FOOT = 0.3048
VISCOSITY = 1.1e-5 * FOOT**2
GRAVITY = 32.2 * FOOT
RHO = 1000.0


def epanet(tmp_path, net):
    """Heads [m] of the nodes and flows [m3/s] of the links."""
    inp = tmp_path / "net.inp"
    junction = [n for n in range(net["nodes"]) if n not in net["fixed"]]
    lines = ["[JUNCTIONS]", *(f"n{n} 0 {net['demand'][n] * 1e3:.10g}" for n in junction)]
    lines += ["[RESERVOIRS]", *(f"n{n} {h:.10g}" for n, h in net["fixed"].items())]
    lines += ["[PIPES]"]
    for k, (a, b, length, d, loss) in enumerate(net["pipes"]):
        lines.append(
            f"p{k} n{a} n{b} {length:.10g} {d * 1e3:.10g} {net['roughness'] * 1e3:.10g} {loss:.10g} Open"
        )
    lines += ["[PUMPS]", *(f"u{k} n{a} n{b} HEAD C{k}" for k, (a, b, _, _) in enumerate(net["pumps"]))]
    # a one-point curve means head = 4/3 h - h/3 (q / q0)^2
    lines += ["[CURVES]", *(f"C{k} {q * 1e3:.10g} {h:.10g}" for k, (_, _, q, h) in enumerate(net["pumps"]))]
    lines += ["[OPTIONS]", "Units LPS", "Headloss D-W", "Viscosity 1.0", "Trials 200", "Accuracy 1e-8"]
    lines += ["[TIMES]", "Duration 0", "[REPORT]", "Status No", "[END]", ""]
    inp.write_text("\n".join(lines))
    project = toolkit.createproject()
    toolkit.open(project, str(inp), str(tmp_path / "net.rpt"), "")
    try:
        toolkit.openH(project)
        toolkit.initH(project, 10)
        toolkit.runH(project)
        heads = [
            toolkit.getnodevalue(project, toolkit.getnodeindex(project, f"n{n}"), toolkit.HEAD)
            for n in range(net["nodes"])
        ]
        names = [f"p{k}" for k in range(len(net["pipes"]))] + [f"u{k}" for k in range(len(net["pumps"]))]
        flows = [toolkit.getlinkvalue(project, toolkit.getlinkindex(project, n), toolkit.FLOW) for n in names]
        toolkit.closeH(project)
    finally:
        toolkit.close(project)
        toolkit.deleteproject(project)
    return np.array(heads), np.array(flows) / 1e3


def ours(net):
    pipes, pumps = np.array(net["pipes"]), np.array(net["pumps"]).reshape(-1, 4)
    length, diameter = (np.append(pipes[:, k], np.zeros(len(pumps))) for k in (2, 3))
    diameter[len(pipes) :] = 0.1
    none = np.zeros(len(pipes))
    weight = RHO * GRAVITY
    result = solve(
        Problem(
            net["nodes"],
            list(net["fixed"]),
            np.array(list(net["fixed"].values())) * weight,
            np.append(pipes[:, 0], pumps[:, 0]).astype(int),
            np.append(pipes[:, 1], pumps[:, 1]).astype(int),
            node_demand=np.array(net["demand"]) * RHO,
            link_length=length,
            link_diameter=diameter,
            link_roughness=net["roughness"],
            link_minor_loss=np.append(pipes[:, 4], np.zeros(len(pumps))),
            link_pump_head=np.append(none, 4 / 3 * pumps[:, 3] * weight),
            link_pump_curvature=np.append(none, pumps[:, 3] * weight / 3 / (pumps[:, 2] * RHO) ** 2),
            link_density=RHO,
            link_viscosity=VISCOSITY * RHO,
        ),
        friction="swamee_jain",
    )
    assert result.status.ok
    return result.node_pressure[0] / weight, result.link_flow[0] / RHO


def ring_main():
    """Twelve nodes in a ring with three chords, one reservoir; flows from laminar to rough turbulent."""
    pipes = [(k, (k + 1) % 12, 30.0 + 5 * k, 0.15 - 0.005 * k, 0.5) for k in range(12)]
    pipes += [(0, 6, 80.0, 0.1, 2.0), (3, 9, 60.0, 0.08, 1.0), (4, 11, 50.0, 0.05, 0.0)]
    demand = [0, 4e-3, 0, 2e-3, 1e-5, 6e-3, 0, 3e-3, 5e-5, 0, 8e-3, 1e-3]
    return dict(nodes=12, fixed={0: 40.0}, pipes=pipes, pumps=[], demand=demand, roughness=5e-5)


def closed_loop():
    """Vessel 0, two pumps to 1, supply header 1-2-3, three racks to the return header 4-5-6, back to 0."""
    pipes = [(1, 2, 12.0, 0.1, 0.6), (2, 3, 12.0, 0.08, 0.6), (6, 5, 12.0, 0.08, 0.6), (5, 4, 12.0, 0.1, 0.6)]
    pipes += [
        (4, 0, 8.0, 0.1, 3.0),
        (1, 4, 6.0, 0.05, 60.0),
        (2, 5, 6.0, 0.05, 90.0),
        (3, 6, 6.0, 0.05, 120.0),
    ]
    pipes += [(1, 3, 30.0, 0.08, 1.0), (6, 4, 30.0, 0.08, 1.0)]
    pumps = [(0, 1, 6e-3, 18.0), (0, 1, 4e-3, 16.0)]
    return dict(nodes=7, fixed={0: 20.0}, pipes=pipes, pumps=pumps, demand=[0] * 7, roughness=4.5e-5)


@pytest.mark.parametrize("make", [ring_main, closed_loop])
def test_heads_and_flows_agree_with_epanet(tmp_path, make):
    net = make()
    head, flow = ours(net)
    their_head, their_flow = epanet(tmp_path, net)
    np.testing.assert_allclose(head, their_head, atol=2e-3)
    np.testing.assert_allclose(flow, their_flow, atol=1e-4 * np.abs(their_flow).max())


def test_transition_and_laminar_pipes_agree_with_epanet(tmp_path):
    """Single pipes from Re 500 to 8000 side by side, driven by demands: only the friction law matters."""
    reynolds = [500, 1500, 2100, 2500, 3000, 3500, 3900, 4200, 8000]
    d, length = 0.02, 50.0
    demand = [0.0] + [re * np.pi * d * VISCOSITY / 4 for re in reynolds]
    pipes = [(0, k + 1, length, d, 0.0) for k in range(len(reynolds))]
    net = dict(nodes=len(demand), fixed={0: 10.0}, pipes=pipes, pumps=[], demand=demand, roughness=2e-5)
    head, _ = ours(net)
    their_head, _ = epanet(tmp_path, net)
    np.testing.assert_allclose(10 - head[1:], 10 - their_head[1:], rtol=1e-4)
