"""What stops nothing but is most likely not meant. Shown beside the canvas; never a reason to refuse."""

import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise

from topology.document.gateways import gateways
from topology.journey.loops import closes, loops
from topology.journey.same_segment import Segment, warning
from topology.model import ids
from topology.model.base import Port
from topology.model.diff import replaced
from topology.model.graph import Graph
from topology.model.problems import Problem
from topology.model.records import AnyInterface, AnyRecord, Interface, Records, Route, is_bridge, replace
from topology.model.tracked import Tracked
from topology.observe.normal import above

_Address = tuple[ipaddress.IPv4Interface | ipaddress.IPv6Interface, AnyInterface]


def warnings(records: Mapping[str, AnyRecord]) -> tuple[Problem, ...]:
    """The warnings about a state, desired or observed, in normal form; in a stable order. `subject` is the record to look at."""
    return Warnings().look(records)


class Warnings:
    """Of one lab. Each look costs what is other than at the one before; where what is connected with what has changed, all segments."""

    def __init__(self) -> None:
        self._forget()

    def _forget(self) -> None:
        self._records: Records = {}
        self._by_part: dict[tuple[str, str], tuple[Problem, ...]] = {}
        """By what they are about and its name."""
        self._segments: dict[str, Segment] = {}
        """By each of their interfaces."""
        self._troubled: dict[int, tuple[Problem, ...]] = {}
        """Of segments, by their identity."""
        self._loops: tuple[Problem, ...] = ()

    def look(self, records: Mapping[str, AnyRecord]) -> tuple[Problem, ...]:
        """The warnings about this state."""
        now, before = Tracked.of(records), self._records
        pairs = [(before.get(key), now.get(key)) for key in replaced(before, now)]
        self._records, graph = now, Graph(now)
        try:
            self._look_at_segments(graph, pairs)
            self._look_at_interfaces(graph, pairs)
            self._look_at_routes(graph, pairs)
        except Exception:
            self._forget()  # what was looked at halfway is no ground for the next look
            raise
        found = [*self._loops, *(problem for parts in (self._by_part, self._troubled) for part in parts.values() for problem in part)]
        return tuple(sorted(found, key=lambda p: (p.subject or "", p.message)))

    def _put(self, what: str, name: str, found: Iterable[Problem]) -> None:
        if problems := tuple(found):
            self._by_part[what, name] = problems
        else:
            self._by_part.pop((what, name), None)

    def _look_at_segments(self, graph: Graph, pairs: Iterable[tuple[AnyRecord | None, AnyRecord | None]]) -> None:
        links = [(old, new) for old, new in pairs if isinstance(old, Interface) or isinstance(new, Interface)]
        if any(_wire(old) != _wire(new) or (_is_up(old) != _is_up(new) and _closes(graph, new or old)) for old, new in links):
            self._loops = tuple(loops(graph))
        if any(_wire(old) != _wire(new) for old, new in links):
            domains = {id(domain): domain for domain in graph.segments.values()}
            segments = [Segment(graph, domain) for domain in domains.values() if len(domain) > 1]
            self._segments = {ref: segment for segment in segments for ref in segment.members}
            touched = {id(segment): segment for segment in segments}
            self._troubled = {}
        else:
            touched = {}
            news = [new for _, new in links if isinstance(new, Interface)]
            for ref in {*(new.ref for new in news), *map(ids.subject_of, above(graph, news))}:
                if (one := self._segments.get(ref)) is not None:
                    one.look(graph, [ref])
                    touched[id(one)] = one
        for key, segment in touched.items():
            self._troubled[key] = tuple(segment.problems())

    def _look_at_interfaces(self, graph: Graph, pairs: Iterable[tuple[AnyRecord | None, AnyRecord | None]]) -> None:
        """Those that were changed, those that may have got or lost their bridge, and the subnets of their namespaces."""
        spaces: set[str] = set()
        for old, new in pairs:
            one = new if isinstance(new, Interface) else old
            if not isinstance(one, Interface):
                continue
            self._put("interface", one.ref, _of_interface(graph, new) if isinstance(new, Interface) else ())
            if is_bridge(old) != is_bridge(new):
                for port in graph.ports(one.ref):
                    self._put("interface", port.ref, _of_interface(graph, port))
            if not (isinstance(old, Interface) and isinstance(new, Interface) and old.addresses == new.addresses):
                spaces.add(one.namespace)
        spaces |= {ids.subject_of(r.id) for pair in pairs for r in pair if r is not None and ids.is_namespace(r.id)}
        for namespace in spaces:
            self._put("subnets", namespace, _of_subnets(graph, namespace) if graph.has_namespace(namespace) else ())

    def _look_at_routes(self, graph: Graph, pairs: Iterable[tuple[AnyRecord | None, AnyRecord | None]]) -> None:
        """Those that were changed, and all of a namespace where what leads to gateways was."""
        routes, spaces = set[str](), set[str]()
        for pair in pairs:
            for r in pair:
                if isinstance(r, Route):
                    routes.add(r.id)
                if isinstance(r, Interface) or (isinstance(r, Route) and r.via is None):
                    spaces.add(r.namespace)
        routes |= {route.id for namespace in spaces for route in graph.routes(namespace) if route.via is not None}
        for key in routes:
            self._put("route", key, ())
        for found in gateways(self._records, routes, graph):
            self._put("route", found.record, [_of_gateway(graph, found.record)])


