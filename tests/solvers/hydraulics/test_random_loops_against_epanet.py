"""Random closed loops, and a hall of two thousand limiters of which a part is saturated, against EPANET 2.3.

Darcy-Weisbach by Swamee-Jain, no fittings (EPANET's constant for them is rounded); its water has 1.1e-5 ft2/s, its
gravity is 32.2 ft/s2. Limiters are its flow-control valves.
"""

import warnings

import numpy as np
import pytest

from solvers.hydraulics.network import Problem, solve

toolkit = pytest.importorskip("epanet.toolkit", reason="owa-epanet is not installed")

FOOT, RHO = 0.3048, 1000.0
VISCOSITY = 1.1e-5 * FOOT**2 * RHO  # Pa s
WEIGHT = 32.2 * FOOT * RHO  # Pa/m
ROUGHNESS, VESSEL = 4.5e-5, 20.0  # m


def theirs(path, nodes, start, end, length, bore, pumps, limits=()):
    """Flows by EPANET. [kg/s]"""
    limits = dict(limits)
    lines = [
        "[JUNCTIONS]",
        *(f"n{n} 0 0" for n in range(1, nodes)),
        "[RESERVOIRS]",
        f"n0 {VESSEL}",
        "[PIPES]",
    ]
    ends = [f"l{k} n{a} n{b}" for k, (a, b) in enumerate(zip(start, end, strict=True))]
    special = set(pumps) | set(limits)
    lines += [
        f"{text} {length[k]:.12g} {bore[k] * 1e3:.12g} {ROUGHNESS * 1e3:.10g} 0 Open"
        for k, text in enumerate(ends)
        if k not in special
    ]
    lines += ["[PUMPS]", *(f"{ends[k]} HEAD C{k}" for k in pumps), "[VALVES]"]
    lines += [f"{ends[k]} {bore[k] * 1e3:.12g} FCV {limit:.12g} 0" for k, limit in limits.items()]
    lines += ["[CURVES]", *(f"C{k} {q:.12g} {h:.12g}" for k, (q, h) in pumps.items())]
    lines += ["[OPTIONS]", "Units LPS", "Headloss D-W", "Viscosity 1.0", "Trials 500", "Accuracy 1e-8"]
    path.write_text("\n".join([*lines, "[TIMES]", "Duration 0", "[REPORT]", "Status No", "[END]", ""]))
    project = toolkit.createproject()
    try:
        toolkit.open(project, str(path), str(path.with_suffix(".rpt")), "")
        toolkit.openH(project)
        toolkit.initH(project, 10)
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # of pumps beyond the end of their curve, and pressures below atmospheric
            toolkit.runH(project)
        links = [toolkit.getlinkindex(project, f"l{k}") for k in range(len(start))]
        flow = np.array([toolkit.getlinkvalue(project, k, toolkit.FLOW) for k in links])
        toolkit.closeH(project)
        toolkit.close(project)
    finally:
        toolkit.deleteproject(project)
    return flow * RHO / 1e3


def ours(nodes, start, end, length, bore, pumps, limits=()):
    """Our flows, by both solvers; a one-point curve is head = 4/3 h - h/3 (q / q0)^2."""
    head, fall, limit = np.zeros(len(start)), np.zeros(len(start)), np.full(len(start), np.inf)
    length = np.array(length, float)
    for k, (q, h) in pumps.items():
        head[k], fall[k], length[k] = 4 / 3 * h * WEIGHT, h / 3 * WEIGHT / q**2, 0.0
    for k, most in dict(limits).items():
        limit[k], length[k] = most, 0.0
    problem = Problem(
        nodes, [0], [VESSEL * WEIGHT], start, end, link_length=length, link_diameter=bore, link_roughness=ROUGHNESS,
        link_pump_head=head, link_pump_curvature=fall, link_limit=limit, link_density=RHO, link_viscosity=VISCOSITY,
    )  # fmt: skip
    result, plain = (solve(problem, friction="swamee_jain", compiled=which) for which in (True, False))
    assert result.status.ok and plain.status.ok
    assert max(result.mass_error.max(), plain.mass_error.max()) <= 1e-9
    np.testing.assert_allclose(
        result.link_flow, plain.link_flow, rtol=0, atol=1e-8 * np.abs(plain.link_flow).max()
    )
    return result


