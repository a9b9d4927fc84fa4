"""Symbols of one-line and piping diagrams, in the manner of IEC 60617, IEEE 315 and ISO 10628, drawn by ourselves.

Electrical symbols hang between (x, y) above and (x, y + :data:`TALL`) below.  Symbols of pipework are centred on (x, y).
"""

from __future__ import annotations

from collections.abc import Callable

from twin.view.paper.ink import Sheet

TALL = 32.0
"""Height of an electrical symbol. [px]"""
HALF = TALL / 2


def electrical(sheet: Sheet, kind: str, x: float, y: float, ink: str = "draw") -> None:
    """Draw the symbol of a kind of machine; a box for one that has none."""
    _ELECTRICAL.get(kind, _box)(sheet, x, y, ink)


def breaker(sheet: Sheet, x: float, y: float, ink: str = "draw") -> None:
    """A low-voltage breaker on a vertical line, centred."""
    sheet.rect(x - 4.5, y - 4.5, 9.0, 9.0, inside="page", ink=ink)


def _utility(sheet: Sheet, x: float, y: float, ink: str) -> None:
    sheet.rect(x - 16.0, y + 6.0, 32.0, 4.0, inside=ink)
    sheet.line((x, y + 10.0), (x, y + TALL), ink=ink)
    sheet.path(
        f"M{x - 5:.1f},{y + 15:.1f} L{x + 5:.1f},{y + 15:.1f} L{x:.1f},{y + 24:.1f} Z", ink=ink, inside=ink
    )


def _generator(sheet: Sheet, x: float, y: float, ink: str) -> None:
    sheet.circle(x, y + HALF - 2.0, 13.0, ink=ink, wide=1.4)
    sheet.line((x, y + TALL - 5.0), (x, y + TALL), ink=ink)
    _letter(sheet, x, y + HALF + 1.0, "G", ink)
    _wave(sheet, x, y + HALF + 5.5, ink)


def _transformer(sheet: Sheet, x: float, y: float, ink: str) -> None:
    sheet.line((x, y), (x, y + 3.0), ink=ink)
    sheet.circle(x, y + 11.5, 8.5, ink=ink, inside="", wide=1.4)
    sheet.circle(x, y + 20.5, 8.5, ink=ink, inside="", wide=1.4)
    sheet.line((x, y + 29.0), (x, y + TALL), ink=ink)


def _bar(sheet: Sheet, x: float, y: float, ink: str) -> None:
    sheet.line((x, y), (x, y + TALL), ink=ink)
    sheet.rect(x - 18.0, y + HALF - 2.5, 36.0, 5.0, inside=ink)


def _busway(sheet: Sheet, x: float, y: float, ink: str) -> None:
    sheet.line((x, y), (x, y + HALF - 4.0), ink=ink)
    sheet.rect(x - 18.0, y + HALF - 4.0, 36.0, 8.0, inside="page", ink=ink)
    for at in (-9.0, 0.0, 9.0):
        sheet.line((x + at, y + HALF - 4.0), (x + at, y + HALF + 4.0), ink=ink, wide=1.0)
    sheet.line((x, y + HALF + 4.0), (x, y + TALL), ink=ink)


def _transfer(sheet: Sheet, x: float, y: float, ink: str) -> None:
    for at in (-12.0, 12.0):
        sheet.line((x + at, y), (x + at, y + 8.0), ink=ink)
        sheet.circle(x + at, y + 9.5, 1.8, ink=ink, inside="page")
    sheet.line((x, y + TALL), (x, y + 24.0), (x - 11.0, y + 11.5), ink=ink, wide=1.6)
    sheet.circle(x, y + 24.0, 1.8, ink=ink, inside=ink)


def _converter(sheet: Sheet, x: float, y: float, ink: str) -> None:
    sheet.line((x, y), (x, y + TALL), ink=ink)
    sheet.rect(x - HALF + 2.0, y + 2.0, TALL - 4.0, TALL - 4.0, inside="page", ink=ink)
    sheet.line((x - HALF + 2.0, y + TALL - 2.0), (x + HALF - 2.0, y + 2.0), ink=ink)
    _wave(sheet, x - 6.5, y + 9.5, ink)


