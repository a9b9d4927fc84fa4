"""A server with a small page, and raw requests to it."""

from __future__ import annotations

import socket
import threading
from dataclasses import dataclass

import pytest

from twin.live.news import News
from twin.live.server import Server

POLICY = "default-src 'none'; script-src 'sha256-x'; connect-src 'self'"
PAGE = f'<!doctype html><meta http-equiv="Content-Security-Policy" content="{POLICY}"><title>a hall</title>'


@dataclass
class Answer:
    """What came back before the connection was closed."""

    status: int
    headers: dict[str, str]
    body: bytes


def ask(port: int, text: str | bytes, *, timeout: float = 5.0) -> Answer | None:
    """Send bytes and read to the end; None if the connection was closed without an answer."""
    raw = text.encode("latin-1") if isinstance(text, str) else text
    with socket.create_connection(("127.0.0.1", port), timeout) as connection:
        connection.sendall(raw)
        return parsed(b"".join(iter(lambda: connection.recv(65536), b"")))


def parsed(raw: bytes) -> Answer | None:
    if not raw:
        return None
    head, _, body = raw.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    return Answer(int(first.split()[1]), headers, body)


def request(server: Server, what: str = "/", method: str = "GET", **headers: str) -> str:
    """The text of a request as the page sends it, with headers replaced (``Sec_Fetch_Site``) or, if empty, left out."""
    named = {"Host": f"127.0.0.1:{server.gate.port}"} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    lines = [f"{name}: {value}\r\n" for name, value in named.items() if value]
    path = what if what.startswith("!") else f"/{server.gate.token}{what}"
    return f"{method} {path.removeprefix('!')} HTTP/1.1\r\n{''.join(lines)}\r\n"


@pytest.fixture
def news():
    return News()


@pytest.fixture(scope="module")
def shared():
    """A running server with a scene, for requests that change nothing."""
    told = News()
    told.show(b"secret")
    with Server(PAGE, told) as running:
        yield running


@pytest.fixture
def server(news):
    """A running server; nothing of it is left afterwards."""
    before = set(threading.enumerate())
    with Server(PAGE, news) as running:
        yield running
    assert set(threading.enumerate()) <= before
    assert running.socket.fileno() == -1
