"""What is wrong with a liquid network, element by element: parts that nothing drives or anchors, pumps that push in
vain, limiters and consumers that go short, pressures and velocities out of bounds.

A diagnosis names elements by kind and index; its sentence goes on from the element's name ("... runs at zero flow").
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..psychrometrics import STANDARD_PRESSURE
from .diagnosis_parts import Parts, damming_valves, isolating_valves
from .network import Problem, Solution
from .scenarios import rows as as_rows

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

CASES = 8
"""Most scenarios of different closures whose parts are looked into; thousands of failures tend to have one cause."""
NAMED = 8
"""Most further elements that a diagnosis lists."""
SHORT = 1e-6
"""Share by which a flow may miss its limit."""
STILL = 1e-9
"""Share of the scenario's largest flow below which a link stands still."""
LAMINAR = 2300.0
"""Reynolds number; Incropera and DeWitt, section 8.1, as quoted."""


class Kind(StrEnum):
    """What was found; the text never changes its meaning."""

    NOT_SOLVED = "scenario that was not solved"
    NO_PRESSURE = "part without a node of known pressure"
    NO_DRIVE = "part that nothing drives"
    DEAD_HEADED = "pump at zero flow"
    BEYOND_CURVE = "pump beyond its curve"
    LIMIT_SHORT = "limiter that does not get its flow"
    ISOLATED = "consumer cut off by closed valves"
    NO_FLOW = "consumer without flow"
    REVERSE = "consumer with reverse flow"
    CHECK_SHUT = "check valve held shut"
    SUBATMOSPHERIC = "pressure below atmospheric"
    BOILING = "pressure below vapour pressure"
    OVER_RATING = "pressure above rating"
    FAST = "velocity above limit"
    LAMINAR_FLOW = "laminar flow in an exchanger"
    SHORT_CIRCUIT = "by-pass that takes too much"


@dataclass(frozen=True)
class Diagnosis:
    """One thing that is wrong, or looks wrong."""

    kind: Kind
    element: str
    """"node", "link" or "scenario"."""
    index: int
    message: str
    """Sentence that goes on from the name of the element."""
    scenario: int = 0
    """Scenario in which it is worst, or the first in which it was found."""
    others: tuple[tuple[str, int], ...] = ()
    """Further elements that take part."""
    value: float = 0.0
    """The number in the message, SI."""


@dataclass(frozen=True)
class Expectations:
    """What a network is held against; what is left out is not looked at."""

    consumers: tuple[int, ...] = ()
    """Links that should have flow from -> to."""
    rating: ArrayLike | None = None
    """(N,) or scalar, highest gauge pressure [Pa]."""
    vapour: ArrayLike | None = None
    """(N,), (S, N) or scalar, absolute vapour pressure [Pa]."""
    barometric: float = STANDARD_PRESSURE
    """[Pa]"""
    velocity: ArrayLike | None = None
    """(E,) or scalar [m/s]."""
    exchangers: tuple[int, ...] = ()
    """Links whose flow should be turbulent."""
    bypasses: tuple[int, ...] = ()
    """Links that lead from supply to return beside the consumers."""
    bypass_share: float = 0.2
    """Most flow in one of them, over that of all running pumps [-]; assumed."""


def diagnose(
    problem: Problem, solution: Solution, expected: Expectations | None = None
) -> tuple[Diagnosis, ...]:
    """Name what is wrong with a network and its solution.

    Every element is named once per kind, with the scenario in which it is worst.  Parts and isolating valves are
    looked for in at most 8 scenarios that differ in what is open.  An empty result says that nothing was found, not
    that nothing is wrong.

    Raises
    ------
    ValueError
        ``expected`` names a link that is not there, or ``solution`` belongs to another problem.
    """
    look = _Look(problem, solution, Expectations() if expected is None else expected)
    found: list[Diagnosis] = []
    for part in (
        _unsolved,
        _parts,
        _pumps,
        _limiters,
        _consumers,
        _checks,
        _pressures,
        _velocities,
        _bypasses,
    ):
        found.extend(part(look))
    return tuple(found)


