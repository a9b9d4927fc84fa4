"""What is followed in time: the hours of a year, and what happens after a loss."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from twin.results.histories import History
from twin.results.quantities import QUANTITIES
from twin.results.year import HOUR, SERIES, Year
from twin.view.web.document import Buffer, rounded
from twin.view.web.parts import Moment, Paint, Quantity, Series, Tick, Timeline
from twin.view.web.values import Source
from twin.view.web.words import degrees

Floats = NDArray[np.float64]


def timelines(source: Source, quantities: Sequence[Quantity], buffer: Buffer) -> tuple[Timeline, ...]:
    """The year first, then what follows the losses that matter most."""
    number = {quantity.name: index for index, quantity in enumerate(quantities)}
    made = []
    if source.results.year is not None:
        made.append(_of_year(source.results.year, source, number, buffer))
    made += [_of_history(history, source, number, buffer) for history in source.results.histories]
    return tuple(made)


def _of_year(year: Year, source: Source, number: Mapping[str, int], buffer: Buffer) -> Timeline:
    """Hours without a solution have no values but the weather's."""
    solved = year.solved
    weather = ("solved", "dry_bulb", "wet_bulb", "pressure", "load", "carbon_intensity", "price")
    series = []
    for name, about in SERIES.items():
        values = year.hours.get(name)
        if values is not None and np.shape(values) == solved.shape:
            values = np.asarray(values, dtype=float)
            told = values if name in weather else np.where(solved, values, np.nan)
            series.append(_series(name, about.label, about.dimension, told, (), buffer))
    supply = np.where(solved[:, None], year.supply, np.nan)
    made = "built from monthly normals" if year.synthetic else "measured or typical hours"
    return Timeline(
        name="year", label=f"Year of {year.station}", kind="year",
        times=buffer.add(np.arange(len(solved))[None] * HOUR),
        note=degrees(" ".join((f"Weather: {year.source} ({made}).", *year.notes))),
        series=tuple(series),
        paints=tuple(_paints({"loop.supply": (year.loops, supply)}, source, number, buffer)),
    )  # fmt: skip


def _of_history(history: History, source: Source, number: Mapping[str, int], buffer: Buffer) -> Timeline:
    times = np.asarray(history.times, dtype=float)
    series = [
        _series(name, about.label, about.dimension, history.lines[name], history.limits.get(name, ()), buffer)
        for name, about in history.series.items()
        if np.shape(history.lines.get(name, ())) == times.shape
    ]
    values = {
        name: (ids, history.values[name]) for name, ids in history.ids.items() if name in history.values
    }
    moments = sorted((time, words) for time, words in history.moments if np.isfinite(time))
    return Timeline(
        name=history.name, label=history.label, kind="transient", times=buffer.add(times[None]),
        series=tuple(series), paints=tuple(_paints(values, source, number, buffer)),
        moments=tuple(Moment(time=float(time), text=degrees(words)) for time, words in moments),
    )  # fmt: skip


def _series(
    name: str, label: str, dimension: str, values: Floats, limits: Iterable[tuple[float, str]], buffer: Buffer
) -> Series:
    line = np.asarray(values, dtype=float)[None]
    ticks = tuple(
        Tick(value=float(value), text=degrees(words)) for value, words in limits if np.isfinite(value)
    )
    block = buffer.add(rounded(np.where(np.isfinite(line), line, np.nan), dimension), coding="first")
    return Series(name=name, label=label, dimension=dimension, values=block, limits=ticks)


def _paints(
    values: Mapping[str, tuple[tuple[str, ...], Floats]],
    source: Source,
    number: Mapping[str, int],
    buffer: Buffer,
) -> Iterator[Paint]:
    """Values of things in time, of those quantities that have a scale."""
    known = source.register.number
    for name, (ids, array) in values.items():
        columns = [column for column, thing in enumerate(ids) if thing in known]
        table = np.asarray(array, dtype=float)
        if (
            name not in number
            or name not in QUANTITIES
            or not columns
            or table.ndim != 2
            or table.shape[1] != len(ids)
        ):
            continue
        chosen, about = table[:, columns], QUANTITIES[name].dimension
        yield Paint(
            quantity=number[name],
            thing=buffer.add(np.array([known[ids[column]] for column in columns]), "u32"),
            values=buffer.add(
                rounded(np.where(np.isfinite(chosen), chosen, np.nan), about), coding="previous"
            ),
        )
