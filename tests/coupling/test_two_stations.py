"""Secondary pumps, decouplers, boosters, by-passes, three-way valves and machines on a roof or in a basement."""

import numpy as np
import pytest

from solvers.fluids import FLUIDS
from solvers.hydraulics.case import GRAVITY
from twin.checks import judge
from twin.coupling import evaluate, normal_state
from twin.geometry import routes
from twin.layout import LayoutError, load, load_text
from twin.networks.facility import lower
from twin.scenario import Scenario

TEXT = """
twin: 1
name: Two stations
site: {climate: golden}
catalogue:
  first: {like: pump_25ls, flow: 20 L/s, head: 40 kPa, part_load: constant, source: assumed}
  second: {like: pump_25ls, flow: 20 L/s, head: 120 kPa, part_load: constant, source: assumed}
hall: {size: [14 m, 8 m, 4 m]}
pods: [{id: p, at: [4 m, 2 m], rows: [{id: s, face: south, lineup: [2 x cdu_1300kw, 6 x gb300_nvl72]}]}]
air: {crahs: [{id: c, type: crah_150kw, along: west, count: 2, supply: 24 degC}], dew_point: 10 degC}
liquid:
  plant:
    - {id: dry, type: dry_cooler_1mw, count: 2}
    - {id: ch, type: chiller_ac_1200kw, count: 2}
  pumps:
    - {id: pp, type: first, count: 2}
    - {id: sp, type: second, count: 2}
    - {id: chp, type: pump_25ls, count: 2}
  loops:
    - {id: fws, source: dry, sinks: "kind:cdu", pumps: pp, secondary: sp, supply: 40 degC}
    - {id: tcs, fluid: pg25, source: "kind:cdu", sinks: "type:gb300_*", supply: 44 degC}
    - {id: chw, source: ch, sinks: "kind:crah", pumps: chp, supply: 14 degC}
power:
  utility: {id: grid, voltage: 415 V, capacity: 3 MVA}
  switchboards: [{id: swb, type: swb_4000a_415v, from: grid}]
  whips: [{to: ["type:gb300_*", "kind:crah", "kind:cdu", ch, chp, pp, sp, dry], from: swb, per_rack: 2}]
"""
FWS = "pumps: pp, secondary: sp, supply: 40 degC"
SHAFT = 0.91
"""Motor efficiency of both pumps: what of their power reaches the water."""
LOST = ((), ("pp1",), ("pp1", "pp2"), ("sp1",), ("sp1", "sp2"), ("pp1", "pp2", "sp1", "sp2"))


def states(text, *lost, load=1.0):
    named = [
        Scenario(name=f"lose:{'+'.join(out)}" if out else "normal", failed=out, load=load)
        for out in lost or ((),)
    ]
    return evaluate(load_text(text), tuple(named))


def changed(old, new, text=TEXT):
    assert old in text
    return text.replace(old, new)


def loop(results, name="fws", row=0):
    """Everything of one loop, and the heat capacity of its water. [J/(kg K)]"""
    found = {q: values[row, results["loop"].index(name)] for q, values in results["loop"].values.items()}
    rise = found["return"] - found["supply"]
    return found | {"capacity": found["heat"] / found["flow"] / rise if rise else 0.0}


def shaft(results, *pumps, row=0):
    return SHAFT * sum(results["pump"].at(name, "power", row) for name in pumps)


@pytest.fixture(scope="module")
def surplus():
    return states(TEXT, *LOST)


@pytest.fixture(scope="module")
def slow():
    """Primary pumps too slow for what the secondary ones draw."""
    return states(
        changed(FWS, f"{FWS}, primary: {{hold: speed, speed: 25 %}}, bypass: {{at: plant, flow: 2 L/s}}")
    )


# -- the decoupler -----------------------------------------------------------------------------------------


def test_primary_pumps_give_a_surplus_that_goes_back_through_the_decoupler(surplus):
    fws = loop(surplus)
    assert fws["source_flow"] == pytest.approx(1.05 * fws["flow"], rel=1e-6)  # rest of the coupling
    assert fws["decoupler"] == pytest.approx(fws["source_flow"] - fws["flow"], rel=1e-9)
    assert fws["supply"] - fws["source_supply"] == pytest.approx(
        shaft(surplus, "sp1", "sp2") / fws["flow"] / fws["capacity"], rel=1e-6
    )


