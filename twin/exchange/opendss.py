"""Bare networks as OpenDSS scripts, in the single-phase equivalent of a balanced network."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from twin.exchange.network import BareNetwork
from twin.exchange.state import Load, State, charging, state_of

if TYPE_CHECKING:
    from solvers.power import Solution

Array = NDArray[Any]

ANY_VOLTAGE = "vminpu=0.01 vmaxpu=10"
"""Loads keep their model at all voltages; OpenDSS would make them impedances outside 0.95..1.05 p.u."""
STIFF = 1e-9
"""Reactance of sources: OpenDSS has none without, and its model "ideal" keeps one that shows at 1e-6. [p.u.]"""
NO_LIMIT = 1e6
"""Rating of branches without one. [A]"""


def write_opendss(
    network: BareNetwork, path: str | Path, solution: Solution, *, frequency: float = 50.0
) -> None:
    """Write the state of a network that was solved; see :func:`opendss_script`."""
    Path(path).write_text(opendss_script(network, solution, frequency=frequency), encoding="utf-8")


def opendss_script(network: BareNetwork, solution: Solution, *, frequency: float = 50.0) -> str:
    """A script with which OpenDSS finds the same voltages in per unit.

    Parameters
    ----------
    solution : of ``solvers.power.solve(network.problem())``.
    frequency : [Hz]

    Raises
    ------
    ValueError
        If the solution is not of this network, there is no source, a transformer shifts the phase, or an ideal
        branch joins buses of different voltage.

    Notes
    -----
    One phase stands for three: voltages are line to earth, powers a third.  Buses joined by closed branches without
    impedance are one bus of the script.  Converters are loads at their inputs and sources at their outputs;
    sections of direct current are balanced AC sections of the same per-unit resistances; PV generators are
    negative loads of the powers found.  What is open or dead is left out.
    """
    writer = _Writer(state_of(network, solution), solution, frequency)
    return "\n".join(writer.lines()) + "\n"


class _Writer:
    def __init__(self, state: State, solution: Solution, frequency: float) -> None:
        self.state, self.problem, self.solution = state, state.problem, solution
        self.frequency = frequency
        self.level = self.problem.bus_voltage / np.sqrt(3.0) / 1e3  # kV to earth
        self.base = self.problem.base_power
        self._used: dict[str, int] = {}
        self.bus = self._buses()

    def _buses(self) -> list[str]:
        """Name of each bus: that of the first one of its busbar."""
        problem = self.problem
        at = np.flatnonzero(self.state.closed & (problem.branch_impedance == 0))
        for branch in at:
            f, t = int(problem.branch_from[branch]), int(problem.branch_to[branch])
            if problem.branch_tap[branch] != 1 or self.level[f] != self.level[t]:
                raise ValueError(f"branch {self.state.network.branch[branch]!r} is an ideal transformer")
        size = problem.bus_voltage.size
        ends = (np.ones(at.size), (problem.branch_from[at], problem.branch_to[at]))
        _, section = connected_components(coo_array(ends, shape=(size, size)), directed=False)
        _, first, place = np.unique(section, return_index=True, return_inverse=True)
        names = [self._name("", self.state.network.bus[bus]) for bus in first]
        return [names[number] for number in place]

    def _name(self, kind: str, name: str) -> str:
        """A name that OpenDSS takes, different from all others."""
        plain = re.sub(r"[^A-Za-z0-9_-]+", "_", f"{kind}{name}").strip("_").lower() or "x"
        self._used[plain] = count = self._used.get(plain, 0) + 1
        return plain if count == 1 else self._name("", f"{plain}_{count}")

    def lines(self) -> Iterator[str]:
        """The script."""
        yield f"! {_comment(self.state.network.name)}: single-phase equivalent, written by twin"
        yield "clear"
        yield f"set defaultbasefrequency={self.frequency:.12g}"
        yield from self._sources()
        yield from self._branches()
        for load in self.state.loads:
            yield self._load(load)
        yield from self._machines()
        yield from self._shunts()
        bases = " ".join(f"{level * np.sqrt(3):.9g}" for level in np.unique(self.level[self.state.live]))
        yield f"set voltagebases=[{bases}]"
        yield "set tolerance=1e-10 maxiterations=200 controlmode=off"
        yield "solve"

    def _sources(self) -> Iterator[str]:
        if not self.state.holders:
            raise ValueError("the network has no source, which OpenDSS needs")
        held: set[str] = set()
        for holder in self.state.holders:
            bus = self.bus[holder.bus]
            if bus in held:
                continue  # several sources of one busbar hold it at one voltage
            name = (
                self._name("", holder.name) if held else self._name("", self.state.network.name or "network")
            )
            kind = "vsource" if held else "circuit"
            held.add(bus)
            angle = float(np.rad2deg(np.angle(holder.voltage)))
            ohm = STIFF * float(self.problem.bus_voltage[holder.bus]) ** 2 / self.base
            yield (
                f"new {kind}.{name} phases=1 bus1={bus}.1 basekv={self.level[holder.bus]:.15g} "
                f"pu={abs(holder.voltage):.15g} angle={angle:.15g} r1=0 x1={ohm:.9g} r0=0 x0={ohm:.9g} "
                f"frequency={self.frequency:.12g} basefreq={self.frequency:.12g}"
            )

    def _branches(self) -> Iterator[str]:
        problem = self.problem
        uncharged = []
        for branch in np.flatnonzero(self.state.closed):
            name = self.state.network.branch[branch]
            f, t = int(problem.branch_from[branch]), int(problem.branch_to[branch])
            z, tap = complex(problem.branch_impedance[branch]), complex(problem.branch_tap[branch])
            if tap.imag:
                raise ValueError(f"branch {name!r} shifts the phase, which one phase cannot tell")
            if z == 0:
                uncharged.append(branch)
            elif tap == 1 and self.level[f] == self.level[t]:
                yield self._line(int(branch), name, f, t, z)
            else:
                uncharged.append(branch)
                yield self._transformer(int(branch), name, f, t, z, tap.real)
        self._charging = list(charging(self.state, np.array(uncharged, dtype=int)))

    def _line(self, branch: int, name: str, f: int, t: int, z: complex) -> str:
        ohm = float(self.problem.bus_voltage[t]) ** 2 / self.base
        farad = float(self.problem.branch_charging[branch]) / ohm / (2 * np.pi * self.frequency)
        r, x, c = z.real * ohm, z.imag * ohm, farad * 1e9
        rating = float(self.problem.branch_rating[branch])
        rating = rating if np.isfinite(rating) else NO_LIMIT
        return (
            f"new line.{self._name('', name)} phases=1 bus1={self.bus[f]}.1 bus2={self.bus[t]}.1 length=1 "
            f"r1={r:.15g} x1={x:.15g} r0={r:.15g} x0={x:.15g} c1={c:.15g} c0={c:.15g} normamps={rating:.12g}"
        )

    def _transformer(self, branch: int, name: str, f: int, t: int, z: complex, tap: float) -> str:
        kva = self.base / 3e3
        return (
            f"new transformer.{self._name('', name)} phases=1 windings=2 buses=({self.bus[f]}.1 {self.bus[t]}.1) "
            f"kvs=({self.level[f]:.15g} {self.level[t]:.15g}) kvas=({kva:.15g} {kva:.15g}) taps=({tap:.15g} 1) "
            f"mintap={min(tap, 0.5):.15g} maxtap={max(tap, 1.5):.15g} %rs=({50 * z.real:.15g} {50 * z.real:.15g}) "
            f"xhl={100 * z.imag:.15g} %imag=0 %noloadloss=0 ppm_antifloat=0"
        )

    def _load(self, load: Load) -> str:
        model = "model=1"
        if load.current or load.impedance:
            rest = 1.0 - load.current - load.impedance
            part = f"{load.impedance:.15g} {load.current:.15g} {rest:.15g}"
            model = f"model=8 zipv=({part} {part} 0)"
        return self._power(load.bus, load.power, self._name("", load.name), model)

    def _power(self, bus: int, power: complex, name: str, model: str) -> str:
        watt, var = power.real / 3e3, power.imag / 3e3
        return (
            f"new load.{name} phases=1 bus1={self.bus[bus]}.1 kv={self.level[bus]:.15g} kw={watt:.15g} "
            f"kvar={var:.15g} {model} {ANY_VOLTAGE}"
        )

    def _machines(self) -> Iterator[str]:
        problem = self.problem
        for number, name in enumerate(self.state.network.generator):
            bus = int(problem.generator_bus[number])
            power = complex(self.solution.generator_output[0, number])
            if self.state.live[bus] and power:
                yield self._power(bus, -power, self._name("", name), "model=1")

    def _shunts(self) -> Iterator[str]:
        for shunt in [*self.state.shunts, *self._charging]:
            power = complex(np.conj(shunt.admittance)) * self.base
            yield self._power(shunt.bus, power, self._name("", shunt.name), "model=2")


def _comment(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split()) or "network"
