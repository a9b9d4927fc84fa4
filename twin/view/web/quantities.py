"""The values of a run: every quantity of every table, in every state."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.model.facility import Facility
from twin.results.quantities import QUANTITIES
from twin.results.quantities import Quantity as About
from twin.results.results import Results, Table, Verdict
from twin.view.scene import FIELDS, LIFE, NEEDS
from twin.view.web import scales
from twin.view.web.document import Buffer, Quantity, rounded
from twin.view.web.scales import MARGIN, Palette
from twin.view.web.things import Register

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Source:
    """Where the values come from, and which states of them are shown."""

    facility: Facility
    results: Results
    verdict: Verdict
    register: Register
    rows: tuple[int, ...]
    """States that are shown, as rows of the tables."""

    @property
    def settled(self) -> NDArray[np.bool_]:
        """(states shown,)"""
        return np.array([bool(self.results.settled[row]) for row in self.rows], dtype=bool)

    def values(self, table: str, quantity: str) -> Floats | None:
        """(states shown, n) as the tables have them; None if they do not."""
        found = self.results.tables.get(table)
        if found is None or quantity not in found.values:
            return None
        values = np.asarray(found.values[quantity], dtype=float)
        if values.shape != (len(self.results.scenarios), len(found.ids)):
            return None
        return values if len(self.rows) == len(values) else values[list(self.rows)]


def quantities(
    source: Source, layers: Mapping[str, Sequence[str]], palette: Palette, buffer: Buffer
) -> tuple[Quantity, ...]:
    """Every quantity that the results hold for things of the document; ``layers``: by layer of the scene."""
    made = [*_tightest(source, layers, palette, buffer)]
    for name, about in QUANTITIES.items():
        found = [*_of_states(source, name, about, layers, palette, buffer)]
        made += found or _of_design(source, name, about, buffer)
    return tuple(sorted(made, key=lambda quantity: not quantity.paint))


def shown(source: Source, name: str) -> Floats | None:
    """Values as they are shown, (states, n): NaN for what has none, and in states without a steady solution.

    What can be painted follows :func:`twin.view.scene.paint`: what is out of service, or has nothing that the quantity
    tells of, has no value.
    """
    table, _, quantity = name.partition(".")
    values = source.values(table, quantity)
    if values is None:
        return None
    has = np.isfinite(values) & source.settled[:, None]
    if name in FIELDS:
        for other in (LIFE.get(table), NEEDS.get(name)):
            needed = source.values(table, other) if other not in (None, quantity) else None
            if needed is not None:
                has &= needed > 0
    return np.where(has, values, np.nan)


def _of_states(
    source: Source,
    name: str,
    about: About,
    layers: Mapping[str, Sequence[str]],
    palette: Palette,
    buffer: Buffer,
) -> Iterator[Quantity]:
    values = shown(source, name)
    if values is None:
        return
    columns, things = _columns(source, source.results.tables[name.partition(".")[0]])
    if not len(columns):
        return
    values = values if len(columns) == values.shape[1] else values[:, columns]
    field = FIELDS.get(name)
    drawn = [part for layer in field.layers for part in layers.get(layer, ())] if field else []
    looks = scales.painted(name, values, source.facility, palette) if drawn else {"label": about.label}
    yield Quantity(
        name=name, dimension=about.dimension, paint=bool(drawn), layers=tuple(drawn),
        thing=buffer.add(things, "u32"), values=buffer.add(rounded(values, about.dimension), coding="first"), **looks,
    )  # fmt: skip


def _of_design(source: Source, name: str, about: About, buffer: Buffer) -> Iterator[Quantity]:
    """What studies found beside the states."""
    table_name, _, quantity = name.partition(".")
    table = source.results.studies.get(table_name)
    if table is None or quantity not in table.values:
        return
    values = np.asarray(table.values[quantity], dtype=float)
    columns, things = _columns(source, table)
    if values.shape != (len(table.ids),) or not len(columns):
        return
    values = np.where(np.isfinite(values), values, np.nan)[None, columns]
    yield Quantity(
        name=name, label=about.label, dimension=about.dimension, paint=False,
        thing=buffer.add(things, "u32"), values=buffer.add(rounded(values, about.dimension), coding="first"),
    )  # fmt: skip


def _tightest(
    source: Source, layers: Mapping[str, Sequence[str]], palette: Palette, buffer: Buffer
) -> Iterator[Quantity]:
    worst: dict[int, float] = {}
    for subject, (margin, _) in source.verdict.tightest.items():
        thing = source.register.of(subject)
        if thing >= 0 and np.isfinite(margin):
            worst[thing] = min(margin, worst.get(thing, np.inf))
    if not worst:
        return
    things = sorted(worst)
    values = np.array([[worst[thing] for thing in things]])
    drawn = dict.fromkeys(
        part for field in FIELDS.values() for layer in field.layers for part in layers.get(layer, ())
    )
    yield Quantity(
        name=MARGIN, dimension="fraction", paint=True, layers=tuple(drawn),
        thing=buffer.add(np.array(things), "u32"), values=buffer.add(rounded(values, "fraction"), coding="first"),
        **scales.margin(palette),
    )  # fmt: skip


def _columns(source: Source, table: Table) -> tuple[list[int], NDArray[np.uint32]]:
    """Columns of those things of a table that the document knows, and their numbers."""
    number = source.register.number
    pairs = [(column, number[name]) for column, name in enumerate(table.ids) if name in number]
    return [column for column, _ in pairs], np.array([thing for _, thing in pairs], dtype=np.uint32)
