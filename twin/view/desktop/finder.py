"""Finding a thing by typing a part of its name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

MOST = 9
"""Names that are offered."""


@dataclass
class Finder:
    """What has been typed, and the names that fit."""

    names: tuple[str, ...]
    text: str = ""
    chosen: int = 0
    """Of the offered names."""
    open: bool = field(default=False)

    @classmethod
    def over(cls, names: Iterable[str]) -> Finder:
        """A finder of some names, each once."""
        return cls(tuple(dict.fromkeys(names)))

    def begin(self) -> None:
        """Start anew."""
        self.text, self.chosen, self.open = "", 0, True

    def matches(self) -> list[str]:
        """Names that hold the text: those that begin with it first, else as they stand in the scene."""
        wanted = self.text.casefold()
        if not wanted:
            return []
        found: tuple[list[str], ...] = ([], [], [])
        for name in self.names:
            folded = name.casefold()
            if wanted in folded:
                found[0 if folded == wanted else 1 if folded.startswith(wanted) else 2].append(name)
        return [*found[0], *found[1], *found[2]][:MOST]

    def type(self, key: str, char: str = "") -> str | None:
        """Take a key; the chosen name when it is the one that ends the search, empty when nothing was chosen."""
        if key in ("Escape", "Return", "KP_Enter"):
            offered = self.matches()
            self.open = False
            return offered[min(self.chosen, len(offered) - 1)] if offered and key != "Escape" else ""
        if key == "BackSpace":
            self.text, self.chosen = self.text[:-1], 0
        elif key in ("Down", "Up"):
            last = max(len(self.matches()) - 1, 0)
            self.chosen = min(max(self.chosen + (1 if key == "Down" else -1), 0), last)
        elif len(char) == 1 and char.isprintable():
            self.text, self.chosen = self.text + char, 0
        return None
