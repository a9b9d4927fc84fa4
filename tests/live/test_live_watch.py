"""When a save is taken: once, when it is whole, whatever the editor does."""

from __future__ import annotations

import os

import pytest

from twin.live import watch as watching
from twin.live.watch import GRACE, QUIET, Watch, beside, mark


class Clock:
    """Time that passes when it is told to."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def layout(tmp_path):
    file = tmp_path / "hall.yaml"
    file.write_text("twin: 1\n", encoding="utf-8")
    return file


def looks(watch, clock, seconds, step=QUIET / 2):
    """Whether each look within some time took a save."""
    end = clock.now + seconds
    taken = []
    while clock.now < end:
        clock.now += step
        taken.append(watch.changed())
    return taken


def test_a_save_is_taken_once_it_is_quiet(layout, clock):
    watch = Watch([str(layout)], clock=clock)
    assert not any(looks(watch, clock, 1.0))
    layout.write_text("twin: 1\nname: x\n", encoding="utf-8")
    assert not watch.changed()
    assert watch.pause < watching.PERIOD
    assert looks(watch, clock, 1.0).count(True) == 1
    assert watch.pause == watching.PERIOD


def test_a_save_in_pieces_is_one_save(layout, clock):
    watch = Watch([str(layout)], clock=clock)
    for length in range(1, 6):
        layout.write_text("x" * length, encoding="utf-8")
        assert not any(looks(watch, clock, QUIET * 0.6, step=QUIET * 0.3))
    assert looks(watch, clock, 1.0).count(True) == 1


@pytest.mark.parametrize("how", ["removed", "emptied"])
def test_a_file_between_two_steps_of_a_save_is_waited_for(layout, clock, how):
    watch = Watch([str(layout)], clock=clock)
    if how == "removed":
        layout.unlink()
    else:
        layout.write_bytes(b"")
    assert not any(looks(watch, clock, GRACE * 0.7))
    layout.write_text("twin: 1\nname: x\n", encoding="utf-8")
    assert looks(watch, clock, 0.5).count(True) == 1


def test_a_file_that_stays_away_is_told_after_a_while_and_when_it_is_back(layout, clock):
    watch = Watch([str(layout)], clock=clock)
    layout.unlink()
    assert looks(watch, clock, 2.0).count(True) == 1
    layout.write_text("twin: 1\n", encoding="utf-8")
    assert looks(watch, clock, 1.0).count(True) == 1


def test_a_file_put_in_the_place_of_another_is_seen_though_size_and_time_are_the_same(layout, clock):
    watch = Watch([str(layout)], clock=clock)
    state = os.stat(layout)
    other = layout.with_name("new")
    other.write_text("twin: 2\n", encoding="utf-8")
    os.utime(other, ns=(state.st_atime_ns, state.st_mtime_ns))
    os.replace(other, layout)
    assert looks(watch, clock, 1.0).count(True) == 1


def test_a_change_while_it_is_solved_is_not_lost(layout, clock):
    watch = Watch([str(layout)], clock=clock)
    layout.write_text("twin: 1\nname: later\n", encoding="utf-8")
    watch.follow([str(layout)])  # the solve of the former text tells what it read
    assert looks(watch, clock, 1.0).count(True) == 1


def test_included_files_are_followed_and_left(layout, clock, tmp_path):
    part = tmp_path / "part.yaml"
    part.write_text("a", encoding="utf-8")
    watch = Watch([str(layout)], clock=clock)
    watch.follow([str(layout), str(part)])
    assert set(watch.files) == {str(layout), str(part)}
    part.write_text("ab", encoding="utf-8")
    assert looks(watch, clock, 1.0).count(True) == 1
    watch.follow([str(layout)])
    part.write_text("abc", encoding="utf-8")
    assert not any(looks(watch, clock, 1.0))


def test_the_folder_of_a_layout_with_mistakes_is_looked_into(layout, clock, tmp_path):
    watch = Watch([str(layout)], clock=clock)
    watch.follow([str(layout)], str(tmp_path))
    assert not any(looks(watch, clock, 1.0))
    (tmp_path / "notes.txt").write_text("nothing of a layout", encoding="utf-8")
    assert not any(looks(watch, clock, 1.0))
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "site.yaml").write_text("a", encoding="utf-8")  # the include that was missing
    assert looks(watch, clock, 1.0).count(True) == 1


def test_a_large_folder_is_not_looked_into_without_end(tmp_path, monkeypatch):
    monkeypatch.setattr(watching, "ENTRIES", 5)
    deep = tmp_path
    for name in "abcdef":
        deep /= name
        deep.mkdir()
        (deep / "x.yaml").touch()
    os.symlink(tmp_path, tmp_path / "round")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "x.yaml").touch()
    assert len(beside(str(tmp_path))) == watching.DEPTH
    for number in range(20):
        (tmp_path / f"{number}.yaml").touch()
    assert len(beside(str(tmp_path))) <= 5
    assert beside(str(tmp_path / "nothing")) == beside("") == []


def test_what_is_no_file_name_is_no_file():
    assert mark("a\0b") is None
    assert mark("/no/such/file") is None
