"""What a model expects at a place: follows the locations of pydantic errors through types and data.

A location mixes keys and indices with the labels of union branches; only the types tell them apart.
"""

from __future__ import annotations

import types
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import AliasChoices, BaseModel, RootModel, Tag
from pydantic.fields import FieldInfo

from twin.layout.document import Path
from twin.units import Dimension

UNKNOWN: Any = Any
"""The type where none can be told."""


@dataclass(frozen=True)
class Place:
    """A resolved location."""

    path: Path
    """Keys and indices that exist in the data."""

    shape: Any
    """Type expected there."""

    owner: Any
    """Type of the mapping or list that holds it, or would hold what is missing."""

    branches: tuple[tuple[tuple[int, tuple[Any, ...]], str], ...] = ()
    """Plain unions on the way: (depth of the path, location up to the union), branch label."""

    absent: str | int | None = None
    """Key or index that is missing under ``path``."""

    value: Any = None
    """What stands at ``path``, as it was written."""

    key: bool = False
    """Whether the location is about the key itself."""


def follow(model_cls: Any, location: Sequence[str | int], data: Any) -> Place:
    """Resolve the location of a pydantic error."""
    shape: Any = model_cls
    owner: Any = model_cls
    path: list[str | int] = []
    branches: list[tuple[tuple[int, tuple[Any, ...]], str]] = []
    absent: str | int | None = None
    key = False
    for index, step in enumerate(location):
        shape, choices = _open(shape)
        if len(choices) > 1:
            chosen, tagged = _branch(choices, str(step))
            if not tagged:
                branches.append(((len(path), tuple(location[:index])), str(step)))
            shape = chosen
            continue
        last = index == len(location) - 1
        if step == "[key]" and last:
            key = True
        elif _has(data, step):
            owner, shape, data = shape, _child(shape, step), data[step]
            path.append(step)
        elif last:
            absent, owner = step, shape
    return Place(tuple(path), shape, owner, tuple(branches), absent, data, key)


def allowed_keys(shape: Any) -> list[str]:
    """Keys of a model as they are written, in its order."""
    model = _model(shape)
    return [_written(name, info) for name, info in model.model_fields.items()] if model else []


def allowed_values(shape: Any) -> list[str]:
    """Values of a Literal or an Enum, as they are written."""
    _, choices = _open(shape)
    values: list[str] = []
    for choice in choices:
        inner = _bare(choice)
        if get_origin(inner) is Literal:
            values += [str(v.value if isinstance(v, Enum) else v) for v in get_args(inner)]
        elif isinstance(inner, type) and issubclass(inner, Enum):
            values += [str(member.value) for member in inner]
    return values


def dimension(shape: Any) -> Dimension | None:
    """The dimension of a quantity, through Optional and unions."""
    if isinstance(shape, Dimension):
        return shape
    parts = (*get_args(shape), *getattr(shape, "__metadata__", ()))
    return next((found for part in parts if (found := dimension(part)) is not None), None)


def item_count(shape: Any) -> int | None:
    """Number of items of a fixed-length tuple."""
    _, choices = _open(shape)
    arguments = get_args(_bare(choices[0])) if choices else ()
    return len(arguments) if arguments and Ellipsis not in arguments else None


def _open(shape: Any) -> tuple[Any, list[Any]]:
    """Strip aliases, root models and None; the choices if several types remain."""
    for _ in range(20):
        inner = _bare(shape)
        if isinstance(inner, type) and issubclass(inner, RootModel):
            shape = inner.model_fields["root"].annotation
            continue
        if get_origin(inner) not in (Union, types.UnionType):
            return shape, [shape]
        choices = [choice for choice in get_args(inner) if choice is not type(None)]
        if len(choices) != 1:
            return shape, choices
        shape = choices[0]
    return UNKNOWN, [UNKNOWN]


def _bare(shape: Any) -> Any:
    """The type without metadata and type aliases."""
    for _ in range(20):
        if get_origin(shape) is Annotated:
            shape = get_args(shape)[0]
        elif hasattr(shape, "__value__"):
            shape = shape.__value__
        else:
            break
    return shape


def _branch(choices: list[Any], label: str) -> tuple[Any, bool]:
    """The choice behind a branch label, and whether the label is the tag of a discriminated union."""
    for choice in choices:
        if label in _tags(choice):
            return choice, True
    for choice in choices:
        name = model.__name__ if (model := _model(choice)) is not None else None
        if name is not None and (label == name or label.endswith((f" {name}]", f",{name}]", f"[{name}]"))):
            return choice, False
    kind = label.rpartition(", ")[2] if label.startswith("function-") else label
    kind = kind.partition("[")[0].rstrip("]")
    for choice in choices:
        if _label_kind(choice) == kind:
            return choice, False
    return UNKNOWN, False


def _tags(choice: Any) -> set[str]:
    """Tags under which a model stands in a discriminated union: the values of its Literal fields."""
    tags = {str(m.tag) for m in getattr(choice, "__metadata__", ()) if isinstance(m, Tag)}
    for member in _open(choice)[1]:
        if model := _model(member):
            for info in model.model_fields.values():
                if get_origin(_bare(info.annotation)) is Literal:
                    tags |= {
                        str(v.value if isinstance(v, Enum) else v) for v in get_args(_bare(info.annotation))
                    }
    return tags


def _label_kind(choice: Any) -> str:
    """How pydantic labels a branch of this type, without its arguments."""
    bare = _bare(choice)
    origin = get_origin(bare) or bare
    if origin is Literal:
        return "literal"
    if origin in (Union, types.UnionType):
        return "tagged-union" if any(_tags(c) for c in get_args(bare)) else "union"
    if origin in (Sequence, Iterable):
        return "list"
    return "dict" if origin is Mapping else getattr(origin, "__name__", "")


def _model(shape: Any) -> type[BaseModel] | None:
    choices = _open(shape)[1]
    bare = _bare(choices[0]) if len(choices) == 1 else None
    return bare if isinstance(bare, type) and issubclass(bare, BaseModel) else None


def _child(shape: Any, step: str | int) -> Any:
    """Type of the value under a key or an index."""
    if (model := _model(shape)) is not None:
        for name, info in model.model_fields.items():
            if step in (name, _written(name, info)):
                return Annotated[(info.annotation, *info.metadata)] if info.metadata else info.annotation
        return UNKNOWN
    bare = _bare(_open(shape)[0])
    arguments, origin = get_args(bare), get_origin(bare)
    if not arguments or not isinstance(origin, type):
        return UNKNOWN
    if issubclass(origin, Mapping):
        return arguments[-1]
    if issubclass(origin, tuple) and Ellipsis not in arguments:
        return arguments[step] if isinstance(step, int) and step < len(arguments) else UNKNOWN
    return arguments[0] if issubclass(origin, (Sequence, AbstractSet, Iterable)) else UNKNOWN


def _written(name: str, info: FieldInfo) -> str:
    """The key of a field in text."""
    alias = info.validation_alias
    if isinstance(alias, AliasChoices):
        alias = next((choice for choice in alias.choices if isinstance(choice, str)), None)
    return alias if isinstance(alias, str) else info.alias or name


def _has(data: Any, step: str | int) -> bool:
    if isinstance(data, dict):
        return step in data
    return isinstance(data, list) and isinstance(step, int) and 0 <= step < len(data)
