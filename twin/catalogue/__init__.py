"""Equipment, climates, grids and published throughput as data files, every entry with its source.

A file holds entries by name.  ``like: other_name`` starts from another entry and changes keys::

    gb300_nvl72_lowflow:
      like: gb300_nvl72
      coolant: {return_temperature: 60 degC}
      source: site acceptance test, 3 May 2026

The built-in files are read on demand: an entry costs nothing until its name is used.
"""

from twin.catalogue.catalogue import Catalogue, CatalogueError, Problem
from twin.catalogue.places import Climate, GridRegion
from twin.catalogue.throughput import Throughput

__all__ = ["Catalogue", "CatalogueError", "Climate", "GridRegion", "Problem", "Throughput"]
