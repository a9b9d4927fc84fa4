"""The system of :mod:`transient_system` with its innermost loops compiled."""

from __future__ import annotations

import numpy as np

from . import transient_kernel as elimination
from . import transient_kernel_stage as stage
from .transient_case import Array, Index
from .transient_delay import Arrival
from .transient_system import Instant, Modes, System


class Compiled(System):
    """As :class:`System`, to rounding."""

    compiled = True

    def _signals(self, time: float) -> Array:
        return np.asarray(stage.signals(self.case.time, self.case.value, time))

    def modes(self, now: Instant, temperature: Array, old: Modes) -> Modes:
        c = self.case
        found, same = stage.modes(
            old, temperature, now.rate, now.gain, now.limit, c.setpoint, c.hot, c.cold, c.sink, c.start, c.end, self.plain
        )  # fmt: skip
        return old if same else found

    def duty(self, now: Instant, temperature: Array, modes: Modes) -> Array:
        c = self.case
        return np.asarray(stage.duty(
            temperature, modes, now.rate, now.gain, now.limit, c.setpoint, c.hot, c.cold, c.sink, c.start, c.end
        ))  # fmt: skip

    def _add(self, table: Array, spot: Index, value: Array) -> None:
        stage.add(table.reshape(-1), spot, value)

    def _load_of(self, now: Instant, base: Array, modes: Modes, arrival: Arrival | None) -> Array:
        c = self.case
        load = stage.load(
            self._storage, base, self._heating, modes, now.rate, now.gain, now.limit, c.setpoint, c.hot, c.cold, c.sink,
            c.start, c.end, self.free,
        )  # fmt: skip
        if arrival is not None:
            stage.arrive(
                load, arrival.old, now.rate, self._holding, c.end, self.free, now.plate, self.structure.plate_place,
                c.plate_node, c.plate_link,
            )  # fmt: skip
        return np.asarray(load)

    def _matrix_of(self, now: Instant, modes: Modes, arrival: Arrival | None) -> Array:
        c, s = self.case, self.structure
        table = stage.matrix(
            now.matrix,
            self._storage,
            modes,
            now.rate,
            now.gain,
            now.limit,
            c.setpoint,
            c.hot,
            c.cold,
            s.exchange_entry,
        )
        if arrival is not None:
            stage.late(
                table,
                arrival.fresh,
                now.rate,
                self._holding,
                s.held_entry,
                now.plate,
                s.plate_place,
                s.plate_behind,
            )
        return np.asarray(table)

    def _factorise(self, table: Array) -> Array:
        p = self.plan
        elimination.factorise(table, p.node, p.start, p.below, p.beside, p.square, p.meet)
        return table

    def _substitute(self, load: Array) -> Array:
        p = self.plan
        elimination.substitute(self._factors, load, p.node, p.start, p.near, p.below, p.beside)
        return load
