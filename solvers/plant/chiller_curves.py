"""Published chiller curve sets, each normalised at its rating point by :mod:`solvers.plant.chiller`.

All are reference chillers of EnergyPlus (``datasets/Chillers.idf``) as carried by the Modelica Buildings library,
``Chillers/Data/ElectricEIR.mo`` (both BSD-3); ``source`` names the record.  Chosen for raw curves that are within
2 % of 1 at their own rating point (4.9 % for the air-cooled one, which has no rival), rise with lift and stay
positive; the others of the 159 published sets can be given as a :class:`ChillerRating` of the user's own.
"""

from __future__ import annotations

from solvers.plant.chiller_rating import ChillerRating

MCQUAY_WSC = ChillerRating(
    capacity=471200.0,
    cop=5.89,
    evaporator_leaving=8.89,
    condenser_entering=26.67,
    capacity_curve=(0.252113, 0.01324053, -0.008637329, 0.08581056, -0.004261176, 0.008661899),
    eir_curve=(0.4475238, -0.0258821, -0.001459053, 0.04342595, -0.001000651, 0.001920106),
    part_load_curve=(0.2778889, 0.2338363, 0.4883748),
    evaporator_range=(7.22, 12.78),
    condenser_range=(12.78, 26.67),
    min_part_load=0.1,
    max_part_load=1.15,
    source="ElectricEIRChiller_McQuay_WSC_471kW_5_89COP_Vanes",
)
"""471 kW centrifugal, inlet vanes."""

CARRIER_19XR_1407 = ChillerRating(
    capacity=1406600.0,
    cop=6.04,
    evaporator_leaving=6.67,
    condenser_entering=29.44,
    capacity_curve=(1.042261, 0.002644821, -0.001468026, 0.01366256, -0.0008302334, 0.001573579),
    eir_curve=(1.02634, -0.01612819, -0.001092591, -0.01784393, 0.0007961842, -9.586049e-05),
    part_load_curve=(0.118888, 0.6723542, 0.2068754),
    evaporator_range=(4.44, 10.0),
    condenser_range=(12.78, 32.22),
    min_part_load=0.2,
    max_part_load=1.04,
    source="ElectricEIRChiller_Carrier_19XR_1407kW_6_04COP_VSD",
)
"""1,407 kW centrifugal, variable speed, condenser water to 32 degC."""

CARRIER_19XR = ChillerRating(
    capacity=1586000.0,
    cop=5.53,
    evaporator_leaving=8.89,
    condenser_entering=26.67,
    capacity_curve=(1.119233, 0.01130501, -0.0006423802, -0.005144512, -0.0003085995, 0.0007813582),
    eir_curve=(1.110611, -0.03795765, 0.0002851444, -0.004560404, 0.0004044229, 0.0001407332),
    part_load_curve=(0.1996379, -0.1612021, 0.9608483),
    evaporator_range=(7.22, 12.78),
    condenser_range=(12.78, 26.67),
    min_part_load=0.19,
    max_part_load=1.01,
    source="ElectricEIRChiller_Carrier_19XR_1586kW_5_53COP_VSD",
)
"""1,586 kW centrifugal, variable speed."""

YORK_YK = ChillerRating(
    capacity=1881400.0,
    cop=6.53,
    evaporator_leaving=8.89,
    condenser_entering=26.67,
    capacity_curve=(0.8561286, 0.04130164, -0.0007109335, 0.004306273, -0.0006336613, 0.0007211635),
    eir_curve=(0.4434989, 0.04361264, -0.001733337, 0.009915503, 0.0004312717, -0.001122346),
    part_load_curve=(0.05272116, 0.4176382, 0.531087),
    evaporator_range=(7.22, 12.78),
    condenser_range=(9.44, 26.67),
    min_part_load=0.19,
    max_part_load=1.03,
    source="ElectricEIRChiller_York_YK_1881kW_6_53COP_Vanes",
)
"""1,881 kW centrifugal, inlet vanes."""

YORK_YK_2771 = ChillerRating(
    capacity=2771100.0,
    cop=6.84,
    evaporator_leaving=5.56,
    condenser_entering=23.89,
    capacity_curve=(0.7734286, 0.04848829, -0.001859209, 0.02611971, -0.001243562, 0.0007210181),
    eir_curve=(0.7203736, 0.0103046, -0.0007854237, -0.001206349, 0.000821006, -0.001455414),
    part_load_curve=(0.08653354, 0.1737382, 0.7403679),
    evaporator_range=(4.44, 8.89),
    condenser_range=(12.78, 29.44),
    min_part_load=0.2,
    max_part_load=1.02,
    source="ElectricEIRChiller_York_YK_2771kW_6_84COP_VSD",
)
"""2,771 kW centrifugal, variable speed."""

