"""The normal state in the lumps of the transient: who is like whom, what flows, what heats, what cools how much."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from math import inf, log1p

import numpy as np
from numpy.typing import NDArray

from solvers.fluids import FLUIDS
from solvers.hydraulics import exchanger
from solvers.hydraulics.exchanger import FLOW_EXPONENT
from twin.model.air_classes import CLASSES
from twin.model.facility import DOOR, Machine
from twin.model.products import (
    Cdu,
    Chiller,
    CoolingTower,
    Crah,
    DryCooler,
    HeatExchanger,
    Plant,
    Rack,
    RearDoor,
)
from twin.networks import plant, thermal_mass
from twin.networks.air import AIR_CAPACITY, AIR_SIDE, door_coil
from twin.networks.facility import Lowered, rack_product
from twin.networks.state import State
from twin.networks.steps.air import rack_heat
from twin.networks.steps.heat import pump_heat
from twin.studies.basis import Basis
from twin.studies.cooling_loss_events import Event
from twin.studies.cooling_loss_flow import Flows
from twin.studies.cooling_loss_groups import (
    AirGroup,
    DoorGroup,
    ExchangerGroup,
    PlantGroup,
    PlateShares,
    RackGroup,
    Room,
)
from twin.studies.cooling_loss_signals import Signals
from twin.tabulate.racks import plate_law

Array = NDArray[np.float64]
Index = NDArray[np.intp]

SAME_HEAT = 1000.0
"""Racks of one product whose heat differs by less are like. [W]"""
BAND = 0.5
"""Width of the band in which a supply is held. [K]  Assumed."""
LEAST_LIFT = 0.5
"""A lid is at least this much above its entering coolant. [K]  Assumed; keeps the conductance between them finite."""
MOST_FILM = 0.95
"""Largest share of a cooler's resistance on the side of the loop. [-]"""
MOST_UNITS = 8.0
"""Largest number of transfer units of a cooler against outdoor air. [-]  Assumed."""


