"""Stratified thermal storage: layers of water that move, conduct, lose heat to the room and turn over.

Layer 0 is the bottom, where the cold water is.  Flow is positive downwards: it enters at the top and leaves at the
bottom, which discharges a store of cold and charges a store of heat.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Side = Literal["below", "above"]

WATER_CONDUCTIVITY = 0.6
"""Thermal conductivity of water near 20 degC, IAPWS SR6-08(2011), rounded. Walls and mixing at the inlets add to
it in a real tank [W/(m K)]."""
MOST_LAYERS_PASSED = 4
"""Volumes of the tank after which :func:`discharge` gives up."""


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
            if not getattr(self, name) > 0.0:
                raise ValueError(f"{name} must be > 0")
        for name in ("conductivity", "wall_conductance"):
            if not getattr(self, name) >= 0.0:
                raise ValueError(f"{name} must be >= 0")
        if self.layers < 2:
            raise ValueError("layers must be at least 2")

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

    Notes
    -----
    Upwind with Courant numbers up to 1, which shifts whole layers without mixing where it is 1; then conduction and
    losses by implicit Euler, then layers that lie wrong (warm below cold) mix.  All three conserve energy to
    rounding.  Water is taken as lighter the warmer, which fails below 4 degC.
    """
    layers = np.array(temperature, float, ndmin=2)
    rate, entering = np.atleast_1d(np.asarray(flow, float)), np.asarray(inlet, float)
    scenarios = np.broadcast_shapes(layers.shape[:1], rate.shape, np.shape(np.atleast_1d(entering)))[0]
    layers = np.broadcast_to(layers, (scenarios, tank.layers)).copy()
    rate, entering = np.broadcast_to(rate, (scenarios,)), np.broadcast_to(entering, (scenarios,))
    passed = np.abs(rate) * seconds / tank.layer_mass  # in layers
    parts = max(1, int(np.ceil(passed.max() - 1e-9)))
    share, down = passed / parts, rate >= 0.0
    left = np.zeros(scenarios)
    for _ in range(parts):
        left += np.where(down, layers[:, 0], layers[:, -1]) / parts
        layers = _shift(layers, share, down, entering)
    outlet = np.where(passed > 0.0, left, layers[:, 0])
    layers, lost = _relax(tank, layers, seconds, np.broadcast_to(np.asarray(ambient, float), (scenarios,)))
    return Moved(turn_over(layers), outlet, lost)


def turn_over(temperature: Array) -> Array:
    """(S, n) layers after those that are warmer than one above have mixed with it; their mean is kept.

    The state is the non-decreasing one nearest to what is given, ``max over j <= i of min over k >= i of the mean
    of j..k`` (isotonic regression, equal weights): the same that mixing neighbour with neighbour ends in.
    """
    wrong = (np.diff(temperature, axis=1) < 0.0).any(axis=1)
    if not wrong.any():
        return temperature
    some = temperature[wrong]
    count = some.shape[1]
    total = np.concatenate([np.zeros((len(some), 1)), np.cumsum(some, axis=1)], axis=1)
    first, last = np.arange(count)[:, None], np.arange(count)[None, :]
    mean = (total[:, 1:][:, None, :] - total[:, :-1][:, :, None]) / np.maximum(last - first + 1, 1)
    mean = np.where(last >= first, mean, np.inf)
    least = np.minimum.accumulate(mean[:, :, ::-1], axis=2)[:, :, ::-1]
    mixed = np.where(first <= last, least, -np.inf).max(axis=1)
    result = temperature.copy()
    result[wrong] = mixed
    return result


