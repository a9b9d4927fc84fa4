"""Two rows of racks, solved by another program at equal mesh, schemes and model of turbulence.

OpenFOAM 1912 (Debian package ``openfoam``), buoyantBoussinesqSimpleFoam, standard k-epsilon with wall functions, first-order
upwind; inlets of racks A1 to A6 and B1 to B6 after 300 (0.2 m) and 450 (0.12 m) iterations, relaxation U 0.7, p 0.3.
The room and its generator are those of ``tests.benchmarks``.
"""

from __future__ import annotations

import numpy as np
import pytest

from solvers.air import field
from solvers.air.field.problem import Problem
from tests.benchmarks.rooms import reference_room

# spacing [m], tile flow over rack flow: mean inlet of every rack [degC]
OPENFOAM = {
    (0.2, 1.1): [16.505, 15.053, 15.052, 15.045, 15.04, 16.379, 16.163, 15.036, 15.032, 15.026, 15.03, 16.614],
    (0.2, 0.8): [19.44, 19.06, 19.398, 19.402, 19.279, 19.969, 19.445, 19.187, 19.448, 19.549, 19.426, 19.968],
    (0.12, 1.1): [16.199, 15.062, 15.079, 15.068, 15.039, 16.232, 16.047, 15.036, 15.051, 15.039, 15.02, 16.346],
    (0.12, 0.8): [19.172, 19.083, 19.568, 19.616, 19.496, 19.893, 19.219, 19.274, 19.617, 19.747, 19.662, 19.866],
}  # fmt: skip
FINE = pytest.mark.slow


@pytest.mark.parametrize(
    ("spacing", "factor"), [(0.2, 1.1), (0.2, 0.8), pytest.param(0.12, 1.1, marks=FINE), pytest.param(0.12, 0.8, marks=FINE)]
)  # fmt: skip
def test_every_rack_breathes_what_openfoam_says(spacing, factor):
    room, state = reference_room(spacing, factor)
    solution = field.solve(Problem(room=room, **state))
    assert solution.status.ok
    assert solution.mass_error < 1e-6
    assert solution.energy_error < 1e-6
    # 0.5 K is what a verdict on an inlet can bear; both programs still swing by up to 0.1 K
    np.testing.assert_allclose(solution.stream_inlet[:12], OPENFOAM[spacing, factor], atol=0.5)


def test_potential_flow_knows_the_mean_but_not_the_worst_rack():
    """Negative control: without jets and buoyancy the 0.5 K are missed."""
    room, state = reference_room(0.2, 0.8)
    inlet = field.solve(Problem(room=room, **state), method="potential").stream_inlet[:12]
    assert abs(inlet.mean() - np.mean(OPENFOAM[0.2, 0.8])) < 1.0
    assert np.abs(inlet - OPENFOAM[0.2, 0.8]).max() > 0.5


@pytest.mark.slow
def test_second_order_convection_moves_the_worst_rack_by_less_than_the_mesh():
    """Both schemes near one another at 0.12 m tells how far upwind smears; the estimate of the error must cover it."""
    room, state = reference_room(0.12, 0.8)
    upwind, limited = (
        field.solve(Problem(room=room, **state), convection=scheme) for scheme in ("upwind", "limited")
    )
    assert upwind.status.ok and limited.status.ok
    assert np.abs(upwind.stream_inlet[:12] - limited.stream_inlet[:12]).max() < 1.5
