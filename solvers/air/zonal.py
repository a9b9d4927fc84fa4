"""Well-mixed zonal model of one hall: aisles, a return, and the cooling units that close the balance.

Air leaves the units mixed, is shared out to the containment zones, loses some past the racks (bypass), is
drawn through the racks together with some air that was already warm (recirculation), and comes back to the
units as one well-mixed return.  Mass fixes every fraction first; then temperatures are linear in the supply,
and the supply follows from one increasing function of the return temperature per scenario.

The derivation, its assumptions and its limits are in ``THEORY.md``.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import ArrayLike, NDArray

from solvers import psychrometrics
from solvers.status import SolveError, Status

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

CEILING = 100.0
"""Temperature reported where no steady state exists. [degC] Assumed: above anything that still runs."""
_SHUT = 1e-12
"""Fraction of fresh air below which a zone counts as sealed off. [-]"""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One hall in S scenarios: R racks, Z zones, C cooling units.

    Arrays with an S may be given without it, or with 1, to mean the same value in every scenario.
    """

    rack_zone: ArrayLike
    """(R,) index of the aisle pair each rack stands in. [-]"""
    rack_flow: ArrayLike
    """(S, R) air through the rack. [kg/s]"""
    rack_heat: ArrayLike
    """(S, R) heat from the rack to its air. [W]"""
    zone_bypass: ArrayLike
    """(Z,) fraction of the zone's supply that leaks past the racks to the return. [0..1]"""
    zone_recirculation: ArrayLike
    """(Z,) fraction of rack intake that is warm air although supply is ample. [0..1]"""
    unit_flow: ArrayLike
    """(S, C) supply air of each cooling unit at its speed. [kg/s]"""
    unit_setpoint: ArrayLike
    """(C,) or (S, C) supply set point. [degC]"""
    unit_live: ArrayLike = True
    """(S, C) whether the unit runs."""
    unit_effectiveness: ArrayLike = 1.0
    """(S, C) most the coil can do: (return - supply) / (return - coolant). [0..1]"""
    unit_coolant: ArrayLike = -np.inf
    """(S, C) coolant temperature entering the coil; -inf leaves the coil without limit. [degC]"""
    unit_capacity: ArrayLike = np.inf
    """(S, C) most heat the unit can remove. [W]"""
    room_heat: ArrayLike = 0.0
    """(S,) heat released into the return air by everything that is not a rack. [W]"""
    humidity_ratio: ArrayLike = 0.008
    """(S,) moisture of the hall's air, the same everywhere. [kg/kg]"""
    pressure: ArrayLike = psychrometrics.STANDARD_PRESSURE
    """(S,) barometric pressure. [Pa]"""
    rack_cooling: ArrayLike = 0.0
    """(S, R) heat taken from the rack's air at its rear door before it leaves. [W]"""
    rack_exposure: ArrayLike = 1.0
    """(R,) multiplier of recirculation: end of row above 1, middle below. [-]"""
    zone_hot_aisle: ArrayLike = 1.0
    """(Z,) share of recirculated air drawn from the zone's own hot aisle; the rest is return air. [0..1]"""
    zone_share: ArrayLike | None = None
    """(Z,) or (S, Z) shares of the supply; by default in proportion to the zones' rack flow. [-]"""

    def __post_init__(self) -> None:
        zone = np.asarray(self.rack_zone)
        zones = np.size(self.zone_bypass)
        if zone.ndim != 1 or (zone.size and (zone.min() < 0 or zone.max() >= zones)):
            raise ValueError("rack_zone must be one index of a zone per rack")
        for name in ("zone_bypass", "zone_recirculation", "zone_hot_aisle", "unit_effectiveness"):
            value = np.asarray(getattr(self, name), float)
            if np.any(value < 0.0) or np.any(value > 1.0):
                raise ValueError(f"{name} must be a fraction 0..1, or air would appear from nowhere")
        for name in ("rack_flow", "rack_exposure", "unit_flow", "unit_capacity"):
            if np.any(np.asarray(getattr(self, name), float) < 0.0):
                raise ValueError(f"{name} must not be negative")
        unlimited = {"unit_coolant", "unit_capacity"}
        for field in fields(self):
            value = getattr(self, field.name)
            if value is not None and np.any(np.isnan(np.asarray(value, float))):
                raise ValueError(f"{field.name} contains a value that is not a number")
            if (
                value is not None
                and field.name not in unlimited
                and np.any(np.isinf(np.asarray(value, float)))
            ):
                raise ValueError(f"{field.name} must be finite")


