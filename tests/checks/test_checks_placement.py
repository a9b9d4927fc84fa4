"""The rules that need no solve: geometry, consistency of loops and of the power tree, capacity sums."""

from __future__ import annotations

import subprocess
import sys

import pytest

from twin.checks import RULES, check_placement
from twin.model.facility import Facility
from twin.model.language import ElectricalRooms


def moved(facility: Facility, name: str, **changes: object) -> Facility:
    machines = tuple(m.replace(**changes) if m.id == name else m for m in facility.machines)
    return facility.replace(machines=machines)


def resheeted(facility: Facility, name: str, **changes: object) -> Facility:
    return moved(facility, name, product=facility.by_id[name].product.replace(**changes))


def unfed(facility: Facility, *terminals: str) -> Facility:
    feeds = tuple(feed for feed in facility.feeds if f"{feed.to}.{feed.terminal}" not in terminals)
    return facility.replace(feeds=feeds)


def codes(facility: Facility) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for finding in check_placement(facility):
        found.setdefault(finding.code, set()).add(finding.subject)
    return found


def test_a_clash_is_told_once_with_the_depth_of_the_overlap(facility):
    (found,) = [
        f for f in check_placement(moved(facility, "cdu.2", origin=(3.7, 8.0, 0.0))) if f.code == "GEO-001"
    ]
    assert (found.subject, found.value) == ("cdu.1", pytest.approx(0.2))
    assert found.message == "overlap with cdu.2 is 200 mm, above the 0 m allowed"
    assert (found.place, found.scenario, found.count) == ("hall", "", 1)


def test_a_machine_beyond_a_wall_and_one_in_a_column_are_told(facility):
    assert codes(moved(facility, "cdu.2", origin=(13.5, 8.0, 0.0))) == {"GEO-002": {"cdu.2"}}
    shell = facility.halls[0].replace(columns=((5.2, 8.2, 0.5, 0.5),))
    assert codes(facility.replace(halls=(shell,))) == {"GEO-003": {"cdu.2"}}


def test_service_space_counts_what_stands_in_it(facility):
    """A CDU 0.5 m in front of the north row, which needs 1 m there."""
    found = [
        f for f in check_placement(moved(facility, "cdu.1", origin=(3.6, 7.1, 0.0))) if f.code == "GEO-004"
    ]
    assert {f.subject for f in found} == {"p1.n.01", "p1.n.02"}
    assert found[0].value == pytest.approx(0.5)
    assert "free depth at the front (to cdu.1) is 500 mm, 50 % below the 1 m required" in {
        f.message for f in found
    }


def test_a_narrow_aisle_is_told_at_its_pod(facility):
    run = facility.runs[1].replace(origin=(3.6, 5.0))
    found = [
        f for f in check_placement(facility.replace(runs=(facility.runs[0], run))) if f.code == "GEO-005"
    ]
    assert [f.subject for f in found] == ["p1"]
    assert found[0].message == "hot aisle between p1.s and p1.n is 800 mm, 11 % below the 900 mm required"


def test_floor_load_is_weight_over_footprint_and_half_of_the_service_space(facility):
    """1500 kg over 0.6 m x (1.2 + 0.9) m: 11.67 kPa; over the footprint alone 20.43 kPa."""
    floor = facility.halls[0].floor
    found = [
        f
        for f in check_placement(
            facility.replace(
                halls=(facility.halls[0].replace(floor=floor.replace(load_limit=11e3, point_limit=20e3)),)
            )
        )
        if f.code in ("GEO-006", "GEO-007")
    ]
    assert len(found) == 8
    values = {f.code: f.value for f in found}
    assert values["GEO-006"] == pytest.approx(1500 * 9.80665 / (0.6 * 2.1), rel=1e-9)
    assert values["GEO-007"] == pytest.approx(1500 * 9.80665 / (0.6 * 1.2), rel=1e-9)


def test_high_sites_are_beyond_the_air_classes(facility):
    assert codes(facility.replace(place=facility.place.replace(elevation=3100))) == {"AIR-004": {"site"}}


