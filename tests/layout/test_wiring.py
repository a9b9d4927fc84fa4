"""The power tree: who hangs on whom."""

from __future__ import annotations

from collections import Counter
from itertools import combinations, pairwise
from math import dist

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.layout.toys import facility_of, ids, mistakes_of, sources
from twin.layout.dealing import deal, pairs
from twin.layout.whips import _Nearest

numbers = st.integers(1, 60)


@given(numbers, numbers)
def test_block_uses_every_upstream_machine_evenly_and_in_order(upstream, downstream):
    dealt = deal("block", upstream, downstream)
    used = Counter(index for sources in dealt for index in sources)
    assert len(dealt) == downstream
    assert all(dealt)
    assert sorted(used) == list(range(upstream))
    if downstream >= upstream:
        assert max(used.values()) - min(used.values()) <= 1
        assert dealt == sorted(dealt)
    else:
        assert [i for group in dealt for i in group] == list(range(upstream))
        assert max(map(len, dealt)) - min(map(len, dealt)) <= 1


@given(numbers, numbers)
def test_round_takes_upstream_machines_in_turn(upstream, downstream):
    assert deal("round", upstream, downstream) == [(i % upstream,) for i in range(downstream)]


def test_common_puts_all_in_parallel():
    assert deal("common", 3, 2) == [(0, 1, 2), (0, 1, 2)]


@given(st.integers(2, 12))
def test_pairs_are_all_pairs_each_once(machines):
    every = machines * (machines - 1) // 2
    assert sorted(pairs(machines, every)) == list(combinations(range(machines), 2))


@given(st.integers(2, 12), st.integers(1, 100))
def test_pairs_load_machines_evenly_however_many_are_taken(machines, count):
    used = Counter(index for pair in pairs(machines, count) for index in pair)
    loads = [used[index] for index in range(machines)]
    assert max(loads) - min(loads) <= (2 if machines % 2 else 1)


TREE = """
pods:
  - id: p
    at: [3 m, 1 m]
    repeat: {count: 2, step: [0 m, 5 m]}
    rows:
      - {id: s, face: south, lineup: [3 x rack]}
      - {id: n, face: north, lineup: [3 x rack]}
power:
  utility: {id: grid, voltage: 11 kV, capacity: 5 MVA}
  generators: [{id: gen, type: gen, count: 2}]
  transformers: [{id: tx, type: tx, count: 2, feeds: [A, B], from: grid}]
  switchboards: [{id: msb, type: board, feeds: [A, B], from: tx}]
  ups: [{id: ups, type: ups, count: 2, feeds: [A, B], from: {A: msb.A, B: msb.B}}]
  busways: [{id: bw, type: busway, along: "row:*", feeds: [A, B], from: ups}]
  whips: [{to: "kind:rack", from: bw, feeds: [A, B], per_rack: 4, breaker: 63 A, cable: wire, length: 4 m}]
"""


def test_sides_stay_apart_from_the_transformers_to_the_cords():
    facility = facility_of(TREE)
    side = {machine.id: machine.feed for machine in facility.machines}
    for feed in facility.feeds:
        if side[feed.to]:
            assert {side[source] for source in feed.sources} <= {side[feed.to], ""}
        for source in feed.sources if side[feed.to] == "" else ():
            assert feed.terminal in ("in", f"in{side[source]}")


def test_a_group_without_count_bears_its_name_and_collects_what_is_upstream():
    facility = facility_of(TREE)
    assert ids(facility, "switchboard") == ["msb.A", "msb.B"]
    assert sources(facility, "msb.A") == {"in": ("tx.A1", "tx.A2")}


def test_a_whip_divides_its_circuits_over_the_feeds_and_takes_the_busway_of_the_row():
    facility = facility_of(TREE)
    assert sources(facility, "p2.n.03") == {"inA": ("bw.A.p2.n",), "inB": ("bw.B.p2.n",)}
    feed = next(feed for feed in facility.feeds if feed.to == "p2.n.03")
    assert (feed.circuits, feed.breaker, feed.length) == (2, 63.0, 4.0)
    assert feed.cable is not None
    assert feed.cable.resistance == pytest.approx(1e-3)
    assert feed.mark.line == 20


