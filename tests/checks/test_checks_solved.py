"""Every rule of the solved stage holds just inside its limit and breaks just outside."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from twin.checks import RULES, check_limits, judge
from twin.checks.air import dew_point
from twin.checks.power import _spread
from twin.model.base import Mark
from twin.model.language import Limit, Override
from twin.model.products import Pdu, PowerShelf
from twin.model.water_classes import class_of
from twin.scenario import Scenario

NORMAL, FAILED = 0, 10  # the loss of the grid connection
CASES = [  # rule, table, quantity, state, column, passes, breaks, severity
    ("AIR-001", "rack", "inlet_temperature", FAILED, 0, 34.9, 35.1, "error"),
    ("AIR-001", "rack", "inlet_temperature", FAILED, 0, 10.1, 9.9, "error"),
    ("AIR-002", "rack", "inlet_temperature", NORMAL, 0, 26.9, 27.1, "warning"),
    ("AIR-011", "rack", "inlet_highest", FAILED, 0, 34.9, 35.1, "warning"),
    ("AIR-002", "rack", "inlet_temperature", NORMAL, 0, 18.1, 17.9, "warning"),
    ("AIR-003", "rack", "relative_humidity", NORMAL, 0, 0.79, 0.81, "warning"),
    ("AIR-003", "rack", "relative_humidity", NORMAL, 0, 0.09, 0.07, "warning"),
    ("AIR-005", "crah", "supply", NORMAL, 0, 24.4, 24.6, "error"),
    ("AIR-005", "crah", "supply", FAILED, 0, 24.4, 24.6, "warning"),
    ("AIR-006", "crah", "loading", NORMAL, 0, 0.59, 0.61, "error"),
    ("AIR-007", "hall", "rci_hi", NORMAL, 0, 0.97, 0.95, "warning"),
    ("AIR-008", "hall", "rti", NORMAL, 0, 1.19, 1.21, "warning"),
    ("AIR-008", "hall", "rti", NORMAL, 0, 0.81, 0.79, "warning"),
    ("AIR-009", "hall", "shi", NORMAL, 0, 0.39, 0.41, "warning"),
    ("LIQ-001", "rack", "liquid_supply", FAILED, 0, 44.9, 45.1, "error"),
    ("LIQ-001", "rack", "liquid_supply", FAILED, 0, 2.1, 1.9, "error"),
    ("LIQ-002", "rack", "liquid_flow", FAILED, 0, 0.951 * 1.95, 0.949 * 1.95, "error"),
    ("LIQ-003", "rack", "liquid_drop", FAILED, 0, 1.49e5, 1.51e5, "error"),
    ("LIQ-004", "rack", "liquid_return", FAILED, 0, 64.9, 65.1, "error"),
    ("LIQ-005", "rack", "liquid_pressure", FAILED, 0, 4.9e5, 5.1e5, "error"),
    ("LIQ-017", "hall", "dew_point", NORMAL, 0, 31.9 - 2.0, 32.1, "warning"),
    ("LIQ-006", "hall", "dew_point", NORMAL, 0, 29.9, 30.1, "error"),
    ("LIQ-007", "cdu", "loading", FAILED, 1, 0.99, 1.01, "error"),
    ("LIQ-008", "cdu", "head_margin", FAILED, 1, 0.01, -0.01, "error"),
    ("LIQ-008", "loop", "head_margin", FAILED, 0, 0.01, -0.01, "error"),
    ("LIQ-009", "loop", "velocity", FAILED, 0, 2.9, 3.1, "warning"),
    ("LIQ-010", "loop", "supply", NORMAL, 1, 32.4, 32.6, "error"),
    ("LIQ-010", "loop", "supply", FAILED, 1, 32.4, 32.6, "warning"),
    ("LIQ-013", "plant", "loading", FAILED, 0, 0.99, 1.01, "error"),
    ("LIQ-014", "plant", "loading", NORMAL, 0, 0.99, 1.01, "error"),
    ("LIQ-014", "pump", "loading", NORMAL, 0, 0.49, 0.51, "error"),
    ("LIQ-015", "pump", "loading", FAILED, 0, 1.19, 1.21, "warning"),
    ("LIQ-018", "rack", "case_temperature", NORMAL, 0, 79.9, 80.1, "error"),
    ("LIQ-018", "rack", "case_temperature", FAILED, 0, 79.9, 80.1, "warning"),
    ("LIQ-019", "rack", "coupling_loading", FAILED, 0, 1.0009, 1.01, "warning"),
    ("LIQ-020", "rack", "case_temperature", FAILED, 0, 94.9, 95.1, "error"),
    ("LIQ-021", "rack", "liquid_surge", FAILED, 0, 1.99e5, 2.01e5, "error"),
    ("LIQ-021", "cdu", "primary_surge", FAILED, 0, 6.99e5, 7.01e5, "error"),
    ("LIQ-022", "cdu", "secondary_pressure", FAILED, 0, 0.99e6, 1.01e6, "error"),
    ("LIQ-022", "pump", "pressure", FAILED, 0, 1.59e6, 1.61e6, "error"),
    ("LIQ-022", "plant", "pressure", FAILED, 0, 0.99e6, 1.01e6, "error"),
    ("LIQ-022", "crah", "water_pressure", FAILED, 0, 1.59e6, 1.61e6, "error"),
    ("LIQ-023", "loop", "shutoff_pressure", FAILED, 0, 1.59e6, 1.61e6, "error"),
    ("LIQ-023", "loop", "surge_pressure", FAILED, 0, 1.59e6, 1.61e6, "error"),
    ("LIQ-024", "pump", "npsh_available", FAILED, 0, 3.61, 3.59, "error"),
    ("LIQ-025", "loop", "top_pressure", NORMAL, 0, 3.01e4, 2.99e4, "warning"),
    ("LIQ-025", "loop", "top_pressure", NORMAL, 0, 3.01e4, -1e2, "error"),
    ("LIQ-026", "loop", "return", FAILED, 0, 99, 101, "warning"),
    ("LIQ-027", "loop", "freezing_point", NORMAL, 1, 31, 33, "error"),
    ("LIQ-028", "loop", "velocity", NORMAL, 0, 2.39, 2.41, "warning"),
    ("LIQ-029", "rack", "flow_share", FAILED, 0, 0.91, 0.89, "warning"),
    ("LIQ-030", "cdu", "filter_drop", FAILED, 0, 0.99e5, 1.01e5, "warning"),
    ("LIQ-034", "loop", "decoupler", FAILED, 0, 0.01, -0.01, "warning"),
    ("LIQ-035", "loop", "flow", FAILED, 0, 10.01, 9.9, "warning"),
    ("PWR-001", "rack", "served", FAILED, 0, 1, 0, "error"),
    ("PWR-002", "feed", "loading", FAILED, 6, 0.79, 0.81, "error"),
    ("PWR-003", "power", "loading", FAILED, 1, 0.99, 1.01, "error"),
    ("PWR-004", "power", "loading", FAILED, 3, 0.99, 1.01, "error"),
    ("PWR-005", "power", "loading", FAILED, 5, 0.99, 1.01, "error"),
    ("PWR-007", "feed", "drop", NORMAL, 6, 0.029, 0.031, "warning"),
    ("PWR-008", "rack", "voltage", FAILED, 0, 0.91, 0.89, "error"),
    ("PWR-008", "rack", "voltage", FAILED, 0, 1.09, 1.11, "error"),
    ("PWR-009", "feed", "power", NORMAL, 6, 66e3 * 1.09, 66e3 * 1.12, "warning"),
    ("PWR-010", "power", "apparent", NORMAL, 0, 2.99e6, 3.01e6, "error"),
    ("PWR-021", "rack", "shelf_loading", FAILED, 0, 0.99, 1.01, "error"),
    ("PWR-022", "feed", "cable_loading", FAILED, 6, 0.99, 1.01, "error"),
    ("PWR-031", "power", "voltage", NORMAL, 1, 0.951, 0.949, "warning"),
    ("PWR-031", "power", "voltage", NORMAL, 1, 1.049, 1.051, "warning"),
    ("PWR-031", "rack", "voltage", NORMAL, 0, 0.901, 0.899, "warning"),
    ("PWR-032", "power", "voltage", FAILED, 1, 0.918, 0.916, "warning"),
    ("PWR-032", "rack", "voltage", FAILED, 0, 1.057, 1.059, "warning"),
    ("PWR-017", "power", "loading", NORMAL, 1, 0.79, 0.81, "warning"),
    ("PWR-018", "power", "loading", NORMAL, 5, 0.79, 0.81, "warning"),
    ("SOL-003", "rack", "throttle", NORMAL, 0, 0.9995, 0.998, "error"),
    ("SOL-004", "rack", "throttle", FAILED, 0, 0.9995, 0.998, "warning"),
    ("SOL-005", "rack", "power", FAILED, 0, 1e5, float("nan"), "error"),
    ("SOL-006", "hall", "rests", FAILED, 0, 1, 0, "warning"),
]


@pytest.mark.parametrize(
    ("code", "table", "quantity", "state", "column", "passes", "breaks", "severity"), CASES
)
def test_a_rule_holds_just_inside_and_breaks_just_outside_its_limit(
    facility, results, code, table, quantity, state, column, passes, breaks, severity
):
    results[table][quantity][state, column] = passes
    assert code not in {f.code for f in judge(facility, results).findings}
    results[table][quantity][state, column] = breaks
    found = [f for f in judge(facility, results).findings if f.code == code]
    assert [(f.severity, f.count) for f in found] == [(severity, 1)]
    assert found[0].scenario == results.scenarios[state].name
    assert found[0].margin < 0
    assert found[0].position is not None or code == "SOL-005"


def test_an_inlet_is_told_with_its_error(facility, results):
    results["rack"]["inlet_temperature"][0, 0], results["rack"]["inlet_error"][0, 0] = 36.04, 0.72
    (found,) = [f for f in judge(facility, results).findings if f.code == "AIR-001"]
    assert found.message.startswith("inlet air is 36.0 +/- 0.7 degC, 1.0 K above the 35.0 degC allowed")


def test_every_rule_of_the_solved_stage_is_seen_to_break():
    elsewhere = {"PWR-020", "PWR-006", "PWR-011", "PWR-015", "LIQ-011", "SOL-001", "SOL-002", "LIM-001"}
    elsewhere |= {"PWR-033", "PWR-034", "PWR-035", "LIQ-036"}
    solved = {code for code, rule in RULES.items() if rule.stage == "solved"}
    assert {case[0] for case in CASES} | elsewhere == solved


@pytest.mark.parametrize(
    ("code", "table", "quantity", "value"),
    [
        ("AIR-001", "rack", "inlet_temperature", 90),
        ("LIQ-001", "rack", "liquid_supply", 90),
        ("LIQ-002", "rack", "liquid_flow", 0),
        ("PWR-008", "rack", "voltage", 0.1),
        ("SOL-003", "rack", "throttle", 0),
    ],
)
def test_a_rack_without_power_breaks_only_the_rule_of_power(facility, results, code, table, quantity, value):
    results["rack"]["served"][0, 0] = 0
    results[table][quantity][0, 0] = value
    assert {f.code for f in judge(facility, results).findings} == {"PWR-001"}


@pytest.mark.parametrize(
    ("elevation", "allowed"), [(0, 35.0), (900, 35.0), (1200, 34.0), (2100, 31.0), (3000, 28.0)]
)
def test_the_allowable_limit_of_class_a2_falls_one_kelvin_per_300_m_above_900_m(
    facility, results, elevation, allowed
):
    facility = facility.replace(place=facility.place.replace(elevation=elevation))
    results["rack"]["inlet_temperature"][0, 0] = 35.5
    (found,) = [f for f in judge(facility, results).findings if f.code == "AIR-001"]
    assert found.limit == pytest.approx(allowed, abs=1e-12)


def test_dew_point_agrees_with_saturated_air_and_a_published_pair():
    temperature = np.linspace(-10, 45, 12)
    np.testing.assert_allclose(dew_point(temperature, np.ones(12)), temperature, atol=1e-12)
    # 25 degC and 50 %: 13.9 degC in the ASHRAE psychrometric chart No. 1
    assert dew_point(np.array(25.0), np.array(0.5)) == pytest.approx(13.86, abs=0.06)


def test_a_breaker_listed_for_full_load_may_carry_it(facility, results):
    results["feed"]["loading"][0, 6] = 0.95
    feeds = list(facility.feeds)
    feeds[6] = feeds[6].replace(rated_100=True)
    assert judge(facility.replace(feeds=tuple(feeds)), results).verdict == "pass"
    assert judge(facility, results).verdict == "fail"


def test_above_its_rating_the_second_side_trips_after_a_failure(facility, results):
    results["feed"]["loading"][FAILED, 6] = 1.05
    assert {f.code for f in judge(facility, results).findings} == {"PWR-002", "PWR-015"}


def test_total_voltage_drop_adds_up_to_the_last_ups(facility, results):
    """2.5 % in the busway's feed and 2.9 % in the whip: 5.4 %; the 9 % above the UPS do not count."""
    names = results["feed"].ids
    for name, drop in (("tx.A.in", 0.0), ("ups.A.in", 0.09), ("bw.A.in", 0.025), ("p1.s.01.inA", 0.029)):
        results["feed"]["drop"][0, names.index(name)] = drop
    (found,) = judge(facility, results).findings
    assert (found.code, found.subject) == ("PWR-007", "p1.s.01.inA")
    assert found.value == pytest.approx(0.054, rel=1e-12)
    assert found.message == "voltage drop in all is 5.4 %, 8 % above the 5.0 % allowed"


