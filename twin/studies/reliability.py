"""How often racks are down, for how long, and which machines have the largest part in it.

Exact for one rack at a time: a decision diagram of power and cooling without overloads, plus the pairs of machines that drop
the rack by overload alone (an upper bound of their part).  Racks that hang on the same machines are worked out once.  All
racks at once, with every cascade, are simulated.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.reliability.availability import Availability, availability
from solvers.reliability.equipment import EQUIPMENT
from solvers.reliability.rates import HOURS, Rates
from solvers.reliability.simulate import Simulation, simulate
from solvers.status import Status
from twin.model.facility import DOOR, Facility, Machine
from twin.model.products import YEAR, Reliability, TransferSwitch, Transformer, Utility
from twin.results.results import Table
from twin.studies.basis import Basis

Array = NDArray[np.float64]

FEW_KINDS = 16
"""Racks that differ in what they hang on and are worked out without being asked for (measured: 0.03 to 0.3 s each)."""
LIVES, SEED = 10, 2026
"""Simulated lives, and the seed of their chance."""
OUTAGES = {False: 60_000, True: 1_000_000}
"""Outages (failures and maintenance) simulated in all, quick and thorough (measured: 1 s for 60,000 in a hall)."""
FEW_YEARS = 100.0
"""Years in all below which a simulation tells nothing, as on campuses with a thousand outages a year."""
MOST_YEARS = 20_000.0
MAINTENANCE = Reliability(failures=0.0, repair=3600.0, maintenance=1.0, maintenance_time=8 * 3600.0)
"""Planned outages of a machine without data of its own: a shift a year.  Assumed."""
CALENDAR = 0.5
"""Largest part of the year in which something is in maintenance, one machine at a time; beyond, outages are shorter."""
FOOT = 304.8
"""Length to which failure rates of cables refer: 1,000 ft. [m]"""


def reliability(basis: Basis) -> tuple[dict[str, Table], dict[str, Any]]:
    """Availability, interruptions and the share of every machine in them.

    Returns
    -------
    Tables ``reliability`` (racks) and ``share`` (machines and paths), and the answer in words and numbers.
    """
    racks = basis.facility.racks
    if not racks or not basis.facility.feeds:
        return {}, {"sentences": []}
    return _Study(basis).answer()


class _Study:
    def __init__(self, basis: Basis) -> None:
        self.basis, self.depends = basis, basis.dependence
        self.rates = rates_of(basis)
        kinds: dict[tuple[object, ...], list[str]] = {}
        for rack in basis.facility.racks:
            kinds.setdefault(self._kind(rack), []).append(rack.id)
        self.kinds = list(kinds.values())
        if not basis.thorough and len(self.kinds) > FEW_KINDS:
            chosen = np.unique(np.linspace(0, len(self.kinds) - 1, FEW_KINDS).round().astype(int))
            self.kinds = [self.kinds[index] for index in chosen]
        self.count = len(kinds)

    def _kind(self, rack: Machine) -> tuple[object, ...]:
        feeds = self.basis.feeds_of.get(rack.id, ())
        parts = {rack.id, f"{rack.id}{DOOR}"}
        loops = tuple(c.id for c in self.basis.facility.circuits if parts.intersection(c.sinks))
        door = self.basis.feeds_of.get(f"{rack.id}{DOOR}", ())
        power = tuple(tuple(sorted(feed.sources for feed in some)) for some in (feeds, door))
        return *power, loops, rack.hall, self.depends.harm.get(rack.id, ())

    def answer(self) -> tuple[dict[str, Table], dict[str, Any]]:
        plain = replace(self.depends.structure, node_capacity=np.full(self.depends.structure.nodes, np.inf))
        tops = np.array([self.depends.top[members[0]] for members in self.kinds])
        exact = availability(plain, self.rates, tops)
        if exact.status is not Status.CONVERGED:
            return {}, {
                "sentences": ["the diagrams of what racks depend on do not fit; no availability is told"]
            }
        extra = self._overloads()
        return self._tables(exact, extra), self._facts(exact, extra, self._lives())

    def _lives(self) -> Simulation | None:
        """All racks at once, cascades included; None where the years that can be had tell nothing."""
        often = float((self.rates.frequency + self.rates.maintenance_rate).sum())
        years = min(OUTAGES[self.basis.thorough] / often if often > 0 else 0.0, MOST_YEARS)
        if years < FEW_YEARS:
            return None
        top = np.array([self.depends.all_racks])
        return simulate(
            self.depends.structure, self.rates, top, years=years / LIVES, replications=LIVES, seed=SEED
        )

    def _overloads(self) -> Array:
        """(kinds,) unavailability by pairs of machines that drop the rack through overload alone."""
        found = self.basis.proof.pairs
        q = self.rates.unavailability
        extra = np.zeros(len(self.kinds))
        for first, second, racks in found.overloads if found is not None else ():
            for row, members in enumerate(self.kinds):
                if members[0] in racks:
                    extra[row] += q[first] * q[second]
        return extra

    def _tables(self, exact: Availability, extra: Array) -> dict[str, Table]:
        racks = [name for members in self.kinds for name in members]
        size = [len(members) for members in self.kinds]
        down = np.repeat(_together(exact, extra), size)
        values = {
            "availability": 1.0 - down,
            "outage": down * YEAR,
            "interruptions": np.repeat(exact.frequency, size),
        }
        weights = np.array(size, float) / sum(size)
        share = weights @ exact.criticality
        return {
            "reliability": Table(tuple(racks), values),
            "share": Table(self.depends.components, {"share": share[: len(self.depends.components)]}),
        }

    def _facts(self, exact: Availability, extra: Array, life: Simulation | None) -> dict[str, Any]:
        down = _together(exact, extra)
        worst = int(down.argmax())
        weights = np.array([len(members) for members in self.kinds], float)
        share = weights / weights.sum() @ exact.criticality
        order = np.argsort(-share, kind="stable")[:5]
        facts: dict[str, Any] = {
            "kinds": self.count,
            "worked_out": len(self.kinds),
            "weakest": self.kinds[worst][0],
            "unavailability": float(down[worst]),
            "interruptions": float(exact.frequency[worst]),
            "by_overload": float(extra[worst]),
            "mean_unavailability": float(weights @ down / weights.sum()),
            "largest_shares": {self.depends.components[i]: float(share[i]) for i in order},
            "all_racks": None if life is None else _simulated(life),
            "throttled_by_losses": len(self.depends.harm),
        }
        facts["sentences"] = list(_sentences(facts))
        return facts


def _together(exact: Availability, extra: Array) -> Array:
    """(kinds,) unavailability with that by overload, whose sum over pairs is a bound and may exceed all time."""
    return np.minimum(exact.unavailability + extra, 1.0)


def _simulated(life: Simulation) -> dict[str, float]:
    low, high = life.interval(life.unavailability)
    return {
        "years": life.years * len(life.unavailability),
        "unavailability": float(min(life.mean(life.unavailability)[0], 1.0)),
        "low": float(max(low[0], 0.0)),
        "high": float(min(high[0], 1.0)),
        "interruptions": float(life.mean(life.frequency)[0]),
    }


def rates_of(basis: Basis) -> Rates:
    """Failure, repair and maintenance of every machine and path of the facility's structure.

    A machine's own ``reliability`` comes first, then the survey values of its class; what has neither does not fail.
    """
    names = basis.dependence.components
    machines = basis.facility.by_id
    lengths = basis.world.routes.feeder
    rows = [_of_machine(machines[n]) if n in machines else _of_path(n, lengths) for n in names]
    maintained = np.array([row.maintenance for row in rows])
    hours = np.array([row.maintenance_time / 3600.0 for row in rows])
    part = float(maintained @ hours) / HOURS
    return Rates(
        len(names),
        failure_rate=np.array([row.failures for row in rows]),
        repair_time=np.array([row.repair / 3600.0 for row in rows]),
        demand_probability=np.array([row.demand_failure for row in rows]),
        maintenance_rate=maintained,
        maintenance_time=hours * min(1.0, CALENDAR / part) if part > 0 else hours,
    )


def _of_machine(machine: Machine) -> Reliability:
    if machine.product.reliability is not None:
        return machine.product.reliability
    name = equipment_class(machine)
    if name not in EQUIPMENT:
        return Reliability(failures=0.0, repair=3600.0)
    row = EQUIPMENT[name]
    planned = 0.0 if machine.kind == "utility" else MAINTENANCE.maintenance
    return Reliability(
        failures=row.failure_rate,
        repair=row.repair_time * 3600.0,
        demand_failure=row.demand_probability,
        maintenance=planned,
        maintenance_time=MAINTENANCE.maintenance_time,
    )


def _of_path(name: str, lengths: dict[tuple[str, str], float]) -> Reliability:
    """A cable with the breaker at its head."""
    machine, _, terminal = name.rpartition(".")
    cable, breaker = EQUIPMENT["cable"], EQUIPMENT["breaker_lv"]
    along = cable.failure_rate * lengths.get((machine, terminal), 0.0) / FOOT
    rate = along + breaker.failure_rate
    hours = (along * cable.repair_time + breaker.failure_rate * breaker.repair_time) / rate
    return Reliability(failures=rate, repair=hours * 3600.0)


def equipment_class(machine: Machine) -> str:
    """Row of the survey that stands for a machine."""
    match machine.product:
        case Utility(circuits=count):
            return "utility_double" if count == 2 else "utility_single"
        case Transformer(insulation=form):
            return f"transformer_{form}"
        case TransferSwitch(form=form):
            return form
        case _ if machine.kind == "switchboard" and getattr(machine.product, "voltage", 0.0) > 1000.0:
            return "switchgear_mv"
    return {"ups": "ups_module", "bess": "battery"}.get(machine.kind, machine.kind)


def assumed_classes(facility: Facility) -> tuple[str, ...]:
    """Classes whose numbers no document backs, among the machines that have no data of their own."""
    used = {equipment_class(m) for m in facility.machines if m.product.reliability is None}
    return tuple(sorted(name for name in used if name in EQUIPMENT and EQUIPMENT[name].assumed))


def _sentences(facts: dict[str, Any]) -> Iterator[str]:
    shares = ", ".join(
        f"{name} {100 * part:.0f} %" for name, part in facts["largest_shares"].items() if part >= 0.01
    )
    many = (
        ""
        if facts["worked_out"] == facts["kinds"]
        else f" of {facts['worked_out']} of {facts['kinds']} kinds"
    )
    yield (
        f"the weakest rack{many} ({facts['weakest']}) is down {_time(facts['unavailability'])} a year, availability "
        f"{_nines(facts['unavailability'])}, interrupted {_often(facts['interruptions'])}"
    )
    if shares:
        yield f"largest shares in the unavailability of racks: {shares}"
    if facts["throttled_by_losses"]:
        yield "racks count as down while a loss throttles them"
    whole = facts["all_racks"]
    if whole is not None:
        yield (
            f"all racks up at once {_nines(whole['unavailability'])} of the time "
            f"({whole['years']:,.0f} simulated years, 95 %: "
            f"{_nines(whole['high'])} to {_nines(whole['low'])})"
        )


def _nines(unavailability: float) -> str:
    """An availability with two digits more than it has nines."""
    if unavailability <= 0.0:
        return "100 %"
    digits = max(int(np.ceil(-np.log10(unavailability))) - 1, 1)
    return f"{100 * (1 - unavailability):.{digits}f} %"


def _time(unavailability: float) -> str:
    minutes = unavailability * YEAR / 60.0
    return (
        f"{minutes / 60:.1f} h"
        if minutes >= 120
        else f"{minutes:.1f} min"
        if minutes >= 1
        else f"{minutes * 60:.1f} s"
    )


def _often(rate: float) -> str:
    if rate <= 0.0:
        return "never"
    return f"{rate:.1f} times a year" if rate >= 1 else f"every {1 / rate:,.0f} years"
