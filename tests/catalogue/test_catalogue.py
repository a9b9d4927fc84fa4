"""The built-in catalogue is complete, sourced and physically possible; own entries extend it safely."""

from __future__ import annotations

import doctest
import re
from itertools import pairwise
from math import log, sqrt
from time import process_time

import pytest
import yaml

import twin.catalogue.catalogue as module
from twin.catalogue import Catalogue, CatalogueError
from twin.catalogue.entries import TextEntries, builtin_text
from twin.model.base import Mark

CATALOGUE = Catalogue.builtin()
PRODUCTS = {name: CATALOGUE.product(name) for name in CATALOGUE.names()}

WATER = 992.2 * 4179.0  # J/(m3 K) at 40 degC: IAPWS-95 by way of NIST WebBook
COLD_WATER = 998.2 * 4184.0  # at 20 degC, same source
PG25 = 1009.9 * 3969.0  # at 40 degC, 25 % by mass: Melinder, Properties of Secondary Working Fluids, IIR 2010
AIR = 1.15 * 1006.0  # at 35 degC and sea level: ASHRAE Fundamentals 2021, chapter 1
LITRE_PER_MINUTE = 1e-3 / 60
PSI = 6894.757


def of_kind(kind):
    found = [name for name, product in PRODUCTS.items() if product.kind == kind]
    assert found, f"no {kind} in the catalogue"
    return found


# -- completeness ------------------------------------------------------------------------------------------

ASKED = """
h100_air h200_air b200_air gb200_nvl72 gb300_nvl72 vr_nvl72 vr_nvl72_ac kyber_600kw storage_rack
network_rack network_rack_liquid management_rack cpu_rack enterprise_rack power_shelf_gb300
power_shelf_vr_800 cdu_1300kw cdu_2000kw cdu_2300kw rdhx_75kw rdhx_35kw_passive crah_150kw
crah_400kw fan_wall_500kw in_row_60kw chiller_wc_1500kw chiller_wc_3500kw chiller_ac_1200kw
chiller_ac_warm_1500kw dry_cooler_1mw dry_cooler_2mw dry_cooler_2mw_adiabatic dry_cooler_3mw
cooling_tower_2mw cooling_tower_5mw pump_25ls pump_60ls pump_120ls pump_250ls tx_1000kva tx_1500kva
tx_2500kva tx_3150kva tx_2500kva_13k8 tx_4000kva tx_40mva tx_63mva gen_1500kw gen_2500kw gen_3000kw
gen_3mw_13k8 ups_250kw ups_500kw ups_1250kw ups_1500kw ups_2500kw ups_legacy_500kw ats_1600a
ats_4000a ats_6300a sts_800a sts_4000a swb_2000a swb_4000a_415v swb_5000a swb_6300a mv_swgr_33k
mv_swgr_13k8 busway_800a_415v busway_1600a_415v busway_2500a_415v busway_4000a_415v
busway_5000a_415v busway_3000a_800vdc rpp_500kw pdu_300kw sidecar_800vdc rectifier_2mw_800vdc
whip_63a whip_100a whip_250a feeder_4000a
"""


def test_the_products_that_layouts_rely_on_exist():
    assert not set(ASKED.split()) - set(PRODUCTS)


@pytest.mark.parametrize("name", PRODUCTS)
def test_every_entry_says_where_its_numbers_come_from(name):
    product = PRODUCTS[name]
    assert product.description
    for field in product.model_fields_set - {"kind", "description", "manufacturer", "source", "sources"}:
        source = product.source_of(field)
        assert "assumed" in source or re.search(r"\d", source), (
            f"{field}: {source!r} names neither document nor assumption"
        )


def test_no_key_is_written_twice():
    def check(node, path):
        if isinstance(node, yaml.MappingNode):
            keys = [key.value for key, _ in node.value]
            assert len(keys) == len(set(keys)), f"{path}: {sorted(keys)}"
            for key, value in node.value:
                check(value, f"{path} > {key.value}")

    for file in (*module.PRODUCT_FILES, "climates.yaml", "grids.yaml"):
        check(yaml.compose(builtin_text(file), Loader=yaml.SafeLoader), file)


