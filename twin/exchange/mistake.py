"""Mistakes in files of other tools, told as those in layouts."""

from __future__ import annotations

from typing import NoReturn

from twin.layout.mistakes import LayoutError, Mistake, excerpt


def mistake(
    file: str, message: str, line: int = 0, column: int = 0, length: int = 1, text: str = ""
) -> Mistake:
    """One mistake; ``text`` is the source line, shown with the place underlined."""
    shown = excerpt(text, line, column, length) if text and line else ""
    return Mistake(file, line, column, length, message, excerpt=shown)


def complain(file: str, message: str, line: int = 0, column: int = 0) -> NoReturn:
    """Raise a :class:`twin.layout.mistakes.LayoutError` with one mistake."""
    raise LayoutError([mistake(file, message, line, column)])
