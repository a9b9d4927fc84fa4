"""Frequency and voltage of generating sets under a load that changes: step, training job, start sequence."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from solvers.power.dynamics import equations as eq
from solvers.power.dynamics.checks import number, refuse
from solvers.status import Status

Array = NDArray[Any]


@dataclass(frozen=True)
class Genset:
    """A diesel generating set, or several alike that share the load equally; a field is one number or (S,).

    Governor and actuator are Woodward's DEGOV form with a throttle droop (DEGOV1, flag 0) and its engine dead time;
    their time constants are those of K. Yeager and J. Willis, "Modeling of emergency diesel generators in an 800
    megawatt nuclear power plant", IEEE Trans. Energy Conversion 8(3), 1993, recalled, not verified.  All other
    defaults are assumed for a set of 2 to 3 MW and should come from its data sheet.
    """

    rated_power: Any
    """Apparent power of one set. [VA]"""
    count: Any = 1
    """Sets in parallel, alike and sharing the load equally. [-]"""
    power_factor: Any = 0.8
    """Rated; the engine's rated power is ``rated_power * power_factor``. [-]"""
    frequency: Any = 60.0
    """Rated. [Hz]"""
    inertia: Any = 1.0
    """H: kinetic energy at rated speed / rated apparent power. [s]"""
    damping: Any = 0.0
    """Torque per speed deviation, load and losses. [p.u.]"""
    efficiency: Any = 0.955
    """Of the alternator. [-]"""

    droop: Any = 0.0
    """Speed droop from no to full throttle; 0 = isochronous. [p.u.]"""
    gain: Any = 16.0
    """K of the actuator. [1/s]"""
    t1: Any = 0.01
    t2: Any = 0.02
    t3: Any = 0.2
    """Electric box (1 + T3 s) / (1 + T1 s + T1 T2 s^2). [s]"""
    t4: Any = 0.25
    t5: Any = 0.009
    t6: Any = 0.0384
    """Actuator K (1 + T4 s) / (s (1 + T5 s) (1 + T6 s)). [s]"""
    dead_time: Any = 0.024
    """From throttle to torque; 0 or at least one integration step. [s]"""
    least_throttle: Any = -0.08
    most_throttle: Any = 1.1
    """Limits of the throttle; 1 gives the engine's rated torque, less than 0 its friction with the fuel cut, which is
    all that slows a set without load. [p.u.]"""
    sudden_torque: Any = 0.5
    """Torque that may be added at once to what the turbocharger has boost for; inf = no such limit.  [p.u.]"""
    boost_time: Any = 1.5
    """Time constant with which boost follows torque. [s]"""

    xd: Any = 2.4
    xd_transient: Any = 0.20
    xq: Any = 1.4
    """Reactances on the machine's base; the transient one holds for both axes. [p.u.]"""
    field_time: Any = 3.5
    """Open-circuit transient time constant T'd0. [s]"""
    damper_time: Any = 0.3
    """Open-circuit time constant T'q0 of the rotor circuits on the other axis. [s]"""
    avr_gain: Any = 20.0
    avr_integral: Any = 15.0
    """Proportional [p.u.] and integral [1/s] gain; field voltage 1 p.u. gives rated voltage at no load."""
    exciter_time: Any = 0.1
    """[s]"""
    ceiling: Any = 8.0
    """Largest field voltage. [p.u.]"""
    sense_time: Any = 0.01
    """Voltage transducer. [s]"""
    permanent_magnet: Any = True
    """The exciter's supply does not sag with the terminal voltage (PMG); False: self-excited."""
    roll_off_knee: Any = 0.95
    roll_off_slope: Any = 2.0
    """Below the knee [p.u. speed] the voltage set point falls by slope x deviation (volts per hertz); slope 0 = off."""

    load_exponent: Any = 0.0
    """The load draws its power times (voltage as sensed)^exponent: 0 behind a UPS or rectifier, 2 for a load bank."""
    trip_low: Any = 0.75
    trip_high: Any = 1.18
    """Speeds at which the set stops itself. [p.u.]"""
    trip_voltage: Any = 0.4
    """Terminal voltage below which the load is taken as lost. [p.u.]"""

    def __post_init__(self) -> None:
        bounds: dict[str, dict[str, Any]] = {n: {"above": 0.0} for n in _POSITIVE}
        bounds |= {n: {"least": 0.0} for n in _NOT_NEGATIVE}
        bounds |= {"power_factor": {"above": 0.0, "most": 1.0}, "efficiency": {"above": 0.0, "most": 1.0}}
        bounds |= {"least_throttle": {"least": -1.0}}
        for each in fields(self):
            name = each.name
            limit = bounds.get(name, {"least": 0.0})
            endless = name in ("sudden_torque", "trip_high")
            value = number(f"genset.{name}", getattr(self, name), endless=endless, **limit)
            object.__setattr__(self, name, value)
        refuse("genset.count", np.asarray((self.count < 1) | (self.count != np.floor(self.count))),
               "must be a whole number >= 1")  # fmt: skip
        refuse(
            "genset.xd_transient",
            np.asarray(self.xd_transient >= np.minimum(self.xd, self.xq)),
            "must be below xd and xq",
        )
        refuse("genset.most_throttle", np.asarray(self.most_throttle <= self.least_throttle),
               "must exceed least_throttle")  # fmt: skip


