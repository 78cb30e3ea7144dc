"""Steps → rtnetlink messages. What `ip`, `bridge` send for the same (rtnetlink(7), linux/if_link.h, linux/rtnetlink.h)."""

import ipaddress
import os
import struct
from collections.abc import Callable

from agent.netlink.kinds import DRIVERS
from agent.netlink.wire import (
    NLM_F_APPEND,
    NLM_F_CREATE,
    NLM_F_EXCL,
    NLM_F_REPLACE,
    Batch,
    ifaddr,
    ifinfo,
    ndmsg,
    rtmsg,
)
from topology.model import ids, routing
from topology.model.kinds import stated_fields
from topology.model.records import AnyInterface, Fdb, Neighbour, Port, Route
from topology.plan import steps as s

RTM_NEWLINK, RTM_DELLINK, RTM_SETLINK = 16, 17, 19
RTM_NEWADDR, RTM_DELADDR, RTM_NEWROUTE, RTM_DELROUTE, RTM_NEWNEIGH, RTM_DELNEIGH = 20, 21, 24, 25, 28, 29
IFLA_ADDRESS, IFLA_IFNAME, IFLA_MTU, IFLA_LINK, IFLA_MASTER, IFLA_PROTINFO, IFLA_LINKINFO = 1, 3, 4, 5, 10, 12, 18
IFLA_AF_SPEC, IFLA_GROUP, IFLA_NET_NS_FD, IFLA_INFO_KIND, IFLA_INFO_DATA, VETH_INFO_PEER = 26, 27, 28, 1, 2, 1
IFF_UP, AF_BRIDGE, AF_INET, AF_INET6 = 1, 7, 2, 10
_IFA_ADDRESS, _IFA_LOCAL = 1, 2
_RTA_DST, _RTA_OIF, _RTA_GATEWAY, _RTA_PRIORITY, _RTA_PREFSRC, _RTA_TABLE, _RTA_VIA = 1, 4, 5, 6, 7, 15, 18
_NDA_DST, _NDA_LLADDR, _NDA_VLAN = 1, 2, 5
_NUD_NOARP, _NUD_PERMANENT, _NTF_SELF, _NTF_MASTER = 0x40, 0x80, 0x02, 0x04
_BRPORT = {"priority": 2, "cost": 3, "hairpin": 4, "learning": 8, "flood": 9, "isolated": 33}
_BRIDGE_VLAN_INFO, _VLAN_PVID, _VLAN_UNTAGGED = 2, 0x02, 0x04
_ROUTE_TYPES = {"unicast": 1, "local": 2, "blackhole": 6, "unreachable": 7, "prohibit": 8, "throw": 9}
_PROTO_BOOT, _SCOPE_LINK, _SCOPE_HOST, _SCOPE_NOWHERE, _ONLINK = 3, 253, 254, 255, 4
_EXCL = NLM_F_CREATE | NLM_F_EXCL

DELETE_GROUP = 0x76657468
"""The IFLA_GROUP of interfaces that are deleted together: the kernel then waits for RCU once, not for each."""

Index = Callable[[str, str], int]
"""Namespace and name → ifindex; raises `LookupError`."""


def _mac(text: str) -> bytes:
    return bytes.fromhex(text.replace(":", ""))


def _hardware(batch: Batch, interface: AnyInterface) -> None:
    batch.text(IFLA_IFNAME, interface.name)
    if interface.mac is not None:
        batch.put(IFLA_ADDRESS, _mac(interface.mac))
    if interface.mtu is not None:
        batch.u32(IFLA_MTU, interface.mtu)


def add_interface(batch: Batch, step: s.AddInterface, index: Index, fd: Callable[[str], int]) -> None:
    """To be sent in the namespace `step.interface.made_in`. `fd`: the descriptor of a namespace."""
    interface, kind = step.interface, step.interface.KIND
    batch.begin(RTM_NEWLINK, _EXCL, ifinfo())
    _hardware(batch, interface)
    if interface.made_in != interface.namespace:
        batch.u32(IFLA_NET_NS_FD, fd(interface.namespace))
    lower = index(*ids.Ref.parse(interface.lower)) if interface.lower else 0
    if lower and kind.lower is not None and kind.lower.option == "link":
        batch.u32(IFLA_LINK, lower)
    info = batch.nest(IFLA_LINKINFO)
    batch.text(IFLA_INFO_KIND, interface.word)
    data = batch.nest(IFLA_INFO_DATA)
    if step.peer is not None:
        _peer(batch, interface, step.peer, fd)
    elif interface.word in DRIVERS:
        DRIVERS[interface.word].put(batch, interface, stated_fields(interface), lower)
    batch.close(data)
    batch.close(info)
    batch.end()


