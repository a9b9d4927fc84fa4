"""The answer about a bare network: a document for scripts and a few lines for people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from twin.exchange.network import BareNetwork

if TYPE_CHECKING:
    from twin.networks.bare import Flow

VERSION = 1
MOST = 20
"""Diagnoses that are told."""


def network_document(network: BareNetwork, flow: Flow) -> dict[str, Any]:
    """Voltages, powers and losses of a solved network; why there are none where there is no solution."""
    solution = flow.solution
    ok = bool(solution.status.ok)
    document: dict[str, Any] = {
        "version": VERSION,
        "network": network.name,
        "file": network.file,
        "status": str(solution.status),
        "solved": ok,
        "detail": solution.detail.rpartition("scenario 0: ")[2],
        "notes": list(network.notes),
        "diagnoses": list(_diagnoses(network, flow)),
        "loadability": _loadability(network, flow),
        "iterations": solution.iterations,
        "mismatch": float(solution.residual[0]),
        "conservation": {"power": float(solution.power_error[0])},
    }
    if ok:
        document |= _state(network, flow)
    return document


def _state(network: BareNetwork, flow: Flow) -> dict[str, Any]:
    solution = flow.solution
    volts, live = np.abs(solution.bus_voltage[0]), solution.bus_live[0]
    angle = np.degrees(np.angle(solution.bus_voltage[0]))
    lowest = int(np.where(live, volts, np.inf).argmin()) if live.any() else -1
    loading = np.nan_to_num(solution.branch_loading[0], posinf=0.0)
    fullest = int(loading.argmax()) if loading.size else -1
    served = np.where(solution.load_served[0], network.problem().load_power[0], 0.0)
    return {
        "lowest_voltage": {"bus": network.bus[lowest], "voltage": float(volts[lowest])}
        if lowest >= 0
        else None,
        "highest_loading": {"branch": network.branch[fullest], "loading": float(loading[fullest])}
        if fullest >= 0 and loading[fullest] > 0
        else None,
        "loss": float(solution.loss[0]),
        "shunt_loss": float(solution.shunt_loss[0]),
        "branch_loss": float(solution.branch_loss[0].sum()),
        "served": float(served.real.sum()),
        "source_power": {
            name: [float(value.real), float(value.imag)]
            for name, value in zip(network.source, solution.source_power[0], strict=True)
        },
        "dead": [name for name, on in zip(network.bus, live, strict=True) if not on],
        "voltage": dict(zip(network.bus, volts.tolist(), strict=True)),
        "angle": dict(zip(network.bus, angle.tolist(), strict=True)),
    }


def _diagnoses(network: BareNetwork, flow: Flow) -> Iterator[dict[str, Any]]:
    for found in flow.diagnoses:
        names = getattr(network, found.element, ())
        name = names[found.index] if 0 <= found.index < len(names) else ""
        yield {"kind": found.kind.value, "element": found.element, "name": name, "message": found.message}


def _loadability(network: BareNetwork, flow: Flow) -> dict[str, Any] | None:
    found = flow.loadability
    if found is None or not found.status.ok:
        return None
    bus = network.bus[found.bus] if found.bus >= 0 else None
    return {"margin": found.margin, "bounded": found.bounded, "bus": bus}


def sentences(network: BareNetwork, document: dict[str, Any]) -> Iterator[str]:
    """The document in words."""
    yield network.summary
    if document["solved"]:
        yield (
            f"solved: {document['iterations']} iterations, mismatch {document['mismatch']:.0e} p.u., "
            f"{_power(document['served'])} served, losses {_power(document['loss'])}"
            + (f", {_power(document['shunt_loss'])} in shunts" if document["shunt_loss"] else "")
        )
        if document["lowest_voltage"]:
            yield "lowest voltage {voltage:.5f} p.u. at {bus}".format(**document["lowest_voltage"])
        if top := document["highest_loading"]:
            yield "highest loading {:.1f} % of {}".format(100 * top["loading"], top["branch"])
        if document["dead"]:
            yield f"{len(document['dead'])} buses without supply: {', '.join(document['dead'][:MOST])}"
    else:
        yield f"no solution ({document['status']}): {document['detail']}"
    margin = document["loadability"]
    if margin is not None and margin["bounded"]:
        where = f", where {margin['bus']} collapses" if margin["bus"] else ""
        word = "may grow to" if margin["margin"] >= 1 else "can be served only up to"
        what = "loads and generation" if network.generator else "loads"
        yield f"{what} {word} {margin['margin']:.4g} times what they are{where}"
    for found in document["diagnoses"][:MOST]:
        yield f"{found['element']} {found['name']}: {found['message']}"
    if len(document["diagnoses"]) > MOST:
        yield f"and {len(document['diagnoses']) - MOST} more of the like"


def _power(watts: float) -> str:
    """Six digits, in the unit in which losses and loads of such a network are printed."""
    return f"{watts / 1e6:.3f} MW" if abs(watts) >= 1e6 else f"{watts / 1e3:.3f} kW"