def test_spread_of_feeds_is_the_difference_over_the_mean():
    values = np.array([[90.0, 110.0, 5.0, 0.0, 0.0], [100.0, 100.0, 5.0, 30.0, 60.0]])
    np.testing.assert_allclose(_spread(values, [[0, 1], [3, 4]]), [[0.2, 0.0], [0.0, 30 / 45]])


def test_generators_and_panels_are_judged_by_their_rating(design, facility):
    pdu = Pdu(kind="pdu", source="assumed", rating=500e3)
    panel = design.machine("rpp", "board", (90, 5)).replace(product=pdu)
    facility = facility.replace(machines=(*facility.machines, design.machine("gen", "gen", (90, 0)), panel))
    results = design.results(facility)
    columns = [results["power"].index(name) for name in ("gen", "rpp")]
    results["power"]["loading"][2, columns] = 1.01
    found = {f.code: f.message for f in judge(facility, results).findings}
    assert set(found) == {"PWR-006", "PWR-011"}
    assert found["PWR-006"].startswith("PDU load is 101.0 %")
    results["power"]["live"][2, columns] = 0  # standing still
    assert judge(facility, results).verdict == "pass"


@pytest.mark.parametrize(
    ("supply", "name"),
    [(17, "W17"), (17.1, "W27"), (32.0000001, "W32"), (40, "W40"), (45, "W45"), (46, "W+")],
)
def test_facility_water_classes(supply, name):
    assert class_of(supply)[0] == name


