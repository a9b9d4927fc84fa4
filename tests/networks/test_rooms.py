"""A hall becomes the room that its layout says: every feature by a small hall of its own."""

from __future__ import annotations

from math import inf
from pathlib import Path

import numpy as np
import pytest

from solvers.air.field.voxels import rasterise
from twin.layout import load, load_text
from twin.networks import air, rooms

LAYOUTS = sorted((Path(__file__).parents[2] / "layouts").glob("*.yaml"))

HALL = """
twin: 1
name: room
site: {{elevation: 0 m, outdoor: {{dry_bulb: 20 degC, wet_bulb: 15 degC}}}}
catalogue:
  plain: {{like: cpu_rack, size: [600 mm, 1200 mm, 2.2 m], {rack}source: assumed}}
  cooler: {{like: crah_150kw, {crah}source: assumed}}
hall: {{size: [12 m, 9 m, {height} m], {hall}}}
pods:
  - id: p
    at: [4 m, 2 m]
    containment: {{{containment}}}
    rows:
      - {{id: s, face: {faces[0]}, lineup: [{lineup}]}}
      - {{id: n, face: {faces[1]}, lineup: [{lineup}]}}
air: {{{air}}}
"""
HOT, COLD = ("south", "north"), ("north", "south")
RAISED = "floor: {type: raised, height: 600 mm}"
CRAHS = "crahs: [{id: crah, type: cooler, along: west, count: 2}]"


def layout(
    hall="floor: {type: slab}",
    *,
    aisle="none",
    faces=HOT,
    lineup="4 x plain",
    air=CRAHS,
    rack="",
    crah="",
    containment="",
    height=4,
    more="",
):
    text = HALL.format(
        hall=hall,
        containment=f"aisle: {aisle}, width: 1.2 m{', ' if containment else ''}{containment}",
        faces=faces,
        lineup=lineup,
        air=air,
        rack=rack,
        crah=crah,
        height=height,
    )
    return load_text(text + more, name="room.yaml")


def room_of(*args, spacing=0.3, **options):
    facility = layout(*args, **options)
    return rooms.lower(facility, facility.halls[0], spacing=spacing)


def faults_of(*args, **options):
    with pytest.raises(rooms.AirflowError) as caught:
        room_of(*args, **options)
    assert str(caught.value) == "\n".join(map(str, caught.value.faults))
    return [str(fault) for fault in caught.value.faults]


def patch(hall, name):
    return next(p for p in hall.room.patches if p.name == name)


def panels(hall, word):
    return [p for p in hall.room.panels if word in p.name]


def regions(hall):
    """By name of patch: the numbers of the connected air before it."""
    voxels = rasterise(hall.room)
    flat = voxels.region.reshape(-1)
    return {
        own.name: set(flat[voxels.patches.cell[voxels.patches.of(n)]].tolist())
        for n, own in enumerate(hall.room.patches)
    }


# -- the layouts of the house ----------------------------------------------------------------------------


def test_there_are_layouts():
    assert len(LAYOUTS) >= 10


@pytest.mark.parametrize("path", LAYOUTS, ids=lambda path: path.stem)
def test_every_layout_is_one_connected_room_in_the_order_of_the_zonal_air(path):
    facility = load(path)
    if not facility.of_kind("crah"):
        pytest.skip("all heat goes into liquid: there is no air to solve")
    zonal = {hall.shell.id: hall for hall in air.lower(facility)}
    for shell in facility.halls[:1]:
        hall = rooms.lower(facility, shell)
        assert hall.racks == tuple(facility.racks[n].id for n in zonal[shell.id].rack)
        assert hall.crahs == tuple(facility.of_kind("crah")[n].id for n in zonal[shell.id].crah)
        assert [hall.room.streams[n] for n in hall.rack_stream] == list(hall.racks)
        assert [hall.room.streams[n] for n in hall.crah_stream] == list(hall.crahs)
        assert len(set.union(*regions(hall).values())) == 1
        assert 0.1 <= hall.spacing <= 0.3 + 1e-9
        assert hall.cells <= 200_000 or hall.spacing > 0.29
        assert hall.notes


