"""The one-line diagram: the power tree from the utility down, like machines folded, with ratings and loadings.

Machines stand in layers, sides apart and in their own colours.  Each tells its rating and how full it is in the normal
state and in the worst one; feeds with breakers tell the same.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from itertools import pairwise

from twin.checks.wording import quantity
from twin.model.facility import Facility, Machine
from twin.results.results import Results
from twin.view import facts
from twin.view.paper import folding, ink, layers, symbols, words
from twin.view.paper.folding import Fold, Joint
from twin.view.paper.layers import Net, Spot
from twin.view.paper.loads import Load, Loads, rating

LEAST_WIDE = 900.0
LEFT, TITLE, ROOM = 22.0, 156.0, 124.0
"""Room left of a symbol's axis, and at most for the title and further text right of it. [px]"""
LOAD = 150.0
"""Width of a load with one input. [px]"""
PORT = {"transfer_switch": 24.0, "load": 90.0}
"""Distance between inputs by kind. [px]"""
TRACK, EDGE = 9.0, 10.0
"""Distance between tracks, and of the first to symbols. [px]"""
SAID = 80.0
"""Room for the text beside a breaker. [px]"""
BREAKER = 36.0
"""Room for breakers and their text above the loads. [px]"""
BAR = 46.0
SIZE, SMALL = 10.5, 9.5
MARGIN = 14.0
COARSE = (
    "Machines of one sort, side and level are drawn as one, also where their supplies or loads are not alike."
)


@dataclass(frozen=True)
class _Art:
    """Everything the drawing is made of."""

    facility: Facility
    results: Results
    fold: Fold
    spots: dict[str, Spot]
    chains: list[list[str]]
    ports: dict[tuple[str, str], float]
    """Position of the input of (target, source)."""
    sheet: ink.Sheet
    machines: Loads
    feeds: Loads


def svg(facility: Facility, results: Results) -> str:
    """The diagram as SVG text; empty without a power tree."""
    made = drawing(facility, results)
    return made.svg() if made else ""


def drawing(facility: Facility, results: Results) -> ink.Sheet | None:
    """The diagram; None without a power tree."""
    if not facility.feeds:
        return None
    fold = folding.tree(facility)
    joints = [joint for joint in fold.joints if fold.layer[joint.source] < fold.layer[joint.target]]
    fold = replace(fold, joints=tuple(joints))
    machines = Loads(results, "power")
    spots = {name: _spot(machines, fold, name) for name in fold.classes}
    chains = layers.arrange(spots, [(joint.source, joint.target) for joint in joints])
    wide = max(spot.at + spot.after for spot in spots.values())
    shift = MARGIN + max(LEAST_WIDE - 2 * MARGIN - wide, 0.0) / 2
    for spot in spots.values():
        spot.at += shift
    ports = _ports(fold, spots, chains)
    sheet = ink.Sheet(
        max(wide + 2 * MARGIN, LEAST_WIDE), 0.0, "One-line diagram of the power tree", "oneline"
    )
    art = _Art(facility, results, fold, spots, chains, ports, sheet, machines, Loads(results, "feed"))
    _draw(art)
    return sheet


def _is_load(fold: Fold, name: str) -> bool:
    return fold.classes[name][0].product.role != "power"


def _inputs(fold: Fold, name: str) -> list[Joint]:
    return [joint for joint in fold.joints if joint.target == name]


def _spot(loads: Loads, fold: Fold, name: str) -> Spot:
    machine = fold.classes[name][0]
    letters = sorted(
        {joint.side for joint in fold.joints if joint.side}
        | {m[0].feed for m in fold.classes.values() if m[0].feed}
    )
    middle = (len(letters) - 1) / 2
    side = float(letters.index(machine.feed)) - middle if machine.feed in letters else 0.0
    if _is_load(fold, name):
        inputs = max(len(_inputs(fold, name)) - 1, 0)
        reach = PORT["load"] * inputs / 2
        return Spot(
            name, fold.layer[name], max(LOAD / 2, reach + 12.0), max(LOAD / 2, reach + 8.0 + SAID) + 6.0, side
        )
    told = _told(loads, fold.classes[name])
    said = max(ink.width(told.about, SMALL), BAR + 5.0 + ink.width(told.load, SMALL) * 1.06)
    long = max(min(ink.width(told.title, SIZE) * 1.06, TITLE), min(said, ROOM))
    return Spot(name, fold.layer[name], LEFT, LEFT + long + 8.0, side)


