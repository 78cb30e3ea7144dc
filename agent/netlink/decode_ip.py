"""Messages of the kernel → facts: addresses, routes, neighbours, FDB entries. `body` is a message without `nlmsghdr`.

Constants: linux/if_addr.h, linux/rtnetlink.h, linux/neighbour.h.
"""

import socket
import struct
from collections.abc import Iterator

from agent.netlink import words
from agent.netlink.decode import mac
from agent.netlink.wire import as_s32, as_text, as_u8, as_u16, as_u32, attributes
from topology.model import routing
from topology.observe.facts import AddressFact, FdbFact, NeighbourFact, NextHop, Proxied, RouteFact
from topology.observe.policy import PolicyRule

RTM_NEWADDR, RTM_DELADDR, RTM_GETADDR = 20, 21, 22
RTM_NEWROUTE, RTM_DELROUTE, RTM_GETROUTE = 24, 25, 26
RTM_NEWNEIGH, RTM_DELNEIGH, RTM_GETNEIGH = 28, 29, 30
_IFA_LABEL, _IFA_BROADCAST = 3, 4
IFA_ADDRESS, IFA_LOCAL, IFA_CACHEINFO, IFA_FLAGS, IFA_TARGET_NETNSID, IFA_PROTO = 1, 2, 6, 8, 10, 11
_RTA_DST, _RTA_SRC, _RTA_OIF, _RTA_GATEWAY, _RTA_PRIORITY, _RTA_PREFSRC, _RTA_MULTIPATH, _RTA_TABLE, _RTA_VIA = 1, 2, 4, 5, 6, 7, 9, 15, 18
_RTA_METRICS, _RTA_FLOW, _RTA_PREF, _RTA_ENCAP, _RTA_EXPIRES, _RTA_NH_ID = 8, 11, 20, 22, 23, 30
_NDA_DST, _NDA_LLADDR, _NDA_CACHEINFO, _NDA_VLAN = 1, 2, 3, 5
_NTF_SELF, NTF_PROXY, _NTF_ROUTER = 0x02, 0x08, 0x80
_RTNH_ONLINK, _RTNH_LINKDOWN, _RTM_CLONED = 0x04, 0x10, 0x200
_TABLE_LOCAL, _PROTO_KERNEL = 255, 2
AF_INET, AF_INET6, AF_BRIDGE = 2, 10, 7
RTM_NEWRULE, RTM_DELRULE, RTM_GETRULE = 32, 33, 34
_FRA_DST, _FRA_SRC, _FRA_IIFNAME, _FRA_GOTO, _FRA_PRIORITY, _FRA_FWMARK, _FRA_SUPPRESS_PREFIX = 1, 2, 3, 4, 6, 10, 14  # linux/fib_rules.h
_FRA_TABLE, _FRA_FWMASK, _FRA_OIFNAME, _FRA_IP_PROTO, _FRA_SPORT, _FRA_DPORT = 15, 16, 17, 22, 23, 24
_FR_ACT_TO_TBL, _FIB_RULE_INVERT = 1, 2
_PORTS = struct.Struct("=HH")
_ANY_GROUP = b"\xff" * 4
_FOREVER = 0xFFFFFFFF
_USER_HZ = 100

_IFADDR, _RT, _ND, _NEXTHOP = (struct.Struct(f) for f in ("=BBBBI", "=BBBBBBBBI", "=BxxxiHBB", "=HBBi"))
_LIFETIMES = struct.Struct("=II")
_CONFIRMED = struct.Struct("=III")


def _text(data: bytes) -> str:
    return socket.inet_ntop(socket.AF_INET if len(data) == 4 else socket.AF_INET6, data)


def address(ns: str, body: bytes) -> AddressFact:
    """RTM_…ADDR. Where there is a point-to-point peer, the address is the local one."""
    family, prefix, flags, scope, index = _IFADDR.unpack_from(body)
    found = attributes(body, _IFADDR.size)
    if IFA_FLAGS in found:
        flags = as_u32(found[IFA_FLAGS])
    preferred, valid = _LIFETIMES.unpack_from(found[IFA_CACHEINFO]) if IFA_CACHEINFO in found else (_FOREVER, _FOREVER)
    proto = as_u8(found[IFA_PROTO]) if IFA_PROTO in found else 0
    return AddressFact(
        ns=ns,
        index=index,
        address=f"{_text(found.get(IFA_LOCAL) or found[IFA_ADDRESS])}/{prefix}",
        scope=words.SCOPES.get(scope, str(scope)),
        flags=(*_beside(found), *words.address_flags(flags, family == AF_INET6)),
        proto=words.ADDRESS_PROTOCOLS.get(proto, str(proto)),
        valid=None if valid == _FOREVER else valid,
        preferred=None if preferred == _FOREVER else preferred,
    )


