"""Scalars in frozen air: closed forms, balances and bounds."""

from __future__ import annotations

import numpy as np
import pytest

from solvers.air.field import transport
from solvers.air.field.problem import Air, Opening, Panel, Solid, Source, Wall
from solvers.air.field.voxels import RoomError
from solvers.status import Status
from tests.solvers.air.frozen_air import Frozen, duct, freeze, hall

AIR = Air()
RATE = AIR.density * AIR.heat_capacity


def operator_of(frozen: Frozen, **options) -> transport.Operator:
    return transport.assemble(frozen.voxels, frozen.flux, frozen.conductance, **options)


def random_hall(seed: int, **parts) -> Frozen:
    rng = np.random.default_rng(seed)
    flow = np.append(rng.uniform(0.1, 0.5, 3), 1.0)
    return freeze(
        hall(**parts), flow, swirl=rng.uniform(0, 0.3), diffusivity=10 ** rng.uniform(-5, -1), seed=seed
    )


@pytest.mark.parametrize("seed", range(6))
def test_a_uniform_temperature_stays_uniform_to_rounding(seed):
    frozen = random_hall(seed)
    thin = [f.astype(np.float32) for f in frozen.flux]
    operator = transport.assemble(frozen.voxels, thin, frozen.conductance)
    field, ending = transport.temperature(operator, np.full(4, 21.0))
    assert ending.status.ok
    np.testing.assert_allclose(field[frozen.voxels.fluid], 21.0, rtol=1e-12)


@pytest.mark.parametrize("seed", range(6))
def test_the_repaired_fluxes_are_continuous_to_rounding(seed):
    frozen = random_hall(seed)
    thin = [f.astype(np.float32) for f in frozen.flux]
    operator = transport.assemble(frozen.voxels, thin, frozen.conductance)
    assert 0 < operator.repaired < 1e-5  # single precision
    flux = operator.levels[0].flux
    net = sum(np.roll(f, -1, 2 - a) - f for a, f in enumerate(flux)).reshape(-1)
    for sign, supply in ((-1, True), (1, False)):
        for cells, flow in transport.flows(operator, supply=supply):
            np.add.at(net, cells, sign * flow)
    assert np.abs(net).max() < 1e-13


@pytest.mark.parametrize("seed", range(6))
def test_heat_is_closed_with_sources_walls_openings_and_a_correction(seed):
    parts = {
        "sources": (Source("lamp", (0.6, 0.6, 2.1), (1.8, 1.2, 2.4), 500.0),),
        "walls": (Wall("west", (0, 0, 0), (0, 3.6, 2.4), 2.0, 30.0),),
        "openings": (
            Opening("door", (3.0, 0, 0), (3.0, 0.6, 1.8), 28.0),
            Opening("gap", (0, 0, 2.4), (3.0, 0.3, 2.4), 5.0),
        ),
    }
    rng = np.random.default_rng(seed)
    room = hall(**parts)
    frozen = freeze(room, [0.3, 0.2, 0.4, 1.0], opened=[0.2, -0.2], swirl=0.1, seed=seed)
    operator = operator_of(frozen)
    leaving = rng.uniform(10, 40, 4)
    extra = np.where(frozen.voxels.fluid, rng.standard_normal(frozen.voxels.shape), 0.0) * 1e-3
    field, ending = transport.temperature(operator, leaving, correction=extra)
    assert ending.status.ok
    entering = transport.entering(operator, field)
    given = RATE * (frozen.flow @ leaving + 0.2 * 28.0 + extra.sum()) + 500.0
    cells, rate = operator.wall_cells[0]
    np.testing.assert_allclose(rate.sum() * RATE, 2.0 * 3.6 * 2.4, rtol=1e-12)
    given += RATE * (rate * (30.0 - field.reshape(-1)[cells])).sum()
    door = frozen.voxels.openings
    out = np.maximum(-operator.opening_flow, 0.0) @ field.reshape(-1)[door.cell]
    np.testing.assert_allclose(RATE * (frozen.flow @ entering + out), given, rtol=1e-9)


