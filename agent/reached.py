"""Labs that run into a limit which the kernel enforces: its cgroups tell. Version 2 does by inotify(7); version 1 tells of memory by an
eventfd(2), and only counts refused processes, so these counters are looked at."""

import asyncio
import contextlib
import ctypes
import os
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from agent.sandbox import limits as enforced
from topology.model.limits import Limits, reached
from topology.model.problems import Problem

_IN_MODIFY = 0x2
_EVENT = struct.Struct("=iIII")
LOOK_SECONDS = 1.0
AGAIN_SECONDS = 10.0
"""A lab that goes on knocking is told no more often than this."""

_libc = ctypes.CDLL(None, use_errno=True)


class _Watched(NamedTuple):
    lab: str
    name: str
    most: int
    file: Path
    key: str


class Reached:
    """`tell` is called with the lab and what it is told. Made on the event loop."""

    def __init__(self, tell: Callable[[str, Problem], None]) -> None:
        self._tell = tell
        self._inotify = int(_libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))
        if self._inotify < 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), "inotify")
        self._by_watch: dict[int, _Watched] = {}
        self._eventfds: dict[str, int] = {}
        self._counts: dict[Path, int] = {}
        self._told: dict[tuple[str, str], float] = {}
        self._looked: dict[str, _Watched] = {}
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._inotify, self._readable)
        self._timer: asyncio.TimerHandle | None = None

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._loop.remove_reader(self._inotify)
        os.close(self._inotify)
        for lab in list(self._eventfds):
            self.forget(lab)

    def watch(self, lab: str, limits: Limits) -> None:
        """From now on. Where there is no cgroup there is nothing to hear: the refused program says it alone."""
        processes = _Watched(lab, "processes", limits.processes, enforced.folder(lab, "pids") / "pids.events", "max")
        memory = enforced.folder(lab, "memory")
        if enforced.version() == 2:
            self._watch_file(processes)
            self._watch_file(_Watched(lab, "memory", limits.memory, memory / "memory.events", "oom"))
        elif enforced.version() == 1:
            self._looked[lab] = processes
            self._counts[processes.file] = _count(processes)
            self._timer = self._timer or self._loop.call_later(LOOK_SECONDS, self._look)
            with contextlib.suppress(OSError):
                self._watch_oom(lab, memory, limits.memory)

    def _watch_file(self, watched: _Watched) -> None:
        number = int(_libc.inotify_add_watch(self._inotify, os.fsencode(watched.file), _IN_MODIFY))
        if number >= 0:
            self._by_watch[number] = watched
            self._counts[watched.file] = _count(watched)

    def _watch_oom(self, lab: str, group: Path, most: int) -> None:
        """cgroup-v1 memory, "OOM Control"."""
        eventfd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        control = os.open(group / "memory.oom_control", os.O_RDONLY | os.O_CLOEXEC)
        try:
            (group / "cgroup.event_control").write_text(f"{eventfd} {control}")
        except OSError:
            os.close(eventfd)
            raise
        finally:
            os.close(control)
        self._eventfds[lab] = eventfd
        self._loop.add_reader(eventfd, self._oom, lab, eventfd, most)

    def forget(self, lab: str) -> None:
        """The lab has ended; its files are gone, and the kernel's watches with them."""
        for number, watched in list(self._by_watch.items()):
            if watched.lab == lab:
                del self._by_watch[number]
                self._counts.pop(watched.file, None)
                _libc.inotify_rm_watch(self._inotify, number)
        if (looked := self._looked.pop(lab, None)) is not None:
            self._counts.pop(looked.file, None)
        eventfd = self._eventfds.pop(lab, None)
        if eventfd is not None:
            self._loop.remove_reader(eventfd)
            os.close(eventfd)

    def _readable(self) -> None:
        data = os.read(self._inotify, 65536)
        numbers = set()
        at = 0
        while at < len(data):
            number, _, _, length = _EVENT.unpack_from(data, at)
            numbers.add(number)
            at += _EVENT.size + length
        self._compare([watched for number in numbers if (watched := self._by_watch.get(number)) is not None])

    def _look(self) -> None:
        self._compare(list(self._looked.values()))
        self._timer = self._loop.call_later(LOOK_SECONDS, self._look) if self._looked else None

    def _compare(self, places: list[_Watched]) -> None:
        for watched in places:
            count = _count(watched)
            if count > self._counts.get(watched.file, 0):
                self._counts[watched.file] = count
                self._say(watched.lab, watched.name, watched.most)

    def _oom(self, lab: str, eventfd: int, most: int) -> None:
        with contextlib.suppress(BlockingIOError):
            os.eventfd_read(eventfd)
            self._say(lab, "memory", most)

    def _say(self, lab: str, name: str, most: int) -> None:
        now = time.monotonic()
        if now - self._told.get((lab, name), -AGAIN_SECONDS) >= AGAIN_SECONDS:
            self._told[lab, name] = now
            self._tell(lab, reached(name, most, most))


def _count(watched: _Watched) -> int:
    """How often it happened (cgroups(7): lines of a name and a number)."""
    with contextlib.suppress(OSError):
        for line in watched.file.read_text().splitlines():
            key, _, value = line.partition(" ")
            if key == watched.key:
                return int(value)
    return 0
