"""Reliability of facilities of 100 and 1,000 racks: exact methods, enumeration and Monte Carlo against each other.

"ours" is the method named first, "peer" the other way to the same answer.  Evaluations per state and cut sets have no
peer and show how cost grows.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import combinations
from typing import Any

from tests.benchmarks.timing import Row, medians, report, single_threaded

RACK = 130e3  # W
ROW, HALL = 20, 10  # racks in a row, rows in a hall


def main() -> None:
    """Print the table."""
    single_threaded()
    report(__doc__ or "", rows)


def facility(racks: int, *, catcher: bool = False) -> tuple[Any, Any]:
    """Structure and rack nodes: two utilities, 7 of 8 generators, 2N or 4N/3 UPS per hall, chillers, pumps, CDUs.

    The demand of a row stands where its two feeds meet; the racks themselves have none.
    """
    import numpy as np

    from solvers.reliability import Draft

    draft = Draft()
    utility = [draft.node(draft.component(f"utility {i}")) for i in range(2)]
    sets = [
        draft.node(
            inputs=[draft.node(draft.component(f"generator {i}")), draft.node(draft.component(f"start {i}"))]
        )
        for i in range(8)
    ]
    backup = draft.node(inputs=sets, needs=7)
    tops: list[int] = []
    for hall in range(-(-racks // (ROW * HALL))):
        tops += _hall(draft, f"hall {hall}", utility, backup, 4 if catcher else 2, racks - len(tops))
    return draft.freeze(), np.array(tops)


def _chain(draft: Any, names: list[str], start: int) -> int:
    for name in names:
        start = draft.node(draft.component(name), inputs=[start])
    return start


def _hall(draft: Any, name: str, utility: list[int], backup: int, sides: int, racks: int) -> list[int]:
    boards, ups = [], []
    # Two thirds of a system's rating is its share of three systems that carry the load of four.
    capacity = ROW * HALL * RACK / 3 * 1.001 if sides == 4 else float("inf")
    for side in range(sides):
        line = _chain(
            draft, [f"{name} {part} {side}" for part in ("cable", "transformer", "main")], utility[side % 2]
        )
        boards.append(
            draft.node(draft.component(f"{name} ats {side}"), inputs=[line, backup], needs=1, ranks=[0, 1])
        )
        ups.append(draft.node(draft.component(f"{name} ups {side}"), inputs=[boards[-1]], capacity=capacity))
    chillers = [
        draft.node(
            draft.component(f"{name} chiller {i}"), inputs=boards[:2], needs=1, ranks=[i % 2, 1 - i % 2]
        )
        for i in range(4)
    ]
    loop = draft.node(draft.component(f"{name} loop"), inputs=chillers, needs=3)
    pumps = [
        draft.node(draft.component(f"{name} pump {i}"), inputs=[boards[i % sides], loop]) for i in range(3)
    ]
    water = draft.node(inputs=pumps, needs=2)
    tops: list[int] = []
    pairs = list(combinations(range(sides), 2))
    for row in range(HALL):
        count = min(ROW, racks - len(tops))
        if count > 0:
            one, other = pairs[row % len(pairs)]
            tops += _row(draft, f"{name} row {row}", (ups[one], ups[other]), water, count)
    return tops


def _row(draft: Any, name: str, ups: tuple[int, int], water: int, racks: int) -> list[int]:
    feeds = [_chain(draft, [f"{name} pdu {i}", f"{name} busway {i}"], source) for i, source in enumerate(ups)]
    draft.node(inputs=feeds, needs=1, demand=racks * RACK)
    power = draft.node(inputs=feeds, needs=1)
    cdus = [draft.node(draft.component(f"{name} cdu {i}"), inputs=[power, water]) for i in range(2)]
    coolant = draft.node(inputs=cdus, needs=1)
    return [draft.node(draft.component(f"{name} rack {i}"), inputs=[power, coolant]) for i in range(racks)]


def rows() -> Iterator[Row]:
    """Cost against states; exact sets and probabilities; exact against simulated."""
    yield _against_simulation()
    for racks, catcher in ((100, False), (1000, False), (200, True), (1000, True)):
        structure, tops = facility(racks, catcher=catcher)
        case = f"{'4N/3' if catcher else '2N'}, {racks} racks, {structure.nodes} nodes"
        yield from _states(case, structure, tops)
        yield _cuts(case, structure, tops)
        yield _exact(case, structure, tops, 3 if catcher else None)


def _states(case: str, structure: Any, tops: Any) -> Iterator[Row]:
    import numpy as np

    from solvers.reliability import evaluate

    rng = np.random.default_rng(0)
    for states in (1_000, 10_000, 100_000):
        failed = rng.random((states, structure.components)) < 2 / structure.components
        yield Row(
            f"{case}: {states:,} states of two failures",
            _once(lambda f=failed: evaluate(structure, f, nodes=tops)),
        )


def _cuts(case: str, structure: Any, tops: Any) -> Row:
    from solvers.reliability import minimal_cut_sets

    def cuts() -> None:
        found = minimal_cut_sets(structure, tops, order=3)
        assert found.status.ok and found.counts.any()

    return Row(f"{case}: minimal cut sets of order <= 3 of every rack", _once(cuts))


def _exact(case: str, structure: Any, tops: Any, order: int | None) -> Row:
    from solvers.reliability import Rates, availability

    rates = Rates(structure.events, 0.05, 24.0)

    def exact() -> None:
        assert availability(structure, rates, tops, overload_order=order).status.ok

    what = "exact" if order is None else f"overloads to order {order}"
    return Row(f"{case}: availability of every rack, {what}", _once(exact))


def _against_simulation() -> Row:
    """The same unavailability, to 2 % by simulation (one standard error) and exactly."""
    import numpy as np

    from solvers.reliability import Rates, availability, simulate

    structure, tops = facility(20)
    rates = Rates(structure.events, 0.5, 24.0)
    years = 60
    found = simulate(structure, rates, tops, years=years, replications=200, seed=0)
    mean, error = found.unavailability.mean(axis=1).mean(), found.unavailability.mean(axis=1).std(ddof=1)
    replications = int(np.ceil((error / (0.02 * mean)) ** 2)) + 2
    ours_s, peer_s = medians(
        lambda: availability(structure, rates, tops),
        lambda: simulate(structure, rates, tops, years=years, replications=replications, seed=1),
        repeats=3, clock=time.process_time,
    )  # fmt: skip
    return Row(
        "2N, 20 racks: exact availability", ours_s, f"Monte Carlo to 2 %, {replications * years:,} years", peer_s,
        peer_s / ours_s,
    )  # fmt: skip


def _once(work: Any) -> float:
    begun = time.process_time()
    work()
    return time.process_time() - begun


if __name__ == "__main__":
    main()
