"""A document to a model: every objection of pydantic becomes a mistake at its line, in plain words."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from twin.layout.document import Document, Path
from twin.layout.mistakes import KEPT, LayoutError, Mistake, degrees_meant, one_of, quote, suggest
from twin.layout.parameters import override, substitute
from twin.layout.shape import Place, allowed_keys, allowed_values, dimension, follow, item_count
from twin.layout.text import read
from twin.units import TEMPERATURE, Dimension, format_quantity

Model = TypeVar("Model", bound=BaseModel)

HEADER_KEYS = ("include", "params")
"""Keys at the top of a layout that are consumed before a model sees it."""

_EXAMINED = 5_000  # objections looked at; more are not a layout with typing mistakes


def load(
    model_cls: type[Model],
    path: str | os.PathLike[str],
    *,
    settings: Iterable[str] = (),
    context: Mapping[str, Any] | None = None,
) -> tuple[Model, Document]:
    """Read, set, substitute and validate a file; all mistakes of all steps are raised at once.

    Parameters
    ----------
    settings : iterable of str
        ``path=value`` from the command line, see `twin.layout.parameters.override`.
    context : mapping, optional
        Further pydantic validation context.
    """
    document = read(path, collect=True)
    document = substitute(override(document, settings, collect=True), collect=True)
    return validate(model_cls, document, context), document


def validate(model_cls: type[Model], document: Document, context: Mapping[str, Any] | None = None) -> Model:
    """The model of a document; raises `LayoutError` with all mistakes, those of earlier steps included."""
    found: list[Mistake] = []
    context = {"text": True, **(context or {})}
    try:
        model = model_cls.model_validate(document.data, context=context)
    except ValidationError as error:
        found = _mistakes(model_cls, document, _reasonable(model_cls, document, error, context))
    if found or document.mistakes:
        raise LayoutError([*document.mistakes, *_unsaid(found, document.mistakes)])
    return model


def _unsaid(found: Iterable[Mistake], said: Iterable[Mistake]) -> list[Mistake]:
    """Mistakes at places that have none yet: a value that could not be read is not also of the wrong type."""
    places = {(m.file, m.line, m.column) for m in said}
    return [m for m in found if (m.file, m.line, m.column) not in places]


def _reasonable(
    model_cls: type[BaseModel], document: Document, error: ValidationError, context: dict[str, Any]
) -> ValidationError:
    """An error with few enough items to look at: of the first items of lists only, if there are too many."""
    for size in (100, 10):
        if error.error_count() <= _EXAMINED:
            return error
        try:
            model_cls.model_validate(_shortened(document.data, size, {}), context=context)
        except ValidationError as shorter:
            error = shorter
    if error.error_count() <= _EXAMINED:
        return error
    raise LayoutError([*document.mistakes, document.mistake((), f"more than {_EXAMINED:,} mistakes")])


def _shortened(value: Any, size: int, done: dict[int, Any]) -> Any:
    """The data with at most ``size`` items in a list and 100 in a mapping; shared parts stay shared."""
    if not isinstance(value, (dict, list)):
        return value
    if id(value) not in done:
        if isinstance(value, dict):
            done[id(value)] = {
                key: _shortened(child, size, done) for key, child in islice(value.items(), 100)
            }
        else:
            done[id(value)] = [_shortened(child, size, done) for child in value[:size]]
    return done[id(value)]


@dataclass(frozen=True)
class _Objection:
    """One item of a ValidationError, with its place resolved."""

    item: Mapping[str, Any]
    place: Place

    @property
    def path(self) -> Path:
        return self.place.path


def _mistakes(model_cls: type[BaseModel], document: Document, error: ValidationError) -> list[Mistake]:
    items = [item for item in error.errors(include_url=False) if not _miscounted(item)]
    objections = [_Objection(item, follow(model_cls, item["loc"], document.data)) for item in items]
    return [_mistake(document, objections) for objections in _choose(objections)[: KEPT + 1]]


def _miscounted(item: Mapping[str, Any]) -> bool:
    """pydantic counts only items without a mistake; a list is not short because one of its items is wrong."""
    written = item["input"]
    return (
        item["type"] == "too_short"
        and isinstance(written, list | tuple | dict)
        and len(written) >= item["ctx"]["min_length"]
    )


def _choose(objections: list[_Objection], depth: int = 0) -> list[list[_Objection]]:
    """Groups of objections that make one mistake each.

    Where a value may be one of several things, pydantic objects to it as each of them.  Kept are the
    objections of the branch that got furthest into the value, then of the one with fewest; branches that
    refuse the value itself are told together.
    """
    groups: list[list[_Objection]] = []
    unions: dict[Any, dict[str, list[_Objection]]] = defaultdict(lambda: defaultdict(list))
    for objection in objections:
        if len(objection.place.branches) <= depth:
            groups.append([objection])
        else:
            where, label = objection.place.branches[depth]
            unions[where][label].append(objection)
    for (size, _), branches in unions.items():
        groups.extend(_choose_branch(size, list(branches.values()), depth))
    return groups


def _choose_branch(size: int, branches: list[list[_Objection]], depth: int) -> list[list[_Objection]]:
    def inside(branch: list[_Objection]) -> bool:
        return any(len(o.path) > size or o.item["type"] == "missing" for o in branch)

    def quality(branch: list[_Objection]) -> tuple[int, int, int]:
        foreign = sum(o.item["type"] in ("extra_forbidden", "literal_error") for o in branch)
        return foreign, len(branch), -max(len(o.path) for o in branch)

    entered = [branch for branch in branches if inside(branch)]
    if entered:
        return _choose(min(entered, key=quality), depth + 1)
    flat = [group for branch in branches for group in _choose(branch, depth + 1)]
    return [sorted((o for group in flat for o in group), key=_rank)]


def _rank(objection: _Objection) -> int:
    """How much an objection helps: the model's own words, then allowed values, then limits, then types."""
    kind = objection.item["type"]
    if kind in ("value_error", "assertion_error"):
        return 0
    if kind in ("literal_error", "enum"):
        return 1
    return 3 if kind in _EXPECTED else 2


