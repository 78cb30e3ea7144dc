"""Why a packet is not seen any further: from where it was seen last, the kernel's own lookups, and what is known of the lab."""

import errno
import ipaddress
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import msgspec

from topology.journey.hop import Cause, Hop, Verdict
from topology.journey.packet import Packet, asks_for
from topology.journey.probe import Probe
from topology.journey.seen.evidence import Passage
from topology.journey.seen.refusals import refusal
from topology.journey.sighting import RouteLookup, TappedFrame
from topology.model import ids
from topology.model.records import is_bridge
from topology.observe.live import LinkLive

if TYPE_CHECKING:
    from topology.journey.seen.walk import Walk

_ICMP_OVERHEAD, _IP6_OVERHEAD = 28, 48
"""Bytes of IP and ICMP (or UDP) headers."""
_DROPPING = frozenset(("DROP", "REJECT", "SYNPROXY"))
_VLAN_HEADER = 4
"""So many bytes more than its MTU an interface takes in (is_skb_forwardable() in net/core/dev.c)."""
_UNROUTABLE = frozenset((errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EACCES, errno.EINVAL))
_MARTIAN = frozenset((errno.EXDEV, errno.EINVAL))
"""What fib_validate_source() (net/ipv4/fib_frontend.c) answers for a source that cannot be."""


def unsent(probe: Probe) -> Packet:
    """The packet of a probe of which nothing was seen."""
    icmp = "icmpv6" if probe.family == "ipv6" else "icmp"
    protocol = icmp if probe.protocol == "icmp" else probe.protocol
    overhead = _IP6_OVERHEAD if probe.family == "ipv6" else _ICMP_OVERHEAD
    length = probe.size + overhead if probe.protocol in ("icmp", "udp") else 0
    return Packet(protocol=protocol, dst=probe.address, dport=probe.to_port, length=length, df=probe.dont_fragment)


def stopped(walk: "Walk", ns: str, hop: Hop, passage: Passage) -> Verdict:
    """It went into a hook and did not come out: by the last rule or policy of the trace."""
    if hop.rule is None:
        note = f"it did not come out of hook {hop.hook}, and no rule of iptables says why"
        return walk.verdict(Cause.UNKNOWN, ns, object=hop.object, note=note)
    if hop.outcome == "stolen":
        return walk.verdict(Cause.UNKNOWN, ns, object=hop.object, rule=hop.rule, note=f"{hop.target} took it")
    if hop.target == "MASQUERADE" and not _can_masquerade(walk, ns, passage):
        note = "there is no address to masquerade with on the interface that it leaves by"
        return walk.verdict(Cause.DROPPED_BY_RULE, ns, object=hop.object, rule=hop.rule, note=note)
    if hop.rule.number and hop.rule.text and hop.target not in _DROPPING:
        note = f"it did not come out of hook {hop.hook} after rule {hop.rule.number} of {hop.rule.place}, which lets it pass"
        return walk.verdict(Cause.UNKNOWN, ns, object=hop.object, rule=hop.rule, note=note)
    cause = Cause.DROPPED_BY_RULE if hop.rule.number else Cause.DROPPED_BY_POLICY
    if hop.target == "REJECT":  # its error is not sent, or not seen, where there is no way back
        walk.hops[-1] = msgspec.structs.replace(hop, outcome="reject")
        cause = Cause.REJECTED_BY_RULE
    return walk.verdict(cause, ns, object=hop.object, rule=hop.rule)


def _can_masquerade(walk: "Walk", ns: str, passage: Passage) -> bool:
    """Whether the interface that it leaves by has an address of its family; without one MASQUERADE drops (nf_nat_masquerade_ipv4() in
    net/netfilter/nf_nat_masquerade.c)."""
    leaving = next((line.oif for line in reversed(passage.lines) if line.oif), "")
    family = "ipv6" if passage.lines and passage.lines[-1].family == "ipv6" else "ipv4"
    return walk.view.address_of(ns, leaving, family) is not None


# ---- the sender ------------------------------------------------------------------------------------------------------


def silent_sender(walk: "Walk", ns: str, packet: Packet) -> Verdict:
    """Nothing was seen of it: what the kernel answered the sending program says why."""
    refused = next((s for s in walk.evidence.socket_results if s.event == "refused" and not s.by), None)
    if refused is None:
        cause = Cause.UNKNOWN if walk.evidence.notes else Cause.RUNNING
        return walk.verdict(cause, ns, note="; ".join(n.text for n in walk.evidence.notes if n.ns == ns))
    found = next((s for s in reversed(walk.evidence.routes) if s.ns == ns and s.dst == packet.dst), None)
    return _refused(walk, ns, packet, refused.errno, found)


