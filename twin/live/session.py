"""A live view: what was saved is solved, and what was solved is shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from threading import Event
from types import TracebackType
from typing import Any, Self

from twin.live.gate import LOOPBACK
from twin.live.news import News
from twin.live.server import Server
from twin.live.steps import Asked, Tell
from twin.live.watch import Watch
from twin.live.worker import Solving, Workers

Told = Callable[[str, Mapping[str, Any]], None]


class Session:
    """Watches a layout and serves its page, from ``with`` to the end of it.

    Examples
    --------
    >>> with Session(Asked("layouts/first_hall.yaml"), page) as live:  # doctest: +SKIP
    ...     print(live.address)
    ...     live.run()
    """

    def __init__(
        self,
        asked: Asked,
        page: str,
        *,
        host: str = LOOPBACK,
        port: int = 0,
        solving: Callable[[Tell], Solving] = Workers,
        told: Told | None = None,
        log: Callable[[str], None] | None = None,
    ) -> None:
        """Bind the server.

        Parameters
        ----------
        page : str
            The live page, as `twin.view.web.page.page` makes it.
        solving : callable
            Makes who solves; processes without it.
        told : callable, optional
            Hears what the pages hear, and more: see `twin.live.steps.follow`.

        Raises
        ------
        OSError
            If the address cannot be bound.
        """
        self.news = News()
        self.watch = Watch([asked.layout])
        self._asked, self._told = asked, told
        self._server = Server(page, self.news, host=host, port=port, log=log)
        self._make = solving
        self._solving: Solving | None = None

    @property
    def address(self) -> str:
        """Where the page is; knowing it is the permission to see it."""
        return self._server.address

    def __enter__(self) -> Self:
        self._server.__enter__()
        self._solving = self._make(self._heard)
        self._solving.submit(self._asked)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._solving is not None:
            self._solving.close()
        self._server.__exit__(kind, error, trace)

    def run(self, stop: Event | None = None) -> None:
        """Look at the files and solve what was saved, until ``stop`` is set or for ever."""
        stop = stop or Event()
        assert self._solving is not None
        while not stop.wait(self.watch.pause):
            if self.watch.changed():
                self._solving.submit(self._asked)
            else:
                self._solving.tend()

    def _heard(self, kind: str, told: Mapping[str, Any], body: bytes) -> None:
        if kind == "files":
            self.watch.follow(told["files"], told["around"])
        elif kind == "scene":
            self.news.show(body)
        elif kind in ("progress", "mistakes", "failed"):
            self.news.tell(kind, told)  # type: ignore[arg-type]
        if self._told is not None:
            self._told(kind, told)
