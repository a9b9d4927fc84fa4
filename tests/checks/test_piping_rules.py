"""Rules of the pipework: closed forms of what the tables tell, and what the rules leave out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from solvers.fluids import FLUIDS
from solvers.hydraulics.pipes import pipe_table, working_pressure
from solvers.psychrometrics import pressure_at, saturation_pressure
from twin.checks import RULES, judge
from twin.checks.piping import design_winter
from twin.coupling import evaluate
from twin.geometry import routes
from twin.layout import LayoutError
from twin.layout.load import load_text
from twin.model.base import Mark
from twin.model.language import Override
from twin.model.products import CoolingTower
from twin.networks.liquid import lower
from twin.tabulate.piping import JOINTS, Branches, pipe_rating

NORMAL, FAILED = 0, 10
TOWER = CoolingTower(
    kind="cooling_tower", source="assumed", capacity=5e5, flow=0.02, drop=5e4, wet_bulb=25, approach=4, range=6,
    air_flow=30, fan_power=1e4,
)  # fmt: skip
G = 9.80665
HALL = """
twin: 1
name: Four racks
site: {climate: frankfurt}
hall: {size: [10 m, 8 m, 5 m], floor: {load_limit: 30 kPa}}
pods:
  - id: p
    at: [2 m, 3 m]
    rows: [{id: s, face: south, lineup: [cdu_2300kw, 4 x gb300_nvl72]}]
air: {crahs: [{id: crah, type: crah_150kw, count: 2, supply: 22 degC}]}
liquid:
  plant: [{id: dry, type: dry_cooler_1mw, count: 1}, {id: ch, type: chiller_ac_1200kw, count: 1}]
  pumps: [{id: fwp, type: pump_60ls, count: 1}, {id: chp, type: pump_25ls, count: 1}]
  loops:
    - {id: fws, source: dry, sinks: "kind:cdu", pumps: fwp, supply: 36 degC}
    - {id: tcs, fluid: pg25, source: "kind:cdu", sinks: "type:gb300_nvl72", supply: 40 degC}
    - {id: chw, source: ch, sinks: "kind:crah", pumps: chp, supply: 14 degC}
power:
  utility: {id: grid, voltage: 415 V, capacity: 4 MVA}
  switchboards: [{id: swb, type: swb_4000a_415v, from: grid}]
  whips: [{to: ["kind:rack", "kind:cdu", "kind:crah", dry, ch, fwp, chp], from: swb, per_rack: 4}]
