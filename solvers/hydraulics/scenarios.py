"""Arrays whose first axis is the scenario: broadcasting, counting, and finding equal scenarios."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Rows = NDArray[Any]


def rows(value: ArrayLike, width: int, *, copy: bool = True) -> Rows:
    """(S, width) or (1, width) from a scalar, (width,), (1, width), (S, 1) or (S, width); a copy unless told otherwise."""
    array = np.asarray(value)
    array = array if array.dtype == bool else array.astype(float, copy=copy)
    array = array if array.ndim == 2 else array.reshape(1, -1)
    if array.shape[1] not in (1, width):
        raise ValueError(f"an array has {array.shape[1]} columns, expected {width}")
    if array.shape[1] != width:
        return np.broadcast_to(array, (array.shape[0], width))
    array = array.view()
    array.flags.writeable = False  # as what is broadcast: the compiled solver knows one kind
    return array


def narrow(array: Rows) -> Rows:
    """One row or column of what repeats, contiguous."""
    if array.shape[1] > 1 and array.strides[1] == 0:
        array = array[:, :1]
    if array.shape[0] > 1 and array.strides[0] == 0:
        array = array[:1]
    return np.ascontiguousarray(array)


def count(arrays: Iterable[Rows]) -> int:
    """Number of scenarios the arrays agree on."""
    sizes = {a.shape[0] for a in arrays} - {1}
    if len(sizes) > 1:
        raise ValueError(f"arrays disagree on the number of scenarios: {sorted(sizes)}")
    return sizes.pop() if sizes else 1


def distinct(arrays: Iterable[Rows]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """First row of each set of equal scenarios, and the set every scenario belongs to."""
    arrays = list(arrays)
    moving = [np.ascontiguousarray(a) for a in arrays if a.shape[0] > 1]
    seen: dict[tuple[bytes, ...], int] = {}
    member = np.array(
        [seen.setdefault(tuple(a[s].tobytes() for a in moving), len(seen)) for s in range(count(arrays))],
        np.intp,
    )
    return np.unique(member, return_index=True)[1], member
