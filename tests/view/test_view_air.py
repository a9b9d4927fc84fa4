"""The air in pictures, maps, window and report: right places, right colours, and nothing where there is no air."""

from __future__ import annotations

import numpy as np
import pytest

from solvers.air.field.grid import Grid, uniform
from solvers.air.field.solution import Field
from tests.air_fields import hall_field, plain
from tests.view.view_samples import hall, solved
from twin.layout.load import load
from twin.view import airmap, paints, plan, report, slices

SMALL = (700, 420)
NAMES = ("air_slices", "air_surface", "air_streams")


@pytest.fixture(scope="module")
def made():
    return hall()


@pytest.fixture(scope="module")
def fields(made):
    return {"": hall_field(made, spacing=0.5)}


def constant(temperature, size=(8.0, 8.0, 4.0), spacing=1.0):
    """Still air of one temperature."""
    grid = uniform(size, spacing)
    values = np.full(grid.shape, temperature, np.float32)
    return Field(grid, values, np.zeros((*grid.shape, 3), np.float32), values * 0)


def linear(graded=False):
    """Temperature 10 + x + 2 y + 3 z."""
    x = np.array([0, 1, 1.5, 2, 4.0]) if graded else np.linspace(0, 4, 5)
    grid = Grid(x, np.linspace(0, 3, 7), np.linspace(0, 2, 5))
    a, b, c = np.meshgrid(*grid.centers, indexing="ij")
    values = (10 + a + 2 * b + 3 * c).astype(np.float32)
    return Field(grid, values, np.stack([a, b, c], axis=-1).astype(np.float32), values * 0)


@pytest.mark.parametrize("graded", [False, True])
@pytest.mark.parametrize(("axis", "at"), [(0, 1.6), (1, 1.01), (2, 1.25), (2, 1.4)])
def test_a_cut_through_linear_values_is_exact(graded, axis, at):
    part = slices.cut(linear(graded), axis, at)
    place = [*np.meshgrid(*part.middles, indexing="ij")]
    place.insert(axis, np.full_like(place[0], at))
    np.testing.assert_allclose(part.temperature, 10 + place[0] + 2 * place[1] + 3 * place[2], rtol=1e-6)
    np.testing.assert_allclose(part.velocity[..., 0], place[0 if axis else 1], rtol=1e-6)
    assert part.points()[..., axis] == pytest.approx(at)


def test_a_cut_beside_the_grid_is_none_and_one_at_its_edge_is_not():
    assert slices.cut(linear(), 2, 2.1) is None
    assert slices.cut(linear(), 2, -0.1) is None
    assert slices.cut(linear(), 2, 2.0) is not None
    assert slices.cut(linear(), 0, 0.0) is not None


def test_solids_stay_holes_and_do_not_spoil_the_corners_beside_them():
    part = slices.cut(plain(), 2, 1.25)
    solid = ~np.isfinite(part.temperature)
    assert 0 < solid.sum() < solid.size
    corners = slices.corners_of(part.temperature)
    np.testing.assert_array_equal(np.isnan(corners).any(axis=(2, 3)), solid)
    lowest, highest = np.nanmin(part.temperature), np.nanmax(part.temperature)
    assert np.nanmin(corners) >= lowest - 1e-4 and np.nanmax(corners) <= highest + 1e-4


def test_colours_run_through_the_air_and_not_through_a_panel():
    warm = np.array([[20.0, 20.0, 35.0, 35.0], [21.0, 21.0, 36.0, 36.0]], np.float32)  # a panel in the middle
    corners = slices.corners_of(warm)
    assert corners[0, 1, 1, 1] == corners[1, 1, 0, 1] == 20.5  # along the panel: both cells on this side
    assert corners[0, 2, 1, 0] == 35.5


def test_a_room_one_cell_thick_is_cut():
    thin = constant(25.0, (4.0, 4.0, 0.5), 0.5)
    assert slices.cut(thin, 2, 0.3).temperature.shape == (8, 8)


