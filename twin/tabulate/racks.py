"""Racks: power, air, coolant and tokens of each."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from solvers import power as power_flow
from solvers.hydraulics import cold_plate
from solvers.tokens import throughput
from twin.catalogue import Catalogue
from twin.model.products import Rack
from twin.networks.facility import Lowered, rack_product
from twin.networks.state import State
from twin.networks.steps.air import rack_heat
from twin.results.results import Table
from twin.tabulate import piping

Array = NDArray[np.float64]


def racks(world: Lowered, state: State, flow: power_flow.Solution) -> Table:
    liquid_heat, air_heat = rack_heat(world, state)
    count, racks = state.served.shape
    sink, loop = world.rack_sink, world.rack_loop
    on_liquid = (sink >= 0) & (world.rack_liquid > 0.0)

    def at_sink(values: Array) -> Array:
        return (
            np.where(on_liquid, values[:, np.maximum(sink, 0)], 0.0)
            if values.shape[1]
            else np.zeros((count, racks))
        )

    def at_loop(values: Array) -> Array:
        return (
            np.where(on_liquid, values[:, np.maximum(loop, 0)], 0.0)
            if values.shape[1]
            else np.zeros((count, racks))
        )

    rate = at_sink(state.sink_flow) * np.array([world.loops[k].capacity if k >= 0 else 1.0 for k in loop])
    supply = at_loop(state.supply)
    rise = np.divide(liquid_heat, rate, out=np.zeros_like(rate), where=rate > 0.0)
    chips, tokens = chips_and_tokens(world, state)
    flow_in = at_sink(state.sink_flow)
    case, margin = lids(world, chips, flow_in, supply)
    return Table(
        tuple(machine.id for machine in world.racks),
        {
            "served": state.served.astype(float),
            "power": state.rack_power,
            "demand": world.rack_demand * state.rack_level,
            "throttle": state.throttle,
            "inlet_temperature": state.rack_inlet,
            "inlet_highest": state.rack_highest,
            "inlet_error": state.rack_error,
            "outlet_temperature": state.rack_outlet,
            "relative_humidity": state.rack_humidity,
            "recirculation": state.rack_recirculation,
            "air_flow": state.rack_air,
            "air_heat": air_heat,
            "liquid_heat": liquid_heat,
            "liquid_flow": flow_in,
            "liquid_required": at_sink(state.sink_limit),
            "liquid_supply": supply,
            "liquid_return": np.where(on_liquid, supply + rise, 0.0),
            "liquid_drop": at_sink(state.sink_law),
            "liquid_pressure": at_sink(state.sink_pressure),
            "liquid_surge": at_sink(piping.sink_surge(world, state)),
            "flow_share": piping.flow_share(flow_in, at_sink(state.sink_limit)),
            "coupling_loading": _coupling_loading(world, flow_in),
            "case_temperature": case,
            "case_margin": margin,
            "voltage": _lowest_input(world, flow),
            "shelf_loading": _shelf_loading(world, flow),
            "tokens": tokens,
            "chip_power": chips,
        },
    )


def plate_law(rack: Rack) -> tuple[cold_plate.ColdPlate, cold_plate.Plates]:
    """A rack's cold plates as the solver sees them: the law of one, and how all of them share the coolant."""
    sheet, accelerators = rack.cold_plate, rack.accelerators
    assert sheet is not None
    assert accelerators is not None
    resistance = sheet.lid_rise / sheet.rated_power
    law = cold_plate.ColdPlate(
        fixed=resistance * (1.0 - sheet.film_share),
        variable=resistance * sheet.film_share,
        rated_flow=sheet.rated_flow,
        exponent=sheet.film_exponent,
        fluid=sheet.rated_fluid,
        temperature=sheet.rated_supply,
    )
    plates = cold_plate.Plates(
        count=accelerators.count, share=sheet.flow_share, series=sheet.series, balance=sheet.balance
    )
    return law, plates


