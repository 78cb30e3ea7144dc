"""The normal form of records: what the kernel would have chosen anyway is left out (docs/architecture.md).

Desired and observed are both kept in it, so that they are equal when nothing differs. `normalise` is pure and idempotent.
"""

import ipaddress
from collections.abc import Callable, Container, Iterable, Mapping
from functools import cache
from typing import Protocol

import msgspec

from topology.model import ids, names, routing
from topology.model.diff import replaced
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
    R,
    Records,
    Route,
    entries_of,
    interfaces_of,
    replace,
)
from topology.model.sysctls import canonical as canonical_sysctl
from topology.model.sysctls import is_default
from topology.rules import chains

UNKNOWN_SPEED_COST = 100
"""The bridge port cost of a device that names no speed (port_cost() in net/bridge/br_if.c)."""


@cache
def _interface(text: str) -> ipaddress.IPv4Interface | ipaddress.IPv6Interface:
    return ipaddress.ip_interface(text)


class Around(Protocol):
    """What the normal form of an interface depends on besides itself."""

    def default_mtu(self, interface: AnyInterface, /) -> int:
        """The MTU in bytes that the kernel gives it if nobody sets one."""

    def master(self, interface: AnyInterface, /) -> Bridge | None:
        """The bridge whose port it is."""

    def lower(self, interface: AnyInterface, /) -> AnyInterface | None:
        """The interface that it is made on."""


class _Around:
    """`Around`, by a graph of all records."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self.master, self.lower = graph.master, graph.lower

    def default_mtu(self, interface: AnyInterface) -> int:
        return default_mtu(self._graph, interface)


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
    known = graph.default_mtus.get(interface.ref)
    if known is None or graph.interfaces.get(interface.ref) is not interface:
        known = graph.default_mtus[interface.ref] = _followed_mtu(graph, interface, seen | {interface.ref})
    return known


def _followed_mtu(graph: Graph, interface: AnyInterface, seen: frozenset[str]) -> int:
    mtu = interface.KIND.mtu
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


def _port(around: Around, interface: AnyInterface, bridge: Bridge | None) -> Port:
    if bridge is None:
        return Port()
    if interface.port.cost == UNKNOWN_SPEED_COST and not _tells_speed(around, interface):
        return msgspec.structs.replace(interface.port, cost=Port().cost)
    return interface.port


def _tells_speed(around: Around, interface: AnyInterface) -> bool:
    """Whether the device says how fast it is, itself or the one below it: else a bridge takes it for slow."""
    seen: set[str] = set()
    while interface.KIND.speed == "lower" and interface.ref not in seen:
        seen.add(interface.ref)
        lower = around.lower(interface)
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


def of_interface(around: Around, interface: AnyInterface) -> AnyInterface | None:
    """An interface in normal form. None for one that came with its namespace and that nobody has touched."""
    bridge = around.master(interface)
    out = replace(
        interface,
        addresses=_addresses(interface),
        mac=names.any_mac(interface.mac) if interface.mac is not None else None,
        mtu=None if interface.mtu == around.default_mtu(interface) else interface.mtu,
        port=_port(around, interface, bridge),
        vlans=_vlans(interface, bridge),
        **_own_fields(interface),
    )
    untouched = out.KIND.builtin and out == type(out)(namespace=out.namespace, name=out.name, up=False)
    return None if untouched else out


def owner(graph: Graph, namespace: str, address: str) -> str | None:
    """The only interface of the namespace in one of whose subnets the address lies."""
    return graph.subnets(namespace).owner(address)


def of_route(owner_of: Callable[[str], str | None], route: Route) -> Route:
    """A route in normal form. `owner_of`: `owner` in the route's namespace."""
    via = names.address(route.via) if route.via else None
    to = names.destination(route.to, via)
    dev = route.dev
    if route.type not in ("unicast", "local"):
        via = dev = None
    elif via and dev and not route.onlink and owner_of(via) == dev:  # with onlink the kernel wants to be told the interface
        dev = None
    src = names.address(route.src) if route.src else None
    return replace(route, to=to, via=via, dev=dev, src=src, metric=routing.stated_metric(to, route.metric))


