"""How long stored energy carries a load: battery, flywheel, supercapacitor behind a converter.

Every store is the same few numbers (:class:`Storage`); :func:`battery`, :func:`flywheel` and
:func:`supercapacitor` work them out from what a data sheet says.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from solvers.power.dynamics.checks import number, refuse, rows
from solvers.power.losses import input_for_output

Array = NDArray[Any]


@dataclass(frozen=True)
class Storage:
    """Stores of usable energy behind a converter; a field is one number or one per scenario (S,).

    The store is drained at ``drain(p) = p_store (p_store / rated)^(k - 1)`` where p_store is the converter's
    input for an output p, divided by ``efficiency``, plus ``standby_loss``; or as ``rate_time`` says.
    """

    energy: Any
    """Usable energy when full, measured inside the store. [J]"""
    efficiency: Any = 1.0
    """Energy at the store's terminals per energy taken from it. [-]"""
    converter_efficiency: Any = 1.0
    """Output / input of the converter, if constant. [-]"""
    converter_rating: Any = np.inf
    """Rated output of the converter, used with ``converter_loss``. [W]"""
    converter_loss: Any = None
    """(3,) or (S, 3) loss / rating = a + b x + c x^2 of :mod:`solvers.power.losses`, instead of a constant
    efficiency. [-]"""
    power_limit: Any = np.inf
    """Largest output. [W]"""
    standby_loss: Any = 0.0
    """What the store loses by itself while it is not being charged (bearings, windage, leakage). [W]"""
    peukert: Any = 1.0
    """Exponent k of Peukert's law written for power; 1 = the energy does not depend on the rate. [-]"""
    rated_power: Any = np.inf
    """Drain at which ``energy`` was measured, used with ``peukert``; slower is not better. [W]"""
    rate_power: Any = field(default=None)
    rate_time: Any = field(default=None)
    """(n,) published constant-power table: power at the terminals, rising [W], and time to empty [s]; interpolated
    in logarithms, never extrapolated to more power.  It replaces ``efficiency`` and ``peukert``."""
    charge_efficiency: Any = 1.0
    """Energy stored per energy drawn from the source while charging. [-]"""
    charge_limit: Any = np.inf
    """Largest power drawn from the source while charging. [W]"""

    def __post_init__(self) -> None:
        put = partial(object.__setattr__, self)
        for name in ("energy", "standby_loss"):
            put(name, number(f"storage.{name}", getattr(self, name), least=0.0))
        for name in ("efficiency", "converter_efficiency", "charge_efficiency"):
            put(name, number(f"storage.{name}", getattr(self, name), above=0.0, most=1.0))
        for name in ("power_limit", "converter_rating", "rated_power", "charge_limit"):
            put(name, number(f"storage.{name}", getattr(self, name), above=0.0, endless=True))
        put("peukert", number("storage.peukert", self.peukert, least=1.0))
        refuse("storage.rated_power", np.isinf(self.rated_power) & (self.peukert > 1.0),
               "must be finite where peukert > 1")  # fmt: skip
        if self.converter_loss is not None:
            loss = number("storage.converter_loss", self.converter_loss, least=0.0)
            if loss.shape[-1:] != (3,):
                raise ValueError(f"storage.converter_loss has shape {loss.shape}, expected (3,) or (S, 3)")
            refuse(
                "storage.converter_rating",
                np.isinf(self.converter_rating),
                "must be finite with a loss curve",
            )
            put("converter_loss", loss)
        if (self.rate_power is None) != (self.rate_time is None):
            raise ValueError("storage.rate_power and storage.rate_time come together")
        if self.rate_power is not None:
            power = number("storage.rate_power", self.rate_power, above=0.0)
            time = number("storage.rate_time", self.rate_time, above=0.0)
            if power.ndim != 1 or power.shape != time.shape or np.any(np.diff(power) <= 0):
                raise ValueError("storage.rate_power must rise and have one rate_time each")
            put("rate_power", power)
            put("rate_time", time)


def battery(energy: ArrayLike, *, depth: ArrayLike = 1.0, health: ArrayLike = 1.0, **more: Any) -> Storage:
    """Battery of nominal ``energy`` [J] of which a fraction ``depth`` may be used, aged to ``health``.

    Parameters
    ----------
    depth : usable depth of discharge. [-]
    health : capacity now / nominal capacity; lead-acid is replaced at 0.8 (IEEE 450, as quoted). [-]
    more : the other fields of :class:`Storage`.

    Examples
    --------
    100 kWh at 1 MW with efficiencies 0.90 and 0.95 last 360 MJ x 0.90 x 0.95 / 1 MW = 307.8 s.
    """
    usable = number("energy", energy, least=0.0) * number("depth", depth, least=0.0, most=1.0)
    return Storage(usable * number("health", health, least=0.0, most=1.0), **more)


