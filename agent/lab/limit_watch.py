"""Limits that the kernel enforces without reporting it: space in the lab's file systems, and the number of namespaces."""

import contextlib
import os
import time

from topology.model import ids
from topology.model.limits import RESERVED_NAMESPACES, Limits, reached
from topology.model.problems import Problem

_FILE_SYSTEMS = ("/", "/run", "/tmp", "/root", "/home", "/dev/shm")
"""Each a tmpfs of its own."""
REPEAT_SECONDS = 10.0
"""A limit that programs run into again and again is reported no more often than this."""
_FREE_AGAIN = 0.05
"""Part of a file system that must be free before it is reported once more that it is full."""


class LimitWatch:
    """Polled once a second: reports each limit once when it is reached, and again after there was room in between."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._reported: set[str] = set()
        self._told = -REPEAT_SECONDS

    def newly_reached(self, namespaces: int) -> list[Problem]:
        """The limits that were not reached when this was last called. `namespaces`: how many have a name, without `host`."""
        found = [problem for path in _FILE_SYSTEMS if (problem := self._disk(path)) is not None]
        most = self._limits.namespaces - RESERVED_NAMESPACES
        if self._is_new("namespaces", full=namespaces >= most, room=namespaces < most):
            found.append(reached("namespaces", namespaces, most))
        return found

    def is_due(self) -> bool:
        """Whether a limit that was run into is reported now."""
        now = time.monotonic()
        if now - self._told < REPEAT_SECONDS:
            return False
        self._told = now
        return True

    def _disk(self, path: str) -> Problem | None:
        with contextlib.suppress(OSError):
            stat = os.statvfs(path)
            size, free = stat.f_blocks * stat.f_frsize, stat.f_bavail * stat.f_frsize
            if self._is_new(path, full=stat.f_bavail == 0, room=free > size * _FREE_AGAIN):
                return reached("disk", size - free, size, ids.file(path))
        return None

    def _is_new(self, name: str, *, full: bool, room: bool) -> bool:
        if room:
            self._reported.discard(name)
        if not full or name in self._reported:
            return False
        self._reported.add(name)
        return True
