"""Short circuits that can be worked out by hand, invariants of partial currents, scenarios, bad input."""

import dataclasses

import numpy as np
import pytest
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from solvers.power.faults import (
    Branches,
    Converters,
    Earthings,
    FaultProblem,
    Feeders,
    Generators,
    Motors,
    Transformers,
    Triples,
    Winding,
    short_circuit,
    through_currents,
    transformer_impedance,
    vector_group,
)

ALGEBRA = 1e-12
ROOT3 = np.sqrt(3)


def substation(**changes):
    """Utility 13.8 kV - 2.5 MVA 13.8/0.48 kV Dyn - cable to a board."""
    given = {
        "feeders": Feeders([0], [500e6], [300e6]),
        "branches": Branches(
            [0, 1], [1, 2], impedance=[0, 0.002 + 0.003j], zero_impedance=[0, 0.006 + 0.009j]
        ),
        "transformers": Transformers([0], [2.5e6], [13.8e3], [480.0], transformer_impedance([0.0575], 0.008)),
    }
    return FaultProblem(np.array([13.8e3, 480.0, 480.0]), **(given | changes))


def by_hand(case):
    """Impedances seen from the board at 480 V, after the clauses of IEC 60909-0. [ohm]"""
    c, power = (1.1, 500e6) if case == "max" else (1.0, 300e6)
    size = c * 480.0**2 / power
    feeder = size / np.hypot(1, 0.1) * (0.1 + 1j)
    x = np.sqrt(0.0575**2 - 0.008**2)
    k = 0.95 * 1.05 / (1 + 0.6 * x) if case == "max" else 1.0
    transformer = k * (0.008 + 1j * x) * 480.0**2 / 2.5e6
    warm = 1.0 if case == "max" else 1 + 0.004 * (80 - 20)
    return feeder + transformer, transformer, 0.002 * warm + 0.003j, 0.006 * warm + 0.009j


@pytest.mark.parametrize("case", ["max", "min"])
def test_feeder_transformer_and_cable_by_hand(case):
    upstream, zero, cable, zero_cable = by_hand(case)
    voltage = (1.05 if case == "max" else 0.95) * 480.0
    answer = short_circuit(substation(), cases=(case,))
    three = voltage / ROOT3 / abs(upstream + cable)
    ground = ROOT3 * voltage / abs(2 * (upstream + cable) + zero + zero_cable)
    assert answer.initial[0, 0, 2] == pytest.approx(three, rel=ALGEBRA)
    assert answer.line_line[0, 0, 2] == pytest.approx(three * ROOT3 / 2, rel=ALGEBRA)
    assert answer.line_ground[0, 0, 2] == pytest.approx(ground, rel=ALGEBRA)
    z = upstream + cable
    assert answer.impedance[0, 0, 2] == pytest.approx(z, rel=ALGEBRA)
    kappa = 1.02 + 0.98 * np.exp(-3 * z.real / z.imag)  # series circuit: R/X is the same at 24 Hz, times 0.4
    assert answer.peak[0, 0, 2] == pytest.approx(kappa * np.sqrt(2) * three, rel=ALGEBRA)


def test_the_feeder_alone_gives_its_short_circuit_power_whatever_c_is():
    answer = short_circuit(substation())
    np.testing.assert_allclose(answer.power[0, :, 0], [500e6, 300e6], rtol=ALGEBRA)
    np.testing.assert_allclose(answer.power, ROOT3 * substation().bus_voltage * answer.initial, rtol=ALGEBRA)


def test_method_b_needs_no_factor_in_a_radial_network_and_takes_it_in_a_ring():
    radial = short_circuit(substation(), cases=("max",), peak="B")
    series = short_circuit(substation(), cases=("max",), peak="C")
    np.testing.assert_allclose(radial.kappa, series.kappa, rtol=ALGEBRA)
    ring = FaultProblem(
        np.full(3, 480.0), Feeders([0], [30e6]),
        Branches([0, 1, 0], [1, 2, 2], impedance=[0.004 + 0.004j, 0.004 + 0.004j, 0.004 + 0.004j]),
    )  # fmt: skip
    with_b, plain = short_circuit(ring, cases=("max",), peak="B"), short_circuit(ring, cases=("max",))
    z = plain.impedance[0, 0]
    np.testing.assert_allclose(
        with_b.kappa[0, 0], np.minimum(1.15 * (1.02 + 0.98 * np.exp(-3 * z.real / z.imag)), 1.8), rtol=ALGEBRA
    )


