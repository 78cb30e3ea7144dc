"""One leg of a journey, walked from sighting to sighting: out of a namespace, over the wire, through bridges, in at the next one."""

from collections.abc import Iterator
from typing import Literal, NamedTuple

import msgspec

from topology.journey import causes
from topology.journey.evidence import Evidence, Passage, asks_for
from topology.journey.forwarding import ForwardingView
from topology.journey.hop import Cause, Hop, Leg, Verdict
from topology.journey.packet import Packet
from topology.journey.passages import filtered
from topology.journey.probe import Probe
from topology.journey.sighting import Hook, HookPass, RouteLookup, TappedFrame
from topology.model import ids
from topology.model.records import AnyInterface, is_bridge

MAX_HOPS = 64
"""Namespaces on a way at most: the default TTL."""


class Arrived(NamedTuple):
    """The leg ended well, in this namespace."""

    ns: str
    packet: Packet


class Came(NamedTuple):
    """A frame at an interface that hands it to IP. `prerouting`: that hook was already passed, on the bridge (br_netfilter)."""

    tap: TappedFrame
    prerouting: bool = False


class Walk:
    """Walks one leg and gathers `hops`. What is not (yet) seen ends the walk with a verdict."""

    def __init__(self, view: ForwardingView, evidence: Evidence, probe: Probe, leg: Leg, hops: list[Hop]) -> None:
        self.view, self.evidence, self.probe, self.leg, self.hops = view, evidence, probe, leg, hops
        self.arp = probe.protocol == "arp"

    def run(self, ns: str) -> Arrived | Verdict:
        """From the namespace that sends."""
        out = self._send(ns)
        for _ in range(MAX_HOPS):
            if isinstance(out, Verdict):
                return out
            came = self._cross(out)
            if isinstance(came, Verdict):
                return came
            result = self._arrive(came)
            if isinstance(result, Arrived | Verdict):
                return result
            out = result
        return self.verdict(Cause.UNKNOWN, ns, note="the way has no end")

    # ---- telling -----------------------------------------------------------------------------------------------------

    def hop(self, **fields: object) -> Hop:
        made = msgspec.convert({"leg": self.leg, **fields}, Hop)
        self.hops.append(made)
        return made

    def _passes(self, kind: Literal["out", "in"], tap: TappedFrame) -> None:
        at = tap.at - self.evidence.start if tap.at is not None else None
        self.hop(kind=kind, namespace=tap.ns, object=f"interface:{tap.ns}/{tap.dev}", dev=tap.dev, packet=tap.packet, at=at)

    def verdict(self, cause: Cause, ns: str, **fields: object) -> Verdict:
        """About the hop that was told last."""
        return msgspec.convert({"cause": cause, "leg": self.leg, "namespace": ns, "hop": len(self.hops) - 1, **fields}, Verdict)

    def interface(self, ns: str, dev: str) -> AnyInterface | None:
        return self.view.graph.interfaces.get(f"{ns}/{dev}")

    # ---- hooks -------------------------------------------------------------------------------------------------------

    def _through(self, ns: str, hook: Hook) -> Passage | Verdict | None:
        """Through the next hook, if it is this one."""
        passage = self.evidence.take(ns, self.leg, hook)
        if passage is None:
            return None
        done = filtered(self.view, self.leg, passage)
        self.hops += done.hops
        return passage if done.stopped is None else causes.stopped(self, ns, done.stopped)

    def _route(self, ns: str, packet: Packet, iif: str, after: Packet | None = None) -> RouteLookup | None:
        """The routing decision as a hop; `after`: as the packet left it (TTL)."""
        looked = self.evidence.route(ns, packet, iif)
        if looked is None:
            return None
        record = self.view.route_record(ns, looked.route, looked.table) or f"namespace:{ns}"
        self.hop(
            kind="route", namespace=ns, object=record, packet=packet, route=looked.route, via=looked.via, dev=looked.dev, after=after,
            table_id=looked.table, errno=looked.errno, mark=looked.mark, note=looked.type,
        )  # fmt: skip
        return looked

    # ---- out of a namespace ------------------------------------------------------------------------------------------

    def _send(self, ns: str) -> TappedFrame | Verdict:
        lines = self.evidence.lines.get((ns, self.leg), ())
        first = next((s.packet for s in lines if isinstance(s, HookPass)), None)
        tap = next(self.evidence.frames(self.leg, ns, "out"), None)
        packet = first or (tap.packet if tap is not None else causes.unsent(self.probe))
        kind = "send" if self.leg == "there" else "error" if packet.error or "R" in packet.flags else "answer"
        self.hop(kind=kind, namespace=ns, object=f"namespace:{ns}", packet=packet, at=0 if self.leg == "there" else None)
        if self.arp:
            return self._leave(ns, None) if tap is not None else causes.silent_sender(self, ns, packet)
        looked = self._route(ns, packet, "")
        output = self._through(ns, "output")
        if output is None:
            return causes.silent_sender(self, ns, packet)
        if isinstance(output, Verdict):
            return output
        sent = output.left.packet if output.left is not None else packet
        if looked is not None and sent.dst != packet.dst:
            self._route(ns, sent, "")
        return self._postroute(ns)

    def _postroute(self, ns: str) -> TappedFrame | Verdict:
        passage = self._through(ns, "postrouting")
        if isinstance(passage, Verdict):
            return passage
        if passage is None:
            return causes.after_routing(self, ns)
        return self._leave(ns, passage)

    def _leave(self, ns: str, passage: Passage | None) -> TappedFrame | Verdict:
        """By an interface, once the next hop's MAC is known."""
        dev = passage.oif if passage is not None else None
        tap = self.evidence.take_frame(self.leg, ns, "out", dev=dev or None)
        if passage is not None and passage.left is not None:
            verdict = self._neighbour(ns, dev or "", passage.left.packet, tap)
            if verdict is not None:
                return verdict
        if tap is None:
            return causes.did_not_leave(self, ns, dev or "")
        return tap

    def _neighbour(self, ns: str, dev: str, packet: Packet, tap: TappedFrame | None) -> Verdict | None:
        if dev == "lo" or not dev:
            return None
        looked = self.evidence.next_hop(ns, dev, packet.dst)
        address = (looked.via if looked is not None else "") or packet.dst
        asked, told = self.evidence.asked(ns, dev, address)
        if tap is not None:
            mac = tap.packet.dst_mac
            self.hop(kind="neighbour", namespace=ns, object=f"interface:{ns}/{dev}", dev=dev, address=address, mac=mac, asked=asked)
            return None
        return causes.no_neighbour(self, ns, dev, address, asked, told)

    # ---- over the wire -----------------------------------------------------------------------------------------------

    def _cross(self, out: TappedFrame) -> Came | Verdict:
        """From one interface to whichever hands the packet to IP."""
        tap: TappedFrame | None = out
        for _ in range(MAX_HOPS):
            assert tap is not None
            self._passes("out", tap)
            below = self._below(tap)
            if below is not None:
                tap = below
                continue
            if is_bridge(self.interface(tap.ns, tap.dev)):
                found = self._switch(tap, tap.dev)
            else:
                came = self._other_end(tap)
                if came is None:
                    return causes.lost_on_wire(self, tap)
                came = self._up(came)
                record = self.interface(came.ns, came.dev)
                if record is None or record.master is None:
                    return Came(came)
                found = self._switch(came, record.master)
            if not isinstance(found, TappedFrame):
                return found
            tap = found
        return self.verdict(Cause.UNKNOWN, out.ns, note="the way has no end")

    def _below(self, out: TappedFrame) -> TappedFrame | None:
        """The same frame where it leaves by the lower interface."""
        record = self.interface(out.ns, out.dev)
        lower = self.view.graph.lower(record) if record is not None and record.frames_below else None
        return self.evidence.take_frame(self.leg, lower.namespace, "out", out.at or 0, lower.name) if lower is not None else None

    def _up(self, came: TappedFrame) -> TappedFrame:
        """In at an interface, and at those made on it that take the frame; the last of them."""
        self._passes("in", came)
        above = next(self._above(came), None)
        if above is None:
            return came
        self.evidence.taps[self.leg].remove(above)
        return self._up(above)

    def _above(self, came: TappedFrame) -> Iterator[TappedFrame]:
        """The same frame at the interfaces made on this one."""
        uppers = (upper for upper in self.view.graph.uppers(ids.join(came.ns, came.dev)) if upper.frames_below)
        frames = (self.evidence.frames(self.leg, upper.namespace, "in", came.at or 0, upper.name) for upper in uppers)
        return (tap for taps in frames for tap in taps)

    def _other_end(self, out: TappedFrame) -> TappedFrame | None:
        if out.dev == "lo":
            return self.evidence.take_frame(self.leg, out.ns, "in", out.at or 0, "lo")
        peer = self.view.graph.peer(f"{out.ns}/{out.dev}")
        if peer is not None:
            return self.evidence.take_frame(self.leg, peer.namespace, "in", out.at or 0, peer.name)
        return self.evidence.take_any(self.leg, out.at or 0, (out.ns, out.dev))

    def _switch(self, came: TappedFrame, bridge: str) -> TappedFrame | Came | Verdict:
        """Through a bridge: out at a port, or up to the namespace. `came` is at a port, or at the bridge when the namespace sends."""
        ns, from_self = came.ns, came.dev == bridge
        prerouted = None if from_self else self._bridged(ns, bridge, "prerouting")
        if isinstance(prerouted, Verdict):
            return prerouted
        outs = [
            tap for tap in self.evidence.frames(self.leg, ns, "out", came.at or 0)
            if (record := self.interface(ns, tap.dev)) is not None and record.master == bridge and tap.packet.dst_mac == came.packet.dst_mac
        ]  # fmt: skip
        up = None if from_self else next(self.evidence.frames(self.leg, ns, "in", came.at or 0, bridge), None)
        if not outs and up is None:
            return causes.not_switched(self, came, bridge, self._bridged(ns, bridge, "forward"))
        mac = came.packet.dst_mac
        known = not _is_group(mac) and (self.evidence.learned(ns, mac, came.at or 0) if len(outs) < 2 else False)
        ports = tuple(dict.fromkeys(tap.dev for tap in outs)) + ((bridge,) if up is not None else ())
        flooded = bool(outs) and not known
        self.hop(kind="bridge", namespace=ns, object=f"interface:{ns}/{bridge}", dev=bridge, mac=mac, ports=ports, flooded=flooded)
        if up is not None and (not outs or self._leads(up)):
            self.evidence.taps[self.leg].remove(up)
            return Came(self._up(up), prerouting=prerouted is not None)
        for hook in ("forward", "postrouting") if not from_self else ():
            passed = self._bridged(ns, bridge, hook)
            if isinstance(passed, Verdict):
                return passed
        chosen = next((tap for tap in outs if self._leads(tap)), outs[0])
        self.evidence.taps[self.leg].remove(chosen)
        return chosen

    def _bridged(self, ns: str, bridge: str, hook: Hook) -> Passage | Verdict | None:
        """Through iptables on the bridge, where br_netfilter calls it; of a flooded frame once for all its copies."""
        first: Passage | Verdict | None = None
        while self.evidence.next_hook(ns, self.leg) == hook and self.evidence.next_is_bridged(ns, self.leg, bridge):
            passed = self._through(ns, hook) if first is None else self.evidence.take(ns, self.leg, hook)
            first = passed if first is None else first
        return first

    def _leads(self, tap: TappedFrame, depth: int = 0) -> bool:
        """Whether something more was seen beyond this frame: of a flooded frame most copies end where nobody wants them."""
        if tap.direction == "out":
            peer = self.view.graph.peer(f"{tap.ns}/{tap.dev}")
            if peer is None:
                return True
            there = next(self.evidence.frames(self.leg, peer.namespace, "in", tap.at or 0, peer.name), None)
            return there is not None and self._leads(there, depth)
        record = self.interface(tap.ns, tap.dev)
        if record is not None and record.master is not None and depth < MAX_HOPS:
            frames = [
                *self.evidence.frames(self.leg, tap.ns, "out", tap.at or 0),
                *self.evidence.frames(self.leg, tap.ns, "in", tap.at or 0),
            ]
            ports = [t for t in frames if t is not tap and self._belongs(t, record.master)]
            return any(self._leads(t, depth + 1) for t in ports)
        above = next(self._above(tap), None)
        if above is not None and depth < MAX_HOPS:
            return self._leads(above, depth + 1)
        if self.arp:
            return self._answers(tap)
        return self.evidence.next_hook(tap.ns, self.leg) is not None

    def _belongs(self, tap: TappedFrame, bridge: str) -> bool:
        record = self.interface(tap.ns, tap.dev)
        return tap.dev == bridge if tap.direction == "in" else record is not None and record.master == bridge

    # ---- into a namespace --------------------------------------------------------------------------------------------

    def _arrive(self, came: Came) -> Arrived | TappedFrame | Verdict:
        ns, packet = came.tap.ns, came.tap.packet
        if self.arp:
            return self._asked(came.tap)
        if not came.prerouting:
            passage = self._through(ns, "prerouting")
            if isinstance(passage, Verdict):
                return passage
            if passage is None:
                return causes.not_taken(self, came.tap)
            packet = passage.left.packet if passage.left is not None else packet
        following = self.evidence.next_hook(ns, self.leg)
        onward = self.evidence.next_packet(ns, self.leg) if following == "forward" else None
        looked = self._route(ns, packet, came.tap.dev, onward if onward is not None and onward.ttl != packet.ttl else None)
        if following == "input":
            passage = self._through(ns, "input")
            if isinstance(passage, Verdict):
                return passage
            kind = "deliver" if self.leg == "there" else "receive"
            self.hop(kind=kind, namespace=ns, object=f"namespace:{ns}", packet=packet)
            return Arrived(ns, packet)
        if following == "forward":
            passage = self._through(ns, "forward")
            return passage if isinstance(passage, Verdict) else self._postroute(ns)
        return causes.not_routed(self, came.tap, packet, looked)

    def _asked(self, tap: TappedFrame) -> Arrived | Verdict:
        """An ARP packet at an interface: the one that is asked for answers, the one that asked has its answer."""
        if self.leg == "back":
            self.hop(kind="receive", namespace=tap.ns, object=f"namespace:{tap.ns}", packet=tap.packet)
            return Arrived(tap.ns, tap.packet)
        if not self._answers(tap):
            asker, dev = self.probe.namespace, self.probe.dev
            return self.verdict(Cause.NEIGHBOUR_SILENT, asker, dev=dev, address=asks_for(tap.packet), object=f"interface:{asker}/{dev}")
        self.hop(kind="deliver", namespace=tap.ns, object=f"namespace:{tap.ns}", packet=tap.packet)
        return Arrived(tap.ns, tap.packet)

    def _answers(self, tap: TappedFrame) -> bool:
        """Whether the ARP reply comes from this interface: bridges on the way only hand it on."""
        if self.leg == "back":
            return tap.ns == self.probe.namespace
        first = next((t for t in self.evidence.taps["back"] if t.direction == "out"), None)
        return first is not None and (first.ns, first.dev) == (tap.ns, tap.dev)


def _is_group(mac: str) -> bool:
    """Broadcast or multicast."""
    return bool(int(mac[:2] or "0", 16) & 1)
