"""The models of the scene document: everything that the browser viewer shows of a run, as one versioned value.

They are the only description of the format; how a document becomes bytes is told in :mod:`twin.view.web.document`.  Lengths
are metres, z is up, temperatures are degC, everything else is SI.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from twin.model.base import Frozen

VERSION = "1.0"
"""Readers take a document of their own major version."""

Coding = Literal["plain", "first", "previous"]
Look = Literal[
    "box", "rack", "cdu", "crah", "cooler", "tower", "panel", "busway", "pipe", "tray", "glass", "floor", "wall"
]  # fmt: skip
Vector = Annotated[tuple[float, ...], Field(min_length=3, max_length=3)]
Index = int


class Part(Frozen):
    """A value of the document; the written one has every key."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)


class Block(Part):
    """Numbers in the buffer.

    ``plain`` arrays are little endian, in C order.  The other two are ``f32`` of shape (rows, columns): the bits of every
    row after the first are combined by exclusive or with those of the ``first`` row, or of the ``previous`` one; then come
    the lowest bytes of all numbers, the next ones, and so on.  NaN means no value.
    """

    at: int = Field(ge=0)
    """First byte in the buffer, a multiple of 8."""
    type: Literal["f32", "u32", "i32", "u16", "u8"]
    shape: tuple[int, ...]
    coding: Coding = "plain"


class Unit(Part):
    """A unit that values are shown in."""

    text: str
    factor: float
    """SI value of one."""
    offset: float = 0.0
    """SI value of zero."""


class Dimension(Part):
    """How values of a dimension become text: the largest unit that leaves a number of at least one."""

    units: tuple[Unit, ...]
    """Ascending; none for plain numbers."""
    decimals: int | None = None
    """Digits after the point; three significant digits without."""
    flag: bool = False
    """Yes or no."""
    zero: str = ""
    """Unit of the value zero."""


class Things(Part):
    """Everything that has a name: machines, loops, halls; one entry in each list for every thing."""

    id: tuple[str, ...]
    kind: tuple[Index, ...]
    """Into ``kinds``."""
    type: tuple[Index, ...]
    """Into ``types``."""
    place: tuple[Index, ...]
    """Into ``places``."""
    row: tuple[Index, ...]
    """Into ``rows``; -1 without."""
    pod: tuple[Index, ...]
    """Into ``pods``; -1 without."""
    hall: tuple[Index, ...]
    """Into ``halls``: where it stands or what it belongs to; -1 for what all halls share."""
    file: tuple[Index, ...]
    """Into ``files``; -1 without."""
    line: tuple[int, ...]
    """Where it is written in the layout; 0 not known."""
    position: Block
    """(n, 3) middle of its boxes, NaN without any. [m]"""
    kinds: tuple[str, ...]
    types: tuple[str, ...]
    """Products, with their description after a tab."""
    places: tuple[str, ...]
    rows: tuple[str, ...]
    pods: tuple[str, ...]
    halls: tuple[str, ...]
    files: tuple[str, ...]


class Layer(Part):
    """Boxes of one sort, drawn at once."""

    name: str
    label: str
    color: str
    """``#rrggbb`` where no value is painted."""
    opacity: float = Field(ge=0, le=1)
    look: Look
    """How its faces are drawn."""
    hidden: bool = False
    """Off until it is switched on or painted."""
    thing: Block
    """(n,) u32: the thing that a box belongs to."""
    low: Block
    """(n, 3) f32 [m]"""
    high: Block
    """(n, 3) f32 [m]"""
    front: Block
    """(n,) u8: side that the air enters: 0 none, 1 south, 2 east, 3 north, 4 west."""


class Tick(Part):
    """A value beside the colour bar."""

    value: float
    text: str


class Band(Part):
    """Values that mean the same."""

    low: float
    high: float
    text: str
    color: str = ""


class Quantity(Part):
    """A quantity of some things, in every state."""

    name: str
    """``table.quantity``."""
    label: str
    dimension: str
    """Into ``dimensions``."""
    paint: bool
    """Whether it can be chosen to colour things; its colours then stand in ``lut``, ``low`` and so on."""
    layers: tuple[str, ...] = ()
    """Layers that it colours."""
    low: float = 0.0
    """Value of the first colour."""
    high: float = 1.0
    lut: Index = 0
    """Into ``luts``."""
    safe: Index = 0
    """The same for all kinds of colour vision."""
    unit: Unit | None = None
    """Of the ticks; None for plain numbers."""
    ticks: tuple[Tick, ...] = ()
    bands: tuple[Band, ...] = ()
    limits: tuple[Tick, ...] = ()
    """Limits to mark on the bar."""
    thing: Block
    """(n,) u32: the thing of every column."""
    values: Block
    """(states, n) f32, or (1, n) where the state does not matter; NaN without a value."""


class Step(Part):
    """What happens next in a cascade."""

    text: str
    things: tuple[Index, ...]


