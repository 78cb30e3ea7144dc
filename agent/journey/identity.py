"""How the packet of a trace is recognised: by bytes that no NAT changes, in itself, in its answer, or in the packet that an ICMP error
quotes.

ICMP echo and UDP: the nonce at the start of the payload, which an echo reply repeats. DNS: its header; the
answer has the same id. TCP: the initial sequence number, and that plus one
as the acknowledgement number of the answer (RFC 9293). In three forms: as a socket filter, as nftables rules, and as a test of bytes.
"""

import struct
from typing import NamedTuple

from agent.journey.bpf import Program, Test
from agent.journey.nft import Bytes, Match
from topology.journey.probe import Probe
from topology.journey.request import dns_beginning

_ICMP, _TCP, _UDP, _ICMP6 = 1, 6, 17, 58
_TCP_FLAGS, _SYN_OR_RST = 13, 0x06
"""Where TCP has its flags; SYN is 2, RST is 4."""
_DNS_ANSWER = 0x80
"""The bit QR, in the third byte of DNS (RFC 1035)."""
_ETHERTYPE = 12
_IP4, _IP6, _ARP = 0x0800, 0x86DD, 0x0806
_HEADER4, _HEADER6, _ICMP_HEADER = 20, 40, 8
_FRAGMENT, _FRAGMENT_HEADER = 44, 8
"""IPv6's fragment header: its number, its length."""
_BE32 = struct.Struct(">I")


class Mark(NamedTuple):
    """Two, four or eight bytes at an offset of the transport header of IP protocol `protocol`; where `flags` is not 0, one of these bits of
    the byte at `flags_at` has to be set: by default of TCP's flags."""

    protocol: int
    offset: int
    value: bytes
    flags: int = 0
    flags_at: int = _TCP_FLAGS


def marks(probe: Probe) -> tuple[Mark, ...]:
    """All marks by which the packet, its answer and errors about it are recognised."""
    version6 = probe.family == "ipv6"
    icmp, header = (_ICMP6, _HEADER6) if version6 else (_ICMP, _HEADER4)
    inside = _ICMP_HEADER + header
    if probe.protocol == "tcp":
        first = _BE32.pack(probe.sequence)
        following = _BE32.pack((probe.sequence + 1) & 0xFFFFFFFF)
        return Mark(_TCP, 4, first), Mark(_TCP, 8, following, _SYN_OR_RST), Mark(icmp, inside + 4, first)
    if probe.request == "dns":
        query = dns_beginning(probe)
        answer = Mark(_UDP, 8, query[:2], _DNS_ANSWER, 10)
        return Mark(_UDP, 8, query[:8]), answer, Mark(icmp, inside + 8, query[:8])
    nonce = bytes.fromhex(probe.nonce)
    own = _UDP if probe.protocol == "udp" else icmp
    return Mark(own, 8, nonce), Mark(icmp, inside + 8, nonce)


def matches(probe: Probe) -> tuple[Match, ...]:
    """The marks as rules of nftables."""
    return tuple(Match(mark.protocol, (Bytes(mark.offset, mark.value), *_flags(mark))) for mark in marks(probe))


def _flags(mark: Mark) -> tuple[Bytes, ...]:
    return (Bytes(mark.flags_at, bytes([mark.flags]), some=True),) if mark.flags else ()


def program(probe: Probe) -> Program:
    """The marks as a socket filter on Ethernet frames. ARP and neighbour discovery always pass: they show how the next hop was found."""
    version6 = probe.family == "ipv6"
    alternatives: list[list[Test]] = [[Test(_ETHERTYPE, 2, _ARP)]]
    if version6:
        kind = Test(_ETHERTYPE, 2, _IP6)
        # neighbour solicitation 135, 0x87, and advertisement 136, 0x88
        alternatives += [[kind, Test(20, 1, _ICMP6), Test(54, 1, number)] for number in (135, 136)]
    for mark in marks(probe) if probe.protocol != "arp" else ():
        alternatives += [_fragment(mark), _tests(mark, 14 + _HEADER6)] if version6 else [_tests(mark, 0)]
    return alternatives


def _tests(mark: Mark, base: int) -> list[Test]:
    """The mark behind an IP header without options; `base` 0: of IPv4, of any length."""
    version6 = base > 0
    kind, protocol = Test(_ETHERTYPE, 2, _IP6 if version6 else _IP4), Test(20 if version6 else 23, 1, mark.protocol)
    return [kind, protocol, *_values(mark, base)]


def _fragment(mark: Mark) -> list[Test]:
    """The mark in the first fragment of an IPv6 packet (RFC 8200): behind a fragment header whose offset is 0."""
    header = 14 + _HEADER6
    fixed = [Test(_ETHERTYPE, 2, _IP6), Test(20, 1, _FRAGMENT), Test(header, 1, mark.protocol), Test(header + 2, 2, 1)]
    return [*fixed, *_values(mark, header + _FRAGMENT_HEADER)]


def _values(mark: Mark, base: int) -> list[Test]:
    size = min(4, len(mark.value))
    values = [
        Test(base + mark.offset + at, size, int.from_bytes(mark.value[at : at + size]), after_ip4=not base)
        for at in range(0, len(mark.value), size)
    ]
    flags = [Test(base + mark.flags_at, 1, mark.flags, some=True, after_ip4=not base)] if mark.flags else []
    return [*values, *flags]


def carries(packet: bytes, wanted: tuple[Mark, ...]) -> bool:
    """Whether an IP packet, from its IP header on, carries one of these marks."""
    if len(packet) < _HEADER4:
        return False
    version = packet[0] >> 4
    at, protocol = ((packet[0] & 15) * 4, packet[9]) if version == 4 else (_HEADER6, packet[6])
    if version == 6 and protocol == _FRAGMENT and len(packet) >= _HEADER6 + _FRAGMENT_HEADER and packet[42:44] == b"\0\1":
        at, protocol = _HEADER6 + _FRAGMENT_HEADER, packet[40]
    for mark in wanted:
        start = at + mark.offset
        if protocol == mark.protocol and packet[start : start + len(mark.value)] == mark.value:
            return not mark.flags or bool(packet[at + mark.flags_at] & mark.flags)
    return False
