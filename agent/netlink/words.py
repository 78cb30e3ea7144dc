"""The words that iproute2 prints for numbers of the kernel (linux/rtnetlink.h, if_addr.h, neighbour.h, if.h; /etc/iproute2/rt_protos)."""

from topology.observe.policy import Action

OPERSTATES = ("unknown", "notpresent", "down", "lowerlayerdown", "testing", "dormant", "up")
ADDRGEN = {0: "eui64", 1: "none", 2: "stable_secret", 3: "random"}
SCOPES = {0: "global", 200: "site", 253: "link", 254: "host", 255: "nowhere"}
ROUTE_TYPES = (
    "unspec", "unicast", "local", "broadcast", "anycast", "multicast", "blackhole", "unreachable", "prohibit", "throw", "nat",
)  # fmt: skip
PROTOCOLS = {
    0: "unspec", 1: "redirect", 2: "kernel", 3: "boot", 4: "static", 8: "gated", 9: "ra", 10: "mrt", 11: "zebra", 12: "bird",
    13: "dnrouted", 14: "xorp", 15: "ntk", 16: "dhcp", 18: "keepalived", 42: "babel", 99: "openr", 186: "bgp", 187: "isis",
    188: "ospf", 189: "rip", 192: "eigrp",
}  # fmt: skip
RULE_ACTIONS: dict[int, Action] = {
    1: "lookup", 2: "goto", 3: "nop", 6: "blackhole", 7: "unreachable", 8: "prohibit",
}  # fmt: skip
RULE_CONDITIONS = {12: "tunnel id", 13: "suppress_ifgroup", 19: "l3mdev", 20: "uidrange", 25: "dscp", 26: "flowlabel"}
"""FRA_* of linux/fib_rules.h: conditions of a rule that nothing here looks at."""
ROUTE_METRICS = {
    2: "mtu", 3: "window", 4: "rtt", 5: "rttvar", 6: "ssthresh", 7: "cwnd", 8: "advmss", 9: "reordering", 10: "hoplimit", 11: "initcwnd",
    12: "features", 13: "rto_min", 14: "initrwnd", 15: "quickack", 17: "fastopen_no_cookie",
}  # fmt: skip
"""RTAX_* of linux/rtnetlink.h, as ip-route(8) is told them."""
ROUTE_PREFERENCES = {1: "high", 3: "low"}
"""ICMPV6_ROUTER_PREF_*, but for medium."""
ADDRESS_PROTOCOLS = {0: "", 1: "kernel_lo", 2: "kernel_ra", 3: "kernel_ll"}
NUD_PERMANENT, NUD_NOARP, NUD_NONE = 0x80, 0x40, 0
NEIGHBOUR_STATES = {
    0x01: "incomplete", 0x02: "reachable", 0x04: "stale", 0x08: "delay", 0x10: "probe", 0x20: "failed", 0x40: "noarp",
    0x80: "permanent",
}  # fmt: skip
_ADDRESS_FLAGS = {
    0x02: "nodad", 0x04: "optimistic", 0x08: "dadfailed", 0x10: "home", 0x20: "deprecated", 0x40: "tentative",
    0x100: "mngtmpaddr", 0x200: "noprefixroute", 0x400: "autojoin", 0x800: "stable-privacy",
}  # fmt: skip
_SECONDARY, _PERMANENT = 0x01, 0x80


def address_flags(flags: int, ipv6: bool) -> tuple[str, ...]:
    """IFA_F_* as ip-address(8) prints them: `dynamic` where IFA_F_PERMANENT is not set; 0x01 is `temporary` in IPv6, `secondary` in
    IPv4."""
    out = [] if flags & _PERMANENT else ["dynamic"]
    if flags & _SECONDARY:
        out.append("temporary" if ipv6 else "secondary")
    return (*out, *(word for bit, word in _ADDRESS_FLAGS.items() if flags & bit))
