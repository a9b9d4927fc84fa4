"""The text of an EPANET input file: its sections, their rows, and where every word stands.

Words are parted by blanks, text in double quotes is one word, and ``;`` begins a comment.  Sections may come in any
order and more than once, and are known by their first four letters, as in EPANET.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from twin.exchange.mistake import mistake
from twin.exchange.source import read_source
from twin.layout.mistakes import Mistake, did_you_mean, quote

LARGEST = 64 * 2**20
"""Largest file that is read. [bytes]"""
MOST_ROWS = 2_000_000
MOST_MISTAKES = 200
"""Mistakes after which reading stops."""
LARGEST_VALUE = 1e9
"""Largest magnitude of any number, in any of EPANET's units far beyond what exists."""

READ = ("TITLE", "JUNCTIONS", "RESERVOIRS", "TANKS", "PIPES", "PUMPS", "VALVES", "DEMANDS", "EMITTERS", "CURVES",
        "PATTERNS", "STATUS", "CONTROLS", "RULES", "OPTIONS", "TIMES", "LEAKAGE")  # fmt: skip
"""Sections that are read, or told of."""
LEFT_OUT = ("QUALITY", "SOURCES", "REACTIONS", "MIXING", "ENERGY")
"""Sections about water quality and costs: told of in a note, because they say something about the network."""
IGNORED = ("ROUGHNESS", "REPORT", "COORDINATES", "VERTICES", "LABELS", "BACKDROP", "TAGS", "END")
"""Sections that say nothing about the steady flow."""
_BY_START = {name[:4]: name for name in (*READ, *LEFT_OUT, *IGNORED)}
_WORD = re.compile(r'"([^"]*)"?|[^\s"]\S*')
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d{1,4})?\Z", re.ASCII)


class Row(NamedTuple):
    """One line of a section."""

    line: int
    """From 1."""
    words: list[str]


@dataclass
class Inp:
    """What an input file says, still in its own words."""

    file: str
    lines: list[str]
    sections: dict[str, list[Row]] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def rows(self, section: str) -> list[Row]:
        """Rows of a section, in the order of the file."""
        return self.sections.get(section, [])

    @property
    def full(self) -> bool:
        """Enough mistakes."""
        return len(self.mistakes) >= MOST_MISTAKES

    def wrong(self, message: str, line: int = 0, column: int = 1, length: int = 1) -> None:
        """Note a mistake at a place."""
        if not self.full:
            text = self.lines[line - 1] if 0 < line <= len(self.lines) else ""
            self.mistakes.append(mistake(self.file, message, line, column if line else 0, length, text))

    def wrong_word(self, row: Row, at: int, message: str) -> None:
        """Note a mistake about a word of a row; about its end where the row has no such word."""
        found = list(_WORD.finditer(self.lines[row.line - 1].partition(";")[0]))
        if at < len(found):
            self.wrong(message, row.line, found[at].start() + 1, len(found[at].group()))
        else:
            self.wrong(message, row.line, found[-1].end() + 1 if found else 1)

    def number(
        self, row: Row, at: int, what: str, *, least: float = -LARGEST_VALUE, above: float | None = None
    ) -> float:
        """A finite number; a mistake is noted, and 1 returned, where the word is none or is out of range."""
        if at >= len(row.words):
            self.wrong_word(row, at, f"{what} is missing here")
            return 1.0
        word = row.words[at]
        value = float(word) if _NUMBER.match(word) else None
        if value is None:
            self.wrong_word(row, at, f"{what} must be a number, not {quote(word)}")
        elif above is not None and not above < value <= LARGEST_VALUE:
            self.wrong_word(
                row, at, f"{what} must be > {above:g} and at most {LARGEST_VALUE:g}, not {word:.40}"
            )
        elif not least <= value <= LARGEST_VALUE:
            self.wrong_word(row, at, f"{what} must be {least:g} to {LARGEST_VALUE:g}, not {word:.40}")
        else:
            return value
        return 1.0


def read_inp(path: str | Path) -> Inp:
    """Split a file into sections; mistakes are in the result, but an unreadable file raises LayoutError."""
    inp = Inp(str(path), read_source(path, LARGEST, strict=False).splitlines())
    rows: list[Row] | None = None
    total, title, stray = 0, False, False
    for number, text in enumerate(inp.lines, 1):
        if inp.full:
            break
        plain = text if title else text.partition(";")[0]
        if not (plain := plain.strip()):
            continue
        if plain[0] == "[":
            name = _section(inp, number, plain)
            if name == "END":
                break
            title = name == "TITLE"
            rows = inp.sections.setdefault(name, []) if name else []
            continue
        if rows is None:
            if not stray:
                inp.wrong(
                    "text before the first section; the file must begin with one, such as [JUNCTIONS]", number
                )
            stray = True
            continue
        rows.append(Row(number, words(plain)))
        total += 1
        if total > MOST_ROWS:
            inp.wrong(f"more than {MOST_ROWS:,} rows, the most that are read", number)
            break
    return inp


def words(text: str) -> list[str]:
    """The words of a line without comment."""
    if '"' not in text:
        return text.split()
    return [m.group(1) if m.group(1) is not None else m.group() for m in _WORD.finditer(text)]


def _section(inp: Inp, line: int, text: str) -> str:
    """The section a head begins; nothing for an unknown one."""
    given = text.strip("[] \t").upper()
    name = _BY_START.get(given[:4], "")
    if not name:
        near = did_you_mean(given, tuple(_BY_START.values()))
        inp.wrong(
            f"unknown section {quote(text)}; {near}".rstrip("; "),
            line,
            inp.lines[line - 1].index("[") + 1,
            len(text),
        )
    return name
