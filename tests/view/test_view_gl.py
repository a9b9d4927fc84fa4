"""The probe: a process that dies is an answer, and it is asked once."""

from __future__ import annotations

import json

import pytest

from twin.view import gl

DIES = "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "twin" / "gl.json"


def test_a_child_that_dies_of_a_missing_driver_names_the_packages():
    probe = gl._draw(DIES)
    assert not probe.ok
    assert "libegl1" in probe.remedy
    assert "signal 11" in probe.detail


def test_a_child_that_raises_gives_its_reason():
    assert "no such thing" in gl._draw("raise OSError('no such thing')").detail


def test_the_answer_is_kept_and_asked_again_on_request(cache, monkeypatch):
    asked = []

    def draw(program=gl._DRAW):
        asked.append(program)
        return gl.Probe(False, "nothing here", gl.REMEDY)

    monkeypatch.setattr(gl, "_draw", draw)
    first, second = gl.available(), gl.available()
    assert first == second == gl.Probe(False, "nothing here", gl.REMEDY)
    assert len(asked) == 1
    gl.available(refresh=True)
    assert len(asked) == 2


def test_other_libraries_are_another_question(cache, monkeypatch):
    monkeypatch.setattr(gl, "_draw", lambda: gl.Probe(False, "nothing here"))
    gl.available()
    monkeypatch.setattr(gl, "_key", lambda: "after apt-get install")
    monkeypatch.setattr(gl, "_draw", lambda: gl.Probe(True, "drawn"))
    assert gl.available().ok


@pytest.mark.parametrize("text", ["", "[1, 2]", "{", '{"a": 3}', '{"a": [1]}'])
def test_a_damaged_cache_is_asked_anew(cache, monkeypatch, text):
    cache.parent.mkdir()
    cache.write_text(text)
    monkeypatch.setattr(gl, "_draw", lambda: gl.Probe(True, "drawn"))
    assert gl.available().ok
    assert json.loads(cache.read_text())


def test_a_cache_that_cannot_be_written_does_no_harm(tmp_path, monkeypatch):
    (tmp_path / "twin").write_text("a file where the folder should be")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(gl, "_draw", lambda: gl.Probe(True, "drawn"))
    assert gl.available().ok


def test_without_graphics_pictures_fail_cleanly(monkeypatch, tmp_path):
    from tests.view.view_samples import hall, solved
    from twin.view import pictures

    monkeypatch.setattr(gl, "available", lambda: gl.Probe(False, "no driver", gl.REMEDY))
    made = hall()
    with pytest.raises(gl.NoGraphics, match="libegl1"):
        pictures.render(made, solved(made), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_no_display_means_egl_and_a_choice_of_the_user_stands():
    bare: dict[str, str] = {}
    chosen, desk = {"VTK_DEFAULT_OPENGL_WINDOW": "vtkOSOpenGLRenderWindow"}, {"DISPLAY": ":0"}
    for environment in (bare, chosen, desk):
        gl.prepare(environment)
    assert bare == {"VTK_DEFAULT_OPENGL_WINDOW": "vtkEGLRenderWindow"}
    assert chosen == {"VTK_DEFAULT_OPENGL_WINDOW": "vtkOSOpenGLRenderWindow"}
    assert desk == {"DISPLAY": ":0"}
