"""Steady temperatures along known flows: mixing, heat input, losses, plants and heat exchangers.

With known flows everything is linear in the node temperatures, except that an exchanger holds its set point
only while it can.  Each exchanger is in one of three modes, and the modes are iterated until none changes.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_array, csc_array, eye_array
from scipy.sparse.csgraph import breadth_first_order
from scipy.sparse.linalg import splu

from ..status import SolveError, Status
from .exchanger import effectiveness
from .scenarios import distinct, rows

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Index = NDArray[np.intp]

STILL = 1e-9
"""Flow below this share of a scenario's largest carries no heat [-]; the mass balance is no better."""
INFLOW = 1e-7
"""Imbalance of a node, as a share of the largest flow, above which it is an inflow from outside [-]."""
CHUNK = 60_000
"""Nodes times scenarios in one sparse matrix; measured, flat between 1e4 and 2e5."""
QUICK = 12
"""Passes over the modes before the slow way is taken; ordinary networks need 1 to 4."""
LONG = 1e-13
"""Inertia at which a warm-up counts as endless [-]."""
RUNAWAY = 1e6
"""Temperature no steady state reaches [K]; what runs away is far beyond at the end of a warm-up."""
SOFT = 1e-9
"""Addition to the diagonal of a singular block [-]; any small number does."""
LIMITED, CONTROLLED, IDLE = 0, 1, 2


@dataclass(frozen=True)
class Problem:
    """Flows and what heats or cools them.  Any (S, x) array may be given as (1, x), (x,) or a scalar.

    S scenarios, N nodes, E links, X exchangers.  A link is at most one side of one exchanger.
    """

    node_count: int
    link_from: ArrayLike
    """(E,) node at the tail of each link."""
    link_to: ArrayLike
    """(E,) node at the head of each link."""
    link_flow: ArrayLike
    """(S, E) mass flow, either sign [kg/s]; conserves mass at closed nodes."""
    link_capacity: ArrayLike
    """(E,) specific heat capacity, equal for links that mix [J/(kg K)]."""
    link_heat: ArrayLike = 0.0
    """(S, E) heat into the fluid within the link: rack heat, pump heat [W]."""
    link_conductance: ArrayLike = 0.0
    """(E,) or (S, E) conductance to ambient [W/K]."""
    ambient: ArrayLike = 20.0
    """(S,) ambient temperature [degC]."""
    link_outlet: ArrayLike = 0.0
    """(S, E) outlet temperature of links where `link_outlet_fixed`: a plant at its set point [degC]."""
    link_outlet_fixed: ArrayLike = False
    """(S, E) the fluid leaves at `link_outlet`, whatever enters."""
    inflow_temperature: ArrayLike = 20.0
    """(S, N) temperature of flow that enters an open network at a node [degC]."""
    exchanger_hot: ArrayLike = field(default_factory=lambda: np.zeros(0, np.intp))
    """(X,) link on the hot side."""
    exchanger_cold: ArrayLike = field(default_factory=lambda: np.zeros(0, np.intp))
    """(X,) link on the cold side."""
    exchanger_conductance: ArrayLike = 0.0
    """(S, X) UA, counterflow [W/K]."""
    exchanger_setpoint: ArrayLike = -np.inf
    """(S, X) hot outlet temperature a valve on the cold side holds if it can; -inf: no control [degC]."""
    initial: ArrayLike = 20.0
    """(S, N) temperature reported for nodes that nothing flows to [degC]."""


