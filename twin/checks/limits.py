"""The designer's own limits, on quantities of the states, of studies, and on figures of a year."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np

from twin.checks.places import feed_name, hall_name
from twin.checks.rules import Assessment, check
from twin.checks.selection import named, selectors, things
from twin.checks.wording import dimension
from twin.layout.mistakes import did_you_mean
from twin.model.base import Mark
from twin.model.facility import Facility, Feed
from twin.model.language import Limit
from twin.model.products import PLANT_KINDS
from twin.results.quantities import QUANTITIES, Quantity
from twin.results.results import Results, Table
from twin.results.year import ANNUAL, annual
from twin.scenario import Scenario
from twin.units import UnitError

ALIASES = {
    "breaker.load": "feed.loading",
    "breaker.loading": "feed.loading",
    "breaker.current": "feed.current",
    "feed.voltage_drop": "feed.drop",
    "rack.inlet": "rack.inlet_temperature",
    "rack.outlet": "rack.outlet_temperature",
    "rack.coolant_flow": "rack.liquid_flow",
    "rack.coolant_supply": "rack.liquid_supply",
    "rack.coolant_return": "rack.liquid_return",
    "site.power": "site.facility_power",
    "site.cost_per_token": "site.cost",
    "site.tokens_per_joule": "site.tokens_per_joule_utility",
}
"""Other words for quantities.  ``ups.loading`` and the like name a kind of machine instead of its table."""
POWER_KINDS = (
    "utility",
    "generator",
    "bess",
    "transformer",
    "ups",
    "rectifier",
    "switchboard",
    "transfer_switch",
    "busway",
    "pdu",
)
PLANT_TABLE = (*PLANT_KINDS, "thermosyphon")
_KIND_TABLE = {**dict.fromkeys(POWER_KINDS, "power"), **dict.fromkeys(PLANT_TABLE, "plant")}


YEAR = "year"
"""Word of the figures of a year, :data:`twin.results.year.ANNUAL`."""


@check("LIM-001", "The designer's own limits hold", standard="layout", clause="limits")
def designers_limits(facility: Facility, results: Results) -> Iterator[Assessment]:
    """Every entry of ``limits:``; the finding shows its line."""
    for limit, mark in facility.limits:
        if resolve(limit.what) is not None:
            yield from _assess(limit, mark, facility, results)


def resolve(what: str) -> tuple[Quantity, str] | None:
    """The quantity that a limit names and the kind of machine it is confined to (empty for all)."""
    what = ALIASES.get(what, what)
    word, _, name = what.partition(".")
    if word == YEAR:
        about = ANNUAL.get(name)
        return (Quantity(what, about.label, about.dimension), "") if about else None
    quantity = QUANTITIES.get(f"{_KIND_TABLE.get(word, word)}.{name}")
    return (quantity, word if word in _KIND_TABLE else "") if quantity else None


def check_limits(facility: Facility) -> list[tuple[Mark, str]]:
    """Mistakes in the designer's limits: unknown quantities, wrong units, selectors that mean nothing.

    Returns
    -------
    list of (Mark, str)
        Line of the limit and one sentence; empty if all can be judged.
    """
    return [(mark, message) for limit, mark in facility.limits for message in _mistakes(limit, facility)]


def unanswered(facility: Facility, results: Results) -> tuple[str, ...]:
    """Limits on quantities of studies that were not made, as sentences."""
    words = []
    for limit, mark in facility.limits:
        found = resolve(limit.what)
        table, _, name = found[0].name.partition(".") if found else ("", "", "")
        if table == YEAR:
            if results.year is None:
                words.append(f"{mark}: limit on {limit.what} needs the hours of a year (--year)")
            elif name not in annual(results.year.facts):
                words.append(f"{mark}: limit on {limit.what} needs an hour that has a solution")
            continue
        tables = (results.tables.get(table), results.studies.get(table))
        if found and not any(t is not None and name in t.values for t in tables):
            words.append(f"{mark}: limit on {limit.what} needs a study that was not made")
    return tuple(words)


def _mistakes(limit: Limit, facility: Facility) -> Iterator[str]:
    found = resolve(limit.what)
    if found is None:
        near = did_you_mean(limit.what, (*QUANTITIES, *ALIASES, *(f"{YEAR}.{name}" for name in ANNUAL)))
        yield f'limits > what: no quantity is called "{limit.what}"' + (f"; {near}" if near else "")
        return
    quantity, kind = found
    for bound in ("max", "min"):
        value = getattr(limit, bound)
        if value is not None:
            try:
                dimension(quantity.dimension).read(value, text=True)
            except UnitError as error:
                yield f"limits > {bound}: {error}"
    ids = _ids(facility, quantity.name.partition(".")[0])
    if ids and not any(_chosen(limit, kind, ids, facility)):
        which = f" that {', '.join(selectors(limit.select))} selects" if limit.select else ""
        yield f"limits > select: nothing{which} has the quantity {limit.what}"
    for state in limit.during:
        if state not in ("normal", "any") and not state.startswith("lose:"):
            yield f'limits > during: "{state}" is no state; use normal, any or lose: and a selector'
        elif state.startswith("lose:") and not things(facility, (state.removeprefix("lose:"),)):
            yield f'limits > during: "{state}" loses nothing that exists'


def _ids(facility: Facility, table: str) -> tuple[str, ...]:
    """Things that a result table will hold; empty if that is known only after the solve."""
    if table == "feed":
        return tuple(feed_name(feed) for feed in facility.feeds)
    if table == "loop":
        return tuple(circuit.id for circuit in facility.circuits)
    if table == "hall":
        return tuple(hall_name(shell.id) for shell in facility.halls)
    if table in ("site", YEAR):
        return ("site",)
    kinds: dict[str, tuple[str, ...]] = {
        "rack": ("rack",),
        "cdu": ("cdu",),
        "crah": ("crah",),
        "pump": ("pump",),
    }
    kinds |= {"plant": PLANT_TABLE, "power": POWER_KINDS}
    return tuple(machine.id for machine in facility.of_kind(*kinds.get(table, ())))


def _assess(limit: Limit, mark: Mark, facility: Facility, results: Results) -> Iterator[Assessment]:
    found = resolve(limit.what)
    assert found is not None
    quantity, kind = found
    table_name, _, name = quantity.name.partition(".")
    table = results.tables.get(table_name)
    if table is None or name not in table.values:
        yield from _assess_study(limit, mark, facility, results, quantity)
        return
    rows = np.array([_counts(limit, scenario, facility) for scenario in results.scenarios])
    if table is None or not table.ids or not rows.any():
        return
    columns = np.flatnonzero(_chosen(limit, kind, table.ids, facility))
    if not len(columns):
        return
    values, subjects = table[name][:, columns], tuple(table.ids[index] for index in columns)
    known = quantity.name == "rack.inlet_temperature"
    error = table["inlet_error"][:, columns] if known else None
    what = f"{_lowered(quantity.label)} ({limit.what})"
    where = np.broadcast_to(rows[:, None], values.shape)
    bounds: tuple[tuple[Literal["max", "min"], str | float | None], ...] = (
        ("max", limit.max),
        ("min", limit.min),
    )
    for sense, bound in bounds:
        if bound is not None:
            number = dimension(quantity.dimension).read(bound)
            shown = "ratio" if quantity.dimension == "flag" else quantity.dimension
            yield Assessment(
                subjects, values, number, sense, shown, what, where, limit.severity, mark, error=error
            )


def _assess_study(
    limit: Limit, mark: Mark, facility: Facility, results: Results, quantity: Quantity
) -> Iterator[Assessment]:
    """A limit on what has no axis of states: it holds for the design, whatever ``during`` says."""
    table_name, _, name = quantity.name.partition(".")
    table = _of_year(results, name) if table_name == YEAR else results.studies.get(table_name)
    if table is None or not table.ids or not results.scenarios:
        return
    columns = np.flatnonzero(_chosen(limit, "", table.ids, facility))
    if not len(columns):
        return
    subjects, values = tuple(table.ids[index] for index in columns), table[name][columns]
    where = np.zeros((len(results.scenarios), len(columns)), bool)
    where[0] = True  # told once, with the first state
    bounds: tuple[tuple[Literal["max", "min"], str | float | None], ...] = (
        ("max", limit.max),
        ("min", limit.min),
    )
    for sense, bound in bounds:
        if bound is not None:
            number = dimension(quantity.dimension).read(bound)
            shown = "ratio" if quantity.dimension == "flag" else quantity.dimension
            what = f"{_lowered(quantity.label)} ({limit.what})"
            whole = np.broadcast_to(values, where.shape)
            yield Assessment(subjects, whole, number, sense, shown, what, where, limit.severity, mark)


def _of_year(results: Results, name: str) -> Table | None:
    """A figure of the year as a table of the site; None if there is no year or it lacks it."""
    figures = annual(results.year.facts) if results.year is not None else {}
    return Table(("site",), {name: np.array([figures[name]])}) if name in figures else None


def _chosen(limit: Limit, kind: str, ids: tuple[str, ...], facility: Facility) -> list[bool]:
    """Which things of a table a limit is about; a feed is also chosen through what feeds it."""
    of_kind = [not kind or (name in facility.by_id and facility.by_id[name].kind == kind) for name in ids]
    select = selectors(limit.select)
    if not select:
        return of_kind
    selected = things(facility, select)
    feeds = {feed_name(feed): feed for feed in facility.feeds}
    return [
        fits and (name in selected or named(name, select) or _feed_of(feeds.get(name), selected))
        for name, fits in zip(ids, of_kind, strict=True)
    ]


def _feed_of(feed: Feed | None, selected: frozenset[str]) -> bool:
    return feed is not None and (feed.to in selected or not selected.isdisjoint(feed.sources))


def _counts(limit: Limit, scenario: Scenario, facility: Facility) -> bool:
    """Whether a limit holds in a state: by its name, or as the loss of a machine that the selector means."""
    if "any" in limit.during or scenario.usual in limit.during:
        return True
    if scenario.intact:
        return "normal" in limit.during
    lost = [state.removeprefix("lose:") for state in limit.during if state.startswith("lose:")]
    return len(scenario.failed) == 1 and bool(lost) and scenario.failed[0] in things(facility, lost)


def _lowered(label: str) -> str:
    return label if label[:2].isupper() else label[:1].lower() + label[1:]
