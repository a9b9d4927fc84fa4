"""What pipes, valves and pumps of the loops bear: surge, suction, ratings, velocities, how evenly the flow is shared.

Surges are a screening: the branch's own fluid, and that of the headers as far as it is slowed down too, between the valve
and the sources, which are taken for a reservoir.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from solvers.fluids import FLUIDS
from solvers.hydraulics import pipes, suction, surge
from twin.model.products import Cdu, Pump
from twin.networks.facility import Lowered
from twin.networks.liquid import LoopNetwork
from twin.networks.state import State

Array = NDArray[np.float64]

JOINTS = 1.6e6
"""Gauge pressure that flanges, valves and grooved couplings bear, PN 16 (EN 1092-1, as quoted). [Pa]  Assumed."""
PUMP_TURNS = 1750.0 / 60.0
"""Motor of four poles at 60 Hz. [1/s]  Assumed."""
SUCTION_SPEED = 165.0 / 60.0
"""Suction specific speed n sqrt(Q) / NPSH^0.75, with n in 1/s: 8,500 in US units, 165 in metric ones. [-]  Assumed: usual
pumps have 7,000 to 11,000."""
LIQUID = (0.0, 99.0)
"""Temperatures between which a loop without steady state is taken to be liquid. [degC]"""


@dataclass(frozen=True)
class Branches:
    """The branches of one loop; n sinks."""

    area: Array
    """(n,) [m2]"""
    column: Array
    """(n,) length of branch whose fluid has the inertia of all that a closing valve slows down. [m]"""
    wave: Array
    """(n,) speed of pressure waves. [m/s]"""

    @classmethod
    def of(cls, loop: LoopNetwork) -> Branches:
        """Branches with the headers before them."""
        template, at = loop.template, loop.sink_link
        bore = np.asarray(template.link_diameter, float)[at]
        own = np.asarray(template.link_length, float)[at]
        way = _ways(loop)
        before = np.array([way[name] for name in loop.circuit.sinks])
        area = np.pi / 4.0 * bore**2
        fluid = FLUIDS[loop.circuit.fluid]
        table = pipes.pipe_table(loop.circuit.pipe)
        wall = table.wall[np.abs(table.inner_diameter - bore[:, None]).argmin(axis=1)]
        bulk = float(fluid.bulk_modulus(np.clip(loop.circuit.supply, *fluid.range)))
        return cls(
            area=area,
            column=own + before * area / (np.pi / 4.0 * loop.header**2),
            wave=surge.wave_speed(
                loop.density, bulk, bore, wall, table.material.elasticity, poisson=table.material.poisson
            ),
        )

    def rise(self, loop: LoopNetwork, flow: Array, closing_time: float) -> Array:
        """(S, n) rise of pressure when each valve closes alone. [Pa]"""
        velocity = np.abs(flow) / (loop.density * self.area)
        return surge.closure(velocity, self.column, closing_time, density=loop.density, speed=self.wave).rise


def _ways(loop: LoopNetwork) -> dict[str, float]:
    """Length of header from the sources to each sink; both ways round a ring are in parallel. [m]"""
    length = np.asarray(loop.template.link_length, float)[loop.segment_link[:, 0]]
    names = loop.segment_sink
    one = np.cumsum(length[: len(names)])
    if len(length) == len(names):
        return dict(zip(names, one.tolist(), strict=True))
    other = one[-1] + length[-1] - one
    both = np.divide(one * other, one + other, out=np.zeros_like(one), where=one + other > 0.0)
    return dict(zip(names, both.tolist(), strict=True))


def pipe_rating(loop: LoopNetwork) -> float:
    """Lowest working pressure of headers, branches and their joints. [Pa]"""
    table = pipes.pipe_table(loop.circuit.pipe)
    bores = np.array([loop.header, *np.asarray(loop.template.link_diameter, float)[loop.sink_link]])
    rows = table.nearest(bores)
    # a pipe beyond the table has the wall of the largest size; Barlow's pressure falls with the diameter
    share = np.minimum(table.inner_diameter[rows] / bores, 1.0)
    return float(min((pipes.working_pressure(table)[rows] * share).min(), JOINTS))


def sink_surge(world: Lowered, state: State, *, instant: bool = False) -> Array:
    """(S, sinks) rise of pressure at each sink when its valve closes, within its loop's closing time or at once. [Pa]"""
    rise = np.zeros_like(state.sink_flow)
    for loop, part in zip(world.loops, world.slices.sink, strict=True):
        time = 0.0 if instant else loop.circuit.closing_time
        rise[:, part] = Branches.of(loop).rise(loop, state.sink_flow[:, part], time)
    return rise