@dataclass(frozen=True)
class Solution:
    """Temperatures [degC] and heat flows [W] of every scenario, free of NaN."""

    status: Status
    scenario_ok: Mask
    """(S,) the row meets the tolerance."""
    iterations: int
    """Passes over the exchanger modes."""
    residual: Array
    """(S,) largest heat imbalance of a node over the heat exchanged in the scenario [-]."""
    node_temperature: Array
    """(S, N) mixed temperature of what leaves the node [degC]."""
    link_inlet: Array
    """(S, E) in flow direction [degC]."""
    link_outlet: Array
    """(S, E) in flow direction [degC]."""
    link_gain: Array
    """(S, E) heat the fluid takes up along the link [W]."""
    exchanger_duty: Array
    """(S, X) heat from hot to cold [W]."""
    exchanger_limited: Mask
    """(S, X) there is a set point and the exchanger cannot hold it."""
    rejected: Array
    """(S, E) heat taken out at links of fixed outlet; negative where the plant heats [W]."""
    stagnant_heat: Array
    """(S,) heat into links without flow, or into a flow that meets no sink: it stays in the machine [W]."""
    energy_error: Array
    """(S,) sum of all gains less what crosses the boundary, over the heat exchanged [-]."""
    node_runaway: Mask
    """(S, N) heated flow that meets no sink has no steady temperature; the node reports `initial`."""


