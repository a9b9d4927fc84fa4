"""Tanks charged and discharged through a year: cold made at one hour for another of the day.

The hours are found without them (:mod:`twin.year.hours`); then every loop's tanks are followed from hour to hour.  The
plant of the loop and of its condenser water draws in proportion more while it charges and less while they discharge, at
the specific power and water of that hour.  Supply temperatures and pumps stay as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from solvers.plant import tank as tanks
from twin.model.calendar import HOURS
from twin.model.dispatch import Dispatch, clock_hours
from twin.model.piping import SETPOINT_BAND
from twin.model.products import PLANT_KINDS, Tank
from twin.networks.facility import Lowered
from twin.networks.state import State

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

HOUR = 3600.0
"""[s]"""
WALL = 0.35
"""Heat transmission of a tank's insulated wall, floor and roof, about 100 mm of mineral wool. [W/(m2 K)] Assumed."""
LEAST_RISE = 1.0
"""Distance of return and supply below which nothing is charged or discharged. [K] Assumed."""
THERMOCLINE = 2
"""Layers kept above the reserve: the thermocline takes them out of the supply limit once it lies there. [-] Assumed."""
SHIFTED = ("compressor_power", "rejection_power", "water")
"""Series that move with the plant's duty."""


@dataclass(frozen=True, eq=False)
class Needs:
    """(S,) what a loop's plant does in some hours without its tanks."""

    duty: Array
    """[W]"""
    spare: Array
    """What the plant could carry on top. [W]"""
    supply: Array
    back: Array
    """[degC]"""
    loading: Array
    others: Array
    """Load of the loop's fullest machine over what it can carry, and that of all other plant. [-]"""
    compressor_power: Array
    rejection_power: Array
    """[W]"""
    water: Array
    """[kg/s]"""


@dataclass(frozen=True, eq=False)
class Stored:
    """A loop's tanks through the year."""

    loop: str
    charged: Array
    discharged: Array
    """(8760,) heat that the plant takes out of the tanks, and that the loop leaves in them. [W]"""
    content: Array
    """(8760,) cold within the supply limit at the end of each hour, over that of full tanks. [-]"""
    gained: float
    """Heat from the surroundings. [J]"""
    warmed: float
    """Heat content at the end less that at the beginning. [J]"""
    error: float
    """Energy in less energy out and change of content, over the throughput. [-]"""
    moved: dict[str, Array]
    """(8760,) change of :data:`SHIFTED`. [W], [kg/s]"""
    loading: Array
    """(8760,) load of the fullest plant machine of the facility with the tanks. [-]"""


def dispatched(world: Lowered) -> tuple[int, ...]:
    """Loops whose tanks are dispatched."""
    return tuple(
        number
        for number, loop in enumerate(world.loops)
        if loop.circuit.dispatch is not None and loop.circuit.tanks
    )


def needs(world: Lowered, state: State, number: int) -> Needs:
    """What the plant of a loop does in some hours; condenser water counts by its share of heat from this loop's chillers."""
    columns = np.arange(world.slices.source[number].start, world.slices.source[number].stop)
    kinds = np.array([world.cooling[m].kind for m in world.source_machine[columns]])
    plant = columns[np.isin(kinds, PLANT_KINDS)]
    machines = world.source_machine[plant]
    duty = np.maximum(state.plant_duty[:, plant], 0.0).sum(axis=1)
    loading = state.plant_loading[:, plant].max(axis=1, initial=0.0)
    rest = np.delete(state.plant_loading, plant, axis=1)
    is_chiller = np.array([world.cooling[m].kind == "chiller" for m in machines], bool)
    compressors = state.power[:, machines[is_chiller]].sum(axis=1)
    rejection = state.power[:, machines[~is_chiller]].sum(axis=1)
    water = state.plant_water[:, plant].sum(axis=1)
    for loop in set(world.sink_loop[np.isin(world.sink_machine, machines[is_chiller])].tolist()):
        part = world.slices.source[loop]
        heat = np.maximum(state.plant_duty[:, part], 0.0).sum(axis=1)
        share = np.clip(state.condenser[:, machines].sum(axis=1) / np.maximum(heat, 1e-9), 0.0, 1.0)
        rejection = rejection + share * state.power[:, world.source_machine[part]].sum(axis=1)
        water = water + share * state.plant_water[:, part].sum(axis=1)
        below = state.plant_loading[:, part].max(axis=1, initial=0.0)
        loading = np.maximum(loading, below)
    spare = duty * np.maximum(1.0 / np.maximum(loading, 1e-3) - 1.0, 0.0)
    held = state.supply[:, number] <= state.setpoint[:, number] + SETPOINT_BAND
    return Needs(
        duty, np.where(held & (loading > 0.0), spare, 0.0), state.supply[:, number], state.back[:, number], loading,
        rest.max(axis=1, initial=0.0), compressors, rejection, water,
    )  # fmt: skip


