"""How a mistake is shown."""

import pickle

import pytest

from twin.layout.mistakes import PRINTED, LayoutError, Mistake, did_you_mean, escape, excerpt, suggest

LINE = "    at: [3 m, 3 metre]"


def mistake(line=18, message='unknown length unit "metre"; did you mean "m"?'):
    return Mistake("hall.yaml", line, 15, 7, message, ("pods", "p", "at"), excerpt(LINE, line, 15, 7))


def test_a_mistake_is_shown_as_the_design_says():
    assert str(LayoutError([mistake()])) == (
        'hall.yaml:18:15: unknown length unit "metre"; did you mean "m"?\n'
        "   pods > p > at\n"
        "  18 |     at: [3 m, 3 metre]\n"
        "     |               ^^^^^^^"
    )


def test_mistakes_come_in_the_order_of_the_file_and_the_rest_is_counted():
    error = LayoutError(mistake(line) for line in range(120, 0, -1))
    assert [m.line for m in error.mistakes] == list(range(1, 121))
    assert str(error).count("hall.yaml:") == PRINTED
    assert str(error).endswith(f"and {120 - PRINTED} more")


def test_the_same_mistake_is_told_once():
    assert len(LayoutError([mistake(), mistake()]).mistakes) == 1


def test_an_error_survives_the_way_between_processes():
    error = LayoutError([mistake()])
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_text_from_files_cannot_drive_a_terminal():
    hostile = Mistake(
        "a\x1b[31m.yaml", 1, 1, 1, "key \x07\u202e\x9b", ("p\rq",), excerpt("\x1b]0;x\x07 a", 1, 7, 1)
    )
    shown = str(hostile)
    assert all(c.isprintable() or c == "\n" for c in shown)
    assert "\\x1b[31m.yaml" in shown
    assert "\\u202e" in shown


@pytest.mark.parametrize("column", [1, 40, 500, 990, 1000])
def test_a_long_line_is_clipped_around_the_place(column):
    text = "".join(chr(97 + i % 26) for i in range(1000))
    line, underline = excerpt(text, 7, column, 3).split("\n")
    assert len(line) < 120
    start, end = underline.index("^"), underline.rindex("^") + 1
    assert line[start:end] == text[column - 1 : column + 2][: end - start]


def test_wide_characters_and_escapes_keep_the_underline_in_place():
    line, underline = excerpt("日本 \x01 bad", 1, 6, 3).split("\n")
    assert line.endswith("日本 \\x01 bad")
    assert underline.index("^") - underline.index("|") == 2 + 4 + 1 + 4 + 1


@pytest.mark.parametrize(("text", "column"), [("", 1), ("abc", 4), ("abc", 99), ("abc", 0)])
def test_places_at_or_beyond_the_end_of_a_line_are_shown_at_its_end(text, column):
    assert excerpt(text, 1, column, 5).count("^") >= 1


def test_suggestions_are_near_or_absent():
    assert did_you_mean("facing", ["id", "face", "lineup"]) == 'did you mean "face"?'
    assert did_you_mean("FACE", ["id", "face"]) == 'did you mean "face"?'
    assert did_you_mean("zebra", ["id", "face"]) == ""
    assert did_you_mean("x" * 100_000, ["id"]) == ""
    assert suggest("zebra", [f"k{i}" for i in range(30)]).endswith("and 10 more")


def test_escaping_leaves_ordinary_text_alone():
    assert escape("Halle Süd, 24 °C\t1") == "Halle Süd, 24 °C 1"
