"""Names and the other small words that every part of the layout language uses."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationInfo

from twin.units import Length

Id = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,39}$")]
"""A name: letter first, then letters, digits, ``_`` and ``-``; dots are made by the program."""
Selector = str
"""An id, a glob (``tx*``), a group, or ``type:``/``kind:``/``pod:``/``row:``/``hall:`` with a glob."""
Selectors = Selector | tuple[Selector, ...]
Count = Annotated[int, Field(ge=1, le=100_000)]
Units = Annotated[int, Field(ge=1, le=1000)]
"""Units of one group of cooling machines.  Every one is a machine of its own, and states and studies lose them one by one:
thousands in one loop would take hours."""
Side = Literal["north", "south", "east", "west"]
Point2 = tuple[Length, Length]


def _some_carry(spare: int, info: ValidationInfo) -> int:
    """Refuse spares that leave nobody to carry the load; ``count`` stands before ``spare`` in every group."""
    count = info.data.get("count", spare + 1) or 1
    if spare >= count:
        units = "only one is" if count == 1 else f"{count} are"
        raise ValueError(
            f"spare: {spare} must be less than count: {units} installed, and some must carry the load"
        )
    return spare


Spare = Annotated[int, Field(ge=0), AfterValidator(_some_carry)]
"""Units of a group that may fail without harm."""
