"""The layout language: the document a designer writes, before repeats are unrolled and names are joined."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from twin.model.base import Frozen
from twin.model.names import Count, Id, Point2, Selectors, Side, Spare, Units
from twin.model.piping import Liquid
from twin.units import (
    ApparentPower,
    CarbonIntensity,
    Current,
    Duration,
    EnergyPrice,
    FloorLoad,
    Fraction,
    Length,
    PowerPrice,
    Pressure,
    Temperature,
    ThermalTransmittance,
    Voltage,
    VolumeFlow,
    VolumePrice,
)


class Outdoor(Frozen):
    """The outdoor state at which the design is evaluated."""

    dry_bulb: Temperature = Field(ge=-50, le=60)
    """Outdoor air temperature."""
    wet_bulb: Temperature = Field(ge=-50, le=40)
    """Outdoor wet-bulb temperature."""

    @model_validator(mode="after")
    def _wet_is_not_above_dry(self) -> Outdoor:
        if self.wet_bulb > self.dry_bulb:
            raise ValueError("wet_bulb exceeds dry_bulb, which no air can do")
        return self


class Site(Frozen):
    """Where the facility stands: climate, grid and prices."""

    climate: str | None = None
    """Named design climate of the catalogue, for example ``phoenix``."""
    elevation: Length | None = Field(default=None, ge=-430, le=5500)
    """Height above sea level; thin air carries less heat."""
    grid: str | None = None
    """Named grid region of the catalogue, for example ``us-az``."""
    outdoor: Outdoor | None = None
    """Evaluated outdoor state; without it the climate's 0.4 % cooling design day and, where towers or wet pads cool, its
    0.4 % evaporation design day (by wet bulb) as well, with nothing lost and with every loss that such plant feels."""
    electricity_price: EnergyPrice | None = Field(default=None, ge=0)
    """Price of electrical energy; without it the grid region's."""
    carbon_intensity: CarbonIntensity | None = Field(default=None, ge=0)
    """Emissions of grid electricity; without it the grid region's."""
    water_price: VolumePrice = Field(default=2.0, ge=0)
    """Price of make-up water."""


class TileArea(Frozen):
    """A rectangle of perforated tiles in a raised floor."""

    at: Point2
    """South-west corner in the hall."""
    size: Point2 = (0.6, 0.6)
    """East and north extent."""
    open_area: Fraction = Field(default=0.25, gt=0, lt=1)
    """Free share of the tiles' area."""


class Tiles(Frozen):
    """Perforated tiles along the rows."""

    open_area: Fraction = Field(default=0.25, gt=0, lt=1)
    """Free share of the tiles' area."""
    where: Literal["cold_aisles", "fronts"] = "cold_aisles"
    """The whole floor of the cold aisles (rows without one get a strip), or a strip one tile deep before every row."""
    rows: Selectors | None = None
    """Rows that have tiles before them; without it all."""


class Floor(Frozen):
    """What the racks stand on."""

    type: Literal["slab", "raised"] = "slab"
    """Slab on grade, or raised access floor."""
    height: Length = Field(default=0.0, ge=0, le=3)
    """Height of a raised floor above the slab."""
    tile: Length = Field(default=0.6, gt=0, le=2)
    """Tile pitch of a raised floor."""
    load_limit: FloorLoad = Field(default=12e3, gt=0)
    """Distributed load the floor carries."""
    point_limit: FloorLoad | None = None
    """Load under a single machine's footprint the floor carries; without it the distributed limit over the footprint and
    its clearances applies alone."""
    tiles: Tiles | tuple[TileArea, ...] = Tiles()
    """Perforated tiles of a raised floor: along the rows, or as a list of areas."""
    leakage: Fraction = Field(default=0.001, ge=0, lt=1)
    """Open share of a raised floor outside the tiles (seams, cutouts); the default is assumed."""


