"""Faults of facilities: short circuits after IEC 60909, ratings, trip curves and selectivity, arc flash."""

from solvers.power.faults.elements import (
    Branches,
    Converters,
    Earthings,
    Feeders,
    Generators,
    Motors,
    Transformers,
    Triples,
    Winding,
    transformer_impedance,
    vector_group,
)
from solvers.power.faults.problem import FaultCurrents, FaultProblem
from solvers.power.faults.shortcircuit import short_circuit

__all__ = [
    "Branches",
    "Converters",
    "Earthings",
    "FaultCurrents",
    "FaultProblem",
    "Feeders",
    "Generators",
    "Motors",
    "Transformers",
    "Triples",
    "Winding",
    "short_circuit",
    "transformer_impedance",
    "vector_group",
]
