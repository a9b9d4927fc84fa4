"""Pictures of a climate year by matplotlib: one function draws one figure.

Colours are those of Okabe and Ito, "Color Universal Design" (2008), and cividis: both safe for all kinds of colour vision.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from twin.model.calendar import HOURS, MONTH_DAYS
from twin.model.water_classes import WATER_CLASSES
from twin.results.year import MONTH, Year
from twin.view.legend import INK, MUTED, clipped, fonts

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]

USES = {
    "loss_power": ("power tree, losses", "#b5b9bf"),
    "room_fans": ("room air handlers", "#009e73"),
    "cdu_power": ("CDUs", "#56b4e9"),
    "pump_power": ("pumps", "#0072b2"),
    "rejection_power": ("heat rejection", "#e69f00"),
    "compressor_power": ("compressors", "#d55e00"),
    "electrical_rooms_power": ("electrical rooms", "#cc79a7"),
}
"""What is not IT, from the bottom of a stack to its top: name and colour."""
COOLING = tuple(name for name in USES if name != "loss_power")
MODES = (
    ("no compressor", "#56b4e9"),
    ("compressors carry a part", "#f0e442"),
    ("compressors carry all", "#d55e00"),
)
DRY, WET, TOTAL, LINE = "#d55e00", "#0072b2", "#1f2933", "#e3e7eb"
CURVES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#1f2933")
STYLES = ("-", "--", "-.", ":")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
STARTS = np.cumsum([0, *MONTH_DAYS[:-1]])
"""Day of the year on which each month begins."""
FLAT = 0.3
"""A curve that spans less of its highest value does not have its axis begin at zero."""
ALIKE = 0.05
"""Loops whose supplies never differ by more share a curve. [K]"""
MOST_LOOPS = 12
BLOCK = 73
"""Hours over which the shares of end uses are averaged in a duration curve, where hours of equal power differ in them."""


def load_duration(figure: Figure, year: Year) -> None:
    """Facility and IT power, and cooling by end use, each in falling order of its total."""
    left, right = figure.subplots(1, 2)
    hours = np.arange(1, HOURS + 1)
    scale, unit = _power(year["facility_power"].max())
    for name, words, color in (("facility_power", "facility", TOTAL), ("it_power", "IT", MUTED)):
        left.plot(hours, np.sort(year[name])[::-1] / scale, color=color, lw=1.8, label=words)
    _base(left, np.concatenate([year["facility_power"], year["it_power"]])[np.tile(year.solved, 2)] / scale)
    _labelled(left, "Facility power", "hours of the year at or above", unit)
    left.legend(frameon=False, fontsize=8, loc="upper right")
    parts, names = _stack(year, COOLING)
    order = np.argsort(-parts.sum(axis=0), kind="stable")
    scale, unit = _power(parts.sum(axis=0).max())
    colors = [USES[name][1] for name in names]
    blocks = parts[:, order].reshape(len(parts), -1, BLOCK).mean(axis=2) / scale
    middles = hours.reshape(-1, BLOCK).mean(axis=1)
    middles[0], middles[-1] = hours[0], hours[-1]
    right.stackplot(middles, blocks, colors=colors, labels=[USES[n][0] for n in names], lw=0)
    right.plot(hours, parts.sum(axis=0)[order] / scale, color=TOTAL, lw=1.2)
    right.set_ylim(0.0)
    _labelled(right, "Cooling power by end use", "hours of the year at or above", unit)
    _legend(right)
    for axes in (left, right):
        axes.set_xlim(0, HOURS)
        axes.set_xticks(range(0, HOURS, 2000))


def pue_map(figure: Figure, year: Year) -> None:
    """PUE by day of the year and hour of the day."""
    axes = figure.subplots()
    values = np.where(year.solved, year["pue"], np.nan).reshape(-1, 24).T
    image = axes.imshow(
        values, origin="lower", aspect="auto", cmap="cividis", extent=(0, 365, 0, 24), interpolation="nearest"
    )
    axes.set_facecolor("#ffffff")
    axes.set_yticks(range(0, 25, 6))
    _months(axes, STARTS, 365)
    _labelled(axes, "PUE by hour of the year", "", "hour of the day, standard time", grid=False)
    bar = figure.colorbar(image, ax=axes, pad=0.015, aspect=18)
    bar.set_label("PUE", color=INK, fontsize=9)
    bar.ax.tick_params(labelsize=8, color=MUTED)
    bar.outline.set_visible(False)


def compressor_hours(figure: Figure, year: Year) -> None:
    """Hours of every month with compressors off, in part and alone, below the outdoor temperatures."""
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(1.0, 1.7))
    middle = np.arange(12)
    months = [year["dry_bulb"][month == MONTH] for month in range(1, 13)]
    low, high = (np.array([end(values) for values in months]) for end in (np.min, np.max))
    upper.fill_between(middle, low, high, color=DRY, alpha=0.15, lw=0, label="dry bulb: range")
    days = np.array([24.0 * days for days in MONTH_DAYS])
    for name, words, color in (("dry_bulb", "dry bulb", DRY), ("wet_bulb", "wet bulb", WET)):
        mean = _monthly(year[name]) / days
        upper.plot(middle, mean, color=color, lw=1.8, marker="o", ms=3, label=f"{words}: mean")
    _labelled(upper, "Outdoors, and what carries the heat", "", "degC")
    upper.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1.01, 1.0))
    base = np.zeros(12)
    for number, (words, color) in enumerate(MODES):
        count = _monthly((year.solved & (year["mode"] == number)).astype(float))
        lower.bar(middle, count, 0.78, bottom=base, color=color, label=words, edgecolor="white", lw=0.4)
        base += count
    lower.set_ylim(0, 760)
    _month_names(lower)
    _labelled(lower, "", "", "hours")
    _legend(lower)


def energy_by_month(figure: Figure, year: Year) -> None:
    """What is not IT, by end use and month; the month's PUE above each bar."""
    axes = figure.subplots()
    parts, names = _stack(year, tuple(USES))
    months = np.array([_monthly(part) for part in parts]) * 3600.0
    total, it = months.sum(axis=0), _monthly(year["it_power"]) * 3600.0
    scale, unit = (3.6e12, "GWh") if total.max() >= 3.6e12 else (3.6e9, "MWh")
    base = np.zeros(12)
    for row, name in zip(months / scale, names, strict=True):
        axes.bar(
            range(12),
            row,
            0.78,
            bottom=base,
            color=USES[name][1],
            label=USES[name][0],
            edgecolor="white",
            lw=0.4,
        )
        base += row
    for month in range(12):
        pue = 1.0 + total[month] / it[month] if it[month] > 0 else 0.0
        axes.text(month, base[month], f"{pue:.3f}", ha="center", va="bottom", fontsize=8, color=INK)
    axes.set_ylim(0, 1.1 * max(base.max(), 1e-9))
    _month_names(axes)
    whole = float(it.sum()) / 3.6e12
    told = f"{whole:.3g} GWh" if whole >= 1 else f"{1000 * whole:.3g} MWh"
    _labelled(axes, f"Energy beyond IT by month, and PUE (IT of the year: {told})", "", unit)
    _legend(axes)


