"""Runs made by hand whose pages are small and hold everything: states, findings, air, a year and a transient."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from tests.air_fields import hall_field
from tests.geometry.small_facilities import (
    busway_product,
    cdu_product,
    circuit,
    facility,
    feed,
    machine,
    row,
    shell,
    ups_product,
)
from tests.view.view_samples import finding, hall, solved, verdict
from tests.year_samples import made_year
from twin.model.facility import Facility
from twin.results.fields import AirField, AirGrid, AnyField
from twin.results.histories import History
from twin.results.results import Results, SolveReport, Table, Verdict
from twin.results.year import Series
from twin.scenario import NORMAL, Scenario
from twin.view.web.compose import Composed, compose

STEPS = 24
"""Steps of the transient."""
PER_ROW = 50
"""Racks of a row of a large hall."""


@dataclass(frozen=True, eq=False)
class Made:
    """A run made by hand."""

    facility: Facility
    results: Results
    verdict: Verdict
    fields: Mapping[str, AnyField] = field(default_factory=dict)

    def composed(self) -> Composed:
        """Its scene."""
        return compose(self.facility, self.results, self.verdict, fields=self.fields)

    def packed(self) -> bytes:
        """The bytes of its scene."""
        return self.composed().packed()


def sample(warmer: float = 0.0, name: str = "Test hall") -> Made:
    """Two rows of four racks in three states, with air, a year and what follows a loss of cooling."""
    made = hall(4, name=name)
    near = {"dry1": (11.0, 2.0, 0.0)}  # beside the hall, so that the first picture holds it
    machines = tuple(m.replace(origin=near[m.id]) if m.id in near else m for m in made.machines)
    made = made.replace(halls=(shell((10.0, 12.0, 4.0)),), machines=machines)
    results = solved(made)
    rack = results.tables["rack"]
    warm = {**rack.values, "inlet_temperature": rack["inlet_temperature"] + warmer}
    results = replace(
        results,
        tables={**results.tables, "rack": Table(rack.ids, warm)},
        year=made_year(made),
        histories=(transient(results),),
    )
    tightest = {m.id: (0.1 + 0.05 * k, "AIR-001") for k, m in enumerate(made.racks)}
    told = verdict(*findings(made), layout=name, tightest=tightest)
    return Made(made, results, told, {"": bare(hall_field(made, spacing=0.5, supply=20.0 + warmer))})


def empty() -> Made:
    """A hall without anything in it."""
    made = facility(()).replace(name="Nothing")
    none = Results("Nothing", "0" * 64, (NORMAL,), {}, (), {}, (True,))
    return Made(
        made,
        none,
        Verdict(layout="Nothing", status="solved", verdict="pass", findings=(), margins=(), kpis=()),
    )


def unsettled() -> Made:
    """A run of which no state has a steady solution."""
    made = sample()
    return replace(made, results=replace(made.results, settled=(False, False, False)), fields={})


def bare(air: AnyField) -> AirField:
    """A field of temperatures and velocities."""
    return AirField(AirGrid(air.grid.lines), air.temperature, air.velocity, air.temperature)


def findings(made: Facility) -> tuple[Any, ...]:
    """One rule broken in the lost state, another not quite kept by three racks in the normal one."""
    places = {m.id: (m.origin[0] + 0.3, m.origin[1] + 0.6, 1.1) for m in made.racks}
    *others, last = places
    warm = {
        "severity": "warning", "code": "AIR-001", "title": "Inlet air is within its class", "dimension": "temperature",
        "value": 34.0, "limit": 32.0, "margin": -0.2, "scenario": "normal", "standard": "ASHRAE TC 9.9",
        "message": "inlet air is 34.0 degC, 2.0 K above the 32.0 degC allowed",
    }  # fmt: skip
    return (
        finding(subject=last, position=places[last]),
        *(
            finding(**warm, subject=name, position=places[name], line=20 + k)
            for k, name in enumerate(others[:3])
        ),
    )


def transient(results: Results) -> History:
    """Inlets that rise by a kelvin a step of five seconds."""
    rack = results.tables["rack"]
    inlets = rack["inlet_temperature"][0] + np.arange(STEPS)[:, None]
    return History(
        "loss:cooling",
        "Loss of cooling",
        5.0 * np.arange(STEPS),
        ids={"rack.inlet_temperature": rack.ids},
        values={"rack.inlet_temperature": inlets},
        series={"inlet": Series("Warmest rack inlet", "temperature")},
        lines={"inlet": inlets.max(axis=1)},
        limits={"inlet": ((40.0, "allowable"),)},
        moments=((10.0, "pumps stop"), (60.0, "racks throttle")),
    )


def large(racks: int, states: int = 3, *, steps: int = 0, cells: int = 0) -> Made:
    """Rows of fifty racks with a CDU and a busway each, in a square hall, with made-up values in every state.

    ``steps``: of a transient of inlet and coolant temperatures; ``cells``: of an air field.
    """
    made = _large_hall(racks)
    results = _large_results(made, states)
    if steps:
        results = replace(results, histories=(_large_history(results, steps),))
    return Made(made, results, verdict(), {"": _large_field(made, cells)} if cells else {})


def _large_hall(racks: int) -> Facility:
    count = max(1, racks // PER_ROW)
    across = max(1, round((count * 3.0 / (0.6 * PER_ROW + 4.0)) ** 0.5))
    runs, machines, feeds, loops = [], [], [], []
    for k in range(count):
        name, origin = f"r{k:04}", (4.0 + k % across * (0.6 * PER_ROW + 4.0), 4.0 + k // across * 3.0)
        run, line = row(name, "south" if k // across % 2 == 0 else "north", origin, min(PER_ROW, racks))
        end = (origin[0] + 0.6 * len(line), origin[1], 0.0)
        cdu = machine(f"cdu.{name}", cdu_product(), end, row=name, group=name)
        size = (0.6 * len(line), 0.25, 0.4)
        busway = machine(
            f"bw.{name}", busway_product(size=size), (origin[0], origin[1] + 0.5, 3.0), row=name, group="bw"
        )
        runs.append(run)
        machines += [*line, cdu, busway]
        feeds += [feed(busway.id, "ups.A1"), *(feed(m.id, busway.id) for m in line)]
        loops.append(circuit([cdu.id], [m.id for m in line], f"tcs.{name}"))
    machines.append(machine("ups.A1", ups_product(), (-6.0, 2.0, 0.0), indoors=False, group="ups.A"))
    size = (4.0 + across * (0.6 * PER_ROW + 4.0), 8.0 + -(-count // across) * 3.0, 5.0)
    made = facility(
        machines, halls=(shell(size),), runs=tuple(runs), feeds=tuple(feeds), circuits=tuple(loops)
    )
    return made.replace(name=f"{racks:,} racks")


def _large_results(made: Facility, states: int) -> Results:
    """In every state but the normal one a CDU is lost; the racks of its row run warm, and a few go dark."""
    rng = np.random.default_rng(0)
    names, rows = zip(*((m.id, m.row) for m in made.racks), strict=True)
    x, y = np.array([m.origin[:2] for m in made.racks]).T
    kinds = {kind: tuple(m.id for m in made.machines if m.kind == kind) for kind in ("cdu", "busway", "ups")}
    lost = np.resize(np.array(kinds["cdu"]), states - 1)
    hit = np.array([np.zeros(x.size), *(np.array(rows) == name.removeprefix("cdu.") for name in lost)])
    warm = 25 + 4 * np.sin(x / 9) * np.cos(y / 7) + rng.uniform(0, 1.5, x.size) + 6 * hit
    racks = {
        "served": 1 - hit * (rng.uniform(size=x.size) < 0.2), "power": rng.uniform(1.1e5, 1.3e5, x.size) * (1 - 0.3 * hit),
        "inlet_temperature": warm, "liquid_flow": 2 - hit, "liquid_required": 1.9 + 0 * hit,
        "liquid_supply": 15 + warm, "liquid_return": 25 + warm,
    }  # fmt: skip
    tables = {
        "rack": Table(names, racks),
        "cdu": _steady(states, kinds["cdu"], live=1.0, supply=40.0, loading=0.6, duty=6e6),
        "power": _steady(states, kinds["busway"] + kinds["ups"], live=1.0, power=1e5, loss=2e3, loading=0.7),
    }
    cases = (NORMAL, *(Scenario(name=f"case {k}: {name}", failed=(name,)) for k, name in enumerate(lost, 1)))
    ok = (True,) * states
    reports = (SolveReport("air", "zonal", "converged", ok, 1, 1e-12),)
    return Results(made.name, "0" * 64, cases, tables, reports, {"energy": np.zeros(states)}, ok)


def _steady(states: int, names: tuple[str, ...], *, live: float, **values: float) -> Table:
    """Values that differ from thing to thing and not from state to state."""
    rng = np.random.default_rng(1)
    shape = (states, len(names))
    made = {
        name: np.tile(value * rng.uniform(0.9, 1.0, len(names)), (states, 1))
        for name, value in values.items()
    }
    return Table(names, {"live": np.full(shape, live), **made})


def _large_history(results: Results, steps: int) -> History:
    """Rows warm up after one another."""
    rack = results.tables["rack"]
    begun = 0.5 * steps * np.arange(len(rack.ids)) / len(rack.ids)
    inlets = rack["inlet_temperature"][0] + 0.7 * np.maximum(np.arange(steps)[:, None] - begun, 0)
    return History(
        "loss:cooling", "Loss of cooling", 10.0 * np.arange(steps),
        ids={"rack.inlet_temperature": rack.ids}, values={"rack.inlet_temperature": inlets},
        series={"inlet": Series("Warmest rack inlet", "temperature")}, lines={"inlet": inlets.max(axis=1)},
    )  # fmt: skip


def _large_field(made: Facility, cells: int) -> AirField:
    """Warm and cold aisles, warmer above, with wide eddies."""
    size = np.array(made.halls[0].size)
    step = (size.prod() / cells) ** (1 / 3)
    lines = tuple(np.linspace(0, side, round(side / step) + 1) for side in size)
    x, y, z = np.meshgrid(*((line[1:] + line[:-1]) / 2 for line in lines), indexing="ij", sparse=True)
    warm = 24 + 6 * np.sin(np.pi * y / 3) ** 2 * np.exp(-((z - 1.5) ** 2) / 3) + 0.8 * z
    warm = warm + np.sin(x / 5 + y / 9) * np.cos(y / 7)
    flow = np.stack(
        np.broadcast_arrays(np.sin(y / 3) + 0 * x, 0.3 * np.cos(x / 5) + 0 * z, 0.1 * np.sin(y + x)), axis=-1
    )
    warm, flow = warm.astype(np.float32), flow.astype(np.float32)
    return AirField(AirGrid(lines), warm, flow, warm)