@dataclass(frozen=True)
class Solution:
    """State of the hall; sensible heat only (no coil condenses, moisture is the same everywhere).

    Where ``scenario_ok`` is False no steady state exists and the temperatures concerned read :data:`CEILING`.
    """

    status: Status
    scenario_ok: Mask
    """(S,) whether the scenario has a steady state."""
    iterations: int
    residual: Array
    """(S,) unit heat less hall heat after the scalar solve, relative to the hall's heat. [-]"""
    rack_inlet: Array
    """(S, R) air entering the rack. [degC]"""
    rack_outlet: Array
    """(S, R) air leaving the rack, after its rear door if it has one. [degC]"""
    zone_cold: Array
    """(S, Z) mean rack inlet of the zone, weighted by flow. [degC]"""
    zone_hot: Array
    """(S, Z) mixed rack outlet of the zone. [degC]"""
    room: Array
    """(S,) return air. [degC]"""
    supply: Array
    """(S,) mixed supply air. [degC]"""
    unit_supply: Array
    """(S, C) air leaving each unit; 0 where the unit does not run. [degC]"""
    unit_return: Array
    """(S,) air entering the units. [degC]"""
    unit_heat: Array
    """(S, C) heat removed by each unit. [W]"""
    unit_saturated: Mask
    """(S, C) running but not holding its set point."""
    unit_running: Mask
    """(S, C) live and with flow: the mask of ``unit_supply``."""
    recirculation: Array
    """(S, R) fraction of each rack's intake that is not supply air. [-]"""
    bypass: Array
    """(S,) fraction of the supply that returns without passing a rack. [-]"""
    rack_relative_humidity: Array
    """(S, R) at the rack inlet. [-]"""
    dew_point: Array
    """(S,) of the hall's air. [degC]"""
    energy_error: Array
    """(S,) unit heat less heat found by mixing all streams into the return, over the hall's heat. [-]"""


@dataclass(frozen=True)
class _Hall:
    """The problem with every array at full shape."""

    zone: NDArray[np.intp]  # (R,)
    flow: Array
    heat: Array
    cooling: Array
    exposure: Array  # (R,)
    bypass: Array  # (Z,)
    leakage: Array  # (Z,)
    own: Array  # (Z,)
    share: Array  # (S, Z)
    room_heat: Array
    unit_flow: Array
    running: Mask
    setpoint: Array
    effectiveness: Array
    coolant: Array
    capacity: Array
    air_capacity: Array  # (S,) J/(kg K)
    humidity_ratio: Array
    pressure: Array

    def by_zone(self, rack: Array) -> Array:
        """Sum racks into their zones: (S, R) -> (S, Z)."""
        total = np.zeros((rack.shape[0], self.bypass.size))
        for z in range(self.bypass.size):
            total[:, z] = rack[:, self.zone == z].sum(axis=1)
        return total


