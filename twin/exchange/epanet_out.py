"""A bare hydraulic network as an EPANET 2.2 input file that the engine solves to the same flows.

A link becomes one element of EPANET's, or a few in series: pump, pipe, valve with a loss or a curve, flow limiter, pressure
valve.  A law that EPANET does not have becomes a curve that meets it at the flow of the solution.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from twin.exchange.epanet_options import VISCOSITY, WATER_DENSITY, Options
from twin.exchange.hydraulic import BareHydraulics
from twin.networks.bare_hydraulics import DARCY_SCALE, FITTING_SCALE

if TYPE_CHECKING:
    from twin.networks.bare_hydraulics import HydraulicFlow

Array = NDArray[Any]

LONGEST = 31
"""Characters of a name (EPANET ``MAXID``)."""
SHORT, WIDE = 0.01, 1.0
"""Length and diameter of a pipe that stands for no resistance: less than 1e-4 Pa at 1 m/s. [m]"""
VALVE = 0.1
"""Diameter of a valve for a loss that has none; its coefficient is made to fit. [m]"""
STEPS = np.concatenate([[0.0, 0.01, 0.03], np.linspace(0.1, 2.0, 39), [2.5, 3.0, 4.0, 6.0, 10.0]])
"""Flows of a curve over that of the solution."""
LARGEST_DENSITY_SPREAD = 1e-9
SMOOTH = 1e-6
"""Roughness of smooth pipes, in EPANET's unit, which must be > 0."""
SECTIONS = ("JUNCTIONS", "RESERVOIRS", "PIPES", "PUMPS", "VALVES", "STATUS", "CURVES")
_UNFIT = re.compile(r'[\s;"\[\]]+')


def write_epanet(network: BareHydraulics, path: str | Path, flow: HydraulicFlow) -> tuple[str, ...]:
    """Write a ``.inp``; returns what had to be changed.  A ValueError says what EPANET has no word for."""
    text, notes = epanet_text(network, flow)
    Path(path).write_text(text, encoding="utf-8")
    return notes


def epanet_text(network: BareHydraulics, flow: HydraulicFlow) -> tuple[str, tuple[str, ...]]:
    """The text of a ``.inp``, and what had to be changed.

    Parameters
    ----------
    flow : the solved state; curves meet the laws of links at its flows.

    Notes
    -----
    Where the network has friction by Colebrook, EPANET's by Swamee and Jain differs by up to 3 %; lengths and loss
    coefficients are enlarged by 0.08 % for its gravity of 32.2 ft/s2.
    """
    writer = _Writer(network, flow)
    writer.run()
    return writer.text(), tuple(writer.notes)


@dataclass
class _Names:
    """Names of at most 31 characters, each once."""

    taken: set[str] = field(default_factory=set)
    changed: list[tuple[str, str]] = field(default_factory=list)

    def fit(self, name: str, *, tell: bool = True) -> str:
        """The name, or the nearest one that fits and is free."""
        plain = _UNFIT.sub("_", name).strip("_") or "_"
        short, number = plain[:LONGEST], 1
        while short in self.taken:
            number += 1
            tail = f"~{number}"
            short = plain[: LONGEST - len(tail)] + tail
        self.taken.add(short)
        if tell and short != name:
            self.changed.append((name, short))
        return short


