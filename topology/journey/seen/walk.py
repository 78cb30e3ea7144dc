"""One leg of a journey, followed from sighting to sighting: out of a namespace, over the wire, through bridges, in at the next one."""

from collections.abc import Iterator
from typing import Literal, NamedTuple

import msgspec

from topology.journey.forwarding import MAX_ROUTERS, ForwardingView
from topology.journey.hop import Cause, Hop, Leg, Verdict
from topology.journey.packet import Packet, asks_for
from topology.journey.probe import Probe
from topology.journey.seen import causes
from topology.journey.seen.evidence import Evidence, Passage
from topology.journey.seen.passages import filtered
from topology.journey.sighting import Hook, HookPass, RouteLookup, TappedFrame
from topology.model import ids
from topology.model.records import AnyInterface, is_bridge

_MAX_BRIDGES = 64
"""Bridges that a frame passes one after the other, at most."""
_ENDLESS = "there is a loop of routes or of bridges"


class Arrived(NamedTuple):
    """The leg ended well, in this namespace."""

    ns: str
    packet: Packet


class Incoming(NamedTuple):
    """A frame at an interface that hands it to IP. `prerouting`: that hook was already passed, on the bridge (br_netfilter)."""

    tap: TappedFrame
    prerouting: bool = False


class Walk:
    """Follows one leg and gathers `hops`. What is not (yet) seen ends it with a verdict."""

    def __init__(self, view: ForwardingView, evidence: Evidence, probe: Probe, leg: Leg, hops: list[Hop]) -> None:
        self.view, self.evidence, self.probe, self.leg, self.hops = view, evidence, probe, leg, hops
        self.arp = probe.protocol == "arp"

    def run(self, ns: str) -> Arrived | Verdict:
        """From the namespace that sends."""
        out = self._send(ns)
        for _ in range(MAX_ROUTERS):
            if isinstance(out, Verdict):
                return out
            incoming = self._cross(out)
            if isinstance(incoming, Verdict):
                return incoming
            result = self._arrive(incoming)
            if isinstance(result, Arrived | Verdict):
                return result
            out = result
        return self.verdict(Cause.UNKNOWN, ns, note=_ENDLESS)

    # ---- hops and verdicts -------------------------------------------------------------------------------------------

    def hop(self, **fields: object) -> None:
        """One more hop of this leg."""
        self.hops.append(msgspec.convert({"leg": self.leg, **fields}, Hop))

    def _frame(self, kind: Literal["out", "in"], tap: TappedFrame) -> None:
        at = tap.at - self.evidence.start if tap.at is not None else None
        self.hop(kind=kind, namespace=tap.ns, object=ids.Ref(tap.ns, tap.dev).id, dev=tap.dev, packet=tap.packet, at=at)

    def verdict(self, cause: Cause, ns: str, **fields: object) -> Verdict:
        """About the last hop."""
        return msgspec.convert({"cause": cause, "leg": self.leg, "namespace": ns, "hop": len(self.hops) - 1, **fields}, Verdict)

    def drops(self, ns: str, dev: str) -> bool:
        """Whether it is of a kind that drops what leaves through it."""
        record = self.interface(ns, dev)
        return record is not None and record.KIND.drops

    def interface(self, ns: str, dev: str) -> AnyInterface | None:
        """Its record, where it has one."""
        return self.view.graph.interfaces.get(ids.join(ns, dev))

    # ---- hooks -------------------------------------------------------------------------------------------------------

    def _through(self, ns: str, hook: Hook) -> Passage | Verdict | None:
        """Through the next hook, if it is this one."""
        passage = self.evidence.take(ns, self.leg, hook)
        if passage is None:
            return None
        done = filtered(self.view, self.leg, passage)
        self.hops += done.hops
        return passage if done.stopped is None else causes.stopped(self, ns, done.stopped, passage)

    def _route(self, ns: str, packet: Packet, iif: str, after: Packet | None = None) -> RouteLookup | None:
        """The routing decision as a hop; `after`: as the packet left it (TTL)."""
        found = self.evidence.route(ns, packet, iif)
        if found is None:
            return None
        record = self.view.route_record(ns, found.route, found.table) or ids.namespace(ns)
        self.hop(
            kind="route", namespace=ns, object=record, packet=packet, route=found.route, via=found.via, dev=found.dev, after=after,
            table_id=found.table, errno=found.errno, mark=found.mark, note=found.type,
        )  # fmt: skip
        return found

    # ---- out of a namespace ------------------------------------------------------------------------------------------

    def _send(self, ns: str) -> TappedFrame | Verdict:
        packet, tapped = self._sent(ns)
        self.hop(
            kind=self._kind_of_sending(packet), namespace=ns, object=ids.namespace(ns), packet=packet,
            at=0 if self.leg == "original" else None,
        )  # fmt: skip
        if self.arp:
            return self._leave(ns, None) if tapped else causes.silent_sender(self, ns, packet)
        found = self._route(ns, packet, "")
        output = self._through(ns, "output")
        if output is None:
            return causes.silent_sender(self, ns, packet)
        if isinstance(output, Verdict):
            return output
        sent = output.exit.packet if output.exit is not None else packet
        if found is not None and sent.dst != packet.dst:
            self._route(ns, sent, "")
        return self._postroute(ns)

    def _sent(self, ns: str) -> tuple[Packet, bool]:
        """The packet as the namespace sent it, and whether it was seen as a frame."""
        lines = self.evidence.lines.get((ns, self.leg), ())
        first = next((s.packet for s in lines if isinstance(s, HookPass)), None)
        tap = next(self.evidence.frames(self.leg, ns, "out"), None)
        return first or (tap.packet if tap is not None else causes.unsent(self.probe)), tap is not None

    def _kind_of_sending(self, packet: Packet) -> str:
        if self.leg == "original":
            return "send"
        return "error" if packet.error or "R" in packet.flags else "answer"

    def _postroute(self, ns: str) -> TappedFrame | Verdict:
        passage = self._through(ns, "postrouting")
        if isinstance(passage, Verdict):
            return passage
        if passage is None:
            return causes.after_routing(self, ns)
        return self._leave(ns, passage)

    def _leave(self, ns: str, passage: Passage | None) -> TappedFrame | Verdict:
        """By an interface, once the next hop's MAC is known."""
        dev = passage.oif if passage is not None else ""
        leaving = passage.exit.packet if passage is not None and passage.exit is not None else None
        mac = self.evidence.mac_told_from_copies(ns, dev, self._next_hop(ns, dev, leaving.dst)) if leaving is not None else None
        tap = self.evidence.take_frame(self.leg, ns, "out", dev=dev or None, mac=mac)
        if leaving is not None:
            verdict = self._neighbour(ns, dev, leaving, tap)
            if verdict is not None:
                return verdict
        return causes.did_not_leave(self, ns, dev) if tap is None else tap

    def _next_hop(self, ns: str, dev: str, address: str) -> str:
        found = self.evidence.route_out(ns, dev, address)
        return (found.via if found is not None else "") or address

    def _neighbour(self, ns: str, dev: str, packet: Packet, tap: TappedFrame | None) -> Verdict | None:
        if dev in ("lo", "") or (tap is not None and self.drops(ns, dev)):
            return None
        address = self._next_hop(ns, dev, packet.dst)
        asked, mac = self.evidence.resolution(ns, dev, address)
        if tap is None:
            return causes.no_neighbour(self, ns, dev, address, asked, mac)
        self.hop(kind="neighbour", namespace=ns, object=ids.Ref(ns, dev).id, dev=dev, address=address, mac=tap.packet.dst_mac, asked=asked)
        return None

    # ---- over the wire -----------------------------------------------------------------------------------------------

    def _cross(self, out: TappedFrame) -> Incoming | Verdict:
        """From one interface to whichever hands the packet to IP."""
        tap = out
        for _ in range(_MAX_BRIDGES):
            self._frame("out", tap)
            found = self._onward(tap)
            if not isinstance(found, TappedFrame):
                return found
            tap = found
        return self.verdict(Cause.UNKNOWN, out.ns, note=_ENDLESS)

    def _onward(self, out: TappedFrame) -> TappedFrame | Incoming | Verdict:
        """By the lower interface, through the bridge that it is, or over the wire."""
        lower = self._at_lower(out)
        if lower is not None:
            return lower
        return self._switch(out, out.dev) if is_bridge(self.interface(out.ns, out.dev)) else self._come_in(out)

    def _at_lower(self, out: TappedFrame) -> TappedFrame | None:
        """The same frame where it leaves by the lower interface."""
        record = self.interface(out.ns, out.dev)
        lower = self.view.graph.lower(record) if record is not None and record.frames_below else None
        return self.evidence.take_frame(self.leg, lower.namespace, "out", out.at or 0, lower.name) if lower is not None else None

    def _up(self, tap: TappedFrame) -> TappedFrame:
        """In at an interface, and at those made on it that take the frame; the last of them."""
        self._frame("in", tap)
        upper = next(self._at_uppers(tap), None)
        if upper is None:
            return tap
        self.evidence.taps[self.leg].remove(upper)
        return self._up(upper)

    def _at_uppers(self, tap: TappedFrame) -> Iterator[TappedFrame]:
        """The same frame at the interfaces made on this one."""
        uppers = (upper for upper in self.view.graph.uppers(ids.join(tap.ns, tap.dev)) if upper.frames_below)
        frames = (self.evidence.frames(self.leg, upper.namespace, "in", tap.at or 0, upper.name) for upper in uppers)
        return (upper for found in frames for upper in found)

    def _come_in(self, out: TappedFrame) -> TappedFrame | Incoming | Verdict:
        """At the other end of the wire; through the bridge, where that is a port."""
        tap = self._other_end(out)
        if tap is None:
            return causes.lost_on_wire(self, out)
        tap = self._up(tap)
        record = self.interface(tap.ns, tap.dev)
        if record is None or record.master is None:
            return Incoming(tap)
        return self._switch(tap, record.master)

    def _other_end(self, out: TappedFrame) -> TappedFrame | None:
        if out.dev == "lo":
            return self.evidence.take_frame(self.leg, out.ns, "in", out.at or 0, "lo")
        peer = self.view.graph.peer(ids.join(out.ns, out.dev))
        if peer is not None:
            return self.evidence.take_frame(self.leg, peer.namespace, "in", out.at or 0, peer.name)
        return self.evidence.take_any(self.leg, out.at or 0, (out.ns, out.dev))

    # ---- bridges -----------------------------------------------------------------------------------------------------

    def _switch(self, tap: TappedFrame, bridge: str) -> TappedFrame | Incoming | Verdict:
        """Through a bridge: out at a port, or up to the namespace. `tap` is at a port, or at the bridge when the namespace sends."""
        ns, from_self = tap.ns, tap.dev == bridge
        prerouted = None if from_self else self._bridged(ns, bridge, "prerouting")
        if isinstance(prerouted, Verdict):
            return prerouted
        outs = [out for out in self._at_ports(ns, bridge, "out", tap.at or 0) if _is_same_frame(tap, out, prerouted)]
        ups = () if from_self else self.evidence.frames(self.leg, ns, "in", tap.at or 0, bridge)
        up = next((up for up in ups if _is_same_frame(tap, up, prerouted)), None)
        if not outs and up is None:
            forwarded = self._bridged(ns, bridge, "forward")
            stopped = forwarded if isinstance(forwarded, Verdict) else self._bridged(ns, bridge, "postrouting")
            return causes.not_switched(self, tap, bridge, stopped)
        self._bridge_hop(tap, bridge, outs, up is not None)
        if up is not None and (not outs or self._leads_on(up)):
            self.evidence.taps[self.leg].remove(up)
            return Incoming(self._up(up), prerouting=prerouted is not None)
        return self._out_at_port(ns, bridge, outs, () if from_self else ("forward", "postrouting"))

    def _bridge_hop(self, tap: TappedFrame, bridge: str, outs: list[TappedFrame], to_self: bool) -> None:
        """Which ports the frame went out at, and whether it was flooded for want of an entry in the FDB."""
        ns, mac = tap.ns, tap.packet.dst_mac
        known = not _is_group(mac) and len(outs) < 2 and self.evidence.learned(ns, mac, tap.at or 0)
        ports = tuple(dict.fromkeys(out.dev for out in outs)) + ((bridge,) if to_self else ())
        ref = ids.Ref(ns, bridge)
        self.hop(kind="bridge", namespace=ns, object=ref.id, dev=bridge, mac=mac, ports=ports, flooded=bool(outs) and not known)

    def _out_at_port(self, ns: str, bridge: str, outs: list[TappedFrame], hooks: tuple[Hook, ...]) -> TappedFrame | Verdict:
        for hook in hooks:
            passed = self._bridged(ns, bridge, hook)
            if isinstance(passed, Verdict):
                return passed
        chosen = next((tap for tap in outs if self._leads_on(tap)), outs[0])
        self.evidence.taps[self.leg].remove(chosen)
        return chosen

    def _bridged(self, ns: str, bridge: str, hook: Hook) -> Passage | Verdict | None:
        """Through iptables on the bridge, where br_netfilter calls it; of a flooded frame once for all its copies."""
        first: Passage | Verdict | None = None
        while self.evidence.next_hook(ns, self.leg) == hook and self.evidence.next_is_bridged(ns, self.leg, bridge):
            passed = self._through(ns, hook) if first is None else self.evidence.take(ns, self.leg, hook)
            first = passed if first is None else first
        return first

    def _at_ports(self, ns: str, bridge: str, direction: str, after: int) -> Iterator[TappedFrame]:
        """Frames at the ports of a bridge."""
        for tap in self.evidence.frames(self.leg, ns, direction, after):
            record = self.interface(ns, tap.dev)
            if record is not None and record.master == bridge:
                yield tap

    def _leads_on(self, tap: TappedFrame, depth: int = 0) -> bool:
        """Whether something more was seen beyond this frame: of a flooded frame most copies end where nobody wants them."""
        if tap.direction == "out":
            return self._seen_at_peer(tap, depth)
        record = self.interface(tap.ns, tap.dev)
        if record is not None and record.master is not None and depth < _MAX_BRIDGES:
            outs = self._at_ports(tap.ns, record.master, "out", tap.at or 0)
            ups = self.evidence.frames(self.leg, tap.ns, "in", tap.at or 0, record.master)
            return any(self._leads_on(t, depth + 1) for t in (*outs, *ups) if t is not tap)
        upper = next(self._at_uppers(tap), None)
        if upper is not None and depth < _MAX_BRIDGES:
            return self._leads_on(upper, depth + 1)
        return self._answers(tap) if self.arp else self.evidence.next_hook(tap.ns, self.leg) is not None

    def _seen_at_peer(self, tap: TappedFrame, depth: int) -> bool:
        peer = self.view.graph.peer(ids.join(tap.ns, tap.dev))
        if peer is None:
            return not self.drops(tap.ns, tap.dev)
        there = next(self.evidence.frames(self.leg, peer.namespace, "in", tap.at or 0, peer.name), None)
        return there is not None and self._leads_on(there, depth)

    # ---- into a namespace --------------------------------------------------------------------------------------------

    def _arrive(self, incoming: Incoming) -> Arrived | TappedFrame | Verdict:
        if self.arp:
            return self._neighbour_arrives(incoming.tap)
        ns, packet = incoming.tap.ns, incoming.tap.packet
        if not incoming.prerouting:
            passage = self._through(ns, "prerouting")
            if isinstance(passage, Verdict):
                return passage
            if passage is None:
                return causes.not_taken(self, incoming.tap)
            packet = passage.exit.packet if passage.exit is not None else packet
        following = self.evidence.next_hook(ns, self.leg)
        found = self._route(ns, packet, incoming.tap.dev, self._forwarded(ns, packet))
        if following == "input":
            return self._deliver(ns, packet)
        if following == "forward":
            passage = self._through(ns, "forward")
            return passage if isinstance(passage, Verdict) else self._postroute(ns)
        return causes.not_routed(self, incoming.tap, packet, found)

    def _forwarded(self, ns: str, packet: Packet) -> Packet | None:
        """The packet as the routing decision left it for FORWARD, where its TTL has changed."""
        onward = self.evidence.next_packet(ns, self.leg) if self.evidence.next_hook(ns, self.leg) == "forward" else None
        return onward if onward is not None and onward.ttl != packet.ttl else None

    def _deliver(self, ns: str, packet: Packet) -> Arrived | Verdict:
        passage = self._through(ns, "input")
        if isinstance(passage, Verdict):
            return passage
        self.hop(kind="deliver" if self.leg == "original" else "receive", namespace=ns, object=ids.namespace(ns), packet=packet)
        return Arrived(ns, packet)

    # ---- ARP ---------------------------------------------------------------------------------------------------------

    def _neighbour_arrives(self, tap: TappedFrame) -> Arrived | Verdict:
        """An ARP packet at an interface: the owner of the address answers, the sender of the request gets the reply."""
        if self.leg == "original" and not self._answers(tap):
            ref = ids.Ref(self.probe.namespace, self.probe.dev)
            return self.verdict(Cause.NEIGHBOUR_SILENT, ref.namespace, dev=ref.name, address=asks_for(tap.packet), object=ref.id)
        kind = "deliver" if self.leg == "original" else "receive"
        self.hop(kind=kind, namespace=tap.ns, object=ids.namespace(tap.ns), packet=tap.packet)
        return Arrived(tap.ns, tap.packet)

    def _answers(self, tap: TappedFrame) -> bool:
        """Whether the ARP reply comes from this interface: bridges between only forward it."""
        if self.leg == "reply":
            return tap.ns == self.probe.namespace
        first = next((t for t in self.evidence.taps["reply"] if t.direction == "out"), None)
        return first is not None and (first.ns, first.dev) == (tap.ns, tap.dev)


def _is_same_frame(tap: TappedFrame, out: TappedFrame, prerouted: Passage | None) -> bool:
    """Whether a bridge sent this frame on. A rule of PREROUTING that changes its destination makes br_netfilter give it another MAC."""
    changed = prerouted is not None and prerouted.exit is not None and prerouted.exit.packet.dst != tap.packet.dst
    return changed or out.packet.dst_mac == tap.packet.dst_mac


def _is_group(mac: str) -> bool:
    """Broadcast or multicast."""
    return bool(int(mac[:2] or "0", 16) & 1)