def closed_loop(seed):
    """Vessel and suction 0; one to three pumps to 1; a random tree with chords; pipes from its leaves back to 0."""
    rng = np.random.default_rng([seed, 300])
    nodes = int(rng.integers(6, 40))
    tree = [(int(rng.integers(max(1, n - 6), n)), n) for n in range(2, nodes)]
    chords = [tuple(rng.choice(np.arange(1, nodes), 2, replace=False).tolist()) for _ in range(nodes // 3)]
    inner = {a for a, _ in tree}
    back = [(n, 0) for n in range(2, nodes) if n not in inner]
    count = int(rng.integers(1, 4))
    ends = [(0, 1)] * count + tree + chords + back
    start, end = np.array(ends).T
    length, bore = rng.uniform(1, 60, len(ends)), rng.uniform(0.02, 0.2, len(ends))
    rated = rng.uniform(5, 60)
    pumps = {k: (rated * rng.uniform(0.8, 1.2), rng.uniform(18, 22)) for k in range(count)}
    return nodes, start, end, length, bore, pumps


@pytest.mark.parametrize("seeds", [range(12), pytest.param(range(300), marks=pytest.mark.slow)])
def test_random_closed_loops_agree_with_epanet(tmp_path, seeds):
    """1e-4 of the largest flow: what the engine's rounded constants leave."""
    pytest.importorskip("numba", reason="numba is not installed")
    worst = 0.0
    for seed in seeds:
        case = closed_loop(seed)
        flow = theirs(tmp_path / "loop.inp", *case)
        gap = np.abs(ours(*case).link_flow[0] - flow).max() / np.abs(flow).max()
        worst = max(worst, gap)
    assert worst <= 1e-4


def limited_hall(rows, racks, share, seed=4):
    """Two ladders from 1 and back to 0; each rack a tail, a limiter and a tail; limits round what they would take."""
    rng, ends, limits = np.random.default_rng(seed), [(0, 1)], {}
    fresh, length, bore = iter(range(2, 10**6)), [0.0], [0.3]
    supply, back = 1, 0

    def pipe(a, b, metres, wide):
        ends.append((a, b)), length.append(metres), bore.append(wide)

    for _ in range(rows):
        near, far = next(fresh), next(fresh)
        pipe(supply, near, 3.0, 1.2), pipe(far, back, 3.0, 1.2)
        supply, back = near, far
        for _ in range(racks):
            here, there, inlet, outlet = (next(fresh) for _ in range(4))
            pipe(near, here, 0.8, 0.3), pipe(there, far, 0.8, 0.3)
            pipe(here, inlet, 8.0, 0.025)
            limits[len(ends)] = share * rng.uniform(0.4, 1.6)
            pipe(inlet, outlet, 0.0, 0.025)
            pipe(outlet, there, 8.0, 0.025)
            near, far = here, there
    pumps = {0: (1.2 * share * rows * racks, 20.0)}
    return next(fresh), *np.array(ends).T, np.array(length), np.array(bore), pumps, limits


@pytest.mark.parametrize(("rows", "racks"), [(4, 10), pytest.param(50, 40, marks=pytest.mark.slow)])
def test_limiters_of_which_a_part_is_saturated_agree_with_epanet(tmp_path, rows, racks):
    """Flows to 1e-3 of the largest rack's; the same ones are saturated, but for those at their limit by accident."""
    pytest.importorskip("numba", reason="numba is not installed")
    case = limited_hall(rows, racks, 2.0)
    result, flow = ours(*case), theirs(tmp_path / "hall.inp", *case)
    valves, limit = np.array(list(case[-1])), np.array(list(case[-1].values()))
    held = result.link_limited[0, valves]
    assert 0.1 < held.mean() < 0.9
    np.testing.assert_allclose(result.link_flow[0, valves], flow[valves], rtol=0, atol=1e-3 * limit.max())
    assert (held == (flow[valves] >= limit * (1 - 1e-6))).mean() > 0.999
