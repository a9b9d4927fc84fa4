"""Labelled results from the settled state: one function per table."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from solvers import power as power_flow
from solvers.air import indices
from solvers.tokens import economics, throughput
from twin.catalogue import Catalogue
from twin.model.air_classes import CLASSES
from twin.model.facility import Facility, Machine
from twin.model.products import Cdu, Crah, Pdu, Plant, Pump, Rack, Rectifier, Transformer, Ups
from twin.networks.facility import PLANT_KINDS, Lowered
from twin.networks.state import State
from twin.networks.steps import pump_heat, rack_heat
from twin.results.results import Results, SolveReport, Table
from twin.scenario import Scenario

Array = NDArray[np.float64]
STATUS = {True: "converged", False: "no steady state found"}


def join(facility: Facility, parts: Sequence[Results]) -> Results:
    """Put the scenarios of several blocks below each other."""
    first = parts[0]
    if len(parts) == 1:
        return first
    tables = {
        name: Table(table.ids, {q: np.concatenate([part[name][q] for part in parts]) for q in table.values})
        for name, table in first.tables.items()
    }
    reports = tuple(
        SolveReport(r.domain, r.method, _worst([p.reports[k].status for p in parts]),
                    tuple(flag for p in parts for flag in p.reports[k].ok),
                    max(p.reports[k].iterations for p in parts), max(p.reports[k].residual for p in parts))
        for k, r in enumerate(first.reports)
    )  # fmt: skip
    return Results(
        facility=facility.name,
        digest=facility.digest,
        scenarios=tuple(s for part in parts for s in part.scenarios),
        tables=tables,
        reports=reports,
        conservation={n: np.concatenate([part.conservation[n] for part in parts]) for n in first.conservation},
        settled=tuple(flag for part in parts for flag in part.settled),
        passes=max(part.passes for part in parts),
        notes=first.notes,
    )


def _worst(statuses: Sequence[str]) -> str:
    return next((status for status in statuses if status != STATUS[True]), STATUS[True])


def tabulate(
    world: Lowered, scenarios: tuple[Scenario, ...], state: State, flow: power_flow.Solution, settled: NDArray[np.bool_],
    passes: int,
) -> Results:
    """Tables, reports and balances of some scenarios."""
    tables = {
        "rack": _racks(world, state, flow),
        "cdu": _cdus(world, state),
        "crah": _crahs(world, state),
        "rear_door": _doors(world, state),
        "plant": _plant(world, state),
        "pump": _pumps(world, state),
        "power": _power(world, flow),
        "feed": _feeds(world, flow),
        "loop": _loops(world, state),
        "hall": _halls(world, state),
    }
    tables["site"] = _site(world, state, flow, tables)
    hall_ok = state.hall_ok.all(axis=1)
    conservation = {
        "mass": state.mass_error,
        "energy": _energy_error(world, state, tables),
        "power": flow.power_error,
    }
    domains = (
        ("air", "zonal", hall_ok, 1, 0.0),
        ("hydraulics", "global gradient", state.flow_ok, 1, float(state.mass_error.max(initial=0.0))),
        ("heat", "effectiveness-NTU network", state.heat_ok, 1, 0.0),
        ("power", "backward/forward sweep, Newton where meshed", state.power_ok, flow.iterations,
         float(flow.residual.max(initial=0.0))),
        ("coupling", "fixed point", settled, passes, 0.0),
    )  # fmt: skip
    reports = tuple(
        SolveReport(domain, method, STATUS[bool(ok.all())], tuple(bool(x) for x in ok), count, residual)
        for domain, method, ok, count, residual in domains
    )
    fine = settled & hall_ok & state.flow_ok & state.heat_ok & state.power_ok
    return Results(
        facility=world.facility.name,
        digest=world.facility.digest,
        scenarios=scenarios,
        tables=tables,
        reports=reports,
        conservation=conservation,
        settled=tuple(bool(x) for x in fine),
        passes=passes,
        notes=_notes(world),
    )


def _notes(world: Lowered) -> tuple[str, ...]:
    notes = []
    unfed = [name for name in world.power.unfed if world.facility.by_id[name].kind != "rack"]
    if unfed:
        notes.append(
            f"{len(unfed)} cooling machine(s) have no feed in the layout ({', '.join(unfed[:3])}"
            f"{' ...' if len(unfed) > 3 else ''}): taken as always powered, their power is added at the meter"
        )
    if any(hall.shell.indoor_losses == 0.0 for hall in world.halls) and world.power.loads:
        notes.append("losses of electrical rooms leave with their own ventilation, whose power is not modelled (assumed)")
    return tuple(notes)


def _stack(columns: list[Array], count: int) -> Array:
    return np.stack(columns, axis=1).astype(float) if columns else np.zeros((count, 0))


def _rack(machine: Machine) -> Rack:
    assert isinstance(machine.product, Rack)
    return machine.product


def _racks(world: Lowered, state: State, flow: power_flow.Solution) -> Table:
    liquid_heat, air_heat = rack_heat(world, state)
    count, racks = state.served.shape
    sink, loop = world.rack_sink, world.rack_loop
    on_liquid = (sink >= 0) & (world.rack_liquid > 0.0)

    def at_sink(values: Array) -> Array:
        return np.where(on_liquid, values[:, np.maximum(sink, 0)], 0.0) if values.shape[1] else np.zeros((count, racks))

    def at_loop(values: Array) -> Array:
        return np.where(on_liquid, values[:, np.maximum(loop, 0)], 0.0) if values.shape[1] else np.zeros((count, racks))

    rate = at_sink(state.sink_flow) * np.array([world.loops[k].capacity if k >= 0 else 1.0 for k in loop])
    supply = at_loop(state.supply)
    rise = np.divide(liquid_heat, rate, out=np.zeros_like(rate), where=rate > 0.0)
    chips, tokens = _tokens(world, state)
    return Table(
        tuple(machine.id for machine in world.racks),
        {
            "served": state.served.astype(float),
            "power": state.rack_power,
            "demand": np.broadcast_to(world.rack_demand, state.rack_power.shape).copy(),
            "throttle": state.throttle,
            "inlet_temperature": state.rack_inlet,
            "outlet_temperature": state.rack_outlet,
            "relative_humidity": state.rack_humidity,
            "recirculation": state.rack_recirculation,
            "air_flow": state.rack_air,
            "air_heat": air_heat,
            "liquid_heat": liquid_heat,
            "liquid_flow": at_sink(state.sink_flow),
            "liquid_required": at_sink(state.sink_limit),
            "liquid_supply": supply,
            "liquid_return": np.where(on_liquid, supply + rise, 0.0),
            "liquid_drop": at_sink(state.sink_law),
            "liquid_pressure": at_sink(state.sink_pressure),
            "voltage": _lowest_input(world, flow),
            "tokens": tokens,
            "chip_power": chips,
        },
    )


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


def _tokens(world: Lowered, state: State) -> tuple[Array, Array]:
    """(S, R) power of the accelerators [W] and tokens per second, from published points and the power that is left."""
    work = world.facility.workload
    chips, tokens = np.zeros_like(state.rack_power), np.zeros_like(state.rack_power)
    points = Catalogue.builtin().throughput
    for column, machine in enumerate(world.racks):
        rack = _rack(machine)
        if rack.accelerators is None:
            continue
        full = rack.accelerators.count * rack.accelerators.power
        base: float = getattr(rack.power, work.power)
        # the accelerators' share of what the sheet's state draws; the peak factor acts on them alone
        share = min(full * (work.peak_factor - 1.0 + base / rack.power.maximum), world.rack_demand[column])
        chips[:, column] = share * state.throttle[:, column] * state.served[:, column]
        point = points.get((rack.accelerators.name, work.model, work.service))
        if point is not None:
            rate = point.tokens_per_second * rack.accelerators.count * work.utilization
            power = np.minimum(share * state.throttle[:, column] / full, 1.0)
            tokens[:, column] = rate * throughput.relative_throughput(power) * state.served[:, column]
    return chips, tokens


def _cdus(world: Lowered, state: State) -> Table:
    names = [m.id for m in world.cooling if m.kind == "cdu"]
    machine_at = {machine.id: index for index, machine in enumerate(world.cooling)}
    source_at = {world.cooling[m].id: k for k, m in enumerate(world.source_machine)}
    sink_at = {world.cooling[m].id: k for k, m in enumerate(world.sink_machine) if m >= 0}
    exchanger_at = {name: k for k, name in enumerate(world.heat.exchanger_name)}
    count = len(state.live)
    rows: dict[str, list[Array]] = {q: [] for q in (
        "live", "duty", "loading", "primary_flow", "secondary_flow", "supply", "primary_supply", "approach", "power",
        "head_margin")}  # fmt: skip
    zero = np.zeros(count)
    for name in names:
        product = world.facility.by_id[name].product
        assert isinstance(product, Cdu)
        duty = state.exchange[:, exchanger_at[name]] if name in exchanger_at else zero
        source, sink = source_at.get(name), sink_at.get(name)
        supply = state.supply[:, world.source_loop[source]] if source is not None else zero
        entering = state.supply[:, world.sink_loop[sink]] if sink is not None else zero
        values = {
            "live": state.live[:, machine_at[name]].astype(float),
            "duty": duty,
            "loading": duty / product.capacity,
            "primary_flow": state.sink_flow[:, sink] if sink is not None else zero,
            "secondary_flow": state.source_flow[:, source] if source is not None else zero,
            "supply": supply,
            "primary_supply": entering,
            "approach": supply - entering,
            "power": state.power[:, machine_at[name]],
            "head_margin": state.loop_margin[:, world.source_loop[source]] if source is not None else zero,
        }
        for quantity, value in values.items():
            rows[quantity].append(value)
    return Table(tuple(names), {quantity: _stack(columns, count) for quantity, columns in rows.items()})


def _crahs(world: Lowered, state: State) -> Table:
    crahs = world.facility.of_kind("crah")
    at = [world.cooling.index(machine) for machine in crahs]
    sink_at = {world.cooling[m].id: k for k, m in enumerate(world.sink_machine) if m >= 0}
    count = len(state.live)
    flows = [state.sink_flow[:, sink_at[m.id]] if m.id in sink_at else np.zeros(count) for m in crahs]
    water = [state.supply[:, world.sink_loop[sink_at[m.id]]] if m.id in sink_at else np.zeros(count) for m in crahs]
    capacity = np.array([m.product.capacity for m in crahs if isinstance(m.product, Crah)])
    return Table(
        tuple(machine.id for machine in crahs),
        {
            "live": state.live[:, at].astype(float),
            "duty": state.crah_heat,
            "loading": state.crah_heat / capacity if len(crahs) else state.crah_heat,
            "supply": state.crah_supply,
            "speed": state.crah_speed,
            "water_flow": _stack(flows, count),
            "water_supply": _stack(water, count),
            "power": state.power[:, at],
            "saturated": state.crah_saturated.astype(float),
        },
    )


def _doors(world: Lowered, state: State) -> Table:
    at = [k for k, machine in enumerate(world.racks) if machine.rear_door is not None]
    flows = [state.sink_flow[:, world.rack_sink[k]] if world.rack_sink[k] >= 0 else np.zeros(len(state.live)) for k in at]
    return Table(
        tuple(world.racks[k].id for k in at),
        {"duty": state.door_heat[:, at], "water_flow": _stack(flows, len(state.live))},
    )


def _plant(world: Lowered, state: State) -> Table:
    at = [k for k, m in enumerate(world.source_machine) if world.cooling[m].kind in PLANT_KINDS]
    machines = world.source_machine[at]
    return Table(
        tuple(world.cooling[m].id for m in machines),
        {
            "live": state.live[:, machines].astype(float),
            "duty": state.plant_duty[:, at],
            "loading": state.plant_loading[:, at],
            "leaving": state.plant_leaving[:, at],
            "flow": state.source_flow[:, at],
            "power": state.power[:, machines],
            "water": state.plant_water[:, at],
            "saturated": state.plant_lost[:, at].astype(float),
            "free": state.plant_free[:, at],
        },
    )


def _pumps(world: Lowered, state: State) -> Table:
    sources, machines = world.source_machine.size, world.pump_machine
    rated = []
    for column, machine in enumerate(machines):
        product = world.cooling[machine].product
        assert isinstance(product, Pump)
        loop = next(k for k, part in enumerate(world.slices.pump) if part.start <= column < part.stop)
        rated.append(product.flow * world.loops[loop].density)
    return Table(
        tuple(world.cooling[m].id for m in machines),
        {
            "live": state.live[:, machines].astype(float),
            "flow": state.pump_flow,
            "rise": state.mover_rise[:, sources:],
            "power": state.power[:, machines],
            "loading": state.pump_flow / np.array(rated) if rated else state.pump_flow,
        },
    )


def _power(world: Lowered, flow: power_flow.Solution) -> Table:
    """Machines of the power tree at their output."""
    net, count = world.power, len(flow.scenario_ok)
    machines = [m for m in world.facility.machines if m.product.role == "power" and m.id in net.output]
    converters: dict[str, list[int]] = {}
    for column, owner in enumerate(net.converter_owner):
        converters.setdefault(owner, []).append(column)
    lossy: dict[str, list[int]] = {}
    for column, owner in enumerate(net.branch_owner):
        lossy.setdefault(owner, []).append(column)
    sources: dict[str, list[int]] = {}
    for column, owner in enumerate(net.source_owner):
        sources.setdefault(owner, []).append(column)
    rows: dict[str, list[Array]] = {q: [] for q in ("live", "power", "apparent", "current", "loading", "loss", "voltage")}
    for machine in machines:
        bus = net.output[machine.id]
        volts = np.abs(flow.bus_voltage[:, bus])
        live = flow.bus_live[:, bus]
        loss = flow.branch_loss[:, lossy.get(machine.id, [])].sum(axis=1)
        loss = loss + flow.converter_loss[:, converters.get(machine.id, [])].sum(axis=1)
        if machine.id in sources:
            through = flow.source_power[:, sources[machine.id]].sum(axis=1)
        elif machine.id in converters:
            through = flow.converter_output[:, converters[machine.id]].sum(axis=1)
        else:
            through = flow.branch_power_to[:, net.through[machine.id]].sum(axis=1)
        if machine.id in net.shunt_owner:
            energised = np.abs(flow.bus_voltage[:, net.problem.branch_from[net.through[machine.id][0]]])
            loss = loss + net.shunt_owner[machine.id] * energised**2
        nominal = net.problem.bus_voltage[bus] * (1.0 if net.problem.bus_dc[bus] else np.sqrt(3.0))
        current = np.divide(np.abs(through), nominal * volts, out=np.zeros(count), where=volts > 0.0)
        for quantity, value in (
            ("live", live), ("power", through.real), ("apparent", np.abs(through)), ("current", current),
            ("loading", _loading(machine, flow, net.through, converters, through)), ("loss", loss), ("voltage", volts),
        ):  # fmt: skip
            rows[quantity].append(value)
    return Table(tuple(m.id for m in machines), {quantity: _stack(columns, count) for quantity, columns in rows.items()})


def _loading(
    machine: Machine, flow: power_flow.Solution, through: dict[str, list[int]], converters: dict[str, list[int]],
    output: NDArray[np.complex128],
) -> Array:
    match machine.product:
        case Ups(rating=rating) | Rectifier(rating=rating):
            return np.asarray(output.real / rating)
        case Transformer(rating=rating) | Pdu(rating=rating):
            return np.abs(output) / rating if machine.kind == "transformer" else np.asarray(output.real / rating)
    if machine.id in through:
        return np.asarray(flow.branch_loading[:, through[machine.id]].max(axis=1))
    capacity = next(getattr(machine.product, n) for n in ("capacity", "rating") if hasattr(machine.product, n))
    return np.abs(output) / capacity


def _feeds(world: Lowered, flow: power_flow.Solution) -> Table:
    feeds, net = world.facility.feeds, world.power
    branch = np.maximum(net.feed_branch, 0)
    joined = net.feed_branch >= 0
    circuits = np.array([feed.circuits for feed in feeds], float)
    breaker = np.array([feed.breaker if feed.breaker is not None else np.inf for feed in feeds])
    if not len(feeds):
        empty = np.zeros((len(flow.scenario_ok), 0))
        return Table((), {q: empty for q in ("live", "power", "current", "loading", "drop")})
    end, volts = net.problem.branch_to[branch], np.abs(flow.bus_voltage)
    current = np.where(joined, flow.branch_current[:, branch], 0.0) / circuits
    live = joined & flow.bus_live[:, end] & flow.branch_closed[:, branch]
    return Table(
        tuple(f"{feed.to}.{feed.terminal}" for feed in feeds),
        {
            "live": live.astype(float),
            "power": np.where(joined, flow.branch_power_to[:, branch].real, 0.0),
            "current": current,
            "loading": current / breaker,
            "drop": np.where(live, volts[:, net.feed_origin] - volts[:, end], 0.0),
        },
    )


def _loops(world: Lowered, state: State) -> Table:
    count = len(state.live)
    heat, imbalance = [], []
    for number in range(len(world.loops)):
        part = world.slices.sink[number]
        asked = np.maximum(state.sink_limit[:, part], 1e-12)
        share = state.sink_flow[:, part] / asked
        imbalance.append(share.max(axis=1, initial=0.0) - share.min(axis=1, initial=np.inf))
        total = state.source_flow[:, world.slices.source[number]].sum(axis=1)
        heat.append(total * world.loops[number].capacity * (state.back[:, number] - state.supply[:, number]))
    flows = [state.source_flow[:, part].sum(axis=1) for part in world.slices.source]
    setpoints = [np.full(count, loop.circuit.supply) for loop in world.loops]
    return Table(
        tuple(loop.circuit.id for loop in world.loops),
        {
            "supply": state.supply,
            "return": state.back,
            "setpoint": _stack(setpoints, count),
            "flow": _stack(flows, count),
            "velocity": state.loop_velocity,
            "pressure": state.loop_pressure,
            "heat": _stack(heat, count),
            "head_margin": state.loop_margin,
            "imbalance": _stack(imbalance, count),
        },
    )


def _halls(world: Lowered, state: State) -> Table:
    count = len(state.live)
    rows: dict[str, list[Array]] = {q: [] for q in ("inlet_max", "rci_hi", "rci_lo", "rti", "shi", "rhi")}
    for number, hall in enumerate(world.halls):
        inlet, outlet = state.rack_inlet[:, hall.rack], state.rack_outlet[:, hall.rack]
        flow = state.rack_air[:, hall.rack]
        classes = [CLASSES[_rack(world.racks[r]).air_class] for r in hall.rack]
        worst = classes[0]  # a hall of mixed classes is judged by its first rack's
        high, low = indices.rci(inlet, worst.recommended, worst.allowable)
        rise = (flow * (outlet - inlet)).sum(axis=1) / np.maximum(flow.sum(axis=1), 1e-12)
        supply = state.hall_supply[:, number]
        heat_index = indices.shi(inlet, outlet, supply, flow)
        for quantity, value in (
            ("inlet_max", inlet.max(axis=1)), ("rci_hi", high / 100.0), ("rci_lo", low / 100.0),
            ("rti", indices.rti(state.hall_return[:, number], supply, rise) / 100.0),
            ("shi", heat_index), ("rhi", 1.0 - heat_index),
        ):  # fmt: skip
            rows[quantity].append(value)
    return Table(
        tuple(hall.shell.id or "hall" for hall in world.halls),
        {
            "supply_flow": state.hall_flow,
            "supply": state.hall_supply,
            "return": state.hall_return,
            "dew_point": state.hall_dew_point,
            "heat": state.hall_heat,
            **{quantity: _stack(columns, count) for quantity, columns in rows.items()},
        },
    )


def _site(world: Lowered, state: State, flow: power_flow.Solution, tables: dict[str, Table]) -> Table:
    facility, place = world.facility, world.facility.place
    it = state.rack_power.sum(axis=1)
    cooling = state.power.sum(axis=1)
    unfed = world.cooling_load < 0
    other = state.power[:, unfed].sum(axis=1)
    total = flow.source_power.real.sum(axis=1) + other
    loss = total - it - cooling
    water = state.plant_water.sum(axis=1)
    tokens = tables["rack"]["tokens"].sum(axis=1)
    chips = tables["rack"]["chip_power"].sum(axis=1)
    working = np.array([_rack(machine).accelerators is not None for machine in world.racks], bool)
    per_it = np.divide(1.0, it, out=np.zeros_like(it), where=it > 0.0)
    cost = _cost(facility, world, tokens, total, water)
    values = {
        "it_power": it,
        "facility_power": total,
        "cooling_power": cooling,
        "loss_power": loss,
        "other_power": other,
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


def _cost(facility: Facility, world: Lowered, tokens: Array, power: Array, water: Array) -> economics.TokenCost:
    """Cost of tokens; equipment at the middle of its catalogue price range."""
    money, place = facility.economics, facility.place
    prices = [machine.product.price for machine in world.racks]
    hardware = sum((low + high) / 2 for low, high in (price for price in prices if price is not None))
    site = money.facility_cost * float(world.rack_demand.sum())
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


def _energy_error(world: Lowered, state: State, tables: dict[str, Table]) -> Array:
    """(S,) heat released less heat rejected outdoors, over the IT power.

    Released: racks, fans, pump heat that reaches a fluid, compressors, losses into hall air.  Rejected: what plant
    machines take from their loops; compressor heat of water-cooled chillers arrives there through their condenser loop,
    that of air-cooled ones goes outdoors directly and counts on neither side.
    """
    released = state.rack_power.sum(axis=1) + state.room_loss.sum(axis=1) + pump_heat(world, state).sum(axis=1)
    crahs = [k for k, machine in enumerate(world.cooling) if machine.kind == "crah"]
    released = released + state.power[:, crahs].sum(axis=1)
    released = released + (state.condenser - _evaporator(world, state)).sum(axis=1)
    outdoors = np.array([_rejects(world, int(m)) for m in world.source_machine], bool)
    rejected = state.plant_duty[:, outdoors].sum(axis=1) + state.stagnant
    it = np.maximum(state.rack_power.sum(axis=1), 1.0)
    return np.asarray(np.abs(released - rejected) / it)


def _rejects(world: Lowered, machine: int) -> bool:
    """True for plant whose duty leaves the facility (not a chiller that hands it to a condenser loop)."""
    product = world.cooling[machine].product
    return isinstance(product, Plant) and not (product.kind == "chiller" and (world.sink_machine == machine).any())


def _evaporator(world: Lowered, state: State) -> Array:
    """(S, M) duty of water-cooled chillers at the evaporator."""
    duty = np.zeros_like(state.condenser)
    for column, machine in enumerate(world.source_machine):
        if (world.sink_machine == machine).any() and world.cooling[machine].kind == "chiller":
            duty[:, machine] = state.plant_duty[:, column]
    return duty


