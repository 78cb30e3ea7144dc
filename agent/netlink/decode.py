"""Messages of the kernel → facts: links, bridge ports, VLANs, counters. The rest is in `decode_ip`.

`body` is a message without `nlmsghdr`. Constants: linux/rtnetlink.h, linux/if_link.h, linux/if_bridge.h.
"""

import struct
from collections.abc import Callable, Iterator

from agent.netlink import conf, words
from agent.netlink.driver import Info
from agent.netlink.kinds import DRIVERS
from agent.netlink.wire import as_s32, as_text, as_u8, as_u16, as_u32, attributes, each_attribute
from topology.observe.facts import Counters, LinkFact, PortFact, VlanRow, VlansFact

RTM_NEWLINK, RTM_DELLINK, RTM_GETLINK, RTM_GETQDISC, RTM_NEWVLAN, RTM_DELVLAN = 16, 17, 18, 38, 112, 113
IFLA_ADDRESS, IFLA_IFNAME, IFLA_MTU, IFLA_LINK, IFLA_QDISC, IFLA_MASTER, IFLA_PROTINFO, IFLA_TXQLEN = 1, 3, 4, 5, 6, 10, 12, 13
IFLA_OPERSTATE, IFLA_LINKINFO, IFLA_IFALIAS, IFLA_STATS64, IFLA_AF_SPEC, IFLA_EXT_MASK, IFLA_PROMISCUITY = 16, 18, 20, 23, 26, 29, 30
IFLA_NUM_TX_QUEUES, IFLA_CARRIER, IFLA_LINK_NETNSID, IFLA_XDP, IFLA_NEW_NETNSID, IFLA_TARGET_NETNSID = 31, 33, 37, 43, 45, 46
_IFLA_GROUP, _IFLA_PROP_LIST, _IFLA_ALT_IFNAME = 27, 52, 53
IFLA_INFO_KIND, IFLA_INFO_DATA, IFLA_INFO_SLAVE_KIND, IFLA_INFO_SLAVE_DATA = 1, 2, 4, 5
RTEXT_FILTER_BRVLAN, RTEXT_FILTER_SKIP_STATS = 1 << 1, 1 << 3
IFF_UP, IFF_LOOPBACK = 0x1, 0x8
AF_BRIDGE, AF_INET6 = 7, 10
IFLA_INET6_ADDR_GEN_MODE = 8
_BRPORT_STATE, _BRPORT_PRIORITY, _BRPORT_COST, _BRPORT_HAIRPIN, _BRPORT_LEARNING, _BRPORT_FLOOD, _BRPORT_ISOLATED = 1, 2, 3, 4, 8, 9, 33
_BRPORT_OTHERS = {
    10: ("proxy_arp", False), 12: ("proxy_arp_wifi", False), 27: ("mcast_flood", True), 29: ("vlan_tunnel", False),
    30: ("bcast_flood", True), 32: ("neigh_suppress", False), 39: ("locked", False),
}  # fmt: skip
"""IFLA_BRPORT_*: its word for bridge(8), and what it is on a new port."""
_USUAL_QDISCS = ("", "noop", "noqueue", "mq", "pfifo_fast", "fq_codel", "fq")
"""What the kernel itself gives an interface."""
_INGRESS_QDISCS = ("ingress", "clsact")
_XDP_ATTACHED, _TCA_KIND = 2, 1
_BRIDGE_VLAN_INFO = 2
_VLAN_PVID, _VLAN_UNTAGGED, _VLAN_RANGE_BEGIN, _VLAN_RANGE_END = 0x02, 0x04, 0x08, 0x10

_IFINFO = struct.Struct("=BxHiII")
_VLAN = struct.Struct("=HH")
_STATS = struct.Struct("=9Q")
_TCMSG = 20
"""Bytes of struct tcmsg."""
Resolve = Callable[[int], str]
"""The name of the namespace with an nsid. Which namespace's numbers these are depends on the message: in an event those of the device's own
namespace, in a reply those of the namespace that asked."""


def link_head(body: bytes) -> tuple[int, int, int]:
    """Family, ifindex and IFF_* flags of an RTM_…LINK."""
    family, _, index, flags, _ = _IFINFO.unpack_from(body)
    return family, index, flags


