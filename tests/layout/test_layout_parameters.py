"""Parameters and settings from the command line."""

import pytest

from twin.layout.mistakes import LayoutError
from twin.layout.parameters import override, substitute
from twin.layout.text import read_text

HALL = """\
params: {pods: 4, racks: 16, tcs: 40 degC, doors: true, cost: 5 $$}
pods:
  - id: p
    at: [3 m, 4 m]
    count: $pods
    doors: "$doors"
    lineup: [cdu, $racks x gb300, $racks]
note: $$pods cost $$5 or $cost
supply: $tcs
tx.1: {rating: 3}
"""


def read():
    return read_text(HALL, "hall.yaml")


def message(function, *arguments):
    with pytest.raises(LayoutError) as caught:
        function(*arguments)
    return str(caught.value)


def test_parameters_are_replaced_with_their_type():
    document = substitute(read())
    pod = document.data["pods"][0]
    assert pod["count"] == 4
    assert pod["doors"] is True
    assert pod["lineup"] == ["cdu", "16 x gb300", 16]
    assert document.data["note"] == "$pods cost $5 or 5 $"
    assert document.data["supply"] == "40 degC"
    assert "params" not in document.data
    assert document.params["racks"] == 16


def test_a_replaced_value_keeps_its_place_and_names_its_parameter():
    mistake = substitute(read()).mistake(("supply",), "too warm")
    assert mistake.line == 9
    assert mistake.message == "too warm (from $tcs, hall.yaml:1)"


def test_parts_without_parameters_are_not_copied():
    document = read()
    assert (
        substitute(document).root.value["pods"].value[0].value["at"]
        is document.root.value["pods"].value[0].value["at"]
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "params: {pods: 4}\na: [1, $podz]",
            'hall.yaml:2:8: unknown parameter "$podz"; did you mean "$pods"?\n   a',
        ),
        ("a: $x", 'hall.yaml:1:4: unknown parameter "$x"; this layout has no params:'),
        ("params: {a: 1}\nb: $a$a", "hall.yaml:2:4: a parameter is a word of its own"),
        ("params: {a: 1}\nb: ${a}", "hall.yaml:2:4: a parameter is a word of its own"),
        ("params: {a: 1}\nb: $a/2", "hall.yaml:2:4: a parameter is a word of its own"),
        ("params: {a: 1, b: $a}", 'hall.yaml:1:19: parameter "b" cannot refer to another parameter'),
        ("params: {a: [1]}", 'hall.yaml:1:13: parameter "a" is a number or a text'),
        ("params: {a: null}", 'hall.yaml:1:13: parameter "a" is a number or a text'),
        ("params: {a-b: 1}", 'hall.yaml:1:15: parameter name "a-b"'),
        ("params: [1]", "hall.yaml:1:9: params: expected names and values"),
    ],
)
def test_a_mistake_with_a_parameter_is_named_at_its_place(text, expected):
    assert message(substitute, read_text(text, "hall.yaml")).startswith(expected)


def test_unused_and_empty_parameters_are_no_mistake():
    assert substitute(read_text("params:\na: 1")).data == {"a": 1}
    assert substitute(read_text("params: {b: 1}\na: 1")).data == {"a": 1}


def test_expansion_of_texts_is_bounded():
    text = "params: {a: " + "x" * 900 + "}\nb: '" + "$a " * 3000 + "'"
    assert "at most 10000 characters" in message(substitute, read_text(text))


@pytest.mark.parametrize(
    ("setting", "path", "value"),
    [
        ("params.pods=6", ("pods", 0, "count"), 6),
        ("pods.p.at=[1 m, 2 m]", ("pods", 0, "at"), ["1 m", "2 m"]),
        ("pods.0.at.1=7 m", ("pods", 0, "at"), ["3 m", "7 m"]),
        ("pods.p.count=$racks", ("pods", 0, "count"), 16),
        ("pods.p.spare=1", ("pods", 0, "spare"), 1),
        ("tx.1.rating=4", ("tx.1", "rating"), 4),
        ("supply=45 degC", ("supply",), "45 degC"),
        ("note=a=b", ("note",), "a=b"),
        ("supply=", ("supply",), None),
    ],
)
def test_a_setting_replaces_one_value(setting, path, value):
    before = read()
    document = substitute(override(before, [setting]))
    assert document.node(path) is not None
    found = document.data
    for step in path:
        found = found[step]
    assert found == value
    assert before.data == read().data


def test_the_place_of_a_set_value_is_the_command_line():
    document = override(read(), ["pods.p.at=[1 m, 2 m]"])
    assert document.mark(("pods", "p", "at", 1)).file == "--set pods.p.at=[1 m, 2 m]"
    assert (
        str(document.mistake(("pods", "p", "at", 1), "bad"))
        == "--set pods.p.at=[1 m, 2 m]: bad\n   pods > p > at"
    )
    mistake = substitute(override(read(), ["params.tcs=9 metre"])).mistake(("supply",), "bad")
    assert mistake.message == "bad (from $tcs, --set params.tcs=9 metre)"


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        (
            "params.podz=6",
            'unknown path "params.podz"; did you mean "pods"? allowed: pods, racks, tcs, doors, cost',
        ),
        ("pods.q.at=1", 'unknown path "pods.q"; allowed: p'),
        ("pods.1=1", 'unknown path "pods.1"; allowed: p'),
        ("pods.p.at.x.y=1", 'unknown path "pods.p.at.x"; allowed: 0, 1'),
        ("supply.x=1", 'unknown path "supply.x"; no keys here'),
        ("pod.x=1", 'unknown path "pod"; did you mean "pods"?'),
        ("nothing", "write path=value"),
        ("=3", "write path=value"),
        ("supply=[1", '"[1": did not find expected'),
        ("supply=a: b", "has keys"),
        ("supply=.nan", "is not a number"),
        ("supply=!!python/name:os.system x", "tags are not part"),
        ("supply=" + "[" * 1000, "nested deeper"),
        ("a." * 100 + "b=1", "too long"),
    ],
)
def test_a_setting_that_cannot_be_applied_lists_what_can(setting, expected):
    shown = message(override, read(), [setting])
    assert shown.startswith("--set ")
    assert expected in shown