def solve(problem: Problem, *, max_iterations: int = 200, raise_on_failure: bool = False) -> Solution:
    """Solve the steady temperatures of every scenario at once.

    Parameters
    ----------
    max_iterations : int
        Limit of the scalar search for the return temperature; it ends exactly, usually within ten steps.
    raise_on_failure : bool
        Raise :class:`~solvers.status.SolveError` instead of reporting a scenario without steady state.

    Notes
    -----
    One temperature per aisle: no jets, no buoyancy, no stratification, no difference along a row except what
    ``rack_exposure`` says.  Whether a coil would condense (coolant below ``dew_point``) is for the caller.

    Examples -------- One rack of 10 kW with 1 kg/s of air and 20 % recirculation, supply 20 degC: the rise is
    about 9.9 K, the inlet 20 + 0.2 / (1 - 0.2) * 9.9 = 22.5 degC.
    """
    hall = _expand(problem)
    recirculation = _recirculation(hall)
    removed, rounding = _heat_to_remove(hall)
    back, residual, iterations = _return_temperature(hall, removed, max_iterations)
    able = _able_to_remove(hall, removed, rounding) & (residual <= 1e-9)
    air = _mix(hall, recirculation, back)
    stuck_zone, stuck_rack = _stuck(hall, air)
    ok = able & ~stuck_zone.any(axis=1) & ~stuck_rack.any(axis=1)
    status = Status.CONVERGED if ok.all() else Status.INFEASIBLE
    if np.any(residual > 1e-9):
        status = Status.MAX_ITERATIONS
    if raise_on_failure and not status.ok:
        raise SolveError(status, f"{int((~ok).sum())} scenario(s) of the hall's air balance")

    # what has no steady state drifts until something gives: it reads the ceiling
    lost = ~able & (removed > 0.0)
    lost_zone = stuck_zone | lost[:, None]
    lost_rack = lost_zone[:, hall.zone]
    inlet = np.where(lost_rack, CEILING, air.inlet)
    room = np.where(lost, CEILING, back)
    carried = np.where(ok, air.carried, removed)
    return Solution(
        status=status,
        scenario_ok=ok,
        iterations=iterations,
        residual=residual,
        rack_inlet=inlet,
        rack_outlet=np.where(lost_rack | stuck_rack, CEILING, air.outlet),
        zone_cold=np.where(lost_zone, CEILING, air.cold),
        zone_hot=np.where(lost_zone, CEILING, air.hot),
        room=room,
        supply=np.where(lost, CEILING, air.supply),
        unit_supply=np.where(lost[:, None] & hall.running, CEILING, air.unit_supply),
        unit_return=room,
        unit_heat=air.unit_heat,
        unit_saturated=hall.running & ((air.unit_supply > hall.setpoint + 1e-6) | lost[:, None]),
        unit_running=hall.running,
        recirculation=recirculation,
        bypass=air.bypass,
        rack_relative_humidity=psychrometrics.relative_humidity(
            inlet, hall.humidity_ratio[:, None], hall.pressure[:, None]
        ),
        dew_point=psychrometrics.dew_point(hall.humidity_ratio, hall.pressure),
        energy_error=(air.unit_heat.sum(axis=1) - carried) / np.maximum(np.abs(removed), 1.0),
    )


def leakage(containment: str, floor: str = "slab") -> tuple[float, float]:
    """Typical (bypass, recirculation) of a zone by kind of containment. [0..1]

    ``containment`` is ``none``, ``cold``, ``hot`` or ``chimney``; ``floor`` is ``slab`` or ``raised``.

    ========= ====== ============= ============================================================
    kind      bypass recirculation source
    ========= ====== ============= ============================================================
    none      0.25   0.20          assumed; open aisles
    cold      0.05   0.05          assumed; upper end of what containment documents ask for [1]_
    hot       0.05   0.03          assumed; as cold, but warm air must first leave its aisle
    chimney   0.03   0.02          assumed; as hot, without aisle doors and roof seams
    raised    +0.10  -             assumed; practice: 5 % .. 15 % of the supply at floor seams [2]_
    ========= ====== ============= ============================================================

    References
    ----------
    .. [1] "How much air containment is the right amount for my data center?", Schneider Electric blog:
       quotes two documents with at most 3 % and less than 5 % leakage.
    .. [2] A. Radmehr, R. R. Schmidt, K. C. Karki and S. V. Patankar, "Distributed leakage flow in
       raised-floor data centers", ASME InterPACK 2005, IPACK2005-73273: shows that leakage matters; the range
       quoted here is not from it.
    """
    table = {"none": (0.25, 0.20), "cold": (0.05, 0.05), "hot": (0.05, 0.03), "chimney": (0.03, 0.02)}
    floors = {"slab": 0.0, "raised": 0.10}
    if containment not in table:
        raise ValueError(f"unknown containment {containment!r}; use one of {', '.join(table)}")
    if floor not in floors:
        raise ValueError(f"unknown floor {floor!r}; use one of {', '.join(floors)}")
    bypass, recirculation = table[containment]
    # what a floor leaks is lost before the aisle, so the two losses follow one another
    return 1.0 - (1.0 - bypass) * (1.0 - floors[floor]), recirculation


