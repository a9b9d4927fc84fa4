"""EPANET files: every device against the engine, and files that are wrong.

The engine converts units with five digits (28.317 L/s for a cubic foot a second, 1.9837 for acre-feet a day), which bounds
the agreement: 1e-5 in flow units, so 2e-5 of the head lost.
"""

import random
import time

import numpy as np
import pytest

from twin.documents import to_json
from twin.exchange import BareHydraulics, read_epanet, read_hydraulics, write_epanet
from twin.exchange.hydraulic_answer import hydraulic_document, sentences
from twin.exchange.network import LARGEST_NUMBER
from twin.layout.mistakes import LayoutError
from twin.networks.bare_hydraulics import total_rise

HEAD = """[TITLE]
a small network
[RESERVOIRS]
 R 50
 S 20
[JUNCTIONS]
 A 5 10
 B 4 12
 C 3 8
"""
TAIL = """
[OPTIONS]
 UNITS LPS
 HEADLOSS D-W
 VISCOSITY 1.0
"""
PIPES = """[PIPES]
 a R A 200 250 0.1 2
 b A B 300 200 0.1 0
 c B C 250 150 0.1 0 OPEN
"""
DEVICES = {
    "pipes in a ring": PIPES + " d A C 100 100 0.2 5\n e C S 900 200 0.05\n",
    "a check valve that closes": PIPES + " d S B 300 200 0.1 CV\n",
    "a check valve that lets through": PIPES + " d B S 300 200 0.1 0 CV\n",
    "a closed pipe beside an open one": PIPES + " d A C 100 100 0.2 5 CLOSED\n",
    "a pump curve of one point": PIPES.replace("a R A", "a R X")
    + "[JUNCTIONS]\nX 0\n[PUMPS]\n P X A HEAD h\n[CURVES]\n h 40 30\n",
    "a pump curve of three points at half speed": PIPES.replace("a R A", "a R X")
    + "[JUNCTIONS]\nX 0\n[PUMPS]\n P X A HEAD h SPEED 0.5\n[CURVES]\n h 0 60\n h 40 50\n h 80 10\n",
    "a pump curve of many points, fast": PIPES.replace("a R A", "a R X")
    + "[JUNCTIONS]\nX 0\n[PUMPS]\n P X A HEAD h SPEED 1.2\n[CURVES]\n h 0 60\n h 20 58\n h 40 50\n h 80 10\n",
    "a pump that cannot lift": PIPES + "[PUMPS]\n P S A HEAD h\n[CURVES]\n h 10 10\n",
    "a pump stopped by its pattern": PIPES
    + "[PUMPS]\n P S A HEAD h PATTERN night\n[CURVES]\n h 10 60\n[PATTERNS]\n night 0 1 1\n",
    "a reducing valve that holds": PIPES.replace("b A B", "b A X")
    + "[JUNCTIONS]\nX 4\n[VALVES]\n V X B 200 PRV 30 0.5\n",
    "a reducing valve wide open": PIPES.replace("b A B", "b A X")
    + "[JUNCTIONS]\nX 4\n[VALVES]\n V X B 200 PRV 80 5\n",
    "a reducing valve against reverse flow": PIPES.replace("b A B", "b A X")
    + " d B S 2000 80 0.1\n e A B 10 300 0.1\n[JUNCTIONS]\nX 4\n[VALVES]\n V B X 200 PRV 10 0\n",
    "two reducing valves in a row": PIPES.replace("b A B", "b A X").replace("c B C", "c Y C")
    + " f B Z 10 200 0.1\n[JUNCTIONS]\nX 4\nY 4\nZ 4\n[VALVES]\n V X B 200 PRV 35 0\n W Z Y 150 PRV 20 0\n",
    "a reducing valve into a tank's zone": PIPES.replace("b A B", "b A X")
    + " e C S 400 150 0.1\n[JUNCTIONS]\nX 4\n[VALVES]\n V X B 200 PRV 25 0.5\n",
    "a sustaining valve that holds": PIPES.replace("c B C", "c X C")
    + " e C S 100 200 0.1\n[JUNCTIONS]\nX 4\n[VALVES]\n V B X 150 PSV 40 0.5\n",
    "a sustaining valve wide open": PIPES.replace("c B C", "c X C")
    + "[JUNCTIONS]\nX 4\n[VALVES]\n V B X 150 PSV 5 2\n",
    "a pressure breaker": PIPES.replace("c B C", "c X C") + "[JUNCTIONS]\nX 4\n[VALVES]\n V B X 150 PBV 7 0\n",
    "a pressure breaker whose own loss is larger": PIPES.replace("c B C", "c X C")
    + "[JUNCTIONS]\nX 4\n[VALVES]\n V B X 50 PBV 0.5 5\n",
    "a flow limiter that holds": PIPES.replace("c B C", "c X C")
    + " e A C 400 100 0.1\n[JUNCTIONS]\nX 4\n[VALVES]\n V B X 150 FCV 3 2\n",
    "a flow limiter wide open": PIPES.replace("c B C", "c X C")
    + " e A C 400 100 0.1\n[JUNCTIONS]\nX 4\n[VALVES]\n V B X 80 FCV 30 20\n",
    "a throttle": PIPES.replace("c B C", "c X C")
    + " e A C 400 100 0.1\n[JUNCTIONS]\nX 4\n[VALVES]\n V B X 80 TCV 30 1\n",
    "a throttle that is opened": PIPES.replace("c B C", "c X C")
    + " e A C 400 100 0.1\n[JUNCTIONS]\nX 4\n[VALVES]\n V B X 80 TCV 30 1\n[STATUS]\n V OPEN\n",
    "a valve with a curve": PIPES.replace("c B C", "c X C")
    + " e A C 400 100 0.1\n[JUNCTIONS]\nX 4\n[VALVES]\n V B X 80 GPV g\n[CURVES]\n g 0 0\n g 2 1\n g 5 6\n g 9 30\n",
    "a closed valve": PIPES + " e A C 400 100 0.1\n[VALVES]\n V A C 80 TCV 3 1\n[STATUS]\n V CLOSED\n",
    "emitters": PIPES + "[EMITTERS]\n B 2\n C 0.8\n",
    "emitters with an exponent of their own": PIPES + "[EMITTERS]\n B 2\n[OPTIONS]\n EMITTER EXPONENT 0.8\n",
    "demands in categories, by patterns that began before": PIPES
    + "[DEMANDS]\n A 3 day\n A 5 night\n B 7\n[PATTERNS]\n 1 1 3\n day 0.5 0.7 0.9\n day 1.5\n night 2\n"
    + "[TIMES]\n PATTERN TIMESTEP 2:00\n PATTERN START 6 HOURS\n[OPTIONS]\n DEMAND MULTIPLIER 1.3\n",
    "a reservoir with a pattern": PIPES + " d C S 200 150 0.1\n[RESERVOIRS]\n T 30 p\n[PIPES]\n e T C 100 150 0.1\n"
    + "[PATTERNS]\n p 1.1 1\n",
    "a tank, and a control by its level": PIPES + "[TANKS]\n T 25 3 0 9 12 0\n"
    + "[PIPES]\n e C T 300 200 0.1\n f B T 20 150 0.1\n"
    + "[CONTROLS]\n LINK f CLOSED IF NODE T ABOVE 2\n LINK b CLOSED IF NODE T BELOW 2\n",
    "a tank that is empty": PIPES + "[TANKS]\n T 80 0 0 9 12 0\n[PIPES]\n e T C 300 200 0.1\n",
    "a tank that is full": PIPES + "[TANKS]\n T 2 5 0 5 12 0\n[PIPES]\n e C T 300 200 0.1\n",
    "controls by the clock": PIPES + " d A C 100 100 0.2\n e B C 90 80 0.2\n[TIMES]\n START CLOCKTIME 7 AM\n"
    + "[CONTROLS]\n LINK d CLOSED AT TIME 0\n LINK e CLOSED AT CLOCKTIME 7 AM\n LINK c CLOSED AT TIME 3\n",
}  # fmt: skip


