"""Loss of the utility: do the batteries last until the generators carry the load, and do these take what comes?

Beside that: which racks a transfer switch interrupts, how long the fuel lasts, and what a training job does to a generator
and at the meter.  Methods and their limits: ``solvers/power/dynamics/THEORY.md``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from math import inf, isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.power.dynamics.itic import LOWER, hold_up_time
from solvers.power.dynamics.storage import Storage, ride_through
from twin.model.facility import Machine
from twin.model.products import YEAR, Bess, Generator, Rack, Rectifier, Ups
from twin.results.results import Table
from twin.studies.basis import Basis
from twin.studies.jobs import CHARGE, Response, Swing, class_limits, meter_swing, responses
from twin.studies.outage import Group, Outage, has_store
from twin.studies.starting import Start, lost_load, start

Array = NDArray[np.float64]

ENDLESS = YEAR
"""Longest time that is told of stores and tanks, and that of those from which nothing is drawn. [s]"""
BLINK = float(LOWER[0, 0])
"""Total loss of voltage that IT equipment tolerates: ITI (CBEMA) curve, 2000. [s]"""


def continuity(basis: Basis) -> tuple[dict[str, Table], dict[str, Any]]:
    """Follow the loss of the utility, and the operation of every transfer switch, to every rack.

    Returns
    -------
    Tables ``store`` (UPS, BESS and rectifiers with storage: time to empty against the gap to bridge), ``genset`` (fuel,
    steps, frequency and voltage) and ``input`` (racks and cooling machines: interruptions), and the answer in words and
    numbers.
    """
    return _Continuity(basis).answer()


class _Continuity:
    def __init__(self, basis: Basis) -> None:
        self.basis, self.outage = basis, Outage(basis)
        self.starts = start(self.outage)
        self.outage.back_at = {
            switch: moment
            for one in self.starts
            for switch, moment in zip(one.group.switches, one.taken, strict=True)
        }

    def answer(self) -> tuple[dict[str, Table], dict[str, Any]]:
        tables = {name: table for name, table in self._tables() if table.ids}
        facts: dict[str, Any] = {
            "first_generator": min((one.first for one in self.starts), default=None),
            "last_block": max((moment for one in self.starts for moment in one.taken), default=None),
            "stores": _least(tables.get("store"), "time"),
            "fuel": _least(tables.get("genset"), "fuel_time"),
            "stopped": self._stopped(),
        }
        if self.swings is not None:
            bare, smoothed = self.swings
            facts["swing"] = vars(bare)
            facts["swing_with_storage"] = vars(smoothed) if smoothed else None
        facts["sentences"] = list(self._sentences(tables, facts))
        return tables, facts

    def _tables(self) -> Iterator[tuple[str, Table]]:
        yield "store", self._stores()
        yield "genset", self._sets()
        yield "input", self._inputs()

    # -- batteries ----------------------------------------------------------------------------------------------

    def _stores(self) -> Table:
        """Time to empty, and the gap that has to be bridged: until power is back and half of the walk-in is over."""
        machines = [
            m for m in self.basis.facility.of_kind("ups", "bess", "rectifier") if _energy(m) is not None
        ]
        ids = tuple(machine.id for machine in machines)
        load = np.array(
            [max(self._carried(machine), 0.0) for machine in machines]
        )  # what is fed backwards holds
        worst = np.maximum(load, np.array([self.worst.get(name, 0.0) for name in ids]))
        gap = np.array([self._gap(machine) for machine in machines])
        ends = np.isfinite(gap)
        return Table(
            ids,
            {
                "load": load,
                "load_worst": worst,
                "time": _lasting(machines, load),
                "time_worst": _lasting(machines, worst),
                "gap": np.where(ends, gap, 0.0),
                "relieved": ends.astype(float),
            },
        )

    @cached_property
    def load(self) -> dict[str, float]:
        """Power through every machine of the power tree in the normal state. [W]"""
        return self.basis.normal("power", "power")

    @cached_property
    def worst(self) -> dict[str, float]:
        """The largest over all states. [W]"""
        table = self.basis.results["power"]
        settled = np.array(self.basis.results.settled)
        return dict(zip(table.ids, table["power"][settled].max(axis=0).tolist(), strict=True))

    def _carried(self, machine: Machine) -> float:
        """Load of a store: a BESS has it only while the utility is away."""
        if machine.kind != "bess":
            return self.load.get(machine.id, 0.0)
        switches = {feed.to for feed in self.outage.users.get(machine.id, ())}
        lost = lost_load(self.outage)
        return max(lost.get(machine.id, 0.0), sum(self.load.get(name, 0.0) for name in switches))

    def _gap(self, machine: Machine) -> float:
        if machine.kind == "bess":
            switches = [feed.to for feed in self.outage.users.get(machine.id, ())]
            return max((self.outage.back_at.get(name, inf) for name in switches), default=inf)
        walk_in = float(getattr(machine.product, "walk_in", 0.0))
        away = self.outage.input_back(machine.id)
        return away + 0.5 * walk_in if away > 0.0 else 0.0

    # -- generators ---------------------------------------------------------------------------------------------

    @cached_property
    def of_set(self) -> dict[str, Start]:
        """Generator to the start of its group."""
        return {name: one for one in self.starts for name in one.group.generators}

    @cached_property
    def responses(self) -> dict[Group, tuple[Response, Response | None]]:
        """What the step of the training job does to every group; nothing where no racks hang on it."""
        return responses(self.outage, {one.group: one.load for one in self.starts})

    def _sets(self) -> Table:
        machines = [m for m in self.basis.facility.of_kind("generator") if m.id in self.of_set]
        values: dict[str, list[float]] = {}
        for machine in machines:
            for name, value in self._set(machine).items():
                values.setdefault(name, []).append(value)
        return Table(tuple(m.id for m in machines), {name: np.array(row) for name, row in values.items()})

    def _set(self, machine: Machine) -> dict[str, float]:
        product, one = machine.product, self.of_set[machine.id]
        assert isinstance(product, Generator)
        ratings = [
            float(getattr(self.outage.machine[name].product, "rating", 0.0)) for name in one.group.generators
        ]
        load = one.load * product.rating / sum(ratings)
        bare, smoothed = self.responses.get(one.group, (None, None))
        judged = smoothed or bare
        told = {
            "load": load,
            "fuel_time": _fuel_time(product, load),
            "block_step": one.step,
            "block_step_limit": product.load_step,
            "job": float(judged is not None),
            "job_step": judged.step if judged else 0.0,
            "job_held": float(judged.holds) if judged else 1.0,
        }
        for name, limit in class_limits(product.performance).items():
            told[name] = getattr(judged, name) if judged else 0.0
            told[f"{name}_bare"] = getattr(bare, name) if bare else 0.0
            told[f"{name}_limit"] = limit
        return told

    # -- racks and cooling machines -------------------------------------------------------------------------------

    def _inputs(self) -> Table:
        """Longest interruption by one transfer switch; time without power after the loss of the utility."""
        fed = self.basis.feeds_of
        machines = [
            m for m in self.basis.facility.machines if m.product.role in ("it", "cooling") and m.id in fed
        ]
        events = [self.outage.events(machine.id) for machine in machines]
        away = np.array([self.outage.back(machine.id) for machine in machines])
        transfer = np.array(
            [max((t for t in found.values() if isfinite(t)), default=0.0) for found in events]
        )
        back = np.isfinite(away)
        return Table(
            tuple(machine.id for machine in machines),
            {
                "transfer": transfer,
                "gap": np.where(back, away, 0.0),
                "returns": back.astype(float),
                "hold_up": np.array([self._hold_up(machine) for machine in machines]),
            },
        )

    def _hold_up(self, machine: Machine) -> float:
        """Time a rack bridges on its own; motors bridge none."""
        product = machine.product
        if not isinstance(product, Rack):
            return 0.0
        watts = self.outage.racks.get(machine.id, 0.0)
        if product.shelf is None or watts <= 0.0:
            return BLINK
        time = float(hold_up_time(product.shelf.hold_up, watts / product.shelf.rating))
        if product.shelf.storage_power >= watts:
            time += CHARGE * product.shelf.storage / watts
        return time

    def _stopped(self) -> dict[str, float]:
        """Kind of cooling machine to the longest time for which one has no power; 0 where none comes back."""
        found: dict[str, float] = {}
        for machine in self.basis.facility.by_id.values():
            if machine.product.role == "cooling" and machine.id in self.basis.feeds_of:
                away = self.outage.back(machine.id)
                if away > 0.0:
                    found[machine.kind] = max(found.get(machine.kind, 0.0), away)
        return {kind: time for kind, time in found.items() if isfinite(time)}

    # -- words ----------------------------------------------------------------------------------------------------

    @cached_property
    def swings(self) -> tuple[Swing, Swing | None] | None:
        """What a training job does at the racks of the whole site."""
        return meter_swing(self.outage)

    def _sentences(self, tables: Mapping[str, Table], facts: Mapping[str, Any]) -> Iterator[str]:
        if self.starts:
            blocks = sum(len(one.taken) for one in self.starts)
            yield (
                f"utility lost: the first generator is ready after {facts['first_generator']:.1f} s, the last of"
                f" {blocks} transfer switches has power after {facts['last_block']:.1f} s"
            )
        if "store" in tables:
            yield from _of_stores(tables["store"])
        if facts["stopped"]:
            kinds = ", ".join(
                f"{kind.replace('_', ' ')} {time:.0f} s" for kind, time in facts["stopped"].items()
            )
            yield f"cooling machines without power until then: {kinds}"
        if facts["fuel"] is not None:
            yield f"fuel for {facts['fuel']['time'] / 3600:.0f} h ({facts['fuel']['what']})"
        if "genset" in tables and tables["genset"]["job"].any():
            yield _of_job(tables["genset"], self.outage)
        if self.swings is not None:
            yield from _of_swing(*self.swings)


def _energy(machine: Machine) -> float | None:
    """Usable energy of a store; None for what is no store. [J]"""
    match machine.product:
        case Ups():
            return machine.product.battery if has_store(machine) or machine.product.battery == 0 else None
        case Bess():
            return machine.product.energy
        case Rectifier() if machine.product.storage > 0:
            return machine.product.storage
    return None


def _fuel_time(product: Generator, load: float) -> float:
    """Running time on the set's own tank at a load. [s]"""
    return min(product.fuel * product.rating / load, ENDLESS) if load > 0 else ENDLESS


