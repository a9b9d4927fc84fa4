"""Lengths of busways, feeders and pipes in closed form, and the boxes that are drawn for them."""

from __future__ import annotations

import numpy as np
import pytest

from tests.geometry.small_facilities import (
    busway_product,
    cdu_product,
    circuit,
    dry_cooler_product,
    facility,
    feed,
    machine,
    pod,
    row,
    shell,
    tray,
    ups_product,
    utility_product,
)
from twin.geometry import place, routes, runs, scenery
from twin.model.language import Floor


def bar(name="bw", over="p.s", z=3.0):
    return machine(name, busway_product(), (0.0, 0.0, z), row=over, pod="p", indoors=False)


# Busways


@pytest.mark.parametrize(("face", "origin"), [("south", (2.0, 3.0)), ("west", (2.0, 3.0))])
def test_busway_taps_lie_over_the_racks_middles(face, origin):
    run, racks = row("p.s", face, origin, 10)
    feeds = tuple(feed(rack.id, "bw") for rack in racks)
    route = routes(pod((run, racks), machines=[bar()], feeds=feeds)).busway["bw"]
    assert (route.row, route.length) == ("p.s", pytest.approx(6.0))
    np.testing.assert_allclose([route.taps[rack.id] for rack in racks], 0.3 + 0.6 * np.arange(10), rtol=1e-9)
    assert sum(route.taps.values()) == pytest.approx(10 * 6.0 / 2)


def test_a_busway_without_loads_has_no_taps():
    run, racks = row("p.s", "south", (2.0, 3.0), 2)
    assert routes(pod((run, racks), machines=[bar()])).busway["bw"].taps == {}


def test_a_load_beyond_the_rows_end_taps_the_end():
    run, racks = row("p.s", "south", (2.0, 3.0), 5)
    extra = machine("far", origin=(12.0, 3.0, 0.0))
    route = routes(pod((run, racks), machines=[bar(), extra], feeds=(feed("far", "bw"),)))
    assert route.busway["bw"].taps == {"far": pytest.approx(3.0)}
    assert route.feeder["far", "in"] == pytest.approx((12.3 - 5.0) + 0.0 + (3.0 - 2.2) + 1.0)


# Feeders


def test_a_drop_from_the_own_busway_is_the_height_and_a_metre():
    run, racks = row("p.s", "south", (2.0, 3.0), 3)
    feeds = tuple(feed(rack.id, "bw", terminal="inA") for rack in racks)
    feeder = routes(pod((run, racks), machines=[bar()], feeds=feeds)).feeder
    assert feeder == {(rack.id, "inA"): pytest.approx(3.0 - 2.2 + 1.0) for rack in racks}


def test_a_feeder_runs_rectilinearly_over_the_tray():
    ups = machine("ups", ups_product(), (-10.0, 4.0, 0.0), indoors=False)
    rack = machine("r", origin=(5.0, 8.0, 0.0))
    feeder = routes(facility([ups, rack], feeds=(feed("r", "ups"),))).feeder
    assert feeder["r", "in"] == pytest.approx((5.3 + 9.5) + (8.6 - 4.5) + (3.0 - 2.0) + (3.0 - 2.2))


def test_a_busway_is_fed_at_its_west_end():
    run, racks = row("p.s", "south", (2.0, 3.0), 10)
    ups = machine("ups", ups_product(), (-10.0, 4.0, 0.0), indoors=False)
    feeds = (feed("bw", "ups"),)
    feeder = routes(pod((run, racks), machines=[bar(), ups], feeds=feeds)).feeder
    assert feeder["bw", "in"] == pytest.approx((2.0 + 9.5) + (4.5 - 3.6) + (3.0 - 2.0) + 0.0)


def test_a_stated_length_wins():
    a, b = machine("a"), machine("b", origin=(5.0, 5.0, 0.0))
    assert routes(facility([a, b], feeds=(feed("b", "a", length=0.0),))).feeder == {("b", "in"): 0.0}


