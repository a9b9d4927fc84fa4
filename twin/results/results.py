"""The shape of a result: tables of arrays, axis 0 the scenario, axis 1 the thing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from twin.model.base import Frozen
from twin.results.histories import History
from twin.results.year import Year
from twin.scenario import Scenario

if TYPE_CHECKING:
    from twin.results.fields import AnyField

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Table:
    """Quantities of things of one sort.

    Parameters
    ----------
    ids : tuple of str
        Names of the n things.
    values : mapping of str to (S, n) array
        Quantity to values; SI units, temperatures in degC, yes/no as 1.0 and 0.0.
    """

    ids: tuple[str, ...]
    values: Mapping[str, Array]

    def __getitem__(self, quantity: str) -> Array:
        return self.values[quantity]

    def index(self, name: str) -> int:
        """Column of a thing."""
        return self.ids.index(name)

    def at(self, name: str, quantity: str, scenario: int = 0) -> float:
        """One number."""
        return float(self.values[quantity][scenario, self.index(name)])


@dataclass(frozen=True)
class SolveReport:
    """How the solve of one domain ended."""

    domain: str
    method: str
    status: str
    """Words of :class:`solvers.status.Status`."""
    ok: tuple[bool, ...]
    """One per scenario."""
    iterations: int
    residual: float
    """Largest over the scenarios that converged, in the solver's own measure."""


@dataclass(frozen=True)
class Results:
    """Everything that was computed for one facility.

    Tables: ``rack``, ``cdu``, ``crah``, ``plant``, ``pump``, ``rear_door``, ``power`` (machines of the power tree), ``feed``
    (connections of the power tree), ``loop``, ``hall`` and ``site`` (one thing, ``site``).  :data:`QUANTITIES`
    lists what they hold.
    """

    facility: str
    """Name of the layout."""
    digest: str
    """SHA-256 of the layout the results belong to."""
    scenarios: tuple[Scenario, ...]
    tables: Mapping[str, Table]
    reports: tuple[SolveReport, ...]
    conservation: Mapping[str, Array]
    """``mass``, ``energy``, ``power``: (S,) relative errors."""
    settled: tuple[bool, ...]
    """One per scenario: False where the coupling found no steady state (thermal runaway) or a solve failed."""
    passes: int = 0
    """Passes of the coupling loop."""
    notes: tuple[str, ...] = ()
    """Assumptions made on the way (a machine without a feed, an estimate outside a range ...)."""
    seconds: Mapping[str, float] = field(default_factory=dict)
    """Wall time by stage; not part of the result's identity."""
    air: tuple[Mapping[str, Any], ...] = ()
    """What is known of each hall's air solve: method, cells, iterations, imbalances, worst inlet."""
    studies: Mapping[str, Table] = field(default_factory=dict)
    """What was worked out beside the states: tables whose arrays are (n,), for the design as a whole."""
    answers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """What the studies answer in words and numbers, by study; plain values, as a document holds them."""
    year: Year | None = None
    """The hours of a year, where they were asked for."""
    histories: tuple[History, ...] = ()
    """What happens in time after the losses that matter most."""
    fields: Mapping[str, AnyField] = field(default_factory=dict, repr=False, compare=False)
    """Air of every hall in the normal state; empty for the zonal model."""

    def __getitem__(self, table: str) -> Table:
        return self.tables[table]

    def site(self, quantity: str, scenario: int = 0) -> float:
        """One site-level number."""
        return float(self.tables["site"][quantity][scenario, 0])

    def scenario_index(self, name: str) -> int:
        """Row of a scenario."""
        for index, scenario in enumerate(self.scenarios):
            if scenario.name == name:
                return index
        raise KeyError(name)


class Kpi(Frozen):
    """One key figure with its unit and definition."""

    name: str
    label: str
    value: float
    dimension: str
    """Dimension of :mod:`twin.units`, ``ratio`` for plain numbers."""
    parts: dict[str, float] = {}
    """What it is made of, same dimension."""
    definition: str = ""


class Finding(Frozen):
    """A rule applied to a thing: its value, the limit and how far it is from it."""

    code: str
    title: str
    severity: Literal["error", "warning", "info"]
    """``info`` marks a rule that holds."""
    standard: str
    clause: str = ""
    subject: str
    """Id of the thing."""
    scenario: str
    value: float
    limit: float
    margin: float
    """Distance to the limit as a share of it (for temperatures, in K / 10 K); negative when broken."""
    dimension: str
    """Dimension of value and limit, see :mod:`twin.units`; ``ratio`` for plain numbers."""
    message: str
    place: str = ""
    """Hall, pod and row."""
    position: tuple[float, float, float] | None = None
    """Where to look, site coordinates. [m]"""
    file: str = ""
    line: int = 0
    count: int = 1
    """How many scenarios break the rule for this subject."""
    waived: str = ""
    """Reason of the waiver that covers it."""

    @property
    def broken(self) -> bool:
        """True if it counts against the design."""
        return self.severity == "error" and not self.waived


class Verdict(Frozen):
    """The answer: does the design hold, and by how much."""

    layout: str
    status: Literal["solved", "unsettled", "runaway", "failed"]
    """``unsettled``: some failure state has no steady solution; ``runaway``: the normal state has none (thermal runaway, a
    finding about the design); ``failed``: a solver failed in the normal state."""
    verdict: Literal["pass", "fail"]
    findings: tuple[Finding, ...]
    """Broken rules and warnings, worst margin first."""
    margins: tuple[Finding, ...]
    """The tightest case of every rule that was checked, worst first."""
    kpis: tuple[Kpi, ...]
    unused_waivers: tuple[str, ...] = ()
    tightest: dict[str, tuple[float, str]] = {}
    """Smallest margin of every thing that a rule was applied to, and the rule's code."""
