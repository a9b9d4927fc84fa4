"""Hydraulic networks that no layout describes: arrays that another tool's file was read into, and their steady flow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, fields, replace
from math import pi
from typing import Any, Literal, cast

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from solvers.hydraulics.case import GRAVITY
from solvers.hydraulics.diagnosis import Kind, diagnose
from solvers.hydraulics.network import Problem, Solution, prepare

Array = NDArray[Any]
Rules = Literal["exact", "epanet"]
Curves = Sequence[tuple[Any, Any]]

FOOT = 0.3048
"""[m], NIST SP 811, appendix B.8."""
EPANET_GRAVITY = 32.2 * FOOT
"""In EPANET's Darcy-Weisbach law. [m/s2]"""
EPANET_FITTING = 0.02517
"""Head of one velocity head over Q2/D4 in EPANET. [s2/ft]"""
DARCY_SCALE = GRAVITY / EPANET_GRAVITY
"""What EPANET's velocity head is of the true one, in pipes."""
FITTING_SCALE = EPANET_FITTING * pi**2 * (GRAVITY / FOOT) / 8.0
"""The same in fittings and valves."""
FIRST_FLOW = 28.3
"""Flow through a pump of constant power from which the search begins: EPANET's 1 cfs of water. [kg/s]"""
TOLERANCE = 1e-8
"""Change of the flow of a pump of constant power with which the search ends. [-]"""
MOST_PASSES = 60
DEAD_SLOPE = 1e10
"""Slope of the curve of a pump of constant power beyond which it is closed: it pumps into a dead end, where its curve
asks for an endless head.  About EPANET's bound of 1e8 ft/cfs. [Pa/(kg/s)]"""
UNBALANCED = 1e-6
"""Mass error, over the largest flow, beyond which a state is no solution because a demand cannot be served. [-]"""
TOLD = frozenset({Kind.NO_PRESSURE, Kind.NO_DRIVE, Kind.LIMIT_SHORT})
NOT_STORED = frozenset({"node_count", "curves"})
DEFAULTS = {item.name: item.default for item in fields(Problem) if item.default is not MISSING}
"""Of the fields that need not be given."""


@dataclass(frozen=True)
class Regulator:
    """A valve that holds a pressure by itself."""

    link: int
    kind: Literal["prv", "psv"]
    """Reduces the pressure behind it, or sustains that before it."""
    pressure: float
    """[Pa]"""


@dataclass(frozen=True)
class Trouble:
    """Something about a flow that a reader should know: which element, and what."""

    kind: str
    element: Literal["node", "link", "network"]
    index: int
    """-1 for the network."""
    message: str


@dataclass(frozen=True, eq=False)
class HydraulicFlow:
    """The steady flow of a bare hydraulic network, and what looks wrong in it."""

    solution: Solution
    ok: bool
    """Converged, and every regulating valve and pump of constant power settled."""
    detail: str
    """Why not."""
    problem: Problem
    """What was solved in the end: pumps of constant power by the tangent of their curve."""
    regulator_state: tuple[str, ...] = ()
    """Of each regulating valve: active, open or closed."""
    troubles: tuple[Trouble, ...] = ()


def hydraulic_fields() -> tuple[str, ...]:
    """Names of the arrays of a problem."""
    return tuple(item.name for item in fields(Problem) if item.name not in NOT_STORED)


def hydraulic_problem(
    node_count: int, arrays: Mapping[str, Any], curves: Curves = (), *, rules: Rules = "exact",
    power: Array | None = None, flow: Array | None = None,
) -> Problem:  # fmt: skip
    """The problem with these fields; a ValueError names the field and the index of the first bad value.

    Parameters
    ----------
    arrays : by the names of :class:`solvers.hydraulics.network.Problem`, one scenario.
    rules : ``epanet`` for friction and fittings with EPANET's constants, which lie 0.08 % below the true ones.
    power : (E,) hydraulic power of pumps of constant power, 0 elsewhere. [W]
    flow : (E,) where the curve of those pumps is touched by the straight line that stands for it. [kg/s]
    """
    given = dict(arrays)
    if curves:
        given["curves"] = tuple(curves)
    problem = Problem(node_count, **given)
    if rules == "epanet":
        problem = _with_epanet_constants(problem)
    if power is not None and power.any():
        problem = _with_power(problem, power, flow)
    prepare(problem)
    return problem


