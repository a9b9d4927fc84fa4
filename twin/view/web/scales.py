"""How the values of a quantity become colours in the page, and what stands beside the colour bar."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.checks.limits import resolve
from twin.checks.power import CONTINUOUS, VOLTAGE_HIGH, VOLTAGE_LOW
from twin.checks.wording import dimension
from twin.model.facility import Facility
from twin.model.products import Rack
from twin.results.quantities import QUANTITIES
from twin.units import UnitError
from twin.view import colors
from twin.view.colors import Scale
from twin.view.web.document import Buffer
from twin.view.web.parts import Band, Block, Tick, Unit
from twin.view.web.words import text

Floats = NDArray[np.float64]

_MOST_LIMITS = 6  # marks beside a colour bar


@dataclass
class Palette:
    """The colour tables of a document, each once."""

    buffer: Buffer
    blocks: list[Block] = field(default_factory=list)
    _known: dict[bytes, int] = field(default_factory=dict)

    def add(self, table: NDArray[np.uint8]) -> int:
        """Number of a table, (256, 3)."""
        key = table.tobytes()
        if key not in self._known:
            self._known[key] = len(self.blocks)
            self.blocks.append(self.buffer.add(table, "u8"))
        return self._known[key]


def painted(quantity: str, values: Floats, facility: Facility, palette: Palette) -> dict[str, Any]:
    """The fields of a quantity that can be painted; ``values`` are those of all states."""
    scale = colors.scale(quantity, values, facility)
    safe = colors.table({"flag": "flag", "load": "load_safe"}.get(scale.map, "cividis"))
    return {**_looks(scale, palette, safe), "limits": tuple(limits(quantity, facility))}


def margin(palette: Palette) -> dict[str, Any]:
    """The same for the tightest margins of things."""
    safe = colors.table("cividis")[::-1].copy()  # what is broken is as bright as what is hot
    looks = _looks(colors.margin_scale(), palette, safe)
    return {**looks, "limits": (Tick(value=0.0, text="limit"),)}


def _looks(scale: Scale, palette: Palette, safe: NDArray[np.uint8]) -> dict[str, Any]:
    return {
        "label": scale.label,
        "low": scale.low + 0.0,  # never -0
        "high": scale.high,
        "lut": palette.add(scale.lut()),
        "safe": palette.add(safe),
        "unit": Unit(text=scale.unit, factor=scale.factor) if scale.unit else None,
        "ticks": _ticks(scale),
        "bands": tuple(Band(**vars(band)) for band in scale.bands()),
    }


def _ticks(scale: Scale) -> tuple[Tick, ...]:
    if scale.map == "flag":
        return (Tick(value=0.0, text="no"), Tick(value=1.0, text="yes"))
    return tuple(Tick(value=float(value), text=scale.text(value)) for value in scale.ticks())


def limits(quantity: str, facility: Facility) -> Iterator[Tick]:
    """Limits of a quantity that hold for all its things: the designer's own, ratings, those of sheets and standards."""
    found: dict[float, str] = {}
    for value, words in (*_own(quantity, facility), *_built_in(quantity, facility)):
        found.setdefault(value, words)
    for value in sorted(found)[:_MOST_LIMITS]:
        yield Tick(value=value, text=found[value])


def _own(quantity: str, facility: Facility) -> Iterator[tuple[float, str]]:
    about = QUANTITIES[quantity]
    for limit, _ in facility.limits:
        meant = resolve(limit.what)
        if meant is None or meant[0].name != quantity:
            continue
        for word, bound in (("at most", limit.max), ("at least", limit.min)):
            if bound is None:
                continue
            try:
                value = dimension(about.dimension).read(bound)
            except UnitError:
                continue
            kind = f"{meant[1].replace('_', ' ')}: " if meant[1] else ""
            yield value, f"{kind}{word} {text(value, about.dimension)} (layout)"


def _built_in(quantity: str, facility: Facility) -> Iterator[tuple[float, str]]:
    name = quantity.rpartition(".")[2]
    if name == "loading":
        yield 1.0, "rating"
    if quantity == "feed.loading":
        yield CONTINUOUS, "continuous load of a standard breaker"
    if name == "voltage":
        yield VOLTAGE_LOW, "lowest input voltage"
        yield VOLTAGE_HIGH, "highest input voltage"
    if quantity == "rack.case_temperature":
        plates = [
            m.product.cold_plate
            for m in facility.racks
            if isinstance(m.product, Rack) and m.product.cold_plate
        ]
        yield from ((value, "largest in operation (sheet)") for value in sorted({p.case_max for p in plates}))
        yield from ((value, "chips shut down (sheet)") for value in sorted({p.trip for p in plates}))
    if quantity in ("rack.case_margin", "rack.flow_share", "rack.throttle"):
        yield (0.0, "limit") if name == "case_margin" else (1.0, "as asked")
