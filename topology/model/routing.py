"""The numbers of routing: tables, metrics and prefixes as ip-route(8) and the kernel have them."""

import ipaddress
from typing import Final

MAIN_TABLE: Final = 254
"""RT_TABLE_MAIN of linux/rtnetlink.h."""

IPV4_METRIC: Final = 0
"""What the kernel gives an IPv4 route without a metric (net/ipv4/fib_semantics.c)."""

IPV6_METRIC: Final = 1024
"""What the kernel gives an IPv6 route without a metric (IP6_RT_PRIO_USER of linux/ipv6_route.h)."""

DEFAULT: Final = "default"
"""The IPv4 default route, as records say it."""

DEFAULT6: Final = "::/0"
"""The IPv6 default route, as records say it."""

_DEFAULT_PREFIX: Final = "0.0.0.0/0"


def default_metric(to: str) -> int:
    """The metric of a route to `to` that was added without one."""
    return IPV6_METRIC if ":" in to else IPV4_METRIC


def stated_metric(to: str, metric: int | None) -> int | None:
    """The metric as a record has it: None where it is the default. 0 is none for IPv6 (ip6_route_info_create() of net/ipv6/route.c)."""
    return None if metric in (0, default_metric(to)) else metric


def network(to: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    """The prefix that a route's `to` stands for: `default` is 0.0.0.0/0."""
    return ipaddress.ip_network(_DEFAULT_PREFIX if to == DEFAULT else to)


def destination_text(prefix: ipaddress.IPv4Network | ipaddress.IPv6Network) -> str:
    """The `to` of a route to a prefix: the inverse of `network`."""
    text = str(prefix)
    return DEFAULT if text == _DEFAULT_PREFIX else text
