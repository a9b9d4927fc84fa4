"""Expansion: ids, places, zones, loops and the mistakes on the way."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.layout.toys import facility_of, ids, mistakes_of
from twin.layout.placement import Ground, Yard, along_wall
from twin.layout.population import Item, read_item

PODS = """
pods:
  - id: p
    at: [3 m, 1 m]
    repeat: {count: 2, step: [0 m, 5 m]}
    containment: {aisle: hot, width: 1800 mm}
    rows:
      - {id: s, face: south, lineup: [cdu, 2 x wet_rack, gap 600 mm, rack]}
      - {id: n, face: north, lineup: [2 x wet_rack, rack]}
"""


def origin(facility, machine):
    return pytest.approx(facility.by_id[machine].origin)


# -- names -------------------------------------------------------------------------------------------------


def test_positions_are_named_by_pod_row_and_place_in_the_lineup():
    facility = facility_of(PODS)
    assert [run.id for run in facility.runs] == ["p1.s", "p1.n", "p2.s", "p2.n"]
    assert facility.runs[0].machines == ("p1.s.01", "p1.s.02", "p1.s.03", "p1.s.04")
    assert [facility.by_id[name].type for name in facility.runs[0].machines] == [
        "cdu",
        "wet_rack",
        "wet_rack",
        "rack",
    ]
    machine = facility.by_id["p2.n.03"]
    assert (machine.group, machine.pod, machine.row, machine.hall) == ("p2.n", "p2", "p2.n", "")
    assert machine.indoors


def test_a_pod_without_repeat_bears_its_own_name():
    facility = facility_of(PODS.replace("    repeat: {count: 2, step: [0 m, 5 m]}\n", ""))
    assert [zone.id for zone in facility.zones] == ["p"]
    assert facility.zones[0].rows == ("p.s", "p.n")
    assert facility.zones[0].containment.aisle == "hot"


def test_a_row_of_a_hundred_counts_with_three_digits():
    text = "pods: [{id: p, at: [0 m, 0 m], rows: [{id: s, face: south, lineup: [100 x rack]}]}]"
    assert facility_of(text).runs[0].machines[::99] == ("p.s.001", "p.s.100")


def test_groups_count_from_one_and_sides_stand_before_the_number():
    facility = facility_of(
        """
        liquid: {plant: [{id: dry, type: dry, count: 11, spare: 1}]}
        equipment:
          - {id: e, type: rack, at: [1 m, 1 m], repeat: {count: 2, step: [1 m, 0 m]}}
          - {id: x, type: rack, at: [5 m, 1 m]}
        power:
          utility: {id: grid, voltage: 11 kV, capacity: 5 MVA}
          ups: [{id: ups, type: ups, count: 2, feeds: [A, B]}]
          switchboards: [{id: msb, type: board, feeds: [A, B]}, {id: mech, type: board}]
        """
    )
    assert ids(facility, "dry_cooler") == [f"dry{n}" for n in range(1, 12)]
    assert {machine.spare for machine in facility.of_kind("dry_cooler")} == {1}
    assert ids(facility, "rack") == ["e1", "e2", "x"]
    assert ids(facility, "ups") == ["ups.A1", "ups.A2", "ups.B1", "ups.B2"]
    assert ids(facility, "switchboard") == ["msb.A", "msb.B", "mech"]
    assert {m.id: (m.group, m.feed) for m in facility.of_kind("ups")}["ups.B1"] == ("ups.B", "B")
    grid = facility.by_id["grid"].product
    assert (grid.voltage, grid.capacity, grid.source) == (11e3, 5e6, "layout")


def test_machines_carry_the_line_of_the_entry_that_made_them():
    facility = facility_of(
        """
        twin: 1
        name: lines
        hall: {size: [20 m, 10 m, 4 m]}
        pods:
          - id: p
            at: [3 m, 1 m]
            rows:
              - id: s
                face: south
                lineup:
                  - cdu
                  - 2 x rack
        """
    )
    assert [facility.by_id[f"p.s.0{n}"].mark.line for n in (1, 2, 3)] == [12, 13, 13]
    assert (facility.runs[0].mark.line, facility.zones[0].mark.line) == (9, 6)
    assert str(facility.halls[0].mark) == "toy.yaml:4"


# -- places ------------------------------------------------------------------------------------------------


def test_rows_stack_with_the_containment_between_and_copies_step():
    facility = facility_of(PODS)
    assert origin(facility, "p1.s.01") == (3.0, 1.0, 0.0)
    assert origin(facility, "p1.s.02") == (3.8, 1.0, 0.0)
    assert origin(facility, "p1.s.04") == (3.8 + 2 * 0.6 + 0.6, 1.0, 0.0)
    assert facility.runs[1].origin == pytest.approx((3.0, 1.0 + 1.2 + 1.8))
    assert origin(facility, "p2.s.01") == (3.0, 6.0, 0.0)
    assert facility.runs[0].length == pytest.approx(0.8 + 3 * 0.6 + 0.6)
    assert facility.runs[0].depth == 1.2


@pytest.mark.parametrize("face", ["north", "south", "east", "west"])
def test_machines_of_a_row_stand_in_line_at_their_fronts(face):
    text = f"pods: [{{id: p, at: [2 m, 2 m], rows: [{{id: s, face: {face}, lineup: [rack, wet_rack]}}]}}]"
    facility = facility_of(text)
    fronts = []
    for machine in facility.machines:
        x, y, _ = machine.origin
        dx, dy, _ = machine.extent
        fronts.append({"south": y, "north": y + dy, "west": x, "east": x + dx}[face])
    assert fronts[0] == pytest.approx(fronts[1])
    along = facility.machines[1].origin[0 if face in ("north", "south") else 1]
    assert along == pytest.approx(2.6)
    assert facility.runs[0].axis == ("x" if face in ("north", "south") else "y")
    for machine in facility.machines:
        assert machine.origin[0] >= 2
        assert machine.origin[1] >= 2


def test_rows_facing_east_stack_to_the_east():
    text = """
    pods:
      - id: p
        at: [1 m, 1 m]
        containment: {width: 2 m}
        rows: [{id: w, face: west, lineup: [rack]}, {id: e, face: east, lineup: [rack]}]
    """
    assert facility_of(text).runs[1].origin == pytest.approx((1 + 1.2 + 2, 1))


def test_a_row_with_its_own_place_is_where_it_says():
    text = PODS.replace("id: n, face: north", "id: n, face: north, at: [500 mm, 3500 mm]")
    assert facility_of(text).runs[1].origin == pytest.approx((3.5, 4.5))


@pytest.mark.parametrize(
    ("wall", "face", "corner"),
    [
        ("west", "east", (0, 4)),
        ("east", "west", (19, 4)),
        ("south", "north", (9, 0)),
        ("north", "south", (9, 9)),
    ],
)
def test_air_handlers_stand_inside_with_their_backs_to_the_wall(wall, face, corner):
    facility = facility_of(
        f"air: {{crahs: [{{id: c, type: crah, along: {wall}, count: 1, supply: 22 degC}}]}}"
    )
    machine = facility.by_id["c1"]
    assert machine.origin[:2] == pytest.approx(corner)
    assert (machine.face, machine.setpoint, machine.indoors) == (face, 22.0, True)


def test_air_handlers_of_two_groups_share_a_wall():
    places = along_wall((0, 0, 20, 10), "south", [(2.0, 1.0, 2.0), (2.0, 1.0, 2.0), (4.0, 1.0, 2.0)])
    assert [x for x, _ in places] == pytest.approx([2.0, 8.0, 14.0])


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["north", "west"]),
            st.integers(0, 1),
            st.integers(1, 30),
            st.floats(0.3, 12),
            st.floats(0.3, 5),
            st.floats(0, 3),
        ),
        max_size=12,
    )
)
def test_nothing_in_the_yards_overlaps(groups):
    halls = [(0.0, 0.0, 20.0, 10.0), (25.0, 12.0, 45.0, 30.0)]
    ground = Ground(list(halls))
    yards = {(side, hall): Yard(ground, halls[hall], side) for side in ("north", "west") for hall in (0, 1)}
    boxes = list(halls)
    for side, hall, count, width, depth, clearance in groups:
        dx, dy = (width, depth) if side == "north" else (depth, width)
        places = yards[side, hall].place(count, (width, depth, 2.0), (clearance, 0.0))
        boxes += [(x, y, x + dx, y + dy) for x, y in places]
    tiny = 1e-5
    for a, b in combinations(boxes, 2):
        apart = a[2] <= b[0] + tiny or b[2] <= a[0] + tiny or a[3] <= b[1] + tiny or b[3] <= a[1] + tiny
        assert apart


def test_plant_stands_north_and_power_west_of_the_hall():
    facility = facility_of(
        """
        liquid: {plant: [{id: dry, type: dry, count: 4}], pumps: [{id: pump, type: pump, count: 2}]}
        power:
          utility: {id: grid, voltage: 11 kV, capacity: 5 MVA}
          generators: [{id: gen, type: gen, count: 2}]
          ups: [{id: ups, type: ups, count: 3, feeds: [A, B]}]
        """
    )
    for machine in facility.of_kind("dry_cooler", "pump"):
        assert machine.origin[1] >= 10 + 3
        assert not machine.indoors
    for machine in facility.of_kind("ups", "generator", "utility"):
        assert machine.origin[0] + machine.extent[0] <= -3
        assert not machine.indoors
    side = {m.id: m.origin[0] for m in facility.machines}
    assert side["ups.A1"] == side["ups.A3"] != side["ups.B1"]
    assert side["grid"] < side["gen1"] < side["ups.B1"]


def test_a_power_group_with_a_place_inside_the_hall_is_indoors():
    facility = facility_of("power: {pdus: [{id: pdu, type: rpp, count: 2, at: [1 m, 2 m]}]}")
    assert origin(facility, "pdu1") == (1.0, 2.0, 0.0)
    assert facility.by_id["pdu1"].indoors
    assert facility.by_id["pdu2"].origin[1] > 2.6


def test_busways_hang_over_their_rows():
    facility = facility_of(
        PODS + "power: {busways: [{id: bw, type: busway, along: 'row:*.n', height: 2800 mm}]}"
    )
    assert ids(facility, "busway") == ["bw.p1.n", "bw.p2.n"]
    machine = facility.by_id["bw.p2.n"]
    assert machine.origin == pytest.approx((3.0, 6 + 3.0, 2.8))
    assert (machine.pod, machine.row) == (
        "p2",
        "p2.n",
    )


def test_trays_run_along_rows():
    facility = facility_of(PODS + "trays: [{id: tray, along: 'p1.*'}]")
    assert [(tray.id, tray.row) for tray in facility.trays] == [("tray.p1.s", "p1.s"), ("tray.p1.n", "p1.n")]


def test_a_rear_door_hangs_on_the_racks_of_its_row_alone():
    text = PODS.replace("id: s, face: south", "id: s, face: south, rear_door: door")
    facility = facility_of(text)
    hosts = ["p1.s.02", "p1.s.03", "p1.s.04", "p2.s.02", "p2.s.03", "p2.s.04"]
    assert [machine.id for machine in facility.machines if machine.rear_door] == hosts
    assert [(door.id, door.host, door.type) for door in facility.doors] == [
        (f"{host}.door", host, "door") for host in hosts
    ]
    assert not {door.id for door in facility.doors} & {machine.id for machine in facility.machines}
    assert facility.of_kind("rear_door") == facility.doors


# -- several halls -----------------------------------------------------------------------------------------

HALLS = """
twin: 1
name: three halls
halls:
  - id: h
    at: [10 m, 0 m]
    repeat: {count: 2, step: [25 m, 0 m]}
    hall: {size: [20 m, 10 m, 4 m], columns: [{at: [10 m, 5 m]}]}
    pods: [{id: p, at: [3 m, 1 m], rows: [{id: s, face: south, lineup: [cdu, 2 x wet_rack]}]}]
    liquid:
      plant: [{id: dry, type: dry, count: 4}]
      loops:
        - {id: fws, source: dry, sinks: "kind:cdu", supply: 30 degC}
        - {id: tcs, source: "kind:cdu", sinks: "pod:p", supply: 40 degC, per: pod}
    power: {ups: [{id: ups, type: ups, count: 12, feeds: [A, B], from: tx}]}
  - id: office
    at: [10 m, 40 m]
    hall: {size: [5 m, 5 m, 3 m]}
    equipment: [{id: e, type: rack, at: [1 m, 1 m]}]
