"""Short circuits of small facilities, worked out by hand, and what the rules say of them."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest

import twin.studies
from twin.checks import judge
from twin.coupling import evaluate
from twin.layout.load import load_text
from twin.studies.faults import faults

HALL = """twin: 1
name: Faults
site: {{climate: ashburn, grid: {grid}}}
hall: {{size: [14 m, 8 m, 4 m]}}
pods: [{{id: p, at: [2 m, 2 m], rows: [{{id: s, face: south, lineup: [2 x {rack}]}}]}}]
air: {{crahs: [{{id: c, type: crah_150kw, count: 2, supply: 22 degC}}]}}
liquid:
  plant: [{{id: ch, type: chiller_ac_1200kw, count: 2}}]
  pumps: [{{id: chp, type: pump_25ls, count: 2}}]
  loops: [{{id: chw, source: ch, sinks: "kind:crah", pumps: chp, supply: 14 degC}}]
"""
GRID = (
    "  utility: {id: grid, voltage: 33 kV, capacity: 5 MVA, fault_level: 500 MVA, fault_level_min: 250 MVA}\n"
)
MAINS = f"""power:
{GRID}  transformers: [{{id: tx, type: tx_1000kva, from: grid}}]
  switchboards: [{{id: msb, type: swb_2000a, from: tx, cable: feeder_1600a, length: 20 m}}]
"""
WHIP = "  whips: [{to: 'kind:rack', from: %s, breaker: 32 A, cable: whip_32a, length: 15 m%s}]\n"

# tx_1000kva, feeder_1600a, whip_32a of the catalogue
UN, RATING, IMPEDANCE, LOSS = 415.0, 1e6, 0.0575, 5.73e3
FEEDER = complex(0.01772e-3, 0.02559e-3) * 20.0
CIRCUIT = complex(2.559e-3, 0.1706e-3) * 15.0
HOT = 1 + 0.004 * (80 - 20)


@pytest.fixture(autouse=True)
def only_faults(monkeypatch):
    monkeypatch.setattr(twin.studies, "STUDIES", {"faults": faults})


def solved(power: str, *, rack: str = "enterprise_rack", grid: str = "us-va", more: str = ""):
    facility = load_text(HALL.format(rack=rack, grid=grid) + power + more)
    return facility, evaluate(facility, failures=False, studies="quick")


def at(results, name: str, quantity: str, table: str = "fault") -> float:
    found = results.studies[table]
    return float(found[quantity][found.index(name)])


def grid_impedance(power: float, c: float) -> complex:
    """Seen at 415 V."""
    x = c * 33e3**2 / power / sqrt(1 + 0.1**2) * (UN / 33e3) ** 2
    return complex(0.1 * x, x)


def transformer_impedance() -> complex:
    resistance = LOSS / RATING
    return complex(resistance, sqrt(IMPEDANCE**2 - resistance**2)) * UN**2 / RATING


def corrected() -> complex:
    """Transformer with K_T of the greatest currents."""
    z = transformer_impedance()
    return z * 0.95 * 1.05 / (1 + 0.6 * z.imag * RATING / UN**2)


def broken(facility, results, code: str):
    return [finding for finding in judge(facility, results).findings if finding.code == code]


def test_greatest_current_is_c_times_voltage_over_the_whole_chain():
    _, results = solved(MAINS + WHIP % ("msb", ""))
    board = grid_impedance(500e6, 1.10) + corrected() + FEEDER
    for name, z in (("msb", board), ("p.s.01", board + CIRCUIT)):
        assert at(results, name, "three_phase_max") == pytest.approx(1.05 * UN / sqrt(3) / abs(z), rel=1e-9)
    assert at(results, "p.s.01.in", "prospective", "protection") == pytest.approx(
        at(results, "msb", "three_phase_max"), rel=1e-12
    )


def test_smallest_earth_fault_is_that_of_hot_conductors_and_a_weak_grid():
    """Zero sequence: the transformer's star point is earthed, cables have four times their impedance."""
    _, results = solved(MAINS + WHIP % ("msb", ""))
    cables = FEEDER + CIRCUIT
    positive = grid_impedance(250e6, 1.00) + transformer_impedance() + complex(cables.real * HOT, cables.imag)
    zero = transformer_impedance() + 4 * complex(cables.real * HOT, cables.imag)
    by_hand = 3 * 0.95 * UN / sqrt(3) / abs(2 * positive + zero)
    assert at(results, "p.s.01", "earth_min") == pytest.approx(by_hand, rel=1e-9)
    assert at(results, "p.s.01.in", "earth_min", "protection") == pytest.approx(by_hand, rel=1e-9)
    assert at(results, "p.s.01.in", "earth_over_pickup", "protection") == pytest.approx(
        by_hand / 384, rel=1e-9
    )
    assert at(results, "p.s.01.in", "disconnection", "protection") == pytest.approx(0.02)