def _is_up(record: AnyRecord | None) -> bool:
    return isinstance(record, Interface) and record.up


def _closes(graph: Graph, record: AnyRecord | None) -> bool:
    return isinstance(record, Interface) and closes(graph, record)


def _wire(record: AnyRecord | None) -> AnyRecord | None:
    """What of an interface says with which others it is connected."""
    if not isinstance(record, Interface):
        return None
    return replace(record, up=True, mac=None, mtu=None, addresses=(), port=Port())


def _of_subnets(graph: Graph, namespace: str) -> Iterator[Problem]:
    """Subnets of different interfaces of a namespace that overlap: replies may take the wrong one."""
    own: list[_Address] = [(ipaddress.ip_interface(a), i) for i in graph.addressed(namespace) if not i.KIND.builtin for a in i.addresses]
    wide = [(a, i) for a, i in own if a.network.num_addresses > 1 and not a.ip.is_link_local]
    wide.sort(key=lambda pair: (pair[0].version, int(pair[0].network.network_address), pair[0].network.prefixlen, pair[1].ref))
    for (a, one), (b, other) in pairwise(wide):
        if one.ref != other.ref and a.version == b.version and b.ip in a.network:
            message = f"{b.network} overlaps {a.network} on {one.name} in the same namespace"
            yield warning(message, other.id, "give each interface a subnet of its own, or join them in a bridge")


def _of_interface(graph: Graph, interface: AnyInterface) -> Iterator[Problem]:
    if interface.addresses and interface.master is not None and graph.master(interface) is not None:
        message = f"it has an address and is a port of {interface.master}: what comes in goes to the bridge"
        yield warning(message, interface.id, f"give the address to {interface.master} instead")
    for text in interface.addresses:
        value = ipaddress.ip_interface(text)
        if value.version == 4 and value.network.prefixlen < 31:
            what = {value.network.network_address: "network", value.network.broadcast_address: "broadcast"}.get(value.ip)
            if what is not None:
                first = next(value.network.hosts())
                yield warning(f"{value.ip} is the {what} address of {value.network}", interface.id, f"take another, as {first}")


def _of_gateway(graph: Graph, key: str) -> Problem:
    via = getattr(graph.records[key], "via", "")
    message = f"its gateway {via} is in no subnet of an interface that is up"
    return warning(message, key, "set the interface up, or mend the gateway")