def qdisc_head(body: bytes) -> int:
    """The ifindex of an RTM_…QDISC (struct tcmsg)."""
    return as_s32(body[4:8])


def ingress(body: bytes) -> tuple[int, str] | None:
    """Ifindex and kind of an RTM_NEWQDISC; None for one that is not for what comes in."""
    kind = as_text(attributes(body, _TCMSG).get(_TCA_KIND, b""))
    return (qdisc_head(body), kind) if kind in _INGRESS_QDISCS else None


def mac(data: bytes) -> str:
    """`02:00:00:00:00:01`; empty for an interface that has no such address."""
    return data.hex(":") if data else ""


def _nested(found: dict[int, bytes], key: int) -> dict[int, bytes]:
    return attributes(found[key]) if key in found else {}


def _u32(found: dict[int, bytes], key: int, default: int = 0) -> int:
    return as_u32(found[key]) if key in found else default


def port(data: dict[int, bytes]) -> PortFact:
    """A bridge port, from the IFLA_BRPORT_* of IFLA_INFO_SLAVE_DATA, or of the IFLA_PROTINFO of an AF_BRIDGE message."""
    return PortFact(
        state=as_u8(data[_BRPORT_STATE]),
        cost=as_u32(data[_BRPORT_COST]),
        priority=as_u16(data[_BRPORT_PRIORITY]),
        hairpin=data[_BRPORT_HAIRPIN] != b"\0",
        isolated=data.get(_BRPORT_ISOLATED, b"\0") != b"\0",
        learning=data[_BRPORT_LEARNING] != b"\0",
        flood=data[_BRPORT_FLOOD] != b"\0",
        others=tuple(_others(data)),
    )


def _others(data: dict[int, bytes]) -> Iterator[str]:
    """The switches of a port that are not as the kernel makes them, of those that no field is for."""
    for key, (word, usual) in _BRPORT_OTHERS.items():
        if key in data and (data[key] != b"\0") != usual:
            yield f"{word} {'off' if usual else 'on'}"


def _addrgen(spec: bytes) -> str:
    """How IPv6 link-local addresses are made, from IFLA_AF_SPEC."""
    six = attributes(spec).get(AF_INET6)
    mode = attributes(six).get(IFLA_INET6_ADDR_GEN_MODE) if six else None
    return words.ADDRGEN.get(as_u8(mode), "eui64") if mode else "eui64"


def link(ns: str, body: bytes, resolve: Resolve) -> LinkFact:
    """RTM_NEWLINK of family AF_UNSPEC. KeyError for one without a name, which the kernel does not send."""
    _, _, index, flags, _ = _IFINFO.unpack_from(body)
    found = attributes(body, _IFINFO.size)
    about = _nested(found, IFLA_LINKINFO)
    kind = as_text(about[IFLA_INFO_KIND]) if IFLA_INFO_KIND in about else "loopback" if flags & IFF_LOOPBACK else ""
    data = _nested(about, IFLA_INFO_DATA)
    link_ns = resolve(as_s32(found[IFLA_LINK_NETNSID])) if IFLA_LINK_NETNSID in found else None
    info, lower = _of_kind(kind, data, _u32(found, IFLA_LINK), link_ns)
    return LinkFact(
        ns=ns,
        index=index,
        name=as_text(found[IFLA_IFNAME]),
        kind=kind,
        flags=flags,
        operstate=words.OPERSTATES[as_u8(found[IFLA_OPERSTATE])],
        carrier=found.get(IFLA_CARRIER, b"\0") != b"\0",
        mtu=as_u32(found[IFLA_MTU]),
        mac=mac(found.get(IFLA_ADDRESS, b"")),
        master=_u32(found, IFLA_MASTER),
        link=lower,
        link_ns=link_ns,
        info=info,
        port=_port_of(about),
        txqlen=_u32(found, IFLA_TXQLEN),
        queues=_u32(found, IFLA_NUM_TX_QUEUES, 1),
        promiscuity=_u32(found, IFLA_PROMISCUITY),
        ipv6_addrgen=_addrgen(found[IFLA_AF_SPEC]) if IFLA_AF_SPEC in found else "eui64",
        qdisc="" if (qdisc := as_text(found.get(IFLA_QDISC, b""))) in _USUAL_QDISCS else qdisc,
        conf=conf.of_link(found[IFLA_AF_SPEC]) if IFLA_AF_SPEC in found else None,
        others=tuple(_set_by_hand(found)),
        xdp=_nested(found, IFLA_XDP).get(_XDP_ATTACHED, b"\0") != b"\0",
    )