def test_outdoor_air_too_warm_for_a_ventilated_electrical_room_is_told(facility):
    """Fans are sized for a rise of 5 K: up to 35 degC outdoors rooms stay at 40 degC."""
    shell = facility.halls[0].replace(electrical_rooms=ElectricalRooms(cooling="ventilation"))
    shared = {"halls": (shell,), "electrical_rooms": shell.electrical_rooms}

    def told(dry_bulb: float) -> dict[str, set[str]]:
        outdoor = facility.place.outdoor.replace(dry_bulb=dry_bulb)
        return codes(facility.replace(place=facility.place.replace(outdoor=outdoor), **shared))

    assert "AIR-012" not in told(34.9)
    assert len(told(35.1)["AIR-012"]) == 1


def test_loops_without_sources_or_pumps_and_racks_without_a_loop_are_errors(facility):
    fws, tcs = facility.circuits
    bare = facility.replace(circuits=(fws.replace(sources=(), pumps=()), tcs))
    assert codes(bare) == {"LIQ-012": {"fws"}}
    assert [f.message for f in check_placement(bare)] == ["has no sources and no pumps"]
    dry = facility.replace(circuits=(fws, tcs.replace(sinks=("p1.s.01",))))
    assert codes(dry) == {"LIQ-012": {"p1.s.02", "p1.n.01", "p1.n.02"}}
    assert codes(facility.replace(circuits=(fws.replace(sinks=("cdu.1", "cdu.2")), tcs))) == {
        "LIQ-012": {"crah.1", "crah.2"}
    }


def test_capacity_sums_of_air_liquid_and_utility(facility):
    """Four racks of 132 kW, 85 % liquid: 448.8 kW into CDUs, 79.2 kW into air, 528 kW from the grid."""
    small = facility
    for name in ("cdu.1", "cdu.2"):
        small = resheeted(small, name, capacity=224e3)
    assert codes(small) == {"LIQ-016": {"tcs"}}
    assert [f.limit for f in check_placement(small)] == [pytest.approx(448.8e3)]
    for name in ("cdu.1", "cdu.2"):
        small = resheeted(small, name, capacity=225e3)
    assert codes(small) == {}
    air = facility
    for name in ("crah.1", "crah.2"):
        air = resheeted(air, name, capacity=39e3)
    assert codes(air) == {"AIR-010": {"hall"}}
    assert codes(resheeted(facility, "grid", capacity=527e3)) == {"PWR-019": {"grid"}}
    assert codes(resheeted(facility, "grid", capacity=529e3)) == {}


def test_the_peak_factor_acts_on_the_accelerators_alone(facility):
    from twin.checks.workload import heat, power
    from twin.model.language import Workload

    rack = facility.racks[0]
    assert power(rack, Workload()) == 132e3
    assert power(rack, Workload(power="typical", peak_factor=1.2)) == pytest.approx(110e3 + 0.2 * 72 * 1400)
    assert sum(heat(rack, Workload())) == pytest.approx(132e3)


def test_machines_without_feeds(facility):
    no_rack = unfed(facility, "p1.s.01.inA", "p1.s.01.inB")
    assert codes(no_rack) == {"PWR-012": {"p1.s.01"}}
    assert check_placement(no_rack)[0].severity == "error"
    no_pump = unfed(facility, "pump.1.inA", "pump.1.inB")
    assert [(f.code, f.subject, f.severity) for f in check_placement(no_pump)] == [
        ("PWR-012", "pump.1", "warning")
    ]
    assert codes(facility.replace(feeds=())) == {}


def test_a_single_feed_is_a_warning_unless_a_transfer_switch_brings_two(design, facility):
    single = unfed(facility, "p1.s.01.inB")
    assert [(f.code, f.subject, f.severity) for f in check_placement(single)] == [
        ("PWR-014", "p1.s.01", "warning")
    ]
    switch = design.machine("sts", "sts", (90, 0))
    fresh = (
        design.feed("sts", "inA", "bw.A"),
        design.feed("sts", "inB", "bw.B", rank=1),
        design.feed("p1.s.01", "in", "sts", breaker=160),
    )
    feeds = (*(feed for feed in single.feeds if feed.to != "p1.s.01"), *fresh)
    assert codes(single.replace(machines=(*single.machines, switch), feeds=feeds)) == {}


