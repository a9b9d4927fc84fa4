"""Refusal of input that has no meaning: a ValueError that names the field and the index."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[Any]


def number(name: str, value: ArrayLike, *, least: float = -np.inf, most: float = np.inf,
           above: float | None = None, endless: bool = False) -> Array:  # fmt: skip
    """``value`` as a float array within its bounds, or a ValueError.

    Parameters
    ----------
    least, most : closed bounds.
    above : open lower bound.
    endless : infinity is allowed (a limit that is not there, a time that never comes).
    """
    given = np.asarray(value)
    if np.iscomplexobj(given):
        raise ValueError(f"{name} must be real")
    array = given.astype(float)
    refuse(name, np.isnan(array) if endless else ~np.isfinite(array), "is not finite")
    refuse(name, (array < least) | (array > most), f"must be in [{least:g}, {most:g}]")
    if above is not None:
        refuse(name, ~(array > above), f"must be > {above:g}")
    return array


def refuse(name: str, bad: Array, why: str) -> None:
    """Raise a ValueError for the first True in ``bad``."""
    if np.any(bad):
        where = np.argwhere(bad)[0] if np.ndim(bad) else []
        index = f"[{', '.join(str(int(i)) for i in where)}]" if len(where) else ""
        raise ValueError(f"{name}{index} {why}")


def rows(name: str, value: ArrayLike, *, dtype: type = float) -> Array:
    """(S, n) table from (S, n) or (n,), finite."""
    array: Array = np.asarray(value, dtype=dtype)
    if array.ndim == 1:
        array = array[None]
    if array.ndim != 2 or array.shape[1] == 0:
        raise ValueError(f"{name} has shape {np.shape(value)}, expected (S, n) or (n,)")
    refuse(name, ~np.isfinite(array), "is not finite")
    return array
