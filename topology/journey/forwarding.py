"""The observed state of a lab, asked as the kernel would ask it for a packet: which route, who has an address, where no frame passes."""

import ipaddress
from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from topology.journey.fib import LOCAL_TABLE, REFUSALS, Address, Decision, Flow, Leg, RouteEntry, decide
from topology.journey.hop import Cause
from topology.model import ids, routing
from topology.model.graph import Graph, wire_ref
from topology.model.records import AnyInterface, Chain, Route
from topology.observe import policy
from topology.observe.facts import Listening
from topology.observe.live import FdbLive, FilterLive, LinkLive, LiveRecords, NamespaceLive, ProcessesLive, RouteRow
from topology.observe.normal import owner

__all__ = ["MAX_ROUTERS", "REFUSALS", "Address", "ForwardingView", "Hindrance", "RouteEntry", "takes"]

MAX_ROUTERS = 256
"""Namespaces that a packet passes at most: its TTL is less."""
_PICKED_PORTS = (32768, 60999)
"""net.ipv4.ip_local_port_range as the kernel has it."""
_UNUSABLE = frozenset(("tentative", "dadfailed"))
"""Flags of addresses that answer for nobody (yet)."""


class Hindrance(NamedTuple):
    """Why no frame passes the interface `ref`. `cause`: INTERFACE_DOWN, NO_CARRIER or PORT_BLOCKED. `object`: the record to look at.
    `assumes`: what has to be so for that, and cannot be known."""

    ref: str
    cause: Cause
    object: str
    note: str = ""
    assumes: str = ""


def takes(listening: Listening, protocol: str, address: str, port: int) -> bool | None:
    """Whether what comes to this address and port is for a socket. None: IPv4 at a socket of IPv6, which takes that unless it is set to
    IPV6_V6ONLY (ipv6(7)), which nobody else can see."""
    if (listening.protocol, listening.port) != (protocol, port):
        return False
    six = ":" in address
    if listening.address in (address, "*", "::" if six else "0.0.0.0", f"::ffff:{address}"):
        return True
    return None if listening.address == "::" and not six else False


