"""Which packet is asked about: `Ask` by names, `Probe` with its names resolved."""

from typing import Literal

import msgspec

Protocol = Literal["icmp", "udp", "tcp", "arp"]
"""ICMP echo (ICMPv6 where the address is IPv6), one UDP datagram, a TCP connect, an ARP request (neighbour solicitation)."""

UDP_PORT, TCP_PORT = 33434, 80
"""The ports of a probe that names none: the first of traceroute(8), and HTTP's."""


class Ask(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The packet that somebody wants sent, or wants to know about.

    `source`: a namespace, or an interface (`ns/name`: sent through it). `target`: a namespace, an interface or an address. `port`: the
    destination's; None: `UDP_PORT`, `TCP_PORT`. `source_port` 0: the kernel picks one. `size`: bytes of payload of ICMP and UDP. `ttl`
    None: the namespace's default. `dont_fragment`: IPv4's DF (IPv6 routers never fragment). `mark`: SO_MARK of the sending socket.
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

    @property
    def to_port(self) -> int:
        """The destination port; 0 where the protocol has none."""
        return {"udp": self.port or UDP_PORT, "tcp": self.port or TCP_PORT}.get(self.protocol, 0)


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
