"""What makes a hall's air impossible to solve, said of the element and its line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from twin.model.base import Mark
from twin.model.facility import Facility
from twin.networks.fidelity import AirFault


@dataclass(frozen=True)
class Fault:
    """One reason."""

    message: str
    """What is wrong with which element, in words."""
    mark: Mark
    """Where the element is written."""

    def __str__(self) -> str:
        return f"{self.mark}: {self.message}"


class AirflowError(AirFault):
    """The air of a hall has no solution as it is laid out; ``faults`` says why."""

    def told(self, facility: Facility) -> tuple[tuple[str, Mark], ...]:
        """Every reason with the place in the layout."""
        return tuple((fault.message, fault.mark) for fault in self.faults)

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(map(str, self.faults)))


class TooManyCells(AirFault):
    """The grid would need more memory than is allowed."""

    def __init__(
        self, hall: str, cells: int, spacing: float, sizes: tuple[float, float], fits: float
    ) -> None:
        self.cells = cells
        self.spacing = spacing
        """Asked for. [m]"""
        self.needed, self.allowed = sizes
        """[B]"""
        self.fits = fits
        """Spacing that stays within what is allowed. [m]"""
        super().__init__(
            f"the air of hall {hall or '1'} at {spacing:.2f} m has {cells / 1e6:.1f} million cells and needs "
            f"{self.needed / 1e9:.2f} GB; {self.allowed / 1e9:.2f} GB are allowed. A spacing of {fits:.2f} m fits"
        )


@dataclass(frozen=True)
class Element:
    """Something that has patches, openings or panels in the room."""

    id: str
    kind: str
    mark: Mark


WORDS = {
    "is blocked: no air in front of it": "is blocked",
    "has air on both sides": "has nothing behind it",
}
"""Ends of the room's own sentences, as they are said of an element."""


def translated(
    sentences: Iterable[str], elements: Mapping[str, Element], blockers: Mapping[str, str], other: Mark
) -> list[Fault]:
    """The room's faults, whose sentences begin with the name of a patch or opening, said of elements.

    Parameters
    ----------
    elements
        By name of patch or opening.
    blockers
        Of each patch: what stands in front of it.
    other : Mark
        Of the hall, for sentences that name nothing known.
    """
    faults = []
    for sentence in sentences:
        text = sentence.removeprefix("opening ")
        name = max((n for n in elements if text.startswith(n + " ")), key=len, default=None)
        if name is None:
            faults.append(Fault(sentence, other))
            continue
        element, rest = elements[name], text[len(name) + 1 :]
        if rest.startswith("overlaps ") and rest[9:] in elements:
            second = elements[rest[9:]]
            part = _part(rest[9:], second)
            rest = f"lies in one place with {f'the {part} of ' if part else ''}{second.kind} {second.id}"
        rest = WORDS.get(rest, rest)
        if rest == "is blocked" and name in blockers:
            rest = f"is blocked by {blockers[name]}"
        part = _part(name, element)
        subject = f"its {part} " if part else ""
        faults.append(Fault(f"{element.kind} {element.id}: {subject}{rest}", element.mark))
    return faults


def _part(name: str, element: Element) -> str:
    return name.removeprefix(element.id).strip()
