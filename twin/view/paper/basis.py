"""The basis of design: site, climate, workload and halls in a few lines, and the schedule of equipment."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from twin.checks.wording import quantity
from twin.model.facility import Facility, Machine
from twin.model.language import Outdoor
from twin.model.products import Cdu, CoolingTower, Crah, Product, Pump, Rack
from twin.results.results import Results
from twin.scenario import evaporating
from twin.view import facts
from twin.view.paper import words
from twin.view.paper.loads import rating

ORDER = tuple(words.KINDS)


@dataclass(frozen=True)
class Item:
    """A line of the schedule."""

    product: str
    kind: str
    description: str
    rating: str
    count: int
    spare: str
    """How many of a group may fail by the layout."""


def block(facility: Facility) -> list[tuple[str, str]]:
    """Heads and texts of the basis of design."""
    place, work = facility.place, facility.workload
    found = [
        ("Site", f"{place.climate}, {place.elevation:.0f} m above sea level; grid {place.grid}"),
        (
            "Outdoor design state",
            _air(place.outdoor),
        ),
        ("Evaporation design day", _air(place.evaporation) if evaporating(facility) else ""),
        (
            "Workload",
            f"{work.power} rack power, {work.model}, {work.service} service, "
            f"{quantity(work.utilization, 'fraction')} utilization",
        ),
        ("Racks", _racks(facility)),
        ("Halls", _halls(facility)),
        (
            "Prices",
            f"electricity {place.electricity_price * 3.6e9:.0f} USD/MWh, water {place.water_price:.2f} USD/m3, "
            f"{place.carbon_intensity * 3.6e9:.0f} g CO2 a kWh",
        ),
    ]
    if facility.params:
        found.append(
            ("Parameters", "; ".join(f"{name} = {value}" for name, value in facility.params.items()))
        )
    return [(head, text) for head, text in found if text]


def _air(outdoor: Outdoor | None) -> str:
    if outdoor is None:
        return ""
    dry, wet = (quantity(value, "temperature") for value in (outdoor.dry_bulb, outdoor.wet_bulb))
    return f"dry bulb {dry}, wet bulb {wet}"


def _racks(facility: Facility) -> str:
    racks = [machine.product for machine in facility.racks if isinstance(machine.product, Rack)]
    if not racks:
        return "none"
    most = sum(rack.power.maximum for rack in racks)
    pods = len(facility.zones)
    where = f" in {pods:,} pod{'s' if pods > 1 else ''}" if pods else ""
    return f"{len(racks):,}{where}, {quantity(most, 'power')} at their sheets' maximum"


def _halls(facility: Facility) -> str:
    sizes: dict[str, int] = defaultdict(int)
    for shell in facility.halls:
        east, north, up = shell.size
        sizes[f"{east:.1f} m x {north:.1f} m x {up:.1f} m high, {shell.floor.type} floor"] += 1
    return "; ".join(f"{count:,} of {text}" if count > 1 else text for text, count in sizes.items())


def schedule(facility: Facility) -> list[Item]:
    """Every product with what it is rated for, how many there are and how many may fail."""
    groups: dict[str, list[Machine]] = defaultdict(list)
    for machine in facility.by_id.values():
        groups[machine.type].append(machine)
    found = [
        Item(
            name,
            words.kind(machines[0].kind, 1),
            machines[0].product.description,
            rated(machines[0]),
            len(machines),
            _spare(machines),
        )
        for name, machines in groups.items()
    ]
    place = {words.kind(kind, 1): number for number, kind in enumerate(ORDER)}
    return sorted(found, key=lambda item: (place.get(item.kind, len(place)), item.product))


def _spare(machines: list[Machine]) -> str:
    spares = sorted({machine.spare for machine in machines if machine.spare})
    return "" if not spares else f"{spares[0]}" if len(spares) == 1 else f"{spares[0]}-{spares[-1]}"


def rated(machine: Machine) -> str:
    """What a machine is rated for, in the figures of its sheet that a buyer asks for first."""
    product: Product = machine.product
    if isinstance(product, Rack):
        return f"{quantity(product.power.maximum, 'power')}"
    if isinstance(product, Pump):
        return f"{quantity(product.flow, 'volume_flow')} at {quantity(product.head, 'pressure')}"
    if isinstance(product, Cdu):
        return f"{quantity(product.capacity, 'power')} at {quantity(product.approach, 'temperature_difference')} approach"
    if isinstance(product, Crah):
        return f"{quantity(product.capacity, 'power')} at {quantity(product.return_air, 'temperature')} return air"
    if isinstance(product, CoolingTower):
        return (
            f"{quantity(product.capacity, 'power')} at {quantity(product.wet_bulb, 'temperature')} wet bulb"
        )
    volume = getattr(product, "volume", None)
    if machine.kind == "tank" and isinstance(volume, float):
        return f"{volume:.3g} m3"
    air = getattr(product, "air_in", None)
    if machine.product.role == "cooling":
        capacity = getattr(product, "capacity", None)
        at = f" at {quantity(air, 'temperature')} air" if isinstance(air, float) else ""
        return f"{quantity(capacity, 'power')}{at}" if isinstance(capacity, float) else ""
    return rating(machine)


def balance(results: Results) -> list[tuple[str, float]]:
    """What is conserved, and its largest relative error over all states."""
    return [
        (name, float(np.max(np.abs(errors), initial=0.0))) for name, errors in results.conservation.items()
    ]


def residuals(results: Results) -> str:
    """A sentence on how well the equations are solved."""
    settled = sum(results.settled)
    worst = max((report.residual for report in results.reports), default=0.0)
    off = max((error for _, error in balance(results)), default=0.0)
    row = facts.normal_row(results)
    normal = (
        "The normal state has a steady solution."
        if row is not None
        else "The normal state has no steady solution."
    )
    return (
        f"{settled:,} of {len(results.scenarios):,} states have a steady solution, in {results.passes} passes of the "
        f"coupling loop; largest residual of a solver {worst:.1e}, largest imbalance of mass, energy or power "
        f"{off:.1e}. {normal}"
    )
