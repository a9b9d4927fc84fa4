"""The hourly quantities of a site from states at rest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from twin.climate import HourlySeries
from twin.model.dispatch import Dispatch
from twin.model.products import PLANT_KINDS
from twin.networks.facility import Lowered
from twin.networks.plant import Weather
from twin.networks.state import State
from twin.networks.steps import room_cooling
from twin.results.year import HOURS, SERIES
from twin.year import storage
from twin.year.hours import Block
from twin.year.racks import Racks

Array = NDArray[np.float64]

USES = {
    "room_fans": ("crah", "rear_door"),
    "cdu_power": ("cdu",),
    "pump_power": ("pump",),
    "rejection_power": ("dry_cooler", "cooling_tower", "thermosyphon"),
    "compressor_power": ("chiller",),
}
"""End uses by the kinds of machine that draw them."""
FREE, PARTIAL, MECHANICAL = 0.0, 1.0, 2.0
"""Values of ``mode``."""
ASTRAY = 3.0
"""The same where the plant carries less than :data:`CARRIED` of the IT power: nothing cools."""
CARRIED = 0.5
"""[-] Assumed."""
TINY = 1e-3
"""Share of the duty below which compressors count as off, and above whose complement as carrying all. [-]"""


@dataclass(frozen=True, eq=False)
class Found:
    """What the hours of a year hold."""

    hours: dict[str, Array]
    """All of :data:`~twin.results.year.SERIES`."""
    supply: Array
    setpoint: Array
    """(8760, loops) [degC]"""
    rack: Mapping[str, Array]
    hall: Mapping[str, Array]
    """:data:`~twin.results.year.RACK_FIGURES` (racks,), :data:`~twin.results.year.HALL_SERIES` (8760, halls)."""
    stored: tuple[storage.Stored, ...]


def series(
    world: Lowered, blocks: Iterable[Block], weather: Weather, load: Array, grid: HourlySeries
) -> Found:
    """The hourly quantities of the site, its loops and halls, and the figures of its racks."""
    hours = {name: np.zeros(HOURS) for name in SERIES}
    supply, setpoint = np.zeros((HOURS, len(world.loops))), np.zeros((HOURS, len(world.loops)))
    racks = Racks(world)
    tanks = {number: _empty_needs() for number in storage.dispatched(world)}
    for block in blocks:
        found = {**_of_states(world, block), "tokens": racks.add(block)}
        for number, needs in tanks.items():
            of_block = storage.needs(world, block.state, number)
            for name, values in vars(needs).items():
                values[block.hours] = np.where(block.solved, getattr(of_block, name), 0.0)
        for name, values in found.items():
            hours[name][block.hours] = np.where(block.solved, values, 0.0)
        supply[block.hours] = np.where(block.solved[:, None], block.state.supply, 0.0)
        setpoint[block.hours] = block.state.setpoint
        hours["solved"][block.hours] = block.solved
    hours |= {
        "dry_bulb": weather.dry_bulb, "wet_bulb": weather.wet_bulb, "pressure": weather.pressure, "load": load,
        "carbon_intensity": np.asarray(grid.carbon), "price": np.asarray(grid.price),
    }  # fmt: skip
    stored = [
        storage.follow_tanks(
            world,
            number,
            need,
            *storage.windows(
                _dispatch(world, number), hours["price"], hours["carbon_intensity"], hours["dry_bulb"]
            ),
            hours["dry_bulb"],
        )
        for number, need in tanks.items()
    ]
    for one in stored:
        _shift(hours, one)
    return Found(hours, supply, setpoint, *racks.told(), tuple(stored))


def _empty_needs() -> storage.Needs:
    return storage.Needs(*(np.zeros(HOURS) for _ in fields(storage.Needs)))


def _dispatch(world: Lowered, number: int) -> Dispatch:
    dispatch = world.loops[number].circuit.dispatch
    assert dispatch is not None
    return dispatch


def _shift(hours: dict[str, Array], stored: storage.Stored) -> None:
    """Put what a loop's tanks change into the series of the site."""
    for name, values in stored.moved.items():
        hours[name] = hours[name] + values
    power = stored.moved["compressor_power"] + stored.moved["rejection_power"]
    hours["shifted_power"] = hours["shifted_power"] + power
    hours["facility_power"] = hours["facility_power"] + power
    it = hours["it_power"]
    hours["pue"] = np.divide(hours["facility_power"], it, out=np.zeros(HOURS), where=it > 0.0)
    hours["charged"] = hours["charged"] + stored.charged
    hours["discharged"] = hours["discharged"] + stored.discharged
    least = np.where(hours["stored"] > 0.0, np.minimum(hours["stored"], stored.content), stored.content)
    hours["stored"] = np.where(hours["solved"] > 0.5, least, 0.0)
    hours["plant_loading"] = np.where(hours["solved"] > 0.5, stored.loading, 0.0)


