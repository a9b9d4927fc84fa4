"""Loss curves of converters (UPS, rectifier, power shelf, DC/DC): loss / rating = a + b x + c x^2, x = output
/ rating.

The three terms are the no-load, the proportional and the square-law loss; a data sheet gives efficiencies at
a few load fractions and :func:`curve_from_points` turns them into ``(a, b, c)``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import nnls

Array = NDArray[Any]


def curve_from_points(load_fraction: ArrayLike, efficiency: ArrayLike) -> tuple[float, float, float]:
    """Fit a loss curve to efficiency points by non-negative least squares on loss / rating.

    Parameters
    ----------
    load_fraction : (n,) output power / rating of each point, > 0. [-]
    efficiency : (n,) output / input power at each point, in (0, 1]. [-]

    Returns
    -------
    (a, b, c), each >= 0. [-]

    Notes
    -----
    With fewer than three points the fit is not unique; the terms left over are zero.

    Examples
    --------
    A converter that loses 5 % of what it delivers at every load has ``(0, 0.05, 0)``.
    """
    x = np.asarray(load_fraction, dtype=float).ravel()
    eta = np.asarray(efficiency, dtype=float).ravel()
    if x.size == 0 or x.size != eta.size:
        raise ValueError(
            f"load_fraction and efficiency must have the same length > 0, got {x.size} and {eta.size}"
        )
    if not (np.all(np.isfinite(x)) and np.all(x > 0)):
        raise ValueError(
            "load_fraction must be finite and > 0: efficiency says nothing about the loss at no load"
        )
    if not (np.all(eta > 0) and np.all(eta <= 1)):
        raise ValueError("efficiency must be in (0, 1]")
    terms, _ = nnls(np.stack([np.ones_like(x), x, x * x], axis=1), x * (1.0 / eta - 1.0))
    return float(terms[0]), float(terms[1]), float(terms[2])


def conversion_loss(output: ArrayLike, rating: ArrayLike, loss: ArrayLike) -> Array:
    """Loss of a running converter, W; ``loss`` has (a, b, c) on its last axis; reverse power counts by
    magnitude."""
    a, b, c = np.moveaxis(np.asarray(loss, dtype=float), -1, 0)
    rated = np.asarray(rating, dtype=float)
    x = np.abs(np.asarray(output, dtype=float)) / rated
    return rated * (a + x * (b + x * c))


def input_for_output(output: ArrayLike, rating: ArrayLike, loss: ArrayLike) -> Array:
    """Input power that a converter draws to deliver ``output``, W."""
    return np.asarray(output, dtype=float) + conversion_loss(output, rating, loss)


def output_for_input(power: ArrayLike, rating: ArrayLike, loss: ArrayLike) -> Array:
    """Output power that a converter delivers from an input ``power``, W; zero below its no-load loss."""
    a, b, c = np.moveaxis(np.asarray(loss, dtype=float), -1, 0)
    rated = np.asarray(rating, dtype=float)
    rest = np.maximum(np.asarray(power, dtype=float) / rated - a, 0.0)
    # the root of c x^2 + (1 + b) x - rest = 0 in the form that stays exact for c -> 0
    return rated * 2.0 * rest / (1.0 + b + np.sqrt((1.0 + b) ** 2 + 4.0 * c * rest))
