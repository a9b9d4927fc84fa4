"""Who may come in: requests of the page that this program opened, and of nobody else.

Any web page that is open in a browser can send requests to loopback.  It cannot know the token; it cannot hide that it comes
from elsewhere (``Origin``, ``Sec-Fetch-Site``); and a name of its own that it points at 127.0.0.1 (DNS rebinding) stands
in ``Host``.
"""

from __future__ import annotations

import hmac
import secrets
import socket
from dataclasses import dataclass, field
from email.message import Message
from ipaddress import ip_address

LOOPBACK = "127.0.0.1"
NAMES = ("127.0.0.1", "localhost", "[::1]")
"""Hosts that a browser on this machine names."""


def new_token() -> str:
    """256 random bits, fit for an address."""
    return secrets.token_urlsafe(32)


def is_loopback(host: str) -> bool:
    """Whether nobody outside this machine reaches an address."""
    try:
        return host == "localhost" or ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True)
class Gate:
    """What a request must show."""

    port: int
    host: str = LOOPBACK
    """Address that the server is bound to."""
    token: str = field(default_factory=new_token, repr=False)

    def refusal(self, path: str, headers: Message) -> str:
        """Why a request is refused; empty if it may come in."""
        hosts = headers.get_all("Host") or []
        if len(hosts) != 1 or not self._mine(hosts[0]):
            return "its Host is not this server"
        if any(origin != f"http://{hosts[0]}" for origin in headers.get_all("Origin") or []):
            return "its Origin is another"
        sites = headers.get_all("Sec-Fetch-Site") or []
        if any(site not in ("same-origin", "none") for site in sites):
            return "it comes from another site"
        if not self._knows(path):
            return "its token is wrong or missing"
        return ""

    def inside(self, path: str) -> str | None:
        """What follows ``/token`` in a path that was let in: ``/scene``; None where nothing does."""
        rest = path.partition("?")[0].partition("#")[0].removeprefix(f"/{self.token}")
        return rest or None

    def _knows(self, path: str) -> bool:
        first = path.partition("?")[0].partition("#")[0].removeprefix("/").partition("/")[0]
        same = hmac.compare_digest(first.encode("utf-8", "surrogateescape"), self.token.encode("ascii"))
        return path.startswith("/") and same

    def _mine(self, named: str) -> bool:
        name, _, port = named.rpartition(":")
        if port != str(self.port):
            return False
        name = name.lower()
        if name in NAMES or name.strip("[]") == self.host.lower():
            return True
        return not is_loopback(self.host) and _reaches(name)


def _reaches(name: str) -> bool:
    """Whether a name is an address or this machine's own: what other machines may call a server that is open to them.

    No outside page can be rebound to a plain address.
    """
    try:
        ip_address(name.strip("[]"))
    except ValueError:
        return name == socket.gethostname().lower()
    return True
