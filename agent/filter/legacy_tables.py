"""The tables of ip_tables and ip6_tables, read by getsockopt(2) (linux/netfilter_ipv4/ip_tables.h) by a thread that is in the namespace.

The kernel creates a table that such an option names: so only tables that /proc/net/ip_tables_names lists are asked for.
"""

import socket
import struct
from collections.abc import Iterator
from hashlib import blake2b
from typing import NamedTuple, cast

from agent.linux.sockets import read_option
from topology.model.netfilter import HOOKS, Family, Table

_GET_INFO, _GET_ENTRIES = 64, 65
_INFO = struct.Struct("=32sI5I5III")
_ENTRIES_HEAD = 40


class _Layout(NamedTuple):
    """Offsets in `struct ipt_entry` or `struct ip6t_entry`, in bytes; `level` is that of the socket options."""

    level: int
    next_offset: int
    counters: int


_LAYOUTS: dict[Family, tuple[str, socket.AddressFamily, _Layout]] = {
    "ipv4": ("/proc/thread-self/net/ip_tables_names", socket.AF_INET, _Layout(0, 90, 96)),
    "ipv6": ("/proc/thread-self/net/ip6_tables_names", socket.AF_INET6, _Layout(41, 142, 152)),
}
_U16 = struct.Struct("=H")
_NO_COUNTERS = bytes(16)


def names() -> Iterator[tuple[Family, Table]]:
    """The tables that the kernel has in this thread's namespace."""
    for family, (path, _, _) in _LAYOUTS.items():
        try:
            with open(path) as file:
                found = set(file.read().split())
        except OSError:
            continue
        yield from ((family, table) for table in HOOKS if table in found)


def stamps(_: object) -> dict[tuple[Family, Table], bytes | None]:
    """The tables that the kernel has in this thread's namespace, each with a digest of all but its counters."""
    out: dict[tuple[Family, Table], bytes | None] = {}
    for family, table in names():
        _, kind, layout = _LAYOUTS[family]
        with socket.socket(kind, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.IPPROTO_RAW) as sock:
            out[family, table] = _stamp(sock, table, layout)
    return out


def _stamp(sock: socket.socket, table: Table, layout: _Layout) -> bytes | None:
    """None where the table changed while it was read."""
    info = bytearray(_INFO.size)
    info[: len(table)] = table.encode()
    if not read_option(sock, layout.level, _GET_INFO, info):
        return None
    size = cast("int", _INFO.unpack(info)[-1])
    data = bytearray(_ENTRIES_HEAD + size)
    data[: len(table)] = table.encode()
    struct.pack_into("=I", data, 32, size)
    if not read_option(sock, layout.level, _GET_ENTRIES, data):
        return None
    at, unpack = _ENTRIES_HEAD, _U16.unpack_from
    while at < len(data):
        data[at + layout.counters : at + layout.counters + 16] = _NO_COUNTERS
        step = unpack(data, at + layout.next_offset)[0]
        if step == 0:
            return None
        at += step
    return blake2b(data, digest_size=16).digest()
