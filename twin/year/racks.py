"""Racks and halls through a year: hours in which each rack is throttled or too warm, and every hall hour by hour."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from twin.model.air_classes import CLASSES
from twin.networks.facility import Lowered, rack_product
from twin.networks.state import State
from twin.results.year import HALL_SERIES, HOURS, RACK_FIGURES
from twin.tabulate.racks import chips_and_tokens, lids
from twin.year.hours import Block

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

SAME = 0.01
"""A temperature is above a limit when it is by more: the solve's tolerance and the digits of classes. [K]"""
FULL = 1.0 - 1e-6
"""Share of the power asked for below which a rack counts as throttled. [-]"""
COLDEST = -273.15
NEVER = -1.0
"""Worst hour of a rack that has none."""


class Racks:
    """Collects hours; those whose halls are alike are looked at once."""

    def __init__(self, world: Lowered) -> None:
        count, halls = len(world.racks), len(world.halls)
        self.world = world
        self.figures = {name: np.zeros(count) for name in RACK_FIGURES}
        self.figures["warmest_inlet"][:] = self.figures["warmest_lid"][:] = COLDEST
        self.figures["lowest_throttle"][:] = 1.0
        self.figures["worst_hour"][:] = NEVER
        self.halls = {name: np.zeros((HOURS, halls)) for name in HALL_SERIES}
        products = [rack_product(machine) for machine in world.racks]
        air = [CLASSES[product.air_class] for product in products]
        breathing = np.array([product.liquid_share < 1.0 for product in products], bool)
        height = world.facility.place.elevation
        self.recommended = np.where(breathing, [each.recommended[1] for each in air], np.inf)
        self.allowable = np.where(breathing, [each.highest(height) for each in air], np.inf)
        self.wet = (world.rack_loop >= 0) & (world.rack_liquid > 0.0)
        most = [np.inf if product.coolant is None else product.coolant.supply_max for product in products]
        self.coolant = np.where(self.wet, most, np.inf)

    def add(self, block: Block) -> Array:
        """Take some hours in; their tokens per second, (n,)."""
        _, first, which = np.unique(block.alike, return_index=True, return_inverse=True)
        state = block.state.take(first)
        chips, tokens = chips_and_tokens(self.world, state)
        supply, lid = self._coolant(state, chips)
        times = np.bincount(which, weights=block.solved.astype(float), minlength=first.size)
        inlet, throttled = state.rack_inlet, state.served & (state.throttle < FULL)
        for name, mask in (
            ("throttled_hours", throttled),
            ("recommended_hours", inlet > self.recommended + SAME),
            ("allowable_hours", inlet > self.allowable + SAME),
            ("coolant_hours", supply > self.coolant + SAME),
        ):
            self.figures[name] += times @ mask
        some = times > 0.0
        if some.any():
            self._extremes(block, state, which, lid, some)
        for number, hall in enumerate(self.world.halls):
            self._hall(block, which, number, hall.rack, inlet, throttled, supply, lid)
        return np.asarray(tokens.sum(axis=1)[which])

    def _coolant(self, state: State, chips: Array) -> tuple[Array, Array]:
        """(n, R) coolant supply and warmest lid; the coldest there is where there is none."""
        if not self.wet.any():
            none = np.full(state.rack_inlet.shape, COLDEST)
            return none, none
        supply = np.where(self.wet, state.supply[:, np.maximum(self.world.rack_loop, 0)], 0.0)
        flow = np.where(self.wet, state.sink_flow[:, np.maximum(self.world.rack_sink, 0)], 0.0)
        case, margin = lids(self.world, chips, flow, supply)
        known = (case != 0.0) | (margin != 0.0)
        return np.where(self.wet, supply, COLDEST), np.where(known, case, COLDEST)

    def _extremes(self, block: Block, state: State, which: NDArray[np.intp], lid: Array, some: Mask) -> None:
        """Warmest inlet and lid, lowest throttle, and the hour that is worst by throttle, then by inlet."""
        inlet = np.where(some[:, None], state.rack_inlet, COLDEST)
        throttle = np.where(some[:, None], np.where(state.served, state.throttle, 0.0), 1.0)
        figures = self.figures
        at = (
            np.lexsort((-inlet, throttle), axis=0)[0] if len(inlet) > 1 else np.zeros(inlet.shape[1], np.intp)
        )
        racks = np.arange(inlet.shape[1])
        lowest, with_it = throttle[at, racks], inlet[at, racks]
        worse = (lowest < figures["lowest_throttle"] - 1e-9) | (
            (lowest <= figures["lowest_throttle"] + 1e-9) & (with_it > figures["warmest_inlet"])
        )
        solved = np.flatnonzero(block.solved)
        hour = np.zeros(len(inlet))
        hour[which[solved][::-1]] = block.hours[solved][::-1]  # the first hour of those alike
        figures["worst_hour"] = np.where(worse, hour[at], figures["worst_hour"])
        figures["lowest_throttle"] = np.minimum(figures["lowest_throttle"], lowest)
        figures["warmest_inlet"] = np.maximum(figures["warmest_inlet"], inlet.max(axis=0))
        warm = np.where(some[:, None], lid, COLDEST).max(axis=0)
        figures["warmest_lid"] = np.maximum(figures["warmest_lid"], warm)

    def _hall(
        self, block: Block, which: NDArray[np.intp], number: int, racks: NDArray[np.intp], inlet: Array,
        throttled: Mask, supply: Array, lid: Array,
    ) -> None:  # fmt: skip
        if not np.size(racks):
            return
        found = {
            "throttled": throttled[:, racks].mean(axis=1),
            "inlet": inlet[:, racks].max(axis=1),
            "coolant": supply[:, racks].max(axis=1),
            "lid": lid[:, racks].max(axis=1),
        }
        for name, values in found.items():
            there = np.where(values <= COLDEST, 0.0, values)
            self.halls[name][block.hours, number] = np.where(block.solved, there[which], 0.0)

    def told(self) -> tuple[Mapping[str, Array], Mapping[str, Array]]:
        """Figures of racks (R,) and series of halls (8760, halls); 0 where a temperature is not known."""
        figures = {name: np.where(values <= COLDEST, 0.0, values) for name, values in self.figures.items()}
        return figures, self.halls
