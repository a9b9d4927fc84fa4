"""Includes: files merge, clashes name both files, and nothing leaves the folder."""

import os

import pytest

from twin.layout.mistakes import LayoutError
from twin.layout.text import MAX_FILES, MAX_INCLUDES, read, read_text


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "site"
    root.mkdir()
    return root


def write(folder, **files):
    for name, text in files.items():
        path = folder / (name.replace("__", "/") + ".yaml")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder / "hall.yaml"


def message(path):
    with pytest.raises(LayoutError) as caught:
        read(path)
    return str(caught.value).replace(str(path.parent) + os.sep, "")


def test_mappings_merge_by_key_and_things_one_after_the_other(folder):
    top = write(
        folder,
        hall="twin: 1\ninclude: [cat/a.yaml]\ncatalogue: {x: {mass: 1 kg}}\npods: [{id: p}]",
        cat__a="twin: 1\ncatalogue: {y: {mass: 2 kg}}\npods: [{id: q}]\nair: {crahs: [{id: c}]}",
    )
    document = read(top)
    assert document.data == {
        "twin": 1,
        "catalogue": {"x": {"mass": "1 kg"}, "y": {"mass": "2 kg"}},
        "pods": [{"id": "p"}, {"id": "q"}],
        "air": {"crahs": [{"id": "c"}]},
    }
    assert document.mark(("catalogue", "y", "mass")).file == str(folder / "cat/a.yaml")
    assert document.mark(("pods", "q")).line == 3
    assert len(document.files) == 2


def test_includes_are_relative_to_the_including_file_and_read_once(folder):
    top = write(
        folder,
        hall="include: [a/one.yaml, two.yaml]",
        a__one="include: [../two.yaml]\none: 1",
        two="two: 2",
    )
    assert read(top).data == {"one": 1, "two": 2}


def test_a_clash_names_both_files(folder):
    top = write(
        folder,
        hall="include: [a.yaml]\nname: x\npods:\n  - id: p\nair: {dew: 1}",
        a="name: x\npods: [{id: q}, {id: p}]\nair: {dew: {t: 1}}",
    )
    shown = message(top)
    assert 'a.yaml:1:1: key "name" is also in hall.yaml:2' in shown
    assert 'a.yaml:2:22: id "p" is also in hall.yaml:4' in shown
    assert 'a.yaml:3:7: key "dew" is also in hall.yaml:5' in shown


def test_a_cycle_is_named_with_its_chain(folder):
    top = write(folder, hall="include: [a.yaml]", a="include: [b.yaml]", b="include: [a.yaml]")
    assert (
        'b.yaml:1:11: include "a.yaml": the files include each other: a.yaml -> b.yaml -> a.yaml'
        in message(top)
    )
    itself = write(folder, hall="include: [hall.yaml]")
    assert "hall.yaml -> hall.yaml" in message(itself)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("../secret.yaml", "outside the folder of the layout"),
        ("a/../../secret.yaml", "outside the folder of the layout"),
        ("link.yaml", "outside the folder of the layout"),
        ("linked/secret.yaml", "outside the folder of the layout"),
        ("/etc/passwd", "write a path relative to this file"),
        ("C:/x.yaml", "write a path relative to this file"),
        ("..\\\\secret.yaml", "write a path relative to this file"),
        ("https://example.org/x.yaml", "only files can be included"),
        ("file:///etc/passwd", "only files can be included"),
        ("none.yaml", "no such file"),
        (".", "this is a folder"),
        ("", "write the relative path of a file"),
        ("a" * 5000, "cannot be read"),
    ],
)
def test_an_include_that_may_not_be_read_is_a_mistake_where_it_stands(folder, written, expected):
    (folder.parent / "secret.yaml").write_text("password: hunter2")
    (folder / "link.yaml").symlink_to(folder.parent / "secret.yaml")
    (folder / "linked").symlink_to(folder.parent)
    shown = message(write(folder, hall=f'a: 1\ninclude: ["{written}"]'))
    assert shown.startswith("hall.yaml:2:11: include")
    assert expected in shown
    assert "hunter2" not in shown


@pytest.mark.parametrize("written", ["3", "[3]", "[null]", "{a: b}", "[[x.yaml]]"])
def test_an_include_that_is_no_list_of_names_is_a_mistake(folder, written):
    assert "write the relative path of a file" in message(write(folder, hall=f"include: {written}"))


def test_depth_and_number_of_includes_are_bounded(folder):
    chain = {f"f{i}": f"include: [f{i + 1}.yaml]" for i in range(MAX_INCLUDES + 3)}
    assert f"more than {MAX_INCLUDES} includes" in message(write(folder, hall="include: [f0.yaml]", **chain))
    many = {f"g{i}": f"k{i}: 1" for i in range(MAX_FILES + 1)}
    names = ", ".join(f"g{i}.yaml" for i in range(MAX_FILES + 1))
    assert f"more than {MAX_FILES} files" in message(write(folder, hall=f"include: [{names}]", **many))


def test_mistakes_of_all_files_are_told_at_once(folder):
    top = write(folder, hall="include: [a.yaml, b.yaml]\nx: 1\nx: 2", a="y: [1", b="z: 1\nz: 2")
    shown = message(top)
    assert "hall.yaml:3:1:" in shown
    assert "a.yaml:1:6:" in shown
    assert "b.yaml:2:1:" in shown


def test_a_text_without_a_folder_includes_nothing(folder):
    with pytest.raises(LayoutError, match="cannot include files"):
        read_text("include: [a.yaml]")
    write(folder, a="x: 1")
    assert read_text("include: a.yaml", folder=folder).data == {"x": 1}
