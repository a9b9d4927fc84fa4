"""What the header of ``primary_secondary.yaml`` claims, and how such loops are followed in time."""

from pathlib import Path

import numpy as np
import pytest

from twin.coupling import evaluate, normal_state
from twin.layout import load
from twin.scenario import NORMAL, Scenario
from twin.studies.cooling_loss_events import SINGLE, Event
from twin.studies.cooling_loss_run import follow

LAYOUT = Path(__file__).parents[2] / "layouts" / "primary_secondary.yaml"


@pytest.mark.parametrize(
    ("sets", "decoupler", "water", "chilled", "pumps"),
    [
        ((), 0.87, 36.0, 20.3, (0.25, 0.96, 2.72)),
        (("fws.primary.hold=speed", "fws.primary.speed=60 %"), 17.3, 36.0, 20.3, (1.06, 0.96, 2.72)),
        (("fws.primary.hold=speed", "fws.primary.speed=25 %"), -2.9, 38.1, 20.3, (0.18, 0.96, 2.72)),
        (("chw.valves=two_way",), 0.87, 36.0, 25.3, (0.25, 0.96, 0.30)),
    ],
)
def test_mixing_and_constant_flow_cost_what_the_header_says(sets, decoupler, water, chilled, pumps):
    """To the digits that the header has."""
    facility = load(LAYOUT, tuple(f"liquid.loops.{one}" for one in sets))
    results = evaluate(facility, failures=False, studies="none")
    loops, told = results["loop"], results["pump"]
    assert loops.at("fws", "decoupler") == pytest.approx(decoupler, abs=0.05)
    assert loops.at("fws", "supply") == pytest.approx(water, abs=0.05)
    assert loops.at("chw", "return") == pytest.approx(chilled, abs=0.05)
    drawn = [sum(told.at(f"{name}{k}", "power") for k in (1, 2)) / 1e3 for name in ("pp", "sp", "chp")]
    np.testing.assert_allclose(drawn, pumps, atol=0.006)


@pytest.mark.parametrize(
    ("sets", "surplus"),
    [
        ((), {"pp1": 0.87, "sp1": 0.87, "dry1": 0.87}),
        # 36 %: enough for the headers, not with a pump or a cooler less
        (("primary.hold=speed", "primary.speed=36 %"), {"pp1": -3.4, "sp1": 3.4, "dry1": -1.6}),
    ],
)
def test_losses_end_in_time_where_the_coupled_states_are_whichever_way_the_decoupler_runs(sets, surplus):
    facility = load(LAYOUT, tuple(f"liquid.loops.fws.{one}" for one in sets))
    basis = normal_state(facility)
    assert basis is not None
    found = follow(basis, [Event(f"lose:{n}", SINGLE, "", frozenset([n])) for n in surplus])
    steady = evaluate(facility, (NORMAL, *(Scenario(name=n, failed=(n,)) for n in surplus)))
    assert found.ok.all() and found.rests.all() and found.energy_error.max() < 1e-10
    for row, (event, due) in enumerate(zip(found.events, surplus.values(), strict=True)):
        flow, coupled = found.before.flows.after(0, event), steady["loop"]["decoupler"][row + 1, 0]
        assert flow.given - flow.total == pytest.approx(coupled, abs=0.02)
        assert coupled == pytest.approx(due, abs=0.05)
        water, coolant, chilled = found.end_supply[row] - steady["loop"]["supply"][row + 1]
        assert abs(water) < 0.02 and abs(chilled) < 0.02
        assert abs(coolant) < 0.05  # set points of CDUs float with warm water in the coupled state alone
    assert steady["loop"]["supply"][1, 0] > 38.5 or not sets  # water that a decoupler running backwards warms


def test_by_passes_are_followed_in_time():
    """1 L/s from the end of the headers of ``fws``, and past the coils of ``chw``."""
    basis = normal_state(load(LAYOUT))
    assert basis is not None
    found = follow(basis, [Event("lose:crah1", SINGLE, "", frozenset(["crah1"]))])
    water, chilled = found.before.flows.before[0], found.before.flows.before[2]
    loop = found.before.world.loops[0]
    assert water.bypass == pytest.approx(1e-3 * loop.density, rel=1e-3) and not water.past.any()
    assert chilled.bypass == 0.0 and chilled.past.sum() > chilled.sink.sum()
    cold, warm = found.before.supply[2], found.before.back[2]
    heat = chilled.total * found.before.world.loops[2].capacity * (warm - cold)
    assert heat == pytest.approx(basis.results["loop"].at("chw", "heat"), rel=0.01)
