"""Looks after what no cgroup holds, for all labs, in a process beside the agent that no lab can keep from running.

- `process`: what it does;
- `storm`: packets that go round;
- `buffers`: memory of the kernel for sockets;
- `places`: processes and namespaces of labs, from outside.
"""

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable
from pathlib import Path

import msgspec

from agent.guard.process import Guard, Report
from agent.linux import pids
from logs import failure

AGAIN_SECONDS = 1.0
"""Until a guard that has ended is started again."""
_PR_SET_PDEATHSIG = 1


class Watchdog:
    """The guard of the labs in `folder`, from the agent's side; it is started again when it ends. Made on the running loop, on which
    `on_report` is called."""

    def __init__(self, folder: Path, on_report: Callable[[Report], None]) -> None:
        self._folder, self._on_report = folder, on_report
        self._loop = asyncio.get_running_loop()
        self._pid, self._pipe = 0, -1
        self._again: asyncio.TimerHandle | None = None
        self._unread = b""
        self._start()

    def _start(self) -> None:
        self._pipe, theirs = os.pipe()
        self._unread, self._again = b"", None
        parent = os.getpid()
        self._pid = os.fork()
        if self._pid == 0:
            _child(self._folder, theirs, parent)
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
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self._pid, 0)

    def _readable(self) -> None:
        data = os.read(self._pipe, 65536)
        if not data:
            self._end()
            self._again = self._loop.call_later(AGAIN_SECONDS, self._start)
            return
        *lines, self._unread = (self._unread + data).split(b"\n")
        for line in lines:
            self._on_report(msgspec.json.decode(line, type=Report))


def _child(folder: Path, pipe: int, parent: int) -> None:
    """The forked child. Never returns."""
    try:
        pids.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(0)
        os.dup2(pipe, 3)
        os.closerange(4, 1 << 16)
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        Guard(folder, 3).run()
    except BaseException as e:
        failure(e, "the guard of the labs ends, and is started again")
    finally:
        os._exit(1)
