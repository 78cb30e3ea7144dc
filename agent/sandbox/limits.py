"""The limits of a lab, enforced: by cgroups (version 2 where it is delegated, else 1), by the counters of its user namespace
(/proc/sys/user, namespaces(7)), and by rlimits, which need no cgroup."""

import contextlib
import errno
import hashlib
import os
import resource
import threading
import time
from collections.abc import Collection
from functools import cache
from pathlib import Path

from topology.model.limits import Limits

_ROOT = Path("/sys/fs/cgroup")
_OWN = Path("/proc/self/cgroup")
_GROUP, _LEAF = "vethboard", "vethboard-agent"
"""The group of this agent's labs, and, beside it, that of the processes which were where it had to be made."""
_PERIOD = 100_000
"""µs in which a lab with `cpus` gets that many times as much processor time."""
_CONTROLLERS = ("pids", "memory", "cpu")
_SOCKETS, USED_BY_SOCKETS = "memory.kmem.tcp.limit_in_bytes", "memory.kmem.tcp.usage_in_bytes"
"""Of buffers of TCP and UDP; version 2 counts them as memory (cgroup-v1/memory.rst, 2.7)."""
_FILES = {"pids": "processes", "memory": "memory", "cpu": "cpu share"}
_lock = threading.RLock()
"""While a group is made or removed: the last lab that ends takes the group of all away."""


def instance(run: Path) -> str:
    """What tells an agent from any other on this kernel, by its run directory: others may have one of the same name elsewhere."""
    found = os.stat(run)
    return hashlib.sha256(f"{run}:{found.st_dev}:{found.st_ino}".encode()).hexdigest()[:8]


def use_group_of(run: Path) -> None:
    """Each agent has a group for its labs: else labs of one name of two agents would share their limits."""
    global _GROUP
    _GROUP = f"vethboard-{instance(run)}"


def version() -> int:
    """Of the cgroup file system that can be used here: 2, 1, or 0 for none."""
    if (_ROOT / "cgroup.controllers").exists():
        return 2
    return 1 if any((_ROOT / name).is_dir() for name in _CONTROLLERS) else 0


@cache
def _base() -> Path:
    """Of version 2: the group below which the labs' is made. That is the one which this service was given, where nobody else is in it; else
    the topmost one that is seen here. It stays the same for as long as there are labs."""
    with contextlib.suppress(OSError, StopIteration):
        line = next(line for line in _OWN.read_text().splitlines() if line.startswith("0::"))
        own = _ROOT / line.removeprefix("0::").strip("/")
        own = own.parent if own.name == _LEAF else own
        if (_ROOT / _GROUP).is_dir() and not (own / _GROUP).is_dir():
            return _ROOT
        if own != _ROOT and own.is_dir() and ".." not in own.parts and _is_ours(own):
            return own
    return _ROOT


def _is_ours(group: Path) -> bool:
    """Whether all processes in it are this one, the one that started it, or descend from that."""
    top = os.getppid() if os.getppid() > 1 else os.getpid()
    return all(_descends(int(pid), top) for pid in (group / "cgroup.procs").read_text().split())


def _descends(pid: int, top: int) -> bool:
    while pid not in (0, top):
        try:
            pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        except OSError:  # it has ended
            return True
    return pid == top


def _delegate() -> dict[str, str]:
    """Of version 2: make the group of all labs, and pass the controllers on to it; those that cannot be, and why.

    Each time anew: whoever removes the group, or writes to the one above, takes them away without a word. Each controller by itself,
    because the kernel refuses a list with one that is missing.
    """
    base = _base()
    missing = {}
    for controller in _CONTROLLERS:
        try:
            (base / _GROUP).mkdir(exist_ok=True)
            if controller not in (base / _GROUP / "cgroup.subtree_control").read_text().split():
                for folder in (base, base / _GROUP):
                    _pass_on(controller, folder)
        except OSError as e:
            missing[controller] = f"the cgroup controller {controller} is not delegated: {e.strerror}"
    return missing


def _pass_on(controller: str, folder: Path) -> None:
    """Delegate a controller to the groups in this one. Raises OSError.

    Processes in it are moved first, also where the kernel would not mind: with them, it makes a threaded group of it (cgroups(7)), in which
    no lab can have a limit of memory. The topmost group of all, which has no type, may keep them.
    """
    if (folder / "cgroup.type").exists():
        _make_room(folder)
    (folder / "cgroup.subtree_control").write_text(f"+{controller}")


def _make_room(folder: Path) -> None:
    """Move the processes of a group into one beside that of the labs."""
    if pids := (folder / "cgroup.procs").read_text().split():
        leaf = folder / _LEAF
        leaf.mkdir(exist_ok=True)
        for pid in pids:
            with contextlib.suppress(OSError):  # one that has ended
                (leaf / "cgroup.procs").write_text(pid)


def folder(lab: str, controller: str) -> Path:
    """The lab's group in the hierarchy of a controller."""
    return (_base() if version() == 2 else _ROOT / controller) / _GROUP / lab


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
    """Put a process that has no children yet under the limits. Returns what could not be enforced: its name, and the reason."""
    with _lock:
        refused = _delegate() if version() == 2 else {}
        missing = {}
        for controller, files in _wanted(limits).items():
            try:
                if version() == 0 or (version() == 1 and not (_ROOT / controller).is_dir()):
                    raise FileNotFoundError(errno.ENOENT, "no such cgroup controller")
                _put(folder(lab, controller), files, pid)
            except OSError as e:
                missing[_FILES[controller]] = refused.get(controller) or e.strerror or str(e)
        return missing


def _put(group: Path, files: dict[str, str], pid: int) -> None:
    """Make a group with these limits, and put the process into it. Raises OSError."""
    group.mkdir(parents=True, exist_ok=True)
    for name, value in files.items():
        if name not in _OPTIONAL or (group / name).exists():
            (group / name).write_text(value)
    (group / "cgroup.procs").write_text(str(pid))


def join(lab: str, pid: int) -> None:
    """Count a process that works for the lab outside of it (its uplink) as the lab's."""
    for controller in _CONTROLLERS:
        with contextlib.suppress(OSError):
            (folder(lab, controller) / "cgroup.procs").write_text(str(pid))


def release(lab: str) -> None:
    """Remove the cgroups of a lab that has ended, and with the last one those of all labs."""
    for group in dict.fromkeys(folder(lab, controller) for controller in _CONTROLLERS):
        for _ in range(50):
            try:
                group.rmdir()
            except FileNotFoundError:
                break
            except OSError:
                time.sleep(0.01)  # its last process is not quite gone
            else:
                with _lock, contextlib.suppress(OSError):
                    group.parent.rmdir()
                break


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