class Before:
    """The normal state; loops and halls in the order of the lowered facility."""

    def __init__(self, basis: Basis, state: State) -> None:
        self.basis, self.world, self.state = basis, basis.world, state
        world = self.world
        self.weather = plant.Weather(state.dry_bulb, state.wet_bulb, state.barometer)
        self.flows = Flows(world, state)
        self.signals = Signals(world, self.flows, state.power[0])
        self.masses = [thermal_mass.loop_mass(world.facility, loop) for loop in world.loops]
        self.supply, self.back, self.setpoint = (
            getattr(state, n)[0].tolist() for n in ("supply", "back", "setpoint")
        )
        self.pump_heat = pump_heat(world, state)[0].tolist()
        self.second_share = [self._second_share(number) for number in range(len(world.loops))]
        self.taken = [
            float(state.reuse[0, n] + state.precooled[0, world.precool_loop == n].sum())
            for n in range(len(world.loops))
        ]
        self.liquid_heat, self.air_heat = (heat[0] for heat in rack_heat(world, state))

    def _second_share(self, number: int) -> float:
        """Share of a loop's pump power in secondary pumps behind a decoupler, which heat the supply. [-]"""
        loop, part = self.world.loops[number], self.world.slices.pump[number]
        if not loop.decoupled:
            return 0.0
        power = self.state.power[0, self.world.pump_machine[part]]
        return float(power[loop.second].sum() / max(power.sum(), 1e-9))

    # -- racks --------------------------------------------------------------------------------------------------------

    @cached_property
    def rack_groups(self) -> tuple[RackGroup, ...]:
        world = self.world
        groups: dict[tuple[object, ...], list[int]] = {}
        for column, loop in enumerate(world.rack_loop):
            if loop >= 0 and world.rack_liquid[column] > 0.0 and self.liquid_heat[column] > 0.0:
                size = round(self.liquid_heat[column] / SAME_HEAT)
                groups.setdefault((int(loop), world.racks[column].type, size), []).append(column)
        return tuple(self._rack_group(np.array(columns, np.intp)) for columns in groups.values())

    def _rack_group(self, columns: Index) -> RackGroup:
        world, table = self.world, self.basis.results["rack"]
        row = self.basis.row
        rack = rack_product(world.racks[columns[0]])
        heat, outlet = self.liquid_heat[columns], table["liquid_return"][row, columns]
        lid = table["case_temperature"][row, columns]
        chips = np.minimum(table["chip_power"][row, columns], heat)
        loop = int(world.rack_loop[columns[0]])
        known = rack.cold_plate is not None and rack.accelerators is not None and bool((chips > 0.0).all())
        lift = np.maximum(lid - self.supply[loop], LEAST_LIFT)
        flow = float(self.state.sink_flow[0, world.rack_sink[columns]].mean())
        return RackGroup(
            loop=loop, racks=columns,
            names=tuple(world.racks[k].id for k in columns), sinks=world.rack_sink[columns], heat=heat, chips=chips,
            outlet=float(outlet.mean()), lid=float((self.supply[loop] + lift).mean()),
            plate_conductance=chips / lift if known else None,
            plates=_plate_shares(rack, flow, self.supply[loop], world.loops[loop].circuit.fluid) if known else PlateShares(),
        )  # fmt: skip

    @cached_property
    def supply_limit(self) -> list[float]:
        """Warmest supply that all racks of each loop allow at full power; inf where there are none. [degC]

        Where that is the set point, a little more, as controls hold it within a band.
        """
        limits = [inf] * len(self.world.loops)
        for group in self.rack_groups:
            coolant = rack_product(self.world.racks[group.racks[0]]).coolant
            if coolant is not None:
                limits[group.loop] = min(limits[group.loop], coolant.supply_max)
        return [max(limit, now + BAND) for limit, now in zip(limits, self.supply, strict=True)]

    # -- machines that cool ---------------------------------------------------------------------------------------------

    def _machine(self, name: str) -> Machine:
        return self.world.facility.by_id[name]

    @cached_property
    def sink_groups(self) -> list[dict[str, Index]]:
        """Per loop, columns (among all sinks) of the sinks that are no liquid-cooled racks, by key."""
        found: list[dict[str, Index]] = []
        for number, loop in enumerate(self.world.loops):
            first = self.world.slices.sink[number].start
            groups: dict[str, list[int]] = {}
            for column, name in enumerate(loop.circuit.sinks):
                rack = self.world.sink_rack[first + column]
                if rack < 0 or not (self.world.rack_liquid[rack] > 0.0 and self.liquid_heat[rack] > 0.0):
                    groups.setdefault(self.flows.key(name), []).append(first + column)
            found.append({key: np.array(columns, np.intp) for key, columns in groups.items()})
        return found

    @cached_property
    def exchanger_groups(self) -> list[dict[str, ExchangerGroup]]:
        """Per loop, its CDUs and plate exchangers by key."""
        world = self.world
        at = {name: column for column, name in enumerate(world.heat.exchanger_name)}
        found: list[dict[str, ExchangerGroup]] = []
        for number, loop in enumerate(world.loops):
            first = world.slices.source[number].start
            groups: dict[str, list[tuple[int, str]]] = {}
            for column, name in enumerate(loop.circuit.sources):
                if isinstance(self._machine(name).product, Cdu | HeatExchanger):
                    groups.setdefault(self.flows.key(name), []).append((first + column, name))
            made = {}
            for key, rows in groups.items():
                names = tuple(name for _, name in rows)
                rated, hot, cold = (
                    world.heat.exchanger_rating[at[names[0]]] if names[0] in at else (0.0, 1.0, 1.0)
                )
                cold_loop = self.flows.cold_loop.get(names[0], number)
                count = len(names)
                made[key] = ExchangerGroup(
                    names, np.array([column for column, _ in rows], np.intp), count * rated,
                    count * hot * loop.capacity, count * cold * world.loops[cold_loop].capacity,
                )  # fmt: skip
            found.append(made)
        return found

    @cached_property
    def plant_groups(self) -> list[list[PlantGroup]]:
        """Per loop, its plant machines by type."""
        return [list(self._plants(number)) for number in range(len(self.world.loops))]

    def _plants(self, number: int) -> Iterator[PlantGroup]:
        world, loop = self.world, self.world.loops[number]
        first = world.slices.source[number].start
        groups: dict[str, list[int]] = {}
        for column, name in enumerate(loop.circuit.sources):
            if isinstance(self._machine(name).product, Plant):
                groups.setdefault(self._machine(name).type, []).append(first + column)
        for columns in groups.values():
            yield self._plant(number, np.array(columns, np.intp))

    def _plant(self, number: int, columns: Index) -> PlantGroup:
        """What a group can carry: compressors by their loading in the normal state, coolers at full speed."""
        s, loop = self.state, self.world.loops[number]
        names = tuple(self.world.cooling[m].id for m in self.world.source_machine[columns])
        product = self._machine(names[0]).product
        assert isinstance(product, Plant)
        running = int((s.source_flow[0, columns] > 0.0).sum())
        duty, loading = float(s.plant_duty[0, columns].sum()), float(s.plant_loading[0, columns].max())
        if isinstance(product, Chiller):
            most = duty / loading if duty > 0.0 and loading > 0.0 else product.capacity * len(names)
            return PlantGroup(names, columns, running, None, 0.0, most)
        assert isinstance(product, DryCooler | CoolingTower)
        sink = float(plant.sink(product, self.weather)[0])
        units = max(running, 1)
        rate, duty = float(s.source_flow[0, columns].sum()) / units, duty / units
        if duty <= 0.0 or rate <= 0.0:
            rate, duty = product.flow * loop.density, product.capacity
        now = self._unit_conductance(names[0], duty, rate, number, sink)
        more = self._unit_conductance(names[0], 2.0 * duty, 2.0 * rate, number, sink)
        film = float(np.clip((1.0 - now / more) / (1.0 - 2.0**-FLOW_EXPONENT), 0.0, MOST_FILM))
        return PlantGroup(
            names, columns, running, sink, now * len(names), inf, film, rate * units * loop.capacity
        )

    def _unit_conductance(self, name: str, duty: float, flow: float, number: int, sink: float) -> float:
        """Of one cooler to the outdoors at full speed, from what leaves it at a duty. [W/K]"""
        s, loop = self.state, self.world.loops[number]
        cold = np.full(1, plant.FULL_SPEED)
        asked = plant.Asked(np.array([duty]), np.array([flow]), loop.capacity, cold, s.dry_bulb)
        above = float(plant.run(self._machine(name), asked, self.weather).leaving[0]) - sink
        rate = flow * loop.capacity
        return rate * min(log1p(duty / rate / max(above, 1e-6)), MOST_UNITS)

    @cached_property
    def condensers(self) -> list[list[tuple[tuple[str, ...], float]]]:
        """Per loop, the chillers whose condensers it serves, by type, and their heat. [W]"""
        found: list[list[tuple[tuple[str, ...], float]]] = []
        column = {machine.id: k for k, machine in enumerate(self.world.cooling)}
        for loop in self.world.loops:
            groups: dict[tuple[str, int], list[str]] = {}
            for name in loop.circuit.sinks:
                if isinstance(self._machine(name).product, Chiller):
                    groups.setdefault(
                        (self._machine(name).type, self.flows.hot_loop.get(name, -1)), []
                    ).append(name)
            heat = self.state.condenser[0]
            found.append([(tuple(n), float(sum(heat[column[name]] for name in n))) for n in groups.values()])
        return found

    # -- halls --------------------------------------------------------------------------------------------------------

    @cached_property
    def rooms(self) -> list[Room]:
        return [self._room(number) for number in range(len(self.world.halls))]

    def _room(self, number: int) -> Room:
        world, s = self.world, self.state
        hall = world.halls[number]
        rate = float(s.hall_flow[0, number]) * AIR_CAPACITY
        free = float((s.crah_heat[0, hall.crah] * s.crah_free[0, hall.crah]).sum())
        supply = float(s.hall_supply[0, number])
        elevation = world.facility.place.elevation
        warmer = [
            CLASSES[rack_product(world.racks[r]).air_class].highest(elevation)
            - float(s.rack_inlet[0, r])
            + supply
            for r in hall.rack
            if s.rack_power[0, r] > 0.0
        ]
        return Room(
            thermal_mass.hall_mass(world.facility, hall.shell), supply, float(s.hall_return[0, number]), rate,
            float(s.hall_heat[0, number]) - free, min(warmer, default=inf), tuple(self._air_groups(number, rate)),
            tuple(self._door_groups(number, supply)),
        )  # fmt: skip

    def _air_groups(self, number: int, rate: float) -> Iterator[AirGroup]:
        world, s = self.world, self.state
        hall, crahs = world.halls[number], world.facility.of_kind("crah")
        groups: dict[str, list[int]] = {}
        for position, unit in enumerate(hall.crah):
            groups.setdefault(self.flows.key(crahs[unit].id), []).append(position)
        moved = s.crah_speed[0, hall.crah] * hall.unit_flow
        total = max(float(moved.sum()), 1e-9)
        for key, positions in groups.items():
            coil = hall.unit_coil[positions]
            names = tuple(crahs[hall.crah[p]].id for p in positions)
            assert isinstance(crahs[hall.crah[positions[0]]].product, Crah)
            yield AirGroup(
                key, names, rate * float(moved[positions].sum()) / total, float(coil[:, 0].sum()),
                float(coil[:, 1].sum()), float(coil[:, 2].sum()), AIR_SIDE, float(hall.unit_setpoint[positions[0]]),
            )  # fmt: skip

    def _door_groups(self, number: int, supply: float) -> Iterator[DoorGroup]:
        """Doors that take heat: with the coils' own conductance where valves hold them back, else with what they show."""
        world, s = self.world, self.state
        groups: dict[str, list[int]] = {}
        for r in world.halls[number].rack:
            if s.door_heat[0, r] > 0.0:
                groups.setdefault(self.flows.key(f"{world.racks[r].id}{DOOR}"), []).append(int(r))
        for key, racks in groups.items():
            loop = int(world.door_loop[racks[0]])
            heats, given = s.door_heat[0, racks], self.air_heat[racks]
            whole = s.rack_air[0, racks] * AIR_CAPACITY
            part = float((whole * heats / np.maximum(given, 1e-9)).sum())
            water = float(s.sink_flow[0, world.door_sink[racks]].sum()) * world.loops[loop].capacity
            span = supply + float(heats.sum()) / part - self.supply[loop]
            least = min(part, water)
            duty = min(float(heats.sum()), 0.99 * least * span)
            shown = float(exchanger.conductance_from_rating(duty, span, 0.0, (part, water)))
            own = sum(self._own_door(r) for r in racks)
            held = bool((heats >= given * (1.0 - 1e-9)).all())
            yield DoorGroup(
                key, tuple(f"{world.racks[r].id}{DOOR}" for r in racks), heats, part, max(own, shown) if held else shown,
                part, water, AIR_SIDE, supply,
            )  # fmt: skip

    def _own_door(self, rack: int) -> float:
        """Conductance of one door's coil at the streams of the normal state. [W/K]"""
        door = self.world.racks[rack].rear_door
        assert isinstance(door, RearDoor)
        rated, air, water = door_coil(door)
        loop = self.world.loops[int(self.world.door_loop[rack])]
        shares = (
            self.state.rack_air[0, rack] * AIR_CAPACITY / air,
            self.state.sink_flow[0, self.world.door_sink[rack]] * loop.capacity / water,
        )
        return float(exchanger.scaled_conductance(rated, *shares, hot_share=AIR_SIDE))

    def dark_doors(self, doors: DoorGroup, event: Event) -> float:
        """Share of the heat of some doors that is left when some racks are dark."""
        dark = [name.removesuffix(DOOR) in event.dark for name in doors.names]
        return float(1.0 - doors.heats[dark].sum() / doors.heats.sum())

    def dark_air(self, number: int, event: Event) -> float:
        """Share of a hall's heat that is left when some racks are dark."""
        if not event.dark:
            return 1.0
        room, hall = self.rooms[number], self.world.halls[number]
        out = [r for r in hall.rack if self.world.racks[r].id in event.dark]
        left = self.air_heat[out] - self.state.door_heat[0, out]
        return float(np.clip(1.0 - left.sum() / max(room.heat, 1e-9), 0.0, 1.0))


