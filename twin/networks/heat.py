"""The temperatures of all loops of a facility as one problem, joined through exchangers.

Temperatures need less than flows: without heat gains along a header all sinks of a loop see the mixed supply, so there are
three nodes a loop, and all loops of the facility are solved at once.  A decoupler adds two, where it meets the return and
where it meets the sources' outlet.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from solvers.hydraulics import exchanger, heat
from solvers.hydraulics.heat_losses import pipe_conductance
from twin.model.facility import Facility
from twin.model.products import Cdu, HeatExchanger
from twin.networks.liquid import LoopNetwork

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


SURROUNDINGS = 24.0
"""Air around pipes. [degC] Assumed."""
COOLERS = -1
"""Stands for the coolers of a return among its users."""


@dataclass(frozen=True)
class HeatNetwork:
    """All loops as one thermal problem: per loop a return, a collecting and a supply node."""

    node_count: int
    link_from: NDArray[np.intp]
    link_to: NDArray[np.intp]
    link_capacity: Array
    link_conductance: Array
    """(E,) to the air around a loop's pipes. [W/K]"""
    collect: NDArray[np.intp]
    """(loops,) link that carries the flow of a loop's sources and takes up the heat of their pumps."""
    back: NDArray[np.intp]
    """(loops,) link that carries what the headers bring back: the collecting one, but for loops with a decoupler."""
    secondary: NDArray[np.intp]
    """(loops,) link of the secondary pumps and their heat; -1 without decoupler."""
    decoupler: NDArray[np.intp]
    """(loops,) from the sources' outlet to the return; -1 without."""
    bypass: NDArray[np.intp]
    """(loops,) from the supply to the return past the sinks: by-pass and three-way valves; -1 without."""
    outlet: NDArray[np.intp]
    """(loops,) node behind the sources; the supply, but for loops with a decoupler."""
    train_link: NDArray[np.intp]
    """(K,) links of the returns, before the collecting ones, in which heat is taken: by users, then by coolers."""
    train_loop: NDArray[np.intp]
    train_user: NDArray[np.intp]
    """(K,) which user of the loop's heat; -1 for the loop's coolers."""
    source: tuple[NDArray[np.intp], ...]
    """Per loop, links of its sources."""
    sink: tuple[NDArray[np.intp], ...]
    exchanger_hot: NDArray[np.intp]
    exchanger_cold: NDArray[np.intp]
    exchanger_name: tuple[str, ...]
    exchanger_loop: NDArray[np.intp]
    """Loop whose set point the exchanger holds."""
    exchanger_rating: tuple[tuple[float, float, float], ...]
    """Conductance [W/K] and the hot and cold flow [kg/s] it belongs to."""

    large: bool = False
    """As in :class:`~twin.networks.liquid.LoopNetwork`."""

    @cached_property
    def ready(self) -> heat.Prepared:
        """Checked and planned once; ``solve`` takes what varies, by the names of the fields of a problem."""
        return heat.prepare(
            heat.Problem(
                node_count=self.node_count,
                link_from=self.link_from,
                link_to=self.link_to,
                link_flow=np.zeros((1, self.link_from.size)),
                link_capacity=self.link_capacity,
                link_conductance=self.link_conductance,
                ambient=SURROUNDINGS,
                exchanger_hot=self.exchanger_hot,
                exchanger_cold=self.exchanger_cold,
                exchanger_conductance=0.0,
                exchanger_setpoint=-np.inf,
                extraction_link=self.train_link,
            ),
            compiled=None if self.large else False,
        )


