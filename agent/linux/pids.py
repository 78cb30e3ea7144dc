"""Processes by their numbers (proc(5)), and what a process sets for itself (prctl(2), keyctl(2))."""

import contextlib
import ctypes
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from agent.linux.libc import check, libc, numbers

# linux/prctl.h, linux/securebits.h
PR_SET_DUMPABLE, PR_SET_SECCOMP, PR_SET_SECUREBITS, PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 4, 22, 28, 36, 38
SECBIT_NO_SETUID_FIXUP = 4
_KEYCTL_JOIN_SESSION_KEYRING = 1
_LONGEST_COMMAND = 65536
"""Bytes of a command line that are read."""


class Status(NamedTuple):
    """Some fields of /proc/PID/stat (proc_pid_stat(5)). `started`: clock ticks since boot, which tells a process from a later one with
    the same number."""

    state: str
    group: int
    session: int
    started: int


def status(pid: int) -> Status | None:
    """None: there is no such process."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()  # the name before it may hold spaces and brackets
    return Status(fields[0], int(fields[2]), int(fields[3]), int(fields[19]))


def started(pid: int) -> int | None:
    """When the process started, in clock ticks since boot; None: there is none."""
    found = status(pid)
    return found.started if found is not None else None


def every() -> Iterator[int]:
    """The pids that /proc shows."""
    return (int(entry) for entry in os.listdir("/proc") if entry.isdecimal())


def command_line(pid: int) -> str:
    """The arguments with blanks between them; empty for a thread of the kernel and for a zombie. Raises OSError where it has ended."""
    with open(f"/proc/{pid}/cmdline", "rb") as file:
        return file.read(_LONGEST_COMMAND).replace(b"\0", b" ").decode("utf-8", "replace").strip()


def prefer_when_out_of_memory(pid: int) -> None:
    """Let the kernel kill this process before others when memory runs out (proc_pid_oom_score_adj(5))."""
    with contextlib.suppress(OSError), open(f"/proc/{pid}/oom_score_adj", "w") as file:
        file.write("500")


def prctl(option: int, value: int, third: int = 0) -> None:
    """prctl(2) for the calling process or thread. Raises OSError."""
    check(libc.prctl(option, *(ctypes.c_ulong(argument) for argument in (value, third, 0, 0))), "prctl")


def join_new_session_keyring() -> None:
    """Leave the keys of whoever started this process (keyctl(2)). A kernel without keyrings has none to hide: no error is raised."""
    libc.syscall(numbers().keyctl, _KEYCTL_JOIN_SESSION_KEYRING, 0)
