"""Layout files: text with units, includes and parameters becomes a facility; every value keeps its line.

The stages, in order: `text` reads and merges files, `parameters` puts values in, `validation` makes the model
that `twin.model.language` describes, `expand` unrolls it.

Examples
--------
>>> from twin.layout import load
>>> facility = load("layouts/first_hall.yaml")  # doctest: +SKIP
"""

from twin.layout.load import load, load_text
from twin.layout.mistakes import LayoutError, Mistake

__all__ = ["LayoutError", "Mistake", "load", "load_text"]
