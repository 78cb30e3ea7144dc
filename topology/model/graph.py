"""What follows from the records: who is in which namespace, who is whose port, and which interfaces share a segment.

A *wire key* is an interface as a place on a wire: its `ns/name`, or `ns/br0/10` for frames there that have the tag of VLAN 10, and for
the VLAN 10 of a bridge that filters VLANs.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any

from topology.model import ids
from topology.model.records import (
    INTERFACES,
    AnyRecord,
    Bridge,
    Chain,
    Fdb,
    Interface,
    Namespace,
    Neighbour,
    Placement,
    PortVlan,
    Route,
    Style,
    interfaces_of,
    is_bridge,
    of_type,
)
from topology.model.subnets import Subnets
from topology.model.tracked import Index, Still, in_order

WITH_LOWER = tuple(kind for kind in INTERFACES if "parent" in kind.__struct_fields__)
"""The kinds of interfaces that are made on another one."""


def _alike(interface: Interface) -> tuple[object, ...] | None:
    return (interface.word, *interface.only_one) if interface.only_one is not None else None


_ENTRIES = (Route, Neighbour, Fdb)
_INSIDE = Index(INTERFACES, lambda i: i.namespace)
_ADDRESSED = Index(INTERFACES, lambda i: i.namespace if i.addresses else None)
_PORTS = Index(INTERFACES, lambda i: ids.join(i.namespace, i.master) if i.master is not None else None)
_MADE_IN = Index(INTERFACES, lambda i: i.made_in if i.made_in != i.namespace else None)
_ALIKE = Index(INTERFACES, _alike)
_DRAWN = Index(INTERFACES, lambda i: i.namespace if i.KIND.node else None)
_NAMESPACES = Index((Namespace,), lambda _: True)
_NSIDS = Index((Namespace,), lambda n: n.nsid)
_UPPERS = Index(WITH_LOWER, lambda i: i.lower)
_ROUTES = Index((Route,), lambda r: r.namespace)
_ROUTES_FROM = Index((Route,), lambda r: (r.namespace, r.src) if r.src is not None else None)
_ENTRIES_OF = Index(_ENTRIES, lambda r: r.namespace)
_OF_NAMESPACE = Index((*INTERFACES, *_ENTRIES, Chain), lambda r: r.namespace)
_FDB = Index((Fdb,), lambda r: r.namespace)
_USING = Index(_ENTRIES, lambda r: ids.join(r.namespace, r.dev) if r.dev is not None else None)
_CHAINS = Index((Chain,), lambda c: (c.namespace, c.family, c.table))
_NONE: Mapping[str, object] = {}


class Graph:
    """Indexes over records, each made when it is first asked for. Names that point nowhere are left out, never an error.

    One record by its name is found without an index: what asks for few of them costs nothing of a large lab.
    """

    def __init__(self, records: Mapping[str, AnyRecord]) -> None:
        self.records, self._line = Still.of(records)  # the indexes are made later: what the caller changes meanwhile must not show
        self._subnets: dict[str, Subnets] = {}
        self.default_mtus: dict[str, int] = {}
        """By `ns/name`: the MTUs that `topology.observe.normal` has worked out. What follows others is asked for by many."""

    def group(self, index: Index, key: object) -> list[Any]:
        """The records of a group, in their order."""
        return list(self._members(index, key).values())

    def _members(self, index: Index, key: object) -> Mapping[str, Any]:
        """By id."""
        found = self._line.groups(index, self.records).get(key)
        return found if found is not None else self._line.origin.groups(index).get(key, _NONE)

    def has_any(self, index: Index, key: object) -> bool:
        """Whether a group of an index has any record."""
        return bool(self._members(index, key))

    def in_order(self, keys: Iterable[str]) -> list[str]:
        """Those of these ids that are there, in the order of the records."""
        return in_order(self._line, self.records, keys)

    @cached_property
    def namespaces(self) -> dict[str, Namespace]:
        """By name, in the order of the records."""
        return {r.name: r for r in of_type(self.records, Namespace)}

    @cached_property
    def interfaces(self) -> dict[str, Interface]:
        """By `ns/name`."""
        return {r.ref: r for r in interfaces_of(self.records)}

    def routes_from(self, namespace: str, address: str) -> list[Route]:
        """The routes of a namespace that have this source."""
        return self.group(_ROUTES_FROM, (namespace, address))

    def subnets(self, namespace: str) -> Subnets:
        """The subnets of its interfaces, whether they are up or not."""
        known = self._subnets.get(namespace)
        if known is None:
            known = self._subnets[namespace] = Subnets()
            for interface in self.group(_ADDRESSED, namespace):
                known.add(interface.name, interface.addresses)
        return known

    def interface(self, ref: str | None) -> Interface | None:
        """The interface `ns/name`."""
        found = self.records.get(ids.interface(ref)) if ref is not None else None
        return found if isinstance(found, Interface) else None

    def namespace(self, name: str) -> Namespace | None:
        """The namespace of this name."""
        found = self.records.get(ids.namespace(name))
        return found if isinstance(found, Namespace) else None

    @property
    def namespace_count(self) -> int:
        """How many namespaces there are."""
        return len(self._members(_NAMESPACES, True))

    def placement(self, node: str) -> Placement | None:
        """The place of a node."""
        found = self.records.get(ids.placement(node))
        return found if isinstance(found, Placement) else None

    def drawn_in(self, namespace: str) -> list[Interface]:
        """The interfaces of a namespace that are drawn as nodes."""
        return self.group(_DRAWN, namespace)

    def with_nsid(self, nsid: int) -> list[Namespace]:
        """The namespaces that say this nsid."""
        return self.group(_NSIDS, nsid)

    def has_namespace(self, name: str) -> bool:
        """Whether there is a namespace of this name."""
        return ids.namespace(name) in self.records

    def inside(self, namespace: str) -> list[Interface]:
        """The interfaces of a namespace."""
        return self.group(_INSIDE, namespace)

    def addressed(self, namespace: str) -> list[Interface]:
        """The interfaces of a namespace that have addresses."""
        return self.group(_ADDRESSED, namespace)

    def ports(self, bridge: str) -> list[Interface]:
        """The ports of the bridge `ns/name`."""
        return self.group(_PORTS, bridge)

    def uppers(self, lower: str) -> list[Interface]:
        """The interfaces that are made on `ns/name`, in whichever namespace."""
        return self.group(_UPPERS, lower)

    def lower(self, interface: Interface) -> Interface | None:
        """The interface that it is made on."""
        return self.interface(interface.lower)

    def routes(self, namespace: str) -> list[Route]:
        """The routes that somebody added in a namespace."""
        return self.group(_ROUTES, namespace)

    def of_namespace(self, namespace: str) -> Mapping[str, Interface | Route | Neighbour | Fdb | Chain]:
        """By id: what a namespace has, and loses when it goes."""
        return self._members(_OF_NAMESPACE, namespace)

    def fdb(self, namespace: str) -> list[Fdb]:
        """The FDB entries of a namespace."""
        return self.group(_FDB, namespace)

    def entries(self, namespace: str) -> Mapping[str, Route | Neighbour | Fdb]:
        """By id: the routes, neighbours and FDB entries of a namespace."""
        return self._members(_ENTRIES_OF, namespace)

    def chains(self, namespace: str, family: str, table: str) -> list[Chain]:
        """The chains of a table."""
        return self.group(_CHAINS, (namespace, family, table))

    def alike(self, interface: Interface) -> list[Interface]:
        """Those of its kind that have the same `only_one`, itself included; none where it has none."""
        return self.group(_ALIKE, _alike(interface))

    def made_in(self, namespace: str) -> list[Interface]:
        """The interfaces of other namespaces that the kernel made, or would make, in this one."""
        return self.group(_MADE_IN, namespace)

    def using(self, ref: str) -> list[Route | Neighbour | Fdb]:
        """The records that name the interface `ns/name` as their `dev`."""
        return self.group(_USING, ref)

    def peer(self, ref: str) -> Interface | None:
        """The other end of a pair, where both ends name each other."""
        end = self.interface(ref)
        other = self.interface(end.other_end) if end is not None else None
        return other if other is not None and other.other_end == ref else None

    def master(self, interface: Interface) -> Bridge | None:
        """The bridge whose port it is."""
        found = self.interface(ids.join(interface.namespace, interface.master)) if interface.master else None
        return found if is_bridge(found) else None

    def links(self) -> Iterator[tuple[Interface, Interface]]:
        """Each pair once, the end with the lesser name first."""
        for ref, interface in self.interfaces.items():
            other = self.peer(ref)
            if other is not None and ref < other.ref:
                yield interface, other

    def nodes(self) -> list[str]:
        """What is drawn as a node: namespaces (`ns0`), and bridges (`host/br0`)."""
        return [*self.namespaces, *(ref for ref, i in self.interfaces.items() if i.KIND.node)]

    def placements(self) -> dict[str, Placement]:
        """By node."""
        return {r.node: r for r in of_type(self.records, Placement)}

    def styles(self) -> dict[str, Style]:
        """By node."""
        return {r.node: r for r in of_type(self.records, Style)}

    def wire_key(self, ref: str) -> str:
        """Where the interface itself sends and receives untagged frames."""
        interface = self.interface(ref)
        if is_bridge(interface) and interface.vlan_filtering:
            return f"{ref}/{interface.vlan_default_pvid}"
        return ref

    @cached_property
    def wires(self) -> dict[str, list[str]]:
        """Which wire keys are connected directly: two ends of a pair, port and bridge, interface and lower one, ends of one tunnel."""
        out: dict[str, list[str]] = {self.wire_key(ref): [] for ref in self.interfaces}
        for one, other in self._pairs():
            out.setdefault(one, []).append(other)
            out.setdefault(other, []).append(one)
        return out

    def _pairs(self) -> Iterator[tuple[str, str]]:
        tags = sorted({i.tag for i in self.interfaces.values() if i.tag})
        for a, b in self.links():
            yield a.ref, b.ref
            yield from self._trunk(a, b)
            yield from ((f"{a.ref}/{tag}", f"{b.ref}/{tag}") for tag in tags)
        for interface in self.interfaces.values():
            yield from self._to_bridge(interface, tags)
            yield from self._to_lower(interface, tags)
        yield from self._tunnels()

    def _to_bridge(self, port: Interface, tags: Iterable[str]) -> Iterator[tuple[str, str]]:
        bridge = self.master(port)
        if bridge is None:
            return
        yield from ((port.ref, key) for key in _port_keys(port, bridge))
        through = {str(v.vid) for v in port_vlans(port, bridge) if not v.untagged} if bridge.vlan_filtering else tags
        yield from ((f"{port.ref}/{tag}", f"{bridge.ref}/{tag}") for tag in tags if tag in through)

    def _to_lower(self, interface: Interface, tags: Iterable[str]) -> Iterator[tuple[str, str]]:
        """A bridge that filters VLANs lets its own namespace have those of its `vlan_default_pvid` alone: no tagged ones."""
        lower, how = self.lower(interface), interface.KIND.lower
        if lower is None or how is None or how.frames == "tunnel":
            return
        if how.frames == "same":
            yield interface.ref, self.wire_key(lower.ref)
        if not (is_bridge(lower) and lower.vlan_filtering):
            if how.frames == "tagged":
                yield interface.ref, f"{lower.ref}/{interface.tag}"
            else:
                yield from ((f"{interface.ref}/{tag}", f"{lower.ref}/{tag}") for tag in tags)

    def _tunnels(self) -> Iterator[tuple[str, str]]:
        joined: dict[tuple[str, object], str] = {}
        for ref, interface in self.interfaces.items():
            if interface.KIND.joined_by:
                first = joined.setdefault((interface.word, getattr(interface, interface.KIND.joined_by)), ref)
                if first != ref:
                    yield first, ref

    def _trunk(self, a: Interface, b: Interface) -> Iterator[tuple[str, str]]:
        """The VLANs that cross a link with their tags on, between two bridges that filter."""
        one, other = self.master(a), self.master(b)
        if one and other and one.vlan_filtering and other.vlan_filtering:
            tagged = {v.vid for v in port_vlans(b, other) if not v.untagged}
            yield from ((f"{one.ref}/{v.vid}", f"{other.ref}/{v.vid}") for v in port_vlans(a, one) if not v.untagged and v.vid in tagged)

    @cached_property
    def segments(self) -> dict[str, frozenset[str]]:
        """Interface → all interfaces of its broadcast domain, itself included, whether they are up or not."""
        out: dict[str, frozenset[str]] = {}
        seen: set[str] = set()
        for start in self.wires:
            if start in seen:
                continue
            keys, todo = {start}, [start]
            while todo:
                fresh = [k for k in self.wires.get(todo.pop(), ()) if k not in keys]
                keys.update(fresh)
                todo.extend(fresh)
            seen |= keys
            domain = frozenset(ref for ref in map(wire_ref, keys) if self.wire_key(ref) in keys)
            out.update(dict.fromkeys(domain, domain))
        return out


def wire_ref(key: str) -> str:
    """The interface of a wire key."""
    return "/".join(key.split("/", 2)[:2])


def port_vlans(port: Interface, bridge: Bridge) -> tuple[PortVlan, ...]:
    """The VLANs of a port: its own, or what the bridge gives each port."""
    if port.vlans is not None:
        return port.vlans
    pvid = bridge.vlan_default_pvid
    return (PortVlan(vid=pvid, pvid=True, untagged=True),) if pvid else ()


def _port_keys(port: Interface, bridge: Bridge) -> list[str]:
    """The wire keys of the bridge that the port's untagged frames reach."""
    if not bridge.vlan_filtering:
        return [bridge.ref]
    return [f"{bridge.ref}/{v.vid}" for v in port_vlans(port, bridge) if v.pvid]
