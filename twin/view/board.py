"""The board: machines as rows of cells in the order of the power tree, each with its value.

On the site plan the power train is long and its machines small; here every machine is legible.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from twin.model.facility import Facility
from twin.view import colors, legend
from twin.view.colors import Scale
from twin.view.theme import THEMES, Theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDEST = 16
"""Cells in a line; longer groups continue below."""
TALLEST = 30
"""Lines in a column; more continue in the next."""


@dataclass(frozen=True)
class Line:
    """A line of cells."""

    group: str
    """Name of the group; empty where it continues."""
    of: str
    """Name of the group, always."""
    machines: tuple[str, ...]


def lines(facility: Facility, kinds: Iterable[str] = (), *, most: int = 150) -> tuple[Line, ...]:
    """Groups of power machines from the grid to the busways, as lines of cells; at most ``most`` lines."""
    rank = depths(facility)
    groups: dict[str, list[str]] = defaultdict(list)
    wanted = set(kinds)
    for machine in facility.machines:
        if machine.product.role == "power" and (not wanted or machine.kind in wanted):
            groups[machine.group].append(machine.id)

    def order(group: str) -> tuple[int, bool]:
        """The grid before what else stands at the top; else as written."""
        first = groups[group][0]
        return min(rank[name] for name in groups[group]), facility.by_id[first].kind != "utility"

    ordered = sorted(groups, key=order)
    found = [
        Line(group if start == 0 else "", group, tuple(groups[group][start : start + WIDEST]))
        for group in ordered
        for start in range(0, len(groups[group]), WIDEST)
    ]
    return tuple(found[:most])


def columns(rows: tuple[Line, ...]) -> tuple[tuple[Line, ...], ...]:
    """The lines in columns of equal height, at most ``TALLEST`` lines."""
    if not rows:
        return ()
    count = -(-len(rows) // TALLEST)
    height = -(-len(rows) // count)
    return tuple(rows[first : first + height] for first in range(0, len(rows), height))


def depths(facility: Facility) -> dict[str, int]:
    """Steps between every machine and the sources of the power tree (the longest way)."""
    above: dict[str, list[str]] = defaultdict(list)
    below: dict[str, list[str]] = defaultdict(list)
    for feed in facility.feeds:
        above[feed.to].extend(feed.sources)
        for source in feed.sources:
            below[source].append(feed.to)
    waiting = {name: len(sources) for name, sources in above.items()}
    depth = dict.fromkeys(facility.by_id, 0)
    ready = [name for name in facility.by_id if not waiting.get(name)]
    while ready:  # each machine once; what lies in a ring stays at 0
        name = ready.pop()
        for lower in below[name]:
            depth[lower] = max(depth[lower], depth[name] + 1)
            waiting[lower] -= 1
            if waiting[lower] == 0:
                ready.append(lower)
    return depth


def draw(
    axes: Axes,
    rows: tuple[Line, ...],
    values: dict[str, float],
    scale: Scale,
    out: set[str],
    size: float,
    theme: Theme = THEMES["light"],
) -> None:
    """Draw the cells with number and value; ``size`` is that of the letters."""
    from matplotlib.collections import PolyCollection

    axes.set(xlim=(-3.4, max((len(row.machines) for row in rows), default=1) + 0.1), ylim=(len(rows) or 1, 0))
    axes.axis("off")
    names = [name for row in rows for name in row.machines]
    spots = np.array([(x, y) for y, row in enumerate(rows) for x in range(len(row.machines))], dtype=float)
    numbers = np.array([values.get(name, np.nan) for name in names])
    faces = scale.rgb(numbers)
    faces[[name in out for name in names]] = 255 * np.array(colors.rgb(theme.out))
    corners = np.array([(0.05, 0.12), (0.95, 0.12), (0.95, 0.88), (0.05, 0.88)])
    if names:
        polygons = spots[:, None, :] + corners
        axes.add_collection(
            PolyCollection(polygons, facecolors=faces / 255, edgecolors=theme.muted, linewidths=0.4)
        )
    for y, row in enumerate(rows):
        axes.text(-0.15, y + 0.5, legend.clipped(row.group, 24), fontsize=size, ha="right", va="center",
                  color=theme.ink, parse_math=False)  # fmt: skip
    cells = zip(
        names,
        [row for row in rows for _ in row.machines],
        spots.tolist(),
        numbers.tolist(),
        faces,
        strict=True,
    )
    for name, row, (x, y), number, face in cells:
        text = [scale.text(round(number, 3))] if np.isfinite(number) and name not in out else []
        text += [legend.clipped(_ending(name, row), 8)] if _ending(name, row) else []
        axes.text(
            x + 0.5, y + 0.5, "\n".join(text), fontsize=0.8 * size, ha="center", va="center",
            linespacing=1.0, color=legend.on(face), parse_math=False,
        )  # fmt: skip


def _ending(name: str, row: Line) -> str:
    """What the machine's name adds to its group's."""
    return name.removeprefix(row.of).lstrip(".")
