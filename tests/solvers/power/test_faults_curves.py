"""Trip curves at points that can be worked out, and selectivity of pairs."""

import numpy as np
import pytest

from solvers.power.faults import (
    INVERSE_CURVES,
    Electronic,
    Fuse,
    Ground,
    Relay,
    ThermalMagnetic,
    selectivity,
    trip_times,
)


@pytest.mark.parametrize(
    ("curve", "multiple", "expected"),
    [
        ("IEC A", 10.0, 0.14 / (10**0.02 - 1)),
        ("IEC B", 10.0, 1.5),
        ("IEC C", 10.0, 80 / 99),
        ("IEEE moderately", 5.0, 0.0515 / (5**0.02 - 1) + 0.114),
        ("IEEE very", 5.0, 19.61 / 24 + 0.491),
        ("IEEE extremely", 5.0, 28.2 / 24 + 0.1217),
    ],
)
def test_inverse_curves_at_a_multiple_of_their_pickup(curve, multiple, expected):
    relay = Relay(100.0, 1.0, INVERSE_CURVES[curve])
    assert relay.time(np.array([100.0 * multiple]))[0] == pytest.approx(expected, rel=1e-12)


def test_iec_standard_inverse_takes_three_seconds_at_ten_times_the_pickup():
    assert Relay(200.0, 1.0).time(np.array([2000.0]))[0] == pytest.approx(2.97, abs=0.005)


def test_a_relay_never_trips_below_its_pickup_and_no_faster_above_its_limit():
    relay = Relay(100.0, 0.5, limit=20.0)
    assert np.isinf(relay.time(np.array([50.0, 100.0]))).all()
    assert relay.time(np.array([2000.0]))[0] == relay.time(np.array([9000.0]))[0]


def test_thermal_curve_is_i2t_between_pickup_and_magnet():
    breaker = ThermalMagnetic(100.0, thermal_time=(3.0, 12.0))
    early, late = trip_times(breaker, [104.0, 131.0, 300.0, 600.0, 799.0, 1201.0])
    assert np.isinf(early[0]) and np.isinf(late[0]) and np.isfinite(late[1])
    np.testing.assert_allclose(early[2:5], 3.0 * (600 / np.array([300, 600, 799])) ** 2)
    np.testing.assert_allclose(late[2:5], 12.0 * (600 / np.array([300, 600, 799])) ** 2)
    assert (early[5], late[5]) == breaker.magnetic_time


def test_electronic_release_by_its_zones():
    release = Electronic(1000.0, 10.0, short_pickup=6000.0, short_time=0.3, instantaneous=15000.0)
    early, late = trip_times(release, [1000.0, 3000.0, 7000.0, 17000.0])
    assert np.isinf(early[0]) and np.isinf(late[0])
    assert (early[1], late[1]) == pytest.approx((8.0 * 4, 10.0 * 4 + 0.05))
    assert (early[2], late[2]) == pytest.approx((0.24, 0.35))
    assert (early[3], late[3]) == pytest.approx((0.005, 0.05))


def test_short_time_i2t_meets_its_flat_delay_at_ten_times_the_long_pickup():
    release = Electronic(1000.0, 10.0, short_pickup=3000.0, short_time=0.2, short_i2t=True)
    _, late = trip_times(release, [5000.0, 10000.0, 20000.0])
    np.testing.assert_allclose(late, [0.2 * 4 + 0.05, 0.25, 0.25])


def test_ground_release_follows_i2t_down_to_its_end():
    ground = Ground(1200.0, 0.4, i2t=True)
    _, late = trip_times(ground, [1000.0, 1500.0, 3000.0, 6000.0])
    np.testing.assert_allclose(late, [np.inf, 0.4 * 4 + 0.05, 0.45, 0.45])


def test_a_fuse_is_straight_in_logarithms_and_constant_i2t_beyond():
    fuse = Fuse([100.0, 1000.0], [100.0, 0.01], [150.0, 0.02])
    early, late = trip_times(fuse, [50.0, 100.0, np.sqrt(1e5), 1000.0, 2000.0])
    assert np.isinf(early[0])
    np.testing.assert_allclose(early[1:], [100.0, 1.0, 0.01, 0.0025])
    assert late[4] == pytest.approx(0.02 / 4)


CURVES = [
    ThermalMagnetic(100.0),
    Electronic(1000.0, 10.0, short_pickup=6000.0, short_time=0.3, instantaneous=15000.0),
    Electronic(1000.0, 10.0, short_pickup=6000.0, short_time=0.3, short_i2t=True),
    Ground(1200.0, 0.4, i2t=True),
    Fuse([100.0, 1000.0], [100.0, 0.01], [150.0, 0.02]),
    Relay(100.0, 0.5, instantaneous=2000.0),
]


