"""The reduced network's answer spread over all links and nodes, and how well it obeys their laws and conserves mass."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from .equivalent_classes import STATIC, VARIED, Family
from .equivalent_curve import Curve, Sample
from .equivalent_forms import Forms
from .equivalent_law import passive_drop
from .equivalent_work import Work
from .prepared import COMPILED_FROM, compiler_there
from .scenarios import rows as as_rows

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

TOGETHER = 2048
"""Instances times states that are written out at once: their flows stay in the cache of a core (assumed, 2 MB)."""


class States(NamedTuple):
    """Arrays of the whole network; see :class:`solvers.hydraulics.equivalent.Expanded`."""

    flow: Array
    pressure: Array
    law_error: Array
    mass_error: Array
    ok: Mask


def expand(work: Work, check: bool) -> States:
    """All flows and pressures; see :func:`solvers.hydraulics.equivalent.solve` for ``check``.

    Families of which nothing varies are written and checked by compiled code where there is a compiler.
    """
    r, problem = work.reduction, work.problem
    flow, pressure = np.empty((work.count, work.links)), np.empty((work.count, problem.node_count))
    flow[:, r.kept_links] = work.solved.link_flow[:, : work.kept]
    pressure[:, r.kept_nodes] = work.solved.node_pressure[:, : r.kept_nodes.size]
    level = pressure[:, r.kept_nodes] + work.hydrostatic[r.kept_nodes]
    scale = np.maximum(np.ptp(level, axis=1), 1.0)  # passive sub-networks lie between their terminals
    miss, ok = np.zeros(work.count), work.solved.scenario_ok.copy()
    quick = _compile(work) and all(curve.low.size == 1 for curve in work.curves)
    imbalance = _mains(work, flow) if quick else np.zeros_like(level)
    largest = np.abs(flow[:, r.kept_links]).max(
        axis=1, initial=1e-300
    )  # nowhere inside flows more than through
    inside = 0.0
    for part, family, sample, curve in zip(work.parts, r.families, r.samples, work.curves, strict=True):
        ends = r.new_index[family.terminals]
        base, y = level[:, ends[:, 1]], work.y[:, part]
        ok &= curve.ok
        if quick:
            ok &= _alike(work, family)
            across = level[:, ends[:, 0]] - base
            through, within = _by_kernel(
                work, (family, sample, curve), check, y, base, across, flow, pressure, miss
            )
            for side in (0, 1):
                np.add.at(imbalance.T, ends[:, side], through[:, :, side].T)
            largest = np.maximum(largest, np.abs(through).max(axis=(1, 2)))
            inside = max(inside, within)
        else:
            weight = curve.weights(y)
            flow[:, family.links.ravel()] = (curve.at(weight, curve.flow) * family.sign).reshape(
                work.count, -1
            )
            inner = (base[:, :, None] + curve.at(weight, curve.level)).reshape(work.count, -1)
            pressure[:, family.inner.ravel()] = inner - work.hydrostatic[family.inner.ravel()]
            miss = np.maximum(miss, _miss(work, family if check else _ends(family), flow, pressure))
    if quick:
        imbalance[:, r.new_index[np.asarray(problem.fixed_node, np.intp)]] = 0.0
        mass = (np.abs(imbalance).max(axis=1) + inside) / largest
    else:
        mass = _mass(work, flow)
    return States(flow, pressure, miss / scale, mass, ok)


def _compile(work: Work) -> bool:
    wanted = work.reduction.compiled
    return work.count * work.links >= COMPILED_FROM and compiler_there() if wanted is None else wanted


def _alike(work: Work, family: Family) -> Mask:
    """(S,) all instances have the data of the first one in the first state: a problem may have changed."""
    same = np.ones(work.count, bool)
    for name in (*STATIC, *VARIED):
        table = as_rows(getattr(work.problem, name), work.links, copy=False)
        table = table[:1] if table.strides[0] == 0 else table
        if table.strides[1] != 0:
            own = table[:, family.links]
            same &= (own == own[:1, :1]).all(axis=(1, 2))
    return same


def _by_kernel(
    work: Work, of: tuple[Family, Sample, Curve], check: bool, y: Array, base: Array, across: Array, flow: Array,
    pressure: Array, miss: Array,
) -> tuple[Array, float]:  # fmt: skip
    """Write one family, raise ``miss``; returns (S, I, 2) flow into its terminals, and the most any inner node misses."""
    from .equivalent_kernel import expand_flows, expand_levels

    family, sample, curve = of
    forms = Forms.of(sample, curve, work.reduction.friction)
    order, points = forms.checker.order, len(forms.ends)
    links, sign = (np.ascontiguousarray(a[:, order]) for a in (family.links, family.sign))
    many, ends = y.shape[1], np.empty((*y.shape, 2))
    step = max(1, TOGETHER // many)
    if not check:
        miss[:] = np.maximum(miss, forms.worst(curve))
    for first in range(0, work.count, step):
        rows = slice(first, first + step)
        basis = curve.basis(y[rows]).reshape(points, -1).T
        if check:
            flows = forms.states(basis)
            missed = forms.checker.misses(flows).reshape(-1, many)
            miss[rows] = np.maximum(miss[rows], missed.max(axis=1))
        else:
            flows = basis @ forms.flows
        expand_flows(flows[: len(basis)], links, sign, flow[rows])
        if forms.levels.shape[1]:
            expand_levels(basis @ forms.levels, base[rows], family.inner, work.hydrostatic, pressure[rows])
        three = (basis @ forms.ends).reshape(-1, many, 3)
        ends[rows] = three[:, :, :2]
        miss[rows] = np.maximum(miss[rows], np.abs(three[:, :, 2] - across[rows]).max(axis=1))
    return ends, forms.inside


def _mains(work: Work, flow: Array) -> Array:
    """(S, kept nodes) what the links that are not replaced and the demands leave at each node."""
    r, p = work.reduction, work.problem
    start, end = (r.new_index[np.asarray(a, np.intp)[r.kept_links]] for a in (p.link_from, p.link_to))
    demand = as_rows(p.node_demand, p.node_count, copy=False)[:, r.kept_nodes]
    return _incidence(start, end, r.kept_nodes.size, flow[:, r.kept_links]) - demand


def _incidence(start: NDArray[np.intp], end: NDArray[np.intp], nodes: int, flow: Array) -> Array:
    links = start.size
    link = np.arange(links)
    matrix = csr_array(
        (np.repeat([1.0, -1.0], links), (np.r_[end, start], np.r_[link, link])), (nodes, links)
    )
    return np.asarray((matrix @ flow.T).T)


def _miss(work: Work, family: Family, flow: Array, pressure: Array) -> Array:
    """(S,) largest miss of the laws of replaced links; a limiter may add drop where it holds the flow."""
    problem, links = work.problem, family.links.ravel()
    start, end = (np.asarray(getattr(problem, n), np.intp)[links] for n in ("link_from", "link_to"))
    extra = (
        pressure[:, start] + work.hydrostatic[start] - pressure[:, end] - work.hydrostatic[end]
        - passive_drop(problem, links, flow[:, links], work.reduction.friction)
    )  # fmt: skip
    limit = as_rows(problem.link_limit, work.links)[:, links]
    if np.isfinite(limit).any():
        spare = limit - flow[:, links]
        held = spare <= 1e-9 * np.abs(limit)
        over = np.where(spare < -1e-7 * np.abs(limit), np.inf, 0.0)
        extra = np.where(held, np.minimum(extra, 0.0) + over, extra)
    return np.asarray(np.abs(extra).max(axis=1, initial=0.0))


def _mass(work: Work, flow: Array) -> Array:
    """(S,) largest imbalance of a free node over the largest flow."""
    p = work.problem
    start, end = np.asarray(p.link_from, np.intp), np.asarray(p.link_to, np.intp)
    net = _incidence(start, end, p.node_count, flow) - as_rows(p.node_demand, p.node_count, copy=False)
    net[:, np.asarray(p.fixed_node, np.intp)] = 0.0
    return np.asarray(np.abs(net).max(axis=1) / np.maximum(np.abs(flow).max(axis=1), 1e-300))


def _ends(family: Family) -> Family:
    """Its lowest and highest instances only: the two at the ends of the list."""
    pick = np.unique([0, len(family.links) - 1])
    return Family(family.links[pick], family.sign[pick], family.inner[pick], family.terminals[pick])
