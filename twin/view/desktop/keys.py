"""Which key of the window does what, the help that tells of it, and the mouse."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from twin.view.desktop.pane import Window

ARROWS = {
    "Left": "left arrow",
    "Right": "right arrow",
    "slash": "/",
    "question": "?",
    "Escape": "Esc",
    "Next": "page down",
    "Prior": "page up",
}
VIEWS = ("iso", "plan", "south", "east", "north", "west")
PICTURE = "twin-{number:02d}.png"
"""Name of a saved picture, in the folder where the window was opened."""
PAGE = 20
"""Lines of the panel at a stroke."""
_SECTION = 0.5  # share of the halls that the section box begins with

Action = Callable[["Window"], Any]


def table() -> dict[str, tuple[str, Action]]:
    """Key to what it does, in words and as a function of the window."""
    found: dict[str, tuple[str, Action]] = {
        "n": ("next quantity", lambda w: w.step_field(1)),
        "b": ("quantity before", lambda w: w.step_field(-1)),
        "Right": ("next state", lambda w: w.step_state(1)),
        "Left": ("state before", lambda w: w.step_state(-1)),
        "f": ("next finding, worst first", lambda w: w.step_finding(1)),
        "d": ("finding before", lambda w: w.step_finding(-1)),
        "c": ("cascade of the state, step by step", lambda w: w.step_stage(1)),
        "z": ("step of the cascade before that", lambda w: w.step_stage(-1)),
        "t": ("follow the year or a loss in time", lambda w: w.step_timeline(1)),
        "period": ("later", lambda w: w.to_step(w.step + 1)),
        "comma": ("earlier", lambda w: w.to_step(w.step - 1)),
        "g": ("air: cuts, streamlines, surface, volume", lambda w: w.step_air(1)),
        "u": ("cut up, east or north", lambda w: w.move_cut(1)),
        "j": ("cut down, west or south", lambda w: w.move_cut(-1)),
        "slash": ("find a thing by its name", search),
        "Next": ("read on", lambda w: w.scroll(PAGE)),
        "Prior": ("read back", lambda w: w.scroll(-PAGE)),
        "x": ("section box on and off", section),
        "i": ("only the row of what is picked; x: all", lambda w: w.isolate()),
        "l": ("names on and off", lambda w: w.name_rows(not w.labelled)),
    }
    for number, view in enumerate(VIEWS, 1):
        found[str(number)] = (f"view: {view}", partial(_turn, view))
    return found | {
        "p": ("save a picture", lambda w: picture(w)),
        "Escape": ("forget what is picked", lambda w: w.forget()),
        "h": ("this help", helped),
        "q": ("close", lambda w: w.plotter.close()),
    }


def press(window: Window, key: str, char: str = "") -> bool:
    """Do what a key does; False if it does nothing.  While a name is typed, all keys go there."""
    if window.finder.open:
        chosen = window.finder.type(key, char)
        _offer(window)
        if chosen:
            window.find(chosen)
        window.plotter.render()
        return True
    actions = table()
    if window.helped and key != "h":
        helped(window)
    if key not in actions:
        return False
    actions[key][1](window)
    return True


def wire(window: Window) -> None:
    """Take over the keys and the mouse of the window; the drawing library has keys of its own that would get in the way."""
    iren = window.plotter.iren
    iren.clear_key_event_callbacks()
    iren.style.AddObserver("CharEvent", _nothing)

    def typed(*_: Any) -> None:
        source = iren.interactor
        press(window, source.GetKeySym() or "", source.GetKeyCode() or "")

    iren.add_observer("KeyPressEvent", typed)
    if not window.plotter.off_screen:
        window.plotter.track_click_position(partial(_clicked, window), side="left", double=False)


def help_text() -> str:
    """All keys with what they do, in two columns."""
    lines = [f"{ARROWS.get(key, _sign(key)):>11}  {words}" for key, (words, _) in table().items()]
    half = -(-len(lines) // 2)
    rest = [*lines[half:], *[""] * (2 * half - len(lines))]
    rows = [f"  {left:<56}{right:<46}  " for left, right in zip(lines[:half], rest, strict=True)]
    return "\n".join(
        ["", *rows, "", "  Drag turns, wheel zooms, shift and drag moves; click reads about a thing.", ""]
    )


def helped(window: Window) -> None:
    """Show or hide the help."""
    window.helped = not window.helped
    window.hud.card("help", help_text() if window.helped else "")
    window.plotter.render()


def search(window: Window) -> None:
    """Begin to find a thing."""
    window.finder.begin()
    _offer(window)
    window.plotter.render()


def section(window: Window) -> None:
    """Show the section box with handles to drag, or take it away."""
    if window.clipping.low is not None:
        window.plotter.clear_box_widgets()
        window.section()
        return
    low, high = window.scene.bounds(*(("floor", "walls") if window.scene.layer("floor") else ()))
    high = high.copy()
    high[1] = low[1] + _SECTION * (high[1] - low[1])
    window.section(low, high)

    def dragged(box: Any) -> None:
        bounds = np.asarray(box.bounds).reshape(3, 2)
        window.section(bounds[:, 0], bounds[:, 1])

    window.plotter.add_box_widget(
        dragged, bounds=np.stack([low, high], axis=1).ravel(), factor=1.0, rotation_enabled=False,
        color=window.theme.accent, interaction_event="always",
    )  # fmt: skip


def picture(window: Window, folder: Path | None = None) -> Path:
    """Save what is seen under a name that is free."""
    folder = folder or Path.cwd()
    number = 1
    while (path := folder / PICTURE.format(number=number)).exists():
        number += 1
    window.plotter.screenshot(str(path))
    window.hud.note(f"saved {path}")
    window.plotter.render()
    return path


def _offer(window: Window) -> None:
    finder = window.finder
    if not finder.open:
        window.hud.card("search", "")
        return
    offered = finder.matches()
    lines = [
        f"  {'>' if number == finder.chosen else ' '} {name[:44]:<46}" for number, name in enumerate(offered)
    ]
    if finder.text and not offered:
        lines = ["    nothing has that in its name"]
    tail = "  Enter: go there   arrows: choose   Esc: leave  "
    window.hud.card("search", "\n".join(["", f"  Find: {finder.text}_", "", *lines, "", tail, ""]))


def _turn(view: str, window: Window) -> None:
    window.look(view)
    window.plotter.render()


def _clicked(window: Window, *_: Any) -> None:
    """Read about what lies under the mouse."""
    x, y = window.plotter.mouse_position
    if window.pick_at(x, y):
        window.plotter.render()


def _sign(key: str) -> str:
    return {"period": ".", "comma": ","}.get(key, key)


def _nothing(*_: Any) -> None:
    """Takes the place of what the drawing library does at a key."""
