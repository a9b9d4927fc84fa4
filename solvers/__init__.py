"""Numerical solvers for data-center physics: arrays in, arrays out.

One subpackage per physical domain, each with a frozen ``Problem``, one function ``solve`` and a frozen
``Solution``.  Nothing here knows what a rack or a chiller is; axis 0 of every array is the scenario.
"""
