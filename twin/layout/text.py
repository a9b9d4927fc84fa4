"""Layout files to a document: reading, including, merging.

``include:`` at the top of a file lists further files, relative to it and inside the folder of the first file.
Their content is merged: mappings key by key, lists of mappings one after the other; the same key or the same
``id`` in two files is a mistake.  Files are untrusted: their size, number and nesting are bounded.

All mistakes are found before anything is raised.  With ``collect=True`` a reader leaves the mistakes that do
not hinder further checks in ``Document.mistakes``, for `twin.layout.validation.validate` to report.
"""

from __future__ import annotations

import os
import stat
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

from twin.layout.document import Document, Mark, Node, Source
from twin.layout.mistakes import LayoutError, Mistake, quote
from twin.layout.syntax import MAX_NODES, parse

MAX_BYTES = 64 * 2**20
"""Size of all files of a layout together."""
MAX_FILES = 100
MAX_INCLUDES = 10
"""Depth of includes in includes."""

_SHARED_KEYS = frozenset({"twin"})  # the version of the language: every file may state it


def read(path: str | os.PathLike[str], *, collect: bool = False, name: str = "") -> Document:
    """The document in a file and the files it includes; raises `LayoutError`.

    ``name`` is what the file is called in marks and messages instead of its path.
    """
    file = os.fspath(path)
    name = name or file
    reader = _Reader(os.path.dirname(os.path.realpath(file)) if "\0" not in file else "")
    try:
        text = reader.text(file)
    except _Unreadable as error:
        raise LayoutError([error.mistake(name)]) from None
    return reader.document(Source(name, text), os.path.realpath(file), collect=collect)


def read_text(
    text: str, name: str = "<text>", *, folder: str | os.PathLike[str] | None = None, collect: bool = False
) -> Document:
    """The document in a text; its includes are looked for in ``folder``."""
    root = os.path.realpath(folder) if folder is not None else None
    return _Reader(root).document(Source(name, text.removeprefix("\ufeff")), None, collect=collect)


class _Unreadable(Exception):
    """A file that gives no text: the message and, where known, the line."""

    def __init__(self, message: str, line: int = 1) -> None:
        super().__init__(message)
        self.message, self.line = message, line

    def mistake(self, name: str) -> Mistake:
        return Mistake(name, self.line, 1, 1, self.message)


