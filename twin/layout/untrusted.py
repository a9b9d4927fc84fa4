"""Files that come from anywhere: only regular ones are opened, and never read beyond a size."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from twin.layout.mistakes import LayoutError, Mistake


def first_bytes(path: str | Path, most: int) -> bytes:
    """At most so many bytes of a regular file; a pipe or device may never end.

    Raises
    ------
    LayoutError
        If it cannot be read, or is a folder, pipe or device.
    """
    try:
        mode = os.stat(path).st_mode
        if stat.S_ISREG(mode):
            with open(path, "rb") as file:
                return file.read(most)
        what = "this is a folder; name a file" if stat.S_ISDIR(mode) else "not a regular file"
    except (OSError, ValueError) as error:  # a name with a zero byte is a ValueError
        what = f"cannot be read: {getattr(error, 'strerror', None) or error}"
    raise LayoutError([Mistake(str(path), 0, 0, 1, what)])
