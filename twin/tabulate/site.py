"""The site: energy, water, carbon, tokens, money, and the energy balance."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from solvers import power as power_flow
from solvers.tokens import economics
from twin.model.facility import Facility
from twin.model.products import Plant
from twin.networks.facility import Lowered, rack_product
from twin.networks.state import State
from twin.networks.steps import room_cooling
from twin.networks.steps.heat import pump_heat
from twin.results.results import Table

Array = NDArray[np.float64]


def site(world: Lowered, state: State, flow: power_flow.Solution, tables: dict[str, Table]) -> Table:
    facility, place = world.facility, world.facility.place
    it = state.rack_power.sum(axis=1)
    rooms = room_cooling(world, state).sum(axis=1)
    cooling = state.power.sum(axis=1) + rooms
    unfed = world.cooling_load < 0
    other = state.power[:, unfed].sum(axis=1) + rooms
    total = flow.source_power.real.sum(axis=1) + other
    loss = total - it - cooling
    water = state.plant_water.sum(axis=1) + state.precool_water.sum(axis=1)
    tokens = tables["rack"]["tokens"].sum(axis=1)
    chips = tables["rack"]["chip_power"].sum(axis=1)
    working = np.array([rack_product(machine).accelerators is not None for machine in world.racks], bool)
    per_it = np.divide(1.0, it, out=np.zeros_like(it), where=it > 0.0)
    cost = _cost(facility, world, tokens, total, water)
    values = {
        "it_power": it,
        "facility_power": total,
        "cooling_power": cooling,
        "electrical_rooms_power": rooms,
        "electrical_rooms_heat": state.electrical_room_heat.sum(axis=1),
        "loss_power": loss,
        "other_power": other,
        "electrical_loss": np.divide(loss, it + loss, out=np.zeros_like(it), where=it > 0.0),
        "pue": total * per_it,
        "water": water,
        "wue": water / 1000.0 * per_it,
        "cue": total * place.carbon_intensity * per_it,
        "chip_power": chips,
        "tokens": tokens,
        "tokens_per_joule_chip": economics.tokens_per_joule(tokens, chips),
        "tokens_per_joule_rack": economics.tokens_per_joule(tokens, state.rack_power[:, working].sum(axis=1)),
        "tokens_per_joule_it": economics.tokens_per_joule(tokens, it),
        "tokens_per_joule_utility": economics.tokens_per_joule(tokens, total),
        "racks_served": state.served.sum(axis=1).astype(float),
        "racks_throttled": (state.served & (state.throttle < 1.0 - 1e-6)).sum(axis=1).astype(float),
        "cost_capital_it": cost.it / 1e6,
        "cost_capital_facility": cost.facility / 1e6,
        "cost_energy": cost.energy / 1e6,
        "cost_water": cost.water / 1e6,
        "cost_operations": cost.maintenance / 1e6,
        "cost": cost.total / 1e6,
    }
    return Table(("site",), {name: np.asarray(value, float)[:, None] for name, value in values.items()})


def _cost(
    facility: Facility, world: Lowered, tokens: Array, power: Array, water: Array
) -> economics.TokenCost:
    """Cost of tokens; equipment at the middle of its catalogue price range."""
    money, place = facility.economics, facility.place
    prices = [machine.product.price for machine in world.racks]
    hardware = sum((low + high) / 2 for low, high in (price for price in prices if price is not None))
    site = money.facility_cost * sum(rack_product(machine).power.maximum for machine in world.racks)
    return economics.cost_per_million_tokens(
        tokens,
        it_capital=hardware,
        facility_capital=site,
        power=power,
        water=water,
        energy_price=place.electricity_price,
        water_price=place.water_price / 1000.0,
        maintenance=money.operations * (hardware + site),
        rate=money.interest,
        it_years=money.it_life / economics.YEAR,
        facility_years=money.facility_life / economics.YEAR,
    )


def energy_error(world: Lowered, state: State) -> Array:
    """(S,) heat released less heat rejected outdoors, over the IT power.

    Released: racks, fans, pump heat that reaches a fluid, compressors, losses into hall air.  Rejected: what plant
    machines take from their loops; compressor heat of water-cooled chillers arrives there through their condenser loop.
    On neither side counts what goes outdoors directly: compressor heat of air-cooled chillers, losses of electrical rooms
    and the power that cools these.
    """
    released = (
        state.rack_power.sum(axis=1) + state.room_loss.sum(axis=1) + pump_heat(world, state).sum(axis=1)
    )
    fans = [k for k, machine in enumerate(world.cooling) if machine.kind in ("crah", "rear_door")]
    released = released + state.power[:, fans].sum(axis=1)
    released = released + (state.condenser - _evaporator(world, state)).sum(axis=1)
    outdoors = np.array([_rejects(world, int(m)) for m in world.source_machine], bool)
    rejected = state.plant_duty[:, outdoors].sum(axis=1) + state.stagnant
    rejected = rejected + (state.crah_heat * state.crah_free).sum(axis=1)
    rejected = rejected + state.pipe_loss
    rejected = rejected + state.reuse.sum(axis=1) + state.precooled.sum(axis=1)
    it = np.maximum(
        state.rack_power.sum(axis=1), 1e-3 * world.rack_demand.sum()
    )  # a dark site has no IT power to scale by
    return np.asarray(np.abs(released - rejected) / np.maximum(it, 1.0))


def _rejects(world: Lowered, machine: int) -> bool:
    """True for plant whose duty leaves the facility (not a chiller that hands it to a condenser loop)."""
    product = world.cooling[machine].product
    return isinstance(product, Plant) and not (
        product.kind == "chiller" and (world.sink_machine == machine).any()
    )


def _evaporator(world: Lowered, state: State) -> Array:
    """(S, M) duty of water-cooled chillers at the evaporator."""
    duty = np.zeros_like(state.condenser)
    for column, machine in enumerate(world.source_machine):
        if (world.sink_machine == machine).any() and world.cooling[machine].kind == "chiller":
            duty[:, machine] = state.plant_duty[:, column]
    return duty
