"""A table of a study as a report shows it: few rows, the tightest first, things that are alike in one row.

Labels and units come from :data:`~twin.results.quantities.QUANTITIES`, margins from the rules of :mod:`twin.checks` with the
limits that count for this design.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.checks import RULES
from twin.checks.cases import scale_of
from twin.checks.overrides import Overrides
from twin.checks.rules import Assessment
from twin.checks.wording import quantity
from twin.model.facility import Facility
from twin.results.quantities import QUANTITIES
from twin.results.results import Results, Table
from twin.view.facts import Cell, margin_tone

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

ROWS = 20
"""Most rows of one sheet; what is left out is counted."""
FAINT = 1e-9
"""Numbers below are the rounding of a solver and shown as zero."""
ALMOST_ONE = 0.9995
"""Plain numbers from here to one would look like one with three digits."""
NONE = "-"
ZERO = "; 0 "
"""In a label, what comes before the meaning of a zero that is no number."""


@dataclass(frozen=True)
class Sheet:
    """What is shown of a table of results."""

    table: str
    title: str
    of: str
    """What its things are."""
    columns: tuple[str, ...] = ()
    """Quantities; all of the table without it."""
    rules: tuple[str, ...] = ()
    """Codes of the rules whose margins are shown and sort the rows."""
    by: tuple[str, ...] = ()
    """Quantities that sort rows of equal margin, the smallest first; with a minus the largest first."""
    where: Callable[[Table], Mask] | None = None
    """Rows that are worth showing; all without it."""


@dataclass(frozen=True)
class Row:
    """One thing, or several with the same numbers."""

    name: str
    product: str
    cells: tuple[Cell, ...]
    alike: tuple[str, ...] = ()
    """Further things with the same numbers."""


@dataclass(frozen=True)
class Shown:
    """A table, ready to be written."""

    title: str
    heads: tuple[str, ...]
    """Of names and cells; of products in between where there are any."""
    rows: tuple[Row, ...]
    rest: str = ""
    """What is left out, as a sentence."""
    words: tuple[int, ...] = ()
    """Columns of :attr:`heads` that hold words and not numbers, besides the first."""

    @property
    def products(self) -> bool:
        """Whether any row names a product."""
        return any(row.product for row in self.rows)


def shown(facility: Facility, results: Results, sheet: Sheet) -> Shown | None:
    """The sheet of a result; None where there is nothing to show."""
    table = results.studies.get(sheet.table)
    if table is None:
        return None
    columns = _columns(table, sheet)
    kept = _kept(table, sheet)
    if not columns or not kept.any():
        return None
    tightest = _tightest(facility, results, table, sheet.rules)
    keys = [_key(table, name) for name in reversed(sheet.by) if name.removeprefix("-") in table.values]
    order = [int(row) for row in np.lexsort([*keys, tightest.margin]) if kept[row]]
    judged = bool(np.isfinite(tightest.margin[order]).any())
    rows = _merged(_row(facility, sheet, table, columns, row, tightest if judged else None) for row in order)
    heads = [sheet.of, *(_head(sheet.table, name) for name in columns), *(["Margin"] if judged else [])]
    left = sum(1 + len(row.alike) for row in rows[ROWS:])
    rest = f"{left:,} more in the run folder." if left else ""
    return Shown(sheet.title, tuple(heads), tuple(rows[:ROWS]), rest)


def _columns(table: Table, sheet: Sheet) -> tuple[str, ...]:
    known = [name for name in table.values if f"{sheet.table}.{name}" in QUANTITIES]
    return tuple(name for name in sheet.columns or known if name in known)


def _kept(table: Table, sheet: Sheet) -> Mask:
    every = np.full(len(table.ids), True)
    try:
        return every if sheet.where is None else every & sheet.where(table)
    except KeyError:  # a run of another version lacks what is asked
        return every


def _key(table: Table, name: str) -> Array:
    values = np.asarray(table[name.removeprefix("-")], float)
    return -values if name.startswith("-") else values


@dataclass(frozen=True)
class _Tightest:
    """(n,) margin of every thing, inf where no rule applies, and the rule it belongs to."""

    margin: Array
    code: list[str]


def _tightest(facility: Facility, results: Results, table: Table, codes: tuple[str, ...]) -> _Tightest:
    found = _Tightest(np.full(len(table.ids), np.inf), [""] * len(table.ids))
    overrides = Overrides(facility)
    for code in codes:
        rule = RULES[code]
        for assessment in overrides.applied(rule, rule.function(facility, results)):
            # a rule may judge other tables, too
            margin = _margin(assessment) if assessment.subjects == table.ids else found.margin
            for row in np.flatnonzero(margin < found.margin):
                found.margin[row], found.code[row] = margin[row], code
    return found


def _margin(assessment: Assessment) -> Array:
    """(n,) distance to the limit as :mod:`twin.checks.cases` defines it; a study has no axis of states."""
    values, limit = np.asarray(assessment.values, float), np.asarray(assessment.limit, float)
    with np.errstate(invalid="ignore"):  # both endless
        distance = limit - values if assessment.sense == "max" else values - limit
    margin = np.nan_to_num(distance / scale_of(limit, assessment.dimension), nan=np.inf, posinf=np.inf)
    held = margin >= 0 if assessment.dimension == "flag" else assessment.held
    if held is not None:
        margin[np.reshape(held, margin.shape)] = 1.0
    if assessment.where is not None:
        margin[~assessment.where] = np.inf
    return margin


def _row(
    facility: Facility,
    sheet: Sheet,
    table: Table,
    columns: tuple[str, ...],
    row: int,
    tightest: _Tightest | None,
) -> Row:
    cells = [Cell(told(f"{sheet.table}.{name}", float(table[name][row]))) for name in columns]
    if tightest is not None:
        cells.append(_judged(float(tightest.margin[row]), tightest.code[row]))
    name = table.ids[row]
    machine = facility.by_id.get(name)
    return Row(name, machine.type if machine else "", tuple(cells))


def told(name: str, value: float) -> str:
    """A number with its unit, with as many digits as keep it from looking like a perfect one; ``-`` for none."""
    about = QUANTITIES[name]
    value = 0.0 if abs(value) < FAINT else value
    if not np.isfinite(value) or (value == 0.0 and ZERO in about.label):
        return NONE
    if about.dimension == "flag":
        return "yes" if value > 0.5 else "no"
    if about.dimension != "ratio":
        return quantity(value, about.dimension)
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    # of an availability two digits of what is missing to one
    near = ALMOST_ONE <= value < 1.0
    return quantity(value, "ratio", digits=int(np.ceil(-np.log10(1.0 - value))) + 1 if near else 3)


def _judged(margin: float, code: str) -> Cell:
    if not np.isfinite(margin):
        return Cell(NONE)
    percent = f"{100 * margin:+,.0f}" if margin >= 10 else f"{100 * margin:+.1f}"
    return Cell(f"{percent}\N{NO-BREAK SPACE}% ({code})", margin_tone(margin))


def _merged(rows: Iterable[Row]) -> list[Row]:
    """Things of one product with the same numbers in one row."""
    groups: dict[tuple[str, tuple[Cell, ...]], list[str]] = {}
    for row in rows:
        groups.setdefault((row.product, row.cells), []).append(row.name)
    return [Row(names[0], product, cells, tuple(names[1:])) for (product, cells), names in groups.items()]


def _head(table: str, name: str) -> str:
    return QUANTITIES[f"{table}.{name}"].label.replace(ZERO, f"; {NONE} ")
