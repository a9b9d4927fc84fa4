"""Raised floors and fans: how air shares itself out between losses.

Tiles follow ``dp = K / 2 rho V^2`` (V over the whole tile), from which a network of parallel losses has a closed form.
The plenum is fed through its whole floor, slowly, so that its pressure is even.
"""

from __future__ import annotations

import numpy as np
import pytest

from solvers.air import field
from solvers.air.field.problem import TIGHT, Air, Opening, Panel, Patch, Problem, Room
from tests.solvers.air.field.chambers import OPEN_SIDES, line, raised_floor

AIR = Air(gravity=0.0)
TILE = 0.36
"""[m2]"""
INERTIA = 2.0
"""Velocity heads that air takes to enter and leave a tile in a floor beside the loss itself: 1.7 found, 1.5 for a hole."""
METHODS = pytest.mark.parametrize("method", ["rans", "potential"])


def solved(room: Room, method: str, **state):
    solution = field.solve(Problem(room=room, air=AIR, setpoint=20.0, **state), method=method)
    assert solution.status.ok
    assert solution.mass_error < 1e-6
    return solution


def loss(open_share: float) -> float:
    """Of a perforated plate over its whole area.

    Fried and Idelchik as used by Karki, Radmehr and Patankar, HVAC&R Research 9, 2003.
    """
    f = open_share
    return (1 + 0.5 * (1 - f) ** 0.75 + 1.414 * (1 - f) ** 0.375) / f**2


@METHODS
def test_equal_tiles_over_an_even_plenum_give_equal_flows(method):
    flows = solved(raised_floor([loss(0.25)] * 4), method, flow=0.8).panel_flow[1:]
    np.testing.assert_allclose(flows.sum(), 0.8, rtol=1e-5)
    np.testing.assert_allclose(flows, 0.2, rtol=0.01)


@METHODS
def test_air_shares_itself_out_as_the_inverse_root_of_the_losses(method):
    """Two closed forms: flow ratio sqrt(K2 / K1), and all flows from one pressure."""
    losses = np.array([loss(0.25), 4 * loss(0.25), loss(0.25)])
    flows = solved(raised_floor(losses), method, flow=0.6).panel_flow[1:]
    np.testing.assert_allclose(flows / flows[1], [2.0, 1.0, 2.0], rtol=0.03)  # INERTIA adds 1.5 %
    np.testing.assert_allclose(flows, 0.6 / np.sqrt(losses) / (1 / np.sqrt(losses)).sum(), rtol=0.03)


@METHODS
def test_tiles_and_leaks_together_pass_what_is_supplied(method):
    solution = solved(raised_floor([loss(0.25)] * 2, leak=2000.0), method, flow=0.5)
    floor, *tiles, seam = solution.panel_flow
    assert floor == 0.0
    assert seam > 0.01
    np.testing.assert_allclose(sum(tiles) + seam, 0.5, rtol=1e-5)


@METHODS
@pytest.mark.parametrize("share", [0.25, 0.56])
def test_the_pressure_over_a_tile_is_that_of_its_loss(method, share):
    tile = loss(share)
    solution = solved(raised_floor([tile, tile]), method, flow=0.5)
    drop = tile / 2 * AIR.density * (solution.panel_flow[1:] / TILE) ** 2
    np.testing.assert_allclose(solution.panel_rise[1:], drop, rtol=max(0.03, INERTIA / tile))


@METHODS
@pytest.mark.parametrize("screen", [1.0, 10.0, 1000.0])
def test_the_pressure_over_a_screen_in_a_duct_is_that_of_its_loss(method, screen):
    """Nothing accelerates here, so that nothing but the loss counts."""
    solution = solved(loop(screen), method, flow=0.7)
    np.testing.assert_allclose(solution.panel_flow, 0.7, rtol=1e-5)
    np.testing.assert_allclose(solution.panel_rise, screen / 2 * AIR.density * 0.7**2, rtol=0.005)


def test_potential_and_momentum_agree_on_the_flows_of_tiles():
    losses = [loss(0.25), loss(0.25), loss(0.4), loss(0.25)]
    flows = [solved(raised_floor(losses), m, flow=0.9).panel_flow[1:] for m in ("rans", "potential")]
    np.testing.assert_allclose(flows[0], flows[1], rtol=0.05)


