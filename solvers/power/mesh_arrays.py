"""The arrays of a mesh that the compiled iteration reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array

from solvers.power.mesh_tour import Elimination

if TYPE_CHECKING:
    from solvers.power.mesh_network import Draft

Array = NDArray[Any]


class Arrays(NamedTuple):
    """What the compiled kernel reads; free points in order of elimination, fixed points after them."""

    stage: Array
    """(R + 1,) first free point of each stage."""
    column_start: Array
    column_row: Array
    column_value: Array
    """L by columns, below the diagonal."""
    inverse: Array
    """(m,) 1 / D."""
    no_load: Array
    """(m + F,) voltage without loads; that of fixed points is given. [p.u.]"""
    slot: Array
    """(m + F,) row in the table of demands, -1 = none."""
    link_start: Array
    link_column: Array
    link_value: Array
    """Rows of Y without the diagonal: those of free points only towards free points."""
    diagonal: Array
    """(m + F,) of Y. [p.u.]"""
    unit: Array
    """(c,) converters in order of stage."""
    unit_start: Array
    """(R + 1,) first of them after each stage."""
    unit_out: Array
    unit_in: Array
    """(c,) point held, and row in the table of demands of the input."""
    unit_curve: Array
    """(c, 5) rating [p.u.], a, b, c of the loss curve, tan(phi) of the input."""
    bus: Array
    """Live buses with free points, by stage, then ascending."""
    bus_start: Array
    """(R + 1,)."""
    bus_point: Array
    bus_ratio: Array
    """Voltage of a bus = ratio * voltage of its point."""
    point_bus: Array
    """(m + F,) the bus of each point whose ratio is 1."""


def arrays_of(
    draft: Draft, matrix: csr_array, factors: list[Elimination | None], fixed: Array, stage_of: Array,
    slot: Array, inputs: Array,
) -> Arrays:  # fmt: skip
    """Arrays of the kernel from the admittances and stages of the points, in their new order."""
    problem, m, stages = draft.problem, stage_of.size - fixed.size, np.arange(len(factors) + 1)
    no_load = np.concatenate([np.zeros(m, dtype=complex), fixed])
    right = -(matrix[:m][:, m:] @ fixed)
    first = 0
    for factor in factors:
        if factor is None:
            continue
        part = slice(first, first + factor.order.size)
        given = np.empty(factor.order.size, dtype=complex)
        given[factor.order] = right[part]
        no_load[part] = factor.solve(given)[factor.order]
        first = part.stop
    units, unit_start, curve = _units(draft, stage_of, stages)
    buses = np.flatnonzero((draft.point >= 0) & (draft.point < m))
    stage = stage_of[draft.point[buses]]
    buses = buses[np.argsort(stage, kind="stable")]
    by_column, inverse = _lower(factors)
    return Arrays(
        np.searchsorted(stage_of[:m], stages), *by_column, inverse, no_load, slot,
        *_neighbours(matrix, m), diagonal=matrix.diagonal(), unit=units, unit_start=unit_start,
        unit_out=draft.point[problem.converter_to[units]], unit_in=inputs[units], unit_curve=curve,
        bus=buses, bus_start=np.searchsorted(np.sort(stage), stages), bus_point=draft.point[buses],
        bus_ratio=draft.ratio[buses], point_bus=_representatives(draft, stage_of.size),
    )  # fmt: skip


def _units(draft: Draft, stage_of: Array, stages: Array) -> tuple[Array, Array, Array]:
    """Converters in order of stage, the first of each stage, and their loss curves."""
    problem = draft.problem
    units = np.flatnonzero(draft.feeding)
    stage = stage_of[draft.point[problem.converter_to[units]]]
    units = units[np.argsort(stage, kind="stable")]
    pf = problem.converter_input_pf[units]
    rating = problem.converter_rating[units] / problem.base_power
    curve = np.column_stack([rating, problem.converter_loss[units], np.sqrt(1.0 - pf**2) / pf])
    return units, np.searchsorted(np.sort(stage), stages), curve


def _representatives(draft: Draft, points: int) -> Array:
    roots = draft.nodes.bus[draft.busbars.parent == np.arange(draft.nodes.size)]
    bus = np.zeros(points, dtype=int)
    bus[draft.point[roots]] = roots
    return bus


def _lower(factors: list[Elimination | None]) -> tuple[tuple[Array, Array, Array], Array]:
    """L of all stages by columns, and the inverse of D."""
    counts, rows, values, inverse = ([np.zeros(0, dtype=int)] for _ in range(4))
    first = 0
    for factor in factors:
        if factor is None:
            continue
        counts.append(np.diff(factor.start))
        rows.append(first + factor.row)
        values.append(factor.value)
        inverse.append(factor.inverse)
        first += factor.order.size
    start = np.concatenate([[0], np.cumsum(np.concatenate(counts))])
    columns = start, np.concatenate(rows), np.concatenate(values).astype(complex)
    return columns, np.concatenate(inverse).astype(complex)


def _neighbours(matrix: csr_array, free: int) -> tuple[Array, Array, Array]:
    """Rows of Y without the diagonal; those of free points without the fixed ones."""
    entries = coo_array(matrix)
    kept = (entries.row != entries.col) & ((entries.row >= free) | (entries.col < free))
    row, column = entries.row[kept].astype(np.int64), entries.col[kept].astype(np.int64)
    order = np.lexsort((column, row))
    start = np.searchsorted(row[order], np.arange(matrix.shape[0] + 1))
    return start, column[order], entries.data[kept][order]
