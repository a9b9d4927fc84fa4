"""Harmonic currents and voltages of the front ends: at the point of common coupling, on the boards, in the transformers.

Method and limits: ``solvers/power/THEORY_harmonics.md``.  All front ends of one kind are taken in step, which is the worst
case for active ones and right for bridges; the grid's own distortion is left out.  The normal state is judged with the
grid at its smallest fault level, and once more on generators.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers import power as power_flow
from solvers.power.harmonics import (
    HarmonicSolution,
    judge_current,
    judge_voltage,
    k_factor,
    loss_factor,
    neutral_current,
    permissible_current,
    solve_harmonics,
    stray_loss_factor,
)
from twin.model.facility import Machine
from twin.model.products import SQRT3, Rack, Transformer, Utility
from twin.results.results import Table
from twin.scenario import Scenario
from twin.studies.basis import Basis
from twin.studies.front_ends import ORDERS, Mains, fault_levels, mains, spectrum

Array = NDArray[np.float64]

POINTS = ("utility", "transformer", "switchboard", "transfer_switch", "generator")
"""Kinds at whose output the voltage is judged."""
EDDY = {"liquid": 0.05, "dry": 0.10}
"""Winding eddy loss over I^2 R loss at rated current, by insulation; assumed (IEEE C57.110: 5 to 15 % for dry types)."""
STRAY = {"liquid": 0.10, "dry": 0.0}
"""Other stray loss over I^2 R loss; assumed."""


def harmonics(basis: Basis) -> tuple[dict[str, Table], dict[str, Any]]:
    """Solve the harmonics of the normal state, and of the state on generators.

    Returns
    -------
    Tables ``distortion`` (voltage at the grid, transformers and boards), ``connection`` (current at the grid) and
    ``winding`` (transformers), and the answer in words and numbers.
    """
    utilities = basis.facility.of_kind("utility")
    found = _solved(basis, basis.flow, tuple(machine.id for machine in utilities))
    if found is None or not found.solution.status.ok:
        why = "no grid feeds anything" if found is None else found.solution.detail
        return {}, {"sentences": [f"not worked out: {why}"]}
    tables = {
        "distortion": _distortion(basis, found, _on_generators(basis)),
        "connection": _connection(basis, found, utilities),
        "winding": _windings(basis, found),
    }
    tables = {name: table for name, table in tables.items() if table.ids}
    return tables, _facts(basis, tables)


@dataclass(frozen=True)
class _Solved:
    mains: Mains
    flow: power_flow.Solution
    solution: HarmonicSolution

    def bus(self, basis: Basis, machine: Machine) -> int:
        """Bus of a machine's output; -1 where the sources do not reach it."""
        return int(self.mains.bus[basis.world.power.output[machine.id]])


def _solved(basis: Basis, flow: power_flow.Solution, sources: tuple[str, ...]) -> _Solved | None:
    found = mains(basis.world, flow, sources) if flow.status.ok else None
    if found is None or not found.problem.injector_bus.size:
        return None
    return _Solved(found, flow, solve_harmonics(found.problem))


def _on_generators(basis: Basis) -> _Solved | None:
    """With every utility lost, at the load of the normal state."""
    lost = tuple(machine.id for machine in basis.facility.of_kind("utility"))
    sets = tuple(machine.id for machine in basis.facility.of_kind("generator", "bess"))
    if not sets:
        return None
    network = basis.world.power
    state = network.in_service([Scenario(name="lose:utility", failed=lost)])
    flow = power_flow.solve(power_flow.Problem(**{**vars(state), "load_power": np.atleast_2d(basis.load)}))
    found = _solved(basis, flow, sets)
    return found if found is not None and found.solution.status.ok else None


def _distortion(basis: Basis, normal: _Solved, lost: _Solved | None) -> Table:
    """Voltage against Table 1 of IEEE 519."""
    live = basis.normal("power", "live")
    machines = [
        machine
        for machine in basis.facility.of_kind(*POINTS)
        if normal.bus(basis, machine) >= 0 and live.get(machine.id, 0.0) > 0.5
    ]
    buses = np.array([normal.bus(basis, machine) for machine in machines], int)
    nominal = normal.mains.problem.bus_voltage[buses]
    found = judge_voltage(ORDERS, normal.solution.bus_voltage[0][:, buses].T, nominal)
    single = normal.solution.bus_voltage[0][:, buses].max(axis=0)
    islanded = np.zeros(len(machines))
    if lost is not None:
        there = np.array([lost.bus(basis, machine) for machine in machines], int)
        islanded = np.where(there >= 0, lost.solution.voltage_distortion[0][np.maximum(there, 0)], 0.0)
    return Table(
        tuple(machine.id for machine in machines),
        {
            "thd": found.distortion,
            "thd_limit": found.total_limit,
            "largest": single,
            "largest_limit": found.limit[:, 0],
            "thd_islanded": islanded,
        },
    )


