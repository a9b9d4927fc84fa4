"""What the tables of a run say in some of its states, and where there is no value."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from twin.model.facility import Facility
from twin.results.results import Array, Results
from twin.view.scene import FIELDS, LIFE, NEEDS


@dataclass(frozen=True, eq=False)
class Evaluated:
    """A facility and what was found about it in some states."""

    facility: Facility
    results: Results
    rows: tuple[int, ...]
    """The states, as rows of the tables."""

    @cached_property
    def settled(self) -> NDArray[np.bool_]:
        """(states,)"""
        return np.array([bool(self.results.settled[row]) for row in self.rows], dtype=bool)

    def values(self, table: str, quantity: str) -> Array | None:
        """(states, n) as the tables have them; None if they do not."""
        values = numbers(self.results, table, quantity)
        return values if values is None or len(self.rows) == len(values) else values[list(self.rows)]

    def shown(self, name: str) -> Array | None:
        """The same, NaN for what has no value and in states without a steady solution.

        What can be painted follows :func:`twin.view.scene.paint`: what is out of service, or has nothing that the
        quantity tells of, has no value.
        """
        table, _, quantity = name.partition(".")
        values = self.values(table, quantity)
        if values is None:
            return None
        has = np.isfinite(values) & self.settled[:, None]
        if name in FIELDS:
            for other in (LIFE.get(table), NEEDS.get(name)):
                needed = self.values(table, other) if other not in (None, quantity) else None
                if needed is not None:
                    has &= needed > 0
        return np.where(has, values, np.nan)


def numbers(results: Results, table: str, quantity: str) -> Array | None:
    """(states, n); None where it is missing or has another shape."""
    found = results.tables.get(table)
    if found is None or quantity not in found.values:
        return None
    values = np.asarray(found.values[quantity], dtype=float)
    return values if values.shape == (len(results.scenarios), len(found.ids)) else None
