"""The records in which kernels read a network that is cut into pieces; per unit where nothing else is said."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

DEAD, ELSEWHERE = -1, -2
"""Row of a bus that is not energised in the base state, and of one in an island that is not radial."""

PLAIN, LOADED, GENERAL, LEAF = range(4)
"""Codes of rows: passes current on; also has a load; has a shunt or a ratio as well; has a load and nothing below
it, whatever fails."""


ROW = np.dtype(
    [(n, "i4") for n in ("parent", "code", "load_slot", "shunt_slot")] + [(n, "f8") for n in ("r", "x")],
    align=True,
)
"""A row in the sweeps: parent (-1 = held), code, places in the tables of loads and of shunts (0 = none), impedance
towards the parent. [p.u.]"""

DETAIL = np.dtype(
    [(n, "i8") for n in ("bus", "branch", "piece", "alone", "beside")]
    + [("gain", "c16"), ("hold", "c16"), ("along", "c16"), ("scale", "f8"), ("across", "f8")],
    align=True,
)
"""The rest of a row.  bus; branch: feed in the base state, -1 = held; alone: unit whose connection to its busbar,
with nothing else on it, the row is, -1 = none; gain: no-load voltage over the parent's; hold: voltage if held.
The current at the rated end is along J + j across V of the row beside; scale is |current / rating|^2 per its
square in per unit."""

PIECE = np.dtype(
    [(n, "i8") for n in ("first", "stop", "rank", "child", "child_stop", "unit", "unit_stop")]
    + [("stiff", "?")],
    align=True,
)
"""Rows first to stop; feeds have lower rank; items of the pieces that hang on it in the base state, and of the
units (sources, then converters) that hold it."""

UNIT = np.dtype(
    [(n, "i8") for n in ("row", "hub", "input", "converter")]
    + [(n, "f8") for n in ("share", "weight", "rating", "a", "b", "c", "tangent", "voltage")]
    + [("on", "?")],
    align=True,
)
"""Row of the unit's own bus; row of its busbar's top, -1 = off; row of its input; number of the converter, -1 = a
source; share of the busbar's demand; rating [p.u.]; loss terms; reactive over real input power."""

BRANCH = np.dtype(
    [(n, "i8") for n in ("tail", "head", "group", "fed")]
    + [(n, "f8") for n in ("half", "half_tail", "r", "x", "scale")]
    + [("gain", "c16"), ("conducts", "?")],
    align=True,
)
"""From and to bus, transfer switch, bus that it feeds in the base state (-1 = none); half the charging at the head
and at the tail; impedance and gain from tail to head."""

BUS = np.dtype(
    [(n, "i8") for n in ("row", "branch", "input", "output", "source", "cord", "end")] + [("live", "?")],
    align=True,
)
"""Row; items of branches, converter inputs, converter outputs, sources, cords, and the end of these."""

CORD = np.dtype(
    [("load", "i8"), ("bus", "i8"), ("weight", "f8"), ("share", "f8"), ("on", "?"), ("real", "?")], align=True
)
LOAD = np.dtype([("cord", "i8"), ("cord_stop", "i8"), ("power", "c16"), ("served", "?")], align=True)


class Switches(NamedTuple):
    """Word-parallel switching of the base network."""

    start: Array
    head: Array
    gate: Array
    admitted: Array
    """(E + C,) bool."""
    source_bus: Array
    source_on: Array
    input: Array
    """Transfer-switch inputs by switch and rank; -1 after each switch."""
    chosen: Array
    """(E,) bool after transfer."""


class Network(NamedTuple):
    """All that the kernels read; record arrays, so that few things are passed from function to function."""

    row: Array
    detail: Array
    piece: Array
    unit: Array
    branch: Array
    bus: Array
    cord: Array
    load: Array
    item: Array
    """Lists of indices that the records point into."""


class Tables(NamedTuple):
    """State of the base network that the sweeps begin with. [p.u.]"""

    demand: Array
    """(slots, 2) loads without converters."""
    shunt: Array
    """(slots, 2) conductance and susceptance."""