@dataclass(frozen=True)
class _Told:
    """What stands beside a symbol."""

    title: str
    about: str
    load: str
    loading: Load | None


def _told(loads: Loads, group: tuple[Machine, ...]) -> _Told:
    names, each = words.span([machine.id for machine in group]), rating(group[0])
    load = loads.of(machine.id for machine in group)
    said = ""
    if load is not None:
        normal = "standby" if group[0].kind in ("generator", "bess") and load.high == 0.0 else load.normal
        said = f"{normal} → {load.most}" if load.most and normal else load.most or normal
    return _Told(words.counted(group), f"{each}, {names}" if each else names, said, load)


def _ports(fold: Fold, spots: dict[str, Spot], chains: list[list[str]]) -> dict[tuple[str, str], float]:
    """Where the line of every joint enters its target: as many places as inputs, in the order of where lines come from."""
    last = {(joint.target, joint.source): chain[-2] for joint, chain in zip(fold.joints, chains, strict=True)}
    found = {}
    for name, group in fold.classes.items():
        joints = sorted(
            _inputs(fold, name), key=lambda joint: (spots[last[joint.target, joint.source]].at, joint.rank)
        )
        kind = "load" if _is_load(fold, name) else group[0].kind
        if kind == "transfer_switch":
            joints.sort(key=lambda joint: joint.rank)
        step = PORT.get(kind, 14.0)
        first = -(len(joints) - 1) / 2 if kind != "transfer_switch" else -0.5
        for number, joint in enumerate(joints):
            found[name, joint.source] = spots[name].at + step * (number + first)
    return found


def _draw(art: _Art) -> None:
    sheet, last = art.sheet, max(art.fold.layer.values())
    y = MARGIN
    for layer in range(last + 1):
        for spot in list(art.spots.values()):
            if spot.layer == layer and not spot.passing:
                _machine(art, spot, y)
        _passing(art, layer, y)
        y += symbols.TALL
        if layer < last:
            y = _channel(art, layer, y)
    has_loads = any(_is_load(art.fold, name) for name in art.fold.classes)
    sheet.high = _legend(art, y + (62.0 if has_loads else 24.0))


def _tint(side: str) -> str:
    name = f"side-{side.lower()}"
    return name if name in ink.INKS else "draw"


def _passing(art: _Art, layer: int, y: float) -> None:
    for joint, chain in zip(art.fold.joints, art.chains, strict=True):
        for name in chain[1:-1]:
            if art.spots[name].layer == layer:
                x = art.spots[name].at
                art.sheet.line((x, y), (x, y + symbols.TALL), ink=_tint(joint.side), dash=_dash(joint))


def _dash(joint: Joint) -> str:
    return "5 3" if joint.rank > 0 else ""


def _channel(art: _Art, layer: int, y: float) -> float:
    """Draw the lines between two layers; where the next layer begins."""
    joined: dict[str, list[tuple[float, Joint]]] = defaultdict(list)
    for joint, chain in zip(art.fold.joints, art.chains, strict=True):
        for a, b in pairwise(chain):
            if art.spots[a].layer == layer:
                passing = art.spots[b].passing
                joined[a].append((art.spots[b].at if passing else art.ports[b, joint.source], joint))
    nets = [Net(name, (art.spots[name].at,), tuple(x for x, _ in pins)) for name, pins in joined.items()]
    track = layers.tracks(nets)
    below = y + 2 * EDGE + TRACK * max([0, *track.values()]) + 14.0
    loaded = any(_is_load(art.fold, name) for name, at in art.fold.layer.items() if at == layer + 1)
    below += BREAKER if loaded else 0.0
    for net in nets:
        pins = joined[net.id]
        across = y + EDGE + TRACK * max(track[net.id], 0)
        _net(art, net, pins, (y, across, below))
    return below