class State(Part):
    """An evaluated state."""

    name: str
    settled: bool
    """False: no steady solution, so no values."""
    normal: bool
    failed: tuple[Index, ...] = ()
    maintained: tuple[Index, ...] = ()
    dark: int = 0
    """Racks without power."""
    throttled: int = 0
    overloaded: int = 0
    """Power machines above their rating."""
    hottest: str = ""
    """Warmest rack inlet, with its unit."""
    findings: int = 0
    """Broken rules and warnings whose worst case is this state."""
    cascade: tuple[Step, ...] = ()


class Finding(Part):
    """A rule applied to a thing; those that hold are the tightest of their rule."""

    code: str
    title: str
    severity: Literal["error", "warning", "info"]
    """``info``: the rule holds."""
    waived: str = ""
    subject: str
    thing: Index = -1
    """-1 where the subject is not a thing of the scene."""
    state: Index = -1
    """-1 for the design as a whole."""
    quantity: Index = -1
    """Quantity that it is about, or that shows best what it is about; one to paint.  -1 not known."""
    message: str
    value: str
    limit: str
    margin: float | None
    """Share of the limit; None for yes and no."""
    standard: str = ""
    place: str = ""
    file: str = ""
    line: int = 0
    position: Vector | None = None
    """Where to look. [m]"""
    count: int = 1
    """States that break it."""


class Figure(Part):
    """A key figure."""

    name: str
    label: str
    text: str
    definition: str = ""


class Edges(Part):
    """Who serves whom."""

    power: Block
    """(m, 2) u32: source and load."""
    cooling: Block
    """(m, 2) u32: source and sink; heat moves the other way."""
    loop: Block
    """(m,) u32: the loop (a thing) of every pair of ``cooling``."""


class Series(Part):
    """A figure of the site in time."""

    name: str
    label: str
    dimension: str
    values: Block
    """(1, times) f32"""
    limits: tuple[Tick, ...] = ()


class Paint(Part):
    """Values of things in time, on the scale of a quantity."""

    quantity: Index
    """Into ``quantities``."""
    thing: Block
    """(n,) u32"""
    values: Block
    """(times, n) f32"""


class Moment(Part):
    """Something that happens at a time."""

    time: float
    text: str


class Timeline(Part):
    """Something that is followed in time: the hours of a year, or what happens after a loss."""

    name: str
    label: str
    kind: Literal["year", "transient"]
    """``year``: 8,760 hours from midnight of 1 January; ``transient``: seconds after it began."""
    times: Block
    """(1, times) f32 [s]"""
    note: str = ""
    series: tuple[Series, ...] = ()
    paints: tuple[Paint, ...] = ()
    moments: tuple[Moment, ...] = ()


class Volume(Part):
    """A field of air on equal cells."""

    name: str
    """``temperature`` or ``speed``."""
    label: str
    hall: str
    dimension: str
    quantity: Index = -1
    """Quantity whose colours it shares; -1 for its own ``lut``."""
    lut: Index
    safe: Index
    low: float
    """Value of sample 1."""
    high: float
    """Value of sample 255."""
    origin: Vector
    size: Vector
    """Whole extent. [m]"""
    samples: Block
    """(nz, ny, nx) u8; 0 where there is no air."""


class Streams(Part):
    """Lines along which the air moves."""

    start: Block
    """(k + 1,) u32: first point of every line, and their number."""
    points: Block
    """(n, 3) f32 [m]"""
    values: Block
    """(n,) f32 temperature. [degC]"""
    times: Block
    """(n,) f32: seconds from the beginning of the line, for things that drift along it."""
    quantity: Index = -1


class Label(Part):
    """A name in the scene."""

    text: str
    kind: Literal["hall", "row", "group"]
    position: Vector
    layer: str = ""
    thing: Index = -1


class Document(Part):
    """Everything that the viewer shows of one run."""

    format: Literal["twin-scene"] = "twin-scene"
    version: str = VERSION
    generator: str
    title: str
    description: str = ""
    digest: str
    """SHA-256 of the layout."""
    status: str
    verdict: Literal["pass", "fail"]
    summary: str
    """How many rules are broken, and in how many states was looked."""
    low: Vector
    """Corners of what stands indoors (of everything, without halls). [m]"""
    high: Vector
    dimensions: dict[str, Dimension]
    luts: tuple[Block, ...]
    """(256, 3) u8 each."""
    things: Things
    layers: tuple[Layer, ...]
    quantities: tuple[Quantity, ...]
    painted: Index = 0
    """Quantity that is painted first."""
    states: tuple[State, ...]
    findings: tuple[Finding, ...]
    """Worst first; those that hold behind the others."""
    figures: tuple[Figure, ...]
    edges: Edges
    timelines: tuple[Timeline, ...] = ()
    volumes: tuple[Volume, ...] = ()
    streams: tuple[Streams, ...] = ()
    labels: tuple[Label, ...] = ()
    notes: tuple[str, ...] = ()
    """What was left out, and why."""
