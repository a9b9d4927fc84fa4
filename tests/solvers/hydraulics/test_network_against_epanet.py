"""Laws of public networks against EPANET 2.3: Hazen-Williams, three-point and many-point pumps, GPV, FCV.

EPANET solves in heads with Hazen-Williams; pressure is head times density times standard gravity on our side. Fittings
are left out, since its constant for them is rounded.
"""

import numpy as np
import pytest

from solvers.hydraulics.network import Problem, solve

toolkit = pytest.importorskip("epanet.toolkit", reason="owa-epanet is not installed")

RHO = 1000.0
WEIGHT = RHO * 9.80665
POINTS = ([0.0, 20.0, 35.0], [60.0, 45.0, 20.0])  # L/s, m: a power law through three points from zero flow
LINES = ([0.0, 10.0, 25.0, 40.0], [55.0, 52.0, 38.0, 5.0])
VALVE = ([0.0, 5.0, 10.0, 20.0], [0.0, 1.0, 4.0, 15.0])


def network():
    """Reservoir, two pumps side by side into a ring of twelve nodes with chords, a second reservoir, two valves."""
    pipes = [(k, (k + 1) % 12, 200.0 + 30 * k, 0.2 - 0.006 * k, 100.0 + 5 * k) for k in range(12)]
    pipes += [(0, 6, 500.0, 0.12, 130.0), (3, 9, 400.0, 0.1, 95.0), (5, 13, 600.0, 0.15, 110.0)]
    demand = np.array([0, 4, 0, 2, 0, 6, 0, 3, 0, 0, 5, 1, 0, 0]) * 1e-3  # m3/s; 12 and 13 are reservoirs
    return pipes, demand, {12: 10.0, 13: 58.0}


def inp(limit, trip):
    pipes, demand, fixed = network()
    lines = ["[JUNCTIONS]", *(f"n{n} 0 {demand[n] * 1e3:.10g}" for n in range(12))]
    lines += ["[RESERVOIRS]", *(f"n{n} {h}" for n, h in fixed.items()), "[PIPES]"]
    lines += [f"p{k} n{a} n{b} {x} {d * 1e3:.10g} {c} 0 Open" for k, (a, b, x, d, c) in enumerate(pipes)]
    lines += ["[PUMPS]", f"u0 n12 n0 HEAD C0{' SPEED 0.9' if trip else ''}", "u1 n12 n0 HEAD C1"]
    lines += ["[VALVES]", "v0 n2 n8 150 GPV C2 0", f"v1 n1 n7 150 FCV {limit} 0", "[CURVES]"]
    for name, (x, y) in zip(("C0", "C1", "C2"), (POINTS, LINES, VALVE), strict=True):
        lines += [f"{name} {a} {b}" for a, b in zip(x, y, strict=True)]
    lines += ["[OPTIONS]", "Units LPS", "Headloss H-W", "Trials 200", "Accuracy 1e-8"]
    return "\n".join([*lines, "[TIMES]", "Duration 0", "[REPORT]", "Status No", "[END]", ""])


def epanet(tmp_path, text):
    """Heads [m] and flows [m3/s]."""
    path = tmp_path / "net.inp"
    path.write_text(text)
    project = toolkit.createproject()
    toolkit.open(project, str(path), str(tmp_path / "net.rpt"), "")
    try:
        toolkit.openH(project)
        toolkit.initH(project, 10)
        toolkit.runH(project)
        nodes = [toolkit.getnodeindex(project, f"n{n}") for n in range(14)]
        names = [f"p{k}" for k in range(15)] + ["u0", "u1", "v0", "v1"]
        links = [toolkit.getlinkindex(project, name) for name in names]
        heads = [toolkit.getnodevalue(project, n, toolkit.HEAD) for n in nodes]
        flows = [toolkit.getlinkvalue(project, n, toolkit.FLOW) for n in links]
        toolkit.closeH(project)
    finally:
        toolkit.close(project)
        toolkit.deleteproject(project)
    return np.array(heads), np.array(flows) / 1e3


def ours(limit, trip, compiled):
    pipes, demand, fixed = network()
    start, end, length, diameter, c = (np.append(column, np.zeros(4)) for column in zip(*pipes, strict=True))
    start[15:], end[15:] = [12, 12, 2, 1], [0, 0, 8, 7]
    # a three-point curve is head = h0 - r q^n
    (_, q1, q2), (h0, h1, h2) = POINTS
    n = np.log((h0 - h2) / (h0 - h1)) / np.log(q2 / q1)
    head, curvature = np.zeros(19), np.zeros(19)
    head[15], curvature[15] = h0 * WEIGHT, (h0 - h1) / q1**n * WEIGHT
    curve, speed, bound = np.full(19, -1), np.ones(19), np.full(19, np.inf)
    curve[16], curve[17], speed[15], bound[18] = 0, 1, 0.9 if trip else 1.0, limit
    points = [(np.array(x), np.array(y) * WEIGHT) for x, y in (LINES, VALVE)]  # 1 L/s is 1 kg/s
    result = solve(
        Problem(
            14, list(fixed), np.array(list(fixed.values())) * WEIGHT, start.astype(int), end.astype(int),
            node_demand=demand * RHO, link_length=length, link_diameter=diameter, link_hazen_williams=c,
            link_density=RHO, link_pump_head=head, link_pump_curvature=curvature, link_pump_exponent=n,
            link_curve=curve, curves=points, link_pump_speed=speed, link_limit=bound,
        ),
        compiled=compiled,
    )  # fmt: skip
    assert result.status.ok
    return result.node_pressure[0] / WEIGHT, result.link_flow[0] / RHO


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize(("limit", "trip"), [(1.5, False), (0.4, False), (1.5, True)])
def test_public_laws_agree_with_epanet(tmp_path, limit, trip, compiled):
    """Heads to 2 mm, flows to 1e-4 of the largest, with the flow-control valve at work."""
    head, flow = ours(limit, trip, compiled)
    their_head, their_flow = epanet(tmp_path, inp(limit, trip))
    np.testing.assert_allclose(flow, their_flow, atol=1e-4 * np.abs(their_flow).max())
    np.testing.assert_allclose(head, their_head, atol=2e-3)
