"""The table of failure data."""

from __future__ import annotations

from solvers.reliability.equipment import EQUIPMENT
from solvers.reliability.rates import Rates


def test_every_class_has_a_source_and_makes_valid_rates() -> None:
    assert len(EQUIPMENT) > 20
    for name, data in EQUIPMENT.items():
        assert data.assumed or "IEEE Std 493" in data.source, name
        rates = Rates(1, data.failure_rate, data.repair_time, data.demand_probability)
        assert 0 < rates.unavailability[0] < 0.02, name


def test_survey_rates_are_per_year_and_not_per_hour() -> None:
    # 0.0062 / yr is 7.1e-7 / h; tables that list 6e-6 / h have slipped a factor of nine.
    assert EQUIPMENT["transformer_liquid"].failure_rate / 8760 < 1e-6
