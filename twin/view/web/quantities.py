"""The quantities of a run: values of every table in every state, and the colours of those that can be painted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.results.quantities import QUANTITIES
from twin.results.quantities import Quantity as About
from twin.view.colors import MARGIN
from twin.view.scene import FIELDS
from twin.view.web import scales
from twin.view.web.document import Buffer, rounded
from twin.view.web.parts import Block, Quantity
from twin.view.web.scales import Palette
from twin.view.web.values import FEEDS, Source

Floats = NDArray[np.float32]

_FED = ("racks", "cdus", "crahs", "busways", "plant", "pumps", "power", "other")
_BREAKERS = "feed.loading"


def quantities(
    source: Source, layers: Mapping[str, Sequence[str]], palette: Palette, buffer: Buffer
) -> tuple[Quantity, ...]:
    """Every quantity that the results hold for things of the document, those that can be painted first.

    ``layers`` names the document's layers that a layer of the scene became.
    """
    writer = _Writer(source, layers, palette, buffer)
    made = [*writer.tables(), *writer.tightest()]
    return tuple(sorted(made, key=lambda quantity: not quantity.paint))


@dataclass(frozen=True, eq=False)
class _Writer:
    source: Source
    layers: Mapping[str, Sequence[str]]
    palette: Palette
    buffer: Buffer

    def tables(self) -> Iterator[Quantity]:
        """Quantities of states, and of the design as a whole where there are none of states."""
        for name, about in QUANTITIES.items():
            found = self.source.of_things(name)
            if found is not None:
                values, things = rounded(found[0], about.dimension), found[1]
                yield self._made(about, values, things, self._looks(about, values))
            elif (found := self.source.of_design(name)) is not None:
                values, things = rounded(found[0], about.dimension), found[1]
                yield self._made(about, values, things, {"paint": False, "label": about.label})

    def tightest(self) -> Iterator[Quantity]:
        """The smallest margin of every thing; that of a feed belongs to what it feeds."""
        worst: dict[int, float] = {}
        for subject, (margin, _) in self.source.verdict.tightest.items():
            thing = self.source.register.of(subject)
            if thing >= 0 and np.isfinite(margin):
                worst[thing] = min(margin, worst.get(thing, np.inf))
        if worst:
            things = np.array(sorted(worst), dtype=np.uint32)
            values = rounded(np.array([[worst[thing] for thing in things.tolist()]]), "fraction")
            drawn = (layer for field in FIELDS.values() for layer in self._drawn(field.layers))
            looks = {"paint": True, "layers": tuple(dict.fromkeys(drawn)), **scales.margin(self.palette)}
            yield self._made(About(MARGIN, "", "fraction"), values, things, looks)

    def _looks(self, about: About, values: Floats) -> dict[str, Any]:
        field = FIELDS.get(about.name)
        drawn = self._drawn(_FED if about.name == _BREAKERS else field.layers if field else ())
        if not drawn:
            word = " (largest of its feeds)" if about.name in FEEDS else ""
            return {"paint": False, "label": about.label + word}
        looks = scales.painted(about.name, values.astype(float), self.source.facility, self.palette)
        return {"paint": True, "layers": drawn, **looks}

    def _drawn(self, layers: Sequence[str]) -> tuple[str, ...]:
        return tuple(part for layer in layers for part in self.layers.get(layer, ()))

    def _made(
        self, about: About, values: Floats, things: NDArray[np.uint32], looks: dict[str, Any]
    ) -> Quantity:
        return Quantity(
            name=about.name,
            dimension=about.dimension,
            thing=self.buffer.add(things, "u32"),
            values=self._values(values),
            **looks,
        )

    def _values(self, values: Floats) -> Block:
        """The table; one row of it where all are equal."""
        bits = values.view(np.uint32)
        same = len(values) > 1 and bool((bits == bits[0]).all())
        return self.buffer.add(values[:1] if same else values, coding="first")
