"""The law of single links, evaluated through the network solver itself: the drop at a given flow."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import network
from .friction import FrictionLaw, friction_and_slope
from .scenarios import rows as as_rows

Array = NDArray[np.float64]
Index = NDArray[np.intp]


def link_fields(problem: network.Problem, links: Index) -> dict[str, Any]:
    """Per-link arrays of the chosen links; what is common to all links stays as it is."""
    count = int(np.asarray(problem.link_from).size)
    taken: dict[str, Any] = {}
    for f in fields(problem):
        if f.name.startswith("link_"):
            value = np.asarray(getattr(problem, f.name))
            wide = value.ndim > 0 and value.shape[-1] == count and (count > 1 or value.ndim == 1)
            taken[f.name] = value[..., links] if wide else value
    return taken


def drop_at(
    problem: network.Problem, links: Index, flow: ArrayLike, *, friction: FrictionLaw = "colebrook"
) -> Array:
    """(S, L) pressure at ``link_from`` less that at ``link_to`` when the links carry ``flow`` [Pa].

    ``flow`` (L,) or (S, L) [kg/s].  Every link stands alone between a node of known pressure and a demand, so
    all its parts, elevation included, act as they do in the network; its limiter is left out.
    """
    links = np.asarray(links, np.intp)
    count = links.size
    start, end = (np.asarray(getattr(problem, name), np.intp)[links] for name in ("link_from", "link_to"))
    height = np.broadcast_to(np.asarray(problem.node_elevation, float), (problem.node_count,))
    demand = as_rows(flow, count)
    alone = replace(
        problem,
        **{
            **link_fields(problem, links),
            "node_count": 2 * count,
            "fixed_node": np.arange(count),
            "fixed_pressure": 0.0,
            "link_from": np.arange(count),
            "link_to": count + np.arange(count),
            "node_demand": np.concatenate([np.zeros_like(demand), demand], axis=1),
            "node_elevation": np.concatenate([height[start], height[end]]),
            "link_limit": np.inf,
            "link_open": True,
            "link_check": False,
        },
    )
    return network.solve(alone, friction=friction).link_drop


def passive_drop(problem: network.Problem, links: Index, flow: Array, friction: FrictionLaw) -> Array:
    """(S, L) piezometric drop of pipes, fittings and devices at ``flow`` (S, L): the laws written a second time [Pa].

    Pumps, limiters, Hazen-Williams pipes and curves are not part of it.
    """
    count = int(np.asarray(problem.link_from).size)

    def column(name: str) -> Array:
        return np.broadcast_to(np.asarray(getattr(problem, name), float), (count,))[links]

    diameter, density, exponent = (
        column(n) for n in ("link_diameter", "link_density", "link_device_exponent")
    )
    area = np.pi / 4.0 * diameter**2
    size = np.abs(flow)
    drop = as_rows(problem.link_device_coefficient, count)[:, links] * size**exponent
    piped = np.flatnonzero(area > 0.0)
    if piped.size:
        d, a = diameter[piped], area[piped]
        viscosity = as_rows(problem.link_viscosity, count)[:, links][:, piped]
        q = size[:, piped]
        factor, _ = friction_and_slope(
            q * d / (a * viscosity), column("link_roughness")[piped] / d, law=friction
        )
        loss = factor * column("link_length")[piped] / d + column("link_minor_loss")[piped]
        drop[:, piped] += loss * q**2 / (2.0 * density[piped] * a**2)
    return np.sign(flow) * drop
