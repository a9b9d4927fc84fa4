"""Unbalanced power flow of three- and four-wire networks: single conductors, any transformer connection."""

from solvers.power.unbalanced.circuits import (
    PanelReport,
    PhaseLoads,
    assign_phases,
    panel_report,
    phase_loads,
)
from solvers.power.unbalanced.feeder import Feeder
from solvers.power.unbalanced.flow import Prepared, prepare, solve
from solvers.power.unbalanced.matrices import cyclic, sequences, with_return, without_neutral
from solvers.power.unbalanced.problem import EARTH, NEUTRAL, UnbalancedProblem
from solvers.power.unbalanced.quality import (
    between,
    bus_voltage,
    iec_unbalance,
    line_neutral_current,
    line_phase_current,
    nema_unbalance,
    voltage_report,
)
from solvers.power.unbalanced.solution import OUTPUTS, UnbalancedSolution

__all__ = [
    "EARTH",
    "NEUTRAL",
    "OUTPUTS",
    "Feeder",
    "PanelReport",
    "PhaseLoads",
    "Prepared",
    "UnbalancedProblem",
    "UnbalancedSolution",
    "assign_phases",
    "between",
    "bus_voltage",
    "cyclic",
    "iec_unbalance",
    "line_neutral_current",
    "line_phase_current",
    "nema_unbalance",
    "panel_report",
    "phase_loads",
    "prepare",
    "sequences",
    "solve",
    "voltage_report",
    "with_return",
    "without_neutral",
]
