"""What takes up heat when cooling fails: fluid, pipes, machines, cold plates, air and racks. [J/K]

The volumes of headers and branches follow from the pipes that the loops were lowered with; what a data sheet does not
tell of machines is assumed here, in one place.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import pi

import numpy as np
from numpy.typing import NDArray

from solvers.hydraulics.pipes import pipe_table
from solvers.hydraulics.transient_forms import COPPER_HEAT, STEEL_HEAT
from twin.model.facility import Facility, Machine, Shell
from twin.model.products import Cdu, Crah, HeatExchanger, Plant, Rack, RearDoor, Tank
from twin.networks.air import AIR_CAPACITY
from twin.networks.liquid import LoopNetwork

Array = NDArray[np.float64]

CDU_VOLUME, CDU_METAL = 0.08e-6, 0.3e-3
"""Coolant [m3/W] and metal [kg/W] of a CDU over its capacity: 160 L and 600 kg of a 2 MW unit.  Assumed."""
PLANT_VOLUME, PLANT_METAL = 0.2e-6, 0.5e-3
"""Loop fluid [m3/W] and the metal that follows it [kg/W] of coolers, towers and chillers.  Assumed."""
COIL_VOLUME, COIL_METAL = 0.1e-6, 0.4e-3
"""The same of coils of room air handlers and rear doors, and of the cold side of exchangers.  Assumed."""
RACK_VOLUME = 0.15e-6
"""Coolant of a rack over its rated heat: plates, hoses and manifolds. [m3/W]  Assumed: 20 L at 130 kW."""
RACK_SHARE = 0.5
"""Part of the mass of racks and machines in a hall that follows its air within minutes. [-]  Assumed: sheet metal, boards
and heat sinks do, transformers and batteries do not."""
RACK_HEAT = 500.0
"""Specific heat capacity of racks with their equipment. [J/(kg K)]  Assumed: that of steel, a little more."""
FILM = 8.0
"""Film coefficient between air and racks. [W/(m2 K)]  Assumed: weak forced convection."""
INNER_SURFACE = 3.0
"""Surface that the air of a rack touches over that of its box. [-]  Assumed."""
HOT_SHARE = 0.5
"""Part of a hall's air in hot aisles, plenum and the way back. [-]  Assumed."""
AIR_DENSITY = 1.17
"""[kg/m3] at 28 degC and sea level; thinner air higher up is left out, as racks and not air hold most."""


@dataclass(frozen=True, eq=False)
class LoopMass:
    """Heat capacities of one loop outside its racks, place by place along the way of its fluid. [J/K]"""

    sources: float
    """What the sources hold."""
    tails: float
    """Pipes between sources and header, one way."""
    header: Array
    """(segments, 2) supply and return of each piece of the headers."""
    branch: Array
    """(sinks,) branch of each sink, one way."""
    sinks: Array
    """(sinks,) what each holds; 0 for racks."""
    volume: float
    """Fluid of all of it, tanks apart. [m3]"""
    tank: float
    """Fluid of the tanks."""
    tank_layers: int

    @property
    def supply(self) -> float:
        """Supply header, half of the branches, and what the sources hold."""
        return self.sources + self.tails + float(self.header[:, 0].sum() + self.branch.sum())

    @property
    def back(self) -> float:
        """Return header, the other half, and what the sinks that are no racks hold."""
        return self.tails + float(self.header[:, 1].sum() + self.branch.sum() + self.sinks.sum())


@dataclass(frozen=True)
class HallMass:
    """Heat capacities of one hall's air and of what it touches. [J/K]"""

    cold: float
    hot: float
    solid: float
    film: float
    """Between hot air and solid. [W/K]"""