def flywheel(
    inertia: ArrayLike,
    speed: ArrayLike,
    least_speed: ArrayLike,
    *,
    standby_loss: ArrayLike = 0.0,
    **more: Any,
) -> Storage:
    """Flywheel or rotary store that works between two speeds: E = J (w1^2 - w2^2) / 2.

    Parameters
    ----------
    inertia : moment of inertia. [kg m^2]
    speed, least_speed : full and lowest usable angular speed. [rad/s]
    standby_loss : windage and bearings. [W]
    """
    full = number("speed", speed, above=0.0)
    least = number("least_speed", least_speed, least=0.0)
    refuse("least_speed", np.asarray(least >= full), "must be below speed")
    return Storage(0.5 * number("inertia", inertia, above=0.0) * (full**2 - least**2),
                   standby_loss=standby_loss, **more)  # fmt: skip


def supercapacitor(
    capacitance: ArrayLike, voltage: ArrayLike, least_voltage: ArrayLike, *, current_limit: ArrayLike = np.inf,
    **more: Any,
) -> Storage:  # fmt: skip
    """Capacitors used between two voltages: E = C (V1^2 - V2^2) / 2.

    Parameters
    ----------
    capacitance : [F]
    voltage, least_voltage : full and lowest voltage at which the converter still works. [V]
    current_limit : of the converter's input; with the lowest voltage it limits the output. [A]
    """
    full = number("voltage", voltage, above=0.0)
    least = number("least_voltage", least_voltage, least=0.0)
    refuse("least_voltage", np.asarray(least >= full), "must be below voltage")
    current = number("current_limit", current_limit, above=0.0, endless=True)
    efficiency = np.asarray(more.get("converter_efficiency", 1.0), dtype=float)
    bound = np.where(
        np.isinf(current), np.inf, least * np.where(np.isinf(current), 1.0, current) * efficiency
    )
    limit = np.minimum(bound, np.asarray(more.pop("power_limit", np.inf), dtype=float))
    return Storage(0.5 * number("capacitance", capacitance, above=0.0) * (full**2 - least**2),
                   power_limit=limit, **more)  # fmt: skip


def drain(storage: Storage, power: ArrayLike) -> Array:
    """Rate at which the store empties while it delivers ``power`` >= 0; inf where it cannot. [W]"""
    output = number("power", power, least=0.0)
    terminal = _terminal_power(storage, output)
    if storage.rate_power is not None:
        rate = _table_drain(storage, terminal) + storage.standby_loss
    else:
        rate = terminal / storage.efficiency + storage.standby_loss
        fast = np.where(np.isinf(storage.rated_power), 1.0, rate / storage.rated_power)
        rate = rate * np.maximum(fast, 1.0) ** (storage.peukert - 1.0)
    return np.asarray(np.where(output > storage.power_limit, np.inf, rate))


def _terminal_power(storage: Storage, output: Array) -> Array:
    """Power at the terminals of the store. [W]"""
    if storage.converter_loss is None:
        return np.asarray(output / storage.converter_efficiency)
    return input_for_output(output, storage.converter_rating, storage.converter_loss)


def _table_drain(storage: Storage, terminal: Array) -> Array:
    """Energy over published time; below the table the energy of its first row is what there is. [W]"""
    power, time = storage.rate_power, storage.rate_time
    some = np.maximum(terminal, power[0])
    lasts = np.exp(np.interp(np.log(some), np.log(power), np.log(time))) * some / np.maximum(terminal, 1e-300)
    rate = np.where(terminal > 0, storage.energy / lasts, 0.0)
    return np.asarray(np.where(terminal > power[-1], np.inf, rate))


def ride_through(storage: Storage, power: ArrayLike, *, charge: ArrayLike = 1.0) -> Array:
    """Time for which a constant ``power`` is carried. [s]

    Parameters
    ----------
    power : output of the converter, >= 0; broadcast against the fields of the store. [W]
    charge : state of charge at the start. [-]

    Returns
    -------
    0 above the power limit (it cannot carry the load at all), inf if nothing drains the store.

    Examples
    --------
    >>> round(float(ride_through(battery(100 * 3.6e6, efficiency=0.90, converter_efficiency=0.95), 1e6)), 9)
    307.8
    """
    rate = drain(storage, power)
    stored = storage.energy * number("charge", charge, least=0.0, most=1.0)
    with np.errstate(divide="ignore"):
        return np.asarray(np.where(rate > 0, stored / np.where(rate > 0, rate, 1.0), np.inf))


