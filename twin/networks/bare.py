"""Problems of networks that no layout describes: arrays that another tool's file was read into."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from solvers.power import Problem


def bare_problem(base_power: float, fields: Mapping[str, Any]) -> Problem:
    """The problem with these fields; a ValueError names the field and the index of the first bad value.

    Parameters
    ----------
    base_power : three-phase power base. [VA]
    fields : arrays by the names of :class:`solvers.power.Problem`; ``bus_voltage`` must be there.
    """
    return Problem(base_power, **fields)
