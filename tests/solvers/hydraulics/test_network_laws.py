"""Hazen-Williams, pump exponents and piecewise-linear curves: closed forms, affinity, refusals; both solvers."""

import numpy as np
import pytest

from solvers.hydraulics.network import Problem, solve

COMPILED = [False, True]


def loop(**change):
    """Pump 0 -> 1 and a device 1 -> 0; node 0 is the expansion vessel."""
    given = dict(
        node_count=2, fixed_node=[0], fixed_pressure=[200e3], link_from=[0, 1], link_to=[1, 0],
        link_pump_head=[40e3, 0.0], link_device_coefficient=[0.0, 10e3],
    )  # fmt: skip
    return Problem(**(given | change))


@pytest.mark.parametrize("compiled", COMPILED)
def test_hazen_williams_is_its_formula(compiled):
    """Q = (h C^1.852 D^4.871 / (10.667 L))^(1/1.852), with the constant from feet"""
    c, d, length, rho, dp = 130.0, 0.3, 500.0, 998.2, 30e3
    problem = Problem(2, [0, 1], [dp, 0.0], [0], [1], link_length=length, link_diameter=d, link_density=rho,
                      link_hazen_williams=c)  # fmt: skip
    constant = 4.727 * 0.3048 ** (4.871 - 3 * 1.852)
    flow = rho * (dp / (rho * 9.80665) * c**1.852 * d**4.871 / (constant * length)) ** (1 / 1.852)
    assert constant == pytest.approx(10.667, abs=1e-3)
    assert solve(problem, compiled=compiled).link_flow[0, 0] == pytest.approx(flow, rel=1e-9)


@pytest.mark.parametrize("compiled", COMPILED)
@pytest.mark.parametrize("exponent", [0.8, 1.0, 1.4, 2.0, 3.0])
def test_pump_exponent_meets_its_device(compiled, exponent):
    """A linear device: head - curvature q^n = c q, checked at the solution."""
    problem = loop(
        link_pump_curvature=[3e3, 0], link_pump_exponent=exponent, link_device_coefficient=[0, 8e3],
        link_device_exponent=1.0,
    )  # fmt: skip
    flow = solve(problem, compiled=compiled).link_flow[0, 0]
    assert 8e3 * flow == pytest.approx(40e3 - 3e3 * flow**exponent, rel=1e-8)


@pytest.mark.parametrize("compiled", COMPILED)
def test_affinity_holds_for_any_exponent_and_for_curves(compiled):
    """Against a quadratic device flow follows speed and pressure its square."""
    speed = np.array([1.0, 0.7, 0.3, 0.0])
    both = np.stack([speed, np.ones(4)], 1)
    power = loop(link_pump_curvature=[2e3, 0], link_pump_exponent=1.6, link_pump_speed=both)
    points = loop(
        link_pump_head=0.0, link_curve=[0, -1], curves=[([0, 1, 3], [40e3, 35e3, 5e3])], link_pump_speed=both
    )
    for problem in (power, points):
        result = solve(problem, compiled=compiled)
        assert result.status.ok
        np.testing.assert_allclose(result.link_flow[:, 0], result.link_flow[0, 0] * speed, rtol=1e-8)
        np.testing.assert_allclose(result.link_drop[:, 1], result.link_drop[0, 1] * speed**2, rtol=1e-8)


@pytest.mark.parametrize("compiled", COMPILED)
def test_humped_power_curve_is_held_at_its_peak(compiled):
    """40e3 + 20e3 q - c q^3 with its peak at q = 1, 40e3 + 40e3/3 high; a device of 4 peak q^2 meets it at 1/2."""
    top = 40e3 + 40e3 / 3
    problem = loop(link_pump_slope=[-20e3, 0], link_pump_curvature=[20e3 / 3, 0], link_pump_exponent=3.0,
                   link_device_coefficient=[0, 4 * top])  # fmt: skip
    assert solve(problem, compiled=compiled).link_flow[0, 0] == pytest.approx(0.5, rel=1e-8)


