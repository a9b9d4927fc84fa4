"""Untrusted files end in a LayoutError with file and line: quickly, in little memory, never a traceback."""

import os
import random
import tracemalloc

import pytest
from pydantic import BaseModel, ConfigDict, Field

from twin.layout import text as layout_text
from twin.layout.mistakes import LayoutError
from twin.layout.syntax import MAX_ALIASED, MAX_DEPTH
from twin.layout.validation import load
from twin.units import Length


class Closed(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Rack(Closed):
    id: str
    at: tuple[Length, Length]
    width: Length = Field(0.6, gt=0)


class Toy(Closed):
    twin: int = 1
    racks: tuple[Rack, ...] = ()
    rows: tuple[tuple[Rack, ...], ...] = ()


GOOD = """\
twin: 1
params: {n: 3, w: 600 mm}
racks:
  - {id: a, at: [3 m, "4 m"], width: $w}
  - id: b
    at: &x
      - 3.5 m
      - -4 m
  - {id: 'c', at: *x}   # comment, 日本
"""


def failure(folder, raw, *, settings=()):
    """The error for a file of these bytes, having used little memory."""
    file = folder / "hall.yaml"
    file.write_bytes(raw if isinstance(raw, bytes) else raw.encode())
    tracemalloc.start()
    try:
        with pytest.raises(LayoutError) as caught:
            load(Toy, file, settings=settings)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 30e6 + 5 * len(raw)
    assert all(m.file == str(file) and m.line >= 1 and m.column >= 1 for m in caught.value.mistakes)
    assert all(c.isprintable() or c == "\n" for c in str(caught.value))
    return caught.value


def bomb(levels, width=10):
    lines = ["a0: &a0 [x]"] + [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * width)}]" for i in range(1, levels)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (bomb(30), f"hall.yaml:6:25: aliases expand to more than {MAX_ALIASED:,} values"),
        ("a: " + "[" * 100_000, f"nested deeper than {MAX_DEPTH}"),
        ("a: " + "{a: " * 100_000, f"nested deeper than {MAX_DEPTH}"),
        ("- " * 100_000, f"nested deeper than {MAX_DEPTH}"),
        ("? " * 100_000, f"nested deeper than {MAX_DEPTH}"),
        ("a: &a " + "[" * 30 + "]" * 30 + "\nb: " + "[" * 30 + "*a" + "]" * 30, "counting aliases"),
        (b"\x7fELF\x00\x01\n\x00\xff" * 1000, "hall.yaml:1:1: a binary file, not text"),
        (b"a: 1\nb: \xff\n", "hall.yaml:2:1: not UTF-8 text (byte 0xff)"),
        ("a: 1".encode("utf-16"), "not UTF-8 text but UTF-16"),
        (b"", "hall.yaml:1:1: the file is empty"),
        (b"\xef\xbb\xbf", "the file is empty"),
        ("racks:\n\t- {}", "hall.yaml:2:1: a tab cannot indent"),
        ("twin: 1e308", "hall.yaml:1:7: number 1e308 is too large"),
        ("twin: .nan", "hall.yaml:1:7: .nan is not a number"),
        ("twin: " + "9" * 100_000, "number of 100000 characters"),
        ("twin: 1\ntwin: 2", "hall.yaml:2:1: duplicate key"),
        ("x: 1\n" * 20_000, "duplicate key"),
        ("x" * 1_000 + ": 1", "unknown key"),
        ("x" * 1_000_000 + ": 1", 'unexpected ":"'),
        ("racks: [" + "{}," * 5_000 + "]", 'missing key "id"'),
        ("racks: " + "x" * 1_000_000, "expected a list"),
        ("twin: &a \x1b[31m\n", "hall.yaml:1:10: character U+001B"),
        ("include: [" + "../" * 10_000 + "etc/passwd]", "outside the folder"),
        ("include: [hall.yaml]", "include each other"),
        ("racks: !!python/object/apply:os.system [ls]", "tags are not part"),
    ],
)
def test_a_hostile_file_is_a_mistake_with_a_line(tmp_path, raw, expected):
    assert expected in str(failure(tmp_path, raw)).replace(str(tmp_path) + os.sep, "")


