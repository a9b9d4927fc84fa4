"""Air fields on disk: what ParaView reads, what comes back, and what is refused."""

from __future__ import annotations

import re

import numpy as np
import pytest

from solvers.air.field.grid import Grid
from solvers.air.field.solution import Field
from tests.air_fields import plain
from twin.results import fields
from twin.results.store import RunError

VALUES = ("temperature", "velocity", "pressure", "age")


@pytest.mark.parametrize("graded", [False, True])
def test_a_field_comes_back_bit_by_bit(tmp_path, graded):
    field = plain(graded=graded)
    fields.save_fields(tmp_path, {"": field, "h2": plain(0.25)})
    read = fields.load_fields(tmp_path)
    assert list(read) == ["", "h2"]
    for line, was in zip(read[""].grid.lines, field.grid.lines, strict=True):
        np.testing.assert_allclose(line, was, rtol=1e-14)  # of an image only origin and spacing are kept
    for name in VALUES:
        np.testing.assert_array_equal(getattr(read[""], name), getattr(field, name))
    assert read[""].kinetic is None


def test_uniform_grids_are_images_and_graded_ones_have_an_image_beside_them(tmp_path):
    even = fields.save_fields(tmp_path, {"": plain()})
    assert [path.name for path in even] == ["hall.vti", "air.vtm"]
    graded = fields.save_fields(tmp_path, {"h1": plain(graded=True)})
    assert [path.name for path in graded] == ["h1.vtr", "h1.vti", "air.vtm"]
    assert sorted(path.name for path in (tmp_path / "air").iterdir()) == ["air.vtm", "h1.vti", "h1.vtr"]


@pytest.mark.filterwarnings("ignore")  # of the reader's own
@pytest.mark.parametrize("graded", [False, True])
def test_the_reference_reader_sees_the_same_numbers_in_the_same_places(tmp_path, graded):
    pyvista = pytest.importorskip("pyvista")
    field = plain(graded=graded)
    path, *_ = fields.save_fields(tmp_path, {"": field})
    mesh = pyvista.read(path)
    middles = np.stack(np.meshgrid(*field.grid.centers, indexing="ij"), axis=-1)
    solid = ~np.isfinite(flat(field.temperature))
    shown = mesh.cell_centers().points  # of cells that are not hidden
    np.testing.assert_allclose(shown, flat(middles)[~solid], atol=1e-6)
    for name in VALUES:
        np.testing.assert_array_equal(mesh.cell_data[name], flat(getattr(field, name)))
    np.testing.assert_array_equal(mesh.cell_data["air"], ~solid)
    np.testing.assert_array_equal(mesh.cell_data["vtkGhostType"] == 32, solid)


def test_the_listing_opens_all_halls(tmp_path):
    pyvista = pytest.importorskip("pyvista")
    fields.save_fields(tmp_path, {"h1": plain(), "h2": plain(graded=True)})
    blocks = pyvista.read(tmp_path / "air" / "air.vtm")
    assert blocks.keys() == ["h1", "h2"]
    assert [block.n_cells for block in blocks] == [plain().grid.cells, plain(graded=True).grid.cells]


def test_more_than_one_compressed_block_comes_back(tmp_path):
    field = plain(0.05)
    assert field.velocity.nbytes > fields._BLOCK
    fields.save_fields(tmp_path, {"": field})
    np.testing.assert_array_equal(fields.load_fields(tmp_path)[""].velocity, field.velocity)


def test_interpolation_to_equal_cells_is_exact_for_linear_values_away_from_solids():
    x = np.array([0.0, 1.0, 1.5, 2.0, 3.0, 5.0])
    grid = Grid(x, np.linspace(0, 2, 5), np.linspace(0, 1, 3))
    a, b, c = np.meshgrid(*grid.centers, indexing="ij")
    linear = (1 + 2 * a - b + 3 * c).astype(np.float32)
    field = Field(grid, linear, np.stack([linear] * 3, axis=-1), linear)
    even = fields.resampled(field)
    assert fields.shape(even) == (10, 4, 2)
    middles = [(line[1:] + line[:-1]) / 2 for line in even.grid.lines]
    a, b, c = np.meshgrid(*middles, indexing="ij")
    inner = (a > 0.5) & (a < 4.0)  # between the outermost middles of the graded grid
    np.testing.assert_allclose(even.temperature[inner], (1 + 2 * a - b + 3 * c)[inner], rtol=1e-5)
    np.testing.assert_allclose(even.velocity[..., 1], even.temperature)


