"""Something that is followed in time, for a slider: the hours of the year, or what happens after a loss."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from twin.results.histories import History
from twin.results.quantities import QUANTITIES
from twin.results.results import Results
from twin.results.year import HOUR, SERIES, Year, when
from twin.view.desktop.telling import said

Array = NDArray[np.float64]

FIGURES = ("pue", "facility_power", "dry_bulb", "inlet", "tokens")
"""Figures of a year that are told beside its slider."""
_MOST = 4  # figures in a line


@dataclass(frozen=True, eq=False)
class Timeline:
    """Values of things and figures of the whole at some times."""

    name: str
    label: str
    times: Array
    """(T,) ascending. [s]"""
    calendar: bool = False
    """Times are those of a year and not seconds since something began."""
    ids: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Quantity to the n things that have it."""
    paints: Mapping[str, Array] = field(default_factory=dict)
    """The same to (T, n)."""
    lines: tuple[tuple[str, str, Array], ...] = ()
    """Label, dimension and (T,) of figures of the whole."""
    moments: tuple[tuple[float, str], ...] = ()
    """Times [s] at which something happens, and what."""

    def nearest(self, time: float) -> int:
        """The step nearest to a time. [s]"""
        return int(np.abs(self.times - time).argmin())

    def values(self, quantity: str, step: int) -> dict[str, float] | None:
        """Values of things at a step; None if the quantity is not followed."""
        if quantity not in self.paints:
            return None
        row = np.asarray(self.paints[quantity][step], dtype=float)
        names = self.ids[quantity]
        return {names[k]: float(row[k]) for k in np.flatnonzero(np.isfinite(row))}

    def of(self, name: str, step: int) -> Iterator[str]:
        """What a thing has at a step, in lines."""
        for quantity, names in self.ids.items():
            if name in names:
                about = QUANTITIES[quantity]
                value = float(self.paints[quantity][step][names.index(name)])
                time = self.clock(step) if self.calendar else f"After {self.clock(step)}"
                yield f"{time}: {about.label}: {said(value, about.dimension)}"

    def clock(self, step: int) -> str:
        """The time of a step in words."""
        time = float(self.times[step])
        if self.calendar:
            return when(min(int(time // HOUR), 8759))
        if time < 600:
            return f"{time:.0f} s"
        return f"{time / 60:.1f} min" if time < 5400 else f"{time / 3600:.2f} h"

    def told(self, step: int) -> str:
        """The time, the last thing that happened, and figures of the whole."""
        parts = [f"{self.label}: {self.clock(step)}"]
        happened = [words for time, words in self.moments if time <= self.times[step] + 1e-9]
        parts += happened[-1:]
        parts += [f"{label} {said(float(values[step]), kind)}" for label, kind, values in self.lines[:_MOST]]
        return "   |   ".join(parts)


def timelines(results: Results) -> tuple[Timeline, ...]:
    """Those of a run: the year first, then what was followed after losses."""
    found = [_of_year(results.year)] if results.year is not None else []
    return (*found, *(_of_history(history) for history in results.histories if len(history.times)))


def _of_year(year: Year) -> Timeline:
    hours = len(year.hours["solved"])
    solved = np.asarray(year.hours["solved"]) > 0.5
    supply = np.where(solved[:, None], year.supply, np.nan) if len(year.loops) else None
    return Timeline(
        "year", f"Year, {year.station}", np.arange(hours, dtype=float) * HOUR, True,
        {"loop.supply": year.loops} if supply is not None else {},
        {"loop.supply": supply} if supply is not None else {},
        tuple(
            (SERIES[name].label, SERIES[name].dimension, np.where(solved, year.hours[name], np.nan))
            for name in FIGURES
            if name in year.hours
        ),
    )  # fmt: skip


def _of_history(history: History) -> Timeline:
    lines = tuple(
        (about.label, about.dimension, history.lines[name])
        for name, about in history.series.items()
        if name in history.lines
    )
    return Timeline(
        history.name, history.label, np.asarray(history.times, dtype=float), False, history.ids,
        history.values, lines, tuple(sorted(history.moments)),
    )  # fmt: skip
