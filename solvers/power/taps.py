"""On-load tap changers and switched capacitors: discrete steps that hold the voltage of a bus in a band.

They are moved between power flows, scenario by scenario, until every one is in its band, at an end of its range, or
found to hunt.  Scenarios with equal positions are solved together.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

from solvers.power.flow import Method, prepare
from solvers.power.problem import Problem, Solution
from solvers.status import Status

Array = NDArray[Any]

REVERSALS = 3
"""Times a device may turn round before it is held at the best position it has seen (assumed)."""
SCENARIO_FIELDS = (
    "branch_closed", "source_live", "converter_live", "generator_power", "load_power", "cord_on",
)  # fmt: skip


class Regulation(IntEnum):
    """How a device ended."""

    HELD = 0
    """The voltage is in the band."""
    AT_END = 1
    """It is not, and the device is at the end of its range that is nearest."""
    HUNTING = 2
    """One step leads from below the band to above it; the better position is kept."""
    OFF = 3
    """The controlled bus or the device is dead or open, or the scenario failed."""
    MOVING = 4
    """The rounds ended before it came to rest."""


def _zeros() -> Array:
    return np.zeros(0)


@dataclass(frozen=True)
class Regulators:
    """T tap changers and C switched capacitors; the first have the fields ``tap_``, the others ``bank_``.

    Position 0 is the ``branch_tap`` or ``bus_shunt`` of the problem.
    """

    tap_branch: Array = field(default_factory=_zeros)
    """(T,) transformer whose ratio is branch_tap (1 + position * step)."""
    tap_bus: Array = field(default_factory=_zeros)
    """(T,) controlled bus."""
    tap_target: Array = field(default_factory=_zeros)
    """(T,) voltage magnitude. [p.u.]"""
    tap_band: Array = field(default_factory=_zeros)
    """(T,) full width of the dead band. [p.u.]"""
    tap_step: Array = field(default_factory=_zeros)
    """(T,) change of the ratio per position. [-]"""
    tap_low: Array = field(default_factory=_zeros)
    tap_high: Array = field(default_factory=_zeros)
    """(T,) least and largest position."""
    tap_delay: Array = field(default_factory=_zeros)
    """(T,) time grading: of the devices out of band only those with the least delay move; default 0. [s]"""

    bank_bus: Array = field(default_factory=_zeros)
    """(C,) bus of the bank, which it also controls."""
    bank_target: Array = field(default_factory=_zeros)
    """(C,) voltage magnitude. [p.u.]"""
    bank_band: Array = field(default_factory=_zeros)
    """(C,) full width of the dead band. [p.u.]"""
    bank_step: Array = field(default_factory=_zeros)
    """(C,) susceptance added per position. [p.u.]"""
    bank_high: Array = field(default_factory=_zeros)
    """(C,) largest position; the least is 0."""
    bank_delay: Array = field(default_factory=_zeros)
    """(C,) as ``tap_delay``. [s]"""

    def __post_init__(self) -> None:
        for kind in ("tap", "bank"):
            count = np.size(self.tap_branch if kind == "tap" else self.bank_bus)
            for item in fields(self):
                if not item.name.startswith(kind):
                    continue
                value = np.asarray(getattr(self, item.name), dtype=float).ravel()
                if item.name.endswith("_delay") and not value.size:
                    value = np.zeros(count)
                if value.size != count:
                    raise ValueError(f"{item.name} has {value.size} values, expected {count}")
                whole = item.name.endswith(("_branch", "_bus", "_low", "_high"))
                bad = ~np.isfinite(value) | (whole & (value != np.round(value)))
                if item.name.endswith(("_target", "_band", "_step")):
                    bad |= value <= 0
                if bad.any():
                    kind_of = "a whole number" if whole else "finite and, but for delays, > 0"
                    raise ValueError(f"{item.name}[{int(np.flatnonzero(bad)[0])}] must be {kind_of}")
                object.__setattr__(self, item.name, value.astype(int) if whole else value)
        for name, bad in (
            ("tap_low", self.tap_low > self.tap_high),
            ("bank_high", self.bank_high < 0),
            ("tap_low", 1 + self.tap_low * self.tap_step <= 0),
        ):
            if bad.any():
                raise ValueError(f"{name}[{int(np.flatnonzero(bad)[0])}] makes no sense")


@dataclass(frozen=True)
class Regulated:
    """Power flow with the devices where they came to rest."""

    solution: Solution
    tap_position: Array
    """(S, T)."""
    bank_position: Array
    """(S, C)."""
    tap_ending: Array
    bank_ending: Array
    """(S, T | C) :class:`Regulation`."""
    settled: Array
    """(S,) bool: no device wanted to move when the rounds ended."""
    rounds: int
    """Power flows of the scenario that took most."""

    @property
    def status(self) -> Status:
        """That of the solution, or MAX_ITERATIONS if some device was still moving."""
        still = not bool(self.settled.all())
        return Status.MAX_ITERATIONS if self.solution.status.ok and still else self.solution.status


def regulate(
    problem: Problem,
    regulators: Regulators,
    *,
    tolerance: float = 1e-8,
    max_iterations: int = 100,
    max_rounds: int = 100,
    method: Method = "auto",
) -> Regulated:
    """Find the power flow with tap changers and capacitors in the positions they move to from position 0.

    Parameters
    ----------
    tolerance, max_iterations, method : see :func:`solvers.power.solve`.
    max_rounds : int
        Limit of power flows per scenario.

    Notes
    -----
    A device moves as many steps as the voltage error divided by its step, rounded down, at least one; after it
    has turned round once, single steps.  Which side of the transformer the controlled bus is on is judged by the
    number of branches to either end without it.  A band narrower than the effect of one step makes a device hunt:
    it is then held at the position with the least error, and said to hunt.  The order of moves in real time is
    that of the delays only.

    Examples
    --------
    Source 1 p.u., an ideal transformer with steps of 1 %, target 1.05, band 1 %: at position -5 the ratio is 0.95
    and the voltage 1.0526.
    """
    if max_rounds < 1:
        raise ValueError(f"max_rounds must be >= 1, got {max_rounds}")
    devices = _Devices(problem, regulators)
    count = problem.scenarios
    solution: dict[str, Any] = {}
    pending, rounds = np.arange(count), 0
    while pending.size and rounds < max_rounds:
        rounds += 1
        for rows, position in devices.alike(pending):
            some = devices.placed(_part(problem, rows), position)
            found = prepare(some, method=method).solve(
                some.load_power, tolerance=tolerance, max_iterations=max_iterations
            )
            _keep(solution, found, rows, count)
        pending = devices.move(pending, solution)
    settled = np.ones(count, dtype=bool)
    settled[pending] = False
    ending, taps = devices.ending(solution), devices.taps
    return Regulated(
        _whole(solution), devices.position[:, :taps], devices.position[:, taps:], ending[:, :taps],
        ending[:, taps:], settled, rounds,
    )  # fmt: skip


class _Devices:
    """Tap changers, then capacitors, and their positions in all scenarios."""

    def __init__(self, problem: Problem, given: Regulators) -> None:
        self.problem, self.given, self.taps = problem, given, given.tap_branch.size
        for name, limit in (("tap_branch", problem.branch_from.size), ("tap_bus", problem.bus_voltage.size)):
            _within(name, getattr(given, name), limit)
        _within("bank_bus", given.bank_bus, problem.bus_voltage.size)
        for name, bus in (("tap_bus", given.tap_bus), ("bank_bus", given.bank_bus)):
            if problem.bus_dc[bus].any():
                raise ValueError(f"{name}[{int(np.flatnonzero(problem.bus_dc[bus])[0])}] is a DC bus")
        banks = given.bank_bus.size
        self.bus = np.r_[given.tap_bus, given.bank_bus]
        self.target = np.r_[given.tap_target, given.bank_target]
        self.half = 0.5 * np.r_[given.tap_band, given.bank_band]
        self.low = np.r_[given.tap_low, np.zeros(banks, dtype=int)]
        self.high = np.r_[given.tap_high, given.bank_high]
        self.delay = np.r_[given.tap_delay, given.bank_delay]
        self.effect = np.r_[_sides(problem, given), np.ones(banks)]
        """Sign of the change of voltage per position."""
        self.stride = np.r_[given.tap_step, np.full(banks, np.inf)]
        """Change of voltage that one position is good for; capacitors move one at a time."""
        shape = (problem.scenarios, self.bus.size)
        self.position = np.clip(np.zeros(shape, dtype=int), self.low, self.high)
        self.last = np.zeros(shape, dtype=int)
        self.turned = np.zeros(shape, dtype=int)
        self.frozen = np.zeros(shape, dtype=bool)
        self.best, self.least = self.position.copy(), np.full(shape, np.inf)

    def alike(self, rows: Array) -> Iterator[tuple[Array, Array]]:
        """Scenarios that have the same positions."""
        positions, group = np.unique(self.position[rows], axis=0, return_inverse=True)
        for number, position in enumerate(positions):
            yield rows[group.ravel() == number], position

    def placed(self, problem: Problem, position: Array) -> Problem:
        """A problem with the devices in a position."""
        given, tap, shunt = self.given, problem.branch_tap.copy(), problem.bus_shunt.copy()
        np.multiply.at(tap, given.tap_branch, 1.0 + position[: self.taps] * given.tap_step)
        np.add.at(shunt, given.bank_bus, 1j * position[self.taps :] * given.bank_step)
        return replace(problem, branch_tap=tap, bus_shunt=shunt)

    def _error(self, rows: Array, solution: dict[str, Any]) -> tuple[Array, Array]:
        """Voltage error of each device, and whether it is at work."""
        size = np.abs(solution["bus_voltage"][rows][:, self.bus])
        works = solution["scenario_ok"][rows, None] & (size > 0)
        works[:, : self.taps] &= solution["branch_closed"][rows][:, self.given.tap_branch]
        return np.where(works, size - self.target, 0.0), works

    def move(self, rows: Array, solution: dict[str, Any]) -> Array:
        """Move the devices of some scenarios; returns those in which something moved."""
        error, _ = self._error(rows, solution)
        position, last, turned = self.position[rows], self.last[rows], self.turned[rows]
        frozen, best, least = self.frozen[rows], self.best[rows], self.least[rows]
        better = np.abs(error) < least
        best, least = np.where(better, position, best), np.where(better, np.abs(error), least)
        sense = (-np.sign(error) * self.effect).astype(int)
        able = np.clip(position + sense, self.low, self.high) != position
        wants = (np.abs(error) > self.half) & able & ~frozen
        first = np.where(wants, self.delay, np.inf).min(axis=1, initial=np.inf)
        wants &= self.delay <= first[:, None]
        turns = wants & (sense * last < 0)
        turned = turned + turns
        hunts = wants & (turned > REVERSALS)
        steps = np.maximum(np.floor(np.abs(error) / self.stride), 1.0)
        steps = np.where(turned > 0, 1, steps).astype(int)
        moved = np.where(wants, np.clip(position + sense * steps, self.low, self.high), position)
        moved = np.where(hunts, best, moved)
        # until a device turns round its best position may be out of date: other devices have moved since
        self.best[rows], self.least[rows] = best, np.where(turned > 0, least, np.inf)
        self.position[rows], self.turned[rows], self.frozen[rows] = moved, turned, frozen | hunts
        self.last[rows] = np.where(wants, sense, last)
        return np.asarray(rows[(moved != position).any(axis=1)])

    def ending(self, solution: dict[str, Any]) -> Array:
        """(S, devices) :class:`Regulation`."""
        error, works = self._error(np.arange(self.position.shape[0]), solution)
        sense = (-np.sign(error) * self.effect).astype(int)
        able = np.clip(self.position + sense, self.low, self.high) != self.position
        out = np.where(self.frozen, Regulation.HUNTING, np.where(able, Regulation.MOVING, Regulation.AT_END))
        held = np.where(np.abs(error) <= self.half, Regulation.HELD, out)
        return np.where(works, held, Regulation.OFF)


def _within(name: str, index: Array, size: int) -> None:
    bad = (index < 0) | (index >= size)
    if bad.any():
        raise ValueError(f"{name}[{int(np.flatnonzero(bad)[0])}] is not an index below {size}")


def _sides(problem: Problem, given: Regulators) -> Array:
    """-1 where the controlled bus lies on the to side of the transformer, 1 where it lies on the from side."""
    result = np.ones(given.tap_branch.size)
    buses, usable = problem.bus_voltage.size, problem.branch_closed.any(axis=0)
    for row, (branch, bus) in enumerate(zip(given.tap_branch, given.tap_bus, strict=True)):
        others = np.array(usable)
        others[branch] = False
        ends = (problem.branch_from[others], problem.branch_to[others])
        graph = coo_array((np.ones(ends[0].size), ends), shape=(buses, buses))
        start = [problem.branch_from[branch], problem.branch_to[branch]]
        near, far = dijkstra(graph.tocsr(), directed=False, indices=start, unweighted=True)[:, bus]
        if not np.isfinite(near) and not np.isfinite(far):
            raise ValueError(f"tap_bus[{row}] is not connected to either end of its transformer")
        result[row] = -1.0 if far <= near else 1.0
    return result


def _part(problem: Problem, rows: Array) -> Problem:
    """Some of the scenarios of a problem."""
    tables: dict[str, Any] = {}
    for name in SCENARIO_FIELDS:
        table = getattr(problem, name)
        tables[name] = table[rows] if table.shape[0] > 1 else np.repeat(table, rows.size, axis=0)
    return replace(problem, **tables)


def _keep(store: dict[str, Any], found: Solution, rows: Array, count: int) -> None:
    """Write the results of some scenarios into the tables of all."""
    for item in fields(Solution):
        value = getattr(found, item.name)
        if isinstance(value, np.ndarray):
            table = store.setdefault(item.name, np.zeros((count, *value.shape[1:]), dtype=value.dtype))
            table[rows] = value
    statuses = store.setdefault("scenario_status", [Status.CONVERGED] * count)
    details = store.setdefault("details", [""] * count)
    for row, status in zip(rows, found.scenario_status, strict=True):
        statuses[row], details[row] = status, found.detail
    store["iterations"] = max(store.get("iterations", 0), found.iterations)


def _whole(store: dict[str, Any]) -> Solution:
    order = list(Status)
    worst = max(store["scenario_status"], key=order.index)
    first = store["scenario_status"].index(worst)
    tables = {name: value for name, value in store.items() if isinstance(value, np.ndarray)}
    return Solution(
        status=worst,
        iterations=store["iterations"],
        scenario_status=tuple(store["scenario_status"]),
        detail=store["details"][first] if not worst.ok else "",
        **tables,
    )