def _peer(batch: Batch, end: AnyInterface, other: AnyInterface, fd: Callable[[str], int]) -> None:
    peer = batch.nest(VETH_INFO_PEER, ifinfo())
    _hardware(batch, other)
    if other.namespace != end.namespace:
        batch.u32(IFLA_NET_NS_FD, fd(other.namespace))
    batch.close(peer)


def delete_interface(batch: Batch, name: str) -> None:
    """RTM_DELLINK of one interface."""
    batch.begin(RTM_DELLINK, 0, ifinfo())
    batch.text(IFLA_IFNAME, name)
    batch.end()


def mark_for_group_delete(batch: Batch, name: str) -> None:
    """Into the group that `delete_group` deletes."""
    batch.begin(RTM_SETLINK, 0, ifinfo())
    batch.text(IFLA_IFNAME, name)
    batch.u32(IFLA_GROUP, DELETE_GROUP)
    batch.end()


def delete_group(batch: Batch) -> None:
    """RTM_DELLINK of all interfaces of the group `DELETE_GROUP`."""
    batch.begin(RTM_DELLINK, 0, ifinfo())
    batch.u32(IFLA_GROUP, DELETE_GROUP)
    batch.end()


def move_interface(batch: Batch, step: s.MoveInterface, index: Index, fd: Callable[[str], int]) -> None:
    """IFLA_NET_NS_FD and IFLA_IFNAME in one RTM_SETLINK."""
    batch.begin(RTM_SETLINK, 0, ifinfo(index(step.namespace, step.name)))
    if step.to_name != step.name:
        batch.text(IFLA_IFNAME, step.to_name)
    if step.to_namespace != step.namespace:
        batch.u32(IFLA_NET_NS_FD, fd(step.to_namespace))
    batch.end()


def random_mac() -> str:
    """A locally administered unicast address, as eth_random_addr() makes."""
    raw = bytearray(os.urandom(6))
    raw[0] = raw[0] & 0xFE | 0x02
    return raw.hex(":")


def change_interface(batch: Batch, step: s.ChangeInterface, index: Index) -> None:
    """One message, or two: a port's own settings need a family of their own."""
    after, fields = step.after, step.fields
    number = index(after.namespace, after.name)
    kind = [f for f in fields if f not in ("mac", "mtu", "master", "port")]
    if kind or set(fields) & {"mac", "mtu", "master"}:
        batch.begin(RTM_NEWLINK, 0, ifinfo(number))
        if "mac" in fields:
            batch.put(IFLA_ADDRESS, _mac(after.mac or str(step.values.get("mac") or random_mac())))
        if "mtu" in fields:
            batch.u32(IFLA_MTU, after.mtu if after.mtu is not None else int(step.values.get("mtu") or 1500))
        if "master" in fields:
            batch.u32(IFLA_MASTER, index(after.namespace, after.master) if after.master else 0)
        if kind:
            _change_kind(batch, after, kind)
        batch.end()
    if "port" in fields:
        _port(batch, number, after.port)


def _change_kind(batch: Batch, after: AnyInterface, fields: list[str]) -> None:
    info = batch.nest(IFLA_LINKINFO)
    batch.text(IFLA_INFO_KIND, after.word)
    data = batch.nest(IFLA_INFO_DATA)
    if after.word not in DRIVERS:
        raise LookupError(f"{after.word} has no {', '.join(fields)}")
    DRIVERS[after.word].put(batch, after, fields, 0)
    batch.close(data)
    batch.close(info)


def _port(batch: Batch, index: int, port: Port) -> None:
    batch.begin(RTM_SETLINK, 0, ifinfo(index, family=AF_BRIDGE))
    at = batch.nest(IFLA_PROTINFO)
    batch.u32(_BRPORT["cost"], port.cost)
    batch.u16(_BRPORT["priority"], port.priority)
    for name in ("hairpin", "learning", "flood", "isolated"):
        batch.u8(_BRPORT[name], int(getattr(port, name)))
    batch.close(at)
    batch.end()


def set_up(batch: Batch, step: s.SetUp) -> None:
    """IFF_UP, set or cleared."""
    batch.begin(RTM_SETLINK, 0, ifinfo(flags=IFF_UP if step.up else 0, change=IFF_UP))
    batch.text(IFLA_IFNAME, step.name)
    batch.end()


def address(batch: Batch, step: s.AddAddress | s.DeleteAddress, index: Index) -> None:
    """RTM_NEWADDR or RTM_DELADDR."""
    value = ipaddress.ip_interface(step.address)
    head = ifaddr(AF_INET if value.version == 4 else AF_INET6, value.network.prefixlen, index=index(step.namespace, step.dev))
    adding = isinstance(step, s.AddAddress)
    batch.begin(RTM_NEWADDR if adding else RTM_DELADDR, _EXCL if adding else 0, head)
    batch.put(_IFA_LOCAL, value.ip.packed)
    batch.put(_IFA_ADDRESS, value.ip.packed)
    batch.end()