def _expand(problem: Problem) -> _Hall:
    """Give every array its full shape; scenarios that were not spelled out become explicit."""
    rack = [
        np.atleast_2d(np.asarray(x, float))
        for x in (problem.rack_flow, problem.rack_heat, problem.rack_cooling)
    ]
    names = ("unit_flow", "unit_live", "unit_setpoint", "unit_effectiveness", "unit_coolant", "unit_capacity")
    unit = [np.atleast_2d(np.asarray(getattr(problem, name), float)) for name in names]
    room = [
        np.atleast_1d(np.asarray(x, float))
        for x in (problem.room_heat, problem.humidity_ratio, problem.pressure)
    ]
    zone = np.asarray(problem.rack_zone, dtype=np.intp)
    zones = np.size(problem.zone_bypass)
    share = None if problem.zone_share is None else np.atleast_2d(np.asarray(problem.zone_share, float))
    scenarios = np.broadcast_shapes(
        *((x.shape[0],) for x in rack + unit + room), (1,) if share is None else (share.shape[0],)
    )[0]
    units = np.broadcast_shapes(*((x.shape[1],) for x in unit))[0]
    flow, heat, cooling = (np.broadcast_to(x, (scenarios, zone.size)) for x in rack)
    unit_flow, live, setpoint, effectiveness, coolant, capacity = (
        np.broadcast_to(x, (scenarios, units)) for x in unit
    )
    room_heat, humidity_ratio, pressure = (np.broadcast_to(x, (scenarios,)) for x in room)
    running = (live != 0.0) & (unit_flow > 0.0)
    hall = _Hall(
        zone=zone,
        flow=flow,
        heat=heat,
        cooling=cooling,
        exposure=np.broadcast_to(np.asarray(problem.rack_exposure, float), zone.shape),
        bypass=np.atleast_1d(np.asarray(problem.zone_bypass, float)),
        leakage=np.broadcast_to(np.asarray(problem.zone_recirculation, float), (zones,)),
        own=np.broadcast_to(np.asarray(problem.zone_hot_aisle, float), (zones,)),
        share=np.zeros((scenarios, zones)),
        room_heat=room_heat,
        unit_flow=np.where(running, unit_flow, 0.0),
        running=running,
        setpoint=setpoint,
        effectiveness=effectiveness,
        coolant=coolant,
        capacity=capacity,
        air_capacity=psychrometrics.heat_capacity(humidity_ratio),
        humidity_ratio=humidity_ratio,
        pressure=pressure,
    )
    hall.share[...] = hall.by_zone(flow) if share is None else share
    total = hall.share.sum(axis=1, keepdims=True)
    hall.share[...] = np.where(
        total > 0.0, hall.share / np.where(total > 0.0, total, 1.0), 1.0 / max(zones, 1)
    )
    return hall


def _recirculation(hall: _Hall) -> Array:
    """Fraction of each rack's intake that is not supply air, (S, R).

    Exposure scales the leakage; where the zone is short of air the scale rises until the intake is met, so
    that the exposed racks go short first.
    """
    available = hall.share * hall.unit_flow.sum(axis=1, keepdims=True) * (1.0 - hall.bypass)
    demand = hall.by_zone(hall.flow)
    short = np.maximum(demand - available, 0.0)
    scale = np.broadcast_to(hall.leakage, demand.shape).copy()
    # warm intake is concave and piecewise linear in the scale: Newton from below ends after at most one step
    # per distinct exposure
    for _ in range(np.unique(hall.exposure).size + 2):
        warm = np.minimum(1.0, scale[:, hall.zone] * hall.exposure)
        missing = short - hall.by_zone(hall.flow * warm)
        slope = hall.by_zone(np.where(warm < 1.0, hall.flow * hall.exposure, 0.0))
        rising = (missing > _SHUT * demand) & (slope > 0.0)
        if not rising.any():
            break
        scale += np.where(rising, missing / np.where(slope > 0.0, slope, 1.0), 0.0)
    fresh = hall.by_zone(hall.flow * (1.0 - warm))
    # racks declared unexposed share what shortage is left
    fill = np.minimum(1.0, available / np.where(fresh > 0.0, fresh, 1.0))
    return 1.0 - (1.0 - warm) * fill[:, hall.zone]