def _refused(walk: "Walk", ns: str, packet: Packet, number: int, found: RouteLookup | None) -> Verdict:
    if number == errno.EMSGSIZE:
        dev = found.dev if found is not None else walk.probe.dev
        mtu, note = _path_mtu(walk, ns, dev, found)
        return walk.verdict(Cause.TOO_BIG, ns, errno=number, dev=dev, object=_place(ns, dev), mtu=mtu, note=note)
    if number == errno.ENETDOWN:
        dev = walk.probe.dev
        return walk.verdict(Cause.INTERFACE_DOWN, ns, errno=number, dev=dev, object=_place(ns, dev))
    if walk.view.is_broadcast(ns, ipaddress.ip_address(packet.dst)):
        note = f"{packet.dst} is a broadcast address"
        return walk.verdict(Cause.REFUSED, ns, errno=number, address=packet.dst, object=ids.namespace(ns), note=note)
    if number in _UNROUTABLE:
        return no_route(walk, ns, packet, number, found, oif=walk.probe.dev if walk.leg == "original" else "")
    return walk.verdict(Cause.REFUSED, ns, errno=number, object=ids.namespace(ns))


def _place(ns: str, dev: str) -> str:
    """The id of the interface; of the namespace where none is known."""
    return ids.Ref(ns, dev).id if dev else ids.namespace(ns)


# ---- routing ---------------------------------------------------------------------------------------------------------


def no_route(walk: "Walk", ns: str, packet: Packet, number: int, found: RouteLookup | None, iif: str = "lo", oif: str = "") -> Verdict:
    """The lookup failed: by a rule or a route that refuses, for want of a route, or since the interface that would have it is down."""
    refused = refusal(walk.view, ns, packet, found, iif, oif)
    down = walk.view.down_towards(ns, ipaddress.ip_address(packet.dst)) if not refused else None
    if down is not None:
        return walk.verdict(Cause.INTERFACE_DOWN, ns, errno=number, dev=down.name, address=packet.dst, object=down.id)
    fields = {"object": ids.namespace(ns), **refused}
    return walk.verdict(Cause.NO_ROUTE, ns, errno=number, address=packet.dst, **fields)


def after_routing(walk: "Walk", ns: str) -> Verdict:
    """Routed, and never at POSTROUTING."""
    return walk.verdict(Cause.UNKNOWN, ns, object=ids.namespace(ns), note="it was not seen after the routing decision")


def not_routed(walk: "Walk", tap: TappedFrame, packet: Packet, found: RouteLookup | None) -> Verdict:
    """Out of PREROUTING, and at neither INPUT nor FORWARD: the routing decision, or what ip_forward() checks first."""
    ns, number = tap.ns, found.errno if found is not None else 0
    if refusal(walk.view, ns, packet, found, tap.dev):
        return no_route(walk, ns, packet, number, found, tap.dev)
    if ipaddress.ip_address(packet.dst).is_loopback and tap.dev != "lo":
        note = f"{packet.dst} is a martian destination for what comes in at {tap.dev}: net.ipv4.conf.{tap.dev}.route_localnet is 0"
        return walk.verdict(Cause.NO_ROUTE, ns, dev=tap.dev, address=packet.dst, object=ids.namespace(ns), errno=number, note=note)
    if number in _MARTIAN:
        return _martian(walk, tap, packet, number)
    if packet.family == "ipv6" and ipaddress.ip_address(packet.src).is_link_local:
        note = f"a router does not forward what comes from the link-local address {packet.src}"
        return walk.verdict(Cause.NO_ROUTE, ns, dev=tap.dev, address=packet.dst, object=ids.namespace(ns), note=note)
    local = found is not None and found.type in ("local", "broadcast", "multicast")
    if not local and not walk.view.is_forwarding(ns, packet.family, tap.dev):
        return walk.verdict(Cause.NOT_FORWARDED, ns, dev=tap.dev, object=ids.namespace(ns), address=packet.dst, errno=number)
    if number:
        return no_route(walk, ns, packet, number, found, tap.dev)
    if found is not None and not local and packet.ttl <= 1:
        return walk.verdict(Cause.TTL_EXCEEDED, ns, dev=tap.dev, object=ids.namespace(ns))
    return _too_big(walk, ns, packet, found) or walk.verdict(
        Cause.UNKNOWN, ns, dev=tap.dev, object=ids.namespace(ns), note="it was not seen after PREROUTING"
    )