class ForwardingView:
    """The observed state as a packet meets it."""

    def __init__(self, graph: Graph, live: LiveRecords) -> None:
        self.graph = graph
        self.live = live
        self._holders: dict[str, list[AnyInterface]] = {}
        for interface in graph.interfaces.values():
            for ip in dict.fromkeys(ids.ip_of(a) for a in self.addresses(interface)):
                self._holders.setdefault(ip, []).append(interface)

    def addresses(self, interface: AnyInterface) -> tuple[str, ...]:
        """All addresses of an interface, those too that the kernel made, but for those that duplicate address detection keeps from use."""
        shown = self.live.get(ids.link_live(interface.ref))
        rows = shown.addresses if isinstance(shown, LinkLive) else ()
        unusable = {row.address for row in rows if _UNUSABLE.intersection(row.flags)}
        return tuple(dict.fromkeys(a for a in (*interface.addresses, *(row.address for row in rows)) if a not in unusable))

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

    def setting(self, ref: str, key: str, above: str = "") -> int:
        """A value of `net.ipv4.conf.INTERFACE`: the greater one of its own and that of `all`. `above`: the sysctl whose value
        an interface has as its own where the kernel has not told (a document)."""
        namespace, _ = ids.Ref.parse(ref)
        told = self._conf(ref)
        own = told.get(key, 0) if told is not None else _number(self.sysctl(namespace, above)) if above else 0
        return max(own, _number(self.sysctl(namespace, f"net.ipv4.conf.all.{key}")))

    def own_setting(self, ref: str, key: str) -> int:
        """A value that an interface has itself, whatever `all` says; 0 where the kernel has not told."""
        return (self._conf(ref) or {}).get(key, 0)

    def is_told(self, ref: str) -> bool:
        """Whether the kernel has told how this interface is set."""
        return self._conf(ref) is not None

    def _conf(self, ref: str) -> dict[str, int] | None:
        shown = self.live.get(ids.link_live(ref))
        return shown.conf if isinstance(shown, LinkLive) else None

    def has_learned(self, port: AnyInterface, mac: str) -> bool:
        """Whether the FDB of a port's bridge is known to have this MAC address at the port."""
        table = self.live.get(ids.live("fdb-table", ids.join(port.namespace, port.master or "")))
        return isinstance(table, FdbLive) and any((row.mac, row.dev) == (mac, port.name) for row in table.rows)

    def qdisc(self, ref: str) -> str:
        """The queueing discipline that somebody chose for what leaves by an interface; empty where nobody did."""
        shown = self.live.get(ids.link_live(ref))
        return shown.qdisc if isinstance(shown, LinkLive) else ""

    def early(self, ref: str) -> tuple[str, ...]:
        """What may drop the frames of an interface before any rule sees them: `clsact`, `xdp`."""
        shown = self.live.get(ids.link_live(ref))
        return shown.early if isinstance(shown, LinkLive) else ()

    def is_proxied(self, ref: str, address: str) -> bool:
        """Whether a proxy entry of an interface is for this address."""
        namespace, dev = ids.Ref.parse(ref)
        shown = self.live.get(ids.namespace_live(namespace))
        return isinstance(shown, NamespaceLive) and any((row.dev, row.address) == (dev, address) for row in shown.proxies)

    def asks(self, ref: str) -> bool:
        """Whether it takes part in ARP and neighbour discovery (IFF_NOARP)."""
        shown = self.live.get(ids.link_live(ref))
        return not (isinstance(shown, LinkLive) and "NOARP" in shown.flags)

    def sockets(self, namespace: str) -> tuple[Listening, ...] | None:
        """The listening sockets there; None: nobody has asked for them, so they are not known."""
        shown = self.live.get(ids.live("processes", namespace))
        return shown.sockets if isinstance(shown, ProcessesLive) else None

    def switches(self, ref: str) -> tuple[str, ...]:
        """What of a bridge port is not as the kernel makes it and stands in no document: `bcast_flood off`, `locked on`, …"""
        shown = self.live.get(ids.link_live(ref))
        return shown.port if isinstance(shown, LinkLive) else ()

    def foreign(self, namespace: str, *families: str) -> tuple[str, ...]:
        """What filters packets in a namespace and no record holds, of these families of nftables: `nft table inet f`."""
        shown = self.live.get(ids.live("filter", namespace))
        found = shown.foreign if isinstance(shown, FilterLive) else ()
        return tuple(text for text in found if any(f" {family} " in f" {text.replace('(', ' ').replace(')', ' ')} " for family in families))

    def picked_ports(self, namespace: str) -> tuple[int, int]:
        """The ports of which the kernel picks one for a program that names none."""
        found = [int(text) for text in self.sysctl(namespace, "net.ipv4.ip_local_port_range").split() if text.isdecimal()]
        return (found[0], found[1]) if len(found) == 2 else _PICKED_PORTS

    def rules(self, namespace: str, family: str) -> list[policy.PolicyRule]:
        """The rules of `ip rule`, by priority."""
        shown = self.live.get(ids.namespace_live(namespace))
        return policy.of_family(shown.rules if isinstance(shown, NamespaceLive) else (), family)

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
        """The source address that the kernel chooses: the route's, one of the interface (best in the next hop's subnet), any."""
        if route.src is not None:
            return ipaddress.ip_address(route.src)
        next_hop = ipaddress.ip_address(route.via) if route.via else destination
        found: list[tuple[bool, bool, bool, bool, Address]] = []
        for interface in self.graph.inside(namespace):
            for text in self.addresses(interface) if interface.up else ():
                own, there = ipaddress.ip_interface(text), interface.name == route.dev
                order = (own.ip.is_loopback, own.ip.is_link_local != destination.is_link_local, not there, next_hop not in own.network)
                # IPv6 takes ::1 where there is nothing better; 127.0.0.1 has a scope that is too narrow
                if own.version == destination.version and (own.version == 6 or not own.ip.is_loopback):
                    found.append((*order, own.ip))
        return min(found, key=lambda f: f[:4])[4] if found else None

    def ignores_echo(self, namespace: str, family: str) -> str:
        """The sysctl, with its value, by which a namespace answers no echo request; empty where it answers."""
        key = "net.ipv6.icmp.echo_ignore_all" if family == "ipv6" else "net.ipv4.icmp_echo_ignore_all"
        value = self.sysctl(namespace, key)
        return f"{key} is {value}" if value not in ("", "0") else ""

    def is_forwarding(self, namespace: str, family: str, iif: str = "") -> bool:
        """Whether it routes between its interfaces; `iif`: what comes in at this one."""
        key = "net.ipv6.conf.all.forwarding" if family == "ipv6" else "net.ipv4.ip_forward"
        conf = self._conf(ids.join(namespace, iif))
        if conf is not None and (family == "ipv4" or "force_forwarding" in conf):
            return bool(conf.get("forwarding" if family == "ipv4" else "force_forwarding"))
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
        """The route that fib_lookup() finds to an address, for a packet of which no more is known."""
        flow = Flow(destination)
        return next(self._fitting(namespace, routing.MAIN_TABLE, flow), None)

    def lookup(self, namespace: str, flow: Flow) -> Decision:
        """What the rules and the routing tables of a namespace say."""
        family = "ipv6" if flow.destination.version == 6 else "ipv4"
        found = decide(self.rules(namespace, family), flow, lambda table, flow: self._fitting(namespace, table, flow))
        via = ipaddress.ip_address(found.route.via) if found.route is not None and found.route.via else None
        if found.route is None or via is None or via.version == 6 or not self.is_local(namespace, via):
            return found
        # an own address as the gateway means: on the link (rt_set_nexthop(): the scope of such a next hop is not link)
        return found._replace(route=found.route._replace(via=None))

    def down_towards(self, namespace: str, target: Address) -> AnyInterface | None:
        """An interface that is down, and that would have a route to the address if it were up."""
        return next(self._down_towards(namespace, target), None)

    def _down_towards(self, namespace: str, target: Address) -> Iterator[AnyInterface]:
        graph, inside = self.graph, list(self.graph.inside(namespace))
        for interface in inside:
            if not interface.up and any(target in ipaddress.ip_interface(a).network for a in interface.addresses):
                yield interface
        for route in graph.routes(namespace):
            dev = route.dev or (owner(graph, namespace, route.via) if route.via else None)
            through = graph.interfaces.get(ids.join(namespace, dev)) if dev else None
            if through is not None and not through.up and target in routing.network(route.to):
                yield through
        others = [i for i in inside if not i.KIND.builtin]
        # IPv6 addresses go when their interface goes down: no record tells where they were
        if others and not any(i.up for i in others):
            yield others[0]

    def is_local(self, namespace: str, address: Address, dev: str = "") -> bool:
        """Whether table local has the address: the loopback addresses, and those of its interfaces; IPv4 keeps them there while an
        interface is down (fib_add_ifaddr()). `dev`: only that one's."""
        if address.is_loopback:
            return dev in ("", "lo")
        own = (i for i in self.holders(str(address)) if i.namespace == namespace and dev in ("", i.name))
        return any(i.up or address.version == 4 for i in own)

    def is_broadcast(self, namespace: str, address: Address, dev: str = "") -> bool:
        """Whether table local has it as the broadcast address of a subnet; 255.255.255.255 is one everywhere. `dev`: only of that one's."""
        if address.version == 6:
            return False
        own = (ipaddress.ip_interface(a).network for i in self._named(namespace, dev) for a in i.addresses if ":" not in a)
        return int(address) == 0xFFFFFFFF or any(n.prefixlen < 31 and address == n.broadcast_address for n in own)

    def _named(self, namespace: str, dev: str) -> Iterator[AnyInterface]:
        return (i for i in self.graph.inside(namespace) if i.up and dev in ("", i.name))

    def _fitting(self, namespace: str, table: int, flow: Flow) -> Iterator[RouteEntry]:
        """The routes of a table that a packet could take, best first: longest prefix, those for a source or a TOS alone, least metric."""
        if table == LOCAL_TABLE:
            yield from self._added_to_local(namespace, flow)
            if self.is_local(namespace, flow.destination, flow.oif):
                text = str(flow.destination)
                source = "127.0.0.1" if text.startswith("127.") else text
                yield RouteEntry(ipaddress.ip_network(text), 0, "lo", None, source, "local", None, LOCAL_TABLE)
            return
        fitting = [
            h for h in self._hops(namespace, table)
            if h.network.version == flow.destination.version and flow.destination in h.network and h.tos in (0, flow.tos)
        ]  # fmt: skip
        found = (_leaving_by(h, flow.oif) for h in sorted(fitting, key=lambda h: (-h.network.prefixlen, not h.source, -h.tos, h.metric)))
        yield from (h for h in found if h is not None)

    def _added_to_local(self, namespace: str, flow: Flow) -> Iterator[RouteEntry]:
        """What somebody added to table local, which the kernel fills itself."""
        shown = self.live.get(ids.namespace_live(namespace))
        for row in shown.routes if isinstance(shown, NamespaceLive) else ():
            if row.table == LOCAL_TABLE and flow.destination in routing.network(row.to):
                yield self._of_row(namespace, row)

    def _hops(self, namespace: str, table: int) -> Iterator[RouteEntry]:
        shown = self.live.get(ids.namespace_live(namespace))
        if isinstance(shown, NamespaceLive) and shown.routes:
            yield from (self._of_row(namespace, row) for row in shown.routes if row.table == table)
            return
        for interface in self.graph.inside(namespace) if table == routing.MAIN_TABLE else ():
            for text in interface.addresses if interface.up else ():
                connected = ipaddress.ip_interface(text)
                yield RouteEntry(connected.network, 0, interface.name, None, str(connected.ip), "unicast", None)
        for route in self.graph.routes(namespace):
            hop = self._of_record(route)
            through = self.graph.interfaces.get(ids.join(namespace, hop.dev or ""))
            if route.table == table and (through is None or through.up):
                yield hop

    def _of_row(self, namespace: str, row: RouteRow) -> RouteEntry:
        """Of several next hops those whose interface is up."""
        legs = [Leg(h.dev, h.via) for h in row.hops if h.dev and self._is_up(namespace, h.dev)]
        dev, via = legs[0] if legs else (row.dev, row.via)
        several = tuple(legs) if len(legs) > 1 else ()
        found = RouteEntry(routing.network(row.to), row.metric, dev, via, row.src, row.type, row.record, row.table, several)
        return found._replace(tos=row.tos, source=row.source)

    def _is_up(self, namespace: str, dev: str) -> bool:
        interface = self.graph.interfaces.get(ids.join(namespace, dev))
        return interface is None or interface.up

    def _of_record(self, route: Route) -> RouteEntry:
        dev = route.dev or (owner(self.graph, route.namespace, route.via) if route.via else None)
        metric = route.metric if route.metric is not None else routing.default_metric(route.to)
        return RouteEntry(routing.network(route.to), metric, dev, route.via, route.src, route.type, route.id, route.table)

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


def _leaving_by(route: RouteEntry, oif: str) -> RouteEntry | None:
    """The route where it leaves by that interface; any does for none. Typed routes have no interface."""
    if not oif or route.type in REFUSALS or (route.dev == oif and not route.legs):
        return route
    leg = next((leg for leg in route.legs if leg.dev == oif), None)
    return route._replace(dev=leg.dev, via=leg.via, legs=()) if leg is not None else None


def _number(text: str) -> int:
    return int(text) if text.lstrip("-").isdecimal() else 0