@pytest.mark.parametrize("file", module.PRODUCT_FILES)
def test_entries_cut_from_the_text_are_the_entries_of_the_whole_file(file):
    assert dict(TextEntries([builtin_text(file)])) == yaml.safe_load(builtin_text(file))


def test_the_catalogue_opens_fast():
    module._builtin.cache_clear()
    start = process_time()
    Catalogue.builtin().product("gb300_nvl72")
    assert process_time() - start < 0.15


def test_examples_in_docstrings_hold():
    assert doctest.testmod(module).failed == 0


# -- racks -------------------------------------------------------------------------------------------------

LP2357 = ((25, 59, 2.3), (30, 71, 3.2), (35, 89, 4.9), (40, 119, 8.5), (45, 177, 18.4))  # degC, L/min, psi


@pytest.mark.parametrize(("supply", "flow", "drop"), LP2357)
def test_gb300_reproduces_the_flows_and_drops_of_its_sheet(supply, flow, drop):
    coolant = PRODUCTS["gb300_nvl72"].coolant
    law = coolant.rated_heat / (PG25 * (coolant.return_temperature - supply))
    assert law == pytest.approx(flow * LITRE_PER_MINUTE, rel=0.01)
    path = PRODUCTS["gb300_nvl72"].flow_path(1.0)
    assert path.coefficient * (flow * LITRE_PER_MINUTE) ** path.exponent == pytest.approx(
        drop * PSI, rel=0.03
    )


LIQUID_RACKS = [name for name in of_kind("rack") if PRODUCTS[name].liquid_share]


@pytest.mark.parametrize("name", LIQUID_RACKS)
def test_the_coolant_law_agrees_with_heat_flow_and_pressure(name):
    rack, coolant = PRODUCTS[name], PRODUCTS[name].coolant
    assert coolant.rated_heat == pytest.approx(rack.liquid_share * rack.power.maximum, rel=0.01)
    if coolant.specific_flow:
        flow = coolant.specific_flow * coolant.rated_heat
        assert coolant.supply_max + coolant.rated_heat / (PG25 * flow) < coolant.return_max
    else:
        flow = coolant.rated_heat / (PG25 * (coolant.return_temperature - coolant.supply_max))
        assert coolant.return_temperature < coolant.return_max
    assert flow == pytest.approx(coolant.rated_flow, rel=0.03)
    assert coolant.rated_drop <= coolant.drop_max < coolant.pressure_max


@pytest.mark.parametrize("name", of_kind("rack"))
def test_racks_fit_their_feed_and_stand_up(name):
    rack = PRODUCTS[name]
    assert rack.voltage == (800 if rack.dc else 415)
    assert rack.shelf is None or rack.shelf.rating > rack.power.peak
    assert 6e3 < 9.81 * rack.mass / (rack.size[0] * rack.size[1]) < 35e3  # Pa under the footprint
    assert rack.clearance[0] >= 1.2
    assert rack.clearance[1] >= 0.9


def test_every_accelerator_has_a_throughput_for_every_model_and_service():
    table = CATALOGUE.throughput
    models = {model for _, model, _ in table}
    assert {"deepseek-r1", "llama-3.1-405b", "gpt-oss-120b"} <= models
    platforms = {PRODUCTS[name].accelerators.name for name in of_kind("rack") if PRODUCTS[name].accelerators}
    assert set(table) == {
        (platform, model, service)
        for platform in platforms
        for model in models
        for service in ("interactive", "balanced", "throughput")
    }


def test_faster_answers_cost_throughput():
    table = CATALOGUE.throughput
    for platform, model, _ in table:
        fast, middle, bulk = (table[platform, model, s] for s in ("interactive", "balanced", "throughput"))
        assert fast.interactivity > middle.interactivity > bulk.interactivity == 0
        assert fast.tokens_per_second < middle.tokens_per_second < 1.1 * bulk.tokens_per_second


def test_no_token_rate_exceeds_what_the_arithmetic_unit_can_do():
    active = {
        "deepseek-r1": 37e9,
        "llama-3.1-405b": 405e9,
        "gpt-oss-120b": 5.1e9,
    }  # parameters used per token
    rates = {a.name: a for name in of_kind("rack") if (a := PRODUCTS[name].accelerators)}
    for (platform, model, _), point in CATALOGUE.throughput.items():
        ceiling = getattr(rates[platform], point.precision) / (2 * active[model])
        assert point.tokens_per_second < ceiling


