"""What the matches of iptables-extensions(8) say of a packet, option by option, as far as they can be worked out."""

import ipaddress
from collections.abc import Callable, Mapping
from typing import NamedTuple

from topology.journey.packet import Packet
from topology.journey.predicted.tracking import Tracked
from topology.model import ranges
from topology.rules.parse import Option


class Unknown(NamedTuple):
    """Whether it matches cannot be known; `why`: what is not modelled."""

    why: str


class Assumed(NamedTuple):
    """It depends on what cannot be known, chance, time or other packets. `holds`: what is taken for granted; `text` says so."""

    holds: bool
    text: str


Answer = bool | Unknown | Assumed

PORTS = {"ssh": 22, "domain": 53, "http": 80, "https": 443, "ntp": 123, "bootps": 67, "bootpc": 68, "telnet": 23, "smtp": 25, "ftp": 21}
"""Names of /etc/services that people write in rules."""
PROTOCOLS = {"1": "icmp", "6": "tcp", "17": "udp", "58": "icmpv6", "ipv6-icmp": "icmpv6", "icmp6": "icmpv6"}
_ICMP_TYPES = {
    "echo-reply": (0, None), "echo-request": (8, None), "destination-unreachable": (3, None), "time-exceeded": (11, None),
    "ttl-exceeded": (11, None), "port-unreachable": (3, 3), "host-unreachable": (3, 1), "network-unreachable": (3, 0),
    "fragmentation-needed": (3, 4), "pong": (0, None), "ping": (8, None), "redirect": (5, None), "parameter-problem": (12, None),
    "timestamp-request": (13, None), "timestamp-reply": (14, None), "source-quench": (4, None), "router-advertisement": (9, None),
    "router-solicitation": (10, None), "address-mask-request": (17, None), "address-mask-reply": (18, None),
}  # fmt: skip
_ICMP6_TYPES = {
    "echo-request": (128, None), "echo-reply": (129, None), "destination-unreachable": (1, None), "packet-too-big": (2, None),
    "time-exceeded": (3, None), "ttl-exceeded": (3, None), "parameter-problem": (4, None), "ping": (128, None), "pong": (129, None),
    "router-solicitation": (133, None), "router-advertisement": (134, None), "neighbour-solicitation": (135, None),
    "neighbor-solicitation": (135, None), "neighbour-advertisement": (136, None), "neighbor-advertisement": (136, None),
    "redirect": (137, None), "port-unreachable": (1, 4), "no-route": (1, 0), "address-unreachable": (1, 3),
}  # fmt: skip
_TOS_NAMES = {"Minimize-Delay": 16, "Maximize-Throughput": 8, "Maximize-Reliability": 4, "Minimize-Cost": 2, "Normal-Service": 0}
_TCP_FLAGS = {"SYN": "S", "ACK": "A", "FIN": "F", "RST": "R", "PSH": "P"}


class Seen(NamedTuple):
    """A packet where a rule looks at it.

    `state`: conntrack's; `tracked`: all that it says. `local`: whether an address is the namespace's own; `broadcast`: whether it is
    that of a subnet there. `sent`: a program's socket in this namespace sends it. `physin`, `physout`: the bridge ports, where
    br_netfilter handed it over. `picked`: the ports of which the kernel picks one (net.ipv4.ip_local_port_range).
    """

    packet: Packet
    iif: str
    oif: str
    mark: int
    state: str
    local: Callable[[str], bool]
    broadcast: Callable[[str], bool] = lambda _: False
    tracked: Tracked | None = None
    sent: bool = False
    physin: str = ""
    physout: str = ""
    picked: tuple[int, int] = (32768, 60999)


Model = Callable[[Option, Seen], "Answer | None"]
"""What an option says of a packet, without its negation; None: this option is not modelled. A ValueError is as None."""


def port(text: str) -> int:
    """A port by number or by name; -1: not known."""
    return int(text) if text.isdecimal() else PORTS.get(text, -1)


def _spans(text: str) -> list[tuple[int, int]] | None:
    """`80`, `1000:2000`, `:1023`, a list with commas, as first and last port; None: a name that is not known."""
    out = []
    for part in text.split(","):
        low, colon, high = part.partition(":")
        first, last = port(low or "0"), port((high or str(ranges.L4_PORT[1])) if colon else low)
        if first < 0 or last < 0:
            return None
        out.append((first, last))
    return out


def _ports(value: int, text: str) -> bool | None:
    spans = _spans(text)
    return None if spans is None else any(first <= value <= last for first, last in spans)


