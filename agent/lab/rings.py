"""Packet rings (packet(7), PACKET_RX_RING and PACKET_TX_RING): memory of the kernel that no cgroup counts, and of which one call may ask
for all there is. The lab's first process makes them for all programs of the lab, so that they stay within a limit.

The size stands in the caller's memory, where no filter sees it: so the filter hands the call over (seccomp_unotify(2)), and the ring is
made here, of a copy of what was asked for. To let the caller go on would let it change the size after the look.
"""

import ctypes
import errno
import os
import re
import struct
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial

from agent.linux import notify, pids
from agent.linux.libc import check, libc, numbers
from logs import failure
from topology.model.limits import Limits, reached
from topology.model.problems import Problem

_REQUEST = struct.Struct("=II")
"""The beginning of `struct tpacket_req` and `tpacket_req3`: bytes of a block, blocks."""
_LONGEST = 64
"""Bytes of a request that are read; the longest structure has 28."""
_SOCKET = re.compile(r"socket:\[(\d+)\]")


class Rings:
    """Serves the calls of `listener` (seccomp's). `password`: with which this process itself passes the filter. `on_limit` is called on the
    thread that serves."""

    def __init__(self, listener: int, password: int, limits: Limits, on_limit: Callable[[Problem], None]) -> None:
        self._listener, self._password, self._most, self._on_limit = listener, password, limits.sockets, on_limit
        self._sizes: dict[tuple[int, int], int] = {}
        """Bytes by the inode of the socket, and whether its ring is for what comes in or goes out (the option)."""

    def serve(self) -> None:
        """One call after another, for ever."""
        while True:
            call = notify.receive(self._listener)
            if call is not None:
                self._serve(call)

    def _serve(self, call: notify.Call) -> None:
        try:
            self._make(call)
        except OSError as e:
            notify.answer(self._listener, call, e.errno or errno.EPERM)
        except Exception as e:
            failure(e, "making a packet ring")
            notify.answer(self._listener, call, errno.EPERM)
        else:
            notify.answer(self._listener, call)

    def _make(self, call: notify.Call) -> None:
        """Raises OSError with what the caller gets: over the limit ENOMEM, as of a kernel without memory (libpcap then asks for less)."""
        fd, level, option, address, size = (value & 0xFFFFFFFF if at != 3 else value for at, value in enumerate(call.arguments[:5]))
        if not _REQUEST.size <= size <= _LONGEST:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        request = notify.memory(self._listener, call, address, size)
        asked = _asked(request)
        process = os.pidfd_open(_process_of(call.thread))
        try:
            if not notify.is_waiting(self._listener, call):
                raise OSError(errno.ESRCH, os.strerror(errno.ESRCH))
            own = check(libc.syscall(numbers().pidfd_getfd, process, fd, 0), "pidfd_getfd")
        finally:
            os.close(process)
        try:
            key = (os.fstat(own).st_ino, option)
            self._make_room(key, asked)
            set_option = partial(libc.syscall, numbers().setsockopt, own, level, option, request, len(request))
            check(set_option(ctypes.c_ulong(self._password)), "setsockopt")
            self._sizes[key] = asked
        finally:
            os.close(own)

    def _make_room(self, key: tuple[int, int], asked: int) -> None:
        """Raises OSError (ENOMEM) where the ring does not fit beside those that are there."""
        if asked and self._others(key) + asked > self._most:
            self._forget_closed()
        used = self._others(key)
        if asked and used + asked > self._most:
            self._on_limit(reached("sockets", used, self._most))
            raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))

    def _others(self, key: tuple[int, int]) -> int:
        return sum(size for known, size in self._sizes.items() if known != key)

    def _forget_closed(self) -> None:
        """Sockets that no process has open or mapped are gone. While descriptors are under way in messages (SCM_RIGHTS), any may be among
        them, and none is forgotten."""
        held, is_all = _held_sockets()
        if is_all:
            self._sizes = {key: size for key, size in self._sizes.items() if key[0] in held}


def _asked(request: bytes) -> int:
    """The bytes of the ring."""
    block, count = _REQUEST.unpack_from(request)
    return int(block * count)


def _process_of(thread: int) -> int:
    """The process that a thread belongs to. Raises OSError."""
    with open(f"/proc/{thread}/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("Tgid:"))


def _held_sockets() -> tuple[set[int], bool]:
    """The inodes of sockets that processes have open or mapped; whether these are all that there are."""
    held: set[int] = set()
    is_all = True
    for thread in _threads():
        try:
            with open(f"{thread}/maps") as maps:
                held.update(int(found[1]) for line in maps if (found := _SOCKET.search(line)))
            for fd in os.listdir(f"{thread}/fd"):
                with suppress(FileNotFoundError):
                    found = _SOCKET.match(os.readlink(f"{thread}/fd/{fd}"))
                    if found:
                        held.add(int(found[1]))
                        is_all = is_all and not _carries_descriptors(thread, fd)
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has ended
        except OSError:
            is_all = False
    return held, is_all


def _threads() -> Iterator[str]:
    """Each may have files of its own (unshare(2), CLONE_FILES), also after the process's first one has ended."""
    for pid in pids.every():
        with suppress(OSError):
            yield from (f"/proc/{pid}/task/{thread}" for thread in os.listdir(f"/proc/{pid}/task"))


def _carries_descriptors(thread: str, fd: str) -> bool:
    """Whether descriptors wait in a Unix socket for somebody to take them."""
    with open(f"{thread}/fdinfo/{fd}") as file:
        return any(line.startswith("scm_fds:") and int(line.split()[1]) > 0 for line in file)
