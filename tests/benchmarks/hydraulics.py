"""Closed cooling loops against the C engine of EPANET 2.3 (owa-epanet), in one process, on one thread.

Loops of 100, 1,000 and 10,000 links: vessel, three pumps, supply ring, rows, racks, return ring; five links per rack.
EPANET has the loop open already; its time is that of ``initH`` and ``runH`` alone, without setting values or reading
results. Ours is that of ``Prepared.solve`` with all results as arrays. Same friction law (Swamee-Jain), same accuracy
(1e-6), flows compared first. A load case gives every rack another resistance. "Colebrook" rows solve with the exact law
to 1e-9. Process time, in turn, median of five pairs. Rows without a peer: a year of hourly states, the cost of planning,
and what a state costs on ever larger loops. Iterations and the worst difference of flows are in the case.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.benchmarks.timing import Row, against, medians, report, single_threaded

if TYPE_CHECKING:
    from solvers.hydraulics.network import Problem

PEER = "EPANET 2.3.5"
FOOT = 0.3048
DENSITY = 1000.0  # kg/m3
VISCOSITY = 1.1e-5 * FOOT**2 * DENSITY  # Pa s, of EPANET at relative viscosity 1
WEIGHT = 32.2 * FOOT * DENSITY  # Pa/m
ROUGHNESS, VESSEL = 4.5e-5, 20.0  # m
RACK_FLOW, RACK_HEAD = 3e-3, 10.0  # m3/s, m
TAIL = 0.05  # m
SIZES = {100: (2, 9), 1_000: (10, 20), 10_000: (50, 40)}
"""Rows, and racks in each, of the loops compared."""
GROWTH = {100: (2, 9), 1_000: (10, 20), 10_000: (50, 40), 30_000: (100, 60), 100_000: (200, 100)}
CASES, HOURS, STATES = 100, 8760, 16
REPEATED = {100: 200, 1_000: 30, 10_000: 5}
"""Single solves in one measurement; the row gives the time of one."""
SIZED = (
    0.025,
    0.032,
    0.04,
    0.05,
    0.065,
    0.08,
    0.1,
    0.125,
    0.15,
    0.2,
    0.25,
    0.3,
    0.4,
    0.5,
    0.6,
    0.8,
    1.0,
    1.2,
    1.4,
)


def main() -> None:
    """Print the table."""
    single_threaded()
    report(__doc__ or "", rows)


def rows() -> Iterator[Row]:
    """Against EPANET where it is there, then the year, then growth."""
    if find_spec("epanet") is None:
        yield Row("owa-epanet is not installed: nothing to compare with", 0.0)
    else:
        for size in SIZES:
            yield from _compared(size)
    yield from _year()
    yield from _growth()


@dataclass(frozen=True)
class Loop:
    """A closed loop; diameters by 1.8 m/s."""

    nodes: int
    start: Any
    end: Any
    length: Any
    diameter: Any
    loss: Any
    pump: Any
    rack: Any
    pump_flow: float

    def problem(self, split: bool = False) -> Problem:
        """In our arrays; ``split`` leaves the racks' losses to load cases."""
        import numpy as np

        from solvers.hydraulics.network import Problem

        design, top = self.pump_flow, 2 * RACK_HEAD  # EPANET's one-point curve: 4/3 h - h/3 (q / q0)^2
        return Problem(
            self.nodes, [0], [VESSEL * WEIGHT], self.start, self.end, link_length=self.length,
            link_diameter=self.diameter, link_roughness=ROUGHNESS,
            link_minor_loss=np.where(self.rack & split, 0.0, self.loss),
            link_pump_head=np.where(self.pump, 4 / 3 * top * WEIGHT, 0.0),
            link_pump_curvature=np.where(self.pump, top / 3 * WEIGHT / (design * DENSITY) ** 2, 0.0),
            link_density=DENSITY, link_viscosity=VISCOSITY,
        )  # fmt: skip

    def factors(self, count: int) -> Any:
        """(count, racks) by how much each load case multiplies the racks' losses."""
        import numpy as np

        draw = np.random.default_rng(count).uniform(np.log(0.5), np.log(4.0), (count, int(self.rack.sum())))
        return np.exp(draw)

    def coefficients(self, factors: Any) -> Any:
        """(count, links) device coefficients of load cases. [Pa/(kg/s)2]"""
        import numpy as np

        kinetic = 1 / (2 * DENSITY * (np.pi / 4 * self.diameter[self.rack] ** 2) ** 2)
        device = np.zeros((len(factors), self.start.size))
        device[:, self.rack] = factors * self.loss[self.rack] * kinetic
        return device


