"""AC/DC power flow of facilities: transfer switches, dual cords, converters, many scenarios at once."""

from solvers.power.flow import Prepared, prepare, solve
from solvers.power.losses import conversion_loss, curve_from_points, input_for_output, output_for_input
from solvers.power.problem import Problem, Solution

__all__ = [
    "Prepared",
    "Problem",
    "Solution",
    "conversion_loss",
    "curve_from_points",
    "input_for_output",
    "output_for_input",
    "prepare",
    "solve",
]
