"""A bare network: buses, branches, sources and loads with names, and nothing about rooms or racks.

It is what other tools' files are read into and written from, and what ``solvers.power`` can solve.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from twin.exchange.mistake import complain
from twin.networks.bare import bare_problem

if TYPE_CHECKING:
    from solvers.power import Problem

Array = NDArray[Any]

FORMAT = "twin bare network"
VERSION = 1
"""Version of the ``.network.json`` document; raised when an old reader would misread a new file."""
LARGEST = 256 * 2**20
"""Largest file that is read. [bytes]"""
KINDS = ("bus", "branch", "source", "generator", "converter", "load")
PLURALS = {"bus": "buses", "branch": "branches"}
_SIZES = {
    "bus": "bus_voltage", "branch": "branch_from", "source": "source_bus", "generator": "generator_bus",
    "converter": "converter_from",
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class BareNetwork:
    """Arrays of a power-flow problem with the names of its elements."""

    base_power: float
    """Three-phase power base. [VA]"""
    fields: Mapping[str, Array]
    """Arrays by the names and units of :class:`solvers.power.Problem`; one scenario."""
    bus: tuple[str, ...]
    branch: tuple[str, ...] = ()
    source: tuple[str, ...] = ()
    generator: tuple[str, ...] = ()
    converter: tuple[str, ...] = ()
    load: tuple[str, ...] = ()
    """Names in the order of the arrays."""
    name: str = ""
    file: str = ""
    """What it was read from."""
    notes: tuple[str, ...] = ()
    """What the reader had to assume, leave out or change."""

    def __post_init__(self) -> None:
        problem = self.problem()
        counts = {kind: getattr(problem, name).size for kind, name in _SIZES.items()}
        counts["load"] = problem.load_power.shape[1]
        for kind in KINDS:
            names = getattr(self, kind)
            if len(names) != counts[kind]:
                raise ValueError(f"{kind} has {len(names)} names for {counts[kind]} elements")

    def problem(self) -> Problem:
        """What ``solvers.power.solve`` is asked; a ValueError names a bad field and its index."""
        return self._problem

    @cached_property
    def _problem(self) -> Problem:
        return bare_problem(self.base_power, self.fields)

    @classmethod
    def of(
        cls, problem: Problem, names: Mapping[str, Sequence[str]] | None = None, *, name: str = "",
        scenario: int = 0, file: str = "", notes: Sequence[str] = (),
    ) -> BareNetwork:  # fmt: skip
        """One scenario of a problem.

        Parameters
        ----------
        names : by kind ("bus", "branch", "source", "generator", "converter", "load"); default "bus 1" and so on.
        scenario : which one.
        """
        arrays: dict[str, Array] = {}
        for item in fields(problem):
            value = getattr(problem, item.name)
            if item.name == "base_power" or not value.size:
                continue
            scenarios = item.name in _BY_SCENARIO
            arrays[item.name] = value[scenario if value.shape[0] > 1 else 0] if scenarios else value
        counts = {kind: getattr(problem, array).size for kind, array in _SIZES.items()}
        counts["load"] = problem.load_power.shape[1]
        given = dict(names or {})
        if unknown := set(given) - set(KINDS):
            raise ValueError(f"names has unknown kinds: {sorted(unknown)}; allowed: {', '.join(KINDS)}")
        labels = {
            kind: tuple(given.get(kind, [f"{kind} {number + 1}" for number in range(count)]))
            for kind, count in counts.items()
        }
        return cls(problem.base_power, arrays, name=name, file=file, notes=tuple(notes), **labels)

    @cached_property
    def summary(self) -> str:
        """One line: what is in it."""
        numbers = [(len(getattr(self, kind)), kind) for kind in KINDS]
        counts = [f"{n} {kind if n == 1 else PLURALS.get(kind, kind + 's')}" for n, kind in numbers if n]
        return f"{self.name or 'network'}: {', '.join(counts)}, base {self.base_power / 1e6:g} MVA"

    def save(self, path: str | Path) -> None:
        """Write a ``.network.json``."""
        Path(path).write_text(json.dumps(self.document(), allow_nan=False), encoding="utf-8")

    def document(self) -> dict[str, Any]:
        """The network as plain data: SI units and per unit as in ``solvers.power.Problem``."""
        return {
            "format": FORMAT, "version": VERSION, "name": self.name, "file": self.file,
            "notes": list(self.notes), "base_power": self.base_power,
            "names": {kind: list(getattr(self, kind)) for kind in KINDS if getattr(self, kind)},
            "fields": {name: _plain(value) for name, value in self.fields.items()},
        }  # fmt: skip

    @classmethod
    def read(cls, path: str | Path) -> BareNetwork:
        """Read a ``.network.json``; raises :class:`twin.layout.mistakes.LayoutError` for a wrong one."""
        document = read_json(path)
        where = str(path)
        if document.get("format") != FORMAT:
            complain(where, f'not a bare network: "format" must be "{FORMAT}"')
        if document.get("version") != VERSION:
            complain(where, f"version {document.get('version')!r} is not known; allowed: {VERSION}")
        try:
            names = {
                kind: tuple(str(name) for name in given) for kind, given in document.get("names", {}).items()
            }
            if unknown := set(names) - set(KINDS):
                raise ValueError(f"names has unknown kinds: {sorted(unknown)}")
            arrays = {name: _array(name, value) for name, value in document["fields"].items()}
            return cls(
                float(document["base_power"]), arrays, name=str(document.get("name", "")),
                file=str(document.get("file", "")), notes=tuple(map(str, document.get("notes", ()))), **names,
            )  # fmt: skip
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            reason = f"{error} is missing" if isinstance(error, KeyError) else str(error)
            complain(where, f"not a bare network: {reason}")


_BY_SCENARIO = frozenset(
    {"branch_closed", "source_live", "converter_live", "generator_power", "load_power", "cord_on"}
)


def read_json(path: str | Path) -> dict[str, Any]:
    """A JSON object from an untrusted file; raises LayoutError where it is too large, broken or no object."""
    file = Path(path)
    where = str(path)
    try:
        size = file.stat().st_size
        if size > LARGEST:
            complain(where, f"the file has {size} bytes; the most that is read is {LARGEST}")
        document = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        complain(where, f"cannot be read: {error.strerror or error}")
    except json.JSONDecodeError as error:
        complain(where, f"broken JSON: {error.msg}", error.lineno, error.colno)
    except (UnicodeDecodeError, RecursionError, ValueError) as error:
        complain(where, f"broken JSON: {type(error).__name__}")
    if not isinstance(document, dict):
        complain(where, "must be a JSON object")
    result: dict[str, Any] = document
    return result


def _plain(value: Array) -> Any:
    """Lists; complex as its two parts; infinite as text."""
    if np.iscomplexobj(value):
        return {"re": _plain(value.real), "im": _plain(value.imag)}
    if value.dtype.kind == "f" and not np.isfinite(value).all():
        return [_plain(row) for row in value] if value.ndim > 1 else [_number(x) for x in value.tolist()]
    return value.tolist()


def _number(value: float) -> float | str:
    return value if np.isfinite(value) else str(value)


def _array(name: str, value: Any) -> Array:
    if isinstance(value, dict):
        return np.asarray(_array(name, value["re"]) + 1j * _array(name, value["im"]))
    if not isinstance(value, list):
        raise ValueError(f"{name} must be a list")
    array = np.array(value)
    if array.dtype.kind in "US":  # "inf" beside numbers turns them all to text
        array = array.astype(float)
    if array.dtype.kind not in "bifc":
        raise ValueError(f"{name} must hold numbers")
    return array