def flow_share(flow: Array, asked: Array) -> Array:
    """Flow over what is asked for; 0 where nothing is."""
    return np.divide(flow, asked, out=np.zeros_like(flow), where=asked > 0.0)


def loop_columns(world: Lowered, state: State) -> dict[str, Array]:
    """Columns of the table of loops, each (S, L)."""
    rise = sink_surge(world, state)
    shape = state.back.shape
    names = ("branch_velocity", "surge", "surge_pressure", "top_pressure", "boiling", "shutoff_pressure", "pipe_rating",
             "coldest_known", "warmest_known", "freezing_point")  # fmt: skip
    found = {name: np.zeros(shape) for name in names}
    for number, (loop, part) in enumerate(zip(world.loops, world.slices.sink, strict=True)):
        circuit, fluid = loop.circuit, FLUIDS[loop.circuit.fluid]
        velocity = np.abs(state.sink_flow[:, part]) / (loop.density * Branches.of(loop).area)
        warmest = np.clip(np.maximum(state.back[:, number], state.supply[:, number]), *LIQUID)
        values: dict[str, Array | float] = {
            "branch_velocity": velocity.max(axis=1),
            "surge": rise[:, part].max(axis=1),
            "surge_pressure": (state.sink_pressure[:, part] + rise[:, part]).max(axis=1),
            "top_pressure": circuit.static_pressure - loop.lift(loop.top),
            "boiling": fluid.vapour_pressure(warmest) - state.barometer,
            "shutoff_pressure": circuit.static_pressure + loop.shutoff_head - loop.lift(loop.bottom),
            "pipe_rating": pipe_rating(loop),
            "coldest_known": fluid.range[0],
            "warmest_known": fluid.range[1],
            "freezing_point": fluid.freezing_point,
        }
        for name, value in values.items():
            found[name][:, number] = value
    return found


def pump_columns(world: Lowered, state: State) -> dict[str, Array]:
    """Columns of the table of pumps, each (S, pumps): pressures, and suction head against what they need."""
    sources = world.source_machine.size
    found = {
        name: np.zeros(state.pump_flow.shape) for name in ("pressure", "npsh_available", "npsh_required")
    }
    for number, (loop, part) in enumerate(zip(world.loops, world.slices.pump, strict=True)):
        if part.stop == part.start:
            continue
        fluid, suction_pressure = FLUIDS[loop.circuit.fluid], state.pump_suction[:, part]
        rise = state.mover_rise[:, sources + part.start : sources + part.stop]
        # a second station draws the supply, what is warmer of it
        supply = np.maximum(state.supply, state.source_supply)[:, [number]]
        warmest = np.clip(np.where(loop.second, supply, state.back[:, [number]]), *LIQUID)
        found["pressure"][:, part] = suction_pressure + np.maximum(rise, 0.0)
        found["npsh_available"][:, part] = suction.npsh_available(
            suction_pressure,
            warmest,
            density=loop.density,
            glycol=fluid.glycol,
            barometric=state.barometer[:, None],
        )
        sheets = [world.cooling[machine].product for machine in world.pump_machine[part]]
        duty = np.array([sheet.flow for sheet in sheets if isinstance(sheet, Pump)])
        needed = np.array([npsh_at_duty(sheet) for sheet in sheets if isinstance(sheet, Pump)])
        share = state.pump_flow[:, part] / loop.density / duty
        found["npsh_required"][:, part] = needed * np.maximum(share, 1.0) ** 2  # rises beyond duty; assumed
    return found


def npsh_at_duty(sheet: Pump) -> float:
    """Net positive suction head that a pump needs at its duty point, by its sheet or by its flow. [m]"""
    if sheet.npsh_required is not None:
        return sheet.npsh_required
    return float((PUMP_TURNS * np.sqrt(sheet.flow) / SUCTION_SPEED) ** (4.0 / 3.0))


def cdu_columns(
    world: Lowered, state: State, name: str, source: int | None, sink: int | None
) -> dict[str, Array]:
    """Pressures of one CDU and the drop of its filter, each (S,)."""
    product = world.facility.by_id[name].product
    assert isinstance(product, Cdu)
    zero = np.zeros(len(state.live))
    found = dict.fromkeys(("primary_required", "primary_pressure", "secondary_pressure", "filter_drop"), zero)
    if sink is not None:
        found |= {
            "primary_required": state.sink_limit[:, sink],
            "primary_pressure": state.sink_pressure[:, sink],
        }
    if source is not None:
        number = int(world.source_loop[source])
        found["secondary_pressure"] = state.loop_pressure[:, number]
        if product.filter is not None:
            rated = product.secondary_flow * world.loops[number].density
            found["filter_drop"] = product.filter.drop * (state.source_flow[:, source] / rated) ** 2
    return found
