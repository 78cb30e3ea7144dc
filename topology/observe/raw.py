"""Single facts as records, not yet in normal form: what a document can hold of a namespace."""

import ipaddress
from collections.abc import Iterator
from typing import Protocol

import msgspec

from topology.model import routing
from topology.model.kind import Field
from topology.model.kinds import BY_WORD, KINDS
from topology.model.records import AnyInterface, Fdb, Interface, Namespace, Neighbour, Port, PortVlan, Route
from topology.observe import facts as f
from topology.observe.namespace import NO_MAC, NamespaceFacts

UNNAMED = "?"
"""The `link_ns` of a fact about a namespace without a name."""

_ROUTE_TYPES = ("unicast", "blackhole", "unreachable", "prohibit", "throw", "local")
_KERNELS_ROUTES = ("kernel", "ra", "redirect")
_LINK_LOCAL = ipaddress.IPv6Network("fe80::/64")
_RouteType = Route.__annotations__["type"]


class OtherNamespaces(Protocol):
    """What a namespace has to know of the other ones."""

    def ref(self, ns: str, index: int) -> str | None:
        """`ns/name` of an interface by its ifindex."""

    def mac(self, ns: str, link: f.LinkFact) -> str | None:
        """The MAC that a record has to state: None where it is the kernel's own choice."""


def namespace(known: NamespaceFacts) -> Namespace:
    """The namespace itself, with all its sysctls."""
    return Namespace(name=known.name, nsid=known.nsid, sysctls=known.sysctls)


def note(known: NamespaceFacts, link: f.LinkFact, others: OtherNamespaces) -> str:
    """Why a document cannot hold this interface; nothing where it can."""
    kind = BY_WORD.get(link.kind)
    if kind is None:
        return f"{link.kind or 'this kind of interface'} is shown, but not kept in documents"
    if kind.KIND.paired and below(known, link, others) is None:
        return "its peer is in a namespace without a name"
    if kind.KIND.underlay and link.info.get("underlay") == UNNAMED:
        return "its underlay is in a namespace without a name"
    if kind.KIND.lower is not None and kind.KIND.lower.required and below(known, link, others) is None:
        return "its parent is in a namespace without a name"
    return next((f"{link.kind} with {f.name} {v}" for f, v in _own(kind, link) if not _can_hold(kind, f, v)), "")


def below(known: NamespaceFacts, link: f.LinkFact, others: OtherNamespaces) -> str | None:
    """The interface that IFLA_LINK names: the other end of a pair, or the lower one."""
    return others.ref(link.link_ns or known.name, link.link) if link.link else None


def interface(known: NamespaceFacts, link: f.LinkFact, others: OtherNamespaces) -> AnyInterface | None:
    """None where a document cannot hold it."""
    if note(known, link, others):
        return None
    master = known.links.facts.get(link.master)
    is_port = master is not None and fdb_kind(master) == "ports" and link.port is not None
    values: dict[str, object] = {
        **link.info,
        "namespace": known.name,
        "name": link.name,
        "up": link.up,
        "mac": others.mac(known.name, link),
        "mtu": link.mtu,
        "addresses": _addresses(known, link),
        "master": master.name if is_port and master else None,
    }
    if is_port and link.port:
        values["port"] = _port(link.port)
        rows = known.vlans.get(link.index)
        values["vlans"] = tuple(PortVlan(vid=r.vid, pvid=r.pvid, untagged=r.untagged) for r in rows) if rows is not None else None
    kind, other = BY_WORD[link.kind], below(known, link, others)
    values |= {f.name: other for f in kind.KIND.fields if f.role in ("peer", "lower")}
    if kind.KIND.mac == "none":
        values["mac"] = None
    return msgspec.convert(values, kind)


def _addresses(known: NamespaceFacts, link: f.LinkFact) -> tuple[str, ...]:
    return tuple(a.address for a in known.addresses.get(link.index, {}).values() if not _kernels_address(a, link.mac))


