"""What the compiled sweep puts out: the voltages that follow from the last currents, and those currents."""

from __future__ import annotations

from typing import Any

from numba import njit
from numpy.typing import NDArray

from solvers.power.lanes import put_complex
from solvers.power.tree_steps import compare, fall, fall_gain, hold
from solvers.power.tree_tables import Answer, Asked, Events, Tables
from solvers.power.tree_tour import FALL_GAIN, HOLD, Tour

Array = NDArray[Any]


@njit(cache=True, error_model="numpy")
def finish(
    tour: Tour, t: Tables, events: Events, asked: Asked, answer: Answer, first: int, ready: Array
) -> None:
    """Voltages that follow from the last currents; those of the ``ready`` lanes are put out."""
    t.watch_lanes[:] = 0.0
    rows = asked.row[first + ready]
    event, count, start, odd = 0, events.op.size, 0, tour.odd
    while True:
        # an exception mends the row before it is compared and put out
        stop = events.op[event] if event < count else tour.falls.shape[0]
        _fall(
            tour.falls, tour.fall_values, tour.watched, t.bus, t.final, t.watch, t.final_lanes, answer.voltage,
            ready, rows, start, stop, True,
        )  # fmt: skip
        if event == count:
            break
        _fall(
            tour.falls, tour.fall_values, tour.watched, t.bus, t.final, t.watch, t.final_lanes, answer.voltage,
            ready, rows, stop, stop + 1, False,
        )  # fmt: skip
        while event < count and events.op[event] == stop:
            number, lane = events.number[event], events.lane[event]
            voltage, feed, flow = odd.voltage[number], odd.fall[number], tour.falls[stop, 2]
            if feed >= 0:
                passed = complex(t.bus_lanes[flow, 2, lane], t.bus_lanes[flow, 3, lane])
                before = complex(t.final_lanes[feed, 0, lane], t.final_lanes[feed, 1, lane])
                voltage = odd.gain[number] * before - odd.impedance[number] * passed
            t.final_lanes[stop, 0, lane], t.final_lanes[stop, 1, lane] = voltage.real, voltage.imag
            event += 1
        if tour.watched[stop]:
            compare(t.bus, t.final, t.watch, stop, tour.falls[stop, 2])
        if answer.voltage.shape[0]:
            bus = tour.falls[stop, 3]
            for place in range(ready.size):
                final = t.final_lanes[stop, :, ready[place]]
                answer.voltage[rows[place], bus] = complex(final[0], final[1])
        start = stop + 1
    if tour.partial and answer.voltage.shape[0]:
        for place in range(ready.size):
            live = asked.live[asked.lane[first + ready[place]]]
            for row in range(tour.falls.shape[0]):
                if not live[tour.falls[row, 3]]:
                    answer.voltage[rows[place], tour.falls[row, 3]] = 0.0


@njit(cache=True, error_model="numpy")
def _fall(  # type: ignore[no-untyped-def]
    falls, values, watched, bus, final, watch, final_lanes, voltage, ready, rows, first, stop, whole
):
    """Final voltages of some rows; ``whole`` compares them and puts them out."""
    put = whole and voltage.shape[0] > 0
    for row in range(first, stop):
        code, above, flow, at = falls[row, 0], falls[row, 1], falls[row, 2], falls[row, 3]
        r, x = values[row, 0], values[row, 1]
        if code == HOLD:
            hold(final, row, r, x)
        elif code == FALL_GAIN:
            fall_gain(bus, final, row, above, flow, r, x, values[row, 2], values[row, 3])
        else:
            fall(bus, final, row, above, flow, r, x)
        if whole and watched[row]:
            compare(bus, final, watch, row, flow)
        if put:
            if ready.size == final_lanes.shape[2]:
                put_complex(voltage, rows, at, final, row)
                continue
            for place in range(ready.size):
                lane = ready[place]
                voltage[rows[place], at] = complex(final_lanes[row, 0, lane], final_lanes[row, 1, lane])


@njit(cache=True, error_model="numpy")
def keep_currents(tour: Tour, t: Tables, answer: Answer, row: int, lane: int) -> None:
    for here in range(tour.bus.size):
        current = complex(t.bus_lanes[here, 2, lane], t.bus_lanes[here, 3, lane])
        answer.current[tour.current_row[here], row] = current
    for number in range(tour.fixed_voltage.size):
        voltage = tour.fixed_voltage[number]
        if voltage != 0:
            power = complex(t.load_lanes[number, 0, lane], t.load_lanes[number, 1, lane])
            answer.current[tour.fixed_row[number], row] = (power / voltage).conjugate()