@pytest.mark.parametrize("path", LAYOUTS, ids=lambda path: path.stem)
def test_patches_on_the_grid_have_nearly_their_true_area(path):
    facility = load(path)
    hall = rooms.lower(facility, facility.halls[0], check=False)
    voxels = rasterise(hall.room)
    area = np.array([voxels.patches.area[voxels.patches.of(n)].sum() for n in range(len(hall.room.patches))])
    sides = [np.subtract(p.high, p.low) for p in hall.room.patches]
    true = np.array([np.prod(side[side > 0]) for side in sides])
    assert np.abs(area / true - 1).max() < 0.05


# -- racks -----------------------------------------------------------------------------------------------


def test_a_rack_takes_air_over_its_whole_face_and_gives_it_at_its_back():
    hall = room_of()
    inlet, outlet = patch(hall, "p.s.01 inlet"), patch(hall, "p.s.01 outlet")
    assert inlet.low == pytest.approx((4.0, 2.0, 0.0)) and inlet.high == pytest.approx((4.6, 2.0, 2.2))
    assert outlet.low[1] == pytest.approx(3.2) and (inlet.side, outlet.side) == (-1, 1)
    assert outlet.supply and not inlet.supply


def test_a_rack_from_side_to_side_takes_air_at_its_left_seen_from_the_front():
    hall = room_of(rack="front_to_rear: false, ", lineup="plain, gap 600 mm, plain")
    south, north = patch(hall, "p.s.01 inlet"), patch(hall, "p.n.01 inlet")
    assert south.low[0] == south.high[0] == pytest.approx(4.0)  # looks south: its left is west
    assert north.low[0] == north.high[0] == pytest.approx(4.6)


def test_a_rack_from_front_to_top_gives_air_upwards():
    hall = room_of(rack="airflow: front_to_top, ")
    outlet = patch(hall, "p.s.01 outlet")
    assert outlet.low[2] == outlet.high[2] == pytest.approx(2.2) and outlet.side == 1


def test_leakage_inside_racks_is_handed_to_the_caller():
    assert room_of(rack="leakage: 5 %, ").rack_leak == pytest.approx(np.full(8, 0.05))


def test_streams_take_values_of_racks_air_handlers_and_slots():
    hall = room_of(
        air=CRAHS + ", slots: [{id: jet, wall: ceiling, at: [1 m, 1 m], size: [1 m, 1 m], flow: 0.5 m3/s, "
        "temperature: 18 degC}], openings: [{id: gate, wall: east, at: [1 m, 0 m], size: [1 m, 2 m]}]"
    )
    values = hall.spread(np.arange(8.0), 20.0, hall.slot_flow)
    assert values[hall.rack_stream].tolist() == list(range(8))
    assert values[hall.crah_stream].tolist() == [20.0, 20.0]
    assert values[hall.slot_stream].tolist() == [0.5]
    assert hall.slot_temperature.tolist() == [18.0]
    assert hall.inlet_patch[hall.slot_stream].tolist() == [-1]
    assert hall.room.patches[hall.outlet_patch[hall.slot_stream[0]]].side == -1


# -- air handlers ----------------------------------------------------------------------------------------


def test_a_perimeter_unit_on_a_slab_blows_low_and_draws_on_top():
    hall = room_of()
    inlet, outlet = patch(hall, "crah1 inlet"), patch(hall, "crah1 outlet")
    assert inlet.low[2] == inlet.high[2] == pytest.approx(2.2)
    assert outlet.low[0] == outlet.high[0] == pytest.approx(1.0) and outlet.high[2] == pytest.approx(1.1)


def test_under_a_low_ceiling_it_draws_in_the_upper_part_of_its_front():
    inlet = patch(room_of(height=2.4), "crah1 inlet")
    assert inlet.low[0] == inlet.high[0] == pytest.approx(1.0) and inlet.low[2] == pytest.approx(1.32)


def test_on_a_raised_floor_it_blows_below_the_floor():
    hall = room_of(RAISED)
    outlet = patch(hall, "crah1 outlet")
    assert outlet.low[2] == outlet.high[2] == 0.0 and outlet.side == -1
    assert hall.room.grid.z[0] == pytest.approx(-0.6)


