"""Pictures: their colours, light, shadows and words; drawing needs a graphics driver, setting the sheet does not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.view.view_samples import HOSTILE, finding, hall, solved, verdict
from twin.view import colors, drawing, shade, sheet, spotlight
from twin.view.camera import Camera, Viewpoint, fitted
from twin.view.scene import build
from twin.view.sheet import Name
from twin.view.theme import THEMES

SMALL = (700, 420)


@pytest.fixture(scope="module")
def made():
    return hall()


def judged(*findings):
    """A verdict with margins of two racks."""
    return verdict(*findings, tightest={"p.n.04": (-1.0, "PWR-001"), "p.s.01": (0.2, "AIR-001")})


def drawn(path):
    from matplotlib.image import imread

    return np.round(255 * imread(path)[..., :3]).astype(int)


def pixels(image, color, tolerance=6):
    """How many pixels are nearly of a colour."""
    return int((np.abs(image - np.array(color)).max(axis=-1) <= tolerance).sum())


def inner(image):
    """The drawing without title and bars."""
    wide, tall = sheet.inside(SMALL)
    return image[SMALL[1] - tall :, :wide]


def test_pictures_are_drawn_with_the_colours_of_the_bar(graphics, made, tmp_path):
    from twin.view.pictures import render

    (path,) = render(made, solved(made), tmp_path, names=["heat_plan"], size=SMALL, antialias=False)
    image = drawn(path)
    assert image.shape == (SMALL[1], SMALL[0], 3)
    assert pixels(inner(image), (253, 174, 97)) > 20  # 32 .. 35 degC, as seen from above


def test_a_free_camera_and_a_single_field_are_drawn_in_the_dark(graphics, made, tmp_path):
    from twin.view.pictures import render

    camera = Camera((4.0, -6.0, 8.0), (4.0, 5.0, 0.0))
    (path,) = render(
        made, solved(made), tmp_path, names=["rack.power"], camera=camera, size=SMALL, antialias=False,
        palette="cividis", verdict=verdict(finding()), scenario=1, theme="dark",
    )  # fmt: skip
    assert path.name == "rack_power.png"
    image = drawn(path)
    night = tuple(round(255 * part) for part in colors.rgb(THEMES["dark"].sheet))
    assert pixels(image, night, 2) > 50_000
    assert pixels(inner(image), colors.NO_VALUE, 40) > 10  # the rack that lost its power


def test_margins_are_drawn_where_rules_were_applied(graphics, made, tmp_path):
    from twin.view.pictures import render

    (path,) = render(
        made, solved(made), tmp_path, names=["margin"], camera=Viewpoint("plan"), size=SMALL, antialias=False,
        verdict=judged(),
    )  # fmt: skip
    assert pixels(inner(drawn(path)), (0x7A, 0, 0x19)) > 5  # the top of the rack whose rule is broken
    with pytest.raises(ValueError, match="solve again"):
        render(made, solved(made), tmp_path, names=["margin"], verdict=verdict())


def test_unknown_pictures_and_themes_are_refused(graphics, made, tmp_path):
    from twin.view.pictures import render

    with pytest.raises(KeyError):
        render(made, solved(made), tmp_path, names=["soup"])
    with pytest.raises(ValueError, match="light, dark"):
        render(made, solved(made), tmp_path, theme="pink")


@pytest.mark.parametrize("count", [0, 1])
def test_empty_halls_and_hostile_names_are_drawn(graphics, count, tmp_path):
    from twin.view.pictures import render

    odd = hall(count, HOSTILE)
    assert render(odd, solved(odd), tmp_path, names=["load"], size=SMALL, antialias=False)[0].exists()


def test_fronts_have_slots_where_air_enters_and_coolers_have_fans(graphics, made):
    scene = build(made)
    racks = scene.layer("racks")
    slots = drawing.trim(racks).points.reshape(-1, 4, 3)
    box = np.repeat(np.arange(racks.count), len(slots) // racks.count)
    face = {
        "south": (1, racks.low),
        "north": (1, racks.high),
        "east": (0, racks.high),
        "west": (0, racks.low),
    }
    for name, middle, of in zip(np.array(racks.ids)[box], slots.mean(axis=1), box, strict=True):
        axis, wall = face[made.by_id[name].face]
        assert middle[axis] == pytest.approx(wall[of, axis], abs=0.02)
    fans = drawing.trim(scene.layer("plant")).points
    assert fans[:, 2].min() > scene.layer("plant").high[0, 2]
    assert drawing.trim(scene.layer("cdus")) is None


def test_pipes_are_closed_tubes_inside_their_boxes(graphics, made):
    layer = build(made).layer("pipes_supply")
    tubes = drawing.mesh(layer)
    for number in range(layer.count):
        one = tubes.extract_cells(np.flatnonzero(tubes.cell_data["box"] == number)).extract_surface(
            algorithm="dataset_surface"
        )
        assert one.is_manifold or one.clean().is_manifold
        low, high = np.array(one.bounds).reshape(3, 2).T
        assert (low >= layer.low[number] - 1e-6).all() and (high <= layer.high[number] + 1e-6).all()


def test_walls_between_the_eye_and_the_hall_are_left_out(made):
    walls = build(made).layer("walls")
    low, high = walls.low.min(axis=0), walls.high.max(axis=0)
    seen = drawing.behind(walls, fitted("south", low, high, 1.6))
    assert seen.count == 3  # all but the south wall
    assert seen.low[:, 1].max() == 30.0 and not (seen.high[:, 1] < 0.01).any()
    inside = Camera((5.0, 5.0, 2.0), (9.0, 9.0, 1.0))
    assert drawing.behind(walls, inside).count == 4


def test_shadows_lie_around_what_stands_and_not_far_from_it(made):
    scene = build(made)
    racks = scene.layer("racks").only(np.arange(8) == 0)
    low, high = np.array([-5.0, -5.0]), np.array([15.0, 15.0])
    alone = replace(scene, hall_low=np.zeros((0, 3)), hall_high=np.zeros((0, 3)))
    dark = shade._strength([racks], alone, low, high, 400)
    middle = ((racks.low + racks.high) / 2)[0, :2]
    column, row = ((middle - low) / 0.05).astype(int)
    assert dark[row, column] > 0.5
    assert dark[row, column] > dark[row, column + 30] > dark[row, column + 60] >= 0
    assert dark[-1, -1] < 1e-6


def test_blurring_keeps_the_sum_of_what_is_blurred():
    values = np.zeros((90, 120))
    values[40:50, 50:60] = 1.0
    assert shade._blurred(values, 8.0).sum() == pytest.approx(100.0)
    assert shade._blurred(values, 8.0).max() < 1.0


def test_names_that_find_no_room_are_left_out_and_the_thing_in_question_stays():
    names = [Name(f"row {n}", 0.5 + 0.001 * n, 0.5) for n in range(50)]
    kept = sheet.roomy([Name("the one", 0.5, 0.5, strong=True), *names, Name("other", 0.2, 0.8)], (900, 500))
    assert [name.text for name in kept] == ["the one", "other"]
    assert sheet.roomy([Name("outside", 1.2, 0.5)], (900, 500)) == []


def test_a_sheet_of_any_size_tells_title_verdict_and_limits(made):
    from twin.view.colors import margin_scale
    from twin.view.sheet import Bar, Words, compose

    view = fitted("iso", np.zeros(3), np.ones(3), 1.6)
    said = Words(
        "A <title> $x_{$",
        "line",
        bars=(Bar(margin_scale(), ((0.0, "the limit"),)),),
        chip=("FAIL", "#c00000"),
    )
    for size in ((640, 400), (1920, 1080)):
        wide, tall = sheet.inside(size)
        figure = compose(np.zeros((tall, wide, 3), np.uint8), said, view, size, THEMES["light"])
        texts = [t.get_text() for axes in figure.axes for t in axes.texts] + [
            t.get_text() for t in figure.texts
        ]
        assert {"A <title> $x_{$", "line", "FAIL", "the limit"} <= set(texts)
        assert tuple(np.round(figure.get_size_inches() * figure.dpi)) == size


def test_a_long_line_ends_before_the_verdict():
    view = fitted("iso", np.zeros(3), np.ones(3), 1.6)
    said = sheet.Words("m" * 300, "w" * 300, chip=("PASS", "#008000"))
    figure = sheet.compose(np.zeros((976, 1590, 3), np.uint8), said, view, (1920, 1080), THEMES["light"])
    renderer = figure.canvas.get_renderer()
    chip = next(text for text in figure.texts if text.get_text() == "PASS")
    assert all(text.get_text().endswith("…") for text in figure.texts[:2])
    plain = sheet.Words("Hall of racks " * 30, "State of the hall " * 30)
    figure = sheet.compose(np.zeros((976, 1590, 3), np.uint8), plain, view, (1920, 1080), THEMES["light"])
    begin = chip.get_window_extent(renderer).x0
    assert all(text.get_window_extent(figure.canvas.get_renderer()).x1 < begin for text in figure.texts[:2])


def test_every_finding_has_a_picture_named_after_code_and_subject(graphics, made, tmp_path):
    found = (
        finding(position=(5.0, 6.0, 1.0)),
        finding(
            code="AIR-001",
            subject="p.s.02",
            scenario="normal",
            value=33.0,
            limit=32.0,
            dimension="temperature",
        ),
        finding(
            code="AIR-001",
            subject="p.s.03",
            scenario="normal",
            value=32.5,
            limit=32.0,
            dimension="temperature",
        ),
        finding(code="SOL-001", subject="site", scenario="", position=None),
        finding(code="LIQ-001", subject=HOSTILE, position=(1.0, 2.0, 0.5), severity="warning"),
    )
    paths = spotlight.render(
        made, solved(made), judged(*found), tmp_path, most=2, size=SMALL, antialias=False
    )
    assert [path.name for path in paths] == ["finding_01_PWR-001_p.n.04.png", "finding_02_AIR-001_p.s.02.png"]
    accent = tuple(round(255 * part) for part in colors.rgb(THEMES["light"].accent))
    for path in paths:
        image = inner(drawn(path))
        tall, wide = image.shape[:2]
        middle = image[tall // 4 : 3 * tall // 4, wide // 4 : 3 * wide // 4]
        assert pixels(middle, accent, 40) > 60  # outlined, and in the middle
    maps = spotlight.maps(made, solved(made), judged(*found), tmp_path / "maps", most=9)
    assert [path.name for path in maps] == [
        "finding_01_PWR-001_p.n.04_2d.png",
        "finding_02_AIR-001_p.s.02_2d.png",
        "finding_03_LIQ-001_script_img_src_x_onerror_alert_1_x_2d.png",
    ]


def test_the_title_of_a_finding_has_value_and_limit():
    hot = finding(code="AIR-001", value=33.0, limit=32.0, dimension="temperature")
    assert spotlight._title(hot) == "AIR-001   p.n.04: 33.0 °C (limit 32.0 °C)"
    assert spotlight._title(finding()) == "PWR-001   p.n.04: racks have power: no"


def test_findings_that_break_rules_come_before_warnings_and_waived_ones(made):
    found = (
        finding(code="A-001", waived="agreed"), finding(code="B-001", severity="warning"), finding(code="C-001"),
    )  # fmt: skip
    seen = spotlight.spots(made, solved(made), judged(*found), build(made))
    assert [spot.finding.code for spot in seen] == ["C-001", "B-001", "A-001"]
