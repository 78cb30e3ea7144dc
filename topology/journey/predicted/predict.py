"""Where a packet would go: the same hops as those of a packet that was sent, from what is known of the lab alone. Pure.

It models what Vethboard shows: interfaces, bridges and what their ports are set to, ARP and neighbour discovery, tunnels' outer packets,
the rules of `ip rule` and all routing tables, forwarding, rp_filter, MTUs, connection tracking, and the chains with the matches and
targets of `extensions` and `targets`. What it does not know is an `unknown` hop, at which it stops, or one of the journey's `assumptions`.
"""

import errno
import ipaddress
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

from topology.journey.fib import Decision, RouteEntry
from topology.journey.forwarding import MAX_ROUTERS, ForwardingView, takes
from topology.journey.hop import Cause, Journey, RuleAt, Verdict
from topology.journey.packet import Packet
from topology.journey.predicted.hooks import Hooks
from topology.journey.predicted.neighbour import Neighbours
from topology.journey.predicted.progress import Ended, Progress
from topology.journey.predicted.routing import NO_ADDRESS, Routing
from topology.journey.predicted.segment import Segments, underlay
from topology.journey.predicted.simulate import Simulator
from topology.journey.predicted.wire import Wire
from topology.journey.probe import Probe
from topology.model import ids
from topology.model.graph import Graph
from topology.model.records import AnyInterface, AnyRecord
from topology.observe.live import LiveRecords

Known = Mapping[tuple[str, str], str]
NOTHING_KNOWN: Known = {}
_TTL = 64
"""net.ipv4.ip_default_ttl as the kernel has it."""
_TUNNELS = 4
"""Tunnels in tunnels at most."""


def predict(
    probe: Probe, records: Mapping[str, AnyRecord], live: LiveRecords, without: Iterable[RuleAt] = (), known: Known = NOTHING_KNOWN
) -> Journey:
    """The journey that the probe would make. `without`: as if these rules were not there. `known`: MAC addresses that are not asked for, by
    the interface (`ns/name`) and the address of the next hop."""
    left_out = frozenset((r.namespace, r.family, r.table, r.chain, r.number) for r in without)
    run = _Prediction(probe, ForwardingView(Graph(records), live), left_out, known)
    verdict = run.verdict()
    progress = run.progress
    return Journey(probe=probe, hops=tuple(progress.hops), verdict=verdict, predicted=True, assumptions=tuple(progress.assumptions))


def predict_ping(probe: Probe, records: Mapping[str, AnyRecord], live: LiveRecords) -> Journey:
    """The journey of what ping(8) sends: a packet that its own interface lets through whole must not be fragmented on its way either
    (IP_PMTUDISC_WANT, ip(7))."""
    journey = predict(probe, records, live)
    if not journey.verdict.delivered or probe.family == "ipv6":
        return journey
    whole = predict(msgspec.structs.replace(probe, dont_fragment=True), records, live)
    on_its_way = whole.verdict.cause == Cause.TOO_BIG and not whole.verdict.errno
    return whole if on_its_way else journey


class _Onward(NamedTuple):
    """A packet that leaves a namespace by `dev` for the address `via`."""

    packet: Packet
    dev: str
    via: str


