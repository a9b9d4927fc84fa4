"""Arguments of a machine as arrays of one shape; a gap in the data is named, not carried into the answer."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def broadcast(infinite: tuple[str, ...] = (), /, **named: ArrayLike) -> list[Array]:
    """Float arrays of one common shape, in the order given.

    Raises
    ------
    ValueError
        Where a value is not a number, or infinite and not named in ``infinite``: with argument and index.  Where
        shapes do not broadcast.
    """
    arrays = {name: np.asarray(value, float) for name, value in named.items()}
    for name, array in arrays.items():
        bad = np.isnan(array) if name in infinite else ~np.isfinite(array)
        if bad.any():
            place = tuple(int(index) for index in np.argwhere(bad)[0])
            at = f"[{', '.join(map(str, place))}]" if place else ""
            raise ValueError(f"{name}{at} is {array[place]}, not a finite number")
    return list(np.broadcast_arrays(*arrays.values()))