def test_interpolation_keeps_solids_solid_and_does_not_mix_them_in():
    field = plain(graded=True)
    even = fields.resampled(field)
    known = field.temperature[np.isfinite(field.temperature)]
    found = even.temperature[np.isfinite(even.temperature)]
    assert found.min() >= known.min() - 1e-3
    assert found.max() <= known.max() + 1e-3
    assert np.isnan(even.temperature).any()
    np.testing.assert_array_equal(np.isnan(even.temperature), np.isnan(even.velocity[..., 0]))


def test_an_image_has_no_more_cells_than_allowed():
    even = fields.resampled(plain(0.1, graded=True), most=1000)
    assert 500 < np.prod(fields.shape(even)) <= 1000


def test_a_run_without_fields_has_none(tmp_path):
    assert fields.save_fields(tmp_path, {}) == []
    assert fields.load_fields(tmp_path) == {}
    fields.save_fields(tmp_path, {"": plain()})
    fields.save_fields(tmp_path, {})
    assert fields.load_fields(tmp_path) == {}


def test_a_grid_of_one_cell_is_saved(tmp_path):
    one = plain(5.0)
    assert one.grid.cells == 1
    fields.save_fields(tmp_path, {"": one})
    np.testing.assert_array_equal(fields.load_fields(tmp_path)[""].temperature, one.temperature)


def test_a_name_that_leaves_the_folder_is_refused(tmp_path):
    with pytest.raises(ValueError, match="cannot name a file"):
        fields.save_fields(tmp_path, {"../x": plain()})


@pytest.mark.parametrize(
    ("pattern", "by"),
    [
        (r"</VTKFile>", ""),
        (r'WholeExtent="0 8', 'WholeExtent="0 80'),
        (r'Extent="0 \d+ 0 \d+', 'Extent="0 99999 0 99999'),
        (r'NumberOfComponents="3"', 'NumberOfComponents="1"'),
        (r'Name="pressure"', 'Name="pression"'),
        (r'Name="temperature" format="binary">\n[A-Za-z0-9+/=]{90}', 'Name="temperature" format="binary">\n'),
        (r'Name="temperature" format="binary">\n', 'Name="temperature" format="binary">\n====!'),
        (r'type="Float32" Name="temperature"', 'type="Float64" Name="temperature"'),
        (r'compressor="vtkZLibDataCompressor"', ""),
        (r'<\?xml version="1.0"\?>', '<!DOCTYPE x [<!ENTITY a "b">]>'),
        (r'Spacing="0.5', 'Spacing="-0.5'),
        (r'Origin="0.0', 'Origin="nan'),
    ],
)  # fmt: skip
def test_damaged_files_are_refused_with_their_name(tmp_path, pattern, by):
    fields.save_fields(tmp_path, {"": plain()})
    path = tmp_path / "air" / "hall.vti"
    text = path.read_text(encoding="utf-8")
    changed, count = re.subn(pattern, by, text)
    assert count
    path.write_text(changed, encoding="utf-8")
    with pytest.raises(RunError, match=r"hall\.vti: no readable air field"):
        fields.load_fields(tmp_path)


def test_flipped_bytes_are_found(tmp_path):
    fields.save_fields(tmp_path, {"": plain()})
    path = tmp_path / "air" / "hall.vti"
    text = path.read_text(encoding="utf-8")
    at = text.index('Name="velocity"') + 300
    path.write_text(text[:at] + ("B" if text[at] == "A" else "A") + text[at + 1 :], encoding="utf-8")
    with pytest.raises(RunError, match="no readable air field"):
        fields.load_fields(tmp_path)


@pytest.mark.parametrize("name", ["../hall.vti", "/etc/passwd", "hall.txt", "missing.vti", ""])
def test_listings_name_files_beside_them_only(tmp_path, name):
    fields.save_fields(tmp_path, {"": plain()})
    path = tmp_path / "air" / "air.vtm"
    path.write_text(path.read_text(encoding="utf-8").replace("hall.vti", name), encoding="utf-8")
    with pytest.raises(RunError, match="no readable air field"):
        fields.load_fields(tmp_path)


def flat(values):
    """Cells in the order of the files: x fastest."""
    return np.moveaxis(values, (0, 1, 2), (2, 1, 0)).reshape(-1, *values.shape[3:])
