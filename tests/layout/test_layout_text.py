"""Reading: data, places, and the predictable part of YAML."""

import pytest
import yaml

from twin.layout.document import Mark
from twin.layout.mistakes import LayoutError
from twin.layout.text import read, read_text

HALL = """\
twin: 1
# a comment, and wide characters before a place: 日本
name: "Halle Süd"
pods:
  - id: p
    at: [3 m, 3 metre]
    rows: [{id: s, face: south}]
  - {id: "q"}
note: >
  folded
  text
"""


def message(text, **options):
    with pytest.raises(LayoutError) as caught:
        read_text(text, "hall.yaml", **options)
    return str(caught.value)


def test_data_is_what_another_reader_finds():
    assert read_text(HALL).data == yaml.safe_load(HALL)


@pytest.mark.parametrize(
    ("path", "mark"),
    [
        (("name",), (3, 7, 11)),
        (("pods", 0, "id"), (5, 9, 1)),
        (("pods", 0, "at"), (6, 9, 14)),
        (("pods", 0, "at", 1), (6, 15, 7)),
        (("pods", "p", "rows", "s", "face"), (7, 26, 5)),
        (("pods", 1), (8, 5, 9)),
        (("pods", "q", "id"), (8, 10, 3)),
    ],
)
def test_every_value_keeps_its_place(path, mark):
    document = read_text(HALL, "hall.yaml")
    assert document.mark(path) == Mark("hall.yaml", *mark)
    assert document.marks[path] == Mark("hall.yaml", *mark)


def test_keys_have_places_and_unknown_paths_fall_back_to_their_parent():
    document = read_text(HALL, "hall.yaml")
    assert document.key_mark(("pods", 0, "at")) == Mark("hall.yaml", 6, 5, 2)
    assert document.mark(("pods",)) == Mark("hall.yaml", 4, 1, 4)
    assert document.mark(("pods", 0)) == Mark("hall.yaml", 5, 5, 2)
    assert document.mark(("pods", 0, "nothing", 3, "here")) == document.mark(("pods", 0))
    assert document.mark(("nothing",)).line == 1