def solve(
    problem: Problem, *, tolerance: float = 1e-8, max_iterations: int = 60, raise_on_failure: bool = False
) -> Solution:
    """Steady temperatures of every scenario.

    Parameters
    ----------
    tolerance : float
        Largest accepted relative heat imbalance, of any node and of the whole. [-]
    max_iterations : int
        Passes over the modes of the exchangers; ordinary cases need 1 to 4.

    Notes
    -----
    Along a link with conductance UA and heat q spread evenly, ``T = Te + (Tin - Te) exp(-UA / C)`` with
    ``Te = ambient + q / UA`` and C the capacity rate.  On the links of an exchanger, exchange comes first.
    A controlled exchanger never heats its hot stream; one without control is a plain exchanger and obeys
    only the temperature difference.  Axial conduction and storage are left out.

    Heat that meets no flow, or flows round a loop without sink, is no failure of the solve but a finding:
    it is summed in ``stagnant_heat``.

    Examples
    --------
    A 42 kW rack and a plant at 30 degC in a loop of 1 kg/s water: the rack returns 40 degC.

    >>> loop = Problem(2, [0, 1], [1, 0], link_flow=1.0, link_capacity=4200.0, link_heat=[42e3, 0.0],
    ...                link_outlet=30.0, link_outlet_fixed=[False, True])
    >>> solve(loop).node_temperature.round(6).tolist()
    [[30.0, 40.0]]
    """
    case, row_of = _Case.from_problem(problem)
    step = max(1, CHUNK // max(case.node_count, 1))
    parts = [
        _solve_chunk(case.take(slice(i, min(i + step, case.scenarios))), max_iterations)
        for i in range(0, case.scenarios, step)
    ]
    merged = {
        name: np.concatenate([part[name] for part in parts])[row_of]
        for name in parts[0]
        if isinstance(parts[0][name], np.ndarray)
    }
    settled = merged.pop("settled")
    ok = settled & (merged["residual"] <= tolerance) & (merged["energy_error"] <= tolerance)
    status = Status.CONVERGED
    if not ok.all():
        status = Status.INFEASIBLE if settled.all() else Status.MAX_ITERATIONS
    if raise_on_failure and not status.ok:
        raise SolveError(status, f"{int((~ok).sum())} of {ok.size} scenarios")
    return Solution(
        status=status, scenario_ok=ok, iterations=max(int(part["iterations"]) for part in parts), **merged
    )


# --------------------------------------------------------------------------------------------- the case


@dataclass(frozen=True)
class _Case:
    """The problem in flow direction, (scenarios, columns) throughout."""

    node_count: int
    scenarios: int
    rate: Array  # (S, E) capacity rate, 0 where the flow stands still [W/K]
    up: NDArray[np.intp]  # (S, E) node the flow comes from
    down: NDArray[np.intp]  # (S, E)
    kept: Array  # (S, E) share of the inlet temperature left at the outlet
    added: Array  # (S, E) the rest of the outlet temperature: heat and ambient
    natural: Array  # (S, E) the same before a fixed outlet takes over
    pinned: Mask  # (S, E)
    sink: Mask  # (S, E) the outlet temperature is tied to something outside
    heat: Array  # (S, E)
    inflow: Array  # (S, N) capacity rate entering from outside
    inflow_temperature: Array  # (S, N)
    initial: Array  # (S, N)
    hot: Index  # (X,)
    cold: Index  # (X,)
    hot_share: Array  # (S, X) effectiveness C_min / C_hot
    cold_share: Array  # (S, X)
    setpoint: Array  # (S, X)

    @classmethod
    def from_problem(cls, p: Problem) -> tuple[_Case, Index]:
        start, end = np.asarray(p.link_from, np.intp), np.asarray(p.link_to, np.intp)
        hot, cold = (np.asarray(x, np.intp).ravel() for x in (p.exchanger_hot, p.exchanger_cold))
        nodes, links = p.node_count, start.size
        _check(nodes, start, end, hot, cold)
        ambient = np.asarray(p.ambient, float)
        widths = {
            "flow": (p.link_flow, links),
            "heat": (p.link_heat, links),
            "conductance": (p.link_conductance, links),
            "outlet": (p.link_outlet, links),
            "pinned": (p.link_outlet_fixed, links),
            "inflow_temperature": (p.inflow_temperature, nodes),
            "initial": (p.initial, nodes),
            "exchange": (p.exchanger_conductance, hot.size),
            "setpoint": (p.exchanger_setpoint, hot.size),
            "ambient": (ambient.reshape(-1, 1), 1),
        }
        given = {name: rows(value, width) for name, (value, width) in widths.items()}
        keep, row_of = distinct(given.values())
        total = keep.size
        given = {
            name: np.broadcast_to(a[keep] if a.shape[0] > 1 else a, (total, a.shape[1]))
            for name, a in given.items()
        }
        flow, specific = given["flow"], np.broadcast_to(np.asarray(p.link_capacity, float), (links,))
        heat, leak, ambient = given["heat"], given["conductance"], given["ambient"]
        if not all(np.isfinite(a).all() for n, a in given.items() if n != "setpoint"):
            raise ValueError("flows, heats, conductances and temperatures must be finite")
        if not (given["setpoint"] < np.inf).all() or (leak < 0.0).any() or (given["exchange"] < 0.0).any():
            raise ValueError("conductances must be >= 0 and set points a number or -inf")
        if not (specific > 0.0).all():
            raise ValueError("link_capacity must be > 0")

        largest = np.abs(flow).max(axis=1, keepdims=True, initial=0.0)
        rate = np.where(np.abs(flow) > STILL * largest, np.abs(flow) * specific, 0.0)
        up, down = np.where(flow >= 0.0, start, end), np.where(flow >= 0.0, end, start)
        runs = rate > 0.0
        safe = np.where(runs, rate, 1.0)
        kept = np.exp(-leak / safe)
        lost = -np.expm1(-leak / safe)
        per_watt = np.where(leak > 0.0, lost / np.where(leak > 0.0, leak, 1.0), 1.0 / safe)
        natural = lost * ambient + heat * per_watt
        pinned = given["pinned"].astype(bool) & runs
        hot_share, cold_share = _shares(rate[:, hot], rate[:, cold], given["exchange"])
        case = cls(
            node_count=nodes,
            scenarios=total,
            rate=rate,
            up=up,
            down=down,
            kept=kept,
            added=np.where(pinned, given["outlet"], natural),
            natural=natural,
            pinned=pinned,
            sink=runs & (pinned | (kept < 1.0)),
            heat=heat,
            inflow=_inflow(nodes, rate, up, down),
            inflow_temperature=given["inflow_temperature"],
            initial=given["initial"],
            hot=hot,
            cold=cold,
            hot_share=hot_share,
            cold_share=cold_share,
            setpoint=given["setpoint"],
        )
        return case, row_of

    def take(self, part: slice | Index) -> _Case:
        """The same case with some of its scenarios."""
        picked: dict[str, Any] = {
            f.name: value[part]
            for f in fields(self)
            if isinstance(value := getattr(self, f.name), np.ndarray) and value.ndim == 2
        }
        return replace(self, scenarios=len(picked["rate"]), **picked)


def _check(nodes: int, start: Index, end: Index, hot: Index, cold: Index) -> None:
    if start.ndim != 1 or start.shape != end.shape:
        raise ValueError("link_from and link_to must be one-dimensional and of equal length")
    for name, index, count in (
        ("link_from", start, nodes),
        ("link_to", end, nodes),
        ("exchanger_hot", hot, start.size),
        ("exchanger_cold", cold, start.size),
    ):
        if index.size and (index.min() < 0 or index.max() >= count):
            raise ValueError(f"{name} has an index outside 0..{count - 1}")
    if hot.shape != cold.shape:
        raise ValueError("exchanger_hot and exchanger_cold must be of equal length")
    if np.unique(np.concatenate([hot, cold])).size != 2 * hot.size:
        raise ValueError("a link can be only one side of one exchanger")


def _shares(hot_rate: Array, cold_rate: Array, conductance: Array) -> tuple[Array, Array]:
    """Exchanged share of the inlet difference, as seen by the hot and by the cold stream."""
    least, most = np.minimum(hot_rate, cold_rate), np.maximum(hot_rate, cold_rate)
    runs = least > 0.0
    safe = np.where(runs, least, 1.0)
    duty = np.where(runs, least, 0.0) * effectiveness(conductance / safe, safe / np.where(runs, most, 1.0))
    return (
        duty / np.where(hot_rate > 0.0, hot_rate, 1.0),
        duty / np.where(cold_rate > 0.0, cold_rate, 1.0),
    )


def _sum_to_nodes(nodes: int, values: Array, node: Index) -> Array:
    """(S, N) sums of per-link values over the nodes given per link and scenario."""
    scenarios = len(values)
    flat = (node + nodes * np.arange(scenarios)[:, None]).ravel()
    return np.bincount(flat, values.ravel(), scenarios * nodes).astype(float).reshape(scenarios, nodes)


def _inflow(nodes: int, rate: Array, up: Index, down: Index) -> Array:
    leaving, entering = _sum_to_nodes(nodes, rate, up), _sum_to_nodes(nodes, rate, down)
    excess = leaving - entering
    return np.where(excess > INFLOW * rate.max(axis=1, keepdims=True, initial=0.0), excess, 0.0)


# ------------------------------------------------------------------------------------------ the solution


def _solve_chunk(case: _Case, max_iterations: int) -> dict[str, Any]:
    """Iterate the exchanger modes; returns the arrays of :class:`Solution` by name, and `settled`."""
    coupled = (case.rate[:, case.hot] > 0.0) & (case.rate[:, case.cold] > 0.0)
    controlled = coupled & np.isfinite(case.setpoint)
    mode = np.where(controlled, CONTROLLED, np.where(coupled, LIMITED, IDLE))
    runaway = np.zeros((case.scenarios, case.node_count), bool)
    mode, settled, done = _iterate(case, mode, controlled, min(max_iterations, QUICK))
    if not settled.all():
        hard = np.flatnonzero(~settled)
        part = case.take(hard)
        mode[hard], runaway[hard], more = _warm_up(part, mode[hard], controlled[hard], max_iterations)
        mode[hard], settled[hard], last = _iterate(part, mode[hard], controlled[hard], QUICK, runaway[hard])
        done += more + last
    return _report(case, mode, runaway, settled) | {"iterations": done}


def _iterate(
    case: _Case, mode: Index, controlled: Mask, limit: int, runaway: Mask | None = None
) -> tuple[Index, Mask, int]:
    """Change modes until each is what its exchanger would do; exchangers on a runaway loop keep theirs.

    Not settled is also a scenario with a loop that nothing ties, unless it is known to run away.
    """
    settled, done = np.zeros(case.scenarios, bool), 0
    for done in range(1, limit + 1):  # noqa: B007
        temperature, adrift = _temperatures(case, mode)
        free = controlled
        if runaway is not None:
            free = controlled & ~_at(adrift, case.up[:, case.hot]) & ~_at(adrift, case.up[:, case.cold])
        wanted = np.where(free, _modes(case, temperature, mode), mode)
        settled = np.asarray(~(wanted != mode).any(axis=1))
        if settled.all():
            break
        mode = wanted
    if runaway is None:
        settled = settled & ~adrift.any(axis=1)
    return mode, settled, done


def _warm_up(case: _Case, mode: Index, controlled: Mask, limit: int) -> tuple[Index, Mask, int]:
    """Modes of the state that the network warms up to from `initial`, and the nodes that never settle.

    Implicit Euler steps of growing length on a network whose nodes store heat.  Mixing and exchange never
    increase the distance of two states (in heat), so every step has one solution and the steps lead to the
    steady state, where plain iteration of the modes may cycle between two wrong ones.
    """
    temperature, done = case.initial, 0
    inertia = np.ones((case.scenarios, 1))
    for _ in range(limit):
        settled = np.zeros(case.scenarios, bool)
        trial = mode
        for _ in range(QUICK):
            done += 1
            warmer = _temperatures_after(case, trial, temperature, inertia)
            wanted = np.where(controlled, _modes(case, warmer, trial), trial)
            settled = np.asarray(~(wanted != trial).any(axis=1))
            if settled.all():
                break
            trial = wanted
        good = settled[:, None]
        temperature, mode = np.where(good, warmer, temperature), np.where(good, trial, mode)
        inertia = np.where(good, inertia / 16.0, inertia * 4.0)
        if inertia.max() < LONG:
            break
    return mode, np.abs(temperature) > RUNAWAY, done


def _modes(case: _Case, temperature: Array, mode: Index) -> Index:
    """What each controlled exchanger would do at these temperatures: min(inlet, max(set point, limit))."""
    hot_in, cold_in = _at(temperature, case.up[:, case.hot]), _at(temperature, case.up[:, case.cold])
    reach = hot_in - case.hot_share * (hot_in - cold_in)
    held = np.where(np.isfinite(case.setpoint), case.setpoint, 0.0)
    slack = 1e-9 * (1.0 + np.abs(held) + np.abs(hot_in))
    wanted = np.where(reach > held + slack, LIMITED, CONTROLLED)
    wanted = np.where(hot_in < held - slack, IDLE, wanted)
    wanted = np.where((hot_in < cold_in - slack) & (wanted == LIMITED), IDLE, wanted)
    # the marginal case keeps its mode, so that rounding cannot make it alternate
    wanted = np.where((np.abs(reach - held) <= slack) & (wanted != IDLE) & (mode != IDLE), mode, wanted)
    wanted = np.where((np.abs(hot_in - held) <= slack) & (mode == IDLE), IDLE, wanted)
    return np.where(
        (np.abs(hot_in - cold_in) <= slack) & (hot_in > held) & (mode != CONTROLLED), mode, wanted
    )


def _at(values: NDArray[Any], index: Index) -> NDArray[Any]:
    return np.take_along_axis(values, index, axis=1)


def _transfer(case: _Case, mode: Index) -> tuple[Array, Array, Array, Index]:
    """Outlet of every link as ``own * T(up) + other * T(partner) + constant`` before heat and losses."""
    own, other = np.ones_like(case.rate), np.zeros_like(case.rate)
    constant, partner = np.zeros_like(case.rate), case.up.copy()
    if not case.hot.size:
        return own, other, constant, partner
    hot, cold = case.hot, case.cold
    partner[:, hot], partner[:, cold] = case.up[:, cold], case.up[:, hot]
    limited, held = mode == LIMITED, mode == CONTROLLED
    setpoint = np.where(held, case.setpoint, 0.0)
    ratio = np.where(held, case.rate[:, hot] / np.where(held, case.rate[:, cold], 1.0), 0.0)
    own[:, hot] = np.where(limited, 1.0 - case.hot_share, np.where(held, 0.0, 1.0))
    other[:, hot] = np.where(limited, case.hot_share, 0.0)
    constant[:, hot] = setpoint
    own[:, cold] = np.where(limited, 1.0 - case.cold_share, 1.0)
    other[:, cold] = np.where(limited, case.cold_share, ratio)
    constant[:, cold] = -ratio * setpoint
    return own, other, constant, partner


def _temperatures(case: _Case, mode: Index) -> tuple[Array, Mask]:
    """Steady node temperatures, and the nodes whose temperature nothing outside determines."""
    own, other, constant, partner = _outlets(case, mode)
    tied = _tied(case, mode, own, other, partner)
    fed = _fed(case)
    temperature = _mix(case, (own, other, constant, partner), (fed > 0.0) & tied, 0.0, case.initial)
    return temperature, (fed > 0.0) & ~tied


def _temperatures_after(case: _Case, mode: Index, before: Array, inertia: Array) -> Array:
    """Node temperatures one implicit time step after `before`; `inertia` is storage over step times flow."""
    return _mix(case, _outlets(case, mode), _fed(case) > 0.0, inertia, before)


def _fed(case: _Case) -> Array:
    """(S, N) capacity rate that reaches each node."""
    return _sum_to_nodes(case.node_count, case.rate, case.down) + case.inflow


def _outlets(case: _Case, mode: Index) -> tuple[Array, Array, Array, Index]:
    """As :func:`_transfer`, at the end of the link: heat, losses and fixed outlets included."""
    own, other, constant, partner = _transfer(case, mode)
    kept = np.where(case.pinned, 0.0, case.kept)
    return own * kept, other * kept, constant * kept + case.added, partner


def _mix(
    case: _Case,
    outlets: tuple[Array, Array, Array, Index],
    alive: Mask,
    inertia: Array | float,
    before: Array,
) -> Array:
    """Every `alive` node takes the mean of what flows in, and of `before` by `inertia`; others keep it."""
    own, other, constant, partner = outlets
    count, nodes = case.scenarios, case.node_count
    base = nodes * np.arange(count)[:, None]
    weight = 1.0 / np.where(alive, _fed(case) * (1.0 + inertia), 1.0)
    share = np.where(_at(alive, case.down), case.rate * _at(weight, case.down), 0.0)
    right = _sum_to_nodes(nodes, share * constant, case.down)
    right += weight * case.inflow * case.inflow_temperature + inertia / (1.0 + inertia) * before
    right = np.where(alive, right, before)
    use, cross = share * own != 0.0, share * other != 0.0
    row = np.concatenate([(case.down + base)[use], (case.down + base)[cross], np.arange(count * nodes)])
    column = np.concatenate([(case.up + base)[use], (partner + base)[cross], np.arange(count * nodes)])
    value = np.concatenate([-(share * own)[use], -(share * other)[cross], np.ones(count * nodes)])
    return _linear(coo_array((value, (row, column)), shape=(count * nodes,) * 2).tocsc(), right)


def _linear(matrix: csc_array, right: Array) -> Array:
    """Solve the block-diagonal system; a singular block (a mode that no state has) is softened.

    The softened temperatures are large, which drives the exchangers out of that mode; if it is the last one
    the heat balance shows it.
    """
    try:
        return splu(matrix).solve(right.ravel()).reshape(right.shape)
    except RuntimeError:
        pass
    count, nodes = right.shape
    temperature = np.empty_like(right)
    for s in range(count):
        block = matrix[s * nodes : (s + 1) * nodes, s * nodes : (s + 1) * nodes].tocsc()
        try:
            temperature[s] = splu(block).solve(right[s])
        except RuntimeError:
            temperature[s] = splu(block + SOFT * eye_array(nodes, format="csc")).solve(right[s])
    return temperature


def _tied(case: _Case, mode: Index, own: Array, other: Array, partner: Index) -> Mask:
    """Nodes downstream of an inflow, an ambient loss or a fixed outlet, also through exchangers."""
    nodes, count = case.node_count, case.scenarios
    base = nodes * np.arange(count)[:, None]
    runs = case.rate > 0.0
    sink = case.sink
    root = count * nodes
    seeds = np.concatenate([(case.down + base)[sink], np.flatnonzero(case.inflow > 0.0)])
    follow, cross = runs & (own > 0.0), runs & (other > 0.0)
    if case.hot.size:
        # a held set point ties the hot outlet only if the cold stream can pass the duty on, and gives the
        # cold stream heat whatever its own temperature, which ties nothing
        cross[:, case.hot] |= (mode == CONTROLLED) & runs[:, case.hot]
        cross[:, case.cold] &= mode == LIMITED
    tail = np.concatenate([np.full(seeds.size, root), (case.up + base)[follow], (partner + base)[cross]])
    tip = np.concatenate([seeds, (case.down + base)[follow], (case.down + base)[cross]])
    graph = coo_array((np.ones(tail.size), (tail, tip)), shape=(root + 1, root + 1)).tocsr()
    reached = np.zeros(root + 1, bool)
    reached[breadth_first_order(graph, root, return_predecessors=False)] = True
    return reached[:root].reshape(count, nodes)


def _report(case: _Case, mode: Index, runaway: Mask, settled: Mask) -> dict[str, Any]:
    """Outlets, gains and balances that follow from the node temperatures."""
    temperature, adrift = _temperatures(case, mode)
    runs = case.rate > 0.0
    counted = runs & ~_at(adrift, case.up)
    own, other, constant, partner = _transfer(case, mode)
    inlet = _at(temperature, case.up)
    exchanged = own * inlet + other * _at(temperature, partner) + constant
    free = case.kept * exchanged + case.natural
    outlet = np.where(counted, np.where(case.pinned, case.added, free), inlet)
    gain = case.rate * (outlet - inlet)
    hot = case.hot
    duty = np.where(counted[:, hot], case.rate[:, hot] * (inlet - exchanged)[:, hot], 0.0)
    rejected = np.where(counted & case.pinned, case.rate * (free - outlet), 0.0)
    lost = np.where(~counted, case.heat, 0.0).sum(axis=1)

    nodes = case.node_count
    mixed = _sum_to_nodes(nodes, case.rate * outlet, case.down) + case.inflow * case.inflow_temperature
    fed = _sum_to_nodes(nodes, case.rate, case.down) + case.inflow
    imbalance = np.where((fed > 0.0) & ~adrift, mixed - fed * temperature, 0.0)
    leaving = _sum_to_nodes(nodes, case.rate, case.up)
    outward = np.where((fed > 0.0) & ~adrift, fed - leaving, 0.0)
    boundary = (outward * temperature - case.inflow * case.inflow_temperature).sum(axis=1)
    moved = np.maximum(np.abs(gain).sum(axis=1), np.abs(np.where(counted, case.heat, 0.0)).sum(axis=1))
    scale = np.maximum(moved, 1e-3 * case.rate.sum(axis=1) + 1e-9)
    runaway = runaway & adrift
    return {
        "settled": settled,
        "residual": np.abs(imbalance).max(axis=1, initial=0.0) / scale,
        "node_temperature": temperature,
        "link_inlet": inlet,
        "link_outlet": outlet,
        "link_gain": gain,
        "exchanger_duty": duty,
        "exchanger_limited": _limited(case, mode, inlet, runaway),
        "rejected": rejected,
        "stagnant_heat": lost,
        "energy_error": np.abs(gain.sum(axis=1) - boundary) / scale,
        "node_runaway": runaway,
    }


def _limited(case: _Case, mode: Index, inlet: Array, runaway: Mask) -> Mask:
    """Set points that are missed: exchanger at its limit, no cold flow, or water not cold enough."""
    held = np.isfinite(case.setpoint) & (case.rate[:, case.hot] > 0.0)
    target = np.where(held, case.setpoint, 0.0)
    too_warm = inlet[:, case.hot] > target + 1e-9 * (1.0 + np.abs(target))
    return held & ((mode == LIMITED) | ((mode == IDLE) & too_warm) | _at(runaway, case.up[:, case.hot]))