def of_namespace(record: Namespace, baseline: Mapping[str, str], stated: Mapping[str, str] = {}) -> Namespace:
    """A namespace in normal form: without the sysctls that a fresh one has, but for those that the document states (`stated`)."""
    sysctls = {key: canonical_sysctl(key, value) for key, value in sorted(record.sysctls.items())}
    kept: dict[str, str] = {}
    for key, value in sysctls.items():
        if key not in baseline or canonical_sysctl(key, baseline[key]) != value:
            kept[key] = value
        elif key in stated:
            kept[key] = stated[key] if is_default(key, stated[key], value) else value
    return replace(record, sysctls=kept, nsid=None if record.name == HOST else record.nsid)


def kernels_own(interface: AnyInterface | None, entry: Fdb, ids: Container[str]) -> bool:
    """Whether the kernel makes this FDB entry by itself, because of another record. `interface`: that of the entry, in normal form. `ids`:
    of all entries.

    A vxlan's `remote` is its all-zero entry; an entry without a VLAN on a port is made again for each VLAN of the port (br_fdb_add()).
    """
    if interface is not None and interface.KIND.fdb == "own" and entry.mac == "00:00:00:00:00:00":
        return entry.destination is not None and entry.destination == getattr(interface, "remote", None)
    return entry.vlan is not None and plain_id(entry) in ids


def plain_id(entry: Fdb) -> str:
    """The id of the same entry without a VLAN."""
    return replace(entry, vlan=None).id


def canonical(record: R) -> R:
    """A neighbour or an FDB entry in normal form; all others as they are."""
    if isinstance(record, Neighbour):
        return replace(record, address=names.address(record.address), mac=names.any_mac(record.mac))
    if isinstance(record, Fdb):
        destination = names.address(record.destination) if record.destination else None
        return replace(record, mac=names.any_mac(record.mac), destination=destination)
    return record


def normalise(
    records: Mapping[str, AnyRecord], baseline: Mapping[str, str] | None = None, like: Mapping[str, AnyRecord] | None = None
) -> Records:
    """The records in normal form, in the same order. `baseline`: the sysctls of a fresh namespace, which are left out.

    `like`: records in normal form of which these were made by a change: only what that touches is looked at. Raises `ProblemError` where an
    address or a MAC is none.
    """
    if like is not None:
        return _normalise_changed(records, baseline or {}, like)
    graph = Graph(records)
    interfaces = {ref: of_interface(_Around(graph), i) for ref, i in graph.interfaces.items()}
    graph = Graph({i.id: i for i in interfaces.values() if i is not None})
    out: Records = {}
    for record in records.values():
        new = _of_record(record, interfaces, graph, baseline or {})
        if new is not None:
            out[new.id] = new
    _drop_kernels_own(out, graph, list(out))
    return out


def _normalise_changed(records: Mapping[str, AnyRecord], baseline: Mapping[str, str], like: Mapping[str, AnyRecord]) -> Records:
    """`normalise`, of what may be another than in `like` alone."""
    graph = Graph(records)
    stale = {key: records[key] for key in _stale(graph, like) if key in records}
    interfaces = {i.ref: of_interface(_Around(graph), i) for i in interfaces_of(stale)}
    out = dict(records)
    _put(out, {i.id: interfaces[i.ref] for i in interfaces_of(stale)})
    graph = Graph(out)
    _put(out, {key: _of_record(r, interfaces, graph, baseline) for key, r in stale.items() if not isinstance(r, Interface)})
    _drop_kernels_own(out, graph, filter(out.__contains__, stale))
    return out


def _drop_kernels_own(out: Records, graph: Graph, among: Iterable[str]) -> None:
    entries = [r for r in map(out.__getitem__, among) if isinstance(r, Fdb)]
    for entry in [r for r in entries if kernels_own(graph.interface(ids.join(r.namespace, r.dev)), r, out)]:
        del out[entry.id]


def _put(out: Records, changed: Mapping[str, AnyRecord | None]) -> None:
    """Put these in the places of records. Where one has got another id, which costs a new map, it stays where it is."""
    renamed = {key: new for key, new in changed.items() if new is not None and new.id != key}
    if renamed:
        whole = [(renamed.get(key), key, r) for key, r in out.items()]
        out.clear()
        out.update((new.id, new) if new is not None else (key, r) for new, key, r in whole)
    for key, new in changed.items():
        if new is None:
            del out[key]
        elif new.id == key:
            out[key] = new


