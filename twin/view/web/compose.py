"""From a run to the scene document: what stands where, its values in every state, the verdict, time and air."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from twin import __version__
from twin.model.facility import Facility
from twin.results.fields import AnyField
from twin.results.results import Results, Verdict
from twin.view import scene as scenes
from twin.view import sources
from twin.view.colors import MARGIN
from twin.view.slices import QUANTITY
from twin.view.web import (
    findings,
    layers,
    paths,
    quantities,
    states,
    streams,
    things,
    timelines,
    values,
    volumes,
    words,
)
from twin.view.web.document import Buffer, pack
from twin.view.web.parts import Document
from twin.view.web.scales import Palette
from twin.view.web.values import Source

LEVEL = 6
"""Of compression: a third of the time of the highest, and a few percent larger."""


@dataclass(frozen=True, eq=False)
class Composed:
    """A document and the numbers that it points to."""

    document: Document
    buffer: Buffer

    def packed(self, level: int = LEVEL) -> bytes:
        """The bytes of the scene."""
        return pack(self.document, self.buffer, level=level)


def packed(
    facility: Facility,
    results: Results,
    verdict: Verdict,
    *,
    fields: Mapping[str, AnyField] | None = None,
    states: Iterable[str] | None = None,
) -> bytes:
    """The bytes of the scene of a run: what :func:`twin.view.web.page.page` embeds; arguments as in :func:`compose`."""
    return compose(facility, results, verdict, fields=fields, states=states).packed()


def compose(
    facility: Facility,
    results: Results,
    verdict: Verdict,
    *,
    fields: Mapping[str, AnyField] | None = None,
    states: Iterable[str] | None = None,
) -> Composed:
    """Everything that the viewer shows of a run.

    Parameters
    ----------
    facility, results, verdict
        The run.
    fields : mapping of str to field, optional
        Air by hall; that of the results without it.
    states : iterable of str, optional
        Names of the states to show; all without it.

    Raises
    ------
    KeyError
        If there is no state of a name.
    """
    verdict = sources.without_folders(facility, verdict)
    rows = values.chosen(results, verdict, names=states)
    buffer = Buffer()
    scene = scenes.build(facility)
    register = things.register(facility, scene)
    source = Source(facility, results, rows, verdict, register)
    return Composed(_document(source, scene, results.fields if fields is None else fields, buffer), buffer)


def _document(
    source: Source, scene: scenes.Scene, fields: Mapping[str, AnyField], buffer: Buffer
) -> Document:
    facility, results, verdict, register = source.facility, source.results, source.verdict, source.register
    palette = Palette(buffer)
    parts = layers.parted(facility, scene)
    drawn = {name: [part[0] for part in found] for name, found in parts.items()}
    made = quantities.quantities(source, drawn, palette, buffer)
    told, notes = findings.findings(source, made)
    cells = volumes.even(fields)
    shown = volumes.volumes(cells, made, palette, buffer)
    times = timelines.timelines(source, made, buffer)
    low, high = layers.bounds(scene)
    names = [quantity.dimension for quantity in made] + [volume.dimension for volume in shown]
    names += [series.dimension for timeline in times for series in timeline.series]
    return Document(
        generator=f"twin {__version__}",
        title=facility.name,
        description=facility.description,
        digest=results.digest,
        status=verdict.status,
        verdict=verdict.verdict,
        summary=findings.summary(verdict, results),
        low=low,
        high=high,
        dimensions=words.dimensions((*names, "length", "duration", "fraction", "temperature")),
        things=things.listed(register, layers.middles(scene, register), facility.file, buffer),
        layers=layers.layers(facility, scene, register, parts, buffer),
        quantities=made,
        painted=_first([quantity.name for quantity in made]),
        states=states.states(source),
        findings=told,
        figures=findings.figures(verdict),
        edges=paths.edges(facility, register, buffer),
        timelines=times,
        volumes=shown,
        streams=streams.streams(cells, made, buffer),
        labels=layers.labels(scene, register, parts),
        notes=(*values.notes(source), *notes, *volumes.notes(cells)),
        luts=tuple(palette.blocks),
    )


def _first(names: list[str]) -> int:
    """What is painted first: inlet air if there is any, else the first quantity but the margins."""
    others = [name for name in names if name != MARGIN]
    return names.index(QUANTITY if QUANTITY in names else others[0]) if others else 0