def windows(dispatch: Dispatch, price: Array, carbon: Array, dry_bulb: Array) -> tuple[Mask, Mask]:
    """(8760,) hours to charge and hours to discharge; of hours that are alike the earlier are taken first.

    Where nothing tells the hours of a day apart (one price all year), nothing is done on that day.
    """
    if dispatch.by == "clock":
        hour = np.arange(HOURS) % 24
        charge, discharge = (
            np.isin(hour, list(clock_hours(w))) for w in (dispatch.charge, dispatch.discharge)
        )
        return charge, discharge
    days = {"price": price, "carbon": carbon, "dry_bulb": dry_bulb}[dispatch.by].reshape(-1, 24)
    rank = np.argsort(np.argsort(days, axis=1, kind="stable"), axis=1, kind="stable")
    telling = (np.ptp(days, axis=1) > 1e-9 * np.abs(days).max(axis=1))[:, None]
    cheap, dear = rank < dispatch.charge_hours, rank >= 24 - dispatch.discharge_hours
    return (cheap & telling).reshape(-1), (dear & telling).reshape(-1)


def follow_tanks(
    world: Lowered, number: int, need: Needs, charge: Mask, discharge: Mask, air: Array
) -> Stored:
    """A loop's tanks through the year, full at its beginning.

    Parameters
    ----------
    need : Needs
        (8760,) arrays.
    air : (8760,) of the tanks' surroundings. [degC]

    Notes
    -----
    No more is charged than the plant has to spare and what lies above the middle of supply and limit, so that the
    thermocline stays in the tank; no more is discharged than the loop gives off and what lies within
    :data:`SETPOINT_BAND` of the supply, less the reserve.
    """
    loop = world.loops[number]
    dispatch = loop.circuit.dispatch
    assert dispatch is not None
    store = _tank(world, number)
    cold, warm = need.supply, need.back
    layers = np.full((1, store.layers), cold[0])
    begun = layers.sum()
    charged, discharged, content = np.zeros(HOURS), np.zeros(HOURS), np.zeros(HOURS)
    gained = 0.0
    whole = store.layer_capacity * store.layers
    kept = min(dispatch.reserve + THERMOCLINE / store.layers, 1.0)
    for hour in range(HOURS):
        out, back = float(cold[hour]), float(warm[hour])
        limit = out + SETPOINT_BAND
        full = whole * max(back - out, 0.0)
        mass = 0.0
        if back - out >= LEAST_RISE and (charge[hour] or discharge[hour]):
            bottom, top = float(layers[0, 0]), float(layers[0, -1])
            if discharge[hour] and back > bottom:
                held = float(tanks.usable(store, layers, limit, back)[0])
                heat = min(need.duty[hour] * HOUR, max(held - kept * full, 0.0))
                good = float((layers <= limit).sum()) * store.layer_mass
                mass = min(heat / (store.heat_capacity * (back - bottom)), good)
            elif charge[hour] and top > out:
                empty = float((layers > 0.5 * (out + limit)).sum()) * store.layer_mass
                mass = -min(need.spare[hour] * HOUR / (store.heat_capacity * (top - out)), empty)
        entering = back if mass >= 0.0 else out
        moved = tanks.move(store, layers, mass / HOUR, entering, HOUR, ambient=air[hour])
        layers = moved.temperature
        gained -= float(moved.lost[0])
        heat = mass * store.heat_capacity * (entering - float(moved.outlet[0])) / HOUR
        discharged[hour], charged[hour] = (heat, 0.0) if mass > 0.0 else (0.0, heat)
        left = float(tanks.usable(store, layers, limit, back)[0])
        content[hour] = min(left / full, 1.0) if full > 0.0 else 0.0
    warmed = float(layers.sum() - begun) * store.layer_capacity
    taken, given = float(charged.sum() * HOUR), float(discharged.sum() * HOUR)
    error = abs(given + gained - taken - warmed) / max(taken + given + abs(gained), 1.0)
    share = np.divide(charged - discharged, need.duty, out=np.zeros(HOURS), where=need.duty > 0.0)
    return Stored(
        loop.circuit.id, charged, discharged, content, gained, warmed, error,
        {name: share * getattr(need, name) for name in SHIFTED},
        np.maximum(need.others, need.loading * (1.0 + share)),
    )  # fmt: skip


