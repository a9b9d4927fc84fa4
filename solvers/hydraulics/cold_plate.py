"""Cold plates: lid and junction temperature of chips from coolant flow, and the flow a lid temperature needs.

The resistance from the coolant entering a plate to the lid (case) is ``a + b (V / V0)^-n``: conduction and spreading,
and the film in the channels.  Lid temperature is ``coolant at this plate + P R``, the convention of the OCP guideline
[1]_, which counts the coolant's own rise inside R.  In another fluid, or at another temperature, the film scales as
``k (rho V / mu)^n Pr^(1/3)`` (assumed scaling).  It was tried on the guideline's two data sets: with n = 0.7 the law
fitted to PG25 gives the points measured with water within 1 % (3 % if the first PG25 point is left out); with n = 1
it is up to 12 % off, so the form ``a + b / V`` belongs to its own fluid only.

References
----------
.. [1] C. Chen et al., "OAI System Liquid Cooling Guidelines", Open Compute Project, 2023, figures 7 and 8, as read
   from the data records of the Modelica Buildings library (OCP_1kW_OAM_PG25, OCP_1kW_OAM_Water).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from solvers import checks
from solvers.fluids import FLUIDS, Fluid

from .plate_exchanger import film

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

LITRE_PER_MINUTE = 1e-3 / 60.0
"""[m3/s]"""
FILM_EXPONENT = 0.7
"""n of the film: between chevron plates too, and the value at which both data sets of [1]_ agree. [-]"""
DATA_TEMPERATURE = 30.0
"""Coolant of the data sets of [1]_, assumed. [degC]"""
CEILING = 150.0
"""Lid temperature reported where there is no steady state, or one beyond it. [degC] Assumed."""
OCP_PG25 = (
    (0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.2, 1.4, 1.6, 1.8, 2.0, 2.2, 2.4),
    (0.0389, 0.0325, 0.0300, 0.0280, 0.0265, 0.0255, 0.0245, 0.0230, 0.0220, 0.0214, 0.0209, 0.0204, 0.0200, 0.0197),
)  # fmt: skip
"""Flow [L/min] and resistance [K/W] of a plate for a 1 kW module, 25 % propylene glycol, [1]_ figure 7."""
OCP_WATER = ((2.0, 3.0, 4.0, 5.0), (0.0172, 0.0160, 0.0154, 0.0151))
"""The same with deionised water, [1]_ figure 8."""
_NEWTON_LIMIT = 40


@dataclass(frozen=True, kw_only=True)
class ColdPlate:
    """Thermal law of one plate.

    Raises
    ------
    ValueError
        If a number is out of its range or the fluid is unknown.
    """

    fixed: float
    """a: resistance that does not depend on flow. [K/W]"""
    variable: float
    """b: resistance of the film at ``rated_flow``. [K/W]"""
    rated_flow: float
    """V0, through one plate. [m3/s]"""
    exponent: float = FILM_EXPONENT
    fluid: str = "pg25"
    """Fluid of the data."""
    temperature: float = DATA_TEMPERATURE
    """Coolant temperature of the data. [degC]"""
    junction: float = 0.0
    """Resistance from the lid to the hottest junction. [K/W]"""
    flow_range: tuple[float, float] = (0.0, np.inf)
    """Flows of the data. [m3/s]"""

    def __post_init__(self) -> None:
        checks.finite(self, "temperature", infinite=("flow_range",))
        for name in ("variable", "rated_flow", "exponent"):
            if not getattr(self, name) > 0.0:
                raise ValueError(f"{name} is {getattr(self, name):g}; it must be above 0")
        for name in ("fixed", "junction"):
            if not getattr(self, name) >= 0.0:
                raise ValueError(f"{name} is {getattr(self, name):g}; it must not be negative")
        _fluid(self.fluid)

    def film_scale(self, fluid: str, temperature: ArrayLike) -> Array:
        """Film resistance in a fluid at a temperature over that of the data, at equal volume flow. [-]"""
        own, other = FLUIDS[self.fluid], _fluid(fluid)
        warm = np.clip(checks.temperature("temperature", temperature), *other.range)
        there = film(other, other.density(warm), warm, self.exponent)
        here = film(own, own.density(self.temperature), self.temperature, self.exponent)
        return np.asarray(here / there)

    def resistance(
        self, flow: ArrayLike, *, fluid: str | None = None, temperature: ArrayLike | None = None
    ) -> Array:
        """Lid over entering coolant [K/W] at a volume flow through the plate [m3/s]; infinite without flow."""
        scale = self.film_scale(fluid or self.fluid, self.temperature if temperature is None else temperature)
        with np.errstate(divide="ignore"):
            share = (
                checks.number("flow", flow, least=0.0, rounding=checks.ROUNDING) / self.rated_flow
            ) ** -self.exponent
        return np.asarray(self.fixed + self.variable * scale * share)


def fitted(
    flow: ArrayLike,
    resistance: ArrayLike,
    *,
    exponent: float = FILM_EXPONENT,
    fluid: str = "pg25",
    temperature: float = DATA_TEMPERATURE,
    junction: float = 0.0,
) -> ColdPlate:
    """Plate of measured points, flow [m3/s] and resistance [K/W], by least squares of the relative error.

    ``exponent=1`` is the form ``a + b / V``.

    Raises
    ------
    ValueError
        If there are fewer than two points, or they do not fall with flow.
    """
    points, values = (
        checks.number("flow", flow, above=0.0),
        checks.number("resistance", resistance, above=0.0),
    )
    checks.number("exponent", exponent, above=0.0)
    if points.size < 2 or points.shape != values.shape:
        raise ValueError(f"need two or more points of flow and resistance; found {points.size}")
    rated = float(np.exp(np.log(points).mean()))
    columns = np.stack([1.0 / values, (points / rated) ** -exponent / values], axis=1)
    fixed, variable = np.linalg.lstsq(columns, np.ones(points.size), rcond=None)[0]
    return ColdPlate(
        fixed=float(fixed),
        variable=float(variable),
        rated_flow=rated,
        exponent=exponent,
        fluid=fluid,
        temperature=temperature,
        junction=junction,
        flow_range=(float(points.min()), float(points.max())),
    )


def scaled(plate: ColdPlate, resistance: float, flow: float) -> ColdPlate:
    """A plate of the same shape of law that has a resistance [K/W] at a flow [m3/s] of its own data fluid."""
    checks.number("resistance", resistance, above=0.0)
    factor = resistance / float(plate.fixed + plate.variable)
    return replace(
        plate,
        fixed=plate.fixed * factor,
        variable=plate.variable * factor,
        rated_flow=flow,
        flow_range=(0.0, np.inf),
    )


@dataclass(frozen=True, kw_only=True)
class Plates:
    """How the plates of a rack hang on its coolant."""

    count: int
    """Plates in the rack."""
    share: float = 1.0
    """Share of the rack's flow that goes through them. [-]"""
    series: int = 1
    """Plates one after the other in each branch; the last gets the coolant the others heated."""
    balance: float = 1.0
    """Flow of the branch that gets the least over the mean branch. [-]"""

    def __post_init__(self) -> None:
        checks.whole("count", self.count, 1)
        checks.whole("series", self.series, 1)
        if not self.series <= self.count:
            raise ValueError(f"series is {self.series}; it lies between 1 and the {self.count} plates")
        for name in ("share", "balance"):
            if not 0.0 < getattr(self, name) <= 1.0:
                raise ValueError(f"{name} is {getattr(self, name):g}; it is a fraction above 0")

    @property
    def part(self) -> float:
        """Flow through the worst-served plate over the rack's."""
        return self.share * self.balance * self.series / self.count


