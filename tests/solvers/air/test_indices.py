"""Air-management indices at the values their definitions pin."""

from __future__ import annotations

import numpy as np

from solvers.air import indices


def test_rci_is_100_inside_the_recommended_range_and_0_at_the_allowable_limit():
    high, low = indices.rci([[18.0, 27.0], [32.0, 32.0], [15.0, 15.0], [27.0, 29.5]])
    np.testing.assert_allclose(high, [100.0, 0.0, 100.0, 75.0])
    np.testing.assert_allclose(low, [100.0, 100.0, 0.0, 100.0])


def test_rti_is_the_ratio_of_rack_flow_to_supply_flow():
    # the same heat in 1.0 of rack flow and 1.25 of supply flow: a rise of 10 K becomes a drop of 8 K
    np.testing.assert_allclose(indices.rti([28.0, 20.0], 20.0, [10.0, 0.0]), [80.0, 100.0])


def test_supply_and_return_heat_index_add_to_one():
    inlet, outlet = np.array([[20.0, 22.0]]), np.array([[30.0, 34.0]])
    np.testing.assert_allclose(indices.shi(inlet, outlet, [20.0]), 2.0 / 24.0)
    np.testing.assert_allclose(indices.shi(inlet, outlet, [20.0], [3.0, 1.0]), 2.0 / 44.0)
    total = indices.shi(inlet, outlet, [20.0]) + indices.rhi(inlet, outlet, [20.0])
    np.testing.assert_allclose(total, 1.0)
