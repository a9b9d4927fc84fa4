"""Air fields of a run as VTK XML files: what ParaView opens, and what `load_fields` reads back without loss.

One file for each hall under ``air/``, and ``air/air.vtm``, which lists them and opens all at once.  A uniform grid is an
image (``.vti``).  A graded grid is a rectilinear grid (``.vtr``), which is exact; beside it lies a ``.vti`` on equal cells,
interpolated from it, for programs that read images only.  Solid cells hold NaN, ``air`` 0 and a ghost mark that makes
ParaView leave them out.  Arrays are inline, zlib-compressed and base64; the format is described in the `VTK user's guide,
"VTK XML file formats" <https://docs.vtk.org/en/latest/vtk_file_formats/vtkxml_file_format.html>`_.
"""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from xml.etree import ElementTree
from xml.sax.saxutils import quoteattr

import numpy as np
from numpy.typing import NDArray

from twin.results.archive import regular
from twin.results.store import DAMAGE, RunError

Floats = NDArray[np.float32]
Lines = NDArray[np.float64]

FOLDER, LISTING = "air", "air.vtm"
"""Folder of the fields in a run folder, and the file that names them."""
CELLS = 2_000_000
"""Most cells of an interpolated image: 60 MB, which ParaView turns without waiting on a laptop (assumed)."""
LIMIT = 100_000_000
"""Most cells of a file that is read."""
BYTES = 4_000_000_000
"""Largest file that is read. [byte]"""
HALLS = 10_000
"""Most fields in a listing."""
_BLOCK = 1 << 20  # bytes that are compressed together
_LEVEL = 3  # of zlib: twice as fast as the usual 6 and 2 % larger on floats
_HIDDEN = 32  # vtkDataSetAttributes::HIDDENCELL
_WIDTHS = {"temperature": 1, "velocity": 3, "pressure": 1, "kinetic": 1, "dissipation": 1, "age": 1}
_NEEDED = ("temperature", "velocity", "pressure")
_SAFE = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,39}\.vt[ir]")


class AnyGrid(Protocol):
    """Lines of a tensor grid."""

    @property
    def lines(self) -> tuple[Lines, Lines, Lines]:
        """Ascending, along x, y and z. [m]"""


class AnyField(Protocol):
    """An air field as a solver gives it or a file holds it: cell values ``[i, j, k]``, NaN where there is no air."""

    @property
    def grid(self) -> AnyGrid:
        """In site coordinates."""

    @property
    def temperature(self) -> Floats:
        """(nx, ny, nz) [degC]"""

    @property
    def velocity(self) -> Floats:
        """(nx, ny, nz, 3) [m/s]"""

    @property
    def pressure(self) -> Floats:
        """(nx, ny, nz) [Pa]"""

    @property
    def kinetic(self) -> Floats | None:
        """(nx, ny, nz) of the turbulence. [m2/s2]"""

    @property
    def dissipation(self) -> Floats | None:
        """(nx, ny, nz) of the turbulent kinetic energy. [m2/s3]"""

    @property
    def age(self) -> Floats | None:
        """(nx, ny, nz) time since the air was last cooled. [s]"""


@dataclass(frozen=True, eq=False)
class AirGrid:
    """Lines of a field that was read."""

    lines: tuple[Lines, Lines, Lines]
    """[m]"""


@dataclass(frozen=True, eq=False)
class AirField:
    """A field that was read; units and shapes as in :class:`AnyField`."""

    grid: AirGrid
    temperature: Floats
    velocity: Floats
    pressure: Floats
    kinetic: Floats | None = None
    dissipation: Floats | None = None
    age: Floats | None = None


def shape(field: AnyField) -> tuple[int, int, int]:
    """Cells along x, y and z."""
    nx, ny, nz = (line.size - 1 for line in field.grid.lines)
    return nx, ny, nz


