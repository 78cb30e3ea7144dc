"""Routes that the kernel refuses because of what is beside them: their gateway is out of reach, their interface is down."""

import errno
import ipaddress
from collections.abc import Collection, Iterator, Mapping

from topology.document.check import Found, among
from topology.model import ids, routing
from topology.model.base import Fault
from topology.model.graph import Graph
from topology.model.problems import Code
from topology.model.records import AnyRecord, Route
from topology.model.subnets import Subnets


def gateways(records: Mapping[str, AnyRecord], only: Collection[str] | None = None, graph: Graph | None = None) -> Iterator[Found]:
    """IPv4 routes whose gateway the kernel refuses (fib_check_nh() of net/ipv4/fib_semantics.c): it is not directly connected.

    What was read from a kernel may have such routes, where the address was deleted later. So `check` does not look for them. `graph`: of
    the records, where there is one.
    """
    graph = graph or Graph(records)
    reach: dict[str, tuple[Subnets, Subnets]] = {}
    for key, route in among(records, only):
        if isinstance(route, Route):
            if route.namespace not in reach:
                reach[route.namespace] = _reach(graph, route.namespace)
            if not _gateway_connected(reach[route.namespace], route):
                where = f"an interface of {route.namespace} that is up"
                hint = f"{route.via} is in no subnet of {where}: give one an address of its subnet first"
                yield Found(key, Fault("via", "Nexthop has invalid gateway.", hint, errno.ENETUNREACH), Code.REFUSED)


def _reach(graph: Graph, namespace: str) -> tuple[Subnets, Subnets]:
    """The subnets of the interfaces of a namespace that are up, and the IPv4 prefixes of its routes without a gateway."""
    up, direct = Subnets(), Subnets()
    for interface in graph.inside(namespace):
        if interface.up:
            up.add(interface.name, interface.addresses)
    for route in graph.routes(namespace):
        if route.via is None and route.type == "unicast" and ":" not in route.to:
            direct.add("", (str(routing.network(route.to)),))
    return up, direct


def _gateway_connected(reach: tuple[Subnets, Subnets], route: Route) -> bool:
    """Whether an interface that is up, or a route without a gateway, leads to the route's IPv4 gateway; true where it has none."""
    if route.via is None or ":" in route.via or route.onlink:
        return True
    up, direct = reach
    return any(route.dev in (None, name) for name in up.around(route.via)) or any(True for _ in direct.around(route.via))


def unusable(records: Mapping[str, AnyRecord], only: Collection[str]) -> Iterator[Found]:
    """Routes with these ids that the kernel refuses to add. It keeps them when an interface goes down or loses an address later, so they
    are looked for among new ones alone."""
    graph = Graph(records)
    for key, route in among(records, only):
        if isinstance(route, Route) and route.type == "unicast":
            yield from (Found(key, fault, Code.REFUSED) for fault in _of_new(graph, route))


def _of_new(graph: Graph, route: Route) -> Iterator[Fault]:
    six = ":" in route.to
    own = {ids.ip_of(text) for interface in graph.inside(route.namespace) for text in interface.addresses}
    dev = graph.interface(ids.join(route.namespace, route.dev)) if route.dev is not None else None
    if dev is not None and not dev.up:
        words = "Nexthop device is not up" if six else "Device for nexthop is not up"
        yield Fault("dev", words, f"set {dev.ref} up", errno.ENETDOWN)
    if route.src is not None and route.src not in own and not ipaddress.ip_address(route.src).is_loopback:
        words = "Invalid source address" if six else "Invalid prefsrc address"
        yield Fault("src", words, f"{route.src} is an address of no interface of {route.namespace}", errno.EINVAL)
    if six and route.via is not None:
        if route.via in own:
            yield Fault("via", "Gateway can not be a local address", "name the address of another host", errno.EINVAL)
        if route.dev is None and ipaddress.ip_address(route.via).is_link_local:
            yield Fault("dev", "Egress device not specified", "a link-local gateway needs the interface", errno.EINVAL)