def test_a_generator_gives_its_voltage_over_its_subtransient_reactance():
    power = """power:
  generators: [{id: gen, type: gen_1500kw}]
  switchboards: [{id: msb, type: swb_2000a, from: gen}]
"""
    facility, results = solved(power + WHIP % ("msb", ""))
    sheet = facility.by_id["gen"].product
    rating, x = sheet.rating / sheet.power_factor, sheet.subtransient_reactance
    assert sheet.power_factor == 0.8
    by_hand = (1 + 0.6 * x) / x * rating / (sqrt(3) * UN)  # K_G takes c out again
    assert at(results, "msb", "three_phase_max") == pytest.approx(by_hand, rel=1e-9)


def test_a_ups_gives_the_bypass_at_most_and_its_inverter_at_least():
    power = MAINS.replace("from: tx,", "from: tx,") + "  ups: [{id: ups, type: ups_500kw, from: msb}]\n"
    facility, results = solved(power + WHIP % ("ups", ""))
    sheet = facility.by_id["ups"].product
    rated = sheet.rating / (sqrt(3) * sheet.voltage)
    assert at(results, "ups", "three_phase_min") == pytest.approx(sheet.fault_current * rated, rel=1e-12)
    bypass = complex(0.004, sheet.bypass_impedance) * sheet.voltage**2 / sheet.rating
    chain = grid_impedance(500e6, 1.10) + corrected() + FEEDER + bypass
    assert at(results, "ups", "three_phase_max") == pytest.approx(1.05 * UN / sqrt(3) / abs(chain), rel=1e-9)


def test_the_worst_state_is_named_and_transfer_switches_take_their_other_position():
    power = f"""power:
{GRID}  transformers: [{{id: tx, type: tx_1000kva, from: grid}}]
  generators: [{{id: gen, type: gen_2500kw}}]
  transfer_switches: [{{id: ats, type: ats_4000a, from: [tx, gen]}}]
"""
    _, results = solved(power + WHIP % ("ats", ""))
    told = results.answers["faults"]
    assert told["states"] == [
        "on the mains",
        "on generators",
        "with transfer switches in their other position",
    ]
    assert told["highest"]["where"] in ("gen", "ats") and told["highest"]["state"] == "on generators"
    assert at(results, "ats", "state") == 1 and at(results, "tx", "state") == 0
    assert at(results, "ats", "three_phase_max") == pytest.approx(
        at(results, "gen", "three_phase_max"), rel=1e-9
    )


def test_a_breaker_of_too_small_an_interrupting_rating_is_named_with_its_line():
    facility, results = solved(MAINS + WHIP % ("msb", ", interrupting: 10 kA"))
    found = broken(facility, results, "FLT-001")
    line = 1 + HALL.format(rack="x", grid="x").count("\n") + MAINS.count("\n")
    assert {one.subject for one in found} == {"p.s.01.in", "p.s.02.in"}
    assert all(one.line == line and one.severity == "error" and one.limit == 10e3 for one in found)
    assert "interrupting rating needed is" in found[0].message and "10 kA" in found[0].message
    assert judge(facility, results).verdict == "fail"