@dataclass(frozen=True)
class Chips:
    """State of the warmest chip; arrays of one shape."""

    case: Array
    """Lid. [degC]"""
    junction: Array
    """Hottest junction. [degC]"""
    coolant: Array
    """Entering its plate. [degC]"""
    flow: Array
    """Through its plate. [m3/s]"""
    power: Array
    """Of one chip, leakage included. [W]"""
    no_steady_state: Mask
    """Heat but no flow, or leakage that grows faster than the plate removes it; temperatures are CEILING."""
    in_range: Mask
    """Flow within the data of the plate and coolant within its fluid's range."""


def chips(
    plate: ColdPlate,
    plates: Plates,
    *,
    power: ArrayLike,
    rack_flow: ArrayLike,
    supply: ArrayLike,
    fluid: str,
    leakage: float = 0.0,
    leakage_reference: float = 65.0,
) -> Chips:
    """Temperatures of the warmest chip of a rack in every state.

    Parameters
    ----------
    power : array_like
        Of one chip, at ``leakage_reference`` if it leaks. [W]
    rack_flow : array_like
        Coolant through the whole rack. [kg/s]
    supply : array_like
        Coolant entering the rack. [degC]
    leakage : float
        Growth of power with junction temperature, over the power; none by default, because no maker publishes it. [1/K]
    leakage_reference : float
        Junction temperature at which ``power`` was stated, assumed. [degC]

    Notes
    -----
    All chips draw the same; what lies before the plate in its branch and heats the coolant counts in ``series``.
    With leakage ``P = P0 (1 + g (Tj - Tr))`` and ``Tj = T + R P`` are solved together.
    """
    coolant, supplied = _fluid(fluid), checks.temperature("supply", supply)
    checks.number("leakage", leakage, least=0.0)
    checks.temperature("leakage_reference", leakage_reference)
    warm = np.clip(supplied, *coolant.range)
    density = coolant.density(warm)
    watts, mass, entering = checks.together(
        power=checks.number("power", power),
        rack_flow=checks.number("rack_flow", rack_flow, least=0.0, rounding=checks.ROUNDING),
        supply=supplied,
    )
    watts, mass = np.maximum(watts, 0.0), np.maximum(mass, 0.0)
    flow = mass * plates.part / density
    runs = flow > 0.0
    safe = np.where(runs, flow, plate.rated_flow)
    before = (plates.series - 1) / (safe * density * coolant.heat_capacity(warm))
    lid = plate.resistance(safe, fluid=fluid, temperature=warm)
    whole = before + lid + plate.junction
    gain = leakage * watts * whole
    settles = (gain < 1.0) & (runs | (watts <= 0.0))
    drawn = watts * (1.0 + leakage * (entering - leakage_reference)) / np.where(gain < 1.0, 1.0 - gain, 1.0)
    drawn = np.where(settles & runs, np.maximum(drawn, 0.0), watts)
    heat = np.where(runs, drawn, 0.0)

    def held(rise: Array) -> Array:
        return np.where(settles, np.minimum(entering + rise * heat, CEILING), CEILING)

    low, high = plate.flow_range
    return Chips(
        case=held(before + lid),
        junction=held(whole),
        coolant=held(before),
        flow=flow,
        power=drawn,
        no_steady_state=~settles,
        in_range=(flow >= low * (1 - 1e-9)) & (flow <= high * (1 + 1e-9)) & coolant.in_range(entering),
    )


