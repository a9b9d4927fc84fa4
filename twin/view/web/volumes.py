"""Air fields as blocks of bytes: temperature, and at half the resolution speed, on equal cells."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from twin.checks.places import hall_name
from twin.results.fields import AirField, AnyField, resampled
from twin.view import colors
from twin.view.slices import QUANTITY
from twin.view.web.document import Buffer
from twin.view.web.parts import Quantity, Volume
from twin.view.web.scales import Palette

Floats = NDArray[np.float32]

CELLS = 2_000_000
"""Most cells of the temperatures of all halls together."""
STEPS = 254
"""Steps between the first and the last sample that means air."""


@dataclass(frozen=True, eq=False)
class Even:
    """A field on equal cells, NaN where there is no air."""

    hall: str
    origin: tuple[float, float, float]
    size: tuple[float, float, float]
    temperature: Floats
    """(nx, ny, nz) [degC]"""
    velocity: Floats
    """(nx, ny, nz, 3) [m/s]"""
    merged: tuple[int, int, int]
    """Cells of the field along each side of one of these."""

    @cached_property
    def speed(self) -> Floats:
        """(nx, ny, nz) [m/s]"""
        return np.asarray(np.sqrt(np.einsum("...i,...i", self.velocity, self.velocity)), dtype=np.float32)


def even(fields: Mapping[str, AnyField], most: int = CELLS) -> tuple[Even, ...]:
    """The fields on equal cells; every hall gets its share of the cells by volume."""
    sizes = {hall: _size(field) for hall, field in fields.items()}
    total = sum(math.prod(size) for size in sizes.values())
    return tuple(
        _even(hall, field, max(int(most * math.prod(sizes[hall]) / total), 64))
        for hall, field in fields.items()
        if total > 0
    )


def _size(field: AnyField) -> tuple[float, float, float]:
    x, y, z = (float(line[-1] - line[0]) for line in field.grid.lines)
    return x, y, z


def _even(hall: str, field: AnyField, most: int) -> Even:
    plain = AirField(field.grid, field.temperature, field.velocity, field.temperature)  # type: ignore[arg-type]
    same = resampled(plain, most)
    step = np.array([float(line[-1] - line[0]) / (line.size - 1) for line in same.grid.lines])
    sides = _sides(same.temperature.shape, step, most)
    temperature, velocity = blocks(same.temperature, sides), blocks(same.velocity, sides)
    x, y, z = (float(line[0]) for line in field.grid.lines)
    east, north, up = (step * sides * temperature.shape).tolist()
    return Even(hall, (x, y, z), (east, north, up), temperature, velocity, sides)


def _sides(counts: tuple[int, ...], step: NDArray[np.float64], most: int) -> tuple[int, int, int]:
    """Cells to merge along each axis: always one more along the axis on which they are shortest."""
    sides = np.ones(3, dtype=int)
    while np.prod(-(-np.array(counts) // sides)) > most:
        sides[np.argmin(np.where(sides < counts, step * sides, np.inf))] += 1
    x, y, z = sides.tolist()
    return x, y, z


def blocks(values: Floats, sides: tuple[int, int, int]) -> Floats:
    """Mean of the cells with air in blocks of so many cells along each axis; NaN where a block holds none."""
    if sides == (1, 1, 1):
        return values
    known = np.isfinite(values)
    total, count = np.where(known, values, 0), known.astype(np.float32)
    for axis, side in enumerate(sides):
        starts = np.arange(0, values.shape[axis], side)
        total, count = (np.add.reduceat(part, starts, axis=axis) for part in (total, count))
    return np.where(count > 0, total / np.maximum(count, 1), np.nan).astype(np.float32)


def volumes(
    cells: tuple[Even, ...], quantities: tuple[Quantity, ...], palette: Palette, buffer: Buffer
) -> tuple[Volume, ...]:
    """Temperature and speed of every hall; the same sort has the same scale in all."""
    return (
        *_temperatures(cells, quantities, palette, buffer),
        *_speeds(cells, palette, buffer),
    )


def _temperatures(
    cells: tuple[Even, ...], quantities: tuple[Quantity, ...], palette: Palette, buffer: Buffer
) -> Iterator[Volume]:
    """In the colours of inlet air, so that a rack and the air in front of it look alike."""
    names = [quantity.name for quantity in quantities if quantity.paint]
    lut = palette.add(colors.table("ashrae", *colors.field_range(QUANTITY, np.zeros(0))))
    low, high = _reach(part.temperature for part in cells)
    for part in cells:
        yield Volume(
            name="temperature", label="Air temperature", hall=hall_name(part.hall), dimension="temperature",
            quantity=names.index(QUANTITY) if QUANTITY in names else -1, lut=lut,
            safe=palette.add(colors.table("cividis")), low=low, high=high, origin=part.origin, size=part.size,
            samples=buffer.add(samples(part.temperature, low, high), "u8"),
        )  # fmt: skip


def _speeds(cells: tuple[Even, ...], palette: Palette, buffer: Buffer) -> Iterator[Volume]:
    speeds = [blocks(part.speed, (2, 2, 2)) for part in cells]
    _, high = _reach(speeds)
    lut = palette.add(colors.table("cividis"))
    for part, speed in zip(cells, speeds, strict=True):
        share = [2 * n / count for n, count in zip(speed.shape, part.temperature.shape, strict=True)]
        x, y, z = (float(side * more) for side, more in zip(part.size, share, strict=True))
        yield Volume(
            name="speed", label="Air speed", hall=hall_name(part.hall), dimension="speed", lut=lut, safe=lut,
            low=0.0, high=high, origin=part.origin, size=(x, y, z), samples=buffer.add(samples(speed, 0.0, high), "u8"),
        )  # fmt: skip


def samples(values: Floats, low: float, high: float) -> NDArray[np.uint8]:
    """(nz, ny, nx): 1 at ``low``, 255 at ``high``, 0 where there is no air."""
    known = np.isfinite(values)
    share = (np.where(known, values, low) - low) / (high - low)
    number = 1 + np.rint(np.clip(share, 0, 1) * STEPS)
    return np.ascontiguousarray(np.where(known, number, 0).astype(np.uint8).T)


def _reach(parts: Iterator[Floats] | list[Floats]) -> tuple[float, float]:
    """Whole numbers around all values; apart even where there are none."""
    known = [part[np.isfinite(part)] for part in parts]
    low = min((float(part.min()) for part in known if part.size), default=0.0)
    high = max((float(part.max()) for part in known if part.size), default=1.0)
    low, high = math.floor(low), math.ceil(high)
    return float(low), float(max(high, low + 1))


def notes(cells: tuple[Even, ...]) -> tuple[str, ...]:
    """Where cells were merged."""
    return tuple(
        f"The air of {hall_name(part.hall)} is shown as means over {' x '.join(map(str, part.merged))} cells."
        for part in cells
        if part.merged != (1, 1, 1)
    )