def test_a_generator_hangs_on_nothing():
    facility = facility_of(TREE)
    assert sources(facility, "gen1") == {}
    (mistake,) = mistakes_of(TREE.replace("type: gen, count: 2", "type: gen, count: 2, from: grid"))
    assert mistake == ("grid}]", "a generator is a source; it hangs on nothing")


def test_a_transfer_switch_takes_its_inputs_in_order_of_preference():
    facility = facility_of(
        """
        power:
          ups: [{id: a, type: ups, count: 4}, {id: r, type: ups}]
          transfer_switches: [{id: sts, type: sts, count: 4, from: [a, r]}]
        """
    )
    assert sources(facility, "sts3") == {"in1": ("a3",), "in2": ("r",)}
    ranks = {feed.terminal: feed.rank for feed in facility.feeds if feed.to == "sts3"}
    assert ranks == {"in1": 0, "in2": 1}


def test_pairs_give_the_feeds_of_every_row_two_different_machines():
    facility = facility_of(
        TREE.replace(
            "type: ups, count: 2, feeds: [A, B], from: {A: msb.A, B: msb.B}", "type: ups, count: 3"
        ).replace("from: ups}", "from: ups, deal: pairs}")
    )
    rows = [run.id for run in facility.runs]
    sides = [(sources(facility, f"bw.A.{row}")["in"], sources(facility, f"bw.B.{row}")["in"]) for row in rows]
    assert all(len(a) == len(b) == 1 and a != b for a, b in sides)
    assert len({frozenset(a + b) for a, b in sides}) == 3


def test_pairs_need_two_machines():
    text = TREE.replace(
        "type: ups, count: 2, feeds: [A, B], from: {A: msb.A, B: msb.B}", "type: ups"
    ).replace("from: ups}", "from: ups, deal: pairs}")
    assert [message for _, message in mistakes_of(text)] == ["pairs needs at least two machines upstream"]


def test_a_rack_takes_the_sidecar_that_stands_nearest_in_its_row():
    facility = facility_of(
        """
        pods:
          - id: p
            at: [3 m, 1 m]
            rows: [{id: s, face: south, lineup: [sidecar, 4 x rack, sidecar]}]
        power:
          ups: [{id: ups, type: ups, count: 2, feeds: [A, B]}]
          whips:
            - {to: kind:rectifier, from: ups, feeds: [A, B], per_rack: 2}
            - {to: kind:rack, from: kind:rectifier}
        """
    )
    fed = [sources(facility, f"p.s.0{n}")["in"] for n in (2, 3, 4, 5)]
    assert fed == [("p.s.01",), ("p.s.01",), ("p.s.06",), ("p.s.06",)]
    assert sources(facility, "p.s.06") == {"inA": ("ups.A2",), "inB": ("ups.B2",)}


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=20),
    st.integers(0, 9),
    st.integers(0, 9),
)
def test_the_nearest_is_what_a_plain_search_finds(spots, x, y):
    named = [((float(a), float(b)), str(order)) for order, (a, b) in enumerate(spots)]
    plain = min(named, key=lambda spot: round(dist(spot[0], (x, y)), 6))
    assert _Nearest(named).to((float(x), float(y))) == plain[1]


def test_loads_without_a_source_near_share_those_of_the_hall_one_each():
    facility = facility_of(
        """
        air: {crahs: [{id: crah, type: crah, count: 2}]}
        power:
          switchboards: [{id: mech, type: board, count: 4}]
          whips: [{to: crah, from: mech}]
        """
    )
    assert [sources(facility, name)["in"] for name in ("crah1", "crah2")] == [("mech1",), ("mech3",)]


def test_a_rectifier_group_may_have_an_input_for_each_side():
    facility = facility_of(
        """
        power:
          ups: [{id: ups, type: ups, feeds: [A, B]}]
          rectifiers: [{id: dc, type: sidecar, count: 2, from: {A: ups.A, B: ups.B}}]
        """
    )
    assert sources(facility, "dc2") == {"inA": ("ups.A",), "inB": ("ups.B",)}


