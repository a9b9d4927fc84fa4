"""Rules of the power tree.

NEC: NFPA 70, *National Electrical Code*, 2023.  A continuous load (three hours or more) may take 80 % of a
breaker that is not listed for 100 %; a rack's load is continuous, also after a failure, which may last days.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from twin.checks.air import PRACTICE
from twin.checks.places import feed_name, hall_name
from twin.checks.reading import of_machines, of_table
from twin.checks.rules import Assessment, check
from twin.model.facility import Facility, Feed, Machine
from twin.results.results import Array, Results, Table

CONTINUOUS = 0.80
"""Share of a standard breaker's rating that a continuous load may take."""
SWITCHGEAR = ("switchboard", "transfer_switch", "busway")
NAMES = {"ups": "UPS", "pdu": "PDU"}
PASSIVE = (*SWITCHGEAR, "pdu")
"""Kinds through which a voltage drop goes on; transformers, UPS and rectifiers begin a new voltage level."""
FINAL_DROP, TOTAL_DROP = 0.03, 0.05
VOLTAGE_LOW, VOLTAGE_HIGH = 0.90, 1.10
"""Steady-state window of IT equipment, share of nominal."""
SERVICE_A, UTILIZATION_A = (0.95, 1.05), (0.90, 1.05)
SERVICE_B, UTILIZATION_B = (0.917, 1.058), (0.867, 1.058)
"""Ranges of ANSI C84.1, share of nominal, as quoted."""
POWER_FACTOR = 0.95
ELC = 0.297
BALANCE = 0.10
"""Difference between the feeds of one load over their mean."""


@check(
    "PWR-001",
    "Every rack has power in every state",
    standard="design requirement",
    clause="concurrently maintainable",
)
def served(facility: Facility, results: Results) -> Iterator[Assessment]:
    """On at least one feed, after any single failure too."""
    for racks in of_machines(facility, results, "rack"):
        yield Assessment(racks.ids, racks["served"], 1.0, "min", "flag", "has no power on any feed")


@check(
    "PWR-002",
    "Breakers carry no more than their continuous load",
    standard="NFPA 70 (NEC) 2023",
    clause="210.20(A), 215.3: 80 %, or 100 % if so listed",
)
def breaker_load(facility: Facility, results: Results) -> Iterator[Assessment]:
    """Current of one circuit over its breaker's rating."""
    for table, feeds in _feeds(facility, results):
        limit = np.array([_continuous(feed) for feed in feeds])
        yield Assessment(
            table.ids, table["loading"], limit, "max", "fraction", "breaker load", table["live"] > 0.5
        )


def _continuous(feed: Feed) -> float:
    if feed.breaker is None:
        return np.inf
    return 1.0 if feed.rated_100 else CONTINUOUS


def _feeds(facility: Facility, results: Results) -> Iterator[tuple[Table, tuple[Feed, ...]]]:
    by_name = {feed_name(feed): feed for feed in facility.feeds}
    for table in of_table(results, "feed"):
        yield table, tuple(by_name[name] for name in table.ids)


def _loading(
    facility: Facility, results: Results, kinds: tuple[str, ...], limit: float = 1.0
) -> Iterator[Assessment]:
    for machines in of_machines(facility, results, "power", *kinds):
        what = tuple(f"{NAMES.get(m.kind, m.kind.replace('_', ' '))} load" for m in machines.machines)
        yield Assessment(
            machines.ids, machines["loading"], limit, "max", "fraction", what, machines.on("live")
        )


@check(
    "PWR-003", "Transformers carry no more than their rating", standard="IEEE C57.12.00", clause="rated kVA"
)
def transformer_loading(facility: Facility, results: Results) -> Iterator[Assessment]:
    """Nameplate rating, no overload on the strength of a cool day."""
    yield from _loading(facility, results, ("transformer",))


@check(
    "PWR-004",
    "UPS and rectifiers carry no more than their rating",
    standard="IEC 62040-3",
    clause="rated output",
)
def converter_loading(facility: Facility, results: Results) -> Iterator[Assessment]:
    """Output power over rating."""
    yield from _loading(facility, results, ("ups", "rectifier"))


@check(
    "PWR-005",
    "Switchboards, transfer switches and busways carry no more than their rating",
    standard="UL 891, UL 1008, UL 857",
    clause="rated current",
)
def switchgear_loading(facility: Facility, results: Results) -> Iterator[Assessment]:
    """Continuous current."""
    yield from _loading(facility, results, SWITCHGEAR)


