"""Untrusted text files: read within bounds, and complained about with file, line and column.

A weather file comes from anywhere.  Only regular files up to a size are read, compressed ones are unpacked up to
the same size, and what is no text is refused by what it looks like.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from twin.layout.mistakes import LayoutError, Mistake, excerpt
from twin.layout.untrusted import first_bytes

LARGEST = 8 * 2**20
"""Largest file that is read, also after unpacking; a year of hours in any format has 1.8 MB. [bytes]"""
LONGEST_LINE = 10_000
"""Longest line; the design conditions of an EPW file have some 1,000 characters."""
SAME_KIND = 20
"""Mistakes of one kind told one by one; the others are counted."""

_GZIP = b"\x1f\x8b"
_BINARY = {
    b"PK\x03\x04": "a zip archive; unpack it and name the file inside",
    b"\xff\xfe": "UTF-16 text; save it as UTF-8",
    b"\xfe\xff": "UTF-16 text; save it as UTF-8",
    b"%PDF": "a PDF document",
    b"\x89HDF": "an HDF5 or netCDF file; convert it to EPW",
    b"CDF": "a netCDF file; convert it to EPW",
}


@dataclass
class Complaints:
    """Mistakes of one file, as many as help."""

    file: str
    lines: list[str] = field(default_factory=list)
    found: list[Mistake] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    last: dict[str, int] = field(default_factory=dict)

    def add(self, message: str, line: int = 0, column: int = 1, length: int = 1, kind: str = "") -> None:
        """Note a mistake; of a ``kind`` that is there already many times only the number is kept."""
        if kind:
            self.counts[kind] = self.counts.get(kind, 0) + 1
            if self.counts[kind] > SAME_KIND:
                self.last[kind] = line
                return
        text = self.lines[line - 1] if 0 < line <= len(self.lines) else ""
        shown = excerpt(text, line, column, length) if text else ""
        self.found.append(Mistake(self.file, line, column if line else 0, length, message, excerpt=shown))

    def settle(self) -> None:
        """Raise what was noted, if anything.

        Raises
        ------
        twin.layout.mistakes.LayoutError
        """
        for kind, count in self.counts.items():
            if count > SAME_KIND:
                message = f"{count - SAME_KIND:,} more of the same up to here: {kind}"
                self.found.append(Mistake(self.file, self.last[kind], 1, 1, message))
        if self.found:
            raise LayoutError(self.found)


def refuse(file: str | Path, message: str, line: int = 0) -> NoReturn:
    """Raise one mistake about a whole file or one of its lines."""
    raise LayoutError([Mistake(str(file), line, 1 if line else 0, 1, message)])


def read_lines(path: str | Path) -> list[str]:
    """Lines of a text file, without their endings (LF, CRLF or CR); empty lines at the end are dropped.

    UTF-8 with or without a byte-order mark; names in older encodings are read as Latin-1.  A gzip file is unpacked.

    Raises
    ------
    twin.layout.mistakes.LayoutError
        If it cannot be read, is larger than :data:`LARGEST` (also unpacked), is no regular file or is not text.
    """
    raw = read_bytes(path)
    if raw.startswith(_GZIP):
        raw = unpack(raw, path)
    for magic, meaning in _BINARY.items():
        if raw.startswith(magic):
            refuse(path, f"this is {meaning}")
    if (at := raw.find(b"\0")) >= 0:
        refuse(path, "this is a binary file, not text", raw.count(b"\n", 0, at) + 1)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    if not text.strip():
        refuse(path, "the file is empty")
    lines = text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n\x1a \t").split("\n")
    for number, line in enumerate(lines, 1):
        if len(line) > LONGEST_LINE:
            refuse(path, f"a line of {len(line):,} characters; no weather file has one", number)
    return lines


def read_bytes(path: str | Path) -> bytes:
    """Content of a regular file of at most :data:`LARGEST` bytes."""
    raw = first_bytes(path, LARGEST + 1)
    if len(raw) > LARGEST:
        refuse(path, f"the file has more than {LARGEST:,} bytes, the most that is read")
    return raw


def unpack(raw: bytes, path: str | Path) -> bytes:
    """Content of a gzip file, never more than :data:`LARGEST` bytes in memory."""
    engine = zlib.decompressobj(wbits=31)
    try:
        content = engine.decompress(raw, LARGEST + 1)
    except zlib.error as error:
        refuse(path, f"a damaged gzip file ({error})")
    if len(content) > LARGEST:
        refuse(path, f"the file unpacks to more than {LARGEST:,} bytes, the most that is read")
    if not engine.eof:
        refuse(path, "a truncated gzip file")
    if engine.unused_data:
        refuse(path, "a gzip file with more than one member; pack a single file")
    return content
