"""The liquid side of the layout language: plant, pumps and loops."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field, model_validator

from twin.model.base import Frozen
from twin.model.dispatch import Dispatch
from twin.model.names import Id, Point2, Selectors, Spare, Units
from twin.units import (
    Duration,
    Fraction,
    Length,
    Power,
    Pressure,
    Temperature,
    TemperatureDifference,
    Volume,
    VolumeFlow,
)

Staging = Literal["all", "needed"]
LoopFluid = Literal["water", "pg25", "pg40", "pg25_inhibited", "pg40_inhibited"]
"""Water; propylene glycol by mass without inhibitors; inhibited products by volume."""
SETPOINT_BAND = 0.5
"""Deviation that still counts as holding a set point, of coolant and of air. [K] Assumed."""
PRIMARY_SURPLUS = 0.05
"""Primary flow beyond the secondary one where the layout says nothing. [-] Assumed."""
LEAST_SPEED = 0.2
"""Lowest fixed speed of pumps over full speed: drives hold 10 Hz of 50 Hz, and motors are cooled no further. [-] Assumed."""
PipeKind = Literal["steel_std", "steel_40", "steel_80", "stainless_10s", "copper_l"]
"""Tables of pipe dimensions: ASME B36.10M standard weight, schedules 40 and 80, B36.19M 10S, ASTM B88 type L."""


class PlantGroup(Frozen):
    """Machines that serve a loop: dry coolers, towers, chillers, plate exchangers, thermosyphons, tanks, pumps."""

    id: Id
    """Name; units are numbered from 1."""
    type: str
    """Product."""
    count: Units
    """Units installed."""
    spare: Spare = 0
    """Units that may fail without harm."""
    stage: Staging | None = None
    """How many run: ``all`` that are in service share the load, ``needed`` as few as carry it; without it chillers as few
    as needed and all else together (fans and pumps with variable speed draw least so)."""
    at: Point2 | None = None
    """Where the first unit stands in the yard; without it they line up north of the hall."""
    level: Length = Field(default=0.0, ge=-100, le=500)
    """Height at which its units stand: a roof, or less than 0 in a basement.  Pipes get longer by the rise, and pressures
    are those at that height."""


class Reset(Frozen):
    """A set point that follows the outdoors: linear between the points, level beyond them."""

    by: Literal["dry_bulb", "wet_bulb"] = "wet_bulb"
    """What it follows."""
    points: Annotated[tuple[tuple[Temperature, Temperature], ...], Field(min_length=2, max_length=20)]
    """Pairs of outdoor temperature and supply set point, outdoor temperatures ascending."""

    @model_validator(mode="after")
    def _points_ascend(self) -> Reset:
        outdoors = [first for first, _ in self.points]
        if any(b <= a for a, b in pairwise(outdoors)):
            raise ValueError(
                "outdoor temperatures of the points must ascend, or the set point is not defined"
            )
        return self


class PumpControl(Frozen):
    """What the speed of a loop's pumps holds."""

    hold: Literal["valves", "pressure", "speed"] = "valves"
    """``valves``: no more pressure than the worst sink needs (reset by the most open valve); ``pressure``: a fixed pressure
    difference at the far end of the headers; ``speed``: a fixed speed."""
    pressure: Pressure | None = Field(default=None, gt=0, le=2e6)
    """Held by ``hold: pressure``."""
    speed: Fraction | None = Field(default=None, ge=LEAST_SPEED, le=1)
    """Held by ``hold: speed``; without it full speed.  Pumps do not run slower than 20 %."""

    @model_validator(mode="after")
    def _values_fit(self) -> PumpControl:
        if (self.hold == "pressure") != (self.pressure is not None):
            raise ValueError("hold: pressure needs a pressure, and no other control does")
        if self.speed is not None and self.hold != "speed":
            raise ValueError("speed is for hold: speed")
        return self


