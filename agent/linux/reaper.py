"""Pid 1 waits for all: its own children, and those of others that lost their parent."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable


class Reaper:
    """Tells of each child that ended, once, to who asked."""

    def __init__(self) -> None:
        self._waiting: dict[int, Callable[[int], None]] = {}
        asyncio.get_running_loop().add_signal_handler(signal.SIGCHLD, self._reap)

    def when_ended(self, pid: int, tell: Callable[[int], None]) -> None:
        """Call `tell` with its wait status (os.waitpid).

        What people started goes first when the lab's memory runs out, not pid 1, with which the lab would end (proc_pid_oom_score_adj(5)).
        """
        with contextlib.suppress(OSError), open(f"/proc/{pid}/oom_score_adj", "w") as f:
            f.write("500")
        self._waiting[pid] = tell

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            tell = self._waiting.pop(pid, None)
            if tell is not None:
                tell(status)
