"""The selected inverse against the whole inverse."""

import numpy as np
import pytest
from scipy.sparse import csc_array

from solvers.power.faults import selected_inverse


def admittance(rng, nodes, loops):
    """A random connected network with a way to earth."""
    tree = [rng.integers(0, k) for k in range(1, nodes)]
    first = np.array([*tree, *rng.integers(0, nodes, loops)], dtype=int)
    second = np.concatenate([np.arange(1, nodes), rng.integers(0, nodes, loops)])
    first, second = first[first != second], second[first != second]
    y = 1 / (rng.uniform(0.1, 1, first.size) + 1j * rng.uniform(0.1, 3, first.size))
    shunt = np.zeros(nodes, complex)
    shunt[0] = 1 - 5j
    shunt[rng.integers(0, nodes, 2)] += 0.3 - 0.1j
    rows = np.concatenate([first, second, first, second, np.arange(nodes)])
    columns = np.concatenate([first, second, second, first, np.arange(nodes)])
    return (
        csc_array((np.concatenate([y, y, -y, -y, shunt]), (rows, columns)), shape=(nodes, nodes)),
        first,
        second,
    )


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize(("nodes", "loops"), [(1, 0), (2, 0), (40, 0), (60, 25), (400, 30)])
def test_diagonal_and_neighbours_are_those_of_the_inverse(nodes, loops, compiled):
    matrix, first, second = admittance(np.random.default_rng(nodes), nodes, loops)
    whole = np.linalg.inv(matrix.toarray())
    selected = selected_inverse(matrix, compiled=compiled)
    scale = np.abs(whole).max()  # both lose some digits of the largest entry
    np.testing.assert_allclose(selected.diagonal, np.diag(whole), atol=1e-11 * scale)
    np.testing.assert_allclose(selected.between(first, second), whole[first, second], atol=1e-11 * scale)
    np.testing.assert_allclose(selected.columns(np.array([0])), whole[:, [0]], atol=1e-11 * scale)


def test_pairs_that_are_no_neighbours_are_refused():
    matrix, _, _ = admittance(np.random.default_rng(3), 40, 0)
    selected = selected_inverse(matrix)
    far = np.array([(i, j) for i in range(40) for j in range(i) if matrix[i, j] == 0])
    with pytest.raises(KeyError):
        selected.between(far[:, 0], far[:, 1])
