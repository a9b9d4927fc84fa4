"""What layers of water in a tank do by themselves: move on, turn over, conduct, and lose heat to the room."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    from solvers.plant.tank import Tank

Array = NDArray[np.float64]


def turn_over(temperature: Array) -> Array:
    """(S, n) layers after those that are warmer than one above have mixed with it; their mean is kept.

    The state is the non-decreasing one nearest to what is given, ``max over j <= i of min over k >= i of the mean
    of j..k`` (isotonic regression, equal weights): the same that mixing neighbour with neighbour ends in.
    """
    wrong = (np.diff(temperature, axis=1) < 0.0).any(axis=1)
    if not wrong.any():
        return temperature
    some = temperature[wrong]
    count = some.shape[1]
    total = np.concatenate([np.zeros((len(some), 1)), np.cumsum(some, axis=1)], axis=1)
    first, last = np.arange(count)[:, None], np.arange(count)[None, :]
    mean = (total[:, 1:][:, None, :] - total[:, :-1][:, :, None]) / np.maximum(last - first + 1, 1)
    mean = np.where(last >= first, mean, np.inf)
    least = np.minimum.accumulate(mean[:, :, ::-1], axis=2)[:, :, ::-1]
    mixed = np.where(first <= last, least, -np.inf).max(axis=1)
    result = temperature.copy()
    result[wrong] = mixed
    return result


def shift(layers: Array, share: Array, down: NDArray[np.bool_], entering: Array) -> Array:
    """Move by a share of a layer, 0..1."""
    above = np.concatenate([layers[:, 1:], entering[:, None]], axis=1)
    below = np.concatenate([entering[:, None], layers[:, :-1]], axis=1)
    source = np.where(down[:, None], above, below)
    return layers + share[:, None] * (source - layers)


def relax(tank: Tank, layers: Array, seconds: ArrayLike, ambient: Array) -> tuple[Array, Array]:
    """Conduction and losses by implicit Euler; also the heat lost (S,) [J]."""
    count, area = tank.layers, tank.volume / tank.height
    between = tank.conductivity * area / (tank.height / count)
    wall = tank.wall_conductance / count
    if between == 0.0 and wall == 0.0:
        return layers, np.zeros(len(layers))
    matrix = np.diag(np.full(count, wall))
    inner = np.arange(count - 1)
    np.add.at(matrix, (inner, inner), between)
    np.add.at(matrix, (inner + 1, inner + 1), between)
    np.add.at(matrix, (np.r_[inner, inner + 1], np.r_[inner + 1, inner]), -between)
    step = np.atleast_1d(np.asarray(seconds, float)) / tank.layer_capacity
    system = np.eye(count) + step[:, None, None] * matrix  # one for all, or one each
    load = layers + (step * wall)[:, None] * ambient[:, None]
    after = np.linalg.solve(system, load[:, :, None])[:, :, 0]
    return np.asarray(after), np.asarray(
        (step * tank.layer_capacity * wall) * (after - ambient[:, None]).sum(axis=1)
    )