class Column(Frozen):
    """A structural column."""

    at: Point2
    """South-west corner."""
    size: Point2 = (0.6, 0.6)
    """East and north extent."""


class Partition(Frozen):
    """A wall inside the hall."""

    id: Id
    """Name."""
    at: Point2
    """South-west corner."""
    size: Point2
    """East and north extent."""
    height: Length | None = Field(default=None, gt=0, le=100)
    """Height above the floor; without it up to the ceiling."""


class Walls(Frozen):
    """What the hall's outer walls let through."""

    u_value: ThermalTransmittance = Field(gt=0, le=20)
    """Heat per area and temperature difference, from the hall's air to the air behind the wall."""
    outside: Temperature = Field(ge=-50, le=80)
    """Air behind the walls."""


class Repeat(Frozen):
    """Copies of a block."""

    count: Count
    """Number of copies."""
    step: tuple[Length, Length] = (0.0, 0.0)
    """East and north distance from one copy to the next."""


class Containment(Frozen):
    """How hot and cold air are kept apart around an aisle."""

    aisle: Literal["none", "hot", "cold", "chimney"] = "none"
    """Which aisle is enclosed."""
    width: Length = Field(default=1.2, gt=0, le=10)
    """Distance between the two rows of the aisle."""
    doors: bool = True
    """Doors at the aisle ends."""
    leakage: Fraction | None = Field(default=None, ge=0, le=1)
    """Share of rack air drawn from the hot side through gaps; without it a default for the type."""
    gaps: Fraction = Field(default=0.005, ge=0, lt=1)
    """Open share of the area of roof, doors and other panels, for the 3-D air; the default is assumed."""


class Row(Frozen):
    """Machines side by side."""

    id: Id
    """Name of the row in its pod."""
    face: Side
    """The side on which the air goes in."""
    lineup: tuple[str, ...] = Field(min_length=1)
    """Products in order, west to east (south to north for rows facing east or west): ``cdu_2000kw``,
    ``16 x gb300_nvl72``, ``gap 600 mm``."""
    at: Point2 | None = None
    """Offset from the pod's corner; without it rows stack with the containment width between them."""
    rear_door: str | None = None
    """Rear-door heat exchanger product on every rack of the row.  A loop that names air-cooled racks as its sinks
    (``sinks: "kind:rack"``) has their doors; a door without fans needs no feed."""


class Pod(Frozen):
    """Rows that share containment."""

    id: Id
    """Name; copies are numbered from 1."""
    at: Point2
    """South-west corner in the hall."""
    repeat: Repeat | None = None
    """Copies of this pod."""
    containment: Containment = Containment()
    """Aisle containment."""
    rows: tuple[Row, ...] = Field(min_length=1)
    """Rows from south to north (west to east for rows facing east or west)."""


class Equipment(Frozen):
    """Free-standing machine by position."""

    id: Id
    """Name; copies are numbered from 1."""
    type: str
    """Product."""
    at: Point2
    """South-west corner."""
    face: Side = "south"
    """The side of the front."""
    repeat: Repeat | None = None
    """Copies."""
    where: Literal["hall", "yard"] = "hall"
    """In the hall, or outside it."""


class CrahGroup(Frozen):
    """Room air handlers along a wall."""

    id: Id
    """Name; units are numbered from 1."""
    type: str
    """Product."""
    along: Side = "west"
    """Wall they stand along."""
    count: Units
    """Units installed."""
    spare: Spare = 0
    """Units that may fail without harm; they run along with the others."""
    supply: Temperature = Field(default=24.0, ge=5, le=60)
    """Supply air set point."""
    outdoor_air: bool = False
    """They take outdoor air instead of the hall's where that saves cooling (air-side economizer)."""


