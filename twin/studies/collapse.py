"""Why the normal state has no power flow: the bus whose voltage collapses, or what contradicts itself, by name."""

from __future__ import annotations

from collections.abc import Sequence
from math import floor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.power.diagnosis import Diagnosis, Kind, diagnose
from twin.networks.bare import LARGE
from twin.networks.power import PowerNetwork

CAUSES = (
    Kind.BEYOND_SOLUTION, Kind.RATIO_LOOP, Kind.SHORTED_CONVERTER, Kind.HELD_TWICE, Kind.SOURCE_AND_CONVERTER,
)  # fmt: skip
"""What leaves a state without a solution; the gravest first."""


def collapse(network: PowerNetwork, load: NDArray[np.complex128]) -> dict[str, Any]:
    """Name the machine or feed that leaves a state without a solution.

    Parameters
    ----------
    load : (L,) power asked of the power tree. [VA]

    Returns
    -------
    ``sentences``, and where a cause is found ``subject`` (machine, or feed as ``machine.terminal``; empty for none) and
    ``margin``, the largest factor on all loads that can be served (None where it is not the loads). [-]
    Nothing above :data:`~twin.networks.bare.LARGE` buses: the loads are followed to the collapse, which takes many solves.
    """
    problem = network.problem_with(load)
    if problem.bus_voltage.size > LARGE:
        return {}
    found = [one for one in diagnose(problem) if one.kind in CAUSES]
    if not found:
        return {"sentences": []}
    worst = min(found, key=lambda one: CAUSES.index(one.kind))
    name = _name(network, worst)
    subject = _subject(network, name)
    if worst.kind is Kind.BEYOND_SOLUTION:
        share = floor(1000.0 * worst.value) / 1000.0  # never rounded up to what cannot be served
        words = f"the loads can be served only up to {share:g} times: the voltage at {name} collapses"
        return {"sentences": [words], "subject": subject, "margin": worst.value}
    return {"sentences": [f"{name} {worst.message}"], "subject": subject, "margin": None}


def _name(network: PowerNetwork, found: Diagnosis) -> str:
    names: dict[str, Sequence[str]] = {
        "bus": network.bus_names,
        "branch": network.branch_names,
        "converter": network.converter_owner,
        "source": network.source_owner,
        "load": network.loads,
    }
    return names[found.element][found.index]


def _subject(network: PowerNetwork, name: str) -> str:
    """The feed of that name, else the machine that the bus belongs to (the first of several on a common bus)."""
    feeds = {network.branch_names[branch] for branch in network.feed_branch if branch >= 0}
    machines = {*network.output, *network.loads}
    if name in feeds or name in machines:
        return name
    first = name.split(" + ")[0]
    # names of machines have dots of their own: the longest that fits is the owner
    owners = (first[:end] for end in range(len(first), 0, -1) if end == len(first) or first[end] == ".")
    return next((owner for owner in owners if owner in machines), "")