def test_parallel_sources_count_with_their_mean():
    sources = [machine(f"u{k}", ups_product(), (5.0 * k, 10.0, 0.0)) for k in range(3)]
    load = machine("load", ups_product(), (5.0, 20.0, 0.0))
    feeder = routes(facility([*sources, load], feeds=(feed("load", "u0", "u1", "u2"),))).feeder
    assert feeder["load", "in"] == pytest.approx((15.0 + 10.0 + 15.0) / 3 + 2.0)


def test_a_grid_connection_without_size_still_has_a_cable():
    grid = machine("grid", utility_product(), (0.0, -50.0, 0.0), indoors=False)
    load = machine("ups", ups_product(), (-0.5, -0.5, 0.0), indoors=False)
    feeder = routes(facility([grid, load], feeds=(feed("ups", "grid"),))).feeder
    assert feeder["ups", "in"] == pytest.approx(50.0 + 3.0 + 1.0)


# Pipes


def test_a_header_past_one_row_in_closed_form():
    run, racks = row("p.s", "south", (2.0, 3.0), 10)
    cdu = machine("cdu", cdu_product(), (1.4, 3.0, 0.0))
    loops = (circuit(["cdu"], [rack.id for rack in racks]),)
    pipe = routes(pod((run, racks), machines=[cdu], circuits=loops)).pipes["tcs"]
    assert pipe.header == tuple(rack.id for rack in racks)
    np.testing.assert_allclose(pipe.spacing, 0.6, rtol=1e-9)
    np.testing.assert_allclose(pipe.branch, 2.8 - 2.2 + 1.0, rtol=1e-9)
    assert pipe.source == {"cdu": pytest.approx(1.6)}
    assert pipe.total == pytest.approx(2 * (6.0 + 16.0 + 1.6))


def test_the_header_turns_at_the_end_of_a_row_into_the_next():
    south, north = row("p.s", "south", (2.0, 3.0), 4), row("p.n", "north", (2.0, 6.0), 4)
    cdu = machine("cdu", cdu_product(), (1.4, 3.0, 0.0))
    sinks = [m.id for m in (*north[1], *south[1])]
    pipe = routes(pod(south, north, machines=[cdu], circuits=(circuit(["cdu"], sinks),))).pipes["tcs"]
    expected = ["p.s.01", "p.s.02", "p.s.03", "p.s.04", "p.n.04", "p.n.03", "p.n.02", "p.n.01"]
    assert list(pipe.header) == expected
    np.testing.assert_allclose(pipe.spacing, [0.6] * 4 + [3.0] + [0.6] * 3, rtol=1e-9)


def test_several_sources_meet_at_their_centroid():
    run, racks = row("p.s", "south", (2.0, 3.0), 4)
    coolers = [
        machine(f"dry{k}", dry_cooler_product(), (3.0 * k, 40.0, 0.0), indoors=False, hall=None)
        for k in range(3)
    ]
    loops = (circuit([c.id for c in coolers], [rack.id for rack in racks]),)
    pipe = routes(pod((run, racks), machines=coolers, circuits=loops)).pipes["tcs"]
    assert pipe.source == {"dry0": pytest.approx(4.0), "dry1": pytest.approx(1.0), "dry2": pytest.approx(4.0)}
    assert pipe.header[0] == "p.s.04"  # the east end is nearer to the centroid at x = 4
    assert pipe.spacing[0] == pytest.approx(abs(4.0 - 4.1) + 43.0 - 3.6)


def test_every_sink_is_visited_once_whatever_its_group():
    rng = np.random.default_rng(3)
    south, north = row("p.s", "south", (2.0, 3.0), 7), row("p.n", "north", (2.0, 6.0), 5)
    loose = [
        machine(f"c{k}", cdu_product(), (15.0, float(3 * k), 0.0), group=f"wall{k % 2}") for k in range(6)
    ]
    names = [m.id for m in (*south[1], *north[1], *loose)]
    sinks = [names[k] for k in rng.permutation(len(names))]
    building = pod(south, north, machines=loose, circuits=(circuit([], sinks), circuit(["c0"], [], "empty")))
    pipes = routes(building).pipes
    assert sorted(pipes["tcs"].header) == sorted(names)
    assert pipes["tcs"].spacing.sum() == pytest.approx(np.abs(np.diff(pipes["tcs"].path, axis=0)).sum())
    assert pipes["empty"].header == ()
    assert len(pipes["empty"].spacing) == 0
    assert pipes["empty"].total == pytest.approx(2 * 1.6)