def test_facility_water_above_45_is_a_warning_that_names_the_class(facility, results):
    results["loop"]["supply"][0, 0] = results["loop"]["setpoint"][0, 0] = 46.0
    found = [f for f in judge(facility, results).findings if f.code == "LIQ-011"]
    assert [f.message for f in found] == [
        "facility water (class W+) is 46.0 degC, 1.0 K above the 45.0 degC allowed"
    ]


def test_condensation_concerns_loops_that_reach_racks_only(facility, results):
    results["hall"]["dew_point"][:] = 31.0
    assert {f.subject for f in judge(facility, results).findings if f.code == "LIQ-006"} == {"tcs"}


def test_balances_that_do_not_close_are_errors(facility, results):
    results.conservation["energy"][4] = -2e-6
    (found,) = judge(facility, results).findings
    assert (found.code, found.subject, found.scenario) == (
        "SOL-002",
        "site.energy",
        results.scenarios[4].name,
    )


def test_runaway_names_the_machine_whose_loss_brings_it_about(design, facility):
    states = design.states(facility)
    results = design.results(
        facility, states, [name.name not in ("lose:dry.1", "lose:pump.2") for name in states]
    )
    results = type(results)(**{**vars(results), "reports": ()})
    found = {f.subject: f.message for f in judge(facility, results).findings}
    assert set(found) == {"dry.1", "pump.2"}
    assert (
        found["dry.1"] == "no steady state: no balance after 7 passes (thermal runaway), when dry.1 is lost"
    )


