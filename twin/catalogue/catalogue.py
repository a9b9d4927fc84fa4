"""The catalogue: names to validated products."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import deepcopy
from difflib import get_close_matches
from functools import cache
from typing import Any, NamedTuple, NoReturn

from pydantic import TypeAdapter, ValidationError

from twin.catalogue.entries import Entry, TextEntries, builtin_text, inherit
from twin.catalogue.places import Climate, GridRegion, climates, grids
from twin.catalogue.throughput import Key, Throughput, throughput
from twin.model.products import Product

PRODUCT_FILES = ("racks.yaml", "cooling.yaml", "plant.yaml", "power.yaml")
"""Files of products."""
MAX_LIKE = 50
"""Entries that may be like one another in a chain."""

Path = tuple[str | int, ...]
Locate = Callable[[Path], Any]

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,39}")


class Problem(NamedTuple):
    """One thing that is wrong with an entry."""

    path: Path
    """Keys from the entry's name to the value: ``("my_rack", "power", "idle")``."""
    message: str
    """One line: what was found, what is allowed."""
    mark: Any = None
    """Where it was written, if the writer told how to find out."""

    def __str__(self) -> str:
        place = f"{self.mark}: " if self.mark is not None else ""
        return f"{place}{' > '.join(map(str, self.path))}: {self.message}"


class CatalogueError(KeyError):
    """A name that is not in the catalogue, or an entry that is wrong; ``args[0]`` is one line."""

    def __init__(self, message: str, problems: tuple[Problem, ...] = ()) -> None:
        super().__init__(message)
        self.problems = problems

    def __str__(self) -> str:
        return str(self.args[0])


