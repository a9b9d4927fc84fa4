"""A document that was read: plain data, and for every key and value the place where it was written.

A path is a tuple of keys and indices, ``("pods", 0, "at", 1)``; an item of a list may also be addressed by
its ``id``, ``("pods", "p", "at", 1)``.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from typing import Any, NamedTuple

from twin.layout.mistakes import Mistake, excerpt

Path = tuple[str | int, ...]

_LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")


class Mark(NamedTuple):
    """A place in a file, lines and columns from 1; line 0 is a place outside any file (the command line)."""

    file: str
    line: int
    column: int
    length: int


class Node:
    """One value of a document and its place; immutable by agreement, so aliases may share it."""

    __slots__ = ("block", "keys", "mark", "note", "value")

    def __init__(
        self, value: Any, mark: Mark, keys: dict[str, Mark] | None = None, *, block: bool = False
    ) -> None:
        self.value: Any = value
        """A scalar, a dict of nodes, or a list of nodes."""
        self.mark = mark
        self.keys: dict[str, Mark] = keys if keys is not None else _NO_KEYS
        """Places of the keys of a mapping."""
        self.block = block
        """Whether this is a collection written over several lines without brackets."""
        self.note = ""
        """Where the value came from, if not from its place; appended to messages."""

    def child(self, step: str | int) -> Node | None:
        """The value under a key, an index, or the ``id`` of a list item."""
        value = self.value
        if isinstance(value, dict):
            return value.get(step)
        if not isinstance(value, list):
            return None
        if isinstance(step, int):
            return value[step] if -len(value) <= step < len(value) else None
        return next((item for item in value if item.id == step), None)

    @property
    def id(self) -> str | None:
        """The ``id`` of a mapping, if it has one that is text or a number."""
        node = self.value.get("id") if isinstance(self.value, dict) else None
        return str(node.value) if node is not None and isinstance(node.value, (str, int, float)) else None


_NO_KEYS: dict[str, Mark] = {}


@dataclass(frozen=True)
class Source:
    """The text of one file, to quote from."""

    name: str
    text: str = field(repr=False)

    @cached_property
    def _starts(self) -> array[int]:
        """Where lines start, as the YAML parser counts them."""
        return array("Q", chain((0,), (match.end() for match in _LINE_BREAK.finditer(self.text))))

    @property
    def line_count(self) -> int:
        """Number of lines; the last one may be empty."""
        return len(self._starts)

    def line(self, number: int) -> str:
        """A line by its number from 1, without its end; empty outside the text."""
        if not 0 < number <= self.line_count:
            return ""
        end = self._starts[number] if number < self.line_count else None
        return self.text[self._starts[number - 1] : end].rstrip("\r\n\x85\u2028\u2029")

    def position(self, index: int) -> tuple[int, int]:
        """Line and column, from 1, of a character."""
        line = bisect_right(self._starts, index)
        return line, index - self._starts[line - 1] + 1

    def mistake(self, mark: Mark, message: str, path: tuple[str, ...] = ()) -> Mistake:
        """A mistake at a place of this text."""
        picture = excerpt(self.line(mark.line), mark.line, mark.column, mark.length)
        return Mistake(mark.file, mark.line, mark.column, mark.length, message, path, picture)


@dataclass(frozen=True)
class Document:
    """What was read from a layout and the files it includes."""

    root: Node = field(repr=False)
    """The merged tree."""

    files: Mapping[str, Source] = field(repr=False)
    """Every file that was read, by the name messages give it."""

    params: Mapping[str, Any] = field(default_factory=dict)
    """Values of the parameters, once they have been substituted."""

    mistakes: tuple[Mistake, ...] = ()
    """Mistakes found so far that do not hinder looking for more; `validate` reports them with its own."""

    @cached_property
    def data(self) -> Any:
        """Plain dicts, lists and scalars; aliased parts are shared, so do not change them."""
        return _plain(self.root, {})

    @property
    def marks(self) -> Mapping[Path, Mark]:
        """The place of every value, by its path."""
        return Marks(self.root)

    def node(self, path: Path) -> Node | None:
        """The node at a path, or None."""
        node: Node | None = self.root
        for step in path:
            node = node.child(step) if node is not None else None
        return node

    def mark(self, path: Path) -> Mark:
        """Where to point for a value (a block of lines: its key); if absent, its nearest parent."""
        path = self._existing(path)
        node = self.node(path)
        assert node is not None
        return self.key_mark(path) if node.block else node.mark

    def key_mark(self, path: Path) -> Mark:
        """The place of the key of a value, or of the value if it has none; if absent, its nearest parent."""
        path = self._existing(path)
        node, parent = self.node(path), self.node(path[:-1])
        assert node is not None
        assert parent is not None
        return parent.keys.get(str(path[-1]), node.mark) if path else node.mark

    def mistake(self, path: Path, message: str, *, key: bool = False) -> Mistake:
        """A mistake about the value at ``path`` (or about its key), ready to be reported."""
        mark = self.key_mark(path) if key else self.mark(path)
        node = self.node(path)
        message += node.note if node is not None and not key else ""
        return self.mistake_at(mark, message, self.breadcrumb(path))

    def mistake_at(self, mark: Mark, message: str, breadcrumb: tuple[str, ...] = ()) -> Mistake:
        """A mistake at a place."""
        source = self.files.get(mark.file)
        if source is None or not mark.line:
            return Mistake(mark.file, mark.line, mark.column, mark.length, message, breadcrumb)
        return source.mistake(mark, message, breadcrumb)

    def breadcrumb(self, path: Path) -> tuple[str, ...]:
        """The path as people say it: a list item by its id or else its index, a scalar item by its list."""
        return breadcrumb(self.root, path)

    def _existing(self, path: Path) -> Path:
        while path and self.node(path) is None:
            path = path[:-1]
        return path


class Marks(Mapping[Path, Mark]):
    """The places of all values of a tree, found when asked for."""

    def __init__(self, root: Node) -> None:
        self._root = root

    def __getitem__(self, path: Path) -> Mark:
        node: Node | None = self._root
        for step in path:
            node = node.child(step) if node is not None else None
        if node is None:
            raise KeyError(path)
        return node.mark

    def __iter__(self) -> Iterator[Path]:
        stack: list[tuple[Path, Node]] = [((), self._root)]
        while stack:
            path, node = stack.pop()
            yield path
            stack.extend(((*path, step), child) for step, child in reversed(list(_children(node))))

    def __len__(self) -> int:
        return sum(1 for _ in self)


def breadcrumb(root: Node, path: Path) -> tuple[str, ...]:
    """The names along ``path``; see `Document.breadcrumb`."""
    names: list[str] = []
    node: Node | None = root
    for depth, step in enumerate(path, start=1):
        node = node.child(step) if node is not None else None
        name = node.id if isinstance(step, int) and node is not None else None
        if name is None and isinstance(step, int) and depth == len(path) and not _has_keys(node):
            continue
        names.append(str(step) if name is None else name)
    return tuple(names)


def _has_keys(node: Node | None) -> bool:
    return node is not None and isinstance(node.value, dict)


def _children(node: Node) -> Iterator[tuple[str | int, Node]]:
    if isinstance(node.value, dict):
        return iter(node.value.items())
    return iter(enumerate(node.value)) if isinstance(node.value, list) else iter(())


def _plain(node: Node, done: dict[int, Any]) -> Any:
    """Data of a node; a shared node becomes shared data, so that aliases cost nothing."""
    value = node.value
    if not isinstance(value, (dict, list)):
        return value
    if (known := done.get(id(node))) is None:
        if isinstance(value, dict):
            known = {key: _plain(child, done) for key, child in value.items()}
        else:
            known = [_plain(child, done) for child in value]
        done[id(node)] = known
    return known
