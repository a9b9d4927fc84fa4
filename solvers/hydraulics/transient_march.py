"""Steps in time: L-stable diagonally implicit methods, step control, events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from .transient_case import Array
from .transient_record import Record
from .transient_sources import Power, Sources
from .transient_system import EXCHANGE, IDLE, Instant, Modes, System

Method = Literal["euler", "second_order"]
GAMMA = 1.0 - np.sqrt(0.5)
"""Diagonal of the two-stage, stiffly accurate SDIRK method of order 2, L-stable: R. Alexander, "Diagonally
implicit Runge-Kutta methods for stiff O.D.E.'s", SIAM J. Numer. Anal. 14 (1977) 1006-1021."""
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


class March:
    """One chunk of scenarios from time 0 to the horizon, all with the same steps."""

    def __init__(self, system: System, control: Control, record: Record) -> None:
        c = system.case
        self.system, self.control, self.record = system, control, record
        self.sources = Sources(c)
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
        return wanted * (2.0 if ratio < 0.2 else 1.0)

    def _try(self, step: float) -> tuple[list[_Stage], float]:
        if self.control.method == "euler":
            stage = self._stage(self.time + step, step, self.temperature)
            slope = (stage.temperature - self.temperature) / step
            error = 0.0 if self.slope is None else 0.5 * step * np.abs(slope - self.slope).max(initial=0.0)
            return [stage], float(error)
        own = GAMMA * step
        first = self._stage(self.time + own, own, self.temperature)
        change = first.temperature - self.temperature
        base = self.temperature + ((1.0 - GAMMA) / GAMMA) * change
        second = self._stage(self.time + step, own, base)
        error = np.abs(second.temperature - base - change).max(initial=0.0)
        return [first, second], float(error)

    def _stage(self, time: float, own: float, base: Array) -> _Stage:
        system, sources = self.system, self.sources
        now, modes = system.at(time), self.modes
        power = sources.power(now.heat, self.temperature)
        for _ in range(PASSES):
            temperature = system.solve(now, own, base, modes, power)
            new_modes, new_power = system.modes(now, temperature, modes), sources.power(now.heat, temperature)
            used = modes, power
            settled = np.array_equal(new_modes, modes) and _same(power, new_power)
            if settled:
                break
            modes, power = new_modes, new_power
        return _Stage(temperature, now, used[0], used[1], sources.given(used[1], temperature), settled)

    def _accept(self, end: float, step: float, stages: list[_Stage]) -> None:
        system, record, new = self.system, self.record, stages[-1].temperature
        weights = (1.0,) if len(stages) == 1 else (1.0 - GAMMA, GAMMA)
        for weight, stage in zip(weights, stages, strict=True):
            duty = system.duty(stage.now, stage.temperature, stage.modes)
            boundary = system.boundary(stage.now, stage.temperature, duty)
            record.energy(weight * step, stage.now.heat, (stage.power, stage.more), duty, boundary)
        record.step(self.time, end, self.temperature, new)
        self.slope = (new - self.temperature) / step
        self.temperature, self.time, self.modes = new, end, stages[-1].modes
        self.steps += 1

    def energy_error(self) -> Array:
        """(S,) what is stored less what came in, over all heat put in and exchanged."""
        c, r, free = self.system.case, self.record, self.system.free
        stored = (c.capacity * (self.temperature - c.initial))[free].sum(axis=0)
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
