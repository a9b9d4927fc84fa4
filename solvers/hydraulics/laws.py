"""Pressure drop of every link against its flow, and the slope of that law, which is never negative."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .case import Array, Case, Mask
from .friction import FrictionLaw, friction_and_slope
from .pipework import HAZEN_WILLIAMS_EXPONENT

SOFT_FLOW = 1e-6
"""Flow below which device and fitting laws turn linear, so that slopes never vanish [kg/s]; assumed."""
STEEP = 1e7
"""Slope of a blocked valve, relative to the scenario's pressure over flow; the polish removes its leak."""
FLAT = 1e-6
"""Least slope a Newton step uses for a pump, on the same scale (a step length, not part of the law)."""
LOSSLESS = 1e-8
"""Resistance given to a link that has none, on the same scale."""
START_VELOCITY = 1.0
"""Velocity of the first guess [m/s]; assumed, has no influence on the result."""


class Laws:
    """Link laws of one set of scenarios; arrays are (links, scenarios)."""

    def __init__(self, case: Case, friction: FrictionLaw) -> None:
        self.case, self.friction = case, friction
        self.pipes = np.flatnonzero(case.pipe[:, 0] > 0.0)
        whole = slice(None) if self.pipes.size == case.link_count else self.pipes
        self._pipe_rows = whole
        pipe_diameter, pipe_area = case.diameter[self.pipes], case.area[self.pipes]
        self._reynolds = pipe_diameter / (pipe_area * case.viscosity[self.pipes])
        quadratic = case.exponent[:, 0] == 2.0
        self._square = case.minor + np.where(quadratic[:, None], case.device, 0.0)
        self._square_rows = np.flatnonzero((self._square > 0.0).any(axis=1))
        self._power_rows = np.flatnonzero(~quadratic & (case.device > 0.0).any(axis=1))
        self._hazen_rows = np.flatnonzero(case.hazen[:, 0] > 0.0)
        self._curve_pumps = np.flatnonzero(case.curves.pump)
        self._curve_valves = np.flatnonzero(~case.curves.pump)
        self._square = self._square[self._square_rows]
        self.pumps = np.flatnonzero(case.pump[:, 0])
        self.one_way = np.flatnonzero(case.one_way[:, 0])
        self.limiters = np.flatnonzero(np.isfinite(case.limit).any(axis=1))
        lossless = (case.pipe + case.minor + case.hazen + case.device == 0.0) & ~case.pump
        lossless[case.curves.link] = False
        self._lossless = np.flatnonzero(lossless.any(axis=1))
        self._lossless_here = np.broadcast_to(lossless, (case.link_count, case.scenarios))[self._lossless]
        self._buoyant = bool(case.buoyancy.any())
        self.flow_scale = np.ones((1, case.scenarios))
        self.pressure_scale = np.ones((1, case.scenarios))
        self.flow_scale, self.pressure_scale = self._scales()
        self.steep = STEEP * self.pressure_scale / self.flow_scale

    def _scales(self) -> tuple[Array, Array]:
        """Typical flow and pressure of each scenario, for slopes that stand for zero and infinity."""
        case, start = self.case, self.start()
        spread = case.full("head").max(axis=0, initial=-np.inf) - case.full("head").min(
            axis=0, initial=np.inf
        )
        drive = np.maximum.reduce(
            [
                case.full("shutoff").max(axis=0, initial=0.0),
                np.maximum(spread, 0.0),
                np.broadcast_to(np.abs(case.buoyancy).max(initial=0.0), spread.shape),
            ]
        )
        flow = np.maximum(np.abs(start).max(axis=0, initial=0.0), np.abs(case.full("demand")).sum(axis=0))
        passive = np.abs(self._passive(start)[0]).max(axis=0, initial=1.0)
        drive = np.where(drive > 0.0, drive, passive)
        return np.maximum(flow, 1e-3)[None, :], np.maximum(drive, 1.0)[None, :]

    def start(self) -> Array:
        """First guess of the flows: one metre per second in pipes, mid-curve in pumps."""
        case = self.case
        flow = np.array(
            np.broadcast_to(case.density * case.area * START_VELOCITY, (case.link_count, case.scenarios))
        )
        head, slope, curve = case.full("shutoff"), case.full("slope"), case.full("curvature")
        with np.errstate(divide="ignore", invalid="ignore"):
            runout = (np.sqrt(slope**2 + 4 * curve * head) - slope) / (2 * curve)
            power = np.minimum(
                (head / curve) ** (1.0 / case.pump_exponent), np.where(slope > 0.0, head / slope, np.inf)
            )
            runout = np.where(case.pump_exponent == 2.0, runout, power)
            runout = np.where(curve > 0.0, runout, head / slope)
        if self._curve_pumps.size:
            rows = case.curves.link[self._curve_pumps]
            runout[rows] = case.curves.ends()[1][self._curve_pumps, None] * case.full("speed")[rows]
        known = case.pump & np.isfinite(runout) & (runout > 0.0)
        flow = np.where(known, 0.5 * np.where(known, runout, 0.0), flow)
        typical = np.median(flow[flow > 0.0]) if (flow > 0.0).any() else 1.0
        flow = np.where(flow > 0.0, flow, typical)
        return np.minimum(flow, np.maximum(case.limit, SOFT_FLOW))

    def _passive(self, flow: Array) -> tuple[Array, Array]:
        """Drop and slope of pipes, fittings and devices, at any flow in either direction."""
        case = self.case
        drop, slope = np.zeros_like(flow), np.zeros_like(flow)
        if self.pipes.size:
            q = flow[self._pipe_rows]
            size = np.maximum(np.abs(q), 1e-12)
            f, bend = friction_and_slope(size * self._reynolds, case.roughness[self.pipes], law=self.friction)
            resistance = f * case.pipe[self.pipes] * size
            drop[self._pipe_rows] = resistance * q
            slope[self._pipe_rows] = resistance * (2.0 + bend)
        rows = self._square_rows
        if rows.size:
            q = flow[rows]
            soft = np.sqrt(q * q + SOFT_FLOW**2)
            drop[rows] += self._square * q * soft
            slope[rows] += self._square * (2 * q * q + SOFT_FLOW**2) / soft
        rows = self._power_rows
        if rows.size:
            _add_power(rows, flow, case.device[rows], case.exponent[rows], drop, slope)
        rows = self._hazen_rows
        if rows.size:
            _add_power(rows, flow, case.hazen[rows], HAZEN_WILLIAMS_EXPONENT, drop, slope)
        for number in self._curve_valves:
            self._add_valve(int(number), flow, drop, slope)
        rows = self._lossless
        if rows.size:
            tiny = np.where(self._lossless_here, LOSSLESS * self.pressure_scale / self.flow_scale, 0.0)
            drop[rows] += tiny * flow[rows]
            slope[rows] += tiny
        return drop, slope

    def __call__(self, flow: Array) -> tuple[Array, Array]:
        """Drop [Pa] and slope [Pa/(kg/s)] of every link at ``flow``."""
        case = self.case
        drop, slope = self._passive(flow)
        if self.pumps.size:
            self._add_pumps(flow, drop, slope)
        for number in self._curve_pumps:
            self._add_curve_pump(int(number), flow, drop, slope)
        rows = self.one_way
        if rows.size:
            shut = case.full("shutoff")[rows]
            back = flow[rows] < 0.0
            drop[rows] = np.where(back, self.steep * flow[rows] - shut, drop[rows])
            slope[rows] = np.where(back, self.steep, slope[rows])
        rows = self.limiters
        if rows.size:
            excess = flow[rows] - case.limit[rows]
            over = excess > 0.0
            drop[rows] += np.where(over, self.steep * np.where(over, excess, 0.0), 0.0)
            slope[rows] += np.where(over, self.steep, 0.0)
        return (drop + case.buoyancy if self._buoyant else drop), slope

    def _add_pumps(self, flow: Array, drop: Array, slope: Array) -> None:
        """Subtract the pump curve; left of a peak the curve is held at its peak."""
        case, rows = self.case, self.pumps
        fall, curve, n = case.full("slope")[rows], case.full("curvature")[rows], case.pump_exponent[rows]
        with np.errstate(divide="ignore", invalid="ignore"):
            peak = np.maximum(-fall / (n * curve), 0.0) ** (1.0 / (n - 1.0))
            peak = np.where((fall < 0.0) & (curve > 0.0), peak, 0.0)
        q = np.maximum(flow[rows], peak)
        soft = q * q + SOFT_FLOW**2
        steepness = curve * soft ** ((n - 1.0) / 2.0)
        drop[rows] -= case.full("shutoff")[rows] - (fall + steepness) * q
        bend = steepness * (n * q * q + SOFT_FLOW**2) / soft
        least = FLAT * self.pressure_scale / self.flow_scale
        slope[rows] = np.maximum(slope[rows] + np.where(flow[rows] >= peak, fall + bend, 0.0), least)

    def _add_curve_pump(self, number: int, flow: Array, drop: Array, slope: Array) -> None:
        """Subtract a piecewise-linear rise (the shut-off head that :meth:`_add_pumps` took is part of it)."""
        case, row = self.case, self.case.curves.link[number]
        speed = case.full("speed")[row]
        speed = np.where(speed > 0.0, speed, 1.0)
        rise, bend = case.curves.at(number, np.maximum(flow[row], 0.0) / speed)
        drop[row] -= rise * speed**2 - case.full("shutoff")[row]
        slope[row] = np.maximum(
            slope[row] - np.where(flow[row] >= 0.0, bend * speed, 0.0),
            (FLAT * self.pressure_scale / self.flow_scale)[0],
        )

    def _add_valve(self, number: int, flow: Array, drop: Array, slope: Array) -> None:
        row = self.case.curves.link[number]
        fall, bend = self.case.curves.at(number, np.abs(flow[row]))
        drop[row] += np.sign(flow[row]) * fall
        slope[row] += np.maximum(bend, (LOSSLESS * self.pressure_scale / self.flow_scale)[0])

    def blocked(self, flow: Array) -> tuple[Mask, Mask]:
        """Links that a check valve has to hold, and links that a limiter has to."""
        return self.case.one_way & (flow < 0.0), flow > self.case.limit


def _add_power(
    rows: NDArray[np.intp], flow: Array, coefficient: Array, n: Array | float, drop: Array, slope: Array
) -> None:
    """Add ``c q |q|^(n-1)``, linear below :data:`SOFT_FLOW`."""
    q = flow[rows]
    soft = q * q + SOFT_FLOW**2
    resistance = coefficient * soft ** ((n - 1.0) / 2.0)
    drop[rows] += resistance * q
    slope[rows] += resistance * (n * q * q + SOFT_FLOW**2) / soft
