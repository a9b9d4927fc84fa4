"""Small facilities made by hand for the geometry tests."""

from __future__ import annotations

from twin.model.base import Mark
from twin.model.facility import Circuit, Facility, Feed, Machine, Place, Run, Shell, Tray, Zone
from twin.model.language import Air, Containment, Floor, Outdoor
from twin.model.products import Busway, Cdu, DryCooler, Rack, RackPower, RearDoor, Ups, Utility

MARK = Mark(file="hall.yaml", line=1)
PLACE = Place(
    climate="test",
    elevation=0.0,
    outdoor=Outdoor(dry_bulb=30.0, wet_bulb=20.0),
    grid="test",
    electricity_price=2e-8,
    carbon_intensity=1e-7,
    water_price=2.0,
)
POWER = RackPower(idle=1e3, typical=8e3, maximum=1e4, peak=1.2e4)


def rack_product(size=(0.6, 1.2, 2.2), clearance=(1.2, 0.9), mass=1500.0):
    return Rack(kind="rack", source="assumed", power=POWER, size=size, clearance=clearance, mass=mass)


def cdu_product(size=(0.6, 1.2, 2.2)):
    return Cdu(
        kind="cdu",
        source="assumed",
        size=size,
        capacity=1e6,
        approach=5.0,
        primary_flow=0.02,
        primary_drop=5e4,
        secondary_flow=0.02,
        external_head=2e5,
        pump_power=1e4,
    )


def dry_cooler_product(size=(2.0, 6.0, 2.5)):
    return DryCooler(
        kind="dry_cooler",
        source="assumed",
        size=size,
        capacity=1e6,
        flow=0.03,
        drop=5e4,
        air_in=30.0,
        coolant_in=45.0,
        coolant_out=35.0,
        air_flow=80.0,
        fan_power=2e4,
    )


def ups_product(size=(1.0, 1.0, 2.0)):
    return Ups(kind="ups", source="assumed", size=size, rating=1e6, efficiency=((0.1, 0.9), (1.0, 0.97)))


def utility_product():
    return Utility(kind="utility", source="assumed", size=(0.0, 0.0, 0.0), voltage=11e3, capacity=1e7)


def rear_door_product(mass):
    return RearDoor(
        kind="rear_door",
        source="assumed",
        mass=mass,
        capacity=5e4,
        effectiveness=0.8,
        air_flow=2.0,
        flow=1e-3,
        drop=5e4,
    )


def busway_product(**fields):
    return Busway(kind="busway", source="assumed", rating=1000.0, resistance=1e-5, **fields)


RACK = rack_product()


def machine(name, product=RACK, origin=(0.0, 0.0, 0.0), face="south", **fields):
    fields = {"group": "g", "hall": "", "indoors": True, **fields}
    return Machine(id=name, type="t", product=product, origin=origin, face=face, mark=MARK, **fields)


def shell(size=(20.0, 30.0, 4.0), origin=(0.0, 0.0), columns=(), floor=None, name=""):
    floor = floor or Floor()
    return Shell(id=name, origin=origin, size=size, floor=floor, columns=columns, air=Air(), mark=MARK)


def facility(machines, halls=None, **fields):
    halls = (shell(),) if halls is None else halls
    return Facility(name="t", file="hall.yaml", place=PLACE, halls=halls, machines=tuple(machines), **fields)


def row(name, face, origin, count, product=RACK, pod="p", axis=None):
    """A run and its machines, touching each other."""
    axis = axis or ("x" if face in ("north", "south") else "y")
    width, depth, _ = product.size
    step = (width, 0.0) if axis == "x" else (0.0, width)
    machines = tuple(
        machine(
            f"{name}.{k + 1:02}",
            product,
            (origin[0] + k * step[0], origin[1] + k * step[1], 0.0),
            face,
            row=name,
            pod=pod,
            group=name,
        )
        for k in range(count)
    )
    run = Run(
        id=name,
        hall="",
        pod=pod,
        machines=tuple(m.id for m in machines),
        axis=axis,
        face=face,
        origin=origin,
        length=count * width,
        depth=depth,
        mark=MARK,
    )
    return run, machines


def pod(*rows, aisle="hot", **fields):
    """A facility of one pod."""
    zone = Zone(
        id="p",
        hall="",
        rows=tuple(run.id for run, _ in rows),
        containment=Containment(aisle=aisle),
        mark=MARK,
    )
    machines = [m for _, line in rows for m in line] + list(fields.pop("machines", ()))
    return facility(machines, runs=tuple(run for run, _ in rows), zones=(zone,), **fields)


def feed(to, *sources, terminal="in", **fields):
    return Feed(to=to, terminal=terminal, sources=sources, mark=MARK, **fields)


def circuit(sources, sinks, name="tcs", **fields):
    fields = {"pumps": (), "header": None, "branch": None, **fields}
    return Circuit(
        id=name,
        fluid="water",
        sources=tuple(sources),
        sinks=tuple(sinks),
        supply=40.0,
        roughness=4.5e-5,
        mark=MARK,
        **fields,
    )


def tray(name, over, height=3.6):
    return Tray(id=name, row=over, height=height, section=(0.6, 0.1), mark=MARK)