@pytest.mark.parametrize("curve", CURVES, ids=lambda one: type(one).__name__)
def test_bands_do_not_rise_with_current_and_keep_their_order(curve):
    current = np.geomspace(10.0, 1e5, 2000)
    early, late = trip_times(curve, current)
    assert np.all(early <= late)
    for edge in (early, late):
        known = edge[np.isfinite(edge)]
        assert np.all(np.diff(known) <= 1e-12)
        assert np.isinf(edge[: edge.size - known.size]).all()


def test_a_delayed_release_is_totally_selective_with_an_instantaneous_one_below():
    main = Electronic(4000.0, 12.0, short_pickup=16000.0, short_time=0.3)
    branch = ThermalMagnetic(400.0)
    result = selectivity(main, branch, 50e3)
    assert result.total and result.limit == 50e3
    # smallest margin: both at their fast ends, 0.24 s against 0.02 s
    assert result.margin == pytest.approx(0.24 - 0.02)


def test_an_instantaneous_release_limits_selectivity_to_its_lowest_pickup():
    main = Electronic(4000.0, 12.0, short_pickup=16000.0, short_time=0.3, instantaneous=40000.0)
    result = selectivity(main, ThermalMagnetic(400.0), 65e3)
    assert not result.total
    assert result.limit == pytest.approx(0.9 * 40000.0, rel=1e-6)
    assert result.margin == pytest.approx(0.005 - 0.020)
    assert selectivity(main, ThermalMagnetic(400.0), 35e3).total


def test_equal_devices_are_not_selective():
    result = selectivity(ThermalMagnetic(100.0), ThermalMagnetic(100.0), 10e3)
    assert not result.total and result.limit < 135.0


def test_the_interval_between_relays_shifts_the_limit():
    up, down = Relay(400.0, 0.3, INVERSE_CURVES["IEC B"]), Relay(200.0, 0.2, INVERSE_CURVES["IEC B"])
    free, wide = selectivity(up, down, 4000.0), selectivity(up, down, 4000.0, interval=0.3)
    assert free.total and not wide.total
    early, late = up.band(np.array([wide.limit]))[0], down.band(np.array([wide.limit]))[1]
    assert early - late == pytest.approx(0.3, abs=1e-6)


def test_the_ratio_of_a_transformer_between_them_moves_the_upstream_curve():
    """480 V fault seen at 13.8 kV: 480/13800 of the current."""
    relay = Relay(200.0, 1.0, INVERSE_CURVES["IEEE very"])
    main = Electronic(3000.0, 2.0, short_pickup=12000.0, short_time=0.2)
    seen = selectivity(relay, main, 45e3, ratio=480 / 13800)
    assert seen.total
    assert not selectivity(relay, main, 45e3, ratio=1.0).total


def test_load_upstream_brings_the_upstream_device_nearer():
    main = Electronic(4000.0, 12.0, short_pickup=16000.0, short_time=0.3, instantaneous=40000.0)
    alone, loaded = (selectivity(main, ThermalMagnetic(400.0), 65e3, load=load) for load in (0.0, 3000.0))
    assert alone.limit - loaded.limit == pytest.approx(3000.0, rel=1e-4)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ThermalMagnetic(0.0), "ThermalMagnetic.rating is 0.0"),
        (lambda: ThermalMagnetic(1.0, magnetic=(12.0, 8.0)), "ThermalMagnetic.magnetic"),
        (lambda: Electronic(-1.0, 1.0), "Electronic.long_pickup"),
        (lambda: Electronic(1.0, 1.0, time_tolerance=1.0), "Electronic.time_tolerance"),
        (lambda: Fuse([1.0], [1.0], [1.0]), "at least two points"),
        (lambda: Fuse([1.0, 2.0], [1.0, 2.0], [3.0, 3.0]), r"Fuse.melting\[1\] is 2.0, must fall"),
        (lambda: Fuse([1.0, 2.0], [2.0, 1.0], [3.0, 0.5]), r"Fuse.clearing\[1\] is 0.5, must not be before"),
        (lambda: Relay(1.0, 0.0), "Relay.dial"),
        (lambda: trip_times(Relay(1.0, 1.0), [0.0]), r"current\[0\]"),
        (lambda: selectivity(Relay(1.0, 1.0), Relay(1.0, 1.0), 0.5), "must exceed the lowest current"),
        (lambda: selectivity(Relay(1.0, 1.0), Relay(1.0, 1.0), 5.0, ratio=0.0), "ratio is 0.0"),
    ],
)
def test_bad_settings_are_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()
