"""The normal form of records: what the kernel would have chosen anyway is left out (docs/architecture.md).

Desired and observed are both kept in it, so that they are equal when nothing differs. `normalise` is pure and idempotent.
"""

import ipaddress
from collections.abc import Mapping
from functools import cache

import msgspec

from topology.model import names, routing
from topology.model.drawing import DRAWINGS
from topology.model.graph import Graph
from topology.model.records import (
    HOST,
    INTERFACES,
    AnyInterface,
    AnyRecord,
    Bridge,
    Chain,
    Fdb,
    Lab,
    Loopback,
    Macvlan,
    Namespace,
    Neighbour,
    Port,
    PortVlan,
    Records,
    Route,
    Vxlan,
    replace,
)
from topology.rules import chains

ETHERNET_MTU = 1500
LOOPBACK_MTU = 65536
VXLAN_OVERHEAD = 50
"""Outer Ethernet, IPv4, UDP and VXLAN headers (RFC 7348), in bytes; 20 more over IPv6."""

UNKNOWN_SPEED_COST = 100
"""The bridge port cost of a device that names no speed (net/bridge/br_if.c), as a vxlan without a parent."""


@cache
def _interface(text: str) -> ipaddress.IPv4Interface | ipaddress.IPv6Interface:
    return ipaddress.ip_interface(text)


def default_mtu(graph: Graph, interface: AnyInterface) -> int:
    """The MTU in bytes that the kernel gives this interface if nobody sets one."""
    return _default_mtu(graph, interface, frozenset())


def effective_mtu(graph: Graph, interface: AnyInterface) -> int:
    """The MTU in bytes that it has."""
    return _effective_mtu(graph, interface, frozenset())


def _effective_mtu(graph: Graph, interface: AnyInterface, seen: frozenset[str]) -> int:
    return interface.mtu if interface.mtu is not None else _default_mtu(graph, interface, seen)


def _default_mtu(graph: Graph, interface: AnyInterface, seen: frozenset[str]) -> int:
    """`seen` ends a circle of parents, which only a broken document can have."""
    if isinstance(interface, Loopback):
        return LOOPBACK_MTU
    if interface.ref in seen:
        return ETHERNET_MTU
    seen |= {interface.ref}
    if isinstance(interface, Bridge):
        return min((_effective_mtu(graph, p, seen) for p in graph.ports(interface.ref)), default=ETHERNET_MTU)
    if isinstance(interface, Macvlan | Vxlan):
        parent = graph.interfaces.get(interface.parent or "")
        if parent is None:
            return ETHERNET_MTU
        over_ipv6 = isinstance(interface, Vxlan) and ":" in (interface.local or interface.remote or "")
        overhead = VXLAN_OVERHEAD + (20 if over_ipv6 else 0) if isinstance(interface, Vxlan) else 0
        return _effective_mtu(graph, parent, seen) - overhead
    return ETHERNET_MTU


def address_order(addresses: tuple[str, ...]) -> tuple[str, ...]:
    """As the kernel lists them: IPv4 primaries, IPv4 secondaries (a second one of a subnet), then IPv6, where no order has a meaning.

    net/ipv4/devinet.c, __inet_insert_ifa(). Each address once.
    """
    primary: list[str] = []
    secondary: list[str] = []
    subnets: set[ipaddress.IPv4Network] = set()
    sixes: list[ipaddress.IPv6Interface] = []
    for text in dict.fromkeys(addresses):
        value = _interface(text)
        if isinstance(value, ipaddress.IPv6Interface):
            sixes.append(value)
        elif value.network in subnets:
            secondary.append(text)
        else:
            subnets.add(value.network)
            primary.append(text)
    return (*primary, *secondary, *(v.with_prefixlen for v in sorted(sixes)))


def _addresses(interface: AnyInterface) -> tuple[str, ...]:
    own = {"127.0.0.1/8", "::1/128"} if isinstance(interface, Loopback) else set()
    canonical = tuple(names.interface_address(a) for a in interface.addresses)
    return address_order(tuple(a for a in canonical if a not in own))


def _vlans(interface: AnyInterface, bridge: Bridge | None) -> tuple[PortVlan, ...] | None:
    if bridge is None or not bridge.vlan_filtering or interface.vlans is None:
        return None
    vlans = tuple(sorted(interface.vlans, key=lambda v: v.vid))
    pvid = bridge.vlan_default_pvid
    usual = (PortVlan(vid=pvid, pvid=True, untagged=True),) if pvid else ()
    return None if vlans == usual else vlans


def _port(interface: AnyInterface, bridge: Bridge | None) -> Port:
    if bridge is None:
        return Port()
    if isinstance(interface, Vxlan) and interface.parent is None and interface.port.cost == UNKNOWN_SPEED_COST:
        return msgspec.structs.replace(interface.port, cost=Port().cost)
    return interface.port


