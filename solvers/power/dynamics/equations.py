"""Differential equations of a generating set, written once for numpy (S scenarios) and for compiled scalars, and the
compiled march through time.

State, parameters and outputs are rows of arrays: ``x[SPEED]`` is a number in the compiled path and an (S,) array in
the other.  Only functions that mean the same for both are used.
"""

from __future__ import annotations

from functools import cache
from types import FunctionType
from typing import Any

import numpy as np

(
    SPEED, BOX, BOX_RATE, LEAD, ACTUATOR, THROTTLE, BOOST, FLUX, DAMPER, SENSED, REGULATOR, FIELD, GIVEN, TAKEN,
) = range(14)  # fmt: skip
"""States: speed, electric box (2), actuator (2), throttle, turbocharger, E'q, E'd, sensed voltage, AVR integral, E_fd,
and the energies given by the engine and taken by load and alternator losses (p.u. x s), for the balance."""
STATES = 14

VOLTAGE, TORQUE, POWER = range(3)
"""What the equations also work out: terminal voltage, engine torque (p.u. of the engine's rating), active load."""
OUTPUTS = 3

NAMES = (
    "inertia", "damping", "droop", "gain", "t1", "t2", "t3", "t4", "t5", "t6", "least_throttle", "most_throttle",
    "sudden_torque", "boost_time", "engine_ratio", "efficiency", "xd", "xd_transient", "xq", "field_time", "damper_time",
    "avr_gain", "avr_integral", "exciter_time", "ceiling", "sense_time", "permanent_magnet", "roll_off_knee",
    "roll_off_slope", "speed_reference", "voltage_reference", "dead_time", "load_exponent",
)  # fmt: skip
"""Rows of the parameter table."""
(
    INERTIA, DAMPING, DROOP, GAIN, T1, T2, T3, T4, T5, T6, LEAST, MOST, SUDDEN, BOOST_TIME, RATIO, EFFICIENCY,
    XD, XD1, XQ, FIELD_TIME, DAMPER_TIME, KP, KI, EXCITER_TIME, CEILING, SENSE_TIME, MAGNET, KNEE, SLOPE,
    SPEED_REF, VOLTAGE_REF, DEAD, EXPONENT,
) = range(33)  # fmt: skip

LEAST_SQUARE = 1e-3
"""Floor of |V|^2 in a collapse, far below any trip level. [p.u.]"""


def _larger(a: Any, b: Any) -> Any:
    return np.maximum(a, b)


def _smaller(a: Any, b: Any) -> Any:
    return np.minimum(a, b)


def _choose(condition: Any, a: Any, b: Any) -> Any:
    return np.where(condition, a, b)