def _set_by_hand(found: dict[int, bytes]) -> Iterator[str]:
    """What somebody has given a link that no field is for."""
    if _IFLA_PROP_LIST in found:
        names = (as_text(value) for kind, value in each_attribute(found[_IFLA_PROP_LIST]) if kind == _IFLA_ALT_IFNAME)
        yield from (f"altname {name}" for name in names)
    if IFLA_IFALIAS in found:
        yield f"alias {as_text(found[IFLA_IFALIAS])}"
    if group := _u32(found, _IFLA_GROUP):
        yield f"group {group}"


def _of_kind(kind: str, data: dict[int, bytes], link: int, link_ns: str | None) -> tuple[Info, int]:
    """The kind's own fields, and the ifindex of the lower interface: IFLA_LINK, or what the kind has instead."""
    driver = DRIVERS.get(kind)
    if driver is None:
        return {}, link
    info = driver.observe(data)
    if driver.lower is None:
        return info, link
    if link_ns is not None:
        info["underlay"] = link_ns
    return info, driver.lower(data)


def _port_of(about: dict[int, bytes]) -> PortFact | None:
    """What IFLA_LINKINFO says of the link as a bridge port; None where it is none."""
    is_port = about.get(IFLA_INFO_SLAVE_KIND) == b"bridge\0" and IFLA_INFO_SLAVE_DATA in about
    return port(attributes(about[IFLA_INFO_SLAVE_DATA])) if is_port else None


def bridge_port(body: bytes) -> tuple[int, int, PortFact | None]:
    """An RTM_…LINK of family AF_BRIDGE: ifindex, the bridge's ifindex, and the port's settings (None: the message is about the bridge
    itself)."""
    found = attributes(body, _IFINFO.size)
    data, master = _nested(found, IFLA_PROTINFO), _u32(found, IFLA_MASTER)
    return link_head(body)[1], master, port(data) if _BRPORT_STATE in data and _BRPORT_FLOOD in data else None


def vlans(ns: str, body: bytes) -> VlansFact | None:
    """The VLANs in an RTM_NEWLINK of family AF_BRIDGE; None where it is not about a port, or does not list them."""
    index = link_head(body)[1]
    found = attributes(body, _IFINFO.size)
    if IFLA_AF_SPEC not in found or IFLA_MASTER not in found or as_u32(found[IFLA_MASTER]) == index:
        return None
    rows: list[VlanRow] = []
    begin = 0
    for kind, value in each_attribute(found[IFLA_AF_SPEC]):
        if kind != _BRIDGE_VLAN_INFO:
            continue
        flags, vid = _VLAN.unpack_from(value)
        if flags & _VLAN_RANGE_BEGIN:
            begin = vid
            continue
        first = begin if flags & _VLAN_RANGE_END else vid
        pvid, untagged = bool(flags & _VLAN_PVID), bool(flags & _VLAN_UNTAGGED)
        rows += [VlanRow(vid=v, pvid=pvid, untagged=untagged) for v in range(first, vid + 1)]
    return VlansFact(ns=ns, index=index, vlans=tuple(rows))


def counters(body: bytes) -> tuple[int, Counters]:
    """Ifindex and counters of an RTM_NEWLINK."""
    data = attributes(body, _IFINFO.size).get(IFLA_STATS64)
    if data is None:
        return link_head(body)[1], Counters()
    rx_packets, tx_packets, rx_bytes, tx_bytes, rx_errors, tx_errors, rx_dropped, tx_dropped, multicast = _STATS.unpack_from(data)
    return link_head(body)[1], Counters(rx_bytes, rx_packets, rx_errors, rx_dropped, tx_bytes, tx_packets, tx_errors, tx_dropped, multicast)