def test_an_island_has_no_path_to_a_source(facility):
    feeds = tuple(feed for feed in facility.feeds if feed.to not in ("tx.A", "tx.B"))
    island = facility.replace(feeds=feeds)
    loads = {feed.to for feed in facility.feeds if facility.by_id[feed.to].product.role != "power"}
    assert codes(island) == {"PWR-016": loads}
    half = facility.replace(feeds=tuple(feed for feed in facility.feeds if feed.to != "tx.A"))
    assert codes(half) == {}


@pytest.mark.parametrize(("busway", "broken"), [("bw480", True), ("bwdc", True), ("bw", False)])
def test_feeds_join_equal_voltages_and_kinds_of_current(design, facility, busway, broken):
    facility = moved(facility, "bw.A", type=busway, product=design.products[busway])
    found = [f for f in check_placement(facility) if f.code == "PWR-013"]
    subjects = {"bw.A.in", *(f"{rack}.inA" for rack in design.racks)}
    cooling = ("cdu.1", "cdu.2", "crah.1", "crah.2", "dry.1", "dry.2", "dry.3", "pump.1", "pump.2")
    assert {f.subject for f in found} == ((subjects | {f"{m}.inA" for m in cooling}) if broken else set())
    if busway == "bw480":
        first = next(f for f in found if f.subject == "p1.s.01.inA")
        assert first.value == pytest.approx(480 / 415 - 1)
        assert first.message == (
            "deviation of the 480 V of bw.A from the 415 V of the input is 15.7 %, "
            "57 % above the 10.0 % allowed"
        )
    if busway == "bwdc":
        assert {f.message for f in found} == {"joins AC and DC"}


def test_a_single_pole_circuit_takes_the_phase_voltage(design, facility):
    rack = design.products["gb300"].replace(voltage=240.0)
    facility = moved(facility, "p1.s.01", type="gb300_240v", product=rack)
    assert codes(facility) == {"PWR-013": {"p1.s.01.inA", "p1.s.01.inB"}}
    feeds = tuple(f.replace(poles=1) if f.to == "p1.s.01" else f for f in facility.feeds)
    assert codes(facility.replace(feeds=feeds)) == {}


def test_utilities_written_in_place_keep_their_own_voltages(design, facility):
    """Two grids of 33 kV and 11 kV, both of the type "utility", on transformers that fit; swapped, both are told."""
    facility = resheeted(facility, "tx.B", primary=11e3)
    facility = moved(moved(facility, "grid", type="utility"), "tx.B", type="tx_11k")
    south = design.machine("south", "grid").replace(type="utility")
    south = south.replace(product=south.product.replace(voltage=11e3))
    for sources, broken in ((("grid", "south"), set()), (("south", "grid"), {"tx.A.in", "tx.B.in"})):
        feeds = tuple(design.feed(f"tx.{s}", "in", source) for s, source in zip("AB", sources, strict=True))
        others = tuple(f for f in facility.feeds if f.to not in ("tx.A", "tx.B"))
        found = codes(facility.replace(machines=(*facility.machines, south), feeds=(*feeds, *others)))
        assert found.get("PWR-013", set()) == broken


def parallel(design: object, facility: Facility, *groups: str, board: str = "board") -> Facility:
    """The transformers of the small hall on one board, with these vector groups."""
    for side, group in zip("AB", groups, strict=True):
        facility = resheeted(facility, f"tx.{side}", vector_group=group)
    if board == "sts":
        fresh = tuple(design.feed("x", f"in{s}", f"tx.{s}", rank=r) for r, s in enumerate("AB"))
    else:
        fresh = (design.feed("x", "in", "tx.A", "tx.B"),)
    feeds = tuple(
        design.feed(f.to, f.terminal, "x") if f.to in ("ups.A", "ups.B") else f for f in facility.feeds
    )
    machine = design.machine("x", board, (90, 0))
    return facility.replace(machines=(*facility.machines, machine), feeds=(*feeds, *fresh))


