"""Vector steps of the compiled sweep: what happens when its tour enters and leaves a bus.

Tables, each a row of slots for LANES scenarios or for one: ``bus`` real and imaginary voltage and current towards
the bus; ``load`` P and Q; ``extra`` the constant-current P and Q of a bus and its admittance; ``stage`` a
converter's share of its busbar and its no-load loss; ``watch`` the largest change of a voltage and the largest
1 / |V|^2 of a round; ``final`` voltages that follow from the last currents; ``raw`` the loads as they are given;
``total`` the sum of all loads and the largest of a bus.  All but ``raw`` per unit.
"""

from __future__ import annotations

from typing import Any

from solvers.power.lanes import step

BUS, LOAD, EXTRA, STAGE, WATCH, FINAL, RAW, TOTAL = 4, 2, 4, 2, 2, 2, 2, 2
"""Slots per row."""


def _fed(v: Any, bus: Any, feed: Any, here: Any, above: Any, r: Any, x: Any) -> tuple[Any, Any]:
    """V = V_feed - z J, with J from table ``bus`` and V_feed from table ``feed``."""
    return _drop(
        v, feed.load(above, 0), feed.load(above, 1), bus.load(here, 2), bus.load(here, 3), v.spread(r), v.spread(x)
    )  # fmt: skip


def _drop(v: Any, vr: Any, vi: Any, jr: Any, ji: Any, r: Any, x: Any) -> tuple[Any, Any]:
    real = v.fused(x, ji, v.fused(v.neg(r), jr, vr))
    return real, v.fused(v.neg(x), jr, v.fused(v.neg(r), ji, vi))


def _change(v: Any, bus: Any, watch: Any, here: Any, vr: Any, vi: Any) -> None:
    size = v.add(v.absolute(v.sub(vr, bus.load(here, 0))), v.absolute(v.sub(vi, bus.load(here, 1))))
    watch.store(v.peak(size, watch.load(0, 0)), 0, 0)


def _inverse_square(v: Any, watch: Any, vr: Any, vi: Any) -> Any:
    """1 / |V|^2, watched."""
    inverse = v.div(v.constant(1.0), v.fused(vr, vr, v.mul(vi, vi)))
    watch.store(v.peak(inverse, watch.load(0, 1)), 0, 1)
    return inverse


def _drawn(v: Any, p: Any, q: Any, vr: Any, vi: Any) -> tuple[Any, Any]:
    """conj(p + j q) V."""
    return v.fused(p, vr, v.mul(q, vi)), v.fused(p, vi, v.neg(v.mul(q, vr)))


def _enter(v: Any, bus: Any, here: Any, vr: Any, vi: Any, jr: Any, ji: Any) -> None:
    for slot, value in enumerate((vr, vi, jr, ji)):
        bus.store(value, here, slot)


def _add(v: Any, bus: Any, to: Any, jr: Any, ji: Any) -> None:
    bus.store(v.add(bus.load(to, 2), jr), to, 2)
    bus.store(v.add(bus.load(to, 3), ji), to, 3)


def _loaded(
    v: Any, bus: Any, load: Any, watch: Any, here: Any, slot: Any, vr: Any, vi: Any
) -> tuple[Any, Any]:
    """Enter a bus with loads of constant power; its own current."""
    _change(v, bus, watch, here, vr, vi)
    inverse = _inverse_square(v, watch, vr, vi)
    jr, ji = _drawn(v, load.load(slot, 0), load.load(slot, 1), vr, vi)
    jr, ji = v.mul(jr, inverse), v.mul(ji, inverse)
    _enter(v, bus, here, vr, vi, jr, ji)
    return jr, ji


@step((BUS,), indices=2, scalars=2)
def enter_plain(v: Any, bus: Any, here: Any, above: Any, r: Any, x: Any) -> None:
    """A bus that draws nothing itself."""
    nothing = v.constant(0.0)
    _enter(v, bus, here, *_fed(v, bus, bus, here, above, r, x), nothing, nothing)


@step((BUS, WATCH), indices=2, scalars=2)
def enter_watched(v: Any, bus: Any, watch: Any, here: Any, above: Any, r: Any, x: Any) -> None:
    """A bus whose own current is added by other steps."""
    vr, vi = _fed(v, bus, bus, here, above, r, x)
    _change(v, bus, watch, here, vr, vi)
    _enter(v, bus, here, vr, vi, v.constant(0.0), v.constant(0.0))


