"""Looking at results: the interactive page and window, still pictures, plan maps and the report.

Importing this package imports neither pyvista nor matplotlib; the functions do when they draw.  The page, plan maps and the
report need no graphics driver; pictures and the window ask :func:`twin.view.gl.available` first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from twin.view.camera import Camera
    from twin.view.desktop.telling import describe
    from twin.view.desktop.window import build_window, open_window
    from twin.view.gl import NoGraphics, Probe, available
    from twin.view.inline import picture, show
    from twin.view.paints import PICTURES
    from twin.view.pictures import render
    from twin.view.plan import figure, write
    from twin.view.report import write_report
    from twin.view.scene import FIELDS, build, paint
    from twin.view.web.compose import compose
    from twin.view.web.page import write_page

_HOMES = {
    "Camera": "camera",
    "FIELDS": "scene",
    "NoGraphics": "gl",
    "PICTURES": "paints",
    "Probe": "gl",
    "available": "gl",
    "build": "scene",
    "build_window": "desktop.window",
    "compose": "web.compose",
    "describe": "desktop.telling",
    "figure": "plan",
    "open_window": "desktop.window",
    "paint": "scene",
    "picture": "inline",
    "render": "pictures",
    "show": "inline",
    "write": "plan",
    "write_page": "web.page",
    "write_report": "report",
}
__all__ = [
    "FIELDS",
    "PICTURES",
    "Camera",
    "NoGraphics",
    "Probe",
    "available",
    "build",
    "build_window",
    "compose",
    "describe",
    "figure",
    "open_window",
    "paint",
    "picture",
    "render",
    "show",
    "write",
    "write_page",
    "write_report",
]


def __getattr__(name: str) -> Any:
    """Import a module when one of its names is first asked for."""
    from importlib import import_module

    if name in _HOMES:
        return getattr(import_module(f"twin.view.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'twin.view' has no attribute {name!r}")
