"""DPS power topologies: feeds, cords, limits, and files that are wrong."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from solvers.power import solve
from twin.exchange import read_dps
from twin.layout.mistakes import LayoutError


def topology() -> dict[str, Any]:
    """Two domains, a rack PDU on each, a shared PDU, two nodes with two cords."""
    limit = {"PowerValue": {"Value": 50000, "Type": "W"}, "PowerFactor": 0.9}
    return {
        "Entities": [
            {"Type": "PowerDomain", "Name": "PD-A", "OperatingLimit": limit},
            {"Type": "PowerDomain", "Name": "PD-B", "Constraints": limit},
            {"Type": "PowerDistribution", "Model": "PDU", "Name": "rPDU-A", "StaticLoad": {"Value": 500, "Type": "W"}},
            {"Type": "PowerDistribution", "Model": "PDU", "Name": "rPDU-B"},
            {"Type": "PowerDistribution", "Model": "PDU", "Name": "shared"},
            {"Type": "ComputerSystem", "Model": "DGX", "Name": "node1"},
            {"Type": "ComputerSystem", "Model": "DGX", "Name": "node2"},
        ],
        "Topology": {
            "Name": "hall",
            "Entities": [
                {"Name": "PD-A", "Children": ["rPDU-A", "shared"]},
                {"Name": "PD-B", "Children": ["rPDU-B", "shared"]},
                {"Name": "rPDU-A", "FeedTag": "A", "Children": ["node1"]},
                {"Name": "rPDU-B", "Children": ["node1"]},
                {"Name": "shared", "Children": ["node2"]},
                {"Name": "node1"}, {"Name": "node2"},
            ],
        },
    }  # fmt: skip


def read(tmp_path: Any, document: Any, **options: Any) -> Any:
    (tmp_path / "t.json").write_text(json.dumps(document))
    return read_dps(tmp_path / "t.json", **{"watts": {"DGX": 10e3}, **options})


def test_powers_follow_the_feeds(tmp_path):
    net = read(tmp_path, topology())
    s = solve(net.problem())
    assert s.status.ok and net.name == "hall"
    power = dict(zip(net.branch, s.branch_power_to[0].real, strict=True))
    # node1 has half its draw on each side; the shared PDU takes its first parent
    assert power["PD-A-rPDU-A"] == pytest.approx(5500) and power["PD-B-rPDU-B"] == pytest.approx(5000)
    assert power["PD-A-shared"] == pytest.approx(10e3) and power["PD-B-shared"] == 0
    loading = dict(zip(net.branch, s.branch_loading[0], strict=True))
    assert loading["feed of PD-A"] == pytest.approx(15500 / (50000 / 0.9))
    assert np.allclose(s.bus_voltage, 1)


def test_a_name_tells_the_draw_before_its_model(tmp_path):
    net = read(tmp_path, topology(), watts={"DGX": 10e3, "node2": 3e3})
    assert dict(zip(net.load, net.problem().load_power[0].real, strict=True))["node2"] == 3e3


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda d: d.pop("Topology"), '"Topology" is missing'),
        (lambda d: d.update(topology=d.pop("Topology")), "keys are case-sensitive"),
        (lambda d: d["Entities"].append(dict(d["Entities"][0])), "is there twice"),
        (lambda d: d["Entities"][2].update(Type="Toaster"), "type 'Toaster' does not carry power"),
        (
            lambda d: d["Topology"]["Entities"][2]["Children"].append("nod"),
            'child "nod" is not in the topology',
        ),
        (lambda d: d["Topology"]["Entities"][4]["Children"].append("shared"), "feeds itself"),
        (lambda d: d["Topology"]["Entities"].append({"Name": "ghost"}), "is not one of Entities"),
        (lambda d: d["Topology"]["Entities"][0].update(Children=[]), "needs a parent that feeds it"),
        (lambda d: d["Entities"][2].update(StaticLoad={"Value": 1, "Type": "hp"}), 'must be a power in "W"'),
        (lambda d: d["Entities"][0]["OperatingLimit"].update(PowerFactor=7), "PowerFactor must be in (0, 1]"),
        (lambda d: d["Entities"][5].update(Model="new"), 'the draw of model "new" is not told'),
        (lambda d: d["Entities"].__setitem__(0, 5), 'needs a "Name"'),
    ],
)
def test_wrong_topologies_are_told(tmp_path, edit, message):
    document = topology()
    edit(document)
    with pytest.raises(LayoutError) as caught:
        read(tmp_path, document)
    assert message in str(caught.value)