def test_planes_lie_in_the_middle_of_a_cold_and_of_a_hot_aisle():
    facility = load("layouts/enterprise_hall.yaml")
    (cold, hot) = slices.aisles(facility, facility.halls[0])
    assert cold == pytest.approx((1, 4.2))  # rows p1 face each other across 3.6 .. 4.8 m
    assert hot == pytest.approx((1, 11.4))  # backs of p2.n and p3.s at 10.8 and 12.0 m
    axis, at = slices.section(facility, facility.halls[0])
    assert axis == 0
    assert any(abs(rack.center[0] - at) < 1e-9 for rack in facility.racks)


def test_an_empty_hall_is_cut_in_its_middle():
    empty = hall(0).replace(runs=())
    (axis, at), *rest = slices.aisles(empty, empty.halls[0])
    assert rest == []
    assert at == empty.halls[0].origin[axis] + empty.halls[0].size[axis] / 2


def test_maps_have_the_colour_of_the_air(made, tmp_path):
    for temperature, color, name in (
        (20.0, (27, 158, 119), "air_plan"),
        (38.0, (244, 109, 67), "air_section"),
    ):
        still = {"": constant(temperature, made.halls[0].size)}
        (path,) = plan.write(made, solved(made), tmp_path, names=[name], fields=still)
        assert pixels(drawn(path), color) > 20_000, path.name


def test_maps_of_the_air_have_their_names_and_say_height_and_speed(made, fields, tmp_path):
    written = plan.write(made, solved(made), tmp_path, names=["heat", *paints.AIR_MAPS], fields=fields)
    assert [path.name for path in written] == ["heat_plan_2d.png", "air_plan_2d.png", "air_section_2d.png"]
    sheet = airmap.plan_figure(made, solved(made), fields, height=1.7)
    words = [text.get_text() for text in (*sheet.texts, *(t for axes in sheet.axes for t in axes.texts))]
    assert any("air temperature at 1.7 m" in text for text in words)
    assert any(text.endswith(" m/s") for text in words)


def test_without_graphics_any_picture_of_the_air_becomes_the_plan_once(made, fields):
    assert plan.stems([*NAMES, "heat", "rack.power"], fields) == {
        "air_plan": "air_plan", "heat": "heat_plan", "rack.power": "rack_power_plan",
    }  # fmt: skip
    assert plan.stems(NAMES, {}) == {}


def test_one_hall_of_several_is_enough(tmp_path):
    campus = load("layouts/campus.yaml")
    some = {"h2": hall_field(campus, "h2", spacing=1.0)}
    low, high = slices.bounds(campus, some)
    assert low.tolist() == [60, 0, 0]
    with pytest.raises(ValueError, match="has an air field"):
        slices.bounds(campus, {"elsewhere": linear()})
    assert high.tolist() == [80, 51, 6]
    assert len(plan.write(campus, solved(hall()), tmp_path, names=["air_section"], fields=some)) == 1


def test_air_without_movement_and_solid_grids_are_mapped(made, tmp_path):
    nothing = constant(np.nan, made.halls[0].size)
    assert len(plan.write(made, solved(made), tmp_path, names=paints.AIR_MAPS, fields={"": nothing})) == 2


def test_pictures_of_the_air_are_offered_only_with_a_field(fields):
    assert not any(paints.PICTURES[name].air for name in paints.offered(None, {}))
    assert set(NAMES) <= set(paints.offered(None, fields))
    assert not set(paints.AIR_MAPS) & set(paints.offered(None, fields))
    with pytest.raises(ValueError, match="this run has none"):
        paints.offered(["air_streams"], {})


def test_seeds_are_the_same_every_time_and_lie_where_the_air_moves(fields):
    from twin.view.air import seed

    field = plain(0.25)
    first, second = seed(field, 50), seed(field, 50)
    np.testing.assert_array_equal(first, second)
    assert 40 <= len(first) <= 50
    at = tuple(np.searchsorted(line, first[:, n]) - 1 for n, line in enumerate(field.grid.lines))
    assert np.isfinite(field.temperature[at]).all()
    assert len(seed(constant(20.0), 10)) == 0


def test_the_surface_is_where_the_recommended_range_ends_or_two_thirds_up():
    from twin.view.air import surface_temperature

    assert surface_temperature({"": linear()}) != 27.0  # 11.5 .. 23.2 degC
    assert 11.5 < surface_temperature({"": linear()}) < 23.2
    assert surface_temperature({"": plain()}) == 27.0
    assert surface_temperature({"": constant(np.nan)}) == 27.0