def _lasting(machines: list[Machine], load: Array) -> Array:
    """Time to empty at these loads, at most :data:`ENDLESS`. [s]"""
    if not machines:
        return np.zeros(0)
    products = [machine.product for machine in machines]

    def column(name: str, default: float) -> Array:
        return np.array([getattr(product, name, default) for product in products], float)

    store = Storage(
        np.array([_energy(machine) or 0.0 for machine in machines]),
        efficiency=column("discharge_efficiency", 1.0),
        power_limit=column("rating", inf) * column("overload", 1.1),
    )
    return np.minimum(ride_through(store, load), ENDLESS)


def _least(table: Table | None, quantity: str) -> dict[str, Any] | None:
    """The smallest of a table, and whose it is; None where none of its things is drawn upon."""
    if table is None or not (table[quantity] < ENDLESS).any():
        return None
    index = int(np.argmin(table[quantity]))
    return {"what": table.ids[index], "time": float(table[quantity][index])}


def _of_stores(table: Table) -> Iterator[str]:
    relieved = table["relieved"] > 0.5
    margin = np.where(relieved & (table["time"] < ENDLESS), table["time"] - table["gap"], inf)
    if np.isfinite(margin).any():
        at = int(np.argmin(margin))
        yield (
            f"the tightest of {int(relieved.sum())} stores is {table.ids[at]}: it must bridge"
            f" {table['gap'][at]:.0f} s and lasts {table['time'][at]:.0f} s, {table['time_worst'][at]:.0f} s at its highest"
            " load after a failure"
        )
    alone = np.flatnonzero(~relieved)
    if alone.size:
        at = alone[int(np.argmin(table["time"][alone]))]
        lasts = (
            f"the first is empty after {table['time'][at]:.0f} s"
            if table["time"][at] < ENDLESS
            else "none has a load"
        )
        yield f"no generator stands behind {alone.size} stores ({table.ids[at]} ...): {lasts}"


