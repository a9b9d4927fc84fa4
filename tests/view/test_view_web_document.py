"""The container of a scene: what was packed comes back, and what was damaged is refused."""

from __future__ import annotations

import gzip
import json
import struct
from contextlib import suppress

import numpy as np
import pytest

from tests.view.view_samples import finding, hall, solved, verdict
from twin.view.web import document
from twin.view.web.compose import compose
from twin.view.web.document import Block, Buffer, Scene, SceneError, pack, rounded, schema, unpack


@pytest.fixture(scope="module")
def composed():
    facility = hall(3)
    return compose(facility, solved(facility), verdict(finding()))


@pytest.fixture(scope="module")
def packed(composed):
    return composed.packed()


def rewritten(packed, change=lambda told: None, *, magic=b"twin", container=document.CONTAINER, longer=0):
    """The scene with another document in it, honestly compressed."""
    raw = gzip.decompress(packed)
    length = struct.unpack("<I", raw[8:12])[0]
    told, rest = json.loads(raw[12 : 12 + length]), raw[(12 + length + 7) // 8 * 8 :]
    changed = change(told)
    text = changed if isinstance(changed, bytes) else json.dumps(told).encode()
    head = magic + struct.pack("<II", container, len(text) + longer) + text
    return gzip.compress(head + bytes(-len(head) % 8) + rest)


def test_the_schema_of_the_page_is_that_of_the_models(tmp_path):
    assert document.write_schema(tmp_path / "schema.json").read_text() == document.SCHEMA.read_text(
        encoding="utf-8"
    )


def test_every_key_is_required_in_what_is_written():
    parts = [part for part in schema()["$defs"].values() if part.get("type") == "object"]
    assert len(parts) > 15
    for part in [schema(), *parts]:
        assert set(part["required"]) == set(part["properties"]) and part["additionalProperties"] is False


def test_a_scene_comes_back_as_it_was(composed, packed):
    back = unpack(packed)
    assert back.document == composed.document
    assert back.buffer == b"".join(composed.buffer.parts)
    assert packed == composed.packed()


@pytest.mark.parametrize("coding", ["plain", "first", "previous"])
def test_a_table_comes_back_bit_for_bit(coding):
    values = np.random.default_rng(2).normal(size=(5, 7)).astype(np.float32)
    values[2, 3], values[4] = np.nan, values[0]
    buffer = Buffer()
    block = buffer.add(values, coding=coding)
    scene = Scene(None, b"".join(buffer.parts))
    np.testing.assert_array_equal(scene.array(block).view(np.uint32), values.view(np.uint32))


def test_equal_arrays_are_kept_once_and_begin_at_multiples_of_eight():
    buffer = Buffer()
    first = buffer.add(np.arange(3), "u8")
    other = buffer.add(np.arange(5), "u16")
    assert buffer.add(np.arange(3), "u8") is first
    assert (first.at, other.at, buffer.size) == (0, 8, 24)
    assert buffer.add(np.arange(3), "u32").at == 24


@pytest.mark.parametrize("seed", range(5))
def test_a_scene_that_is_cut_off_is_refused(packed, seed):
    for cut in np.random.default_rng(seed).integers(0, len(packed), 20):
        with pytest.raises(SceneError):
            unpack(packed[:cut])


@pytest.mark.parametrize("seed", range(5))
def test_a_flipped_bit_is_noticed_or_means_nothing(packed, composed, seed):
    rng = np.random.default_rng(seed)
    for place in [*range(10), *rng.integers(0, len(packed), 12)]:
        bad = bytearray(packed)
        bad[place] ^= 1 << rng.integers(8)
        with suppress(SceneError):  # the head of gzip has bits that mean nothing
            assert unpack(bytes(bad)).document == composed.document


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda p: rewritten(p, magic=b"twix"), "not a scene"),
        (lambda p: rewritten(p, container=2), "container 2"),
        (lambda p: rewritten(p, lambda told: told.update(version="2.0")), "scene version 2.0"),
        (lambda p: rewritten(p, lambda told: told.pop("version")), "scene version unknown"),
        (lambda p: rewritten(p, lambda told: told.update(more=1)), "breaks the format"),
        (lambda p: rewritten(p, lambda told: told["things"].update(kind=["x"])), "breaks the format"),
        (lambda p: rewritten(p, lambda told: told.update(format="other")), "breaks the format"),
        (lambda p: rewritten(p, lambda told: b"[]"), "scene version unknown"),
        (lambda p: rewritten(p, lambda told: b"{"), "no readable document"),
        (lambda p: rewritten(p, lambda told: b"[" * 100_000), "no readable document"),
        (lambda p: rewritten(p, longer=1 << 30), "no readable document"),
        (lambda p: gzip.compress(b""), "not a scene"),
        (lambda p: b"<html>", "not a scene"),
        (lambda p: b"", "cut off"),
    ],
)
def test_what_is_no_scene_of_this_version_is_told_so(packed, damage, words):
    with pytest.raises(SceneError, match=words):
        unpack(damage(packed))


def test_a_later_minor_version_is_read(packed):
    assert unpack(rewritten(packed, lambda told: told.update(version="1.9"))).document.version == "1.9"


def test_a_scene_that_unfolds_without_end_is_refused(packed, monkeypatch):
    monkeypatch.setattr(document, "LIMIT", 10_000)
    with pytest.raises(SceneError, match="larger than 10000 bytes"):
        unpack(packed)


@pytest.mark.parametrize(
    "block",
    [
        Block(at=0, type="f32", shape=(1_000_000_000, 1_000_000_000)),
        Block(at=1 << 60, type="u8", shape=(1,)),
        Block(at=0, type="u8", shape=(-1,)),
        Block(at=0, type="f32", shape=(4,), coding="first"),
        Block(at=0, type="u8", shape=(2, 2), coding="previous"),
    ],
)
def test_an_array_that_is_not_in_the_scene_is_refused(packed, block):
    with pytest.raises(SceneError):
        unpack(packed).array(block)


def test_halves_of_characters_become_question_marks(composed):
    odd = composed.document.replace(title="hall \ud800")
    assert unpack(pack(odd, composed.buffer)).document.title == "hall ?"


def test_values_are_rounded_as_it_is_documented():
    rng = np.random.default_rng(3)
    values = rng.normal(size=2000) * 10 ** rng.uniform(-20, 20, 2000)
    np.testing.assert_allclose(rounded(values, "power"), values, rtol=5.1e-5)
    warm = rng.uniform(-50, 150, 2000)
    np.testing.assert_allclose(rounded(warm, "temperature"), warm, atol=0.005 + 1e-5)


def test_what_no_float_of_32_bits_holds_is_zero_or_no_value():
    odd = rounded(np.array([np.nan, np.inf, -np.inf, 1e300, -1e39, 5e-324, -1e-31, 0.0]), "power")
    np.testing.assert_array_equal(odd, [np.nan] * 5 + [0, 0, 0])
    np.testing.assert_array_equal(rounded(np.array([np.nan, 1e300]), "temperature"), [np.nan] * 2)