def _heat_to_remove(hall: _Hall) -> tuple[Array, Array]:
    """Heat the units must remove, (S,), and the rounding below which it counts as none, (S,)."""
    removed = (hall.heat - hall.cooling).sum(axis=1) + hall.room_heat
    size = (np.abs(hall.heat) + np.abs(hall.cooling)).sum(axis=1) + np.abs(hall.room_heat)
    return removed, 1e-9 * size


def _able(hall: _Hall) -> Mask:
    return hall.running & (hall.effectiveness > 0.0) & (hall.capacity > 0.0)


def _able_to_remove(hall: _Hall, removed: Array, rounding: Array) -> Mask:
    """Whether the units together can remove the heat: enough capacity, and no hall colder than its units."""
    most = np.where(_able(hall), hall.capacity, 0.0).sum(axis=1)
    return (removed <= most * (1.0 + 1e-12) + rounding) & (removed >= -rounding)


def _unit_rise(hall: _Hall, back: Array) -> tuple[Array, Array]:
    """Cooling of the air in each unit (K) at a return temperature, and its slope, both (S, C)."""
    able = _able(hall)
    mass = np.where(able, hall.unit_flow, 1.0) * hall.air_capacity[:, None]
    held = back[:, None] - hall.setpoint
    reach = np.where(able, hall.effectiveness, 1.0) * (back[:, None] - hall.coolant)
    rise = np.minimum(np.minimum(held, reach), hall.capacity / mass)
    working = able & (rise > 0.0)
    slope = np.where(rise < held, np.where(rise < reach, 0.0, hall.effectiveness), 1.0)
    return np.where(working, rise, 0.0), np.where(able & (rise >= 0.0), slope, 0.0)


def _unit_heat(hall: _Hall, back: Array) -> Array:
    return _unit_rise(hall, back)[0] * hall.unit_flow * hall.air_capacity[:, None]


def _bracket(hall: _Hall, removed: Array) -> tuple[Array, Array]:
    """Return temperatures at which no unit works and at which each works as hard as it could have to."""
    able = _able(hall)
    mass = np.where(able, hall.unit_flow, 1.0) * hall.air_capacity[:, None]
    most = np.minimum(hall.capacity, np.maximum(removed, 0.0)[:, None]) / mass
    reach = np.where(able, hall.effectiveness, 1.0)
    low = np.where(able, np.maximum(hall.setpoint, hall.coolant), np.inf).min(axis=1, initial=np.inf)
    high = np.where(able, np.maximum(hall.setpoint + most, hall.coolant + most / reach), -np.inf)
    idle = ~able.any(axis=1)
    resting = hall.setpoint.mean(axis=1) if hall.setpoint.shape[1] else np.full(removed.shape, 20.0)
    return np.where(idle, resting, low), np.where(idle, resting, high.max(axis=1, initial=-np.inf))


def _return_temperature(hall: _Hall, removed: Array, limit: int) -> tuple[Array, Array, int]:
    """Return temperature at which the units remove the hall's heat, residual, and steps taken.

    The heat removed rises with the return temperature, piecewise linearly: Newton inside a bracket, with a
    bisection now and then so that it always ends.
    """
    wanted = np.maximum(removed, 0.0)
    most = np.where(_able(hall), hall.capacity, 0.0).sum(axis=1)
    wanted = np.minimum(wanted, most)
    low, high = _bracket(hall, wanted)
    back = high.copy()
    mass = hall.unit_flow * hall.air_capacity[:, None]
    size = np.maximum(wanted, 1.0)
    for step in range(1, limit + 1):
        rise, slope = _unit_rise(hall, back)
        excess = (rise * mass).sum(axis=1) - wanted
        steep = (slope * mass).sum(axis=1)
        high = np.where(excess >= 0.0, back, high)
        low = np.where(excess <= 0.0, back, low)
        settled = (np.abs(excess) <= 1e-12 * size) | (high - low <= 1e-13 * np.maximum(np.abs(high), 1.0))
        if settled.all():
            break
        newton = back - excess / np.where(steep > 0.0, steep, 1.0)
        inside = (steep > 0.0) & (newton >= low) & (newton <= high) & (step % 4 != 0)
        back = np.where(settled, back, np.where(inside, newton, 0.5 * (low + high)))
    return back, np.abs(excess) / size, step


