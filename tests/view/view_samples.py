"""A small hall with hand-made results: two rows of racks, a CDU, power machines, a dry cooler in the yard."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tests.geometry.small_facilities import (
    busway_product,
    cdu_product,
    circuit,
    dry_cooler_product,
    feed,
    machine,
    pod,
    row,
    ups_product,
    utility_product,
)
from twin.results.histories import History
from twin.results.results import Finding, Kpi, Results, SolveReport, Table, Verdict
from twin.results.year import Series
from twin.scenario import NORMAL, Scenario

HOSTILE = '</script><img src=x onerror="alert(1)"> $x_{$ 機房 \u202e مركز'
LOST = Scenario(name="lose:ups.A1", failed=("ups.A1",))
RUNAWAY = Scenario(name="lose:dry1", failed=("dry1",))
SCENARIOS = (NORMAL, LOST, RUNAWAY)


def hall(count=4, name="Test hall", **fields):
    """A pod of two rows of ``count`` racks; the last rack of each row has no liquid."""
    south, north = row("p.s", "south", (3.0, 3.0), count), row("p.n", "north", (3.0, 6.0), count)
    machines = [
        machine("cdu1", cdu_product(), (3.0 + 0.6 * count, 3.0, 0.0), row="p.s", group="p.s"),
        machine("bw.A.p.s", busway_product(size=(3.0, 0.25, 0.4)), (3.0, 3.0, 3.0), row="p.s", group="bw.A"),
        machine("ups.A1", ups_product(), (-4.0, 0.0, 0.0), indoors=False, group="ups.A"),
        machine("ups.A2", ups_product(), (-4.0, 2.0, 0.0), indoors=False, group="ups.A"),
        machine("grid", utility_product(), (-9.0, 0.0, 0.0), indoors=False, group="grid"),
        machine("dry1", dry_cooler_product(), (2.0, 34.0, 0.0), indoors=False, group="dry"),
    ]
    racks = [m.id for _, line in (south, north) for m in line]
    feeds = (feed("ups.A1", "grid"), feed("ups.A2", "grid"), feed("bw.A.p.s", "ups.A1", "ups.A2"))
    feeds += tuple(feed(name, "bw.A.p.s") for name in racks)
    loops = (circuit(["cdu1"], racks[: count - 1], "tcs"), circuit(["dry1"], ["cdu1"], "fws"))
    made = pod(south, north, machines=machines, feeds=feeds, circuits=loops, **fields)
    return made.replace(name=name)


def table(ids, **values):
    """The same numbers in all three states unless rows are given."""
    shape = (len(SCENARIOS), len(ids))
    return Table(
        tuple(ids), {k: np.broadcast_to(np.asarray(v, float), shape).copy() for k, v in values.items()}
    )


def solved(facility):
    """Three states: normal, one UPS lost (and the last rack goes dark), one without a steady solution."""
    racks = [m.id for m in facility.racks]
    n = len(racks)
    tables = {
        "rack": table(
            racks, served=1.0, power=np.linspace(2e3, 1e4, n), inlet_temperature=np.linspace(20, 34, n),
            liquid_flow=0.2, liquid_required=0.2, liquid_supply=40.0, liquid_return=50.0,
        ),
        "cdu": table(those(facility, "cdu1"), live=1.0, supply=40.0, loading=0.6, duty=6e5),
        "power": table(
            those(facility, "ups.A1", "ups.A2", "bw.A.p.s", "grid"),
            live=1.0, power=1e5, loss=2e3, loading=0.4,
        ),
        "plant": table(those(facility, "dry1"), live=1.0, leaving=32.0, loading=0.7),
        "loop": table(["tcs", "fws"], supply=36.0, **{"return": 45.0}, flow=2.0, heat=5e5),
        "hall": table(["hall"], inlet_max=34.0),
        "site": table(
            ["site"], facility_power=1.2e5, it_power=1e5, cooling_power=1.5e4, loss_power=5e3, chip_power=7e4,
            racks_throttled=0.0,
        ),
    }  # fmt: skip
    if n:
        tables["rack"]["served"][1, -1] = 0.0
        for name in ("liquid_flow", "liquid_required"):
            tables["rack"][name][:, -1] = 0.0
    tables["power"]["live"][1, :1] = 0.0
    tables["power"]["loading"][1, 1:] = 0.85
    return Results(
        facility=facility.name,
        digest="0" * 64,
        scenarios=SCENARIOS,
        tables=tables,
        reports=(SolveReport("air", "zonal", "converged", (True, True, False), 1, 1e-12),),
        conservation={"energy": np.array([1e-12, 2e-9, 0.0])},
        settled=(True, True, False),
        notes=("losses leave with their own ventilation (assumed)",),
    )


def those(facility, *names):
    """The names that the facility has."""
    return [name for name in names if name in facility.by_id]


def with_rack_values(results, quantity, values):
    """A copy with one rack quantity replaced in the normal state."""
    rack = results.tables["rack"]
    changed = {**rack.values, quantity: rack.values[quantity].copy()}
    changed[quantity][0] = values
    return replace(results, tables={**results.tables, "rack": Table(rack.ids, changed)})


def finding(**fields):
    """A finding."""
    fields = {
        "code": "PWR-001",
        "title": "Racks have power",
        "severity": "error",
        "standard": "design requirement",
        "subject": "p.n.04",
        "scenario": "lose:ups.A1",
        "value": 0.0,
        "limit": 1.0,
        "margin": -1.0,
        "dimension": "flag",
        "message": "has no power on any feed",
        "place": "hall / p / n",
        "file": "hall.yaml",
        "line": 12,
        **fields,
    }
    return Finding(**fields)


def verdict(*findings, **fields):
    """A verdict on them."""
    fields = {
        "layout": "Test hall",
        "status": "unsettled",
        "verdict": "fail" if any(f.broken for f in findings) else "pass",
        "findings": findings,
        "margins": (
            finding(
                severity="info", code="AIR-001", margin=0.03, value=34.0, limit=35.0, dimension="temperature"
            ),
        ),
        "kpis": (
            Kpi(
                name="pue", label="PUE", value=1.2, dimension="ratio", parts={"it": 1.0}, definition="Ratio."
            ),
        ),
        "unused_waivers": (),
        **fields,
    }
    return Verdict(**fields)


def histories(facility):
    """What follows a loss: the racks warm up in three steps."""
    racks = tuple(m.id for m in facility.racks)
    lids = np.repeat([[50.0], [60.0], [80.0]], len(racks), axis=1)
    return (
        History(
            "loss:grid", "Loss of the grid", np.array([0.0, 30.0, 120.0]),
            {"rack.case_temperature": racks, "loop.supply": ("tcs",)},
            {"rack.case_temperature": lids, "loop.supply": np.array([[36.0], [40.0], [np.nan]])},
            {"lid": Series("Warmest lid", "temperature")}, {"lid": np.array([50.0, 60.0, 80.0])}, {},
            ((40.0, "pumps stop"),),
        ),
    )  # fmt: skip