"""


def written(**loops: str):
    """The hall with more keys in its loops."""
    text = HALL
    for name, more in loops.items():
        lines = [line for line in text.splitlines() if f"{{id: {name}," in line and "source:" in line]
        text = text.replace(lines[0], lines[0].removesuffix("}") + f", {more}}}")
    return load_text(text)


def solved(**loops: str):
    facility = written(**loops)
    return facility, evaluate(facility, failures=False)


def findings(facility, results, code):
    return [f for f in judge(facility, results).findings if f.code == code]


def loop_of(facility, name):
    return next(loop for loop in lower(facility, routes(facility)) if loop.circuit.id == name)


# -- surge -----------------------------------------------------------------------------------------------------------


def test_a_slow_valve_raises_the_pressure_by_twice_the_momentum_over_its_time():
    """Michaud: 2 (momentum of branch and header on the way, a valve alone) / (area time); by hand from the pipes."""
    facility, results = solved(tcs="closing_time: 3 s")
    loop, rack = loop_of(facility, "tcs"), "p.s.04"
    at = loop.sink_link[loop.circuit.sinks.index(rack)]
    length, bore = np.asarray(loop.template.link_length), np.asarray(loop.template.link_diameter)
    flow = results["rack"]["liquid_flow"][0, results["rack"].index(rack)]
    pieces = loop.segment_link[: loop.segment_sink.index(rack) + 1, 0]
    area = np.pi / 4 * bore**2
    slowed = flow * (length[at] / area[at] + (length[pieces] / area[pieces]).sum())
    rise = results["rack"]["liquid_surge"][0, results["rack"].index(rack)]
    np.testing.assert_allclose(rise, 2.0 * slowed / 3.0, rtol=1e-9)


def test_a_valve_that_shuts_at_once_meets_joukowsky():
    loop = loop_of(written(), "tcs")
    flow = np.full((1, 4), 2.0)
    branches = Branches.of(loop)
    expected = loop.density * branches.wave * flow / (loop.density * branches.area)
    np.testing.assert_allclose(branches.rise(loop, flow, 0.0), expected, rtol=1e-12)
    assert (branches.wave > 1100).all() and (branches.wave < 1600).all()


def test_a_ring_halves_at_least_the_header_that_a_valve_slows_down():
    tree, ring = (
        Branches.of(loop_of(written(tcs=f"mains: {mains}"), "tcs")).column for mains in ("tree", "ring")
    )
    assert (ring <= tree).all() and ring[-1] < tree[-1]


def test_a_rack_above_its_rating_without_surge_breaks_another_rule(facility, results):
    results["rack"]["liquid_pressure"][FAILED, 0] = 5.1e5
    assert {f.code for f in judge(facility, results).findings} >= {"LIQ-005"}
    assert not findings(facility, results, "LIQ-021")


# -- pressures ----------------------------------------------------------------------------------------------------------


def test_suction_head_is_what_static_pressure_and_air_leave_above_boiling():
    facility, results = solved(fws="static_pressure: 80 kPa")
    warm = results["loop"]["return"][0, results["loop"].index("fws")]
    pressure = 80e3 + float(pressure_at(facility.place.elevation)) - float(saturation_pressure(warm))
    available = results["pump"]["npsh_available"][0, results["pump"].index("fwp1")]
    density = float(FLUIDS["water"].density(36.0))
    np.testing.assert_allclose(available, pressure / (density * G), rtol=1e-9)


def test_a_pump_that_needs_more_suction_than_there_is_is_named_with_its_margin(design):
    """HI 9.6.1: the greater of 1.1 times and 0.6 m above."""
    facility = design.facility()
    results = design.results(facility)
    results["pump"]["npsh_required"][NORMAL] = 23.0
    first, second = findings(facility, results, "LIQ-024")
    assert (first.value, first.limit, first.subject) == (24.0, pytest.approx(25.3), "pump.1")
    assert "25.3 m required (need estimated from the flow)" in first.message
    assert second.subject == "pump.2"


def test_the_top_of_a_loop_loses_the_weight_of_the_water_below():
    facility, results = solved(fws="height: 18 m")
    (found,) = findings(facility, results, "LIQ-025")
    density = float(FLUIDS["water"].density(36.0))
    assert found.value == pytest.approx(1.5e5 - density * G * 18.0, rel=1e-9)
    assert (found.severity, found.subject) == ("error", "fws")
    facility, results = solved(fws="height: 13 m")
    assert [f.severity for f in findings(facility, results, "LIQ-025")] == ["warning"]


def test_open_towers_hold_no_pressure_at_their_top(design):
    facility = design.facility()
    results = design.results(facility)
    results["loop"]["top_pressure"][:] = -5e4
    assert {f.subject for f in findings(facility, results, "LIQ-025")} == {"fws", "tcs"}
    machines = tuple(m.replace(product=TOWER) if m.kind == "dry_cooler" else m for m in facility.machines)
    changed = facility.replace(machines=machines)
    assert {f.subject for f in findings(changed, results, "LIQ-025")} == {"tcs"}


@pytest.mark.parametrize(("kind", "header"), [("steel_std", 0.2), ("copper_l", 0.1), ("stainless_10s", 0.3)])
def test_pipes_bear_what_barlow_lets_them_and_joints_no_more_than_pn_16(kind, header):
    loop = loop_of(written(tcs=f"pipe: {kind}, header: {header} m"), "tcs")
    table = pipe_table(kind)
    bores = [header, *np.asarray(loop.template.link_diameter)[loop.sink_link]]
    rows = [int(np.abs(table.inner_diameter - bore).argmin()) for bore in bores]
    limit = min(working_pressure(table)[rows].min(), JOINTS)
    assert limit * min(table.inner_diameter[rows[0]] / header, 1.0) <= pipe_rating(loop) <= limit


def test_pumps_at_no_flow_are_judged_and_the_limit_can_be_overridden():
    facility, results = solved()
    own = Override(rule="LIQ-023", max="5 bar", reason="plastic expansion joints, PN 5")
    changed = facility.replace(overrides=((own, Mark(file="hall.yaml", line=1)),))
    found = {f.subject: f for f in findings(changed, results, "LIQ-023")}
    assert found["fws"].value == pytest.approx(1.5e5 + 3e5 * 1.25)  # static pressure and shut-off head
    assert "plastic expansion joints" in found["fws"].message
    assert not findings(facility, results, "LIQ-023")


# -- fluids, velocities, flows -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "warned"),
    [("fluid: water", True), ("fluid: pg25", False), ("frost: drained", False), ("frost: heated", False)],
)
def test_water_in_coils_outdoors_is_told_where_winters_are_cold(more, warned):
    """Frankfurt's year has 35 hours below -8.7 degC; PG25 begins to freeze at -9.8 degC."""
    facility, results = solved(fws=more)
    assert -9.8 < design_winter(facility) < 0.0
    found = findings(facility, results, "LIQ-027")
    assert [(f.subject, f.severity) for f in found] == ([("fws", "warning")] if warned else [])


