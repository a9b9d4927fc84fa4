"""Files of other tools, in and out: bare networks from MATPOWER and pandapower, to pandapower and OpenDSS."""

from twin.exchange.matpower import read_matpower
from twin.exchange.network import BareNetwork

__all__ = ["BareNetwork", "read_matpower"]