def test_after_iec_the_making_capacity_counts_and_after_ul_the_power_factor_of_the_test():
    """Breakers of 25 kA: UL 489 tests at X/R 4.90, IEC 60947-2 has a making capacity of 2.1 times."""
    needed = {}
    for grid in ("us-va", "de"):
        _, results = solved(MAINS + WHIP % ("msb", ", interrupting: 25 kA"), grid=grid)
        needed[grid] = at(results, "p.s.01.in", "interrupting_needed", "protection")
    current, peak = at(results, "msb", "three_phase_max"), at(results, "msb", "peak_max")
    assert needed["de"] == pytest.approx(max(current, peak / 2.1), rel=1e-9)
    ratio = -3 / np.log((peak / current / sqrt(2) - 1.02) / 0.98)
    test = sqrt(1 - 0.2**2) / 0.2
    factor = (1 + np.exp(-np.pi / ratio)) / (1 + np.exp(-np.pi / test))
    assert needed["us-va"] == pytest.approx(max(factor, 1) * current, rel=1e-9)


def test_an_override_with_a_reason_takes_the_place_of_the_rating():
    more = "override: [{rule: FLT-001, max: 60 kA, reason: series rated with the fuses upstream}]\n"
    facility, results = solved(MAINS + WHIP % ("msb", ", interrupting: 10 kA"), more=more)
    assert broken(facility, results, "FLT-001") == []
    kept = [one for one in judge(facility, results).margins if one.code == "FLT-001"]
    assert any("series rated" in one.message for one in kept)


def test_two_magnets_in_series_are_selective_up_to_the_lower_edge_of_the_upper_one():
    """400 A with a magnet at ten times, 20 % below: 3.2 kA."""
    board = MAINS.replace(
        "length: 20 m}]", "length: 20 m}, {id: sub, type: swb_2000a, from: msb, breaker: 400 A, trip: {}}]"
    )
    facility, results = solved(board + WHIP % ("sub", ""))
    share = at(results, "p.s.01.in", "selective", "protection")
    prospective = at(results, "p.s.01.in", "prospective", "protection")
    assert share * prospective == pytest.approx(3200, rel=1e-6)
    warned = broken(facility, results, "FLT-003")
    assert {one.subject for one in warned} == {"p.s.01.in", "p.s.02.in"}
    assert warned[0].severity == "warning" and "with sub.in" in warned[0].message
    told = results.answers["faults"]
    assert told["partial"] == 2 and told["compared"] == 3
    assert any("not selective" in words and "3.2 kA" in words for words in told["sentences"])


def test_a_short_time_delay_makes_them_selective():
    delayed = "trip: {type: electronic, short_pickup: 8, short_delay: 100 ms}"
    board = MAINS.replace(
        "length: 20 m}]",
        f"length: 20 m}}, {{id: sub, type: swb_2000a, from: msb, breaker: 400 A, {delayed}}}]",
    )
    facility, results = solved(board + WHIP % ("sub", ""))
    assert at(results, "p.s.01.in", "selective", "protection") == 1.0
    assert broken(facility, results, "FLT-003") == []


def test_a_long_thin_circuit_clears_an_earth_fault_too_late():
    facility, results = solved(MAINS + (WHIP % ("msb", "")).replace("15 m", "400 m"))
    late = broken(facility, results, "FLT-004")
    assert late and late[0].limit == 0.4 and late[0].value > 0.4 and late[0].severity == "warning"
    assert results.answers["faults"]["slow"] == 2


def test_assemblies_without_the_rating_fail():
    weak = MAINS.replace("fault_level: 500 MVA", "fault_level: 500 MVA").replace("tx_1000kva", "tx_4000kva")
    facility, results = solved(weak + WHIP % ("msb", ""))
    assert [one.subject for one in broken(facility, results, "FLT-002")] == ["msb"]


