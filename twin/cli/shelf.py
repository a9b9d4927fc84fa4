"""The catalogue on the terminal: lists, and single entries with the source of every value."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from twin.cli import printing

if TYPE_CHECKING:
    from rich.console import Console

    from twin.model.products import Product

_ABOUT = ("kind", "description", "manufacturer", "source", "sources", "like")
_MAIN = ("capacity", "rating", "flow")
DEFAULT = "assumed (default)"
"""Source of what an entry does not say, so that the program's default holds."""
_ASSUMED = re.compile(r"\bassumed\b", re.IGNORECASE)


@dataclass(frozen=True)
class Entry:
    """One line of the list."""

    name: str
    kind: str
    size: str
    """What it is bought by: capacity, rating or power."""
    about: str


def entries() -> list[Entry]:
    """Everything in the built-in catalogue."""
    from twin.catalogue import Catalogue

    builtin = Catalogue.builtin()
    rows = [_entry(name, builtin.raw(name)) for name in builtin.names()]
    rows += [Entry(n, "climate", f"{c.dry_bulb:.1f} degC", c.label) for n, c in builtin.climates.items()]
    rows += [
        Entry(n, "grid", f"{g.carbon_intensity * 3.6e9:.0f} g/kWh", g.label) for n, g in builtin.grids.items()
    ]
    return rows


def kinds() -> tuple[str, ...]:
    """Kinds that the catalogue holds."""
    return tuple(dict.fromkeys(entry.kind for entry in entries()))


def _entry(name: str, raw: Mapping[str, Any]) -> Entry:
    power = raw.get("power")
    main = (
        power.get("maximum") if isinstance(power, Mapping) else next((raw[k] for k in _MAIN if k in raw), "")
    )
    return Entry(name, str(raw.get("kind", "")), str(main), str(raw.get("description", "")))


def list_entries(rows: Sequence[Entry], out: Console) -> None:
    """Names by kind."""
    table = printing.plain_table("name", "kind", ("size", {"justify": "right"}), ("", {"ratio": 1}))
    table.expand = True
    for row in rows:
        table.add_row(*(printing.safe(text) for text in (row.name, row.kind, row.size, row.about)))
    out.print(table)
    printing.say(f"{len(rows)} entries; twin catalogue show NAME prints every value with its source")


def show(name: str, out: Console, *, first: bool = True) -> None:
    """One entry; CatalogueError if there is none of this name."""
    from rich.text import Text

    from twin.catalogue import Catalogue

    builtin = Catalogue.builtin()
    if not first:
        out.print()
    place = builtin.climates.get(name) or builtin.grids.get(name)
    if place is not None:
        out.print(printing.title(name, place.label))
        rows = [(key, text, _place_source(place, key)) for key, text in _texts(place, {})]
    else:
        product = builtin.product(name)
        maker = product.manufacturer or "generic"
        out.print(printing.title(name, f"{product.kind}, {maker}"))
        if product.description:
            out.print(Text(printing.safe(product.description)))
        rows = list(_rows(product, builtin.raw(name)))
    _print_rows(rows, out)


def _rows(product: Product, raw: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Key, value and source; a part that is a product itself (power shelves) has sources of its own."""
    for key, text in _texts(product, raw):
        top = key.partition(".")[0]
        part = getattr(product, top)
        if hasattr(part, "source_of"):
            yield key, text, part.source_of(key.split(".")[1])
        else:
            yield key, text, product.source_of(top) if top in raw else DEFAULT


def _texts(value: Any, raw: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Values as they were written; those that were not, as the program takes them."""
    for name, about in type(value).model_fields.items():
        if name in _ABOUT or name == "label":
            continue
        held = getattr(value, name)
        if held is None or held == () or held == "":
            continue
        if hasattr(type(held), "model_fields"):
            inner = raw.get(name)
            parts = _texts(held, inner if isinstance(inner, Mapping) else {})
            yield from ((f"{name}.{key}", text) for key, text in parts)
        else:
            yield name, _written(raw[name]) if name in raw else _formatted(held, about)


def _written(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return ", ".join(
            f"[{_written(item)}]" if isinstance(item, (list, tuple)) else _written(item) for item in value
        )
    return {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(value)


def _formatted(value: Any, about: Any) -> str:
    from typing import get_args

    from twin.units import Dimension, dimension_of, format_quantity

    if isinstance(value, tuple):
        parts = get_args(about.annotation)
        return ", ".join(_formatted_part(item, parts) for item in value)
    found = next((item for item in about.metadata if isinstance(item, Dimension)), None)
    if found is None or isinstance(value, (bool, str)):
        return _written(value)
    return format_quantity(value, dimension_of(found), digits=5)


def _formatted_part(value: Any, parts: Sequence[Any]) -> str:
    from twin.units import dimension_of, format_quantity

    try:
        return format_quantity(value, dimension_of(parts[0]), digits=5)
    except (KeyError, IndexError, TypeError):
        return f"[{_written(value)}]" if isinstance(value, tuple) else _written(value)


def _place_source(place: Any, key: str) -> str:
    return str(place.source_of(key) if hasattr(place, "source_of") else place.source)


def _print_rows(rows: Sequence[tuple[str, str, str]], out: Console) -> None:
    """The table; sources once, by number below."""
    from rich.text import Text

    told = [
        source
        for source in dict.fromkeys(source for _, _, source in rows)
        if source not in ("assumed", DEFAULT)
    ]
    table = printing.plain_table("", ("value", {"overflow": "fold", "no_wrap": False}), "source")
    for key, text, source in rows:
        note = f"[{told.index(source) + 1}]" if source in told else source
        assumed = bool(_ASSUMED.match(source))
        note = f"assumed {note}" if assumed and source in told else note
        table.add_row(Text(key), Text(printing.safe(text)), Text(note, style="yellow" if assumed else ""))
    out.print(table)
    for number, source in enumerate(told, start=1):
        out.print(Text.assemble((f"[{number}] ", "dim"), printing.safe(source)))