def _mistake(document: Document, objections: list[_Objection]) -> Mistake:
    first = objections[0]
    if len(objections) == 1:
        return _single(document, first)
    kinds = [_EXPECTED.get(o.item["type"]) for o in objections]
    if all(kinds):
        expected = " or ".join(dict.fromkeys(filter(None, kinds)))
        return document.mistake(first.path, f"expected {expected}, found {_found(first.item['input'])}")
    others = [_alternative(o) for o in objections[1:] if o.item["type"] not in _EXPECTED]
    return document.mistake(first.path, "; or ".join(list(dict.fromkeys([_message(first), *others]))[:3]))


def _alternative(objection: _Objection) -> str:
    if objection.item["type"] in ("literal_error", "enum"):
        return one_of(_values(objection))
    return _message(objection)


def _single(document: Document, objection: _Objection) -> Mistake:
    kind, path = objection.item["type"], objection.path
    if kind == "extra_forbidden":
        return document.mistake(path, _unknown_key(objection), key=True)
    if kind == "missing" and isinstance(objection.place.absent, int):
        return document.mistake(path, _wrong_count(objection))
    if kind == "missing":
        return document.mistake(path, f"missing key {quote(objection.place.absent)}", key=True)
    if kind == "union_tag_invalid":
        tag = objection.item["ctx"]["discriminator"].strip("'")
        return document.mistake((*path, tag), _message(objection))
    if kind == "union_tag_not_found":
        return document.mistake(path, _message(objection), key=True)
    if objection.place.key:
        return document.mistake(path, f"key {quote(path[-1])}: {_message(objection)}", key=True)
    return document.mistake(path, _message(objection))


def _unknown_key(objection: _Objection) -> str:
    name = str(objection.path[-1])
    allowed = allowed_keys(objection.place.owner)
    if len(objection.path) == 1:
        allowed += [key for key in HEADER_KEYS if key not in allowed]
    return f"unknown key {quote(name)}" + suggest(name, allowed)


def _wrong_count(objection: _Objection) -> str:
    expected = item_count(objection.place.owner)
    found = len(objection.place.value) if isinstance(objection.place.value, list) else 0
    return f"expected {expected if expected is not None else 'more'} items, found {found}"


