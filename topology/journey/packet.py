"""What a packet's headers say: as it was seen at one place. Parsed from bytes, without any I/O."""

import ipaddress
import struct
from typing import Literal

import msgspec

ETH_P_IP, ETH_P_ARP, ETH_P_8021Q, ETH_P_IPV6 = 0x0800, 0x0806, 0x8100, 0x86DD  # linux/if_ether.h
_ETHERNET = struct.Struct(">6s6sH")
_ARP = struct.Struct(">HHBBH6s4s6s4s")  # RFC 826, Ethernet and IPv4
_IP4 = struct.Struct(">BBHHHBBH4s4s")  # RFC 791
_IP6 = struct.Struct(">IHBB16s16s")  # RFC 8200
_PORTS = struct.Struct(">HH")
_TCP = struct.Struct(">HHIIBB")
PROTOCOLS = {1: "icmp", 6: "tcp", 17: "udp", 58: "icmpv6"}
"""IP protocol numbers by the names of /etc/protocols that are used here."""
_FLAGS = (("S", 0x02), ("A", 0x10), ("F", 0x01), ("R", 0x04), ("P", 0x08))
_EXTENSIONS = frozenset((0, 43, 60))
"""IPv6 extension headers that are stepped over: hop-by-hop, routing, destination options."""
REDIRECTS = frozenset((("icmp", 5), ("icmpv6", 137)))
"""Protocol and type of an ICMP redirect: a router's advice about a packet that it forwards all the same."""
ICMP_ERRORS = {"icmp": frozenset((3, 5, 11, 12)), "icmpv6": frozenset((1, 2, 3, 4))}
"""ICMP types that carry the packet that they are about (RFC 792, RFC 4443)."""
SOLICITATION, ADVERTISEMENT = 135, 136
"""ICMPv6 types of neighbour discovery (RFC 4861)."""
ECHO_REQUESTS = frozenset((("icmp", 8), ("icmpv6", 128)))
"""Protocol and type of an echo request."""


