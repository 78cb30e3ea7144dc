"""Where a packet would go: the same hops as those of a packet that was sent, from what is known of the lab alone. Pure.

It models what Vethboard shows: interfaces, bridges, routes of table main, forwarding, rp_filter, MTU, and the chains, with the matches
and targets of `matching` and `simulate`. What it does not know is an `unknown` hop, at which it stops, or one of the journey's
`assumptions`.
"""

import errno
import ipaddress
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

from topology.journey.forwarding import MAX_ROUTERS, ForwardingView, RouteEntry
from topology.journey.hop import Cause, Journey, RuleAt, Verdict
from topology.journey.packet import Packet
from topology.journey.predicted.hooks import Hooks
from topology.journey.predicted.progress import Ended, Progress
from topology.journey.predicted.routing import Routing
from topology.journey.predicted.simulate import Simulator
from topology.journey.predicted.wire import Wire
from topology.journey.probe import Probe
from topology.model import ids
from topology.model.graph import Graph
from topology.model.records import AnyInterface, AnyRecord
from topology.observe.live import LiveRecords

_TTL = 64
"""net.ipv4.ip_default_ttl as the kernel has it."""


def predict(probe: Probe, records: Mapping[str, AnyRecord], live: LiveRecords, without: Iterable[RuleAt] = ()) -> Journey:
    """The journey that the probe would make. `without`: as if these rules were not there."""
    left_out = frozenset((r.namespace, r.family, r.table, r.chain, r.number) for r in without)
    run = _Prediction(probe, ForwardingView(Graph(records), live), left_out)
    verdict = run.verdict()
    progress = run.progress
    return Journey(probe=probe, hops=tuple(progress.hops), verdict=verdict, predicted=True, assumptions=tuple(progress.assumptions))


class _Onward(NamedTuple):
    """A packet that leaves a namespace by `dev` for the address `via`."""

    packet: Packet
    dev: str
    via: str


