"""YAML text to nodes: the small, predictable part of YAML that a layout needs.

The parser of PyYAML (in C where it is built) only delivers events; nodes are built here, without recursion,
so that a hostile file is stopped at its first excess: too deep, too many values, too many aliases.  Plain
scalars follow YAML 1.2 with fewer surprises: only ``true``/``false`` are booleans, only plain decimal
numbers are numbers; ``yes``, ``0x1f``, ``007``, ``12:30`` and ``2030-01-01`` are text.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

from twin.layout.document import Mark, Node, Source
from twin.layout.mistakes import KEPT, LayoutError, Mistake, quote

MAX_DEPTH = 50
MAX_NODES = 500_000
"""Values after aliases are expanded; a layout of 50,000 lines has a fifth of this."""
MAX_ALIASED = 100_000
"""Values that come from aliases: a few kB of text must not become gigabytes of model."""
MAX_NUMBER = 1e18
MAX_DIGITS = 40

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_WORDS: dict[str, Any] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_DECIMAL = re.compile(r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_NUMERIC_START = frozenset("0123456789+-.")
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def parse(source: Source, found: list[Mistake], *, budget: int = MAX_NODES) -> tuple[Node | None, int]:
    """The tree of one text and its number of values; None if there is no value in it.

    Mistakes that allow reading on are appended to ``found``; `LayoutError` is raised at the first that does
    not, with the ones found in this text before it.
    """
    builder = _Builder(source, budget)
    try:
        _check_characters(source)
        builder.run()
    except _Stop as stop:
        raise LayoutError([*builder.found, stop.mistake]) from None
    except yaml.YAMLError as error:
        raise LayoutError([*builder.found, _syntax_mistake(source, error)]) from None
    found.extend(builder.found)
    return builder.root, builder.count


class _Stop(Exception):
    """Reading cannot go on."""

    def __init__(self, mistake: Mistake) -> None:
        super().__init__(mistake.message)
        self.mistake = mistake


class _Frame:
    """A collection that is being built."""

    __slots__ = ("anchor", "bad", "count", "height", "key", "mark", "node", "seen")

    def __init__(self, node: Node, anchor: str | None) -> None:
        self.node, self.anchor = node, anchor
        self.key: str | None = None
        self.mark: Mark | None = None  # of the key; None while a key is awaited
        self.bad = False  # the value under this key is dropped
        self.count, self.height = 1, 1


class _Builder:
    """Turns events into nodes."""

    def __init__(self, source: Source, budget: int) -> None:
        self.source, self.budget = source, budget
        self.found: list[Mistake] = []
        self.root: Node | None = None
        self.count, self._aliased = 0, 0
        self._stack: list[_Frame] = []
        self._anchors: dict[str, tuple[Node, int, int] | None] = {}
        self._documents = 0

    def run(self) -> None:
        loader = _Loader(self.source.text)
        next_event = loader.get_event
        handle = {
            yaml.ScalarEvent: self._scalar,
            yaml.MappingStartEvent: self._open,
            yaml.SequenceStartEvent: self._open,
            yaml.MappingEndEvent: self._close,
            yaml.SequenceEndEvent: self._close,
            yaml.AliasEvent: self._alias,
            yaml.DocumentStartEvent: self._document,
        }
        try:
            while (event := next_event()) is not None and type(event) is not yaml.StreamEndEvent:
                if (method := handle.get(type(event))) is not None:
                    method(event)
        finally:
            loader.dispose()

    def _document(self, event: Any) -> None:
        self._documents += 1
        if self._documents > 1:
            raise self._stop(self._mark(event), 'a second document starts here; remove the "---"')

    def _scalar(self, event: Any) -> None:
        start, end = event.start_mark, event.end_mark
        mark = Mark(self.source.name, start.line + 1, start.column + 1, max(1, end.index - start.index))
        if event.tag is not None:
            self._refuse_tag(event, mark)
        plain = not event.style
        value = self._resolve(event.value, mark) if plain else event.value
        node = Node(value, mark)
        if event.anchor is not None:
            self._anchors[event.anchor] = (node, 1, 0)
        if self._awaits_key():
            self._key(node, event.value, plain)
        else:
            self._add(node, 1, 0)

    def _open(self, event: Any) -> None:
        block = not event.flow_style
        mark = self._mark(event)
        if event.tag is not None:
            self._refuse_tag(event, mark)
        if len(self._stack) >= MAX_DEPTH:
            raise self._stop(mark, f"nested deeper than {MAX_DEPTH} levels")
        node = (
            Node([], mark, block=block)
            if type(event) is yaml.SequenceStartEvent
            else Node({}, mark, {}, block=block)
        )
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        self._stack.append(_Frame(node, event.anchor))

    def _close(self, event: Any) -> None:
        frame = self._stack.pop()
        node = frame.node
        if not node.block:
            end, mark = event.end_mark, node.mark
            length = end.column + 1 - mark.column if end.line + 1 == mark.line else 1
            node.mark = mark._replace(length=max(1, length))
        elif node.keys:
            node.mark = next(iter(node.keys.values()))
        if frame.anchor is not None:
            self._anchors[frame.anchor] = (node, frame.count, frame.height)
        if self._awaits_key():
            self._key(node, None, False)
        else:
            self._add(node, frame.count, frame.height, counted=frame.count - 1)

    def _alias(self, event: Any) -> None:
        mark = self._mark(event)
        if event.anchor not in self._anchors:
            raise self._stop(
                mark, f"unknown alias {quote('*' + event.anchor)}; text that starts with * needs quotes"
            )
        target = self._anchors[event.anchor]
        if target is None:
            raise self._stop(mark, f"alias {quote('*' + event.anchor)} contains itself")
        node, count, height = target
        if len(self._stack) + height > MAX_DEPTH:
            raise self._stop(mark, f"nested deeper than {MAX_DEPTH} levels, counting aliases")
        self._aliased += count
        if self._aliased > MAX_ALIASED:
            raise self._stop(
                mark, f"aliases expand to more than {MAX_ALIASED:,} values; use repeat: or a lineup"
            )
        if self._awaits_key():
            self._key(node, None, False)
        else:
            self._add(node, count, height)

    def _awaits_key(self) -> bool:
        if not self._stack:
            return False
        frame = self._stack[-1]
        return frame.mark is None and type(frame.node.value) is dict

    def _key(self, node: Node, text: str | None, plain: bool) -> None:
        """Take a node as the next key of the open mapping; a key that is refused drops its value."""
        frame = self._stack[-1]
        frame.mark, frame.key, frame.bad = node.mark, text, True
        known = frame.node.keys
        if text is None:
            self._say(
                node.mark,
                "a key is a word, not a list, a mapping or an alias; braces around text need quotes",
            )
        elif not isinstance(node.value, str):
            self._say(node.mark, f'a key is text; write "{text}" in quotes' if text else "a key is missing")
        elif plain and text == "<<":
            self._say(node.mark, "merge keys (<<) are not part of the layout language; use like: or repeat:")
        elif text in known:
            self._say(node.mark, f"duplicate key {quote(text)}; first written on line {known[text].line}")
        else:
            frame.bad = False
            known[text] = node.mark

    def _add(self, node: Node, count: int, height: int, *, counted: int = 0) -> None:
        """Put a finished value in its place; ``counted`` of its values were counted when they were read."""
        self.count += count - counted
        if self.count > self.budget:
            raise self._stop(node.mark, f"more than {MAX_NODES:,} values")
        if not self._stack:
            self.root = node
            return
        frame = self._stack[-1]
        frame.count += count
        frame.height = max(frame.height, height + 1)
        if type(frame.node.value) is list:
            frame.node.value.append(node)
            return
        if not frame.bad:
            frame.node.value[frame.key] = node
        frame.mark = None

    def _resolve(self, text: str, mark: Mark) -> Any:
        """The value of a plain scalar."""
        if text in _WORDS:
            return _WORDS[text]
        if text[0] not in _NUMERIC_START:
            return text
        if _NOT_FINITE.fullmatch(text):
            self._say(mark, f"{text} is not a number a layout can hold")
            return None
        if not _DECIMAL.fullmatch(text):
            return text
        if len(text) > MAX_DIGITS:
            self._say(mark, f"number of {len(text)} characters; write at most {MAX_DIGITS}")
            return None
        value = int(text) if _INTEGER.fullmatch(text) else float(text)
        if abs(value) > MAX_NUMBER:
            self._say(mark, f"number {text} is too large; at most {MAX_NUMBER:g}")
            return None
        return value

    def _refuse_tag(self, event: Any, mark: Mark) -> None:
        self._say(mark, f"tags are not part of the layout language; remove {quote(event.tag)}")

    def _mark(self, event: Any) -> Mark:
        start, end = event.start_mark, event.end_mark
        length = end.column - start.column if end.line == start.line else 1
        return Mark(self.source.name, start.line + 1, start.column + 1, max(1, length))

    def _path(self) -> tuple[str, ...]:
        names = []
        for frame in self._stack:
            if type(frame.node.value) is list:
                names.append(str(len(frame.node.value)))
            elif frame.key is not None and frame.mark is not None:
                names.append(frame.key)
        return tuple(names)

    def _say(self, mark: Mark, message: str) -> None:
        self.found.append(self.source.mistake(mark, message, self._path()))
        if len(self.found) > KEPT:
            raise self._stop(mark, "too many mistakes; reading stopped here")

    def _stop(self, mark: Mark, message: str) -> _Stop:
        return _Stop(self.source.mistake(mark, message, self._path()))


def _check_characters(source: Source) -> None:
    match = _UNPRINTABLE.search(source.text)
    if match is None:
        return
    line, column = source.position(match.start())
    message = f"character U+{ord(match[0]):04X} does not belong in a text file"
    raise _Stop(source.mistake(Mark(source.name, line, column, 1), message))


def _syntax_mistake(source: Source, error: yaml.YAMLError) -> Mistake:
    place = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    line, column = (place.line + 1, place.column + 1) if place is not None else (1, 1)
    if (
        line >= source.line_count and not source.line(line).strip()
    ):  # the end of the text: point at its last word
        line, column = source.position(max(0, len(source.text.rstrip()) - 1))
        column += 1
    mark = Mark(source.name, line, column, 1)
    return source.mistake(mark, _in_plain_words(error, source.line(line)[column - 1 : column]))


def _in_plain_words(error: yaml.YAMLError, character: str) -> str:
    """What the parser means, and what usually mends it."""
    problem = getattr(error, "problem", None) or str(error)
    problem = " ".join(problem.split())
    if character == "\t" or " tab " in problem:
        return "a tab cannot indent; use spaces"
    if "maximum nesting depth" in problem:  # newer parsers give up by themselves, later than we do
        return f"nested deeper than {MAX_DEPTH} levels"
    if "cannot start any token" in problem:
        return f"'{character}' cannot start a value; put the text in quotes"
    if "mapping values are not allowed" in problem:
        return 'unexpected ":"; check the indentation, or put text that contains ": " in quotes'
    context, start = getattr(error, "context", None), getattr(error, "context_mark", None)
    if start is None or not context:
        return problem
    return f"{problem} {' '.join(context.split())} that starts on line {start.line + 1}"