def usable(
    tank: Tank, temperature: ArrayLike, limit: ArrayLike, returned: ArrayLike, *, side: Side = "below"
) -> Array:
    """Heat the tank can still take up (or give, ``side="above"``) with water within the supply limit (S,). [J]

    Layers at or below (above) `limit` count, each with its distance from the temperature `returned` at which the
    water comes back.
    """
    layers = np.array(temperature, float, ndmin=2)
    limit, returned = (np.asarray(x, float).reshape(-1, 1) for x in (limit, returned))
    sign = 1.0 if side == "below" else -1.0
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
    given = np.broadcast_arrays(
        np.arange(len(np.array(temperature, float, ndmin=2))),
        *(np.asarray(x, float) for x in (duty, rise, limit, ambient)),
    )
    scenarios = given[0].size
    power, span, highest, room = (np.asarray(x, float).reshape(-1) for x in given[1:])
    if not (span > 0.0).all():
        raise ValueError(f"rise[{int(np.argmin(span > 0.0))}] must be > 0")
    layers = np.broadcast_to(np.array(temperature, float, ndmin=2), (scenarios, tank.layers)).copy()
    loaded = power > 0.0
    pace = np.where(loaded, tank.layer_capacity * span / np.where(loaded, power, 1.0), 0.0)  # s per layer
    held = np.full(scenarios, np.inf)
    for passed in range(MOST_LAYERS_PASSED * tank.layers):
        over = loaded & np.isinf(held) & (layers[:, 0] > highest)
        held[over] = passed * pace[over]
        if np.isfinite(held[loaded]).all():
            break
        layers = np.concatenate([layers[:, 1:], (layers[:, 0] + span)[:, None]], axis=1)
        layers = turn_over(_relax(tank, layers, pace, room)[0])
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
    wanted, offered = np.atleast_2d(np.asarray(demand, float)), np.atleast_2d(np.asarray(spare, float))
    shape = np.broadcast_shapes(wanted.shape, offered.shape)
    wanted, offered, cold, warm, room = (
        np.broadcast_to(np.asarray(x, float), shape)
        for x in (wanted, offered, charged_at, returned_at, ambient)
    )
    if not (warm > cold).all():
        hour = int(np.argwhere(~(warm > cold))[0][1])
        raise ValueError(f"returned_at[{hour}] must be above charged_at")
    layers = np.broadcast_to(np.array(temperature, float, ndmin=2), (shape[0], tank.layers)).copy()
    begun, specific = layers.sum(axis=1), tank.heat_capacity
    found = {name: np.zeros(shape) for name in ("charged", "discharged", "supply", "stored")}
    crossed, turned = np.zeros(shape[0]), np.zeros(shape[0])
    for hour in range(shape[1]):
        out, back = cold[:, hour], warm[:, hour]
        good = (layers <= limit).sum(axis=1) * tank.layer_mass
        empty = (layers > 0.5 * (out + np.asarray(limit, float))).sum(axis=1) * tank.layer_mass
        bottom, top = layers[:, 0], layers[:, -1]
        down = np.minimum(wanted[:, hour] * seconds / (specific * np.maximum(back - bottom, 1e-9)), good)
        up = np.minimum(offered[:, hour] * seconds / (specific * np.maximum(top - out, 1e-9)), empty)
        down, up = np.where(back > bottom, down, 0.0), np.where(top > out, up, 0.0)
        mass = np.where(wanted[:, hour] > 0.0, down, -up)
        entering = np.where(mass >= 0.0, back, out)
        moved = move(tank, layers, mass / seconds, entering, seconds, ambient=room[:, hour])
        layers = moved.temperature
        heat = mass * specific * (entering - moved.outlet) * np.sign(mass)
        found["discharged"][:, hour] = np.where(mass > 0.0, heat, 0.0) / seconds
        found["charged"][:, hour] = np.where(mass < 0.0, -heat, 0.0) / seconds
        found["supply"][:, hour] = np.where(mass > 0.0, moved.outlet, layers[:, 0])
        found["stored"][:, hour] = usable(tank, layers, limit, back)
        crossed += heat - moved.lost
        turned += np.abs(heat) + np.abs(moved.lost)
    change = (layers.sum(axis=1) - begun) * tank.layer_capacity
    error = np.abs(change - crossed) / np.where(turned > 0.0, turned, 1.0)
    return Hours(**found, temperature=layers, energy_error=error)


def _shift(layers: Array, share: Array, down: NDArray[np.bool_], entering: Array) -> Array:
    """Move by a share of a layer, 0..1."""
    above = np.concatenate([layers[:, 1:], entering[:, None]], axis=1)
    below = np.concatenate([entering[:, None], layers[:, :-1]], axis=1)
    source = np.where(down[:, None], above, below)
    return layers + share[:, None] * (source - layers)


def _relax(tank: Tank, layers: Array, seconds: ArrayLike, ambient: Array) -> tuple[Array, Array]:
    """Conduction and losses by implicit Euler; also the heat lost (S,) [J]."""
    count, area = tank.layers, tank.volume / tank.height
    between = tank.conductivity * area / (tank.height / count)
    wall = tank.wall_conductance / count
    if between == 0.0 and wall == 0.0:
        return layers, np.zeros(len(layers))
    matrix = np.diag(np.full(count, wall))
    inner = np.arange(count - 1)
    np.add.at(matrix, (inner, inner), between)
    np.add.at(matrix, (inner + 1, inner + 1), between)
    np.add.at(matrix, (np.r_[inner, inner + 1], np.r_[inner + 1, inner]), -between)
    step = np.atleast_1d(np.asarray(seconds, float)) / tank.layer_capacity
    system = np.eye(count) + step[:, None, None] * matrix  # one for all, or one each
    load = layers + (step * wall)[:, None] * ambient[:, None]
    after = np.linalg.solve(system, load[:, :, None])[:, :, 0]
    return np.asarray(after), np.asarray(
        (step * tank.layer_capacity * wall) * (after - ambient[:, None]).sum(axis=1)
    )