def vlan(batch: Batch, step: s.AddVlan | s.DeleteVlan, index: Index) -> None:
    """One VLAN of a bridge port: IFLA_BRIDGE_VLAN_INFO."""
    adding = isinstance(step, s.AddVlan)
    batch.begin(RTM_SETLINK if adding else RTM_DELLINK, 0, ifinfo(index(step.namespace, step.dev), family=AF_BRIDGE))
    at = batch.nest(IFLA_AF_SPEC)
    flags, vid = 0, step.vlan.vid if isinstance(step, s.AddVlan) else step.vid
    if isinstance(step, s.AddVlan):
        flags = (_VLAN_PVID if step.vlan.pvid else 0) | (_VLAN_UNTAGGED if step.vlan.untagged else 0)
    batch.put(_BRIDGE_VLAN_INFO, struct.pack("=HH", flags, vid))
    batch.close(at)
    batch.end()


def _scope(record: Route, adding: bool) -> int:
    if not adding:
        return _SCOPE_NOWHERE
    if record.type == "local":
        return _SCOPE_HOST
    return _SCOPE_LINK if record.type == "unicast" and record.via is None and ":" not in record.to else 0


def route(batch: Batch, record: Route, adding: bool, index: Index) -> None:
    """RTM_NEWROUTE or RTM_DELROUTE."""
    six = ":" in record.to
    network = None if record.to in (routing.DEFAULT, routing.DEFAULT6) else ipaddress.ip_network(record.to)
    head = rtmsg(
        AF_INET6 if six else AF_INET, network.prefixlen if network else 0, table=record.table, protocol=_PROTO_BOOT if adding else 0,
        scope=_scope(record, adding), kind=_ROUTE_TYPES[record.type], flags=_ONLINK if record.onlink else 0,
    )  # fmt: skip
    batch.begin(RTM_NEWROUTE if adding else RTM_DELROUTE, _EXCL if adding else 0, head)
    if network:
        batch.put(_RTA_DST, network.network_address.packed)
    if record.via is not None:
        via = ipaddress.ip_address(record.via)
        if (via.version == 6) == six:
            batch.put(_RTA_GATEWAY, via.packed)
        else:
            batch.put(_RTA_VIA, struct.pack("=H", AF_INET6) + via.packed)
    if record.dev is not None:
        batch.u32(_RTA_OIF, index(record.namespace, record.dev))
    if record.src is not None:
        batch.put(_RTA_PREFSRC, ipaddress.ip_address(record.src).packed)
    if record.metric is not None:
        batch.u32(_RTA_PRIORITY, record.metric)
    batch.u32(_RTA_TABLE, record.table)
    batch.end()


def neighbour(batch: Batch, record: Neighbour, adding: bool, index: Index) -> None:
    """RTM_NEWNEIGH (permanent, in place of another) or RTM_DELNEIGH."""
    value = ipaddress.ip_address(record.address)
    family = AF_INET if value.version == 4 else AF_INET6
    head = ndmsg(family, index(record.namespace, record.dev), state=_NUD_PERMANENT if adding else 0)
    batch.begin(RTM_NEWNEIGH if adding else RTM_DELNEIGH, NLM_F_CREATE | NLM_F_REPLACE if adding else 0, head)
    batch.put(_NDA_DST, value.packed)
    if adding:
        batch.put(_NDA_LLADDR, _mac(record.mac))
    batch.end()


def fdb(batch: Batch, record: Fdb, adding: bool, on_vxlan: bool, index: Index) -> None:
    """A vxlan has its own table (NTF_SELF), an entry of a port is in that of its bridge (NTF_MASTER)."""
    local = record.local or on_vxlan
    state, flags = _NUD_PERMANENT if local else _NUD_NOARP, _NTF_SELF if on_vxlan else _NTF_MASTER
    head = ndmsg(AF_BRIDGE, index(record.namespace, record.dev), state=state, flags=flags)
    how = NLM_F_CREATE | (NLM_F_APPEND if on_vxlan else NLM_F_REPLACE)
    batch.begin(RTM_NEWNEIGH if adding else RTM_DELNEIGH, how if adding else 0, head)
    batch.put(_NDA_LLADDR, _mac(record.mac))
    if record.vlan is not None:
        batch.u16(_NDA_VLAN, record.vlan)
    if record.destination is not None:
        batch.put(_NDA_DST, ipaddress.ip_address(record.destination).packed)
    batch.end()