def test_the_surplus_cools_what_the_sources_get(surplus):
    """T = (m2 T_return + m_d T_source) / m1, then the heat of the primary pumps: the duty of the coolers tells it."""
    fws = loop(surplus)
    mixed = (fws["flow"] * fws["return"] + fws["decoupler"] * fws["source_supply"]) / fws["source_flow"]
    entering = mixed + shaft(surplus, "pp1", "pp2") / fws["source_flow"] / fws["capacity"]
    duty = sum(surplus["plant"].at(f"dry{k}", "duty") for k in (1, 2))
    assert duty == pytest.approx(
        fws["source_flow"] * fws["capacity"] * (entering - fws["source_supply"]), rel=1e-6
    )


def test_return_mixes_into_the_supply_where_secondary_pumps_draw_more(slow):
    """T = (m1 T1 + m_d T_return) / m2, and the heat of the secondary pumps."""
    fws = loop(slow)
    assert fws["decoupler"] < -1.0
    mixed = (fws["source_flow"] * fws["source_supply"] - fws["decoupler"] * fws["return"]) / fws["flow"]
    mixed += shaft(slow, "sp1", "sp2") / fws["flow"] / fws["capacity"]
    assert fws["supply"] == pytest.approx(mixed, abs=1e-6)
    assert fws["supply"] > fws["setpoint"] + 1.0
    assert fws["primary_speed"] == 0.25


def test_reversed_flow_in_the_decoupler_is_told(surplus, slow):
    def told(results, text):
        return [f.subject for f in judge(load_text(text), results).findings if f.code == "LIQ-034"]

    assert told(slow, TEXT) == ["fws"]
    assert {f.scenario for f in judge(load_text(TEXT), surplus).findings if f.code == "LIQ-034"} == {
        "lose:pp1+pp2"
    }


def test_mass_and_energy_balance_whatever_pumps_are_lost(surplus, slow):
    for results in (surplus, slow):
        assert all(results.settled)
        for error in results.conservation.values():
            assert error.max() < 1e-8


def test_racks_stop_when_one_of_the_stations_is_lost_as_a_whole(surplus):
    least = surplus["rack"]["throttle"].min(axis=1)
    assert least[[0, 1, 3]].min() > 1 - 1e-9
    assert least[[2, 4, 5]].max() < 1e-6
    fws = [loop(surplus, row=row) for row in range(len(LOST))]
    assert fws[2]["decoupler"] == pytest.approx(-fws[2]["flow"])  # all that circulates comes back unchilled
    assert fws[4]["flow"] == 0.0
    assert fws[4]["decoupler"] == pytest.approx(fws[4]["source_flow"])
    assert (fws[5]["flow"], fws[5]["source_flow"]) == (0.0, 0.0)


# -- boosters ----------------------------------------------------------------------------------------------


def test_boosters_add_their_rise_and_stop_the_loop_when_lost():
    results = states(changed("secondary: sp", "boosters: sp"), (), ("sp1", "sp2"))
    pump, fws = results["pump"], loop(results)
    assert fws["decoupler"] == 0.0
    assert pump.at("pp1", "flow") + pump.at("pp2", "flow") == pytest.approx(fws["flow"])
    assert pump.at("sp1", "flow") + pump.at("sp2", "flow") == pytest.approx(fws["flow"])
    # the boosters take up where the others stop, but for the coolers between them
    between = pump.at("pp1", "pressure") - (pump.at("sp1", "pressure") - pump.at("sp1", "rise"))
    assert 0.0 < between < 20e3
    head = 1.25 * (40e3 + 120e3)
    assert fws["shutoff_pressure"] == pytest.approx(150e3 + head)
    assert results["loop"].at("fws", "flow", 1) == pytest.approx(0.0, abs=1e-9)
    assert results["rack"]["throttle"][1].max() < 1e-6
    assert results.conservation["energy"].max() < 1e-8


# -- by-passes and three-way valves ------------------------------------------------------------------------


