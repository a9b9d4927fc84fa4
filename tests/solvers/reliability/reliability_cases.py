"""Small structures whose every state can be enumerated."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.reliability import Draft, Structure

Array = NDArray[Any]


def random_structure(seed: int) -> Structure:
    """Up to 8 components in up to 13 nodes: all rules, ranks, weights, capacities, loops, common causes."""
    rng = np.random.default_rng(seed)
    components, nodes = int(rng.integers(4, 9)), int(rng.integers(6, 14))
    draft = Draft()
    for name in range(components):
        draft.component(str(name))
    back = {int(node) for node in rng.choice(nodes - 1, int(rng.integers(0, 4)), replace=False)}
    for node in range(nodes):
        inputs = rng.choice(node, int(rng.integers(0, min(node, 4) + 1)), replace=False) if node > 2 else []
        count = len(inputs)
        draft.node(
            int(rng.integers(-1, components)),
            inputs=[int(source) for source in inputs],
            needs=int(rng.integers(0, count + 1)) if node not in back else 1,
            weights=rng.choice([0.0, 0.5, 1.0, 2.0], count).tolist(),
            ranks=rng.integers(0, 2, count).tolist(),
            demand=float(rng.choice([0, 1, 1.5])),
            capacity=float(rng.choice([np.inf, 1, 2, 3])),
        )
    for node in sorted(back):
        later = int(rng.integers(node + 1, nodes))
        draft.feed(node, later, weight=float(rng.choice([0.5, 1, 2])), rank=int(rng.integers(0, 2)))
    for cause in range(int(rng.integers(0, 3))):
        draft.common_cause(f"cause {cause}", rng.choice(components, 2, replace=False).tolist())
    return draft.freeze()


def all_states(structure: Structure) -> tuple[Array, Array]:
    """All sets of basic events (2^V, V), row b has the bits of b; and the components they fail."""
    events = np.array(
        [[bool(b >> i & 1) for i in range(structure.events)] for b in range(2**structure.events)]
    )
    fails = np.zeros((structure.events, structure.components), dtype=int)
    fails[structure.event_pairs()] = 1
    return events, events.astype(int) @ fails > 0


def catcher(load: float = 0.75) -> Structure:
    """Four UPS systems of capacity 1 at ``load``; loads on every pair, each able to move to either; node 4 is the
    first load."""
    draft = Draft()
    ups = [draft.node(draft.component(f"ups {name}"), capacity=1.0) for name in "abcd"]
    for pair in combinations(ups, 2):
        draft.node(inputs=pair, needs=1, demand=4 * load / 6)
    return draft.freeze()


def parallel(count: int, needs: int) -> Structure:
    """``needs`` of ``count`` machines; the last node is the top."""
    draft = Draft()
    machines = [draft.node(draft.component(f"machine {i}")) for i in range(count)]
    draft.node(inputs=machines, needs=needs)
    return draft.freeze()