class WallOpening(Frozen):
    """A hole in a wall or the ceiling to surroundings at rest: air goes in or out as pressure has it."""

    id: Id
    """Name."""
    wall: Side | Literal["ceiling"]
    """Where it is."""
    at: Point2
    """Distance of its lower west or south corner from that of the wall: along the wall and up from the floor; east and
    north in the ceiling."""
    size: Point2
    """Along the wall and up; east and north in the ceiling."""
    temperature: Temperature = Field(default=24.0, ge=-50, le=60)
    """Of air that comes in."""


class Slot(Frozen):
    """A diffuser in a wall or the ceiling that gives a fixed flow of supply air, which leaves through an opening."""

    id: Id
    """Name."""
    wall: Side | Literal["ceiling"]
    """Where it is."""
    at: Point2
    """As that of an opening."""
    size: Point2
    """As that of an opening."""
    flow: VolumeFlow = Field(gt=0)
    """Supply air."""
    temperature: Temperature = Field(ge=5, le=60)
    """Of the supply air."""


class Air(Frozen):
    """Air side of a hall."""

    crahs: tuple[CrahGroup, ...] = ()
    """Room air handlers."""
    dew_point: Temperature = Field(default=10.0, ge=-40, le=40)
    """Dew point of the supply air held by the make-up air unit."""
    supply_ratio: float = Field(default=1.1, gt=0, le=3)
    """Supply air over rack air that the fans are controlled to; air that rear doors have cooled counts by the heat left."""
    openings: tuple[WallOpening, ...] = ()
    """Holes in walls and ceiling, for the 3-D air."""
    slots: tuple[Slot, ...] = ()
    """Diffusers of supply air from elsewhere, for the 3-D air."""


class Trip(Frozen):
    """Release of a breaker and its settings.

    Without one a breaker is taken to have: up to 250 A a thermal-magnetic release; up to 1200 A an electronic one with
    short time at 6 times the rating and 0.1 s and an instantaneous release at 11 times; above that an electronic one with
    short time at 4 times the rating and 0.3 s, without instantaneous release.  All assumed.
    """

    type: Literal["thermal_magnetic", "electronic"] = "thermal_magnetic"
    """Bimetal and magnet, or an electronic release."""
    pickup: float = Field(default=1.0, ge=0.2, le=1.25)
    """Long-time pick-up over the breaker's rating."""
    delay: Duration = Field(default=12.0, gt=0, le=60)
    """Long-time delay of an electronic release at 6 times its pick-up."""
    short_pickup: float | None = Field(default=None, gt=1, le=20)
    """Short-time pick-up of an electronic release over its long-time pick-up; without it none."""
    short_delay: Duration = Field(default=0.1, gt=0, le=1)
    """Delay of the short-time release."""
    instantaneous: float | None = Field(default=None, gt=1, le=100)
    """Instantaneous pick-up over the breaker's rating; without it 10 for a magnet, none for an electronic release."""

    @model_validator(mode="after")
    def _a_magnet_has_no_short_time(self) -> Trip:
        if self.type == "thermal_magnetic" and self.short_pickup is not None:
            raise ValueError(
                "short_pickup needs type: electronic; a thermal-magnetic release has no short time"
            )
        return self


Feeds = tuple[Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9]{0,3}$")], ...]
Deal = Literal["block", "round", "common", "pairs"]
Phases = Literal["A", "B", "C", "AB", "BC", "CA"]
"""Conductors of a circuit of one pole (and the neutral) or two poles."""
PhaseDeal = Literal["balanced", "same", "A", "B", "C", "AB", "BC", "CA"]