@check(
    "PWR-006",
    "PDUs and panels carry no more than their rating",
    standard="UL 67, PDU data sheet",
    clause="rated power",
)
def pdu_loading(facility: Facility, results: Results) -> Iterator[Assessment]:
    """Continuous rating."""
    yield from _loading(facility, results, ("pdu",))


@check(
    "PWR-007",
    "Voltage drop is within 3 % in final circuits, 5 % in all",
    standard="NFPA 70 (NEC) 2023",
    clause="210.19(A) and 215.2(A) informational notes",
    severity="warning",
    during="normal",
)
def voltage_drop(facility: Facility, results: Results) -> Iterator[Assessment]:
    """In all: from the last transformer, UPS or rectifier down."""
    for table, feeds in _feeds(facility, results):
        final = np.array([facility.by_id[feed.to].product.role != "power" for feed in feeds])
        live = (table["live"] > 0.5) & final
        yield Assessment(table.ids, table["drop"], FINAL_DROP, "max", "fraction", "voltage drop", live)
        total = _total_drop(facility, table, feeds)
        yield Assessment(table.ids, total, TOTAL_DROP, "max", "fraction", "voltage drop in all", live)


def _total_drop(facility: Facility, table: Table, feeds: tuple[Feed, ...]) -> Array:
    """(S, n) drop of every feed and of what lies above it on the same voltage level."""
    drop = table["drop"] * (table["live"] > 0.5)
    inputs: dict[str, list[int]] = {}
    for index, feed in enumerate(feeds):
        inputs.setdefault(feed.to, []).append(index)
    above: dict[str, Array] = {}
    nothing = np.zeros(len(drop))

    def down_to(machine: str, depth: int = 0) -> Array:
        """Worst drop from the head of the level to a machine's output."""
        if machine not in above:
            above[machine] = nothing  # a ring of switchboards ends here
            if facility.by_id[machine].kind in PASSIVE and depth < 50:
                paths = [
                    drop[:, i] + down_to(s, depth + 1)
                    for i in inputs.get(machine, ())
                    for s in feeds[i].sources
                ]
                above[machine] = np.max(paths, axis=0) if paths else nothing
        return above[machine]

    upstream = [np.max([down_to(source) for source in feed.sources] or [nothing], axis=0) for feed in feeds]
    return drop + np.array(upstream).T


@check(
    "PWR-008",
    "Rack input voltage is within 10 % of nominal",
    standard="ANSI C84.1-2020, ITI (CBEMA) curve",
    clause="range A utilization minimum 90 %; steady state 90 % to 110 %",
)
def rack_voltage(facility: Facility, results: Results) -> Iterator[Assessment]:
    """The lowest of a rack's live inputs."""
    for racks in of_machines(facility, results, "rack"):
        where = racks.on("served") & (racks["voltage"] > 0)
        yield Assessment(racks.ids, racks["voltage"], VOLTAGE_LOW, "min", "fraction", "input voltage", where)
        yield Assessment(racks.ids, racks["voltage"], VOLTAGE_HIGH, "max", "fraction", "input voltage", where)


@check(
    "PWR-031",
    "Voltages are within range A of their level",
    standard="ANSI C84.1-2020",
    clause="table 1, range A: service 95 % to 105 %, utilization of 600 V and less 90 % to 105 % (as quoted)",
    severity="warning",
    during="normal",
)
def range_a(facility: Facility, results: Results) -> Iterator[Assessment]:
    """At the boards that take in a supply (the service) and at the loads; after a failure range B is wider (PWR-032)."""
    yield from _bands(facility, results, SERVICE_A, UTILIZATION_A)


@check(
    "PWR-032",
    "Voltages are within range B of their level after a failure",
    standard="ANSI C84.1-2020",
    clause="table 1, range B: service 91.7 % to 105.8 %, utilization of 600 V and less 86.7 % to 105.8 % (as quoted)",
    severity="warning",
    during="failure",
)
def range_b(facility: Facility, results: Results) -> Iterator[Assessment]:
    """Voltages that call for a remedy within a reasonable time."""
    yield from _bands(facility, results, SERVICE_B, UTILIZATION_B)


def _bands(
    facility: Facility, results: Results, service: tuple[float, float], utilization: tuple[float, float]
) -> Iterator[Assessment]:
    for machines in of_machines(facility, results, "power", "transformer", "switchboard"):
        live = machines.on("live")
        volts = machines["voltage"]
        yield Assessment(machines.ids, volts, service[0], "min", "fraction", "voltage", live)
        yield Assessment(machines.ids, volts, service[1], "max", "fraction", "voltage", live)
    for racks in of_machines(facility, results, "rack"):
        where = racks.on("served") & (racks["voltage"] > 0)
        volts = racks["voltage"]
        yield Assessment(racks.ids, volts, utilization[0], "min", "fraction", "input voltage", where)
        yield Assessment(racks.ids, volts, utilization[1], "max", "fraction", "input voltage", where)


