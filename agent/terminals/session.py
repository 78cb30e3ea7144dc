"""The processes of a shell: its session (credentials(7)), from /proc."""

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path


def members(session: int) -> Iterator[tuple[int, int]]:
    """Pid and process group of every process of the session that is no zombie."""
    for entry in os.listdir("/proc"):
        if not entry.isdecimal():
            continue
        try:
            fields = Path("/proc", entry, "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has ended
        state, group, of = fields[0], int(fields[2]), int(fields[3])
        if of == session and state != "Z":
            yield int(entry), group


def commands(session: int) -> tuple[str, ...]:
    """What runs in the session beside its shell."""
    found = []
    for pid, _ in members(session):
        if pid == session:
            continue
        with contextlib.suppress(OSError):
            words = Path("/proc", str(pid), "cmdline").read_bytes().replace(b"\0", b" ")
            found.append(words.decode("utf-8", "replace").strip()[:80])
    return tuple(found)


def hang_up(session: int) -> None:
    """SIGHUP to all of it; what was stopped goes on, so that it can act on it."""
    _signal(session, signal.SIGHUP, signal.SIGCONT)


def kill(session: int) -> None:
    """SIGKILL to all of it."""
    _signal(session, signal.SIGKILL)


def _signal(session: int, *numbers: int) -> None:
    for group in {group for _, group in members(session)}:
        for number in numbers:
            with contextlib.suppress(OSError):
                os.killpg(group, number)
