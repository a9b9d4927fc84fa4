"""pandapower JSON files as bare networks.

The models are pandapower's (documentation, "Electric Model" of each element): lines as pi circuits, transformers as T
circuits with the tap changer as an ideal ratio, switches between buses as busbars, loads with constant power,
current and impedance.  Nothing of pandapower is imported and nothing in the file is run.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.exchange.mistake import complain
from twin.exchange.network import BareNetwork
from twin.exchange.pandapower_tables import SMALLEST, Net, Table

Array = NDArray[Any]

READ = frozenset(
    {"bus", "line", "trafo", "trafo3w", "load", "sgen", "gen", "ext_grid", "shunt", "switch", "ward", "xward",
     "impedance", "storage"}
)  # fmt: skip
IGNORED = frozenset(
    {"measurement", "pwl_cost", "poly_cost", "controller", "group", "bus_geodata", "line_geodata",
     "characteristic", "trafo_characteristic_table", "shunt_characteristic_table", "q_capability_curve_table",
     "q_capability_characteristic", "bus_dc", "trafo_characteristic_spline", "shunt_characteristic_spline"}
)  # fmt: skip
"""Tables that do not bear on the voltages (costs, measurements, places) or only through the tables above."""
SWITCH_RX = 2.0
"""Resistance over reactance of a switch with an impedance: pandapower's default ``switch_rx_ratio``."""


def read_pandapower(path: str | Path) -> BareNetwork:
    """Read a file written by ``pandapower.to_json``.

    Raises
    ------
    twin.layout.mistakes.LayoutError
        All mistakes, each with its table and index.

    Notes
    -----
    The state is that of ``pandapower.runpp`` with its defaults and voltage angles: no reactive limits, tap changers
    where they stand, no controllers.  What is in service and not one of the tables read is a mistake.
    """
    net = Net(path)
    reader = _Reader(net)
    for name in net.tables():
        if name in READ or name in IGNORED:
            continue
        table = net.table(name)
        if len(table) and table.flags("in_service", True).any():
            net.wrong("is not supported, and an element of it is in service", (name,))
    net.check()
    reader.read()
    net.check()
    try:
        return reader.finished(Path(path).stem)
    except ValueError as error:
        complain(str(path), f"not a network that can be solved: {error}")


