"""Write an :class:`UnbalancedProblem` from lines, transformers, regulators, capacitors, loads and sources.

A terminal is a bus and a letter: "a", "b", "c" are the phases, "n" the neutral conductor of the bus, "g" the earth.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from solvers.power.unbalanced.connections import coils
from solvers.power.unbalanced.matrices import cyclic
from solvers.power.unbalanced.problem import EARTH, UnbalancedProblem

Array = NDArray[Any]

LETTERS = "abcn"
CONDUCTORS = 4


class Feeder:
    """Collects elements by name of bus; :meth:`problem` gives the arrays.

    Every element method returns the index (or indices) of what it added in the arrays of the problem.

    Examples
    --------
    >>> feeder = Feeder()
    >>> feeder.bus("panel", 415.0)
    >>> feeder.source("panel", 415.0)
    [0, 1, 2]
    """

    def __init__(self, base_power: float = 1e6) -> None:
        self.base_power = base_power
        self._buses: dict[str, int] = {}
        self._voltage: list[float] = []
        self._nodes: dict[tuple[int, int], int] = {}
        self._lines: list[tuple[Array, Array, Array, Array, bool]] = []
        self._units: list[tuple[Any, ...]] = []
        self._shunts: list[tuple[int, int, complex]] = []
        self._switches: list[tuple[int, int, bool]] = []
        self._sources: list[tuple[int, complex]] = []
        self._loads: list[tuple[int, int, float, complex, float, float]] = []
        self._regulators: list[dict[str, Any]] = []

    def bus(self, name: str, voltage: float) -> None:
        """Declare a bus with its nominal voltage between phases. [V]"""
        if name in self._buses:
            raise ValueError(f"bus {name!r} is there twice")
        self._buses[name] = len(self._voltage)
        self._voltage.append(voltage)

    def node(self, bus: str, letter: str) -> int:
        """Node of a terminal; made when it is first named."""
        if letter == "g":
            return EARTH
        if bus not in self._buses:
            raise ValueError(f"there is no bus {bus!r}")
        if letter not in LETTERS or len(letter) != 1:
            raise ValueError(f"a terminal is one of a, b, c, n, g, got {letter!r}")
        return self._nodes.setdefault((self._buses[bus], LETTERS.index(letter)), len(self._nodes))

    def bus_index(self, name: str) -> int:
        """Index of a bus in the arrays."""
        return self._buses[name]

    def source(
        self, bus: str, voltage: float, *, angle: float = 0.0, positive: complex = 0.0, zero: complex = 0.0
    ) -> list[int]:
        """A balanced three-phase source to earth.

        Parameters
        ----------
        voltage : between phases [V]; angle : of phase a to earth [degree].
        positive, zero : sequence impedances in front of it; both 0 = an ideal source. [ohm]
        """
        at = bus
        if positive or zero:
            at = f"{bus}.source"
            self.bus(at, self._voltage[self._buses[bus]])
            self.line(at, bus, cyclic(positive, zero))
        start = len(self._sources)
        for k, letter in enumerate("abc"):
            phasor = voltage / np.sqrt(3) * np.exp(1j * (np.radians(angle) - k * 2 * np.pi / 3))
            self._sources.append((self.node(at, letter), complex(phasor)))
        return list(range(start, start + 3))

    def line(
        self, start: str, end: str, impedance: ArrayLike, *, phases: str = "abc", shunt: ArrayLike = 0.0,
        closed: bool = True,
    ) -> int:  # fmt: skip
        """A line of the conductors ``phases`` (any of "abcn") in the order of the matrices.

        Parameters
        ----------
        impedance : (k, k) series impedance of the whole line. [ohm]
        shunt : (k, k) shunt admittance of the whole line, 0 = none. [S]
        """
        count = len(phases)
        z, y = np.zeros((2, CONDUCTORS, CONDUCTORS), dtype=complex)
        z[:count, :count] = impedance
        y[:count, :count] = shunt
        ends = np.full((2, CONDUCTORS), EARTH)
        for k, letter in enumerate(phases):
            ends[:, k] = self.node(start, letter), self.node(end, letter)
        self._lines.append((ends[0], ends[1], z, y, closed))
        return len(self._lines) - 1

    def unit(
        self, primary: tuple[str, str, str], secondary: tuple[str, str, str], voltage: tuple[float, float],
        power: float, impedance: complex, *, magnetising: complex = 0.0, tap: float = 1.0, tap_primary: float = 1.0,
    ) -> int:  # fmt: skip
        """A single-phase transformer: (bus, letter, letter) of each coil, the first letter dotted.

        Open delta, open wye and single-phase banks are made of these.

        Parameters
        ----------
        voltage : rated voltages of the coils [V]; power : rating [VA].
        impedance, magnetising : on the rating. [p.u.]
        tap, tap_primary : turns of the secondary and primary coil over their rated turns. [-]
        """
        nodes = [(self.node(bus, one), self.node(bus, two)) for bus, one, two in (primary, secondary)]
        self._units.append((*nodes, voltage, power, impedance, magnetising, tap_primary, tap))
        return len(self._units) - 1

    def transformer(
        self, primary: str, secondary: str, group: str, voltage: tuple[float, float], power: float,
        impedance: complex, *, magnetising: complex = 0.0, tap: float = 1.0, tap_primary: float = 1.0,
        neutrals: tuple[str, str] = ("g", "g"),
    ) -> list[int]:  # fmt: skip
        """A three-phase transformer of a vector group, as three units.

        Parameters
        ----------
        group : IEC 60076-1 symbol with clock number: "Dyn11", "YNyn0", "YNd1", "Dd0", "Yd5", "Yyn0" ...; a
            wye without N has a floating star point.
        voltage : rated voltages between phases [V]; power : three-phase rating [VA].
        impedance : of the positive (and zero) sequence, on the rating. [p.u.]
        neutrals : letter that a star point with N is joined to on each side, "g" or "n".
        """
        indices = []
        for number, pair in enumerate(coils(group)):
            ends = []
            for bus, coil, neutral in zip((primary, secondary), pair, neutrals, strict=True):
                if coil.floating:
                    star = (
                        f"{primary}-{secondary}.{'s' if bus == secondary else 'p'}{len(self._units) - number}"
                    )
                    if star not in self._buses:
                        self.bus(star, self._voltage[self._buses[bus]])
                    letters = [(star, "n") if t == "n" else (bus, t) for t in coil.terminals]
                else:
                    letters = [(bus, neutral if t == "n" else t) for t in coil.terminals]
                ends.append(tuple(self.node(*at) for at in letters))
            rated = tuple(v / np.sqrt(3) if coil.wye else v for v, coil in zip(voltage, pair, strict=True))
            self._units.append((*ends, rated, power / 3, impedance, magnetising, tap_primary, tap))
            indices.append(len(self._units) - 1)
        return indices

    def centre_tap(
        self, primary: tuple[str, str, str], secondary: tuple[str, str, str, str], voltage: tuple[float, float],
        power: float, impedances: tuple[complex, complex, complex],
    ) -> list[int]:  # fmt: skip
        """A single-phase transformer with a tapped secondary, (bus, line, tap, line).

        Parameters
        ----------
        voltage : of the primary and of each half of the secondary. [V]
        impedances : of the primary and of each half, all on ``power`` (star equivalent). [p.u.]
        """
        bus, one, tap, two = secondary
        core = f"{primary[0]}-{bus}.core{len(self._units)}"
        self.bus(core, self._voltage[self._buses[bus]])
        half = voltage[1]
        return [
            self.unit(primary, (core, "a", "g"), voltage, power, impedances[0]),
            self.unit((core, "a", "g"), (bus, one, tap), (half, half), power, impedances[1]),
            self.unit((core, "a", "g"), (bus, tap, two), (half, half), power, impedances[2]),
        ]

    def regulator(
        self, units: list[int], *, target: float, band: float, pt_ratio: float, ct_rating: float = 1.0,
        drop: complex = 0.0, step: float = 0.00625, positions: int = 16, delay: float = 0.0, tap: int = 0,
        measured: int | None = None,
    ) -> int:  # fmt: skip
        """Let one control move the secondary taps of ``units`` together, measuring at the first (or ``measured``).

        Parameters
        ----------
        target, band : at the relay [V]; drop : R + jX [V] at ``ct_rating`` [A]; delay : [s].
        """
        self._regulators.append(
            dict(units=units, unit=units[0] if measured is None else measured, target=target, band=band,
                 pt_ratio=pt_ratio, ct_rating=ct_rating, drop=drop, step=step, positions=positions, delay=delay, tap=tap)
        )  # fmt: skip
        return len(self._regulators) - 1

    def shunt(self, bus: str, one: str, two: str, admittance: complex) -> int:
        """An admittance between two terminals of a bus, or a terminal and earth. [S]"""
        self._shunts.append((self.node(bus, one), self.node(bus, two), admittance))
        return len(self._shunts) - 1

    def capacitor(
        self,
        bus: str,
        power: float,
        voltage: float,
        *,
        phases: str = "abc",
        delta: bool = False,
        neutral: str = "g",
    ) -> list[int]:
        """A bank of ``power`` in all [var] at ``voltage`` across each capacitor [V]."""
        pairs = _pairs(phases, delta, neutral)
        return [self.shunt(bus, one, two, 1j * power / len(pairs) / voltage**2) for one, two in pairs]

    def earth(self, bus: str, letter: str = "n", *, impedance: complex = 0.0) -> None:
        """Tie a terminal to earth, solidly or through an impedance. [ohm]"""
        if impedance:
            self.shunt(bus, letter, "g", 1.0 / impedance)
        else:
            self._switches.append((self.node(bus, letter), EARTH, True))

    def switch(self, start: str, end: str, *, phases: str = "abc", closed: bool = True) -> list[int]:
        """An ideal switch, one pole for each of ``phases``."""
        for letter in phases:
            self._switches.append((self.node(start, letter), self.node(end, letter), closed))
        return list(range(len(self._switches) - len(phases), len(self._switches)))

    def load(
        self, bus: str, power: complex, voltage: float, *, phases: str = "abc", delta: bool = False,
        neutral: str = "g", current_share: float = 0.0, impedance_share: float = 0.0,
    ) -> list[int]:  # fmt: skip
        """A load of ``power`` in all [VA], divided evenly over its phases.

        Parameters
        ----------
        voltage : across each phase of the load: to neutral for wye, between phases for delta. [V]
        phases : wye: any of "abc", each to ``neutral``; delta: "ab" is one load between two phases, "abc" three.
        """
        pairs = _pairs(phases, delta, neutral)
        for one, two in pairs:
            self._loads.append(
                (
                    self.node(bus, one),
                    self.node(bus, two),
                    voltage,
                    power / len(pairs),
                    current_share,
                    impedance_share,
                )
            )
        return list(range(len(self._loads) - len(pairs), len(self._loads)))

    def problem(self, **more: Any) -> UnbalancedProblem:
        """The arrays; ``more`` fields (scenarios of switching, say) replace those written."""
        fields: dict[str, Any] = {}
        names = sorted(self._nodes, key=self._nodes.__getitem__)
        _write(fields, self._lines, "line_from line_to line_impedance line_admittance line_closed")
        _write(
            fields, self._units,
            "unit_from unit_to unit_voltage unit_power unit_impedance unit_magnetising unit_tap_from unit_tap_to",
        )  # fmt: skip
        _write(fields, self._shunts, "shunt_from shunt_to shunt_admittance")
        _write(fields, self._switches, "switch_from switch_to switch_closed")
        _write(fields, self._sources, "source_node source_voltage")
        _write(
            fields, self._loads,
            "load_from load_to load_voltage load_power load_current_share load_impedance_share",
        )  # fmt: skip
        if self._regulators:
            follows = np.full(len(self._units), -1)
            for number, regulator in enumerate(self._regulators):
                follows[regulator["units"]] = number
            fields["unit_regulator"] = follows
            for name in self._regulators[0]:
                if name != "units":
                    fields[f"regulator_{name}"] = np.array([r[name] for r in self._regulators])
        return UnbalancedProblem(
            self.base_power, np.array(self._voltage), np.array([bus for bus, _ in names]),
            np.array([conductor for _, conductor in names]), **(fields | more),
        )  # fmt: skip


def _write(fields: dict[str, Any], rows: list[Any], names: str) -> None:
    if rows:
        for name, column in zip(names.split(), zip(*rows, strict=True), strict=True):
            fields[name] = np.array(column)


def _pairs(phases: str, delta: bool, neutral: str) -> list[tuple[str, str]]:
    """Terminals of each single-phase part."""
    if not delta:
        return [(letter, neutral) for letter in phases]
    if len(phases) == 2:
        return [(phases[0], phases[1])]
    if len(phases) == 3:
        return [(phases[0], phases[1]), (phases[1], phases[2]), (phases[2], phases[0])]
    raise ValueError(f"a delta has two or three phases, got {phases!r}")
