"""A year of temperatures along known flows: racks, ring mains, CDUs, a facility loop, a plant exchanger, a plant.

Three tiers of closed loops, every exchanger with a set point, every pipe with a loss.  Rack heats and flows, the
plant's outlet and the ambient change every hour, ring mains run either way.  The compiled year is timed whole; the
plain way (numpy and scipy) solves fewer hours and is scaled to the year.  10,000 links are solved month by month
to bound memory.  Medians of processor time, one thread.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.benchmarks.timing import Row, medians, report, single_threaded

HOURS = 8760
RACKS = 16
"""Racks on a CDU."""
CP = 4000.0  # J/(kg K)
PEER = "plain, scaled"


def main() -> None:
    """Print the table."""
    single_threaded()
    report(__doc__ or "", rows)


def rows() -> Iterator[Row]:
    """One CDU, a hall of twelve, a site of 121."""
    for units, parts, few in ((1, 1, 400), (12, 1, 60), (121, 12, 6)):
        yield _case(units, parts, few)


@dataclass
class Halls:
    """Links of the loops while they are laid; flows and heats are (hours,) or numbers."""

    nodes: int = 0
    start: list[int] = field(default_factory=list)
    end: list[int] = field(default_factory=list)
    flow: list[Any] = field(default_factory=list)
    heat: dict[int, Any] = field(default_factory=dict)
    hot: list[int] = field(default_factory=list)
    cold: list[int] = field(default_factory=list)

    def node(self) -> int:
        """A new node."""
        self.nodes += 1
        return self.nodes - 1

    def link(self, start: int, end: int, flow: Any) -> int:
        """A new link."""
        self.start.append(start)
        self.end.append(end)
        self.flow.append(flow)
        return len(self.start) - 1

    def ring(self, feed: int, flows: Any, swing: Any, sign: int) -> list[int]:
        """A ring main that starts and ends at ``feed``; its taps take ``flows`` (hours, taps)."""
        taps = [self.node() for _ in range(flows.shape[1])]
        rest = flows.sum(axis=1) - swing
        for before, tap, taken in zip([feed, *taps], taps, flows.T, strict=False):
            self.link(before, tap, sign * rest)
            rest = rest - taken
        self.link(taps[-1], feed, sign * rest)
        return taps


def site(units: int, hours: int, seed: int = 0) -> Any:
    """The heat problem of ``units`` CDUs with their racks."""
    import numpy as np

    from solvers.hydraulics.heat import Problem

    rng, halls = np.random.default_rng(seed), Halls()
    year = 2.0 * np.pi * np.arange(hours) / HOURS
    ambient = 12.0 - 12.0 * np.cos(year) + rng.normal(0.0, 3.0, hours)
    rack_flow = rng.uniform(0.6, 1.6, (units, hours, RACKS))
    cdu_flow = rack_flow.sum(axis=2).T * rng.uniform(0.9, 1.3, (hours, units))
    supply, back, outside = halls.node(), halls.node(), (halls.node(), halls.node())
    swing = cdu_flow.sum(axis=1) * rng.uniform(0.2, 0.8, hours)
    taps = halls.ring(supply, cdu_flow, swing, 1), halls.ring(back, cdu_flow, swing, -1)
    for unit in range(units):
        into, out, first, last = halls.node(), halls.node(), halls.node(), halls.node()
        halls.link(taps[0][unit], into, cdu_flow[:, unit])
        cold = halls.link(into, out, cdu_flow[:, unit])
        halls.link(out, taps[1][unit], cdu_flow[:, unit])
        whole = rack_flow[unit].sum(axis=1)
        hot = halls.link(last, first, whole)
        halls.hot.append(hot)
        halls.cold.append(cold)
        swing = whole * rng.uniform(0.2, 0.8, hours)
        ends = halls.ring(first, rack_flow[unit], swing, 1), halls.ring(last, rack_flow[unit], swing, -1)
        for rack in range(RACKS):
            a, b = halls.node(), halls.node()
            halls.link(ends[0][rack], a, rack_flow[unit][:, rack])
            halls.heat[halls.link(a, b, rack_flow[unit][:, rack])] = rng.uniform(1e4, 1.4e5, hours)
            halls.link(b, ends[1][rack], rack_flow[unit][:, rack])
    whole = cdu_flow.sum(axis=1)
    halls.hot.append(halls.link(back, supply, whole))
    halls.cold.append(halls.link(outside[0], outside[1], 1.1 * whole))
    plant = halls.link(outside[1], outside[0], 1.1 * whole)
    links = len(halls.start)
    heat = np.zeros((hours, links))
    for link, values in halls.heat.items():
        heat[:, link] = values
    exchangers = np.full(units + 1, 1.2e5)
    exchangers[-1] *= 1.3 * units
    return Problem(
        halls.nodes, halls.start, halls.end,
        link_flow=np.stack(np.broadcast_arrays(*halls.flow), axis=1), link_capacity=CP, link_heat=heat,
        link_conductance=rng.uniform(1.0, 8.0, links), ambient=ambient,
        link_outlet=np.maximum(ambient + 6.0, 18.0)[:, None],
        link_outlet_fixed=np.arange(links) == plant,
        exchanger_hot=halls.hot, exchanger_cold=halls.cold, exchanger_conductance=exchangers,
        exchanger_setpoint=np.r_[np.full(units, 40.0), 30.0],
    )  # fmt: skip


def _case(units: int, parts: int, few: int) -> Row:
    from dataclasses import replace

    import numpy as np

    from solvers.hydraulics.heat import prepare

    hours = HOURS // parts
    problem = site(units, hours)
    varied = ("link_flow", "link_heat", "link_outlet", "ambient")
    fewer = replace(problem, **{name: getattr(problem, name)[:: hours // few][:few] for name in varied})
    compiled, plain = prepare(problem, compiled=True), prepare(fewer, compiled=False)
    answer = compiled.solve()
    if not answer.scenario_ok.all():
        raise ValueError("an hour is not solved")
    np.testing.assert_allclose(
        answer.node_temperature[:: hours // few][:few], plain.solve().node_temperature, atol=1e-9
    )
    ours, theirs = medians(
        lambda: [compiled.solve() for _ in range(parts)] and None, plain.solve, clock=time.process_time
    )
    theirs *= HOURS / few
    links = np.asarray(problem.link_from).size
    limited = answer.exchanger_limited.mean()
    case = f"{links} links, {units + 1} exchangers, {HOURS} h, set point missed in {limited:.0%}"
    return Row(case, ours, PEER, theirs, theirs / ours)


if __name__ == "__main__":
    main()
