"""Key figures of one evaluated state: energy, water, carbon, tokens and money, each with its definition.

All are figures of one steady state (the evaluated outdoor state and workload), not of a year: in the words of
ISO/IEC 30134-2 the PUE is a *designed* one, measured at the racks' input (category 3 boundary).  Where the hours of a
year were evaluated their sums follow, under names that begin with ``annual_``.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite

import numpy as np

from twin.model.facility import Facility
from twin.model.products import Rack
from twin.results.results import Kpi, Results
from twin.results.year import ANNUAL, HOURS, Year, annual

MILLION = 1e6
OF_A_YEAR = "annual_"
"""Begin of the names of annual figures."""


def figures(facility: Facility, results: Results, scenario: int = 0) -> tuple[Kpi, ...]:
    """Key figures of one state.

    Parameters
    ----------
    facility : Facility
        The design that the results belong to.
    results : Results
        The table ``site`` of the state; for stranded power also the loadings in all states.
    scenario : int
        Row of the state; 0 is the normal one.

    Returns
    -------
    tuple of Kpi
        Those whose quantities the results hold, in the order of a report.
    """
    site = _Site(results, scenario)
    found = (
        *_energy(site),
        *_water_and_carbon(facility, site),
        *_stranded(facility, results),
        *_work(facility, site),
        *_money(facility, site),
        *annual_figures(facility, results.year),
    )
    return found


def annual_figures(facility: Facility, year: Year | None) -> tuple[Kpi, ...]:
    """Key figures of a year; none without one, or where no hour has a solution."""
    if year is None or "pue" not in year.facts:
        return ()
    values, facts = annual(year.facts), year.facts
    definitions, parts = _annual_definitions(facility), _annual_parts(year)
    solved = int(facts["hours_solved"])
    gaps = "" if solved == HOURS else f" Over the {solved:,} of {HOURS:,} hours that have a steady solution."
    made = " The weather is synthetic." if year.synthetic else ""
    told = [name for name in definitions if values[name] or name not in ("erf", "tokens_per_joule")]
    return tuple(
        Kpi(
            name=f"{OF_A_YEAR}{name}", label=ANNUAL[name].label, value=values[name], dimension=ANNUAL[name].dimension,
            parts=parts.get(name, {}), definition=f"{definitions[name]}{gaps}{made}",
        )
        for name in told
        if name != "ere" or values["erf"]  # without heat handed on it is the PUE
    )  # fmt: skip


def _annual_parts(year: Year) -> dict[str, dict[str, float]]:
    """What annual figures are made of."""
    energy, it = dict(year.facts["energy"]), year.facts["energy"]["it"]
    uses = {name: joules for name, joules in energy.items() if joules != 0.0}
    cooling = {name: joules / it for name, joules in uses.items() if name not in ("it", "loss")}
    return {
        "pue": {name: joules / it for name, joules in uses.items()},
        "energy": uses,
        "mlc": cooling,
        "cost": dict(year.facts["cost_parts"]),
    }


def _annual_definitions(facility: Facility) -> dict[str, str]:
    """Annual figures in the order of a report, and what they are."""
    hourly = " hour by hour" if facility.year.series else ""
    return {
        "pue": (
            "Energy of the facility over that of IT at the racks' input, sums of all hours: ISO/IEC 30134-2:2016, "
            "category 3, of a design instead of meters."
        ),
        "wue": "Make-up water over IT energy: ISO/IEC 30134-9:2022, category 1; water of power stations is not in it.",
        "cue": (
            f"CO2 of the electricity drawn{hourly} over IT energy: ISO/IEC 30134-8:2022, category 1; generators are not "
            "in it."
        ),
        "erf": "Heat handed to others over the energy of the facility: ISO/IEC 30134-6:2021.",
        "ere": (
            "Energy of the facility less the heat handed to others, over IT energy: The Green Grid, white paper 29 (2010)."
        ),
        "mlc": (
            "Energy of cooling, pumps, fans and heat rejection over IT energy: annualized MLC of ASHRAE 90.4, at the "
            "load of the year."
        ),
        "elc": "Losses of the power tree over what enters it for IT and losses: ELC of ASHRAE 90.4, of the year's energy.",
        "energy": "Energy at the utility meter (or generators), by end use.",
        "it_energy": "Energy of all racks at their input.",
        "water": "Evaporation, drift and blow-down of towers, and water on pads.",
        "carbon": "Emissions of the electricity drawn.",
        "cost": "Electricity at the price of each hour, and water; no demand charges.",
        "tokens_per_joule": "Output tokens over the energy of the facility.",
        "power_highest": "Highest mean power of an hour at the utility meter.",
        "free_hours": "Hours in which no compressor runs.",
        "partial_hours": "Hours in which compressors carry a part of the heat.",
        "mechanical_hours": "Hours in which compressors carry all of the heat.",
    }


class _Site:
    """The site's numbers in one state."""

    def __init__(self, results: Results, scenario: int) -> None:
        table = results.tables.get("site")
        values = table.values if table else {}
        numbers = {name: float(array[scenario, 0]) for name, array in values.items()}
        # cost per token is infinite where no token is made; such a figure is left out
        self._numbers = {name: number for name, number in numbers.items() if isfinite(number)}

    def has(self, *names: str) -> bool:
        return all(name in self._numbers for name in names)

    def __getitem__(self, name: str) -> float:
        return self._numbers[name]

    def kpi(self, name: str, label: str, dimension: str, definition: str, **parts: float) -> Iterator[Kpi]:
        """The quantity as it is; nothing if the results lack it."""
        if self.has(name):
            value = self[name]
            yield Kpi(
                name=name, label=label, value=value, dimension=dimension, parts=parts, definition=definition
            )