class _Look:
    """Problem and solution as full arrays, one row per scenario."""

    def __init__(self, problem: Problem, solution: Solution, expected: Expectations) -> None:
        self.problem, self.solution, self.expected = problem, solution, expected
        self.start, self.end = (np.asarray(getattr(problem, n), np.intp) for n in ("link_from", "link_to"))
        self.links, self.count = self.start.size, len(solution.link_flow)
        if solution.link_flow.shape[1] != self.links or solution.node_pressure.shape[1] != problem.node_count:
            raise ValueError("solution has other links or nodes than problem")
        for name in ("consumers", "exchangers", "bypasses"):
            for link in getattr(expected, name):
                if not 0 <= link < self.links:
                    raise ValueError(f"expected.{name} names link {link}, outside 0..{self.links - 1}")
        self.flow, self.pressure = solution.link_flow, solution.node_pressure
        self.still = np.abs(self.flow) <= STILL * np.maximum(
            np.abs(self.flow).max(axis=1, keepdims=True), 1e-300
        )
        head = self.rows("link_pump_head")
        speed = self.rows("link_pump_speed")
        self.pump = np.asarray((head > 0.0).any(axis=0))
        falling = self.fixed("link_curve") >= 0
        self.pump_like = self.pump | falling
        self.valve_open = self.rows("link_open").astype(bool)
        self.shutoff = np.where(self.pump, head * speed**2, 0.0)
        self.running = self.pump & (self.shutoff > 0.0) & self.valve_open
        self.open = self.valve_open & ~(self.pump & ~self.running)
        self.ok = np.broadcast_to(solution.scenario_ok, (self.count,))

    def rows(self, name: str) -> NDArray[Any]:
        """(S, E) one of the varied arrays."""
        return np.broadcast_to(as_rows(getattr(self.problem, name), self.links), (self.count, self.links))

    def fixed(self, name: str) -> NDArray[Any]:
        """(E,) one of the others."""
        return np.broadcast_to(np.asarray(getattr(self.problem, name)), (self.links,))

    def patterns(self) -> list[int]:
        """First scenarios of the first few ways of being open and driven."""
        state = np.packbits(np.concatenate([self.open, self.running], axis=1), axis=1)
        seen: dict[bytes, int] = {}
        for scenario in range(self.count):
            seen.setdefault(state[scenario].tobytes(), scenario)
            if len(seen) >= CASES:
                break
        return list(seen.values())


def _unsolved(look: _Look) -> Iterator[Diagnosis]:
    for scenario in np.flatnonzero(~look.ok)[:CASES]:
        error = float(look.solution.residual[scenario])
        yield Diagnosis(
            Kind.NOT_SOLVED, "scenario", int(scenario),
            f"was not solved ({look.solution.status.value}; last change {error:.1e} of the largest flow)",
            int(scenario), value=error,
        )  # fmt: skip


def _parts(look: _Look) -> Iterator[Diagnosis]:
    """Parts of the network by what anchors and what drives them."""
    told: set[tuple[str, int]] = set()
    for scenario in look.patterns():
        parts = Parts.of(look.problem, look.open[scenario], look.running[scenario], scenario)
        for node, kind, size in parts.faults():
            if (kind, node) in told:
                continue
            told.add((kind, node))
            if kind == "loose":
                yield Diagnosis(
                    Kind.NO_PRESSURE, "node", node,
                    f"belongs to a part of {size} nodes that no open link joins to a node of known pressure (expansion "
                    "vessel): its pressure is undefined and nothing flows in it",
                    scenario, value=float(size),
                )  # fmt: skip
            else:
                yield Diagnosis(
                    Kind.NO_DRIVE, "node", node,
                    f"belongs to a part of {size} nodes without running pump, demand or difference of known pressures: "
                    "nothing flows in it",
                    scenario, value=float(size),
                )  # fmt: skip


def _worst(bad: Mask, size: Array) -> Iterator[tuple[int, int]]:
    """Elements that are bad in some scenario, and the scenario in which they are worst."""
    for element in np.flatnonzero(bad.any(axis=0)):
        yield int(element), int(np.where(bad[:, element], size[:, element], -np.inf).argmax())


