"""A hall of identical rows: repeated sub-networks as equivalent laws, against the plain solve of the whole network.

64 rows of 16 racks hang on two header rings with three pumps, about 9,350 links; the load cases vary pump speeds and
the resistance of all cold plates, or pump speeds alone. The loop of :mod:`tests.benchmarks.hydraulics` with 50 rows of
40 racks, all rows alike, as well. Both sides have their topology prepared; times are those of further load cases, with
the laws of all replaced links checked at the end, or by class: where they miss most in the range of the table.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from tests.benchmarks.timing import Row, against, report, single_threaded

RACK = (  # length [m], diameter [m], fittings [-], device coefficient, exponent: hose, coupling, hose, plates, and back
    (1.5, 0.05, 0.5, 0.0, 2.0), (0.0, 0.0, 0.0, 800.0, 2.0), (1.0, 0.04, 1.0, 0.0, 2.0), (0.0, 0.0, 0.0, 5e3, 1.897),
    (1.0, 0.04, 1.0, 0.0, 2.0), (0.0, 0.0, 0.0, 800.0, 2.0), (1.5, 0.05, 0.5, 0.0, 2.0),
)  # fmt: skip


def main() -> None:
    """Print the table."""
    single_threaded()
    report(__doc__ or "", rows)


def rows() -> Iterator[Row]:
    """One state and a hundred, without and with the compiled kernel."""
    for compiled in (False, True):
        for cases in (1, 100):
            yield _case(hall(64, 16, cases), "states", compiled)
        yield _case(hall(64, 16, 100, plates=False), "states of the pumps", compiled)
    for check in (True, False):
        yield _case(_loop(100), f"states of the pumps of a loop{'' if check else ', by class'}", True, check)


def hall(
    rows: int, racks: int, cases: int, *, ring: bool = True, limit: float = float("inf"), plates: bool = True
) -> Any:  # fmt: skip
    """The network problem; node 0 is the expansion vessel, links 0..2 are the pumps."""
    import numpy as np

    from solvers.hydraulics.network import Problem

    links: list[tuple[float, ...]] = []
    used = 3  # vessel, pump outlet, return header

    def new(count: int) -> list[int]:
        nonlocal used
        used += count
        return list(range(used - count, used))

    def add(
        a: int, b: int, length: float, diameter: float, loss: float, device: float = 0.0, n: float = 2.0
    ) -> None:
        links.append((a, b, length, diameter, loss, device, n))

    for _ in range(3):
        add(0, 1, 0.0, 0.4, 0.0)
    add(2, 0, 20.0, 0.5, 3.0)
    supply, back = new(rows), new(rows)
    for near, far, length in (
        (1, supply[0], 10.0),
        (back[0], 2, 10.0),
        (1, supply[-1], 40.0),
        (back[-1], 2, 40.0),
    ):
        if ring or length < 40.0:
            add(near, far, length, 0.5, 2.0)
    for k in range(rows - 1):
        add(supply[k], supply[k + 1], 3.0, 0.4, 0.2)
        add(back[k + 1], back[k], 3.0, 0.4, 0.2)
    for k in range(rows):
        left, right = new(racks), new(racks)
        add(supply[k], left[0], 2.0, 0.15, 3.0)
        add(right[0], back[k], 2.0, 0.15, 3.0)
        for j in range(racks):
            if j:
                add(left[j - 1], left[j], 0.6, 0.15, 0.1)
                add(right[j], right[j - 1], 0.6, 0.15, 0.1)
            run = [left[j], *new(len(RACK) - 1), right[j]]
            for a, b, part in zip(run[:-1], run[1:], RACK, strict=True):
                add(a, b, *part)
    table = np.array(links)
    rng = np.random.default_rng(0)
    speed, device = np.ones((cases, len(table))), np.repeat(table[:, 5][None], cases if plates else 1, axis=0)
    cold = table[:, 6] != 2.0
    if cases > 1:
        speed[:, :3] = rng.uniform(0.6, 1.0, (cases, 1))
        if plates:
            device[:, cold] *= rng.uniform(0.5, 4.0, (cases, 1))
    pump = np.arange(len(table)) < 3
    return Problem(
        used, [0], [150e3], table[:, 0].astype(int), table[:, 1].astype(int), link_length=table[:, 2],
        link_diameter=table[:, 3], link_roughness=4.5e-5, link_minor_loss=table[:, 4], link_device_coefficient=device,
        link_device_exponent=table[:, 6], link_pump_head=np.where(pump, 260e3, 0.0),
        link_pump_curvature=np.where(pump, 1.2, 0.0), link_pump_speed=speed,
        link_limit=np.where(cold, limit, np.inf),
    )  # fmt: skip


def _loop(cases: int) -> Any:
    import numpy as np

    from tests.benchmarks.hydraulics import SIZES, loop

    net = loop(*SIZES[10_000], alike=True)
    speed = np.ones((cases, net.start.size))
    speed[:, net.pump] = np.random.default_rng(0).uniform(0.6, 1.05, (cases, 1))
    return replace(net.problem(), link_pump_speed=speed)


def _case(problem: Any, what: str, compiled: bool, check: bool = True) -> Row:
    import numpy as np

    from solvers.hydraulics import equivalent
    from solvers.hydraulics.network import prepare

    whole, reduction = prepare(problem, compiled=compiled), equivalent.Reduction(problem, compiled=compiled)

    def ours() -> Any:
        return equivalent.solve(problem, reduction=reduction, check=check)

    mine, theirs = ours(), whole.solve()
    assert mine.status.ok and not mine.polished.any() and theirs.status.ok
    off = np.abs(mine.link_flow - theirs.link_flow).max() / np.abs(theirs.link_flow).max()
    exact = f"flows {off:.0e}, laws {mine.law_error.max():.0e}"
    name = f"{len(problem.link_from)} links as {mine.reduced_links}, {len(mine.scenario_ok)} {what}, {exact}"
    return against(name, "compiled kernel" if compiled else "numpy", ours, whole.solve)


if __name__ == "__main__":
    main()
