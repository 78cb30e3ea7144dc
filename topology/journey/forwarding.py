"""The observed state of a lab, asked as the kernel would ask it for a packet: which route, who has an address, where no frame passes."""

import errno
import ipaddress
from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from topology.journey.hop import Cause
from topology.model import ids, routing
from topology.model.graph import Graph, wire_ref
from topology.model.records import AnyInterface, Chain, Route
from topology.observe.live import LinkLive, LiveRecords, NamespaceLive
from topology.observe.normal import owner

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

MAX_ROUTERS = 256
"""Namespaces that a packet passes at most: its TTL is less."""
REFUSALS = {"blackhole": errno.EINVAL, "unreachable": errno.EHOSTUNREACH, "prohibit": errno.EACCES, "throw": errno.ENETUNREACH}
"""Types of routes that refuse, and the error that the sender gets (ip-route(8))."""


class RouteEntry(NamedTuple):
    """A route as a lookup needs it. `type` as in ip-route(8); `record`: id of the record that it realises, None for the kernel's own."""

    network: ipaddress.IPv4Network | ipaddress.IPv6Network
    metric: int
    dev: str | None
    via: str | None
    src: str | None
    type: str
    record: str | None


class Hindrance(NamedTuple):
    """Why no frame passes the interface `ref`. `cause`: INTERFACE_DOWN, NO_CARRIER or PORT_BLOCKED. `object`: the record to look at."""

    ref: str
    cause: Cause
    object: str
    note: str = ""


