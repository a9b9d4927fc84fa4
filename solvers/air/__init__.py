"""Air in a hall: the zonal balance and the indices read from rack inlets.

:mod:`.zonal` answers in milliseconds with one temperature per aisle; a field solver can stand beside it.
"""
