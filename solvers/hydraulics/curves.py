"""Piecewise-linear link laws: the falling curve of a pump, the rising one of a general-purpose valve."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Index = NDArray[np.intp]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Curves:
    """The K links that follow a curve; their points lie behind each other.

    Beyond its points a curve goes on straight.  That of a pump holds at full speed; that of a valve begins at
    the origin and is odd.
    """

    link: Index
    """(K,)"""
    first: Index
    """(K + 1,) where the points of each begin."""
    flow: Array
    """(P,) [kg/s]"""
    pressure: Array
    """(P,) [Pa]"""
    pump: Mask
    """(K,) the curve falls."""

    @classmethod
    def of(cls, curves: Sequence[tuple[ArrayLike, ArrayLike]], link_curve: ArrayLike, links: int) -> Curves:
        """Check the curves that links use, and copy them out.

        Raises
        ------
        ValueError
            Names curve, link and point that break a rule.
        """
        chosen = np.broadcast_to(np.asarray(link_curve, np.intp), (links,))
        if chosen.size and (chosen.max() >= len(curves) or chosen.min() < -1):
            bad = int(np.argmax((chosen >= len(curves)) | (chosen < -1)))
            raise ValueError(f"link_curve[{bad}] is {chosen[bad]}, but there are {len(curves)} curves")
        used = np.flatnonzero(chosen >= 0)
        read = [_points(curves[number], f"curves[{number}] of link {link}") for link, number in
                zip(used.tolist(), chosen[used].tolist(), strict=True)]  # fmt: skip
        sizes = [flow.size for flow, _ in read]
        return cls(
            link=used,
            first=np.concatenate([[0], np.cumsum(sizes)]).astype(np.intp),
            flow=np.concatenate([flow for flow, _ in read]) if read else np.zeros(0),
            pressure=np.concatenate([pressure for _, pressure in read]) if read else np.zeros(0),
            pump=np.array([pressure[-1] <= pressure[0] for _, pressure in read], bool),
        )

    def at(self, number: int, flow: Array) -> tuple[Array, Array]:
        """Pressure and slope of one curve at flows >= 0."""
        x, y = (a[self.first[number] : self.first[number + 1]] for a in (self.flow, self.pressure))
        segment = np.clip(np.searchsorted(x, flow, "right") - 1, 0, x.size - 2)
        slope = ((y[1:] - y[:-1]) / (x[1:] - x[:-1]))[segment]
        return y[segment] + slope * (flow - x[segment]), slope

    def ends(self) -> tuple[Array, Array]:
        """(K,) pressure at zero flow, and the flow of the last point."""
        none = np.zeros(1)
        return (
            np.array([self.at(k, none)[0][0] for k in range(self.link.size)]),
            self.flow[self.first[1:] - 1],
        )


def _points(curve: tuple[ArrayLike, ArrayLike], name: str) -> tuple[Array, Array]:
    flow, pressure = (np.asarray(a, float).ravel() for a in curve)
    if flow.size != pressure.size or flow.size < 2:
        raise ValueError(f"{name} needs two points or more, each a flow and a pressure")
    wrong = ~(np.isfinite(flow) & np.isfinite(pressure)) | (flow < 0.0)
    if wrong.any():
        raise ValueError(f"{name}: point {int(np.argmax(wrong))} is negative in flow or not finite")
    if (np.diff(flow) <= 0.0).any():
        raise ValueError(
            f"{name}: flow does not increase at point {int(np.argmax(np.diff(flow) <= 0.0)) + 1}"
        )
    rise = np.diff(pressure)
    if pressure[-1] <= pressure[0]:
        if (rise > 0.0).any():
            raise ValueError(
                f"{name}: a pump's pressure must fall with flow, and rises at point {int(np.argmax(rise > 0.0)) + 1}"
            )
        if pressure[0] <= 0.0:
            raise ValueError(f"{name}: a pump's pressure must be positive at its first point")
        return flow, pressure
    if (rise < 0.0).any():
        raise ValueError(
            f"{name}: a valve's drop must rise with flow, and falls at point {int(np.argmax(rise < 0.0)) + 1}"
        )
    if pressure[0] < 0.0 or (flow[0] == 0.0 and pressure[0] > 0.0):
        raise ValueError(f"{name}: a valve's drop must begin at zero, and is {pressure[0]:g} Pa at point 0")
    return (flow, pressure) if flow[0] == 0.0 else (np.append(0.0, flow), np.append(0.0, pressure))
