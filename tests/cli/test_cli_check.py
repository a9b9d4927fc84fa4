"""``twin check``, ``init`` and ``schema``: quick, light, and honest about what only a solve can tell."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from twin.layout import LayoutError, load

ROOT = Path(__file__).parents[2]
HEAVY = {"scipy", "numba", "matplotlib", "pyvista", "vtkmodules", "trimesh"}


def _modules(*arguments: str) -> set[str]:
    """Modules that the command has loaded when it ends."""
    program = (
        "import sys, atexit; atexit.register(lambda: print('\\n=', *sys.modules)); "
        f"sys.argv = ['twin', *{list(arguments)!r}]; from twin.cli import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.rpartition("=")[2].split())


@pytest.mark.parametrize(
    "arguments", [("--help",), ("check", "layouts/first_hall.yaml"), ("solve", "--help")]
)
def test_nothing_heavy_is_loaded_for(arguments):
    loaded = _modules(*arguments)
    assert not HEAVY & loaded
    if "--help" in arguments:
        assert not {"numpy", "yaml", "twin.layout"} & loaded


@pytest.mark.slow
def test_a_hall_of_128_racks_is_checked_in_a_second():
    program = "import sys, time; sys.argv = ['twin', 'check', 'layouts/gb300_hall.yaml']; from twin.cli import main\n"
    program += "try:\n    main()\nfinally:\n    print('=', time.process_time())"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert float(done.stdout.rpartition("=")[2]) < 1.5  # below 1 s on a quiet desktop machine


def test_a_sound_hall_is_checked_with_its_sums(twin):
    answer = twin("check", "hall.yaml")
    assert answer.exit_code == 0
    for words in ("PASS", "10 racks", "1.11 MW", "ups_1250kw", "2.5 MW", "installed"):
        assert words in answer.stdout


def test_machines_in_each_others_way_are_one(twin):
    answer = twin("check", "hall.yaml", "--set", "pods.pod.at=[0 m, 0 m]")
    assert answer.exit_code == 1
    assert re.search("FAIL +[0-9]+ placement errors?", answer.stdout)
    assert "GEO-" in answer.stdout


def test_errors_of_other_sorts_are_not_called_placement(twin):
    answer = twin("check", "hall.yaml", "--set", "liquid.loops.fws.pumps=[]")
    assert answer.exit_code == 1
    assert re.search("FAIL +1 error", answer.stdout) and "LIQ-012" in answer.stdout


def test_sums_that_cannot_carry_the_racks_are_one(twin):
    answer = twin("check", "hall.yaml", "--set", "power.ups.ups.type=ups_500kw", "--json")
    assert answer.exit_code == 1
    row = json.loads(answer.stdout)["layouts"][0]
    assert row["verdict"] == "fail"
    short = [line for line in row["capacity"] if line["short"]]
    assert [line["name"] for line in short] == ["ups"]
    assert short[0]["installed"] == 1e6


def test_json_of_a_sound_layout(twin):
    answer = twin("check", "hall.yaml", "--json")
    document = json.loads(answer.stdout)
    assert (document["version"], document["status"], document["verdict"]) == (1, "valid", "pass")
    row = document["layouts"][0]
    assert row["racks"] == 10
    assert row["it_power"] == pytest.approx(1.11e6)


def test_good_layouts_are_checked_beside_bad_ones(twin, tmp_path):
    (tmp_path / "bad.yaml").write_text("twin: 1\nname: x\n", encoding="utf-8")
    answer = twin("check", "bad.yaml", "hall.yaml", "missing.yaml")
    with pytest.raises(LayoutError) as caught:
        load("bad.yaml")
    assert answer.exit_code == 2
    assert "PASS" in answer.stdout
    assert str(caught.value) in answer.stderr
    assert "missing.yaml:1:1: no such file" in answer.stderr
    document = json.loads(twin("check", "bad.yaml", "hall.yaml", "missing.yaml", "--json").stdout)
    assert {mistake["file"] for mistake in document["mistakes"]} == {"bad.yaml", "missing.yaml"}


def test_init_writes_a_layout_that_checks_and_its_schema(twin, tmp_path):
    answer = twin("init", "new")
    assert answer.exit_code == 0
    text = (tmp_path / "new" / "first_hall.yaml").read_text(encoding="utf-8")
    assert text.startswith("# yaml-language-server: $schema=./schema.json\n")
    assert twin("check", "new/first_hall.yaml").exit_code == 0
    schema = json.loads((tmp_path / "new" / "schema.json").read_text(encoding="utf-8"))
    assert schema == json.loads(twin("schema").stdout)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_init_overwrites_nothing_unless_told(twin, tmp_path):
    (tmp_path / "schema.json").write_text("mine", encoding="utf-8")
    answer = twin("init")
    assert answer.exit_code == 2
    assert "schema.json exists" in answer.stderr
    assert (tmp_path / "schema.json").read_text(encoding="utf-8") == "mine"
    assert not (tmp_path / "first_hall.yaml").exists()
    assert twin("init", "--force").exit_code == 0
    assert (tmp_path / "schema.json").read_text(encoding="utf-8") != "mine"


def test_the_starter_fits_its_schema(twin, tmp_path):
    jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed")
    yaml = pytest.importorskip("yaml")
    twin("init")
    schema = json.loads((tmp_path / "schema.json").read_text(encoding="utf-8"))
    layout = yaml.safe_load((tmp_path / "first_hall.yaml").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(layout)


def test_version_is_that_of_the_package(twin):
    from twin import __version__

    assert twin("--version").stdout.strip() == f"twin {__version__}"
