"""One solved state of a bare network, as a tool without transfer switches and converters can be told it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from twin.exchange.network import BareNetwork

if TYPE_CHECKING:
    from solvers.power import Solution

Array = NDArray[Any]


class Load(NamedTuple):
    """A load on one bus: one cord, or the input of a converter."""

    bus: int
    power: complex
    """At a voltage of 1 p.u. [VA]"""
    current: float
    impedance: float
    """Shares of constant current and constant impedance. [-]"""
    name: str


class Holder(NamedTuple):
    """An ideal voltage: a source, or the output of converters."""

    bus: int
    voltage: complex
    """[p.u.]"""
    name: str


class Shunt(NamedTuple):
    """An admittance to earth. [p.u.]"""

    bus: int
    admittance: complex
    name: str


@dataclass(frozen=True)
class State:
    """A network after its switches have moved.

    A converter is a load at its input and an ideal source at its output, with the powers of the solution.  A DC
    section is a balanced AC section of the same per-unit resistances: real voltages and powers in per unit are
    those of direct current, because nothing there has reactance; amperes are smaller by sqrt(3).
    """

    network: BareNetwork
    live: Array
    """(B,) bool."""
    closed: Array
    """(E,) bool: closed and live."""
    loads: tuple[Load, ...]
    holders: tuple[Holder, ...]
    shunts: tuple[Shunt, ...]
    """Of the buses, and the charging of branches that another tool cannot give to the branch itself."""

    @property
    def problem(self) -> Any:
        """Arrays of the network."""
        return self.network.problem()


def state_of(network: BareNetwork, solution: Solution) -> State:
    """The state that ``solvers.power.solve(network.problem())`` found.

    Raises
    ------
    ValueError
        If the solution is of another network, or did not converge.
    """
    problem = network.problem()
    if solution.bus_voltage.shape != (1, len(network.bus)):
        raise ValueError(
            f"solution has voltages of shape {solution.bus_voltage.shape}, expected (1, {len(network.bus)})"
        )
    if not solution.status.ok:
        raise ValueError(f"the network has no solution to export: {solution.detail}")
    live = np.array(solution.bus_live[0])
    closed = np.array(solution.branch_closed[0]) & live[problem.branch_from]
    return State(
        network, live, closed, tuple(_loads(network, solution, live)),
        tuple(_holders(network, solution, live)), tuple(_shunts(network, live)),
    )  # fmt: skip


def _loads(network: BareNetwork, solution: Solution, live: Array) -> Iterator[Load]:
    problem = network.problem()
    weight = np.where(problem.cord_on[0] & live[problem.cord_bus], problem.cord_weight, 0.0)
    total = np.bincount(problem.cord_load, weight, len(network.load))
    cords = np.bincount(problem.cord_load, weight > 0, len(network.load))
    for cord in np.flatnonzero(weight):
        load, bus = int(problem.cord_load[cord]), int(problem.cord_bus[cord])
        power = complex(problem.load_power[0, load]) * float(weight[cord] / total[load])
        name = network.load[load] if cords[load] == 1 else f"{network.load[load]} at {network.bus[bus]}"
        yield Load(
            bus, complex(power.real) if problem.bus_dc[bus] else power,
            float(problem.load_current_share[load]), float(problem.load_impedance_share[load]), name,
        )  # fmt: skip
    for unit in np.flatnonzero(solution.converter_input[0]):
        power = complex(solution.converter_input[0, unit])
        yield Load(int(problem.converter_from[unit]), power, 0.0, 0.0, f"input of {network.converter[unit]}")


def _holders(network: BareNetwork, solution: Solution, live: Array) -> Iterator[Holder]:
    problem = network.problem()
    for number in np.flatnonzero(problem.source_live[0]):
        bus = int(problem.source_bus[number])
        yield Holder(bus, complex(problem.source_voltage[number]), network.source[number])
    running = problem.converter_live[0] & live[problem.converter_from]
    buses, first = np.unique(problem.converter_to[running], return_index=True)
    for bus, unit in zip(buses, np.flatnonzero(running)[first], strict=True):
        yield Holder(
            int(bus), complex(problem.converter_voltage[unit]), f"output of {network.converter[unit]}"
        )


def _shunts(network: BareNetwork, live: Array) -> Iterator[Shunt]:
    problem = network.problem()
    for bus in np.flatnonzero((problem.bus_shunt != 0) & live):
        yield Shunt(int(bus), complex(problem.bus_shunt[bus]), f"shunt of {network.bus[bus]}")


def charging(state: State, branches: Array) -> Iterator[Shunt]:
    """Half the charging of closed branches at each end, the first half behind the tap."""
    problem = state.problem
    for branch in branches:
        half = 0.5j * float(problem.branch_charging[branch])
        if not half or not state.closed[branch]:
            continue
        name = f"charging of {state.network.branch[branch]}"
        yield Shunt(
            int(problem.branch_from[branch]), half / abs(complex(problem.branch_tap[branch])) ** 2, name
        )
        yield Shunt(int(problem.branch_to[branch]), half, name)
