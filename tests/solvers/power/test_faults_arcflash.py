"""Arc flash against the worked examples of IEEE 1584-2018 Annex D, D.1 (4.16 kV) and D.2 (480 V).

The printed values are those that LiaungYip/arcflash (MIT, commit 2a4bd82) replicates, equation by equation.
"""

import dataclasses

import numpy as np
import pytest

from solvers.power.faults import (
    ArcEquipment,
    Electrodes,
    Electronic,
    arcing_current,
    in_range,
    incident_energy,
    trip_times,
    worst_arc_flash,
)
from solvers.power.faults.arcflash import (
    BURN,
    CALORIE_PER_SQUARE_CENTIMETRE,
    _bolted,
    _currents,
    _variation,
    enclosure_factor,
)

EXAMPLES = ArcEquipment(
    voltage=[4160.0, 480.0], electrodes=[Electrodes.VCB, Electrodes.VCB], gap=[0.104, 0.032], distance=[0.9144, 0.6096],
    height=[1.143, 0.610], width=[0.762, 0.610], depth=[0.508, 0.254],
)  # fmt: skip
BOLTED = np.array([15e3, 45e3])
DIGIT = 5.1e-4  # half of the last of three printed decimals


def test_arcing_currents_are_those_of_annex_d():
    np.testing.assert_allclose(
        arcing_current(EXAMPLES, BOLTED) / 1e3, [12.979, 28.793], atol=DIGIT
    )  # D.17, D.84
    reduced = arcing_current(EXAMPLES, BOLTED, reduced=True) / 1e3
    np.testing.assert_allclose(reduced, [12.675, 25.244], atol=DIGIT)  # D.51, D.99


def test_intermediate_currents_are_those_of_annex_d():
    levels = np.array(_currents(EXAMPLES, _bolted(EXAMPLES, BOLTED), False))
    np.testing.assert_allclose(levels[:, 0], [11.117, 12.816, 14.116], atol=DIGIT)  # D.9, D.11, D.13
    assert levels[0, 1] == pytest.approx(32.449, abs=DIGIT)  # D.82
    reduced = np.array(_currents(EXAMPLES, _bolted(EXAMPLES, BOLTED), True))
    np.testing.assert_allclose(reduced[:, 0], [10.856, 12.515, 13.786], atol=DIGIT)  # D.45 .. D.47


def test_corrections_are_those_of_annex_d():
    np.testing.assert_allclose(enclosure_factor(EXAMPLES), [1.284, 1.085], atol=DIGIT)  # D.22, D.89
    np.testing.assert_allclose(_variation(EXAMPLES), [0.977, 0.877], atol=DIGIT)  # D.44, D.97


def test_energy_and_boundary_are_those_of_annex_d():
    full = incident_energy(EXAMPLES, BOLTED, [0.197, 0.0613])
    np.testing.assert_allclose(full.energy / 1e4, [12.152, 11.585], atol=DIGIT)  # D.32, D.91
    np.testing.assert_allclose(full.boundary * 1e3, [1606, 1029], atol=0.5)  # D.42, D.95
    reduced = incident_energy(EXAMPLES, BOLTED, [0.223, 0.319], reduced=True)
    np.testing.assert_allclose(reduced.energy / 1e4, [13.343, 53.156], atol=DIGIT)  # D.62, D.103
    np.testing.assert_allclose(reduced.boundary * 1e3, [1704, 2669], atol=0.5)  # D.72, D.106


def test_the_reduced_current_may_be_the_worse_one_because_protection_is_slower():
    """Annex D.2: 61.3 ms at 28.8 kA, but 319 ms at 25.2 kA."""
    times = np.array([0.197, 0.0613]), np.array([0.223, 0.319])
    full = arcing_current(EXAMPLES, BOLTED)
    worst = worst_arc_flash(EXAMPLES, BOLTED, lambda current: np.where(current == full, *times))
    np.testing.assert_allclose(worst.energy / 1e4, [13.343, 53.156], atol=DIGIT)


