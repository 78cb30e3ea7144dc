"""What stops nothing but is most likely not meant. Shown beside the canvas; never a reason to refuse."""

import ipaddress
from collections.abc import Iterator, Mapping
from itertools import pairwise

from topology.document.gateways import gateways
from topology.model import ids
from topology.model.base import Interface
from topology.model.graph import Graph
from topology.model.kinds.vlan import Vlan
from topology.model.problems import Code, Problem
from topology.model.records import AnyInterface, AnyRecord
from topology.observe.normal import effective_mtu

_Address = tuple[ipaddress.IPv4Interface | ipaddress.IPv6Interface, AnyInterface]


def warnings(records: Mapping[str, AnyRecord]) -> tuple[Problem, ...]:
    """The warnings about a state, desired or observed, in normal form; in a stable order. `subject` is the record to look at."""
    graph = Graph(records)
    found = [*_of_loops(graph), *_of_segments(graph), *_of_subnets(graph), *_of_addresses(graph), *_of_gateways(graph)]
    return tuple(sorted(found, key=lambda p: (p.subject or "", p.message)))


def _warning(message: str, subject: str, hint: str) -> Problem:
    return Problem(code=Code.INVALID, message=message, subject=subject, hint=hint)


def _of_loops(graph: Graph) -> Iterator[Problem]:
    """Links that close a loop of bridges of which none has STP: a broadcast goes round in it for ever. One warning for each such link.

    Bridges that filter VLANs are left out: what one VLAN joins may be apart in each of them.
    """
    leader: dict[str, str] = {}

    def find(ref: str) -> str:
        while (above := leader.setdefault(ref, ref)) != ref:
            ref = above
        return ref

    for one, other in sorted(graph.links(), key=lambda pair: pair[0].ref):
        for near, far in _carried(graph, one, other):
            bridges = [graph.master(port) for port in (near, far)]
            refs = [bridge.ref for bridge in bridges if bridge is not None and bridge.up and not bridge.stp and not bridge.vlan_filtering]
            if len(refs) < 2:
                continue
            here, there = (find(ref) for ref in refs)
            if here != there:
                leader[here] = there
                continue
            names = " and ".join(dict.fromkeys(refs))
            message = f"it closes a loop of bridges without STP at {names}: a broadcast goes round in it for ever"
            yield _warning(message, near.id, f"turn STP on at {refs[0]}, or set {near.ref} down")


def _carried(graph: Graph, one: Interface, other: Interface) -> Iterator[tuple[Interface, Interface]]:
    """The pairs of interfaces that hear one another over a link that is up: its ends, and the VLANs that both have."""
    if not (one.up and other.up):
        return
    yield one, other
    vlans = {(upper.vid, upper.protocol): upper for upper in graph.uppers(other.ref) if isinstance(upper, Vlan) and upper.up}
    for upper in graph.uppers(one.ref):
        if isinstance(upper, Vlan) and upper.up and (far := vlans.get((upper.vid, upper.protocol))) is not None:
            yield upper, far


def _of_segments(graph: Graph) -> Iterator[Problem]:
    """The same address, the same MAC twice on a segment; MTUs that do not fit."""
    for domain in {id(d): d for d in graph.segments.values()}.values():
        if len(domain) < 2:
            continue
        members = [graph.interfaces[ref] for ref in sorted(domain)]
        addresses: dict[str, str] = {}
        macs: dict[str, str] = {}
        for interface in members:
            for text in interface.addresses:
                ip = ids.ip_of(text)
                first = addresses.setdefault(ip, interface.ref)
                if first != interface.ref:
                    yield _warning(f"{ip} is on {first} too, on the same segment", interface.id, "give one of the two another address")
            if interface.mac is not None and interface.master is None:
                first = macs.setdefault(interface.mac, interface.ref)
                if first != interface.ref:
                    yield _warning(f"{first} has the MAC {interface.mac} too, on the same segment", interface.id, "give one another MAC")
        yield from _mtu(graph, members)


def _mtu(graph: Graph, members: list[AnyInterface]) -> Iterator[Problem]:
    sizes = {i.ref: effective_mtu(graph, i) for i in members}
    narrow = min(sizes, key=lambda ref: sizes[ref])
    for interface in members:
        if interface.addresses and interface.master is None and sizes[interface.ref] > sizes[narrow]:
            message = f"its MTU is {sizes[interface.ref]}, that of {narrow} on the same segment {sizes[narrow]}: larger packets are lost"
            yield _warning(message, interface.id, f"set the MTU to {sizes[narrow]}")
            return


def _of_subnets(graph: Graph) -> Iterator[Problem]:
    """Subnets of different interfaces of a namespace that overlap: replies may take the wrong one."""
    for namespace in graph.namespaces:
        own: list[_Address] = [(ipaddress.ip_interface(a), i) for i in graph.inside(namespace) if not i.KIND.builtin for a in i.addresses]
        wide = [(a, i) for a, i in own if a.network.num_addresses > 1 and not a.ip.is_link_local]
        wide.sort(key=lambda pair: (pair[0].version, int(pair[0].network.network_address), pair[0].network.prefixlen, pair[1].ref))
        for (a, one), (b, other) in pairwise(wide):
            if one.ref != other.ref and a.version == b.version and b.ip in a.network:
                message = f"{b.network} overlaps {a.network} on {one.name} in the same namespace"
                yield _warning(message, other.id, "give each interface a subnet of its own, or join them in a bridge")


def _of_addresses(graph: Graph) -> Iterator[Problem]:
    for interface in graph.interfaces.values():
        if interface.addresses and interface.master is not None and graph.master(interface) is not None:
            message = f"it has an address and is a port of {interface.master}: what comes in goes to the bridge"
            yield _warning(message, interface.id, f"give the address to {interface.master} instead")
        for text in interface.addresses:
            value = ipaddress.ip_interface(text)
            if value.version == 4 and value.network.prefixlen < 31:
                what = {value.network.network_address: "network", value.network.broadcast_address: "broadcast"}.get(value.ip)
                if what is not None:
                    first = next(value.network.hosts())
                    yield _warning(f"{value.ip} is the {what} address of {value.network}", interface.id, f"take another, as {first}")


def _of_gateways(graph: Graph) -> Iterator[Problem]:
    for found in gateways(graph.records):
        route = graph.records[found.record]
        via = getattr(route, "via", "")
        message = f"its gateway {via} is in no subnet of an interface that is up"
        yield _warning(message, found.record, "set the interface up, or mend the gateway")