@step((BUS, WATCH), indices=2, scalars=4)
def enter_gain(
    v: Any, bus: Any, watch: Any, here: Any, above: Any, r: Any, x: Any, gr: Any, gi: Any
) -> None:  # fmt: skip
    """As ``enter_watched``, behind an ideal ratio: V = g V_feed - z J."""
    fr, fi = v.cmul(v.spread(gr), v.spread(gi), bus.load(above, 0), bus.load(above, 1))
    vr, vi = _drop(v, fr, fi, bus.load(here, 2), bus.load(here, 3), v.spread(r), v.spread(x))
    _change(v, bus, watch, here, vr, vi)
    _enter(v, bus, here, vr, vi, v.constant(0.0), v.constant(0.0))


@step((BUS, WATCH), indices=2, scalars=2)
def enter_scaled(v: Any, bus: Any, watch: Any, here: Any, above: Any, r: Any, x: Any) -> None:
    """As ``enter_watched``, for a branch with much of the voltage drop.

    The power behind it hardly changes, so its current goes with conj(V_old / V_new): a first V says by how much,
    the current so scaled gives the V that counts.
    """
    jr, ji = bus.load(here, 2), bus.load(here, 3)
    nr, ni = _fed(v, bus, bus, here, above, r, x)
    inverse = v.div(v.constant(1.0), v.fused(nr, nr, v.mul(ni, ni)))
    # conj(V_old) V_new / |V_new|^2
    sr, si = _drawn(v, bus.load(here, 0), bus.load(here, 1), nr, ni)
    jr, ji = v.cmul(v.mul(sr, inverse), v.mul(si, inverse), jr, ji)
    vr, vi = _drop(v, bus.load(above, 0), bus.load(above, 1), jr, ji, v.spread(r), v.spread(x))
    _change(v, bus, watch, here, vr, vi)
    _enter(v, bus, here, vr, vi, v.constant(0.0), v.constant(0.0))


@step((BUS, LOAD, WATCH), indices=3, scalars=2)
def enter_loaded(
    v: Any, bus: Any, load: Any, watch: Any, here: Any, above: Any, slot: Any, r: Any, x: Any
) -> None:  # fmt: skip
    """A bus with loads of constant power only."""
    _loaded(v, bus, load, watch, here, slot, *_fed(v, bus, bus, here, above, r, x))


@step((BUS, LOAD, WATCH), indices=3, scalars=2)
def visit_leaf(
    v: Any, bus: Any, load: Any, watch: Any, here: Any, above: Any, slot: Any, r: Any, x: Any
) -> None:  # fmt: skip
    """Enter a bus with loads that feeds no other, and leave it."""
    _add(v, bus, above, *_loaded(v, bus, load, watch, here, slot, *_fed(v, bus, bus, here, above, r, x)))


@step((BUS,), indices=1, scalars=2)
def enter_held(v: Any, bus: Any, here: Any, vr: Any, vi: Any) -> None:
    """A busbar whose voltage is held."""
    _enter(v, bus, here, v.spread(vr), v.spread(vi), v.constant(0.0), v.constant(0.0))


@step((BUS,), indices=1)
def restart(v: Any, bus: Any, here: Any) -> None:
    """Enter a bus whose voltage is given for once."""
    for slot in (2, 3):
        bus.store(v.constant(0.0), here, slot)


@step((BUS, LOAD, WATCH), indices=2)
def restart_loaded(v: Any, bus: Any, load: Any, watch: Any, here: Any, slot: Any) -> None:
    """The same with loads of constant power."""
    _loaded(v, bus, load, watch, here, slot, bus.load(here, 0), bus.load(here, 1))


@step((BUS,), indices=1, scalars=2)
def add_shunt(v: Any, bus: Any, here: Any, g: Any, b: Any) -> None:
    """Current of an admittance that is there in all scenarios."""
    _add(v, bus, here, *v.cmul(v.spread(g), v.spread(b), bus.load(here, 0), bus.load(here, 1)))


@step((BUS, LOAD, EXTRA, WATCH), indices=3)
def add_own(v: Any, bus: Any, load: Any, extra: Any, watch: Any, here: Any, slot: Any, other: Any) -> None:
    """Loads of constant power and current, and an admittance of each scenario."""
    vr, vi = bus.load(here, 0), bus.load(here, 1)
    inverse = _inverse_square(v, watch, vr, vi)
    root = v.root(inverse)
    p = v.fused(load.load(slot, 0), inverse, v.mul(extra.load(other, 0), root))
    q = v.fused(load.load(slot, 1), inverse, v.mul(extra.load(other, 1), root))
    _add(v, bus, here, *_drawn(v, p, q, vr, vi))
    _add(v, bus, here, *v.cmul(extra.load(other, 2), extra.load(other, 3), vr, vi))


@step((BUS,), indices=2)
def leave(v: Any, bus: Any, here: Any, above: Any) -> None:
    """Give the current of a bus to its feed."""
    _add(v, bus, above, bus.load(here, 2), bus.load(here, 3))