def _rectifier(sheet: Sheet, x: float, y: float, ink: str) -> None:
    _converter(sheet, x, y, ink)
    for at in (21.0, 24.0):
        sheet.line((x + 2.0, y + at), (x + 11.0, y + at), ink=ink)


def _ups(sheet: Sheet, x: float, y: float, ink: str) -> None:
    _converter(sheet, x, y, ink)
    _wave(sheet, x + 6.5, y + 23.0, ink)
    _cells(sheet, x - HALF - 5.5, y + HALF, ink)


def _bess(sheet: Sheet, x: float, y: float, ink: str) -> None:
    sheet.rect(x - HALF + 2.0, y + 2.0, TALL - 4.0, TALL - 7.0, inside="page", ink=ink)
    _cells(sheet, x, y + HALF - 2.0, ink)
    sheet.line((x, y + TALL - 5.0), (x, y + TALL), ink=ink)


def _cells(sheet: Sheet, x: float, y: float, ink: str) -> None:
    """A battery: two cells, long plate and short plate, standing at the side of what it backs."""
    for at, half in ((-5.0, 5.0), (-2.0, 2.5), (2.0, 5.0), (5.0, 2.5)):
        sheet.line((x - half, y + at), (x + half, y + at), ink=ink, wide=1.3)


def _pdu(sheet: Sheet, x: float, y: float, ink: str) -> None:
    sheet.line((x, y), (x, y + 4.0), ink=ink)
    sheet.rect(x - 14.0, y + 4.0, 28.0, TALL - 8.0, inside="page", ink=ink)
    sheet.line((x - 9.0, y + 12.0), (x + 9.0, y + 12.0), ink=ink, wide=2.0)
    for at in (-7.0, 0.0, 7.0):
        sheet.line((x + at, y + 12.0), (x + at, y + 23.0), ink=ink, wide=1.0)
    sheet.line((x, y + TALL - 4.0), (x, y + TALL), ink=ink)


def _rack(sheet: Sheet, x: float, y: float, ink: str) -> None:
    sheet.rect(x - 11.0, y + 1.0, 22.0, TALL - 2.0, inside="page", ink=ink)
    for at in (7.0, 13.0, 19.0, 25.0):
        sheet.line((x - 7.0, y + at), (x + 7.0, y + at), ink=ink, wide=1.6)


def _motor(sheet: Sheet, x: float, y: float, ink: str) -> None:
    sheet.circle(x, y + HALF, 14.0, ink=ink, wide=1.4)
    _letter(sheet, x, y + HALF + 4.0, "M", ink)


def _box(sheet: Sheet, x: float, y: float, ink: str) -> None:
    sheet.rect(x - 14.0, y + 1.0, 28.0, TALL - 2.0, inside="page", ink=ink)


def _wave(sheet: Sheet, x: float, y: float, ink: str) -> None:
    sheet.path(f"M{x - 5:.1f},{y:.1f} q2.5,-5 5,0 q2.5,5 5,0", ink=ink, wide=1.2)


def _letter(sheet: Sheet, x: float, y: float, letter: str, ink: str) -> None:
    sheet.raw(
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="12" font-weight="600" text-anchor="middle" class="f-ink" '
        f'fill="#17202b">{letter}</text>'
    )


_ELECTRICAL: dict[str, Callable[[Sheet, float, float, str], None]] = {
    "utility": _utility,
    "generator": _generator,
    "bess": _bess,
    "transformer": _transformer,
    "switchboard": _bar,
    "transfer_switch": _transfer,
    "ups": _ups,
    "rectifier": _rectifier,
    "busway": _busway,
    "pdu": _pdu,
    "rack": _rack,
    "cooling": _motor,
}


def pump(sheet: Sheet, x: float, y: float, ink: str = "draw") -> None:
    """A pump that pushes to the right: circle and triangle (ISO 10628-2)."""
    sheet.circle(x, y, 9.0, ink=ink, wide=1.4)
    sheet.path(f"M{x - 4:.1f},{y - 7:.1f} L{x + 9:.1f},{y:.1f} L{x - 4:.1f},{y + 7:.1f}", ink=ink, wide=1.4)