def _net(art: _Art, net: Net, pins: list[tuple[float, Joint]], levels: tuple[float, float, float]) -> None:
    above, across, below = levels
    tint = _tint(pins[0][1].side)
    dash = "5 3" if all(joint.rank > 0 for _, joint in pins) else ""
    start = net.near[0]
    art.sheet.line((start, above), (start, across), ink=tint, dash=dash)
    if net.high - net.low > 0.01:
        art.sheet.line((net.low, across), (net.high, across), ink=tint, dash=dash)
    for x, joint in pins:
        art.sheet.line((x, across), (x, below), ink=tint, dash=_dash(joint))
    if net.high - net.low > 0.5:
        for x in {start, *net.far}:
            if net.low + 0.5 < x < net.high - 0.5:
                art.sheet.circle(x, across, 1.8, inside=tint, ink=tint)


def _machine(art: _Art, spot: Spot, y: float) -> None:
    group = art.fold.classes[spot.id]
    machine = group[0]
    if _is_load(art.fold, spot.id):
        _load(art, spot, group, y)
        return
    tint, told = _tint(machine.feed), _told(art.machines, group)
    symbols.electrical(art.sheet, machine.kind, spot.at, y, tint)
    x = spot.at + LEFT
    art.sheet.text(x, y + 8.0, told.title, size=SIZE, bold=True, room=TITLE / 1.06)
    art.sheet.text(x, y + 19.0, told.about, size=SMALL, ink="soft", room=ROOM)
    if told.loading is not None:
        _loading(art.sheet, x, y + 30.0, told.loading, told.load)
    art.sheet.text(spot.at + 4.0, y + symbols.TALL + 8.5, _voltage(machine), size=8.5, ink=tint)


def _voltage(machine: Machine) -> str:
    """Voltage behind a machine that sets it; empty for others."""
    fields = {"utility": "voltage", "transformer": "secondary", "rectifier": "output_voltage"}
    value = getattr(machine.product, fields.get(machine.kind, ""), None)
    if not isinstance(value, float):
        return ""
    return quantity(value, "voltage") + (" DC" if machine.kind == "rectifier" else "")


def _loading(sheet: ink.Sheet, x: float, y: float, load: Load, said: str) -> None:
    """A bar with the normal load, a tick at the worst, and both in words."""
    sheet.rect(x, y - 6.0, BAR, 5.0, inside="panel", ink="faint")
    if load.high == load.high:
        sheet.rect(x, y - 6.0, BAR * min(max(load.high, 0.0), 1.0), 5.0, inside="soft")
    if load.worst == load.worst:
        at = x + BAR * min(max(load.worst, 0.0), 1.0)
        sheet.line((at, y - 8.0), (at, y + 1.0), ink=load.tone, wide=2.2)
    plain = load.tone == "good"
    sheet.text(x + BAR + 5.0, y, said, size=SMALL, ink="ink" if plain else load.tone, bold=load.tone == "bad")


def _load(art: _Art, spot: Spot, group: tuple[Machine, ...], y: float) -> None:
    sheet, machine = art.sheet, group[0]
    kind = "rack" if machine.kind == "rack" else "cooling"
    symbols.electrical(sheet, kind, spot.at, y)
    inputs = _inputs(art.fold, spot.id)
    if len(inputs) > 1:
        ends = [art.ports[spot.id, joint.source] for joint in inputs]
        sheet.line((min(ends), y), (max(ends), y), wide=1.8)
    room = 2 * min(spot.before, spot.after) - 4.0
    title = words.counted(group) if kind == "rack" else _kinds(group)
    lines = ink.folded(title, room, SIZE)
    for number, line in enumerate(lines):
        sheet.text(
            spot.at,
            y + symbols.TALL + 12.0 + 12.0 * number,
            line,
            size=SIZE,
            bold=True,
            anchor="middle",
            full=title,
        )
    below = y + symbols.TALL + 12.0 + 12.0 * len(lines)
    sheet.text(spot.at, below, _drawn(art, group), size=SMALL, ink="soft", anchor="middle", room=room)
    for joint in inputs:
        _breaker(art, art.ports[spot.id, joint.source], y, joint)


