"""A synthetic campus: every single failure at once, and how long it takes."""

from __future__ import annotations

import time

import numpy as np
import pytest

from solvers.power import Problem, solve


def campus(racks: int, failures: int | None = None, *, taps: int = 8) -> Problem:
    """2N campus: per side and 64 racks a 33/13.8/0.415 kV chain, UPS, busways with tap segments, two cords
    per rack.

    Scenario 0 is normal; scenario i opens one branch, or stops one UPS, spread evenly over the campus.
    """
    ends: list[tuple[int, int]] = []
    ohm: list[complex] = []
    volts: list[float] = [33e3, 33e3]
    stages: list[tuple[int, int]] = []
    cords: list[tuple[int, int]] = []

    def add(up: int, z: complex, voltage: float) -> int:
        volts.append(voltage)
        ends.append((up, len(volts) - 1))
        ohm.append(z)
        return len(volts) - 1

    for block in range(-(-racks // 64)):
        for side in (0, 1):
            lv = add(add(add(side, 1e-4 + 1e-4j, 33e3), 0.002 + 0.04j, 13.8e3), 0.004 + 0.03j, 415.0)
            ups = add(lv, 0, 415.0)
            volts.append(415.0)
            board = len(volts) - 1
            stages.append((ups, board))
            for first in range(0, 64, taps):
                at = board
                for rack in range(64 * block + first, min(64 * block + first + taps, racks)):
                    at = add(at, 0.003 + 0.002j, 415.0)
                    cords.append((rack, add(at, 0.02 + 0.005j, 415.0)))
    a, c = np.array(ends), np.array(stages)
    e, u = len(a), len(c)
    count = 1 + (e + u if failures is None else failures)
    lost = np.linspace(0, e + u - 1, count - 1).astype(int)
    up = np.ones((count, e + u), dtype=bool)
    up[np.arange(1, count), lost] = False
    return Problem(
        20e6, np.array(volts), branch_from=a[:, 0], branch_to=a[:, 1], branch_impedance=ohm,
        branch_closed=up[:, :e],
        source_bus=[0, 1], converter_from=c[:, 0], converter_to=c[:, 1], converter_rating=np.full(u, 8e6),
        converter_loss=np.tile((0.0055, 0.012, 0.013), (u, 1)), converter_input_pf=np.full(u, 0.99),
        converter_live=up[:, e:], load_power=np.full(racks, 100e3 + 20e3j),
        cord_load=[k[0] for k in cords], cord_bus=[k[1] for k in cords],
    )  # fmt: skip


def test_every_single_failure_of_a_2n_campus_leaves_all_racks_served():
    p = campus(128)
    s = solve(p)
    assert s.status.ok
    assert s.scenario_ok.size > 500
    assert s.load_served.all()
    assert s.power_error.max() < 1e-6
    # each side carries half; the loss of one whole side doubles what is left of its block
    one = s.converter_loading[0].max()
    assert s.converter_loading.max() == pytest.approx(2 * one, rel=0.02)


@pytest.mark.slow
def test_a_thousand_racks_and_six_hundred_failures_take_seconds():
    p = campus(1000, failures=599)
    assert p.bus_voltage.size > 4000
    start = time.process_time()
    s = solve(p)
    assert time.process_time() - start < 20
    assert s.status.ok and s.load_served.all()
    assert s.power_error.max() < 1e-6