class _Prediction:
    """One packet and its answer."""

    def __init__(self, probe: Probe, view: ForwardingView, without: frozenset[tuple[str, str, str, str, int]], known: Known) -> None:
        self.probe, self.view = probe, view
        self.progress = Progress(probe.mark)
        simulator = Simulator(view, without, self.progress)
        self.hooks = Hooks(view, self.progress, simulator, view.picked_ports(probe.namespace))
        self.routing, self.segments = Routing(view, self.progress, probe), Segments(view)
        neighbours = Neighbours(view, self.progress, self.routing, self.segments, known)
        self.wire = Wire(view, self.progress, self.hooks, neighbours, self.segments, self._outer)
        self._tunnelled = 0

    def verdict(self) -> Verdict:
        """Of the packet and its answer."""
        try:
            return self._neighbour_request() if self.probe.protocol == "arp" else self._round_trip()
        except Ended as ended:
            return self._with_owner(ended.verdict)

    def _with_owner(self, verdict: Verdict) -> Verdict:
        """A packet for an address of an interface that is down strays: whose address it is says more than where it is lost."""
        holders = self.view.holders(self.probe.address)
        if not holders or verdict.note or verdict.leg == "reply" or any(i.up or i.id == verdict.object for i in holders):
            return verdict
        return msgspec.structs.replace(verdict, note=f"{holders[0].ref} has {self.probe.address}, and is down")

    def _round_trip(self) -> Verdict:
        end, packet = self._travel(self.probe.namespace, self._packet())
        answer = self._answer(end, packet)
        if answer is not None:
            self.progress.answer()
            taken, answer = self._travel(end, answer)
            self._check_taken(taken, answer)
            self.progress.leg = "original"
        return self.progress.verdict(Cause.DELIVERED, end)

    # ---- the packets -------------------------------------------------------------------------------------------------

    def _packet(self) -> Packet:
        probe, six = self.probe, self.probe.family == "ipv6"
        ttl = probe.ttl or self._ttl(probe.namespace, six)
        protocol = ("icmpv6" if six else "icmp") if probe.protocol == "icmp" else probe.protocol
        packet = Packet(
            protocol=protocol, src=probe.source_address, dst=probe.address, ttl=ttl, tos=probe.tos, df=probe.dont_fragment,
            sport=probe.source_port, dport=probe.to_port,
        )  # fmt: skip
        change = msgspec.structs.replace
        if probe.protocol == "icmp":
            packet = change(packet, type=128 if six else 8)
        if probe.protocol == "tcp":
            return change(packet, flags="S", length=80 if six else 60, df=not six)
        return change(packet, length=max(probe.size, 8) + (48 if six else 28))

    def _ttl(self, ns: str, six: bool) -> int:
        """Of what a namespace itself sends, where nobody says another."""
        own = self.view.sysctl(ns, "net.ipv4.ip_default_ttl") if not six else ""
        return int(own or 0) or _TTL

    def _answer(self, ns: str, packet: Packet) -> Packet | None:
        """What comes back; None: nothing has to."""
        protocol, change = self.probe.protocol, msgspec.structs.replace
        ttl = self._ttl(ns, packet.family == "ipv6")
        answer = change(packet, src=packet.dst, dst=packet.src, sport=packet.dport, dport=packet.sport, ttl=ttl, df=protocol == "tcp")
        if protocol in ("tcp", "udp"):
            self._check_listening(ns, packet, answer)
        if protocol == "udp":
            return None
        ignores = self.view.ignores_echo(ns, packet.family) if protocol == "icmp" else ""
        if ignores:
            raise self.progress.ended(Cause.NO_ANSWER, ns, note=ignores)
        if protocol == "tcp":
            return change(answer, flags="SA")
        return change(answer, type=129 if packet.type == 128 else 0)

    def _check_listening(self, ns: str, packet: Packet, answer: Packet) -> None:
        """Raises Ended where it is known that nobody listens; of TCP a RST says so, where it has a way back."""
        if ns == self.probe.namespace and self._is_own(packet):
            return
        protocol, port, sockets = packet.protocol, packet.dport, self.view.sockets(ns)
        if sockets is None:
            self.progress.assume(f"something listens on {protocol} port {port} in {ns}")
            return
        taking = {takes(socket, protocol, packet.dst, port) for socket in sockets}
        if not taking & {True, None}:
            if protocol == "tcp":
                self._check_way_back(ns, answer)
            raise self.progress.ended(Cause.NOBODY_LISTENS, ns, note=str(port))
        if True not in taking:
            self.progress.assume(f"the socket of {ns} at {protocol} port {port} of IPv6 takes IPv4 too (IPV6_V6ONLY is off)")

    def _is_own(self, packet: Packet) -> bool:
        """Whether it is for the very socket that sent it: bound to the port that it sends to, and connected to itself."""
        return (packet.dport, packet.src, packet.sport) == (self.probe.source_port, self.probe.address, self.probe.to_port)

    def _check_way_back(self, ns: str, answer: Packet) -> None:
        """Raises Ended where there is no route for it."""
        leg = self.progress.leg
        self.progress.leg = "reply"
        found = self.routing.decide(ns, self.routing.flow(ns, answer))
        if found.route is None or found.errno:
            self.routing.follow(ns, answer, found)
        self.progress.leg = leg

    def _check_taken(self, taken: str, answer: Packet) -> None:
        """Raises Ended where the answer does not come to the socket that waits for it."""
        ns, dev, came = self.probe.namespace, self.probe.dev, self.progress.came_by
        note = f"{taken} has {answer.dst} too, and took the answer" if taken != ns else ""
        if taken == ns and dev and came not in (dev, "lo"):
            note = f"the answer came in at {came}, and the socket that waits for it is bound to {dev}"
        if not note and answer.protocol == "tcp" and answer.src != self.probe.address:
            note = f"the answer came from {answer.src}, and the socket waits for one from {self.probe.address}"
        if note:
            raise self.progress.ended(Cause.ANSWER_NOT_TAKEN, taken, dev=came, note=note)

    # ---- from namespace to namespace ---------------------------------------------------------------------------------

    def _travel(self, ns: str, packet: Packet) -> tuple[str, Packet]:
        """From the namespace that sends to the one that takes it: that one, and the packet as it took it."""
        return self._carry(ns, self._send(ns, packet))

    def _carry(self, ns: str, onward: _Onward) -> tuple[str, Packet]:
        visited = {ns}
        for _ in range(MAX_ROUTERS):
            interface = self.wire.cross(ns, onward.dev, onward.via, onward.packet)
            ns = interface.namespace
            arrived = self._arrive(interface, onward.packet, again=ns in visited)
            if isinstance(arrived, Packet):
                return ns, arrived
            visited.add(ns)
            onward = arrived
        raise self.progress.ended(Cause.TTL_EXCEEDED, ns, note="there is a routing loop")

    def _send(self, ns: str, packet: Packet) -> _Onward:
        first = self.progress.leg == "original"
        sent = len(self.progress.hops)
        self.progress.hop("send" if first else "answer", ns, packet=packet, at=0 if first else None)
        self._refuse_groups(ns, packet)
        self._check_bound(ns, packet)
        found = self.routing.decide(ns, self.routing.flow(ns, packet))
        packet, found = self._with_source(ns, packet, found)
        self.progress.hops[sent] = msgspec.structs.replace(self.progress.hops[sent], packet=packet)
        self.routing.check_loopback(ns, packet, found.route)
        route = self.routing.follow(ns, packet, found)
        before, mark, dev = packet, self.progress.mark, route.dev or ""
        if packet.df:  # refused before any rule sees it (ip_append_data())
            self.routing.fits(ns, packet, dev, router=False)
        packet = self.hooks.through(ns, "output", packet, oif=dev)
        if (packet.dst, packet.tos) != (before.dst, before.tos) or self.progress.mark != mark:
            route = self._reroute(ns, before, packet, route)
        self.routing.fits(ns, packet, route.dev or "", router=False)
        return self._leave(ns, packet, route)

    def _check_bound(self, ns: str, packet: Packet) -> None:
        """Raises Ended where the socket is bound to an interface that is down: no route is looked up then."""
        bound = self.view.graph.interfaces.get(ids.join(ns, self.probe.dev)) if self.progress.leg == "original" else None
        if bound is not None and not bound.up:
            self._check_any_address(ns, packet, Decision(None))
            number = errno.ENETUNREACH
            raise self.progress.ended(Cause.INTERFACE_DOWN, ns, errno=number, dev=bound.name, address=packet.dst, object=bound.id)

    def _refuse_groups(self, ns: str, packet: Packet) -> None:
        """What is not for one receiver."""
        target = ipaddress.ip_address(packet.dst)
        bound = self.probe.dev if self.progress.leg == "original" else ""
        if self.view.is_broadcast(ns, target) and not self.view.is_broadcast(ns, target, bound):
            note = f"{packet.dst} is a broadcast address, and not of {bound}: whom it reaches is not predicted"
            raise self.progress.ended(Cause.UNKNOWN, ns, address=packet.dst, note=note)
        if self.view.is_broadcast(ns, target):
            number = errno.ENETUNREACH if packet.protocol == "tcp" else errno.EACCES
            note = f"{packet.dst} is a broadcast address"
            raise self.progress.ended(Cause.REFUSED, ns, errno=number, address=packet.dst, note=note)
        if target.is_multicast:
            note = f"{packet.dst} is a multicast address: whom it reaches is not predicted"
            raise self.progress.ended(Cause.UNKNOWN, ns, address=packet.dst, note=note)

    def _with_source(self, ns: str, packet: Packet, found: Decision) -> tuple[Packet, Decision]:
        """With the source that the kernel chooses; connect(2) then looks the route up once more, with it (ip_route_connect())."""
        if packet.src or found.route is None or found.errno:
            self._check_any_address(ns, packet, found)
            return packet, found
        packet = msgspec.structs.replace(packet, src=self._source(ns, found.route, packet))
        again = self.routing.decide(ns, self.routing.flow(ns, packet))
        if packet.protocol in ("tcp", "udp"):
            return packet, again
        if (again.errno, again.route and again.route[:4]) != (found.errno, found.route[:4]):
            self.progress.assume(f"its socket is not bound to {packet.src}, for which {ns} has another route (ping(8) looks that up first)")
        return packet, found

    def _check_any_address(self, ns: str, packet: Packet, found: Decision) -> None:
        """Raises Ended where there is neither a route nor any IPv6 address: the latter is what the kernel then complains of
        (ip6_dst_lookup_tail())."""
        inside = list(self.view.graph.inside(ns))
        if packet.src or found.unknown or packet.family == "ipv4" or not all(self.view.is_told(i.ref) for i in inside):
            return
        if not any(":" in a for i in inside for a in self.view.addresses(i)):
            note = f"{ns} has no IPv6 address to send from"
            raise self.progress.ended(Cause.REFUSED, ns, errno=errno.EADDRNOTAVAIL, note=note)

    def _reroute(self, ns: str, before: Packet, packet: Packet, route: RouteEntry) -> RouteEntry:
        """After a rule in OUTPUT changed what routing depends on (ip_route_me_harder())."""
        found = self.routing.decide(ns, self.routing.flow(ns, packet, ports=False))
        self.routing.check_loopback(ns, packet, found.route)
        same = found.route is not None and (found.route.dev, found.route.via) == (route.dev, route.via)
        return route if same and packet.dst == before.dst else self.routing.follow(ns, packet, found)

    def _source(self, ns: str, route: RouteEntry, packet: Packet) -> str:
        source = self.view.sender(ns, route, ipaddress.ip_address(packet.dst))
        if source is None and packet.family == "ipv4":
            return NO_ADDRESS
        if source is None:
            dev, note = route.dev or "", f"{ns} has no IPv6 address to send from"
            raise self.progress.ended(Cause.REFUSED, ns, errno=errno.EADDRNOTAVAIL, dev=dev, object=ids.Ref(ns, dev).id, note=note)
        return str(source)

    def _leave(self, ns: str, packet: Packet, route: RouteEntry, iif: str = "") -> _Onward:
        dev = route.dev or ""
        return _Onward(self.hooks.through(ns, "postrouting", packet, iif, dev), dev, route.via or packet.dst)

    def _arrive(self, interface: AnyInterface, packet: Packet, again: bool) -> Packet | _Onward:
        """The packet as the namespace takes it, or how it goes on. `again`: it was in this namespace before."""
        ns, iif = interface.namespace, interface.name
        packet = self.hooks.through(ns, "prerouting", packet, iif=iif)
        self.routing.check_martian(ns, iif, packet)
        flow = self.routing.flow(ns, packet, iif)
        found = self.routing.decide(ns, flow)
        if found.route is not None and found.route.type == "local":
            self.routing.check_source(ns, iif, packet)
            return self._take(ns, iif, packet, found)
        return self._forward(ns, iif, packet, again)

    def _take(self, ns: str, iif: str, packet: Packet, found: Decision) -> Packet:
        self.routing.follow(ns, packet, found)
        self.progress.piece = 0
        packet = self.hooks.through(ns, "input", packet, iif=iif)
        self.progress.came_by = iif
        self.progress.hop("deliver" if self.progress.leg == "original" else "receive", ns, packet=packet)
        return packet

    def _forward(self, ns: str, iif: str, packet: Packet, again: bool) -> _Onward:
        self._check_forwarding(ns, iif, packet)
        less = msgspec.structs.replace(packet, ttl=packet.ttl - 1)
        route = self.routing.lookup(ns, packet, self.routing.flow(ns, packet, iif), after=less if packet.ttl > 1 else None)
        self.routing.check_source(ns, iif, packet)
        if packet.ttl <= 1:
            raise self.progress.ended(Cause.TTL_EXCEEDED, ns, dev=iif, note="there is a routing loop" if again else "")
        self.routing.fits(ns, less, route.dev or "", router=True)
        packet = self.hooks.through(ns, "forward", less, iif=iif, oif=route.dev or "")
        return self._leave(ns, packet, route, iif)

    def _check_forwarding(self, ns: str, iif: str, packet: Packet) -> None:
        """Raises Ended where the namespace is no router for this packet."""
        holders = self.view.holders(packet.dst)
        own = [i for i in holders if i.namespace == ns]
        if own and not any(i.up for i in holders):
            raise self.progress.ended(Cause.INTERFACE_DOWN, ns, dev=own[0].name, address=packet.dst, object=own[0].id)
        if self.view.is_broadcast(ns, ipaddress.ip_address(packet.dst)):
            note = f"{packet.dst} is a broadcast address in {ns}: what answers is not predicted"
            raise self.progress.ended(Cause.UNKNOWN, ns, dev=iif, address=packet.dst, note=note)
        if not self.view.is_forwarding(ns, packet.family, iif):
            self._routed6(ns, iif, packet)
            raise self.progress.ended(Cause.NOT_FORWARDED, ns, dev=iif, address=packet.dst)
        if packet.family == "ipv6" and ipaddress.ip_address(packet.src).is_link_local:
            note = f"a router does not forward what comes from the link-local address {packet.src}"
            raise self.progress.ended(Cause.NO_ROUTE, ns, dev=iif, address=packet.dst, note=note)

    def _routed6(self, ns: str, iif: str, packet: Packet) -> None:
        """IPv6 looks the route up before it looks whether it forwards (ip6_forward()); for IPv4 that is part of the lookup."""
        found = self.routing.decide(ns, self.routing.flow(ns, packet, iif)) if packet.family == "ipv6" else Decision(None)
        if found.route is not None and not found.errno and not found.unknown:
            self.routing.follow(ns, packet, found)

    # ---- tunnels -----------------------------------------------------------------------------------------------------

    def _outer(self, tunnel: AnyInterface, other: AnyInterface, to: str, inner: Packet) -> None:
        """The outer packet of a vxlan, in the namespace of its underlay. Raises Ended where it does not come to the other end."""
        space, there = underlay(tunnel), underlay(other)
        if ipaddress.ip_address(to).is_multicast:
            self.progress.assume(f"the group {to} reaches {other.ref}")
            return
        if self._tunnelled > _TUNNELS:
            raise self.progress.ended(Cause.UNKNOWN, space, object=tunnel.id, note="tunnels in tunnels are not predicted")
        overhead = tunnel.KIND.mtu.overhead(tunnel)
        length = (inner.length if inner.protocol == "arp" else self.progress.piece or inner.length) + overhead
        source, port, ttl = (getattr(tunnel, name, None) for name in ("local", "dstport", "ttl"))
        outer = Packet(protocol="udp", src=source or "", dst=to, dport=port or 0, ttl=ttl or self._ttl(space, ":" in to), length=length)
        self._tunnelled += 1
        before = self.progress.set_aside()
        try:
            taken, _ = self._carry(space, self._send_outer(space, tunnel, outer))
        except Ended as ended:
            self.progress.take_up(before)
            raise Ended(self._about_outer(ended.verdict, tunnel)) from None
        if taken != there:
            note = f"the outer packet of {tunnel.ref} came to {taken}, not to {there}"
            raise self.progress.ended(Cause.UNKNOWN, taken, object=tunnel.id, note=note)
        self._tunnelled -= 1
        self.progress.take_up(before)

    def _about_outer(self, verdict: Verdict, tunnel: AnyInterface) -> Verdict:
        note = f"the outer packet of {tunnel.ref}" + (f": {verdict.note}" if verdict.note else "")
        return msgspec.structs.replace(verdict, note=note, hop=len(self.progress.hops) - 1)

    def _send_outer(self, ns: str, tunnel: AnyInterface, packet: Packet) -> _Onward:
        parent = ids.name_of(tunnel.lower) if tunnel.lower is not None else ""
        flow = self.routing.flow(ns, packet, ports=False)._replace(oif=parent, protocol=17, mark=0)
        route = self.routing.follow(ns, packet, self.routing.decide(ns, flow))
        if not packet.src:
            packet = msgspec.structs.replace(packet, src=self._source(ns, route, packet))
        packet = self.hooks.through(ns, "output", packet, oif=route.dev or "", kernels=True)
        self.routing.fits(ns, packet, route.dev or "", router=False)
        return self._leave(ns, packet, route)

    # ---- ARP ---------------------------------------------------------------------------------------------------------

    def _neighbour_request(self) -> Verdict:
        """An ARP request, or a neighbour solicitation: out, over the segment, and back."""
        probe = self.probe
        ref = ids.join(probe.namespace, probe.dev)
        packet = Packet(protocol="arp", src=probe.sender, dst=probe.address, type=1)
        self.progress.hop("send", probe.namespace, packet=packet, at=0)
        if ref in self.view.graph.interfaces:
            self.wire.dropped(self.view.graph.interfaces[ref], packet)
            found = self.wire.ask(ref, packet)
            self.progress.hop("deliver", found.namespace, packet=packet)
            return self.progress.verdict(Cause.DELIVERED, found.namespace)
        return self.progress.verdict(
            Cause.NEIGHBOUR_SILENT, probe.namespace, dev=probe.dev, address=probe.address, object=ids.interface(ref)
        )
