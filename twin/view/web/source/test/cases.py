"""Writes what the tests of the page compare with: texts of quantities, and a small scene.

Run it after a change of the document or of the words for quantities: ``python twin/view/web/source/test/cases.py``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from twin.checks.wording import DIMENSION_NAMES
from twin.view.web import document
from twin.view.web import parts as d
from twin.view.web.words import dimensions, text

HERE = Path(__file__).parent
VALUES = (
    0.0, 1.0, -1.0, 0.5, 2.5, 12.25, 22.25, 22.35, -0.05, 0.125, 1.125, 1.135, 99.95, 999.4, 999.5, 1234.0, 131.999e3,
    134.6e3, 1e6, 0.9995e6, 2.5e-5, 1e-4, 9.9949e-5, 3.14159e-9, 4.2e15, 7.77e16, 0.805, 1e-12, 65.0, 273.15, 3600.0, 5400.0,
)  # fmt: skip


def quantities() -> dict[str, Any]:
    """Dimensions, and the text that Python writes for values of each."""
    names = sorted(DIMENSION_NAMES)
    shown = {name: dimension.model_dump() for name, dimension in dimensions(names).items()}
    cases = [[name, value, text(value, name)] for name in names for value in VALUES]
    return {"dimensions": shown, "cases": cases}


def scene() -> bytes:
    """Two racks on a power tree and a loop, three states, one finding, a timeline; the same bytes every time."""
    buffer = document.Buffer()
    values = np.array([[24.0, 25.5], [24.0, 31.25], [np.nan, 26.0]], dtype=np.float32)
    along = np.array([[24.0, 25.5], [26.0, 28.0], [25.0, 27.125]], dtype=np.float32)
    things = d.Things(
        id=("grid", "ups.A", "r.01", "r.02", "cdu", "</script><img src=x onerror=alert(1)>", "loop"),
        kind=(0, 1, 2, 2, 3, 2, 4), type=(0, 0, 1, 1, 0, 1, 0), place=(0,) * 7, row=(-1, -1, 0, 0, -1, -1, -1),
        pod=(-1,) * 7, hall=(-1, 0, 0, 0, 0, 0, -1), file=(0,) * 7, line=(3, 4, 5, 5, 6, 7, 8),
        position=buffer.add(np.arange(21, dtype=np.float32).reshape(7, 3)),
        kinds=("utility", "ups", "rack", "cdu", "loop"), types=("", "gb300\tA rack"), places=("hall",), rows=("r",), pods=(),
        halls=("hall",), files=("hall.yaml",),
    )  # fmt: skip
    boxes = np.array([[0, 0, 0], [1, 0, 0]], dtype=np.float32)
    layer = d.Layer(
        name="racks", label="Racks", color="#6b7280", opacity=1, look="rack", thing=buffer.add(np.array([2, 3]), "u32"),
        low=buffer.add(boxes), high=buffer.add(boxes + 1), front=buffer.add(np.array([1, 1]), "u8"),
    )  # fmt: skip
    inlet = d.Quantity(
        name="rack.inlet_temperature", label="Inlet", dimension="temperature", paint=True, layers=("racks",),
        low=20, high=40,
        thing=buffer.add(np.array([2, 3]), "u32"), values=buffer.add(values, coding="first"),
    )  # fmt: skip
    states = (
        d.State(name="normal", settled=True, normal=True, hottest="25.5 °C"),
        d.State(
            name="lose:ups.A",
            settled=True,
            normal=False,
            failed=(1,),
            dark=1,
            cascade=(d.Step(text="ups.A stops", things=(1,)),),
        ),
        d.State(name="lose:cdu", settled=False, normal=False, failed=(4,)),
    )
    finding = d.Finding(
        code="AIR-001", title="Inlet air", severity="error", subject="r.02", thing=3, state=1, message="too warm",
        value="31.2 °C", limit="27.0 °C", margin=-0.15,
    )  # fmt: skip
    timeline = d.Timeline(
        name="ride", label="Ride through", kind="transient", times=buffer.add(np.array([[0.0, 10.0, 20.0]])),
        paints=(d.Paint(quantity=0, thing=inlet.thing, values=buffer.add(along, coding="previous")),),
    )  # fmt: skip
    edges = d.Edges(
        power=buffer.add(np.array([[0, 1], [1, 2], [1, 3], [1, 4]]), "u32"),
        cooling=buffer.add(np.array([[4, 2], [4, 3]]), "u32"), loop=buffer.add(np.array([6, 6]), "u32"),
    )  # fmt: skip
    return document.pack(
        d.Document(
            generator="twin", title="Two racks", digest="0" * 64, status="solved", verdict="fail",
            summary="1 rule is broken", low=(0, 0, 0), high=(2, 1, 1), dimensions=dimensions(("temperature",)),
            luts=(buffer.add(np.arange(768).reshape(256, 3) % 256, "u8"),), things=things, layers=(layer,),
            quantities=(inlet,),
            states=states, findings=(finding,), figures=(d.Figure(name="pue", label="PUE", text="1.08"),), edges=edges,
            timelines=(timeline,),
        ),
        buffer,
    )  # fmt: skip


if __name__ == "__main__":
    (HERE / "quantities.json").write_text(
        json.dumps(quantities(), ensure_ascii=False, indent=0) + "\n", encoding="utf-8"
    )
    (HERE / "small.scene").write_bytes(scene())
