"""The page: one HTML file that holds the viewer and a scene, and asks nobody for anything."""

from __future__ import annotations

import base64
import errno
import os
import stat
from functools import cache
from pathlib import Path

_VIEWER = Path(__file__).with_name("viewer.html")
_PLACE = "<!--scene-->"
_KINDS = ((stat.S_ISDIR, "a folder"), (stat.S_ISLNK, "a link"), (stat.S_ISCHR, "a device"))
_CLOSED, _OWN = "connect-src 'none'", "connect-src 'self'"


def page(scene: bytes | None, against: bytes | None = None, *, live: bool = False) -> str:
    """The page with a packed scene in it.

    Parameters
    ----------
    scene : bytes or None
        What :func:`twin.view.web.compose.packed` gives; None for a page that will ask its server.
    against : bytes, optional
        Another scene to compare it with.
    live : bool
        The page of a server: it may ask its own address for scenes, and nobody else.
    """
    head, place, tail = _viewer().rpartition(_PLACE)
    parts = [
        _element(name, data) for name, data in (("scene", scene), ("compare", against)) if data is not None
    ]
    text = "\n    ".join(parts).join((head, tail)) if place else head + tail
    return text.replace(_CLOSED, _OWN, 1) if live else text


def write_page(path: str | os.PathLike[str], scene: bytes, against: bytes | None = None) -> Path:
    """Write the page of a scene; a reader finds the old file or the new one, never half of it.

    Raises
    ------
    OSError
        If there is something else than a file in its place, a link or device for one, or nothing can be written.
    """
    target = free_place(path)
    part = target.with_name(target.name + ".part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        part.unlink(missing_ok=True)
        with part.open("x", encoding="utf-8", newline="\n") as file:  # never through a link
            file.write(page(scene, against))
        part.replace(target)
    except OSError as error:
        raise OSError(error.errno, f"cannot be written ({error.strerror or error})", str(target)) from error
    return target


def free_place(path: str | os.PathLike[str]) -> Path:
    """A place where a file can be put without taking anything but a file away.

    Raises
    ------
    OSError
        If a folder, link, device or pipe is there.
    """
    target = Path(path)
    try:
        mode = target.lstat().st_mode
    except OSError:  # nothing there; what hinders the writing is told when it is written
        return target
    if not stat.S_ISREG(mode):
        kind = next((word for test, word in _KINDS if test(mode)), "not a regular file")
        raise OSError(errno.EEXIST, f"is {kind} and is left as it is; name a file", str(target))
    return target


@cache
def _viewer() -> str:
    text = _VIEWER.read_text(encoding="utf-8")
    if _PLACE not in text or _CLOSED not in text:
        raise RuntimeError(f"{_VIEWER} was not built as a page with a place for a scene; build it again")
    return text


def _element(name: str, data: bytes) -> str:
    return f'<script type="application/octet-stream" id="{name}">{base64.b64encode(data).decode("ascii")}</script>'