def test_a_fan_wall_before_a_wall_draws_on_top_and_one_in_the_room_at_its_back():
    hall = room_of(crah="form: fan_wall, ")
    assert patch(hall, "crah1 inlet").low[2] == pytest.approx(2.2)
    free = "equipment: [{id: fan, type: cooler, at: [1.5 m, 7 m], face: south}]\n"
    hall = room_of(crah="form: fan_wall, ", air="", more=free)
    assert patch(hall, "fan inlet").low[1] == pytest.approx(8.0)
    assert patch(hall, "fan outlet").low[1] == pytest.approx(7.0)


def test_an_in_row_cooler_blows_to_the_front_and_draws_from_the_back():
    hall = room_of(lineup="2 x plain, in_row_60kw, 2 x plain", air="")
    assert patch(hall, "p.s.03 outlet").low[1] == pytest.approx(2.0)
    assert patch(hall, "p.s.03 inlet").low[1] == pytest.approx(3.2)


def test_a_fan_curve_goes_through_its_two_points():
    hall = room_of(crah="fan_head: [400 Pa, 150 Pa], ")
    rise = hall.crah_head - hall.crah_curvature * 10.8**2
    assert hall.crah_head.tolist() == [400.0, 400.0] and rise == pytest.approx([150.0, 150.0])
    assert np.isnan(room_of().crah_head).all()


# -- raised floors ---------------------------------------------------------------------------------------


def test_tiles_cover_the_cold_aisle_one_by_one():
    hall = room_of(RAISED, faces=COLD)
    tiles = [hall.room.panels[n] for n in hall.tile_panels]
    assert len(tiles) == 4 * 2  # 2.4 m by 1.2 m
    assert {(t.low[2], t.jet) for t in tiles} == {(0.0, 0.25)}
    assert tiles[0].loss == pytest.approx(42.8, rel=5e-3)  # Karki et al. (2003) quote 42.8 for 25 %
    floor = panels(hall, "floor")[0]
    assert floor.loss == pytest.approx(1 / (0.6 * 0.001) ** 2)
    assert hall.room.panels.index(floor) < hall.tile_panels.min()


def test_rows_without_a_cold_aisle_get_a_strip_before_them():
    hall = room_of(RAISED)
    rows = {hall.room.panels[n].low[1] for n in hall.tile_panels}
    assert sorted(rows) == pytest.approx([1.4, 5.6])


@pytest.mark.parametrize(
    ("tiles", "count", "free"),
    [
        ("{open_area: 56 %, where: fronts}", 8, 0.56),
        ("{rows: p.s, where: fronts}", 4, 0.25),
        ("[{at: [4 m, 3.2 m], size: [1.2 m, 1.2 m], open_area: 40 %}]", 4, 0.40),
    ],
)
def test_tiles_lie_where_the_layout_says(tiles, count, free):
    hall = room_of(f"floor: {{type: raised, height: 600 mm, tiles: {tiles}}}", faces=COLD)
    assert [hall.room.panels[n].jet for n in hall.tile_panels] == [free] * count


def test_a_floor_without_leakage_is_tight_beside_its_tiles():
    hall = room_of("floor: {type: raised, height: 600 mm, leakage: 0 %}")
    assert panels(hall, "floor")[0].loss == inf
    assert len(hall.leak_panels) == 0


def test_a_raised_floor_that_nothing_blows_into_is_left_out():
    hall = room_of(RAISED, crah="form: fan_wall, ")
    assert hall.room.grid.z[0] == 0.0 and not len(hall.tile_panels)
    assert any("left out" in note for note in hall.notes)


# -- ceilings and containment ----------------------------------------------------------------------------


def test_a_ceiling_plenum_takes_air_through_grilles_and_gives_it_to_ducts():
    hall = room_of("ceiling_plenum: 1 m")
    assert hall.room.grid.z[-1] == pytest.approx(5.0)
    assert panels(hall, "ceiling")[0].loss == inf
    grille = hall.room.panels[hall.grille_panels[0]]
    assert grille.low == pytest.approx((4.0, 3.2, 4.0)) and grille.high == pytest.approx((6.4, 4.4, 4.0))
    assert patch(hall, "crah1 inlet").low[2] == pytest.approx(4.0)
    assert len(set.union(*regions(hall).values())) == 1


def test_grilles_lie_behind_rows_that_have_no_hot_aisle():
    hall = room_of("ceiling_plenum: 1 m", faces=COLD)
    assert sorted(hall.room.panels[n].low[1] for n in hall.grille_panels) == pytest.approx([1.4, 5.6])


