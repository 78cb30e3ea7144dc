"""The normal form of records: what the kernel would have chosen anyway is left out (docs/architecture.md).

Desired and observed are both kept in it, so that they are equal when nothing differs. `normalise` is pure and idempotent.
"""

import ipaddress
from collections.abc import Mapping
from functools import cache

import msgspec

from topology.model import ids, names, routing
from topology.model.drawing import DRAWINGS
from topology.model.graph import Graph
from topology.model.records import (
    HOST,
    AnyInterface,
    AnyRecord,
    Bridge,
    Chain,
    Fdb,
    Interface,
    Lab,
    Namespace,
    Neighbour,
    Port,
    PortVlan,
    Records,
    Route,
    replace,
)
from topology.rules import chains

UNKNOWN_SPEED_COST = 100
"""The bridge port cost of a device that names no speed (port_cost() in net/bridge/br_if.c)."""


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
    """`seen` ends a circle of lower interfaces, which only a broken document can have."""
    mtu = interface.KIND.mtu
    if not mtu.follows or interface.ref in seen:
        return mtu.default
    seen |= {interface.ref}
    if mtu.follows == "ports":
        return min((_effective_mtu(graph, p, seen) for p in graph.ports(interface.ref)), default=mtu.default)
    lower = graph.lower(interface)
    return mtu.default if lower is None else _effective_mtu(graph, lower, seen) - mtu.overhead(interface)


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
    canonical = (names.interface_address(a) for a in interface.addresses)
    return address_order(tuple(a for a in canonical if a not in interface.KIND.own_addresses))


def _vlans(interface: AnyInterface, bridge: Bridge | None) -> tuple[PortVlan, ...] | None:
    if bridge is None or not bridge.vlan_filtering or interface.vlans is None:
        return None
    vlans = tuple(sorted(interface.vlans, key=lambda v: v.vid))
    pvid = bridge.vlan_default_pvid
    usual = (PortVlan(vid=pvid, pvid=True, untagged=True),) if pvid else ()
    return None if vlans == usual else vlans


def _port(graph: Graph, interface: AnyInterface, bridge: Bridge | None) -> Port:
    if bridge is None:
        return Port()
    if interface.port.cost == UNKNOWN_SPEED_COST and not _tells_speed(graph, interface):
        return msgspec.structs.replace(interface.port, cost=Port().cost)
    return interface.port


def _tells_speed(graph: Graph, interface: AnyInterface) -> bool:
    """Whether the device says how fast it is, itself or the one below it: else a bridge takes it for slow."""
    seen: set[str] = set()
    while interface.KIND.speed == "lower" and interface.ref not in seen:
        seen.add(interface.ref)
        lower = graph.lower(interface)
        if lower is None:
            return False
        interface = lower
    return interface.KIND.speed == "fast"


def _own_fields(interface: AnyInterface) -> dict[str, object]:
    """The kind's own fields as the kernel reports them: addresses in canonical form, its own namespace as underlay left out."""
    texts = {name: getattr(interface, name) for name in interface.KIND.addresses}
    changes: dict[str, object] = {name: names.address(text) for name, text in texts.items() if text}
    if interface.KIND.underlay and interface.made_in == interface.namespace:
        changes["underlay"] = None
    return changes


def _of_interface(graph: Graph, interface: AnyInterface) -> AnyInterface | None:
    bridge = graph.master(interface)
    out = replace(
        interface,
        addresses=_addresses(interface),
        mac=names.any_mac(interface.mac) if interface.mac is not None else None,
        mtu=None if interface.mtu == default_mtu(graph, interface) else interface.mtu,
        port=_port(graph, interface, bridge),
        vlans=_vlans(interface, bridge),
        **_own_fields(interface),
    )
    untouched = out.KIND.builtin and out == type(out)(namespace=out.namespace, name=out.name, up=False)
    return None if untouched else out


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
    interface = graph.interfaces.get(ids.join(entry.namespace, entry.dev))
    if interface is not None and interface.KIND.fdb == "own" and entry.mac == "00:00:00:00:00:00":
        return entry.destination is not None and entry.destination == getattr(interface, "remote", None)
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
        if isinstance(record, Interface):
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
