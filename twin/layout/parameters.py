"""Parameters: ``$name`` is replaced by the value under ``params:``, and ``--set`` replaces any value.

A parameter stands for a whole scalar (``count: $pods``) or for one word of a longer text
(``$racks x gb300_nvl72``); ``$$`` is a dollar sign.  There are no expressions, and parameters do not refer to
parameters: what a file says can be read from the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from twin.layout.document import Document, Mark, Node, Source, breadcrumb
from twin.layout.mistakes import LayoutError, Mistake, did_you_mean, one_of, quote, suggest
from twin.layout.syntax import parse

_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_WHOLE = re.compile(rf"\$({_NAME})")
_IN_TEXT = re.compile(rf"\$\$|(?<!\S)\$({_NAME})(?!\S)|\$")
_LONGEST = 10_000  # characters of one text with parameters, before and after they are replaced
_LONGEST_PARAMETER = 1000
_ALL_TEXTS = 50_000_000  # characters of all replaced texts together


def override(document: Document, settings: Iterable[str], *, collect: bool = False) -> Document:
    """A copy of the document with values replaced from the command line.

    Parameters
    ----------
    settings : iterable of str
        ``path=value``.  The path names keys, list indices from 0, or ids of list items, joined by dots:
        ``params.pods=6``, ``pods.p.at=[3 m, 4 m]``.  The value is a YAML scalar or list.  Everything but
        the last key must exist; a last key that does not exist is added, and the validation of the model
        decides whether it is known.
    collect : bool
        Keep mistakes in the document instead of raising `LayoutError`.
    """
    root = document.root
    found: list[Mistake] = []
    for setting in settings:
        try:
            root = _set(root, setting)
        except _Refused as refused:
            found.append(Mistake(_option(setting), 0, 0, 0, str(refused)))
    return _finish(replace(document, root=root), found, collect)


def substitute(document: Document, *, collect: bool = False) -> Document:
    """A copy of the document without ``params:`` and with every ``$name`` replaced.

    With ``collect`` the mistakes are kept in the document instead of raising `LayoutError`.
    """
    substitution = _Substitution(document)
    root = substitution.run()
    params = {name: node.value for name, node in substitution.params.items()}
    return _finish(replace(document, root=root, params=params), substitution.found, collect)


def _finish(document: Document, found: Sequence[Mistake], collect: bool) -> Document:
    document = replace(document, mistakes=(*document.mistakes, *found))
    if document.mistakes and not collect:
        raise LayoutError(document.mistakes)
    return document


class _Substitution:
    """One walk over a tree; parts without parameters stay shared."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.found: list[Mistake] = []
        self.params: dict[str, Node] = {}
        self._done: dict[int, Node] = {}
        self._room = _ALL_TEXTS

    def run(self) -> Node:
        root = self.document.root
        section = root.value.get("params")
        if section is not None:
            self._read_params(section)
        own = {key: node for key, node in root.value.items() if key != "params"}
        keys = {key: mark for key, mark in root.keys.items() if key != "params"}
        return self._node(Node(own, root.mark, keys, block=root.block), ())

    def _read_params(self, section: Node) -> None:
        if not isinstance(section.value, dict):
            if section.value is not None:
                self._say(section, ("params",), "params: expected names and values, for example {pods: 4}")
            return
        for name, node in section.value.items():
            if (fault := _fault(name, node.value)) is None:
                self.params[name] = node
            else:
                self._say(node, ("params", name), fault)
                self.params[name] = Node(None, node.mark)

    def _node(self, node: Node, path: tuple[str | int, ...]) -> Node:
        value = node.value
        if isinstance(value, str):
            return self._scalar(node, path) if "$" in value else node
        if not isinstance(value, (dict, list)):
            return node
        if (known := self._done.get(id(node))) is None:
            known = self._done[id(node)] = self._collection(node, path)
        return known

    def _collection(self, node: Node, path: tuple[str | int, ...]) -> Node:
        old = node.value
        new: Any
        if isinstance(old, dict):
            new = {key: self._node(child, (*path, key)) for key, child in old.items()}
            same = all(new[key] is child for key, child in old.items())
        else:
            new = [self._node(child, (*path, index)) for index, child in enumerate(old)]
            same = all(a is b for a, b in zip(new, old, strict=True))
        return node if same else Node(new, node.mark, node.keys, block=node.block)

    def _scalar(self, node: Node, path: tuple[str | int, ...]) -> Node:
        used: list[str] = []
        if whole := _WHOLE.fullmatch(node.value.strip()):
            value = self._value(whole[1], node, path, used)
        else:
            value = self._text(node, path, used)
        new = Node(value, node.mark)
        if used:
            new.note = " (from " + ", ".join(self._origin(name) for name in dict.fromkeys(used)) + ")"
        return new

    def _text(self, node: Node, path: tuple[str | int, ...], used: list[str]) -> str:
        """The text of a node with its words replaced."""
        value: str = node.value
        if len(value) <= _LONGEST:
            value = _IN_TEXT.sub(lambda match: self._word(match, node, path, used), value)
        if len(value) > _LONGEST:
            self._say(node, path, f"a text with parameters has at most {_LONGEST} characters")
        self._room -= len(value)
        if self._room < 0:
            raise LayoutError(
                [*self.document.mistakes, *self.found, self._mistake(node, path, "too much text")]
            )
        return value

    def _word(self, match: re.Match[str], node: Node, path: tuple[str | int, ...], used: list[str]) -> str:
        if match[0] == "$$":
            return "$"
        if match[1] is None:
            self._say(
                node, path, 'a parameter is a word of its own, like "$racks x rack"; a dollar sign is $$'
            )
            return "$"
        value = self._value(match[1], node, path, used)
        return str(value).lower() if isinstance(value, bool) else str(value)

    def _value(self, name: str, node: Node, path: tuple[str | int, ...], used: list[str]) -> Any:
        if (parameter := self.params.get(name)) is None:
            near = did_you_mean("$" + name, ["$" + known for known in self.params])
            hint = near or (one_of(list(self.params)) if self.params else "this layout has no params:")
            self._say(node, path, f'unknown parameter "${name}"; {hint}')
            return "$" + name
        used.append(name)
        value = parameter.value
        return value.replace("$$", "$") if isinstance(value, str) else value

    def _origin(self, name: str) -> str:
        mark = self.params[name].mark
        return f"${name}, {mark.file}:{mark.line}" if mark.line else f"${name}, {mark.file}"

    def _say(self, node: Node, path: tuple[str | int, ...], message: str) -> None:
        self.found.append(self._mistake(node, path, message))

    def _mistake(self, node: Node, path: tuple[str | int, ...], message: str) -> Mistake:
        return self.document.mistake_at(node.mark, message, breadcrumb(self.document.root, path))


