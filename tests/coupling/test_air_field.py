"""The 3-D air in the loop: same facility, same balances, other model of the halls' air."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from twin.checks import judge
from twin.coupling import NoAir, evaluate
from twin.layout.load import load
from twin.networks import fidelity
from twin.networks.air import ZonalAir
from twin.networks.facility import lower
from twin.results import Results

ROOT = Path(__file__).parents[2]
FIRST = ROOT / "layouts" / "first_hall.yaml"


SPACINGS = (0.30, 0.20)
"""Cells of 0.20 m, of which there are a third of those at the default spacing. [m]"""


@pytest.fixture(scope="module", autouse=True)
def coarse_cells():
    """The same flow on fewer cells: what holds for places, errors, heat and power holds on any grid."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("twin.networks.rooms.mesh.SPACINGS", SPACINGS)
        yield


@pytest.fixture(scope="module")
def facility():
    return load(
        str(FIRST), ["hall.ceiling_plenum=0 m"]
    )  # an open roof: recirculation that only a field can tell


@pytest.fixture(scope="module")
def field(facility) -> Results:
    """The normal state with the field's air."""
    return evaluate(facility, failures=False, air="rans")


def test_heat_and_power_close_with_the_field_as_with_the_zones(facility, field):
    zones = evaluate(facility, failures=False)
    for results in (field, zones):
        assert all(results.settled)
        assert max(float(np.abs(v).max()) for v in results.conservation.values()) < 1e-6  # rule SOL-002
    # the same heat reaches the air handlers whatever way the air takes
    assert field["crah"]["duty"][0].sum() == pytest.approx(zones["crah"]["duty"][0].sum(), rel=1e-3)


def test_the_field_tells_places_and_errors_that_zones_cannot(field):
    racks = field["rack"]
    assert (racks["inlet_highest"] >= racks["inlet_temperature"] - 1e-9).all()
    assert (racks["inlet_highest"] > racks["inlet_temperature"] + 0.1).any()
    assert (racks["inlet_error"] > 0).any() and np.isfinite(racks["inlet_error"]).all()
    assert np.ptp(racks["inlet_temperature"][0]) > 0.2  # racks of one aisle differ
    (air,) = field.fields.values()
    air_there = np.isfinite(air.temperature)
    assert air_there.any() and not air_there.all()
    hottest = float(np.nanmax(air.temperature))
    assert (
        hottest <= float(racks["outlet_temperature"][0].max()) + 0.5
    )  # nothing is hotter than what heats it
    assert field.reports[0].method.startswith("rans, k-epsilon, ")
    assert field.air[0]["energy_error"] < 1e-6 and field.air[0]["mass_error"] < 1e-6


def test_a_calibrated_zonal_model_comes_close_to_the_field_it_was_calibrated_on(facility, monkeypatch):
    from twin.networks import airfield
    from twin.networks.steps import breathe, energise, start
    from twin.scenario import NORMAL

    world = lower(facility, fidelity.Effort("rans"))
    kept = {}
    solve = airfield.FieldAir.solve

    def spy(self, problem, fans):
        kept["problem"], kept["air"] = problem, self
        return solve(self, problem, fans)

    monkeypatch.setattr(airfield.FieldAir, "solve", spy)
    from solvers import power as power_flow

    tree = power_flow.prepare(world.power.in_service((NORMAL,)))
    state = energise(world, start(world, (NORMAL,)), tree, world.failed((NORMAL,)))
    state = breathe(world, state)
    no_fans = np.zeros((1, world.halls[0].crah.size))
    plain = ZonalAir().solve(kept["problem"], no_fans)
    tuned = ZonalAir().solve(airfield.calibrated(kept["problem"], kept["air"]), no_fans)
    flow = state.rack_air[0]
    wanted = float(flow @ state.rack_inlet[0] / flow.sum())
    mean = [float(flow @ answer.rack_inlet[0] / flow.sum()) for answer in (plain, tuned)]
    # one temperature for each aisle: 0.5 K is what is left of stratification (0.2 K seen), against some 1.5 K without
    assert abs(mean[1] - wanted) < 0.5 < abs(mean[0] - wanted)


def test_losses_may_be_left_to_the_calibrated_zones(facility, monkeypatch):
    monkeypatch.setattr(fidelity, "WORK", 0)
    chosen = fidelity.effort(facility, "auto", states=33)
    assert (chosen.model, chosen.losses) == ("rans", False)
    monkeypatch.setattr(fidelity, "CELLS", 0)
    assert fidelity.effort(facility, "auto", states=1).model == "zonal"
    assert fidelity.effort(facility, "rans", states=1).model == "rans"  # who asks for it gets it


def test_potential_flow_answers_where_aisles_are_closed():
    facility = load(str(FIRST))
    results = evaluate(facility, failures=False, air="potential")
    assert results.reports[0].method.startswith("potential, ")
    assert judge(facility, results).status == "solved"
    assert max(float(np.abs(v).max()) for v in results.conservation.values()) < 1e-6


def test_a_hall_without_supply_is_told_with_its_line():
    broken = load(str(ROOT / "tests" / "layouts" / "broken" / "no_crahs.yaml"))
    with pytest.raises(NoAir) as caught:
        evaluate(broken, failures=False, air="rans")
    message, mark = caught.value.faults[0]
    assert "supplies" in message and mark.line > 0 and mark.file.endswith(".yaml")


def test_a_hall_that_nothing_cools_is_left_to_the_zones(facility):
    """Closed air without a unit that runs has no level of temperature: no flow pattern can give it one."""
    from twin.scenario import NORMAL, Scenario

    units = tuple(machine.id for machine in facility.of_kind("crah"))
    results = evaluate(facility, (NORMAL, Scenario(name="lose:all", failed=units)), air="rans")
    assert results.air[0]["patterns"] == 1
    assert results.settled[0] and not results.settled[1]  # runaway, as the zones have it
    assert np.isfinite(results["rack"]["inlet_temperature"]).all()


def test_a_stopped_unit_keeps_two_flows_apart_however_small_it_is(facility):
    from twin.networks.airfield import FieldAir

    world = lower(facility, fidelity.Effort("rans"))
    air = world.airs[0]
    assert isinstance(air, FieldAir)
    flow = air.room.spread(1.0, 1.0)
    flow[air.room.rack_stream[0]] = 1000.0  # beside which a unit is nothing
    lost = flow.copy()
    lost[air.room.crah_stream[0]] = 0.0
    assert air._distance(flow, flow) == 0.0
    assert air._distance(flow, lost) == np.inf
