"""Air in the page: lines that follow the flow, and blocks of bytes."""

from __future__ import annotations

import numpy as np
import pytest

from tests import air_fields
from tests.view.view_samples import hall
from twin.view.web.document import Buffer
from twin.view.web.scales import Palette
from twin.view.web.streams import Grid, Line, grid, streams, thinned, trace
from twin.view.web.volumes import blocks, even, notes, samples, volumes


def flow(velocity, counts=(40, 40, 10), size=(8.0, 8.0, 2.0), solid=None):
    """A grid with a velocity given as a function of the middles of its cells."""
    step = np.array(size) / counts
    x, y, z = np.meshgrid(
        *(h * (np.arange(n) + 0.5) for h, n in zip(step, counts, strict=True)), indexing="ij"
    )
    values = np.stack(velocity(x, y, z), axis=-1)
    air = np.ones(counts, bool) if solid is None else ~solid(x, y, z)
    return Grid(np.zeros(3), step, np.where(air[..., None], values, 0).astype(np.float32), air)


def traced(field, *seeds, length=3.0):
    return trace(field, np.array(seeds, float), length=length, step=0.2, slowest=1e-3)


def test_uniform_flow_is_followed_straight_and_in_time():
    speed = np.array([0.3, -0.4, 0.0])
    (line,) = traced(flow(lambda x, y, z: (0 * x + 0.3, 0 * x - 0.4, 0 * x)), (4.0, 4.0, 1.0), length=3.0)
    way = line.points - line.points[0]
    np.testing.assert_allclose(way, line.times[:, None] * speed, atol=1e-6)
    assert np.linalg.norm(way[-1]) == pytest.approx(6.0, rel=1e-6) and line.times[-1] == pytest.approx(
        12.0, rel=1e-6
    )


def test_solid_body_rotation_stays_on_its_circle_and_turns_in_its_time():
    turn = 0.5  # rad/s
    field = flow(lambda x, y, z: (-turn * (y - 4), turn * (x - 4), 0 * x))
    radius = 2.0
    (line,) = traced(field, (4.0 + radius, 4.0, 1.0), length=2 * np.pi * radius)
    around = line.points[:, :2] - 4.0
    np.testing.assert_allclose(np.linalg.norm(around, axis=1), radius, rtol=1e-4)
    angle = np.unwrap(np.arctan2(around[:, 1], around[:, 0]))
    np.testing.assert_allclose(angle - angle[0], turn * line.times, rtol=1e-4, atol=1e-6)


def test_the_error_falls_with_the_fourth_power_of_the_step():
    """On a linear field, which the grid holds exactly."""
    field = flow(lambda x, y, z: (-(y - 4), x - 4, 0 * x))
    errors = []
    for step in (0.8, 0.4):
        (line,) = trace(field, np.array([[5.0, 4.0, 1.0]]), length=1.6, step=step, slowest=1e-3)
        errors.append(abs(np.linalg.norm(line.points[-1, :2] - 4.0) - 1.0))
    assert np.log2(errors[0] / errors[1]) > 3.9


def test_accelerating_air_takes_the_time_of_its_way():
    field = flow(lambda x, y, z: (0.2 + 0.5 * x, 0 * x, 0 * x))
    (line,) = traced(field, (1.0, 4.0, 1.0), length=0.8)
    start, end = line.points[[0, -1], 0]
    assert line.times[-1] == pytest.approx(np.log((0.2 + 0.5 * end) / (0.2 + 0.5 * start)) / 0.5, rel=1e-3)


def test_lines_end_at_walls_at_solids_and_where_the_air_rests():
    along = lambda x, y, z: (0 * x + 1.0, 0 * x, 0 * x)  # noqa: E731
    (free,) = traced(flow(along), (4.0, 4.0, 1.0), length=20.0)
    assert free.points[:, 0].min() >= 0 and free.points[:, 0].max() <= 8.0
    (stopped,) = traced(flow(along, solid=lambda x, y, z: x > 5), (4.0, 4.0, 1.0), length=20.0)
    assert stopped.points[:, 0].max() <= 5.0
    in_solid, at_rest = traced(
        flow(lambda x, y, z: (np.where(y < 2, 0, 1.0), 0 * x, 0 * x), solid=lambda x, y, z: x > 5),
        (6.0, 4.0, 1.0), (2.0, 1.0, 1.0),
    )  # fmt: skip
    assert len(in_solid.points) == len(at_rest.points) == 1


