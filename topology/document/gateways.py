"""Routes whose gateway is out of reach."""

import errno
from collections.abc import Collection, Iterator, Mapping

from topology.document.check import Found, among
from topology.model import routing
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
