"""From a file to a facility."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from twin.layout import LayoutError, load, load_text

ROOT = Path(__file__).parents[2]
LAYOUTS = sorted((ROOT / "layouts").glob("*.yaml"))

SMALL = """\
twin: 1
name: small
params: {racks: 2}
hall: {size: [12 m, 9 m, 5 m]}
pods:
  - id: p
    at: [3 m, 2 m]
    rows: [{id: s, face: south, lineup: [cdu_1300kw, $racks x gb300_nvl72]}]
"""


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text)
    return folder / f"{next(iter(files))}.yaml"


def test_a_file_becomes_a_facility(tmp_path):
    facility = load(write(tmp_path, hall=SMALL))
    assert facility.name == "small"
    assert facility.file.endswith("hall.yaml")
    assert [machine.id for machine in facility.racks] == ["p.s.02", "p.s.03"]
    assert facility.racks[0].product.power.maximum == 135e3
    assert facility.params == {"racks": 2}


def test_settings_replace_values(tmp_path):
    path = write(tmp_path, hall=SMALL)
    facility = load(path, ["params.racks=5", "pods.p.at=[4 m, 2 m]"])
    assert len(facility.racks) == 5
    assert facility.params == {"racks": 5}
    assert facility.machines[0].origin == (4.0, 2.0, 0.0)


def test_a_wrong_setting_is_a_mistake_of_the_command_line(tmp_path):
    with pytest.raises(LayoutError) as caught:
        load(write(tmp_path, hall=SMALL), ["params.rack=5"])
    (mistake,) = caught.value.mistakes
    assert mistake.file == "--set params.rack=5"


def test_a_product_that_a_setting_breaks_is_told_with_the_setting(tmp_path):
    with pytest.raises(LayoutError) as caught:
        load(write(tmp_path, hall=SMALL), ["params.racks=300000"])
    (mistake,) = caught.value.mistakes
    assert mistake.line == 8
    assert "at most 200000" in mistake.message
    assert "$racks" in mistake.message


def test_includes_bring_products_and_parts_with_their_own_lines(tmp_path):
    path = write(
        tmp_path,
        hall="include: [cold.yaml, things.yaml]\n" + SMALL,
        cold="liquid:\n  plant:\n    - {id: dry, type: my_cooler, count: 2}\n",
        things="catalogue:\n  my_cooler: {like: dry_cooler_2mw, fan_power: 50 kW, source: test}\n",
    )
    facility = load(path)
    cooler = facility.by_id["dry1"]
    assert cooler.product.fan_power == 50e3
    assert Path(cooler.mark.file).name == "cold.yaml"
    assert cooler.mark.line == 3


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("catalogue:\n  x:\n    like: nosuch\n", 11, 'unknown product "nosuch"'),
        ("catalogue:\n  x:\n    like: gb300_nvl72\n    mass: 3 kW\n", 12, "mass"),
        ("catalogue:\n  gb300_nvl72: {like: gb200_nvl72}\n", 10, "built-in"),
    ],
)
def test_a_wrong_product_of_the_layout_is_told_at_its_line(text, line, message):
    with pytest.raises(LayoutError) as caught:
        load_text(SMALL + text)
    mistakes = caught.value.mistakes
    assert [mistake.line for mistake in mistakes] == [line]
    assert message in mistakes[0].message or message in " ".join(mistakes[0].path)


def test_a_product_without_size_cannot_stand():
    text = SMALL.replace("[cdu_1300kw,", "[flat,")
    with pytest.raises(LayoutError, match="a side of no length"):
        load_text(text + "catalogue: {flat: {like: network_rack, size: [0 m, 1 m, 1 m]}}\n")


def test_a_reference_is_answered_with_the_line_underlined():
    with pytest.raises(LayoutError) as caught:
        load_text(
            SMALL + "liquid: {loops: [{id: t, source: kind:cdu, sinks: typ:gb300_*, supply: 40 degC}]}\n"
        )
    text = str(caught.value)
    assert text.startswith("<text>:9:")
    assert 'did you mean "type"' in text
    assert "^^^" in text
    assert "loops > t > sinks" in text


def test_the_digest_tells_layouts_apart_and_is_the_same_every_time():
    digest = load_text(SMALL).digest
    assert len(digest) == 64
    assert load_text("# a comment\n" + SMALL).digest == digest
    assert load_text(SMALL, ["params.racks=3"]).digest != digest
    assert load_text(SMALL.replace("9 m", "10 m")).digest != digest


def test_there_are_layouts():
    assert any(path.name == "first_hall.yaml" for path in LAYOUTS)


@pytest.mark.parametrize("path", LAYOUTS, ids=lambda path: path.stem)
def test_every_layout_loads(path):
    facility = load(path)
    assert facility.racks


def test_the_first_hall_feeds_every_load_from_two_sides_and_cools_every_rack():
    facility = load(ROOT / "layouts" / "first_hall.yaml")
    terminals: dict[str, set[str]] = {}
    for feed in facility.feeds:
        terminals.setdefault(feed.to, set()).add(feed.terminal)
    for machine in facility.machines:
        if machine.product.role in ("it", "cooling"):
            assert terminals[machine.id] == {"inA", "inB"}
    assert terminals["ats.A"] == {"in1", "in2"}
    cooled = {name for circuit in facility.circuits for name in circuit.sinks}
    for machine in facility.machines:
        liquid = machine.kind in ("cdu", "crah") or (
            machine.kind == "rack" and machine.product.coolant is not None
        )
        assert (machine.id in cooled) == liquid


def test_loading_needs_no_solvers_and_no_pictures():
    code = (
        "import sys; from twin.layout import load; load(sys.argv[1]);"
        "print(sorted({'scipy', 'numba', 'pyvista', 'vtk', 'trimesh'} & set(sys.modules)))"
    )
    path = ROOT / "layouts" / "first_hall.yaml"
    done = subprocess.run(
        [sys.executable, "-c", code, path], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_a_list_is_not_short_because_one_of_its_items_is_wrong():
    text = (ROOT / "layouts" / "first_hall.yaml").read_text().replace("face: south", "face: sout", 1)
    with pytest.raises(LayoutError) as caught:
        load_text(text)
    assert [mistake.message.partition(";")[0] for mistake in caught.value.mistakes] == [
        'unknown value "sout"'
    ]
