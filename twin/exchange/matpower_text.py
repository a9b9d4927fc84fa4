"""The text of a MATPOWER case file: matrices with the place of every number, and the statements allowed.

A ``.m`` file is a program; this reads it as data.  What is not one of the forms below is refused::

    function mpc = NAME
    mpc.NAME = [ rows of numbers ];      rows end with ; or a new line, ... continues, % comments;
                                         ratios of numbers (50/3, 135/sqrt(3)) count as numbers
    mpc.NAME = { texts };
    mpc.version = '2';   mpc.baseMVA = 100;   mpc.baseMVA = 50/3;
    [ column names ] = idx_bus;   (idx_brch, idx_gen, idx_cost)
    and the unit conversions at the end of MATPOWER's distribution cases
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from twin.exchange.mistake import mistake
from twin.exchange.source import read_source
from twin.layout.mistakes import Mistake, quote

LARGEST = 64 * 2**20
"""Largest file that is read. [bytes]"""
MOST_ROWS = 1_000_000
MOST_COLUMNS = 64
MOST_MISTAKES = 200
"""Mistakes after which reading stops."""

_TOKEN = re.compile(r"[^\s,]+")
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*([eE][-+]?\d+)?|\.\d+([eE][-+]?\d+)?|Inf|inf|NaN|nan)\Z")
_RATIO = re.compile(r"([-+]?[\d.]+)/(?:sqrt\(([\d.]+)\)|([\d.]+))\Z")
_HEAD = re.compile(r"\s*mpc\.(\w+)\s*=\s*([\[{])")
_SCALAR = re.compile(r"mpc\.(\w+)\s*=\s*('[^']*'|\"[^\"]*\"|[-+0-9.eE]+(?:/[-+0-9.eE]+)?)\s*;?\Z")
_INDEX = re.compile(r"\[[A-Z_0-9,\s]+\]\s*=\s*idx_(bus|brch|gen|cost)\s*;?\Z")

CONVERSIONS = {
    "Vbase=mpc.bus(1,BASE_KV)*1e3": "volts",
    "Sbase=mpc.baseMVA*1e6": "va",
    "mpc.branch(:,[BR_RBR_X])=mpc.branch(:,[BR_RBR_X])/(Vbase^2/Sbase)": "ohms",
    "mpc.bus(:,[PD,QD])=mpc.bus(:,[PD,QD])/1e3": "kilowatts",
    "mpc.bus(:,QD)=mpc.bus(:,PD)*sin(acos(pf))": "reactive",
    "mpc.bus(:,PD)=mpc.bus(:,PD)*pf": "active",
}
"""Statements (without white space) of the distribution cases, and what they do to the matrices."""
_FACTOR = re.compile(r"pf=(0?\.\d+|1|1\.0*)\Z")


@dataclass
class Matrix:
    """A matrix of numbers that knows where they stand."""

    name: str
    line: int
    rows: list[list[float]] = field(default_factory=list)
    pieces: list[list[tuple[int, int, str]]] = field(default_factory=list)
    """Of each row: line, column and text of its parts."""

    def place(self, row: int, column: int) -> tuple[int, int, int]:
        """Line, column (from 1) and length of a number; of the row where it has no such column."""
        seen = 0
        for line, offset, text in self.pieces[row]:
            for token in _TOKEN.finditer(text):
                if seen == column:
                    return line, offset + token.start() + 1, len(token.group())
                seen += 1
        line, offset, text = self.pieces[row][0]
        return line, offset + len(text) - len(text.lstrip()) + 1, max(1, len(text.strip()))


@dataclass
class Case:
    """What a case file says, still in the units of the file."""

    file: str
    lines: list[str]
    name: str = ""
    matrices: dict[str, Matrix] = field(default_factory=dict)
    texts: dict[str, list[str]] = field(default_factory=dict)
    scalars: dict[str, tuple[float | str, int]] = field(default_factory=dict)
    """Value and line."""
    steps: list[tuple[str, float, int]] = field(default_factory=list)
    """Unit conversions in their order: what, power factor in force, line."""
    mistakes: list[Mistake] = field(default_factory=list)

    def wrong(self, message: str, line: int = 0, column: int = 1, length: int = 1) -> None:
        """Note a mistake."""
        if len(self.mistakes) < MOST_MISTAKES:
            text = self.lines[line - 1] if 0 < line <= len(self.lines) else ""
            self.mistakes.append(mistake(self.file, message, line, column if line else 0, length, text))


def read_case(path: str | Path) -> Case:
    """Split a file into matrices and statements; mistakes are in the result, but an unreadable file raises."""
    case = Case(str(path), read_source(path, LARGEST, strict=False).splitlines())
    _Reader(case).run()
    return case


class _Reader:
    """Line after line."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.at = 0
        self.factor = 1.0

    def run(self) -> None:
        case = self.case
        while self.at < len(case.lines) and len(case.mistakes) < MOST_MISTAKES:
            line = _code(case.lines[self.at])
            head = _HEAD.match(line)
            if not line.strip():
                self.at += 1
            elif head and head.group(2) == "[":
                self._matrix(head.group(1), head.end())
            elif head:
                self._cell(head.group(1), head.end())
            else:
                self._statement()

    def _matrix(self, name: str, start: int) -> None:
        """Rows up to the closing bracket."""
        case = self.case
        matrix = Matrix(name, self.at + 1)
        if name in case.matrices:
            case.wrong(f"mpc.{name} is there twice", self.at + 1)
        case.matrices[name] = matrix
        pieces: list[tuple[int, int, str]] = []
        while self.at < len(case.lines):
            line = _code(case.lines[self.at])
            end = line.find("]", start)
            offset = start
            parts = line[start : end if end >= 0 else len(line)].split(";")
            for number, part in enumerate(parts):
                last = number == len(parts) - 1
                body, dots, _ = part.partition("...")
                if body.strip():
                    pieces.append((self.at + 1, offset, body))
                offset += len(part) + 1
                if pieces and not (dots and last and end < 0):
                    self._row(matrix, pieces)
                    pieces = []
                if len(matrix.rows) > MOST_ROWS:
                    case.wrong(f"mpc.{name} has more than {MOST_ROWS} rows", self.at + 1)
                    self.at = len(case.lines)
                    return
            self.at += 1
            if end >= 0:
                self._rest(line, end + 1)
                return
            start = 0
        case.wrong(f'mpc.{name} has no closing "];"', matrix.line)

    def _rest(self, line: str, start: int) -> None:
        if line[start:].strip(" \t;"):
            self.case.wrong("nothing may follow the closing bracket", self.at, start + 1)

    def _row(self, matrix: Matrix, pieces: list[tuple[int, int, str]]) -> None:
        tokens = [token for _, _, text in pieces for token in text.replace(",", " ").split()]
        try:
            values = [float(token) for token in tokens]
            plain = all("_" not in text and text.isascii() for _, _, text in pieces)
        except ValueError:
            values, plain = [], False
        matrix.pieces.append(pieces)
        row = len(matrix.rows)
        if not plain:
            found = [_value(token) for token in tokens]
            for number in (number for number, value in enumerate(found) if value is None):
                text = f"{quote(tokens[number])} in mpc.{matrix.name} is not a number"
                self.case.wrong(text, *matrix.place(row, number))
            values = [0.0 if value is None else value for value in found]
        matrix.rows.append(values)
        if len(values) > MOST_COLUMNS:
            self.case.wrong(f"a row has at most {MOST_COLUMNS} columns", *matrix.place(row, MOST_COLUMNS))
        elif row and matrix.rows[0] and len(values) != len(matrix.rows[0]):
            self.case.wrong(
                f"this row of mpc.{matrix.name} has {len(values)} columns, the first one "
                f"{len(matrix.rows[0])}",
                *matrix.place(row, len(values)),
            )

    def _cell(self, name: str, start: int) -> None:
        """Texts up to the closing brace."""
        first, found = self.at + 1, []
        while self.at < len(self.case.lines):
            line = _code(self.case.lines[self.at])[start:]
            texts = re.findall(r"'((?:[^']|'')*)'|\"([^\"]*)\"", line)
            found += [(one or other).replace("''", "'") for one, other in texts]
            outside = re.sub(r"'(?:[^']|'')*'|\"[^\"]*\"", "", line)
            self.at += 1
            if "}" in outside:
                self.case.texts[name] = found
                return
            start = 0
        self.case.wrong(f'mpc.{name} has no closing "}};"', first)

    def _statement(self) -> None:
        case, first = self.case, self.at + 1
        text = ""
        while self.at < len(case.lines):
            code = _code(case.lines[self.at]).rstrip()
            self.at += 1
            body, dots, _ = code.partition("...")
            text += body + " "
            if not dots:
                break
        text = text.strip()
        if match := re.match(r"function\s+\w+\s*=\s*(\w+)\s*;?\Z", text):
            case.name = match.group(1)
        elif match := _SCALAR.match(text):
            self._scalar(match.group(1), match.group(2), first)
        elif not _INDEX.match(text) and text not in ("end", "return", "return;", "end;"):
            self._conversion(text, first)

    def _scalar(self, name: str, value: str, line: int) -> None:
        if value[0] in "'\"":
            self.case.scalars[name] = (value[1:-1], line)
            return
        above, _, below = value.partition("/")
        try:
            self.case.scalars[name] = (float(above) / float(below or 1), line)
        except (ValueError, ZeroDivisionError):
            self.case.wrong(f"{quote(value)} is not a number", line)

    def _conversion(self, text: str, line: int) -> None:
        plain = re.sub(r"\s+", "", text).rstrip(";")
        if match := _FACTOR.match(plain):
            self.factor = float(match.group(1))
        elif plain in CONVERSIONS:
            self.case.steps.append((CONVERSIONS[plain], self.factor, line))
        else:
            length = len(self.case.lines[line - 1].strip())
            self.case.wrong(
                f"statement {quote(text)} is not understood: only data and the unit conversions of the "
                "distribution cases are read, programs are not run",
                line, 1, max(1, length),
            )  # fmt: skip


def _value(token: str) -> float | None:
    """A number as MATLAB writes it, or a ratio such as 50/3 or 135/sqrt(3); None for anything else."""
    if _NUMBER.match(token):
        return float(token)
    match = _RATIO.match(token)
    if match is None:
        return None
    try:
        above, root, below = (None if text is None else float(text) for text in match.groups())
        return float(above or 0.0) / (float(root) ** 0.5 if root is not None else float(below or 0.0))
    except (ValueError, ZeroDivisionError):
        return None


def _code(line: str) -> str:
    """A line without its comment."""
    if "%" not in line and "#" not in line:
        return line
    quoted = ""
    for index, character in enumerate(line):
        if quoted:
            quoted = "" if character == quoted else quoted
        elif character in "'\"":
            quoted = character
        elif character in "%#":
            return line[:index]
    return line
