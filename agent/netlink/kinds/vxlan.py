"""vxlan: IFLA_VXLAN_* (linux/if_link.h)."""

import ipaddress
from collections.abc import Collection

from agent.netlink.driver import Data, Driver, Info
from agent.netlink.wire import Batch, as_u8, as_u32
from topology.model.records import Vxlan

ID, GROUP, LINK, LOCAL, TTL, LEARNING, PORT, GROUP6, LOCAL6 = 1, 2, 3, 4, 5, 7, 15, 16, 17


def _address(data: Data, *keys: int) -> str | None:
    return next((str(ipaddress.ip_address(data[key])) for key in keys if key in data), None)


def parent(data: Data) -> int:
    """The ifindex of the underlay interface, 0 for none. vxlan does not say it in IFLA_LINK when it left that namespace."""
    return as_u32(data[LINK]) if LINK in data else 0


def observe(data: Data) -> Info:
    """The fields by the names of `topology.model.kinds.vxlan.Vxlan`, without `parent` and `underlay`, which are other interfaces."""
    return {
        "vni": as_u32(data[ID]) if ID in data else 0,
        "local": _address(data, LOCAL, LOCAL6),
        "remote": _address(data, GROUP, GROUP6),
        "dstport": int.from_bytes(data[PORT], "big") if PORT in data else 0,
        "learning": as_u8(data[LEARNING]) != 0 if LEARNING in data else False,
        "ttl": as_u8(data[TTL]) if TTL in data else 0,
    }


def put(batch: Batch, vxlan: Vxlan, fields: Collection[str], lower: int) -> None:
    """The attributes of IFLA_INFO_DATA for these fields. `lower` is the ifindex of the underlay interface."""
    batch.u32(ID, vxlan.vni)  # a change names it too
    if "dstport" in fields:
        batch.be16(PORT, vxlan.dstport)
    for field, four, six in (("local", LOCAL, LOCAL6), ("remote", GROUP, GROUP6)):
        text = getattr(vxlan, field)
        if field in fields and text is not None:
            value = ipaddress.ip_address(text)
            batch.put(four if value.version == 4 else six, value.packed)
    if lower:
        batch.u32(LINK, lower)
    if "ttl" in fields:
        batch.u8(TTL, vxlan.ttl)
    if "learning" in fields:
        batch.u8(LEARNING, int(vxlan.learning))


DRIVER = Driver(observe, put, lower=parent)
