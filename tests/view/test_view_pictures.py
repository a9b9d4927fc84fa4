"""Pictures and window; drawing needs a graphics driver, describing does not."""

from __future__ import annotations

import numpy as np
import pytest

from tests.view.view_samples import HOSTILE, finding, hall, solved, verdict, with_rack_values
from twin.view import colors
from twin.view.camera import Camera, fitted
from twin.view.pictures import aim
from twin.view.window import describe

SMALL = (700, 420)


@pytest.fixture(scope="module")
def made():
    return hall()


def drawn(path):
    from matplotlib.image import imread

    return np.round(255 * imread(path)[..., :3]).astype(int)


def pixels(image, color, tolerance=6):
    """How many pixels are nearly of a colour."""
    return int((np.abs(image - np.array(color)).max(axis=-1) <= tolerance).sum())


def test_pictures_are_drawn_with_the_colours_of_the_bar(graphics, made, tmp_path):
    from twin.view.pictures import render

    (path,) = render(made, solved(made), tmp_path, names=["heat_plan"], size=SMALL, antialias=False)
    image = drawn(path)
    assert image.shape == (SMALL[1], SMALL[0], 3)
    assert pixels(image[:, : SMALL[0] - 330], (253, 174, 97)) > 20  # 32 .. 35 degC, as seen from above


def test_a_free_camera_and_a_single_field_are_drawn(graphics, made, tmp_path):
    from twin.view.pictures import render

    camera = Camera((4.0, -6.0, 8.0), (4.0, 5.0, 0.0))
    (path,) = render(
        made, solved(made), tmp_path, names=["rack.power"], camera=camera, size=SMALL, antialias=False,
        palette="cividis", verdict=verdict(finding()), scenario=1,
    )  # fmt: skip
    assert path.name == "rack_power.png"
    assert drawn(path).std() > 1


def test_unknown_pictures_are_refused(graphics, made, tmp_path):
    from twin.view.pictures import render

    with pytest.raises(KeyError):
        render(made, solved(made), tmp_path, names=["soup"])


@pytest.mark.parametrize("count", [0, 1])
def test_empty_halls_and_hostile_names_are_drawn(graphics, count, tmp_path):
    from twin.view.pictures import render

    made = hall(count, HOSTILE)
    assert render(made, solved(made), tmp_path, names=["load"], size=SMALL, antialias=False)[0].exists()


def test_one_mesh_for_each_layer_whatever_the_number_of_racks(graphics):
    from twin.view.window import make_window

    made = hall(30)
    window = make_window(made, solved(made), off_screen=True, size=(300, 200))
    assert all(len(actors) <= 2 for actors in window.actors.values())
    assert window.meshes["racks"].n_cells == 6 * 60
    window.plotter.close()


def test_the_window_paints_steps_and_picks(graphics, made):
    from twin.view.window import make_window

    window = make_window(made, solved(made), verdict(finding()), off_screen=True, size=(300, 200))
    racks = window.actors["racks"][0]
    colours = window.meshes["racks"].cell_data
    assert colours["color"][0].tolist() == [27, 158, 119]  # 20 degC
    window.step_state(1)
    assert colours["color"][-1].tolist() == list(colors.NO_VALUE)  # the rack that lost its power
    assert window.pick(racks, 6 * 7) == "p.n.04"
    assert window.pick(object(), 0) == ""
    assert window.pick(racks, 10**6) == ""
    before = window.field
    window.step_field(1)
    assert window.field != before
    window.step_field(-1)
    assert window.field == before
    window.look("plan")
    window.show("racks", False)
    assert not racks.GetVisibility()
    window.plotter.close()


def test_painting_again_changes_what_is_seen(graphics, made):
    from twin.view.window import make_window

    cold = with_rack_values(solved(made), "inlet_temperature", [20.0] * 8)
    hot = with_rack_values(solved(made), "inlet_temperature", [38.0] * 8)
    window = make_window(made, cold, off_screen=True, size=(300, 300))
    racks = window.scene.layer("racks")
    view = fitted("plan", racks.low.min(axis=0), racks.high.max(axis=0), 1.0)
    aim(window.plotter, view)
    seen = []
    for results in (cold, hot):
        window.results = results
        window.refresh()
        image = window.plotter.screenshot(return_img=True).astype(int)
        reddish = (image[..., 0] > 2 * image[..., 2]) & (image[..., 0] > 1.3 * image[..., 1])
        seen.append(int(reddish.sum()))
    window.plotter.close()
    assert seen[0] < 300 < seen[1] - seen[0]


def test_a_layer_that_is_painted_is_shown(graphics, made):
    from twin.view.window import make_window

    window = make_window(made, solved(made), off_screen=True, size=(300, 200))
    assert not window.actors["busways"][0].GetVisibility()
    window.field = "power.loading"
    window.paint()
    assert window.actors["busways"][0].GetVisibility()
    window.plotter.close()


def test_a_rack_is_described_with_quantities_place_and_findings(made):
    text = describe(made, solved(made), verdict(finding()), "p.n.04", 1)
    assert text.startswith("p.n.04\nt (rack)")
    assert "State: lose:ups.A1" in text
    assert "Air temperature at the inlet: 34.0 degC" in text
    assert "Has power on at least one feed: no" in text
    assert "PWR-001 (error): has no power on any feed" in text


def test_things_out_of_service_and_states_without_solution_are_said(made):
    assert "out of service" in describe(made, solved(made), None, "ups.A1", 1)
    text = describe(made, solved(made), None, "p.s.01", 2)
    assert "no steady solution" in text
    assert "degC" not in text


def test_loops_halls_and_unknown_names_are_described(made):
    assert "Supply temperature after mixing: 36.0 degC" in describe(made, solved(made), None, "tcs")
    assert "hall" in describe(made, solved(made), None, "hall")
    assert describe(made, solved(made), None, HOSTILE).startswith(HOSTILE)