def water_by_month(figure: Figure, year: Year) -> None:
    """Make-up water of every month; the month's WUE above each bar."""
    axes = figure.subplots()
    water, it = _monthly(year["water"]) * 3.6, _monthly(year["it_power"]) / 1000.0
    axes.bar(range(12), water, 0.78, color="#0072b2")
    for month in range(12):
        wue = 1000.0 * water[month] / it[month] if it[month] > 0 else 0.0
        axes.text(month, water[month], f"{wue:.2f}", ha="center", va="bottom", fontsize=8, color=INK)
    axes.set_ylim(0, 1.12 * max(water.max(), 1e-9))
    _month_names(axes)
    _labelled(axes, "Make-up water by month, and WUE in L/kWh of IT", "", "m\N{SUPERSCRIPT THREE}")


def supply_duration(figure: Figure, year: Year) -> None:
    """Supply of every loop in falling order, over the facility water classes."""
    axes = figure.subplots()
    solved = year.solved
    hours = np.arange(1, int(solved.sum()) + 1)
    groups = _alike(year)
    low, high = year.supply[solved].min() - 3.0, max(year.supply[solved].max() + 3.0, 20.0)
    for number, columns in enumerate(groups[:MOST_LOOPS]):
        label = clipped(year.loops[columns[0]], 24) + (
            f" and {len(columns) - 1} alike" if len(columns) > 1 else ""
        )
        curve = np.sort(year.supply[solved, columns[0]])[::-1]
        label += f", at most {curve[0]:.1f}"
        style = STYLES[number // len(CURVES) % len(STYLES)]
        axes.plot(hours, curve, style, color=CURVES[number % len(CURVES)], lw=1.8, label=label)
    for name, limit in WATER_CLASSES.items():
        if low < limit < high:
            axes.axhline(limit, color=MUTED, lw=0.8, ls=(0, (4, 3)), zorder=1)
            axes.text(HOURS * 1.005, limit, name, fontsize=8, color=MUTED, va="center")
    axes.set(xlim=(0, HOURS), ylim=(low, high), xticks=range(0, HOURS, 1000))
    left_out = f" ({len(groups) - MOST_LOOPS} further curves left out)" if len(groups) > MOST_LOOPS else ""
    title = f"Supply temperature of the loops, and water classes of ASHRAE TC 9.9{left_out}"
    _labelled(axes, title, "hours of the year at or above", "degC")
    axes.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1.05, 1.0), prop=_letters())


