"""Properties of moist air of what cannot be are refused by argument and index."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

from solvers import psychrometrics

USUAL = {
    "elevation": 100.0, "temperature": 25.0, "pressure": 101325.0, "vapour_pressure": 2e3, "relative_humidity": 0.5,
    "dew_point": 10.0, "wet_bulb": 15.0, "humidity_ratio": 0.008, "enthalpy": 5e4,
}  # fmt: skip
IMPOSSIBLE = {
    "elevation": (-6000.0, 45e3), "temperature": (-300.0,), "pressure": (0.0, -1.0), "vapour_pressure": (-1.0,),
    "relative_humidity": (-0.1,), "dew_point": (-300.0,), "wet_bulb": (-300.0,), "humidity_ratio": (-0.01,), "enthalpy": (),
}  # fmt: skip
FUNCTIONS = {
    name: list(inspect.signature(function).parameters)
    for name, function in vars(psychrometrics).items()
    if inspect.isfunction(function) and not name.startswith("_")
}
CASES = [(name, argument) for name, arguments in FUNCTIONS.items() for argument in arguments]


@pytest.mark.parametrize(("name", "argument"), CASES)
def test_an_impossible_argument_is_refused_by_name(name, argument):
    function, given = getattr(psychrometrics, name), {key: USUAL[key] for key in FUNCTIONS[name]}
    assert np.isfinite(function(**given))
    for wrong in (np.nan, np.inf, -np.inf, "damp", *IMPOSSIBLE[argument]):
        with pytest.raises(ValueError, match=f"^{argument} is"):
            function(**given | {argument: wrong})
    with pytest.raises(ValueError, match=rf"^{argument}\[1\] is nan"):
        function(**given | {argument: [USUAL[argument], np.nan]})


@pytest.mark.parametrize(("name", "argument"), CASES)
def test_nothing_possible_gives_nan(name, argument):
    function, given = getattr(psychrometrics, name), {key: USUAL[key] for key in FUNCTIONS[name]}
    if argument == "elevation":
        return
    for value in (1e-9, 1e3, 1e9):
        assert not np.isnan(function(**given | {argument: value})).any()
