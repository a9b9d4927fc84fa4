"""Untrusted files: regular ones only, up to a size, as text."""

from __future__ import annotations

from pathlib import Path

from twin.exchange.mistake import complain
from twin.layout.untrusted import first_bytes


def read_source(path: str | Path, largest: int, *, strict: bool = True) -> str:
    """Text of a file in UTF-8, with or without a byte-order mark.

    Parameters
    ----------
    largest : size beyond which nothing is read. [bytes]
    strict : refuse what is not UTF-8, or put a mark in its place.

    Raises
    ------
    twin.layout.mistakes.LayoutError
        If it cannot be read, is too large, or is a pipe or device, which may never end.
    """
    raw = first_bytes(path, largest + 1)
    if len(raw) > largest:
        complain(str(path), f"the file has more than {largest:,} bytes, the most that is read")
    try:
        return raw.decode("utf-8-sig", "strict" if strict else "replace")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        complain(str(path), f"not UTF-8 text (byte 0x{raw[error.start]:02x}); save it as UTF-8", line, 1)


def read_head(path: str | Path, size: int) -> str:
    """The beginning of a file, whatever it is. [bytes]"""
    return first_bytes(path, size).decode("utf-8-sig", "replace")
