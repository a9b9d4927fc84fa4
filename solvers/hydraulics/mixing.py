"""Node temperatures for given modes of exchangers and extractions: one sparse linear system for many scenarios."""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_array, csc_array, identity
from scipy.sparse.csgraph import breadth_first_order
from scipy.sparse.linalg import splu

from .heat_case import Array, HeatCase, Index, Mask, at, sum_to_nodes

LIMITED, CONTROLLED, IDLE = 0, 1, 2
"""What an exchanger does: all it can, hold its set point, or nothing."""
TAKING, AT_FLOOR = 3, 4
"""What an extraction does besides IDLE: take all that is wanted, or what there is above its floor."""
SOFT = 1e-9
"""Addition to the diagonal of a singular block [-]; any small number does."""


def transfer(case: HeatCase, mode: Index) -> tuple[Array, Array, Array, Index]:
    """Outlet of every link as ``own * T(up) + other * T(partner) + constant`` before heat and losses.

    ``mode`` has a column for every exchanger and then one for every extraction.
    """
    own, other = np.ones_like(case.rate), np.zeros_like(case.rate)
    constant, partner = np.zeros_like(case.rate), case.up.copy()
    mode, taking = np.split(mode, [case.hot.size], axis=1)
    if case.taken.size:
        own[:, case.taken] = np.where(taking == AT_FLOOR, 0.0, 1.0)
        fall = np.where(taking == TAKING, full_fall(case), 0.0)
        constant[:, case.taken] = np.where(taking == AT_FLOOR, case.floor, -fall)
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


def full_fall(case: HeatCase) -> Array:
    """(S, K) how far an extraction cools its flow when it takes all that is wanted [K]; 0 without flow."""
    rate = case.rate[:, case.taken]
    return np.where(rate > 0.0, case.wanted / np.where(rate > 0.0, rate, 1.0), 0.0)


def temperatures(case: HeatCase, mode: Index) -> tuple[Array, Mask]:
    """Steady node temperatures, and the nodes whose temperature nothing outside determines."""
    own, other, constant, partner = _outlets(case, mode)
    tied = _tied(case, mode, own, other, partner)
    fed = fed_rate(case)
    temperature = _mix(case, (own, other, constant, partner), (fed > 0.0) & tied, 0.0, case.initial)
    return temperature, (fed > 0.0) & ~tied


def temperatures_after(case: HeatCase, mode: Index, before: Array, inertia: Array) -> Array:
    """Node temperatures one implicit time step after `before`; `inertia` is storage over step times flow."""
    return _mix(case, _outlets(case, mode), fed_rate(case) > 0.0, inertia, before)


def fed_rate(case: HeatCase) -> Array:
    """(S, N) capacity rate that reaches each node."""
    return sum_to_nodes(case.node_count, case.rate, case.down) + case.inflow


def _outlets(case: HeatCase, mode: Index) -> tuple[Array, Array, Array, Index]:
    """As :func:`transfer`, at the end of the link: heat, losses and fixed outlets included."""
    own, other, constant, partner = transfer(case, mode)
    kept = np.where(case.pinned, 0.0, case.kept)
    return own * kept, other * kept, constant * kept + case.added, partner


def _mix(
    case: HeatCase,
    outlets: tuple[Array, Array, Array, Index],
    alive: Mask,
    inertia: Array | float,
    before: Array,
) -> Array:
    """Every `alive` node takes the mean of what flows in, and of `before` by `inertia`; others keep it."""
    own, other, constant, partner = outlets
    count, nodes = case.scenarios, case.node_count
    base = nodes * np.arange(count)[:, None]
    weight = 1.0 / np.where(alive, fed_rate(case) * (1.0 + inertia), 1.0)
    share = np.where(at(alive, case.down), case.rate * at(weight, case.down), 0.0)
    right = sum_to_nodes(nodes, share * constant, case.down)
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
            temperature[s] = splu(block + SOFT * identity(nodes, format="csc")).solve(right[s])
    return temperature


def _tied(case: HeatCase, mode: Index, own: Array, other: Array, partner: Index) -> Mask:
    """Nodes downstream of an inflow, an ambient loss, a fixed outlet or a floor, also through exchangers."""
    nodes, count = case.node_count, case.scenarios
    base = nodes * np.arange(count)[:, None]
    runs = case.rate > 0.0
    sink = case.sink
    mode, taking = np.split(mode, [case.hot.size], axis=1)
    if case.taken.size:
        sink = sink.copy()
        sink[:, case.taken] |= taking == AT_FLOOR
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
