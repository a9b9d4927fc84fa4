"""Storage in the rack (or beside the hall), ramp limits and burn: what the grid sees of a training job."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from solvers.power.dynamics.checks import number, rows

Array = NDArray[Any]


@dataclass(frozen=True)
class Smoothing:
    """A store that holds the grid-side power within ramp limits; a field is one number or one per scenario (S,).

    Modelled on what is published of the power supplies with energy storage of NVIDIA's GB300 NVL72 ("How New GB300
    NVL72 Features Provide Steady Power for AI", developer.nvidia.com, 2025): storage, a cap on the ramp at the start,
    and a burn of power at the end.  The control law is our own.
    """

    energy: Any
    """Usable energy of the store; 65 J per GPU for GB300, 4.7 kJ a rack (recalled, not verified). [J]"""
    power_limit: Any = np.inf
    """Largest power into or out of the store. [W]"""
    efficiency: Any = 1.0
    """One way, charging and discharging alike. [-]"""
    ramp_up: Any = np.inf
    ramp_down: Any = np.inf
    """Limits of the grid-side power. [W/s]"""
    average_time: Any = 0.0
    """The grid-side power aims at the load averaged over this time constant; 0 aims at the load itself. [s]"""
    charge_gain: Any = 0.1
    """Correction of the aim per missing state of charge: energy x gain x (target - charge). [1/s]"""
    charge_target: Any = 0.5
    """State of charge that is aimed at, and the one at the start. [-]"""
    burn: Any = False
    """Where a falling load would break ``ramp_down`` and the store cannot take it, the processors burn the rest."""
    floor: Any = 0.0
    """The load is held at this power or above by burning, at all times. [W]"""

    def __post_init__(self) -> None:
        put = partial(object.__setattr__, self)
        for name in ("energy", "average_time", "charge_gain", "floor"):
            put(name, number(f"smoothing.{name}", getattr(self, name), least=0.0))
        for name in ("ramp_up", "ramp_down"):
            put(name, number(f"smoothing.{name}", getattr(self, name), above=0.0, endless=True))
        put("power_limit", number("smoothing.power_limit", self.power_limit, least=0.0, endless=True))
        put("efficiency", number("smoothing.efficiency", self.efficiency, above=0.0, most=1.0))
        put("charge_target", number("smoothing.charge_target", self.charge_target, least=0.0, most=1.0))
        put("burn", np.asarray(self.burn, dtype=bool))


@dataclass(frozen=True)
class Smoothed:
    """Grid side of a load with storage; (S, n) each unless said otherwise."""

    grid_power: Array
    """[W]"""
    storage_power: Array
    """Into the load (+) or out of the grid into the store (-). [W]"""
    burn_power: Array
    """Drawn for nothing but steadiness. [W]"""
    charge: Array
    """(S, n + 1) state of charge. [-]"""
    burned: Array
    """(S,) [J]"""
    lost: Array
    """(S,) in the store. [J]"""
    broken: Array
    """(S,) number of samples in which a ramp limit could not be kept: the store was full, empty or too weak."""
    energy_error: Array
    """(S,) |grid + store's own energy - load - burn - losses| / energy of the load. [-]"""


def smooth(power: ArrayLike, step: float, smoothing: Smoothing) -> Smoothed:
    """Follow a load and its store; the load is always served, a ramp limit gives way when the store cannot help.

    Parameters
    ----------
    power : (S, n) or (n,) load behind the store, held in each sample. [W]
    step : [s]

    Notes
    -----
    In each sample the grid-side power moves towards its aim, the averaged load plus a correction of the state of charge,
    within the ramp limits; the store covers the difference to the load within its power and energy; what remains
    is burned (if it may be) or breaks the limit.  The first sample is taken as the power before, so a record that
    begins on a peak begins there.
    """
    load, h = rows("power", power), float(number("step", step, above=0.0))
    scenarios = max(load.shape[0], *(np.size(getattr(smoothing, f.name)) for f in fields(smoothing)))
    s = {f.name: np.broadcast_to(getattr(smoothing, f.name), (scenarios,)) for f in fields(smoothing)}
    n = load.shape[1]
    load = np.broadcast_to(load, (scenarios, n))
    held = np.maximum(load, s["floor"][:, None])
    grid, store, burn = (np.zeros((scenarios, n)) for _ in range(3))
    charge = np.zeros((scenarios, n + 1))
    broken = np.zeros(scenarios, dtype=int)
    stored = s["energy"] * s["charge_target"]
    charge[:, 0] = s["charge_target"]
    pull = np.where(
        s["average_time"] > 0, 1 - np.exp(-h / np.where(s["average_time"] > 0, s["average_time"], 1)), 1
    )
    mean, last = held[:, 0].copy(), held[:, 0].copy()
    for k in range(n):
        want = held[:, k]
        mean += pull * (want - mean)
        aim = mean + s["charge_gain"] * (s["charge_target"] * s["energy"] - stored)
        low, high = last - s["ramp_down"] * h, last + s["ramp_up"] * h
        drawn = np.maximum(np.clip(aim, low, high), 0.0)
        give = np.minimum(s["power_limit"], stored / h * s["efficiency"])
        take = np.minimum(s["power_limit"], np.maximum(s["energy"] - stored, 0.0) / h / s["efficiency"])
        flow = np.clip(want - drawn, -take, give)
        extra = np.where(s["burn"], np.maximum(low - (want - flow), 0.0), 0.0)
        drawn = want - flow + extra
        stored = stored - np.where(flow > 0, flow / s["efficiency"], flow * s["efficiency"]) * h
        slack = 1e-9 * np.maximum(np.abs(last), 1.0)
        broken += (drawn > high + slack) | (drawn < low - slack)
        grid[:, k], store[:, k], burn[:, k] = drawn, flow, extra + want - load[:, k]
        charge[:, k + 1] = stored / np.where(s["energy"] > 0, s["energy"], 1.0)
        last = drawn
    out, into = np.maximum(store, 0.0).sum(axis=1) * h, np.maximum(-store, 0.0).sum(axis=1) * h
    lost = out * (1 / s["efficiency"] - 1) + into * (1 - s["efficiency"])
    used = load.sum(axis=1) * h
    change = (charge[:, -1] - charge[:, 0]) * s["energy"]
    gap = grid.sum(axis=1) * h - used - burn.sum(axis=1) * h - lost - change
    return Smoothed(grid, store, burn, charge, burn.sum(axis=1) * h, lost, broken,
                    np.abs(gap) / np.maximum(used, 1e-300))  # fmt: skip
