"""What a notebook shows: the interactive page in a frame, and pictures, from a run in memory.

Examples
--------
>>> from twin.run import assess
>>> from twin.view import picture, show
>>> run = assess("layouts/first_hall.yaml")  # doctest: +SKIP
>>> show(run)  # doctest: +SKIP
>>> picture(run, "load", state="lose:ups.A")  # doctest: +SKIP
"""

from __future__ import annotations

import html
import os
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Protocol

from twin.layout.mistakes import did_you_mean
from twin.model.facility import Facility
from twin.results.results import Results, Verdict

if TYPE_CHECKING:
    from twin.view.camera import Camera

HEIGHT = 640
"""Of the frame that holds the page. [pixel]"""
SMALLEST = 100
"""Least width and height of a picture. [pixel]"""


class Solved(Protocol):
    """A run, as :func:`twin.run.assess` gives it."""

    @property
    def facility(self) -> Facility:
        """What it is of."""

    @property
    def results(self) -> Results:
        """Its numbers."""

    @property
    def verdict(self) -> Verdict:
        """The answer."""


Known = Solved | tuple[Facility, Results, Verdict]


@dataclass(frozen=True, eq=False)
class Page:
    """The viewer's page; a notebook shows it in a frame that may run scripts and keep files, and nothing else."""

    text: str = field(repr=False)
    """The whole page."""
    height: int = HEIGHT

    def _repr_html_(self) -> str:
        return (
            f'<iframe srcdoc="{html.escape(self.text)}" sandbox="allow-scripts allow-downloads" '
            f'allow="fullscreen" title="Data center in 3-D" style="width:100%;height:{self.height}px;border:0"></iframe>'
        )

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write it as a file, for any browser."""
        target = Path(path)
        target.write_text(self.text, encoding="utf-8", newline="\n")
        return target


@dataclass(frozen=True, eq=False)
class Still:
    """A picture."""

    png: bytes = field(repr=False)
    title: str

    def _repr_png_(self) -> bytes:
        return self.png

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write it as a PNG file."""
        target = Path(path)
        target.write_bytes(self.png)
        return target


def show(run: Known, against: Known | None = None, *, height: int = HEIGHT) -> Page:
    """The interactive viewer of a run.

    Parameters
    ----------
    run : run, or (facility, results, verdict)
    against : the same, optional
        Another run to compare it with.
    height : int
        Of the frame in a notebook. [pixel]
    """
    from twin.view.web.compose import packed
    from twin.view.web.page import page

    other = packed(*_parts(against)) if against is not None else None
    return Page(page(packed(*_parts(run)), other), max(int(height), 1))


def picture(
    run: Known,
    name: str = "heat",
    *,
    state: str = "",
    plan: bool = False,
    camera: str | Camera | None = None,
    size: tuple[int, int] = (1600, 1000),
    theme: str = "light",
) -> Still:
    """A still picture of a run: in 3-D, or as a plan map where this machine cannot draw in 3-D.

    Parameters
    ----------
    run : run, or (facility, results, verdict)
    name : str
        ``heat``, ``coolant``, ``load`` ..., see :data:`twin.view.PICTURES`, or a quantity of :data:`twin.view.FIELDS`.
    state : str
        Name of the state; the first (normal) one without it.
    plan : bool
        A plan map in any case.
    camera, size, theme
        As in :func:`twin.view.render`; a plan map has its own view and size.

    Raises
    ------
    KeyError
        If there is no picture, quantity, state or preset of the name; it tells which there are.
    ValueError
        If the size is none.
    """
    from twin.view import gl
    from twin.view.camera import PRESETS
    from twin.view.paints import PICTURES, picture_of
    from twin.view.scene import FIELDS

    facility, results, verdict = _parts(run)
    _known(name, (*PICTURES, *FIELDS), "picture or quantity")
    if state:
        _known(state, tuple(scenario.name for scenario in results.scenarios), "state")
    if isinstance(camera, str):
        _known(camera, PRESETS, "view")
    if min(size) < SMALLEST:
        raise ValueError(f"size is width and height in pixels, each at least {SMALLEST}: {size}")
    scenario, title = (results.scenario_index(state) if state else 0), picture_of(name).title
    with TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.filterwarnings(
            "ignore", message="IProgress not found"
        )  # of a library's progress bars, which nobody sees
        given: dict[str, Any] = {
            "verdict": verdict,
            "scenario": scenario,
            "names": [name],
            "fields": results.fields,
            "theme": theme,
        }
        if plan or not gl.available().ok:
            from twin.view.plan import write

            made = write(facility, results, Path(folder), **given)
        else:
            from twin.view.pictures import render

            made = render(facility, results, Path(folder), camera=camera, size=size, **given)
        if not made:
            raise KeyError(f"{name}: this run has nothing to draw for it")
        return Still(made[0].read_bytes(), title)


def _known(name: str, names: Sequence[str], what: str) -> None:
    if name not in names:
        near = did_you_mean(name, names) or f"there are {', '.join(names[:40])}"
        raise KeyError(f'no {what} "{name}"; {near}')


def _parts(run: Known) -> tuple[Facility, Results, Verdict]:
    return run if isinstance(run, tuple) else (run.facility, run.results, run.verdict)
