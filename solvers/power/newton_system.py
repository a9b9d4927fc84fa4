"""The equations of the power flow at the points of several scenarios, their residual and their Jacobian.

Unknowns are the angle of every free AC point, the magnitude of every free point without a given one, and the
real output of every converter.  Equations, in the same order: real power of the free AC points; reactive power
(real power at DC points) of those without a given magnitude; and, for each converter, output = share of what its
busbar needs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csc_array, csr_array
from scipy.sparse.linalg import splu

from solvers.power.losses import conversion_loss

Array = NDArray[Any]
PIVOTING: dict[str, Any] = {"diag_pivot_thresh": 0.01, "options": {"SymmetricMode": True}}
"""A diagonal pivot is kept if it is at least this fraction of its column, so that the symmetric order with
little fill holds (2,869 and 10,000 buses: about half of the time and six tenths of the fill of COLAMD with partial
pivoting; Newton mends what the smaller pivots lose)."""


class State(NamedTuple):
    """Iterate: angle [rad] and magnitude [p.u.] of every point, output of every converter [p.u.]."""

    angle: Array
    size: Array
    output: Array

    def voltage(self) -> Array:
        """Complex voltages. [p.u.]"""
        return np.asarray(self.size * np.exp(1j * self.angle))

    def take(self, points: Array, converters: Array) -> State:
        """Some of the points and converters."""
        return State(self.angle[points], self.size[points], self.output[converters])


class Converters(NamedTuple):
    """Converters between points, per unit."""

    output: Array
    intake: Array
    """(C,) points."""
    share: Array
    """(C,) of what the output point needs. [-]"""
    rating: Array
    loss: Array
    """(C, 3)."""
    factor: Array
    """(C,) complex input per real input power. [-]"""

    def take(self, which: Array) -> Converters:
        """Some of the converters."""
        return Converters(*(column[which] for column in self))

    def drawn(self, output: Array) -> Array:
        """Complex input power."""
        return np.asarray((output + conversion_loss(output, self.rating, self.loss)) * self.factor)

    def slope(self, output: Array) -> Array:
        """Derivative of :meth:`drawn`."""
        x = output / self.rating
        return np.asarray((1 + self.loss[:, 1] * np.sign(x) + 2 * self.loss[:, 2] * x) * self.factor)


@dataclass(frozen=True)
class System:
    """What is given at the points of some scenarios, per unit."""

    matrix: csr_array
    """(points, points) admittances with shunts; every diagonal entry is stored."""
    lane: Array
    """(points,) scenario."""
    lanes: int
    dc: Array
    """(points,) bool."""
    fixed: Array
    """(points,) complex voltage, 0 = free."""
    magnitude: Array
    """(points,) given voltage magnitude, 0 = none."""
    generation: Array
    demand: Array
    linear: Array
    square: Array
    """(points,) complex power fed in, and consumed times 1, |V| and |V|^2."""
    converters: Converters

    @cached_property
    def turning(self) -> Array:
        """Points with an unknown angle."""
        return np.flatnonzero((self.fixed == 0) & ~self.dc)

    @cached_property
    def sizing(self) -> Array:
        """Points with an unknown magnitude."""
        return np.flatnonzero((self.fixed == 0) & (self.magnitude == 0))

    @cached_property
    def unknown_lane(self) -> Array:
        """Scenario of each unknown, and of each equation."""
        return np.r_[self.lane[self.turning], self.lane[self.sizing], self.lane[self.converters.output]]

    @cached_property
    def direct(self) -> Array:
        """DC points among :attr:`sizing`, bool."""
        return np.asarray(self.dc[self.sizing])

    def scaled(self, load: Array | float, generation: Array | float, extra: Array | float = 0.0) -> System:
        """The same network with loads and generation times a factor, one or (points,), and ``extra`` fed in."""
        system = replace(
            self,
            generation=self.generation * generation + extra,
            demand=self.demand * load,
            linear=self.linear * load,
            square=self.square * load,
        )
        for name in ("turning", "sizing", "unknown_lane", "direct", "pattern"):  # unknowns are the same
            system.__dict__[name] = getattr(self, name)
        return system

    def lanes_only(self, lanes: Array) -> tuple[System, Array, Array]:
        """The scenarios of ``lanes`` (bool), with the indices of their points and converters."""
        points = np.flatnonzero(lanes[self.lane])
        chosen = np.flatnonzero(lanes[self.lane[self.converters.output]])
        number = np.full(self.lane.size, -1)
        number[points] = np.arange(points.size)
        some = self.converters.take(chosen)
        some = some._replace(output=number[some.output], intake=number[some.intake])
        columns = ("lane", "dc", "fixed", "magnitude", "generation", "demand", "linear", "square")
        system = replace(
            self,
            matrix=csr_array(self.matrix[points][:, points]),
            converters=some,
            **{name: getattr(self, name)[points] for name in columns},
        )
        return system, points, chosen

    def lacking(self, state: State, voltage: Array) -> Array:
        """(points,) complex power that does not arrive: injections into the network plus demand."""
        size = state.size
        gap = voltage * np.conj(self.matrix @ voltage) - self.generation + self.demand
        gap += (self.linear + self.square * size) * size
        if self.converters.output.size:
            np.add.at(gap, self.converters.intake, self.converters.drawn(state.output))
        return np.asarray(gap)

    def residual(self, state: State, lacking: Array) -> Array:
        """Left sides of the equations, zero at the solution."""
        at = lacking[self.sizing]
        units = state.output - self.converters.share * lacking[self.converters.output].real
        return np.r_[lacking[self.turning].real, np.where(self.direct, at.real, at.imag), units]

    def growth(self, state: State, per_load: float, per_generation: float) -> Array:
        """Derivative of :meth:`residual` when loads and generation grow by the given amounts per unit."""
        size = state.size
        more = per_load * (self.demand + (self.linear + self.square * size) * size)
        more = more - per_generation * self.generation
        return self.residual(State(state.angle, state.size, np.zeros_like(state.output)), more)

    def moved(self, state: State, step: Array, length: Array | float = 1.0) -> State:
        """The state after ``step`` in the unknowns, times the ``length`` of each scenario."""
        scaled = step * (length[self.unknown_lane] if isinstance(length, np.ndarray) else length)
        turn, grow = self.turning.size, self.sizing.size
        angle, size = state.angle.copy(), state.size.copy()
        angle[self.turning] += scaled[:turn]
        size[self.sizing] += scaled[turn : turn + grow]
        return State(angle, size, state.output + scaled[turn + grow :])

    @cached_property
    def pattern(self) -> Pattern:
        """Where the derivatives lie in the Jacobian."""
        return Pattern(self)


class Pattern:
    """Places of the derivatives, found once; each Jacobian then takes a few array operations."""

    def __init__(self, system: System) -> None:
        entries = system.matrix.tocoo()
        self.row, self.column = entries.row, entries.col
        self.admittance = entries.data
        self.diagonal = np.flatnonzero(self.row == self.column)
        points, turn, grow = system.lane.size, system.turning.size, system.sizing.size
        units = system.converters
        angle, size = np.full(points, -1), np.full(points, -1)
        angle[system.turning] = np.arange(turn)
        size[system.sizing] = turn + np.arange(grow)
        self.unknowns = turn + grow + units.output.size
        reactive = np.where(system.dc, -1, size)
        active = np.where(system.dc, size, angle)  # row of the real power of each point
        rows, columns, self.blocks = [], [], []
        for equation in (active, reactive):
            for unknown in (angle, size):
                at = np.flatnonzero((equation[self.row] >= 0) & (unknown[self.column] >= 0))
                rows.append(equation[self.row[at]])
                columns.append(unknown[self.column[at]])
                self.blocks.append(at)
        start = system.matrix.indptr
        self._place_units(start, units, angle, size, active, reactive, rows, columns)
        self.places = (np.concatenate(rows), np.concatenate(columns))
        self.plain = self._arrange(*self.places)
        self.sequence: Array | None = None
        """Order of elimination, known after the first factorisation."""

    def _arrange(self, rows: Array, columns: Array) -> csc_array:
        """A matrix that holds at each place the number of the derivative that goes there."""
        shape = (self.unknowns, self.unknowns)
        return csc_array(coo_array((np.arange(rows.size, dtype=float), (rows, columns)), shape=shape))

    def solve(self, system: System, state: State, voltage: Array, right: Array) -> Array:
        """Solve Jacobian x = right; an exact zero pivot is a RuntimeError."""
        if self.sequence is None:
            factor = splu(self.jacobian(system, state, voltage), permc_spec="MMD_AT_PLUS_A", **PIVOTING)
            self.sequence = np.argsort(factor.perm_c)
            self.ordered = self._arrange(*(factor.perm_c[place] for place in self.places))
            return np.asarray(factor.solve(right))
        matrix = _filled(self.ordered, self._derivatives(system, state, voltage))
        result = np.empty_like(right)
        result[self.sequence] = splu(matrix, permc_spec="NATURAL", **PIVOTING).solve(right[self.sequence])
        return result

    def jacobian(self, system: System, state: State, voltage: Array) -> csc_array:
        """Derivatives of :meth:`System.residual` by the unknowns."""
        return _filled(self.plain, self._derivatives(system, state, voltage))

    def _place_units(
        self, start: Array, units: Converters, angle: Array, size: Array, active: Array, reactive: Array,
        rows: list[Array], columns: list[Array],
    ) -> None:  # fmt: skip
        first = self.unknowns - units.output.size
        own = first + np.arange(units.output.size)
        count = start[units.output + 1] - start[units.output]
        self.unit = np.repeat(np.arange(count.size), count)  # entries of the admittances at the output points
        entry = (
            np.arange(count.sum())
            - np.repeat(np.cumsum(count) - count, count)
            + start[units.output][self.unit]
        )
        self.unit_blocks = []
        for unknown in (angle, size):
            at = np.flatnonzero(unknown[self.column[entry]] >= 0)
            rows.append(own[self.unit[at]])
            columns.append(unknown[self.column[entry[at]]])
            self.unit_blocks.append((self.unit[at], entry[at]))
        self.fed = []
        for equation in (active, reactive):
            at = np.flatnonzero(equation[units.intake] >= 0)
            rows.append(equation[units.intake[at]])
            columns.append(own[at])
            self.fed.append(at)
        by_point: dict[int, list[int]] = {}
        for unit, point in enumerate(units.output.tolist()):
            by_point.setdefault(point, []).append(unit)
        pairs = [(k, j) for j, point in enumerate(units.intake.tolist()) for k in by_point.get(point, ())]
        self.chain = np.array(pairs, dtype=np.intp).reshape(-1, 2)
        rows += [own, own[self.chain[:, 0]]]
        columns += [own, own[self.chain[:, 1]]]

    def _derivatives(self, system: System, state: State, voltage: Array) -> Array:
        """Values of all derivatives, in the order of :attr:`places`."""
        units = system.converters
        unit = voltage / state.size
        current = system.matrix @ voltage
        by_size = voltage[self.row] * np.conj(self.admittance * unit[self.column])
        by_angle = -1j * by_size * state.size[self.column]
        on = self.row[self.diagonal]
        by_angle[self.diagonal] += 1j * voltage[on] * np.conj(current[on])
        own = np.conj(current) * unit + system.linear + 2 * system.square * state.size
        by_size[self.diagonal] += own[on]
        slope = units.slope(state.output)
        values = [
            by_angle[self.blocks[0]].real, by_size[self.blocks[1]].real,
            by_angle[self.blocks[2]].imag, by_size[self.blocks[3]].imag,
        ]  # fmt: skip
        for (which, entry), table in zip(self.unit_blocks, (by_angle, by_size), strict=True):
            values.append(-units.share[which] * table[entry].real)
        values += [slope[self.fed[0]].real, slope[self.fed[1]].imag, np.ones(units.output.size)]
        values.append(-units.share[self.chain[:, 0]] * slope[self.chain[:, 1]].real)
        return np.concatenate(values)


def _filled(arrangement: csc_array, values: Array) -> csc_array:
    data = values[arrangement.data.astype(np.intp)]
    return csc_array((data, arrangement.indices, arrangement.indptr), shape=arrangement.shape)