def _with_epanet_constants(problem: Problem) -> Problem:
    """Lengths and loss coefficients scaled so that drops are EPANET's; Hazen-Williams has no velocity head."""
    williams = np.asarray(problem.link_hazen_williams, float)
    length = np.asarray(problem.link_length, float)
    return replace(
        problem,
        link_length=np.where(williams > 0.0, length, length * DARCY_SCALE),
        link_minor_loss=np.asarray(problem.link_minor_loss, float) * FITTING_SCALE,
    )


def _with_power(problem: Problem, power: Array, flow: Array | None) -> Problem:
    """The tangent of ``rise = power density / flow`` at a flow: twice the rise at no flow, and none at twice the flow."""
    touch = np.full(power.shape, FIRST_FLOW) if flow is None else flow
    rise = power * np.broadcast_to(np.asarray(problem.link_density, float), power.shape) / touch
    links = power.shape

    def placed(field: Any, value: Array) -> Array:
        return np.where(power > 0.0, value, np.broadcast_to(np.asarray(field, float), links))

    return replace(
        problem,
        link_pump_head=placed(problem.link_pump_head, 2.0 * rise),
        link_pump_slope=placed(problem.link_pump_slope, rise / touch),
        link_pump_curvature=placed(problem.link_pump_curvature, np.zeros(links)),
    )


def hydraulic_flow(
    node_count: int, arrays: Mapping[str, Any], curves: Curves = (), *, rules: Rules = "exact",
    power: Array | None = None, regulators: Sequence[Regulator] = (),
) -> HydraulicFlow:  # fmt: skip
    """Solve one state, and say why where there is no solution.

    Pumps of constant power are solved by tangents (Newton's method on their convex curve, one network solve each
    pass); pressure valves by :mod:`solvers.hydraulics.pressure_valves`.
    """
    with np.errstate(over="ignore", invalid="ignore"):  # absurd pipes lose more than numbers can say
        result = _flow(node_count, arrays, curves, rules, power, regulators)
        finite = (
            np.isfinite(result.solution.link_flow).all() & np.isfinite(result.solution.node_pressure).all()
        )
        if not finite:
            return replace(result, ok=False, detail="flows or pressures leave the range of numbers")
    return replace(result, troubles=(*result.troubles, *troubles(result.problem, result.solution)))


def _flow(
    node_count: int, arrays: Mapping[str, Any], curves: Curves, rules: Rules, power: Array | None,
    regulators: Sequence[Regulator],
) -> HydraulicFlow:  # fmt: skip
    """The same without a look at the result."""
    state = _State(node_count, dict(arrays), tuple(curves), rules, tuple(regulators))
    if power is None or not power.any():
        return state.solved(None, None)
    power, touch = power.copy(), np.full(power.shape, FIRST_FLOW)
    density = np.broadcast_to(
        np.asarray(arrays.get("link_density", Problem.link_density), float), power.shape
    )
    dead: list[int] = []
    result = state.solved(power, touch)
    for _ in range(MOST_PASSES):
        pumps = np.flatnonzero((power > 0.0) & _running(result.problem, power.size))
        found = np.maximum(result.solution.link_flow[0, pumps], 0.1 * touch[pumps])
        if pumps.size == 0 or (np.abs(found / touch[pumps] - 1.0) <= TOLERANCE).all():
            dry = tuple(
                Trouble("no flow", "link", at, "a pump of constant power without flow: closed") for at in dead
            )
            return replace(result, troubles=result.troubles + dry)
        touch[pumps] = np.minimum(found, 10.0 * touch[pumps])
        stuck = pumps[power[pumps] * density[pumps] / touch[pumps] ** 2 > DEAD_SLOPE]
        if stuck.size:
            dead += stuck.tolist()
            power[stuck] = 0.0
            state.close(stuck)
        result = state.solved(power, touch)
    return replace(result, ok=False, detail="the flow through the pumps of constant power does not settle")