def lids(world: Lowered, chips: Array, flow: Array, supply: Array) -> tuple[Array, Array]:
    """(S, R) warmest lid of each rack and its distance to the limit [degC], [K]; 0 without data of cold plates."""
    case, margin = np.zeros(flow.shape), np.zeros(flow.shape)
    for rack, fluid, columns in _wet_columns(world):
        if rack.cold_plate is None or rack.accelerators is None:
            continue
        law, plates = plate_law(rack)
        case[:, columns] = cold_plate.chips(
            law,
            plates,
            power=chips[:, columns] / rack.accelerators.count,
            rack_flow=flow[:, columns],
            supply=supply[:, columns],
            fluid=fluid,
        ).case
        margin[:, columns] = rack.cold_plate.case_max - case[:, columns]
    return case, margin


def _coupling_loading(world: Lowered, flow: Array) -> Array:
    """(S, R) coolant flow over the rating of the quick disconnects; 0 for racks whose rating is not known."""
    loading = np.zeros(flow.shape)
    for rack, _, columns in _wet_columns(world):
        if rack.quick_disconnect is not None:
            density = np.array([world.loops[world.rack_loop[column]].density for column in columns])
            loading[:, columns] = flow[:, columns] / density / rack.quick_disconnect.flow_max
    return loading


def _wet_columns(world: Lowered) -> Iterator[tuple[Rack, str, list[int]]]:
    """Racks on a loop, those of one product and one coolant together: product, coolant, columns."""
    groups: dict[tuple[int, str], tuple[Rack, str, list[int]]] = {}
    for column, (machine, loop) in enumerate(zip(world.racks, world.rack_loop, strict=True)):
        if loop >= 0 and world.rack_liquid[column] > 0.0:
            rack, fluid = rack_product(machine), world.loops[loop].circuit.fluid
            groups.setdefault((id(rack), fluid), (rack, fluid, []))[2].append(column)
    yield from groups.values()


def _shelf_loading(world: Lowered, flow: power_flow.Solution) -> Array:
    """(S, R) output over rating of the fullest feed's power shelves; 0 for racks without shelves."""
    fullest = np.zeros((len(flow.scenario_ok), len(world.racks)))
    column = {machine.id: index for index, machine in enumerate(world.racks)}
    for converter, owner in enumerate(world.power.converter_owner):
        if owner in column:
            at = column[owner]
            fullest[:, at] = np.maximum(fullest[:, at], flow.converter_loading[:, converter])
    return fullest


def _lowest_input(world: Lowered, flow: power_flow.Solution) -> Array:
    """(S, R) lowest voltage over the live inputs of each rack; 0 where none is live. [p.u.]"""
    volts = np.abs(flow.bus_voltage)
    lowest = np.full((len(volts), len(world.racks)), np.inf)
    column = {machine.id: index for index, machine in enumerate(world.racks)}
    for branch, feed in zip(world.power.feed_branch, world.facility.feeds, strict=True):
        if feed.to in column and branch >= 0:
            at = volts[:, world.power.problem.branch_to[branch]]
            here = lowest[:, column[feed.to]]
            lowest[:, column[feed.to]] = np.where(at > 0.0, np.minimum(here, at), here)
    return np.where(np.isfinite(lowest), lowest, 0.0)


def chips_and_tokens(world: Lowered, state: State) -> tuple[Array, Array]:
    """(S, R) power of the accelerators [W] and tokens per second, from published points and the power that is left."""
    work = world.facility.workload
    chips, tokens = np.zeros_like(state.rack_power), np.zeros_like(state.rack_power)
    points = Catalogue.builtin().throughput
    for column, machine in enumerate(world.racks):
        rack = rack_product(machine)
        if rack.accelerators is None:
            continue
        full = rack.accelerators.count * rack.accelerators.power
        base: float = getattr(rack.power, work.power)
        # the accelerators' share of what the sheet's state draws; the peak factor acts on them alone
        share = min(full * (work.peak_factor - 1.0 + base / rack.power.maximum), world.rack_demand[column])
        drawn = share * state.rack_level[:, column] * state.throttle[:, column]
        chips[:, column] = drawn * state.served[:, column]
        point = points.get((rack.accelerators.name, work.model, work.service))
        if point is not None:
            rate = point.tokens_per_second * rack.accelerators.count * work.utilization
            power = np.minimum(drawn / full, 1.0)
            tokens[:, column] = rate * throughput.relative_throughput(power) * state.served[:, column]
    return chips, tokens
