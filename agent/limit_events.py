"""Labs that reach a limit which the kernel enforces, as their cgroups report it (cgroups(7)).

Version 2 has event files, whose changes inotify(7) reports. Version 1 reports out-of-memory by an eventfd(2), and only counts the processes
that it refused, and the bytes in buffers of sockets: these files are read every second.
"""

import asyncio
import contextlib
import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from agent.linux.inotify import IN_MODIFY, Inotify
from agent.sandbox import limits as enforced
from topology.model.limits import Limits, reached
from topology.model.problems import Problem

POLL_SECONDS = 1.0
_NEARLY = 16
"""Of a limit of bytes this part is too little for one more packet of each of some sockets."""
REPEAT_SECONDS = 10.0
"""A lab that runs into the same limit again and again is reported no more often than this."""

OnLimit = Callable[[str, Problem], None]
"""Called with a lab id, and the problem for the people in that lab."""


class Counter(NamedTuple):
    """A file of a cgroup in which the line `key` counts how often `limit`, which is `most`, was reached. An empty `key`: the file is a
    number of bytes, and the count is 1 while hardly anything is left of the limit."""

    lab: str
    limit: str
    most: int
    file: Path
    key: str

    def read(self) -> int:
        """The count; 0 where the file is not there (any more)."""
        with contextlib.suppress(OSError):
            if not self.key:
                return int(int(self.file.read_text()) > self.most - self.most // _NEARLY)
            for line in self.file.read_text().splitlines():
                key, _, value = line.partition(" ")
                if key == self.key:
                    return int(value)
        return 0


class LimitEvents:
    """Watches the cgroups of labs. Made on the running loop, on which `on_limit` is called."""

    def __init__(self, on_limit: OnLimit) -> None:
        self._on_limit = on_limit
        self._inotify = Inotify()
        self._by_watch: dict[int, Counter] = {}
        self._polled: dict[str, list[Counter]] = {}
        self._counts: dict[Path, int] = {}
        self._eventfds: dict[str, int] = {}
        self._reported: dict[tuple[str, str], float] = {}
        """Lab and limit → when they were reported last, in monotonic seconds."""
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._inotify, self._on_inotify)
        self._timer: asyncio.TimerHandle | None = None

    def close(self) -> None:
        """Stop watching all labs."""
        if self._timer is not None:
            self._timer.cancel()
        self._loop.remove_reader(self._inotify)
        self._inotify.close()
        for lab in list(self._eventfds):
            self._close_eventfd(lab)

    def watch(self, lab: str, limits: Limits) -> None:
        """Report from now on. Without a cgroup nothing is reported: only the program that was refused says it."""
        processes = Counter(lab, "processes", limits.processes, enforced.folder(lab, "pids") / "pids.events", "max")
        memory = enforced.folder(lab, "memory")
        if enforced.version() == 2:
            self.watch_file(processes)
            self.watch_file(Counter(lab, "memory", limits.memory, memory / "memory.events", "oom"))
        elif enforced.version() == 1:
            self._poll(processes)
            self._poll(Counter(lab, "sockets", limits.sockets, memory / enforced.USED_BY_SOCKETS, ""))
            with contextlib.suppress(OSError):
                self._watch_oom(lab, memory, limits.memory)

    def watch_file(self, counter: Counter) -> None:
        """Report whenever the file changes and its count is larger than before. Nothing is done where the file is not there."""
        with contextlib.suppress(OSError):
            self._by_watch[self._inotify.add(counter.file, IN_MODIFY)] = counter
            self._counts[counter.file] = counter.read()

    def _poll(self, counter: Counter) -> None:
        self._polled.setdefault(counter.lab, []).append(counter)
        self._counts[counter.file] = counter.read()
        self._timer = self._timer or self._loop.call_later(POLL_SECONDS, self._on_timer)

    def _watch_oom(self, lab: str, group: Path, most: int) -> None:
        """Have the kernel write to an eventfd (cgroup-v1/memory.rst, "OOM Control"). Raises OSError."""
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
        self._loop.add_reader(eventfd, self._on_oom, lab, eventfd, most)

    def forget(self, lab: str) -> None:
        """The lab has ended: its files are gone, and with them the kernel's watches."""
        for watch, counter in [(w, c) for w, c in self._by_watch.items() if c.lab == lab]:
            del self._by_watch[watch]
            self._counts.pop(counter.file, None)
            self._inotify.remove(watch)
        for polled in self._polled.pop(lab, []):
            self._counts.pop(polled.file, None)
        for reported in [key for key in self._reported if key[0] == lab]:
            del self._reported[reported]
        self._close_eventfd(lab)

    def _close_eventfd(self, lab: str) -> None:
        if (eventfd := self._eventfds.pop(lab, None)) is not None:
            self._loop.remove_reader(eventfd)
            os.close(eventfd)

    # ---- reports of the kernel ---------------------------------------------------------------------------------------

    def _on_inotify(self) -> None:
        watches = {event.watch for event in self._inotify.read()}
        self._compare(self._by_watch[watch] for watch in watches if watch in self._by_watch)

    def _on_timer(self) -> None:
        self._timer = self._loop.call_later(POLL_SECONDS, self._on_timer) if self._polled else None  # first: it goes on after an error
        self._compare([counter for counters in self._polled.values() for counter in counters])

    def _on_oom(self, lab: str, eventfd: int, most: int) -> None:
        with contextlib.suppress(BlockingIOError):
            os.eventfd_read(eventfd)
            self._report(lab, "memory", most)

    def _compare(self, counters: Iterable[Counter]) -> None:
        for counter in counters:
            count = counter.read()
            before, self._counts[counter.file] = self._counts.get(counter.file, 0), count
            if count > before:
                self._report(counter.lab, counter.limit, counter.most)

    def _report(self, lab: str, limit: str, most: int) -> None:
        now = time.monotonic()
        if now - self._reported.get((lab, limit), -REPEAT_SECONDS) >= REPEAT_SECONDS:
            self._reported[lab, limit] = now
            self._on_limit(lab, reached(limit, most, most))
