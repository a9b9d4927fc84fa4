"""Endings: every one has a message for people and a code for scripts, and none is a traceback."""

from __future__ import annotations

import functools
import os
import sys
import traceback
from collections.abc import Callable
from typing import Any

import typer

from twin.cli import printing

RULE_BROKEN, WRONG_INPUT, SOLVE_FAILED, MACHINE_LACKS, INTERRUPTED, NO_READER = 1, 2, 3, 4, 130, 141

_debug = False


class Stop(Exception):
    """A command cannot go on; the message is for the user."""

    def __init__(self, message: str, code: int = WRONG_INPUT) -> None:
        super().__init__(message)
        self.code = code


def show_tracebacks(wanted: bool) -> None:
    """Whether internal errors print their traceback."""
    global _debug
    _debug = wanted


def guarded(command: Callable[..., None]) -> Callable[..., None]:
    """The command, with all that may go wrong in it turned into a message and an exit code."""

    @functools.wraps(command)
    def run(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except KeyboardInterrupt:
            printing.complain("interrupted")
            raise typer.Exit(INTERRUPTED) from None
        except BrokenPipeError:  # the reader of our output has gone (`twin catalogue | head`)
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(NO_READER) from None
        except Exception as error:
            if isinstance(error, (typer.Exit, typer.Abort, *typer.BadParameter.__mro__[:4])):
                raise
            raise typer.Exit(explain(error, as_json=bool(kwargs.get("as_json")))) from None

    return run


def explain(error: Exception, *, as_json: bool = False) -> int:
    """Print what went wrong; the exit code."""
    if _is(error, "twin.layout.mistakes", "LayoutError"):
        return mistakes(error, as_json=as_json)
    if isinstance(error, Stop):
        return _ended(str(error), error.code, as_json)
    if _is(error, "twin.results.store", "RunError") or _is(
        error, "twin.catalogue.catalogue", "CatalogueError"
    ):
        return _ended(str(error), WRONG_INPUT, as_json)
    if _is(error, "twin.view.gl", "NoGraphics"):
        return _ended(str(error), MACHINE_LACKS, as_json)
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        return _ended(f"{where}{error.strerror or error}", WRONG_INPUT, as_json)
    if isinstance(error, MemoryError):
        return _ended(str(error) or "out of memory", MACHINE_LACKS, as_json)
    if _debug:
        traceback.print_exception(error)
    first = next(iter(str(error).splitlines()), "")
    hint = "" if _debug else " (twin --debug shows where)"
    message = f"internal error: {type(error).__name__}: {first}; please report it with the layout{hint}"
    return _ended(message, SOLVE_FAILED, as_json)


def _is(error: Exception, module: str, name: str) -> bool:
    """Whether the error is of a class that lives in a module, which is not imported for the question."""
    kind = getattr(sys.modules.get(module), name, None)
    return kind is not None and isinstance(error, kind)


def mistakes(*errors: Any, as_json: bool = False) -> int:
    """Print the mistakes of the input."""
    if as_json:
        from twin.documents import mistakes_document, to_json

        printing.write(to_json(mistakes_document(*errors)))
    else:
        for error in errors:
            printing.complain(error.render(), plain=True)
    return WRONG_INPUT


def _ended(message: str, code: int, as_json: bool) -> int:
    if as_json:
        from twin.documents import problem_document, to_json

        printing.write(to_json(problem_document(message, code)))
    else:
        printing.complain(message)
    return code