def test_an_arc_burns_until_the_protection_upstream_clears_it():
    """Faster protection, less energy; a transformer's secondary waits for the primary side."""
    _, slow = solved(MAINS + WHIP % ("msb", ""))
    fast = MAINS.replace(
        "length: 20 m", "length: 20 m, breaker: 1600 A, trip: {type: electronic, instantaneous: 3}"
    )
    facility, quick = solved(fast + WHIP % ("msb", ""))
    assert 0 < at(quick, "msb", "incident_energy") < 0.3 * at(slow, "msb", "incident_energy")
    assert at(quick, "tx", "incident_energy") == pytest.approx(at(slow, "tx", "incident_energy"))
    assert at(quick, "tx", "incident_energy") > at(quick, "msb", "incident_energy")
    assert at(quick, "grid", "incident_energy") == 0
    assert all(one.value > 40 * 4.184e4 for one in broken(facility, quick, "FLT-005"))


def test_sentences_say_what_was_not_checked_and_what_was_assumed():
    bare = MAINS.replace(", fault_level: 500 MVA, fault_level_min: 250 MVA", "")
    bare = bare.replace(
        "switchboards: [{id: msb, type: swb_2000a",
        "busways: [{id: msb, type: busway_800a_415v, along: 'row:*'",
    )
    _, results = solved(bare + WHIP % ("msb", ""))
    words = " | ".join(results.answers["faults"]["sentences"])
    assert "highest short-circuit current is" in words
    assert "2 breakers have no interrupting rating in the layout and are not checked" in words
    assert "no fault level is given for grid: 20 times the capacity assumed" in words
    assert (
        "all 2 breakers are selective with those upstream (2 protections of the power tree assumed" in words
    )


def test_a_supply_without_earth_is_told_with_the_state_it_is_in():
    """Behind a delta no earth fault current returns; a generator's neutral is earthed."""
    delta = "catalogue: {tx_it: {like: tx_1000kva, vector_group: Dd0, source: assumed}}\n"
    power = MAINS.replace("tx_1000kva", "tx_it").replace("from: tx,", "from: ats,") + (
        "  generators: [{id: gen, type: gen_1500kw}]\n"
        "  transfer_switches: [{id: ats, type: ats_1600a, from: [tx, gen]}]\n"
    )
    facility, results = solved(power + WHIP % ("msb", ""), more=delta)
    answer = results.answers["faults"]
    assert set(answer["unearthed"]) == {"on the mains"}
    assert set(answer["unearthed"]["on the mains"]) == {"tx", "ats", "msb", "p.s.01", "p.s.02"}
    assert at(results, "msb", "earth_max") > 0 and not broken(facility, results, "FLT-004")
    (words,) = [s for s in answer["sentences"] if "unearthed" in s]
    assert words.startswith("no earth fault current on the mains at msb and 4 more: ")
    _, earthed = solved(MAINS + WHIP % ("msb", ""))
    assert earthed.answers["faults"]["unearthed"] == {}


def test_every_number_is_finite_and_the_answer_is_plain():
    import json

    _, results = solved(MAINS + WHIP % ("msb", ""))
    for table in (results.studies["fault"], results.studies["protection"]):
        for values in table.values.values():
            assert values.shape == (len(table.ids),) and np.isfinite(values).all()
    json.dumps(results.answers["faults"], allow_nan=False)


def test_a_direct_current_part_is_left_out_and_told():
    power = (
        MAINS
        + """  rectifiers: [{id: dc, type: rectifier_2mw_800vdc, from: {A: msb}}]
  busways: [{id: bw, type: busway_3000a_800vdc, along: "row:*", from: dc}]
  whips: [{to: "kind:rack", from: bw, breaker: 400 A, cable: whip_400a_800vdc, poles: 2}]
"""
    )
    _, results = solved(power, rack="vr_nvl72")
    assert {"dc", "msb"} <= set(results.studies["fault"].ids)
    assert "bw.p.s" not in results.studies["fault"].ids
    assert results.studies["protection"].ids == ()
    assert any("direct-current part (2 machines)" in w for w in results.answers["faults"]["sentences"])


def test_a_layout_without_a_power_tree_gives_nothing():
    facility, results = solved("")
    assert not results.studies and results.answers["faults"] == {"sentences": []}
    assert not [one for one in judge(facility, results).findings if one.code.startswith("FLT")]