def _pumps(look: _Look) -> Iterator[Diagnosis]:
    """Running pumps without flow, or with more than their curve gives."""
    against = -look.solution.link_drop
    stuck = look.running & look.still & look.ok[:, None]
    for link, scenario in _worst(stuck, against - look.shutoff):
        has, needs = look.shutoff[scenario, link], against[scenario, link]
        joined = look.solution.node_connected[scenario, look.start[link]]
        why = (
            f"the others hold {needs / 1e3:.4g} kPa against it" if needs > has * (1 + 1e-6)
            else "nothing can flow on its way"
        ) if joined else "its part has no known pressure"  # fmt: skip
        yield Diagnosis(
            Kind.DEAD_HEADED, "link", link,
            f"is a pump that runs at zero flow: it raises {has / 1e3:.4g} kPa at this speed, and {why}", scenario,
            value=float(needs - has),
        )  # fmt: skip
    beyond = look.running & (against <= 0.0) & ~look.still & look.ok[:, None]
    for link, scenario in _worst(beyond, -against):
        yield Diagnosis(
            Kind.BEYOND_CURVE, "link", link,
            f"is a pump driven beyond its curve: at {look.flow[scenario, link]:.4g} kg/s it drops "
            f"{-against[scenario, link] / 1e3:.4g} kPa instead of raising pressure",
            scenario, value=float(look.flow[scenario, link]),
        )  # fmt: skip


def _limiters(look: _Look) -> Iterator[Diagnosis]:
    limit = look.rows("link_limit")
    wanted = np.isfinite(limit) & (limit > 0.0) & look.valve_open & look.ok[:, None]
    short = np.where(wanted, 1.0 - look.flow / np.where(wanted, limit, 1.0), 0.0)
    for link, scenario in _worst(short > SHORT, short):
        flow = look.flow[scenario, link]
        gets = (
            f"gets {flow:.4g} kg/s, {short[scenario, link]:.2%} short of the" if flow >= 0.0
            else f"has {-flow:.4g} kg/s the wrong way instead of the"
        )  # fmt: skip
        yield Diagnosis(
            Kind.LIMIT_SHORT, "link", link, f"{gets} {limit[scenario, link]:.4g} kg/s it is set to",
            scenario, value=float(short[scenario, link]),
        )  # fmt: skip


def _consumers(look: _Look) -> Iterator[Diagnosis]:
    """Consumers without flow, and the valves to blame; consumers with flow the wrong way."""
    told: set[tuple[Kind, int]] = set()
    for scenario in look.patterns():
        drop = look.solution.link_drop[scenario]
        for link in look.expected.consumers:
            if not look.still[scenario, link]:
                continue
            valves = isolating_valves(look.problem, look.open[scenario], link) or damming_valves(
                look.problem, look.open[scenario], look.still[scenario], drop, link
            )
            kind = Kind.ISOLATED if valves else Kind.NO_FLOW
            if (kind, link) in told:
                continue
            told.add((kind, link))
            if valves:
                named = ", ".join(map(str, valves[:NAMED]))
                yield Diagnosis(
                    kind, "link", link, f"has no flow: it is cut off by the closed links {named}", scenario,
                    tuple(("link", valve) for valve in valves[:NAMED]), float(len(valves)),
                )  # fmt: skip
            else:
                why = (
                    "nothing drives it" if look.solution.node_connected[scenario, look.start[link]]
                    else "its part has no known pressure"
                )  # fmt: skip
                yield Diagnosis(
                    kind, "link", link, f"has no flow although no valve cuts it off: {why}", scenario
                )
    for link in look.expected.consumers:
        flow = look.flow[:, link]
        if (back := (flow < 0.0) & ~look.still[:, link] & look.ok).any():
            scenario = int(np.where(back, flow, np.inf).argmin())
            yield Diagnosis(
                Kind.REVERSE, "link", link, f"has {-flow[scenario]:.4g} kg/s the wrong way", scenario,
                value=float(flow[scenario]),
            )  # fmt: skip


