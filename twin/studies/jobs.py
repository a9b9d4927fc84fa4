"""What training jobs do to the supply: racks that go from idle to peak on a generator, and the swing at the meter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from solvers.power.dynamics.classes import CLASSES, excursion
from solvers.power.dynamics.genset import Genset, run_genset
from solvers.power.dynamics.smoothing import Smoothing, smooth
from solvers.power.dynamics.waveform import square_wave, swing, time_grid
from twin.model.products import Generator, Rack
from twin.studies.outage import BASE, IDLE, NOW, PEAK, RUN, STORE_ENERGY, STORE_POWER, Group, Outage

Array = NDArray[np.float64]

BEFORE = 0.2
"""Idle time before the job starts. [s]"""
PEAK_TIME = 1.0
"""How long the racks stay at their peak before they settle at what they draw; assumed (milliseconds to seconds). [s]"""
FOLLOWED = 12.0
"""Time that is followed, beyond the longest recovery that ISO 8528-5 allows (G1, 10 s). [s]"""
SAMPLE = 0.02
"""[s]"""
POWER_FACTOR = 0.98
"""Of the step, as UPS and power supplies with power factor correction draw it; assumed."""
CHARGE = 0.5
"""State of charge of the racks' stores when the job starts: they wait for either direction; assumed."""
PERIOD, DUTY = 2.0, 0.7
"""Length of a training step and share of it in which the processors compute; assumed (0.2 to 5 s)."""
DIGITS = 3
"""Digits of the loads per rating by which generators count as alike."""


@dataclass(frozen=True)
class Response:
    """How a generator follows the step; fractions of rated frequency and voltage, times in seconds."""

    step: float
    """Step over rating. [-]"""
    frequency_drop: float
    voltage_drop: float
    frequency_recovery: float
    voltage_recovery: float
    holds: bool
    """It does not trip."""


@dataclass(frozen=True)
class _Case:
    """A job on a generator, per unit of its rating."""

    power_factor: float
    inertia: float
    reactance: float
    load_step: float
    performance: str
    idle: float
    run: float
    peak: float
    store_power: float
    store_energy: float
    """[s]"""


def responses(outage: Outage, loads: Mapping[Group, float]) -> dict[Group, tuple[Response, Response | None]]:
    """How generators follow the step of their racks, without the racks' stores and with them (None: there are none).

    Parameters
    ----------
    loads : power that each group of generators carries. [W]
    """
    cases = {group: case for group, load in loads.items() if (case := _case(outage, group, load)) is not None}
    done = _followed(list(dict.fromkeys(cases.values())))
    return {group: done[case] for group, case in cases.items()}


def _case(outage: Outage, group: Group, load: float) -> _Case | None:
    """None where no training racks hang on the generators."""
    drawn = np.sum([outage.drawn(name) for name in group.switches], axis=0)
    if drawn[RUN] <= 0.0 or load <= 0.0:
        return None
    rating = sum(_rating(outage, name) for name in group.generators)
    growth = load / drawn[NOW]  # losses on the way
    unit = np.round(drawn * growth / rating, DIGITS).tolist()
    product = outage.machine[group.generators[0]].product
    assert isinstance(product, Generator)
    return _Case(
        product.power_factor,
        product.inertia,
        product.transient_reactance,
        product.load_step,
        product.performance,
        unit[BASE] + unit[IDLE],
        unit[BASE] + unit[RUN],
        unit[BASE] + unit[PEAK],
        unit[STORE_POWER],
        round(float(drawn[STORE_ENERGY] * growth / rating), DIGITS + 2),
    )


def _rating(outage: Outage, name: str) -> float:
    product = outage.machine[name].product
    assert isinstance(product, Generator)
    return product.rating


def _followed(cases: list[_Case]) -> dict[_Case, tuple[Response, Response | None]]:
    if not cases:
        return {}
    stored = [case for case in cases if case.store_energy > 0.0 and case.store_power > 0.0]
    time = time_grid(FOLLOWED + BEFORE, SAMPLE)
    bare = np.array([_step(case, time) for case in cases])
    rows = bare
    if stored:
        rows = np.concatenate([bare, _smoothed(stored, np.array([_step(case, time) for case in stored]))])
    found = _run([*cases, *stored], rows)
    with_store = dict(zip(stored, found[len(cases) :], strict=True))
    return {case: (found[i], with_store.get(case)) for i, case in enumerate(cases)}