def test_marks_cover_all_values_and_point_at_their_text():
    document = read_text(HALL, "hall.yaml")
    lines = HALL.splitlines()
    found = 0
    for path, mark in document.marks.items():
        value = document.node(path).value
        if isinstance(value, str) and path != ("note",):
            assert lines[mark.line - 1][mark.column - 1 :][: mark.length].strip('"') == value
            found += 1
    assert found == 7
    assert len(document.marks) == 16


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("False", False),
        ("yes", "yes"),
        ("on", "on"),
        ("off", "off"),
        ("null", None),
        ("~", None),
        ("", None),
        ("12", 12),
        ("-3", -3),
        (".5", 0.5),
        ("5.", 5.0),
        ("1e3", 1000.0),
        ("0", 0),
        ("007", "007"),
        ("0x1f", "0x1f"),
        ("0o17", "0o17"),
        ("1_000", "1_000"),
        ("12:30:00", "12:30:00"),
        ("2030-01-01", "2030-01-01"),
        ("nan", "nan"),
        ('"12"', "12"),
        ("3 m", "3 m"),
        ("type:gb300_*", "type:gb300_*"),
        ("=", "="),
    ],
)
def test_scalars_are_read_predictably(text, value):
    found = read_text(f"a: {text}").data["a"]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\nb: 2\na: 3", 'hall.yaml:3:1: duplicate key "a"; first written on line 1'),
        ("a: {b: 1, b: 2}", 'hall.yaml:1:11: duplicate key "b"; first written on line 1\n   a > b'),
        ("a:\n\tb: 1", "hall.yaml:2:1: a tab cannot indent; use spaces"),
        ("a: [1, 2\n\n", "hall.yaml:1:9: did not find expected ',' or ']'"),
        ("a: b: c", 'hall.yaml:1:5: unexpected ":"'),
        ("a: @b", "hall.yaml:1:4: '@' cannot start a value; put the text in quotes"),
        ("a: 'x", "hall.yaml:1:"),
        ("", "hall.yaml:1:1: the file is empty"),
        ("# only a comment\n", "hall.yaml:1:1: the file is empty"),
        ("- a\n- b", "hall.yaml:1:1: expected keys at the top, found a list"),
        ("hello", "hall.yaml:1:1: expected keys at the top, found a single value"),
        ("a: 1\n---\nb: 2", "hall.yaml:2:1: a second document starts here"),
        ("a: !!python/object:os.system x", "hall.yaml:1:4: tags are not part of the layout language"),
        ("a: !include b.yaml", 'hall.yaml:1:4: tags are not part of the layout language; remove "!include"'),
        ("b: &b {c: 1}\na:\n  <<: *b", "hall.yaml:3:3: merge keys (<<) are not part"),
        ("1: a", 'hall.yaml:1:1: a key is text; write "1" in quotes'),
        ("true: a", 'hall.yaml:1:1: a key is text; write "true" in quotes'),
        ("? [a, b]\n: c", "hall.yaml:1:3: a key is a word"),
        ("a: {{b}}", "hall.yaml:1:5: a key is a word"),
        ("a: .nan", "hall.yaml:1:4: .nan is not a number a layout can hold"),
        ("a: -.inf", "hall.yaml:1:4: -.inf is not a number a layout can hold"),
        ("a: 1e308", "hall.yaml:1:4: number 1e308 is too large"),
        ("a: 1e999", "hall.yaml:1:4: number 1e999 is too large"),
        ("a: 12345678901234567890", "hall.yaml:1:4: number 12345678901234567890 is too large"),
        ("a: " + "9" * 5000, "hall.yaml:1:4: number of 5000 characters"),
        ("a: *b", 'hall.yaml:1:4: unknown alias "*b"; text that starts with * needs quotes'),
        ("a: &a [1, *a]", 'hall.yaml:1:11: alias "*a" contains itself'),
        ("a: \x01", "hall.yaml:1:4: character U+0001 does not belong in a text file"),
        ("a: 1\nb: \x00", "hall.yaml:2:4: character U+0000"),
        ("a: \ud800", "hall.yaml:1:4: character U+D800"),
        ("%YAML 7.0\n---\na: 1", "hall.yaml:1:1:"),
    ],
)
def test_a_mistake_in_the_text_is_named_at_its_place(text, expected):
    assert message(text).startswith(expected)


def test_all_mistakes_of_a_text_are_told_at_once():
    shown = message("a: 1\na: 2\nb: .nan\n3: x\nc: !t y\n")
    assert [line.split(":")[1] for line in shown.splitlines() if line.startswith("hall.yaml")] == list("2345")


def test_aliases_share_their_value():
    document = read_text("a: &x [1, {b: 2}]\nc: *x\nd: *x")
    assert document.data["c"] == [1, {"b": 2}]
    assert document.data["c"] is document.data["d"]
    assert document.mark(("d", 1, "b")).line == 1


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(tmp_path):
    file = tmp_path / "hall.yaml"
    file.write_bytes(b"\xef\xbb\xbfa: 1\r\nb: [2,\r\n 3]\r\n")
    document = read(file)
    assert document.data == {"a": 1, "b": [2, 3]}
    assert document.mark(("b", 1))[1:] == (3, 2, 1)


def test_collecting_keeps_mistakes_for_later():
    document = read_text("a: 1\na: 2\n", collect=True)
    assert document.data == {"a": 1}
    assert [m.line for m in document.mistakes] == [2]


def test_later_stages_report_at_a_path():
    mistake = read_text(HALL, "hall.yaml").mistake(("pods", 0, "at", 1), "outside the hall")
    assert str(mistake) == (
        "hall.yaml:6:15: outside the hall\n   pods > p > at\n"
        "   6 |     at: [3 m, 3 metre]\n     |               ^^^^^^^"
    )


def test_fallback_reader_without_the_c_library_reads_the_same(monkeypatch):
    fast = read_text(HALL)
    monkeypatch.setattr("twin.layout.syntax._Loader", yaml.SafeLoader)
    slow = read_text(HALL)
    assert slow.data == fast.data
    assert dict(slow.marks) == dict(fast.marks)
