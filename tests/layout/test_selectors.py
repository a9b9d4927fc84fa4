"""Selectors name what they say, from the place where they are written."""

from __future__ import annotations

import re

import pytest

from tests.layout.toys import facility_of, mistakes_of
from twin.layout.selectors import Directory, Entry, NoMatch, matching, subjects

ROWS = """
pods:
  - id: p
    at: [3 m, 1 m]
    repeat: {count: 2, step: [0 m, 5 m]}
    rows:
      - {id: s, face: south, lineup: [cdu, 2 x wet_rack]}
      - {id: n, face: north, lineup: [rack]}
liquid:
  plant: [{id: dry, type: dry, count: 2}]
  loops: [{id: tcs, source: "type:cdu", sinks: "type:wet_rack", supply: 40 degC, per: pod}]
power:
  ups: [{id: ups, type: ups, count: 2, feeds: [A, B]}]
  busways: [{id: bw, type: busway, along: "row:*", feeds: [A, B]}]
"""

HALLS = """
twin: 1
name: two halls
halls:
  - id: h
    repeat: {count: 2, step: [40 m, 0 m]}
    hall: {size: [20 m, 10 m, 4 m]}
    pods: [{id: p, at: [3 m, 1 m], rows: [{id: s, face: south, lineup: [2 x rack]}]}]
    power:
      ups: [{id: ups, type: ups, count: 2, from: tx}]
      whips: [{to: "row:p.s", from: ups}]
power:
  transformers: [{id: tx, type: tx, count: 2}]
"""


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("p1.s.02", ["p1.s.02"]),
        ("p1.s", ["p1.s.01", "p1.s.02", "p1.s.03"]),
        ("p?.n.*", ["p1.n.01", "p2.n.01"]),
        ("dry", ["dry1", "dry2"]),
        ("ups", ["ups.A1", "ups.A2", "ups.B1", "ups.B2"]),
        ("ups.B", ["ups.B1", "ups.B2"]),
        ("bw.A", ["bw.A.p1.s", "bw.A.p1.n", "bw.A.p2.s", "bw.A.p2.n"]),
        ("type:wet_*", ["p1.s.02", "p1.s.03", "p2.s.02", "p2.s.03"]),
        ("kind:cdu", ["p1.s.01", "p2.s.01"]),
        ("row:*.n", ["p1.n.01", "p2.n.01", "bw.A.p1.n", "bw.A.p2.n", "bw.B.p1.n", "bw.B.p2.n"]),
    ],
)
def test_every_form_matches_in_the_order_of_the_layout(selector, expected):
    assert list(matching(facility_of(ROWS), selector)) == expected


def test_pod_selects_positions_and_busways_of_the_pod():
    found = matching(facility_of(ROWS), "pod:p2")
    assert {name.removeprefix("bw.A.").removeprefix("bw.B.")[:2] for name in found} == {"p2"}
    assert len(found) == 4 + 4


def test_several_selectors_make_a_union_in_the_order_written_without_repeats():
    assert matching(facility_of(ROWS), ("dry2", "dry", "p1.n")) == ("dry2", "dry1", "p1.n.01")


def test_a_selector_that_matches_nothing_says_what_is_near():
    with pytest.raises(NoMatch, match='did you mean "type:wet_rack"'):
        matching(facility_of(ROWS), "type:wet_rac")
    with pytest.raises(NoMatch, match='did you mean "ups"'):
        matching(facility_of(ROWS), "upss")
    with pytest.raises(NoMatch, match='did you mean "type"'):
        matching(facility_of(ROWS), "typ:rack")


def test_subjects_are_also_loops_pods_and_rows():
    facility = facility_of(ROWS)
    assert subjects(facility, "tcs.*") == ("tcs.p1", "tcs.p2")
    assert "p1" in subjects(facility, "p1")
    with pytest.raises(NoMatch):
        matching(facility, "tcs.*")


def test_a_directory_keeps_to_the_facility_it_was_made_for():
    one = facility_of(ROWS)
    other = facility_of(ROWS.replace("count: 2, step", "count: 1, step"))
    assert len(matching(one, "kind:rack")) == 6
    assert len(matching(other, "kind:rack")) == 3
    assert len(matching(one, "kind:rack")) == 6