# --- the designer's limits


def limited(facility, *limits):
    marks = [Mark(file="hall.yaml", line=70 + i) for i in range(len(limits))]
    return facility.replace(limits=tuple(zip(limits, marks, strict=True)))


def broken_limits(facility, results):
    return {(f.subject, f.line): f for f in judge(facility, results).findings if f.code == "LIM-001"}


def test_a_limit_shows_its_own_line_units_and_severity(facility, results):
    facility = limited(facility, Limit(what="site.pue", max="1.10", severity="warning"))
    assert check_limits(facility) == []
    ((key, found),) = broken_limits(facility, results).items()
    assert key == ("site", 70)
    assert found.severity == "warning"
    assert found.message == "power usage effectiveness (site.pue) is 1.14, 3 % above the 1.1 allowed"


def test_limits_hold_in_the_states_they_name(facility, results):
    row = results.scenario_index("lose:bw.A")
    results["feed"]["loading"][row, 6] = 0.75
    during = {"normal": 0, "any": 1, "lose:bw.A": 1, "lose:bw.*": 1, "lose:kind:busway": 1, "lose:ups.A": 0}
    for state, count in during.items():
        facility_ = limited(facility, Limit(what="breaker.load", max="70 %", during=(state,)))
        assert check_limits(facility_) == []
        assert len(broken_limits(facility_, results)) == count, state