def save_fields(folder: Path, fields: Mapping[str, AnyField]) -> list[Path]:
    """Write the fields of a run.

    Parameters
    ----------
    folder : Path
        Run folder; the files go to ``air/`` in it, and those of an earlier run there are removed.
    fields : mapping of str to field
        By hall; the single hall of a layout has the empty name, and its file is called ``hall``.

    Returns
    -------
    list of Path
        The files, ``air/air.vtm`` last; none if there is no field.
    """
    target = folder / FOLDER
    if target.is_dir():
        for path in [p for p in target.iterdir() if p.suffix in (".vti", ".vtr", ".vtm")]:
            path.unlink()
    if not fields:
        return []
    target.mkdir(parents=True, exist_ok=True)
    written, listed = [], []
    for hall, field in fields.items():
        name = f"{hall or 'hall'}.vti"
        if not _SAFE.fullmatch(name):
            raise ValueError(f"hall {hall!r} cannot name a file")
        path = target / name
        if _spacing(field) is None:
            _write(path.with_suffix(".vtr"), field)
            written.append(path.with_suffix(".vtr"))
        listed.append((hall, written[-1].name if _spacing(field) is None else path.name))
        _write(path, resampled(field))
        written.append(path)
    lines = [
        f"<DataSet index={quoteattr(str(n))} name={quoteattr(hall)} file={quoteattr(name)}/>"
        for n, (hall, name) in enumerate(listed)
    ]
    (target / LISTING).write_text(
        _document(
            "vtkMultiBlockDataSet", "\n".join(["<vtkMultiBlockDataSet>", *lines, "</vtkMultiBlockDataSet>"])
        ),
        encoding="utf-8",
    )
    return [*written, target / LISTING]


def load_fields(folder: Path) -> dict[str, AirField]:
    """Read the fields of a run folder, by hall; none if it holds none.

    Raises
    ------
    RunError
        If a file is missing, damaged, too large, or not one that `save_fields` wrote.
    """
    listing = folder / FOLDER / LISTING
    if not listing.exists():
        return {}
    fields: dict[str, AirField] = {}
    path = listing
    try:
        entries = _root(listing, "vtkMultiBlockDataSet").findall("vtkMultiBlockDataSet/DataSet")
        if not 0 < len(entries) <= HALLS:
            raise ValueError(f"lists {len(entries)} fields")
        for entry in entries:
            hall, name = entry.get("name"), entry.get("file", "")
            if hall is None or hall in fields or not _SAFE.fullmatch(name):
                raise ValueError(f"has an entry {hall!r} with file {name[:60]!r}")
            path = listing.with_name(name)
            fields[hall] = _read(path)
    except (*DAMAGE, ElementTree.ParseError) as error:
        raise RunError(f"{path}: no readable air field ({error}); run `twin solve` again") from error
    return fields


def resampled(field: AnyField, most: int = CELLS) -> AnyField:
    """The field on equal cells: itself if its cells are, else interpolated linearly.

    The cells are as small as the smallest of the grid, but not more than ``most``.  A cell is solid if its middle lies in
    a solid cell; beside solids and walls only air is averaged.
    """
    if _spacing(field) is not None:
        return field
    lines = field.grid.lines
    size = np.array([line[-1] - line[0] for line in lines])
    step = max(min(float(np.diff(line).min()) for line in lines), float(np.cbrt(size.prod() / most)))
    counts = np.maximum(np.floor(size / step + 1e-6), 1).astype(int)
    even = tuple(np.linspace(line[0], line[-1], n + 1) for line, n in zip(lines, counts, strict=True))
    solid = ~np.isfinite(field.temperature)
    inside = [_cell(line, _middle(new)) for line, new in zip(lines, even, strict=True)]
    outside = solid[np.ix_(*inside)]
    weight = _interpolated(np.where(solid, 0, 1).astype(np.float32), lines, even)

    def moved(values: Floats | None) -> Floats | None:
        if values is None:
            return None
        if values.ndim == 4:
            return np.stack([part for n in range(3) if (part := moved(values[..., n])) is not None], axis=-1)
        total = _interpolated(np.where(solid, 0, values).astype(np.float32), lines, even)
        return np.where(outside, np.float32(np.nan), total / np.maximum(weight, 1e-6))

    values = {name: moved(getattr(field, name)) for name in _WIDTHS}
    return AirField(AirGrid(even), **values)  # type: ignore[arg-type]


def _interpolated(values: Floats, lines: tuple[Lines, ...], even: tuple[Lines, ...]) -> Floats:
    """Cell values between the middles of cells, along one axis after the other; beyond the outermost they stay."""
    for axis, (line, new) in enumerate(zip(lines, even, strict=True)):
        old, wanted = _middle(line), _middle(new)
        if old.size == 1:
            values = np.repeat(values, wanted.size, axis=axis)
            continue
        first = np.clip(np.searchsorted(old, wanted) - 1, 0, old.size - 2)
        share = np.clip((wanted - old[first]) / (old[first + 1] - old[first]), 0, 1).astype(np.float32)
        share = share.reshape([-1 if n == axis else 1 for n in range(3)])
        values = values.take(first, axis) * (1 - share) + values.take(first + 1, axis) * share
    return values


