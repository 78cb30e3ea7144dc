"""What can be chosen of a probe: one table, of which the checks, the arguments of the command line and the form of the browser are made."""

import re
from collections.abc import Iterator
from typing import Final, Literal, NamedTuple

from topology.journey.probe import Ask, ProbeKind, asked
from topology.model import ranges
from topology.model.problems import ProblemError, invalid


class Option(NamedTuple):
    """A field of `Ask`. `kinds`: the kinds of probe that have it. `low`, `high`: of a number, both included. `help`: of the command
    line."""

    name: str
    type: Literal["number", "switch", "text"]
    kinds: tuple[ProbeKind, ...]
    help: str
    low: int = 0
    high: int = 0

    @property
    def default(self) -> object:
        """As `Ask` has it."""
        return _DEFAULTS[self.name]


_DEFAULTS: Final = dict(zip(Ask.__struct_fields__[-len(Ask.__struct_defaults__) :], Ask.__struct_defaults__, strict=True))
_IP: Final[tuple[ProbeKind, ...]] = ("icmp", "udp", "tcp", "dns", "http")
_PORTS: Final[tuple[ProbeKind, ...]] = ("udp", "tcp", "dns", "http")
_LONGEST: Final = 65507
"""Bytes of payload of the largest IPv4 packet with ICMP or UDP: 65535 − 20 − 8."""

OPTIONS: Final = (
    Option("port", "number", _PORTS, "destination port (default: 33434 for udp, 80 for tcp and http, 53 for dns)", *ranges.L4_PORT),
    Option("name", "text", ("dns", "http"), "dns: the name that is looked up; http: the path (default: /)"),
    Option("source_address", "text", _IP, "send it from this address of the source (default: the kernel chooses)"),
    Option("source_port", "number", _PORTS, "default: any that is free", 0, ranges.L4_PORT[1]),
    Option("size", "number", ("icmp", "udp"), "bytes of payload", 0, _LONGEST),
    Option("ttl", "number", _IP, "time to live, in hops (default: the namespace's)", 1, 255),
    Option("tos", "number", _IP, "TOS of IPv4, traffic class of IPv6; the DSCP is its upper six bits: 0xb8 is EF", 0, 255),
    Option("mark", "number", _IP, "mark of the packet (SO_MARK of socket(7))", 0, 0xFFFFFFFF),
    Option("dont_fragment", "switch", _IP, "do not fragment it: refuse to send what is too big (DF of IPv4)"),
    Option("broadcast", "switch", ("icmp", "udp"), "let it be sent to a broadcast address (SO_BROADCAST of socket(7))"),
)
_NAMES: Final[dict[ProbeKind, str]] = {
    "icmp": "an ICMP echo request", "udp": "a UDP datagram", "tcp": "a TCP SYN", "arp": "an ARP request", "dns": "a DNS query",
    "http": "an HTTP request",
}  # fmt: skip
_LABEL: Final = re.compile(r"[!-\-/-~]{1,63}")
"""Of a domain name (RFC 1035): printable ASCII but the dot."""
_PATH: Final = re.compile(r"/[!-~]{0,1999}")


def check(ask: Ask) -> None:
    """Raises `ProblemError` (INVALID) for what no kernel would send, and for options that this kind of probe does not have."""
    problem = next(_problems(ask), None)
    if problem is not None:
        raise problem


def _problems(ask: Ask) -> Iterator[ProblemError]:
    wanted = asked(ask.kind, source="", target="").protocol
    if ask.protocol != wanted:
        yield invalid(f"{ask.request} requests are sent by {wanted}, not {ask.protocol}", None, f"protocol is {wanted}")
    for option in OPTIONS:
        value = getattr(ask, option.name)
        if value == option.default:
            continue
        word = option.name.replace("_", " ")
        if ask.kind not in option.kinds:
            yield invalid(f"{word}: {_NAMES[ask.kind]} has none", None, f"{word} is for {', '.join(option.kinds)}")
        elif option.type == "number" and not option.low <= value <= option.high:
            yield invalid(f"{word} {value}: Numerical result out of range", None, f"{word} is {option.low} to {option.high}")
    yield from _name_problems(ask)


def _name_problems(ask: Ask) -> Iterator[ProblemError]:
    if ask.request == "dns":
        labels = ask.name.removesuffix(".").split(".")
        if len(ask.name) > 253 or not all(map(_LABEL.fullmatch, labels)):
            yield invalid(f'"{ask.name}" is no domain name', None, "name what is looked up, as in www.example.com")
    if ask.request == "http" and ask.name and _PATH.fullmatch(ask.name) is None:
        yield invalid(f'"{ask.name}" is no path', None, "a path begins with / and has no spaces: /index.html")