class _Prediction:
    """One packet and its answer."""

    def __init__(self, probe: Probe, view: ForwardingView, without: frozenset[tuple[str, str, str, str, int]]) -> None:
        self.probe, self.view = probe, view
        self.progress = Progress(probe.mark)
        self.hooks = Hooks(self.progress, Simulator(view, without, self.progress))
        self.routing = Routing(view, self.progress, probe)
        self.wire = Wire(view, self.progress, self.hooks)

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
            self.progress.leg, self.progress.mark = "reply", 0
            self._travel(end, answer)
            self.progress.leg = "original"
        return self.progress.verdict(Cause.DELIVERED, end)

    # ---- the packets -------------------------------------------------------------------------------------------------

    def _packet(self) -> Packet:
        probe, six = self.probe, self.probe.family == "ipv6"
        ttl = probe.ttl or int(self.view.sysctl(probe.namespace, "net.ipv4.ip_default_ttl") or 0) or _TTL
        protocol = ("icmpv6" if six else "icmp") if probe.protocol == "icmp" else probe.protocol
        packet = Packet(protocol=protocol, dst=probe.address, ttl=ttl, df=probe.dont_fragment, sport=probe.source_port, dport=probe.to_port)
        change = msgspec.structs.replace
        if probe.protocol == "icmp":
            packet = change(packet, type=128 if six else 8)
        if probe.protocol == "tcp":
            return change(packet, flags="S", length=80 if six else 60, df=not six)
        return change(packet, length=max(probe.size, 8) + (48 if six else 28))

    def _answer(self, ns: str, packet: Packet) -> Packet | None:
        """What comes back; None: nothing has to."""
        protocol, change = self.probe.protocol, msgspec.structs.replace
        if protocol in ("tcp", "udp"):
            self.progress.assume(f"something listens on {protocol} port {packet.dport} in {ns}")
        if protocol == "udp":
            return None
        ignores = self.view.ignores_echo(ns, packet.family) if protocol == "icmp" else ""
        if ignores:
            raise self.progress.ended(Cause.NO_ANSWER, ns, note=ignores)
        answer = change(packet, src=packet.dst, dst=packet.src, sport=packet.dport, dport=packet.sport, ttl=_TTL)
        if protocol == "tcp":
            return change(answer, flags="SA")
        return change(answer, type=129 if packet.type == 128 else 0)

    # ---- from namespace to namespace ---------------------------------------------------------------------------------

    def _travel(self, ns: str, packet: Packet) -> tuple[str, Packet]:
        """From the namespace that sends to the one that takes it: that one, and the packet as it took it."""
        onward = self._send(ns, packet)
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
        route = self.routing.lookup(ns, packet)
        if not packet.src:
            packet = msgspec.structs.replace(packet, src=self._source(ns, route, packet))
            self.progress.hops[sent] = msgspec.structs.replace(self.progress.hops[sent], packet=packet)
        dst = packet.dst
        packet = self.hooks.through(ns, "output", packet, oif=route.dev or "")
        if packet.dst != dst:
            route = self.routing.lookup(ns, packet)
        self.routing.fits(ns, packet, route.dev or "")
        return self._leave(ns, packet, route)

    def _source(self, ns: str, route: RouteEntry, packet: Packet) -> str:
        source = self.view.sender(ns, route, ipaddress.ip_address(packet.dst))
        if source is None:
            dev, note = route.dev or "", f"{ns} has no {'IPv6' if packet.family == 'ipv6' else 'IPv4'} address to send from"
            raise self.progress.ended(Cause.REFUSED, ns, errno=errno.EADDRNOTAVAIL, dev=dev, object=ids.Ref(ns, dev).id, note=note)
        return str(source)

    def _leave(self, ns: str, packet: Packet, route: RouteEntry, iif: str = "") -> _Onward:
        dev = route.dev or ""
        return _Onward(self.hooks.postrouting(ns, packet, iif, dev), dev, route.via or packet.dst)

    def _arrive(self, interface: AnyInterface, packet: Packet, again: bool) -> Packet | _Onward:
        """The packet as the namespace takes it, or how it goes on. `again`: it was in this namespace before."""
        ns, iif = interface.namespace, interface.name
        packet = self.hooks.prerouting(ns, packet, iif)
        self.routing.check_reverse_path(ns, iif, packet)
        if self.routing.is_local(ns, packet.dst):
            return self._take(ns, iif, packet)
        return self._forward(ns, iif, packet, again)

    def _take(self, ns: str, iif: str, packet: Packet) -> Packet:
        self.routing.lookup(ns, packet)
        packet = self.hooks.through(ns, "input", packet, iif=iif)
        self.progress.hop("deliver" if self.progress.leg == "original" else "receive", ns, packet=packet)
        return packet

    def _forward(self, ns: str, iif: str, packet: Packet, again: bool) -> _Onward:
        holders = self.view.holders(packet.dst)
        own = [i for i in holders if i.namespace == ns]
        if own and not any(i.up for i in holders):
            raise self.progress.ended(Cause.INTERFACE_DOWN, ns, dev=own[0].name, address=packet.dst, object=own[0].id)
        if not self.view.is_forwarding(ns, packet.family):
            raise self.progress.ended(Cause.NOT_FORWARDED, ns, dev=iif, address=packet.dst)
        less = msgspec.structs.replace(packet, ttl=packet.ttl - 1)
        route = self.routing.lookup(ns, packet, after=less if packet.ttl > 1 else None)
        if packet.ttl <= 1:
            raise self.progress.ended(Cause.TTL_EXCEEDED, ns, dev=iif, note="there is a routing loop" if again else "")
        self.routing.fits(ns, less, route.dev or "")
        packet = self.hooks.through(ns, "forward", less, iif=iif, oif=route.dev or "")
        return self._leave(ns, packet, route, iif)

    # ---- ARP ---------------------------------------------------------------------------------------------------------

    def _neighbour_request(self) -> Verdict:
        """An ARP request, or a neighbour solicitation: out, over the segment, and back."""
        probe = self.probe
        ref = ids.join(probe.namespace, probe.dev)
        packet = Packet(protocol="arp", src=probe.sender, dst=probe.address, type=1)
        self.progress.hop("send", probe.namespace, packet=packet, at=0)
        if ref in self.view.graph.interfaces:
            self.wire.dropped(self.view.graph.interfaces[ref], packet)
        for interface in self.wire.on_segment(ref, probe.address):
            wire = self.view.wire(ref, interface.ref, free=True)
            if wire is not None:
                self.wire.along(wire, packet, "")
                self.progress.hop("deliver", interface.namespace, packet=packet)
                return self.progress.verdict(Cause.DELIVERED, interface.namespace)
        return self.progress.verdict(
            Cause.NEIGHBOUR_SILENT, probe.namespace, dev=probe.dev, address=probe.address, object=ids.interface(ref)
        )