ORDER = ("TITLE", "OPTIONS", "TIMES", "JUNCTIONS", "RESERVOIRS", "TANKS", "PIPES", "PUMPS", "VALVES")


def written(folder, text):
    file = folder / "net.inp"
    file.write_text(text)
    return file


def network_text(body, tail=TAIL):
    """The small network with a body: sections in the order EPANET needs, where links come after their nodes."""
    sections = {}
    for block in (HEAD + body + tail).split("[")[1:]:
        name, _, rows = block.partition("]\n")
        sections[name] = sections.get(name, "") + rows
    names = sorted(sections, key=lambda name: ORDER.index(name) if name in ORDER else len(ORDER))
    return "".join(f"[{name}]\n{sections[name]}" for name in names)


@pytest.mark.parametrize("name", DEVICES)
def test_every_device_does_what_it_does_in_epanet(tmp_path, epanet_difference, name):
    flows, heads = epanet_difference(written(tmp_path, network_text(DEVICES[name])))
    assert flows < 1e-4
    assert heads < 2e-3  # of 50 m


@pytest.mark.parametrize("name", DEVICES)
def test_every_device_written_again_gives_the_engine_the_same_flows(tmp_path, epanet_engine, name):
    file, again = written(tmp_path, network_text(DEVICES[name])), tmp_path / "again.inp"
    network = read_epanet(file)
    write_epanet(network, again, network.flow())
    before, after = epanet_engine(file), epanet_engine(again)
    begins = np.asarray(network.fields["link_from"])
    largest = max(abs(value) for value, _ in before.flow.values())
    for link, (value, start) in before.flow.items():
        sign = 1.0 if network.node[begins[network.link.index(link)]] == start else -1.0
        assert after.flow[link][0] * sign == pytest.approx(value, abs=1e-4 * largest), link


