"""Power topologies of NVIDIA DPS (Domain Power Service), JSON schema ``dcpower_0.1``, as bare networks.

Read from its public documentation (docs.nvidia.com/datacenter/dps, "Topologies", "Entities", "DPS topology" schema):
``Entities`` lists equipment with ``Name``, ``Type``, ``Model``, ``OperatingLimit`` (``Constraints`` before 0.9) and
``StaticLoad``; ``Topology`` lists which entity feeds which ``Children``.  A topology has neither voltages nor
impedances, and what a node draws stands in the device specifications, a separate file.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from twin.exchange.network import BareNetwork, read_json
from twin.layout.mistakes import LayoutError, Mistake, one_of, suggest

TYPES = ("PowerDomain", "PowerDistribution", "PowerSupply", "ComputerSystem")
"""Types of entities that carry or take power."""
LIMITED = TYPES[:3]
VOLTAGE = 415.0
"""Nominal voltage taken where none is told (assumed). [V]"""
SMALLEST, LARGEST = 1e-3, 1e12
"""Powers that are read, 0 apart. [W]"""
BASE = 1e6
"""Power base. [VA]"""


def read_dps(
    path: str | Path, *, watts: Mapping[str, float] | None = None, voltage: float = VOLTAGE
) -> BareNetwork:
    """Read a topology file.

    Parameters
    ----------
    watts : what computer systems draw, by their name or their model (``maxLoadWatts`` of the device
        specification). [W]
    voltage : line-to-line, of all buses. [V]

    Raises
    ------
    twin.layout.mistakes.LayoutError
        All mistakes, each with its entity.

    Notes
    -----
    Power domains are ideal sources.  Every feed is a branch without impedance, rated at the operating limit of what it
    feeds: the network answers who feeds whom and how loaded, not voltages.  A computer system with several
    parents has a cord to each, in equal parts; other equipment with several takes the first that lives.
    ``efficiencyFactor`` of device specifications and power policies are left out.
    """
    reader = _Reader(str(path), read_json(path), watts or {})
    reader.check()
    return reader.finished(Path(path).stem, voltage)


class _Reader:
    def __init__(self, file: str, document: dict[str, Any], watts: Mapping[str, float]) -> None:
        self.file, self.watts = file, watts
        self.mistakes: list[Mistake] = []
        self.notes = ["nominal voltages and impedances are not part of a DPS topology"]
        if document.get("Policies"):
            self.notes.append("policies are left out")
        self.entities = self._entities(document.get("Entities", []))
        topology = document.get("Topology")
        if not isinstance(topology, dict):
            lower = "topology" in document
            self.wrong('"Topology" is missing' + ("; keys are case-sensitive" if lower else ""))
            topology = {}
        self.name = topology.get("Name") if isinstance(topology.get("Name"), str) else ""
        self.children = self._children(topology.get("Entities", []))
        self.parents: dict[str, list[str]] = {name: [] for name in self.children}
        for parent, below in self.children.items():
            for child in below:
                if child in self.parents and parent not in self.parents[child]:
                    self.parents[child].append(parent)
        self._roles()

    def wrong(self, message: str, *where: str) -> None:
        self.mistakes.append(Mistake(self.file, 0, 0, 1, message, where))

    def check(self) -> None:
        if self.mistakes:
            raise LayoutError(self.mistakes)

    def _entities(self, given: Any) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        if not isinstance(given, list):
            self.wrong("must be a list", "Entities")
            return found
        for number, entity in enumerate(given):
            name = entity.get("Name") if isinstance(entity, dict) else None
            if not isinstance(name, str) or not name:
                self.wrong('needs a "Name"', "Entities", str(number))
            elif name in found:
                self.wrong("is there twice", "Entities", name)
            else:
                found[name] = entity
        return found

    def _children(self, given: Any) -> dict[str, list[str]]:
        """Children of every entity of the topology."""
        found: dict[str, list[str]] = {}
        if not isinstance(given, list) or not given:
            self.wrong("must be a list with at least one entity", "Topology", "Entities")
            return found
        for number, entity in enumerate(given):
            name = entity.get("Name") if isinstance(entity, dict) else None
            below = entity.get("Children", []) if isinstance(entity, dict) else []
            if not isinstance(name, str) or not name:
                self.wrong('needs a "Name"', "Topology", "Entities", str(number))
            elif name in found:
                self.wrong("is there twice", "Topology", "Entities", name)
            elif not isinstance(below, list) or not all(isinstance(child, str) for child in below):
                self.wrong('"Children" must be a list of names', "Topology", "Entities", name)
            else:
                found[name] = below
                if name not in self.entities:
                    self.wrong(
                        "is not one of Entities" + suggest(name, list(self.entities)), "Topology", name
                    )
        for name, below in found.items():
            for child in below:
                if child not in found:
                    self.wrong(
                        f'child "{child}" is not in the topology' + suggest(child, list(found)),
                        "Topology",
                        name,
                    )
        return found

    def _roles(self) -> None:
        for name in self.children:
            entity = self.entities.get(name, {})
            kind = entity.get("Type")
            if name in self.entities and kind not in TYPES:
                self.wrong(f"type {kind!r} does not carry power; {one_of(TYPES)}", "Entities", name)
            if kind == "PowerDomain" and self.parents[name]:
                self.wrong("a power domain has no parents", "Topology", name)
            if kind in TYPES[1:] and not self.parents[name]:
                self.wrong(f"a {kind} needs a parent that feeds it", "Topology", name)
            if kind == "ComputerSystem" and self.children[name]:
                self.wrong("a computer system has no children", "Topology", name)
        if loop := self._loop():
            self.wrong("feeds itself", "Topology", *loop)

    def _loop(self) -> list[str]:
        """Entities that are left when those without open parents are taken away again and again."""
        open_parents = {name: len(above) for name, above in self.parents.items()}
        front = [name for name, count in open_parents.items() if not count]
        while front:
            for child in set(self.children[front.pop()]) & open_parents.keys():
                open_parents[child] -= 1
                if not open_parents[child]:
                    front.append(child)
        return [name for name, count in open_parents.items() if count > 0][:5]

    def _watt(self, value: Any, *where: str) -> float:
        """A power as the schema writes it."""
        if isinstance(value, dict) and "PowerValue" in value:
            value = value["PowerValue"]
        unit = "W"
        if isinstance(value, dict):
            unit, value = value.get("Type", "W"), value.get("Value")
        good = isinstance(value, int | float) and not isinstance(value, bool)
        if not good or unit != "W" or not (value == 0 or SMALLEST <= value <= LARGEST):
            self.wrong(f'must be a power in "W", 0 or {SMALLEST:g} to {LARGEST:g}', *where)
            return 0.0
        return float(value)

    def _limit(self, name: str) -> float:
        """Operating limit as apparent power, inf = none. [VA]"""
        entity = self.entities[name]
        key = "OperatingLimit" if "OperatingLimit" in entity else "Constraints"
        limit = entity.get(key)
        if not isinstance(limit, dict) or "PowerValue" not in limit or entity["Type"] not in LIMITED:
            return float("inf")
        factor = limit.get("PowerFactor", 1.0)
        if not isinstance(factor, int | float) or not SMALLEST <= factor <= 1:
            self.wrong(f"PowerFactor must be in (0, 1], at least {SMALLEST:g}", "Entities", name, key)
            return float("inf")
        return self._watt(limit, "Entities", name, key) / factor or float("inf")

    def _loads(self) -> dict[str, float]:
        """What each entity draws itself. [W]"""
        drawn = {}
        for name in self.children:
            entity = self.entities[name]
            power = (
                self._watt(entity["StaticLoad"], "Entities", name, "StaticLoad")
                if "StaticLoad" in entity
                else 0.0
            )
            if entity["Type"] == "ComputerSystem":
                model = str(entity.get("Model", ""))
                told = self.watts.get(name, self.watts.get(model))
                if told is None and "StaticLoad" not in entity:
                    self.wrong(f'the draw of model "{model}" is not told (device specifications are not in the file)',
                               "Entities", name)  # fmt: skip
                power = power if told is None else float(told)
            if power:
                drawn[name] = power
        return drawn

    def finished(self, stem: str, voltage: float) -> BareNetwork:
        """Buses of all but the computer systems, which hang on those of their parents."""
        drawn, limits = self._loads(), {name: self._limit(name) for name in self.children}
        self.check()
        kinds = {name: self.entities[name]["Type"] for name in self.children}
        domains = [name for name, kind in kinds.items() if kind == "PowerDomain"]
        carriers = [name for name, kind in kinds.items() if kind != "ComputerSystem"]
        buses = carriers + [f"source of {name}" for name in domains]
        place = {name: row for row, name in enumerate(buses)}
        feeds = [(place[f"source of {name}"], place[name], limits[name], -1, 0) for name in domains]
        names = [f"feed of {name}" for name in domains]
        for number, name in enumerate(name for name in carriers if self.parents[name]):
            above = self.parents[name]
            several = number if len(above) > 1 else -1
            feeds += [(place[up], place[name], limits[name], several, rank) for rank, up in enumerate(above)]
            names += [f"{up}-{name}" for up in above]
        loads = list(drawn)
        cords = [
            (row, place[up])
            for row, name in enumerate(loads)
            for up in (self.parents[name] if kinds[name] == "ComputerSystem" else [name])
        ]
        table = np.array(feeds, dtype=float).reshape(-1, 5)
        hung = np.array(cords, dtype=int).reshape(-1, 2)
        fields: dict[str, Any] = {
            "bus_voltage": np.full(len(buses), voltage), "branch_from": table[:, 0].astype(int),
            "branch_to": table[:, 1].astype(int), "branch_rating": table[:, 2] / (np.sqrt(3.0) * voltage),
            "branch_group": table[:, 3].astype(int), "branch_rank": table[:, 4].astype(int),
            "source_bus": np.array([place[f"source of {name}"] for name in domains], dtype=int),
            "load_power": np.array([drawn[name] for name in loads], dtype=complex),
            "cord_load": hung[:, 0], "cord_bus": hung[:, 1],
        }  # fmt: skip
        return BareNetwork(
            BASE, fields, tuple(buses), tuple(names), tuple(domains), (), (), tuple(loads),
            self.name or stem, self.file, tuple(self.notes),
        )  # fmt: skip