def _of_job(table: Table, outage: Outage) -> str:
    at = int(np.argmax(table["frequency_drop"] / table["frequency_drop_limit"]))
    name = table.ids[at]
    head = f"all racks of {name} from idle to peak, {100 * table['job_step'][at]:.0f} % of its rating"
    if table["job_held"][at] < 0.5:
        return f"{head}: it trips"
    kind = getattr(outage.machine[name].product, "performance", "")
    drop, bare = (f"{100 * table[q][at]:.1f} %" for q in ("frequency_drop", "frequency_drop_bare"))
    without = f" (without the racks' storage {bare})" if bare != drop else ""
    return (
        f"{head}: frequency falls by {drop}{without}, voltage by {100 * table['voltage_drop'][at]:.1f} %; class {kind}"
        f" allows {100 * table['frequency_drop_limit'][at]:.0f} % and {100 * table['voltage_drop_limit'][at]:.0f} %"
    )


def _of_swing(bare: Swing, smoothed: Swing | None) -> Iterator[str]:
    told = f"{bare.amplitude / 1e6:.3g} MW at {bare.frequency:.2g} Hz"
    after = f", {smoothed.amplitude / 1e6:.3g} MW with the racks' storage" if smoothed else ""
    yield (
        f"a training job in step swings the racks by {bare.range / 1e6:.3g} MW, up to {bare.ramp / 1e6:.3g} MW/s;"
        f" largest line between 0.1 and 20 Hz {told}{after}"
    )
