"""One pass of a stage of :mod:`transient_system`, sources and links that hold fluid, compiled; the same operations.

For the few dozen nodes of a part of a facility an operation of numpy costs more than what it does: these loops are three
times as fast, and give the same numbers to rounding.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

IDLE, HELD, EXCHANGE, FULL = range(4)  # as in transient_system
SAME = 1e-9  # as there
SLIGHT, PACKETS = 1e-9, 128  # as in transient_delay


@njit(cache=True, error_model="numpy")
def signals(knots: Any, values: Any, time: float) -> Any:  # pragma: no cover - compiled
    """(G + 1, S) signals just before `time`; the last row is the constant 1."""
    count, rows, width = values.shape
    found = np.ones((rows + 1, width))
    for s in range(width):
        above = 0
        while above < count and knots[above, s] < time:
            above += 1
        above = min(max(above, 1), count - 1)
        below = max(above - 1, 0)
        first, last = knots[below, s], knots[above, s]
        part = (time - first) / (last - first) if last > first else (1.0 if time > first else 0.0)
        part = min(max(part, 0.0), 1.0)
        for g in range(rows):
            low = values[below, g, s]
            found[g, s] = low + part * (values[above, g, s] - low)
    return found


@njit(cache=True, error_model="numpy")
def _side(rate: float, start: int, end: int) -> Any:  # pragma: no cover - compiled
    """Where a stream comes from and goes to."""
    return (start, end) if rate >= 0.0 else (end, start)


@njit(cache=True, error_model="numpy")
def modes(
    old: Any, temperature: Any, rate: Any, gain: Any, limit: Any, setpoint: Any, hot: Any, cold: Any, sink: Any, start: Any,
    end: Any, plain: Any,
) -> Any:  # fmt: skip  # pragma: no cover - compiled
    """Mode of every exchanger, and whether all are as they were."""
    found, same = old.copy(), True
    for x in range(old.shape[0]):
        has_cold = cold[x] >= 0 or sink[x] >= 0
        for s in range(old.shape[1]):
            if plain[x, s]:
                best = EXCHANGE
            else:
                flow = abs(rate[hot[x], s])
                up, _ = _side(rate[hot[x], s], start[hot[x]], end[hot[x]])
                warm = temperature[up, s]
                held = np.inf if np.isinf(setpoint[x, s]) else flow * (warm - setpoint[x, s])
                plainly = np.inf
                if has_cold:
                    cool = temperature[sink[x], s]
                    if cold[x] >= 0:
                        source, _ = _side(rate[cold[x], s], start[cold[x]], end[cold[x]])
                        cool = temperature[source, s]
                    plainly = gain[x, s] * (warm - cool)
                most = limit[x, s] if flow > 0.0 else 0.0
                best, duty = HELD, held
                if plainly < duty:
                    best, duty = EXCHANGE, plainly
                if most < duty:
                    best, duty = FULL, most
                if not duty > 0.0:
                    best, duty = IDLE, 0.0
                now = old[x, s]
                kept = 0.0 if now == IDLE else held if now == HELD else plainly if now == EXCHANGE else most
                if abs(kept - duty) <= SAME * (abs(duty) + flow):
                    best = now
            same = same and best == old[x, s]
            found[x, s] = best
    return found, same


@njit(cache=True, error_model="numpy")
def _terms(
    mode: int, flow: float, gain: float, setpoint: float, limit: float
) -> Any:  # pragma: no cover - compiled
    """``a``, ``b``, ``d`` of ``duty = a T_hot + b T_cold + d``."""
    if mode == HELD:
        return flow, 0.0, -flow * setpoint
    if mode == EXCHANGE:
        return gain, -gain, 0.0
    return 0.0, 0.0, limit if mode == FULL else 0.0


@njit(cache=True, error_model="numpy")
def duty(
    temperature: Any, mode: Any, rate: Any, gain: Any, limit: Any, setpoint: Any, hot: Any, cold: Any, sink: Any, start: Any,
    end: Any,
) -> Any:  # fmt: skip  # pragma: no cover - compiled
    """Heat of every exchanger from hot to cold (X, S)."""
    found = np.empty_like(gain)
    for x in range(mode.shape[0]):
        h, c = hot[x], cold[x]
        for s in range(mode.shape[1]):
            a, b, d = _terms(mode[x, s], abs(rate[h, s]), gain[x, s], setpoint[x, s], limit[x, s])
            up, _ = _side(rate[h, s], start[h], end[h])
            source = sink[x] if sink[x] >= 0 else up
            if c >= 0:
                source, _ = _side(rate[c, s], start[c], end[c])
            found[x, s] = a * temperature[up, s] + b * temperature[source, s] + d
    return found


@njit(cache=True, error_model="numpy")
def add(flat: Any, spot: Any, value: Any) -> None:  # pragma: no cover - compiled
    """Add values at places that may be named more than once."""
    for k in range(spot.size):
        flat[spot[k]] += value[k]


@njit(cache=True, error_model="numpy")
def load(
    storage: Any, base: Any, heating: Any, mode: Any, rate: Any, gain: Any, limit: Any, setpoint: Any, hot: Any, cold: Any,
    sink: Any, start: Any, end: Any, free: Any,
) -> Any:  # fmt: skip  # pragma: no cover - compiled
    """(N, S) right-hand side: what nodes hold, sources, and the part of duties that no temperature changes."""
    found = np.empty_like(base)
    width = base.shape[1]
    for n in range(base.shape[0]):
        for s in range(width):
            found[n, s] = storage[n, s] * base[n, s] + heating[n, s]
    for x in range(mode.shape[0]):
        h, c = hot[x], cold[x]
        for s in range(width):
            _, _, d = _terms(mode[x, s], abs(rate[h, s]), gain[x, s], setpoint[x, s], limit[x, s])
            if d == 0.0:
                continue
            _, down = _side(rate[h, s], start[h], end[h])
            target = sink[x]
            if c >= 0:
                _, target = _side(rate[c, s], start[c], end[c])
            if free[down]:
                found[down, s] -= d
            if target >= 0 and free[target]:
                found[target, s] += d
    return found


@njit(cache=True, error_model="numpy")
def arrive(
    found: Any,
    old: Any,
    rate: Any,
    link: Any,
    end: Any,
    free: Any,
    plate: Any,
    place: Any,
    body: Any,
    plated: Any,
) -> None:  # pragma: no cover - compiled
    """Add to the right-hand side what links that hold fluid bring, and take what warms plates on them."""
    width = found.shape[1]
    for k in range(link.size):
        node = end[link[k]]
        if free[node]:
            for s in range(width):
                found[node, s] += rate[link[k], s] * old[k, s]
    for y in range(place.size):
        if place[y] >= 0:
            node, metal = end[plated[y]], body[y]
            for s in range(width):
                gives = plate[y, s] * old[place[y], s]
                if free[metal]:
                    found[metal, s] += gives
                if free[node]:
                    found[node, s] -= gives


@njit(cache=True, error_model="numpy")
def matrix(
    table: Any,
    storage: Any,
    mode: Any,
    rate: Any,
    gain: Any,
    limit: Any,
    setpoint: Any,
    hot: Any,
    cold: Any,
    entries: Any,
) -> Any:  # pragma: no cover - compiled
    """(entries, S) with storage and exchangers; ``entries`` (4, X, 4) of each pair of flow directions."""
    found = table.copy()
    width = table.shape[1]
    for n in range(storage.shape[0]):
        for s in range(width):
            found[n, s] += storage[n, s]
    for x in range(mode.shape[0]):
        for s in range(width):
            flow = rate[hot[x], s]
            a, b, _ = _terms(mode[x, s], abs(flow), gain[x, s], setpoint[x, s], limit[x, s])
            if a == 0.0:
                continue
            back = cold[x] >= 0 and rate[cold[x], s] < 0.0
            way = (0 if flow >= 0.0 else 2) + (1 if back else 0)
            for k in range(4):
                spot = entries[way, x, k]
                if spot >= 0:
                    share = a if k < 2 else b
                    found[spot, s] += share if k % 2 == 0 else -share
    return found


@njit(cache=True, error_model="numpy")
def late(
    found: Any, fresh: Any, rate: Any, link: Any, held: Any, plate: Any, place: Any, behind: Any
) -> None:  # pragma: no cover - compiled
    """What links that hold fluid, and plates on them, do not take from upstream in this step."""
    width = found.shape[1]
    for k in range(link.size):
        if held[k] >= 0:
            for s in range(width):
                found[held[k], s] += rate[link[k], s] * (1.0 - fresh[k, s])
    for y in range(place.size):
        if place[y] >= 0:
            for s in range(width):
                gives = plate[y, s] * (1.0 - fresh[place[y], s])
                if behind[y, 0] >= 0:
                    found[behind[y, 0], s] += gives
                if behind[y, 1] >= 0:
                    found[behind[y, 1], s] -= gives


@njit(cache=True, error_model="numpy")
def throttled(
    temperature: Any, base: Any, linear: Any, watch: Any, own: Any, first: Any, fall: Any, least: Any
) -> Any:  # pragma: no cover - compiled
    """Sources that are warm enough to give less: source, scenario, lift and slope of each."""
    count, width = 0, temperature.shape[1]
    for k in range(linear.size):
        for s in range(width):
            if temperature[watch[k], s] > first[k]:
                count += 1
    source, scenario = np.empty(count, np.intp), np.empty(count, np.intp)
    lift, slope = np.empty(count), np.zeros(count)
    at = 0
    for k in range(linear.size):
        for s in range(width):
            warm = temperature[watch[k], s]
            if warm > first[k]:
                full = base[linear[k], s]
                share = 1.0 - fall[k] * (warm - first[k])
                source[at], scenario[at] = linear[k], s
                if own[k] and share > least[k]:
                    lift[at], slope[at] = full * fall[k] * first[k], full * fall[k]
                else:
                    lift[at] = full * (max(share, least[k]) - 1.0)
                at += 1
    return source, scenario, lift, slope


@njit(cache=True, error_model="numpy")
def arrival(
    passed: Any, volume: Any, datum: Any, entered: Any, heat: Any, place: Any, last: Any, given: Any
) -> Any:  # pragma: no cover - compiled
    """Shares of what leaves links in a step, and the packets in which what leaves last lies."""
    fresh, old, places = np.empty(passed.size), np.empty(passed.size), place.copy()
    mask = entered.shape[1] - 1  # room is a power of two
    for k in range(passed.size):
        known = min(passed[k], volume[k])
        now = entered[k, last[k] & mask]
        p, at = places[k], min(now - volume[k] + known, now)
        while p < last[k] - 1 and entered[k, (p + 1) & mask] < at:
            p += 1
        first, end = entered[k, p & mask], entered[k, (p + 1) & mask]
        low, high = heat[k, p & mask], heat[k, (p + 1) & mask]
        if known > SLIGHT * volume[k]:
            part = (at - first) / (end - first) if end > first else at - first
            leaves = low + min(max(part, 0.0), 1.0) * (high - low) - given[k]
        else:  # so little as hardly to move at all has the temperature of what is next to leave
            p0 = place[k]
            wide = entered[k, (p0 + 1) & mask] - entered[k, p0 & mask]
            more = heat[k, (p0 + 1) & mask] - heat[k, p0 & mask]
            leaves = known * (more / wide if wide > 0.0 else 0.0)
        share = known / passed[k] if passed[k] > 0.0 else 0.0
        fresh[k] = 1.0 - share
        old[k] = share * ((leaves / known if known > 0.0 else 0.0) + datum[k])
        places[k] = p
    return fresh, old, places


@njit(cache=True, error_model="numpy")
def push(
    passed: Any, fresh: Any, old: Any, heat: Any, volume: Any, datum: Any, entered: Any, held: Any, place: Any, last: Any,
    given: Any,
) -> None:  # fmt: skip  # pragma: no cover - compiled
    """Take over a step in the rings of packets."""
    mask = entered.shape[1] - 1  # room is a power of two
    for k in range(passed.size):
        at = last[k]
        now, warm = entered[k, at & mask], held[k, at & mask]
        size = now - entered[k, (at - 1) & mask] + passed[k]
        if passed[k] > SLIGHT * volume[k] and (size > volume[k] / PACKETS or at - 1 <= place[k]):
            at += 1
            last[k] = at
        entered[k, at & mask] = now + passed[k]
        held[k, at & mask] = warm + heat[k]
        given[k] += (old[k] - (1.0 - fresh[k]) * datum[k]) * passed[k] + fresh[k] * heat[k]