def _port(value: int, text: str, seen: Seen) -> Answer | None:
    """Of a port that the kernel picks (0) only the range is known."""
    spans = _spans(text)
    if value or spans is None:
        return _ports(value, text)
    low, high = seen.picked
    if any(first <= low and high <= last for first, last in spans):
        return True
    apart = all(high < first or last < low for first, last in spans)
    return False if apart else Unknown("the source port, which the kernel picks")


def _transport(option: Option, seen: Seen) -> Answer | None:
    packet = seen.packet
    match option.name:
        case "--dport" | "--destination-port" | "--dports" | "--destination-ports":
            return _port(packet.dport, option.value, seen)
        case "--sport" | "--source-port" | "--sports" | "--source-ports":
            return _port(packet.sport, option.value, seen)
        case "--ports" | "--port":
            return _either(_port(packet.dport, option.value, seen), _port(packet.sport, option.value, seen))
        case "--syn":
            return "S" in packet.flags and not set(packet.flags) & set("AFR")
        case "--tcp-flags" if len(option.values) == 2:
            mask, wanted = (_flags(v) for v in option.values)
            return None if mask is None or wanted is None else set(packet.flags) & mask == wanted
    return None


def _either(one: Answer | None, other: Answer | None) -> Answer | None:
    return True if one is True or other is True else other if one is False else one


def _flags(text: str) -> set[str] | None:
    if text in ("ALL", "NONE"):
        return set(_TCP_FLAGS.values()) if text == "ALL" else set()
    words = text.split(",")
    return {_TCP_FLAGS[w] for w in words if w in _TCP_FLAGS} if all(w in _TCP_FLAGS or w == "URG" for w in words) else None


def _icmp(option: Option, seen: Seen) -> Answer | None:
    names = _ICMP6_TYPES if option.name == "--icmpv6-type" else _ICMP_TYPES
    text = option.value
    if text in ("any", "255"):
        return True
    kind, slash, code = text.partition("/")
    if kind.isdecimal() and (not slash or code.isdecimal()):
        return seen.packet.type == int(kind) and (not slash or seen.packet.code == int(code))
    if text not in names:
        return None
    wanted, wanted_code = names[text]
    return seen.packet.type == wanted and wanted_code in (None, seen.packet.code)


def _conntrack(option: Option, seen: Seen) -> Answer | None:
    known = seen.tracked.connection if seen.tracked is not None else None
    if option.name in ("--ctstate", "--state"):
        states = {seen.state, *(known.translated if known is not None else ())}
        return bool(states & set(option.value.split(",")))
    if option.name == "--ctdir" and seen.tracked is not None:
        return known is not None and seen.tracked.answer == (option.value == "REPLY")
    if option.name in ("--ctorigsrc", "--ctorigdst") and seen.tracked is not None:
        address = (known.original.src if option.name == "--ctorigsrc" else known.original.dst) if known is not None else ""
        return bool(address) and ipaddress.ip_address(address) in ipaddress.ip_network(option.value, strict=False)
    if option.name == "--ctproto" and seen.tracked is not None:
        return known is not None and PROTOCOLS.get(option.value, option.value) == known.protocol
    return None


def _masked(option: Option, mark: int) -> Answer | None:
    value, _, mask = option.value.partition("/")
    return mark & int(mask or "0xffffffff", 0) == int(value, 0) if option.name == "--mark" else None


def _mark(option: Option, seen: Seen) -> Answer | None:
    return _masked(option, seen.mark)


def _connmark(option: Option, seen: Seen) -> Answer | None:
    if seen.tracked is None:
        return None
    known = seen.tracked.connection
    return known is not None and _masked(option, known.mark)


def _ttl(option: Option, seen: Seen) -> Answer | None:
    value, ttl = int(option.value), seen.packet.ttl
    return {"eq": ttl == value, "lt": ttl < value, "gt": ttl > value}.get(option.name[-2:])


def _address_type(option: Option, seen: Seen) -> Answer | None:
    address = {"--dst-type": seen.packet.dst, "--src-type": seen.packet.src}.get(option.name)
    if address is None:
        return None
    return _type_of(address, seen) in option.value.split(",")


def _type_of(address: str, seen: Seen) -> str:
    if seen.local(address):
        return "LOCAL"
    if seen.broadcast(address):
        return "BROADCAST"
    ip = ipaddress.ip_address(address)
    if ip.is_multicast:
        return "MULTICAST"
    return "UNSPEC" if ip.is_unspecified else "UNICAST"


def _range(option: Option, seen: Seen) -> Answer | None:
    address = {"--src-range": seen.packet.src, "--dst-range": seen.packet.dst}.get(option.name)
    if address is None:
        return None
    low, _, high = option.value.partition("-")
    ip = ipaddress.ip_address(address)
    first, last = ipaddress.ip_address(low), ipaddress.ip_address(high or low)
    return first.version == ip.version and int(first) <= int(ip) <= int(last)