def _checks(look: _Look) -> Iterator[Diagnosis]:
    """Check valves that hold back a flow.  Pumps have theirs in :func:`_pumps`."""
    check = look.fixed("link_check").astype(bool) & ~look.pump_like
    back = look.solution.link_drop
    shut = check & look.open & look.still & (back < 0.0) & look.ok[:, None]
    for link, scenario in _worst(shut, -back):
        yield Diagnosis(
            Kind.CHECK_SHUT, "link", link,
            f"is held shut by {-back[scenario, link] / 1e3:.4g} kPa of reverse pressure", scenario,
            value=float(-back[scenario, link]),
        )  # fmt: skip


def _pressures(look: _Look) -> Iterator[Diagnosis]:
    known = look.solution.node_connected & look.ok[:, None]
    gauge, nodes = look.pressure, look.problem.node_count
    for node, scenario in _worst(known & (gauge < 0.0), -gauge):
        yield Diagnosis(
            Kind.SUBATMOSPHERIC, "node", node,
            f"is at {gauge[scenario, node] / 1e3:.4g} kPa gauge: air enters at vents and seals", scenario,
            value=float(gauge[scenario, node]),
        )  # fmt: skip
    if look.expected.vapour is not None:
        above = gauge + look.expected.barometric - as_rows(look.expected.vapour, nodes)
        for node, scenario in _worst(known & (above <= 0.0), -above):
            yield Diagnosis(
                Kind.BOILING, "node", node,
                f"is {-above[scenario, node] / 1e3:.4g} kPa below the vapour pressure: the liquid boils", scenario,
                value=float(above[scenario, node]),
            )  # fmt: skip
    if look.expected.rating is not None:
        rating = np.broadcast_to(np.asarray(look.expected.rating, float), (nodes,))
        for node, scenario in _worst(known & (gauge > rating), gauge - rating):
            yield Diagnosis(
                Kind.OVER_RATING, "node", node,
                f"is at {gauge[scenario, node] / 1e3:.4g} kPa gauge, above its rating of {rating[node] / 1e3:.4g} kPa",
                scenario, value=float(gauge[scenario, node]),
            )  # fmt: skip


def _velocities(look: _Look) -> Iterator[Diagnosis]:
    if look.expected.velocity is not None:
        limit = np.broadcast_to(np.asarray(look.expected.velocity, float), (look.links,))
        speed = np.abs(look.solution.link_velocity)
        for link, scenario in _worst((speed > limit) & look.ok[:, None], speed - limit):
            yield Diagnosis(
                Kind.FAST, "link", link,
                f"carries {speed[scenario, link]:.3g} m/s, above {limit[link]:.3g} m/s", scenario,
                value=float(speed[scenario, link]),
            )  # fmt: skip
    chosen = np.zeros(look.links, bool)
    chosen[list(look.expected.exchangers)] = True
    if chosen.any():
        reynolds = look.solution.link_reynolds
        slow = chosen & (reynolds > 0.0) & (reynolds < LAMINAR) & ~look.still & look.ok[:, None]
        for link, scenario in _worst(slow, -reynolds):
            yield Diagnosis(
                Kind.LAMINAR_FLOW, "link", link,
                f"is in laminar flow (Reynolds number {reynolds[scenario, link]:.0f}): it transfers much less heat",
                scenario, value=float(reynolds[scenario, link]),
            )  # fmt: skip


def _bypasses(look: _Look) -> Iterator[Diagnosis]:
    pumped = np.where(look.running, np.maximum(look.flow, 0.0), 0.0).sum(axis=1, keepdims=True)
    share = np.divide(np.abs(look.flow), pumped, out=np.zeros_like(look.flow), where=pumped > 0.0)
    chosen = np.zeros(look.links, bool)
    chosen[list(look.expected.bypasses)] = True
    for link, scenario in _worst(chosen & (share > look.expected.bypass_share) & look.ok[:, None], share):
        yield Diagnosis(
            Kind.SHORT_CIRCUIT, "link", link,
            f"takes {share[scenario, link]:.1%} of what the pumps deliver past the consumers", scenario,
            value=float(share[scenario, link]),
        )  # fmt: skip
