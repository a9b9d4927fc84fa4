"""The document of a run, ``run.json``: what it holds and of which types, for the one who writes it and who reads it."""

from __future__ import annotations

import math
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from twin.model.base import Frozen
from twin.results.quantities import QUANTITIES
from twin.results.results import Verdict
from twin.results.year import ANNUAL, SERIES, annual
from twin.scenario import Scenario
from twin.units import DIMENSIONS

MACHINES = ("rack", "cdu", "crah", "rear_door", "plant", "pump", "power")
"""Tables whose things are machines of the facility."""
STATES = (*MACHINES, "feed", "loop", "hall", "site")
"""Tables with values for every state; every run has them all, if without things."""
KNOWN = frozenset(
    [name.replace(" ", "_") for name in DIMENSIONS]
    + [quantity.dimension for quantity in QUANTITIES.values()]
    + [series.dimension for series in (*SERIES.values(), *ANNUAL.values())]
)
"""Dimensions that numbers of a run may have."""


def _dimension(name: str) -> str:
    if name not in KNOWN:
        raise ValueError(f"dimension {name[:60]!r} is not known to this version of twin")
    return name


def _quantity(name: str) -> str:
    if name not in QUANTITIES:
        raise ValueError(f"quantity {name[:60]!r} is not known to this version of twin")
    return name


def _single(names: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(names)) < len(names):
        raise ValueError("names two things alike")
    return names


def _plain(value: Any) -> Any:
    """Numbers within free values are finite, as JSON has them."""
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for part in parts:
        _plain(part)
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("holds a number that is not finite")
    return value


def _facts(facts: dict[str, Any]) -> dict[str, Any]:
    try:
        annual(facts)
    except (KeyError, TypeError, AttributeError, OverflowError) as error:
        raise ValueError(f"lacks figures of the year ({type(error).__name__}: {error})") from None
    return facts


class _Trip(BaseModel):
    step: int
    what: str


class _Loss(BaseModel):
    out: tuple[str, ...]
    trips: tuple[_Trip, ...] = ()


class _Redundancy(BaseModel):
    losses: tuple[_Loss, ...] = ()
    pair_losses: tuple[_Loss, ...] = ()


def _answers(answers: dict[str, Any]) -> dict[str, Any]:
    """What the study of redundancy tells of cascades has the shape in which it is followed."""
    _Redundancy.model_validate(answers.get("redundancy", {}))
    return answers


Dimension = Annotated[str, AfterValidator(_dimension)]
QuantityName = Annotated[str, AfterValidator(_quantity)]
Things = Annotated[tuple[str, ...], AfterValidator(_single)]
Facts = Annotated[dict[str, Any], AfterValidator(_plain)]


class _Told(Frozen):
    model_config = ConfigDict(strict=True)


class ReportDocument(_Told):
    """A :class:`twin.results.results.SolveReport`."""

    domain: str
    method: str
    status: str
    ok: tuple[bool, ...]
    iterations: int
    residual: float


class YearDocument(_Told):
    """A :class:`twin.results.year.Year` without its arrays."""

    station: str
    source: str
    synthetic: bool
    loops: Things
    halls: Things = ()
    racks: Things = ()
    facts: Annotated[Facts, AfterValidator(_facts)]
    notes: tuple[str, ...]


class HistoryDocument(_Told):
    """A :class:`twin.results.histories.History` without its arrays."""

    name: str
    label: str
    ids: dict[QuantityName, Things]
    series: dict[str, tuple[str, Dimension]]
    limits: dict[str, tuple[tuple[float, str], ...]]
    moments: tuple[tuple[float, str], ...]


class RunDocument(_Told):
    """Everything of a run but its arrays."""

    format: int
    generator: str
    facility: str
    digest: str
    scenarios: Annotated[tuple[Scenario, ...], Field(min_length=1)]
    tables: dict[str, Things]
    studies: dict[str, Things] = {}
    reports: tuple[ReportDocument, ...]
    settled: tuple[bool, ...]
    passes: int
    notes: tuple[str, ...]
    seconds: dict[str, float]
    air: tuple[Facts, ...] = ()
    answers: Annotated[dict[str, Facts], AfterValidator(_answers)] = {}
    year: YearDocument | None = None
    histories: tuple[HistoryDocument, ...] = ()
    verdict: Verdict

    def check(self) -> None:
        """Whether its parts fit one another.

        Raises
        ------
        ValueError
            If they do not.
        """
        states = len(self.scenarios)
        if len(self.settled) != states or any(len(report.ok) != states for report in self.reports):
            raise ValueError(f"settled and reports are not of its {states} states")
        if missing := [name for name in STATES if name not in self.tables]:
            raise ValueError(f"lacks the tables {', '.join(missing)}")
        if self.tables["site"] != ("site",):
            raise ValueError("table site has other things than the site")
        for finding in (*self.verdict.findings, *self.verdict.margins):
            _dimension(finding.dimension)
        for kpi in self.verdict.kpis:
            _dimension(kpi.dimension)


class _Versioned(BaseModel):
    format: Any = None


def format_of(text: bytes) -> Any:
    """Format that a text says it has; None if it says nothing."""
    try:
        return _Versioned.model_validate_json(text).format
    except ValidationError as error:
        raise _told(error) from None


def _told(error: ValidationError) -> ValueError:
    """The first mistake, in one line."""
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part)[:60] for part in first["loc"])
    return ValueError(f"{where or 'the document'}: {first['msg']}".replace("\n", " "))


def read_document(text: bytes) -> RunDocument:
    """The document of a text.

    Raises
    ------
    ValueError
        If it is no such document; one line says where.
    """
    try:
        document = RunDocument.model_validate_json(text)
    except ValidationError as error:
        raise _told(error) from None
    document.check()
    return document
