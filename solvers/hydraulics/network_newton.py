"""The compiled iteration on a group of scenarios side by side, or on one: the twin of :mod:`solvers.hydraulics.newton`.

All that varies is one table, in three views of the same memory: ``t`` for steps, (rows, 1, LANES) or (rows, 1) for one
scenario; ``flat`` (rows, lanes) for plain loops; and ``v`` for steps that may take LANES rows of one scenario at once,
(rows / LANES, 1, LANES), which with LANES scenarios is ``t``.  ``at`` tells the rows.  Constants are in ``k``, whole
numbers in ``i``; ``of`` tells where, and how many.  (Few arrays: what is compiled grows with every one of them.)
"""

from __future__ import annotations

from numba import njit

from .network_blocked import block_gates, hold_gates, snap_flows, wrongly_held
from .network_laws import (
    FLOW,
    LEAST,
    TINY,
    add_buoyancy,
    add_laws,
    colebrook_any,
    colebrook_turbulent,
    gate_law,
    lossless_law,
    power_law,
    pump_power,
    pump_square,
    square_law,
    swamee_any,
    swamee_turbulent,
)
from .network_steps import (
    begin_load,
    lift,
    pull,
    pull_1,
    pull_2,
    pull_3,
    pull_end,
    push,
    settle,
    shift,
    slant,
    slant_before,
    star_1,
    star_2,
    star_3,
    star_pair,
    star_share,
    star_sum,
    star_turn,
    zero,
)
from .network_vectors import INNER
from .newton import PATIENCE, POLISH, RELEASES, SNAP

COLEBROOK, SWAMEE_JAIN = 0, 1
MOST_HALVINGS = 30


@njit(**INNER)
def pipe_laws(law, v, pipe, flow, drop, slope, reynolds, square, first, count):  # type: ignore[no-untyped-def]
    """Write the laws of pipes; rows that are not turbulent throughout are done again with all regimes."""
    for x in range(count):
        q, d, s, r, c, row = flow + x, drop + x, slope + x, reynolds + x, square + x, first + x
        if law == COLEBROOK:
            if colebrook_turbulent(v, pipe, q, d, s, r, c, row):
                colebrook_any(v, pipe, q, d, s, r, c, row)
        elif swamee_turbulent(v, pipe, q, d, s, r, c, row):
            swamee_any(v, pipe, q, d, s, r, c, row)


@njit(**INNER)
def gather(flat, flow, more, runs, i, count):  # type: ignore[no-untyped-def]
    """Flows of some runs."""
    for x in range(count):
        for c in range(flat.shape[1]):
            flat[more + x, c] = flat[flow + i[runs + x], c]


@njit(**INNER)
def _curves(flat, at, i, k, of):  # type: ignore[no-untyped-def]
    """Piecewise-linear pumps and valves, lane by lane."""
    for x in range(of.curves):
        row, pump = i[of.curve_run + x], i[of.curve_pump + x] == 1
        first, last = i[of.curve_first + x], i[of.curve_first + x + 1] - 1
        for c in range(flat.shape[1]):
            q, s = flat[at.flow + row, c], 1.0
            if pump and flat[at.curve_speed + x, c] > 0.0:
                s = flat[at.curve_speed + x, c]
            size = max(q, 0.0) / s if pump else abs(q)
            p = first
            while p < last - 1 and size >= k[of.curve_flow + p + 1, 0]:
                p += 1
            begin, low = k[of.curve_flow + p, 0], k[of.curve_pressure + p, 0]
            bend = (k[of.curve_pressure + p + 1, 0] - low) / (k[of.curve_flow + p + 1, 0] - begin)
            value = low + bend * (size - begin)
            if pump:
                flat[at.drop + row, c] -= value * s * s - flat[at.shutoff + i[of.curve_gate + x], c]
                more = flat[at.slope + row, c] - (bend * s if q >= 0.0 else 0.0)
                flat[at.slope + row, c] = max(more, flat[at.scale + LEAST, c])
            else:
                flat[at.drop + row, c] += value if q > 0.0 else -value
                flat[at.slope + row, c] += max(bend, flat[at.scale + TINY, c])