class _Reader:
    """The files of one layout, with what is left of the limits."""

    def __init__(self, root: str | None) -> None:
        self.root = root
        self.found: list[Mistake] = []
        self.files: dict[str, Source] = {}
        self.broken = False
        self._bytes, self._nodes = MAX_BYTES, MAX_NODES
        self._names: dict[str, str] = {}  # real path -> name in messages
        self._included: set[str] = set()

    def document(self, source: Source, real: str | None, *, collect: bool) -> Document:
        if real is not None:
            self._names[real] = source.name
        root = self.tree(source, (real,) if real is not None else ())
        if root is None or self.broken or (self.found and not collect):
            raise LayoutError(self.found)
        return Document(root, self.files, mistakes=tuple(self.found))

    def text(self, path: str) -> str:
        """The decoded text of a file; raises `_Unreadable`."""
        raw = _bytes(path, self._bytes)
        self._bytes -= len(raw)
        return _decode(raw)

    def tree(self, source: Source, chain: tuple[str, ...]) -> Node | None:
        """The merged tree of a text; None, with ``broken`` set, if it cannot be read."""
        self.files[source.name] = source
        try:
            root, count = parse(source, self.found, budget=self._nodes)
        except LayoutError as error:
            self.found.extend(error.mistakes)
            self.broken = True
            return None
        self._nodes -= count
        if root is None or not isinstance(root.value, dict):
            self._refuse(root, source)
            return None
        return self._with_includes(root, source, chain)

    def _refuse(self, root: Node | None, source: Source) -> None:
        mark = root.mark if root is not None else Mark(source.name, 1, 1, 1)
        kind = "a list" if root is not None and isinstance(root.value, list) else "a single value"
        empty = root is None or root.value is None
        self.found.append(
            source.mistake(mark, "the file is empty" if empty else f"expected keys at the top, found {kind}")
        )
        self.broken = True

    def _with_includes(self, root: Node, source: Source, chain: tuple[str, ...]) -> Node:
        listed = root.value.get("include")
        if listed is None:
            return root
        own = {key: node for key, node in root.value.items() if key != "include"}
        merged = Node(
            own, root.mark, {k: m for k, m in root.keys.items() if k != "include"}, block=root.block
        )
        for item in listed.value if isinstance(listed.value, list) else [listed]:
            part = self._include(item, source, chain)
            if part is not None:
                merged = self._merge(merged, part, ())
        return merged

    def _include(self, item: Node, source: Source, chain: tuple[str, ...]) -> Node | None:
        try:
            real, name = self._locate(item.value, source, chain)
            if real in self._included:
                return None
            self._included.add(real)
            self._names[real] = name
            text = self.text(real)
        except _Unreadable as error:
            self.broken = True
            self.found.append(
                source.mistake(item.mark, f"include {quote(item.value)}: {error.message}", ("include",))
            )
            return None
        return self.tree(Source(name, text), (*chain, real))

    def _locate(self, written: Any, source: Source, chain: tuple[str, ...]) -> tuple[str, str]:
        """Real path and display name of an included file; raises `_Unreadable` for what may not be read."""
        if not isinstance(written, str) or not written.strip() or "\0" in written:
            raise _Unreadable("write the relative path of a file")
        if "://" in written:
            raise _Unreadable("only files can be included, no addresses")
        if PurePosixPath(written).is_absolute() or PureWindowsPath(written).anchor or "\\" in written:
            raise _Unreadable("write a path relative to this file, with /")
        if self.root is None:
            raise _Unreadable("a text without a folder cannot include files")
        base = os.path.dirname(chain[-1]) if chain else self.root
        real = os.path.realpath(os.path.join(base, written))
        if os.path.commonpath((self.root, real)) != self.root:
            raise _Unreadable("outside the folder of the layout")
        if real in chain:
            names = [self._names[link] for link in chain[chain.index(real) :]]
            raise _Unreadable(f"the files include each other: {' -> '.join([*names, names[0]])}")
        if len(chain) > MAX_INCLUDES:
            raise _Unreadable(f"more than {MAX_INCLUDES} includes inside each other")
        if len(self._included) >= MAX_FILES and real not in self._included:
            raise _Unreadable(f"more than {MAX_FILES} files")
        return real, os.path.normpath(os.path.join(os.path.dirname(source.name), written))

    def _merge(self, ours: Node, theirs: Node, path: tuple[str, ...]) -> Node:
        """Both mappings in one; clashes are reported where the included file stands."""
        merged = Node(dict(ours.value), ours.mark, dict(ours.keys), block=ours.block)
        for key, node in theirs.value.items():
            place = (*path, key)
            if key not in merged.value:
                merged.value[key], merged.keys[key] = node, theirs.keys[key]
            else:
                merged.value[key] = self._merge_value(
                    merged.value[key], node, place, merged.keys[key], theirs.keys[key]
                )
        return merged

    def _merge_value(
        self, ours: Node, theirs: Node, path: tuple[str, ...], first: Mark, second: Mark
    ) -> Node:
        if isinstance(ours.value, dict) and isinstance(theirs.value, dict):
            return self._merge(ours, theirs, path)
        if _is_things(ours) and _is_things(theirs):
            return self._join(ours, theirs, path)
        if not (path[-1] in _SHARED_KEYS and len(path) == 1 and ours.value == theirs.value):
            self._clash(second, f"key {quote(path[-1])} is also in {first.file}:{first.line}", path)
        return ours

    def _join(self, ours: Node, theirs: Node, path: tuple[str, ...]) -> Node:
        known = {item.id: item for item in ours.value if item.id is not None}
        joined = list(ours.value)
        for item in theirs.value:
            if (first := known.get(item.id)) is None:
                joined.append(item)
                continue
            there = first.value["id"].mark
            message = f"id {quote(item.id)} is also in {there.file}:{there.line}"
            self._clash(item.value["id"].mark, message, (*path, str(item.id)))
        return Node(joined, ours.mark, block=ours.block)

    def _clash(self, mark: Mark, message: str, path: tuple[str, ...]) -> None:
        self.found.append(self.files[mark.file].mistake(mark, message, path))


def _is_things(node: Node) -> bool:
    return isinstance(node.value, list) and all(isinstance(item.value, dict) for item in node.value)


def _bytes(path: str, limit: int) -> bytes:
    """The content of a regular file of at most ``limit`` bytes."""
    try:
        if "\0" in path:
            raise _Unreadable("not a file name")
        mode = os.stat(path)
        if stat.S_ISDIR(mode.st_mode):
            raise _Unreadable("this is a folder; name a file")
        if not stat.S_ISREG(mode.st_mode):
            raise _Unreadable("this is not a regular file")
        with open(path, "rb", opener=_open) as file:
            raw = file.read(mode.st_size + 1) if mode.st_size <= limit else b""
    except FileNotFoundError:
        raise _Unreadable("no such file") from None
    except OSError as error:
        raise _Unreadable(f"cannot be read: {error.strerror or error}") from None
    except ValueError:
        raise _Unreadable("not a file name") from None
    if mode.st_size > limit or len(raw) > limit:
        raise _Unreadable(f"too large; the files of a layout have at most {MAX_BYTES // 2**20} MB together")
    return raw


def _open(path: str, flags: int) -> int:
    """Open without waiting: a pipe may have come into the place of the file since it was looked at."""
    number = os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
    if not stat.S_ISREG(os.fstat(number).st_mode):
        os.close(number)
        raise _Unreadable("this is not a regular file")
    return number


def _decode(raw: bytes) -> str:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise _Unreadable("not UTF-8 text but UTF-16; save it as UTF-8")
    if b"\0" in raw[:8192]:
        raise _Unreadable("a binary file, not text", raw[: raw.index(b"\0")].count(b"\n") + 1)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise _Unreadable(f"not UTF-8 text (byte 0x{raw[error.start]:02x}); save it as UTF-8", line) from None