class _Reader:
    """Lists that grow; per unit on the base of the net."""

    def __init__(self, net: Net) -> None:
        self.net = net
        self.base = net.number("sn_mva", 1.0)
        self.frequency = net.number("f_hz", 50.0)
        buses = net.table("bus")
        self.level = list(buses.divisors("vn_kv"))
        self.on = list(buses.flags("in_service", True))
        self.bus = buses.names()
        self.place = {index: row for row, index in enumerate(buses.index)}
        if not len(buses):
            net.wrong("has no buses", ("bus",))
        if len(self.place) != len(buses):
            net.wrong("has an index twice", ("bus",))
        self.shunt = [0j] * len(buses)
        self.ends: list[tuple[int, int]] = []
        self.branch: list[
            tuple[complex, float, complex, float]
        ] = []  # impedance, charging, tap, rating in kA
        self.closed: list[bool] = []
        self.branch_names: list[str] = []
        self.loads: list[tuple[int, complex, float, float]] = []  # bus, power, current and impedance share
        self.load_names: list[str] = []
        self.sources: list[tuple[int, complex]] = []
        self.source_names: list[str] = []
        self.generators: list[tuple[int, float, float]] = []
        self.generator_names: list[str] = []
        self.notes: list[str] = []

    def read(self) -> None:
        """All tables."""
        self.switches = self.net.table("switch")
        self._open = self._open_ends()
        self._lines()
        self._transformers()
        self._three_windings()
        self._busbars()
        self._impedances()
        self._shunts()
        self._injections()
        self._machines()

    def _at(self, table: Table, column: str) -> Array:
        """Rows of the buses in a column."""
        found = np.zeros(len(table), dtype=int)
        for row, index in enumerate(table.numbers(column)):
            if index in self.place:
                found[row] = self.place[index]
            else:
                table.wrong(row, f"{column} {index:g} is not the index of a bus")
        return found

    def _new_bus(self, like: int, name: str) -> int:
        self.level.append(self.level[like])
        self.on.append(True)
        self.bus.append(name)
        self.shunt.append(0j)
        return len(self.level) - 1

    def _open_ends(self) -> dict[tuple[str, Any], list[int]]:
        """Buses at which open switches cut lines and transformers off, by kind and index."""
        table = self.switches
        result: dict[tuple[str, Any], list[int]] = {}
        at, element = self._at(table, "bus"), table.numbers("element")
        for row, (kind, closed) in enumerate(
            zip(table.texts("et"), table.flags("closed", True), strict=True)
        ):
            if kind not in ("b", "l", "t", "t3"):
                table.wrong(row, f'et must be "b", "l", "t" or "t3", got {kind!r:.20}')
            elif kind != "b" and not closed:
                result.setdefault((kind, element[row]), []).append(int(at[row]))
        return result

    def _end(self, bus: int, cut: list[int], name: str) -> int:
        """The bus, or a new one in the air where a switch is open or the bus is out of service."""
        if bus in cut or not self.on[bus]:
            return self._new_bus(bus, f"open end of {name}")
        return bus

    def _connect(
        self, tail: int, head: int, impedance: complex, name: str, *, shunts: tuple[complex, complex] = (0j, 0j),
        tap: complex = 1.0, rating: float = np.inf, charging: float = 0.0,
    ) -> None:  # fmt: skip
        """A branch; ``shunts`` are its own at both ends, the first one behind the tap."""
        self.ends.append((tail, head))
        self.branch.append((impedance, charging, tap, rating))
        self.closed.append(True)
        self.branch_names.append(name)
        self.shunt[tail] += shunts[0] / abs(tap) ** 2
        self.shunt[head] += shunts[1]

    def _lines(self) -> None:
        table = self.net.table("line")
        tail, head, on = (
            self._at(table, "from_bus"),
            self._at(table, "to_bus"),
            table.flags("in_service", True),
        )
        km, parallel = table.numbers("length_km"), table.divisors("parallel", 1.0)
        ohm = (table.numbers("r_ohm_per_km") + 1j * table.numbers("x_ohm_per_km")) * km
        siemens = 2 * np.pi * self.frequency * table.numbers("c_nf_per_km", 0.0) * 1e-9 * km
        leak = table.numbers("g_us_per_km", 0.0) * 1e-6 * km
        rating = table.numbers("max_i_ka", 0.0) * table.numbers("df", 1.0) * parallel
        for row in _rows(rating < 0):
            table.wrong(row, "max_i_ka must not be negative")
        if table.flags("tdpf", False).any():
            self.notes.append("line temperatures (tdpf) are left out")
        for row, name in enumerate(table.names()):
            f, t = int(tail[row]), int(head[row])
            if not on[row] or not (self.on[f] or self.on[t]):
                continue
            base = self.level[f] ** 2 / self.base  # on the from side, as pandapower has it
            cut = self._open.get(("l", table.index[row]), [])
            ratio = (self.level[t] / self.level[f]) ** 2
            half = leak[row] * parallel[row] * base / 2
            self._connect(
                self._end(f, cut, name), self._end(t, cut, name), ohm[row] / parallel[row] / base, name,
                shunts=(half, half), charging=siemens[row] * parallel[row] * base,
                rating=rating[row] or np.inf,
            )  # fmt: skip
            if ratio != 1:
                table.wrong(row, "joins buses of different nominal voltage")

    def _transformers(self) -> None:
        table = self.net.table("trafo")
        hv, lv, on = self._at(table, "hv_bus"), self._at(table, "lv_bus"), table.flags("in_service", True)
        parallel = table.divisors("parallel", 1.0)
        windings = _Windings.of(table)
        for name, factor in (("leakage_resistance_ratio_hv", 0.5), ("leakage_reactance_ratio_hv", 0.5)):
            for row in _rows(table.numbers(name, factor) != factor):
                table.wrong(row, f"{name} other than 0.5 is not supported")
        for row in _rows(on & table.flags("tap_dependency_table", False)):
            table.wrong(row, "tap_dependency_table is not supported")
        for row, name in enumerate(table.names()):
            h, l = int(hv[row]), int(lv[row])
            if on[row] and self.on[h] and self.on[l]:
                cut = self._open.get(("t", table.index[row]), [])
                self._transformer(table, windings, row, h, l, cut, name, parallel[row])

    def _transformer(
        self, table: Table, windings: _Windings, row: int, h: int, l: int, cut: list[int], name: str, parallel: float
    ) -> None:  # fmt: skip
        if not windings.sound(row):
            table.wrong(row, "the tap changer stands where no voltage is left, or beyond a quarter turn")
            return
        high, low, shift = windings.tapped(row)
        inner = (low / self.level[l]) ** 2
        size, real = windings.short_circuit(row)
        scale = inner * self.base / windings.power[row] / parallel
        z = complex(real, np.sign(size) * np.sqrt(max(size**2 - real**2, 0.0))) * scale
        admittance = windings.magnetising(row) / self.base * parallel / inner
        ratio = (high / self.level[h]) / (low / self.level[l])
        first, second, series = 0j, 0j, z
        if admittance:  # the T circuit with half the impedance on either side, as a pi circuit
            series = z + z * z * admittance / 4
            first = second = admittance / (1 + z * admittance / 4) / 2
        rating = windings.power[row] * parallel / (np.sqrt(3) * self.level[l])
        self._connect(
            self._end(h, cut, name), self._end(l, cut, name), series, name, shunts=(first, second),
            tap=ratio * np.exp(1j * np.deg2rad(shift)), rating=rating,
        )  # fmt: skip

    def _three_windings(self) -> None:
        """Three transformers to a star point, whose nominal voltage is that of the high side."""
        table = self.net.table("trafo3w")
        on = table.flags("in_service", True)
        sides = [self._at(table, f"{side}_bus") for side in ("hv", "mv", "lv")]
        for row in _rows(on & table.flags("tap_dependency_table", False)):
            table.wrong(row, "tap_dependency_table is not supported")
        for row in _rows(on & table.flags("tap_at_star_point", False)):
            table.wrong(row, "tap_at_star_point is not supported")
        parts = _Windings.of_three(table)
        for row, name in enumerate(table.names()):
            h, m, l = (int(side[row]) for side in sides)
            if not on[row]:
                continue
            if not (self.on[h] and self.on[m] and self.on[l]):
                table.wrong(row, "has a bus that is out of service")
                continue
            star = self._new_bus(h, f"star point of {name}")
            cut = self._open.get(("t3", table.index[row]), [])
            for part, (one, other) in zip(parts, ((h, star), (star, m), (star, l)), strict=True):
                self._transformer(table, part, row, one, other, cut, name, 1.0)

    def _busbars(self) -> None:
        """Closed switches between buses."""
        table = self.switches
        tail, element, names = self._at(table, "bus"), table.numbers("element"), table.names()
        ohm, closed = table.numbers("z_ohm", 0.0), table.flags("closed", True)
        for row, kind in enumerate(table.texts("et")):
            if kind != "b":
                continue
            f, t = int(tail[row]), self.place.get(element[row])
            if t is None:
                table.wrong(row, f"element {element[row]:g} is not the index of a bus")
            elif closed[row] and self.on[f] and self.on[t] and f != t:
                z = ohm[row] * self.base / self.level[f] ** 2
                self._connect(f, t, z * complex(SWITCH_RX, 1.0) / np.hypot(SWITCH_RX, 1.0), names[row])

    def _impedances(self) -> None:
        table = self.net.table("impedance")
        tail, head, on = (
            self._at(table, "from_bus"),
            self._at(table, "to_bus"),
            table.flags("in_service", True),
        )
        forth = table.numbers("rft_pu") + 1j * table.numbers("xft_pu")
        back = table.numbers("rtf_pu") + 1j * table.numbers("xtf_pu")
        power = table.divisors("sn_mva")
        for row in _rows(on & (forth != back)):
            table.wrong(row, "an impedance that differs by direction is not supported")
        for column in ("gf_pu", "bf_pu", "gt_pu", "bt_pu"):
            for row in _rows(on & (table.numbers(column, 0.0) != 0)):
                table.wrong(row, f"{column} is not supported")
        for row, name in enumerate(table.names()):
            f, t = int(tail[row]), int(head[row])
            if on[row] and self.on[f] and self.on[t]:
                self._connect(f, t, forth[row] * self.base / power[row], name)

    def _shunts(self) -> None:
        table = self.net.table("shunt")
        at, on, step = self._at(table, "bus"), table.flags("in_service", True), table.numbers("step", 1.0)
        power = table.numbers("p_mw", 0.0) - 1j * table.numbers("q_mvar", 0.0)
        rated = table.numbers("vn_kv", 0.0)
        for row in _rows(on & (rated != 0) & (rated < SMALLEST)):
            table.wrong(row, f"vn_kv must be at least {SMALLEST:g}")
            rated[row] = 0.0
        for row in _rows(on & table.flags("step_dependency_table", False)):
            table.wrong(row, "step_dependency_table is not supported")
        for row in _rows(on):
            bus = int(at[row])
            level = rated[row] or self.level[bus]
            self.shunt[bus] += power[row] * step[row] * (self.level[bus] / level) ** 2 / self.base

    def _load(
        self, bus: int, power: complex, name: str, current: float = 0.0, impedance: float = 0.0
    ) -> None:
        if power != 0 and self.on[bus]:
            self.loads.append((bus, power * 1e6, current, impedance))
            self.load_names.append(name)

    def _injections(self) -> None:
        """Loads, static generators, storages and wards."""
        self._zip()
        for kind, sign in (("sgen", -1.0), ("storage", 1.0)):
            table = self.net.table(kind)
            at, on, scaling = (
                self._at(table, "bus"),
                table.flags("in_service", True),
                table.numbers("scaling", 1.0),
            )
            power = sign * scaling * (table.numbers("p_mw") + 1j * table.numbers("q_mvar", 0.0))
            for row in _rows(on):
                self._load(int(at[row]), complex(power[row]), table.names()[row])
        for kind in ("ward", "xward"):
            table = self.net.table(kind)
            at, on = self._at(table, "bus"), table.flags("in_service", True)
            power = table.numbers("ps_mw") + 1j * table.numbers("qs_mvar")
            fixed = table.numbers("pz_mw") + 1j * table.numbers("qz_mvar")
            for row in _rows(on):
                bus, name = int(at[row]), table.names()[row]
                self._load(bus, complex(power[row]), name)
                self.shunt[bus] += np.conj(fixed[row]) / self.base
                if kind == "xward" and self.on[bus]:
                    self._extended(table, int(row), bus, name)

    def _extended(self, table: Table, row: int, bus: int, name: str) -> None:
        """A voltage behind an impedance, without real power."""
        base = self.level[bus] ** 2 / self.base
        inner = self._new_bus(bus, f"inside {name}")
        z = complex(table.numbers("r_ohm")[row], table.numbers("x_ohm")[row]) / base
        self._connect(bus, inner, z, name)
        self.generators.append((inner, 0.0, float(table.numbers("vm_pu")[row])))
        self.generator_names.append(name)

    def _zip(self) -> None:
        table = self.net.table("load")
        at, on, scaling = (
            self._at(table, "bus"),
            table.flags("in_service", True),
            table.numbers("scaling", 1.0),
        )
        power = scaling * (table.numbers("p_mw") + 1j * table.numbers("q_mvar", 0.0))
        shares = []
        for part in "pq":
            both = [table.numbers(f"const_{kind}_percent", 0.0) for kind in "iz"]  # files before 3.0
            one = [
                table.numbers(f"const_{kind}_{part}_percent", 0.0)
                if table.has(f"const_{kind}_{part}_percent") else old for kind, old in zip("iz", both, strict=True)
            ]  # fmt: skip
            shares.append(np.array(one) / 100.0)
        names = table.names()
        self._note_means(table, at, on, np.array(shares))
        for row in _rows(on):
            (pi, pz), (qi, qz) = shares[0][:, row], shares[1][:, row]
            if min(pi, pz, qi, qz) < 0 or max(pi + pz, qi + qz) > 1 + 1e-9:
                table.wrong(row, "const_i and const_z percentages must be 0..100 together")
            elif (pi, pz) == (qi, qz) or power[row].imag == 0:
                self._load(int(at[row]), complex(power[row]), names[row], pi, pz)
            else:
                self._load(int(at[row]), complex(power[row].real), f"{names[row]} (P)", pi, pz)
                self._load(int(at[row]), complex(1j * power[row].imag), f"{names[row]} (Q)", qi, qz)

    def _note_means(self, table: Table, at: Array, on: Array, shares: Array) -> None:
        """pandapower takes the mean of the percentages of all loads of a bus."""
        unlike = 0
        for bus in np.unique(at[on]):
            mine = shares[..., on & (at == bus)] if table else shares[..., :0]
            unlike += bool((mine != mine[..., :1]).any())
        if unlike:
            self.notes.append(
                f"{unlike} buses have loads of unlike voltage dependence: each is taken at its word, where "
                "pandapower takes the mean of the percentages"
            )

    def _machines(self) -> None:
        """External grids and generators."""
        table = self.net.table("ext_grid")
        at, on = self._at(table, "bus"), table.flags("in_service", True)
        voltage = table.numbers("vm_pu") * np.exp(1j * np.deg2rad(table.numbers("va_degree", 0.0)))
        for row in _rows(on):
            if self.on[at[row]]:
                self.sources.append((int(at[row]), complex(voltage[row])))
                self.source_names.append(table.names()[row])
        table = self.net.table("gen")
        at, on, slack = self._at(table, "bus"), table.flags("in_service", True), table.flags("slack", False)
        size, power = table.numbers("vm_pu"), table.numbers("p_mw") * table.numbers("scaling", 1.0)
        for row in _rows(on):
            if not self.on[at[row]]:
                continue
            if slack[row]:
                self.sources.append((int(at[row]), complex(size[row])))
                self.source_names.append(table.names()[row])
            else:
                self.generators.append((int(at[row]), power[row] * 1e6, size[row]))
                self.generator_names.append(table.names()[row])

    def finished(self, stem: str) -> BareNetwork:
        """Arrays from the lists."""
        ends = np.array(self.ends, dtype=int).reshape(-1, 2)
        level = np.array(self.level) * 1e3
        impedance, charging, tap, rating = _columns(self.branch, 4)
        load_bus, power, current, share = _columns(self.loads, 4)
        source_bus, source_voltage = _columns(self.sources, 2)
        machine_bus, machine_power, machine_voltage = _columns(self.generators, 3)
        shunt = np.where(np.array(self.on), np.array(self.shunt, dtype=complex), 0.0)
        fields: dict[str, Array] = {
            "bus_voltage": level, "bus_shunt": shunt, "branch_from": ends[:, 0], "branch_to": ends[:, 1],
            "branch_impedance": impedance, "branch_charging": charging.real, "branch_tap": tap,
            "branch_rating": rating.real * 1e3, "branch_closed": np.array(self.closed, dtype=bool),
            "source_bus": source_bus.real.astype(int), "source_voltage": source_voltage,
            "generator_bus": machine_bus.real.astype(int), "generator_power": machine_power.real,
            "generator_voltage": machine_voltage.real,
            "load_power": power, "load_current_share": current.real, "load_impedance_share": share.real,
            "cord_load": np.arange(power.size), "cord_bus": load_bus.real.astype(int),
        }  # fmt: skip
        return BareNetwork(
            self.base * 1e6, fields, tuple(self.bus), tuple(self.branch_names), tuple(self.source_names),
            tuple(self.generator_names), (), tuple(self.load_names), self.net.text("name") or stem, self.net.file,
            tuple(self.notes),
        )  # fmt: skip


