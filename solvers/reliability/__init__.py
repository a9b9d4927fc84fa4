"""Redundancy and availability of facilities: power and cooling on one graph, exact and simulated."""

from solvers.reliability.availability import Availability, availability
from solvers.reliability.cuts import CutSets, minimal_cut_sets
from solvers.reliability.draft import Draft
from solvers.reliability.evaluate import Evaluation, evaluate
from solvers.reliability.rates import Rates, add_common_causes
from solvers.reliability.simulate import Simulation, simulate
from solvers.reliability.states import (
    FailingStates,
    Verdict,
    concurrently_maintainable,
    failures_during_maintenance,
    fault_tolerant,
    single_failures,
)
from solvers.reliability.structure import Structure

__all__ = [
    "Availability",
    "CutSets",
    "Draft",
    "Evaluation",
    "FailingStates",
    "Rates",
    "Simulation",
    "Structure",
    "Verdict",
    "add_common_causes",
    "availability",
    "concurrently_maintainable",
    "evaluate",
    "failures_during_maintenance",
    "fault_tolerant",
    "minimal_cut_sets",
    "simulate",
    "single_failures",
]
