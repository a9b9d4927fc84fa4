"""The page that follows the editor: ``twin view LAYOUT --watch``."""

from __future__ import annotations

import errno
import signal
import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from threading import current_thread, main_thread
from typing import TYPE_CHECKING, Any

from twin.cli import guard, printing, web

if TYPE_CHECKING:
    from twin.live import Asked, Session
    from twin.run import Run


def watch(
    asked: Asked, *, host: str, port: int, against: Run | None, address_part: str, opening: bool
) -> None:
    """Serve the page of a layout and solve it whenever it is saved, until Ctrl-C."""
    from twin.live.gate import is_loopback
    from twin.view.web.page import page

    web.built()
    text = page(None, web.compose(against).packed() if against is not None else None, live=True)
    if current_thread() is main_thread():
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends it as cleanly as Ctrl-C
    try:
        live = _bound(asked, text, host, port)
        if not is_loopback(host):
            printing.say(
                f"listening on {host}, not on loopback: whoever learns the address below sees the design, "
                "and what is sent is not encrypted"
            )
        with live:
            printing.write(f"{live.address}{address_part}\n")
            printing.say(f"watching {asked.layout}; Ctrl-C ends")
            web.show(live.address + address_part, opening)
            live.run()
    except KeyboardInterrupt:
        printing.say("ended")


def _bound(asked: Asked, page: str, host: str, port: int) -> Session:
    from twin.live import Session

    try:
        return Session(asked, page, host=host, port=port, told=_heard, log=printing.say)
    except (OSError, OverflowError) as error:
        raise guard.Stop(_reason(error, host, port)) from error


def _reason(error: Exception, host: str, port: int) -> str:
    number = getattr(error, "errno", None)
    if number == errno.EADDRINUSE:
        return f"port {port} is in use; choose another, or leave --port out for one that is free"
    if number == errno.EACCES:
        return f"port {port} is not allowed to you; choose one from 1024 on, or leave --port out"
    if number == errno.EADDRNOTAVAIL or isinstance(error, socket.gaierror):
        return f"--host {host}: no address of this machine"
    return f"--host {host} --port {port}: {error}"


def _heard(kind: str, told: Mapping[str, Any]) -> None:
    with suppress(OSError):  # the pages are served also when nobody reads the terminal any more
        _tell(kind, told)


def _tell(kind: str, told: Mapping[str, Any]) -> None:
    """What came of a save, in a line."""
    now = time.strftime("%H:%M:%S")
    if kind == "scene":
        states = "" if told["states"] == 1 else f" in {told['states']} states"
        word = "all rules hold" if told["verdict"] == "pass" else "rules are broken"
        printing.say(f"{now}  {told['step']}: {word}{states}, solved in {told['seconds']:.1f} s")
    elif kind == "mistakes":
        for mistake in told["mistakes"]:
            place = [mistake["file"], *([mistake["line"], mistake["column"]] if mistake["line"] else [])]
            printing.say(f"{now}  {':'.join(map(str, place))}: {mistake['message']}")
        if told["more"]:
            printing.say(f"{now}  and {told['more']} more")
    elif kind == "failed":
        printing.say(f"{now}  {told['message']}")