def _of_states(world: Lowered, block: Block) -> dict[str, Array]:
    state = block.state
    kinds = np.array([machine.kind for machine in world.cooling])
    uses = {name: state.power[:, np.isin(kinds, of)].sum(axis=1) for name, of in USES.items()}
    it, rooms = state.rack_power.sum(axis=1), room_cooling(world, state).sum(axis=1)
    cooling = state.power.sum(axis=1) + rooms
    unfed = state.power[:, world.cooling_load < 0].sum(axis=1) + rooms
    facility = block.source_power + unfed
    duty, mechanical = _duties(world, state)
    excess = state.supply - state.setpoint
    return {
        "it_power": it,
        **uses,
        "electrical_rooms_power": rooms,
        "loss_power": facility - it - cooling,
        "facility_power": facility,
        "pue": np.divide(facility, it, out=np.zeros_like(it), where=it > 0.0),
        "water": state.plant_water.sum(axis=1) + state.precool_water.sum(axis=1),
        "reuse": state.reuse.sum(axis=1),
        "precooled": state.precooled.sum(axis=1),
        "free": np.divide(duty - mechanical, duty, out=np.zeros_like(duty), where=duty > CARRIED * it),
        "mode": _modes(duty, mechanical, it),
        "plant_loading": state.plant_loading.max(axis=1, initial=0.0),
        "excess": excess.max(axis=1, initial=0.0),
        "inlet": state.rack_inlet.max(axis=1, initial=-273.15),
        "throttled": (state.served & (state.throttle < 1.0 - 1e-6)).sum(axis=1).astype(float),
        "unserved": (~state.served).sum(axis=1).astype(float),
    }


def _modes(duty: Array, mechanical: Array, it: Array) -> Array:
    """What compressors do."""
    mode = np.where(mechanical < (1.0 - TINY) * duty, PARTIAL, MECHANICAL)
    mode = np.where(mechanical <= TINY * duty, FREE, mode)
    return np.where(duty > CARRIED * it, mode, ASTRAY)


def _duties(world: Lowered, state: State) -> tuple[Array, Array]:
    """(S,) heat that leaves the halls and its part that is carried by compressors. [W]"""
    duty, mechanical = np.zeros(len(state.live)), np.zeros(len(state.live))
    for column, machine in enumerate(world.source_machine):
        kind = world.cooling[machine].kind
        if kind not in PLANT_KINDS or _condenses(world, int(world.source_loop[column])):
            continue
        heat = np.maximum(state.plant_duty[:, column], 0.0)
        duty += heat
        if kind == "chiller":
            mechanical += heat * (1.0 - state.plant_free[:, column])
    duty -= _condensed(world, state)
    taken = (
        state.precooled.sum(axis=1)
        + state.reuse.sum(axis=1)
        + (state.crah_heat * state.crah_free).sum(axis=1)
    )
    return duty + taken, mechanical


def _condensed(world: Lowered, state: State) -> Array:
    """(S,) heat of condensers in loops that also cool other things, which is counted at their chillers already. [W]"""
    loops = world.sink_loop
    counted = [
        machine
        for machine, loop in zip(world.sink_machine, loops, strict=True)
        if machine >= 0 and world.cooling[machine].kind == "chiller" and not _condenses(world, int(loop))
    ]
    return np.asarray(state.condenser[:, counted].sum(axis=1))


def _condenses(world: Lowered, loop: int) -> bool:
    """The loop only takes what chillers have taken from others."""
    sinks = world.loops[loop].circuit.sinks
    return all(world.facility.by_id[name].kind == "chiller" for name in sinks)
