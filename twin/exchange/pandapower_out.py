"""Bare networks as pandapower JSON files that ``pandapower.from_json`` reads."""

from __future__ import annotations

import json
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

FORMAT_VERSION = "3.0.0"
"""Version of pandapower's tables that are written."""
NO_LIMIT = 1e6
"""Rating of branches without one. [kA]"""

LEAST_X = 1e-9
"""Reactance over resistance of branches without reactance: pandapower's DC start divides by it.  Voltages change by
less than 1e-10 p.u."""

_TYPES = {"f": "float64", "i": "int64", "u": "uint32", "b": "bool", "s": "object"}
TABLES: dict[str, dict[str, str]] = {
    "bus": {"name": "s", "vn_kv": "f", "type": "s", "zone": "s", "in_service": "b"},
    "line": {
        "name": "s", "std_type": "s", "from_bus": "u", "to_bus": "u", "length_km": "f", "r_ohm_per_km": "f",
        "x_ohm_per_km": "f", "c_nf_per_km": "f", "g_us_per_km": "f", "max_i_ka": "f", "df": "f", "parallel": "u",
        "type": "s", "in_service": "b",
    },
    "trafo": {
        "name": "s", "std_type": "s", "hv_bus": "u", "lv_bus": "u", "sn_mva": "f", "vn_hv_kv": "f",
        "vn_lv_kv": "f", "vk_percent": "f", "vkr_percent": "f", "pfe_kw": "f", "i0_percent": "f",
        "shift_degree": "f", "tap_side": "s", "tap_neutral": "f", "tap_min": "f", "tap_max": "f",
        "tap_step_percent": "f", "tap_step_degree": "f", "tap_pos": "f", "tap_changer_type": "s",
        "tap_dependency_table": "b", "parallel": "u", "df": "f", "in_service": "b",
    },
    "switch": {
        "bus": "i", "element": "i", "et": "s", "type": "s", "closed": "b", "name": "s", "z_ohm": "f",
        "in_ka": "f",
    },
    "load": {
        "name": "s", "bus": "u", "p_mw": "f", "q_mvar": "f", "const_z_p_percent": "f", "const_i_p_percent": "f",
        "const_z_q_percent": "f", "const_i_q_percent": "f", "sn_mva": "f", "scaling": "f", "in_service": "b",
        "type": "s",
    },
    "ext_grid": {
        "name": "s", "bus": "u", "vm_pu": "f", "va_degree": "f", "slack_weight": "f", "in_service": "b",
    },
    "gen": {
        "name": "s", "bus": "u", "p_mw": "f", "vm_pu": "f", "sn_mva": "f", "min_q_mvar": "f", "max_q_mvar": "f",
        "scaling": "f", "slack": "b", "in_service": "b", "slack_weight": "f", "type": "s",
    },
    "shunt": {
        "bus": "u", "name": "s", "q_mvar": "f", "p_mw": "f", "vn_kv": "f", "step": "u", "max_step": "u",
        "step_dependency_table": "b", "in_service": "b",
    },
}  # fmt: skip
"""Columns of the tables that are written, and the kinds of their values."""


def write_pandapower(
    network: BareNetwork, path: str | Path, solution: Solution, *, frequency: float = 50.0
) -> None:
    """Write the state of a network that was solved.

    Parameters
    ----------
    solution : of ``solvers.power.solve(network.problem())``.
    frequency : of the net; only the capacitance of lines depends on it. [Hz]

    Raises
    ------
    ValueError
        If the solution is not of this network, or an ideal branch has a ratio.

    Notes
    -----
    ``pandapower.runpp`` with voltage angles then finds the same voltages in per unit.  Converters are loads at
    their inputs and external grids at their outputs; sections of direct current are balanced AC sections of the
    same per-unit resistances, in which currents are smaller by sqrt(3) and loadings are right.  Closed branches
    without impedance are bus-bus switches.  Loops of these are left out: they carry no net current.
    """
    document = pandapower_document(network, solution, frequency=frequency)
    Path(path).write_text(json.dumps(document, allow_nan=False), encoding="utf-8")


