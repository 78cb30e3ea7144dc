"""What the kernel holds for sockets that no cgroup counts: netlink, packet and raw ones. (TCP and UDP are counted, Unix sockets are memory
of the lab, and rings are made by the lab's first process.)"""

import os
import re
import socket
import struct
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

from agent.guard.places import processes
from agent.linux.libc import check, libc, numbers
from agent.sandbox.lab_file import LabFile

_SOCKET = re.compile(r"socket:\[(\d+)\]")
_SO_PROTOCOL, _SO_DOMAIN, _SO_MEMINFO = 38, 39, 55
_MEMINFO = struct.Struct("=9I")
"""linux/sock_diag.h, SK_MEMINFO_*: received, receive buffer, sent, send buffer, forward, queued, options, backlog, drops."""
MOST_UNDER_WAY = 256
"""Descriptors that may wait in Unix sockets for somebody to take them: a socket there is in no process's list."""


class Holder(NamedTuple):
    """A process, and what its sockets hold: bytes, and descriptors under way."""

    pid: int
    held: int
    under_way: int


class Buffers:
    """Looks through the sockets of one lab."""

    def __init__(self) -> None:
        self._counted: dict[int, bool] = {}
        """Inodes of sockets that were seen the last time: whether they are of a kind that is counted here."""

    def look(self, lab: LabFile) -> tuple[int, list[Holder]]:
        """The bytes of all together, and the processes that hold them, but the lab's first, the largest first."""
        sizes: dict[int, int] = {}
        seen: dict[int, bool] = {}
        holders = []
        for pid in processes(lab.pid):
            own: dict[int, int] = {}
            under_way = 0
            for inode, path, fd in _sockets(pid):
                if inode not in sizes:
                    sizes[inode] = self._size(pid, fd, inode, seen)
                own[inode] = sizes[inode]
                if not seen.get(inode, True):
                    under_way += _under_way(path)
            if pid != lab.pid:
                holders.append(Holder(pid, sum(own.values()), under_way))
        self._counted = seen
        return sum(sizes.values()), sorted(holders, key=lambda holder: (-holder.held, -holder.under_way))

    def _size(self, pid: int, fd: int, inode: int, seen: dict[int, bool]) -> int:
        """0 for a socket that is counted elsewhere, or is gone."""
        if self._counted.get(inode) is False:
            seen[inode] = False
            return 0
        try:
            with _taken(pid, fd) as taken:
                if os.fstat(taken.fileno()).st_ino != inode:
                    return 0
                seen[inode] = _is_counted_here(taken)
                if not seen[inode]:
                    return 0
                received, _, sent, _, _, _, options, backlog, _ = _MEMINFO.unpack(taken.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, 36))
                return int(received + sent + options + backlog)
        except (OSError, struct.error):
            return 0


def _sockets(pid: int) -> Iterator[tuple[int, str, int]]:
    """Inode, the folder and number of the descriptor; of each thread's list (unshare(2), CLONE_FILES)."""
    with suppress(OSError):
        for thread in os.listdir(f"/proc/{pid}/task"):
            folder = f"/proc/{pid}/task/{thread}"
            with suppress(OSError):
                for fd in os.listdir(f"{folder}/fd"):
                    with suppress(OSError):
                        if found := _SOCKET.match(os.readlink(f"{folder}/fd/{fd}")):
                            yield int(found[1]), f"{folder}/fdinfo/{fd}", int(fd)


def _taken(pid: int, fd: int) -> socket.socket:
    """A descriptor of another process's socket (pidfd_getfd(2)). Raises OSError."""
    process = os.pidfd_open(pid)
    try:
        taken = check(libc.syscall(numbers().pidfd_getfd, process, fd, 0), "pidfd_getfd")
    finally:
        os.close(process)
    return socket.socket(fileno=taken)


def _is_counted_here(taken: socket.socket) -> bool:
    domain, protocol = (taken.getsockopt(socket.SOL_SOCKET, option) for option in (_SO_DOMAIN, _SO_PROTOCOL))
    if domain in (socket.AF_NETLINK, socket.AF_PACKET):
        return True
    counted = (socket.IPPROTO_TCP, socket.IPPROTO_UDP, socket.IPPROTO_UDPLITE)
    return domain in (socket.AF_INET, socket.AF_INET6) and protocol not in counted


def _under_way(path: str) -> int:
    with suppress(OSError), open(path) as file:
        return sum(int(line.split()[1]) for line in file if line.startswith("scm_fds:"))
    return 0
