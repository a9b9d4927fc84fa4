"""What is solved: a room with what stands in it, and how much air and heat moves through it.

A room is geometry alone.  Air enters and leaves it in *streams*: each takes air out of the room through its extract
patches, does something to it (a rack heats it, an air handler cools it), and gives it back through its supply patches.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from solvers.air.field.grid import Grid

Array = NDArray[np.float64]
Point = tuple[float, float, float]

JET_LENGTH = 0.6
"""Distance over which the jets of a perforated tile merge: one tile width, assumed after V. Arghode and Y. Joshi, "Modeling
strategies for air flow through perforated tiles in a data center", IEEE Trans. Components, Packaging and Manufacturing
Technology 3, 2013 (modified body force). [m]"""
TIGHT = float("inf")
"""Loss coefficient of a panel that lets nothing through."""


@dataclass(frozen=True)
class Solid:
    """A box that holds no air: rack, column, wall, machine. [m]"""

    name: str
    low: Point
    high: Point


@dataclass(frozen=True)
class Panel:
    """A thin sheet: containment, raised floor, partition (tight), or perforated tile, grille, leaky door.

    One extent is zero.  ``loss`` is K in ``dp = K / 2 rho V^2`` with V the flow over the whole area of the panel.
    Of two panels in one place the later one counts (a tile in a floor).
    """

    name: str
    low: Point
    high: Point
    loss: float = TIGHT
    jet: float = 0.0
    """Free-area fraction through which the air leaves as jets, whose momentum is then that of ``V / jet``; 0 for none.  What
    the grid's own ``V`` lacks of it is added over :data:`JET_LENGTH` behind the panel."""


@dataclass(frozen=True)
class Obstacle:
    """A porous box (pipes, trays, busways): ``dp/dx = loss / 2 rho V^2`` along each axis. [1/m]"""

    name: str
    low: Point
    high: Point
    loss: Point


@dataclass(frozen=True)
class Patch:
    """A flat opening of a stream in the surface of a solid or of the room; one extent is zero.

    ``side`` is +1 if the room's air lies on the side of growing coordinates of it, else -1.
    """

    name: str
    stream: int
    supply: bool
    """True where the stream gives air to the room, False where it takes it."""
    low: Point
    high: Point
    side: int


@dataclass(frozen=True)
class Opening:
    """A hole to surroundings at rest in the room's own boundary; air goes in or out as pressure has it."""

    name: str
    low: Point
    high: Point
    temperature: float
    """Of air that comes in. [degC]"""


@dataclass(frozen=True)
class Source:
    """Heat released evenly into the air of a box. [W]"""

    name: str
    low: Point
    high: Point
    heat: float


@dataclass(frozen=True)
class Wall:
    """A rectangle of wall (room boundary or solid) behind which a temperature is held.

    ``conductance`` counts from the air at the wall to what is behind it, the inner air film included. [W/(m2 K)]
    """

    name: str
    low: Point
    high: Point
    conductance: float
    temperature: float
    """[degC]"""


@dataclass(frozen=True)
class Slide:
    """A rectangle of the room's boundary that moves in its own plane (a lid). [m/s]"""

    name: str
    low: Point
    high: Point
    velocity: Point


@dataclass(frozen=True, eq=False)
class Room:
    """Geometry of a room. [m]"""

    grid: Grid
    streams: tuple[str, ...] = ()
    """Names of the N streams."""
    patches: tuple[Patch, ...] = ()
    solids: tuple[Solid, ...] = ()
    panels: tuple[Panel, ...] = ()
    obstacles: tuple[Obstacle, ...] = ()
    openings: tuple[Opening, ...] = ()
    sources: tuple[Source, ...] = ()
    walls: tuple[Wall, ...] = ()
    slides: tuple[Slide, ...] = ()
    slip: frozenset[str] = frozenset()
    """Boundaries without friction: ``-x``, ``+x``, ``-y``, ``+y``, ``-z``, ``+z``."""


@dataclass(frozen=True)
class Air:
    """Constant properties, and how the turbulence is modelled."""

    density: float = 1.2
    """[kg/m3]"""
    heat_capacity: float = 1006.0
    """[J/(kg K)]"""
    viscosity: float = 1.5e-5
    """Kinematic. [m2/s]"""
    expansion: float = 1.0 / 293.15
    """Thermal expansion. [1/K]"""
    reference: float = 20.0
    """Temperature at which buoyancy is zero. [degC]"""
    gravity: float = 9.80665
    """[m/s2]"""
    prandtl: float = 0.71
    turbulent_prandtl: float = 0.85
    turbulence: str = "k-epsilon"
    """``k-epsilon``, ``zero-equation``, ``constant`` or ``laminar``."""
    eddy_viscosity: float = 1e-3
    """Of the ``constant`` model, and the first guess of the others. [m2/s]"""
    intensity: float = 0.10
    """Turbulence intensity of supply air."""
    length: float = 0.05
    """Turbulence length scale of supply air. [m]"""


