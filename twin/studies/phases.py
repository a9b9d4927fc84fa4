"""Phases: what each conductor carries where circuits have one or two poles, and how even the voltages stay.

The power flow of the coupling is balanced: it knows what a busway carries in all, not that its racks all hang on phase A.
Here every section with such circuits is solved conductor by conductor in the normal state and in all settled states, for the
loads that the coupling found.  Sources (the mains, outputs of UPS in double conversion) are stiff and even, as in the
balanced flow; voltages are those of the normal positions of transfer switches, while currents follow the loads that these
move.  Third harmonics (and the other triplens) of supplies between a phase and the neutral add up in the neutral; they are
those of the study of harmonics, all in phase.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from solvers.power.harmonics import neutral_current
from solvers.power.unbalanced import UnbalancedSolution, bus_voltage, iec_unbalance, nema_unbalance, solve
from twin.model.facility import Feed, Machine
from twin.model.products import SQRT3, Busway
from twin.networks.power import LEVEL
from twin.results.results import Table
from twin.studies.basis import Basis
from twin.studies.front_ends import ORDERS, spectrum
from twin.studies.phases_network import Array, Complex, Index, Mask, PhaseNetwork, conductors, lower

FAINT = 1e-6
"""Currents in a neutral below this share of the phases' are rounding. [-]"""
LESS = 0.99
"""Share of its normal load below which an imbalance does not count: a panel that lost most of its racks is uneven, and
harms nobody. [-] Assumed."""
PANELS = ("pdu", "busway")
LARGE = 100_000
"""Nodes times states from which the compiled sweep saves more than it takes to load (measured: 0.7 s; 1,000 racks in 140
states 0.7 s instead of 5 s)."""


def phases(basis: Basis) -> tuple[dict[str, Table], dict[str, Any]]:
    """Solve the sections with circuits of one or two poles; nothing where there are none.

    Returns
    -------
    Tables ``phase`` (machines that carry such circuits: currents of phases and neutral, imbalance, loading) and
    ``phase_load`` (loads of these sections: voltage across their circuits), and the answer in words and numbers.
    ``worst`` values are the largest of the normal state and every settled loss.
    """
    network = lower(basis)
    if network is None:
        return {}, {}
    large = network.problem.node_bus.size * len(network.rows) >= LARGE
    solution = solve(
        network.problem, method="auto" if large else "injection", outputs=("node_voltage", "load_current")
    )
    if not solution.scenario_ok[0]:
        return {}, {"solved": False, "sentences": [f"no solution of the single phases: {solution.detail}"]}
    return _Study(basis, network, solution).answer()


