"""Files of other tools: bare networks from MATPOWER, pandapower and DPS; to pandapower and OpenDSS."""

from twin.exchange.dps import read_dps
from twin.exchange.files import is_network, network_of, read_network, write_network
from twin.exchange.matpower import read_matpower
from twin.exchange.network import BareNetwork
from twin.exchange.opendss import opendss_script, write_opendss
from twin.exchange.pandapower_in import read_pandapower
from twin.exchange.pandapower_out import pandapower_document, write_pandapower

__all__ = [
    "BareNetwork",
    "is_network",
    "network_of",
    "opendss_script",
    "pandapower_document",
    "read_dps",
    "read_matpower",
    "read_network",
    "read_pandapower",
    "write_network",
    "write_opendss",
    "write_pandapower",
]
