"""What the numbers of a transient must obey to have a meaning; a mistake is a ValueError that names field and index."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from .transient_case import Case, Index, Mask

BALANCE = 1e-7
"""Largest accepted flow imbalance of a node, over the scenario's largest capacity rate [-]; iterated flows are
good to 1e-9."""


def check(c: Case) -> None:
    """What numbers must obey to have a meaning."""
    _demand("node_capacity", (c.capacity > 0.0) & (c.capacity < np.inf), "must be finite and > 0")
    _demand("node_initial", np.isfinite(c.initial), "must be finite")
    _demand("link_rate", np.isfinite(np.moveaxis(c.rate, 0, 1)), "must be finite")
    for name, value in (
        ("link_volume", c.volume),
        ("conductance", c.tie),
        ("exchanger_conductance", c.exchange),
        ("plate_conductance", c.plate),
    ):
        _demand(name, (value >= 0.0) & (value < np.inf), "must be finite and >= 0")
    _demand("exchanger_setpoint", c.setpoint < np.inf, "must be a number or -inf")
    _demand("exchanger_capacity", c.limit >= 0.0, "must be >= 0")
    _demand("source_heat", np.isfinite(c.heat), "must be finite")
    _demand("signal_time", np.isfinite(c.time), "must be finite")
    _demand("signal_value", np.isfinite(np.moveaxis(c.value, 0, 1)), "must be finite")
    _demand("source_fraction", (c.fraction >= 0.0) & (c.fraction <= 1.0), "must be within 0..1")
    for name, value in (
        ("source_throttle", c.throttle),
        ("source_throttle_end", c.throttle_end),
        ("source_trip", c.trip),
        ("watch_limit", c.levels),
    ):
        _demand(name, ~np.isnan(value), "must be a number or inf")
    for name, share in (
        ("conductance_film", c.tie_film),
        ("exchanger_film_hot", c.film_hot),
        ("exchanger_film_cold", c.film_cold),
        ("exchanger_film_hot plus exchanger_film_cold", c.film_hot + c.film_cold),
        ("plate_film", c.plate_film),
        ("plate_rise", c.plate_rise),
        ("plate_film plus plate_rise", c.plate_film + c.plate_rise),
        ("plate_reach", c.plate_reach),
    ):
        _demand(name, (share >= 0.0) & (share <= 1.0 + 1e-12), "must be within 0..1")
    for name, rated in (
        ("conductance_rated", c.tie_rated),
        ("conductance_exponent", c.tie_exponent),
        ("exchanger_rated_hot", c.rated_hot),
        ("exchanger_rated_cold", c.rated_cold),
        ("plate_rated", c.plate_rated),
        ("plate_exponent", c.plate_exponent),
    ):
        _demand(name, (rated > 0.0) & (rated < np.inf), "must be finite and > 0")
    _demand("exchanger_sink", (c.sink < 0) | (c.cold < 0), "is given beside exchanger_cold")
    endless = (c.cold < 0) & (c.sink < 0) & (np.isneginf(c.setpoint) & np.isposinf(c.limit)).any(axis=1)
    if endless.any():
        x = int(np.flatnonzero(endless)[0])
        raise ValueError(
            f"exchanger_setpoint[{x}]: nothing limits its duty; give it a set point or a capacity"
        )
    used = np.concatenate([c.hot, c.cold[c.cold >= 0]])
    if np.unique(used).size != used.size:
        twice = int(np.flatnonzero(np.bincount(used) > 1)[0])
        raise ValueError(f"exchanger_hot, exchanger_cold: link {twice} is a side of two exchangers")
    used_signals = (c.value[:, c.duty_signal[c.duty_signal >= 0]] >= 0.0).all()
    if not used_signals:
        raise ValueError("signal_value: the availability of an exchanger must be >= 0")
    _one_way(c, used)
    _conserves(c)


def _one_way(c: Case, exchanging: Index) -> None:
    """Links that hold fluid, and those of plates, do not turn round."""
    twice = c.holding[np.isin(c.holding, exchanging)]
    if twice.size:
        raise ValueError(
            f"link_volume[{twice[0]}]: the link is a side of an exchanger; give it a link of its own"
        )
    shared = np.flatnonzero(np.bincount(c.plate_link) > 1) if c.plate_link.size else c.holding[:0]
    if shared.size or np.isin(c.plate_link, exchanging).any():
        link = shared[0] if shared.size else c.plate_link[np.isin(c.plate_link, exchanging)][0]
        raise ValueError(f"plate_link: link {link} passes other plates or an exchanger as well")
    looped = np.flatnonzero((c.start[c.plate_link] == c.plate_node) | (c.end[c.plate_link] == c.plate_node))
    if looped.size:
        raise ValueError(f"plate_node[{looped[0]}] is an end of its link")
    some = np.union1d(c.holding, c.plate_link)
    signal = np.concatenate([c.value, np.ones((len(c.value), 1, c.scenarios))], axis=1)
    rate = np.zeros((len(signal), some.size, c.scenarios))
    for pattern, index in zip(c.rate, c.rate_signal, strict=True):
        rate += pattern[some] * signal[:, index[some]]
    limit = BALANCE * np.abs(c.rate).max(axis=(0, 1), initial=0.0)
    wrong = np.argwhere(rate < -limit)
    if wrong.size:
        scenario, link = int(wrong[0][2]), int(some[wrong[0][1]])
        raise ValueError(
            f"link_rate[{scenario}, {link}] turns round, but the link holds fluid or passes plates"
        )


def _conserves(c: Case) -> None:
    """Every pattern brings to a node what it takes from it, also in the parts that other signals drive."""
    for pattern, rate in enumerate(c.rate):
        for signal in np.unique(c.rate_signal[pattern]):
            part = np.where((c.rate_signal[pattern] == signal)[:, None], rate, 0.0)
            excess = np.zeros_like(c.capacity)
            np.add.at(excess, c.end, part)
            np.add.at(excess, c.start, -part)
            limit = BALANCE * np.abs(rate).max(axis=0, initial=0.0)
            wrong = np.argwhere((np.abs(excess) > limit) & ~c.fixed[:, None])
            if wrong.size:
                node, scenario = (int(i) for i in wrong[0])
                raise ValueError(
                    f"link_rate: scenario {scenario}, pattern {pattern}: {excess[node, scenario]:.3g} W/K more "
                    f"enter node {node} than leave it with signal {signal}"
                )


def _demand(name: str, good: Mask, meaning: str) -> None:
    wrong = np.argwhere(~good)
    if wrong.size:
        raise ValueError(f"{name}[{', '.join(str(int(i)) for i in wrong[0][::-1])}] {meaning}")
