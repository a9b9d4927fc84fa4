"""What a short-circuit network is made of: tables of feeders, branches, transformers, machines, converters.

Impedances of lines are in ohm; those of machines and transformers in per unit of their own rating, as on the
name plate.  A field written (S, n) may be given as (n,) when it is the same in all scenarios.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from solvers.power.faults.tables import Array, column, refuse, tidy

END_TEMPERATURE = 80.0
"""Conductor temperature at the end of a short circuit where none is given (assumed; cables reach 160 to
250 degC, IEC 60364-4-43 Table 43A as quoted; the higher, the smaller the minimum current). [degC]"""


class Winding(IntEnum):
    """How a winding stands to earth in the zero-sequence network."""

    DELTA = 0
    STAR = 1
    """Star point not connected."""
    STAR_EARTHED = 2
    """Star point brought out and earthed, directly or through an impedance."""
    ZIGZAG_EARTHED = 3


_LETTERS = {
    "d": Winding.DELTA,
    "y": Winding.STAR,
    "yn": Winding.STAR_EARTHED,
    "zn": Winding.ZIGZAG_EARTHED,
}


def vector_group(text: str) -> tuple[Winding, ...]:
    """Windings of a vector group after IEC 60076-1 ("Dyn11", "YNd", "YNynd5"), from the highest voltage down.

    Clock numbers are ignored.  ValueError for anything else; an unearthed zigzag winding is a star here.
    """
    parts = re.findall(r"([a-z]n?)\d*", text.lower())
    rest = re.sub(r"([a-z]n?)\d*", "", text.lower())
    known = {**_LETTERS, "z": Winding.STAR}
    if rest or len(parts) not in (2, 3) or any(part not in known for part in parts):
        raise ValueError(f"{text!r} is not a vector group such as Dyn11, YNd or YNynd")
    return tuple(known[part] for part in parts)


def transformer_impedance(uk: Array | float, ur: Array | float) -> Array:
    """Complex impedance [p.u.] of a short-circuit voltage ``uk`` and its resistive part ``ur`` (both p.u.)."""
    uk, ur = np.asarray(uk, float), np.asarray(ur, float)
    refuse("uk", uk, uk < ur, "must be at least its resistive part")
    return np.asarray(ur + 1j * np.sqrt(uk**2 - ur**2))


@dataclass(frozen=True)
class Feeders:
    """F network feeders: the utility, as seen from its connection points."""

    bus: Array = column(int)
    power_max: Array = column(above=0)
    """(F,) greatest initial short-circuit power S_kQ'' = sqrt(3) U_n I_kQ''. [VA]"""
    power_min: Array = column(default="power_max", above=0)
    """(F,) smallest one; the greatest where it is left out. [VA]"""
    r_over_x: Array = column(default=0.1, least=0)
    """(F,) R_Q / X_Q; 0.1 after IEC 60909-0:2016 clause 6.2 where it is not known. [-]"""
    x0_over_x1: Array = column(default=1.0, above=0, infinite=True)
    """(F,) zero- over positive-sequence reactance, inf = not earthed; 1 is assumed. [-]"""
    r0_over_x0: Array = column(default="r_over_x", least=0)
    live: Array = column(bool, True, scenario=True)

    def __post_init__(self) -> None:
        tidy(self, "feeders")


@dataclass(frozen=True)
class Branches:
    """E lines, cables, busways, switches; a transformer is a branch that a row of Transformers describes."""

    from_bus: Array = column(int)
    to_bus: Array = column(int)
    impedance: Array = column(complex, 0)
    """(E,) positive-sequence impedance of one conductor set at 20 degC; 0 = ideal switch, merged exactly;
    not read where the branch is a transformer. [ohm]"""
    zero_impedance: Array = column(complex, 0)
    """(E,) zero-sequence impedance; needed only for line-to-earth faults. [ohm]"""
    parallel: Array = column(int, 1, least=1)
    """(E,) equal sets in parallel."""
    end_temperature: Array = column(default=END_TEMPERATURE, least=20)
    """(E,) conductor temperature for minimum currents. [degC]"""
    closed: Array = column(bool, True, scenario=True)
    """(S, E) bool."""

    def __post_init__(self) -> None:
        tidy(self, "branches")
        for name in ("impedance", "zero_impedance"):
            value = getattr(self, name)
            refuse(f"branches.{name}", value, value.real < 0, "must not have negative resistance")
            # series capacitors are bypassed in a short circuit, IEC 60909-0:2016 clause 6.1 as quoted
            refuse(f"branches.{name}", value, value.imag < 0, "must not have negative reactance")


@dataclass(frozen=True)
class Transformers:
    """T two-winding transformers; each stands on a branch."""

    branch: Array = column(int)
    """(T,) row of Branches."""
    rating: Array = column(above=0)
    """(T,) [VA]"""
    voltage_from: Array = column(above=0)
    voltage_to: Array = column(above=0)
    """(T,) rated voltages, line to line, of the windings at the from and to bus. [V]"""
    impedance: Array = column(complex)
    """(T,) u_R + j u_X, see :func:`transformer_impedance`. [p.u. of the rating]"""
    zero_impedance: Array = column(complex, "impedance")
    """(T,) leakage in the zero sequence, without neutral impedances. [p.u. of the rating]"""
    zero_magnetising: Array = column(complex, 0)
    """(T,) zero-sequence magnetising admittance, 0 = none (five-limb or shell core, or a delta). [p.u.]"""
    winding_from: Array = column(int, int(Winding.DELTA))
    winding_to: Array = column(int, int(Winding.STAR_EARTHED))
    """(T,) :class:`Winding`; Dyn where left out."""
    neutral_from: Array = column(complex, 0)
    neutral_to: Array = column(complex, 0)
    """(T,) impedance between star point and earth. [ohm]"""

    def __post_init__(self) -> None:
        tidy(self, "transformers")
        _nonzero("transformers", impedance=self.impedance, zero_impedance=self.zero_impedance)
        _windings("transformers", winding_from=self.winding_from, winding_to=self.winding_to)


@dataclass(frozen=True)
class Triples:
    """W three-winding transformers A-B-C; disconnect them by switches at their buses."""

    bus: Array = column(int, columns=3)
    """(W, 3) buses of A, B, C; -1 = winding not led out (compensation winding)."""
    rating: Array = column(columns=3, above=0)
    """(W, 3) rated through power of the pairs AB, AC, BC, to which ``impedance`` relates. [VA]"""
    voltage: Array = column(columns=3, above=0)
    """(W, 3) rated voltages of A, B, C. [V]"""
    impedance: Array = column(complex, columns=3)
    """(W, 3) u_R + j u_X of the pairs AB, AC, BC. [p.u.]"""
    zero_impedance: Array = column(complex, "impedance", columns=3)
    winding: Array = column(int, int(Winding.STAR), columns=3)
    """(W, 3) :class:`Winding`."""
    neutral: Array = column(complex, 0, columns=3)
    """(W, 3) impedance between star point and earth. [ohm]"""

    def __post_init__(self) -> None:
        tidy(self, "triples")
        _nonzero("triples", impedance=self.impedance, zero_impedance=self.zero_impedance)
        _windings("triples", winding=self.winding)
        refuse("triples.bus", self.bus, self.bus < -1, "must be a bus or -1")
        zigzag = self.winding == Winding.ZIGZAG_EARTHED
        refuse("triples.winding", self.winding, zigzag, "zigzag is not modelled with three windings")


@dataclass(frozen=True)
class Generators:
    """N synchronous machines, alone or as power-station units with their own transformer."""

    bus: Array = column(int)
    rating: Array = column(above=0)
    """(N,) [VA]"""
    voltage: Array = column(above=0)
    """(N,) rated voltage. [V]"""
    impedance: Array = column(complex)
    """(N,) R_G + j X''_d, saturated. [p.u. of the rating]"""
    power_factor: Array = column(default=0.8, above=0)
    """(N,) rated, over-excited; 0.8 is the usual rating of generating sets (ISO 8528-1, as quoted). [-]"""
    voltage_range: Array = column(default=0.0, least=0)
    """(N,) p_G: how far the terminal voltage may permanently exceed the rated one. [-]"""
    sustained: Array = column(default=np.inf, above=0, infinite=True)
    """(N,) three-phase current that the excitation keeps up, over the rated one (3 is usual for generating sets
    with a permanent-magnet or auxiliary-winding exciter, assumed); inf = unknown, no limit. [-]"""
    earthed: Array = column(bool, False)
    """(N,) star point earthed: feeds line-to-earth faults."""
    zero_impedance: Array = column(complex, 0)
    """(N,) needed where earthed. [p.u. of the rating]"""
    neutral: Array = column(complex, 0)
    """(N,) impedance between star point and earth. [ohm]"""
    unit_branch: Array = column(int, -1)
    """(N,) branch that is the unit transformer of this machine, -1 = none (correction K_G, else K_S, K_SO)."""
    unit_on_load: Array = column(bool, False)
    """(N,) the unit transformer has an on-load tap changer."""
    unit_tap_range: Array = column(default=0.0, least=0)
    """(N,) p_T: off-load taps permanently used, lowers the impedance by 1 - p_T. [-]"""
    live: Array = column(bool, True, scenario=True)

    def __post_init__(self) -> None:
        tidy(self, "generators")
        refuse(
            "generators.impedance", self.impedance, self.impedance.imag <= 0, "must have a reactance above 0"
        )
        refuse(
            "generators.impedance",
            self.impedance,
            self.impedance.real < 0,
            "must not have negative resistance",
        )
        refuse("generators.power_factor", self.power_factor, self.power_factor > 1, "must be at most 1")
        lacks = self.earthed & (self.zero_impedance == 0)
        refuse("generators.zero_impedance", self.zero_impedance, lacks, "must be given where earthed")


@dataclass(frozen=True)
class Motors:
    """M asynchronous motors or groups of equal ones.

    Converter-fed drives count only if they can feed back; then ``start_ratio`` 3 and ``r_over_x`` 0.1
    (IEC 60909-0:2016 clause 6.11, as quoted).
    """

    bus: Array = column(int)
    rating: Array = column(above=0)
    """(M,) S_rM = P / (efficiency x power factor) of one motor. [VA]"""
    voltage: Array = column(above=0)
    """(M,) rated voltage. [V]"""
    start_ratio: Array = column(default=5.0, above=0)
    """(M,) I_LR / I_rM; 5 for groups whose data are unknown (IEC 60909-0:2016 clause 6.10, as quoted)."""
    r_over_x: Array = column(default=0.42, least=0)
    """(M,) 0.10 above 1 kV with P >= 1 MW per pole pair, 0.15 below that, 0.42 for low-voltage groups with
    their cables (IEC 60909-0:2016 clause 6.10). [-]"""
    pole_pair_power: Array = column(default=np.inf, above=0, infinite=True)
    """(M,) rated power per pole pair; inf = no decay is counted in the breaking current. [W]"""
    count: Array = column(int, 1, least=1)
    live: Array = column(bool, True, scenario=True)

    def __post_init__(self) -> None:
        tidy(self, "motors")


@dataclass(frozen=True)
class Converters:
    """C full converters (inverters of UPS and batteries): current sources that their control limits."""

    bus: Array = column(int)
    current_max: Array = column(least=0)
    """(C,) largest three-phase short-circuit current, stated by the maker. [A]"""
    current_min: Array = column(default=0.0, least=0)
    """(C,) smallest one; 0 = left out of minimum currents. [A]"""
    earthed: Array = column(bool, True)
    """(C,) four-wire output with earthed neutral: feeds line-to-earth faults of its own island."""
    live: Array = column(bool, True, scenario=True)

    def __post_init__(self) -> None:
        tidy(self, "converters")


@dataclass(frozen=True)
class Earthings:
    """Neutral earthing transformers: shunts of the zero-sequence network."""

    bus: Array = column(int)
    impedance: Array = column(complex)
    """zero-sequence impedance to earth, 3 Z_N included. [ohm]"""
    live: Array = column(bool, True, scenario=True)

    def __post_init__(self) -> None:
        tidy(self, "earthings")
        _nonzero("earthings", impedance=self.impedance)


def _nonzero(label: str, **columns: Array) -> None:
    for name, value in columns.items():
        refuse(f"{label}.{name}", value, value == 0, "must not be zero")
        refuse(f"{label}.{name}", value, value.real < 0, "must not have negative resistance")


def _windings(label: str, **columns: Array) -> None:
    for name, value in columns.items():
        refuse(f"{label}.{name}", value, ~np.isin(value, list(Winding)), "is not a Winding")
