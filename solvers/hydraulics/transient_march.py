"""Steps in time: L-stable diagonally implicit methods, step control, events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from .transient_case import Array, Mask
from .transient_delay import Arrival, Delays
from .transient_record import Record
from .transient_sources import Power, Sources
from .transient_system import EXCHANGE, IDLE, Instant, Modes, System

Method = Literal["euler", "second_order"]
GAMMA = 1.0 - np.sqrt(0.5)
"""Diagonal of the two-stage, stiffly accurate SDIRK method of order 2, L-stable: R. Alexander, "Diagonally
implicit Runge-Kutta methods for stiff O.D.E.'s", SIAM J. Numer. Anal. 14 (1977) 1006-1021."""
WEIGHTS = (1.0 - GAMMA, GAMMA)
"""Shares of a step for which its two stages stand."""
PACKET = 0.02
"""Error for which a kelvin counts by which a node that only passes fluid on changes in a step. [-]  A packet is then not
wider than fifty times the tolerance: enough that no front passes unseen (measured); where it arrives errors decide."""
SAFE = 0.75
"""Share of the step whose error would be the tolerance that is tried next. [-]"""
WORTH = 1.2
"""Smallest factor by which a step is made longer; a step of the same length has the same factors. [-]"""
PASSES = 12
"""Passes over the modes of exchangers and throttles in one stage; ordinary steps need 1 to 3."""
SETTLED = 1e-6
"""Power still to be found in those passes, over the source's full power [-]."""


@dataclass(frozen=True)
class Control:
    """How to step."""

    horizon: float
    method: Method
    tolerance: float
    first: float
    shortest: float
    longest: float
    event: float
    max_steps: int


@dataclass(frozen=True)
class _Stage:
    temperature: Array
    now: Instant
    modes: Modes
    power: Power
    more: Array
    settled: bool
    arrival: Arrival | None


