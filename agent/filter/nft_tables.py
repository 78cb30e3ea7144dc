"""Which tables nf_tables has in a namespace (linux/netfilter/nf_tables.h), asked over netlink by the thread that is there."""

from collections.abc import Iterable, Iterator

from agent.filter.nfnetlink import Socket
from agent.netlink.wire import as_text, attributes
from topology.model.netfilter import HOOKS, Family, Table

SUBSYSTEM = 10
_GETTABLE = 1
_NFTA_TABLE_NAME = 1
_FAMILIES = {1: "inet", 2: "ip", 3: "arp", 5: "netdev", 7: "bridge", 10: "ip6"}
TRACES = "vethboard-"
"""The tables of traces (`agent.journey`) begin so."""
_OURS: dict[str, Family] = {"ip": "ipv4", "ip6": "ipv6"}


def tables(_: object = None) -> list[tuple[str, str]]:
    """Family and name of each, as nft(8) prints them."""
    with Socket() as sock:
        rows = sock.dump(SUBSYSTEM, _GETTABLE)
    return [(_FAMILIES.get(body[0], str(body[0])), as_text(attributes(body, 4)[_NFTA_TABLE_NAME])) for body in rows]


def iptables(found: Iterable[tuple[str, str]]) -> Iterator[tuple[Family, Table]]:
    """Those of these tables (family, name) that iptables-nft uses."""
    names = set(found)
    return ((family, table) for word, family in _OURS.items() for table in HOOKS if (word, table) in names)


def others(found: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Those of these tables (family, name) that it does not use, without the tables of traces (`agent.journey`)."""
    return ((family, name) for family, name in found if (family not in _OURS or name not in HOOKS) and not name.startswith(TRACES))