liquid: {plant: [{id: chiller, type: chiller, count: 9}]}
power: {transformers: [{id: tx, type: tx, count: 2}]}
"""


def test_what_is_in_a_hall_has_its_name_in_front_and_its_corner_as_origin():
    facility = facility_of(HALLS)
    assert [hall.id for hall in facility.halls] == ["h1", "h2", "office"]
    assert facility.by_id["h2.p.s.01"].origin == pytest.approx((10 + 25 + 3, 1, 0))
    assert facility.by_id["office.e"].origin == pytest.approx((11, 41, 0))
    assert facility.halls[1].columns == ((45.0, 5.0, 0.6, 0.6),)
    machine = facility.by_id["h1.ups.A1"]
    assert (machine.hall, machine.group) == ("h1", "h1.ups.A")
    assert facility.by_id["tx1"].hall is None
    assert facility.by_id["h2.p.s.02"].row == "h2.p.s"


def test_nothing_outside_several_halls_overlaps():
    facility = facility_of(HALLS)
    boxes = [(*h.origin, h.origin[0] + h.size[0], h.origin[1] + h.size[1]) for h in facility.halls]
    for machine in facility.machines:
        if not machine.indoors:
            x, y, _ = machine.origin
            boxes.append((x, y, x + machine.extent[0], y + machine.extent[1]))
    for a, b in combinations(boxes, 2):
        assert a[2] <= b[0] + 1e-6 or b[2] <= a[0] + 1e-6 or a[3] <= b[1] + 1e-6 or b[3] <= a[1] + 1e-6


def test_loops_of_a_hall_bear_its_name():
    facility = facility_of(HALLS)
    assert [circuit.id for circuit in facility.circuits] == ["h1.fws", "h1.tcs.p", "h2.fws", "h2.tcs.p"]
    assert facility.circuits[3].sinks == ("h2.p.s.02", "h2.p.s.03")


def test_rooms_of_several_halls_are_written_in_a_hall():
    found = mistakes_of(
        HALLS + "pods: [{id: q, at: [0 m, 0 m], rows: [{id: s, face: south, lineup: [rack]}]}]\n"
    )
    assert [message for _, message in found] == [
        "with several halls, pods belong inside one of them (halls: [{..., pods: ...}])"
    ]


# -- loops -------------------------------------------------------------------------------------------------

LOOPS = (
    PODS
    + """