class ForwardingView:
    """The observed state as a packet meets it."""

    def __init__(self, graph: Graph, live: LiveRecords) -> None:
        self.graph = graph
        self.live = live
        self._holders: dict[str, list[AnyInterface]] = {}
        for interface in graph.interfaces.values():
            for text in interface.addresses:
                self._holders.setdefault(ids.ip_of(text), []).append(interface)

    def holders(self, address: str) -> list[AnyInterface]:
        """The interfaces that have this address, up or not."""
        return self._holders.get(str(ipaddress.ip_address(address)), [])

    def sysctl(self, namespace: str, key: str) -> str:
        """Its value: the record's, else what the kernel says, else 0."""
        record = self.graph.namespaces.get(namespace)
        shown = self.live.get(ids.namespace_live(namespace))
        if record is not None and key in record.sysctls:
            return record.sysctls[key]
        return shown.sysctls.get(key, "0") if isinstance(shown, NamespaceLive) else "0"

    def chain(self, namespace: str, family: str, table: str, name: str) -> Chain | None:
        """A chain, where it has a record: a built-in one without rules that accepts has none."""
        found = self.graph.records.get(ids.chain(namespace, family, table, name))
        return found if isinstance(found, Chain) else None

    def route_record(self, namespace: str, to: str, table: int) -> str | None:
        """The id of the record that the kernel's route to `to` in `table` realises."""
        shown = self.live.get(ids.namespace_live(namespace))
        rows = shown.routes if isinstance(shown, NamespaceLive) else ()
        return next((row.record for row in rows if (row.to, row.table) == (to, table) and row.record), None)

    def address_of(self, namespace: str, name: str, family: str) -> str | None:
        """The first address of an interface."""
        interface = self.graph.interfaces.get(ids.join(namespace, name))
        addresses = interface.addresses if interface is not None else ()
        return next((ids.ip_of(a) for a in addresses if (":" in a) == (family == "ipv6")), None)

    def masquerade(self, namespace: str, name: str, destination: str) -> str | None:
        """The address that MASQUERADE takes for what goes out by an interface: that of the route's subnet, else its first."""
        final = ipaddress.ip_address(destination)
        route = self.best(namespace, final)
        next_hop = ipaddress.ip_address(route.via) if route is not None and route.via else final
        interface = self.graph.interfaces.get(ids.join(namespace, name))
        own = [ipaddress.ip_interface(a) for a in (interface.addresses if interface is not None else ())]
        same = [a for a in own if a.version == final.version]
        return str(min(same, key=lambda a: next_hop not in a.network).ip) if same else None

    def sender(self, namespace: str, route: RouteEntry, destination: Address) -> Address | None:
        """The source address that the kernel chooses: the route's, one in the next hop's subnet, one of the interface, any."""
        if route.src is not None:
            return ipaddress.ip_address(route.src)
        next_hop = ipaddress.ip_address(route.via) if route.via else destination
        found: list[tuple[bool, bool, Address]] = []
        for interface in self.graph.inside(namespace):
            for text in interface.addresses:
                own = ipaddress.ip_interface(text)
                if own.version == destination.version and interface.up:
                    found.append((next_hop not in own.network, interface.name != route.dev, own.ip))
        return min(found, key=lambda f: f[:2])[2] if found else None

    def ignores_echo(self, namespace: str, family: str) -> str:
        """The sysctl, with its value, by which a namespace answers no echo request; empty where it answers."""
        key = "net.ipv6.icmp.echo_ignore_all" if family == "ipv6" else "net.ipv4.icmp_echo_ignore_all"
        value = self.sysctl(namespace, key)
        return f"{key} is {value}" if value not in ("", "0") else ""

    def is_forwarding(self, namespace: str, family: str) -> bool:
        """Whether it routes between its interfaces."""
        key = "net.ipv6.conf.all.forwarding" if family == "ipv6" else "net.ipv4.ip_forward"
        return self.sysctl(namespace, key) != "0"

    def mac(self, ref: str) -> str:
        """The MAC of an interface as the kernel says, else as the document does."""
        shown = self.live.get(ids.link_live(ref))
        interface = self.graph.interfaces.get(ref)
        return shown.mac if isinstance(shown, LinkLive) else (interface.mac if interface is not None else None) or ""

    def mtu(self, ref: str) -> int:
        """Of an interface, in bytes; 1500 where nobody says it."""
        shown = self.live.get(ids.link_live(ref))
        interface = self.graph.interfaces.get(ref)
        return shown.mtu if isinstance(shown, LinkLive) else (interface.mtu if interface is not None else None) or 1500

    def port_state(self, ref: str) -> str:
        """The STP state of a bridge port as a word; empty where it is none."""
        shown = self.live.get(ids.link_live(ref))
        return (shown.port_state if isinstance(shown, LinkLive) else None) or ""

    def hindrance(self, ref: str) -> Hindrance | None:
        """Why no frame passes this interface; None where frames pass."""
        interface = self.graph.interfaces[ref]
        if not interface.up:
            return Hindrance(ref, Cause.INTERFACE_DOWN, interface.id)
        state, lower = self.port_state(ref), self._down_beside(interface)
        if state not in ("", "forwarding"):
            return Hindrance(ref, Cause.PORT_BLOCKED, interface.id, f"{state}: {lower} is down" if lower else state)
        peer = self.graph.peer(ref)
        if peer is not None and not peer.up:
            return Hindrance(ref, Cause.NO_CARRIER, peer.id, f"its peer {peer.ref} is down")
        shown = self.live.get(ids.link_live(ref))
        if isinstance(shown, LinkLive) and not shown.carrier:
            return Hindrance(ref, Cause.NO_CARRIER, interface.id)
        return None

    def _down_beside(self, interface: AnyInterface) -> str:
        """The bridge or the peer of a port, where that is down: the kernel then disables the port."""
        beside = (self.graph.master(interface), self.graph.peer(interface.ref))
        return next((other.ref for other in beside if other is not None and not other.up), "")

    def best(self, namespace: str, destination: Address) -> RouteEntry | None:
        """The route that fib_lookup() finds in table main: longest prefix, then least metric."""
        fitting = [h for h in self._hops(namespace) if h.network.version == destination.version and destination in h.network]
        return min(fitting, key=lambda h: (-h.network.prefixlen, h.metric), default=None)

    def _hops(self, namespace: str) -> Iterator[RouteEntry]:
        shown = self.live.get(ids.namespace_live(namespace))
        if isinstance(shown, NamespaceLive) and shown.routes:
            for row in shown.routes:
                if row.table == routing.MAIN_TABLE:
                    yield RouteEntry(routing.network(row.to), row.metric, row.dev, row.via, row.src, row.type, row.record)
            return
        for interface in self.graph.inside(namespace):
            for text in interface.addresses if interface.up else ():
                connected = ipaddress.ip_interface(text)
                yield RouteEntry(connected.network, 0, interface.name, None, str(connected.ip), "unicast", None)
        for route in self.graph.routes(namespace):
            hop = self._of_record(route)
            through = self.graph.interfaces.get(ids.join(namespace, hop.dev or ""))
            if route.table == routing.MAIN_TABLE and (through is None or through.up):
                yield hop

    def _of_record(self, route: Route) -> RouteEntry:
        dev = route.dev or (owner(self.graph, route.namespace, route.via) if route.via else None)
        metric = route.metric if route.metric is not None else routing.default_metric(route.to)
        return RouteEntry(routing.network(route.to), metric, dev, route.via, route.src, route.type, route.id)

    def wire(self, start: str, end: str, free: bool) -> list[str] | None:
        """The interfaces from one to the other on their segment, as few as possible; None where they are not connected. `free`: only by
        interfaces that let frames pass."""
        first, last = self.graph.wire_key(start), self.graph.wire_key(end)
        previous: dict[str, str] = {first: first}
        todo = deque([first])
        while todo and last not in previous:
            here = todo.popleft()
            for key in self.graph.wires.get(here, ()):
                if key not in previous and not (free and self.hindrance(wire_ref(key))):
                    previous[key] = here
                    todo.append(key)
        if last not in previous or (free and self.hindrance(start)):
            return None
        out = [last]
        while out[-1] != first:
            out.append(previous[out[-1]])
        return list(dict.fromkeys(wire_ref(key) for key in reversed(out)))
