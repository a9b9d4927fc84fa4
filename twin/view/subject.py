"""What a finding is about: the quantity whose value it tells.  One rule for pictures, window and page.

A finding carries a number, not the name of its quantity; so the name is found by the number, in the tables of its subject.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from twin.results.quantities import QUANTITIES
from twin.results.results import Finding, Results
from twin.view.colors import MARGIN
from twin.view.paints import PICTURES
from twin.view.scene import FIELDS

FAMILIES = {
    "AIR": "heat",
    "LIQ": "coolant",
    "PWR": "load",
    "FLT": "load",
    "PHS": "load",
    "HAR": "load",
    "CON": "load",
}
"""The map of a rule that is about no quantity which can be painted, after the first letters of its code."""
CLOSE = 1e-6
"""Relative difference of numbers that are the same."""
_SHARES = ("fraction", "ratio")


@dataclass(frozen=True, eq=False)
class Subjects:
    """Finds what the findings of a run are about."""

    results: Results
    _columns: dict[str, dict[str, int]] = field(default_factory=dict)
    _rows: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Look states up once."""
        self._rows.update((state.name, row) for row, state in enumerate(self.results.scenarios))

    def quantity(self, finding: Finding, known: Collection[str] = FIELDS) -> str:
        """The quantity that a finding is about, ``table.quantity``; empty where no table has its number.

        Of several with this value one of ``known`` is taken, then the first in the order of the nomenclature.
        """
        found = list(self._fitting(finding))
        return next((name for name in found if name in known), next(iter(found), ""))

    def paint(self, finding: Finding, judged: bool, known: Collection[str] = FIELDS) -> str:
        """The quantity to colour things by: that of the finding, or one of its family of rules if nothing can be
        coloured by it; empty if ``known`` has neither.  ``judged`` tells that there are margins of things."""
        name = self.quantity(finding, known)
        if name not in known:
            name = PICTURES[family(finding, judged)].paints[0][0]
        return name if name in known or (name == MARGIN and judged) else ""

    def _fitting(self, finding: Finding) -> Iterator[str]:
        """Quantities of the subject that have the finding's dimension and value in its state."""
        row = self._rows.get(finding.scenario)
        value, shares = finding.value, finding.dimension in _SHARES
        vague = finding.dimension == "flag" or (shares and abs(value) < CLOSE)  # many are yes, no or nothing
        if row is None or vague:
            return
        for name, about in QUANTITIES.items():
            if about.dimension != finding.dimension and not (shares and about.dimension in _SHARES):
                continue
            table_name, _, quantity = name.partition(".")
            table = self.results.tables.get(table_name)
            column = self._column(table_name, finding.subject)
            if table is None or column is None or quantity not in table.values:
                continue
            if abs(float(table.values[quantity][row, column]) - value) <= CLOSE * abs(value):
                yield name

    def _column(self, table_name: str, subject: str) -> int | None:
        table = self.results.tables.get(table_name)
        if table_name not in self._columns:
            self._columns[table_name] = {} if table is None else {name: i for i, name in enumerate(table.ids)}
        return self._columns[table_name].get(subject)


def family(finding: Finding, judged: bool) -> str:
    """Name of the picture for a rule's family; that of the margins for what has no map of its own."""
    return FAMILIES.get(finding.code[:3], MARGIN if judged else "load")
