"""MATPOWER case files (``.m``, format version 2) as bare networks.

Columns and their meaning are those of the MATPOWER User's Manual, Appendix B ("Data File Format").
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.exchange.matpower_text import Case, Matrix, read_case
from twin.exchange.mistake import complain
from twin.exchange.network import BareNetwork
from twin.layout.mistakes import LayoutError

Array = NDArray[Any]

BUS_I, BUS_TYPE, PD, QD, GS, BS, _, VM, VA, BASE_KV = range(10)
GEN_BUS, PG, QG, QMAX, QMIN, VG, _, GEN_STATUS = range(8)
F_BUS, T_BUS, BR_R, BR_X, BR_B, RATE_A, _, _, TAP, SHIFT, BR_STATUS = range(11)
"""Columns that are read."""
LEAST = {"bus": 13, "gen": 10, "branch": 11}
"""Columns that a matrix must have."""
PQ, PV, REF, ISOLATED = 1, 2, 3, 4
LARGEST_NUMBER = 2**53
LARGEST_VALUE = 1e9
"""Largest number of any column that is read, bus numbers apart; in MW, kV and per unit far beyond what exists."""
MOST_BUSES = 500_000
UNREAD = ("if", "softlims", "reserves")
"""Extensions that change the network and are not read."""
NAMED = ("bus", "gen", "branch")
NUMBERS = {"bus": (BUS_I,), "gen": (GEN_BUS,), "branch": (F_BUS, T_BUS)}
"""Columns of bus numbers."""


def read_matpower(path: str | Path, *, reactive_limits: bool = False) -> BareNetwork:
    """Read a case file.

    Parameters
    ----------
    reactive_limits : bool
        Take over the reactive limits of the generators; MATPOWER's own power flow does not by default.

    Raises
    ------
    twin.layout.mistakes.LayoutError
        All mistakes of the file, each with its line and column.

    Notes
    -----
    A generator at a reference bus is an ideal source, at a PV bus a PV generator, at a PQ bus a negative load.
    Of several generators at one bus the voltage of the last one holds, as in MATPOWER.  A branch without
    impedance joins its buses.  Costs, limits of voltages and angles, areas and zones are left out.
    """
    case = read_case(path)
    tables = {name: _Table(case, name) for name in NAMED}
    base = _base(case)
    if case.mistakes:
        raise LayoutError(case.mistakes)
    _convert(case, tables, base)
    network = _Network(case, tables, base, reactive_limits)
    if case.mistakes:
        raise LayoutError(case.mistakes)
    try:
        return network.finished(Path(path).stem)
    except ValueError as error:
        complain(str(path), f"not a network that can be solved: {error}")


def _base(case: Case) -> float:
    """MVA base."""
    version, line = case.scalars.get("version", ("", 0))
    if version not in ("2", 2.0):
        case.wrong(f"mpc.version must be '2', got {str(version)!r}; other formats are not read", line)
    value, line = case.scalars.get("baseMVA", (0.0, 0))
    if isinstance(value, str) or not (1.0 / LARGEST_VALUE <= value <= LARGEST_VALUE):
        case.wrong(f"mpc.baseMVA must be a number > 0, {1.0 / LARGEST_VALUE:g} to {LARGEST_VALUE:g}", line)
        return 1.0
    for name in UNREAD:
        if matrix := case.matrices.get(name):
            case.wrong(f"mpc.{name} is not supported", matrix.line)
    return value


class _Table:
    """One of the three matrices, checked for shape and finite values."""

    def __init__(self, case: Case, name: str) -> None:
        self.case, self.name = case, name
        matrix = case.matrices.get(name)
        self.matrix = matrix if matrix is not None else Matrix(name, 0)
        rows = self.matrix.rows
        width = min((len(row) for row in rows), default=0)
        if matrix is None:
            case.wrong(f"mpc.{name} is missing")
        elif not rows and name == "bus":
            case.wrong("mpc.bus is empty", matrix.line)
        elif rows and width and width < LEAST[name]:
            case.wrong(
                f"mpc.{name} has {width} columns; format version 2 has at least {LEAST[name]}", matrix.line
            )
        whole = width >= LEAST[name]
        self.values = np.array([row[: LEAST[name]] for row in rows]) if whole else np.zeros((0, LEAST[name]))
        read = {"bus": [*range(6), VM, VA, BASE_KV], "gen": [*range(6), GEN_STATUS]}
        columns = read.get(name, list(range(11)))
        for row, column in np.argwhere(~(np.abs(self.values[:, columns]) <= LARGEST_VALUE)):
            if columns[column] in NUMBERS[name] and abs(self.values[row, columns[column]]) <= LARGEST_NUMBER:
                continue
            if name == "gen" and columns[column] in (QMAX, QMIN):
                if not np.isnan(self.values[row, columns[column]]):
                    self.values[row, columns[column]] *= np.inf
                    continue
            elif name == "branch" and RATE_A <= columns[column] < TAP:
                continue
            self.wrong(int(row), columns[column], f"is not a finite number, or above {LARGEST_VALUE:g}")

    def wrong(self, row: int, column: int, message: str) -> None:
        """A mistake about one number."""
        value = self.matrix.rows[row][column]
        self.case.wrong(f"{value:g} in column {column + 1} of mpc.{self.name} {message}",
                        *self.matrix.place(row, column))  # fmt: skip

    def refuse(self, bad: Array, column: int, message: str) -> None:
        """Mistakes about all rows where ``bad``."""
        for row in np.flatnonzero(bad):
            self.wrong(int(row), column, message)


def _convert(case: Case, tables: dict[str, _Table], base: float) -> None:
    """The unit conversions at the end of the file, in their order."""
    bus, branch = tables["bus"].values, tables["branch"].values
    done: set[str] = set()
    for step, factor, line in case.steps:
        if step == "ohms":
            if not {"volts", "va"} <= done:
                case.wrong("Vbase and Sbase must be set before", line)
            branch[:, [BR_R, BR_X]] /= (bus[0, BASE_KV] * 1e3) ** 2 / (base * 1e6)
        elif step == "kilowatts":
            bus[:, [PD, QD]] /= 1e3
        elif step == "reactive":
            bus[:, QD] = bus[:, PD] * np.sin(np.arccos(factor))
        elif step == "active":
            bus[:, PD] *= factor
        done.add(step)


class _Network:
    """Checks what the tables say of each other, and turns them into arrays."""

    def __init__(self, case: Case, tables: dict[str, _Table], base: float, limits: bool) -> None:
        self.case, self.base, self.limits = case, base, limits
        self.bus, self.gen, self.branch = (tables[name] for name in NAMED)
        self.notes: list[str] = []
        if "dcline" in case.matrices:
            self.notes.append("mpc.dcline is left out, as by MATPOWER itself unless toggle_dcline is on")
        number = self.bus.values[:, BUS_I]
        self.bus.refuse((number != np.round(number)) | (number < 1) | (number > LARGEST_NUMBER), BUS_I,
                        "is not a bus number")  # fmt: skip
        self.bus.refuse(~np.isin(self.bus.values[:, BUS_TYPE], (1, 2, 3, 4)), BUS_TYPE,
                        "is not a bus type; allowed: 1, 2, 3, 4")  # fmt: skip
        self.bus.refuse(self.bus.values[:, BASE_KV] < 0, BASE_KV, "is not a voltage")
        if number.size > MOST_BUSES:
            case.wrong(f"mpc.bus has more than {MOST_BUSES} rows", self.bus.matrix.line)
        order = np.argsort(number, kind="stable")
        again = np.zeros(number.size, dtype=bool)
        again[order[1:]] = number[order[1:]] == number[order[:-1]]
        self.bus.refuse(again, BUS_I, "is a bus that is there already")
        self._order, self._number = order, number[order]
        self.at = self._find(self.gen, GEN_BUS)
        self.tail, self.head = self._find(self.branch, F_BUS), self._find(self.branch, T_BUS)
        self.branch.refuse(
            (self.tail == self.head) & (self.tail >= 0), T_BUS, "is also the from bus of the branch"
        )
        self.branch.refuse(self.branch.values[:, TAP] < 0, TAP, "is not a ratio")
        on = self.gen.values[:, GEN_STATUS] > 0
        self.gen.refuse(on & (self.gen.values[:, VG] <= 0), VG, "is not a voltage")
        if limits:
            self.gen.refuse(on & (self.gen.values[:, QMIN] > self.gen.values[:, QMAX]), QMIN, "is above QMAX")

    def _find(self, table: _Table, column: int) -> Array:
        """Rows of the buses that a column names."""
        wanted = table.values[:, column]
        if not self._number.size:
            return np.full(wanted.size, -1)
        place = np.minimum(np.searchsorted(self._number, wanted), self._number.size - 1)
        known = self._number[place] == wanted
        table.refuse(~known, column, "is not the number of a bus")
        return np.where(known, self._order[place], -1)

    def finished(self, stem: str) -> BareNetwork:
        """All arrays and names."""
        case, bus = self.case, self.bus.values
        kind = bus[:, BUS_TYPE].astype(int)
        on = (self.gen.values[:, GEN_STATUS] > 0) & (kind[self.at] != ISOLATED)
        kind = self._kinds(kind, on)
        names = self._names()
        level = np.where(bus[:, BASE_KV] > 0, bus[:, BASE_KV], 1.0) * 1e3
        self._note(bus[:, BASE_KV] == 0, "buses without a nominal voltage: 1 kV is taken")
        fields: dict[str, Array] = {
            "bus_voltage": level, "bus_shunt": (bus[:, GS] + 1j * bus[:, BS]) / self.base,
        }  # fmt: skip
        branches = self._branches(fields, level, kind, names)
        source, generator = self._machines(fields, kind, on, names)
        load = self._loads(fields, kind, on, names)
        return BareNetwork(
            self.base * 1e6, fields, names, branches, source, generator, (), load,
            case.name or stem, case.file, tuple(self.notes),
        )  # fmt: skip

    def _note(self, which: Array, what: str) -> None:
        if count := int(np.count_nonzero(which)):
            self.notes.append(f"{count} {what}")

    def _kinds(self, kind: Array, on: Array) -> Array:
        """Types of the buses as MATPOWER's ``bustypes`` takes them: a machine must be there."""
        machine = np.zeros(kind.size, dtype=bool)
        machine[self.at[on]] = True
        lonely = np.isin(kind, (PV, REF)) & ~machine
        self._note(lonely, "PV or reference buses have no generator in service and are PQ buses")
        kind = np.where(lonely, PQ, kind)
        if not (kind == REF).any() and (kind == PV).any():
            first = int(np.flatnonzero(kind == PV)[0])
            kind[first] = REF
            self.notes.append(f"no reference bus: bus {self.bus.values[first, BUS_I]:g} is taken")
        return kind

    def _names(self) -> tuple[str, ...]:
        given = self.case.texts.get("bus_name", [])
        plain = [f"{number:.0f}" for number in self.bus.values[:, BUS_I]]
        if len(given) == len(plain) and all(given) and len(set(given)) == len(given):
            return tuple(given)
        return tuple(plain)

    def _branches(
        self, fields: dict[str, Array], level: Array, kind: Array, names: tuple[str, ...]
    ) -> tuple[str, ...]:
        values, tail, head = self.branch.values, self.tail, self.head
        ratio = np.where(values[:, TAP] > 0, values[:, TAP], 1.0)
        impedance = values[:, BR_R] + 1j * values[:, BR_X]
        cut = (kind[tail] == ISOLATED) | (kind[head] == ISOLATED)
        closed = values[:, BR_STATUS] > 0
        rate = np.where(
            (values[:, RATE_A] <= LARGEST_VALUE) & (values[:, RATE_A] > 0), values[:, RATE_A], np.inf
        )
        self._note(cut & closed, "branches end at isolated buses and are open")
        self._note(closed & (impedance == 0), "branches have no impedance and join their buses")
        self._note(closed & ((impedance.real < 0) | (impedance.imag < 0)),
                   "branches have a negative resistance or reactance")  # fmt: skip
        fields |= {
            "branch_from": tail, "branch_to": head, "branch_impedance": impedance,
            "branch_charging": values[:, BR_B], "branch_closed": closed & ~cut,
            "branch_tap": ratio * np.exp(1j * np.deg2rad(values[:, SHIFT])),
            "branch_rating": rate * 1e6 / (np.sqrt(3.0) * level[head]),
        }  # fmt: skip
        return tuple(_apart(f"{names[f]}-{names[t]}" for f, t in zip(tail, head, strict=True)))

    def _machines(
        self, fields: dict[str, Array], kind: Array, on: Array, names: tuple[str, ...]
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        values, at = self.gen.values, self.at
        held = np.zeros(kind.size)
        held[at[on]] = values[on, VG]  # the last one wins
        buses = np.flatnonzero(kind == REF)
        angle = np.deg2rad(self.bus.values[buses, VA])
        fields |= {"source_bus": buses, "source_voltage": held[buses] * np.exp(1j * angle)}
        several = np.bincount(at[on], minlength=kind.size)[buses] > 1
        self._note(several, "reference buses have several generators, which are one source")
        run = np.flatnonzero(on & (kind[at] == PV))
        self._note(values[run, VG] != held[at[run]], "generators give way to another voltage at their bus")
        fields |= {
            "generator_bus": at[run], "generator_power": values[run, PG] * 1e6,
            "generator_voltage": held[at[run]],
        }  # fmt: skip
        if self.limits:
            fields |= {"generator_q_min": values[run, QMIN] * 1e6, "generator_q_max": values[run, QMAX] * 1e6}
        source = tuple(_apart(f"source {names[b]}" for b in buses))
        return source, tuple(_apart(f"gen {names[b]}" for b in at[run]))

    def _loads(
        self, fields: dict[str, Array], kind: Array, on: Array, names: tuple[str, ...]
    ) -> tuple[str, ...]:
        demand = self.bus.values[:, PD] + 1j * self.bus.values[:, QD]
        buses = np.flatnonzero((demand != 0) & (kind != ISOLATED))
        self._note((demand != 0) & (kind == ISOLATED), "isolated buses have loads, which are left out")
        fixed = np.flatnonzero(on & (kind[self.at] == PQ))
        self._note(kind[self.at[fixed]] == PQ, "generators at PQ buses are negative loads")
        output = self.gen.values[fixed, PG] + 1j * self.gen.values[fixed, QG]
        fields |= {
            "load_power": np.concatenate([demand[buses], -output]) * 1e6,
            "cord_load": np.arange(buses.size + fixed.size),
            "cord_bus": np.concatenate([buses, self.at[fixed]]),
        }  # fmt: skip
        return tuple(
            _apart([*(f"load {names[b]}" for b in buses), *(f"gen {names[b]}" for b in self.at[fixed])])
        )


def _apart(names: Any) -> list[str]:
    """Names made different where they repeat."""
    seen: dict[str, int] = {}
    result = []
    for name in names:
        seen[name] = count = seen.get(name, 0) + 1
        result.append(name if count == 1 else f"{name} #{count}")
    return result
