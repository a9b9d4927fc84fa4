"""Results with a few studies alone: a loss of cooling takes seconds to follow, for which other questions need not wait."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

from twin.coupling import evaluate
from twin.model.facility import Facility
from twin.results.results import Results
from twin.studies import STUDIES


def studied(facility: Facility, *names: str, **options: Any) -> Results:
    """`evaluate` with the studies of these names, in their order; without names there are none."""
    assert set(names) <= set(STUDIES)
    if not names:
        return evaluate(facility, **options)
    some = {name: function for name, function in STUDIES.items() if name in names}
    with patch.dict(STUDIES, some, clear=True):
        return evaluate(facility, studies="quick", **options)
