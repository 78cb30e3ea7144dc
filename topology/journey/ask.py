"""What somebody asks for, with its names resolved in the lab as it is."""

import ipaddress
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from topology.journey.explain import source_namespace, target_address
from topology.journey.forwarding import ForwardingView
from topology.journey.probe import Ask, Probe
from topology.model import ids
from topology.model.graph import Graph
from topology.model.problems import invalid
from topology.model.records import AnyRecord
from topology.observe.live import LiveRecords

MAX_NAMESPACES = 64
"""Namespaces that are looked into at once for one packet."""


def resolve(ask: Ask, observed: Mapping[str, AnyRecord], live: LiveRecords, nonce: str = "") -> Probe:
    """The probe that is meant. Raises `ProblemError`: what it names is not there, or cannot be sent."""
    check(ask)
    namespace = source_namespace(observed, ask.source)
    address = target_address(observed, ask.target, ask.ipv6, namespace)
    dev = ask.source.partition("/")[2]
    sender = ""
    if ask.protocol == "arp":
        view = ForwardingView(Graph(observed), live)
        route = view.best(namespace, ipaddress.ip_address(address))
        dev = dev or (route.dev if route is not None and route.dev is not None else "")
        sender = next(_addresses(view, f"{namespace}/{dev}", address), "")
        if not dev:
            raise invalid(
                f"no interface of {namespace} is known to be near {address}", f"namespace:{namespace}", "name the interface: ns/name"
            )
        if not sender and ":" not in address:
            raise invalid(f"{namespace}/{dev} has no IPv4 address to ask with", f"interface:{namespace}/{dev}", "give it one")
    fields = {name: getattr(ask, name) for name in Ask.__struct_fields__}
    return Probe(**fields, namespace=namespace, address=address, dev=dev, sender=sender, nonce=nonce)


def check(ask: Ask) -> None:
    """Refuse what no kernel would send."""
    for name, value, low, high in (
        ("port", ask.port if ask.port is not None else 1, 1, 65535), ("source port", ask.source_port, 0, 65535),
        ("size", ask.size, 0, 65507), ("ttl", ask.ttl if ask.ttl is not None else 1, 1, 255), ("mark", ask.mark, 0, 0xFFFFFFFF),
    ):  # fmt: skip
        if not low <= value <= high:
            raise invalid(f"{name} {value}: Numerical result out of range", None, f"{name} is {low} to {high}")


def _addresses(view: ForwardingView, ref: str, like: str) -> Iterator[str]:
    """The addresses of an interface of the same family, those of the same subnet first."""
    interface = view.graph.interfaces.get(ref)
    there = ipaddress.ip_address(like)
    own = [ipaddress.ip_interface(a) for a in (interface.addresses if interface is not None else ())]
    near = sorted((a for a in own if a.version == there.version), key=lambda a: there not in a.network)
    return (str(a.ip) for a in near)


def concerned(probe: Probe, observed: Mapping[str, AnyRecord]) -> tuple[str, ...]:
    """The namespaces that the packet could come to, the nearest first: those that hang together with the source by wires or bridges."""
    graph = Graph(observed)
    refs: dict[str, set[str]] = {}
    for segment in {id(s): s for s in graph.segments.values()}.values():
        below = {lower for ref in segment if (lower := graph.interfaces[ref].lower) is not None}
        spaces = {ids.namespace_of(ref) for ref in segment | below}
        for ns in spaces:
            refs.setdefault(ns, set()).update(spaces)
    found = {probe.namespace: None}
    todo = [probe.namespace]
    while todo and len(found) < MAX_NAMESPACES:
        here = todo.pop(0)
        for ns in sorted(refs.get(here, ())):
            if ns not in found:
                found[ns] = None
                todo.append(ns)
    return tuple(found)[:MAX_NAMESPACES]


def wires(observed: Mapping[str, AnyRecord], namespaces: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """The veths of which both ends are in these namespaces, as pairs of `ns/name`."""
    graph = Graph(observed)
    inside = frozenset(namespaces)
    ends = ((end, graph.peer(end.ref)) for ns in inside for end in graph.inside(ns))
    return tuple(sorted((end.ref, other.ref) for end, other in ends if other and other.namespace in inside and end.ref < other.ref))


def replayable(records: Mapping[str, AnyRecord], namespaces: Iterator[str]) -> tuple[dict[str, object], ...]:
    """The records of these namespaces as JSON, for a file that is looked at where the lab is not."""
    wanted = set(namespaces)
    return tuple(
        msgspec.to_builtins(r)
        for r in records.values()
        if getattr(r, "namespace", None) in wanted
        or getattr(r, "name", None) in wanted
        or str(getattr(r, "node", "")).split("/")[0] in wanted
    )