def loop(row_count: int, racks: int, *, alike: bool = False) -> Loop:
    """Vessel and suction 0, discharge 1; five links per rack, four per row, two per pump, two that close the rings.

    ``alike`` makes all rows the same; racks in a row still differ.
    """
    import numpy as np

    rng = np.random.default_rng(row_count * racks)
    spread = rng.uniform(0.8, 1.25, (1 if alike else row_count, racks))
    links: list[tuple[int, int, float, float, float, str]] = []
    fresh = iter(range(2, 10**9))
    total = row_count * racks * RACK_FLOW

    def pipe(a: int, b: int, length: float, flow: float, loss: float, kind: str = "pipe") -> None:
        size = TAIL if kind in ("tail", "rack") else next(
            (d for d in SIZED if d * d * np.pi / 4 * 1.8 >= flow), SIZED[-1]
        )  # fmt: skip
        links.append((a, b, length, size, loss, kind))

    for _ in range(3):
        discharge = next(fresh)
        pipe(0, discharge, 0.0, total / 3, 0.0, "pump")
        pipe(discharge, 1, 5.0, total / 3, 3.0)
    supply, back = 1, 0
    for row in range(row_count):
        header, collector, near, far = (next(fresh) for _ in range(4))
        pipe(supply, header, 3.0, 0.55 * total, 0.2)
        pipe(collector, back, 3.0, 0.55 * total, 0.2)
        supply, back = header, collector
        pipe(header, near, 2.0, racks * RACK_FLOW, 1.0)
        pipe(far, collector, 2.0, racks * RACK_FLOW, 1.0)
        for k in range(racks):
            if k:
                here, there = next(fresh), next(fresh)
                pipe(near, here, 0.8, (racks - k) * RACK_FLOW, 0.1)
                pipe(there, far, 0.8, (racks - k) * RACK_FLOW, 0.1)
                near, far = here, there
            inlet, outlet = next(fresh), next(fresh)
            speed = RACK_FLOW / (np.pi / 4 * TAIL**2)
            plates = RACK_HEAD * 2 * 32.2 * FOOT / speed**2 * float(spread[row % len(spread), k])
            pipe(near, inlet, 2.5, RACK_FLOW, 1.5, "tail")
            pipe(inlet, outlet, 0.5, RACK_FLOW, plates, "rack")
            pipe(outlet, far, 2.5, RACK_FLOW, 1.5, "tail")
    pipe(1, supply, 3.0 * row_count, 0.55 * total, 0.5)
    pipe(back, 0, 3.0 * row_count, 0.55 * total, 0.5)
    start, end, length, diameter, loss, kind = (np.array(column) for column in zip(*links, strict=True))
    return Loop(next(fresh), start, end, length, diameter, loss, kind == "pump", kind == "rack", total / 3)


