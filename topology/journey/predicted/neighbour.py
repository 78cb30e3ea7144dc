"""The neighbour that a predicted packet is sent to: who answers the ARP request or the neighbour solicitation, and why nobody does."""

import ipaddress
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import NamedTuple

from topology.journey.fib import Flow
from topology.journey.forwarding import ForwardingView, Hindrance
from topology.journey.hop import Cause
from topology.journey.packet import SOLICITATION, Packet
from topology.journey.predicted.progress import Ended, Progress
from topology.journey.predicted.routing import Routing
from topology.journey.predicted.segment import Cast, Segments
from topology.journey.predicted.vlans import VlanFilters
from topology.model import ids
from topology.model.records import AnyInterface, Neighbour, is_bridge
from topology.observe.live import NamespaceLive

_CACHED = frozenset(("reachable", "stale", "delay", "probe"))
"""States of an entry that is used without asking first."""


class Found(NamedTuple):
    """The interface that the frame goes to, the interfaces up to there, and its MAC. `asked` False: nobody had to be asked."""

    interface: AnyInterface
    path: list[str]
    mac: str
    asked: bool


class Neighbours:
    """Asks as the kernel of a namespace would. What is not found is raised as `Ended`."""

    def __init__(
        self, view: ForwardingView, progress: Progress, routing: Routing, segments: Segments, known: Mapping[tuple[str, str], str]
    ) -> None:
        self._view, self._progress, self._routing, self._segments, self._known = view, progress, routing, segments, known
        self._learned: dict[tuple[str, str], AnyInterface] = {}
        """The interface by the own one and the address: who asks is learned by whom it asks."""

    def resolve(self, ref: str, via: str, packet: Packet) -> Found:
        """Who gets a frame for the next hop `via`."""
        fixed = next((r for r in self._view.graph.using(ref) if isinstance(r, Neighbour) and r.address == via), None)
        if fixed is not None:
            return self._fixed(ref, fixed)
        mac = self._known.get((ref, via))
        known = self._at(ref, mac) if mac else None
        if known is not None:
            return known
        learned = self._learned.get((ref, via))
        path = self._segments.path(ref, learned.ref, "unicast") if learned is not None else None
        if learned is not None and path is not None:
            return Found(learned, path, self._view.mac(learned.ref), False)
        if not self._view.asks(ref):
            raise self._without_arp(ref, via)
        if ":" in via and not self._can_solicit(ref, packet):
            ns, dev = ids.Ref.parse(ref)
            note = f"{ref} has no link-local address to ask with"
            raise self._progress.ended(Cause.NEIGHBOUR_SILENT, ns, dev=dev, address=via, object=ids.interface(ref), note=note)
        return self.ask(ref, via, self._sender(ref, via, packet))

    def _can_solicit(self, ref: str, packet: Packet) -> bool:
        """A solicitation comes from the packet's source, where that is the interface's own, else from its link-local address
        (ndisc_solicit()). Records alone do not say whether it has one."""
        own = [ipaddress.ip_interface(a).ip for a in self._view.addresses(self._view.graph.interfaces[ref])]
        return not self._view.is_told(ref) or packet.src in map(str, own) or any(a.version == 6 and a.is_link_local for a in own)

    def _without_arp(self, ref: str, via: str) -> Ended:
        """What an interface without ARP sends has its own MAC address for destination (arp_constructor()): nobody takes that."""
        ns, dev = ids.Ref.parse(ref)
        segment = (self._view.graph.interfaces[other] for other in sorted(self._view.graph.segments.get(ref, ())))
        for port in (other for other in segment if other.port.hairpin):
            self._progress.assume(f"{port.ref}, which is set to hairpin, does not send it back")
        note = f"{ref} is set to arp off: it asks for no MAC address, and its frames are for nobody"
        return self._progress.ended(Cause.NEIGHBOUR_SILENT, ns, dev=dev, address=via, object=ids.interface(ref), note=note)

    def _fixed(self, ref: str, entry: Neighbour) -> Found:
        """A permanent entry: the frame goes to whoever has that MAC address."""
        found = self._at(ref, entry.mac)
        if found is not None:
            return found
        ns, dev = ids.Ref.parse(ref)
        known = next((i for i in self._view.holders(entry.address) if not self._view.mac(i.ref)), None)
        if known is not None and (path := self._segments.path(ref, known.ref, "unicast")):
            return Found(known, path, entry.mac, False)  # a document does not say the MAC addresses that the kernel will choose
        for interface in self._having(ref, entry.mac):
            stopped = self._segments.obstacle(self._segments.path(ref, interface.ref, "unicast", free=False) or [], "unicast")
            if stopped is not None:
                raise self._ended(stopped)
        note = f"a permanent neighbour entry says {entry.mac}, which no interface on this segment has"
        raise self._progress.ended(Cause.NEIGHBOUR_SILENT, ns, dev=dev, address=entry.address, object=entry.id, note=note)

    def _having(self, ref: str, mac: str) -> Iterator[AnyInterface]:
        return (interface for interface in self._segment(ref) if self._view.mac(interface.ref) == mac)

    def _at(self, ref: str, mac: str) -> Found | None:
        """Who gets frames for this MAC address without having been asked."""
        for interface in self._having(ref, mac):
            if (path := self._segments.path(ref, interface.ref, "unicast")) is not None:
                return Found(interface, path, mac, False)
        return None

    # ---- the request -------------------------------------------------------------------------------------------------

    def ask(self, ref: str, via: str, sender: str) -> Found:
        """Who answers a request of `sender` for `via`. Raises Ended where nobody does."""
        cast: Cast = "multicast" if ":" in via else "broadcast"
        answering = [i for i in self._segment(ref) if not self._silence(i, via, sender)]
        reached = [(i, path) for i in answering if (path := self._segments.path(ref, i.ref, cast)) is not None]
        if not reached:
            return self._cached(ref, via) or self._blame(ref, via, sender, answering, cast)
        heard = [one for one in reached if self._segments.path(one[0].ref, ref, "unicast") is not None]
        if not heard:
            self._unicast(reached[0][0].ref, self._view.graph.interfaces[ref], cast)
        (found, path), others = (heard or reached)[0], [i for i, _ in heard[1:]]
        others = [i for i in others if i.namespace != found.namespace]
        if others:
            self._progress.assume(f"{found.ref} answers for {via} sooner than {others[0].ref}")
        self._check_reflected(ref, via, path)
        self._check_entry6(ref, via, found, sender)
        self._unicast(ref, found, cast)
        self._learned[found.ref, sender] = self._view.graph.interfaces[ref]
        return Found(found, path, self._view.mac(found.ref), True)

    def _check_entry6(self, ref: str, via: str, found: AnyInterface, sender: str) -> None:
        """An advertisement goes to the MAC address that the neighbour entry of who answers says, an ARP reply to who asked. Raises Ended
        where a permanent entry says another one."""
        fixed = (r for r in self._view.graph.using(found.ref) if isinstance(r, Neighbour) and r.address == sender)
        entry = next((r for r in fixed if ":" in via and self._view.mac(ref) not in ("", r.mac)), None)
        if entry is not None:
            ns, dev = ids.Ref.parse(ref)
            note = f"{found.ref} answers {sender} at {entry.mac}, as its permanent neighbour entry says"
            raise self._progress.ended(Cause.NEIGHBOUR_SILENT, ns, dev=dev, address=via, object=entry.id, note=note)

    def _check_reflected(self, ref: str, via: str, path: list[str]) -> None:
        """A port with hairpin that leads to another bridge sends that the request back: it learns the sender's MAC address where the sender
        is not, and drops the answer. Raises Ended where that comes before the answer."""
        graph = self._view.graph
        if is_bridge(graph.interfaces[ref]):
            return  # a bridge does not learn its own address
        for port in (graph.interfaces[other] for other in sorted(graph.segments.get(ref, ()))):
            peer = graph.peer(port.ref)
            if not (port.port.hairpin and port.master and peer is not None and peer.master and peer.port.learning):
                continue
            back = f"{port.ref} is set to hairpin and sends {peer.master} its own frames back"
            if (peer.ref, port.ref) in pairwise(path):
                note = f"{back}: {peer.master} then looks for the sender at {peer.name}"
                ns, dev = ids.Ref.parse(ref)
                raise self._progress.ended(Cause.NEIGHBOUR_SILENT, ns, dev=dev, address=via, object=port.id, note=note)
            self._progress.assume(f"{back}, but later than the answer comes")

    def _unicast(self, ref: str, found: AnyInterface, cast: Cast) -> None:
        """A frame to one MAC address, and so the answer, may be stopped where a request to all is not."""
        path = self._segments.path(ref, found.ref, cast) or self._segments.path(ref, found.ref, cast, free=False) or []
        stopped = self._segments.obstacle(path, "unicast")
        if stopped is not None:
            raise self._ended(stopped)

    def _sender(self, ref: str, via: str, packet: Packet) -> str:
        """The address that it asks with: the packet's source, where that is one of its own (arp_solicit(), arp_announce 0)."""
        ns, _ = ids.Ref.parse(ref)
        announce = self._view.setting(ref, "arp_announce")
        if packet.src and announce == 0 and self._view.is_local(ns, ipaddress.ip_address(packet.src)):
            return packet.src
        interface = self._view.graph.interfaces[ref]
        own = [a for text in self._view.addresses(interface) if (a := ipaddress.ip_interface(text)).version == (6 if ":" in via else 4)]
        own.sort(key=lambda a: ipaddress.ip_address(via) not in a.network)
        return str(own[0].ip) if own else packet.src

    def _segment(self, ref: str) -> Iterator[AnyInterface]:
        """The other interfaces of the segment that take frames themselves: a bridge's port does not."""
        graph = self._view.graph
        for other in sorted(graph.segments.get(ref, ())):
            interface = graph.interfaces[other]
            if other != ref and (interface.master is None or graph.master(interface) is None):
                yield interface

    def _silence(self, interface: AnyInterface, target: str, sender: str) -> str:
        """Why an interface that gets the request does not answer; empty where it does."""
        if not interface.up or interface.KIND.drops:
            return f"{interface.ref} is down" if not interface.up else f"{interface.ref} answers nothing"
        if not self._view.asks(interface.ref):
            return f"{interface.ref} is set to arp off: it answers nothing"
        return self._silence6(interface, target) if ":" in target else self._silence4(interface, target, sender)

    def _silence6(self, interface: AnyInterface, target: str) -> str:
        """A solicitation is answered for the interface's own addresses (ndisc_recv_ns())."""
        own = {ids.ip_of(a) for a in self._view.addresses(interface)}
        if target in own or self._is_proxy6(interface, target):
            return ""
        return f"{interface.ref} does not have {target}"

    def _is_proxy6(self, interface: AnyInterface, target: str) -> bool:
        """proxy_ndp: a router answers for the addresses of its proxy entries."""
        view, ns, all_key = self._view, interface.namespace, "net.ipv6.conf.all.proxy_ndp"
        if not view.is_proxied(interface.ref, target) or not view.is_forwarding(ns, "ipv6", interface.name):
            return False
        return bool(view.own_setting(interface.ref, "proxy_ndp")) or view.sysctl(ns, all_key) != "0"

    def _silence4(self, interface: AnyInterface, target: str, sender: str) -> str:
        """A request is answered for each address of the namespace, on whichever interface that is (arp_process())."""
        view, ref, ns, address = self._view, interface.ref, interface.namespace, ipaddress.ip_address(target)
        if address.is_loopback and not view.setting(ref, "route_localnet"):
            return f"{ref} does not answer for {target}: route_localnet is 0"
        if sender and self._routing.refuses_source(ns, interface.name, sender):
            return f"{ref} does not take requests from {sender}: that is not reached by it"
        if not view.is_local(ns, address):
            return self._no_proxy(interface, target, sender)
        ignore, own = view.setting(ref, "arp_ignore"), [a for a in interface.addresses if ids.ip_of(a) == target]
        if ignore == 8 or (ignore in (1, 2) and not own):
            return f"{ref} does not answer for {target}: arp_ignore is {ignore}"
        if ignore == 2 and sender and ipaddress.ip_address(sender) not in ipaddress.ip_interface(own[0]).network:
            return f"{ref} does not answer {sender}, which is not in its subnet: arp_ignore is 2"
        if view.setting(ref, "arp_filter") and sender and self._out(ns, sender, target) != interface.name:
            return f"{ref} does not answer {sender}, which is not reached by it: arp_filter is 1"
        return ""

    def _no_proxy(self, interface: AnyInterface, target: str, sender: str) -> str:
        """proxy_arp, or a proxy entry: it answers for what it would forward by another interface."""
        view, ns = self._view, interface.namespace
        proxy = view.setting(interface.ref, "proxy_arp") or view.is_proxied(interface.ref, target)
        if not proxy or not view.is_forwarding(ns, "ipv4", interface.name):
            return f"{interface.ref} does not have {target}"
        out = self._out(ns, target, sender, interface.name)
        return "" if out not in ("", interface.name) else f"{interface.ref} has no way to {target} but by itself"

    def _out(self, ns: str, target: str, source: str, iif: str = "lo") -> str:
        """The interface by which a namespace reaches an address; empty for none."""
        flow = Flow(ipaddress.ip_address(target), ipaddress.ip_address(source) if source else None, iif)
        route = self._view.lookup(ns, flow).route
        return route.dev or "" if route is not None and route.type == "unicast" else ""

    # ---- nobody answers ----------------------------------------------------------------------------------------------

    def _cached(self, ref: str, via: str) -> Found | None:
        """An entry that the kernel has from before."""
        ns, dev = ids.Ref.parse(ref)
        shown = self._view.live.get(ids.namespace_live(ns))
        rows = shown.neighbours if isinstance(shown, NamespaceLive) else ()
        row = next((r for r in rows if (r.dev, r.address) == (dev, via) and r.state in _CACHED), None)
        found = self._at(ref, row.mac) if row is not None else None
        if found is not None:
            self._progress.assume(f"{ref} still knows the MAC address of {via}")
        return found

    def _blame(self, ref: str, via: str, sender: str, answering: list[AnyInterface], cast: Cast) -> Found:
        """Raises Ended: what is in the way of who would answer, else why nobody does."""
        graph, (ns, dev) = self._view.graph, ids.Ref.parse(ref)
        owners = [i for i in self._view.holders(via) if i.ref != ref]
        beside = [i for i in owners if i.ref in graph.segments.get(ref, ()) and i.master is None]
        if any(self._view.mac(i.ref) and self._segments.path(ref, i.ref, "unicast") is not None for i in (*answering, *beside)):
            self._progress.assume(not_yet_known(ref, via))
        for interface in (*answering, *beside):
            stopped = self._segments.obstacle(self._segments.path(ref, interface.ref, cast, free=False) or [], cast)
            if stopped is not None and stopped.cause != Cause.NEIGHBOUR_SILENT:
                raise self._ended(stopped)
        own = self._view.hindrance(ref)
        if own is not None:
            raise self._ended(own)
        self._blame_source(beside, sender)
        self._blame_filter(ref, [i for i in owners if i not in beside and i.master is None])
        self._progress.hop("neighbour", ns, object=ids.interface(ref), dev=dev, address=via, asked=True)
        spaces = {i.namespace for i in owners if i.master is None}
        elsewhere = [i for i in self._segment(ref) if i.namespace in spaces]
        note = self._note(ref, via, sender, [*answering, *beside, *elsewhere], cast)
        raise self._progress.ended(Cause.NEIGHBOUR_SILENT, ns, dev=dev, address=via, object=ids.interface(ref), note=note)

    def _blame_filter(self, ref: str, apart: list[AnyInterface]) -> None:
        """VLAN filtering parts what would be one segment."""
        for interface in apart:
            stopped = VlanFilters(self._view).between(ref, interface.ref)
            if stopped is not None:
                raise self._ended(stopped)

    def _blame_source(self, beside: list[AnyInterface], sender: str) -> None:
        """rp_filter and the like heed the sender of a request too."""
        for interface in beside:
            if sender and interface.up and self._routing.refuses_source(interface.namespace, interface.name, sender):
                note = f"{interface.ref} does not answer ARP requests from {sender}"
                raise self._progress.ended(Cause.REVERSE_PATH, interface.namespace, dev=interface.name, address=sender, note=note)

    def _note(self, ref: str, via: str, sender: str, known: list[AnyInterface], cast: Cast) -> str:
        for interface in known:
            stopped = self._segments.obstacle(self._segments.path(ref, interface.ref, cast, free=False) or [], cast)
            reason = stopped.note if stopped is not None else self._silence(interface, via, sender)
            if reason:
                return reason
        return self._holder_note(ref, via)

    def _ended(self, stopped: Hindrance) -> Ended:
        ns, dev = ids.Ref.parse(stopped.ref)
        if stopped.assumes:
            self._progress.assume(stopped.assumes)
        return self._progress.ended(stopped.cause, ns, dev=dev, object=stopped.object, note=stopped.note)

    def _holder_note(self, ref: str, address: str) -> str:
        """Who has the address instead."""
        holder = next((i for i in self._view.holders(address) if i.ref != ref), None)
        if holder is None:
            return "" if ipaddress.ip_address(address).is_link_local else "no interface of the lab has this address"
        if holder.master is not None:
            return f"{holder.ref} has this address, but is a port of {holder.master}: what comes in goes to the bridge"
        return f"{holder.ref} has this address, on another segment"


def not_yet_known(ref: str, via: str) -> str:
    """What a prediction assumes where nobody answers a request: of an entry of the cache nobody is asked."""
    return f"{ref} does not know the MAC address of {via} from before"


def solicitation(source: str, target: str) -> Packet:
    """A neighbour solicitation, as the kernel sends it when it looks for an address."""
    low = ipaddress.IPv6Address(target).packed[-3:]
    group = str(ipaddress.IPv6Address(bytes.fromhex("ff0200000000000000000001ff") + low))
    return Packet(protocol="icmpv6", src=source, dst=group, type=SOLICITATION, ttl=255, length=72, target=target)
