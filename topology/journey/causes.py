"""Why a packet is not seen any further: from where it was seen last, what the kernel answers to its own questions, and what it says of
the lab."""

import errno
import ipaddress
from typing import TYPE_CHECKING

from topology.journey.evidence import Passage
from topology.journey.hop import Cause, Hop, RuleAt, Verdict
from topology.journey.packet import Packet
from topology.journey.probe import Probe
from topology.journey.sighting import RouteLookup, TappedFrame
from topology.model.records import is_bridge
from topology.observe.live import LinkLive

if TYPE_CHECKING:
    from topology.journey.walk import Walk

_ICMP_OVERHEAD, _IP6_OVERHEAD = 28, 48
"""Bytes of IP and ICMP (or UDP) headers."""

REFUSING = frozenset(("blackhole", "unreachable", "prohibit", "throw"))
"""Types of routes that refuse (ip-route(8))."""


def unsent(probe: Probe) -> Packet:
    """The packet of a probe of which nothing was seen."""
    icmp = "icmpv6" if probe.family == "ipv6" else "icmp"
    protocol = icmp if probe.protocol == "icmp" else probe.protocol
    overhead = _IP6_OVERHEAD if probe.family == "ipv6" else _ICMP_OVERHEAD
    length = probe.size + overhead if probe.protocol in ("icmp", "udp") else 0
    return Packet(protocol=protocol, dst=probe.address, dport=probe.to_port, length=length, df=probe.dont_fragment)


def stopped(walk: "Walk", ns: str, hop: Hop) -> Verdict:
    """It went into a hook and did not come out: by the last rule or policy of the trace."""
    rule: RuleAt | None = hop.rule
    if rule is None:
        note = f"it did not come out of hook {hop.hook}, and no rule of iptables says why"
        return walk.verdict(Cause.UNKNOWN, ns, object=hop.object, note=note)
    if hop.outcome == "stolen":
        return walk.verdict(Cause.UNKNOWN, ns, object=hop.object, rule=rule, note=f"{hop.target} took it")
    cause = Cause.DROPPED_BY_RULE if rule.number else Cause.DROPPED_BY_POLICY
    return walk.verdict(cause, ns, object=hop.object, rule=rule)


def silent_sender(walk: "Walk", ns: str, packet: Packet) -> Verdict:
    """Nothing was seen of it: what the sending program was told says why."""
    told = next((s for s in walk.evidence.told if s.event == "refused" and not s.by), None)
    if told is None:
        cause = Cause.UNKNOWN if walk.evidence.notes else Cause.RUNNING
        return walk.verdict(cause, ns, note="; ".join(n.text for n in walk.evidence.notes if n.ns == ns))
    looked = next((s for s in reversed(walk.evidence.looked) if s.ns == ns and s.dst == packet.dst), None)
    return _refused(walk, ns, packet, told.errno, looked)


def _refused(walk: "Walk", ns: str, packet: Packet, number: int, looked: RouteLookup | None) -> Verdict:
    if number == errno.EMSGSIZE:
        dev = looked.dev if looked is not None else walk.probe.dev
        return walk.verdict(
            Cause.TOO_BIG, ns, errno=number, dev=dev, object=f"interface:{ns}/{dev}" if dev else f"namespace:{ns}", mtu=_mtu(walk, ns, dev)
        )
    if number == errno.ENETDOWN:
        dev = walk.probe.dev
        return walk.verdict(Cause.INTERFACE_DOWN, ns, errno=number, dev=dev, object=f"interface:{ns}/{dev}" if dev else f"namespace:{ns}")
    if number in (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EACCES, errno.EINVAL):
        return no_route(walk, ns, packet.dst, number, looked)
    return walk.verdict(Cause.REFUSED, ns, errno=number, object=f"namespace:{ns}")


def no_route(walk: "Walk", ns: str, dst: str, number: int, looked: RouteLookup | None) -> Verdict:
    """The lookup failed: for want of a route, by a route that refuses, or since the interface that would have it is down."""
    there = ipaddress.ip_address(dst)
    for interface in walk.view.graph.inside(ns):
        near = any(there in ipaddress.ip_interface(a).network for a in interface.addresses)
        near = near or any(r.dev == interface.name and _covers(r.to, there) for r in walk.view.graph.routes(ns))
        if near and not interface.up:
            return walk.verdict(Cause.INTERFACE_DOWN, ns, errno=number, dev=interface.name, address=dst, object=interface.id)
    others = [i for i in walk.view.graph.inside(ns) if i.name != "lo"]
    if others and not any(i.up for i in others):  # IPv6 addresses go when their interface goes down
        return walk.verdict(Cause.INTERFACE_DOWN, ns, errno=number, dev=others[0].name, address=dst, object=others[0].id)
    route = walk.view.best(ns, there)
    refuses = route is not None and route.type in REFUSING
    record = walk.view.route_record(ns, looked.route, looked.table) if looked is not None and looked.route else None
    record = record or (route.record if refuses and route is not None else None)
    note = f"a {route.type} route" if refuses and route is not None else ""
    return walk.verdict(Cause.NO_ROUTE, ns, errno=number, address=dst, object=record or f"namespace:{ns}", note=note)