class Epanet:
    """A loop opened in EPANET's toolkit."""

    def __init__(self, net: Loop, folder: str) -> None:
        from epanet import toolkit

        self.toolkit, self.net = toolkit, net
        path = Path(folder) / "loop.inp"
        path.write_text(_inp(net), encoding="ascii")
        self.project = toolkit.createproject()
        toolkit.open(self.project, str(path), str(path.with_suffix(".rpt")), "")
        toolkit.openH(self.project)
        self.links = [toolkit.getlinkindex(self.project, f"l{k}") for k in range(net.start.size)]

    def solve(self) -> None:
        """initH, runH."""
        self.toolkit.initH(self.project, 10)
        self.toolkit.runH(self.project)

    def load(self, factors: Any) -> None:
        """Set the racks' losses."""
        import numpy as np

        for link, factor in zip(np.flatnonzero(self.net.rack), factors, strict=True):
            value = float(self.net.loss[link] * factor)
            self.toolkit.setlinkvalue(self.project, self.links[link], self.toolkit.MINORLOSS, value)

    def flows(self) -> Any:
        """Of all links. [kg/s]"""
        import numpy as np

        toolkit = self.toolkit
        return (
            np.array([toolkit.getlinkvalue(self.project, k, toolkit.FLOW) for k in self.links])
            * DENSITY
            / 1e3
        )

    def iterations(self) -> int:
        """Of the last solve."""
        return int(self.toolkit.getstatistic(self.project, self.toolkit.ITERATIONS))

    def close(self) -> None:
        """Give everything back."""
        self.toolkit.closeH(self.project)
        self.toolkit.close(self.project)
        self.toolkit.deleteproject(self.project)


def _inp(net: Loop) -> str:
    lines = [
        "[JUNCTIONS]",
        *(f"n{n} 0 0" for n in range(1, net.nodes)),
        "[RESERVOIRS]",
        f"n0 {VESSEL}",
        "[PIPES]",
    ]
    pipes, pumps = [], []
    for k, (a, b) in enumerate(zip(net.start, net.end, strict=True)):
        if net.pump[k]:
            pumps.append(f"l{k} n{a} n{b} HEAD C")
        else:
            size = f"{net.length[k]:.10g} {net.diameter[k] * 1e3:.10g} {ROUGHNESS * 1e3:.10g}"
            pipes.append(f"l{k} n{a} n{b} {size} {net.loss[k]:.12g} Open")
    curve = f"C {net.pump_flow * 1e3:.12g} {2 * RACK_HEAD:.12g}"
    options = ["Units LPS", "Headloss D-W", "Viscosity 1.0", "Trials 200", "Accuracy 1e-6"]
    lines += [*pipes, "[PUMPS]", *pumps, "[CURVES]", curve, "[OPTIONS]", *options]
    return "\n".join([*lines, "[TIMES]", "Duration 0", "[REPORT]", "Status No", "[END]", ""])


def _compared(size: int) -> Iterator[Row]:
    """Single solves and load cases of one loop."""
    from solvers.hydraulics.network import prepare

    net = loop(*SIZES[size])
    where = f"{net.start.size} links"
    one = prepare(net.problem(), friction="swamee_jain", compiled=True)
    with tempfile.TemporaryDirectory() as folder:
        epanet = Epanet(net, folder)
        try:
            epanet.solve()
            answer = one.solve(tolerance=1e-6)
            note = _note(answer, epanet.flows()[None], epanet.iterations())
            times = range(REPEATED[size])
            row = against(
                "", PEER, lambda: [one.solve(tolerance=1e-6) for _ in times],
                lambda: [epanet.solve() for _ in times],
            )  # fmt: skip
            case = f"{where}, one state ({note})"
            yield Row(case, row.ours_s / len(times), PEER, (row.peer_s or 0.0) / len(times), row.ratio)
            yield from _batch(net, epanet, where)
        finally:
            epanet.close()


def _note(answer: Any, theirs: Any, iterations: int) -> str:
    import numpy as np

    assert answer.status.ok
    gap = np.abs(answer.link_flow[: len(theirs)] - theirs).max() / np.abs(theirs).max()
    return f"{answer.iterations} iterations, theirs {iterations}, flows within {gap:.0e}"


