"""Arguments looked at before anything is computed: what is wrong is a ValueError that names field and index.

Every function returns the argument as a float array, so a public function checks and converts in one line.  Looking costs
two passes over an array; loops inside a solver work on arrays that were looked at before.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

ABSOLUTE_ZERO = -273.15
"""[degC]"""
ROUNDING = 1e-6
"""What a converged solver may leave beside a bound, such as a flow of zero that runs back [kg/s, -]."""


def number(
    name: str,
    value: ArrayLike,
    *,
    above: float = -np.inf,
    least: float = -np.inf,
    most: float = np.inf,
    infinite: bool = False,
    rounding: float = 0.0,
) -> Array:
    """An argument as floats: greater than ``above``, at least ``least``, at most ``most``.

    What is beyond ``least`` or ``most`` by no more than ``rounding`` is taken as that bound.

    Raises
    ------
    ValueError
        What is not a number, infinite (unless ``infinite``) or out of these bounds: field, index, value and bounds.
    """
    if (
        type(value) is float and least <= value <= most and above < value < np.inf
    ):  # a quick way for the usual scalar
        return np.asarray(value)
    try:
        array = np.asarray(value, float)
    except (TypeError, ValueError):
        raise ValueError(f"{name} is {str(value)[:80]!r}, not a number or an array of numbers") from None
    if not array.size:
        return array
    low, high = array.min(), array.max()
    if (low > above or above == -np.inf) and (infinite or (low > -np.inf and high < np.inf)):
        if low >= least and high <= most:
            return array
        if low >= least - rounding and high <= most + rounding:
            return np.clip(array, least, most)
    good = (array >= least) & (array <= most) & ((array > above) if above > -np.inf else True)
    good = good & (~np.isnan(array) if infinite else np.isfinite(array))
    raise ValueError(f"{place(name, array, ~good)}, {_wanted(above, least, most, infinite)}")


def place(name: str, array: Array, wrong: NDArray[np.bool_]) -> str:
    """``name[index] is value`` of the first element that is wrong; for a scalar without index."""
    index = tuple(int(k) for k in np.argwhere(wrong)[0])
    at = f"[{', '.join(map(str, index))}]" if index else ""
    return f"{name}{at} is {array[index]}"


def temperature(name: str, value: ArrayLike) -> Array:
    """Temperatures above absolute zero. [degC]"""
    return number(name, value, above=ABSOLUTE_ZERO)


def together(**arrays: Array) -> list[Array]:
    """Arrays of one common shape, in the order given.

    Raises
    ------
    ValueError
        Their shapes do not broadcast: with the name and shape of each.
    """
    try:
        return list(np.broadcast_arrays(*arrays.values()))
    except ValueError:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
        raise ValueError(f"shapes do not go together: {shapes}") from None


def choice(name: str, value: object, allowed: Iterable[str]) -> None:
    """Refuse a word that is not among those allowed, and list them."""
    known = tuple(allowed)
    if value not in known:
        raise ValueError(f"{name} is {value!r}; known are {', '.join(known)}")


def whole(name: str, value: object, least: int) -> int:
    """A whole number, at least ``least``."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise ValueError(f"{name} is {value!r}, not a whole number of at least {least}")
    return int(value)


def finite(owner: object, *temperatures: str, infinite: tuple[str, ...] = ()) -> None:
    """Refuse a record with a number that is none: every field of its dataclass that holds a number or a tuple of them.

    Fields named as ``temperatures`` [degC] are also above absolute zero; those in ``infinite`` may be infinite.

    Raises
    ------
    ValueError
        With the field, and the place in a tuple.
    """
    for field in fields(owner):  # type: ignore[arg-type]
        value = getattr(owner, field.name)
        if isinstance(value, float | int | np.number | tuple) and not isinstance(value, bool):
            above = ABSOLUTE_ZERO if field.name in temperatures else -np.inf
            number(field.name, value, above=above, infinite=field.name in infinite)


def _wanted(above: float, least: float, most: float, infinite: bool) -> str:
    bounds = [
        f"{sign} {bound:g}"
        for sign, bound, free in ((">", above, -np.inf), (">=", least, -np.inf), ("<=", most, np.inf))
        if bound != free
    ]
    kind = "not a number" if infinite else "not a finite number"
    return f"{kind} {' and '.join(bounds)}".rstrip()
