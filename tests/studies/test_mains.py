"""Mains that are shut piece by piece, vessels, and the names of what is wrong with the hydraulics."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from solvers.fluids import FLUIDS
from solvers.hydraulics import network, suction
from tests.studied import studied
from twin.checks import judge
from twin.coupling import normal_state
from twin.layout.load import load, load_text
from twin.studies.basis import Basis
from twin.studies.mains import mains, segment_name
from twin.studies.mains_faults import hydraulic_faults
from twin.studies.mains_flow import duty, shut_pieces
from twin.studies.mains_vessel import loop_volume, sized

LAYOUTS = Path(__file__).parents[2] / "layouts"
HALL = """
twin: 1
name: Two pods
hall: {size: [14 m, 16 m, 5 m], floor: {load_limit: 30 kPa}}
pods:
  - id: p
    at: [2 m, 3 m]
    repeat: {count: 2, step: [0 m, 5 m]}
    rows: [{id: s, face: south, lineup: [cdu_1300kw, 5 x gb300_nvl72, cdu_1300kw]}]
air: {crahs: [{id: crah, type: crah_150kw, count: 3, spare: 1, supply: 22 degC}]}
liquid:
  plant: [{id: dry, type: dry_cooler_1mw, count: 3}, {id: ch, type: chiller_ac_1200kw, count: 1}]
  pumps: [{id: fwp, type: pump_60ls, count: 2}, {id: chp, type: pump_25ls, count: 1}]
  loops:
    - {id: fws, source: dry, sinks: "kind:cdu", pumps: fwp, supply: 34 degC}
    - {id: tcs, fluid: pg25, source: "kind:cdu", sinks: "type:gb300_nvl72", supply: 40 degC, per: pod}
    - {id: chw, source: ch, sinks: "kind:crah", pumps: chp, supply: 14 degC}
power:
  utility: {id: grid, voltage: 415 V, capacity: 8 MVA}
  switchboards: [{id: swb, type: swb_4000a_415v, from: grid}]
  whips: [{to: ["kind:rack", "kind:cdu", "kind:crah", dry, ch, fwp, chp], from: swb, per_rack: 4}]
