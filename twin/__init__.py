"""A digital twin for data-center design: one layout file in; a verdict, the physics behind it and maps out."""

__version__ = "0.1.0"
