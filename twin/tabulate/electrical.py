"""The power tree: machines at their output, and feeds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from solvers import power as power_flow
from twin.model.facility import Machine
from twin.model.products import Generator, Pdu, Rectifier, Transformer, Ups
from twin.networks.facility import Lowered
from twin.results.results import Table
from twin.tabulate.cooling import stack

Array = NDArray[np.float64]


def machines(world: Lowered, flow: power_flow.Solution) -> Table:
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
    rows: dict[str, list[Array]] = {
        q: [] for q in ("live", "power", "apparent", "current", "loading", "loss", "voltage")
    }
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
            at, watts = net.shunt_owner[machine.id]
            loss = loss + watts * np.abs(flow.bus_voltage[:, at]) ** 2
        nominal = net.problem.bus_voltage[bus] * (1.0 if net.problem.bus_dc[bus] else np.sqrt(3.0))
        current = np.divide(np.abs(through), nominal * volts, out=np.zeros(count), where=volts > 0.0)
        for quantity, value in (
            ("live", live), ("power", through.real), ("apparent", np.abs(through)), ("current", current),
            ("loading", _loading(machine, flow, net.through, converters, through)), ("loss", loss), ("voltage", volts),
        ):  # fmt: skip
            rows[quantity].append(value)
    return Table(
        tuple(m.id for m in machines), {quantity: stack(columns, count) for quantity, columns in rows.items()}
    )


def _loading(
    machine: Machine,
    flow: power_flow.Solution,
    through: dict[str, list[int]],
    converters: dict[str, list[int]],
    output: NDArray[np.complex128],
) -> Array:
    match machine.product:
        case Ups(rating=rating) | Rectifier(rating=rating):
            return np.asarray(output.real / rating)
        case Generator(rating=rating, power_factor=factor):
            return np.maximum(output.real, np.abs(output) * factor) / rating
        case Transformer(rating=rating) | Pdu(rating=rating):
            return (
                np.abs(output) / rating if machine.kind == "transformer" else np.asarray(output.real / rating)
            )
    if machine.id in through:
        return np.asarray(flow.branch_loading[:, through[machine.id]].max(axis=1))
    capacity = next(
        getattr(machine.product, n) for n in ("capacity", "rating") if hasattr(machine.product, n)
    )
    return np.abs(output) / capacity


def feeds(world: Lowered, flow: power_flow.Solution) -> Table:
    feeds, net = world.facility.feeds, world.power
    branch = np.maximum(net.feed_branch, 0)
    joined = net.feed_branch >= 0
    circuits = np.array([feed.circuits for feed in feeds], float)
    cable = np.array([feed.cable.rating if feed.cable is not None else np.inf for feed in feeds])
    breaker = np.array([feed.breaker if feed.breaker is not None else np.inf for feed in feeds])
    if not len(feeds):
        empty = np.zeros((len(flow.scenario_ok), 0))
        return Table((), {q: empty for q in ("live", "power", "current", "loading", "cable_loading", "drop")})
    end, volts = net.problem.branch_to[branch], np.abs(flow.bus_voltage)
    # the power flow counts amperes of balanced three-phase circuits
    current = np.where(joined, flow.branch_current[:, branch], 0.0) / circuits * net.feed_amperes
    live = joined & flow.bus_live[:, end] & flow.branch_closed[:, branch]
    return Table(
        tuple(f"{feed.to}.{feed.terminal}" for feed in feeds),
        {
            "live": live.astype(float),
            "power": np.where(joined, flow.branch_power_to[:, branch].real, 0.0),
            "current": current,
            "loading": current / breaker,
            "cable_loading": current / cable,
            "drop": np.where(live, volts[:, net.feed_origin] - volts[:, end], 0.0),
        },
    )
