"""The answer about a bare hydraulic network: a document for scripts and a few lines for people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from twin.exchange.hydraulic import BareHydraulics
from twin.networks.bare_hydraulics import GRAVITY, total_rise

if TYPE_CHECKING:
    from twin.networks.bare_hydraulics import HydraulicFlow

Array = NDArray[Any]

VERSION = 1
MOST = 20
"""Pumps, and diagnoses, that are told."""


def hydraulic_document(network: BareHydraulics, flow: HydraulicFlow) -> dict[str, Any]:
    """Heads, pressures, flows and velocities of a solved network; why there are none where there is no solution."""
    solution = flow.solution
    document: dict[str, Any] = {
        "version": VERSION,
        "network": network.name,
        "file": network.file,
        "status": "converged" if flow.ok else str(solution.status) if not solution.status.ok else "unsettled",
        "solved": flow.ok,
        "detail": flow.detail,
        "notes": list(network.notes),
        "diagnoses": list(_diagnoses(network, flow)),
        "iterations": solution.iterations,
        "residual": _number(solution.residual[0]),
        "conservation": {"mass": _number(solution.mass_error[0])},
    }
    if flow.ok:
        document |= _state(network, flow)
    return document


def _state(network: BareHydraulics, flow: HydraulicFlow) -> dict[str, Any]:
    solution, problem = flow.solution, flow.problem
    live, pressure = solution.node_connected[0], solution.node_pressure[0]
    moved, velocity = solution.link_flow[0], solution.link_velocity[0]
    free = live.copy()
    free[np.asarray(problem.fixed_node, int)] = False
    nodes = np.flatnonzero(free)
    lowest = int(nodes[pressure[nodes].argmin()]) if nodes.size else -1
    highest = int(nodes[pressure[nodes].argmax()]) if nodes.size else -1
    fastest = int(np.abs(velocity).argmax()) if velocity.size else -1
    height = np.broadcast_to(np.asarray(problem.node_elevation, float).reshape(-1), pressure.shape)
    head = height + pressure / (network.density * GRAVITY)
    return {
        "density": network.density,
        "lowest_pressure": _place("node", network.node, lowest, "pressure", pressure),
        "highest_pressure": _place("node", network.node, highest, "pressure", pressure),
        "highest_velocity": _place("link", network.link, fastest, "velocity", np.abs(velocity)),
        "pumps": list(_pumps(network, flow)),
        "valves": [
            {"link": network.link[valve.link], "kind": valve.kind, "state": state}
            for valve, state in zip(network.regulators, flow.regulator_state, strict=True)
        ],
        "limited": [name for name, held in zip(network.link, solution.link_limited[0], strict=True) if held],
        "dead": [name for name, on in zip(network.node, live, strict=True) if not on],
        "head": _named(network.node, np.where(live, head, np.nan)),
        "pressure": _named(network.node, np.where(live, pressure, np.nan)),
        "flow": _named(network.link, moved),
        "velocity": _named(network.link, velocity),
    }


def _number(value: float) -> float | None:
    """None where a failed solve has left no number."""
    return float(value) if np.isfinite(value) else None


def _named(names: tuple[str, ...], values: Array) -> dict[str, float | None]:
    """By name; None where there is no value."""
    return {
        name: value if known else None
        for name, value, known in zip(names, values.tolist(), np.isfinite(values).tolist(), strict=True)
    }


def _place(what: str, names: tuple[str, ...], at: int, quantity: str, values: Array) -> dict[str, Any] | None:
    return {what: names[at], quantity: float(values[at])} if at >= 0 else None


def _pumps(network: BareHydraulics, flow: HydraulicFlow) -> Iterator[dict[str, Any]]:
    """Flow, rise of pressure and height together, and power given to the liquid."""
    moved, rise = flow.solution.link_flow[0], total_rise(flow.problem, flow.solution)
    for number in network.pumps().tolist():
        power = float(moved[number] * rise[number]) / network.density
        yield {
            "link": network.link[number], "flow": float(moved[number]), "rise": float(rise[number]),
            "power": power if moved[number] > 0.0 else 0.0,
        }  # fmt: skip


def _diagnoses(network: BareHydraulics, flow: HydraulicFlow) -> Iterator[dict[str, Any]]:
    """What looks wrong, by the solvers' own words."""
    for found in flow.troubles:
        names = {"node": network.node, "link": network.link}.get(found.element, ())
        name = names[found.index] if 0 <= found.index < len(names) else ""
        yield {"kind": found.kind, "element": found.element, "name": name, "message": found.message}


def sentences(network: BareHydraulics, document: dict[str, Any]) -> Iterator[str]:
    """The document in words."""
    yield network.summary
    if document["solved"]:
        yield (
            f"solved: {document['iterations']} iterations, residual {document['residual']:.0e}, mass off by "
            f"{document['conservation']['mass']:.0e} of the largest flow"
        )
        yield from _highlights(document)
    else:
        yield f"no solution ({document['status']}): {document['detail']}"
    for found in document["diagnoses"][:MOST]:
        yield f"{found['element']} {found['name']}: {found['message']}".replace("  ", " ")
    if len(document["diagnoses"]) > MOST:
        yield f"and {len(document['diagnoses']) - MOST} more of the like"


def _highlights(document: dict[str, Any]) -> Iterator[str]:
    density = document["density"]
    if low := document["lowest_pressure"]:
        high = document["highest_pressure"]
        yield (
            f"lowest pressure {_pressure(low['pressure'])} at {low['node']}, highest {_pressure(high['pressure'])} at "
            f"{high['node']}"
        )
    if (fast := document["highest_velocity"]) and fast["velocity"] > 0.0:
        yield f"highest velocity {fast['velocity']:.2f} m/s in {fast['link']}"
    for pump in document["pumps"][:MOST]:
        flow, rise, power = pump["flow"] / density * 1e3, _pressure(pump["rise"]), pump["power"] / 1e3
        yield f"pump {pump['link']}: {flow:.4g} L/s, rise {rise}, {power:.4g} kW to the liquid"
    if len(document["pumps"]) > MOST:
        yield f"and {len(document['pumps']) - MOST} more pumps"
    if document["valves"]:
        states = [valve["state"] for valve in document["valves"]]
        counts = ", ".join(f"{states.count(word)} {word}" for word in dict.fromkeys(states))
        yield f"pressure valves: {counts}"
    if document["limited"]:
        yield f"{len(document['limited'])} flow limiters hold their flow"
    if document["dead"]:
        yield f"{len(document['dead'])} nodes cut off from every source: {', '.join(document['dead'][:MOST])}"


def _pressure(pascals: float) -> str:
    return f"{pascals / 1e3:.2f} kPa"