def _of_interface(graph: Graph, interface: AnyInterface) -> AnyInterface | None:
    bridge = graph.master(interface)
    out = replace(
        interface,
        addresses=_addresses(interface),
        mac=names.any_mac(interface.mac) if interface.mac is not None else None,
        mtu=None if interface.mtu == default_mtu(graph, interface) else interface.mtu,
        port=_port(interface, bridge),
        vlans=_vlans(interface, bridge),
    )
    if isinstance(out, Vxlan):
        out = replace(
            out,
            local=names.address(out.local) if out.local else None,
            remote=names.address(out.remote) if out.remote else None,
            underlay=None if out.underlay == out.namespace else out.underlay,
        )
    if isinstance(out, Loopback) and out == Loopback(namespace=out.namespace, name=out.name, up=False):
        return None
    return out


def owner(graph: Graph, namespace: str, address: str) -> str | None:
    """The only interface of the namespace in one of whose subnets the address lies."""
    target = ipaddress.ip_address(address)
    found = {i.name for i in graph.inside(namespace) for a in i.addresses if target in _interface(a).network}
    return found.pop() if len(found) == 1 else None


def _of_route(graph: Graph, route: Route) -> Route:
    via = names.address(route.via) if route.via else None
    to = names.destination(route.to, via)
    dev = route.dev
    if route.type not in ("unicast", "local"):
        via = dev = None
    elif via and dev and owner(graph, route.namespace, via) == dev:
        dev = None
    src = names.address(route.src) if route.src else None
    return replace(route, to=to, via=via, dev=dev, src=src, metric=routing.stated_metric(to, route.metric))


def _of_namespace(record: Namespace, baseline: Mapping[str, str]) -> Namespace:
    sysctls = {key: " ".join(value.split()) for key, value in sorted(record.sysctls.items())}
    kept = {key: value for key, value in sysctls.items() if baseline.get(key) != value}
    return replace(record, sysctls=kept, nsid=None if record.name == HOST else record.nsid)


def _kernels_own(graph: Graph, entry: Fdb, records: Mapping[str, AnyRecord]) -> bool:
    """Whether the kernel makes this FDB entry by itself, because of another record.

    A vxlan's `remote` is its all-zero entry; an entry without a VLAN on a port is made again for each VLAN of the port (br_fdb_add()).
    """
    interface = graph.interfaces.get(f"{entry.namespace}/{entry.dev}")
    if isinstance(interface, Vxlan) and entry.mac == "00:00:00:00:00:00":
        return entry.destination is not None and entry.destination == interface.remote
    return entry.vlan is not None and replace(entry, vlan=None).id in records


def _canonical(record: AnyRecord) -> AnyRecord:
    if isinstance(record, Neighbour):
        return replace(record, address=names.address(record.address), mac=names.any_mac(record.mac))
    if isinstance(record, Fdb):
        destination = names.address(record.destination) if record.destination else None
        return replace(record, mac=names.any_mac(record.mac), destination=destination)
    return record


def normalise(records: Mapping[str, AnyRecord], baseline: Mapping[str, str] | None = None) -> Records:
    """The records in normal form, in the same order. `baseline`: the sysctls of a fresh namespace, which are left out.

    Raises `ProblemError` where an address or a MAC is none.
    """
    interfaces: dict[str, AnyInterface | None] = {}
    graph = Graph(records)
    for ref, interface in graph.interfaces.items():
        interfaces[ref] = _of_interface(graph, interface)
    graph = Graph({i.id: i for i in interfaces.values() if i is not None})
    out: Records = {}
    for record in records.values():
        new: AnyRecord | None = _canonical(record)
        if isinstance(record, INTERFACES):
            new = interfaces[record.ref]
        elif isinstance(new, Route):
            new = _of_route(graph, new)
        elif isinstance(new, Namespace):
            new = _of_namespace(new, baseline or {})
        elif isinstance(new, Chain):
            new = chains.normal(new)
        if new is not None:
            out[new.id] = new
    return {key: r for key, r in out.items() if not (isinstance(r, Fdb) and _kernels_own(graph, r, out))}


def comparable(records: Mapping[str, AnyRecord], like: Mapping[str, AnyRecord]) -> Records:
    """What the kernel can be asked about: nothing that is only drawn, no lab record, no nsid where `like` (the desired state) says none."""
    out: Records = {}
    for key, record in records.items():
        if isinstance(record, (Lab, *DRAWINGS)):
            continue
        if isinstance(record, Namespace) and record.nsid is not None:
            wanted = like.get(key)
            if not isinstance(wanted, Namespace) or wanted.nsid is None:
                record = replace(record, nsid=None)
        out[key] = record
    return out


def drift(desired: Mapping[str, AnyRecord], observed: Mapping[str, AnyRecord]) -> tuple[str, ...]:
    """The ids of the records in which the kernel differs from the document, sorted."""
    want, have = comparable(desired, desired), comparable(observed, desired)
    return tuple(sorted(key for key in want.keys() | have.keys() if want.get(key) != have.get(key)))