@pytest.mark.parametrize(
    ("old", "new", "place", "message"),
    [
        (
            "per_rack: 4",
            "per_rack: 3",
            "3, breaker",
            "3 circuits do not divide over 2 feeds; write a multiple of 2",
        ),
        ("per_rack: 4, ", "", "{to:", "1 circuits do not divide over 2 feeds; write a multiple of 2"),
        ("cable: wire", "cable: wirr", "wirr", 'unknown product "wirr"; did you mean "wire"?'),
        ("from: grid}", "from: msb}", "{id:", "power runs in a ring: "),
        ("type: ups, count: 2, feeds", "type: tx, count: 2, feeds", "tx,", '"tx" is of kind transformer'),
        ("B: msb.B}", "C: msb.B}", "{A:", 'from says nothing about feed "B"'),
        ("B: msb.B}", "B: msb.B, C: msb.A}", "msb.A}", 'the group has no feed "C"'),
        ("from: bw, feeds: [A, B]", "from: bw, feeds: [A, C]", "[A, C]", 'nothing under from is on feed "C"'),
        ("from: bw, feeds: [A, B]", "from: bw, feeds: [A, A]", "[A, A]", "a feed is named twice"),
        ('to: "kind:rack"', "to: ups", "ups, from", '"ups" matches no load, only ups "ups.A1" and the like'),
    ],
)
def test_a_mistake_of_the_power_tree_is_told_at_its_place(old, new, place, message):
    found = mistakes_of(TREE.replace(old, new, 1))
    assert any(text.startswith(message) and at.startswith(place) for at, text in found), found


def test_a_load_on_two_whips_of_one_feed_is_a_mistake_that_names_both():
    second = "\n        - {to: p1.s.02, from: bw, feeds: [A]}"
    text = TREE.replace("whips: [{to", "whips:\n        - {to").replace(
        "length: 4 m}]", "length: 4 m}" + second
    )
    assert mistakes_of(text) == [
        ("p1.s.02, from: bw, feeds: [A]}", 'rack "p1.s.02" already has feed A, from toy.yaml:21')
    ]


def test_a_ring_is_told_with_the_whole_way_round():
    found = mistakes_of(
        """
        power:
          switchboards:
            - {id: a, type: board, from: c}
            - {id: b, type: board, from: a}
            - {id: c, type: board, from: b}
        """
    )
    (message,) = [text for _, text in found]
    walk = message.removeprefix("power runs in a ring: ").split(" -> ")
    assert walk[0] == walk[-1]
    assert sorted(walk[:-1]) == ["a", "b", "c"]
    assert all(pair in {("a", "b"), ("b", "c"), ("c", "a")} for pair in pairwise(walk))


def test_a_diamond_is_no_ring():
    assert not mistakes_of(
        """
        power:
          switchboards:
            - {id: a, type: board}
            - {id: b, type: board, count: 2, from: a}
            - {id: c, type: board, from: b}
        """
    )


def test_loads_without_a_feed_are_no_mistake():
    facility = facility_of("equipment: [{id: lone, type: rack, at: [1 m, 1 m]}]")
    assert facility.feeds == ()


def test_feeds_carry_the_line_that_made_them():
    facility = facility_of(TREE)
    line = {feed.to: feed.mark.line for feed in facility.feeds}
    assert line["tx.A1"] == 16
    assert line["bw.B.p1.s"] == 19


def test_shared_busways_prefer_the_sources_of_their_rows_hall():
    facility = facility_of(
        """
        twin: 1
        name: two halls
        halls:
          - id: h
            repeat: {count: 2, step: [60 m, 0 m]}
            hall: {size: [20 m, 10 m, 4 m]}
            pods: [{id: p, at: [3 m, 1 m], rows: [{id: s, face: south, lineup: [2 x rack]}]}]
            power: {ups: [{id: ups, type: ups}]}
        power:
          busways: [{id: bw, type: busway, along: "row:*", from: "type:ups"}]
        """
    )
    assert sources(facility, "bw.h1.p.s") == {"in": ("h1.ups",)}
    assert sources(facility, "bw.h2.p.s") == {"in": ("h2.ups",)}


def test_the_number_of_connections_is_bounded(monkeypatch):
    monkeypatch.setattr("twin.layout.wires.MAX_LINKS", 99)
    text = """
    power:
      ups: [{id: u, type: ups, count: 10}]
      switchboards: [{id: b, type: board, count: 10, from: u, deal: common}]
    """
    ((_, message),) = mistakes_of(text)
    assert message.startswith("more than 99 connections")
    assert not mistakes_of(text.replace("deal: common", "deal: round"))
