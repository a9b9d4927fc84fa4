"""Untrusted network files end in a LayoutError or in a network, quickly and in little memory; nothing in them is run."""

import json
import os
import random
import re
import time

import pytest

from tests.exchange.test_exchange_dps import topology
from twin.documents import to_json
from twin.exchange import read_network
from twin.exchange.answer import network_document
from twin.exchange.network import LARGEST_NUMBER
from twin.layout.mistakes import LayoutError
from twin.networks.bare import power_flow

CASE = """\
function mpc = case3
mpc.version = '2';
mpc.baseMVA = 100;
mpc.bus = [
 1 3 0 0 0 0 1 1 0 345 1 1.1 0.9;
 2 2 0 0 0 0 1 1 0 345 1 1.1 0.9;
 3 1 90 30 0 5 1 1 0 345 1 1.1 0.9;
];
mpc.gen = [
 1 72.3 27.03 300 -300 1.04 100 1 250 10;
 2 163 6.54 Inf -Inf 1.025 100 1 300 10;
];
mpc.branch = [
 1 2 0.01 0.0576 0.1 250 250 250 0 0 1 -360 360;
 2 3 0.017 0.092 0.158 0 250 250 1 0 1 -360 360;
];
"""
OURS = {
    "format": "twin bare network",
    "version": 1,
    "base_power": 1e6,
    "names": {"bus": ["a", "b"], "branch": ["a-b"], "source": ["grid"], "load": ["rack"]},
    "fields": {
        "bus_voltage": [415.0, 415.0], "branch_from": [0], "branch_to": [1],
        "branch_impedance": {"re": [0.01], "im": [0.02]}, "branch_rating": ["inf"], "source_bus": [0],
        "load_power": {"re": [1e5], "im": [0.0]}, "cord_load": [0], "cord_bus": [1],
    },
}  # fmt: skip
PANDAPOWER = {
    "_module": "pandapower.auxiliary",
    "_class": "pandapowerNet",
    "_object": {
        "sn_mva": 1.0,
        "f_hz": 50.0,
        "bus": (["name", "vn_kv", "in_service"], [["a", 20.0, True], ["b", 0.4, True], ["c", 0.4, True]]),
        "ext_grid": (["bus", "vm_pu", "va_degree", "in_service"], [[0, 1.0, 0.0, True]]),
        "trafo": (
            ["hv_bus", "lv_bus", "sn_mva", "vn_hv_kv", "vn_lv_kv", "vk_percent", "vkr_percent", "pfe_kw", "i0_percent",
             "tap_side", "tap_pos", "tap_neutral", "tap_step_percent", "tap_step_degree", "tap_changer_type", "in_service"],
            [[0, 1, 0.4, 20.0, 0.4, 6.0, 1.4, 1.3, 0.3, "hv", 1.0, 0.0, 2.5, 0.0, "Ratio", True]],
        ),
        "line": (
            ["from_bus", "to_bus", "length_km", "r_ohm_per_km", "x_ohm_per_km", "c_nf_per_km", "max_i_ka", "parallel",
             "in_service"],
            [[1, 2, 0.05, 0.2, 0.08, 200.0, 0.3, 1, True]],
        ),
        "load": (["bus", "p_mw", "q_mvar", "in_service"], [[2, 0.05, 0.01, True]]),
    },
}  # fmt: skip
NASTY = (None, True, 0, -1, 1e308, -1e30, 1e-308, 10**400, "x", "", "nan", "inf", [], {}, [1], {"a": 1}, float("nan"),
         float("inf"), 2**70, 0.5, 999)  # fmt: skip
WORDS = ("0", "-1", "1e308", "1e-308", "Inf", "NaN", "1e400", "x", "", ";", "]", "[", "{", "'", "%", "1/0", "0/0",
         "1e300/1e-300", "135/sqrt(0)", "1_0", "\x00", "...", "9" * 400, "1e30", "2.5", "4")  # fmt: skip


def packed(net):
    """As pandapower writes it: tables as JSON text in JSON."""
    inner = {
        name: {"_class": "DataFrame", "_module": "pandas.core.frame", "_object": json.dumps(
            {"columns": value[0], "index": list(range(len(value[1]))), "data": value[1]}
            if isinstance(value, list | tuple) and len(value) == 2 and isinstance(value[1], list) else value
        )}
        if isinstance(value, list | tuple | dict) else value
        for name, value in net["_object"].items()
    } if isinstance(net.get("_object"), dict) else net.get("_object")  # fmt: skip
    return {**net, "_object": inner}


