"""How flows, plants and air handlers go and come back in time: straight-line signals of every event."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, isfinite, pi

import numpy as np
from numpy.typing import NDArray

from solvers.hydraulics.exchanger import FLOW_EXPONENT
from solvers.hydraulics.transient_forms import coast_down_signal, inertia, run_down_time
from twin.model.products import Cdu, Chiller, Plant, Pump
from twin.networks.facility import Lowered
from twin.studies.cooling_loss_events import Event
from twin.studies.cooling_loss_flow import Flows
from twin.studies.outage import DRIVE_RAMP

Array = NDArray[np.float64]

AT_ONCE = 0.1
"""Time in which what stops at once stops. [s]"""
CLOSING = 2.0
"""Time in which flows find their new way after a machine or a piece of pipe is shut off. [s]  Assumed."""
PUMP_TURNS, CDU_TURNS = 1480.0 * pi / 30.0, 2900.0 * pi / 30.0
"""Rated rotation of loop pumps (four poles) and of those in CDUs (two). [rad/s]  Assumed."""
SHARED = 1.0 - FLOW_EXPONENT
"""Power of the number of like exchangers that share two streams in their joint conductance at given streams. [-]"""


@dataclass(frozen=True)
class Curve:
    """A straight-line function of time, level before and after."""

    time: Array
    value: Array

    @classmethod
    def level(cls, value: float = 1.0) -> Curve:
        return cls(np.zeros(1), np.array([value]))

    @classmethod
    def step(cls, low: float, returns: float = inf, ramp: float = AT_ONCE) -> Curve:
        """1, then ``low`` from time 0 on, and 1 again from ``returns`` over ``ramp``."""
        time, value = [0.0, AT_ONCE], [1.0, low]
        if isfinite(returns):
            back = max(returns, AT_ONCE)
            time, value = [*time, back, back + max(ramp, AT_ONCE)], [*value, low, 1.0]
        return cls(np.array(time), np.array(value))

    def at(self, time: Array) -> Array:
        return np.asarray(np.interp(time, self.time, self.value))

    def complement(self) -> Curve:
        return Curve(self.time, 1.0 - self.value)

    @staticmethod
    def highest(curves: Sequence[Curve]) -> Curve:
        """The largest of some; exact at their own points."""
        time = np.unique(np.concatenate([curve.time for curve in curves]))
        return Curve(time, np.max([curve.at(time) for curve in curves], axis=0))

    def scaled(self, low: float) -> Curve:
        """The same between ``low`` and 1."""
        return Curve(self.time, low + (1.0 - low) * self.value)


class Signals:
    """Curves of the events of one facility."""

    def __init__(self, world: Lowered, flows: Flows, power: Array) -> None:
        """``power`` (M,) is what every cooling machine draws before. [W]"""
        self.world, self.flows = world, flows
        self._power = {machine.id: float(power[k]) for k, machine in enumerate(world.cooling)}
        self._loop_of = {name: n for n, loop in enumerate(world.loops) for name in loop.circuit.sinks}

    def old_flow(self, number: int, event: Event) -> Curve:
        """Share of the flows before that a loop has; the rest is the pattern after the loss."""
        after = self.flows.after(number, event)
        if not after.changed:
            return Curve.level()
        circuit = self.world.loops[number].circuit
        stopped = [
            n for n in (circuit.pumps or circuit.sources) if n in event.away and self._product_moves(n)
        ]
        if not stopped:
            halted = [n for n in (circuit.pumps or circuit.sources) if n in event.lost]
            if not halted or after.total > 0.0:
                return Curve(np.array([0.0, CLOSING]), np.array([1.0, 0.0]))
            stopped = halted
        half = min(self._half_time(name) for name in stopped)
        down = Curve(*_rising(*coast_down_signal(half)))
        back = self.flow_returns(number, event)
        if not isfinite(back):
            return down
        begin = back - self._ramp(stopped)
        return Curve.highest(
            [
                down,
                Curve(
                    np.array([0.0, max(begin, AT_ONCE), max(back, 2 * AT_ONCE)]), np.array([0.0, 0.0, 1.0])
                ),
            ]
        )

    def flow_returns(self, number: int, event: Event) -> float:
        """When a loop has its flow again; 0 where it never loses all of it, inf for never. [s]"""
        if not self.flows.after(number, event).changed:
            return 0.0
        circuit = self.world.loops[number].circuit
        movers = circuit.pumps or circuit.sources
        if any(name in event.lost for name in movers) or event.closed:
            after = self.flows.after(number, event)
            return inf if after.total == 0.0 or after.given == 0.0 else 0.0
        stopped = [name for name in movers if name in event.away and self._product_moves(name)]
        return max((event.away[name] for name in stopped), default=0.0) + self._ramp(stopped)

    def _product_moves(self, name: str) -> bool:
        return isinstance(self.world.facility.by_id[name].product, Pump | Cdu)

    def _ramp(self, names: Sequence[str]) -> float:
        products = [self.world.facility.by_id[name].product for name in names]
        return max((p.restart for p in products if isinstance(p, Pump | Cdu)), default=DRIVE_RAMP)

    def _half_time(self, name: str) -> float:
        """Time in which a pump without drive falls to half its speed. [s]"""
        product = self.world.facility.by_id[name].product
        if isinstance(product, Pump) and product.run_down is not None:
            return product.run_down
        watts = max(self._power.get(name, 0.0), 1.0)
        turns = PUMP_TURNS
        if isinstance(product, Cdu):
            rated, turns = product.pump_power, CDU_TURNS
        elif isinstance(product, Pump):
            rated = product.flow * product.head / product.efficiency
        else:
            return CLOSING
        return float(run_down_time(inertia(rated, turns), turns, max(watts, 0.05 * rated)))

    # -- machines that cool -----------------------------------------------------------------------------------------

    def plant(
        self, names: Sequence[str], running: int, number: int, event: Event, film: float = 0.0
    ) -> Curve:
        """Share of a group of plant machines that cools; ``running`` of them did before.

        Those that are left when others are shut off have more flow, by which the ``film`` share of their resistance falls.
        """
        share = self._share(names, running, number, event)
        if not film or not any(name in event.lost for name in names):
            return share
        return Curve(share.time, share.value / (1.0 - film + film * share.value**FLOW_EXPONENT))

    def _share(self, names: Sequence[str], running: int, number: int, event: Event) -> Curve:
        out = [name for name in names if name in event.lost]
        dark = [name for name in names if name in event.away]
        product = self.world.facility.by_id[names[0]].product
        assert isinstance(product, Plant)
        starved = isinstance(product, Chiller) and self._starved(names, number, event)
        if starved:
            wait = max([starved, *(event.away[name] for name in dark)])
            return Curve.step(0.0, wait + product.restart, product.run_up)
        if dark:
            wait = max(event.away[name] for name in dark)
            return Curve.step(1.0 - len(dark) / len(names), wait + product.restart, product.run_up)
        if not out:
            return Curve.level()
        left, spare = len(names) - len(out), len(names) - running
        if spare <= 0:
            return Curve.step(left / len(names))
        ready = product.restart + product.run_up
        low, high = max(running - len(out), 0) / len(names), left / len(names)
        times = np.array([0.0, AT_ONCE, max(product.restart, 2 * AT_ONCE), max(ready, 3 * AT_ONCE)])
        return Curve(times, np.array([1.0, low, low, high]))

    def _starved(self, names: Sequence[str], number: int, event: Event) -> float:
        """When water flows again through chillers that lost all of it; 0 where they did not. [s]"""
        loops = {number, *(self._loop_of[name] for name in names if name in self._loop_of)}
        dry = [n for n in loops if self.flows.after(n, event).given == 0.0 < self.flows.before[n].given]
        return max((self.flow_returns(n, event) for n in dry), default=0.0)

    def cooled(self, names: Sequence[str], event: Event) -> Curve:
        """Conductance of a group of exchangers or air handlers over that before, at given joint streams."""
        out = [name for name in names if name in event.lost or name in event.away]
        if not out:
            return Curve.level()
        left = (1.0 - len(out) / len(names)) ** SHARED
        if any(name in event.lost for name in out):
            return Curve.step(left)
        return Curve.step(left, max(event.away[name] for name in out), DRIVE_RAMP)

    def all_back(self, event: Event) -> float:
        """When everything that comes back is at work again; 0 where nothing does. [s]"""
        moments = [0.0]
        for name, time in event.away.items():
            product = self.world.facility.by_id[name].product
            rest = (
                product.restart + product.run_up
                if isinstance(product, Plant)
                else getattr(product, "restart", DRIVE_RAMP)
            )
            moments.append(time + rest if isfinite(time) else 0.0)
        for number, loop in enumerate(self.world.loops):
            chillers = [
                p
                for n in loop.circuit.sources
                if isinstance(p := self.world.facility.by_id[n].product, Chiller)
            ]
            wait = self._starved(loop.circuit.sources, number, event) if chillers else 0.0
            if 0.0 < wait < inf:
                moments.append(wait + max(p.restart + p.run_up for p in chillers))
        return max(moments)


def _rising(time: Array, value: Array) -> tuple[Array, Array]:
    """A table whose last jump takes a moment."""
    time = time.copy()
    time[-1] += AT_ONCE
    return time, value


def table(curves: Sequence[Sequence[Curve]]) -> tuple[Array, Array]:
    """Times (S, K) and values (S, K, G) of the curves of S events, as the solver reads them."""
    axes = [np.unique(np.concatenate([curve.time for curve in row])) for row in curves]
    longest = max(axis.size for axis in axes)
    time = np.stack([np.pad(axis, (0, longest - axis.size), mode="edge") for axis in axes])
    value = np.stack(
        [np.stack([c.at(axis) for c in row], axis=1) for axis, row in zip(time, curves, strict=True)]
    )
    return time, value