def lower_heat(loops: tuple[LoopNetwork, ...], facility: Facility) -> HeatNetwork:
    """Join the loops through the machines that are source of one and sink of another by an exchanger (CDUs)."""
    start: list[int] = []
    end: list[int] = []
    capacity: list[float] = []
    as_source: dict[str, tuple[int, int]] = {}
    as_sink: dict[str, int] = {}
    collect, source, sink = [], [], []
    returns, secondary, decoupler, bypass, outlets = [], [], [], [], []
    train: list[tuple[int, int, int]] = []
    nodes = 3 * len(loops)

    def add(first: int, last: int, loop: LoopNetwork) -> int:
        start.append(first)
        end.append(last)
        capacity.append(loop.capacity)
        return len(start) - 1

    for number, loop in enumerate(loops):
        back, middle, supply = 3 * number, 3 * number + 1, 3 * number + 2
        last = back
        for user in (*range(len(loop.circuit.reuse)), *((COOLERS,) if loop.circuit.precool else ())):
            train.append((add(last, nodes, loop), number, user))
            last, nodes = nodes, nodes + 1
        outlet = supply
        if loop.decoupled:
            meet, outlet, nodes = nodes, nodes + 1, nodes + 2
            returns.append(add(last, meet, loop))
            secondary.append(add(outlet, supply, loop))
            decoupler.append(add(outlet, meet, loop))
            last = meet
        collect.append(add(last, middle, loop))
        if not loop.decoupled:
            returns.append(collect[-1])
            secondary.append(-1)
            decoupler.append(-1)
        outlets.append(outlet)
        source.append(np.array([add(middle, outlet, loop) for _ in loop.circuit.sources], np.intp))
        sink.append(np.array([add(supply, back, loop) for _ in loop.circuit.sinks], np.intp))
        past = loop.bypass_link >= 0 or loop.circuit.valves == "three_way"
        bypass.append(add(supply, back, loop) if past else -1)
        as_source |= {n: (int(k), number) for n, k in zip(loop.circuit.sources, source[-1], strict=True)}
        as_sink |= {n: int(k) for n, k in zip(loop.circuit.sinks, sink[-1], strict=True)}
    cold_loop = {name: loop for loop in loops for name in loop.circuit.sinks}
    joined = [
        n for n in as_source if n in as_sink and isinstance(facility.by_id[n].product, Cdu | HeatExchanger)
    ]
    ratings: dict[tuple[str, str, str], tuple[float, float, float]] = {}
    for name in joined:
        machine, hot, cold = facility.by_id[name], loops[as_source[name][1]], cold_loop[name]
        assert isinstance(machine.product, Cdu | HeatExchanger)
        key = (machine.type, hot.circuit.id, cold.circuit.id)
        if key not in ratings:
            ratings[key] = exchanger_conductance(machine.product, hot, cold)
    train_link, train_loop, train_user = np.array(train, np.intp).reshape(-1, 3).T
    return HeatNetwork(
        node_count=nodes,
        train_link=train_link,
        train_loop=train_loop,
        train_user=train_user,
        link_from=np.array(start, np.intp),
        link_to=np.array(end, np.intp),
        link_capacity=np.array(capacity),
        link_conductance=_conductances(loops, returns, sink, len(start)),
        collect=np.array(collect, np.intp),
        back=np.array(returns, np.intp),
        secondary=np.array(secondary, np.intp),
        decoupler=np.array(decoupler, np.intp),
        bypass=np.array(bypass, np.intp),
        outlet=np.array(outlets, np.intp),
        source=tuple(source),
        sink=tuple(sink),
        exchanger_hot=np.array([as_source[n][0] for n in joined], np.intp),
        exchanger_cold=np.array([as_sink[n] for n in joined], np.intp),
        exchanger_name=tuple(joined),
        exchanger_loop=np.array([as_source[n][1] for n in joined], np.intp),
        exchanger_rating=tuple(
            ratings[facility.by_id[n].type, loops[as_source[n][1]].circuit.id, cold_loop[n].circuit.id]
            for n in joined
        ),
    )


def _conductances(
    loops: tuple[LoopNetwork, ...], returns: list[int], sink: list[NDArray[np.intp]], links: int
) -> Array:
    """(E,) losses of the return pipes at the link that brings it back, those of the supply shared by the sinks. [W/K]"""
    values = np.zeros(links)
    for number, loop in enumerate(loops):
        values[returns[number]] = _pipe_losses(loop)
        values[sink[number]] = _pipe_losses(loop) / max(sink[number].size, 1)
    return values


def _pipe_losses(loop: LoopNetwork) -> float:
    """Conductance of half of a loop's insulated pipe, the supply or the return; none without insulation. [W/K]

    All pipe counts as wide as the headers, which errs on the side of losses.
    """
    if loop.circuit.insulation <= 0.0:
        return 0.0
    return float(pipe_conductance(loop.pipe_length / 2.0, loop.header, loop.circuit.insulation))


def exchanger_conductance(
    product: Cdu | HeatExchanger, hot: LoopNetwork, cold: LoopNetwork
) -> tuple[float, float, float]:
    """Conductance of an exchanger at its rating point [W/K] and the rated flows hot and cold [kg/s]."""
    rating = product.exchange()
    hot_flow, cold_flow = rating.hot_flow * hot.density, rating.cold_flow * cold.density
    entering = rating.duty / (hot_flow * hot.capacity) + rating.approach
    value = exchanger.conductance_from_rating(
        rating.duty, entering, 0.0, (hot_flow * hot.capacity, cold_flow * cold.capacity)
    )
    return float(value), hot_flow, cold_flow