def _ratio(numerator: float, denominator: float) -> float:
    """A share; 0 where there is nothing to divide by (a site without power has no PUE)."""
    return numerator / denominator if denominator > 0 else 0.0


def _energy(site: _Site) -> Iterator[Kpi]:
    yield from site.kpi("it_power", "IT power", "power", "Power of all racks at their input.")
    parts = ("it_power", "cooling_power", "loss_power")
    rooms = site["electrical_rooms_power"] if site.has("electrical_rooms_power") else 0.0
    if site.has("facility_power", *parts):
        total, it, cooling, losses = (site[name] for name in ("facility_power", *parts))
        rest = total - it - cooling - losses
        other = rest if abs(rest) > 1e-9 * total else 0.0  # rounding
        definition = (
            "Power at the utility meter (or generators): IT, cooling of halls and of electrical rooms, losses of the "
            "power tree, the rest."
        )
        shares = {"it": it, "cooling": cooling - rooms, "losses": losses, "other": other}
        if site.has("electrical_rooms_power"):
            shares["electrical_rooms"] = rooms
        yield from site.kpi("facility_power", "Facility power", "power", definition, **shares)
        definition = (
            "Facility power over IT power at the racks' input, at the evaluated state: designed PUE with the "
            "boundary of category 3, ISO/IEC 30134-2:2016. Not an annual figure."
        )
        shares = {name: _ratio(part, it) for name, part in shares.items()}
        yield from site.kpi("pue", "PUE", "ratio", definition, **shares)


def _water_and_carbon(facility: Facility, site: _Site) -> Iterator[Kpi]:
    definition = (
        "Water drawn on site over IT energy, at the evaluated state: boundary of ISO/IEC 30134-9:2022 "
        "(category 1), not an annual figure; water used in power stations is not in it."
    )
    yield from site.kpi("wue", "WUE", "volume_per_energy", definition)
    grams = facility.place.carbon_intensity * 3.6e9
    definition = (
        f"CO2 of the electricity drawn (grid average, {grams:.0f} g/kWh) over IT energy: boundary of ISO/IEC "
        "30134-8:2022 (category 1), at the evaluated state, not an annual figure; generators are not in it."
    )
    yield from site.kpi("cue", "CUE", "carbon_intensity", definition)