def tanks(figure: Figure, year: Year) -> None:
    """Cold in dispatched tanks day by day, and when of the day they are charged and discharged."""
    upper, lower = figure.subplots(2, 1, height_ratios=(1.0, 1.2))
    stored = 100.0 * year["stored"].reshape(-1, 24)
    day = np.arange(365) + 0.5
    upper.fill_between(day, stored.min(axis=1), stored.max(axis=1), color=WET, alpha=0.35, lw=0)
    upper.plot(day, stored.mean(axis=1), color=WET, lw=1.2)
    upper.set(xlim=(0, 365), ylim=(0, 105))
    _months(upper, STARTS, 365)
    _labelled(upper, "Cold in the tanks: least, mean and most of every day", "", "% of full")
    hour = np.arange(24) + 0.5
    means = [year[name].reshape(-1, 24).mean(axis=0) for name in ("charged", "discharged")]
    scale, unit = _power(max(float(np.max(means)), 1.0))
    lower.bar(hour, means[0] / scale, 0.8, color="#56b4e9", label="charged by the plant")
    lower.bar(hour, -means[1] / scale, 0.8, color=DRY, label="discharged to the loops")
    lower.axhline(0.0, color=MUTED, lw=0.8)
    lower.set(xlim=(0, 24), xticks=range(0, 25, 3))
    _labelled(lower, "Heat moved, mean of the year", "hour of the day, standard time", unit)
    lower.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1.01, 1.0))


def halls(figure: Figure, year: Year) -> None:
    """Warmest inlet of every hall in falling order, and the share of its racks that are throttled."""
    left, right = figure.subplots(1, 2)
    solved = year.solved
    hours = np.arange(1, int(solved.sum()) + 1)
    for number, hall in enumerate(year.halls[:MOST_LOOPS]):
        style, color = STYLES[number // len(CURVES) % len(STYLES)], CURVES[number % len(CURVES)]
        for axes, name, factor in ((left, "inlet", 1.0), (right, "throttled", 100.0)):
            curve = factor * np.sort(year.hall[name][solved, number])[::-1]
            axes.plot(hours, curve, style, color=color, lw=1.8, label=clipped(hall, 24))
    _labelled(left, "Warmest rack inlet of each hall", "hours of the year at or above", "degC")
    _labelled(right, "Throttled racks of each hall", "hours of the year at or above", "% of racks")
    right.set_ylim(0.0)
    for axes in (left, right):
        axes.set(xlim=(0, HOURS), xticks=range(0, HOURS, 2000))
    right.legend(frameon=False, fontsize=8, loc="upper right", prop=_letters())


def peak_day(figure: Figure, year: Year) -> None:
    """The day with the most energy, hour by hour."""
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(1.7, 1.0))
    date = str(year.facts["peak_day"]["date"])
    day = int(np.argmax(year["facility_power"].reshape(-1, 24).sum(axis=1)))
    rows = slice(24 * day, 24 * day + 24)
    edges = np.arange(25)
    parts, names = _stack(year, tuple(USES))
    scale, unit = _power(parts[:, rows].sum(axis=0).max())
    base = np.zeros(24)
    for part, name in zip(parts[:, rows] / scale, names, strict=True):
        upper.fill_between(edges, _steps(base), _steps(base + part), step="post", color=USES[name][1], lw=0,
                           label=USES[name][0])  # fmt: skip
        base = base + part
    upper.stairs(base, edges, color=TOTAL, lw=1.2)
    upper.set_ylim(0.0)
    most = year["facility_power"][rows].max()
    whole, whole_unit = _power(most)
    title = f"Day with the most energy, {date}: power beyond IT (facility at most {most / whole:.4g} {whole_unit})"
    _labelled(upper, title, "", unit)
    _legend(upper)
    for name, words, color in (("dry_bulb", "dry bulb", DRY), ("wet_bulb", "wet bulb", WET)):
        lower.plot(np.arange(24) + 0.5, year[name][rows], color=color, lw=1.8, marker="o", ms=3, label=words)
    lower.set(xlim=(0, 24), xticks=range(0, 25, 3))
    _labelled(lower, "", "hour of the day, standard time", "degC")
    lower.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1.01, 1.0))


