"""Faults, dynamics, harmonics and reliability refuse what has no meaning by name, and answer odd but sound questions."""

import numpy as np
import pytest

from solvers.power.dynamics.genset import Genset, run_genset
from solvers.power.dynamics.startup import StartSequence
from solvers.power.dynamics.timeseries import flow_solver, run_series
from solvers.power.dynamics.waveform import square_wave
from solvers.power.faults import FaultProblem, Feeders, short_circuit
from solvers.power.faults.ratings import interrupting_multiplier, making_capacity
from solvers.power.harmonics import HarmonicProblem, judge_voltage, neutral_current, total_distortion
from solvers.power.harmonics.network import fundamental_current
from solvers.power.problem import Problem
from solvers.reliability.availability import availability
from solvers.reliability.evaluate import Evaluator
from solvers.reliability.rates import Rates
from solvers.reliability.simulate import simulate
from solvers.reliability.structure import Structure

NAN = float("nan")


def grid(**changes):
    feeders = {"bus": [0], "power_max": [5e8], "power_min": [2e8], "r_over_x": [0.1], **changes}
    return FaultProblem(bus_voltage=np.array([415.0, 415.0]), feeders=Feeders(**feeders))


def line(**changes):
    return Problem(
        1e6, [415.0, 415.0],
        **{"branch_from": [0], "branch_to": [1], "branch_impedance": [0.01], "source_bus": [0], "load_power": [1e5],
           "cord_load": [0], "cord_bus": [1], **changes},
    )  # fmt: skip


def ring(**changes):
    """A load on a machine that two nodes feed which feed each other, with nothing behind them."""
    given = {
        "components": 3, "node_component": [0, 1, 2, -1], "edge_from": [1, 2, 1], "edge_to": [2, 1, 3],
        "node_needs": [0, 1, 1, 1], **changes,
    }  # fmt: skip
    return Structure(**given)


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda: grid(bus=[NAN]), "bus must hold whole numbers"),
        (lambda: grid(power_max=[NAN]), "power_max[0] is nan, must be finite"),
        (lambda: grid(power_min=[0.0]), "power_min[0] is 0.0, must be above 0"),
        (lambda: grid(bus=[7]), "bus[0]"),
        (lambda: interrupting_multiplier(NAN, 5.0), "ratio[] is nan, must be a number"),
        (lambda: making_capacity(NAN, 415.0, 50.0), "interrupting[] is nan, must be a number"),
        (lambda: judge_voltage([3, 5], [0.01, NAN], 415.0), "voltage[1] is not finite"),
        (lambda: total_distortion([0.1, NAN]), "spectrum[1] is not finite"),
        (lambda: neutral_current([3, 5], [NAN, 1.0]), "phase_current[0] is not finite"),
        (lambda: neutral_current([3, 5], 1.0), "phase_current has shape (), expected (..., 2)"),
        (lambda: fundamental_current(NAN, 1.0, 415.0), "power is not finite"),
        (lambda: HarmonicProblem(1e6, [415.0], [5], source_bus=[NAN], source_impedance=[0.1j]), "source_bus must hold"),
        (lambda: line(branch_from=[NAN]), "branch_from must hold whole numbers"),
        (lambda: line(branch_from=[1e300]), "branch_from must hold whole numbers"),
        (lambda: StartSequence(1e6, [10.0], [1e5]), "generator_power must have one or two axes"),
        (lambda: square_wave([0.0, 1.0], low=0.0, high=1.0, period=2.0, delay=np.inf), "delay is not finite"),
        (lambda: Genset(1e6, inertia=0.0), "genset.inertia must be > 0"),
        (lambda: run_series(flow_solver(line()), np.zeros((0, 1)), {"loss": lambda s: s.loss}, step=1.0), "loads"),
        (lambda: run_series(flow_solver(line()), [[NAN]], {"loss": lambda s: s.loss}, step=1.0), "loads[0, 0]"),
        (lambda: ring(node_component=[NAN, 0, 1, 2]), "node_component must hold whole numbers"),
        (lambda: ring(node_demand=[1j, 0, 0, 0]), "node_demand must hold real numbers"),
        (lambda: ring(components=2.5), "components must be a whole number"),
        (lambda: Rates(3, failure_rate=[0.1, NAN, 0.1]), "failure_rate[1] = nan"),
        (lambda: Evaluator(ring(), np.array([3])).sets(np.array([[99]])), "events must be whole numbers below 3"),
    ],
)  # fmt: skip
def test_what_has_no_meaning_is_refused_by_name(ask, message):
    with pytest.raises(ValueError, match=r".") as caught:
        ask()
    assert message in str(caught.value)


def test_a_network_without_sources_has_no_fault_currents():
    empty = Feeders([], [], [], [])
    found = short_circuit(FaultProblem(bus_voltage=np.array([415.0, 415.0]), feeders=empty))
    assert not np.any(found.initial) and np.isfinite(found.peak).all()


def test_a_set_without_load_keeps_its_frequency():
    run = run_genset(Genset(1e6), np.zeros(100), 0.02)
    assert run.status.ok
    np.testing.assert_allclose(run.frequency, 60.0, rtol=1e-9)


def test_what_only_feeds_itself_is_down_for_good():
    """A ring without a source: down with probability 1, in the diagram and in every simulated year; never interrupted."""
    rates = Rates(3, failure_rate=0.5, repair_time=10.0)
    exact = availability(ring(), rates, [3])
    assert exact.unavailability[0] == 1.0 and exact.frequency[0] == 0.0
    life = simulate(ring(), rates, [3], years=20.0, replications=2, seed=1)
    np.testing.assert_allclose(life.unavailability, 1.0, rtol=1e-12)  # a sum of durations
    assert not life.frequency.any()


def test_a_machine_that_fails_a_thousand_times_a_year_and_takes_a_year_to_mend():
    """q = 1000 / 1001, and once a year it is mended and fails again: 1000 (1 - q)."""
    chain = Structure(1, [0], [], [])
    exact = availability(chain, Rates(1, failure_rate=1000.0, repair_time=8760.0), [0])
    assert exact.unavailability[0] == pytest.approx(1000 / 1001, rel=1e-12)
    assert exact.frequency[0] == pytest.approx(1000 / 1001, rel=1e-12)