@check(
    "PWR-033",
    "The power factor at the utility is high",
    standard=PRACTICE,
    clause="utility tariffs charge for less than 95 %",
    severity="warning",
    during="normal",
)
def power_factor(facility: Facility, results: Results) -> Iterator[Assessment]:
    """Real over apparent power of every connection that delivers any."""
    for meters in of_machines(facility, results, "power", "utility"):
        apparent = meters["apparent"]
        share = np.divide(meters["power"], apparent, out=np.ones_like(apparent), where=apparent > 0)
        yield Assessment(
            meters.ids, share, POWER_FACTOR, "min", "fraction", "power factor", meters["power"] > 0
        )


@check(
    "PWR-034",
    "The power tree loses little",
    standard="ANSI/ASHRAE 90.4-2016",
    clause="electrical loss component, 29.7 % in the example of addendum g (as quoted); later editions ask for less",
    severity="warning",
    during="normal",
)
def electrical_loss(facility: Facility, results: Results) -> Iterator[Assessment]:
    """Losses from the utility to the racks over what enters; an ``override`` states the limit of the edition in force."""
    for table in of_table(results, "site"):
        if "electrical_loss" in table.values:
            what = "electrical loss component"
            yield Assessment(table.ids, table["electrical_loss"], ELC, "max", "fraction", what)


@check(
    "PWR-009",
    "The feeds of a load share it evenly",
    standard=PRACTICE,
    clause="within 10 %",
    severity="warning",
    during="normal",
)
def balance(facility: Facility, results: Results) -> Iterator[Assessment]:
    """Largest less smallest power over the mean; transfer switches, with one input in use, do not count."""
    for table, feeds in _feeds(facility, results):
        loads: dict[str, list[int]] = {}
        for index, feed in enumerate(feeds):
            if facility.by_id[feed.to].product.role != "power" or facility.by_id[feed.to].kind == "rectifier":
                loads.setdefault(feed.to, []).append(index)
        shared = {name: columns for name, columns in loads.items() if len(columns) > 1}
        if shared:
            spread = _spread(table["power"], list(shared.values()))
            what = "difference between feeds"
            yield Assessment(tuple(shared), spread, BALANCE, "max", "fraction", what)


@check(
    "PWR-021",
    "Power shelves carry no more than their rating",
    standard="power shelf data sheet",
    clause="rated output of one feed",
)
def shelf_loading(facility: Facility, results: Results) -> Iterator[Assessment]:
    """In every state: after a side is lost, the shelves of the other carry the whole rack."""
    for racks in of_machines(facility, results, "rack"):
        where = racks.on("served") & (racks["shelf_loading"] > 0.0)
        yield Assessment(racks.ids, racks["shelf_loading"], 1.0, "max", "fraction", "power shelf load", where)


@check(
    "PWR-035",
    "Power shelves carry the rack with their spare modules out",
    standard="power shelf data sheet",
    clause="modules N+1 or N+N",
    during="normal",
)
def shelf_modules(facility: Facility, results: Results) -> Iterator[Assessment]:
    """Load of the modules that are left, of racks whose shelves have spare ones."""
    for racks in of_machines(facility, results, "rack"):
        for spared in racks.some(lambda rack: _left(rack) < 1.0):
            load = spared["shelf_loading"] / spared.sheet(_left)
            what = "load of the modules left"
            yield Assessment(spared.ids, load, 1.0, "max", "fraction", what, spared.on("served"))


def _left(rack: Machine) -> float:
    """Share of a rack's shelf modules that may be counted on."""
    shelf = getattr(rack.product, "shelf", None)
    return 1.0 if shelf is None else 1.0 - shelf.spare / shelf.modules


@check(
    "PWR-022",
    "Cables carry no more than their ampacity",
    standard="NFPA 70 (NEC) 2023",
    clause="310.16, data sheet",
)
def cable_loading(facility: Facility, results: Results) -> Iterator[Assessment]:
    """Current of one circuit over the ampacity of its cable."""
    for table, _ in _feeds(facility, results):
        carried = table["cable_loading"]
        yield Assessment(table.ids, carried, 1.0, "max", "fraction", "cable load", table["live"] > 0.5)


