"""Entries as plain mappings: cut out of text, and completed from the entry they are ``like``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from importlib.resources import files
from typing import Any

import yaml

Entry = Mapping[str, Any]

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_HEAD = re.compile(r"^([A-Za-z][A-Za-z0-9_-]*):", re.MULTILINE)
_WITHOUT_SOURCE = frozenset({"kind", "description", "manufacturer", "like", "source", "sources"})


class TextEntries(Mapping[str, Entry]):
    """The top-level entries of YAML texts; each is parsed when it is first asked for.

    An entry is the text from its name at the start of a line to the next name, so a file must not use
    anchors across entries.  Parsing one entry of a hundred instead of all is what keeps start-up short.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        self._texts: dict[str, str] = {}
        self._parsed: dict[str, Entry] = {}
        for text in texts:
            heads = list(_HEAD.finditer(text))
            ends = [head.start() for head in heads[1:]] + [len(text)]
            for head, end in zip(heads, ends, strict=True):
                if head[1] in self._texts:
                    raise ValueError(f"{head[1]} is written twice")
                self._texts[head[1]] = text[head.start() : end]

    def __getitem__(self, name: str) -> Entry:
        if name not in self._parsed:
            self._parsed[name] = yaml.load(self._texts[name], Loader=_LOADER)[name]
        return self._parsed[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._texts)

    def __contains__(self, name: object) -> bool:
        return name in self._texts


def builtin_text(file: str) -> str:
    """The text of a data file that ships with the program."""
    return (files("twin.catalogue") / file).read_text(encoding="utf-8")


def parse(text: str) -> Any:
    """The content of a whole YAML text."""
    return yaml.load(text, Loader=_LOADER)


def inherit(parent: Entry, child: Entry, name: str) -> dict[str, Any]:
    """``child`` completed from ``parent``, which is called ``name``.

    Nested mappings are merged key by key; lists and values are replaced.  Every number keeps telling where it
    comes from: what is unchanged names the parent and its source, what was changed has the child's source, or
    is marked assumed if the child gives none.
    """
    changes = {key: value for key, value in child.items() if key not in ("like", "source", "sources")}
    source, sources = _provenance(parent, child, changes, name)
    return {**merge(parent, changes), "source": source, "sources": sources}


def merge(base: Entry, changes: Entry) -> dict[str, Any]:
    """A deep copy of ``base`` with ``changes``, nested mappings key by key."""
    merged = deepcopy(dict(base))
    for key, value in changes.items():
        old = merged.get(key)
        merged[key] = (
            merge(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else deepcopy(value)
        )
    return merged


def _provenance(parent: Entry, child: Entry, changes: Entry, name: str) -> tuple[Any, Any]:
    own, said = child.get("sources") or {}, parent.get("sources") or {}
    if not isinstance(own, Mapping) or not isinstance(said, Mapping):
        return child.get("source", name), own
    whole = parent.get("source", "assumed")
    if "source" not in child:
        sources = {key: text for key, text in said.items() if key not in changes}
        sources |= {key: f"assumed (changed from {name})" for key in changes if key not in _WITHOUT_SOURCE}
        return f"like {name}: {whole}", {**sources, **own}
    kept = (key for key in parent if key not in changes and key not in _WITHOUT_SOURCE)
    return child["source"], {**{key: f"like {name}: {said.get(key, whole)}" for key in kept}, **own}
