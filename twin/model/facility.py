"""The facility: a layout with every repeat unrolled, every product looked up and every reference resolved.

This is what the rest of the program reads.  It is a value: nothing in it changes, and a changed copy is made
with ``replace``, which validates again.
"""

from __future__ import annotations

from functools import cached_property
from typing import Literal

from pydantic import model_validator

from twin.model.base import Frozen, Mark
from twin.model.dispatch import Dispatch
from twin.model.language import (
    Air,
    Containment,
    Economics,
    ElectricalRooms,
    Floor,
    Limit,
    Outdoor,
    Override,
    Redundancy,
    Trip,
    Waiver,
    Walls,
    Workload,
    Year,
)
from twin.model.piping import (
    Bypass,
    ExpansionVessel,
    HeatReuse,
    LoopFluid,
    PipeKind,
    PrimaryControl,
    PumpControl,
    Reset,
    Staging,
)
from twin.model.products import Cable, Product

Axis = Literal["x", "y"]
DOOR = ".door"
"""Behind the id of a rack that of its rear door."""


class Machine(Frozen):
    """A product at a place, with a name."""

    id: str
    type: str
    """Catalogue name."""
    product: Product
    group: str
    """Name of the group, row or block it was written in (``h1.ups``, ``h1.p1.s``)."""
    origin: tuple[float, float, float]
    """South-west floor corner of its footprint in site coordinates. [m]"""
    face: Literal["north", "south", "east", "west"] = "south"
    """Side of its front."""
    mark: Mark
    hall: str | None = None
    """Hall it stands in or belongs to; None for what all halls share."""
    pod: str | None = None
    row: str | None = None
    feed: str = ""
    """Side of the power tree (``A``), empty if it has none."""
    indoors: bool = False
    """True if it stands on the hall's floor."""
    outdoors: bool = False
    """True if the layout puts it into the yard."""
    spare: int = 0
    """How many of its group may fail without harm."""
    setpoint: float | None = None
    """Supply air set point of a room air handler. [degC]"""
    rear_door: Product | None = None
    """Rear-door heat exchanger on a rack."""
    rear_door_type: str = ""
    """Catalogue name of it."""
    host: str | None = None
    """Of a rear door the rack that carries it."""
    stage: Staging = "all"
    """How many of its group run in a loop."""
    outdoor_air: bool = False
    """A room air handler that may take outdoor air."""

    @property
    def kind(self) -> str:
        """Kind of the product."""
        return self.product.kind

    @property
    def extent(self) -> tuple[float, float, float]:
        """East, north and up extent of the footprint as it stands. [m]"""
        width, depth, height = self.product.size
        return (width, depth, height) if self.face in ("north", "south") else (depth, width, height)

    @property
    def door(self) -> Machine | None:
        """The rear door of a rack as a machine of its own, named after it; it stands on no floor."""
        if self.rear_door is None:
            return None
        return self.model_copy(
            update={
                "id": f"{self.id}{DOOR}", "type": self.rear_door_type, "product": self.rear_door, "rear_door": None,
                "rear_door_type": "", "group": f"{self.group}{DOOR}", "spare": 0, "host": self.id,
            }
        )  # fmt: skip

    @property
    def center(self) -> tuple[float, float, float]:
        """Middle of its box. [m]"""
        x, y, z = self.origin
        dx, dy, dz = self.extent
        return x + dx / 2, y + dy / 2, z + dz / 2


class Feed(Frozen):
    """A connection of the power tree: one input of one machine and what it hangs on."""

    to: str
    """Machine that is fed."""
    terminal: str
    """Its input: ``in`` and the feed's letter, if any."""
    sources: tuple[str, ...]
    """Machines that feed it; several are in parallel on a common bus."""
    rank: int = 0
    """Order of preference among the inputs of a transfer switch."""
    circuits: int = 1
    """Circuits in parallel."""
    breaker: float | None = None
    """Rating of each circuit's breaker. [A]"""
    poles: int = 3
    phases: tuple[Literal["A", "B", "C", "AB", "BC", "CA"], ...] = ()
    """Phases of each circuit with one or two poles; empty for three poles."""
    rated_100: bool = False
    interrupting: float | None = None
    """Short-circuit current the breakers interrupt. [A]"""
    trip: Trip | None = None
    """Release of the breakers; None for the usual one of their rating."""
    cable: Cable | None = None
    length: float | None = None
    """Length of the cable if the layout states it. [m]"""
    mark: Mark