class UtilityFeed(Frozen):
    """Connection to the grid."""

    id: Id
    """Name."""
    voltage: Voltage = Field(gt=0)
    """Line-to-line voltage."""
    capacity: ApparentPower = Field(gt=0)
    """Contracted capacity."""
    fault_level: ApparentPower | None = Field(default=None, gt=0)
    """Largest three-phase short-circuit power; without it 20 times the capacity (assumed)."""
    fault_level_min: ApparentPower | None = Field(default=None, gt=0)
    """Smallest three-phase short-circuit power; without it half the largest (assumed)."""
    x_to_r: float = Field(default=10.0, gt=0, le=200)
    """Reactance over resistance of the grid."""
    circuits: Literal[1, 2] = 1
    """Independent lines that make the connection, for its reliability."""

    @model_validator(mode="after")
    def _fault_levels_ascend(self) -> UtilityFeed:
        if self.fault_level_min and self.fault_level and self.fault_level_min > self.fault_level:
            raise ValueError("fault_level_min exceeds fault_level")
        return self


class PowerGroup(Frozen):
    """Like machines of the power tree."""

    id: Id
    """Name; copies are numbered from 1, sides get their letter (``ups.A1``)."""
    type: str
    """Product."""
    count: Count | None = None
    """Copies (per feed); without it a single machine that bears the name itself."""
    spare: Spare = 0
    """Copies that may fail without harm."""
    feeds: Feeds = ()
    """Sides: every side gets its own ``count`` copies."""
    from_: Selectors | dict[str, Selectors] = Field(default=(), alias="from")
    """Upstream machines; a mapping gives each feed its own. A transfer switch takes a list in order of preference."""
    deal: Deal = "block"
    """How copies share several upstream machines: ``block`` (in order, evenly), ``round`` (in turn), ``common`` (all
    upstream machines in parallel on one bus), ``pairs`` (the feeds of one row from two different machines, all pairs
    in turn)."""
    along: Selectors | None = None
    """Rows along which busways run: one per row (and feed)."""
    height: Length = Field(default=3.0, ge=0, le=20)
    """Height of a busway above the floor."""
    at: Point2 | None = None
    """Where the first copy stands; without it in an electrical room west of the hall."""
    breaker: Current | None = Field(default=None, gt=0)
    """Rating of the breaker in each input."""
    rated_100: bool = False
    """True for breakers listed for continuous load at 100 % of their rating."""
    interrupting: Current | None = Field(default=None, gt=0)
    """Symmetrical short-circuit current the breakers interrupt (Icu, AIC); without it that of the board they stand in."""
    trip: Trip | None = None
    """Release of the breakers; without it one by their rating."""
    cable: str | None = None
    """Cable product of each input; without it the connection's impedance is neglected."""
    circuits: int = Field(default=1, ge=1, le=64)
    """Cables in parallel per phase of each input."""
    length: Length | None = Field(default=None, ge=0, le=20_000)
    """Length of the cable; without it from the geometry."""


class Whip(Frozen):
    """Final circuits from busways, panels or switchboards to loads."""

    to: Selectors
    """Loads: racks, sidecars, cooling machines."""
    from_: Selectors = Field(alias="from")
    """What feeds them; machines along the load's own row are preferred."""
    feeds: Feeds = ()
    """Sides; the load divides over those that are live."""
    per_rack: int = Field(default=1, ge=1, le=64)
    """Circuits per load over all feeds."""
    breaker: Current | None = Field(default=None, gt=0)
    """Rating of each circuit's breaker."""
    poles: Literal[1, 2, 3] = 3
    """Poles of the breaker."""
    phases: PhaseDeal | tuple[Phases, ...] | None = None
    """Phases of circuits of one or two poles: ``balanced`` (also without it) deals A, B, C or AB, BC, CA in turn to the
    circuits of a source, ``same`` puts all on the first, a list is dealt in its own order."""
    rated_100: bool = False
    """True for a breaker listed for continuous load at 100 % of its rating."""
    interrupting: Current | None = Field(default=None, gt=0)
    """Symmetrical short-circuit current the breakers interrupt (Icu, AIC); without it that of the board they stand in."""
    trip: Trip | None = None
    """Release of the breakers; without it one by their rating."""
    cable: str | None = None
    """Cable product; without it the whip's impedance is neglected."""
    length: Length | None = Field(default=None, ge=0, le=5000)
    """Length; without it from the geometry."""
    deal: Deal = "block"
    """How loads share several upstream machines of one feed."""


