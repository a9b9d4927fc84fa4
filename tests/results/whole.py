"""Hand-made results with everything that a run folder must hold."""

from dataclasses import replace

import numpy as np

from twin.results import QUANTITIES, Results, Table
from twin.results.document import STATES


def whole(results: Results) -> Results:
    """The results with zeros for the tables, quantities and balances that they lack."""
    states = len(results.scenarios)
    tables = {}
    for name in STATES:
        given = results.tables.get(name, Table((), {}))
        names = [q.partition(".")[2] for q in QUANTITIES if q.startswith(f"{name}.")]
        empty = {q: np.zeros((states, len(given.ids))) for q in names}
        tables[name] = Table(given.ids, {**empty, **given.values})
    balances = {name: np.zeros(states) for name in ("mass", "energy", "power")}
    return replace(results, tables=tables, conservation={**balances, **results.conservation})
