"""Published inference throughput of accelerators."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Literal

from pydantic import Field

from twin.catalogue.entries import builtin_text, parse
from twin.model.base import Frozen
from twin.units import TokenRate

Service = Literal["interactive", "balanced", "throughput"]
Key = tuple[str, str, str]


class Throughput(Frozen):
    """Output tokens of one accelerator at one service level."""

    platform: str
    """Accelerator, as ``accelerators.name`` of a rack calls it."""
    model: str
    """Language model."""
    precision: Literal["fp4", "fp8", "bf16"]
    """Number format of the weights."""
    service: Service
    """Service level; the promise to each user is ``interactivity``."""
    tokens_per_second: TokenRate = Field(gt=0)
    """Output tokens of all users, per accelerator."""
    interactivity: TokenRate = Field(default=0.0, ge=0)
    """Lowest output rate promised to each user; 0 for none (offline batches)."""
    source: str = Field(min_length=3)
    """Where the value comes from."""


@cache
def throughput() -> Mapping[Key, Throughput]:
    """The built-in points by (platform, model, service)."""
    data = parse(builtin_text("throughput.yaml"))
    points = [Throughput.model_validate(point, context={"text": True}) for point in data]
    table: dict[Key, Throughput] = {(point.platform, point.model, point.service): point for point in points}
    if len(table) != len(points):
        raise ValueError("throughput.yaml has two points for one platform, model and service")
    return MappingProxyType(table)