@pytest.mark.parametrize("law", ["D-W", "H-W"])
@pytest.mark.parametrize(
    "unit", ["CFS", "GPM", "MGD", "IMGD", "AFD", "LPS", "LPM", "MLD", "CMH", "CMD", "CMS", "SI"]
)
def test_every_unit_of_flow_is_read_as_in_epanet(tmp_path, epanet_difference, unit, law):
    text = network_text(DEVICES["pipes in a ring"]).replace("LPS", unit).replace("D-W", law)
    scale = {"CFS": 0.035, "GPM": 15.9, "MGD": 0.023, "IMGD": 0.019, "AFD": 0.07, "LPM": 60, "MLD": 0.0864, "CMH": 3.6,
             "CMD": 86.4, "CMS": 1e-3}.get(unit, 1.0)  # fmt: skip
    for base in (10, 12, 8):
        text = text.replace(f" {base}\n", f" {base * scale:.6g}\n", 1)
    text = (
        text.replace(" 0.1", " 130").replace(" 0.2 ", " 120 ").replace(" 0.05", " 110")
        if law == "H-W"
        else text
    )
    if unit in ("CFS", "GPM", "MGD", "IMGD", "AFD"):
        text = (
            text.replace(" 250 ", " 10 ")
            .replace(" 200 0", " 8 0")
            .replace(" 150 ", " 6 ")
            .replace(" 100 0.2", " 4 0.2")
        )
    flows, heads = epanet_difference(written(tmp_path, text))
    assert flows < 2e-4  # 1.2e-4 in acre-feet a day
    assert heads < 1e-2


def test_a_pump_of_constant_power_gives_its_power(tmp_path, epanet_difference):
    text = network_text(PIPES.replace("a R A", "a R X") + "[JUNCTIONS]\nX 0\n[PUMPS]\n P X A POWER 5\n")
    network = read_epanet(written(tmp_path, text))
    flow = network.flow()
    pump = network.link.index("P")
    rise, moved = total_rise(flow.problem, flow.solution)[pump], flow.solution.link_flow[0, pump]
    assert rise * moved / network.density == pytest.approx(5e3, rel=1e-7)
    # the engine's 2.3.5 divides kilowatts twice by 0.7457, so it is asked in horsepower
    us = (
        text.replace("LPS", "GPM")
        .replace(" 250 ", " 10 ")
        .replace(" 200 0.1", " 8 0.1")
        .replace(" 150 ", " 6 ")
    )
    flows, heads = epanet_difference(written(tmp_path, us))
    assert flows < 1e-4
    assert heads < 5e-3  # of 200 m; the engine's 8.814 stands for 550 / 62.4


