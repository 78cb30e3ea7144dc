"""Connection tracking of a namespace, as far as one packet and its answer need it: which connection they belong to, and NAT. Pure."""

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import msgspec

from topology.journey.packet import Packet
from topology.journey.sighting import Hook

State = Literal["NEW", "ESTABLISHED", "RELATED", "INVALID", "UNTRACKED"]
"""The states of conntrack as iptables-extensions(8) names them."""
Side = Literal["src", "dst"]
"""Which end of a packet is rewritten."""
SIDES: dict[Hook, Side] = {"prerouting": "dst", "output": "dst", "input": "src", "postrouting": "src"}
"""What NAT rewrites in each hook that has a table nat (HOOK2MANIP() of nf_nat.h)."""
_DISCOVERY = frozenset(("icmpv6", t) for t in range(133, 138))
"""Neighbour discovery, which conntrack leaves alone (nf_conntrack_proto_icmpv6.c)."""


class Ends(NamedTuple):
    """Both ends of a packet."""

    src: str
    sport: int
    dst: str
    dport: int

    @property
    def back(self) -> "Ends":
        """Those of its answer."""
        return Ends(self.dst, self.dport, self.src, self.sport)


def ends(packet: Packet) -> Ends:
    """Of a packet."""
    return Ends(packet.src, packet.sport, packet.dst, packet.dport)


@dataclass
class Connection:
    """`original` as the first packet came, `reply` as its answer comes. `done`: the sides for which the rules of table nat were asked."""

    protocol: str
    original: Ends
    reply: Ends
    mark: int = 0
    answered: bool = False
    done: set[Side] = field(default_factory=set)

    @property
    def translated(self) -> set[str]:
        """`DNAT`, `SNAT`: what is done to its packets."""
        out = {"DNAT"} if (self.reply.src, self.reply.sport) != (self.original.dst, self.original.dport) else set()
        return out | ({"SNAT"} if (self.reply.dst, self.reply.dport) != (self.original.src, self.original.sport) else set())


class Tracked(NamedTuple):
    """What conntrack says of a packet. `connection` None: it belongs to none."""

    state: State
    connection: Connection | None = None
    answer: bool = False


UNTRACKED = Tracked("UNTRACKED")
INVALID = Tracked("INVALID")


class Tracker:
    """The connections of one namespace."""

    def __init__(self) -> None:
        self._known: list[Connection] = []

    def find(self, packet: Packet) -> Tracked:
        """The connection that the packet belongs to; a new one for a packet that may begin one."""
        if (packet.protocol, packet.type) in _DISCOVERY:
            return UNTRACKED
        here = ends(packet)
        for known in self._known:
            if known.protocol == packet.protocol and here == known.reply:
                known.answered = True
                return Tracked("ESTABLISHED", known, answer=True)
            if known.protocol == packet.protocol and here == known.original:
                return Tracked("ESTABLISHED" if known.answered else "NEW", known)
        if not _begins(packet):
            return INVALID
        fresh = Connection(packet.protocol, here, here.back)
        self._known.append(fresh)
        return Tracked("NEW", fresh)


def _begins(packet: Packet) -> bool:
    """Whether conntrack makes a connection for it: not for a SYN/ACK or an echo reply of which it saw no request."""
    if packet.protocol == "tcp":
        return "S" in packet.flags and "A" not in packet.flags
    return packet.type in (8, 128) if packet.protocol in ("icmp", "icmpv6") else True


def bind(connection: Connection, packet: Packet, after: Packet, side: Side) -> None:
    """A rule of table nat has decided what the packet becomes (nf_nat_setup_info())."""
    reply = connection.reply
    if side == "dst":
        connection.reply = reply._replace(src=after.dst, sport=after.dport)
    elif ends(after)[:2] != ends(packet)[:2]:
        connection.reply = reply._replace(dst=after.src, dport=after.sport)


def translated(tracked: Tracked, packet: Packet, side: Side) -> Packet:
    """The packet of a connection with this side as NAT makes it (nf_nat_packet())."""
    known = tracked.connection
    if known is None:
        return packet
    wanted = known.original.back if tracked.answer else known.reply.back
    if side == "dst":
        return msgspec.structs.replace(packet, dst=wanted.dst, dport=wanted.dport)
    return msgspec.structs.replace(packet, src=wanted.src, sport=wanted.sport)
