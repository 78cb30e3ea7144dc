"""Mounts of the calling process's mount namespace (mount_namespaces(7)). All raise OSError; its file name says which call it was."""

import os
import select
import time
from ctypes import c_ulong

from agent.linux.libc import check, libc, numbers

# linux/mount.h
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT, MS_BIND, MS_MOVE, MS_REC = 1, 2, 4, 8, 32, 4096, 8192, 16384
MS_PRIVATE, MS_SHARED = 1 << 18, 1 << 20
MNT_DETACH = 2
_TIME_STEP_NS = 50_000_000
"""More than the step of the clock that gives files their times: a jiffy, of 1 to 10 ms."""


def mount(source: str, target: str, kind: str = "", flags: int = 0, data: str = "") -> None:
    """mount(2). `kind` is the file system (none for a bind or a change of flags), `data` its options as mount(8) writes them after -o."""
    encoded = (os.fsencode(text) for text in (source, target, kind))
    check(libc.mount(*encoded, c_ulong(flags), os.fsencode(data)), f"mount {target}")


def unmount(target: str, flags: int = 0) -> None:
    """umount2(2). With MNT_DETACH it succeeds at once, and the file system goes when its last user has gone."""
    check(libc.umount2(os.fsencode(target), flags), f"umount {target}")


def bind(source: str, target: str) -> None:
    """What is at `source`, without the mounts below it, is also at `target`."""
    mount(source, target, flags=MS_BIND)


def bind_read_only(source: str, target: str) -> None:
    """What is at `source`, with the mounts below it, is also at `target`, where it cannot be written (the mounts below it can)."""
    mount(source, target, flags=MS_BIND | MS_REC)
    # A user namespace may not take away what the mount forbids already (MNT_LOCK_…): so these flags are given again.
    have = os.statvfs(target).f_flag
    kept = ((os.ST_NOSUID, MS_NOSUID), (os.ST_NODEV, MS_NODEV), (os.ST_NOEXEC, MS_NOEXEC))
    flags = sum(flag for bit, flag in kept if have & bit)
    mount("none", target, flags=MS_REMOUNT | MS_BIND | MS_RDONLY | flags)


def make_private() -> None:
    """Mounts made from now on are seen in no other mount namespace, and none of theirs here."""
    mount("none", "/", flags=MS_REC | MS_PRIVATE)


def pivot_root(path: str) -> None:
    """Make `path` the root, with all that is mounted below it, and detach the old root.

    It is bound onto itself first: a mount that came from a more privileged namespace is locked and could not be moved.
    """
    mount(path, path, flags=MS_BIND | MS_REC)
    os.chdir(path)
    check(libc.syscall(numbers().pivot_root, b".", b"."), "pivot_root")
    unmount(".", MNT_DETACH)
    os.chdir("/")


class MountPoints:
    """The mount points in one folder: whether they may be others than when that was asked last."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._file = os.open("/proc/self/mountinfo", os.O_RDONLY | os.O_CLOEXEC)
        # Each open file is told of each change once (mounts_poll() of fs/namespace.c): so this one is polled here alone.
        self._mounts = select.poll()
        self._mounts.register(self._file, select.POLLPRI)
        self._seen = -1

    def may_differ(self) -> bool:
        """Whether something was mounted or unmounted, or the folder has other entries, of which some may be symbolic links."""
        mounted, seen = bool(self._mounts.poll(0)), self._seen
        self._seen = self._modified()
        return mounted or self._seen < 0 or self._seen != seen

    def _modified(self) -> int:
        """When the folder was modified, in ns; -1 where that says nothing: it is not there, or another entry might get the same time."""
        try:
            modified = os.stat(self._folder).st_mtime_ns
        except OSError:
            return -1
        return modified if time.time_ns() - modified > _TIME_STEP_NS else -1

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)