def test_a_contained_cold_aisle_has_a_roof_and_doors_with_gaps():
    hall = room_of(RAISED, aisle="cold", faces=COLD)
    assert [p.low[2] for p in panels(hall, "roof")] == pytest.approx([2.2])
    assert len(panels(hall, "door")) == 2
    assert [p.loss for p in panels(hall, "aisle")] == pytest.approx([1 / (0.6 * 0.005) ** 2] * 3)
    owners = {hall.panel_element[n] for n in hall.leak_panels}
    assert owners == {"p", "floor"}


def test_a_tight_roof_and_doors_cut_the_aisle_off():
    options = {"aisle": "cold", "faces": COLD, "containment": "gaps: 0 %"}
    (fault,) = faults_of("floor: {type: raised, height: 600 mm, leakage: 0 %}", **options)
    assert "sealed from where it blows" in fault and "rack p.s.01 (and 7 more)" in fault.split(": ", 1)[1]
    room_of(RAISED, **options)  # the floor's seams let the rest through


def test_without_doors_the_aisle_is_open_at_its_ends():
    hall = room_of(aisle="cold", faces=COLD, containment="doors: false")
    assert panels(hall, "roof") and not panels(hall, "door")


def test_a_hot_aisle_without_a_way_out_is_open_above_a_collar():
    hall = room_of(aisle="hot")
    assert not panels(hall, "roof")
    assert [(p.low[2], p.high[2]) for p in panels(hall, "side")] == [pytest.approx((2.2, 2.8))] * 2
    assert max(p.high[2] for p in panels(hall, "door")) == pytest.approx(2.8)
    assert any("rise 0.6 m above the racks" in note for note in hall.notes)


def test_a_hot_aisle_under_a_plenum_reaches_the_ceiling():
    hall = room_of("ceiling_plenum: 1 m", aisle="hot")
    assert {(p.low[2], p.high[2]) for p in panels(hall, "side")} == {(2.2, 4.0)}
    assert not panels(hall, "roof")


def test_a_hot_aisle_with_in_row_coolers_has_a_roof():
    hall = room_of(aisle="hot", lineup="2 x plain, in_row_60kw, 2 x plain", air="")
    assert len(panels(hall, "roof")) == 1


def test_the_longer_row_says_where_the_aisle_ends():
    text = HALL.format(
        hall="floor: {type: slab}", containment="aisle: hot, width: 1.2 m", faces=HOT, lineup="4 x plain",
        air=CRAHS, rack="", crah="", height=4,
    )  # fmt: skip
    text = text.replace("face: north, lineup: [4 x plain]", "face: north, lineup: [3 x plain]")
    facility = load_text(text)
    hall = rooms.lower(facility, facility.halls[0], spacing=0.3)
    assert [p.low[0] for p in panels(hall, "door")] == pytest.approx([4.0, 6.4])
    (end,) = panels(hall, "end 2")
    assert (end.low[0], end.high[0], end.high[2]) == pytest.approx((5.8, 6.4, 2.2))


def test_low_and_shallow_machines_are_made_up_for():
    hall = room_of(aisle="hot", lineup="2 x plain, gb300_nvl72, network_rack", spacing=0.1)
    fills = panels(hall, "fill")
    assert {p.low[2] for p in fills if "above" in p.name} == {2.2, 2.236}
    assert {p.high[2] for p in fills} == {2.3}
    behind = [p for p in fills if "behind" in p.name]
    assert {round(p.high[1] - p.low[1], 3) for p in behind} == {0.132}


def test_chimneys_lead_into_the_plenum():
    hall = room_of("ceiling_plenum: 1 m", aisle="chimney")
    outlet = patch(hall, "p.s.01 outlet")
    assert outlet.low[2] == outlet.high[2] == pytest.approx(4.0)
    assert outlet.high[1] - outlet.low[1] == pytest.approx(0.4)
    assert not len(hall.grille_panels) and panels(hall, "ceiling")[0].loss < inf


# -- walls, holes and what hangs overhead ----------------------------------------------------------------