@njit(**INNER)
def _laws(law, flat, t, v, pipe, at, i, k, of):  # type: ignore[no-untyped-def]
    """Drop and slope of every run at its flow."""
    flow, drop, slope, scale = at.flow, at.drop, at.slope, at.scale
    n = of.step
    pipe_laws(
        law, v, pipe, flow // n, drop // n, slope // n, at.reynolds // n, at.square // n, 0, of.pipe_rows
    )
    for x in range(of.pipe_rows, of.run_rows):
        square_law(v, flow // n + x, drop // n + x, slope // n + x, at.square // n + x)
    if of.mores:
        gather(flat, flow, at.more_flow, of.more_run, i, of.mores)
        pipe_laws(law, v, pipe, at.more_flow // n, at.more_drop // n, at.more_slope // n, at.more_reynolds // n,
               at.more_square // n, of.more_pipe, of.more_rows)  # fmt: skip
        for x in range(of.mores):
            r = i[of.more_run + x]
            add_laws(t, drop + r, slope + r, at.more_drop + x, at.more_slope + x)
    for x in range(of.powers):
        r = i[of.power_run + x]
        power_law(t, k, flow + r, drop + r, slope + r, at.power + x, of.power_exponent + x)
    for x in range(of.losslesses):
        r = i[of.lossless_run + x]
        lossless_law(t, flow + r, drop + r, slope + r, at.lossless + x, scale)
    for x in range(of.pumps):
        r = i[of.pump_run + x]
        q, d, s, shutoff, fall = flow + r, drop + r, slope + r, at.pump_shutoff + x, at.fall + x
        if k[of.pump_exponent + x, 0] == 2.0:
            pump_square(t, q, d, s, shutoff, fall, at.curvature + x, at.peak + x, scale)
        else:
            pump_power(
                t, k, q, d, s, shutoff, fall, at.curvature + x, at.peak + x, scale, of.pump_exponent + x
            )
    if of.curves:
        _curves(flat, at, i, k, of)
    for x in range(of.gates):
        r = i[of.gate_run + x]
        gate_law(t, k, flow + r, drop + r, slope + r, of.one_way + x, at.shutoff + x, at.limit + x, scale)
    if of.buoyant:
        for r in range(of.runs):
            add_buoyancy(t, k, drop + r, of.buoyancy + r)


@njit(**INNER)
def _eliminate(t, at, i, of):  # type: ignore[no-untyped-def]
    """Weights and loads of all free nodes taken out, then their potentials in reverse order."""
    op, star, load, rise = of.ops, at.mesh, at.load, at.rise
    for n in range(of.free):
        d, own, inverse = i[of.degree + n], load + n, at.inverse + n
        if d == 2:
            star_2(t, star, own, inverse, load + i[op], load + i[op + 1], at.mesh + i[op + 2])
        elif d == 3:
            a, b, c = load + i[op], load + i[op + 1], load + i[op + 2]
            star_3(
                t, star, own, inverse, a, b, c, at.mesh + i[op + 3], at.mesh + i[op + 4], at.mesh + i[op + 5]
            )
        elif d == 1:
            star_1(t, star, own, inverse, load + i[op])
        else:
            zero(t, inverse)
            for x in range(d):
                star_sum(t, inverse, star + x)
            star_turn(t, inverse)
            pair = op + d
            for x in range(d):
                star_share(t, star + x, own, inverse, at.share, load + i[op + x])
                for y in range(x + 1, d):
                    star_pair(t, at.share, star + y, at.mesh + i[pair])
                    pair += 1
        op += d + d * (d - 1) // 2
        star += d
    for n in range(of.free - 1, -1, -1):
        d, own, inverse, result = i[of.degree + n], load + n, at.inverse + n, rise + n
        op -= d + d * (d - 1) // 2
        star -= d
        if d == 2:
            pull_2(t, star, own, inverse, result, rise + i[op], rise + i[op + 1])
        elif d == 3:
            pull_3(t, star, own, inverse, result, rise + i[op], rise + i[op + 1], rise + i[op + 2])
        elif d == 1:
            pull_1(t, star, own, inverse, result, rise + i[op])
        else:
            for x in range(d):
                pull(t, star + x, own, rise + i[op + x])
            pull_end(t, own, inverse, result)


@njit(**INNER)
def _step(t, at, i, of):  # type: ignore[no-untyped-def]
    """One Newton step of flows and heads from drop and slope; leaves the flows' steps in ``drop``."""
    flow, drop, slope, head, load, rise = at.flow, at.drop, at.slope, at.head, at.load, at.rise
    for s in range(of.slots):
        zero(t, at.mesh + s)
    zero(t, at.peak_step)
    zero(t, at.peak_step + 1)
    for n in range(of.nodes):
        begin_load(t, load + n, at.demand + n)
    for r in range(of.runs):
        a, b = i[of.start + r], i[of.end + r]
        push(t, flow + r, drop + r, slope + r, at.live + r, head + a, head + b, at.mesh + i[of.slot + r], load + a,
             load + b)  # fmt: skip
    _eliminate(t, at, i, of)
    for r in range(of.runs):
        settle(t, flow + r, drop + r, slope + r, rise + i[of.start + r], rise + i[of.end + r], at.peak_step)
    for n in range(of.free):
        lift(t, head + n, rise + n)


@njit(**INNER)
def _relative(flat, at):  # type: ignore[no-untyped-def]
    """Largest step of each lane over its largest flow; also the largest of all lanes."""
    most = 0.0
    for c in range(flat.shape[1]):
        largest = max(flat[at.peak_step + 1, c], 1e-9 * flat[at.scale + FLOW, c])
        flat[at.change, c] = flat[at.peak_step, c] / largest
        most = max(most, flat[at.change, c])
    return most


@njit(**INNER)
def _slants(t, at, i, of):  # type: ignore[no-untyped-def]
    """Slope of the content at the flows and heads reached, along the last step."""
    zero(t, at.sums + 1)
    for r in range(of.runs):
        slant(t, at.steps + r, at.drop + r, at.live + r, at.head + i[of.start + r], at.head + i[of.end + r],
              at.sums + 1)  # fmt: skip


@njit(**INNER)
def _shorten(flat, at, low, high, first):  # type: ignore[no-untyped-def]
    """Next share of the step in every lane that overshot: bisection; False when none is left."""
    again = False
    for c in range(flat.shape[1]):
        before, value, share = flat[at.sums, c], flat[at.sums + 1, c], flat[at.shares, c]
        if first:
            flat[at.shares, c] = share = 1.0
            low[c], high[c] = 0.0, 1.0
            bad = value > 0.5 * before and flat[at.change, c] > 1e-7
        else:
            bad = high[c] > low[c] and abs(value) > 0.5 * before
            if value < 0.0:
                low[c] = share
            else:
                high[c] = share
        if not bad:
            low[c] = high[c] = share  # settled
        middle = 0.5 * (low[c] + high[c])
        flat[at.move, c], flat[at.shares, c] = middle - share, middle
        again |= bad
    return again


@njit(**INNER)
def newton(law, flat, t, v, pipe, at, i, k, of, tolerance, limit, residual, converged, low, high):  # type: ignore[no-untyped-def]
    """Iterate all lanes until each has met the tolerance once, hold what is blocked, let go what is held wrongly, and
    again; returns the number of iterations.

    ``low`` and ``high`` are working memory.
    """
    lanes, done, halvings, polished, releases, blocked = flat.shape[1], 0, 0, 0, 0, False
    searching = polishing = checking = False
    for x in range(of.gates):
        zero(t, at.shut + x)
        zero(t, at.held + x)
    while True:  # one place where laws are evaluated: they are most of what is compiled
        _laws(law, flat, t, v, pipe, at, i, k, of)
        if checking:
            again = False
            for c in range(lanes):
                if not converged[c] and flat[at.change, c] <= tolerance:
                    residual[c], converged[c] = flat[at.change, c], True
                if releases < RELEASES:
                    if wrongly_held(flat, at, i, k, of, c, 0.0, True):
                        converged[c], again = False, True
                elif wrongly_held(flat, at, i, k, of, c, tolerance, False):
                    converged[c] = False
            if not again:
                break
            releases += 1
            polished = halvings = 0
            polishing, checking = done >= limit, False
        elif searching or (done > PATIENCE and halvings == 0 and not polishing):
            _slants(t, at, i, of)
            searching = _shorten(flat, at, low, high, halvings == 0)
            halvings += 1
            if searching and halvings <= MOST_HALVINGS:
                for r in range(of.runs):
                    shift(t, at.flow + r, at.steps + r, at.move)
                continue
            searching = False
            for c in range(lanes):
                if not converged[c]:
                    residual[c] *= flat[at.shares, c]
        if polishing:
            block_gates(t, at, i, k, of)
        if blocked:
            hold_gates(t, at, i, of)
        _step(t, at, i, of)
        moved = _relative(flat, at)
        if polishing:
            polished += 1
            checking = moved <= SNAP or polished == POLISH
            continue
        done += 1
        halvings = 0
        whole = True
        for c in range(lanes):
            if not converged[c]:
                residual[c] = flat[at.change, c]
                converged[c] = residual[c] <= tolerance
                whole &= converged[c]
        if whole or done >= limit:
            blocked = block_gates(t, at, i, k, of)
            if not blocked:
                break
            polishing = True
        elif done > PATIENCE:
            zero(t, at.sums)
            for r in range(of.runs):
                slant_before(t, at.drop + r, at.steps + r, at.slope + r, at.sums)
    snap_flows(flat, t, at, of)
    return done
