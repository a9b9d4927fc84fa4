"""What no scenario changes: nodes, links, their sizes and laws; checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..checks import number, place, whole
from .curves import Curves

if TYPE_CHECKING:
    from .network import Problem

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Index = NDArray[np.intp]

GRAVITY = 9.80665
"""Standard acceleration of gravity [m/s2], ISO 80000-3."""

HAZEN_WILLIAMS_EXPONENT = 1.852
HAZEN_WILLIAMS_DIAMETER_EXPONENT = 4.871
HAZEN_WILLIAMS_CONSTANT = 4.727 * 0.3048 ** (4.871 - 3 * 1.852)
"""Head [m] = constant C^-1.852 D^-4.871 L Q^1.852 in SI (10.667).  EPANET 2.2 manual, table 12.1 (4.727 for feet and
ft3/s), to the digits its code uses."""

GREATEST_EXPONENT = 20.0
"""Largest exponent of a pump curve; the limit of EPANET 2.2."""


@dataclass(frozen=True)
class Pipework:
    """The constant part of a problem; N nodes, E links."""

    node_count: int
    fixed: Index
    start: Index
    end: Index
    hydrostatic: Array  # (N,) reference density x g x elevation
    buoyancy: Array  # (E,) driving pressure of densities that differ from the reference
    area: Array  # (E,) 0 where no diameter
    diameter: Array
    roughness: Array  # relative
    density: Array
    pipe: Array  # L / (2 D rho A^2), 0 where Hazen-Williams holds
    minor: Array  # K / (2 rho A^2)
    hazen: Array  # coefficient of q^1.852
    exponent: Array  # of the device law
    pump_slope: Array  # at full speed
    pump_curvature: Array
    pump_exponent: Array
    check: Mask
    curves: Curves

    @property
    def link_count(self) -> int:
        """E."""
        return self.start.size

    @classmethod
    def of(cls, p: Problem) -> Pipework:
        """Validate the constant arrays.

        Raises
        ------
        ValueError
            Names field and index.
        """
        nodes = whole("node_count", p.node_count, 1)
        start, end = indices("link_from", p.link_from), indices("link_to", p.link_to)
        fixed = indices("fixed_node", p.fixed_node).ravel()
        _check_topology(nodes, start, end, fixed)
        links = start.size
        length, diameter = (
            column(p.link_length, links, "link_length"),
            column(p.link_diameter, links, "link_diameter"),
        )
        density, minor = (
            column(p.link_density, links, "link_density"),
            column(p.link_minor_loss, links, "link_minor_loss"),
        )
        hazen = column(p.link_hazen_williams, links, "link_hazen_williams")
        roughness = column(p.link_roughness, links, "link_roughness")
        height = column(p.node_elevation, nodes, "node_elevation")
        exponent = column(p.link_device_exponent, links, "link_device_exponent")
        slope = column(p.link_pump_slope, links, "link_pump_slope")
        curvature = column(p.link_pump_curvature, links, "link_pump_curvature")
        pump_exponent = column(p.link_pump_exponent, links, "link_pump_exponent")
        for name, array, low in (
            ("link_density", density, 1e-12), ("link_length", length, 0.0), ("link_diameter", diameter, 0.0),
            ("link_roughness", roughness, 0.0), ("link_minor_loss", minor, 0.0), ("link_hazen_williams", hazen, 0.0),
            ("link_device_exponent", exponent, 1.0), ("link_pump_curvature", curvature, 0.0),
            ("link_pump_slope", slope, -np.inf), ("node_elevation", height, -np.inf),
        ):  # fmt: skip
            check_finite(name, array, low)
        named(
            "link_pump_exponent must be > 0 and at most 20",
            ~((pump_exponent > 0.0) & (pump_exponent <= GREATEST_EXPONENT)),
        )
        named(
            "a link with length or minor loss needs a diameter",
            ((length > 0.0) | (minor > 0.0)) & ~(diameter > 0.0),
        )
        named(
            "a pump curve that only rises (link_pump_slope < 0 without curvature of an exponent > 1) has no steady state",
            (slope < 0.0) & ~((curvature > 0.0) & (pump_exponent > 1.0)),
        )  # fmt: skip
        area = np.pi / 4.0 * diameter**2
        with np.errstate(divide="ignore", invalid="ignore"):
            kinetic = np.where(area > 0.0, 1.0 / (2.0 * density * area**2), 0.0)
            pipe = np.where((length > 0.0) & (hazen == 0.0), length / diameter * kinetic, 0.0)
            relative = np.where(diameter > 0.0, roughness / diameter, 0.0)
        reference = float(density.mean()) if links else 0.0
        hydrostatic = reference * GRAVITY * height
        return cls(
            node_count=nodes, fixed=fixed, start=start, end=end, hydrostatic=hydrostatic,
            buoyancy=(density - reference) * GRAVITY * (height[end] - height[start]),
            area=area, diameter=diameter, roughness=relative, density=density, pipe=pipe, minor=minor * kinetic,
            hazen=_hazen_williams(hazen, length, diameter, density), exponent=exponent, pump_slope=slope,
            pump_curvature=curvature, pump_exponent=pump_exponent,
            check=column(p.link_check, links, "link_check").astype(bool),
            curves=Curves.of(p.curves, p.link_curve, links),
        )  # fmt: skip


def _hazen_williams(roughness: Array, length: Array, diameter: Array, density: Array) -> Array:
    """Coefficient of q^1.852 in pascal; head is turned into pressure by density and standard gravity."""
    held = (roughness > 0.0) & (length > 0.0)
    c, d = np.where(held, roughness, 1.0), np.where(held, diameter, 1.0)
    head = (
        HAZEN_WILLIAMS_CONSTANT * length * c**-HAZEN_WILLIAMS_EXPONENT * d**-HAZEN_WILLIAMS_DIAMETER_EXPONENT
    )
    return np.where(held, head * density ** (1.0 - HAZEN_WILLIAMS_EXPONENT) * GRAVITY, 0.0)


def column(value: ArrayLike, height: int, name: str) -> Array:
    """(height,) floats of a scalar, (height,) or (1, height)."""
    array = np.asarray(value, float)
    if array.ndim == 2 and array.shape[0] == 1:
        array = array[0]
    if array.ndim > 1 or (array.ndim == 1 and array.size not in (1, height)):
        raise ValueError(f"{name} has shape {np.shape(value)}, expected ({height},)")
    return np.array(np.broadcast_to(array, (height,)))


def indices(name: str, value: ArrayLike) -> Index:
    """Whole numbers; what has a fraction is refused instead of cut."""
    given = number(name, value)
    if (given != np.floor(given)).any():
        raise ValueError(f"{place(name, given, given != np.floor(given))}, not the number of a node")
    return np.asarray(given, np.intp)


def check_finite(name: str, array: NDArray[np.float64], low: float) -> None:
    """Refuse what is not finite or below ``low``; whole arrays are looked at without copies."""
    if array.size and not (array.max() < np.inf and low <= array.min() > -np.inf):
        bound = "" if low == -np.inf else " and > 0" if 0.0 < low < 1.0 else f" and >= {low:g}"
        named(f"{name} must be finite{bound}", ~(np.isfinite(array) & (array >= low)))


def named(message: str, broken: NDArray[np.bool_]) -> None:
    """Raise with the first place that breaks the rule."""
    if broken.any():
        where = np.argwhere(broken)[0].tolist()
        raise ValueError(f"{message}; broken at {', '.join(map(str, where))}")


def _check_topology(nodes: int, start: Index, end: Index, fixed: Index) -> None:
    if start.ndim != 1 or start.shape != end.shape:
        raise ValueError("link_from and link_to must be one-dimensional and of equal length")
    for name, index in (("link_from", start), ("link_to", end), ("fixed_node", fixed)):
        if index.size and (index.min() < 0 or index.max() >= nodes):
            raise ValueError(f"{name} names a node outside 0..{nodes - 1}")
    if np.any(start == end):
        raise ValueError(f"link {int(np.argmax(start == end))} starts and ends at the same node")
    if np.unique(fixed).size != fixed.size:
        raise ValueError("fixed_node names a node twice")
