"""What netfilter reports of a traced packet: nfnetlink messages → `Line`. `body` is a message without `nlmsghdr`.

The legacy tables log through nfnetlink_log (linux/netfilter/nfnetlink_log.h), with the whole packet; nftables sends NFT_MSG_TRACE
(linux/netfilter/nf_tables.h), with headers in the first message of each base chain only.
"""

import re
import struct
from collections.abc import Callable
from typing import Literal, NamedTuple

from agent.netlink.wire import as_text, attributes

_NFULA_MARK, _NFULA_INDEV, _NFULA_OUTDEV, _NFULA_PAYLOAD, _NFULA_PREFIX = 2, 4, 5, 9, 10
_TABLE, _CHAIN, _HANDLE, _TYPE, _VERDICT, _ID, _NETWORK, _TRANSPORT, _IIF, _OIF, _MARK = 1, 2, 3, 4, 5, 6, 8, 9, 10, 12, 14
_POLICY, _CT_STATE = 16, 21
_VERDICT_CODE, _VERDICT_CHAIN = 1, 2
_RULE_TABLE, _RULE_CHAIN, _RULE_HANDLE = 1, 2, 3
_LINE = re.compile(r"TRACE: (?P<table>[^:]+):(?P<chain>.+):(?P<type>rule|policy|return):(?P<number>\d+) ?$")
_TYPES: dict[int, Literal["rule", "policy", "return"]] = {1: "policy", 2: "return", 3: "rule"}
_VERDICTS = {0: "drop", 1: "accept", 2: "stolen", 3: "queue", -1: "continue", -2: "break", -3: "jump", -4: "goto", -5: "return"}
_STATES = ((2, "ESTABLISHED"), (4, "RELATED"), (8, "NEW"), (1, "INVALID"), (64, "UNTRACKED"))
"""NF_CT_STATE_BIT of linux/netfilter/nf_conntrack_common.h."""


_IP6_HEADER = 40
_BETWEEN, _TRANSPORTS = frozenset((0, 43, 44, 60)), (58, 6, 17)
"""IPv6 extension headers, and the protocols of probes, by their numbers."""


class Line(NamedTuple):
    """One line of a trace: a packet met a rule, a policy or the end of a chain. `packet`: bytes from the IP header on, empty where this
    message has none. `id`: the number that nftables gave the packet; 0: the line is of the legacy tables. `iif` and `oif`: ifindexes, 0 for
    none."""

    table: str
    chain: str
    type: Literal["rule", "policy", "return"]
    number: int
    """Of the rule: its position from 1; for nftables its handle."""
    verdict: str
    iif: int
    oif: int
    mark: int
    packet: bytes
    id: int
    state: str
    family: int


def _be32(data: bytes | None) -> int:
    return int.from_bytes(data or b"", "big")


def logged(body: bytes) -> Line | None:
    """NFULNL_MSG_PACKET; None where it is no line of a trace (a user's NFLOG rule)."""
    found = attributes(body, 4)
    line = _LINE.match(as_text(found.get(_NFULA_PREFIX, b"")))
    if line is None:
        return None
    kind: Literal["rule", "policy", "return"] = {"rule": "rule", "policy": "policy"}.get(line["type"], "return")  # type: ignore[assignment]  # the pattern has no others
    return Line(
        line["table"], line["chain"], kind, int(line["number"]), "", _be32(found.get(_NFULA_INDEV)), _be32(found.get(_NFULA_OUTDEV)),
        _be32(found.get(_NFULA_MARK)), found.get(_NFULA_PAYLOAD, b""), 0, "", body[0],
    )  # fmt: skip


def traced(body: bytes) -> Line | None:
    """NFT_MSG_TRACE; None for a type of line that is not known."""
    found = attributes(body, 4)
    kind = _TYPES.get(_be32(found.get(_TYPE)))
    if kind is None:
        return None
    return Line(
        as_text(found.get(_TABLE, b"")), as_text(found.get(_CHAIN, b"")), kind, _be32(found.get(_HANDLE)), _verdict(found),
        _be32(found.get(_IIF)), _be32(found.get(_OIF)), _be32(found.get(_MARK)), found.get(_NETWORK, b"") + found.get(_TRANSPORT, b""),
        _be32(found.get(_ID)), _state(found), body[0],
    )  # fmt: skip


def without_fragment_header(packet: bytes, known: Callable[[bytes], bool]) -> bytes:
    """An IPv6 packet of a trace. nftables reports the fixed header and the transport header, and nothing between: where the first names
    another (a fragment's: 44), the transport protocol with which the packet is `known` is put there."""
    if len(packet) < _IP6_HEADER or packet[0] >> 4 != 6 or packet[6] not in _BETWEEN:
        return packet
    tried = (packet[:6] + bytes([number]) + packet[7:] for number in _TRANSPORTS)
    return next((whole for whole in tried if known(whole)), packet)


def outline(packet: bytes) -> bytes:
    """What the first bytes of an IP header say of a packet that routers and NAT leave as it is: version, protocol, and IPv4's
    identification or IPv6's length. A fragment of IPv6 has those of no whole packet."""
    if packet[:1] and packet[0] >> 4 == 6:
        return b"6" + packet[4:7]
    return b"4" + packet[4:6] + packet[9:10]


def outline_in_error(packet: bytes) -> bytes:
    """That of the packet which an ICMP error is about."""
    return outline(packet[_IP6_HEADER + 8 :] if packet[0] >> 4 == 6 else packet[(packet[0] & 15) * 4 + 8 :])


def _verdict(found: dict[int, bytes]) -> str:
    """nftables' word for the verdict, with the chain of a jump; empty where the message has none."""
    if _VERDICT not in found:
        return _VERDICTS.get(_be32(found.get(_POLICY)), "") if _POLICY in found else ""
    inside = attributes(found[_VERDICT])
    code = struct.unpack(">i", inside[_VERDICT_CODE])[0] if _VERDICT_CODE in inside else -1
    word = _VERDICTS.get(code if code < 0 else code & 0xFF, str(code))
    return f"{word} {as_text(inside[_VERDICT_CHAIN])}" if _VERDICT_CHAIN in inside else word


def _state(found: dict[int, bytes]) -> str:
    """The connection tracking state in iptables' words, empty where it is not tracked."""
    state = _be32(found.get(_CT_STATE))
    return ",".join(word for bit, word in _STATES if state & bit)


def rule(body: bytes) -> tuple[int, str, str, int]:
    """Family, table, chain and handle of NFT_MSG_NEWRULE."""
    found = attributes(body, 4)
    return body[0], as_text(found[_RULE_TABLE]), as_text(found[_RULE_CHAIN]), int.from_bytes(found[_RULE_HANDLE], "big")
