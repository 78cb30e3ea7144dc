"""The limits of a lab, enforced: by cgroups (version 2 where it is delegated, else 1), by the counters of its user namespace
(/proc/sys/user, namespaces(7)), and by rlimits, which need no cgroup."""

import contextlib
import errno
import hashlib
import os
import resource
import time
from collections.abc import Collection
from functools import cache
from pathlib import Path

from topology.model.limits import Limits

_ROOT = Path("/sys/fs/cgroup")
_GROUP = "vethboard"
_PERIOD = 100_000
"""µs in which a lab with `cpus` gets that many times as much processor time."""
_CONTROLLERS = ("pids", "memory", "cpu")
_SOCKETS, USED_BY_SOCKETS = "memory.kmem.tcp.limit_in_bytes", "memory.kmem.tcp.usage_in_bytes"
"""Of buffers of TCP and UDP; version 2 counts them as memory (cgroup-v1/memory.rst, 2.7)."""
_FILES = {"pids": "processes", "memory": "memory", "cpu": "cpu share"}


def use_group_of(run: Path) -> None:
    """Each run directory has a group for its labs: else labs of one name of two agents would share their limits."""
    global _GROUP
    suffix = "" if str(run) == "/run/vethboard" else f"-{hashlib.sha256(str(run).encode()).hexdigest()[:8]}"
    _GROUP = f"vethboard{suffix}"


@cache
def version() -> int:
    """Of the cgroup file system that can be used here: 2, 1, or 0 for none. In version 2 this also delegates the controllers to the
    labs."""
    if (_ROOT / "cgroup.controllers").exists():
        return 2 if _delegate() else 0
    return 1 if any((_ROOT / name).is_dir() for name in _CONTROLLERS) else 0


def _delegate() -> bool:
    """Whether at least one controller could be delegated; each is tried by itself, because the kernel refuses a list with one that is
    missing."""
    parent = _ROOT / _GROUP
    try:
        parent.mkdir(exist_ok=True)
    except OSError:
        return False
    passed = [name for name in _CONTROLLERS if _pass_on(name, (_ROOT, parent))]
    return bool(passed)


def _pass_on(controller: str, folders: tuple[Path, ...]) -> bool:
    """Whether a controller can be delegated through these groups."""
    try:
        for folder in folders:
            try:
                (folder / "cgroup.subtree_control").write_text(f"+{controller}")
            except OSError as e:
                if e.errno != errno.EBUSY:
                    raise
                _make_room(folder)
                (folder / "cgroup.subtree_control").write_text(f"+{controller}")
    except OSError:
        return False
    return True


def _make_room(folder: Path) -> None:
    """A group that has processes cannot delegate (in a container, processes are in the root): move them into a group beside those of the
    labs."""
    leaf = folder / "vethboard-agent"
    leaf.mkdir(exist_ok=True)
    for pid in (folder / "cgroup.procs").read_text().split():
        with contextlib.suppress(OSError):  # one that has ended
            (leaf / "cgroup.procs").write_text(pid)


def folder(lab: str, controller: str) -> Path:
    """The lab's group in the hierarchy of a controller."""
    return (_ROOT if version() == 2 else _ROOT / controller) / _GROUP / lab