def _martian(walk: "Walk", tap: TappedFrame, packet: Packet, number: int) -> Verdict:
    key = "net.ipv4.conf.all.rp_filter"
    value = walk.view.sysctl(tap.ns, key)
    note = f"{key} is {value}" if value not in ("", "0") else f"rp_filter of {tap.dev}, or an address that cannot be a source (martian)"
    return walk.verdict(Cause.REVERSE_PATH, tap.ns, dev=tap.dev, object=ids.namespace(tap.ns), address=packet.src, errno=number, note=note)


def _too_big(walk: "Walk", ns: str, packet: Packet, found: RouteLookup | None) -> Verdict | None:
    dev = found.dev if found is not None else ""
    mtu, note = _path_mtu(walk, ns, dev, found)
    if mtu and packet.length > mtu and (packet.df or packet.family == "ipv6"):
        return walk.verdict(Cause.TOO_BIG, ns, dev=dev, object=ids.Ref(ns, dev).id, mtu=mtu, note=note)
    return None


def _path_mtu(walk: "Walk", ns: str, dev: str, found: RouteLookup | None) -> tuple[int, str]:
    """What fits through the interface or, where that is less, on the way behind it, with a note on how the kernel knows."""
    own, learned = _mtu(walk, ns, dev), found.mtu if found is not None else 0
    if learned and (learned < own or not own):
        return learned, "the MTU of the path, as a route says or an ICMP error has told"
    return own, ""


def too_long(walk: "Walk", packet: Packet, devs: Iterable[tuple[str, str]]) -> Verdict | None:
    """The frame is longer than one of these interfaces (namespace, name) takes; bridges and the other end of a pair tell nobody."""
    for ns, dev in devs:
        mtu = _mtu(walk, ns, dev)
        if mtu and packet.length > mtu + _VLAN_HEADER:
            note = f"{ids.join(ns, dev)} takes no more, and no error is sent"
            return walk.verdict(Cause.TOO_BIG, ns, dev=dev, object=ids.Ref(ns, dev).id, mtu=mtu, note=note)
    return None


def _mtu(walk: "Walk", ns: str, dev: str) -> int:
    """As the kernel says; 0 where it does not."""
    shown = _link(walk, ns, dev)
    return shown.mtu if shown is not None else 0


# ---- links -----------------------------------------------------------------------------------------------------------


def _link(walk: "Walk", ns: str, dev: str) -> LinkLive | None:
    shown = walk.view.live.get(ids.link_live(ids.join(ns, dev)))
    return shown if isinstance(shown, LinkLive) else None


def link_trouble(walk: "Walk", ns: str, dev: str) -> Verdict | None:
    """The interface, or the other end of its pair, is down; or it has no carrier. None where it is in order."""
    ref = ids.Ref(ns, dev)
    interface, shown = walk.view.graph.interfaces.get(str(ref)), _link(walk, ns, dev)
    if interface is not None and not interface.up:
        return walk.verdict(Cause.INTERFACE_DOWN, ns, dev=dev, object=interface.id)
    peer = walk.view.graph.peer(str(ref))
    if peer is not None and not peer.up:
        return walk.verdict(Cause.NO_CARRIER, ns, dev=dev, object=peer.id, note=f"its peer {peer.ref} is down")
    if shown is not None and not (shown.up and shown.carrier):
        return walk.verdict(Cause.NO_CARRIER if shown.up else Cause.INTERFACE_DOWN, ns, dev=dev, object=ref.id)
    return None


def no_neighbour(walk: "Walk", ns: str, dev: str, address: str, asked: bool, mac: str) -> Verdict | None:
    """It did not leave: a link in trouble, or no MAC of the next hop. `mac`: what a reply on the wire said. None: neither of the two."""
    trouble = link_trouble(walk, ns, dev)
    if trouble is not None:
        return trouble
    entry = walk.evidence.neighbours.get((ns, dev, address))
    if mac and entry is not None and entry.state in ("incomplete", "failed"):
        return _unheard(walk, ns, dev, address)
    if not mac and (asked or (entry is not None and entry.state in ("incomplete", "failed"))):
        place = ids.Ref(ns, dev).id
        walk.hop(kind="neighbour", namespace=ns, object=place, dev=dev, address=address, asked=asked)
        note = "" if asked else "it was not asked on the wire"
        return walk.verdict(Cause.NEIGHBOUR_SILENT, ns, dev=dev, address=address, object=place, note=note)
    return None


