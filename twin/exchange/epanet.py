"""EPANET input files (``.inp``, versions 2.0 to 2.3) as bare hydraulic networks: the state at time 0.

Sections, their columns and what is taken where they are silent are those of the EPANET 2.2 Users Manual, appendix C.2,
and of the engine, version 2.3.5, where the manual leaves it open.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log, pi, sqrt
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from twin.exchange.epanet_elements import Elements, Link, Node, read_elements
from twin.exchange.epanet_options import GRAVITY, Options, Tables, multiplier, read_options, read_tables
from twin.exchange.epanet_text import LEFT_OUT, Inp, Row, read_inp
from twin.exchange.hydraulic import BareHydraulics
from twin.exchange.mistake import complain
from twin.layout.mistakes import LayoutError, quote
from twin.networks.bare_hydraulics import FITTING_SCALE, Regulator

Array = NDArray[Any]

SHUTOFF = 1.33334
"""Head at no flow over that of the design point, of a curve with one point (EPANET, ``pumpcurvepump``)."""
BREAKER_FLOW = 1e-4
"""Flow from which a pressure-breaking valve drops its full pressure. [kg/s]"""
BREAKER_STEP, BREAKER_POINTS = 1.02, 120
"""Flows at which the curve of one that is open meets its parabola: up to ten times the first, 1e-4 above it between."""
STEEPEST = 20.0
"""Largest exponent of a pump curve of three points (EPANET, ``powerfuncpump``)."""


def read_epanet(path: str | Path) -> BareHydraulics:
    """Read an EPANET file.

    Raises
    ------
    twin.layout.mistakes.LayoutError
        All mistakes of the file, each with its line and column.

    Notes
    -----
    Tanks stand at their initial level, demands, speeds and heads at the multiplier of their pattern at time 0, and
    controls that hold at time 0 have acted.  An emitter is a link to a node of its own at the pressure of the air.
    """
    inp = read_inp(path)
    options, tables = read_options(inp), read_tables(inp)
    elements = read_elements(inp, options, tables)
    network = _Network(inp, options, tables, elements)
    network.convert()
    if inp.mistakes:
        raise LayoutError(inp.mistakes)
    try:
        return network.finished(Path(path).stem)
    except ValueError as error:
        complain(str(path), f"not a network that can be solved: {error}")


@dataclass
class _Curves:
    """Curves that links follow, each once."""

    points: list[tuple[Array, Array]]
    at: dict[str, int]


class _Network:
    """Turns what the file says into arrays."""

    def __init__(self, inp: Inp, options: Options, tables: Tables, elements: Elements) -> None:
        self.inp, self.options, self.tables = inp, options, tables
        self.nodes, self.links = elements.nodes, elements.links
        self.emitting = [number for number, node in enumerate(self.nodes) if node.emitter > 0.0]
        count = len(self.links) + len(self.emitting)
        self.columns: dict[str, Array] = {name: np.zeros(count) for name in (
            "link_length", "link_diameter", "link_roughness", "link_minor_loss", "link_hazen_williams",
            "link_device_coefficient", "link_pump_head", "link_pump_slope", "link_pump_curvature",
        )}  # fmt: skip
        self.columns |= {
            "link_device_exponent": np.full(count, 2.0), "link_pump_exponent": np.full(count, 2.0),
            "link_pump_speed": np.ones(count), "link_limit": np.full(count, np.inf), "link_curve": np.full(count, -1),
            "link_check": np.zeros(count, bool), "link_open": np.ones(count, bool),
        }  # fmt: skip
        self.curves = _Curves([], {})
        self.power: dict[str, float] = {}
        self.regulators: list[Regulator] = []
        self.turned: list[str] = []

    def convert(self) -> None:
        """All links, and what is wrong about the network as a whole."""
        inp = self.inp
        if not self.nodes and not inp.mistakes:
            inp.wrong("no nodes: this is no EPANET network; it needs [JUNCTIONS], [RESERVOIRS], [PIPES]")
        elif not any(node.head is not None for node in self.nodes) and not inp.mistakes:
            inp.wrong("no reservoir or tank, so no pressure is known; add one in [RESERVOIRS]")
        for row in inp.rows("LEAKAGE")[:1]:
            inp.wrong_word(row, 0, "leakage along pipes is not solved; write emitters at their ends")
        for number, link in enumerate(self.links):
            self._link(number, link)
            if inp.full:
                return
        self._emitters()
        self._tell()

    def _tell(self) -> None:
        notes = self.inp.notes
        if found := [name for name in LEFT_OUT if self.inp.rows(name)]:
            notes.append(f"sections left out, about water quality and costs: {', '.join(found)}")
        if row := self.options.pattern_row:
            name = self.options.pattern
            if name not in self.tables.patterns and self.tables.patterns:
                notes.append(
                    f"line {row.line}: the default pattern {name} is not in [PATTERNS]; demands are not varied"
                )
        for what, way in (("full", "into"), ("empty", "out of")):
            if names := [node.name for node in self.nodes if getattr(node, what)]:
                notes.append(
                    f"tanks that are {what}, so that nothing flows {way} them: {', '.join(names):.200}"
                )
        if self.turned:
            notes.append(
                f"turned round, because flow is let only the other way: {', '.join(self.turned):.200}"
            )

    def _set(self, number: int, **values: float | bool) -> None:
        for name, value in values.items():
            self.columns[name][number] = value

    def _link(self, number: int, link: Link) -> None:
        o = self.options
        self._set(
            number, link_open=link.open, link_diameter=link.diameter * o.diameter, link_minor_loss=link.minor
        )
        if link.kind in ("PIPE", "CV"):
            self._set(number, link_length=link.length * o.length, link_check=link.kind == "CV")
            if o.law == "D-W":
                self._set(number, link_roughness=link.roughness * o.roughness)
            else:
                self._set(number, link_hazen_williams=link.roughness)
        elif link.kind == "PUMP":
            self._pump(number, link)
        elif link.kind == "GPV":
            self._set(number, link_minor_loss=0.0, link_curve=self._follow(link, falling=False))
        elif link.setting is not None:
            self._valve(number, link, link.setting)
        start, end = self.nodes[link.start], self.nodes[link.end]
        if start.empty or end.full:
            self._against(number, link)
        if start.full or end.empty:
            self._set(number, link_check=True)

    def _against(self, number: int, link: Link) -> None:
        """Let flow only from end to start."""
        if link.kind in ("PIPE", "TCV", "GPV"):
            link.start, link.end = link.end, link.start
            self._set(number, link_check=True)
            self.turned.append(link.name)
        else:  # those let flow only from start to end
            self._set(number, link_open=False)

    def _valve(self, number: int, link: Link, setting: float) -> None:
        """A valve at its setting; without one it is open with its own loss."""
        o = self.options
        if link.kind == "TCV":
            self._set(number, link_minor_loss=setting)
        elif link.kind == "FCV":
            if setting > 0.0:
                self._set(number, link_limit=setting * o.flow * o.density)
            else:
                self._set(number, link_open=False)
        elif link.open and not (link.kind == "PBV" and setting == 0.0):
            if link.kind == "PBV":
                self._breaker(number, link, setting * o.pressure)
            else:
                kind: Literal["prv", "psv"] = "prv" if link.kind == "PRV" else "psv"
                self.regulators.append(Regulator(number, kind, setting * o.pressure))

    def _breaker(self, number: int, link: Link, pressure: float) -> None:
        """A constant drop, or that of the open valve where it is larger, as a curve."""
        o = self.options
        flow, drop = [0.0, BREAKER_FLOW], [0.0, pressure]
        if link.minor > 0.0:
            area = pi / 4.0 * (link.diameter * o.diameter) ** 2
            loss = link.minor * FITTING_SCALE / (2.0 * o.density * area**2)
            equal = sqrt(pressure / loss)
            flow += [equal * BREAKER_STEP**step for step in range(BREAKER_POINTS) if equal > BREAKER_FLOW]
            drop += [loss * q * q for q in flow[2:]]
        else:
            flow, drop = [*flow, 1e3], [*drop, pressure]
        self._set(number, link_minor_loss=0.0, link_curve=len(self.curves.points), link_check=True)
        self.curves.points.append((np.array(flow), np.array(drop)))

    def _pump(self, number: int, link: Link) -> None:
        o = self.options
        speed = link.setting or 0.0
        self._set(number, link_pump_speed=speed)
        if link.power:
            # EPANET's head 8.814 hp / cfs is that of water, whatever the specific gravity
            if speed > 0.0 and link.open:
                self.power[link.name] = link.power * o.power * o.specific_gravity * speed**3
            else:
                self._set(number, link_open=False)
            self._set(number, link_pump_speed=1.0)
            return
        points = self.tables.curves.get(link.curve, [])
        rows = self.tables.curve_rows.get(link.curve, [])
        if len(points) == 1:
            ((q, h),) = points
            self._power_law(number, link, rows[0], (SHUTOFF * h, h, 0.0), (q, 2.0 * q))
        elif len(points) == 3 and points[0][0] == 0.0:
            (_, a), (q, b), (r, c) = points
            self._power_law(number, link, rows[0], (a, b, c), (q, r))
        elif points:
            self._set(number, link_curve=self._follow(link, falling=True))

    def _power_law(
        self, number: int, link: Link, row: Row, head: tuple[float, float, float], flow: tuple[float, float]
    ) -> None:
        """``rise = a - b flow^n`` through no flow and two points."""
        (a, b, c), (q, r), o = head, flow, self.options
        exponent = log((a - c) / (a - b)) / log(r / q) if a > b > c and r > q > 0.0 else 0.0
        if not 0.0 < exponent <= STEEPEST:
            self.inp.wrong_word(
                row, 0, f"curve {quote(link.curve)} of pump {quote(link.name)} must fall from a head at no flow, over ever "
                "larger flows",
            )  # fmt: skip
            return
        steep = (a - b) * o.head / (q * o.flow * o.density) ** exponent
        self._set(number, link_pump_head=a * o.head, link_pump_exponent=exponent, link_pump_curvature=steep)

    def _follow(self, link: Link, *, falling: bool) -> int:
        """Index of the curve of a pump or general-purpose valve, checked."""
        name, o = link.curve, self.options
        key = f"{'pump' if falling else 'valve'} {name}"
        if not name or key in self.curves.at:
            return self.curves.at.get(key, -1)
        points, rows = self.tables.curves[name], self.tables.curve_rows[name]
        if not falling and points[0][0] > 0.0:
            points, rows = [(0.0, 0.0), *points], [rows[0], *rows]
        if not falling and points[0][1] != 0.0:
            self.inp.wrong_word(
                rows[0], 2, f"curve {quote(name)} of a valve must begin with no head at no flow"
            )
        if len(points) < 2:
            self.inp.wrong_word(
                rows[0], 0, f"curve {quote(name)} has one point; {link.kind} {quote(link.name)} needs two"
            )
        for at in range(1, len(points)):
            (q, h), (r, k) = points[at - 1 : at + 1]
            if r <= q:
                self.inp.wrong_word(
                    rows[at], 1, f"the flows of curve {quote(name)} must rise; {r:g} follows {q:g}"
                )
            elif k >= h if falling else k < h:
                word = "fall" if falling else "not fall"
                self.inp.wrong_word(
                    rows[at], 2, f"the heads of curve {quote(name)} must {word}; {k:g} follows {h:g}"
                )
        if points[0][0] < 0.0 or points[0][1] < 0.0:
            self.inp.wrong_word(rows[0], 1, f"curve {quote(name)} begins at a negative flow or head")
        flow, head = np.array(points).T
        self.curves.at[key] = len(self.curves.points)
        self.curves.points.append((flow * o.flow * o.density, head * o.head))
        return self.curves.at[key]

    def _emitters(self) -> None:
        """``flow = C pressure^n``, turned round: ``pressure = (flow / C)^(1/n)``."""
        o = self.options
        for place, at in enumerate(self.emitting):
            number, exponent = len(self.links) + place, 1.0 / o.emitter_exponent
            flow = self.nodes[at].emitter * o.flow * o.density  # at one unit of pressure
            self._set(
                number, link_device_coefficient=o.emitter_pressure / flow**exponent, link_device_exponent=exponent,
                link_check=not o.backflow,
            )  # fmt: skip

    def _demand(self, node: Node) -> float:
        """[kg/s] at time 0; none at a reservoir or tank."""
        o = self.options
        total = sum(base * multiplier(self.tables, o, pattern or o.pattern) for base, pattern in node.demand)
        return total * o.multiplier * o.flow * o.density

    def finished(self, stem: str) -> BareHydraulics:
        """All arrays and names."""
        o, nodes, links = self.options, self.nodes, self.links
        elevation = (
            np.array([node.elevation for node in nodes] + [nodes[at].elevation for at in self.emitting])
            * o.length
        )
        fixed = [number for number, node in enumerate(nodes) if node.head is not None]
        heads = np.array([nodes[number].head for number in fixed], float) * o.length
        pressure = (heads - elevation[fixed]) * o.density * GRAVITY
        outlets = [len(nodes) + place for place in range(len(self.emitting))]
        fields: dict[str, Array] = {
            "fixed_node": np.array(fixed + outlets, int),
            "fixed_pressure": np.concatenate([pressure, np.zeros(len(outlets))]),
            "link_from": np.array([link.start for link in links] + self.emitting, int),
            "link_to": np.array([link.end for link in links] + outlets, int),
            "node_demand": np.array([self._demand(node) for node in nodes] + [0.0] * len(outlets)),
            "node_elevation": elevation, **self._used(),
            "link_density": np.full(len(links) + len(outlets), o.density),
            "link_viscosity": np.full(len(links) + len(outlets), o.viscosity * o.density),
        }  # fmt: skip
        title = " ".join(word for row in self.inp.rows("TITLE")[:1] for word in row.words)
        taken = {node.name for node in nodes}
        air = [_free(f"air at {nodes[at].name}", taken) for at in self.emitting]
        taken = {link.name for link in links}
        emitters = [_free(f"emitter {nodes[at].name}", taken) for at in self.emitting]
        return BareHydraulics(
            fields, (*(node.name for node in nodes), *air), (*(link.name for link in links), *emitters),
            tuple(self.curves.points), self.power, tuple(self.regulators), "epanet", title or stem, self.inp.file,
            tuple(self.inp.notes),
        )  # fmt: skip

    def _used(self) -> dict[str, Array]:
        """Columns that say something."""
        silent = {"link_device_exponent": 2.0, "link_pump_exponent": 2.0, "link_pump_speed": 1.0, "link_limit": np.inf,
                  "link_curve": -1, "link_open": True}  # fmt: skip
        return {
            name: value for name, value in self.columns.items() if not (value == silent.get(name, 0.0)).all()
        }


def _free(name: str, taken: set[str]) -> str:
    """A name that nothing has yet."""
    while name in taken:
        name += "'"
    taken.add(name)
    return name