# -- cooling -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", of_kind("cdu"))
def test_cdu_ratings_are_thermodynamically_possible(name):
    cdu = PRODUCTS[name]
    hot, cold = PG25 * cdu.secondary_flow, WATER * cdu.primary_flow
    span = cdu.approach + cdu.capacity / hot  # coolant in minus water in
    effectiveness = cdu.capacity / (min(hot, cold) * span)
    assert 0.5 < effectiveness < 0.95
    assert 0.3 < counterflow_units(effectiveness, min(hot, cold) / max(hot, cold)) < 8
    assert cdu.secondary_flow * cdu.external_head < 0.7 * cdu.pump_power
    assert cdu.pump_power < 0.05 * cdu.capacity
    assert cdu.pumps_spare < cdu.pumps


def counterflow_units(effectiveness, ratio):
    """NTU of a counterflow exchanger, the inverse of eps = (1 - e^-N(1-r)) / (1 - r e^-N(1-r))."""
    if ratio > 0.999:
        return effectiveness / (1 - effectiveness)
    return log((1 - effectiveness * ratio) / (1 - effectiveness)) / (1 - ratio)


@pytest.mark.parametrize("name", of_kind("crah"))
def test_air_handler_ratings_are_thermodynamically_possible(name):
    unit = PRODUCTS[name]
    air_drop = unit.capacity / (AIR * unit.air_flow)
    assert 0 < air_drop / (unit.return_air - unit.entering_water) < 0.9
    leaving = unit.entering_water + unit.capacity / (COLD_WATER * unit.flow)
    assert unit.entering_water + 4 < leaving < unit.return_air - 3
    assert leaving == pytest.approx(round(leaving), abs=0.1)  # the sheet's round leaving temperature
    assert 200 < unit.fan_power / unit.air_flow < 800  # W per m3/s


@pytest.mark.parametrize("name", of_kind("rear_door"))
def test_rear_door_ratings_are_thermodynamically_possible(name):
    door = PRODUCTS[name]
    span = door.capacity / (door.effectiveness * AIR * door.air_flow)  # air in minus water in
    assert 15 < span < 25
    assert door.capacity / (COLD_WATER * door.flow) < span


@pytest.mark.parametrize("name", of_kind("dry_cooler"))
def test_dry_cooler_ratings_balance(name):
    cooler = PRODUCTS[name]
    assert WATER * cooler.flow * (cooler.coolant_in - cooler.coolant_out) == pytest.approx(
        cooler.capacity, rel=0.02
    )
    air, water = AIR * cooler.air_flow, WATER * cooler.flow
    effectiveness = cooler.capacity / (min(air, water) * (cooler.coolant_in - cooler.air_in))
    assert 0.3 < effectiveness < 0.85
    assert 0.02 < cooler.fan_power / cooler.capacity < 0.05


@pytest.mark.parametrize("name", of_kind("cooling_tower"))
def test_cooling_tower_ratings_balance(name):
    tower = PRODUCTS[name]
    assert WATER * tower.flow * tower.range == pytest.approx(tower.capacity, rel=0.02)
    entering = tower.wet_bulb + tower.approach + tower.range
    possible = 1.15 * tower.air_flow * (saturated_enthalpy(entering) - saturated_enthalpy(tower.wet_bulb))
    assert 0.4 < tower.capacity / possible < 0.95  # enthalpy effectiveness


def saturated_enthalpy(t):
    """J/kg of dry air at sea level, saturation pressure by Magnus (Alduchov and Eskridge 1996)."""
    pressure = 610.94 * 2.718281828 ** (17.625 * t / (t + 243.04))
    moisture = 0.622 * pressure / (101325 - pressure)
    return 1006 * t + moisture * (2.501e6 + 1860 * t)


@pytest.mark.parametrize("name", of_kind("chiller"))
def test_chillers_stay_below_carnot(name):
    chiller = PRODUCTS[name]
    lift = chiller.condenser_entering - chiller.supply
    assert 0.15 < chiller.cop / ((chiller.supply + 273.15) / lift) < 0.7
    assert 5 < chiller.capacity / (COLD_WATER * chiller.flow) < 13
    if chiller.condenser == "water":
        rejected = chiller.capacity * (1 + 1 / chiller.cop)
        assert 4 < rejected / (COLD_WATER * chiller.condenser_flow) < 13
        assert chiller.curves in ("carrier_19xr", "york_yk")


