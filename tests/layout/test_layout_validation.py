"""What pydantic objects to becomes a mistake at its line, in plain words."""

from enum import Enum
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, RootModel, model_validator

from twin.layout.mistakes import LayoutError
from twin.layout.parameters import substitute
from twin.layout.text import read_text
from twin.layout.validation import load, validate
from twin.units import Fraction, Length, Pressure, Temperature


class Closed(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Slab(Closed):
    type: Literal["slab"] = "slab"
    load: Pressure | None = Field(None, gt=0)


class Raised(Closed):
    type: Literal["raised"]
    height: Length


class Side(Enum):
    NORTH = "north"
    SOUTH = "south"


class Row(Closed):
    id: Annotated[str, Field(pattern="^[a-z]+$")]
    face: Side
    lineup: tuple[str, ...] = Field((), min_length=1)


class Repeat(Closed):
    count: int = Field(gt=0)
    step: tuple[Length, Length]


class Names(RootModel[list[str]]):
    pass


class Pod(Closed):
    id: str
    at: tuple[Length, Length] = (0.0, 0.0)
    repeat: Repeat | None = None
    rows: tuple[Row, ...] = ()
    width: Length | Literal["auto"] = "auto"
    place: Annotated[Slab | Raised, Field(discriminator="type")] | Row | None = None
    either: Repeat | Row | str | None = None
    names: Names | None = None

    @model_validator(mode="after")
    def _good(self):
        if self.id == "bad":
            raise ValueError("pods must be good,\nor nothing works")
        return self


class Toy(Closed):
    name: str = Field("x", max_length=5)
    floor: Annotated[Slab | Raised, Field(discriminator="type")] | None = None
    pods: tuple[Pod, ...] = ()
    source: str | tuple[str, ...] = Field((), alias="from")
    parts: dict[str, Repeat] = {}
    ids: dict[Annotated[str, Field(pattern="^[a-z]+$")], int] = {}
    share: Fraction = Field(0.5, ge=0, le=1)
    supply: Temperature = Field(20.0, le=60)
    size: Annotated[Length, Field(gt=0)] | None = None
    doors: bool = False
    count: int | float | None = None
    version: Literal[1, 2] = 1


def messages(text):
    with pytest.raises(LayoutError) as caught:
        validate(Toy, substitute(read_text(text, "t"), collect=True))
    return [f"{m.line}:{m.column}: {m.message}" for m in caught.value.mistakes]


def test_a_right_text_becomes_a_model():
    toy = validate(Toy, read_text("from: a\nsupply: 104 degF\nparts: {a: {count: 2, step: [1 m, 50 cm]}}"))
    assert toy.source == "a"
    assert toy.supply == pytest.approx(40)
    assert toy.parts["a"].step == (1.0, 0.5)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pods:\n  - id: p\n    rows:\n      - {id: s, facing: south, face: south, lineup: [a]}",
         '4:17: unknown key "facing"; did you mean "face"? allowed: id, face, lineup'),
        ("parms: {a: 1}", '1:1: unknown key "parms"; did you mean "params"? allowed: '
         "name, floor, pods, from, parts, ids, share, supply, size, doors, count, version, include, params"),
        ("form: a", '1:1: unknown key "form"; did you mean "from"? allowed: '
         "name, floor, pods, from, parts, ids, share, supply, size, doors, count, version, include, params"),
        ("pods:\n  - at: [1 m, 2 m]", '2:5: missing key "id"'),
        ("parts:\n  a:\n    count: 1", '2:3: missing key "step"'),
        ("parts: {a: {count: 0, step: [1 m, 2 m]}}", "1:20: 0: must be more than 0"),
        ("parts: {a: {count: 1.5, step: [1 m, 2 m]}}", "1:20: expected a whole number, found 1.5"),
        ("parts: {a: {count: 1, step: [1 m]}}", "1:29: expected 2 items, found 1"),
        ("parts: {a: {count: 1, step: [1 m, 2 m, 3 m]}}", "1:29: expected at most 2 items, found 3"),
        ("parts: {a: {count: 1, step: [1 m, 3 metre]}}",
         '1:35: unknown length unit "metre"; did you mean "m"?'),
        ("parts: {a: {count: 1, step: 1 m}}", '1:29: expected a list, found text "1 m"'),
        ("parts: [1]", "1:8: expected keys, found a list"),
        ("name: 3", '1:7: expected text, found 3; put it in quotes: "3"'),
        ("name: [3]", "1:7: expected text, found a list"),
        ("name:", "1:6: expected text, found nothing"),
        ("name: toolong", '1:7: "toolong" must have at most 5 characters'),
        ("doors: 7", "1:8: expected true or false, found 7"),
        ("share: 130 %", '1:8: "130 %": must be at most 100 %'),
        ("share: -0.5", "1:8: -0.5: must be at least 0 %"),
        ("supply: 65 degC", '1:9: "65 degC": must be at most 60 degC'),
        ("supply: 65", '1:9: bare number 65; write a unit, for example "65 degC"'),
        ("size: 0 m", '1:7: "0 m": must be more than 0 m'),
        ("version: 3", "1:10: 3 is not allowed; allowed: 1, 2"),
        ("floor: {type: slob}", '1:15: unknown type "slob"; did you mean "slab"? allowed: slab, raised'),
        ("floor: {height: 1 m}", '1:1: missing key "type"'),
        ("floor: {type: raised, hight: 1 m, height: 2 m}",
         '1:23: unknown key "hight"; did you mean "height"? allowed: type, height'),
        ("floor: {type: slab, load: -1 kPa}", '1:27: "-1 kPa": must be more than 0 Pa'),
        ("floor: flat", '1:8: expected keys, found text "flat"'),
        ("pods: [{id: p, rows: [{id: s, face: souht, lineup: [a]}]}]",
         '1:37: unknown value "souht"; did you mean "south"? allowed: north, south'),
        ("pods: [{id: p, rows: [{id: s, face: south, lineup: []}]}]",
         "1:52: expected at least 1 item, found 0"),
        ("pods: [{id: bad}]", "1:8: pods must be good, or nothing works"),
        ("ids: {A: 1}",
         '1:7: key "A": "A" has characters or a form that is not allowed here (pattern ^[a-z]+$)'),
        ("from: {a: b}", "1:7: expected text or a list, found keys"),
        ("from: [a, 3]", '1:11: expected text, found 3; put it in quotes: "3"'),
        ("count: x", '1:8: expected a whole number or a number, found text "x"'),
        ("pods: [{id: p, width: atuo}]",
         '1:23: "atuo" is not a length; write a number and a unit, for example "3 m"; or allowed: auto'),
        ("pods: [{id: p, width: 3}]",
         '1:23: bare number 3; write a unit, for example "3 m"; or allowed: auto'),
        ("pods: [{id: p, either: {count: 0, step: [1 m, 2 m]}}]", "1:32: 0: must be more than 0"),
        ("pods: [{id: p, either: {id: s, face: up, lineup: [a]}}]",
         '1:38: unknown value "up"; allowed: north, south'),
        ("pods: [{id: p, place: {type: raised, height: 3}}]",
         '1:46: bare number 3; write a unit, for example "3 m"'),
        ("pods: [{id: p, names: [a, 3]}]", '1:27: expected text, found 3; put it in quotes: "3"'),
        ("params: {t: 99 degC}\nsupply: $t", '2:9: "99 degC": must be at most 60 degC (from $t, t:1)'),
    ],
)  # fmt: skip
def test_an_objection_is_one_mistake_in_plain_words(text, expected):
    assert messages(text) == [expected]