"""
GOAL = "redundancy: {goal: concurrent}\n"


def written(**loops: str) -> str:
    """The hall with more keys in its loops."""
    text = HALL
    for name, more in loops.items():
        (line,) = [line for line in text.splitlines() if f"{{id: {name}," in line and "source:" in line]
        text = text.replace(line, line.removesuffix("}") + f", {more}}}")
    return text


@cache
def basis(text: str) -> Basis:
    found = normal_state(load_text(text))
    assert found is not None
    return found


def number(made: Basis, name: str) -> int:
    return next(k for k, loop in enumerate(made.world.loops) if loop.circuit.id == name)


RINGS = {name: "mains: ring" for name in ("fws", "tcs", "chw")}


# -- pieces --------------------------------------------------------------------------------------------------------------


def test_a_piece_of_a_tree_cuts_off_all_that_lies_behind_it():
    made = basis(HALL)
    table = mains(made)[0]["segment"]
    for loop in made.world.loops:
        count = len(loop.circuit.sinks)
        rows = [table.index(segment_name(loop.circuit.id, piece)) for piece in range(count)]
        assert table["sinks_without"][rows].tolist() == list(range(count, 0, -1))
    racks = table["racks_lost"]
    assert racks[table.index("tcs.p1.seg01")] == 5 and racks[table.index("tcs.p2.seg05")] == 1
    assert racks[table.index("fws.seg01")] == 10  # no CDU, no coolant


def test_a_ring_leaves_every_sink_its_flow():
    tables, answer = mains(basis(written(**RINGS)))
    table = tables["segment"]
    assert len(table.ids) == (4 + 1) + 2 * (5 + 1) + (3 + 1)  # one piece more than sinks: it closes the ring
    assert (table["sinks_without"] == 0).all() and (table["racks_lost"] == 0).all()
    np.testing.assert_allclose(
        table["least_share"], 1.0, rtol=1e-6
    )  # limiters hold: the tolerance of the solve
    assert sum(": yes, all" in words for words in answer["sentences"]) == 3


def test_the_study_says_what_a_ring_would_bring():
    answer = mains(basis(HALL))[1]
    told = [
        words for words in answer["sentences"] if "tcs.p1 (and 1 like it)" in words and "any piece" in words
    ]
    assert told == [
        "any piece of the tree of tcs.p1 (and 1 like it) may be shut without loss: no, 5 of 5 cost flow; the worst (between "
        "the sources and p1.s.06) cuts off 5 of 5 sinks, which costs 5 racks; as a ring none would"
    ]
    assert answer["segments"]["fws.seg02"].startswith("between p")


def test_a_shut_piece_is_a_network_without_it():
    """Second method: the two pipes taken out of the problem instead of closed."""
    made = basis(written(**RINGS))
    loop, asked = made.world.loops[number(made, "tcs.p1")], duty(made, number(made, "tcs.p1"))
    weak = asked.limit * 3.0  # more than the pumps reach, so that every pipe counts
    asked = type(asked)(asked.source, asked.pump, asked.sink, weak, asked.speed)
    found = shut_pieces(loop, asked)
    whole = loop.problem(
        asked.source[None], asked.pump[None], asked.sink[None], asked.limit[None], np.array([asked.speed])
    )
    for piece, pair in enumerate(loop.segment_link):
        keep = ~np.isin(np.arange(np.size(whole.link_from)), pair)
        fields = {
            name: np.asarray(value)[..., keep]
            for name, value in vars(whole).items()
            if name.startswith("link_") and np.ndim(value) and np.shape(value)[-1] == keep.size
        }
        flow = network.solve(network.Problem(**{**vars(whole), **fields})).link_flow[0]
        at = np.cumsum(keep)[loop.sink_link] - 1
        np.testing.assert_allclose(found.share[piece], flow[at] / found.before, rtol=1e-6)
    assert found.share.min() < 0.999


def test_maintainable_layouts_need_rings():
    def broken(text: str):
        facility = load_text(text + GOAL)
        results = studied(facility, "mains", failures=False)
        return [f for f in judge(facility, results).findings if f.code == "LIQ-032"]

    found = broken(HALL)
    assert {f.severity for f in found} == {"error"} and len(found) == 3 + 2 * 5 + 2
    assert not {"fws.seg04", "chw.seg03"} & {f.subject for f in found}  # one CDU, one air handler: spares
    (first,) = [f for f in found if f.subject == "tcs.p1.seg05"]
    assert first.message.startswith("shut (between p1.s.03 and p1.s.02), drops 1 racks")
    assert first.line == next(k for k, line in enumerate(HALL.splitlines(), 1) if "{id: tcs," in line)
    assert not broken(written(**RINGS))
    facility = load_text(HALL)
    results = studied(facility, "mains", failures=False)
    assert not [f for f in judge(facility, results).findings if f.code == "LIQ-032"]  # no such goal


@pytest.mark.parametrize("name", ["redundancy_2n", "gb300_hall"])
def test_shipped_layouts_keep_what_they_promise(name):
    made = normal_state(load(LAYOUTS / f"{name}.yaml"))
    assert made is not None and not hydraulic_faults(made)
    lost = mains(made)[0]["segment"]["racks_lost"]
    assert (lost == 0).all() == (name == "redundancy_2n")


# -- vessels ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("volume", [0.5, 20.0])
def test_the_vessel_is_that_of_the_standard_at_the_fill_pressure_of_its_reserve(volume):
    """EN 12828 starts from the gas, the layout from the pressure of the cold loop: one family by Boyle's law."""
    cold, hot = (float(FLUIDS["water"].density(t)) for t in (10.0, 55.0))
    tank = suction.size_tank(
        volume,
        static_pressure=0.7e5,
        relief_pressure=6e5,
        fill_density=cold,
        hot_density=hot,
        hot_temperature=55.0,
    )
    growth = float(suction.expansion(volume, cold, hot))
    filled = float(suction.fill_pressure(tank))
    bounds = {"filled_to": filled, "highest": 5.4e5, "least": 0.0, "air": suction.STANDARD_PRESSURE}
    found, gas = sized(growth, float(tank.filled), **bounds)
    np.testing.assert_allclose((found, gas), (tank.volume, tank.pre_charge), rtol=1e-12)
    higher = (gas + filled) / 2.0  # more gas pressure needs a larger vessel for the same reserve
    larger, charged = sized(growth, float(tank.filled), **bounds | {"least": higher})
    air = suction.STANDARD_PRESSURE
    assert charged == higher and larger > found
    np.testing.assert_allclose((higher + air) * larger, (filled + air) * (larger - tank.filled), rtol=1e-12)


