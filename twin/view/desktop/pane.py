"""What stands in the interactive window: layers, quantities, states, findings, time, air; things to pick, find and follow.

Every method does what a key or a widget does, so that all of it can be driven off screen.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from twin.model.facility import Facility
from twin.results.fields import AnyField
from twin.results.results import Finding, Results, Verdict
from twin.view import colors, legend
from twin.view.cascade import Step, cascade
from twin.view.desktop import airing, telling
from twin.view.desktop.airing import Airing
from twin.view.desktop.canvas import HIDDEN, Canvas
from twin.view.desktop.finder import Finder
from twin.view.desktop.timeline import Timeline, timelines
from twin.view.kin import Family
from twin.view.paints import Paint, caption, painted
from twin.view.pictures import marks
from twin.view.scene import FIELDS
from twin.view.subject import Subjects

BESIDE = 0.3
"""How far around a row the section box lies that isolates it. [m]"""


@dataclasses.dataclass
class Window(Canvas):
    """The state of a window and what its keys do."""

    facility: Facility
    results: Results
    verdict: Verdict | None
    field: str
    scenario: int
    fields: Mapping[str, AnyField] = dataclasses.field(default_factory=dict)
    """Air of the halls that have a field; it is that of the normal state."""
    picked: str = ""
    finding: int = -1
    """Of :attr:`findings`; -1 for none."""
    clock: int = -1
    """Of :attr:`timelines`; -1 for the state alone."""
    step: int = 0
    """Of the timeline that is followed."""
    scrolled: int = 0
    """First line of the panel."""
    stage: int = -1
    """Of :attr:`stages`, what follows from the state; -1 while that is not told."""
    helped: bool = False

    def __post_init__(self) -> None:
        """What is worked out once."""
        super().__post_init__()
        self.family = Family(self.facility)
        self.airing = Airing(self.plotter, self.facility, self.fields)
        self.subjects = Subjects(self.results)
        self.stages: tuple[Step, ...] = ()
        self.timelines: tuple[Timeline, ...] = timelines(self.results)
        owners = (name for layer in self.scene.layers if layer.name != "walls" for name in layer.ids)
        self.finder = Finder.over((*owners, *self.facility.by_id))
        self.findings: tuple[Finding, ...] = self.verdict.findings if self.verdict is not None else ()

    # -- drawing ---------------------------------------------------------------------------------------------

    def draw(self) -> None:
        """Add all layers, aim the camera, paint."""
        self.build()
        self.paint()

    def paint(self) -> None:
        """Colour all layers for the quantity, the state and the time, and say so."""
        paints = self._paints()
        self.colour(paints, self.results.scenarios[self.scenario].out)
        self._words(paints[0])

    def _paints(self) -> list[Paint]:
        wanted = [(self.field, (self.field,), "")]
        paints = painted(self.facility, self.results, self.scenario, wanted, None, self.verdict)
        followed = self.followed
        values = followed.values(self.field, self.step) if followed is not None else None
        if values is not None:
            paints = [dataclasses.replace(paints[0], values=dict.fromkeys(paints[0].values, values))]
        return paints

    @property
    def followed(self) -> Timeline | None:
        """The timeline whose slider is shown."""
        return self.timelines[self.clock] if self.clock >= 0 else None

    def refresh(self) -> None:
        """Paint again and tell in the new state what was told."""
        self.paint()
        self._again()
        self.plotter.render()

    def _again(self) -> None:
        """Tell once more what the panel tells of."""
        if self.picked:
            self.tell(self.picked)
        elif self.stage >= 0:
            self.tell_stage()

    # -- what is shown ---------------------------------------------------------------------------------------

    @property
    def offered(self) -> list[str]:
        """Quantities that something in this facility has."""
        known = [name for name in FIELDS if any(self.scene.layer(layer) for layer in FIELDS[name].layers)]
        judged = self.verdict is not None and bool(self.verdict.tightest)
        return [*known, *([colors.MARGIN] if judged else [])]

    def step_field(self, step: int) -> None:
        """The next or an earlier quantity."""
        if self.offered:
            here = self.offered.index(self.field) if self.field in self.offered else 0
            self.field = self.offered[(here + step) % len(self.offered)]
            self.refresh()

    def step_state(self, step: int) -> None:
        """The next or an earlier state."""
        self.scenario = (self.scenario + step) % len(self.results.scenarios)
        if self.stage >= 0:
            self.stages, self.stage = cascade(self.facility, self.results, self.scenario), 0
        self.refresh()

    def step_finding(self, step: int) -> None:
        """The next or an earlier finding: its state, what it is about, the thing in the middle and its neighbours."""
        if not self.findings:
            return
        start = self.finding if self.finding >= 0 else (-1 if step > 0 else 0)
        self._leave()
        self.finding = (start + step) % len(self.findings)
        finding = self.findings[self.finding]
        self.scenario = self._state(finding)
        judged = self.verdict is not None and bool(self.verdict.tightest)
        self.field = self.subjects.paint(finding, judged) or self.field
        self.picked = self.family.owner(finding.subject)
        self.eye.aside = True
        self.eye.fly(self.picked, position=finding.position)
        self.refresh()

    def _state(self, finding: Finding) -> int:
        """The state of a finding; the one shown where it is about the design as placed or a whole year."""
        names = [scenario.name for scenario in self.results.scenarios]
        return names.index(finding.scenario) if finding.scenario in names else self.scenario

    def step_stage(self, step: int) -> None:
        """The next or an earlier step of what follows from the state, told in the panel, its things outlined."""
        here = self.stage
        if here < 0:
            self.stages = cascade(self.facility, self.results, self.scenario)
            here = -1 if step > 0 else 0
        self._leave()
        self.stage = (here + step) % max(len(self.stages), 1)
        self.eye.aside = True
        self.eye.fly(*(name for stage in self.stages[self.stage : self.stage + 1] for name in stage.names))
        self.tell_stage()
        self.plotter.render()

    def step_timeline(self, step: int) -> None:
        """The next thing that is followed in time, or none."""
        self.clock = (self.clock + 1 + step) % (len(self.timelines) + 1) - 1
        self.step = 0
        followed = self.followed
        if followed is None:
            self.hud.slider("time", None, 0, 1, 0)
        else:
            if self.field not in followed.paints and followed.paints:
                self.field = next(iter(followed.paints))
            last = float(len(followed.times) - 1)
            self.hud.slider("time", self.to_step, 0.0, last, 0.0)
        self.refresh()

    def to_step(self, step: float) -> None:
        """Go to a time of the timeline, by its number."""
        followed = self.followed
        if followed is None:
            return
        wanted = int(np.clip(round(float(step)), 0, len(followed.times) - 1))
        if wanted != self.step:
            self.step = wanted
            self.hud.slide("time", wanted)
            self.refresh()

    # -- air -------------------------------------------------------------------------------------------------

    @property
    def air(self) -> str:
        """What of the air is shown, one of :data:`twin.view.desktop.airing.AIR`."""
        return self.airing.shown

    def step_air(self, step: int) -> None:
        """The next or an earlier view of the air, if there is a field."""
        if self.fields:
            self.airing.turn(step)
            self.breathe()
            cut = self.airing.reach()
            if cut is None:
                self.hud.slider("cut", None, 0, 1, 0, right=True)
            else:
                self.hud.slider("cut", self.cut_at, *cut, self.airing.place(), right=True)
            self.plotter.render()

    def move_cut(self, steps: int) -> None:
        """Move the cut through the air along its normal, at most to the wall."""
        cut = self.airing.reach()
        if cut is not None:
            self.cut_at(self.airing.place() + steps * airing.STEP * (cut[1] - cut[0]))

    def cut_at(self, place: float) -> None:
        """Cut the air somewhere along the normal. [m]"""
        if self.airing.move(place):
            self.hud.slide("cut", self.airing.place())
            self.breathe()
            self.plotter.render()

    def breathe(self) -> Any:
        """Show the air as it is asked for; the actor, None if there is nothing to see."""
        actor = self.airing.draw()
        if actor is not None:
            self.clipping.include(actor)
        self._words(self._paints()[0])
        return actor

    # -- things ----------------------------------------------------------------------------------------------

    def pick(self, actor: Any, cell: int) -> str:
        """The owner of a cell of a layer's mesh, described in the panel; empty beside everything."""
        name = self.at(actor, cell)
        if name:
            self._leave()
            self.tell(name)
        return name

    def pick_at(self, x: float, y: float) -> str:
        """The owner of what is seen at a pixel from the lower left."""
        return self.pick(*self.seen(x, y))

    def tell(self, name: str) -> None:
        """Describe a thing in the panel, and outline it and its kin."""
        self.picked = name
        self.eye.aside = True
        kin, owner = self.family.of(name), self.family.owner(name)
        lines: list[str] = []
        if self.finding >= 0:
            finding = self.findings[self.finding]
            lines += [f"Finding {self.finding + 1} of {len(self.findings)}", *telling.told(finding), ""]
        head, *rest = telling.head(self.facility, self.results, owner, self.scenario)
        lines += [*rest, *telling.neighbours(kin)]
        if self.followed is not None:
            lines += self.followed.of(owner, self.step)
        if self.verdict is not None:
            lines += telling.findings(self.verdict, owner)
        if self.results.settled[self.scenario]:
            lines += ["", *telling.quantities(self.results, owner, self.scenario)]
        else:
            lines += ["", telling.UNSETTLED]
        beyond = self.hud.panel(lines, legend.clipped(head, 60), self.scrolled)
        self.scrolled = min(self.scrolled, beyond)
        self._outline(kin.up, kin.down, [owner])
        self._hint()

    def tell_stage(self) -> None:
        """Tell what follows from the state, and outline what the step is about and what came before."""
        now = self.stages[self.stage : self.stage + 1]
        names = [name for step in now for name in step.names]
        before = {name for step in self.stages[: self.stage] for name in step.names} - {*names}
        for layer in self.scene.of(*names):
            if layer.name in HIDDEN:
                self.show(layer.name, True)
        lines = [*telling.stages(self.stages, self.stage)]
        head = f"After {self.results.scenarios[self.scenario].name}"
        beyond = self.hud.panel(lines, legend.clipped(head, 60), self.scrolled)
        self.scrolled = min(self.scrolled, beyond)
        self._outline(before, (), names)
        self._hint()

    def scroll(self, lines: int) -> None:
        """Move the panel's text."""
        if self.picked or self.stage >= 0:
            self.scrolled = max(self.scrolled + lines, 0)
            self._again()
            self.plotter.render()

    def forget(self) -> None:
        """Nothing is picked or told."""
        self._leave()
        self.eye.aside = False
        self.hud.panel([])
        self._outline((), ())
        self._hint()
        self.plotter.render()

    def _leave(self) -> None:
        """Forget what the panel told of, which something else takes the place of."""
        self.picked, self.finding, self.stage, self.scrolled = "", -1, -1, 0

    def _outline(self, up: Iterable[str], down: Iterable[str], names: Iterable[str] = ()) -> None:
        """Edges of what serves a thing and of what it serves, and of the thing."""
        self.outline(
            (
                (down, self.theme.downstream, 2.0),
                (up, self.theme.upstream, 2.0),
                (names, self.theme.accent, 5.0),
            )
        )

    def find(self, name: str) -> bool:
        """Go to a thing by its name; False if it has no place."""
        if not self.scene.of(name):
            return False
        self._leave()
        self.eye.aside = True
        self.eye.fly(name)
        self.tell(name)
        self.plotter.render()
        return True

    # -- layers and names ------------------------------------------------------------------------------------

    def isolate(self) -> bool:
        """Show only the row of what is picked, or the thing itself if it stands in none; False without one."""
        machine = self.facility.by_id.get(self.family.owner(self.picked))
        row = machine.row if machine is not None else None
        names = [m.id for m in self.facility.machines if row and m.row == row] or [self.picked]
        boxes = self.scene.of(*names)
        if not self.picked or not boxes:
            return False
        low = np.min([layer.low.min(axis=0) for layer in boxes], axis=0) - BESIDE
        self.section(low, np.max([layer.high.max(axis=0) for layer in boxes], axis=0) + BESIDE)
        return True

    def controls(self) -> None:
        """Keys, check boxes and picking."""
        from twin.view.desktop import keys

        self.hud.layers(
            (
                (
                    layer.name,
                    layer.style.label,
                    layer.style.color,
                    bool(self.actors[layer.name][0].GetVisibility()),
                )
                for layer in self.scene.layers
            ),
            self._switched,
        )
        keys.wire(self)

    def _switched(self, layer: str, visible: bool) -> None:
        self.show(layer, visible)
        self._again()

    def _words(self, part: Paint) -> None:
        """Title, notes and colour bar."""
        line = caption(self.results, self.scenario, self.verdict)
        line = f"{line}   |   margins: worst of all states" if self.field == colors.MARGIN else line
        number = f"state {self.scenario + 1} of {len(self.results.scenarios)}"
        self.hud.title(self.facility.name, [f"{line}   |   {number}"])
        followed = self.followed
        notes = [followed.told(self.step)] if followed is not None else []
        notes += [self.airing.told(self.results.scenarios[self.scenario].normal)] if self.air else []
        self.hud.note("   |   ".join(notes))
        self._hint()
        self.hud.bar(part.scale, marks(part, self.facility))

    def _hint(self) -> None:
        told = "blue outline: serves it    brown outline: served by it    " if self.picked else ""
        told = "pink outline: this step    blue outline: what came before    " if self.stage >= 0 else told
        self.hud.hint(f"{told}h: help    /: find    f: findings    c: cascade")
