"""Harmonic currents and voltages of rectifiers in a network; limits of IEEE 519; transformers under harmonics."""

from solvers.power.harmonics.ieee519 import (
    Verdict,
    current_limits,
    judge_current,
    judge_voltage,
    voltage_limits,
)
from solvers.power.harmonics.network import (
    frequency_scan,
    fundamental_current,
    resonance_order,
    sequence_of,
    solve_harmonics,
    summation_exponent,
)
from solvers.power.harmonics.problem import HarmonicProblem, HarmonicSolution, ZeroPath
from solvers.power.harmonics.spectra import (
    ACTIVE_FRONT_END,
    CAPACITOR_INPUT_SUPPLY,
    PFC_SUPPLY,
    SIX_PULSE_WITH_CHOKE,
    from_table,
    neutral_current,
    rectifier,
    total_distortion,
)
from solvers.power.harmonics.transformer import (
    k_factor,
    loss_factor,
    permissible_current,
    stray_loss_factor,
)

__all__ = [
    "ACTIVE_FRONT_END",
    "CAPACITOR_INPUT_SUPPLY",
    "PFC_SUPPLY",
    "SIX_PULSE_WITH_CHOKE",
    "HarmonicProblem",
    "HarmonicSolution",
    "Verdict",
    "ZeroPath",
    "current_limits",
    "frequency_scan",
    "from_table",
    "fundamental_current",
    "judge_current",
    "judge_voltage",
    "k_factor",
    "loss_factor",
    "neutral_current",
    "permissible_current",
    "rectifier",
    "resonance_order",
    "sequence_of",
    "solve_harmonics",
    "stray_loss_factor",
    "summation_exponent",
    "total_distortion",
    "voltage_limits",
]
