"""Save -> browser: wall-clock time from the save of a layout until a client has the new scene, on top of the solve.

A client listens to the events as the page does and fetches the scene when one is told.  The solve is the time that the
solver itself took until that scene; on top of it come noticing the save, reading, composing, packing and fetching.
"""

from __future__ import annotations

import http.client
import re
import shutil
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from queue import SimpleQueue
from urllib.parse import urlsplit

from tests.benchmarks.timing import REPEATS, Row, report, single_threaded

ROOT = Path(__file__).resolve().parents[2]
LAYOUTS = {"gb300_hall": "128 racks", "first_hall": "8 racks"}
STEPS = ("normal state", "single failures")
COOLANT = re.compile(r"(?<=coolant: )\d+(?:\.\d+)?(?= degC)")
LONGEST = 120.0
"""Longest wait for an event. [s]"""


def main() -> None:
    """Print the table."""
    single_threaded()
    report(__doc__ or "", rows)


def rows() -> Iterator[Row]:
    """Every layout: the whole way, and what of it is not the solve, to each of the first two pictures."""
    for name, racks in LAYOUTS.items():
        found = measured(ROOT / "layouts" / f"{name}.yaml")
        for step in STEPS:
            whole, solve, rest = (statistics.median(each) for each in zip(*found[step], strict=True))
            yield Row(f"save -> scene in the client, {racks}, {step}", whole)
            yield Row(f"  of it the solve, {racks}, {step}", solve)
            yield Row(f"  on top of the solve, {racks}, {step}", rest)


def measured(layout: Path) -> dict[str, list[tuple[float, float, float]]]:
    """Whole time, solve, and the rest, of every save and step. [s]"""
    from twin.live import Asked, Session
    from twin.view.web.page import page

    told: SimpleQueue[tuple[str, float]] = SimpleQueue()

    def hear(kind: str, what: dict[str, object]) -> None:
        if kind in ("mistakes", "failed"):
            raise RuntimeError(f"{layout}: {what}")
        if kind == "scene":
            told.put((str(what["step"]), float(str(what["seconds"]))))

    found: dict[str, list[tuple[float, float, float]]] = {step: [] for step in STEPS}
    stop = threading.Event()
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(shutil.copy(layout, folder))
        asked = Asked(str(copy), air="zonal", studies="none")
        with Session(asked, page(None, live=True), told=hear) as live:
            looking = threading.Thread(target=live.run, args=(stop,))
            looking.start()
            client = Client(live.address)
            for number in range(REPEATS + 1):
                if number:  # the first is the start of the server
                    change(copy)
                begun, solved = time.perf_counter(), 0.0
                for _ in STEPS:
                    client.scene()
                    whole = time.perf_counter() - begun
                    step, solve = told.get(timeout=LONGEST)
                    solved += solve
                    if number:
                        found[step].append((whole, solved, whole - solved))
                time.sleep(1.0)
            client.close()
            stop.set()
            looking.join()
    return found


class Client:
    """What the page does: listens, and fetches the scene that it was told of."""

    def __init__(self, address: str) -> None:
        self._host, self._path = urlsplit(address).netloc, urlsplit(address).path
        self._connection = http.client.HTTPConnection(self._host, timeout=LONGEST)
        self._connection.request("GET", self._path + "events")
        self._events = self._connection.getresponse()

    def scene(self) -> bytes:
        """The next scene."""
        while not self._events.readline().startswith(b"event: scene"):
            pass
        connection = http.client.HTTPConnection(self._host, timeout=LONGEST)
        connection.request("GET", self._path + "scene")
        scene = connection.getresponse().read()
        connection.close()
        return scene

    def close(self) -> None:
        """Leave."""
        self._events.close()
        self._connection.close()


def change(layout: Path) -> None:
    """Save the layout with coolant that is a tenth of a kelvin colder."""
    text = layout.read_text(encoding="utf-8")
    found = COOLANT.search(text)
    if found is None:
        raise RuntimeError(f"{layout} has no parameter coolant")
    layout.write_text(
        f"{text[: found.start()]}{float(found[0]) - 0.1:.1f}{text[found.end() :]}", encoding="utf-8"
    )


if __name__ == "__main__":
    main()