def valve(sheet: Sheet, x: float, y: float, ink: str = "draw") -> None:
    """A control valve on a level pipe: two triangles, stem and actuator."""
    sheet.path(
        f"M{x - 7:.1f},{y - 4.5:.1f} L{x + 7:.1f},{y + 4.5:.1f} L{x + 7:.1f},{y - 4.5:.1f} L{x - 7:.1f},{y + 4.5:.1f} Z",
        ink=ink,
        inside="page",
    )
    sheet.line((x, y), (x, y - 7.0), ink=ink)
    sheet.path(f"M{x - 4:.1f},{y - 7:.1f} a4,4 0 0 1 8,0 Z", ink=ink, inside="page")


def arrow(sheet: Sheet, x: float, y: float, ink: str, *, left: bool) -> None:
    """The head of an arrow on a level pipe."""
    to = -6.0 if left else 6.0
    sheet.path(
        f"M{x - to / 2:.1f},{y - 4:.1f} L{x + to / 2:.1f},{y:.1f} L{x - to / 2:.1f},{y + 4:.1f} Z",
        ink=ink,
        inside=ink,
    )


def thermal(sheet: Sheet, kind: str, x: float, y: float) -> None:
    """The symbol of a machine that gives, hands on or rejects heat, centred, 36 px wide."""
    _THERMAL.get(kind, _plain)(sheet, x, y)


def _plain(sheet: Sheet, x: float, y: float) -> None:
    sheet.rect(x - 18.0, y - 16.0, 36.0, 32.0, inside="page", ink="draw")


def _exchanger(sheet: Sheet, x: float, y: float) -> None:
    _plain(sheet, x, y)
    sheet.line((x - 18.0, y + 16.0), (x + 18.0, y - 16.0))


def _cdu(sheet: Sheet, x: float, y: float) -> None:
    _exchanger(sheet, x, y)
    sheet.circle(x - 9.0, y - 7.0, 5.0, wide=1.2)
    sheet.path(f"M{x - 6:.1f},{y - 11:.1f} L{x - 14:.1f},{y - 7:.1f} L{x - 6:.1f},{y - 3:.1f}", wide=1.2)


def _fan(sheet: Sheet, x: float, y: float) -> None:
    for side in (-1.0, 1.0):
        sheet.path(
            f"M{x:.1f},{y:.1f} q{side * 5:.1f},-6 {side * 11:.1f},0 q{-side * 6:.1f},6 {-side * 11:.1f},0 Z",
            wide=1.1,
            inside="page",
        )
    sheet.circle(x, y, 1.6, inside="draw")


def _coil(sheet: Sheet, x: float, y: float) -> None:
    _plain(sheet, x, y)
    sheet.path(f"M{x - 13:.1f},{y + 11:.1f} l0,-9 l6.5,0 l0,9 l6.5,0 l0,-9 l6.5,0 l0,9 l6.5,0", wide=1.3)
    _fan(sheet, x, y - 8.0)


def _tower(sheet: Sheet, x: float, y: float) -> None:
    sheet.path(
        f"M{x - 18:.1f},{y + 16:.1f} L{x - 13:.1f},{y - 10:.1f} L{x + 13:.1f},{y - 10:.1f} L{x + 18:.1f},{y + 16:.1f} Z",
        inside="page",
    )
    _fan(sheet, x, y - 13.0)
    for at in (-7.0, 0.0, 7.0):
        sheet.line((x + at, y - 2.0), (x + at * 1.2, y + 9.0), ink="supply", dash="2 2")


def _chiller(sheet: Sheet, x: float, y: float) -> None:
    _plain(sheet, x, y)
    sheet.circle(x, y, 9.0, wide=1.3)
    sheet.line((x - 7.0, y - 5.5), (x + 8.0, y - 2.0), wide=1.1)
    sheet.line((x - 7.0, y + 5.5), (x + 8.0, y + 2.0), wide=1.1)


def _shelves(sheet: Sheet, x: float, y: float) -> None:
    _rack(sheet, x, y - HALF, "draw")


_THERMAL: dict[str, Callable[[Sheet, float, float], None]] = {
    "rack": _shelves,
    "cdu": _cdu,
    "heat_exchanger": _exchanger,
    "crah": _coil,
    "rear_door": _coil,
    "dry_cooler": _coil,
    "thermosyphon": _coil,
    "cooling_tower": _tower,
    "chiller": _chiller,
}
