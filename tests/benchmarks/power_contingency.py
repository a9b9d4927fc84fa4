"""Every single failure, and maintenance with a failure, against power-grid-model where it can answer.

Process time, one thread. power-grid-model gets its fastest method and a sparse batch update that opens the branch and
moves the load of dead cords to their partners, which our side has to find out by itself; ours returns extremes, losses,
loads not served and the worst state of every element, theirs voltages. "prepared" has the base state divided and
solved beforehand, as their model is built beforehand. power-grid-model has no converters: the campus with
double-conversion UPS has no peer.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from tests.benchmarks.timing import Row, medians, report, single_threaded

SAMPLED = {"300": None, "3k": 1000, "30k": 100}
"""Outages that the peer is asked for; None = all."""
UPS_RATING = 2.5e6  # W


def main() -> None:
    """Print the table."""
    single_threaded()
    report(__doc__ or "", rows)


def rows() -> Iterator[Row]:
    """Passive facilities; the campus of converters; double failures."""
    for name in SAMPLED:
        yield from _passive(name)
    yield _campus(207)
    yield _double(52, 100_000)


def with_converters(net: Any) -> Any:
    """The facility with a double-conversion UPS where its passive bypass was."""
    from dataclasses import replace

    import numpy as np

    from tests.benchmarks.facilities import problem

    ups = net.branch_rating == 3500.0
    plain = problem(net)
    names = ("branch_from", "branch_to", "branch_impedance", "branch_charging", "branch_rating")
    count = np.count_nonzero(ups)
    return replace(
        plain, **{name: getattr(plain, name)[~ups] for name in names}, branch_closed=plain.branch_closed[:, ~ups],
        branch_tap=plain.branch_tap[~ups], branch_group=plain.branch_group[~ups], branch_rank=plain.branch_rank[~ups],
        converter_from=net.branch_from[ups], converter_to=net.branch_to[ups],
        converter_rating=np.full(count, UPS_RATING), converter_loss=np.tile((0.0055, 0.012, 0.013), (count, 1)),
        converter_input_pf=np.full(count, 0.99), converter_voltage=np.ones(count),
        converter_live=np.ones((1, count), dtype=bool),
    )  # fmt: skip


def updates(net: Any, branches: Any) -> tuple[Any, Any]:
    """Sparse batch update of power-grid-model for the outage of each branch with transfer of the loads, and the
    dead buses (., B)."""
    import numpy as np
    from power_grid_model import initialize_array

    from solvers.power import prepare
    from solvers.power.contingency_outages import Outages, masks
    from tests.benchmarks.facilities import cord_power, problem

    ours = problem(net)
    buses, count = net.bus_voltage.size, net.branch_from.size
    dead = []
    for first in range(0, branches.size, 64):
        part = Outages.each(0, branches[first : first + 64])
        from dataclasses import replace

        state = prepare(replace(ours, branch_closed=masks(ours, part).branch_closed))
        dead.append(~state.bus_live)
    table = np.concatenate(dead)
    power = cord_power(net, net.load_power)
    result: dict[str, dict[str, Any]] = {}
    for kind, which in (("line", ~net.branch_transformer), ("generic_branch", net.branch_transformer)):
        chosen = which[branches]
        if chosen.any():
            data = initialize_array("update", kind, int(chosen.sum()))
            data["id"], data["from_status"], data["to_status"] = buses + branches[chosen], 0, 0
            result[kind] = {"indptr": np.concatenate([[0], np.cumsum(chosen)]), "data": data}
    row, cord = np.nonzero(table[:, net.cord_bus])
    other = net.partner[cord]
    data = initialize_array("update", "sym_load", other.size)
    data["id"], data["status"] = buses + count + other, 1
    data["p_specified"], data["q_specified"] = 2 * power[other].real, 2 * power[other].imag
    start = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=branches.size))])
    result["sym_load"] = {"indptr": start, "data": data}
    return result, table


def _passive(name: str) -> Iterator[Row]:
    import numpy as np

    from solvers.power.contingency import Kind, Outages, Screening, Watch, contingencies
    from tests.benchmarks.facilities import facility, grid_model, grid_solve, problem, voltages

    net = facility(name)
    ours = problem(net)
    closed = np.flatnonzero(net.branch_closed)
    number = SAMPLED[name]
    sample = closed if number is None else np.random.default_rng(1).choice(closed, number, replace=False)
    model = grid_model(net)
    change, dead = updates(net, sample)
    outages, every = Outages.each(Kind.BRANCH, sample), Outages.each(Kind.BRANCH, closed)
    found = Screening(ours, method="pieces").run(outages, watch=Watch(buses=np.arange(net.bus_voltage.size)))
    theirs = np.where(dead, 0.0, np.nan_to_num(voltages(grid_solve(model, change))))
    np.testing.assert_allclose(found.watched.bus_voltage, theirs, atol=1e-8)
    lowest = np.where(theirs != 0, np.abs(theirs), np.inf).min(axis=1)
    finite = np.isfinite(lowest)
    np.testing.assert_allclose(found.lowest_voltage[finite], lowest[finite], atol=1e-8)
    screening = Screening(ours, method="pieces")
    whole_s, ours_s, peer_s = medians(
        lambda: contingencies(ours, every), lambda: screening.run(every), lambda: grid_solve(model, change),
        clock=time.process_time,
    )  # fmt: skip
    peer_s *= closed.size / sample.size
    said = "" if number is None else f", peer extrapolated from {number}"
    case = f"{net.bus_voltage.size} buses, all {closed.size} single outages{said}"
    yield Row(case, whole_s, "power-grid-model", peer_s, peer_s / whole_s)
    yield Row(f"{case}, prepared", ours_s, "power-grid-model", peer_s, peer_s / ours_s)


def _campus(lineups: int) -> Row:
    import numpy as np

    from solvers.power.contingency import Outages, contingencies
    from tests.benchmarks.facilities import campus

    problem = with_converters(campus(lineups))
    outages = Outages.single(problem)
    check_sample(problem, outages, 40)
    (ours_s,) = medians(lambda: contingencies(problem, outages), repeats=3, clock=time.process_time)
    power = problem.load_power.real.sum() / 1e6
    buses = np.size(problem.bus_voltage)
    return Row(
        f"campus of {buses} buses, {power:.0f} MW, converters: all {len(outages)} single failures", ours_s
    )


def check_sample(problem: Any, outages: Any, count: int) -> None:
    """Random outages against the whole network solved with masks."""
    import numpy as np

    from solvers.power.contingency import contingencies

    some = outages.take(np.random.default_rng(2).choice(len(outages), count, replace=False))
    one, other = (contingencies(problem, some, tolerance=1e-10, method=m) for m in ("pieces", "general"))  # type: ignore[arg-type]
    for name in ("lowest_voltage", "highest_voltage", "branch_loading", "converter_loading"):
        np.testing.assert_allclose(getattr(one, name), getattr(other, name), atol=1e-8)
    for name in ("loss", "source_power", "served_power"):
        np.testing.assert_allclose(getattr(one, name), getattr(other, name), rtol=1e-8)
    np.testing.assert_array_equal(one.unserved, other.unserved)


def maintained(problem: Any, count: int) -> Any:
    """Machines taken out one at a time: spread evenly over the converters and branches."""
    import numpy as np

    from solvers.power.contingency import Outages

    single = Outages.single(problem)
    return single.take(np.linspace(0, len(single) - 1, count).astype(int))


def _double(lineups: int, states: int) -> Row:
    import resource

    from solvers.power.contingency import Outages, Screening
    from tests.benchmarks.facilities import campus

    problem = with_converters(campus(lineups))
    single = Outages.single(problem)
    pairs = Outages.pairs(maintained(problem, -(-states // len(single))), single)
    screening = Screening(problem, method="pieces")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begun = time.process_time()
    found = screening.run(pairs)
    taken = time.process_time() - begun
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert found.status.ok, found.detail
    case = (
        f"{problem.load_power.shape[1]} racks, {problem.bus_voltage.size} buses: {len(pairs)} double failures, "
        f"{grown:.0f} MB more at the peak"
    )
    return Row(case, taken)


if __name__ == "__main__":
    main()
