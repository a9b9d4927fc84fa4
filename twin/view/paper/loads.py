"""How full machines and feeds are, as drawings tell it: in the normal state and in the worst one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from twin.checks.wording import quantity
from twin.model.facility import Machine
from twin.results.results import Results, Table
from twin.view import facts

FULL, TIGHT = 1.0, 0.9
RATINGS = (
    (
        "rating",
        {
            "transformer": "apparent_power",
            "switchboard": "current",
            "transfer_switch": "current",
            "busway": "current",
        },
    ),
    ("capacity", {"utility": "apparent_power"}),
)
"""Fields of products with a rating, and its dimension where it is no power."""


@dataclass(frozen=True)
class Load:
    """Loading of things that are alike."""

    low: float
    """Smallest and largest in the normal state; NaN if that is not known."""
    high: float
    worst: float
    """Largest of all states that have a solution."""

    @property
    def normal(self) -> str:
        """``71-74 %``; empty if not known."""
        if not np.isfinite(self.high):
            return ""
        low, high = f"{100 * self.low:.0f}", f"{100 * self.high:.0f}"
        return f"{high} %" if low == high else f"{low}–{high} %"

    @property
    def most(self) -> str:
        """The worst as text; empty if not known."""
        return f"{100 * self.worst:.0f} %" if np.isfinite(self.worst) else ""

    @property
    def tone(self) -> str:
        """Ink of the worst."""
        return tone(self.worst)


def tone(worst: float) -> str:
    """Ink of a loading."""
    return "bad" if worst > FULL else "warn" if worst > TIGHT else "good"


@dataclass(frozen=True)
class Loads:
    """Loadings of a table of results."""

    results: Results
    table: str

    @cached_property
    def _found(self) -> Table | None:
        table = self.results.tables.get(self.table)
        return table if table is not None and "loading" in table.values else None

    @cached_property
    def _column(self) -> dict[str, int]:
        return {name: k for k, name in enumerate(self._found.ids)} if self._found else {}

    @cached_property
    def _worst(self) -> NDArray[np.float64]:
        """(n,) largest of the settled states."""
        assert self._found is not None
        settled = np.flatnonzero(np.asarray(self.results.settled, bool))
        values = np.where(np.isfinite(self._found["loading"]), self._found["loading"], -np.inf)[settled]
        return np.asarray(values.max(axis=0, initial=-np.inf))

    def of(self, names: Iterable[str]) -> Load | None:
        """Of some things; None if nothing is known of them."""
        return self.at([self._column[name] for name in names if name in self._column])

    def at(self, columns: Iterable[int]) -> Load | None:
        """Of some columns of the table."""
        listed = list(columns)
        if not listed or self._found is None:
            return None
        worst = float(self._worst[listed].max())
        row = facts.normal_row(self.results)
        low = high = float("nan")
        if row is not None:
            now = self._found["loading"][row, listed]
            low, high = float(now.min()), float(now.max())
        return Load(low, high, worst if np.isfinite(worst) else float("nan"))


def rating(machine: Machine) -> str:
    """Rating of a machine of the power tree with its unit; empty if its sheet has none."""
    for name, dimensions in RATINGS:
        value = getattr(machine.product, name, None)
        if isinstance(value, float):
            return quantity(value, dimensions.get(machine.kind, "power"))
    return ""
