"""Results: frozen, labelled arrays of every evaluated state; saved and read back without loss."""

from twin.results.quantities import QUANTITIES, Quantity
from twin.results.results import Finding, Kpi, Results, SolveReport, Table, Verdict
from twin.results.store import load_run, save_run

__all__ = [
    "QUANTITIES",
    "Finding",
    "Kpi",
    "Quantity",
    "Results",
    "SolveReport",
    "Table",
    "Verdict",
    "load_run",
    "save_run",
]