CARRIER_19EX = ChillerRating(
    capacity=5208200.0,
    cop=6.88,
    evaporator_leaving=6.67,
    condenser_entering=26.11,
    capacity_curve=(0.5563516, -0.04106264, -0.003164992, 0.05722234, -0.002313857, 0.005377616),
    eir_curve=(0.5198204, -0.0152334, -0.0006391523, 0.02170049, 2.423693e-05, 0.0001432604),
    part_load_curve=(0.2334262, 0.3926783, 0.373132),
    evaporator_range=(4.44, 8.89),
    condenser_range=(15.56, 29.44),
    min_part_load=0.2,
    max_part_load=1.03,
    source="ElectricEIRChiller_Carrier_19EX_5208kW_6_88COP_Vanes",
)
"""5,208 kW centrifugal, inlet vanes."""

TRANE_CGWD = ChillerRating(
    capacity=207400.0,
    cop=3.99,
    evaporator_leaving=6.67,
    condenser_entering=29.44,
    capacity_curve=(0.9441897, 0.03371079, 9.756685e-05, -0.003220573, -4.917369e-05, -0.0001775717),
    eir_curve=(0.727387, -0.01189276, 0.0005411677, 0.001879294, 0.0004734664, -0.000711485),
    part_load_curve=(0.04146742, 0.6543795, 0.3044125),
    evaporator_range=(5.56, 10.0),
    condenser_range=(23.89, 35.0),
    min_part_load=0.25,
    max_part_load=1.01,
    source="ElectricEIRChiller_Trane_CGWD_207kW_3_99COP_None",
)
"""207 kW scroll, condenser water to 35 degC."""

YORK_YS = ChillerRating(
    capacity=780700.0,
    cop=5.42,
    evaporator_leaving=6.67,
    condenser_entering=29.44,
    capacity_curve=(1.002148, 0.03300191, 0.000374167, -0.005925358, -2.599267e-05, -0.0002172126),
    eir_curve=(0.4475957, -0.01054652, 0.000712687, 0.01158632, 0.000515151, -0.0009831355),
    part_load_curve=(0.2519108, 0.2756914, 0.4725826),
    evaporator_range=(4.44, 8.89),
    condenser_range=(15.56, 35.0),
    min_part_load=0.09,
    max_part_load=1.01,
    source="ElectricEIRChiller_York_YS_781kW_5_42COP_Valve",
)
"""781 kW screw, slide valve, condenser water to 35 degC."""

TRANE_RTHB = ChillerRating(
    capacity=1051400.0,
    cop=5.05,
    evaporator_leaving=6.67,
    condenser_entering=29.44,
    capacity_curve=(0.9482157, 0.03306737, -6.450072e-05, -0.003756522, -6.501672e-05, 0.0),
    eir_curve=(0.4904181, -0.005530317, 0.001209907, 0.009122333, 0.0005923591, -0.001469958),
    part_load_curve=(0.2590465, 0.2148987, 0.5265039),
    evaporator_range=(4.44, 8.89),
    condenser_range=(23.89, 35.0),
    min_part_load=0.2,
    max_part_load=1.01,
    source="ElectricEIRChiller_Trane_RTHB_1051kW_5_05COP_Valve",
)
"""1,051 kW screw, slide valve, condenser water to 35 degC."""

YORK_YCAL = ChillerRating(
    capacity=100582.0,
    cop=3.1,
    evaporator_leaving=6.67,
    condenser_entering=35.0,
    air_cooled=True,
    capacity_curve=(-0.2660645697, 0.0998714035, -0.0023814154, 0.0628316481, -0.0009644649, -0.0011249224),
    eir_curve=(0.1807017787, 0.0271530312, -0.0004553574, 0.0188175079, 0.0002623276, -0.0012881189),
    part_load_curve=(0.0, 1.0, 0.0),
    evaporator_range=(4.44, 10.0),
    condenser_range=(23.89, 51.67),
    min_part_load=0.1,
    max_part_load=1.15,
    source="ElectricEIRChiller_York_YCAL0033EE_101kW_3_1COP_AirCooled",
)
"""101 kW scroll, air-cooled: the only such set."""

CURVES: dict[str, ChillerRating] = {
    "mcquay_wsc": MCQUAY_WSC,
    "carrier_19xr_1407": CARRIER_19XR_1407,
    "carrier_19xr": CARRIER_19XR,
    "york_yk": YORK_YK,
    "york_yk_2771": YORK_YK_2771,
    "carrier_19ex": CARRIER_19EX,
    "trane_cgwd": TRANE_CGWD,
    "york_ys": YORK_YS,
    "trane_rthb": TRANE_RTHB,
    "york_ycal": YORK_YCAL,
}
"""The sets by name."""
