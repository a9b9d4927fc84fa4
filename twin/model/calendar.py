"""The calendar of a typical year: 365 days, hours from midnight of 1 January, local standard time."""

from __future__ import annotations

from itertools import chain, repeat

HOURS = 8760
MONTH_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
MONTHS = tuple(chain.from_iterable(repeat(k, 24 * days) for k, days in enumerate(MONTH_DAYS, 1)))
"""Month of every hour, 1 .. 12."""
DAYS = tuple(day for days in MONTH_DAYS for day in range(1, days + 1) for _ in range(24))
"""Day of the month of every hour, 1 .. 31; hour ``k`` begins at ``k % 24`` o'clock."""
