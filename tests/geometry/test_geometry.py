"""Solids, clashes, clearances, aisles and floor loads against closed forms, symmetry and brute force."""

from __future__ import annotations

import subprocess
import sys
from itertools import combinations, pairwise

import numpy as np
import pytest

from tests.geometry.small_facilities import (
    RACK,
    busway_product,
    facility,
    machine,
    pod,
    rack_product,
    rear_door_product,
    row,
    shell,
    utility_product,
)
from twin.geometry import (
    aisles,
    boxes,
    clashes,
    clearances,
    floor_loads,
    on_columns,
    outside,
    place,
    sweep,
)
from twin.geometry import solids as solids_module
from twin.geometry.sweep import overlaps

G = 9.80665


def free_depths(building):
    found = clearances(building, place(building))
    return {
        (name, side): (round(free, 9), blocker)
        for name, side, free, blocker in zip(found.ids, found.side, found.free, found.blocker, strict=True)
    }


def pairs(building):
    return {(clash.a, clash.b) for clash in clashes(building, place(building))}


# Solids


def test_a_machine_that_faces_east_is_as_deep_eastward_as_its_sheet_says():
    solids = place(facility([machine("a", origin=(1.0, 2.0, 0.0), face="east")]))
    np.testing.assert_allclose(solids.high - solids.low, [[1.2, 0.6, 2.2]], rtol=1e-12)
    np.testing.assert_allclose(solids.low, [[1.0, 2.0, 0.0]], rtol=1e-12)


def test_nothing_is_asked_of_an_empty_facility():
    building = facility([])
    solids = place(building)
    assert clashes(building, solids) == outside(building, solids) == on_columns(building, solids) == ()
    assert clearances(building, solids).ids == ()
    assert floor_loads(building, solids).hall_mean == {"": 0.0}
    assert aisles(building) == ()


def test_busways_of_a_row_hang_side_by_side_over_its_whole_length():
    run, racks = row("p.s", "south", (2.0, 3.0), 10)
    lanes = [
        machine(f"bw{k}", busway_product(), (0.0, 0.0, 3.0), row="p.s", pod="p", indoors=False)
        for k in range(3)
    ]
    building = pod((run, racks), machines=lanes)
    solids = place(building)
    low, high = solids.low[-3:], solids.high[-3:]
    np.testing.assert_allclose(low[:, 0], 2.0)
    np.testing.assert_allclose(high[:, 0], 8.0)
    np.testing.assert_allclose((low + high)[:, 1] / 2, [3.2, 3.6, 4.0])
    np.testing.assert_allclose((high - low)[:, 1:], 0.2)
    np.testing.assert_allclose(low[:, 2], 3.0)
    assert pairs(building) == set()


def test_a_busway_below_the_rack_tops_clashes_with_every_rack():
    run, racks = row("p.s", "south", (2.0, 3.0), 4)
    low = machine("bw", busway_product(), (0.0, 0.0, 2.1), row="p.s", pod="p", indoors=False)
    assert pairs(pod((run, racks), machines=[low])) == {(f"p.s.0{k}", "bw") for k in (1, 2, 3, 4)}


def test_many_busways_over_one_row_are_squeezed_rather_than_let_overlap():
    run, racks = row("p.s", "south", (2.0, 3.0), 4)
    lanes = [machine(f"bw{k}", busway_product(), (0.0, 0.0, 3.0), row="p.s", indoors=False) for k in range(8)]
    building = pod((run, racks), machines=lanes)
    assert pairs(building) == set()
    np.testing.assert_allclose(np.diff(place(building).low[-8:, 1]), 1.2 / 8)


def test_a_stated_busway_section_is_used():
    run, racks = row("p.s", "south", (2.0, 3.0), 2)
    product = busway_product(size=(3.0, 0.14, 0.4))
    bar = machine("bw", product, (0.0, 0.0, 3.0), row="p.s", pod="p", indoors=False)
    solids = place(pod((run, racks), machines=[bar]))
    np.testing.assert_allclose(solids.high[-1] - solids.low[-1], [1.2, 0.14, 0.4])


