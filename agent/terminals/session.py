"""The processes of a shell: those of its session (credentials(7))."""

import contextlib
import os
import signal
from collections.abc import Iterator

from agent.linux import pids

_SHOWN = 80
"""Characters of a command that are shown."""


def members(session: int) -> Iterator[tuple[int, int]]:
    """Pid and process group of every process of the session that is no zombie."""
    for pid in pids.every():
        status = pids.status(pid)
        if status is not None and status.session == session and status.state != "Z":
            yield pid, status.group


def commands(session: int) -> tuple[str, ...]:
    """The command lines of what runs in the session beside its shell."""
    found = []
    for pid, _ in members(session):
        with contextlib.suppress(OSError):
            if pid != session:
                found.append(pids.command_line(pid)[:_SHOWN])
    return tuple(found)


def hang_up(session: int) -> None:
    """SIGHUP to all of it, and SIGCONT, so that what was stopped can act on it."""
    _signal(session, signal.SIGHUP, signal.SIGCONT)


def kill(session: int) -> None:
    """SIGKILL to all of it."""
    _signal(session, signal.SIGKILL)


def _signal(session: int, *numbers: int) -> None:
    for group in {group for _, group in members(session)}:
        for number in numbers:
            with contextlib.suppress(OSError):
                os.killpg(group, number)
