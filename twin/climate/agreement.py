"""Whether what a weather file says twice agrees: elevation and pressure, dew point and relative humidity.

Either of two quantities that contradict each other may be the wrong one, and both bring about numbers that look right: a
station that is thought 3,000 m too high gives a site below it a barometer of 142 kPa.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from solvers import psychrometrics
from twin.climate.table import MANY, Column, numbers
from twin.climate.text import Complaints
from twin.climate.year import Array
from twin.layout.mistakes import quote

FOOT = 0.3048
"""[m]"""
ODD, WRONG = 0.02, 0.04
"""Distance of a year's mean pressure from that of the standard atmosphere at the elevation from which on it is noted, and
from which on it is a mistake.  Annual means at sea level are between 98.5 kPa (around Antarctica, -2.8 %) and 102 kPa
(assumed); of the NREL files that are at hand none is farther off than 1.2 %. [-]"""
DAMP = 15.0
"""Distance of a relative humidity from that of the dew point which rounding, another formula and two instruments do not
explain: of :data:`twin.climate.table.MANY` hours and more it is a mistake.  NREL's own files have up to 6 such hours. [%]"""
REACH = (-500.0, 6500.0)
"""Elevations among which that of a pressure is looked for. [m]"""


def fitting_barometer(
    pressure: Array, elevation: float, place: tuple[int, int], complaints: Complaints
) -> tuple[str, ...]:
    """Note a mistake at the elevation, in line 1, where the pressures of the hours are of another height.

    Parameters
    ----------
    pressure : (n,) of the hours. [Pa]
    elevation : of the station. [m]
    place : column and length of the elevation in the first line

    Returns
    -------
    tuple of str
        A remark where they are some way off.
    """
    if not len(pressure):
        return ()
    mean, expected = float(pressure.mean()), float(psychrometrics.pressure_at(elevation))
    off = mean / expected - 1.0
    if abs(off) <= ODD:
        return ()
    heights = np.linspace(*REACH, 7001)
    fits = float(heights[np.argmin(np.abs(psychrometrics.pressure_at(heights) - mean))])
    told = (
        f"elevation {elevation:g} m does not fit the pressures of the hours: their mean is {mean / 1e3:.1f} kPa, and the "
        f"standard atmosphere has {expected / 1e3:.1f} kPa at this height"
    )
    if abs(off) <= WRONG:
        return (f"{told}, {abs(off):.1%} away",)
    meters = elevation * FOOT
    feet = abs(mean / float(psychrometrics.pressure_at(meters)) - 1.0) <= ODD
    hint = (
        f"this looks like feet, write {meters:.0f}" if feet else f"about {round(fits, -1):.0f} m is expected"
    )
    complaints.add(f"{told}; {hint}, or correct the pressures", 1, *place)
    return ()


def fitting_humidity(
    dry: Array, dew: Array, rows: NDArray[np.int64], column: Column | None, complaints: Complaints
) -> None:
    """Note a mistake where relative humidities contradict the dew points in many hours; single ones are the instruments'.

    Hours without a humidity are left out, and a column with anything else than numbers is not looked at: the program does
    not need it.  Below 0 degC the humidity may be meant over water or over ice.
    """
    if column is None:
        return
    gaps = [text.strip() == "" or _is_code(text, column.missing) for text in column.texts]
    filled = ["0" if gap else text for gap, text in zip(gaps, column.texts, strict=True)]
    given = numbers(
        Column(column.name, filled, column.place, 1.0, (), column.limits, column.unit),
        rows,
        complaints,
        optional=True,
    )
    if given is None:
        return
    water, mixed = _over_water, psychrometrics.saturation_pressure
    said = (water(dew) / water(dry), mixed(dew) / mixed(dry), water(dew) / mixed(dry))
    off = np.min([np.abs(100.0 * share - given) for share in said], axis=0)
    off[np.array(gaps, bool)] = 0.0
    if (off > DAMP).sum() < MANY:
        return
    row = int(np.argmax(off > DAMP))
    expected = 100.0 * float(said[0][row])
    complaints.add(
        f"relative humidity {quote(column.texts[row].strip())} % contradicts the dew point {dew[row]:g} degC at "
        f"{dry[row]:g} degC, with which it is {expected:.0f} %, and so do {int((off > DAMP).sum()):,} hours; correct one of "
        f"the columns, or write {column.missing[0]:g} for humidities that are not known",
        int(rows[row]), *column.place(row),
    )  # fmt: skip


def _is_code(text: str, missing: tuple[float, ...]) -> bool:
    try:
        return float(text) in missing
    except ValueError:
        return False


def _over_water(temperature: Array) -> Array:
    """Saturation pressure over water, also below 0 degC (Magnus form; WMO-No. 8, volume I, annex 4.B). [Pa]"""
    return np.asarray(611.2 * np.exp(17.62 * temperature / (243.12 + temperature)))
