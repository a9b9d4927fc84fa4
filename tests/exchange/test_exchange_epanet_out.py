"""Networks written for EPANET: the engine opens them and finds the same flows."""

import re

import numpy as np
import pytest

from solvers.hydraulics.network import Problem
from twin.coupling import normal_state
from twin.exchange import BareHydraulics, epanet_text, hydraulics_of, read_epanet, write_epanet
from twin.exchange.epanet_options import FLOWS
from twin.layout import load

LAYOUT = "layouts/first_hall.yaml"


def bare(problem, **given):
    nodes = tuple(f"n{at}" for at in range(problem.node_count))
    links = tuple(f"l{at}" for at in range(len(np.asarray(problem.link_from))))
    return BareHydraulics.of(problem, nodes, links, **given)


def circuit(**change):
    """A pumped loop: pump, header, two branches with data-sheet laws and limiters, return."""
    given = dict(
        node_count=4, fixed_node=[0], fixed_pressure=[150e3], link_from=[0, 1, 2, 2, 3], link_to=[1, 2, 3, 3, 0],
        link_length=[0, 30, 4, 8, 30], link_diameter=[0, 0.1, 0.05, 0.05, 0.1], link_roughness=4.5e-5,
        link_minor_loss=[0, 0, 3, 3, 2], link_device_coefficient=[[0, 0, 8e3, 9e3, 0]],
        link_device_exponent=[2, 2, 1.897, 2, 2], link_pump_head=[[300e3, 0, 0, 0, 0]],
        link_pump_curvature=[200, 0, 0, 0, 0], link_limit=[[np.inf, np.inf, 3.0, np.inf, np.inf]], link_density=1015.0,
        link_viscosity=1.6e-3,
    )  # fmt: skip
    return Problem(**{**given, **change})


def engine_flows(network, path, epanet_engine):
    """[kg/s] by name."""
    flow = network.flow()
    assert flow.ok, flow.detail
    write_epanet(network, path, flow)
    engine = epanet_engine(path)
    return {name: value * FLOWS[engine.unit] * network.density for name, (value, _) in engine.flow.items()}


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"link_pump_slope": [5e3, 0, 0, 0, 0]},
        {"link_pump_speed": [[0.7, 1, 1, 1, 1]]},
        {"link_pump_exponent": [1.6, 2, 2, 2, 2]},
        {"link_pump_curvature": 0.0, "link_pump_slope": [2e4, 0, 0, 0, 0]},
        {"link_check": [False, True, False, True, False]},
        {"link_open": [[True, True, True, False, True]]},
        {"link_length": 0.0},
        {"link_length": 0.0, "link_minor_loss": 0.0, "link_device_coefficient": [[0, 0, 8e3, 9e3, 0]]},
        {"node_elevation": [0, 2, 8, 5]},
        {"node_demand": [[0, 0, 0.5, 0]]},
        {"link_hazen_williams": 130.0},
    ],
)
def test_the_engine_finds_the_flows_of_a_circuit(tmp_path, epanet_engine, change):
    """All laws are EPANET's here, so that only its units (1e-5) are between."""
    problem = circuit(**change)
    network = bare(problem, name="circuit")
    network = BareHydraulics(network.fields, network.node, network.link, rules="epanet")
    flows = engine_flows(network, tmp_path / "out.inp", epanet_engine)
    ours = dict(zip(network.link, network.flow().solution.link_flow[0], strict=True))
    largest = max(map(abs, ours.values()))
    for name, value in ours.items():
        assert flows[name] == pytest.approx(value, abs=1e-4 * largest), name


def test_friction_is_the_only_difference_to_a_network_of_our_own_rules(tmp_path, epanet_engine):
    network = bare(circuit(link_limit=np.inf))
    flows = engine_flows(network, tmp_path / "out.inp", epanet_engine)
    for name, value in zip(network.link, network.flow().solution.link_flow[0], strict=True):
        assert flows[name] == pytest.approx(
            value, rel=5e-3
        )  # Swamee and Jain lie within 3 % of Colebrook in friction