def pandapower_document(
    network: BareNetwork, solution: Solution, *, frequency: float = 50.0
) -> dict[str, Any]:
    """What :func:`write_pandapower` writes, as plain data."""
    state = state_of(network, solution)
    rows = _Rows(state, frequency)
    tables = {name: _frame(columns, rows.tables[name]) for name, columns in TABLES.items()}
    inner = {
        **tables, "version": FORMAT_VERSION, "format_version": FORMAT_VERSION, "name": network.name,
        "f_hz": frequency, "sn_mva": network.base_power / 1e6, "converged": False, "OPF_converged": False,
    }  # fmt: skip
    return {"_module": "pandapower.auxiliary", "_class": "pandapowerNet", "_object": inner}


def _frame(columns: dict[str, str], rows: list[dict[str, Any]]) -> dict[str, Any]:
    data = [[row.get(name) for name in columns] for row in rows]
    body = {"columns": list(columns), "index": list(range(len(rows))), "data": data}
    return {
        "_module": "pandas.core.frame", "_class": "DataFrame", "_object": json.dumps(body, allow_nan=False),
        "orient": "split", "dtype": {name: _TYPES[kind] for name, kind in columns.items()},
        "is_multiindex": False, "is_multicolumn": False,
    }  # fmt: skip


class _Rows:
    """Rows of all tables."""

    def __init__(self, state: State, frequency: float) -> None:
        self.state, self.problem, self.frequency = state, state.problem, frequency
        self.base = self.problem.base_power / 1e6  # MVA
        self.level = self.problem.bus_voltage / 1e3  # kV
        self.tables: dict[str, list[dict[str, Any]]] = {name: [] for name in TABLES}
        self._buses()
        self._branches()
        self._hung()

    def _buses(self) -> None:
        names, dc = self.state.network.bus, self.problem.bus_dc
        for bus, name in enumerate(names):
            self.tables["bus"].append({
                "name": f"{name} (DC)" if dc[bus] else name, "vn_kv": float(self.level[bus]), "type": "b",
                "in_service": bool(self.state.live[bus]),
            })  # fmt: skip

    def _branches(self) -> None:
        problem = self.problem
        uncharged = []
        for branch, name in enumerate(self.state.network.branch):
            f, t = int(problem.branch_from[branch]), int(problem.branch_to[branch])
            tap, z = complex(problem.branch_tap[branch]), complex(problem.branch_impedance[branch])
            plain = tap == 1 and self.level[f] == self.level[t]
            if z and not z.imag:
                z = complex(z.real, LEAST_X * z.real)
            if z == 0:
                if tap != 1:
                    raise ValueError(f"branch {name!r} is an ideal transformer, which pandapower has not")
                uncharged.append(branch)
                self._switch(branch, name, f, t)
            elif plain:
                self._line(branch, name, f, t, z)
            else:
                uncharged.append(branch)
                self._transformer(branch, name, f, t, z, tap)
        self._shunts(charging(self.state, np.array(uncharged, dtype=int)))

    def _amperes(self, branch: int) -> float:
        """Rating in kA, of the balanced AC section that stands for a DC one too."""
        rating = float(self.problem.branch_rating[branch]) / 1e3
        if not np.isfinite(rating):
            return NO_LIMIT
        return rating / np.sqrt(3.0) if self.problem.bus_dc[self.problem.branch_to[branch]] else rating

    def _switch(self, branch: int, name: str, f: int, t: int) -> None:
        self.tables["switch"].append({
            "bus": f, "element": t, "et": "b", "type": "CB", "closed": bool(self.state.closed[branch]),
            "name": name, "z_ohm": 0.0,
        })  # fmt: skip

    def _line(self, branch: int, name: str, f: int, t: int, z: complex) -> None:
        ohm = self.level[t] ** 2 / self.base
        farad = float(self.problem.branch_charging[branch]) / ohm / (2 * np.pi * self.frequency)
        self.tables["line"].append({
            "name": name, "from_bus": f, "to_bus": t, "length_km": 1.0, "r_ohm_per_km": z.real * ohm,
            "x_ohm_per_km": z.imag * ohm, "c_nf_per_km": farad * 1e9, "g_us_per_km": 0.0,
            "max_i_ka": self._amperes(branch), "df": 1.0, "parallel": 1, "type": "cs",
            "in_service": bool(self.state.closed[branch]),
        })  # fmt: skip

    def _transformer(self, branch: int, name: str, f: int, t: int, z: complex, tap: complex) -> None:
        size = abs(z) if z.imag >= 0 else -abs(z)
        self.tables["trafo"].append({
            "name": name, "hv_bus": f, "lv_bus": t, "sn_mva": self.base, "vn_hv_kv": abs(tap) * float(self.level[f]),
            "vn_lv_kv": float(self.level[t]), "vk_percent": 100 * size, "vkr_percent": 100 * z.real,
            "pfe_kw": 0.0, "i0_percent": 0.0, "shift_degree": float(np.rad2deg(np.angle(tap))), "tap_pos": 0.0,
            "tap_dependency_table": False, "parallel": 1, "df": self._rating_factor(branch, t),
            "in_service": bool(self.state.closed[branch]),
        })  # fmt: skip

    def _rating_factor(self, branch: int, t: int) -> float:
        """Rated power of the branch over the base, on which its impedance is given."""
        factor = self._amperes(branch) * np.sqrt(3.0) * self.level[t] / self.base
        return float(factor)

    def _hung(self) -> None:
        """Loads, holders, generators, shunts."""
        for load in self._single_loads():
            zp, ip, zq, iq = (100 * share for share in load[2])
            self.tables["load"].append({
                "name": load[3], "bus": load[0], "p_mw": load[1].real / 1e6, "q_mvar": load[1].imag / 1e6,
                "const_z_p_percent": zp, "const_i_p_percent": ip, "const_z_q_percent": zq,
                "const_i_q_percent": iq, "scaling": 1.0, "in_service": True, "type": "wye",
            })  # fmt: skip
        for holder in self.state.holders:
            self.tables["ext_grid"].append({
                "name": holder.name, "bus": holder.bus, "vm_pu": abs(holder.voltage),
                "va_degree": float(np.rad2deg(np.angle(holder.voltage))), "slack_weight": 1.0, "in_service": True,
            })  # fmt: skip
        problem = self.problem
        for number, name in enumerate(self.state.network.generator):
            limits = (problem.generator_q_min[number], problem.generator_q_max[number])
            low, high = (float(x) / 1e6 if np.isfinite(x) else None for x in limits)
            bus = int(problem.generator_bus[number])
            self.tables["gen"].append({
                "name": name, "bus": bus, "p_mw": float(problem.generator_power[0, number]) / 1e6,
                "vm_pu": float(problem.generator_voltage[number]), "min_q_mvar": low, "max_q_mvar": high,
                "scaling": 1.0, "slack": False, "in_service": bool(self.state.live[bus]), "slack_weight": 0.0,
            })  # fmt: skip
        self._shunts(self.state.shunts)

    def _single_loads(self) -> Iterator[tuple[int, complex, tuple[float, float, float, float], str]]:
        """Bus, power, shares of impedance and current (of P, of Q) and name.

        pandapower takes the mean of the percentages of all loads of a bus, whatever their size, and those of one
        bus for all buses that switches join; loads of a busbar with voltage-dependent ones are therefore one.
        """
        section = self._sections()
        by_section: dict[int, list[Load]] = {}
        for load in self.state.loads:
            by_section.setdefault(int(section[load.bus]), []).append(load)
        for loads in by_section.values():
            bus = loads[0].bus
            if not any(load.current or load.impedance for load in loads):
                yield from ((load.bus, load.power, (0.0, 0.0, 0.0, 0.0), load.name) for load in loads)
                continue
            total = sum(load.power for load in loads)
            z = sum(load.power * load.impedance for load in loads)
            i = sum(load.power * load.current for load in loads)
            real, reactive = total.real or 1.0, total.imag or 1.0
            shares = (z.real / real, i.real / real, z.imag / reactive, i.imag / reactive)
            yield bus, complex(total), shares, ", ".join(load.name for load in loads)

    def _sections(self) -> NDArray[Any]:
        """(B,) busbar of each bus: joined by closed branches without impedance."""
        problem = self.problem
        at = np.flatnonzero(self.state.closed & (problem.branch_impedance == 0))
        size = problem.bus_voltage.size
        ends = (np.ones(at.size), (problem.branch_from[at], problem.branch_to[at]))
        return np.asarray(connected_components(coo_array(ends, shape=(size, size)), directed=False)[1])

    def _shunts(self, shunts: Any) -> None:
        for shunt in shunts:
            power = np.conj(shunt.admittance) * self.base
            self.tables["shunt"].append({
                "bus": shunt.bus, "name": shunt.name, "q_mvar": float(power.imag), "p_mw": float(power.real),
                "vn_kv": float(self.level[shunt.bus]), "step": 1, "max_step": 1, "step_dependency_table": False,
                "in_service": True,
            })  # fmt: skip