def _stack(year: Year, names: tuple[str, ...]) -> tuple[Floats, list[str]]:
    """(n, 8760) end uses that draw anything. [W]"""
    used = [name for name in names if np.abs(year[name]).max() > 0.0] or [names[0]]
    return np.array([np.maximum(year[name], 0.0) for name in used]), used


def _alike(year: Year) -> list[list[int]]:
    """Columns of loops with one supply, the warmest first."""
    groups: list[list[int]] = []
    for column in np.argsort(-year.supply[year.solved].mean(axis=0), kind="stable"):
        for group in groups:
            if np.abs(year.supply[:, column] - year.supply[:, group[0]]).max() <= ALIKE:
                group.append(int(column))
                break
        else:
            groups.append([int(column)])
    return groups


def _monthly(values: Floats) -> Floats:
    """(12,) sums over the hours of each month."""
    return np.asarray(np.bincount(MONTH - 1, weights=values, minlength=12), float)


def _steps(values: Floats) -> Floats:
    return np.append(values, values[-1])


def _power(most: float) -> tuple[float, str]:
    return (1e6, "MW") if most >= 2e6 else (1e3, "kW")


def _base(axes: Axes, values: Floats) -> None:
    """From zero, or round the curve where that would be a flat line."""
    low, high = float(values.min()), float(values.max())
    if high > 0 and (high - low) / high < FLAT:
        room = 0.12 * max(high - low, 0.01 * high)
        axes.set_ylim(low - room, high + room)
    else:
        axes.set_ylim(0.0, 1.05 * high)


def _months(axes: Axes, starts: Any, end: int) -> None:
    """Names between the beginnings of the months."""
    axes.set_xticks(starts, [""] * 12)
    middles = (np.asarray(starts) + np.append(starts[1:], end)) / 2
    axes.set_xticks(middles, MONTHS, minor=True)
    axes.tick_params(axis="x", which="minor", length=0, labelsize=8, labelcolor=INK)


def _month_names(axes: Axes) -> None:
    axes.set_xticks(range(12), MONTHS)
    axes.set_xlim(-0.6, 11.6)


def _labelled(axes: Axes, title: str, below: str, beside: str, *, grid: bool = True) -> None:
    """Title, axes and grid alike in all pictures."""
    axes.set_title(clipped(title, 120), loc="left", fontsize=10.5, color=INK, weight="bold", parse_math=False)
    axes.set_xlabel(below, fontsize=9, color=INK)
    axes.set_ylabel(beside, fontsize=9, color=INK)
    axes.tick_params(labelsize=8, labelcolor=INK, color=MUTED, length=2.5)
    for side, spine in axes.spines.items():
        spine.set(visible=side in ("left", "bottom"), linewidth=0.6, color=MUTED)
    if grid:
        axes.set_axisbelow(True)
        axes.grid(axis="y", color=LINE, lw=0.7)


def _legend(axes: Axes) -> None:
    """Beside the axes, in the order of the stack from its top."""
    handles, labels = axes.get_legend_handles_labels()
    axes.legend(
        handles[::-1], labels[::-1], frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1.01, 1.0)
    )


def _letters() -> Any:
    from matplotlib.font_manager import FontProperties

    return FontProperties(family=list(fonts()), size=8)
