"""Losses of fittings and valves: coefficients on the velocity head, and flow coefficients Kv and Cv."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

STEEL_ROUGHNESS = 4.5e-5
"""Commercial steel, Moody 1944 [m]."""
CV_OVER_KV = 1.0 / 0.865
"""US gal/min at 1 psi over m3/h at 1 bar; IEC 60534-1: Kv = 0.865 Cv."""


@dataclass(frozen=True)
class Fitting:
    """Loss coefficient as a multiple of the friction factor at full turbulence, or as a plain number."""

    lengths: float
    """Equivalent length over diameter [-]; 0 if ``loss`` is given."""
    loss: float
    """Coefficient on the velocity head [-]."""
    source: str


_CRANE = "Crane TP-410, appendix A, as quoted"
_ASSUMED = "assumed"

FITTINGS = {
    "elbow_90": Fitting(30.0, 0.0, _CRANE),
    "elbow_90_long": Fitting(14.0, 0.0, _CRANE + " (r/d = 1.5)"),
    "elbow_45": Fitting(16.0, 0.0, _CRANE),
    "tee_run": Fitting(20.0, 0.0, _CRANE),
    "tee_branch": Fitting(60.0, 0.0, _CRANE),
    "gate_valve": Fitting(8.0, 0.0, _CRANE),
    "ball_valve": Fitting(3.0, 0.0, _CRANE + " (full bore)"),
    "butterfly_valve": Fitting(45.0, 0.0, _CRANE + " (NPS 2 to 8)"),
    "globe_valve": Fitting(340.0, 0.0, _CRANE),
    "swing_check_valve": Fitting(100.0, 0.0, _CRANE),
    "entrance": Fitting(0.0, 0.5, _CRANE + " (sharp-edged)"),
    "exit": Fitting(0.0, 1.0, "all velocity head is lost"),
    "balancing_valve": Fitting(0.0, 6.0, _ASSUMED + ": open; take Kv from the data sheet"),
    "strainer_clean": Fitting(0.0, 3.0, _ASSUMED + ": Y type; take Kv from the data sheet"),
    "strainer_dirty": Fitting(0.0, 9.0, _ASSUMED + ": three times clean"),
}
"""Per piece, on the velocity head of its own pipe.  Crane's numbers scatter by 20 to 50 % between makers."""


def loss_coefficient(name: str, diameter: ArrayLike) -> Array:
    """Coefficient on the velocity head of a fitting in a pipe of ``diameter`` [m]; [-].

    ``K = f_T L/D`` with the factor of full turbulence in commercial steel, ``f_T = 0.25 / log10(3.7 D / e)^2``
    (Crane TP-410), whatever the pipe is made of.
    """
    if name not in FITTINGS:
        raise ValueError(f"no fitting {name!r}; there are {', '.join(FITTINGS)}")
    d = np.asarray(diameter, float)
    if not (d > 0.0).all():
        raise ValueError("diameter must be > 0")
    fitting = FITTINGS[name]
    turbulent = 0.25 / np.log10(3.7 * d / STEEL_ROUGHNESS) ** 2
    return np.asarray(fitting.lengths * turbulent + fitting.loss)


def coefficient_from_kv(kv: ArrayLike, density: ArrayLike = 998.2) -> Array:
    """Device coefficient c of ``drop = c q^2`` [Pa/(kg/s)^2] of a valve with Kv [m3/h at 1 bar, water].

    IEC 60534-2-1, turbulent: ``Q = Kv sqrt(dp / (1 bar) 1000 / rho)``.
    """
    k = np.asarray(kv, float)
    if not (k > 0.0).all():
        raise ValueError("Kv must be > 0")
    return np.asarray(1e5 * 3600.0**2 / (1000.0 * np.asarray(density, float) * k**2))


def kv_from_coefficient(coefficient: ArrayLike, density: ArrayLike = 998.2) -> Array:
    """The inverse of :func:`coefficient_from_kv` [m3/h at 1 bar]."""
    return np.sqrt(coefficient_from_kv(1.0, density) / np.asarray(coefficient, float))


def coefficient_from_cv(cv: ArrayLike, density: ArrayLike = 998.2) -> Array:
    """Device coefficient [Pa/(kg/s)^2] of a valve with Cv [US gal/min at 1 psi, water]; see :data:`CV_OVER_KV`."""
    return coefficient_from_kv(np.asarray(cv, float) / CV_OVER_KV, density)


def loss_from_kv(kv: ArrayLike, diameter: ArrayLike) -> Array:
    """Coefficient on the velocity head of ``diameter`` [m] of a valve with Kv [m3/h at 1 bar]; [-]."""
    area = np.pi / 4.0 * np.asarray(diameter, float) ** 2
    return np.asarray(coefficient_from_kv(kv, 1000.0) * 2000.0 * area**2)