class PrimaryControl(Frozen):
    """What the speed of the primary pumps holds where secondary pumps draw the supply through a decoupler."""

    hold: Literal["surplus", "speed"] = "surplus"
    """``surplus``: somewhat more flow than the secondary pumps draw, so that no return mixes into the supply; ``speed``: a
    fixed speed."""
    surplus: Fraction | None = Field(default=None, ge=0, le=1)
    """Primary flow beyond the secondary one, by ``hold: surplus``; without it 5 % (assumed)."""
    speed: Fraction | None = Field(default=None, ge=LEAST_SPEED, le=1)
    """Held by ``hold: speed``; without it full speed.  Pumps do not run slower than 20 %."""

    @model_validator(mode="after")
    def _values_fit(self) -> PrimaryControl:
        if self.speed is not None and self.hold != "speed":
            raise ValueError("speed is for hold: speed")
        if self.surplus is not None and self.hold != "surplus":
            raise ValueError("surplus is for hold: surplus")
        return self


class Bypass(Frozen):
    """A way from the supply to the return header past the sinks; what it passes mixes into the return."""

    at: Literal["end", "plant"] = "end"
    """Behind the last sink, or where the headers begin."""
    flow: VolumeFlow | None = Field(default=None, gt=0)
    """It always passes this."""
    minimum: VolumeFlow | None = Field(default=None, gt=0)
    """It opens as far as the headers must carry at least this, for the sake of pumps and chillers."""

    @model_validator(mode="after")
    def _one_duty(self) -> Bypass:
        if (self.flow is None) == (self.minimum is None):
            raise ValueError(
                "a by-pass has either a flow that it always passes or a minimum that it keeps up"
            )
        return self


class HeatReuse(Frozen):
    """A user of the return's heat: takes what it wants, but cools the return no further than its temperature."""

    id: Id
    """Name."""
    power: Power = Field(gt=0)
    """Most heat it takes."""
    temperature: Temperature
    """Coldest return that it leaves: what the user needs and the approach of its exchanger."""


class ExpansionVessel(Frozen):
    """What takes up the growth of a loop's fluid as it warms: a vessel with a diaphragm on a gas cushion."""

    volume: Volume = Field(gt=0, le=1000)
    """Gas and fluid."""
    precharge: Pressure = Field(ge=0, le=2.5e6)
    """Gauge pressure of the gas while the vessel holds no fluid."""
    relief: Pressure = Field(default=6e5, gt=0, le=2.5e6)
    """Gauge pressure at which the loop's relief valve opens; the default is assumed."""

    @model_validator(mode="after")
    def _gas_gives_way_before_the_valve(self) -> ExpansionVessel:
        if self.precharge >= self.relief:
            raise ValueError(
                "relief must exceed precharge, or the relief valve opens before the vessel takes anything"
            )
        return self