class Circuit(Frozen):
    """One closed fluid loop."""

    id: str
    fluid: LoopFluid
    sources: tuple[str, ...]
    sinks: tuple[str, ...]
    pumps: tuple[str, ...]
    """All of them, those of a second station last."""
    supply: float
    """Supply set point. [degC]"""
    header: float | None
    """Header diameter if stated. [m]"""
    branch: float | None
    roughness: float | None
    """[m]; None for that of the kind of pipe."""
    mark: Mark
    reset: Reset | None = None
    dew_point_margin: float | None = None
    """[K]"""
    precool: tuple[str, ...] = ()
    """Machines in the return, before the sources."""
    reuse: tuple[HeatReuse, ...] = ()
    tanks: tuple[str, ...] = ()
    dispatch: Dispatch | None = None
    secondary: tuple[str, ...] = ()
    """Pumps of a second station: secondary pumps behind a decoupler, or boosters in series with the others."""
    decoupler: bool = False
    """Its second station draws from a pipe that joins supply and return at the sources."""
    primary: PrimaryControl = PrimaryControl()
    bypass: Bypass | None = None
    valves: Literal["two_way", "three_way"] = "two_way"
    control: PumpControl = PumpControl()
    mains: Literal["tree", "ring"] = "tree"
    pipe: PipeKind = "steel_std"
    static_pressure: float = 1.5e5
    """At the pumps' suction. [Pa]"""
    height: float = 0.0
    """Highest point above the pumps' suction. [m]"""
    strainer: float = 0.0
    """[Pa] at design flow."""
    expansion: ExpansionVessel | None = None
    closing_time: float = 2.0
    """Of the valves of its branches. [s]"""
    frost: Literal["fluid", "drained", "heated"] = "fluid"
    shut: tuple[str, ...] = ()
    """Sinks whose valves are shut."""
    insulation: float = 0.0
    """[m]"""

    @property
    def stations(self) -> tuple[tuple[str, ...], ...]:
        """Pumps in parallel, by station in the order of the flow; empty without pumps."""
        first = tuple(name for name in self.pumps if name not in set(self.secondary))
        return tuple(station for station in (first, self.secondary) if station)


class Zone(Frozen):
    """A pod: rows that share containment; one zone of the air model."""

    id: str
    hall: str
    rows: tuple[str, ...]
    containment: Containment
    mark: Mark


class Run(Frozen):
    """A row: its machines in order and where it lies."""

    id: str
    hall: str
    pod: str
    machines: tuple[str, ...]
    axis: Axis
    """Direction in which the row runs."""
    face: Literal["north", "south", "east", "west"]
    origin: tuple[float, float]
    """South-west corner, site coordinates. [m]"""
    length: float
    """[m]"""
    depth: float
    mark: Mark


class Barrier(Frozen):
    """A wall inside a hall."""

    id: str
    origin: tuple[float, float]
    """South-west corner in site coordinates. [m]"""
    size: tuple[float, float]
    """East and north extent. [m]"""
    height: float | None = None
    """Above the floor; None up to the ceiling. [m]"""
    mark: Mark


class Vent(Frozen):
    """A hole in a wall or the ceiling of a hall: to surroundings, or one that gives supply air."""

    id: str
    wall: Literal["north", "south", "east", "west", "ceiling"]
    at: tuple[float, float]
    """From the wall's lower west or south corner: along the wall and up; east and north in the ceiling. [m]"""
    size: tuple[float, float]
    """[m]"""
    temperature: float
    """Of the air that comes in. [degC]"""
    flow: float | None = None
    """Supply air; None for a hole to surroundings. [m3/s]"""
    mark: Mark


