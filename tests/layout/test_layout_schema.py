"""The JSON Schema for editors accepts what the reader accepts."""

import json
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field

from twin.layout.schema import DIALECT, json_schema
from twin.layout.text import read_text
from twin.units import Fraction, Length, Power, Temperature

jsonschema = pytest.importorskip("jsonschema")


class Closed(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Slab(Closed):
    type: Literal["slab"] = "slab"


class Raised(Closed):
    type: Literal["raised"]
    height: Length = Field(0.6, gt=0, le=3)
    """Height above the slab."""


class Tree(Closed):
    """A thing in things."""

    id: Annotated[str, Field(pattern="^[a-z]+$")]
    """Name."""
    count: int = Field(1, ge=1, le=9)
    face: Literal["north", "south"] = "north"
    level: Literal[1, 2, 3] | None = None
    doors: bool = True
    room: Temperature | None = Field(None, ge=-50)
    width: Length | Literal["auto"] = 1.5
    share: Fraction = Field(0.8, ge=0, le=1)
    ratio: float = 1.1
    limit: str | float | None = None
    size: tuple[Length, Length] = (1.0, 2.0)
    powers: dict[str, Power] = {}
    source: str | tuple[str, ...] = Field((), alias="from")
    floor: Annotated[Slab | Raised, Field(discriminator="type")] = Slab()
    parts: tuple["Tree", ...] = ()
    extra: dict[str, Any] = {}


class Forest(Closed):
    """Many trees."""

    twin: Literal[1]
    """Version."""
    trees: list[Tree] = []


GOOD = """
twin: 1
params: {n: 3, w: 2 m, on: true, f: south, word: ab}
trees:
  - {id: a, count: $n, face: $f, level: 2, doors: $on, room: 300 K, width: auto, share: 80 %, ratio: $n}
  - {id: $word, width: 3 ft, share: 0.7, limit: 8 %, size: [$w, 3 in], powers: {x: 3 kW, y: $n}, from: [a, b]}
  - {id: b, floor: {type: raised, height: $w}, parts: [{id: c, level: $n, limit: 3}], extra: {k: [1, {z: 2}]}}
"""


def errors(schema, text):
    found = jsonschema.Draft202012Validator(schema).iter_errors(read_text(text).data)
    return sorted({error.json_path for error in found})


def test_the_schema_is_a_schema_and_says_what_it_is():
    schema = json_schema(Forest)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == DIALECT
    assert schema["title"] == "Forest"
    assert schema["$id"]
    assert schema["additionalProperties"] is False
    assert json.loads(json.dumps(schema)) == schema


def test_a_good_text_passes_with_parameters_in_place_of_every_scalar():
    assert errors(json_schema(Forest), GOOD) == []


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("{id: A}", "$.trees[0].id"),
        ("{id: a, count: 0}", "$.trees[0].count"),
        ("{id: a, count: x}", "$.trees[0].count"),
        ("{id: a, count: $1}", "$.trees[0].count"),
        ("{id: a, face: up}", "$.trees[0].face"),
        ("{id: a, room: 3}", "$.trees[0].room"),
        ("{id: a, room: 3 m}", "$.trees[0].room"),
        ("{id: a, width: 3}", "$.trees[0].width"),
        ("{id: a, size: [1 m]}", "$.trees[0].size"),
        ("{id: a, size: [1 m, 2 metre]}", "$.trees[0].size[1]"),
        ("{id: a, powers: {x: 3 m}}", "$.trees[0].powers.x"),
        ("{id: a, foo: 1}", "$.trees[0]"),
        ("{count: 1}", "$.trees[0]"),
        ("{id: a, parts: [{id: B}]}", "$.trees[0].parts[0].id"),
        ("{id: a, floor: {type: slob}}", "$.trees[0].floor"),
    ],
)
def test_a_wrong_value_is_underlined(text, place):
    assert errors(json_schema(Forest), f"twin: 1\ntrees: [{text}]") == [place]


def test_constants_stay_pure_so_that_editors_can_tell_members_apart():
    assert errors(json_schema(Forest), "twin: $n") == ["$.twin"]


def test_optional_fields_have_no_null_and_keep_their_words():
    schema = json_schema(Forest)
    assert "null" not in json.dumps(schema)
    tree = schema["$defs"]["Tree"]
    assert tree["description"] == "A thing in things."
    assert tree["properties"]["id"]["description"] == "Name."
    assert schema["$defs"]["Raised"]["properties"]["height"]["description"] == "Height above the slab."
    assert "x-dimension" not in json.dumps(schema)


def test_defaults_are_shown_as_they_would_be_written():
    tree = json_schema(Forest)["$defs"]["Tree"]["properties"]
    assert tree["width"]["default"] == "1.5 m"
    assert tree["share"]["default"] == "80 %"
    assert tree["count"]["default"] == 1
    assert "default" not in tree["room"]
    assert "default" not in tree["size"]


def test_every_default_is_valid_itself():
    schema = json_schema(Forest)
    checked = 0
    for definition in schema["$defs"].values():
        for part in definition.get("properties", {}).values():
            if "default" in part:
                jsonschema.Draft202012Validator({**part, "$defs": schema["$defs"]}).validate(part["default"])
                checked += 1
    assert checked >= 8


def test_a_model_that_contains_itself_can_be_the_root():
    schema = json_schema(Tree)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert (
        errors(
            schema,
            "id: a\nparts: [{id: b}]\nparams: {n: 1}\ninclude: [x.yaml]".replace("include: [x.yaml]", ""),
        )
        == []
    )
    assert "include" in schema["properties"]
    assert "include" not in json_schema(Tree, header=False)["properties"]