def test_a_trip_curve_gives_the_duration_and_two_seconds_are_the_end():
    trip = Electronic(3000.0, 8.0, short_pickup=12000.0, short_time=0.2)
    worst = worst_arc_flash(EXAMPLES, BOLTED, lambda current: trip_times(trip, current)[1])
    np.testing.assert_allclose(worst.energy, incident_energy(EXAMPLES, BOLTED, [2.0, 0.25]).energy)
    never = worst_arc_flash(EXAMPLES, BOLTED, lambda current: np.full_like(current, np.inf))
    np.testing.assert_allclose(never.energy, incident_energy(EXAMPLES, BOLTED, 2.0).energy)


def many(rng, count):
    """Equipment all over the ranges of the model."""
    low = rng.random(count) < 0.5
    voltage = np.where(low, rng.uniform(208, 600, count), rng.uniform(601, 15e3, count))
    gap = np.where(low, rng.uniform(6.35, 76.2, count), rng.uniform(19.05, 254, count)) / 1e3
    equipment = ArcEquipment(
        voltage, rng.integers(0, 5, count), gap, rng.uniform(0.305, 1.5, count), rng.uniform(0.3, 1.5, count),
        np.maximum(rng.uniform(0.3, 1.5, count), 4 * gap), rng.uniform(0.1, 0.8, count),
    )  # fmt: skip
    bolted = np.where(low, rng.uniform(500, 106e3, count), rng.uniform(200, 65e3, count))
    return equipment, bolted


def test_the_whole_range_gives_finite_positive_energies_that_grow_with_time():
    equipment, bolted = many(np.random.default_rng(1), 5000)
    one, two = (incident_energy(equipment, bolted, time) for time in (0.1, 0.2))
    assert np.isfinite(one.energy).all() and (one.energy > 0).all() and np.isfinite(one.boundary).all()
    np.testing.assert_allclose(two.energy, 2 * one.energy, rtol=1e-12)
    low = equipment.voltage <= 600
    assert np.all(one.arcing_current[low] < bolted[low] * 1.0001)


def test_at_the_boundary_the_energy_is_that_of_a_burn():
    """Up to 600 V exactly; above, energy and boundary are interpolated apart."""
    equipment, bolted = many(np.random.default_rng(2), 2000)
    boundary = incident_energy(equipment, bolted, 0.3).boundary
    keep = (equipment.voltage <= 600) & (boundary > 0.305)
    picked = {one.name: getattr(equipment, one.name)[keep] for one in dataclasses.fields(equipment)}
    there = ArcEquipment(**(picked | {"distance": boundary[keep]}))
    np.testing.assert_allclose(incident_energy(there, bolted[keep], 0.3).energy, BURN, rtol=1e-10)
    assert pytest.approx(1.2 * CALORIE_PER_SQUARE_CENTIMETRE) == BURN


def test_scenarios_broadcast_against_equipment():
    answer = incident_energy(EXAMPLES, np.array([BOLTED, BOLTED / 2]), np.array([[0.1], [0.2]]))
    assert answer.energy.shape == answer.boundary.shape == answer.arcing_current.shape == (2, 2)
    assert answer.energy[0, 0] == incident_energy(EXAMPLES, BOLTED, 0.1).energy[0]


def test_what_lies_outside_the_model_is_told_and_refused():
    inside = in_range([208, 600, 601, 15e3, 100, 480], [500, 106e3, 65e3, 200, 1e3, 400])
    assert inside.tolist() == [True] * 4 + [False] * 2
    with pytest.raises(ValueError, match=r"bolted\[1\] is 120000.0, is outside the model"):
        arcing_current(EXAMPLES, [15e3, 120e3])
    with pytest.raises(ValueError, match=r"voltage\[0\] is 20000.0"):
        dataclasses.replace(EXAMPLES, voltage=[20e3, 480.0])
    with pytest.raises(ValueError, match=r"gap\[1\]"):
        dataclasses.replace(EXAMPLES, gap=[0.104, 0.1])
    with pytest.raises(ValueError, match=r"width\[0\] .* four gaps"):
        dataclasses.replace(EXAMPLES, width=[0.3, 0.61])
    with pytest.raises(ValueError, match="duration"):
        incident_energy(EXAMPLES, BOLTED, 0.0)
