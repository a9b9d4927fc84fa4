"""A climate year of a facility: every hour's state, and the figures that sum them up."""

from twin.year.evaluate import evaluate_year, grid_of, weather_of

__all__ = ["evaluate_year", "grid_of", "weather_of"]