class Catalogue:
    """Products by name, with the climates, grids and throughput tables; a value that nothing changes.

    Examples
    --------
    >>> Catalogue.builtin().product("gb300_nvl72").power.maximum
    135000.0
    """

    def __init__(
        self,
        entries: Mapping[str, Entry],
        *,
        base: Catalogue | None = None,
        locate: Locate | None = None,
        text: bool = True,
    ) -> None:
        self._entries = entries
        self._base = base
        self._locate = locate
        self._text = text
        self._products: dict[str, Product] = {}

    @classmethod
    def builtin(cls) -> Catalogue:
        """The catalogue that ships with the program; always the same object."""
        return _builtin()

    def names(self) -> tuple[str, ...]:
        """All product names: the built-in ones by file, then the layout's own."""
        return (*(self._base.names() if self._base else ()), *self._entries)

    def __contains__(self, name: object) -> bool:
        return name in self._entries or (self._base is not None and name in self._base)

    def __iter__(self) -> Iterator[str]:
        return iter(self.names())

    def product(self, name: str) -> Product:
        """The validated product of this name; raises `CatalogueError`, which is a KeyError."""
        if self._base is not None and name in self._base:
            return self._base.product(name)
        if name not in self._products:
            self._products[name] = self._validated(name)
        return self._products[name]

    def raw(self, name: str) -> dict[str, Any]:
        """The entry as written, completed from the one it is ``like``; raises `CatalogueError`."""
        if name not in self:
            self._unknown(name)
        return deepcopy(dict(self._resolved(name, ())))

    def extended(
        self, entries: Mapping[str, Any], locate: Locate | None = None, *, text: bool = True
    ) -> Catalogue:
        """This catalogue with further entries; raises `CatalogueError` with everything wrong with them.

        Parameters
        ----------
        entries : mapping
            Name to entry; an entry may be ``like`` any other, also one of this mapping.
        locate : callable, optional
            Path of keys (starting with the name) to where it was written, for messages.
        text : bool
            True if quantities are text with units; False for SI floats from Python.
        """
        grown = Catalogue(dict(entries), base=self, locate=locate, text=text)
        problems = tuple(dict.fromkeys(problem for name in entries for problem in grown._problems_of(name)))
        if problems:
            raise CatalogueError("; ".join(map(str, problems)), problems)
        return grown

    @property
    def climates(self) -> Mapping[str, Climate]:
        """Design climates by name."""
        return climates()

    @property
    def grids(self) -> Mapping[str, GridRegion]:
        """Grid regions by name."""
        return grids()

    @property
    def throughput(self) -> Mapping[Key, Throughput]:
        """Inference throughput by (platform, model, service)."""
        return throughput()

    # -- inside --------------------------------------------------------------------------------------------

    def _unknown(self, name: str) -> NoReturn:
        raise CatalogueError(f"unknown product {_quoted(name)}{_near(name, self.names())}")

    def _problem(self, path: Path, message: str) -> CatalogueError:
        mark = self._locate(path) if self._locate is not None else None
        problem = Problem(path, message, mark)
        return CatalogueError(str(problem), (problem,))

    def _problems_of(self, name: str) -> tuple[Problem, ...]:
        try:
            if not isinstance(name, str) or not _NAME.fullmatch(name):
                raise self._problem((name,), "a name is a letter, then letters, digits, _ and - (at most 40)")
            if self._base is not None and name in self._base:
                raise self._problem(
                    (name,), f"{name} is a built-in product; choose another name and say like: {name}"
                )
            self.product(name)
        except CatalogueError as error:
            return error.problems
        return ()

    def _written(self, name: str) -> Entry:
        if name in self._entries or self._base is None:
            return self._entries[name]
        return self._base._written(name)

    def _resolved(self, name: str, trail: tuple[str, ...]) -> Entry:
        """The entry completed from what it is like; ``trail`` are the entries that led here."""
        entry = self._written(name)
        if not isinstance(entry, Mapping):
            raise self._problem((name,), "an entry is a mapping of keys to values")
        if "like" not in entry:
            return entry
        parent, start = entry["like"], (*trail, name)
        if not isinstance(parent, str) or parent not in self:
            known = [other for other in self.names() if other != name]
            raise self._problem(
                (name, "like"), f"unknown product {_quoted(parent)}{_near(str(parent), known)}"
            )
        if parent in start:
            raise self._problem((name, "like"), "goes in a circle: " + " is like ".join((*start, parent)))
        if len(start) > MAX_LIKE:
            raise self._problem((name, "like"), f"more than {MAX_LIKE} entries, each like the next")
        return inherit(self._resolved(parent, start), entry, parent)

    def _validated(self, name: str) -> Product:
        if name not in self._entries:
            self._unknown(name)
        data = self._with_shelf(name, self._resolved(name, ()))
        try:
            return _adapter().validate_python(data, context={"text": self._text})
        except ValidationError as error:
            problems = tuple(
                _explained(item, name, data, self._locate) for item in error.errors(include_url=False)
            )
            raise CatalogueError("; ".join(map(str, problems)), problems) from None

    def _with_shelf(self, name: str, data: Entry) -> Entry:
        shelf = data.get("shelf")
        if data.get("kind") != "rack" or not isinstance(shelf, str):
            return data
        if shelf not in self or self._kind(shelf) != "power_shelf":
            shelves = [other for other in self.names() if self._kind(other) == "power_shelf"]
            raise self._problem(
                (name, "shelf"), f"unknown power shelf {_quoted(shelf)}{_near(shelf, shelves)}"
            )
        return {**data, "shelf": self._resolved(shelf, ())}

    def _kind(self, name: str) -> Any:
        try:
            return self._resolved(name, ()).get("kind")
        except CatalogueError:  # told when that entry itself is looked at
            return None


@cache
def _builtin() -> Catalogue:
    return Catalogue(TextEntries(map(builtin_text, PRODUCT_FILES)))


@cache
def _adapter() -> TypeAdapter[Product]:
    return TypeAdapter(Product)


def _quoted(value: Any) -> str:
    text = " ".join(str(value).split())
    return f'"{text if len(text) <= 40 else text[:37] + "..."}"'


def _near(name: str, known: Iterable[str]) -> str:
    near = get_close_matches(name[:80], list(known), n=1, cutoff=0.6)
    return f'; did you mean "{near[0]}"?' if near else ""


def _explained(item: Mapping[str, Any], name: str, data: Entry, locate: Locate | None) -> Problem:
    loc = item["loc"][1:] if item["loc"] and item["loc"][0] == data.get("kind") else item["loc"]
    path: Path = (name, *loc)
    return Problem(path, _message(item, str(path[-1])), locate(path) if locate is not None else None)


def _message(item: Mapping[str, Any], key: str) -> str:
    match item["type"]:
        case "value_error":
            return " ".join(str(item["ctx"]["error"]).split())
        case "extra_forbidden":
            return f"unknown key {_quoted(key)}"
        case "missing":
            return f'missing key "{key}"'
        case "union_tag_invalid":
            tags = re.findall(r"'([^']*)'", item["ctx"]["expected_tags"])
            tag = str(item["ctx"]["tag"])
            return f"unknown kind {_quoted(tag)}{_near(tag, tags)}"
        case "union_tag_not_found":
            return 'missing key "kind" (or "like")'
    return str(item["msg"])