def _supply(hall: _Hall, back: Array, unit_heat: Array) -> tuple[Array, Array]:
    """Mixed supply (S,) and supply of each unit (S, C); a unit at rest reads 0."""
    total = hall.unit_flow.sum(axis=1)
    mass = np.where(hall.running, hall.unit_flow, 1.0) * hall.air_capacity[:, None]
    unit = np.where(hall.running, back[:, None] - unit_heat / mass, 0.0)
    mixed = (unit * hall.unit_flow).sum(axis=1) / np.where(total > 0.0, total, 1.0)
    return np.where(total > 0.0, mixed, back), unit


@dataclass(frozen=True)
class _Air:
    """Temperatures, heats and fractions of all streams at one return temperature."""

    unit_heat: Array
    unit_supply: Array
    supply: Array
    inlet: Array
    outlet: Array
    cold: Array
    hot: Array
    bypass: Array
    sealed: Mask  # (S, Z) zones that exchange no air with the rest
    carried: Array  # (S,) heat that reaches the units by mixing all streams


def _mix(hall: _Hall, recirculation: Array, back: Array) -> _Air:
    """Follow the air from the units through zones and racks back to the return."""
    unit_heat = _unit_heat(hall, back)
    supply, unit_supply = _supply(hall, back, unit_heat)
    cool, warm_air = supply[:, None], back[:, None]
    capacity = hall.air_capacity[:, None]
    moving = hall.flow > 0.0
    net = hall.heat - hall.cooling
    demand = hall.by_zone(hall.flow)
    flow = np.where(demand > 0.0, demand, 1.0)
    warm = hall.by_zone(hall.flow * recirculation) / flow

    rise = hall.by_zone(np.where(moving, net, 0.0)) / (flow * capacity)
    exchange = 1.0 - warm * hall.own
    sealed = exchange <= _SHUT
    mixed = (1.0 - warm) * cool + warm * (1.0 - hall.own) * warm_air + rise
    hot = np.where(sealed, warm_air, mixed / np.where(sealed, 1.0, exchange))
    hot = np.where(demand > 0.0, hot, cool)
    drawn = (hall.own * hot + (1.0 - hall.own) * warm_air)[:, hall.zone]
    inlet = (1.0 - recirculation) * cool + recirculation * drawn
    outlet = inlet + np.where(moving, net / (np.where(moving, hall.flow, 1.0) * capacity), 0.0)

    total = hall.unit_flow.sum(axis=1)
    fresh = (demand * (1.0 - warm)).sum(axis=1)
    risen = (demand * exchange * (hot - cool)).sum(axis=1)
    risen -= (demand * warm * (1.0 - hall.own)).sum(axis=1) * (back - supply)
    return _Air(
        unit_heat=unit_heat,
        unit_supply=unit_supply,
        supply=supply,
        inlet=inlet,
        outlet=outlet,
        cold=np.where(demand > 0.0, hall.by_zone(hall.flow * inlet) / flow, cool),
        hot=hot,
        bypass=np.where(total > 0.0, 1.0 - fresh / np.where(total > 0.0, total, 1.0), 0.0),
        sealed=sealed,
        carried=risen * hall.air_capacity + hall.room_heat + np.where(moving, 0.0, net).sum(axis=1),
    )


def _stuck(hall: _Hall, air: _Air) -> tuple[Mask, Mask]:
    """Heat that no air carries away: a sealed zone with load (S, Z), a rack with load but no flow (S, R)."""
    net = hall.heat - hall.cooling
    zone = air.sealed & (np.abs(hall.by_zone(np.where(hall.flow > 0.0, net, 0.0))) > 0.0)
    return zone, (hall.flow <= 0.0) & (np.abs(net) > 0.0)