def _step(case: _Case, time: Array) -> Array:
    """Idle, peak, and what the racks draw while they work. [of the rating]"""
    late = time >= BEFORE + PEAK_TIME - 1e-9
    return np.where(time < BEFORE - 1e-9, case.idle, np.where(late, case.run, case.peak))


def _smoothed(cases: list[_Case], load: Array) -> Array:
    """Behind the stores, which let the power rise as slowly as half their energy allows: rate = step^2 / 2 E."""
    energy = np.array([case.store_energy for case in cases])
    rate = np.array([(case.peak - case.idle) ** 2 for case in cases]) / (2.0 * CHARGE * energy)
    store = Smoothing(
        energy,
        power_limit=np.array([case.store_power for case in cases]),
        ramp_up=np.maximum(rate, 1e-9),
        ramp_down=np.maximum(rate, 1e-9),
        charge_target=CHARGE,
    )
    return np.asarray(smooth(load, SAMPLE, store).grid_power)


def _run(cases: list[_Case], load: Array) -> list[Response]:
    def column(name: str) -> Array:
        return np.array([getattr(case, name) for case in cases])

    genset = Genset(
        rated_power=1.0 / column("power_factor"),
        power_factor=column("power_factor"),
        inertia=column("inertia"),
        xd_transient=column("reactance"),
        sudden_torque=column("load_step"),
    )
    reactive = np.sqrt(1.0 / POWER_FACTOR**2 - 1.0)
    run = run_genset(genset, load * (1.0 + 1j * reactive), SAMPLE, method="compiled")
    measured = excursion(run.time, run.frequency, run.voltage, rated=60.0, since=BEFORE)
    names = [case.performance for case in cases]
    gone = np.isfinite(run.tripped) | np.array([not status.ok for status in run.scenario_status])
    return [
        Response(
            float(load[i].max() - load[i, 0]),
            1.0 if gone[i] else float(measured.frequency_drop[i]),
            1.0 if gone[i] else float(measured.voltage_drop[i]),
            FOLLOWED if gone[i] else min(float(measured.recovery[name][i]), FOLLOWED),
            FOLLOWED if gone[i] else min(float(measured.voltage_recovery[name][i]), FOLLOWED),
            not gone[i],
        )
        for i, name in enumerate(names)
    ]


def class_limits(name: str) -> dict[str, float]:
    """What a performance class of ISO 8528-5 allows after an increase of load."""
    limits = CLASSES[name]
    return {
        "frequency_drop": limits.frequency_drop,
        "voltage_drop": limits.voltage_drop,
        "frequency_recovery": limits.frequency_recovery,
        "voltage_recovery": limits.voltage_recovery,
    }


@dataclass(frozen=True)
class Swing:
    """What a training job in step on all racks does at their inputs."""

    range: float
    """[W]"""
    ramp: float
    """Steepest rise over a second. [W/s]"""
    amplitude: float
    """Largest line between 0.1 and 20 Hz. [W]"""
    frequency: float
    """[Hz]"""


def meter_swing(outage: Outage) -> tuple[Swing, Swing | None] | None:
    """All training racks of the site in step, without and with their stores; None where none works."""
    low = high = power = energy = 0.0
    for rack in outage.basis.facility.racks:
        product, watts = rack.product, outage.racks.get(rack.id, 0.0)
        if isinstance(product, Rack) and product.accelerators is not None and watts > 0.0:
            low, high = low + min(product.power.idle, watts), high + watts
            if product.shelf is not None:
                power, energy = power + product.shelf.storage_power, energy + product.shelf.storage
    if high <= low:
        return None
    time = time_grid(10.0 * PERIOD, SAMPLE)
    load = square_wave(time, low=low, high=high, period=PERIOD, duty=DUTY)
    bare = _swing(load)
    if energy <= 0.0 or power <= 0.0:
        return bare, None
    rate = (high - low) ** 2 / (2.0 * CHARGE * energy)
    store = Smoothing(energy, power_limit=power, ramp_up=rate, ramp_down=rate, charge_target=CHARGE)
    return bare, _swing(smooth(load, SAMPLE, store).grid_power)


def _swing(load: Array) -> Swing:
    told = swing(load, SAMPLE, window=1.0)
    return Swing(
        *(float(x[0]) for x in (told.dynamic_range, told.ramp_up, told.band_peak, told.band_frequency))
    )
