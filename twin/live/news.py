"""What the open pages are told: the newest of each kind, never a queue.

A page that is slow, or comes late, hears what holds now and nothing that is over.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from threading import Condition
from typing import Any, Literal

Kind = Literal["progress", "scene", "mistakes", "failed"]

ENDS: dict[Kind, tuple[Kind, ...]] = {
    "progress": (),
    "scene": ("progress", "mistakes", "failed"),
    "mistakes": ("progress", "failed"),
    "failed": ("progress", "mistakes"),
}
"""What no longer holds once something is told.  A scene is never over: the last good one stays."""


class News:
    """Events for any number of listeners, and the scene that they lead to."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._events: dict[Kind, tuple[int, bytes]] = {}
        self._count = 0
        self._scene = b""
        self._version = 0
        self._closed = False

    @property
    def scene(self) -> bytes:
        """The newest packed scene; empty before the first."""
        return self._scene

    @property
    def version(self) -> int:
        """Number of the newest scene; 0 before the first."""
        return self._version

    @property
    def closed(self) -> bool:
        """Whether nothing will be told any more."""
        return self._closed

    def tell(self, kind: Kind, told: Mapping[str, Any]) -> None:
        """Tell all listeners."""
        with self._changed:
            self._add(kind, told)

    def show(self, scene: bytes) -> None:
        """Replace the scene and tell all listeners."""
        with self._changed:
            self._scene = scene
            self._version += 1
            self._add("scene", {"version": self._version})

    def _add(self, kind: Kind, told: Mapping[str, Any]) -> None:
        self._count += 1
        for over in ENDS[kind]:
            self._events.pop(over, None)
        text = json.dumps(told)  # ASCII without line ends, as an event must be
        self._events[kind] = self._count, f"event: {kind}\ndata: {text}\n\n".encode("ascii")
        self._changed.notify_all()

    def since(self, seen: int, timeout: float) -> tuple[bytes, int]:
        """What a listener who heard ``seen`` events has missed, as it is sent, and the number to come back with.

        Waits up to ``timeout`` seconds for something to be told; empty if nothing was.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._count > seen or self._closed, timeout)
            missed = sorted(event for event in self._events.values() if event[0] > seen)
            return b"".join(text for _, text in missed), self._count

    def close(self) -> None:
        """Send all listeners home."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
