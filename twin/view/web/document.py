"""The scene document: what the browser viewer shows, as one versioned value, and its bytes.

The models below are the only description of the format: ``schema()`` writes the JSON Schema from which the types of the page
are made, and both sides check a document against it; ``python -m twin.view.web.document`` writes it anew.  Numbers that come
in thousands stand outside the JSON, as arrays of a buffer that the JSON points into.

A scene is packed as ``twin``, the version of the container, the length of the JSON (both u32, little endian), the
JSON in UTF-8, zeros up to a multiple of 8, and the buffer; all of it compressed by gzip.  What a name in the JSON means
is told at its field; lengths are metres, z is up, temperatures are degC, everything else is SI.
"""

from __future__ import annotations

import gzip
import json
import struct
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import blake2b
from math import prod
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, Field, ValidationError
from pydantic_core import PydanticSerializationError

from twin.model.base import Frozen

FORMAT, VERSION = "twin-scene", "1.0"
"""Readers take a document of their own major version."""
CONTAINER = 1
MAGIC = b"twin"
LIMIT = 512 * 1024 * 1024
"""Largest scene that is unpacked. [byte]"""
SCHEMA = Path(__file__).parent / "source" / "scene.schema.json"
"""Where the schema lies for the page's sources."""
SAMPLES: dict[str, Any] = {
    "f32": np.float32,
    "u32": np.uint32,
    "i32": np.int32,
    "u16": np.uint16,
    "u8": np.uint8,
}

_SMALLEST, _LARGEST = 1e-30, 1e38  # that a float of 32 bits holds well
Coding = Literal["plain", "first", "previous"]
Look = Literal[
    "box", "rack", "cdu", "crah", "cooler", "tower", "panel", "busway", "pipe", "tray", "glass", "floor", "wall"
]  # fmt: skip
Vector = Annotated[tuple[float, ...], Field(min_length=3, max_length=3)]
Index = int


class SceneError(ValueError):
    """A scene that cannot be read: truncated, tampered with, too large or of another version."""


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


@dataclass
class Buffer:
    """Where the arrays of a document are gathered."""

    parts: list[bytes] = field(default_factory=list)
    size: int = 0
    _known: dict[tuple[str, Coding, tuple[int, ...], bytes], Block] = field(default_factory=dict)

    def add(self, values: NDArray[Any], type: str = "f32", coding: Coding = "plain") -> Block:
        """Append an array, unless the same one is there; how it is found again."""
        array = np.ascontiguousarray(values, dtype=np.dtype(SAMPLES[type]).newbyteorder("<"))
        data = array.tobytes() if coding == "plain" else _coded(array, coding)
        key = (type, coding, array.shape, blake2b(data, digest_size=16).digest())
        if key not in self._known:
            pad = -len(data) % 8
            self._known[key] = Block(at=self.size, type=type, shape=array.shape, coding=coding)  # type: ignore[arg-type]
            self.parts += [data, bytes(pad)]
            self.size += len(data) + pad
        return self._known[key]


def pack(document: Document, buffer: Buffer, *, level: int = 9) -> bytes:
    """The bytes of a scene; the same ones every time."""
    text = _text(document)
    head = MAGIC + struct.pack("<II", CONTAINER, len(text))
    gap = bytes(-(len(head) + len(text)) % 8)
    return gzip.compress(b"".join([head, text, gap, *buffer.parts]), compresslevel=level, mtime=0)


