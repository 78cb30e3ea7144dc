"""What a lab may use at most: processes and memory by cgroup (version 2, else 1), and rlimits that hold in any case."""

import contextlib
import resource
import time
from pathlib import Path

PROCESSES = 1024
MEMORY = 1 << 30
"""Bytes of one lab, its files in memory included."""

_RLIMITS = {
    resource.RLIMIT_NPROC: PROCESSES,
    resource.RLIMIT_NOFILE: 16384,
    resource.RLIMIT_CORE: 0,
    resource.RLIMIT_MSGQUEUE: 1 << 20,
    resource.RLIMIT_SIGPENDING: 4096,
}
NAMESPACES = 1100
_NAMESPACES = {
    "max_net_namespaces": NAMESPACES,
    "max_user_namespaces": 1,
    "max_mnt_namespaces": 2 * PROCESSES,
    "max_pid_namespaces": 16,
    "max_ipc_namespaces": 64,
    "max_uts_namespaces": 2 * PROCESSES,
    "max_cgroup_namespaces": 16,
}
"""A shell in a namespace has a mount and a host name of its own."""
_ROOT = Path("/sys/fs/cgroup")


def _folders(lab: str) -> dict[Path, dict[str, int]]:
    """The cgroups of a lab, and what is written to their files."""
    two = _ROOT / "cgroup.controllers"
    if two.exists():
        parent = _ROOT / "vethboard"
        with contextlib.suppress(OSError):
            parent.mkdir(exist_ok=True)
            for folder in (_ROOT, parent):
                (folder / "cgroup.subtree_control").write_text("+pids +memory")
        return {parent / lab: {"pids.max": PROCESSES, "memory.max": MEMORY}}
    return {
        _ROOT / "pids" / "vethboard" / lab: {"pids.max": PROCESSES},
        _ROOT / "memory" / "vethboard" / lab: {"memory.limit_in_bytes": MEMORY},
    }


def confine(lab: str, pid: int) -> list[str]:
    """Put a process, before it has children, under the limits. What could not be had is told: the rlimits hold all the same."""
    missing = []
    for folder, files in _folders(lab).items():
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for name, value in files.items():
                (folder / name).write_text(str(value))
            (folder / "cgroup.procs").write_text(str(pid))
        except OSError as e:
            missing.append(f"{folder}: {e.strerror}")
    return missing


def release(lab: str) -> None:
    """Remove the cgroups of a lab that has ended."""
    for folder in _folders(lab):
        for _ in range(50):
            try:
                folder.rmdir()
            except FileNotFoundError:
                break
            except OSError:
                time.sleep(0.01)  # its last process is not quite gone
            else:
                with contextlib.suppress(OSError):
                    folder.parent.rmdir()
                break


def namespaces() -> None:
    """For the calling process' user namespace and all below it (namespaces(7), /proc/sys/user)."""
    for name, value in _NAMESPACES.items():
        Path("/proc/sys/user", name).write_text(str(value))


def rlimits() -> None:
    """For the calling process and its children."""
    for which, value in _RLIMITS.items():
        hard = resource.getrlimit(which)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(which, (value, value))
