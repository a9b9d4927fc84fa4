"""What draws harmonic currents, and the network of a power tree at harmonic orders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from solvers import power as power_flow
from solvers.power.harmonics import (
    ACTIVE_FRONT_END,
    PFC_SUPPLY,
    SIX_PULSE_WITH_CHOKE,
    HarmonicProblem,
    ZeroPath,
    from_table,
    fundamental_current,
    rectifier,
)
from twin.model.facility import Machine
from twin.model.products import Generator, Pdu, Rack, Rectifier, Transformer, Ups, Utility
from twin.networks.facility import Lowered
from twin.networks.power import BASE_POWER

Array = NDArray[Any]

ORDERS = np.arange(3, 50, 2)
"""Odd orders up to the 49th; even ones are those of faulty rectifiers."""
DRIVES = "12-pulse"
"""Front end of the drives of cooling machines; assumed, as is their power factor."""
OVERLAP = np.deg2rad(20.0)
"""Commutation angle of line-commutated bridges at rated load; assumed. [rad]"""
RESIDUAL = 0.1
"""What multi-pulse bridges leave of the orders they cancel; assumed. [-]"""
ZERO_RATIO = 3.0
"""Zero- over positive-sequence impedance of cables and busways with a neutral; assumed (3 to 4). [-]"""
INVERTER_IMPEDANCE = 0.10
"""Of a battery system that forms the grid, on its rating; assumed. [p.u.]"""
GENERATOR_X_TO_R = 20.0
"""X''d over R of a generator, assumed (the 0.07 and 0.15 of IEC 60909-0 include the decay of direct current)."""
NONE = 1e-7j
"""Impedance of a connection that has none but joins two nominal voltages. [p.u.]"""

_GROUPS: dict[str, tuple[ZeroPath, float]] = {
    "Dyn11": (ZeroPath.TO_EARTH, 30.0),
    "Dyn1": (ZeroPath.TO_EARTH, -30.0),
    "YNyn0": (ZeroPath.THROUGH, 0.0),
    "YNd11": (ZeroPath.FROM_EARTH, 30.0),
    "YNd1": (ZeroPath.FROM_EARTH, -30.0),
    "Dd0": (ZeroPath.OPEN, 0.0),
}
"""Vector group to the way of zero sequence and the lead of the secondary. [deg]"""


@cache
def spectrum(front_end: str) -> Array:
    """(H,) currents of a front end per fundamental, at :data:`ORDERS`; taken the same at all loads.

    Parameters
    ----------
    front_end : "active", "6-pulse" (with a choke), "12-pulse", "18-pulse", or "supply" for power supplies with power factor
        correction between line and neutral.
    """
    if front_end == "active":
        return from_table(ORDERS, ACTIVE_FRONT_END)
    if front_end == "supply":
        return from_table(ORDERS, PFC_SUPPLY)
    if front_end == "6-pulse":
        return from_table(ORDERS, SIX_PULSE_WITH_CHOKE)
    pulses = int(front_end.removesuffix("-pulse"))
    return rectifier(ORDERS, pulses=pulses, overlap=float(OVERLAP), residual=RESIDUAL)


def front_end(machine: Machine) -> str:
    """Front end of whatever draws power."""
    match machine.product:
        case Ups() | Rectifier():
            return machine.product.front_end
        case Rack():
            return "supply"
    return DRIVES


@dataclass(frozen=True)
class Mains:
    """The part of a power tree that hangs on sources without a converter in between, at harmonic orders."""

    problem: HarmonicProblem
    bus: Array
    """(buses of the power tree,) bus here; -1 for those that are not part of it."""
    branch: Array
    """(branches of the power tree,) branch here, or -1."""
    source: tuple[str, ...]
    """Machine of every source."""


def mains(world: Lowered, flow: power_flow.Solution, sources: Sequence[str]) -> Mains | None:
    """Restate what some live sources feed, as it stands in a solved state (its first row); None if they feed nothing.

    Islands behind double-conversion UPS and rectifiers are left out: their voltage is made by an inverter, whose control
    decides its distortion.
    """
    owners = set(sources)
    rows = [i for i, owner in enumerate(world.power.source_owner) if owner in owners]
    return _Lowering(world, flow, rows).mains() if rows else None


class _Lowering:
    """Buses without impedance between them become one; what the sources do not reach falls away."""

    def __init__(self, world: Lowered, flow: power_flow.Solution, rows: list[int]) -> None:
        self.world, self.flow, self.rows = world, flow, rows
        self.problem = world.power.problem
        self.machine = world.facility.by_id
        self.bus = self._buses()
        start, end = self.bus[self.problem.branch_from], self.bus[self.problem.branch_to]
        self.kept = np.flatnonzero(flow.branch_closed[0] & (start >= 0) & (end >= 0) & (start != end))
        self.start, self.end = start[self.kept], end[self.kept]
        self.sources = self.bus[self.problem.source_bus[rows]]

    def _buses(self) -> Array:
        """Number of every bus of the power tree among those that the sources reach, else -1."""
        p, closed = self.problem, self.flow.branch_closed[0]
        count = p.bus_voltage.size
        whole = _components(p.branch_from[closed], p.branch_to[closed], count)
        reached = np.isin(whole, whole[p.source_bus[self.rows]]) & ~p.bus_dc
        tied = closed & (p.branch_impedance == 0) & (p.branch_tap == 1)
        one = _components(p.branch_from[tied], p.branch_to[tied], count)
        numbers = np.full(count, -1)
        numbers[reached] = np.unique(one[reached], return_inverse=True)[1]
        return numbers

    def mains(self) -> Mains:
        p = self.problem
        ways = [self._way(int(i)) for i in self.kept]
        path = np.array([way for way, _, _ in ways], int)
        shift = np.array([lead for _, lead, _ in ways], float)
        wound = np.array([is_wound for _, _, is_wound in ways], bool)
        impedance = np.where(p.branch_impedance[self.kept] == 0, NONE, p.branch_impedance[self.kept])
        machines = [self.machine[self.world.power.source_owner[i]] for i in self.rows]
        volts = np.zeros(int(self.bus.max()) + 1)
        volts[self.bus[self.bus >= 0]] = p.bus_voltage[self.bus >= 0]
        places, current, spectra = self._injectors()
        zero = (ORDERS % 3 == 0)[:, None] & ~self._grounded(path)[places]
        branch = np.full(p.branch_from.size, -1)
        branch[self.kept] = np.arange(self.kept.size)
        problem = HarmonicProblem(
            base_power=BASE_POWER,
            bus_voltage=volts,
            orders=ORDERS,
            branch_from=self.start,
            branch_to=self.end,
            branch_impedance=impedance,
            branch_ratio=np.abs(p.branch_tap[self.kept]),
            branch_shift=shift,
            branch_zero_impedance=np.where(wound, 1.0, ZERO_RATIO) * impedance,
            branch_zero_path=path,
            source_bus=self.sources,
            source_impedance=np.array([_inner(machine) for machine in machines]),
            source_zero_impedance=np.array([_inner_zero(machine) for machine in machines]),
            injector_bus=places,
            injector_current=current * np.exp(1j * self._leads(shift)[places]),
            injector_spectrum=np.where(zero, 0.0, spectra),
        )
        return Mains(problem, self.bus, branch, tuple(machine.id for machine in machines))

    def _way(self, branch: int) -> tuple[ZeroPath, float, bool]:
        """Way of zero sequence through a branch, lead of its far side [rad], and whether it is a winding."""
        owner = self.machine.get(self.world.power.branch_owner[branch])
        product = owner.product if owner is not None else None
        if isinstance(product, Transformer):
            path, lead = _GROUPS[product.vector_group]
            return path, float(np.deg2rad(lead)), True
        if isinstance(product, Pdu) and product.impedance > 0:
            path, lead = _GROUPS["Dyn11"]  # as usual for PDUs with a transformer
            return path, float(np.deg2rad(lead)), True
        return ZeroPath.THROUGH, 0.0, False

    def _injectors(self) -> tuple[Array, Array, Array]:
        """(K,) bus and fundamental current [A], (H, K) spectrum of everything that draws power."""
        p, network = self.problem, self.world.power
        buses = np.concatenate([p.converter_from, p.cord_bus])
        watts = np.concatenate([self.flow.converter_input[0], self.flow.cord_power[0]])
        owners = [*network.converter_owner, *(network.loads[load] for load in p.cord_load)]
        drawing = np.flatnonzero((self.bus[buses] >= 0) & (np.abs(watts) > 0))
        kinds = [front_end(self.machine[owners[i]]) for i in drawing]
        at = buses[drawing]
        current = fundamental_current(watts[drawing], self.flow.bus_voltage[0, at], p.bus_voltage[at])
        tables = np.array([spectrum(kind) for kind in kinds], complex).reshape(len(kinds), ORDERS.size)
        return self.bus[at], current, tables.T

    def _grounded(self, path: Array) -> Array:
        """(buses,) where currents of zero sequence find a way; where they find none, no load can draw them."""
        through = path == ZeroPath.THROUGH
        count = int(self.bus.max()) + 1
        part = _components(self.start[through], self.end[through], count)
        ends = (self.end[path == ZeroPath.TO_EARTH], self.start[path == ZeroPath.FROM_EARTH], self.sources)
        return np.isin(part, part[np.concatenate(ends)])

    def _leads(self, shift: Array) -> Array:
        """(buses,) how far the windings on the way from a source have turned the voltage. [rad]"""
        lead = np.full(int(self.bus.max()) + 1, np.nan)
        lead[self.sources] = 0.0
        ahead = True
        while ahead:
            known = ~np.isnan(lead)
            down = np.flatnonzero(known[self.start] & ~known[self.end])
            lead[self.end[down]] = lead[self.start[down]] + shift[down]
            known = ~np.isnan(lead)
            up = np.flatnonzero(known[self.end] & ~known[self.start])
            lead[self.start[up]] = lead[self.end[up]] - shift[up]
            ahead = bool(down.size or up.size)
        return np.nan_to_num(lead)


def _components(start: Array, end: Array, count: int) -> Array:
    """(count,) number of the connected part of every bus."""
    link = coo_array((np.ones(start.size), (start, end)), shape=(count, count))
    return np.asarray(connected_components(link, directed=False)[1])


def _inner(machine: Machine) -> complex:
    """Impedance of a source at the fundamental: of a utility at its smallest fault level. [p.u.]"""
    product = machine.product
    if isinstance(product, Utility):
        size, ratio = BASE_POWER / fault_levels(product)[0], product.x_to_r
    elif isinstance(product, Generator):
        size = product.subtransient_reactance * BASE_POWER * product.power_factor / product.rating
        ratio = GENERATOR_X_TO_R
    else:
        size, ratio = INVERTER_IMPEDANCE * BASE_POWER / float(getattr(product, "rating", BASE_POWER)), 1.0
    return complex(size * complex(1.0, ratio) / abs(complex(1.0, ratio)))


def _inner_zero(machine: Machine) -> complex:
    """The same for zero sequence."""
    product = machine.product
    if isinstance(product, Generator):
        return _inner(machine) * product.zero_reactance / product.subtransient_reactance
    return _inner(machine)


def fault_levels(utility: Utility) -> tuple[float, float]:
    """Smallest and largest short-circuit power of a grid connection, with the defaults of its fields. [VA]"""
    smallest = utility.fault_level_min
    largest = utility.fault_level or max(20.0 * utility.capacity, smallest or 0.0)
    return smallest or 0.5 * largest, largest
