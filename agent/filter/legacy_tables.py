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
_RUN = 16
"""After so many entries of one size those behind are looked at together."""


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
    return blake2b(data, digest_size=16).digest() if _clear_counters(data, layout) else None


def _clear_counters(data: bytearray, layout: _Layout) -> bool:
    """Set the counters of all entries to 0; whether that could be done. Many entries of one size in a row are done at once."""
    at, unpack, size = _ENTRIES_HEAD, _U16.unpack_from, layout.next_offset
    last, seen = 0, 0
    while at < len(data):
        step = unpack(data, at + size)[0]
        if step == 0:
            return False
        seen = seen + 1 if step == last else 1
        last = step
        if seen < _RUN:
            data[at + layout.counters : at + layout.counters + len(_NO_COUNTERS)] = _NO_COUNTERS
            at += step
            continue
        end = at + _alike(data, at + size, step) * step
        for byte in range(at + layout.counters, at + layout.counters + len(_NO_COUNTERS)):
            data[byte:end:step] = bytes((end - at) // step)
        at, seen = end, 0
    return True


def _alike(data: bytearray, at: int, step: int) -> int:
    """How many entries from here on have this size. `at`: where the first one says its own."""
    count, window = 1, _RUN
    while True:  # further and further, so that a short run costs little
        end = at + (count + window) * step
        low, high = data[at + count * step : end : step], data[at + 1 + count * step : end : step]
        more = min(len(low) - len(low.lstrip(data[at : at + 1])), len(high) - len(high.lstrip(data[at + 1 : at + 2])))
        count += more
        if more < window:
            return count
        window *= 4
