"""From an `Ask` to a `Probe`: names resolved in the lab as it is; and which namespaces the packet could come to."""

import ipaddress
import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from topology.journey.endpoints import source_namespace, target_address
from topology.journey.forwarding import ForwardingView
from topology.journey.options import check
from topology.journey.probe import Ask, Probe
from topology.model import ids
from topology.model.graph import Graph
from topology.model.problems import invalid
from topology.model.records import AnyRecord, Chain, Route
from topology.observe.live import LiveRecords

MAX_NAMESPACES, MOST_NAMESPACES = 64, 512
"""Namespaces in which one packet is watched for: those that overhear it included, and in a large lab."""
_ADDRESS = re.compile(r"[0-9a-fA-F:.]{3,}")


def resolve(ask: Ask, observed: Mapping[str, AnyRecord], live: LiveRecords, nonce: str = "") -> Probe:
    """The probe that is meant. Raises `ProblemError`: what it names is not there, or cannot be sent."""
    check(ask)
    namespace = source_namespace(observed, ask.source)
    address = target_address(observed, ask.target, ask.ipv6, namespace)
    if ask.broadcast and ":" in address:
        raise invalid("IPv6 has no broadcast", None, "send it to the address of one namespace")
    if ipaddress.ip_address(address).is_multicast:
        raise invalid(f"{address} is a multicast address: such a packet goes to many at once", None, "capture it where it should arrive")
    dev, sender = ids.name_of(ask.source), ""
    _check_ends(Graph(observed), namespace, dev, address, ask)
    if ask.protocol == "arp":
        dev, sender = _asking(ForwardingView(Graph(observed), live), namespace, dev, address)
    fields = {name: getattr(ask, name) for name in Ask.__struct_fields__}
    return Probe(**fields, namespace=namespace, address=address, dev=dev, sender=sender, nonce=nonce)


def _asking(view: ForwardingView, namespace: str, dev: str, address: str) -> tuple[str, str]:
    """The interface that an ARP request leaves by, and its source address."""
    route = view.best(namespace, ipaddress.ip_address(address))
    dev = dev or (route.dev if route is not None and route.dev is not None else "")
    if not dev:
        raise invalid(
            f"{namespace} has no route to {address}, so no interface to ask on", ids.namespace(namespace), "name the interface: ns/name"
        )
    ref = ids.Ref(namespace, dev)
    sender = next(_addresses(view, str(ref), address), "")
    if not sender and ":" not in address:
        raise invalid(f"{ref} has no IPv4 address to ask with", ref.id, "give it one")
    return dev, sender


def _check_ends(view: Graph, namespace: str, dev: str, address: str, ask: Ask) -> None:
    """Raises `ProblemError` (INVALID) for ends between which no kernel would send this."""
    there = ipaddress.ip_address(address)
    if there.version == 6 and there.is_link_local and not dev:
        hint = "name the interface as the source: ns/name"
        raise invalid(f"{address} is a link-local address, and every link may have it", ids.namespace(namespace), hint)
    port = view.interfaces.get(ids.join(namespace, dev)) if dev else None
    if port is not None and port.master is not None and ask.protocol != "arp":
        bridge = ids.join(namespace, port.master)
        hint = f"send it from {bridge}, or send an ARP request from the port"
        raise invalid(f"{port.ref} is a port of {bridge}: IP packets leave, and answers arrive, by the bridge", port.id, hint)
    if ask.source_address:
        _check_source(view, namespace, there, ask.source_address)


def _check_source(graph: Graph, namespace: str, there: ipaddress.IPv4Address | ipaddress.IPv6Address, text: str) -> None:
    own = [ids.ip_of(a) for i in graph.inside(namespace) for a in i.addresses]
    try:
        source = ipaddress.ip_address(text)
    except ValueError as e:
        raise invalid(f"source address: {e}", None, "as in 10.0.0.1") from None
    if source.version != there.version:
        raise invalid(f"{text} cannot send to {there}: one is IPv4, the other IPv6", None, "choose both of one family")
    if str(source) not in own and not source.is_loopback and not source.is_link_local:
        hint = f"its addresses: {', '.join(own) or 'none'}"
        raise invalid(f"{text} is not an address of {namespace}: Cannot assign requested address", ids.namespace(namespace), hint)