def total_rise(problem: Problem, solution: Solution) -> Array:
    """(E,) what each link adds to pressure and height together. [Pa]"""
    links = np.size(problem.link_from)
    height = np.broadcast_to(np.asarray(problem.node_elevation, float).reshape(-1), (problem.node_count,))
    density = np.broadcast_to(np.asarray(problem.link_density, float).reshape(-1), (links,))
    climb = height[np.asarray(problem.link_to, int)] - height[np.asarray(problem.link_from, int)]
    return np.asarray(density * GRAVITY * climb - solution.link_drop[0])


def troubles(problem: Problem, solution: Solution) -> tuple[Trouble, ...]:
    """What a reader should know about a state: demands cut off, pressures below the air's, pumps off their curves.

    Pumps and pressures are looked at here rather than by :mod:`solvers.hydraulics.diagnosis`, because in water
    distribution heights count, and pressures at nodes without demand do not.
    """
    links, nodes = np.size(problem.link_from), problem.node_count
    demand = np.broadcast_to(np.asarray(problem.node_demand, float).reshape(-1), (nodes,))
    connected, pressure = solution.node_connected[0], solution.node_pressure[0]
    found = [
        Trouble("cut off", "node", at, f"asks for {demand[at]:.4g} kg/s and has no open way to a source")
        for at in np.flatnonzero(~connected & (demand != 0.0)).tolist()
    ]
    found += _unserved(problem, solution, demand)
    low = np.flatnonzero(connected & (demand > 0.0) & (pressure < 0.0))
    if low.size and solution.scenario_ok[0]:
        worst = int(low[pressure[low].argmin()])
        others = f" (and of {low.size - 1} more nodes with demand)" if low.size > 1 else ""
        what = f"the pressure is {pressure[worst] / 1e3:.1f} kPa, below that of the air{others}: nothing could be drawn"
        found.append(Trouble("negative pressure", "node", worst, what))
    head = np.broadcast_to(np.asarray(problem.link_pump_head, float).reshape(-1), (links,))
    curve = np.broadcast_to(np.asarray(problem.link_curve, int), (links,))
    falls = np.array([np.ravel(rise)[-1] < np.ravel(rise)[0] for _, rise in problem.curves] + [False])
    flow, rise = solution.link_flow[0], total_rise(problem, solution)
    for at in np.flatnonzero(((head > 0.0) | falls[curve]) & _running(problem, links)).tolist():
        if flow[at] <= 0.0:
            what = f"the pump runs and delivers nothing against {rise[at] / 1e3:.1f} kPa"
            found.append(Trouble("no flow", "link", at, what))
        elif rise[at] < 0.0:
            what = f"the pump is beyond the end of its curve: what flows through it loses {-rise[at] / 1e3:.1f} kPa"
            found.append(Trouble("beyond its curve", "link", at, what))
    found += [
        Trouble(str(said.kind), cast(Literal["node", "link"], said.element), said.index, said.message)
        for said in diagnose(problem, solution)
        if said.kind in TOLD and solution.scenario_ok[0]
    ]
    return tuple(found)


