"""What every loop's sources are asked for: the layout's set point, reset by outdoors and by dew point."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from twin.model.facility import Facility
from twin.model.products import Chiller
from twin.networks.liquid import LoopNetwork
from twin.networks.plant import Weather, economizer_opens

Array = NDArray[np.float64]

ECONOMIZER_APPROACH = 5.0
"""Distance of economizer water from the outdoor wet bulb (dry bulb, for dry coolers) that is asked for. [K] Assumed."""


def setpoints(facility: Facility, loops: Sequence[LoopNetwork], weather: Weather) -> Array:
    """(S, L) supply temperature the sources of every loop are asked for. [degC]

    A loop with a reset follows its points, linearly between them and level beyond.  One with a dew-point margin is not
    colder than the dew points of the halls of its sinks and that margin.  Condenser water of chillers with a water-side
    economizer is run as cold as the economizer can use and the outdoors allow, while it then takes heat at the rated rise
    of the chillers' water; where it takes none the loop's own set point stands.
    """
    wanted = (
        np.array([_own(facility, loop, weather) for loop in loops])
        .reshape(len(loops), weather.dry_bulb.size)
        .T
    )
    served = {name: column for column, loop in enumerate(loops) for name in loop.circuit.sources}
    for column, loop in enumerate(loops):
        chillers = economized(facility, loop, served)
        if chillers:
            kinds = {facility.by_id[name].kind for name in loop.circuit.sources}
            outdoors = weather.wet_bulb if kinds == {"cooling_tower"} else weather.dry_bulb
            cold = [
                wanted[:, served[name]] - (product.economizer_approach or 0.0) for name, product in chillers
            ]
            useful = np.maximum(np.min(cold, axis=0), outdoors + ECONOMIZER_APPROACH)
            works = [economizer_opens(product, wanted[:, served[name]], useful) for name, product in chillers]
            lower = np.any(works, axis=0) & (useful < wanted[:, column])
            wanted[:, column] = np.where(lower, useful, wanted[:, column])
    return wanted


def economized(facility: Facility, loop: LoopNetwork, served: Mapping[str, int]) -> list[tuple[str, Chiller]]:
    """Chillers with water-side economizers whose condensers a loop cools, of those that serve loops."""
    return [
        (name, product)
        for name in loop.circuit.sinks
        if name in served
        and isinstance(product := facility.by_id[name].product, Chiller)
        and product.economizer_approach is not None
    ]


def lowered(facility: Facility, loops: Sequence[LoopNetwork]) -> tuple[str, ...]:
    """Loops whose set point is lowered for the sake of economizers where the outdoors allow."""
    served = {name: column for column, loop in enumerate(loops) for name in loop.circuit.sources}
    return tuple(loop.circuit.id for loop in loops if economized(facility, loop, served))


def _own(facility: Facility, loop: LoopNetwork, weather: Weather) -> Array:
    """(S,) what the loop itself asks for."""
    circuit = loop.circuit
    wanted = np.full(weather.dry_bulb.shape, circuit.supply)
    if circuit.reset is not None:
        outdoors, supply = np.array(circuit.reset.points).T
        by = weather.wet_bulb if circuit.reset.by == "wet_bulb" else weather.dry_bulb
        wanted = np.interp(by, outdoors, supply)
    if circuit.dew_point_margin is not None:
        halls = {facility.by_id[name].hall for name in circuit.sinks}
        dew = max((shell.air.dew_point for shell in facility.halls if shell.id in halls), default=-np.inf)
        wanted = np.maximum(wanted, dew + circuit.dew_point_margin)
    return np.asarray(wanted)