def test_a_pump_of_constant_power_into_a_dead_end_stands_still(tmp_path):
    text = HEAD + PIPES + "[JUNCTIONS]\nX 0 0\n[PUMPS]\n P A X POWER 5\n" + TAIL
    network = read_epanet(written(tmp_path, text))
    flow = network.flow()
    assert flow.ok
    assert flow.solution.link_flow[0, network.link.index("P")] == 0.0
    assert any(trouble.kind == "no flow" for trouble in flow.troubles)


def test_pressures_viscosity_and_density_are_read_in_their_units(tmp_path):
    text = HEAD + PIPES.replace("b A B", "b A X") + "[JUNCTIONS]\nX 4\n[VALVES]\n V X B 200 PRV 200\n" + TAIL
    kilopascal = read_epanet(
        written(tmp_path, text + " PRESSURE KPA\n SPECIFIC GRAVITY 1.03\n VISCOSITY 2e-6\n")
    )
    assert kilopascal.regulators[0].pressure == 200e3
    assert kilopascal.density == pytest.approx(1.03 * 999.552, rel=1e-5)
    assert kilopascal.fields["link_viscosity"][0] == pytest.approx(2e-6 * kilopascal.density)
    metres = read_epanet(written(tmp_path, text + " SPECIFIC GRAVITY 1.03\n"))
    assert metres.regulators[0].pressure == pytest.approx(200 * 1.03 * 999.552 * 9.80665, rel=1e-5)


def test_what_is_not_followed_is_told(tmp_path):
    text = HEAD + PIPES + (
        "[CONTROLS]\nLINK b CLOSED IF NODE C BELOW 3\nLINK c CLOSED AT TIME 5\n[RULES]\nRULE 1\nIF TANK T LEVEL BELOW 3\n"
        "THEN PUMP P STATUS IS OPEN\n[QUALITY]\nA 1\n[OPTIONS]\nDEMAND MODEL PDA\nHYDRAULICS USE x.hyd\n"
        "[COORDINATES]\nA 1 2\n"
    ) + TAIL  # fmt: skip
    told = "\n".join(read_epanet(written(tmp_path, text)).notes)
    for words in (
        "pressure of a junction",
        "1 control left out",
        "1 rules",
        "QUALITY",
        "pressure-driven",
        "HYDRAULICS USE",
    ):
        assert words in told


def test_the_document_holds_the_same_network(tmp_path):
    text = (
        HEAD
        + DEVICES["a valve with a curve"]
        + "[VALVES]\n W A C 80 PRV 12\n[PUMPS]\n Q S C POWER 2\n"
        + TAIL
    )
    network = read_epanet(written(tmp_path, text))
    network.save(tmp_path / "net.hydraulics.json")
    again = read_hydraulics(tmp_path / "net.hydraulics.json")
    assert to_json(again.document()) == to_json(network.document())
    np.testing.assert_array_equal(again.flow().solution.link_flow, network.flow().solution.link_flow)


def test_the_answer_has_pressures_pumps_and_what_is_wrong(tmp_path):
    text = (
        HEAD
        + DEVICES["a pump that cannot lift"]
        + "[JUNCTIONS]\nfar 90 1\n[PIPES]\n z C far 10 100 0.1\n"
        + TAIL
    )
    network = read_epanet(written(tmp_path, text))
    document = hydraulic_document(network, network.flow())
    assert document["solved"] and document["conservation"]["mass"] < 1e-9
    assert document["lowest_pressure"]["node"] == "far"
    assert [pump["link"] for pump in document["pumps"]] == ["P"]
    assert {found["kind"] for found in document["diagnoses"]} == {"negative pressure", "no flow"}
    assert document["head"]["R"] == 50.0
    told = "\n".join(sentences(network, document))
    assert "lowest pressure" in told and "delivers nothing" in told


def test_a_demand_that_no_source_reaches_is_named(tmp_path):
    text = HEAD + PIPES.replace("0 OPEN", "0 CLOSED") + TAIL
    network = read_epanet(written(tmp_path, text))
    document = hydraulic_document(network, network.flow())
    assert not document["solved"] and "flow" not in document
    assert ("cut off", "C") in {(found["kind"], found["name"]) for found in document["diagnoses"]}


