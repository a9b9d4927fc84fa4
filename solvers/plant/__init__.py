"""Plant machines at part load: dry coolers, towers, chillers, fans, pumps and the economizer decision.

One module per machine, each a function of arrays that broadcast (axis 0 is the scenario), per unit.
"""
