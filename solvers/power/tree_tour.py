"""The order in which the compiled sweep visits the buses of a plan, as steps for :mod:`solvers.power.tree_kernel`.

The tour enters a bus when all its feeds are entered, goes on with a bus it feeds, and leaves it when all it feeds
are left: around a tree this is Euler's tour.  A busbar behind a converter is "fed" by the converter's input bus,
and a bus with another feed in some scenarios counts for all its feeds; so one order serves all lanes.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from numpy.typing import NDArray

Array = NDArray[Any]

LEAF, PLAIN, LOADED, SCALED, WATCHED, GAIN, HELD, LEAVE, LEAVE_GAIN, SHUNT, OWN, CONVERT, NOTHING = range(13)
"""Steps; those before LEAVE enter a bus."""
FALL, FALL_GAIN, HOLD = range(3)
"""Steps of the final voltages."""


class Order(NamedTuple):
    """The steps of a tour."""

    ops: Array
    """(steps, 4) int32: step, row, row of the feed, and what else it takes."""
    values: Array
    """(steps, 2) impedance, voltage, admittance or gain."""
    gains: Array
    """(n, 2) gains of the GAIN steps."""
    no_load: Array
    """(m, 2) voltage without load. [p.u.]"""
    stages: Array
    """(converters, 5): b, c / rating, tan(phi), no-load loss [p.u.], converters at the same input."""


class Odd(NamedTuple):
    """Exceptions: scenarios in which a bus has another feed; ordered by scenario."""

    start: Array
    """(S + 1,) first exception of each scenario."""
    enter: Array
    leave: Array
    """Steps at which the bus is entered and left."""
    row: Array
    """Row of the final voltages."""
    above: Array
    fall: Array
    """Feed, as row of the tour and of the final voltages; -1 = holds its own voltage."""
    gain: Array
    impedance: Array
    voltage: Array


class Tour(NamedTuple):
    """A plan as the kernel reads it; m rows in the order they are entered."""

    order: Order
    odd: Odd

    bus: Array
    """(m,) bus of each row."""
    held: Array
    """(m,) bool."""
    current_row: Array
    """(m,) row of the plan's currents."""
    highest: float
    """Largest |V|^2 without load. [p.u.]"""
    admittance: float
    """Largest admittance to earth. [p.u.]"""

    cord_start: Array
    """(slots + 1,) first cord of each row of the load table."""
    cord: Array
    cord_load: Array
    cord_extra: Array
    """Row of the extra table, -1 = constant power only."""
    extra_rows: int
    """Of the extra table; the last one stays empty."""
    cord_weight: Array
    """(cords, 4): Q taken (0 on a DC bus), and shares of constant power, current and impedance."""
    varying: Array
    """(n, 2) shunts that differ between scenarios: row of the extra table, or -1 and row of the load table."""
    varying_bus: Array

    stage_element: Array
    """Row of the shares of the busbars."""
    stage_hub: Array
    """Row of the busbar, -1 = settled before the sweeps."""
    settled: Array
    """(n, 3) load slots of busbar and input, and converter, in order."""
    fixed_voltage: Array
    """(slots,) complex; 0 = not a fixed busbar."""
    fixed_row: Array

    falls: Array
    """(F, 4) int32: step, row of the feed, row of the current, bus."""
    fall_values: Array
    """(F, 4) impedance and gain, or voltage held."""
    watched: Array
    """(F,) bool: the bus draws current itself."""
    partial: bool
    """Some bus is dead in some scenario."""