def test_curves_and_constant_power_are_written_as_they_are(tmp_path, epanet_engine):
    curves = (([0.0, 3.0, 9.0], [300e3, 280e3, 100e3]), ([0.0, 2.0, 5.0], [0.0, 20e3, 90e3]))
    problem = circuit(
        link_pump_head=0.0, link_pump_curvature=0.0, link_curve=[0, -1, -1, 1, -1], curves=curves
    )
    network = bare(problem)
    network = BareHydraulics(network.fields, network.node, network.link, network.curves, rules="epanet")
    flows = engine_flows(network, tmp_path / "curves.inp", epanet_engine)
    assert flows["l0"] == pytest.approx(network.flow().solution.link_flow[0, 0], rel=1e-4)
    bare_power = bare(circuit(link_pump_head=0.0, link_pump_curvature=0.0))
    powered = BareHydraulics(
        bare_power.fields, bare_power.node, bare_power.link, power={"l0": 900.0}, rules="epanet"
    )
    flows = engine_flows(powered, tmp_path / "power.inp", epanet_engine)
    assert flows["l0"] == pytest.approx(powered.flow().solution.link_flow[0, 0], rel=1e-4)


def test_the_loops_of_a_layout_flow_in_the_engine_as_in_the_evaluation(tmp_path, epanet_engine):
    """Control valves hold what the racks, coils and units were given; pipes and fittings are within friction's 3 %."""
    basis = normal_state(load(LAYOUT))
    loops = hydraulics_of(basis)
    assert [loop.name.rpartition(" ")[2] for loop in loops] == list(basis.results.tables["loop"].ids)
    for number, loop in enumerate(loops):
        flows = engine_flows(loop, tmp_path / f"{number}.inp", epanet_engine)
        sinks = basis.world.loops[number].circuit.sinks
        racks = basis.results.tables["rack"]
        total = sum(flows[name] for name in sinks)
        assert total == pytest.approx(basis.results.tables["loop"]["flow"][basis.row, number], rel=1e-3)
        for name in sinks:
            if name in racks.ids:
                asked = racks.at(name, "liquid_flow", basis.row)
                assert flows[name] == pytest.approx(asked, rel=1e-3)
        again = read_epanet(tmp_path / f"{number}.inp")
        ours = dict(
            zip(again.link, again.flow().solution.link_flow[0] * loop.density / again.density, strict=True)
        )
        for name, value in flows.items():
            assert ours[name] == pytest.approx(value, abs=1e-4 * total), name


def test_two_stations_of_pumps_and_a_roof_flow_in_the_engine_as_in_the_evaluation(tmp_path, epanet_engine):
    """Decoupler, by-pass and height go along; friction by Swamee and Jain moves the primary flow by less than 2 %."""
    basis = normal_state(load("layouts/primary_secondary.yaml"))
    network = hydraulics_of(basis)[0]
    flows = engine_flows(network, tmp_path / "fws.inp", epanet_engine)
    told = basis.results.tables["loop"]
    first, second = (sum(flows[f"{name}{k}"] for k in (1, 2)) for name in ("pp", "sp"))
    assert first == pytest.approx(told.at("fws", "source_flow", basis.row), rel=0.02)
    assert second == pytest.approx(told.at("fws", "flow", basis.row), rel=1e-3)
    assert flows["decoupler"] == pytest.approx(first - second, abs=1e-3 * first)
    assert flows["bypass"] == pytest.approx(told.at("fws", "bypass", basis.row), rel=1e-3)


def test_names_are_made_to_fit_and_stay_apart(tmp_path, epanet_engine):
    network = bare(circuit())
    node = (
        "a very long name of the return header",
        "a very long name of the return header at the pump",
        "b c",
        "b_c",
    )
    link = (
        "p;1",
        'q"2',
        "long link name with blanks in the first branch",
        "long link name with blanks in the second",
        "[r]",
    )
    text, notes = epanet_text(BareHydraulics(network.fields, node, link), network.flow())
    assert "names do not fit" in notes[-1]
    written = tmp_path / "names.inp"
    written.write_text(text)
    engine = epanet_engine(written)
    assert all(len(name) <= 31 for name in (*engine.head, *engine.flow))
    assert len(engine.head) >= 4 and len(engine.flow) >= 5
    assert re.search(r";a very long name of the return header$", text, re.M)


def test_what_epanet_has_no_word_for_is_refused():
    network = bare(circuit(link_density=[1000, 1000, 1000, 1000, 990]))
    with pytest.raises(ValueError, match="one density"):
        epanet_text(network, network.flow())
    network = bare(circuit(link_hazen_williams=[0, 130, 0, 0, 0]))
    with pytest.raises(ValueError, match="one friction law"):
        epanet_text(network, network.flow())
