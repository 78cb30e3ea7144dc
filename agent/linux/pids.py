"""Telling a process from a later one with the same number."""

from pathlib import Path


def started(pid: int) -> int | None:
    """When it started, in clock ticks since boot; None: there is none. Field 22 of /proc/PID/stat (proc_pid_stat(5))."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    return int(text.rpartition(")")[2].split()[19])