@pytest.mark.parametrize("name", of_kind("pump"))
def test_pumps_are_named_by_their_flow_and_larger_ones_are_better(name):
    pump = PRODUCTS[name]
    assert pump.flow == pytest.approx(float(re.search(r"(\d+)ls", name)[1]) * 1e-3)
    larger = [PRODUCTS[other] for other in of_kind("pump") if PRODUCTS[other].flow > pump.flow]
    assert all(other.efficiency > pump.efficiency for other in larger)


# -- power -------------------------------------------------------------------------------------------------

CONVERTERS = [
    name for name, product in PRODUCTS.items() if product.kind in ("ups", "rectifier", "power_shelf")
]


@pytest.mark.parametrize("name", CONVERTERS)
def test_converters_lose_power_at_every_load(name):
    points = PRODUCTS[name].efficiency
    assert all(a[0] < b[0] for a, b in pairwise(points))
    assert points[-1][0] == 1
    losses = [load * (1 / efficiency - 1) for load, efficiency in points]
    assert losses[0] > 0
    assert all(a < b for a, b in pairwise(losses))


@pytest.mark.parametrize(
    ("name", "a", "b", "c"),
    [
        ("ups_1250kw", 0.0055, 0.012, 0.013),
        ("ups_legacy_500kw", 0.02, 0.018, 0.026),
        ("ups_1500kw_eco", 0.003, 0.004, 0.003),
    ],
)
def test_ups_efficiency_follows_its_loss_law(name, a, b, c):
    for load, efficiency in PRODUCTS[name].efficiency:
        assert efficiency == pytest.approx(load / (load + a + b * load + c * load**2), abs=6e-4)


@pytest.mark.parametrize(
    ("name", "half"), [("tx_1000kva", 0.9943), ("tx_1500kva", 0.9948), ("tx_2500kva", 0.9953)]
)
def test_transformers_meet_the_doe_efficiency_at_half_load(name, half):
    transformer = PRODUCTS[name]
    loss = transformer.no_load_loss + 0.25 * transformer.load_loss
    assert 1 / (1 + loss / (0.5 * transformer.rating)) == pytest.approx(half, abs=2e-5)


def test_pdu_transformer_meets_the_doe_efficiency_at_35_percent():
    pdu = PRODUCTS["pdu_300kw"]
    loss = pdu.no_load_loss + 0.35**2 * pdu.load_loss
    assert 1 / (1 + loss / (0.35 * pdu.rating)) == pytest.approx(0.9902, abs=5e-5)


@pytest.mark.parametrize(
    ("name", "resistance", "reactance"),  # mohm per 100 ft line to neutral, Eaton TD01701001E
    [
        ("800", 2.30, 1.20),
        ("1600", 0.94, 0.50),
        ("2500", 0.55, 0.26),
        ("4000", 0.38, 0.24),
        ("5000", 0.27, 0.16),
    ],
)
def test_busway_impedances_are_those_of_the_sheet(name, resistance, reactance):
    busway = PRODUCTS[f"busway_{name}a_415v"]
    assert busway.resistance == pytest.approx(resistance * 1e-3 / 30.48, rel=5e-3)
    assert busway.reactance == pytest.approx(reactance * 1e-3 / 30.48, rel=5e-3)


@pytest.mark.parametrize(
    (
        "name",
        "resistance",
        "reactance",
        "sets",
    ),  # ohm per 1000 ft to neutral, NEC chapter 9 table 9, copper in PVC
    [
        ("whip_32a", 0.78, 0.052, 1),
        ("whip_63a", 0.31, 0.048, 1),
        ("whip_100a", 0.12, 0.044, 1),
        ("whip_250a", 0.038, 0.04, 1),
        ("feeder_1600a", 0.027, 0.039, 5),
        ("feeder_4000a", 0.027, 0.039, 11),
    ],
)
def test_cable_impedances_are_those_of_the_code(name, resistance, reactance, sets):
    cable = PRODUCTS[name]
    assert cable.resistance == pytest.approx(resistance / 304.8 / sets, rel=2e-3)
    assert cable.reactance == pytest.approx(reactance / 304.8 / sets, rel=2e-3)
    assert cable.rating >= float(re.search(r"(\d+)a", name)[1])


