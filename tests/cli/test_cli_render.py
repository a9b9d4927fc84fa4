"""``render``: which pictures are drawn, from where, how large; what cannot be drawn is told in a line."""

from __future__ import annotations

import re

import pytest

from twin.cli import viewing
from twin.view.camera import PRESETS, Camera, Viewpoint
from twin.view.theme import THEMES


@pytest.fixture
def drawn(monkeypatch):
    """A machine with graphics that draws nothing; gives what was asked for: the folder and options of every call."""
    from twin.view import gl, pictures, spotlight

    asked = []

    def drawing(*things, **options):
        asked.append((things[-1].as_posix(), options))
        return [things[-1] / "picture.png"]

    monkeypatch.setattr(gl, "available", lambda *, refresh=False: gl.Probe(True, "fine"))
    monkeypatch.setattr(pictures, "render", drawing)
    monkeypatch.setattr(spotlight, "render", drawing)
    return asked


def test_pictures_and_findings_lie_in_the_run(twin, solved, drawn):
    answer = twin("render", solved)
    assert answer.exit_code == 0, answer.output
    (maps, first), (findings, second) = drawn
    assert (maps, findings) == (f"{solved}/maps", f"{solved}/maps/findings")
    assert (first["names"], first["size"], first["theme"], first["palette"]) == (
        None,
        (1920, 1080),
        "light",
        None,
    )
    assert (first["camera"], second["most"]) == (Viewpoint(), 12)
    assert answer.stdout.splitlines() == [f"{maps}/picture.png", f"{findings}/picture.png"]


def test_every_choice_reaches_the_pictures(twin, solved, drawn, tmp_path):
    answer = twin(
        "render", solved, "--out", "p", "--field", "rack.power", "--field", "margin", "--findings", "3", "--size",
        "1280x720", "--theme", "dark", "--palette", "cividis", "--view", "south", "--view", "plan", "--azimuth", "-30",
        "--elevation", "25", "--zoom", "1.5",
    )  # fmt: skip
    assert answer.exit_code == 0, answer.output
    assert [folder for folder, _ in drawn] == ["p/south", "p/plan", "p/findings"]
    looks = {"size": (1280, 720), "theme": "dark", "palette": "cividis"}
    assert all(options.items() >= looks.items() for _, options in drawn)
    assert drawn[0][1]["names"] == ["rack.power", "margin"]
    assert drawn[0][1]["camera"] == Viewpoint("south", -30.0, 25.0, 1.5)
    assert drawn[2][1]["most"] == 3


def test_an_eye_of_ones_own(twin, solved, drawn):
    answer = twin(
        "render", solved, "--eye", "-5, 2,8", "--target", "3,2,1", "--up", "0,1,0", "--field", "heat"
    )
    assert answer.exit_code == 0, answer.output
    ((_, options),) = drawn  # no findings where fields are named
    assert options["camera"] == Camera((-5.0, 2.0, 8.0), (3.0, 2.0, 1.0), (0.0, 1.0, 0.0))


def test_pictures_of_a_state_stand_beside_those_of_the_normal_one(twin, solved, drawn):
    assert twin("render", solved, "--state", "lose:crah1").exit_code == 0
    ((folder, options),) = drawn
    assert folder == f"{solved}/maps/lose_crah1"
    assert (options["scenario"] > 0, options["fields"]) == (True, {})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--size", "big"], "width and height in pixels are wanted, 1920x1080"),
        (["--size", "320x200"], "between 640x400 and 7680x4320"),
        (["--size", "1920x99999"], "between 640x400 and 7680x4320"),
        (["--eye", "1,2,3"], "an eye needs a target"),
        (["--eye", "1,2", "--target", "0,0,0"], "three numbers of metres"),
        (["--eye", "1,2,3", "--target", "1,2,3"], "one point"),
        (["--eye", "nan,2,3", "--target", "1,2,3"], "finite"),
        (["--eye", "9,2,3", "--target", "1,2,3", "--view", "iso"], "not both"),
        (["--zoom", "0"], "zoom must be above 0"),
        (["--elevation", "91"], "between -90 and 90"),
        (["--view", "sout"], 'did you mean "south"'),
        (["--theme", "drak"], 'did you mean "dark"'),
        (["--palette", "jet"], "allowed: cividis"),
        (["--field", "rack.powr"], 'did you mean "rack.power"'),
        (["--field", "margn"], 'did you mean "margin"'),
        (["--field", "air_slices"], "there is no 3-D air here"),
        (["--plan", "--view", "south"], "does not go with a view"),
        (["--plan", "--size", "800x600"], "does not go with a view"),
        (["--state", "lose:crah9"], 'did you mean "lose:crah'),
    ],
)
def test_what_cannot_be_drawn_is_told_in_a_line(twin, solved, drawn, arguments, message):
    answer = twin("render", solved, *arguments)
    assert answer.exit_code == 2, answer.output
    assert message in answer.stderr
    assert len(answer.stderr.splitlines()) == 1
    assert not drawn


def test_plan_maps_ask_for_no_graphics(twin, solved, monkeypatch, tmp_path):
    from twin.view import gl

    monkeypatch.setattr(gl, "available", lambda *, refresh=False: pytest.fail("asked for graphics"))
    answer = twin(
        "render", solved, "--plan", "--out", "p", "--field", "heat", "--theme", "dark", "--findings", "1"
    )
    assert answer.exit_code == 0, answer.output
    names = [line.removeprefix("p/") for line in answer.stdout.splitlines()]
    assert names[0] == "heat_plan_2d.png"
    assert re.fullmatch(r"findings/finding_01_[\w.-]+_2d\.png", names[1])
    assert all((tmp_path / "p" / name).read_bytes().startswith(b"\x89PNG") for name in names)


def test_without_graphics_a_view_is_four_and_the_rest_becomes_plan_maps(
    twin, solved, no_graphics, monkeypatch
):
    from twin.view import plan

    for option in (["--view", "south"], ["--azimuth", "20"], ["--eye", "1,2,3", "--target", "0,0,0"]):
        answer = twin("render", solved, *option)
        assert answer.exit_code == 4
        assert no_graphics.remedy in answer.stderr
    monkeypatch.setattr(plan, "write", lambda *things, **options: [things[-1] / "map.png"])
    answer = twin("render", solved, "--view", "plan", "--findings", "0")
    assert (answer.exit_code, answer.stdout) == (0, f"{solved}/maps/map.png\n")
    assert no_graphics.remedy in answer.stderr


def test_help_names_every_view_and_theme(twin):
    text = " ".join(re.findall(r"[\w,.-]+", twin("render", "--help").stdout)).replace(",", "")
    assert all(name in text.split() for name in PRESETS)
    assert tuple(THEMES) == viewing.THEMES
