"""Radial feeders: RBTS bus 2 and what each switch is worth.

Data of RBTS bus 2 after R. N. Allan, R. Billinton, I. Sjarief, L. Goel and K. S. So, "A reliability test system for
educational purposes - basic distribution system data and results", IEEE Trans. Power Systems 6(2), 1991, pp. 813-820,
as tabulated for case E by J. Bratvold (Extended-RELRAD, Bus_2_Case_E.xlsx) and S. M. Aaberg (RELRAD-software).

Of that paper's cases A to F only two have fuses, disconnects and the alternative supply: in A a failed distribution
transformer is repaired (200 h), in E it is replaced (10 h).  Only E gives SAIDI 0.77 h, with the 11 kV busbars and
breakers taken as perfect.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from solvers.reliability.feeder import Feeder, indices, simulated_years

SHORT, MIDDLE, LONG = 0.60, 0.75, 0.80  # km
MAIN = {  # section: (from, to, km); node 0 = 11 kV busbar, 1..16 along the four feeders
    1: (0, 1, MIDDLE), 4: (1, 2, MIDDLE), 7: (2, 3, MIDDLE), 10: (3, 4, SHORT),
    12: (0, 5, MIDDLE), 14: (5, 6, SHORT),
    16: (0, 7, MIDDLE), 18: (7, 8, LONG), 21: (8, 9, SHORT), 24: (9, 10, MIDDLE),
    26: (0, 11, LONG), 29: (11, 12, MIDDLE), 32: (12, 13, MIDDLE), 34: (13, 14, SHORT),
}  # fmt: skip
LATERAL = {  # section: (from, load point, km)
    2: (1, 1, SHORT), 3: (1, 2, LONG), 5: (2, 3, LONG), 6: (2, 4, SHORT), 8: (3, 5, LONG), 9: (3, 6, MIDDLE),
    11: (4, 7, LONG), 13: (5, 8, LONG), 15: (6, 9, LONG), 17: (7, 10, SHORT), 19: (8, 11, MIDDLE),
    20: (8, 12, LONG), 22: (9, 13, MIDDLE), 23: (9, 14, LONG), 25: (10, 15, SHORT), 27: (11, 16, MIDDLE),
    28: (11, 17, SHORT), 30: (12, 18, SHORT), 31: (12, 19, LONG), 33: (13, 20, LONG), 35: (14, 21, MIDDLE),
    36: (14, 22, LONG),
}  # fmt: skip
KIND = {  # average MW, customers, load points
    "residential": (0.535, 210, (1, 2, 3, 10, 11)),
    "residential, smaller": (0.450, 200, (12, 17, 18, 19)),
    "small user": (1.00, 1, (8,)),
    "small user, larger": (1.15, 1, (9,)),
    "government": (0.566, 1, (4, 5, 13, 14, 20, 21)),
    "commercial": (0.454, 10, (6, 7, 15, 16, 22)),
}
LINE_RATE, LINE_REPAIR, SWITCHING = 0.065, 5.0, 1.0  # 1/(yr km), h, h
TRANSFORMER_RATE, REPLACED, REPAIRED = 0.015, 10.0, 200.0  # 1/yr, h, h
HIGH_VOLTAGE = (8, 9)  # load points without a transformer of the utility
TIES = (4, 6, 10, 14)  # feeders 1-2 and 3-4 meet at their ends
ENERGY = 3.6e9  # J per MWh


def bus_2(transformer_time: float = REPLACED) -> Feeder:
    """RBTS bus 2 with fuses, disconnects and alternative supply."""
    order = [*sorted(MAIN), *sorted(LATERAL)]
    rows = [MAIN[s] if s in MAIN else (LATERAL[s][0], 14 + LATERAL[s][1], LATERAL[s][2]) for s in order]
    start, end, length = (np.array(column) for column in zip(*rows, strict=True))
    loads = range(1, 23)
    kind = {load: (power, customers) for power, customers, points in KIND.values() for load in points}
    own = np.array([load not in HIGH_VOLTAGE for load in loads])
    lateral = np.array([section in LATERAL for section in order])
    return Feeder(
        section_from=start, section_to=end, failure_rate=LINE_RATE * length,
        repair_time=np.full(length.size, LINE_REPAIR), breaker=lateral | (start == 0),
        disconnect=~lateral & (start != 0), switching_time=SWITCHING,
        load_node=np.array([14 + load for load in loads]),
        load_customers=np.array([kind[load][1] for load in loads]),
        load_power=np.array([kind[load][0] * 1e6 for load in loads]),
        transformer_rate=own * TRANSFORMER_RATE, transformer_time=own * transformer_time, ties=np.array(TIES),
    )  # fmt: skip


def test_rbts_bus_2_case_e_has_its_published_indices() -> None:
    found = indices(bus_2())
    assert found.saifi == pytest.approx(0.248, rel=0.01)
    assert found.saidi == pytest.approx(0.77, rel=0.01)
    assert found.caidi == pytest.approx(3.08, rel=0.01)
    assert found.ens / ENERGY == pytest.approx(8.844, rel=0.01)
    assert bus_2().load_power.sum() == pytest.approx(12.291e6)
    assert bus_2().load_customers.sum() == 1908


def test_rbts_bus_2_load_points_have_the_sums_that_can_be_done_by_hand() -> None:
    found = indices(bus_2())
    main = LINE_RATE * np.array([0.75, 0.75, 0.75, 0.6])
    lateral = LINE_RATE * 0.6
    assert found.frequency[0] == pytest.approx(main.sum() + lateral + 0.015, rel=1e-12)
    assert found.hours[0] == pytest.approx(5 * main[0] + main[1:].sum() + 5 * lateral + 0.15, rel=1e-12)
    np.testing.assert_allclose(found.frequency[[0, 7, 8, 21]], [0.23925, 0.13975, 0.13975, 0.2555])
    np.testing.assert_allclose(found.hours[[0, 7, 8, 21]], [0.72525, 0.54275, 0.50375, 0.7545])


def test_repaired_instead_of_replaced_transformers_make_case_a() -> None:
    found = indices(bus_2(REPAIRED))
    # Only the 190 h more per transformer failure, for nearly all customers: 0.015 * 190 = 2.85 h.
    assert found.saidi == pytest.approx(indices(bus_2()).saidi + 2.85 * 1906 / 1908, rel=1e-12)
    assert found.saidi == pytest.approx(3.61, rel=0.01)  # case A, as quoted


def test_monte_carlo_of_rbts_bus_2_is_within_three_standard_errors() -> None:
    feeder = bus_2()
    found = indices(feeder)
    years = simulated_years(feeder, 20_000, seed=2)
    error = years.std(axis=0, ddof=1) / np.sqrt(len(years))
    exact = np.array([found.saifi, found.saidi, found.ens])
    assert np.all(np.abs(years.mean(axis=0) - exact) < 3 * error)
    assert np.all(
        np.abs(years.mean(axis=0) / [1, 1, ENERGY] - [0.248, 0.77, 8.844]) < 3 * error / [1, 1, ENERGY]
    )


def line(**change: Any) -> Feeder:
    """Three sections in a row, loads at their ends, breaker at the source."""
    fields: dict[str, Any] = dict(
        section_from=[0, 1, 2], section_to=[1, 2, 3], failure_rate=[0.1, 0.2, 0.3], repair_time=[4.0] * 3,
        breaker=[True, False, False], disconnect=[False] * 3, switching_time=0.5, load_node=[1, 2, 3],
        load_customers=[1, 1, 1], load_power=[1.0] * 3,
    )  # fmt: skip
    return Feeder(**(fields | change))


def test_without_switches_everybody_waits_for_every_repair() -> None:
    found = indices(line())
    np.testing.assert_allclose(found.frequency, 0.6)
    np.testing.assert_allclose(found.hours, 2.4)


def test_disconnects_bring_back_those_before_the_fault() -> None:
    found = indices(line(disconnect=[False, True, True]))
    np.testing.assert_allclose(found.frequency, 0.6)
    np.testing.assert_allclose(found.hours, [0.4 + 0.25, 0.4 + 0.8 + 0.15, 2.4])


def test_a_tie_at_the_end_brings_back_those_behind_the_fault() -> None:
    found = indices(line(disconnect=[False, True, True], ties=[3]))
    np.testing.assert_allclose(found.hours, [0.4 + 0.25, 0.05 + 0.8 + 0.15, 0.05 + 0.1 + 1.2])


def test_a_fuse_spares_those_before_it_altogether() -> None:
    found = indices(line(breaker=[True, True, False]))
    np.testing.assert_allclose(found.frequency, [0.1, 0.6, 0.6])
    np.testing.assert_allclose(found.hours, [0.4, 2.4, 2.4])


def test_switching_that_takes_longer_than_the_repair_waits_for_the_repair() -> None:
    quick = line(disconnect=[False, True, True])
    assert indices(replace(quick, switching_time=9.0)).saidi == pytest.approx(2.4)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"section_to": [1, 2, 2]}, "section_to"),
        ({"section_from": [0, 3, 2]}, "loop"),
        ({"failure_rate": [0.1, -0.2, 0.3]}, r"failure_rate\[1\]"),
        ({"repair_time": [1.0]}, "repair_time has shape"),
        ({"switching_time": -1.0}, "switching_time"),
        ({"load_node": [1, 2, 9]}, "load_node"),
    ],
)
def test_a_wrong_feeder_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        line(**change)
