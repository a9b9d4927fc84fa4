"""The vector steps of the compiled kernels, and the LDL^T they share."""

import numpy as np
import pytest
from numba import njit
from scipy.sparse import csc_array

from solvers.power.factor import SingularMatrix, factorise
from solvers.power.lanes import LANES, step

SLOTS = 4


@step((SLOTS,), indices=2, scalars=2)
def drop(v, table, here, above, resistance, reactance):
    jr, ji = table.load(here, 2), table.load(here, 3)
    zr, zi = v.cmul(v.spread(resistance), v.spread(reactance), jr, ji)
    table.store(v.sub(table.load(above, 0), zr), here, 0)
    table.store(v.sub(table.load(above, 1), zi), here, 1)


@njit
def fall(table, parent, r, x):
    for bus in range(1, table.shape[0]):
        drop(table, bus, parent[bus], r[bus], x[bus])


def test_a_vector_step_does_for_every_lane_what_complex_numbers_do():
    rng = np.random.default_rng(0)
    table, parent = rng.random((5, SLOTS, LANES)), np.array([0, 0, 1, 1, 2])
    r, x = rng.random(5), rng.random(5)
    voltage, current = table[:, 0] + 1j * table[:, 1], table[:, 2] + 1j * table[:, 3]
    for bus in range(1, 5):
        voltage[bus] = voltage[parent[bus]] - (r[bus] + 1j * x[bus]) * current[bus]
    fall(table, parent, r, x)
    np.testing.assert_allclose(table[:, 0] + 1j * table[:, 1], voltage, rtol=1e-15, atol=1e-15)


def nodal(rng, buses, loops):
    """Admittance matrix of a random tree with some loops and one connection to earth."""
    ends = [(bus, int(rng.integers(bus))) for bus in range(1, buses)]
    ends += [tuple(rng.choice(buses, 2, replace=False)) for _ in range(loops)]
    matrix = np.zeros((buses, buses), complex)
    for one, other in ends:
        y = 1.0 / complex(*rng.uniform(0.1, 1.0, 2))
        for i, j, sign in ((one, one, 1), (other, other, 1), (one, other, -1), (other, one, -1)):
            matrix[i, j] += sign * y
    matrix[0, 0] += 10.0
    return matrix


@pytest.mark.parametrize("seed", range(5))
def test_the_factor_gives_back_the_matrix_and_solves_it(seed):
    rng = np.random.default_rng(seed)
    matrix = nodal(rng, 60, 6)
    factor = factorise(csc_array(matrix))
    lower = np.eye(60, dtype=complex)
    for column in range(60):
        entries = slice(factor.start[column], factor.start[column + 1])
        lower[factor.row[entries], column] = factor.value[entries]
    ordered = matrix[np.ix_(factor.order, factor.order)]
    np.testing.assert_allclose(lower @ np.diag(1 / factor.inverse) @ lower.T, ordered, atol=1e-12)
    right = rng.random((60, 3)) + 1j * rng.random((60, 3))
    np.testing.assert_allclose(matrix @ factor.solve(right), right, atol=1e-11)
    np.testing.assert_array_equal(factor.order[factor.place], np.arange(60))


def test_a_tree_has_no_fill_in():
    matrix = nodal(np.random.default_rng(1), 200, 0)
    assert factorise(csc_array(matrix)).value.size == 199


def test_an_island_without_a_source_is_singular():
    with pytest.raises(SingularMatrix):
        factorise(csc_array(np.array([[1.0, -1.0], [-1.0, 1.0]], complex)))


def test_a_step_on_one_scenario_gives_the_bits_of_a_lane():
    rng = np.random.default_rng(1)
    table, parent = rng.random((5, SLOTS, LANES)), np.array([0, 0, 1, 1, 2])
    single, r, x = np.ascontiguousarray(table[:, :, 3]), rng.random(5), rng.random(5)
    fall(table, parent, r, x)
    fall(single, parent, r, x)
    np.testing.assert_array_equal(single, table[:, :, 3])
