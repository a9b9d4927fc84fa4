"""From the loss of the utility to the load on generators: who starts, which block is taken when, who was dark."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from solvers.power.dynamics.checks import number, refuse

Array = NDArray[Any]


def _blank() -> Array:
    return np.zeros(0)


@dataclass(frozen=True)
class StartSequence:
    """N generators and L load blocks after the utility is lost at t = 0, in S scenarios.

    A field written (S, x) may be given as (x,) or (1, x) when it is the same in all scenarios.  Blocks are offered in
    their order; a block that cannot be taken, ever, is left out and the next is offered.
    """

    generator_power: Array
    """(S, N) rated power. [W]"""
    start_time: Array
    """(S, N) from the start signal to rated voltage and frequency; NFPA 110 type 10 asks for 10 s to the load
    (as quoted). [s]"""
    block_power: Array
    """(S, L) power of the block when it runs again, recharge included. [W]"""
    starts: Array = field(default_factory=_blank)
    """(S, N) bool, default all: False is a failure to start."""
    confirm_time: Any = 3.0
    """(S,) loss of voltage until the start signal is given, against short dips (assumed 3 s). [s]"""
    parallel_time: Any = 5.0
    """(S,) for a set that finds the bus live: ready until its breaker closes (assumed). [s]"""
    least_running: Any = 1
    """(S,) sets on the bus before the first block is offered."""
    settle_time: Any = 2.0
    """(S,) between the end of one block's ramp and the next block, for frequency to recover (assumed). [s]"""
    loading_limit: Any = 1.0
    """(S,) largest load / rated power of the sets on the bus. [-]"""
    step_limit: Any = 1.0
    """(S,) or (S, m) largest step / rated power of the sets on the bus; m values belong to the m equal ranges of loading
    from 0 to 1 (the step that a diesel takes depends on the boost it has). [-]"""
    step_power: Array = field(default_factory=_blank)
    """(S, L) what of the block comes as a step, default all where ``walk_in`` is 0, else nothing (inrush, motors). [W]"""
    transfer_time: Array = field(default_factory=_blank)
    """(S, L) operating time of the block's transfer switch, default 0. [s]"""
    walk_in: Array = field(default_factory=_blank)
    """(S, L) time over which rectifiers take the block's power from their batteries, default 0; 10 to 30 s (assumed
    range). [s]"""
    restart_time: Array = field(default_factory=_blank)
    """(S, L) from power to service (a chiller 30 s to minutes, a pump seconds), default 0. [s]"""
    ride_through: Array = field(default_factory=_blank)
    """(S, L) full-power time that the block's storage lasts (battery, chilled water), default 0; inf: no need. [s]"""

    def __post_init__(self) -> None:
        tables: dict[str, tuple[str | None, dict[str, Any]]] = {
            "generator_power": (None, {"above": 0.0}), "start_time": ("generator_power", {"least": 0.0}),
            "block_power": (None, {"least": 0.0}), "step_power": ("block_power", {"least": 0.0}),
            "transfer_time": ("block_power", {"least": 0.0}), "walk_in": ("block_power", {"least": 0.0}),
            "restart_time": ("block_power", {"least": 0.0}),
            "ride_through": ("block_power", {"least": 0.0, "endless": True}),
        }  # fmt: skip
        for name, (like, bounds) in tables.items():
            value = getattr(self, name)
            if like is not None and np.size(value) == 0 and name != "start_time":
                value = self._default(name)
            array = number(name, value, **bounds)
            array = array[None] if array.ndim == 1 else array
            if like is None and not array.ndim:
                raise ValueError(f"{name} must have one or two axes, got one number")
            width = array.shape[-1] if like is None else getattr(self, like).shape[1]
            if array.ndim != 2 or array.shape[1] != width or width == 0:
                raise ValueError(f"{name} has shape {np.shape(value)}, expected (S, {width}) or ({width},)")
            object.__setattr__(self, name, array)
        starts = np.asarray(self.starts, dtype=bool)
        sets = self.generator_power.shape[1]
        starts = np.ones((1, sets), dtype=bool) if starts.size == 0 else np.atleast_2d(starts)
        if starts.ndim != 2 or starts.shape[1] != sets:
            raise ValueError(f"starts has shape {np.shape(self.starts)}, expected (S, {sets}) or ({sets},)")
        object.__setattr__(self, "starts", starts)
        for name in ("confirm_time", "parallel_time", "settle_time"):
            object.__setattr__(self, name, np.atleast_1d(number(name, getattr(self, name), least=0.0)))
        least = number("least_running", self.least_running, least=1.0, most=float(sets))
        object.__setattr__(self, "least_running", np.atleast_1d(least).astype(int))
        object.__setattr__(
            self, "loading_limit", np.atleast_1d(number("loading_limit", self.loading_limit, above=0.0))
        )
        steps = np.atleast_1d(number("step_limit", self.step_limit, above=0.0))
        object.__setattr__(self, "step_limit", steps[:, None] if steps.ndim == 1 else steps)
        refuse("step_power", self.step_power > np.broadcast_to(
            self.block_power, np.broadcast_shapes(self.step_power.shape, self.block_power.shape)),
            "is more than the block's power")  # fmt: skip
        lengths = {getattr(self, name).shape[0] for name in self._scenario_fields()} - {1}
        if len(lengths) > 1:
            raise ValueError(f"fields disagree on the number of scenarios: {sorted(lengths)}")

    def _default(self, name: str) -> Array:
        if name != "step_power":
            return np.zeros((1, self.block_power.shape[1]))
        ramps = (
            np.atleast_2d(np.asarray(self.walk_in, dtype=float))
            if np.size(self.walk_in)
            else np.zeros((1, 1))
        )
        return np.where(ramps > 0, 0.0, self.block_power)

    @staticmethod
    def _scenario_fields() -> tuple[str, ...]:
        return (
            "generator_power", "start_time", "block_power", "starts", "confirm_time", "parallel_time", "least_running",
            "settle_time", "loading_limit", "step_limit", "step_power", "transfer_time", "walk_in", "restart_time",
            "ride_through",
        )  # fmt: skip

    @property
    def scenarios(self) -> int:
        """Number of scenarios S."""
        return max(getattr(self, name).shape[0] for name in self._scenario_fields())


