"""Names of machines and loops for drawings: kinds in the plural, and what many of them are called together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from twin.model.facility import Machine

KINDS = {
    "utility": ("utility", "utilities"),
    "generator": ("generator", "generators"),
    "bess": ("battery storage", "battery storages"),
    "transformer": ("transformer", "transformers"),
    "switchboard": ("switchboard", "switchboards"),
    "transfer_switch": ("transfer switch", "transfer switches"),
    "ups": ("UPS", "UPS"),
    "pdu": ("distribution panel", "distribution panels"),
    "busway": ("busway", "busways"),
    "rectifier": ("rectifier", "rectifiers"),
    "rack": ("rack", "racks"),
    "cdu": ("CDU", "CDUs"),
    "crah": ("air handler", "air handlers"),
    "rear_door": ("rear door", "rear doors"),
    "pump": ("pump", "pumps"),
    "heat_exchanger": ("heat exchanger", "heat exchangers"),
    "tank": ("tank", "tanks"),
    "dry_cooler": ("dry cooler", "dry coolers"),
    "cooling_tower": ("cooling tower", "cooling towers"),
    "chiller": ("chiller", "chillers"),
    "thermosyphon": ("thermosyphon", "thermosyphons"),
}
"""Kinds of machines in the singular and plural."""
NAMES = 3
"""Most names that are told one by one."""


def kind(name: str, count: int = 2) -> str:
    """A kind in words."""
    one, many = KINDS.get(name, (name.replace("_", " "), f"{name.replace('_', ' ')}s"))
    return one if count == 1 else many


def capital(words: str) -> str:
    """With a capital letter first; the rest as it is."""
    return words[:1].upper() + words[1:]


def counted(machines: Sequence[Machine]) -> str:
    """``6 x ups_1250kw``; of several products their kinds."""
    types = {machine.type for machine in machines}
    if len(types) == 1:
        name = next(iter(types))
    else:
        name = " and ".join(dict.fromkeys(kind(machine.kind, len(machines)) for machine in machines))
    return name if len(machines) == 1 else f"{len(machines):,} x {name}"


def span(names: Iterable[str]) -> str:
    """A few names, or the first and the last of many."""
    listed = list(names)
    if len(listed) <= NAMES:
        return ", ".join(listed)
    return f"{listed[0]} … {listed[-1]}"


def together(names: Sequence[str]) -> str:
    """What names have in common: ``tcs`` of ``h1.tcs.p1`` and ``h2.tcs.p3``; without anything the first and last."""
    if len(names) == 1:
        return names[0]
    parts = [name.split(".") for name in names]
    shared = [part for part in parts[0] if all(part in other for other in parts[1:])]
    return ".".join(shared) or span(names)


def base(machine: Machine) -> str:
    """Group of a machine without hall, pod and side: ``ups`` of ``h1.ups.A``."""
    drop = {machine.feed, machine.hall or "", machine.pod or ""}
    parts = [part for part in machine.group.split(".") if part not in drop]
    return ".".join(parts) or machine.group
