"""The tables in a pandapower JSON file, read with ``json`` alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.exchange.mistake import complain
from twin.exchange.network import LARGEST_NUMBER, read_json
from twin.layout.mistakes import LayoutError, Mistake

Array = NDArray[Any]
MOST_ROWS = 2_000_000
LONGEST = 200
"""Characters of an index."""
SMALLEST = 1e-6
"""Smallest voltage [kV] and power [MVA] of anything: a thousandth of a volt, a watt."""


class Table:
    """One table of the net: rows by their index, columns by name."""

    def __init__(self, name: str, index: list[Any], columns: dict[str, list[Any]], wrong: Any) -> None:
        self.name, self.index, self._columns, self._wrong = name, index, columns, wrong

    def __len__(self) -> int:
        return len(self.index)

    def wrong(self, row: int, message: str) -> None:
        """A mistake about one row."""
        self._wrong(message, (self.name, str(self.index[row])))

    def has(self, column: str) -> bool:
        """True if some row has a value."""
        return any(value is not None for value in self._columns.get(column, ()))

    def numbers(self, column: str, default: float | None = None) -> Array:
        """A column as numbers; missing ones are the default, or a mistake where there is none."""
        values = self._columns.get(column)
        if values is None:
            if default is None and len(self):
                self._wrong(f'column "{column}" is missing', (self.name,))
            return np.full(len(self), 0.0 if default is None else default)
        result = np.empty(len(self))
        for row, value in enumerate(values):
            good = isinstance(value, int | float) and abs(value) <= LARGEST_NUMBER
            if value is None and default is not None:
                result[row] = default
            elif good:
                result[row] = value
            else:
                result[row] = default or 0.0
                self.wrong(
                    row, f"{column} must be a finite number, at most {LARGEST_NUMBER:g}, got {_shown(value)}"
                )
        return result

    def divisors(self, column: str, default: float | None = None) -> Array:
        """A column of numbers that others are divided by: positive, and not next to nothing."""
        result = self.numbers(column, default)
        for row in np.flatnonzero(~(result >= SMALLEST)):
            self.wrong(int(row), f"{column} must be > 0, and at least {SMALLEST:g}, got {result[row]:g}")
            result[row] = 1.0
        return result

    def flags(self, column: str, default: bool) -> Array:
        """A column as booleans."""
        values = self._columns.get(column, [default] * len(self))
        return np.array([default if value is None else bool(value) for value in values], dtype=bool)

    def texts(self, column: str) -> list[str]:
        """A column as text, empty where missing."""
        values = self._columns.get(column, [None] * len(self))
        return ["" if value is None else str(value) for value in values]

    def names(self) -> list[str]:
        """Names of the elements: their own, or table and index."""
        return [
            name or f"{self.name} {index}" for name, index in zip(self.texts("name"), self.index, strict=True)
        ]


class Net:
    """A pandapower net as plain tables; mistakes gather in it."""

    def __init__(self, path: str | Path) -> None:
        self.file = str(path)
        self.mistakes: list[Mistake] = []
        document = read_json(path)
        if document.get("_class") != "pandapowerNet" or "_object" not in document:
            complain(self.file, 'not a pandapower net: "_class" must be "pandapowerNet"')
        inner = document["_object"]
        if isinstance(inner, str):
            inner = self._decoded(inner, "_object")
        if not isinstance(inner, dict):
            complain(self.file, "not a pandapower net: it has no tables")
        self._object: dict[str, Any] = inner

    def wrong(self, message: str, where: tuple[str, ...] = ()) -> None:
        """Note a mistake; ``where`` is table and index."""
        self.mistakes.append(Mistake(self.file, 0, 0, 1, message, where))

    def check(self) -> None:
        """Raise all mistakes."""
        if self.mistakes:
            raise LayoutError(self.mistakes)

    def number(self, name: str, default: float) -> float:
        """A number of the net itself."""
        value = self._object.get(name, default)
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not (number and SMALLEST <= value <= LARGEST_NUMBER):
            self.wrong(f"{name} must be a number of {SMALLEST:g} to {LARGEST_NUMBER:g}, got {_shown(value)}")
            return default
        return float(value)

    def text(self, name: str) -> str:
        """A text of the net itself."""
        value = self._object.get(name, "")
        return value if isinstance(value, str) else ""

    def tables(self) -> Iterator[str]:
        """Names of all tables, without results."""
        for name, value in self._object.items():
            if isinstance(value, dict) and value.get("_class") == "DataFrame" and not name.startswith("res_"):
                yield name

    def table(self, name: str) -> Table:
        """A table, empty where there is none."""
        value = self._object.get(name)
        if not isinstance(value, dict) or value.get("_class") != "DataFrame":
            return Table(name, [], {}, self.wrong)
        body: Any = value.get("_object")
        if isinstance(body, str):
            body = self._decoded(body, name)
        try:
            columns, index, rows = body["columns"], body["index"], body["data"]
            if not all(isinstance(key, int | str) and len(str(key)) <= LONGEST for key in index):
                raise ValueError
            if len(rows) != len(index) or any(len(row) != len(columns) for row in rows):
                raise ValueError
            if len(rows) > MOST_ROWS:
                self.wrong(f"has more than {MOST_ROWS} rows", (name,))
            found = {str(column): [row[at] for row in rows] for at, column in enumerate(columns)}
        except (KeyError, TypeError, ValueError):
            self.wrong('must be a table with "columns", "index" and "data" that fit', (name,))
            return Table(name, [], {}, self.wrong)
        return Table(name, list(index), found, self.wrong)

    def _decoded(self, text: str, where: str) -> Any:
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as error:
            self.wrong(f"broken JSON: {type(error).__name__}", (where,))
            return {}


def _shown(value: Any) -> str:
    """A value as it stands in the file, not longer than fits into a message."""
    return f"{value:g}" if isinstance(value, float) else repr(value)[:40]