def _covers(to: str, there: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    network = ipaddress.ip_network("0.0.0.0/0" if to == "default" else to)
    return network.version == there.version and there in network


def after_routing(walk: "Walk", ns: str) -> Verdict:
    """Routed, and never at POSTROUTING."""
    return walk.verdict(Cause.UNKNOWN, ns, object=f"namespace:{ns}", note="it was not seen after the routing decision")


def link_trouble(walk: "Walk", ns: str, dev: str) -> Verdict | None:
    """The interface, or the other end of its pair, is down; or it has no carrier."""
    ref = f"{ns}/{dev}"
    interface = walk.view.graph.interfaces.get(ref)
    if interface is not None and not interface.up:
        return walk.verdict(Cause.INTERFACE_DOWN, ns, dev=dev, object=interface.id)
    peer = walk.view.graph.peer(ref)
    if peer is not None and not peer.up:
        return walk.verdict(Cause.NO_CARRIER, ns, dev=dev, object=peer.id, note=f"its peer {peer.ref} is down")
    shown = walk.view.live.get(f"link:{ref}")
    if isinstance(shown, LinkLive) and not shown.up:
        return walk.verdict(Cause.INTERFACE_DOWN, ns, dev=dev, object=f"interface:{ref}")
    if isinstance(shown, LinkLive) and not shown.carrier:
        return walk.verdict(Cause.NO_CARRIER, ns, dev=dev, object=f"interface:{ref}")
    return None


def no_neighbour(walk: "Walk", ns: str, dev: str, address: str, asked: bool, told: str) -> Verdict | None:
    """It did not leave: does nobody say which MAC the next hop has?"""
    trouble = link_trouble(walk, ns, dev)
    if trouble is not None:
        return trouble
    entry = walk.evidence.resolved.get((ns, dev, address))
    if not told and (asked or (entry is not None and entry.state in ("incomplete", "failed"))):
        walk.hop(kind="neighbour", namespace=ns, object=f"interface:{ns}/{dev}", dev=dev, address=address, asked=asked)
        note = "" if asked else "it was not asked on the wire"
        return walk.verdict(Cause.NEIGHBOUR_SILENT, ns, dev=dev, address=address, object=f"interface:{ns}/{dev}", note=note)
    return None


def did_not_leave(walk: "Walk", ns: str, dev: str) -> Verdict:
    trouble = link_trouble(walk, ns, dev) if dev else None
    note = f"it was not seen leaving by {dev}" if dev else "it was not seen leaving"
    return trouble or walk.verdict(Cause.UNKNOWN, ns, dev=dev, object=f"interface:{ns}/{dev}" if dev else f"namespace:{ns}", note=note)


def lost_on_wire(walk: "Walk", out: TappedFrame) -> Verdict:
    trouble = link_trouble(walk, out.ns, out.dev)
    note = "it was not seen at the other end"
    return trouble or walk.verdict(Cause.UNKNOWN, out.ns, dev=out.dev, object=f"interface:{out.ns}/{out.dev}", note=note)


def not_taken(walk: "Walk", tap: TappedFrame) -> Verdict:
    """A frame came in, and IP did not see it."""
    record = walk.interface(tap.ns, tap.dev)
    shown = walk.view.live.get(f"link:{tap.ns}/{tap.dev}")
    mine = shown.mac if isinstance(shown, LinkLive) else (record.mac if record is not None else None)
    note = "IP did not take it"
    if mine and tap.packet.dst_mac and tap.packet.dst_mac != mine:
        note = f"the frame is for {tap.packet.dst_mac}, the interface is {mine}"
    words = [n.text for n in walk.evidence.notes if n.ns == tap.ns]
    return walk.verdict(Cause.UNKNOWN, tap.ns, dev=tap.dev, object=f"interface:{tap.ns}/{tap.dev}", note="; ".join([note, *words]))


# ---- bridges ---------------------------------------------------------------------------------------------------------


def not_switched(walk: "Walk", came: TappedFrame, bridge: str, forwarded: Passage | Verdict | None) -> Verdict:
    """It came to a bridge and went out nowhere."""
    if isinstance(forwarded, Verdict):
        return forwarded
    ns = came.ns
    port = walk.evidence.fdb.get((ns, came.packet.dst_mac), "")
    blocked = [dev for dev in (came.dev, port) if dev and dev != bridge and _blocked(walk, ns, dev)]
    if not port:
        others = [p.name for p in walk.view.graph.ports(f"{ns}/{bridge}") if p.name != came.dev]
        blocked += [dev for dev in others if others and all(_blocked(walk, ns, o) for o in others) and dev == others[0]]
    if blocked:
        dev = blocked[0]
        state = _port_state(walk, ns, dev)
        return walk.verdict(Cause.PORT_BLOCKED, ns, dev=dev, object=f"interface:{ns}/{dev}", note=state)
    device = walk.interface(ns, bridge)
    if is_bridge(device) and device.vlan_filtering:
        return walk.verdict(Cause.VLAN_FILTERED, ns, dev=came.dev, object=f"interface:{ns}/{came.dev}", note=_vlans(walk, ns, came))
    for dev in (port, *(p.name for p in walk.view.graph.ports(f"{ns}/{bridge}") if p.name != came.dev)):
        trouble = link_trouble(walk, ns, dev) if dev and dev != came.dev else None
        if trouble is not None:
            return trouble
    note = f"the MAC table has {came.packet.dst_mac} at the port it came from" if port == came.dev else "the bridge sent it out nowhere"
    return walk.verdict(Cause.UNKNOWN, ns, dev=bridge, object=f"interface:{ns}/{bridge}", note=note)


def _port_state(walk: "Walk", ns: str, dev: str) -> str:
    shown = walk.view.live.get(f"link:{ns}/{dev}")
    return (shown.port_state if isinstance(shown, LinkLive) else None) or ""


def _blocked(walk: "Walk", ns: str, dev: str) -> bool:
    return _port_state(walk, ns, dev) not in ("", "forwarding")


def _vlans(walk: "Walk", ns: str, came: TappedFrame) -> str:
    record = walk.interface(ns, came.dev)
    has = ", ".join(str(v.vid) for v in record.vlans) if record is not None and record.vlans is not None else "the bridge's default"
    return f"VLANs of the port: {has}; the frame: {came.packet.vlan if came.packet.vlan is not None else 'untagged'}"


# ---- routing ---------------------------------------------------------------------------------------------------------


def not_routed(walk: "Walk", tap: TappedFrame, packet: Packet, looked: RouteLookup | None) -> Verdict:
    """Out of PREROUTING, and at neither INPUT nor FORWARD: the routing decision, or what ip_forward() checks first."""
    ns = tap.ns
    namespace = f"namespace:{ns}"
    number = looked.errno if looked is not None else 0
    route = walk.view.best(ns, ipaddress.ip_address(packet.dst))
    if number and route is not None and route.type in REFUSING:
        return no_route(walk, ns, packet.dst, number, looked)
    if number in (errno.EXDEV, errno.EINVAL):
        key = "net.ipv4.conf.all.rp_filter"
        value = walk.view.sysctl(ns, key)
        note = f"{key} is {value}" if value not in ("", "0") else f"rp_filter of {tap.dev}, or an address that cannot be a source (martian)"
        return walk.verdict(Cause.REVERSE_PATH, ns, dev=tap.dev, object=namespace, address=packet.src, errno=number, note=note)
    local = looked is not None and looked.type in ("local", "broadcast", "multicast")
    if not local and not walk.view.is_forwarding(ns, packet.family):
        return walk.verdict(Cause.NOT_FORWARDED, ns, dev=tap.dev, object=namespace, address=packet.dst, errno=number)
    if number:
        return no_route(walk, ns, packet.dst, number, looked)
    if looked is not None and not local and packet.ttl <= 1:
        return walk.verdict(Cause.TTL_EXCEEDED, ns, dev=tap.dev, object=namespace)
    dev = looked.dev if looked is not None else ""
    mtu = (looked.mtu if looked is not None else 0) or _mtu(walk, ns, dev)
    if mtu and packet.length > mtu and (packet.df or packet.family == "ipv6"):
        return walk.verdict(Cause.TOO_BIG, ns, dev=dev, object=f"interface:{ns}/{dev}", mtu=mtu)
    return walk.verdict(Cause.UNKNOWN, ns, dev=tap.dev, object=namespace, note="it was not seen after PREROUTING")


def _mtu(walk: "Walk", ns: str, dev: str) -> int:
    shown = walk.view.live.get(f"link:{ns}/{dev}")
    return shown.mtu if isinstance(shown, LinkLive) else 0