def test_a_bypass_passes_its_flow_and_mixes_into_the_return(slow):
    fws, cdus = loop(slow), slow["cdu"]
    density = fws["density"]
    assert fws["bypass"] == pytest.approx(2e-3 * density, rel=1e-6)
    own = cdus["primary_flow"][0]
    assert fws["flow"] == pytest.approx(own.sum() + fws["bypass"], rel=1e-9)
    leaving = fws["supply"] + cdus["duty"][0].sum() / own.sum() / fws["capacity"]
    mixed = (own.sum() * leaving + fws["bypass"] * fws["supply"]) / fws["flow"]
    assert fws["return"] == pytest.approx(mixed, abs=1e-6)


@pytest.mark.parametrize("at", ["end", "plant"])
def test_a_bypass_keeps_the_least_flow_of_the_pumps(at):
    text = changed(FWS, f"{FWS}, bypass: {{at: {at}, minimum: 20 L/s}}")
    full, half = loop(states(text)), loop(states(text, load=0.5))
    least = 20e-3 * full["density"]
    assert half["flow"] == pytest.approx(least, rel=1e-6)
    assert 0.0 < full["bypass"] < half["bypass"]
    assert full["flow"] == pytest.approx(least, rel=1e-6)


def test_three_way_valves_keep_the_flow_of_the_branches():
    """Constant flow, a return that is mixed, and pumps that do not save."""
    text = changed("pumps: chp, supply: 14 degC", "pumps: chp, supply: 14 degC, valves: three_way")
    full, half, two_way = states(text), states(text, load=0.5), states(TEXT, load=0.5)
    world = lower(load_text(text))
    design = world.sink_design[world.slices.sink[2]].sum()
    for results in (full, half):
        chw = loop(results, "chw")
        own = results["crah"]["water_flow"][0].sum()
        assert chw["flow"] == pytest.approx(design, rel=1e-6)
        assert chw["bypass"] == pytest.approx(design - own, rel=1e-6)
        taken = results["crah"]["duty"][0].sum()
        assert chw["return"] == pytest.approx(chw["supply"] + taken / design / chw["capacity"], rel=1e-6)
        assert results.conservation["energy"].max() < 1e-8
    assert loop(half, "chw")["return"] < loop(two_way, "chw")["return"] - 1.0
    assert two_way["crah"]["water_flow"][0].sum() == pytest.approx(
        half["crah"]["water_flow"][0].sum(), rel=1e-6
    )
    assert shaft(half, "chp1", "chp2") == pytest.approx(shaft(full, "chp1", "chp2"), rel=1e-4)
    assert shaft(half, "chp1", "chp2") > 3.0 * shaft(two_way, "chp1", "chp2")


# -- height ------------------------------------------------------------------------------------------------


def test_what_stands_on_a_roof_has_less_pressure_and_more_pipe(surplus):
    text = changed("dry_cooler_1mw, count: 2", "dry_cooler_1mw, count: 2, level: 12 m")
    results = states(text)
    fws, facility = loop(results), load_text(text)
    column = fws["density"] * GRAVITY * 12.0
    assert fws["top_pressure"] == pytest.approx(150e3 - column)
    highest = results["pump"]["pressure"][0, :4].max()  # where pumps push, at their height
    assert results["plant"].at("dry1", "pressure") == pytest.approx(highest - column)
    assert facility.by_id["dry1"].origin[2] == 12.0
    low, high = (routes(load_text(one)).pipes["fws"] for one in (TEXT, text))
    assert high.total == pytest.approx(low.total + 2 * 12.0)
    assert high.rise == (12.0, 12.0)
    assert shaft(results, "sp1", "sp2") > shaft(surplus, "sp1", "sp2")


