"""Cost and energy of tokens against closed forms."""

from __future__ import annotations

import numpy as np

from solvers.tokens import economics


def test_annuity_repays_the_capital():
    for rate, years in ((0.08, 15), (0.05, 5), (0.0, 10), (1e-12, 10)):
        present = sum(economics.annuity(rate, years) / (1.0 + rate) ** k for k in range(1, years + 1))
        np.testing.assert_allclose(present, 1.0, rtol=1e-9)


def test_parts_are_what_a_year_costs_over_what_a_year_makes():
    tokens = 2e6
    cost = economics.cost_per_million_tokens(
        tokens,
        it_capital=100e6,
        facility_capital=60e6,
        power=5e6,
        water=2.0,
        energy_price=0.08 / 3.6e6,
        water_price=0.002,
        maintenance=3e6,
        rate=0.0,
        it_years=5.0,
        facility_years=15.0,
    )
    millions = tokens * 8760.0 * 3600.0 / 1e6
    np.testing.assert_allclose(cost.it * millions, 20e6, rtol=1e-12)
    np.testing.assert_allclose(cost.facility * millions, 4e6, rtol=1e-12)
    np.testing.assert_allclose(cost.energy * millions, 5000.0 * 8760.0 * 0.08, rtol=1e-12)
    np.testing.assert_allclose(cost.water * millions, 2.0 * 8760.0 * 3600.0 * 0.002, rtol=1e-12)
    np.testing.assert_allclose(cost.maintenance * millions, 3e6, rtol=1e-12)
    np.testing.assert_allclose(
        cost.total, cost.it + cost.facility + cost.energy + cost.water + cost.maintenance, rtol=1e-12
    )


def test_energy_cost_is_price_over_tokens_per_joule():
    cost = economics.cost_per_million_tokens([1e5, 3e5], power=[1e6, 2e6], energy_price=2e-8)
    joule = economics.tokens_per_joule([1e5, 3e5], [1e6, 2e6])
    np.testing.assert_allclose(cost.energy, 1e6 * 2e-8 / joule, rtol=1e-12)


def test_no_tokens_and_no_power_stay_finite():
    cost = economics.cost_per_million_tokens([0.0, 1.0], it_capital=1e6)
    np.testing.assert_array_equal(cost.produced, [False, True])
    assert cost.total[0] == 0.0 and cost.total[1] > 0.0
    np.testing.assert_allclose(economics.tokens_per_joule([5.0, 5.0], [0.0, 10.0]), [0.0, 0.5])
