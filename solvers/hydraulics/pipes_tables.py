"""Pipe dimensions and wall materials, with their sources.  Inches as in the standards; nothing is rounded to mm."""

from __future__ import annotations

from dataclasses import dataclass

INCH = 0.0254
PSI = 6894.757293168
"""[Pa]"""


@dataclass(frozen=True)
class Material:
    """Wall material near room temperature."""

    name: str
    density: float
    """[kg/m3]"""
    heat_capacity: float
    """[J/(kg K)]"""
    elasticity: float
    """Young's modulus [Pa]."""
    poisson: float
    allowable_stress: float
    """Basic allowable stress times weld efficiency [Pa]."""
    source: str


@dataclass(frozen=True)
class RawTable:
    """Rows are (DN, outer diameter [in], wall [in])."""

    material: str
    roughness: float
    source: str
    rows: tuple[tuple[int, float, float], ...]


_INCROPERA = "Incropera and DeWitt, Fundamentals of Heat and Mass Transfer, table A.1 at 300 K, as quoted"

MATERIALS = {
    "carbon steel": Material(
        "carbon steel", 7854.0, 434.0, 200e9, 0.30, 12_800 * PSI,
        f"{_INCROPERA}; S E = 12,800 psi: ASTM A53 B, electric resistance welded, ASME B31.9, as quoted",
    ),
    "stainless steel": Material(
        "stainless steel", 7900.0, 477.0, 193e9, 0.30, 0.8 * 16_700 * PSI,
        f"{_INCROPERA} (AISI 304); S = 16,700 psi of 304L/316L and E = 0.8 single-welded, ASME B31.3, as quoted",
    ),
    "copper": Material(
        "copper", 8933.0, 385.0, 117e9, 0.34, 6_000 * PSI,
        f"{_INCROPERA}; S = 6,000 psi annealed (brazing anneals), Copper Development Association, Copper Tube "
        "Handbook, as quoted",
    ),
}  # fmt: skip

_OUTER = {
    15: 0.840, 20: 1.050, 25: 1.315, 32: 1.660, 40: 1.900, 50: 2.375, 65: 2.875, 80: 3.500, 90: 4.000, 100: 4.500,
    125: 5.563, 150: 6.625, 200: 8.625, 250: 10.750, 300: 12.750, 350: 14.0, 400: 16.0, 450: 18.0, 500: 20.0,
    600: 24.0, 750: 30.0, 800: 32.0, 900: 36.0, 1050: 42.0, 1200: 48.0,
}  # fmt: skip
_UP_TO_250 = {
    15: 0.109, 20: 0.113, 25: 0.133, 32: 0.140, 40: 0.145, 50: 0.154, 65: 0.203, 80: 0.216, 90: 0.226, 100: 0.237,
    125: 0.258, 150: 0.280, 200: 0.322, 250: 0.365,
}  # fmt: skip
_WALLS = {
    "40": _UP_TO_250 | {300: 0.406, 350: 0.438, 400: 0.500, 450: 0.562, 500: 0.594, 600: 0.688, 800: 0.688,
                        900: 0.750},
    "std": _UP_TO_250 | dict.fromkeys((300, 350, 400, 450, 500, 600, 750, 800, 900, 1050, 1200), 0.375),
    "80": {15: 0.147, 20: 0.154, 25: 0.179, 32: 0.191, 40: 0.200, 50: 0.218, 65: 0.276, 80: 0.300, 90: 0.318,
           100: 0.337, 125: 0.375, 150: 0.432, 200: 0.500, 250: 0.594, 300: 0.688, 350: 0.750, 400: 0.844, 450: 0.938,
           500: 1.031, 600: 1.219},
    "10s": {15: 0.083, 20: 0.083, 25: 0.109, 32: 0.109, 40: 0.109, 50: 0.109, 65: 0.120, 80: 0.120, 90: 0.120,
            100: 0.120, 125: 0.134, 150: 0.134, 200: 0.148, 250: 0.165, 300: 0.180, 350: 0.188, 400: 0.188,
            450: 0.188, 500: 0.218, 600: 0.250, 750: 0.312},
}  # fmt: skip


def _rows(walls: dict[int, float]) -> tuple[tuple[int, float, float], ...]:
    return tuple((size, _OUTER[size], wall) for size, wall in walls.items())


_STEEL = "ASME B36.10M-2018, read up to NPS 10 in the Hydraulic Institute Engineering Data Book table 4.A.1, above as quoted"
_ROUGH = "roughness 0.045 mm: L. F. Moody, Trans. ASME 66 (1944), commercial steel"

TABLES = {
    "steel_40": RawTable("carbon steel", 4.5e-5, f"{_STEEL}, schedule 40; {_ROUGH}", _rows(_WALLS["40"])),
    "steel_std": RawTable("carbon steel", 4.5e-5, f"{_STEEL}, STD weight; {_ROUGH}", _rows(_WALLS["std"])),
    "steel_80": RawTable("carbon steel", 4.5e-5, f"{_STEEL}, schedule 80; {_ROUGH}", _rows(_WALLS["80"])),
    "stainless_10s": RawTable(
        "stainless steel", 1.5e-5,
        "ASME B36.19M schedule 10S, read in the Hydraulic Institute Engineering Data Book; roughness 0.015 mm, the "
        "0.00005 ft of the same table",
        _rows(_WALLS["10s"]),
    ),
    "copper_l": RawTable(
        "copper", 1.5e-6,
        "ASTM B88-22 type L drawn, read in the Hydraulic Institute Engineering Data Book (its outer diameter of the "
        "3 1/2 in size is a misprint, 3.625 in here); roughness 0.0015 mm: Moody 1944, drawn tubing",
        ((15, 0.625, 0.040), (20, 0.875, 0.045), (25, 1.125, 0.050), (32, 1.375, 0.055), (40, 1.625, 0.060),
         (50, 2.125, 0.070), (65, 2.625, 0.080), (80, 3.125, 0.090), (90, 3.625, 0.100), (100, 4.125, 0.110),
         (125, 5.125, 0.125), (150, 6.125, 0.140)),
    ),
}  # fmt: skip
