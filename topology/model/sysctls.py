"""The sysctls of a network namespace that Vethboard watches, shows, and keeps in documents.

Only keys that belong to the namespace as a whole: those of one interface come and go with it. Where the kernel itself follows one key
with another (`ip_forward` is `conf.all.forwarding`, and turns `conf.all.accept_redirects`), only the one that people type is here.
Sources: Documentation/networking/ip-sysctl.rst, ipvs, nf_conntrack-sysctl.rst of the kernel.
"""

import re
from typing import Final

MEANINGS: Final[dict[str, str]] = {
    "net.ipv4.ip_forward": "route IPv4 packets between the interfaces of this namespace",
    "net.bridge.bridge-nf-call-iptables": "let iptables see IPv4 packets that a bridge hands on (br_netfilter)",
    "net.bridge.bridge-nf-call-ip6tables": "let ip6tables see IPv6 packets that a bridge hands on (br_netfilter)",
    "net.ipv6.conf.all.forwarding": "route IPv6 packets between the interfaces of this namespace",
    "net.ipv6.conf.all.disable_ipv6": "no IPv6 at all on the interfaces of this namespace",
    "net.ipv4.conf.all.rp_filter": "drop packets whose source would not be reached by the interface they came in by (1 strict, 2 loose)",
    "net.ipv4.conf.default.rp_filter": "rp_filter of interfaces that are made from now on",
    "net.ipv4.conf.all.proxy_arp": "answer ARP requests for addresses that this namespace routes to",
    "net.ipv4.conf.all.arp_ignore": "which ARP requests are answered (1: only for addresses of the interface asked)",
    "net.ipv4.conf.all.arp_filter": "answer ARP requests only by the interface that the answer would be routed by",
    "net.ipv4.conf.all.arp_announce": "which source address ARP requests name (2: the best one of the interface)",
    "net.ipv4.conf.all.send_redirects": "send ICMP redirects when a better first hop is known",
    "net.ipv4.conf.all.accept_local": "accept packets with an address of this namespace as their source",
    "net.ipv4.conf.all.route_localnet": "do not treat 127.0.0.0/8 as martian when routing",
    "net.ipv4.conf.all.log_martians": "log packets with impossible addresses",
    "net.ipv4.icmp_echo_ignore_all": "do not answer pings",
    "net.ipv4.icmp_echo_ignore_broadcasts": "do not answer pings to broadcast addresses",
    "net.ipv4.ip_default_ttl": "the TTL of packets sent from here (hops)",
    "net.ipv4.ip_local_port_range": "the ports that clients get",
    "net.ipv4.ip_unprivileged_port_start": "the first port that needs no privilege to listen on",
    "net.ipv4.ip_nonlocal_bind": "let programs bind addresses that are not here",
    "net.ipv4.ping_group_range": "the groups that may open ICMP sockets without CAP_NET_RAW",
    "net.ipv4.tcp_syncookies": "answer SYN floods with cookies (1 when needed, 2 always)",
    "net.ipv4.fib_multipath_hash_policy": "what chooses between paths of equal cost (0 addresses, 1 ports too)",
    "net.ipv6.icmp.echo_ignore_all": "do not answer pings over IPv6",
    "net.ipv6.conf.all.accept_ra": "heed router advertisements (2: even when forwarding)",
    "net.ipv6.conf.all.proxy_ndp": "answer neighbour solicitations for others",
    "net.ipv6.conf.default.accept_ra": "accept_ra of interfaces that are made from now on",
}
"""What each key does, in one line."""

KEYS: Final = tuple(sorted(MEANINGS))

_NUMBER = re.compile(r"([+-]?)(0[xX][0-9a-fA-F]+|[0-9]+)", re.ASCII)
_NOBODY = ("net.ipv4.ping_group_range", "1 0")
"""A range of groups in which nobody is, as the kernel writes it (ipv4_ping_group_range() of net/ipv4/sysctl_net_ipv4.c)."""


def canonical(key: str, value: str) -> str:
    """The value as the kernel prints it: numbers in decimal, one blank between two."""
    words = [_decimal(word) for word in value.split()]
    if key == _NOBODY[0] and len(words) == 2 and all(w.isdecimal() for w in words) and int(words[0]) > int(words[1]):
        return _NOBODY[1]
    return " ".join(words)


def _decimal(word: str) -> str:
    """A number as the kernel reads it (strtoul_lenient() of kernel/sysctl.c: 0x is hexadecimal, a leading 0 octal); other words as they
    are."""
    found = _NUMBER.fullmatch(word)
    if found is None:
        return word
    sign, digits = found.groups()
    base = 16 if digits[:2] in ("0x", "0X") else 8 if digits[0] == "0" else 10
    try:
        number = int(digits, base)
    except ValueError:
        return word
    return f"-{number}" if sign == "-" and number else str(number)


def is_default(key: str, value: str, default: str | None) -> bool:
    """Whether a fresh namespace, which shows `default`, has this value. A user namespace shows nobody's range by groups that it has not."""
    return value == default or (key, value) == _NOBODY


IPV6_OFF: Final = "net.ipv6.conf.all.disable_ipv6"
FIRST: Final = frozenset({IPV6_OFF, "net.ipv4.conf.default.rp_filter", "net.ipv6.conf.default.accept_ra"})
"""Keys that are set before interfaces are made, since those take their start from them."""