def test_columns_and_partitions_hold_no_air():
    hall = room_of(
        "columns: [{at: [9 m, 1 m]}], partitions: [{id: screen, at: [9 m, 3 m], size: [0.3 m, 3 m], height: 2 m}]"
    )
    solids = {s.name: s for s in hall.room.solids}
    assert solids["column 1"].high == pytest.approx((9.6, 1.6, 4.0))
    assert solids["screen"].high == pytest.approx((9.3, 6.0, 2.0))


def test_heat_passes_four_walls_if_the_layout_says_so():
    hall = room_of("walls: {u_value: 0.4 W/(m2 K), outside: 35 degC}")
    assert [(w.conductance, w.temperature) for w in hall.room.walls] == [(0.4, 35.0)] * 4
    assert not room_of().room.walls


def test_openings_lie_in_their_walls():
    hall = room_of(
        air=CRAHS
        + ", openings: [{id: gate, wall: north, at: [1 m, 0 m], size: [2 m, 2.4 m], temperature: 30 degC},"
        " {id: hatch, wall: ceiling, at: [9 m, 5 m], size: [1 m, 2 m]}]"
    )
    gate, hatch = hall.room.openings
    assert gate.low == pytest.approx((1, 9, 0)) and gate.high == pytest.approx((3, 9, 2.4))
    assert gate.temperature == 30.0
    assert hatch.low == pytest.approx((9, 5, 4)) and hatch.high == pytest.approx((10, 7, 4))
    rasterise(hall.room)


def test_trays_resist_the_air_across_more_than_along():
    hall = room_of(more="trays: [{id: t, along: p.s, height: 3 m}]\n")
    (tray,) = hall.room.obstacles
    assert tray.loss[0] < min(tray.loss[1:]) / 10
    # drag of the true section 0.1 m high, spread over cells that are at least as large
    assert tray.loss[1] <= 2.0 / 0.6


def test_losses_of_electrical_machines_go_into_the_upper_half():
    (source,) = room_of().room.sources
    assert (source.name, source.low[2], source.high[2], source.heat) == ("room losses", 2.0, 4.0, 0.0)


# -- grid ------------------------------------------------------------------------------------------------


def test_a_grid_beyond_the_memory_is_refused_with_one_that_fits():
    facility = layout()
    with pytest.raises(rooms.TooManyCells, match="GB are allowed") as caught:
        rooms.lower(facility, facility.halls[0], spacing=0.05, memory=5e7)
    error = caught.value
    assert error.needed > error.allowed == 5e7 and error.fits > 0.05
    hall = rooms.lower(facility, facility.halls[0], spacing=error.fits, memory=5e7)
    assert hall.cells * 300 <= 5e7


def test_a_spacing_that_is_none_is_refused():
    facility = layout()
    for spacing in (0.0, -1.0, float("nan")):
        with pytest.raises(ValueError, match="spacing"):
            rooms.lower(facility, facility.halls[0], spacing=spacing)


def test_several_halls_keep_their_places():
    facility = load_text(
        """
        twin: 1
        name: two
        site: {elevation: 0 m, outdoor: {dry_bulb: 20 degC, wet_bulb: 15 degC}}
        halls:
          - id: h
            repeat: {count: 2, step: [20 m, 0 m]}
            hall:
              size: [8 m, 6 m, 4 m]
              floor: {type: raised, height: 500 mm, tiles: {rows: p.s}}
              partitions: [{id: wall, at: [1 m, 5 m], size: [2 m, 0.3 m]}]
            pods: [{id: p, at: [3 m, 2 m], rows: [{id: s, face: south, lineup: [3 x cpu_rack]}]}]
            air:
              crahs: [{id: c, type: crah_150kw, along: west, count: 1}]
              openings: [{id: gate, wall: east, at: [1 m, 0 m], size: [1 m, 2 m]}]
        """
    )
    hall = rooms.lower(facility, facility.halls[1], spacing=0.3)
    assert hall.racks == ("h2.p.s.01", "h2.p.s.02", "h2.p.s.03")
    assert (hall.room.grid.x[0], hall.room.grid.x[-1]) == pytest.approx((20.0, 28.0))
    assert hall.room.openings[0].low == pytest.approx((28.0, 1.0, 0.0))
    assert facility.halls[1].tile_rows == ("h2.p.s",)
    assert "h2.wall" in {s.name for s in hall.room.solids}
    assert facility.halls[0].vents[0].mark.line == facility.halls[1].vents[0].mark.line == 15