def test_motors_feed_maximum_currents_only_and_do_not_last():
    motors = Motors([2], [200e3], [460.0], start_ratio=[6.0], count=[3], pole_pair_power=[80e3])
    with_motors, without = (
        short_circuit(substation(motors=motors), breaking_time=0.1),
        short_circuit(substation()),
    )
    assert with_motors.initial[0, 0, 2] > without.initial[0, 0, 2]
    np.testing.assert_allclose(with_motors.initial[:, 1], without.initial[:, 1], rtol=ALGEBRA)
    np.testing.assert_allclose(with_motors.steady[:, 0], without.initial[:, 0], rtol=ALGEBRA)
    locked = 3 * 6.0 * 200e3 / (ROOT3 * 460.0)
    # at its own terminals a motor gives its locked-rotor current, times c and nominal over rated voltage
    assert abs(with_motors.motor_current[0, 0, 0]) == pytest.approx(1.05 * 480 / 460 * locked, rel=ALGEBRA)
    assert with_motors.steady[0, 0, 2] < with_motors.breaking[0, 0, 2] < with_motors.initial[0, 0, 2]


def test_a_generating_set_by_hand_with_and_without_earthed_star_point():
    """2 MVA, 480 V, x''_d 12 %, 0.8: K_G = c_max / (1 + 0.12 x 0.6)."""
    common = {"bus": [0], "rating": [2e6], "voltage": [480.0], "impedance": [0.01 + 0.12j]}
    earthed = Generators(**common, earthed=[True], zero_impedance=[0.005 + 0.04j], neutral=[0.05])
    answer = short_circuit(FaultProblem(np.array([480.0]), generators=earthed))
    base, k = 480.0**2 / 2e6, 1.05 / (1 + 0.12 * 0.6)
    z, zero = (0.01 + 0.12j) * base * k, (0.005 + 0.04j) * base * k + 3 * 0.05
    assert answer.initial[0, 0, 0] == pytest.approx(1.05 * 480 / ROOT3 / abs(z), rel=ALGEBRA)
    assert answer.line_ground[0, 0, 0] == pytest.approx(ROOT3 * 1.05 * 480 / abs(2 * z + zero), rel=ALGEBRA)
    ratio = 0.15  # fictitious R_Gf / X''_d of a low-voltage machine
    assert answer.kappa[0, 0, 0] == pytest.approx(1.02 + 0.98 * np.exp(-3 * ratio), rel=ALGEBRA)
    isolated = short_circuit(FaultProblem(np.array([480.0]), generators=Generators(**common)))
    assert isolated.line_ground[0, 0, 0] == 0
    assert isolated.initial[0, 0, 0] == answer.initial[0, 0, 0]


@pytest.mark.parametrize("cable", [0.0, 0.002, 0.05])
def test_a_generating_set_sustains_its_limit_near_it_and_less_far_away(cable):
    """Two sets of 2 MVA, three times rated current each, over a cable."""
    problem = FaultProblem(
        np.full(2, 480.0), branches=Branches([0], [1], impedance=[cable * (1 + 1j)]),
        generators=Generators([0, 0], [2e6] * 2, [480.0] * 2, [0.01 + 0.12j] * 2, sustained=[3.0, 3.0]),
    )  # fmt: skip
    answer = short_circuit(problem)
    limit = 2 * 3.0 * 2e6 / (ROOT3 * 480)
    np.testing.assert_allclose(answer.steady[0, 1], np.minimum(limit, answer.initial[0, 1]), rtol=ALGEBRA)
    np.testing.assert_allclose(answer.steady[0, 0], answer.initial[0, 0], rtol=ALGEBRA)