def test_tight_panels_pass_nothing():
    solution = solved(raised_floor([loss(0.25), TIGHT]), "rans", flow=0.3)
    np.testing.assert_allclose(solution.panel_flow, [0.0, 0.3, 0.0], atol=1e-6)


def loop(screen: float, cells: int = 8) -> Room:
    """A row of cells of 1 m2; a fan takes air at its east end and gives it back at its west end; a screen between."""
    return Room(
        line(cells),
        ("fan",),
        (
            Patch("in", 0, True, (0, 0, 0), (0, 1, 1), 1),
            Patch("out", 0, False, (cells, 0, 0), (cells, 1, 1), -1),
        ),
        panels=(Panel("screen", (cells // 2, 0, 0), (cells // 2, 1, 1), screen),),
        slip=OPEN_SIDES,
    )


@METHODS
@pytest.mark.parametrize("screen", [10.0, 100.0])
def test_a_fan_works_where_its_curve_meets_the_loss(method, screen):
    """head - c V^2 = K / 2 rho V^2 / area^2."""
    head, curvature = 60.0, 20.0
    solution = solved(loop(screen), method, flow=1.0, head=head, curvature=curvature)
    expected = np.sqrt(head / (curvature + screen / 2 * AIR.density))
    np.testing.assert_allclose(solution.stream_flow, expected, rtol=0.01)  # the solver's own limit is 0.5 %


@METHODS
def test_fans_in_parallel_share_out_the_flow_by_their_curves(method):
    """Two coolers in one plenum: the stronger gives sqrt of its reserve; together they pass the tiles."""
    tile = loss(0.25)
    room = raised_floor([tile] * 4)
    x, y, z = (float(line[-1]) for line in room.grid.lines)
    half = 2.4  # of 5.4 m
    patches = tuple(
        Patch(f"{name} {word}", n, supply, (a, 0, at), (b, y, at), side)
        for n, (name, a, b) in enumerate((("west", 0.0, half), ("east", half, x)))
        for word, supply, at, side in (("supply", True, 0.0, 1), ("return", False, z, -1))
    )
    room = Room(room.grid, ("west", "east"), patches, panels=room.panels)
    head, curvature = np.array([30.0, 20.0]), np.array([40.0, 40.0])
    solution = solved(room, method, flow=0.5, head=head, curvature=curvature)
    flow = solution.stream_flow
    drop = tile / 2 * AIR.density * (flow.sum() / (4 * TILE)) ** 2
    rtol = INERTIA / tile + 0.01  # and 0.5 % of the flow that the solver allows
    np.testing.assert_allclose(head - curvature * flow**2, drop, rtol=rtol)


def test_a_perforated_tile_blows_with_the_momentum_of_its_jets():
    """Holes of a quarter of the area blow four times as fast: ``Q V (1/f - 1)`` more than the mean velocity carries."""

    def momentum(jet: float) -> float:
        grid = field.uniform((3.0, 3.0, 3.6), 0.15)
        room = Room(
            field.Grid(grid.x, grid.y, grid.z - 0.6),
            ("supply",),
            (Patch("supply", 0, True, (0, 0, -0.6), (0, 3, 0), 1),),
            panels=(
                Panel("floor", (0, 0, 0), (3, 3, 0)),
                Panel("tile", (1.2, 1.2, 0), (1.8, 1.8, 0), 42.8, jet),
            ),
            openings=(Opening("out", (3, 0, 1.5), (3, 3, 3.0), 20.0),),
        )
        solution = field.solve(Problem(room=room, flow=np.array([0.36]), setpoint=np.array([20.0])))
        level = int(np.argmin(np.abs(room.grid.centers[2] - 1.2)))
        up = np.clip(np.nan_to_num(solution.field.velocity[:, :, level, 2]), 0.0, None).astype(float)
        return float((up**2).sum() * 0.15**2)

    # 5 %: what entrained air that comes down elsewhere takes along
    assert momentum(0.25) - momentum(0.0) == pytest.approx(0.36 * 1.0 * (1 / 0.25 - 1), rel=0.05)