WRONG = {
    "[JUNCTIONS]\n A x\n": ('2:4: the elevation must be a number, not "x"',),
    "[JUNCTIONS]\n A 1\n A 2\n[RESERVOIRS]\n R 1\n": ('3:2: node "A" is there already, in line 2',),
    "[RESERVOIRS]\n R 1\n[JUNCTIONS]\n A 1\n[PIPES]\n p R B 1 1 1\n": ("6:6: node", "[JUNCTIONS]"),
    "[RESERVOIRS]\n R 1\n[JUNCTIONS]\n A 1\n[PIPES]\n p A A 1 1 1\n": ("6:6: link", "begins and ends"),
    "[RESERVOIRS]\n R 1\n[JUNCTIONS]\n A 1\n[PIPES]\n p A R -1 0 1e99 x\n": (
        "6:8: the length must be > 0", "6:11: the diameter must be > 0", "6:13: the Hazen-Williams", "6:18: the loss"),
    "[RESERVOIRS]\n R 1\n[JUNCTIONS]\n A 1\n[PIPES]\n p A R 1 1 1 1 MAYBE\n": ("6:16:", "no status of a pipe"),
    "[RESERVOIRS]\n R 1\n[JUNCTIONS]\n A 1\n[PIPES]\n p A R\n": ("6:7: the length is missing",),
    "[RESERVOIRS]\n R 1\n[JUNCTIONS]\n A nan\n B inf\n C 0x10\n D 1_0\n": ("4:4:", "5:4:", "6:4:", "7:4:"),
    "[RESERVOIRS]\n R 1\n[JUNCTIONS]\n A 1 1 ghost\n": ('4:8: pattern "ghost"',),
    "[RESERVOIRS]\n R 1\n[JUNCTIONS]\n A 1\n[PUMPS]\n p R A\n q R A HEAD c\n r R A SPIN 3\n": (
        "6:7: pump", '7:13: curve "c"', "8:8:", "is no property of a pump"),
    "[RESERVOIRS]\n R 1\n[JUNCTIONS]\n A 1\n[PUMPS]\n p R A HEAD c\n[CURVES]\n c 0 5\n c 1 6\n c 2 1\n": ("8:2: curve",),
    "[RESERVOIRS]\n R 1\n[JUNCTIONS]\n A 1\n[PUMPS]\n p R A HEAD c\n[CURVES]\n c 0 5\n c 1 6\n": ("9:6: the heads",),
    "[RESERVOIRS]\n R 1\n[JUNCTIONS]\n A 1\n"
    "[VALVES]\n v R A 10 GPV c\n w R A 10 XYZ 3\n x R A 10 PCV 3\n[CURVES]\n c 0 0\n c 3 1\n c 2 2\n": (
        "12:4: the flows", "7:11:", "is no kind of valve", "8:11: positional"),
    "[RESERVOIRS]\n R 1\n[STATUS]\n p OPEN\n": ('4:2: link "p"',),
    "[JUNCTIONS]\n A 1\n": ("no reservoir or tank",),
    "": ("no nodes",),
    "garbage\n\x00\x01": ("1:1: text before the first section",),
    "[JUNCTONS]\n A 1\n[FISH]\n": ("3:1: unknown section",),
    "[OPTIONS]\n UNITS FURLONG\n HEADLOSS C-M\n FLUID 3\n VISCOSITY -1\n EMITTER EXPONENT 2\n": (
        "2:8:", "3:11: the Chezy-Manning law is not solved", "4:2: unknown option", "5:12: the viscosity", "6:19:"),
    "[TIMES]\n PATTERN START soon\n WHEN 3\n": ("2:16:", "is no time", "3:2:"),
    "[RESERVOIRS]\n R 1\n[TANKS]\n T 1 9 0 5 10\n U 1 2 3\n": ("4:6: the initial level 9", "5:9: the highest level"),
    "[RESERVOIRS]\n R 1\n[LEAKAGE]\n p 1 2\n": ("4:2: leakage",),
    "[RESERVOIRS]\n R 1\n[CONTROLS]\n LINK p OPEN IF SUN SHINES\n": ("4:7: link", "4:",),
}  # fmt: skip