def test_an_inverter_alone_gives_its_limit_and_over_the_bypass_it_adds_to_the_utility():
    """Double-conversion UPS: bypass open in scenario 0, closed in 1; the inverter stands at the board."""
    branches = dataclasses.replace(substation().branches, closed=[[True, False], [True, True]])
    problem = substation(branches=branches, converters=Converters([2], [6000.0], [4000.0]))
    answer = short_circuit(problem)
    np.testing.assert_allclose(answer.initial[0, :, 2], [6000.0, 4000.0], rtol=ALGEBRA)
    np.testing.assert_allclose(answer.line_ground[0, :, 2], [6000.0, 4000.0], rtol=ALGEBRA)
    assert not answer.fed[0, :, 2].any() and answer.fed[1].all()
    utility = short_circuit(substation())
    np.testing.assert_allclose(
        answer.initial[1, :, 2], utility.initial[0, :, 2] + [6000.0, 4000.0], rtol=ALGEBRA
    )
    # farther up the inverter's current divides: |Z_12| / |Z_11| with Z_12 = Z_11 in a radial network
    np.testing.assert_allclose(answer.initial[1, 0, 1], utility.initial[0, 0, 1] + 6000.0, rtol=ALGEBRA)


@pytest.mark.parametrize(
    ("group", "neutral", "expected"),
    [
        ("Dyn", 0.0, "leakage"), ("Dyn", 0.2, "leakage"), ("YNyn", 0.0, "through"), ("YNd", 0.0, "none"),
        ("Yyn", 0.0, "none"), ("Dzn", 0.1, "leakage"), ("Yzn", 0.0, "leakage"),
    ],
)  # fmt: skip
def test_zero_sequence_of_vector_groups_seen_from_the_low_side(group, neutral, expected):
    high, low = vector_group(group)
    base = substation()
    table = dataclasses.replace(
        base.transformers, winding_from=[high], winding_to=[low], neutral_to=[neutral]
    )
    zero = short_circuit(substation(transformers=table), cases=("max",)).zero_impedance[0, 0, 1]
    _, leakage, _, _ = by_hand("max")
    feeder = by_hand("max")[0] - leakage
    size = {"leakage": leakage + 3 * neutral, "through": leakage + feeder, "none": 0}[expected]
    assert zero == pytest.approx(size, rel=1e-11)


def test_a_three_limb_core_without_delta_carries_earth_current_over_its_magnetising_impedance():
    """Yyn: half the leakage and Z_m, here 60 % (a usual figure for three limbs, assumed)."""
    base = substation()
    table = dataclasses.replace(
        base.transformers, winding_from=[Winding.STAR], winding_to=[Winding.STAR_EARTHED],
        zero_magnetising=[1 / 0.6j], neutral_to=[0.01],
    )  # fmt: skip
    zero = short_circuit(substation(transformers=table), cases=("max",)).zero_impedance[0, 0, 1]
    leakage = by_hand("max")[1]
    assert zero == pytest.approx(leakage / 2 + 0.6j * 480.0**2 / 2.5e6 + 3 * 0.01, rel=1e-11)


def test_vector_groups_are_read_and_nonsense_is_refused():
    assert vector_group("YNynd5") == (Winding.STAR_EARTHED, Winding.STAR_EARTHED, Winding.DELTA)
    assert vector_group("Dyn11") == (Winding.DELTA, Winding.STAR_EARTHED)
    for wrong in ("", "D", "Dxn", "Dyn yn d d", "dn1y"):
        with pytest.raises(ValueError, match="is not a vector group"):
            vector_group(wrong)


def test_an_earthing_transformer_lets_an_isolated_network_carry_earth_current():
    delta = dataclasses.replace(substation().transformers, winding_to=[int(Winding.DELTA)])
    assert short_circuit(substation(transformers=delta)).line_ground[0, 0, 1] == 0
    earthing = Earthings([1], [0.3 + 0.1j])
    answer = short_circuit(substation(transformers=delta, earthings=earthing), cases=("max",))
    upstream, _, _, _ = by_hand("max")
    assert answer.line_ground[0, 0, 1] == pytest.approx(
        ROOT3 * 1.05 * 480 / abs(2 * upstream + 0.3 + 0.1j), rel=ALGEBRA
    )


