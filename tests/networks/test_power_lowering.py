"""The power tree as arrays: what new kinds of machines and connections become."""

import numpy as np
import pytest

from twin.coupling import evaluate
from twin.layout.load import load_text
from twin.scenario import NORMAL, Scenario

TREE = """
twin: 1
name: Tree
hall: {{size: [14 m, 8 m, 4 m]}}
catalogue:
  my_ups: {{like: ups_500kw, mode: {mode}, eco_efficiency: 99 %}}
  my_tx: {{like: tx_1000kva, tap: {tap}}}
  my_bess:
    kind: bess
    rating: 1 MW
    energy: 2 MWh
    source: assumed
pods: [{{id: p, at: [2 m, 2 m], rows: [{{id: s, face: south, lineup: [6 x enterprise_rack]}}]}}]
air: {{crahs: [{{id: c, type: crah_150kw, count: 2, supply: 22 degC}}]}}
liquid:
  plant: [{{id: ch, type: chiller_ac_1200kw, count: 2}}]
  pumps: [{{id: chp, type: pump_25ls, count: 2}}]
  loops: [{{id: chw, source: ch, sinks: "kind:crah", pumps: chp, supply: 14 degC}}]
power:
  utility: {{id: grid, voltage: 33 kV, capacity: 2 MVA}}
  transformers: [{{id: tx, type: my_tx, from: grid}}]
  bess: [{{id: bess, type: my_bess}}]
  transfer_switches: [{{id: ats, type: ats_1600a, from: [tx, bess]}}]
  ups: [{{id: ups, type: my_ups, from: ats{cable}}}]
  whips: [{{to: "kind:rack", from: ups, per_rack: 1, breaker: 63 A}}]
"""


def tree(mode="double_conversion", tap="0 %", cable=""):
    return load_text(TREE.format(mode=mode, tap=tap, cable=cable))


def normal(facility):
    return evaluate(facility, (NORMAL,))


def test_in_eco_mode_the_output_follows_the_input_and_less_is_lost():
    double, eco = normal(tree()), normal(tree("eco"))
    assert double["power"].at("ups", "voltage") == pytest.approx(1.0, abs=1e-12)
    gap = eco["power"].at("ats", "voltage") - eco["power"].at("ups", "voltage")
    assert 1e-5 < gap < 0.01, "the impedance of the static switch"
    assert 0 < eco["power"].at("ups", "loss") < double["power"].at("ups", "loss")


def test_eco_mode_loses_at_rated_load_what_its_efficiency_says():
    """Standby of (1 / 0.99 - 1 - 0.004) of the rating, and 0.4 % times the square of the load."""
    results = normal(tree("eco"))
    load, volts = results["power"].at("ups", "loading"), results["power"].at("ups", "voltage")
    current = load / volts
    fixed = (1 / 0.99 - 1 - 0.004) * volts**2
    assert results["power"].at("ups", "loss") == pytest.approx(500e3 * (fixed + 0.004 * current**2), rel=2e-3)


def test_a_tap_raises_the_secondary_voltage():
    low, high = (normal(tree(tap=tap))["power"].at("tx", "voltage") for tap in ("0 %", "5 %"))
    # constant power: the drop behind the tap shrinks a little
    assert high - low == pytest.approx(0.05, abs=1e-3)


def test_a_battery_system_carries_the_load_when_the_grid_is_lost():
    facility = tree()
    results = evaluate(facility, (NORMAL, Scenario(name="lose:grid", failed=("grid",))))
    power = results["power"]
    assert power.at("bess", "power", 0) == 0.0
    assert power.at("bess", "power", 1) == pytest.approx(
        power.at("ups", "power", 1) + power.at("ups", "loss", 1)
    )
    assert np.all(results["rack"]["served"] == 1.0)


def test_the_cable_of_a_group_drops_voltage_and_its_breaker_is_loaded():
    plain = normal(tree())
    wired = normal(tree(cable=", cable: whip_100a, length: 50 m, circuits: 4, breaker: 1600 A"))
    k = wired["feed"].index("ups.in")
    assert plain["feed"]["drop"][0, k] == 0.0 < wired["feed"]["drop"][0, k]
    current = wired["power"].at("ats", "current")
    assert wired["feed"]["current"][0, k] * 4 == pytest.approx(current, rel=1e-9)
    assert wired["feed"]["loading"][0, k] * 1600 * 4 == pytest.approx(current, rel=1e-9)


def test_single_pole_circuits_take_the_phases_in_turn():
    text = TREE.format(mode="eco", tap="0 %", cable="").replace(
        "per_rack: 1, breaker: 63 A", "per_rack: 2, poles: 1"
    )
    facility = load_text(text)
    dealt = [feed.phases for feed in facility.feeds if feed.phases]
    assert dealt == [("A", "B"), ("C", "A"), ("B", "C"), ("A", "B"), ("C", "A"), ("B", "C")]
