"""Boxes of a run, sorted by how they are drawn."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from twin.model.facility import Facility
from twin.view import scene as scenes
from twin.view.scene import STYLES, Scene
from twin.view.web.document import Buffer
from twin.view.web.parts import Label, Layer, Look
from twin.view.web.things import Register

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
Parts = dict[str, list[tuple[str, str, Look, Ints]]]
"""By layer of the scene: name, label and look of the layers that it becomes, and which boxes they get."""

FRONTS = ("", "south", "east", "north", "west")
"""Sides of a machine by their number."""
HIDDEN = ("trays", "busways", "pipes_supply", "pipes_return")
"""Layers that are off until they are switched on or painted: they hang over the racks."""
_LOOKS: dict[str, Look] = {
    "floor": "floor",
    "walls": "wall",
    "racks": "rack",
    "cdus": "cdu",
    "crahs": "crah",
    "power": "panel",
    "busways": "busway",
    "plant": "cooler",
    "pipes_supply": "pipe",
    "pipes_return": "pipe",
    "trays": "tray",
    "containment": "glass",
}
_APART: dict[str, dict[str, tuple[str, str, Look]]] = {
    "plant": {
        "cooling_tower": ("towers", "Cooling towers", "tower"),
        **dict.fromkeys(
            ("chiller", "heat_exchanger", "thermosyphon", "tank"),
            ("chillers", "Chillers and exchangers", "box"),
        ),
    }
}
"""Kinds of machine of a layer that look unlike the rest of it: name, label and look of a layer of their own."""


def parted(facility: Facility, scene: Scene) -> Parts:
    """What every layer of the scene becomes."""
    return {layer.name: list(_parts(facility, layer)) for layer in scene.layers}


def _parts(facility: Facility, layer: scenes.Layer) -> Iterator[tuple[str, str, Look, Ints]]:
    apart = _APART.get(layer.name)
    whole = (layer.name, STYLES[layer.name].label, _LOOKS.get(layer.name, "box"))
    if apart is None:
        yield *whole, np.arange(layer.count)
        return
    sorts = [apart.get(facility.by_id[name].kind, whole) for name in layer.ids]
    for sort in dict.fromkeys(sorts):
        yield *sort, np.flatnonzero([other == sort for other in sorts])


def layers(
    facility: Facility, scene: Scene, register: Register, parts: Parts,
    buffer: Buffer,
) -> tuple[Layer, ...]:  # fmt: skip
    """The layers of the document, in drawing order."""
    made = []
    for layer in scene.layers:
        thing = np.array([register.number[name] for name in layer.ids], dtype=np.uint32)
        machines = (facility.by_id.get(name) for name in layer.ids)
        front = np.array([FRONTS.index(m.face) if m is not None else 0 for m in machines], dtype=np.uint8)
        style = STYLES[layer.name]
        for name, label, look, chosen in parts[layer.name]:
            made.append(
                Layer(
                    name=name, label=label, color=style.color, opacity=style.opacity, look=look,
                    hidden=layer.name in HIDDEN,
                    thing=buffer.add(thing[chosen], "u32"),
                    low=buffer.add(np.round(layer.low[chosen], 3)),
                    high=buffer.add(np.round(layer.high[chosen], 3)),
                    front=buffer.add(front[chosen], "u8"),
                )
            )  # fmt: skip
    return tuple(made)


def middles(scene: Scene, register: Register) -> Floats:
    """Middle of every thing's boxes, (n, 3); NaN without any. [m]"""
    count = len(register.things)
    low, high = np.full((count, 3), np.inf), np.full((count, 3), -np.inf)
    for layer in scene.layers:
        owner = [register.number[name] for name in layer.ids]
        np.minimum.at(low, owner, layer.low)
        np.maximum.at(high, owner, layer.high)
    known = np.isfinite(low).all(axis=1) & np.isfinite(high).all(axis=1)
    return np.where(
        known[:, None], (np.where(known[:, None], low, 0) + np.where(known[:, None], high, 0)) / 2, np.nan
    )


def labels(scene: Scene, register: Register, parts: Parts) -> tuple[Label, ...]:
    """Names in the scene; those of halls and of single machines lead to the thing."""
    layer = {
        scene_layer.ids[box]: name
        for scene_layer in scene.layers
        for name, _, _, chosen in parts[scene_layer.name]
        for box in chosen.tolist()
    }
    made = []
    for label in scene.labels:
        group = label.text.rpartition(" (")[0] or label.text
        told = {"text": label.text, "kind": label.kind, "position": label.position}
        told["layer"] = layer.get(register.places.machine(group), "") if label.kind == "group" else ""
        made.append(Label.model_validate({**told, "thing": register.number.get(label.text, -1)}))
    return tuple(made)


def bounds(scene: Scene) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Corners of the halls, of everything without halls; at least a metre apart. [m]"""
    low, high = scene.bounds(*(("floor",) if scene.layer("floor") else ()))
    high = np.maximum(high, low + 1.0)
    if scene.layer("floor"):
        low[2], high[2] = 0.0, scene.hall_high[:, 2].max()
    return tuple(low.tolist()), tuple(high.tolist())
