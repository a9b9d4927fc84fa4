"""What a report tells of the electrical studies: for each its sentences and the tables that matter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from twin.checks.wording import quantity
from twin.model.facility import Facility
from twin.results.results import Results
from twin.view import sheets
from twin.view.facts import ASSUMED, Cell
from twin.view.sheets import Row, Sheet, Shown

TITLES = {
    "redundancy": "Redundancy",
    "reliability": "Reliability",
    "continuity": "Loss of the utility",
    "faults": "Short circuits and arc flash",
    "phases": "Single phases",
    "harmonics": "Harmonics",
    "mains": "Mains of the loops",
    "hydraulics": "What is wrong with the hydraulics",
}
"""Studies in the order in which they are told; one that is not listed comes last under its own name."""
SHEETS: Mapping[str, tuple[Sheet, ...]] = {
    "redundancy": (
        Sheet(
            "part", "What drops racks", "Out of service", by=("-racks_lost", "-pair_racks_lost"),
            where=lambda t: (t["racks_lost"] > 0) | (t["pair_racks_lost"] > 0),
        ),
    ),
    "reliability": (
        Sheet("reliability", "Racks, the weakest first", "Rack", by=("availability",)),
        Sheet(
            "share", "Largest shares in the unavailability of racks", "Machine or path", by=("-share",),
            where=lambda t: t["share"] >= LEAST_SHARE,
        ),
    ),
    "continuity": (
        Sheet("store", "Batteries and the gap they bridge", "Store", rules=("CON-001", "CON-002"), by=("time_worst",)),
        Sheet(
            "genset", "Generators: load, fuel and blocks", "Generator",
            ("load", "fuel_time", "block_step", "block_step_limit"), ("CON-004", "CON-005"), ("fuel_time",),
        ),
        Sheet(
            "genset", "Generators: the start of a training job against their class", "Generator",
            (
                "job_step", "frequency_drop", "frequency_drop_bare", "frequency_drop_limit", "frequency_recovery",
                "frequency_recovery_limit", "voltage_drop", "voltage_drop_limit",
            ),
            ("CON-006", "CON-007", "CON-008"), ("-frequency_drop",), lambda t: t["job"] > 0.5,
        ),
        Sheet(
            "input", "Racks and cooling machines that are interrupted", "Machine", rules=("CON-003",),
            by=("returns", "-gap", "-transfer"),
            where=lambda t: (t["transfer"] > 0) | (t["gap"] > 0) | (t["returns"] < 0.5),
        ),
    ),
    "faults": (
        Sheet(
            "fault", "Short-circuit currents and ratings of boards, busways and transformers", "Place",
            (
                "three_phase_max", "three_phase_min", "earth_max", "earth_min", "peak_max", "interrupting",
                "withstand",
            ),
            ("FLT-001", "FLT-002"), ("-three_phase_max",),
            lambda t: (t["withstand"] > 0) | (t["interrupting"] > 0) | (t["incident_energy"] > 0),
        ),
        Sheet(
            "fault", "Arc flash", "Place", ("three_phase_max", "incident_energy", "arc_boundary"), ("FLT-005",),
            ("-incident_energy",), lambda t: t["incident_energy"] > 0,
        ),
        Sheet(
            "protection", "Breakers", "Breaker of", rules=("FLT-001", "FLT-003", "FLT-004"),
            by=("-interrupting", "selective"),
        ),
    ),
    "phases": (
        Sheet(
            "phase", "Currents of phases and neutral", "Machine",
            (
                "current_a", "current_b", "current_c", "neutral_current", "imbalance", "worst_current",
                "worst_neutral", "neutral_ampacity", "loading",
            ),
            ("PHS-001", "PHS-002", "PHS-004"), ("-loading",),
        ),
        Sheet(
            "phase_load", "Voltages across circuits", "Load", rules=("PHS-003",),
            by=("worst_voltage_low", "-worst_unbalance"),
        ),
    ),
    "harmonics": (
        Sheet("connection", "Current at the grid", "Grid", rules=("HAR-002",), by=("margin",)),
        Sheet("distortion", "Voltage", "Place", rules=("HAR-001", "HAR-004"), by=("-thd",)),
        Sheet("winding", "Transformers", "Transformer", rules=("HAR-003",), by=("permissible",)),
    ),
    "mains": (
        Sheet(
            "segment", "Pieces of the headers, shut for maintenance", "Piece", rules=("LIQ-032",),
            by=("-racks_lost", "-sinks_without", "-sinks_short"),
            where=lambda t: (t["sinks_without"] > 0) | (t["sinks_short"] > 0),
        ),
        Sheet(
            "vessel", "Expansion of the fluid", "Loop",
            ("volume", "warmest", "growth", "needed", "precharge", "stated", "pressure"), ("LIQ-031",), ("-volume",),
        ),
    ),
    "hydraulics": (),
}  # fmt: skip
"""Tables of every study, in order."""
LEAST_SHARE = 1e-3
"""Shares below are not worth a row."""


@dataclass(frozen=True)
class Block:
    """What one study says."""

    name: str
    title: str
    sentences: tuple[str, ...]
    tables: tuple[Shown, ...]


def blocks(facility: Facility, results: Results) -> list[Block]:
    """All studies that have an answer; none of a run without studies."""
    names = [name for name in TITLES if name in results.answers]
    names += [name for name in results.answers if name not in TITLES]
    found = []
    for name in names:
        answer = results.answers[name]
        tables = [*_lists(name, answer), *(sheets.shown(facility, results, s) for s in SHEETS.get(name, ()))]
        block = Block(
            name,
            TITLES.get(name, name.capitalize()),
            tuple(_sentence(words) for words in answer.get("sentences", ())),
            tuple(table for table in tables if table is not None),
        )
        if block.sentences or block.tables:
            found.append(block)
    return found


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}."


def _lists(study: str, answer: Mapping[str, Any]) -> Iterator[Shown]:
    """What an answer lists beside the tables."""
    if study == "redundancy":
        for name, count, title in (
            ("losses", "losing", "One out of service that drops racks"),
            ("pair_losses", "pairs_losing", "One in maintenance and another lost that drop racks"),
        ):
            if answer.get(name):
                yield _losses(title, answer[name], int(answer.get(count, 0)))
    if study == "faults" and answer.get("not_selective"):
        yield _unselective(answer["not_selective"], int(answer.get("partial", 0)))


def _losses(title: str, losses: Sequence[Mapping[str, Any]], count: int) -> Shown:
    rows = []
    for loss in losses[: sheets.ROWS]:
        first = ", ".join(loss["first"]) + (" ..." if loss["racks"] > len(loss["first"]) else "")
        steps: dict[int, list[str]] = {}
        for trip in loss["trips"]:
            steps.setdefault(trip["step"], []).append(trip["what"])
        trips = "; ".join(f"step {step}: {', '.join(names)}" for step, names in steps.items())
        cells = (Cell(f"{loss['racks']:,}", "bad"), Cell(first), Cell(trips or sheets.NONE))
        rows.append(Row(" and ".join(loss["out"]), "", cells))
    heads = "Out of service", "Racks lost", "The first of them", "Trips on overload"
    left = count - len(rows)
    rest = f"{left:,} more drop racks; below is everything that takes part in one." if left > 0 else ""
    return Shown(title, heads, tuple(rows), rest, words=(2, 3))


def _unselective(pairs: Sequence[Mapping[str, Any]], count: int) -> Shown:
    rows = []
    for pair in pairs[: sheets.ROWS]:
        limit, most = (quantity(float(pair[name]), "current") for name in ("limit", "prospective"))
        rows.append(Row(pair["feed"], "", (Cell(pair["upstream"]), Cell(limit, "warn"), Cell(most))))
    heads = "Breaker of", "Not selective with", "Beyond", "Prospective current"
    title = "Breakers that are not selective with those upstream"
    left = count - len(rows)
    rest = f"{left:,} more in the run folder." if left > 0 else ""
    return Shown(title, heads, tuple(rows), rest, words=(1,))


def assumptions(facility: Facility, results: Results) -> list[tuple[str, str, str]]:
    """What the studies took for granted: thing, value, source."""
    found = []
    for study, said in (("faults", _of_faults), ("reliability", _of_reliability), ("continuity", _of_jobs),
                        ("harmonics", _of_harmonics), ("phases", _of_phases), ("mains", _of_mains)):  # fmt: skip
        if results.answers.get(study, {}).get("sentences"):
            title = TITLES[study].lower()
            found += [(title, words, ASSUMED) for words in said(facility, results)]
    return found


def _of_faults(facility: Facility, results: Results) -> Iterator[str]:
    from twin.studies.faults_network import FAULT_LEVEL  # scipy

    answer = results.answers["faults"]
    if answer.get("assumed_fault_levels"):
        names = ", ".join(answer["assumed_fault_levels"])
        yield f"short-circuit power of {names}: {FAULT_LEVEL:g} times the contracted capacity, as no fault level is given"
    if answer.get("assumed_devices"):
        yield (
            f"{answer['assumed_devices']} protections of the power tree for which the layout has no breaker: breakers by "
            "rating with usual settings"
        )


def _of_reliability(facility: Facility, results: Results) -> Iterator[str]:
    from twin.studies.reliability import MAINTENANCE, assumed_classes  # scipy

    classes = assumed_classes(facility)
    if classes:
        names = ", ".join(name.replace("_", " ") for name in classes)
        yield f"failure rates and repair times of these classes of equipment: {names}"
    if any(machine.product.reliability is None for machine in facility.machines):
        hours = MAINTENANCE.maintenance_time / 3600.0
        yield (
            f"maintenance of machines without data of their own: {MAINTENANCE.maintenance:g} planned outage a year of "
            f"{hours:g} h"
        )


def _of_jobs(facility: Facility, results: Results) -> Iterator[str]:
    from twin.studies.jobs import CHARGE, DUTY, PEAK_TIME, PERIOD  # scipy

    if results.answers["continuity"].get("swing"):
        yield (
            f"the training job: steps of {PERIOD:g} s, {100 * DUTY:.0f} % of them computing, {PEAK_TIME:g} s at peak when "
            f"it starts, racks' stores {100 * CHARGE:.0f} % charged"
        )


def _of_harmonics(facility: Facility, results: Results) -> Iterator[str]:
    from twin.studies.harmonics import EDDY, STRAY  # scipy

    yield "front ends of one kind are in step, and the grid brings no distortion of its own"
    if "winding" in results.studies:
        parts = ", ".join(
            f"{form} {100 * EDDY[form]:g} % eddy and {100 * STRAY[form]:g} % other stray loss"
            for form in EDDY
        )
        yield f"transformers at rated current, over their I2R loss: {parts}"


def _of_phases(facility: Facility, results: Results) -> Iterator[str]:
    if "phase" in results.studies:
        yield "neutral conductors are of the phases' size where no sheet tells"


def _of_mains(facility: Facility, results: Results) -> Iterator[str]:
    from twin.studies.mains_vessel import FILLED_AT, RELIEF  # scipy

    yield f"loops are filled at {FILLED_AT:g} degC; relief valves of loops that state no vessel open at {RELIEF / 1e5:g} bar"
    times = sorted({circuit.closing_time for circuit in facility.circuits})
    yield f"valves of branches stop the flow within {', '.join(f'{time:g}' for time in times)} s, unless the layout says so"
    if any(pump.product.npsh_required is None for pump in facility.of_kind("pump")):  # type: ignore[union-attr]
        yield "suction head that pumps without data of their own need: by flow, four poles, suction specific speed 8,500"
    yield "joints, flanges and valves bear 16 bar; machines without data of their own 10 or 16 bar"
