"""Synthetic 2N facilities for benchmarks, and the same networks in power-grid-model.

A utility connection at 138 kV feeds two equal sides, A and B. On each side a block of up to 16 line-ups hangs on
a 138/13.8 kV transformer, four line-ups at a time on a 13.8 kV cable ring, closed in a meshed facility and open at
its end in a radial one. A line-up is a 13.8/0.415 kV unit substation, the bypass of its UPS, and four busways of
eight taps with a rack on each. Every rack hangs on a tap of side A and on the same tap of side B, half and half.
All equipment data are typical of their class and assumed; they serve as a load for solvers, not as a design.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.power import Problem

Array = NDArray[Any]

LINEUPS = {"300": 2, "3k": 21, "30k": 207}
"""Line-ups of each side; 293, 3,033 and 29,861 buses."""
BASE, FREQUENCY = 100e6, 60.0  # VA, Hz
HIGH, MEDIUM, LOW = 138e3, 13.8e3, 415.0  # V
SOURCE = 1.02  # p.u.
PER_BLOCK, PER_RING, BUSWAYS, TAPS = 16, 4, 4, 8
RACK = 50e3  # W, the largest rack

HIGH_CABLE = (0.03 + 0.20j, 0.20e-6, 600.0)
MEDIUM_CABLE = (0.137 + 0.125j, 0.35e-6, 400.0)
"""Ohm and farad per kilometre, ampere."""
UPS_BYPASS = 0.003 + 0.012j  # of 2.5 MVA
BOARD = 2e-5 + 6e-5j  # ohm
BUSWAY_FEED, BUSWAY = 0.028 + 0.022j, 0.053 + 0.023j  # ohm/km
SPACING, WHIP = 0.0018, 0.003  # km
WHIP_CABLE = 0.40 + 0.13j  # ohm/km


@dataclass(frozen=True)
class Facility:
    """Network of one facility: B buses, E branches, L racks with two cords each (K = 2 L)."""

    bus_voltage: Array
    """(B,) [V]; bus 0 is the utility connection."""
    branch_from: Array
    branch_to: Array
    branch_impedance: Array
    """(E,) complex. [p.u.]"""
    branch_charging: Array
    """(E,) total susceptance. [p.u.]"""
    branch_rating: Array
    """(E,) at the to side. [A]"""
    branch_closed: Array
    """(E,) bool; the ties of open rings are open."""
    branch_transformer: Array
    """(E,) bool."""
    load_power: Array
    """(L,) complex power of the racks. [VA]"""
    cord_load: Array
    cord_bus: Array
    """(K,) the cords of side A, then those of side B."""

    @property
    def partner(self) -> Array:
        """(K,) the other cord of the same rack."""
        return np.roll(np.arange(self.cord_load.size), self.cord_load.size // 2)

    @cached_property
    def ohm(self) -> Array:
        """(E,) base impedance at the to side. [ohm]"""
        return self.bus_voltage[self.branch_to] ** 2 / BASE


def facility(name: str, mesh: bool = False) -> Facility:
    """One of the three sizes of :data:`LINEUPS`."""
    return campus(LINEUPS[name], mesh)


def campus(lineups: int, mesh: bool = False, seed: int = 0) -> Facility:
    """A facility with any number of line-ups on each side; about 144 buses each."""
    rng = np.random.default_rng(seed)
    racks = lineups * BUSWAYS * TAPS
    active = RACK * rng.uniform(0.6, 1.0, racks)
    factor = rng.uniform(0.98, 0.995, racks)
    net = _Builder(rng)
    for _ in "AB":
        for first in range(0, lineups, PER_BLOCK):
            net.block(min(PER_BLOCK, lineups - first), mesh)
    return net.finished(active * (1 + 1j * np.tan(np.arccos(factor))))


class _Builder:
    """Lists of buses and branches that grow."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.voltage: list[float] = [HIGH]
        self.branches: list[tuple[int, int, complex, float, float, bool, bool]] = []
        self.racks: list[int] = []

    def bus(self, voltage: float) -> int:
        self.voltage.append(voltage)
        return len(self.voltage) - 1

    def line(
        self, tail: int, head: int, ohm: complex, rating: float, farad: float = 0.0, closed: bool = True
    ) -> None:
        base = self.voltage[head] ** 2 / BASE
        charging = 2 * np.pi * FREQUENCY * farad * base
        self.branches.append((tail, head, ohm / base, charging, rating, closed, False))

    def transformer(
        self, tail: int, head: int, power: float, reactance_voltage: float, x_over_r: float
    ) -> None:
        size = reactance_voltage * BASE / power
        impedance = size * (1 + 1j * x_over_r) / abs(1 + 1j * x_over_r)
        rating = power / (np.sqrt(3) * self.voltage[head])
        self.branches.append((tail, head, impedance, 0.0, rating, True, True))

    def cable(
        self, tail: int, head: int, kind: tuple[complex, float, float], km: float, closed: bool
    ) -> None:
        ohm, farad, rating = kind
        self.line(tail, head, ohm * km, rating, farad * km, closed)

    def block(self, lineups: int, mesh: bool) -> None:
        """One bulk transformer with its rings."""
        high, main = self.bus(HIGH), self.bus(MEDIUM)
        self.cable(0, high, HIGH_CABLE, 1.0, True)
        self.transformer(high, main, 40e6, 0.085, 25.0)
        before = main
        for number in range(1, lineups + 1):
            switchgear = self.bus(MEDIUM)
            self.cable(before, switchgear, MEDIUM_CABLE, self.rng.uniform(0.08, 0.12), True)
            before = switchgear
            if number % PER_RING == 0 or number == lineups:
                self.cable(switchgear, main, MEDIUM_CABLE, 0.2, mesh)
                before = main
            self.lineup(switchgear)

    def lineup(self, switchgear: int) -> None:
        low, ups, board = (self.bus(LOW) for _ in range(3))
        self.transformer(switchgear, low, 2.5e6, 0.0575, 7.0)
        self.line(low, ups, UPS_BYPASS * LOW**2 / 2.5e6, 3500.0)
        self.line(ups, board, BOARD, 4000.0)
        for _ in range(BUSWAYS):
            tap = self.bus(LOW)
            self.line(board, tap, BUSWAY_FEED * self.rng.uniform(0.02, 0.03), 1000.0)
            for _ in range(TAPS):
                before, tap = tap, self.bus(LOW)
                self.line(before, tap, BUSWAY * SPACING, 1000.0)
                self.racks.append(self.bus(LOW))
                self.line(tap, self.racks[-1], WHIP_CABLE * WHIP, 125.0)

    def finished(self, load_power: Array) -> Facility:
        columns = map(np.array, zip(*self.branches, strict=True))
        tail, head, impedance, charging, rating, closed, transformer = columns
        return Facility(
            np.array(self.voltage), tail, head, impedance, charging, rating, closed, transformer,
            load_power, np.tile(np.arange(load_power.size), 2), np.array(self.racks),
        )  # fmt: skip


