"""/run/xtables.lock, which each program of iptables-legacy takes with flock(2) for as long as it runs: who holds it."""

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator

from agent.filter.programs import Ended
from agent.linux.pids import command_line
from topology.model.problems import Code, Problem

LOCK = "/run/xtables.lock"
_RESOURCE_PROBLEM = 4
"""The exit code of iptables where it did not get the lock (include/xtables.h)."""


_PAUSE_SECONDS = 0.02


@contextlib.contextmanager
def held(seconds: float, path: str = LOCK) -> Iterator[bool]:
    """Hold the lock, so that no program of iptables-legacy changes anything meanwhile; whether it was got within so long."""
    fd = os.open(path, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        yield _locked(fd, time.monotonic() + seconds)
    finally:
        os.close(fd)


def _locked(fd: int, end: float) -> bool:
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except OSError:
            if time.monotonic() > end:
                return False
            time.sleep(_PAUSE_SECONDS)


def problem(ended: Ended, subject: str | None) -> Problem | None:
    """The problem where a program ended because it did not get the lock; None where it ended for another reason."""
    if ended.code != _RESOURCE_PROBLEM or "xtables lock" not in ended.err:
        return None
    return busy(subject)


def busy(subject: str | None) -> Problem:
    """The problem that somebody else holds the lock."""
    found = holders(LOCK)
    who = ", ".join(f"process {pid} ({name})" if pid else name for pid, name in found) or "another program"
    return Problem(code=Code.UNAVAILABLE, message=f"{LOCK} is held by {who}", subject=subject, hint="end that program, and try again")


def holders(path: str) -> list[tuple[int, str]]:
    """The processes that hold an flock(2) on this file, with their command lines, as /proc/locks says (proc_locks(5)). A process outside
    of this pid namespace has the number 0."""
    try:
        status = os.stat(path)
        with open("/proc/locks") as file:
            lines = file.read().splitlines()
    except OSError:
        return []
    place = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"
    fields = [line.split() for line in lines]
    return [_named(int(f[4])) for f in fields if f[1] == "FLOCK" and f[5] == place]


def _named(pid: int) -> tuple[int, str]:
    name = "a program outside of the lab"
    if pid > 0:
        name = ""
        with contextlib.suppress(OSError):
            name = command_line(pid)
    return max(pid, 0), name
