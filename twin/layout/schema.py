"""JSON Schema (2020-12) of a document, for editors: completion, hover and red underlines while typing.

It describes the text, before parameters are replaced: quantities are strings with a unit, and wherever a
scalar may stand, ``$name`` may stand too.  Only constants stay pure (the version of the language, the
``kind`` that tells the members of a union apart), so that an editor can tell the members apart.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from twin.units import PARAMETER, format_quantity

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_PARAMETER = {"type": "string", "pattern": f"^{PARAMETER}$"}
_PARAMETER_WORD = {"type": "string", "pattern": rf"(^|\s){PARAMETER}(\s|$)"}
_NUMERIC = (
    "gt",
    "ge",
    "lt",
    "le",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
)
_ABOUT = ("title", "description", "default", "examples", "deprecated")
_QUANTITY = "x-dimension"  # marks quantities until the schema is finished
_SCALARS = {"integer", "number", "boolean"}

_HEADER: dict[str, Any] = {
    "include": {
        "description": "Further files, relative to this one and inside its folder, that are merged with it.",
        "anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": "string"}],
    },
    "params": {
        "description": "The only variables: write $name for the value.",
        "type": "object",
        "propertyNames": {"pattern": "^[A-Za-z_][A-Za-z0-9_]*$"},
        "additionalProperties": {"type": ["string", "number", "boolean"]},
    },
}


def json_schema(
    model_cls: type[BaseModel], *, schema_id: str | None = None, title: str | None = None, header: bool = True
) -> dict[str, Any]:
    """The JSON Schema of the text from which ``model_cls`` is read.

    Parameters
    ----------
    schema_id : str, optional
        Value of ``$id``; a URN with the model's name if not given.
    title : str, optional
        Value of ``title``; the model's name if not given.
    header : bool
        Whether ``include:`` and ``params:`` may stand at the top.
    """
    raw = model_cls.model_json_schema(by_alias=True, schema_generator=_Generator, mode="validation")
    definitions = {name: _admit(part) for name, part in raw.pop("$defs", {}).items()}
    root = _admit(raw)
    if "$ref" in root:
        root = {**definitions[root["$ref"].rpartition("/")[2]]}
    if header and "properties" in root:
        root["properties"] = {
            **root["properties"],
            **{k: v for k, v in _HEADER.items() if k not in root["properties"]},
        }
    name = model_cls.__name__
    top = {
        "$schema": DIALECT,
        "$id": schema_id or f"urn:aifactory-twin:{name.lower()}",
        "title": title or name,
    }
    return {
        **top,
        **{k: v for k, v in root.items() if k != "title"},
        **({"$defs": definitions} if definitions else {}),
    }


class _Generator(GenerateJsonSchema):
    """Schemas as editors like them: no null alternatives, no titles made from field names."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def encode_default(self, dft: Any) -> Any:
        return dft if isinstance(dft, (str, int, float)) else None


def _admit(schema: Any) -> Any:
    """The schema with ``$name`` admitted for every scalar in it."""
    if not isinstance(schema, dict):
        return schema
    schema = {key: value for key, value in schema.items() if key != "discriminator"}
    if schema.get("default", 0) is None:
        del schema["default"]
    if _QUANTITY in schema:
        return _quantity(schema)
    for choice in schema.get("anyOf", ()):
        if _QUANTITY in choice:
            schema = _with_text_default(schema, choice[_QUANTITY])
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            schema[key] = _admit(schema[key])
    if "properties" in schema:
        schema["properties"] = {name: _admit(part) for name, part in schema["properties"].items()}
    if "prefixItems" in schema:
        schema["prefixItems"] = [_admit(part) for part in schema["prefixItems"]]
    for key in ("anyOf", "oneOf", "allOf"):
        if key in schema:
            schema[key] = (
                _flat([_admit(part) for part in schema[key]])
                if key == "anyOf"
                else list(map(_admit, schema[key]))
            )
    return _scalar(schema)


def _quantity(schema: dict[str, Any]) -> dict[str, Any]:
    """The finished schema of a quantity: its default is text, and limits of numbers do not apply to text."""
    clean = _with_text_default(schema, schema[_QUANTITY])
    return {key: value for key, value in clean.items() if key not in (*_NUMERIC, _QUANTITY)}


def _with_text_default(schema: dict[str, Any], dimension: str) -> dict[str, Any]:
    default = schema.get("default")
    if isinstance(default, bool) or not isinstance(default, (int, float)):
        return schema
    return {**schema, "default": format_quantity(default, dimension, digits=6).replace(".0 ", " ")}


def _scalar(schema: dict[str, Any]) -> dict[str, Any]:
    kind = schema.get("type")
    if "const" in schema or "$ref" in schema:
        return schema
    if kind in _SCALARS or ("enum" in schema and kind != "string"):
        return _either(schema, _PARAMETER)
    if kind == "string" and ("enum" in schema or "pattern" in schema or "format" in schema):
        return _either(schema, _PARAMETER_WORD)
    return schema


def _either(schema: dict[str, Any], parameter: dict[str, Any]) -> dict[str, Any]:
    about = {key: schema[key] for key in _ABOUT if key in schema}
    inner = {key: value for key, value in schema.items() if key not in _ABOUT}
    return {**about, "anyOf": [inner, parameter]}


def _flat(choices: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Choices without choices that only stand inside choices, and each only once."""
    flat: list[dict[str, Any]] = []
    for choice in choices:
        nested = choice["anyOf"] if set(choice) <= {"anyOf", *_ABOUT} and "anyOf" in choice else [choice]
        flat.extend(part for part in nested if part not in flat)
    return flat