@step((BUS,), indices=2, scalars=2)
def leave_gain(v: Any, bus: Any, here: Any, above: Any, gr: Any, gi: Any) -> None:
    """The same over an ideal ratio: conj(g) J."""
    _add(v, bus, above, *_drawn(v, v.spread(gr), v.spread(gi), bus.load(here, 2), bus.load(here, 3)))


def _input(v: Any, stage: Any, row: Any, delivered: Any, b: Any, c: Any) -> Any:
    """Real input of a converter that takes its share of what its busbar delivers."""
    output = v.mul(stage.load(row, 0), delivered)
    size = v.absolute(output)
    loss = v.mul(size, v.fused(size, v.spread(c), v.spread(b)))
    return v.add(v.add(output, loss), stage.load(row, 1))


@step((BUS, STAGE, WATCH), indices=3, scalars=3)
def convert(
    v: Any, bus: Any, stage: Any, watch: Any, hub: Any, source: Any, row: Any, b: Any, c: Any, tangent: Any
) -> None:  # fmt: skip
    """Let a converter draw from its input bus what its busbar asks of it."""
    delivered = v.fused(bus.load(hub, 0), bus.load(hub, 2), v.mul(bus.load(hub, 1), bus.load(hub, 3)))
    drawn = _input(v, stage, row, delivered, b, c)
    vr, vi = bus.load(source, 0), bus.load(source, 1)
    drawn = v.mul(drawn, _inverse_square(v, watch, vr, vi))
    _add(v, bus, source, *_drawn(v, drawn, v.mul(drawn, v.spread(tangent)), vr, vi))


@step((RAW, LOAD, TOTAL), indices=2, scalars=3)
def add_cord(
    v: Any, raw: Any, load: Any, total: Any, given: Any, slot: Any, part: Any, p: Any, q: Any
) -> None:
    """A cord's ``part`` of its load; ``p`` and ``q`` are what counts of P and Q for a bus of constant power."""
    real = v.mul(raw.load(given, 0), v.spread(part))
    imaginary = v.mul(raw.load(given, 1), v.spread(part))
    load.store(v.fused(real, v.spread(p), load.load(slot, 0)), slot, 0)
    load.store(v.fused(imaginary, v.spread(q), load.load(slot, 1)), slot, 1)
    total.store(v.add(total.load(0, 0), v.add(v.absolute(real), v.absolute(imaginary))), 0, 0)


@step((LOAD, TOTAL), indices=1)
def note_load(v: Any, load: Any, total: Any, slot: Any) -> None:
    """Watch the largest load of a bus."""
    size = v.add(v.absolute(load.load(slot, 0)), v.absolute(load.load(slot, 1)))
    total.store(v.peak(size, total.load(0, 1)), 0, 1)


@step((LOAD, STAGE), indices=3, scalars=3)
def settle(
    v: Any, load: Any, stage: Any, hub: Any, source: Any, row: Any, b: Any, c: Any, tangent: Any
) -> None:
    """The same where the busbar's voltage and load are known before any sweep: one more load."""
    drawn = _input(v, stage, row, load.load(hub, 0), b, c)
    load.store(v.add(load.load(source, 0), drawn), source, 0)
    load.store(v.fused(drawn, v.spread(tangent), load.load(source, 1)), source, 1)


@step((BUS, FINAL), indices=3, scalars=2)
def fall(v: Any, bus: Any, final: Any, here: Any, above: Any, flow: Any, r: Any, x: Any) -> None:
    """Final voltage of a bus; the current towards it is that of row ``flow``."""
    vr, vi = _fed(v, bus, final, flow, above, r, x)
    final.store(vr, here, 0)
    final.store(vi, here, 1)


@step((BUS, FINAL), indices=3, scalars=4)
def fall_gain(
    v: Any, bus: Any, final: Any, here: Any, above: Any, flow: Any, r: Any, x: Any, gr: Any, gi: Any
) -> None:  # fmt: skip
    """The same behind an ideal ratio."""
    fr, fi = v.cmul(v.spread(gr), v.spread(gi), final.load(above, 0), final.load(above, 1))
    vr, vi = _drop(v, fr, fi, bus.load(flow, 2), bus.load(flow, 3), v.spread(r), v.spread(x))
    final.store(vr, here, 0)
    final.store(vi, here, 1)


@step((FINAL,), indices=1, scalars=2)
def hold(v: Any, final: Any, here: Any, vr: Any, vi: Any) -> None:
    """Final voltage of a held busbar."""
    final.store(v.spread(vr), here, 0)
    final.store(v.spread(vi), here, 1)


@step((BUS, FINAL, WATCH), indices=2)
def compare(v: Any, bus: Any, final: Any, watch: Any, here: Any, flow: Any) -> None:
    """Watch how far the final voltage is from that of the last round."""
    _change(v, bus, watch, flow, final.load(here, 0), final.load(here, 1))