def _plate_shares(rack: Rack, flow: float, supply: float, fluid: str) -> PlateShares:
    """Shares at a rack's coolant flow [kg/s] and supply [degC]; the law is that of the steady states."""
    law, plates = plate_law(rack)
    coolant = FLUIDS[fluid]
    warm = float(np.clip(supply, *coolant.range))
    through = flow * plates.part
    film = (
        float(law.resistance(through / float(coolant.density(warm)), fluid=fluid, temperature=warm))
        - law.fixed
    )
    rise = (plates.series - 1) / (through * float(coolant.heat_capacity(warm)))
    whole = law.fixed + film + rise
    return PlateShares(film / whole, rise / whole, law.exponent, plates.share * plates.balance)


def parts(world: Lowered) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Loops and halls that exchange heat, part by part."""
    loops, halls = len(world.loops), len(world.halls)
    group = list(range(loops + halls))

    def root(k: int) -> int:
        while group[k] != k:
            k = group[k]
        return k

    def join(a: int, b: int) -> None:
        group[root(a)] = root(b)

    hot = {name: n for n, loop in enumerate(world.loops) for name in loop.circuit.sources}
    for number, loop in enumerate(world.loops):
        for name in loop.circuit.sinks:
            if name in hot:
                join(number, hot[name])
    cold = {name: n for n, loop in enumerate(world.loops) for name in loop.circuit.sinks}
    crahs = world.facility.of_kind("crah")
    for number, hall in enumerate(world.halls):
        names = [crahs[k].id for k in hall.crah]
        names += [f"{world.racks[r].id}{DOOR}" for r in hall.rack]
        for name in names:
            if name in cold:
                join(loops + number, cold[name])
    made: dict[int, list[int]] = {}
    for k in range(loops + halls):
        made.setdefault(root(k), []).append(k)
    return [
        (tuple(k for k in members if k < loops), tuple(k - loops for k in members if k >= loops))
        for members in made.values()
    ]