def _connection(basis: Basis, found: _Solved, utilities: tuple[Machine, ...]) -> Table:
    """Current at the grid against Tables 2 to 4 of IEEE 519; the demand is that of the normal state."""
    drawn = np.abs(found.flow.source_power[0])
    row = {owner: index for index, owner in enumerate(basis.world.power.source_owner)}
    names: list[str] = []
    values: dict[str, list[float]] = {}
    for machine in utilities:
        product = machine.product
        assert isinstance(product, Utility)
        if machine.id not in found.mains.source or drawn[row[machine.id]] <= 0.0:
            continue
        demand = drawn[row[machine.id]] / (SQRT3 * product.voltage)
        short = fault_levels(product)[1] / (SQRT3 * product.voltage)
        verdict = judge_current(
            ORDERS,
            _source_current(found, found.mains.source.index(machine.id)),
            demand,
            short,
            product.voltage,
        )
        names.append(machine.id)
        told = {
            "tdd": verdict.distortion[0],
            "tdd_limit": verdict.total_limit[0],
            "margin": verdict.margin[0],
            "worst_order": verdict.worst_order[0],
            "ratio": short / demand,
        }
        for name, value in told.items():
            values.setdefault(name, []).append(float(value))
    return Table(tuple(names), {name: np.array(column) for name, column in values.items()})


def _source_current(found: _Solved, source: int) -> Array:
    """(H,) through the impedance of a source. [A]"""
    problem = found.mains.problem
    bus = problem.source_bus[source]
    size = np.empty(ORDERS.size)
    for h, order in enumerate(ORDERS):
        z = (problem.source_zero_impedance if order % 3 == 0 else problem.source_impedance)[source]
        size[h] = found.solution.bus_voltage[0, h, bus] / abs(complex(z.real, order * z.imag))
    return np.asarray(size * problem.base_current[bus])


def _windings(basis: Basis, found: _Solved) -> Table:
    """Transformers under their harmonic currents, IEEE C57.110; the load is the largest of all settled states."""
    settled = np.array(basis.results.settled)
    table = basis.results["power"]
    loading = dict(zip(table.ids, table["loading"][settled].max(axis=0).tolist(), strict=True))
    names: list[str] = []
    values: dict[str, list[float]] = {}
    for machine in basis.facility.of_kind("transformer"):
        product = machine.product
        assert isinstance(product, Transformer)
        branch = basis.world.power.through[machine.id][0]
        at = int(found.mains.branch[branch])
        fundamental = float(found.flow.branch_current[0, branch])
        if at < 0 or fundamental <= 0.0:
            continue
        orders = np.concatenate([[1], ORDERS])
        current = np.concatenate([[fundamental], found.solution.branch_current_to[0, :, at]])
        factor, stray = loss_factor(orders, current), stray_loss_factor(orders, current)
        share = permissible_current(
            factor, EDDY[product.insulation], stray_factor=stray, stray_loss=STRAY[product.insulation]
        )
        names.append(machine.id)
        told = {
            "k_factor": k_factor(orders, current, np.sqrt((current**2).sum())),
            "loss_factor": factor,
            "permissible": share,
            "loading": loading[machine.id],
        }
        for name, value in told.items():
            values.setdefault(name, []).append(float(value))
    return Table(tuple(names), {name: np.array(column) for name, column in values.items()})


def _facts(basis: Basis, tables: Mapping[str, Table]) -> dict[str, Any]:
    """The worst of everything."""
    facts: dict[str, Any] = {"neutral_share": _neutral_share(basis)}
    if "distortion" in tables:
        table = tables["distortion"]
        at = int(np.argmax(table["thd"] / table["thd_limit"]))
        facts["worst_voltage"] = {"what": table.ids[at], **{q: float(v[at]) for q, v in table.values.items()}}
        facts["worst_islanded"] = float(table["thd_islanded"].max())
    if "connection" in tables:
        table = tables["connection"]
        at = int(np.argmin(table["margin"]))
        facts["worst_current"] = {"what": table.ids[at], **{q: float(v[at]) for q, v in table.values.items()}}
    if "winding" in tables:
        table = tables["winding"]
        at = int(np.argmin(table["permissible"]))
        facts["worst_winding"] = {"what": table.ids[at], **{q: float(v[at]) for q, v in table.values.items()}}
    facts["sentences"] = list(_sentences(facts))
    return facts


def _neutral_share(basis: Basis) -> float | None:
    """Neutral over phase current of the racks' supplies, their triplens; None without any between line and neutral."""
    by_id = basis.facility.by_id
    single = (feed for feed in basis.facility.feeds if feed.phases and feed.poles == 1)
    if not any(isinstance(by_id[feed.to].product, Rack) for feed in single):
        return None
    each = np.abs(spectrum("supply"))
    return float(neutral_current(ORDERS, each) / np.sqrt(1.0 + (each**2).sum()))


def _sentences(facts: Mapping[str, Any]) -> Iterator[str]:
    if "worst_current" in facts:
        one = facts["worst_current"]
        yield (
            f"current at {one['what']} is distorted by {100 * one['tdd']:.1f} %, IEEE 519 allows"
            f" {100 * one['tdd_limit']:.1f} % (short-circuit over demand current {one['ratio']:.0f})"
        )
    if "worst_voltage" in facts:
        one = facts["worst_voltage"]
        then = (
            f"; on generators up to {100 * facts['worst_islanded']:.1f} %"
            if facts["worst_islanded"] > 0
            else ""
        )
        yield (
            f"voltage at {one['what']} is distorted by {100 * one['thd']:.1f} % of {100 * one['thd_limit']:.1f} %"
            f" allowed{then}"
        )
    if "worst_winding" in facts:
        one = facts["worst_winding"]
        yield (
            f"transformers bear {100 * one['permissible']:.0f} % of their rated current or more under the harmonics"
            f" ({one['what']}, K-factor {one['k_factor']:.1f})"
        )
    if facts["neutral_share"] is not None:
        share = 100 * facts["neutral_share"]
        yield f"power supplies between line and neutral load the neutral with {share:.0f} % of the phase current"