def test_a_site_without_a_climate_has_no_winter_to_judge(facility):
    assert design_winter(facility) is None


def test_copper_bears_less_velocity_the_warmer_it_is(facility, results):
    copper = tuple(circuit.replace(pipe="copper_l") for circuit in facility.circuits)
    changed = facility.replace(circuits=copper)
    loops = results["loop"]
    loops["return"][:], loops["velocity"][:] = 42.0, 1.6
    assert {f.subject for f in findings(changed, results, "LIQ-028")} == {"fws", "tcs"}
    assert not findings(facility, results, "LIQ-028")
    loops["return"][:] = 25.0
    assert not findings(changed, results, "LIQ-028")


def test_racks_that_are_valved_off_do_not_count_as_uneven(facility, results):
    results["rack"]["flow_share"][NORMAL, 0] = 0.0
    assert findings(facility, results, "LIQ-029")
    shut = tuple(c.replace(shut=("p1.s.01",)) if c.id == "tcs" else c for c in facility.circuits)
    assert not findings(facility.replace(circuits=shut), results, "LIQ-029")


def test_results_of_an_earlier_version_are_judged_as_far_as_they_go(facility, results):
    new = {"liquid_surge", "flow_share", "npsh_required", "pipe_rating", "top_pressure", "freezing_point", "warmest_known",
           "branch_velocity", "primary_surge", "secondary_pressure", "filter_drop", "pressure", "water_pressure",
           "primary_pressure"}  # fmt: skip
    tables = {
        name: replace(table, values={q: v for q, v in table.values.items() if q not in new or name == "hall"})
        for name, table in results.tables.items()
    }
    assert not judge(facility, replace(results, tables=tables)).findings


def test_a_valved_off_machine_must_be_a_sink_of_the_loop():
    with pytest.raises(LayoutError, match=r'cdu "p\.s\.01" is no sink of this loop'):
        written(tcs="shut: p.s.01")


def test_limits_name_their_documents():
    for code in (f"LIQ-0{number}" for number in range(21, 34)):
        assert RULES[code].standard and RULES[code].clause
