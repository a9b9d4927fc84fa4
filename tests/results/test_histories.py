"""Histories come back from a run folder as they were, and a damaged one is refused."""

import json
from dataclasses import replace

import numpy as np
import pytest

from tests.results.whole import whole
from tests.view.view_samples import hall, solved, verdict
from twin.results import load_run, save_run
from twin.results.histories import History
from twin.results.store import RunError
from twin.results.year import Series

TIMES = np.array([0.0, 1.5, 60.0])
HISTORY = History(
    name="loss:utility",
    label="Loss of the utility",
    times=TIMES,
    ids={"rack.case_temperature": ("p1.s.01", "<b>")},
    values={"rack.case_temperature": np.array([[50.25, np.nan], [51.0, 52.0], [60.0, 61.0]])},
    series={"lid": Series("Warmest lid", "temperature")},
    lines={"lid": np.array([50.25, 52.0, 61.0])},
    limits={"lid": ((80.0, "limit of lids"),)},
    moments=((1.5, "first lid at its limit"),),
)


@pytest.fixture
def folder(tmp_path):
    facility = hall()
    results = replace(whole(solved(facility)), histories=(HISTORY,))
    save_run(tmp_path, results, verdict())
    return tmp_path


def test_a_history_comes_back_as_it_was(folder):
    (back,) = load_run(folder)[0].histories
    for name in ("name", "label", "ids", "series", "limits", "moments"):
        assert getattr(back, name) == getattr(HISTORY, name)
    np.testing.assert_array_equal(back.times, TIMES)
    np.testing.assert_array_equal(
        back.values["rack.case_temperature"], HISTORY.values["rack.case_temperature"]
    )
    np.testing.assert_array_equal(back.lines["lid"], HISTORY.lines["lid"])


@pytest.mark.parametrize(
    "change",
    [
        lambda told: told["ids"].update({"rack.case_temperature": ["p1.s.01"]}),
        lambda told: told["series"].update({"air": ["Air", "temperature"]}),
        lambda told: told.pop("moments"),
        lambda told: told.update(limits={"lid": [["warm", 1]]}),
    ],
)
def test_a_history_that_does_not_fit_its_arrays_is_refused(folder, change):
    path = folder / "run.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    change(document["histories"][0])
    path.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(RunError, match="run `twin solve` again"):
        load_run(folder)