def _wanted(limits: Limits) -> dict[str, dict[str, str]]:
    """Controller → file → what is written to it."""
    if version() == 2:
        quota = f"{int(limits.cpus * _PERIOD)} {_PERIOD}" if limits.cpus else f"max {_PERIOD}"
        return {
            "pids": {"pids.max": str(limits.processes)},
            "memory": {"memory.max": str(limits.memory), "memory.swap.max": "0"},
            "cpu": {"cpu.weight": str(limits.cpu_weight), "cpu.max": quota},
        }
    quota = str(int(limits.cpus * _PERIOD)) if limits.cpus else "-1"
    return {
        "pids": {"pids.max": str(limits.processes)},
        "memory": {"memory.limit_in_bytes": str(limits.memory), _SOCKETS: str(limits.sockets)},
        "cpu": {"cpu.shares": str(max(2, limits.cpu_weight * 1024 // 100)), "cpu.cfs_quota_us": quota},
    }


_OPTIONAL = (_SOCKETS, "memory.swap.max", "cpu.max", "cpu.cfs_quota_us")
"""Files that not every kernel has."""


def confine(lab: str, pid: int, limits: Limits) -> dict[str, str]:
    """Put a process that has no children yet under the limits. Returns what could not be enforced: its name, and the kernel's reason."""
    missing = {}
    for controller, files in _wanted(limits).items():
        group = folder(lab, controller)
        try:
            if version() == 0 or (version() == 1 and not (_ROOT / controller).is_dir()):
                raise FileNotFoundError(errno.ENOENT, "no such controller")
            group.mkdir(parents=True, exist_ok=True)
            for name, value in files.items():
                if name not in _OPTIONAL or (group / name).exists():
                    (group / name).write_text(value)
            (group / "cgroup.procs").write_text(str(pid))
        except OSError as e:
            missing[_FILES[controller]] = e.strerror or str(e)
    return missing


def join(lab: str, pid: int) -> None:
    """Count a process that works for the lab outside of it (its uplink) as the lab's."""
    for controller in _CONTROLLERS:
        with contextlib.suppress(OSError):
            (folder(lab, controller) / "cgroup.procs").write_text(str(pid))


def release(lab: str) -> None:
    """Remove the cgroups of a lab that has ended."""
    for group in dict.fromkeys(folder(lab, controller) for controller in _CONTROLLERS):
        for _ in range(50):
            try:
                group.rmdir()
            except FileNotFoundError:
                break
            except OSError:
                time.sleep(0.01)  # its last process is not quite gone
            else:
                with contextlib.suppress(OSError):
                    group.parent.rmdir()
                break


def probe() -> dict[str, str]:
    """What `confine` could not enforce, tried with a process made for that."""
    pid = os.fork()
    if pid == 0:
        time.sleep(5)
        os._exit(0)
    try:
        return confine("vethboard-doctor", pid, Limits())
    finally:
        os.kill(pid, 9)
        os.waitpid(pid, 0)
        release("vethboard-doctor")


def counted(limits: Limits) -> dict[str, int]:
    """The files of /proc/sys/user (namespaces(7)), and what a lab may have of each."""
    return {
        "max_net_namespaces": limits.namespaces,
        "max_user_namespaces": 1,
        "max_mnt_namespaces": 2 * limits.processes,
        "max_uts_namespaces": 2 * limits.processes,
        "max_pid_namespaces": 1,
        "max_ipc_namespaces": 64,
        "max_cgroup_namespaces": 1,
        "max_time_namespaces": 0,
        "max_inotify_instances": 128,
        "max_inotify_watches": 64 * limits.namespaces,
    }


def namespaces(limits: Limits) -> None:
    """Limit what the calling process' user namespace, and all below it, may have. Each shell has a mount and a UTS namespace of its own."""
    for name, value in counted(limits).items():
        with contextlib.suppress(FileNotFoundError):  # a kernel that does not count these
            Path("/proc/sys/user", name).write_text(str(value))


def rlimits(limits: Limits, missing: Collection[str]) -> None:
    """For the calling process and its children. `missing`: what no cgroup limits; without one for memory, each process may have that much.

    Where a cgroup limits the processes, the rlimit is higher: only the cgroup reports that a lab has reached it.
    """
    wanted = {
        resource.RLIMIT_NPROC: limits.processes * (1 if "processes" in missing else 2),
        resource.RLIMIT_NOFILE: 16384,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_MSGQUEUE: 1 << 20,
        resource.RLIMIT_SIGPENDING: 4096,
    }
    if "memory" in missing:
        wanted[resource.RLIMIT_DATA] = limits.memory
    for which, value in wanted.items():
        hard = resource.getrlimit(which)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(which, (value, value))
