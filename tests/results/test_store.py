"""A run folder comes back as it was, or is refused with a message that says what to do."""

import json
import os
import random
import shutil
from dataclasses import replace
from zipfile import ZIP_DEFLATED, ZipFile

import numpy as np
import pytest

from tests.results.whole import whole
from tests.view.view_samples import finding, hall, solved, verdict
from twin.results import load_run, save_run
from twin.results.fields import load_fields
from twin.results.histories import History
from twin.results.results import Table
from twin.results.store import RunError
from twin.results.year import Series

HISTORY = History(
    "loss:utility",
    "Loss of the utility",
    np.array([0.0, 60.0]),
    {"rack.power": ("p.s.01",)},
    {"rack.power": np.array([[1e3], [np.nan]])},
    {"lid": Series("Warmest lid", "temperature")},
    {"lid": np.array([50.0, 52.0])},
)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("saved")
    results = replace(
        whole(solved(hall(2))),
        studies={"store": Table(("ups.A1",), {"time": np.array([300.0])})},
        answers={"faults": {"breakers": 3, "highest": {"where": "grid"}}},
        air=({"hall": "hall", "cells": [1, 2], "worst_inlet": 24.0},),
        seconds={"solve": 1.5},
        histories=(HISTORY,),
    )
    save_run(folder, results, verdict(finding()))
    return folder, results


@pytest.fixture
def folder(saved, tmp_path):
    shutil.copytree(saved[0], tmp_path, dirs_exist_ok=True)
    return tmp_path


def refused(folder, match="no readable run"):
    with pytest.raises(RunError, match=match) as caught:
        load_run(folder)
    assert "run `twin solve` again" in str(caught.value)
    assert "\n" not in str(caught.value)


def is_refused(folder):
    """Whether it is; any other ending is a mistake."""
    try:
        load_run(folder)
    except RunError as error:
        message = str(error)
    else:
        return False
    assert "\n" not in message
    assert message.endswith("run `twin solve` again")
    return True


def told(folder):
    return json.loads((folder / "run.json").read_text(encoding="utf-8"))


def tell(folder, document):
    (folder / "run.json").write_text(json.dumps(document), encoding="utf-8")


def rewrite(folder, change):
    with np.load(folder / "run.npz") as arrays:
        changed = change(dict(arrays))
    np.savez(folder / "run.npz", **changed)


def test_a_run_comes_back_as_it_was(saved):
    folder, results = saved
    back, answer = load_run(folder)
    assert answer == verdict(finding())
    for name in (
        "facility",
        "digest",
        "scenarios",
        "reports",
        "settled",
        "notes",
        "seconds",
        "air",
        "answers",
    ):
        assert getattr(back, name) == getattr(results, name)
    for name, table in results.tables.items():
        assert back[name].ids == table.ids
        assert set(back[name].values) == set(table.values)
        for quantity, values in table.values.items():
            np.testing.assert_array_equal(back[name][quantity], values)
    np.testing.assert_array_equal(back.studies["store"]["time"], [300.0])


JUNK = [None, True, -1, 1e300, "x", "</script>", [], [None], {}, {"a": [1]}, [["x", 1]], [1, 2, 3]]


def places(value, path=()):
    """Every path into a document."""
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        yield (*path, key)
        yield from places(part, (*path, key))


def test_whatever_is_changed_in_the_document_it_reads_or_is_refused(folder):
    text = (folder / "run.json").read_text(encoding="utf-8")
    every, chance = list(places(json.loads(text))), random.Random(6)
    count = 0
    for _ in range(120):
        document = json.loads(text)
        *path, last = chance.choice(every)
        holder = document
        for key in path:
            holder = holder[key]
        if chance.random() < 0.2:
            del holder[last]
        else:
            holder[last] = chance.choice(JUNK)
        tell(folder, document)
        count += is_refused(folder)
    assert 60 < count < 120  # names and texts may be anything


@pytest.mark.parametrize("name", ["run.json", "run.npz"])
def test_flipped_and_missing_bytes_read_or_are_refused(folder, name):
    data, chance = (folder / name).read_bytes(), random.Random(7)
    count = 0
    for _ in range(30):
        place = chance.randrange(len(data))
        changed = data[:place] if chance.random() < 0.2 else bytearray(data)
        if len(changed) == len(data):
            changed[place] = chance.randrange(256)
        (folder / name).write_bytes(changed)
        count += is_refused(folder)
    assert count > 5


