"""Actuators: how a control's unknown is written into a network and read back from its solution.

Each has a *knob* (what is set: squared speed, stroke, drop coefficient) and a *level* in which responses are
nearly linear (squared speed, stroke, pressure dropped).  Residuals increase with the level.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .control_valves import relative_capacity
from .equivalent_law import drop_at
from .network import Problem, Solution
from .scenarios import rows as as_rows

if TYPE_CHECKING:
    from .control import ThreeWay
    from .control_search import Search

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Index = NDArray[np.intp]
Fields = dict[str, NDArray[Any]]

LEAST_PRESSURE = 1e3
"""Smallest scale of a pressure set point [Pa]; assumed."""
LEAST_FLOW = 1e-3
"""Smallest scale of a flow set point [kg/s]; assumed."""
CLOSING = 0.3
"""Smallest share of its flow a throttle is left with by one step."""
SHUT = 1e-4
"""Share of the largest flow seen below which a throttle that wants to close further is shut."""


class Actuator(Protocol):
    """What the search needs to know; n = rows looked at."""

    where: str
    moved: tuple[int, ...]
    falling: bool
    throttles: bool
    given: bool  # nothing to search for
    target: Array  # (S,) or (1,) set point
    unit: Array  # (S,) or (1,) natural size of the level

    def start(self) -> tuple[Array, float, float]:
        """(S,) first knob, least and greatest knob."""

    def write(self, fields: Fields, rows: Index, knob: Array) -> None:
        """Put the knob into the arrays of a problem whose scenarios are ``rows``."""

    def measure(self, solved: Solution, rows: Index, knob: Array) -> tuple[Array, Array, Array]:
        """Level, scaled residual, own flow."""

    def idle(self) -> Mask:
        """(S,) nothing to move."""

    def position(self, level: Array) -> Array:
        """The level as it is reported."""

    def state(self, search: Search, column: int) -> NDArray[np.int8]:
        """(S,) how it ended."""


def _set_point(where: str, value: ArrayLike, least: float) -> tuple[Array, Array]:
    target = np.atleast_1d(np.asarray(value, float))
    if target.ndim != 1 or not np.isfinite(target).all():
        raise ValueError(f"{where}: the set point must be finite, scalar or one per scenario")
    return target, np.maximum(np.abs(target), least)


def _check_index(where: str, name: str, index: int, count: int) -> None:
    if not 0 <= index < count:
        raise ValueError(f"{where}: {name} {index} outside 0..{count - 1}")


def _links(problem: Problem) -> int:
    return int(np.asarray(problem.link_from).size)


def scenario_count(problem: Problem, extra: int = 1) -> int:
    """Scenarios the varied arrays of a problem (and ``extra``) agree on."""
    links, nodes = _links(problem), problem.node_count
    width = {"node_demand": nodes, "fixed_pressure": int(np.asarray(problem.fixed_node).size)}
    names = ("node_demand", "fixed_pressure", "link_device_coefficient", "link_pump_head", "link_pump_speed",
             "link_limit", "link_open", "link_viscosity")  # fmt: skip
    sizes = {as_rows(getattr(problem, name), width.get(name, links)).shape[0] for name in names} | {extra}
    sizes -= {1}
    if len(sizes) > 1:
        raise ValueError(f"arrays and set points disagree on the number of scenarios: {sorted(sizes)}")
    return sizes.pop() if sizes else 1


def _per_scenario(array: Array, rows: Index) -> Array:
    return array[rows] if array.size > 1 else np.broadcast_to(array, rows.shape)


class PumpSpeed:
    """Pumps on one speed; the level is the squared speed, to which heads are proportional."""

    falling, throttles, given = False, False, False

    def __init__(
        self, where: str, problem: Problem, pumps: tuple[int, ...], sense: tuple[Any, ...], target: ArrayLike,
        least: float, most: float,
    ) -> None:  # fmt: skip
        self.where, self.moved = where, tuple(int(p) for p in pumps)
        if not self.moved:
            raise ValueError(f"{where}: no pump given")
        if not 0.0 <= least < most:
            raise ValueError(f"{where}: speeds must satisfy 0 <= least_speed < most_speed")
        head = as_rows(problem.link_pump_head, _links(problem))
        for pump in self.moved:
            _check_index(where, "pump", pump, _links(problem))
            if not (head[:, pump] > 0.0).any():
                raise ValueError(f"{where}: link {pump} is not a pump")
        self.kind, self.sensed = str(sense[0]), tuple(int(i) for i in sense[1:])
        self.falling = self.kind == "suction"
        nodes = self.kind in ("difference", "pressure", "suction")
        if not self.sensed:
            raise ValueError(f"{where}: no limiter given")
        for index in self.sensed:
            _check_index(
                where, "node" if nodes else "link", index, problem.node_count if nodes else _links(problem)
            )
        self.target, self.scale = _set_point(
            where, target, LEAST_FLOW if self.kind == "flow" else LEAST_PRESSURE
        )
        self.bounds = (least**2, most**2)
        self.unit = np.array([most**2 - least**2])
        self.speed = as_rows(problem.link_pump_speed, _links(problem))[:, list(self.moved)]
        if self.kind == "reserve":
            self._limiters(problem)

    def _limiters(self, problem: Problem) -> None:
        """Flow each limiter is to hold, and its own drop at that flow."""
        chosen = list(self.sensed)
        links = _links(problem)
        limit = as_rows(problem.link_limit, links)[:, chosen]
        is_open = as_rows(problem.link_open, links).astype(bool)[:, chosen]
        self.counts = np.isfinite(limit) & (limit > 0.0) & is_open
        if not self.counts.any():
            raise ValueError(f"{self.where}: none of the limiters has a finite limit above 0 and is open")
        self.limit = np.where(np.isfinite(limit) & (limit > 0.0), limit, 1.0)
        self.own = drop_at(problem, np.array(chosen), self.limit)

    def start(self) -> tuple[Array, float, float]:
        return np.full(1, self.bounds[1]), *self.bounds

    def idle(self) -> Mask:
        return np.asarray((self.speed <= 0.0).all(axis=1))

    def write(self, fields: Fields, rows: Index, knob: Array) -> None:
        speed = (
            self.speed[rows]
            if len(self.speed) > 1
            else np.broadcast_to(self.speed, (rows.size, len(self.moved)))
        )
        fields["link_pump_speed"][:, list(self.moved)] = np.where(speed > 0.0, np.sqrt(knob)[:, None], 0.0)

    def measure(self, solved: Solution, rows: Index, knob: Array) -> tuple[Array, Array, Array]:
        value = self._sense(solved, rows) - _per_scenario(self.target, rows)
        value = value / _per_scenario(self.scale, rows)
        return knob, -value if self.falling else value, np.zeros_like(knob)

    def _sense(self, solved: Solution, rows: Index) -> Array:
        if self.kind == "difference":
            return np.asarray(
                solved.node_pressure[:, self.sensed[0]] - solved.node_pressure[:, self.sensed[1]]
            )
        if self.kind == "flow":
            return np.asarray(solved.link_flow[:, self.sensed[0]])
        if self.kind == "reserve":
            return self._reserve(solved, rows)
        return np.asarray(solved.node_pressure[:, self.sensed[0]])

    def _reserve(self, solved: Solution, rows: Index) -> Array:
        """Drop beyond the own law of the limiter in greatest need; negative as the flow falls short."""
        chosen = list(self.sensed)
        limit, own, counts = (a[rows] if len(a) > 1 else a for a in (self.limit, self.own, self.counts))
        flow, drop = solved.link_flow[:, chosen], solved.link_drop[:, chosen]
        short = np.maximum(np.abs(own), LEAST_PRESSURE) * ((np.maximum(flow, 0.0) / limit) ** 2 - 1.0)
        spare = np.where(solved.link_limited[:, chosen], np.maximum(drop - own, 0.0), np.minimum(short, 0.0))
        least = np.where(counts, spare, np.inf).min(axis=1)
        return np.where(np.isfinite(least), least, _per_scenario(self.target, rows))

    def position(self, level: Array) -> Array:
        return np.where(self.idle(), 0.0, np.sqrt(np.maximum(level, 0.0)))

    def state(self, search: Search, column: int) -> NDArray[np.int8]:
        return _bounded_state(search, column, self.idle())


class Stroke:
    """Three-way valve; knob and level are the stroke."""

    falling, throttles, given = False, False, False

    def __init__(self, where: str, problem: Problem, valve: ThreeWay) -> None:
        self.where, self.valve = where, valve
        self.moved: tuple[int, ...] = (int(valve.link_a), int(valve.link_b))
        if sum(given is not None for given in (valve.stroke, valve.share, valve.mixed)) != 1:
            raise ValueError(f"{where}: give exactly one of stroke, share and mixed")
        for link in self.moved:
            _check_index(where, "link", link, _links(problem))
        for name in ("coefficient_a", "coefficient_b"):
            if not (np.isfinite(getattr(valve, name)) and getattr(valve, name) >= 0.0):
                raise ValueError(f"{where}: {name} must be finite and >= 0")
        _check_square(where, problem, self.moved)
        given = valve.stroke if valve.stroke is not None else self._wanted_share()
        self.target, _ = _set_point(where, given, 1.0)
        if valve.stroke is not None and not ((self.target >= 0.0) & (self.target <= 1.0)).all():
            raise ValueError(f"{where}: stroke must lie between 0 and 1")
        self.unit, self.given = np.ones(1), valve.stroke is not None
        links = _links(problem)
        self.own = as_rows(problem.link_device_coefficient, links)[:, list(self.moved)]
        self._factors(np.array([0.0, 1.0]))

    def _wanted_share(self) -> ArrayLike:
        """Share of ``a`` that mixes to the wanted temperature; beyond 0..1 it cannot be reached."""
        if self.valve.mixed is None:
            assert self.valve.share is not None
            return self.valve.share
        a, b, wanted = (np.asarray(t, float) for t in self.valve.mixed)
        spread = a - b
        equal = spread == 0.0
        return np.where(equal, np.sign(wanted - b), (wanted - b) / np.where(equal, 1.0, spread))

    def _factors(self, stroke: Array) -> tuple[Array, Array]:
        """What the open coefficients of both ports are multiplied with."""
        v = self.valve
        a = relative_capacity(stroke, v.characteristic_a, v.rangeability)
        b = relative_capacity(1.0 - stroke, v.characteristic_b, v.rangeability)
        return a**-2.0, b**-2.0

    def start(self) -> tuple[Array, float, float]:
        return (self.target, 0.0, 1.0) if self.valve.stroke is not None else (np.full(1, 0.5), 0.0, 1.0)

    def idle(self) -> Mask:
        return np.zeros(1, bool)

    def write(self, fields: Fields, rows: Index, knob: Array) -> None:
        own = self.own[rows] if len(self.own) > 1 else self.own
        a, b = self._factors(knob)
        fields["link_device_coefficient"][:, self.moved[0]] = own[:, 0] + self.valve.coefficient_a * a
        fields["link_device_coefficient"][:, self.moved[1]] = own[:, 1] + self.valve.coefficient_b * b

    def measure(self, solved: Solution, rows: Index, knob: Array) -> tuple[Array, Array, Array]:
        flow = np.abs(solved.link_flow[:, list(self.moved)])
        total = flow.sum(axis=1)
        if self.valve.stroke is not None:
            return knob, np.zeros_like(knob), total
        share = np.divide(
            flow[:, 0], total, out=np.array(_per_scenario(self.target, rows)), where=total > 0.0
        )
        return knob, share - _per_scenario(self.target, rows), total

    def position(self, level: Array) -> Array:
        return level

    def state(self, search: Search, column: int) -> NDArray[np.int8]:
        still = search.flow[:, column] <= 0.0
        return _bounded_state(search, column, still)


class Throttle:
    """Self-acting valve; the knob is a drop coefficient (infinite = shut), the level the pressure it drops."""

    falling, throttles, given = False, True, False

    def __init__(self, where: str, problem: Problem, kind: str, link: int, target: ArrayLike) -> None:
        _check_index(where, "link", int(link), _links(problem))
        self.where, self.kind, self.link = where, kind, int(link)
        self.moved: tuple[int, ...] = (int(link),)
        _check_square(where, problem, self.moved)
        self.falling = kind == "reduce"
        self.target, self.scale = _set_point(where, target, LEAST_PRESSURE)
        if kind == "break" and (self.target < 0.0).any():
            raise ValueError(f"{where}: the drop must be >= 0")
        self.unit = self.scale
        self.ends = int(np.asarray(problem.link_from)[link]), int(np.asarray(problem.link_to)[link])
        self.own = as_rows(problem.link_device_coefficient, _links(problem))[:, self.link]

    def start(self) -> tuple[Array, float, float]:
        return np.zeros(1), 0.0, np.inf

    def idle(self) -> Mask:
        return np.zeros(1, bool)

    def write(self, fields: Fields, rows: Index, knob: Array) -> None:
        shut = np.isinf(knob)
        fields["link_device_coefficient"][:, self.link] = _per_scenario(self.own, rows) + np.where(
            shut, 0.0, knob
        )
        fields["link_limit"][shut, self.link] = 0.0

    def measure(self, solved: Solution, rows: Index, knob: Array) -> tuple[Array, Array, Array]:
        before, after = (solved.node_pressure[:, end] for end in self.ends)
        flow = np.maximum(solved.link_flow[:, self.link], 0.0)
        loss = np.where(
            flow > 0.0, np.where(np.isinf(knob), 0.0, knob) * flow**2, np.maximum(before - after, 0.0)
        )
        target = _per_scenario(self.target, rows)
        excess = {"reduce": target - after, "sustain": before - target, "break": before - after - target}[
            self.kind
        ]
        return loss, excess / _per_scenario(self.scale, rows), flow

    def position(self, level: Array) -> Array:
        return level

    def state(self, search: Search, column: int) -> NDArray[np.int8]:
        knob, flow = search.knob[:, column], search.flow[:, column]
        met = np.abs(search.residual[:, column]) <= search.tolerance
        state = np.where(met & (knob > 0.0) & (flow > 0.0), 0, np.where((knob == 0.0) & (flow > 0.0), 3, 4))
        return state.astype(np.int8)

    @staticmethod
    def opened(
        level: Array, flow: Array, bend: Array, largest: Array, target: Array, wants_less: Mask
    ) -> Array:
        """Coefficient that drops ``target`` [Pa], with the flow foreseen from its slope ``bend``."""
        moving = flow > 0.0
        ahead = np.clip(flow + bend * (target - level), CLOSING * flow, flow / CLOSING)
        ahead = np.where(moving, ahead, 0.1 * np.maximum(largest, LEAST_FLOW))
        coefficient = np.where(target > 0.0, target / ahead**2, 0.0)
        shut = wants_less & (flow <= SHUT * largest)
        return np.where(shut, np.inf, coefficient)


def _check_square(where: str, problem: Problem, links: tuple[int, ...]) -> None:
    exponent = np.broadcast_to(np.asarray(problem.link_device_exponent, float), (_links(problem),))
    for link in links:
        if exponent[link] != 2.0:
            raise ValueError(f"{where}: link {link} needs link_device_exponent 2, not {exponent[link]:g}")


def _bounded_state(search: Search, column: int, idle: Mask) -> NDArray[np.int8]:
    low, high = search.bounds(column)
    residual, knob = search.residual[:, column], search.knob[:, column]
    met = np.abs(residual) <= search.tolerance
    state = np.where(met, 0, np.where(knob <= low, 1, np.where(knob >= high, 2, 0)))
    return np.where(np.broadcast_to(idle, state.shape), 5, state).astype(np.int8)
