"""What flows where: nodes, links between them, and what must hold: nothing is lost on the way.

A flow graph is made of results; :mod:`twin.view.paper.sankey` draws it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

LEAST = 1e-9
"""Flows below this share of the whole are rounding and left out."""


@dataclass(frozen=True)
class Node:
    """A place that something flows through."""

    id: str
    label: str
    tone: str = "power"
    """What colours it: a key of :data:`twin.view.paper.sankey.TONES`."""
    end: bool = False
    """Belongs to the last column."""


@dataclass(frozen=True)
class Link:
    """A flow."""

    source: str
    target: str
    value: float
    tone: str = ""
    """That of its source without one of its own."""


@dataclass
class Flow:
    """Everything that flows, in one unit."""

    title: str
    dimension: str
    """Of the values, as :func:`twin.checks.wording.quantity` knows it."""
    nodes: dict[str, Node] = field(default_factory=dict)
    links: list[Link] = field(default_factory=list)

    def node(self, id: str, label: str, tone: str = "power", *, end: bool = False) -> str:
        """Add a node unless it is there; its id."""
        self.nodes.setdefault(id, Node(id, label, tone, end))
        return id

    def link(self, source: str, target: str, value: float, tone: str = "") -> None:
        """Add a flow; several between the same two are one."""
        for number, known in enumerate(self.links):
            if (known.source, known.target, known.tone) == (source, target, tone):
                self.links[number] = Link(source, target, known.value + value, tone)
                return
        self.links.append(Link(source, target, value, tone))

    @property
    def into(self) -> dict[str, float]:
        """What arrives at each node."""
        return _sums((link.target, link.value) for link in self.links)

    @property
    def out_of(self) -> dict[str, float]:
        """What leaves each node."""
        return _sums((link.source, link.value) for link in self.links)

    def value(self, node: str) -> float:
        """What passes a node."""
        return max(self.into.get(node, 0.0), self.out_of.get(node, 0.0))

    @property
    def whole(self) -> float:
        """What enters the graph."""
        into, out = self.into, self.out_of
        return sum(value for name, value in out.items() if name not in into)

    @property
    def ends(self) -> float:
        """What leaves the graph."""
        into, out = self.into, self.out_of
        return sum(value for name, value in into.items() if name not in out)

    def errors(self) -> dict[str, float]:
        """Of every node that is neither beginning nor end: what arrives less what leaves, over the whole."""
        into, out, whole = self.into, self.out_of, max(self.whole, 1e-300)
        return {name: (into[name] - out[name]) / whole for name in self.nodes if name in into and name in out}

    def tidy(self) -> Flow:
        """Without what is too little to be more than rounding; the whole stays whole to that accuracy."""
        least = LEAST * self.whole
        links = [link for link in self.links if link.value > least]
        used = {name for link in links for name in (link.source, link.target)}
        return Flow(self.title, self.dimension, {n: v for n, v in self.nodes.items() if n in used}, links)


def _sums(pairs: Iterable[tuple[str, float]]) -> dict[str, float]:
    found: dict[str, float] = defaultdict(float)
    for name, value in pairs:
        found[name] += value
    return dict(found)
