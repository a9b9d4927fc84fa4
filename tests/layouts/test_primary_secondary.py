"""What the header of ``primary_secondary.yaml`` claims, and what of such loops is not followed in time."""

from pathlib import Path

import numpy as np
import pytest

from twin.coupling import evaluate
from twin.layout import load
from twin.networks.facility import lower
from twin.studies.cooling_loss import left_out

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


def test_what_is_not_followed_in_time_is_said_by_name():
    words = list(left_out(lower(load(LAYOUT))))
    assert words[0].startswith("fws: followed as if")
    assert words[1].startswith("fws, chw: what goes past the sinks")
    assert list(left_out(lower(load(LAYOUT.with_name("first_hall.yaml"))))) == []
