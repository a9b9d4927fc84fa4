"""What happens in time after something begins: values of things at some times, for a slider to move through."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from twin.results.year import Series

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class History:
    """What follows one event, from the normal state on."""

    name: str
    """``loss:utility``; unique among the histories of a run."""
    label: str
    """Loss of the utility."""
    times: Array
    """(T,) ascending, 0 when it begins. [s]"""
    ids: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Quantity (``table.quantity`` of :data:`twin.results.quantities.QUANTITIES`) to the n things that have it."""
    values: Mapping[str, Array] = field(default_factory=dict)
    """The same to (T, n); NaN without a value; SI and degC."""
    series: Mapping[str, Series] = field(default_factory=dict)
    """Figures of the whole: label and dimension by name."""
    lines: Mapping[str, Array] = field(default_factory=dict)
    """The same to (T,)."""
    limits: Mapping[str, tuple[tuple[float, str], ...]] = field(default_factory=dict)
    """Limits of a figure, and what each means."""
    moments: tuple[tuple[float, str], ...] = ()
    """Times [s] at which something happens, and what."""
