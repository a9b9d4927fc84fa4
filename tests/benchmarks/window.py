"""The window and its pictures, without graphics hardware: building scenes of many racks, and drawing them.

The peer draws one actor for each rack with pyvista, as its gallery does; at 1,000 racks, because its time grows faster
than their number.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from tests.benchmarks.timing import Row, medians, report, single_threaded


def main() -> None:
    """Print the table."""
    single_threaded()
    report(__doc__ or "", rows)


def rows() -> Iterator[Row]:
    """Scenes and windows of 1,000 and 10,000 racks, a frame of each, and a picture."""
    from twin.view import gl

    gl.require()
    for count in (1_000, 10_000):
        yield from _hall(count)
    yield from _picture()


def _hall(count: int) -> Iterator[Row]:
    from twin.view.scene import build

    facility, results = hall(count)
    scene = Row(f"scene of {count:,} racks", *medians(partial(build, facility), clock=time.process_time))
    case, opened = (
        f"window on {count:,} racks, scene and widgets included",
        partial(_window, facility, results),
    )
    ours = medians(_closing(opened), clock=time.process_time)[0]
    if count > 1_000:
        yield Row(case, ours)
    else:
        theirs = _once(_closing(partial(_actors, facility)))
        yield Row(case, ours, "pyvista, one actor for each rack", theirs, theirs / ours)
    yield scene
    window = opened()
    window.plotter.screenshot(return_img=True)
    frame = medians(window.plotter.render, clock=time.process_time)[0]
    window.plotter.close()
    yield Row(f"a frame of {count:,} racks, 1500 x 900, software", frame)


def _picture() -> Iterator[Row]:
    import tempfile
    from pathlib import Path

    from twin.view.pictures import render

    facility, results = hall(1_000)
    with tempfile.TemporaryDirectory() as folder:
        draw = partial(render, facility, results, Path(folder), names=["heat"])
        yield Row("a picture of 1,000 racks, 1920 x 1080, software", *medians(draw, clock=time.process_time))


def hall(count: int) -> tuple[Any, Any]:
    """Rows of fifty racks with one inlet temperature after the other."""
    import numpy as np

    from tests.geometry.small_facilities import facility, machine, rack_product, shell
    from tests.view.view_samples import solved

    product = rack_product()
    first = machine("r", product)
    racks = tuple(
        first.model_copy(update={"id": f"r{k}", "origin": (2 + k % 50 * 0.7, 2 + k // 50 * 2.4, 0.0)})
        for k in range(count)
    )
    made = facility([], halls=(shell(size=(40.0, count / 50 * 2.4 + 4, 5.0)),))
    made = made.model_copy(update={"machines": racks})
    results = solved(made)
    results.tables["rack"].values["inlet_temperature"][:] = np.linspace(18, 40, count)
    return made, results


def _window(facility: Any, results: Any) -> Any:
    from twin.view.desktop.window import make_window

    return make_window(facility, results, off_screen=True)


def _actors(facility: Any) -> Any:
    """A plotter with one actor for each rack."""
    import numpy as np
    import pyvista

    plotter = pyvista.Plotter(off_screen=True, window_size=[1500, 900])
    for number, rack in enumerate(facility.racks):
        low = np.array(rack.origin)
        bounds = np.stack([low, low + rack.extent], axis=1).ravel()
        plotter.add_mesh(pyvista.Box(bounds), color=[number % 256, 128, 0], show_edges=True)

    class Peer:
        """Something with a plotter to close."""

    peer: Any = Peer()
    peer.plotter = plotter
    return peer


def _closing(make: Callable[[], Any]) -> Callable[[], None]:
    def made() -> None:
        make().plotter.close()

    return made


def _once(work: Callable[[], object]) -> float:
    """Process time of one run; the peer takes too long for more."""
    begun = time.process_time()
    work()
    return time.process_time() - begun


if __name__ == "__main__":
    main()