def _rows(mask: Array) -> list[int]:
    return [int(row) for row in np.flatnonzero(mask)]


def _columns(rows: list[Any], count: int) -> list[Array]:
    table = np.array(rows, dtype=complex).reshape(-1, count)
    return [table[:, column] for column in range(count)]


class _Windings:
    """Pairs of windings; voltages in kV, powers in MVA."""

    def __init__(self, columns: dict[str, Array], tap: list[str], kind: list[str]) -> None:
        self._columns, self._tap, self._kind = columns, tap, kind
        self.power = columns["sn_mva"]

    @classmethod
    def of(cls, table: Table) -> _Windings:
        """Two-winding transformers."""
        columns = {name: table.divisors(name) for name in ("sn_mva", "vn_hv_kv", "vn_lv_kv")}
        columns |= {name: table.numbers(name) for name in ("vk_percent", "vkr_percent")}
        columns |= {
            name: table.numbers(name, 0.0) for name in ("pfe_kw", "i0_percent", "shift_degree", *_TAP)
        }
        for row in _rows(columns["vk_percent"] == 0):
            table.wrong(row, "vk_percent must not be 0")
        return cls(columns, table.texts("tap_side"), _changers(table))

    @classmethod
    def of_three(cls, table: Table) -> list[_Windings]:
        """Each side of three-winding transformers against the star point."""
        sides = ("hv", "mv", "lv")
        power = np.array([table.divisors(f"sn_{side}_mva") for side in sides])
        real = _star(np.array([table.numbers(f"vkr_{side}_percent") for side in sides]), power)
        pairs = _pairs(np.array([table.numbers(f"vk_{side}_percent") for side in sides]), power)
        pairs_real = _pairs(np.array([table.numbers(f"vkr_{side}_percent") for side in sides]), power)
        inductive = _to_star(np.sqrt(np.maximum(pairs**2 - pairs_real**2, 0.0)), power)
        size = np.sign(inductive) * np.hypot(inductive, real)
        high = table.divisors("vn_hv_kv")
        taps, where = {name: table.numbers(name, 0.0) for name in _TAP}, table.texts("tap_side")
        result = []
        for number, side in enumerate(sides):
            tapped = np.array([there == side for there in where], dtype=bool)
            columns = {
                "sn_mva": power[number], "vn_hv_kv": high, "vn_lv_kv": table.divisors(f"vn_{side}_kv"),
                "vk_percent": size[number], "vkr_percent": real[number],
                "pfe_kw": table.numbers("pfe_kw", 0.0) * (side == "hv"),
                "i0_percent": table.numbers("i0_percent", 0.0) * (side == "hv"),
                "shift_degree": table.numbers(f"shift_{side}_degree", 0.0) if number else np.zeros(len(table)),
            }  # fmt: skip
            columns |= {name: np.where(tapped, value, 0.0) for name, value in taps.items()}
            place = ["hv" if number == 0 else "lv"] * len(table)
            result.append(cls(columns, place, _changers(table)))
        return result

    def short_circuit(self, row: int) -> tuple[float, float]:
        """Impedance voltage and its real part as fractions."""
        return float(self._columns["vk_percent"][row]) / 100, float(self._columns["vkr_percent"][row]) / 100

    def magnetising(self, row: int) -> complex:
        """No-load loss and magnetising power as an admittance at rated voltage. [MW - j Mvar]"""
        iron = float(self._columns["pfe_kw"][row]) * 1e-3
        total = float(self._columns["i0_percent"][row]) / 100 * float(self.power[row])
        return complex(iron, -np.sqrt(max(total**2 - iron**2, 0.0)))

    def sound(self, row: int) -> bool:
        """Whether the tap changer stands where a transformer still transforms."""
        c = self._columns
        steps = float(c["tap_pos"][row] - c["tap_neutral"][row])
        percent, degree = float(c["tap_step_percent"][row]), float(c["tap_step_degree"][row])
        if self._kind[row] == "ideal" and not degree:
            return abs(steps * percent) <= 200.0
        return abs(1 + steps * percent / 100 * np.exp(1j * np.deg2rad(degree))) > SMALLEST

    def tapped(self, row: int) -> tuple[float, float, float]:
        """Voltages of both sides [kV] and phase shift [deg] where the tap changer stands."""
        c = self._columns
        high, low, shift = (float(c[name][row]) for name in ("vn_hv_kv", "vn_lv_kv", "shift_degree"))
        steps = float(c["tap_pos"][row] - c["tap_neutral"][row])
        percent, degree = float(c["tap_step_percent"][row]), float(c["tap_step_degree"][row])
        sign = {"hv": 1.0, "lv": -1.0}.get(self._tap[row], 0.0)
        kind = self._kind[row]
        if not (steps and sign and kind):
            return high, low, shift
        if kind == "ideal":
            turn = steps * degree if degree else 2 * np.rad2deg(np.arcsin(steps * percent / 200))
            return high, low, shift + sign * float(turn)
        added = 1 + steps * percent / 100 * np.exp(1j * np.deg2rad(degree))
        shift += sign * float(np.rad2deg(np.angle(added)))
        return (high * abs(added), low, shift) if sign > 0 else (high, low * abs(added), shift)


