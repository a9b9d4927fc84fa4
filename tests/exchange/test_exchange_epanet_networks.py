"""The public networks in the ``epyt`` package at time 0, against EPANET's engine.

Bounds are those of the issue: flows to 1e-4 of the largest, heads of Balerma to 2 mm.  Heads elsewhere follow flows, and
networks in metric units carry the engine's five-digit units.
"""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from twin.exchange import read_epanet
from twin.exchange.epanet_options import GRAVITY
from twin.exchange.hydraulic_answer import hydraulic_document, sentences
from twin.layout.mistakes import LayoutError

FLOWS, HEADS = 1e-4, 6e-3
"""Of the largest flow [-]; [m]."""
AGREE = (
    "asce-tf-wdst/Anytown", "asce-tf-wdst/Balerma", "asce-tf-wdst/BWSN_Network_1", "asce-tf-wdst/Extended Hanoi",
    "asce-tf-wdst/Hanoi", "asce-tf-wdst/Jilin including water quality", "asce-tf-wdst/KL", "asce-tf-wdst/MICROPOLIS_v1",
    "asce-tf-wdst/Modified New York Tunnels including water quality", "asce-tf-wdst/Net1", "asce-tf-wdst/Net2",
    "asce-tf-wdst/Net3", "asce-tf-wdst/Net3_trace", "asce-tf-wdst/New York Tunnels including water quality",
    "asce-tf-wdst/RuralNetwork", "asce-tf-wdst/ZJ", "asce-tf-wdst/exnet-3", "asce-tf-wdst/foss_poly_1", "asce-tf-wdst/ky2",
    "asce-tf-wdst/ky7", "exeter-benchmarks/Richmond_skeleton", "exeter-benchmarks/nytun", "msx-examples/Net3-NH2CL",
    "msx-examples/example", "msx-examples/net2-cl2", "L-TOWN",
)  # fmt: skip
SLOWER = (
    "asce-tf-wdst/BWSN_Network_2", "asce-tf-wdst/ky1", "asce-tf-wdst/ky3", "asce-tf-wdst/ky4", "asce-tf-wdst/ky5",
    "asce-tf-wdst/ky6", "asce-tf-wdst/ky8", "asce-tf-wdst/ky13", "asce-tf-wdst/ky14",
)  # fmt: skip
"""The same, of seconds each: large, or with pumps of constant power, or many pressure valves."""
LOOSER = {"asce-tf-wdst/ky9": (1e-5, 1e-2), "asce-tf-wdst/ky12": (1e-4, 5e-2)}
"""Heads over long pipes with next to no flow, behind the engine's pumps of constant power."""


def network_file(name):
    spec = find_spec("epyt")
    if spec is None or spec.origin is None:
        pytest.skip("the networks of epyt are not installed")
    return Path(spec.origin).parent / "networks" / f"{name}.inp"


@pytest.mark.parametrize("name", AGREE)
def test_public_networks_flow_as_in_epanet(epanet_difference, name):
    flows, heads = epanet_difference(network_file(name))
    assert flows < FLOWS
    assert heads < (2e-3 if name.endswith("Balerma") else HEADS)


@pytest.mark.slow
@pytest.mark.parametrize("name", [*SLOWER, *LOOSER])
def test_large_public_networks_flow_as_in_epanet(epanet_difference, name):
    flows, heads = epanet_difference(network_file(name))
    most = LOOSER.get(name, (FLOWS, HEADS))
    assert flows < most[0]
    assert heads < most[1]


@pytest.mark.parametrize("name", ["exeter-benchmarks/gessler1985", "exeter-benchmarks/hanoi-exeter"])
def test_networks_of_absurd_pipes_flow_as_in_epanet(epanet_difference, name):
    """Their smallest diameters lose 1e30 m, so that heads cannot be compared."""
    assert epanet_difference(network_file(name))[0] < FLOWS


def test_check_valves_are_exact_where_the_engine_has_a_tolerance(epanet_difference):
    """Behind pipes of no loss a check valve may be open or shut within the engine's 0.15 mm; heads are the same."""
    assert epanet_difference(network_file("exeter-benchmarks/Richmond_standard"))[1] < HEADS


def test_a_file_with_nodes_twice_is_refused_as_by_epanet():
    with pytest.raises(LayoutError, match="is there already"):
        read_epanet(network_file("asce-tf-wdst/Net1broken"))


@pytest.mark.parametrize("name", ["exeter-benchmarks/anytown-exeter", "asce-tf-wdst/ky15"])
def test_demands_that_cannot_be_served_are_said(name):
    """An empty pair of tanks with idle pumps; a demand behind a sustaining valve.  EPANET answers -1e5 m and less."""
    flow = read_epanet(network_file(name)).flow()
    assert not flow.ok
    assert "cannot be served" in flow.detail


def test_nodes_that_no_source_serves_are_named_with_the_links_round_them():
    """Pumps of no start, 78 to 80, and the empty tanks behind 142 and 143; all 19 junctions that ask are named."""
    network = read_epanet(network_file("exeter-benchmarks/anytown-exeter"))
    document = hydraulic_document(network, network.flow())
    told = {
        word: {d["name"] for d in document["diagnoses"] if d["element"] == word} for word in ("node", "link")
    }
    assert told["node"] == {str(number) for number in range(1, 20)}
    assert told["link"] == {"78", "79", "80", "142", "143"}
    words = list(sentences(network, document))
    assert any("asks for 63.06 kg/s, and every way to a source is closed" in line for line in words)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["asce-tf-wdst/ky10", "asce-tf-wdst/ky11"])
def test_where_epanet_stops_a_pump_of_constant_power_ours_is_a_solution_too(name):
    """A pump of constant power before a reducing valve has several states; the engine's have it stand still, or not.

    So the solution is checked by itself: mass, the power of every such pump, and the pressure of every holding valve.
    """
    network = read_epanet(network_file(name))
    flow = network.flow()
    assert flow.ok
    solution = flow.solution
    assert solution.mass_error[0] < 1e-9
    height = np.asarray(network.fields["node_elevation"])
    head = height + solution.node_pressure[0] / (network.density * GRAVITY)
    start, end = (np.asarray(network.fields[name]) for name in ("link_from", "link_to"))
    for name, power in network.power.items():
        at = network.link.index(name)
        moved = solution.link_flow[0, at]
        if moved > 0.0:
            assert moved * GRAVITY * (head[end[at]] - head[start[at]]) == pytest.approx(power, rel=1e-6)
    for valve, state in zip(network.regulators, flow.regulator_state, strict=True):
        held = (end if valve.kind == "prv" else start)[valve.link]
        if state == "active":
            assert solution.node_pressure[0, held] == pytest.approx(valve.pressure, rel=1e-9)
            assert solution.link_flow[0, valve.link] > -1e-6
