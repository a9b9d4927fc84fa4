"""Nodes and links of an EPANET file, with what it says about their state at time 0.

Everything stays in the units of the file here; :mod:`twin.exchange.epanet` turns it into arrays.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from twin.exchange.epanet_options import DAY, Options, Tables, multiplier, time_of
from twin.exchange.epanet_text import Inp, Row
from twin.layout.mistakes import did_you_mean, one_of, quote

MOST_ELEMENTS = 500_000
"""Most nodes, and most links."""
PUMP_KEYS = ("HEAD", "POWER", "SPEED", "PATTERN")
VALVES = ("PRV", "PSV", "PBV", "FCV", "TCV", "GPV", "PCV")
LARGEST_ROUGHNESS = 0.05
"""Sand roughness over diameter up to which the friction laws hold (range of the Moody chart)."""


@dataclass(slots=True)
class Node:
    """A junction, reservoir or tank."""

    name: str
    row: Row
    elevation: float
    head: float | None = None
    """Of a reservoir or tank."""
    demand: list[tuple[float, str]] = field(default_factory=list)
    """Base demands with their patterns."""
    emitter: float = 0.0
    tank: bool = False
    full: bool = False
    empty: bool = False


@dataclass(slots=True)
class Link:
    """A pipe, pump or valve."""

    name: str
    row: Row
    start: int
    end: int
    kind: str
    """PIPE, CV, PUMP, or the kind of a valve."""
    length: float = 0.0
    diameter: float = 0.0
    roughness: float = 0.0
    minor: float = 0.0
    setting: float | None = None
    """Speed of a pump, setting of a valve; None for a valve that is simply open."""
    open: bool = True
    power: float = 0.0
    curve: str = ""
    pattern: str = ""


@dataclass
class Elements:
    """All nodes and links by name."""

    nodes: list[Node] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    node_at: dict[str, int] = field(default_factory=dict)
    link_at: dict[str, int] = field(default_factory=dict)


def read_elements(inp: Inp, options: Options, tables: Tables) -> Elements:
    """All sections about nodes and links; mistakes are noted in ``inp``."""
    reader = _Reader(inp, options, tables)
    for section, read in (
        ("JUNCTIONS", reader.junction), ("RESERVOIRS", reader.reservoir), ("TANKS", reader.tank),
        ("PIPES", reader.pipe), ("PUMPS", reader.pump), ("VALVES", reader.valve), ("DEMANDS", reader.demand),
        ("EMITTERS", reader.emitter), ("STATUS", reader.status),
    ):  # fmt: skip
        for row in inp.rows(section):
            read(row)
            if inp.full:
                return reader.found
    reader.start_pumps()
    for row in inp.rows("CONTROLS"):
        reader.control(row)
    reader.tell()
    return reader.found


class _Reader:
    """Row after row."""

    def __init__(self, inp: Inp, options: Options, tables: Tables) -> None:
        self.inp, self.options, self.tables = inp, options, tables
        self.found = Elements()
        self.replaced: set[int] = set()
        self.later = 0
        self.sensing: list[str] = []
        self.rough: list[tuple[float, str]] = []

    def _add_node(self, row: Row, node: Node) -> None:
        found = self.found
        if node.name in found.node_at:
            first = found.nodes[found.node_at[node.name]].row.line
            self.inp.wrong_word(row, 0, f"node {quote(node.name)} is there already, in line {first}")
        elif len(found.nodes) >= MOST_ELEMENTS:
            self.inp.wrong_word(row, 0, f"more than {MOST_ELEMENTS:,} nodes, the most that are read")
        else:
            found.node_at[node.name] = len(found.nodes)
            found.nodes.append(node)

    def _pattern(self, row: Row, at: int) -> str:
        """Name of a pattern that is there, or nothing."""
        name = row.words[at] if at < len(row.words) else ""
        if name and name not in self.tables.patterns:
            near = did_you_mean(name, self.tables.patterns)
            self.inp.wrong_word(row, at, f"pattern {quote(name)} is not in [PATTERNS]; {near}".rstrip("; "))
            return ""
        return name

    def junction(self, row: Row) -> None:
        elevation = self.inp.number(row, 1, "the elevation") if len(row.words) > 1 else 0.0
        demand = self.inp.number(row, 2, "the demand") if len(row.words) > 2 else 0.0
        self._add_node(row, Node(row.words[0], row, elevation, None, [(demand, self._pattern(row, 3))]))

    def reservoir(self, row: Row) -> None:
        if len(row.words) > 3:
            self.tank(row)
            return
        head = self.inp.number(row, 1, "the head")
        name = self._pattern(row, 2)
        self._add_node(row, Node(row.words[0], row, head, head * multiplier(self.tables, self.options, name)))

    def tank(self, row: Row) -> None:
        if len(row.words) <= 3:
            self.reservoir(row)
            return
        inp = self.inp
        elevation = inp.number(row, 1, "the elevation")
        names = ("the initial level", "the lowest level", "the highest level", "the diameter")
        level, low, high, diameter = (inp.number(row, 2 + n, name, least=0.0) for n, name in enumerate(names))
        if len(row.words) > 5 and not low <= level <= high:
            inp.wrong_word(
                row,
                2,
                f"the initial level {level:g} is not between the lowest {low:g} and the highest {high:g}",
            )
        overflows = len(row.words) > 8 and row.words[8].upper() == "YES"
        self._add_node(
            row, Node(row.words[0], row, elevation, elevation + level, tank=diameter > 0.0,
                      full=diameter > 0.0 and level >= high and not overflows, empty=diameter > 0.0 and level <= low),
        )  # fmt: skip

    def _ends(self, row: Row) -> tuple[int, int] | None:
        """Indices of the two nodes of a link."""
        inp, ends = self.inp, []
        for at in (1, 2):
            if at >= len(row.words):
                inp.wrong_word(row, at, "the name of a node is missing here")
                return None
            index = self._node(row, at)
            if index is None:
                return None
            ends.append(index)
        if ends[0] == ends[1]:
            inp.wrong_word(
                row, 2, f"link {quote(row.words[0])} begins and ends at node {quote(row.words[2])}"
            )
            return None
        return ends[0], ends[1]

    def _node(self, row: Row, at: int) -> int | None:
        name = row.words[at] if at < len(row.words) else ""
        index = self.found.node_at.get(name)
        if index is None:
            near = did_you_mean(name, self.found.node_at)
            self.inp.wrong_word(
                row,
                at,
                f"node {quote(name)} is not in [JUNCTIONS], [RESERVOIRS] or [TANKS]; {near}".rstrip("; "),
            )
        return index

    def _link(self, row: Row, at: int) -> Link | None:
        name = row.words[at] if at < len(row.words) else ""
        index = self.found.link_at.get(name)
        if index is None:
            near = did_you_mean(name, self.found.link_at)
            self.inp.wrong_word(
                row, at, f"link {quote(name)} is not in [PIPES], [PUMPS] or [VALVES]; {near}".rstrip("; ")
            )
            return None
        return self.found.links[index]

    def _add_link(self, row: Row, kind: str) -> Link | None:
        found, ends = self.found, self._ends(row)
        name = row.words[0]
        if name in found.link_at:
            first = found.links[found.link_at[name]].row.line
            self.inp.wrong_word(row, 0, f"link {quote(name)} is there already, in line {first}")
        elif len(found.links) >= MOST_ELEMENTS:
            self.inp.wrong_word(row, 0, f"more than {MOST_ELEMENTS:,} links, the most that are read")
        elif ends is not None:
            found.link_at[name] = len(found.links)
            found.links.append(Link(name, row, *ends, kind))
            return found.links[-1]
        return None

    def pipe(self, row: Row) -> None:
        inp, link = self.inp, self._add_link(row, "PIPE")
        length = inp.number(row, 3, "the length", above=0.0)
        diameter = inp.number(row, 4, "the diameter", above=0.0)
        darcy = self.options.law == "D-W"
        if darcy:
            roughness = inp.number(row, 5, "the roughness", least=0.0)
            relative = roughness * self.options.roughness / (diameter * self.options.diameter)
            if relative > LARGEST_ROUGHNESS:
                self.rough.append((relative, row.words[0]))
        else:
            roughness = inp.number(row, 5, "the Hazen-Williams coefficient", above=0.0)
        words = row.words[6:8]
        minor = 0.0
        if words and words[0].upper() not in ("CV", "OPEN", "CLOSED"):
            minor = inp.number(row, 6, "the loss coefficient", least=0.0)
            words = words[1:]
        state = words[0].upper() if words else "OPEN"
        if state not in ("CV", "OPEN", "CLOSED"):
            at = len(row.words[:8]) - 1
            inp.wrong_word(
                row, at, f"{quote(words[0])} is no status of a pipe; {one_of(('OPEN', 'CLOSED', 'CV'))}"
            )
        if link is not None:
            link.kind = "CV" if state == "CV" else "PIPE"
            link.length, link.diameter, link.roughness, link.minor = length, diameter, roughness, minor
            link.open = state != "CLOSED"

    def pump(self, row: Row) -> None:
        inp, link = self.inp, self._add_link(row, "PUMP")
        speed, power, curve, pattern = 1.0, 0.0, "", ""
        if len(row.words) > 3 and (len(row.words) - 3) % 2:
            inp.wrong_word(
                row, len(row.words) - 1, f"a pump takes pairs of a keyword and a value; {one_of(PUMP_KEYS)}"
            )
        for at in range(4, len(row.words), 2):
            key = row.words[at - 1].upper()
            if key == "HEAD":
                curve = self._curve(row, at)
            elif key == "POWER":
                power = inp.number(row, at, "the power", above=0.0)
            elif key.startswith("SPEE"):
                speed = inp.number(row, at, "the speed", least=0.0)
            elif key.startswith("PATT"):
                pattern = self._pattern(row, at)
            else:
                inp.wrong_word(row, at - 1, f"{quote(key)} is no property of a pump; {one_of(PUMP_KEYS)}")
        if not curve and not power:
            inp.wrong_word(row, 3, f"pump {quote(row.words[0])} has neither a HEAD curve nor a POWER")
        if link is not None:
            link.setting, link.power, link.curve, link.pattern = (
                speed,
                power if not curve else 0.0,
                curve,
                pattern,
            )

    def _curve(self, row: Row, at: int) -> str:
        name = row.words[at] if at < len(row.words) else ""
        if name not in self.tables.curves:
            near = did_you_mean(name, self.tables.curves)
            self.inp.wrong_word(row, at, f"curve {quote(name)} is not in [CURVES]; {near}".rstrip("; "))
            return ""
        return name

    def valve(self, row: Row) -> None:
        inp = self.inp
        kind = row.words[4].upper() if len(row.words) > 4 else ""
        link = self._add_link(row, kind)
        diameter = inp.number(row, 3, "the diameter", above=0.0)
        if kind not in VALVES:
            inp.wrong_word(row, 4, f"{quote(kind)} is no kind of valve; {one_of(VALVES)}")
            return
        if kind == "PCV":
            inp.wrong_word(
                row, 4, "positional control valves are not read; write a TCV with the loss coefficient"
            )
            return
        setting, curve = 0.0, ""
        if kind == "GPV":
            curve = self._curve(row, 5)
        elif len(row.words) > 5:
            setting = inp.number(row, 5, "the setting", **({} if kind in ("PRV", "PSV") else {"least": 0.0}))
        minor = inp.number(row, 6, "the loss coefficient", least=0.0) if len(row.words) > 6 else 0.0
        if link is not None:
            link.diameter, link.setting, link.curve, link.minor = diameter, setting, curve, minor

    def demand(self, row: Row) -> None:
        value, index = self.inp.number(row, 1, "the demand"), self._node(row, 0)
        pattern = self._pattern(row, 2)
        if index is None:
            return
        node = self.found.nodes[index]
        if node.head is not None:
            self.inp.notes.append(
                f"line {row.line}: the demand at {node.name}, which is no junction, is left out"
            )
            return
        if index not in self.replaced:  # those of the junctions' own section give way
            node.demand = []
            self.replaced.add(index)
        node.demand.append((value, pattern))

    def emitter(self, row: Row) -> None:
        value, index = self.inp.number(row, 1, "the flow coefficient", least=0.0), self._node(row, 0)
        if index is None:
            return
        node = self.found.nodes[index]
        if node.head is not None:
            self.inp.wrong_word(row, 0, f"node {quote(node.name)} is no junction; only those have emitters")
        else:
            node.emitter = value

    def status(self, row: Row) -> None:
        if len(row.words) < 2:
            self.inp.wrong_word(row, 1, "a status is missing here: OPEN, CLOSED, or a number")
        elif len(row.words) > 2:
            self.inp.wrong_word(row, 1, "the status of a range of links is not read; write a line for each")
        elif (link := self._link(row, 0)) is not None:
            self._set(row, link, 1)

    def _set(self, row: Row, link: Link, at: int) -> None:
        """Give a link a status or a setting, as EPANET does."""
        word = row.words[at].upper()
        if link.kind == "CV":
            self.inp.wrong_word(row, at, f"pipe {quote(link.name)} has a check valve, which has no status")
        elif word in ("OPEN", "CLOSED"):
            link.open = word == "OPEN"
            if link.kind == "PUMP":
                link.setting = 1.0 if link.open else 0.0
            elif link.kind in VALVES and link.kind != "GPV":
                link.setting = None
        elif link.kind == "GPV":
            self.inp.wrong_word(
                row, at, f"valve {quote(link.name)} follows its curve; its status is OPEN or CLOSED"
            )
        else:
            value = self.inp.number(row, at, "a status other than OPEN and CLOSED", least=0.0)
            if link.kind == "PIPE":
                self.inp.wrong_word(
                    row, at, f"pipe {quote(link.name)} has no setting; its status is OPEN or CLOSED"
                )
            elif link.kind == "PUMP":
                link.setting, link.open = value, value > 0.0
            else:
                link.setting, link.open = value, True

    def start_pumps(self) -> None:
        """Speeds by pattern, which go before controls."""
        for link in self.found.links:
            if link.pattern:
                link.setting = max(multiplier(self.tables, self.options, link.pattern), 0.0)
                link.open = link.setting > 0.0

    def control(self, row: Row) -> None:
        """What a control does at time 0; others are counted."""
        words = [word.upper() for word in row.words]
        if words[-1] == "DISABLED":
            return
        if len(words) < 6 or words[0] not in ("LINK", "PIPE", "PUMP", "VALVE"):
            form = "LINK name status IF NODE name ABOVE/BELOW value, or LINK name status AT TIME value"
            self.inp.wrong_word(row, 0, f"a control reads {form}")
            return
        link = self._link(row, 1)
        if words[4] in ("TIME", "CLOCKTIME"):
            when = time_of(self.inp, row, 5)
            holds = when == 0.0 if words[4] == "TIME" else round(when % DAY) == round(self.options.clock)
        else:
            holds = self._sensed(row, words)
        if link is None:
            return
        if holds:
            if words[2] in ("OPEN", "CLOSED") or link.kind != "PIPE":
                self._set(row, link, 2)
            else:
                link.open = self.inp.number(row, 2, "a setting", least=0.0) > 0.0
        else:
            self.later += 1

    def _sensed(self, row: Row, words: list[str]) -> bool:
        """Whether a control by level holds at time 0; those by pressure are not followed."""
        index = self._node(row, 5)
        if len(words) < 8 or words[6] not in ("ABOVE", "BELOW"):
            self.inp.wrong_word(
                row, 6, f"a control compares ABOVE or BELOW a value; {one_of(('ABOVE', 'BELOW'))}"
            )
            return False
        limit = self.inp.number(row, 7, "the level or pressure")
        if index is None:
            return False
        node = self.found.nodes[index]
        if node.head is None:
            self.sensing.append(row.words[1])
            return False
        level = node.head - node.elevation
        return node.tank and (level <= limit if words[6] == "BELOW" else level >= limit)

    def tell(self) -> None:
        """Controls and rules that do nothing at time 0, and pipes rougher than friction is known for."""
        notes = self.inp.notes
        if self.rough:
            worst, name = max(self.rough)
            unit = "thousandths of a foot" if self.options.us else "millimetres"
            notes.append(
                f"{len(self.rough)} pipes are rougher than {LARGEST_ROUGHNESS:g} of their diameter, beyond which friction "
                f"is not known (in D-W files roughness is in {unit}); the worst is {name} with {worst:.2g}"
            )
        if count := self.later - len(self.sensing):
            notes.append(f"{count} control{'s' * (count != 1)} left out, without effect at time 0")
        if self.sensing:
            names = ", ".join(dict.fromkeys(self.sensing))
            notes.append(f"controls by the pressure of a junction are not followed: {names:.200}")
        if rules := sum(row.words[0].upper() == "RULE" for row in self.inp.rows("RULES")):
            notes.append(f"{rules} rules are left out; EPANET itself applies none at time 0")