def _stranded(facility: Facility, results: Results) -> Iterator[Kpi]:
    """Power capacity that cooling or space keep from use, from the highest loadings of all settled states."""
    upstream = _feeding_racks(facility)
    kinds = ("ups", "rectifier", "pdu")
    power = _carried(results, "power", {m.id for m in facility.of_kind(*kinds) if m.id in upstream})
    if power is None:
        power = _carried(
            results, "power", {m.id for m in facility.of_kind("transformer") if m.id in upstream}
        )
    if power is None:
        return
    cooling = [c for c in (_carried(results, name) for name in ("plant", "cdu", "crah")) if c is not None]
    space = sum(m.product.power.maximum for m in facility.racks if isinstance(m.product, Rack))
    parts = {"power_tree": power, "space": space, **({"cooling": min(cooling)} if cooling else {})}
    definition = (
        "IT power the power tree could carry through any evaluated failure before the first UPS, rectifier or panel "
        "that feeds racks (without any: transformer) is full, less what the racks placed (at their "
        "sheets' maximum) or the cooling could use of it; scaled in "
        "proportion from this design."
    )
    stranded = max(power - min(space, *cooling, power), 0.0)
    yield Kpi(
        name="stranded_power",
        label="Stranded power",
        value=stranded,
        dimension="power",
        parts=parts,
        definition=definition,
    )


def _feeding_racks(facility: Facility) -> set[str]:
    """Machines of the power tree on a path to a rack."""
    sources: dict[str, list[str]] = {}
    for feed in facility.feeds:
        sources.setdefault(feed.to, []).extend(feed.sources)
    front, seen = [machine.id for machine in facility.racks], set()
    while front:
        front = [name for to in front for name in sources.get(to, ()) if name not in seen]
        seen.update(front)
    return seen


def _carried(results: Results, table: str, ids: set[str] | None = None) -> float | None:
    """IT power at which the fullest machine of a table would be full, over all settled states; None if it has no load."""
    found = results.tables.get(table)
    if found is None or "loading" not in found.values or "site" not in results.tables:
        return None
    columns = [k for k, name in enumerate(found.ids) if ids is None or name in ids]
    settled = np.array(results.settled, bool)
    if not columns or not settled.any():
        return None
    it = results["site"]["it_power"][settled, 0]
    fullest = found["loading"][settled][:, columns].max(axis=1)
    loaded = (fullest > 0.0) & (it > 0.0)
    return float((it[loaded] / fullest[loaded]).min()) if loaded.any() else None


def _work(facility: Facility, site: _Site) -> Iterator[Kpi]:
    yield from site.kpi("chip_power", "Accelerator power", "power", "Power of all accelerators.")
    yield from site.kpi("racks_served", "Racks with power", "ratio", "Racks with power on at least one feed.")
    yield from site.kpi(
        "racks_throttled", "Racks throttled", "ratio", "Racks that draw less than the workload asks for."
    )
    model, service = facility.workload.model, facility.workload.service
    yield from site.kpi(
        "tokens", "Tokens per second", "token_rate", f"Output tokens of {model}, service level {service}."
    )
    for where, of in (
        ("chip", "the accelerators"),
        ("rack", "accelerator racks at their input"),
        ("it", "all racks at their input"),
        ("utility", "the utility meter"),
    ):
        definition = f"Tokens per joule of electricity at {of}."
        label = f"Tokens per joule, {'IT' if where == 'it' else where}"
        yield from site.kpi(f"tokens_per_joule_{where}", label, "ratio", definition)
    if site.has("tokens", "facility_power"):
        yield Kpi(
            name="tokens_per_second_per_megawatt",
            label="Tokens per second per megawatt",
            value=_ratio(site["tokens"], site["facility_power"]) * MILLION,
            dimension="token_rate",
            definition="Tokens per second that one megawatt at the utility meter makes.",
        )


def _money(facility: Facility, site: _Site) -> Iterator[Kpi]:
    if not site.has("cost"):
        return
    parts = ("capital_it", "capital_facility", "energy", "water", "operations")
    economics = facility.economics
    yield Kpi(
        name="cost_per_million_tokens",
        label="Cost of a million tokens",
        value=site["cost"] * MILLION,
        dimension="money",
        parts={name: site[f"cost_{name}"] * MILLION for name in parts if site.has(f"cost_{name}")},
        definition=(
            f"Capital as annuity at {economics.interest:.1%} interest, energy, water and operation, over the "
            f"tokens made at {facility.workload.utilization:.0%} utilization. Land and staff are not in it."
        ),
    )
