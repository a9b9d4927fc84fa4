"""What a transient is asked: heat capacities, flows that change in time, exchangers, sources, what is watched."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from .exchanger import FLOW_EXPONENT


def _none() -> ArrayLike:
    return np.zeros(0, np.intp)


@dataclass(frozen=True)
class Problem:
    """A network of lumped heat capacities.  Any (S, x) array may be given as (1, x), (x,) or a scalar.

    S scenarios, N nodes, E links, Q conductances, X exchangers, Y plates, M sources, W watched nodes, G signals.
    A *signal* is a piecewise-linear function of time: pump speed, plant availability, share of load; its index
    -1 is the constant 1.  What it multiplies says where it acts.
    """

    node_capacity: ArrayLike
    """(S, N) heat capacity: fluid volume times density times heat capacity, plus metal that follows it [J/K]."""
    node_initial: ArrayLike = 20.0
    """(S, N) temperature at time 0, and for ever of fixed nodes; :func:`transient.settle` finds it [degC]."""
    node_fixed: ArrayLike = False
    """(N,) the node keeps its temperature: outdoor air, city water."""

    link_from: ArrayLike = field(default_factory=_none)
    """(E,) node the fluid comes from."""
    link_to: ArrayLike = field(default_factory=_none)
    """(E,) node it enters and mixes with."""
    link_rate: ArrayLike = 0.0
    """(S, E) or (S, P, E) capacity rate, mass flow times heat capacity, either sign; summed over P patterns,
    each times its signal.  Every pattern conserves flow at nodes that are not fixed [W/K]."""
    link_signal: ArrayLike = -1
    """(E,) or (P, E) signal the rate is multiplied with."""
    link_volume: ArrayLike = 0.0
    """(S, E) heat capacity of what the link holds, which passes in order and unmixed: what enters comes out when as much has
    followed; 0: at once.  Such a link flows one way and is no side of an exchanger.  At time 0 it is as warm as the
    node it comes from [J/K]."""

    conductance_from: ArrayLike = field(default_factory=_none)
    """(Q,) node."""
    conductance_to: ArrayLike = field(default_factory=_none)
    """(Q,) node."""
    conductance: ArrayLike = 0.0
    """(S, Q) conductance between them, at rated flow where a film belongs to it [W/K]."""
    conductance_link: ArrayLike = -1
    """(Q,) link whose flow makes the film, -1: none."""
    conductance_film: ArrayLike = 1.0
    """(Q,) share of the rated resistance that is film, 0..1; the rest is solid [-]."""
    conductance_rated: ArrayLike = 1.0
    """(Q,) capacity rate of that link at the rating [W/K]."""
    conductance_exponent: ArrayLike = FLOW_EXPONENT
    """(Q,) power of the film conductance with flow [-]."""

    exchanger_hot: ArrayLike = field(default_factory=_none)
    """(X,) link on the hot side; the heat leaves it before it enters its end node."""
    exchanger_cold: ArrayLike = -1
    """(X,) link on the cold side, or -1."""
    exchanger_sink: ArrayLike = -1
    """(X,) node that takes the heat where there is no cold link; -1 too: the heat leaves the network."""
    exchanger_conductance: ArrayLike = 0.0
    """(S, X) UA at rated flows, counterflow, times the signal; unused without cold link and sink [W/K]."""
    exchanger_film_hot: ArrayLike = 0.0
    """(X,) share of the rated resistance that is film on the hot side [-]."""
    exchanger_film_cold: ArrayLike = 0.0
    """(X,) the same on the cold side [-]."""
    exchanger_rated_hot: ArrayLike = 1.0
    """(X,) capacity rate of the hot side at the rating [W/K]."""
    exchanger_rated_cold: ArrayLike = 1.0
    """(X,) the same of the cold side [W/K]."""
    exchanger_setpoint: ArrayLike = -np.inf
    """(S, X) hot outlet temperature a valve or compressor holds while it can; -inf: none [degC]."""
    exchanger_capacity: ArrayLike = np.inf
    """(S, X) largest duty, times the signal [W]."""
    exchanger_signal: ArrayLike = -1
    """(X,) signal of availability, 0..1; at 0 nothing is exchanged."""

    plate_link: ArrayLike = field(default_factory=_none)
    """(Y,) link whose fluid passes cold plates before it enters its end node; it flows one way."""
    plate_node: ArrayLike = field(default_factory=_none)
    """(Y,) node of plates and packages.  They give ``G (T - T_in)`` to the fluid that arrives with T_in."""
    plate_conductance: ArrayLike = 0.0
    """(S, Y) G at the rated flow; 1/G is ``fixed + film (W/W_r)^-n + rise W_r/W`` of it at another, endless without flow
    [W/K]."""
    plate_rated: ArrayLike = 1.0
    """(S, Y) capacity rate W_r of that link at the rating [W/K]."""
    plate_film: ArrayLike = 0.0
    """(Y,) share of the rated resistance that is film, 0..1 [-]."""
    plate_rise: ArrayLike = 0.0
    """(Y,) share that is the rise of the fluid ahead of the plates that are looked at, in plates one after the other [-]."""
    plate_exponent: ArrayLike = FLOW_EXPONENT
    """(Y,) power n of the film conductance with flow [-]."""
    plate_reach: ArrayLike = 1.0
    """(Y,) share of the link's capacity rate that G does not exceed, as no fluid leaves warmer than its plates [-]."""

    source_node: ArrayLike = field(default_factory=_none)
    """(M,) node heated."""
    source_heat: ArrayLike = 0.0
    """(S, M) heat while nothing is too hot, times the signal [W]."""
    source_signal: ArrayLike = -1
    """(M,) signal of the load."""
    source_watch: ArrayLike = -1
    """(M,) node whose temperature the source obeys; -1: its own."""
    source_throttle: ArrayLike = np.inf
    """(M,) temperature above which power is reduced [degC]."""
    source_throttle_end: ArrayLike = np.inf
    """(M,) temperature at which `source_fraction` is reached, linearly.  Not above `source_throttle`: power
    steps down at `source_throttle` and up again below `source_throttle_end` [degC]."""
    source_fraction: ArrayLike = 1.0
    """(M,) share of power left when throttled [-]."""
    source_trip: ArrayLike = np.inf
    """(M,) temperature at which the source goes to zero and stays there [degC]."""

    watch_node: ArrayLike = field(default_factory=_none)
    """(W,) node whose maximum and limits are reported."""
    watch_limit: ArrayLike = np.inf
    """(W, L) limits, scalar or (L,) for the same of all [degC]."""

    signal_time: ArrayLike = 0.0
    """(K,) or (S, K) times that do not fall; a time twice is a jump; constant before and after [s]."""
    signal_value: ArrayLike = field(default_factory=lambda: np.zeros((1, 1, 0)))
    """(S, K, G) or (K, G) values of the signals at these times [-]."""