@check(
    "PWR-020",
    "The sides of the power tree share the load evenly",
    standard=PRACTICE,
    clause="within 10 %",
    severity="warning",
    during="normal",
)
def side_balance(facility: Facility, results: Results) -> Iterator[Assessment]:
    """Busways, panels and UPS by the letter of their side: largest less smallest sum of a hall over the mean."""
    for machines in of_machines(facility, results, "power", "busway", "pdu", "ups"):
        groups: dict[tuple[str, str], dict[str, list[int]]] = {}
        for index, machine in enumerate(machines.machines):
            if machine.feed:
                key = hall_name(machine.hall), machine.kind
                groups.setdefault(key, {}).setdefault(machine.feed, []).append(index)
        power = machines["power"]
        for (hall, kind), sides in groups.items():
            if len(sides) > 1:
                sums = np.stack([power[:, columns].sum(axis=1) for columns in sides.values()], axis=1)
                spread = _spread(sums, [list(range(len(sides)))])
                what = f"difference between the sides of the {'UPS' if kind == 'ups' else kind + 's'}"
                yield Assessment((hall,), spread, BALANCE, "max", "fraction", what)


def _spread(values: Array, groups: list[list[int]]) -> Array:
    """(S, g) largest less smallest over the mean of groups of columns; 0 where nothing is drawn."""
    starts = np.cumsum([0, *(len(group) for group in groups[:-1])])
    ordered = values[:, [column for group in groups for column in group]]
    high = np.maximum.reduceat(ordered, starts, axis=1)
    low = np.minimum.reduceat(ordered, starts, axis=1)
    mean = np.add.reduceat(ordered, starts, axis=1) / np.array([len(group) for group in groups])
    return np.divide(high - low, mean, out=np.zeros_like(high), where=mean > 0)


@check(
    "PWR-010",
    "The utility connection carries the facility",
    standard="utility contract",
    clause="capacity",
)
def utility_capacity(facility: Facility, results: Results) -> Iterator[Assessment]:
    """Apparent power at the meter; what has no feed in the layout counts at the first one."""
    for meters in of_machines(facility, results, "power", "utility"):
        drawn = meters["apparent"].copy()
        if "site" in results.tables and "other_power" in results["site"].values:
            drawn[:, 0] += results["site"]["other_power"][:, 0]
        capacity = meters.sheet(lambda meter: meter.product.capacity)  # type: ignore[union-attr]
        yield Assessment(
            meters.ids,
            drawn,
            capacity,
            "max",
            "apparent_power",
            "power drawn",
            meters.on("live"),
        )


@check(
    "PWR-011",
    "Running generators carry no more than their rating",
    standard="ISO 8528-1",
    clause="data center continuous rating",
)
def generator_loading(facility: Facility, results: Results) -> Iterator[Assessment]:
    """In the states in which they run."""
    yield from _loading(facility, results, ("generator",))


@check(
    "PWR-015",
    "The feeds that are left after a failure do not trip",
    standard="NFPA 70 (NEC) 2023",
    clause="breaker rating",
    during="failure",
)
def no_trip(facility: Facility, results: Results) -> Iterator[Assessment]:
    """Feeds of racks with several: above 100 % of the breaker the second side is lost too (cascade)."""
    count: dict[str, int] = {}
    for feed in facility.feeds:
        count[feed.to] = count.get(feed.to, 0) + 1
    for table, feeds in _feeds(facility, results):
        counts = [
            feed.breaker and count[feed.to] > 1 and facility.by_id[feed.to].kind == "rack" for feed in feeds
        ]
        limit = np.where([bool(item) for item in counts], 1.0, np.inf)
        yield Assessment(
            table.ids, table["loading"], limit, "max", "fraction", "breaker load", table["live"] > 0.5
        )


@check(
    "PWR-017",
    "Transformers keep a reserve in the normal state",
    standard=PRACTICE,
    clause="80 %",
    severity="warning",
    during="normal",
)
def transformer_reserve(facility: Facility, results: Results) -> Iterator[Assessment]:
    """Life and losses; a failure elsewhere brings more."""
    yield from _loading(facility, results, ("transformer",), 0.8)


@check(
    "PWR-018",
    "Switchgear and busways keep to 80 % in the normal state",
    standard="NFPA 70 (NEC) 2023",
    clause="215.2, 215.3, unless the assembly is listed for 100 %",
    severity="warning",
    during="normal",
)
def switchgear_reserve(facility: Facility, results: Results) -> Iterator[Assessment]:
    """A warning, as data sheets do not tell whether the assembly is listed for 100 %."""
    yield from _loading(facility, results, SWITCHGEAR, CONTINUOUS)
