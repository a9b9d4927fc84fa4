"""Air in a hall: the zonal balance, the field in three dimensions, and the indices read from rack inlets.

:mod:`.zonal` answers in milliseconds with one temperature per aisle, for all scenarios at once.  :mod:`.field` solves the
air of a room in three dimensions in seconds to a minute, one flow at a time; what only heat changes in a solved flow it
answers in microseconds.  The zonal model can take its fractions from the field.  Theory and validation: ``THEORY.md`` here
and in ``field/``.
"""