class Loop(Frozen):
    """A closed fluid loop: sources make the supply, sinks use it."""

    id: Id
    """Name; loops per pod, row or hall get the pod's name behind it."""
    fluid: LoopFluid = "water"
    """Fluid."""
    source: Selectors
    """Machines that make the supply temperature (plant, CDUs)."""
    sinks: Selectors | None = None
    """Machines that take heat up into the loop.  An air-cooled rack with a rear door stands for its door; of a liquid-cooled
    one the cold plates are meant."""
    doors: Selectors | None = None
    """Rear doors that this loop cools, named by their racks (``kind:rack``, ``row:p.s``) or as doors (``kind:rear_door``).
    So a liquid-cooled rack may hang on two loops: its cold plates on one, its door on another."""
    pumps: Selectors | None = None
    """Circulation pumps; sources with their own pumps (CDUs) need none."""
    secondary: Selectors | None = None
    """Secondary pumps, which draw the supply to the headers; ``pumps`` then circulate the sources alone, and a decoupler
    between supply and return takes the difference of both flows.  ``control`` is theirs."""
    primary: PrimaryControl | None = None
    """What the speed of ``pumps`` holds where there are secondary pumps; without it a surplus of 5 % (assumed)."""
    boosters: Selectors | None = None
    """Pumps in series with ``pumps``, without a decoupler: all run at one speed."""
    bypass: Bypass | None = None
    """By-pass between the headers."""
    valves: Literal["two_way", "three_way"] = "two_way"
    """Control valves of the sinks: those that throttle a branch, or those that keep its flow and lead past the sink what it
    does not need."""
    supply: Temperature
    """Supply set point; with a ``reset`` it only tells for which temperature flows and pipes are laid out.  Condenser water
    of chillers with a water-side economizer is run colder than this where the economizer can use that, down to 5 K above the
    outdoors (assumed; the results' notes name such loops)."""
    reset: Reset | None = None
    """Set point that follows the outdoors instead of ``supply``; the expansion vessel is told for its warmest point."""
    dew_point_margin: TemperatureDifference | None = Field(default=None, ge=0, le=10)
    """The set point is raised to the dew point of the halls of its sinks and this margin."""
    per: Literal["facility", "hall", "pod", "row"] = "facility"
    """One loop for all, or one each."""
    precool: Selectors | None = None
    """Machines in the return, before the sources: they take what the outdoors allow (thermosyphons, dry coolers); of several
    types one after the other, as they are named."""
    reuse: tuple[HeatReuse, ...] = ()
    """Users of its heat, in the return, before the machines above."""
    tanks: Selectors | None = None
    """Storage tanks of cold fluid between sources and headers."""
    dispatch: Dispatch | None = None
    """When a year charges and discharges its tanks; without it they only ride through."""
    control: PumpControl = PumpControl()
    """What the speed of its pumps holds."""
    mains: Literal["tree", "ring"] = "tree"
    """Headers that end at the last sink, or rings that reach every sink from two sides."""
    pipe: PipeKind = "steel_std"
    """Table of its pipe sizes."""
    header: Length | None = Field(default=None, gt=0, le=3)
    """Inner diameter of the headers; without it sized for the velocity limit."""
    branch: Length | None = Field(default=None, gt=0, le=3)
    """Inner diameter of the branch to each sink; without it sized for the velocity limit."""
    roughness: Length | None = Field(default=None, gt=0, le=0.01)
    """Pipe roughness; without it that of its kind of pipe when new."""
    static_pressure: Pressure = Field(default=1.5e5, ge=0, le=2.5e6)
    """Gauge pressure that the expansion vessel holds at the pumps' suction; the default is assumed."""
    height: Length = Field(default=0.0, ge=0, le=200)
    """Highest point of the loop's pipes above the pumps' suction; machines on a ``level`` count by themselves."""
    strainer: Pressure = Field(default=0.0, ge=0, le=3e5)
    """Pressure drop of strainers and filters at the pumps at design flow, half clogged."""
    expansion: ExpansionVessel | None = None
    """Expansion vessel, filled cold to ``static_pressure``; without it the size that is needed is told."""
    closing_time: Duration = Field(default=2.0, ge=0, le=600)
    """Time in which the last part of a valve's travel stops the flow of a branch, for the surge; the default is assumed,
    that of quick motor valves."""
    frost: Literal["fluid", "drained", "heated"] = "fluid"
    """What saves coils outdoors from frost while they stand still: the fluid itself, or that they drain or are heated."""
    shut: Selectors | None = None
    """Sinks whose isolation valves are shut, such as racks that still have to be commissioned; of a rack what of it the loop
    cools."""
    insulation: Length = Field(default=0.0, ge=0, le=0.3)
    """Thickness of the pipes' insulation; 0 leaves heat gains and losses of pipes out."""

    @model_validator(mode="after")
    def _only_tanks_are_dispatched(self) -> Loop:
        if self.dispatch is not None and self.tanks is None:
            raise ValueError("dispatch tells when tanks are charged; this loop has none, add tanks:")
        return self

    @model_validator(mode="after")
    def _something_is_cooled(self) -> Loop:
        if self.sinks is None and self.doors is None:
            raise ValueError("a loop cools something; name it under sinks: (or, of rear doors, under doors:)")
        return self


class Liquid(Frozen):
    """Liquid side."""

    plant: tuple[PlantGroup, ...] = ()
    """Dry coolers, towers, chillers, plate exchangers, thermosyphons, tanks."""
    pumps: tuple[PlantGroup, ...] = ()
    """Circulation pumps."""
    loops: tuple[Loop, ...] = ()
    """Loops."""
