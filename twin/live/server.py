"""The server of the live page: three things behind a token, on loopback, by the standard library.

``/<token>/`` is the page, ``scene`` the newest packed scene, ``events`` the news as they come.  No path touches the file
system and nothing of a request is sent back.
"""

from __future__ import annotations

import re
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from socketserver import TCPServer
from threading import BoundedSemaphore, Lock, Thread
from types import TracebackType
from typing import Any, Self

from twin.live.gate import LOOPBACK, Gate, new_token
from twin.live.news import News

HEAD = 16 * 1024
"""Largest request line and headers together. [byte]"""
PATIENCE = 5.0
"""Longest wait for all of them. [s]"""
SENDING = 60.0
"""Longest time for sending one answer. [s]"""
BEAT = 10.0
"""Silence after which an event stream shows that it lives. [s]"""
LOOK = 0.5
"""Time after which it is noticed that a page has gone. [s]"""
STREAMS = 32
"""Most event streams at a time."""
CONNECTIONS = 64
"""Most connections at a time."""
NOTHING = "default-src 'none'; frame-ancestors 'none'"
"""Content-security policy of all that is not the page."""
ALWAYS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Connection": "close",
}
_POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy" content="([^"]+)"')


class Server(ThreadingHTTPServer):
    """Serves one live page until it is closed."""

    daemon_threads = False
    block_on_close = True
    allow_reuse_address = sys.platform != "win32"  # there it would share the port with others
    request_queue_size = 32

    def __init__(
        self,
        page: str,
        news: News,
        *,
        host: str = LOOPBACK,
        port: int = 0,
        token: str = "",
        log: Callable[[str], None] | None = None,
    ) -> None:
        """Bind; ``port`` 0 takes any that is free.

        Raises
        ------
        OSError
            If the address is not of this machine, or the port is taken or not allowed.
        """
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.page, self.policy, self.news = page.encode("utf-8"), policy(page), news
        self.streams = BoundedSemaphore(STREAMS)
        self._log, self._told = log, set[str]()
        self._open: set[socket.socket] = set()
        self._lock = Lock()
        self._thread = Thread(target=self.serve_forever, args=(0.1,), name="twin live server")
        super().__init__((host, port), _Request)
        self.gate = Gate(self.server_address[1], host, token or new_token())

    @property
    def address(self) -> str:
        """Where the page is."""
        host = self.gate.host
        if host in ("0.0.0.0", "::"):
            host = socket.gethostname()
        return f"http://{f'[{host}]' if ':' in host else host}:{self.gate.port}/{self.gate.token}/"

    def server_bind(self) -> None:
        """Bind without asking a name server who we are, as the library does."""
        TCPServer.server_bind(self)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.news.close()
        self.shutdown()
        self._thread.join()
        with self._lock:
            for connection in self._open:
                with suppress(OSError):  # it may be gone already
                    connection.shutdown(socket.SHUT_RDWR)
        self.server_close()  # waits for the threads of all requests

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer in a thread of its own, unless there are too many already."""
        with self._lock:
            full = len(self._open) >= CONNECTIONS
            if not full:
                self._open.add(request)
        if full:
            self.log("too many connections")
            TCPServer.shutdown_request(self, request)
        else:
            super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Close a connection and forget it."""
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A page that went away is no error; anything else is told in a line."""
        error = sys.exception()
        if not isinstance(error, OSError):
            self.log(f"internal error: {type(error).__name__}: {error}")

    def log(self, message: str) -> None:
        """Tell of a refusal, once of each sort."""
        if self._log is not None and message not in self._told:
            self._told.add(message)
            self._log(message)


def policy(page: str) -> str:
    """The content-security policy that the page states, as a header.

    Raises
    ------
    ValueError
        If it states none: then it is not the page that was built.
    """
    found = _POLICY.search(page)
    if found is None:
        raise ValueError("the viewer page states no content-security policy")
    return found[1].replace("&#39;", "'").replace("&#x27;", "'") + "; frame-ancestors 'none'"


class _Request(BaseHTTPRequestHandler):
    """One request; every connection carries one."""

    server: Server
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "twin", ""

    def setup(self) -> None:
        """Take the head of the request, all of it within a time and a size."""
        super().setup()
        self.rfile = BytesIO(_head(self.connection))
        self.connection.settimeout(SENDING)

    def handle(self) -> None:
        """Let it in or not, then answer."""
        self.close_connection = True
        self.raw_requestline = self.rfile.readline()
        if len(self.rfile.getvalue()) > HEAD:  # type: ignore[attr-defined]
            self.requestline, self.request_version, self.command = "", "HTTP/1.1", ""
            return self.send_error(431)
        if not self.raw_requestline or not self.parse_request():
            return None
        reason = self.server.gate.refusal(self.path, self.headers)
        if reason:
            self.server.log(f"refused a request: {reason}")
            return self.send_error(403)
        if self.command not in ("GET", "HEAD"):
            return self.send_error(405)
        return self._inside(self.server.gate.inside(self.path))

    def handle_expect_100(self) -> bool:
        """Nobody is asked for a body."""
        return True

    def _inside(self, what: str | None) -> None:
        if what is None:
            self._answer(308, {"Location": f"/{self.server.gate.token}/"})
        elif what == "/":
            headers = {"Content-Type": "text/html; charset=utf-8"}
            self._answer(200, headers, self.server.page, policy=self.server.policy)
        elif what == "/scene":
            self._scene()
        elif what == "/events":
            self._events()
        else:
            self.send_error(404)

    def _scene(self) -> None:
        scene = self.server.news.scene
        if scene:
            self._answer(200, {"Content-Type": "application/octet-stream"}, scene)
        else:
            self.send_error(503)  # not solved yet; an event will tell

    def _events(self) -> None:
        """Send the news as they come, until the page or the server goes."""
        headers = {"Content-Type": "text/event-stream; charset=utf-8"}
        if self.command == "HEAD":
            return self._answer(200, headers)
        if not self.server.streams.acquire(timeout=2 * LOOK):  # a page that is loaded anew leaves one first
            self.server.log("too many pages are open")
            return self.send_error(503)
        try:
            self._begin(200, headers, NOTHING)
            self.wfile.write(b"retry: 1000\n\n")
            seen, told = 0, time.monotonic()
            while True:
                missed, seen = self.server.news.since(seen, LOOK)
                if self.server.news.closed or _has_gone(self.connection):
                    return None
                if missed or time.monotonic() - told >= BEAT:
                    self.wfile.write(missed or b":\n\n")
                    told = time.monotonic()
        finally:
            self.server.streams.release()

    def _answer(
        self, status: int, headers: dict[str, str], body: bytes = b"", *, policy: str = NOTHING
    ) -> None:
        self._begin(status, {**headers, "Content-Length": str(len(body))}, policy)
        if self.command != "HEAD":
            self.wfile.write(body)

    def _begin(self, status: int, headers: dict[str, str], policy: str) -> None:
        self.send_response(status)
        for name, value in {**ALWAYS, **headers, "Content-Security-Policy": policy}.items():
            self.send_header(name, value)
        self.end_headers()

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """A status and nothing else; the library's page would repeat the request."""
        more = {"Allow": "GET, HEAD"} if code == 405 else {}
        with suppress(ConnectionError):
            self._answer(code, {"Content-Type": "text/plain; charset=utf-8", **more})

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Requests are not logged: the token stands in every one of them."""


def _has_gone(connection: socket.socket) -> bool:
    """Whether the other end has closed the connection."""
    connection.settimeout(0)
    try:
        return not connection.recv(1, socket.MSG_PEEK)
    except BlockingIOError:  # it is there and says nothing, as it should
        return False
    except OSError:
        return True
    finally:
        connection.settimeout(SENDING)


def _head(connection: socket.socket) -> bytes:
    """Request line and headers; more than ``HEAD`` bytes if there are more.

    Raises
    ------
    OSError
        If they are not complete in time.
    """
    end = time.monotonic() + PATIENCE
    read = b""
    while b"\r\n\r\n" not in read and b"\n\n" not in read and len(read) <= HEAD:
        connection.settimeout(max(end - time.monotonic(), 0.001))
        more = connection.recv(4096)
        if not more:
            break
        read += more
    return read