def scenarios(net: Facility, count: int, seed: int = 1) -> Array:
    """(count, L) load multipliers: level of the site 0.5..1.0 times that of each rack 0.7..1.3."""
    rng = np.random.default_rng(seed)
    racks = rng.uniform(0.7, 1.3, (count, net.load_power.size))
    return np.asarray(racks * rng.uniform(0.5, 1.0, (count, 1)))


def problem(net: Facility) -> Problem:
    """The facility for our solver, one scenario of switching."""
    return Problem(
        BASE, net.bus_voltage, branch_from=net.branch_from, branch_to=net.branch_to,
        branch_impedance=net.branch_impedance, branch_charging=net.branch_charging, branch_rating=net.branch_rating,
        branch_closed=net.branch_closed, source_bus=np.array([0]), source_voltage=np.array([SOURCE]),
        load_power=net.load_power, cord_load=net.cord_load, cord_bus=net.cord_bus,
    )  # fmt: skip


def cord_power(net: Facility, load_power: Array) -> Array:
    """(..., K) power of each cord while both sides are there. [VA]"""
    return np.asarray(0.5 * load_power[..., net.cord_load])


def grid_input(net: Facility) -> dict[str, Array]:
    """The facility in power-grid-model's arrays; cords are ``sym_load``; ids count buses, branches, cords, source."""
    from power_grid_model import initialize_array

    buses, branches, cords = net.bus_voltage.size, net.branch_from.size, net.cord_load.size
    node = initialize_array("input", "node", buses)
    node["id"], node["u_rated"] = np.arange(buses), net.bus_voltage
    result = {"node": node}
    for kind, at in (
        ("line", np.flatnonzero(~net.branch_transformer)),
        ("generic_branch", np.flatnonzero(net.branch_transformer)),
    ):
        table = initialize_array("input", kind, at.size)
        table["id"], table["from_node"], table["to_node"] = buses + at, net.branch_from[at], net.branch_to[at]
        table["from_status"] = table["to_status"] = net.branch_closed[at]
        ohm = (net.branch_impedance * net.ohm)[at]
        table["r1"], table["x1"] = ohm.real, ohm.imag
        if kind == "line":
            table["c1"] = (net.branch_charging / net.ohm)[at] / (2 * np.pi * FREQUENCY)
            table["tan1"], table["i_n"] = 0.0, net.branch_rating[at]
        else:
            table["g1"] = table["b1"] = table["theta"] = 0.0
            table["k"] = 1.0
        result[kind] = table
    load = initialize_array("input", "sym_load", cords)
    load["id"], load["node"] = buses + branches + np.arange(cords), net.cord_bus
    load["status"], load["type"] = 1, 0
    power = cord_power(net, net.load_power)
    load["p_specified"], load["q_specified"] = power.real, power.imag
    source = initialize_array("input", "source", 1)
    source["id"], source["node"], source["status"] = buses + branches + cords, 0, 1
    source["u_ref"], source["sk"] = SOURCE, 1e20  # short-circuit power of a nearly ideal source
    return result | {"sym_load": load, "source": source}


