"""The viewer page in headless Chromium, its frames drawn by the processor (SwiftShader): script, calls and waiting.

The halls, their values and the air are made up (`tests.browser.runs`): rows of fifty racks with a CDU and a busway each; the
one of 10,000 racks in 24 states, with a transient of 24 steps and an air field of 2 million cells.  The peer shows the
same racks as boxes with the same version of three.js and nothing else, one mesh for each; it has no panels, no edges, no
labels and no air.  ``ours`` and ``theirs`` are the script time of a frame while the eye goes round, the median of up to 60
frames; both are measured around the callbacks of ``requestAnimationFrame``.  ``wall per frame`` is the time from
frame to frame, drawing by the processor included; while it moves, our page draws more coarsely where frames take long.

Needs Chromium with its driver, and three.js for the peer: ``npm ci`` in twin/view/web/source.
"""

from __future__ import annotations

import argparse
import functools
import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from tests.benchmarks.timing import Row, single_threaded

THREE = (
    Path(__file__).resolve().parents[2]
    / "twin"
    / "view"
    / "web"
    / "source"
    / "node_modules"
    / "three"
    / "build"
)
PEER = "three.js, one mesh per rack"
SIZE = (1280, 800)
AIR = "air=slice&streams=on"
CASES: dict[str, dict[str, int]] = {
    "1,000 racks": {"racks": 1000, "states": 24},
    "10,000 racks": {"racks": 10_000, "states": 24, "steps": 24, "cells": 2_000_000},
    "100,000 racks": {"racks": 100_000, "states": 3},
}


@dataclass(frozen=True)
class PageRow(Row):
    """A page; times in seconds, the first five fields as in every benchmark."""

    page_mb: float = 0.0
    first_s: float = 0.0
    """From the beginning of the script to the first picture."""
    calls: int = 0
    """Draw calls of a frame."""
    triangles: int = 0
    recolour_s: float = 0.0
    """Other colours for all racks, with the panels that tell of them."""
    pick_s: float = 0.0
    """What lies under a pixel."""
    wall_s: float = 0.0
    """From frame to frame."""
    peer_first_s: float | None = None
    peer_calls: int | None = None
    peer_recolour_s: float | None = None
    peer_pick_s: float | None = None
    peer_wall_s: float | None = None


