"""Looks after what no cgroup holds, for all labs, in a process beside the agent that no lab can keep from running.

- `process`: what it does;
- `storm`: packets that go round;
- `buffers`: memory of the kernel for sockets;
- `places`: processes and namespaces of labs, from outside.
"""

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

from agent.guard.process import Report
from logs.setup import form_now

AGAIN_SECONDS = 1.0
"""Until a guard that has ended is started again."""


class Watchdog:
    """The guard of the labs in `folder`, from the agent's side; it is started again when it ends. Made on the running loop, on which
    `on_report` is called.

    It is a program (`agent.guard.__main__`) and no fork: the agent has threads by the time that it may have to be started again.
    """

    def __init__(self, folder: Path, on_report: Callable[[Report], None]) -> None:
        self._folder, self._on_report = folder, on_report
        self._loop = asyncio.get_running_loop()
        self._again: asyncio.TimerHandle | None = None
        self._start()

    def _start(self) -> None:
        self._unread, self._again = b"", None
        self._pipe, theirs = os.pipe()
        argv = [sys.executable, "-m", "agent.guard", str(self._folder), str(os.getpid()), form_now()]
        self._process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=theirs)
        os.close(theirs)
        os.set_blocking(self._pipe, False)
        self._loop.add_reader(self._pipe, self._readable)

    def close(self) -> None:
        """End it."""
        if self._again is not None:
            self._again.cancel()
        else:
            self._end()

    def _end(self) -> None:
        self._loop.remove_reader(self._pipe)
        os.close(self._pipe)
        self._process.kill()
        self._process.wait()

    def _readable(self) -> None:
        data = os.read(self._pipe, 65536)
        if not data:
            self._end()
            self._again = self._loop.call_later(AGAIN_SECONDS, self._start)
            return
        *lines, self._unread = (self._unread + data).split(b"\n")
        for line in lines:
            self._on_report(msgspec.json.decode(line, type=Report))