air: {crahs: [{id: crah, type: crah, count: 2}]}
liquid:
  plant: [{id: chiller, type: chiller, count: 2}, {id: dry, type: dry, count: 2}]
  pumps: [{id: pump, type: pump, count: 2, spare: 1}]
  loops:
    - {id: cw, source: dry, sinks: chiller, pumps: pump, supply: 30 degC}
    - {id: chw, source: chiller, sinks: [crah, "kind:cdu"], supply: 18 degC}
    - {id: tcs, fluid: pg25, source: "type:cdu", sinks: "type:wet_*", supply: 40 degC, per: PER}
"""
)


def circuits(per):
    return {circuit.id: circuit for circuit in facility_of(LOOPS.replace("PER", per)).circuits}


def test_a_loop_per_pod_takes_what_is_in_the_pod():
    found = circuits("pod")
    assert list(found) == ["cw", "chw", "tcs.p1", "tcs.p2"]
    assert found["tcs.p2"].sources == ("p2.s.01",)
    assert found["tcs.p2"].sinks == ("p2.s.02", "p2.s.03", "p2.n.01", "p2.n.02")
    assert found["cw"].pumps == ("pump1", "pump2")
    assert found["tcs.p1"].fluid == "pg25"


def test_a_row_without_source_keeps_its_loop_and_a_place_without_sinks_gets_none():
    found = circuits("row")
    assert found["tcs.p1.n"].sources == ()
    assert found["tcs.p1.s"].sources == ("p1.s.01",)
    text = LOOPS.replace("PER", "row").replace("type:wet_*", "row:*.s")
    assert "tcs.p1.n" not in {circuit.id for circuit in facility_of(text).circuits}


def test_a_loop_of_the_facility_or_of_the_single_hall_bears_its_own_name():
    assert list(circuits("facility"))[-1] == "tcs"
    assert list(circuits("hall"))[-1] == "tcs"
    assert len(circuits("hall")["tcs"].sinks) == 8


def test_wide_selectors_leave_out_what_the_loop_cannot_cool():
    text = LOOPS.replace("PER", "pod").replace('sinks: "type:wet_*"', 'sinks: "pod:*"')
    circuit = next(circuit for circuit in facility_of(text).circuits if circuit.id == "tcs.p1")
    assert circuit.sinks == ("p1.s.02", "p1.s.03", "p1.n.01", "p1.n.02")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "{id: x, source: dry, sinks: crah, supply: 9 degC}",
            '"crah1" is a sink of loop "chw" (toy.yaml:21) already',
        ),
        ("{id: x, source: dry, sinks: type:rack, supply: 9 degC}", 'rack "p1.s.04" takes no coolant'),
        (
            "{id: x, source: pump, sinks: crah, supply: 9 degC}",
            '"pump" matches no source of a loop, only pump',
        ),
        ("{id: chw, source: dry, sinks: crah, supply: 9 degC}", 'id "chw" is already made at toy.yaml:21'),
    ],
)
def test_a_wrong_loop_is_a_mistake(line, message):
    text = LOOPS.replace("PER", "pod") + f"    - {line}\n"
    assert any(found.startswith(message) for _, found in mistakes_of(text)), mistakes_of(text)


# -- site, limits ------------------------------------------------------------------------------------------


def test_the_site_is_looked_up_and_what_nobody_says_is_assumed():
    place = facility_of("site: {climate: phoenix, grid: us-az, electricity_price: 50 USD/MWh}").place
    assert place.outdoor.dry_bulb > 40
    assert place.elevation == pytest.approx(337, abs=20)
    assert place.electricity_price == pytest.approx(0.05 / 3.6e6)
    assert place.sources["electricity_price"] == "layout"
    assert place.sources["water_price"] == "assumed"
    assert place.sources["outdoor"] not in ("assumed", "layout")
    nowhere = facility_of("").place
    assert (nowhere.outdoor.dry_bulb, nowhere.outdoor.wet_bulb, nowhere.grid) == (35.0, 24.0, "world")
    assert nowhere.carbon_intensity == pytest.approx(0.44 / 3.6e6)
    assert set(nowhere.sources.values()) == {"assumed"}


def test_an_unknown_climate_is_a_mistake():
    (mistake,) = mistakes_of("site: {climate: phenix}")
    assert mistake[0].startswith("phenix")
    assert 'did you mean "phoenix"' in mistake[1]


def test_limits_and_waivers_keep_their_lines():
    facility = facility_of(
        PODS
        + """
