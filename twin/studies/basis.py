"""What every study starts from: the lowered facility and its normal state."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from solvers import power as power_flow
from twin.model.facility import Facility, Feed
from twin.networks.facility import Lowered
from twin.networks.state import State
from twin.results.results import Results, Table

if TYPE_CHECKING:
    from twin.studies.dependence import Dependence
    from twin.studies.redundancy import Proof


@dataclass(frozen=True, eq=False)
class Basis:
    """A facility in its normal state."""

    world: Lowered
    results: Results
    row: int
    """Row of the normal state in the results."""
    load: NDArray[np.complex128]
    """(L,) power asked of the power tree in the normal state. [VA]"""
    state: State | None = None
    """The normal state in the coupling's arrays (one scenario); None where only its results are at hand."""
    thorough: bool = False
    """Whether to take all the time it needs."""
    tell: Callable[[str], None] = lambda words: None
    """Is told what a long study is at."""

    @property
    def facility(self) -> Facility:
        """The facility."""
        return self.world.facility

    @cached_property
    def dependence(self) -> Dependence:
        """What needs what."""
        from twin.studies.dependence import dependence

        return dependence(self)

    @cached_property
    def proof(self) -> Proof:
        """What the structure withstands."""
        from twin.studies.redundancy import Proof

        return Proof(self)

    @cached_property
    def flow(self) -> power_flow.Solution:
        """Power flow of the normal state (one scenario)."""
        return power_flow.solve(self.world.power.problem_with(self.load))

    @cached_property
    def feeds_of(self) -> dict[str, tuple[Feed, ...]]:
        """Feeds into every machine."""
        found: dict[str, list[Feed]] = {}
        for feed in self.facility.feeds:
            found.setdefault(feed.to, []).append(feed)
        return {name: tuple(feeds) for name, feeds in found.items()}

    def normal(self, table: str, quantity: str) -> dict[str, float]:
        """Values of a quantity in the normal state, by name; empty if there is no such table."""
        found: Table | None = self.results.tables.get(table)
        if found is None or quantity not in found.values:
            return {}
        return dict(zip(found.ids, found[quantity][self.row].tolist(), strict=True))