def _cell(line: Lines, at: Lines) -> NDArray[np.intp]:
    """Which cell every coordinate lies in."""
    return np.clip(np.searchsorted(line, at, side="right") - 1, 0, line.size - 2)


def _middle(line: Lines) -> Lines:
    return (line[1:] + line[:-1]) / 2


def _spacing(field: AnyField) -> tuple[float, float, float] | None:
    """Cell size along x, y and z; None if it is not the same everywhere."""
    steps = [np.diff(line) for line in field.grid.lines]
    if any(np.ptp(step) > 1e-6 * step.mean() for step in steps):
        return None
    dx, dy, dz = (float((line[-1] - line[0]) / (line.size - 1)) for line in field.grid.lines)
    return dx, dy, dz


def _write(path: Path, field: AnyField) -> None:
    """Replace a file at once, so that nobody reads half of it."""
    counts, spacing = shape(field), _spacing(field)
    extent = " ".join(f"0 {n}" for n in counts)
    if path.suffix == ".vti":
        assert spacing is not None
        kind, where, grid = "ImageData", _placed(field, spacing), ""
    else:
        arrays = [_array(name, line) for name, line in zip("xyz", field.grid.lines, strict=True)]
        kind, where, grid = "RectilinearGrid", "", "\n".join(["<Coordinates>", *arrays, "</Coordinates>"])
    part = path.with_name(path.name + ".part")
    with part.open("w", encoding="utf-8", newline="\n") as file:
        head, tail = _document(kind, "\0").split("\0")
        file.write(f'{head}<{kind} WholeExtent="{extent}"{where}>\n<Piece Extent="{extent}">\n{grid}\n')
        file.write('<CellData Scalars="temperature" Vectors="velocity">\n')
        for array in _cell_arrays(field):
            file.write(array + "\n")
        file.write(f"</CellData>\n</Piece>\n</{kind}>{tail}")
    part.replace(path)


def _placed(field: AnyField, spacing: tuple[float, float, float]) -> str:
    origin = " ".join(repr(float(line[0])) for line in field.grid.lines)
    return f' Origin="{origin}" Spacing="{" ".join(map(repr, spacing))}" Direction="1 0 0 0 1 0 0 0 1"'


def _cell_arrays(field: AnyField) -> Iterator[str]:
    for name in _WIDTHS:
        values = getattr(field, name)
        if values is not None:
            yield _array(name, np.asarray(values, "<f4"))
    air = np.isfinite(field.temperature)
    yield _array("air", air.astype(np.uint8))
    yield _array("vtkGhostType", np.where(air, 0, _HIDDEN).astype(np.uint8))


def _document(kind: str, body: str) -> str:
    return (
        f'<?xml version="1.0"?>\n<VTKFile type="{kind}" version="1.0" byte_order="LittleEndian" '
        f'header_type="UInt64" compressor="vtkZLibDataCompressor">\n{body}\n</VTKFile>\n'
    )


_TYPES = {"Float32": "<f4", "Float64": "<f8", "UInt8": "u1"}


def _array(name: str, values: NDArray[np.generic]) -> str:
    """An array with its numbers: a header of block sizes and the compressed blocks, both as base64."""
    kind = next(kind for kind, code in _TYPES.items() if np.dtype(code) == values.dtype)
    width = f' NumberOfComponents="{values.shape[3]}"' if values.ndim == 4 else ""
    raw = np.moveaxis(values, (0, 1, 2), (2, 1, 0)).tobytes() if values.ndim > 1 else values.tobytes()
    blocks = [zlib.compress(raw[start : start + _BLOCK], _LEVEL) for start in range(0, len(raw), _BLOCK)]
    header = np.array([len(blocks), _BLOCK, len(raw) % _BLOCK, *map(len, blocks)], "<u8").tobytes()
    text = (base64.b64encode(header) + base64.b64encode(b"".join(blocks))).decode("ascii")
    return f'<DataArray type="{kind}" Name={quoteattr(name)}{width} format="binary">\n{text}\n</DataArray>'


def _root(path: Path, kind: str) -> ElementTree.Element:
    """A file's outermost element, if it is of the sort that is written here."""
    text = regular(path, BYTES).read_bytes()
    if b"<!" in text[:2000] or b"<!ENTITY" in text:  # nothing that unfolds
        raise ValueError("declares a document type")
    root = ElementTree.fromstring(text)
    written = ElementTree.fromstring(_document(kind, ""))
    if root.tag != written.tag or root.attrib != written.attrib:
        raise ValueError(f"is no {kind} file of twin")
    return root