def _unheard(walk: "Walk", ns: str, dev: str, address: str) -> Verdict:
    """The neighbour's answer came in, and the kernel did not take it."""
    place = ids.Ref(ns, dev).id
    walk.hop(kind="neighbour", namespace=ns, object=place, dev=dev, address=address, asked=True)
    tables = [name for name in walk.evidence.foreign.get(ns, ()) if not name.startswith("bridge ")]
    if tables:
        return walk.verdict(Cause.FOREIGN_RULES, ns, dev=dev, address=address, object=ids.namespace(ns), note=", ".join(tables))
    note = "its answer came in, and was dropped before the kernel could learn from it"
    return walk.verdict(Cause.NEIGHBOUR_SILENT, ns, dev=dev, address=address, object=place, note=note)


def did_not_leave(walk: "Walk", ns: str, dev: str) -> Verdict:
    """Out of POSTROUTING, and at no interface."""
    sent = next((h.packet for h in reversed(walk.hops) if h.packet is not None), None)
    trouble = link_trouble(walk, ns, dev) if dev else None
    if dev and trouble is None and sent is not None:
        trouble = too_long(walk, _piece(walk, ns, dev, sent), _ends(walk, ns, dev))
    note = f"it was not seen leaving by {dev}" if dev else "it was not seen leaving"
    return trouble or walk.verdict(Cause.UNKNOWN, ns, dev=dev, object=_place(ns, dev), note=note)


def _piece(walk: "Walk", ns: str, dev: str, packet: Packet) -> Packet:
    """What is longer than its interface takes leaves in fragments: POSTROUTING is before that."""
    return msgspec.structs.replace(packet, length=min(packet.length, _mtu(walk, ns, dev) or packet.length))


def lost_on_wire(walk: "Walk", out: TappedFrame) -> Verdict:
    """Out at one end, and not in at the other."""
    place = ids.Ref(out.ns, out.dev).id
    trouble = link_trouble(walk, out.ns, out.dev) or too_long(walk, out.packet, _ends(walk, out.ns, out.dev))
    if trouble is None and walk.drops(out.ns, out.dev):
        return walk.verdict(Cause.NO_WIRE, out.ns, dev=out.dev, address=asks_for(out.packet) or out.packet.dst, object=place)
    note = "it was not seen at the other end"
    return trouble or walk.verdict(Cause.UNKNOWN, out.ns, dev=out.dev, object=place, note=note)


def _ends(walk: "Walk", ns: str, dev: str) -> Iterator[tuple[str, str]]:
    """An interface and its peer."""
    peer = walk.view.graph.peer(ids.join(ns, dev))
    yield ns, dev
    if peer is not None:
        yield peer.namespace, peer.name


def _wrong_mac(walk: "Walk") -> Verdict | None:
    """The frame is for a MAC address that nobody on the segment has: as a permanent entry says, or one that has aged, or without ARP."""
    hop = next((h for h in reversed(walk.hops) if h.kind == "neighbour" and h.leg == walk.leg), None)
    if hop is None or hop.asked or not hop.mac:
        return None
    ref = ids.join(hop.namespace, hop.dev)
    segment = walk.view.graph.segments.get(ref, frozenset())
    if not walk.view.asks(ref):
        note = f"{ref} is set to arp off: it asks for no MAC address, and its frames are for nobody"
    elif not any(walk.view.mac(other) == hop.mac for other in segment if other != ref):
        note = f"the neighbour entry says {hop.mac}, which no interface on this segment has"
    else:
        return None
    fields = {"dev": hop.dev, "address": hop.address, "object": ids.interface(ref), "note": note}
    return walk.verdict(Cause.NEIGHBOUR_SILENT, hop.namespace, **fields)


def not_taken(walk: "Walk", tap: TappedFrame) -> Verdict:
    """A frame came in, and IP did not see it."""
    wrong = _wrong_mac(walk)
    if wrong is not None:
        return wrong
    record, shown = walk.interface(tap.ns, tap.dev), _link(walk, tap.ns, tap.dev)
    mac = shown.mac if shown is not None else (record.mac if record is not None else None)
    note = "IP did not take it"
    if mac and tap.packet.dst_mac and tap.packet.dst_mac != mac:
        note = f"the frame is for {tap.packet.dst_mac}, the interface is {mac}"
    words = [n.text for n in walk.evidence.notes if n.ns == tap.ns]
    return walk.verdict(Cause.UNKNOWN, tap.ns, dev=tap.dev, object=ids.Ref(tap.ns, tap.dev).id, note="; ".join([note, *words]))