def flow_for(
    plate: ColdPlate, plates: Plates, *, power: ArrayLike, supply: ArrayLike, limit: ArrayLike, fluid: str
) -> Array:
    """Rack flow [kg/s] at which the warmest lid is at ``limit`` [degC]; infinite where no flow is enough.

    Newton's method on ``ln(A / v + B v^-n)``, convex and falling in ln v: from the left it needs no bracket.
    """
    watts, entering, most = checks.together(
        power=checks.number("power", power),
        supply=checks.temperature("supply", supply),
        limit=checks.temperature("limit", limit),
    )
    coolant = _fluid(fluid)
    warm = np.clip(entering, *coolant.range)
    density = coolant.density(warm)
    heated = np.full(watts.shape, float(plates.series - 1))
    heated = heated / (plate.rated_flow * density * coolant.heat_capacity(warm))
    film_part = plate.variable * plate.film_scale(fluid, warm)
    allowed = (most - entering) / np.where(watts > 0.0, watts, 1.0) - plate.fixed
    possible = (allowed > 0.0) & (watts > 0.0)
    goal = np.where(possible, allowed, film_part)
    n = plate.exponent
    x = np.log(np.maximum(heated / goal, (film_part / goal) ** (1.0 / n)))
    for _ in range(_NEWTON_LIMIT):
        first, second = heated * np.exp(-x), film_part * np.exp(-n * x)
        step = np.log((first + second) / goal) * (first + second) / (first + n * second)
        x = x + step
        if np.max(np.abs(step), initial=0.0) < 1e-13:
            break
    needed = np.exp(x) * plate.rated_flow * density / plates.part
    idle = np.where((watts <= 0.0) & (most >= entering), 0.0, np.inf)
    return np.where(possible, needed, idle)


def _fluid(name: str) -> Fluid:
    checks.choice("fluid", name, sorted(FLUIDS))
    return FLUIDS[name]


def _points(table: tuple[tuple[float, ...], tuple[float, ...]]) -> tuple[Array, Array]:
    return np.array(table[0]) * LITRE_PER_MINUTE, np.array(table[1])


OCP_MODULE = fitted(*_points(OCP_PG25))
"""The plate of [1]_ for any coolant; its data in PG25 within 2.4 %, 7 % at the first point."""
OCP_MODULE_PG25 = fitted(*_points(OCP_PG25), exponent=1.0)
"""The same plate as ``a + b / V``, for PG25 only; all fourteen points within 4.5 %."""
