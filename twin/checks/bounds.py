"""Which bounds the built-in rules have, so that an override of what a rule does not limit is a mistake of the layout.

A rule tells its limits only with results in hand.  What can be known without them stands here; a test holds the table
against the rules themselves.  Rules that are left out answer yes or no.
"""

from __future__ import annotations

_TABLE = """
AIR-001 AIR-002 LIQ-001 LIQ-026 LIQ-027: max temperature, min temperature
AIR-003: max fraction, max temperature, min fraction, min temperature
AIR-004 GEO-001 GEO-002 GEO-003: max length
AIR-005 AIR-011 AIR-012 LIQ-004 LIQ-010 LIQ-011 LIQ-018 LIQ-020 RTC-006: max temperature
AIR-006 LIQ-014 SOL-002 YEA-009: max ratio
AIR-007 LIQ-008 PWR-033 SOL-003 SOL-004 YEA-010: min fraction
AIR-008 PWR-008 PWR-031 PWR-032: max fraction, min fraction
AIR-009 CON-004 HAR-001 HAR-002 HAR-003 HAR-004 LIQ-007 LIQ-013 LIQ-015 LIQ-029 LIQ-036 PHS-001 PHS-003 PHS-004
    PWR-002 PWR-003 PWR-004 PWR-005 PWR-006 PWR-007 PWR-009 PWR-011 PWR-013 PWR-015 PWR-017 PWR-018 PWR-020 PWR-021
    PWR-022 PWR-034 PWR-035 YEA-005: max fraction
AIR-010 LIQ-016: min power
CON-001 CON-002 CON-005 RTC-001 RTC-002 RTC-003 RTC-004: min duration
CON-003 FLT-004: max duration
CON-006 CON-007: max duration, max fraction
FLT-001 FLT-002 PHS-002: max current
FLT-003: min current
FLT-005: max energy_per_area
GEO-004 GEO-005 LIQ-024: min length
GEO-006 GEO-007: max floor_load
LIQ-002 LIQ-034 LIQ-035: min mass_flow
LIQ-003 LIQ-005 LIQ-021 LIQ-022 LIQ-023 LIQ-030: max pressure
LIQ-006 LIQ-017: min temperature
LIQ-009 LIQ-028: max speed
LIQ-019: max fraction, max pressure
LIQ-025: min pressure
LIQ-031: max pressure, min volume
PWR-010: max apparent_power
PWR-019: min apparent_power
YEA-001 YEA-002 YEA-003 YEA-004 YEA-006 YEA-007 YEA-008: max hours
"""


def _read(table: str) -> dict[str, tuple[tuple[str, str], ...]]:
    """Bounds by rule; a line that is indented goes on with the one before it."""
    found = {}
    for line in table.replace("\n    ", " ").strip().splitlines():
        codes, _, bounds = line.partition(": ")
        pairs = tuple((words[0], words[1]) for bound in bounds.split(", ") if (words := bound.split()))
        found.update(dict.fromkeys(codes.split(), pairs))
    return found


BOUNDS = _read(_TABLE)
"""Senses and dimensions of the limits of every rule that has some, by its code."""
UNBOUNDED = frozenset({"LIM-001"})
"""Rules whose limits are the designer's own, of any quantity."""