def test_pumps_in_a_basement_lift_the_pressure_at_their_own_height_only():
    down = changed("type: first, count: 2", "type: first, count: 2, level: -5 m")
    down = changed("type: second, count: 2", "type: second, count: 2, level: -3 m", down)
    results = states(down)
    fws, pump = loop(results), results["pump"]
    column = fws["density"] * GRAVITY
    assert fws["top_pressure"] == pytest.approx(150e3 - column * 5.0)
    world = lower(load_text(down))
    assert world.loops[0].pump_level.tolist() == [0.0, 0.0, 2.0, 2.0]
    # secondary pumps draw at the primary ones' suction, 2 m higher: the decoupler between them costs next to nothing
    suction = pump.at("sp1", "pressure") - pump.at("sp1", "rise")
    assert suction == pytest.approx(150e3 - 2.0 * column, abs=100.0)
    boiling = FLUIDS["water"].vapour_pressure(np.array([fws["return"], fws["supply"]]))
    less = 2.0 + (boiling[1] - boiling[0]) / column
    assert pump.at("pp1", "npsh_available") - pump.at("sp1", "npsh_available") == pytest.approx(
        less, abs=0.02
    )
    highest = results["cdu"]["primary_pressure"][0].max()
    assert highest < pump.at("sp1", "pressure") - 3.0 * column + 1.0
    assert fws["shutoff_pressure"] == pytest.approx(150e3 + 1.25 * 120e3)


# -- mistakes ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "at", "words"),
    [
        ("pumps: pp, secondary", "secondary", "secondary: ", "secondary without primary pumps"),
        ("secondary: sp", "secondary: dry", "secondary: ", "matches no pump"),
        ("secondary: sp", "secondary: [sp, pp]", "secondary: ", "\"pp1\" is in pumps: already"),
        ("secondary: sp", "secondary: sp, boosters: chp", "boosters: ", "not both"),
        ("secondary: sp", "primary: {hold: speed}", "primary: ", "this loop has none"),
        ("secondary: sp", "secondary: sp, primary: {speed: 50 %}", "primary: ", "speed is for hold: speed"),
        ("secondary: sp", "secondary: sp, bypass: {flow: 41 L/s}", "flow: 41", "41 L/s is more than the 40 L/s"),
        ("secondary: sp", "secondary: sp, bypass: {at: end}", "bypass: ", "either a flow that it always passes"),
        ("supply: 44 degC", "supply: 44 degC, valves: three_way", "valves: ", "takes its flow through a limiter"),
        ("dry_cooler_1mw, count: 2", "dry_cooler_1mw, count: 2, level: 9 km", "level: ", "level"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_where_it_is_written(old, new, at, words):
    text = changed(old, new)
    with pytest.raises(LayoutError) as caught:
        load_text(text)
    (mistake,) = caught.value.mistakes
    assert words in mistake.message or words in str(caught.value)
    line = text.splitlines()[mistake.line - 1]
    assert line[mistake.column - 1 :].startswith(at) or line[: mistake.column - 1].endswith(at) or at in line


# -- what depends on what ----------------------------------------------------------------------------------


def test_racks_need_one_pump_of_each_station():
    """One of two suffices in either station; both of one drop all racks."""
    basis = normal_state(load("layouts/primary_secondary.yaml"))
    column = {name: index for index, name in enumerate(basis.dependence.components)}
    lost = [("pp1",), ("sp1",), ("pp1", "sp1"), ("pp1", "pp2"), ("sp1", "sp2")]
    events = np.array([[column[name] for name in (*names, *names)[:2]] for names in lost])
    up = basis.proof.evaluator.sets(events).up
    liquid = [
        k for k, name in enumerate(basis.proof.racks) if basis.facility.by_id[name].type == "gb300_nvl72"
    ]
    assert up[:, liquid].all(axis=1).tolist() == [True, True, True, False, False]
    assert not up[3:, liquid].any()


def short_of_head(text, results=None):
    """What LIQ-008 says of primary pumps."""
    facility = load_text(text)
    found = judge(facility, results or evaluate(facility, failures=False)).findings
    return [f for f in found if f.code == "LIQ-008" and "primary pumps" in f.message]


def test_primary_pumps_that_cannot_reach_the_flow_are_named():
    (found,) = short_of_head(changed("flow: 20 L/s, head: 40 kPa", "flow: 20 L/s, head: 1 kPa"))
    assert (found.subject, found.severity) == ("fws", "error")
    assert "primary pumps (pp1, pp2) bring less at full speed" in found.message


def test_primary_pumps_that_are_set_slow_or_all_lost_lack_no_head(surplus, slow):
    pumps = "primary: {hold: speed, speed: 25 %}, bypass: {at: plant, flow: 2 L/s}"
    assert loop(slow)["decoupler"] < -1.0 and not short_of_head(changed(FWS, f"{FWS}, {pumps}"), slow)
    assert not short_of_head(TEXT, surplus)