def loop_mass(facility: Facility, loop: LoopNetwork) -> LoopMass:
    """Fluid and metal of one loop; the pipes of sources and branches run in pairs, out and back."""
    template = loop.template
    length, bore = np.asarray(template.link_length, float), np.asarray(template.link_diameter, float)
    fluid = length * pi / 4.0 * bore**2
    table = pipe_table(loop.circuit.pipe)
    rows = table.nearest(np.where(bore > 0.0, bore, table.inner_diameter[0]))
    # a pipe beyond the table has the wall of its largest size, whose section grows with the bore; no pipe has none
    metal = (
        length
        * table.metal_capacity[rows]
        * np.where(bore > 0.0, np.maximum(bore / table.inner_diameter[rows], 1.0), 0.0)
    )
    machines = facility.by_id
    ahead = [_held(machines[name], as_source=True) for name in (*loop.circuit.sources, *loop.circuit.precool)]
    behind = [_held(machines[name], as_source=False) for name in loop.circuit.sinks]
    tanks = [machines[name].product for name in loop.circuit.tanks]
    per_volume = loop.density * loop.capacity
    pipes = fluid * per_volume + metal
    header, branch = pipes[loop.segment_link], pipes[loop.sink_link] / 2.0
    # what lies neither in headers nor in branches lies between sources and header
    tails = (float(pipes.sum()) - float(header.sum()) - 2.0 * float(branch.sum())) / 2.0
    return LoopMass(
        sources=sum(volume * per_volume + mass * STEEL_HEAT for volume, mass in ahead),
        tails=max(tails, 0.0),
        header=header.reshape(-1, 2),
        branch=branch,
        sinks=np.array([volume * per_volume + mass * STEEL_HEAT for volume, mass in behind]),
        volume=float(fluid.sum()) + sum(volume for volume, _ in (*ahead, *behind)),
        tank=per_volume * sum(tank.volume for tank in tanks if isinstance(tank, Tank)),
        tank_layers=max((tank.layers for tank in tanks if isinstance(tank, Tank)), default=0),
    )


def _held(machine: Machine, *, as_source: bool) -> tuple[float, float]:
    """Fluid [m3] and metal [kg] of a machine on the side of the loop that it is source or sink of; racks apart."""
    match machine.product:
        case Cdu() as cdu if as_source:
            return cdu.coolant_volume or CDU_VOLUME * cdu.capacity, cdu.metal or CDU_METAL * cdu.capacity
        case Plant() as plant if as_source:
            return plant.volume or PLANT_VOLUME * plant.capacity, PLANT_METAL * plant.capacity
        case Cdu() | HeatExchanger() | Crah() | RearDoor() | Plant() as coil:
            return COIL_VOLUME * coil.capacity, COIL_METAL * coil.capacity
    return 0.0, 0.0


def coolant_mass(rack: Rack, loop: LoopNetwork) -> float:
    """Coolant inside a rack. [J/K]"""
    if rack.coolant is None:
        return 0.0
    volume = rack.coolant.volume or RACK_VOLUME * rack.coolant.rated_heat
    return volume * loop.density * loop.capacity


def plate_mass(rack: Rack) -> float:
    """Cold plates and packages of a rack; 0 where they are not known. [J/K]"""
    if rack.cold_plate is None or rack.accelerators is None:
        return 0.0
    return rack.accelerators.count * rack.cold_plate.metal * COPPER_HEAT


def hall_mass(facility: Facility, shell: Shell) -> HallMass:
    """Air of a hall and the racks and machines in it; walls and slab are left out, which errs on the warm side."""
    width, depth, height = shell.size
    inside = [machine for machine in facility.machines if machine.indoors and machine.hall == shell.id]
    boxes = sum(float(np.prod(machine.extent)) for machine in inside)
    volume = max(width * depth * (height + shell.ceiling_plenum) - boxes, 0.1 * width * depth * height)
    air = volume * AIR_DENSITY * AIR_CAPACITY
    mass = sum(machine.product.mass for machine in inside)
    surface = sum(_surface(machine) for machine in inside if machine.product.role == "it")
    return HallMass(
        cold=(1.0 - HOT_SHARE) * air,
        hot=HOT_SHARE * air,
        solid=max(RACK_SHARE * mass * RACK_HEAT, 1.0),
        film=FILM * INNER_SURFACE * surface,
    )


def _surface(machine: Machine) -> float:
    """Sides and top of a box. [m2]"""
    x, y, z = machine.extent
    return 2.0 * (x + y) * z + x * y
