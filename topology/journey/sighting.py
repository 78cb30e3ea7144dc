"""Sightings: each is one thing that was seen of a packet, at the place where it was seen. `stitch` makes a journey of them.

`at` is in µs since the session began, by the time that the kernel gave the packet; None where it gave none. `number` is the order of the
sightings within one namespace; sightings of different namespaces are ordered by `at` and by what is possible only.
"""

from typing import Literal

import msgspec

from topology.journey.packet import Packet

Hook = Literal["prerouting", "input", "forward", "output", "postrouting"]
"""Where netfilter is called for a packet (linux/netfilter.h)."""


class Sighting(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="sighting"):
    """Base of all sightings. `ns`: the namespace. `key`: which packet it is, where more than one is followed. The rest: see above."""

    ns: str
    key: str = ""
    number: int = 0
    at: int | None = None


class TappedFrame(Sighting, frozen=True, kw_only=True, tag="tap"):
    """A frame at the interface `dev`: `in` from the wire, `out` to it (packet(7), PACKET_OUTGOING)."""

    dev: str
    direction: Literal["in", "out"]
    packet: Packet


class HookPass(Sighting, frozen=True, kw_only=True, tag="hook"):
    """The packet came to a hook (`enter`), or left it and went on (`leave`). `state`: conntrack's, as iptables' `--ctstate` names it.
    `skb`: nftables' number of the buffer that holds it; a copy (TEE, a flooded frame) has another."""

    hook: Hook
    passed: Literal["enter", "leave"]
    iif: str = ""
    oif: str = ""
    mark: int = 0
    state: str = ""
    packet: Packet = Packet()
    skb: int = 0


class RuleHit(Sighting, frozen=True, kw_only=True, tag="rule"):
    """A line of netfilter's trace (TRACE in iptables-extensions(8), `nft monitor trace`).

    `rule`: rule `rule_number` (from 1) matched; `policy`: the end of a base chain was reached, or of the chain's rules (`return`).
    `verdict`: nftables says it (`accept`, `drop`, `jump X`, …); the legacy trace does not.
    """

    driver: Literal["legacy", "nft"]
    family: Literal["ipv4", "ipv6"]
    table: str
    chain: str
    type: Literal["rule", "policy", "return"]
    rule_number: int = 0
    verdict: str = ""
    iif: str = ""
    oif: str = ""
    mark: int = 0
    packet: Packet = Packet()
    skb: int = 0


class RouteLookup(Sighting, frozen=True, kw_only=True, tag="route"):
    """The kernel's routing decision (RTM_GETROUTE) for a packet `src` → `dst` that came in by `iif`; `iif` empty: that it sends itself,
    by `oif` where its socket is bound to one. Rules of ip-rule(8) may ask for `mark`, `protocol`, ports and `tos` too.

    `errno` 0: `route` (the FIB entry's prefix; `default`), in `table`, of `type`, by `dev` and `via`; `source` is the preferred source.
    """

    dst: str
    src: str = ""
    iif: str = ""
    oif: str = ""
    mark: int = 0
    protocol: str = ""
    sport: int = 0
    dport: int = 0
    tos: int = 0
    errno: int = 0
    route: str = ""
    table: int = 0
    type: str = ""
    dev: str = ""
    via: str = ""
    source: str = ""
    mtu: int = 0


class NeighbourLookup(Sighting, frozen=True, kw_only=True, tag="neighbour"):
    """The neighbour entry of a next hop. `state` as ip-neighbour(8) names it (`none`: there is none). Asked when the session ends."""

    dev: str
    address: str
    mac: str = ""
    state: str = "none"


class FdbLookup(Sighting, frozen=True, kw_only=True, tag="fdb"):
    """The `port` at which a bridge of the namespace had `mac` in its FDB as the session began; empty where none had it."""

    mac: str
    port: str = ""


class SocketResult(Sighting, frozen=True, kw_only=True, tag="socket"):
    """What the kernel answered the sending program: `sent`; `connected`, where a request is sent by TCP now; `answered` (a reply; without a
    request the connection); `refused` with `errno`. `by`: the address that sent the ICMP error, where it was one. `text`: what was answered
    to a request (`Probe.request`)."""

    event: Literal["sent", "connected", "answered", "refused"]
    errno: int = 0
    by: str = ""
    text: str = ""


class PortLookup(Sighting, frozen=True, kw_only=True, tag="port"):
    """Whether a socket of the namespace waits for datagrams at the `port` to which the packet was delivered there. Asked when the session
    ends."""

    port: int
    listens: bool


class ForeignRules(Sighting, frozen=True, kw_only=True, tag="foreign"):
    """The nftables `tables` below IP that the namespace has rules in, by family and name: `bridge filter`, `arp f`. What they do is not
    traced."""

    tables: tuple[str, ...]


class TraceNote(Sighting, frozen=True, kw_only=True, tag="note"):
    """Something that could not be looked at, in the kernel's words."""

    text: str


AnySighting = (
    TappedFrame | HookPass | RuleHit | RouteLookup | NeighbourLookup | FdbLookup | SocketResult | PortLookup | ForeignRules | TraceNote
)