_POSITIVE = ("rated_power", "count", "frequency", "inertia", "t1", "t2", "t5", "t6", "boost_time", "xd",
             "xd_transient", "xq", "field_time", "damper_time", "exciter_time", "ceiling", "sense_time", "gain")  # fmt: skip
_NOT_NEGATIVE = ("damping", "droop", "t3", "t4", "dead_time", "sudden_torque", "avr_gain", "avr_integral")


@dataclass(frozen=True)
class GensetRun:
    """Sets followed through time; after a trip all is 0."""

    status: Status
    """INFEASIBLE if any scenario begins in a state that does not exist (overload, voltage collapse)."""
    scenario_status: tuple[Status, ...]
    """(S,) a scenario that could not begin has zeros everywhere."""
    time: Array
    """(T + 1,). [s]"""
    frequency: Array
    """(S, T + 1). [Hz]"""
    voltage: Array
    """(S, T + 1) at the terminals. [p.u.]"""
    engine_power: Array
    """(S, T + 1) mechanical, all sets together. [W]"""
    load_power: Array
    """(S, T + 1) active power drawn, all sets together. [W]"""
    throttle: Array
    """(S, T + 1). [p.u.]"""
    tripped: Array
    """(S,) moment at which speed or voltage left the trip limits; inf if never. [s]"""
    energy_error: Array
    """(S,) |engine - damping - load and alternator loss - change of kinetic energy| / energy taken by the load, at the
    last sample before a trip; 1 for a scenario that could not begin. [-]"""
    detail: str = ""
    """One sentence about what could not begin."""


