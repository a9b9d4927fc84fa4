"""A small catalogue and small layouts for the tests of expansion; all values are made up."""

from __future__ import annotations

from textwrap import dedent

import yaml

from twin.catalogue import Catalogue
from twin.layout import LayoutError
from twin.layout.expand import expand
from twin.layout.parameters import substitute
from twin.layout.text import read_text
from twin.layout.validation import validate
from twin.model.facility import Facility
from twin.model.language import Layout

TOYS = yaml.safe_load(
    """
    rack: &rack
      kind: rack
      size: [600 mm, 1200 mm, 2200 mm]
      power: {idle: 1 kW, typical: 8 kW, maximum: 10 kW, peak: 12 kW}
      source: assumed
    wet_rack:
      <<: *rack
      size: [600 mm, 1 m, 2200 mm]
      liquid_share: 80 %
      coolant: {return_temperature: 50 degC, rated_heat: 8 kW, rated_flow: 8 L/min, rated_drop: 50 kPa}
    cdu:
      kind: cdu
      size: [800 mm, 1200 mm, 2200 mm]
      capacity: 100 kW
      approach: 4 K
      primary_flow: 2 L/s
      primary_drop: 50 kPa
      secondary_flow: 2 L/s
      external_head: 100 kPa
      pump_power: 2 kW
      source: assumed
    crah:
      kind: crah
      size: [2 m, 1 m, 2 m]
      capacity: 50 kW
      return_air: 35 degC
      entering_water: 18 degC
      air_flow: 4 m3/s
      flow: 2 L/s
      drop: 40 kPa
      fan_power: 3 kW
      source: assumed
    door:
      kind: rear_door
      capacity: 30 kW
      effectiveness: 60 %
      air_flow: 1 m3/s
      flow: 1 L/s
      drop: 30 kPa
      source: assumed
    dry:
      kind: dry_cooler
      size: [6 m, 2 m, 2 m]
      clearance: [1500 mm, 1500 mm]
      capacity: 200 kW
      flow: 8 L/s
      drop: 60 kPa
      air_in: 30 degC
      coolant_in: 45 degC
      coolant_out: 38 degC
      air_flow: 20 m3/s
      fan_power: 8 kW
      source: assumed
    chiller:
      kind: chiller
      size: [2 m, 4 m, 2 m]
      capacity: 200 kW
      flow: 8 L/s
      drop: 60 kPa
      cop: 6
      supply: 18 degC
      condenser_entering: 35 degC
      condenser_flow: 9 L/s
      condenser_drop: 60 kPa
      source: assumed
    pump: {kind: pump, size: [1 m, 1 m, 1 m], flow: 8 L/s, head: 200 kPa, efficiency: 75 %, source: assumed}
    tx:
      kind: transformer
      size: [3 m, 2 m, 2 m]
      rating: 2500 kVA
      primary: 11 kV
      secondary: 415 V
      impedance: 6 %
      no_load_loss: 2 kW
      load_loss: 20 kW
      source: assumed
    gen: {kind: generator, size: [6 m, 2500 mm, 3 m], rating: 2 MW, source: assumed}
    ups:
      kind: ups
      size: [2 m, 1 m, 2 m]
      rating: 500 kW
      efficiency: [[50 %, 96 %], [100 %, 96 %]]
      source: assumed
    board: {kind: switchboard, size: [1 m, 1 m, 2 m], rating: 4000 A, source: assumed}
    sts: {kind: transfer_switch, size: [1 m, 1 m, 2 m], rating: 800 A, source: assumed}
    busway: {kind: busway, rating: 1000 A, resistance: 0.05 ohm/km, source: assumed}
    sidecar:
      kind: rectifier
      size: [1200 mm, 1200 mm, 2200 mm]
      rating: 500 kW
      efficiency: [[50 %, 97 %], [100 %, 97 %]]
      source: assumed
    rpp: {kind: pdu, rating: 200 kW, source: assumed}
    wire: {kind: cable, rating: 80 A, resistance: 1 ohm/km, source: assumed}
    """
)
CATALOGUE = Catalogue(TOYS)

HALL = """
twin: 1
name: toy
hall: {size: [20 m, 10 m, 4 m]}
"""


def facility_of(text: str, catalogue: Catalogue = CATALOGUE) -> Facility:
    """The facility of a layout text; without ``twin:`` the text is put behind a small hall."""
    text = dedent(text)
    document = substitute(read_text(text if "twin:" in text else HALL + text, "toy.yaml"))
    return expand(validate(Layout, document), catalogue, document)


def mistakes_of(text: str) -> list[tuple[str, str]]:
    """Every mistake: the text of the line at which it points, from there on, and its message."""
    lines = (dedent(text) if "twin:" in text else HALL + dedent(text)).split("\n")
    try:
        facility_of(text)
    except LayoutError as error:
        return [(lines[m.line - 1][m.column - 1 :], m.message) for m in error.mistakes]
    return []


def ids(facility: Facility, *kinds: str) -> list[str]:
    """Ids of the machines of some kinds (of all without)."""
    return [machine.id for machine in facility.machines if not kinds or machine.kind in kinds]


def sources(facility: Facility, machine: str) -> dict[str, tuple[str, ...]]:
    """Terminal to sources of one machine."""
    return {feed.terminal: feed.sources for feed in facility.feeds if feed.to == machine}
