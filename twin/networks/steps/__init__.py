"""One step of the coupling per domain: each takes the state, asks its solver and returns the state with the answer."""

from twin.networks.steps.air import breathe, ventilate
from twin.networks.steps.curtailment import curtail
from twin.networks.steps.flow import circulate
from twin.networks.steps.heat import warm
from twin.networks.steps.plant import reject
from twin.networks.steps.power import complex_load, electrical_load, energise, feed, room_cooling
from twin.networks.steps.start import start

__all__ = [
    "breathe",
    "circulate",
    "complex_load",
    "curtail",
    "electrical_load",
    "energise",
    "feed",
    "reject",
    "room_cooling",
    "start",
    "ventilate",
    "warm",
]