# -- faults ----------------------------------------------------------------------------------------------


def line(text, facility_text=HALL):
    return next(n for n, row in enumerate(facility_text.split("\n"), 1) if text in row)


def test_racks_without_any_supply_are_a_fault_of_the_hall():
    (fault,) = faults_of(air="")
    assert fault == (
        f"room.yaml:{line('hall:')}: hall 1: 8 racks and nothing that supplies cool air; add air: crahs, openings or "
        "rear doors"
    )


def test_a_blocked_inlet_is_told_of_the_rack_and_what_blocks_it():
    faults = faults_of("partitions: [{id: screen, at: [4 m, 1.4 m], size: [0.6 m, 0.6 m]}]")
    assert faults == [f"room.yaml:{line('id: s,')}: rack p.s.01: its inlet is blocked by screen"]


def test_a_back_against_the_wall_is_told():
    faults = faults_of(more="equipment: [{id: alone, type: plain, at: [9 m, 0 m], face: north}]\n")
    assert [fault.split(": ", 1)[1] for fault in faults] == [
        "rack alone: its outlet is blocked by wall south"
    ]


def test_machines_from_side_to_side_that_touch_block_each_other():
    faults = faults_of(rack="airflow: side_to_side, ", lineup="2 x plain")
    assert any("rack p.s.01: its outlet is blocked by p.s.02" in fault for fault in faults)


def test_overlapping_holes_are_told_with_both_names():
    gate = "{{id: {}, wall: east, at: [{} m, 0 m], size: [2 m, 2 m]}}"
    faults = faults_of(air=f"{CRAHS}, openings: [{gate.format('one', 1)}, {gate.format('two', 2)}]")
    assert [fault.split(": ", 1)[1] for fault in faults] == [
        "opening two: lies in one place with opening one"
    ]


def test_holes_and_tiles_outside_their_walls_are_told():
    faults = faults_of(
        "floor: {type: raised, height: 600 mm, tiles: [{at: [11 m, 1 m], size: [3 m, 0.6 m]}]}, "
        "partitions: [{id: long, at: [8 m, 8 m], size: [5 m, 0.3 m]}]",
        air=CRAHS + ", openings: [{id: gate, wall: east, at: [8 m, 0 m], size: [3 m, 2 m]}]",
    )
    assert [fault.split(": ", 1)[1] for fault in faults] == [
        "opening gate: reaches 2.00 m beyond wall east",
        "partition long: reaches 1.00 m beyond the hall",
        "floor: tiles 1 reach 2.00 m beyond the hall",
    ]


def test_a_floor_that_is_not_sealed_is_told():
    (fault,) = faults_of("floor: {type: raised, height: 600 mm, leakage: 5 %}", faces=COLD)
    assert "it is not sealed: its seams (leakage 5.0%) pass" in fault


def test_a_floor_without_tiles_is_told():
    (fault,) = faults_of("floor: {type: raised, height: 600 mm, tiles: []}")
    assert "it has no tiles" in fault


def test_a_closed_cold_aisle_on_a_slab_has_no_supply():
    (fault,) = faults_of(aisle="cold", faces=COLD)
    assert "rack p.s.01 (and 7 more): draws from a space that nothing supplies" in fault


def test_slots_need_an_opening():
    slot = "slots: [{id: jet, wall: north, at: [1 m, 2 m], size: [1 m, 0.5 m], flow: 1 m3/s, temperature: 18 degC}]"
    (fault,) = faults_of(air=f"{CRAHS}, {slot}")
    assert "slot jet: its air cannot leave the hall" in fault


def test_racks_that_draw_more_than_their_aisle_gets_are_noted_or_refused():
    options = {"aisle": "cold", "faces": COLD, "rack": "air_rise: 5 K, ", "crah": "air_flow: 2 m3/s, "}
    hall = room_of(RAISED, **options)
    assert any("all supplies together give 4.0 m3/s; the rest comes through gaps" in n for n in hall.notes)
    tight = "floor: {type: raised, height: 600 mm, leakage: 0 %}"
    (fault,) = faults_of(tight, containment="gaps: 0 %", **options)
    assert "draw 31.8 m3/s at full power, all supplies together give 4.0 m3/s" in fault