def test_boxes_are_closed_and_have_the_volume_of_their_edges():
    trimesh = pytest.importorskip("trimesh")
    low = np.array([[0.0, 0.0, 0.0], [5.0, 1.0, 0.5]])
    high = low + np.array([[0.6, 1.2, 2.2], [1.0, 2.0, 3.0]])
    mesh = trimesh.Trimesh(*boxes(low, high), process=False)
    assert mesh.is_watertight
    assert mesh.is_winding_consistent
    assert mesh.volume == pytest.approx(0.6 * 1.2 * 2.2 + 6.0, rel=1e-12)


def test_the_scene_has_one_mesh_per_kind_and_knows_whose_each_face_is():
    pytest.importorskip("trimesh")
    racks = [machine(f"r{k}", origin=(k * 1.0, 0.0, 0.0)) for k in range(5)]
    solids = place(facility([*racks, machine("grid", utility_product(), indoors=False)]))
    scene = solids.scene()
    assert set(scene.geometry) == {"rack"}
    mesh = scene.geometry["rack"]
    assert len(mesh.faces) == 5 * 12
    for face, number in enumerate(mesh.metadata["face_machine"]):
        assert abs(mesh.triangles_center[face, 0] - (number + 0.3)) < 0.31
    assert mesh.metadata["ids"] == ("r0", "r1", "r2", "r3", "r4")
    meshes = solids.meshes()
    assert set(meshes) == {"r0", "r1", "r2", "r3", "r4"}
    np.testing.assert_allclose(meshes["r3"].bounds, [[3.0, 0.0, 0.0], [3.6, 1.2, 2.2]])


