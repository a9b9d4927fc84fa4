"""Shipped layouts in their normal state, each solved once for the tests of the report's drawings."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from xml.etree import ElementTree

import pytest

from twin.run import Run, assess
from twin.view import facts

LAYOUTS = Path(__file__).parents[2] / "layouts"
QUICK = ("first_hall", "warm_water_towers", "enterprise_hall")
OTHERS = sorted(path.stem for path in LAYOUTS.glob("*.yaml") if path.stem not in QUICK)
CASES = [*QUICK, *(pytest.param(name, marks=pytest.mark.slow) for name in OTHERS)]
SVG = "{http://www.w3.org/2000/svg}"


@cache
def run(name: str) -> Run:
    """A layout's normal state."""
    return assess(LAYOUTS / f"{name}.yaml", failures=False, air="zonal", studies="none")


def row(run: Run) -> int:
    """Row of its normal state."""
    found = facts.normal_row(run.results)
    assert found is not None
    return found


def texts(svg: str) -> list[str]:
    """Texts of a well-formed drawing, without tool tips."""
    return [(text.text or "").strip() for text in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def inside(sheet) -> bool:
    """Whether all texts lie on the sheet."""
    return all(
        box.left >= 0.0 and box.right <= sheet.wide and box.top >= 0.0 and box.bottom <= sheet.high
        for box in sheet.boxes
    )
