"""Liquid loops: flow in looped networks, temperatures along the flow, friction and heat exchangers.

``network.solve`` finds flows and pressures, ``heat.solve`` the temperatures that go with them; the caller
iterates the two if viscosity or densities shall follow temperature.  On top of them, imported by name: ``control`` (pumps,
valves and mixing that hold something), ``equivalent``, ``diagnosis``, ``transient``, ``cold_plate``, ``pipes``, ``surge``,
``suction``.
"""

from . import exchanger, friction, heat, network

__all__ = ["exchanger", "friction", "heat", "network"]
