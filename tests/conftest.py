"""One thread for each test process: pytest-xdist shares the cores, and sums in one order give one answer."""

import os
import sys
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import pytest

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
os.environ.setdefault("MPLBACKEND", "Agg")


@pytest.fixture
def few_studies() -> Iterator[None]:
    """Nothing follows a loss of cooling, which takes nine tenths of the time of the studies and has tests of its own."""
    from twin.studies import STUDIES

    few = {name: function for name, function in STUDIES.items() if name != "cooling"}
    with patch.dict(STUDIES, few, clear=True):  # which puts them back in their order
        yield


@pytest.fixture(scope="session")
def psychrolib() -> Any:
    """The other library of moist air, in SI; numba is hidden from it, next to which it compiles itself for many seconds."""
    with pytest.MonkeyPatch.context() as hidden:
        hidden.setitem(sys.modules, "numba", None)
        module = pytest.importorskip("psychrolib")
    module.SetUnitSystem(module.SI)
    return module
