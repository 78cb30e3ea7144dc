"""Listening sockets of a namespace, from the /proc/net of a thread that is in it (proc_pid_net(5)).

Not by sock_diag(7): that needs kernel modules (udp_diag) that cannot be loaded from a lab.
"""

import contextlib
import os
import socket
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from agent.netlink.namespaces import Namespaces, unknown_namespace
from topology.observe.facts import Listening, Protocol

_FILES: tuple[tuple[Protocol, str], ...] = (("tcp", "tcp"), ("tcp", "tcp6"), ("udp", "udp"), ("udp", "udp6"))
_STATES = {"tcp": "0A", "udp": "07"}
"""TCP_LISTEN; and for UDP TCP_CLOSE, which a socket without a peer is in (net/tcp_states.h)."""


class ListeningSocket(NamedTuple):
    """A socket that accepts connections or datagrams of others. `inode` is how a process refers to it in /proc/PID/fd."""

    protocol: Protocol
    address: str
    port: int
    inode: int


def here() -> list[ListeningSocket]:
    """Those of the calling thread's namespace."""
    out: list[ListeningSocket] = []
    for protocol, name in _FILES:
        with contextlib.suppress(OSError), open(f"/proc/thread-self/net/{name}") as file:
            out += parse(protocol, file)
    return out


def listening(namespaces: Namespaces, name: str) -> tuple[Listening, ...]:
    """Those of a namespace, without their processes. Raises `ProblemError` (UNKNOWN) where there is none of that name."""
    netns = namespaces.get(name)
    if netns is None:
        raise unknown_namespace(name)
    return owned(namespaces.visit(netns, here), ())


def parse(protocol: Protocol, lines: Iterable[str]) -> Iterator[ListeningSocket]:
    """The sockets in the lines of one of the files, of which the first is a heading."""
    for line in list(lines)[1:]:
        fields = line.split()
        address, _, port = fields[1].rpartition(":")
        if fields[3] == _STATES[protocol] and port != "0000":
            yield ListeningSocket(protocol, _address(address), int(port, 16), int(fields[9]))


def _address(hexadecimal: str) -> str:
    """An address in words of 32 bits, each in the byte order of the machine: `0100007F` is 127.0.0.1 on a little-endian one."""
    words = bytes.fromhex(hexadecimal)
    packed = b"".join(words[i : i + 4][::-1] for i in range(0, len(words), 4)) if _LITTLE else words
    return socket.inet_ntop(socket.AF_INET if len(packed) == 4 else socket.AF_INET6, packed)


_LITTLE = socket.htons(1) != 1


def owned(waiting: list[ListeningSocket], pids: Iterable[int]) -> tuple[Listening, ...]:
    """The sockets by port, each with the process that holds it (the first, where several do)."""
    holders: dict[int, int] = {}
    if waiting:
        for pid in pids:
            for inode in _inodes(pid):
                holders.setdefault(inode, pid)
    found = (Listening(protocol=w.protocol, address=w.address, port=w.port, pid=holders.get(w.inode)) for w in waiting)
    return tuple(sorted(found, key=lambda s: (s.port, s.protocol, s.address)))


def _inodes(pid: int) -> Iterator[int]:
    """Inodes of the sockets that a process has open; none where it has ended meanwhile."""
    folder = f"/proc/{pid}/fd"
    with contextlib.suppress(OSError):
        for fd in os.listdir(folder):
            with contextlib.suppress(OSError):
                target = os.readlink(f"{folder}/{fd}")
                if target.startswith("socket:["):
                    yield int(target[8:-1])