def test_all_pictures_of_the_air_are_drawn(graphics, made, fields, tmp_path):
    from twin.view.pictures import render

    paths = render(
        made,
        solved(made),
        tmp_path,
        names=[*NAMES, "air_plan"],
        fields=fields,
        size=(360, 240),
        antialias=False,
    )
    assert [path.name for path in paths] == [*(f"{name}.png" for name in NAMES), "air_plan_2d.png"]
    assert all(drawn(path).std() > 1 for path in paths)


def test_cuts_are_not_shaded(graphics, made, tmp_path):
    from twin.view.pictures import render

    still = {"": constant(20.0, made.halls[0].size)}
    (path,) = render(
        made,
        solved(made),
        tmp_path,
        names=["air_slices"],
        fields=still,
        camera="south",
        size=SMALL,
        antialias=False,
    )
    assert pixels(drawn(path)[60:, :560], (27, 158, 119)) > 500


def test_nothing_to_see_is_drawn_as_nothing(graphics, made, tmp_path):
    from twin.view.pictures import render

    nothing = {"": constant(np.nan, made.halls[0].size)}
    small = (320, 200)
    assert (
        len(render(made, solved(made), tmp_path, names=NAMES, fields=nothing, size=small, antialias=False))
        == 3
    )


def test_the_surface_lies_at_its_temperature(graphics, made):
    from twin.view import air

    field = linear()
    shell = made.halls[0]
    mesh = air.surface(made, {shell.id: field}, air.View(temperature=18.0))
    x, y, z = mesh.points.T
    inner = (x > 0.5) & (x < 3.5) & (y > 0.25) & (y < 2.75) & (z > 0.25) & (z < 1.75)  # between middles
    assert inner.sum() > 10
    np.testing.assert_allclose((10 + x + 2 * y + 3 * z)[inner], 18.0, atol=0.01)


def test_streamlines_stay_in_the_air_and_on_their_circles(graphics, made):
    from twin.view import air

    grid = uniform((4.0, 4.0, 1.0), 0.1)
    x, y, _ = np.meshgrid(*grid.centers, indexing="ij")
    turning = np.stack([-(y - 2), x - 2, 0 * x], axis=-1)
    outside = np.hypot(x - 2, y - 2) > 1.9
    turning[outside] = np.nan
    values = np.where(outside, np.nan, 25.0).astype(np.float32)
    field = Field(grid, values, turning.astype(np.float32), values)
    lines = air.streams(made, {"": field}, air.View(lines=8))
    assert lines.n_points > 100
    assert np.hypot(lines.points[:, 0] - 2, lines.points[:, 1] - 2).max() < 2.1
    assert np.ptp(lines.points[:, 2]) < 1.0


def test_the_report_shows_pictures_and_facts_of_the_air(made, fields, tmp_path):
    from tests.view.view_samples import verdict

    written = plan.write(made, solved(made), tmp_path, names=["heat", *paints.AIR_MAPS], fields=fields)
    facts = {
        "hall": "<b>", "method": "rans", "cells": 155_000, "iterations": 62, "mass_error": 3e-7,
        "energy_error": 2e-7, "worst_rack": "p.n.04", "worst_inlet": 26.42, "worst_error": np.inf,
        "notes": ["averaged over a limit cycle"],
    }  # fmt: skip
    text = report.html(made, solved(made), verdict(), written, [facts])
    for expected in ("Air field", "155,000", "3.0e-07", "26.4", "not known", "&lt;b&gt;", "limit cycle",
                     "Air temperature across the rows"):  # fmt: skip
        assert expected in text
    maps, air = text.split('<section id="air"')
    assert maps.count("data:image/png") == 1
    assert air.count("data:image/png") == 2
    assert "Air field" not in report.html(made, solved(made), verdict(), written[:1])


def drawn(path):
    from matplotlib.image import imread

    return np.round(255 * imread(path)[..., :3]).astype(int)


def pixels(image, color, tolerance=6):
    """How many pixels are nearly of a colour."""
    return int((np.abs(image - np.array(color)).max(axis=-1) <= tolerance).sum())