def _message(objection: _Objection) -> str:
    """One line: what was found, what is allowed."""
    item = objection.item
    kind, value, ctx = item["type"], item["input"], item.get("ctx") or {}
    if kind in ("value_error", "assertion_error"):
        return " ".join(str(ctx.get("error") or item["msg"]).split())
    if kind in ("literal_error", "enum"):
        found = (
            f"unknown value {quote(value)}" if isinstance(value, str) else f"{_found(value)} is not allowed"
        )
        return found + suggest(value if isinstance(value, str) else "", _values(objection))
    if kind == "union_tag_invalid":
        tags = re.findall(r"'([^']*)'", ctx["expected_tags"])
        return f"unknown {ctx['discriminator'].strip(chr(39))} {quote(ctx['tag'])}" + suggest(
            str(ctx["tag"]), tags
        )
    if kind == "union_tag_not_found":
        return f"missing key {quote(ctx['discriminator'].strip(chr(39)))}"
    if kind in _LIMITS:
        return _limit(kind, ctx, objection.place.value, dimension(objection.place.shape))
    if kind in _LENGTHS:
        return _length(kind, ctx, value)
    if kind in _EXPECTED:
        return f"expected {_EXPECTED[kind]}, found {_found(value)}" + _hint(kind, value)
    if kind == "string_pattern_mismatch":
        return (
            f"{quote(value)} has characters or a form that is not allowed here (pattern {ctx.get('pattern')})"
        )
    return _cleaned(item["msg"])


def _values(objection: _Objection) -> list[str]:
    known = allowed_values(objection.place.shape)
    return known or re.findall(r"'([^']*)'", str((objection.item.get("ctx") or {}).get("expected", "")))


def _hint(kind: str, value: Any) -> str:
    if kind == "string_type" and isinstance(value, (int, float)):
        return f'; put it in quotes: "{_scalar(value)}"'
    return ""


def _limit(kind: str, ctx: Mapping[str, Any], value: Any, quantity: Dimension | None) -> str:
    limit = next(iter(ctx.values()))
    shown = f"{limit:g}"
    if quantity is not None:
        shown = format_quantity(limit, quantity, digits=6).replace(".0 ", " ")
    told = f"{quote(value) if isinstance(value, str) else _found(value)}: must be {_LIMITS[kind]} {shown}"
    return told + (degrees_meant(value) if quantity == TEMPERATURE else "")


def _length(kind: str, ctx: Mapping[str, Any], value: Any) -> str:
    least = ctx.get("min_length")
    bound = f"at least {least}" if least is not None else f"at most {ctx.get('max_length')}"
    if kind.startswith("string"):
        return f"{quote(value)} must have {bound} characters"
    found = len(value) if hasattr(value, "__len__") else ctx.get("actual_length")
    return f"expected {bound} item{'' if bound.endswith(' 1') else 's'}, found {found}"


def _found(value: Any) -> str:
    """A value as a person would name it."""
    if value is None:
        return "nothing"
    if isinstance(value, str):
        return f"text {quote(value)}"
    if isinstance(value, (bool, int, float)):
        return _scalar(value)
    return (
        "keys" if isinstance(value, dict) else "a list" if isinstance(value, list) else type(value).__name__
    )


def _scalar(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def _cleaned(message: str) -> str:
    """A message of pydantic we have no own words for, without its jargon."""
    message = " ".join(message.split()).replace("Input should be", "should be").replace("a valid ", "a ")
    return message[:1].lower() + message[1:]


_EXPECTED = {
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float", "int_parsing_size"), "a whole number"),
    **dict.fromkeys(("float_type", "float_parsing", "finite_number"), "a number"),
    **dict.fromkeys(("bool_type", "bool_parsing"), "true or false"),
    **dict.fromkeys(("string_type", "string_sub_type"), "text"),
    **dict.fromkeys(("list_type", "tuple_type", "set_type", "frozen_set_type", "iterable_type"), "a list"),
    **dict.fromkeys(("dict_type", "mapping_type", "model_type", "model_attributes_type"), "keys"),
    **dict.fromkeys(("dataclass_type", "dataclass_exact_type", "is_instance_of"), "keys"),
    "none_required": "nothing",
}
_LIMITS = {
    "greater_than": "more than",
    "greater_than_equal": "at least",
    "less_than": "less than",
    "less_than_equal": "at most",
    "multiple_of": "a multiple of",
}
_LENGTHS = frozenset({"too_short", "too_long", "string_too_short", "string_too_long"})
