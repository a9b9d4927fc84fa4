"""Standard pipes: dimensions, the smallest size for a flow, what the wall weighs, stores and withstands.

Dimensions are nominal.  Working pressures are for plain pipe near room temperature; joints, flanges and valves may be
rated lower and are the caller's to check.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import checks
from .friction import FrictionLaw, friction_factor
from .pipes_tables import INCH, MATERIALS, TABLES, Material

Array = NDArray[np.float64]
Index = NDArray[np.intp]

MILL = 0.125
"""Wall that may be missing on steel pipe, ASTM A53 and A106; as quoted."""
CORROSION = 0.065 * INCH
"""Allowance for corrosion of welded carbon steel that reproduces the working pressures printed in ASHRAE Handbook -
HVAC Systems and Equipment, chapter "Pipe, tube and fittings", table "Steel pipe data" [m]."""


@dataclass(frozen=True)
class PipeTable:
    """Sizes of one kind of pipe, smallest first; n sizes."""

    name: str
    material: Material
    nominal: Index
    """(n,) DN [mm]."""
    outer_diameter: Array
    """(n,) [m]"""
    wall: Array
    """(n,) [m]"""
    roughness: float
    """Sand roughness when new [m]."""
    source: str

    @property
    def inner_diameter(self) -> Array:
        """(n,) [m]"""
        return self.outer_diameter - 2.0 * self.wall

    @property
    def metal_capacity(self) -> Array:
        """(n,) heat capacity of the wall per length [J/(K m)]."""
        section = np.pi * self.wall * (self.outer_diameter - self.wall)
        return np.asarray(section * self.material.density * self.material.heat_capacity)

    def nearest(self, bore: ArrayLike) -> Index:
        """Row of the size whose bore is closest to each given one [m]."""
        return np.abs(self.inner_diameter - checks.number("bore", bore, least=0.0)[..., None]).argmin(axis=-1)

    def row(self, nominal: int) -> int:
        """Where a nominal size stands; ValueError names those there are."""
        found = np.flatnonzero(self.nominal == nominal)
        if not found.size:
            raise ValueError(f"{self.name} has no DN {nominal}; it has {', '.join(map(str, self.nominal))}")
        return int(found[0])


@dataclass(frozen=True)
class Chosen:
    """Sizes picked for flows; arrays have the shape of the flows."""

    row: Index
    nominal: Index
    """DN [mm]."""
    inner_diameter: Array
    """[m]"""
    velocity: Array
    """[m/s]"""
    friction: Array
    """Drop per length [Pa/m]."""
    enough: NDArray[np.bool_]
    """The limits are kept; False where even the largest size is too small."""


@cache
def pipe_table(name: str) -> PipeTable:
    """One of the tables of ``TABLES``: steel_40, steel_80, steel_std, stainless_10s, copper_l."""
    if name not in TABLES:
        raise ValueError(f"no pipe table {name!r}; there are {', '.join(TABLES)}")
    raw = TABLES[name]
    size, outer, wall = np.array(raw.rows).T
    return PipeTable(
        name,
        MATERIALS[raw.material],
        size.astype(np.intp),
        outer * INCH,
        wall * INCH,
        raw.roughness,
        raw.source,
    )


def size(
    flow: ArrayLike, table: PipeTable, *, velocity_limit: ArrayLike | None = None, friction_limit: ArrayLike | None = None,
    density: float = 998.2, viscosity: float = 1.0016e-3, law: FrictionLaw = "colebrook",
) -> Chosen:  # fmt: skip
    """Smallest size that carries each flow within the limits; at least one limit is given.

    Parameters
    ----------
    flow : array_like
        [kg/s]; the sign is ignored.
    velocity_limit : scalar or array of the shape of ``flow``, optional
        [m/s]
    friction_limit : likewise, optional
        Drop per length of straight pipe [Pa/m].

    Examples
    --------
    >>> size([1.0, 31.5], pipe_table("steel_40"), velocity_limit=1.5).nominal.tolist()
    [32, 200]
    """
    q = np.abs(checks.number("flow", flow))
    if velocity_limit is None and friction_limit is None:
        raise ValueError("give velocity_limit or friction_limit")
    for name, value in (("velocity_limit", velocity_limit), ("friction_limit", friction_limit)):
        if value is not None:
            checks.together(flow=q, **{name: checks.number(name, value, above=0.0)})
    velocity, friction = carried(q[..., None], table, density=density, viscosity=viscosity, law=law)
    fits = np.ones(velocity.shape, bool)
    if velocity_limit is not None:
        fits &= velocity <= np.asarray(velocity_limit, float)[..., None]
    if friction_limit is not None:
        fits &= friction <= np.asarray(friction_limit, float)[..., None]
    enough = fits.any(axis=-1)
    row = np.where(enough, fits.argmax(axis=-1), table.nominal.size - 1)

    def pick(values: Array) -> Array:
        return np.asarray(np.take_along_axis(values, row[..., None], axis=-1)[..., 0])

    return Chosen(
        row, table.nominal[row], table.inner_diameter[row], pick(velocity), pick(friction), np.asarray(enough)
    )


def carried(
    flow: ArrayLike, table: PipeTable, *, density: float, viscosity: float, law: FrictionLaw = "colebrook"
) -> tuple[Array, Array]:
    """Velocity [m/s] and drop per length [Pa/m] of a flow [kg/s] in the sizes of a table, broadcast together.

    The sign of the flow is ignored.
    """
    d = table.inner_diameter
    for name, value in (("density", density), ("viscosity", viscosity)):
        checks.number(name, value, above=0.0)
    velocity = np.abs(checks.number("flow", flow)) / (density * np.pi / 4.0 * d**2)
    factor = friction_factor(density * velocity * d / viscosity, table.roughness / d, law=law)
    return velocity, factor / d * density * velocity**2 / 2.0


def working_pressure(table: PipeTable, *, joint: Literal["welded", "plain"] = "welded") -> Array:
    """(n,) allowable gauge pressure of the pipe itself near 40 degC [Pa].

    Barlow's formula on the least wall, ``2 S (t_min - A) / D`` for steel and stainless (ASME B31.9 form), and
    ``2 S t_min / (D_max - 0.8 t_min)`` for copper (ASME B31 form used by the Copper Tube Handbook).  S includes the
    weld efficiency of the material; A is the corrosion allowance (carbon steel with ``joint="welded"``, none with
    ``"plain"``).  Threads are not modelled: steel of DN 50 and below is taken as welded.
    """
    checks.choice("joint", joint, ("welded", "plain"))
    m = table.material
    if m.name == "copper":
        # tolerances of ASTM B88 (annealed): about a tenth of the wall, 0.3 % of the diameter
        least, largest = table.wall * 0.9, table.outer_diameter * 1.003
        return np.asarray(2.0 * m.allowable_stress * least / (largest - 0.8 * least))
    allowance = CORROSION if m.name == "carbon steel" and joint == "welded" else 0.0
    least = np.maximum(table.wall * (1.0 - MILL) - allowance, 0.0)
    return np.asarray(2.0 * m.allowable_stress * least / table.outer_diameter)
