"""Flat cuts through an air field, and where in a hall they tell most.  Needs no graphics."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.model.facility import Facility, Run, Shell
from twin.results.fields import AnyField
from twin.view import colors
from twin.view.colors import Scale

Floats = NDArray[np.float64]
Values = NDArray[np.float32]

STEP = 4.0
"""Difference of two neighbouring cells beyond which something stands between them. Assumed. [K]"""
HEIGHT = 1.2
"""Of the horizontal cut: the middle of a rack, where the air enters. [m]"""
AISLE = 2.4
"""Widest aisle; what lies farther in front of a row is open room (assumed). [m]"""
QUANTITY = "rack.inlet_temperature"
"""Whose colours the air has: a rack and the air in front of it look alike."""


@dataclass(frozen=True, eq=False)
class Cut:
    """Values of the cells along a plane; the axes that remain are in the order x, y, z."""

    axis: int
    """Of the plane's normal."""
    at: float
    """[m]"""
    lines: tuple[Floats, Floats]
    """Grid lines along the first and the second remaining axis, (n + 1,) and (m + 1,). [m]"""
    temperature: Values
    """(n, m), NaN where there is no air. [degC]"""
    velocity: Values
    """(n, m, 2) in the plane. [m/s]"""

    @property
    def middles(self) -> tuple[Floats, Floats]:
        """Middles of the cells along both axes. [m]"""
        first, second = ((line[1:] + line[:-1]) / 2 for line in self.lines)
        return first, second

    def points(self) -> Floats:
        """Corners of the cells in space, (n + 1, m + 1, 3). [m]"""
        first, second = np.meshgrid(*self.lines, indexing="ij")
        return np.insert(np.stack([first, second], axis=-1), self.axis, self.at, axis=-1)


def cut(field: AnyField, axis: int, at: float) -> Cut | None:
    """The cells along a plane, interpolated between the layers on both sides of it; None if it misses the grid."""
    line = field.grid.lines[axis]
    if not line[0] <= at <= line[-1]:
        return None
    here = int(np.clip(np.searchsorted(line, at, side="right") - 1, 0, line.size - 2))
    rest = [n for n in range(3) if n != axis]
    velocity = _layer(field.velocity, axis, line, here, at)[..., rest]
    first, second = (np.asarray(field.grid.lines[n], float) for n in rest)
    return Cut(axis, at, (first, second), _layer(field.temperature, axis, line, here, at), velocity)


def corners_of(values: Values) -> Values:
    """Values at the four corners of every cell, (n, m, 2, 2); NaN where there is no air.

    A corner is the mean of the cells around it that differ from the cell itself by less than :data:`STEP`: colours run
    smoothly through the air and do not bleed through a panel or a ceiling.
    """
    n, m = values.shape
    padded = np.pad(np.asarray(values, float), 1, constant_values=np.nan)
    corner = np.empty((n, m, 2, 2), np.float32)
    for i in (0, 1):
        for j in (0, 1):
            around = [padded[1 + a : n + 1 + a, 1 + b : m + 1 + b] for a in (i - 1, i) for b in (j - 1, j)]
            with np.errstate(invalid="ignore"):
                near = [np.isfinite(other) & (np.abs(other - values) < STEP) for other in around]
            total = sum(np.where(ok, other, 0.0) for ok, other in zip(near, around, strict=True))
            corner[:, :, i, j] = total / np.maximum(sum(ok.astype(float) for ok in near), 1.0)
    corner[~np.isfinite(values)] = np.nan
    return corner


def scale(facility: Facility, palette: str | None = None) -> Scale:
    """Colours of air temperature: the same fixed ones in every picture."""
    return colors.scale(QUANTITY, np.zeros(0), facility, colors=palette, label="Air temperature")


def shells(facility: Facility, fields: Mapping[str, AnyField]) -> Iterator[tuple[Shell, AnyField]]:
    """Halls that have a field, in the order of the facility."""
    for shell in facility.halls:
        if shell.id in fields:
            yield shell, fields[shell.id]