def _beside(found: dict[int, bytes]) -> Iterator[str]:
    """What an address has beside itself: the other end of a point-to-point link, a broadcast address, a label."""
    if IFA_LOCAL in found and IFA_ADDRESS in found and found[IFA_LOCAL] != found[IFA_ADDRESS]:
        yield f"peer {_text(found[IFA_ADDRESS])}"
    if _IFA_BROADCAST in found:
        yield f"brd {_text(found[_IFA_BROADCAST])}"
    if ":" in (label := as_text(found.get(_IFA_LABEL, b""))):  # else it is the interface's name
        yield f"label {label}"


def _via(found: dict[int, bytes]) -> str | None:
    """The gateway, of either family."""
    if _RTA_GATEWAY in found:
        return _text(found[_RTA_GATEWAY])
    # struct rtvia: a gateway of the other family (IPv4 over an IPv6 next hop)
    return _text(found[_RTA_VIA][2:]) if _RTA_VIA in found else None


def _hops(data: bytes) -> Iterator[NextHop]:
    """The next hops of RTA_MULTIPATH (`struct rtnexthop`)."""
    at = 0
    while at + _NEXTHOP.size <= len(data):
        size, _, weight, index = _NEXTHOP.unpack_from(data, at)
        if size < _NEXTHOP.size:
            return
        yield NextHop(via=_via(attributes(data, at + _NEXTHOP.size, at + size)), index=index, weight=weight + 1)
        at += size + 3 & ~3


def route(ns: str, body: bytes) -> RouteFact | None:
    """RTM_…ROUTE; None for routes that are not reported: the kernel's own of table local, cached ones, of other families."""
    family, prefix, source, tos, table, protocol, scope, kind, flags = _RT.unpack_from(body)
    if (table == _TABLE_LOCAL and protocol == _PROTO_KERNEL) or flags & _RTM_CLONED or family not in (AF_INET, AF_INET6):
        return None
    found = attributes(body, _RT.size)
    if prefix == 0 and _RTA_DST not in found:
        to = routing.DEFAULT if family == AF_INET else routing.DEFAULT6
    else:
        to = f"{_text(found.get(_RTA_DST) or bytes(4 if family == AF_INET else 16))}/{prefix}"
    return RouteFact(
        ns=ns,
        to=to,
        via=_via(found),
        index=as_u32(found[_RTA_OIF]) if _RTA_OIF in found else 0,
        metric=as_u32(found[_RTA_PRIORITY]) if _RTA_PRIORITY in found else 0,
        table=as_u32(found[_RTA_TABLE]) if _RTA_TABLE in found else table,
        type=words.ROUTE_TYPES[kind] if kind < len(words.ROUTE_TYPES) else str(kind),
        protocol=words.PROTOCOLS.get(protocol, str(protocol)),
        scope=words.SCOPES.get(scope, str(scope)),
        src=_text(found[_RTA_PREFSRC]) if _RTA_PREFSRC in found else None,
        onlink=bool(flags & _RTNH_ONLINK),
        linkdown=bool(flags & _RTNH_LINKDOWN),
        hops=tuple(_hops(found[_RTA_MULTIPATH])) if _RTA_MULTIPATH in found else (),
        tos=tos,
        source=f"{_text(found[_RTA_SRC])}/{source}" if _RTA_SRC in found and source else "",
        others=tuple(_more_of_route(found)),
    )


def _more_of_route(found: dict[int, bytes]) -> Iterator[str]:
    """What somebody has given a route that no field is for."""
    if _RTA_METRICS in found:
        metrics = attributes(found[_RTA_METRICS]).items()
        yield from (f"{words.ROUTE_METRICS[key]} {as_u32(value)}" for key, value in metrics if key in words.ROUTE_METRICS)
    if _RTA_NH_ID in found:
        yield f"nhid {as_u32(found[_RTA_NH_ID])}"
    if _RTA_ENCAP in found:
        yield "encap"
    if _RTA_FLOW in found:
        yield f"realm {as_u32(found[_RTA_FLOW])}"
    if found.get(_RTA_PREF, b"\0")[0]:
        yield f"pref {words.ROUTE_PREFERENCES.get(found[_RTA_PREF][0], '')}"
    if _RTA_EXPIRES in found:
        yield "expires"