def _read(path: Path) -> AirField:
    kind = "ImageData" if path.suffix == ".vti" else "RectilinearGrid"
    grid = _only(_root(path, kind), kind)
    piece = _only(grid, "Piece")
    counts = _counts(grid.get("WholeExtent", ""))
    if piece.get("Extent") != grid.get("WholeExtent"):
        raise ValueError("holds a part of a field")
    if kind == "ImageData":
        origin, spacing = (_numbers(grid.get(name, ""), float) for name in ("Origin", "Spacing"))
        lines: list[NDArray[Any]] = [
            a + h * np.arange(n + 1) for a, h, n in zip(origin, spacing, counts, strict=True)
        ]
    else:
        arrays = _only(piece, "Coordinates").findall("DataArray")
        lines = [_values(array, "Float64", n + 1) for array, n in zip(arrays, counts, strict=True)]
    if not all(np.isfinite(line).all() and (np.diff(line) > 0).all() for line in lines):
        raise ValueError("has grid lines that do not ascend")
    found = {array.get("Name", ""): array for array in _only(piece, "CellData").findall("DataArray")}
    values = {
        name: _cells(found[name], counts, width)
        for name, width in _WIDTHS.items()
        if name in found or name in _NEEDED
    }
    x, y, z = lines
    return AirField(AirGrid((x, y, z)), **values)


def _only(element: ElementTree.Element, tag: str) -> ElementTree.Element:
    found = element.findall(tag)
    if len(found) != 1:
        raise ValueError(f"has {len(found)} elements {tag}")
    return found[0]


def _numbers(text: str, kind: type) -> list[float]:
    values = [kind(part) for part in text.split()]
    if len(values) != 3:
        raise ValueError(f"has {text[:60]!r} where three numbers belong")
    return values


def _counts(extent: str) -> tuple[int, int, int]:
    parts = [int(part) for part in extent.split()]
    if (
        len(parts) != 6
        or any(parts[::2])
        or min(parts[1::2]) < 1
        or np.prod(parts[1::2], dtype=float) > LIMIT
    ):
        raise ValueError(f"has an extent of {extent[:60]!r}")
    return parts[1], parts[3], parts[5]


def _cells(array: ElementTree.Element, counts: tuple[int, int, int], width: int) -> Floats:
    nx, ny, nz = counts
    if int(array.get("NumberOfComponents", "1")) != width:
        raise ValueError(f"{array.get('Name')} does not have {width} components")
    flat = _values(array, "Float32", nx * ny * nz * width)
    placed = np.moveaxis(flat.reshape(nz, ny, nx, width), (0, 1, 2), (2, 1, 0))
    return np.ascontiguousarray(placed if width > 1 else placed[..., 0])


def _values(array: ElementTree.Element, kind: str, count: int) -> NDArray[Any]:
    """Numbers of an array, of which there must be so many; never unpacks more than those."""
    name, dtype = array.get("Name"), np.dtype(_TYPES[kind])
    if array.get("type") != kind or array.get("format") != "binary":
        raise ValueError(f"{name} is not stored as {kind}")
    text = (array.text or "").strip().encode("ascii")
    size = count * dtype.itemsize
    blocks = -(-size // _BLOCK)
    head = 4 * -(-8 * (3 + blocks) // 3)  # letters of base64
    try:
        header = np.frombuffer(base64.b64decode(text[:head], validate=True), "<u8")
        packed = memoryview(base64.b64decode(text[head:], validate=True))
    except binascii.Error as error:
        raise ValueError(f"{name} is damaged ({error})") from None
    if header.size != 3 + blocks or header[:3].tolist() != [blocks, _BLOCK, size % _BLOCK]:
        raise ValueError(f"{name} does not hold {count} numbers")
    ends = np.cumsum(header[3:], dtype=np.uint64).tolist()
    if not ends or ends[-1] != len(packed) or ends != sorted(ends):
        raise ValueError(f"{name} is cut off")
    raw = bytearray()
    for start, end in zip([0, *ends[:-1]], ends, strict=True):
        unpacker = zlib.decompressobj()
        raw += unpacker.decompress(packed[start:end], min(_BLOCK, size - len(raw)) + 1)
        if not unpacker.eof:
            raise ValueError(f"{name} is cut off")
    if len(raw) != size:
        raise ValueError(f"{name} does not hold {count} numbers")
    return np.frombuffer(bytes(raw), dtype)
