"""One fluid loop in arrays: what its links are, and what differs from state to state.

A loop has one or two stations of pumps.  Those that follow the sinks run at the loop's ``speed``; where a decoupler parts
the sources from the headers the first station runs at a speed of its own.  The branch of a three-way valve keeps its flow:
the valve leads past the sink what that does not want.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.hydraulics import network
from solvers.hydraulics.case import GRAVITY
from twin.model.facility import Circuit

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Index = NDArray[np.intp]


@dataclass(frozen=True)
class LoopNetwork:
    """One loop in arrays; columns are links, named by the machines in them."""

    circuit: Circuit
    template: network.Problem
    """Everything in service, limits open."""
    source_link: Index
    """(sources,) link of each source."""
    pump_link: Index
    """(pumps,) link of each loop pump; empty if the sources pump themselves."""
    sink_link: Index
    """(sinks,)"""
    sink_node: Index
    """(sinks,) supply node of each sink."""
    segment_link: Index
    """(segments, 2) supply and return link of each piece of the headers: one before each sink of ``segment_sink``, and the
    one that closes a ring."""
    segment_sink: tuple[str, ...]
    """Sinks in the order in which the headers reach them."""
    sink_coefficient: Array
    """Data-sheet law of each sink. [Pa/(kg/s)^n]"""
    sink_exponent: Array
    sink_design: Array
    """(sinks,) flow each is laid out for, which the branch of a three-way valve keeps. [kg/s]"""
    header: float
    """Header diameter used. [m]"""
    pipe_length: float
    """All pipe, supply and return. [m]"""
    density: float
    capacity: float
    """Heat capacity of the fluid at the supply set point. [J/(kg K)]"""
    pump_head: Array
    """(movers,) shut-off head of what pumps: loop pumps, or sources with pumps. [Pa]"""
    movers: Index
    """Links that pump and follow the sinks."""
    drive: float
    """Shut-off head that the sinks get at full speed: of the weakest mover, stations in series added up. [Pa]"""
    node_level: Array
    """(nodes,) height over the pumps' suction. [m]"""
    source_level: Array
    precool_level: Array
    pump_level: Array
    sink_level: Array
    """(sources,), (coolers in the return,), (pumps,), (sinks,) the same of machines. [m]"""
    primary_link: Index
    """Links of primary pumps beside a decoupler, which do not follow the sinks; empty without one."""
    decoupler_link: int = -1
    """From the sources' outlet to the return; -1 without."""
    bypass_link: int = -1
    """Between the headers; -1 without."""
    large: bool = False
    """So much is to be solved that compiling, once on a machine, may repay itself."""

    @property
    def self_pumped(self) -> bool:
        """True if the sources (CDUs) bring their own pumps."""
        return not self.circuit.pumps

    @property
    def decoupled(self) -> bool:
        """True if secondary pumps draw the supply through a decoupler."""
        return self.decoupler_link >= 0

    @property
    def second(self) -> Mask:
        """(pumps,) those of the second station."""
        return np.isin(self.circuit.pumps, self.circuit.secondary)

    @property
    def top(self) -> float:
        """Highest point over the pumps' suction. [m]"""
        levels = (self.source_level, self.precool_level, self.pump_level, self.sink_level)
        return max(self.circuit.height, *(float(level.max(initial=0.0)) for level in levels))

    @property
    def bottom(self) -> float:
        """Lowest point over the pumps' suction, at most 0. [m]"""
        levels = (self.source_level, self.precool_level, self.pump_level, self.sink_level)
        return min(float(level.min(initial=0.0)) for level in levels)

    @property
    def shutoff_head(self) -> float:
        """Largest head of its pumps at full speed without flow; those in series add up. [Pa]"""
        if self.self_pumped:
            return float(self.pump_head.max())
        head = np.asarray(self.template.link_pump_head, float)[self.pump_link]
        stations = [head[np.isin(self.circuit.pumps, names)].max() for names in self.circuit.stations]
        return float(max(stations) if self.decoupled else sum(stations))

    @cached_property
    def ready(self) -> network.Prepared:
        """Checked and planned once for all states."""
        return network.prepare(self.template, compiled=None if self.large else False)

    def lift(self, level: Array | float) -> Array:
        """Pressure that height takes off, pumps at 0. [Pa]"""
        return np.asarray(self.density * GRAVITY * np.asarray(level))

    def branch_limit(self, wanted: Array) -> Array:
        """(S, sinks) flow that each branch is held at; ``wanted`` is what the sinks themselves are to get. [kg/s]"""
        if self.circuit.valves == "two_way":
            return wanted
        return np.maximum(wanted, self.sink_design)

    def through(self, branch_flow: Array, wanted: Array) -> Array:
        """(S, sinks) flow through the sinks themselves: all of their branches, but for what three-way valves lead past."""
        if self.circuit.valves == "two_way":
            return branch_flow
        return np.minimum(branch_flow, wanted)

    def bypass_limit(self, branch: Array) -> Array:
        """(S,) flow that the by-pass lets through beside what open branches are held at. [kg/s]"""
        bypass = self.circuit.bypass
        if bypass is None:
            return np.zeros(len(branch))
        if bypass.flow is not None:
            return np.full(len(branch), bypass.flow * self.density)
        return np.maximum((bypass.minimum or 0.0) * self.density - branch.sum(axis=1), 0.0)

    def varied(
        self,
        source_live: Mask,
        pump_live: Mask,
        sink_live: Mask,
        limit: Array,
        speed: Array,
        *,
        primary_speed: Array | None = None,
    ) -> dict[str, Any]:
        """What differs in S states; masks and limits are (S, sources), (S, pumps), (S, sinks); speeds (S,).

        ``limit`` is the flow that each sink is to get. [kg/s]  Without ``primary_speed`` primary pumps run at full speed,
        or at the one that the layout gives them.
        """
        states, links = limit.shape[0], np.size(self.template.link_from)
        branch = self.branch_limit(limit)
        opened = np.ones((states, links), bool)
        opened[:, self.source_link] = source_live
        opened[:, self.pump_link] = pump_live
        opened[:, self.sink_link] = sink_live & (branch > 0.0)
        opened &= np.asarray(self.template.link_open, bool)
        limits = np.full((states, links), np.inf)
        limits[:, self.sink_link] = np.maximum(branch, 1e-9)
        if self.bypass_link >= 0:
            by = self.bypass_limit(np.where(opened[:, self.sink_link], branch, 0.0))
            opened[:, self.bypass_link] = by > 0.0
            limits[:, self.bypass_link] = np.maximum(by, 1e-9)
        speeds = np.ones((states, links))
        speeds[:, self.movers] = speed[:, None]
        if self.primary_link.size:
            own = np.full(states, self.primary_full) if primary_speed is None else primary_speed
            speeds[:, self.primary_link] = own[:, None]
        return {"link_open": opened, "link_limit": limits, "link_pump_speed": speeds}

    @property
    def primary_full(self) -> float:
        """Highest speed of primary pumps."""
        primary = self.circuit.primary
        return (primary.speed or 1.0) if primary.hold == "speed" else 1.0

    def problem(
        self,
        source_live: Mask,
        pump_live: Mask,
        sink_live: Mask,
        limit: Array,
        speed: Array,
        *,
        primary_speed: Array | None = None,
    ) -> network.Problem:
        """The problem of S states, arguments as for :meth:`varied`."""
        varied = self.varied(source_live, pump_live, sink_live, limit, speed, primary_speed=primary_speed)
        return replace(self.template, **varied)

    def law_drop(self, sink_flow: Array) -> Array:
        """Pressure drop through each sink's own passages. [Pa]"""
        return self.sink_coefficient * np.abs(sink_flow) ** self.sink_exponent

    def header_flow(self, link_flow: Array) -> Array:
        """(S,) flow that the headers carry to sinks and by-pass. [kg/s]"""
        if self.decoupled:
            return np.asarray(link_flow[:, self.movers].sum(axis=1))
        return np.asarray(link_flow[:, self.source_link].sum(axis=1))

    def bypassed(self, link_flow: Array, wanted: Array) -> Array:
        """(S,) flow from the supply to the return past the sinks: by the by-pass and by three-way valves. [kg/s]"""
        flow = link_flow[:, self.bypass_link] if self.bypass_link >= 0 else np.zeros(len(link_flow))
        branch = link_flow[:, self.sink_link]
        return np.asarray(flow + (branch - self.through(branch, wanted)).sum(axis=1))
