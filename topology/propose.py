"""What the canvas and the command line propose where a person has said nothing: names and addresses that are free."""

import ipaddress
from collections.abc import Iterable, Mapping

from topology import names
from topology.commands import AddLink, End
from topology.graph import Graph
from topology.problems import unknown
from topology.records import AnyRecord, Bridge


def namespace_name(records: Mapping[str, AnyRecord]) -> str:
    """The next free `nsN`."""
    return names.free_name("ns", Graph(records).namespaces)


def interface_name(records: Mapping[str, AnyRecord], namespace: str, stem: str = "veth") -> str:
    """The next free name of this stem in a namespace, as the kernel would choose it."""
    return names.free_name(stem, {i.name for i in Graph(records).inside(namespace)})


def addresses(records: Mapping[str, AnyRecord], near: Iterable[str], count: int = 1) -> tuple[str, ...]:
    """The next free IPv4 addresses of the subnet in use on the segment of the interfaces `near`.

    Where there is none, the first ones of the first 10.0.N.0/24 that no interface of the lab has; fewer than `count` where the
    subnet is full.
    """
    graph = Graph(records)
    segment = {ref for one in near for ref in graph.segments.get(one, ())}
    everything = [ipaddress.ip_interface(a) for i in graph.interfaces.values() for a in i.addresses if ":" not in a]
    here = [ipaddress.ip_interface(a) for ref in sorted(segment) for a in graph.interfaces[ref].addresses if ":" not in a]
    subnet = next((a.network for a in here if a.network.prefixlen < 31), None)
    if subnet is None:
        free = (ipaddress.ip_network(f"10.0.{n}.0/24") for n in range(1, 255))
        subnet = next((s for s in free if not any(a.network.overlaps(s) for a in everything)), None)
    if subnet is None:
        return ()
    taken = {a.ip for a in here}
    out: list[str] = []
    for host in subnet.hosts():
        if len(out) == count:
            break
        if host not in taken:
            out.append(f"{host}/{subnet.prefixlen}")
    return tuple(out)


def link(records: Mapping[str, AnyRecord], a: str, b: str) -> AddLink:
    """A link between two nodes (`ns0`, or a bridge `host/br0`), with names, master and addresses as most people want them."""
    graph = Graph(records)
    ends: list[End] = []
    bridges: list[str] = []
    for node in (a, b):
        namespace, slash, bridge = node.partition("/")
        if namespace not in graph.namespaces or (slash and not isinstance(graph.interfaces.get(node), Bridge)):
            raise unknown(f'there is no node "{node}"', node, "a node is a namespace (ns0) or a bridge (host/br0)")
        taken = {i.name for i in graph.inside(namespace)} | {e.name or "" for e in ends if e.namespace == namespace}
        ends.append(End(namespace=namespace, name=names.free_name("veth", taken), master=bridge or None))
        bridges += [node] if slash else []
    plain = [end for end in ends if end.master is None]
    free = iter(addresses(records, bridges, len(plain)))
    one, other = (
        End(namespace=e.namespace, name=e.name, master=e.master, addresses=tuple(x for x in [next(free, "")] if x) if e in plain else ())
        for e in ends
    )
    return AddLink(a=one, b=other)
