"""Air-management indices, read from rack and unit temperatures; racks are the last axis.

Temperatures are degC, flows kg/s; RCI and RTI are in per cent as their author defines them, SHI and RHI are
fractions.  Give only racks with flow (a dead rack has no inlet).

References
----------
.. [1] M. K. Herrlin, "Rack cooling effectiveness in data centers and telecom central offices: the rack
   cooling index (RCI)", ASHRAE Transactions 111(2), 2005.
.. [2] M. K. Herrlin, "Improved data center energy efficiency and thermal performance by advanced airflow
   analysis", Digital Power Forum, 2007 (return temperature index).
.. [3] R. K. Sharma, C. E. Bash and C. D. Patel, "Dimensionless parameters for evaluation of thermal design
   and performance of large-scale data centers", AIAA 2002-3091, 2002 (supply and return heat index).
.. [4] J. W. VanGilder and S. K. Shrivastava, "Capture index: an airflow-based rack cooling performance
   metric", ASHRAE Transactions 113(1), 2007.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def rci(
    inlet: ArrayLike,
    recommended: tuple[float, float] = (18.0, 27.0),
    allowable: tuple[float, float] = (15.0, 32.0),
) -> tuple[Array, Array]:
    """Rack cooling index, high and low side, [1]_. [%]

    100 means no inlet beyond the recommended range, 0 that on average every rack sits at the allowable limit;
    at least 96 is called good.  Defaults: ASHRAE recommended range and class A1.
    """
    t = np.asarray(inlet, float)
    over = np.maximum(t - recommended[1], 0.0).mean(axis=-1) / (allowable[1] - recommended[1])
    under = np.maximum(recommended[0] - t, 0.0).mean(axis=-1) / (recommended[0] - allowable[0])
    return 100.0 * (1.0 - over), 100.0 * (1.0 - under)


def rti(unit_return: ArrayLike, unit_supply: ArrayLike, rack_rise: ArrayLike) -> Array:
    """Return temperature index, [2]_: above 100 recirculation prevails, below 100 bypass. [%]

    ``rack_rise`` [K] is the mean over the racks, weighted by flow.  Without a rise the index is 100.
    """
    rise = np.asarray(rack_rise, float)
    drop = np.asarray(unit_return, float) - np.asarray(unit_supply, float)
    return np.where(rise > 0.0, 100.0 * drop / np.where(rise > 0.0, rise, 1.0), 100.0)


def shi(inlet: ArrayLike, outlet: ArrayLike, supply: ArrayLike, flow: ArrayLike = 1.0) -> Array:
    """Supply heat index, [3]_: heat picked up before the rack over that at its outlet; 0 is ideal. [0..1]

    ``flow`` weights the racks; ``supply`` is one value per scenario.
    """
    base = np.asarray(supply, float)[..., None]
    before = (np.asarray(flow, float) * (np.asarray(inlet, float) - base)).sum(axis=-1)
    after = (np.asarray(flow, float) * (np.asarray(outlet, float) - base)).sum(axis=-1)
    return np.where(after > 0.0, before / np.where(after > 0.0, after, 1.0), 0.0)


def rhi(inlet: ArrayLike, outlet: ArrayLike, supply: ArrayLike, flow: ArrayLike = 1.0) -> Array:
    """Return heat index, [3]_: ``1 - shi``; 1 is ideal. [0..1]"""
    return 1.0 - shi(inlet, outlet, supply, flow)


def cold_aisle_capture(share: ArrayLike, local: ArrayLike) -> Array:
    """Capture index of a cold aisle, [4]_: part of the air entering each stream that its own supplies gave. [0..1]

    ``share`` (N, N): part of the air entering stream n (row) that last left stream m (column); ``local`` (N, N) or (N,):
    True where stream m is a supply that counts as local to stream n.
    """
    return (np.asarray(share, float) * np.asarray(local, bool)).sum(axis=-1)


def hot_aisle_capture(extracted: ArrayLike, local: ArrayLike) -> Array:
    """Capture index of a hot aisle, [4]_: part of the air leaving each stream that its own extracts take next. [0..1]

    ``extracted`` (N, N): part of the air leaving stream m (column) that stream n (row) takes; ``local`` (N, N): True
    in row m, column n where stream n is an extract that counts as local to stream m; or (N,) for extracts local to all.
    """
    caught = np.asarray(extracted, float)
    near = np.broadcast_to(np.asarray(local, bool), caught.shape)
    return (np.swapaxes(caught, -1, -2) * near).sum(axis=-1)


def recirculation(share: ArrayLike, racks: ArrayLike) -> Array:
    """Part of the air entering each stream that last left a rack, its own included; ``racks`` (N,) bool. [0..1]"""
    return (np.asarray(share, float) * np.asarray(racks, bool)).sum(axis=-1)
