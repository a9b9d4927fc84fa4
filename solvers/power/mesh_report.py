"""Powers, currents and losses of the elements of a meshed network from the voltages of its buses."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array

from solvers.power.mesh_changes import States
from solvers.power.mesh_group import Group
from solvers.power.problem import Problem, load_at
from solvers.power.sweep import input_power, reactive_factor

Array = NDArray[Any]

FROM_VOLTAGE = frozenset({"bus_voltage", "cord_power", "shunt_loss"})
"""Outputs that need no flows."""


def report_mesh(
    problem: Problem,
    members: Group,
    states: States,
    voltage: Array,
    cord_power: Array,
    needed: frozenset[str],
) -> dict[str, Array]:
    """Tables (element, n) in SI units.

    Parameters
    ----------
    states : switching of the n scenarios of the group.
    voltage : (n, B) complex, 0 where dead or not solved. [p.u.]
    cord_power : (K, n) complex power at a voltage of 1 p.u. [VA]
    needed : names of outputs; those that need no more work may come with them.
    """
    base = problem.base_power
    tables = {"bus_voltage": voltage.T}
    if needed <= {"bus_voltage"}:
        return tables
    shunts = np.flatnonzero(problem.bus_shunt.real)
    size = np.abs(voltage[:, shunts])
    drawn = cord_power.T * (voltage != 0).any(axis=1)[:, None]
    if problem.voltage_dependent:
        drawn = drawn * load_at(problem, voltage)
    tables["cord_power"] = drawn.T
    tables["shunt_loss"] = base * (size**2 @ problem.bus_shunt[shunts].real)
    if needed <= FROM_VOLTAGE:
        return tables
    flows = _Flows(problem, members, states, voltage, drawn / base)
    return tables | {name: base * value for name, value in flows.powers().items()} | flows.currents()


class _Flows:
    """Powers of n scenarios; tables (n, element), per unit."""

    def __init__(
        self, problem: Problem, members: Group, states: States, voltage: Array, drawn: Array
    ) -> None:
        self.problem, self.members, self.states, self.voltage = problem, members, states, voltage
        mesh = members.mesh
        self.conducts = states.closed & states.live[:, problem.branch_from]
        admittance = np.where(self.conducts, mesh.links.admittance, 0.0)
        inner = voltage[:, problem.branch_from] / problem.branch_tap.real
        outer = voltage[:, problem.branch_to]
        current = np.conj((inner - outer) * admittance)
        self.sent, self.got = inner * current, outer * current
        half = np.where(self.conducts, -0.5j * problem.branch_charging, 0.0)
        self.sent += half * (inner.real**2 + inner.imag**2)
        self.got -= half * (outer.real**2 + outer.imag**2)
        size = voltage.real**2 + voltage.imag**2
        need = drawn @ _incidence(problem.cord_bus, voltage.shape[1]).T
        need += np.conj(problem.bus_shunt) * size
        need += self.sent @ _incidence(problem.branch_from, voltage.shape[1]).T
        need -= self.got @ _incidence(problem.branch_to, voltage.shape[1]).T
        self.need = need
        """(n, B) what each bus lacks."""
        self._convert()
        self._ideal()

    def _convert(self) -> None:
        """Outputs and inputs of the converters stage by stage, then the sources."""
        problem, mesh = self.problem, self.members.mesh
        net, n = mesh.arrays, self.need.shape[0]
        shape = (n, problem.converter_from.size)
        self.output, self.input = np.zeros(shape, dtype=complex), np.zeros(shape, dtype=complex)
        factor = reactive_factor(problem)
        known = np.flatnonzero(mesh.point >= 0)
        gather = _incidence(mesh.point[known], mesh.points)
        for stage in range(mesh.stages):
            at = np.arange(net.unit_start[stage], net.unit_start[stage + 1])
            if not at.size:
                continue
            units, share = net.unit[at], self.members.unit_share[:, at]
            asked = self.need[:, known] @ gather[net.unit_out[at]].T
            output = share * asked
            rating, loss = net.unit_curve[at, :1], net.unit_curve[at, 1:4]
            taken = input_power(output.real.T, share.T > 0, rating, loss).T * factor[units]
            self.output[:, units], self.input[:, units] = output, taken
            self.need += taken @ _incidence(problem.converter_from[units], self.need.shape[1]).T
        self.need -= self.output @ _incidence(problem.converter_to, self.need.shape[1]).T
        point = mesh.holding.point[: problem.source_bus.size]
        among = self.states.source @ _incidence(point, mesh.points).T  # sources that hold the same point
        share = self.states.source / np.maximum(among[:, point], 1)
        self.source = share * (self.need[:, known] @ gather[point].T)
        self.need -= self.source @ _incidence(problem.source_bus, self.need.shape[1]).T

    def _ideal(self) -> None:
        """Powers of ideal branches along the busbars of the base."""
        mesh = self.members.mesh
        edges = mesh.nodes.ideal
        if not edges.branch.size:
            return
        conducts = self.conducts[:, edges.branch]
        for row, need in enumerate(self.need[:, mesh.nodes.bus]):
            passed = np.where(conducts[row], mesh.busbars.flows(need), 0.0)
            self.sent[row, edges.branch] += passed
            self.got[row, edges.branch] += passed

    def powers(self) -> dict[str, Array]:
        """Tables (element, n). [p.u.]"""
        return {
            "branch_power_from": self.sent.T, "branch_power_to": self.got.T,
            "branch_loss": (self.sent - self.got).real.T,
            "converter_output": self.output.T, "converter_input": self.input.T,
            "converter_loss": (self.input - self.output).real.T,
            "source_power": self.source.T,
            "generator_output": np.zeros((self.problem.generator_bus.size, self.need.shape[0]), dtype=complex),
        }  # fmt: skip

    def currents(self) -> dict[str, Array]:
        """Tables (element, n): [A] and loadings [-]."""
        problem = self.problem
        to = problem.branch_to
        factor = np.where(problem.bus_dc[to], 1.0, np.sqrt(3.0)) * problem.bus_voltage[to]
        level = np.abs(self.voltage[:, to]) * factor
        current = problem.base_power * np.abs(self.got) / np.where(level > 0, level, np.inf)
        loading = self.output.real * (problem.base_power / problem.converter_rating)
        return {
            "branch_current": current.T,
            "branch_loading": (current / problem.branch_rating).T,
            "converter_loading": loading.T,
        }


def _incidence(index: Array, size: int) -> csr_array:
    """(size, n) ones at (index, place), none where the index is -1."""
    at = np.flatnonzero(index >= 0)
    return csr_array(coo_array((np.ones(at.size), (index[at], at)), shape=(size, index.size)))
