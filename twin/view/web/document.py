"""The scene document and its bytes.

The models of :mod:`twin.view.web.parts` are the only description of the format: ``schema()`` writes the JSON Schema from
which the types of the page are made, and both sides check a document against it; ``python -m twin.view.web.document`` writes
it anew.  Numbers that come in thousands stand outside the JSON, as arrays of a buffer that the JSON points into.

A scene is packed as ``twin``, the version of the container, the length of the JSON (both u32, little endian), the
JSON in UTF-8, zeros up to a multiple of 8, and the buffer; all of it compressed by gzip.
"""

from __future__ import annotations

import gzip
import json
import struct
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import blake2b
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError
from pydantic_core import PydanticSerializationError

from twin.view.web.parts import VERSION, Block, Coding, Document

__all__ = [
    "CONTAINER", "LIMIT", "SCHEMA", "VERSION", "Block", "Buffer", "Document", "Scene", "SceneError", "pack", "rounded",
    "schema", "unpack", "write_schema",
]  # fmt: skip

CONTAINER = 1
MAGIC = b"twin"
LIMIT = 512 * 1024 * 1024
"""Largest scene that is unpacked. [byte]"""
SCHEMA = Path(__file__).parent / "source" / "scene.schema.json"
"""Where the schema lies for the page's sources."""
SAMPLES: dict[str, Any] = {
    "f32": np.float32,
    "u32": np.uint32,
    "i32": np.int32,
    "u16": np.uint16,
    "u8": np.uint8,
}

_SMALLEST, _LARGEST = 1e-30, 1e38  # that a float of 32 bits holds well


class SceneError(ValueError):
    """A scene that cannot be read: truncated, tampered with, too large or of another version."""


@dataclass
class Buffer:
    """Where the arrays of a document are gathered."""

    parts: list[bytes] = field(default_factory=list)
    size: int = 0
    _known: dict[tuple[str, Coding, tuple[int, ...], bytes], Block] = field(default_factory=dict)

    def add(self, values: NDArray[Any], type: str = "f32", coding: Coding = "plain") -> Block:
        """Append an array, unless the same one is there; how it is found again."""
        array = np.ascontiguousarray(values, dtype=np.dtype(SAMPLES[type]).newbyteorder("<"))
        data = array.tobytes() if coding == "plain" else _coded(array, coding)
        key = (type, coding, array.shape, blake2b(data, digest_size=16).digest())
        if key not in self._known:
            pad = -len(data) % 8
            self._known[key] = Block(at=self.size, type=type, shape=array.shape, coding=coding)  # type: ignore[arg-type]
            self.parts += [data, bytes(pad)]
            self.size += len(data) + pad
        return self._known[key]


def pack(document: Document, buffer: Buffer, *, level: int = 9) -> bytes:
    """The bytes of a scene; the same ones every time."""
    text = _text(document)
    head = MAGIC + struct.pack("<II", CONTAINER, len(text))
    gap = bytes(-(len(head) + len(text)) % 8)
    return gzip.compress(b"".join([head, text, gap, *buffer.parts]), compresslevel=level, mtime=0)