@dataclass(frozen=True, eq=False)
class _Study:
    basis: Basis
    network: PhaseNetwork
    solution: UnbalancedSolution

    def answer(self) -> tuple[dict[str, Table], dict[str, Any]]:
        tables = {"phase": self._machines(), "phase_load": self._loads()}
        circuits = sum(load.circuits for load in self.network.drawn)
        facts = {
            "solved": True,
            "circuits": circuits,
            "loads": len({self._feed(load.feed).to for load in self.network.drawn if load.circuits}),
            "states": int(self._ok.sum()),
            "unsolved": int((~self._ok).sum()),
            **_extremes(tables, self._kinds(tables["phase"])),
        }
        facts["sentences"] = list(_sentences(facts))
        return tables, facts

    @cached_property
    def _ok(self) -> Mask:
        return np.asarray(self.solution.scenario_ok)

    def _feed(self, number: int) -> Feed:
        return self.basis.facility.feeds[number]

    def _kinds(self, table: Table) -> list[str]:
        return [self.basis.facility.by_id[name].kind for name in table.ids]

    # -- currents ---------------------------------------------------------------------------------------------

    @cached_property
    def current(self) -> Complex:
        """(S, B, 3) current of each phase that a bus of the power tree takes. [A]"""
        network = self.network
        total = np.zeros((len(network.rows), len(network.spot), 4), complex)
        one, two = conductors(network.drawn)
        lane = np.arange(len(total))[:, None]
        np.add.at(total, (lane, self._entry, one), self.solution.load_current)
        np.add.at(total, (lane, self._entry, two), -self.solution.load_current)
        return self._gathered(total[..., :3])

    @cached_property
    def triplens(self) -> Array:
        """(S, B) rms of the harmonics that add up in the neutral. [A]"""
        network = self.network
        supplies = [
            len(load.conductors) == 1
            and load.feed >= 0
            and self.basis.facility.by_id[self._feed(load.feed).to].kind == "rack"
            for load in network.drawn
        ]
        size = np.abs(self.solution.load_current) * (_triplen_share() * np.array(supplies))
        total = np.zeros((len(network.rows), len(network.spot)))
        np.add.at(total, (np.arange(len(total))[:, None], self._entry), size)
        # zero sequence: equal in the three phases
        return np.abs(self._gathered(np.repeat(total[..., None] / 3.0, 3, axis=2)).sum(axis=2))

    @cached_property
    def _entry(self) -> Index:
        return np.array([load.entry for load in self.network.drawn], np.intp)

    def _gathered(self, taken: Any) -> Any:
        """(S, B, 3) currents at the loads, added up on the way to the sources."""
        network, total = self.network, taken.copy()
        first = self.basis.world.power.problem.branch_from
        for bus in network.order:
            for branch in network.incoming.get(bus, ()):
                part = total[:, bus] * network.share.get(branch, np.ones(1))[:, None]
                total[:, first[branch]] += part @ network.turns[branch].T if branch in network.turns else part
        return total

    def _machines(self) -> Table:
        net, touched = self.basis.world.power, self.network.touched
        output = {name: bus for name, bus in net.output.items() if name and touched[bus]}
        ids = tuple(m.id for m in self.basis.facility.machines if m.id in output)
        flow = self.current[:, [output[name] for name in ids]]
        size = np.where(self._ok[:, None, None], np.abs(flow), 0.0)
        neutral = np.where(self._ok[:, None], np.abs(flow.sum(axis=2)), 0.0)
        neutral[neutral < FAINT * size.max(axis=2)] = 0.0
        harmonic = np.where(self._ok[:, None], self.triplens[:, [output[name] for name in ids]], 0.0)
        uneven = nema_unbalance(size)
        counts = size.sum(axis=2) >= LESS * size[:1].sum(axis=2)
        unbalance = self._unbalance(ids)
        machines = [self.basis.facility.by_id[name] for name in ids]
        rating = np.array([_rating(machine) for machine in machines])
        return Table(
            ids,
            {
                "current_a": size[0, :, 0],
                "current_b": size[0, :, 1],
                "current_c": size[0, :, 2],
                "neutral_current": neutral[0],
                "neutral_harmonics": harmonic[0],
                "imbalance": uneven[0],
                "unbalance": unbalance[0],
                "worst_current": size.max(axis=(0, 2)),
                "worst_neutral": np.hypot(neutral, harmonic).max(axis=0),
                "worst_imbalance": np.where(counts, uneven, 0.0).max(axis=0),
                "worst_unbalance": unbalance.max(axis=0),
                "neutral_ampacity": np.array(
                    [_neutral(m, amperes) for m, amperes in zip(machines, rating, strict=True)]
                ),
                "loading": size.max(axis=(0, 2)) / rating,
                "breaker_loading": self._over_feeds(ids, lambda feed: feed.breaker),
                "cable_loading": self._over_feeds(
                    ids, lambda feed: feed.cable.rating if feed.cable else None
                ),
            },
        )

    def _over_feeds(self, ids: tuple[str, ...], limit: Callable[[Feed], float | None]) -> Array:
        """(n,) current of the fullest phase of the feeds into each machine over a limit of their circuits."""
        net = self.basis.world.power
        found = dict.fromkeys(ids, 0.0)
        for feed, branch in zip(self.basis.facility.feeds, net.feed_branch, strict=True):
            amperes = limit(feed)
            if feed.to in found and branch >= 0 and amperes is not None:
                end = np.abs(self.current[self._ok, net.problem.branch_to[branch]]).max()
                found[feed.to] = max(found[feed.to], float(end) / (amperes * feed.circuits))
        return np.array([found[name] for name in ids])

    # -- voltages ---------------------------------------------------------------------------------------------

    @cached_property
    def volts(self) -> Complex:
        """(S, bus of the problem, 3) phases to neutral; 0 where a state has no solution. [V]"""
        return bus_voltage(self.network.problem, self.solution.node_voltage)

    def _unbalance(self, ids: tuple[str, ...]) -> Array:
        """(S, n) negative over positive sequence voltage at the output, of busways at the worst of their taps."""
        net = self.basis.world.power
        factor = iec_unbalance(self.volts)
        taps: dict[str, list[int]] = {}
        for branch, owner in enumerate(net.branch_owner):
            taps.setdefault(owner, []).append(int(net.problem.branch_to[branch]))
        columns = []
        for name in ids:
            spots = self._spots([net.output[name], *taps.get(name, ())])
            columns.append(factor[:, spots].max(axis=1, initial=0.0))
        return np.stack(columns, axis=1)

    def _spots(self, buses: list[int]) -> Index:
        spots = self.network.spot[buses]
        return spots[spots >= 0]

    def _loads(self) -> Table:
        network, tree = self.network, self.basis.world.power
        kept = [place for place, load in enumerate(network.drawn) if load.feed >= 0]
        loads = [network.drawn[place] for place in kept]
        names = [self._feed(load.feed).to for load in loads]
        ids = tuple(m.id for m in self.basis.facility.machines if m.id in set(names))
        column = np.array([ids.index(name) for name in names], np.intp)
        one, two = conductors(tuple(loads))
        volts = np.concatenate([self.volts, np.zeros((*self.volts.shape[:2], 1))], axis=2)
        bus = network.load_bus[kept]
        nominal = [self._nominal(load.conductors, tree.feed_branch[load.feed]) for load in loads]
        across = np.abs(volts[:, bus, one] - volts[:, bus, two]) / np.array(nominal)
        amperes = np.abs(self.solution.load_current[:, kept])
        drawing = self._ok[:, None] & (amperes > 0.0)
        factor = iec_unbalance(self.volts)[:, network.spot[[load.entry for load in loads]]]
        circuits = np.array([max(load.circuits, 1) for load in loads])
        lane = np.arange(len(across))[:, None]

        def largest(values: Array) -> Array:
            table = np.zeros((len(across), len(ids)))
            np.maximum.at(table, (lane, column), np.where(drawing, values, 0.0))
            return table

        low = np.full((len(across), len(ids)), np.inf)
        np.minimum.at(low, (lane, column), np.where(drawing, across, np.inf))
        high, unbalance = largest(across), largest(factor)
        return Table(
            ids,
            {
                "voltage_low": _finite(low[0]),
                "voltage_high": high[0],
                "unbalance": unbalance[0],
                "worst_voltage_low": _finite(low.min(axis=0)),
                "worst_voltage_high": high.max(axis=0),
                "worst_unbalance": unbalance.max(axis=0),
                "circuit_current": largest(amperes / circuits).max(axis=0),
            },
        )

    def _nominal(self, between: str, branch: int) -> float:
        """Nominal voltage across a load, which may be rated for the voltage to neutral. [V]"""
        tree = self.basis.world.power.problem
        rated, above = (float(tree.bus_voltage[end[branch]]) for end in (tree.branch_to, tree.branch_from))
        if len(between) == 2 or abs(rated * SQRT3 / above - 1.0) <= LEVEL:
            return rated
        return rated / SQRT3