def test_a_named_loss_of_several_machines_is_a_state_of_its_own(design, facility):
    both = Scenario(name="lose:bw.*", failed=("bw.A", "bw.B"))
    results = design.results(facility, (*design.states(facility), both))
    results["rack"]["inlet_temperature"][-1] = 30.0
    facility = limited(facility, Limit(what="rack.inlet", max="29 degC", during=("lose:bw.*",)))
    found = broken_limits(facility, results)
    assert len(found) == 4
    assert all(f.message.endswith("when bw.* is lost") for f in found.values())


def test_limits_select_machines_feeds_through_their_source_and_kinds(facility, results):
    results["feed"]["loading"][:] = 0.75
    results["power"]["loading"][:] = 0.75
    cases = (
        ("rack.power", None, "100 kW", 4),
        ("rack.power", "row:p1.s", "100 kW", 2),
        ("rack.power", ("p1.s.01", "p1.n.02"), "100 kW", 2),
        ("breaker.load", "bw.A", "70 %", 4 + 9 + 1),
        ("breaker.load", "p1.s.01", "70 %", 2),
        ("breaker.load", "p1.s.01.inA", "70 %", 1),
        ("ups.loading", None, "70 %", 2),
        ("power.loading", "tx.*", "70 %", 2),
        ("dry_cooler.loading", None, "40 %", 3),
        ("loop.supply", "tcs", "30 degC", 1),
        ("hall.shi", None, "5 %", 1),
    )
    for what, select, bound, count in cases:
        facility_ = limited(facility, Limit(what=what, select=select, max=bound))
        assert check_limits(facility_) == []
        assert len(broken_limits(facility_, results)) == count, what


def test_each_limit_has_a_margin_and_both_bounds_count(facility, results):
    facility = limited(
        facility,
        Limit(what="rack.inlet_temperature", min="20 degC", max="26 degC", during=("any",)),
        Limit(what="site.cost", max="0.3 USD/Mtoken"),
    )
    assert check_limits(facility) == []
    margins = {f.line: f.margin for f in judge(facility, results).margins if f.code == "LIM-001"}
    assert margins == {70: pytest.approx(0.2), 71: pytest.approx(1 / 3)}
    results["rack"]["inlet_temperature"][:, 0] = 19.0
    results["rack"]["inlet_temperature"][1, 0] = 28.0
    (found,) = broken_limits(facility, results).values()
    assert (found.value, found.count) == (28.0, len(results.scenarios))


