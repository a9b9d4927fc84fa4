"""Networks by the ending of their file: read from MATPOWER, pandapower, DPS, EPANET; written for some of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from twin.exchange.dps import read_dps
from twin.exchange.epanet import read_epanet
from twin.exchange.epanet_out import write_epanet
from twin.exchange.hydraulic import FORMAT as HYDRAULIC_FORMAT
from twin.exchange.hydraulic import BareHydraulics
from twin.exchange.matpower import read_matpower
from twin.exchange.mistake import complain
from twin.exchange.network import FORMAT, BareNetwork
from twin.exchange.opendss import write_opendss
from twin.exchange.pandapower_in import read_pandapower
from twin.exchange.pandapower_out import write_pandapower
from twin.exchange.source import read_head

if TYPE_CHECKING:
    from solvers.power import Solution
    from twin.networks.bare_hydraulics import HydraulicFlow
    from twin.studies.basis import Basis

ENDING = ".network.json"
"""Of a bare network in our own format."""
HYDRAULIC_ENDING = ".hydraulics.json"
EPANET = ".inp"
POWER_READS = (".m", ".json")
READS = (*POWER_READS, EPANET)
WRITES = (ENDING, ".json", ".dss")
HYDRAULIC_WRITES = (HYDRAULIC_ENDING, EPANET)
GLANCE = 200_000
"""Part of a file that is looked at to tell its format. [bytes]"""


def is_network(path: str | Path) -> bool:
    """Whether a file is a network of another tool, or one of ours, by its ending."""
    return Path(path).suffix.lower() in READS


def domain_of(path: str | Path) -> Literal["power", "hydraulics"]:
    """What a network is about, by the ending of its file and, for our own documents, by its beginning."""
    if Path(path).suffix.lower() == EPANET:
        return "hydraulics"
    if Path(path).suffix.lower() == ".json" and json.dumps(HYDRAULIC_FORMAT) in read_head(path, GLANCE):
        return "hydraulics"
    return "power"


def read_hydraulics(path: str | Path) -> BareHydraulics:
    """Read an EPANET ``.inp`` or our own ``.hydraulics.json``; as untrusted as any other file.

    Raises
    ------
    LayoutError
        All mistakes of the file.
    """
    return read_epanet(path) if Path(path).suffix.lower() == EPANET else BareHydraulics.read(path)


def read_network(path: str | Path, *, watts: Mapping[str, float] | None = None) -> BareNetwork:
    """Read a MATPOWER ``.m``, a pandapower or DPS ``.json``, or our own ``.network.json``.

    A file is untrusted: nothing in it is run or imported, only regular files of at most 64 MiB (``.m``) or 128 MiB
    (``.json``) are read, and numbers that no network has are refused.  Networks of liquids are read by
    :func:`read_hydraulics`.

    Parameters
    ----------
    watts : mapping, optional
        Draw of the computer systems of a DPS topology, by name or model. [W]

    Raises
    ------
    LayoutError
        All mistakes of the file.
    """
    if Path(path).suffix.lower() == ".m":
        return read_matpower(path)
    if Path(path).suffix.lower() != ".json":
        complain(str(path), f"no network that can be read; power networks end in {', '.join(POWER_READS)}")
    head = read_head(path, GLANCE)
    if json.dumps(FORMAT) in head:
        return BareNetwork.read(path)
    if "pandapower" in head:
        return read_pandapower(path)
    return read_dps(path, watts=watts)


def write_network(network: BareNetwork, path: str | Path, solution: Solution, *, frequency: float) -> None:
    """Write a solved network: ``.network.json`` (ours), ``.json`` (pandapower) or ``.dss`` (OpenDSS)."""
    if str(path).lower().endswith(ENDING):
        network.save(path)
    elif str(path).lower().endswith(".dss"):
        write_opendss(network, path, solution, frequency=frequency)
    elif str(path).lower().endswith(".json"):
        write_pandapower(network, path, solution, frequency=frequency)
    else:
        raise ValueError(f"{path}: no format with this ending; write one of {', '.join(WRITES)}")


def write_hydraulics(network: BareHydraulics, path: str | Path, flow: HydraulicFlow) -> tuple[str, ...]:
    """Write a solved network: ``.hydraulics.json`` (ours) or ``.inp`` (EPANET); returns what had to be changed."""
    if str(path).lower().endswith(HYDRAULIC_ENDING):
        network.save(path)
        return ()
    if str(path).lower().endswith(EPANET):
        return write_epanet(network, path, flow)
    raise ValueError(f"{path}: no format with this ending; write one of {', '.join(HYDRAULIC_WRITES)}")


def network_of(basis: Basis) -> BareNetwork:
    """The power side of a facility in its normal state."""
    power = basis.world.power
    names = {
        "bus": power.bus_names,
        "branch": power.branch_names,
        "source": tuple(name or "idle" for name in power.source_owner),
        "converter": tuple(f"{name} {number}" for number, name in enumerate(power.converter_owner)),
        "load": power.loads,
    }
    facility = basis.facility
    return BareNetwork.of(power.problem_with(basis.load), names, name=facility.name, file=facility.file)