def _length(option: Option, seen: Seen) -> Answer | None:
    return _ports(seen.packet.length, option.value) if option.name == "--length" else None


def _owner(option: Option, seen: Seen) -> Answer | None:
    """Only what a program's socket sends has an owner: neither what is forwarded nor what the kernel itself answers."""
    if option.name == "--socket-exists":
        return seen.sent
    if option.name not in ("--uid-owner", "--gid-owner"):
        return None
    return seen.sent and Assumed(option.value in ("0", "root"), "the packet is sent by root")


def _physdev(option: Option, seen: Seen) -> Answer | None:
    match option.name:
        case "--physdev-in":
            return _fits(seen.physin, option.value)
        case "--physdev-out":
            return _fits(seen.physout, option.value)
        case "--physdev-is-in":
            return bool(seen.physin)
        case "--physdev-is-out":
            return bool(seen.physout)
        case "--physdev-is-bridged":
            return bool(seen.physin and seen.physout)
    return None


def _fits(name: str, pattern: str) -> bool:
    return bool(name) and (name.startswith(pattern[:-1]) if pattern.endswith("+") else name == pattern)


def _tos(option: Option, seen: Seen) -> Answer | None:
    value, _, mask = option.value.partition("/")
    number = _TOS_NAMES.get(value) if not value[:1].isdigit() else int(value, 0)
    return None if option.name != "--tos" or number is None else seen.packet.tos & int(mask or "0xff", 0) == number


def _dscp(option: Option, seen: Seen) -> Answer | None:
    return seen.packet.tos >> 2 == int(option.value, 0) if option.name == "--dscp" else None


def _packet_type(option: Option, seen: Seen) -> Answer | None:
    kind = {"BROADCAST": "broadcast", "MULTICAST": "multicast"}.get(_type_of(seen.packet.dst, seen), "unicast")
    return option.value in (kind, "host" if kind == "unicast" else kind) if option.name == "--pkt-type" else None


# ---- what depends on chance, time and other packets -----------------------------------------------------------------------------


def _always(_option: Option, _seen: Seen) -> Answer | None:
    return True


def _limit(_option: Option, _seen: Seen) -> Answer | None:
    return Assumed(True, "-m limit: the limit is not reached")


def _hashlimit(option: Option, _seen: Seen) -> Answer | None:
    if option.name in ("--hashlimit-above", "--hashlimit-upto", "--hashlimit"):
        return Assumed(option.name != "--hashlimit-above", "-m hashlimit: the limit is not reached")
    return True


def _statistic(option: Option, _seen: Seen) -> Answer | None:
    if option.name == "--probability":
        chance = float(option.value)
        if chance in (0.0, 1.0):
            return bool(chance)
        return Assumed(
            chance >= 0.5, f"-m statistic: by chance ({option.value}) the rule {'matches' if chance >= 0.5 else 'does not match'}"
        )
    if option.name == "--every":
        return option.value == "1" or Assumed(False, f"-m statistic: it is not each {option.value}th packet")
    return True


def _recent(option: Option, _seen: Seen) -> Answer | None:
    if option.name in ("--rcheck", "--update", "--remove"):
        return Assumed(False, "-m recent: the address is not in the list")
    return True


def _time(option: Option, _seen: Seen) -> Answer | None:
    return True if option.name in ("--kerneltz", "--contiguous") else Assumed(True, "-m time: now is within that time")


def _connections(option: Option, _seen: Seen) -> Answer | None:
    if option.name in ("--connlimit-above", "--connlimit-upto"):
        few = "-m connlimit: there are no other connections"
        return Assumed((int(option.value) >= 1) == (option.name == "--connlimit-upto"), few)
    return True


def _quota(option: Option, _seen: Seen) -> Answer | None:
    return Assumed(True, "-m quota: it is not used up") if option.name == "--quota" else True


MODELS: Mapping[str, Model] = {
    "tcp": _transport, "udp": _transport, "multiport": _transport, "icmp": _icmp, "icmp6": _icmp, "conntrack": _conntrack,
    "state": _conntrack, "mark": _mark, "connmark": _connmark, "ttl": _ttl, "hl": _ttl, "addrtype": _address_type, "iprange": _range,
    "length": _length, "comment": _always, "owner": _owner, "physdev": _physdev, "pkttype": _packet_type, "tos": _tos, "dscp": _dscp,
    "limit": _limit,
    "hashlimit": _hashlimit, "statistic": _statistic, "recent": _recent, "time": _time, "connlimit": _connections, "quota": _quota,
}  # fmt: skip