class ElectricalRooms(Frozen):
    """How the rooms of UPS, switchboards, rectifiers, panels and dry transformers get rid of their losses."""

    cooling: Literal["air_conditioning", "ventilation", "none"] = "air_conditioning"
    """``air_conditioning``: units that reject to outdoor air; ``ventilation``: fans and outdoor air; ``none``: losses
    leave at no cost."""
    cop: float = Field(default=2.58, gt=0.5, le=20)
    """Heat taken from the rooms over power, fans included, in outdoor air of 35 degC: net sensible COP of AHRI 1360.
    The default is what ASHRAE 90.1-2019 asks of floor-mounted, air-cooled units of 23 to 86 kW (as quoted)."""
    temperature: Temperature | None = Field(default=None, ge=10, le=60)
    """Of the rooms' air; without it 29.4 degC with air conditioning (rating point of the units' return air, AHRI 1360) and
    40 degC with ventilation (warmest ambient of switchgear, IEC 61439-1, 7.1.1)."""
    fan_pressure: Pressure = Field(default=400.0, gt=0, le=3000)
    """Total pressure of the fans of ``ventilation``; assumed."""
    fan_efficiency: Fraction = Field(default=0.5, gt=0, le=1)
    """Of fan, motor and drive of ``ventilation``; assumed."""

    @model_validator(mode="after")
    def _words_belong_to_the_cooling(self) -> ElectricalRooms:
        for words, way in (
            (("cop",), "air_conditioning"),
            (("fan_pressure", "fan_efficiency"), "ventilation"),
        ):
            for word in words:
                if word in self.model_fields_set and self.cooling != way:
                    raise ValueError(f"{word} belongs to cooling: {way}; here it is {self.cooling}")
        if self.cooling == "none" and self.temperature is not None:
            raise ValueError("temperature belongs to air_conditioning or ventilation; here cooling is none")
        return self


class PowerTree(Frozen):
    """The power tree from the utility to the loads."""

    utility: UtilityFeed | tuple[UtilityFeed, ...] = ()
    """Grid connections."""
    generators: tuple[PowerGroup, ...] = ()
    """Standby generators."""
    bess: tuple[PowerGroup, ...] = ()
    """Battery energy storage that stands in for lost mains."""
    transformers: tuple[PowerGroup, ...] = ()
    """Transformers."""
    transfer_switches: tuple[PowerGroup, ...] = ()
    """Static and automatic transfer switches."""
    switchboards: tuple[PowerGroup, ...] = ()
    """Switchboards."""
    ups: tuple[PowerGroup, ...] = ()
    """Uninterruptible power supplies."""
    rectifiers: tuple[PowerGroup, ...] = ()
    """Central rectifiers (sidecars stand in a lineup)."""
    pdus: tuple[PowerGroup, ...] = ()
    """Floor PDUs and remote power panels."""
    busways: tuple[PowerGroup, ...] = ()
    """Busways."""
    whips: tuple[Whip, ...] = ()
    """Final circuits."""
    electrical_rooms: ElectricalRooms | None = None
    """Cooling of the rooms where this part of the tree stands; without it air conditioning, or with several halls what the
    top level of the file says. Machines in a hall, outdoors (``where: yard``) and liquid-filled transformers need none."""


class Tray(Frozen):
    """Cable tray along rows."""

    id: Id
    """Name."""
    along: Selectors
    """Rows."""
    height: Length = Field(default=3.6, gt=0, le=20)
    """Height above the floor."""
    section: Point2 = (0.6, 0.1)
    """Width and depth."""


