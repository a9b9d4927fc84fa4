"""A bare network: buses, branches, sources and loads with names, and nothing about rooms or racks.

It is what other tools' files are read into and written from, and what ``solvers.power`` can solve.
"""

from __future__ import annotations

import json
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from twin.exchange.mistake import complain
from twin.exchange.source import read_source
from twin.layout.mistakes import suggest
from twin.networks.bare import bare_problem, problem_fields

if TYPE_CHECKING:
    from solvers.power import Problem

Array = NDArray[Any]

FORMAT = "twin bare network"
VERSION = 1
"""Version of the ``.network.json`` document; raised when an old reader would misread a new file."""
LARGEST = 128 * 2**20
"""Largest file that is read: as Python objects it may take twenty times as much. [bytes]"""
LARGEST_NUMBER, SMALLEST_DIVISOR = 1e15, 1e-15
"""Largest magnitude of any number of a network, and smallest of one that others are divided by, unless it is 0: far beyond
what exists in SI units or per unit, and so that no product of a few of them leaves the range of floating point."""
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
        check_sizes({"base_power": np.array([self.base_power]), **self.fields}, _DIVISORS, _UNLIMITED)
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
            "fields": {name: plain(value) for name, value in self.fields.items()},
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
            base = document.get("base_power")
            if not isinstance(base, int | float) or isinstance(base, bool):
                raise ValueError("base_power must be a number")
            return cls(
                float(base), _arrays(document.get("fields")), name=str(document.get("name", "")),
                file=str(document.get("file", "")), notes=texts("notes", document.get("notes", [])),
                **_names(document.get("names")),
            )  # fmt: skip
        except (ValueError, OverflowError) as error:
            complain(where, f"not a bare network: {error}")


_BY_SCENARIO = frozenset(
    {"branch_closed", "source_live", "converter_live", "generator_power", "load_power", "cord_on"}
)


def read_json(path: str | Path) -> dict[str, Any]:
    """A JSON object from an untrusted file; raises LayoutError where it is too large, broken or no object."""
    where = str(path)
    text = read_source(path, LARGEST)
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        complain(where, f"broken JSON: {error.msg}", error.lineno, error.colno)
    except RecursionError:
        complain(where, "broken JSON: nested too deeply")
    except ValueError:
        complain(where, "broken JSON: a number has too many digits")
    if not isinstance(document, dict):
        complain(where, "must be a JSON object")
    result: dict[str, Any] = document
    return result


_DIVISORS = frozenset(
    {"base_power", "bus_voltage", "branch_impedance", "branch_tap", "branch_rating", "source_voltage", "generator_voltage",
     "converter_rating", "converter_voltage"}
)  # fmt: skip
_UNLIMITED = frozenset({"branch_rating", "generator_q_min", "generator_q_max"})
"""Fields in which an infinite value means that there is no limit."""


def check_sizes(fields: Mapping[str, Array], divisors: Container[str], unlimited: Container[str]) -> None:
    """Refuse numbers that no network has, before they overflow in some equation.

    Parameters
    ----------
    divisors : fields that others are divided by, which may be 0 but not tiny.
    unlimited : fields in which an infinite value means that there is no limit.
    """
    for name, value in fields.items():
        size = np.abs(np.asarray(value, complex if np.iscomplexobj(value) else float))
        bad = (size > LARGEST_NUMBER) & ~(np.isinf(size) & (name in unlimited))
        if name in divisors:
            bad |= (size > 0) & (size < SMALLEST_DIVISOR)
        if bad.any():
            where = tuple(int(index) for index in np.argwhere(bad)[0])
            raise ValueError(
                f"{name}{list(where)} has the magnitude {size[where]:g}, which no network has; allowed: 0 and "
                f"{SMALLEST_DIVISOR:g} to {LARGEST_NUMBER:g}"
            )


def plain(value: Array) -> Any:
    """An array as plain data: lists; complex as its two parts; infinite as text."""
    if np.iscomplexobj(value):
        return {"re": plain(value.real), "im": plain(value.imag)}
    if value.dtype.kind == "f" and not np.isfinite(value).all():
        return [plain(row) for row in value] if value.ndim > 1 else [_number(x) for x in value.tolist()]
    return value.tolist()


def _number(value: float) -> float | str:
    return value if np.isfinite(value) else str(value)


def texts(name: str, given: Any) -> tuple[str, ...]:
    """A list of texts from JSON; a ValueError names it where it is something else."""
    if not isinstance(given, list) or not all(isinstance(text, str) for text in given):
        raise ValueError(f"{name} must be a list of texts")
    return tuple(given)


def _names(given: Any) -> dict[str, tuple[str, ...]]:
    """Names of the elements by kind; of the buses in any case."""
    if not isinstance(given, dict) or "bus" not in given:
        raise ValueError('"names" must be an object with the names of the "bus" elements')
    for kind in given:
        if kind not in KINDS:
            raise ValueError(f'names has an unknown kind "{kind:.40}"{suggest(kind, KINDS)}')
    return {kind: texts(f"names of kind {kind}", names) for kind, names in given.items()}


def _arrays(given: Any) -> dict[str, Array]:
    known = problem_fields()
    if not isinstance(given, dict) or "bus_voltage" not in given:
        raise ValueError('"fields" must be an object with at least "bus_voltage"')
    for name in given:
        if name not in known:
            raise ValueError(f'fields has an unknown name "{name:.40}"{suggest(name, known)}')
    return {name: _array(name, value) for name, value in given.items()}


def _array(name: str, value: Any) -> Array:
    if isinstance(value, dict):
        if set(value) != {"re", "im"}:
            raise ValueError(f'{name} must be a list, or an object of "re" and "im"')
        real, imaginary = (real_array(f"{name}.{part}", value[part]) for part in ("re", "im"))
        if real.shape != imaginary.shape:
            raise ValueError(f"{name} has parts of the shapes {real.shape} and {imaginary.shape}")
        parts = np.empty(real.shape, complex)
        parts.real, parts.imag = real, imaginary
        return parts
    return real_array(name, value)


def real_array(name: str, value: Any) -> Array:
    """Numbers, or lists of as many numbers each; "inf" and "-inf" where there is no limit."""
    if not isinstance(value, list):
        raise ValueError(f"{name} must be a list")
    try:
        array = np.array(value)
        if array.dtype.kind in "US":  # "inf" beside numbers turns them all to text
            array = array.astype(float)
    except (ValueError, TypeError):
        raise ValueError(f"{name} must hold numbers, or lists of as many numbers each") from None
    if array.dtype.kind not in "bif" or array.ndim > 2:
        raise ValueError(f"{name} must hold numbers, or lists of as many numbers each")
    return array