def rates(x: Any, p: Any, active0: Any, reactive0: Any, fuel: Any, dx: Any, out: Any) -> None:
    """Write the rates of change into ``dx`` and what else is of interest into ``out``.

    ``active0``, ``reactive0``: load per machine on its own base at rated voltage; ``fuel``: throttle one dead time
    ago.
    """
    speed = _larger(x[SPEED], 0.05)
    # the load follows the voltage as sensed, so that no equation has to be solved for both
    relief = _larger(x[SENSED], 0.0) ** p[EXPONENT]
    active, reactive = active0 * relief, reactive0 * relief
    # E' = E'q - j E'd behind X' on both axes feeds a constant-power load: u^2 + (2 Q X' - E'^2) u + X'^2 S^2 = 0
    reach = p[XD1]
    e2 = x[FLUX] * x[FLUX] + x[DAMPER] * x[DAMPER]
    b = e2 - 2.0 * reactive * reach
    root = b * b - 4.0 * reach * reach * (active * active + reactive * reactive)
    # beyond the nose there is no solution: the voltage sinks on the nose curve until the trip ends the run
    voltage = np.sqrt(_larger(0.5 * (b + np.sqrt(_larger(root, 0.0))), LEAST_SQUARE))
    # I in the frame of the rotor: I (E'q - j E'd) conj(V + j X' I) / E'^2
    along, across = voltage + reach * reactive / voltage, reach * active / voltage
    turn_re = (x[FLUX] * along - x[DAMPER] * across) / e2
    turn_im = -(x[FLUX] * across + x[DAMPER] * along) / e2
    i_q = (active * turn_re + reactive * turn_im) / voltage
    i_d = (reactive * turn_re - active * turn_im) / voltage

    # engine: delayed fuel, limited to what the air in the cylinders can burn
    torque = _smaller(fuel, p[SUDDEN] + x[BOOST])
    shaft = active / p[EFFICIENCY]
    dx[SPEED] = (p[RATIO] * torque - shaft / speed - p[DAMPING] * (x[SPEED] - 1.0)) / (2.0 * p[INERTIA])
    dx[GIVEN] = (p[RATIO] * torque - p[DAMPING] * (x[SPEED] - 1.0)) * x[SPEED]
    dx[TAKEN] = shaft
    dx[BOOST] = (torque - x[BOOST]) / p[BOOST_TIME]

    # governor: (1 + T3 s) / (1 + T1 s + T1 T2 s^2), then K (1 + T4 s) / (s (1 + T5 s) (1 + T6 s))
    error = p[SPEED_REF] - x[SPEED] - p[DROOP] * x[THROTTLE]
    dx[BOX] = x[BOX_RATE]
    dx[BOX_RATE] = (error - x[BOX] - p[T1] * x[BOX_RATE]) / (p[T1] * p[T2])
    command = x[BOX] + p[T3] * x[BOX_RATE]
    dx[LEAD] = (command - x[LEAD]) / p[T5]
    dx[ACTUATOR] = (x[LEAD] + p[T4] * dx[LEAD] - x[ACTUATOR]) / p[T6]
    motion = p[GAIN] * x[ACTUATOR]
    stuck = ((x[THROTTLE] >= p[MOST]) & (motion > 0.0)) | ((x[THROTTLE] <= p[LEAST]) & (motion < 0.0))
    dx[THROTTLE] = _choose(stuck, 0.0, motion)

    # generator field, voltage regulator with volts-per-hertz roll-off, exciter
    dx[FLUX] = (x[FIELD] - x[FLUX] - (p[XD] - p[XD1]) * i_d) / p[FIELD_TIME]
    dx[DAMPER] = ((p[XQ] - p[XD1]) * i_q - x[DAMPER]) / p[DAMPER_TIME]
    dx[SENSED] = (voltage - x[SENSED]) / p[SENSE_TIME]
    wanted = p[VOLTAGE_REF] * (1.0 - p[SLOPE] * _larger(p[KNEE] - x[SPEED], 0.0))
    error = wanted - x[SENSED]
    stuck = ((x[REGULATOR] >= p[CEILING]) & (error > 0.0)) | ((x[REGULATOR] <= 0.0) & (error < 0.0))
    dx[REGULATOR] = _choose(stuck, 0.0, p[KI] * error)
    top = p[CEILING] * _choose(p[MAGNET] > 0.5, 1.0, voltage)
    drive = _smaller(_larger(p[KP] * error + x[REGULATOR], 0.0), top)
    dx[FIELD] = (drive - x[FIELD]) / p[EXCITER_TIME]
    out[VOLTAGE] = voltage
    out[TORQUE] = torque
    out[POWER] = active


def settle(x: Any, p: Any) -> None:
    """Put integrators that a step has carried past their limits back onto them."""
    x[THROTTLE] = _smaller(_larger(x[THROTTLE], p[LEAST]), p[MOST])
    x[REGULATOR] = _smaller(_larger(x[REGULATOR], 0.0), p[CEILING])


def _delayed(past: Any, k: int, part: float, dead: float, h: float) -> float:
    """Throttle at (k + part) h - dead, linear between the steps kept in ``past``."""
    at = (k + part) - dead / h
    if at <= 0.0:
        return past[0]
    low = int(np.floor(at))
    if low >= k:
        return past[k]
    return past[low] + (at - low) * (past[low + 1] - past[low])


