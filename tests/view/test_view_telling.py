"""What is told of a thing in words, and who serves it."""

from __future__ import annotations

import pytest

from tests.view.view_samples import HOSTILE, finding, hall, solved, verdict
from twin.view.desktop.telling import describe
from twin.view.kin import Family


@pytest.fixture(scope="module")
def made():
    return hall()


def test_kin_are_followed_up_and_down_and_rings_end(made):
    family = Family(made)
    rack = family.of("p.s.01")
    assert rack.power_up == ("bw.A.p.s", "ups.A1", "ups.A2", "grid")
    assert rack.cooling_up == ("tcs", "cdu1", "fws", "dry1")
    assert rack.down == ()
    assert set(family.of("ups.A1").power_down) == {"bw.A.p.s", *(m.id for m in made.racks)}
    assert family.of("p.s.01.in").up == rack.up
    from tests.geometry.small_facilities import feed

    ring = made.replace(feeds=(*made.feeds, feed("ups.A1", "bw.A.p.s", terminal="inB")))
    assert "ups.A1" not in Family(ring).of("ups.A1").power_up


def test_a_rack_is_described_with_quantities_place_and_findings(made):
    text = describe(made, solved(made), verdict(finding()), "p.n.04", 1)
    assert text.startswith("p.n.04\nt (rack)")
    assert "State: lose:ups.A1" in text
    assert "Air temperature at the inlet: 34.0 °C" in text
    assert "Has power on at least one feed: no" in text
    assert "PWR-001 (error): has no power on any feed" in text


def test_things_out_of_service_and_states_without_solution_are_said(made):
    assert "out of service" in describe(made, solved(made), None, "ups.A1", 1)
    text = describe(made, solved(made), None, "p.s.01", 2)
    assert "no steady solution" in text
    assert "°C" not in text


def test_loops_halls_and_unknown_names_are_described(made):
    assert "Supply temperature after mixing: 36.0 °C" in describe(made, solved(made), None, "tcs")
    assert "hall" in describe(made, solved(made), None, "hall")
    assert describe(made, solved(made), None, HOSTILE).startswith(HOSTILE)