def _triplen_share() -> float:
    """Third, ninth and fifteenth harmonic of a rack's power supplies over their fundamental. [-]"""
    return float(neutral_current(ORDERS, np.abs(spectrum("supply")))) / 3.0


def _finite(values: Array) -> Array:
    """0 for what draws nothing."""
    return np.where(np.isfinite(values), values, 0.0)


def _rating(machine: Machine) -> float:
    """Continuous current of a phase. [A]"""
    sheet: Any = machine.product
    if machine.kind in ("switchboard", "transfer_switch", "busway"):
        return float(sheet.rating)
    volts = sheet.secondary if machine.kind == "transformer" else sheet.voltage
    power = sheet.capacity if machine.kind == "utility" else sheet.rating
    factor = sheet.power_factor if machine.kind == "generator" else 1.0
    return float(power / factor / (SQRT3 * volts))


def _neutral(machine: Machine, rating: float) -> float:
    """Ampacity of the neutral conductor; of the phases' size where no sheet tells.  Assumed. [A]"""
    return rating * machine.product.neutral if isinstance(machine.product, Busway) else rating


def _extremes(tables: Mapping[str, Table], kinds: list[str]) -> dict[str, Any]:
    """The worst of every sort and where it is."""
    machines, loads = tables["phase"], tables["phase_load"]
    panels = np.array([kind in PANELS for kind in kinds])
    panels |= not panels.any()
    found: dict[str, Any] = {}
    for name in ("imbalance", "worst_imbalance"):
        values = np.where(panels, machines[name], -1.0)
        found[name] = float(values.max())
        found[f"{name}_at"] = machines.ids[int(values.argmax())]
    for name in ("neutral_current", "worst_neutral", "worst_unbalance"):
        found[name] = float(machines[name].max())
        found[f"{name}_at"] = machines.ids[int(machines[name].argmax())]
    low = np.where(loads["worst_voltage_low"] > 0.0, loads["worst_voltage_low"], np.inf)
    if np.isfinite(low).any():
        found["voltage_low"] = float(low.min())
        found["voltage_low_at"] = loads.ids[int(low.argmin())]
    return found


def _sentences(facts: Mapping[str, Any]) -> Iterator[str]:
    yield (
        f"{facts['circuits']} circuits of one or two poles to {facts['loads']} loads: phases of panels and busways within "
        f"{100 * facts['imbalance']:.1f} % of even ({facts['imbalance_at']}), "
        f"{facts['neutral_current']:.0f} A in the neutral of {facts['neutral_current_at']} at mains frequency"
    )
    yield (
        f"in the worst of {facts['states']} states {100 * facts['worst_imbalance']:.1f} % ({facts['worst_imbalance_at']}), "
        f"{facts['worst_neutral']:.0f} A with third harmonics ({facts['worst_neutral_at']}), voltage unbalance "
        f"{facts['worst_unbalance']:.2%} ({facts['worst_unbalance_at']})"
        + (
            f", lowest voltage {100 * facts['voltage_low']:.1f} % ({facts['voltage_low_at']})"
            if "voltage_low" in facts
            else ""
        )
    )
    if facts["unsolved"]:
        yield f"{facts['unsolved']} states have no solution of the single phases and are left out"