class _Writer:
    """Sections of the file, link after link."""

    def __init__(self, network: BareHydraulics, flow: HydraulicFlow) -> None:
        self.network, self.flow = network, flow
        self.rows: dict[str, list[str]] = {name: [] for name in SECTIONS}
        self.notes: list[str] = []
        self.links, self.nodes = _Names(), _Names()
        count = len(network.link)
        problem = flow.problem

        def column(value: Any, kind: type = float) -> Array:
            return np.broadcast_to(np.asarray(value, kind).reshape(-1), (count,))

        self.columns = {
            name: column(network.fields.get(name, getattr(problem, name)), kind)
            for name, kind in (
                ("link_from", int), ("link_to", int), ("link_length", float), ("link_diameter", float),
                ("link_roughness", float), ("link_minor_loss", float), ("link_device_coefficient", float),
                ("link_device_exponent", float), ("link_pump_head", float), ("link_pump_slope", float),
                ("link_pump_curvature", float), ("link_pump_exponent", float), ("link_pump_speed", float),
                ("link_limit", float), ("link_check", bool), ("link_open", bool), ("link_hazen_williams", float),
                ("link_curve", int), ("link_density", float), ("link_viscosity", float),
            )
        }  # fmt: skip
        density = self.columns["link_density"]
        self.density = float(density.mean()) if count else WATER_DENSITY
        self.williams = bool((self.columns["link_hazen_williams"] > 0.0).any())
        self._check()
        exact = network.rules == "exact"
        self.stretch = 1.0 / DARCY_SCALE if exact else 1.0
        self.fitting = 1.0 / FITTING_SCALE if exact else 1.0
        # EPANET 2.3.5 divides a power in kW twice by its factor, so that such pumps are written in horsepower
        self.unit = Options("GPM" if network.power else "LPS", specific_gravity=self.density / WATER_DENSITY)
        self.rate = self.density * self.unit.flow
        """[kg/s] of one unit of flow."""
        self.regulator = {valve.link: valve for valve in network.regulators}
        self.moved = np.abs(flow.solution.link_flow[0])

    def _check(self) -> None:
        density = self.columns["link_density"]
        if density.size and np.ptp(density) > LARGEST_DENSITY_SPREAD * self.density:
            raise ValueError("EPANET has one density for all links, and link_density varies")
        darcy = (self.columns["link_length"] > 0.0) & (self.columns["link_hazen_williams"] <= 0.0)
        if self.williams and darcy.any():
            name = self.network.link[int(np.argmax(darcy))]
            raise ValueError(
                f"EPANET has one friction law for all pipes; {name} has Darcy friction, others Hazen-Williams"
            )
        viscosity = self.columns["link_viscosity"]
        if darcy.any() and np.ptp(viscosity[darcy]) > 1e-9 * viscosity[darcy].max():
            self.notes.append("EPANET has one viscosity for all pipes: the mean of the pipes is written")

    def run(self) -> None:
        """All nodes and links."""
        problem, network = self.flow.problem, self.network
        count = len(network.node)
        elevation = np.broadcast_to(np.asarray(problem.node_elevation, float).reshape(-1), (count,))
        demand = np.broadcast_to(np.asarray(problem.node_demand, float).reshape(-1), (count,))
        fixed = np.asarray(network.fields["fixed_node"], int).reshape(-1)
        pressure = np.broadcast_to(
            np.asarray(network.fields["fixed_pressure"], float).reshape(-1), fixed.shape
        )
        known = dict(zip(fixed.tolist(), pressure.tolist(), strict=True))
        self.name = [self.nodes.fit(name) for name in network.node]
        self.elevation, self.known = elevation, known
        linked = np.zeros(count, bool)
        linked[self.columns["link_from"]] = linked[self.columns["link_to"]] = True
        if lonely := [name for name, on in zip(network.node, linked, strict=True) if not on]:
            self.notes.append(f"nodes without links are left out: {', '.join(lonely):.200}")
        for at, name in enumerate(self.name):
            if not linked[at]:
                continue
            if at in known:
                self._row(
                    "RESERVOIRS",
                    name,
                    elevation[at] / self.unit.length + known[at] / self.unit.head,
                    full=network.node[at],
                )
            else:
                self._row(
                    "JUNCTIONS",
                    name,
                    elevation[at] / self.unit.length,
                    demand[at] / self.rate,
                    full=network.node[at],
                )
        names = [self.links.fit(name) for name in network.link]
        for at, name in enumerate(names):
            self._link(at, name)
        changed = [*self.nodes.changed, *self.links.changed]
        if changed:
            shown = ", ".join(f"{old} -> {new}" for old, new in changed[:5])
            self.notes.append(
                f"{len(changed)} names do not fit EPANET's {LONGEST} characters without blanks and were changed, the old "
                f"one behind it as a comment: {shown}" + (" ..." if len(changed) > 5 else "")
            )

    def _row(self, section: str, *values: Any, full: str = "") -> None:
        words = [value if isinstance(value, str) else f"{float(value):.12g}" for value in values]
        note = f" ;{' '.join(full.split())}" if full and full != words[0] else ""
        self.rows[section].append(" " + "  ".join(words) + note)

    def _link(self, at: int, name: str) -> None:
        """One link as elements in series."""
        c = {key: value[at] for key, value in self.columns.items()}
        parts = list(self._parts(at, c))
        start, end = int(c["link_from"]), int(c["link_to"])
        if start in self.known and parts[0][0] in ("FCV", "PRV", "PSV"):
            parts.insert(0, self._plain_pipe())
        if end in self.known and parts[-1][0] in ("FCV", "PRV", "PSV"):
            parts.append(self._plain_pipe())
        held = next((n for n, part in enumerate(parts) if part[0] in ("PRV", "PSV")), len(parts))
        first = self.name[start]
        for number, (kind, values) in enumerate(parts):
            element = name if number == 0 else self.links.fit(f"{name}~{number + 1}", tell=False)
            last = self.name[end]
            if number < len(parts) - 1:
                last = self.nodes.fit(f"{name}~{number + 1}", tell=False)
                self._row(
                    "JUNCTIONS", last, self.elevation[start if number < held else end] / self.unit.length, 0.0
                )
            self._element(kind, element, first, last, values, self.network.link[at] if number == 0 else "")
            if (number == 0 and not c["link_open"]) or (kind == "PUMP" and c["link_pump_speed"] <= 0.0):
                self._close(kind, element)
            first = last

    def _close(self, kind: str, element: str) -> None:
        if kind == "CV":
            self.rows["PIPES"][-1] = re.sub(r"  CV(?= ;|$)", "  Closed", self.rows["PIPES"][-1])
        else:
            self._row("STATUS", element, "Closed")

    def _element(
        self, kind: str, element: str, first: str, last: str, values: tuple[Any, ...], full: str
    ) -> None:
        if kind in ("PIPE", "CV"):
            self._row("PIPES", element, first, last, *values, "CV" if kind == "CV" else "Open", full=full)
        elif kind == "PUMP":
            self._row("PUMPS", element, first, last, *values, full=full)
        else:
            diameter, setting, *minor = values
            self._row(
                "VALVES",
                element,
                first,
                last,
                diameter / self.unit.diameter,
                kind,
                setting,
                *(minor or [0.0]),
                full=full,
            )

    def _parts(self, at: int, c: dict[str, Any]) -> Iterable[tuple[str, tuple[Any, ...]]]:
        """Kind and values of the elements a link is made of; at least one."""
        pump = tuple(self._pump(at, c))
        if pump:
            yield "PUMP", pump
        check, diameter = bool(c["link_check"]) and not pump, float(c["link_diameter"])
        square, other = self._device(c)
        if self.regulator.get(at) is not None and c["link_length"] <= 0.0:
            yield from self._pressure_valve(at, c)
            return
        wide = diameter if diameter > 0.0 else VALVE
        area = np.pi / 4.0 * wide**2
        loss = c["link_minor_loss"] * self.fitting + square * 2.0 * self.density * area**2 / FITTING_SCALE
        if c["link_length"] > 0.0:
            yield "CV" if check else "PIPE", self._pipe(c, loss)
        elif loss > 0.0:
            yield "TCV", (wide, loss)
        if check and c["link_length"] <= 0.0:
            yield "CV", self._plain_pipe()[1]
        if other is not None:
            yield "GPV", (wide, self._drop_curve(at, *other))
        if c["link_curve"] >= 0 and not pump:
            yield "GPV", (wide, self._curve(*self.network.curves[int(c["link_curve"])]))
        limited = bool(np.isfinite(c["link_limit"]))
        if limited:
            yield "FCV", (wide, c["link_limit"] / self.rate)
        yield from self._pressure_valve(at, {**c, "link_minor_loss": 0.0})
        silent = not (pump or c["link_length"] > 0.0 or loss > 0.0 or check or limited)
        if silent and other is None and c["link_curve"] < 0 and at not in self.regulator:
            yield self._plain_pipe()

    def _plain_pipe(self) -> tuple[str, tuple[Any, ...]]:
        return "PIPE", (
            SHORT / self.unit.length,
            WIDE / self.unit.diameter,
            140.0 if self.williams else SMOOTH,
            0.0,
        )

    def _pipe(self, c: dict[str, Any], loss: float) -> tuple[Any, ...]:
        length, diameter = c["link_length"] / self.unit.length, c["link_diameter"] / self.unit.diameter
        if self.williams:
            return length, diameter, c["link_hazen_williams"], loss
        return length * self.stretch, diameter, max(c["link_roughness"] / self.unit.roughness, SMOOTH), loss

    def _pressure_valve(self, at: int, c: dict[str, Any]) -> Iterable[tuple[str, tuple[Any, ...]]]:
        valve = self.regulator.get(at)
        if valve is not None:
            diameter = c["link_diameter"] or VALVE
            yield (
                valve.kind.upper(),
                (diameter, valve.pressure / self.unit.pressure, c["link_minor_loss"] * self.fitting),
            )

    def _device(self, c: dict[str, Any]) -> tuple[float, tuple[float, float] | None]:
        """Coefficient of a square law [Pa/(kg/s)2], or coefficient and exponent of another one."""
        coefficient, exponent = float(c["link_device_coefficient"]), float(c["link_device_exponent"])
        if coefficient <= 0.0 or exponent == 2.0:
            return max(coefficient, 0.0), None
        return 0.0, (coefficient, exponent)

    def _drop_curve(self, at: int, coefficient: float, exponent: float) -> str:
        flow = STEPS * (self.moved[at] if self.moved[at] > 0.0 else self.rate)
        return self._curve(flow, coefficient * flow**exponent)

    def _curve(self, flow: Array, pressure: Array) -> str:
        """Name of a curve through these points."""
        name = f"c{len({row.split()[0] for row in self.rows['CURVES']}) + 1}"
        for q, p in zip(np.ravel(flow), np.ravel(pressure), strict=True):
            self._row("CURVES", name, q / self.rate, p / self.unit.head)
        return name

    def _pump(self, at: int, c: dict[str, Any]) -> Iterable[Any]:
        """Keywords and values of a pump."""
        power = (self.network.power or {}).get(self.network.link[at], 0.0)
        if power:
            # EPANET's head of such a pump is that of water
            yield from ("POWER", power / self.unit.power / self.unit.specific_gravity)
            return
        number = int(c["link_curve"])
        if c["link_pump_head"] > 0.0:
            flow, rise = self._pump_points(at, c)
        elif (
            number >= 0
            and np.ravel(self.network.curves[number][1])[-1] < np.ravel(self.network.curves[number][1])[0]
        ):
            flow, rise = (np.ravel(np.asarray(points, float)) for points in self.network.curves[number])
            if flow.size == 3 and flow[0] == 0.0:  # EPANET would put a power law through three points
                flow, rise = (np.insert(a, 1, (a[0] + a[1]) / 2.0) for a in (flow, rise))
        else:
            return
        yield from ("HEAD", self._curve(flow, rise))
        if 0.0 < c["link_pump_speed"] != 1.0:
            yield from ("SPEED", c["link_pump_speed"])

    def _pump_points(self, at: int, c: dict[str, Any]) -> tuple[Array, Array]:
        """Three points of a power law, or many of another one, which must fall all the way."""
        head, slope, curvature, n = (
            float(c[f"link_pump_{key}"]) for key in ("head", "slope", "curvature", "exponent")
        )
        if slope == 0.0 and curvature > 0.0:
            flow = np.array([0.0, 0.5, 0.9]) * (head / curvature) ** (1.0 / n)
            return flow, head - curvature * flow**n
        if slope == 0.0:
            return np.array([0.0, 1e3 * max(self.moved[at], 1.0)]), np.array([head, head * (1.0 - 1e-6)])
        speed = max(float(c["link_pump_speed"]), 1e-6)
        flow = STEPS * (self.moved[at] / speed if self.moved[at] > 0.0 else self.rate)
        rise = head - slope * flow - curvature * flow**n
        rise = np.minimum.accumulate(np.where(np.arange(rise.size) < rise.argmax(), rise.max(), rise))
        return flow, rise - 1e-9 * head * np.arange(rise.size)

    def text(self) -> str:
        """The file."""
        kinematic = VISCOSITY
        viscosity = self.columns["link_viscosity"]
        pipes = self.columns["link_length"] > 0.0
        if pipes.any():
            kinematic = float(viscosity[pipes].mean()) / self.density
        lines = ["[TITLE]", f"{' '.join(self.network.name.split()).lstrip('[')}", ""]
        for section in SECTIONS:
            lines += [f"[{section}]", *self.rows[section], ""]
        law = "H-W" if self.williams else "D-W"
        lines += [
            "[OPTIONS]", f" UNITS {self.unit.flow_unit}", f" HEADLOSS {law}",
            f" SPECIFIC GRAVITY {self.unit.specific_gravity:.12g}",
            f" VISCOSITY {kinematic / self.unit.length**2:.12g}", " TRIALS 500", " ACCURACY 0.00001", "",
            "[TIMES]", " DURATION 0", "", "[REPORT]", " STATUS No", "", "[END]", "",
        ]  # fmt: skip
        return "\n".join(lines)
