"""Can this machine draw in 3-D?

Where no OpenGL driver exists VTK does not raise, it ends the process.  So a child process draws one tiny
picture; how it ended is kept in the user's cache, because asking takes seconds.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import MutableMapping
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

REMEDY = "apt-get install libegl1 libgl1-mesa-dri"
"""What brings a software driver to Debian and Ubuntu."""
EXTRA = "pip install pyvista"
LIMIT = 120.0
"""Longest wait for the child. [s]"""
_SOFTWARE = ("llvmpipe", "softpipe", "swiftshader", "swrast", "basic render")
_WINDOW = "VTK_DEFAULT_OPENGL_WINDOW"
_DRAW = """
import numpy, pyvista
plotter = pyvista.Plotter(off_screen=True, window_size=(8, 8))
plotter.add_mesh(pyvista.Cube(), color="white")
picture = plotter.screenshot(return_img=True)
assert picture is not None and picture.max() > picture.min(), "the picture is empty"
told = plotter.render_window.ReportCapabilities().splitlines()
names = [line.partition(":")[2].strip() for line in told if "renderer string" in line]
print("drawn by", plotter.render_window.GetClassName(), "on", *names)
"""


@dataclass(frozen=True)
class Probe:
    """Whether 3-D pictures can be drawn, and if not, why and what helps."""

    ok: bool
    detail: str
    remedy: str = ""


class NoGraphics(RuntimeError):
    """This machine cannot draw in 3-D; the message says what to install."""

    def __init__(self, probe: Probe) -> None:
        super().__init__(f"{probe.detail}; {probe.remedy}" if probe.remedy else probe.detail)
        self.probe = probe


def available(*, refresh: bool = False) -> Probe:
    """Whether pyvista can draw here; asked once, and again when versions, display or libraries change."""
    prepare()
    key = _key()
    if key is None:
        return Probe(False, "pyvista is not installed", EXTRA)
    path = _cache()
    known = _read(path)
    if not refresh and key in known:
        return Probe(*known[key])
    probe = _draw()
    if probe.ok or "seconds" not in probe.detail:  # a machine too busy today may be idle tomorrow
        _write(path, {key: (probe.ok, probe.detail, probe.remedy)})
    return probe


def software(detail: str) -> bool:
    """Whether the answer of a probe tells of drawing without graphics hardware."""
    return any(name in detail.lower() for name in _SOFTWARE)


def require() -> None:
    """Raise `NoGraphics` where nothing can be drawn."""
    probe = available()
    if not probe.ok:
        raise NoGraphics(probe)


def prepare(environment: MutableMapping[str, str] | None = None) -> None:
    """Have VTK draw without a display where there is none; must come before pyvista is imported."""
    environment = os.environ if environment is None else environment
    if sys.platform.startswith("linux") and not environment.get("DISPLAY"):
        environment.setdefault(_WINDOW, "vtkEGLRenderWindow")


def _draw(program: str = _DRAW) -> Probe:
    command = [sys.executable, "-P", "-c", program]
    try:
        child = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, check=False)
    except subprocess.TimeoutExpired:
        return Probe(False, f"drawing a test picture took more than {LIMIT:.0f} seconds", REMEDY)
    except OSError as error:
        return Probe(False, f"no test picture could be drawn ({error})", REMEDY)
    if child.returncode == 0:
        return Probe(True, child.stdout.strip()[:200])
    if child.returncode < 0:
        return Probe(
            False,
            f"no OpenGL driver was found (the test picture ended with signal {-child.returncode})",
            REMEDY,
        )
    reason = (child.stderr.strip().splitlines() or ["no reason given"])[-1][:200]
    return Probe(False, f"no test picture could be drawn ({reason})", REMEDY)


def _key() -> str | None:
    """What the answer depends on; None without pyvista."""
    try:
        parts = [version("pyvista"), version("vtk")]
    except PackageNotFoundError:
        return None
    parts += [sys.platform, sys.prefix, os.environ.get(_WINDOW, ""), os.environ.get("DISPLAY", "")]
    with suppress(OSError):  # rewritten whenever a library is installed or removed
        parts.append(str(os.stat("/etc/ld.so.cache").st_mtime_ns))
    return " ".join(parts)


def _cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "twin" / "gl.json"


def _read(path: Path) -> dict[str, tuple[bool, str, str]]:
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        return {
            str(key): (ok is True, str(detail), str(remedy)) for key, (ok, detail, remedy) in entries.items()
        }
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def _write(path: Path, entries: dict[str, tuple[bool, str, str]]) -> None:
    """Replace the file at once, so that a second process never reads half of it; no cache is no harm."""
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, suffix=".json")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(entries, file)
        os.replace(name, path)
