"""IEEE PES test feeders as tables of facts, and the two networks that tests build from one table.

``ieee13.json`` and so on hold, in the units of their ``title`` source: line codes (lower triangles of R and X in ohm
and C in nF per unit length), lines (from, to, phases, code, length), loads (bus, phases, connection, dependence on
voltage, kV, kW, kvar), capacitors (bus, phases, kV, kvar), transformers (r in % of each winding, x in %), regulators
and, where the publication gives them, tap positions.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from solvers.power.unbalanced import Feeder, UnbalancedProblem

FREQUENCY = 60.0
STEP = 0.00625


def table(name: str) -> dict[str, Any]:
    """Facts of one feeder."""
    loaded: dict[str, Any] = json.loads((Path(__file__).parent / f"{name}.json").read_text())
    return loaded


def _whole(lower: list[list[float]]) -> np.ndarray:
    matrix = np.zeros((len(lower), len(lower)))
    for row, values in enumerate(lower):
        matrix[row, : row + 1] = values
    return matrix + np.tril(matrix, -1).T


def feeder(facts: dict[str, Any]) -> tuple[Feeder, dict[str, list[int]]]:
    """Our network, and the units of each transformer."""
    net = Feeder(base_power=1e6)
    for bus, kilovolt in facts["kv"].items():
        net.bus(bus, kilovolt * 1e3)
    source = facts["source"]
    net.source(
        source["bus"], source["kv"] * 1e3 * source["pu"], angle=source["angle"],
        positive=complex(*source["z1"]), zero=complex(*source["z0"]),
    )  # fmt: skip
    for start, end, phases, code, length in facts["lines"]:
        rows = facts["codes"][code]
        impedance = (_whole(rows["r"]) + 1j * _whole(rows["x"])) * length
        shunt = 2j * np.pi * FREQUENCY * 1e-9 * _whole(rows["c"]) * length
        net.line(start, end, impedance, phases=phases, shunt=shunt)
    units = {name: _transformer(net, facts) for name, facts in facts["transformers"].items()}
    for bus, phases, connection, kind, kilovolt, kilowatt, kilovar in facts["loads"]:
        _load(net, bus, phases, connection == "delta", kind, kilovolt * 1e3, 1e3 * (kilowatt + 1j * kilovar))
    for bus, phases, kilovolt, kilovar in facts["capacitors"]:
        across = kilovolt * 1e3 / (np.sqrt(3) if len(phases) == 3 else 1)
        net.capacitor(bus, kilovar * 1e3, across, phases=phases)
    return net, units


def _transformer(net: Feeder, facts: dict[str, Any]) -> list[int]:
    (one, phases, first, high), (two, others, second, low) = facts["ends"]
    impedance = (sum(facts["r"]) + 1j * facts["x"]) / 100
    volts, power = (high * 1e3, low * 1e3), facts["kva"] * 1e3
    if facts["phases"] == 3:
        group = {"deltawye": "Dyn1", "wyewye": "YNyn0", "deltadelta": "Dd0", "wyedelta": "YNd1"}[
            first + second
        ]
        return net.transformer(one, two, group, volts, power, impedance)
    ends = ((one, *phases.ljust(2, "g")), (two, *others.ljust(2, "g")))
    return [net.unit(*ends, volts, power, impedance)]


def _load(net: Feeder, bus: str, phases: str, delta: bool, kind: str, volts: float, power: complex) -> None:
    if len(phases) == 3 and not delta:
        volts /= np.sqrt(3)
    if kind == "mixed":  # P grows with the voltage, Q with its square
        net.load(bus, power.real, volts, phases=phases, delta=delta, current_share=1.0)
        net.load(bus, 1j * power.imag, volts, phases=phases, delta=delta, impedance_share=1.0)
        return
    share = {"power": {}, "current": {"current_share": 1.0}, "impedance": {"impedance_share": 1.0}}[kind]
    net.load(bus, power, volts, phases=phases, delta=delta, **share)


def problem(
    name: str, taps: dict[str, int] | None = None, **regulated: Any
) -> tuple[UnbalancedProblem, Feeder]:
    """Our problem with tap positions by regulator."""
    facts = table(name) if isinstance(name, str) else name
    net, units = feeder(facts)
    for regulator, given in facts["regulators"].items():
        net.regulator(
            units[given["transformer"]], target=given["target"], band=given["band"], pt_ratio=given["pt"],
            ct_rating=given["ct"], drop=complex(given["r"], given["x"]),
            delay=given["delay"], tap=(taps or {}).get(regulator, 0),
        )  # fmt: skip
    return net.problem(), net


def opendss(name: str | dict[str, Any], taps: dict[str, int], engine: Any) -> dict[str, complex]:
    """Voltages to earth of the same table in OpenDSS, by "bus.conductor" [V]."""
    facts = table(name) if isinstance(name, str) else name
    for command in _script(facts, taps):
        engine.Text.Command = command
    circuit = engine.ActiveCircuit
    assert circuit.Solution.Converged
    flat = np.asarray(circuit.AllBusVolts)
    return dict(zip(circuit.AllNodeNames, flat[::2] + 1j * flat[1::2], strict=True))


def _script(facts: dict[str, Any], taps: dict[str, int]) -> Iterator[str]:
    source = facts["source"]
    (r1, x1), (r0, x0) = source["z1"], source["z0"]
    yield "clear"
    yield f"set defaultbasefrequency={FREQUENCY}"
    yield (
        f"new circuit.feeder bus1={source['bus']} basekv={source['kv']} pu={source['pu']} angle={source['angle']} "
        f"r1={r1} x1={x1} r0={r0} x0={x0}"
    )
    for number, (start, end, phases, code, length) in enumerate(facts["lines"]):
        rows, dots = facts["codes"][code], _dots(phases)
        matrices = " ".join(
            f"{kind}matrix=({' | '.join(' '.join(map(repr, row)) for row in rows[kind])})" for kind in "rxc"
        )
        yield (
            f"new line.l{number} phases={len(phases)} bus1={start}{dots} bus2={end}{dots} {matrices} length={length!r}"
        )
    for name, given in facts["transformers"].items():
        ends = given["ends"]
        step = next(
            (taps[k] for k, r in facts["regulators"].items() if r["transformer"] == name and k in taps), 0
        )
        floats = int(ends[1][2] == "delta")  # a floating side needs a trace of admittance to earth there
        buses = " ".join(bus + _dots(phases) for bus, phases, _, _ in ends)
        yield (
            f"new transformer.{name} phases={given['phases']} windings=2 xhl={given['x']} ppm={floats} buses=({buses}) "
            f"conns=({ends[0][2]} {ends[1][2]}) kvs=({ends[0][3]} {ends[1][3]}) kvas=({given['kva']} {given['kva']}) "
            f"%rs=({given['r'][0]} {given['r'][1]}) taps=(1 {1 + STEP * step!r})"
        )
    models = {"power": 1, "impedance": 2, "current": 5, "mixed": 4}
    for number, (bus, phases, connection, kind, kilovolt, kilowatt, kilovar) in enumerate(facts["loads"]):
        count = 3 if len(phases) == 3 else 1
        yield (
            f"new load.d{number} phases={count} bus1={bus}{_dots(phases)} conn={connection} model={models[kind]} "
            f"kv={kilovolt!r} kw={kilowatt!r} kvar={kilovar!r} vminpu=0.5 vmaxpu=1.5"
        )
    for number, (bus, phases, kilovolt, kilovar) in enumerate(facts["capacitors"]):
        yield (
            f"new capacitor.c{number} phases={len(phases)} bus1={bus}{_dots(phases)} kv={kilovolt!r} kvar={kilovar!r}"
        )
    yield "set controlmode=off"
    yield "set maxiterations=200"
    yield "set tolerance=1e-11"
    yield "solve"


def _dots(phases: str) -> str:
    return "".join(f".{'abc'.index(letter) + 1}" for letter in phases)