def _of_record(
    record: AnyRecord, interfaces: Mapping[str, AnyInterface | None], graph: Graph, baseline: Mapping[str, str]
) -> AnyRecord | None:
    """A record in normal form. `interfaces`: those in normal form, by `ns/name`; `graph`: of them."""
    if isinstance(record, Interface):
        return interfaces[record.ref]
    if isinstance(record, Route):
        return of_route(graph.subnets(record.namespace).owner, record)
    if isinstance(record, Namespace):
        return of_namespace(record, baseline)
    if isinstance(record, Chain):
        return chains.normal(record)
    return canonical(record)


def _stale(graph: Graph, like: Mapping[str, AnyRecord]) -> set[str]:
    """The ids of the records whose normal form may be another than in `like`: what differs, and what depends on that."""
    records = graph.records
    changed = replaced(like, records)
    touched = [r for key in changed for r in (records.get(key), like.get(key)) if isinstance(r, Interface)]
    links = _above(graph, touched) | {port.id for r in touched for port in graph.ports(r.ref)}
    spaces = {r.namespace for r in touched} | {ids.namespace_of(ids.subject_of(key)) for key in changed if ids.kind_of(key) == "fdb"}
    if spaces:
        changed |= {r.id for r in entries_of(records) if not isinstance(r, Neighbour) and r.namespace in spaces}
    return changed | links


def _above(graph: Graph, touched: Iterable[AnyInterface]) -> set[str]:
    """The ids of those whose default MTU follows one of these, directly or not: what is made on it, and its bridge."""
    todo, found = list(touched), set[str]()
    while todo:
        one = todo.pop()
        master = graph.master(one)
        for above in (*graph.uppers(one.ref), *([master] if master is not None else [])):
            if above.id not in found:
                found.add(above.id)
                todo.append(above)
    return found


def comparable(records: Mapping[str, AnyRecord], like: Mapping[str, AnyRecord]) -> Records:
    """What the kernel can be asked about: nothing that is only drawn, no lab record. What `like` (the desired state) leaves to the kernel
    is left out: an nsid, the interface of a route by a gateway."""
    out: Records = {}
    for key, record in records.items():
        if not isinstance(record, _SPECIAL):
            out[key] = record
        elif (found := comparable_one(key, record, like)) is not None:
            out[key] = found
    return out


_NOT_OF_KERNEL = (Lab, *DRAWINGS)
_SPECIAL = (*_NOT_OF_KERNEL, Namespace, Route)


def comparable_one(key: str, record: AnyRecord | None, like: Mapping[str, AnyRecord]) -> AnyRecord | None:
    """`comparable` of one record; None: the kernel cannot be asked about it."""
    if isinstance(record, _NOT_OF_KERNEL):
        return None
    wanted = like.get(key) if isinstance(record, Namespace | Route) else None
    if isinstance(record, Namespace) and record.nsid is not None and (not isinstance(wanted, Namespace) or wanted.nsid is None):
        return replace(record, nsid=None)
    if isinstance(record, Route) and isinstance(wanted, Route) and _left_to_kernel(wanted, record):
        return replace(record, dev=None)
    return record


def _left_to_kernel(wanted: Route, record: Route) -> bool:
    """Whether the interface of a route is one that the kernel chose: several reach the gateway, and the document names none."""
    return record.dev is not None and wanted.dev is None and record.via is not None and record.via == wanted.via and not record.onlink


def drift(desired: Mapping[str, AnyRecord], observed: Mapping[str, AnyRecord], ids: Iterable[str] | None = None) -> tuple[str, ...]:
    """The ids of the records in which the kernel differs from the document, sorted; with `ids` only of these.

    So where one of the two has changed, `(drift before - ids of the change) | drift(desired, observed, ids of the change)` is the drift.
    """
    among = desired.keys() | observed.keys() if ids is None else set(ids)
    return tuple(sorted(key for key in among if _differs(key, desired, observed)))


def _differs(key: str, desired: Mapping[str, AnyRecord], observed: Mapping[str, AnyRecord]) -> bool:
    want, have = desired.get(key), observed.get(key)
    if want is have or (one := comparable_one(key, want, desired)) == (other := comparable_one(key, have, desired)):
        return False
    return not isinstance(one, Route) or not isinstance(other, Route) or _with_dev(one, desired) != _with_dev(other, observed)


def _with_dev(route: Route, records: Mapping[str, AnyRecord]) -> Route:
    """The route with the interface that its gateway is reached by: it is left out where the addresses of these records say it."""
    if route.via is None or route.dev is not None:
        return route
    return replace(route, dev=owner(Graph(records), route.namespace, route.via))
