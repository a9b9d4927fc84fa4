"""What the network solvers, compiled or not, hand over."""

from __future__ import annotations

from typing import NamedTuple

from .pipework import Array, Mask


class Answer(NamedTuple):
    """A row for each distinct scenario."""

    flow: Array  # (S, E)
    pressure: Array  # (S, N)
    limited: Mask  # (S, E)
    connected: Mask  # (S, N)
    residual: Array  # (S,)
    mass_error: Array  # (S,)
    converged: Mask  # (S,)
    iterations: int