@pytest.mark.parametrize("text", WRONG)
def test_mistakes_are_told_at_their_place_all_at_once(tmp_path, text):
    file = written(tmp_path, text)
    with pytest.raises(LayoutError) as caught:
        read_epanet(file)
    told = str(caught.value)
    for words in WRONG[text]:
        assert (f"{file}:{words}" if words[0].isdigit() else words) in told


WORDS = ("0", "-1", "1e9", "1e308", "1e-9", "nan", "x", "", ";", "[", "]", '"', "R", "A", "CV", "OPEN", "CLOSED", "\x00",
         "9" * 400, "1_0", "[PIPES]", "[JUNCTIONS]", "*", "PRV", "3:61:99", "١")  # fmt: skip


@pytest.mark.parametrize("name", ["a valve with a curve", "emitters", "a pump curve of many points, fast",
                                  "demands in categories, by patterns that began before", "a sustaining valve that holds",
                                  "a tank, and a control by its level"])  # fmt: skip
def test_spoilt_files_are_refused_or_answered(tmp_path, name):
    rng = random.Random(name)
    sound = (HEAD + DEVICES[name] + TAIL).split("\n")
    answered = 0
    for _ in range(60):
        lines = list(sound)
        for _ in range(rng.choice([1, 1, 2])):
            row = rng.randrange(len(lines))
            words = lines[row].split(" ")
            words[rng.randrange(len(words))] = rng.choice(WORDS)
            lines[row] = " ".join(words)
        file = written(tmp_path, "\n".join(lines))
        try:
            network = read_epanet(file)
        except LayoutError as error:
            refusal = error
        else:
            refusal = None
        if refusal is not None:
            assert all(mistake.file == str(file) for mistake in refusal.mistakes)
            continue
        answered += 1
        to_json(hydraulic_document(network, network.flow()))  # never a NaN
        to_json(network.document())
    assert 0 < answered < 60


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": "x"}, "not a bare hydraulic network"),
        ({"version": 2}, "version 2 is not known"),
        ({"rules": "mine"}, "rules is 'mine'"),
        ({"fields": {}}, '"fields" must be an object with at least "link_from"'),
        ({"fields": {"link_from": [0], "link_too": [1]}}, 'did you mean "link_to"'),
        ({"curves": [1]}, "curves[0] must be an object"),
        ({"regulators": [{"link": "zz"}]}, "regulators[0]"),
        ({"power": {"a": True}}, "power of a must be a number"),
        ({"names": {"node": ["R"], "link": ["a"]}}, "link has 1 names"),
    ],
)
def test_wrong_documents_are_refused(tmp_path, change, message):
    import json

    network = read_epanet(written(tmp_path, HEAD + PIPES + TAIL))
    file = tmp_path / "net.hydraulics.json"
    file.write_text(json.dumps({**network.document(), **change}))
    with pytest.raises(LayoutError) as caught:
        BareHydraulics.read(file)
    assert message in str(caught.value)


def test_numbers_that_no_network_has_are_refused(tmp_path):
    network = read_epanet(written(tmp_path, HEAD + PIPES + TAIL))
    with pytest.raises(ValueError, match=r"link_length\[0\] has the magnitude"):
        BareHydraulics(
            {**network.fields, "link_length": np.full(3, 2 * LARGEST_NUMBER)}, network.node, network.link
        )


@pytest.mark.slow
def test_a_file_of_a_million_lines_is_answered_in_time(tmp_path):
    file = tmp_path / "long.inp"
    file.write_text("[RESERVOIRS]\nR 1\n[JUNCTIONS]\n" + "\n".join(f"J{n} 1" for n in range(1_000_000)))
    begun = time.perf_counter()
    with pytest.raises(LayoutError, match="more than 500,000 nodes"):
        read_epanet(file)
    assert time.perf_counter() - begun < 60.0  # measured: 4 s alone on a core


def test_a_file_too_large_is_not_read(tmp_path):
    file = tmp_path / "large.inp"
    with file.open("wb") as out:
        out.truncate(65 * 2**20)
    with pytest.raises(LayoutError, match="more than 67,108,864 bytes"):
        read_epanet(file)