@pytest.mark.parametrize(
    ("groups", "degrees"),
    [
        (("Dyn11", "Dyn11"), 0),
        (("Dyn11", "YNd11"), 0),
        (("YNyn0", "Dd0"), 0),
        (("Dyn11", "YNyn0"), 30),
        (("Dd0", "YNd1"), 30),
        (("Dyn11", "Dyn1"), 60),
    ],
)
def test_transformers_in_parallel_have_the_same_clock_number(design, facility, groups, degrees):
    found = [f for f in check_placement(parallel(design, facility, *groups)) if f.code == "PWR-036"]
    assert [f.subject for f in found] == (["x.in"] if degrees else [])
    if degrees:
        words = f"puts tx.A and tx.B in parallel with {degrees} degrees between them"
        assert found[0].message.startswith(words) and found[0].severity == "error"


def test_the_inputs_of_a_transfer_switch_are_not_in_parallel(design, facility):
    assert "PWR-036" not in codes(parallel(design, facility, "Dyn11", "Dyn1", board="sts"))


def test_ups_in_parallel_carry_the_phase_of_their_mains(design, facility):
    """The output follows the bypass: two UPS behind 11 o'clock and 1 o'clock may not meet; a generator meets anybody."""
    facility = resheeted(facility, "tx.B", vector_group="Dyn1")
    feeds = tuple(
        design.feed("bw.A", "in", "ups.A", "ups.B") if f.to == "bw.A" else f for f in facility.feeds
    )
    assert codes(facility.replace(feeds=feeds))["PWR-036"] == {"bw.A.in"}
    gen = (*facility.machines, design.machine("gen", "gen", (90, 0)))
    feeds = tuple(design.feed("bw.A", "in", "ups.A", "gen") if f.to == "bw.A" else f for f in facility.feeds)
    assert "PWR-036" not in codes(facility.replace(machines=gen, feeds=feeds))


def test_circuits_between_line_and_neutral_need_a_neutral(design, facility):
    rack = design.products["gb300"].replace(voltage=240.0)
    facility = moved(facility, "p1.s.01", type="gb300_240v", product=rack)
    feeds = tuple(f.replace(poles=1) if f.to == "p1.s.01" else f for f in facility.feeds)
    facility = facility.replace(feeds=feeds)
    delta = resheeted(facility, "tx.A", vector_group="YNd11")
    assert codes(delta) == {}  # the inverter of the UPS makes a neutral
    found = check_placement(resheeted(delta, "ups.A", mode="eco"))
    assert [(f.code, f.subject, f.message) for f in found] == [
        (
            "PWR-037",
            "p1.s.01.inA",
            "is a circuit between line and neutral behind the delta winding of tx.A, which has no neutral",
        )
    ]
    assert codes(resheeted(facility, "ups.A", mode="eco")) == {}


SITE = """
twin: 1
name: Sides
hall: {size: [10 m, 10 m, 4 m]}
pods: [{id: p, at: [2 m, 2 m], rows: [{id: s, face: south, lineup: [4 x enterprise_rack]}]}]
power:
  utility: {id: grid, voltage: 415 V, capacity: 1 MVA}
  generators: [{id: gen, type: gen_1500kw}]
  transfer_switches: [{id: ats, type: ats_1600a, from: [grid, gen]}]
  switchboards: [{id: swb, type: swb_2000a, feeds: [A, B], from: {A: ats, B: %s}}]
  whips: [{to: "kind:rack", from: swb, feeds: [A, B], per_rack: 2, breaker: 32 A}]
"""


@pytest.mark.parametrize(("source", "broken"), [("ats", set()), ("gen", {"gen"})])
def test_a_generator_reaches_loads_through_a_transfer_switch_alone(source, broken):
    from twin.layout.load import load_text

    found = check_placement(load_text(SITE % source))
    assert {f.subject for f in found if f.code == "PWR-023"} == broken


def test_every_rule_of_the_placement_stage_is_seen_to_break():
    import pathlib

    text = pathlib.Path(__file__).read_text(encoding="utf-8")
    placement = [code for code, rule in RULES.items() if rule.stage == "placement"]
    assert placement
    assert all(f'"{code}"' in text for code in placement)


def test_checking_imports_no_solver_and_nothing_heavy():
    heavy = ("scipy", "pyvista", "vtk", "trimesh", "numba", "solvers", "matplotlib")
    code = f"import sys, twin.checks, twin.kpi; print([m for m in {heavy!r} if m in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"