def _batch(net: Loop, epanet: Epanet, where: str) -> Iterator[Row]:
    """Load cases; only solving is counted for EPANET, so it is timed case by case."""
    import numpy as np

    from solvers.hydraulics.network import prepare

    factors = net.factors(CASES)
    device, problem = net.coefficients(factors), net.problem(split=True)
    ready, exact = prepare(problem, friction="swamee_jain", compiled=True), prepare(problem, compiled=True)
    theirs = []

    def peer() -> float:
        taken = 0.0
        for row in factors:
            epanet.load(row)
            begun = time.process_time()
            epanet.solve()
            taken += time.process_time() - begun
            if len(theirs) < 3:
                theirs.append(epanet.flows())
        return taken

    def ours() -> float:
        begun = time.process_time()
        ready.solve(link_device_coefficient=device, tolerance=1e-6)
        return time.process_time() - begun

    def colebrook() -> float:
        begun = time.process_time()
        exact.solve(link_device_coefficient=device)
        return time.process_time() - begun

    first = ready.solve(link_device_coefficient=device, tolerance=1e-6)
    peer(), colebrook()
    taken = np.median([[ours(), peer(), colebrook()] for _ in range(5)], axis=0)
    note = _note(first, np.array(theirs), epanet.iterations())
    case = f"{where}, {CASES} load cases"
    yield Row(f"{case} ({note})", float(taken[0]), PEER, float(taken[1]), float(taken[1] / taken[0]))
    yield Row(
        f"{case}, Colebrook to 1e-9", float(taken[2]), PEER, float(taken[1]), float(taken[1] / taken[2])
    )


def _year() -> Iterator[Row]:
    """8,760 states of the loop of 1,000 links: other racks' losses and pump speed every hour; then its temperatures too.

    Every rack gives its coolant 100 kW times its hour's share, the link after the pumps leaves at 40 degC as from a plant.
    """
    import numpy as np

    from solvers.hydraulics import heat
    from solvers.hydraulics.network import prepare

    net, rng = loop(*SIZES[1_000]), np.random.default_rng(0)
    device = net.coefficients(net.factors(HOURS))
    speed = np.ones((HOURS, net.start.size))
    speed[:, net.pump] = rng.uniform(0.5, 1.05, (HOURS, 1))
    ready = prepare(net.problem(split=True), compiled=True)
    gain = np.where(net.rack, 100e3, 0.0) * rng.uniform(0.3, 1.0, (HOURS, 1))
    given = heat.Problem(
        net.nodes, net.start, net.end, 0.0, 4180.0, link_outlet=40.0, link_outlet_fixed=net.pump
    )
    warm = heat.prepare(given, compiled=True)

    def flows() -> Any:
        return ready.solve(link_device_coefficient=device, link_pump_speed=speed).link_flow

    def both() -> Any:
        return warm.solve(link_flow=flows(), link_heat=gain)

    answer = both()
    assert answer.status.ok, answer.status
    wet, all_of_it = medians(flows, both, repeats=3, clock=time.process_time)
    where = f"year: {net.start.size} links, {HOURS} states"
    yield Row(f"{where}, flows, Colebrook to 1e-9", wet)
    yield Row(f"{where}, flows and temperatures (asked for: 5 s)", all_of_it)


def _growth() -> Iterator[Row]:
    """Planning and one state, and a state of a batch, on ever larger loops."""
    from solvers.hydraulics import network_plan
    from solvers.hydraulics.network import prepare

    for rows_and_racks in GROWTH.values():
        net = loop(*rows_and_racks)
        problem, device = net.problem(split=True), net.coefficients(net.factors(STATES))
        first = replace(problem, link_device_coefficient=device[0])

        def afresh(first: Problem = first) -> None:
            network_plan.forget()
            prepare(first, compiled=True).solve()

        ready = prepare(problem, compiled=True)
        planned, single, batch = medians(
            afresh, prepare(first, compiled=True).solve, lambda r=ready, d=device: r.solve(link_device_coefficient=d),
            clock=time.process_time,
        )  # fmt: skip
        links = net.start.size
        yield Row(f"growth: {links} links, checked, planned and solved", planned)
        yield Row(f"growth: {links} links, one state", single)
        yield Row(f"growth: {links} links, one state of {STATES}", batch / STATES)


if __name__ == "__main__":
    main()
