"""Whether a rule matches a packet, as far as its text and the packet say. Three answers: yes, no, and `Unknown` with the reason."""

import ipaddress
from collections.abc import Callable, Iterator
from typing import NamedTuple

from topology.journey.packet import Packet
from topology.model import ranges
from topology.rules.parse import Condition, Match, Option, Rule


class Unknown(NamedTuple):
    """Whether it matches cannot be known; `why`: what is not modelled."""

    why: str


Answer = bool | Unknown

PORTS = {"ssh": 22, "domain": 53, "http": 80, "https": 443, "ntp": 123, "bootps": 67, "bootpc": 68, "telnet": 23, "smtp": 25, "ftp": 21}
"""Names of /etc/services that people write in rules."""
_PROTOCOLS = {"1": "icmp", "6": "tcp", "17": "udp", "58": "icmpv6", "ipv6-icmp": "icmpv6", "icmp6": "icmpv6"}
_ICMP_TYPES = {
    "echo-reply": (0, None), "echo-request": (8, None), "destination-unreachable": (3, None), "time-exceeded": (11, None),
    "ttl-exceeded": (11, None), "port-unreachable": (3, 3), "host-unreachable": (3, 1), "network-unreachable": (3, 0),
    "fragmentation-needed": (3, 4),
}  # fmt: skip
_ICMP6_TYPES = {"echo-request": (128, None), "echo-reply": (129, None), "destination-unreachable": (1, None), "packet-too-big": (2, None),
                "time-exceeded": (3, None)}  # fmt: skip
_TCP_FLAGS = {"SYN": "S", "ACK": "A", "FIN": "F", "RST": "R", "PSH": "P"}
_ANY_PROTOCOL = frozenset(("all", "0"))


class Seen(NamedTuple):
    """A packet where a rule looks at it. `state`: conntrack's (`NEW`, `ESTABLISHED`, `UNTRACKED`). `local`: whether an address is the
    namespace's own."""

    packet: Packet
    iif: str
    oif: str
    mark: int
    state: str
    local: Callable[[str], bool]


def matches(rule: Rule, seen: Seen) -> Answer:
    """A condition that fails decides, whatever else is not known."""
    if rule.rest:
        return Unknown(f"the rule `{rule.rest}` is not understood")
    unknown: Unknown | None = None
    for answer in _answers(rule, seen):
        if answer is False:
            return False
        if isinstance(answer, Unknown):
            unknown = unknown or answer
    return unknown or True


def _answers(rule: Rule, seen: Seen) -> Iterator[Answer]:
    packet = seen.packet
    yield _negated(rule.source, lambda v: _inside(packet.src, v))
    yield _negated(rule.destination, lambda v: _inside(packet.dst, v))
    yield _negated(rule.in_interface, lambda v: _named(seen.iif, v))
    yield _negated(rule.out_interface, lambda v: _named(seen.oif, v))
    yield _negated(rule.protocol, lambda v: v in _ANY_PROTOCOL or _PROTOCOLS.get(v, v) == packet.protocol)
    yield _negated(rule.fragment, lambda _: False)
    for match in rule.matches:
        model = _MODELS.get(match.name)
        if model is None:
            yield Unknown(f"-m {match.name}")
            continue
        for option in match.options:
            yield _option(model, match, option, seen)


def _option(model: "Model", match: Match, option: Option, seen: Seen) -> Answer:
    answer = model(option, seen)
    if answer is None:
        return Unknown(f"-m {match.name} {option.name}")
    return answer if isinstance(answer, Unknown) else answer != option.negated


def _negated(condition: Condition | None, holds: Callable[[str], bool]) -> bool:
    return condition is None or holds(condition.value) != condition.negated


def _inside(address: str, prefix: str) -> bool:
    if not address:
        return False
    network = ipaddress.ip_network(prefix, strict=False)
    ip = ipaddress.ip_address(address)
    return ip.version == network.version and ip in network


def _named(name: str, pattern: str) -> bool:
    return name.startswith(pattern[:-1]) if pattern.endswith("+") else name == pattern


def port(text: str) -> int:
    """A port by number or by name; -1: not known."""
    return int(text) if text.isdecimal() else PORTS.get(text, -1)


def _ports(value: int, text: str) -> bool | None:
    """`80`, `1000:2000`, `:1023`, a list with commas; None: a name that is not known."""
    for part in text.split(","):
        low, colon, high = part.partition(":")
        first, last = port(low or "0"), port((high or str(ranges.L4_PORT[1])) if colon else low)
        if first < 0 or last < 0:
            return None
        if first <= value <= last:
            return True
    return False


# ---- matches of iptables-extensions(8) -------------------------------------------------------------------------------

Model = Callable[[Option, Seen], "Answer | None"]
"""What an option says of a packet, without its negation; None: this option is not modelled."""


def _transport(option: Option, seen: Seen) -> Answer | None:
    packet = seen.packet
    match option.name:
        case "--dport" | "--destination-port" | "--dports":
            return _ports(packet.dport, option.value)
        case "--sport" | "--source-port" | "--sports":
            return _ports(packet.sport, option.value) if packet.sport else Unknown("the source port, which the kernel picks")
        case "--ports":
            return _ports(packet.dport, option.value) or _ports(packet.sport, option.value)
        case "--syn":
            return "S" in packet.flags and not set(packet.flags) & set("AFR")
        case "--tcp-flags" if len(option.values) == 2:
            mask, wanted = (_flags(v) for v in option.values)
            return None if mask is None or wanted is None else set(packet.flags) & mask == wanted
    return None


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


def _state(option: Option, seen: Seen) -> Answer | None:
    if option.name not in ("--ctstate", "--state"):
        return None
    wanted = option.value.split(",")
    return seen.state in wanted if not {"SNAT", "DNAT"} & set(wanted) else None


def _mark(option: Option, seen: Seen) -> Answer | None:
    value, _, mask = option.value.partition("/")
    return seen.mark & int(mask or "0xffffffff", 0) == int(value, 0) if option.name == "--mark" else None


def _ttl(option: Option, seen: Seen) -> Answer | None:
    value, ttl = int(option.value), seen.packet.ttl
    return {"eq": ttl == value, "lt": ttl < value, "gt": ttl > value}.get(option.name[-2:])


def _address_type(option: Option, seen: Seen) -> Answer | None:
    address = {"--dst-type": seen.packet.dst, "--src-type": seen.packet.src}.get(option.name)
    if address is None or option.value not in ("LOCAL", "UNICAST", "MULTICAST", "BROADCAST"):
        return None
    ip = ipaddress.ip_address(address)
    if option.value == "BROADCAST":
        return address == "255.255.255.255"
    if option.value == "MULTICAST":
        return ip.is_multicast
    return seen.local(address) if option.value == "LOCAL" else not ip.is_multicast and not seen.local(address)


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


_MODELS: dict[str, Model] = {
    "tcp": _transport, "udp": _transport, "multiport": _transport, "icmp": _icmp, "icmp6": _icmp, "conntrack": _state, "state": _state,
    "mark": _mark, "ttl": _ttl, "hl": _ttl, "addrtype": _address_type, "iprange": _range, "length": _length, "comment": lambda *_: True,
}  # fmt: skip