class March:
    """One chunk of scenarios from time 0 to the horizon, all with the same steps."""

    def __init__(self, system: System, control: Control, record: Record) -> None:
        c = system.case
        self.system, self.control, self.record = system, control, record
        self.sources, self.delays = Sources(c, system.compiled), Delays(c, system.compiled)
        self.temperature = c.initial.copy()
        self.modes = np.where(system.plain, EXCHANGE, IDLE).astype(np.int8)
        self.time, self.steps, self.rejected = 0.0, 0, 0
        self.unsettled = 0
        self.slope: Array | None = None
        knots = np.unique(c.time[(c.time > 0.0) & (c.time < control.horizon)])
        apart = np.diff(knots, prepend=-np.inf) > 1e-9 * np.maximum(knots, 1.0)
        self._knots = np.append(knots[apart], control.horizon)

    def run(self) -> bool:
        """True if the horizon was reached within the allowed steps."""
        step, c = self.control.first, self.control
        while self.time < c.horizon and self.steps + self.rejected < c.max_steps:
            if step < c.shortest * (1.0 - 1e-9):
                step = c.shortest
            step = self._advance(min(step, c.longest))
        self.record.finish(self.temperature)
        return self.time >= c.horizon

    def _advance(self, wanted: float) -> float:
        """Try one step; the length to try next."""
        c = self.control
        knot = float(self._knots[np.searchsorted(self._knots, self.time, side="right")])
        left = knot - self.time
        step = (
            left
            if left <= wanted * (1.0 + 1e-9)
            else min(wanted, 0.5 * left)
            if left < 2 * wanted
            else wanted
        )
        end = knot if step == left else self.time + step
        shortest = step <= c.shortest * (1.0 + 1e-6)
        stages, error = self._try(step)
        ratio, settled = error / c.tolerance, all(s.settled for s in stages)
        if not shortest and (ratio > 1.0 or not settled):
            self.rejected += 1
            return step * (0.5 if ratio <= 4.0 and settled else 0.25)
        events = self.sources.events(self.temperature, stages[-1].temperature)
        if events is not None:
            if step > c.event * (1.0 + 1e-6):
                self.rejected += 1
                return max(events.first * step - 0.5 * c.event, c.event)
            self.sources.within(events)
            stages, _ = self._try(step)
            settled = all(s.settled for s in stages)
            self.sources.remember(events, self.time, step)
        self.unsettled += not settled
        self._accept(end, step, stages)
        longer = (
            2.0
            if self.control.method == "euler" and ratio < 0.2
            else min(SAFE / max(ratio, 1e-9) ** 0.5, 2.0)
        )
        return wanted * (longer if longer > WORTH else 1.0)

    def _try(self, step: float) -> tuple[list[_Stage], float]:
        system = self.system
        if self.control.method == "euler":
            now = system.at(self.time + step)
            stage = self._stage(now, step, self.temperature, self._arrival([now], (1.0,), step))
            slope = (stage.temperature - self.temperature) / step
            new = 0.0 if self.slope is None else 0.5 * step * (slope - self.slope)
            return [stage], self._largest(np.zeros_like(slope) + new, now, step * slope, step)
        own = GAMMA * step
        instants = [system.at(self.time + own), system.at(self.time + step)]
        arrival = self._arrival(instants, WEIGHTS, step)
        first = self._stage(instants[0], own, self.temperature, arrival)
        change = first.temperature - self.temperature
        base = self.temperature + ((1.0 - GAMMA) / GAMMA) * change
        second = self._stage(instants[1], own, base, arrival)
        error = second.temperature - base - change
        whole = second.temperature - self.temperature
        return [first, second], self._largest(error, instants[1], whole, step)

    def _arrival(self, instants: Sequence[Instant], weights: Sequence[float], step: float) -> Arrival | None:
        """What links that hold fluid give in a step; the same in both its stages, so that heat is conserved."""
        link = self.delays.link
        if not link.size:
            return None
        passed = sum(weight * now.rate[link] for weight, now in zip(weights, instants, strict=True))
        return self.delays.arrival(np.maximum(step * np.asarray(passed), 0.0))

    def _largest(self, error: Array, now: Instant, change: Array, step: float) -> float:
        """Largest error of a node.

        Beside links that hold fluid there are nodes that hold next to nothing and only pass on what arrives.  They have no
        error of their own; what they may change in one step keeps the packets that they make and pass on apart.
        """
        if self.delays.link.size:
            heavy: Mask = self.system.case.capacity >= self.control.shortest * now.matrix[: len(error)]
            passing = PACKET if step > self.control.event * (1.0 + 1e-6) else 0.0
            error = np.where(heavy, error, passing * change)
        return float(np.abs(error).max(initial=0.0))

    def _stage(self, now: Instant, own: float, base: Array, arrival: Arrival | None) -> _Stage:
        system, sources, modes = self.system, self.sources, self.modes
        power = sources.power(now.heat, self.temperature)
        for _ in range(PASSES):
            temperature = system.solve(now, own, base, modes, power, arrival)
            new_modes, new_power = system.modes(now, temperature, modes), sources.power(now.heat, temperature)
            used = modes, power
            settled = np.array_equal(new_modes, modes) and _same(power, new_power)
            if settled:
                break
            modes, power = new_modes, new_power
        given = sources.given(used[1], temperature)
        return _Stage(temperature, now, used[0], used[1], given, settled, arrival)

    def _accept(self, end: float, step: float, stages: list[_Stage]) -> None:
        system, record, new = self.system, self.record, stages[-1].temperature
        weights = (1.0,) if len(stages) == 1 else WEIGHTS
        entered = np.zeros_like(self.delays.volume)
        for weight, stage in zip(weights, stages, strict=True):
            duty = system.duty(stage.now, stage.temperature, stage.modes)
            boundary = system.boundary(stage.now, stage.temperature, duty, stage.arrival)
            record.energy(weight * step, stage.now.heat, (stage.power, stage.more), duty, boundary)
            entered += weight * step * system.entering(stage.now, stage.temperature)
        if stages[0].arrival is not None:
            self.delays.accept(stages[0].arrival, entered)
        record.step(self.time, end, self.temperature, new)
        self.slope = (new - self.temperature) / step
        self.temperature, self.time, self.modes = new, end, stages[-1].modes
        self.steps += 1

    def energy_error(self) -> Array:
        """(S,) what is stored less what came in, over all heat put in and exchanged."""
        c, r, free = self.system.case, self.record, self.system.free
        stored = (c.capacity * (self.temperature - c.initial))[free].sum(axis=0) + self.delays.stored()
        came = r.power[free[c.source]].sum(axis=0) + r.boundary
        scale = np.maximum(r.exchanged, np.abs(c.capacity * (self.temperature - c.initial))[free].sum(axis=0))
        return np.abs(stored - came) / np.where(scale > 0.0, scale, 1.0)


def checked(control: Control) -> Control:
    """The control, if it makes sense."""
    for name in ("horizon", "tolerance", "first", "shortest", "longest", "event"):
        if not getattr(control, name) > 0.0:
            raise ValueError(f"{name} must be > 0")
    if not np.isfinite(control.horizon):
        raise ValueError("horizon must be finite")
    return control


def _same(old: Power, new: Power) -> bool:
    """The power used is that of the temperatures it led to."""
    if not (np.array_equal(old.source, new.source) and np.array_equal(old.scenario, new.scenario)):
        return False
    limit = SETTLED * np.abs(new.base[new.source, new.scenario])
    return np.array_equal(old.slope != 0.0, new.slope != 0.0) and bool(
        (np.abs(new.lift - old.lift) <= limit).all()
    )
