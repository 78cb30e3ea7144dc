"""Pid 1 waits for all: its own children, and processes whose parent ended before them."""

import asyncio
import os
import signal
from collections.abc import Callable

from agent.linux import pids

OnEnd = Callable[[int], None]
"""Called with a wait status (os.waitstatus_to_exitcode)."""


class Reaper:
    """Waits for every child of this process on the running loop, and calls back for those that somebody asked for."""

    def __init__(self) -> None:
        self._waiting: dict[int, OnEnd] = {}
        asyncio.get_running_loop().add_signal_handler(signal.SIGCHLD, self._reap)

    def when_ended(self, pid: int, on_end: OnEnd) -> None:
        """Call `on_end` once, when the child has ended.

        What people started is killed first when the lab's memory runs out, and not pid 1, with which the whole lab would end.
        """
        pids.prefer_when_out_of_memory(pid)
        self._waiting[pid] = on_end

    def _reap(self) -> None:
        while (ended := _next_ended()) is not None:
            pid, status = ended
            on_end = self._waiting.pop(pid, None)
            if on_end is not None:
                on_end(status)


def _next_ended() -> tuple[int, int] | None:
    """Pid and wait status of a child that has ended; None: there is none now."""
    try:
        pid, status = os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return None
    return (pid, status) if pid else None
