"""The link laws of :mod:`solvers.hydraulics.laws` as vector steps of the compiled solver.

All that varies lies in one table ``t``, one slot wide; a step is given the rows it works on.  It adds to drop and slope
or, where it says so, writes them.  Row ``scale`` begins the slopes that stand for infinity and zero (:data:`SCALE`);
``k`` is a table of constants.
"""

from __future__ import annotations

import math
from typing import Any

from .friction import LAMINAR_LIMIT, TURBULENT_LIMIT
from .laws import SOFT_FLOW
from .network_vectors import Condition, Number, Table, exp, larger, log, polynomial, rough_log, step

SCALE = ("steep", "least", "tiny", "flow")
"""Rows from ``scale`` on: slope of a blocked link, least slope of a pump's step, of a link without loss [Pa/(kg/s)], and
typical flow [kg/s]."""
STEEP, LEAST, TINY, FLOW = range(4)

PIPE = ("relative", "haaland", "weight", "c0", "c1", "c2", "c3")
"""Slots of a pipe's constants: roughness over 3.7 diameters, that to the power 1.11, the factor of f q |q|, and the
coefficients of its transition between laminar and turbulent."""
RELATIVE, HAALAND, WEIGHT, C0, C1, C2, C3 = range(7)

_LN10 = math.log(10.0)
_K = 2.0 / _LN10
_SPAN = math.log(TURBULENT_LIMIT / LAMINAR_LIMIT)
_SOFT2 = SOFT_FLOW**2
_LEAST_REYNOLDS = 1e-12


def _colebrook(re: Number, pipe: Table, row: Any) -> tuple[Number, Number]:
    """Darcy factor and d ln f / d ln Re by Colebrook and White.

    From Haaland's estimate x of ``1 / sqrt(f)``; with ``t`` the relative change of the logarithm's argument the law is
    ``t (v + k) = -(x + k ln arg) - k (log1p(t) - t)``, which needs no further logarithm and gains three digits a turn.
    """
    relative = pipe[row, RELATIVE]
    inverse = 1.0 / re
    x = rough_log(pipe[row, HAALAND] + 6.9 * inverse) * (-1.8 / _LN10)
    argument = relative + 2.51 * inverse * x
    rest = x + _K * log(argument)
    v = argument * re * (1.0 / 2.51)
    shrink = -1.0 / (v + _K)
    t = rest * shrink
    for _ in range(3):
        t = (rest + t * t * polynomial(t, *(_K * c for c in (-1 / 2, 1 / 3, -1 / 4, 1 / 5)))) * shrink
    x = x + t * v
    y = v + v * t + _K
    square = x * x
    both = 1.0 / (square * y)
    return both * y, both * square * (-2.0 * _K)


def _swamee_jain(re: Number, pipe: Table, row: Any) -> tuple[Number, Number]:
    viscous = 5.74 * exp(log(re) * -0.9)
    argument = pipe[row, RELATIVE] + viscous
    ln = log(argument)
    both = 1.0 / (ln * ln * argument)
    return both * argument * (0.25 * _LN10**2), viscous * ln * both * 1.8


def _hermite(re: Number, pipe: Table, row: Any) -> tuple[Number, Number]:
    t = log(re * (1.0 / LAMINAR_LIMIT)) * (1.0 / _SPAN)
    a, b = pipe[row, C0], pipe[row, C1]
    y = t * (t * (b + t * a) - _SPAN) + math.log(64.0 / LAMINAR_LIMIT)
    return exp(y), (t * (2.0 * b + 3.0 * t * a) - _SPAN) * (1.0 / _SPAN)


def _dunlop(re: Number, pipe: Table, row: Any) -> tuple[Number, Number]:
    r = re * (1.0 / LAMINAR_LIMIT)
    x1, x2, x3, x4 = (pipe[row, slot] for slot in (C0, C1, C2, C3))
    f = x1 + r * (x2 + r * (x3 + r * x4))
    return f, r * (x2 + r * (2.0 * x3 + 3.0 * r * x4)) / f