def recharge_time(storage: Storage, power: ArrayLike, *, charge: ArrayLike = 0.0) -> Array:
    """Time to fill the store from ``charge`` with ``power`` drawn from the source, limited by the charger; inf if
    the standby loss takes it all. [s]"""
    drawn = np.minimum(number("power", power, least=0.0), storage.charge_limit)
    gain = drawn * storage.charge_efficiency - storage.standby_loss
    missing = storage.energy * (1.0 - number("charge", charge, least=0.0, most=1.0))
    filling = gain > 0
    return np.asarray(
        np.where(missing <= 0, 0.0, np.where(filling, missing / np.where(filling, gain, 1), np.inf))
    )


@dataclass(frozen=True)
class Discharge:
    """A store under a power that changes in steps."""

    time: Array
    """(T + 1,) start of each step, and the end. [s]"""
    charge: Array
    """(S, T + 1) state of charge at those times. [-]"""
    empty_time: Array
    """(S,) first moment at which the load is not carried: empty, or asked for more than its limit; inf if it
    always is. [s]"""
    delivered: Array
    """(S,) energy delivered to the load. [J]"""
    unserved: Array
    """(S,) energy asked for and not delivered. [J]"""
    drawn: Array
    """(S,) energy drawn from the source while charging. [J]"""


def discharge(storage: Storage, power: ArrayLike, step: ArrayLike, *, charge: ArrayLike = 1.0) -> Discharge:
    """Follow a power that is constant in each step, exactly; finds the moment at which the store is empty.

    Parameters
    ----------
    power : (S, T) or (T,) output; negative is power drawn from the source to charge. [W]
    step : (T,) lengths, or one length for all. [s]
    charge : state of charge at the start. [-]

    Notes
    -----
    An empty store serves nothing until it is charged again.  Charging stops when full: what is offered beyond is
    not drawn.
    """
    asked = rows("power", power)
    length = np.broadcast_to(number("step", step, above=0.0), asked.shape[1:])
    start = number("charge", charge, least=0.0, most=1.0)
    scenarios = max(asked.shape[0], np.size(storage.energy), np.size(start))
    asked = np.broadcast_to(asked, (scenarios, asked.shape[1]))
    full = np.broadcast_to(storage.energy, (scenarios,)).astype(float)
    stored = full * start
    book = {name: np.zeros(scenarios) for name in ("delivered", "unserved", "drawn")}
    level = np.zeros((scenarios, asked.shape[1] + 1))
    level[:, 0] = stored
    empty = np.full(scenarios, np.inf)
    began = np.concatenate([[0.0], np.cumsum(length)])
    for k in range(asked.shape[1]):
        want, offered, gain, rate = _step_rates(storage, asked[:, k])
        able = np.minimum(np.divide(stored, rate, out=np.full(scenarios, np.inf), where=rate > 0), length[k])
        short = (want > 0) & (able < length[k])
        empty = np.where(short, np.minimum(empty, began[k] + able), empty)
        book["delivered"] += want * able
        book["unserved"] += want * (length[k] - able)
        room = np.divide(full - stored, gain, out=np.full(scenarios, np.inf), where=gain > 0)
        filling = np.minimum(room, length[k])
        float_power = np.minimum(storage.standby_loss / storage.charge_efficiency, offered)
        book["drawn"] += offered * filling + float_power * (length[k] - filling)
        used = np.where(np.isinf(rate), 0.0, rate) * able
        stored = np.clip(stored - used + gain * filling, 0.0, full)
        level[:, k + 1] = stored
    share = level / np.where(full > 0, full, 1.0)[:, None]
    return Discharge(began, share, empty, **book)


def _step_rates(storage: Storage, asked: Array) -> tuple[Array, Array, Array, Array]:
    """Output wanted, power drawn from the source, rates of filling and of draining in one step. [W]"""
    want = np.maximum(asked, 0.0)
    offered = np.minimum(np.maximum(-asked, 0.0), storage.charge_limit)
    gain = offered * storage.charge_efficiency - storage.standby_loss
    rate = np.where(asked < 0, np.maximum(-gain, 0.0), drain(storage, want))
    return want, offered, np.where(asked < 0, np.maximum(gain, 0.0), 0.0), np.asarray(rate)