def test_headers_run_below_a_raised_floor():
    run, racks = row("p.s", "south", (2.0, 3.0), 3)
    cdu = machine("cdu", cdu_product(), (1.4, 3.0, 0.0))
    hall = shell(floor=Floor(type="raised", height=0.8))
    loops = (circuit(["cdu"], [rack.id for rack in racks]),)
    pipe = routes(pod((run, racks), machines=[cdu], circuits=loops, halls=(hall,))).pipes["tcs"]
    assert pipe.level == pytest.approx(-0.4)
    np.testing.assert_allclose(pipe.branch, 1.4)


# Scenery


def full_pod(aisle="hot"):
    south, north = row("p.s", "south", (2.0, 3.0), 4), row("p.n", "north", (2.0, 6.0), 4)
    cdu = machine("cdu", cdu_product(), (1.4, 3.0, 0.0))
    loops = (circuit(["cdu"], [m.id for m in (*south[1], *north[1])], header=0.1),)
    return pod(
        south,
        north,
        aisle=aisle,
        machines=[cdu, bar()],
        circuits=loops,
        trays=(tray("t1", "p.n"),),
        halls=(shell(columns=((10.0, 10.0, 0.5, 0.5),)),),
    )


def test_scenery_has_every_layer_and_only_boxes_that_are_not_inside_out():
    prisms = scenery(full_pod())
    layers = {"hall", "column", "containment", "busway", "tray", "pipe_supply", "pipe_return"}
    assert {prism.layer for prism in prisms} == layers
    assert all(a < b for prism in prisms for a, b in zip(prism.low, prism.high, strict=True))
    assert len({(prism.id, prism.layer) for prism in prisms}) == len(prisms)


def test_runs_are_busways_trays_and_pipes():
    building = full_pod()
    found = {prism.layer: prism for prism in runs(building)}
    assert set(found) == {"busway", "tray", "pipe"}
    solids = place(building)
    assert found["busway"].low == pytest.approx(tuple(solids.low[-1]))
    assert found["tray"].low == pytest.approx((2.0, 6.3, 3.6))
    assert found["tray"].high == pytest.approx((4.4, 6.9, 3.7))


def test_pipes_are_drawn_along_the_header_and_turn_with_it():
    building = full_pod()
    pieces = [prism for prism in scenery(building) if prism.layer == "pipe_supply"]
    assert len(pieces) == 3  # east along the south row, north across the aisle, west along the north row
    drawn = sum(max(np.subtract(p.high, p.low)) - 0.1 for p in pieces)
    assert drawn == pytest.approx(routes(building).pipes["tcs"].spacing.sum())


def test_hot_aisle_panels_close_the_aisle_between_the_rows():
    panels = [prism for prism in scenery(full_pod()) if prism.layer == "containment"]
    assert len(panels) == 3
    roof, west, east = panels
    assert roof.low == pytest.approx((2.0, 4.2, 2.2))
    assert roof.high[:2] == pytest.approx((4.4, 6.0))
    assert west.low == pytest.approx((2.0, 4.2, 0.0))
    assert west.high == pytest.approx((2.05, 6.0, 2.2))
    assert east.high == pytest.approx((4.4, 6.0, 2.2))


@pytest.mark.parametrize(("aisle", "panels"), [("none", 0), ("cold", 0), ("chimney", 2)])
def test_containment_follows_its_kind(aisle, panels):
    prisms = [prism for prism in scenery(full_pod(aisle)) if prism.layer == "containment"]
    assert len(prisms) == panels
    if panels:  # ducts stand over the backs, which look at each other, and reach the ceiling
        assert [p.low[1] for p in prisms] == pytest.approx([4.2 - 0.4, 6.0])
        assert all(p.high[2] == 4.0 for p in prisms)


def test_measuring_twice_gives_the_same():
    building = full_pod()
    first, second = routes(building), routes(building)
    assert first.feeder == second.feeder
    assert first.busway == second.busway
    np.testing.assert_array_equal(first.pipes["tcs"].path, second.pipes["tcs"].path)
    assert scenery(building) == scenery(building, first)
