"""Racks in liquid: the sheet's law as the program uses it, cold plates and couplings of the catalogue."""

import numpy as np
import pytest

from solvers.fluids import FLUIDS
from solvers.hydraulics.cold_plate import LITRE_PER_MINUTE, OCP_MODULE, chips
from twin.catalogue import Catalogue, CatalogueError
from twin.networks.liquid import rack_flow
from twin.tabulate.racks import plate_law

CATALOGUE = Catalogue.builtin()
PLATED = [
    name for name in CATALOGUE.names() if getattr(CATALOGUE.product(name), "cold_plate", None) is not None
]
PSI = 6894.757

LP2357 = ((25, 59, 2.3), (30, 71, 3.2), (35, 89, 4.9), (40, 119, 8.5), (45, 177, 18.4))  # degC, L/min, psi


@pytest.mark.parametrize("fluid", ["pg25", "pg25_inhibited"])
@pytest.mark.parametrize(("supply", "flow", "drop"), LP2357)
def test_gb300_asks_for_the_flow_of_its_sheet_and_drops_its_pressure(supply, flow, drop, fluid):
    """Lenovo LP2357, table 27 (as quoted), through the law and the drop that the loops use."""
    rack = CATALOGUE.product("gb300_nvl72")
    mass = float(rack_flow(rack, np.array(rack.power.maximum * rack.liquid_share), supply, fluid))
    density = float(FLUIDS[fluid].density(supply))
    assert mass / density / LITRE_PER_MINUTE == pytest.approx(flow, rel=0.01)
    path = rack.flow_path(density)
    assert path.coefficient * mass**path.exponent / PSI == pytest.approx(drop, rel=0.03)


def test_the_rack_scale_systems_have_cold_plates():
    assert {"gb200_nvl72", "gb300_nvl72", "vr_nvl72", "vr_nvl72_ac", "vr_nvl72_maxq"} <= set(PLATED)


@pytest.mark.parametrize("name", PLATED)
def test_lids_stay_below_their_limit_at_the_warmest_coolant_of_the_sheet(name):
    """At full power, the sheet's flow and its warmest supply: what the maker promises to work."""
    rack = CATALOGUE.product(name)
    law, plates = plate_law(rack)
    heat = rack.power.maximum * rack.liquid_share
    supply = rack.coolant.supply_max
    now = chips(
        law,
        plates,
        power=rack.accelerators.power,
        rack_flow=rack_flow(rack, np.array(heat), supply, "pg25"),
        supply=supply,
        fluid="pg25",
    )
    assert supply + 15 < now.case < rack.cold_plate.case_max
    assert now.flow == pytest.approx(rack.cold_plate.rated_flow, rel=0.2)


@pytest.mark.parametrize("name", ["gb200_nvl72", "gb300_nvl72"])
def test_blackwell_plates_are_the_module_of_the_open_compute_project(name):
    sheet = CATALOGUE.product(name).cold_plate
    assert sheet.lid_rise / sheet.rated_power == pytest.approx(
        float(OCP_MODULE.resistance(sheet.rated_flow)), rel=0.01
    )
    law, _ = plate_law(CATALOGUE.product(name))
    assert law.variable / OCP_MODULE.variable == pytest.approx(
        (sheet.rated_flow / OCP_MODULE.rated_flow) ** -0.7, rel=0.02
    )


def test_couplings_pass_the_flow_of_the_sheet():
    for name in ("gb200_nvl72", "gb300_nvl72"):
        rack = CATALOGUE.product(name)
        assert rack.coolant.rated_flow <= rack.quick_disconnect.flow_max
        assert rack.coolant.pressure_max <= rack.quick_disconnect.pressure_max


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"like": "gb300_nvl72", "cold_plate": {"trip": "60 degC"}}, "lid temperatures must ascend"),
        ({"like": "gb300_nvl72", "cold_plate": {"series": 100}}, "less than or equal to 64"),
        ({"like": "gb300_nvl72", "accelerators": None}, "cold_plate needs a coolant and an accelerators"),
        ({"like": "gb300_nvl72", "cold_plate": {"lid_rise": "28 degC"}}, "not a temperature difference"),
        ({"like": "gb300_nvl72", "cold_plate": {"rated_fluid": "oil"}}, "rated_fluid"),
        (
            {
                "like": "gb300_nvl72",
                "accelerators": {"count": 8},
                "cold_plate": {"series": 9},
            },
            "more plates in series than the rack has",
        ),
    ],
)
def test_plates_that_cannot_be_are_told(change, message):
    with pytest.raises(CatalogueError, match=message):
        CATALOGUE.extended({"mine": {**change, "source": "test 1"}}).product("mine")