class HallShape(Frozen):
    """A hall's shell."""

    size: tuple[
        Annotated[Length, Field(gt=0, le=2000)],
        Annotated[Length, Field(gt=0, le=2000)],
        Annotated[Length, Field(gt=0, le=100)],
    ]
    """East, north and up extent; the origin is the south-west floor corner."""
    floor: Floor = Floor()
    """Floor."""
    columns: tuple[Column, ...] = ()
    """Structural columns."""
    partitions: tuple[Partition, ...] = ()
    """Walls inside the hall."""
    walls: Walls | None = None
    """What the outer walls let through; without it no heat."""
    ceiling_plenum: Length = Field(default=0.0, ge=0, le=10)
    """Depth of a return plenum above the ceiling."""
    indoor_losses: Fraction = Field(default=0.0, ge=0, le=1)
    """Share of the losses of UPS, transformers and panels that the hall's air takes up; electrical rooms have the rest."""


class Sections(Frozen):
    """What a hall holds; at the top level of a file, what the single hall or all halls share."""

    pods: tuple[Pod, ...] = ()
    """Pods."""
    equipment: tuple[Equipment, ...] = ()
    """Free-standing machines."""
    air: Air = Air()
    """Air side."""
    liquid: Liquid = Liquid()
    """Liquid side."""
    power: PowerTree = PowerTree()
    """Power tree."""
    trays: tuple[Tray, ...] = ()
    """Cable trays."""


class HallBlock(Sections):
    """One of several halls, with what is in it; ids inside get the hall's name in front."""

    id: Id
    """Name; copies are numbered from 1."""
    at: Point2 = (0.0, 0.0)
    """South-west corner on the site."""
    repeat: Repeat | None = None
    """Copies."""
    hall: HallShape
    """Shell."""


class Workload(Frozen):
    """What the racks do while they are evaluated."""

    power: Literal["idle", "typical", "maximum", "peak"] = "maximum"
    """Which power of the rack's sheet is drawn."""
    peak_factor: float = Field(default=1.0, gt=0, le=3)
    """Factor on the accelerators' thermal design power (EDPp); the rest of the rack draws what the sheet says."""
    utilization: Fraction = Field(default=1.0, gt=0, le=1)
    """Share of time the accelerators make tokens."""
    model: str = "deepseek-r1"
    """Language model whose published throughput is used."""
    service: Literal["interactive", "balanced", "throughput"] = "balanced"
    """Service level: fast answers for each user, or many tokens for all."""


class Year(Frozen):
    """The year that ``--year`` evaluates hour by hour."""

    weather: str | None = None
    """File of hourly weather (EPW, TMY3 .csv, TMY2 .tm2) in the layout's folder; else the climate's year."""
    load: Annotated[float, Field(gt=0, le=1)] | tuple[Annotated[float, Field(gt=0, le=1)], ...] = 1.0
    """Power asked of the racks over that of the workload: all year, or for the 24 hours of every day."""
    series: str | None = None
    """File of hourly emissions and prices of the grid (.csv) in the layout's folder; without it the yearly means."""

    @model_validator(mode="after")
    def _load_fits_a_day(self) -> Year:
        if isinstance(self.load, tuple) and len(self.load) != 24:
            raise ValueError(
                f"load has {len(self.load)} values; give one, or 24 (one for every hour of a day)"
            )
        return self


class Economics(Frozen):
    """Money, for the cost per million tokens."""

    facility_cost: PowerPrice = Field(default=11.0, ge=0)
    """Facility (shell, power, cooling) per IT capacity; assumed."""
    facility_life: Duration = Field(default=15 * 31_536_000.0, gt=0)
    """Years over which the facility is written off."""
    it_life: Duration = Field(default=5 * 31_536_000.0, gt=0)
    """Years over which the IT equipment is written off."""
    interest: Fraction = Field(default=0.08, ge=0, lt=1)
    """Interest rate per year."""
    operations: Fraction = Field(default=0.03, ge=0, lt=1)
    """Operation and maintenance per year, as a share of capital."""


