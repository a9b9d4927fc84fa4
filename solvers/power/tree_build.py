"""From a plan to the tour of the compiled sweep: the order of the buses, and what happens at each."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from solvers.power.plan import Plan
from solvers.power.tree_tour import (
    CONVERT,
    FALL,
    FALL_GAIN,
    GAIN,
    HELD,
    HOLD,
    LEAF,
    LEAVE,
    LEAVE_GAIN,
    LOADED,
    NOTHING,
    OWN,
    PLAIN,
    SCALED,
    SHUNT,
    WATCHED,
    Odd,
    Order,
    Tour,
)  # fmt: skip
from solvers.power.trees import Exceptions, feed_values

Array = NDArray[Any]

STEEP = 1 / 16
"""Branches whose impedance times the cords behind is at least this part of the largest such product scale their
current (see ``enter_scaled``): the few that make most of the voltage drop."""


@njit(cache=True)
def _visit(tails: Array, heads: Array, nodes: Array, weight: Array) -> Array:
    """Tour over the graph of ``nodes``: k = enter k, ~k = leave k; ``weight`` grows to that of all behind a node."""
    size = weight.size
    out, back = np.zeros(size + 1, np.int64), np.zeros(size + 1, np.int64)
    for edge in range(tails.size):
        out[tails[edge] + 1] += 1
        back[heads[edge] + 1] += 1
    waits, owes = back[1:].copy(), out[1:].copy()
    out, back = np.cumsum(out), np.cumsum(back)
    below, above = np.empty(tails.size, np.int64), np.empty(tails.size, np.int64)
    next_out, next_back = out[:-1].copy(), back[:-1].copy()
    for edge in range(tails.size):
        tail, head = tails[edge], heads[edge]
        below[next_out[tail]], above[next_back[head]] = head, tail
        next_out[tail] += 1
        next_back[head] += 1
    tour, stack, closing = (
        np.empty(2 * nodes.size, np.int64),
        np.empty(nodes.size, np.int64),
        np.empty(nodes.size, np.int64),
    )
    at, waiting = 0, 0
    for start in nodes[::-1]:
        if waits[start] == 0:
            stack[waiting] = start
            waiting += 1
    while waiting:
        waiting -= 1
        node = stack[waiting]
        tour[at] = node
        at += 1
        for place in range(out[node + 1] - 1, out[node] - 1, -1):
            head = below[place]
            waits[head] -= 1
            if waits[head] == 0:
                stack[waiting] = head
                waiting += 1
        if owes[node]:
            continue
        closing[0], ends = node, 1
        while ends:
            ends -= 1
            node = closing[ends]
            tour[at] = ~node
            at += 1
            for place in range(back[node], back[node + 1]):
                tail = above[place]
                weight[tail] += weight[node]
                owes[tail] -= 1
                if owes[tail] == 0:
                    closing[ends] = tail
                    ends += 1
    return tour[:at]


@njit(cache=True)
def _no_load(parent: Array, gain: Array, held: Array) -> Array:
    """Voltages of rows that come after their parents; -1 = held."""
    voltage = held.copy()
    for row in range(parent.size):
        if parent[row] >= 0:
            voltage[row] = gain[row] * voltage[parent[row]]
    return voltage


def plan_tour(plan: Plan) -> Tour:
    """Turn a plan into a tour."""
    return _Builder(plan).tour()


class _Builder:
    """The parts of a tour, worked out one after the other."""

    def __init__(self, plan: Plan) -> None:
        self.plan, self.problem, self.graph = plan, plan.problem, plan.graph
        graph, buses = plan.graph, plan.graph.parent.size
        self.core = np.flatnonzero(plan.is_core)
        self.odd = _inside(graph.odd, plan.is_core)
        self.loop = plan.is_core[graph.inputs] & plan.is_core[graph.outputs]
        cords = np.bincount(self.problem.cord_bus, minlength=buses).astype(float)
        self.sequence, self.behind = self._visit(plan.is_core, plan.slim_parent, self.odd, cords)
        entered = self.sequence[self.sequence >= 0]
        self.bus = entered
        self.row = np.full(buses, -1)
        self.row[entered] = np.arange(entered.size)
        above = plan.slim_parent[entered]
        self.parent = np.where(above >= 0, self.row[above], -1)
        self.gain = plan.gain[entered]
        self.impedance = plan.slim_impedance[entered]
        self._loads()
        self._shunts()

    def _visit(self, inside: Array, parent: Array, odd: Exceptions, weight: Array) -> tuple[Array, Array]:
        graph = self.graph
        child = np.flatnonzero(inside & (parent >= 0))
        fed = odd.parent >= 0
        through = inside[graph.inputs] & inside[graph.outputs]
        tails = np.concatenate([parent[child], odd.parent[fed], graph.inputs[through]])
        heads = np.concatenate([child, odd.bus[fed], graph.outputs[through]])
        order = np.argsort(heads, kind="stable")
        weight = weight.copy()
        return _visit(tails[order], heads[order], np.flatnonzero(inside), weight), weight

    def _loads(self) -> None:
        """Rows of the load table: swept buses with load, then fixed busbars."""
        plan, problem = self.plan, self.problem
        buses = self.row.size
        fixed = np.flatnonzero(plan.is_fixed & self.graph.present)
        dependent = np.zeros(buses, dtype=bool)
        bends = problem.load_current_share + problem.load_impedance_share > 0
        dependent[problem.cord_bus[bends[problem.cord_load]]] = True
        loaded = self.bus[(plan.corded | dependent)[self.bus]]
        self.slot = np.full(buses, -1)
        self.slot[loaded] = np.arange(loaded.size)
        # a bus with converters that are settled before the sweeps has a row as well
        settled = np.concatenate([np.zeros(0, dtype=int), *plan.rounds])
        feeding = self.graph.inputs[settled]
        feeding = np.unique(feeding[(self.slot[feeding] < 0) & ~plan.is_fixed[feeding]])
        self.slot[feeding] = loaded.size + np.arange(feeding.size)
        self.slots = loaded.size + feeding.size + fixed.size
        self.slot[fixed] = loaded.size + feeding.size + np.arange(fixed.size)
        self.fixed, self.dependent = fixed, dependent & ~plan.is_fixed

    def _shunts(self) -> None:
        """Which shunts are the same in all scenarios, and the buses that need an extra row."""
        plan, problem, graph = self.plan, self.problem, self.graph
        swept = self.bus[plan.shunted[self.bus]]
        fixed = self.fixed[plan.shunted[self.fixed]]
        steady = np.asarray(plan.live[graph.lanes].all(axis=0))
        charged = np.flatnonzero(problem.branch_charging)
        tails = problem.branch_from[charged]
        conducts = plan.closed[np.ix_(graph.lanes, charged)] & plan.live[np.ix_(graph.lanes, tails)]
        changing = charged[conducts.any(axis=0) & ~conducts.all(axis=0)]
        varies: Array = ~steady
        varies[problem.branch_from[changing]] = varies[problem.branch_to[changing]] = True
        constant = swept[~varies[swept]]
        self.constant = constant
        self.admittance = plan.admittance(constant, graph.lanes[:1])[:, 0]
        needs = self.bus[self.dependent[self.bus] | (varies & plan.shunted)[self.bus]]
        self.extra = np.full(self.row.size, -1)
        self.extra[needs] = np.arange(needs.size)
        without = needs[self.slot[needs] < 0]
        self.slot[without] = self.slots + np.arange(without.size)
        self.slots += without.size
        self.varying_bus = np.concatenate([swept[varies[swept]], fixed])

    def tour(self) -> Tour:
        plan, graph, problem = self.plan, self.graph, self.problem
        ops, values, gains = self._steps()
        falls, fall_values, watched, fall_row = self._falls()
        voltage = _no_load(self.parent, self.gain, graph.voltage[self.bus])
        stages, element, hub = self._stages()
        cord_start, cord, extra, weight = self._cords()
        fixed_voltage = np.zeros(self.slots, dtype=complex)
        fixed_voltage[self.slot[self.fixed]] = graph.voltage[self.fixed]
        fixed_row = np.zeros(self.slots, dtype=np.int64)
        fixed_row[self.slot[self.fixed]] = plan.row[self.fixed]
        order = np.argsort(self.odd.lane, kind="stable")
        odd = Exceptions(*(column[order] for column in self.odd))
        odd_gain, odd_impedance, _ = feed_values(problem, odd.branch, odd.bus)
        fed = odd.parent >= 0
        number = np.full(plan.live.shape[0] + 1, 0)
        number[1:] = np.cumsum(np.bincount(odd.lane, minlength=plan.live.shape[0]))
        enter, left = self._places(ops)
        order_of_steps = Order(
            ops=ops, values=values, gains=gains, no_load=np.stack([voltage.real, voltage.imag], axis=1), stages=stages
        )  # fmt: skip
        exceptions = Odd(
            start=number, enter=enter[self.row[odd.bus]], leave=left[self.row[odd.bus]], row=fall_row[odd.bus],
            above=np.where(fed, self.row[odd.parent], -1), fall=np.where(fed, fall_row[odd.parent], -1),
            gain=odd_gain.astype(complex), impedance=odd_impedance.astype(complex), voltage=graph.voltage[odd.bus],
        )  # fmt: skip
        varying = np.where(plan.is_fixed[self.varying_bus], self.slot[self.varying_bus], -1)
        return Tour(
            order=order_of_steps, odd=exceptions, bus=self.bus, held=graph.held[self.bus],
            current_row=plan.row[self.bus], highest=float(np.max(np.abs(voltage), initial=0.0) ** 2),
            admittance=float(np.max(np.abs(self._all_admittance()), initial=0.0)),
            cord_start=cord_start, cord=cord, cord_load=problem.cord_load[cord], cord_extra=extra,
            extra_rows=int(self.extra.max(initial=-1)) + 2, cord_weight=weight,
            varying=np.stack([self.extra[self.varying_bus], varying], axis=1), varying_bus=self.varying_bus,
            stage_element=element, stage_hub=hub, settled=self._settled(),
            fixed_voltage=fixed_voltage, fixed_row=fixed_row,
            falls=falls, fall_values=fall_values, watched=watched,
            partial=not bool(plan.live[np.ix_(graph.lanes, falls[:, 3])].all()),
        )  # fmt: skip

    def _all_admittance(self) -> Array:
        """Shunts with the charging of every branch, whether it conducts or not. [p.u.]"""
        problem = self.problem
        table = np.abs(problem.bus_shunt)
        for ends, factor in (
            (problem.branch_to, 1.0),
            (problem.branch_from, np.abs(problem.branch_tap) ** -2.0),
        ):
            table = table + np.bincount(ends, 0.5 * np.abs(problem.branch_charging) * factor, table.size)
        return np.asarray(table[self.plan.shunted & self.graph.present])

    def _steps(self) -> tuple[Array, Array, Array]:
        """Steps of the tour with their values, and the gains that some of them refer to."""
        graph, sequence = self.graph, self.sequence
        m = self.bus.size
        enters = sequence >= 0
        event = np.flatnonzero(enters)
        leaving = np.empty(m, dtype=int)
        leaving[self.row[~sequence[~enters]]] = np.flatnonzero(~enters)
        rows = np.arange(m)
        steady = np.zeros(self.row.size, dtype=bool)
        steady[self.constant] = True
        pure = (self.slot[self.bus] >= 0) & (self.extra[self.bus] < 0)
        odd = np.zeros(m, dtype=bool)
        odd[self.row[self.odd.bus]] = True
        leaf = leaving == event + 1
        gained = self.gain != 1
        own = (self.slot[self.bus] >= 0) & ~(pure & (self.parent >= 0) & ~odd & ~gained)
        drop = np.abs(self.impedance) * self.behind[self.bus]
        code = np.full(m, PLAIN)
        source = np.zeros(self.row.size, dtype=bool)
        source[graph.inputs[self.loop]] = True
        code[own | steady[self.bus] | source[self.bus] | odd] = WATCHED
        code[~leaf & (drop > 0) & (drop >= STEEP * drop.max(initial=0.0)) & ~odd] = SCALED
        quick = pure & ~own
        code[quick] = np.where(leaf & ~steady[self.bus], LEAF, LOADED)[quick]
        code[gained & (self.parent >= 0)] = GAIN
        code[self.parent < 0] = HELD
        # buses with loads and something else take the load in a step of its own, whose extra row may be empty
        other = np.where(self.extra[self.bus] >= 0, self.extra[self.bus], int(self.extra.max(initial=-1)) + 1)
        slot = self.slot[self.bus]
        gain_row = np.where(code == GAIN, np.cumsum(code == GAIN) - 1, slot)
        z = np.where(self.parent >= 0, self.impedance, graph.voltage[self.bus])
        none = np.zeros(m)
        at = self.row[self.constant]
        hubs = graph.outputs[self.loop]
        last = np.where(odd & (self.parent < 0), NOTHING, np.where(gained, LEAVE_GAIN, LEAVE))
        goes = (code != LEAF) & ((self.parent >= 0) | odd)
        parts = [  # (place in the sequence, what comes first there), step, row, feed, else, value
            (event * 3, code, rows, self.parent, gain_row, z),
            (event[at] * 3 + 1, np.full(at.size, SHUNT), at, at, at, self.admittance),
            (event[own] * 3 + 2, np.full(m, OWN)[own], rows[own], slot[own], other[own], none[own]),
            (leaving[self.row[hubs]] * 3, np.full(hubs.size, CONVERT), self.row[hubs],
             self.row[graph.inputs[self.loop]], np.flatnonzero(self.loop), np.zeros(hubs.size)),
            (leaving[goes] * 3 + 1, last[goes], rows[goes], self.parent[goes], slot[goes], self.gain[goes]),
        ]  # fmt: skip
        place, step, here, above, other, value = (
            np.concatenate(column) for column in zip(*parts, strict=True)
        )
        order = np.argsort(place, kind="stable")
        ops = np.stack([step, here, above, other], axis=1)[order].astype(np.int32)
        value = value[order].astype(complex)
        gains = self.gain[code == GAIN].astype(complex)
        return ops, value.view(float).reshape(-1, 2), gains.view(float).reshape(-1, 2)

    def _places(self, ops: Array) -> tuple[Array, Array]:
        """Steps at which each row is entered and left."""
        enter, left = (np.full(self.bus.size, -1) for _ in range(2))
        at = np.flatnonzero(ops[:, 0] < LEAVE)
        enter[ops[at, 1]] = at
        at = np.flatnonzero((ops[:, 0] == LEAVE) | (ops[:, 0] == LEAVE_GAIN) | (ops[:, 0] == NOTHING))
        left[ops[at, 1]] = at
        return enter, left

    def _cords(self) -> tuple[Array, Array, Array, Array]:
        problem = self.problem
        slot = self.slot[problem.cord_bus]
        cords = np.flatnonzero((slot >= 0) & (problem.cord_weight > 0))
        cords = cords[np.argsort(slot[cords], kind="stable")]
        bus = problem.cord_bus[cords]
        start = np.zeros(self.slots + 1, dtype=np.int64)
        start[1:] = np.cumsum(np.bincount(slot[cords], minlength=self.slots))
        current = problem.load_current_share[problem.cord_load[cords]]
        impedance = problem.load_impedance_share[problem.cord_load[cords]]
        fixed = self.plan.is_fixed[bus]
        size = np.abs(self.graph.voltage[bus])
        power = 1.0 - current - impedance
        power = np.where(fixed, power + current * size + impedance * size**2, power)
        weight = np.stack([~problem.bus_dc[bus], power, current, impedance], axis=1).astype(float)
        return start, cords, np.where(fixed, -1, self.extra[bus]), weight

    def _stages(self) -> tuple[Array, Array, Array]:
        problem, graph, c = self.problem, self.graph, self.graph.running
        rating = problem.converter_rating[c] / problem.base_power
        pf = problem.converter_input_pf[c]
        loss = problem.converter_loss[c]
        together = np.bincount(graph.inputs, minlength=self.row.size)[graph.inputs]
        columns = (loss[:, 1], loss[:, 2] / rating, np.sqrt(1.0 - pf**2) / pf, loss[:, 0] * rating, together)
        stages = np.stack(columns, axis=1).astype(float).reshape(-1, 5)
        hub = np.where(self.loop, self.row[graph.outputs], -1)
        return stages, problem.source_bus.size + c, hub

    def _settled(self) -> Array:
        graph = self.graph
        at = np.concatenate([np.zeros(0, dtype=int), *self.plan.rounds])
        return np.stack([self.slot[graph.outputs[at]], self.slot[graph.inputs[at]], at], axis=1)

    def _falls(self) -> tuple[Array, Array, Array, Array]:
        """All buses, those left out of the sweeps included, each after its feeds."""
        plan, graph = self.plan, self.graph
        if np.array_equal(self.bus.size, np.count_nonzero(graph.present)):
            bus = self.bus
        else:
            none = np.zeros(self.row.size)
            sequence, _ = self._visit(graph.present, graph.parent, graph.odd, none)
            bus = sequence[sequence >= 0]
        row = np.full(self.row.size, -1)
        row[bus] = np.arange(bus.size)
        parent = graph.parent[bus]
        heir = plan.heir[bus]
        flow = np.where((heir >= 0) & plan.is_core[heir], self.row[heir], self.bus.size)
        gain, z = plan.gain[bus], plan.impedance[bus]
        code = np.where(parent < 0, HOLD, np.where(gain != 1, FALL_GAIN, FALL))
        value = np.where(parent < 0, graph.voltage[bus], z).astype(complex)
        table = np.stack([code, np.where(parent >= 0, row[parent], -1), flow, bus], axis=1)
        values = np.concatenate(
            [value.view(float).reshape(-1, 2), gain.astype(complex).view(float).reshape(-1, 2)], 1
        )
        watched = plan.is_core[bus] & (plan.demanding | plan.shunted)[bus] & (code != HOLD)
        return table.astype(np.int32), values, watched, row


def _inside(odd: Exceptions, keep: Array) -> Exceptions:
    """The exceptions of some buses."""
    at = keep[odd.bus]
    inside = odd._replace(bus=odd.bus[at], lane=odd.lane[at], parent=odd.parent[at], branch=odd.branch[at])
    return inside._replace(parent=np.where(keep[np.maximum(inside.parent, 0)], inside.parent, -1))
