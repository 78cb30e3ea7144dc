"""Which packet is asked about: `Ask` by names, `Probe` with its names resolved."""

from typing import Any, Literal

import msgspec

Protocol = Literal["icmp", "udp", "tcp", "arp"]
"""ICMP echo (ICMPv6 where the address is IPv6), one UDP datagram, a TCP connect, an ARP request (neighbour solicitation)."""

Request = Literal["", "dns", "http"]
"""What the program at the other end is asked: nothing, a DNS query (RFC 1035) in the datagram, a GET (RFC 9112) on the connection."""

ProbeKind = Literal["icmp", "udp", "tcp", "arp", "dns", "http"]
KINDS: tuple[ProbeKind, ...] = ("icmp", "udp", "tcp", "arp", "dns", "http")
"""The request where there is one, else the protocol: what a person chooses."""

PORTS: dict[ProbeKind, int] = {"udp": 33434, "tcp": 80, "dns": 53, "http": 80}
"""The ports of a probe that names none: the first of traceroute(8), HTTP's and DNS's."""


class Ask(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The packet that somebody wants sent, or wants to know about. `topology.journey.options` says which values and combinations there are.

    `source`: a namespace, or an interface (`ns/name`: sent through it, SO_BINDTODEVICE). `target`: a namespace, an interface or an address.
    `port`: the destination's; None: that of `PORTS`. `source_port` 0: the kernel picks one. `size`: bytes of payload of ICMP and UDP. `ttl`
    None: the namespace's default. `dont_fragment`: IPv4's DF (IPv6 routers never fragment). `mark`: SO_MARK of the sending socket.
    `source_address`: an address of the source namespace, bind(2). `tos`: IP_TOS, IPV6_TCLASS. `broadcast`: SO_BROADCAST. `request`: what is
    asked; `name`: the name that DNS looks up (A, with IPv6 AAAA), the path that HTTP gets.
    """

    source: str
    target: str
    protocol: Protocol = "icmp"
    ipv6: bool = False
    port: int | None = None
    source_port: int = 0
    size: int = 56
    ttl: int | None = None
    dont_fragment: bool = False
    mark: int = 0
    source_address: str = ""
    tos: int = 0
    broadcast: bool = False
    request: Request = ""
    name: str = ""

    @property
    def kind(self) -> ProbeKind:
        """What a person chose."""
        return self.request or self.protocol

    @property
    def to_port(self) -> int:
        """The destination port; 0 where the protocol has none."""
        return (self.port or PORTS[self.kind]) if self.protocol in ("udp", "tcp") else 0


_CARRIED_BY: dict[ProbeKind, tuple[Protocol, Request]] = {
    "icmp": ("icmp", ""), "udp": ("udp", ""), "tcp": ("tcp", ""), "arp": ("arp", ""), "dns": ("udp", "dns"), "http": ("tcp", "http"),
}  # fmt: skip


def asked(kind: ProbeKind, **fields: Any) -> Ask:
    """An `Ask` of this kind, with its other fields."""
    protocol, request = _CARRIED_BY[kind]
    return Ask(protocol=protocol, request=request, **fields)


class Probe(Ask, frozen=True, kw_only=True):
    """An `Ask` with its names resolved, ready to be sent.

    `namespace` sends it, `sender` is the source address in an ARP request, `dev` the interface that it has to leave by (SO_BINDTODEVICE),
    `address` the destination. `nonce` identifies this packet among all others: 8 bytes as hex, at the start of the payload; of TCP the
    first four are the initial sequence number.
    """

    namespace: str
    address: str
    dev: str = ""
    sender: str = ""
    nonce: str = ""

    @property
    def family(self) -> Literal["ipv4", "ipv6"]:
        """Of the destination."""
        return "ipv6" if ":" in self.address else "ipv4"

    @property
    def sequence(self) -> int:
        """The TCP sequence number of the SYN."""
        return int(self.nonce[:8] or "0", 16)
