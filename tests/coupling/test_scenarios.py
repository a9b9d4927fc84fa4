"""What a state may vary: load level, load of single racks, what is lost and what is in maintenance."""

import numpy as np
import pytest
from pydantic import ValidationError

from twin.checks import judge
from twin.coupling import evaluate
from twin.layout.load import load
from twin.scenario import NORMAL, Scenario

HALF = Scenario(name="half load", load=0.5)
LIGHT = Scenario(name="one rack light", rack_load={"pod.s.02": 0.25})


@pytest.fixture(scope="module")
def hall():
    return load("layouts/first_hall.yaml")


@pytest.fixture(scope="module")
def results(hall):
    lost = Scenario(name="both", failed=("ups.A",), maintained=("dry1",), load=0.8)
    same = Scenario(name="the same", failed=("ups.A", "dry1"), load=0.8)
    return evaluate(hall, (NORMAL, HALF, LIGHT, lost, same))


def test_half_the_load_is_asked_and_drawn(results):
    rack = results["rack"]
    np.testing.assert_array_equal(rack["demand"][1], 0.5 * rack["demand"][0])
    # at the input; the shelves' efficiency is another at half load
    np.testing.assert_allclose(rack["power"][1], 0.5 * rack["power"][0], rtol=0.02)
    assert results.site("tokens", 1) < results.site("tokens", 0)
    assert results.site("facility_power", 1) < 0.6 * results.site("facility_power", 0)


def test_heat_follows_the_load(results):
    liquid = results["rack"]["liquid_heat"]
    np.testing.assert_allclose(liquid[1], 0.5 * liquid[0], rtol=0.02)
    assert all(results.settled)
    assert max(np.abs(error).max() for error in results.conservation.values()) < 1e-6


def test_a_rack_may_have_a_load_of_its_own(results):
    power = results["rack"]["power"]
    k = results["rack"].index("pod.s.02")
    assert power[2, k] == pytest.approx(0.25 * power[0, k], rel=0.05)
    others = np.delete(np.arange(power.shape[1]), k)
    np.testing.assert_allclose(power[2, others], power[0, others], rtol=1e-3)


def test_what_is_in_maintenance_is_out_of_service(results):
    for name in ("rack", "power", "plant"):
        for quantity, values in results[name].values.items():
            np.testing.assert_array_equal(values[3], values[4], err_msg=f"{name}.{quantity}")


def test_a_path_may_be_lost_as_well(hall):
    """The rack's other cord carries it all."""
    results = evaluate(hall, (NORMAL, Scenario(name="a cord", failed=("pod.s.02.inA",))))
    feed = results["feed"]
    a, b = feed.index("pod.s.02.inA"), feed.index("pod.s.02.inB")
    assert feed["live"][1, a] == 0.0 == feed["power"][1, a]
    assert feed["power"][1, b] == pytest.approx(feed["power"][0, a] + feed["power"][0, b], rel=0.02)
    assert results["rack"]["served"].all()


def test_findings_say_what_is_lost_and_what_is_in_maintenance(hall):
    state = Scenario(name="both sides", failed=("ups.A",), maintained=("ups.B",))
    verdict = judge(hall, evaluate(hall, (NORMAL, state)))
    told = [finding.message for finding in verdict.findings if finding.code == "PWR-001"]
    assert told and told[0].endswith("when ups.A is lost while ups.B is in maintenance")


def test_only_the_plain_state_is_normal():
    assert NORMAL.normal and not HALF.normal and not LIGHT.normal
    assert not Scenario(name="m", maintained=("x",)).normal


@pytest.mark.parametrize("level", [0.0, -1.0, float("nan"), 3.0])
def test_levels_are_shares_of_the_workload(level):
    with pytest.raises(ValidationError):
        Scenario(name="x", load=level)


def test_no_state_at_all_is_refused(hall):
    with pytest.raises(ValueError, match="scenarios is empty"):
        evaluate(hall, ())
