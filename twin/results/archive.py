"""Files of a run folder, read as if a stranger had made them: regular, of a size that can be, arrays of plain floats."""

from __future__ import annotations

import stat
from collections.abc import Callable, Mapping
from math import prod
from pathlib import Path
from tokenize import TokenError
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

Array = NDArray[np.float64]
Shape = tuple[int, ...]

TEXT = 500_000_000
"""Largest document that is read; campuses have 1 MB. [byte]"""
UNPACKED = 8_000_000_000
"""Most that the arrays of a run may unpack to (assumed). [byte]"""
MEMBERS = 20_000
"""Most arrays of a run (assumed)."""
_KINDS = ("float32", "float64")


def regular(path: Path, most: int) -> Path:
    """The path of a file that can be read to its end.

    Raises
    ------
    OSError
        If there is no such file.
    ValueError
        If it is a pipe, a device or a folder, or larger than ``most`` bytes.
    """
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        raise ValueError(f"{path.name} is not a regular file")
    if found.st_size > most:
        raise ValueError(f"{path.name} is larger than {most} bytes")
    return path


def read_arrays(path: Path, check: Callable[[Mapping[str, Shape]], None]) -> dict[str, Array]:
    """The arrays of an ``.npz`` file by name.

    Parameters
    ----------
    path : Path
        The file.
    check : callable
        Gets the shapes of all arrays before any of them is unpacked, and raises what it has against them.

    Raises
    ------
    OSError, ValueError, zipfile.BadZipFile, zlib.error, EOFError
        If it is damaged, too large, or holds something else than plain arrays of floats.
    """
    with ZipFile(regular(path, UNPACKED)) as archive:
        members = archive.infolist()
        if len(members) > MEMBERS or sum(member.file_size for member in members) > UNPACKED:
            raise ValueError(f"{path.name} unpacks to more than {MEMBERS} arrays or {UNPACKED} bytes")
        heads = {_name(member): _head(archive, member) for member in members}
        if len(heads) < len(members):
            raise ValueError(f"{path.name} holds two arrays of one name")
        check({name: shape for name, (shape, *_) in heads.items()})
        return {_name(member): _array(archive, member, *heads[_name(member)]) for member in members}


def _name(member: ZipInfo) -> str:
    return member.filename.removesuffix(".npy")


def _head(archive: ZipFile, member: ZipInfo) -> tuple[Shape, bool, np.dtype[np.float64], int]:
    """Shape, order, type and where the numbers begin."""
    name = member.filename[:60]
    if member.flag_bits & 1 or member.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
        raise ValueError(f"array {name!r} is encrypted or packed in another way")
    with archive.open(member) as file:
        if npy.read_magic(file) != (1, 0):
            raise ValueError(f"array {name!r} is of another version of the format")
        try:
            shape, fortran, kind = npy.read_array_header_1_0(file)
        except (SyntaxError, TokenError, RecursionError, MemoryError) as error:  # of Python's own parser
            raise ValueError(f"the head of array {name!r} is damaged ({type(error).__name__})") from None
        begin = file.tell()
    if kind.name not in _KINDS or not kind.isnative or kind.shape:
        raise ValueError(f"array {name!r} holds {kind.name[:60]}, not floats")
    if min(shape, default=0) < 0 or begin + prod(shape) * kind.itemsize != member.file_size:
        raise ValueError(f"array {name!r} has not as many numbers as its shape {shape} tells")
    return shape, fortran, kind, begin


def _array(
    archive: ZipFile, member: ZipInfo, shape: Shape, fortran: bool, kind: np.dtype[np.float64], begin: int
) -> Array:
    with archive.open(member) as file:
        raw = bytearray(file.read(member.file_size))  # never more than was counted, whatever unfolds
    if len(raw) != member.file_size:
        raise EOFError(f"array {member.filename[:60]!r} is cut off")
    return np.frombuffer(raw, kind, offset=begin).reshape(shape, order="F" if fortran else "C")