class Limit(Frozen):
    """A rule of the designer's own."""

    what: str
    """Quantity, for example ``rack.inlet_temperature`` or ``site.pue``."""
    select: Selectors | None = None
    """Which things; without it all that have the quantity."""
    max: str | float | None = None
    """Largest value allowed."""
    min: str | float | None = None
    """Smallest value allowed."""
    during: tuple[str, ...] = ("normal",)
    """States in which it holds: ``normal``, ``any``, or ``lose:`` and a selector; each on the evaporation design day too."""
    severity: Literal["error", "warning"] = "error"
    """What a breach means."""

    @model_validator(mode="after")
    def _has_a_bound(self) -> Limit:
        if self.max is None and self.min is None:
            raise ValueError("give max or min, or the limit limits nothing")
        return self


class Waiver(Frozen):
    """A finding the designer accepts, with the reason."""

    rule: Annotated[str, Field(pattern=r"^[A-Z]{2,4}-[0-9]{3}$")]
    """Rule code, for example ``PWR-004``."""
    select: Selectors | None = None
    """Subjects it covers; without it all."""
    reason: str = Field(min_length=10)
    """Why this is acceptable; printed in every report."""


class Override(Frozen):
    """Another limit for one of the built-in rules, with the reason."""

    rule: Annotated[str, Field(pattern=r"^[A-Z]{2,4}-[0-9]{3}$")]
    """Rule code, for example ``PWR-002``."""
    max: str | float | None = None
    """Largest value allowed instead of the rule's, with the unit of the quantity: ``90 %``, ``45 degC``."""
    min: str | float | None = None
    """Smallest value allowed instead of the rule's."""
    select: Selectors | None = None
    """Subjects it holds for; without it all."""
    reason: str = Field(min_length=10)
    """Why another limit is right here; printed with the finding and in every report."""

    @model_validator(mode="after")
    def _has_a_bound(self) -> Override:
        if self.max is None and self.min is None:
            raise ValueError("give max or min, or the override changes nothing")
        return self


class Redundancy(Frozen):
    """What the design must withstand."""

    goal: Literal["none", "concurrent", "fault_tolerant"] = "none"
    """``concurrent``: any machine may be taken out for maintenance; ``fault_tolerant``: and any other may fail meanwhile."""
    order: int = Field(default=2, ge=1, le=4)
    """Largest number of simultaneous failures searched for one that drops a rack."""


class Layout(Sections):
    """A facility layout: the root of a layout file."""

    twin: Literal[1]
    """Version of the layout language."""
    name: str = Field(min_length=1, max_length=200)
    """Title of the design."""
    description: str = ""
    """What the design shows."""
    site: Site = Site()
    """Where it stands."""
    include: tuple[str, ...] = ()
    """Further files: catalogue entries and layout fragments, inside the folder of this file."""
    params: dict[str, Any] = {}
    """The only variables: ``$name`` elsewhere, ``--set params.name=value`` on the command line."""
    catalogue: dict[str, Any] = {}
    """Own products: name to entry, usually ``like:`` a built-in one."""
    hall: HallShape | None = None
    """Shell of a single hall."""
    halls: tuple[HallBlock, ...] = ()
    """Several halls."""
    workload: Workload = Workload()
    """Evaluated work."""
    economics: Economics = Economics()
    """Money."""
    year: Year = Year()
    """The year that ``--year`` evaluates."""
    limits: tuple[Limit, ...] = ()
    """The designer's own rules."""
    waive: tuple[Waiver, ...] = ()
    """Accepted findings."""
    override: tuple[Override, ...] = ()
    """Other limits for built-in rules."""
    redundancy: Redundancy = Redundancy()
    """What the design must withstand."""

    @model_validator(mode="after")
    def _one_kind_of_hall(self) -> Layout:
        if (self.hall is None) == (not self.halls):
            raise ValueError("give hall (one hall) or halls (several), or there is no place for the racks")
        return self