def _text(document: Document) -> bytes:
    """The JSON; halves of characters, which UTF-8 does not know, become question marks."""
    try:
        return document.model_dump_json().encode("utf-8")
    except PydanticSerializationError:
        plain = document.model_dump(mode="python")
        return json.dumps(plain, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace")


@dataclass(frozen=True, eq=False)
class Scene:
    """A scene that was read."""

    document: Document
    buffer: bytes

    def array(self, ref: Block) -> NDArray[Any]:
        """The numbers of an array.

        Raises
        ------
        SceneError
            If they do not lie in the buffer, or are no table and coded as one.
        """
        dtype = np.dtype(SAMPLES[ref.type]).newbyteorder("<")
        count = prod(ref.shape)
        if min(ref.shape, default=0) < 0 or ref.at + count * dtype.itemsize > len(self.buffer):
            raise SceneError("an array lies outside the scene")
        if ref.coding != "plain" and (ref.type != "f32" or len(ref.shape) != 2):
            raise SceneError("an array is coded as a table and is none")
        data = self.buffer[ref.at : ref.at + count * dtype.itemsize]
        if ref.coding == "plain":
            return np.frombuffer(data, dtype).reshape(ref.shape)
        return _decoded(data, ref.shape, ref.coding)


def unpack(data: bytes) -> Scene:
    """Read a scene.

    Raises
    ------
    SceneError
        If it is truncated, tampered with, too large or of another version.
    """
    reader = zlib.decompressobj(wbits=31)
    try:
        raw = reader.decompress(data, LIMIT)
    except zlib.error as error:
        raise SceneError(f"not a scene, or a damaged one ({error})") from error
    if reader.unconsumed_tail:
        raise SceneError(f"the scene is larger than {LIMIT} bytes")
    if not reader.eof or raw[:4] != MAGIC or len(raw) < 12:
        raise SceneError("not a scene, or one that is cut off")
    container, length = struct.unpack("<II", raw[4:12])
    if container != CONTAINER:
        raise SceneError(f"container {container}; this version of twin reads {CONTAINER}")
    try:
        plain = json.loads(raw[12 : 12 + length])
    except (ValueError, RecursionError) as error:
        raise SceneError(f"the scene holds no readable document ({error})") from error
    version = str(plain.get("version", "")) if isinstance(plain, dict) else ""
    if version.partition(".")[0] != VERSION.partition(".")[0]:
        raise SceneError(f"scene version {version or 'unknown'}; this version of twin reads {VERSION}")
    try:
        document = Document.model_validate_json(raw[12 : 12 + length])
    except ValidationError as error:
        raise SceneError(f"the document breaks the format: {error.errors()[0]['msg']}") from error
    return Scene(document, raw[(12 + length + 7) // 8 * 8 :])


def schema() -> dict[str, Any]:
    """JSON Schema of the document."""
    return Document.model_json_schema(mode="serialization")


def write_schema(path: Path = SCHEMA) -> Path:
    """Write the schema for the page's sources."""
    path.write_text(json.dumps(schema(), indent=1) + "\n", encoding="utf-8", newline="\n")
    return path


def rounded(values: NDArray[Any], dimension: str) -> NDArray[np.float32]:
    """Values to the digits that anybody reads, so that equal ones look equal to the compressor.

    Temperatures to 0.01 K, everything else to five significant digits; what is smaller than 1e-30 is zero, what is larger
    than 1e38 is no value.
    """
    values = np.asarray(values, dtype=float)
    values = np.where(np.abs(values) <= _LARGEST, values, np.nan)
    if dimension in ("temperature", "temperature_difference"):
        return np.asarray(np.round(values, 2), dtype=np.float32)
    size = np.abs(values)
    known = size >= _SMALLEST
    power = np.floor(np.log10(np.where(known, size, 1.0)))
    step = 10.0 ** (power - 4)
    return np.asarray(np.where(known, np.round(values / step) * step, 0 * values), dtype=np.float32)


def _coded(array: NDArray[Any], coding: Coding) -> bytes:
    bits = array.view("<u4").copy()
    if bits.ndim != 2:
        raise ValueError("only tables of rows are coded")
    bits[1:] ^= array.view("<u4")[:1] if coding == "first" else array.view("<u4")[:-1]
    return bits.reshape(-1).view(np.uint8).reshape(-1, 4).T.tobytes()


def _decoded(data: bytes, shape: Iterable[int], coding: Coding) -> NDArray[np.float32]:
    bits = (
        np.ascontiguousarray(np.frombuffer(data, np.uint8).reshape(4, -1).T)
        .view("<u4")
        .reshape(tuple(shape))
        .copy()
    )
    if coding == "first":
        bits[1:] ^= bits[:1]
    else:
        bits = np.bitwise_xor.accumulate(bits, axis=0)
    return bits.view("<f4")


if __name__ == "__main__":
    write_schema()
