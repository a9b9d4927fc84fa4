"""From a layout file to a facility."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from hashlib import sha256
from typing import Any

from twin.layout.document import Document, Path
from twin.layout.expand import expand
from twin.layout.mistakes import LayoutError, Mistake, did_you_mean, quote
from twin.layout.parameters import override, substitute
from twin.layout.text import read, read_text
from twin.layout.validation import validate
from twin.model.facility import Facility
from twin.model.language import Layout


def load(path: str | os.PathLike[str], sets: Iterable[str] = ()) -> Facility:
    """Read a layout file with all it includes, check it and expand it.

    Parameters
    ----------
    sets : iterable of str
        Values that replace those of the file, ``params.pods=6`` or ``pods.p.at=[3 m, 4 m]``.

    Raises
    ------
    LayoutError
        With every mistake that was found: first those of the text and its values; if there are none, those of
        names, products and references.
    """
    return facility_of(read(path, collect=True), sets)


def load_text(
    text: str, sets: Iterable[str] = (), *, name: str = "<text>", folder: str | os.PathLike[str] | None = None
) -> Facility:
    """The same for a layout that is a text; its includes are looked for in ``folder``."""
    return facility_of(read_text(text, name, folder=folder, collect=True), sets)


def facility_of(document: Document, sets: Iterable[str] = ()) -> Facility:
    """The facility that a document describes, with the settings of ``sets`` and the parameters put in."""
    document = substitute(override(document, sets, collect=True), collect=True)
    layout = validate(Layout, document)
    catalogue = catalogue_of(layout, document)
    facility = expand(layout, catalogue, document, digest=digest(document))
    if facility.limits or facility.waivers or facility.overrides:
        _check_rules(facility)
    return facility


def _check_rules(facility: Facility) -> None:
    """Raise `LayoutError` for limits on what does not exist or with a wrong unit, and for unknown rules."""
    from twin.checks import RULES, check_limits, check_overrides  # reads layouts through this package

    found = [(mark, "limits", message) for mark, message in check_limits(facility)]
    found += [(mark, "override", message) for mark, message in check_overrides(facility)]
    named = [("waive", waiver.rule, mark) for waiver, mark in facility.waivers]
    named += [("override", override.rule, mark) for override, mark in facility.overrides]
    for key, rule, mark in named:
        if rule not in RULES:
            near = did_you_mean(rule, RULES)
            found.append((mark, key, f"no rule is called {quote(rule)}" + (f"; {near}" if near else "")))
    if found:
        raise LayoutError(
            Mistake(mark.file, mark.line, mark.column, 1, text, (key,)) for mark, key, text in found
        )


def catalogue_of(layout: Layout, document: Document) -> Any:
    """The built-in catalogue with the layout's own entries; raises `LayoutError` if they are wrong."""
    from twin.catalogue import Catalogue, CatalogueError  # reads its files with this package

    builtin = Catalogue.builtin()
    if not layout.catalogue:
        return builtin
    try:
        return builtin.extended(layout.catalogue, locate=lambda path: document.mark(("catalogue", *path)))
    except CatalogueError as error:
        raise LayoutError(
            _entry_mistake(document, problem.path, problem.message) for problem in error.problems
        ) from None


def _entry_mistake(document: Document, path: Path, message: str) -> Mistake:
    return document.mistake(("catalogue", *path), message)


def digest(document: Document) -> str:
    """SHA-256 of everything that was written, with includes, settings and parameters put in."""
    written = {"document": document.data, "params": dict(document.params)}
    text = json.dumps(written, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
