"""vlan: IFLA_VLAN_* (linux/if_link.h, linux/if_vlan.h); the lower interface is IFLA_LINK."""

from collections.abc import Collection

from agent.netlink import pyroute2_data
from agent.netlink.driver import Data, Driver, Info
from agent.netlink.wire import Batch
from topology.model.kinds.vlan import Vlan

_FLAGS = {"reorder_hdr": 0x1, "gvrp": 0x2, "loose_binding": 0x4, "mvrp": 0x8}
_PROTOCOLS = {"802.1Q": 0x8100, "802.1ad": 0x88A8}
_WORDS = {number: word for word, number in _PROTOCOLS.items()}


def observe(data: Data) -> Info:
    """The fields by the names of `topology.model.kinds.vlan.Vlan`, without `parent`."""
    found = pyroute2_data.decode("vlan", data)
    flags = found["IFLA_VLAN_FLAGS"]["flags"] if "IFLA_VLAN_FLAGS" in found else 0  # vlan_fill_info() leaves no flags out
    protocol = found["IFLA_VLAN_PROTOCOL"]
    return {
        "vid": found["IFLA_VLAN_ID"],
        "protocol": _WORDS.get(protocol, f"{protocol:#06x}"),
        **{name: flags & bit != 0 for name, bit in _FLAGS.items()},
    }


def put(batch: Batch, vlan: Vlan, fields: Collection[str], _lower: int) -> None:
    """The attributes of IFLA_INFO_DATA for these fields. The flags that are not in the mask stay as they are."""
    values: dict[str, object] = {}
    if "protocol" in fields:
        values["IFLA_VLAN_PROTOCOL"] = _PROTOCOLS[vlan.protocol]
    if "vid" in fields:
        values["IFLA_VLAN_ID"] = vlan.vid
    mask = sum(bit for name, bit in _FLAGS.items() if name in fields)
    if mask:
        flags = sum(bit for name, bit in _FLAGS.items() if getattr(vlan, name))
        values["IFLA_VLAN_FLAGS"] = {"flags": flags & mask, "mask": mask}
    batch.add_attributes(pyroute2_data.encode("vlan", values))


DRIVER = Driver(observe, put)