def bounds(facility: Facility, fields: Mapping[str, AnyField]) -> tuple[Floats, Floats]:
    """Lowest and highest corner of the halls that have a field. [m]"""
    corners = [
        ((*s.origin, 0.0), (*np.add(s.origin, s.size[:2]), s.size[2])) for s, _ in shells(facility, fields)
    ]
    if not corners:
        raise ValueError(f"no hall of {facility.name!r} has an air field; there are some of {sorted(fields)}")
    low, high = np.array(corners, float).transpose(1, 0, 2)
    return low.min(axis=0), high.max(axis=0)


def section(facility: Facility, shell: Shell) -> tuple[int, float]:
    """A vertical plane across the rows of a hall, through the middle of its longest row: axis and place [m]."""
    runs = [run for run in facility.runs if run.hall == shell.id]
    if not runs:
        return 0, shell.origin[0] + shell.size[0] / 2
    run = max(runs, key=lambda run: run.length)
    axis = 0 if run.axis == "x" else 1
    middle = run.origin[axis] + run.length / 2
    racks = [m.center[axis] for m in facility.machines if m.row == run.id and m.kind == "rack"]
    return axis, min(racks, key=lambda at: abs(at - middle), default=middle)


def aisles(facility: Facility, shell: Shell) -> tuple[tuple[int, float], ...]:
    """Planes along the middle of a cold and of a hot aisle, as axis and place [m]; the middle of an empty hall.

    The cold aisle is the one nearest to a third of the hall, the hot one that nearest to two thirds: so the planes stand
    apart and neither hides the other.
    """
    runs = [run for run in facility.runs if run.hall == shell.id]
    if not runs:
        return ((1, shell.origin[1] + shell.size[1] / 2),)
    axis = max((0, 1), key=lambda n: sum(_normal(run) == n for run in runs))
    across = [run for run in runs if _normal(run) == axis]
    planes = []
    for front, share in ((True, 1 / 3), (False, 2 / 3)):
        wanted = shell.origin[axis] + share * shell.size[axis]
        middles = [_beside(run, across, shell, front) for run in across]
        planes.append((axis, min(middles, key=lambda at: abs(at - wanted))))
    return tuple(planes)


def _layer(values: Values, axis: int, line: Floats, here: int, at: float) -> Values:
    """Layer ``here``, moved towards the next one where both are known."""
    middle = (line[1:] + line[:-1]) / 2
    other = int(np.clip(here + (1 if at > middle[here] else -1), 0, middle.size - 1))
    own: Values = values[(slice(None),) * axis + (here,)]
    if other == here:
        return own
    share = (at - middle[here]) / (middle[other] - middle[here])
    mixed = own + np.float32(share) * (values[(slice(None),) * axis + (other,)] - own)
    return np.where(np.isfinite(mixed), mixed, own)


def _normal(run: Run) -> int:
    return 1 if run.face in ("north", "south") else 0


def _span(run: Run, axis: int) -> tuple[float, float]:
    along = 0 if run.axis == "x" else 1
    return run.origin[axis], run.origin[axis] + (run.length if axis == along else run.depth)


def _beside(run: Run, others: list[Run], shell: Shell, front: bool) -> float:
    """Middle of the aisle before or behind a row."""
    axis = _normal(run)
    low, high = _span(run, axis)
    forward = (run.face in ("north", "east")) == front
    begin, end = _span(run, 1 - axis)
    beside = [o for o in others if _span(o, 1 - axis)[0] < end and _span(o, 1 - axis)[1] > begin]
    if forward:
        gaps = [a - high for a, _ in (_span(other, axis) for other in beside) if a >= high]
        return high + min([AISLE, shell.origin[axis] + shell.size[axis] - high, *gaps]) / 2
    gaps = [low - b for _, b in (_span(other, axis) for other in beside) if b <= low]
    return low - min([AISLE, low - shell.origin[axis], *gaps]) / 2