def run_genset(
    genset: Genset,
    load: ArrayLike,
    step: float,
    *,
    largest_step: float = 2e-3,
    method: Literal["auto", "numpy", "compiled"] = "auto",
) -> GensetRun:
    """Follow frequency and voltage under a load that is held constant in each step.

    Parameters
    ----------
    load : (S, T) or (T,) complex power P + jQ of all sets together, drawn at constant power.  [VA]
        The run begins in the steady state of the first value.
    step : length of each sample. [s]
    largest_step : of the integration; a sample is cut into equal parts. [s]
    method : "compiled" needs a compiler, "numpy" does not; "auto" compiles from 20,000 scenario-steps on.

    Notes
    -----
    One rotating mass for all sets in parallel (alike, no swing between them).  Left out: subtransients and stator
    transients, saturation, the speed voltage (voltage does not fall with speed but for the roll-off), shaft torsion,
    cold engine, governor dead band.  The turbocharger is a first-order lag of the torque (assumed form).
    """
    power = np.atleast_2d(np.asarray(load, dtype=complex))
    if power.ndim != 2 or power.shape[1] == 0:
        raise ValueError(f"load has shape {np.shape(load)}, expected (S, T) or (T,)")
    refuse("load", ~np.isfinite(power), "is not finite")
    length = float(number("step", step, above=0.0))
    substeps = max(int(np.ceil(length / float(number("largest_step", largest_step, above=0.0)) - 1e-9)), 1)
    h = length / substeps
    scenarios = max(power.shape[0], *(np.size(getattr(genset, f.name)) for f in fields(genset)))
    _check_step(genset, h)
    base = np.broadcast_to(genset.rated_power * genset.count, (scenarios,))
    each = np.broadcast_to(power, (scenarios, power.shape[1])) / base[:, None]
    x0, table, able, why = _start(genset, each[:, 0], scenarios)
    trip = np.stack(
        [np.broadcast_to(v, (scenarios,)) for v in (genset.trip_low, genset.trip_high, genset.trip_voltage)], axis=1
    ).astype(float)  # fmt: skip
    traces = np.zeros((scenarios, power.shape[1] + 1, 7))
    tripped = np.full(scenarios, np.inf)
    at = np.flatnonzero(able)
    if at.size:
        compiled = method == "compiled" or (method == "auto" and each.size * substeps >= 20_000)
        march = eq.compiled_march() if compiled else _march
        part, when = traces[at], tripped[at]
        march(x0[at], table[at], np.ascontiguousarray(each[at].real), np.ascontiguousarray(each[at].imag), h, substeps,
              trip[at], part, when)  # fmt: skip
        traces[at], tripped[at] = part, when
    endings = tuple(Status.CONVERGED if ok else Status.INFEASIBLE for ok in able)
    ratio = table[:, eq.RATIO, None]
    engine = traces[:, :, 2] * traces[:, :, 0] * ratio
    error = np.where(able, _energy_error(table, traces), 1.0)
    return GensetRun(
        Status.CONVERGED if able.all() else Status.INFEASIBLE,
        endings,
        np.arange(power.shape[1] + 1) * length,
        traces[:, :, 0] * np.broadcast_to(genset.frequency, (scenarios,))[:, None],
        traces[:, :, 1],
        engine * base[:, None],
        traces[:, :, 3] * base[:, None],
        traces[:, :, 4],
        tripped,
        error,
        why,
    )


def _check_step(genset: Genset, h: float) -> None:
    shortest = min(
        float(np.min(getattr(genset, n))) for n in ("t2", "t5", "t6", "sense_time", "exciter_time")
    )
    if h > 0.5 * shortest + 1e-12:
        raise ValueError(
            f"largest_step must be at most half the shortest time constant, {shortest} s; got {h:g} s"
        )
    refuse("genset.dead_time", np.asarray((genset.dead_time > 0) & (genset.dead_time < h)),
           f"must be 0 or at least one integration step, {h:g} s")  # fmt: skip


def _start(genset: Genset, load: Array, scenarios: int) -> tuple[Array, Array, Array, str]:
    """Steady state at rated speed and voltage, parameter table, and who has one."""
    own = {
        name: np.broadcast_to(getattr(genset, name), (scenarios,))
        for name in eq.NAMES
        if hasattr(genset, name)
    }
    own["engine_ratio"] = np.broadcast_to(genset.power_factor, (scenarios,)).astype(float)
    p, q = load.real, load.imag
    throttle = p / (own["efficiency"] * own["engine_ratio"])
    own["speed_reference"] = 1.0 + own["droop"] * throttle
    own["voltage_reference"] = np.ones(scenarios)
    # E_Q = V + j Xq I gives the rotor axis; then E'q and E_fd (V = 1)
    tilt = np.arctan2(own["xq"] * p, 1.0 + own["xq"] * q)
    i_d = p * np.sin(tilt) + q * np.cos(tilt)
    i_q = p * np.cos(tilt) - q * np.sin(tilt)
    flux = np.cos(tilt) + own["xd_transient"] * i_d
    field = np.cos(tilt) + own["xd"] * i_d
    table = np.stack([own[name].astype(float) for name in eq.NAMES], axis=1)
    table[:, eq.SUDDEN] = np.where(np.isinf(table[:, eq.SUDDEN]), 1e9, table[:, eq.SUDDEN])
    x = np.zeros((scenarios, eq.STATES))
    x[:, eq.SPEED], x[:, eq.THROTTLE], x[:, eq.BOOST] = 1.0, throttle, throttle
    x[:, eq.FLUX], x[:, eq.DAMPER] = flux, (own["xq"] - own["xd_transient"]) * i_q
    x[:, eq.SENSED], x[:, eq.REGULATOR], x[:, eq.FIELD] = 1.0, field, field
    over = (throttle > own["most_throttle"] + 1e-12) | (throttle < own["least_throttle"] - 1e-12)
    starved = (field > own["ceiling"]) | (field < 0) | (flux <= 0)
    able = ~(over | starved)
    why = ""
    if not able.all():
        first = int(np.flatnonzero(~able)[0])
        reason = "the engine's throttle range" if over[first] else "the range of the field voltage"
        why = f"the first load of scenario {first} is outside {reason}"
    return x, table, able, why