def _unserved(problem: Problem, solution: Solution, demand: Array) -> list[Trouble]:
    """Nodes whose demand reaches no source by pipes or by what else carries anything, and the links round them that do not.

    Of a state without balance of mass; the node with the largest demand first, then the links, then the other nodes.
    """
    if solution.scenario_ok[0] or float(solution.mass_error[0]) <= UNBALANCED:
        return []
    flow = np.abs(solution.link_flow[0])
    start, end = np.asarray(problem.link_from, int), np.asarray(problem.link_to, int)
    check, head, curve = (
        np.broadcast_to(np.asarray(values).reshape(-1), start.shape)
        for values in (problem.link_check, problem.link_pump_head, problem.link_curve)
    )
    pipes = _running(problem, start.size) & ~check.astype(bool) & (head <= 0.0) & (curve < 0)
    carries = pipes | (flow > UNBALANCED * flow.max())
    nodes = problem.node_count
    joined = csr_array((np.ones(int(carries.sum())), (start[carries], end[carries])), (nodes, nodes))
    island = connected_components(joined, directed=False)[1]
    fed = np.isin(island, island[np.atleast_1d(np.asarray(problem.fixed_node, int))])
    starved = ~fed & np.isin(island, island[demand > 0.0]) & solution.node_connected[0]
    asking = np.flatnonzero(starved & (demand > 0.0))
    asking = asking[np.argsort(-demand[asking], kind="stable")]
    said = [
        Trouble(
            "not served", "node", at, f"asks for {demand[at]:.4g} kg/s, and every way to a source is closed"
        )
        for at in asking.tolist()
    ]
    what = "is a way to a source for nodes that ask, and is closed: shut, a check valve, or a pump that cannot lift"
    shut = np.flatnonzero(~carries & (starved[start] != starved[end])).tolist()
    return [*said[:1], *(Trouble("closed", "link", at, what) for at in shut), *said[1:]]


def _running(problem: Problem, links: int) -> Array:
    opened = np.broadcast_to(np.asarray(problem.link_open, bool).reshape(-1), (links,))
    speed = np.broadcast_to(np.asarray(problem.link_pump_speed, float).reshape(-1), (links,))
    return np.asarray(opened & (speed > 0.0))


@dataclass
class _State:
    """What is solved pass after pass."""

    node_count: int
    arrays: dict[str, Any]
    curves: tuple[tuple[Any, Any], ...]
    rules: Rules
    regulators: tuple[Regulator, ...]
    valve_state: tuple[str, ...] = ()

    def close(self, links: Array) -> None:
        """Close pumps that pump into a dead end."""
        links_in_all = np.size(self.arrays["link_from"])
        opened = np.array(
            np.broadcast_to(np.asarray(self.arrays.get("link_open", True), bool), (links_in_all,))
        )
        opened[links] = False
        self.arrays["link_open"] = opened

    def solved(self, power: Array | None, touch: Array | None) -> HydraulicFlow:
        """One solve with the pumps of constant power as straight lines."""
        problem = hydraulic_problem(
            self.node_count, self.arrays, self.curves, rules=self.rules, power=power, flow=touch
        )
        law: Literal["colebrook", "swamee_jain"] = "swamee_jain" if self.rules == "epanet" else "colebrook"
        if self.regulators:
            result = _regulated(problem, self.regulators, law, self.valve_state)
            self.valve_state = result.regulator_state
            return result
        solution = prepare(problem, friction=law).solve()
        return HydraulicFlow(solution, bool(solution.scenario_ok[0]), _why(solution), problem)


def _why(solution: Solution) -> str:
    if solution.scenario_ok[0]:
        return ""
    if float(solution.mass_error[0]) > UNBALANCED:
        return (
            f"mass is not balanced (off by {float(solution.mass_error[0]):.1e} of the largest flow): a demand cannot "
            "be served, because every way to a source is closed"
        )
    return f"the flows have not settled after {solution.iterations} iterations"


def _regulated(
    problem: Problem,
    regulators: Sequence[Regulator],
    law: Literal["colebrook", "swamee_jain"],
    start: Sequence[Any],
) -> HydraulicFlow:
    """With pressure valves."""
    from solvers.hydraulics import pressure_valves

    kinds: dict[str, Literal["reduce", "sustain"]] = {"prv": "reduce", "psv": "sustain"}
    valves = [pressure_valves.PressureValve(v.link, kinds[v.kind], v.pressure) for v in regulators]
    found = pressure_valves.solve(problem, valves, friction=law, start=start)
    detail = "" if found.ok else _why(found.solution) or "the pressure valves find no common state"
    return HydraulicFlow(found.solution, found.ok, detail, problem, found.state)