class Event(NamedTuple):
    """Something that happens at a moment."""

    time: float
    """[s]"""
    what: str
    """"utility lost", "start signal", "generator on bus", "block taken", "block loaded", "block in service",
    "storage empty" or "block not taken"."""
    number: int
    """Of the generator or block; -1 where there is none."""


@dataclass(frozen=True)
class StartResult:
    """What became of each generator and block; never is inf."""

    generator_time: Array
    """(S, N) breaker closed. [s]"""
    block_time: Array
    """(S, L) taken: without mains until then. [s]"""
    loaded_time: Array
    """(S, L) end of the walk-in. [s]"""
    service_time: Array
    """(S, L) in service again without its storage. [s]"""
    storage_needed: Array
    """(S, L) full-power time the storage had to give: the time to service, less half of the walk-in, in which mains and
    storage share the load. [s]"""
    storage_margin: Array
    """(S, L) ``ride_through`` less that; negative: the block has dropped. [s]"""
    held: Array
    """(S, L) bool: the storage lasted."""
    step_fraction: Array
    """(S, L) step of the block / rated power of the sets on the bus when it was taken; 0 if it never was. [-]"""
    load_power: Array
    """(S,) load on the generators in the end. [W]"""
    capacity: Array
    """(S,) rated power on the bus in the end. [W]"""


def run_start(sequence: StartSequence) -> StartResult:
    """Work out when each block is taken.

    Notes
    -----
    All sets get their signal at once; the first that is ready closes onto the dead bus, the others synchronise.  A block
    is offered when the one before has been loaded and the frequency had time to settle, and waits until the sets on the
    bus can take its power and its step; then its transfer switch operates.  The order never changes.  Sets that trip
    under the load, and failures of transfer switches, are for the caller to put in as further scenarios.
    """
    n, count = sequence.generator_power.shape[1], sequence.scenarios

    def whole(a: Array) -> Array:
        return np.broadcast_to(a, (count, *a.shape[1:]))

    power, block, step = (
        whole(sequence.generator_power),
        whole(sequence.block_power),
        whole(sequence.step_power),
    )
    ready = (
        np.where(whole(sequence.starts), whole(sequence.start_time), np.inf) + sequence.confirm_time[:, None]
    )
    closed = np.where(
        ready > ready.min(axis=1, keepdims=True), ready + sequence.parallel_time[:, None], ready
    )
    # of sets that are ready at the same moment one closes first; the others find the bus live
    twins = (ready == ready.min(axis=1, keepdims=True)) & (np.arange(n) != np.argmin(ready, axis=1)[:, None])
    closed = np.where(twins, ready + sequence.parallel_time[:, None], closed)
    order = np.argsort(closed, axis=1, kind="stable")
    moment = np.take_along_axis(closed, order, axis=1)
    online = np.cumsum(np.where(np.isinf(moment), 0.0, np.take_along_axis(power, order, axis=1)), axis=1)
    enough = np.arange(1, n + 1) >= whole(sequence.least_running)[:, None]
    settle, walk = whole(sequence.settle_time), whole(sequence.walk_in)
    taken, fraction = np.full(block.shape, np.inf), np.zeros(block.shape)
    free, load = np.zeros(count), np.zeros(count)
    for j in range(block.shape[1]):
        limit = _step_allowed(whole(sequence.step_limit), load[:, None] / np.maximum(online, 1e-300)) * online
        fits = load[:, None] + block[:, j, None] <= whole(sequence.loading_limit)[:, None] * online * (
            1 + 1e-12
        )
        fits &= (step[:, j, None] <= limit * (1 + 1e-12)) & enough & np.isfinite(moment)
        at = np.where(fits, np.maximum(moment, free[:, None]), np.inf)
        first = np.argmin(at, axis=1)
        begin = at[np.arange(count), first] + whole(sequence.transfer_time)[:, j]
        got = np.isfinite(begin)
        # a later set may have closed while the block waited: the step is seen by all that are on the bus by then
        there = np.where(moment <= begin[:, None], online, 0.0).max(axis=1)
        taken[:, j] = begin
        fraction[:, j] = np.where(got, step[:, j] / np.where(there > 0, there, 1.0), 0.0)
        load = load + np.where(got, block[:, j], 0.0)
        free = np.where(got, np.where(got, begin, 0.0) + walk[:, j] + settle, free)
    loaded = taken + walk
    service = loaded + whole(sequence.restart_time)
    needed = service - 0.5 * walk
    lasts = whole(sequence.ride_through)
    margin = np.where(np.isinf(lasts), np.inf, np.where(np.isinf(needed), -np.inf, 0.0))
    both = np.isfinite(lasts) & np.isfinite(needed)
    margin[both] = lasts[both] - needed[both]
    capacity = np.where(np.isfinite(closed), power, 0.0).sum(axis=1)
    return StartResult(closed, taken, loaded, service, needed, margin, margin >= 0, fraction, load, capacity)