@pytest.mark.parametrize("kind", ["U8", "S4", "complex", "i8", "M8[s]", "bool", ">f8", "f2"])
def test_arrays_of_another_kind_are_refused(folder, kind):
    rewrite(folder, lambda z: {**z, "rack/power": np.nan_to_num(z["rack/power"]).astype("i8").astype(kind)})
    refused(folder, "rack/power.* holds")


@pytest.mark.parametrize("start", ["site/", "feed/", "rack/power", "conservation/energy", "history/0/lines"])
def test_missing_arrays_are_refused(folder, start):
    rewrite(folder, lambda z: {name: array for name, array in z.items() if not name.startswith(start)})
    refused(folder, "lacks the arrays")


@pytest.mark.parametrize("name", ["evil/x", "rack/evil</script>", "rack/", "study/none/x", "history/9/times"])
def test_arrays_that_nothing_asks_for_are_refused(folder, name):
    rewrite(folder, lambda z: {**z, name: z["rack/power"]})
    refused(folder, "nothing asks for")


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d["settled"].pop(),
        lambda d: d["reports"][0]["ok"].pop(),
        lambda d: d["tables"].pop("feed"),
        lambda d: d["tables"].update(rack=["a"] * len(d["tables"]["rack"])),
        lambda d: d.update(answers={"a": 1}),
        lambda d: d["answers"].update(a={"b": float("nan")}),
        lambda d: d.update(air=["x"]),
        lambda d: d.update(notes=[1]),
        lambda d: d.update(seconds={"solve": "x"}),
        lambda d: d["verdict"]["findings"][0].update(dimension="nope"),
        lambda d: d["histories"][0]["series"].update(lid=["Lid", "nope"]),
        lambda d: d["histories"][0].update(ids={"nope.q": ["x"]}),
    ],
)  # fmt: skip
def test_documents_that_do_not_fit_are_refused(folder, change):
    document = told(folder)
    change(document)
    tell(folder, document)
    refused(folder)


@pytest.mark.parametrize(
    "text", ["", "[]", "null", "[" * 10**5, '{"format":' * 10**5, '{"format":1,"a":NaN}', "\udc80"]
)
def test_texts_that_are_no_document_are_refused(folder, text):
    (folder / "run.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    refused(folder)


def test_an_array_that_unfolds_without_end_is_refused_before_it_is_unpacked(folder, monkeypatch):
    monkeypatch.setattr("twin.results.archive.UNPACKED", 100_000)
    with ZipFile(folder / "run.npz", "a", ZIP_DEFLATED) as archive:
        archive.writestr("rack/bomb.npy", bytes(1_000_000))
    refused(folder, "unpacks to more than")


@pytest.mark.parametrize(
    "head",
    [
        "{'descr': '<f8', 'fortran_order': False, 'shape': (9000000000, 9000000000), }",
        "{",
        "(" * 5000,
        " x\n y",
    ],
)
def test_an_array_whose_head_lies_is_refused(folder, head):
    with ZipFile(folder / "run.npz", "a") as archive:
        text = head.ljust(117).encode() + b"\n"
        archive.writestr("rack/bomb.npy", b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text)
    refused(folder)


def test_an_encrypted_array_is_refused(folder):
    data = bytearray((folder / "run.npz").read_bytes())
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    (folder / "run.npz").write_bytes(data)
    refused(folder, "encrypted")


@pytest.mark.parametrize("name", ["run.json", "run.npz"])
def test_pipes_devices_and_folders_are_refused_without_waiting(folder, name):
    path = folder / name
    path.unlink()
    os.mkfifo(path)
    refused(folder, "not a regular file")
    path.unlink()
    path.symlink_to("/dev/zero")
    refused(folder, "not a regular file")
    path.unlink()
    path.mkdir()
    refused(folder, "not a regular file")


def test_a_pipe_in_place_of_the_air_is_refused_without_waiting(folder):
    (folder / "air").mkdir()
    os.mkfifo(folder / "air" / "air.vtm")
    with pytest.raises(RunError, match=r"not a regular file.*run `twin solve` again"):
        load_fields(folder)
