"""The viewer's page: time from solved run to file, and its size, against other ways to hand a scene over.

Ours holds every quantity in 24 states, findings, cascades and an air field of about two million cells, with the program
that shows them.  What the peers write holds the same boxes in the colours of one state alone: ``export_html`` of PyVista
(needs the package trame-pyvista, else it is left out), one merged mesh for each layer, and a GLB file of trimesh, likewise.
Runs are solved before, with the zonal model; their field is made up.  CPU time.  ``--small`` leaves out the hall of 10,000
racks, whose solve takes minutes.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.benchmarks.timing import Row, against, medians, report, single_threaded

if TYPE_CHECKING:
    from twin.model.facility import Facility
    from twin.results import Results, Verdict

ROOT = Path(__file__).resolve().parents[2]
HALL = ROOT / "layouts" / "gb300_hall.yaml"
STATES, CELLS = 24, 2_000_000


@dataclass(frozen=True)
class Solved:
    """A run to be shown."""

    facility: Facility
    results: Results
    verdict: Verdict


def main() -> None:
    """Print the table."""
    single_threaded()
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--small", action="store_true")
    options, sys.argv[1:] = parser.parse_known_args()
    report(__doc__ or "", partial(rows, small=options.small))


def rows(small: bool = False) -> Iterator[Row]:
    """A hall of 128 racks with all its states, then larger ones."""
    yield from _hall()
    for pods in (32,) if small else (32, 320):
        yield from _against_others(solved(pods))


def solved(pods: int) -> Solved:
    """The hall of the example with more pods, narrower aisles between them, and all machines in proportion."""
    from tests.air_fields import hall_field
    from twin.checks import judge
    from twin.coupling import evaluate
    from twin.layout import load
    from twin.scenario import plan

    facility = load(HALL, _scaled(pods))
    states = plan(facility)
    chosen = (states[0], *states[1 :: max(len(states) // (STATES - 1), 1)][: STATES - 1])
    results = evaluate(facility, chosen)
    east, north, up = facility.halls[0].size
    field = hall_field(facility, spacing=(east * north * up / CELLS) ** (1 / 3))
    return Solved(facility, replace(results, fields={"": field}), judge(facility, results))


def _scaled(pods: int) -> list[str]:
    more = pods // 4
    counts = {
        "air.crahs.0": 4, "air.crahs.1": 4, "liquid.plant.0": 10, "liquid.plant.1": 3, "liquid.pumps.0": 3,
        "liquid.pumps.1": 2, "power.switchboards.1": 8, "power.switchboards.2": 2, "power.transformers.0": 8,
        "power.transformers.1": 2, "power.generators.0": 8, "power.generators.1": 2, "power.transfer_switches.0": 8,
        "power.transfer_switches.1": 2, "power.ups.0": 16,
    }  # fmt: skip
    return [
        f"params.pods={pods}",
        "pods.0.repeat.step=[0 m, 6 m]",
        f"hall.size=[22 m, {5 + 6 * pods} m, 6 m]",
        f"power.utility.capacity={25 * more} MVA",
        f"power.utility.fault_level={800 * more} MVA",
        f"power.utility.fault_level_min={400 * more} MVA",
        *(f"{path}.count={count * more}" for path, count in counts.items()),
    ]


def _hall() -> Iterator[Row]:
    """What a save costs beside the solve: all states of the example, its 3-D air, timelines."""
    from twin.run import assess

    run = assess(HALL, air="potential")
    shown = Solved(run.facility, run.results, run.verdict)
    with tempfile.TemporaryDirectory() as folder:
        size = _page(shown, Path(folder))
        racks, states = len(run.facility.racks), len(run.results.scenarios)
        case = f"{racks} racks, {states} states, 3-D air: scene and page, {_mega(size)}"
        yield Row(case, *medians(partial(_page, shown, Path(folder)), clock=time.process_time))


def _against_others(run: Solved) -> Iterator[Row]:
    import pyvista
    import trimesh

    peers: dict[str, Callable[[Solved, Path], int]] = {f"GLB of trimesh {trimesh.__version__}": _glb}
    if find_spec("trame_pyvista"):
        peers = {f"export_html of PyVista {pyvista.__version__}": _html, **peers}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        racks, states = f"{len(run.facility.racks):,} racks", len(run.results.scenarios)
        pages = {
            f"{racks}, {states} states, field, {_mega(_page(run, folder))}": _page,
            f"{racks}, one state, no field, {_mega(_bare(run, folder))}": _bare,
        }
        for peer, write in peers.items():
            theirs = f"{peer}, one state, {_mega(write(run, folder))}"
            for case, page in pages.items():
                yield against(case, theirs, partial(page, run, folder), partial(write, run, folder))


def _page(run: Solved, folder: Path) -> int:
    """Ours; size of the file. [byte]"""
    from twin.view.web.compose import packed
    from twin.view.web.page import write_page

    return write_page(folder / "page.html", packed(run.facility, run.results, run.verdict)).stat().st_size


def _bare(run: Solved, folder: Path) -> int:
    """The same of the normal state alone, without the field: what the peers show, with all quantities. [byte]"""
    from twin.view.web.compose import packed
    from twin.view.web.page import write_page

    scene = packed(run.facility, run.results, run.verdict, fields={}, states=["normal"])
    return write_page(folder / "bare.html", scene).stat().st_size


def _html(run: Solved, folder: Path) -> int:
    import pyvista

    plotter = pyvista.Plotter(off_screen=True, window_size=[1600, 1000])
    for layer, color in _colored(run):
        faces = pyvista.PolyData.from_regular_faces(layer.vertices, layer.faces)
        faces.cell_data["color"] = color[layer.face_box]
        plotter.add_mesh(faces, scalars="color", rgb=True, opacity=layer.style.opacity)
    path = folder / "peer.html"
    plotter.trame.export_html(path)
    plotter.close()
    return path.stat().st_size


def _glb(run: Solved, folder: Path) -> int:
    import numpy as np
    import trimesh

    scene = trimesh.Scene()
    for layer, color in _colored(run):
        quads = layer.faces
        triangles = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
        mesh = trimesh.Trimesh(
            layer.vertices, triangles, vertex_colors=np.repeat(color, 8, axis=0), process=False
        )
        scene.add_geometry(mesh, geom_name=layer.name)
    data: bytes = scene.export(file_type="glb")
    (folder / "peer.glb").write_bytes(data)
    return len(data)


def _colored(run: Solved) -> Iterator[tuple[Any, Any]]:
    """Layers and the colour of each box in the normal state."""
    import numpy as np

    from twin.view import colors
    from twin.view.paints import box_colors, painted
    from twin.view.scene import build

    name = "rack.inlet_temperature"
    paints = painted(run.facility, run.results, 0, [(name, (name,), "")])
    for layer in build(run.facility).layers:
        found = box_colors(layer, paints, ())
        plain = np.round(255 * np.array(colors.rgb(layer.style.color))).astype(np.uint8)
        yield layer, found if found is not None else np.tile(plain, (layer.count, 1))


def _mega(size: int) -> str:
    return f"{size / 1e6:.2f} MB"


if __name__ == "__main__":
    main()