def _tank(world: Lowered, number: int) -> tanks.Tank:
    """All tanks of a loop as one of their height; walls, floors and roofs lose heat."""
    loop = world.loops[number]
    machines = [world.facility.by_id[name] for name in loop.circuit.tanks]
    products = [machine.product for machine in machines if isinstance(machine.product, Tank)]
    height = max(product.size[2] for product in products)
    wall = 0.0
    for product in products:
        area = product.volume / product.size[2]
        wall += WALL * (2.0 * area + 2.0 * np.sqrt(np.pi * area) * product.size[2])
    return tanks.Tank(
        volume=sum(product.volume for product in products),
        height=height,
        layers=min(product.layers for product in products),
        density=loop.density,
        heat_capacity=loop.capacity,
        wall_conductance=float(wall),
    )


def facts(
    stored: Sequence[Stored], reserve: dict[str, float], price: Array, carbon: Array
) -> dict[str, dict[str, float]]:
    """Of every loop whose tanks are dispatched: heat moved [J], and energy [J], water [m3], CO2 [kg] and cost saved."""
    found = {}
    for one in stored:
        power = (one.moved["compressor_power"] + one.moved["rejection_power"]) * HOUR
        found[one.loop] = {
            "charged": float(one.charged.sum() * HOUR),
            "discharged": float(one.discharged.sum() * HOUR),
            "gained": one.gained,
            "warmed": one.warmed,
            "error": one.error,
            "least": float(one.content.min()),
            "reserve": reserve[one.loop],
            "energy_saved": -float(power.sum()),
            "water_saved": -float(one.moved["water"].sum() * HOUR / 1000.0),
            "carbon_saved": -float((power * carbon).sum()),
            "cost_saved": -float((power * price).sum()),
        }
    return found


def sentences(told: dict[str, dict[str, float]]) -> list[str]:
    """What the tanks of every loop have done."""
    idle = [
        f"tanks of {loop}: dispatched, and nothing is moved: the hours of a day do not differ in what the dispatch goes by, "
        "the plant has nothing to spare in those to charge, or the reserve is all they hold"
        for loop, one in told.items()
        if one["charged"] <= 0.0 and one["discharged"] <= 0.0
    ]
    return idle + [
        f"tanks of {loop}: {one['discharged'] / 3.6e9:,.1f} MWh of heat moved to other hours, plant energy "
        f"{_more_or_less(one['energy_saved'] / 3.6e9, 'MWh')}, CO2 {_more_or_less(one['carbon_saved'] / 1000.0, 't')}, "
        f"cost {_more_or_less(one['cost_saved'], 'USD')}; least content {one['least']:.0%}, {one['reserve']:.0%} "
        "kept in reserve"
        for loop, one in told.items()
        if one["charged"] > 0.0 or one["discharged"] > 0.0
    ]


def _more_or_less(saved: float, unit: str) -> str:
    return f"{abs(saved):,.4g} {unit} {'less' if saved >= 0.0 else 'more'}"