def policy_rule(body: bytes) -> PolicyRule | None:
    """RTM_NEWRULE; None for one of another family (multicast routing)."""
    family, to, source, tos, table, _, _, action, flags = _RT.unpack_from(body)
    if family not in (AF_INET, AF_INET6):
        return None
    found = attributes(body, _RT.size)
    return PolicyRule(
        family="ipv4" if family == AF_INET else "ipv6",
        priority=_number(found, _FRA_PRIORITY),
        action=words.RULE_ACTIONS.get(action, "nop"),
        table=_number(found, _FRA_TABLE, table) if action == _FR_ACT_TO_TBL else 0,
        target=_number(found, _FRA_GOTO),
        source=f"{_text(found[_FRA_SRC])}/{source}" if _FRA_SRC in found else "",
        destination=f"{_text(found[_FRA_DST])}/{to}" if _FRA_DST in found else "",
        iif=as_text(found.get(_FRA_IIFNAME, b"")),
        oif=as_text(found.get(_FRA_OIFNAME, b"")),
        mark=_number(found, _FRA_FWMARK),
        mask=_number(found, _FRA_FWMASK),
        tos=tos,
        protocol=found.get(_FRA_IP_PROTO, b"\0")[0],
        sport=_PORTS.unpack(found[_FRA_SPORT]) if _FRA_SPORT in found else None,
        dport=_PORTS.unpack(found[_FRA_DPORT]) if _FRA_DPORT in found else None,
        inverted=bool(flags & _FIB_RULE_INVERT),
        suppress=as_s32(found[_FRA_SUPPRESS_PREFIX]) if _FRA_SUPPRESS_PREFIX in found else -1,
        other=_other_condition(found),
    )


def _number(found: dict[int, bytes], key: int, default: int = 0) -> int:
    return as_u32(found[key]) if key in found else default


def _other_condition(found: dict[int, bytes]) -> str:
    """A condition of a rule that is not decoded."""
    return next((word for key, word in words.RULE_CONDITIONS.items() if found.get(key, _ANY_GROUP) != _ANY_GROUP), "")


def neighbour_head(body: bytes) -> tuple[int, int]:
    """Family and NUD_* state of an RTM_…NEIGH, without decoding the rest."""
    family, _, state, _, _ = _ND.unpack_from(body)
    return family, state


def _age(found: dict[int, bytes], which: int) -> float:
    """Seconds since an entry was confirmed (`which` 0), used (1) or updated (2), from `struct nda_cacheinfo`; 0 where it has none."""
    times: tuple[int, int, int] | None = _CONFIRMED.unpack_from(found[_NDA_CACHEINFO]) if _NDA_CACHEINFO in found else None
    return times[which] / _USER_HZ if times else 0.0


def neighbour(ns: str, body: bytes) -> NeighbourFact | None:
    """RTM_…NEIGH of AF_INET or AF_INET6; None for a proxy entry."""
    _, index, state, flags, _ = _ND.unpack_from(body)
    found = attributes(body, _ND.size)
    if flags & NTF_PROXY or _NDA_DST not in found:
        return None
    return NeighbourFact(
        ns=ns,
        index=index,
        address=_text(found[_NDA_DST]),
        mac=mac(found.get(_NDA_LLADDR, b"")),
        state=words.NEIGHBOUR_STATES.get(state, "none"),
        router=bool(flags & _NTF_ROUTER),
        age=0.0 if state & words.NUD_PERMANENT else _age(found, 0),
    )


def proxied(body: bytes) -> Proxied | None:
    """RTM_NEWNEIGH of a proxy entry; None for any other."""
    _, index, _, flags, _ = _ND.unpack_from(body)
    found = attributes(body, _ND.size)
    return Proxied(index=index, address=_text(found[_NDA_DST])) if flags & NTF_PROXY and _NDA_DST in found else None


def fdb(ns: str, body: bytes) -> FdbFact | None:
    """RTM_…NEIGH of AF_BRIDGE; None for an entry of a device's own list of multicast addresses."""
    _, index, state, flags, _ = _ND.unpack_from(body)
    found = attributes(body, _ND.size)
    address = found.get(_NDA_LLADDR, b"")
    own = bool(flags & _NTF_SELF)
    if not address or (own and address[0] & 1 and _NDA_DST not in found):
        return None
    permanent = bool(state & words.NUD_PERMANENT)
    return FdbFact(
        ns=ns,
        index=index,
        mac=mac(address),
        vlan=as_u16(found[_NDA_VLAN]) if _NDA_VLAN in found else None,
        destination=_text(found[_NDA_DST]) if _NDA_DST in found else None,
        own=own,
        state="local" if permanent else "static" if state & words.NUD_NOARP else "dynamic",
        age=0.0 if permanent else _age(found, 2),
    )
