"""A predicted packet between one namespace's interface and the next one's: the frames, and the bridges and tunnels between."""

from collections.abc import Callable
from itertools import pairwise
from typing import Literal

import msgspec

from topology.journey.forwarding import ForwardingView, Hindrance
from topology.journey.hop import Cause
from topology.journey.packet import ADVERTISEMENT, Packet
from topology.journey.predicted.hooks import Hooks
from topology.journey.predicted.neighbour import Found, Neighbours, not_yet_known, solicitation
from topology.journey.predicted.progress import Ended, Progress
from topology.journey.predicted.segment import Segments, is_tunnel
from topology.journey.predicted.tracking import ends
from topology.journey.sighting import Hook
from topology.model import ids
from topology.model.records import AnyInterface, Bridge, is_bridge

_BRIDGED: tuple[Hook, ...] = ("prerouting", "forward", "postrouting")
_LEAVING: tuple[Hook, ...] = ("output", "postrouting")
_ARRIVING: tuple[Hook, ...] = ("prerouting", "input")
_VLAN_HEADER = 4
"""So many bytes more than its MTU an interface takes in (is_skb_forwardable())."""
_ARP = 28
"""Bytes of an ARP packet (RFC 826)."""
Outer = Callable[[AnyInterface, AnyInterface, str, Packet], None]
"""Sends the outer packet of a tunnel: from, to, its destination, and what it carries. Raises Ended."""