def _step_allowed(table: Array, loading: Array) -> Array:
    """(S, N) step limit at these loadings."""
    m = table.shape[1]
    column = np.clip((loading * m).astype(int), 0, m - 1)
    return np.take_along_axis(table, column, axis=1)


def timeline(sequence: StartSequence, result: StartResult, scenario: int = 0) -> list[Event]:
    """Events of one scenario in the order of time; what never happens is at inf, at the end."""
    if not 0 <= scenario < sequence.scenarios:
        raise ValueError(f"scenario must be an index below {sequence.scenarios}, got {scenario}")

    def row(a: Array) -> Array:
        return np.asarray(a[scenario % a.shape[0]])

    events = [Event(0.0, "utility lost", -1), Event(float(row(sequence.confirm_time)), "start signal", -1)]
    events += [Event(float(t), "generator on bus", i) for i, t in enumerate(result.generator_time[scenario])]
    walk, lasts = row(sequence.walk_in), row(sequence.ride_through)
    for j, t in enumerate(result.block_time[scenario]):
        if np.isinf(t):
            events.append(Event(np.inf, "block not taken", j))
        else:
            events.append(Event(float(t), "block taken", j))
            if walk[j] > 0:
                events.append(Event(float(result.loaded_time[scenario, j]), "block loaded", j))
            events.append(Event(float(result.service_time[scenario, j]), "block in service", j))
        if not result.held[scenario, j]:
            events.append(Event(_emptied(float(lasts[j]), float(t), float(walk[j])), "storage empty", j))
    return sorted(events, key=lambda e: e.time)


def _emptied(lasts: float, taken: float, walk: float) -> float:
    """Moment at which a store of that full-power time is empty; during the walk-in it gives ever less."""
    if lasts <= taken or walk == 0:
        return lasts
    rest = lasts - taken  # = u - u^2 / (2 walk) after u seconds of the walk-in
    inside = 1.0 - 2.0 * rest / walk
    return taken + walk * (1.0 - np.sqrt(inside)) if inside > 0 else lasts + 0.5 * walk


def load_profile(sequence: StartSequence, result: StartResult, time: ArrayLike) -> Array:
    """(S, T) power on the generators at these times: steps at once, the rest of a block over its walk-in. [W]"""
    t = number("time", time)
    count = sequence.scenarios

    def whole(a: Array) -> Array:
        return np.broadcast_to(a, (count, *a.shape[1:]))

    block, step, walk = whole(sequence.block_power), whole(sequence.step_power), whole(sequence.walk_in)
    total = np.zeros((count, t.size))
    for j in range(block.shape[1]):
        begin = np.where(np.isfinite(result.block_time[:, j]), result.block_time[:, j], 1e300)[:, None]
        ramp = walk[:, j, None]
        share = np.where(ramp > 0, np.clip((t - begin) / np.where(ramp > 0, ramp, 1.0), 0, 1), 1.0)
        total += np.where(t >= begin, step[:, j, None] + (block - step)[:, j, None] * share, 0.0)
    return total