limits: [{what: rack.inlet_temperature, select: "pod:p1", max: 27 degC, during: [normal, "lose:p1.s.01"]}]
waive: [{rule: GEO-001, select: p1, reason: the door is wide enough}]
"""
    )
    assert [mark.line for _, mark in (*facility.limits, *facility.waivers)] == [15, 16]


def test_an_unknown_state_is_a_mistake():
    (mistake,) = mistakes_of("limits: [{what: site.pue, max: 1.2, during: [norml]}]")
    assert mistake[1].startswith('unknown state "norml"; did you mean "normal"?')


# -- mistakes ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        (
            "equipment: [{id: e, type: rak, at: [1 m, 1 m]}]",
            "rak",
            'unknown product "rak"; did you mean "rack"?',
        ),
        ("power: {ups: [{id: u, type: tx}]}", "tx", '"tx" is of kind transformer, which cannot stand here'),
        (
            "air: {crahs: [{id: c, type: cdu, count: 1}]}",
            "cdu",
            '"cdu" is of kind cdu, which cannot stand here',
        ),
        ("power: {ups: [{id: u, type: ups, along: x}]}", "x}", "only busways run along rows"),
        ("power: {busways: [{id: u, type: busway}]}", "{id", "a busway runs along rows"),
        (PODS.replace("cdu, 2 x", "cduu, 2 x"), "cduu", 'unknown product "cduu"; did you mean "cdu"?'),
        (
            PODS.replace("gap 600 mm", "gap 600"),
            "gap 600",
            '"gap 600" is not an entry of a lineup; gap: bare number',
        ),
        (PODS.replace("gap 600 mm", "2 rack"), "2 rack", '"2 rack" is not an entry of a lineup'),
        (PODS.replace("id: n,", "id: s,"), "{id: s, face: north", 'id "p1.s" is already made at toy.yaml:12'),
        (
            "equipment: [{id: a1, type: rack, at: [1 m, 1 m]}]\n"
            "liquid: {plant: [{id: a, type: dry, count: 2}]}",
            "{id: a, ",
            'id "a1" is already made at toy.yaml:5; ids are given once',
        ),
    ],
)
def test_a_mistake_is_told_at_its_place(text, place, message):
    (mistake,) = mistakes_of(text)
    assert mistake[0].startswith(place)
    assert mistake[1].startswith(message)


def test_all_mistakes_are_told_at_once():
    found = mistakes_of(
        """
        site: {climate: atlantis}
        equipment: [{id: e, type: rak, at: [1 m, 1 m]}]
        liquid: {loops: [{id: l, source: a, sinks: b, supply: 20 degC}]}
        power: {ups: [{id: u, type: nosuch, from: c}], whips: [{to: d, from: f}]}
        """
    )
    assert len(found) == 7


@pytest.mark.parametrize("count", ["200001", "1000000000", "999999999999999999999999"])
def test_a_giant_lineup_is_refused_before_it_is_made(count):
    text = PODS.replace("2 x wet_rack, gap", f"{count} x wet_rack, gap")
    ((place, message),) = mistakes_of(text)
    assert place.startswith(count)
    assert "at most 200000" in message or "lineup" in message


@pytest.mark.parametrize(
    "text",
    [
        f"liquid: {{plant: [{', '.join(f'{{id: a{k}, type: dry, count: 1000}}' for k in range(200))}]}}\n"
        "air: {crahs: [{id: c, type: crah, count: 9}]}",
        PODS.replace("count: 2, step", "count: 100000, step"),
        "power: {ups: [{id: a, type: ups, count: 100000, feeds: [A, B, C]}]}",
        PODS.replace("count: 2, step", "count: 9000, step")
        + "power: {busways: [{id: b, type: busway, along: 'row:*', feeds: [A, B, C, D, E, F, G, H]}]}",
    ],
)
def test_a_giant_layout_is_refused(text):
    ((_, message),) = mistakes_of(text)
    assert "at most 200000" in message


def test_too_many_halls_are_refused():
    ((_, message),) = mistakes_of(HALLS.replace("count: 2, step", "count: 100000, step"))
    assert "at most 100" in message


@pytest.mark.parametrize(
    ("text", "item"),
    [
        ("cdu_2300kw", Item("cdu_2300kw", 1)),
        ("16 x gb300_nvl72", Item("gb300_nvl72", 16)),
        ("16x gb300_nvl72", Item("gb300_nvl72", 16)),
        ("0 x rack", Item("rack", 0)),
        ("gap 600 mm", Item(gap=0.6)),
    ],
)
def test_an_entry_of_a_lineup_reads_as_it_looks(text, item):
    assert read_item(text) == item


@pytest.mark.parametrize(
    "text", ["", "gap", "gap -1 m", "gap 2 kW", "two x rack", "2 x", "1.5 x rack", "-1 x rack"]
)
def test_what_is_no_entry_of_a_lineup_is_refused(text):
    with pytest.raises(ValueError):
        read_item(text)


def test_ten_thousand_positions_expand():
    text = (
        PODS.replace("count: 2, step", "count: 100, step").replace("2 x wet_rack", "48 x wet_rack")
        + """
liquid: {loops: [{id: tcs, source: "kind:cdu", sinks: "type:wet_*", supply: 40 degC, per: pod}]}
power:
  ups: [{id: ups, type: ups, count: 50, feeds: [A, B]}]
  busways: [{id: bw, type: busway, along: "row:*", feeds: [A, B], from: ups}]
  whips: [{to: ["kind:rack", "kind:cdu"], from: bw, feeds: [A, B], per_rack: 2}]
"""
    )
    facility = facility_of(text)
    assert len(facility.machines) > 9_900
    assert len(facility.feeds) > 19_000