@pytest.mark.parametrize("seed", range(6))
def test_temperatures_stay_between_those_that_enter(seed):
    frozen = random_hall(seed)
    leaving = np.random.default_rng(seed).uniform(10, 40, 4)
    field, _ = transport.temperature(operator_of(frozen), leaving)
    assert field[frozen.voxels.fluid].min() >= leaving.min() - 1e-9
    assert field[frozen.voxels.fluid].max() <= leaving.max() + 1e-9


def test_the_field_is_the_sum_of_its_causes():
    frozen = random_hall(1)
    operator = operator_of(frozen)
    first, second = (transport.temperature(operator, t)[0] for t in ([30.0, 31, 32, 18], [1.0, 5, 0, 2]))
    both, _ = transport.temperature(operator, [31.0, 36, 32, 20])
    np.testing.assert_allclose(first + second, both, atol=1e-8)


def test_many_scalars_at_once_are_those_solved_one_by_one():
    frozen = random_hall(2)
    operator = operator_of(frozen)
    cells = np.unique(np.concatenate([c for c, _ in transport.supplies(operator)]))
    rates = np.random.default_rng(0).random((cells.size, 19))
    together, ending = transport.solve(operator, cells, rates)
    assert ending.status.ok
    for n in (0, 15, 16, 18):
        alone, _ = transport.solve(operator, cells, rates[:, [n]])
        np.testing.assert_allclose(together[..., n], alone[..., 0], rtol=1e-7, atol=1e-9)


def test_a_heated_duct_warms_as_the_upwind_scheme_says():
    # convection alone: every cell hands on what it was given, so the outlet is exact on any grid
    room = duct(8, sources=(Source("coil", (0.25, 0, 0), (0.75, 1, 1), 600.0),))
    frozen = freeze(room, [0.5], diffusivity=0.0)
    field, _ = transport.temperature(operator_of(frozen), [20.0])
    rise = 600.0 / (RATE * 0.5)
    np.testing.assert_allclose(
        field[1, 1, 1:-1], 20.0 + rise * np.clip(np.arange(1, 9) - 2, 0, 4) / 4, rtol=1e-10
    )


def test_convection_against_diffusion_tends_to_the_exponential_with_first_order():
    # u T' = D T'': upstream of a place that is cooled the profile is exp(-u (L - x) / D)
    speed, diffusivity, errors = 0.1, 0.05, []
    for cells in (20, 40, 80):
        frozen = freeze(duct(cells), [speed], diffusivity=diffusivity)
        correction = np.zeros(frozen.voxels.shape)
        correction[1, 1, -2] = -speed * 2.0  # the last cell is cooled by 2 K
        operator = operator_of(frozen)
        field, _ = transport.temperature(operator, [20.0], correction=correction)
        np.testing.assert_allclose(transport.entering(operator, field), 18.0, rtol=1e-9)
        x = frozen.voxels.grid.centers[0]
        exact = 20.0 - 2.0 * np.exp(-speed * (x[-1] - x) / diffusivity)
        errors.append(np.abs(field[1, 1, 1:-1] - exact).max())
    order = np.log2(np.array(errors[:-1]) / errors[1:])
    np.testing.assert_allclose(order, 1.0, atol=0.1)


def test_a_duct_with_a_cold_wall_cools_by_its_number_of_transfer_units():
    wall = Wall("top", (0, 0, 1), (1, 1, 1), 300.0, 10.0)
    ratio = 300.0 / (RATE * 0.5)
    frozen = freeze(duct(400, walls=(wall,)), [0.5], diffusivity=0.0)
    operator = operator_of(frozen)
    field, _ = transport.temperature(operator, [30.0])
    # first order in the cell size: half of ratio^2 / 400
    np.testing.assert_allclose(
        transport.entering(operator, field), 10.0 + 20.0 * np.exp(-ratio), atol=20 * ratio**2 / 400
    )
    discrete = 10.0 + 20.0 / (1 + ratio / 400) ** 400
    np.testing.assert_allclose(transport.entering(operator, field), discrete, rtol=1e-9)


