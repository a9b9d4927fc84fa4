"""Plan maps: made without any graphics driver, with the colours of the values, whatever the names."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.geometry.small_facilities import facility, machine, shell
from tests.view.view_samples import HOSTILE, hall, solved, verdict, with_rack_values
from twin.view import board, colors, lettering, plan
from twin.view.scene import build


def colours(figure):
    """Face colours of all boxes, as a set."""
    from matplotlib.collections import PolyCollection

    found = set()
    for axes in figure.axes:
        for collection in axes.collections:
            if isinstance(collection, PolyCollection):
                found |= {
                    tuple(np.round(255 * c[:3]).astype(int).tolist()) for c in collection.get_facecolors()
                }
    return found


def words(figure):
    """All texts of a figure."""
    return [text.get_text() for axes in figure.axes for text in axes.texts] + [
        t.get_text() for t in figure.texts
    ]


def test_racks_have_the_colour_of_their_value():
    made = hall()
    results = with_rack_values(solved(made), "inlet_temperature", [20.0] * 7 + [38.0])
    expected = {(27, 158, 119), (244, 109, 67)}  # bands 18 .. 21 and 35 .. 40 degC
    assert expected <= colours(plan.figure(made, results, "rack.inlet_temperature"))
    assert (244, 109, 67) not in colours(plan.figure(made, solved(made), "rack.inlet_temperature"))


def test_dead_racks_are_grey_and_failed_machines_dark():
    made = hall()
    shown = colours(plan.figure(made, solved(made), "load", 1))
    assert colors.NO_VALUE in shown
    assert colors.OUT in shown
    assert colors.OUT not in colours(plan.figure(made, solved(made), "load", 0))


def test_a_state_without_a_solution_says_so_and_paints_nothing():
    made = hall()
    figure = plan.figure(made, solved(made), "heat", 2)
    assert colors.NO_VALUE in colours(figure)
    assert any("no steady solution" in text for text in words(figure))


def test_racks_bear_number_value_and_the_sheet_title_state_and_unit():
    made = hall()
    figure = plan.figure(made, solved(made), "heat")
    assert "01\n20.0" in words(figure)
    assert any("Test hall" in text for text in words(figure))
    assert any("normal" in text for text in words(figure))
    assert any("°C" in axes.get_title(loc="left") for axes in figure.axes)


def test_letters_are_readable_or_absent():
    made = hall()
    for name in plan.MAPS:
        sizes = [t.get_fontsize() for axes in plan.figure(made, solved(made), name).axes for t in axes.texts]
        assert min(sizes) >= lettering.READABLE


@pytest.mark.parametrize(
    "made",
    [facility([], halls=()), facility([]), hall(0), hall(1), hall(2, HOSTILE)],
    ids=["nothing", "bare", "none", "one", "hostile"],
)
def test_any_hall_and_any_name_makes_maps(made, tmp_path):
    written = plan.write(
        made, solved(made), tmp_path, verdict=verdict(), formats=("png", "svg"), names=("load",)
    )
    assert [path.name for path in written] == ["load_plan_2d.png", "load_plan_2d.svg"]
    assert written[0].read_bytes().startswith(b"\x89PNG")
    assert "<img" not in written[1].read_text(encoding="utf-8")


def test_all_maps_are_written_within_sensible_size(tmp_path):
    made = hall()
    written = plan.write(made, solved(made), tmp_path)
    assert [path.name for path in written] == [f"{name}_plan_2d.png" for name in plan.MAPS]
    assert all(2_000 < path.stat().st_size < 1_000_000 for path in written)


def test_the_board_follows_the_power_tree_from_the_grid():
    made = hall()
    assert [line.group for line in board.lines(made)] == ["grid", "ups.A", "bw.A"]
    depth = board.depths(made)
    assert (depth["grid"], depth["ups.A1"], depth["bw.A.p.s"], depth["p.s.01"]) == (0, 1, 2, 3)


def test_a_ring_in_the_power_tree_ends():
    from tests.geometry.small_facilities import feed

    made = hall()
    ring = made.replace(feeds=(*made.feeds, feed("ups.A1", "bw.A.p.s", terminal="inB")))
    assert set(board.depths(ring)) == set(made.by_id)


def test_maps_and_report_load_no_vtk_and_no_pyplot():
    program = (
        "import sys; from pathlib import Path; import tempfile\n"
        "from tests.view.view_samples import hall, solved, verdict\n"
        "import twin.view as view\n"
        "assert 'matplotlib' not in sys.modules and 'pyvista' not in sys.modules\n"
        "made = hall(); results = solved(made)\n"
        "with tempfile.TemporaryDirectory() as name:\n"
        "    maps = view.write(made, results, Path(name))\n"
        "    view.write_report(made, results, verdict(), maps, Path(name) / 'report.html')\n"
        "bad = {'pyvista', 'vtkmodules', 'vtk', 'matplotlib.pyplot'} & set(sys.modules)\n"
        "assert not bad, bad\n"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_lines_lie_where_the_busway_hangs():
    from matplotlib.collections import LineCollection

    made = hall()
    figure = plan.figure(made, solved(made), "load")
    busway = build(made).layer("busways")
    segments = [
        c.get_segments()[0] for axes in figure.axes for c in axes.collections if isinstance(c, LineCollection)
    ]
    (x, y), (east, _) = segments[0]
    assert (x, east) == pytest.approx((busway.low[0, 0], busway.high[0, 0]))
    assert busway.low[0, 1] < y < busway.high[0, 1]


def test_every_hall_of_a_site_has_a_map_of_its_own():
    halls = tuple(shell(name=f"h{k}", origin=(100.0 * k, 0.0)) for k in (1, 2, 3))
    racks = [
        machine(f"h{k}.r{n}", origin=(100.0 * k + 3 + 0.6 * n, 4.0, 0.0), hall=f"h{k}")
        for k in (1, 2, 3)
        for n in range(4)
    ]
    made = facility(racks, halls=halls)
    figure = plan.figure(made, solved(made), "heat")
    maps = [axes for axes in figure.axes if axes.get_title(loc="left").startswith("h")]
    assert [axes.get_title(loc="left") for axes in maps] == ["h1", "h2", "h3"]
    for k, axes in enumerate(maps, 1):
        assert axes.get_xlim() == pytest.approx((100 * k - plan.EDGE, 100 * k + 20 + plan.EDGE))
        assert any(text.get_text().startswith("r0") for text in axes.texts)


@pytest.mark.parametrize("size", [(12.0, 9.0, 5.0), (22.0, 36.0, 6.0), (40.0, 25.0, 6.0)], ids=str)
def test_racks_of_halls_of_usual_size_bear_their_number(size):
    made = hall(4, halls=(shell(size=size),))
    assert "01\n20.0" in words(plan.figure(made, solved(made), "rack.inlet_temperature"))
