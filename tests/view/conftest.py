"""What the tests of pictures share."""

from __future__ import annotations

import pytest

from twin.view import gl


@pytest.fixture(scope="session")
def graphics():
    probe = gl.available()
    if not probe.ok:
        pytest.skip(f"{probe.detail}; {probe.remedy}")
    import pyvista

    return pyvista
