"""What a field solve gives: the field itself, and what it means at every stream, panel and opening."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from solvers.air.field.grid import Grid
from solvers.status import Status

Array = NDArray[np.float64]
Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Field:
    """Values in the middle of every cell, indexed ``[i, j, k]`` along x, y, z; NaN where there is no air."""

    grid: Grid
    temperature: Floats
    """(nx, ny, nz) [degC]"""
    velocity: Floats
    """(nx, ny, nz, 3) [m/s]"""
    pressure: Floats
    """(nx, ny, nz) above that of air at rest at the reference temperature. [Pa]"""
    kinetic: Floats | None = None
    """(nx, ny, nz) turbulent kinetic energy; None without a model that has it. [m2/s2]"""
    dissipation: Floats | None = None
    """(nx, ny, nz) of the turbulent kinetic energy. [m2/s3]"""
    age: Floats | None = None
    """(nx, ny, nz) mean time since the air was last cooled; None if it was not asked for. [s]"""


@dataclass(frozen=True, eq=False)
class Influence:
    """How what leaves the streams comes back to them, exact for the frozen flow.

    ``entering = share @ leaving + opening_share @ opening_temperature + rise``.  The rows of ``share``, ``opening_share``
    and those of the walls in ``source_rise`` together sum to one.
    """

    share: Array
    """(N, N) part of the air entering stream n (row) that last left stream m (column)."""
    opening_share: Array
    """(N, Q) part that came in through an opening."""
    rise: Array
    """(N,) warming by heat sources and walls on the way. [K]"""
    extracted: Array
    """(N, N) part of the air leaving stream m (column) that is next taken by stream n (row)."""
    source_rise: Array | None = None
    """(N, H + W) warming at each stream for each source [K/W] and wall [K/K] of the room; ``rise`` is made of it."""
    residue: Array | None = None
    """(N,) what an influence of groups misses in the state that it is anchored to; None if it is exact. [K]"""


@dataclass(frozen=True, eq=False)
class Solution:
    """Air of a room in one steady state (or at one time).

    Only what has ``status.ok`` may be reported as a value; otherwise the numbers are the last iterate, for diagnosis.
    """

    status: Status
    method: str
    """``rans`` or ``potential``, the turbulence model behind it."""
    field: Field
    stream_flow: Array
    """(N,) air through each stream. [m3/s]"""
    stream_inlet: Array
    """(N,) mean temperature of the air entering. [degC]"""
    stream_inlet_max: Array
    """(N,) largest temperature over the extract patches. [degC]"""
    stream_inlet_error: Array
    """(N,) estimated error of the mean inlet: difference to the next coarser grid over (r^p - 1), p = 1; inf where there
    was none. [K]"""
    stream_outlet: Array
    """(N,) temperature of the air leaving. [degC]"""
    stream_cooling: Array
    """(N,) heat removed by the stream's coil. [W]"""
    stream_held: Mask
    """(N,) coil holds its set point (or has nothing to do); True for streams without one."""
    patch_profile: tuple[tuple[Array, Array], ...]
    """Of every patch: heights [m] and mean temperature of the air in front of it at each height [degC]."""
    panel_flow: Array
    """(M,) air through every panel of the room, positive to growing coordinates; 0 through tight ones. [m3/s]"""
    panel_rise: Array
    """(M,) pressure before less that behind every panel with a finite loss. [Pa]"""
    opening_flow: Array
    """(Q,) net air coming in through every opening. [m3/s]"""
    cells: tuple[int, ...]
    """Cells of every grid, coarsest first."""
    iterations: tuple[int, ...]
    """Spent on each."""
    history: tuple[Array, ...]
    """Of each grid: (iterations, 4) relative change of momentum, of continuity and of heat, and largest change of a
    stream's inlet [K]."""
    inlet_history: Array
    """(iterations on the finest grid, N) inlet temperatures. [degC]"""
    mass_error: float
    """Sum over the cells of the air that appears or vanishes, over all air supplied."""
    energy_error: float
    """Heat that the streams carry off less heat put in, over the heat put in."""
    seconds: float
    """CPU time."""
    notes: tuple[str, ...] = ()
    """What a reader must know: a limit cycle that was averaged, a level that was left out."""
    influence: Influence | None = None
    """None if it was not asked for."""
    restart: object = None
    """State from which :func:`solvers.air.field.solve` starts the next scenario of the same room; opaque."""