def _kinds(group: tuple[Machine, ...]) -> str:
    number = Counter(machine.kind for machine in group)
    return words.capital(", ".join(f"{count:,} {words.kind(kind, count)}" for kind, count in number.items()))


def _drawn(art: _Art, group: tuple[Machine, ...]) -> str:
    """Power of the loads in the normal state."""
    row = facts.normal_row(art.results)
    if row is None:
        return ""
    total, found = 0.0, False
    for name in ("rack", "cdu", "crah", "pump", "plant"):
        table = art.results.tables.get(name)
        if table is None or "power" not in table.values:
            continue
        columns = {thing: k for k, thing in enumerate(table.ids)}
        at = [columns[machine.id] for machine in group if machine.id in columns]
        found |= bool(at)
        total += float(table["power"][row, at].sum())
    return quantity(total, "power", digits=4) if found else ""


def _breaker(art: _Art, x: float, y: float, joint: Joint) -> None:
    feeds = [art.facility.feeds[number] for number in joint.feeds]
    rated = sorted({(feed.breaker, feed.circuits) for feed in feeds if feed.breaker is not None})
    if not rated:
        return
    symbols.breaker(art.sheet, x, y - BREAKER / 2 - 2.0, _tint(joint.side))
    breakers = sorted(
        {quantity(current, "current") for current, _ in rated}, key=lambda text: float(text.split()[0])
    )
    circuits = {count for _, count in rated}
    many = f"{circuits.pop()} x " if len(circuits) == 1 and circuits != {1} else ""
    load = art.feeds.at(joint.feeds)
    room = SAID
    art.sheet.text(
        x + 8.0, y - BREAKER / 2 - 4.0, f"{many}{words.span(breakers)}", size=SMALL, ink="soft", room=room
    )
    if load is not None and load.most:
        normal = f"{load.normal} → " if load.normal else ""
        art.sheet.text(
            x + 8.0, y - BREAKER / 2 + 7.0, f"{normal}{load.most}", size=SMALL, room=room,
            ink=load.tone if load.tone != "good" else "ink", bold=load.tone == "bad",
        )  # fmt: skip


def _legend(art: _Art, y: float) -> float:
    """What signs mean; the height of the drawing."""
    sheet = art.sheet
    sheet.line((MARGIN, y), (sheet.wide - MARGIN, y), ink="faint", wide=0.8)
    x, base = MARGIN, y + 17.0
    symbols.breaker(sheet, x + 5.0, base - 3.5)
    x = _sign(sheet, x + 16.0, base, "breaker: rating, load")
    sheet.line((x, base - 3.5), (x + 26.0, base - 3.5), dash="5 3")
    x = _sign(sheet, x + 32.0, base, "alternate or standby supply")
    _bar_sign(sheet, x, base)
    x = _sign(sheet, x + BAR + 6.0, base, "load in the normal state → worst of all states")
    for side in sorted({m.feed for group in art.fold.classes.values() for m in group if m.feed}):
        sheet.line((x, base - 3.5), (x + 20.0, base - 3.5), ink=_tint(side), wide=2.4)
        x = _sign(sheet, x + 26.0, base, f"side {side}")
    if not art.fold.coarse:
        return y + 28.0
    sheet.text(MARGIN, base + 15.0, COARSE, size=SMALL, ink="soft")
    return y + 43.0


def _bar_sign(sheet: ink.Sheet, x: float, base: float) -> None:
    sheet.rect(x, base - 6.0, BAR, 5.0, inside="panel", ink="faint")
    sheet.rect(x, base - 6.0, 0.4 * BAR, 5.0, inside="soft")
    sheet.line((x + 0.75 * BAR, base - 8.0), (x + 0.75 * BAR, base + 1.0), ink="good", wide=2.2)


def _sign(sheet: ink.Sheet, x: float, base: float, text: str) -> float:
    sheet.text(x, base, text, size=SMALL, ink="soft")
    return x + ink.width(text, SMALL) + 22.0
