"""Light and dark: the colours of everything that carries no value, one table for pictures, plan maps and the window."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from twin.view import colors


@dataclass(frozen=True)
class Theme:
    """Colours as ``#rrggbb``."""

    name: str
    sheet: str
    """Behind everything."""
    ink: str
    muted: str
    """Of what is read second: captions, axes."""
    card: str
    """Behind words that stand on a drawing."""
    line: str
    """Thin lines between words."""
    edge: str
    """Edges of painted boxes."""
    faint: str
    """Edges of boxes that are not painted."""
    floor: str
    wall: str
    shadow: float
    """Darkest contact shadow, share of black."""
    pale: float
    """How far towards the sheet the colour of what is not painted goes."""
    out: str
    """Of a machine that the state takes out of service."""
    good: str
    bad: str
    accent: str
    """Outline of the thing that a picture is about."""
    upstream: str
    downstream: str
    """Of what serves it, and what it serves."""

    def toned(self, color: str, share: float | None = None) -> str:
        """A colour on its way to the sheet."""
        share = self.pale if share is None else share
        mixed = (1 - share) * np.array(colors.rgb(color)) + share * np.array(colors.rgb(self.sheet))
        return colors.css(np.round(255 * mixed).astype(np.uint8))


THEMES = {
    theme.name: theme
    for theme in (
        Theme(
            "light", sheet="#ffffff", ink="#1b2430", muted="#5b6776", card="#ffffff", line="#d7dce2",
            edge="#2b323b", faint="#a9b1bb", floor="#eef0f3", wall="#c9d1da", shadow=0.46, pale=0.58,
            out=colors.css(colors.OUT),
            good="#1a7f4b", bad="#c22f2f", accent="#e0218a", upstream="#0b6bcb", downstream="#8a5a00",
        ),
        Theme(
            "dark", sheet="#11161d", ink="#eef2f6", muted="#9aa7b5", card="#1b222c", line="#36404c",
            edge="#0b0f14", faint="#5a6673", floor="#2b343f", wall="#54616f", shadow=0.72, pale=0.45, out="#020305",
            good="#3fc380", bad="#ff6b63", accent="#ff5db1", upstream="#58a6ff", downstream="#f2b134",
        ),
    )
}  # fmt: skip
"""The themes by name."""


def themed(name: str) -> Theme:
    """A theme by its name; ValueError if there is none."""
    if name not in THEMES:
        raise ValueError(f'no theme "{name}"; there are {", ".join(THEMES)}')
    return THEMES[name]
