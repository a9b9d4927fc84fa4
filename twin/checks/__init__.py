"""Rules: what is checked, against which limit of which standard, and by how much it holds.

One function per rule, grouped by subject in the modules of this package; :func:`twin.checks.rules.check`
makes it a rule.  :func:`judge` applies all of them to a solved facility, :func:`check_placement` those that
need no solve.
"""

from twin.checks import (
    air,
    chips,
    circulation,
    continuity,
    faults,
    feeding,
    harmonics,
    limits,
    liquid,
    phases,
    piping,
    placement,
    power,
    redundancy,
    ride_through,
    site,
    windings,
    year,
)
from twin.checks.engine import (
    RULES,
    Assessment,
    Group,
    Rule,
    check,
    check_placement,
    grouped,
    judge,
    rules_table,
)
from twin.checks.limits import check_limits
from twin.checks.overrides import check_overrides

__all__ = [
    "RULES",
    "Assessment",
    "Group",
    "Rule",
    "air",
    "check",
    "check_limits",
    "check_overrides",
    "check_placement",
    "chips",
    "circulation",
    "continuity",
    "faults",
    "feeding",
    "grouped",
    "harmonics",
    "judge",
    "limits",
    "liquid",
    "phases",
    "piping",
    "placement",
    "power",
    "redundancy",
    "ride_through",
    "rules_table",
    "site",
    "windings",
    "year",
]