def route(ns: str, r: f.RouteFact, dev: str | None) -> Route | None:
    """None for one that the kernel made, or that a document cannot hold. `dev`: the name of its interface."""
    if r.protocol in _KERNELS_ROUTES or r.type not in _ROUTE_TYPES or r.hops or r.table == 255 or r.tos or r.source:
        return None
    if r.type in ("unicast", "local") and dev is None:
        return None
    metric = routing.stated_metric(r.to, r.metric)
    return Route(
        namespace=ns, to=r.to, via=r.via, dev=dev, src=r.src, metric=metric, table=r.table,
        type=msgspec.convert(r.type, _RouteType), onlink=r.onlink,
    )  # fmt: skip


def neighbour(ns: str, n: f.NeighbourFact, dev: str | None) -> Neighbour | None:
    """None for one that is not permanent. `dev`: the name of its interface."""
    permanent = n.state == "permanent" and dev is not None and n.mac
    return Neighbour(namespace=ns, dev=dev, address=n.address, mac=n.mac) if permanent and dev else None


def fdb(known: NamespaceFacts, e: f.FdbFact, found: AnyInterface | None) -> Fdb | None:
    """None for one that the kernel made or learned. `found`: the record of its interface."""
    link = known.links.facts.get(e.index)
    if found is None or link is None or e.state == "dynamic":
        return None
    if e.own:
        if found.KIND.fdb != "own":
            return None
        return Fdb(namespace=known.name, dev=found.name, mac=e.mac, vlan=e.vlan, destination=e.destination)
    local = e.state == "local"
    if found.master is None or (local and _is_initial(known, e, link)):
        return None
    return Fdb(namespace=known.name, dev=found.name, mac=e.mac, vlan=e.vlan, local=local)


def _is_initial(known: NamespaceFacts, e: f.FdbFact, link: f.LinkFact) -> bool:
    """The bridge enters the addresses of its ports, and its own, by itself (br_fdb_change_mac_address())."""
    bridge = known.links.facts.get(link.master)
    return e.mac == link.mac or (bridge is not None and e.mac == bridge.mac)


def fdb_kind(link: f.LinkFact) -> str:
    """Whose MAC addresses its table has: "ports", its "own", "": it has none."""
    return BY_WORD[link.kind].KIND.fdb if link.kind in BY_WORD else ""


def _own(kind: type[Interface], link: f.LinkFact) -> Iterator[tuple[Field, object]]:
    """The kind's own fields that the kernel named, with their values."""
    return ((field, link.info[field.name]) for field in kind.KIND.fields if field.name in link.info)


_types: dict[type[Interface], dict[str, object]] = {kind: {f.name: f.type for f in msgspec.structs.fields(kind)} for kind in KINDS}


def _can_hold(kind: type[Interface], field: Field, value: object) -> bool:
    """Whether a record can say this: it has the type and the range of its field."""
    try:
        return not any(field.faults(msgspec.convert(value, _types[kind][field.name])))
    except msgspec.ValidationError:
        return False


def _port(fact: f.PortFact) -> Port:
    return Port(
        cost=fact.cost, priority=fact.priority, hairpin=fact.hairpin, isolated=fact.isolated, learning=fact.learning, flood=fact.flood
    )


def _kernels_address(a: f.AddressFact, mac: str) -> bool:
    """Addresses that the kernel makes: link-local, from a router advertisement, lo's. Before Linux 6.3 it does not say so itself."""
    if a.proto.startswith("kernel") or "dynamic" in a.flags or "mngtmpaddr" in a.flags:
        return True
    if ":" not in a.address:
        return False
    value = ipaddress.IPv6Interface(a.address)
    return value in _LINK_LOCAL and value.ip.packed[8:] == _eui64(mac)


def _eui64(mac: str) -> bytes:
    """The modified EUI-64 of a MAC (RFC 4291, appendix A)."""
    raw = bytes.fromhex((mac or NO_MAC).replace(":", ""))
    return bytes([raw[0] ^ 2]) + raw[1:3] + b"\xff\xfe" + raw[3:6]