def _all_regimes(turbulent: Any, transition: Any) -> Any:
    def friction(re: Number, pipe: Table, row: Any) -> tuple[Number, Number]:
        f, bend = turbulent(larger(re, TURBULENT_LIMIT), pipe, row)
        middle, slow = re < TURBULENT_LIMIT, re < LAMINAR_LIMIT
        between = transition(larger(re, LAMINAR_LIMIT), pipe, row)
        f, bend = middle.choose(between[0], f), middle.choose(between[1], bend)
        return slow.choose(64.0 / re, f), slow.choose(-1.0, bend)

    return friction


def _reynolds(flow: Number, factor: Number) -> tuple[Number, Number]:
    size = larger(abs(flow), _LEAST_REYNOLDS)
    return size, size * factor


def _pipe_step(friction: Any) -> Any:
    @step((1, len(PIPE)), indices=6)
    def pipe_law(
        t: Table, pipe: Table, flow: Any, drop: Any, slope: Any, reynolds: Any, square: Any, row: Any
    ) -> Any:
        """Write drop and slope of a pipe with fittings and quadratic devices; 1 if a lane is not turbulent."""
        q = t[flow]
        size, re = _reynolds(q, t[reynolds])
        f, bend = friction(larger(re, TURBULENT_LIMIT) if friction in _TURBULENT else re, pipe, row)
        resistance = f * pipe[row, WEIGHT] * size
        fitting, bent = _quadratic(q, t[square])
        t[drop] = resistance * q + fitting
        t[slope] = resistance * (2.0 + bend) + bent
        return (re < TURBULENT_LIMIT).anywhere()

    return pipe_law


def _loss_step(friction: Any) -> Any:
    @step((1, len(PIPE)), indices=4)
    def pipe_loss(t: Table, pipe: Table, flow: Any, loss: Any, reynolds: Any, row: Any) -> None:
        """Write f q |q| of a pipe."""
        size, re = _reynolds(t[flow], t[reynolds])
        f, _ = friction(re, pipe, row)
        t[loss] = f * size * t[flow]

    return pipe_loss


def _quadratic(q: Number, square: Number) -> tuple[Number, Number]:
    """``c q |q|``, linear below :data:`SOFT_FLOW`, and its slope."""
    soft = (q * q + _SOFT2).root()
    return square * q * soft, square * (soft + q * q / soft)


def _power(q: Number, coefficient: Number, n: Number) -> tuple[Number, Number]:
    """``c q |q|^(n-1)``, linear below :data:`SOFT_FLOW`, and its slope."""
    soft = q * q + _SOFT2
    resistance = coefficient * exp(log(soft) * ((n - 1.0) * 0.5))
    return resistance * q, resistance * (n * q * q + _SOFT2) / soft


_TURBULENT = (_colebrook, _swamee_jain)
_ANY = (_all_regimes(_colebrook, _hermite), _all_regimes(_swamee_jain, _dunlop))

colebrook_turbulent, swamee_turbulent = (_pipe_step(friction) for friction in _TURBULENT)
colebrook_any, swamee_any = (_pipe_step(friction) for friction in _ANY)
colebrook_loss, swamee_loss = (_loss_step(friction) for friction in _ANY)


@step((1,), indices=4)
def square_law(t: Table, flow: Any, drop: Any, slope: Any, square: Any) -> None:
    """Write drop and slope of fittings and quadratic devices."""
    t[drop], t[slope] = _quadratic(t[flow], t[square])


@step((1,), indices=4)
def add_laws(t: Table, drop: Any, slope: Any, more_drop: Any, more_slope: Any) -> None:
    """Add the laws of one row to those of another."""
    t[drop] = t[drop] + t[more_drop]
    t[slope] = t[slope] + t[more_slope]


@step((1, 1), indices=5)
def power_law(t: Table, k: Table, flow: Any, drop: Any, slope: Any, coefficient: Any, n: Any) -> None:
    """Devices of any exponent, and Hazen and Williams."""
    loss, bent = _power(t[flow], t[coefficient], k[n])
    t[drop] = t[drop] + loss
    t[slope] = t[slope] + bent


@step((1,), indices=5)
def lossless_law(t: Table, flow: Any, drop: Any, slope: Any, here: Any, scale: Any) -> None:
    """A link without any loss, in the lanes where ``here`` is 1."""
    tiny = t[here] * t[scale, TINY]
    t[drop] = t[drop] + tiny * t[flow]
    t[slope] = t[slope] + tiny


