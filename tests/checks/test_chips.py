"""Lids and couplings: what the rules leave out, and the values of a solved layout by hand."""

from __future__ import annotations

import numpy as np
import pytest

from solvers.fluids import FLUIDS
from solvers.hydraulics.cold_plate import CEILING
from twin.checks import RULES, judge
from twin.coupling import evaluate
from twin.layout.load import load_text
from twin.model.base import Mark
from twin.model.language import Override

NORMAL, FAILED = 0, 10


def findings(facility, results, code):
    return [f for f in judge(facility, results).findings if f.code == code]


def test_the_pressure_at_the_coupling_counts(facility, results):
    results["rack"]["liquid_pressure"][FAILED, 0] = 5.1e5
    assert [f.severity for f in findings(facility, results, "LIQ-019")] == ["warning"]


def test_racks_without_data_are_not_judged(facility, results):
    bare = facility.racks[0].product.replace(cold_plate=None, quick_disconnect=None)
    machines = tuple(m.replace(product=bare) if m.kind == "rack" else m for m in facility.machines)
    results["rack"]["case_temperature"][:], results["rack"]["coupling_loading"][:] = 99.0, 2.0
    assert not judge(facility.replace(machines=machines), results).findings


@pytest.mark.parametrize("quantity", ["served", "liquid_flow"])
def test_a_rack_without_power_or_flow_breaks_other_rules(facility, results, quantity):
    results["rack"]["case_temperature"][FAILED, 0] = CEILING
    results["rack"][quantity][FAILED, 0] = 0.0
    assert not findings(facility, results, "LIQ-018")


def test_a_limit_can_be_overridden_with_a_reason(facility, results):
    """The limit of operation moves; that of the shutdown stays."""
    results["rack"]["case_temperature"][NORMAL, 0], results["rack"]["case_temperature"][FAILED, 0] = (
        82.0,
        96.0,
    )
    own = Override(rule="LIQ-018", max="97 degC", reason="letter of the maker, 3 May 2026")
    changed = facility.replace(overrides=((own, Mark(file="hall.yaml", line=1)),))
    assert [f.code for f in judge(changed, results).findings] == ["LIQ-020"]


def test_the_rules_name_the_sheet():
    assert {RULES[code].standard for code in ("LIQ-018", "LIQ-019", "LIQ-020")} == {"rack data sheet"}


HALL = """
twin: 1
name: Two racks
site: {outdoor: {dry_bulb: 20 degC, wet_bulb: 15 degC}}
hall: {size: [10 m, 8 m, 5 m], floor: {load_limit: 30 kPa}}
pods:
  - id: p
    at: [2 m, 3 m]
    rows: [{id: s, face: south, lineup: [cdu_1300kw, 2 x gb300_nvl72, storage_rack]}]
air: {crahs: [{id: crah, type: crah_150kw, count: 2, supply: 22 degC}]}
liquid:
  plant: [{id: dry, type: dry_cooler_1mw, count: 1}, {id: ch, type: chiller_ac_1200kw, count: 1}]
  pumps: [{id: fwp, type: pump_60ls, count: 1}, {id: chp, type: pump_25ls, count: 1}]
  loops:
    - {id: fws, source: dry, sinks: "kind:cdu", pumps: fwp, supply: 30 degC}
    - {id: tcs, fluid: pg25, source: "kind:cdu", sinks: "type:gb300_nvl72", supply: 40 degC}
    - {id: chw, source: ch, sinks: "kind:crah", pumps: chp, supply: 14 degC}
power:
  utility: {id: grid, voltage: 415 V, capacity: 4 MVA}
  switchboards: [{id: swb, type: swb_4000a_415v, from: grid}]
  whips: [{to: ["kind:rack", "kind:cdu", "kind:crah", dry, ch, fwp, chp], from: swb, per_rack: 4}]
"""


@pytest.fixture(scope="module")
def hall():
    facility = load_text(HALL)
    return facility, evaluate(facility)


def test_the_lid_of_a_solved_rack_is_coolant_and_resistance_by_hand(hall):
    facility, results = hall
    rack, column = results["rack"], 0
    sheet = facility.racks[column].product.cold_plate
    coolant = FLUIDS["pg25"]
    supply = float(rack["liquid_supply"][NORMAL, column])
    flow = rack["liquid_flow"][NORMAL, column] / float(coolant.density(supply)) * sheet.flow_share / 72

    def film(t, volume):
        reynolds = float(coolant.density(t) / coolant.viscosity(t)) * volume
        return float(coolant.conductivity(t)) * reynolds**0.7 * float(coolant.prandtl(t)) ** (1 / 3)

    thinner = film(sheet.rated_supply, sheet.rated_flow) / film(supply, flow)
    rise = sheet.lid_rise * (1 - sheet.film_share + sheet.film_share * thinner)
    power = rack["chip_power"][NORMAL, column] / 72
    lid = supply + rise * power / sheet.rated_power
    assert rack["case_temperature"][NORMAL, column] == pytest.approx(lid, rel=1e-9)
    assert rack["case_margin"][NORMAL, column] == pytest.approx(sheet.case_max - lid, rel=1e-9)
    assert 55 < lid < 75


def test_tables_hold_numbers_everywhere_and_zero_without_data(hall):
    _, results = hall
    rack = results["rack"]
    for quantity in ("case_temperature", "case_margin", "coupling_loading"):
        assert np.isfinite(rack[quantity]).all()
        assert (rack[quantity][:, 2] == 0.0).all()  # the storage rack
    assert 0.5 < rack["coupling_loading"][NORMAL, 0] < 0.8
    out = [row for row, state in enumerate(results.scenarios) if "fwp" in " ".join(state.out)]
    assert out


def test_a_solved_hall_tells_the_lid_among_its_margins(hall):
    facility, results = hall
    verdict = judge(facility, results)
    codes = {f.code for f in (*verdict.findings, *verdict.margins)}
    assert {"LIQ-018", "LIQ-019"} <= codes