def test_a_third_winding_that_is_not_led_out_changes_nothing_but_the_zero_sequence():
    pair = np.array([0.02 + 0.10j, 0.02 + 0.12j, 0.02 + 0.05j])
    three = Triples(
        [[0, 1, -1]], [[10e6] * 3], [[13.8e3, 480.0, 480.0]], [pair],
        winding=[[Winding.STAR_EARTHED, Winding.STAR_EARTHED, Winding.DELTA]],
    )  # fmt: skip
    two = Transformers([0], [10e6], [13.8e3], [480.0], [pair[0]], winding_from=[Winding.STAR_EARTHED])
    voltage, feeder = np.array([13.8e3, 480.0]), Feeders([0], [500e6])
    first = short_circuit(FaultProblem(voltage, feeder, triples=three), cases=("min",))
    second = short_circuit(FaultProblem(voltage, feeder, Branches([0], [1]), two), cases=("min",))
    np.testing.assert_allclose(first.initial, second.initial, rtol=ALGEBRA)
    legs = (
        np.array([pair[0] + pair[1] - pair[2], pair[0] + pair[2] - pair[1], pair[1] + pair[2] - pair[0]]) / 2
    )
    base = 480.0**2 / 10e6
    grid = 480.0**2 / 500e6 / np.hypot(1, 0.1) * (0.1 + 1j)
    above = legs[0] * base + grid
    seen = legs[1] * base + 1 / (1 / above + 1 / (legs[2] * base))
    assert first.zero_impedance[0, 0, 1] == pytest.approx(seen, rel=1e-11)


def test_parallel_circuits_are_one_with_their_admittances_added():
    twice = Branches([0, 1, 1], [1, 2, 2], impedance=[0, 0.002 + 0.003j, 0.002 + 0.003j])
    once = dataclasses.replace(substation().branches, parallel=[1, 2], zero_impedance=[0, 0])
    both = [short_circuit(substation(branches=one), faults=("three_phase",)).initial for one in (twice, once)]
    np.testing.assert_allclose(*both, rtol=ALGEBRA)


def board(ring=False):
    """Utility main breaker - bus A = tie = bus B - generator breaker, feeders from both halves; all breakers ideal.

    buses: 0 utility, 1 half A, 2 half B, 3 generator, 4 load end, 5 spare of a ring.
    """
    first, second = [0, 1, 3, 2], [1, 2, 2, 4]
    z = [0, 0, 0, 0.01 + 0.01j]
    if ring:
        first, second, z = [*first, 1, 5], [*second, 5, 2], [*z, 0, 0]
    return FaultProblem(
        np.full(6, 480.0), Feeders([0], [40e6]), Branches(first, second, impedance=z, zero_impedance=3 * np.array(z)),
        generators=Generators([3], [2e6], [480.0], [0.01 + 0.12j], earthed=[True], zero_impedance=[0.01 + 0.05j]),
    )  # fmt: skip


@pytest.mark.parametrize("kind", ["three", "ground"])
def test_currents_of_ideal_breakers_are_what_comes_from_behind_them(kind):
    answer = short_circuit(board(), cases=("max",))
    tags = ("branch_from", "branch_to") if kind == "three" else ("branch_ground_from", "branch_ground_to")
    from_, to = (getattr(answer, tag)[0, 0] for tag in tags)
    whole = (answer.initial if kind == "three" else answer.line_ground)[0, 0, 1]
    utility = to[0]
    generator = to[2]
    if kind == "three":
        assert utility == answer.feeder_current[0, 0, 0]
        assert generator == pytest.approx(answer.generator_current[0, 0, 0], rel=ALGEBRA)
    assert abs(utility + generator) == pytest.approx(whole, rel=ALGEBRA)
    # utility breaker: fault on its source side is fed by the generator, through tie and both breakers
    np.testing.assert_allclose(
        [from_[0], from_[1], to[1], from_[2]], [generator, generator, utility, utility], rtol=1e-11
    )
    assert abs(from_[3]) == pytest.approx(0, abs=1e-9)  # nothing comes from the dead end
    assert answer.branch_unique.all()