def _stream(default: float) -> Any:
    return field(default_factory=lambda: np.array(default))


@dataclass(frozen=True, kw_only=True)
class Problem:
    """A room in one state.  Arrays over the N streams; a single number may be given for all of them.

    Stream law: ``T1 = T_in + heat / (rho cp V)``, then the coil takes
    ``max(0, min(T1 - setpoint, effectiveness (T1 - coolant), capacity / (rho cp V)))``.
    """

    room: Room
    air: Air = Air()
    flow: Array = _stream(0.0)
    """(N,) air through the stream. [m3/s]"""
    heat: Array = _stream(0.0)
    """(N,) heat put into the stream. [W]"""
    setpoint: Array = _stream(np.inf)
    """(N,) leaving temperature that the coil holds; inf for a stream without a coil. [degC]"""
    capacity: Array = _stream(np.inf)
    """(N,) most heat the coil removes. [W]"""
    effectiveness: Array = _stream(1.0)
    """(N,) of the coil. [0..1]"""
    coolant: Array = _stream(-np.inf)
    """(N,) entering the coil. [degC]"""
    head: Array = _stream(np.nan)
    """(N,) fan pressure at zero flow, ``rise = head - curvature V |V|``: the flow then follows from the pressures at the
    patches, and ``flow`` is the first guess; NaN where the flow is given. [Pa]"""
    curvature: Array = _stream(0.0)
    """(N,) of the fan curve, the stream's own resistance included. [Pa/(m3/s)2]"""
    wall_temperature: Array = _stream(np.nan)
    """(W,) instead of that of the room's walls; NaN for theirs. [degC]"""
    source_heat: Array = _stream(np.nan)
    """(H,) instead of that of the room's sources; NaN for theirs. [W]"""

    def __post_init__(self) -> None:
        count = len(self.room.streams)
        for name in STREAM_FIELDS:
            value = np.array(np.broadcast_to(np.asarray(getattr(self, name), float), (count,)))
            if name != "head" and np.any(np.isnan(value)):
                raise ValueError(f"{name} contains a value that is not a number")
            object.__setattr__(self, name, value)
        held: tuple[tuple[str, tuple[Wall | Source, ...]], ...] = (
            ("wall_temperature", self.room.walls),
            ("source_heat", self.room.sources),
        )
        for name, things in held:
            given = getattr(self, name)
            own = [w.temperature if isinstance(w, Wall) else w.heat for w in things]
            value = np.broadcast_to(np.asarray(given, float), (len(things),))
            object.__setattr__(self, name, np.where(np.isnan(value), np.asarray(own, float), value))
        for name in ("flow", "heat", "capacity", "effectiveness", "curvature"):
            low = getattr(self, name).min(initial=0.0)
            if low < 0 and name != "heat":
                raise ValueError(f"{name} must not be negative")
        if not np.all(np.isfinite(self.flow)) or not np.all(np.isfinite(self.heat)):
            raise ValueError("flow and heat must be finite")
        if self.air.turbulence not in TURBULENCE:
            raise ValueError(f"turbulence {self.air.turbulence!r}: use one of {', '.join(TURBULENCE)}")
        if not all(0 < v < np.inf for v in (self.air.density, self.air.heat_capacity, self.air.viscosity)):
            raise ValueError("density, heat_capacity and viscosity must be positive and finite")

    def replace(self, **changes: Any) -> Self:
        """A changed copy, checked again."""
        return replace(self, **changes)


TURBULENCE = ("k-epsilon", "zero-equation", "constant", "laminar")
STREAM_FIELDS = ("flow", "heat", "setpoint", "capacity", "effectiveness", "coolant", "head", "curvature")
assert set(STREAM_FIELDS) < {f.name for f in fields(Problem)}


def leaving(problem: Problem, flow: Array, entering: Array) -> tuple[Array, Array]:
    """Temperature at which every stream leaves [degC] and heat its coil removes [W], both (N,)."""
    moving = flow > 0.0
    rate = np.where(moving, flow, 1.0) * problem.air.density * problem.air.heat_capacity
    heated = entering + problem.heat / rate
    with np.errstate(invalid="ignore"):  # inf - inf of streams without coil
        reach = problem.effectiveness * (heated - problem.coolant)
    drop = np.minimum(np.minimum(heated - problem.setpoint, reach), problem.capacity / rate)
    drop = np.where(moving, np.maximum(drop, 0.0), 0.0)
    return np.where(moving, heated - drop, entering), drop * rate
