"""What scenarios vary: pressures, demands, devices, pumps, limits, closed links, viscosities; checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from .pipework import Array, Mask, Pipework, check_finite, named
from .scenarios import Rows, count, narrow, rows

if TYPE_CHECKING:
    from .network import Problem

VARIED = {
    "fixed_pressure": "fixed_pressure",
    "node_demand": "demand",
    "link_device_coefficient": "device",
    "link_pump_head": "pump_head",
    "link_pump_speed": "speed",
    "link_limit": "limit",
    "link_open": "open",
    "link_viscosity": "viscosity",
}
"""Fields of a problem that may vary, and what they are called here."""

_LOWEST = {"fixed_pressure": -np.inf, "node_demand": -np.inf, "link_viscosity": 1e-12}


@dataclass(frozen=True)
class Duty:
    """Arrays of one row, or of one row per scenario."""

    fixed_pressure: Array  # (S, F)
    demand: Array  # (S, N)
    device: Array  # (S, E)
    pump_head: Array
    speed: Array
    limit: Array
    open: Mask
    viscosity: Array

    @classmethod
    def of(cls, problem: Problem, pipework: Pipework) -> Duty:
        """Validate the varied arrays of a problem."""
        given = {name: getattr(problem, name) for name in VARIED}
        return cls(**_checked(given, pipework, copy=True))

    def changed(self, given: Mapping[str, ArrayLike], pipework: Pipework) -> Duty:
        """With some arrays replaced, by the problem's names; they must stay as they are while this is used."""
        unknown = set(given) - set(VARIED)
        if unknown:
            raise ValueError(f"{sorted(unknown)[0]} is not varied; these are: {', '.join(VARIED)}")
        return replace(self, **_checked(given, pipework, copy=False)) if given else self

    @cached_property
    def arrays(self) -> dict[str, Rows]:
        """All of them by name."""
        return {f.name: getattr(self, f.name) for f in fields(self)}

    @cached_property
    def narrow(self) -> tuple[Rows, ...]:
        """All of them in order, one row or column of what repeats, contiguous."""
        return tuple(narrow(array) for array in self.arrays.values())

    @cached_property
    def scenarios(self) -> int:
        """S."""
        return count(self.arrays.values())

    def pumps(self, pipework: Pipework) -> Mask:
        """(E,) links that are a pump in some scenario.

        Raises
        ------
        ValueError
            A link has both a pump head and a curve.
        """
        pump = np.asarray((self.pump_head > 0.0).any(axis=0))
        curves = pipework.curves
        clash = pump[curves.link]
        if clash.any():
            raise ValueError(
                f"link {curves.link[np.argmax(clash)]} has a link_pump_head and a link_curve; give one"
            )
        pump[curves.link[curves.pump]] = True
        return pump


def _checked(given: Mapping[str, ArrayLike], pipework: Pipework, *, copy: bool) -> dict[str, Any]:
    """Arrays by the names here; without ``copy`` those of the caller where they fit, but for what a solution keeps."""
    checked: dict[str, Any] = {}
    widths = {"fixed_pressure": pipework.fixed.size, "node_demand": pipework.node_count}
    for name, value in given.items():
        try:
            array = rows(value, widths.get(name, pipework.link_count), copy=copy or name == "link_viscosity")
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
        if name == "link_open":
            array = array.astype(bool)
        elif name == "link_limit":
            if array.size and not array.min() >= 0.0:
                named("link_limit must be >= 0", ~(array >= 0.0))
        else:
            check_finite(name, array, _LOWEST.get(name, 0.0))
        checked[VARIED[name]] = array
    return checked