def _keep(x: Any, out: Any, row: Any) -> None:
    row[0], row[1:4], row[4], row[5], row[6] = x[SPEED], out, x[THROTTLE], x[GIVEN], x[TAKEN]


def _move(y: Any, x: Any, c: float, k: Any) -> None:
    """y = x + c k without a new array."""
    for i in range(x.size):
        y[i] = x[i] + c * k[i]


def march(x0: Any, table: Any, active: Any, reactive: Any, h: float, substeps: int, trip: Any, result: Any,
          tripped: Any) -> None:  # fmt: skip
    """Classical Runge-Kutta, one scenario after the other; written for :func:`compiled_march`.

    Start (S, STATES), parameters (S, n), loads (S, T) -> (S, T + 1, 7) speed, the outputs, throttle, energies.
    """
    scenarios, samples = active.shape
    k1, k2, k3, k4 = np.zeros(STATES), np.zeros(STATES), np.zeros(STATES), np.zeros(STATES)
    y, out, spare = np.zeros(STATES), np.zeros(OUTPUTS), np.zeros(OUTPUTS)
    past = np.zeros(samples * substeps + 1)
    for s in range(scenarios):
        x, p = x0[s].copy(), table[s]
        past[0] = x[THROTTLE]
        alive = True
        for j in range(samples):
            load, var = active[s, j], reactive[s, j]
            for i in range(substeps):
                if not alive:
                    break
                k = j * substeps + i
                dead = p[DEAD]
                now = _delayed(past, k, 0.0, dead, h)
                half = _delayed(past, k, 0.5, dead, h)
                full = _delayed(past, k, 1.0, dead, h)
                rates(x, p, load, var, now if dead > 0 else x[THROTTLE], k1, out)
                if i == 0:
                    _keep(x, out, result[s, j])
                _move(y, x, 0.5 * h, k1)
                rates(y, p, load, var, half if dead > 0 else y[THROTTLE], k2, spare)
                _move(y, x, 0.5 * h, k2)
                rates(y, p, load, var, half if dead > 0 else y[THROTTLE], k3, spare)
                _move(y, x, h, k3)
                rates(y, p, load, var, full if dead > 0 else y[THROTTLE], k4, spare)
                for i_state in range(STATES):
                    x[i_state] += (
                        h / 6.0 * (k1[i_state] + 2.0 * k2[i_state] + 2.0 * k3[i_state] + k4[i_state])
                    )
                settle(x, p)
                past[k + 1] = x[THROTTLE]
                if x[SPEED] < trip[s, 0] or x[SPEED] > trip[s, 1] or out[VOLTAGE] < trip[s, 2]:
                    alive = False
                    tripped[s] = (k + 1) * h
        if alive:
            rates(x, p, active[s, samples - 1], reactive[s, samples - 1],
                   _delayed(past, samples * substeps, 0.0, p[DEAD], h) if p[DEAD] > 0 else x[THROTTLE], k1, out)  # fmt: skip
            _keep(x, out, result[s, samples])


def _larger_of_two(a: Any, b: Any) -> Any:
    return a if a > b else b


def _smaller_of_two(a: Any, b: Any) -> Any:
    return a if a < b else b


def _choose_one(condition: Any, a: Any, b: Any) -> Any:
    return a if condition else b


@cache
def compiled_march() -> Any:
    """:func:`march` as machine code.

    All that it calls stands in this file, because the compiler's cache looks at the age of one file only.  Plain
    comparisons take the place of numpy's, with which the march takes five times as long (measured).
    """
    from numba import njit

    scope = dict(globals())
    scope |= {"_larger": njit(cache=True)(_larger_of_two), "_smaller": njit(cache=True)(_smaller_of_two)}
    scope |= {"_choose": njit(cache=True)(_choose_one)}
    scope |= {f.__name__: njit(cache=True)(f) for f in (_delayed, _keep, _move)}
    for function in (rates, settle, march):
        scope[function.__name__] = njit(cache=True)(FunctionType(function.__code__, scope, function.__name__))
    return scope["march"]