class Packet(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Headers of one packet. What it does not have keeps its default.

    `protocol`: `arp`, or the IP protocol by name (`icmp`, `icmpv6`, `tcp`, `udp`), else its number as text. `src`, `dst`: the IP
    addresses; of an ARP packet those of its sender and its target. `tos`: TOS, or traffic class. `length`: bytes of the IP packet.
    `id`: IPv4 identification. `flags`: TCP flags as tcpdump(1) writes them (`S`, `SA`, `R`). `type`, `code`: ICMP's; of ARP the operation
    (1: request, 2: reply) is `type`. `seq`, `ack`: TCP's numbers; of an ICMP echo `echo` is the identifier, `seq` the sequence number.
    `mtu`: what fits, as a "too big" says. `target`: the address that neighbour discovery asks for. `inner`: the packet that an ICMP error
    is about.
    """

    protocol: str = ""
    src: str = ""
    dst: str = ""
    src_mac: str = ""
    dst_mac: str = ""
    vlan: int | None = None
    ttl: int = 0
    tos: int = 0
    length: int = 0
    id: int = 0
    df: bool = False
    fragment: bool = False
    sport: int = 0
    dport: int = 0
    flags: str = ""
    seq: int = 0
    ack: int = 0
    type: int = 0
    code: int = 0
    mtu: int = 0
    echo: int = 0
    target: str = ""
    inner: "Packet | None" = None

    @property
    def error(self) -> bool:
        """Whether it is an ICMP error (or a redirect, which quotes a packet as they do)."""
        return self.type in ICMP_ERRORS.get(self.protocol, ())

    @property
    def family(self) -> Literal["ipv4", "ipv6"]:
        """By its addresses."""
        return "ipv6" if ":" in self.src or ":" in self.dst else "ipv4"


def _mac(data: bytes) -> str:
    return data.hex(":")


def _ip(data: bytes) -> str:
    return str(ipaddress.ip_address(data))


def ethernet(data: bytes, vlan: int | None = None) -> Packet | None:
    """The packet in an Ethernet frame; None for what is neither ARP nor IP. `vlan`: a tag that the kernel has taken off."""
    if len(data) < _ETHERNET.size:
        return None
    there, here, kind = _ETHERNET.unpack_from(data)
    at = _ETHERNET.size
    if kind == ETH_P_8021Q and len(data) >= at + 4:
        tag, kind = _PORTS.unpack_from(data, at)
        vlan, at = tag & 0xFFF, at + 4
    found = _arp(data[at:]) if kind == ETH_P_ARP else ip(data[at:]) if kind in (ETH_P_IP, ETH_P_IPV6) else None
    return found and msgspec.structs.replace(found, src_mac=_mac(here), dst_mac=_mac(there), vlan=vlan)


def _arp(data: bytes) -> Packet | None:
    if len(data) < _ARP.size:
        return None
    hardware, protocol, _, _, operation, _, sender, _, target = _ARP.unpack_from(data)
    if (hardware, protocol) != (1, ETH_P_IP):
        return None
    return Packet(protocol="arp", src=_ip(sender), dst=_ip(target), type=operation)


def ip(data: bytes) -> Packet | None:
    """The packet that begins with an IP header; fields that are cut off keep their defaults. None where the IP header itself is cut off."""
    if len(data) >= _IP4.size and data[0] >> 4 == 4:
        return _ip4(data)
    if len(data) >= _IP6.size and data[0] >> 4 == 6:
        return _ip6(data)
    return None


def _ip4(data: bytes) -> Packet:
    first, tos, length, number, fragment, ttl, protocol, _, src, dst = _IP4.unpack_from(data)
    head = Packet(
        protocol=PROTOCOLS.get(protocol, str(protocol)), src=_ip(src), dst=_ip(dst), ttl=ttl, tos=tos, length=length, id=number,
        df=bool(fragment & 0x4000), fragment=bool(fragment & 0x3FFF),
    )  # fmt: skip
    return head if fragment & 0x1FFF else _transport(head, data[(first & 15) * 4 :])


def _ip6(data: bytes) -> Packet:
    word, length, following, ttl, src, dst = _IP6.unpack_from(data)
    at, fragment, offset = _IP6.size, False, 0
    while following in _EXTENSIONS and len(data) >= at + 8:
        following, at = data[at], at + 8 + data[at + 1] * 8
    if following == 44 and len(data) >= at + 8:  # fragment header
        following, fragment, offset = data[at], True, int.from_bytes(data[at + 2 : at + 4], "big") & 0xFFF8
        at += 8
    head = Packet(
        protocol=PROTOCOLS.get(following, str(following)), src=_ip(src), dst=_ip(dst), ttl=ttl, tos=word >> 20 & 0xFF, length=length + 40,
        fragment=fragment,
    )  # fmt: skip
    return head if offset else _transport(head, data[at:])


def _transport(head: Packet, data: bytes) -> Packet:
    change = msgspec.structs.replace
    if head.protocol == "udp" and len(data) >= 4:
        sport, dport = _PORTS.unpack_from(data)
        return change(head, sport=sport, dport=dport)
    if head.protocol == "tcp" and len(data) >= 8:
        sport, dport, seq, ack, _, flags = _TCP.unpack_from(data + bytes(6))
        return change(head, sport=sport, dport=dport, seq=seq, ack=ack, flags="".join(c for c, bit in _FLAGS if flags & bit))
    if head.protocol in ICMP_ERRORS and len(data) >= 8:
        return _icmp(head, data)
    return head


def _icmp(head: Packet, data: bytes) -> Packet:
    change = msgspec.structs.replace
    kind, code, rest = data[0], data[1], int.from_bytes(data[4:8], "big")
    head = change(head, type=kind, code=code)
    if head.error:
        too_big = (head.protocol, kind, code) == ("icmp", 3, 4) or (head.protocol, kind) == ("icmpv6", 2)
        return change(head, mtu=rest & 0xFFFF if too_big else 0, inner=ip(data[8:]))
    if head.protocol == "icmpv6" and kind in (SOLICITATION, ADVERTISEMENT):
        return change(head, target=_ip(data[8:24])) if len(data) >= 24 else head
    return change(head, echo=rest >> 16, seq=rest & 0xFFFF)  # echo: identifier and sequence number


# ---- neighbours --------------------------------------------------------------------------------------------------------


def is_neighbour(packet: Packet) -> bool:
    """Whether it is ARP or neighbour discovery."""
    return packet.protocol == "arp" or (packet.protocol == "icmpv6" and packet.type in (SOLICITATION, ADVERTISEMENT))


def asks_for(packet: Packet) -> str:
    """The address that an ARP request or a neighbour solicitation asks for; empty where it is none."""
    if packet.protocol == "arp":
        return packet.dst if packet.type == 1 else ""
    return packet.target if packet.type == SOLICITATION and is_neighbour(packet) else ""


def answers_for(packet: Packet) -> str:
    """The address that an ARP reply or a neighbour advertisement gives the MAC of; empty where it is none."""
    if packet.protocol == "arp":
        return packet.src if packet.type == 2 else ""
    return packet.target if packet.type == ADVERTISEMENT and is_neighbour(packet) else ""
