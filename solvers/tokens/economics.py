"""What a million tokens cost, and how many come out of a joule.

Money is in any one currency.  Prices are per SI unit: energy per joule (0.08 per kWh is 0.08 / 3.6e6), water
per kg.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

YEAR = 8760.0 * 3600.0
"""Seconds of a year of 8760 h, over which annual costs are spread. [s]"""


def annuity(rate: ArrayLike, years: ArrayLike) -> Array:
    """Equal yearly payment per unit of capital, paid at the end of each year. [1/year]

    ``rate / (1 - (1 + rate) ** -years)``; ``1 / years`` without interest.  8 % over 15 years: 0.1168.
    """
    r, n = np.broadcast_arrays(np.asarray(rate, float), np.asarray(years, float))
    safe = np.where(r == 0.0, 1.0, r)
    return np.where(r == 0.0, 1.0 / n, -safe / np.expm1(-n * np.log1p(safe)))


@dataclass(frozen=True)
class TokenCost:
    """Cost of a million tokens by part; arrays of one common shape. [currency / 1e6 tokens]

    Where no token is made the parts are 0 and ``produced`` is False.
    """

    it: Array
    """Capital of servers and network."""
    facility: Array
    """Capital of building, power and cooling."""
    energy: Array
    """Electricity at the utility meter."""
    water: Array
    """Make-up water."""
    maintenance: Array
    """Service of both, as given."""
    produced: NDArray[np.bool_]
    """Whether tokens are made at all."""

    @property
    def total(self) -> Array:
        """Sum of all parts."""
        return self.it + self.facility + self.energy + self.water + self.maintenance


def cost_per_million_tokens(
    tokens_per_second: ArrayLike,
    *,
    it_capital: ArrayLike = 0.0,
    facility_capital: ArrayLike = 0.0,
    power: ArrayLike = 0.0,
    water: ArrayLike = 0.0,
    energy_price: ArrayLike = 0.0,
    water_price: ArrayLike = 0.0,
    maintenance: ArrayLike = 0.0,
    rate: ArrayLike = 0.08,
    it_years: ArrayLike = 5.0,
    facility_years: ArrayLike = 15.0,
) -> TokenCost:
    """Spread capital and running cost over the tokens of a year.

    Parameters
    ----------
    tokens_per_second : array_like
        Yearly mean. [1/s]
    it_capital, facility_capital : array_like
        Paid at the start, without residual value. [currency]
    power, water : array_like
        Yearly means of the whole site. [W], [kg/s]
    energy_price, water_price : array_like
        [currency/J], [currency/kg]
    maintenance : array_like
        [currency/year]
    rate : array_like
        Cost of capital for a year; 8 % assumed. [0..1]
    it_years, facility_years : array_like
        Service lives; 5 and 15 years assumed. [year]
    """
    (tokens, hardware, site, watt, make_up, joule_price, kg_price, upkeep, interest, it_life, site_life) = (
        np.broadcast_arrays(
            *(
                np.asarray(x, float)
                for x in (
                    tokens_per_second,
                    it_capital,
                    facility_capital,
                    power,
                    water,
                    energy_price,
                    water_price,
                    maintenance,
                    rate,
                    it_years,
                    facility_years,
                )
            )
        )
    )
    produced = tokens > 0.0
    per_second = np.where(produced, 1e6 / np.where(produced, tokens, 1.0), 0.0)
    per_year = per_second / YEAR
    return TokenCost(
        it=hardware * annuity(interest, it_life) * per_year,
        facility=site * annuity(interest, site_life) * per_year,
        energy=watt * joule_price * per_second,
        water=make_up * kg_price * per_second,
        maintenance=upkeep * per_year,
        produced=produced,
    )


def tokens_per_joule(tokens_per_second: ArrayLike, power: ArrayLike) -> Array:
    """Tokens for each joule through the boundary (accelerator, IT, meter) of ``power`` [W]. [1/J]

    0 where no power flows.
    """
    watt = np.asarray(power, float)
    return np.where(watt > 0.0, np.asarray(tokens_per_second, float) / np.where(watt > 0.0, watt, 1.0), 0.0)