def test_a_thinned_line_keeps_its_ends_and_its_shape():
    angle = np.linspace(0, np.pi, 200)
    line = Line(np.stack([np.cos(angle), np.sin(angle), 0 * angle], axis=1), angle)
    thin = thinned(line)
    assert 15 < len(thin.points) < 60
    np.testing.assert_array_equal(thin.points[[0, -1]], line.points[[0, -1]])
    chords = (thin.points[1:] + thin.points[:-1]) / 2
    assert np.abs(np.linalg.norm(chords, axis=1) - 1).max() < 0.01


def test_streams_are_the_same_every_time_and_lie_in_the_air():
    cells = even({"": air_fields.plain(0.25)})
    made = []
    for _ in range(2):
        buffer = Buffer()
        (found,) = streams(cells, (), buffer, lines=30)
        made.append((found, b"".join(buffer.parts)))
    assert made[0] == made[1]
    count = found.start.shape[0] - 1
    assert 20 < count <= 30 and found.points.shape[0] == found.times.shape[0] == found.values.shape[0]


def test_still_air_has_no_streams():
    field = air_fields.plain()
    field.velocity[...] = 0
    assert streams(even({"": field}), (), Buffer()) == ()
    assert streams((), (), Buffer()) == ()


def test_samples_run_from_1_to_255_and_0_is_no_air():
    values = np.array([np.nan, 10.0, 20.0, 30.0, -5.0, 99.0], np.float32).reshape(6, 1, 1)
    assert samples(values, 10.0, 30.0).ravel().tolist() == [0, 1, 128, 255, 1, 255]


def test_a_field_of_equal_cells_is_shown_as_it_is():
    field = air_fields.plain(0.25)
    (part,) = even({"": field})
    np.testing.assert_array_equal(part.temperature, field.temperature)
    assert part.size == pytest.approx((4.0, 3.0, 2.5)) and notes((part,)) == ()
    assert part.temperature.T.shape == samples(part.temperature, 0, 99).shape


def test_all_halls_share_the_cells_and_means_are_told():
    field = air_fields.plain(0.25)
    parts = even({"h1": field, "h2": field}, 600)
    assert all(part.temperature.size <= 300 for part in parts)
    assert "means over" in notes(parts)[0]
    assert np.nanmean(parts[0].temperature) == pytest.approx(np.nanmean(field.temperature), abs=0.5)
    (graded,) = even({"": air_fields.plain(0.25, graded=True)}, 500)
    assert graded.temperature.size <= 500 and graded.size == pytest.approx((4.0, 3.0, 2.5))


def test_a_block_is_the_mean_of_its_air():
    values = np.arange(12, dtype=np.float32).reshape(3, 2, 2)
    values[0, 0, 0], values[2] = np.nan, np.nan
    merged = blocks(values, (2, 2, 1))
    np.testing.assert_allclose(merged[0, 0], [(2 + 4 + 6) / 3, (1 + 3 + 5 + 7) / 4])
    assert np.isnan(merged[1]).all()


def test_volumes_hold_temperature_finer_than_speed():
    buffer = Buffer()
    field = air_fields.hall_field(hall(2))
    warm, fast = volumes(even({"": field}), (), Palette(buffer), buffer)
    assert (warm.name, fast.name, warm.hall) == ("temperature", "speed", "hall")
    assert warm.low <= np.nanmin(field.temperature) and warm.high >= np.nanmax(field.temperature)
    assert fast.samples.shape == tuple(-(-n // 2) for n in warm.samples.shape)
    assert all(b >= a for a, b in zip(warm.size, fast.size, strict=True))


def test_a_grid_gives_back_a_linear_field():
    field = flow(lambda x, y, z: (x, 2 * y, 3 * z))
    points = np.array([[1.23, 4.5, 0.7], [6.0, 3.3, 1.5]])
    np.testing.assert_allclose(field.at(points), points * [1, 2, 3], rtol=1e-5)


def test_a_grid_of_one_layer_is_read_as_well():
    (part,) = even({"": air_fields.plain(2.5)})
    assert np.isfinite(grid(part).at(np.array([[0.1, 0.1, 0.1]]))).all()