def _text(document: Document) -> bytes:
    """The JSON; halves of characters, which UTF-8 does not know, become question marks."""
    try:
        return document.model_dump_json().encode("utf-8")
    except PydanticSerializationError:
        plain = document.model_dump(mode="python")
        return json.dumps(plain, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace")


@dataclass(frozen=True, eq=False)
class Scene:
    """A scene that was read."""

    document: Document
    buffer: bytes

    def array(self, ref: Block) -> NDArray[Any]:
        """The numbers of an array.

        Raises
        ------
        SceneError
            If they do not lie in the buffer, or are no table and coded as one.
        """
        dtype = np.dtype(SAMPLES[ref.type]).newbyteorder("<")
        count = prod(ref.shape)
        if min(ref.shape, default=0) < 0 or ref.at + count * dtype.itemsize > len(self.buffer):
            raise SceneError("an array lies outside the scene")
        if ref.coding != "plain" and (ref.type != "f32" or len(ref.shape) != 2):
            raise SceneError("an array is coded as a table and is none")
        data = self.buffer[ref.at : ref.at + count * dtype.itemsize]
        if ref.coding == "plain":
            return np.frombuffer(data, dtype).reshape(ref.shape)
        return _decoded(data, ref.shape, ref.coding)


def unpack(data: bytes) -> Scene:
    """Read a scene.

    Raises
    ------
    SceneError
        If it is truncated, tampered with, too large or of another version.
    """
    reader = zlib.decompressobj(wbits=31)
    try:
        raw = reader.decompress(data, LIMIT)
    except zlib.error as error:
        raise SceneError(f"not a scene, or a damaged one ({error})") from error
    if reader.unconsumed_tail:
        raise SceneError(f"the scene is larger than {LIMIT} bytes")
    if not reader.eof or raw[:4] != MAGIC or len(raw) < 12:
        raise SceneError("not a scene, or one that is cut off")
    container, length = struct.unpack("<II", raw[4:12])
    if container != CONTAINER:
        raise SceneError(f"container {container}; this version of twin reads {CONTAINER}")
    try:
        plain = json.loads(raw[12 : 12 + length])
    except (ValueError, RecursionError) as error:
        raise SceneError(f"the scene holds no readable document ({error})") from error
    version = str(plain.get("version", "")) if isinstance(plain, dict) else ""
    if version.partition(".")[0] != VERSION.partition(".")[0]:
        raise SceneError(f"scene version {version or 'unknown'}; this version of twin reads {VERSION}")
    try:
        document = Document.model_validate_json(raw[12 : 12 + length])
    except ValidationError as error:
        raise SceneError(f"the document breaks the format: {error.errors()[0]['msg']}") from error
    return Scene(document, raw[(12 + length + 7) // 8 * 8 :])


def schema() -> dict[str, Any]:
    """JSON Schema of the document."""
    return Document.model_json_schema(mode="serialization")


def write_schema(path: Path = SCHEMA) -> Path:
    """Write the schema for the page's sources."""
    path.write_text(json.dumps(schema(), indent=1) + "\n", encoding="utf-8", newline="\n")
    return path


def rounded(values: NDArray[Any], dimension: str) -> NDArray[np.float32]:
    """Values to the digits that anybody reads, so that equal ones look equal to the compressor.

    Temperatures to 0.01 K, everything else to five significant digits; what is smaller than 1e-30 is zero, what is larger
    than 1e38 is no value.
    """
    values = np.asarray(values, dtype=float)
    values = np.where(np.abs(values) <= _LARGEST, values, np.nan)
    if dimension in ("temperature", "temperature_difference"):
        return np.asarray(np.round(values, 2), dtype=np.float32)
    size = np.abs(values)
    known = size >= _SMALLEST
    power = np.floor(np.log10(np.where(known, size, 1.0)))
    step = 10.0 ** (power - 4)
    return np.asarray(np.where(known, np.round(values / step) * step, 0 * values), dtype=np.float32)


def _coded(array: NDArray[Any], coding: Coding) -> bytes:
    bits = array.view("<u4").copy()
    if bits.ndim != 2:
        raise ValueError("only tables of rows are coded")
    bits[1:] ^= array.view("<u4")[:1] if coding == "first" else array.view("<u4")[:-1]
    return bits.reshape(-1).view(np.uint8).reshape(-1, 4).T.tobytes()


def _decoded(data: bytes, shape: Iterable[int], coding: Coding) -> NDArray[np.float32]:
    bits = (
        np.ascontiguousarray(np.frombuffer(data, np.uint8).reshape(4, -1).T)
        .view("<u4")
        .reshape(tuple(shape))
        .copy()
    )
    if coding == "first":
        bits[1:] ^= bits[:1]
    else:
        bits = np.bitwise_xor.accumulate(bits, axis=0)
    return bits.view("<f4")


if __name__ == "__main__":
    write_schema()
