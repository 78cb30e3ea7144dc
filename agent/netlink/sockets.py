"""Listening sockets of a namespace, from the /proc/net of a thread that is in it (proc_pid_net(5)).

Not by sock_diag(7): that needs kernel modules (udp_diag) that a lab may not load.
"""

import contextlib
import os
import socket
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from topology.observe.facts import Listening, Protocol

_FILES: tuple[tuple[Protocol, str], ...] = (("tcp", "tcp"), ("tcp", "tcp6"), ("udp", "udp"), ("udp", "udp6"))
_WAITS = {"tcp": "0A", "udp": "07"}
"""TCP_LISTEN; TCP_CLOSE, which a UDP socket is in that has no peer (net/tcp_states.h)."""


class Waiting(NamedTuple):
    """A socket that waits for others, and the inode by which a process holds it."""

    protocol: Protocol
    address: str
    port: int
    inode: int


def here() -> list[Waiting]:
    """Those of the calling thread's namespace."""
    out: list[Waiting] = []
    for protocol, name in _FILES:
        with contextlib.suppress(OSError), open(f"/proc/thread-self/net/{name}") as file:
            out += parse(protocol, file)
    return out


def parse(protocol: Protocol, lines: Iterable[str]) -> Iterator[Waiting]:
    """The sockets of one of the files, which begins with a line of titles."""
    for line in list(lines)[1:]:
        fields = line.split()
        address, _, port = fields[1].rpartition(":")
        if fields[3] == _WAITS[protocol] and port != "0000":
            yield Waiting(protocol, _address(address), int(port, 16), int(fields[9]))


def _address(hexadecimal: str) -> str:
    """Words of 32 bits, each as the machine writes numbers: `0100007F` is 127.0.0.1 on a little-endian one."""
    words = bytes.fromhex(hexadecimal)
    packed = b"".join(words[i : i + 4][::-1] for i in range(0, len(words), 4)) if _LITTLE else words
    return socket.inet_ntop(socket.AF_INET if len(packed) == 4 else socket.AF_INET6, packed)


_LITTLE = socket.htons(1) != 1


def owned(waiting: list[Waiting], pids: Iterable[int]) -> tuple[Listening, ...]:
    """With the process that holds each (the first, where several do), in order of port."""
    holders: dict[int, int] = {}
    if waiting:
        for pid in pids:
            for inode in _inodes(pid):
                holders.setdefault(inode, pid)
    found = (Listening(protocol=w.protocol, address=w.address, port=w.port, pid=holders.get(w.inode)) for w in waiting)
    return tuple(sorted(found, key=lambda s: (s.port, s.protocol, s.address)))


def _inodes(pid: int) -> Iterator[int]:
    """Inodes of the sockets that a process has open; none where it ended meanwhile."""
    folder = f"/proc/{pid}/fd"
    with contextlib.suppress(OSError):
        for fd in os.listdir(folder):
            with contextlib.suppress(OSError):
                target = os.readlink(f"{folder}/{fd}")
                if target.startswith("socket:["):
                    yield int(target[8:-1])
