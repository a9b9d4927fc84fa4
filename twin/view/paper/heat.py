"""Heat from where it arises to where it leaves: racks, losses and machines; air and loops; plant; outdoors and reuse.

All electric power becomes heat, so both flows have the same whole.  Duties are those of the results.  What a loop's plant
takes beyond what its loads give is heat of its pumps; what is missing there goes through the walls of pipes.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from twin.model.facility import Circuit, Facility
from twin.results.results import Results
from twin.view.paper import energy, words
from twin.view.paper.flows import Flow

AIR, OUT, REUSE, AROUND, ROOMS = "air", "outdoors", "reuse", "around", "electrical_rooms"
PLANT = ("dry_cooler", "cooling_tower", "chiller", "thermosyphon")


def flow(facility: Facility, results: Results, row: int | None) -> Flow:
    """The flow of heat in one state; without links if it has no steady solution. [W]"""
    made = Flow("Heat from where it arises to where it leaves", "power")
    needed = ("rack", "loop", "site", "hall")
    if row is None or any(name not in results.tables for name in needed):
        return made
    if "air_heat" not in results["rack"].values or "heat" not in results["loop"].values:
        return made
    ledger = _Ledger(made, facility, results, row)
    ledger.racks_and_air()
    for circuit in ledger.circuits():
        ledger.loop(circuit)
    ledger.leave()
    return made.tidy()


@dataclass
class _Ledger:
    made: Flow
    facility: Facility
    results: Results
    row: int

    def __post_init__(self) -> None:
        results, row = self.results, self.row
        self.rack = {name: k for k, name in enumerate(results["rack"].ids)}
        self.door = self._column("rear_door", "duty")
        self.duty = {
            **self._column("crah", "duty"),
            **self._column("cdu", "duty"),
            **self._column("plant", "duty"),
        }
        self.power = {**self._column("plant", "power"), **self._column("crah", "power")}
        self.cooling = energy.cooling_power(self.facility, results, row)
        self.heat, self.reused = self._column("loop", "heat"), self._column("loop", "reuse")
        self.loop_of = {name: circuit.id for circuit in self.facility.circuits for name in circuit.sinks}
        self.made_by = {name: circuit.id for circuit in self.facility.circuits for name in circuit.sources}
        self.groups = _loop_groups(self.facility)
        self.pumps = self.cooling.get("pump", 0.0)
        self.losses = results.site("loss_power", row)
        self.carried: dict[str, float] = {}
        """Duty of exchangers by name, as loops are worked out from the racks on."""

    def _column(self, table: str, quantity: str) -> dict[str, float]:
        found = self.results.tables.get(table)
        if found is None or quantity not in found.values:
            return {}
        return dict(zip(found.ids, found[quantity][self.row].tolist(), strict=True))

    def circuits(self) -> list[Circuit]:
        """Loops from the loads outwards: each after those whose heat it takes."""
        order: list[Circuit] = []
        waiting = [circuit for circuit in self.facility.circuits if circuit.id in self.heat]
        while waiting:
            left = {name for circuit in waiting for name in circuit.sources}
            ready = [circuit for circuit in waiting if not left.intersection(circuit.sinks)] or waiting
            order += ready
            done = {circuit.id for circuit in ready}
            waiting = [circuit for circuit in waiting if circuit.id not in done]
        return order

    def node(self, circuit: str) -> str:
        """Node of the loops that are like one."""
        group = self.groups[circuit]
        name = f"loop:{group}"
        if name not in self.made.nodes:
            loops = [loop for loop, of in self.groups.items() if of == group]
            many = f"{len(loops):,} loops" if len(loops) > 1 else "Loop"
            self.made.node(name, f"{many} {words.together(loops)}", "liquid")
        return name

    def racks_and_air(self) -> None:
        """Racks and losses into liquid and the halls' air, and the air's into doors, coils and outdoor air."""
        made, rack = self.made, self.results["rack"]
        racks = made.node("racks", "Racks", "racks")
        for name, column in self.rack.items():
            liquid = float(rack["liquid_heat"][self.row, column]) if "liquid_heat" in rack.values else 0.0
            if liquid > 0.0 and name in self.loop_of:
                made.link(racks, self.node(self.loop_of[name]), liquid)
        air = float(rack["air_heat"][self.row].sum())
        fans, blown = self.cooling.get("crah", 0.0), self.cooling.get("rear_door", 0.0)
        doors = sum(self.door.values())
        hall = made.node(AIR, "Air of the halls", "air")
        made.link(racks, hall, air)
        made.link(made.node("use:crah", energy.USES["crah"], "cooling"), hall, fans)
        if blown > 0.0:
            made.link(made.node("use:rear_door", energy.USES["rear_door"], "cooling"), hall, blown)
            fans += blown
        total = sum(self._column("hall", "heat").values())
        indoors = min(max(total + doors - air - fans, 0.0), self.losses)
        losses = made.node("losses", "Losses of the power tree", "loss")
        made.link(losses, hall, indoors)
        self.in_air = air + fans + indoors
        self._electrical_rooms(losses, self.losses - indoors)

    def _electrical_rooms(self, losses: str, left: float) -> None:
        """Losses that no hall takes up: of electrical rooms with what cools these, and of cables and machines outdoors."""
        made, site = self.made, self.results["site"].values
        found = float(site["electrical_rooms_heat"][self.row, 0]) if "electrical_rooms_heat" in site else 0.0
        taken = min(found, left)
        if taken > 0.0:
            rooms = made.node(ROOMS, "Electrical rooms", "air")
            made.link(losses, rooms, taken)
            units, power = "use:electrical_rooms", self.cooling.get("electrical_rooms", 0.0)
            if power > 0.0:
                made.link(made.node(units, energy.USES["electrical_rooms"], "cooling"), rooms, power)
            made.link(rooms, self._outdoors(), taken + power)
        if left > taken:
            made.link(losses, self._around(), left - taken)

    def _outdoors(self) -> str:
        return self.made.node(OUT, "Outdoor air", "outdoors", end=True)

    def _around(self) -> str:
        return self.made.node(AROUND, "Surroundings of cables, transformers, pumps", "around", end=True)

    def loop(self, circuit: Circuit) -> None:
        """One loop: what its sinks give it, and what its sources, coolers and users take."""
        node, given = self.node(circuit.id), 0.0
        given += sum(self._of_rack(name) for name in circuit.sinks if name in self.rack)
        sinks = [self.facility.by_id[name] for name in circuit.sinks]
        given += sum(self.door.get(machine.host, 0.0) for machine in sinks if machine.host is not None)
        others = [machine.id for machine in sinks if machine.kind != "rack" and machine.host is None]
        known = {name: self._known(name) for name in others}
        rest = max(self.heat[circuit.id] - given - sum(v for v in known.values() if v is not None), 0.0)
        unknown = [name for name, value in known.items() if value is None]
        for name in others:
            value = known[name]
            given += self._from(name, node, value if value is not None else rest / len(unknown))
        doors = sum(self.door.get(machine.host, 0.0) for machine in sinks if machine.host is not None)
        if doors > 0.0:
            self.made.link(AIR, node, doors)
            self.in_air -= doors
        taken = self._to_plant(circuit, node)
        self._close(circuit, node, given, taken)

    def _of_rack(self, name: str) -> float:
        rack, column = self.results["rack"], self.rack[name]
        liquid = float(rack["liquid_heat"][self.row, column]) if "liquid_heat" in rack.values else 0.0
        return liquid

    def _known(self, name: str) -> float | None:
        """Heat that a sink gives to its loop; None for what only the loop's sum tells."""
        machine = self.facility.by_id[name]
        if machine.kind in ("crah", "cdu"):
            return self.duty.get(name, 0.0)
        if machine.kind == "chiller":
            return self.duty.get(name, 0.0) + self.power.get(name, 0.0)
        return None

    def _from(self, name: str, node: str, value: float) -> float:
        """Link a sink that is no rack to the loop; the heat it gives."""
        kind = self.facility.by_id[name].kind
        if kind == "crah":
            value = min(value, max(self.in_air, 0.0))
            self.made.link(AIR, node, value)
            self.in_air -= value
        elif kind == "chiller":
            chillers = self._plant_node("chiller", ends=False)
            self.made.link(chillers, node, value)
        else:
            self.carried[name] = value
            if name in self.made_by:
                self.made.link(self.node(self.made_by[name]), node, value)
        return value

    def _plant_node(self, kind: str, *, ends: bool) -> str:
        name = words.capital(words.kind(kind))
        if kind == "chiller" and not ends:
            return self.made.node("plant:wet-chiller", "Chillers, water-cooled", "plant")
        return self.made.node(f"plant:{kind}", name, "plant")

    def _to_plant(self, circuit: Circuit, node: str) -> float:
        """Link the loop to its sources, coolers and users; the heat they take."""
        taken = 0.0
        for name in (*circuit.sources, *circuit.precool):
            machine = self.facility.by_id[name]
            if machine.kind not in PLANT:
                continue
            hands_on = machine.kind == "chiller" and name in self.loop_of
            plant = self._plant_node(machine.kind, ends=not hands_on)
            duty = self.duty.get(name, 0.0)
            self.made.link(node, plant, duty)
            taken += duty
        reused = self.reused.get(circuit.id, 0.0)
        if reused > 0.0:
            self.made.link(node, self.made.node(REUSE, "Reuse, handed to others", "reuse", end=True), reused)
        return taken + reused

    def _close(self, circuit: Circuit, node: str, given: float, taken: float) -> None:
        """Pumps give a loop what its plant takes beyond its loads; pipes lose the rest."""
        exchangers = [name for name in circuit.sources if self.facility.by_id[name].kind not in PLANT]
        if exchangers:  # what they hand on is known when the next loop is worked out
            self._to_next(circuit, node, given - taken, exchangers)
            return
        self._pump(node, taken - given)

    def _to_next(self, circuit: Circuit, node: str, left: float, exchangers: list[str]) -> None:
        duty = sum(self.duty.get(name, 0.0) for name in exchangers)
        if not any(name in self.duty for name in exchangers):
            loops = {self.loop_of[name] for name in exchangers if name in self.loop_of}
            duty = sum(self.heat.get(name, 0.0) for name in loops) if len(loops) == 1 else left
        pumps = duty - left
        if pumps > 0.0 and "cdu" in self.cooling and self.facility.by_id[exchangers[0]].kind == "cdu":
            inside = min(pumps, self.cooling["cdu"] - self.made.out_of.get("use:cdu", 0.0))
            self.made.link(self.made.node("use:cdu", energy.USES["cdu"], "cooling"), node, inside)
            pumps -= inside
        self._pump(node, pumps)

    def _pump(self, node: str, heat: float) -> None:
        spent = self.made.out_of.get("use:pump", 0.0)
        inside = min(max(heat, 0.0), max(self.pumps - spent, 0.0))
        if inside > 0.0:
            self.made.link(self.made.node("use:pump", energy.USES["pump"], "cooling"), node, inside)
        if heat - inside < 0.0:
            self.made.link(
                node,
                self.made.node("pipes", "Pipes, to their surroundings", "around", end=True),
                inside - heat,
            )

    def leave(self) -> None:
        """Plant to outdoors with its own power; what remains of air, pumps and others to where it goes."""
        made, out = self.made, self._outdoors()
        wet = sum(self.power.get(m.id, 0.0) for m in self.facility.of_kind("chiller") if m.id in self.loop_of)
        for kind in PLANT:
            power = self.cooling.get(kind, 0.0) - (wet if kind == "chiller" else 0.0)
            if power > 0.0:
                made.link(
                    made.node(f"use:{kind}", energy.USES[kind], "cooling"),
                    self._plant_node(kind, ends=True),
                    power,
                )
        if wet > 0.0:
            made.link(made.node("use:chiller", energy.USES["chiller"], "cooling"), "plant:wet-chiller", wet)
        for kind in PLANT:
            node = f"plant:{kind}"
            if node in made.nodes:
                made.link(node, out, made.into.get(node, 0.0))
        if self.in_air > 0.0 and any(m.outdoor_air for m in self.facility.of_kind("crah")):
            made.link(AIR, out, self.in_air)
        elif self.in_air > 0.0:
            made.link(AIR, self._around(), self.in_air)
        self._rest()

    def _rest(self) -> None:
        """Power of machines that has not become heat of a loop or of the air yet."""
        used = self.made.out_of
        for kind, power in self.cooling.items():
            node = f"use:{kind}"
            left = power - used.get(node, 0.0)
            if left > 0.0:
                label = energy.USES.get(kind, "Other cooling")
                self.made.link(self.made.node(node, label, "cooling"), self._around(), left)


def _loop_groups(facility: Facility) -> dict[str, str]:
    """Loops that are alike: one fluid between machines of the same kinds."""
    kinds: dict[str, str] = {}
    for circuit in facility.circuits:
        ends = [
            sorted({facility.by_id[name].kind for name in names})
            for names in (circuit.sinks, circuit.sources)
        ]
        kinds[circuit.id] = "|".join([circuit.fluid, *("+".join(end) for end in ends)])
    first: dict[str, str] = defaultdict(str)
    for name, kind in kinds.items():
        first[kind] = first[kind] or name
    return {name: first[kind] for name, kind in kinds.items()}