# ---- bridges ---------------------------------------------------------------------------------------------------------


def not_switched(walk: "Walk", tap: TappedFrame, bridge: str, forwarded: Passage | Verdict | None) -> Verdict:
    """It came to a bridge and went out nowhere."""
    if isinstance(forwarded, Verdict):
        return forwarded
    ns = tap.ns
    port = walk.evidence.fdb.get((ns, tap.packet.dst_mac), "")
    others = [p.name for p in walk.view.graph.ports(ids.join(ns, bridge)) if p.name != tap.dev]
    blocked = _blocked_port(walk, tap, bridge, port, others)
    if blocked:
        note = walk.view.port_state(ids.join(ns, blocked))
        return walk.verdict(Cause.PORT_BLOCKED, ns, dev=blocked, object=ids.Ref(ns, blocked).id, note=note)
    device = walk.interface(ns, bridge)
    if is_bridge(device) and device.vlan_filtering:
        return walk.verdict(Cause.VLAN_FILTERED, ns, dev=tap.dev, object=ids.Ref(ns, tap.dev).id, note=_vlans(walk, ns, tap))
    trouble = _back_where_it_came_from(walk, tap, bridge) or _wrong_mac(walk) or _beyond(walk, tap, port, others)
    if trouble is not None:
        return trouble
    note = f"the FDB has {tap.packet.dst_mac} at the port it came from" if port == tap.dev else "the bridge sent it out nowhere"
    return walk.verdict(Cause.UNKNOWN, ns, dev=bridge, object=ids.Ref(ns, bridge).id, note=note)


def _back_where_it_came_from(walk: "Walk", tap: TappedFrame, bridge: str) -> Verdict | None:
    """A rule on the bridge (br_netfilter) gave it a destination behind the port that it came in at: only hairpin lets it out there."""
    changed = next(walk.evidence.frames(walk.leg, tap.ns, "out", tap.at or 0, bridge), None)
    port = walk.interface(tap.ns, tap.dev)
    if changed is None or port is None or port.port.hairpin or walk.evidence.port_of(tap.ns, changed.packet.dst_mac) != tap.dev:
        return None
    note = f"hairpin off: {changed.packet.dst} is behind the port that it came in at"
    return walk.verdict(Cause.PORT_BLOCKED, tap.ns, dev=tap.dev, object=port.id, note=note)


def _beyond(walk: "Walk", tap: TappedFrame, port: str, others: list[str]) -> Verdict | None:
    """What is wrong with the port for the frame (of a flooded one, with any other), or with rules on the bridge."""
    ns = tap.ns
    for dev in [port] if port and port != tap.dev else others:
        trouble = link_trouble(walk, ns, dev) or too_long(walk, tap.packet, _ends(walk, ns, dev))
        if trouble is not None:
            return trouble
    tables = [name for name in walk.evidence.foreign.get(ns, ()) if not name.startswith("arp ")]
    if tables:
        return walk.verdict(Cause.FOREIGN_RULES, ns, dev=tap.dev, object=ids.namespace(ns), note=", ".join(tables))
    return None


def _blocked_port(walk: "Walk", tap: TappedFrame, bridge: str, port: str, others: list[str]) -> str:
    """The port that lets no frame pass: where it came in, where it should have gone, or, of a flooded frame, the first of all others."""
    for dev in (tap.dev, port):
        if dev and dev != bridge and _is_blocked(walk, tap.ns, dev):
            return dev
    all_blocked = bool(others) and not port and all(_is_blocked(walk, tap.ns, dev) for dev in others)
    return others[0] if all_blocked else ""


def _is_blocked(walk: "Walk", ns: str, dev: str) -> bool:
    return walk.view.port_state(ids.join(ns, dev)) not in ("", "forwarding")


def _vlans(walk: "Walk", ns: str, tap: TappedFrame) -> str:
    record = walk.interface(ns, tap.dev)
    has = ", ".join(str(v.vid) for v in record.vlans) if record is not None and record.vlans is not None else "the bridge's default"
    return f"VLANs of the port: {has}; the frame: {tap.packet.vlan if tap.packet.vlan is not None else 'untagged'}"