def test_a_small_bomb_of_mistakes_is_told_without_growing(tmp_path):
    """10 kB of aliases to 50,000 wrong values: only the first of each list are looked at in detail."""
    rows = "rows:\n  - &r [&a {}" + ", *a" * 499 + "]\n" + "  - *r\n" * 90
    error = failure(tmp_path, rows)
    assert error.mistakes[0].message == 'missing key "at"'


def test_a_file_with_too_many_values_is_refused(monkeypatch):
    monkeypatch.setattr(layout_text, "MAX_NODES", 1000)
    assert len(layout_text.read_text("racks:\n" + "- a\n" * 998).data["racks"]) == 998
    with pytest.raises(LayoutError, match=r"<text>:1002:3: more than"):
        layout_text.read_text("racks:\n" + "- a\n" * 2000)


def test_a_file_that_is_too_large_is_not_read(tmp_path):
    file = tmp_path / "hall.yaml"
    with file.open("wb") as out:
        out.truncate(layout_text.MAX_BYTES + 1)
    tracemalloc.start()
    with pytest.raises(LayoutError, match=r"hall\.yaml:1:1: too large"):
        load(Toy, file)
    assert tracemalloc.get_traced_memory()[1] < 1e6
    tracemalloc.stop()


@pytest.mark.parametrize(
    "name", ["nothing.yaml", ".", "", "a\0b", "x" * 300, "/dev/zero", "nothing/there.yaml"]
)
def test_what_is_no_file_is_a_mistake(tmp_path, name):
    path = str(tmp_path / name) if name not in ("", "a\0b", "/dev/zero") else name
    with pytest.raises(LayoutError) as caught:
        load(Toy, path)
    assert caught.value.mistakes[0].line == 1


def test_a_pipe_is_not_waited_for(tmp_path):
    pipe = tmp_path / "hall.yaml"
    os.mkfifo(pipe)
    with pytest.raises(LayoutError, match="not a regular file"):
        load(Toy, pipe)


@pytest.mark.parametrize("seed", range(400))
def test_a_mutated_file_is_read_or_refused(tmp_path, seed):
    rng = random.Random(seed)
    raw = bytearray(GOOD.encode())
    scraps = [
        b"\t",
        b"\n",
        b"  ",
        b"*x",
        b"&x ",
        b"!!int ",
        b"<<: ",
        b"$",
        b"$n",
        b"[",
        b"]",
        b"{",
        b"}",
        b": ",
        b"- ",
        b"\xff",
    ]
    scraps += [
        b"\x00",
        b"'",
        b'"',
        b"|",
        b">",
        b"%",
        b"@",
        b"---\n",
        b"...\n",
        b"? ",
        b"#",
        b"1e400",
        b".inf",
        b"include: [a]\n",
    ]
    scraps += [
        b"\xc2\x85",
        b"\xe2\x80\xa8",
        b"\r",
        b"\r\n",
        b"\xef\xbb\xbf",
        b"null",
        b"params: 3\n",
        b"id: ",
    ]
    for _ in range(rng.randint(1, 6)):
        place = rng.randrange(len(raw))
        match rng.randrange(4):
            case 0:
                raw[place] = rng.randrange(256)
            case 1:
                raw[place:place] = rng.choice(scraps)
            case 2:
                del raw[place : place + rng.randint(1, 20)]
            case 3:
                end = rng.randrange(len(raw))
                raw[place:place] = raw[end : end + 30]
    file = tmp_path / "hall.yaml"
    file.write_bytes(bytes(raw))
    shown = "read"
    try:
        load(Toy, file, settings=["params.n=2"] if seed % 3 == 0 else ())
    except LayoutError as error:
        shown = str(error)
    assert shown
    assert all(c.isprintable() or c == "\n" for c in shown)


def test_the_file_that_is_mutated_is_good(tmp_path):
    file = tmp_path / "hall.yaml"
    file.write_text(GOOD)
    toy, _ = load(Toy, file)
    assert [rack.id for rack in toy.racks] == ["a", "b", "c"]
    assert toy.racks[0].width == 0.6


def test_reading_needs_no_numerics():
    """`twin check` starts fast: nothing heavy may be imported on the way to a layout error."""
    import subprocess
    import sys

    code = (
        "import sys, twin.layout.validation, twin.layout.schema, twin.units\n"
        "sys.exit(', '.join(sorted({'numpy', 'scipy', 'pyvista', 'numba'} & set(sys.modules))) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
