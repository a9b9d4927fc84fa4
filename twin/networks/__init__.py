"""Lowering: a facility restated as the arrays of the solvers, one module per domain.

The only place (with :mod:`twin.coupling`) that knows both machines and solvers.
"""
