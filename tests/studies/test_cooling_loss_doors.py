"""Losses in time with rear doors: their heat follows racks, air and water."""

import numpy as np
import pytest

from tests.networks.test_rear_doors import LAYOUT
from twin.coupling import evaluate, normal_state
from twin.layout import load_text
from twin.scenario import NORMAL, Scenario
from twin.studies.cooling_loss_events import SINGLE, events
from twin.studies.cooling_loss_network import SPAN
from twin.studies.cooling_loss_run import follow

# cold plates, doors and coils of air handlers have a plant each
APART = LAYOUT.replace(", sinks: crah, doors", ", doors").replace(
    "    - {id: chw,",
    "    - {id: cwl, source: ac, sinks: crah, pumps: acp, supply: 16 degC}\n    - {id: chw,",
)
APART = APART.replace("    - {id: ch,", "    - {id: ac, type: chiller, count: 2, spare: 1}\n    - {id: ch,")
APART = APART.replace(
    "    - {id: chp,", "    - {id: acp, type: small_pump, count: 2, spare: 1}\n    - {id: chp,"
)
APART = APART.replace("[crah, ch, chp,", "[crah, ch, chp, ac, acp,")


@pytest.fixture(scope="module", params=[LAYOUT, APART], ids=["together", "apart"])
def losses(request):
    facility = load_text(request.param)
    basis = normal_state(facility)
    assert basis is not None
    single = [event for event in events(basis) if event.kind == SINGLE]
    return follow(basis, single), facility


def test_single_losses_come_to_rest_where_the_steady_states_are(losses):
    """Supply of loops to 0.02 K, as without doors."""
    found, facility = losses
    steady = evaluate(
        facility, (NORMAL, *(Scenario(name=e.name, failed=tuple(e.lost)) for e in found.events))
    )
    checked = 0
    for row, event in enumerate(found.events):
        if not steady.settled[row + 1]:
            continue
        checked += 1
        np.testing.assert_allclose(
            found.end_supply[row], steady["loop"]["supply"][row + 1], atol=0.02, err_msg=event.name
        )
    assert checked >= 6


def test_nothing_is_felt_where_the_steady_states_feel_nothing(losses):
    found, _ = losses
    assert found.rests.all()
    assert found.ok.all()
    assert not np.isfinite(found.time["throttle"]).any()
    felt = np.isfinite(found.air)
    assert felt.sum() >= 3
    np.testing.assert_allclose(found.air[felt], found.before.rooms[0].supply, atol=0.1)


def test_doors_without_water_warm_the_room_until_racks_stop_and_no_further():
    """Racks stop 10 K above the warmest air that their class allows; doors give no heat of their own."""
    facility = load_text(LAYOUT)
    basis = normal_state(facility)
    assert basis is not None
    found = follow(basis, [event for event in events(basis) if event.name == "pumps:chw"])
    limit = found.before.rooms[0].limit
    assert limit + SPAN < found.air[0] + 0.1 < limit + SPAN + 1.0
    assert np.isfinite(found.time["trip"]).all()
    assert found.ok.all()
