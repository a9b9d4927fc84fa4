"""Mistakes in the files a person wrote: where, what was found, what is allowed.

A mistake is answered with its place, a breadcrumb and the line it stands on, all mistakes of a run at once::

    hall.yaml:18:15: unknown length unit "metre"; did you mean "m"?
       pods > p > at
      18 |     at: [3 m, 3 metre]
         |               ^^^^^^^

Everything that comes from a file is untrusted: control characters are escaped before they reach a terminal.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

PRINTED = 50
"""Mistakes printed in full; the others are counted."""

KEPT = 1000
"""Mistakes kept of one run; a file with more is not a layout."""

_SNIPPET = 100  # characters of a source line that are shown
_MESSAGE = 600  # characters of a message that are shown
_KELVIN_MEANT = 150.0  # nobody who writes kelvin means less
_COMPARED = 2000  # words compared for a suggestion


@dataclass(frozen=True, order=True)
class Mistake:
    """One mistake at one place of one file."""

    file: str
    """File as the user named it, or the command-line option."""

    line: int
    """Line from 1; 0 where the place is not in a file."""

    column: int
    """Column from 1, in characters."""

    length: int
    """Characters to underline."""

    message: str
    """One line: what was found, what is allowed."""

    path: tuple[str, ...] = ()
    """Breadcrumb: keys and ids from the top of the document to the place."""

    excerpt: str = field(default="", compare=False)
    """The source line with the place underlined, ready to print."""

    @property
    def place(self) -> str:
        """``file:line:column`` as editors and terminals make clickable."""
        return escape(f"{self.file}:{self.line}:{self.column}" if self.line else self.file)

    def __str__(self) -> str:
        message = escape(self.message)
        message = message if len(message) <= _MESSAGE else message[: _MESSAGE - 3] + "..."
        lines = [f"{self.place}: {message}"]
        if self.path:
            lines.append("   " + escape(" > ".join(map(str, self.path))))
        return "\n".join([*lines, *([self.excerpt] if self.excerpt else [])])


class LayoutError(Exception):
    """The input is wrong: all mistakes that were found, in the order of the file."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        found = sorted(set(mistakes))
        self.mistakes: tuple[Mistake, ...] = tuple(found[:KEPT])
        self.omitted = max(0, len(found) - KEPT)
        super().__init__(self.mistakes)

    def __str__(self) -> str:
        return self.render()

    def render(self, limit: int = PRINTED) -> str:
        """The text for a terminal; at most ``limit`` mistakes in full."""
        blocks = [str(mistake) for mistake in self.mistakes[:limit]]
        if (more := len(self.mistakes) + self.omitted - len(blocks)) > 0:
            blocks.append(f"and {more} more")
        return "\n".join(blocks)


def excerpt(text: str, line: int, column: int, length: int) -> str:
    """The line of source with a caret underline; long lines are clipped around the column.

    ``column`` counts from 1; the underline never leaves the line.
    """
    start = min(max(column - 1, 0), len(text))
    first = max(0, min(start - _SNIPPET // 2, len(text) - _SNIPPET))
    last = min(len(text), first + _SNIPPET)
    stop = min(max(start + 1, start + length), max(last, start + 1))
    before = ("..." if first else "") + escape(text[first:start])
    marked, after = escape(text[start:stop]), escape(text[stop:last])
    gutter = f"{line:>4} | "
    underline = " " * _width(before) + "^" * max(1, _width(marked))
    tail = "..." if last < len(text) else ""
    return f"{gutter}{before}{marked}{after}{tail}".rstrip() + f"\n{' ' * (len(gutter) - 2)}| {underline}"


def escape(text: str) -> str:
    """``text`` with everything a terminal might obey or hide written out, and tabs as one space."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else " " if c == "\t" else _escaped(c) for c in text)


def did_you_mean(word: str, allowed: Iterable[str]) -> str:
    """``did you mean "face"?``, or nothing if no allowed word is near."""
    if not word or len(word) > 60:
        return ""
    words = [str(a) for _, a in zip(range(_COMPARED), allowed, strict=False)]
    by_case = {a.lower(): a for a in reversed(words)}
    near = by_case.get(word.lower()) or next(iter(get_close_matches(word, words, n=1, cutoff=0.55)), None)
    return f'did you mean "{near}"?' if near else ""


def one_of(allowed: Sequence[str], limit: int = 20) -> str:
    """``allowed: a, b, c`` with long lists cut."""
    shown = ", ".join(allowed[:limit])
    return f"allowed: {shown}" + (f" and {len(allowed) - limit} more" if len(allowed) > limit else "")


def suggest(word: str, allowed: Sequence[str]) -> str:
    """What to append to a message about an unknown word: the nearest one and the list."""
    near = did_you_mean(word, allowed)
    return "; " + " ".join(filter(None, (near, one_of(allowed)))) if allowed else ""


def degrees_meant(written: object) -> str:
    """``; did you mean "36 degC"?`` for the text of a temperature in kelvin that would be a frost of the deep space."""
    if not isinstance(written, str) or not written.rstrip().endswith("K"):
        return ""
    number = written.rstrip()[:-1].strip()
    try:
        return f'; did you mean "{float(number):g} degC"?' if abs(float(number)) < _KELVIN_MEANT else ""
    except ValueError:
        return ""


def quote(value: object, limit: int = 40) -> str:
    """A found text in double quotes, on one line, clipped."""
    text = " ".join(str(value).split())
    return f'"{text if len(text) <= limit else text[: limit - 3] + "..."}"'


def _escaped(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" if code < 65536 else f"\\U{code:08x}"


def _width(text: str) -> int:
    """Columns ``text`` takes in a terminal."""
    if text.isascii():
        return len(text)
    wide = {"W": 2, "F": 2}
    return sum(0 if unicodedata.combining(c) else wide.get(unicodedata.east_asian_width(c), 1) for c in text)
