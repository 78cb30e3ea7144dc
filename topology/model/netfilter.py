"""The tables and built-in chains of netfilter as iptables(8) has them, and which driver writes them."""

from typing import Final, Literal

Driver = Literal["legacy", "nft"]
"""Whose iptables a lab has: `legacy` speaks to ip_tables, `nft` to nf_tables. The two hold rules side by side, both in force."""
Family = Literal["ipv4", "ipv6"]
Table = Literal["raw", "mangle", "nat", "filter", "security"]
ChainPolicy = Literal["ACCEPT", "DROP"]

DRIVERS: Final[tuple[Driver, ...]] = ("legacy", "nft")
FAMILIES: Final[tuple[Family, ...]] = ("ipv4", "ipv6")
HOOKS: Final[dict[Table, tuple[str, ...]]] = {
    "raw": ("PREROUTING", "OUTPUT"),
    "mangle": ("PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"),
    "nat": ("PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"),
    "filter": ("INPUT", "FORWARD", "OUTPUT"),
    "security": ("INPUT", "FORWARD", "OUTPUT"),
}
"""Table → its built-in chains in the order of iptables-save. Within one hook the tables come in this order, but that nat's INPUT and
POSTROUTING come after filter and security (NF_IP_PRI_* of linux/netfilter_ipv4.h)."""
TABLES: Final[tuple[Table, ...]] = tuple(HOOKS)
BUILT_IN: Final = frozenset(name for names in HOOKS.values() for name in names)
CHAIN_NAME_MAX: Final = 28
"""Bytes of a chain's name at most (XT_EXTENSION_MAXNAMELEN of linux/netfilter/x_tables.h, less the closing NUL)."""
