"""The scene: closed boxes whose faces lead back to their owners, and values only where there are some."""

from __future__ import annotations

import numpy as np
import pytest

from tests.geometry.small_facilities import facility, machine, rack_product
from tests.view.view_samples import hall, solved, with_rack_values
from twin.results.quantities import QUANTITIES
from twin.view.scene import FIELDS, GAP, STYLES, build, paint


@pytest.fixture(scope="module")
def scene():
    return build(hall())


def test_every_machine_with_a_size_is_in_one_layer(scene):
    drawn = [
        name for layer in ("racks", "cdus", "power", "busways", "plant") for name in scene.layer(layer).ids
    ]
    assert sorted(drawn) == sorted(m.id for m in hall().machines if m.kind != "utility")


def test_boxes_are_closed_and_their_faces_point_outward(scene):
    """Divergence theorem: the flux of x/3 through the faces is the volume."""
    for layer in scene.layers:
        corners = layer.vertices[layer.faces]
        area = 0.5 * np.cross(corners[:, 2] - corners[:, 0], corners[:, 3] - corners[:, 1])
        flux = (corners.mean(axis=1) * area).sum(axis=1) / 3
        volume = np.prod(layer.high - layer.low, axis=1)
        np.testing.assert_allclose(
            np.bincount(layer.face_box, flux, layer.count), volume, rtol=1e-9, atol=1e-12
        )


def test_a_face_leads_to_its_box(scene):
    layer = scene.layer("racks")
    for face in (0, 5, 6, 6 * layer.count - 1):
        box = layer.face_box[face]
        low, high = (
            layer.vertices[layer.faces[face]].min(axis=0),
            layer.vertices[layer.faces[face]].max(axis=0),
        )
        assert (low >= layer.low[box] - 1e-12).all()
        assert (high <= layer.high[box] + 1e-12).all()


def test_neighbouring_racks_stand_apart_by_the_gap(scene):
    layer = scene.layer("racks")
    assert layer.low[1, 0] - layer.high[0, 0] == pytest.approx(GAP)


def test_pipes_belong_to_their_loop(scene):
    assert set(scene.layer("pipes_supply").ids) == {"tcs", "fws"}


def test_fields_are_the_marked_quantities_of_things_that_are_drawn():
    assert FIELDS
    for name, field in FIELDS.items():
        assert QUANTITIES[name].paint
        assert set(field.layers) <= set(STYLES)


def test_only_what_is_alive_and_finite_has_a_value():
    made = hall()
    results = solved(made)
    racks = [m.id for m in made.racks]
    assert set(paint(results, "rack.inlet_temperature")) == set(racks)
    assert set(paint(results, "rack.inlet_temperature", 1)) == set(racks[:-1])
    broken = with_rack_values(results, "inlet_temperature", [np.nan, np.inf, *[20.0] * (len(racks) - 2)])
    assert set(paint(broken, "rack.inlet_temperature")) == set(racks[2:])


def test_a_rack_without_coolant_has_no_coolant_temperature():
    made = hall()
    assert made.racks[-1].id not in paint(solved(made), "rack.liquid_return")


def test_a_state_without_a_steady_solution_has_no_values():
    assert paint(solved(hall()), "rack.inlet_temperature", 2) == {}


def test_unknown_quantities_have_no_values():
    results = solved(hall())
    assert paint(results, "rack.colour") == {}
    assert paint(results, "soup.power") == {}


@pytest.mark.parametrize(
    "made", [facility([], halls=()), facility([]), hall(0), hall(1)], ids=["nothing", "bare", "none", "one"]
)
def test_empty_halls_and_single_racks_make_a_scene(made):
    scene = build(made)
    low, high = scene.bounds()
    assert np.isfinite([low, high]).all()


def test_ten_thousand_racks_are_one_layer_of_eight_corners_each():
    product = rack_product()
    first = machine("r", product)
    racks = [
        first.model_copy(update={"id": f"r{k}", "origin": (k % 100 * 0.7, k // 100 * 2.0, 0.0)})
        for k in range(10_000)
    ]
    made = facility([]).model_copy(update={"machines": tuple(racks)})
    layer = build(made).layer("racks")
    assert len(layer.vertices) == 80_000
    assert len(layer.ids) == 10_000
