"""Harmonic currents and voltages in a network: one sparse admittance matrix per order, scenarios as right-hand sides."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_array, csc_array, csr_array
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import splu

from solvers.power.harmonics.problem import HarmonicProblem, HarmonicSolution, ZeroPath
from solvers.status import SolveError, Status

Array = NDArray[Any]
Summation = Literal["vector", "iec"]


SUMMED_AT_ONCE = 128
"""Buses whose unit responses are held at a time; bounds the memory of the summation law."""

LARGEST_RESIDUAL = 1e-6
"""A direct solve of a regular matrix leaves 1e-12; far more means that it is all but singular. [-]"""


def summation_exponent(order: ArrayLike) -> Array:
    """Exponent of the general summation law: 1 below the 5th, 1.4 from the 5th to the 10th, 2 above (IEC TR 61000-3-6:
    2008, table of summation exponents, as quoted). [-]"""
    h = np.asarray(order, dtype=float)
    return np.where(h < 5, 1.0, np.where(h <= 10, 1.4, 2.0))


def sequence_of(order: int) -> int:
    """Sequence of an order in a balanced system: +1, -1, or 0 for the triplens."""
    return (1, -1, 0)[(order - 1) % 3]


def fundamental_current(power: ArrayLike, voltage: ArrayLike, nominal: ArrayLike) -> Array:
    """Current of a three-phase load from a power flow, for :attr:`HarmonicProblem.injector_current`. [A]

    Parameters
    ----------
    power : complex P + jQ. [VA]
    voltage : complex bus voltage. [p.u.]
    nominal : line-to-line. [V]
    """
    volts = np.sqrt(3.0) * np.asarray(nominal, dtype=float) * np.asarray(voltage, dtype=complex)
    if np.any(volts == 0):
        raise ValueError("voltage and nominal must not be 0")
    asked = np.asarray(power, dtype=complex)
    for name, value in (("power", asked), ("voltage or nominal", volts)):
        if not np.isfinite(value).all():
            raise ValueError(f"{name} is not finite")
    return np.asarray(np.conj(asked / volts))


class _Terms(NamedTuple):
    """Admittances of the branches at one order; I_from = ff V_from + ft V_to, I_to = tf V_from + tt V_to. [p.u.]"""

    ff: Array
    ft: Array
    tf: Array
    tt: Array
    bus: Array
    """(B,) to earth."""
    anchored: Array
    """(B,) bool: something leads to earth there, be it in resonance with something else."""


def _terms(
    problem: HarmonicProblem, order: float, sequence: int, closed: Array, live: Array, on: Array
) -> _Terms:
    zero = sequence == 0
    z = problem.branch_zero_impedance if zero else problem.branch_impedance
    y = closed / (z.real * order**problem.branch_skin + 1j * order * z.imag)
    half = 0.5j * order * problem.branch_charging * closed
    turn = problem.branch_ratio * np.exp(-1j * sequence * problem.branch_shift)
    ff, ft = y / np.abs(turn) ** 2 + half, -y / np.conj(turn)
    tf, tt = -y / turn, y + half
    if zero:
        path = problem.branch_zero_path
        through = path == ZeroPath.THROUGH
        ft, tf = ft * through, tf * through
        ff = np.where(through | (path == ZeroPath.FROM_EARTH), ff, 0.0)
        tt = np.where(through | (path == ZeroPath.TO_EARTH), tt, 0.0)
    earth = np.zeros(problem.bus_voltage.size, dtype=complex)
    source = problem.source_zero_impedance if zero else problem.source_impedance
    load = (
        0.0 if zero else (problem.load_power.real - 1j * problem.load_power.imag / order) / problem.base_power
    )
    banks = _bank_admittance(problem, order) * on * (problem.capacitor_earthed if zero else 1.0)
    anchored = np.zeros(earth.size, dtype=bool)
    for bus, admittance in (
        (problem.source_bus, live / (source.real + 1j * order * source.imag)), (problem.capacitor_bus, banks),
        (problem.load_bus, np.broadcast_to(load, problem.load_bus.shape)),
        # what a branch has at one end beyond its passing part: charging, an earthed winding with a delta opposite
        (problem.branch_from[ft == 0], ff[ft == 0]), (problem.branch_to[tf == 0], tt[tf == 0]),
        (problem.branch_from, half * (ft != 0)), (problem.branch_to, half * (tf != 0)),
    ):  # fmt: skip
        anchored[bus[admittance != 0]] = True
    np.add.at(earth, problem.source_bus, live / (source.real + 1j * order * source.imag))
    np.add.at(earth, problem.capacitor_bus, banks)
    np.add.at(earth, problem.load_bus, load)
    return _Terms(ff, ft, tf, tt, earth, anchored)


def _bank_admittance(problem: HarmonicProblem, order: float) -> Array:
    """Capacitors with their series reactors. [p.u.]"""
    reactance = problem.base_power / problem.capacitor_power
    tuned = problem.capacitor_tuning > 0
    tuning = np.where(tuned, problem.capacitor_tuning, 1.0)
    coil = np.where(tuned, reactance / tuning**2, 0.0)
    resistance = np.where(tuned, coil * tuning / problem.capacitor_quality, 0.0)
    return np.asarray(1.0 / (resistance + 1j * (order * coil - reactance / order)))


def _matrix(problem: HarmonicProblem, t: _Terms) -> csc_array:
    f, to, n = problem.branch_from, problem.branch_to, problem.bus_voltage.size
    buses = np.arange(n)
    rows, columns = np.concatenate([f, f, to, to, buses]), np.concatenate([f, to, f, to, buses])
    values = np.concatenate([t.ff, t.ft, t.tf, t.tt, t.bus])
    return csc_array(coo_array((values, (rows, columns)), shape=(n, n)))


class _Order:
    """One order in one state of the switches, factorised."""

    def __init__(
        self, problem: HarmonicProblem, order: float, sequence: int, closed: Array, live: Array, on: Array
    ) -> None:
        self.terms = _terms(problem, order, sequence, closed, live, on)
        self.whole = _matrix(problem, self.terms)
        self.problem = problem
        self.fed = self._earthed()
        self.inner: Any = None
        if self.fed.size:
            self.inner = splu(self.whole[np.ix_(self.fed, self.fed)].tocsc())

    def _earthed(self) -> Array:
        """Buses with a path to earth; without one, no current can flow and the matrix is singular."""
        p, t = self.problem, self.terms
        n = p.bus_voltage.size
        joined = np.flatnonzero(t.ft != 0)
        link = csr_array((np.ones(joined.size), (p.branch_from[joined], p.branch_to[joined])), shape=(n, n))
        _, part = connected_components(link, directed=False)
        return np.flatnonzero(np.isin(part, np.unique(part[t.anchored])))

    def voltage(self, current: Array) -> Array:
        """(B, n) voltages for injected currents; NaN never: buses without earth stay 0."""
        result = np.zeros(current.shape, dtype=complex)
        if self.inner is not None:
            result[self.fed] = self.inner.solve(np.ascontiguousarray(current[self.fed]))
        return result

    def branch(self, voltage: Array) -> tuple[Array, Array]:
        """(E, n) currents into the branches at both ends."""
        p, t = self.problem, self.terms
        f, to = voltage[p.branch_from], voltage[p.branch_to]
        return t.ff[:, None] * f + t.ft[:, None] * to, t.tf[:, None] * f + t.tt[:, None] * to


def _injected(problem: HarmonicProblem, h: int) -> Array:
    """(S, K) currents drawn at the h-th of the orders. [p.u.]"""
    current = problem.injector_current
    spectrum = problem.injector_spectrum[h]
    turned = np.abs(current) * np.exp(1j * problem.orders[h] * np.angle(current))
    return np.asarray(turned * spectrum / problem.base_current[problem.injector_bus])


def solve_harmonics(
    problem: HarmonicProblem, *, summation: Summation = "vector", raise_on_failure: bool = False
) -> HarmonicSolution:
    """Find harmonic voltages of all buses and currents of all branches.

    Parameters
    ----------
    summation : "vector" adds the contributions of all injectors with their angles; "iec" adds their magnitudes by the
        general summation law of IEC TR 61000-3-6, for converters whose angles are not known.
    raise_on_failure : raise :class:`solvers.status.SolveError` if any scenario fails.

    Notes
    -----
    Injectors are current sources: their spectrum does not react to the voltage distortion (first-order penetration),
    which overstates currents near a resonance.  Balanced: the 3rd, 9th, 15th ... are zero sequence, the 2nd, 5th, 8th
    negative.  Interharmonics and unbalance are left out.

    Examples
    --------
    One feeder, X = 0.05 p.u., drawing 0.2 p.u. of 5th harmonic: V_5 = 5 x 0.05 x 0.2 = 0.05 p.u.
    """
    if summation not in ("vector", "iec"):
        raise ValueError(f'summation must be "vector" or "iec", got {summation!r}')
    count, orders = problem.scenarios, problem.orders.size
    shape = {"bus": problem.bus_voltage.size, "branch": problem.branch_from.size}
    masks = (problem.branch_closed, problem.source_live, problem.capacitor_on)
    states = np.concatenate([np.broadcast_to(mask, (count, mask.shape[1])) for mask in masks], axis=1)
    kinds, member = np.unique(states, axis=0, return_inverse=True)
    member = member.ravel()
    cuts = np.cumsum([shape["branch"], problem.source_bus.size])
    v = np.zeros((count, orders, shape["bus"]), dtype=complex)
    i_from, i_to = (np.zeros((count, orders, shape["branch"]), dtype=complex) for _ in range(2))
    error, peak, ok = np.zeros(count), np.zeros(count), np.ones(count, dtype=bool)
    detail = ""
    for h, order in enumerate(problem.orders):
        drawn = _injected(problem, h)
        drawn = np.broadcast_to(drawn, (count, drawn.shape[1]))
        for number, kind in enumerate(kinds):
            at = np.flatnonzero(member == number)
            closed, live, on = np.split(kind, cuts)
            try:
                solver = _Order(problem, float(order), sequence_of(int(order)), closed, live, on)
            except RuntimeError:
                ok[at], detail = False, f"the network has an undamped resonance at order {order}"
                continue
            z = problem.source_zero_impedance if sequence_of(int(order)) == 0 else problem.source_impedance
            emf = problem.source_background[h] * live / (z.real + 1j * order * z.imag)
            current = np.zeros((shape["bus"], at.size), dtype=complex)
            np.add.at(current, problem.injector_bus, -drawn[at].T)
            lost = np.ones(shape["bus"], dtype=bool)
            lost[solver.fed] = False
            stranded = np.abs(current[lost]).sum(axis=0) > 0
            if stranded.any():
                ok[at[stranded]] = False
                bus = int(np.flatnonzero(lost & (np.abs(current).sum(axis=1) > 0))[0])
                detail = f"order {order} drawn at bus {bus} has no path to earth"
            if summation == "vector":
                np.add.at(current, problem.source_bus, emf[:, None])
                voltage = solver.voltage(current)
                ends = solver.branch(voltage)
                gap = np.abs((solver.whole @ voltage - current)[solver.fed]).max(axis=0, initial=0.0)
            else:
                voltage, ends, gap = _summed(
                    problem, solver, drawn[at], emf, float(summation_exponent(order))
                )
            v[at, h], i_from[at, h], i_to[at, h] = voltage.T, ends[0].T, ends[1].T
            error[at] = np.maximum(error[at], gap)
            peak[at] = np.maximum(peak[at], np.abs(current).max(axis=0, initial=0.0))
    residual = error / np.where(peak > 0, peak, 1.0)
    loose = ok & (residual > LARGEST_RESIDUAL)
    if loose.any():
        ok &= ~loose
        detail = f"scenario {int(np.flatnonzero(loose)[0])} is at an undamped resonance: its matrix is all but singular"
    return _finish(problem, summation, (v, i_from, i_to), ok, residual, detail, raise_on_failure)


def _summed(problem: HarmonicProblem, solver: _Order, drawn: Array, emf: Array,
            power: float) -> tuple[Array, tuple[Array, Array], Array]:  # fmt: skip
    """Magnitudes by the summation law: (sum over injectors of |their contribution|^a)^(1/a)."""
    buses = np.concatenate([problem.injector_bus, problem.source_bus])
    size = np.concatenate([np.abs(drawn), np.broadcast_to(np.abs(emf), (drawn.shape[0], emf.size))], axis=1)
    places, slot = np.unique(buses, return_inverse=True)
    weight = np.zeros((places.size, drawn.shape[0]))
    np.add.at(weight, slot.ravel(), (size**power).T)
    lengths = (problem.bus_voltage.size, problem.branch_from.size, problem.branch_from.size)
    sums = [np.zeros((n, drawn.shape[0])) for n in lengths]
    gap = 0.0
    for first in range(0, places.size, SUMMED_AT_ONCE):
        some = slice(first, min(first + SUMMED_AT_ONCE, places.size))
        unit = np.zeros((problem.bus_voltage.size, some.stop - first), dtype=complex)
        unit[places[some], np.arange(some.stop - first)] = 1.0
        response = solver.voltage(unit)
        gap = max(gap, float(np.abs((solver.whole @ response - unit)[solver.fed]).max(initial=0.0)))
        for sum_, table in zip(sums, (response, *solver.branch(response)), strict=True):
            sum_ += _raised(table, power) @ weight[some]
    v, i_from, i_to = (sum_ ** (1.0 / power) for sum_ in sums)
    return v, (i_from, i_to), np.full(drawn.shape[0], gap * size.max(initial=0.0))


def _raised(table: Array, power: float) -> Array:
    """|table|^power."""
    square = table.real**2 + table.imag**2
    return np.asarray(
        square if power == 2.0 else np.sqrt(square) if power == 1.0 else square ** (0.5 * power)
    )


def _finish(
    problem: HarmonicProblem, summation: Summation, tables: tuple[Array, Array, Array], ok: Array, residual: Array,
    detail: str, raise_on_failure: bool,
) -> HarmonicSolution:  # fmt: skip
    for table in tables:
        table[~ok] = 0.0
    v, i_from, i_to = tables
    i_from = i_from * problem.base_current[problem.branch_from]
    i_to = i_to * problem.base_current[problem.branch_to]
    status = Status.CONVERGED if ok.all() else Status.SINGULAR
    if raise_on_failure and not status.ok:
        raise SolveError(status, detail)
    size = np.abs(v)
    none = np.empty(0, dtype=complex)
    keep = summation == "vector"
    return HarmonicSolution(
        status, ok, np.where(ok, residual, 1.0), size, np.abs(i_from), np.abs(i_to),
        v if keep else none, i_from if keep else none, i_to if keep else none,
        np.sqrt((size**2).sum(axis=1)), detail,
    )  # fmt: skip


def frequency_scan(
    problem: HarmonicProblem, bus: int, orders: ArrayLike, *, scenario: int = 0, sequence: Literal[0, 1] = 1
) -> Array:
    """Impedance seen from a bus over frequency: (F, B) voltage at every bus per current injected there. [p.u.]

    Parameters
    ----------
    orders : (F,) frequency / fundamental, any numbers > 0.
    scenario : whose switches.
    sequence : 1 positive (and negative), 0 zero.

    Notes
    -----
    The diagonal, ``scan[:, bus]``, has its peaks at the parallel resonances.
    """
    at = np.asarray(orders, dtype=float)
    if at.ndim != 1 or not np.all(np.isfinite(at)) or np.any(at <= 0):
        raise ValueError("orders must be finite numbers > 0 on one axis")
    if not 0 <= bus < problem.bus_voltage.size:
        raise ValueError(f"bus must be an index below {problem.bus_voltage.size}, got {bus}")
    if not 0 <= scenario < problem.scenarios:
        raise ValueError(f"scenario must be an index below {problem.scenarios}, got {scenario}")
    masks = (problem.branch_closed, problem.source_live, problem.capacitor_on)
    closed, live, banks = (mask[scenario % mask.shape[0]] for mask in masks)
    unit = np.zeros((problem.bus_voltage.size, 1), dtype=complex)
    unit[bus] = 1.0
    scan = np.zeros((at.size, problem.bus_voltage.size), dtype=complex)
    for k, order in enumerate(at):
        try:
            solver = _Order(problem, order, sequence, closed, live, banks)
        except RuntimeError as problem_at:
            raise SolveError(Status.SINGULAR, f"undamped resonance at order {order:g}") from problem_at
        if bus not in solver.fed:
            raise SolveError(Status.SINGULAR, f"bus {bus} has no path to earth")
        scan[k] = solver.voltage(unit)[:, 0]
    return scan


def resonance_order(short_circuit_power: ArrayLike, capacitor_power: ArrayLike) -> Array:
    """Order of the parallel resonance of a capacitor bank with an inductive network, sqrt(S_sc / Q_c). [-]"""
    power, bank = np.asarray(short_circuit_power, dtype=float), np.asarray(capacitor_power, dtype=float)
    if np.any(~(power > 0)) or np.any(~(bank > 0)):
        raise ValueError("short_circuit_power and capacitor_power must be > 0")
    return np.asarray(np.sqrt(power / bank))