@pytest.mark.parametrize(
    ("limit", "message"),
    [
        (Limit(what="rack.inlet_temp", max="30 degC"), 'did you mean "rack.inlet_temperature"?'),
        (Limit(what="rack.power", max="30 degC"), "'degC' is not a power unit"),
        (Limit(what="rack.power", max=30.0), "bare number 30"),
        (
            Limit(what="rack.power", max="30 kW", select="nothing"),
            "nothing that nothing selects has the quantity",
        ),
        (
            Limit(what="rack.power", max="30 kW", select="cdu.*"),
            "nothing that cdu.* selects has the quantity",
        ),
        (Limit(what="chiller.loading", max="90 %"), "nothing has the quantity chiller.loading"),
        (Limit(what="site.pue", max=1.2, during=("summer",)), '"summer" is no state'),
        (Limit(what="site.pue", max=1.2, during=("lose:nobody",)), "loses nothing that exists"),
    ],
)
def test_mistakes_in_limits_are_told_with_their_line(facility, limit, message):
    ((mark, text),) = check_limits(limited(facility, limit))
    assert mark.line == 70
    assert message in text


def test_a_poor_power_factor_is_told_where_power_is_drawn(facility, results):
    meter = results["power"].index("grid")
    results["power"]["apparent"][0, meter] = 1e6
    for power, told in ((0.96e6, False), (0.94e6, True), (0.0, False)):
        results["power"]["power"][0, meter] = power
        assert ("PWR-033" in {f.code for f in judge(facility, results).findings}) == told


def test_the_electrical_loss_component_has_a_limit_that_can_be_overridden(facility, results):
    site = results["site"].values
    site["electrical_loss"] = np.full((len(results.scenarios), 1), 0.28)  # type: ignore[index]
    assert "PWR-034" not in {f.code for f in judge(facility, results).findings}
    reason = Override(rule="PWR-034", max="12 %", reason="the edition in force asks for less")
    strict = facility.replace(overrides=((reason, Mark(file="hall.yaml", line=3)),))
    (found,) = [f for f in judge(strict, results).findings if f.code == "PWR-034"]
    assert found.limit == 0.12 and "edition in force" in found.message


def test_shelves_with_spare_modules_must_do_without_them(facility, results):
    """N+N of 48 modules: half of them carry the rack, so the load of all may be half."""
    shelf = PowerShelf(
        kind="power_shelf",
        source="assumed",
        rating=264e3,
        modules=48,
        spare=24,
        efficiency=((0.1, 0.95), (1, 0.97)),
    )
    product = facility.by_id["p1.s.01"].product.replace(shelf=shelf)
    changed = facility.by_id["p1.s.01"].replace(product=product)
    spared = facility.replace(machines=tuple(changed if m.id == "p1.s.01" else m for m in facility.machines))
    column = results["rack"].index("p1.s.01")
    for load, told in ((0.49, False), (0.51, True)):
        results["rack"]["shelf_loading"][0, column] = load
        assert ("PWR-035" in {f.code for f in judge(spared, results).findings}) == told


@pytest.mark.parametrize(("value", "severity"), [(101.0, "warning"), (119.0, "warning"), (51_403.0, "error")])
def test_a_coolant_that_would_boil_away_is_an_error_that_is_told_first(facility, results, value, severity):
    results["loop"]["return"][0, 0] = value
    results["rack"]["inlet_temperature"][0, 0] = 1e6
    found = judge(facility, results).findings
    (boils,) = [f for f in found if f.code == "LIQ-026"]
    assert boils.severity == severity
    assert ("boil away" in boils.message) == (severity == "error") == (found[0] is boils)


def test_a_loop_that_cannot_work_is_told_before_the_state_without_a_solution(facility, results):
    loop = facility.circuits[0]
    broken = facility.replace(circuits=(loop.replace(pumps=()), *facility.circuits[1:]))
    settled = (False, *results.settled[1:])
    first, second = judge(broken, replace(results, settled=settled)).findings[:2]
    assert (first.code, first.subject, second.code) == ("LIQ-012", loop.id, "SOL-001")
