"""How one interface is set for IPv4 and IPv6, as the kernel tells it with the link, and as it tells a change (netconf).

Constants: linux/ip.h (IPV4_DEVCONF_*), linux/ipv6.h (DEVCONF_*), linux/netconf.h.
"""

import struct
from collections.abc import Mapping
from functools import lru_cache

from agent.netlink.wire import as_s32, attributes

_AF_INET, _AF_INET6 = 2, 10
_IFLA_INET_CONF, _IFLA_INET6_CONF = 1, 2
_IPV4 = {
    1: "forwarding", 3: "proxy_arp", 8: "rp_filter", 13: "arp_filter", 19: "arp_ignore", 23: "accept_local", 26: "route_localnet",
}  # fmt: skip
"""Numbers of IPv4's values, from 1."""
_IPV6 = {22: "proxy_ndp", 26: "disable_ipv6", 59: "force_forwarding"}
"""Numbers of IPv6's values, from 0."""
_NETCONFA_IFINDEX = 1
_CHANGES = {_AF_INET: {2: "forwarding", 3: "rp_filter", 5: "proxy_arp"}, _AF_INET6: {5: "proxy_ndp"}}
"""NETCONFA_* by family: what the kernel sends an event of."""


def of_link(spec: bytes) -> dict[str, int] | None:
    """The values in IFLA_AF_SPEC that are not 0; None where IPv4 does not know the interface."""
    found = attributes(spec)
    four, six = (attributes(found[family]) if family in found else {} for family in (_AF_INET, _AF_INET6))
    if _IFLA_INET_CONF not in four:
        return None
    return _values(four[_IFLA_INET_CONF], six.get(_IFLA_INET6_CONF, b""))


@lru_cache(maxsize=64)
def _values(four: bytes, six: bytes) -> dict[str, int]:
    """Of most interfaces the bytes are the same."""
    return {**_named(four, _IPV4, 1), **_named(six, _IPV6, 0)}


def _named(data: bytes, names: Mapping[int, str], first: int) -> dict[str, int]:
    numbers = struct.unpack(f"={len(data) // 4}i", data)
    return {name: numbers[n - first] for n, name in names.items() if n - first < len(numbers) and numbers[n - first]}


def changed(body: bytes) -> tuple[int, dict[str, int]] | None:
    """Ifindex (-1: all, -2: default) and the new values in an RTM_NEWNETCONF; None where it names no interface."""
    found = attributes(body, 4)
    if _NETCONFA_IFINDEX not in found:
        return None
    names = _CHANGES.get(body[0], {})
    return as_s32(found[_NETCONFA_IFINDEX]), {name: as_s32(found[n]) for n, name in names.items() if n in found}


def merged(before: Mapping[str, int], values: Mapping[str, int]) -> dict[str, int]:
    """The values that are not 0 after a change."""
    return {name: value for name, value in {**before, **values}.items() if value}
