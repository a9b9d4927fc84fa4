"""What comes out of a group of scenarios: heads inside runs, what is not balanced, and rows of results."""

from __future__ import annotations

from numba import njit

from .network_fill import entry
from .network_laws import colebrook_loss, swamee_loss, walk, walk_power
from .network_newton import COLEBROOK, gather
from .network_steps import begin_load, carry, raise_peak, taint, zero
from .network_vectors import INNER


@njit(**INNER)
def _losses(law, v, pipe, flow, loss, reynolds, first, count):  # type: ignore[no-untyped-def]
    """Write f q |q| of pipes."""
    for x in range(count):
        if law == COLEBROOK:
            colebrook_loss(v, pipe, flow + x, loss + x, reynolds + x, first + x)
        else:
            swamee_loss(v, pipe, flow + x, loss + x, reynolds + x, first + x)


@njit(**INNER)
def inner_heads(law, flat, t, v, pipe, member, at, i, k, of):  # type: ignore[no-untyped-def]
    """Heads of the nodes inside runs, from both ends up to the link that knows a direction."""
    n = of.step
    _losses(law, v, pipe, at.flow // n, at.loss // n, at.reynolds // n, 0, of.main_rows)
    if of.mores:
        gather(flat, at.flow, at.more_flow, of.more_run, i, of.mores)
        _losses(
            law,
            v,
            pipe,
            at.more_flow // n,
            at.more_loss // n,
            at.more_reynolds // n,
            of.more_pipe,
            of.more_rows,
        )
    for x in range(of.mergeds):
        r = i[of.merged + x]
        begin, finish, pivot = i[of.run_first + r], i[of.run_first + r + 1], i[of.pivot + r]
        here = i[of.start + r]
        for y in range(begin, pivot):
            to = i[of.behind + y]
            _walk(t, member, at, i, k, of, here, to, r, y)
            here = to
        here = i[of.end + r]
        for y in range(finish - 1, pivot, -1):
            to = i[of.behind + y - 1]
            _walk(t, member, at, i, k, of, here, to, r, y)
            here = to


@njit(**INNER)
def _walk(t, member, at, i, k, of, here, to, r, y):  # type: ignore[no-untyped-def]
    flow, device, power = at.flow + r, at.device + i[of.member_device + y], i[of.member_power + y]
    walk(t, member, at.head + here, at.head + to, flow, at.loss + i[of.member_pipe + y], device, y)
    if power >= 0:
        walk_power(t, k, member, at.head + to, flow, at.power + power, of.power_exponent + power, y)


@njit(**INNER)
def inner_connections(picked, duty, flat, at, i, k, of):  # type: ignore[no-untyped-def]
    """Whether nodes inside runs hang on a fixed one; heads of those that a closed link has cut from one end."""
    for x in range(of.mergeds):
        r = i[of.merged + x]
        first, last = i[of.run_first + r], i[of.run_first + r + 1]
        for c in range(picked.size):
            cut = flat[at.open + r, c] == 0.0
            for y in range(first, last - 1):
                inside = at.connected + i[of.behind + y]
                flat[inside, c] = 0.0 if cut else flat[at.connected + i[of.start + r], c]
            if not cut:
                continue
            here = i[of.start + r]
            for y in range(first, last - 1):
                if not _passes(picked[c], c, y, r, duty, flat, at, i, of):
                    break
                to = i[of.behind + y]
                flat[at.connected + to, c] = flat[at.connected + here, c]
                flat[at.head + to, c] = flat[at.head + here, c] - _standing(c, y, r, flat, at, i, k, of)
                here = to
            here = i[of.end + r]
            for y in range(last - 1, first, -1):
                if not _passes(picked[c], c, y, r, duty, flat, at, i, of):
                    break
                to = i[of.behind + y - 1]
                flat[at.connected + to, c] = flat[at.connected + here, c]
                flat[at.head + to, c] = flat[at.head + here, c] + _standing(c, y, r, flat, at, i, k, of)
                here = to


@njit(**INNER)
def _passes(scenario, c, y, r, duty, flat, at, i, of):  # type: ignore[no-untyped-def]
    """The link at place y is open, and no pump that stands."""
    pump = i[of.run_pump + r]
    stands = pump >= 0 and y == i[of.pivot + r] and flat[at.pump_shutoff + pump, c] <= 0.0
    return entry(duty.open, scenario, i[of.links + y]) and not stands


@njit(**INNER)
def _standing(c, y, r, flat, at, i, k, of):  # type: ignore[no-untyped-def]
    """Drop of the link at place y without flow, along its run."""
    pump = i[of.run_pump + r]
    drop = k[of.standing + y, 0]
    return drop - flat[at.pump_shutoff + pump, c] if pump >= 0 and y == i[of.pivot + r] else drop


@njit(**INNER)
def imbalance(flat, t, at, i, of, residual, converged, worst):  # type: ignore[no-untyped-def]
    """Largest imbalance of a free node over the largest flow or demand, in every lane.

    A lane with a number that is not finite becomes one without flow and pressure that has not converged.
    """
    most, scale, sign = at.peak_step, at.peak_step + 1, at.move
    zero(t, most)
    zero(t, scale)
    zero(t, sign)
    for n in range(of.nodes):
        begin_load(t, at.load + n, at.demand + n)
        raise_peak(t, scale, at.demand + n)
    for r in range(of.runs):
        carry(t, at.flow + r, at.load + i[of.start + r], at.load + i[of.end + r])
        raise_peak(t, scale, at.flow + r)
        taint(t, sign, at.flow + r)
    for n in range(of.all_nodes):
        taint(t, sign, at.head + n)
    for n in range(of.free):
        raise_peak(t, most, at.load + n)
    for c in range(flat.shape[1]):
        if flat[sign, c] == 0.0:
            worst[c] = flat[most, c] / max(flat[scale, c], 1e-300)
            continue
        residual[c], converged[c], worst[c] = 1.0, False, 1.0
        for r in range(of.runs):
            flat[at.flow + r, c] = 0.0
        for n in range(of.all_nodes):
            flat[at.head + n, c] = flat[at.connected + n, c] = 0.0
        for x in range(of.gates):
            flat[at.held + x, c] = 0.0


@njit(**INNER)
def write(first, count, flat, at, i, k, of, flow, pressure, limited, connected):  # type: ignore[no-untyped-def]
    """Rows ``first`` and on of the results from the first ``count`` lanes."""
    for r in range(of.runs):
        for x in range(i[of.run_first + r], i[of.run_first + r + 1]):
            link, sign = i[of.links + x], float(i[of.sign + x])
            for c in range(count):
                flow[first + c, link] = sign * flat[at.flow + r, c]
    for v in range(of.all_nodes):
        row, hydrostatic = i[of.row + v], k[of.hydrostatic + v, 0]
        for c in range(count):
            tied = flat[at.connected + row, c]
            pressure[first + c, v] = tied * (flat[at.head + row, c] - hydrostatic)
            connected[first + c, v] = tied > 0.0
    for x in range(of.gates):
        link = i[of.gate_link + x]
        for c in range(count):
            limited[first + c, link] = flat[at.held + x, c] > 0.0