def places(value, path=()):
    yield path
    if isinstance(value, dict | list | tuple):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from places(value[key], (*path, key))


def spoilt(document, rng):
    """A copy with a value or two replaced or dropped."""
    copy = json.loads(json.dumps(document))
    for _ in range(rng.choice([1, 1, 2])):
        *path, last = rng.choice([place for place in places(copy) if place])
        inside = copy
        for key in path:
            inside = inside[key]
        if rng.random() < 0.1:
            del inside[last]
        else:
            inside[last] = rng.choice(NASTY)
    return copy


def asked(folder, content, ending):
    """Read and solve: a document, or None where the file was refused with a message."""
    file = folder / f"x{ending}"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    try:
        network = read_network(file, watts={"DGX": 1e4})
    except LayoutError as error:
        refusal = error
    else:
        document = network_document(network, power_flow(network.problem(), margin=False))
        to_json(document)
        to_json(network.document())
        return document
    assert str(refusal).strip()
    assert all(mistake.file == str(file) for mistake in refusal.mistakes)
    return None


def refused(folder, content, ending):
    file = folder / f"x{ending}"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(LayoutError) as caught:
        read_network(file)
    return str(caught.value)


@pytest.mark.parametrize(
    ("document", "ending"), [(OURS, ".network.json"), (packed(PANDAPOWER), ".json"), (topology(), ".json")]
)
def test_the_sound_documents_are_read(tmp_path, document, ending):
    found = asked(tmp_path, json.dumps(document), ending)
    assert found is None or found["solved"]


def test_the_sound_case_is_solved(tmp_path):
    assert asked(tmp_path, CASE, ".m")["solved"]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("kind", ["ours", "pandapower", "dps"])
def test_spoilt_documents_are_refused_or_solved(tmp_path, kind, seed):
    rng = random.Random(f"{kind} {seed}")
    document = {"ours": OURS, "pandapower": PANDAPOWER, "dps": topology()}[kind]
    ending = ".network.json" if kind == "ours" else ".json"
    for _ in range(40):
        copy = spoilt(document, rng)
        asked(tmp_path, json.dumps(packed(copy) if kind == "pandapower" else copy), ending)


@pytest.mark.parametrize("seed", range(4))
def test_spoilt_cases_are_refused_or_solved(tmp_path, seed):
    rng = random.Random(seed)
    words = re.split(r"(\s+|;)", CASE)
    for _ in range(40):
        copy = list(words)
        for _ in range(rng.choice([1, 2, 4])):
            copy[rng.randrange(len(copy))] = rng.choice(WORDS)
        asked(tmp_path, "".join(copy), ".m")
        asked(tmp_path, CASE[: rng.randrange(len(CASE))], ".m")


@pytest.mark.parametrize("ending", [".m", ".json"])
def test_binary_files_are_refused(tmp_path, ending):
    rng = random.Random(ending)
    for _ in range(20):
        assert asked(tmp_path, rng.randbytes(500), ending) is None


@pytest.mark.parametrize(
    ("content", "ending", "message"),
    [
        ("[" * 10**6, ".json", "nested too deeply"),
        ('{"a": ' * 10**5, ".json", "nested too deeply"),
        ('{"a": ' + "9" * 10**5 + "}", ".json", "too many digits"),
        ("{}".encode("utf-16"), ".json", "x.json:1:1: not UTF-8 text"),
        ("", ".json", "x.json:1:1: broken JSON"),
        ("[]", ".json", "must be a JSON object"),
        ("mpc.bus = [" + "0 " * 10**6 + "];", ".m", "x.m:1:140: a row has at most 64 columns"),
        ("mpc.a = {" + "'" * 10**6, ".m", 'mpc.a has no closing "};"'),
        (CASE.replace("0.0576", "1e308"), ".m", "x.m:14:11: 1e+308 in column 4 of mpc.branch"),
        (CASE.replace("0.0576", "1e-30").replace("0.01 ", "0 "), ".m", "branch_impedance[0] has the magnitude 1e-30"),
    ],
)  # fmt: skip
def test_bombs_and_nonsense_are_refused_with_their_place(tmp_path, content, ending, message):
    begun = time.perf_counter()
    assert message in refused(tmp_path, content, ending)
    assert time.perf_counter() - begun < 20.0


