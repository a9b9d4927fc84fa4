"""What a map shows: which quantities on which layers, on whose scale; for pictures, plan maps and window."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.model.facility import Facility
from twin.results.results import Results, Verdict
from twin.view import colors
from twin.view.colors import MARGIN, Scale
from twin.view.scene import FIELDS, Layer, all_values, paint
from twin.view.theme import THEMES, Theme

Colors = NDArray[np.uint8]


@dataclass(frozen=True)
class Picture:
    """What a picture shows."""

    name: str
    title: str
    paints: tuple[tuple[str, tuple[str, ...], str], ...]
    """Per colour bar: the quantity whose scale it is, the quantities painted with it, and its label (empty
    for the quantity's own)."""
    layers: tuple[str, ...]
    """Layers that are drawn."""
    frame: tuple[str, ...]
    """Layers that the view must hold."""
    camera: str = "iso"
    air: bool = False
    """Whether it shows the air field of the halls that have one."""
    ghost: tuple[str, ...] = ()
    """Layers that are drawn so that one sees through them."""


_HALL = ("floor", "walls", "columns", "racks", "cdus", "crahs")
_YARD = ("power", "plant", "pumps", "other")
_WET = ("plant", "pumps", "other")
_HEAT = (
    (
        "rack.inlet_temperature",
        ("rack.inlet_temperature", "crah.supply"),
        "Air entering racks, leaving air handlers",
    ),
)
_COOLANT = (
    (
        "rack.liquid_return",
        ("loop.supply", "loop.return", "cdu.supply", "plant.leaving", "rack.liquid_return"),
        "Coolant leaving racks, CDUs and plant",
    ),
)
_LOAD = (
    ("power.loading", ("power.loading",), "Load of power machines over rating"),
    ("rack.power", ("rack.power",), "Power of racks"),
)
_ROOM = ("floor", "walls")
_BODIES = ("racks", "cdus", "crahs", "columns", *_YARD)
_STANDING = ("columns", "racks", "cdus", "crahs", *_YARD)
_AIR = (*_HALL, *_YARD, "containment")
PICTURES: dict[str, Picture] = {
    picture.name: picture
    for picture in (
        Picture("heat", "Inlet air", _HEAT, (*_HALL, "containment"), ("floor", "racks", "crahs")),
        Picture("heat_plan", "Inlet air", _HEAT, _HALL, ("floor",), "plan"),
        Picture("coolant", "Coolant", _COOLANT, (*_HALL, *_WET, "pipes_supply", "pipes_return"),
                ("floor", "plant", "pumps")),
        Picture("load", "Electrical load", _LOAD, (*_HALL, "power", "busways"), ("floor", "power")),
        Picture("load_plan", "Electrical load", _LOAD, (*_HALL, *_YARD, "busways"), ("floor", "power"),
                "plan"),
        Picture("margin", "Tightest margins", ((MARGIN, (MARGIN,), ""),),
                (*_HALL, *_YARD, "busways", "pipes_supply", "pipes_return"), ("floor", "plant", "pumps", "power")),
        Picture("air_slices", "Air temperature in three planes", (), _AIR, _ROOM, air=True, ghost=_BODIES),
        Picture("air_surface", "Warm air", (), _AIR, _ROOM, air=True, ghost=_BODIES),
        Picture("air_streams", "Air flow", (), _AIR, _ROOM, air=True, ghost=_BODIES),
        Picture("air_plan", "Air temperature at rack height", (), _STANDING, _ROOM, "plan", air=True),
        Picture("air_section", "Air temperature across the rows", (), _STANDING, _ROOM, "plan", air=True),
    )
}  # fmt: skip
"""The pictures by the name of their file."""
_JUDGED = ("racks", "cdus", "crahs", *_YARD, "busways", "pipes_supply", "pipes_return")
AIR_MAPS = ("air_plan", "air_section")
"""Those of the air that are drawn without graphics."""


def offered(
    names: Iterable[str] | None, fields: Mapping[str, object], verdict: Verdict | None = None
) -> list[str]:
    """Names of pictures to draw in 3-D; without a choice all that the run has something for.

    Raises
    ------
    ValueError
        If a picture of the air is asked for and the run has no air field, or one of margins and no rule was applied.
    """
    judged = verdict is not None and bool(verdict.tightest)
    if names is None:
        return [
            name
            for name, picture in PICTURES.items()
            if name not in AIR_MAPS and (bool(fields) or not picture.air) and (judged or name != MARGIN)
        ]
    chosen = list(names)
    for name in chosen:
        if not fields and name in PICTURES and PICTURES[name].air:
            raise ValueError(
                f"{name} shows an air field, and this run has none; solve with --air rans or potential"
            )
        if name == MARGIN and not judged:
            raise ValueError(
                "margin shows how far things are from their limits, and this run tells none; solve again"
            )
    return chosen


def picture_of(name: str) -> Picture:
    """A picture by its name, or one of a single field; KeyError if there is neither."""
    if name in PICTURES:
        return PICTURES[name]
    field = FIELDS[name]
    shown = dict.fromkeys((*_HALL, *_YARD, *field.layers))
    frame = ("floor", *(layer for layer in field.layers if layer not in _HALL))
    return Picture(name, field.label, ((name, (name,), ""),), tuple(shown), frame)


@dataclass(frozen=True)
class Paint:
    """Values of some layers and the scale that colours them."""

    scale: Scale
    values: dict[str, dict[str, float]]
    """Layer to value by owner."""


def painted(
    facility: Facility,
    results: Results,
    scenario: int,
    wanted: Iterable[tuple[str, tuple[str, ...], str]],
    palette: str | None = None,
    verdict: Verdict | None = None,
) -> list[Paint]:
    """Values and scale of every colour bar; margins are those of the verdict, the worst of all states."""
    paints = []
    for quantity, quantities, label in wanted:
        if quantity == MARGIN:
            tightest = margins(verdict) if verdict is not None else {}
            paints.append(Paint(colors.margin_scale(palette), dict.fromkeys(_JUDGED, tightest)))
            continue
        scale = colors.scale(quantity, all_values(results, quantity), facility, colors=palette, label=label)
        values = {
            layer: paint(results, name, scenario) for name in quantities for layer in FIELDS[name].layers
        }
        paints.append(Paint(scale, values))
    return paints


def margins(verdict: Verdict) -> dict[str, float]:
    """Smallest margin of every thing; what is judged of one of its inputs counts for the thing."""
    found: dict[str, float] = {}
    for subject, (margin, _) in verdict.tightest.items():
        owner, _, terminal = subject.rpartition(".")
        for name in (subject, *([owner] if terminal.startswith("in") and owner else [])):
            found[name] = min(found.get(name, np.inf), margin)
    return found


def box_colors(
    layer: Layer, paints: Iterable[Paint], out: Iterable[str], theme: Theme = THEMES["light"]
) -> Colors | None:
    """Colour of every box of a layer, (n, 3); None if nothing is painted on it."""
    for part in paints:
        if layer.name in part.values:
            painted_boxes = part.scale.rgb(layer.values(part.values[layer.name]))
            gone = set(out)
            painted_boxes[[name in gone for name in layer.ids]] = 255 * np.array(colors.rgb(theme.out))
            return painted_boxes
    return None


def caption(results: Results, scenario: int, verdict: Verdict | None, *, worst: bool = False) -> str:
    """The state, whether it settled, and the verdict; ``worst``: what is shown is that of all states."""
    state = results.scenarios[scenario]
    lost = state.failed[0] if len(state.failed) == 1 else f"{len(state.failed)} machines"
    parts = [f"State: {state.name}" + (f" ({lost} out of service)" if state.out else "")]
    if worst:
        parts = [f"The worst of {len(results.scenarios)} states"]
    elif not results.settled[scenario]:
        parts.append("no steady solution, nothing to paint")
    if verdict is not None:
        broken = len({finding.code for finding in verdict.findings if finding.broken})
        said = f", {broken} {'rules' if broken > 1 else 'rule'} broken" if broken else ""
        parts.append(f"verdict of the design: {verdict.verdict}{said}")
    return "   |   ".join(parts)