def test_a_vessel_of_the_size_that_is_told_holds_and_half_of_it_does_not():
    vessels = mains(basis(HALL))[0]["vessel"]
    row = vessels.index("fws")
    volume, gas = vessels["needed"][row], vessels["precharge"][row]
    assert 0 < vessels["growth"][row] < 0.02 * vessels["volume"][row]

    def found(litres: float):
        own = f"expansion: {{volume: {litres} L, precharge: {gas * (1 - 1e-6) / 1e3} kPa}}"
        facility = load_text(written(fws=own))
        results = studied(facility, "mains", failures=False)
        table = results.studies["vessel"]
        breaches = [f for f in judge(facility, results).findings if f.code == "LIQ-031"]
        return table["pressure"][table.index("fws")], breaches

    pressure, breaches = found(volume * 1e3 * 1.001)
    assert pressure == pytest.approx(5.4e5, rel=5e-3) and not breaches  # 0.9 of the relief valve's 6 bar
    _, (breach, *_) = found(volume * 1e3 / 2)
    assert breach.subject == "fws" and breach.severity == "error"


def test_the_fluid_of_a_loop_is_at_least_that_of_its_pipes():
    made = basis(HALL)
    for index, loop in enumerate(made.world.loops):
        template = loop.template
        pipes = (np.asarray(template.link_length) * np.pi / 4 * np.asarray(template.link_diameter) ** 2).sum()
        assert pipes < loop_volume(made.world, index) < 20 * pipes


def test_valves_that_shut_at_once_are_told_beside_the_others():
    answer = mains(basis(HALL))[1]
    assert set(answer["surge"]) == set(answer["instant_surge"]) == {"fws", "tcs.p1", "tcs.p2", "chw"}
    assert all(answer["surge"][name] < answer["instant_surge"][name] for name in answer["surge"])
    assert "raises the pressure by" in answer["sentences"][-1] and "shut at once" in answer["sentences"][-1]


# -- what is wrong ------------------------------------------------------------------------------------------------------


def told(text: str) -> list[tuple[str, str]]:
    return [(fault["element"], fault["words"]) for fault in hydraulic_faults(basis(text)).get("faults", ())]


def test_a_sound_hall_has_no_faults():
    assert told(HALL) == told(written(**RINGS)) == []


def test_a_rack_that_is_valved_off_is_named_and_nothing_else():
    assert told(written(tcs="shut: p2.s.03")) == [
        ("p2.s.03", "has no flow: its own isolation valves are shut")
    ]


def test_racks_that_are_all_valved_off_are_told_and_not_the_pumps_alone():
    found = dict(told(written(tcs='shut: ["pod:p1", p2.s.02]')))
    assert {f"p1.s.0{k}" for k in range(2, 7)} | {"p2.s.02"} <= set(found)
    assert "runs at zero flow" in found["p1.s.01"]  # a CDU of p1 pumps against shut valves


def test_a_loop_whose_static_pressure_is_too_low_gets_no_vessel():
    vessels, answer = (part for part in mains(basis(written(fws="static_pressure: 20 kPa, height: 2 m"))))
    assert vessels["vessel"]["needed"][vessels["vessel"].index("fws")] == 0.0
    assert any(words.startswith("fws: holds") and "no room" in words for words in answer["sentences"])


def test_pumps_that_are_too_weak_are_told_by_whom_they_leave_short():
    weak = HALL.replace(
        "pods:\n", "catalogue: {pump_weak: {like: pump_60ls, head: 4 kPa, source: assumed}}\npods:\n", 1
    )
    found = told(weak.replace("id: fwp, type: pump_60ls", "id: fwp, type: pump_weak"))
    assert {element for element, _ in found} == {"p1.s.01", "p1.s.07", "p2.s.01", "p2.s.07"}
    assert all("short of the" in words and "pumps of fws at full speed" in words for _, words in found)


def test_a_loop_without_pumps_is_told_though_nothing_settles():
    dry = HALL.replace("pumps: chp, ", "")
    facility = load_text(dry)
    results = studied(facility, "mains", failures=False)
    assert not results.studies and not results.settled[0]
    (fault,) = results.answers["hydraulics"]["faults"]
    assert (fault["element"], fault["words"]) == ("chw", "has no pump that runs: nothing flows in it")
    (found,) = [f for f in judge(facility, results).findings if f.code == "LIQ-033"]
    assert found.line == next(k for k, line in enumerate(dry.splitlines(), 1) if "{id: chw," in line)


def test_faults_of_different_kinds_are_told_in_lines_of_their_own():
    from twin.checks.engine import grouped
    from twin.run import assess

    run = assess("layouts/first_hall.yaml", ["liquid.loops.fws.shut=kind:cdu"], failures=False)
    told = [group for group in grouped(run.verdict.findings) if group.worst.code == "LIQ-033"]
    kinds = [" ".join(group.worst.message.split()[:2]) for group in told]
    assert len(kinds) == 3 and {"is a", "has no"} < set(kinds)
    for group in told:
        assert len({name.startswith("fwp") for name in group.subjects}) == 1
