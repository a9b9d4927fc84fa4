"""The protection of the power tree: a trip curve for every feed, who guards what, and who is upstream of whom.

Settings come from the layout (``breaker:``, ``trip:``).  Where it gives none, the usual ones of the rating are taken; where
it gives no breaker in an input of the power tree, a power breaker of the rating is taken to stand there (``assumed``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from solvers.power.faults import INVERSE_CURVES, Electronic, Relay, ThermalMagnetic, TripCurve, selectivity
from twin.model.facility import Facility, Feed, Machine
from twin.model.language import Trip
from twin.model.products import SQRT3, Generator, Pdu, Rectifier, Switchgear, Transformer, Ups
from twin.studies.faults_network import FaultNetwork, parallel

Array = NDArray[np.float64]
Index = NDArray[np.intp]

LOW_VOLTAGE = 1000.0
"""Highest voltage of low-voltage switchgear. [V]"""
MAGNETIC, MOULDED = 250.0, 1200.0
"""Largest rating with a thermal-magnetic release, and of moulded-case breakers, where nothing is said.  Assumed. [A]"""
DEFAULT_MOULDED = Trip(type="electronic", short_pickup=6.0, short_delay=0.1, instantaneous=11.0)
DEFAULT_POWER = Trip(type="electronic", short_pickup=4.0, short_delay=0.3)
"""Releases where nothing is said: moulded-case breakers with an override, power breakers held in for 0.3 s.  Assumed."""
MAGNET = 10.0
"""Pick-up of a magnet over the rating where nothing is said."""
MAGNET_BAND = (0.8, 1.2)
"""IEC 60947-2 clause 8.3.3.1.2: 20 % (as quoted)."""
RESERVE = 1.25
"""Rating of an assumed breaker over the rated current of a source, panel or rectifier (NEC 215.3, continuous load)."""
RELAY_PICKUP, RELAY_DIAL = 1.5, 0.4
"""Pick-up over rated current and time multiplier of an assumed relay before a transformer, IEC very inverse: half a second
at a fault on the secondary.  Assumed."""
ABOVE_THROUGH = 1.3
"""Instantaneous pick-up of that relay over the largest current a fault on the secondary can draw.  Assumed."""
BOARD_DIAL = 0.3
"""Time multiplier of a relay before a medium-voltage board.  Assumed."""


@dataclass(frozen=True)
class Device:
    """What protects one feed; currents are those of all its parallel circuits."""

    curve: TripCurve
    rating: float
    """[A]"""
    instantaneous: float
    """Current at which it is sure to trip without long delay, inf = never. [A]"""
    assumed: bool
    """True where the layout writes no breaker."""


@dataclass(frozen=True, eq=False)
class Protection:
    """Devices of all feeds, and the answers they give."""

    facility: Facility
    network: FaultNetwork
    devices: tuple[Device | None, ...]
    """One per feed of the facility; None for direct current and loads without a breaker."""

    @cached_property
    def inputs(self) -> dict[str, list[int]]:
        """Feeds into every machine."""
        found: dict[str, list[int]] = {}
        for index, feed in enumerate(self.facility.feeds):
            found.setdefault(feed.to, []).append(index)
        return found

    def guards(self, machines: Sequence[str]) -> tuple[Index, Array]:
        """(S, n) feed whose device clears a fault at each machine's output (-1 for none), and its current over that there.

        The device in the input in use: that of a board, the primary one of a transformer.
        """
        guard = np.full((len(self.network.state), len(machines)), -1, np.intp)
        ratio = np.ones(len(machines))
        for column, name in enumerate(machines):
            ratio[column] = turns(self.facility.by_id[name])
            for scenario, position in enumerate(self.network.position):
                for index in self.inputs.get(name, ()):
                    chosen = position.get(name, self.facility.feeds[index].terminal)
                    if self.facility.feeds[index].terminal == chosen and self.devices[index] is not None:
                        guard[scenario, column] = index
        return guard, ratio

    def upstream(self, index: int) -> list[tuple[int, float]]:
        """Feeds whose devices are next above that of a feed, and their current over its own."""
        found = []
        sources = self.facility.feeds[index].sources
        for source in sources:
            ratio = turns(self.facility.by_id[source]) / len(sources)
            found += [
                (above, ratio) for above in self.inputs.get(source, ()) if self.devices[above] is not None
            ]
        return found

    def clearing(self, feeds: Index, current: Array) -> Array:
        """Latest clearing time of the devices of some feeds at their currents, inf = never; same shape. [s]"""
        feeds, current = np.broadcast_arrays(feeds, current)
        times = np.full(current.shape, np.inf)
        curves: dict[TripCurve, list[int]] = {}
        for index in np.unique(feeds[feeds >= 0]).tolist():
            device = self.devices[index]
            if device is not None:
                curves.setdefault(device.curve, []).append(index)
        for curve, members in curves.items():
            here = np.isin(feeds, members) & (current > 0)
            times[here] = curve.band(current[here])[1]
        return times

    def selective(self, prospective: Array) -> tuple[Array, list[int]]:
        """(F,) current up to which each device is selective with those upstream, and the feed of the worst (-1 for none).

        Every two curves are compared once, up to the largest prospective current at such a pair. [A]
        """
        pairs: dict[tuple[TripCurve, TripCurve, float], list[tuple[int, int]]] = {}
        for index, feed in enumerate(self.facility.feeds):
            own = self.devices[index]
            if own is None or feed.breaker is None or prospective[index] <= 0:
                continue
            for above, ratio in self.upstream(index):
                other = self.devices[above]
                assert other is not None
                pairs.setdefault((other.curve, own.curve, ratio), []).append((index, above))
        limit = prospective.copy()
        worst = [-1] * len(prospective)
        for (upper, lower, ratio), members in pairs.items():
            largest = max(float(prospective[index]) for index, _ in members)
            reach = _limit(upper, lower, largest, ratio)
            for index, above in members:
                if worst[index] < 0 or reach < limit[index]:
                    worst[index] = above
                limit[index] = min(limit[index], reach)
        return limit, worst


def _limit(upper: TripCurve, lower: TripCurve, prospective: float, ratio: float) -> float:
    """Current up to which two devices are selective. [A]"""
    if prospective <= float(lower.corners().min()):
        return prospective  # the lower one does not trip at all
    return selectivity(upper, lower, prospective, ratio=ratio).limit


def protection(facility: Facility, network: FaultNetwork) -> Protection:
    """Devices of all feeds; equal ones are one object."""
    known: dict[Device, Device] = {}
    devices: list[Device | None] = []
    for feed, end in zip(facility.feeds, network.end, strict=True):
        device = _device(facility, feed, float(network.problem.bus_voltage[end])) if end >= 0 else None
        devices.append(known.setdefault(device, device) if device is not None else None)
    return Protection(facility, network, tuple(devices))


def _device(facility: Facility, feed: Feed, voltage: float) -> Device | None:
    machine = facility.by_id[feed.to]
    assumed = feed.breaker is None
    rating = (
        _assumed_rating(facility, feed) if feed.breaker is None else feed.breaker * parallel(facility, feed)
    )
    if rating is None:
        return None
    if feed.trip is None and (
        voltage > LOW_VOLTAGE or (assumed and isinstance(machine.product, Transformer))
    ):
        curve = _relay(machine, rating, assumed)
        return Device(curve, rating, curve.instantaneous * (1 + curve.pickup_tolerance), assumed)
    return Device(
        *_release(feed.trip or (DEFAULT_POWER if assumed else usual(feed.breaker or rating)), rating), assumed
    )


def usual(rating: float) -> Trip:
    """Release of a low-voltage breaker of which nothing but its rating is known."""
    if rating <= MAGNETIC:
        return Trip()
    return DEFAULT_MOULDED if rating <= MOULDED else DEFAULT_POWER


def _release(trip: Trip, rating: float) -> tuple[TripCurve, float, float]:
    """Curve, rating and the current from which it trips without long delay."""
    pickup = rating * trip.pickup
    if trip.type == "thermal_magnetic":
        magnet = trip.instantaneous or MAGNET
        low, high = (edge * magnet / trip.pickup for edge in MAGNET_BAND)
        return ThermalMagnetic(pickup, magnetic=(low, high)), rating, high * pickup
    short = trip.short_pickup * pickup if trip.short_pickup else np.inf
    fast = trip.instantaneous * rating if trip.instantaneous else np.inf
    curve = Electronic(pickup, trip.delay, short, trip.short_delay, instantaneous=fast)
    return curve, rating, min(short, fast) * (1 + curve.pickup_tolerance)


def _relay(machine: Machine, rating: float, assumed: bool) -> Relay:
    """Very inverse relay of a medium-voltage breaker: with an instantaneous element before a transformer."""
    curve = INVERSE_CURVES["IEC B"]
    if not isinstance(machine.product, Transformer):
        return Relay(rating, BOARD_DIAL, curve)
    rated = machine.product.rating / (SQRT3 * machine.product.primary)
    through = ABOVE_THROUGH * rated / machine.product.impedance
    return Relay(RELAY_PICKUP * rated if assumed else rating, RELAY_DIAL, curve, instantaneous=through)


def _assumed_rating(facility: Facility, feed: Feed) -> float | None:
    """Rating of the breaker that is taken to stand in an input of the power tree: the machine's, or what feeds it can
    carry if that is less. [A]"""
    own = _input_current(facility.by_id[feed.to])
    given = [_output_current(facility.by_id[source]) for source in feed.sources]
    return None if own is None else min(own, sum(given))


def _output_current(machine: Machine) -> float:
    """Rated output current of a source with the reserve of its breaker; inf of what is none. [A]"""
    match machine.product:
        case Transformer(rating=rating, secondary=voltage) | Ups(rating=rating, voltage=voltage):
            return RESERVE * rating / (SQRT3 * voltage)
        case Generator(rating=rating, voltage=voltage, power_factor=factor):
            return RESERVE * rating / (SQRT3 * voltage * factor)
    return np.inf


def _input_current(machine: Machine) -> float | None:
    """Rated input current of a machine of the power tree, with the reserve of its breaker. [A]"""
    match machine.product:
        case Transformer() as sheet:
            return sheet.rating / (SQRT3 * sheet.primary)
        case Switchgear() as gear:
            return gear.rating
        case Ups() as ups:
            return RESERVE * ups.rating / (SQRT3 * ups.voltage)
        case Pdu() as panel:
            return RESERVE * panel.rating / (SQRT3 * (panel.input_voltage or panel.voltage))
        case Rectifier() as rectifier:
            return RESERVE * rectifier.rating / (SQRT3 * rectifier.input_voltage)
    return None


def turns(machine: Machine) -> float:
    """Input over output current of a machine with a transformer; 1 for others."""
    match machine.product:
        case Transformer() as sheet:
            return sheet.secondary / sheet.primary
        case Pdu(impedance=impedance) as panel if impedance > 0:
            return panel.voltage / (panel.input_voltage or panel.voltage)
    return 1.0


def interrupting(facility: Facility, feed: Feed) -> float:
    """Interrupting rating of a feed's breakers: its own, else that of the board they stand in; inf where unknown. [A]"""
    if feed.interrupting is not None:
        return feed.interrupting
    boards = [getattr(facility.by_id[source].product, "interrupting", None) for source in feed.sources]
    known = [float(rating) for rating in boards if rating is not None]
    return min(known) if len(known) == len(boards) and known else np.inf