def _pump(t: Table, rows: tuple[Any, ...], loss: Number, bend: Number) -> None:
    flow, drop, slope, shutoff, peak, scale = rows
    t[drop] = t[drop] - t[shutoff] + loss
    t[slope] = larger(t[slope] + (t[flow] < t[peak]).choose(0.0, bend), t[scale, LEAST])


@step((1,), indices=8)
def pump_square(
    t: Table, flow: Any, drop: Any, slope: Any, shutoff: Any, fall: Any, curve: Any, peak: Any, scale: Any
) -> None:
    """A pump whose curve is a parabola; left of its peak it is level."""
    q = larger(t[flow], t[peak])
    loss, bend = _quadratic(q, t[curve])
    _pump(t, (flow, drop, slope, shutoff, peak, scale), t[fall] * q + loss, t[fall] + bend)


@step((1, 1), indices=9)
def pump_power(
    t: Table, k: Table, flow: Any, drop: Any, slope: Any, shutoff: Any, fall: Any, curve: Any, peak: Any, scale: Any,
    n: Any,
) -> None:  # fmt: skip
    """A pump whose curve falls with a power of the flow."""
    q = larger(t[flow], t[peak])
    loss, bend = _power(q, t[curve], k[n])
    _pump(t, (flow, drop, slope, shutoff, peak, scale), t[fall] * q + loss, t[fall] + bend)


def _backward(q: Number, one_way: Number) -> Condition:
    return (q < 0.0) & (one_way > 0.0)


@step((1, 1), indices=7)
def gate_law(
    t: Table, k: Table, flow: Any, drop: Any, slope: Any, one_way: Any, shutoff: Any, limit: Any, scale: Any
) -> None:
    """Check valves (with the pump they are part of) and limiters: steep where they block."""
    q, steep = t[flow], t[scale, STEEP]
    back, over = _backward(q, k[one_way]), q > t[limit]
    law = back.choose(steep * q - t[shutoff], t[drop])
    bent = back.choose(steep, t[slope])
    t[drop] = over.choose(law + steep * (q - t[limit]), law)
    t[slope] = over.choose(bent + steep, bent)


@step((1, 1), indices=6)
def gate_blocks(
    t: Table, k: Table, flow: Any, live: Any, one_way: Any, limit: Any, shut: Any, held: Any
) -> Any:
    """Mark live gates whose flow is beyond zero or the limit beside those marked before; 1 if one is marked."""
    q, moves = t[flow], t[live] > 0.0
    back, over = _backward(q, k[one_way]) & moves, (q > t[limit]) & moves
    t[shut] = back.choose(1.0, t[shut])
    t[held] = over.choose(1.0, t[held])
    return (t[shut] + t[held] > 0.0).anywhere()


@step((1, 1), indices=2)
def add_buoyancy(t: Table, k: Table, drop: Any, buoyancy: Any) -> None:
    """The driving pressure of densities."""
    t[drop] = t[drop] + k[buoyancy]


MEMBER = ("pipe", "fitting", "device", "buoyancy")
"""Slots of a link in a run, on its way from an end of the run: factors of f q |q| and q |q|, sign of its device, and
driving pressure of densities; all positive for a walk along the run's direction."""


@step((1, len(MEMBER)), indices=6)
def walk(t: Table, member: Table, here: Any, to: Any, flow: Any, loss: Any, device: Any, link: Any) -> None:
    """Write the head at the next node of a run, behind a pipe with fittings and a quadratic device."""
    drop, _ = _quadratic(t[flow], member[link, 1] + member[link, 2] * t[device])
    t[to] = t[here] - drop - member[link, 0] * t[loss] - member[link, 3]


@step((1, 1, len(MEMBER)), indices=5)
def walk_power(
    t: Table, k: Table, member: Table, to: Any, flow: Any, coefficient: Any, n: Any, link: Any
) -> None:
    """Take off the drop of a device of any exponent, or of Hazen and Williams."""
    loss, _ = _power(t[flow], t[coefficient], k[n])
    t[to] = t[to] - member[link, 2] * loss
