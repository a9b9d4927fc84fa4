"""Expansion vessels: what a loop's fluid grows by, what vessel that needs, and what a stated vessel makes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from solvers.fluids import FLUIDS
from solvers.hydraulics import suction
from solvers.hydraulics.case import GRAVITY
from solvers.psychrometrics import pressure_at
from twin.model.piping import ExpansionVessel
from twin.model.products import CoolingTower, Rack
from twin.networks.facility import Lowered
from twin.networks.thermal_mass import coolant_mass, loop_mass
from twin.results.results import Table
from twin.studies.basis import Basis

FILLED_AT = 10.0
"""Temperature at which loops are filled; EN 12828 annex D, as quoted. [degC]"""
RELIEF = 6e5
"""Relief valve of loops that state no vessel. [Pa]  Assumed, as in the layout language."""
HOTTEST = 99.0
"""Warmest fluid that a vessel is sized for: what would be warmer boils in an open loop. [degC]  Assumed."""
EXPANSION = {"steel": 11.7e-6, "stainless": 17.3e-6, "copper": 17.1e-6}
"""Linear expansion of walls [1/K]: ASHRAE Handbook - HVAC Systems and Equipment, as quoted; stainless steel as quoted."""


@dataclass(frozen=True)
class Vessel:
    """The fluid of one loop, cold and at its warmest."""

    volume: float
    """Fluid of pipes, machines and tanks. [m3]"""
    warmest: float
    """Warmest supply or return of all states. [degC]"""
    growth: float
    """[m3]"""
    needed: float
    """Smallest vessel that holds the static pressure cold; 0 where that or the relief valve leaves no room. [m3]"""
    precharge: float
    """Gauge pressure of its gas. [Pa]"""
    stated: float
    """[m3]; 0 for none."""
    pressure: float
    """Gauge pressure that the stated vessel rises to [Pa]; 0 for none."""
    pressure_max: float
    """Highest that its relief valve allows. [Pa]"""
    reserve: float
    """Fluid in the cold vessel [m3]; negative if the gas is stronger than the static pressure."""
    reserve_least: float
    """[m3]"""
    open: bool = False
    """Sprayed in open towers, whose basin takes it."""

    def told(self) -> str:
        """Its sentence, from the loop's name on."""
        grows = f"{self.growth * 1e3:.0f} L from {FILLED_AT:g} to {self.warmest:.1f} degC"
        words = f"holds {self.volume:.3g} m3, which grows by {grows}"
        if self.open:
            return f"{words}; the basins of its towers take that"
        if self.stated:
            return (
                f"{words}; its vessel of {self.stated * 1e3:.4g} L rises to {self.pressure / 1e3:.4g} kPa, "
                f"{self.pressure_max / 1e3:.4g} kPa allowed"
            )
        if not self.needed:
            return f"{words}; static pressure, height and relief valve leave no room for a vessel"
        return (
            f"{words}: it needs a vessel of {self.needed * 1e3:.0f} L, charged to {self.precharge / 1e3:.3g} kPa "
            f"(relief valve at {RELIEF / 1e3:g} kPa assumed)"
        )


def vessel(basis: Basis, number: int) -> Vessel:
    """What one loop asks of its vessel."""
    loop = basis.world.loops[number]
    circuit, fluid = loop.circuit, FLUIDS[loop.circuit.fluid]
    supply = circuit.supply if circuit.reset is None else max(level for _, level in circuit.reset.points)
    volume, warmest = loop_volume(basis.world, number), _warmest(basis, circuit.id, supply)
    cold, hot = (float(fluid.density(t)) for t in (FILLED_AT, warmest))
    wall, rise = EXPANSION[circuit.pipe.partition("_")[0]], warmest - FILLED_AT
    growth = max(float(suction.expansion(volume, cold, hot, rise=rise, wall_expansion=wall)), 0.0)
    air = float(pressure_at(basis.facility.place.elevation))
    own = circuit.expansion
    relief = own.relief if own else RELIEF
    highest = float(suction.highest_pressure(relief))
    reserve_least = max(suction.RESERVE_SHARE * volume, suction.LEAST_RESERVE)
    needed, precharge = sized(
        growth, reserve_least, filled_to=circuit.static_pressure, highest=highest, air=air,
        least=cold * GRAVITY * loop.top + suction.OVER_STATIC,
    )  # fmt: skip
    pressure, reserve = _stated(own, circuit.static_pressure, growth, air) if own else (0.0, 0.0)
    products = [basis.facility.by_id[name].product for name in circuit.sources]
    return Vessel(
        volume=volume,
        warmest=warmest,
        growth=growth,
        needed=needed,
        precharge=precharge,
        stated=own.volume if own else 0.0,
        pressure=pressure,
        pressure_max=highest,
        reserve=reserve,
        reserve_least=reserve_least,
        open=any(isinstance(product, CoolingTower) and product.circuit == "open" for product in products),
    )


def sized(
    growth: float, reserve: float, *, filled_to: float, highest: float, least: float, air: float
) -> tuple[float, float]:
    """Smallest vessel [m3] and the gauge pressure of its gas [Pa], by Boyle's law as in EN 12828 annex D (as quoted).

    Cold it holds ``reserve`` [m3] at ``filled_to`` [Pa], warm ``growth`` [m3] more at ``highest``; the gas is charged to no
    less than ``least``.  Zeros where these pressures do not rise in this order.
    """
    if not least < filled_to < highest:
        return 0.0, 0.0
    gas = growth * (highest + air) / (highest - filled_to)
    charged = (filled_to + air) * gas / (reserve + gas) - air
    if charged >= least:
        return reserve + gas, charged
    return reserve * (filled_to + air) / (filled_to - least), least


def _stated(own: ExpansionVessel, filled_to: float, growth: float, air: float) -> tuple[float, float]:
    """Gauge pressure of a vessel at the loop's warmest [Pa], and the fluid in it when cold [m3]: Boyle's law.

    A vessel that cannot take the growth is at the pressure of a thousandth of its gas.
    """
    gas = own.volume * (own.precharge + air) / (filled_to + air)
    reserve = own.volume - gas
    left = max(min(gas, own.volume) - growth, 1e-3 * own.volume)
    return (own.precharge + air) * own.volume / left - air, reserve


def loop_volume(world: Lowered, number: int) -> float:
    """Fluid of one loop: pipes, machines, racks and tanks. [m3]"""
    loop = world.loops[number]
    mass, per_volume = loop_mass(world.facility, loop), loop.density * loop.capacity
    products = [world.facility.by_id[name].product for name in loop.circuit.sinks]
    racks = sum(coolant_mass(product, loop) for product in products if isinstance(product, Rack))
    return float(mass.volume + (racks + mass.tank) / per_volume)


def _warmest(basis: Basis, name: str, supply: float) -> float:
    """Warmest fluid of a loop in all states that have a balance. [degC]"""
    loops = basis.results["loop"]
    column, rows = loops.index(name), np.flatnonzero(basis.results.settled)
    highest = max(
        float(loops[quantity][rows, column].max(initial=supply)) for quantity in ("supply", "return")
    )
    return min(highest, HOTTEST)


def vessel_table(vessels: Mapping[str, Vessel]) -> Table:
    """One row a loop."""
    columns = (
        "volume",
        "warmest",
        "growth",
        "needed",
        "precharge",
        "stated",
        "pressure",
        "pressure_max",
        "reserve",
        "reserve_least",
    )
    return Table(
        tuple(vessels),
        {name: np.array([float(getattr(one, name)) for one in vessels.values()]) for name in columns},
    )
