"""A small hall made by hand, and results in which every rule holds, to break one thing at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pytest

from twin.model.base import Mark
from twin.model.facility import Circuit, Facility, Feed, Machine, Place, Run, Shell, Zone
from twin.model.language import Air, Containment, Floor, Outdoor
from twin.model.products import (
    Accelerators,
    Busway,
    Cdu,
    ColdPlate,
    Coolant,
    Crah,
    DryCooler,
    Generator,
    Product,
    Pump,
    QuickDisconnect,
    Rack,
    RackPower,
    Switchboard,
    TransferSwitch,
    Transformer,
    Ups,
    Utility,
)
from twin.model.products.cooling import Filter
from twin.results.quantities import QUANTITIES
from twin.results.results import Results, SolveReport, Table
from twin.scenario import NORMAL, Scenario, single_failures

FLAT = ((0.1, 0.95), (1.0, 0.97))

PRODUCTS: dict[str, Product] = {
    "gb300": Rack(
        kind="rack",
        source="assumed",
        size=(0.6, 1.2, 2.2),
        mass=1500,
        clearance=(1.0, 0.8),
        power=RackPower(idle=20e3, typical=110e3, maximum=132e3, peak=150e3),
        liquid_share=0.85,
        coolant=Coolant(return_temperature=55, rated_heat=112e3, rated_flow=2e-3, rated_drop=1e5),
        quick_disconnect=QuickDisconnect(flow_max=3e-3, pressure_max=5e5),
        accelerators=Accelerators(name="GB300", count=72, power=1400),
        cold_plate=ColdPlate(
            rated_power=1400, rated_flow=2e-3 / 60, lid_rise=28, case_max=80, throttle=85, trip=95
        ),
    ),
    "cdu": Cdu(
        kind="cdu",
        source="assumed",
        size=(0.9, 1.2, 2.2),
        capacity=1e6,
        approach=4,
        primary_flow=0.02,
        primary_drop=8e4,
        secondary_flow=0.02,
        external_head=2e5,
        pump_power=20e3,
        filter=Filter(rating="50 um", drop=3e4),
    ),
    "crah": Crah(
        kind="crah",
        source="assumed",
        size=(2.0, 1.0, 2.2),
        capacity=100e3,
        return_air=36,
        entering_water=18,
        air_flow=10,
        flow=0.005,
        drop=4e4,
        fan_power=5e3,
    ),
    "dry": DryCooler(
        kind="dry_cooler",
        source="assumed",
        size=(10, 2, 2),
        capacity=500e3,
        flow=0.02,
        drop=5e4,
        air_in=35,
        coolant_in=45,
        coolant_out=40,
        air_flow=60,
        fan_power=20e3,
    ),
    "pump": Pump(kind="pump", source="assumed", flow=0.02, head=2e5, efficiency=0.8),
    "grid": Utility(kind="utility", source="assumed", size=(0, 0, 0), voltage=33e3, capacity=3e6),
    "gen": Generator(kind="generator", source="assumed", rating=1e6),
    "tx": Transformer(
        kind="transformer",
        source="assumed",
        rating=2.5e6,
        primary=33e3,
        secondary=415,
        impedance=0.06,
        no_load_loss=3e3,
        load_loss=20e3,
    ),
    "ups": Ups(kind="ups", source="assumed", rating=1.25e6, efficiency=FLAT),
    "board": Switchboard(kind="switchboard", source="assumed", rating=4000),
    "sts": TransferSwitch(kind="transfer_switch", source="assumed", rating=400),
    "bw": Busway(kind="busway", source="assumed", rating=1000, resistance=5e-5),
    "bw480": Busway(kind="busway", source="assumed", rating=1000, voltage=480, resistance=5e-5),
    "bwdc": Busway(kind="busway", source="assumed", rating=1000, dc=True, resistance=5e-5),
}

HEALTHY: Mapping[str, float] = {
    "rack.served": 1,
    "rack.power": 132e3,
    "rack.demand": 132e3,
    "rack.throttle": 1,
    "rack.inlet_temperature": 24,
    "rack.inlet_highest": 25,
    "rack.inlet_error": 0.0,
    "rack.outlet_temperature": 36,
    "rack.relative_humidity": 0.45,
    "rack.air_flow": 1.6,
    "rack.air_heat": 20e3,
    "rack.liquid_heat": 112e3,
    "rack.liquid_flow": 2.0,
    "rack.liquid_required": 1.95,
    "rack.liquid_supply": 40,
    "rack.liquid_return": 54,
    "rack.liquid_drop": 9e4,
    "rack.liquid_pressure": 3e5,
    "rack.liquid_surge": 1e4,
    "rack.flow_share": 1.0,
    "rack.coupling_loading": 0.8,
    "rack.case_temperature": 70,
    "rack.case_margin": 10,
    "rack.voltage": 0.98,
    "rack.shelf_loading": 0.5,
    "rack.tokens": 1e4,
    "rack.chip_power": 1e5,
    "cdu.live": 1,
    "cdu.loading": 0.6,
    "cdu.head_margin": 0.2,
    "cdu.primary_pressure": 3e5,
    "cdu.filter_drop": 3e4,
    "crah.live": 1,
    "crah.loading": 0.4,
    "crah.supply": 24,
    "plant.live": 1,
    "plant.loading": 0.5,
    "pump.live": 1,
    "pump.loading": 0.5,
    "pump.pressure": 3e5,
    "pump.npsh_available": 24,
    "pump.npsh_required": 3,
    "power.live": 1,
    "power.loading": 0.4,
    "power.power": 0.98e6,
    "power.apparent": 1e6,
    "power.voltage": 0.99,
    "feed.live": 1,
    "feed.power": 66e3,
    "feed.loading": 0.5,
    "feed.current": 50,
    "feed.drop": 0.01,
    "feed.cable_loading": 0.5,
    "loop.supply": 32,
    "loop.return": 42,
    "loop.setpoint": 32,
    "loop.flow": 20,
    "loop.decoupler": 1,
    "loop.least_flow": 10,
    "loop.velocity": 2,
    "loop.head_margin": 0.2,
    "loop.heat": 1e6,
    "loop.surge_pressure": 3.2e5,
    "loop.shutoff_pressure": 4e5,
    "loop.pipe_rating": 1.6e6,
    "loop.top_pressure": 1e5,
    "loop.boiling": -9e4,
    "loop.coldest_known": -9.8,
    "loop.warmest_known": 100,
    "loop.freezing_point": -9.8,
    "hall.rests": 1,
    "hall.dew_point": 10,
    "hall.heat": 80e3,
    "hall.rci_hi": 1,
    "hall.rci_lo": 1,
    "hall.rti": 1,
    "hall.shi": 0.1,
    "hall.rhi": 0.9,
    "hall.inlet_max": 24,
    "hall.supply": 24,
    "site.it_power": 528e3,
    "site.facility_power": 600e3,
    "site.cooling_power": 50e3,
    "site.loss_power": 22e3,
    "site.pue": 600 / 528,
    "site.tokens": 4e4,
    "site.cost": 2e-7,
}
RACKS = ("p1.s.01", "p1.s.02", "p1.n.01", "p1.n.02")


class Design:
    """Builds facilities and results; ``machine``, ``feed`` and ``loop`` make parts for a test of its own."""

    products = PRODUCTS
    racks = RACKS

    @staticmethod
    def machine(name: str, type_: str, at: tuple[float, float] = (0, 0), **fields: object) -> Machine:
        """A machine of a product, in the yard unless it says otherwise."""
        group = fields.pop("group", name.rpartition(".")[0] or name)
        values = {"origin": (*at, 0.0), "mark": Mark(file="hall.yaml", line=10), **fields}
        return Machine(id=name, type=type_, product=PRODUCTS[type_], group=group, **values)

    @staticmethod
    def feed(to: str, terminal: str, *sources: str, **fields: object) -> Feed:
        """A connection, with a 160 A breaker on final circuits."""
        return Feed(to=to, terminal=terminal, sources=sources, mark=Mark(file="hall.yaml", line=40), **fields)

    @staticmethod
    def loop(
        name: str, sources: Sequence[str], sinks: Sequence[str], pumps: Sequence[str] = (), **fields: object
    ) -> Circuit:
        """A loop of water at 32 degC."""
        values = {
            "fluid": "water",
            "supply": 32.0,
            "header": None,
            "branch": None,
            "roughness": 4.5e-5,
            **fields,
        }
        mark = Mark(file="hall.yaml", line=30)
        return Circuit(
            id=name, sources=tuple(sources), sinks=tuple(sinks), pumps=tuple(pumps), mark=mark, **values
        )

    def facility(self, **changes: object) -> Facility:
        """Two rows of two racks, two CDUs, two air handlers, 2N power, one loop each."""
        hall = {"hall": "", "indoors": True}
        rack = [
            self.machine(
                f"p1.{row}.0{i}", "gb300", (3 + 0.6 * i, y), pod="p1", row=f"p1.{row}", face=face, **hall
            )
            for row, y, face in (("s", 3.0, "south"), ("n", 5.4, "north"))
            for i in (1, 2)
        ]
        machines = (
            *rack,
            self.machine("cdu.1", "cdu", (3, 8), **hall),
            self.machine("cdu.2", "cdu", (5, 8), **hall),
            self.machine("crah.1", "crah", (0, 0), setpoint=24, spare=1, **hall),
            self.machine("crah.2", "crah", (10, 0), setpoint=24, spare=1, **hall),
            *(self.machine(f"dry.{i}", "dry", (20, 5.0 * i), spare=1) for i in (1, 2, 3)),
            *(self.machine(f"pump.{i}", "pump", (40, 5.0 * i), spare=1) for i in (1, 2)),
            self.machine("grid", "grid"),
            *(self.machine(f"tx.{s}", "tx", (60, y)) for s, y in (("A", 0), ("B", 5))),
            *(self.machine(f"ups.{s}", "ups", (70, y)) for s, y in (("A", 0), ("B", 5))),
            *(self.machine(f"bw.{s}", "bw", (80, y)) for s, y in (("A", 0), ("B", 5))),
        )
        feeds = [self.feed(f"tx.{s}", "in", "grid") for s in "AB"]
        feeds += [self.feed(f"ups.{s}", "in", f"tx.{s}") for s in "AB"]
        feeds += [self.feed(f"bw.{s}", "in", f"ups.{s}", breaker=1000) for s in "AB"]
        feeds += [self.feed(r, f"in{s}", f"bw.{s}", breaker=160) for r in RACKS for s in "AB"]
        cooling = ("cdu.1", "cdu.2", "crah.1", "crah.2", "dry.1", "dry.2", "dry.3", "pump.1", "pump.2")
        feeds += [self.feed(name, f"in{s}", f"bw.{s}", breaker=63) for name in cooling for s in "AB"]
        dry, pumps = ("dry.1", "dry.2", "dry.3"), ("pump.1", "pump.2")
        circuits = (
            self.loop("fws", dry, ("cdu.1", "cdu.2", "crah.1", "crah.2"), pumps, decoupler=True),
            self.loop("tcs", ("cdu.1", "cdu.2"), RACKS, fluid="pg25", supply=40.0),
        )
        runs = tuple(
            Run(
                id=f"p1.{row}",
                hall="",
                pod="p1",
                machines=RACKS[k : k + 2],
                axis="x",
                face=face,
                origin=(3.6, y),
                length=1.2,
                depth=1.2,
                mark=Mark(file="hall.yaml", line=7),
            )
            for k, row, y, face in ((0, "s", 3.0, "south"), (2, "n", 5.4, "north"))
        )
        values = {
            "name": "small hall",
            "file": "hall.yaml",
            "place": Place(
                climate="test",
                elevation=100,
                outdoor=Outdoor(dry_bulb=35, wet_bulb=22),
                grid="test",
                electricity_price=2e-8,
                carbon_intensity=1e-7,
                water_price=2,
            ),
            "halls": (
                Shell(
                    id="",
                    origin=(0, 0),
                    size=(14, 12, 5),
                    floor=Floor(),
                    air=Air(),
                    mark=Mark(file="hall.yaml", line=3),
                ),
            ),
            "zones": (
                Zone(
                    id="p1",
                    hall="",
                    rows=("p1.s", "p1.n"),
                    containment=Containment(),
                    mark=Mark(file="hall.yaml", line=6),
                ),
            ),
            "runs": runs,
            "machines": machines,
            "feeds": tuple(feeds),
            "circuits": circuits,
            **changes,
        }
        return Facility(**values)

    @staticmethod
    def states(facility: Facility) -> tuple[Scenario, ...]:
        """Normal and every single failure."""
        return (NORMAL, *single_failures(facility))

    def results(
        self,
        facility: Facility,
        scenarios: Sequence[Scenario] | None = None,
        settled: Sequence[bool] | None = None,
    ) -> Results:
        """Results in which every rule holds; a test writes into the arrays."""
        states = tuple(scenarios) if scenarios else self.states(facility)
        things = {
            "rack": facility.racks,
            "cdu": facility.of_kind("cdu"),
            "crah": facility.of_kind("crah"),
            "plant": facility.of_kind("dry_cooler", "cooling_tower", "chiller"),
            "pump": facility.of_kind("pump"),
            "power": tuple(machine for machine in facility.machines if machine.product.role == "power"),
            "rear_door": (),
        }
        ids = {name: tuple(machine.id for machine in machines) for name, machines in things.items()}
        ids["feed"] = tuple(f"{feed.to}.{feed.terminal}" for feed in facility.feeds)
        ids["loop"] = tuple(circuit.id for circuit in facility.circuits)
        ids["hall"], ids["site"] = tuple(hall.id or "hall" for hall in facility.halls), ("site",)
        tables = {name: Table(names, _columns(name, len(states), len(names))) for name, names in ids.items()}
        ok = tuple(settled) if settled else (True,) * len(states)
        balance = {name: np.zeros(len(states)) for name in ("mass", "energy", "power")}
        report = SolveReport("hydraulics", "newton", "converged", ok, 5, 1e-10)
        return Results(facility.name, "", states, tables, (report,), balance, ok, passes=7)


def _columns(table: str, states: int, things: int) -> dict[str, np.ndarray]:
    names = [name for name in QUANTITIES if name.startswith(f"{table}.")]
    return {
        name.partition(".")[2]: np.full((states, things), float(HEALTHY.get(name, 0.0))) for name in names
    }


@pytest.fixture(scope="session")
def design() -> Design:
    return Design()


@pytest.fixture
def facility(design: Design) -> Facility:
    return design.facility()


@pytest.fixture
def results(design: Design, facility: Facility) -> Results:
    return design.results(facility)


@pytest.fixture
def broken() -> Callable[..., dict[str, object]]:
    """The findings of one rule by subject."""
    from twin.checks import check_placement, judge

    def find(code: str, facility: Facility, results: Results | None = None) -> dict[str, object]:
        findings = judge(facility, results).findings if results else check_placement(facility)
        return {finding.subject: finding for finding in findings if finding.code == code}

    return find