def test_a_breaker_meets_the_greater_of_what_comes_from_either_side():
    answer = short_circuit(board(), cases=("max",))
    current, peak, kappa = through_currents(board(), answer)
    sources = abs(answer.feeder_current[0, 0, 0]), abs(answer.generator_current[0, 0, 0])
    np.testing.assert_allclose(current[0, 0, :3], max(sources), rtol=1e-11)
    assert current[0, 0, 3] == pytest.approx(abs(answer.branch_to[0, 0, 3]))
    np.testing.assert_allclose(peak, np.sqrt(2) * kappa * current, rtol=ALGEBRA)
    with pytest.raises(ValueError, match="no partial"):
        through_currents(board(), short_circuit(board(), partial=False))


def test_an_open_tie_separates_the_sources():
    problem = board()
    closed = dataclasses.replace(problem.branches, closed=[[True] * 4, [True, False, True, True]])
    answer = short_circuit(dataclasses.replace(problem, branches=closed), cases=("max",))
    assert answer.initial.shape == (2, 1, 6)
    joined, apart = answer.initial[:, 0]
    assert (
        joined[1]
        == joined[2]
        == pytest.approx(abs(answer.feeder_current + answer.generator_current)[0, 0, 0])
    )
    assert apart[1] == pytest.approx(40e6 / ROOT3 / 480, rel=ALGEBRA)
    assert apart[2] == pytest.approx(abs(answer.generator_current[1, 0, 0]), rel=ALGEBRA)
    assert answer.initial[0, 0, 5] == 0


def test_breakers_in_a_ring_are_bounded_by_the_whole_and_said_to_be():
    answer = short_circuit(board(ring=True), cases=("max",))
    np.testing.assert_array_equal(answer.branch_unique[0], [True, False, True, True, False, False])
    np.testing.assert_allclose(
        np.abs(answer.branch_to[0, 0, [1, 4, 5]]), answer.initial[0, 0, 1], rtol=ALGEBRA
    )


@pytest.mark.parametrize("seed", range(8))
def test_partial_currents_add_up_on_random_networks(seed):
    """Over each busbar, for three-phase and line-to-earth faults, whatever is open."""
    rng = np.random.default_rng(seed)
    buses = 30
    first = np.array([rng.integers(0, k) for k in range(1, buses)] + list(rng.integers(0, buses - 1, 8)))
    second = np.concatenate([np.arange(1, buses), rng.integers(0, buses, 8)])
    second = np.where(first == second, buses - 1, second)
    z = np.where(rng.random(first.size) < 0.3, 0, rng.uniform(0.01, 0.1, first.size) * (1 + 1.5j))
    closed = rng.random((3, first.size)) < 0.9
    problem = FaultProblem(
        np.full(buses, 480.0), Feeders([0, 9], [40e6, 20e6], live=[[True, True], [True, False], [False, True]]),
        Branches(first, second, impedance=z, zero_impedance=2.5 * z, closed=closed),
        generators=Generators([4], [2e6], [480.0], [0.02 + 0.12j], earthed=[True], zero_impedance=[0.05j]),
        motors=Motors([7], [100e3], [460.0]), earthings=Earthings([12], [0.2 + 0.1j]),
    )  # fmt: skip
    answer = short_circuit(problem)
    ideal = z == 0
    for scenario in range(3):
        on = ideal & closed[scenario]
        joins = csr_array((np.ones(on.sum()), (first[on], second[on])), shape=(buses, buses))
        count, node = connected_components(joins, directed=False)
        for case in range(2):
            total = np.zeros(count, complex)
            np.add.at(total, node[first[~ideal]], answer.branch_from[scenario, case, ~ideal])
            np.add.at(total, node[second[~ideal]], answer.branch_to[scenario, case, ~ideal])
            for bus, name in (([0, 9], "feeder"), ([4], "generator"), ([7], "motor")):
                np.add.at(total, node[bus], getattr(answer, f"{name}_current")[scenario, case])
            np.testing.assert_allclose(
                np.abs(total)[node], answer.initial[scenario, case], rtol=1e-10, atol=1e-9
            )
            # an ideal branch whose current is unique: what both sides bring is the whole
            sure = on & answer.branch_unique[scenario]
            for kind, whole in (("", answer.initial), ("_ground", answer.line_ground)):
                both = (
                    getattr(answer, f"branch{kind}_from")[scenario, case, sure]
                    + getattr(answer, f"branch{kind}_to")[scenario, case, sure]
                )
                np.testing.assert_allclose(
                    np.abs(both), whole[scenario, case, first[sure]], rtol=1e-9, atol=1e-8
                )