def _fault(name: str, value: Any) -> str | None:
    """What is wrong with a parameter, or None."""
    if not re.fullmatch(_NAME, name):
        return f"parameter name {quote(name)}: use letters, digits and _, beginning with a letter"
    if not isinstance(value, (str, int, float)):
        return f'parameter "{name}" is a number or a text, nothing else'
    if isinstance(value, str) and len(value) > _LONGEST_PARAMETER:
        return f'parameter "{name}" has {len(value)} characters; at most {_LONGEST_PARAMETER}'
    if isinstance(value, str) and any(match[0] != "$$" for match in _IN_TEXT.finditer(value)):
        return f'parameter "{name}" cannot refer to another parameter; a dollar sign is $$'
    return None


class _Refused(Exception):
    """A setting that cannot be applied."""


def _option(setting: str) -> str:
    return f"--set {setting if len(setting) <= 80 else setting[:77] + '...'}"


def _set(root: Node, setting: str) -> Node:
    path, separator, text = setting.partition("=")
    if not separator or not path.strip():
        raise _Refused("write path=value, for example params.pods=6")
    steps = path.strip().split(".")
    if len(steps) > 50 or len(text) > _LONGEST:
        raise _Refused("too long")
    return _replaced(root, steps, _setting_value(setting, text), [])


def _setting_value(setting: str, text: str) -> Node:
    """The value as a tree whose every place is the command line."""
    found: list[Mistake] = []
    try:
        node, _ = parse(Source("", text), found, budget=1000)
    except LayoutError as error:
        found.extend(error.mistakes)
        node = None
    if found:
        raise _Refused(f"{quote(text)}: {found[0].message}")
    mark = Mark(_option(setting), 0, 0, 0)
    if node is None:
        return Node(None, mark)
    if isinstance(node.value, dict):
        raise _Refused(f"{quote(text)} has keys; set each of them by its own path, or put text in quotes")
    return _moved(node, mark)


def _moved(node: Node, mark: Mark) -> Node:
    value = node.value
    if isinstance(value, list):
        return Node([_moved(child, mark) for child in value], mark)
    if isinstance(value, dict):
        return Node({k: _moved(v, mark) for k, v in value.items()}, mark, dict.fromkeys(value, mark))
    return Node(value, mark)


def _replaced(node: Node, steps: list[str], new: Node, walked: list[str]) -> Node:
    """A copy of ``node`` with the value at ``steps`` replaced; only the way there is copied."""
    if not steps:
        return new
    # A key or an id may itself contain dots: the longest name that exists is taken.
    for size in range(len(steps), 0, -1):
        name, rest = ".".join(steps[:size]), steps[size:]
        key = _existing_key(node, name)
        if key is not None:
            child = _replaced(node.value[key], rest, new, [*walked, name])
            return _with_child(node, key, child, new.mark)
    if len(steps) == 1 and isinstance(node.value, dict) and walked != ["params"]:
        return _with_child(node, steps[0], new, new.mark)
    allowed = _candidates(node)
    raise _Refused(
        f"unknown path {quote('.'.join([*walked, steps[0]]))}"
        + (suggest(steps[0], allowed) or "; no keys here")
    )


def _existing_key(node: Node, name: str) -> Any:
    if isinstance(node.value, dict):
        return name if name in node.value else None
    if not isinstance(node.value, list):
        return None
    by_id = next((i for i, item in enumerate(node.value) if item.id == name), None)
    if by_id is not None:
        return by_id
    return int(name) if re.fullmatch(r"[0-9]{1,7}", name) and int(name) < len(node.value) else None


def _candidates(node: Node) -> list[str]:
    if isinstance(node.value, dict):
        return list(node.value)
    if isinstance(node.value, list):
        return [str(index) if item.id is None else item.id for index, item in enumerate(node.value)]
    return []


def _with_child(node: Node, key: Any, child: Node, mark: Mark) -> Node:
    value: Any = dict(node.value) if isinstance(node.value, dict) else list(node.value)
    keys = node.keys
    if isinstance(value, dict) and key not in value:
        keys = {**keys, key: mark}
    value[key] = child
    return Node(value, node.mark, keys, block=node.block)
