"""What has a limit and no event: the lab's files in memory, and its namespaces. Looked at once a second; told once, until there is room."""

import contextlib
import os

from topology.model.limits import RESERVED_NAMESPACES, Limits, reached
from topology.model.problems import Problem

_PLACES = ("/", "/run", "/tmp", "/root", "/home", "/dev/shm")
_ROOM = 0.05
"""Part of a file system that must be free again before it is told anew."""


class Full:
    """`look` gives what is newly full."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._told: set[str] = set()

    def look(self, namespaces: int) -> list[Problem]:
        """`namespaces`: how many have a name."""
        found = [problem for place in _PLACES if (problem := self._disk(place)) is not None]
        most = self._limits.namespaces - RESERVED_NAMESPACES
        if self._is_new("namespaces", namespaces >= most, namespaces < most):
            found.append(reached("namespaces", namespaces, most))
        return found

    def _disk(self, place: str) -> Problem | None:
        with contextlib.suppress(OSError):
            stat = os.statvfs(place)
            size, free = stat.f_blocks * stat.f_frsize, stat.f_bavail * stat.f_frsize
            if self._is_new(place, stat.f_bavail == 0, free > size * _ROOM):
                return reached("disk", size - free, size, f"file:{place}")
        return None

    def _is_new(self, name: str, full: bool, room: bool) -> bool:
        if room:
            self._told.discard(name)
        if not full or name in self._told:
            return False
        self._told.add(name)
        return True
