"""The verb that tells what this machine can do, and how to mend what it cannot."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Annotated

import typer

from twin.cli import guard, printing
from twin.cli.options import Json

NEEDED = (
    "numpy",
    "scipy",
    "pydantic",
    "PyYAML",
    "trimesh",
    "pyvista",
    "vtk",
    "matplotlib",
    "jinja2",
    "typer",
    "rich",
)
HELPFUL = {"numba": "pip install numba"}
"""Packages that make things faster or better where they are, and how to get them."""


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    what: str
    state: str
    """``ok``, ``missing`` (something does not work) or ``optional``."""
    detail: str
    remedy: str = ""


def doctor(
    as_json: Json = False,
    refresh: Annotated[
        bool, typer.Option("--refresh", help="Ask the graphics again instead of the cache.")
    ] = False,
) -> None:
    """Tell what this machine can do, and how to mend what it cannot; exit code 4 if something is missing."""
    found = [*_machine(), *_packages(), _graphics(refresh), _display(), _page(), _browser()]
    if as_json:
        from twin.documents import GENERATOR, VERSION, to_json

        status = "incomplete" if any(item.state == "missing" for item in found) else "complete"
        printing.write(
            to_json(
                {
                    "version": VERSION,
                    "generator": GENERATOR,
                    "status": status,
                    "checks": [asdict(f) for f in found],
                }
            )
        )
    else:
        _show(found)
    raise typer.Exit(guard.MACHINE_LACKS if any(item.state == "missing" for item in found) else 0)


def _machine() -> Iterator[Finding]:
    from twin import __version__

    right = sys.version_info >= (3, 11)
    yield Finding("twin", "ok", __version__)
    yield Finding(
        "python", "ok" if right else "missing", f"{platform.python_version()} ({sys.executable})",
        "" if right else "install Python 3.11 or later",
    )  # fmt: skip
    yield Finding("system", "ok", f"{platform.system()} {platform.release()}, {platform.machine()}")
    yield Finding("cores", "ok", str(_cores()))
    memory = _memory()
    if memory:
        yield Finding("memory", "ok", f"{memory / 2**30:.1f} GiB")


def _cores() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on every system
        return os.cpu_count() or 1


def _memory() -> int:
    """Bytes of memory; 0 where the system does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return 0


def _packages() -> Iterator[Finding]:
    from importlib.metadata import PackageNotFoundError, version

    for name in (*NEEDED, *HELPFUL):
        try:
            yield Finding(name, "ok", version(name))
        except PackageNotFoundError:
            if name in HELPFUL:
                yield Finding(name, "optional", "not installed; twin works without it", HELPFUL[name])
            else:
                yield Finding(name, "missing", "not installed", f"pip install {name}")


def _graphics(refresh: bool) -> Finding:
    from twin.view import gl

    probe = gl.available(refresh=refresh)
    return Finding("3-D pictures", "ok" if probe.ok else "missing", probe.detail, probe.remedy)


def _display() -> Finding:
    from twin.cli.viewing import gl_display

    if gl_display():
        return Finding("window", "ok", "a display is there")
    return Finding(
        "window", "optional", "no display; twin render works without one", "run on a desktop, or set DISPLAY"
    )


def _page() -> Finding:
    from twin.cli import web

    try:
        path = web.built()
    except guard.Stop as stop:
        return Finding("viewer page", "missing", str(stop), "pip install --force-reinstall aifactory-twin")
    return Finding("viewer page", "ok", f"built, {path.stat().st_size / 1e6:.2f} MB before a scene is in it")


def _browser() -> Finding:
    """Whether pages open by themselves; only the browser knows whether it can draw in 3-D."""
    from twin.cli import web

    name = web.browser()
    unknown = "whether it has WebGL 2 only the page can tell"
    if name:
        return Finding("browser", "ok", f"pages open in {name}; {unknown}")
    found = web.installed()
    detail = f"{found} is here, but no display" if found else "none was found"
    return Finding(
        "browser",
        "optional",
        f"{detail}; pages are written and open elsewhere",
        "open the page by hand, or set BROWSER",
    )


def _show(found: list[Finding]) -> None:
    from rich.text import Text

    style = {"ok": "green", "missing": "bold red", "optional": "yellow"}
    out = printing.console()
    table = printing.plain_table(
        "",
        "",
        ("", {"overflow": "fold", "no_wrap": False}),
        ("remedy", {"overflow": "fold", "no_wrap": False}),
    )
    table.show_header = False
    for item in found:
        table.add_row(
            Text(item.state, style=style[item.state]),
            item.what,
            Text(item.detail),
            Text(item.remedy, style="bold"),
        )
    out.print(table)
    missing = [item.what for item in found if item.state == "missing"]
    out.print(f"Missing: {', '.join(missing)}." if missing else "Everything works.")
