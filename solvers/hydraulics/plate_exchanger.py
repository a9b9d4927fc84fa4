"""Plate heat exchanger: conductance at any flows, temperatures and fluids from one rating point.

Both sides have the same plates, so their films follow one law, ``h ~ k (G / mu)^m Pr^(1/3)``, and the share of each
in the rated resistance follows from the fluids instead of being assumed.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from solvers.fluids import FLUIDS, Fluid

from .. import checks
from .exchanger import conductance_from_rating, effectiveness

Array = NDArray[np.float64]

PLATE_EXPONENT = 0.7
"""Power of the film coefficient with flow between chevron plates: 0.67 to 0.78 with the chevron angle, A. Muley and
R. M. Manglik, J. Heat Transfer 121 (1999) 110-117 (as quoted); 0.7 assumed."""
WALL_SHARE = 0.1
"""Share of the rated resistance in plates and fouling, assumed."""
_PASSES = 3
"""Passes over the temperatures at which properties are taken; the third changes the duty by less than 1e-6."""


@dataclass(frozen=True)
class Exchange:
    """What a plate exchanger does; arrays of one shape."""

    duty: Array
    """Heat from hot to cold. [W]"""
    hot_outlet: Array
    cold_outlet: Array
    """[degC]"""
    conductance: Array
    """UA at these flows and temperatures. [W/K]"""


@dataclass(frozen=True, kw_only=True)
class PlateExchanger:
    """A counterflow plate exchanger given by a rating point.

    Raises
    ------
    ValueError
        If a fluid is unknown, a number is not positive, or no exchanger can meet the rating.
    """

    duty: float
    """[W]"""
    hot_inlet: float
    cold_inlet: float
    """[degC]"""
    hot_flow: float
    cold_flow: float
    """[kg/s]"""
    hot_fluid: str = "water"
    cold_fluid: str = "water"
    """Names in :data:`solvers.fluids.FLUIDS`."""
    exponent: float = PLATE_EXPONENT
    wall_share: float = WALL_SHARE

    def __post_init__(self) -> None:
        checks.finite(self, "hot_inlet", "cold_inlet")
        for name in ("hot_fluid", "cold_fluid"):
            checks.choice(name, getattr(self, name), sorted(FLUIDS))
        for name in ("duty", "hot_flow", "cold_flow", "exponent"):
            if not getattr(self, name) > 0.0:
                raise ValueError(f"{name} is {getattr(self, name):g}; it must be above 0")
        if not self.hot_inlet > self.cold_inlet:
            raise ValueError("hot_inlet must be above cold_inlet, or no heat passes")
        if not 0.0 <= self.wall_share < 1.0:
            raise ValueError(f"wall_share is {self.wall_share:g}; it is a fraction below 1")
        if not np.isfinite(self.conductance):
            raise ValueError("duty is more than any exchanger can pass between these inlets at these flows")

    @property
    def fluids(self) -> tuple[Fluid, Fluid]:
        """Of the hot and of the cold side."""
        return FLUIDS[self.hot_fluid], FLUIDS[self.cold_fluid]

    @cached_property
    def means(self) -> tuple[float, float]:
        """Mean temperatures of the rating, hot and cold. [degC]"""
        hot, cold = self.fluids
        hot_rate = self.hot_flow * float(hot.heat_capacity(self.hot_inlet))
        cold_rate = self.cold_flow * float(cold.heat_capacity(self.cold_inlet))
        return self.hot_inlet - self.duty / hot_rate / 2.0, self.cold_inlet + self.duty / cold_rate / 2.0

    @cached_property
    def conductance(self) -> float:
        """UA of the rating. [W/K]"""
        rates = (
            self.hot_flow * self.fluids[0].heat_capacity(self.means[0]),
            self.cold_flow * self.fluids[1].heat_capacity(self.means[1]),
        )
        return float(conductance_from_rating(self.duty, self.hot_inlet, self.cold_inlet, rates))

    @cached_property
    def hot_share(self) -> float:
        """Share of both films' rated resistance on the hot side. [-]"""
        hot, cold = (
            float(film(fluid, flow, mean, self.exponent))
            for fluid, flow, mean in zip(
                self.fluids, (self.hot_flow, self.cold_flow), self.means, strict=True
            )
        )
        return cold / (hot + cold)

    def conductance_at(
        self,
        hot_flow: ArrayLike,
        cold_flow: ArrayLike,
        hot_temperature: ArrayLike,
        cold_temperature: ArrayLike,
    ) -> Array:
        """UA [W/K] at flows [kg/s] and mean temperatures [degC]; 0 where a flow stands still."""
        hot, cold = (
            film(fluid, flow, mean, self.exponent) / film(fluid, rated, rated_mean, self.exponent)
            for fluid, flow, mean, rated, rated_mean in (
                (self.fluids[0], hot_flow, hot_temperature, self.hot_flow, self.means[0]),
                (self.fluids[1], cold_flow, cold_temperature, self.cold_flow, self.means[1]),
            )
        )
        with np.errstate(divide="ignore"):
            films = self.hot_share / hot + (1.0 - self.hot_share) / cold
        return np.asarray(self.conductance / (self.wall_share + (1.0 - self.wall_share) * films))

    def exchange(
        self, hot_flow: ArrayLike, cold_flow: ArrayLike, hot_inlet: ArrayLike, cold_inlet: ArrayLike
    ) -> Exchange:
        """Duty and outlets at flows [kg/s] and entering temperatures [degC]; no heat where a flow stands still."""
        flow_hot, flow_cold, entering, cool = checks.together(
            hot_flow=checks.number("hot_flow", hot_flow, least=0.0, rounding=checks.ROUNDING),
            cold_flow=checks.number("cold_flow", cold_flow, least=0.0, rounding=checks.ROUNDING),
            hot_inlet=checks.temperature("hot_inlet", hot_inlet),
            cold_inlet=checks.temperature("cold_inlet", cold_inlet),
        )
        hot_mean, cold_mean, duty = entering, cool, np.zeros(entering.shape)
        for _ in range(_PASSES):
            hot_rate = flow_hot * self.fluids[0].heat_capacity(hot_mean)
            cold_rate = flow_cold * self.fluids[1].heat_capacity(cold_mean)
            runs = (hot_rate > 0.0) & (cold_rate > 0.0)
            hot_safe, cold_safe = np.where(runs, hot_rate, 1.0), np.where(runs, cold_rate, 1.0)
            least, most = np.minimum(hot_safe, cold_safe), np.maximum(hot_safe, cold_safe)
            conductance = self.conductance_at(flow_hot, flow_cold, hot_mean, cold_mean)
            duty = np.where(
                runs, effectiveness(conductance / least, least / most) * least * (entering - cool), 0.0
            )
            hot_mean, cold_mean = entering - duty / hot_safe / 2.0, cool + duty / cold_safe / 2.0
        return Exchange(duty, entering - duty / hot_safe, cool + duty / cold_safe, conductance)


def film(fluid: Fluid, flow: ArrayLike, temperature: ArrayLike, exponent: float) -> Array:
    """Film coefficient but for a factor of geometry, ``k (G / mu)^m Pr^(1/3)``."""
    reynolds = np.maximum(checks.number("flow", flow), 0.0) / fluid.viscosity(temperature)
    return np.asarray(
        fluid.conductivity(temperature) * reynolds**exponent * np.cbrt(fluid.prandtl(temperature))
    )
