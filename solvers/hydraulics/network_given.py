"""The constants of a network as the compiled solver reads them: whose law is where in the runs."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .duty import Duty
from .friction import FrictionLaw, transition_coefficients
from .laws import START_VELOCITY
from .network_fill import ROUGH_FACTOR
from .network_laws import MEMBER, PIPE
from .network_plan import Shape, plan
from .network_vectors import LANES
from .pipework import HAZEN_WILLIAMS_EXPONENT, Array, Mask, Pipework

Index = NDArray[np.int64]


class Uses(NamedTuple):
    """What a duty makes use of; all masks."""

    demand: Mask  # (N,) nodes with demand
    device: Mask  # (E,) links with a device coefficient
    pump: Mask
    limited: Mask
    alike: Array  # (E,) links of one number have the same viscosity in every scenario

    @classmethod
    def of(cls, pipework: Pipework, duty: Duty) -> Uses:
        """Look through the arrays once."""
        viscosity = duty.viscosity
        return cls(
            demand=_somewhere(duty.demand),
            device=_somewhere(duty.device),
            pump=duty.pumps(pipework),
            limited=np.asarray((duty.limit < np.inf).any(axis=0)),
            alike=viscosity[0].copy() if viscosity.shape[0] == 1 or viscosity.strides[1] == 0
            else np.arange(float(pipework.link_count)),
        )  # fmt: skip

    def join(self, other: Uses) -> Uses:
        """What either makes use of; ``other`` says which viscosities are alike."""
        return Uses(
            self.demand | other.demand, self.device | other.device, self.pump | other.pump,
            self.limited | other.limited, other.alike,
        )  # fmt: skip

    def covers(self, other: Uses) -> bool:
        """Whether a plan for this serves the other too."""
        fits = all(not (b & ~a).any() for a, b in zip(self[:4], other[:4], strict=True))
        return fits and bool((self.alike == other.alike).all())


def _somewhere(array: Array) -> Mask:
    return np.asarray((array != 0.0).any(axis=0))


class Given(NamedTuple):
    """A network laid out for the kernel: constants ``k`` and whole numbers ``i`` behind each other.

    ``of`` tells by name where each begins, and counts; the names say whose: runs (R rows), links in the order of the
    runs (E), nodes (N), devices, powers (laws of other exponents than 2), pumps, gates (what blocks), curves, mores
    (further pipes in runs that have some of several sizes).
    """

    k: Array
    """(n, 1)"""
    i: Index
    of: dict[str, int]
    pipe: Array
    """(X, PIPE) the first pipe of each run, then the mores; both padded to multiples of LANES."""
    member: Array
    """(E, MEMBER)"""


def lay_out(pipework: Pipework, uses: Uses, friction: FrictionLaw) -> Given:
    """Plan a network for what a duty makes use of."""
    p, curves = pipework, pipework.curves
    gate = p.check | uses.pump | uses.limited
    directed = gate.copy()
    directed[curves.link] = True
    shape = plan(p.node_count, p.start, p.end, p.fixed, uses.demand, directed, p.pipe > 0.0)
    runs, links, sign = shape.start.size, shape.links, shape.sign.astype(float)
    run_of = np.repeat(np.arange(runs), np.diff(shape.run_first))
    run = np.empty(links.size, np.int64)
    run[links] = run_of  # of each link

    first, more, term_of, weight = _pipe_terms(p, uses, links, run_of)
    first_rows, more_rows = _padded(shape.pipes), _padded(more.size)
    # rows of losses: the mores follow the runs, at their own table
    member_pipe = np.where(term_of < shape.pipes, term_of, term_of - shape.pipes + _padded(runs))

    device_link = np.flatnonzero(uses.device)
    device_square = p.exponent[device_link] == 2.0
    device_row = np.full(p.link_count, device_link.size)
    device_row[device_link] = np.arange(device_link.size)
    powered, hazen_link = np.flatnonzero(~device_square), np.flatnonzero(p.hazen > 0.0)
    power_link = np.concatenate([device_link[powered], hazen_link])
    of_device = np.arange(power_link.size) < powered.size

    lossless = np.ones(runs, bool)
    lossless[run[(p.pipe + p.minor + p.hazen > 0.0) | uses.pump]] = False
    lossless[run[curves.link]] = False
    lossless_run = np.flatnonzero(lossless)
    lossless_row = np.full(runs, -1)
    lossless_row[lossless_run] = np.arange(lossless_run.size)

    gate_link, pump_link = np.flatnonzero(gate), np.flatnonzero(uses.pump)
    run_pump = np.full(runs, -1)
    run_pump[run[pump_link]] = np.arange(pump_link.size)

    along = sign * p.buoyancy[links]
    minor = np.bincount(run, p.minor, runs)
    numbers = dict(
        one_way=(p.check | uses.pump)[gate_link],
        buoyancy=np.bincount(run_of, along, runs),
        power_exponent=np.where(of_device, p.exponent[power_link], HAZEN_WILLIAMS_EXPONENT),
        power_constant=p.hazen[power_link],
        pump_exponent=p.pump_exponent[pump_link],
        pump_slope=p.pump_slope[pump_link],
        pump_curvature=p.pump_curvature[pump_link],
        minor=minor,
        rough=ROUGH_FACTOR * np.bincount(run, p.pipe, runs) + minor,
        guess=_guess(p, run, runs),
        pipe_size=sizes(p, links[first]),
        more_size=sizes(p, links[more]),
        curve_flow=curves.flow,
        curve_pressure=curves.pressure,
        curve_shutoff=curves.ends()[0],
        fixed_hydrostatic=p.hydrostatic[p.fixed],
        hydrostatic=p.hydrostatic,
        standing=along,
        largest_buoyancy=[np.abs(p.buoyancy).max(initial=0.0)],
    )
    whole = dict(
        start=shape.start, end=shape.end, slot=shape.slot, degree=shape.degree, ops=shape.ops, fixed=shape.fixed,
        row=shape.row, demand_node=shape.demand_node, run_first=shape.run_first, links=links, sign=shape.sign,
        behind=shape.behind, merged=shape.merged, pivot=shape.pivot,
        stirred=np.bincount(run, p.buoyancy != 0.0, runs) > 0,
        pipe_link=links[first],
        more_run=run_of[more],
        more_link=links[more],
        device_link=device_link,
        device_run=run[device_link],
        device_square=device_square,
        device_lossless=lossless_row[run[device_link]],
        power_run=run[power_link],
        power_device=np.where(of_device, device_row[power_link], -1),
        lossless_run=lossless_run,
        gate_run=run[gate_link],
        gate_link=gate_link,
        pump_run=run[pump_link],
        pump_link=pump_link,
        pump_gate=_at_links(gate_link, p.link_count)[pump_link],
        pump_curve=_at_links(curves.link, p.link_count)[pump_link],
        run_pump=run_pump,
        curve_run=run[curves.link],
        curve_pump=curves.pump,
        curve_first=curves.first,
        curve_gate=_at_links(gate_link, p.link_count)[curves.link],
        member_pipe=np.where(p.pipe[links] > 0.0, member_pipe, 0),
        member_device=np.where(p.exponent[links] == 2.0, device_row[links], device_link.size),
        member_power=_at_links(power_link, p.link_count)[links],
    )  # fmt: skip
    counts = dict(
        runs=runs, free=shape.degree.size, fixeds=p.fixed.size, nodes=shape.degree.size + p.fixed.size,
        all_nodes=p.node_count, slots=shape.slots, demands=shape.demand_node.size, mergeds=shape.merged.size,
        mains=shape.mains, pipes=shape.pipes, mores=more.size, devices=device_link.size, powers=power_link.size,
        losslesses=lossless_run.size, gates=gate_link.size, pumps=pump_link.size, curves=curves.link.size,
        buoyant=int(p.buoyancy.any()),
    )  # fmt: skip
    (k, k_at), (i, i_at) = _joined(numbers, np.float64), _joined(whole, np.int64)
    pipe = np.concatenate([
        constants(p, links[first], weight[: shape.pipes], first_rows, friction),
        constants(p, links[more], weight[shape.pipes :], more_rows, friction),
    ])  # fmt: skip
    return Given(k[:, None], i, k_at | i_at | counts, pipe, _members(p, shape, run_of, along))


def _joined(arrays: dict[str, ArrayLike], kind: type) -> tuple[NDArray[Any], dict[str, int]]:
    """Arrays behind each other, and where each begins."""
    parts: list[NDArray[Any]] = [np.asarray(array, kind).ravel() for array in arrays.values()]
    begins = np.concatenate([[0], np.cumsum([part.size for part in parts])])[:-1].tolist()
    return np.concatenate(parts), dict(zip(arrays, begins, strict=True))


def _padded(rows: int) -> int:
    return -(-rows // LANES) * LANES


def _at_links(chosen: Index, links: int) -> Index:
    row = np.full(links, -1)
    row[chosen] = np.arange(chosen.size)
    return row


def sizes(p: Pipework, links: Index) -> Array:
    """Reynolds number times viscosity over flow."""
    if not links.size or not p.link_count:
        return np.zeros(links.size)
    area = p.area[links]
    return np.divide(p.diameter[links], area, out=np.zeros_like(area), where=area > 0.0)


def _pipe_terms(p: Pipework, uses: Uses, links: Index, run_of: Index) -> tuple[Any, Any, Any, Any]:
    """Pipes of one run that have size, roughness and viscosity in common are one term.

    Returns
    -------
    first : places in ``links`` of the first term of every run with pipes
    more : places of the others
    term_of : (E,) number of each pipe's term, those of ``first`` before those of ``more``
    weight : sum of the factors of f q |q| of each term
    """
    place = np.flatnonzero(p.pipe[links] > 0.0)
    at = links[place]
    keys = np.stack([run_of[place], p.diameter[at], p.roughness[at], p.density[at], uses.alike[at]], axis=1)
    order = np.lexsort((place, *keys.T[:0:-1], keys[:, 0]))
    changed = np.ones(place.size, bool)
    changed[1:] = (keys[order][1:] != keys[order][:-1]).any(axis=1)
    group = np.empty(place.size, np.int64)
    group[order] = np.cumsum(changed) - 1
    head = place[order[changed]]  # the earliest place of each group; groups of a run follow each other
    owner = run_of[head]
    leads = np.ones(head.size, bool)
    leads[1:] = owner[1:] != owner[:-1]
    number = np.empty(head.size, np.int64)
    number[leads] = np.arange(leads.sum())
    number[~leads] = leads.sum() + np.arange((~leads).sum())
    term_of = np.zeros(links.size, np.int64)
    term_of[place] = number[group]
    weight = np.bincount(number[group], p.pipe[at], head.size) if place.size else np.zeros(0)
    return head[leads], head[~leads], term_of, weight


def constants(p: Pipework, links: Index, weight: Array, rows: int, friction: FrictionLaw) -> Array:
    """(rows, PIPE); spare rows are harmless."""
    table = np.zeros((rows, len(PIPE)))
    table[:, 0], table[:, 1] = 1e-3, 1e-3
    relative = p.roughness[links] / 3.7
    n = links.size
    table[:n, 0], table[:n, 1], table[:n, 2] = relative, relative**1.11, weight
    table[:n, 3:] = transition_coefficients(p.roughness[links], law=friction)
    return table


def _guess(p: Pipework, run: Index, runs: int) -> Array:
    """The flow of one metre per second in the narrowest link of a run."""
    flow = np.where(p.area > 0.0, p.density * p.area * START_VELOCITY, np.inf)
    guess = np.full(runs, np.inf)
    np.minimum.at(guess, run, flow)
    known = np.isfinite(guess)
    return np.where(known, guess, np.median(guess[known]) if known.any() else 1.0)


def _members(p: Pipework, shape: Shape, run_of: Index, along: Array) -> Array:
    """Factors of each link's drop on the walk from the nearer end of its run."""
    way = np.where(np.arange(shape.links.size) < shape.pivot[run_of], 1.0, -1.0)
    columns = (p.pipe[shape.links], p.minor[shape.links], np.ones(shape.links.size), along)
    assert len(columns) == len(MEMBER)
    return np.stack(columns, axis=1) * way[:, None]
