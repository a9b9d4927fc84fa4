"""What a report tells: rows of tables, made of results, verdict and facility.  Text and numbers alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from twin.checks import grouped
from twin.checks.cases import apart
from twin.checks.wording import quantity
from twin.model.facility import Facility, Machine
from twin.results.quantities import QUANTITIES
from twin.results.results import Finding, Results, Table, Verdict
from twin.view import board

ASSUMED = "assumed"
_LIMITED = re.compile(r"\(([a-z_]+\.[a-z_]+)\)")
PRECISE = ("power", "energy", "ratio")
"""Dimensions whose values stand in several places of a report and add up, so that three digits are too few."""


@dataclass(frozen=True)
class Cell:
    """A text, and how it is to be stressed: empty, ``good``, ``warn`` or ``bad``."""

    text: str
    tone: str = ""


@dataclass(frozen=True)
class Line:
    """A finding, or several that say the same, as a line of a report."""

    finding: Finding
    message: str
    others: tuple[str, ...]
    """Further subjects with the same finding, worst first."""

    @property
    def where(self) -> str:
        """File and line."""
        f = self.finding
        return f"{f.file}:{f.line}" if f.line else f.file


@dataclass(frozen=True)
class Loaded:
    """A machine of the power tree."""

    id: str
    type: str
    kind: str
    power: str
    loss: str
    normal: Cell
    worst: Cell
    state: str
    """State in which the load is highest."""
    alike: tuple[str, ...] = ()
    """Further machines of the product with the same numbers."""


@dataclass(frozen=True)
class State:
    """An evaluated state in a line."""

    name: str
    settled: bool
    lost: Cell
    throttled: Cell
    inlet: str
    loading: Cell
    finding: str
    """Worst finding in this state."""


@dataclass(frozen=True)
class Share:
    """A part of the energy flow."""

    name: str
    value: float
    """[W]"""
    depth: int
    """0 for the whole, 1 for its parts, 2 for theirs."""


def counts(verdict: Verdict) -> dict[str, int]:
    """How many rules are broken, warn, are waived or hold, and how many findings are behind the first three.

    A rule counts once, by the worst that is found: it holds only where it was checked and nothing was found at all.  All of
    the designer's own limits are one rule.
    """
    broken = [finding for finding in verdict.findings if finding.broken]
    waived = [finding for finding in verdict.findings if finding.waived]
    warned = [finding for finding in verdict.findings if not finding.broken and not finding.waived]
    number, seen = {}, set[str]()
    for name, found in (
        ("broken", broken),
        ("warn", warned),
        ("accepted", waived),
        ("hold", verdict.margins),
    ):
        codes = {finding.code for finding in found} - seen
        number[name] = len(codes)
        seen |= codes
    return {
        "rules": number["broken"],
        "broken": len(broken),
        "warn": number["warn"],
        "warnings": len(warned),
        "accepted": number["accepted"],
        "waived": len(waived),
        "hold": number["hold"],
        "checked": len(seen),
    }


def tally(verdict: Verdict, *, findings: bool = False) -> str:
    """``101 rules hold, 2 warn, 1 waived``: the same words and numbers for terminal, page and report.

    With ``findings`` it says how many there are of the rules that do not hold: ``2 warn (7 findings)``.
    """
    number = counts(verdict)

    def some(words: str, what: str) -> str:
        many = number[what]
        return f"{words} ({many:,} finding{'' if many == 1 else 's'})" if findings else words

    rules = "rule" if number["checked"] == 1 else "rules"
    if number["rules"]:
        parts = [some(f"{number['rules']} of {number['checked']} {rules} broken", "broken")]
    else:
        parts = [f"{number['hold']} {'rule holds' if number['hold'] == 1 else 'rules hold'}"]
    parts += [some(f"{number['warn']} warn", "warnings")] if number["warn"] else []
    parts += [some(f"{number['accepted']} waived", "waived")] if number["accepted"] else []
    return ", ".join(parts)


def holding(verdict: Verdict) -> tuple[Finding, ...]:
    """The tightest case of every rule that holds, and of every limit of the designer if all of them do."""
    found = {finding.code for finding in verdict.findings}
    return tuple(finding for finding in verdict.margins if finding.code not in found)


def lines(findings: tuple[Finding, ...]) -> list[Line]:
    """Findings, those that tell the same of several subjects in one line."""
    return [Line(g.worst, g.worst.message, g.subjects[1:]) for g in grouped(findings)]


def limited(finding: Finding) -> str:
    """Quantity that a limit of the designer is on: ``site.pue``; empty for other rules."""
    found = _LIMITED.search(finding.message) if finding.code == "LIM-001" else None
    return found[1] if found else ""


def about(finding: Finding) -> str:
    """What a rule is about; of a limit of the designer the quantity as well."""
    name = limited(finding)
    return f"The designer's own limit on {name}" if name else finding.title


def margin(finding: Finding) -> str:
    """Distance to the limit as a share of it; from a limit of zero in its own unit."""
    far = apart(finding.margin, finding.limit, finding.dimension)
    if far is not None:
        return ("+" if far >= 0 else "") + quantity(far, finding.dimension)
    return f"{100 * finding.margin:+.1f} %"


def margin_tone(margin: float) -> str:
    """Colour of a margin: broken, tight (under a twentieth of the limit) or comfortable."""
    return "bad" if margin < 0 else "warn" if margin < 0.05 else "good"


def energy(results: Results, scenario: int = 0) -> list[Share]:
    """Where the power at the meter goes: losses, cooling, racks, and of those the accelerators. [W]"""
    values = {name: float(array[scenario, 0]) for name, array in results["site"].values.items()}
    needed = ("facility_power", "loss_power", "cooling_power", "it_power")
    if any(name not in values for name in needed) or not results.settled[scenario]:
        return []
    total, loss, cooling, it = (values[name] for name in needed)
    chips = min(values.get("chip_power", 0.0), it)
    shares = [
        Share("Utility meter (or generators)", total, 0),
        Share("Losses of the power tree", loss, 1),
        Share("Cooling: fans, pumps, compressors", cooling, 1),
        Share("Racks at their input", it, 1),
        Share("Accelerators", chips, 2),
        Share("Rest of the racks: processors, memory, network, power shelves", it - chips, 2),
    ]
    rest = total - loss - cooling - it
    if abs(rest) > 1e-6 * max(total, 1.0):
        shares.insert(3, Share("Other", rest, 1))
    return shares


def power_tree(facility: Facility, results: Results) -> list[Loaded]:
    """Every machine of the power tree from the grid down: its load in the normal and in its worst state."""
    table, normal = results.tables.get("power"), normal_row(results)
    if table is None or normal is None or "loading" not in table.values:
        return []
    loading = np.where(_settled(results)[:, None], table["loading"], -np.inf)
    worst = loading.argmax(axis=0) if len(loading) else []
    rank = board.depths(facility)
    found = [
        Loaded(
            name,
            machine.type,
            machine.kind.replace("_", " "),
            shown(table, "power", "power", normal, column),
            shown(table, "power", "loss", normal, column),
            _load(float(table["loading"][normal, column])),
            _load(float(loading[worst[column], column])),
            results.scenarios[worst[column]].name,
        )
        for column, (name, machine) in enumerate(_known(facility, table))
    ]
    return sorted(found, key=lambda machine: rank[machine.id])


def alike(machines: list[Loaded]) -> list[Loaded]:
    """Machines of one product with the same numbers as one line, which has the state of the first."""
    groups: dict[tuple[object, ...], list[Loaded]] = {}
    for m in machines:
        groups.setdefault((m.type, m.kind, m.power, m.loss, m.normal, m.worst), []).append(m)
    return [replace(group[0], alike=tuple(m.id for m in group[1:])) for group in groups.values()]


def alike_loops(found: list[tuple[str, str, list[str]]]) -> list[tuple[str, tuple[str, ...], str, list[str]]]:
    """Loops of one fluid with the same numbers as one line: name, further names, fluid, values."""
    groups: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for name, fluid, values in found:
        groups.setdefault((fluid, tuple(values)), []).append(name)
    return [(names[0], tuple(names[1:]), fluid, list(values)) for (fluid, values), names in groups.items()]


def loops(facility: Facility, results: Results) -> list[tuple[str, str, list[str]]]:
    """Name, fluid and normal values of every loop, in the order of :data:`LOOP_COLUMNS`."""
    table, normal = results.tables.get("loop"), normal_row(results)
    if table is None or normal is None:
        return []
    fluid = {circuit.id: circuit.fluid for circuit in facility.circuits}
    return [
        (
            name,
            fluid.get(name, ""),
            [shown(table, "loop", quantity, normal, column) for quantity in LOOP_COLUMNS],
        )
        for column, name in enumerate(table.ids)
    ]


LOOP_COLUMNS = (
    "setpoint",
    "supply",
    "return",
    "flow",
    "heat",
    "velocity",
    "pressure",
    "head_margin",
    "imbalance",
)


def loop_labels() -> list[str]:
    """Heads of the columns of :func:`loops`."""
    return [QUANTITIES[f"loop.{name}"].label for name in LOOP_COLUMNS if f"loop.{name}" in QUANTITIES]


def states(results: Results, verdict: Verdict) -> list[State]:
    """Every evaluated state in a line: normal ones first, then those that cost most."""
    worst: dict[str, Finding] = {}
    for finding in verdict.findings:
        known = worst.get(finding.scenario)
        if known is None or finding.margin < known.margin:
            worst[finding.scenario] = finding
    found = [_state(results, row, worst.get(state.name)) for row, state in enumerate(results.scenarios)]
    normal = [state for state, scenario in zip(found, results.scenarios, strict=True) if scenario.normal]
    others = [state for state, scenario in zip(found, results.scenarios, strict=True) if not scenario.normal]
    return normal + sorted(others, key=lambda s: (s.settled, -_count(s.lost), -_count(s.throttled)))


def worth_telling(found: list[State]) -> tuple[list[State], str]:
    """The normal state and those that cost something or have a finding, and a sentence on the others."""
    told = [state for k, state in enumerate(found) if not k or not _quiet(state)]
    others = [state for k, state in enumerate(found) if k and _quiet(state)]
    if not others:
        return told, ""
    loads = [state.loading.text for state in others if state.loading.text.endswith("%")]
    highest = max(loads, key=lambda text: float(text.split()[0].replace(",", "")), default="")
    most = f"; the highest load among them is {highest}" if highest else ""
    which = "further state loses" if len(others) == 1 else "further states lose"
    return told, f"{len(others):,} {which} no rack and throttle none, and no finding belongs to them{most}."


def _quiet(state: State) -> bool:
    return state.settled and not (state.lost.tone or state.throttled.tone or state.finding)


def _count(cell: Cell) -> int:
    return int(cell.text) if cell.text.isdigit() else 0


def _state(results: Results, row: int, finding: Finding | None) -> State:
    name, said = (
        results.scenarios[row].name,
        f"{finding.code} {finding.subject}: {finding.message}" if finding else "",
    )
    if not results.settled[row]:
        none = Cell("-")
        return State(name, False, none, none, "-", none, said or "no steady state")
    racks, rack = len(results["rack"].ids), results["rack"].values
    lost = racks - int((rack["served"][row] > 0).sum()) if "served" in rack else 0
    slow = _number(results, "site", "racks_throttled", row)
    inlet = _largest(results, "rack", "inlet_temperature", row)
    load = _largest(results, "power", "loading", row)
    return State(
        name,
        True,
        Cell(str(lost), "bad" if lost else ""),
        Cell(f"{slow:.0f}" if slow is not None else "-", "warn" if slow else ""),
        quantity(inlet, "temperature") if inlet is not None else "-",
        _load(load) if load is not None else Cell("-"),
        said,
    )


def assumptions(facility: Facility, results: Results) -> list[tuple[str, str, str]]:
    """What no document backs: thing, value, source as written."""
    found = [("solve", note, ASSUMED) for note in results.notes]
    found += [
        ("site", name, text) for name, text in facility.place.sources.items() if ASSUMED in text.lower()
    ]
    for machine in products(facility):
        product = machine.product
        if ASSUMED in product.source.lower():
            found.append((machine.type, "all values without a source of their own", product.source))
        found += [
            (machine.type, name, text) for name, text in product.sources.items() if ASSUMED in text.lower()
        ]
    return found


def gathered(rows: list[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """Values of one thing with one basis in one row: thing, values, basis."""
    found: dict[tuple[str, str], list[str]] = {}
    for thing, what, why in rows:
        found.setdefault((thing, why), []).append(what.replace("_", " "))
    return [(thing, "; ".join(whats), why) for (thing, why), whats in found.items()]


def sources(facility: Facility) -> list[tuple[str, str, str]]:
    """Documents behind the numbers: thing, value, source."""
    found = [
        ("site", name, text) for name, text in facility.place.sources.items() if ASSUMED not in text.lower()
    ]
    for machine in products(facility):
        product = machine.product
        if ASSUMED not in product.source.lower():
            found.append((machine.type, "entry", product.source))
        found += [
            (machine.type, n, text) for n, text in product.sources.items() if ASSUMED not in text.lower()
        ]
    return found


def products(facility: Facility) -> list[Machine]:
    """One machine of every product used."""
    return list({machine.type: machine for machine in reversed(facility.by_id.values())}.values())[::-1]


def figure(value: float, dimension: str) -> str:
    """A value as tables and drawings of a report write it: the same value in the same digits wherever it stands."""
    return quantity(value, dimension, digits=4 if dimension in PRECISE else 3)


def shown(table: Table, table_name: str, name: str, row: int, column: int) -> str:
    """A value with its unit; ``-`` if the results lack it."""
    about = QUANTITIES.get(f"{table_name}.{name}")
    if name not in table.values or about is None:
        return "-"
    value = float(table[name][row, column])
    return figure(value, about.dimension) if np.isfinite(value) else "-"


def normal_row(results: Results) -> int | None:
    """Row of the normal state if it has a steady solution."""
    rows = (row for row, scenario in enumerate(results.scenarios) if scenario.normal and results.settled[row])
    return next(rows, None)


def _known(facility: Facility, table: Table) -> Iterator[tuple[str, Machine]]:
    for name in table.ids:
        yield name, facility.by_id[name]


def _settled(results: Results) -> np.ndarray:
    return np.asarray(results.settled, dtype=bool)


def _load(value: float) -> Cell:
    if not np.isfinite(value):
        return Cell("-")
    return Cell(quantity(value, "fraction"), "bad" if value > 1 else "warn" if value > 0.9 else "")


def _number(results: Results, table: str, name: str, row: int) -> float | None:
    found = results.tables.get(table)
    return float(found[name][row, 0]) if found is not None and name in found.values else None


def _largest(results: Results, table: str, name: str, row: int) -> float | None:
    found = results.tables.get(table)
    if found is None or name not in found.values or not found.ids:
        return None
    return float(found[name][row].max())