_TAP = ("tap_pos", "tap_neutral", "tap_step_percent", "tap_step_degree")


def _changers(table: Table) -> list[str]:
    """ "ideal" phase shifters, "ratio" changers, or nothing; mistakes for other kinds."""
    result = []
    ideal = table.flags("tap_phase_shifter", False)  # files before 3.0
    known = table.has("tap_changer_type")
    for row, kind in enumerate(table.texts("tap_changer_type")):
        if kind in ("Ratio", "Symmetrical"):
            result.append("ratio")
        elif kind == "Ideal" or (not known and ideal[row]):
            result.append("ideal")
        elif kind in ("", "None"):
            result.append("" if known else "ratio")
        else:
            result.append("")
            table.wrong(row, f"tap changer type {kind!r:.30} is not supported")
    if any(table.numbers("tap2_pos", 0.0) != table.numbers("tap2_neutral", 0.0)):
        table.wrong(0, "a second tap changer off neutral is not supported")
    return result


def _pairs(percent: Array, power: Array) -> Array:
    """Impedances between the windings in pairs, on the power of the first one."""
    return np.asarray(power[0] * percent / np.minimum(power, np.roll(power, -1, axis=0)))


def _to_star(pairs: Array, power: Array) -> Array:
    """Impedances to the star point of (hv-mv, mv-lv, hv-lv), each on its own power."""
    first, second, third = pairs
    star = np.array([first + third - second, second + first - third, third + second - first])
    return np.asarray(0.5 * power / power[0] * star)


def _star(percent: Array, power: Array) -> Array:
    return _to_star(_pairs(percent, power), power)