def test_scenarios_that_are_equal_have_equal_answers_and_single_ones_the_same():
    problem = board()
    states = np.array([[True] * 4, [True, False, True, True], [True] * 4])
    answer = short_circuit(
        dataclasses.replace(problem, branches=dataclasses.replace(problem.branches, closed=states))
    )
    np.testing.assert_array_equal(answer.initial[0], answer.initial[2])
    np.testing.assert_array_equal(answer.initial[0], short_circuit(problem).initial[0])


def test_what_is_not_asked_for_is_empty():
    answer = short_circuit(substation(), cases=("min",), faults=("three_phase",), peak=None, partial=False)
    assert answer.initial.shape == (1, 1, 3)
    for name in ("peak", "line_ground", "line_line", "breaking", "branch_from", "feeder_current"):
        assert getattr(answer, name).size == 0
    assert answer.ok


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Feeders([0], [0.0]), r"feeders.power_max\[0\] is 0.0, must be above 0"),
        (lambda: Feeders([0], [np.nan]), r"feeders.power_max\[0\] is nan, must be finite"),
        (lambda: Branches([0], [1], impedance=[-1.0]), r"branches.impedance\[0\] .* negative resistance"),
        (lambda: Branches([0], [1], impedance=[-1j]), r"branches.impedance\[0\] .* negative reactance"),
        (lambda: Branches([0, 1], [1]), r"branches.to_bus has shape \(1,\), expected \(2\)"),
        (lambda: Branches([0.5], [1]), "branches.from_bus must hold whole numbers"),
        (
            lambda: Transformers([0], [1e6], [1e3], [400.0], [0.0]),
            r"transformers.impedance\[0\] .* not be zero",
        ),
        (
            lambda: Generators([0], [1e6], [480.0], [0.1j], earthed=[True]),
            r"generators.zero_impedance\[0\] .* earthed",
        ),
        (lambda: substation(feeders=Feeders([3], [1e6])), r"feeders.bus\[0\] is 3, must be a bus 0 .. 2"),
        (
            lambda: substation(branches=Branches([0, 0], [1, 1])),
            r"branches.to_bus\[1\] is 1, has another nominal",
        ),
        (
            lambda: substation(branches=Branches([0, 1], [1, 1])),
            r"branches.to_bus\[1\] is 1, is also the from bus",
        ),
        (lambda: FaultProblem(np.empty(0)), "bus_voltage is empty"),
        (lambda: Generators([0], [1e6], [480.0], [0.1]), r"generators.impedance\[0\] .* reactance above 0"),
        (lambda: substation(low_voltage_tolerance=0.2), "must be 0.06 or 0.10"),
        (
            lambda: substation(generators=Generators([0], [1e6], [480.0], [0.1j], unit_branch=[1])),
            r"generators.unit_branch\[0\] is 1, is not a transformer",
        ),
        (
            lambda: substation(
                feeders=Feeders([0], [5e8], live=[[True], [True], [False]]),
                converters=Converters([2], [1.0], live=[[True], [True]]),
            ),
            "disagree on the number of scenarios",
        ),
        (lambda: short_circuit(substation(), faults=("two_phase",)), "faults must be of three_phase"),
        (lambda: short_circuit(substation(), peak="A"), "peak must be"),
        (lambda: short_circuit(substation(), breaking_time=0.0), "breaking_time"),
    ],
)
def test_bad_input_is_named_with_field_and_index(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_no_answer_holds_anything_that_is_not_a_number():
    dead = substation(feeders=Feeders([0], [500e6], live=[False]))
    answer = short_circuit(dead, breaking_time=0.1)
    for one in dataclasses.fields(answer):
        value = getattr(answer, one.name)
        if isinstance(value, np.ndarray) and value.dtype.kind in "fc":
            assert np.isfinite(value).all(), one.name
    assert not answer.initial.any() and not answer.fed.any()
