"""Events of files (inotify(7))."""

import os
import struct
from collections.abc import Iterator
from typing import NamedTuple

from agent.linux.libc import check, libc

# sys/inotify.h
IN_MODIFY, IN_CLOSE_WRITE, IN_CLOSE_NOWRITE, IN_Q_OVERFLOW = 0x2, 0x8, 0x10, 0x4000
_EVENT = struct.Struct("=iIII")
_READ = 65536


class Event(NamedTuple):
    """`watch` is what `Inotify.add` returned, -1 where the kernel lost events (IN_Q_OVERFLOW in `mask`). `name`: of the file, where the
    watch is on its directory."""

    watch: int
    mask: int
    name: str

    @property
    def lost(self) -> bool:
        """Whether events before this one were dropped, because the queue was full."""
        return bool(self.mask & IN_Q_OVERFLOW)


class Inotify:
    """One queue of events. `fileno` is readable while there are some."""

    def __init__(self) -> None:
        self._fd = check(libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC), "inotify_init1")

    def fileno(self) -> int:
        """The descriptor, for select(2) and the like."""
        return self._fd

    def close(self) -> None:
        """Drop all watches."""
        os.close(self._fd)

    def add(self, path: str | os.PathLike[str], mask: int) -> int:
        """Watch a file or a directory for the IN_* events of `mask`; the number of the watch. Raises OSError."""
        return check(libc.inotify_add_watch(self._fd, os.fsencode(path), mask), f"inotify {os.fspath(path)}")

    def remove(self, watch: int) -> None:
        """End a watch; nothing where the kernel has ended it already, because the file was deleted."""
        libc.inotify_rm_watch(self._fd, watch)

    def read(self) -> Iterator[Event]:
        """All events that are in the queue. Does not block."""
        while True:
            try:
                data = os.read(self._fd, _READ)
            except BlockingIOError:
                return
            yield from _events(data)


def _events(data: bytes) -> Iterator[Event]:
    """`struct inotify_event`, one after the other, each followed by a name that is padded with NULs."""
    at = 0
    while at < len(data):
        watch, mask, _, size = _EVENT.unpack_from(data, at)
        name = data[at + _EVENT.size : at + _EVENT.size + size]
        yield Event(watch, mask, os.fsdecode(name.rstrip(b"\0")))
        at += _EVENT.size + size