def test_a_matrix_of_too_many_rows_in_one_line_is_left_early(tmp_path, monkeypatch):
    monkeypatch.setattr("twin.exchange.matpower_text.MOST_ROWS", 1000)
    assert "mpc.bus has more than 1000 rows" in refused(tmp_path, "mpc.bus = [" + "0;" * 10**6 + "];", ".m")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"base_power": "1"}, "base_power must be a number"),
        ({"names": {"bus": "ab"}}, "names of kind bus must be a list of texts"),
        ({"names": {}}, '"names" must be an object'),
        ({"names": {"bus": ["a", "b"], "os": []}}, 'names has an unknown kind "os"'),
        ({"fields": 1}, '"fields" must be an object'),
        ({"fields": {"bus_voltage": [1, [2]]}}, "bus_voltage must hold numbers, or lists of as many numbers each"),
        ({"fields": {"bus_voltage": [415, 415], "__class__": [1]}}, 'fields has an unknown name "__class__"'),
        ({"fields": {"bus_voltage": {"re": {"re": [1], "im": [1]}, "im": [1]}}}, "bus_voltage.re must be a list"),
        ({"fields": {"bus_voltage": [415, 1e300]}}, f"allowed: 0 and 1e-15 to {LARGEST_NUMBER:g}"),
        ({"notes": 3}, "notes must be a list of texts"),
        ({"version": 2}, "version 2 is not known; allowed: 1"),
    ],
)  # fmt: skip
def test_tampered_networks_are_told_in_words(tmp_path, change, message):
    assert message in refused(tmp_path, json.dumps({**OURS, **change}), ".network.json")


@pytest.mark.parametrize(
    ("table", "column", "value", "message"),
    [
        ("line", "parallel", 0, "parallel must be > 0"),
        ("line", "max_i_ka", -1.0, "max_i_ka must not be negative"),
        ("line", "length_km", 10**400, "length_km must be a finite number"),
        ("bus", "vn_kv", 1e-308, "vn_kv must be > 0, and at least 1e-06"),
        ("trafo", "vn_lv_kv", 0.0, "vn_lv_kv must be > 0"),
        ("trafo", "tap_step_percent", -100.0, "the tap changer stands where no voltage is left"),
    ],
)
def test_values_that_no_net_has_are_told(tmp_path, table, column, value, message):
    copy = json.loads(json.dumps(PANDAPOWER))
    columns, rows = copy["_object"][table]
    rows[0][columns.index(column)] = value
    assert message in refused(tmp_path, json.dumps(packed(copy)), ".json")


def test_a_net_without_buses_is_told(tmp_path):
    copy = {**PANDAPOWER, "_object": {**PANDAPOWER["_object"], "bus": (["vn_kv"], [])}}
    assert "has no buses" in refused(tmp_path, json.dumps(packed(copy)), ".json")


def test_nothing_in_a_pandapower_file_is_imported_or_run(tmp_path):
    """pandapower's own reader imports ``_module`` and calls ``_class``; here they are texts."""
    mark = tmp_path / "run"
    evil = {"_module": "os", "_class": "system", "_object": f"touch {mark}"}
    for place in ("_object", "bus", "std_types"):
        document = packed(PANDAPOWER)
        if place == "_object":
            document = {**evil, "x": "pandapower"}
        else:
            document["_object"][place] = evil
        asked(tmp_path, json.dumps(document), ".json")
    assert not mark.exists()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes and devices")
@pytest.mark.parametrize("ending", [".m", ".json"])
def test_pipes_devices_and_folders_are_not_read(tmp_path, ending):
    """A link to /dev/zero would never end, nor would a pipe without a writer."""
    for name, target in {"zero": "/dev/zero", "folder": str(tmp_path), "gone": "/nonexistent"}.items():
        (tmp_path / f"{name}{ending}").symlink_to(target)
    os.mkfifo(tmp_path / f"pipe{ending}")
    for name in ("zero", "folder", "gone", "pipe"):
        with pytest.raises(LayoutError, match=r"not a regular file|a folder|No such file"):
            read_network(tmp_path / f"{name}{ending}")


def test_a_byte_order_mark_is_no_mistake(tmp_path):
    assert asked(tmp_path, b"\xef\xbb\xbf" + CASE.encode(), ".m")["solved"]
    assert asked(tmp_path, b"\xef\xbb\xbf" + json.dumps(OURS).encode(), ".network.json")["solved"]