def test_air_behind_tight_panels_stands_still_and_is_no_obstacle_to_the_rest():
    room = hall(racks=2, panels=(Panel("screen", (0.3, 0, 0), (0.3, 3.6, 2.4)),))
    frozen = freeze(room, [0.3, 0.3, 0.8])
    operator = operator_of(frozen)
    assert operator.still.sum() == 12 * 8
    field, ending = transport.temperature(operator, [30.0, 30.0, 30.0])
    assert ending.status.ok
    np.testing.assert_allclose(field[frozen.voxels.fluid], 30.0)


def test_heat_in_still_air_has_no_steady_temperature():
    screen = Panel("screen", (0.3, 0, 0), (0.3, 3.6, 2.4))
    lamp = Source("lamp", (0, 0, 0), (0.3, 0.3, 0.3), 10.0)
    frozen = freeze(hall(racks=2, panels=(screen,), sources=(lamp,)), [0.3, 0.3, 0.8])
    _, ending = transport.temperature(operator_of(frozen), [30.0, 30.0, 18.0])
    assert ending.status is Status.SINGULAR
    # unless a wall takes it
    wall = Wall("west", (0, 0, 0), (0, 3.6, 2.4), 5.0, 20.0)
    frozen = freeze(hall(racks=2, panels=(screen,), sources=(lamp,), walls=(wall,)), [0.3, 0.3, 0.8])
    field, ending = transport.temperature(operator_of(frozen), [30.0, 30.0, 18.0])
    assert ending.status.ok
    lost = 5.0 * 0.09 * (field[1:-1, 1:-1, 1] - 20.0).sum()
    np.testing.assert_allclose(lost, 10.0, rtol=1e-6)  # the residual counts against the whole room's 10 kW


def test_what_lies_in_no_air_is_named():
    buried = Source("lamp", (0.9, 1.5, 0.3), (1.2, 1.8, 0.6), 10.0)
    frozen = freeze(hall(), [0.3, 0.3, 0.3, 1.0])
    operator = operator_of(freeze(hall(sources=(buried,)), [0.3, 0.3, 0.3, 1.0]))
    with pytest.raises(RoomError, match="lamp"):
        transport.temperature(operator, [30.0, 30, 30, 18])
    inner = Wall("air", (0.3, 0, 0), (0.3, 1.0, 1.0), 5.0, 20.0)
    with pytest.raises(RoomError, match="wall air"):
        operator_of(freeze(hall(walls=(inner,)), frozen.flow))


def test_air_that_goes_the_wrong_way_through_a_patch_is_refused():
    frozen = freeze(hall(), [0.3, 0.3, 0.3, 1.0])
    with pytest.raises(ValueError, match="wrong way"):
        transport.assemble(frozen.voxels, [-f for f in frozen.flux], frozen.conductance)


@pytest.mark.parametrize("diffusivity", [1e-6, 1e-3, 1.0])
@pytest.mark.parametrize("swirl", [0.0, 3.0])
def test_few_cycles_suffice_whatever_moves_the_heat(diffusivity, swirl):
    frozen = freeze(hall(6, spacing=0.2), [0.3] * 6 + [2.0], diffusivity=diffusivity, swirl=swirl)
    _, ending = transport.temperature(operator_of(frozen), [30.0] * 6 + [18.0])
    assert ending.status.ok
    assert ending.cycles <= 30  # a cycle gains a factor of 2.2 at the least


def test_a_solid_that_divides_the_room_divides_the_temperatures():
    # the racks stand in a tight wall up to the ceiling: what they give never comes back in front of them
    walls = (
        Solid("left", (0, 1.2, 0), (0.6, 2.4, 2.4)),
        Solid("right", (2.4, 1.2, 0), (3.0, 2.4, 2.4)),
        Solid("above", (0.6, 1.2, 1.8), (2.4, 2.4, 2.4)),
    )
    frozen = freeze(hall(solids=walls), [0.4, 0.3, 0.3, 1.0], diffusivity=1e-2)
    operator = operator_of(frozen)
    field, _ = transport.temperature(operator, [40.0, 30.0, 35.0, 18.0])
    entering = transport.entering(operator, field)
    np.testing.assert_allclose(entering, [18.0, 18.0, 18.0, 0.4 * 40 + 0.3 * 65], rtol=1e-9)
