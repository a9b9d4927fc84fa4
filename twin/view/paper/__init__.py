"""Drawings and facts of the report: vector figures of their own making, and tables that no other picture needs.

Nothing here solves, imports a plotting library or asks for a graphics driver; every figure is SVG text that a page embeds.
"""
