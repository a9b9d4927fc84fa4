"""The viewer's page as a file, and the browser that shows it."""

from __future__ import annotations

import os
import shutil
import sys
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from twin.cli import guard, printing

if TYPE_CHECKING:
    from twin.run import Run
    from twin.view.web.compose import Composed

BROWSERS = ("chromium", "google-chrome", "chrome", "firefox", "microsoft-edge", "safari", "xdg-open")
"""Names of browsers that show 3-D, and of what opens the user's own."""
TEXT_BROWSERS = ("www-browser", "links", "elinks", "lynx", "w3m")
"""Browsers of a terminal, which show no 3-D; the library falls back on them."""


def write(run: Run, out: Path | None, *, against: Run | None, field: str) -> Path:
    """Write the page of a run, or of two."""
    from twin.view.web.page import free_place, write_page

    target = free_place(out or default_place(run, against))
    composed = compose(run, field=field)
    other = compose(against).packed() if against is not None else None
    built()
    return write_page(target, composed.packed(), other)


def compose(run: Run, *, field: str = "") -> Composed:
    """The scene of a run; complains about a field that the page cannot paint."""
    from twin.view.web.compose import compose as composed

    scene = composed(run.facility, run.results, run.verdict)
    _known(field, [quantity.name for quantity in scene.document.quantities if quantity.paint])
    return scene


def check_field(field: str) -> None:
    """Complain, before anything is solved, about a field that no run has."""
    if field:
        from twin.results.quantities import QUANTITIES
        from twin.view.colors import MARGIN

        _known(field, [MARGIN, *QUANTITIES])


def check_place(out: Path) -> None:
    """Complain, before anything is solved, about a place where no file may be put."""
    from twin.view.web.page import free_place

    free_place(out)


def _known(field: str, names: list[str]) -> None:
    from twin.layout.mistakes import did_you_mean

    if field and field not in names:
        near = did_you_mean(field, names) or f"there are {', '.join(names)}"
        raise guard.Stop(f'unknown field "{field}"; {near}')


def default_place(run: Run, against: Run | None) -> Path:
    """In the run folder, or here for a layout."""
    name = Path(run.inputs.layout).stem or "layout"
    if against is not None:
        other = against.folder.name if against.folder else Path(against.inputs.layout).stem
        return (run.folder or Path(".")) / f"{run.folder.name if run.folder else name}-against-{other}.html"
    return run.folder / "viewer.html" if run.folder else Path(f"{name}-viewer.html")


def built() -> Path:
    """Where the page lies that scenes are put into; complains if the installation lacks it."""
    from twin.view.web import page

    try:
        page.page(None)
    except (OSError, RuntimeError) as error:
        where = f"{error.filename}: {error.strerror}" if isinstance(error, OSError) else str(error)
        raise guard.Stop(
            f"no viewer page in this installation ({where}); install twin again, or build the page in a "
            "checkout: npm ci && npm run build in twin/view/web/source",
            guard.MACHINE_LACKS,
        ) from error
    return Path(page.__file__).with_name("viewer.html")


def part(*, field: str, state: str, both: bool) -> str:
    """What follows ``#`` in an address, so that the page opens with it."""
    wanted = {
        "paint": field,
        "state": "" if state == "normal" else state,
        "compare": "both" if both else "",
    }
    text = "&".join(f"{key}={quote(value, safe=':,')}" for key, value in wanted.items() if value)
    return f"#{text}" if text else ""


def show(address: str, wanted: bool) -> None:
    """Open a browser, if one is wanted and there is one."""
    if not wanted:
        return
    name = browser()
    if not name:
        printing.say(f"no browser here: open {address}")
        return
    try:
        opened = webbrowser.get(name).open(address)
    except (webbrowser.Error, OSError):
        opened = False
    if not opened:
        printing.say(f"{name} could not be opened: open {address}")


def browser() -> str:
    """Name of the browser that pages open in; empty without one that shows 3-D."""
    from twin.cli.viewing import gl_display

    chosen = [name for name in os.environ.get("BROWSER", "").split(os.pathsep) if name]
    if not chosen and sys.platform.startswith("linux") and not gl_display():
        return ""
    try:
        controller = webbrowser.get()
    except webbrowser.Error:
        return ""
    name = getattr(controller, "name", type(controller).__name__)
    if chosen:
        return chosen[0]
    return "" if Path(name).name in TEXT_BROWSERS else name


def installed() -> str:
    """Path of a browser that shows 3-D, whether it can open a window here or not; empty without one."""
    return next(filter(None, map(shutil.which, BROWSERS)), "")