def test_in_a_hall_block_names_leave_the_hall_out_and_mean_that_hall():
    facility = facility_of(HALLS)
    feeds = {feed.to: feed.sources for feed in facility.feeds}
    assert feeds["h1.p.s.01"] == ("h1.ups1",)
    assert feeds["h2.p.s.02"] == ("h2.ups2",)


def test_in_a_hall_block_what_all_halls_share_is_found_when_the_hall_has_no_such_thing():
    feeds = {feed.to: feed.sources for feed in facility_of(HALLS).feeds}
    assert feeds["h1.ups1"] == ("tx1",)
    assert feeds["h2.ups2"] == ("tx2",)


def test_at_the_top_level_everything_is_seen_by_its_full_name():
    facility = facility_of(HALLS)
    assert matching(facility, "h2.ups") == ("h2.ups1", "h2.ups2")
    assert matching(facility, "hall:h1") == ("h1.p.s.01", "h1.p.s.02", "h1.ups1", "h1.ups2")
    with pytest.raises(NoMatch, match=r'did you mean "h[12].ups1"'):
        matching(facility, "ups1")


@pytest.mark.parametrize(
    ("selector", "fix"),
    [("kind:rear_door", 'write "kind:rack"'), ("kind:row", 'write "row:*"'), ("kind:hall", 'write "hall:*"')],
)
def test_a_word_that_is_no_kind_of_machine_leads_to_what_is_meant(selector, fix):
    with pytest.raises(NoMatch, match=re.escape(fix)):
        matching(facility_of(HALLS), selector)


def test_a_wrong_selector_of_a_hall_block_is_told_once_for_all_copies():
    (mistake,) = mistakes_of(HALLS.replace("from: tx}", "from: ty}"))
    assert mistake[1].startswith('"ty" matches nothing')


def test_a_pattern_with_brackets_and_question_marks():
    directory = Directory([Entry(name, name) for name in ("a1", "a2", "b1")])
    assert directory.find("[ab]1") == ("a1", "b1")
    assert directory.find("a?") == ("a1", "a2")


def test_patterns_are_case_sensitive():
    directory = Directory([Entry("ups.A1", "ups.A1"), Entry("ups.a1", "ups.a1")])
    assert directory.find("ups.a*") == ("ups.a1",)


@pytest.mark.parametrize(
    "line",
    [
        "liquid: {loops: [{id: x, source: nosuch, sinks: kind:cdu, supply: 30 degC}]}",
        "liquid: {loops: [{id: x, source: kind:cdu, sinks: nosuch, supply: 30 degC}]}",
        "liquid: {loops: [{id: x, source: kind:cdu, sinks: wet, pumps: nosuch, supply: 30 degC}]}",
        "power: {ups: [{id: u, type: ups, from: nosuch}]}",
        "power: {ups: [{id: u, type: ups, feeds: [A], from: {A: nosuch}}]}",
        "power: {ups: [{id: u, type: ups, from: [nosuch]}]}",
        "power: {busways: [{id: u, type: busway, along: nosuch}]}",
        "power: {ups: [{id: u, type: ups}], whips: [{to: nosuch, from: u}]}",
        "power: {whips: [{to: wet, from: nosuch}]}",
        "trays: [{id: t, along: nosuch}]",
        "limits: [{what: rack.inlet_temperature, select: nosuch, max: 27 degC}]",
        "limits: [{what: rack.inlet_temperature, max: 27 degC, during: [normal, lose:nosuch]}]",
        "waive: [{rule: PWR-001, select: nosuch, reason: because it is a test}]",
    ],
)
def test_a_selector_that_matches_nothing_is_a_mistake_at_its_place(line):
    equipment = (
        "\nequipment: [{id: wet, type: wet_rack, at: [1 m, 1 m]}, {id: c, type: cdu, at: [4 m, 1 m]}]\n"
    )
    (mistake,) = mistakes_of(equipment + line)
    assert mistake[0].startswith(("nosuch", "lose:nosuch"))
    assert '"nosuch" matches no' in mistake[1]