def test_the_gb300_whip_of_the_guide_carries_a_rack_on_its_remaining_side():
    rack = PRODUCTS["gb300_nvl72"]
    current = rack.power.maximum / (sqrt(3) * rack.voltage * rack.power_factor)
    assert current / rack.cords < 63


# -- places ------------------------------------------------------------------------------------------------


def test_climates_and_grids_cover_the_usual_places():
    american = "phoenix dallas ashburn chicago atlanta san_francisco santa_clara seattle quincy sao_paulo"
    others = "dublin london frankfurt stockholm singapore tokyo mumbai"
    assert {*american.split(), *others.split()} <= set(CATALOGUE.climates)
    grids = "us-az us-tx us-va us-il us-ga us-ca us-wa ie gb de se sg jp in br"
    assert set(grids.split()) <= set(CATALOGUE.grids)


def test_climates_order_as_physics_says():
    for climate in CATALOGUE.climates.values():
        assert climate.average_dry_bulb < climate.dry_bulb
        assert climate.average_wet_bulb < climate.wet_bulb


def test_grid_values_are_in_the_range_of_real_grids():
    for grid in CATALOGUE.grids.values():
        assert 20e-3 < grid.carbon_intensity * 3.6e6 < 0.8  # kg/kWh
        assert 30 < grid.electricity_price * 3.6e9 < 250  # USD/MWh
    assert CATALOGUE.grids["us-az"].source_of("electricity_price").startswith("EIA")


# -- own entries -------------------------------------------------------------------------------------------


def test_like_changes_only_what_is_written():
    own = CATALOGUE.extended(
        {"mine": {"like": "gb300_nvl72", "power": {"peak": "160 kW"}, "source": "test, 2026"}}
    )
    mine, parent = own.product("mine"), PRODUCTS["gb300_nvl72"]
    assert mine.power.peak == 160e3
    assert mine.power.idle == parent.power.idle
    assert mine.coolant == parent.coolant
    assert mine.shelf == parent.shelf
    assert own.names()[-1] == "mine"
    assert "mine" not in CATALOGUE
    assert own.product("gb300_nvl72") is parent


def test_like_keeps_saying_where_every_number_comes_from():
    entries = {
        "a": {"like": "gb300_nvl72", "mass": "1500 kg", "source": "own scale, 2026"},
        "b": {"like": "a", "cords": 2},
    }
    own = CATALOGUE.extended(entries)
    a, b = own.product("a"), own.product("b")
    assert a.source_of("mass") == "own scale, 2026"
    assert a.source_of("accelerators").startswith("like gb300_nvl72: itkb")
    assert a.source_of("shelf") == "like gb300_nvl72: " + PRODUCTS["gb300_nvl72"].source
    assert b.source == "like a: own scale, 2026"
    assert b.source_of("cords") == "assumed (changed from a)"
    assert own.raw("b")["mass"] == "1500 kg"


def test_null_removes_what_the_parent_has():
    own = CATALOGUE.extended(
        {
            "mine": {
                "like": "gb300_nvl72",
                "shelf": None,
                "coolant": {"return_temperature": None, "specific_flow": "1.5 L/min/kW"},
            }
        }
    )
    mine = own.product("mine")
    assert mine.shelf is None
    assert mine.coolant.return_temperature is None


def test_raw_is_a_copy():
    CATALOGUE.raw("gb300_nvl72")["power"]["idle"] = "1 kW"
    assert CATALOGUE.raw("gb300_nvl72")["power"]["idle"] == "30 kW"


def test_a_shelf_is_named_and_may_be_ones_own():
    shelf = {
        "kind": "power_shelf",
        "rating": "300 kW",
        "efficiency": [[0.5, 0.97], [1, 0.96]],
        "source": "test 1",
    }
    own = CATALOGUE.extended({"rack": {"like": "gb300_nvl72", "shelf": "shelf"}, "shelf": shelf})
    assert own.product("rack").shelf.rating == 300e3


