"""Checked columns of element tables: shape, type and range, with errors that name field and index."""

from __future__ import annotations

from dataclasses import MISSING, field, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def column(
    dtype: type = float,
    default: Any = MISSING,
    *,
    scenario: bool = False,
    columns: int = 0,
    above: float | None = None,
    least: float | None = None,
    infinite: bool = False,
) -> Any:
    """A field of a table.

    Parameters
    ----------
    default : number, or the name of another field to copy; left out = required.
    scenario : the field has a leading scenario axis, (S, n); (n,) and (1, n) are accepted.
    columns : number of further columns, (n, columns).
    above, least : exclusive and inclusive lower bound of real values.
    infinite : infinity is a value.
    """
    rule = {"dtype": dtype, "scenario": scenario, "columns": columns, "above": above, "least": least}
    rule |= {"infinite": infinite, "default": default}
    if default is MISSING:
        return field(metadata=rule)
    return field(default_factory=lambda: np.empty(0), metadata=rule)


def tidy(table: Any, label: str) -> None:
    """Replace every field of a frozen table by a checked array; the first field counts the rows."""
    columns = fields(table)
    count = np.shape(getattr(table, columns[0].name))[0] if np.ndim(getattr(table, columns[0].name)) else 0
    for one in columns:
        rule = one.metadata
        value = getattr(table, one.name)
        if np.size(value) == 0 and rule["default"] is not MISSING:
            value = _default(table, rule, count)
        object.__setattr__(table, one.name, _checked(f"{label}.{one.name}", value, rule, count))


def _default(table: Any, rule: Any, count: int) -> Array:
    if isinstance(rule["default"], str):
        return np.asarray(getattr(table, rule["default"]))
    tail = (rule["columns"],) if rule["columns"] else ()
    return np.full((count, *tail), rule["default"], dtype=rule["dtype"])


def _checked(name: str, value: Any, rule: Any, count: int) -> Array:
    given = np.asarray(value)
    dtype = rule["dtype"]
    if given.size and dtype in (float, int) and np.iscomplexobj(given):
        raise ValueError(f"{name} must be real")
    if given.size and dtype is int:
        with np.errstate(invalid="ignore"):  # what no integer can hold is no whole number
            whole = np.array_equal(given, given.astype(int))
        if not whole:
            raise ValueError(f"{name} must hold whole numbers")
    array: Array = np.ascontiguousarray(given, dtype=dtype)
    tail = (count, rule["columns"]) if rule["columns"] else (count,)
    if not array.size:
        array = array.reshape((1, *tail) if rule["scenario"] and count == 0 else (0, *tail[1:]))
    if rule["scenario"] and array.ndim == len(tail):
        array = array[None]
    lead = 1 if rule["scenario"] else 0
    if array.ndim != lead + len(tail) or array.shape[lead:] != tail:
        wanted = ", ".join(["S"] * lead + [str(n) for n in tail])
        raise ValueError(f"{name} has shape {given.shape}, expected ({wanted})")
    bad = np.isnan(array) if rule["infinite"] else ~np.isfinite(array)
    _refuse(name, array, bad, "must be a number" if rule["infinite"] else "must be finite")
    if rule["above"] is not None:
        _refuse(name, array, array <= rule["above"], f"must be above {rule['above']:g}")
    if rule["least"] is not None:
        _refuse(name, array, array < rule["least"], f"must be at least {rule['least']:g}")
    return array


def _refuse(name: str, array: Array, bad: Array, rule: str) -> None:
    if bad.any():
        at = np.unravel_index(int(np.flatnonzero(bad)[0]), bad.shape)
        place = ", ".join(str(int(i)) for i in at)
        raise ValueError(f"{name}[{place}] is {array[at]}, {rule}")


def refuse(name: str, array: Array, bad: Array, rule: str) -> None:
    """A ValueError that names the first element of ``array`` for which ``bad`` holds."""
    _refuse(name, np.asarray(array), np.asarray(bad), rule)