TIMING = """
window.spent = [];
const ask = window.requestAnimationFrame.bind(window);
window.requestAnimationFrame = (act) => ask((at) => {
  const begun = performance.now();
  act(at);
  window.spent.push(performance.now() - begun);
});
"""
"""Put into every page before its own script."""
MEASURE = """
const [step, frames, count, limit, done] = arguments;
const turn = new Function(step), drawn = new Function("return " + frames), begun = performance.now();
const walls = [], scripts = [];
let last = begun;
const next = () => {
  const before = drawn(), mark = window.spent.length;
  turn();
  const look = () => requestAnimationFrame(() => setTimeout(() => {
    if (drawn() === before) return look();
    const now = performance.now();
    walls.push(now - last);
    last = now;
    scripts.push(Math.max(...window.spent.slice(mark)));
    if (walls.length < count && now - begun < limit) next();
    else done([scripts, walls]);
  }));
  look();
};
next();
"""
"""Script of frames, and the time from one to the next, each after a step. [ms]"""
TURN = "document.body.dispatchEvent(new KeyboardEvent('keydown', {key: 'ArrowRight', bubbles: true}))"
OURS = """
const median = (all) => all.sort((a, b) => a - b)[all.length >> 1];
const timed = (act) => { const begun = performance.now(); act(); return performance.now() - begun; };
const names = ["rack.power", "rack.inlet_temperature"], places = Array.from({length: 21}, (_, k) => k);
return {
  recolour: median([0, 1, 2, 3, 4].map((k) => timed(() => twinViewer.paint(names[k % 2])))),
  pick: median(places.map((k) => timed(() => twinViewer.at(380 + 40 * k, 200 + 20 * k)))),
};
"""
PEER_PAGE = """<!doctype html><meta charset="utf-8"><style>body{margin:0}</style>
<script type="importmap">{"imports": {"three": "./three.module.js"}}</script>
<script type="module">
import * as three from "three";
const boxes = BOXES, begun = performance.now();
const renderer = new three.WebGLRenderer({antialias: true});
renderer.setSize(innerWidth, innerHeight);
document.body.append(renderer.domElement);
const scene = new three.Scene(), unit = new three.BoxGeometry(1, 1, 1);
scene.background = new three.Color(0xffffff);
scene.add(new three.HemisphereLight(0xffffff, 0x888888, 3));
const camera = new three.PerspectiveCamera(35, innerWidth / innerHeight, 0.5, 5000);
const middle = new three.Vector3(...boxes.middle), far = boxes.far;
camera.up.set(0, 0, 1);
const meshes = boxes.at.map(([x, y, z], k) => {
  const color = new three.Color().setHSL((k % 97) / 97, 0.6, 0.5);
  const mesh = new three.Mesh(unit, new three.MeshLambertMaterial({color}));
  mesh.position.set(x, y, z);
  mesh.scale.set(0.6, 1.2, 2.2);
  scene.add(mesh);
  return mesh;
});
let angle = 0.8;
const draw = () => {
  camera.position.set(middle.x + far * Math.cos(angle), middle.y + far * Math.sin(angle), far * 0.6);
  camera.lookAt(middle);
  renderer.render(scene, camera);
  peer.frames++;
};
const caster = new three.Raycaster();
window.peer = {
  frames: 0,
  turn: () => { angle += 0.06; requestAnimationFrame(draw); },
  recolour: () => meshes.forEach((mesh, k) => mesh.material.color.setHSL((k % 31) / 31, 0.6, 0.5)),
  pick: (x, y) => {
    caster.setFromCamera(new three.Vector2(x, y), camera);
    return caster.intersectObjects(meshes)[0]?.object.id ?? -1;
  },
  calls: () => renderer.info.render.calls,
};
requestAnimationFrame(() => { draw(); setTimeout(() => { peer.first = performance.now() - begun; }); });
</script>"""
THEIRS = """
const median = (all) => all.sort((a, b) => a - b)[all.length >> 1];
const timed = (act) => { const begun = performance.now(); act(); return performance.now() - begun; };
return {
  recolour: median([0, 1, 2, 3, 4].map(() => timed(peer.recolour))),
  pick: median(Array.from({length: 21}, (_, k) => timed(() => peer.pick(k / 10 - 1, k / 20 - 0.5)))),
};
"""


def main() -> None:
    """Print the table."""
    single_threaded()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="print a list of rows instead of a table")
    parser.add_argument("--only", metavar="CASE", default="", help="cases whose name begins so")
    asked = parser.parse_args()
    wanted = {name: about for name, about in CASES.items() if name.startswith(asked.only)}
    if asked.json:
        print(json.dumps([asdict(row) for row in rows(wanted)], indent=1))
        return
    print("Frames were drawn by the processor, not by a graphics card.\n")
    for number, row in enumerate(rows(wanted)):
        if number == 0:
            _line(HEADS)
            _line("---" for _ in HEADS)
        _line(cells(row))


def rows(wanted: dict[str, dict[str, int]]) -> Iterator[PageRow]:
    """The cases, each with its peer in the same browser."""
    from tests.browser import chromium, runs
    from tests.browser.viewer import Viewer
    from twin.view.web.page import write_page

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        viewer = Viewer(chromium.start(folder / "profile", *chromium.SOFTWARE_GL))
        try:
            viewer.browser.set_script_timeout(180)
            viewer.command("Page.enable")
            viewer.command("Page.addScriptToEvaluateOnNewDocument", source=TIMING)
            for case, about in wanted.items():
                made = runs.large(**about)
                page = write_page(folder / "page.html", made.packed())
                yield _row(case, ours(viewer, page), theirs(viewer, made))
                if "cells" in about:
                    yield _row(f"{case}, cut through the air and streamlines", ours(viewer, page, AIR), None)
        finally:
            viewer.browser.quit()


