"""What is asked of a journey."""

from typing import Literal

import msgspec

Protocol = Literal["icmp", "udp", "tcp", "arp"]
"""ICMP echo (ICMPv6 where the address is IPv6), one UDP datagram, a TCP connect, an ARP request (neighbour solicitation)."""

UDP_PORT, TCP_PORT = 33434, 80
"""Where a probe goes that names no port: traceroute(8)'s first, and HTTP."""


class Ask(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The packet that somebody wants sent, or wants to know about.

    `source`: a namespace, or an interface (`ns/name`: sent through it). `target`: a namespace, an interface or an address. `port`: where
    to; None: `UDP_PORT`, `TCP_PORT`. `source_port` 0: one that the kernel picks. `size`: bytes of payload of ICMP and UDP. `ttl` None:
    the namespace's. `dont_fragment`: IPv4's DF (IPv6 routers never fragment).
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
        """The port that is meant; 0 where the protocol has none."""
        return {"udp": self.port or UDP_PORT, "tcp": self.port or TCP_PORT}.get(self.protocol, 0)


class Probe(Ask, frozen=True, kw_only=True):
    """An `Ask` with its names resolved, ready to be sent.

    `namespace` sends it, `sender` is the address that an ARP request names as its own, `dev` is the interface that it has to leave by
    (SO_BINDTODEVICE), `address` the destination. `nonce` makes this packet known among all others: 8 bytes at the start of the payload,
    or for TCP the initial sequence number in its first four; as hex.
    """

    namespace: str
    address: str
    dev: str = ""
    sender: str = ""
    nonce: str = ""

    @property
    def family(self) -> Literal["ipv4", "ipv6"]:
        return "ipv6" if ":" in self.address else "ipv4"

    @property
    def sequence(self) -> int:
        """The TCP sequence number of the SYN."""
        return int(self.nonce[:8] or "0", 16)
