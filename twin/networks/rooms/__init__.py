"""The hall of a facility as the room of the 3-D air."""

from twin.networks.rooms.faults import AirflowError, Fault, TooManyCells
from twin.networks.rooms.hall import HallRoom, lower

__all__ = ["AirflowError", "Fault", "HallRoom", "TooManyCells", "lower"]