def ours(viewer: Any, page: Path, address_part: str = "") -> dict[str, float]:
    """What our page takes. [ms]"""
    viewer.open(page, address_part, size=SIZE)
    stats = viewer.stats
    moved = _moved(viewer, TURN, "twinViewer.stats().frames")
    viewer.rest()
    return {**stats, **viewer.run(OURS), **moved, "bytes": page.stat().st_size}


def theirs(viewer: Any, made: Any) -> dict[str, float] | None:
    """What the peer takes; None where three.js is not at hand. [ms]"""
    if not THREE.is_dir():
        return None
    size = made.facility.halls[0].size
    boxes = {
        "at": [[m.origin[0] + 0.3, m.origin[1] + 0.6, 1.1] for m in made.facility.racks],
        "middle": [size[0] / 2, size[1] / 2, 1.0],
        "far": 1.2 * max(size),
    }
    with _served({"index.html": PEER_PAGE.replace("BOXES", json.dumps(boxes))}) as address:
        viewer.browser.get(address)
        viewer.wait(lambda: viewer.run("return window.peer?.first"), "the peer")
        moved = _moved(viewer, "peer.turn()", "peer.frames")
        calls, first = viewer.run("return [peer.calls(), peer.first]")
        return {"calls": calls, "first": first, **viewer.run(THEIRS), **moved}


def _moved(viewer: Any, step: str, frames: str) -> dict[str, float]:
    """Medians of what frames take while the eye goes round, without the first two."""
    scripts, walls = viewer.browser.execute_async_script(MEASURE, step, frames, 62, 20_000)
    return {"script": _median(scripts[2:] or scripts), "wall": _median(walls[2:] or walls)}


def _median(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]


@contextmanager
def _served(pages: dict[str, str]) -> Iterator[str]:
    """Three.js and some pages, on loopback: modules cannot be read from files."""

    class Handler(SimpleHTTPRequestHandler):
        timeout = 5

        def do_GET(self) -> None:
            text = pages.get(self.path.lstrip("/") or "index.html")
            if text is None:
                return super().do_GET()
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(text.encode())
            return None

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=THREE))
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _row(case: str, own: dict[str, float], peer: dict[str, float] | None) -> PageRow:
    more: dict[str, Any] = {}
    if peer is not None:
        more = {
            "peer": PEER, "peer_s": peer["script"] / 1e3, "ratio": peer["script"] / own["script"],
            "peer_first_s": peer["first"] / 1e3, "peer_calls": int(peer["calls"]), "peer_recolour_s": peer["recolour"] / 1e3,
            "peer_pick_s": peer["pick"] / 1e3, "peer_wall_s": peer["wall"] / 1e3,
        }  # fmt: skip
    return PageRow(
        case, own["script"] / 1e3, page_mb=own["bytes"] / 1e6, first_s=own["first"] / 1e3, calls=int(own["calls"]),
        triangles=int(own["triangles"]), recolour_s=own["recolour"] / 1e3, pick_s=own["pick"] / 1e3,
        wall_s=own["wall"] / 1e3, **more,
    )  # fmt: skip


HEADS = (
    "case",
    "page",
    "first picture",
    "calls",
    "triangles",
    "script per frame",
    "recolour",
    "pick",
    "wall per frame",
)


def cells(row: PageRow) -> list[str]:
    """A line of the table: ours, and behind a stroke what the peer takes."""

    def pair(own: object, other: object, text: Callable[[Any], str]) -> str:
        return text(own) if other is None else f"{text(own)} / {text(other)}"

    def milliseconds(value: float) -> str:
        return f"{1e3 * value:.3g} ms" if value < 1 else f"{value:.2f} s"

    return [
        row.case, f"{row.page_mb:.2f} MB", pair(row.first_s, row.peer_first_s, milliseconds),
        pair(row.calls, row.peer_calls, "{:,}".format), f"{row.triangles:,}", pair(row.ours_s, row.peer_s, milliseconds),
        pair(row.recolour_s, row.peer_recolour_s, milliseconds), pair(row.pick_s, row.peer_pick_s, milliseconds),
        pair(row.wall_s, row.peer_wall_s, milliseconds),
    ]  # fmt: skip


def _line(parts: Any) -> None:
    print(f"| {' | '.join(parts)} |", flush=True)


if __name__ == "__main__":
    main()