def _march(x0: Array, table: Array, active: Array, reactive: Array, h: float, substeps: int, trip: Array,
           result: Array, tripped: Array) -> None:  # fmt: skip
    """As the compiled march, all scenarios side by side."""
    x, p = np.ascontiguousarray(x0.T), np.ascontiguousarray(table.T)
    scenarios, samples = active.shape
    past = np.zeros((samples * substeps + 1, scenarios))
    past[0] = x[eq.THROTTLE]
    lag, column = p[eq.DEAD] / h, np.arange(scenarios)
    slope = [np.zeros_like(x) for _ in range(4)]
    out, spare = np.zeros((eq.OUTPUTS, scenarios)), np.zeros((eq.OUTPUTS, scenarios))
    alive = np.ones(scenarios, dtype=bool)

    def delayed(k: int, part: float, y: Array) -> Array:
        at = np.clip(k + part - lag, 0.0, float(k))
        low = np.minimum(at.astype(int), max(k - 1, 0))
        value = past[low, column] + (at - low) * (past[np.minimum(low + 1, k), column] - past[low, column])
        return np.asarray(np.where(lag > 0, value, y[eq.THROTTLE]))

    for j in range(samples):
        load, var = active[:, j], reactive[:, j]
        for i in range(substeps):
            k = j * substeps + i
            eq.rates(x, p, load, var, delayed(k, 0.0, x), slope[0], out)
            if i == 0:
                result[:, j] = _kept(x, out, alive)
            for stage, part in ((1, 0.5), (2, 0.5), (3, 1.0)):
                y = x + part * h * slope[stage - 1]
                eq.rates(y, p, load, var, delayed(k, part, y), slope[stage], spare)
            moved = x + h / 6.0 * (slope[0] + 2.0 * slope[1] + 2.0 * slope[2] + slope[3])
            eq.settle(moved, p)
            x[:, alive] = moved[:, alive]
            past[k + 1] = x[eq.THROTTLE]
            gone = (x[eq.SPEED] < trip[:, 0]) | (x[eq.SPEED] > trip[:, 1]) | (out[eq.VOLTAGE] < trip[:, 2])
            tripped[gone & alive] = (k + 1) * h
            alive &= ~gone
    eq.rates(x, p, active[:, -1], reactive[:, -1], delayed(samples * substeps, 0.0, x), slope[0], out)
    result[:, samples] = _kept(x, out, alive)


def _kept(x: Array, out: Array, alive: Array) -> Array:
    row = np.stack([x[eq.SPEED], *out, x[eq.THROTTLE], x[eq.GIVEN], x[eq.TAKEN]], axis=1)
    return np.asarray(row * alive[:, None])


def _energy_error(table: Array, traces: Array) -> Array:
    """Relative error of the energy balance."""
    last = np.maximum((traces[:, :, 0] > 0).sum(axis=1) - 1, 0)
    speed, _, _, _, _, given, taken = traces[np.arange(last.size), last].T
    stored = table[:, eq.INERTIA] * (speed**2 - traces[:, 0, 0] ** 2)
    return np.asarray(np.abs(given - taken - stored) / np.maximum(taken, 1e-3 * np.maximum(given, 1e-3)))
