"""Writing a structure down: a machine, a transfer switch, a pair of cords, one call each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from solvers.reliability.structure import Structure


class Draft:
    """Collects components and nodes; :meth:`freeze` gives the :class:`~solvers.reliability.structure.Structure`.

    Examples
    --------
    A rack with two cords, each from its own UPS::

        draft = Draft()
        a = draft.node(draft.component("ups.a"))
        b = draft.node(draft.component("ups.b"))
        rack = draft.node(inputs=[a, b], needs=1, demand=100e3)
        structure = draft.freeze()
    """

    def __init__(self) -> None:
        self.names: list[str] = []
        """Names of the components in their order."""
        self.cause_names: list[str] = []
        """Names of the common causes in their order."""
        self._nodes: list[tuple[int, int, float, float]] = []
        self._edges: list[tuple[int, int, float, int]] = []
        self._causes: list[tuple[int, int]] = []

    def component(self, name: str) -> int:
        """A new component; returns its index."""
        self.names.append(name)
        return len(self.names) - 1

    def node(
        self,
        component: int = -1,
        *,
        inputs: Iterable[int] = (),
        needs: int = 0,
        weights: Sequence[float] | None = None,
        ranks: Sequence[int] | None = None,
        demand: float = 0.0,
        capacity: float = np.inf,
    ) -> int:
        """A new node; returns its index.

        Parameters
        ----------
        component : int
            Without it the node is dead; -1 = nothing of its own to fail.
        inputs : nodes
            Added by :meth:`feed`; more may follow, which is how loops are closed.
        needs : int
            0 = all inputs; k = at least k of them, sharing the demand.
        weights, ranks : one for each input
            Shares and order of preference; 1 and 0 by default.
        demand, capacity : float
            As in :class:`~solvers.reliability.structure.Structure`.
        """
        self._nodes.append((component, needs, demand, capacity))
        index = len(self._nodes) - 1
        sources = list(inputs)
        for place, source in enumerate(sources):
            self.feed(
                index,
                source,
                weight=1.0 if weights is None else weights[place],
                rank=0 if ranks is None else ranks[place],
            )
        return index

    def feed(self, node: int, source: int, *, weight: float = 1.0, rank: int = 0) -> None:
        """Make ``source`` an input of ``node``."""
        self._edges.append((source, node, weight, rank))

    def common_cause(self, name: str, components: Iterable[int]) -> int:
        """One event that fails all ``components``; returns its number among the common causes."""
        event = len(self.cause_names)
        self.cause_names.append(name)
        self._causes += [(event, component) for component in components]
        return event

    def event_names(self) -> list[str]:
        """Names of the basic events: components, then common causes."""
        return self.names + self.cause_names

    def freeze(self) -> Structure:
        """The structure as arrays; mistakes are raised here as ValueError."""
        node = list(zip(*self._nodes, strict=True)) or [()] * 4
        edge = list(zip(*self._edges, strict=True)) or [()] * 4
        cause = list(zip(*self._causes, strict=True)) or [()] * 2
        return Structure(
            len(self.names),
            np.array(node[0], dtype=int),
            np.array(edge[0], dtype=int),
            np.array(edge[1], dtype=int),
            node_needs=np.array(node[1]),
            node_demand=np.array(node[2]),
            node_capacity=np.array(node[3]),
            edge_weight=np.array(edge[2]),
            edge_rank=np.array(edge[3]),
            cause_event=np.array(cause[0], dtype=int),
            cause_component=np.array(cause[1], dtype=int),
        )
