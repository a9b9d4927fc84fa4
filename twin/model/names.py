"""Names and the other small words that every part of the layout language uses."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from twin.units import Length

Id = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,39}$")]
"""A name: letter first, then letters, digits, ``_`` and ``-``; dots are made by the program."""
Selector = str
"""An id, a glob (``tx*``), a group, or ``type:``/``kind:``/``pod:``/``row:``/``hall:`` with a glob."""
Selectors = Selector | tuple[Selector, ...]
Count = Annotated[int, Field(ge=1, le=100_000)]
Side = Literal["north", "south", "east", "west"]
Point2 = tuple[Length, Length]