@pytest.mark.parametrize("compiled", COMPILED)
def test_pump_curve_is_followed_between_and_beyond_its_points(compiled):
    """Linear devices: 40e3 - 5e3 q (q < 1), 35e3 - 15e3 (q - 1), the last line goes on, the first one to zero flow."""
    curves = [([0.5, 1.0, 3.0], [37.5e3, 35e3, 5e3])]
    device = np.array([395e3, 15e3, 1e2])
    result = solve(
        loop(link_pump_head=0.0, link_curve=[0, -1], curves=curves, link_device_exponent=1.0,
             link_device_coefficient=np.stack([np.zeros(3), device], 1)),
        compiled=compiled,
    )  # fmt: skip
    np.testing.assert_allclose(result.link_flow[:, 0], [40e3 / 400e3, 50e3 / 30e3, 50e3 / 15.1e3], rtol=1e-8)


@pytest.mark.parametrize("compiled", COMPILED)
def test_valve_curve_is_odd_and_begins_at_the_origin(compiled):
    problem = Problem(2, [0, 1], [[20e3, 0], [0, 20e3], [5e3, 0]], [0], [1], link_curve=0,
                      curves=[([1.0, 2.0], [10e3, 30e3])])  # fmt: skip
    np.testing.assert_allclose(solve(problem, compiled=compiled).link_flow[:, 0], [1.5, -1.5, 0.5], rtol=1e-8)


@pytest.mark.parametrize("compiled", COMPILED)
def test_device_that_is_zero_in_one_scenario_has_no_loss_there(compiled):
    """Both rows finite: the second link is a plain connection in the first scenario."""
    problem = Problem(3, [0, 2], [8e3, 0.0], [0, 1], [1, 2], link_device_coefficient=[[2e3, 0.0], [2e3, 2e3]])
    result = solve(problem, compiled=compiled)
    np.testing.assert_allclose(result.link_flow[:, 0], [2.0, np.sqrt(2.0)], rtol=1e-6)


@pytest.mark.parametrize(
    ("curve", "words"),
    [
        (([0, 1, 2], [40e3, 20e3, 30e3]), "link 0: a pump's pressure must fall with flow, and rises at point 2"),
        (([0, 1, 2], [0, 30e3, 20e3]), "link 0: a valve's drop must rise with flow, and falls at point 2"),
        (([0, 1, 1], [3, 2, 1]), "flow does not increase at point 2"),
        (([0, 1], [5.0, 9.0]), "must begin at zero"),
        (([0, np.nan], [5.0, 1.0]), "point 1"),
        (([1.0], [5.0]), "two points"),
    ],
)  # fmt: skip
def test_curve_that_does_not_increase_is_refused_by_link_and_point(curve, words):
    with pytest.raises(ValueError, match=words):
        solve(loop(link_pump_head=0.0, link_curve=[0, -1], curves=[curve]))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (dict(link_curve=[1, -1], curves=[([0, 1], [2, 1])]), r"link_curve\[0\] is 1"),
        (dict(link_curve=[0, -1], curves=[([0, 1], [2, 1])]), "link 0 has a link_pump_head and a link_curve"),
        (dict(link_pump_exponent=[0.0, 2.0]), "link_pump_exponent .* broken at 0"),
        (dict(link_length=[0, 1.0], link_hazen_williams=100.0), "needs a diameter; broken at 1"),
        (dict(link_device_coefficient=[[0, 1.0], [0, np.nan]]), "link_device_coefficient .* broken at 1, 1"),
        (dict(link_viscosity=[1.0, 0.0]), "link_viscosity .* broken at 0, 1"),
        (dict(node_demand=[1.0, 2.0, 3.0]), "node_demand"),
    ],
)  # fmt: skip
def test_impossible_inputs_are_named_by_field_and_index(change, words):
    with pytest.raises(ValueError, match=words):
        solve(loop(**change))
