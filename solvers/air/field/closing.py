"""Heat of a frozen flow, exact: temperature and streams in agreement, so that heat closes to rounding."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from solvers.air.field import influence as influences
from solvers.air.field import transport
from solvers.air.field.flow import Flow
from solvers.air.field.problem import Problem, leaving
from solvers.air.field.solution import Influence
from solvers.air.zonal import CEILING

Array = NDArray[np.float64]

GUESSED = 1e-5
"""Accepted residual of the heat that a warm start begins with."""
ROUNDS = 40
CLOSED = 1e-9
"""Change of an outlet at which the streams are closed, over the largest rise."""


@dataclass(frozen=True, eq=False)
class Heat:
    """Temperature that is exact for the frozen flow."""

    field: Array
    inlet: Array
    outlet: Array
    cooling: Array
    ok: bool


def frozen(flow: Flow) -> transport.Operator:
    """The flow's fluxes and conductances, ready to carry scalars; conserves mass to rounding, and lets the flow rest."""
    flow.conserve()
    flow.rest()
    area_x, area_y, area_z = flow.area
    flux = (flow.u * area_x, flow.v * area_y, flow.w * area_z)
    share = 1.0 / flow.prandtl()
    conductance = transport.each(lambda g: g * np.float32(share), flow.g)
    return transport.assemble(flow.voxels, flux, conductance, air=flow.problem.air)


def direct(problem: Problem) -> bool:
    """Whether few repeated solves close the streams: not where coils run at a limit and heat goes round and round."""
    return bool(np.all(~np.isfinite(problem.setpoint) | np.isinf(problem.capacity)))


def exact_heat(
    problem: Problem, flow: Flow, operator: transport.Operator, matrix: Influence | None, feasible: bool
) -> Heat:
    """Streams and temperature in agreement, for the frozen flow.

    With a matrix of influence, even one of groups or of a similar flow, the streams are closed by it, anchored to the
    field just solved: a Newton iteration with an approximate derivative.  Without, by Anderson mixing.
    """
    air = problem.air
    one_way = flow.streams.one_way
    fixed = np.where(np.isfinite(problem.setpoint), problem.setpoint, air.reference)
    outlet = flow.outlet.copy()
    ok = True
    correction, field = None, np.asarray(flow.T, float)
    second = flow.convection != "upwind"
    mixer = _Anderson()
    for _ in range(ROUNDS):
        if second:
            correction = flow.beyond_upwind(field)
        field, ending = transport.temperature(
            operator,
            outlet,
            walls=problem.wall_temperature,
            sources=problem.source_heat,
            correction=correction,
            start=field,
        )
        inlet = np.where(one_way, fixed, transport.entering(operator, field))
        after, cooling = leaving(problem, flow.flow, inlet)
        after = np.where(one_way, fixed, after)
        gap = float(np.abs(after - outlet).max(initial=0.0))
        if gap <= (1e-6 if second else CLOSED * max(float(np.ptp(after)) if after.size else 1.0, 1.0)):
            break
        if matrix is None:
            outlet = mixer.next(outlet, after)
        else:
            states = influences.stream_temperatures(
                influences.anchored(matrix, problem, inlet, outlet), problem, flow=flow.flow
            )
            outlet, ok = states.leaving[0], bool(states.ok[0])
    if not feasible or not np.isfinite(field).all():
        ceiling = np.full(inlet.shape, CEILING)
        return Heat(np.where(operator.voxels.fluid, CEILING, 0.0), ceiling, ceiling, 0.0 * cooling, False)
    return Heat(field, inlet, after, np.where(one_way, 0.0, cooling), ok and ending.status.ok and gap < 1e-3)


def guess(problem: Problem, flow: Flow, known: Influence | None) -> None:
    """Temperature of another state in the flow as it is, and the pressure at rest that goes with it."""
    operator = frozen(flow)
    if known is None:
        field, outlet = _closed(problem, flow, operator)
    else:
        outlet = influences.stream_temperatures(known, problem, flow=flow.flow).leaving[0]
        field, _ = transport.temperature(
            operator,
            outlet,
            walls=problem.wall_temperature,
            sources=problem.source_heat,
            start=np.asarray(flow.T, float),
            tolerance=GUESSED,
        )
    flow.warm_to(field)
    flow.outlet = outlet.copy()
    flow.set_outlets()


def _closed(problem: Problem, flow: Flow, operator: transport.Operator) -> tuple[Array, Array]:
    heat = exact_heat(problem, flow, operator, None, True)
    return heat.field, heat.outlet


class _Anderson:
    """Mixing of a fixed-point iteration over its last few steps: D. Anderson, J. ACM 12, 1965."""

    DEPTH = 6

    def __init__(self) -> None:
        self.x: list[Array] = []
        self.g: list[Array] = []

    def next(self, x: Array, g: Array) -> Array:
        self.x, self.g = [*self.x, x][-self.DEPTH :], [*self.g, g][-self.DEPTH :]
        if len(self.x) < 2:
            return g
        gaps = np.array([b - a for a, b in zip(self.x, self.g, strict=True)])
        steps = np.diff(gaps, axis=0).T
        weights = np.linalg.lstsq(steps, gaps[-1], rcond=1e-12)[0]
        return g - np.diff(np.array(self.g), axis=0).T @ weights
