"""Stratified thermal storage: layers of water that move, conduct, lose heat to the room and turn over.

Layer 0 is the bottom, where the cold water is.  Flow is positive downwards: it enters at the top and leaves at the
bottom, which discharges a store of cold and charges a store of heat.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from solvers import checks
from solvers.plant.tank_layers import relax, shift, turn_over

__all__ = ["Hours", "Moved", "Tank", "discharge", "move", "operate", "turn_over", "usable"]

Array = NDArray[np.float64]
Side = Literal["below", "above"]

WATER_CONDUCTIVITY = 0.6
"""Thermal conductivity of water near 20 degC, IAPWS SR6-08(2011), rounded. Walls and mixing at the inlets add to
it in a real tank [W/(m K)]."""
MOST_LAYERS_PASSED = 4
"""Volumes of the tank after which :func:`discharge` gives up."""
FLUSHED = 4
"""Volumes of the tank in one step after which nothing is left of what was in it."""


@dataclass(frozen=True)
class Tank:
    """An upright tank of equal layers, one or many alike."""

    volume: float
    """Water volume [m3]."""
    height: float
    """Height of the water [m]."""
    layers: int = 30
    """20 to 50 resolve a thermocline; numerical mixing falls with their number."""
    density: float = 998.2
    """Water at 20 degC [kg/m3]."""
    heat_capacity: float = 4184.0
    """[J/(kg K)]."""
    conductivity: float = WATER_CONDUCTIVITY
    """Effective vertical conductivity [W/(m K)]."""
    wall_conductance: float = 0.0
    """Total conductance of the walls to the room, spread evenly over the layers [W/K]."""

    def __post_init__(self) -> None:
        for name in ("volume", "height", "density", "heat_capacity"):
            checks.number(name, getattr(self, name), above=0.0)
        for name in ("conductivity", "wall_conductance"):
            checks.number(name, getattr(self, name), least=0.0)
        checks.whole("layers", self.layers, 2)

    @property
    def layer_mass(self) -> float:
        """[kg]."""
        return self.volume * self.density / self.layers

    @property
    def layer_capacity(self) -> float:
        """[J/K]."""
        return self.layer_mass * self.heat_capacity


@dataclass(frozen=True)
class Moved:
    """A tank after a step."""

    temperature: Array
    """(S, n) [degC]."""
    outlet: Array
    """(S,) mean temperature of what left; of the layer at the outlet where nothing flowed [degC]."""
    lost: Array
    """(S,) heat to the room [J]."""


@dataclass(frozen=True)
class Hours:
    """A tank over many hours."""

    charged: Array
    """(S, H) heat taken out of the tank by the plant [W]."""
    discharged: Array
    """(S, H) heat taken up by the tank from the load [W]."""
    supply: Array
    """(S, H) mean temperature of the water given to the load; of the bottom layer where none was [degC]."""
    stored: Array
    """(S, H) usable cold at the end of each hour [J]."""
    temperature: Array
    """(S, n) final state [degC]."""
    energy_error: Array
    """(S,) change of content less what crossed the boundary, over all that crossed [-]."""


def move(
    tank: Tank,
    temperature: ArrayLike,
    flow: ArrayLike,
    inlet: ArrayLike,
    seconds: float,
    *,
    ambient: ArrayLike = 20.0,
) -> Moved:
    """Let a flow pass the tank for a while.

    Parameters
    ----------
    temperature : (S, n) array_like
        Of the layers, bottom first. [degC]
    flow : (S,) array_like
        Positive downwards. [kg/s]
    inlet : (S,) array_like
        Temperature of what enters. [degC]
    seconds : float
        Length of the step.
    ambient : (S,) array_like
        Temperature of the room. [degC]

    Raises
    ------
    ValueError
        A number that is none, a temperature below absolute zero, a negative time, as many layers as the tank has not:
        by field and index.

    Notes
    -----
    Upwind with Courant numbers up to 1, which shifts whole layers without mixing where it is 1; then conduction and
    losses by implicit Euler, then layers that lie wrong (warm below cold) mix.  All three conserve energy to
    rounding.  Water is taken as lighter the warmer, which fails below 4 degC.
    """
    layers = _layers(tank, temperature)
    _, rate, entering, room = checks.together(
        temperature=layers[:, 0],
        flow=np.atleast_1d(checks.number("flow", flow)),
        inlet=checks.temperature("inlet", inlet),
        ambient=checks.temperature("ambient", ambient),
    )
    if rate.ndim != 1:
        raise ValueError(f"flow, inlet and ambient are one number per scenario, not of shape {rate.shape}")
    time = float(checks.number("seconds", seconds, least=0.0))
    return _moved(tank, np.broadcast_to(layers, (rate.size, tank.layers)), rate, entering, time, room)


def _moved(tank: Tank, layers: Array, rate: Array, entering: Array, seconds: float, room: Array) -> Moved:
    """:func:`move` of arrays that were looked at."""
    passed = np.abs(rate) * seconds / tank.layer_mass  # in layers
    flushed = passed > FLUSHED * tank.layers
    shifted = np.where(flushed, 0.0, passed)
    parts = max(1, int(np.ceil(shifted.max(initial=0.0) - 1e-9)))
    share, down = shifted / parts, rate >= 0.0
    before, left = layers, np.zeros(rate.size)
    for _ in range(parts):
        left += np.where(down, layers[:, 0], layers[:, -1]) / parts
        layers = shift(layers, share, down, entering)
    if flushed.any():  # all that was in the tank has left, and after it water as it came
        rest = entering + (before.sum(axis=1) - tank.layers * entering) / np.where(flushed, passed, 1.0)
        left = np.where(flushed, rest, left)
        layers = np.where(flushed[:, None], entering[:, None], layers)
    outlet = np.where(passed > 0.0, left, layers[:, 0])
    layers, lost = relax(tank, layers, seconds, room)
    return Moved(turn_over(layers), outlet, lost)


def _layers(tank: Tank, temperature: ArrayLike) -> Array:
    """(S, n) temperatures of the layers. [degC]"""
    layers = np.array(checks.temperature("temperature", temperature), ndmin=2)
    if layers.ndim != 2 or layers.shape[1] != tank.layers:
        raise ValueError(
            f"temperature has shape {np.shape(temperature)}, not one for each of {tank.layers} layers"
        )
    return layers


def usable(
    tank: Tank, temperature: ArrayLike, limit: ArrayLike, returned: ArrayLike, *, side: Side = "below"
) -> Array:
    """Heat the tank can still take up (or give, ``side="above"``) with water within the supply limit (S,). [J]

    Layers at or below (above) `limit` count, each with its distance from the temperature `returned` at which the
    water comes back.
    """
    checks.choice("side", side, get_args(Side))
    layers = _layers(tank, temperature)
    limit = checks.temperature("limit", limit).reshape(-1, 1)
    returned = checks.temperature("returned", returned).reshape(-1, 1)
    checks.together(temperature=layers[:, :1], limit=limit, returned=returned)
    return _usable(tank, layers, limit, returned, 1.0 if side == "below" else -1.0)


def _usable(tank: Tank, layers: Array, limit: Array, returned: Array, sign: float) -> Array:
    """:func:`usable` of arrays that were looked at, one number in a row."""
    good = sign * (limit - layers) >= 0.0
    return np.asarray((np.where(good, sign * (returned - layers), 0.0)).sum(axis=1) * tank.layer_capacity)


def discharge(
    tank: Tank,
    temperature: ArrayLike,
    duty: ArrayLike,
    rise: ArrayLike,
    limit: ArrayLike,
    *,
    ambient: ArrayLike = 20.0,
) -> Array:
    """How long a store of cold holds its supply limit at a duty (S,). [s]

    Parameters
    ----------
    temperature : (S, n) array_like
        Of the layers at the beginning, bottom first. [degC]
    duty : (S,) array_like
        Heat of the load; without one the tank holds for ever (inf). [W]
    rise : (S,) array_like
        Temperature rise across the load, which fixes the flow; the water comes back at the outlet's
        temperature plus this. [K]
    limit : (S,) array_like
        Highest supply temperature. [degC]
    ambient : (S,) array_like
        Temperature of the room. [degC]

    Notes
    -----
    Every step moves one layer whatever the flow, so nothing mixes by the method; the time is good to half a layer.
    Plug flow: mass over flow, ``m c rise / duty``.

    Examples
    --------
    100 m3 and a rise of 10 K at 2 MW: 35 minutes.

    >>> store = Tank(volume=100.0, height=8.0)
    >>> float((discharge(store, np.full((1, 30), 20.0), 2e6, 10.0, 24.0) / 60.0)[0].round(1))
    34.8
    """
    begun = _layers(tank, temperature)
    given = checks.together(
        temperature=begun[:, 0],
        duty=checks.number("duty", duty),
        rise=checks.number("rise", rise, above=0.0),
        limit=checks.temperature("limit", limit),
        ambient=checks.temperature("ambient", ambient),
    )
    scenarios = given[0].size
    power, span, highest, room = (np.asarray(x).reshape(-1) for x in given[1:])
    layers = np.broadcast_to(begun, (scenarios, tank.layers)).copy()
    loaded = power > 0.0
    pace = np.where(loaded, tank.layer_capacity * span / np.where(loaded, power, 1.0), 0.0)  # s per layer
    held = np.full(scenarios, np.inf)
    for passed in range(MOST_LAYERS_PASSED * tank.layers):
        over = loaded & np.isinf(held) & (layers[:, 0] > highest)
        held[over] = passed * pace[over]
        if np.isfinite(held[loaded]).all():
            break
        layers = np.concatenate([layers[:, 1:], (layers[:, 0] + span)[:, None]], axis=1)
        layers = turn_over(relax(tank, layers, pace, room)[0])
    return held


def operate(
    tank: Tank,
    temperature: ArrayLike,
    demand: ArrayLike,
    spare: ArrayLike,
    *,
    charged_at: ArrayLike,
    returned_at: ArrayLike,
    limit: ArrayLike,
    ambient: ArrayLike = 20.0,
    seconds: float = 3600.0,
) -> Hours:
    """A store of cold hour by hour: it serves what is demanded of it and charges with what the plant can spare.

    Parameters
    ----------
    temperature : (S, n) array_like
        At the beginning. [degC]
    demand : (S, H) array_like
        Heat the load wants to give to the tank; the rule when to ask is the caller's. [W]
    spare : (S, H) array_like
        Heat the plant could take out of the tank; used in hours without demand. [W]
    charged_at, returned_at : float or (S, H) array_like
        Temperature of the water from the plant and from the load. [degC]
    limit : float
        Highest temperature of water worth giving to the load. [degC]
    ambient : float or (S, H) array_like
        Temperature of the room. [degC]
    seconds : float
        Length of an hour. [s]

    Notes
    -----
    No more leaves in an hour than what lies below the limit, and no more is charged than what lies above the middle
    between charge temperature and limit, so the thermocline stays in the tank.
    """
    wanted, offered, cold, warm, room = checks.together(
        demand=np.atleast_2d(checks.number("demand", demand, least=0.0, rounding=checks.ROUNDING)),
        spare=np.atleast_2d(checks.number("spare", spare, least=0.0, rounding=checks.ROUNDING)),
        charged_at=checks.temperature("charged_at", charged_at),
        returned_at=checks.temperature("returned_at", returned_at),
        ambient=checks.temperature("ambient", ambient),
    )
    shape = wanted.shape
    if not (warm > cold).all():
        hour = int(np.argwhere(~(warm > cold))[0][1])
        raise ValueError(f"returned_at[{hour}] must be above charged_at")
    highest = checks.temperature("limit", limit)
    if highest.size != 1:
        raise ValueError(f"limit is one number, not of shape {highest.shape}")
    seconds = float(checks.number("seconds", seconds, above=0.0))
    layers = _layers(tank, temperature)
    if layers.shape[0] not in (1, shape[0]):
        raise ValueError(f"temperature has {layers.shape[0]} rows, demand and spare {shape[0]}")
    layers = np.broadcast_to(layers, (shape[0], tank.layers)).copy()
    begun, specific = layers.sum(axis=1), tank.heat_capacity
    found = {name: np.zeros(shape) for name in ("charged", "discharged", "supply", "stored")}
    crossed, turned = np.zeros(shape[0]), np.zeros(shape[0])
    for hour in range(shape[1]):
        out, back = cold[:, hour], warm[:, hour]
        good = (layers <= highest).sum(axis=1) * tank.layer_mass
        empty = (layers > 0.5 * (out + highest)).sum(axis=1) * tank.layer_mass
        bottom, top = layers[:, 0], layers[:, -1]
        down = np.minimum(wanted[:, hour] * seconds / (specific * np.maximum(back - bottom, 1e-9)), good)
        up = np.minimum(offered[:, hour] * seconds / (specific * np.maximum(top - out, 1e-9)), empty)
        down, up = np.where(back > bottom, down, 0.0), np.where(top > out, up, 0.0)
        mass = np.where(wanted[:, hour] > 0.0, down, -up)
        entering = np.where(mass >= 0.0, back, out)
        moved = _moved(tank, layers, mass / seconds, entering, seconds, room[:, hour])
        layers = moved.temperature
        heat = mass * specific * (entering - moved.outlet) * np.sign(mass)
        found["discharged"][:, hour] = np.where(mass > 0.0, heat, 0.0) / seconds
        found["charged"][:, hour] = np.where(mass < 0.0, -heat, 0.0) / seconds
        found["supply"][:, hour] = np.where(mass > 0.0, moved.outlet, layers[:, 0])
        found["stored"][:, hour] = _usable(tank, layers, highest.reshape(-1, 1), back.reshape(-1, 1), 1.0)
        crossed += heat - moved.lost
        turned += np.abs(heat) + np.abs(moved.lost)
    change = (layers.sum(axis=1) - begun) * tank.layer_capacity
    error = np.abs(change - crossed) / np.where(turned > 0.0, turned, 1.0)
    return Hours(**found, temperature=layers, energy_error=error)
