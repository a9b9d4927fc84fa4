"""How a solve ended, in words that a person and a program can both read."""

from __future__ import annotations

from enum import StrEnum


class Status(StrEnum):
    """Ending of a solve; only :attr:`CONVERGED` lets its numbers be reported as values."""

    CONVERGED = "converged"
    MAX_ITERATIONS = "iteration limit reached before the tolerance"
    DIVERGED = "iterates grew without bound"
    SINGULAR = "the system has no unique solution"
    INFEASIBLE = "no state satisfies the equations"

    @property
    def ok(self) -> bool:
        """True if the solution satisfies its tolerance."""
        return self is Status.CONVERGED


class SolveError(RuntimeError):
    """A solve that was asked to raise did not converge; carries the :class:`Status`."""

    def __init__(self, status: Status, detail: str = "") -> None:
        super().__init__(f"{status.value}{': ' + detail if detail else ''}")
        self.status = status