class Shell(Frozen):
    """A hall."""

    id: str
    """Name; empty for the single hall of a file."""
    origin: tuple[float, float]
    """South-west floor corner in site coordinates. [m]"""
    size: tuple[float, float, float]
    floor: Floor
    columns: tuple[tuple[float, float, float, float], ...] = ()
    """x, y, east extent, north extent in site coordinates. [m]"""
    air: Air
    indoor_losses: float = 0.0
    electrical_rooms: ElectricalRooms = ElectricalRooms()
    """Rooms of the machines that belong to the hall and do not stand in it."""
    ceiling_plenum: float = 0.0
    """Depth of a return plenum above the hall's height. [m]"""
    barriers: tuple[Barrier, ...] = ()
    vents: tuple[Vent, ...] = ()
    walls: Walls | None = None
    tile_rows: tuple[str, ...] | None = None
    """Rows that have perforated tiles before them; None for all."""
    mark: Mark


class Tray(Frozen):
    """A cable tray or busway run overhead, along one row."""

    id: str
    row: str
    height: float
    section: tuple[float, float]
    mark: Mark


class Place(Frozen):
    """Site values with all defaults looked up."""

    climate: str
    elevation: float
    """[m]"""
    outdoor: Outdoor
    evaporation: Outdoor | None = None
    """Evaporation design day, which sizes towers and wet pads; None where the outdoors are one's own or assumed."""
    grid: str
    electricity_price: float
    """[USD/J]"""
    carbon_intensity: float
    """[kg/J]"""
    water_price: float
    """[USD/m3]"""
    sources: dict[str, str] = {}
    """Value name to document or ``assumed``."""


class Facility(Frozen):
    """Everything there is, by name."""

    name: str
    description: str = ""
    file: str
    """Layout file."""
    digest: str = ""
    """SHA-256 of the layout as loaded (with includes and overrides)."""
    place: Place
    halls: tuple[Shell, ...]
    zones: tuple[Zone, ...] = ()
    runs: tuple[Run, ...] = ()
    machines: tuple[Machine, ...] = ()
    feeds: tuple[Feed, ...] = ()
    circuits: tuple[Circuit, ...] = ()
    trays: tuple[Tray, ...] = ()
    electrical_rooms: ElectricalRooms = ElectricalRooms()
    """Rooms of the machines that all halls share."""
    workload: Workload = Workload()
    economics: Economics = Economics()
    year: Year = Year()
    limits: tuple[tuple[Limit, Mark], ...] = ()
    waivers: tuple[tuple[Waiver, Mark], ...] = ()
    overrides: tuple[tuple[Override, Mark], ...] = ()
    redundancy: Redundancy = Redundancy()
    params: dict[str, str | float | int | bool | None] = {}

    @model_validator(mode="after")
    def _names_resolve(self) -> Facility:
        names = {machine.id for machine in self.machines}
        if len(names) != len(self.machines):
            raise ValueError("two machines share one id")
        names |= {f"{machine.id}{DOOR}" for machine in self.machines if machine.rear_door is not None}
        for feed in self.feeds:
            missing = {feed.to, *feed.sources} - names
            if missing:
                raise ValueError(f"a feed names {sorted(missing)[0]!r}, which does not exist")
        for circuit in self.circuits:
            missing = {*circuit.sources, *circuit.sinks, *circuit.pumps} - names
            if missing:
                raise ValueError(f"loop {circuit.id!r} names {sorted(missing)[0]!r}, which does not exist")
        return self

    @cached_property
    def by_id(self) -> dict[str, Machine]:
        """Machines by name, rear doors too."""
        return {machine.id: machine for machine in (*self.machines, *self.doors)}

    @cached_property
    def doors(self) -> tuple[Machine, ...]:
        """Rear doors of the racks, in their order; ``machines`` leaves them out, for they stand on no floor."""
        return tuple(door for machine in self.machines if (door := machine.door) is not None)

    @cached_property
    def racks(self) -> tuple[Machine, ...]:
        """Racks in order."""
        return tuple(machine for machine in self.machines if machine.kind == "rack")

    def of_kind(self, *kinds: str) -> tuple[Machine, ...]:
        """Machines of some kinds, in order; rear doors last."""
        return tuple(machine for machine in (*self.machines, *self.doors) if machine.kind in kinds)
