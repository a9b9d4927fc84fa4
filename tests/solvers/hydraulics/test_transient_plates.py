"""Cold plates in time: the law of the data at every flow, and closed forms of the lid."""

import numpy as np
import pytest
from scipy.linalg import expm

from solvers.hydraulics.transient import Problem, settle, solve

G, RATE, BODY, HEAT = 4e3, 8e3, 22e3, 100e3  # W/K, W/K, J/K, W


def rack(share=1.0, **change):
    """Fluid of 40 degC through plates (node 1) into the rack's coolant (node 2), and out; film 40 %, n 0.7."""
    given = dict(
        node_capacity=[1.0, BODY, 70e3, 1.0], node_initial=[40.0, 65.0, 52.5, 0.0], node_fixed=[True, False, False, True],
        link_from=[0, 2], link_to=[2, 3], link_rate=RATE * share,
        plate_link=[0], plate_node=[1], plate_conductance=G, plate_rated=RATE, plate_film=0.4, plate_exponent=0.7,
        source_node=[1], source_heat=HEAT,
    )  # fmt: skip
    return Problem(**(given | change))


def law(share, film=0.4, n=0.7, rise=0.0):
    return G / ((1.0 - film - rise) + film * share**-n + rise / share)


@pytest.mark.parametrize("share", [1.0, 0.6, 0.45])
def test_the_lid_approaches_that_of_the_law_exponentially_at_constant_flow(share):
    """T = T_in + P R + (T_0 - T_in - P R) e^{-t / (C R)}, whatever the coolant in the rack does."""
    at = np.arange(0.0, 61.0, 2.0)
    found = solve(rack(share), 60.0, times=at, record=[1], tolerance=1e-4)
    end = 40.0 + HEAT / law(share)
    exact = end + (65.0 - end) * np.exp(-at * law(share) / BODY)
    np.testing.assert_allclose(found.series[0, :, 0], exact, atol=2e-3)
    assert found.energy_error[0] < 1e-12


def test_plates_without_flow_heat_up_alone():
    found = solve(rack(0.0), 5.0)
    assert found.final_temperature[0, 1] == pytest.approx(65.0 + HEAT * 5.0 / BODY, rel=1e-12)
    assert found.final_temperature[0, 2] == pytest.approx(52.5, rel=1e-12)


def test_flow_that_runs_down_follows_the_law_of_the_moment():
    """C T' = P - G(W(t)) (T - T_in), by fine steps of Heun's method."""
    table = np.linspace(0.0, 8.0, 81)
    speed = 1.0 / (1.0 + table / 1.5)
    found = solve(
        rack(link_signal=0, signal_time=table, signal_value=speed[:, None]), 8.0, times=table[::10], record=[1],
        tolerance=1e-4, shortest_step=0.001, first_step=0.001,
    )  # fmt: skip
    time = np.linspace(0.0, 8.0, 8001)
    share = np.interp(time, table, speed)
    value = np.full(time.size, 65.0)
    gain = np.minimum(law(share), RATE * share)
    for k in range(time.size - 1):
        slope = (HEAT - gain[k] * (value[k] - 40.0)) / BODY
        ahead = (HEAT - gain[k + 1] * (value[k] + slope * 1e-3 - 40.0)) / BODY
        value[k + 1] = value[k] + 0.5e-3 * (slope + ahead)
    np.testing.assert_allclose(found.series[0, :, 0], value[::1000], atol=5e-3)


def test_no_fluid_leaves_warmer_than_its_plates():
    """At a tenth of the flow the film's law would take more than the stream can carry; the reach holds it."""
    found = settle(rack(0.1, plate_reach=0.8)).problem
    _, lid, coolant, _ = found.node_initial[0]
    assert lid == pytest.approx(40.0 + HEAT / (0.8 * 0.1 * RATE), rel=1e-6)
    assert coolant == pytest.approx(40.0 + HEAT / (0.1 * RATE), rel=1e-6) and coolant < lid


def test_plates_one_after_the_other_are_ahead_by_the_rise_of_the_fluid():
    found = settle(rack(0.5, plate_rise=0.2)).problem
    assert found.node_initial[0, 1] == pytest.approx(40.0 + HEAT / law(0.5, rise=0.2), rel=1e-6)


