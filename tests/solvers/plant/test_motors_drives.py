"""Motors and drives: published points, limits, and the order of losses."""

from __future__ import annotations

import numpy as np
import pytest

from solvers.plant import fans, motors, pumps


def test_published_points_of_the_drive_table():
    # 20 hp is 14.9 kW, taken as 15 kW
    np.testing.assert_allclose(motors.drive_efficiency([0.25, 0.5, 1.0], 15e3), [0.93, 0.95, 0.97])


def test_full_load_efficiency_is_the_one_given():
    assert motors.motor_efficiency(1.0, 20e3, best=0.93) == pytest.approx(0.93)


@pytest.mark.parametrize("size", [500.0, 5e3, 20e3, 200e3])
def test_bigger_loads_cost_more_and_losses_never_vanish(size):
    load = np.linspace(0.0, 1.0, 200) * size
    drawn = motors.electrical_power(load, size)
    assert drawn[0] == 0.0
    assert np.all(np.diff(drawn[1:]) > -1e-9 * size)
    assert np.all(drawn[1:] > load[1:])


def test_bigger_motors_lose_less_at_part_load():
    at_third = [float(motors.motor_efficiency(0.3, size)) for size in (0.7e3, 7.5e3, 70e3)]
    assert at_third == sorted(at_third)


def test_a_drive_costs_a_few_percent_at_full_load_and_more_below():
    size, load = 30e3, np.array([30e3, 3e3])
    share = motors.electrical_power(load, size) / motors.electrical_power(load, size, drive=False)
    assert 1.02 < share[0] < 1.05 < share[1]


def test_cube_law_through_motor_and_drive_saves_less_than_the_cube():
    shaft = fans.power([1.0, 0.5], 1.0, 20e3)
    drawn = motors.electrical_power(shaft, 20e3)
    assert shaft[1] / shaft[0] == pytest.approx(0.125, rel=1e-12)
    assert drawn[1] / drawn[0] > 0.125


def test_efficiency_is_unchanged_along_an_affinity_parabola():
    speed = np.linspace(0.2, 1.0, 30)
    share = pumps.relative_efficiency(0.7 * speed, 1.1 * speed**2)
    np.testing.assert_allclose(share, share[-1], rtol=1e-9)


def test_pump_is_best_at_its_best_point_and_bounded_off_it():
    # the published cubic peaks within 0.2 % of 1, some 4 % of flow beside the nominal point
    flow = np.linspace(0.05, 1.9, 400)
    share = pumps.relative_efficiency(flow, 1.3 - 0.3 * flow**2)
    assert share.max() == pytest.approx(1.0, abs=0.003)
    assert abs(flow[share.argmax()] - 1.0) < 0.1
    assert pumps.relative_efficiency(0.0, 1.0) > 0.0


def test_affinity_is_exact():
    speed = np.linspace(0.1, 1.2, 50)
    flow, rise, power = pumps.affinity(speed, 30.0, 2e5, 9e3)
    hydraulic = pumps.power(flow, rise, 998.0, 30.0 * 2e5 / 998.0 / 9e3)
    np.testing.assert_allclose(hydraulic, power, rtol=1e-9)


def test_a_motor_without_size_is_refused():
    with pytest.raises(ValueError, match="rated_power"):
        motors.motor_efficiency(0.5, 0.0)


@pytest.mark.parametrize("size", [2e3, 10e3, 30e3, 90e3])
def test_losses_of_a_pumps_drive_are_whole_at_full_load_and_never_vanish_while_it_turns(size):
    load = np.linspace(0.01, 1.3, 200)
    loss = motors.pump_drive_loss(load, size)
    assert motors.pump_drive_loss(1.0, size) == pytest.approx(1.0, rel=1e-12)
    assert motors.pump_drive_loss(0.0, size) == 0.0
    assert np.all(loss > 0.05)
    assert np.all(loss[load < 1.0] >= load[load < 1.0] * 0.999)  # efficiency never rises below full load
    assert np.all(np.diff(loss) > -2e-3)


def test_shaft_power_is_the_sheets_at_the_duty_point_and_follows_affinity():
    duty = {"duty_flow": 30.0, "duty_rise": 2e5, "efficiency": 0.75}
    speed = np.linspace(0.3, 1.0, 8)
    found = pumps.shaft_power(30.0 * speed, 2e5 * speed**2, 998.0, **duty)
    np.testing.assert_allclose(found, 30.0 * 2e5 / 998.0 / 0.75 * speed**3, rtol=1e-12)
    off = pumps.shaft_power([15.0, 0.0], [2.3e5, 2.5e5], 998.0, **duty)
    assert off[0] > 15.0 * 2.3e5 / 998.0 / 0.75
    assert off[1] == 0.0