def test_geometry_imports_neither_trimesh_nor_scipy():
    code = (
        "import sys, twin.geometry;"
        "print([m for m in ('trimesh','scipy','pyvista','numba','solvers') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# Clashes


def test_touching_racks_do_not_clash():
    run, racks = row("p.s", "south", (0.1, 0.7), 40)
    assert pairs(pod((run, racks))) == set()


@pytest.mark.parametrize(("shift", "clash"), [(0.5995, False), (0.5985, True)])
def test_one_millimetre_of_overlap_is_touching(shift, clash):
    found = pairs(facility([machine("a"), machine("b", origin=(shift, 0.0, 0.0))]))
    assert found == ({("a", "b")} if clash else set())


def test_a_clash_states_its_depth_east_north_and_up():
    building = facility([machine("a"), machine("b", origin=(0.5, 1.0, 0.0))])
    (clash,) = clashes(building, place(building))
    assert clash.overlap == pytest.approx((0.1, 0.2, 2.2))


def test_machines_without_size_clash_with_nothing():
    building = facility([machine("grid", utility_product(), (0.3, 0.3, 0.3)), machine("rack")])
    assert pairs(building) == set()


def test_machines_above_each_other_do_not_clash():
    assert pairs(facility([machine("a"), machine("b", origin=(0.0, 0.0, 2.2))])) == set()


def test_yard_machines_clash_too():
    building = facility(
        [machine(name, origin=(-9.0, 0.0, 0.0), indoors=False, hall=None) for name in ("a", "b")]
    )
    assert pairs(building) == {("a", "b")}


def brute_force(low, high):
    return {
        (i, j)
        for i, j in combinations(range(len(low)), 2)
        if (np.minimum(high[i], high[j]) - np.maximum(low[i], low[j]) > 1e-3).all()
    }


@pytest.mark.parametrize("seed", range(20))
def test_the_sweep_finds_what_brute_force_finds(seed, monkeypatch):
    rng = np.random.default_rng(seed)
    monkeypatch.setattr(sweep, "BUDGET", int(rng.integers(20, 2000)))  # several chunks
    count = int(rng.integers(2, 160))
    low = rng.uniform(-20, 20, (count, 3)) * [1, 1, 0.1]
    size = rng.lognormal(0.3, 1.0, (count, 3))
    size[rng.random(count) < 0.1] = 0.0
    if seed % 2:
        low, size = np.round(low), np.ceil(size)  # many that touch exactly
    found = [set(zip(i.tolist(), j.tolist(), strict=True)) for i, j, _ in overlaps(low, low + size)]
    assert sum(map(len, found)) == len(set().union(*found)), "a pair came twice"
    expected = brute_force(low, low + size)
    assert set().union(*found) == expected
    side = rng.random(count) < 0.5
    mixed = {(i, j) if side[j] else (j, i) for i, j in expected if side[i] != side[j]}
    pieces = [zip(i.tolist(), j.tolist(), strict=True) for i, j, _ in overlaps(low, low + size, side)]
    assert sorted(pair for piece in pieces for pair in piece) == sorted(mixed)


def test_a_heap_of_machines_in_one_place_is_reported_up_to_the_limit(monkeypatch):
    monkeypatch.setattr(solids_module, "CLASH_LIMIT", 100)
    building = facility([machine(f"m{k}") for k in range(60)])
    assert len(clashes(building, place(building))) == 100


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_clashes_is_that_of_the_facility(seed):
    rng = np.random.default_rng(seed)
    spots = rng.uniform(0, 5, (40, 2))
    building = facility([machine(f"m{k:02}", origin=(*spot, 0.0)) for k, spot in enumerate(spots.tolist())])
    found = [(clash.a, clash.b) for clash in clashes(building, place(building))]
    assert len(found) > 10
    assert found == sorted(found)


# Halls and columns


def test_a_machine_beyond_a_wall_is_told_by_how_much():
    building = facility(
        [
            machine("ok", origin=(0.0, 0.0, 0.0)),
            machine("west", origin=(-0.25, 5.0, 0.0)),
            machine("corner", origin=(19.9, 29.0, 0.0)),
            machine("tall", rack_product(size=(0.6, 1.2, 4.5)), (5.0, 5.0, 0.0)),
            machine("on the wall", origin=(19.4, 28.8, 0.0)),
        ]
    )
    found = {(item.machine, item.what): item.by for item in outside(building, place(building))}
    assert found == {
        ("west", "wall west"): pytest.approx(0.25),
        ("corner", "wall east"): pytest.approx(0.5),
        ("corner", "wall north"): pytest.approx(0.2),
        ("tall", "ceiling"): pytest.approx(0.5),
    }


def test_a_yard_machine_inside_a_hall_is_found_and_one_beside_it_is_not():
    halls = (shell(name="h1"), shell(name="h2", origin=(40.0, 0.0)))
    building = facility(
        [
            machine("in", origin=(59.7, 2.0, 0.0), indoors=False, hall=None),
            machine("beside", origin=(20.0, 2.0, 0.0), indoors=False, hall=None),
            machine("at home", origin=(41.0, 2.0, 0.0), hall="h2"),
        ],
        halls,
    )
    (item,) = outside(building, place(building))
    assert (item.machine, item.hall, item.what, item.by) == ("in", "h2", "inside", pytest.approx(0.3))


def test_a_busway_above_the_ceiling_is_outside():
    run, racks = row("p.s", "south", (2.0, 3.0), 2)
    bar = machine("bw", busway_product(), (0.0, 0.0, 3.9), row="p.s", indoors=False)
    building = pod((run, racks), machines=[bar])
    (item,) = outside(building, place(building))
    assert (item.machine, item.what, item.by) == ("bw", "ceiling", pytest.approx(0.1))


def test_a_machine_in_a_column_is_found():
    hall = shell(columns=((10.0, 10.0, 0.6, 0.6), (2.5, 3.0, 0.5, 0.5)))
    building = facility(
        [machine("free", origin=(9.4, 10.0, 0.0)), machine("hit", origin=(2.0, 2.0, 0.0))], (hall,)
    )
    (clash,) = on_columns(building, place(building))
    assert (clash.a, clash.b) == ("hit", "column 2")
    assert clash.overlap == pytest.approx((0.1, 0.2, 2.2))


# Clearances


def test_clearance_of_a_lone_rack_ends_at_the_walls():
    building = facility([machine("r", origin=(8.0, 7.0, 0.0), face="south")])
    assert free_depths(building) == {
        ("r", "front"): (7.0, "wall south"),
        ("r", "rear"): (30.0 - 8.2, "wall north"),
    }


def test_machines_in_one_place_see_past_each_other_and_are_seen_as_one():
    heap = [machine(f"h{k}", origin=(5.0, 7.0, 0.0)) for k in range(3)]
    depths = free_depths(facility([*heap, machine("r", origin=(5.0, 10.0, 0.0))]))
    assert {depths[f"h{k}", "rear"] for k in range(3)} == {(1.8, "r")}
    assert depths["r", "front"] == (1.8, "h0")


def test_two_rows_share_the_aisle_between_them():
    south, north = row("p.s", "south", (2.0, 5.0), 6), row("p.n", "north", (2.0, 8.0), 6)
    depths = free_depths(pod(south, north))
    for k in range(1, 7):
        assert depths[f"p.s.{k:02}", "rear"] == (1.8, f"p.n.{k:02}")
        assert depths[f"p.n.{k:02}", "rear"] == (1.8, f"p.s.{k:02}")
        assert depths[f"p.s.{k:02}", "front"] == (5.0, "wall south")


def test_only_machines_with_a_need_are_listed_and_margins_are_free_minus_needed():
    building = facility(
        [
            machine("none", rack_product(clearance=(0.0, 0.0)), (1.0, 5.0, 0.0)),
            machine("front", rack_product(clearance=(1.5, 0.0)), (3.0, 1.0, 0.0)),
            machine("yard", origin=(-9.0, 1.0, 0.0), indoors=False, hall=None),
        ]
    )
    found = clearances(building, place(building))
    assert (found.ids, found.side) == (("front",), ("front",))
    np.testing.assert_allclose(found.margin, [-0.5])


@pytest.mark.parametrize(
    ("origin", "size", "expected"),
    [
        ((5.3, 2.0, 0.0), (0.1, 0.1, 0.1), (1.9, "box")),  # small, low and in front
        ((5.6, 2.0, 0.0), (0.6, 1.2, 2.2), (4.0, "wall south")),  # just beside
        ((5.0, 2.0, 2.2), (0.6, 0.5, 0.5), (4.0, "wall south")),  # above the rack's top
        ((5.0, 3.5, 0.0), (0.6, 1.2, 2.2), (0.0, "box")),  # in the rack itself
    ],
)
def test_what_stands_in_the_way_blocks(origin, size, expected):
    building = facility(
        [machine("r", origin=(5.0, 4.0, 0.0)), machine("box", rack_product(size, (0.0, 0.0)), origin)]
    )
    assert free_depths(building)["r", "front"] == expected


@pytest.mark.parametrize("y", [0.1, 3.3, 7.7, 11.1])
def test_exactly_the_needed_depth_is_enough_despite_rounding(y):
    a, b = row("p.s", "south", (2.0, y), 2), row("p.n", "north", (2.0, y + 1.2 + 0.9), 2)
    building = pod(a, b)
    found = clearances(building, place(building))
    assert (found.margin[[side == "rear" for side in found.side]] == 0.0).all()
    assert [aisle.width for aisle in aisles(building)] == [0.9]


def test_columns_block():
    building = facility([machine("r", origin=(5.0, 4.0, 0.0))], (shell(columns=((5.5, 2.5, 0.6, 0.6),)),))
    assert free_depths(building)["r", "front"] == (0.9, "column 1")


def test_a_deeper_neighbour_in_the_row_does_not_block():
    deep = machine("deep", rack_product((0.6, 1.6, 2.2)), (5.6, 3.8, 0.0))
    building = facility([machine("r", origin=(5.0, 4.0, 0.0)), deep])
    assert free_depths(building)["r", "front"] == (4.0, "wall south")


@pytest.mark.parametrize("distance", [0.0005, 0.5, 1.9995, 2.0, 2.0005, 7.9, 8.1, 25.0])
def test_an_obstacle_is_found_at_any_distance(distance):
    obstacle = machine("o", origin=(5.0, 28.8, 0.0))
    rack = machine("r", origin=(5.0, 28.8 - distance - 1.2, 0.0))
    assert free_depths(facility([rack, obstacle]))["r", "rear"] == (pytest.approx(distance, abs=1e-8), "o")


def random_machines(rng, count, side):
    """Machines on a millimetre grid in a square hall."""
    spots = rng.integers(0, int(1000 * (side - 2)), (count, 2)) / 1000
    faces = rng.choice(["north", "south", "east", "west"], count)
    sizes = rng.integers(300, 1800, (count, 3)) / 1000
    return [
        machine(
            f"m{k:03}",
            rack_product(tuple(map(float, sizes[k])), (1.0, 0.5)),
            (*map(float, spots[k]), 0.0),
            str(faces[k]),
        )
        for k in range(count)
    ]


@pytest.mark.parametrize("seed", range(5))
def test_clearances_agree_with_a_ray_per_machine(seed):
    rng = np.random.default_rng(seed)
    building = facility(random_machines(rng, 60, 20.0), (shell(size=(20.0, 20.0, 4.0)),))
    solids = place(building)
    depths = free_depths(building)
    for i, rack in enumerate(building.machines):
        axis = 1 if rack.face in ("north", "south") else 0
        for side, toward in (("front", 1), ("rear", -1)):
            sign = toward if rack.face in ("north", "east") else -toward
            face = solids.high[i, axis] if sign > 0 else solids.low[i, axis]
            best = 20.0 - face if sign > 0 else face
            for j in range(60):
                near, far = (solids.low, solids.high)[::sign]
                beyond = sign * (far[j, axis] - face) > 1e-3
                aligned = all(
                    min(solids.high[i, a], solids.high[j, a]) - max(solids.low[i, a], solids.low[j, a]) > 1e-3
                    for a in (1 - axis, 2)
                )
                if j != i and beyond and aligned:
                    best = min(best, max(sign * (near[j, axis] - face), 0.0))
            assert depths[rack.id, side][0] == pytest.approx(best, abs=1e-9)


TURN = {"north": "west", "west": "south", "south": "east", "east": "north"}


@pytest.mark.parametrize("seed", range(3))
def test_clearances_and_clashes_turn_with_the_building(seed):
    side, machines = 20.0, random_machines(np.random.default_rng(seed), 80, 20.0)
    halls = (shell(size=(side, side, 4.0)),)
    turned = [
        m.replace(origin=(side - m.origin[1] - m.extent[1], m.origin[0], m.origin[2]), face=TURN[m.face])
        for m in machines
    ]
    before, after = facility(machines, halls), facility(turned, halls)
    depths = free_depths(after)
    for key, (depth, blocker) in free_depths(before).items():
        wall = blocker.startswith("wall")
        assert depths[key] == (
            pytest.approx(depth, abs=1e-8),
            f"wall {TURN[blocker.split()[1]]}" if wall else blocker,
        )
    assert pairs(before) == pairs(after) != set()


@pytest.mark.parametrize("shift", [(100.0, -250.0), (-0.37, 1e4)])
def test_nothing_depends_on_where_the_site_lies(shift):
    machines = random_machines(np.random.default_rng(1), 80, 20.0)
    moved = [
        m.replace(origin=(m.origin[0] + shift[0], m.origin[1] + shift[1], m.origin[2])) for m in machines
    ]
    size = (20.0, 20.0, 4.0)
    here, there = facility(machines, (shell(size),)), facility(moved, (shell(size, origin=shift),))
    a, b = clearances(here, place(here)), clearances(there, place(there))
    assert (a.ids, a.side, a.blocker) == (b.ids, b.side, b.blocker)
    np.testing.assert_allclose(a.free, b.free, atol=1e-8)
    assert pairs(here) == pairs(there)
    np.testing.assert_allclose(
        floor_loads(here, place(here)).distributed, floor_loads(there, place(there)).distributed, rtol=1e-9
    )


# Aisles


@pytest.mark.parametrize(
    ("south", "north", "kind", "required"),
    [
        ("north", "south", "cold", 1.2),
        ("south", "north", "hot", 0.9),
        ("south", "south", "mixed", 1.2),
        ("north", "north", "mixed", 1.2),
    ],
)
def test_the_faces_of_two_rows_make_the_aisle(south, north, kind, required):
    a, b = row("p.s", south, (2.0, 5.0), 6), row("p.n", north, (2.0, 7.7), 6)
    (aisle,) = aisles(pod(a, b))
    assert (aisle.rows, aisle.kind, aisle.required) == (("p.s", "p.n"), kind, required)
    assert aisle.width == pytest.approx(1.5)
    assert aisle.low == pytest.approx((2.0, 6.2))
    assert aisle.high == pytest.approx((5.6, 7.7))


@pytest.mark.parametrize(("west", "east", "kind"), [("east", "west", "cold"), ("west", "east", "hot")])
def test_rows_that_run_north_have_aisles_too(west, east, kind):
    a, b = row("p.w", west, (2.0, 5.0), 6), row("p.e", east, (4.2, 5.0), 6)
    (aisle,) = aisles(pod(b, a))
    assert (aisle.rows, aisle.kind, aisle.width) == (("p.w", "p.e"), kind, pytest.approx(1.0))


def test_four_rows_make_three_aisles_of_alternating_kind():
    rows = [
        row(f"p.{k}", face, (2.0, 3.0 + 2.7 * k), 4)
        for k, face in enumerate(("south", "north", "south", "north"))
    ]
    found = aisles(pod(*rows))
    assert [aisle.kind for aisle in found] == ["hot", "cold", "hot"]
    assert [aisle.rows for aisle in found] == list(pairwise(("p.0", "p.1", "p.2", "p.3")))


def test_rows_end_to_end_have_no_aisle_between_them_but_share_the_one_across():
    long = row("p.s", "south", (2.0, 3.0), 10)
    west, east = row("p.w", "north", (2.0, 6.0), 4), row("p.e", "north", (5.0, 6.0), 5)
    assert [aisle.rows for aisle in aisles(pod(long, west, east))] == [("p.s", "p.w"), ("p.s", "p.e")]


# Floor loads


def test_floor_load_is_weight_over_footprint_and_over_half_the_service_space():
    rack = machine("r", rack_product((0.6, 1.2, 2.2), (1.2, 0.9), mass=1440.0), (5.0, 5.0, 0.0), face="west")
    building = facility([rack, machine("yard", origin=(-9.0, 0.0, 0.0), indoors=False)])
    loads = floor_loads(building, place(building))
    assert loads.ids == ("r",)
    assert loads.hall == ("",)
    np.testing.assert_allclose(loads.footprint_pressure, 1440 * G / 0.72, rtol=1e-12)
    np.testing.assert_allclose(loads.distributed, 1440 * G / (0.72 + 0.6 * (1.2 + 0.9) / 2), rtol=1e-12)
    assert loads.hall_mean == {"": pytest.approx(1440 * G / 600)}


def test_the_hall_carries_the_weight_of_all_that_stands_in_it():
    run, racks = row("p.s", "south", (2.0, 3.0), 10)
    bar = machine("bw", busway_product(mass=500.0), (0.0, 0.0, 3.0), row="p.s", indoors=True)
    door = rear_door_product(200.0)
    racks = tuple(m.replace(rear_door=door) for m in racks)
    building = pod((run, racks), machines=[bar])
    loads = floor_loads(building, place(building))
    weight = loads.footprint_pressure.sum() * 0.6 * 1.2
    assert weight == pytest.approx(10 * 1700 * G) == loads.hall_mean[""] * 600


# Size


def big_hall(count=10_000, columns=100):
    """A grid of racks in rows that face each other in pairs, every tenth copied onto its neighbour."""
    machines = []
    for k in range(count):
        line, slot = divmod(k, columns)
        x = 2.0 + slot * 0.6 - (0.1 if slot % 10 == 5 else 0.0)
        machines.append(machine(f"m{k}", RACK, (x, 2.0 + line * 2.4, 0.0), "south" if line % 2 else "north"))
    return facility(machines, (shell(size=(columns * 0.6 + 4.0, count / columns * 2.4 + 4.0, 5.0)),))


def test_ten_thousand_machines_are_handled():
    building = big_hall()
    solids = place(building)
    found = clashes(building, solids)
    assert len(found) == 1000
    np.testing.assert_allclose(
        [clash.overlap for clash in found], np.tile([0.1, 1.2, 2.2], (1000, 1)), rtol=1e-9
    )
    free = clearances(building, solids)
    assert len(free.ids) == 20_000
    inner = [not blocker.startswith("wall") for blocker in free.blocker]
    np.testing.assert_allclose(free.free[inner], 1.2, atol=1e-9)
    assert inner.count(False) == 200
    assert outside(building, solids) == on_columns(building, solids) == ()
    assert len(floor_loads(building, solids).ids) == 10_000
    assert sum(len(g.faces) for g in solids.scene().geometry.values()) == 120_000
