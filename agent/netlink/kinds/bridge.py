"""bridge: IFLA_BR_* (linux/if_link.h). The kernel's times are in 1/100 s (USER_HZ)."""

from collections.abc import Collection

from agent.netlink.driver import Data, Driver, Info
from agent.netlink.wire import Batch, as_u8, as_u16, as_u32
from topology.model.records import Bridge

FORWARD_DELAY, HELLO_TIME, MAX_AGE, AGEING_TIME, STP_STATE, PRIORITY, VLAN_FILTERING = 1, 2, 3, 4, 5, 6, 7
MCAST_SNOOPING, VLAN_DEFAULT_PVID = 23, 39
HZ = 100

_TIMES = {"forward_delay": FORWARD_DELAY, "hello_time": HELLO_TIME, "max_age": MAX_AGE, "ageing_time": AGEING_TIME}


def observe(data: Data) -> Info:
    """The bridge's fields by the names of `topology.model.kinds.bridge.Bridge`. Absent: compiled out of this kernel."""
    info: Info = {name: as_u32(data[key]) // HZ for name, key in _TIMES.items() if key in data}
    if STP_STATE in data:
        info["stp"] = as_u32(data[STP_STATE]) != 0
    if PRIORITY in data:
        info["priority"] = as_u16(data[PRIORITY])
    if VLAN_FILTERING in data:
        info["vlan_filtering"] = as_u8(data[VLAN_FILTERING]) != 0
    if VLAN_DEFAULT_PVID in data:
        info["vlan_default_pvid"] = as_u16(data[VLAN_DEFAULT_PVID])
    if MCAST_SNOOPING in data:
        info["mcast_snooping"] = as_u8(data[MCAST_SNOOPING]) != 0
    return info


def put(batch: Batch, bridge: Bridge, fields: Collection[str], _lower: int) -> None:
    """The attributes of IFLA_INFO_DATA for these fields, in the order in which the kernel can take them."""
    for name, key in _TIMES.items():
        if name in fields:
            batch.u32(key, int(getattr(bridge, name)) * HZ)
    if "stp" in fields:
        batch.u32(STP_STATE, int(bridge.stp))
    if "priority" in fields:
        batch.u16(PRIORITY, bridge.priority)
    if "vlan_default_pvid" in fields:
        batch.u16(VLAN_DEFAULT_PVID, bridge.vlan_default_pvid)
    if "vlan_filtering" in fields:
        batch.u8(VLAN_FILTERING, int(bridge.vlan_filtering))
    if "mcast_snooping" in fields:
        batch.u8(MCAST_SNOOPING, int(bridge.mcast_snooping))


DRIVER = Driver(observe, put)