def test_own_entries_from_python_may_be_si_floats():
    cable = {"kind": "cable", "rating": 63.0, "resistance": 1e-3, "source": "test 1"}
    assert CATALOGUE.extended({"c": cable}, text=False).product("c").rating == 63
    with pytest.raises(CatalogueError, match="bare number"):
        CATALOGUE.extended({"c": cable})


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({"gb300_nvl72": {"like": "gb200_nvl72"}}, "gb300_nvl72 is a built-in product"),
        (
            {"a": {"like": "gb300_nvl27"}},
            'a > like: unknown product "gb300_nvl27"; did you mean "gb300_nvl72"',
        ),
        ({"a": {"like": "b"}, "b": {"like": "a"}}, "goes in a circle: a is like b is like a"),
        ({"a": {"like": "a"}}, "goes in a circle"),
        ({"a": {"like": 3}}, 'unknown product "3"'),
        ({"a": {"like": "x\ny" * 99}}, 'a > like: unknown product "x yx yx'),
        ({"a": {"like": "b"}, "b": 3}, "b: an entry is a mapping"),
        ({f"a{i}": {"like": f"a{i + 1}"} for i in range(99)}, "more than 50 entries"),
        ({"a": "cdu_1300kw"}, "a: an entry is a mapping"),
        ({"a": None}, "a: an entry is a mapping"),
        ({"a b": {"like": "whip_63a"}}, "a name is a letter"),
        ({"a": {"rating": "3 A", "source": "x 1"}}, 'missing key "kind"'),
        ({"a": {"kind": "pumb", "source": "x 1"}}, 'unknown kind "pumb"; did you mean "pump"'),
        (
            {"a": {"like": "gb300_nvl72", "shelf": "power_shelf_gb30"}},
            'a > shelf: unknown power shelf "power_shelf_gb30"; did',
        ),
        ({"a": {"like": "gb300_nvl72", "shelf": "whip_63a"}}, "unknown power shelf"),
        ({"a": {"like": "gb300_nvl72", "powr": 1}}, 'a > powr: unknown key "powr"'),
        ({"a": {"like": "whip_63a", "rating": "63 V"}}, "a > rating: 'V' is not a current unit"),
        ({"a": {"like": "gb300_nvl72", "power": {"idle": "1 MW"}}}, "a > power: power must ascend"),
        ({"a": {"like": "whip_63a", "sources": {"colour": "x"}}}, "sources names 'colour'"),
        ({"a": {"like": "whip_63a", "sources": 3}}, "a > sources:"),
        ({"a": {"like": "whip_63a", "source": None}}, "a > source:"),
    ],
)
def test_wrong_entries_are_told_in_one_line(entries, message):
    with pytest.raises(CatalogueError) as caught:
        CATALOGUE.extended(entries)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.problems


def test_all_mistakes_are_told_at_once_with_their_place():
    lines = {("a", "rating"): 3, ("b", "like"): 7}
    with pytest.raises(CatalogueError) as caught:
        CATALOGUE.extended(
            {"a": {"like": "whip_63a", "rating": "63 V"}, "b": {"like": "nothing"}},
            locate=lambda path: Mark(file="hall.yaml", line=lines[path]),
        )
    assert [str(problem.mark) for problem in caught.value.problems] == ["hall.yaml:3", "hall.yaml:7"]


def test_an_unknown_product_is_a_key_error_with_a_suggestion():
    with pytest.raises(KeyError) as caught:
        CATALOGUE.product("cdu_2300")
    assert caught.value.args[0] == 'unknown product "cdu_2300"; did you mean "cdu_2300kw"?'
    with pytest.raises(CatalogueError):
        CATALOGUE.extended({}).product("cdu_2300")
    with pytest.raises(CatalogueError):
        CATALOGUE.raw("cdu_2300")


def test_one_fault_in_a_parent_is_told_once():
    with pytest.raises(CatalogueError) as caught:
        CATALOGUE.extended({"a": {"like": "b"}, "b": {"like": "nothing"}})
    assert len(caught.value.problems) == 1


def test_a_name_written_twice_in_the_files_is_refused():
    with pytest.raises(ValueError, match="a is written twice"):
        TextEntries(["a: {x: 1}\n", "a: {x: 2}\n"])