def _addresses(view: ForwardingView, ref: str, like: str) -> Iterator[str]:
    """The addresses of an interface of the same family, those of the same subnet first."""
    interface = view.graph.interfaces.get(ref)
    there = ipaddress.ip_address(like)
    own = [ipaddress.ip_interface(a) for a in (interface.addresses if interface is not None else ())]
    same = sorted((a for a in own if a.version == there.version), key=lambda a: there not in a.network)
    return (str(a.ip) for a in same)


def concerned(probe: Probe, observed: Mapping[str, AnyRecord]) -> tuple[str, ...]:
    """The namespaces that the packet could come to, fewest segments away first: those connected with the source. Of more than
    `MAX_NAMESPACES` those that only overhear what a bridge floods are left out."""
    graph = Graph(observed)
    beside = _on_common_segments(graph)
    found = {probe.namespace: None}
    todo = deque(found)
    while todo:
        fresh = [ns for ns in sorted(beside.get(todo.popleft(), ())) if ns not in found]
        found.update(dict.fromkeys(fresh))
        todo.extend(fresh)
    if len(found) <= MAX_NAMESPACES:
        return tuple(found)
    wanted = {probe.address, *_sent_to(observed), *(ids.ip_of(a) for i in graph.inside(probe.namespace) for a in i.addresses)}
    onward = [ns for ns in found if ns == probe.namespace or _takes_or_sends_on(graph, ns, wanted)]
    others = [ns for ns in found if ns not in onward]
    return tuple(onward[:MOST_NAMESPACES] + others[: max(0, MAX_NAMESPACES - len(onward))])


def _sent_to(observed: Mapping[str, AnyRecord]) -> Iterator[str]:
    """The addresses to which rules (DNAT, TEE, …) and routes send packets."""
    for record in observed.values():
        if isinstance(record, Chain):
            yield from (word for rule in record.rules for word in _ADDRESS.findall(rule))
        elif isinstance(record, Route) and record.via is not None:
            yield record.via


def _takes_or_sends_on(graph: Graph, ns: str, wanted: set[str]) -> bool:
    """Whether a namespace is more than a host that the packet is not for: it has such an address, or connects several segments."""
    inside = [i for i in graph.inside(ns) if not i.KIND.builtin]
    return len(inside) != 1 or any(ids.ip_of(text) in wanted for text in inside[0].addresses)


def _on_common_segments(graph: Graph) -> dict[str, set[str]]:
    """Namespace → those that have an interface, or the lower one of an interface, on one of its segments; itself included."""
    out: dict[str, set[str]] = {}
    for segment in {id(s): s for s in graph.segments.values()}.values():
        below = {lower for ref in segment if (lower := graph.interfaces[ref].lower) is not None}
        spaces = {ids.namespace_of(ref) for ref in segment | below}
        for ns in spaces:
            out.setdefault(ns, set()).update(spaces)
    return out


def wires(observed: Mapping[str, AnyRecord], namespaces: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """The veth pairs with both ends in these namespaces, as pairs of `ns/name`."""
    graph = Graph(observed)
    inside = frozenset(namespaces)
    ends = ((end, graph.peer(end.ref)) for ns in inside for end in graph.inside(ns))
    return tuple(sorted((end.ref, other.ref) for end, other in ends if other and other.namespace in inside and end.ref < other.ref))


def replayable(records: Mapping[str, AnyRecord], namespaces: Iterator[str]) -> tuple[dict[str, object], ...]:
    """The records of these namespaces and their placements as JSON: a file can then be drawn without the lab."""
    wanted = set(namespaces)
    return tuple(
        msgspec.to_builtins(r)
        for r in records.values()
        if getattr(r, "namespace", None) in wanted
        or getattr(r, "name", None) in wanted
        or ids.namespace_of(str(getattr(r, "node", ""))) in wanted
    )
