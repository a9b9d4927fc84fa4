"""Files that a layout's year names lie in the layout's folder: a layout comes from anywhere."""

import os

import pytest

from twin.batch import Options, evaluate_one
from twin.layout import load
from twin.layout.mistakes import LayoutError

HALL = """\
twin: 1
name: Bare
hall: {size: [10 m, 8 m, 4 m]}
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "secret.csv").write_text("not yours\n")
    root = tmp_path / "site"
    root.mkdir()
    (root / "link.epw").symlink_to(tmp_path / "secret.csv")
    return root


def mistakes(folder, key, name):
    path = folder / "hall.yaml"
    path.write_text(HALL + f"year:\n  {key}: '{name}'\n")
    with pytest.raises(LayoutError) as caught:
        load(path)
    return caught.value.mistakes


@pytest.mark.parametrize("key", ["weather", "series"])
@pytest.mark.parametrize(
    "name", ["../secret.csv", "a/../../secret.csv", "link.epw", "/etc/passwd", "C:\\x.csv", "..\\x.csv", " "]
)
def test_what_lies_outside_the_folder_is_a_mistake_with_its_place(folder, key, name):
    (found,) = mistakes(folder, key, name)
    assert (found.line, found.path) == (5, ("year", key))
    assert "outside the folder" in found.message or "relative" in found.message


def test_files_in_the_folder_and_names_of_climates_are_fine(folder):
    path = folder / "hall.yaml"
    for name in ("year.epw", "weather/year.epw", "x/../year.epw", "chicago"):
        path.write_text(HALL + f"year: {{weather: {name}}}\n")
        assert load(path).year.weather == name


def test_a_pipe_in_the_folder_does_not_hold_up_a_batch(folder, monkeypatch):
    monkeypatch.chdir(folder)
    os.mkfifo("pipe.epw")
    (folder / "hall.yaml").write_text(HALL + "year: {weather: pipe.epw}\n")
    row = evaluate_one("hall.yaml", "hall", Options(failures=False, year=True, out="runs"))
    assert row.status == "invalid" and "pipe.epw" in str(row.mistakes)
