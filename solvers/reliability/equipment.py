"""Failure and repair data by class of equipment, each with its source.

Nothing here replaces the record of the machines themselves.  "As quoted" rows are survey values of IEEE Std 493-2007
(Gold Book), chapter 10, and its predecessors, as passed on in secondary literature and not checked against the
printed tables; the survey behind the 2007 tables is that of US Army TM 5-698-5 (22 July 2006).  "Assumed" rows are
round figures of plausible size for want of a source that could be read.
"""

from __future__ import annotations

from dataclasses import dataclass

QUOTED = "IEEE Std 493-2007 chapter 10 survey, as quoted"
ASSUMED = "assumed"


@dataclass(frozen=True)
class Equipment:
    """Reliability of one class of equipment."""

    failure_rate: float
    """Failures per unit and year.  [1/yr]"""
    repair_time: float
    """Mean hours per failure.  [h]"""
    source: str
    """Document, or ``assumed``."""
    demand_probability: float = 0.0
    """Probability of failing when called upon.  [-]"""
    unit: str = "unit"
    """What the rate is per."""

    @property
    def assumed(self) -> bool:
        """No document stands behind the numbers."""
        return self.source.startswith(ASSUMED)


EQUIPMENT: dict[str, Equipment] = {
    "utility_single": Equipment(1.956, 1.32, QUOTED),
    "utility_double": Equipment(0.312, 0.52, f"{QUOTED}: both circuits lost"),
    "transformer_liquid": Equipment(0.0062, 356.0, f"{QUOTED}: repair; replacement by a spare is shorter"),
    "transformer_dry": Equipment(0.0036, 153.0, QUOTED),
    "breaker_lv": Equipment(0.0027, 4.0, f"{QUOTED}: drawout, 0-600 V"),
    "breaker_mv": Equipment(0.0036, 83.1, f"{QUOTED}: drawout, above 600 V, without spare"),
    "switchboard": Equipment(0.00034, 24.0, f"{QUOTED}: bare bus 0-600 V", unit="connected breaker"),
    "switchgear_mv": Equipment(
        0.0011, 26.8, f"{QUOTED}: insulated bus 601-15,000 V", unit="connected breaker"
    ),
    "disconnect": Equipment(0.0061, 3.6, f"{QUOTED}: enclosed"),
    "cable": Equipment(0.00141, 10.5, f"{QUOTED}: above ground, 0-600 V", unit="1,000 ft"),
    "cable_mv": Equipment(0.00613, 26.5, f"{QUOTED}: in duct, 601-15,000 V", unit="1,000 ft"),
    "generator": Equipment(
        0.1, 24.0, "assumed rate and repair; fail to start 0.5 to 1.35 % in IEEE Std 493, as quoted", 0.0135
    ),
    "inverter": Equipment(0.00482, 26.0, "IEEE Std 493-2007 table 10-4, item E25-000, as quoted"),
    "ups_module": Equipment(0.02, 24.0, ASSUMED),
    "sts": Equipment(0.01, 8.0, ASSUMED, 1e-4),
    "ats": Equipment(0.01, 8.0, ASSUMED, 1e-3),
    "busway": Equipment(0.0005, 24.0, ASSUMED, unit="run"),
    "pdu": Equipment(0.004, 24.0, ASSUMED),
    "rectifier": Equipment(0.005, 26.0, ASSUMED),
    "battery": Equipment(0.01, 24.0, ASSUMED, 1e-3, unit="string"),
    "rack_psu": Equipment(0.02, 2.0, ASSUMED),
    "pump": Equipment(0.05, 24.0, ASSUMED),
    "cdu": Equipment(0.05, 8.0, ASSUMED),
    "chiller": Equipment(0.2, 48.0, ASSUMED),
    "cooling_tower": Equipment(0.1, 24.0, ASSUMED),
    "dry_cooler": Equipment(0.05, 24.0, ASSUMED),
    "crah": Equipment(0.05, 12.0, ASSUMED),
}
"""By class of equipment."""
