"""The ranges of numbers that the kernel takes, as (least, most), for the checks and the JSON Schema. Those of a kind are with the kind."""

from typing import Final

Range = tuple[int, int]

NSID: Final = (0, 2**31 - 1)
"""rtnl_net_newid() of net/core/net_namespace.c; a negative one asks for any that is free."""

ROUTE_TABLE: Final = (1, 2**32 - 1)
ROUTE_METRIC: Final = (0, 2**32 - 1)
"""RTA_TABLE and RTA_PRIORITY are 32 bits wide (rtnetlink(7)); table 0 is RT_TABLE_UNSPEC."""

VLAN_ID: Final = (1, 4094)
"""IEEE 802.1Q: 0 and 4095 are reserved."""

L4_PORT: Final = (1, 65535)
"""A port of TCP or UDP, 16 bits (RFC 768, RFC 9293); 0 is none."""

PORT_COST: Final = (1, 65535)
"""br_stp_set_path_cost() of net/bridge/br_stp_if.c (BR_MIN_PATH_COST, BR_MAX_PATH_COST)."""

PORT_PRIORITY: Final = (0, 63)
"""br_stp_set_port_priority() of net/bridge/br_stp_if.c (BR_MAX_PORT_PRIORITY)."""


def holds(bounds: Range, value: int) -> bool:
    """Whether the number is in the range."""
    return bounds[0] <= value <= bounds[1]


def words(bounds: Range) -> str:
    """`1 to 4094`."""
    return f"{bounds[0]} to {bounds[1]}"
