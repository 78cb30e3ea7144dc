"""The observed state of a lab, asked as a packet would ask it: which route, who has an address, what stands in a frame's way."""

import errno
import ipaddress
from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from topology.model import ids
from topology.model.graph import Graph, wire_ref
from topology.model.problems import Code, Problem
from topology.model.records import AnyInterface, Chain, Route, is_bridge
from topology.observe.live import LinkLive, LiveRecords, NamespaceLive
from topology.observe.normal import owner

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def reason(subject: str, message: str, hint: str, number: int | None = None) -> Problem:
    """Why no packet passes, as a problem."""
    return Problem(code=Code.REFUSED, message=message, subject=subject, hint=hint, errno=number)


class RouteEntry(NamedTuple):
    """A route as a lookup needs it."""

    network: ipaddress.IPv4Network | ipaddress.IPv6Network
    metric: int
    dev: str | None
    via: str | None
    src: str | None
    type: str
    record: str | None


class ForwardingView:
    """The observed state, asked as a packet would."""

    def __init__(self, graph: Graph, live: LiveRecords) -> None:
        self.graph = graph
        self.live = live
        self.owners: dict[str, list[AnyInterface]] = {}
        for interface in graph.interfaces.values():
            for text in interface.addresses:
                self.owners.setdefault(text.partition("/")[0], []).append(interface)

    def sysctl(self, namespace: str, key: str) -> str:
        """Its value, 0 where nobody said one."""
        record = self.graph.namespaces.get(namespace)
        shown = self.live.get(f"netns:{namespace}")
        if record is not None and key in record.sysctls:
            return record.sysctls[key]
        return shown.sysctls.get(key, "0") if isinstance(shown, NamespaceLive) else "0"

    def chain(self, namespace: str, family: str, table: str, name: str) -> Chain | None:
        """A chain, where it has a record: a built-in one without rules that accepts has none."""
        found = self.graph.records.get(ids.chain(namespace, family, table, name))
        return found if isinstance(found, Chain) else None

    def route_record(self, namespace: str, to: str, table: int) -> str | None:
        """The record that a route of the kernel realises."""
        shown = self.live.get(f"netns:{namespace}")
        rows = shown.routes if isinstance(shown, NamespaceLive) else ()
        return next((row.record for row in rows if (row.to, row.table) == (to, table) and row.record), None)

    def address_of(self, namespace: str, name: str, family: str) -> str | None:
        """The first address of an interface."""
        interface = self.graph.interfaces.get(f"{namespace}/{name}")
        addresses = interface.addresses if interface is not None else ()
        return next((a.partition("/")[0] for a in addresses if (":" in a) == (family == "ipv6")), None)

    def masquerade(self, namespace: str, name: str, destination: str) -> str | None:
        """The address that MASQUERADE takes for what goes out by an interface: that of the route's subnet, else its first."""
        there = ipaddress.ip_address(destination)
        route = self.best(namespace, there)
        following = ipaddress.ip_address(route.via) if route is not None and route.via else there
        interface = self.graph.interfaces.get(f"{namespace}/{name}")
        own = [ipaddress.ip_interface(a) for a in (interface.addresses if interface is not None else ())]
        same = [a for a in own if a.version == there.version]
        return str(min(same, key=lambda a: following not in a.network).ip) if same else None

    def sender(self, here: str, hop: RouteEntry, there: Address) -> Address | None:
        """The address that the kernel takes as source: the route's, one of the subnet of the next hop, one of the interface, any."""
        if hop.src is not None:
            return ipaddress.ip_address(hop.src)
        following = ipaddress.ip_address(hop.via) if hop.via else there
        found: list[tuple[bool, bool, Address]] = []
        for interface in self.graph.inside(here):
            for text in interface.addresses:
                own = ipaddress.ip_interface(text)
                if own.version == there.version and interface.up:
                    found.append((following not in own.network, interface.name != hop.dev, own.ip))
        return min(found, key=lambda f: f[:2])[2] if found else None

    def ignores_echo(self, namespace: str, there: Address) -> Iterator[Problem]:
        key = "net.ipv6.icmp.echo_ignore_all" if there.version == 6 else "net.ipv4.icmp_echo_ignore_all"
        if self.sysctl(namespace, key) not in ("", "0"):
            hint = f"set {key} to 0 in {namespace}"
            yield reason(f"namespace:{namespace}", f"{namespace}: {key} is 1: it does not answer", hint)

    def is_forwarding(self, namespace: str, family: str) -> bool:
        """Whether it routes between its interfaces."""
        key = "net.ipv6.conf.all.forwarding" if family == "ipv6" else "net.ipv4.ip_forward"
        return self.sysctl(namespace, key) != "0"

    def forwards(self, namespace: str, there: Address) -> Iterator[Problem]:
        key = "net.ipv6.conf.all.forwarding" if there.version == 6 else "net.ipv4.ip_forward"
        if self.sysctl(namespace, key) == "0":
            yield reason(f"namespace:{namespace}", f"{namespace}: {key} is 0: it does not forward", f"set {key} to 1 in {namespace}")

    def mac(self, ref: str) -> str:
        """The MAC of an interface as the kernel says, else as the document does."""
        shown = self.live.get(f"link:{ref}")
        interface = self.graph.interfaces.get(ref)
        return shown.mac if isinstance(shown, LinkLive) else (interface.mac if interface is not None else None) or ""

    def mtu(self, ref: str) -> int:
        """Of an interface, in bytes; 1500 where nobody says it."""
        shown = self.live.get(f"link:{ref}")
        interface = self.graph.interfaces.get(ref)
        return shown.mtu if isinstance(shown, LinkLive) else (interface.mtu if interface is not None else None) or 1500

    def hindrance(self, ref: str) -> Problem | None:
        """Why no frame passes this interface, if none does."""
        interface = self.graph.interfaces[ref]
        if not interface.up:
            return reason(interface.id, f"{ref} is down", f"set {interface.name} up in {interface.namespace}", errno.ENETDOWN)
        shown = self.live.get(f"link:{ref}")
        if isinstance(shown, LinkLive) and shown.port_state not in (None, "forwarding"):
            return reason(interface.id, f"{ref} is {shown.port_state}", "wait for STP, or look for a loop: it lets no frame pass")
        peer = self.graph.peer(ref)
        if peer is not None and not peer.up:
            return reason(peer.id, f"{ref} has no carrier: its peer {peer.ref} is down", f"set {peer.name} up in {peer.namespace}")
        if isinstance(shown, LinkLive) and not shown.carrier:
            hint = "plug in a port that is up" if is_bridge(interface) else "set what it stands on up"
            return reason(interface.id, f"{ref} has no carrier", hint)
        return None

    def best(self, namespace: str, there: Address) -> RouteEntry | None:
        """The route that fib_lookup() would find in table main: longest prefix, then least metric."""
        fitting = [h for h in self._hops(namespace) if h.network.version == there.version and there in h.network]
        return min(fitting, key=lambda h: (-h.network.prefixlen, h.metric), default=None)

    def _hops(self, namespace: str) -> Iterator[RouteEntry]:
        shown = self.live.get(f"netns:{namespace}")
        if isinstance(shown, NamespaceLive) and shown.routes:
            for row in shown.routes:
                if row.table == 254:
                    yield RouteEntry(_network(row.to), row.metric, row.dev, row.via, row.src, row.type, row.record)
            return
        for interface in self.graph.inside(namespace):
            for text in interface.addresses if interface.up else ():
                connected = ipaddress.ip_interface(text)
                yield RouteEntry(connected.network, 0, interface.name, None, str(connected.ip), "unicast", None)
        for route in self.graph.routes(namespace):
            hop = self._of_record(route)
            through = self.graph.interfaces.get(f"{namespace}/{hop.dev}")
            if route.table == 254 and (through is None or through.up):
                yield hop

    def _of_record(self, route: Route) -> RouteEntry:
        dev = route.dev or (owner(self.graph, route.namespace, route.via) if route.via else None)
        metric = route.metric if route.metric is not None else (1024 if ":" in route.to else 0)
        return RouteEntry(_network(route.to), metric, dev, route.via, route.src, route.type, route.id)

    def wire(self, start: str, end: str, free: bool) -> list[str] | None:
        """The interfaces from one to the other on their segment, by the shortest way; `free`: only past what lets frames pass."""
        first, last = self.graph.wire_key(start), self.graph.wire_key(end)
        came: dict[str, str] = {first: first}
        todo = deque([first])
        while todo and last not in came:
            here = todo.popleft()
            for key in self.graph.wires.get(here, ()):
                if key not in came and not (free and self.hindrance(wire_ref(key))):
                    came[key] = here
                    todo.append(key)
        if last not in came or (free and self.hindrance(start)):
            return None
        out = [last]
        while out[-1] != first:
            out.append(came[out[-1]])
        return list(dict.fromkeys(wire_ref(key) for key in reversed(out)))


def _network(to: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    return ipaddress.ip_network("0.0.0.0/0" if to == "default" else to)