def test_plates_behind_a_pipe_take_what_arrives():
    """A link of 5 s: the lid of a rack that warm fluid reaches starts to rise then."""
    warm = rack(
        link_from=[4, 2, 0], link_to=[2, 3, 4], link_rate=RATE, link_volume=[5.0 * RATE, 0.0, 0.0],
        node_capacity=[1.0, BODY, 70e3, 1.0, 10.0], node_initial=[60.0, 65.0, 52.5, 0.0, 40.0],
        node_fixed=[True, False, False, True, False],
    )  # fmt: skip
    found = solve(warm, 60.0, times=[4.5, 60.0], record=[1, 2], longest_step=0.25)
    assert found.series[0, 0, 0] == pytest.approx(65.0, abs=1e-6)
    rise = 20.0 * (1.0 - np.exp(-55.0 * G / BODY))
    assert found.series[0, 1, 0] == pytest.approx(65.0 + rise, abs=0.02)
    assert found.energy_error[0] < 1e-12


@pytest.mark.parametrize("seed", range(5))
def test_random_rings_with_plates_against_the_matrix_exponential(seed):
    """A ring of lumps with a plate on every other link and metal beside the rest; T' = A T + b."""
    rng = np.random.default_rng(seed)
    n = 6
    capacity = rng.uniform(2e4, 2e5, 2 * n)
    rate, share = rng.uniform(5e3, 2e4), rng.uniform(0.4, 1.0)
    gain, heat = rng.uniform(1e3, 4e3, 3), rng.uniform(1e4, 9e4, 3)
    tie, initial = rng.uniform(500.0, 5e3, 3), rng.uniform(20.0, 60.0, 2 * n)
    plates, metal = n + np.arange(3), n + 3 + np.arange(3)
    at = np.array([5.0, 30.0, 120.0])
    found = solve(
        Problem(
            capacity, initial, link_from=np.arange(n), link_to=np.roll(np.arange(n), -1), link_rate=rate * share,
            plate_link=[0, 2, 4], plate_node=plates, plate_conductance=gain, plate_rated=rate, plate_film=0.5,
            plate_exponent=0.7, source_node=plates, source_heat=heat,
            conductance_from=metal, conductance_to=[0, 2, 4], conductance=tie,
        ),
        120.0, times=at, tolerance=1e-4,
    )  # fmt: skip
    flow, now = rate * share, gain / (0.5 + 0.5 * share**-0.7)
    matrix, load = np.zeros((2 * n, 2 * n)), np.zeros(2 * n)
    for k in range(n):
        end = (k + 1) % n
        matrix[end, k] += flow
        matrix[end, end] -= flow
    for k, (up, body) in enumerate(zip((0, 2, 4), plates, strict=True)):
        for row, sign in ((body, -1.0), (up + 1, 1.0)):
            matrix[row, body] += sign * now[k]
            matrix[row, up] -= sign * now[k]
        load[body] += heat[k]
        for a, b in ((metal[k], up), (up, metal[k])):
            matrix[a, b] += tie[k]
            matrix[a, a] -= tie[k]
    wide = np.zeros((2 * n + 1, 2 * n + 1))
    wide[:-1, :-1], wide[:-1, -1] = matrix / capacity[:, None], load / capacity
    for row, time in enumerate(at):
        exact = (expm(wide * time) @ np.r_[initial, 1.0])[:-1]
        np.testing.assert_allclose(found.series[0, row], exact, atol=5e-3)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (dict(plate_film=0.8, plate_rise=0.4), r"plate_film plus plate_rise\[0, 0\] must be within 0..1"),
        (dict(plate_rated=0.0), r"plate_rated\[0, 0\] must be finite and > 0"),
        (dict(plate_node=[2]), r"plate_node\[0\] is an end of its link"),
        (dict(plate_node=[7]), r"plate_node\[0\] is 7, outside 0..3"),
        (dict(link_rate=-RATE), r"link_rate\[0, 0\] turns round"),
        (dict(plate_link=[0, 0], plate_node=[1, 1]), "plate_link: link 0 passes other plates"),
    ],
)
def test_plates_that_make_no_sense_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        solve(rack(**change), 10.0)