def grid_model(net: Facility) -> Any:
    """The facility as a ``PowerGridModel`` with identical per-unit data."""
    from power_grid_model import PowerGridModel

    return PowerGridModel(grid_input(net), system_frequency=FREQUENCY)


def grid_loads(net: Facility, load_power: Array) -> dict[str, Array]:
    """Batch update of power-grid-model for (S, L) rack powers."""
    from power_grid_model import initialize_array

    power = cord_power(net, load_power)
    update = initialize_array("update", "sym_load", power.shape)
    update["id"] = net.bus_voltage.size + net.branch_from.size + np.arange(power.shape[-1])
    update["status"] = 1
    update["p_specified"], update["q_specified"] = power.real, power.imag
    return {"sym_load": update}


def grid_solve(model: Any, update: dict[str, Array] | None = None) -> dict[str, Array]:
    """Voltages by its fastest method, one thread, to our tolerance; nothing else is put out."""
    from power_grid_model import CalculationMethod

    extra = {} if update is None else {"update_data": update, "threading": -1}
    return dict(
        model.calculate_power_flow(
            calculation_method=CalculationMethod.iterative_current, error_tolerance=1e-8, max_iterations=100,
            output_component_types={"node": ["u_pu", "u_angle"]}, **extra,
        )
    )  # fmt: skip


def voltages(output: dict[str, Array]) -> Array:
    """(..., B) complex bus voltages of its output. [p.u.]"""
    node = output["node"]
    return np.asarray(node["u_pu"] * np.exp(1j * node["u_angle"]))
