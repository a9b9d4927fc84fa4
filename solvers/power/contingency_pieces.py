"""Failures solved piece by piece by the compiled kernels; what they cannot tell goes to the general solver."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.power.contingency_block import aligned, new_state
from solvers.power.contingency_general import FIGURES, TRIPS, General, Outcome
from solvers.power.contingency_judge import run_blocks
from solvers.power.contingency_keep import Limits, Summary, Watched, Worst
from solvers.power.contingency_outages import Kind, Outages
from solvers.power.contingency_steps import WORST
from solvers.power.contingency_sweep import solve_base
from solvers.power.contingency_switch import Changes, find_changes
from solvers.power.islands import compile_network
from solvers.power.islands_records import ELSEWHERE
from solvers.power.lanes import LANES
from solvers.power.problem import Problem, Solution

Array = NDArray[Any]

QUICK = 25
"""Sweeps after which a scenario is left to the general solver: a design far from collapse needs 5 to 10."""


class NotInPieces(Exception):
    """The base state cannot be swept piece by piece."""


class Pieces:
    """A base state, compiled and solved, ready for failures."""

    def __init__(self, problem: Problem, general: General) -> None:
        """Raises NotInPieces where the base state has rings of converters or does not settle."""
        self.problem, self.general, self.base_power = problem, general, problem.base_power
        self.network, self.switches, tables, switched = compile_network(problem)
        network = self.network
        if not network.row.size or network.piece["rank"].min() < 0:
            raise NotInPieces
        self.accepted = general.tolerance
        self.state = new_state(network, tables)
        size = float(np.abs(network.load["power"][network.load["served"]]).sum())
        mismatch = self.accepted * (min(size, 1.0) if size > 0 else 1.0)
        mismatch = max(mismatch, 64 * np.finfo(float).eps * max(size, 1.0))
        self.start, settled = solve_base(
            network, tables, self.state, max(self.accepted, 64 * np.finfo(float).eps), mismatch,
            general.max_iterations,
        )  # fmt: skip
        if not settled:
            raise NotInPieces
        apart = np.flatnonzero(switched.live & (network.bus["row"] == ELSEWHERE))
        self._state: tuple[Array, Array, Array]
        self.summary: Summary
        self._whole = general.base() if apart.size else None
        self._summarise(apart)

    def begin(self, limits: tuple[Array, Array, Array] | None, watch: tuple[Array, Array, Array]) -> None:
        """Forget the worst states; take other trip limits and watched elements."""
        self.general.begin(limits, watch)
        self._limit()
        load, _, loading = self._state
        self.summary = self.summary._replace(trip=self._base_trips(load, loading))
        self._rows[...] = self._fresh_rows
        self.worst = Worst(
            self._rows, np.zeros((self.network.branch.size, 2)),
            np.stack([loading, np.full(loading.size, -1.0)], axis=1),
        )  # fmt: skip
        self._watch()

    def _limit(self) -> None:
        """Trip limits as the kernel reads them."""
        network, general = self.network, self.general
        if general.limits is None:
            never = np.full(network.unit.size, np.inf)
            self.limits = Limits(np.zeros(network.row.size), np.zeros(network.branch.size), never)
            return
        branch, converter, source = general.limits
        inverse = 1.0 / branch**2
        feed = network.detail["branch"]
        row = np.where(feed >= 0, np.append(inverse, 0.0)[feed], 0.0)
        self.limits = Limits(row, inverse, np.concatenate([source / self.base_power, converter]))

    def _summarise(self, apart: Array) -> None:
        """The base state by pieces."""
        solution = self._whole
        network, start = self.network, self.start
        row, detail, unit = network.row, network.detail, network.unit
        current = start.current.copy()
        for number in np.flatnonzero((unit["hub"] >= 0) & (unit["row"] != unit["hub"])):
            hub, at = int(unit["hub"][number]), int(unit["row"][number])
            while at != hub:
                current[at] -= unit["share"][number] * start.current[hub]
                at = int(row["parent"][at])
        ends = detail["along"] * current + 1j * detail["across"] * start.voltage[detail["beside"]]
        load = detail["scale"] * np.abs(ends) ** 2
        size = np.abs(start.voltage) ** 2
        loss = np.bincount(detail["piece"], row["r"] * np.abs(current) ** 2, minlength=network.piece.size)
        on = np.flatnonzero(unit["hub"] >= 0)
        converters = on[(unit["converter"][on] >= 0) & (unit["input"][on] >= 0)]
        np.add.at(
            loss, detail["piece"][unit["hub"][converters]],
            start.input[converters].real - start.output[converters].real,
        )  # fmt: skip
        loading = np.where(unit["converter"] >= 0, start.output.real / unit["rating"], np.abs(start.output))
        elsewhere = np.zeros(1, FIGURES)
        elsewhere["lowest"] = np.inf
        for name in ("lowest_at", "highest_at", "heaviest_at"):
            elsewhere[name] = -1
        total = float(loss.sum())
        if solution is not None:
            if not solution.status.ok:
                raise NotInPieces
            loading = np.where(unit["hub"] == ELSEWHERE, self._apart_units(solution), loading)
            self._apart(elsewhere[0], apart, solution)
            total = float(solution.loss[0]) / self.base_power
        lows, highs, loads = (
            _best(value, detail["piece"], network.piece.size, sign)
            for value, sign in ((size, 1), (size, -1), (load, -1))
        )
        order = np.stack([np.argsort(key, kind="stable") for key in (lows[0], -highs[0], -loads[0])], axis=1)
        self.summary = Summary(
            lows[0], lows[1], highs[0], highs[1], loads[0], loads[1], loss, order, loading,
            np.argsort(-loading, kind="stable"), elsewhere, total, np.zeros(0, TRIPS),
        )  # fmt: skip
        self._state = (load, size, loading)
        self._fresh_rows = _worst_rows(load, size)
        self._rows = aligned(*self._fresh_rows.shape)

    def _apart_units(self, solution: Solution) -> Array:
        return np.concatenate(
            [np.abs(solution.source_power[0]) / self.base_power, solution.converter_loading[0]]
        )

    def _apart(self, figure: Any, apart: Array, solution: Solution) -> None:
        """Extremes of what has no rows."""
        size = np.abs(solution.bus_voltage[0, apart]) ** 2
        low, high = int(size.argmin()), int(size.argmax())
        figure["lowest"], figure["lowest_at"] = size[low], apart[low]
        figure["highest"], figure["highest_at"] = size[high], apart[high]
        inside = self.network.bus["row"][self.problem.branch_from] == ELSEWHERE
        load = np.where(inside, solution.branch_loading[0], 0.0)
        if load.size and load.max() > 0:
            figure["heaviest"], figure["heaviest_at"] = load.max() ** 2, load.argmax()

    def _base_trips(self, load: Array, loading: Array) -> Array:
        """What is over its limit in the base state already, with the piece it belongs to."""
        if self.general.limits is None:
            return np.zeros(0, TRIPS)
        solution = self._whole
        network, limits = self.network, self.limits
        rows = np.flatnonzero(load * limits.row > 1.0)
        units = np.flatnonzero((loading > limits.unit) & network.unit["on"])
        sources = network.unit["converter"][units] < 0
        hub = network.unit["hub"][units]
        table = np.zeros(rows.size + units.size, TRIPS)
        table["scenario"] = np.concatenate(
            [network.detail["piece"][rows], np.where(hub >= 0, network.detail["piece"][hub], -1)]
        )
        table["kind"] = np.concatenate(
            [np.full(rows.size, int(Kind.BRANCH)), np.where(sources, int(Kind.SOURCE), int(Kind.CONVERTER))]
        )
        table["element"] = np.concatenate(
            [network.detail["branch"][rows], np.where(sources, units, network.unit["converter"][units])]
        )
        value = np.where(sources, loading[units] / limits.unit[units], loading[units])
        table["loading"] = np.concatenate([np.sqrt(load[rows]), value])
        if solution is None:
            return table
        inside = network.bus["row"][self.problem.branch_from] == ELSEWHERE
        at = np.flatnonzero(inside & (solution.branch_loading[0] ** 2 * limits.branch > 1.0))
        more = np.zeros(at.size, TRIPS)
        more["scenario"], more["kind"], more["element"] = -1, int(Kind.BRANCH), at
        more["loading"] = solution.branch_loading[0, at]
        return np.concatenate([table, more])

    def _watch(self) -> None:
        network, problem = self.network, self.problem
        buses, branches, converters = self.general.watch
        self._plain: tuple[Array, Array, Array] | None = None
        if not (buses.size or branches.size or converters.size):
            self._watched = (buses, branches, branches, converters)
            return
        fed = np.where(network.branch["fed"] >= 0, network.branch["fed"], problem.branch_to)[branches]
        able = (network.branch["fed"][branches] >= 0) | (problem.branch_group[branches] >= 0)
        row = np.where(able, network.bus["row"][fed], -1) if branches.size else branches
        self._watched = (network.bus["row"][buses], branches, row, problem.source_bus.size + converters)
        plain = self.general.run(Outages.of([[]]), np.array([-1]))
        self._plain = (plain.voltage, plain.current / self._amperes(branches), plain.output / self.base_power)

    def _amperes(self, branches: Array) -> Array:
        """Amperes per p.u. at the to side."""
        problem = self.problem
        to = problem.branch_to[branches]
        factor = np.where(problem.bus_dc[to], 1.0, np.sqrt(3.0)) * problem.bus_voltage[to]
        return np.asarray(problem.base_power / factor)

    def run(self, outages: Outages, names: Array) -> Outcome:
        """Solve scenarios that are called ``names``."""
        changes = find_changes(self.network, self.switches, outages)
        n = len(outages)
        figures = np.zeros(n, FIGURES)
        figures["ending"] = -1
        plain = np.flatnonzero(~changes.general)
        order = plain[np.lexsort((changes.mark[plain], changes.last[plain]))]
        watched = self._room(n)
        tripping = self.general.limits is not None
        with np.errstate(all="ignore"):
            trips = run_blocks(
                self.network, self.state, self.start, changes, order, self.accepted,
                min(QUICK, self.general.max_iterations), self.summary, self.limits, figures, names.astype(float),
                self.worst, watched, tripping,
            )  # fmt: skip
        outcome = self._outcome(changes, figures, trips, watched)
        asked = np.flatnonzero(figures["ending"])
        return self._ask(outcome, outages, names, asked) if asked.size else outcome

    def _room(self, n: int) -> Watched:
        buses, branches, row, units = self._watched
        if self._plain is None:
            tables: tuple[Array, ...] = (np.zeros((n, 0), complex), np.zeros((n, 0)), np.zeros((n, 0)))
        else:
            tables = tuple(np.repeat(table, n, axis=0) for table in self._plain)
        return Watched(buses, tables[0], branches, row, tables[1], units, tables[2])

    def _outcome(self, changes: Changes, table: Array, trips: Array, watched: Watched) -> Outcome:
        """SI units."""
        for name in ("lowest", "highest", "heaviest"):
            table[name] = np.sqrt(table[name])
        dark = ~np.isfinite(table["lowest"])
        if dark.any():
            table["lowest"][dark], table["lowest_at"][dark] = 0.0, -1
        for name in ("highest", "heaviest", "converter", "source"):
            table[f"{name}_at"][table[name] <= 0] = -1
        table["source"] *= self.base_power
        table["loss"] *= self.base_power
        table["served"] = changes.served * self.base_power
        table["swept"] = True
        found = trips[np.argsort(trips["scenario"], kind="stable")] if trips.size else trips
        end = changes.lost_start[-1]
        return Outcome(
            table, changes.lost_start, changes.lost[:end].copy(), found, watched.voltage,
            watched.current * self._amperes(self._watched[1]), watched.output * self.base_power,
        )  # fmt: skip

    def _ask(self, outcome: Outcome, outages: Outages, names: Array, asked: Array) -> Outcome:
        """Put in what the general solver says of some scenarios."""
        other = self.general.run(outages.take(asked), names[asked])
        for name in ("figures", "voltage", "current", "output"):
            getattr(outcome, name)[asked] = getattr(other, name)
        counts = np.diff(outcome.lost_start)
        mine = np.ones(counts.size, dtype=bool)
        mine[asked] = False
        owner = np.repeat(np.arange(counts.size), counts)
        keep = mine[owner]
        owner = np.concatenate([owner[keep], np.repeat(asked, np.diff(other.lost_start))])
        order = np.argsort(owner, kind="stable")
        outcome.lost = np.concatenate([outcome.lost[keep], other.lost])[order]
        outcome.lost_start = np.concatenate([[0], np.cumsum(np.bincount(owner, minlength=counts.size))])
        other.trips["scenario"] = asked[other.trips["scenario"]]
        trips = np.concatenate([outcome.trips, other.trips])
        outcome.trips = trips[np.argsort(trips["scenario"], kind="stable")]
        return outcome

    def finish(self) -> None:
        """Put the worst states into the records of the general solver."""
        records, network, worst = self.general.records, self.network, self.worst
        lanes = np.arange(network.row.size)
        at = worst.row[:, 0].argmax(axis=1)
        feed = network.detail["branch"]
        fed = np.flatnonzero(feed >= 0)
        value, scenario = np.zeros(feed.size), worst.row[lanes, 1, at]
        value = np.sqrt(worst.row[lanes, 0, at])
        best, where = np.zeros(network.branch.size), np.full(network.branch.size, -1)
        best[feed[fed]], where[feed[fed]] = value[fed], scenario[fed].astype(int)
        records.higher("branch", best, where)
        records.higher("branch", np.sqrt(worst.branch[:, 0]), worst.branch[:, 1].astype(int))
        at = worst.row[:, 2].argmin(axis=1)
        low, where = np.full(network.bus.size, np.inf), np.full(network.bus.size, -1)
        low[network.detail["bus"]] = np.sqrt(worst.row[lanes, 2, at])
        where[network.detail["bus"]] = worst.row[lanes, 3, at].astype(int)
        records.lower("bus", low, where)
        sources = self.problem.source_bus.size
        records.higher(
            "source", worst.unit[:sources, 0] * self.base_power, worst.unit[:sources, 1].astype(int)
        )
        records.higher("converter", worst.unit[sources:, 0].copy(), worst.unit[sources:, 1].astype(int))


def _best(value: Array, piece: Array, count: int, sign: int) -> tuple[Array, Array]:
    """Extreme of each piece and its row; +1 = lowest, -1 = highest."""
    order = np.lexsort((sign * value, piece))
    first = np.searchsorted(piece[order], np.arange(count))
    return value[order[first]], order[first]


def _worst_rows(load: Array, size: Array) -> Array:
    table = aligned(load.size, WORST, LANES)
    table[:, 0], table[:, 2] = load[:, None], size[:, None]
    table[:, 1] = table[:, 3] = -1.0
    return table
