"""Files of other tools: bare networks from MATPOWER, pandapower, DPS and EPANET; to pandapower, OpenDSS and EPANET."""

from twin.exchange.dps import read_dps
from twin.exchange.epanet import read_epanet
from twin.exchange.epanet_out import epanet_text, write_epanet
from twin.exchange.files import (
    domain_of,
    is_network,
    network_of,
    read_hydraulics,
    read_network,
    write_hydraulics,
    write_network,
)
from twin.exchange.hydraulic import BareHydraulics
from twin.exchange.hydraulic_layout import hydraulics_of
from twin.exchange.matpower import read_matpower
from twin.exchange.network import BareNetwork
from twin.exchange.opendss import opendss_script, write_opendss
from twin.exchange.pandapower_in import read_pandapower
from twin.exchange.pandapower_out import pandapower_document, write_pandapower

__all__ = [
    "BareHydraulics",
    "BareNetwork",
    "domain_of",
    "epanet_text",
    "hydraulics_of",
    "is_network",
    "network_of",
    "opendss_script",
    "pandapower_document",
    "read_dps",
    "read_epanet",
    "read_hydraulics",
    "read_matpower",
    "read_network",
    "read_pandapower",
    "write_epanet",
    "write_hydraulics",
    "write_network",
    "write_opendss",
    "write_pandapower",
]
