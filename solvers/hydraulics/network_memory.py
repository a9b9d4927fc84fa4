"""Working memory of the compiled solver, and the names of its rows."""

from __future__ import annotations

from collections import namedtuple
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .network_given import Given
from .network_laws import SCALE
from .network_vectors import LANES

Array = NDArray[np.float64]

At = namedtuple("At", (  # rows of runs, then of nodes, terms, gates, and single ones
    "flow drop slope square reynolds loss more_loss more_flow more_drop more_slope more_reynolds more_square "
    "live steps open head connected rise load inverse demand mesh power lossless pump_shutoff fall curvature peak guess "
    "curve_speed shutoff limit shut held device scale peak_step sums move share shares change"
))  # fmt: skip

Of = namedtuple("Of", (  # places of constants, of whole numbers, then counts; see Given
    "one_way buoyancy power_exponent power_constant pump_exponent pump_slope pump_curvature minor rough "
    "guess pipe_size more_size curve_flow curve_pressure curve_shutoff fixed_hydrostatic hydrostatic "
    "standing largest_buoyancy start end slot degree ops fixed row demand_node run_first links sign "
    "behind merged pivot stirred pipe_link more_run more_link device_link device_run device_square "
    "device_lossless power_run power_device lossless_run gate_run gate_link pump_run pump_link pump_gate "
    "pump_curve run_pump curve_run curve_pump curve_first curve_gate member_pipe member_device "
    "member_power runs free fixeds nodes all_nodes slots demands mergeds mains pipes mores devices powers "
    "losslesses gates pumps curves buoyant step pipe_rows run_rows more_rows more_pipe main_rows"
))  # fmt: skip

AT, OF = len(At._fields), len(Of._fields)
"""Lengths; the kernel gets arrays, which are handed over faster than tuples."""


class Memory:
    """Tables for groups of ``lanes`` scenarios, which is LANES or 1."""

    def __init__(self, given: Given, lanes: int) -> None:
        self.lanes = lanes
        rows = _rows(given.of)
        step = 1 if lanes > 1 else LANES
        begins, total = {}, 0
        for name in At._fields:
            begins[name] = total
            total += -(-rows[name] // LANES) * LANES
        flat = aligned(total, lanes)
        flat[:] = 1.0  # spare rows must not make infinities
        for name in ("square", "more_square", "demand", "device", "shutoff"):
            flat[begins[name] : begins[name] + rows[name]] = 0.0
        nodes = max(given.of["nodes"], LANES)
        pipe = given.pipe if lanes > 1 else packed(given.pipe)
        t = flat.reshape(total, 1, LANES) if lanes > 1 else flat
        at, of = np.array(At(**begins)), np.array(_of(given, step))
        whole = (flat, t, flat.reshape(-1, 1, LANES), pipe, at, given.i, given.k, of)
        self.whole: tuple[Any, ...] = whole
        self.member = given.member
        self.parts = (np.empty(nodes, np.int64), np.empty(nodes), np.empty(nodes), np.empty(nodes))
        self.endings = (np.empty(lanes), np.empty(lanes, bool), np.empty(lanes))
        """Residual, converged, largest imbalance of each lane."""


def _rows(of: dict[str, int]) -> dict[str, int]:
    """How many rows each table has."""
    runs, nodes, mores, pumps, gates = (of[name] for name in ("runs", "nodes", "mores", "pumps", "gates"))
    groups = {
        runs: "flow drop slope square reynolds live steps open",
        mores: "more_loss more_flow more_drop more_slope more_reynolds more_square",
    }
    rows = {name: count for count, names in groups.items() for name in names.split()}
    rows |= dict.fromkeys(["rise", "load", "inverse", "demand"], nodes)
    rows |= dict.fromkeys(["pump_shutoff", "fall", "curvature", "peak", "guess"], pumps)
    rows |= dict.fromkeys(["shutoff", "limit", "shut", "held"], gates)
    rows |= {
        "loss": runs, "head": of["all_nodes"], "connected": of["all_nodes"], "mesh": of["slots"],
        "power": of["powers"], "lossless": of["losslesses"], "curve_speed": of["curves"],
        "device": of["devices"] + 1, "scale": len(SCALE), "peak_step": 2, "sums": 2,
    }  # fmt: skip
    return dict.fromkeys(At._fields, 1) | rows


def _of(given: Given, step: int) -> Any:
    """Places and counts; ``step`` rows of one lane make a row of the vector steps."""
    of = given.of
    first = -(-of["pipes"] // LANES) * LANES
    vectors = {
        "step": step,
        "pipe_rows": of["pipes"] if step == 1 else first // step,
        "run_rows": -(-of["runs"] // step),
        "more_rows": -(-of["mores"] // step),
        "more_pipe": first // step,
        "main_rows": -(-of["mains"] // step),
    }
    return Of(**of, **vectors)


def aligned(rows: int, lanes: int) -> Array:
    """An empty table that begins on a cache line, so that no vector lies on two."""
    size = rows * lanes
    room = np.empty(size + LANES)
    first = -room.ctypes.data % (8 * LANES) // 8
    return room[first : first + size].reshape(rows, lanes)


def packed(constants: Array) -> Array:
    """(rows / LANES, slots, LANES) of (rows, slots)."""
    return np.ascontiguousarray(constants.reshape(-1, LANES, constants.shape[1]).transpose(0, 2, 1))