class Wire:
    """Carries frames. What loses them is raised as `Ended`."""

    def __init__(
        self, view: ForwardingView, progress: Progress, hooks: Hooks, neighbours: Neighbours, segments: Segments, outer: Outer
    ) -> None:
        self._view, self._progress, self._hooks, self._outer = view, progress, hooks, outer
        self._neighbours, self._segments = neighbours, segments

    def cross(self, ns: str, dev: str, via: str, packet: Packet) -> AnyInterface:
        """From `dev` to the interface that has the address `via` of the next hop."""
        ref = ids.join(ns, dev)
        start = self._view.graph.interfaces.get(ref)
        if dev == "lo":
            return self._loop(ns, start, packet)
        if start is None:
            note = f"{dev} is of a kind that is not modelled"
            raise self._progress.ended(Cause.UNKNOWN, ns, dev=dev, object=ids.interface(ref), note=note)
        self.dropped(start, packet)
        found = self._neighbour(ref, via, packet)
        self.along(found.path, packet, found.mac)
        self._progress.enter()
        if found.interface.namespace != ns:
            self._progress.mark = 0
        return found.interface

    def _loop(self, ns: str, lo: AnyInterface | None, packet: Packet) -> AnyInterface:
        if lo is None or not lo.up:
            raise self._progress.ended(Cause.INTERFACE_DOWN, ns, dev="lo", object=ids.Ref(ns, "lo").id)
        self._passes("out", lo.ref, packet)
        self._passes("in", lo.ref, packet)
        return lo

    def ask(self, ref: str, packet: Packet) -> AnyInterface:
        """An ARP request, or a neighbour solicitation, by itself: who answers it."""
        found = self._neighbours.ask(ref, packet.dst, packet.src)
        self.along(found.path, packet, "")
        return found.interface

    def dropped(self, start: AnyInterface, packet: Packet) -> None:
        """Ends at an interface of a kind that drops what leaves through it, or at such a one on which it is made with a VLAN tag."""
        lower = self._view.graph.lower(start) if start.tag else None
        if lower is not None and lower.tag:
            note = f"frames with two VLAN tags, as {start.ref} sends them by {lower.ref}, are not predicted"
            raise self._progress.ended(Cause.UNKNOWN, start.namespace, dev=start.name, object=start.id, note=note)
        if not start.KIND.drops and (lower is None or not lower.KIND.drops):
            return
        self._refuse(self._view.hindrance(start.ref))
        self._passes("out", start.ref, packet)
        last = start
        if lower is not None:
            self._passes("out", lower.ref, _tagged(packet, start, lower))
            last = lower
        raise self._progress.ended(Cause.NO_WIRE, last.namespace, dev=last.name, address=packet.dst, object=last.id)

    def _refuse(self, found: Hindrance | None) -> None:
        if found is not None:
            ns, dev = ids.Ref.parse(found.ref)
            raise self._progress.ended(found.cause, ns, dev=dev, object=found.object, note=found.note)

    # ---- the next hop ------------------------------------------------------------------------------------------------

    def _neighbour(self, ref: str, via: str, packet: Packet) -> Found:
        """Who has the address on the segment, and the interfaces up to there."""
        ns, dev = ids.Ref.parse(ref)
        found = self._neighbours.resolve(ref, via, packet)
        for space in (ns, found.interface.namespace) if ":" not in via else ():
            for text in self._view.foreign(space, "arp"):
                self._progress.assume(f"{text} in {space} lets ARP pass")
        if found.asked:
            self._asked(ref, via, packet, found)
        self._progress.hop("neighbour", ns, object=ids.interface(ref), dev=dev, address=via, mac=found.mac)
        return found

    def _asked(self, ref: str, via: str, packet: Packet, found: Found) -> None:
        """The request and its answer. Raises Ended where they do not come through: then it matters that the address is not known yet."""
        try:
            if ":" in via:
                self._discover(via, packet, found)
            else:
                self._request(via, found)
        except Ended:
            self._progress.assume(not_yet_known(ref, via))
            raise

    def _request(self, via: str, found: Found) -> None:
        """An ARP request and its answer travel through tunnels as all frames do. Raises Ended where they do not come through."""
        for path, what in ((found.path, "request"), (found.path[::-1], "reply")):
            try:
                self._tunnels(path, Packet(protocol="arp", length=_ARP))
            except Ended as ended:
                note = f"the ARP {what} for {via}; {ended.verdict.note}"
                raise Ended(msgspec.structs.replace(ended.verdict, note=note)) from None

    def _tunnels(self, path: list[str], packet: Packet) -> None:
        """The outer packets of the tunnels on a path."""
        interfaces = self._view.graph.interfaces
        for one, other in pairwise(interfaces[ref] for ref in path):
            if is_tunnel(one) and is_tunnel(other):
                self._outer(one, other, self._segments.destination(one, other), packet)

    def _discover(self, via: str, packet: Packet, found: Found) -> None:
        """Neighbour discovery is IPv6, which ip6tables sees. Raises Ended where it does not come through."""
        before = self._progress.set_aside()
        ask = solicitation(packet.src, via)
        back = msgspec.structs.replace(ask, src=via, dst=packet.src, type=ADVERTISEMENT)
        try:
            for path, one in ((found.path, ask), (found.path[::-1], back)):
                self._discovery(path, one)
        except Ended as ended:
            note = ended.verdict.note or f"the neighbour {'solicitation' if one is ask else 'advertisement'} for {via}"
            raise Ended(msgspec.structs.replace(ended.verdict, note=note)) from None
        self._progress.take_up(before)

    def _discovery(self, path: list[str], packet: Packet) -> None:
        (ns, dev), (there, iif) = ids.Ref.parse(path[0]), ids.Ref.parse(path[-1])
        for hook in _LEAVING:
            self._hooks.through(ns, hook, packet, oif=dev, kernels=True)
        self._progress.enter()
        self._tunnels(path, packet)
        self._bridges(path, packet)
        for hook in _ARRIVING:
            self._hooks.through(there, hook, packet, iif=iif)
        self._progress.enter()

    def _bridges(self, path: list[str], packet: Packet) -> None:
        """What iptables on the bridges between does."""
        for at in range(1, len(path) - 1):
            record = self._view.graph.interfaces[path[at]]
            if is_bridge(record) and self._view.graph.interfaces[path[at - 1]].master == record.name:
                self._call_iptables(record, packet, path[at - 1], path[at + 1])

    # ---- frames ------------------------------------------------------------------------------------------------------

    def along(self, wire: list[str], packet: Packet, mac: str) -> None:
        """Out and in again, from end to end, through the bridges between."""
        interfaces = self._view.graph.interfaces
        self._passes("out", wire[0], packet)
        if is_bridge(interfaces[wire[0]]):
            self._bridge(wire[0], wire[1:2], mac)
        for at in range(1, len(wire)):
            record, before = interfaces[wire[at]], interfaces[wire[at - 1]]
            packet = _tagged(packet, before, record)
            if is_tunnel(before) and is_tunnel(record):
                self._outer(before, record, self._segments.destination(before, record), packet)
            if is_bridge(record) and before.master == record.name:
                self._through_bridge(record, wire[at - 1], wire[at + 1 : at + 2], packet, mac)
            elif (is_bridge(before) and record.master == before.name) or record.ref == before.lower:
                self._fits(record, packet, "out of")
                self._passes("out", wire[at], packet)
            else:
                self._fits(record, packet, "into")
                self._passes("in", wire[at], packet)

    def _fits(self, record: AnyInterface, packet: Packet, way: str) -> None:
        """A frame that is too long for a bridge port or for the other end of a veth is dropped there (is_skb_forwardable())."""
        mtu, size = self._view.mtu(record.ref), self._progress.piece or packet.length
        if size > mtu + _VLAN_HEADER and (record.KIND.paired or record.master is not None):
            note = f"a frame that is too long is dropped on its way {way} {record.name}, without an error"
            raise self._progress.ended(Cause.TOO_BIG, record.namespace, dev=record.name, object=record.id, mtu=mtu, note=note)

    def _through_bridge(self, bridge: Bridge, came: str, following: list[str], packet: Packet, mac: str) -> None:
        """To the port that leads on, or up to the bridge itself."""
        for text in self._view.foreign(bridge.namespace, "bridge", "netdev"):
            self._progress.assume(f"{text} in {bridge.namespace} lets it pass")
        if following:
            self._call_iptables(bridge, packet, came, following[0])
        self._bridge(bridge.ref, following or [bridge.ref], mac)
        if not following:
            self._passes("in", bridge.ref, packet)

    def _passes(self, kind: Literal["out", "in"], ref: str, packet: Packet) -> None:
        ns, dev = ids.Ref.parse(ref)
        if kind == "out" and (qdisc := self._view.qdisc(ref)):
            self._progress.assume(f"the qdisc {qdisc} of {ref} lets it pass")
        for text in self._view.early(ref):
            self._progress.assume(f"{text} of {ref} lets it pass")
        self._progress.hop(kind, ns, object=ids.interface(ref), dev=dev, packet=packet)

    def _bridge(self, ref: str, ports: list[str], mac: str) -> None:
        ns, name = ids.Ref.parse(ref)
        self._progress.hop("bridge", ns, object=ids.interface(ref), dev=name, mac=mac, ports=tuple(map(ids.name_of, ports)))

    def _call_iptables(self, bridge: Bridge, packet: Packet, came: str, goes: str) -> None:
        """iptables on the bridge, where br_netfilter calls it for what is handed on."""
        key = f"net.bridge.bridge-nf-call-{'ip6tables' if packet.family == 'ipv6' else 'iptables'}"
        if packet.protocol == "arp" or packet.vlan is not None or self._view.sysctl(bridge.namespace, key) != "1":
            return
        self._progress.enter()
        passed = packet
        for hook in _BRIDGED:
            iif = bridge.name if hook != "postrouting" else ""
            oif = bridge.name if hook != "prerouting" else ""
            ports = (ids.name_of(came), ids.name_of(goes) if hook != "prerouting" else "")
            passed = self._hooks.through(bridge.namespace, hook, passed, iif, oif, ports, kernels=True)
        if ends(passed) != ends(packet):
            note = f"NAT of what {bridge.ref} hands on is not predicted"
            raise self._progress.ended(Cause.UNKNOWN, bridge.namespace, dev=bridge.name, object=bridge.id, note=note)
        self._progress.enter()


def _tagged(packet: Packet, before: AnyInterface, record: AnyInterface) -> Packet:
    """The packet on the next interface: with the VLAN tag that it gets there, or without the one that is taken off."""
    if record.ref == before.lower and before.tag:
        return msgspec.structs.replace(packet, vlan=before.vlan)
    return msgspec.structs.replace(packet, vlan=None) if before.ref == record.lower and record.tag else packet
