"""A bare hydraulic network: nodes, pipes, pumps and valves with names, and nothing about racks or heat.

It is what an EPANET file is read into and written from, and what ``solvers.hydraulics`` can solve.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np
from numpy.typing import NDArray

from twin.exchange.mistake import complain
from twin.exchange.network import check_sizes, plain, read_json, real_array, texts
from twin.layout.mistakes import suggest
from twin.networks.bare_hydraulics import (
    DEFAULTS,
    HydraulicFlow,
    Regulator,
    Rules,
    hydraulic_fields,
    hydraulic_flow,
    hydraulic_problem,
)

if TYPE_CHECKING:
    from solvers.hydraulics.network import Problem

Array = NDArray[Any]

FORMAT = "twin bare hydraulics"
VERSION = 1
"""Version of the ``.hydraulics.json`` document; raised when an old reader would misread a new file."""
RULES = ("exact", "epanet")
KINDS = ("prv", "psv")
WHOLE = frozenset({"link_from", "link_to", "fixed_node", "link_curve"})
LARGEST_INDEX = 2**31
SMALLEST_STEP = 1e-9
"""Least distance of the flows of a curve. [kg/s]"""
_UNLIMITED = frozenset({"link_limit"})
_DIVISORS = frozenset({"link_density", "link_diameter", "link_viscosity"})


@dataclass(frozen=True, eq=False)
class BareHydraulics:
    """Arrays of a flow problem with the names of its elements."""

    fields: Mapping[str, Array]
    """Arrays by the names and units of :class:`solvers.hydraulics.network.Problem`; one scenario."""
    node: tuple[str, ...]
    link: tuple[str, ...]
    """Names in the order of the arrays."""
    curves: tuple[tuple[Array, Array], ...] = ()
    """Flow [kg/s] and pressure [Pa] of the points of each curve."""
    power: Mapping[str, float] | None = None
    """Hydraulic power of pumps whose power is constant, by the name of the link. [W]"""
    regulators: tuple[Regulator, ...] = ()
    """Valves that hold a pressure."""
    rules: Rules = "exact"
    """Friction by Colebrook and true gravity, or all as EPANET has it (Swamee and Jain, 32.2 ft/s2)."""
    name: str = ""
    file: str = ""
    """What it was read from."""
    notes: tuple[str, ...] = ()
    """What the reader had to assume, leave out or change."""

    def __post_init__(self) -> None:
        known = hydraulic_fields()
        for name in self.fields:
            if name not in known:
                raise ValueError(f'fields has an unknown name "{name:.40}"{suggest(name, known)}')
        check_sizes(self.fields, _DIVISORS, _UNLIMITED)
        for name in WHOLE & set(self.fields):
            index = np.asarray(self.fields[name])
            if index.dtype.kind not in "iu" or index.ndim != 1 or (np.abs(index) > LARGEST_INDEX).any():
                raise ValueError(f"{name} must be a list of whole numbers")
        for number, points in enumerate(self.curves):
            check_sizes({f"curves[{number}]": np.concatenate([np.ravel(p) for p in points])}, (), ())
            steps = np.diff(np.ravel(points[0]))
            if ((steps > 0.0) & (steps < SMALLEST_STEP)).any():
                raise ValueError(f"curves[{number}] has flows less than {SMALLEST_STEP:g} kg/s apart")
        if self.rules not in RULES:
            raise ValueError(f"rules is {self.rules!r}; allowed: {', '.join(RULES)}")
        start = np.asarray(self.fields["link_from"])
        if start.ndim != 1 or start.size != len(self.link):
            raise ValueError(f"link has {len(self.link)} names for {start.size} elements")
        for kind, names in (("node", self.node), ("link", self.link)):
            if len(set(names)) != len(names):
                raise ValueError(f"{kind} has names that repeat")
        for number, valve in enumerate(self.regulators):
            if (
                not 0 <= valve.link < len(self.link)
                or not np.isfinite(valve.pressure)
                or valve.kind not in KINDS
            ):
                raise ValueError(f"regulators[{number}] is no valve: {valve}")
        for name, value in (self.power or {}).items():
            if name not in self._index or not 0.0 < value < 1e12:
                raise ValueError(f"power of {name!r} must be > 0 W, of a link that is there; it is {value!r}")
        self.problem()

    @classmethod
    def of(
        cls, problem: Problem, node: Sequence[str], link: Sequence[str], *, name: str = "", scenario: int = 0,
        file: str = "", notes: Sequence[str] = (),
    ) -> BareHydraulics:  # fmt: skip
        """One scenario of a problem, with names of its nodes and links."""
        widths = {"fixed_node": np.size(problem.fixed_node), "fixed_pressure": np.size(problem.fixed_node)}
        arrays: dict[str, Array] = {}
        for key in hydraulic_fields():
            value = np.asarray(getattr(problem, key))
            if value.ndim == 2:
                value = value[scenario if value.shape[0] > 1 else 0]
            if value.ndim == 0 and value == DEFAULTS.get(key):
                continue
            width = widths.get(key, len(node) if key.startswith("node") else len(link))
            arrays[key] = np.array(np.broadcast_to(value, (width,)))
        curves = tuple((np.asarray(q, float), np.asarray(p, float)) for q, p in problem.curves)
        return cls(arrays, tuple(node), tuple(link), curves, name=name, file=file, notes=tuple(notes))

    @cached_property
    def _index(self) -> dict[str, int]:
        return {name: number for number, name in enumerate(self.link)}

    def problem(self) -> Problem:
        """What ``solvers.hydraulics.network.solve`` is asked, pressure valves wide open.

        A pump of constant power is the tangent of its curve at 28.3 kg/s; :meth:`flow` finds the right one.
        """
        return self._problem

    @cached_property
    def _problem(self) -> Problem:
        return hydraulic_problem(
            len(self.node), self.fields, self.curves, rules=self.rules, power=self._power()
        )

    def _power(self) -> Array:
        power = np.zeros(len(self.link))
        for name, value in (self.power or {}).items():
            power[self._index[name]] = value
        return power

    def flow(self) -> HydraulicFlow:
        """The steady flow, with pumps of constant power and pressure valves in their states."""
        return hydraulic_flow(
            len(self.node),
            self.fields,
            self.curves,
            rules=self.rules,
            power=self._power(),
            regulators=self.regulators,
        )

    def pumps(self) -> Array:
        """Indices of the links that pump."""
        links, problem = len(self.link), self.problem()
        head = np.broadcast_to(np.asarray(problem.link_pump_head, float), links)
        curve = np.broadcast_to(np.asarray(problem.link_curve, int), links)
        falls = np.array([np.ravel(rise)[-1] < np.ravel(rise)[0] for _, rise in self.curves] + [False])
        return np.flatnonzero((head > 0.0) | falls[curve])

    @cached_property
    def density(self) -> float:
        """Of the liquid, mean of the links. [kg/m3]"""
        return float(np.mean(np.asarray(self.problem().link_density, float)))

    @cached_property
    def summary(self) -> str:
        """One line: what is in it."""
        problem = self.problem()
        limited = np.isfinite(np.broadcast_to(np.asarray(problem.link_limit, float), len(self.link)))
        fixed = np.atleast_1d(problem.fixed_node).size
        counts = [f"{len(self.node)} nodes", f"{len(self.link)} links", f"{fixed} of fixed pressure"]
        for count, what in (
            (self.pumps().size, "pump"), (int(limited.sum()), "flow limiter"), (len(self.regulators), "pressure valve"),
        ):  # fmt: skip
            counts += [f"{count} {what}{'s' * (count != 1)}"] * bool(count)
        return f"{self.name or 'network'}: {', '.join(counts)}"

    def save(self, path: str | Path) -> None:
        """Write a ``.hydraulics.json``."""
        Path(path).write_text(json.dumps(self.document(), allow_nan=False), encoding="utf-8")

    def document(self) -> dict[str, Any]:
        """The network as plain data: SI units as in ``solvers.hydraulics.network.Problem``."""
        return {
            "format": FORMAT, "version": VERSION, "name": self.name, "file": self.file, "notes": list(self.notes),
            "rules": self.rules, "names": {"node": list(self.node), "link": list(self.link)},
            "fields": {name: plain(np.asarray(value)) for name, value in self.fields.items()},
            "curves": [{"flow": plain(np.asarray(q)), "pressure": plain(np.asarray(p))} for q, p in self.curves],
            "power": dict(self.power or {}),
            "regulators": [
                {"link": self.link[valve.link], "kind": valve.kind, "pressure": valve.pressure}
                for valve in self.regulators
            ],
        }  # fmt: skip

    @classmethod
    def read(cls, path: str | Path) -> BareHydraulics:
        """Read a ``.hydraulics.json``; raises :class:`twin.layout.mistakes.LayoutError` for a wrong one."""
        document, where = read_json(path), str(path)
        if document.get("format") != FORMAT:
            complain(where, f'not a bare hydraulic network: "format" must be "{FORMAT}"')
        if document.get("version") != VERSION:
            complain(where, f"version {document.get('version')!r} is not known; allowed: {VERSION}")
        try:
            names = _object(document, "names")
            link = texts("names of kind link", names.get("link", []))
            return cls(
                {name: real_array(name, value) for name, value in _object(document, "fields", "link_from").items()},
                texts("names of kind node", names.get("node", [])), link,
                tuple(_curve(number, item) for number, item in enumerate(_list(document, "curves"))),
                {name: _real(f"power of {name}", value) for name, value in _object(document, "power").items()},
                tuple(_regulator(number, item, link) for number, item in enumerate(_list(document, "regulators"))),
                cast(Rules, str(document.get("rules", "exact"))), str(document.get("name", "")),
                str(document.get("file", "")), texts("notes", document.get("notes", [])),
            )  # fmt: skip
        except (ValueError, OverflowError, TypeError, IndexError) as error:
            complain(where, f"not a bare hydraulic network: {error}")


def _object(document: Mapping[str, Any], key: str, *needed: str) -> dict[str, Any]:
    given = document.get(key, {})
    if not isinstance(given, dict) or not set(needed) <= set(given):
        raise ValueError(
            f'"{key}" must be an object' + "".join(f' with at least "{name}"' for name in needed)
        )
    return given


def _list(document: Mapping[str, Any], key: str) -> list[Any]:
    given = document.get(key, [])
    if not isinstance(given, list):
        raise ValueError(f'"{key}" must be a list')
    return given


def _real(what: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{what} must be a number")
    return float(value)


def _curve(number: int, given: Any) -> tuple[Array, Array]:
    if not isinstance(given, dict) or set(given) != {"flow", "pressure"}:
        raise ValueError(f'curves[{number}] must be an object of "flow" and "pressure"')
    flow, pressure = (real_array(f"curves[{number}].{key}", given[key]) for key in ("flow", "pressure"))
    return flow, pressure


def _regulator(number: int, given: Any, link: Sequence[str]) -> Regulator:
    if not isinstance(given, dict) or given.get("link") not in link or given.get("kind") not in KINDS:
        raise ValueError(
            f'regulators[{number}] must be an object with the name of a "link" and a "kind": prv or psv'
        )
    kind: Literal["prv", "psv"] = "prv" if given["kind"] == "prv" else "psv"
    pressure = _real(f"regulators[{number}].pressure", given.get("pressure"))
    return Regulator(link.index(given["link"]), kind, pressure)
