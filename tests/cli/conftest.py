"""A small hall in a folder of its own, and the command called in this process."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from twin.cli import app

ROOT = Path(__file__).parents[2]


@pytest.fixture
def twin(monkeypatch, tmp_path, few_studies) -> Callable:
    """The command with few studies, called in a folder with ``hall.yaml``; gives exit code, stdout and stderr."""
    shutil.copy(ROOT / "layouts" / "first_hall.yaml", tmp_path / "hall.yaml")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")

    def call(*arguments: str):
        if "solve" in arguments[:2] and "hall.yaml" in arguments and "--air" not in arguments:
            arguments = (*arguments, "--air", "zonal")  # the field has its own tests
        return CliRunner().invoke(app, [str(argument) for argument in arguments])

    return call


@pytest.fixture(scope="session")
def solved(tmp_path_factory) -> Path:
    """A run folder of the small hall, all single failures and studies, without pictures."""
    folder = tmp_path_factory.mktemp("solved")
    layout = shutil.copy(ROOT / "layouts" / "first_hall.yaml", folder / "hall.yaml")
    answer = CliRunner().invoke(
        app, ["solve", str(layout), "--no-pictures", "--air", "zonal", "--out", str(folder / "run")]
    )
    assert answer.exit_code == 0, answer.output
    return folder / "run"


@pytest.fixture
def no_graphics(monkeypatch):
    """A machine without OpenGL."""
    from twin.view import gl

    probe = gl.Probe(False, "no OpenGL driver was found", "apt-get install a-driver")
    monkeypatch.setattr(gl, "available", lambda *, refresh=False: probe)
    return probe