def test_all_mistakes_are_told_in_order():
    found = messages("name: 3\nsupply: 4\npods:\n  - at: [1, 2]\n    foo: 1\n")
    assert [m.split(" ")[0] for m in found] == ["1:7:", "2:9:", "4:5:", "4:10:", "4:13:", "5:5:"]


def test_breadcrumbs_name_things_by_their_id():
    with pytest.raises(LayoutError) as caught:
        validate(Toy, read_text("pods:\n  - id: p\n    at: [3 m, 3 metre]\n  - foo: 1\n", "hall.yaml"))
    assert [" > ".join(m.path) for m in caught.value.mistakes] == [
        "pods > p > at",
        "pods > 1",
        "pods > 1 > foo",
    ]
    assert "   3 |     at: [3 m, 3 metre]\n     |               ^^^^^^^" in str(caught.value)


def test_a_value_that_could_not_be_read_is_not_also_of_the_wrong_type():
    document = substitute(read_text("name: .nan\ncount: $x\ncount: 2\n", "t", collect=True), collect=True)
    with pytest.raises(LayoutError) as caught:
        validate(Toy, document)
    assert [(m.line, m.column) for m in caught.value.mistakes] == [(1, 7), (2, 8), (3, 1)]


def test_context_reaches_the_model_beside_the_text_flag():
    class Asking(Closed):
        size: Length

        @model_validator(mode="after")
        def _ask(self, info):
            assert info.context == {"text": True, "strict": 1}
            return self

    assert validate(Asking, read_text("size: 1 m"), {"strict": 1}).size == 1.0


def test_load_tells_the_mistakes_of_all_steps_at_once(tmp_path):
    file = tmp_path / "t.yaml"
    file.write_text("params: {n: 1}\nname: a\nname: b\ncount: $m\nsupply: 3\n")
    with pytest.raises(LayoutError) as caught:
        load(Toy, file, settings=["params.k=1", "version=7"])
    assert sorted(m.line for m in caught.value.mistakes) == [0, 0, 3, 4, 5]
    file.write_text("params: {n: 1}\ncount: $n\n")
    toy, document = load(Toy, file, settings=["params.n=5"])
    assert toy.count == 5
    assert document.params == {"n": 5}
