"""What a report tells of the loss of cooling: sentences, a table of times, and temperatures in time."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from twin.checks.wording import quantity
from twin.model.facility import Facility
from twin.model.products import YEAR
from twin.results.results import Results
from twin.view import sheets
from twin.view.facts import ASSUMED, Cell
from twin.view.legend import INK, MUTED
from twin.view.sheets import Sheet, Shown

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

STUDY = "cooling"
LINES = (
    ("lid", "warmest lid", "#d55e00"),
    ("supply", "warmest coolant supply", "#0072b2"),
    ("air", "warmest supply air", "#009e73"),
)
"""Lines, their words and colours (Okabe and Ito, "Color Universal Design", 2008)."""
LIMITS = (
    ("trip", "lid: shuts down", "#d55e00", "-"),
    ("throttle", "lid: throttles", "#d55e00", "--"),
    ("case", "lid: limit", "#d55e00", ":"),
    ("supply", "coolant: warmest allowed", "#0072b2", ":"),
    ("air", "air: warmest allowed", "#009e73", ":"),
)
"""Limits, their words, colours and line styles."""
SOON, LATE = 60.0, 1800.0
"""The axis of time is straight up to the first and logarithmic to the second. [s]"""
TICKS = (0, 10, 20, 30, 60, 120, 300, 600, 1800)
STORAGE = "Time for which tanks give cold"
"""How the heading of that column begins, which is told within others."""
SHEETS = (
    Sheet(
        "cooling_loss", "Losses that make racks throttle, the first to shut down first", "Loss",
        ("time_supply", "time_case", "time_inlet", "time_throttle", "time_trip", "racks_throttle", "racks_trip", "peak_lid"),
        by=("time_trip", "time_throttle"), where=lambda t: (t["racks_throttle"] > 0) & (t["piece"] < 0.5),
    ),
    Sheet(
        "cooling_loss", "Losses from which cooling comes back, and when it has to", "Loss",
        ("restart", "ride_throttle", "ride_trip", "peak_lid", "peak_supply", "peak_air", "storage"), by=("ride_trip",),
        where=lambda t: t["returns"] > 0.5,
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Told:
    """The section of a report."""

    sentences: tuple[str, ...]
    tables: tuple[Shown, ...]
    picture: str
    """As a ``data:`` address; empty without."""


def told(facility: Facility, results: Results) -> Told | None:
    """What is known of the loss of cooling; None for a run without that study."""
    answer = results.answers.get(STUDY)
    if not answer or not answer.get("sentences"):
        return None
    tables = (sheets.shown(facility, results, sheet) for sheet in SHEETS)
    return Told(
        tuple(f"{words[:1].upper()}{words[1:]}." for words in answer["sentences"]),
        tuple(_without_years(_bridged(table)) for table in tables if table is not None),
        picture(answer),
    )


def _bridged(table: Shown) -> Shown:
    """Where racks ride on as long as losses are followed, because tanks give cold: for how long these do."""
    if not table.heads[-1].startswith(STORAGE):
        return table
    never = quantity(YEAR, "duration")
    rows = []
    for row in table.rows:
        *cells, stored = row.cells
        if stored.text != sheets.NONE:
            lasts = Cell(f"{stored.text} of storage")
            cells = [lasts if cell.text == never else cell for cell in cells]
        rows.append(replace(row, cells=tuple(cells)))
    return replace(table, heads=table.heads[:-1], rows=tuple(rows))


def _without_years(table: Shown) -> Shown:
    """What never happens is told by a dash."""
    never = quantity(YEAR, "duration")

    def told_(cell: Cell) -> Cell:
        return Cell(sheets.NONE) if cell.text == never else cell

    rows = (replace(row, cells=tuple(told_(cell) for cell in row.cells)) for row in table.rows)
    return replace(table, rows=tuple(rows))


def picture(answer: Mapping[str, Any]) -> str:
    """Temperatures of the worst losses as a ``data:`` address of a PNG; empty where there is nothing to draw."""
    if not answer.get("drawn"):
        return ""
    made = BytesIO()
    figure(answer).savefig(made, format="png", dpi=110)
    return f"data:image/png;base64,{base64.b64encode(made.getvalue()).decode('ascii')}"


def figure(answer: Mapping[str, Any]) -> Figure:
    """One panel for each loss: warmest lid, coolant supply and supply air in time, with their limits."""
    from matplotlib.figure import Figure

    losses: Sequence[Mapping[str, Any]] = answer["drawn"]
    rows = (len(losses) + 1) // 2
    sheet = Figure(figsize=(11.0, 0.7 + 3.3 * rows), layout="constrained")
    panels = np.atleast_1d(sheet.subplots(rows, min(len(losses), 2), sharey=True, squeeze=False)).ravel()
    for axes, loss in zip(panels, losses, strict=False):
        _panel(axes, loss, np.array(answer["times"], float), answer["limits"])
    for axes in panels[len(losses) :]:
        axes.set_axis_off()
    entries = {
        text: handle
        for axes in panels
        for handle, text in zip(*axes.get_legend_handles_labels(), strict=True)
    }
    sheet.legend(
        list(entries.values()), list(entries), loc="outside lower center", ncols=4, frameon=False, fontsize=8,
        labelcolor=INK,
    )  # fmt: skip
    return sheet


def _panel(
    axes: Axes, loss: Mapping[str, Any], times: NDArray[np.float64], limits: Mapping[str, float]
) -> None:
    present = [name for name, _, _ in LINES if name in loss]
    for name, words, color in LINES:
        if name in loss:
            axes.plot(times, loss[name], color=color, lw=1.8, label=words)
    for name, words, color, style in LIMITS:
        line = name if name in ("supply", "air") else "lid"
        if name in limits and line in present:
            axes.axhline(limits[name], color=color, ls=style, lw=0.9, alpha=0.75, label=words)
    if 0.0 < loss["restart"] < LATE:
        axes.axvline(loss["restart"], color=MUTED, lw=0.9, ls="-.", label="everything cools again")
    axes.set_xscale("symlog", linthresh=SOON, linscale=1.6)
    axes.set_xlim(0.0, LATE)
    axes.set_xticks(TICKS, [_moment(tick) for tick in TICKS])
    axes.minorticks_off()
    axes.set_title(f"Loss of {loss['what']}", fontsize=9, color=INK, loc="left")
    axes.tick_params(labelsize=8, colors=MUTED)
    axes.grid(color="#e3e7eb", lw=0.6)
    axes.set_ylabel("degC", fontsize=8, color=MUTED)
    axes.set_xlabel("after the loss", fontsize=8, color=MUTED)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _moment(seconds: int) -> str:
    return f"{seconds} s" if seconds < SOON else f"{seconds // 60} min"


def assumptions(results: Results) -> list[tuple[str, str, str]]:
    """What was taken for granted: thing, value, source."""
    if not results.answers.get(STUDY, {}).get("losses"):
        return []
    from twin.networks import thermal_mass as mass  # scipy

    litres = 1e6  # per kilowatt, of a cubic metre per watt
    said = (
        f"fluid where no sheet tells it: {litres * mass.CDU_VOLUME:.3g} L/kW in CDUs, "
        f"{litres * mass.PLANT_VOLUME:.3g} L/kW in plant, {litres * mass.RACK_VOLUME:.3g} L/kW in racks",
        f"of a hall, its air and {100 * mass.RACK_SHARE:.0f} % of the mass of what stands in it take up heat",
        "control valves keep the flow they had, those of machines that take over hold more; pumps left run as needed",
        "air moves on by the racks' fans when air handlers stand; racks give full heat until 10 K above their class",
    )
    return [("loss of cooling", words, ASSUMED) for words in said]
