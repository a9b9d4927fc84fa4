"""AC/DC power flow of facilities: transfer switches, dual cords, converters, many scenarios at once.

Beside what is exported here: `solvers.power.contingency` (every failure), `.unbalanced` (in phases), `.faults` (short
circuits, protection), `.dynamics` (storage, starts, generator sets), `.harmonics` and `.taps` (tap changers).
"""

from solvers.power.diagnosis import Diagnosis, diagnose
from solvers.power.flow import Prepared, prepare, solve
from solvers.power.losses import conversion_loss, curve_from_points, input_for_output, output_for_input
from solvers.power.margin import Loadability, loadability
from solvers.power.problem import Problem, Solution

__all__ = [
    "Diagnosis",
    "Loadability",
    "Prepared",
    "Problem",
    "Solution",
    "conversion_loss",
    "curve_from_points",
    "diagnose",
    "input_for_output",
    "loadability",
    "output_for_input",
    "prepare",
    "solve",
]
