"""What a hall's shell says of its air: tiles, partitions, walls, openings and slots."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from tests.geometry.small_facilities import RACK
from tests.layout.toys import facility_of, mistakes_of
from twin.layout.schema import json_schema
from twin.layout.text import read_text
from twin.model.language import Layout, TileArea, Tiles

FULL = """
twin: 1
name: toy
hall:
  size: [20 m, 10 m, 4 m]
  floor: {type: raised, height: 600 mm, leakage: 0.2 %, tiles: {open_area: 56 %, where: fronts, rows: p.s}}
  partitions: [{id: screen, at: [1 m, 2 m], size: [0.2 m, 3 m], height: 2.5 m}]
  walls: {u_value: 0.3 W/(m2 K), outside: 32 degC}
  ceiling_plenum: 900 mm
pods:
  - {id: p, at: [4 m, 2 m], containment: {aisle: hot, gaps: 1 %}, rows: [{id: s, face: south, lineup: [2 x rack]}]}
air:
  openings: [{id: gate, wall: north, at: [2 m, 0 m], size: [3 m, 2.5 m], temperature: 30 degC}]
  slots: [{id: jet, wall: ceiling, at: [3 m, 4 m], size: [1 m, 0.3 m], flow: 500 L/s, temperature: 16 degC}]
"""


def test_the_shell_keeps_what_was_written_with_its_line():
    (shell,) = facility_of(FULL).halls
    (screen,), (gate, jet) = shell.barriers, shell.vents
    assert (screen.id, screen.origin, screen.size, screen.height) == ("screen", (1.0, 2.0), (0.2, 3.0), 2.5)
    assert (gate.wall, gate.at, gate.size, gate.temperature, gate.flow) == (
        "north",
        (2, 0),
        (3, 2.5),
        30,
        None,
    )
    assert (jet.wall, jet.flow, jet.temperature) == ("ceiling", pytest.approx(0.5), 16.0)
    assert (screen.mark.line, gate.mark.line, jet.mark.line) == (7, 13, 14)
    assert shell.walls is not None and shell.walls.u_value == 0.3
    assert shell.ceiling_plenum == pytest.approx(0.9)
    assert shell.tile_rows == ("p.s",)
    assert shell.floor.leakage == pytest.approx(0.002)


def test_what_is_not_written_is_not_there():
    (shell,) = facility_of("pods: []").halls
    assert shell.barriers == shell.vents == () and shell.walls is None and shell.tile_rows is None
    assert shell.floor.tiles == Tiles() and shell.ceiling_plenum == 0.0


def test_tiles_may_be_a_list_of_areas():
    text = FULL.replace("{open_area: 56 %, where: fronts, rows: p.s}", "[{at: [1 m, 2 m], open_area: 40 %}]")
    assert facility_of(text).halls[0].floor.tiles == (TileArea(at=(1.0, 2.0), open_area=0.4),)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("rows: p.s", "rows: q.s", '"q.s" matches no row'),
        ("id: jet", "id: gate", 'id "gate" is already made'),
        ("id: screen", "id: p.s.01", "form that is not allowed"),
        ("wall: north", "wall: up", 'unknown value "up"'),
        ("0.3 W/(m2 K)", "0.3 W/K", "thermal transmittance"),
        ("where: fronts", "where: backs", 'unknown value "backs"'),
        ("flow: 500 L/s", "flow: 0 L/s", "must be more than"),
    ],
)
def test_mistakes_are_told_at_their_place(old, new, message):
    found = mistakes_of(FULL.replace(old, new, 1))
    assert any(message in said for _, said in found), found


def test_halls_that_share_their_air_share_its_openings():
    facility = facility_of(
        """
        twin: 1
        name: toy
        halls: [{id: h, repeat: {count: 2, step: [30 m, 0 m]}, hall: {size: [9 m, 9 m, 4 m]}}]
        air: {openings: [{id: gate, wall: west, at: [1 m, 0 m], size: [1 m, 2 m]}]}
        """
    )
    assert [shell.vents[0].id for shell in facility.halls] == ["h1.gate", "h2.gate"]
    assert {shell.vents[0].mark.line for shell in facility.halls} == {5}


def test_editors_know_the_words():
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.validate(read_text(FULL, "toy.yaml").data, json_schema(Layout))


def test_a_rack_has_one_air_path():
    assert RACK.air_path == "front_to_rear"
    assert RACK.replace(front_to_rear=False).air_path == "side_to_side"
    assert RACK.replace(airflow="front_to_top").air_path == "front_to_top"
    with pytest.raises(ValidationError, match="contradict"):
        RACK.replace(front_to_rear=False, airflow="front_to_rear")


def test_a_fan_curve_falls():
    facility = facility_of("air: {crahs: [{id: c, type: crah, count: 1}]}")
    crah = facility.machines[0].product
    assert crah.replace(fan_head=(300.0, 100.0)).fan_head == (300.0, 100.0)
    with pytest.raises(ValidationError, match="must fall"):
        crah.replace(fan_head=(100.0, 300.0))
